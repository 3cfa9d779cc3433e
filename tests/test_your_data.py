"""Every example of docs/your_data.md runs, in the order of the page."""

import re
from pathlib import Path

import pytest

from lcm_core.tasks.addresses import SCHEMES

PAGE = (Path(__file__).parents[1] / "docs" / "your_data.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)

pytestmark = pytest.mark.usefixtures("tasks_forgotten")


def test_the_examples_run(tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LCM_CORE_CACHE", str(tmp_path / "cache"))
    scope: dict[str, object] = {"__name__": "__main__"}
    assert len(EXAMPLES) == 7
    for example in EXAMPLES:
        exec(example, scope)
    said = capsys.readouterr().out
    assert "'delimiter': 'semicolon'" in said
    assert "line 32: 'C1CC': RDKit cannot read it" in said
    assert "line 33: 'CCO': column 'potency': expected a number, found 'unknown'" in said
    assert "train: SR-p53" in said


def test_every_option_is_on_the_page() -> None:
    for options in SCHEMES.values():
        for option in options:
            assert re.search(rf"\b{option}=", PAGE), option
