"""The Triton kernels under Triton's interpreter, which must be switched on before they are read."""

import os
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path

import pytest
import torch

from lcm_core.reduction import fused

pytest.importorskip("triton", reason="Triton is for Linux")

from lcm_core.gpu import symmetrized_gru


@pytest.mark.parametrize("which", ["not slow", pytest.param("slow", marks=pytest.mark.slow)])
def test_the_kernels_compute_what_the_definition_does(which):
    options = ["-q", "-p", "no:cacheprovider", "-m", which]
    finished = subprocess.run(
        [sys.executable, "-m", "pytest", *options, "interpreted.py"],
        cwd=Path(__file__).parent,
        env={**os.environ, "TRITON_INTERPRET": "1"},
        capture_output=True,
        text=True,
    )
    assert finished.returncode == 0, finished.stdout[-5000:] + finished.stderr[-2000:]


def test_a_gpu_on_which_no_kernel_starts_takes_the_plain_way_and_says_so_once(monkeypatch):
    def no_compiler(*_):
        raise RuntimeError("Failed to find C compiler.\nPlease specify via CC.")

    monkeypatch.setattr(torch.version, "cuda", "13.0")
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda _: (9, 0))
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda _: "Some GPU")
    monkeypatch.setattr(torch.cuda, "device", nullcontext)
    monkeypatch.setattr(symmetrized_gru, "find_kernel", no_compiler)
    fused._tried.cache_clear()
    with pytest.warns(UserWarning, match=r"Failed to find C compiler.* on Some GPU take") as said:
        why = [fused._tried(torch.device("cpu")) for _ in range(2)]
    fused._tried.cache_clear()
    assert len(said) == 1
    assert why == ["Triton cannot start a kernel (Failed to find C compiler.)"] * 2


@pytest.mark.parametrize(("cuda", "capability"), [(None, (9, 0)), ("13.0", (7, 5))])
def test_older_gpus_and_those_of_others_take_the_plain_way(monkeypatch, cuda, capability):
    monkeypatch.setattr(torch.version, "cuda", cuda)
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda _: capability)
    assert "compute capability 8.0" in fused._tried.__wrapped__(torch.device("cpu"))
