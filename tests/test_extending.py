"""The examples of docs/extending.md: short, and at home everywhere.

The experiment and the panel have tests of their own, `test_extending_experiment.py` and
`test_extending_panel.py`.
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from lcm_core import certify, fit, make_operator, make_task
from lcm_core.aggregations.registry import AGGREGATIONS
from lcm_core.operators.base import OPERATORS
from lcm_core.tasks.registry import TASKS
from lcm_core.train import main
from lcm_core.training import Recipe, Trainer
from lcm_core.widgets import LawExplorer, TrainingPanel, TreeExplorer
from tests.panels import MenuPanel

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "extending.md").read_text(encoding="utf-8")
SECTIONS = {  # the code under each heading
    part.splitlines()[0]: part.split("```python\n")[1].split("```")[0]
    for part in PAGE.split("\n## ")[1:]
}
SMALL = "channels=8 steps=6 batch_size=16 log_every=2 eval_every=6 eval_splits=none device=cpu"

#: Of each section: what it registers, the most lines, and recipes that use it.
EXAMPLES = {
    "An operator": (
        "gated",
        25,
        [
            f"bits=4 readout=gated associativity=0.3 identity=0.1 {SMALL}",
            f"task=bbbp readout=sum neighbors=gated layers=1 associativity=0.3 {SMALL}",
        ],
    ),
    "An aggregation": ("mean_and_spread", 10, [f"bits=4 readout=mean_and_spread {SMALL}"]),
    "A task with an option": (
        "kth_smallest",
        25,
        [
            f"task=kth_smallest bits=4 k=2 commutativity=0.1 readout=mlp {SMALL}",
            f"task=kth_smallest readout=gru_fold sire=0.1 {SMALL}",
        ],
    ),
    "Data in memory": (
        "diameters",
        12,
        [f"task=diameters split_seed=1 associativity=0.1 {SMALL}", f"task=diameters {SMALL}"],
    ),
}
CASES = [(section, recipe) for section, (_, _, recipes) in EXAMPLES.items() for recipe in recipes]

#: Trains recipes in a process of its own; with "busy", other threads draw and compute meanwhile.
SCRIPT = """
import json, random, sys, threading
import numpy, torch
import mine
from lcm_core import fit

torch.set_num_threads(1)
stop = threading.Event()

def work():
    while not stop.is_set():
        torch.rand(100, 100) @ torch.rand(100, 100); numpy.random.rand(100); random.random()

how, *recipes = sys.argv[1:]
threads = [threading.Thread(target=work) for _ in range(2 if how == "busy" else 0)]
for thread in threads:
    thread.start()
try:
    for recipe in recipes:
        print(json.dumps([record.timeless() for record in fit(recipe).records]))
finally:
    stop.set()
"""


@pytest.fixture(scope="module")
def found_by_processes(tmp_path_factory: pytest.TempPathFactory) -> list[list[Any]]:
    """The records of all recipes, one list a process: one works alone, one has busy threads."""
    folder = tmp_path_factory.mktemp("processes")
    code = "\n\n".join(SECTIONS[section] for section in EXAMPLES)
    (folder / "mine.py").write_text(code, encoding="utf-8")
    (folder / "script.py").write_text(SCRIPT)
    paths = [str(folder), str(ROOT), os.environ.get("PYTHONPATH", "")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))}
    found = []
    for how in ("alone", "busy"):
        command = [sys.executable, str(folder / "script.py"), how, *(r for _, r in CASES)]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        found.append([json.loads(line) for line in done.stdout.splitlines()[-len(CASES) :]])
    return found


@pytest.fixture(autouse=True)
def forget() -> Iterator[None]:
    before = [(registry, set(registry)) for registry in (OPERATORS, AGGREGATIONS, TASKS)]
    yield
    for registry, names in before:
        for name in set(registry) - names:
            registry.remove(name)


def run_cell(section: str) -> dict[str, Any]:
    scope: dict[str, Any] = {"__name__": "__main__"}
    exec(SECTIONS[section], scope)
    return scope


def test_the_page_counts_the_lines_of_each_example() -> None:
    anchors = re.findall(r"^\| \[.*?\]\(#(.*?)\) \|.*\| (\d+) \|$", PAGE, re.M)
    assert [anchor for anchor, _ in anchors] == [
        section.lower().replace(" ", "-") for section in SECTIONS
    ]
    for (_, said), (section, code) in zip(anchors, SECTIONS.items(), strict=True):
        assert len(code.splitlines()) == int(said), section
    for section, (_, most, _) in EXAMPLES.items():
        assert len(SECTIONS[section].splitlines()) <= most


@pytest.mark.parametrize("section", EXAMPLES)
def test_it_is_in_every_menu_at_once(section: str) -> None:
    name = EXAMPLES[section][0]
    training, trees, laws = TrainingPanel(f"bits=4 {SMALL}"), TreeExplorer(), LawExplorer()
    try:
        for _ in range(2):  # a cell may run again
            run_cell(section)
        is_task = section in ("A task with an option", "Data in memory")
        menu = training.controls.task_menu if is_task else training.controls.readout_menu
        assert name in menu.options
        menus = [trees.operator_menu, *laws.operator_menus]
        assert all((name in m.widget.options) == (section == "An operator") for m in menus)
        menu.value = name
        assert training.error == ""
        training.start_button.click()
        assert training.run.wait(120)
        assert training.error == ""
        assert training.records[-1].step == 6
    finally:
        for panel in (training, trees, laws):
            panel.close()


@pytest.mark.parametrize("number", range(len(CASES)), ids=[section for section, _ in CASES])
def test_two_processes_train_it_to_the_same_records(
    number: int, found_by_processes: list[list[Any]]
) -> None:
    recipe = CASES[number][1]
    one, other = (records[number] for records in found_by_processes)
    assert one == other
    assert [record["step"] for record in one] == [2, 4, 6]
    weights = ("commutativity", "associativity", "identity", "sire")
    wanted = [name for name in weights if f"{name}=" in recipe]
    assert sorted(one[-1]["penalties"]) == sorted(wanted)


@pytest.mark.parametrize(("section", "recipe"), CASES)
def test_it_is_saved_loaded_and_resumed(section: str, recipe: str, tmp_path: Path) -> None:
    run_cell(section)
    whole = fit(recipe)
    trainer = Trainer(Recipe.parse(recipe))
    next(trainer.records())
    trainer.save(tmp_path / "half.pt")
    run_cell(section)
    resumed = Trainer.load(tmp_path / "half.pt")
    assert resumed.step == 2
    records = [record.timeless() for record in resumed.records()]
    assert records == [record.timeless() for record in whole.records[1:]]
    assert Recipe.parse(whole.recipe.text(full=True)) == whole.recipe


def test_the_operator_is_certified_and_shown() -> None:
    run_cell("An operator")
    result = fit(f"bits=4 readout=gated {SMALL}")
    elements, ptr = result.trainer.encoded_elements()
    few, ptr = elements[: ptr[20]], ptr[:21]
    shown = certify(result.model.aggregation, few, ptr, sizes=(4,))
    assert shown.laws is not None
    assert shown.laws["commutativity"].max < 1e-6
    assert shown.laws["associativity"].mean > 1e-3
    panel = MenuPanel("gated")
    assert panel.menu.operator(3).name == "gated"
    panel.close()


def test_the_task_is_right() -> None:
    run_cell("A task with an option")
    task = make_task("kth_smallest", bits=4, k=3)
    places = 2 ** torch.arange(3, -1, -1)
    batch = task.train_batch(0, 50, seed=0)
    values = ((batch.x > 0) * places).sum(1).long()
    for number, (low, high) in enumerate(zip(batch.ptr[:-1], batch.ptr[1:], strict=True)):
        ordered = values[low:high].sort().values
        assert int((batch.y[number] * places).sum()) == ordered[min(2, len(ordered) - 1)]


def test_an_option_that_the_task_does_not_have_is_refused_with_those_that_it_has() -> None:
    run_cell("A task with an option")
    with pytest.raises(TypeError, match="has no option 'modulus': it has bits=8, k=3"):
        Recipe.parse("task=kth_smallest modulus=3")


def test_who_gets_the_recipe_alone_is_told_what_is_missing() -> None:
    with pytest.raises(ValueError, match="If 'gated' is of your own, first run the cell"):
        Recipe.parse("readout=gated")


def test_an_operator_that_draws_by_numpy_is_refused() -> None:
    code = SECTIONS["An operator"].replace(
        "torch.randn(channels)", "torch.from_numpy(__import__('numpy').random.randn(channels))"
    )
    exec(code.split("\n\npopulation")[0], {"__name__": "__main__"})
    with pytest.raises(ValueError, match=r"global generator of numpy\.random.*torch\.randn"):
        Recipe.parse("readout=gated")
    assert make_operator("gated", 2).name == "gated"  # without a seed it may


def test_the_command_line_imports_a_module_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine_alone.py").write_text(SECTIONS["Data in memory"], encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    recipe = f"task=diameters {SMALL}"
    assert main([recipe]) == 2
    assert "unknown task 'diameters'" in capsys.readouterr().err
    assert main(["--import", "mine_alone", recipe]) == 0
    assert "root mean squared error (lower is better), test: " in capsys.readouterr().out
    assert main(["--import", "no_such_module", recipe]) == 2
