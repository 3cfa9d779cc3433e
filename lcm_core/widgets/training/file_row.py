"""Save and Load: the run on show, in a file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import ipywidgets as widgets

from lcm_core.training.run_state import RunState, read_runs, save_runs
from lcm_core.widgets.base.controls import button
from lcm_core.widgets.base.text_areas import ReadOut
from lcm_core.widgets.training.run import Run

__all__ = ["FileRow"]

DEFAULT_FILE = "checkpoints/run.pt"

Guard = Callable[[Callable[..., object]], Callable[..., None]]


class FileRow:
    """The name of a file, and buttons that write the run into it and read another from it.

    Args:
        guard: wraps each callback.
        run: gives the run on show.
        on_load: called with what is to take its place.

    Attributes:
        text, save, load, status: to be placed in a row.
    """

    def __init__(
        self, guard: Guard, run: Callable[[], Run], on_load: Callable[[list[RunState]], None]
    ):
        self._guard, self._run, self._on_load = guard, run, on_load
        self.text = widgets.Text(
            value=DEFAULT_FILE,
            description="File",
            tooltip="where Save writes the run and Load reads one",
            layout=widgets.Layout(width="300px"),
        )
        self.text.add_class("lcm-file")
        self.save = button("Save", "the run and its records, into the file", "save")
        self.load = button("Load", "end this run, and go on with that of the file", "folder-open")
        self.save.on_click(guard(self._save))
        self.load.on_click(guard(self._load))
        self.status = ReadOut("file-status", width="auto")

    def _save(self, _: object) -> None:
        path, run = _path(self.text.value), self._run()
        if any(run_state.trainer is None for run_state in run.run_states) and not run.live:
            raise ValueError("there is nothing to save yet: press Start first")

        def save() -> None:
            save_runs(path, run.run_states)
            steps = " and ".join(dict.fromkeys(str(run_state.step) for run_state in run.run_states))
            self.status.say(f"saved at step {steps}")

        run.between_steps(self._guard(save))

    def _load(self, _: object) -> None:
        self._on_load(read_runs(_path(self.text.value)))
        self.status.say("loaded")


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
