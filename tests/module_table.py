"""The table tool × aggregation × {PyG's, ours}: python -m tests.module_table writes it to the docs.

`tests/test_ordinary_module.py` tries each cell.
"""

from collections.abc import Iterator
from pathlib import Path

import torch
import torch_geometric

from tests.module_tools import AGGREGATIONS, TOOLS

__all__ = ["EMPTY", "FAILS", "PAGE", "cells", "page"]

PAGE = Path(__file__).parents[1] / "docs" / "module_table.md"

IN_PLACE = "PyG's `to_dense_batch` writes in place, which vmap cannot."
NO_RULE = "`torch.gru` has no batching rule."
TWO = "PyG's class takes elements of two dimensions only."
MINUTES = (
    "Compiling takes minutes (350 CPU seconds for the first batch): PyG's loop halves a size that "
    "torch knows as a symbol only."
)
ON_HOST = "PyG's classes and our fold read the sizes of the sets from the index, on the host."

#: Why a tool does not work, by (tool, aggregation, whose).
FAILS: dict[tuple[str, str, str], str] = {
    ("`torch.func.vmap`", "LCM", "PyG"): IN_PLACE,
    ("`torch.func.vmap`", "GRU", "PyG"): IN_PLACE,
    ("`torch.func.vmap`", "GRU", "ours"): NO_RULE,
    ("`vmap` of `grad`", "LCM", "PyG"): IN_PLACE,
    ("`vmap` of `grad`", "GRU", "PyG"): IN_PLACE,
    ("`vmap` of `grad`", "GRU", "ours"): NO_RULE,
    ("`vmap` over stacked weights", "LCM", "PyG"): IN_PLACE,
    ("`vmap` over stacked weights", "GRU", "PyG"): NO_RULE,
    ("`vmap` over stacked weights", "GRU", "ours"): NO_RULE,
    ("x of three dimensions", "LCM", "PyG"): TWO,
    ("x of three dimensions", "GRU", "PyG"): TWO,
    ("`torch.export`, with a plan", "LCM", "PyG"): ON_HOST,
    ("`torch.export`, with a plan", "GRU", "PyG"): ON_HOST,
    ("`torch.export`, with a plan", "GRU", "ours"): ON_HOST,
    ("ONNX, with a plan", "LCM", "PyG"): ON_HOST,
    ("ONNX, with a plan", "GRU", "PyG"): ON_HOST,
    ("ONNX, with a plan", "GRU", "ours"): ON_HOST,
    ("`torch.compile`, `dynamic=True`", "LCM", "PyG"): MINUTES,
}

#: Tools for modules with weights, which a sum does not have.
EMPTY = {
    "gradient hooks of parameters",
    "`prune`, and `prune.remove`",
    "`parametrize`",
    "`copy.deepcopy` of a parametrised one",
    "`weight_norm`, and a state loaded",
    "old `weight_norm`, and a state loaded",
    "`spectral_norm`, and a state loaded",
    "old `spectral_norm`, and a state loaded",
    "cell or GRU of a subclass",
    "state dict, `assign=True`",
    "`AveragedModel`",
    "meta device, `to_empty`",
    "`vmap` over stacked weights",
    "`functional_call` in `grad`",
    "`DistributedDataParallel`",
    "`DistributedDataParallel`, two processes",
    "dynamic quantisation",
}


TEXT = """\
# An aggregation is an ordinary module

Written by `python -m tests.module_table` for torch {torch} and PyG {pyg};
`tests/test_ordinary_module.py` tries each cell.

Each tool is a function in `tests/module_tools.py`. It is applied to PyG's `LCMAggregation`,
`GRUAggregation` and `SumAggregation`, and to ours: `LCMAggregation`, `FoldAggregation`, and
`LCMAggregation(…, operator="sum")`. All sets have one size, so that PyG's padding plays no part;
ours are tried on sets of many sizes too, an empty one among them. Our `LCMAggregation` is tried on
both of its fast paths, and gives the values of its definition. A dash means that the tool has
nothing to act on. `torch.compile` is tried without C++ here; a slow test in `tests/test_engine.py`
tries its default backend.
"""


TRAPS = """
## Two traps of PyG

`aggr="lcm"` makes PyG's class, whatever is imported. Give an instance instead:

    conv = SAGEConv(16, 32, aggr=lcm_core.LCMAggregation(16, 16))

`GraphSAGE(…, aggr=instance)` shares that one instance, and its weights, among all layers. Give
each layer its own:

    model = GraphSAGE(16, 16, num_layers=2)
    for conv in model.convs:
        conv.aggr_module = lcm_core.LCMAggregation(16, 16)
"""


def cells() -> Iterator[tuple[str, str, str]]:
    """All (tool, aggregation, whose) that can be tried."""
    for tool in TOOLS:
        for aggregation, by in AGGREGATIONS.items():
            if not (aggregation == "sum" and tool in EMPTY):
                yield from ((tool, aggregation, whose) for whose in by)


def page() -> Iterator[str]:
    """The lines of the page."""
    versions = {"torch": torch.__version__.split("+")[0], "pyg": torch_geometric.__version__}
    yield from TEXT.format(**versions).splitlines()
    yield ""
    columns = [
        f"{aggregation}, {whose}" for aggregation, by in AGGREGATIONS.items() for whose in by
    ]
    yield "| tool | " + " | ".join(columns) + " |"
    yield "|---" * (1 + len(columns)) + "|"
    reasons = list(dict.fromkeys(FAILS.values()))
    able = set(cells())
    for tool in TOOLS:
        row = []
        for aggregation, by in AGGREGATIONS.items():
            for whose in by:
                cell = tool, aggregation, whose
                fails = f"no ({reasons.index(FAILS[cell]) + 1})" if cell in FAILS else "yes"
                row.append(fails if cell in able else "–")
        yield f"| {tool} | " + " | ".join(row) + " |"
    yield ""
    for number, reason in enumerate(reasons, start=1):
        yield f"{number}. {reason}"
    yield from TRAPS.splitlines()


if __name__ == "__main__":
    PAGE.write_text("\n".join(page()) + "\n")
