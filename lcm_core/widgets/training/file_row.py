"""Save and Load: the run on show, in a file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import ipywidgets as widgets

from lcm_core.files.checkpoints import read_checkpoint
from lcm_core.training.run_state import RunState, read_runs, save_runs
from lcm_core.training.trainer import STATE_KEYS
from lcm_core.widgets.base.controls import button
from lcm_core.widgets.base.text_areas import ReadOut
from lcm_core.widgets.training.buttons import NOT_BEGUN, enable
from lcm_core.widgets.training.run import Run

__all__ = ["FileRow"]

DEFAULT_FILE = "checkpoints/run.pt"

Guard = Callable[[Callable[..., object]], Callable[..., None]]


class FileRow:
    """The name of a file, and buttons that write the run into it and read another from it.

    A file that exists is replaced only after a question, and never if it is no checkpoint.

    Args:
        guard: wraps each callback.
        run: gives the run on show.
        on_load: called with what is to take its place.

    Attributes:
        text, save, load, replace, keep, status: to be placed in a row.
    """

    def __init__(
        self, guard: Guard, run: Callable[[], Run], on_load: Callable[[list[RunState]], None]
    ):
        self._guard, self._run, self._on_load = guard, run, on_load
        self._asked_of: Path | None = None  # the file that may be replaced
        self.text = widgets.Text(
            value=DEFAULT_FILE,
            description="File",
            tooltip="where Save writes the run and Load reads one",
            layout=widgets.Layout(width="300px"),
        )
        self.text.add_class("lcm-file")
        self.save = button("Save", "the run and its records, into the file", "save")
        self.load = button("Load", "end this run, and go on with that of the file", "folder-open")
        self.replace = button("Replace", "write the run over the file")
        self.keep = button("Keep", "leave the file as it is")
        self.save.on_click(guard(lambda _: self._save()))
        self.load.on_click(guard(lambda _: self._load()))
        self.replace.on_click(guard(lambda _: self._replace()))
        self.keep.on_click(guard(lambda _: self.say("the file was kept")))
        self.text.observe(guard(lambda _: self.say("")), names="value")
        self.status = ReadOut("file-status", width="auto")
        self.say("")

    @property
    def all(self) -> tuple[widgets.Widget, ...]:
        """In the order of a row."""
        return (self.text, self.save, self.load, self.status, self.replace, self.keep)

    def show(self, run: Run) -> None:
        """Save acts once there is something to save."""
        why = NOT_BEGUN if run.state in ("ready", "loading") else ""
        enable(self.save, "the run and its records, into the file", why)

    def say(self, words: str, asks: bool = False) -> None:
        """Show words, and the answers to a question."""
        self.status.say(words)
        if not asks:
            self._asked_of = None
        for control in (self.replace, self.keep):
            control.layout.display = "" if asks else "none"

    def _save(self) -> None:
        path = _path(self.text.value)
        if self._run().state in ("ready", "loading"):
            raise ValueError("there is nothing to save yet: press Start first")
        if not path.exists():
            self._write(path)
            return
        try:
            read_checkpoint(path, STATE_KEYS)
        except ValueError as error:
            raise ValueError(
                f"{path} exists and is no checkpoint of a run, so that it is never replaced: "
                f"choose another name ({error})"
            ) from error
        self._asked_of = path
        self.say("this checkpoint exists: replace it?", asks=True)

    def _replace(self) -> None:
        if (path := self._asked_of) is not None:
            self._write(path)

    def _write(self, path: Path) -> None:
        run = self._run()

        def write() -> None:
            save_runs(path, run.run_states)
            steps = " and ".join(dict.fromkeys(str(run_state.step) for run_state in run.run_states))
            self.say(f"saved at step {steps}")

        self.say("saving after this step …")
        run.between_steps(self._guard(write))

    def _load(self) -> None:
        self._on_load(read_runs(_path(self.text.value)))
        self.say("loaded")


def _path(name: str) -> Path:
    """The file that was typed; `~` is the reader's home.

    Raises:
        ValueError: nothing was typed, or it is a folder.
    """
    if not name.strip():
        raise ValueError(f"expected the name of a file, such as {DEFAULT_FILE}, got nothing")
    path = Path(name.strip()).expanduser()
    if path.is_dir():
        raise ValueError(f"expected the name of a file, got the folder {path}")
    return path
