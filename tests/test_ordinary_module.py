"""Each cell of docs/module_table.md: what PyTorch's tools do with PyG's aggregations and ours."""

import pytest
import torch
from torch_geometric.nn import GraphSAGE, SAGEConv
from torch_geometric.nn.aggr import LCMAggregation as PyGLCMAggregation

from lcm_core import LCMAggregation
from lcm_core.reduction import paths
from tests.module_table import EMPTY, FAILS, PAGE, cells, page
from tests.module_tools import AGGREGATIONS, TOOLS, NotApplicableError

pytestmark = [
    pytest.mark.usefixtures("unchecked"),
    pytest.mark.filterwarnings("ignore"),  # of old functions, and of the tools themselves
]
KERNEL = "ours, by the kernel"


def tried():
    """Cells with their marks: those of PyG, and those that fail, hold for the pinned versions."""
    for cell in cells():
        tool, aggregation, whose = cell
        pinned = whose == "PyG" or cell in FAILS
        marks = [pytest.mark.pinned] if pinned else []
        yield pytest.param(*cell, marks=marks, id=f"{tool}-{aggregation}-{whose}")
        if (aggregation, whose) == ("LCM", "ours"):
            yield pytest.param(tool, aggregation, KERNEL, id=f"{tool}-{aggregation}-{KERNEL}")


@pytest.mark.parametrize(("tool", "aggregation", "whose"), list(tried()))
def test_cell(tool, aggregation, whose, monkeypatch):
    if whose == KERNEL:
        monkeypatch.setattr(paths, "FEW", -1)
    make = AGGREGATIONS[aggregation]["PyG" if whose == "PyG" else "ours"]
    if (tool, aggregation, whose) in FAILS:
        with pytest.raises(Exception) as error:  # noqa: PT011 - each its own
            TOOLS[tool](make)
        assert not isinstance(error.value, NotApplicableError)
    else:
        TOOLS[tool](make)


def test_ours_fails_only_where_pygs_does():
    for tool, aggregation, whose in FAILS:
        assert (tool, aggregation, "PyG") in FAILS, (tool, aggregation, whose)


@pytest.mark.parametrize("tool", sorted(EMPTY))
def test_what_needs_weights_says_so(tool):
    with pytest.raises(NotApplicableError):
        TOOLS[tool](AGGREGATIONS["sum"]["PyG"])


@pytest.mark.pinned
def test_the_page_is_this_table():
    assert PAGE.read_text() == "\n".join(page()) + "\n", "run: python -m tests.module_table"


def test_the_traps_of_pyg_are_as_the_page_says():
    x, edges = torch.randn(6, 16), torch.tensor([[0, 1, 2, 3, 4, 5], [0, 0, 1, 1, 2, 2]])
    assert (
        type(
            SAGEConv(
                16, 16, aggr="lcm", aggr_kwargs={"in_channels": 16, "out_channels": 16}
            ).aggr_module
        )
        is PyGLCMAggregation
    )
    shared = GraphSAGE(16, 16, num_layers=2, aggr=LCMAggregation(16, 16))
    assert shared.convs[0].aggr_module is shared.convs[1].aggr_module
    model = GraphSAGE(16, 16, num_layers=2)
    for conv in model.convs:
        conv.aggr_module = LCMAggregation(16, 16)
    model(x, edges).sum().backward()
    assert all(conv.aggr_module.lin.weight.grad.abs().sum() > 0 for conv in model.convs)
