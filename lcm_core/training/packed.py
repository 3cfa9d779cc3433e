"""Batches with room for more, each in one buffer, made ahead on threads."""

import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from math import prod
from queue import SimpleQueue
from typing import Any

import torch
from torch import Tensor

from lcm_core.tasks.base import Task
from lcm_core.training.recipe import Recipe
from lcm_core.training.regularisers import Regularisers

__all__ = ["LawsOf", "Packed", "Packer", "Parts"]

THREADS = min(4, os.cpu_count() or 1)
AHEAD = THREADS + 2  # batches that are made before their step
ROUND = 256  # bytes: where parts begin

Parts = dict[str, Tensor]
LawsOf = Callable[[int], tuple[str, ...] | None]


@dataclass
class Packed:
    """A buffer with a batch.

    Attributes:
        buffer: (bytes,); on the way to a GPU, page-locked.
        parts: of the buffer, by name.
        copied: on a GPU: recorded after the copy, before which the buffer must not change.
        laws: the laws for which tuples were drawn.
        tuples: how many for each; None if the batch does not fit.
    """

    buffer: Tensor
    parts: Parts
    copied: torch.cuda.Event | None
    laws: tuple[str, ...] = ()
    tuples: int | None = 0


class Packer(ABC):
    """The batches of a run with room for more, and the losses of a model on them.

    The batches, and what regularisers draw, are those of a plain step.

    Args:
        task, model, regularisers, recipe: of the run.
        scalars: room for so many numbers that change from step to step.
        ahead: whether batches are made ahead, for a GPU; else when they are asked for.
    """

    def __init__(
        self,
        task: Task[Any],
        model: Any,
        regularisers: Regularisers,
        recipe: Recipe,
        scalars: int,
        ahead: bool,
    ):
        assert task.training_sizes is not None
        self.task, self.model, self.regularisers = task, model, regularisers
        self.batch_size, self.seed, self.largest = (
            recipe.batch_size, recipe.seed, task.training_sizes[1],
        )  # fmt: skip
        self.encoded = recipe.penalty_states == "encoded"
        shapes = {"step": (torch.int64, ()), "scalars": (torch.float32, (scalars,))}
        self.bytes = 0
        self._layout: dict[str, tuple[int, torch.dtype, Sequence[int]]] = {}
        for name, (dtype, shape) in {**shapes, **self.shapes()}.items():
            self._layout[name] = self.bytes, dtype, shape
            self.bytes += -(-prod(shape) * dtype.itemsize // ROUND) * ROUND
        self._free: SimpleQueue[Packed] = SimpleQueue()
        self._made: dict[int, Future[Packed]] = {}
        self._threads = ThreadPoolExecutor(THREADS, "batches") if ahead else None
        to_gpu = ahead and torch.cuda.is_available()
        for _ in range(1 + AHEAD * ahead):
            buffer = torch.zeros(self.bytes, dtype=torch.uint8, pin_memory=to_gpu)
            copied = torch.cuda.Event(blocking=True) if to_gpu else None
            self._free.put(Packed(buffer, self.parts_of(buffer), copied))

    @abstractmethod
    def shapes(self) -> dict[str, tuple[torch.dtype, Sequence[int]]]:
        """The dtype and the shape of each part of a batch."""

    @abstractmethod
    def fill(self, parts: Parts, step: int, laws: tuple[str, ...]) -> int | None:
        """Write the batch of a step.

        Args:
            parts: of a buffer on the host.
            step: from 0.
            laws: that are regularised.

        Returns:
            Number of tuples drawn for each law; None if the batch does not fit.
        """

    @abstractmethod
    def losses(
        self, parts: Parts, laws: tuple[str, ...], tuples: int, plan: Any
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """The loss of the task and the penalties, from parts that lie on the device.

        Args:
            parts: of the device's buffer.
            laws, tuples: of the batch.
            plan: a `StaticPlan` of the sets, or of the nodes of each graph.
        """

    def parts_of(self, buffer: Tensor) -> Parts:
        """The parts of a buffer like ours, perhaps on a device."""
        views = {}
        for name, (begin, dtype, shape) in self._layout.items():
            size = prod(shape) * dtype.itemsize
            views[name] = buffer[begin : begin + size].view(dtype).view(shape)
        return views

    def take(self, step: int, laws: tuple[str, ...]) -> Packed:
        """The batch of a step; `give_back` must follow.

        Args:
            step: from 0.
            laws: the regularised laws, for which tuples are drawn.
        """
        made = self._made.pop(step, None)
        packed = None if made is None else made.result()
        if packed is not None and packed.laws != laws:  # a slider was moved
            self._free.put(packed)
            packed = None
        if packed is None:
            self.drop()
            packed = self._make(step, laws)
        return packed

    def give_back(self, packed: Packed, step: int, laws_of: LawsOf) -> None:
        """Let another batch be made in this buffer, once it is copied.

        Args:
            packed: of `take`.
            step: the step that it was for: the next few are made ahead.
            laws_of: the laws that are regularised in a step to come, as far as is known; None
                where there is no such step.
        """
        self._free.put(packed)
        if self._threads is None:
            return
        for coming in range(step + 1, step + 1 + AHEAD):
            if coming not in self._made and (laws := laws_of(coming)) is not None:
                self._made[coming] = self._threads.submit(self._make, coming, laws)

    def drop(self) -> None:
        """Forget the batches made ahead: the run goes on elsewhere."""
        for made in self._made.values():
            if made.exception() is None:
                self._free.put(made.result())
        self._made.clear()

    def _make(self, step: int, laws: tuple[str, ...]) -> Packed:
        packed = self._free.get()
        try:
            if packed.copied is not None:
                packed.copied.synchronize()
            packed.parts["step"].fill_(step)
            packed.laws, packed.tuples = laws, self.fill(packed.parts, step, laws)
        except BaseException:
            self._free.put(packed)
            raise
        return packed
