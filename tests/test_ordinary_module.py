"""Each cell of docs/module_table.md: what PyTorch's tools do with PyG's aggregations and ours."""

import pytest

from lcm_core.reduction import engine
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
        monkeypatch.setattr(engine, "FEW", -1)
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
