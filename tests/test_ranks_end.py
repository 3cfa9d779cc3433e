"""Processes of a run that end before it does: killed, hung, interrupted; and how it goes on."""

import json
import random
import signal
import subprocess
import sys
import time

import pytest
import torch

from lcm_core import train
from lcm_core.training import heartbeat
from lcm_core.training.heartbeat import Heartbeat
from tests.launch import ROOT, launch

RECIPE = (
    "steps=200 log_every=5 eval_every=100 eval_splits=none channels=8 batch_size=16 device=cpu "
    "associativity=0.3"
)
LIMIT = 60  # seconds in which the others end; most of it is for a busy machine
TRAIN = "lcm_core.train"


def records(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def wait_for(path, lines, seconds=120.0):
    deadline = time.monotonic() + seconds
    while not (path.exists() and len(path.read_text().splitlines()) >= lines):
        assert time.monotonic() < deadline, f"no {lines} lines in {path}"
        time.sleep(0.05)


def files(folder):
    return folder / "records.jsonl", folder / "run.pt"


def flags(folder, *more):
    kept, state = files(folder)
    return ["--records", str(kept), "--checkpoint", str(state), *more]


def going_on(folder):
    kept, state = files(folder)
    return ["--records", str(kept), "--resume", str(state)]


@pytest.fixture
def beats(monkeypatch):
    """The heartbeats of three ranks, in one process, fifty times as fast."""
    monkeypatch.setattr(heartbeat, "BEAT", 0.01)
    monkeypatch.setattr(heartbeat, "SILENCE", 0.1)
    store = torch.distributed.HashStore()
    made = [Heartbeat(store, rank, 3, "rank 0") for rank in range(3)]
    yield made
    for each in made:
        each.stop()


def test_whoever_is_silent_is_named_and_all_give_the_same_reason(beats):
    beats[2].stop()
    time.sleep(0.05)
    reason = beats[0].find_lost(9.0)
    assert reason.startswith("rank 2 ended, or hangs: no sign of life for 0.1 s")
    assert beats[1].find_lost(9.0) == reason


def test_a_rank_that_leaves_says_why(beats):
    beats[1].stop("rank 1 ended: no memory")
    assert {beats[0].find_lost(9.0), beats[2].find_lost(9.0)} == {"rank 1 ended: no memory"}


def test_who_keeps_the_store_waits_until_the_others_know_why_it_leaves(beats):
    began = time.monotonic()
    beats[0].stop("rank 0 was interrupted")
    assert time.monotonic() - began < 0.09  # else it gave up
    for other in beats[1:]:
        assert other._reason == "rank 0 was interrupted"


def test_who_keeps_the_store_does_not_wait_for_the_dead(beats):
    beats[2].stop()
    began = time.monotonic()
    beats[0].stop("rank 0 was interrupted")
    assert 0.09 < time.monotonic() - began < 5


def test_a_reason_that_is_known_outlives_the_store(beats):
    beats[0].stop("rank 0 was interrupted")

    class Gone:
        def __getattr__(self, name):
            raise RuntimeError("connection reset")

    beats[1].stop()
    beats[1]._store = Gone()
    assert beats[1].find_lost(9.0) == "rank 0 was interrupted"


def test_a_late_rank_is_not_a_dead_one(beats):
    assert "did not come within 9 s, although all ranks are alive" in beats[0].find_lost(9.0)


def test_when_a_rank_is_killed_the_other_names_it_and_one_process_goes_on(tmp_path):
    launched = launch(2, TRAIN, [RECIPE, *flags(tmp_path)])
    wait_for(tmp_path / "records.jsonl", 2)
    launched.processes[1].kill()
    began = time.monotonic()
    (status, errors), (killed, _) = launched.wait(LIMIT)
    assert killed == -signal.SIGKILL
    assert time.monotonic() - began < LIMIT
    assert status == 1
    assert "error on rank 0: training stopped at step" in errors
    assert "rank 1 ended, or hangs: no sign of life for 5 s" in errors
    assert train.main(going_on(tmp_path)) == 0
    steps = [record["step"] for record in records(tmp_path / "records.jsonl")]
    assert steps == list(range(5, 201, 5))


def test_ctrl_c_on_one_rank_ends_all(tmp_path):
    launched = launch(2, TRAIN, [RECIPE, *flags(tmp_path)])
    wait_for(tmp_path / "records.jsonl", 2)
    launched.processes[0].send_signal(signal.SIGINT)
    (interrupted, errors), (status, of_other) = launched.wait(LIMIT)
    assert interrupted == train.INTERRUPTED, errors
    assert "interrupted at step" in errors
    assert "Traceback" not in errors
    assert status == 1
    assert "rank 0 was interrupted" in of_other


@pytest.mark.slow
def test_what_is_wrong_is_said_before_training(tmp_path):
    launched = launch(2, TRAIN, ["batch_size=1", *flags(tmp_path)])
    for rank, (status, errors) in enumerate(launched.wait(LIMIT)):
        assert status == 1
        assert f"error on rank {rank}: " in errors
        assert "batch_size ≥ 2, a set for each rank, got 1" in errors


TORCHRUN = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2", "-m", TRAIN]


def torchrun(*arguments):
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen([*TORCHRUN, *arguments], cwd=ROOT, start_new_session=True, **pipes)


def test_torchrun_shows_one_progress_and_one_report(tmp_path):
    short = "steps=4 log_every=2 eval_splits=none channels=4 batch_size=5 device=cpu"
    process = torchrun(short, *flags(tmp_path))
    output, errors = process.communicate(timeout=200)
    assert process.returncode == 0, errors
    assert output.count("Each batch is shared by 2 processes.") == 1
    assert output.count("exact match, validation: ") == 1
    assert errors.count("4 of 4 steps") == 1  # rank 0 alone reports progress
    assert [record["step"] for record in records(tmp_path / "records.jsonl")] == [2, 4]


@pytest.mark.slow
def test_torchrun_names_a_killed_rank_and_ends(tmp_path):
    process = torchrun(RECIPE, *flags(tmp_path))
    wait_for(tmp_path / "records.jsonl", 2)
    listed = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(process.pid)], capture_output=True, text=True, check=True
    )
    subprocess.run(["kill", "-9", listed.stdout.split()[-1]], check=True)
    _, errors = process.communicate(timeout=LIMIT)
    assert process.returncode == 1
    assert "Signal 9 (SIGKILL)" in errors
    assert "rank      : " in errors


@pytest.mark.slow
def test_a_rank_that_hangs_is_named_when_patience_is_over(tmp_path):
    launched = launch(3, TRAIN, [RECIPE, *flags(tmp_path), "--patience", "15"])
    wait_for(tmp_path / "records.jsonl", 2)
    launched.processes[2].send_signal(signal.SIGSTOP)
    began = time.monotonic()
    errors = []
    for process in launched.processes[:2]:
        errors.append(process.communicate(timeout=LIMIT)[1])
    assert 10 < time.monotonic() - began < LIMIT
    launched.kill()
    assert all("rank 2 ended, or hangs" in text for text in errors)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_ten_kills_at_random_moments_lose_nothing(tmp_path):
    """Exact: the same number of ranks gives the same bits, however often it is killed."""
    recipe = RECIPE.replace("steps=200", "steps=800")
    alone, killed = tmp_path / "alone", tmp_path / "killed"
    for folder in (alone, killed):
        folder.mkdir()
    ended = launch(2, TRAIN, [recipe, *flags(alone)]).wait(900)
    assert [status for status, _ in ended] == [0, 0]
    draw, kept = random.Random(0), killed / "records.jsonl"
    for kill in range(10):
        begun = (killed / "run.pt").exists()
        arguments = going_on(killed) if begun else [recipe, *flags(killed)]
        launched = launch(2, TRAIN, [*arguments, "--patience", "40"])
        if kill % 3:  # else while they start
            wait_for(kept, len(kept.read_text().splitlines()) + 1 if kept.exists() else 1)
        time.sleep(draw.uniform(0, 0.5))
        rank = draw.randrange(2)
        launched.processes[rank].kill()
        began = time.monotonic()
        status, errors = launched.wait(LIMIT + 120)[1 - rank]
        took = time.monotonic() - began
        print(f"kill {kill}: rank {rank}, the other ended after {took:.1f} s")
        assert status != 0
        if kill % 3:
            assert took < LIMIT
            assert f"rank {rank} ended" in errors, errors
    ended = launch(2, TRAIN, going_on(killed)).wait(900)
    assert [status for status, _ in ended] == [0, 0]
    assert records(kept) == records(alone / "records.jsonl")
