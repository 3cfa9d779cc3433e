"""A training step with shapes that do not change: on a GPU one CUDA graph.

A batch mixes sizes, so that the numbers of elements and of pairs differ from step to step. Here
there is room for more than most batches have, and the device reads where sets or graphs begin. So
the host copies one buffer and launches one graph a step, and never waits.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import AdamW

from lcm_core.laws.penalties import LAW_PENALTIES
from lcm_core.reduction.on_device import StaticPlan
from lcm_core.tasks.base import Task
from lcm_core.training.adamw import DeviceAdamW
from lcm_core.training.capturable import MODELS
from lcm_core.training.packed import Packer
from lcm_core.training.recipe import Recipe
from lcm_core.training.regularisers import Regularisers

__all__ = ["CaptureError", "CapturedStep"]

COUNTED = ("loss", "task_loss", *LAW_PENALTIES)  # rows of the sums
# Places of the numbers that change from step to step; after them come those of the optimiser.
KEEP, WEIGHTS = 0, 1
OPTIMIZER = WEIGHTS + len(LAW_PENALTIES)


class CaptureError(RuntimeError):
    """A step could not be captured as a CUDA graph; nothing was changed."""


@dataclass
class _Kind:
    """Steps of one kind, which one graph can do.

    Attributes:
        groups: numbers of the parameters that are trained, those with the same step together.
        trained: as of `DeviceAdamW.count_step`.
        graph: None until the second step of this kind.
    """

    groups: list[list[int]]
    trained: Tensor
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
        self.optimizer, self.clip = DeviceAdamW(optimizer), recipe.clip
        self.parameters = self.optimizer.parameters
        self.device = device = self.parameters[0].device
        on_gpu = device.type == "cuda"
        scalars = OPTIMIZER + self.optimizer.count
        make = MODELS[type(model)]
        self.packer: Packer = make(task, model, regularisers, recipe, scalars, ahead=on_gpu)
        self.buffer = torch.zeros(self.packer.bytes, dtype=torch.uint8, device=device)
        self.parts = self.packer.parts_of(self.buffer)
        self.plan: Any = StaticPlan(
            recipe.batch_size, self.packer.largest, self.packer.elements, device
        )
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
        self, step: int, weights: dict[str, float], laws_at: Callable[[int], tuple[str, ...]]
    ) -> bool:
        """One step: parameters, the state of the optimiser, `sums` and `failed_at` change.

        Args:
            step: from 0.
            weights: of the laws that are regularised.
            laws_at: as of `Packer.give_back`.

        Returns:
            Whether the step was done; False if the batch does not fit, and nothing was changed.

        Raises:
            CaptureError: capturing the step failed: take it in the plain way.
        """
        laws = tuple(weights)
        packed = self.packer.take(step, laws)
        tuples = packed.tuples
        if tuples is None:
            self.packer.give_back(packed, step, laws_at)
            return False
        try:
            kind = self._kind(laws, tuples)
            numbers = [float(bool(self.sums)), *(weights.get(law, 0.0) for law in LAW_PENALTIES)]
            packed.parts["scalars"].copy_(torch.tensor([*numbers, *self.optimizer.numbers()]))
            if kind is not None and kind.graph is None and self.stream is not None:
                kind.graph = self._capture(laws, tuples)
            self.buffer.copy_(packed.buffer, non_blocking=True)
            if packed.copied is not None:
                packed.copied.record(torch.cuda.current_stream(self.device))
        finally:
            self.packer.give_back(packed, step, laws_at)
        if kind is None:
            groups = self._first(laws, tuples)
            trained = torch.zeros(len(self.parameters))
            trained[[number for group in groups for number in group]] = 1
            kind = self._kinds[laws, tuples] = _Kind(groups, trained)
        elif kind.graph is not None:
            kind.graph.replay()
        else:
            self._compute(laws, tuples)
        self.optimizer.count_step(kind.trained)
        for name in ("loss", "task_loss", *laws):
            if name not in self.sums:
                self.sums[name] = self.totals[COUNTED.index(name)]
        return True

    def _kind(self, laws: tuple[str, ...], tuples: int) -> _Kind | None:
        """The steps like this one; None if it is the first, or a graph would not fit any more."""
        places = torch.get_float32_matmul_precision(), *self.optimizer.places()
        if places != self._places:  # a checkpoint was loaded, say
            self._kinds.clear()
            self._places = places
        kind = self._kinds.get((laws, tuples))
        return kind if kind is not None and self.optimizer.fits(kind.groups) else None

    def _first(self, laws: tuple[str, ...], tuples: int) -> list[list[int]]:
        """A step, operation by operation, on the stream of the graphs: it warms up for them."""
        if self.stream is None:
            return self._compute(laws, tuples)
        now = torch.cuda.current_stream(self.device)
        self.stream.wait_stream(now)
        with torch.cuda.stream(self.stream):
            groups = self._compute(laws, tuples)
        now.wait_stream(self.stream)
        return groups

    def _capture(self, laws: tuple[str, ...], tuples: int) -> torch.cuda.CUDAGraph:
        graph = torch.cuda.CUDAGraph()
        try:
            # The outer stream is left even if leaving the inner one raises an error.
            with (
                torch.cuda.device(self.device),
                torch.cuda.stream(self.stream),
                torch.cuda.graph(graph, stream=self.stream, capture_error_mode="thread_local"),
            ):
                self._compute(laws, tuples)
        except Exception as error:
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise CaptureError(f"the step cannot be captured as a CUDA graph: {reason}") from error
        finally:
            self.optimizer.optimizer.zero_grad()  # their memory is the graph's
        return graph

    def _compute(self, laws: tuple[str, ...], tuples: int) -> list[list[int]]:
        """The step, from `parts` to the parameters; returns the `groups` of a `_Kind`."""
        scalars = self.parts["scalars"].unbind()
        self.optimizer.optimizer.zero_grad()
        parts = self.packer.unpacked(self.parts)
        self.plan.update(parts["ptr"])
        task_loss, penalties = self.packer.losses(parts, laws, tuples, self.plan)
        loss = task_loss
        for law, penalty in penalties.items():
            loss = loss + scalars[WEIGHTS + LAW_PENALTIES.index(law)] * penalty
        loss.backward()
        norm = nn.utils.clip_grad_norm_(self.parameters, self.clip)
        with torch.no_grad():
            fine = (loss + norm).isfinite() | (self.failed_at >= 0)
            self.failed_at.copy_(torch.where(fine, self.failed_at, self.parts["step"]))
            groups = self.optimizer.groups()
            self.optimizer.update(groups, scalars[OPTIMIZER:])
            values = {"loss": loss, "task_loss": task_loss, **penalties}
            none = torch.zeros((), device=self.device)
            new = [values.get(name, none).double() for name in COUNTED]
            counts = [torch.full_like(new[0], name in values) for name in COUNTED]
            before = torch.where(scalars[KEEP] > 0, self.totals, 0.0)
            self.totals.copy_(before + torch.stack([torch.stack(new), torch.stack(counts)], 1))
        return groups
