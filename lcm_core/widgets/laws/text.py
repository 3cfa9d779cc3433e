"""The read-outs of the law explorer: a table of errors, and the numbers behind a pixel."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence

import numpy as np

from lcm_core.figures.law_map import in_words
from lcm_core.laws.maps import LawMap, Probe
from lcm_core.laws.measure import LAWS, LawError, LawReport
from lcm_core.widgets.base.table import row_html, table_html

__all__ = ["map_text", "numbers", "populations", "table", "worst_cases"]

#: For each law, the names of its states and its two sides.
SIDES = {
    "commutativity": ("xy", "x ⊕ y", "y ⊕ x"),
    "associativity": ("xyz", "(x ⊕ y) ⊕ z", "x ⊕ (y ⊕ z)"),
    "identity": ("x", "e ⊕ x or x ⊕ e", "x"),
    "exchange": ("xab", "(x ⊕ a) ⊕ b", "(x ⊕ b) ⊕ a"),
}
MOST_FEATURES = 8


def table(reports: Mapping[str, LawReport]) -> str:
    """A row for each law and operator."""
    heads = "law|mean|95 % interval|median|95th percentile|max|largest found|spread".split("|")
    rows = (
        row_html(html.escape(name), _cells(law, report.get(law)))
        for law in LAWS
        for name, report in reports.items()
    )
    return table_html("operator", heads, rows)


def _cells(law: str, error: LawError | None) -> list[str]:
    if error is None:
        return [law, "no identity", *[""] * 6]
    if error.degenerate:
        return [law, "degenerate: all outputs alike", *[""] * 5, f"{error.spread:.3g}"]
    largest = "" if error.largest_found is None else f"{error.largest_found:.3g}"
    return [
        law,
        f"{error.mean:.3g}",
        f"{error.ci_low:.3g} to {error.ci_high:.3g}",
        f"{error.median:.3g}",
        f"{error.p95:.3g}",
        f"{error.max:.3g}",
        largest,
        f"{error.spread:.3g}",
    ]


def populations(words: Mapping[str, str]) -> str:
    """What each operator was tried on; operators on the same are named together."""
    names: dict[str, list[str]] = {}
    for name, text in words.items():
        names.setdefault(text, []).append(name)
    if len(names) == 1:
        return f"Population: {html.escape(next(iter(names)))}."
    return "<br>".join(
        f"Population of {html.escape(', '.join(who))}: {html.escape(text)}."
        for text, who in names.items()
    )


def worst_cases(reports: Mapping[str, LawReport]) -> str:
    """Where the largest errors found are, folded away; nothing before a search."""
    lines = [
        f"<li>{html.escape(name)}, {law}: {error.largest_found:.4g} at "
        + _states(SIDES[law][0], error.largest_at)
        + "</li>"
        for name, report in reports.items()
        for law, error in report.items()
        if error.largest_at is not None and not error.degenerate
    ]
    if not lines:
        return ""
    return (
        "<details class='lcm-worst'><summary>Where the largest errors found are</summary>"
        f"<ul style='margin:0'>{''.join(lines)}</ul></details>"
    )


def map_text(
    law: str,
    maps: Mapping[str, LawMap],
    reasons: Mapping[str, str],
    probes: Mapping[str, Probe],
) -> str:
    """What the maps show, their ranges, and the numbers behind the marked pixel."""
    names, left, right = SIDES[law]
    partners = next((len(found.partners) for found in maps.values()), 0)
    others = " and ".join(names[1:])
    mean = f"{others} {'is' if len(names) == 2 else 'are'} drawn {partners} times from the "
    mean += "population, alike for all pixels, and a pixel is the mean. "
    lines = [
        f"Error of <b>{law}</b> for x on a plane: the distance of {left} and {right} over their "
        "spread. The plane holds the first two principal components of the population (dots; u "
        f"and v in standard deviations σ). {mean if others else ''}"
        "Not every point of it is a state that ⊕ can reach."
    ]
    lines += [f"<b>{html.escape(name)}</b>: {html.escape(why)}." for name, why in reasons.items()]
    shown = "".join(_probe(name, law, maps[name], probe) for name, probe in probes.items())
    return (
        "<br>".join(lines)
        + "<div class='lcm-probes' style='display:flex;flex-wrap:wrap;gap:4px 24px;"
        + f"margin-top:6px'>{shown}</div>"
    )


def _probe(name: str, law: str, found: LawMap, probe: Probe) -> str:
    letters, left, right = SIDES[law]
    u, v = (round(each, 1) + 0.0 for each in probe.position)  # no −0.0
    count = len(probe.errors)
    if count > 1:
        summary = (
            f"mean of {count} errors, from {probe.errors.min():.3g} to {probe.errors.max():.3g}. "
            "The largest, in full:"
        )
    else:
        summary = "one error, in full:"
    rows = [*zip(letters, probe.states, strict=True)]
    rows += [(left, probe.sides[0]), (right, probe.sides[1]), ("difference", probe.difference)]
    cells = "".join(
        f"<tr><th scope='row' style='text-align:left;padding-right:8px;"
        f"white-space:nowrap'>{text}</th>"
        f"<td style='font-family:monospace;text-align:left'>{numbers(state)}</td></tr>"
        for text, state in rows
    )
    return (
        f"<div style='flex:1 1 420px'><b>{html.escape(name)}</b>: {in_words(found)}; the plane "
        f"holds {found.plane.share:.0%} of the variance.<br>At u = {u:+.1f} σ, v = {v:+.1f} σ: "
        f"<b>{probe.value:.4g}</b>, {summary}"
        f"<table style='text-align:left'><tbody>{cells}</tbody></table></div>"
    )


def _states(letters: str, states: np.ndarray) -> str:
    return "; ".join(
        f"{letter} = {numbers(state)}" for letter, state in zip(letters, states, strict=True)
    )


def numbers(state: Sequence[float] | np.ndarray) -> str:
    """A state in brackets; long ones are cut."""
    shown = ", ".join(f"{value:.3g}" for value in state[:MOST_FEATURES])
    more = f", … {len(state)} in all" if len(state) > MOST_FEATURES else ""
    return f"({shown}{more})"
