"""A preview in words and as a table, in HTML."""

from __future__ import annotations

import html
from collections.abc import Mapping
from typing import Any

from lcm_core.tasks import DataPreview

__all__ = ["left_out_text", "rows_table", "summary_text"]

COLUMNS = 10  # that are shown, besides those that were chosen
LETTERS = 40  # of a field
LISTED = 5  # rows that were left out
#: What to do where a column must be said; the error follows.
ASKS = {
    "target": "Choose in the menu <b>Target</b> what is to be learned.",
    "smiles": "Choose the column of <b>Molecules</b>, or say in <b>A row is</b> what else it is.",
}
ROLES = {
    "features": "feature",
    "smiles": "molecules",
    "group": "set",
    "elements": "elements",
    "split_column": "split",
    "target": "target",
}


def summary_text(found: DataPreview) -> str:
    """How much can be trained on, how it was read, and what was understood."""
    if found.error:
        asks = f"<b>{ASKS[found.asks]}</b><br>" if found.asks else ""
        return f'<div class="lcm-failure">{asks}{html.escape(found.error)}</div>'
    counts, splits = found.counts, found.splits
    parts = ", ".join(f"{name} {count:,}" for name, count in splits.items())
    left = counts["left out"] + counts["without a target"]
    if "tried" not in counts:
        usable = f"{sum(splits.values()):,} items can be trained on"
    elif splits:
        usable = f"{counts['rows'] - left:,} of {counts['rows']:,} rows can be trained on"
    else:
        usable = f"{counts['rows']:,} rows, of which {left:,} are left out so far"
    how = "; ".join(f"{what}: {words}" for what, words in found.understood.items())
    split = f" ({parts})" if parts else ""
    return f"<b>{usable}</b>{html.escape(split)}. {html.escape(how)}."


def left_out_text(found: DataPreview) -> str:
    """What was left out, and the first rows of it with their lines; "" if nothing was."""
    if not found.left_out:
        return ""
    listed = found.left_out_rows[:LISTED]
    if len(listed) < 2:
        return " ".join(map(html.escape, found.left_out))
    count, others = found.counts["left out"], " ".join(map(html.escape, found.left_out[1:]))
    first = f"; the first {len(listed)}" if count > len(listed) else ""
    rows = "".join(
        f"<li>line {row['line']}: <code>{html.escape(row['text'])}</code>: "
        f"{html.escape(row['reason'])}</li>"
        for row in listed
    )
    return f"{count:,} rows left out{first}:<ul>{rows}</ul>{others}"


def rows_table(found: DataPreview, said: Mapping[str, object]) -> str:
    """The first rows, with what each column is taken for; "" for a folder.

    Args:
        found: of the file.
        said: options of its address.
    """
    if not found.header:
        return ""
    edges = "nodes" in said  # whose columns of targets and features are in another table
    roles = {} if edges else _roles({**found.found, **said})
    chosen = [place for place, name in enumerate(found.header) if name in roles]
    shown = sorted({*chosen[:COLUMNS], *range(min(COLUMNS, len(found.header)))})
    heads = "".join(_head(found.header[place], roles) for place in shown)
    rows = "".join(
        "<tr>"
        + "".join(f"<td>{_cut(row[place]) if place < len(row) else ''}</td>" for place in shown)
        + "</tr>"
        for row in found.rows
    )
    more = len(found.header) - len(shown)
    caption = f"The first {len(found.rows)} rows" + (f"; {more} more columns" * (more > 0))
    return (
        f"<table class='lcm-table lcm-first-rows'><caption>{caption}</caption>"
        f"<thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>"
    )


def _head(name: str, roles: Mapping[str, str]) -> str:
    role = f"<br><span class='lcm-role'>{roles[name]}</span>" if name in roles else ""
    return f"<th scope='col'>{_cut(name)}{role}</th>"


def _roles(options: Mapping[str, object]) -> dict[str, str]:
    """What each column is for."""
    roles: dict[str, str] = {}
    for option, role in ROLES.items():
        names = options.get(option, ())
        each: Any = (names,) if isinstance(names, str) else names
        roles |= dict.fromkeys(each, role)
    return roles


def _cut(text: str) -> str:
    short = text if len(text) <= LETTERS else text[: LETTERS - 1] + "…"
    title = f" title='{html.escape(text, quote=True)}'" if short != text else ""
    return f"<span{title}>{html.escape(short)}</span>" if title else html.escape(short)
