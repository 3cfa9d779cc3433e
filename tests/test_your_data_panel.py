"""*Your data…* of the training panel, driven as a reader does, in this process."""

import html
import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import ipywidgets
import pytest
import torch
from torch_geometric.data import Data

from lcm_core import preview_data
from lcm_core.tasks import DataPreview
from lcm_core.terminal import Progress, progress_to
from lcm_core.widgets import TrainingPanel
from lcm_core.widgets.training import slow_tasks
from lcm_core.widgets.training.your_data.nearby import free_place, nearby_files, place_of
from lcm_core.widgets.training.your_data.section import Section
from tests.panels import text_of, training_panels, wait_for

pytestmark = [
    pytest.mark.filterwarnings("error::pytest.PytestUnhandledThreadExceptionWarning"),
    pytest.mark.usefixtures("tasks_forgotten"),
]

SMALL = "task=second_minimum bits=4 channels=8 steps=4 batch_size=8 log_every=2 eval_every=4"
ENDS = ("", "O", "N", "F", "Cl", "Br")
MOLECULES = [f"C1{'C' * n}C1{end}" for n in range(1, 11) for end in ENDS]

Open = Callable[..., tuple[TrainingPanel, Section]]


@pytest.fixture
def opened(tmp_path, monkeypatch) -> Iterator[Open]:
    """Makes a panel in an empty folder, and opens its section."""
    monkeypatch.chdir(tmp_path)

    def open_(recipe: str = SMALL) -> tuple[TrainingPanel, Section]:
        panel = make(recipe)
        assert panel.your_data.box.layout.display == "none"
        panel.your_data.button.click()
        assert panel.your_data.box.layout.display == ""
        return panel, panel.your_data.section

    with training_panels() as make:
        yield open_
    wait_for(lambda: not [t for t in threading.enumerate() if t.name == "lcm reading"])


def words_of(area: ipywidgets.HTML) -> str:
    """What a read-out says, as a reader sees it."""
    return html.unescape(text_of(area))


def choose(section: Section, path: str) -> None:
    """Types a path, and waits until the file is read."""
    section.file.text.value = path
    finish(section)


def finish(section: Section) -> None:
    assert section.worker.wait(60)


def pick(section: Section, menu: str, value: str) -> None:
    """Chooses from a menu that is on show, and waits."""
    control = section.menus.by_name[menu].widget
    assert control.layout.display == ""
    control.value = value
    finish(section)


def send(section: Section, name: str, contents: bytes, piece: int = 7) -> None:
    """Sends a file as the page does: each piece when it is asked for."""
    upload = section.file.upload
    asked: list[dict] = []
    upload.send = asked.append  # type: ignore[method-assign]
    upload._handle_custom_msg({"key": "k", "name": name, "size": len(contents)}, [])
    while asked:
        begin = asked.pop()["from"]
        part = memoryview(contents[begin : begin + piece])
        upload._handle_custom_msg({"key": "k", "from": begin}, [part])


def strange_table(path: str = "Messung 3.csv") -> None:
    """As an instrument in Berlin writes it: two targets, blanks, and rows that cannot be read."""
    rows = [
        f"{k};{smiles};{k / 7:.2f}".replace(".", ",") + f";{('ja', 'nein')[k % 2] if k % 5 else ''}"
        for k, smiles in enumerate(MOLECULES)
    ]
    rows += ["98;c1ccccc;1,2;ja", "99;CCO;n. b.;nein"]
    text = "Nr;Struktur (SMILES);Löslichkeit;giftig\r\n" + "\r\n".join(rows)
    Path(path).write_bytes(text.encode("latin-1"))


def test_from_a_strange_table_to_a_trained_model(opened: Open) -> None:
    strange_table()
    panel, section = opened()
    assert section.use.disabled
    assert section.file.text.options == ("Messung 3.csv",)
    choose(section, "Messung 3.csv")
    # The only column of numbers is the target; so few molecules are split at random.
    assert section.rows.value.count("<tr>") == 11
    menus = section.menus.by_name
    assert menus["target"].widget.label == "Löslichkeit (found)"
    assert menus["split"].widget.label == "at random (found)"
    said = words_of(section.summary)
    assert "60 of 62 rows can be trained on (train 48, validation 6, test 6)" in said
    assert "encoding: Latin-1; delimiter: semicolon" in said
    assert "targets: Löslichkeit (numbers)" in said
    left_out = words_of(section.left_out)
    assert "line 62: c1ccccc: RDKit cannot read it" in left_out
    assert "line 63: CCO: column 'Löslichkeit': expected a number, found 'n. b.'" in left_out
    assert not section.use.disabled
    section.use.click()
    assert panel.error == ""
    assert panel.your_data.box.layout.display == "none"
    assert panel.recipe.task == section.found.task
    assert panel.controls.task_menu.label == "Messung 3.csv"
    panel.start_button.click()
    assert panel.run.wait(60)
    assert (panel.state, panel.error) == ("finished", "")
    assert len(panel.trainer.task) == 60

    # The line that Copy as code gives restores the panel.
    other = eval(panel.code())
    assert other.recipes == panel.recipes
    other.close()


def test_what_is_found_can_be_said_otherwise(opened: Open) -> None:
    rows = [f"{s},{k % 2},{k},{('train', 'valid', 'test')[k % 3]}" for k, s in enumerate(MOLECULES)]
    Path("mine.csv").write_text("drug,active,weight,fold\n" + "\n".join(rows))
    panel, section = opened()
    choose(section, "mine.csv")
    # A column that says train and valid is taken for the split.
    menus = section.menus.by_name
    assert menus["split"].widget.label == "by column fold (found)"
    assert menus["smiles"].widget.label == "drug (found)"
    assert section.found.splits == {"train": 20, "validation": 20, "test": 20}
    assert "active (yes or no)" in words_of(section.summary)
    pick(section, "target", "weight")
    assert panel.error == ""
    assert "weight (numbers)" in words_of(section.summary)
    pick(section, "split", "random")
    pick(section, "kind", "classes")
    assert "weight (classes: " in words_of(section.summary)
    pick(section, "kind", "")
    pick(section, "target", "…")  # several
    assert section.menus.targets.widget.value == ("weight",)  # one more can be chosen
    section.menus.targets.widget.value = ("active", "weight")
    finish(section)
    assert section.found.task == "csv:mine.csv?target=active,weight&split=random"
    section.menus.options.value = "encoding=nonsense"
    finish(section)
    assert "expected the name of an encoding for mine.csv" in words_of(section.summary)
    section.menus.options.value = "encodnig=utf-8"
    assert "did you mean 'encoding'" in panel.error
    section.menus.options.value = ""
    finish(section)
    assert panel.error == ""


def test_what_cannot_be_read_is_a_sentence(opened: Open) -> None:
    panel, section = opened()
    Path("folder").mkdir()
    Path("sheet.csv").write_bytes(b"PK\x03\x04" + bytes(100))
    Path("empty.csv").write_text("")
    Path("words.csv").write_text("name,age\nAnna,3\nBert,4\n")
    for path, words in (
        ("none.csv", "there is no file none.csv"),
        ("folder", "expected .pt files"),
        ("sheet.csv", "save the sheet as CSV"),
        ("empty.csv", "expected a table in empty.csv, got an empty file"),
        ("words.csv", "expected a column of SMILES strings in words.csv"),
        ("csv:words.csv?tarket=age", "did you mean 'target'"),
    ):
        choose(section, path)
        assert words in words_of(section.summary), path
        assert section.use.disabled
    assert panel.error == ""
    assert panel.recipe.task == "second_minimum"
    section.file.text.value = ""
    assert "choose one near the notebook" in words_of(section.summary)
    assert section.use.tooltip == "cannot now: choose a file first"


def test_sets_graphs_and_edges(opened: Open) -> None:
    bags = [f"{b},{e},{b % 5}" for b in range(30) for e in range(1 + b % 3)]
    Path("bags.csv").write_text("bag,x,answer\n" + "\n".join(bags))
    _, section = opened()
    choose(section, "bags.csv")  # no molecules, and a name as of sets
    assert section.menus.by_name["rows"].widget.label == "an element of a set"
    assert section.menus.by_name["group"].value == "bag"
    pick(section, "target", "answer")
    assert "30 items can be trained on (train 24, validation 3, test 3)" in words_of(
        section.summary
    )

    ring = torch.arange(4)
    edges = torch.stack([ring, (ring + 1) % 4])
    graphs = [Data(x=torch.ones(4, 1), edge_index=edges, y=torch.tensor([k])) for k in range(9)]
    Path("graphs").mkdir()
    torch.save(graphs, "graphs/all.pt")
    choose(section, "graphs")
    assert section.found.task == "graphs:graphs"
    assert section.menus.by_name["rows"].widget.layout.display == "none"
    assert "9 items can be trained on" in words_of(section.summary)

    Path("edges.csv").write_text("from,to\n" + "\n".join(f"n{k},n{k + 1}" for k in range(29)))
    rows = [f"n{k},{k % 5},{k / 2}" for k in range(30)]
    Path("nodes.csv").write_text("id,height,load\n" + "\n".join(rows))
    choose(section, "edges.csv")
    assert "expected a column of SMILES strings" in words_of(section.summary)
    pick(section, "rows", "edge")
    assert "Choose the file with the nodes" in words_of(section.status)
    section.menus.nodes.value = "nodes.csv"
    finish(section)
    assert "expected target=COLUMN for nodes.csv" in words_of(section.summary)
    pick(section, "target", "load")
    assert section.found.ok
    section.use.click()
    assert section.found.task == "edges:edges.csv?nodes=nodes.csv&target=load"


def test_ragged_parquet_is_found(opened: Open) -> None:
    pandas = pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    lists = [[float(i) for i in range(n % 4 + 1)] for n in range(30)]
    pandas.DataFrame({"values": lists, "total": list(map(sum, lists))}).to_parquet("r.parquet")
    _, section = opened()
    choose(section, "r.parquet")
    assert section.found.task == "parquet:r.parquet?elements=values"
    assert section.menus.by_name["rows"].widget.label == "a whole set, in lists"
    assert "30 items can be trained on" in words_of(section.summary)


# --- a file from the reader's computer


def test_an_uploaded_file_lies_beside_the_notebook(opened: Open) -> None:
    panel, section = opened()
    table = "smiles,y\n" + "".join(f"{s},{k % 2}\n" for k, s in enumerate(MOLECULES))
    send(section, "../C:\\Users\\me\\mine.csv", table.encode())
    finish(section)
    assert Path("mine.csv").read_text() == table
    assert section.file.value == "mine.csv"
    assert "60 of 60 rows" in words_of(section.summary)
    # The same file again is no question.
    send(section, "mine.csv", table.encode())
    finish(section)
    assert words_of(section.file.question) == ""
    # Another of that name is.
    send(section, "mine.csv", b"smiles,y\nCC,1\n")
    assert "There is another mine.csv already" in words_of(section.file.question)
    assert Path("mine.csv").read_text() == table
    section.file.rename.click()
    finish(section)
    assert Path("mine-2.csv").read_text() == "smiles,y\nCC,1\n"
    assert section.file.value == "mine-2.csv"
    send(section, "mine.csv", b"smiles,y\nCC,2\n")
    section.file.replace.click()
    finish(section)
    assert Path("mine.csv").read_text() == "smiles,y\nCC,2\n"
    assert section.file.replace.layout.display == "none"
    assert panel.error == ""


def test_an_upload_can_be_cancelled_and_its_errors_are_seen(opened: Open) -> None:
    panel, section = opened()
    upload = section.file.upload
    upload.send = lambda message: None  # type: ignore[method-assign]
    upload._handle_custom_msg({"key": "k", "name": "big.csv", "size": 3 * 2**20}, [])
    assert upload.busy
    assert "uploading big.csv: 0 of 3 MB" in words_of(section.progress)
    section.cancel.click()
    assert not upload.busy
    upload._handle_custom_msg({"key": "k", "from": 0}, [memoryview(b"late")])
    assert not list(Path().iterdir())
    upload._handle_custom_msg({"key": "l", "name": "big.csv", "size": 3}, [])
    upload._handle_custom_msg({"key": "l", "failed": "NotReadableError"}, [])
    assert "the page could not read big.csv: NotReadableError" in panel.error
    send(section, "..", b"x")
    assert "expected a file with a name" in panel.error


@pytest.mark.parametrize(
    ("name", "place"),
    [("mine.csv", "mine.csv"), ("/etc/x.csv", "x.csv"), ("a\\b.csv", "b.csv"), (".x.csv", "x.csv")],
)
def test_an_uploaded_name_stays_in_the_folder(tmp_path: Path, name: str, place: str) -> None:
    assert place_of(name, tmp_path) == tmp_path / place


def test_files_nearby(tmp_path: Path) -> None:
    files = "b.csv a.tsv.gz data/c.parquet data/deep/d.smi x/y/z/far.csv notes.md .hidden.csv"
    for name in [*files.split(), "graphs/1.pt", "graphs/2.pt", "_cache/e.csv"]:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert nearby_files(tmp_path) == [
        "a.tsv.gz", "b.csv", "data/c.parquet", "data/deep/d.smi", "graphs"
    ]  # fmt: skip
    (tmp_path / "b-2.csv").touch()
    assert free_place(tmp_path / "b.csv").name == "b-3.csv"


# --- large files


def test_reading_tells_its_progress_and_can_be_cancelled(opened: Open, monkeypatch) -> None:
    """The reading is held in the middle: the callbacks go on, and Cancel ends it."""
    monkeypatch.setattr("lcm_core.widgets.training.your_data.section.SAID_EVERY", 0.0)
    at, go_on = threading.Event(), threading.Event()

    def held(path: str, **said: str) -> DataPreview:
        with Progress(1_000_000, "rows of mine.csv", "lines", hidden=True) as bar:
            for line in (1, 400_000, 500_000):
                bar.to(line)
                if line == 400_000:
                    at.set()
                    assert go_on.wait(30)
        return DataPreview("csv:mine.csv", error="read to its end")

    monkeypatch.setattr("lcm_core.widgets.training.your_data.section.preview_data", held)
    panel, section = opened()
    section.file.text.value = "mine.csv"
    assert at.wait(30)
    assert "rows of mine.csv: 400,000 of 1,000,000 lines" in words_of(section.progress)
    assert section.cancel.layout.display == ""
    assert section.use.disabled
    section.cancel.click()
    assert "cancelled" in words_of(section.status)
    go_on.set()
    finish(section)
    assert section.found is None
    assert "cancelled" in words_of(section.status)
    assert section.cancel.layout.display == "none"
    assert section.again.layout.display == ""
    section.again.click()
    finish(section)
    assert "read to its end" in words_of(section.summary)
    assert panel.error == ""


def test_an_error_of_the_reader_is_seen(opened: Open, monkeypatch) -> None:
    def broken(path: str, **said: str) -> None:
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr("lcm_core.widgets.training.your_data.section.preview_data", broken)
    panel, section = opened()
    choose(section, "mine.csv")
    assert "a fault of ours" in panel.error
    assert section.use.disabled


def test_progress_goes_to_whoever_shows_it(capsys) -> None:
    heard: list[str] = []
    with progress_to(lambda progress: heard.append(str(progress))):
        with Progress(9_000, "graphs of mine.csv", "molecules") as bar:
            bar.to(4_000)
        found = threading.Thread(target=lambda: Progress(1, "in another thread").to(1))
        found.start()
        found.join()
    assert heard == ["graphs of mine.csv: 4,000 of 9,000 molecules"]
    assert (
        "another thread" not in capsys.readouterr().err
    )  # one line, and ten seconds have not gone


def test_loading_a_large_table_is_shown_and_stops(opened: Open, monkeypatch) -> None:
    monkeypatch.setattr("lcm_core.widgets.training.run.LOADING_SHOWN_EVERY", 0.0)
    monkeypatch.setattr(slow_tasks, "LARGE", 10)
    rows = "".join(f"{s},{k % 2}\n" for k, s in enumerate(MOLECULES * 40))
    Path("mine.csv").write_text("smiles,y\n" + rows)
    panel, _ = opened(
        f"{SMALL} task=csv:mine.csv?split=random".replace("task=second_minimum bits=4 ", "")
    )
    panel.bar.views = 1
    assert panel.run.wait(0.1)  # nothing is loaded before Start
    panel.start_button.click()
    wait_for(lambda: re.search(r"mine.csv: .* of 2,400 molecules", words_of(panel.view.sentence)))
    panel.run.stop()
    assert panel.run.wait(10)
    assert panel.state == "stopped"
    assert panel.error == ""


def test_a_preview_of_a_long_table_says_so(opened: Open, monkeypatch) -> None:
    monkeypatch.setattr("lcm_core.tasks.preview.TRIED", 20)
    Path("mine.csv").write_text(
        "smiles,y\n" + "".join(f"{s},{k}.5\n" for k, s in enumerate(MOLECULES))
    )
    _, section = opened()
    choose(section, "mine.csv")
    assert "60 rows, of which 0 are left out so far" in words_of(section.summary)
    assert "training reads all 60" in words_of(section.left_out)
    assert preview_data("mine.csv").splits == {}


def test_a_split_that_makes_sense_is_taken_until_another_is_said(opened: Open) -> None:
    rows = "".join(f"{s},{k % 2},{k % 3 == 0:d}\n" for k, s in enumerate(MOLECULES))
    Path("two.csv").write_text("smiles,one,other\n" + rows)
    _, section = opened()
    choose(section, "two.csv")
    assert "Choose in the menu Target what is to be learned" in words_of(section.summary)
    pick(section, "target", "*")
    assert section.found.task == "csv:two.csv?target=*&split=random"
    assert section.menus.by_name["split"].widget.label == "at random (found)"
    pick(section, "split", "scaffold")
    assert "too few for a scaffold split" in words_of(section.summary)
    assert section.use.disabled
    pick(section, "split", "")
    assert not section.use.disabled
