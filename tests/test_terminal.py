"""What leaves a terminal: any encoding, no control codes in a file, exit codes, JSON, read-only."""

import importlib
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from course.command import finish

ROOT = Path(__file__).parents[1]
SMALL = (
    "task=second_minimum bits=4 channels=4 steps=4 batch_size=8 log_every=2 eval_every=4 "
    "eval_splits=none"
)


def run(*arguments: str, cwd: Path = ROOT, **environment: str) -> subprocess.CompletedProcess:
    paths = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH", "")]))
    return subprocess.run(
        [sys.executable, *arguments],
        env={**os.environ, "PYTHONPATH": paths, **environment},
        cwd=cwd,
        capture_output=True,
        check=False,
    )


# --- encodings

PRINTS = """
import lcm_core
from lcm_core.experiments.__main__ import main
print(lcm_core.laws_in_words(lcm_core.make_operator("formula((x+y)/2)", channels=1)))
print(lcm_core.make_task("bbbp").describe(), lcm_core.__doc__)
main(["--list"])
"""


@pytest.mark.parametrize("encoding", ["cp1252", "ascii", "utf-8"])
def test_everything_that_is_printed_prints(encoding):
    done = run("-c", PRINTS, PYTHONIOENCODING=encoding)
    assert done.returncode == 0, done.stderr.decode(encoding, "replace")
    said = done.stdout.decode(encoding)
    assert "second_minimum" in said
    if encoding == "utf-8":
        assert "⊕" in said


def test_a_stream_of_ones_own_is_left_alone(monkeypatch):
    import io

    from lcm_core.terminal import print_anything

    strict = io.TextIOWrapper(io.BytesIO(), encoding="cp1252")
    chosen = io.TextIOWrapper(io.BytesIO(), encoding="cp1252", errors="backslashreplace")
    monkeypatch.setattr(sys, "stdout", strict)
    monkeypatch.setattr(sys, "stderr", chosen)
    print_anything()
    assert (strict.errors, chosen.errors) == ("replace", "backslashreplace")
    monkeypatch.setattr(sys, "stdout", io.StringIO())  # no file, as in a notebook
    print_anything()


# --- the command


def test_without_a_terminal_there_are_no_control_codes(tmp_path):
    done = run("-m", "lcm_core.train", SMALL, cwd=tmp_path, PYTHONIOENCODING="cp1252")
    assert done.returncode == 0
    for stream in (done.stdout, done.stderr):
        assert not set(stream.decode("cp1252")) & set("\r\x1b\x08")
    assert b"4 of 4 steps, loss" in done.stderr


def test_in_a_terminal_there_is_a_bar(monkeypatch):
    import io

    from lcm_core.terminal import Progress

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr(sys, "stderr", Terminal())
    with Progress(4, "steps of mine") as bar:
        bar.to(2, "half")
    assert "\r" in sys.stderr.getvalue()
    assert "half" in sys.stderr.getvalue()


@pytest.mark.parametrize("terminal", [True, False])
def test_jobs_of_an_experiment_are_counted_by_the_same_progress(monkeypatch, capsys, terminal):
    from lcm_core.experiments.framework.progress import Jobs
    from lcm_core.experiments.framework.work import Progress as Steps

    monkeypatch.setattr(type(sys.stderr), "isatty", lambda self: terminal, raising=False)
    with Jobs(4, done=1) as jobs:
        jobs.progress("sum · short", Steps(500, 1000, 20.0))
        jobs.finish("sum · short")
        jobs.finish("max · short", "failed: max · short")
    said = capsys.readouterr()
    assert said.out == "failed: max · short\n"
    if terminal:
        assert "3/4" in said.err
    else:
        assert said.err == "2 of 4 jobs, sum · short\n3 of 4 jobs, max · short\n"


def test_json_is_all_that_is_on_standard_output(tmp_path, monkeypatch, capsys):
    from lcm_core.train import main

    monkeypatch.chdir(tmp_path)
    assert main([SMALL, "--json"]) == 0
    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [each["event"] for each in found[:4]] == ["start", "record", "record", "end"]
    assert {each["event"] for each in found[4:]} == {"score"}
    assert found[1]["step"] == 2
    assert {"loss", "metric", "seconds"} <= set(found[2])
    assert found[-1].keys() == {"event", "split", "metric", "score", "best_constant"}


def test_exit_codes(tmp_path, monkeypatch, capsys):
    from lcm_core.train import main
    from lcm_core.training.trainer import Trainer

    monkeypatch.chdir(tmp_path)
    assert main([SMALL]) == 0
    assert main(["task=nonsense"]) == 2
    assert main(["--resume", "none.pt"]) == 2
    with monkeypatch.context() as patch:
        patch.setattr(Trainer, "_update", lambda *_: 1 / 0)
        capsys.readouterr()
        assert main([SMALL, "--json"]) == 1
        events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        (failed,) = [event for event in events if event["event"] == "error"]
        assert "division" in failed["error"]
    with monkeypatch.context() as patch:

        def interrupt(*_):
            raise KeyboardInterrupt

        patch.setattr(Trainer, "_advance", interrupt)
        assert main([SMALL]) == 130


@pytest.mark.parametrize("flag", ["--records", "--checkpoint"])
def test_a_file_that_cannot_be_written_is_a_sentence_before_the_data_are_loaded(
    flag, tmp_path, monkeypatch, capsys
):
    from lcm_core.train import main
    from lcm_core.training.run_state import RunState

    (tmp_path / "file").write_text("mine")
    monkeypatch.setattr(RunState, "make_trainer", None)  # not called
    for path in (tmp_path / "file" / "run", tmp_path, Path("/proc/run")):
        assert main([SMALL, flag, str(path)]) == 2
        said = capsys.readouterr().err
        assert said.startswith("error: ")
        assert str(path) in said
    assert [each.name for each in tmp_path.iterdir()] == ["file"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is full")
def test_a_disk_that_is_full_is_a_sentence(tmp_path, monkeypatch, capsys):
    from lcm_core import train
    from lcm_core.files.checkpoints import save_tensors

    assert train.main([SMALL, "--records", "/dev/full", "--json"]) == 1
    said = capsys.readouterr()
    assert "error: cannot write /dev/full: No space left" in said.err
    events = [json.loads(line) for line in said.out.splitlines()]
    (failed,) = [event for event in events if event["event"] == "error"]
    assert failed["error"].startswith("cannot write /dev/full")

    def full(path, runs):
        with open("/dev/full", "wb", buffering=0) as file:
            save_tensors({"x": list(range(10_000))}, file)

    monkeypatch.setattr(train, "save_runs", full)
    assert train.main([SMALL, "--checkpoint", str(tmp_path / "run.pt")]) == 1
    assert "run.pt: No space left" in capsys.readouterr().err


def test_records_are_gone_on_with_and_another_file_is_kept(tmp_path, monkeypatch, capsys):
    from lcm_core.train import main

    monkeypatch.chdir(tmp_path)
    assert main([SMALL, "--records", "run.jsonl", "--checkpoint", "run.pt"]) == 0
    whole = Path("run.jsonl").read_text()
    going_on = ["--resume", "run.pt", "--records"]
    for foreign in ("my notes\n", "[1]\n", "{}\n", "my notes", "\xff"):
        Path("mine").write_text(foreign, "latin-1")
        assert main([*going_on, "mine"]) == 2
        assert "line 1 of mine is not a record" in capsys.readouterr().err
        assert Path("mine").read_text("latin-1") == foreign
    Path("run.jsonl").write_text(whole + '{"step": 6, "lo')  # ended by force
    assert main([*going_on, "run.jsonl"]) == 0
    assert Path("run.jsonl").read_text() == whole


def test_a_gpu_that_is_full_when_all_is_trained_is_a_sentence(tmp_path, monkeypatch, capsys):
    from lcm_core.train import main
    from lcm_core.training.trainer import Trainer

    def full(trainer, split, stop=None):
        if stop is None:  # the last evaluation
            raise RuntimeError("CUDA out of memory")

    monkeypatch.setattr(Trainer, "evaluate", full)
    assert main([SMALL, "--json"]) == 1
    said = capsys.readouterr()
    assert said.err.splitlines()[-1] == "error: CUDA out of memory"
    assert json.loads(said.out.splitlines()[-1])["error"] == "CUDA out of memory"


def test_json_has_what_was_left_out(tmp_path, capsys):
    from lcm_core.train import main

    path = tmp_path / "mine.csv"
    rows = [f"{'C' * n}O,{n % 2}" for n in range(1, 31)]
    path.write_text("\n".join(["smiles,y", "C1CC,1", *rows, "OC,0", ""]))
    small = f"task=csv:{path}?split=random channels=4 steps=1 batch_size=8 eval_splits=none"
    assert main([small, "--json"]) == 0
    start = json.loads(capsys.readouterr().out.splitlines()[0])
    assert start["left_out"] == {
        "rows": [{"line": 2, "text": "C1CC", "reason": "RDKit cannot read it"}],
        "blanks": {"y": 0},
        "unlabelled": 0,
        "copies": 1,
        "conflicts": [33],
    }
    assert "line 2: 'C1CC': RDKit cannot read it." in start["task"]
    assert "1 row with the same item" in start["task"]
    assert main([SMALL, "--json"]) == 0
    assert "left_out" not in json.loads(capsys.readouterr().out.splitlines()[0])


def test_ctrl_c_is_heard_between_steps_and_twice_at_once():
    from lcm_core.terminal import stopping_between_steps

    before = signal.getsignal(signal.SIGINT)
    with stopping_between_steps() as stopping:
        assert not stopping()
        signal.raise_signal(signal.SIGINT)
        assert stopping()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) == before
    with stopping_between_steps(twice_at_once=False) as stopping:  # torchrun sends it twice
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)
        assert stopping()


def test_a_run_that_is_interrupted_keeps_whole_steps_and_goes_on(tmp_path, monkeypatch, capsys):
    from lcm_core.train import main
    from lcm_core.training.trainer import Trainer

    monkeypatch.chdir(tmp_path)
    whole = "steps=6 log_every=1 eval_splits=none channels=4 batch_size=4 device=cpu"
    assert main([whole, "--records", "whole.jsonl"]) == 0
    plain, calls = Trainer._update, []

    def update(trainer, live):
        calls.append(1)
        if len(calls) == 3:
            signal.raise_signal(signal.SIGINT)
        plain(trainer, live)

    monkeypatch.setattr(Trainer, "_update", update)
    flags = ["--records", "run.jsonl", "--checkpoint", "run.pt"]
    assert main([whole, *flags]) == 130
    assert "interrupted at step 3" in capsys.readouterr().err
    assert main(["--records", "run.jsonl", "--resume", "run.pt"]) == 0
    assert Path("run.jsonl").read_text() == Path("whole.jsonl").read_text()


# --- the commands of the course and of the benchmarks

COMMANDS = [
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__main__")
    for room in ("lcm_core", "course", "benchmarks")
    for path in sorted((ROOT / room).rglob("*.py"))
    if '\nif __name__ == "__main__":\n' in path.read_text(encoding="utf-8")
]
EACH = """
import contextlib, io, runpy, sys
for name in sys.argv[1:]:
    sys.argv = ["", "--help"]
    said = io.StringIO()
    try:
        with contextlib.redirect_stdout(said):
            runpy.run_module(name, run_name="__main__")
        print(name, "did something")
    except SystemExit as error:
        print(name, error.code, said.getvalue()[:6])
        print(said.getvalue(), file=sys.stderr)
"""


def test_every_command_says_what_it_does_and_does_nothing():
    """One once rewrote the notebooks of somebody who had asked for help."""
    assert len(COMMANDS) > 20
    watched = sorted((ROOT / "notebooks").glob("*.ipynb"))
    before = [path.read_bytes() for path in watched]
    done = run("-W", "ignore", "-c", EACH, *COMMANDS, PYTHONIOENCODING="ascii")
    assert [path.read_bytes() for path in watched] == before
    assert done.returncode == 0, done.stderr.decode("ascii")
    expected = [f"{name} 0 usage:" for name in COMMANDS]
    assert done.stdout.decode("ascii").splitlines() == expected


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (["course.minutes", "nowhere"], "expected notebooks such as"),
        (["course.web.pages", "nowhere", "--only", "13_"], "got '13_'"),
        (["course.buttons", "all"], "unrecognized arguments: all"),
    ],
)
def test_a_mistake_is_a_sentence_and_exit_code_2(command, message, monkeypatch, capsys):
    name, *arguments = command
    monkeypatch.setattr(sys, "argv", ["", *arguments])
    with pytest.raises(SystemExit) as ended:
        finish(importlib.import_module(name).main)
    assert ended.value.code == 2
    said = capsys.readouterr()
    assert message in said.err
    assert said.out == ""


# --- a home and an installation that cannot be written to

READ_ONLY = """
import warnings
import lcm_core
from lcm_core.files.cache import cache_folder
from lcm_core.tasks.molecules import build
build.LARGE = 50
try:
    (cache_folder().parent / "x").mkdir(parents=True)
    raise SystemExit("the home can be written to")
except OSError:
    pass
with warnings.catch_warnings(record=True) as said:
    warnings.simplefilter("always")
    lcm_core.fit("task=bbbp steps=1 batch_size=4 channels=4 eval_splits=none")
    lcm_core.fit("task=graph_properties steps=1 batch_size=4 channels=4 eval_splits=none")
    lcm_core.fit("task=csv:/MINE/mine.csv?split=random steps=1 batch_size=4 channels=4")
lcm_core.pretrained("lcm").operator
told = {str(each.message) for each in said if "kept in memory" in str(each.message)}
print(len(told), "times")
print(*told)
"""


def read_only(folder: Path) -> list[str]:
    """What runs a command with this folder mounted read-only, or without root's right to write."""
    mount = f"mount --bind {folder} {folder} && mount -o remount,bind,ro {folder}"
    ways = (
        ["unshare", "--mount", "sh", "-c", f'{mount} && exec "$@"', "sh"],
        ["setpriv", "--bounding-set=-dac_override", "--inh-caps=-dac_override"],
        [],
    )
    for way in ways:
        if way and not shutil.which(way[0]):
            continue
        tried = subprocess.run([*way, "touch", str(folder / "x")], capture_output=True, check=False)
        if b"touch:" in tried.stderr:  # and not an error of the command before it
            return way
        (folder / "x").unlink(missing_ok=True)
    pytest.skip("whoever runs this can write everywhere")


def test_a_read_only_home_and_installation(tmp_path):
    place = tmp_path / "place"
    installed, home = place / "installed", place / "home"
    shutil.copytree(
        ROOT / "lcm_core", installed / "lcm_core", ignore=shutil.ignore_patterns("__pycache__")
    )
    home.mkdir()
    rows = "".join(f"C1{'C' * (n % 40)}C1{'O' * (n % 3)},{n % 2}\n" for n in range(200))
    (place / "mine.csv").write_text("smiles,target\n" + rows)
    removed = ("LCM_CORE_CACHE", "XDG_CACHE_HOME", "TRITON_CACHE_DIR", "PYTHONDONTWRITEBYTECODE")
    environment = {name: value for name, value in os.environ.items() if name not in removed}
    environment |= {"HOME": str(home), "PYTHONPATH": str(installed), "TMPDIR": str(home)}
    paths = [place, *place.rglob("*")]
    try:
        for path in paths:
            path.chmod(0o555 if path.is_dir() else 0o444)
        script = READ_ONLY.replace("/MINE", str(place))
        done = subprocess.run(
            [*read_only(place), sys.executable, "-c", script],
            env=environment,
            cwd=home,
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        for path in paths:
            path.chmod(0o755 if path.is_dir() else 0o644)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("1 times"), done.stdout
    assert "LCM_CORE_CACHE" in done.stdout
    assert not list(home.iterdir())
    assert not list(installed.rglob("__pycache__"))


# --- packages that are not there


MISSING = """
import sys
import lcm_core
from lcm_core.experiments.molecule_data import _score_of_atom_counts

def widgets():
    import lcm_core.widgets

def figures():
    import lcm_core.figures

for package, use, extra in (
    ("rdkit", lambda: lcm_core.make_task("csv:mine.csv"), "molecules"),
    ("sklearn", lambda: _score_of_atom_counts(None), "molecules"),
    ("pandas", lambda: lcm_core.make_task("parquet:mine.csv"), "tables"),
    ("pyarrow", lambda: lcm_core.make_task("parquet:mine.csv"), "tables"),
    ("plotly", figures, "notebooks"),
    ("plotly", widgets, "notebooks"),
    ("ipywidgets", widgets, "notebooks"),
    ("anywidget", widgets, "notebooks"),
):
    before = {name: module for name, module in sys.modules.items() if name.startswith(package)}
    for name in before:
        del sys.modules[name]
    sys.modules[package] = None
    try:
        use()
        print("nothing was missing:", package)
    except ImportError as error:
        if f"is not installed; install it with: pip install 'lcm-core[{extra}]'" not in str(error):
            print(package, error)
    for name in [name for name in sys.modules if name.startswith("lcm_core.widgets")]:
        del sys.modules[name]
    del sys.modules[package]
    sys.modules.update(before)
"""


def test_a_missing_package_is_a_sentence_with_the_command(tmp_path):
    (tmp_path / "mine.csv").write_text("smiles,target\nCCO,1\n")
    done = run("-c", MISSING, cwd=tmp_path)
    assert done.returncode == 0, done.stderr.decode()
    assert done.stdout.decode() == ""
