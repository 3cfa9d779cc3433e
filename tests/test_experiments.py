"""Experiments: their jobs, kills, locks and files, and what is shown of them."""

import json
import re
import signal
import subprocess
import sys
from dataclasses import replace
from functools import partial
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
import torch

from lcm_core.experiments import (
    Experiment,
    Measurement,
    Picture,
    Table,
    TrainingRun,
    experiment_names,
    find_experiment,
    register_experiment,
    run_experiment,
)
from lcm_core.experiments.__main__ import main
from lcm_core.experiments.claims import CLAIMS
from lcm_core.experiments.framework import calibration as calibration_module
from lcm_core.experiments.framework.machine import describe_machine
from lcm_core.experiments.framework.registry import EXPERIMENTS
from lcm_core.experiments.framework.rendering import render
from lcm_core.experiments.framework.results import FinishedRun, Results
from lcm_core.experiments.framework.runner import JobsFailed
from lcm_core.experiments.framework.store import Store, locked
from lcm_core.experiments.framework.tables import score_table, spread
from lcm_core.operators.base import OPERATORS
from lcm_core.training.recipe import Recipe
from lcm_core.training.trainer import Trainer

ROOT = Path(__file__).parents[1]
NAME = "tests.small_experiment"
SMALL = find_experiment(NAME)


@pytest.fixture(autouse=True)
def quick_calibration(monkeypatch):
    monkeypatch.setattr(calibration_module, "LEAST", 0.0)


def run_in(folder: Path, experiment: Experiment, **options) -> Results:
    lie = {"output": folder / "results", "checkpoints": folder / "checkpoints"}
    return run_experiment(experiment, **lie, **options)


def flags(folder: Path, *others: str) -> list[str]:
    lie = ["--output", str(folder / "results"), "--checkpoints", str(folder / "checkpoints")]
    return [NAME, *lie, *others]


def stored(folder: Path, name: str = "small_experiment") -> Store:
    return Store.read(folder / "results" / f"{name}.json")


def timeless(store: Store) -> list[dict]:
    return [run.timeless() for run in store.runs]


def test_all_jobs_are_done_once_and_can_be_repeated_by_their_recipes(tmp_path, capsys):
    threads = torch.get_num_threads()
    assert main(flags(tmp_path, "--only", "· short", "--seeds", "1")) == 0
    store = stored(tmp_path)
    assert [run.row for run in store.runs] == ["sum", "max", "LCM"]
    assert torch.get_num_threads() == threads
    for run in (store.runs[0], store.runs[-1]):
        trainer = Trainer(Recipe.parse(run.recipe))
        *_, last = trainer.records()
        assert run.scores == {split: trainer.evaluate(split) for split in run.scores}
        assert run.constants == {split: trainer.task.baseline(split) for split in run.scores}
        assert run.laws.items() >= last.laws.items()
        assert set(run.laws) - set(last.laws) == {"size share"}
        assert run.curve[-1][0] == trainer.recipe.steps
    before = (tmp_path / "results" / "small_experiment.json").read_text()
    assert main(flags(tmp_path, "--only", "· short", "--seeds", "1")) == 0
    assert (tmp_path / "results" / "small_experiment.json").read_text() == before


def test_steps_are_calibrated_once_for_all_seeds(tmp_path, monkeypatch):
    run_in(tmp_path, SMALL, only="max · long", seeds=1)
    (calibrated,) = stored(tmp_path).calibrations
    assert calibrated.steps == max(1, round(0.2 / calibrated.seconds_per_step))
    monkeypatch.setattr("lcm_core.experiments.framework.work.calibrate", lambda *_: 1 / 0)
    run_in(tmp_path, SMALL, only="max · long")
    steps = [Recipe.parse(run.recipe).steps for run in stored(tmp_path).runs]
    assert steps == [calibrated.steps] * 2


def test_what_begins_later_in_a_run_is_paid_for_and_happens(tmp_path, monkeypatch):
    recipe = Recipe.parse("bits=2 channels=4 batch_size=4 @90 associativity=1")
    timed = []
    monkeypatch.setattr(
        calibration_module, "Trainer", lambda recipe: timed.append(recipe) or Trainer(recipe)
    )
    calibration_module.calibrate(recipe, 0.01)
    assert timed[0].live(0)["associativity"] == 1
    run = TrainingRun("late", "one", recipe, 0.001, ("validation",))
    late = replace(SMALL, jobs=lambda: [run], report=lambda results: [], seeds=1)
    run_in(tmp_path, late)
    (done,) = stored(tmp_path).runs
    assert Recipe.parse(done.recipe).steps == 90
    later = replace(run, recipe=Recipe.parse("steps=9000 @8000 associativity=1"))
    assert later.on("cpu").events == later.recipe.events
    assert later.made("device=cpu steps=12000 @8000 associativity=1", later.budget, "cpu")
    assert not later.made("device=cpu steps=12000 @7000 associativity=1", later.budget, "cpu")


KILLED = """
import os, sys
import lcm_core.files.checkpoints, lcm_core.experiments.framework.work as work
from lcm_core.experiments.__main__ import main
work.SAVE_EVERY = 0
wanted, saves, replace = int(sys.argv.pop(1)), 0, os.replace
def killed(source, target):
    global saves
    if str(target).endswith(".pt"):
        saves += 1
        if saves == wanted:
            os.kill(os.getpid(), 9)
    replace(source, target)
os.replace = killed
main(sys.argv[1:])
"""


def test_a_killed_experiment_goes_on_to_the_results_of_one_left_alone(tmp_path):
    """Killed in the middle of writing the state of a run."""
    alone, killed = tmp_path / "alone", tmp_path / "killed"
    chosen = ("--only", "LCM · short", "--seeds", "1")
    command = [sys.executable, "-c", KILLED, "5", *flags(killed, *chosen)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert not (killed / "results").exists() or not stored(killed).runs
    (checkpoint,) = (killed / "checkpoints" / "small_experiment").glob("lcm*.pt")
    assert 0 < torch.load(checkpoint, weights_only=True)["step"] < 12
    assert main(flags(killed, *chosen)) == main(flags(alone, *chosen)) == 0
    assert len(timeless(stored(alone))) == 1
    assert timeless(stored(killed)) == timeless(stored(alone))
    left = {path.suffix for path in killed.rglob("*") if path.is_file()}
    assert left == {".json", ".pt", ""}  # results, checkpoints, the lock


def test_a_job_that_fails_is_told_of_and_tried_again(tmp_path, capsys):
    wild = TrainingRun(
        "wild", "short", replace(SMALL.jobs()[0].recipe, learning_rate=1e30), None, ("size 16",), 9
    )
    fine = replace(wild, row="fine", recipe=SMALL.jobs()[0].recipe)
    odd = replace(wild, row="odd", budget=1.0, steps=None)  # fails while it is calibrated
    broken = Measurement("broken", "short", lambda: 1 / 0)
    both = replace(SMALL, jobs=lambda: [wild, fine, odd, broken], seeds=1)
    with pytest.raises(JobsFailed, match="3 jobs failed:\nbroken · short: "):
        run_in(tmp_path, both)
    out = capsys.readouterr().out
    assert "failed: wild · short · seed 0: TrainingError: training stopped at step" in out
    assert "failed: odd · short · seed 0: TrainingError" in out
    assert "failed: broken · short: ZeroDivisionError" in out
    assert [run.row for run in stored(tmp_path).runs] == ["fine"]
    mended = replace(both, jobs=lambda: [replace(fine, row="wild"), fine])
    run_in(tmp_path, mended)
    assert [run.row for run in stored(tmp_path).runs] == ["wild", "fine"]


def test_the_command_says_that_jobs_failed(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("lcm_core.experiments.framework.work.calibrate", lambda *_: 1 / 0)
    assert main(flags(tmp_path, "--only", "sum · long")) == 1
    assert "2 jobs failed; the same command tries them again" in capsys.readouterr().err


def test_two_commands_at_once_are_refused(tmp_path, capsys):
    with locked(tmp_path / "checkpoints" / "small_experiment"):
        assert main(flags(tmp_path)) == 2
    assert "another command is at work on small_experiment" in capsys.readouterr().err


def test_ctrl_c_keeps_what_is_done(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("lcm_core.experiments.framework.work._by_split", _interrupt)
    assert main(flags(tmp_path, "--only", "LCM · short")) == 130
    assert "the same command goes on" in capsys.readouterr().err
    monkeypatch.undo()
    monkeypatch.setattr("lcm_core.training.Trainer._advance", _interrupt)  # nothing is to train
    assert main(flags(tmp_path, "--only", "LCM · short", "--seeds", "1")) == 0


def _interrupt(*_):
    raise KeyboardInterrupt


def test_what_is_defined_anew_runs_again_and_what_is_no_more_is_not_shown(tmp_path):
    run = SMALL.jobs()[-2]
    assert run.row == "LCM"
    one = replace(SMALL, jobs=lambda: [run], seeds=1)
    run_in(tmp_path, one)
    changed = replace(run, recipe=replace(run.recipe, associativity=0.2))
    other = replace(one, jobs=lambda: [changed])
    assert stored(tmp_path).results(other).finished == 0
    run_in(tmp_path, other)
    (made,) = stored(tmp_path).runs
    assert "associativity=0.2" in made.recipe
    split = replace(changed, splits=(*changed.splits, "size 128"))  # is only evaluated
    more = replace(one, jobs=lambda: [split])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("lcm_core.training.Trainer._advance", _interrupt)
        run_in(tmp_path, more)
    (again,) = stored(tmp_path).runs
    assert again.scores == {**made.scores, "size 128": again.scores["size 128"]}
    nothing = replace(one, jobs=lambda: [replace(run, row="another")])
    assert stored(tmp_path).results(nothing).finished == 0


def test_other_budgets_lie_in_files_of_their_own(tmp_path):
    run_in(tmp_path, SMALL, only="sum · short", seeds=1, budget=0.05)
    store = stored(tmp_path, "small_experiment-0.05s")
    assert store.command == f"python -m lcm_core.experiments {NAME} --seeds 1 --budget 0.05"
    assert [c.budget for c in store.calibrations] == [0.05]
    assert not (tmp_path / "results" / "small_experiment.json").exists()


@pytest.mark.slow
def test_jobs_side_by_side_give_the_same(tmp_path):
    one, two = tmp_path / "one", tmp_path / "two"
    run_in(one, SMALL)
    two.joinpath("results").mkdir(parents=True)
    begun = replace(stored(one), runs=[], measurements=[])  # the same calibration
    begun.write(two / "results")
    run_in(two, SMALL, jobs=2)
    assert len(stored(one).runs) == 10
    assert timeless(stored(two)) == timeless(stored(one))
    assert stored(two).measurements[0].values == {"threads": 1}


def test_the_file_names_machine_and_versions_but_no_person_or_place(tmp_path):
    machine = describe_machine("cpu")
    assert machine["versions"]["torch"] == torch.__version__
    text = json.dumps(machine)
    assert str(ROOT) not in text
    assert str(Path.home()) not in text
    assert __import__("socket").gethostname() not in text


def test_incomplete_results_are_shown_and_say_so(tmp_path):
    run_in(tmp_path, SMALL, only="LCM · short", seeds=1)
    markdown = render(tmp_path / "results").markdown
    assert markdown == render(tmp_path / "results").markdown
    assert "1 of 11 results are here." in markdown
    assert f"\n    python -m lcm_core.experiments {NAME}\n" in markdown
    assert "| LCM |" in markdown
    assert "| sum |" not in markdown
    assert "*best constant answer*" in markdown
    assert "![Two lines that rise with the seconds of training.](results/small_exp" in markdown


def made_up(row: str, seed: int, **scores: float) -> FinishedRun:
    constants = dict.fromkeys(scores, 0.5)
    return FinishedRun(row, "task", seed, None, "", "accuracy", True, dict(scores), constants)


def test_a_table_of_scores_has_medians_spreads_and_the_best_in_bold():
    runs = [made_up("a", seed, big=score) for seed, score in enumerate((0.9, 0.7, 0.8))]
    runs.append(made_up("b", 0, big=0.85, small=0.25))
    table = score_table(Results(["b", "a", "none"], ["task"], runs))
    assert table.headings == ["", "task, big", "task, small"]
    assert table.rows == [
        ["b", "**85.0%**", "25.0%"],
        ["a", "80.0% (70.0–90.0)", "–"],
        ["*best constant answer*", "50.0%", "50.0%"],
    ]
    errors = [replace(run, higher_is_better=False) for run in runs]
    table = score_table(Results(["b", "a"], ["task"], errors), [("big", "task", "big")], form=".2f")
    assert table.rows[1] == ["a", "**0.80 (0.70–0.90)**"]
    assert spread([]) == "–"


def test_a_run_needs_a_budget_or_steps():
    for budget, steps in ((None, None), (1.0, 1), (0.0, None), (None, 0)):
        with pytest.raises(ValueError, match="either a budget"):
            TrainingRun("a", "b", Recipe(), budget, ("size 16",), steps)
    with pytest.raises(ValueError, match="expected splits"):
        TrainingRun("a", "b", Recipe(), 1.0, ())


def test_unknown_names_are_answered(tmp_path, capsys):
    assert main(["no_such_experiment"]) == 2
    assert "unknown experiment" in capsys.readouterr().err
    assert main(["no_such.module"]) == 2
    assert "there is no module" in capsys.readouterr().err
    assert main(flags(tmp_path, "--only", "no such row")) == 2
    assert "no row or column contains 'no such row'" in capsys.readouterr().err
    (tmp_path / "results").mkdir()
    (tmp_path / "results" / "small_experiment.json").write_text("{}")
    assert main(flags(tmp_path)) == 2
    assert "no file of results" in capsys.readouterr().err


def made(name: str, module: str = "__main__") -> Experiment:
    return Experiment(name, "A title", "A question?", SMALL.jobs, SMALL.report, module=module)


@pytest.fixture
def registered():
    """Register for one test."""
    before = set(experiment_names())
    yield register_experiment
    for name in set(experiment_names()) - before:
        EXPERIMENTS.remove(name)


def test_every_definition_of_the_library_is_registered():
    modules = {path.stem for path in (ROOT / "lcm_core" / "experiments").glob("[!_]*.py")}
    definitions = {
        name
        for name in modules
        if hasattr(import_module(f"lcm_core.experiments.{name}"), "EXPERIMENT")
    }
    assert definitions == {name for name in experiment_names() if find_experiment(name).in_library}


def test_a_name_belongs_to_the_module_that_took_it(registered):
    first, again = made("mine"), made("mine")
    registered(first)
    registered(again)
    assert find_experiment("mine") is again is not first
    with pytest.raises(ValueError, match="the name 'mine' is taken"):
        registered(made("mine", module="my_project.mine"))
    registered(made("mine", module="my_project.mine"), replace=True)
    assert find_experiment("mine").address == "my_project.mine"
    with pytest.raises(ValueError, match="the library has the experiment 'hiv' already"):
        registered(made("hiv"), replace=True)
    with pytest.raises(TypeError, match="expected an Experiment"):
        registered("mine")


def test_an_experiment_is_found_by_its_name_or_its_module(registered):
    one, other = made("one", "tests.paths"), made("other", "tests.paths")
    registered(one)
    assert one.address == "tests.paths:one"
    for name in ("one", "tests.paths", "tests.paths:one"):
        assert find_experiment(name) is one
    registered(other)
    with pytest.raises(ValueError, match=r"registers tests\.paths:one, tests\.paths:other"):
        find_experiment("tests.paths")
    assert find_experiment("tests.paths:other") is other
    with pytest.raises(ValueError, match=r"to register the experiment 'oracles'.* none"):
        find_experiment("tests.oracles")
    assert Store("tests.paths:one", 5.0).name == "one-5s"
    assert find_experiment(NAME) is find_experiment("small_experiment")


def test_its_module_is_that_of_its_jobs_or_is_said():
    assert replace(made("mine"), jobs=partial(SMALL.jobs), module="").module == NAME
    assert made("mine", "my_project.trees").module == "my_project.trees"
    assert find_experiment("hiv").address == "hiv"


MODULE = """
from lcm_core.experiments import Experiment, TrainingRun, register_experiment
from lcm_core.operators import Operator
from lcm_core.operators.base import register_operator
from lcm_core.training import Recipe

@register_operator("first_of_two")
class FirstOfTwo(Operator):
    def forward(self, left, right):
        return left

def jobs():
    recipe = Recipe.parse("task=second_minimum bits=4 channels=8 readout=first_of_two")
    return [TrainingRun(row, "", recipe, steps=2, splits=("size 16",)) for row in ("one", "other")]

register_experiment(Experiment("mine", "A title", "A question?", jobs, list, seeds=1))
"""


@pytest.mark.slow
def test_workers_import_the_module_or_say_that_they_cannot(tmp_path, registered, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "operator_of_mine.py").write_text(MODULE)
    mine = find_experiment("operator_of_mine")
    assert run_in(tmp_path, mine, jobs=2).finished == 2
    lost = replace(mine, name="lost", module="no_such.module")
    with pytest.raises(JobsFailed, match=r"its process cannot import no_such\.module"):
        run_in(tmp_path, lost, jobs=2)
    OPERATORS.remove("first_of_two")


@pytest.mark.parametrize("wrong", [{"seeds": 0}, {"jobs": 0}, {"budget": float("inf")}])
def test_numbers_of_a_call_are_above_0(tmp_path, wrong):
    with pytest.raises(ValueError, match=f"expected {next(iter(wrong))} to be a number above 0"):
        run_in(tmp_path, SMALL, **wrong)


def test_the_call_of_a_notebook_is_shown_as_such(registered):
    registered(made("mine"))
    store = Store(find_experiment("mine").address, 5.0, "cuda", seeds=2)
    assert store.command == "run_experiment('mine', seeds=2, budget=5, device='cuda')"
    assert find_experiment(store.experiment) is find_experiment("mine")


@pytest.mark.parametrize("name", experiment_names())
def test_every_experiment_is_well_defined_and_shows_what_there_is(name):
    experiment = find_experiment(name)
    assert isinstance(experiment, Experiment)
    assert experiment.title
    assert experiment.question
    jobs = experiment.jobs()
    assert len({(job.row, job.column) for job in jobs}) == len(jobs) > 0
    training = [job for job in jobs if isinstance(job, TrainingRun)]
    for job in training:
        assert Recipe.parse(job.recipe.text()) == job.recipe
    store = Store(name)
    experiment.report(store.results(experiment))
    rng = np.random.default_rng(0)
    for done in (training[:1], training):
        for job in done:
            scores = {split: float(rng.random()) for split in job.splits}
            run = made_up(job.row, 0, **scores)
            laws = {law: float(rng.random()) for law in ("associativity", "order spread")}
            recipe = replace(job.recipe, steps=job.steps or 2000)
            resampled = {split: [0.1, 0.2, float(rng.random())] for split in job.resampled}
            run = replace(run, column=job.column, budget=job.budget, laws=laws, resampled=resampled)
            store.add_run(replace(run, recipe=replace(recipe, device="cpu").text()))
        parts = experiment.report(store.results(experiment))
        for picture in parts:
            if isinstance(picture, Picture):
                assert re.fullmatch(r"\w+", picture.name)
                assert len(picture.alt) > 40
                assert picture.draw().data is not None
    if training:
        assert any(isinstance(part, Table) and part.rows for part in parts)


def test_the_page_of_results_is_what_the_files_say():
    """If this fails: `make results`."""
    rendered = render(ROOT / "docs" / "results", CLAIMS)
    assert (ROOT / "docs" / "results.md").read_text(encoding="utf-8") == rendered.markdown
    for name in rendered.pictures:
        assert 1_000 < (ROOT / "docs" / "results" / name).stat().st_size < 1_000_000


def test_tables_and_pictures_stand_under_their_command():
    page = (ROOT / "docs" / "results.md").read_text(encoding="utf-8")
    introduction, *sections = re.split(r"^## ", page, flags=re.MULTILINE)
    assert not re.search(r"^\||!\[", introduction, re.MULTILINE)
    for section in sections:
        shown = re.search(r"^\||!\[", section, re.MULTILINE)
        command = re.search(r"^    python -m lcm_core\.experiments (\w+)", section, re.MULTILINE)
        assert command
        assert command[1] in experiment_names()
        assert shown is None or command.start() < shown.start()
