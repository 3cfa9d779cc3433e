"""The second smallest element of a set of integers: the benchmark of the paper on sets."""

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from lcm_core.tasks.base import Device, SetBatch, Task, check_batch_size, seeded_generator

TRAINING_SIZES = range(2, 17)
EVALUATION_SIZES = {
    "validation": TRAINING_SIZES,
    "size 16": (16,),
    "size 32": (32,),
    "size 128": (128,),
}
SETS_IN_A_SPLIT = 1024
SETS_IN_AN_EVALUATION_BATCH = 256
ELEMENTS_IN_AN_EVALUATION_BATCH = 8192  # so that a Stop need not wait long for its end

# The first word of each stream of random numbers: training and evaluation never share one.
TRAINING_STREAM, EVALUATION_STREAM = 0, 1


class SecondMinimum(Task[SetBatch]):
    """The second smallest of a set of unsigned integers, bit by bit.

    Elements are independent and uniform on 0 … 2^bits − 1, written as ±1 bits, the most
    significant first. Repeats are allowed: the second smallest of {3, 3, 5} is 3. The target is
    the bits (0 or 1) of the answer; the loss is the binary cross-entropy of `bits` logits, and a
    set counts as right if every bit is. Training sets have 2 to 16 elements, all sizes equally
    likely and mixed in each batch; splits are "validation" (the same sizes, the same number of
    sets of each) and "size 16", "size 32", "size 128" (does it extrapolate?).

    Source: Ong & Veličković, "Learnable Commutative Monoids for Graph Neural Networks",
    LoG 2022, https://arxiv.org/abs/2212.08541

    Args:
        bits: the width of the integers, 1 to 24. Elements have `bits` features.
    """

    name = "second_minimum"
    kind = "sets"
    metric_name = "exact match"
    splits = tuple(EVALUATION_SIZES)
    further_splits = ("size 32", "size 128")
    options = ("bits",)

    def __init__(self, bits: int = 8) -> None:
        if not 1 <= bits <= 24:
            raise ValueError(f"bits must be from 1 to 24, got {bits}")
        self.bits = self.in_features = self.out_features = bits

    def draw(self, sizes: Sequence[int] | Tensor, generator: torch.Generator) -> SetBatch:
        """Random sets of the given sizes, each at least 2, drawn on the generator's device."""
        host_sizes = torch.as_tensor(sizes, dtype=torch.int64, device="cpu")
        if len(host_sizes) and int(host_sizes.min()) < 2:
            raise ValueError(
                "a second smallest element needs sets of at least 2 elements, "
                f"got a set of {int(host_sizes.min())}"
            )
        values = torch.randint(
            2**self.bits,
            (int(host_sizes.sum()),),
            generator=generator,
            device=generator.device,
        )
        return self.from_values(values, host_sizes)

    def from_values(self, values: Int[Tensor, " N"], sizes: Int[Tensor, " B"]) -> SetBatch:
        """The batch of given integers, set after set; `sizes` is on the host."""
        ptr = torch.zeros(len(sizes) + 1, dtype=torch.int64)
        ptr[1:] = sizes.cumsum(0)
        owner = torch.repeat_interleave(torch.arange(len(sizes)), sizes).to(values.device)
        ptr = ptr.to(values.device)
        # One sort puts the sets one after another, each in ascending order.
        ascending = ((owner << self.bits) + values).sort().values - (owner << self.bits)
        second_smallest = ascending[ptr[:-1] + 1]
        return SetBatch(2 * self.to_bits(values) - 1, ptr, self.to_bits(second_smallest), sizes)

    def to_bits(self, values: Int[Tensor, " n"]) -> Float[Tensor, "n bits"]:
        """Integers as bits, 0 or 1, the most significant first."""
        places = torch.arange(self.bits - 1, -1, -1, device=values.device)
        return ((values[:, None] >> places) & 1).float()

    def train_batch(
        self, step: int, batch_size: int, seed: int, device: Device = "cpu"
    ) -> SetBatch:
        """`batch_size` sets of 2 to 16 elements: fresh ones at every step."""
        check_batch_size(batch_size)
        sizes = torch.randint(
            TRAINING_SIZES.start,
            TRAINING_SIZES.stop,
            (batch_size,),
            generator=seeded_generator("cpu", TRAINING_STREAM, seed, step, 0),
        )
        return self.draw(sizes, seeded_generator(device, TRAINING_STREAM, seed, step, 1))

    def batches(self, split: str = "validation", device: Device = "cpu") -> Iterator[SetBatch]:
        """1,024 sets of the split's sizes (1,020 if mixed), the same ones on every device."""
        self.check_split(split)
        sizes = list(EVALUATION_SIZES[split])
        all_sizes = sizes * (SETS_IN_A_SPLIT // len(sizes))
        for start in range(0, len(all_sizes), SETS_IN_AN_EVALUATION_BATCH):
            generator = seeded_generator(
                "cpu", EVALUATION_STREAM, self.bits, self.splits.index(split), start
            )
            batch = self.draw(all_sizes[start : start + SETS_IN_AN_EVALUATION_BATCH], generator)
            for piece in _pieces(batch):
                yield piece.to(device)

    def loss(self, outputs: Float[Tensor, "B bits"], batch: SetBatch) -> Float[Tensor, ""]:
        """Binary cross-entropy of the logits, mean over sets and bits, in nats."""
        return binary_cross_entropy_with_logits(outputs, batch.y)

    def metric(self, outputs: Float[Tensor, "B bits"], targets: Float[Tensor, "B bits"]) -> float:
        """The share of sets whose bits are all right."""
        return float(((outputs > 0) == (targets > 0.5)).all(dim=1).float().mean())

    def baseline(self, split: str = "validation") -> float:
        """The chance of the likeliest second smallest element of the split's sizes, exactly."""
        self.check_split(split)
        return float(second_minimum_distribution(EVALUATION_SIZES[split], self.bits).max())

    def describe(self) -> str:
        """One paragraph of facts about the task."""
        constant = ", ".join(f"{split} {self.baseline(split):.1%}" for split in self.splits)
        return (
            f"Second smallest of a set of {self.bits}-bit integers, repeats allowed. Training sets "
            f"have {TRAINING_SIZES.start} to {TRAINING_SIZES.stop - 1} elements and are drawn "
            f"afresh at every step. Score: share of sets with every bit right. The best constant "
            f"answer scores {constant}."
        )


def _pieces(batch: SetBatch) -> Iterator[SetBatch]:
    """The same sets in batches of at most about `ELEMENTS_IN_AN_EVALUATION_BATCH` elements."""
    count = -(-len(batch.x) // ELEMENTS_IN_AN_EVALUATION_BATCH)
    for sets in torch.arange(batch.num_sets).chunk(count):
        first, end = int(sets[0]), int(sets[-1]) + 1
        ptr = batch.ptr[first : end + 1]
        elements = batch.x[ptr[0] : ptr[-1]]
        yield SetBatch(elements, ptr - ptr[0], batch.y[first:end], batch.sizes[first:end])


def second_minimum_distribution(sizes: Sequence[int], bits: int) -> np.ndarray:
    """The distribution of the second smallest element, computed and not simulated.

    Of n integers, independent and uniform on 0 … K − 1, the second smallest is at least v exactly
    if at most one is below v: with p = v / K, the chance of that is (1 − p)ⁿ + n p (1 − p)ⁿ⁻¹.
    The distribution is the mean over `sizes`, which are equally likely.

    Returns:
        (2^bits,): entry v is the chance that the second smallest element is v.
    """
    p = np.arange(2**bits + 1) / 2**bits  # the chance that one element is below v = 0 … 2^bits
    at_least = sum((1 - p) ** n + n * p * (1 - p) ** (n - 1) for n in sizes) / len(sizes)
    return at_least[:-1] - at_least[1:]
