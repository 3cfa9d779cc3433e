"""What a check of an exercise answers: whether it passed, and what to learn from it."""

from __future__ import annotations

import html
from dataclasses import dataclass

__all__ = ["Verdict"]


@dataclass(frozen=True)
class Verdict:
    """Shown by the notebook below the cell that called the check; never raised, so that Run All
    goes on.
    """

    passed: bool
    text: str

    def __str__(self) -> str:
        return f"{'Passed' if self.passed else 'Not yet'}: {self.text}"

    __repr__ = __str__

    def _repr_html_(self) -> str:
        colour, head = ("#009E73", "Passed") if self.passed else ("#D55E00", "Not yet")
        return (
            f'<div role="status" style="border-left:4px solid {colour};padding:4px 10px">'
            f"<b>{head}.</b> {html.escape(self.text)}</div>"
        )
