"""A training step with shapes that do not change: on a GPU one CUDA graph.

A batch mixes sizes, so that the numbers of elements and of pairs differ from step to step. Here
there is room for the largest sets or graphs, and the device reads where they begin. So the host
copies one buffer and launches one graph a step, and never waits.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import AdamW

from lcm_core.aggregations import LCMAggregation
from lcm_core.laws.penalties import LAW_PENALTIES
from lcm_core.models.networks import CategoricalEncoder, GraphModel, Layer, SetModel
from lcm_core.models.pna_benchmark import PropertyModel, Round
from lcm_core.operators import GRU, Sum, SymmetrizedGRU
from lcm_core.reduction.on_device import StaticPlan
from lcm_core.reduction.paths import choose_path
from lcm_core.reduction.plan import ReductionPlan
from lcm_core.tasks.base import Task
from lcm_core.training.graph_steps import GraphSteps
from lcm_core.training.packed import Packer
from lcm_core.training.recipe import Recipe
from lcm_core.training.regularisers import Regularisers
from lcm_core.training.set_steps import SetSteps

__all__ = ["CaptureError", "CapturedStep", "why_not"]

ROOM = 2**22  # elements of a batch, at most: x has room for the largest sets
COUNTED = ("loss", "task_loss", *LAW_PENALTIES)  # rows of the sums
MODELS: dict[type, type[Packer]] = {
    SetModel: SetSteps,
    GraphModel: GraphSteps,
    PropertyModel: GraphSteps,
}
PARTS = {
    *MODELS, Layer, Round, CategoricalEncoder, LCMAggregation, SymmetrizedGRU, GRU, Sum,
    nn.Sequential, nn.ModuleList, nn.Linear, nn.GELU, nn.LeakyReLU, nn.LayerNorm, nn.Embedding,
    nn.GRUCell,
}  # fmt: skip

# Places of the numbers that change from step to step; after them, two for each parameter.
KEEP, DECAY, BETA, FRESH, WEIGHTS = 0, 1, 2, 3, 4
PARAMETERS = WEIGHTS + len(LAW_PENALTIES)


class CaptureError(RuntimeError):
    """A step could not be captured as a CUDA graph; nothing was changed."""


def why_not(
    task: Task[Any], model: Any, optimizer: Any, batch_size: int, laws: Collection[str]
) -> str | None:
    """Why a training step cannot have shapes that do not change; None if it can.

    Args:
        task, model, optimizer: of the run.
        batch_size: sets or graphs in a step.
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
    if batch_size * sizes[1] > ROOM:
        return f"there is no room for {batch_size} sets of {sizes[1]} elements"
    if type(model) is not SetModel and laws:
        return "in networks for graphs, regularisers draw from all levels of all rounds"
    if type(optimizer) is not AdamW or len(optimizer.param_groups) != 1:
        return "the optimiser is not AdamW with one group of parameters"
    for name, part in model.named_modules():
        if (found := _strange(part)) is not None:
            return f"{type(part).__name__} at {name or 'the top'} {found}"
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
    if any(hooks for name, hooks in own.items() if "_hook" in name and "state_dict" not in name):
        return "has a hook"
    return "has another forward than its class" if "forward" in own else None


@cache
def _one_pair() -> ReductionPlan:
    return ReductionPlan.from_sizes([2])


@dataclass
class _Kind:
    """Steps of one kind, which one graph can do.

    Attributes:
        groups: numbers of the parameters that are trained, those with the same step together.
        graph: None until the second step of this kind.
    """

    groups: list[list[int]]
    graph: Any = None


class CapturedStep:
    """Does the training steps of a run with shapes that do not change.

    The first step of each kind (which laws are regularised, how many tuples) runs operation by
    operation. The second is captured as a CUDA graph, which that one and the later ones replay. On
    the CPU all run as the first does.

    Args:
        task, model, optimizer, regularisers, recipe: of the run; `why_not` has nothing against.

    Attributes:
        sums: by name, the sum over the steps since the last record, and their number, (2,).
        failed_at: the first step whose loss or gradient was not finite, or -1.
    """

    def __init__(
        self,
        task: Task[Any],
        model: Any,
        optimizer: AdamW,
        regularisers: Regularisers,
        recipe: Recipe,
    ):
        self.optimizer, self.clip = optimizer, recipe.clip
        self.parameters = optimizer.param_groups[0]["params"]
        self.device = device = self.parameters[0].device
        on_gpu = device.type == "cuda"
        scalars = PARAMETERS + 2 * len(self.parameters)
        make = MODELS[type(model)]
        self.packer = make(task, model, regularisers, recipe, scalars, ahead=on_gpu)
        self.buffer = torch.zeros(self.packer.bytes, dtype=torch.uint8, device=device)
        self.parts = self.packer.parts_of(self.buffer)
        assert task.training_sizes is not None
        self.plan: Any = StaticPlan(recipe.batch_size, task.training_sizes[1], device)
        self.totals = torch.zeros(len(COUNTED), 2, dtype=torch.double, device=device)
        self.sums: dict[str, Tensor] = {}
        self.failed_at = torch.full((), -1, device=device)
        self.stream = torch.cuda.Stream(device) if on_gpu else None
        self._kinds: dict[tuple[tuple[str, ...], int], _Kind] = {}
        self._places: tuple[Any, ...] = ()
        optimizer.zero_grad()
        optimizer.step()  # nothing is done; but a schedule wants it called before itself

    def adopt(self, sums: dict[str, Tensor], failed_at: Tensor) -> None:
        """Go on from the sums of a plain step, of a checkpoint, or from none after a record."""
        if failed_at is not self.failed_at:
            self.failed_at.copy_(failed_at)
        if sums is self.sums:
            return
        self.sums = {}
        if sums:
            self.totals.zero_()
            for name, values in sums.items():
                row = self.totals[COUNTED.index(name)]
                self.sums[name] = row.copy_(values)

    def run(
        self, step: int, weights: dict[str, float], following: Mapping[int, tuple[str, ...]]
    ) -> bool:
        """One step: parameters, the state of the optimiser, `sums` and `failed_at` change.

        Args:
            step: from 0.
            weights: of the laws that are regularised.
            following: as of `Packer.give_back`.

        Returns:
            Whether the step was done; False if the batch does not fit, and nothing was changed.

        Raises:
            CaptureError: capturing the step failed: take it in the plain way.
        """
        laws = tuple(weights)
        states = self._states()
        packed = self.packer.take(step, laws)
        tuples = packed.tuples
        if tuples is None:
            self.packer.give_back(packed, following)
            return False
        try:
            kind = self._kind(laws, tuples, states)
            self._write(packed.parts["scalars"], weights, states)
            if kind is not None and kind.graph is None and self.stream is not None:
                kind.graph = self._capture(laws, tuples, states)
            self.buffer.copy_(packed.buffer, non_blocking=True)
            if packed.copied is not None:
                packed.copied.record(torch.cuda.current_stream(self.device))
        finally:
            self.packer.give_back(packed, following)
        if kind is None:
            kind = self._kinds[laws, tuples] = _Kind(self._first(laws, tuples, states))
        elif kind.graph is not None:
            kind.graph.replay()
        else:
            self._compute(laws, tuples, states)
        for group in kind.groups:
            for number in group:
                states[number]["step"] += 1
        for name in ("loss", "task_loss", *laws):
            if name not in self.sums:
                self.sums[name] = self.totals[COUNTED.index(name)]
        return True

    # On the host ----------------------------------------------------------------------------

    def _states(self) -> list[dict[str, Tensor]]:
        """The optimiser's state of each parameter, as AdamW makes it."""
        states: Any = self.optimizer.state
        for parameter in self.parameters:
            if not states[parameter]:
                states[parameter] = {
                    "step": torch.tensor(0.0),
                    "exp_avg": torch.zeros_like(parameter),
                    "exp_avg_sq": torch.zeros_like(parameter),
                }
        return [states[parameter] for parameter in self.parameters]

    def _kind(
        self, laws: tuple[str, ...], tuples: int, states: list[dict[str, Tensor]]
    ) -> _Kind | None:
        """The steps like this one; None if it is the first, or a graph would not fit any more."""
        tensors = [*self.parameters, *(s[k] for s in states for k in ("exp_avg", "exp_avg_sq"))]
        places = torch.get_float32_matmul_precision(), *(tensor.data_ptr() for tensor in tensors)
        if places != self._places:  # a checkpoint was loaded, say
            self._kinds.clear()
            self._places = places
        kind = self._kinds.get((laws, tuples))
        if kind is None or any(
            states[number]["step"] != states[group[0]]["step"]
            for group in kind.groups
            for number in group
        ):
            return None
        return kind

    def _write(
        self, scalars: Tensor, weights: dict[str, float], states: list[dict[str, Tensor]]
    ) -> None:
        """The numbers of this step: of AdamW, as its documentation has them, and the weights."""
        group = self.optimizer.param_groups[0]
        rate, (beta, beta_squares) = group["lr"], group["betas"]
        numbers = [float(bool(self.sums)), 1 - rate * group["weight_decay"], beta, 1 - beta]
        numbers += [weights.get(law, 0.0) for law in LAW_PENALTIES]
        for state in states:
            step = float(state["step"]) + 1
            numbers += [(1 - beta_squares**step) ** -0.5, -rate / (1 - beta**step)]
        scalars.copy_(torch.tensor(numbers))

    # On the device --------------------------------------------------------------------------

    def _first(
        self, laws: tuple[str, ...], tuples: int, states: list[dict[str, Tensor]]
    ) -> list[list[int]]:
        """A step, operation by operation, on the stream of the graphs: it warms up for them."""
        if self.stream is None:
            return self._compute(laws, tuples, states)
        now = torch.cuda.current_stream(self.device)
        self.stream.wait_stream(now)
        with torch.cuda.stream(self.stream):
            groups = self._compute(laws, tuples, states)
        now.wait_stream(self.stream)
        return groups

    def _capture(
        self, laws: tuple[str, ...], tuples: int, states: list[dict[str, Tensor]]
    ) -> torch.cuda.CUDAGraph:
        graph = torch.cuda.CUDAGraph()
        try:
            # The outer stream is left even if leaving the inner one raises an error.
            with (
                torch.cuda.device(self.device),
                torch.cuda.stream(self.stream),
                torch.cuda.graph(graph, stream=self.stream, capture_error_mode="thread_local"),
            ):
                self._compute(laws, tuples, states)
        except Exception as error:
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise CaptureError(f"the step cannot be captured as a CUDA graph: {reason}") from error
        finally:
            self.optimizer.zero_grad()  # their memory is the graph's
        return graph

    def _compute(
        self, laws: tuple[str, ...], tuples: int, states: list[dict[str, Tensor]]
    ) -> list[list[int]]:
        """The step, from `parts` to the parameters; returns the `groups` of a `_Kind`."""
        parts, scalars = self.parts, self.parts["scalars"].unbind()
        self.optimizer.zero_grad()
        self.plan.update(parts["ptr"])
        task_loss, penalties = self.packer.losses(parts, laws, tuples, self.plan)
        loss = task_loss
        for law, penalty in penalties.items():
            loss = loss + scalars[WEIGHTS + LAW_PENALTIES.index(law)] * penalty
        loss.backward()
        norm = nn.utils.clip_grad_norm_(self.parameters, self.clip)
        with torch.no_grad():
            fine = (loss + norm).isfinite() | (self.failed_at >= 0)
            self.failed_at.copy_(torch.where(fine, self.failed_at, parts["step"]))
            groups = self._groups(states)
            for group in groups:
                self._update(group, states, scalars)
            values = {"loss": loss, "task_loss": task_loss, **penalties}
            none = torch.zeros((), device=self.device)
            new = [values.get(name, none).double() for name in COUNTED]
            counts = [torch.full_like(new[0], name in values) for name in COUNTED]
            before = torch.where(scalars[KEEP] > 0, self.totals, 0.0)
            self.totals.copy_(before + torch.stack([torch.stack(new), torch.stack(counts)], 1))
        return groups

    def _groups(self, states: list[dict[str, Tensor]]) -> list[list[int]]:
        groups: dict[float, list[int]] = {}
        for number, parameter in enumerate(self.parameters):
            if parameter.grad is not None:
                groups.setdefault(float(states[number]["step"]), []).append(number)
        return list(groups.values())

    def _update(
        self, group: list[int], states: list[dict[str, Tensor]], scalars: tuple[Tensor, ...]
    ) -> None:
        """AdamW of some parameters, with numbers that the device reads."""
        first = PARAMETERS + 2 * group[0]
        root, rate = scalars[first], scalars[first + 1]
        settings = self.optimizer.param_groups[0]
        parameters = [self.parameters[number] for number in group]
        gradients = [parameter.grad for parameter in parameters]
        means = [states[number]["exp_avg"] for number in group]
        squares = [states[number]["exp_avg_sq"] for number in group]
        torch._foreach_mul_(parameters, scalars[DECAY])
        torch._foreach_mul_(means, scalars[BETA])
        torch._foreach_add_(means, torch._foreach_mul(gradients, scalars[FRESH]))
        torch._foreach_mul_(squares, settings["betas"][1])
        torch._foreach_addcmul_(squares, gradients, gradients, value=1 - settings["betas"][1])
        scale = torch._foreach_sqrt(squares)
        torch._foreach_mul_(scale, root)
        torch._foreach_add_(scale, settings["eps"])
        change = torch._foreach_div(means, scale)
        torch._foreach_mul_(change, rate)
        torch._foreach_add_(parameters, change)
