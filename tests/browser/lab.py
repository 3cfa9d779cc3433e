"""A real JupyterLab server and a real Chromium, for tests of what a reader sees."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from course.web.chromium import find_chromium, open_browser

__all__ = ["find_chromium", "open_browser", "serve"]


@contextlib.contextmanager
def serve(notebooks: Path, home: Path, subshells: bool = True) -> Iterator[str]:
    """Serves a copy of `notebooks`, since JupyterLab saves what it shows; yields the address.

    The server has no token and no settings of the person who runs the tests.

    Args:
        notebooks, home: what is served, and where everything is written.
        subshells: whether a widget's messages go to a second thread of the kernel, as is usual.
    """
    root = home / "notebooks"
    shutil.copytree(notebooks, root)
    settings = home / "settings" / "@jupyterlab" / "apputils-extension"
    settings.mkdir(parents=True)
    (settings / "notification.jupyterlab-settings").write_text('{"fetchNews": "false"}')
    _without_nbgrader(home / "CONFIG")
    if not subshells:
        chosen = '{"commsOverSubshells": "disabled"}'
        (settings / "kernels-settings.jupyterlab-settings").write_text(chosen)
    port = _free_port()
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"]
    command += ["--ip=127.0.0.1", f"--port={port}", "--ServerApp.port_retries=0"]
    command += ["--IdentityProvider.token=", f"--ServerApp.root_dir={root}"]
    command += ["--expose-app-in-browser"]
    command += ["--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate"]
    log = home / "jupyterlab.log"
    with log.open("w") as sink:
        server = subprocess.Popen(command, env=_environment(home), stdout=sink, stderr=sink)
    address = f"http://127.0.0.1:{port}"
    try:
        _wait_until_up(address, server, log)
        yield address
    finally:
        server.terminate()
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            server.kill()


def _without_nbgrader(config: Path) -> None:
    """Serve what `make lab` serves: nbgrader is installed for its own test."""
    parts = ("formgrader", "validate_assignment", "assignment_list", "course_list")
    off = {f"nbgrader.server_extensions.{part}": False for part in parts} | {"notebook": False}
    settings = {
        "jupyter_server_config.json": {"ServerApp": {"jpserver_extensions": off}},
        "labconfig/page_config.json": {
            "disabledExtensions": {
                "@jupyter/nbgrader": True,
                "@jupyter-notebook/lab-extension": True,
            }
        },
    }
    for name, chosen in settings.items():
        (config / name).parent.mkdir(parents=True, exist_ok=True)
        (config / name).write_text(json.dumps(chosen))


def _environment(home: Path) -> dict[str, str]:
    """Everything Jupyter writes goes below `home`; one thread, since the tests share the cores."""
    own = {f"JUPYTER_{kind}_DIR": str(home / kind) for kind in ("CONFIG", "RUNTIME", "DATA")}
    own |= {"JUPYTERLAB_SETTINGS_DIR": str(home / "settings")}
    own |= {"JUPYTERLAB_WORKSPACES_DIR": str(home / "workspaces")}
    own |= {"IPYTHONDIR": str(home / "ipython"), "OMP_NUM_THREADS": "1"}
    return {**os.environ, **own}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_up(address: str, server: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until and server.poll() is None:
        with contextlib.suppress(OSError):
            urllib.request.urlopen(address + "/api/status", timeout=1)
            return
        time.sleep(0.1)
    raise RuntimeError("JupyterLab did not start:\n" + log.read_text()[-3000:])
