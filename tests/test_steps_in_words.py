"""Reports say where rows took different numbers of steps, and conclude nothing there."""

import pytest

from lcm_core.experiments import Results, claims, find_experiment, hiv
from lcm_core.experiments.framework.results import Measured
from lcm_core.experiments.graph_properties import COLUMN
from lcm_core.experiments.molecule_data import DATA
from lcm_core.tasks.graphs.properties import PROPERTIES
from tests.test_claims import runs

NOTHING = "nothing follows about the aggregations"
COUNTS = {
    "molecules": 90,
    "unparsable": 0,
    "splits": {"train": 30, "validation": 30, "test": 30},
    "positives": {"train": 10, "validation": 10, "test": 10},
    "atom counts": 0.7,
}


def words(name: str, results: Results) -> str:
    return "\n".join(p for p in find_experiment(name).report(results) if isinstance(p, str))


@pytest.mark.parametrize(("steps", "said"), [(115, 0), (200, 1)])
def test_an_order_of_readouts_at_unlike_steps_says_so(steps, said):
    found = runs(hiv.COLUMN, "test", {"sum": [0.8], "GRU": [0.9]}, steps={"sum": steps})
    counts = [Measured(DATA, hiv.COLUMN, "", COUNTS)]
    text = words("hiv", Results(found.rows, found.columns, found.runs, counts, wanted=2))
    assert "In order: GRU 0.900, sum 0.800" in text
    assert text.count(NOTHING) == said


@pytest.mark.parametrize(("steps", "said"), [(115, 0), (200, 1)])
def test_the_lowest_errors_at_unlike_steps_say_so(steps, said):
    scores = {"sum": [-2.9, -2.8], "LCM": [-2.4, -2.3]}
    made = [
        run
        for name in PROPERTIES
        for run in runs(COLUMN, f"test: {name}", scores, False, steps={"sum": steps}).runs
    ]
    text = words("graph_properties", Results(["sum", "LCM"], [COLUMN], made))
    assert "The lowest median error has sum for distance" in text
    assert text.count(NOTHING) == said


@pytest.mark.parametrize(("steps", "said"), [(115, False), (200, True)])
def test_the_row_beside_lcm_on_the_second_minimum_has_its_steps_named(steps, said):
    scores = {"LCM": [0.9, 0.91], "GRU": [0.95, 0.96]}
    text = words(
        "second_minimum", runs("3 minutes", "size 16", scores, steps={"LCM": 100, "GRU": steps})
    )
    assert "the best row, GRU" in text
    assert (f"after 100 and {steps} steps" in text) == said


def test_what_has_one_seed_is_named_and_nothing_else():
    alone = runs("HIV", "test", {"sum": [0.8], "GRU": [0.9], "LCM": [0.7]})
    several = runs("HIV", "test", {"sum": [0.8, 0.81], "GRU": [0.9, 0.8], "LCM": [0.7, 0.7]})
    method, again = (claims.report({"hiv": each})[0] for each in (alone, several))
    assert "Not judged, since a row has one seed: HIV, readout." in method
    assert "one seed" not in again


def test_weights_that_validation_cannot_tell_apart_are_named():
    scores = {"0": [0.2], "0.1": [0.9], "0.3": [0.9], "1": [0.8], "3": [0.7], "10": [0.1]}
    found = runs("second minimum", "size 128", scores)
    text = words("weight_by_validation", found)
    assert "the weight would be 0.1, the first of those with the same one (0.3)." in text
