"""The devices that a test can run on: the CPU, and a GPU where there is one."""

import pytest
import torch

CUDA = pytest.param(
    "cuda", marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
)
DEVICES = ["cpu", CUDA]
