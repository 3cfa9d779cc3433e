"""Each cell of docs/module_table.md: what PyTorch's tools do with PyG's aggregations and ours."""

import pytest
import torch
from packaging.version import Version
from torch_geometric.data import Batch, Data

from lcm_core import ReductionPlan
from lcm_core.reduction import paths
from tests import module_tools
from tests.module_table import EMPTY, FAILS, MINUTES, PAGE, cells, page
from tests.module_tools import (
    AGGREGATIONS,
    TOOLS,
    WIDTH,
    Model,
    NotApplicableError,
    same_in_two_processes,
)

pytestmark = [
    pytest.mark.usefixtures("unchecked"),
    pytest.mark.filterwarnings("ignore"),  # of old functions, and of the tools themselves
]
KERNEL, RAGGED = "ours, by the kernel", "ours, sets of many sizes"

#: Compilers of older versions cannot look through the checks of annotations in the tests.
COMPILED = ("`torch.compile`, `dynamic=True`", "`torch.export`, with a plan", "ONNX, with a plan")
OLD = Version(torch.__version__) < Version("2.13")


def tried():
    """Cells with their marks: those of PyG, and those that fail, hold for the pinned versions."""
    for cell in cells():
        tool, aggregation, whose = cell
        pinned = whose == "PyG" or cell in FAILS
        marks = [pytest.mark.pinned] if pinned else []
        marks += [pytest.mark.slow] if FAILS.get(cell) == MINUTES else []
        if tool in COMPILED:
            marks.append(pytest.mark.skipif(OLD, reason="tried from torch 2.13 on"))
        yield pytest.param(*cell, marks=marks, id=f"{tool}-{aggregation}-{whose}")
        if whose == "ours" and not pinned:
            others = [KERNEL] if aggregation == "LCM" else []
            others += [RAGGED] if "another process" not in tool else []  # each takes seconds
            for other in others:
                case = tool, aggregation, other
                yield pytest.param(*case, marks=marks, id=f"{tool}-{aggregation}-{other}")


@pytest.mark.parametrize(("tool", "aggregation", "whose"), list(tried()))
def test_cell(tool, aggregation, whose, monkeypatch):
    if whose == KERNEL:
        monkeypatch.setattr(paths, "FEW", -1)
    if whose == RAGGED:
        monkeypatch.setattr(module_tools, "SIZES", [1, 7, 0, 7, 3])
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


def test_two_processes_of_which_one_alone_has_an_empty_set():
    """So one process alone has a gradient for the identity that empty sets give."""
    model = Model(AGGREGATIONS["LCM"]["ours"])
    torch.nn.init.normal_(model.aggregation.operator.identity)
    x = torch.randn(12, WIDTH)
    batches = [(x[:4], torch.tensor([0, 0, 0, 0]), 2), (x[4:], torch.tensor([0] * 3 + [1] * 5), 2)]
    same_in_two_processes(model, batches)
    assert model.aggregation.operator.identity.grad.abs().sum() > 0


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize("non_blocking", [False, True])
def test_a_batch_takes_its_plan_to_a_gpu_and_back(non_blocking):
    sizes = [3, 0, 7, 1]
    batch = Batch.from_data_list([Data(x=torch.randn(n, WIDTH)) for n in sizes])
    batch.plan = ReductionPlan.from_sizes(sizes)
    aggregation = AGGREGATIONS["LCM"]["ours"]()
    want = aggregation(batch.x, plan=batch.plan)
    there = batch.pin_memory().to("cuda", non_blocking=non_blocking)
    assert there.plan.device.type == "cuda"
    assert torch.allclose(aggregation.cuda()(there.x, plan=there.plan).cpu(), want, atol=1e-5)
    here = there.to("cpu", non_blocking=non_blocking).plan
    for got, rows in zip(here.pairs, batch.plan.pairs, strict=True):
        for one, other in zip(got, rows, strict=True):
            assert one == other if isinstance(other, slice) else torch.equal(one, other)
