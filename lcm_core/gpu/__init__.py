"""Triton kernels for NVIDIA GPUs, and how they are launched. Imported where Triton is there only.

Open `symmetrized_gru.py` first: one level of a reduction. `reduction/fused.py` launches it, and
`reduction/on_device.py` the kernels of `plans.py`.
"""
