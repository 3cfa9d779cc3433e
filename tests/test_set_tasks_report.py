"""The words on set tasks, from scores that are made up so that it is known what must be said."""

import pytest

from lcm_core.experiments.framework.base import Picture, Table
from lcm_core.experiments.framework.results import FinishedRun, Results
from lcm_core.experiments.set_tasks import COLUMNS, RATES, ROWS, jobs
from lcm_core.experiments.set_tasks_report import SIZES, show
from lcm_core.tasks import make_task

SPLITS = ("validation", *SIZES.values())
CONSTANT = 0.2


def run(row, seed, *scores, column="median", steps=100):
    return FinishedRun(
        row,
        column,
        seed,
        60.0,
        f"task=median steps={steps} seed={seed}",
        "exact match",
        True,
        dict(zip(SPLITS, scores, strict=True)),
        dict.fromkeys(SPLITS, CONSTANT),
        {"order spread": 0.5},
        parameters=1000,
    )


def shown(*runs):
    rows = list(dict.fromkeys(each.row for each in runs))
    return show(Results(rows, ["median"], runs), ["median"])


def words(parts):
    return " ".join(part for part in parts if isinstance(part, str))


def test_the_rows_are_trained_alike_and_every_size_is_a_split():
    runs = jobs()
    assert len(runs) == len(ROWS) * len(COLUMNS)
    assert len(ROWS) >= 8
    assert len(COLUMNS) == 6
    assert len({(r.recipe.channels, r.recipe.batch_size, r.recipe.bits) for r in runs}) == 1
    assert len({r.recipe.learning_rate for r in runs if r.row not in RATES}) == 1
    assert {r.budget for r in runs} == {60.0}
    for r in runs:
        assert set(r.splits) == set(make_task(r.recipe.task).splits)


def test_ahead_level_and_behind_are_told_apart():
    parts = shown(
        run("LCM", 0, 0.9, 0.9, 0.6, 0.5, 0.20),
        run("LCM", 1, 0.9, 0.8, 0.7, 0.4, 0.21),
        run("max", 0, 0.8, 0.5, 0.65, 0.7, 0.20),
        run("max", 1, 0.8, 0.6, 0.68, 0.8, 0.19),
    )
    text = words(parts)
    assert "Of 3 tasks and sizes where something was learned" in text
    assert "ahead of all others in every seed in 1 (median (16))" in text
    assert "level with the best within the spread of the seeds in 1 (median (32))" in text
    assert "behind in 1 (median (128))" in text
    assert "best constant answer by 4 standard errors (and 1%) at median (1,024)" in text
    assert "- median, size 128: max 75.0%, LCM 45.0%" in text
    assert "learned no less, but extrapolates less" in text  # 90 % against 80 % on training sizes
    leaders = next(part for part in parts if isinstance(part, Table))
    assert list(leaders.rows) == [
        ["LCM", "1 of 1", "1 of 1", "0 of 1", "0 of 1"],
        ["max", "0 of 1", "1 of 1", "1 of 1", "0 of 1"],
    ]


def test_what_the_regulariser_changes_is_said():
    text = words(
        shown(
            run("LCM", 0, 0.9, 0.9, 0.8, 0.7, 0.7),
            run("LCM", 1, 0.9, 0.9, 0.8, 0.6, 0.7),
            run("LCM + associativity", 0, 0.95, 0.8, 0.8, 0.8, 0.7),
            run("LCM + associativity", 1, 0.95, 0.8, 0.7, 0.9, 0.8),
            run("max", 0, 0.9, 0.95, 0.3, 0.8, 0.3),
        )
    )
    assert "every seed of LCM is better at median (128) and worse at median (16) than" in text
    assert "ahead of all others in every seed in 2 (median (32; 1,024))" in text
    assert "level with the best within the spread of the seeds in 1 (median (128))" in text
    assert "- median, size 16: max 95.0%, LCM + associativity 80.0%" in text


def test_a_loss_on_the_training_sizes_is_one_of_time():
    text = words(
        shown(
            run("LCM", 0, 0.3, 0.3, 0.3, 0.3, 0.3, steps=50),
            run("PNA", 0, 0.8, 0.8, 0.8, 0.8, 0.8, steps=150),
        )
    )
    assert text.count("(50 steps, against 150: nothing follows about the aggregations)") == 4


def test_the_best_constant_answer_is_the_first_row_and_the_best_is_bold():
    parts = shown(*(run(row, 0, *[score] * 5) for row, score in (("LCM", 0.5), ("sum", 0.7))))
    table = [part for part in parts if isinstance(part, Table)][1]
    assert table.caption == "Median: exact match."
    assert [row[0] for row in table.rows] == ["*best constant answer*", "LCM", "sum"]
    assert table.headings[-2:] == ["steps", "CPU s"]
    assert table.rows[0][1:] == ["20.0%"] * 4 + ["–"] * 2
    assert table.rows[1][-2:] == ["100", "0"]
    assert table.rows[2][1] == "**70.0%**"


def test_the_map_has_each_score_where_it_belongs():
    parts = shown(run("LCM", 0, 0.1, 0.2, 0.3, 0.4, 0.5), run("sum", 0, 0.9, 0.8, 0.7, 0.6, 0.5))
    picture = next(part for part in parts if isinstance(part, Picture))
    assert "median sum, 60% (a constant 20%)" in picture.alt
    maps = picture.draw().data
    assert [list(m.y) for m in maps] == [["LCM", "sum"]] * 4
    assert [m.z[0][0] for m in maps] == pytest.approx([0.2, 0.3, 0.4, 0.5])
    assert [m.z[1][0] for m in maps] == pytest.approx([0.8, 0.7, 0.6, 0.5])


def test_a_report_without_two_rows_says_so():
    assert shown(run("LCM", 0, 0.1, 0.2, 0.3, 0.4, 0.5)) == ["No two rows are finished yet."]
