"""The Triton kernels on the CPU, under Triton's interpreter: `test_triton.py` runs it by pytest.

The interpreter computes tf32 as float32; so values and gradients are compared with the plain
definition in float64 as exactly as a kernel of the CPU is.
"""

import pickle

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lcm_core import LCMAggregation, ReductionPlan, explain_path, make_operator, reduce, use_kernels
from lcm_core.reduction import fused, paths
from lcm_core.reduction.on_device import DevicePlan, StaticPlan
from lcm_core.reduction.paths import choose_path, run
from lcm_core.reduction.ragged import make_plan

TOLERANCE = 2e-5
SIZES = [5, 1, 7, 2, 3, 16, 9]


@pytest.fixture(autouse=True)
def all_sizes(monkeypatch):
    monkeypatch.setattr(paths, "FEW", -1)


def operators(d):
    torch.manual_seed(0)
    fast = make_operator("symmetrized_gru", channels=d)
    exact = make_operator("symmetrized_gru", channels=d).double()
    exact.load_state_dict(fast.state_dict())
    return fast, exact


def states(n, *shape):
    torch.manual_seed(1)
    return torch.randn(n, *shape, requires_grad=True)


def results(operator, x, plan, all_levels, weights=None):
    """The roots, and the gradients of a loss that weighs roots, or all states, at random."""
    levels = run(plan, operator, x)
    torch.manual_seed(2)
    wanted = [levels.roots, *levels.states[1:]] if all_levels else [levels.roots]
    loss = sum((each * torch.randn(each.shape).to(each)).sum() for each in wanted)
    inputs = (x, *operator.operator.cell.parameters())
    found = torch.autograd.grad(loss, inputs, allow_unused=True)
    return levels.roots, *[
        torch.zeros_like(i) if g is None else g for i, g in zip(inputs, found, strict=True)
    ]


def compare(d, sizes, shape=(), tree="balanced", all_levels=False):
    fast, exact = operators(d)
    x = states(sum(sizes), *shape, d)
    plan = ReductionPlan.from_sizes(sizes, tree)
    assert choose_path(plan, fast, x).name == "fused"
    found = results(fast, x, plan, all_levels)
    exact_x = x.detach().double().requires_grad_()
    with use_kernels(False):
        wanted = results(exact, exact_x, plan, all_levels)
    for a, b in zip(found, wanted, strict=True):
        assert a.dtype is torch.float32
        assert (a - b).norm() <= TOLERANCE * b.norm()


@pytest.mark.parametrize("all_levels", [False, True])
@pytest.mark.parametrize("d", [8, 24, pytest.param(72, marks=pytest.mark.slow)])
def test_widths_that_are_no_multiple_of_a_tile(d, all_levels):
    compare(d, SIZES, all_levels=all_levels)


def test_sets_beside_one_another_in_memory():
    compare(16, [3, 1, 4], shape=(3,), all_levels=True)


@pytest.mark.parametrize("tree", ["left", "random"])
def test_other_trees(tree):
    compare(16, [6, 3, 1], tree=tree)


def test_more_pairs_than_a_part_of_the_gradients_holds(monkeypatch):
    monkeypatch.setattr(fused, "KEEP", 8 * 16 * 4 * 5)  # five pairs
    fused._keep.cache_clear()
    compare(16, SIZES, all_levels=True)
    fused._keep.cache_clear()


def maxima(x, ptr=None, index=None, num_sets=None):
    return reduce(make_operator("max", channels=8), x, plan=make_plan(x, ptr, index, num_sets))


@pytest.mark.slow
@settings(max_examples=10)
@given(sizes=st.lists(st.integers(0, 20), min_size=1, max_size=6), by=st.sampled_from("pis"))
def test_a_plan_made_by_kernels_reduces_as_one_made_by_the_host(sizes, by):
    """By ptr, index, or shuffled index."""
    compare_plans(sizes, by)


@settings(max_examples=4)
@given(sizes=st.lists(st.integers(0, 12), min_size=1, max_size=6), by=st.sampled_from("pis"))
def test_a_plan_made_by_kernels_reduces_small_sets_as_one_made_by_the_host(sizes, by):
    compare_plans(sizes, by)


def compare_plans(sizes, by):
    n = sum(sizes)
    if n == 0:
        return
    operator = make_operator("symmetrized_gru", channels=8, learn_identity=True)
    torch.manual_seed(3)
    index = torch.repeat_interleave(torch.arange(len(sizes)), torch.tensor(sizes))
    if by == "s":
        index = index[torch.randperm(n)]
    how = {"index": index, "num_sets": len(sizes)}
    if by == "p":
        how = {"ptr": torch.tensor([0, *sizes]).cumsum(0)}
    x = states(n, 8)
    plan = make_plan(x, **how, operator=operator)
    assert type(plan) is DevicePlan
    assert plan.depth == max((max(sizes) - 1).bit_length(), 0)
    found = reduce(operator, x, plan=plan)
    wanted = reduce(operator, x, plan=make_plan(x, **how))
    assert torch.allclose(found, wanted, atol=1e-6)
    rest = plan.whole
    assert (plan.num_pairs, plan.num_empty) == (rest.num_pairs, rest.num_empty)
    assert torch.equal(reduce(operator, x, plan=plan.to("cpu")), found)
    # Of the ordinary kind, with pairs in another order: BLAS may round their products otherwise.
    pickled = reduce(operator, x, plan=pickle.loads(pickle.dumps(plan)))
    assert torch.equal(pickled, reduce(operator, x, plan=rest))
    assert torch.allclose(pickled, found, atol=1e-6)
    assert torch.allclose(reduce(make_operator("max", channels=8), x, plan=plan), maxima(x, **how))


@pytest.mark.parametrize("ptr", [[0, 3, 2, 5], [1, 5], [0, 4], [0, 6], [0, -1, 5]])
def test_wrong_bounds_have_the_ordinary_errors(ptr):
    with pytest.raises(ValueError, match="expected ptr"):
        reduce(make_operator("symmetrized_gru", channels=8), states(5, 8), torch.tensor(ptr))


@pytest.mark.parametrize("index", [[0, 0, 2, 1, 3], [0, -1, 0, 0, 0]])
def test_wrong_sets_have_the_ordinary_errors(index):
    with pytest.raises(ValueError, match="expected index"):
        reduce(
            make_operator("symmetrized_gru", channels=8), states(5, 8),
            index=torch.tensor(index), num_sets=3,
        )  # fmt: skip


def test_an_element_that_is_not_finite_has_the_ordinary_error():
    x = states(5, 8).detach()
    x[3, 2] = torch.inf
    with pytest.raises(ValueError, match=r"x\[3, 2\]"):
        LCMAggregation(8, 8, project=False)(x, ptr=torch.tensor([0, 2, 5]))


def test_a_static_plan_serves_batches_of_different_sizes():
    operator, _ = operators(8)
    plan = StaticPlan(3, 6, 10, torch.device("cpu"))
    for sizes in ([1, 6, 2], [3, 3, 3], [1, 1, 1]):
        n = sum(sizes)
        x = states(n, 8)
        padded = torch.full((10, 8), torch.nan).index_copy(0, torch.arange(n), x.detach())
        padded.requires_grad_()
        plan.update(torch.tensor([0, *sizes]).cumsum(0))
        roots = run(plan, operator, padded).roots
        wanted = reduce(operator, x, plan=ReductionPlan.from_sizes(sizes))
        assert torch.allclose(roots, wanted, atol=1e-6)
        inputs = operator.operator.cell.weight_hh
        found = torch.autograd.grad(roots.sum(), (padded, inputs))
        [to_x] = torch.autograd.grad(wanted.sum(), x)
        assert torch.allclose(found[0][:n], to_x, atol=1e-6)
        assert (found[0][n:] == 0).all()
        assert found[1].isfinite().all()
    with pytest.raises(TypeError, match="StaticPlan"):
        reduce(make_operator("sum", channels=8), states(10, 8), plan=plan)


def test_second_derivatives_take_the_plain_way():
    operator, exact = operators(8)
    sizes, derivatives = [4, 5, 1], []
    for each, x in ((operator, states(10, 8)), (exact, states(10, 8).detach().double())):
        x.requires_grad_()
        result = reduce(each, x, plan=ReductionPlan.from_sizes(sizes))
        [first] = torch.autograd.grad(result.square().sum(), x, create_graph=True)
        inputs = (x, *each.operator.cell.parameters())
        derivatives.append(torch.autograd.grad(first.square().sum(), inputs))
    for a, b in zip(*derivatives, strict=True):
        assert torch.allclose(a.double(), b, rtol=1e-3, atol=1e-4)


def test_second_derivatives_of_a_frozen_operator():
    operator, x = operators(8)[0].requires_grad_(False), states(9, 8)
    found = []
    for kernels in (True, False):
        with use_kernels(kernels):
            result = reduce(operator, x, torch.tensor([0, 4, 9]))
            [first] = torch.autograd.grad(result.square().sum(), x, create_graph=True)
            found += torch.autograd.grad(first.square().sum(), x)
    assert torch.allclose(*found, rtol=1e-3, atol=1e-5)


def test_what_the_kernels_do_not_take_goes_another_way():
    operator, x = make_operator("symmetrized_gru", channels=8), states(9, 8)
    assert explain_path(operator, x).name == "fused"
    assert explain_path(operator.double(), x.double()).name == "kernel"
    assert (
        explain_path(make_operator("symmetrized_gru", channels=12), states(9, 12)).name == "kernel"
    )
    hook = operator.float().operator.cell.register_forward_hook(lambda *call: None)
    assert explain_path(operator, x).name == "definition"
    hook.remove()
    with use_kernels(False):
        assert explain_path(operator, x).name == "combine"


def test_no_elements_and_no_pairs():
    operator, _ = operators(8)
    x = states(3, 8)
    roots = reduce(operator, x, plan=ReductionPlan.from_sizes([1, 1, 1]))
    assert torch.equal(roots, x)
    parameters = tuple(operator.operator.cell.parameters())
    to_x, *to_parameters = torch.autograd.grad(roots.sum(), (x, *parameters))
    assert (to_x == 1).all()
    assert all((each == 0).all() for each in to_parameters)
    nothing = reduce(operator, x[:0], plan=ReductionPlan.from_sizes([0]))
    assert torch.equal(nothing, operator.identity[None])


def test_products_in_tf32_are_of_rounded_numbers(monkeypatch):
    """Of eleven bits: errors are of the size of 2⁻¹¹."""
    monkeypatch.setattr(torch, "get_float32_matmul_precision", lambda: "high")
    fast, exact = operators(16)
    x = states(40, 16)
    plan = ReductionPlan.from_sizes([16, 20, 4])
    found = results(fast, x, plan, all_levels=True)
    with use_kernels(False):
        wanted = results(exact, x.detach().double().requires_grad_(), plan, all_levels=True)
    for a, b in zip(found, wanted, strict=True):
        error = (a - b).norm() / b.norm()
        assert 1e-5 < error < 1e-3
