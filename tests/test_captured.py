"""The step whose shapes do not change: on the CPU without a graph, on a GPU as one."""

import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pytest
import torch

from lcm_core import register_task
from lcm_core.operators import make_operator
from lcm_core.reduction import ReductionPlan
from lcm_core.reduction.paths import run
from lcm_core.reduction.places import StatePlaces
from lcm_core.training import graph_steps
from lcm_core.training.capturable import why_not
from lcm_core.training.captured import CapturedStep, CaptureError
from lcm_core.training.recipe import Recipe
from lcm_core.training.set_steps import SetSteps
from lcm_core.training.trainer import Trainer, TrainingError
from tests.static_plan import HostPlan, use_host_plans

SMALL = {"channels": 8, "steps": 12, "log_every": 2, "eval_every": 6, "eval_splits": "none"}
RECIPES = [
    "",
    "associativity=1",
    "associativity=1 penalty_states=encoded",
    "commutativity=1 associativity=0.5 identity=0.3 clip=0.01",
    "@3 associativity=1 @5 rate_scale=0.5 @7 associativity=0 identity=1",
    "task=distinct learning_rate=0.02 schedule=constant batch_size=3",
    "task=sum_modulo associativity=1 batch_size=1",
    "task=bbbp layers=2 batch_size=8",
    "task=graph_properties batch_size=5",
]


def recipe_of(text, **changes):
    return Recipe.parse(text).replace(**{**SMALL, **changes})


def trained(recipe, graphs):
    trainer = Trainer(recipe)
    trainer.graphs = graphs
    return trainer, [record.timeless() for record in trainer.records()]


def assert_close(one, other, tolerance=2e-4):
    """Records that differ by rounding."""
    assert len(one) == len(other)
    for a, b in zip(one, other, strict=True):
        assert a.keys() == b.keys()
        for key in ("loss", "task_loss", "rate"):
            assert math.isclose(a[key], b[key], rel_tol=tolerance, abs_tol=1e-6), (a, b)
        assert a["penalties"].keys() == b["penalties"].keys()
        for name, value in a["penalties"].items():
            assert math.isclose(value, b["penalties"][name], rel_tol=tolerance, abs_tol=1e-5)


@pytest.mark.parametrize("text", RECIPES)
def test_a_step_with_room_gives_the_records_of_a_plain_step(text, monkeypatch):
    recipe = recipe_of(text, device="cpu", **({} if "batch_size" in text else {"batch_size": 6}))
    plain, expected = trained(recipe, graphs=False)
    use_host_plans(monkeypatch)
    static, records = trained(recipe, graphs=True)
    assert static._captured is not None
    assert plain._captured is None
    assert_close(records, expected)
    for a, b in zip(static.model.parameters(), plain.model.parameters(), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-3, atol=1e-5)


def test_places_find_the_states_of_every_level():
    torch.manual_seed(0)
    sizes = torch.tensor([5, 1, 16, 2, 7, 8, 1, 13])
    ptr = torch.tensor([0, *sizes.cumsum(0)])
    operator = make_operator("symmetrized_gru", channels=4)
    x = torch.randn(int(ptr[-1]), 4)
    levels = run(ReductionPlan.from_sizes(sizes), operator, x)
    plan = HostPlan(len(sizes), 16, 60, x.device)
    plan.update(ptr)
    padded = torch.cat([x, torch.full((plan.num_elements - len(x), 4), torch.nan)])
    static = plan.levels(operator, padded)
    rows = torch.cat([static.states[0], static.roots, static.states[1]])
    places = StatePlaces(ptr, plan.num_elements)
    assert places.sizes == [len(states) for states in levels.states]
    found = rows[places.rows([torch.arange(size) for size in places.sizes])]
    torch.testing.assert_close(found, torch.cat(levels.states))


# With something that stands for CUDA's graphs


@dataclass
class Replay:
    """A graph that does again what the step did when it was captured, in the same tensors."""

    step: CapturedStep
    arguments: Any
    replays: int = 0

    def replay(self) -> None:
        self.replays += 1
        self.step._compute(*self.arguments)


@pytest.fixture
def graphs(monkeypatch):
    """All graphs that are captured."""
    use_host_plans(monkeypatch)
    made: list[Replay] = []
    begin = CapturedStep.__init__

    def on_a_stream(self, *arguments):
        begin(self, *arguments)
        self.stream = "a stream"

    def capture(self, *arguments):
        made.append(Replay(self, arguments))
        return made[-1]

    monkeypatch.setattr(CapturedStep, "__init__", on_a_stream)
    monkeypatch.setattr(CapturedStep, "_first", CapturedStep._compute)
    monkeypatch.setattr(CapturedStep, "_capture", capture)
    return made


def test_the_second_step_of_each_kind_is_captured(graphs):
    recipe = recipe_of(RECIPES[4], batch_size=32, device="cpu")
    expected = trained(recipe, graphs=False)[1]
    records = trained(recipe, graphs=True)[1]
    assert_close(records, expected)
    # Steps 0 to 2, 3 to 6 and 7 to 11, each without the first.
    assert [graph.replays for graph in graphs] == [2, 3, 4]


def test_a_loaded_state_is_captured_again(graphs, tmp_path):
    recipe = recipe_of("associativity=1", batch_size=32, device="cpu")
    expected = trained(recipe, graphs=True)[1]
    trainer = Trainer(recipe)
    trainer.graphs = True
    head = []
    for record in trainer.records():
        head.append(record.timeless())
        if record.step == 6:
            break
    trainer.save(tmp_path / "run.pt")
    count = len(graphs)
    for other in (Trainer.load(tmp_path / "run.pt"), trainer):
        other.load_state_dict(torch.load(tmp_path / "run.pt"))
        other.graphs = True
        assert head + [record.timeless() for record in other.records()] == expected
    assert len(graphs) == count + 2


def test_a_state_saved_between_records_goes_on_in_the_plain_way(graphs, tmp_path):
    recipe = recipe_of("associativity=1", batch_size=32, log_every=6, device="cpu")
    expected = trained(recipe, graphs=False)[1]
    trainer = Trainer(recipe)
    trainer.graphs = True
    records = trainer.records(should_stop=lambda: trainer.step == 3)
    head = [record.timeless() for record in records]
    trainer.save(tmp_path / "run.pt")
    other = Trainer.load(tmp_path / "run.pt")
    plain = [record.timeless() for record in other.records()]
    assert_close(head + plain, expected)
    trainer.graphs = False
    trainer._advance()
    trainer.graphs = True
    assert_close(head + [record.timeless() for record in trainer.records()], expected)


def test_where_capturing_fails_the_plain_way_goes_on(graphs, monkeypatch):
    def fail(self, *arguments):
        raise CaptureError("the step cannot be captured: no reason")

    monkeypatch.setattr(CapturedStep, "_capture", fail)
    recipe = recipe_of("associativity=1", batch_size=8, device="cpu")
    expected = trained(recipe, graphs=False)[1]
    with pytest.warns(UserWarning, match="no reason") as warned:
        records = trained(recipe, graphs=True)[1]
    assert len(warned) == 1
    assert_close(records, expected)


def test_a_step_that_fails_leaves_the_state_of_the_last_record(graphs):
    trainer = Trainer(recipe_of("learning_rate=1e30", batch_size=8, device="cpu"))
    trainer.graphs = True
    with pytest.raises(TrainingError, match="the state of step 0 is kept"):
        list(trainer.records())
    assert trainer.step == 0
    assert all(parameter.isfinite().all() for parameter in trainer.model.parameters())


def test_batches_made_ahead_are_those_of_the_step(monkeypatch):
    """Also after a slider is moved, and after a jump to another step."""
    recipe = recipe_of("", batch_size=4, device="cpu")
    trainer = Trainer(recipe)
    parts = trainer.task, trainer.model, trainer.regularisers, recipe
    ahead, asked = SetSteps(*parts, 3, ahead=True), SetSteps(*parts, 3, ahead=False)
    laws = ("associativity",)
    for step, now, later in [
        *((step, (), ()) for step in range(6)),
        (6, laws, laws),
        (7, laws, ()),
        (8, (), ("identity",)),
        (3, (), ()),
        (4, (), ()),
    ]:
        one, other = ahead.take(step, now), asked.take(step, now)
        assert one.tuples == other.tuples
        assert int(one.parts["step"]) == step
        assert torch.equal(one.buffer, other.buffer) or not now
        for name in ("ptr", "x", "y"):
            assert torch.equal(one.parts[name], other.parts[name])
        ahead.give_back(one, step, lambda _, later=later: later)
        asked.give_back(other, step, lambda _, later=later: later)


def test_a_batch_with_more_edges_than_there_is_room_for_takes_a_plain_step(graphs, monkeypatch):
    recipe = recipe_of("task=graph_properties", batch_size=5, log_every=3, device="cpu")
    expected = trained(recipe, graphs=False)[1]
    monkeypatch.setattr(graph_steps, "MORE", 0.8)
    plain = []
    run_plainly = Trainer._run_plainly
    monkeypatch.setattr(
        Trainer, "_run_plainly", lambda *args: plain.append(1) or run_plainly(*args)
    )
    assert_close(trained(recipe, graphs=True)[1], expected)
    assert 0 < len(plain) < recipe.steps


def test_threads_that_make_batches_leave_the_number_of_threads_as_it_is():
    before = torch.get_num_threads()
    recipe = recipe_of("", batch_size=4, device="cpu")
    trainer = Trainer(recipe)
    parts = trainer.task, trainer.model, trainer.regularisers, recipe
    packer = SetSteps(*parts, 3, ahead=True)
    packer.give_back(packer.take(0, ()), 0, lambda _: ())
    packer.give_back(packer.take(1, ()), 1, lambda _: ())
    with ThreadPoolExecutor(1) as other:
        assert torch.get_num_threads() == other.submit(torch.get_num_threads).result() == before


# What is left to the plain way


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("tree=left", "the tree is left"),
        ("readout=gru_fold", "the readout is not symmetrized_gru"),
        ("readout=sum", "the readout is not symmetrized_gru"),
        ("task=bbbp neighbors=max", "the neighbours are not aggregated by sum"),
    ],
)
def test_other_recipes_train_in_the_plain_way(text, reason):
    trainer = Trainer(recipe_of(text, batch_size=4, device="cpu"))
    why = why_not(trainer.task, trainer.model, trainer.optimizer, ())
    assert why is not None
    assert reason in why


@pytest.mark.usefixtures("tasks_forgotten")
def test_sets_in_memory_have_room_for_the_largest(monkeypatch):
    register_task(
        "in_memory_for_graphs",
        sets=[torch.randn(n, 3) for n in (1, 4, 2, 7, 3, 5)] * 4,
        targets=[0.5, 1.0, 2.0, 0.1, 0.0, 1.5] * 4,
        replace=True,
    )
    recipe = recipe_of("task=in_memory_for_graphs", batch_size=5, device="cpu")
    expected = trained(recipe, graphs=False)[1]
    use_host_plans(monkeypatch)
    trainer, records = trained(recipe, graphs=True)
    assert trainer._captured is not None
    assert_close(records, expected)


@pytest.mark.parametrize(
    "register",
    [
        lambda model, call: model.encoder.register_forward_hook(call),
        lambda model, call: model.aggregation.register_forward_pre_hook(call),
        lambda model, call: model.decoder[0].register_full_backward_hook(call),
        lambda model, call: model.decoder[0].weight.register_hook(call),
    ],
)
def test_a_hook_is_called(register, monkeypatch):
    use_host_plans(monkeypatch)
    trainer = Trainer(recipe_of("", batch_size=4, device="cpu"))
    trainer.graphs = True
    trainer._advance()
    assert trainer._captured is not None
    calls = []
    register(trainer.model, lambda *_: calls.append(1))
    trainer._advance()
    assert calls == [1]


# On a GPU


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize("text", [*RECIPES[:5], *RECIPES[-2:]])
def test_a_graph_gives_the_same_records_again_and_those_of_a_plain_step(text, tmp_path):
    recipe = recipe_of(text, channels=16, batch_size=32, device="cuda")
    if recipe.task == "bbbp":
        pytest.importorskip("rdkit")
    trainer, records = trained(recipe, graphs=True)
    assert trainer.how == "Each step is one CUDA graph."
    assert trained(recipe, graphs=True)[1] == records
    assert_close(records, trained(recipe, graphs=False)[1], tolerance=1e-3)
    assert_close(records, trained(recipe.replace(device="cpu"), graphs=False)[1], tolerance=1e-2)
    trainer = Trainer(recipe)
    head = []
    for record in trainer.records():
        head.append(record.timeless())
        if record.step == 6:
            break
    trainer.save(tmp_path / "run.pt")
    tail = [record.timeless() for record in Trainer.load(tmp_path / "run.pt").records()]
    assert head + tail == records
