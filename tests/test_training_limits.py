"""Limits of recipes in a panel: no recipe kills the kernel, and the sentence says what to do."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch_geometric.data import Data

from lcm_core import register_task
from lcm_core.training import Recipe
from lcm_core.widgets import TrainingPanel
from lcm_core.widgets.training import limits
from lcm_core.widgets.training.limits import check_limits, estimated_bytes

GB = 2.0**30

MEASURE = """
import sys
from benchmarks.measure import memory_now
from lcm_core.training import Recipe, Trainer
recipe = Recipe.parse(sys.argv[1])
highest = []
for each in (recipe.replace(batch_size=4, channels=8), recipe):
    Trainer(each)._advance()
    highest.append(memory_now("VmHWM"))
print(highest[1] - highest[0])
"""


@pytest.fixture
def memory(monkeypatch):
    monkeypatch.setattr(limits, "free_bytes", lambda: 4 * GB)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("batch_size=1000000000", "batch_size=1000000000, .* a run may take 2.0 GB.*batch_size="),
        ("channels=1000000", "for the weights alone.*write fewer channels, at most"),
        ("task=bbbp layers=10000000", "write fewer channels or layers"),
        ("steps=2000000 log_every=1", "expected at most 100,000 records.*log_every=20 or more"),
        ("threads=100000", "expected threads ≤ .*threads=0 chooses"),
    ],
)
def test_what_would_kill_a_kernel_is_refused_with_its_reason(memory, text, words) -> None:
    with pytest.raises(ValueError, match=words):
        TrainingPanel(text)
    if "channels" in text:
        with pytest.raises(ValueError, match=words):
            TrainingPanel(channels=1000000)
    panel = TrainingPanel("task=second_minimum")
    before = panel.run
    panel.controls.recipe_text.value = text
    panel.controls.apply_button.click()
    assert re.search(words, panel.error)
    assert panel.run is before
    panel.close()


@settings(max_examples=40, deadline=None)
@given(
    st.integers(1, 10**12),
    st.sampled_from([8, 64, 256]),
    st.sampled_from(["second_minimum", "bbbp"]),
)
def test_a_recipe_is_allowed_or_the_batch_that_is_advised_is(batch, channels, task) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(limits, "free_bytes", lambda: 4 * GB)
        recipe = Recipe(task=task, batch_size=batch, channels=channels)
        try:
            check_limits(recipe)
        except ValueError as error:
            assert estimated_bytes(recipe) > 2 * GB
            advised = re.search(r"write batch_size=(\d+)", str(error))
            if advised:
                check_limits(recipe.replace(batch_size=int(advised[1])))


@pytest.mark.usefixtures("tasks_forgotten")
def test_data_in_memory_say_how_large_their_items_are(memory) -> None:
    sets = [torch.zeros(100_000, 1), *(torch.zeros(2, 1) for _ in range(19))]
    register_task("large", sets=sets, targets=[float(n) for n in range(20)])
    recipe = Recipe(task="large", batch_size=16, channels=64)
    check_limits(recipe.replace(channels=16))  # one set is large, not each
    with pytest.raises(ValueError, match=r"batch_size=16, channels=.* needs about") as refused:
        check_limits(recipe.replace(channels=512))
    assert "write fewer channels" in str(refused.value)
    register_task("all", sets=[torch.zeros(20_000, 1)] * 20, targets=[*range(10)] * 2)
    with pytest.raises(ValueError, match="write batch_size=") as refused:
        check_limits(recipe.replace(task="all"))
    advised = int(re.search(r"write batch_size=(\d+)", str(refused.value))[1])
    check_limits(recipe.replace(task="all", batch_size=advised))
    edges = torch.zeros(2, 0, dtype=torch.long)
    nodes = Data(x=torch.zeros(10**6, 1), edge_index=edges, y=torch.arange(10**6) % 2)
    register_task("one", graphs=nodes)
    with pytest.raises(ValueError, match="write fewer channels"):
        check_limits(Recipe(task="one", batch_size=1, channels=64))


def test_the_recipes_of_notebooks_and_tests_are_allowed_with_little_memory(monkeypatch) -> None:
    monkeypatch.setattr(limits, "free_bytes", lambda: 1.5 * GB)
    for text in (
        "task=second_minimum",
        "task=bbbp",
        "task=bace channels=32 batch_size=64",
        "task=graph_properties channels=16 batch_size=32",
    ):
        check_limits(Recipe.parse(text))


def test_free_memory_is_that_of_the_machine() -> None:
    assert 2**26 < limits.free_bytes() < 2**50


@pytest.mark.slow
@pytest.mark.parametrize(
    "text",
    [
        "task=second_minimum batch_size=4096 channels=64",
        "task=second_minimum batch_size=1024 channels=128 associativity=0.1",
        "task=second_minimum batch_size=16 channels=1024",
        "task=bbbp batch_size=512 channels=64",
        "task=graph_properties readout=set2set batch_size=256 channels=32",
    ],
)
def test_a_step_takes_no_more_than_is_estimated_and_not_far_less(text: str) -> None:
    """The highest resident memory of a process, beyond what a small step of the task takes."""
    recipe = Recipe.parse(f"{text} steps=2 eval_splits=none device=cpu threads=1")
    found = subprocess.run(
        [sys.executable, "-c", MEASURE, recipe.text()],
        cwd=Path(__file__).parents[1],
        capture_output=True,
        text=True,
        check=True,
    )
    taken, estimated = float(found.stdout), estimated_bytes(recipe)
    print(f"{text}: {taken / GB:.3f} GB, estimated {estimated / GB:.3f}")
    assert taken < estimated < 30 * taken
