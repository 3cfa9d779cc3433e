"""What the tasks on sets of integers share: how sets are drawn, sizes, splits."""

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from lcm_core.tasks.base import Device, SetBatch, Task, check_batch_size, seeded_generator

__all__ = [
    "EVALUATION_SIZES",
    "LARGE_SETS_IN_A_SPLIT",
    "SETS_IN_A_SPLIT",
    "SetTask",
    "SortedSets",
    "owners",
]

TRAINING_SIZES = range(2, 17)
EVALUATION_SIZES = {
    "validation": TRAINING_SIZES,
    "size 16": (16,),
    "size 32": (32,),
    "size 128": (128,),
    "size 1024": (1024,),
}
SETS_IN_A_SPLIT = 1024
LARGE_SETS_IN_A_SPLIT = 256  # of 1,024 elements: a fold over them takes seconds as it is
SETS_IN_AN_EVALUATION_BATCH = 256
ELEMENTS_IN_AN_EVALUATION_BATCH = 8192  # so that a Stop need not wait long for its end

# The first word of each stream of random numbers: training and evaluation never share one.
TRAINING_STREAM, EVALUATION_STREAM = 0, 1


class SortedSets(NamedTuple):
    """Integers of B sets, set after set, ascending in each.

    Shapes: `values` (N,); `owner` (N,), the set of each; `ptr` (B + 1,), set b being
    `values[ptr[b]:ptr[b + 1]]`; all int64.
    """

    values: Int[Tensor, " N"]
    owner: Int[Tensor, " N"]
    ptr: Int[Tensor, " B_plus_1"]

    @property
    def sizes(self) -> Int[Tensor, " B"]:
        return self.ptr.diff()

    def total(self, of_elements: Int[Tensor, " N"] | Bool[Tensor, " N"]) -> Int[Tensor, " B"]:
        """The sum over each set of one integer an element, or how many are true."""
        zeros = torch.zeros_like(self.ptr[:-1])
        return zeros.index_add(0, self.owner, of_elements.to(torch.int64))


class SetTask(Task[SetBatch]):
    """A question about a set of unsigned integers, whose answer is an integer.

    Elements are written as ±1 bits, the most significant first; repeats are allowed. Training
    sets have 2 to 16 elements, all sizes equally likely and mixed in each batch. The splits are
    "validation" (the same sizes, 68 sets of each) and "size 16", "size 32", "size 128" (1,024
    sets each), "size 1024" (256 sets): does what was learned extrapolate?

    A task says how sets are drawn (`draw_values`; independent and uniform unless it says
    otherwise), what the answer is (`answers`), and, by a class of `answers.py`, how the answer
    is written, learned and scored.

    Args:
        bits: the width of the integers, 1 to 24. Elements have `bits` features.
    """

    kind = "sets"
    splits = tuple(EVALUATION_SIZES)
    further_splits = ("size 32", "size 128")
    training_sizes = TRAINING_SIZES.start, TRAINING_SIZES.stop - 1
    smallest_set = 1  # of which there is an answer
    title: str  # what is asked, with {bits}, as a noun phrase
    score: str  # what share of sets the metric is
    exact_baseline = True  # or the best constant is counted on the split's own sets

    def __init__(self, bits: int = 8) -> None:
        if not 1 <= bits <= 24:
            raise ValueError(f"bits must be from 1 to 24, got {bits}")
        self.bits = self.in_features = bits

    @abstractmethod
    def answers(self, sets: SortedSets) -> Int[Tensor, " B"]:
        """The answer for each set."""

    @abstractmethod
    def write(self, answers: Int[Tensor, " B"]) -> Float[Tensor, "B out_features"]:
        """Answers as targets."""

    def draw_values(
        self, sizes: Int[Tensor, " B"], generator: torch.Generator
    ) -> Int[Tensor, " N"]:
        """Random elements for sets of these sizes, on the generator's device."""
        return torch.randint(
            2**self.bits, (int(sizes.sum()),), generator=generator, device=generator.device
        )

    def draw_training_values(
        self, sizes: Int[Tensor, " B"], generator: torch.Generator
    ) -> Int[Tensor, " N"]:
        """Random elements for training sets: as in all others, unless a task says otherwise."""
        return self.draw_values(sizes, generator)

    def draw(self, sizes: Sequence[int] | Tensor, generator: torch.Generator) -> SetBatch:
        """Random sets of the given sizes, drawn on the generator's device."""
        host_sizes = torch.as_tensor(sizes, dtype=torch.int64, device="cpu")
        if len(host_sizes) and int(host_sizes.min()) < self.smallest_set:
            raise ValueError(
                f"task {self.name!r} needs sets of at least {self.smallest_set} "
                f"element{'s' * (self.smallest_set > 1)}, got a set of {int(host_sizes.min())}"
            )
        return self.from_values(self.draw_values(host_sizes, generator), host_sizes)

    def from_values(self, values: Int[Tensor, " N"], sizes: Int[Tensor, " B"]) -> SetBatch:
        """The batch of given integers, set after set; `sizes` is on the host."""
        ptr = torch.zeros(len(sizes) + 1, dtype=torch.int64)
        ptr[1:] = sizes.cumsum(0)
        owner = owners(sizes, values.device)
        ptr = ptr.to(values.device)
        # One sort puts the sets one after another, each in ascending order.
        ascending = ((owner << self.bits) + values).sort().values - (owner << self.bits)
        answers = self.answers(SortedSets(ascending, owner, ptr))
        return SetBatch(2 * self.to_bits(values) - 1, ptr, self.write(answers), sizes)

    def to_bits(self, values: Int[Tensor, " n"]) -> Float[Tensor, "n bits"]:
        """Integers as bits, 0 or 1, the most significant first."""
        if values.device.type == "cpu":
            octets = values.numpy().astype(">u4").view(np.uint8).reshape(-1, 4)
            return torch.from_numpy(np.unpackbits(octets, axis=1)[:, 32 - self.bits :]).float()
        places = torch.arange(self.bits - 1, -1, -1, device=values.device)
        return ((values[:, None] >> places) & 1).float()

    def train_batch(
        self, step: int, batch_size: int, seed: int, device: Device = "cpu"
    ) -> SetBatch:
        """`batch_size` sets of 2 to 16 elements: fresh ones at every step, on all devices alike."""
        [batch] = self._training_sets([step], batch_size, seed)
        return batch.to(device)

    def train_batches(self, steps: Sequence[int], batch_size: int, seed: int) -> list[SetBatch]:
        """The batches of several steps: all their sets are sorted and written together."""
        if type(self).train_batch is not SetTask.train_batch:
            return super().train_batches(steps, batch_size, seed)
        return self._training_sets(steps, batch_size, seed)

    def _training_sets(self, steps: Sequence[int], batch_size: int, seed: int) -> list[SetBatch]:
        check_batch_size(batch_size)
        sizes, values = [], []
        for step in steps:
            first, second = (
                seeded_generator("cpu", TRAINING_STREAM, seed, step, part) for part in (0, 1)
            )
            bounds = TRAINING_SIZES.start, TRAINING_SIZES.stop
            sizes.append(torch.randint(*bounds, (batch_size,), generator=first))
            values.append(self.draw_training_values(sizes[-1], second))
        whole = self.from_values(torch.cat(values), torch.cat(sizes))
        batches, begin = [], 0
        for number, own in enumerate(values):
            sets, end = slice(number * batch_size, (number + 1) * batch_size), begin + len(own)
            ptr = whole.ptr[sets.start : sets.stop + 1] - begin
            batches.append(SetBatch(whole.x[begin:end], ptr, whole.y[sets], whole.sizes[sets]))
            begin = end
        return batches

    def batches(self, split: str = "validation", device: Device = "cpu") -> Iterator[SetBatch]:
        """The sets of a split, the same ones on every device."""
        self.check_split(split)
        sizes = list(EVALUATION_SIZES[split])
        count = LARGE_SETS_IN_A_SPLIT if max(sizes) >= 1024 else SETS_IN_A_SPLIT
        all_sizes = sizes * (count // len(sizes))
        for start in range(0, len(all_sizes), SETS_IN_AN_EVALUATION_BATCH):
            generator = seeded_generator(
                "cpu", EVALUATION_STREAM, self.bits, self.splits.index(split), start
            )
            batch = self.draw(all_sizes[start : start + SETS_IN_AN_EVALUATION_BATCH], generator)
            for piece in _pieces(batch):
                yield piece.to(device)

    def describe(self) -> str:
        """One paragraph of facts about the task."""
        constant = ", ".join(f"{split} {self.baseline(split):.1%}" for split in self.splits)
        how = "" if self.exact_baseline else ", counted on the split's own sets,"
        return (
            f"{self.title.format_map(vars(self))} Training sets "
            f"have {TRAINING_SIZES.start} to {TRAINING_SIZES.stop - 1} elements and are drawn "
            f"afresh at every step. Score: share of sets {self.score}. The best constant "
            f"answer{how} scores {constant}."
        )


def owners(sizes: Int[Tensor, " B"], device: Device) -> Int[Tensor, " N"]:
    """The set of each element, on `device`, of sets of these sizes (on the host)."""
    return torch.repeat_interleave(torch.arange(len(sizes)), sizes).to(device)


def _pieces(batch: SetBatch) -> Iterator[SetBatch]:
    """The same sets in batches of at most about `ELEMENTS_IN_AN_EVALUATION_BATCH` elements."""
    count = -(-len(batch.x) // ELEMENTS_IN_AN_EVALUATION_BATCH)
    for sets in torch.arange(batch.num_sets).chunk(count):
        first, end = int(sets[0]), int(sets[-1]) + 1
        ptr = batch.ptr[first : end + 1]
        elements = batch.x[ptr[0] : ptr[-1]]
        yield SetBatch(elements, ptr - ptr[0], batch.y[first:end], batch.sizes[first:end])
