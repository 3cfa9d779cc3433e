import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch_geometric.nn import aggr

from lcm_core import (
    LAWS,
    FoldAggregation,
    LCMAggregation,
    Operator,
    associativity_error,
    certify,
    closure_population,
    commutativity_error,
    encoded_population,
    exchange_error,
    fold_exchange_error,
    gaussian_population,
    identity_error,
    law_penalty,
    law_report,
    make_operator,
    order_spread,
    reduce,
    tree_spread,
)
from lcm_core.laws.penalties import level_samples
from tests.oracles import ptr_of

EXACT = ["k_smallest", "logsumexp", "max", "mean", "min", "sum"]


class Formula(Operator):
    """An operator given as a function."""

    name = "formula"

    def __init__(self, function, channels=1, identity=None):
        super().__init__(channels, identity=identity)
        self.function = function

    def forward(self, left, right):
        return self.function(left, right)


def broken(seed=0, channels=3):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        op = make_operator("gru", channels, learn_identity=True).double()
        torch.nn.init.normal_(op.identity)
        return op, torch.randn(50, channels, dtype=torch.double)


def spread_of(*outputs):
    u = torch.cat(outputs)
    return float((u - u.mean(0)).square().sum(-1).mean().sqrt())


def test_errors_are_as_the_design_defines_them():
    """Recomputed from the definitions, over the tuples that were drawn."""
    op, states = broken()
    samples, e = 40, op.identity.detach()
    with torch.no_grad():
        for law, arity in (("commutativity", 2), ("associativity", 3), ("identity", 1)):
            draw = torch.Generator().manual_seed(7)
            rows = torch.randint(len(states), (arity, samples), generator=draw)
            x, *rest = (states[r] for r in rows)
            if law == "commutativity":
                sides = [(op(x, rest[0]), op(rest[0], x))]
            elif law == "associativity":
                sides = [(op(op(x, rest[0]), rest[1]), op(x, op(rest[0], rest[1])))]
            else:
                sides = [(op(e.expand_as(x), x), x), (op(x, e.expand_as(x)), x)]
            s = spread_of(*[side for pair in sides for side in pair])
            want = torch.stack([(a - b).norm(dim=-1) for a, b in sides]).amax(0).numpy() / s
            got = law_report(op, states, [law], samples=samples, seed=7)[law]
            assert got.spread == pytest.approx(s)
            assert got.values == pytest.approx(want)
            assert got.mean == pytest.approx(want.mean())
            assert got.median == pytest.approx(np.median(want))
            assert got.p95 == pytest.approx(np.quantile(want, 0.95))
            assert got.max == pytest.approx(want.max())
            assert got.samples == samples
            half = 1.96 * want.std(ddof=1) / math.sqrt(samples)
            assert got.ci_low == pytest.approx(max(0, want.mean() - half))
            assert got.ci_high == pytest.approx(want.mean() + half)


def test_the_error_of_x_minus_y_is_known():
    """|(x − y) − (y − x)| / s = 2 |x − y| / (√2 σ), for normal x and y of mean 2 √(2 / π)."""
    op = Formula(lambda x, y: x - y)
    states = torch.randn(4000, 1, dtype=torch.double, generator=torch.Generator().manual_seed(0))
    got = commutativity_error(op, states, samples=20_000)
    assert got.ci_low < 2 * math.sqrt(2 / math.pi) < got.ci_high


@pytest.mark.parametrize("name", EXACT)
@given(seed=st.integers(0, 999), kind=st.sampled_from(["gaussian", "closure"]))
def test_exact_monoids_have_no_error_on_any_population(name, seed, kind):
    op = make_operator(name, 3).double()
    population = gaussian_population(3, 64, seed, dtype=torch.double)
    if kind == "closure":
        population = closure_population(population.elements, 64, seed=seed)
    report = law_report(op, population, samples=100, seed=seed, search_steps=3)
    assert list(report) == list(LAWS)
    for law, error in report.items():
        assert error.max < 1e-12, law
        assert error.largest_found < 1e-12, law


def test_exchange_speaks_of_folds_and_needs_an_identity_to_say_that_an_operator_commutes():
    states = torch.randn(200, 2, dtype=torch.double, generator=torch.Generator().manual_seed(0))
    assert exchange_error(Formula(lambda x, y: x + y, 2), states).max < 1e-14
    assert exchange_error(Formula(lambda x, y: x - y, 2), states).max < 1e-14
    assert exchange_error(Formula(lambda x, y: (x + y) / 2, 2), states).mean > 0.1
    assert exchange_error(broken(channels=2)[0], states).mean > 0.05


@given(shift=st.floats(-1e3, 1e3), scale=st.floats(1e-2, 1e2))
def test_neither_an_offset_nor_a_scale_hides_an_error(shift, scale):
    op, states = broken()

    def moved(x, y):
        return op((x - shift) / scale, (y - shift) / scale) * scale + shift

    with torch.no_grad():
        want = associativity_error(op, states, samples=50)
        got = associativity_error(Formula(moved, 3), states * scale + shift, samples=50)
    assert got.mean == pytest.approx(want.mean, rel=1e-6)


def test_a_constant_operator_is_reported_as_degenerate():
    op = Formula(lambda x, y: torch.zeros_like(x) + 1e6)
    report = law_report(op, torch.randn(20, 1))
    assert report["associativity"].degenerate
    assert "(degenerate)" in report.text()
    assert not commutativity_error(make_operator("sum", 1), torch.randn(20, 1)).degenerate


def test_gradient_ascent_finds_more_than_sampling_and_keeps_within_the_radius():
    op, _ = broken()
    population = gaussian_population(3, 100, dtype=torch.double)
    sampled = associativity_error(op, population, samples=100)
    searched = associativity_error(op, population, samples=100, search_steps=60)
    assert sampled.largest_found is None
    assert searched.max == sampled.max
    assert searched.largest_found > 1.1 * sampled.max

    # |x − y| over a ball of radius r about the mean is at most 2 r; ascent comes near it.
    states = population.elements
    radius = float((states - states.mean(0)).norm(dim=-1).max())
    found = commutativity_error(
        Formula(lambda x, y: x, 3), population, samples=100, search_steps=200
    )
    assert 1.9 * radius < found.largest_found * found.spread <= 2 * radius + 1e-9


def test_the_search_stops_when_told():
    asked = []

    def stop():
        asked.append(1)
        return len(asked) > 2

    op, states = broken()
    associativity_error(op, states, search_steps=1000, should_stop=stop)
    assert len(asked) == 3


def test_the_search_copes_with_steps_constants_and_infinite_states():
    states = torch.randn(50, 1)
    step = Formula(lambda x, y: (x > y).float())
    error = commutativity_error(step, states, search_steps=5)
    assert error.largest_found == error.max > 0
    for name in ("k_smallest", "max"):
        op = make_operator(name, 3)
        lifted = op.lift(torch.randn(50, 3))
        with_identity = torch.cat([lifted, op.identity[None]])
        for law in law_report(op, with_identity, search_steps=5).values():
            assert law.largest_found == 0


def test_closure_states_are_reductions_of_subsets():
    op = make_operator("max", 2)
    elements = torch.randn(30, 2)
    population = closure_population(elements, size=40, max_set_size=5, seed=3)
    states = population.states(op)
    assert states.shape == (40, 2)
    assert population.ptr.diff().max() <= 5
    for b, state in enumerate(states):
        rows = population.elements[population.ptr[b] : population.ptr[b + 1]]
        assert all((row == elements).all(1).any() for row in rows)
        assert len(rows.unique(dim=0)) == len(rows)
        assert torch.equal(state, rows.amax(0))


def test_populations_lift_their_elements():
    op = make_operator("mean", 2)
    elements = torch.randn(5, 2)
    assert torch.equal(encoded_population(elements).states(op), op.lift(elements))
    assert gaussian_population(2, 7).states(op).shape == (7, 3)


@pytest.mark.parametrize("law", LAWS)
def test_the_penalty_is_the_mean_squared_error_with_its_gradient(law):
    op, states = broken()
    arity = {"commutativity": 2, "identity": 1}.get(law, 3)
    tuples = [states[torch.randperm(50)] for _ in range(arity)]
    penalty = law_penalty(op, law, *tuples)
    (gradient,) = torch.autograd.grad(penalty, op.cell.weight_hh, retain_graph=True)
    assert gradient.abs().max() > 0
    e = op.identity
    x = tuples[0]
    y, z = (*tuples[1:], None, None)[:2]
    sides = {
        "commutativity": lambda: [(op(x, y), op(y, x))],
        "associativity": lambda: [(op(op(x, y), z), op(x, op(y, z)))],
        "identity": lambda: [(op(e.expand_as(x), x), x), (op(x, e.expand_as(x)), x)],
        "exchange": lambda: [(op(op(x, y), z), op(op(x, z), y))],
    }[law]()
    squared = torch.stack([(a - b).square().sum(-1) for a, b in sides]).amax(0).mean()
    u = torch.cat([side for pair in sides for side in pair])
    want = squared / (u - u.mean(0)).square().sum(-1).mean()
    assert float(penalty.detach()) == pytest.approx(float(want.detach()))
    (want_gradient,) = torch.autograd.grad(want, op.cell.weight_hh)
    assert torch.allclose(gradient, want_gradient, atol=1e-12)


def test_the_penalty_and_its_gradient_are_blind_to_the_scale_of_the_states():
    op, states = broken()
    tuples = [states[torch.randperm(50)] for _ in range(3)]
    scale = torch.tensor(0.01, dtype=torch.double, requires_grad=True)
    scaled = Formula(lambda x, y: scale * op(x / scale, y / scale), 3)
    got = law_penalty(scaled, "associativity", *(scale * x for x in tuples))
    want = law_penalty(op, "associativity", *tuples)
    assert float(got.detach()) == pytest.approx(float(want.detach()))
    (push,) = torch.autograd.grad(got, scale)
    assert abs(float(push)) < 1e-9


def test_level_samples_take_an_equal_share_of_every_level_of_the_tree():
    aggregation = LCMAggregation(1, 1, project=False, operator="sum")
    x = torch.ones(80, 1)
    with aggregation.recording() as recorded:
        aggregation(x, ptr=torch.arange(0, 81, 8))
    (levels,) = recorded
    drawn = level_samples(levels.states, 400, 3, torch.Generator().manual_seed(0))
    assert [len(states) for states in drawn] == [400] * 3
    for states in drawn:  # a sum of ones says the level that a state is from
        assert states.flatten().unique(return_counts=True)[1].tolist() == [100] * 4
    assert not torch.equal(drawn[0], drawn[1])  # the levels of a tuple mix
    assert not aggregation(x, ptr=torch.arange(0, 81, 8)).requires_grad


def test_order_spread_is_zero_for_sums_and_not_for_means_of_the_first_and_last():
    x, ptr = torch.randn(60, 2, dtype=torch.double), ptr_of([10, 20, 30])
    op = make_operator("sum", 2).double()
    assert order_spread(lambda x, ptr: reduce(op, x, ptr), x, ptr).max < 1e-13

    def first(x, ptr):
        return x[ptr[:-1]]

    got = order_spread(first, x, ptr, orders=400)
    for b, (start, end) in enumerate(zip(ptr[:-1], ptr[1:], strict=True)):
        rows = x[start:end]
        rms = float((rows - rows.mean(0)).square().sum(-1).mean().sqrt())
        assert got.values[b] * got.spread == pytest.approx(rms, rel=0.1)


def test_tree_spread_is_zero_for_monoids_and_not_for_a_gru():
    x, ptr = torch.randn(60, 4, dtype=torch.double), ptr_of([10, 20, 0, 30])
    for name in EXACT:
        op = make_operator(name, 4).double()
        assert tree_spread(op, op.lift(x), ptr).max < 1e-12, name
    op = make_operator("symmetrized_gru", 4).double()
    error = tree_spread(op, x, ptr)
    assert error.values[[0, 1, 3]].min() > 0.01
    assert error.values[2] == 0


def test_measuring_is_repeatable_and_leaves_the_global_generator_alone():
    op, states = broken()
    before = torch.random.get_rng_state()
    first, again = (law_report(op, states, samples=20, seed=1, search_steps=2) for _ in range(2))
    assert first["exchange"] == again["exchange"]
    assert first["exchange"] != law_report(op, states, samples=20, seed=2)["exchange"]
    assert torch.equal(before, torch.random.get_rng_state())


def test_the_report_is_a_table_of_every_law():
    op, states = broken()
    lines = law_report(op, states).text().splitlines()
    assert [line.split()[0] for line in lines[2:]] == list(LAWS)
    op = make_operator("gru", 3).double()
    assert "identity" not in law_report(op, states)


@pytest.mark.usefixtures("unchecked")
class TestBadInput:
    def test_unknown_law(self):
        op, states = broken()
        with pytest.raises(ValueError, match="unknown law 'asociativity': did you mean"):
            law_report(op, states, ["asociativity"])

    def test_identity_of_an_operator_without(self):
        with pytest.raises(ValueError, match="'gru' has no identity"):
            identity_error(make_operator("gru", 2), torch.randn(5, 2))

    def test_no_states(self):
        with pytest.raises(ValueError, match="expected states and samples, got 0"):
            associativity_error(make_operator("sum", 2), torch.randn(0, 2))

    def test_states_are_checked_as_those_of_a_reduction_are(self):
        op = make_operator("gru", 3)
        for wrong in (torch.randn(5, 4), torch.randn(5)):
            with pytest.raises(ValueError, match=r"expected x of shape \(N, d\) with d = 3"):
                law_report(op, wrong)
        with pytest.raises(TypeError, match=r"x is torch\.float64"):
            law_report(op, torch.randn(5, 3).double())
        states = torch.randn(5, 3)
        states[2, 1] = torch.nan
        with pytest.raises(ValueError, match=r"got nan at x\[2, 1\]"):
            law_report(op, states)

    def test_the_old_order_of_the_penalty_still_works(self):
        op, states = make_operator("mlp", 2), torch.randn(3, 5, 2)
        with pytest.warns(DeprecationWarning, match="now begins with the operator"):
            old = law_penalty("associativity", op, *states)
        assert torch.equal(old, law_penalty(op, "associativity", *states))

    def test_wrong_number_of_states(self):
        with pytest.raises(ValueError, match="associativity speaks of 3 states, got 2"):
            law_penalty(make_operator("sum", 2), "associativity", *torch.randn(2, 5, 2))

    def test_no_elements_and_no_sets(self):
        with pytest.raises(ValueError, match="at least 1 element"):
            closure_population(torch.randn(0, 2))
        with pytest.raises(ValueError, match="at least 1 set"):
            tree_spread(make_operator("sum", 2), torch.randn(0, 2), torch.tensor([0]))


class TestTheSecondArgumentIsPtr:
    """N = B + 1, where PyG's classes would take a ptr as an index in silence."""

    sizes = (3, 1, 1, 1, 0, 1, 1, 1)
    ptr = torch.tensor([0, *sizes]).cumsum(0)
    x = torch.randn(9, 2, generator=torch.Generator().manual_seed(0))

    @pytest.mark.parametrize(
        "aggregation",
        [
            LCMAggregation(2, 2, project=False, operator="max"),
            aggr.MaxAggregation(),
            make_operator("max", 2),
            torch.compile(aggr.MaxAggregation(), backend="eager"),
            lambda x, ptr: LCMAggregation(2, 2, project=False, operator="max")(x, ptr=ptr),
        ],
        ids=["ours", "PyG's", "operator", "compiled", "function"],
    )
    def test_the_order_spread_of_a_maximum_is_0(self, aggregation):
        assert len(self.x) == len(self.ptr)
        assert order_spread(aggregation, self.x, self.ptr).max < 1e-6

    def test_the_tree_spread_takes_aggregations_too(self):
        aggregation = LCMAggregation(2, 3)
        states = aggregation.lin(self.x).relu()
        found = tree_spread(aggregation, self.x, self.ptr).mean
        assert found == tree_spread(aggregation.operator, states, self.ptr).mean > 0
        with pytest.raises(TypeError, match="Operator"):
            tree_spread(aggr.SumAggregation(), self.x, self.ptr)

    def test_other_modules_and_other_bounds_are_refused(self):
        with pytest.raises(TypeError, match=r"a module that takes ptr="):
            order_spread(torch.nn.Linear(2, 2), self.x, self.ptr)
        fold = FoldAggregation(2, 2)
        index = torch.tensor([0, 0, 0, 1, 1, 1, 2, 2, 2])
        for wrong in (index, self.ptr[:-1], self.ptr * 2):
            for measure in (order_spread, fold_exchange_error):
                with pytest.raises(ValueError, match="to rise from 0 to N = 9"):
                    measure(fold, self.x, wrong)

    def test_certify_takes_ptr_as_ptr(self):
        sums = certify(aggr.SumAggregation(), self.x, self.ptr, sizes=(2,), sets_to_time=2)
        assert sums.sets == len(self.sizes)
        with pytest.raises(ValueError, match="to rise from 0 to N = 9"):
            certify(aggr.SumAggregation(), self.x, self.ptr[:-1])
