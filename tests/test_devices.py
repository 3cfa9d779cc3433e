"""Whatever takes an operator and elements works where the operator is, with the CPU's numbers.

On `tests.elsewhere`, a device that every machine has; and on CUDA where there is one.
"""

import copy
from contextlib import nullcontext

import numpy as np
import pytest
import torch
from torch_geometric.nn import aggr

import lcm_core
from lcm_core import (
    FoldAggregation,
    LCMAggregation,
    closure_population,
    gaussian_population,
    make_operator,
    operator_names,
    reduce,
)
from lcm_core.aggregations.pyg import Baseline
from lcm_core.depth.cost import measure
from lcm_core.depth.methods import make_method
from lcm_core.exercises import check_any_tree
from lcm_core.laws.deviations import measure_deviations, swap_difference
from lcm_core.laws.penalties import level_samples
from lcm_core.laws.worst_triple import worst_associativity
from lcm_core.operators import ordinary
from lcm_core.operators.devices import beside, device_of, on_cpu
from lcm_core.trees.tree import make_tree
from tests.devices import CUDA
from tests.elsewhere import ELSEWHERE, Elsewhere, second_device
from tests.oracles import ptr_of

SIZES = [3, 1, 6, 2]


@pytest.fixture(params=["elsewhere", CUDA])
def device(request):
    jaxtyped = second_device() if request.param == "elsewhere" else nullcontext("cuda")
    with torch.random.fork_rng(), jaxtyped as there:
        torch.manual_seed(0)
        yield torch.device(there)


def both(module, device):
    """A module on the CPU, and its like on the device."""
    return module, copy.deepcopy(module).to(device)


def near(one, other):
    """Numbers, arrays and tensors of the same values; and what is made of them."""
    if isinstance(one, torch.Tensor):
        return torch.allclose(one.cpu(), other.cpu(), atol=1e-4, rtol=1e-4, equal_nan=True)
    if isinstance(one, np.ndarray | float):
        return np.allclose(one, other, atol=1e-4, rtol=1e-3, equal_nan=True)
    if isinstance(one, tuple | list):
        return len(one) == len(other) and all(map(near, one, other))
    return one == other


def test_the_second_device_refuses_what_a_gpu_refuses():
    with second_device() as there:
        x = torch.ones(3, device=there)
        assert (x.device, (2 * x).sum().item()) == (ELSEWHERE, 6)
        assert type(torch.ones(3).to(there) + x) is Elsewhere
        with pytest.raises(RuntimeError, match="one device"):
            x + torch.ones(3)
        with pytest.raises(TypeError, match="numpy"):
            x.numpy()


@pytest.mark.parametrize("name", ["sum", "symmetrized_gru", "max", "cayley"])
def test_reductions(device, name):
    here, there = both(make_operator(name, 4), device)
    x, ptr = here.lift(torch.randn(12, 4)).detach(), ptr_of(SIZES)
    got = reduce(there, x.to(device), ptr.to(device))
    assert got.device.type == device.type
    assert near(got, reduce(here, x, ptr))


@pytest.mark.parametrize(
    ("name", "where", "kind"),
    [
        *((name, "cpu", "closure") for name in operator_names()),
        *(("gru", "there", kind) for kind in ("closure", "gaussian", "states")),
        *((name, "cpu", "states") for name in ("gru", "max")),
    ],
)
def test_laws(device, name, where, kind):
    here, there = both(make_operator(name, 4), device)
    elements = torch.randn(30, 4)
    population = {
        "closure": lambda x: closure_population(x, size=50),
        "gaussian": lambda x: gaussian_population(4, 50, device=x.device),
        "states": lambda x: beside(here, x) if x.device.type == "cpu" else x,
    }[kind]
    states = here.lift(elements).detach() if kind == "states" else elements
    moved = states if where == "cpu" else states.to(device)
    options = {"samples": 40, "search_steps": 2}
    want = lcm_core.law_report(here, population(states), **options)
    got = lcm_core.law_report(there, population(moved), **options)
    for law, error in want.items():
        assert near(error.values, got[law].values), law
        assert near(error.largest_found, got[law].largest_found), law


@pytest.mark.parametrize("law", ["commutativity", "associativity", "exchange"])
def test_maps(device, law):
    here, there = both(make_operator("gru", 3), device)
    population = closure_population(torch.randn(30, 3), size=40)
    want = lcm_core.law_map(here, population, law, 1.0, resolution=5, partners=4)
    got = lcm_core.law_map(there, population, law, 1.0, resolution=5, partners=4)
    assert near(want.values, got.values)
    one, other = want.probe(1, 2), got.probe(1, 2)
    assert near(one.errors, other.errors)
    assert near(one.sides, other.sides)
    assert near(one.difference, other.difference)


def test_spreads_folds_and_penalties(device):
    x, ptr = torch.randn(12, 4), ptr_of(SIZES)
    lcm, lcm_there = both(LCMAggregation(4, 4, operator="gru"), device)
    operator, operator_there = both(make_operator("gru", 4), device)
    fold, fold_there = both(FoldAggregation(4, 4), device)
    options = {"seed": 1}
    for spread, pairs in (
        (lcm_core.order_spread, [(lcm, lcm_there), (operator, operator_there), (fold, fold_there)]),
        (lcm_core.tree_spread, [(lcm, lcm_there), (operator, operator_there)]),
        (lcm_core.fold_exchange_error, [(fold, fold_there)]),
    ):
        for here, there in pairs:
            want = spread(here, x, ptr, **options).values
            assert near(want, spread(there, x, ptr, **options).values)
            assert near(want, spread(there, x.to(device), ptr.to(device), **options).values)
    assert near(
        lcm_core.sire_penalty(fold, x, ptr, torch.Generator().manual_seed(0)),
        lcm_core.sire_penalty(fold_there, x, ptr, torch.Generator().manual_seed(0)),
    )
    triple = [x, x.flip(0), x.roll(1, 0)]
    assert near(
        lcm_core.law_penalty(operator, "associativity", *triple),
        lcm_core.law_penalty(operator_there, "associativity", *triple),
    )
    drawn = level_samples([x.to(device), x.to(device)], 4, 2, torch.Generator().manual_seed(0))
    assert near(drawn, level_samples([x, x], 4, 2, torch.Generator().manual_seed(0)))


@pytest.mark.parametrize(
    "make",
    [
        lambda: LCMAggregation(4, 4, operator="gru"),
        lambda: FoldAggregation(4, 4),
        lambda: aggr.SumAggregation(),
        lambda: LCMAggregation(4, 4, project=False, operator="max"),
    ],
)
def test_certificates(device, make):
    here, there = both(make(), device)
    x, ptr = torch.randn(12, 4), ptr_of(SIZES)
    want = lcm_core.certify(here, x, ptr, orders=3, sizes=(1, 2))
    got = lcm_core.certify(there, x, ptr, orders=3, sizes=(1, 2))
    assert got.problems == want.problems
    assert near(got.order_spread.values, want.order_spread.values)
    assert near(got.batch_mates.largest, want.batch_mates.largest)
    assert got.empty.kind == want.empty.kind
    if want.laws is not None:
        assert near([e.values for e in want.laws.values()], [e.values for e in got.laws.values()])


def test_what_panels_show(device):
    pytest.importorskip("ipywidgets")
    from lcm_core.widgets.operators.catalog import Entry

    here, there = both(make_operator("gru", 4), device)
    states = torch.randn(4, 4)
    trees, edges = [make_tree("random", 4, k) for k in range(3)], np.array([[0, 1], [1, 2]])
    want = measure_deviations(here, states, trees, edges)
    got = measure_deviations(there, states, trees, edges)
    assert near(want.jumps, got.jumps)
    assert near(want.deviations, got.deviations)
    assert near(swap_difference(here, states, trees), swap_difference(there, states, trees))
    entry = Entry(there, states.to(device))
    assert device_of(entry.operator).type == entry.elements.device.type == "cpu"
    assert near(entry.operator(states, states), here(states, states))


def test_words_worst_cases_costs_and_checks(device, monkeypatch):
    here, there = both(make_operator("symmetrized_gru", 4), device)
    assert str(lcm_core.laws_in_words(there)) == str(lcm_core.laws_in_words(here))
    assert near(
        make_method("tree", there).log_gradients(torch.ones(5, 4)),
        make_method("tree", here).log_gradients(torch.ones(5, 4)),
    )
    assert measure("chain", 5, there, patience=0.0).depth == 4
    assert check_any_tree(there).passed == check_any_tree(here).passed
    table, table_there = both(make_operator("cayley", 4), device)
    monkeypatch.setattr(ordinary, "_PLAIN", (*ordinary._PLAIN, Elsewhere))  # as a GPU's tensors are
    assert near(worst_associativity(table).error, worst_associativity(table_there).error)


def test_any_aggregation_of_pyg(device):
    here, there = both(aggr.SoftmaxAggregation(learn=True), device)
    made = Baseline.around(there, 4)
    x, index = torch.randn(5, 4), torch.tensor([0, 2, 2, 0, 0])
    want = Baseline.around(here, 4)(x, index, dim_size=4)
    assert near(made(x.to(device), index.to(device), dim_size=4), want)


def test_a_module_is_where_its_tensors_are(device):
    here, there = both(make_operator("gru", 4), device)
    assert on_cpu(here) is here
    assert on_cpu(there) is not there
    assert device_of(on_cpu(there)).type == "cpu"
    assert device_of(there).type == beside(there, torch.ones(2)).device.type == device.type
    empty = torch.nn.ReLU()
    assert device_of(empty) is None
    assert on_cpu(empty) is empty
    assert beside(empty, torch.ones(2)).device.type == "cpu"
