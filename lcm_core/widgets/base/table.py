"""A table of numbers in a read-out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

__all__ = ["row_html", "table_html"]


def table_html(first: str, heads: Sequence[str], rows: Iterable[str]) -> str:
    """The table with `first` over the heads of its rows; all parts are HTML."""
    return (
        "<table class='lcm-table' style='width:100%;text-align:right'><thead><tr>"
        f"<th style='text-align:left'>{first}</th>"
        + "".join(f"<th style='text-align:right'>{head}</th>" for head in heads)
        + "</tr></thead><tbody>"
        + "".join(rows)
        + "</tbody></table>"
    )


def row_html(head: str, cells: Sequence[str], style: str = "") -> str:
    """A row; `style` is added to that of its head."""
    return (
        f"<tr><th scope='row' style='text-align:left{style}'>{head}</th>"
        + "".join(f"<td>{cell}</td>" for cell in cells)
        + "</tr>"
    )
