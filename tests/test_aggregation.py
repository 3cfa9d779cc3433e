import warnings
from typing import Optional

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn.utils.rnn import PackedSequence
from torch_geometric.nn import GATConv, GINConv, MessagePassing, SAGEConv
from torch_geometric.nn.aggr import LCMAggregation as PyGLCMAggregation
from torch_geometric.nn.aggr import MaxAggregation, MeanAggregation, MinAggregation, SumAggregation

from lcm_core import (
    FoldAggregation,
    LCMAggregation,
    ReductionPlan,
    make_operator,
    operator_names,
    reduce,
)
from lcm_core.aggregations import fold
from lcm_core.aggregations import lcm as aggregation
from lcm_core.models import networks as models
from lcm_core.models.networks import PlannedMessagePassing, make_model
from lcm_core.reduction.ragged import make_plan
from lcm_core.tasks import make_task
from tests.oracles import ptr_of


@pytest.fixture(autouse=True)
def _seeded():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        yield


def index_of(sizes):
    return torch.repeat_interleave(torch.arange(len(sizes)), torch.tensor(sizes))


# PyG's own tests of its class promise these three.


@pytest.mark.parametrize(("channels", "project"), [(32, True), (16, False)])
def test_repr_and_shape_are_those_of_pygs_class(channels, project):
    x, index = torch.randn(6, 16), torch.tensor([0, 0, 1, 1, 1, 2])
    ours, peer = (c(16, channels, project=project) for c in (LCMAggregation, PyGLCMAggregation))
    assert str(ours) == str(peer) == f"LCMAggregation(16, {channels}, project={project})"
    assert ours(x, index).shape == (3, channels)


def test_widths_that_differ_must_be_projected():
    with pytest.raises(ValueError, match="must be projected"):
        LCMAggregation(16, 32, project=False)


@pytest.mark.parametrize("n", [1, 2, 3, 5, 8, 13, 16])
@pytest.mark.parametrize("project", [True, False])
def test_from_pyg_equals_pyg_where_nothing_is_padded(n, project):
    peer = PyGLCMAggregation(16, 16, project=project)
    ours = LCMAggregation.from_pyg(peer)
    x, index = torch.randn(20 * n, 16), index_of([n] * 20)
    a, b = x.clone().requires_grad_(), x.clone().requires_grad_()
    got, want = ours(a, index), peer(b, index)
    assert torch.allclose(got, want, atol=1e-6, rtol=0)
    weights = torch.randn_like(got)
    (got * weights).sum().backward()
    (want * weights).sum().backward()
    assert torch.allclose(a.grad, b.grad, atol=1e-5)
    ours_cell, peer_cell = ours.operator.operator.cell, peer.gru_cell
    for mine, theirs in zip(ours_cell.parameters(), peer_cell.parameters(), strict=True):
        assert n == 1 or torch.allclose(mine.grad, theirs.grad, atol=1e-4)


def test_from_pyg_keeps_dtype_and_gives_each_set_what_pyg_gives_it_alone():
    peer = PyGLCMAggregation(8, 8).double()
    ours = LCMAggregation.from_pyg(peer, empty="zero")
    sizes = [3, 9, 1, 0, 4]
    x, ptr = torch.randn(17, 8, dtype=torch.double), ptr_of(sizes)
    got = ours(x, ptr=ptr)
    for b, n in enumerate(sizes):
        if n:
            alone = peer(x[ptr[b] : ptr[b + 1]], torch.zeros(n, dtype=torch.long))
            assert torch.allclose(got[b], alone[0], atol=1e-12)
    assert torch.equal(got[3], torch.zeros(8, dtype=torch.double))


@pytest.mark.parametrize(
    ("name", "peer"),
    [
        ("sum", SumAggregation()),
        ("max", MaxAggregation()),
        ("min", MinAggregation()),
        ("mean", MeanAggregation()),
    ],
)
def test_fixed_monoids_are_pygs_aggregations_empty_sets_too(name, peer):
    ours = LCMAggregation(5, 5, project=False, operator=name)
    index = torch.tensor([4, 0, 2, 0, 4, 4, 0])
    x = torch.randn(7, 5)
    assert torch.allclose(ours(x, index, dim_size=6), peer(x, index, dim_size=6), atol=1e-6)


@pytest.mark.parametrize("name", operator_names())
def test_it_lifts_reduces_and_lowers(name):
    op = make_operator(name, 4)
    ours = LCMAggregation(4, op.out_channels, project=False, operator=op, empty="zero")
    x, sizes = torch.randn(9, 4), [2, 0, 4, 3]
    filled = [n for n in sizes if n]
    want = op.lower(reduce(op, op.lift(x), ptr_of(filled)))
    got = ours(x, index_of(sizes), dim_size=4)
    assert torch.allclose(got[[0, 2, 3]], want, atol=1e-6)
    assert torch.equal(got[1], torch.zeros(op.out_channels))


def test_empty_sets_give_the_lowered_identity_or_zero_or_an_error():
    x, ptr = torch.randn(2, 4), torch.tensor([0, 2, 2])
    learned = LCMAggregation(4, 4)
    torch.nn.init.normal_(learned.operator.identity)
    assert torch.equal(learned(x, ptr=ptr)[1], learned.operator.identity)
    assert LCMAggregation(4, 4, operator="max")(x, ptr=ptr)[1].abs().max() == 0
    with pytest.raises(ValueError, match="'gru' has no identity"):
        LCMAggregation(4, 4, operator="gru")(x, ptr=ptr)
    assert LCMAggregation(4, 4, operator="gru", empty="zero")(x, ptr=ptr)[1].abs().max() == 0
    nothing = learned(torch.randn(0, 4), ptr=torch.tensor([0, 0, 0]))
    assert torch.equal(nothing, learned.operator.identity.expand(2, 4))
    assert learned(torch.randn(0, 4), ptr=torch.tensor([0])).shape == (0, 4)


class Neighbours(MessagePassing):
    def forward(self, x, edge_index):
        return self.propagate(edge_index, x=x)


@pytest.mark.parametrize("make", [LCMAggregation, FoldAggregation])
class TestCallSignature:
    def test_index_ptr_and_neither_agree(self, make):
        ours, sizes = make(6, 5), [3, 1, 4]
        x = torch.randn(8, 6)
        want = ours(x, ptr=ptr_of(sizes))
        assert torch.equal(ours(x, index_of(sizes)), want)
        assert torch.allclose(ours(x[:3])[0], want[0], atol=1e-6)

    def test_an_unsorted_index_keeps_the_order_within_sets(self, make):
        ours, x = make(6, 5), torch.randn(6, 6)
        index = torch.tensor([1, 0, 1, 0, 2, 1])
        want = ours(x[[1, 3, 0, 2, 5, 4]], ptr=torch.tensor([0, 2, 5, 6]))
        assert torch.allclose(ours(x, index), want, atol=1e-6)

    def test_dim_size_adds_empty_sets(self, make):
        ours, x = make(6, 5), torch.randn(3, 6)
        assert ours(x, torch.tensor([0, 0, 1]), dim_size=4).shape == (4, 5)
        assert torch.equal(ours(x, dim_size=2), ours(x, ptr=torch.tensor([0, 3, 3])))
        with pytest.raises(ValueError, match="below num_sets = 1, got index"):
            ours(x, torch.tensor([0, 0, 1]), dim_size=1)
        with pytest.raises(ValueError, match="dim_size"):
            ours(x, ptr=torch.tensor([0, 3]), dim_size=2)

    @pytest.mark.parametrize(
        ("shape", "dim"), [((3, 2, 7, 6), -2), ((7, 3, 6), 0), ((3, 7, 2, 6), 1)]
    )
    def test_dim_says_where_the_elements_are(self, make, shape, dim):
        ours, x, index = make(6, 5), torch.randn(shape), torch.tensor([0, 1, 0, 2, 2, 2, 0])
        got = ours(x, index, dim=dim)
        moved = x.movedim(dim, 0).flatten(1, -2)
        each = torch.stack([ours(moved[:, k], index) for k in range(moved.shape[1])], 1)
        rest = [size for k, size in enumerate(shape[:-1]) if k != dim % len(shape)]
        want = each.view(3, *rest, 5).movedim(0, dim)
        assert torch.allclose(got, want, atol=1e-6)

    def test_a_sets_result_does_not_depend_on_its_batch(self, make):
        ours, sizes = make(6, 5), [1, 3, 0, 9, 2, 64]
        x, ptr = torch.randn(sum(sizes), 6), ptr_of(sizes)
        together = ours(x, ptr=ptr)
        for b, n in enumerate(sizes):
            alone = ours(x[ptr[b] : ptr[b + 1]], ptr=torch.tensor([0, n]))
            assert torch.allclose(alone[0], together[b], atol=1e-6)

    @pytest.mark.parametrize("layer", ["sage", "gin", "gat", "own"])
    def test_it_is_an_aggr_of_any_message_passing_layer(self, make, layer):
        edge_index = torch.tensor([[0, 2, 1, 3, 0], [1, 1, 0, 1, 3]])
        x = torch.randn(5, 6, requires_grad=True)
        aggregation = make(6, 6)
        conv = {
            "sage": lambda: SAGEConv(6, 4, aggr=aggregation),
            "gin": lambda: GINConv(torch.nn.Linear(6, 4), aggr=aggregation),
            "gat": lambda: GATConv(6, 6, heads=2, concat=False, aggr=aggregation),
            "own": lambda: Neighbours(aggr=aggregation),
        }[layer]()
        out = conv(x, edge_index)
        assert out.shape == (5, 6 if layer in ("own", "gat") else 4)
        out.square().sum().backward()
        assert x.grad.abs().sum() > 0
        if layer == "own":
            into_1 = aggregation(x[[0, 2, 3]])[0]
            assert torch.allclose(out[1], into_1, atol=1e-6)

    def test_state_dict_round_trip(self, make):
        ours, other, x = make(6, 5), make(6, 5), torch.randn(4, 6)
        other.load_state_dict(ours.state_dict())
        assert torch.equal(ours(x), other(x))
        other.reset_parameters()
        assert not torch.equal(ours(x), other(x))


def test_a_plan_can_be_given():
    ours, x = LCMAggregation(6, 5), torch.randn(8, 6)
    plan = ReductionPlan.from_sizes([3, 1, 4])
    assert torch.equal(ours(x, plan=plan), ours(x, ptr=ptr_of([3, 1, 4])))
    with pytest.raises(ValueError, match="the plan is for 8 elements"):
        ours(torch.randn(9, 6), plan=plan)


class PlannedNeighbours(PlannedMessagePassing):
    def forward(self, x, edge_index, plan: Optional[ReductionPlan] = None):  # noqa: UP045
        return self.propagate(edge_index, x=x, plan=plan)


@pytest.mark.parametrize("make", [LCMAggregation, FoldAggregation])
def test_message_passing_can_be_given_a_plan_and_need_not(make):
    edge_index = torch.tensor([[0, 2, 1, 3, 0], [1, 1, 0, 1, 3]])
    x, layer = torch.randn(5, 6), PlannedNeighbours(aggr=make(6, 6))
    want = Neighbours(aggr=layer.aggr_module)(x, edge_index)
    assert torch.equal(layer(x, edge_index), want)
    if make is LCMAggregation:
        plan = make_plan(x[edge_index[0]], None, edge_index[1], 5)
        assert torch.allclose(layer(x, edge_index, plan), want, atol=1e-6)


def test_the_layers_of_a_graph_model_share_one_plan(monkeypatch):
    task = make_task("bbbp")
    model = make_model(task, "symmetrized_gru", 8, layers=3, neighbors="symmetrized_gru")
    batch, made = next(iter(task.batches("validation", torch.device("cpu")))), []

    def counted(*args, **options):
        made.append(options)
        return make_plan(*args, **options)

    for module in (aggregation, models):
        monkeypatch.setattr(module, "make_plan", counted)
    got = model(batch)
    assert len(made) == 2  # of the neighbours, and of the graphs
    monkeypatch.setattr(models, "LCMAggregation", FoldAggregation)  # none is found to be shared
    assert torch.allclose(model(batch), got, atol=1e-5)
    assert len(made) == 2 + 3 + 1


@pytest.mark.parametrize("tree", ["left", "random"])
def test_the_tree_can_be_chosen(tree):
    ours = LCMAggregation(6, 6, project=False, tree=tree, seed=3)
    x = torch.randn(9, 6)
    assert torch.equal(ours(x), reduce(ours.operator, x, tree=tree, seed=3))


def test_recording_keeps_the_states_that_the_trees_met_and_nothing_after():
    ours, x = LCMAggregation(6, 5), torch.randn(8, 6)
    with ours.recording() as recorded:
        out = ours(x)
    assert [len(states) for states in recorded[0].states] == [8, 4, 2, 1]
    assert torch.equal(recorded[0].states[3], out)
    ours(x)
    assert len(recorded) == 1
    with ours.recording() as outer:
        with ours.recording() as inner:
            ours(x)
        ours(x)
    assert (len(outer), len(inner)) == (1, 1)


@pytest.mark.parametrize("cell", ["gru", "lstm"])
def test_a_fold_takes_n_steps_of_the_cell_from_zero(cell):
    ours = FoldAggregation(3, 4, cell=cell)
    one = {"gru": torch.nn.GRUCell, "lstm": torch.nn.LSTMCell}[cell](3, 4)
    one.load_state_dict({k.removesuffix("_l0"): v for k, v in ours.rnn.state_dict().items()})
    sizes = [2, 0, 5, 1]
    x, ptr = torch.randn(8, 3), ptr_of(sizes)
    got = ours(x, ptr=ptr)
    for b in range(4):
        hidden = torch.zeros(1, 4)
        state = hidden if cell == "gru" else (hidden, hidden)
        for row in x[ptr[b] : ptr[b + 1]]:
            state = one(row[None], state)
        want = state if cell == "gru" else state[0]
        assert torch.allclose(got[b], want[0], atol=1e-6)


@pytest.mark.parametrize("cell", ["gru", "lstm"])
@given(sizes=st.lists(st.integers(0, 40), max_size=8), seed=st.integers(0, 99))
def test_a_packing_reads_each_set_in_its_order_whatever_the_sizes(cell, sizes, seed):
    ours, draw = FoldAggregation(2, 3, cell=cell).double(), torch.Generator().manual_seed(seed)
    x = torch.randn(sum(sizes), 2, dtype=torch.float64, generator=draw)
    index = torch.repeat_interleave(torch.arange(len(sizes)), torch.tensor(sizes).long())
    index = index[torch.randperm(len(x), generator=draw)]
    for _ in range(2):  # the second time it is remembered
        got = ours(x, index, dim_size=len(sizes))
        assert got.shape == (len(sizes), 3)
        for b in range(len(sizes)):
            assert torch.allclose(got[b], ours(x[index == b])[0], atol=1e-12)
    wide = ours(torch.stack([x, 2 * x], 1), index, dim_size=len(sizes), dim=0)
    assert torch.allclose(wide[:, 0], got, atol=1e-12)


@pytest.mark.parametrize("cell", ["gru", "lstm"])
@pytest.mark.parametrize("sizes", [[3, 0, 7, 5, 6], [4, 4, 3], [1, 2], [2, 1, 2, 1]])
def test_a_fold_that_pads_as_on_a_gpu_gives_what_one_that_packs_gives(monkeypatch, cell, sizes):
    ours, x = FoldAggregation(3, 4, cell=cell), torch.randn(sum(sizes), 3, requires_grad=True)
    weights, steps, found = torch.randn(len(sizes), 4), [], []
    for padding in ((), ("cpu",)):
        monkeypatch.setattr(fold, "PADDING", padding)
        fold.RECENT_PACKINGS.clear()
        result = ours(x, ptr=ptr_of(sizes))
        gradients = torch.autograd.grad((result * weights).sum(), (x, *ours.parameters()))
        found.append((result, *gradients))
        hook = ours.rnn.register_forward_hook(lambda rnn, x, y: steps.append(type(x[0])))
        ours(x, ptr=ptr_of(sizes))  # a hook sees what it always has
        hook.remove()
    for packed, padded in zip(*found, strict=True):
        assert torch.allclose(packed, padded, atol=1e-5)
    assert steps == [PackedSequence] * 2


def test_a_fold_of_equal_sizes_sorts_and_gathers_nothing():
    """A view and a copy step by step; the second call finds how to read the sets."""
    ours, x = FoldAggregation(4, 4), torch.randn(60, 4, requires_grad=True)
    index = torch.arange(15).repeat_interleave(4)
    for _ in range(2):
        with torch.profiler.profile() as profile:
            ours(x, index, dim_size=15).sum().backward()
    called = {event.name for event in profile.events()}
    assert not called & {"aten::index_select", "aten::sort", "aten::index_copy", "aten::bucketize"}
    assert "aten::gru" in called


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize("sizes", [[4] * 15, [3, 0, 7, 1, 16]])
@pytest.mark.parametrize("cell", ["gru", "lstm"])
def test_on_a_gpu_a_fold_waits_once_and_gives_what_the_cpu_gives(cell, sizes):
    ours, x = FoldAggregation(4, 4, cell=cell), torch.randn(sum(sizes), 4)
    index = torch.repeat_interleave(torch.arange(len(sizes)), torch.tensor(sizes))
    index = index[torch.randperm(len(index))] if sizes[0] == 3 else index
    want = ours(x, index, dim_size=len(sizes))
    ours, x, index = ours.cuda(), x.cuda(), index.cuda()
    waits = []
    for _ in range(3):
        torch.cuda.set_sync_debug_mode("warn")
        try:
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                got = ours(x, index, dim_size=len(sizes))
        finally:
            torch.cuda.set_sync_debug_mode("default")
        waits.append(len(caught))
        assert torch.allclose(got.cpu(), want, atol=1e-5)
    assert waits[1:] == [1, 1]
    assert waits[0] <= 2  # the copy, and what cuDNN does once


def in_order(fold, x, ptr):
    plain = FoldAggregation(fold.in_channels, fold.out_channels)
    plain.load_state_dict(fold.state_dict())
    return plain(x, ptr=ptr)


def test_a_fold_in_random_order_is_seeded_and_goes_on_where_it_was():
    def make():
        torch.manual_seed(0)
        return FoldAggregation(3, 4, order="random", seed=5)

    x, ptr = torch.randn(40, 3), ptr_of([20, 20])
    ours, same = make(), make()
    first, second = ours(x, ptr=ptr), ours(x, ptr=ptr)
    assert torch.equal(first, same(x, ptr=ptr))
    assert not torch.equal(first, second)
    later = make()
    later.load_state_dict(same.state_dict())
    assert torch.equal(later(x, ptr=ptr), second)
    ours.eval()
    together = ours(x, ptr=ptr)
    assert torch.equal(together, ours(x, ptr=ptr))
    for b in range(2):  # a set's order does not depend on its batch
        assert torch.allclose(ours(x[20 * b : 20 * b + 20])[0], together[b], atol=1e-6)
    assert not torch.allclose(FoldAggregation.forward(ours, x, ptr=ptr), in_order(ours, x, ptr))


@pytest.mark.usefixtures("unchecked")
class TestBadInput:
    @pytest.mark.parametrize("make", [LCMAggregation, FoldAggregation])
    def test_shapes_and_dtypes(self, make):
        ours = make(6, 5)
        with pytest.raises(ValueError, match=r"expected x of shape \(\*, N, 6\).*got \(4, 7\)"):
            ours(torch.randn(4, 7))
        with pytest.raises(ValueError, match=r"dim = -1"):
            ours(torch.randn(4, 6), dim=-1)
        with pytest.raises(TypeError, match=r"floating dtype, got torch\.int64"):
            ours(torch.ones(4, 6, dtype=torch.long))
        with pytest.raises(TypeError, match=r"x is torch\.float64, and the parameters"):
            ours(torch.ones(4, 6, dtype=torch.double))
        x = torch.ones(4, 6)
        x[1, 2] = torch.nan
        with pytest.raises(ValueError, match=r"got nan at x\[1, 2\]"):
            ours(x)

    def test_choices(self):
        with pytest.raises(ValueError, match="unknown operator 'summ'"):
            LCMAggregation(4, 4, operator="summ")
        with pytest.raises(ValueError, match="unknown choice for empty sets 'zeros'"):
            LCMAggregation(4, 4, empty="zeros")
        with pytest.raises(ValueError, match="unknown tree 'lefty': did you mean 'left'"):
            LCMAggregation(4, 4, tree="lefty")
        with pytest.raises(TypeError, match="expected PyG's LCMAggregation, got Linear"):
            LCMAggregation.from_pyg(torch.nn.Linear(2, 2))
        with pytest.raises(ValueError, match="unknown cell 'rnn'"):
            FoldAggregation(4, 4, cell="rnn")
        with pytest.raises(ValueError, match="unknown order 'sorted'"):
            FoldAggregation(4, 4, order="sorted")

    def test_widths(self):
        with pytest.raises(ValueError, match="a multiple of 2, got 5"):
            LCMAggregation(4, 5, operator="k_smallest")
        with pytest.raises(ValueError, match="k to be a positive int, got 0"):
            LCMAggregation(4, 4, operator="k_smallest", k=0)
        assert LCMAggregation(4, 6, operator="k_smallest")(torch.randn(3, 4)).shape == (1, 6)
        with pytest.raises(ValueError, match="width of the operator's answers, 6, got 5"):
            LCMAggregation(4, 5, operator=make_operator("sum", 6))
        with pytest.raises(TypeError, match=r"options \['k'\] go with an operator's name"):
            LCMAggregation(4, 4, operator=make_operator("sum", 4), k=2)
