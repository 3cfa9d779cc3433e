"""A button that brings a file from the reader's computer, of any size."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, Any

from lcm_core.terminal import Progress
from lcm_core.widgets.base.page_files import module
from lcm_core.widgets.base.scripted import Scripted

__all__ = ["Upload"]


class Upload(Scripted):
    """Receives a file piece by piece.

    ipywidgets' `FileUpload` sends a file in one message; Jupyter's server closes the connection at
    10 MB, and nobody is told. Here the kernel asks for each megabyte, and can cease to ask.

    Args:
        guard: wraps what is done with a message.
        on_progress: called with how much has come, in MB.
        on_file: called with the name of a file and its contents, once it is whole; closes it.
    """

    _esm = module(Path(__file__).parent / "upload.js")

    def __init__(
        self,
        guard: Callable[[Callable[..., object]], Callable[..., None]],
        on_progress: Callable[[Progress], object],
        on_file: Callable[[str, IO[bytes]], object],
    ):
        super().__init__()
        self._on_progress, self._on_file = on_progress, on_file
        self._key, self._name, self._size = "", "", 0
        self._held: IO[bytes] | None = None
        self.on_msg(guard(self._heard))

    @property
    def busy(self) -> bool:
        """Whether a file is on its way."""
        return self._held is not None

    def stop(self) -> None:
        """Ask for no more of the file that is on its way."""
        if self._held is not None:
            self._held.close()
        self._held, self._key = None, ""

    def close(self) -> None:
        """End an upload with the panel."""
        self.stop()
        super().close()

    def _heard(self, _: object, message: dict[str, Any], buffers: Sequence[Any]) -> None:
        if "name" in message:
            self.stop()
            self._key, self._name, self._size = message["key"], message["name"], message["size"]
            self._held = tempfile.TemporaryFile()  # noqa: SIM115 - it outlives this call
        elif message["key"] != self._key or self._held is None:
            return
        elif "failed" in message:
            self.stop()
            raise OSError(f"the page could not read {self._name}: {message['failed']}")
        else:
            for piece in buffers:
                self._held.write(piece)
        self._go_on(self._held)

    def _go_on(self, held: IO[bytes]) -> None:
        have = held.tell()
        if have < self._size:
            title, megabytes = f"uploading {self._name}", 2**20
            progress = Progress(round(self._size / megabytes), title, "MB", hidden=True)
            progress.done = round(have / megabytes)
            self._on_progress(progress)
            self.send({"key": self._key, "from": have})
            return
        self._held, self._key = None, ""
        held.seek(0)
        self._on_file(self._name, held)
