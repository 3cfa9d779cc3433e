"""Batches with room for more, each in one buffer, made ahead on threads."""

import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from math import prod
from queue import SimpleQueue
from threading import Barrier
from typing import Any

import torch
from jaxtyping import Int
from torch import Tensor

from lcm_core.registry import LIBRARY
from lcm_core.tasks.base import Task
from lcm_core.training.recipe import Recipe
from lcm_core.training.regularisers import Regularisers

__all__ = ["MORE", "Packed", "Packer", "Parts", "is_of_library"]

THREADS = min(4, os.cpu_count() or 1)
ROWS, MOST = 2**15, 8  # so many rows, or batches, are made together
ROUND = 256  # bytes: where parts begin
TRIED = 8  # batches whose elements are counted
MORE = 1.5  # times the most that they have: a batch with more takes a plain step

Parts = dict[str, Tensor]


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


def is_of_library(task: Task[Any], name: str) -> bool:
    """Whether a method of a task is the library's: one's own may do anything."""
    if name in vars(task):
        return False
    definer = next(each for each in type(task).__mro__ if name in vars(each))
    return definer.__module__.startswith(LIBRARY)


class Packer(ABC):
    """The batches of a run with room for more, and the losses of a model on them.

    The batches, and what regularisers draw, are those of a plain step.

    Args:
        task, model, regularisers, recipe: of the run.
        scalars: room for so many numbers that change from step to step.
        ahead: whether batches are made ahead, for a GPU; else when they are asked for.

    Attributes:
        largest: room for so many elements of a set, or nodes of a graph.
        elements: room for so many in a batch: one with more takes a plain step.
        bytes: of a buffer.
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
        self.batch_size, self.seed = recipe.batch_size, recipe.seed
        self.encoded, self.steps = recipe.penalty_states == "encoded", recipe.steps
        tried = [task.train_batch(step, self.batch_size, self.seed) for step in range(TRIED)]
        most = int(MORE * max(len(batch.x) for batch in tried))
        self.elements = min(self.batch_size * task.training_sizes[1], -(-most // 16) * 16)
        self.largest = min(task.training_sizes[1], self.elements)
        shapes = {"step": (torch.int64, ()), "scalars": (torch.float32, (scalars,))}
        self.bytes = 0
        self._layout: dict[str, tuple[int, torch.dtype, Sequence[int]]] = {}
        for name, (dtype, shape) in {**shapes, **self.shapes(tried)}.items():
            self._layout[name] = self.bytes, dtype, shape
            self.bytes += -(-prod(shape) * dtype.itemsize // ROUND) * ROUND
        self._free: SimpleQueue[Packed] = SimpleQueue()
        self._made: dict[int, tuple[Future[list[Packed]], int]] = {}  # by step; the place in it
        self._together = max(1, min(MOST, ROWS // self.elements))
        self._ahead = self._together * (THREADS + 1) if ahead else 0
        self._threads = _single_threads() if ahead else None
        to_gpu = ahead and torch.cuda.is_available()
        for _ in range(1 + self._ahead):
            buffer = torch.zeros(self.bytes, dtype=torch.uint8, pin_memory=to_gpu)
            copied = torch.cuda.Event(blocking=True) if to_gpu else None
            self._free.put(Packed(buffer, self.parts_of(buffer), copied))

    def fits(self, sizes: Int[Tensor, " B"]) -> bool:
        """Whether there is room for sets or graphs of these sizes; on the host."""
        return (
            int(sizes.min()) >= 1
            and int(sizes.max()) <= self.largest
            and int(sizes.sum()) <= self.elements
        )

    @abstractmethod
    def shapes(self, tried: Sequence[Any]) -> dict[str, tuple[torch.dtype, Sequence[int]]]:
        """The dtype and the shape of each part of a buffer, from some batches."""

    def batches(self, steps: Sequence[int]) -> Sequence[Any]:
        """What `fill` takes at some steps: by default the batches of the task."""
        return self.task.train_batches(steps, self.batch_size, self.seed)

    @abstractmethod
    def fill(self, parts: Parts, batch: Any, step: int, laws: tuple[str, ...]) -> int | None:
        """Write the batch of a step.

        Args:
            parts: of a buffer on the host.
            batch: of `batches`.
            step: from 0.
            laws: that are regularised.

        Returns:
            Number of tuples drawn for each law; None if the batch does not fit.
        """

    def unpacked(self, parts: Parts) -> Parts:
        """The parts of a batch, `ptr` among them, from those of the device's buffer."""
        return parts

    @abstractmethod
    def losses(
        self, parts: Parts, laws: tuple[str, ...], tuples: int, plan: Any
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """The loss of the task and the penalties, from parts that lie on the device.

        Args:
            parts: of `unpacked`.
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
        made, place = self._made.pop(step, (None, 0))
        packed = None if made is None else made.result()[place]
        if packed is not None and packed.laws != laws:  # a slider was moved
            self._free.put(packed)
            packed = None
        if packed is None:
            self.drop()
            [packed] = self._make([step], [laws])
        return packed

    def give_back(
        self, packed: Packed, step: int, laws_at: Callable[[int], tuple[str, ...]]
    ) -> None:
        """Let another batch be made in this buffer, once it is copied.

        Args:
            packed: of `take`.
            step: that it was taken for; batches of the next ones are made ahead.
            laws_at: says which laws are regularised at a step, as far as is known.
        """
        self._free.put(packed)
        begin = max(self._made, default=step) + 1
        while self._threads is not None and begin < self.steps:
            if begin + self._together > step + 1 + self._ahead:
                return
            steps = range(begin, min(begin + self._together, self.steps))
            made = self._threads.submit(self._make, steps, [laws_at(each) for each in steps])
            self._made |= {each: (made, place) for place, each in enumerate(steps)}
            begin = steps.stop

    def drop(self) -> None:
        """Forget the batches made ahead: the run goes on elsewhere."""
        for made, place in self._made.values():
            if made.exception() is None:
                self._free.put(made.result()[place])
        self._made.clear()

    def _make(self, steps: Sequence[int], laws: Sequence[tuple[str, ...]]) -> list[Packed]:
        made: list[Packed] = []
        try:
            for step, own, batch in zip(steps, laws, self.batches(steps), strict=True):
                made.append(packed := self._free.get())
                if packed.copied is not None:
                    packed.copied.synchronize()
                packed.parts["step"].fill_(step)
                packed.laws, packed.tuples = own, self.fill(packed.parts, batch, step, own)
        except BaseException:
            for packed in made:
                self._free.put(packed)
            raise
        return made


def _single_threads() -> ThreadPoolExecutor:
    """Threads whose operations of PyTorch take one thread each: more would wait for each other."""
    everyone = Barrier(THREADS + 1)

    def begin() -> None:
        torch.set_num_threads(1)
        everyone.wait()

    threads = ThreadPoolExecutor(THREADS, "batches", initializer=begin)
    for _ in range(THREADS):
        threads.submit(int)
    everyone.wait()
    torch.set_num_threads(torch.get_num_threads())  # for threads to come, as it was
    return threads
