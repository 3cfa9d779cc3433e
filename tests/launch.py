"""Start the processes of one run as `torchrun` does, and without it: then nobody else ends them."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("localhost", 0))
        return listener.getsockname()[1]


@dataclass
class Launched:
    """The processes, by rank."""

    processes: list[subprocess.Popen]

    def wait(self, seconds: float) -> list[tuple[int, str]]:
        """The exit status and the errors of each; those that do not end in time are a failure."""
        deadline = time.monotonic() + seconds
        ended = []
        try:
            for process in self.processes:
                _, errors = process.communicate(timeout=max(deadline - time.monotonic(), 0.1))
                ended.append((process.returncode, errors))
        finally:
            self.kill()
        return ended

    def kill(self) -> None:
        for process in self.processes:
            if process.poll() is None:
                process.send_signal(signal.SIGCONT)
                process.kill()
                process.communicate()


def launch(ranks: int, module: str, arguments: Sequence[str]) -> Launched:
    """`python -m module` in so many processes that know of each other."""
    environment = {
        **os.environ,
        "MASTER_ADDR": "localhost",
        "MASTER_PORT": str(free_port()),
        "WORLD_SIZE": str(ranks),
        "LCM_CORE_THREADS": "1",
    }
    command = [sys.executable, "-m", module, *arguments]
    return Launched(
        [
            subprocess.Popen(
                command,
                env={**environment, "RANK": str(rank)},
                cwd=ROOT,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
            )
            for rank in range(ranks)
        ]
    )
