import itertools
import json
import math
import os
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lcm_core import train
from lcm_core.aggregations import aggregation_facts
from lcm_core.aggregations.pyg import BASELINES
from lcm_core.aggregations.registry import aggregation_names, make_aggregation
from lcm_core.files.checkpoints import write_checkpoint
from lcm_core.models.networks import describe_model
from lcm_core.operators import Operator
from lcm_core.operators.base import OPERATORS, register_operator
from lcm_core.training.device import (
    describe_device,
    deterministic,
    device_names,
    pick_device,
)
from lcm_core.training.recipe import LIVE_FIELDS, Event, Recipe
from lcm_core.training.trainer import Trainer, TrainingError
from tests.devices import DEVICES
from tests.records import timeless

SMALL = "channels=8 bits=4 steps=12 batch_size=6 log_every=2 eval_every=6 device=cpu"
BBBP = "task=bbbp channels=8 layers=1 steps=6 batch_size=8 log_every=2 eval_every=6 device=cpu"
PENALTIES = "commutativity=0.1 associativity=0.5 identity=0.2"


def run(text):
    return timeless(Trainer(Recipe.parse(text)).records())


# Recipes


@st.composite
def recipes(draw):
    numbers = st.floats(0, 1e6, allow_nan=False)
    steps = draw(st.integers(1, 10**6))
    readout = draw(st.sampled_from(["sum", "symmetrized_gru", "k_smallest", "gru_fold", "pna"]))
    allowed = ["rate_scale", *aggregation_facts(readout, 64).penalties]
    events = st.tuples(st.integers(0, steps), st.sampled_from(allowed), numbers)
    return Recipe(
        task=draw(st.sampled_from(["second_minimum", "bbbp"])),
        readout=readout,
        schedule=draw(st.sampled_from(["one_cycle", "constant"])),
        penalty_states=draw(st.sampled_from(["tree", "encoded"])),
        neighbors=draw(st.sampled_from(aggregation_names())),
        steps=steps,
        learning_rate=draw(numbers),
        **{field: draw(numbers) for field in aggregation_facts(readout, 64).penalties},
        seed=draw(st.integers(0, 2**40)),
        events=tuple(draw(st.lists(events, max_size=5))),
    )


@given(recipe=recipes())
def test_a_recipe_reads_back_from_its_text(recipe):
    assert Recipe.parse(recipe.text()) == recipe
    assert "\n" not in recipe.text()


def test_the_text_is_short():
    assert Recipe().text() == "task=second_minimum"
    text = "task=bbbp steps=300 learning_rate=0.001 seed=1 @120 rate_scale=0.5 @200 identity=1"
    assert Recipe.parse(text).text() == text


def test_events_take_effect_at_their_step():
    recipe = Recipe.parse("associativity=1 @5 associativity=2 @9 associativity=0 rate_scale=3")
    assert [recipe.live(step)["associativity"] for step in (0, 4, 5, 8, 9)] == [1, 1, 2, 2, 0]
    assert [recipe.live(step)["rate_scale"] for step in (8, 9)] == [1, 3]
    again = recipe.with_event(5, "associativity", 7.0)
    assert again.events == (Event(5, "associativity", 7.0), *recipe.events[1:])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("stepz=3", "unknown recipe field 'stepz': did you mean 'steps'"),
        ("task=bbpp", "unknown task 'bbpp': did you mean 'bbbp'"),
        ("readout=gruu", "unknown readout 'gruu': did you mean 'gru'"),
        ("neighbors=sums", "unknown neighbors 'sums': did you mean 'sum'"),
        ("tree=lefty", "unknown tree 'lefty': did you mean 'left'"),
        ("steps=3.5", "expected steps to be a whole number, got '3.5'"),
        ("steps=0", "expected steps ≥ 1, got 0"),
        ("learning_rate=fast", "expected learning_rate to be a finite number, got 'fast'"),
        ("learning_rate=nan", "expected learning_rate to be a finite number, got 'nan'"),
        ("associativity=-1", "expected associativity ≥ 0"),
        ("steps=3 steps=4", "steps is given twice"),
        ("bbbp", "expected field=value or @step, got 'bbbp'"),
        ("steps=", "expected field=value"),
        ("@x rate_scale=1", "expected step of an event to be a whole number, got 'x'"),
        ("@5 steps=9", "unknown event field 'steps'"),
        ("steps=4 @5 rate_scale=2", "expected events at steps 0 to 4, got @5"),
        ("@5 rate_scale=-2", "expected rate_scale ≥ 0 from step 5 on"),
        ("readout=gru_fold associativity=1", "has no operator on states: .* associativity = 0"),
        ("readout=pna associativity=1", "'pna' has no operator on states: .* associativity = 0"),
        ("readout=gru sire=1", "sire regularises folds.* the aggregation is 'gru': .*sire = 0"),
        ("schedule=cosine", "unknown schedule 'cosine'"),
        ("penalty_states=trees", "unknown penalty_states 'trees': did you mean 'tree'"),
        ("readout=gru_fold @3 identity=1", "has no operator on states: .* identity = 0"),
    ],
)
def test_a_wrong_recipe_is_explained(text, message):
    with pytest.raises(ValueError, match=message):
        Recipe.parse(text)


def test_fields_of_a_wrong_type_are_refused():
    with pytest.raises(TypeError, match="steps to be a whole number, got True"):
        Recipe(steps=True)
    with pytest.raises(TypeError, match=r"step of an event to be a whole number, got 1\.5"):
        Recipe(events=((1.5, "identity", 1.0),))
    with pytest.raises(ValueError, match=r"seed < 2\^63"):
        Recipe(seed=2**64)
    with pytest.raises(TypeError, match="task to be a word, got 3"):
        Recipe(task=3)
    with pytest.raises(ValueError, match="learning_rate to be finite, got inf"):
        Recipe(learning_rate=math.inf)


# Training


@pytest.mark.parametrize("text", [SMALL, f"{SMALL} {PENALTIES}", BBBP, f"{BBBP} {PENALTIES}"])
def test_the_same_recipe_gives_the_same_records(text):
    first, again = run(text), run(text)
    assert first == again
    assert first != run(f"{text} seed=1")
    recipe = Recipe.parse(text)
    assert [r["step"] for r in first] == list(range(2, recipe.steps + 1, 2))
    assert [r["metric"] is not None for r in first] == [r["step"] % 6 == 0 for r in first]
    for record in first:
        assert set(record["penalties"]) == {f for f in LIVE_FIELDS[1:] if getattr(recipe, f)}
        assert record["loss"] == pytest.approx(
            record["task_loss"]
            + sum(getattr(recipe, law) * value for law, value in record["penalties"].items())
        )
    assert set(first[-1]["laws"]) == {
        "commutativity",
        "associativity",
        "identity",
        "exchange",
        "order spread",
    }


@pytest.mark.parametrize("operator", [*aggregation_names()])
@pytest.mark.parametrize("text", [SMALL, BBBP])
def test_every_aggregation_trains_on_every_kind_of_task(text, operator):
    text = text.replace("steps=12", "steps=2").replace("steps=6", "steps=2")
    (record,) = run(f"{text} readout={operator} neighbors={operator}")
    assert math.isfinite(record["loss"])
    assert 0 <= record["metric"] <= 1
    assert record["laws"]["order spread"] >= 0


def test_the_parameters_of_a_model_are_counted():
    model = Trainer(Recipe.parse(f"{SMALL} readout=deepsets")).model
    count, readout = sum(p.numel() for p in model.parameters()), 4 * (8 * 8 + 8)
    want = f"{count:,} parameters, {readout} of them in the aggregation of the whole."
    assert describe_model(model) == want


def test_training_learns_the_second_minimum_of_small_numbers():
    records = run(
        "bits=3 channels=16 steps=150 batch_size=64 learning_rate=0.02 log_every=50 "
        "eval_every=150 device=cpu"
    )
    assert records[-1]["loss"] < 0.5 * records[0]["loss"]
    assert records[-1]["metric"] > 0.65  # the best constant answer: 0.32


@pytest.mark.slow
def test_the_associativity_weight_lowers_the_law_errors():
    text = (
        "channels=16 steps=200 batch_size=64 learning_rate=0.005 log_every=100 eval_every=200 "
        "device=cpu"
    )
    plain, regularised = (r[-1]["laws"] for r in (run(text), run(f"{text} associativity=1")))
    for law in ("associativity", "exchange", "order spread"):
        assert regularised[law] < 0.6 * plain[law], law


@pytest.mark.parametrize("fills", [True, False])
@pytest.mark.parametrize(("on", "warns"), [(False, False), (True, True), (True, False)])
def test_on_cuda_a_step_is_deterministic_and_fills_no_memory(fills, on, warns):
    """The switches of PyTorch are there on every machine; they are put back, whatever happens."""
    memory = torch.utils.deterministic

    def switches():
        return (
            torch.are_deterministic_algorithms_enabled(),
            torch.is_deterministic_algorithms_warn_only_enabled(),
            memory.fill_uninitialized_memory,
        )

    before = switches()
    torch.use_deterministic_algorithms(on, warn_only=warns)
    memory.fill_uninitialized_memory = fills
    try:
        with suppress(KeyboardInterrupt), deterministic(torch.device("cuda")):
            assert switches() == (True, False, False)
            raise KeyboardInterrupt
        assert switches() == (on, warns, fills)
        with deterministic(torch.device("cpu")):
            assert switches() == (on, warns, fills)
    finally:
        torch.use_deterministic_algorithms(before[0], warn_only=before[1])
        memory.fill_uninitialized_memory = before[2]


def test_training_and_measuring_leave_the_global_generator_alone():
    before = torch.random.get_rng_state()
    run(SMALL)
    assert torch.equal(before, torch.random.get_rng_state())


def test_evaluation_does_not_change_training():
    often = run(SMALL.replace("eval_every=6", "eval_every=1"))
    assert [r["loss"] for r in often] == [r["loss"] for r in run(SMALL)]


def test_the_rate_follows_one_cycle_times_its_scale():
    rates = [r["rate"] for r in run(SMALL.replace("log_every=2", "log_every=1"))]
    scaled = run(SMALL.replace("log_every=2", "log_every=1") + " rate_scale=0.5 @6 rate_scale=2")
    peak = max(rates)
    assert rates[0] < peak / 10
    assert rates[-1] < peak / 10
    assert peak == pytest.approx(3e-3, rel=0.1)
    factor = [a["rate"] / b for a, b in zip(scaled, rates, strict=True)]
    assert factor == pytest.approx([0.5] * 6 + [2] * 6)


def test_events_replay():
    trainer = Trainer(Recipe.parse(SMALL))
    records = []
    for record in trainer.records():
        records.append(record)
        if record.step == 4:
            trainer.set("associativity", 0.5)
            trainer.set("rate_scale", 0.25)
        if record.step == 8:
            trainer.set("associativity", 0.0)
    want = f"{SMALL} @4 associativity=0.5 rate_scale=0.25 @8 associativity=0"
    assert trainer.recipe == Recipe.parse(want)
    assert timeless(records) == run(trainer.recipe.text())
    assert timeless(records) != run(SMALL)
    assert [set(r.penalties) for r in records] == [set()] * 2 + [{"associativity"}] * 2 + [
        set()
    ] * 2


def test_two_threads_do_not_disturb_each_others_initialisation():
    def build(seed, into):
        trainer = Trainer(
            Recipe.parse(f"{SMALL} channels=32 seed={seed}".replace("channels=8 ", ""))
        )
        into[seed] = torch.cat([p.detach().flatten() for p in trainer.model.parameters()])

    alone: dict[int, torch.Tensor] = {}
    for seed in range(4):
        build(seed, alone)
    before = torch.random.get_rng_state()
    for _ in range(5):
        together: dict[int, torch.Tensor] = {}
        threads = [threading.Thread(target=build, args=(s, together)) for s in range(4)]
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            torch.rand(100)
        assert all(torch.equal(together[seed], alone[seed]) for seed in alone)
    torch.random.set_rng_state(before)


def test_changes_from_another_thread_are_all_kept():
    trainer, running = Trainer(Recipe.parse(SMALL)), True

    def turn():
        while running:
            trainer.set("rate_scale", 0.5)

    thread = threading.Thread(target=turn)
    thread.start()
    records = list(trainer.records())
    running = False
    thread.join()
    trainer.state_dict()
    assert timeless(records) == run(trainer.recipe.text())


def test_the_identity_of_an_operator_without_is_refused():
    @register_operator("without_identity")
    class WithoutIdentity(Operator):
        def forward(self, left, right):
            return left - right

    assert Recipe.parse("readout=gru identity=0.1").identity == 0.1  # in training it has one
    try:
        with pytest.raises(ValueError, match="'without_identity' has no identity to regularise"):
            Recipe.parse("readout=without_identity identity=0.1")
        trainer = Trainer(Recipe.parse(f"{SMALL} readout=without_identity"))
        with pytest.raises(ValueError, match="no identity to regularise: expected identity = 0"):
            trainer.set("identity", 0.2)
    finally:
        OPERATORS.remove("without_identity")


def test_setting_is_checked_at_once():
    trainer = Trainer(Recipe.parse(SMALL))
    with pytest.raises(ValueError, match="unknown event field 'asociativity'"):
        trainer.set("asociativity", 1)
    with pytest.raises(ValueError, match="identity ≥ 0"):
        trainer.set("identity", -1)
    with pytest.raises(ValueError, match="has no operator"):
        Trainer(Recipe.parse(f"{SMALL} readout=lstm_fold")).set("identity", 1)


@pytest.mark.parametrize("text", [f"{SMALL} {PENALTIES}", BBBP])
def test_stopping_anywhere_and_going_on_gives_the_same_records(text):
    """The callback is asked between steps and evaluation batches, and says stop the k-th time."""
    want = run(text)
    for k in (1, 3, 6, 7):
        trainer, asked = Trainer(Recipe.parse(text)), itertools.count(1)
        records = list(trainer.records(lambda asked=asked, k=k: next(asked) == k))
        assert next(asked) == k + 1
        records += trainer.records()
        assert timeless(records) == want


def test_state_dict_round_trip_in_the_middle_of_a_record():
    want = run(f"{SMALL} {PENALTIES} readout=symmetrized_mlp")
    trainer = Trainer(Recipe.parse(f"{SMALL} {PENALTIES} readout=symmetrized_mlp"))
    records = [next(trainer.records())]
    asked = iter([False, True])
    records += trainer.records(lambda: next(asked))
    assert trainer.step == 3
    trainer.set("identity", 0.2)
    other = Trainer(trainer.recipe)
    other.load_state_dict(trainer.state_dict())
    rest = timeless(other.records())
    assert timeless(records) + rest == want
    assert other.recipe.events == (Event(3, "identity", 0.2),)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("task", ["second_minimum bits=4", "bbbp layers=1"])
def test_50_records_straight_equal_20_and_30_in_a_new_process(task, device, tmp_path):
    text = f"task={task} channels=8 steps=50 batch_size=8 log_every=1 eval_every=10 device={device}"
    text += " associativity=0.3 @10 rate_scale=0.5 @30 identity=0.1"
    straight = run(text)
    trainer = Trainer(Recipe.parse(text))
    first = timeless(itertools.islice(trainer.records(), 20))
    trainer.save(tmp_path / "run.pt")
    files = ["--resume", str(tmp_path / "run.pt"), "--records", str(tmp_path / "rest.jsonl")]
    command = [sys.executable, "-m", "lcm_core.train", *files]
    threads = {"OMP_NUM_THREADS": str(torch.get_num_threads())}
    subprocess.run(command, env=os.environ | threads, capture_output=True, check=True)
    rest = [json.loads(line) for line in (tmp_path / "rest.jsonl").read_text().splitlines()]
    assert len(straight) == 50
    assert len(rest) == 30
    assert first + rest == straight


def test_a_loss_that_is_not_finite_names_its_step_and_keeps_the_last_good_state():
    text = SMALL.replace("log_every=2", "log_every=4") + " clip=1e30"
    trainer = Trainer(Recipe.parse(text))
    records = trainer.records()
    next(records)
    good = {name: value.clone() for name, value in trainer.model.state_dict().items()}
    real = trainer.task.loss

    def loss(outputs, batch):
        return real(outputs, batch) * (math.nan if trainer.step == 6 else 1.0)

    trainer.task.loss = loss
    with pytest.raises(TrainingError, match=r"not finite at step 6: the state of step 4 is kept"):
        next(records)
    assert trainer.step == 4
    for name, value in trainer.model.state_dict().items():
        assert torch.equal(value, good[name]), name
    del trainer.task.loss
    assert timeless(trainer.records()) == run(text)[1:]


def test_too_little_memory_is_a_sentence_that_says_what_to_lower(monkeypatch):
    trainer = Trainer(Recipe.parse(SMALL))
    records = trainer.records()
    next(records)

    def fail(*_):
        raise torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB")

    with monkeypatch.context() as patch:
        patch.setattr(trainer, "_update", fail)
        with pytest.raises(
            TrainingError,
            match=r"step 2 is kept: .* lower batch_size \(it is 6\) or fewer channels",
        ):
            next(records)
    rest = timeless(trainer.records())
    assert rest == run(SMALL)[1:]


def test_the_last_good_state_outlives_a_device_that_fails(monkeypatch, tmp_path):
    trainer = Trainer(Recipe.parse(SMALL))
    records = trainer.records()
    next(records)

    def fail(*_):
        raise RuntimeError("CUDA error: unspecified launch failure")

    with monkeypatch.context() as patch:
        patch.setattr(trainer, "_update", fail)
        patch.setattr(trainer, "_restore", fail)
        with pytest.raises(TrainingError, match=r"step 2 is kept: the device .* restart Python"):
            next(records)
    trainer.save(tmp_path / "run.pt")
    assert timeless(Trainer.load(tmp_path / "run.pt").records()) == run(SMALL)[1:]


def test_a_failing_step_is_named_and_the_last_good_state_is_kept():
    trainer = Trainer(Recipe.parse(SMALL))
    records = trainer.records()
    next(records)

    def fails(step, *_):
        raise ZeroDivisionError("no such batch")

    trainer.task.train_batch = fails
    with pytest.raises(
        TrainingError, match="stopped at step 2, and the state of step 2 is kept: no such"
    ):
        next(records)
    assert trainer.step == 2


def test_devices():
    assert pick_device("auto").type in ("cuda", "mps", "cpu")
    assert pick_device("cpu") == torch.device("cpu")
    with pytest.raises(ValueError, match="expected device to be auto, cpu, or one that is here"):
        pick_device("cdua")
    for name in device_names():
        assert describe_device(pick_device(name)).startswith(str(pick_device(name)))


def test_aggregations_by_name():
    assert aggregation_names()[-8:-6] == ["gru_fold", "lstm_fold"]
    assert aggregation_names()[-6:] == list(BASELINES)
    with pytest.raises(ValueError, match="unknown aggregation 'gru_flod': did you mean 'gru_fold'"):
        make_aggregation("gru_flod", 4)


# Checkpoints


class TestCheckpointFiles:
    @pytest.fixture
    def path(self, tmp_path):
        trainer = Trainer(Recipe.parse(SMALL))
        next(trainer.records())
        trainer.save(tmp_path / "run.pt")
        return tmp_path / "run.pt"

    def test_nothing_is_left_beside_it(self, path):
        assert list(path.parent.iterdir()) == [path]

    def test_truncated(self, path):
        whole = path.read_bytes()
        for size in (0, 10, len(whole) // 2, len(whole) - 1):
            path.write_bytes(whole[:size])
            with pytest.raises(ValueError, match=r"run\.pt cannot be read as a checkpoint"):
                Trainer.load(path)

    def test_foreign(self, path):
        for content in ({"weights": torch.zeros(2)}, [1, 2], torch.zeros(3)):
            torch.save(content, path)
            with pytest.raises(ValueError, match=r"run\.pt is not a checkpoint of lcm_core"):
                Trainer.load(path)
        path.write_text("step,loss\n1,0.5\n")
        with pytest.raises(ValueError, match="cannot be read as a checkpoint"):
            Trainer.load(path)

    def test_malicious(self, path, tmp_path):
        class Evil:
            def __reduce__(self):
                return os.mkdir, (str(tmp_path / "owned"),)

        torch.save({"format": "lcm_core checkpoint, format 1", "recipe": Evil()}, path)
        with pytest.raises(ValueError, match="holds more than tensors and plain data"):
            Trainer.load(path)
        assert not (tmp_path / "owned").exists()

    def test_parts_missing_or_of_another_shape(self, path):
        state = torch.load(path, weights_only=True)
        write_checkpoint(path, {k: v for k, v in state.items() if k != "optimizer"})
        with pytest.raises(ValueError, match="a checkpoint without optimizer"):
            Trainer.load(path)
        write_checkpoint(
            path, state | {"recipe": state["recipe"].replace("channels=8", "channels=9")}
        )
        with pytest.raises(ValueError, match="does not fit this version"):
            Trainer.load(path)

    def test_missing_file(self, tmp_path):
        with pytest.raises(FileNotFoundError, match="nowhere"):
            Trainer.load(tmp_path / "nowhere.pt")

    def test_a_failed_write_keeps_the_old_file(self, path):
        before = path.read_bytes()
        with pytest.raises(Exception, match=r"pickle|local object"):
            write_checkpoint(path, {"step": lambda: None})
        assert path.read_bytes() == before
        assert list(path.parent.iterdir()) == [path]


# The command line


class TestCommand:
    def test_it_trains_writes_and_resumes(self, tmp_path, capsys):
        records, checkpoint = tmp_path / "records.jsonl", tmp_path / "run.pt"
        files = ["--records", str(records), "--checkpoint", str(checkpoint)]
        assert train.main([*SMALL.split(), *files]) == 0
        lines = [json.loads(line) for line in records.read_text().splitlines()]
        assert lines == json.loads(json.dumps(run(SMALL)))
        out = capsys.readouterr().out
        assert "task=second_minimum" in out
        assert "exact match, size 32" in out
        assert "best constant" in out
        assert train.main(["--resume", str(checkpoint)]) == 0

    def test_resuming_after_a_kill_writes_each_record_once(self, tmp_path):
        records, checkpoint = tmp_path / "new" / "records.jsonl", tmp_path / "new" / "run.pt"
        trainer = Trainer(Recipe.parse(SMALL))
        for record in itertools.islice(trainer.records(), 3):
            if record.step <= 4:
                trainer.save(checkpoint)
            with records.open("a") as lines:  # killed after the line, before the checkpoint
                lines.write(json.dumps(record.timeless()) + "\n")
        assert train.main(["--resume", str(checkpoint), "--records", str(records)]) == 0
        lines = [json.loads(line) for line in records.read_text().splitlines()]
        assert lines == json.loads(json.dumps(run(SMALL)))
        assert Trainer.load(checkpoint).done

    def test_events_in_the_recipe_are_followed(self, tmp_path):
        records = tmp_path / "records.jsonl"
        text = f"{BBBP} @2 associativity=0.5 @4 rate_scale=0.1"
        assert train.main([text, "--records", str(records)]) == 0
        lines = [json.loads(line) for line in records.read_text().splitlines()]
        assert lines == json.loads(json.dumps(run(text)))

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (["stepz=3"], "unknown recipe field 'stepz'"),
            ([], "expected a recipe"),
            (["--resume", "nowhere.pt"], "nowhere.pt"),
            ([*SMALL.split(), "--checkpoint", "."], "expected the name of a file, got the folder"),
            (["--resume", "run.pt", "channels=3"], "the file of --resume has its recipe"),
        ],
    )
    def test_mistakes_are_explained(self, arguments, message, capsys):
        assert train.main(arguments) == 2
        assert message in capsys.readouterr().err

    def test_a_failure_exits_with_1_and_names_the_step(self, capsys):
        assert train.main([*SMALL.split(), "learning_rate=1e30", "clip=1e30"]) == 1
        assert "error: " in (err := capsys.readouterr().err)
        assert "step" in err

    def test_as_a_module(self):
        command = [sys.executable, "-m", "lcm_core.train", SMALL]
        out = subprocess.run(command, capture_output=True, text=True, check=True, cwd=Path.cwd())
        assert "exact match, validation" in out.stdout


class TestDrawsOfTheModel:
    """What a model draws in its forward pass, as dropout does, is the recipe's too."""

    @pytest.fixture
    def noisy(self):
        @register_operator("noisy")
        class Noisy(Operator):
            commutative = True

            def forward(self, left, right):
                return torch.nn.functional.dropout(left + right, 0.3, self.training)

        yield "noisy"
        OPERATORS.remove("noisy")

    def test_the_same_recipe_gives_the_same_records(self, noisy):
        one, other = (run(f"{SMALL} readout={noisy} associativity=0.1") for _ in range(2))
        assert one == other
        third = run(f"{SMALL} readout={noisy} associativity=0.1 seed=9")
        assert one[-1]["loss"] != third[-1]["loss"]

    def test_a_resumed_run_draws_the_same(self, noisy, tmp_path):
        text = f"{SMALL} readout={noisy}"
        whole = run(text)
        trainer = Trainer(Recipe.parse(text))
        records = [next(trainer.records())]
        trainer.save(tmp_path / "half.pt")
        records += Trainer.load(tmp_path / "half.pt").records()
        assert timeless(records) == whole

    def test_only_a_model_that_draws_is_seeded_after_the_first_step(self, noisy):
        plain, drawing = (Trainer(Recipe.parse(f"{SMALL} readout={r}")) for r in ("sum", noisy))
        next(plain.records())
        next(drawing.records())
        assert (plain._draws, drawing._draws) == (False, True)


def test_an_operator_that_changes_during_a_run_ends_it_with_the_step():
    def define(identity):
        @register_operator("changing", replace=True)
        class Changing(Operator):
            def __init__(self, channels):
                super().__init__(channels, identity=identity)

            def forward(self, left, right):
                return left + right

    define(0.0)
    trainer = Trainer(Recipe.parse(f"{SMALL} readout=changing identity=1"))
    first = next(trainer.records())
    trainer.set("rate_scale", 0.5)
    define(None)
    try:
        with pytest.raises(TrainingError, match=r"training stopped at step .* no identity"):
            next(trainer.records())
        assert trainer.step == first.step
    finally:
        OPERATORS.remove("changing")
