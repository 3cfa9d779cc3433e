"""Files are written whole or not at all; those made once lie in the cache folder."""

import multiprocessing
import os
import stat
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lcm_core.files.atomic import atomic_write
from lcm_core.files.cache import cache_folder, cached
from lcm_core.files.checkpoints import write_checkpoint


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("LCM_CORE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_the_folder_is_the_one_that_is_set_or_the_users(monkeypatch, tmp_path):
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.delenv("LCM_CORE_CACHE", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    assert cache_folder() == tmp_path / ".cache" / "lcm-core"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative/is/ignored")
    assert cache_folder() == tmp_path / ".cache" / "lcm-core"
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache_folder() == tmp_path / "xdg" / "lcm-core"
    monkeypatch.setattr(sys, "platform", "darwin")
    assert cache_folder() == tmp_path / "Library" / "Caches" / "lcm-core"
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "local"))
    assert cache_folder() == tmp_path / "local" / "lcm-core"
    monkeypatch.setenv("LCM_CORE_CACHE", str(tmp_path / "chosen"))
    assert cache_folder() == tmp_path / "chosen"


def test_a_file_is_made_once(folder):
    made = []

    def make(path: Path) -> None:
        made.append(path)
        path.write_text("contents")

    assert cached("a.txt", make) == cached("a.txt", make) == folder / "a.txt"
    assert (folder / "a.txt").read_text() == "contents"
    assert len(made) == 1
    assert made[0].suffix == ".txt"
    assert os.listdir(folder) == ["a.txt"]
    if os.name == "posix":  # in a folder that a class shares, all can read it
        umask = os.umask(0)
        os.umask(umask)
        assert stat.S_IMODE((folder / "a.txt").stat().st_mode) == 0o666 & ~umask


def test_a_file_that_could_not_be_finished_is_not_there(folder):
    def fail(path: Path) -> None:
        path.write_text("half of it")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cached("a.txt", fail)
    assert os.listdir(folder) == []
    assert cached("a.txt", lambda path: path.write_text("whole")).read_text() == "whole"


def test_two_processes_at_once_end_with_one_whole_file(folder):
    with ProcessPoolExecutor(3, multiprocessing.get_context("fork")) as processes:
        runs = [processes.submit(slowly_made) for _ in range(3)]
        assert [len(run.result()) for run in runs] == [20_000] * 3
    assert os.listdir(folder) == ["a.txt"]


def slowly_made() -> str:
    def make(path: Path) -> None:
        with path.open("w") as file:
            for _ in range(20):
                file.write("x" * 1000)
                file.flush()
                time.sleep(0.01)  # the others begin meanwhile

    return cached("a.txt", make).read_text()


@given(contents=st.lists(st.one_of(st.binary(), st.none()), max_size=4))
def test_a_file_has_the_contents_of_the_last_block_that_ended_well(contents):
    with tempfile.TemporaryDirectory() as folder:
        path, want = Path(folder) / "new" / "file.bin", None
        for each in contents:  # None: the block writes half of it and fails
            try:
                with atomic_write(path) as unfinished:
                    assert (unfinished.suffix, unfinished.parent) == (path.suffix, path.parent)
                    unfinished.write_bytes(b"half" if each is None else each)
                    assert (path.read_bytes() if path.exists() else None) == want
                    if each is None:
                        raise KeyboardInterrupt
                want = each
            except KeyboardInterrupt:
                assert each is None
            assert os.listdir(path.parent) == ([] if want is None else ["file.bin"])
            assert want is None or path.read_bytes() == want


def test_a_folder_that_cannot_be_written_to_says_what_to_set(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("LCM_CORE_CACHE", str(tmp_path / "file"))
    with pytest.raises(OSError, match="set the environment variable LCM_CORE_CACHE"):
        cached("a.txt", lambda path: path.write_text(""))


def test_a_folder_that_is_there_and_cannot_be_written_to_says_so_before_anything_is_made(
    folder, monkeypatch
):
    def refuse(path: Path) -> None:  # as the system does; it lets root write everywhere
        raise PermissionError(f"Permission denied: {str(path)!r}")

    monkeypatch.setattr(Path, "touch", refuse)
    with pytest.raises(OSError, match=r"cannot write to the cache folder .*LCM_CORE_CACHE"):
        cached("a.txt", lambda path: pytest.fail("made"))


def test_equal_states_give_equal_checkpoints(tmp_path):
    for name in ("one.pt", "other.pt"):
        write_checkpoint(tmp_path / name, {"model": {"weight": torch.arange(3.0)}, "step": 1})
    assert (tmp_path / "one.pt").read_bytes() == (tmp_path / "other.pt").read_bytes()
