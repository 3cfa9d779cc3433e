"""Cells of the tables: ratios, durations, bytes."""

from collections.abc import Mapping


def ratio(values: Mapping[str, float | None], above: str, below: str, style: str = "") -> str:
    a, b = values.get(above), values.get(below)
    if not a or not b:
        return "–"
    return style.format(a / b) if style else f"{a / b:.3g}×"


def duration(seconds: float | None) -> str:
    if seconds is None:
        return "–"
    return f"{seconds:.2f} s" if seconds >= 1 else f"{1e3 * seconds:.3g} ms"


def mebibytes(value: float | None) -> str:
    return "–" if value is None else f"{value / 2**20:,.1f} MiB"
