"""Kernels: an operator on many pairs at once, with a hand-written derivative; one file each.

Open `symmetrized_gru.py` first. `PairKernel` in `operators/base.py` defines a kernel.
"""
