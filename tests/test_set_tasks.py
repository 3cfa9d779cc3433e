"""Set tasks against plain Python over decoded integers, and their baselines against counting."""

import itertools
import math
import statistics

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lcm_core.tasks import SetTask, make_task, task_options
from lcm_core.tasks.base import seeded_generator
from lcm_core.tasks.sets.median import median_chances
from lcm_core.tasks.sets.sum_modulo import sum_modulo_distribution
from lcm_core.training.recipe import Recipe
from lcm_core.training.trainer import Trainer
from tests.test_tasks import integers, sets_of

#: The answer for one set, from its definition.
ORACLES = {
    "second_minimum": lambda s, k: sorted(s)[1],
    "parity": lambda s, k: len([v for v in s if v % 2 == 1]) % 2,
    "sum_modulo": lambda s, k: sum(s) % k,
    "distinct": lambda s, k: len(set(s)),
    "median": lambda s, k: statistics.median_low(s),
    "above_mean": lambda s, k: len([v for v in s if v * len(s) > sum(s)]),
}
SET_TASKS = list(ORACLES)
COUNTS = ["distinct", "above_mean"]
SMALL = "channels=8 steps=4 batch_size=16 eval_every=4 log_every=2 bits=4 eval_splits=none"


def answers_of(task: SetTask, y: torch.Tensor) -> list[int]:
    """The answers that targets, or outputs that are quite sure, stand for."""
    if task.metric_name == "exact match":
        return integers(2 * y - 1)
    return y.argmax(1).tolist() if task.metric_name == "accuracy" else y[:, 0].int().tolist()


def sure(task: SetTask, y: torch.Tensor) -> torch.Tensor:
    """Outputs that say the targets."""
    return y if task.metric_name.startswith("within") else 20 * (2 * y - 1)


def make(name: str, bits: int = 8, modulus: int = 10) -> SetTask:
    given = {"bits": bits, "modulus": modulus}
    options = {option: given[option] for option in task_options(name) if option in given}
    task = make_task(name, **options)
    assert isinstance(task, SetTask)
    return task


# --- answers


@pytest.mark.parametrize("name", SET_TASKS)
@given(
    st.integers(1, 12),
    st.integers(2, 12),
    st.lists(st.integers(2, 20), max_size=6),
    st.integers(0, 1000),
)
def test_answers_are_those_of_plain_python(name, bits, modulus, sizes, seed):
    task = make(name, bits, modulus)
    batch = task.draw(sizes, torch.Generator().manual_seed(seed))
    assert [len(elements) for elements in sets_of(batch)] == sizes == batch.sizes.tolist()
    assert batch.x.shape == (sum(sizes), bits)
    assert set(batch.x.unique().tolist()) <= {-1.0, 1.0}
    assert batch.y.shape == (len(sizes), task.out_features)
    assert answers_of(task, batch.y) == [ORACLES[name](s, modulus) for s in sets_of(batch)]


@pytest.mark.parametrize("name", SET_TASKS)
@given(st.data())
def test_answers_do_not_depend_on_the_order_and_bear_ties(name, data):
    task = make(name, bits=3, modulus=5)
    sets = data.draw(
        st.lists(st.lists(st.integers(0, 7), min_size=2, max_size=9), min_size=1, max_size=5)
    )
    values, sizes = torch.tensor([v for s in sets for v in s]), torch.tensor([len(s) for s in sets])
    wanted = [ORACLES[name](s, 5) for s in sets]
    assert answers_of(task, task.from_values(values, sizes).y) == wanted
    shuffled = torch.tensor([v for s in sets for v in data.draw(st.permutations(s))])
    assert answers_of(task, task.from_values(shuffled, sizes).y) == wanted


@pytest.mark.parametrize("name", SET_TASKS)
def test_large_sets_of_the_widest_integers_do_not_overflow(name):
    task = make(name, bits=24, modulus=1000)
    batch = task.draw([1024, 2, 1024], torch.Generator().manual_seed(0))
    assert answers_of(task, batch.y) == [ORACLES[name](s, 1000) for s in sets_of(batch)]


@pytest.mark.parametrize("name", SET_TASKS)
def test_a_set_of_one_has_an_answer_but_for_the_second_minimum(name):
    task = make(name)
    if name == "second_minimum":
        with pytest.raises(ValueError, match="at least 2 elements, got a set of 1"):
            task.draw([1], torch.Generator())
    else:
        batch = task.from_values(torch.tensor([7]), torch.tensor([1]))
        assert answers_of(task, batch.y) == [ORACLES[name]([7], 10)]
        with pytest.raises(ValueError, match="at least 1 element, got a set of 0"):
            task.draw([0], torch.Generator())


# --- data


@pytest.mark.parametrize("name", SET_TASKS)
def test_splits_have_their_sizes_and_number_of_sets(name):
    task = make(name)
    assert task.splits == ("validation", "size 16", "size 32", "size 128", "size 1024")
    assert "size 1024" not in task.further_splits  # it is slower
    for n in (16, 32, 128, 1024):
        batches = list(task.batches(f"size {n}"))
        assert {int(size) for batch in batches for size in batch.sizes} == {n}
        assert sum(batch.num_sets for batch in batches) == (256 if n == 1024 else 1024)
        assert max(len(batch.x) for batch in batches) <= 8192


def test_the_sets_of_the_second_minimum_are_those_that_they_always_were():
    """The first values of each split, from the generators alone, as the task first drew them."""
    for bits, (number, split) in itertools.product((8, 16), enumerate(("size 16", "size 128"))):
        position = {"size 16": 1, "size 128": 3}[split]
        drawn = torch.randint(
            2**bits,
            (256 * int(split[5:]),),
            generator=seeded_generator("cpu", 1, bits, position, 0),
        )
        batch = next(iter(make("second_minimum", bits).batches(split)))
        assert integers(batch.x[:50]) == drawn[:50].tolist(), number


@pytest.mark.parametrize("name", ["parity", "sum_modulo", "median", "second_minimum"])
def test_elements_are_uniform(name):
    batch = make(name, bits=2).draw([2] * 20_000, torch.Generator().manual_seed(0))
    counts = np.bincount(integers(batch.x), minlength=4)
    assert (abs(counts - 10_000) < 400).all()  # over four deviations


@pytest.mark.parametrize("bits", [1, 8, 16])
@pytest.mark.parametrize("name", COUNTS)
def test_counts_are_spread_so_that_the_size_does_not_say_them(name, bits):
    """With uniform elements, one constant would be within 5 % for 99 of 100 sets of 1,024."""
    task = make(name, bits)
    for split in ("size 16", "size 1024"):
        counts = torch.cat([batch.y for batch in task.batches(split)])
        assert len(counts.unique()) >= (2 if bits == 1 and name == "distinct" else 10)
        if bits > 1:
            assert counts.std() / counts.mean() > 0.25
            assert task.baseline(split) < 0.35


# --- scores


@pytest.mark.parametrize("name", SET_TASKS)
def test_outputs_that_say_the_targets_score_one_and_lose_nearly_nothing(name):
    task = make(name)
    batch = task.train_batch(0, 64, seed=0)
    assert task.metric(sure(task, batch.y), batch.y) == 1.0
    assert task.loss(sure(task, batch.y), batch).item() < 1e-6


@given(st.integers(0, 2000), st.floats(-100, 3000, width=32))
def test_a_count_is_right_within_five_percent_and_exactly_when_small(count, output):
    error = abs(round(output) - count)  # Python rounds halves to even, as torch does
    right = error == 0 if count < 20 else 20 * error <= count
    y = torch.tensor([[float(count)]])
    assert make("distinct").metric(torch.tensor([[output]]), y) == float(right)


@pytest.mark.parametrize("count", [5, 500])
def test_the_loss_of_a_count_is_in_tolerances(count):
    task = make("distinct")
    batch = task.from_values(torch.arange(16), torch.tensor([16]))
    batch.y[:] = count
    tolerance = max(0.5, 0.05 * count)
    for tolerances in (1.0, 2.0, 10.0):  # smooth L1: e² / 2 up to 1, then e − 1 / 2
        outputs = batch.y + tolerances * tolerance
        assert task.loss(outputs, batch).item() == pytest.approx(tolerances - 0.5, rel=1e-4)


@pytest.mark.parametrize("name", SET_TASKS)
def test_the_baseline_is_the_score_of_the_best_constant_answer(name):
    task = make(name, bits=3, modulus=5)
    for split in task.splits:
        batches = list(task.batches(split))
        y = torch.cat([batch.y for batch in batches])
        if name in COUNTS:
            constants = torch.arange(0.0, y.max().item() + 1)[:, None]
        else:
            answers = torch.arange(8 if task.metric_name == "exact match" else task.out_features)
            constants = sure(task, task.write(answers))
        best = max(task.metric(constant.expand_as(y), y) for constant in constants)
        exact = task.baseline(split)
        if task.exact_baseline:
            # The best of up to eight, on a sample: a deviation more than one answer's.
            assert abs(best - exact) < 5 * math.sqrt(exact * (1 - exact) / len(y)) + 1e-9
        else:
            assert best == exact


@pytest.mark.parametrize("sizes", [(1,), (2,), (3,), (5,), (2, 4), (2, 3, 4)])
def test_exact_distributions_agree_with_every_set_of_small_integers(sizes):
    medians, sums = np.zeros(4), np.zeros(3)
    for n in sizes:
        for elements in itertools.product(range(4), repeat=n):
            medians[statistics.median_low(elements)] += 1 / 4**n / len(sizes)
            sums[sum(elements) % 3] += 1 / 4**n / len(sizes)
    np.testing.assert_allclose(median_chances(np.arange(4), sizes, bits=2), medians, atol=1e-12)
    distribution = np.mean([sum_modulo_distribution(n, 2, 3) for n in sizes], axis=0)
    np.testing.assert_allclose(distribution, sums, atol=1e-12)


def test_the_chances_of_all_medians_of_large_sets_sum_to_one():
    assert median_chances(np.arange(256), (1024,), 8).sum() == pytest.approx(1)
    assert make("median", bits=24).baseline("size 128") == pytest.approx(
        make("median", bits=16).baseline("size 128") / 256, rel=1e-4
    )


def test_parity_has_even_chances_and_a_residue_nearly_equal_ones():
    for split in make("parity").splits:
        assert make("parity").baseline(split) == pytest.approx(0.5, abs=1e-12)
        assert 0.1 <= make("sum_modulo").baseline(split) < 0.1003


# --- recipes


@pytest.mark.parametrize("name", SET_TASKS)
def test_a_recipe_trains_each_task_and_its_description_says_the_baselines(name):
    trainer = Trainer(Recipe.parse(f"task={name} {SMALL}"))
    last = list(trainer.records())[-1]
    assert math.isfinite(last.loss)
    assert 0 <= last.metric <= 1
    assert trainer.task.bits == 4
    about = trainer.task.describe()
    assert "4-bit" in about
    assert f"size 1024 {trainer.task.baseline('size 1024'):.1%}" in about
    assert ("counted on" in about) == (name in COUNTS)


def test_the_modulus_of_a_recipe_is_that_of_its_task():
    trainer = Trainer(Recipe.parse(f"task=sum_modulo modulus=3 {SMALL}"))
    assert trainer.task.out_features == 3
    assert "modulo 3" in trainer.task.describe()
    with pytest.raises(ValueError, match="modulus must be from 2 to 1024, got 1"):
        Recipe(task="sum_modulo", modulus=1)
    with pytest.raises(ValueError, match="modulus must be from 2 to 1024, got 2000"):
        make("sum_modulo", modulus=2000)


@pytest.mark.parametrize("name", SET_TASKS)
@pytest.mark.parametrize("bits", [0, 25])
def test_bits_out_of_range_are_refused(name, bits):
    with pytest.raises(ValueError, match=f"bits must be from 1 to 24, got {bits}"):
        make_task(name, bits=bits)
