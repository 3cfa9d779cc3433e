"""What leaves a terminal: any encoding, no control codes in a file, exit codes, JSON, read-only."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

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


@pytest.mark.parametrize("encoding", ["cp1252", "ascii", "latin-1", "cp437", "utf-8"])
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


def test_json_is_all_that_is_on_standard_output(tmp_path):
    done = run("-m", "lcm_core.train", SMALL, "--json", cwd=tmp_path)
    assert done.returncode == 0
    found = [json.loads(line) for line in done.stdout.decode().splitlines()]
    assert [each["event"] for each in found[:4]] == ["start", "record", "record", "end"]
    assert {each["event"] for each in found[4:]} == {"score"}
    assert found[1]["step"] == 2
    assert {"loss", "metric", "seconds"} <= set(found[2])
    assert found[-1].keys() == {"event", "split", "metric", "score", "best_constant"}


def test_exit_codes(tmp_path, monkeypatch, capsys):
    from lcm_core.train import INTERRUPTED, main
    from lcm_core.training.trainer import Trainer

    monkeypatch.chdir(tmp_path)
    assert main([SMALL]) == 0
    assert main(["task=nonsense"]) == 2
    assert main(["--resume", "none.pt"]) == 2
    with monkeypatch.context() as patch:
        patch.setattr(Trainer, "_update", lambda *_: 1 / 0)
        assert main([SMALL, "--json"]) == 1
        last = json.loads(capsys.readouterr().out.splitlines()[-1])
        assert last["event"] == "error" or "division" in json.dumps(last)
    with monkeypatch.context() as patch:

        def interrupt(*_):
            raise KeyboardInterrupt

        patch.setattr(Trainer, "_advance", interrupt)
        assert main([SMALL]) == INTERRUPTED == 130


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


def test_a_read_only_home_and_installation(tmp_path):
    """As another user where we are root, whom no mode of a folder stops."""
    installed, home = tmp_path / "installed", tmp_path / "home"
    shutil.copytree(
        ROOT / "lcm_core", installed / "lcm_core", ignore=shutil.ignore_patterns("__pycache__")
    )
    home.mkdir()
    (tmp_path / "data").mkdir()
    rows = "".join(f"C1{'C' * (n % 40)}C1{'O' * (n % 3)},{n % 2}\n" for n in range(60))
    (tmp_path / "data" / "mine.csv").write_text("smiles,target\n" + rows)
    for path in [tmp_path, *tmp_path.rglob("*")]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    for parent in tmp_path.parents:
        if parent.stat().st_mode & 0o005 != 0o005:
            parent.chmod(parent.stat().st_mode | 0o005)
        if parent.name.startswith("pytest-of-"):
            break
    user = {"user": 65534, "group": 65534, "extra_groups": []} if os.getuid() == 0 else {}
    environment = {
        name: value
        for name, value in os.environ.items()
        if name not in ("LCM_CORE_CACHE", "XDG_CACHE_HOME", "TRITON_CACHE_DIR")
    }
    environment |= {"HOME": str(home), "PYTHONPATH": str(installed), "TMPDIR": str(home)}
    try:
        done = subprocess.run(
            [sys.executable, "-c", READ_ONLY.replace("/MINE", str(tmp_path / "data"))],
            env=environment,
            cwd=home,
            capture_output=True,
            text=True,
            check=False,
            **user,
        )
    finally:
        for path in [tmp_path, *tmp_path.rglob("*")]:
            path.chmod(0o755 if path.is_dir() else 0o644)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("1 times"), done.stdout
    assert "LCM_CORE_CACHE" in done.stdout
    assert not list(home.iterdir())


# --- packages that are not there


@pytest.mark.parametrize(
    ("package", "code", "command"),
    [
        ("rdkit", "lcm_core.make_task('csv:mine.csv')", "molecules"),
        ("sklearn", "lcm_core.make_task('bbbp').prepare()", "molecules"),
        ("pandas", "lcm_core.make_task('parquet:mine.csv')", "tables"),
        ("ipywidgets", "import lcm_core.widgets", "notebooks"),
        ("plotly", "import lcm_core.figures", "notebooks"),
        ("plotly", "import lcm_core.widgets", "notebooks"),
        ("anywidget", "import lcm_core.widgets.training.panel", "notebooks"),
    ],
)
def test_a_missing_package_is_a_sentence_with_the_command(tmp_path, package, code, command):
    (tmp_path / "mine.csv").write_text("smiles,target\nCCO,1\n")
    script = (
        f"import sys; sys.modules[{package!r}] = None; import lcm_core\n"
        f"try:\n    {code}\nexcept ImportError as error:\n    print(error)\n"
    )
    done = run("-c", script, cwd=tmp_path)
    assert done.returncode == 0, done.stderr.decode()
    said = done.stdout.decode()
    assert "which is not installed" in said
    assert f"pip install 'lcm-core[{command}]'" in said
