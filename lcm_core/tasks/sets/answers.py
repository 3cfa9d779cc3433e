"""Three kinds of answer to a question about a set: an integer's bits, a class, a count."""

from functools import lru_cache

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn.functional import (
    binary_cross_entropy_with_logits,
    cross_entropy,
    one_hot,
    smooth_l1_loss,
)

from lcm_core.tasks.base import SetBatch
from lcm_core.tasks.sets.set_task import SetTask

__all__ = ["BitsTask", "ClassTask", "CountTask"]


class BitsTask(SetTask):
    """The answer is an integer of `bits` bits: `bits` logits, all of which must be right."""

    metric_name = "exact match"
    score = "with every bit right"

    def __init__(self, bits: int = 8) -> None:
        super().__init__(bits)
        self.out_features = bits

    def write(self, answers: Int[Tensor, " B"]) -> Float[Tensor, "B bits"]:
        """The bits of the answers, 0 or 1, the most significant first."""
        return self.to_bits(answers)

    def loss(self, outputs: Float[Tensor, "B bits"], batch: SetBatch) -> Float[Tensor, ""]:
        """Binary cross-entropy of the logits, mean over sets and bits, in nats."""
        return binary_cross_entropy_with_logits(outputs, batch.y)

    def metric(self, outputs: Float[Tensor, "B bits"], targets: Float[Tensor, "B bits"]) -> float:
        """The share of sets whose bits are all right."""
        return float(((outputs > 0) == (targets > 0.5)).all(dim=1).float().mean())


class ClassTask(SetTask):
    """The answer is one of `out_features` classes, 0 the first; targets are one-hot."""

    metric_name = "accuracy"
    score = "with the right answer"

    def write(self, answers: Int[Tensor, " B"]) -> Float[Tensor, "B classes"]:
        """The answers, one-hot."""
        return one_hot(answers, self.out_features).float()

    def loss(self, outputs: Float[Tensor, "B classes"], batch: SetBatch) -> Float[Tensor, ""]:
        """Cross-entropy of the logits, mean over sets, in nats."""
        return cross_entropy(outputs, batch.y)

    def metric(
        self, outputs: Float[Tensor, "B classes"], targets: Float[Tensor, "B classes"]
    ) -> float:
        """The share of sets whose largest logit is that of the right class."""
        return float((outputs.argmax(dim=1) == targets.argmax(dim=1)).float().mean())


class CountTask(SetTask):
    """The answer is how many there are of something: one real output, in elements.

    An output is right if, rounded, it is within 5 % of the count: exact up to 19, since what is
    learned from counts up to 16 is to be asked for hundreds. The loss is in units of this
    tolerance, so that it stays of one size for counts of any size. The output has no bound and no
    logarithm: whoever adds up one for each element can go on counting.
    """

    metric_name = "within 5 %"
    score = "whose count, rounded, is within 5 % (exact up to 19)"
    out_features = 1
    exact_baseline = False

    def write(self, answers: Int[Tensor, " B"]) -> Float[Tensor, "B 1"]:
        """The counts as real numbers."""
        return answers[:, None].float()

    def loss(self, outputs: Float[Tensor, "B 1"], batch: SetBatch) -> Float[Tensor, ""]:
        """The smooth L1 loss of the error, in tolerances: quadratic up to one, then linear."""
        scale = tolerance(batch.y)
        return smooth_l1_loss(outputs / scale, batch.y / scale)

    def metric(self, outputs: Float[Tensor, "B 1"], targets: Float[Tensor, "B 1"]) -> float:
        """The share of sets whose rounded output is within the tolerance of the count."""
        return float(((outputs.round() - targets).abs() <= tolerance(targets)).float().mean())

    def baseline(self, split: str = "validation") -> float:
        """The score of the whole number that is right for most sets of the split itself."""
        self.check_split(split)
        return _best_constant_count(type(self), self.bits, split)


def tolerance(counts: Float[Tensor, "*B"]) -> Float[Tensor, "*B"]:
    """How far from a count a right answer may be: 5 %, at least one half."""
    return counts.clamp(min=10) / 20


@lru_cache(maxsize=64)
def _best_constant_count(task: type[CountTask], bits: int, split: str) -> float:
    counts = torch.cat([batch.y for batch in task(bits).batches(split)])
    answers = range(int(counts.max()) + 2)
    return max(
        float(((counts - answer).abs() <= tolerance(counts)).float().mean()) for answer in answers
    )
