"""Chain and tree: depth and calls counted, gradients against plain loops and closed forms."""

import json
import math
import time

import numpy as np
import pytest
import torch

from lcm_core import make_operator
from lcm_core.depth.cost import Cost, Seconds, gaussian_set, measure, median_seconds
from lcm_core.depth.gradients import Stopped
from lcm_core.depth.methods import METHODS, BalancedTree, Chain, make_method
from lcm_core.experiments import Picture, Results, Table, depth
from lcm_core.experiments.framework.results import Measured
from lcm_core.operators import Operator
from lcm_core.seeding import Seeded


class Leaky(Operator):
    """x ⊕ y = factor · x + y: by a left fold of n, element t > 0 counts factor^(n − 1 − t)."""

    name = "leaky"

    def __init__(self, factor: float):
        super().__init__(channels=2)
        self.factor = factor
        self.calls = 0

    def forward(self, left, right):
        self.calls += 1
        return self.factor * left + right


def by_loop(operator, x):
    state = operator.lift(x[:1])
    for element in x[1:]:
        state = operator(state, operator.lift(element[None]))
    return operator.lower(state)


def by_halves(operator, states):
    """The balanced tree, for a power of two."""
    if len(states) == 1:
        return states
    half = len(states) // 2
    return operator(by_halves(operator, states[:half]), by_halves(operator, states[half:]))


def lengths(answer_of, x):
    """The length of the gradient at each element, in float64, from the Jacobian."""
    jacobian = torch.autograd.functional.jacobian(lambda x: answer_of(x)[0], x.double())
    return (jacobian.sum(0) / len(jacobian) ** 0.5).norm(dim=1).numpy()


def operator_of(name, channels=4):
    with Seeded(3):
        return make_operator(name, channels)


# Depth and calls --------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [1, 2, 3, 8, 9, 100])
def test_the_depth_is_that_of_the_calls_which_are_made(n: int) -> None:
    for method_of in (Chain, BalancedTree):
        operator = Leaky(0.5)
        method = method_of(operator)
        method.answer(gaussian_set(n, 2))
        assert method.depth(n) == operator.calls
    assert make_method("tree", "sum").depth(n) == math.ceil(math.log2(n))
    assert make_method("chain", "sum").depth(n) == n - 1
    assert make_method("gru_fold").depth(n) == make_method("pyg_gru").depth(n) == n


# Gradients --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["symmetrized_gru", "gru", "sum", "mean", "max", "k_smallest"])
@pytest.mark.parametrize("n", [1, 2, 32, 33, 64, 65])
def test_gradients_of_a_chain_are_those_of_the_plain_loop(name: str, n: int) -> None:
    operator, x = operator_of(name), gaussian_set(n, 4, seed=1)
    found = make_method("chain", operator).log_gradients(x)
    assert found.shape == (n,)
    expected = lengths(lambda x: by_loop(operator.double(), x), x)
    assert 10.0**found == pytest.approx(expected, rel=1e-9, abs=1e-300)


@pytest.mark.parametrize("name", ["symmetrized_gru", "sum", "mean", "max"])
def test_gradients_of_a_tree_are_those_of_its_definition(name: str) -> None:
    operator, x = operator_of(name), gaussian_set(64, 4)
    found = make_method("tree", operator).log_gradients(x)
    operator = operator.double()
    expected = lengths(lambda x: operator.lower(by_halves(operator, operator.lift(x))), x)
    assert 10.0**found == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("method", ["gru_fold", "pyg_gru"])
def test_gradients_of_a_recurrent_network_are_those_of_its_steps(method: str) -> None:
    made, x = make_method(method, channels=4), gaussian_set(70, 4)
    found = made.log_gradients(x)
    (rnn,) = made.module.double().children()
    cell = torch.nn.GRUCell(4, 4).double()
    for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
        setattr(cell, name, getattr(rnn, f"{name}_l0"))

    def steps(x):
        state = torch.zeros(1, 4, dtype=x.dtype)
        for element in x:
            state = cell(element[None], state)
        return state

    expected = lengths(steps, x)
    assert expected.min() < 1e-10
    assert 10.0**found == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("factor", [0.1, 10.0])
def test_a_chain_of_two_thousand_neither_underflows_nor_overflows(factor: float) -> None:
    n = 2000
    found = make_method("chain", Leaky(factor)).log_gradients(gaussian_set(n, 2))
    assert found == pytest.approx(math.log10(factor) * (n - 1 - np.arange(n)), abs=1e-9)
    measured = measure(Chain(Leaky(factor)), n, patience=0)
    assert (measured.first, measured.last) == (found[0], found[-1])
    if factor < 1:  # float32 knows nothing between 10^-45 and 0
        assert 44 <= measured.reached <= 46


def test_an_element_that_no_feature_of_the_largest_comes_from_has_no_gradient() -> None:
    x = gaussian_set(300, 4)
    where = torch.zeros(300)
    where[x.argmax(0)] = 1
    for method in ("chain", "tree"):
        found = make_method(method, "max", channels=4).log_gradients(x)
        assert np.array_equal(np.isfinite(found), where.bool().numpy())


def test_the_tree_of_a_sum_or_mean_gives_every_element_its_share() -> None:
    for method in ("tree", "chain"):
        x = gaussian_set(100, 4)
        assert make_method(method, "sum", 4).log_gradients(x) == pytest.approx(np.zeros(100))
        assert make_method(method, "mean", 4).log_gradients(x) == pytest.approx(np.full(100, -2.0))


# Measuring --------------------------------------------------------------------------------------


def test_a_measurement_says_what_was_measured() -> None:
    found = measure("chain", 200, "symmetrized_gru", channels=8, seed=5, patience=0.1)
    assert (found.method, found.operator) == ("chain", "symmetrized_gru")
    assert (found.n, found.channels, found.depth) == (200, 8, 199)
    assert 0 < found.forward.wall < found.backward.wall
    with Seeded(5):
        operator = make_operator("symmetrized_gru", 8)
    x = gaussian_set(200, 8, seed=5).requires_grad_()
    (by_loop(operator, x).sum() / 8**0.5).backward()
    assert found.reached == int((x.grad != 0).any(1).sum()) < 200
    assert found.first < -45 < found.last
    logs = make_method("chain", operator).log_gradients(x.detach())
    assert np.array_equal(found.log_gradients, logs[found.places])
    assert set(found.places) >= {0, 195, 198, 199}
    without = measure("gru_fold", 5, channels=3, gradients=False)
    assert math.isnan(without.first)
    assert len(without.places) == 0


def test_a_measurement_goes_through_json() -> None:
    found = measure("chain", 50, "max", channels=2, patience=0)
    again = Cost.from_json(json.loads(json.dumps(found.as_json(), allow_nan=False)))
    assert again.log_gradients == pytest.approx(found.log_gradients, abs=1e-4)
    assert not np.isfinite(again.log_gradients).all()
    for name in ("method", "operator", "n", "channels", "depth", "forward", "backward", "reached"):
        assert getattr(again, name) == getattr(found, name)
    assert again.places.tolist() == list(range(50))


def test_sets_of_every_size_begin_alike() -> None:
    assert torch.equal(gaussian_set(1000, 16, seed=2)[:7], gaussian_set(7, 16, seed=2))


def test_a_median_is_over_seven_runs_after_one_to_warm_up() -> None:
    waits = iter([0.05, *[0.001] * 3, 0.02, *[0.001] * 3])
    found = median_seconds(lambda: time.sleep(next(waits)), patience=10)
    assert found.runs == 7
    assert 0.001 <= found.wall < 0.015
    assert found.cpu < found.wall
    assert next(waits, None) is None
    assert median_seconds(lambda: time.sleep(0.01), patience=0).runs == 1
    assert median_seconds(lambda: time.sleep(0.02), patience=0.1).runs < 6


@pytest.mark.parametrize("looks", [1, 5, 25, 45, 70])
def test_a_chain_can_be_stopped_also_on_its_way_back(looks: int) -> None:
    left = iter(range(looks))
    with pytest.raises(Stopped):
        measure("chain", 5000, "sum", 4, patience=0, should_stop=lambda: next(left, None) is None)


def test_stopping_is_looked_at_between_the_runs_of_every_way() -> None:
    for method in METHODS:
        with pytest.raises(Stopped):
            measure(method, 4, channels=4, should_stop=lambda: True)


def test_wrong_calls_are_explained() -> None:
    with pytest.raises(ValueError, match="unknown way to reduce 'trees': did you mean 'tree'"):
        measure("trees", 4)
    with pytest.raises(ValueError, match="unknown operator 'summ'"):
        measure("tree", 4, "summ")
    with pytest.raises(ValueError, match="a set of at least 1 element, got n = 0"):
        measure("tree", 0)


# The experiment ---------------------------------------------------------------------------------


def made_up(row: str, n: int) -> dict:
    """A cost by rule: the tree takes 1 ms a level, everything else 1 ms an element."""
    tree = row.endswith("tree")
    seconds = 0.001 * (math.log2(n) if tree else n)
    cost = Cost(
        method=row,
        operator="",
        n=n,
        channels=64,
        depth=round(math.log2(n)) if tree else n - 1,
        forward=Seconds(9.0, seconds / 2, 1),
        backward=Seconds(9.0, seconds, 1),
        reached=n if tree else min(n, 45),
        places=np.array([0, n - 1]),
        log_gradients=np.array([-math.log10(n) if tree else -n / 10, 0.0]),
    )
    return cost.as_json()


def results_of(sizes) -> Results:
    found = [
        Measured(job.row, job.column, job.about, made_up(job.row, n))
        for job, n in zip(depth.jobs(), np.repeat(depth.SIZES, len(depth.ROWS)), strict=True)
        if n in sizes
    ]
    return Results(list(depth.ROWS), [depth.column(n) for n in depth.SIZES], (), found, 72)


def test_the_report_says_what_follows_from_the_numbers() -> None:
    parts = list(depth.EXPERIMENT.report(results_of([int(n) for n in depth.SIZES])))
    text = "\n".join(part for part in parts if isinstance(part, str))
    assert "At 131,072 elements the chain of the symmetrised GRU takes 7,710 times as long" in text
    assert "the tree grows 1.1-fold and that of the chain 4.0-fold" in text
    assert "is 10^−13,107.2: it falls by a factor of 1.26 with each further element" in text
    assert "in float32 45 elements get a gradient" in text
    assert "about n^−1.00 (a mean has n^−1), and reaches 131,072 of 131,072" in text
    tables = [part for part in parts if isinstance(part, Table)]
    assert all(len(row) == len(table.headings) for table in tables for row in table.rows)
    assert tables[0].rows[-1][:3] == ["131,072", "0.017 (0.0085)", "131 (65.5)"]
    pictures = [part for part in parts if isinstance(part, Picture)]
    assert [picture.name for picture in pictures] == ["times", "gradients"]
    drawn = {trace.name: trace for trace in pictures[1].draw().data if trace.showlegend}
    assert drawn["symmetrised GRU, chain"].y[-1] == pytest.approx(-13107.2)
    assert all(picture.alt and picture.draw().data for picture in pictures)


def test_the_report_of_a_part_says_what_there_is() -> None:
    assert depth.EXPERIMENT.report(results_of([])) == ["No measurement is finished yet."]
    parts = depth.EXPERIMENT.report(results_of([2, 8]))
    assert "At 8 elements" in parts[1]
    assert "Up to 2 elements" not in parts[1]


def test_every_job_of_the_experiment_measures_what_its_label_says() -> None:
    jobs = depth.jobs()
    assert len(jobs) == len(depth.ROWS) * len(depth.SIZES)
    for job in jobs[: len(depth.ROWS)]:  # two elements
        found = Cost.from_json(job.measure())
        assert found.n == 2
        assert found.method in job.about
        assert found.method == ("tree" if "tree" in job.row else depth.ROWS[job.row][0])
