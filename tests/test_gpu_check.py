"""`make gpu-check` on a machine without a GPU: what it judges, leaves out, and survives."""

import ast
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from torch.autograd import DeviceType

from benchmarks import on_gpu
from benchmarks.failure import Failure
from benchmarks.gpu_check import __main__ as driver
from benchmarks.gpu_check import accuracy, equality, panel, part, reductions, tests_plugin, training
from benchmarks.gpu_check import tests as project_tests
from benchmarks.gpu_check.findings import Finding, Notebook
from benchmarks.launches import MEASURED, Counts, count, counted
from benchmarks.training import OWN, register_own, throughput
from benchmarks.workloads import OURS, PLANNING, PYG
from lcm_core import Recipe

ROOT = Path(__file__).parents[1]
WITHOUT_GPU = pytest.mark.skipif(torch.cuda.is_available(), reason="for machines without a GPU")


# The driver -------------------------------------------------------------------------------------


def part_of(name: str, folder: Path) -> driver.Part:
    return driver.Part(name, Notebook(folder / "notes.jsonl"), folder / "log.txt")


def test_a_part_that_is_late_is_stopped_and_what_it_found_is_kept(tmp_path):
    part = part_of("tests", tmp_path)
    part.notebook.add(Finding("one", "1", True))
    for _ in driver.run(part, "cpu", limit=0.5):
        pass
    assert [finding.holds for finding in part.findings] == [True, False]
    assert part.end is not None
    assert "stopped after 0 s" in part.end.measured or "stopped after 1 s" in part.end.measured


@WITHOUT_GPU
def test_a_part_that_fails_is_reported_with_the_end_of_its_output_and_the_next_one_runs(
    tmp_path, capsys
):
    output = tmp_path / "deep" / "report.md"
    code = driver.main(["--parts", "equality,reductions", "--output", str(output)])
    text = output.read_text()
    assert code == 1
    assert text == capsys.readouterr().out
    assert text.count("it ended with 2") == 2
    assert text.count("torch sees no GPU here") == 2
    assert [path.name for path in output.parent.iterdir()] == ["report.md"]


def test_the_report_has_a_row_a_finding_and_names_what_was_left_out(tmp_path):
    part = part_of("reductions", tmp_path)
    part.notebook.add(Finding("a | b", "two\nlines", True))
    part.notebook.add(Finding("c", "1", False))
    part.notebook.add(Finding("d", "2"))
    part.notebook.leave_out("bbbp", "needs sklearn")
    part.notebook.tell(["| x |", "|---|"])
    with part.notebook.path.open("a") as file:
        file.write('{"finding": {"asked": "half of a li')  # killed while it wrote
    text = driver.report([part], "cuda")
    assert "| reductions | a \\| b | two lines | yes |" in text
    assert "| reductions | c | 1 | **no** |" in text
    assert "| reductions | d | 2 | – |" in text
    assert "1 hold, 1 do not, 1 are only measured" in text
    assert "- reductions: bbbp: needs sklearn" in text
    assert "\n| x |\n|---|" in text


def test_an_unknown_part_is_refused(capsys):
    with pytest.raises(SystemExit):
        driver.main(["--parts", "equalty"])
    assert "expected --parts to be of equality, reductions" in capsys.readouterr().err


def test_the_limits_of_the_parts_leave_the_tests_some_time():
    others = sum(limit for name, limit in driver.LIMITS.items() if name != "tests")
    assert list(driver.LIMITS)[-1] == "tests"
    assert driver.BUDGET <= 300
    assert driver.BUDGET - others >= 45


# The bare machine -------------------------------------------------------------------------------


JAXTYPING, HYPOTHESIS = (driver.STAND_INS / name for name in ("jaxtyping", "hypothesis"))


def test_stand_ins_are_used_only_for_what_is_missing(monkeypatch):
    monkeypatch.delenv("PYTHONPATH", raising=False)
    monkeypatch.setattr(driver, "find_spec", lambda name: None if name == "jaxtyping" else name)
    paths = driver.environment()["PYTHONPATH"].split(os.pathsep)
    assert paths[:2] == [str(ROOT), str(JAXTYPING)]
    assert str(HYPOTHESIS) not in paths


def test_the_library_runs_with_the_stand_in_for_jaxtyping():
    code = """
import jaxtyping, torch, lcm_core
assert "stand_ins" in jaxtyping.__file__
aggregate = lcm_core.make_aggregation("symmetrized_gru", 4)
print(aggregate(torch.ones(3, 4), ptr=torch.tensor([0, 1, 3])).shape)
"""
    path = os.pathsep.join([str(JAXTYPING), str(ROOT)])
    result = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=True,
    )
    assert result.stdout == "torch.Size([2, 4])\n"


def test_the_stand_in_has_all_that_the_library_takes_from_jaxtyping():
    used = {
        alias.name
        for path in (ROOT / "lcm_core").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ImportFrom) and node.module == "jaxtyping"
        for alias in node.names
    }
    has = {
        node.name
        for node in ast.parse((JAXTYPING / "jaxtyping.py").read_text()).body
        if isinstance(node, ast.ClassDef)
    }
    assert used
    assert used <= has


def test_properties_are_skipped_with_the_stand_in_for_hypothesis_and_other_tests_run(tmp_path):
    (tmp_path / "test_it.py").write_text(
        """
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

@st.composite
def pairs(draw):
    return draw(st.integers(1, 2)), draw(st.lists(st.floats() | st.none()))

@pytest.mark.parametrize("k", [1, 2])
@settings(max_examples=3)
@given(pair=pairs())
def test_property(k, pair):
    raise AssertionError

def test_other():
    assert st.integers(0, 9).map(str) is not None
"""
    )
    command = [sys.executable, "-m", "pytest", "-q", "-rs", "-p", "no:cacheprovider", str(tmp_path)]
    result = subprocess.run(
        [*command, "-p", "no:hypothesispytest", "--rootdir", str(tmp_path)],
        env={**os.environ, "PYTHONPATH": str(HYPOTHESIS)},
        capture_output=True,
        text=True,
    )
    assert "1 passed, 2 skipped" in result.stdout, result.stdout
    assert "needs hypothesis" in result.stdout


def test_files_of_tests_that_need_missing_packages_are_found_by_what_they_import(monkeypatch):
    missing = {"plotly", "hypothesis"}
    monkeypatch.setattr(project_tests, "there", lambda package: package not in missing)
    needs = {
        name: project_tests.missing_of(ROOT / "tests" / f"test_{name}.py")
        for name in ("sire", "layout", "figures", "panel")
    }
    assert needs == {  # a panel needs plotly by the modules of the library that it imports
        "sire": set(),
        "layout": {"hypothesis"},
        "figures": {"hypothesis", "plotly"},
        "panel": {"plotly"},
    }


def test_a_test_that_stumbles_over_a_missing_package_is_told_from_others(monkeypatch):
    monkeypatch.setattr(tests_plugin, "MISSING", {"rdkit"})
    needs = ImportError("needs RDKit")
    needs.__cause__ = ModuleNotFoundError("no", name="rdkit.Chem")
    assert tests_plugin.missing_in(needs) == "rdkit"
    assert tests_plugin.missing_in(ModuleNotFoundError("no", name="lcm_core.gone")) is None
    assert tests_plugin.missing_in(ValueError()) is None


def test_outcomes_of_tests_are_summed_up(tmp_path):
    results, notebook = tmp_path / "results.jsonl", Notebook(tmp_path / "notes.jsonl")
    outcomes = [
        ("a", "passed", "", ""),
        ("b", "failed", "E: 1", "line 1\nline 2"),
        ("c", "skipped", "needs rdkit", ""),
    ]
    names = ("test", "outcome", "why", "trace")
    lines = [json.dumps(dict(zip(names, each, strict=True))) for each in outcomes]
    results.write_text("\n".join(lines) + "\n")
    project_tests.summarise(notebook, results, finished=True)
    assert notebook.findings[0].measured == "1 passed, 1 failed, 1 skipped"
    assert notebook.findings[0].holds is False
    assert notebook.left_out == [("1 tests", "needs rdkit")]
    assert "- `b`: E: 1" in notebook.texts[0]
    assert notebook.texts[1][-1] == "    line 2"


@pytest.mark.parametrize(("finished", "holds"), [(True, True), (False, None)])
def test_tests_that_the_time_did_not_suffice_for_hold_nothing(tmp_path, finished, holds):
    results, notebook = tmp_path / "results.jsonl", Notebook(tmp_path / "notes.jsonl")
    results.write_text(json.dumps({"test": "a", "outcome": "passed", "why": ""}) + "\n")
    project_tests.summarise(notebook, results, finished)
    assert notebook.findings[0].holds is holds


# What is measured -------------------------------------------------------------------------------


def event(name: str, start: float, device: DeviceType = DeviceType.CPU, **more: object) -> object:
    span = SimpleNamespace(start=start, end=start + 1)
    return SimpleNamespace(name=name, device_type=device, time_range=span, **more)


def profile_of(*calls: str, kernels: int) -> Iterator[object]:
    """Events as the profiler gives them: its own calls before and after the measured one."""
    yield event("cudaDeviceSynchronize", 1)
    measured = event(MEASURED, 10)
    measured.time_range.end = 90  # type: ignore[attr-defined]
    yield measured
    for number, name in enumerate(calls):
        yield event(name, 20 + number)
    yield event("cudaDeviceSynchronize", 100)
    yield event(MEASURED, 12, DeviceType.CUDA, is_user_annotation=True)
    yield event("Memcpy DtoH (Device -> Pageable)", 30, DeviceType.CUDA)
    for number in range(kernels):
        yield event("void gemm()", 95 + number, DeviceType.CUDA, is_user_annotation=False)


def test_launches_copies_and_waits_of_the_measured_call_are_counted():
    calls = ("cudaLaunchKernel", "cuLaunchKernelEx", "aten::mm", "cudaMemcpyAsync")
    waits = ("cudaStreamSynchronize", "cudaEventSynchronize", "cudaStreamWaitEvent")
    found = counted(list(profile_of(*calls, *waits, kernels=2)))
    assert found == Counts(launches=2, graphs=0, copies=1, waits=2)


def test_kernels_whose_launch_the_profiler_did_not_see_count_and_those_of_a_graph_do_not():
    assert counted(list(profile_of("cudaLaunchKernel", kernels=5))).launches == 5
    found = counted(list(profile_of("cudaLaunchKernel", "cudaGraphLaunch", kernels=700)))
    assert (found.launches, found.graphs) == (1, 1)


@WITHOUT_GPU
def test_counting_runs_the_call_once():
    calls = []
    assert count(lambda: calls.append(1)) == Counts(0, 0, 0, 0)
    assert calls == [1]


def measured(name: str, ours: float, **more: float) -> on_gpu.Measured:
    """A workload that PyG's class takes 100 ms for, and ours so many."""
    seconds = {OURS: ours / 1e3, PLANNING: more.get("planning", ours) / 1e3, PYG: 0.1}
    memory = {OURS: more.get("memory", 100) * 2**20, PYG: 300 * 2**20}
    counts = {
        OURS: Counts(int(more.get("launches", 5)), 0, 0, int(more.get("waits", 0))),
        PLANNING: Counts(20, 0, 0, int(more.get("waits", 1))),
    }
    made = on_gpu.Measured(name, "high" if "floor" in more else "highest", depth=4)
    for title in on_gpu.PASSES:
        made.seconds[title] = dict(seconds)
        made.memory[title] = dict(memory)
        made.counts[title] = dict(counts)
    made.floors = {on_gpu.BYTES: more.get("floor", 1) / 1e3, on_gpu.PRODUCTS: 1e-4}
    return made


def missed(row: on_gpu.Measured) -> list[str]:
    return [finding.asked for finding in reductions.judge(row) if not finding.holds]


def test_a_workload_that_is_as_fast_as_asked_misses_nothing():
    assert missed(measured("ragged", ours=24)) == []
    assert missed(measured("skewed", ours=4.9)) == []
    assert missed(measured("zipf", ours=99)) == []


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (measured("ragged", ours=26), "ragged, forward: ours ≥ 4×"),
        (measured("skewed", ours=6), "skewed, forward: ours ≥ 20×"),
        (measured("tiny", ours=101), "tiny, forward: ours ≥ 1×"),
        (measured("ragged", ours=20, planning=101), "plan in the call ≥ 1×"),
        (measured("ragged", ours=20, memory=151), "at most half of PyG LCM's memory"),
        (measured("ragged", ours=20, launches=9), "at most 8 launches"),
        (measured("ragged", ours=20, waits=1), "no wait with a plan"),
        (measured("ragged", ours=20, waits=2), "at most one wait"),
        (measured("many64", ours=10, floor=3), "at most 3× the larger"),
    ],
)
def test_what_is_slower_larger_or_waits_is_said(row, words):
    assert any(words in asked for asked in missed(row)), missed(row)


def test_our_failure_is_a_miss_and_that_of_a_peer_is_not(tmp_path, monkeypatch):
    row = measured("graph", ours=1)
    row.failures = {
        f"{who}, forward": Failure.of(RuntimeError("memory\nof 80 GB")) for who in (OURS, PYG)
    }
    notebook = Notebook(tmp_path / "notes.jsonl")
    monkeypatch.setattr(reductions, "measure", lambda *_args, **_options: row)
    reductions.check(notebook, "cpu", 60)
    holds = {finding.asked: (finding.measured, finding.holds) for finding in notebook.findings}
    assert holds["graph: ours, forward runs"] == ("RuntimeError: memory", False)
    assert holds["graph: PyG LCM, forward runs"] == ("RuntimeError: memory", None)
    assert "    of 80 GB" in [line for text in notebook.texts for line in text]


def test_a_contender_that_fails_does_not_keep_the_others_from_being_timed(monkeypatch):
    plain = on_gpu.Workload.contender

    def contender(self, name):
        if name == PYG:
            return lambda x: torch.empty(2**60)  # more than there is
        return plain(self, name)

    monkeypatch.setattr(on_gpu.Workload, "contender", contender)
    row = on_gpu.measure("tiny", "cpu", 1, 1e9, timed=(OURS, PYG), to_count=(OURS, PYG))
    for title in on_gpu.PASSES:
        assert row.seconds[title].keys() == row.counts[title].keys() == {OURS}
    assert row.failures[f"{PYG}, forward"].why.startswith("RuntimeError: ")


def test_the_floors_grow_with_the_work():
    small, large = (
        on_gpu.measure(name, "cpu", 1, bandwidth=1e9, timed=(OURS,), to_count=())
        for name in ("tiny", "batch")
    )
    assert small.floors[on_gpu.BYTES] == pytest.approx(48 * 3 * 16 * 4 / 1e9, rel=0.3)
    assert large.floors[on_gpu.BYTES] > small.floors[on_gpu.BYTES]
    assert large.floors[on_gpu.PRODUCTS] > small.floors[on_gpu.PRODUCTS]


@pytest.mark.usefixtures("unchecked")
def test_equality_holds_for_equal_devices_and_fails_for_a_wrong_one(monkeypatch):
    cases = [("symmetrized_gru", 8, "balanced")]
    assert equality.in_float32("right", "cpu", cases, ("mixed", "odd")).holds
    plain, calls = equality.values_and_gradients, []

    def wrong(module, x, ptr):
        calls.append(1)
        result = plain(module, x, ptr)
        if len(calls) % 3 == 0:  # float64, the CPU's float32, the GPU's
            result[-1] = result[-1] * (1 + 1e-4)
        return result

    monkeypatch.setattr(equality, "values_and_gradients", wrong)
    assert not equality.in_float32("wrong", "cpu", cases, ("mixed", "odd")).holds


def test_a_comparison_that_raises_is_a_finding_and_the_next_one_runs(tmp_path, monkeypatch):
    def fails():
        raise RuntimeError("no kernel image")

    fine = Finding("b", "0", True)
    pairs = [("a", fails), ("b", lambda: fine)]
    monkeypatch.setattr(equality, "comparisons", lambda device: pairs)
    notebook = Notebook(tmp_path / "notes.jsonl")
    equality.check(notebook, "cpu", 60)
    assert notebook.findings == [Finding("a", "RuntimeError: no kernel image", False), fine]
    assert "Traceback" in "\n".join(notebook.texts[0])


def test_the_elements_of_a_set_keep_their_order_in_a_shuffle():
    sets = torch.tensor([0, 0, 0, 1, 1, 2])
    shuffled = torch.tensor([5, 4, 2, 0, 3, 1])
    found = equality.keeping_order(shuffled, sets)
    assert sets[found].tolist() == sets[shuffled].tolist()
    assert found.tolist() == [5, 3, 0, 1, 4, 2]


@pytest.mark.usefixtures("tasks_forgotten")
def test_a_task_that_fails_is_a_finding_and_one_without_its_package_is_left_out(
    tmp_path, monkeypatch
):
    def measured_throughput(recipe, device, steps, most=1.0):
        if recipe.task == "bbbp":
            raise ImportError("ROC-AUC needs scikit-learn")
        if recipe.task == "graph_properties":
            raise RuntimeError("no kernel image")
        return 70_000.0 if recipe.associativity else 120_000.0

    monkeypatch.setattr(training, "throughput", measured_throughput)
    monkeypatch.setattr(training, "launches_a_step", lambda *_: 6.0)
    monkeypatch.setattr(training, "repeated", lambda *_: iter([Finding("same", "yes", True)]))
    notebook = Notebook(tmp_path / "notes.jsonl")
    training.check(notebook, "cpu", 60)
    holds = [finding.holds for finding in notebook.findings]
    assert holds == [True, True, False, True, True, False, True, True]
    assert notebook.findings[-3].measured == "RuntimeError: no kernel image"
    assert notebook.left_out == [("task=bbbp", "ROC-AUC needs scikit-learn")]


def test_the_throughput_of_a_task_is_measured():
    assert throughput(Recipe(channels=4, batch_size=8), "cpu", steps=10) > 0


@pytest.mark.usefixtures("tasks_forgotten")
def test_two_runs_of_a_recipe_are_compared():
    register_own()
    for task in ("second_minimum", OWN):
        (finding,) = training.repeated(task, "cpu", steps=10)
        assert finding.holds


def test_what_is_learned_in_a_time_is_judged_by_score_and_by_seconds():
    recipe = Recipe(channels=4, batch_size=8, steps=30, device="cpu")
    found = [
        [finding.holds for finding in accuracy.findings(recipe, "size 16", least, most)]
        for least, most in ((0, 1e3), (1, 1e3), (0, 0))
    ]
    assert found == [[True, True], [False, True], [True, False]]


def test_the_time_of_steps_counts_those_of_the_first_record_as_the_others():
    recipe = Recipe(channels=4, batch_size=8, steps=40, device="cpu")
    begin = time.perf_counter()
    trainer, seconds = accuracy.trained(recipe)
    assert trainer.step == 40
    assert 0 < seconds < time.perf_counter() - begin


def test_a_panel_that_costs_much_or_stops_late_misses_what_was_asked():
    good, slow, late = ((100.0, 0.01), (96.0, 0.1)), ((100.0, 0.01), (90.0, 0.1)), (96.0, 0.2)
    assert [each.holds for each in panel.findings([good, good, slow])] == [True, True]
    assert [each.holds for each in panel.findings([good, slow, slow])] == [False, True]
    assert [each.holds for each in panel.findings([good, good, (good[0], late)])] == [True, False]


def test_what_takes_longer_is_run_on_request_alone():
    assert driver.parse([]).parts == "equality,reductions,training,tests"
    assert driver.parse(["--parts", "panel,long"]).parts == "panel,long"
    assert driver.TITLES.keys() == part.PARTS.keys() == (driver.LIMITS | driver.ON_REQUEST).keys()
