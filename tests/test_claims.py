"""The claims of the paper beside the results of the experiments."""

import pytest

from lcm_core.depth.cost import measure
from lcm_core.experiments import claims
from lcm_core.experiments.depth import column
from lcm_core.experiments.depth_words import NETWORK, TREE
from lcm_core.experiments.framework.results import FinishedRun, Measured, Results
from lcm_core.experiments.framework.tables import BETTER, LEVEL, WORSE, verdict
from lcm_core.widgets import show_claims
from lcm_core.widgets.results import show as results


def runs(column, split, scores, higher_is_better=True, constant=0.5):
    """Results with these scores, by row: one a seed."""
    made = [
        FinishedRun(
            row, column, seed, 1.0, "", "score", higher_is_better, {split: score}, {split: constant}
        )
        for row, some in scores.items()
        for seed, score in enumerate(some)
    ]
    return Results(list(scores), [column], made)


def cells(parts):
    """The table's cells, by question and heading."""
    table = parts[-1]
    return {row[0]: dict(zip(table.headings[1:], row[1:], strict=True)) for row in table.rows}


@pytest.mark.parametrize(
    ("ours", "theirs", "expected"),
    [
        ([0.8, 0.9], [0.6, 0.7], BETTER),
        ([0.6, 0.7], [0.8, 0.9], WORSE),
        ([0.6, 0.8], [0.7, 0.9], LEVEL),
        ([0.6, 0.9], [0.7, 0.8], LEVEL),
        ([0.7, 0.7], [0.7, 0.7], LEVEL),
        ([0.9], [0.6, 0.7], None),
        ([], [0.6, 0.7], None),
    ],
)
def test_scores_are_better_only_if_every_seed_is(ours, theirs, expected):
    assert verdict(ours, theirs) == expected
    turned = {BETTER: WORSE, WORSE: BETTER}.get(expected, expected)
    assert verdict(ours, theirs, higher_is_better=False) == turned
    assert verdict(theirs, ours) == turned


def test_each_claim_is_judged_by_the_best_of_each_kind():
    sets = runs(
        "parity",
        "size 128",
        {"sum": [0.5, 0.52], "max": [0.9, 0.8], "GRU": [0.5, 0.51], "GRU + SIRE": [0.6, 0.7],
         "LCM": [0.95, 0.99], "PyG's LCM": [1.0, 1.0]},
    )  # fmt: skip
    graphs = runs(
        "graph properties",
        "test",
        {"sum": [-2.9, -2.8], "GRU": [-2.4, -2.5], "LCM + associativity": [-2.6, -2.45]},
        higher_is_better=False,
    )
    _, first, second, third, _ = parts = claims.report(
        {"set_tasks": sets, "graph_properties": graphs}
    )
    assert f"{BETTER} at 1 (parity), {WORSE} at 1 (PNA benchmark)" in first
    assert f"{WORSE} at 2 (parity; PNA benchmark)" in second
    assert f"{BETTER} at 1 (parity), {LEVEL} at 1 (PNA benchmark)" in third
    shown = cells(parts)
    assert shown["parity"]["recurrent"] == "GRU + SIRE 65.0% (60.0–70.0)"
    assert shown["parity"]["LCM"] == "**97.0% (95.0–99.0)**"
    assert shown["parity"]["best constant answer"] == "50.0%"
    assert shown["PNA benchmark"]["sum"] == "**−2.85 (−2.90 to −2.80)**"
    assert shown["PNA benchmark"]["other invariant"] == "–"


def test_one_seed_is_shown_and_not_judged():
    parts = claims.report({"hiv": runs("HIV", "test", {"sum": [0.8], "GRU": [0.9], "LCM": [0.7]})})
    assert all("There are not enough seeds yet." in claim for claim in parts[1:4])
    assert cells(parts)["HIV, readout"]["recurrent"] == "GRU 0.900"


def test_depth_is_said_at_the_largest_size_that_both_are_measured_at():
    done = [
        Measured(row, column(n), "", measure(method, n, patience=0).as_json())
        for row, method, sizes in ((TREE, "tree", (2, 8, 32)), (NETWORK, "gru_fold", (2, 8)))
        for n in sizes
    ]
    found = {
        "hiv": runs("HIV", "test", {"sum": [0.8], "GRU": [0.9]}),
        "depth": Results([TREE, NETWORK], [], measurements=done),
    }
    third = claims.report(found)[3]
    assert "To reduce 8 elements" in third
    assert "3 levels" in third
    assert "a GRU 8 steps" in third


def test_a_notebook_shows_what_there_is_and_says_what_is_missing(tmp_path, monkeypatch):
    said = []
    monkeypatch.setattr(results, "display", lambda markdown: said.append(markdown.data))
    show_claims()
    assert "lcm_core.experiments set_tasks" in said[0]
    assert "**1. " in said[2]
    assert said[-1].count("|\n") > 10
    said.clear()
    show_claims(tmp_path)
    assert all(f"lcm_core.experiments {name}\n" in f"{said[0]}\n" for name in claims.SOURCES)
    assert len(said) == 1
