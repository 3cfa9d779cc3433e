"""How much faster than PyG's class, and that the benchmark says so."""

import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from benchmarks import on_gpu, reductions, training
from benchmarks.measure import PASSES, busy, time_workload
from benchmarks.workloads import OURS, PLANNING, PYG, Workload, zipf

#: So many times as fast as PyG's class, at least, on one thread (measured: docs/benchmarks.md).
FACTORS = {"skewed": 200, "ragged": 1.5, "uniform16": 1.2, "batch": 1.4, "long": 1.1}


@pytest.mark.slow
@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize(("name", "factor"), FACTORS.items())
def test_reductions_are_faster_than_by_pygs_class(name, factor):
    assert torch.get_num_threads() == 1
    workload = Workload(name, "cpu")
    if name == "skewed":
        sizes = workload.sizes
        assert (len(sizes), sizes.sum(), sizes.max()) == (2000, 7777, 528)
    seconds = time_workload(workload, [OURS, PYG], repeats=3 if name == "skewed" else 7)
    for title in PASSES:
        assert seconds[title][PYG] >= factor * seconds[title][OURS], seconds


@pytest.mark.slow
def test_the_benchmark_writes_the_table_that_it_prints(tmp_path, capsys):
    file = tmp_path / "table.md"
    flags = f"--workloads tiny,scale --largest 1000 --repeats 1 --threads 1 --output {file}"
    reductions.main(flags.split())
    printed = capsys.readouterr().out
    assert file.read_text() == printed
    for heading in ("Forward", "Forward + backward", "Peak memory", "Scale"):
        assert f"## {heading}" in printed
    rows = [line for line in printed.splitlines() if line.startswith("| tiny ")]
    assert len(rows) == 4  # forward, both, memory, and what it is
    assert not any("–" in row for row in rows)
    assert re.search(r"1 thread (\(OMP_WAIT_POLICY=\w+\) )?of", printed)
    assert f"PyG LCM / {PLANNING}" in printed


def test_the_report_of_a_gpu_has_all_tables(monkeypatch):
    """Measured on the CPU, where nothing is launched."""
    monkeypatch.setattr(training, "recipes", lambda: iter(()))
    flags = "--device cpu --workloads tiny,scale --largest 1000 --repeats 1"
    lines = list(on_gpu.report(reductions.parse(flags.split())))
    for heading in ("Forward", "Forward + backward", "Launches and waits", "Peak memory"):
        assert f"## {heading}" in lines
    assert sum(line.startswith("| tiny |") for line in lines) == 5  # the last says what it is
    assert sum(line.startswith("| scale 1000 |") for line in lines) == 5
    assert "| tiny | 2 | 0 / 0 / 0 |" in "\n".join(lines)
    assert "## Training" in list(training.report("cpu"))


def test_workloads_of_a_gpu_are_measured_in_both_precisions_and_the_longest_comes_last():
    chosen = list(on_gpu.chosen(reductions.parse(["--device", "cuda"])))
    assert chosen[-1] == ("one", "highest")
    assert {("many64", "high"), ("many64", "highest"), ("many128", "high")} <= set(chosen)
    assert ("scale 1000000", "highest") in chosen
    assert ("scale 10000000", "highest") not in chosen


def test_the_sizes_of_zipf_are_capped():
    sizes = zipf()
    assert (len(sizes), sizes.min(), sizes.max()) == (1000, 1, 600)


def test_a_median_is_of_more_runs_on_a_gpu():
    assert reductions.parse([]).repeats == 7
    assert reductions.parse(["--device", "cuda"]).repeats == 15
    assert reductions.parse(["--device", "cuda", "--repeats", "3"]).repeats == 3


def test_busy_processes_end_with_the_block():
    with busy(2) as processes:
        assert [process.poll() for process in processes] == [None, None]
    assert [process.poll() for process in processes] == [-signal.SIGKILL] * 2


def test_busy_processes_end_when_their_parent_is_killed():
    code = """
import os, signal
from benchmarks.measure import busy
with busy(1) as [process]:
    print(process.pid, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    pid, deadline = int(result.stdout), time.monotonic() + 20
    while running(pid):
        assert time.monotonic() < deadline, f"process {pid} is still there"
        time.sleep(0.1)


def running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"
