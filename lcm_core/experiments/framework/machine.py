"""On what, and with which versions, a result was made."""

import os
import platform
import subprocess
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

__all__ = ["describe_machine", "in_words", "processor"]


def describe_machine(device: str, threads: int = 1) -> dict[str, Any]:
    """Processor, cores, threads, system, device and versions; nothing that names a person or place.

    Args:
        device: "cpu", "cuda", …
        threads: of PyTorch, on the CPU.
    """
    machine: dict[str, Any] = {
        "processor": processor(),
        "cores": os.cpu_count(),
        "threads": threads,
        "system": f"{platform.system()} {platform.machine()}",
        "device": device,
        "versions": {
            "python": platform.python_version(),
            "torch": str(torch.__version__),  # names the build too: CPU, or which CUDA
            **{name: version(name) for name in ("torch_geometric", "numpy", "lcm-core")},
        },
    }
    if torch.device(device).type == "cuda":
        machine["gpu"] = torch.cuda.get_device_name(device)
    if commit := git_commit():
        machine["commit"] = commit
    return machine


def in_words(machine: dict[str, Any]) -> str:
    """The machine and its versions in a line."""
    versions = machine["versions"]
    where = machine["processor"]
    if "gpu" in machine:
        where = f"{machine['gpu']} ({where})"
    threads = "one thread" if machine["threads"] == 1 else f"{machine['threads']} threads"
    return (
        f"{where}, {machine['cores']} cores, {threads} a run, {machine['system']}; Python "
        f"{versions['python']}, torch {versions['torch']}, PyG {versions['torch_geometric']}, "
        f"lcm_core {versions['lcm-core']}"
    )


def processor() -> str:
    """The name of the processor."""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def git_commit() -> str | None:
    """The commit of this library, `+` after it if its files are changed; None outside a clone."""
    here = Path(__file__).resolve().parents[2]

    def git(*arguments: str) -> str:
        command = ["git", "-C", str(here), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=20)
        return done.stdout.strip()

    try:
        git("ls-files", "--error-unmatch", "__init__.py")
        changed = git("status", "--porcelain", "--", ".")
        return git("rev-parse", "--short=12", "HEAD") + "+" * bool(changed)
    except (OSError, subprocess.SubprocessError):
        return None
