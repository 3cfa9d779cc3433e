"""Checkpoints elsewhere: other devices, more steps, other defaults, other versions, moved files."""

import json
from pathlib import Path

import pytest
import torch

from lcm_core import train
from lcm_core.files.checkpoints import read_checkpoint, write_checkpoint
from lcm_core.training import Recipe, Trainer
from lcm_core.training import recipe as recipes
from lcm_core.training.run_state import read_runs
from lcm_core.widgets import TrainingPanel
from tests.panels import wait_for
from tests.records import timeless

SMALL = (
    "task=second_minimum bits=4 channels=8 batch_size=16 log_every=2 eval_every=4 eval_splits=none"
)


def saved(path: Path, recipe: str, steps: int) -> list[dict]:
    """Train the recipe for some steps and keep the checkpoint; its records so far."""
    trainer, records = Trainer(Recipe.parse(recipe)), []
    for record in trainer.records():
        records.append(record)
        if record.step == steps:
            break
    trainer.save(path)
    return timeless(records)


def of_a_gpu(path: Path) -> None:
    state = read_checkpoint(path, ())
    recipe = Recipe.parse(state["recipe"]).replace(device="cuda")
    write_checkpoint(path, {**state, "recipe": recipe.text(full=True)})


# --- devices


@pytest.mark.skipif(torch.cuda.is_available(), reason="the device is here")
def test_a_checkpoint_of_a_device_that_is_not_here_goes_on_on_one_that_is(tmp_path, capsys):
    path = tmp_path / "gpu.pt"
    saved(path, f"{SMALL} steps=8", 4)
    of_a_gpu(path)
    trainer = Trainer.load(path)
    assert "trained on cuda, which is not here: it goes on on cpu" in trainer.started
    straight = timeless(Trainer(Recipe.parse(f"{SMALL} steps=8")).records())
    assert timeless(trainer.records()) == straight[2:]
    chosen = Trainer.load(path, device="cpu")
    assert (chosen.started, chosen.recipe.device) == ("", "cpu")
    with pytest.raises(ValueError, match="expected device to be auto, cpu, or one that is here"):
        Trainer.load(path, device="cuda")
    assert train.main(["--resume", str(path)]) == 0
    assert "it goes on on cpu" in capsys.readouterr().out


@pytest.mark.skipif(torch.cuda.is_available(), reason="the device is here")
def test_the_panel_goes_on_with_it_too(tmp_path):
    path = tmp_path / "gpu.pt"
    saved(path, f"{SMALL} steps=8", 4)
    of_a_gpu(path)
    panel = TrainingPanel("task=bbbp")
    panel.file_text.value = str(path)
    panel.load_button.click()
    wait_for(lambda: panel.state == "paused")
    assert panel.error == ""
    panel.start_button.click()
    assert panel.run.wait(60)
    assert (panel.state, panel.error) == ("finished", "")
    panel.close()


# --- more steps


def test_a_longer_run_is_the_run_of_that_length_where_the_rate_is_constant(tmp_path):
    path, recipe = tmp_path / "run.pt", f"{SMALL} schedule=constant"
    saved(path, f"{recipe} steps=8", 8)
    longer = Trainer.load(path, steps=16)
    straight = timeless(Trainer(Recipe.parse(f"{recipe} steps=16")).records())
    assert timeless(longer.records()) == straight[4:]
    assert longer.recipe.steps == 16


def test_a_longer_run_follows_the_schedule_of_that_length(tmp_path):
    path = tmp_path / "run.pt"
    saved(path, f"{SMALL} steps=8", 8)
    longer, straight = Trainer.load(path, steps=16), Trainer(Recipe.parse(f"{SMALL} steps=16"))
    rates = [record.rate for record in straight.records()]
    momenta = [group["betas"] for group in straight.optimizer.param_groups]
    assert [record.rate for record in longer.records()] == pytest.approx(rates[4:], rel=1e-12)
    assert [group["betas"] for group in longer.optimizer.param_groups] == momenta


def test_the_command_prolongs(tmp_path, capsys):
    path, records = tmp_path / "run.pt", tmp_path / "records.jsonl"
    recipe = f"{SMALL} schedule=constant"
    command = [f"{recipe} steps=8", "--checkpoint", str(path), "--records", str(records)]
    assert train.main(command) == 0
    assert train.main(["steps=16", "--resume", str(path), "--records", str(records)]) == 0
    straight = timeless(Trainer(Recipe.parse(f"{recipe} steps=16")).records())
    (run,) = read_runs(path)
    assert run.recipe.steps == 16
    assert [record.step for record in run.records] == [r["step"] for r in straight]
    lines = [json.loads(line) for line in records.read_text("utf-8").splitlines()]
    assert [line["loss"] for line in lines] == [record["loss"] for record in straight]
    assert train.main(["--resume", str(path)]) == 0  # and again: it is done


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ("steps=4", "expected steps ≥ 8, where the checkpoint stands, got 4"),
        ("channels=16", "expected one of steps, device, .* to change, got channels"),
        ("task=bbbp", "expected task=second_minimum, which the checkpoint is of"),
        ("@3 rate_scale=2", "to change, got @3"),
        ("stpes=9", "to change, got stpes"),
    ],
)
def test_what_cannot_change_is_explained(tmp_path, capsys, changes, message):
    path = tmp_path / "run.pt"
    saved(path, f"{SMALL} steps=8", 8)
    assert train.main([changes, "--resume", str(path)]) == 2
    with pytest.raises(ValueError, match=message):
        raise ValueError(capsys.readouterr().err)


# --- other defaults, other versions, other machines


def test_changed_defaults_do_not_change_a_resumed_run(tmp_path, monkeypatch):
    path = tmp_path / "run.pt"
    short = SMALL.replace(" channels=8", "").replace("batch_size=16 ", "batch_size=8 ")
    before = saved(path, f"{short} steps=4 ", 2)
    straight = timeless(Trainer(Recipe.parse(f"{short} steps=4")).records())
    assert before == straight[:1]
    changed = {"channels": 16, "learning_rate": 0.1, "clip": 0.01, "weight_decay": 1.0, "seed": 5}
    changed |= {
        "schedule": "constant",
        "readout": "sum",
        "tree": "left",
        "penalty_states": "encoded",
    }
    monkeypatch.setattr(recipes, "_DEFAULTS", {**recipes._DEFAULTS, **changed})
    assert Recipe().channels == 16
    assert timeless(Trainer.load(path).records()) == straight[1:]


def test_options_of_tasks_are_stored_in_full(tmp_path):
    path = tmp_path / "run.pt"
    saved(path, f"{SMALL} steps=2".replace("bits=4 ", ""), 2)
    assert "bits=8" in read_checkpoint(path, ())["recipe"].split()


def test_records_of_a_newer_version_are_read_without_what_is_unknown(tmp_path):
    path = tmp_path / "run.pt"
    assert train.main([f"{SMALL} steps=4", "--checkpoint", str(path)]) == 0
    state = read_checkpoint(path, ())
    for record in state["records"]:
        record["novelty"] = 1.0
    write_checkpoint(path, {**state, "unheard_of": torch.ones(2)})
    (run,) = read_runs(path)
    assert [record.step for record in run.records] == [2, 4]
    assert run.make_trainer().step == 4


def test_a_file_that_has_moved_is_named_again(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rows = [f"C1{'C' * n}C1{end},{n % 2}" for n in range(1, 11) for end in ("", "O", "N")]
    Path("mine.csv").write_text("smiles,target\n" + "\n".join(rows))
    small = "channels=4 steps=4 batch_size=8 log_every=2 eval_every=4"
    saved(Path("run.pt"), f"task=csv:mine.csv?split=random {small}", 2)
    straight = timeless(Trainer(Recipe.parse(f"task=csv:mine.csv?split=random {small}")).records())
    (tmp_path / "there").mkdir()
    Path("mine.csv").rename("there/mine.csv")
    with pytest.raises(FileNotFoundError, match=r"there is no file mine.csv"):
        Trainer.load("run.pt")
    moved = Trainer.load("run.pt", task="csv:there/mine.csv?split=random")
    assert timeless(moved.records()) == straight[1:]


# --- files of this version, for those to come: tests/data/make_version_files.py wrote them

DATA = Path(__file__).parent / "data" / "version_0_1"
EXPECTED = json.loads((DATA / "records.json").read_text("utf-8")) if DATA.exists() else {}


@pytest.mark.parametrize("name", EXPECTED)
def test_a_checkpoint_of_version_0_1_goes_on_as_it_did_then(name, monkeypatch):
    monkeypatch.chdir(DATA)
    runs = read_runs(DATA / f"{name}.pt")
    assert len(runs) == len(EXPECTED[name])
    for run, expected in zip(runs, EXPECTED[name], strict=True):
        found = timeless(run.make_trainer().records())
        assert [record["step"] for record in found] == [record["step"] for record in expected]
        for mine, theirs in zip(found, expected, strict=True):
            for value in ("loss", "task_loss", "metric"):
                if theirs[value] is not None:
                    assert mine[value] == pytest.approx(theirs[value], rel=1e-3), value


def test_ctrl_c_while_a_checkpoint_is_written_stays_ctrl_c_and_keeps_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "run.pt"
    write_checkpoint(path, {"step": 1})
    before, write = path.read_bytes(), torch._C.PyTorchFileWriter.write_record

    def interrupted(writer, name, *data):
        if name == "data.pkl":
            raise KeyboardInterrupt
        return write(writer, name, *data)

    monkeypatch.setattr(torch._C.PyTorchFileWriter, "write_record", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_checkpoint(path, {"step": 2})
    assert path.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == ["run.pt"]
