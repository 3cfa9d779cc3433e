"""Whether all of a panel can be seen: the contrast of its texts and marks, as the page has them."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Locator

#: Contrast ratios of WCAG 2.2.
TEXT, MARK = 4.5, 3.0

CONTRASTS = (Path(__file__).parent / "contrasts.js").read_text(encoding="utf-8")


def unseen(cell: Locator) -> list[str]:
    """Texts and marks of the panel in a cell that are hard to see."""
    found = cell.locator(".lcm-panel").first.evaluate(CONTRASTS)
    assert found, "the panel has neither texts nor marks"
    least = {"text": TEXT, "mark": MARK}
    faults = [each for each in found if each["contrast"] < least[each["kind"]]]
    return sorted({f"{each['kind']} {each['contrast']}: {each['what']}" for each in faults})
