"""The read-outs of the law explorer: one sentence, a table of errors, the numbers at a place."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence

import numpy as np

from lcm_core.laws.maps import LawMap, Probe
from lcm_core.laws.measure import LAWS, LawError, LawReport
from lcm_core.rounding import SHOWN
from lcm_core.widgets.base.table import row_html, table_html
from lcm_core.widgets.laws.pair import LETTERS, Apart, sides_of

__all__ = [
    "chart_sentence",
    "map_sentence",
    "map_text",
    "numbers",
    "pair_sentence",
    "pair_text",
    "populations",
    "table",
    "worst_cases",
]

MOST_FEATURES = 8


def pair_sentence(law: str, errors: Mapping[str, float]) -> str:
    """How far the two sides lie apart for the states that are marked."""
    left, right = sides_of(law)
    if not errors:
        return f"None of these operators has {left} and {right} to compare."
    apart = {name: error for name, error in errors.items() if not error <= SHOWN}
    parts = [f"are {_by_amount(apart, ' apart')}"] if apart else []
    if meet := [f"<b>{html.escape(name)}</b>" for name in errors if name not in apart]:
        parts.append(f"meet for {_listed(meet)}")
    return f"{left} and {right} {', and '.join(parts)}."


def map_sentence(law: str, errors: Mapping[str, float]) -> str:
    """The errors at the mark."""
    if not errors:
        return f"None of these operators has a map of {law}."
    return f"At the mark (drag it), the error of {law} is {_by_amount(errors)}."


def chart_sentence(view: str, law: str, reports: Mapping[str, LawReport]) -> str:
    """What the chart says of one law."""
    found = {
        name: report[law]
        for name, report in reports.items()
        if law in report and not report[law].degenerate
    }
    if not found:
        return f"None of these operators has an error of {law} to show."
    if view == "means":
        means = {name: error.mean for name, error in found.items()}
        return f"The mean error of {law} is {_by_amount(means)}."
    most = {name: error.p95 for name, error in found.items()}
    return f"95 of 100 errors of {law} are at most {_by_amount(most)}."


def _by_amount(errors: Mapping[str, float], after: str = "") -> str:
    """Such as `0.6 s for gru and 0 s for sum, max`, or `0 s for sum and max`.

    s is the spread of results. What comes `after` the first amount holds for all.
    """
    names: dict[str, list[str]] = {}
    for name, error in errors.items():
        names.setdefault(amount(error), []).append(f"<b>{html.escape(name)}</b>")
    joined = _listed if len(names) == 1 else ", ".join
    parts = [f"{text}{after} for {joined(who)}" for text, who in names.items()]
    return _listed(parts)


def _listed(parts: Sequence[str]) -> str:
    """Such as `a, b and c`."""
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)


def amount(error: float) -> str:
    """An error in units of the spread s; rounding is 0."""
    if np.isnan(error):
        return "no number"
    return "0 s" if error <= SHOWN else f"{error:.3g} s"


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
        + _states(LETTERS[law], error.largest_at)
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


def pair_text(law: str, apart: Mapping[str, Apart], missing: Mapping[str, str]) -> str:
    """What the clouds show, and the numbers of the states that are marked."""
    letters = ", ".join(LETTERS[law])
    are = "is a state" if len(LETTERS[law]) == 1 else "are states"
    intro = (
        f"{letters} {are} in the plane of the first two principal components of the population "
        "(upper or left dots). The other dots are results: both sides of the law for states of the "
        "population, in their own plane, in units of their spread s. Distances in full are drawn "
        "along the ruler; the plane shows their shadow. 0 s means that the law holds for these "
        "states; two unrelated results lie about 1.4 s apart."
    )
    shown = "".join(
        _block(
            f"<b>{html.escape(name)}</b>: <b>{found.error:.4g} s</b>",
            _rows(law, found.states, found.sides, found.names, found.difference),
        )
        for name, found in apart.items()
    )
    return "<br>".join([intro, *_reasons(missing)]) + _blocks(shown)


def map_text(
    law: str,
    maps: Mapping[str, LawMap],
    reasons: Mapping[str, str],
    probes: Mapping[str, Probe],
) -> str:
    """What the maps show, their ranges, and the numbers behind the marked pixel."""
    left, right = sides_of(law)
    names = LETTERS[law]
    partners = next((len(found.partners) for found in maps.values()), 0)
    others = " and ".join(names[1:])
    mean = f"{others} {'is' if len(names) == 2 else 'are'} drawn {partners} times from the "
    mean += "population, alike for all pixels, and a pixel is the mean. "
    intro = (
        f"Error of <b>{law}</b> for x on a plane: the distance of {left} and {right} over their "
        "spread s. The plane holds the first two principal components of the population (dots; u "
        f"and v in standard deviations σ). {mean if others else ''}"
        "Not every point of it is a state that ⊕ can reach."
    )
    shown = "".join(_probe(name, law, maps[name], probe) for name, probe in probes.items())
    return "<br>".join([intro, *_reasons(reasons)]) + _blocks(shown)


def in_words(found: LawMap) -> str:
    """The range of a map, and whether it is only rounding."""
    values = found.values[np.isfinite(found.values)]
    if values.size == 0:
        return "infinite everywhere"
    if values.max() == 0:
        return "0 everywhere"
    if values.max() <= SHOWN:
        return f"only rounding: at most {values.max():.0e}"
    return f"{values.min():.3g} to {values.max():.3g}"


def _reasons(missing: Mapping[str, str]) -> list[str]:
    return [f"<b>{html.escape(name)}</b>: {html.escape(why)}." for name, why in missing.items()]


def _probe(name: str, law: str, found: LawMap, probe: Probe) -> str:
    u, v = (round(each, 1) + 0.0 for each in probe.position)  # no −0.0
    count = len(probe.errors)
    if count > 1:
        summary = (
            f"mean of {count} errors, from {probe.errors.min():.3g} to {probe.errors.max():.3g}. "
            "The largest, in full:"
        )
    else:
        summary = "one error, in full:"
    return _block(
        f"<b>{html.escape(name)}</b>: {in_words(found)}; the plane "
        f"holds {found.plane.share:.0%} of the variance.<br>At u = {u:+.1f} σ, v = {v:+.1f} σ: "
        f"<b>{probe.value:.4g}</b>, {summary}",
        _rows(law, probe.states, probe.sides, sides_of(law), probe.difference),
    )


def _rows(
    law: str,
    states: np.ndarray,
    sides: Sequence[np.ndarray] | np.ndarray,
    names: Sequence[str],
    difference: np.ndarray,
) -> str:
    """A table of states, the two sides, and their difference."""
    rows = [*zip(LETTERS[law], states, strict=True), *zip(names, sides, strict=True)]
    rows.append(("difference", difference))
    return "".join(
        f"<tr><th scope='row' style='text-align:left;padding-right:8px;"
        f"white-space:nowrap'>{text}</th>"
        f"<td style='font-family:monospace;text-align:left'>{numbers(state)}</td></tr>"
        for text, state in rows
    )


def _block(head: str, rows: str) -> str:
    return (
        f"<div style='flex:1 1 420px'>{head}"
        f"<table style='text-align:left'><tbody>{rows}</tbody></table></div>"
    )


def _blocks(shown: str) -> str:
    style = "display:flex;flex-wrap:wrap;gap:4px 24px;margin:6px 0"
    return f"<div class='lcm-probes' style='{style}'>{shown}</div>"


def _states(letters: str, states: np.ndarray) -> str:
    return "; ".join(
        f"{letter} = {numbers(state)}" for letter, state in zip(letters, states, strict=True)
    )


def numbers(state: Sequence[float] | np.ndarray) -> str:
    """A state in brackets; long ones are cut."""
    shown = ", ".join(f"{value:.3g}" for value in state[:MOST_FEATURES])
    more = f", … {len(state)} in all" if len(state) > MOST_FEATURES else ""
    return f"({shown}{more})"
