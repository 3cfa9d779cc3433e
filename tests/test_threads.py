"""Threads wait passively, their number comes from the machine, and records depend on it alone."""

import json
import math
import os
import subprocess
import sys
import threading
import warnings
from pathlib import Path

import pytest
import torch

from benchmarks.measure import busy
from lcm_core import Operator, reduce, threads
from lcm_core.threads import (
    available_cpus,
    cpu_quota,
    default_threads,
    keeping_threads,
    using_threads,
)
from lcm_core.training import Recipe, Trainer, fit
from lcm_core.training.run_state import RunState
from lcm_core.widgets.training.text import device_text

SMALL = "channels=16 steps=6 batch_size=512 log_every=2 eval_every=6 eval_splits=none device=cpu"
OURS = (*threads.PASSIVE, "OMP_NUM_THREADS", threads.VARIABLE)


def python(code: str, **variables: str) -> str:
    """What a fresh Python prints, with these variables of ours and no others."""
    environment = {name: value for name, value in os.environ.items() if name not in OURS}
    command = [sys.executable, "-W", "error", "-c", code]
    return subprocess.run(
        command, env={**environment, **variables}, check=True, capture_output=True, text=True
    ).stdout


# How they wait ----------------------------------------------------------------------------------

SHOW = """
import os
from lcm_core.threads import waiting_advice
import torch
print(os.environ.get("OMP_WAIT_POLICY"), "Import lcm_core first" in waiting_advice(2))
"""


def test_threads_wait_passively_from_the_import_on() -> None:
    assert python(SHOW).split() == ["PASSIVE", "False"]


def test_the_user_may_let_them_spin() -> None:
    assert python(SHOW, OMP_WAIT_POLICY="ACTIVE").split() == ["ACTIVE", "False"]


def test_openmp_hears_of_it() -> None:
    """GNU's OpenMP says on stderr which settings it begins with."""
    code = "import lcm_core, torch"
    environment = {name: value for name, value in os.environ.items() if name not in OURS}
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**environment, "OMP_DISPLAY_ENV": "TRUE"},
        check=True,
        capture_output=True,
        text=True,
    )
    if "OMP_WAIT_POLICY" not in done.stderr:
        pytest.skip("this OpenMP does not tell")
    assert "OMP_WAIT_POLICY = 'PASSIVE'" in done.stderr


PRODUCTS = """
import time
import lcm_core, numpy
matrix = numpy.ones((256, 256))
began = time.process_time()
for _ in range(10):
    matrix @ matrix
    time.sleep(0.05)
print(time.process_time() - began)
"""


def test_numpy_s_threads_do_not_spin_after_a_product() -> None:
    assert float(python(PRODUCTS)) < 0.15  # 0.28 s where a second thread spins


def test_there_is_advice_where_torch_came_first() -> None:
    assert python("import torch\n" + SHOW).split() == ["None", "True"]
    assert python("import torch\n" + SHOW, OMP_WAIT_POLICY="PASSIVE").split() == [
        "PASSIVE",
        "False",
    ]


# How many there are -----------------------------------------------------------------------------


def cgroup(folder: Path, own: str, files: dict[str, str]) -> float:
    (folder / "own").write_text(own)
    for name, content in files.items():
        path = folder / "mounted" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return cpu_quota(folder / "own", folder / "mounted")


@pytest.mark.parametrize(
    ("own", "files", "cpus"),
    [
        ("0::/\n", {"cpu.max": "150000 100000\n"}, 1.5),
        ("0::/\n", {"cpu.max": "max 100000\n"}, math.inf),
        ("0::/a/b\n", {"a/cpu.max": "200000 100000\n", "a/b/cpu.max": "max 100000\n"}, 2),
        ("0::/of/the/host\n", {"cpu.max": "300000 100000\n"}, 3),
        (
            "4:memory:/\n2:cpu,cpuacct:/a\n0::/\n",
            {
                "cpu,cpuacct/a/cpu.cfs_quota_us": "50000\n",
                "cpu,cpuacct/a/cpu.cfs_period_us": "100000\n",
            },
            0.5,
        ),
        (
            "1:cpu:/\n",
            {"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"},
            math.inf,
        ),
        ("4:memory:/\n", {}, math.inf),
    ],
)
def test_the_quota_of_control_groups(
    own: str, files: dict[str, str], cpus: float, tmp_path: Path
) -> None:
    assert cgroup(tmp_path, own, files) == cpus


def test_where_there_are_no_control_groups(tmp_path: Path) -> None:
    assert cpu_quota(tmp_path / "none") == math.inf


def test_a_part_of_a_cpu_is_one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    for quota, cpus in ((0.5, 1), (1.9, 1), (math.inf, 3)):
        monkeypatch.setattr(threads, "_affine_cpus", lambda: 3)
        monkeypatch.setattr(threads, "cpu_quota", lambda quota=quota: quota)
        assert available_cpus() == cpus


def test_the_default_is_no_more_than_torch_has_or_one_for_two_cpus(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv(threads.VARIABLE, raising=False)
    for cpus, of_torch, expected in (
        (64, 64, 4),
        (5, 64, 2),
        (2, 64, 1),
        (1, 1, 1),
        (64, 1, 1),
        (64, 3, 3),
    ):
        monkeypatch.setattr(threads, "available_cpus", lambda cpus=cpus: cpus)
        monkeypatch.setattr(torch, "get_num_threads", lambda of_torch=of_torch: of_torch)
        assert default_threads() == expected
    for of_torch, given, expected in ((64, "7", 7), (2, "7", 2), (1, "2", 1)):
        monkeypatch.setenv(threads.VARIABLE, given)
        monkeypatch.setattr(torch, "get_num_threads", lambda of_torch=of_torch: of_torch)
        assert default_threads() == expected


@pytest.mark.parametrize("given", ["0", "two", "-1", "1.5"])
def test_the_variable_must_be_a_number(given: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(threads.VARIABLE, given)
    with pytest.raises(ValueError, match=f"expected {threads.VARIABLE} to be .* got '{given}'"):
        default_threads()


def test_threads_for_a_while() -> None:
    with using_threads(2):
        assert torch.get_num_threads() == 2
        with using_threads(3):
            assert torch.get_num_threads() == 3
            assert default_threads() == 1
        assert torch.get_num_threads() == 2
    assert torch.get_num_threads() == 1


def test_a_new_thread_does_not_see_what_another_has_changed_for_a_while() -> None:
    seen: list[int] = []
    with using_threads(2):
        thread = threading.Thread(
            target=keeping_threads(lambda: seen.append(torch.get_num_threads()))
        )
        thread.start()
        thread.join()
    assert seen == [1]


AT_WORK = {
    "training": """
from lcm_core.training import Recipe
from lcm_core.training.run_state import RunState
from lcm_core.widgets.training.run import Run
run = Run([RunState(Recipe(device="cpu", eval_splits="none"))], lambda run: None)
run.go()
while run.run_states[0].step < 20:
    pass
""",
    "work of a panel": """
import time
import torch
from lcm_core.widgets.base.panel import Panel
from lcm_core.widgets.base.worker import Worker
def work(should_stop):
    x = torch.ones(300, 300)
    while not should_stop():
        x = (x @ x).tanh()
Worker(Panel(), "work").start(work)
time.sleep(0.2)
""",
}


@pytest.mark.parametrize("what", AT_WORK)
def test_python_ends_well_while_a_thread_is_at_work(what: str) -> None:
    """A daemon thread inside torch made it abort, in six of six scripts."""
    done = subprocess.run([sys.executable, "-c", AT_WORK[what]], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert "terminate called" not in done.stderr


def test_a_thread_that_does_not_stop_does_not_keep_python_from_its_end() -> None:
    code = """
import time
from lcm_core import threads
threads.GRACE = 0.1
threads.begin_thread(lambda: time.sleep(60), "deaf", stop=lambda: print("asked"))
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=30
    )
    assert done.stdout == "asked\n"


@pytest.mark.parametrize(("sets", "threads"), [(8, 1), (1000, 2)])
def test_a_small_reduction_wakes_no_other_thread(sets: int, threads: int) -> None:
    """Whatever its operator: for a matrix product, however small, all threads are woken."""
    seen = set()

    class Watching(Operator):
        def forward(self, left: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
            seen.add(torch.get_num_threads())
            return left + right

    x, ptr = torch.randn(4 * sets, 16), torch.arange(sets + 1) * 4
    with using_threads(2):
        reduce(Watching(16), x, ptr)
        assert torch.get_num_threads() == 2
    assert seen == {threads}


# Of a run ---------------------------------------------------------------------------------------


def threads_in_steps(trainer: Trainer) -> set[int]:
    seen = set()
    hook = trainer.model.register_forward_hook(lambda *_: seen.add(torch.get_num_threads()))
    list(trainer.records())
    hook.remove()
    return seen


def test_a_recipe_may_name_its_threads() -> None:
    trainer = Trainer(Recipe.parse(f"{SMALL} threads=2"))
    assert threads_in_steps(trainer) == {2}
    assert torch.get_num_threads() == 1
    assert threads_in_steps(Trainer(Recipe.parse(SMALL))) == {1}


def test_a_checkpoint_keeps_the_threads_that_were_chosen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(threads, "available_cpus", lambda: 6)
    monkeypatch.setattr(threads, "_steady_threads", lambda: 3)
    trainer = Trainer(Recipe.parse(SMALL))
    next(trainer.records())
    trainer.save(tmp_path / "run.pt")
    monkeypatch.setenv(threads.VARIABLE, "1")
    resumed = Trainer.load(tmp_path / "run.pt")
    assert resumed.threads == 3
    assert threads_in_steps(resumed) == {3}
    assert "threads" not in resumed.recipe.text()


def test_the_panel_names_the_threads_and_says_what_to_do_if_they_spin(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(threads, "_spinning", False)
    run = RunState(Recipe.parse(f"{SMALL} threads=2"))
    assert device_text(run) == "cpu"
    run.trainer = run.make_trainer()
    assert device_text(run) == "cpu, 2 threads"
    monkeypatch.setattr(threads, "_spinning", True)
    assert "cpu, 2 threads<br>torch was imported before lcm_core" in device_text(run)
    assert "OMP_WAIT_POLICY=PASSIVE" in device_text(run)
    run.trainer.threads = 1
    assert device_text(run) == "cpu, 1 thread"


def test_a_script_is_warned_if_its_threads_spin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "_spinning", True)
    with pytest.warns(UserWarning, match="OMP_WAIT_POLICY=PASSIVE"):
        fit(f"{SMALL} threads=2")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fit(f"{SMALL} threads=1")


RECORDS = f"""
import json
from lcm_core.training import Recipe, Trainer
trainer = Trainer(Recipe.parse("{SMALL} threads=2"))
print(json.dumps([record.timeless() for record in trainer.records()]))
"""


def test_busy_processes_beside_a_run_do_not_change_its_records() -> None:
    alone = json.loads(python(RECORDS))
    with busy(2):
        assert json.loads(python(RECORDS)) == alone
    assert [record["step"] for record in alone] == [2, 4, 6]
