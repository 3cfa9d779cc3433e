"""Which training steps can have shapes that do not change."""

from collections.abc import Callable, Collection
from functools import cache
from typing import Any

import torch
from torch import nn

from lcm_core.aggregations import LCMAggregation
from lcm_core.models.networks import CategoricalEncoder, GraphModel, Layer, SetModel
from lcm_core.models.pna_benchmark import PropertyModel, Round
from lcm_core.operators import GRU, Sum, SymmetrizedGRU
from lcm_core.operators.ordinary import has_gradient_hook, hooks_of
from lcm_core.optimizers import AdamW
from lcm_core.pyg import MessagePassing
from lcm_core.reduction.paths import choose_path
from lcm_core.reduction.plan import ReductionPlan
from lcm_core.tasks.base import Task
from lcm_core.training.graph_steps import graph_steps
from lcm_core.training.packed import Packer, is_of_library
from lcm_core.training.set_steps import SetSteps

__all__ = ["MODELS", "why_not"]

MODELS: dict[type, Callable[..., Packer]] = {
    SetModel: SetSteps,
    GraphModel: graph_steps,
    PropertyModel: graph_steps,
}
PARTS = {
    *MODELS, Layer, Round, CategoricalEncoder, LCMAggregation, SymmetrizedGRU, GRU, Sum,
    nn.Sequential, nn.ModuleList, nn.Linear, nn.GELU, nn.LeakyReLU, nn.LayerNorm, nn.Embedding,
    nn.GRUCell,
}  # fmt: skip


def why_not(task: Task[Any], model: Any, optimizer: Any, laws: Collection[str]) -> str | None:
    """Why a training step cannot have shapes that do not change; None if it can.

    Args:
        task, model, optimizer: of the run.
        laws: that are regularised.
    """
    if type(model) not in MODELS:
        return f"the model is a {type(model).__name__}"
    readout, sizes = _readout(model), task.training_sizes
    if type(readout) is not LCMAggregation or type(readout.operator) is not SymmetrizedGRU:
        return "the readout is not symmetrized_gru"
    if readout.tree != "balanced":
        return f"the tree is {readout.tree}, not balanced"
    if sizes is None:
        return "the task does not say how large its sets are"
    if sizes[0] < 1:
        return "some training sets are empty"
    if not is_of_library(task, "loss"):
        return "the task has a loss of its own, which may read whatever a batch has"
    if type(model) is not SetModel and laws:
        return "in networks for graphs, regularisers draw from all levels of all rounds"
    if type(optimizer) is not AdamW or len(optimizer.param_groups) != 1:
        return "the optimiser is not AdamW with one group of parameters"
    for part in model.modules():
        if (found := _strange(part)) is not None:
            return f"a {type(part).__name__} {found}"
        if type(part) is LCMAggregation and part is not readout and type(part.operator) is not Sum:
            return "the neighbours are not aggregated by sum"
    weight = readout.operator.operator.cell.weight_ih
    if torch.is_autocast_enabled(weight.device.type):
        return "autocast is on"
    path = choose_path(_one_pair(), readout.operator, weight.detach()[:2])
    return None if path.name == "fused" else path.why


def _readout(model: Any) -> Any:
    return model.readout if type(model) is PropertyModel else model.aggregation


def _strange(part: nn.Module) -> str | None:
    """What a graph would go past, such as a hook."""
    if type(part) not in PARTS:
        return "is of a class that was not expected there"
    own = vars(part)
    more = own.items() if isinstance(part, MessagePassing) else ()
    if hooks_of(part) or any(
        hooks for name, hooks in more if name.endswith("_hooks") and "state_dict" not in name
    ):
        return "has a hook"
    if any(map(has_gradient_hook, part.parameters(recurse=False))):
        return "has a hook for a gradient"
    return "has another forward than its class" if "forward" in own else None


@cache
def _one_pair() -> ReductionPlan:
    return ReductionPlan.from_sizes([2])
