"""Many trained operators at once: from folders, races, and the menus."""

from pathlib import Path

import pytest

from lcm_core import law_report
from lcm_core.laws.populations import closure_population
from lcm_core.training.recipe import Recipe
from lcm_core.training.run_state import RunState, read_runs, save_runs
from lcm_core.training.trainer import Trainer
from lcm_core.widgets import CompareOperators, LawExplorer
from lcm_core.widgets.operators.catalog import Entry, operator_catalog
from tests.panels import text_of

RECIPE = "bits=4 channels=6 steps=2 batch_size=4 log_every=1 eval_splits=none readout="


def trained(readout: str) -> RunState:
    run = RunState(Recipe.parse(RECIPE + readout))
    run.trainer = run.make_trainer()
    run.records = list(run.trainer.records())
    return run


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two checkpoints of a trainer, a race of three runs, and a file that is none."""
    folder = tmp_path_factory.mktemp("checkpoints")
    for readout in ("sum", "symmetrized_gru"):
        run = trained(readout)
        assert run.trainer is not None
        run.trainer.save(folder / f"{readout}.pt")
    save_runs(folder / "race.pt", [trained(each) for each in ("gru", "max", "gru_fold")])
    (folder / "broken.pt").write_text("no checkpoint")
    (folder / "notes.txt").write_text("no checkpoint, and not called one")
    return folder


@pytest.fixture
def compare():
    made = []

    def make(*arguments, **options) -> CompareOperators:
        made.append(CompareOperators(*arguments, **options))
        assert made[-1]._worker.wait(60)
        return made[-1]

    yield make
    for panel in made:
        panel.close()
        assert panel._worker.wait(30)
    assert not operator_catalog.entries()


def test_a_folder_is_read_whole_and_what_cannot_be_read_costs_a_line(compare, folder) -> None:
    panel = compare(folder)
    assert panel.error == ""
    names = [each.name for each in panel.found]
    assert names == ["race.pt: gru", "race.pt: max", "sum.pt", "symmetrized_gru.pt"]
    assert list(panel.failed) == ["broken.pt", "race.pt: gru_fold"]
    said = text_of(panel.sentence)
    assert "broken.pt: cannot be read as a checkpoint" in said
    assert str(folder) not in said
    assert "gru_fold&#x27; has no operator on states" in said
    assert "4 operators" in said


def test_its_numbers_are_those_of_the_runs(compare, folder) -> None:
    panel = compare(folder, samples=200)
    by_name = {each.name: each for each in panel.found}
    trainer = Trainer.load(folder / "symmetrized_gru.pt")
    found = by_name["symmetrized_gru.pt"]
    assert found.score == trainer.evaluate("validation")
    assert (found.task, found.step) == (f"second_minimum: {trainer.task.metric_name}", 2)
    elements = Entry.of(trainer).elements
    report = law_report(
        trainer.model.aggregation.operator, closure_population(elements), samples=200
    )
    assert found.associativity == pytest.approx(report["associativity"].mean, rel=1e-5)
    assert found.commutativity == 0
    first, _, _ = read_runs(folder / "race.pt")
    assert by_name["race.pt: gru"].score == first.records[-1].metric
    rows = {row["name"]: row for row in panel.view.data["rows"]}
    assert rows["sum.pt"]["associativity"] == by_name["sum.pt"].associativity


def test_a_click_offers_the_operator_and_explorers_follow(compare, folder) -> None:
    panel = compare(folder)
    assert "compared" not in operator_catalog.entries()
    panel.view.value = {**panel.view.value, "name": "sum.pt"}
    assert "sum.pt is in all menus as compared" in text_of(panel.sentence)
    laws = LawExplorer("compared", samples=100)
    assert laws.subjects["compared"].operator.name == "sum"
    panel.view.value = {**panel.view.value, "name": "symmetrized_gru.pt"}
    assert laws.subjects["compared"].operator.name == "symmetrized_gru"
    assert laws.controls.population_menu.value == "closure"
    panel.view.value = {**panel.view.value, "sort": "name"}  # opens nothing
    assert panel.chosen == "symmetrized_gru.pt"
    assert laws.error == panel.error == ""
    panel.close()
    assert laws.subjects["compared"].operator.name == "symmetrized_gru"  # stays on show
    laws.close()


def test_operators_on_offer_are_compared_by_default(compare, folder) -> None:
    entry = Entry.of(Trainer.load(folder / "sum.pt"), 0.25)
    operator_catalog.offer("training: sum", entry.operator, entry.elements, entry.facts)
    try:
        panel = CompareOperators()
        assert panel._worker.wait(120)
        by_name = {each.name: each for each in panel.found}
        assert by_name["training: sum"].score == 0.25
        assert "trained: lcm" in by_name
        assert by_name["trained: lcm"].associativity < by_name["trained: lcm_plain"].associativity
        assert len(panel.task_menu.options) > 1
        assert panel.task_menu.layout.display is None
        for task in panel.task_menu.options:
            panel.task_menu.value = task
            assert {row["name"] for row in panel.view.data["rows"]} == {
                each.name for each in panel.found if each.task == task
            }
        panel.close()
    finally:
        operator_catalog.withdraw("training: sum")


def test_a_wrong_folder_is_explained(compare, tmp_path) -> None:
    assert "there is no file or folder" in compare(tmp_path / "none").error
    panel = compare(tmp_path)
    assert "has no checkpoints" in panel.error
    assert text_of(panel.sentence) == "No trained operator was found."
    with pytest.raises(ValueError, match="did you mean 'score'"):
        CompareOperators(sort="scores")
    with pytest.raises(TypeError, match="expected a folder or a file"):
        CompareOperators(["a.pt"])


def test_its_code_restores_it(compare, folder) -> None:
    panel = compare(str(folder))
    panel.view.value = {"name": "", "sort": "associativity", "down": False}
    other = eval(panel.code(), {"CompareOperators": compare})
    assert other.code() == panel.code()
    assert [each.name for each in other.found] == [each.name for each in panel.found]
    panel.source_text.value = str(folder / "race.pt")
    assert panel._worker.wait(60)
    assert [each.name for each in panel.found] == ["race.pt: gru", "race.pt: max"]
