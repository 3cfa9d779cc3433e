"""Kernels: operators on many pairs at once, each with its own derivative; one file an operator.

Open `symmetrized_gru.py` first. What a kernel is says `PairKernel` in `operators/base.py`.
"""
