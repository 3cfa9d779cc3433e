"""Sweeps in the workers of a Dask cluster that come and go: the results of one process."""

import json
import subprocess
import sys
import threading
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from lcm_core.experiments import find_experiment, run_experiment
from lcm_core.experiments.__main__ import main
from lcm_core.experiments.framework.runner import JobsFailed
from lcm_core.experiments.framework.store import Store

dask = pytest.importorskip("dask")
distributed = pytest.importorskip("distributed")
ROOT = Path(__file__).parents[1]
NAME = "tests.dask_experiment"


class Cluster:
    """A scheduler, and workers that are started and killed as on other machines."""

    def __init__(self, folder: Path):
        self.file, self.stack = folder / "scheduler.json", ExitStack()
        self._start("dask_scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard")
        deadline = time.monotonic() + 120
        while not self.file.exists():
            assert time.monotonic() < deadline, "no scheduler"
            time.sleep(0.1)
        self.address = json.loads(self.file.read_text())["address"]

    def worker(self, threads: int = 1) -> subprocess.Popen:
        flags = ("--nthreads", str(threads), "--no-nanny", "--no-dashboard")
        return self._start("dask_worker", *flags)

    def _start(self, module: str, *flags: str) -> subprocess.Popen:
        command = [sys.executable, "-m", f"distributed.cli.{module}", *flags]
        process = subprocess.Popen(
            [*command, "--scheduler-file", str(self.file)],
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self.stack.callback(process.wait)
        self.stack.callback(process.kill)
        return process


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    cluster = Cluster(tmp_path_factory.mktemp("dask"))
    with cluster.stack:
        yield cluster


def run_in(folder: Path, **options):
    lie = {"output": folder / "results", "checkpoints": folder / "checkpoints"}
    return run_experiment(find_experiment(NAME), **lie, **options)


def stored(folder: Path) -> Store | None:
    path = folder / "results" / "dask_experiment.json"
    return Store.read(path) if path.exists() else None


def wait_until(condition, seconds=120.0):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.slow
def test_workers_that_come_and_go_give_the_results_of_one_process(tmp_path, cluster):
    alone, spread = tmp_path / "alone", tmp_path / "spread"
    workers = [cluster.worker(), cluster.worker()]
    killed_at = []

    def kill_one():
        wait_until(lambda: (store := stored(spread)) is not None and len(store.runs) >= 8)
        workers[0].kill()
        killed_at.append(len(stored(spread).runs))

    killer = threading.Thread(target=kill_one, daemon=True)
    killer.start()
    results = run_in(spread, scheduler=cluster.address)
    killer.join()
    workers[1].kill()
    assert 8 <= killed_at[0] < 24
    assert results.finished == results.wanted == 24
    run_in(alone)
    one, other = stored(alone), stored(spread)
    assert [run.timeless() for run in other.runs] == [run.timeless() for run in one.runs]
    assert len(other.machines) == 1  # of the workers, which are here
    before = (spread / "results" / "dask_experiment.json").read_text()
    assert main([NAME, "--output", str(spread / "results"), "--checkpoints", str(spread)]) == 0
    assert (spread / "results" / "dask_experiment.json").read_text() == before


@pytest.mark.slow
def test_a_worker_with_several_threads_is_refused(tmp_path, cluster):
    worker = cluster.worker(threads=2)
    with pytest.raises(JobsFailed, match="start workers with --nthreads 1"):
        run_in(tmp_path, scheduler=cluster.address, only="sum · short", seeds=1)
    worker.kill()


@pytest.mark.slow
def test_a_command_that_is_interrupted_leaves_no_worker_at_work(tmp_path, cluster, monkeypatch):
    worker = cluster.worker()

    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("lcm_core.experiments.framework.progress.Jobs.progress", interrupt)
    with pytest.raises(KeyboardInterrupt):
        run_in(tmp_path, scheduler=cluster.address, only="gru_fold · long", seeds=1)
    with distributed.Client(cluster.address, set_as_default=False) as client:
        wait_until(lambda: not any(client.processing().values()))

        def executing(dask_worker):
            return dask_worker.state.executing_count

        wait_until(lambda: not any(client.run(executing).values()))
    worker.kill()
    monkeypatch.undo()
    assert run_in(tmp_path, only="gru_fold · long", seeds=1).finished == 1


def test_what_is_wrong_is_said(tmp_path, monkeypatch):
    with pytest.raises(ValueError, match="expected jobs or scheduler, got both"):
        run_in(tmp_path, scheduler="tcp://127.0.0.1:1", jobs=2)
    with (
        dask.config.set({"distributed.comm.timeouts.connect": "0.5s"}),
        pytest.raises(OSError, match=r"127\.0\.0\.1:1"),
    ):
        run_in(tmp_path, scheduler="tcp://127.0.0.1:1")
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ImportError, match="pip install distributed"):
        run_in(tmp_path, scheduler="tcp://127.0.0.1:1")
