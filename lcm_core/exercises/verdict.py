"""Shared by the checks of exercises: their verdict, and when two states differ."""

from __future__ import annotations

import html
from dataclasses import dataclass

import torch
from torch import Tensor

from lcm_core.laws.measure import difference
from lcm_core.rounding import ANSWER

__all__ = ["Verdict", "differ"]


@dataclass(frozen=True)
class Verdict:
    """Whether an exercise passed, and what to learn from it.

    The notebook shows it below the cell that called the check; it is never raised, so that Run All
    goes on. Where a grader needs an error, `required` raises one.
    """

    passed: bool
    text: str

    def required(self) -> None:
        """Print the verdict if the exercise passed, else raise it: for the cells of a grader.

        Raises:
            AssertionError: the exercise is not solved yet; its text says why.
        """
        if not self.passed:
            raise AssertionError(str(self))
        print(self)

    def __str__(self) -> str:
        return f"{'Passed' if self.passed else 'Not yet'}: {self.text}"

    __repr__ = __str__

    def _repr_html_(self) -> str:
        colour, head = ("#009E73", "Passed") if self.passed else ("#D55E00", "Not yet")
        return (
            f'<div role="status" style="border-left:4px solid {colour};padding:4px 10px">'
            f"<b>{head}.</b> {html.escape(self.text)}</div>"
        )


def differ(one: Tensor, other: Tensor) -> bool:
    """Whether two states differ by more than rounding; two that are both NaN do too."""
    scale = 1 + torch.maximum(one.abs(), other.abs()).nan_to_num(posinf=0.0)
    return not bool((difference(one, other).abs() <= ANSWER * scale).all())
