"""Still pictures below panels: written by a command, left out of what is made of the notebooks."""

import base64
import io
import json
import re
from pathlib import Path

import nbformat
import numpy as np
import pytest
from PIL import Image, ImageColor

from course import NOTEBOOKS
from course.minutes import _panels
from course.versions import STILL_PICTURE, without_stills
from course.web.executed import VIEW, execute
from course.web.pictures import small_png
from course.web.stills import Still, stills_of, write_stills
from lcm_core.figures.palette import LIGHT

HEAVIEST = 60_000
LESSONS = sorted(NOTEBOOKS.glob("[0-9]*.ipynb"))


def cells_of(path: Path) -> list[dict]:
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    for cell in cells:
        cell["source"] = "".join(cell["source"])
    return cells


def png(size: tuple[int, int] = (40, 30)) -> bytes:
    file = io.BytesIO()
    noise = np.random.default_rng(0).integers(0, 255, (size[1], size[0], 3), dtype=np.uint8)
    Image.fromarray(noise).save(file, "PNG")
    return file.getvalue()


@pytest.fixture
def notebook(tmp_path) -> Path:
    cells = [nbformat.v4.new_markdown_cell("# Title", id="title")]
    cells += [nbformat.v4.new_code_cell("TreeExplorer()", id=each) for each in ("one", "two")]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / "00_lesson.ipynb")
    return tmp_path / "00_lesson.ipynb"


def test_stills_are_written_below_their_cells_and_replaced(notebook):
    before = cells_of(notebook)
    write_stills(notebook, [Still("one", png(), "A"), Still("one", png(), "B")])
    write_stills(notebook, [Still("two", png(), "C"), Still("one", png(), "D")])
    cells = cells_of(notebook)
    assert [cell["id"] for cell in cells] == ["title", "one", "still-one", "two", "still-two"]
    assert cells[2]["source"].startswith("<details><summary>What you should see</summary>\n\n![D](")
    assert without_stills(cells) == before
    files = sorted(each.name for each in (notebook.parent / "pictures").iterdir())
    assert files == ["00_lesson-one.png", "00_lesson-two.png"]
    nbformat.validate(nbformat.read(notebook, as_version=4))


def test_a_still_has_the_picture_and_the_words_of_its_panel():
    words = "TreeExplorer\n\nOne [two].\n" + "A long sentence follows here.\n" * 50
    picture = base64.b64encode(png()).decode()
    data = {VIEW: {"model_id": "m"}, "text/plain": words, "image/png": picture}
    output = nbformat.v4.new_output("display_data", data=data)
    cell = nbformat.v4.new_code_cell("TreeExplorer()", id="one", outputs=[output])
    still = next(stills_of(nbformat.v4.new_notebook(cells=[cell])))
    assert still.alt.startswith("One (two). A long")
    assert still.alt.endswith("here.")
    assert len(still.alt) <= 601


def test_pictures_are_made_light_whatever_is_in_them():
    noise = png((300, 200))
    assert len(small_png(noise)) < len(noise) / 2
    assert Image.open(io.BytesIO(small_png(noise))).size == (300, 200)
    assert len(small_png(noise, heaviest=20_000)) < 20_000


def test_a_lighter_picture_keeps_the_colours_of_a_few_dots() -> None:
    picture = Image.open(NOTEBOOKS.parent / "docs" / "training_panel.png").convert("RGB")
    dots = {(100 + 40 * k, 300): colour for k, colour in enumerate(LIGHT["set"])}
    for place, colour in dots.items():
        picture.paste(colour, (*place, place[0] + 8, place[1] + 8))
    file = io.BytesIO()
    picture.save(file, "PNG")
    lighter = Image.open(io.BytesIO(small_png(file.getvalue()))).convert("RGB")
    for place, colour in dots.items():
        found, wanted = lighter.getpixel(place), ImageColor.getrgb(colour)
        assert max(abs(a - b) for a, b in zip(found, wanted, strict=True)) <= 8, colour


SOLUTION = """<details><summary><b>A solution</b></summary>

```python
def double(x):
    return 2 * x
```

</details>"""


def test_exercises_are_solved_while_a_notebook_is_executed_and_are_stubs_again(tmp_path):
    stub = "def double(x):\n    return x\n\n\ncheck_double(double)"
    effort = {"difficulty": 1, "minutes": 4, "need": "core"}
    cells = [
        nbformat.v4.new_markdown_cell("# Title", id="title"),
        nbformat.v4.new_code_cell("def check_double(f):\n    print('Not yet', f(1))", id="check"),
        nbformat.v4.new_code_cell(stub, id="exercise-double", metadata={"lcm": effort}),
        nbformat.v4.new_markdown_cell(SOLUTION, id="hint"),
        nbformat.v4.new_code_cell("print(double(4))", id="later"),
    ]
    path = tmp_path / "00_lesson.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    _, _, exercise, _, later = execute(path, patience=0).cells
    assert exercise.source == stub
    assert exercise.outputs == []
    assert later.outputs[0].text == "8\n"


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_each_panel_of_a_notebook_has_its_still_picture(path):
    cells = cells_of(path)
    for cell, below in zip(cells, [*cells[1:], None], strict=True):
        if cell["cell_type"] == "code" and _panels(cell["source"]):
            assert below is not None
            assert below["id"] == f"still-{cell['id']}"
            assert below["metadata"]["tags"] == [STILL_PICTURE]
            images = re.findall(r"!\[([^\]]+)\]\(([^)]+)\)", below["source"])
            assert images
            for alt, target in images:
                assert len(alt) > 20
                assert (path.parent / target).stat().st_size <= HEAVIEST


def test_every_picture_is_shown_in_a_notebook():
    shown = {
        target
        for path in NOTEBOOKS.glob("*.ipynb")
        for target in re.findall(r"\]\((pictures/[^)]+)\)", path.read_text(encoding="utf-8"))
    }
    assert {f"pictures/{each.name}" for each in (NOTEBOOKS / "pictures").glob("*")} == shown
