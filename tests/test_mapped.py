"""Data that all processes of a machine share are mapped from one file."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from lcm_core.files.mapped import mapped
from lcm_core.tasks.graphs.dataset import property_graphs


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LCM_CORE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


class Maker:
    def __init__(self) -> None:
        self.calls = 0

    def __call__(self) -> dict[str, torch.Tensor]:
        self.calls += 1
        return {"a": torch.arange(6).view(2, 3), "b": torch.zeros(0), "c": torch.tensor([True])}


def same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[k], other[k]) for k in one)


def test_they_are_made_once(folder: Path) -> None:
    make = Maker()
    first, again = (mapped("some", b"source", make) for _ in range(2))
    assert make.calls == 1
    assert same(first, make())
    assert same(again, make())


def test_another_source_makes_others(folder: Path) -> None:
    make = Maker()
    for source in (b"one", b"other", b"one"):
        mapped("some", source, make)
    assert make.calls == 2
    assert len(list(folder.iterdir())) == 2


def test_a_process_that_writes_into_them_changes_its_own(folder: Path) -> None:
    make = Maker()
    first = mapped("some", b"source", make)
    first["a"][0, 0] = 100
    assert same(mapped("some", b"source", make), make())


def test_without_a_cache_folder_each_process_makes_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("LCM_CORE_CACHE", str(tmp_path / "file"))
    make = Maker()
    assert same(mapped("some", b"source", make), make())


@pytest.mark.skipif(not Path("/proc/self/smaps").exists(), reason="the memory map of Linux")
@pytest.mark.parametrize("task", ["bbbp", "graph_properties"])
def test_data_sets_are_mapped(task: str, folder: Path) -> None:
    code = f"""
from lcm_core.tasks import make_task
next(iter(make_task({task!r}).batches("validation")))
print({str(folder)!r} in open("/proc/self/smaps").read())
"""
    environment = {**os.environ, "LCM_CORE_CACHE": str(folder)}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, check=True, capture_output=True, text=True
    )
    assert done.stdout.strip() == "True"


def test_mapped_graphs_are_those_that_are_drawn(folder: Path) -> None:
    property_graphs.cache_clear()
    drawn = property_graphs("size 20-24")
    property_graphs.cache_clear()
    read = property_graphs("size 20-24")
    assert same(vars(drawn), vars(read))
    property_graphs.cache_clear()
