"""Writes docs/results.md, with its pictures, from the files in docs/results.

Run it as `make results` or `python docs/make_results.py`; the pictures need Chromium.
"""

from __future__ import annotations

import argparse
import base64
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from lcm_core.experiments.claims import CLAIMS  # noqa: E402
from lcm_core.experiments.framework.base import Picture  # noqa: E402
from lcm_core.experiments.framework.rendering import render  # noqa: E402

RESULTS = ROOT / "docs" / "results"
WIDTH, SCALE = 860, 2  # pixels of the page, and of the file for each of these

DRAW = """async ([figure, width, height, scale]) => {
  const drawn = JSON.parse(figure);
  return Plotly.toImage(drawn, {format: "png", width, height, scale});
}"""


def main() -> None:
    """Writes the text and the pictures; removes pictures that are no longer shown."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    rendered = render(RESULTS, CLAIMS)
    for path in RESULTS.glob("*.png"):
        if path.name not in rendered.pictures:
            path.unlink()
    draw_all(rendered.pictures)
    (ROOT / "docs" / "results.md").write_text(rendered.markdown, encoding="utf-8")
    print(f"docs/results.md, with {len(rendered.pictures)} pictures")


def draw_all(pictures: dict[str, Picture]) -> None:
    """Draws each picture to its file in docs/results, by plotly's own script in a browser."""
    if not pictures:
        return
    from plotly.offline import get_plotlyjs

    from tests.browser.lab import open_browser

    with open_browser() as browser:
        page = browser.new_page()
        page.set_content("<div></div>")
        page.add_script_tag(content=get_plotlyjs())
        for name, picture in pictures.items():
            figure = picture.draw()
            size = [WIDTH, figure.layout.height or 420, SCALE]
            data = page.evaluate(DRAW, [figure.to_json(), *size])
            (RESULTS / name).write_bytes(base64.b64decode(data.split(",", 1)[1]))


if __name__ == "__main__":
    main()
