"""The whole book in Chromium, from its folder: what a reader sees, and what would be missing.

`make check-book` installs what it needs.
"""

import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import unquote

import pytest
from axe_playwright_python.sync_playwright import Axe

from course import NOTEBOOKS
from tests.browser.lab import open_browser

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.xdist_group("browser")]
if find_spec("sphinx") is None:
    pytest.skip("needs the extra book: make check-book", allow_module_level=True)

ROOT = NOTEBOOKS.parent
PANELS_ARE_THERE = """() =>
  [...document.querySelectorAll(".widget-subarea")].every((area) => area.innerText.trim())
"""
TRIES = 4
OF_A_KERNEL = "WARNING | Kernel is running over TCP"  # what ipykernel says of every new kernel
#: What is folded must be right, too.
UNFOLD = "for (const folded of document.querySelectorAll('details')) folded.open = true"
MISSING = "[...document.images].filter(i => i.complete && !i.naturalWidth).map(i => i.src)"
DESKTOP, TELEPHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    """The folder of the book, built from all notebooks; runs of `make book` are used again."""
    folder = tmp_path_factory.mktemp("book")
    source, target = str(folder / "source"), str(folder / "book")
    options = ["-W", "--keep-going", "--quiet", "-c", "book", source, target]
    for command in (["course.book", source], ["sphinx", *options]):
        done = subprocess.run(
            [sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr[-3000:]
        assert "WARNING" not in done.stderr.replace(OF_A_KERNEL, "")
    return folder / "book"


@pytest.fixture(scope="module")
def browser():
    with open_browser() as opened:
        yield opened


def pages_of(book: Path) -> list[Path]:
    own = {"genindex.html", "search.html", "py-modindex.html"}
    pages = (path for path in sorted(book.rglob("*.html")) if "_static" not in path.parts)
    return [path for path in pages if path.name not in own]


def visit(browser, path, size, theme="light"):
    """Open a page; returns it, and what went wrong while it loaded.

    More tries are for a busy machine: a widget gives up if the page's scripts take two seconds.
    """
    page, wrong = once(browser, path, size, theme)
    for _ in range(TRIES - 1):
        if not wrong:
            break
        page.close()
        page, wrong = once(browser, path, size, theme)
    return page, wrong


def once(browser, path, size, theme):
    page = browser.new_page(viewport=size, color_scheme=theme)
    wrong = []
    page.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("requestfailed", lambda request: wrong.append(f"missing: {request.url}"))
    page.on("request", lambda request: wrong.extend(from_network(request.url)))
    page.goto(path.as_uri())
    page.wait_for_function(PANELS_ARE_THERE)
    return page, wrong


def from_network(address):
    return [f"from the network: {address}"] if address.startswith("http") else []


def serious(page):
    """What axe finds: rule, first element, how many there are.

    More tries are for a busy machine, where a page's names and colours come late.
    """
    found = once_serious(page)
    for _ in range(TRIES - 1):
        if not found:
            break
        page.wait_for_timeout(1500)
        found = once_serious(page)
    return found


def once_serious(page):
    """What axe finds now; it fetches no style sheet."""
    return [
        (each["id"], each["nodes"][0]["html"][:200], len(each["nodes"]))
        for each in Axe().run(page, options={"preload": False}).response["violations"]
        if each["impact"] in ("serious", "critical")
    ]


@pytest.mark.parametrize(
    ("size", "theme"),
    [
        pytest.param(DESKTOP, "light", id="desktop"),
        pytest.param(TELEPHONE, "light", id="telephone"),
        pytest.param(DESKTOP, "dark", id="dark"),
    ],
)
def test_every_page_is_whole_and_readable_and_does_not_scroll_sideways(size, theme, book, browser):
    found = {}
    for path in pages_of(book):
        page, wrong = visit(browser, path, size, theme)
        page.evaluate(UNFOLD)
        wrong += page.evaluate(MISSING)
        wide = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        wrong += [f"{wide} px too wide"] * (wide > 0)
        wrong += serious(page)
        page.close()
        if wrong:
            found[str(path.relative_to(book))] = wrong
    assert not found


@pytest.mark.parametrize("name", ["00_start_here", "03_laws_and_their_errors"])
def test_panels_are_figures_with_their_read_out_in_text(name, book, browser):
    page, _ = visit(browser, book / "notebooks" / f"{name}.html", DESKTOP)
    panels = page.locator(".widget-subarea .lcm-panel")
    assert panels.count() >= 3
    for panel in panels.all():
        assert panel.locator("svg").count()
        assert len(panel.inner_text()) > 50
    page.close()


def test_every_link_within_the_book_leads_somewhere(book):
    ids = {}

    def ids_of(path):
        if path not in ids:
            ids[path] = set(re.findall(r'\bid="([^"]+)"', path.read_text()))
        return ids[path]

    dead, count = [], 0
    for path in pages_of(book):
        for link in re.findall(r'<a [^>]*href="(?!\w+:)([^"]*)"', path.read_text()):
            file, _, place = unquote(link).partition("#")
            target = (path.parent / file).resolve() if file else path
            count += 1
            if not target.is_file() or (place and place not in ids_of(target)):
                dead.append(f"{path.relative_to(book)}: {link}")
    assert count > 1000
    assert not dead


def test_a_word_shows_its_definition_on_hover_and_on_focus(book, browser):
    page, _ = visit(browser, book / "notebooks" / "00_start_here.html", DESKTOP)
    word = page.locator("a[data-definition]").first
    word.hover()
    assert page.locator("#definition").inner_text() == word.get_attribute("data-definition")
    page.keyboard.press("Escape")
    assert page.locator("#definition").is_hidden()
    word.focus()
    assert page.locator("#definition").is_visible()
    page.close()


def test_search_finds_a_word_without_a_server(book, browser):
    page, _ = visit(browser, book / "search.html", DESKTOP)
    page.goto((book / "search.html").as_uri() + "?q=associahedron")
    page.wait_for_selector("#search-results li")
    assert page.locator("#search-results li").count() >= 2
    page.close()


def test_solutions_are_folded(book, browser):
    page, _ = visit(browser, book / "notebooks" / "00_start_here.html", DESKTOP)
    solution = page.locator("details", has_text="A solution").first
    assert solution.get_attribute("open") is None
    page.close()
