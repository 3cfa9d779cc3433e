"""What a depth explorer measured, in words and tables."""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping, Sequence

from lcm_core.depth.cost import Cost
from lcm_core.depth.methods import METHODS
from lcm_core.laws.wording import power_of_ten
from lcm_core.widgets.base.table import row_html, table_html

__all__ = ["read_out", "seconds"]

Costs = Mapping[str, Sequence[Cost]]

NONE = "–"  # what was not measured


def read_out(costs: Costs, skipped: Mapping[str, int]) -> str:
    """Sentences, then a table of seconds and one of gradients, a row for each size."""
    if not any(costs.values()):
        return "Nothing is measured yet: press <i>Measure</i>."
    said = [*_ratios(costs), *_reach(costs), *_left_out(skipped)]
    return " ".join(said) + _table(costs, _seconds) + _table(costs, _gradient)


def seconds(value: float) -> str:
    """A time in the unit that suits it.

    >>> seconds(0.00042), seconds(0.0123), seconds(2.5)
    ('0.42 ms', '12.3 ms', '2.5 s')
    """
    return f"{1000 * value:.3g} ms" if value < 0.9995 else f"{value:.3g} s"


def _ratios(costs: Costs) -> list[str]:
    """How long the others take, against the tree, at the largest size of each."""
    said = []
    for method, found in costs.items():
        trees = {each.n: each for each in costs.get("tree", ())}
        both = [each for each in found if each.n in trees]
        if method == "tree" or not both:
            continue
        last = both[-1]
        tree = trees[last.n]
        ratio = last.backward.wall / tree.backward.wall
        said.append(
            f"<b>{_title(method)}, {last.n:,} elements</b>: depth {last.depth:,} against "
            f"{tree.depth:,} of the tree, and {ratio:.3g} times its time (forward and backward: "
            f"{seconds(last.backward.wall)} against {seconds(tree.backward.wall)})."
        )
    return said


def _reach(costs: Costs) -> list[str]:
    """How many elements get a gradient."""
    largest = [found[-1] for found in costs.values() if found]
    said = [
        f"{_title(each.method)}: {each.reached:,} of {each.n:,}"
        for each in sorted(largest, key=lambda each: list(METHODS).index(each.method))
    ]
    return [f"Elements that get a gradient other than 0 in float32: {'; '.join(said)}."]


def _left_out(skipped: Mapping[str, int]) -> list[str]:
    return [
        f"{_title(method)} was not tried from {n:,} elements on: a run would take longer than the "
        "limit."
        for method, n in skipped.items()
    ]


def _table(costs: Costs, shown: Callable[[Cost], tuple[str, str]]) -> str:
    sizes = sorted({each.n for found in costs.values() for each in found})
    cells = {(method, each.n): shown(each) for method, found in costs.items() for each in found}
    kind = (
        ("depth", "forward + backward (forward)")
        if shown is _seconds
        else ("gradient at first, last element", "reached")
    )
    heads = [f"{_title(method)}: {what}" for method in costs for what in kind]
    rows = [
        row_html(
            f"{n:,}", [cell for method in costs for cell in cells.get((method, n), (NONE, NONE))]
        )
        for n in sizes
    ]
    return table_html("elements", heads, rows)


def _seconds(cost: Cost) -> tuple[str, str]:
    both = f"{seconds(cost.backward.wall)} ({seconds(cost.forward.wall)})"
    return f"{cost.depth:,}", both


def _gradient(cost: Cost) -> tuple[str, str]:
    return f"{_power(cost.first)}, {_power(cost.last)}", f"{cost.reached:,}"


def _power(log: float) -> str:
    text, power, exponent = power_of_ten(log).partition("^")
    return f"{text}<sup>{exponent}</sup>" if power else text


def _title(method: str) -> str:
    title = html.escape(METHODS[method].title)
    return title[0].upper() + title[1:]
