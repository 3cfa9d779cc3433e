"""Batches of sets with room for the largest, each in one buffer, made ahead on threads."""

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from math import prod
from queue import SimpleQueue
from typing import Any

import torch
from torch import Tensor

from lcm_core.laws.measure import arity
from lcm_core.laws.penalties import LAW_PENALTIES, draw_tuples
from lcm_core.reduction.places import StatePlaces
from lcm_core.tasks.base import SetBatch, Task
from lcm_core.training.recipe import Recipe
from lcm_core.training.regularisers import penalty_generator

__all__ = ["AHEAD", "Packed", "Packer", "Parts"]

THREADS = min(4, os.cpu_count() or 1)
AHEAD = THREADS + 2  # batches that are made before their step
ROUND = 256  # bytes: where parts begin


@dataclass(frozen=True)
class Parts:
    """What a step reads, as views of one buffer.

    Shapes: `ptr` (B + 1,) int64; `step` () int64, from 0; `rows` int64, room for the states of the
    regularisers' tuples; `scalars` float32; `y` (B, out_features); `x` (room, in_features).
    """

    ptr: Tensor
    step: Tensor
    rows: Tensor
    scalars: Tensor
    y: Tensor
    x: Tensor


@dataclass
class Packed:
    """A buffer with a batch.

    Attributes:
        buffer: (bytes,); on the way to a GPU, page-locked.
        parts: of the buffer.
        copied: on a GPU: recorded after the copy, before which the buffer must not change.
        laws: the laws for which tuples were drawn.
        tuples: how many for each.
    """

    buffer: Tensor
    parts: Parts
    copied: torch.cuda.Event | None
    laws: tuple[str, ...] = ()
    tuples: int = 0


class Packer:
    """Draws the batches of a run, and the tuples of its regularisers, as a plain step does.

    Args:
        task: on sets, with `training_sizes`.
        recipe: of the run.
        scalars: room for so many numbers.
        ahead: whether batches are made ahead, for a GPU; else when they are asked for.
    """

    def __init__(self, task: Task[SetBatch], recipe: Recipe, scalars: int, ahead: bool):
        assert task.training_sizes is not None
        self.task, self.batch_size, self.seed = task, recipe.batch_size, recipe.seed
        self.encoded = recipe.penalty_states == "encoded"
        largest = task.training_sizes[1]
        first = task.train_batch(0, recipe.batch_size, recipe.seed)
        # Tuples are rounded up to a multiple of the number of levels.
        tuples = recipe.batch_size + largest.bit_length()
        shapes: list[tuple[torch.dtype, Sequence[int]]] = [
            (torch.int64, (recipe.batch_size + 1,)),
            (torch.int64, ()),
            (torch.int64, (sum(map(arity, LAW_PENALTIES)) * tuples,)),
            (torch.float32, (scalars,)),
            (first.y.dtype, first.y.shape),
            (first.x.dtype, (recipe.batch_size * largest, first.x.shape[1])),
        ]
        self.bytes = 0
        self._layout: list[tuple[int, torch.dtype, Sequence[int]]] = []
        for dtype, shape in shapes:
            self._layout.append((self.bytes, dtype, shape))
            self.bytes += -(-prod(shape) * dtype.itemsize // ROUND) * ROUND
        self._free: SimpleQueue[Packed] = SimpleQueue()
        self._made: dict[int, Future[Packed]] = {}
        self._threads = ThreadPoolExecutor(THREADS, "batches") if ahead else None
        to_gpu = ahead and torch.cuda.is_available()
        for _ in range(1 + AHEAD * ahead):
            buffer = torch.zeros(self.bytes, dtype=torch.uint8, pin_memory=to_gpu)
            copied = torch.cuda.Event(blocking=True) if to_gpu else None
            self._free.put(Packed(buffer, self.parts_of(buffer), copied))

    def parts_of(self, buffer: Tensor) -> Parts:
        """The parts of a buffer like ours, perhaps on a device."""
        views = []
        for begin, dtype, shape in self._layout:
            size = prod(shape) * dtype.itemsize
            views.append(buffer[begin : begin + size].view(dtype).view(shape))
        return Parts(*views)

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

    def give_back(self, packed: Packed, following: Mapping[int, tuple[str, ...]]) -> None:
        """Let another batch be made in this buffer, once it is copied.

        Args:
            packed: of `take`.
            following: the steps to come, and the laws that are regularised in them, as far as is
                known; the first few are made ahead.
        """
        self._free.put(packed)
        if self._threads is None:
            return
        for step, laws in islice(following.items(), AHEAD):
            if step not in self._made:
                self._made[step] = self._threads.submit(self._make, step, laws)

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
            self._fill(packed, step, laws)
        except BaseException:
            self._free.put(packed)
            raise
        return packed

    def _fill(self, packed: Packed, step: int, laws: tuple[str, ...]) -> None:
        batch: Any = self.task.train_batch(step, self.batch_size, self.seed)
        parts, elements = packed.parts, len(batch.x)
        parts.ptr.copy_(batch.ptr)
        parts.step.fill_(step)
        parts.y.copy_(batch.y)
        parts.x[:elements] = batch.x
        parts.x[elements:] = 0
        packed.laws, packed.tuples = laws, 0
        if not laws:
            return
        places = StatePlaces(batch.ptr, len(parts.x))
        sizes = places.sizes[:1] if self.encoded else places.sizes
        generator, end = penalty_generator(self.seed, step), 0
        for law in laws:
            for drawn, mixed in draw_tuples(sizes, self.batch_size, arity(law), generator):
                rows = torch.cat([places.rows(level, states) for level, states in enumerate(drawn)])
                packed.tuples = len(rows)
                parts.rows[end : end + len(rows)] = rows[mixed]
                end += len(rows)
