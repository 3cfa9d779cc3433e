"""Code that uses PyG's `LCMAggregation` runs with one import changed; README says what differs."""

import textwrap

import pytest
import torch
from torch_geometric.nn import GraphSAGE, SAGEConv
from torch_geometric.nn.aggr import LCMAggregation as PyGLCMAggregation

import lcm_core
from lcm_core import LCMAggregation
from tests.module_table import TRAPS

PYG = "from torch_geometric.nn.aggr import LCMAggregation"
OURS = "from lcm_core import LCMAggregation"

#: What the tests of PyG's class promise.
PROMISES = f"""
import torch
{PYG}

x, index = torch.randn(6, 16), torch.tensor([0, 0, 1, 1, 1, 2])
for width, project in ((16, True), (32, True), (16, False)):
    aggregation = LCMAggregation(16, width, project=project)
    aggregation.reset_parameters()
    found += [str(aggregation), aggregation(x, index).shape, aggregation(x, index, None, 5).shape]
try:
    LCMAggregation(16, 32, project=False)
except ValueError as error:
    found.append("must be projected" in str(error))
"""

#: The model of PyG's example: the second smallest of a set of numbers, bit by bit.
SECOND_MINIMUM = f"""
import torch
from torch import nn
from torch_geometric.data import Data
from torch_geometric.loader import DataLoader
{PYG}

BITS, WIDTH = 4, 16


def bits(numbers):
    return (numbers[:, None] >> torch.arange(BITS)) & 1


def one_set():
    numbers = torch.randint(2**BITS, (int(torch.randint(2, 7, ())),))
    return Data(x=bits(numbers), y=bits(numbers.sort().values[1:2]).float())


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.bits = nn.ModuleList(nn.Embedding(2, WIDTH) for _ in range(BITS))
        self.before = nn.Sequential(nn.Linear(WIDTH, WIDTH), nn.Dropout(0.1), nn.GELU())
        self.aggregation = LCMAggregation(WIDTH, WIDTH, project=False)
        self.after = nn.Sequential(nn.Linear(WIDTH, WIDTH), nn.GELU(), nn.Linear(WIDTH, BITS))

    def forward(self, x, batch):
        x = sum(embed(column) for embed, column in zip(self.bits, x.unbind(1)))
        return self.after(self.aggregation(self.before(x), batch))


torch.manual_seed(0)
loader = DataLoader([one_set() for _ in range(64)], batch_size=32)
model = Model()
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
losses = []
for epoch in range(15):
    for batch in loader:
        loss = nn.functional.binary_cross_entropy_with_logits(model(batch.x, batch.batch), batch.y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
model.eval()
found += [model(batch.x, batch.batch).shape, sum(losses[-4:]) < 0.95 * sum(losses[:4])]
"""

#: A user's GraphSAGE, on a graph whose edges are sorted by target, as PyG's class wants them.
GRAPHSAGE = f"""
import torch
from torch_geometric.nn import GraphSAGE
from torch_geometric.utils import sort_edge_index
{PYG}

torch.manual_seed(0)
edges = sort_edge_index(torch.randint(20, (2, 60)), sort_by_row=False)
x, y = torch.randn(20, 8), torch.randint(3, (20,))
model = GraphSAGE(8, 8, num_layers=2, out_channels=3, aggr=LCMAggregation(8, 8))
optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
losses = []
for step in range(15):
    loss = torch.nn.functional.cross_entropy(model(x, edges), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    losses.append(loss.item())
found += [str(model), model(x, edges).shape, losses[-1] < losses[0]]
"""


@pytest.mark.parametrize("code", [PROMISES, SECOND_MINIMUM, GRAPHSAGE])
def test_code_runs_with_one_import_changed(code):
    assert code.count(PYG) == 1
    results = []
    for place in (PYG, OURS):
        found = []
        with torch.random.fork_rng():
            exec(code.replace(PYG, place), {"found": found, "__name__": "users_code"})
        results.append(found)
    assert results[0] == results[1]
    assert all(results[0])


def test_the_largest_sets_of_a_batch_have_pygs_values_and_the_others_differ():
    """PyG's class combines the zeros with which it pads the others."""
    peer, sizes = PyGLCMAggregation(8, 8), torch.tensor([5, 2, 5, 3])
    ours = LCMAggregation.from_pyg(peer)
    x, index = torch.randn(15, 8), torch.arange(4).repeat_interleave(sizes)
    same = torch.isclose(ours(x, index), peer(x, index), atol=1e-6).all(1)
    assert same.tolist() == [True, False, True, False]
    for got, part in zip(ours(x, index), x.split(sizes.tolist()), strict=True):
        alone = peer(part, torch.zeros(len(part), dtype=torch.long))
        assert torch.allclose(got, alone[0], atol=1e-6)


def test_what_differs_from_pygs_class_is_as_readme_says():
    peer, ours = PyGLCMAggregation(8, 8), LCMAggregation(8, 8)
    x = torch.randn(6, 8)
    with pytest.raises(RuntimeError, match=r"Missing key.*operator\.operator\.cell\.weight_ih"):
        ours.load_state_dict(peer.state_dict())
    shuffled = torch.tensor([1, 0, 1, 0, 1, 0])
    with pytest.raises(ValueError, match="not sorted"):
        peer(x, shuffled)
    order = shuffled.argsort(stable=True)
    assert torch.allclose(ours(x, shuffled), ours(x[order], shuffled[order]), atol=1e-6)
    some = torch.tensor([0, 0, 0, 2, 2, 2])
    assert torch.equal(ours(x, some)[1], torch.zeros(8))
    assert peer(x, some)[1].abs().sum() > 0


def test_the_lines_of_the_page_avoid_the_traps_of_pyg():
    names = {"lcm_core": lcm_core, "SAGEConv": SAGEConv, "GraphSAGE": GraphSAGE}
    one, layers = (textwrap.dedent(b) for b in TRAPS.split("\n\n") if b.startswith("    "))
    edges = torch.tensor([[0, 1, 2, 3, 4, 5], [0, 0, 1, 1, 2, 2]])
    exec(one, names)
    assert type(names["conv"].aggr_module) is LCMAggregation
    assert names["conv"](torch.randn(6, 16), edges).shape == (6, 32)
    exec(layers, names)
    model = names["model"]
    model(torch.randn(6, 16), edges).sum().backward()
    first, second = (conv.aggr_module for conv in model.convs)
    assert first is not second
    for aggregation in (first, second):
        assert type(aggregation) is LCMAggregation
        assert aggregation.lin.weight.grad.abs().sum() > 0


def test_the_traps_of_pyg_are_there():
    options = {"in_channels": 16, "out_channels": 16}
    conv = SAGEConv(16, 16, aggr="lcm", aggr_kwargs=options)
    assert type(conv.aggr_module) is PyGLCMAggregation
    shared = GraphSAGE(16, 16, num_layers=2, aggr=LCMAggregation(16, 16))
    assert shared.convs[0].aggr_module is shared.convs[1].aggr_module


# from_pyg ---------------------------------------------------------------------------------------


class OfSquares(PyGLCMAggregation):
    def forward(self, x, *args, **options):
        return super().forward(x.square(), *args, **options)


class Half(torch.nn.GRUCell):
    def forward(self, input, hx=None):
        return 0.5 * super().forward(input, hx)


def spectral(peer):
    torch.nn.utils.parametrizations.spectral_norm(peer.gru_cell, "weight_hh")


#: What is done to a peer, and what the error then says.
BESIDE_WEIGHTS = {
    "it has a forward hook": lambda p: p.register_forward_hook(lambda *_: None),
    "its lin is not a plain one: Linear has a forward pre hook": lambda p: (
        torch.nn.utils.prune.l1_unstructured(p.lin, "weight", 0.5)
    ),
    "its gru_cell is not a plain one: GRUCell has a backward hook": lambda p: (
        p.gru_cell.register_full_backward_hook(lambda *_: None)
    ),
    "its gru_cell is a ParametrizedGRUCell, not a GRUCell": spectral,
    "its gru_cell is a Half, not a GRUCell": lambda p: setattr(p, "gru_cell", Half(8, 8)),
    "GRUCell has no bias_ih": lambda p: setattr(p, "gru_cell", torch.nn.GRUCell(8, 8, bias=False)),
    "it has another forward than PyG's class": lambda p: setattr(p, "forward", p.forward),
    "its lin.bias has a gradient hook": lambda p: p.lin.bias.register_hook(lambda g: 2 * g),
    "its lin.weight has a gradient hook": lambda p: p.lin.weight.register_post_accumulate_grad_hook(
        lambda w: None
    ),
}


@pytest.mark.parametrize("what", BESIDE_WEIGHTS)
def test_from_pyg_refuses_a_peer_that_its_weights_do_not_describe(what):
    peer = PyGLCMAggregation(8, 8)
    BESIDE_WEIGHTS[what](peer)
    with pytest.raises(ValueError, match=what) as error:
        LCMAggregation.from_pyg(peer)
    assert "Remove that first" in str(error.value)


def test_from_pyg_refuses_a_subclass_with_another_forward_and_takes_others():
    with pytest.raises(ValueError, match="it has another forward than PyG's class"):
        LCMAggregation.from_pyg(OfSquares(8, 8))
    assert LCMAggregation.from_pyg(type("Mine", (PyGLCMAggregation,), {})(8, 8)).in_channels == 8


def test_from_pyg_takes_a_peer_whose_pruning_is_permanent():
    peer, x = PyGLCMAggregation(8, 8), torch.randn(4, 8)
    torch.nn.utils.prune.l1_unstructured(peer.lin, "weight", 0.5)
    torch.nn.utils.prune.remove(peer.lin, "weight")
    same = LCMAggregation.from_pyg(peer)(x), peer(x, torch.zeros(4, dtype=torch.long))
    assert torch.allclose(*same, atol=1e-6)


def test_from_pyg_keeps_mode_and_frozen_weights():
    peer = PyGLCMAggregation(8, 8).eval()
    peer.lin.requires_grad_(False)
    peer.gru_cell.weight_hh.requires_grad_(False)
    ours = LCMAggregation.from_pyg(peer)
    frozen = {name for name, parameter in ours.named_parameters() if not parameter.requires_grad}
    assert frozen == {"lin.weight", "lin.bias", "operator.operator.cell.weight_hh"}
    assert not ours.training


@pytest.mark.parametrize("widths", [(-1, 8), (8, -1)])
def test_widths_are_given_as_of_pygs_class(widths):
    with pytest.raises(RuntimeError, match="negative dimension"):
        PyGLCMAggregation(*widths)
    with pytest.raises(ValueError, match=r"≥ 0, got -1.* SAGEConv\(-1, …\) finds its own"):
        LCMAggregation(*widths)
