"""The sources of the book, the slides and the buttons, without building or running anything."""

import json
import os
import re
import shutil

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st

from course import NOTEBOOKS, buttons
from course.book import replace_files
from course.chapters import chapter, with_citations, works
from course.decks.slides import LETTERS, LINES, slides
from course.docstrings import as_rst
from course.metadata import fill_in
from course.terms import EVERYDAY, split_at_terms
from lcm_core.exercises.lessons import lessons_in

BOOK = NOTEBOOKS.parent / "book"
GLOSSARY = (BOOK / "glossary.md").read_text()
TERMS = re.findall(r"^([^\s`#].*)\n  \S", GLOSSARY.split("```{glossary}")[1], re.MULTILINE)
DECKS = [lesson for lesson in lessons_in(NOTEBOOKS) if lesson.name < "06"]


def test_the_glossary_is_sorted_and_defines_each_word_once():
    assert len(TERMS) > 50
    assert [term.lower() for term in TERMS] == sorted({term.lower() for term in TERMS})


#: Bold words that need no entry: plain words, and those that one lesson explains and uses alone.
NO_WORDS_OF_THE_COURSE = {"class", "list", "mean", "second smallest", "start", "step", "table"}
NO_WORDS_OF_THE_COURSE |= {"closed", "corner", "pentagon", "plane"}
NO_WORDS_OF_THE_COURSE |= {"caveman", "distance", "eccentricity", "grid", "ladder"}
FOLDED = re.compile(r"```.*?```|`[^`\n]*`|<details>.*?</details>", re.DOTALL)
#: A new word is bold behind one of these; other bold text heads a paragraph, names a button, or
#: stresses something.
NEW_WORD = re.compile(r"\b(?:an?|are|called|each|is|its)\s\*\*([a-z][\w-]*(?: [\w-]+)?)\*\*", re.I)


def in_glossary(word):
    """Whether an entry is this word, or begins with it: "balanced" is in "balanced tree"."""
    stem = word.lower().removesuffix("s").removesuffix("e")
    return any(term.lower().startswith(stem) for term in TERMS)


@pytest.mark.parametrize("lesson", lessons_in(NOTEBOOKS), ids=lambda lesson: lesson.name)
def test_new_words_of_a_lesson_are_in_the_glossary(lesson):
    cells = [cell for cell in lesson.cells if cell["cell_type"] == "markdown"]
    prose = [FOLDED.sub("", cell["source"]) for cell in cells if cell["id"] != "summary"]
    words = {word for text in prose for word in NEW_WORD.findall(text)}
    assert {word for word in words if not in_glossary(word)} <= NO_WORDS_OF_THE_COURSE


def test_a_word_with_an_everyday_sense_is_linked_where_it_is_bold_only():
    assert {"state", "lower", "tree"} <= EVERYDAY


@given(st.lists(st.sampled_from(["a state", "States", "law errors", "laws,", "x-state", "und"])))
def test_a_text_is_split_at_the_first_use_of_each_term(words):
    text = " ".join(words)
    terms = {"state": "state", "law": "law", "law error": "law error"}
    pieces = split_at_terms(text, dict(terms))
    assert "".join(piece for piece, _ in pieces) == text
    linked = [term for _, term in pieces if term]
    assert len(linked) == len(set(linked))
    assert ("law error" in linked) == ("law errors" in words)
    assert ("law" in linked) == ("laws," in words)
    assert ("state" in linked) == bool({"a state", "States"}.intersection(words))


def test_the_works_that_the_bibliography_names_are_in_the_file():
    keys = set(re.findall(r"^@\w+\{(\w+),", (BOOK / "references.bib").read_text(), re.MULTILINE))
    text = "".join(path.read_text() for path in BOOK.rglob("*.md"))
    assert keys == set(re.findall(r"\{cite:\w\}`(\w+)`", text))


def test_a_link_to_a_work_of_the_bibliography_is_a_citation_too():
    paper, preprint = "https://arxiv.org/abs/2212.08541", "https://arxiv.org/abs/1703.00564"
    assert (works()[paper], works()[preprint]) == ("ong2022", "wu2018")
    text = f"See the [paper]({paper}), and [*MoleculeNet*]({preprint}); [else](https://else.org)."
    assert with_citations(text) == (
        f"See the [paper]({paper}) {{cite:p}}`ong2022`, and [*MoleculeNet*]({preprint}) "
        "{cite:p}`wu2018`; [else](https://else.org)."
    )
    path = NOTEBOOKS / "09_molecules.ipynb"
    made = chapter(nbformat.read(path, as_version=4), path)
    prose = "".join(cell.source for cell in made.cells if cell.cell_type == "markdown")
    assert set(re.findall(r"\{cite:p\}`(\w+)`", prose)) == {
        "ong2022",
        "wu2018",
        "corso2020",
        "vinyals2016",
    }


def test_every_work_that_a_notebook_links_to_is_in_the_bibliography():
    texts = [path.read_text() for path in NOTEBOOKS.glob("*.ipynb")]
    pattern = r"\]\((https://(?:arxiv|doi|dx\.doi)\.org/[^)\s]+)\)"
    linked = {address for text in texts for address in re.findall(pattern, text)}
    assert linked
    assert linked <= works().keys()


@pytest.fixture
def address(monkeypatch):
    """A made-up address of the project; none is known."""
    monkeypatch.setattr(buttons, "REPOSITORY", "somebody/somewhere")


@pytest.mark.usefixtures("address")
def test_buttons_are_put_on_once_and_follow_the_address(monkeypatch):
    plain = "# Title\n\n**What you will learn**"
    once = buttons.with_buttons(plain, "00_start_here.ipynb")
    assert buttons.with_buttons(once, "00_start_here.ipynb") == once
    assert "not tried" in once
    assert once.startswith("# Title\n\n")
    assert once.endswith("\n\n**What you will learn**")
    monkeypatch.setattr(buttons, "REPOSITORY", "else/where")
    moved = buttons.with_buttons(once, "00_start_here.ipynb")
    assert moved.count("else/where") == 2
    assert "somebody" not in moved


def test_the_command_puts_buttons_on_every_notebook_and_takes_them_off(
    tmp_path, monkeypatch, capsys
):
    names = [path.name for path in sorted(NOTEBOOKS.glob("*.ipynb"))]
    before = {name: (NOTEBOOKS / name).read_bytes() for name in names}
    for name in names:
        shutil.copy(NOTEBOOKS / name, tmp_path)
    monkeypatch.setattr(buttons, "NOTEBOOKS", tmp_path)
    monkeypatch.setattr("sys.argv", ["buttons"])  # not pytest's
    buttons.main()  # no address: nothing to put on
    assert {name: (tmp_path / name).read_bytes() for name in names} == before
    assert 'write "owner/name" there' in capsys.readouterr().out

    monkeypatch.setattr(buttons, "REPOSITORY", "somebody/somewhere")
    buttons.main()
    assert capsys.readouterr().out.split() == names
    for name in names:
        one, other = json.loads(before[name]), json.loads((tmp_path / name).read_text())
        text = "".join(other["cells"][0].pop("source"))
        assert f"/somebody/somewhere/blob/main/notebooks/{name})" in text
        assert f"/somebody/somewhere/main?urlpath=lab%2Ftree%2Fnotebooks%2F{name})" in text
        del one["cells"][0]["source"]
        assert one == other
        assert fill_in(tmp_path / name) == []  # the file is still as JupyterLab writes it

    monkeypatch.setattr(buttons, "REPOSITORY", "")
    buttons.main()
    assert {name: (tmp_path / name).read_bytes() for name in names} == before


@pytest.mark.usefixtures("address")
def test_a_chapter_has_the_buttons_of_its_notebook():
    path = DECKS[1].path
    made = chapter(nbformat.read(path, as_version=4), path)
    assert made.cells[0].source.startswith("# 01 · ")
    assert made.cells[0].source.count("somebody/somewhere") == 2


def test_links_of_outputs_lead_to_chapters():
    notebook = nbformat.read(NOTEBOOKS / "index.ipynb", as_version=4)
    shown = {"text/markdown": "| [00](00_start_here.ipynb) |", "text/plain": "00"}
    notebook.cells[1].outputs = [nbformat.v4.new_output("display_data", shown)]
    made = chapter(notebook, NOTEBOOKS / "index.ipynb")
    assert made.cells[1].outputs[0].data["text/markdown"] == "| [00](00_start_here.html) |"


def test_buttons_need_a_heading_and_an_address(monkeypatch):
    with pytest.raises(ValueError, match=r"expected a heading .* 01\.ipynb, got 'no heading'"):
        buttons.with_buttons("no heading", "01.ipynb")
    monkeypatch.setattr(buttons, "REPOSITORY", "https://host/owner/name")
    with pytest.raises(ValueError, match=r'REPOSITORY in course/buttons.py as "owner/name", got'):
        buttons.with_buttons("# Title\n", "01.ipynb")


@pytest.mark.parametrize("lesson", DECKS, ids=lambda lesson: lesson.name)
def test_slides_run_the_code_of_the_notebook_and_show_each_section_and_exercise(lesson):
    made = slides(lesson.cells)
    code = [cell["source"] for cell in made if cell["cell_type"] == "code"]
    assert code == [cell["source"] for cell in lesson.cells if cell["cell_type"] == "code"]
    shown = {cell["id"] for cell in made if "slide-exercise" in cell["metadata"].get("tags", ())}
    assert shown == {f"exercise-{exercise.name}" for exercise in lesson.exercises}
    kinds = [cell["metadata"]["slideshow"]["slide_type"] for cell in made]
    assert kinds[0] == "slide"
    sections = sum(
        bool(re.match("##? ", cell["source"]))
        for cell in lesson.cells
        if cell["cell_type"] == "markdown"
    )
    assert kinds.count("slide") == sections >= 5


@pytest.mark.parametrize("lesson", DECKS, ids=lambda lesson: lesson.name)
def test_the_text_of_a_slide_is_short_and_the_notes_have_the_rest(lesson):
    made = [cell for cell in slides(lesson.cells) if cell["cell_type"] == "markdown"]
    notes = [c["source"] for c in made if c["metadata"]["slideshow"]["slide_type"] == "notes"]
    prose = [cell["source"] for cell in lesson.cells if cell["cell_type"] == "markdown"]
    assert notes == prose
    for cell in made:
        if cell["metadata"]["slideshow"]["slide_type"] != "notes":
            lines = [line for line in cell["source"].split("\n") if line]
            assert sum(1 + len(line) // LETTERS for line in lines) <= LINES + 2, cell["source"]
            assert "<details>" not in cell["source"]


def section_slide(source):
    """The text of the slide that a section gets, in paragraphs."""
    cells = [{"cell_type": "markdown", "source": text} for text in ("# Title", source)]
    return slides(cells)[2]["source"].split("\n\n")


def test_a_slide_begins_as_its_section_does_and_ends_with_a_sentence():
    sentence = "A sentence of about forty letters, as here."
    long = " ".join([sentence] * 40)
    heading, *text = section_slide(f"## A\n\n{sentence} {sentence}\n\n{long}\n\n{sentence}")
    assert heading == "## A"
    assert text[0] == f"{sentence} {sentence}"
    assert long.startswith(text[1])
    assert text[1].count(sentence) > 5
    assert len(text) == 2
    assert section_slide("## A\n\nShort.\n\n**Try this**: no.") == ["## A", "Short."]
    assert section_slide("## A\n\n**Exercise.** Do.") == ["## A", "**Exercise.** Do."]


def test_items_that_do_not_fit_keep_their_marks_and_first_sentences():
    items = [f"{k}. **Item {k}.** {'More and more words. ' * 20}" for k in range(1, 4)]
    assert section_slide("## A\n\n" + "\n".join(items))[1].split("\n") == [
        "1. **Item 1.** More and more words.",
        "2. **Item 2.** More and more words.",
        "3. **Item 3.** More and more words.",
    ]


def test_code_in_a_docstring_is_marked_and_shapes_are_no_emphasis():
    plain = """\
Sum of *all* x (*, d), (n, *d), |x| or `|x|`s.

    @offer
    def f(*, x): ...

Args:
    x: (*, d)"""
    marked = """\
Sum of *all* x (\\*, d), (n, \\*d), \\|x\\| or `|x|`\\ s.

::

    @offer
    def f(*, x): ...

Args:
    x: (\\*, d)"""
    assert as_rst(plain.split("\n")) == marked.split("\n")
    doctest = [">>> f(a | b)", "(*, 1)", "", "|x|"]
    assert as_rst(doctest) == [*doctest[:3], "\\|x\\|"]


def shown_of(*outputs):
    """What a slide shows of a cell with these outputs."""
    cell = {
        "cell_type": "code",
        "id": "shown",
        "metadata": {},
        "source": "show_results()",
        "outputs": [{"data": data} for data in outputs],
    }
    made = slides([{"cell_type": "markdown", "source": "# Title"}, cell])[-1]
    assert made["metadata"]["tags"] == ["slide-picture"]
    return [output["data"] for output in made["outputs"]]


def test_of_many_results_a_slide_shows_the_first_picture_or_the_first_table():
    made_by = {"text/markdown": "Made by us."}
    one, other = ({"text/markdown": f"{name}:\n\n| a |\n|---|\n| 1 |"} for name in "ab")
    picture = {"image/png": "…", "text/plain": "a plot"}
    assert shown_of(made_by, one, other) == [one]
    assert shown_of(made_by, one, picture, other) == [picture]
    assert shown_of(picture, picture) == [picture, picture]


def test_sources_that_are_the_same_keep_their_time(tmp_path):
    """Else Sphinx would read every page again."""
    same, other, gone = (tmp_path / "pages" / name for name in ("same.md", "other.md", "gone.md"))
    same.parent.mkdir()
    for file in (same, other, gone):
        file.write_text("old")
        os.utime(file, (1, 1))
    names = {same.relative_to(tmp_path): b"old", other.relative_to(tmp_path): b"new"}
    replace_files(tmp_path, names)
    assert same.stat().st_mtime == 1
    assert other.read_bytes() == b"new"
    assert not gone.exists()
