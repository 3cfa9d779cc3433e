"""How much faster than PyG's class, and that the benchmark says so."""

import pytest
import torch

from benchmarks import reductions
from benchmarks.measure import PASSES, time_workload
from benchmarks.workloads import OURS, PYG, Workload

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
    assert "1 thread of" in printed
