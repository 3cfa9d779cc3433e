"""The result of `certify`, as text and as a table."""

import html
import math
from collections.abc import Mapping
from dataclasses import dataclass

from lcm_core.laws.measure import LawError, LawReport

__all__ = ["BatchMates", "Certificate", "EmptySet", "TimeAgainstSize"]


@dataclass(frozen=True)
class BatchMates:
    """‖alone − in a batch‖ of each set's result, divided by s.

    Args:
        largest, rms: over all sets that are not empty.
    """

    largest: float
    rms: float


@dataclass(frozen=True)
class EmptySet:
    """The result of an empty set.

    Args:
        kind: "zeros", "constant", "not finite", "depends on batch-mates" or "error".
        text: the same in words, with the norm or the error.
        is_identity: whether it is the operator's lowered identity; None without an operator.
    """

    kind: str
    text: str
    is_identity: bool | None = None


@dataclass(frozen=True)
class TimeAgainstSize:
    """Median seconds of a forward pass over sets of n elements.

    Args:
        seconds: by n.
        sets: how many sets a pass.
        exponent: the slope p of log seconds over log n, for the three largest n: seconds ∝ nᵖ.
            NaN where fewer than two sizes were measured.
    """

    seconds: Mapping[int, float]
    sets: int
    exponent: float


@dataclass(frozen=True, eq=False)
class Certificate:
    """The measurements of `lcm_core.certify`; a notebook shows a table.

    A measure that failed or does not apply is None, and `problems[measure]` gives the reason.

    >>> import torch
    >>> from lcm_core import certify, make_aggregation
    >>> x, ptr = torch.arange(12.0).view(6, 2), torch.tensor([0, 2, 6])
    >>> certificate = certify(make_aggregation("max", channels=2), x, ptr, sizes=(1,))
    >>> certificate.sets, certificate.flips, certificate.batch_mates.largest
    (2, 0.0, 0.0)
    >>> print(certificate.empty.text)
    an empty set gives zeros, the operator's identity

    Attributes:
        name: of the aggregation.
        sets, elements, largest_set: number of sets and elements, and the largest size, of the data.
        laws: law errors of the operator over a closure of the data, as of `law_report`.
        order_spread: RMS deviation of results over random orders of each set, divided by s.
        batch_mates: dependence of a set's result on the other sets in its batch, divided by s.
        empty: the result of an empty set.
        flips: share of predictions that change after reordering, 0 to 1.
        predictions: the kind of predictions, in words.
        time: seconds of a forward pass against n.
        rounding: order spreads and dependences up to this may be rounding alone.
        problems: reasons in words, by the name of the measure.
    """

    name: str
    sets: int
    elements: int
    largest_set: int
    laws: LawReport | None
    order_spread: LawError | None
    batch_mates: BatchMates | None
    empty: EmptySet
    flips: float | None
    predictions: str
    time: TimeAgainstSize | None
    rounding: float
    problems: Mapping[str, str]

    def rows(self) -> list[tuple[str, str, str]]:
        """The rows of the table: measure, number, and its meaning in words."""
        return [
            *self._laws(),
            self._order_spread(),
            self._batch_mates(),
            ("empty set", self.empty.kind, self.empty.text),
            self._flips(),
            self._time(),
        ]

    def text(self) -> str:
        """The certificate as lines of text, one measure a line."""
        rows = self.rows()
        widths = [max(len(row[column]) for row in rows) for column in (0, 1)]
        lines = [f"{a.ljust(widths[0])}  {b.ljust(widths[1])}  {c}" for a, b, c in rows]
        return "\n".join([self._title(), *lines])

    __str__ = __repr__ = text

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><th scope='row' style='text-align:left;white-space:nowrap'>"
            f"{html.escape(measure)}</th>"
            f"<td style='text-align:right'>{html.escape(value)}</td>"
            f"<td style='text-align:left'>{html.escape(words)}</td></tr>"
            for measure, value, words in self.rows()
        )
        return (
            f"<table class='lcm-certificate'><caption style='text-align:left'><b>"
            f"{html.escape(self._title())}</b></caption><thead><tr>"
            f"<th style='text-align:left'>measure</th><th>value</th>"
            f"<th style='text-align:left'>what it says</th></tr></thead>"
            f"<tbody>{rows}</tbody></table>"
        )

    def _title(self) -> str:
        return (
            f"Certificate of {self.name}, on {self.sets} sets of up to {self.largest_set} elements"
        )

    def _laws(self) -> list[tuple[str, str, str]]:
        if self.laws is None:
            return [("law errors", "–", self.problems["laws"])]
        return [
            (law, f"{error.mean:.3g}", _law_in_words(error, self.rounding))
            for law, error in self.laws.items()
        ]

    def _order_spread(self) -> tuple[str, str, str]:
        if self.order_spread is None:
            return ("order spread", "–", self.problems["order spread"])
        value = self.order_spread.mean
        words = (
            "the order of a set makes no difference"
            if value <= self.rounding
            else f"another order moves an answer by {value:.2g} of the spread of answers"
        )
        return ("order spread", f"{value:.3g}", words + _or_rounding(value, self.rounding))

    def _batch_mates(self) -> tuple[str, str, str]:
        if self.batch_mates is None:
            return ("batch-mates", "–", self.problems["batch-mates"])
        largest, rms = self.batch_mates.largest, self.batch_mates.rms
        words = (
            "a set's answer depends on that set alone"
            if largest <= self.rounding
            else f"a set's answer depends on which sets share its batch (RMS {rms:.2g})"
        )
        return ("batch-mates", f"{largest:.3g}", words + _or_rounding(largest, self.rounding))

    def _flips(self) -> tuple[str, str, str]:
        if self.flips is None:
            return ("flips", "–", self.problems["flips"])
        words = f"of predictions differ after reordering ({self.predictions})"
        return ("flips", f"{self.flips:.1%}", words)

    def _time(self) -> tuple[str, str, str]:
        if self.time is None:
            return ("time", "–", self.problems["time"])
        seconds = self.time.seconds
        each = ", ".join(f"{1000 * took:.2g}" for took in seconds.values())
        each += f" ms for n = {', '.join(map(str, seconds))}"
        power = "–" if math.isnan(self.time.exponent) else f"n^{self.time.exponent:.2f}"
        return ("time", power, f"{each} ({self.time.sets} sets a pass)")


def _or_rounding(value: float, rounding: float) -> str:
    return ", up to rounding" if 0 < value <= rounding else ""


def _law_in_words(error: LawError, rounding: float) -> str:
    if error.degenerate:
        return "degenerate: all states compared are alike"
    if error.max <= rounding:
        return "holds on all that was tried" + _or_rounding(error.max, rounding)
    return (
        f"broken: mean of {error.samples}, 95 % interval {error.ci_low:.3g} to "
        f"{error.ci_high:.3g}, largest {error.max:.3g}"
    )
