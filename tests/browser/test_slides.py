"""The slides in Chromium: each fits on 1280 × 720 pixels, and all comes from their folder."""

import subprocess
import sys
from importlib.util import find_spec

import pytest

from course import NOTEBOOKS
from tests.browser.lab import open_browser

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.xdist_group("browser")]
if find_spec("sphinx") is None:
    pytest.skip("needs the extra book: make check-book", allow_module_level=True)

DECKS = sorted(path.stem for path in NOTEBOOKS.glob("0[0-5]*.ipynb"))
SMALLEST = 0.5  # a picture that is made smaller than that cannot be read from the back row

#: How far the parts of the slide reach, in its own pixels, and the scale of its picture.
MEASURE = """() => {
  const slide = Reveal.getCurrentSlide();
  const scale = Reveal.getScale();
  const frame = slide.getBoundingClientRect();
  let right = 0, bottom = 0;
  for (const part of slide.querySelectorAll("*")) {
    const box = part.getBoundingClientRect();
    if (!box.width || !box.height || part.closest("aside, .MathJax mjx-assistive-mml")) continue;
    if (getComputedStyle(part).visibility === "hidden") continue;
    right = Math.max(right, (box.right - frame.left) / scale);
    bottom = Math.max(bottom, (box.bottom - frame.top) / scale);
  }
  const picture = slide.querySelector(".celltag_slide-picture .jp-OutputArea");
  return {
    right, bottom,
    zoom: picture ? Number(picture.style.zoom || 1) : 1,
    text: slide.innerText.slice(0, 60),
  };
}"""


@pytest.fixture(scope="module")
def decks(tmp_path_factory):
    folder = tmp_path_factory.mktemp("slides")
    done = subprocess.run(
        [sys.executable, "-m", "course.decks.deck", str(folder)],
        cwd=NOTEBOOKS.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return folder


@pytest.mark.parametrize("name", DECKS)
def test_every_slide_fits(name, decks):
    with open_browser() as browser:
        page = browser.new_page(viewport={"width": 1280, "height": 720})
        wrong = []
        page.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("requestfailed", lambda request: wrong.append(f"missing: {request.url}"))
        page.goto((decks / f"{name}.html").as_uri())
        page.wait_for_function("globalThis.Reveal?.isReady()")
        page.wait_for_timeout(1500)
        count = page.evaluate("Reveal.getTotalSlides()")
        for _ in range(count):
            page.wait_for_timeout(400)
            found = page.evaluate(MEASURE)
            if found["right"] > 1281 or found["bottom"] > 721 or found["zoom"] < SMALLEST:
                wrong.append(found)
            page.evaluate("Reveal.next()")
        assert page.evaluate("Reveal.isLastSlide()")
        assert count >= 10
        assert not wrong
