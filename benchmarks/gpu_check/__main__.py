"""Run the parts of the check, one after another, and write the report: `make gpu-check`.

    python -m benchmarks.gpu_check [--device cuda] [--output FILE] [--parts equality,tests]

The parts of `ON_REQUEST` run only if `--parts` names them; give them their time by `--budget`.
It exits with 1 if something that was asked does not hold, or could not be looked at. With
`--device cpu` it is a dry run of itself: small, and what it measures means nothing.
"""

import argparse
import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

from benchmarks.gpu_check.findings import Finding, Notebook, rows

ROOT = Path(__file__).parents[2]
STAND_INS = Path(__file__).parent / "stand_ins"
#: Seconds that each part has at most; the last one has what is left.
LIMITS = {"equality": 100, "reductions": 80, "training": 60, "tests": 150}
ON_REQUEST = {"panel": 90, "accuracy": 150, "long": 450}
BUDGET = 290
TITLES = {
    "equality": "Equality with the CPU",
    "reductions": "Reductions",
    "training": "Training",
    "tests": "Tests",
    "panel": "The training panel",
    "accuracy": "What is learned within 20 seconds",
    "long": "What is learned within five minutes",
}


@dataclass
class Part:
    """One part of the check, what it wrote, and how it went."""

    name: str
    notebook: Notebook
    log: Path
    seconds: float = 0.0
    end: Finding | None = field(default=None)  # how it ended, if not well

    @property
    def findings(self) -> list[Finding]:
        return self.notebook.findings + ([self.end] if self.end else [])


def main(arguments: Sequence[str] | None = None) -> int:
    options = parse(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that a part is ended, too
    output = Path(options.output)
    output.parent.mkdir(parents=True, exist_ok=True)
    begin = time.monotonic()
    parts: list[Part] = []
    with tempfile.TemporaryDirectory() as folder:
        for name in options.parts.split(","):
            part = Part(
                name, Notebook(Path(folder) / f"{name}.jsonl"), Path(folder) / f"{name}.log"
            )
            parts.append(part)
            left = options.budget - (time.monotonic() - begin)
            for _ in run(part, options.device, min((LIMITS | ON_REQUEST)[name], left)):
                write(output, report(parts, options.device))
            write(output, report(parts, options.device))
            print(f"{TITLES[name]}: {part.seconds:.0f} s", file=sys.stderr)
        text = report(parts, options.device)
        print(text)
        return int(any(finding.holds is False for part in parts for finding in part.findings))


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--device", default="cuda", help="cuda; cpu for a dry run")
    parser.add_argument("--parts", default=",".join(LIMITS), help="the parts to run, in this order")
    parser.add_argument("--budget", type=float, default=BUDGET, help="seconds for all of it")
    parser.add_argument("--output", default="build/gpu-check.md", help="a file for the report")
    options = parser.parse_args(arguments)
    if unknown := [name for name in options.parts.split(",") if name not in TITLES]:
        parser.error(f"expected --parts to be of {', '.join(TITLES)}, got {', '.join(unknown)}")
    return options


def run(part: Part, device: str, limit: float) -> Iterator[None]:
    """Run a part in a process; yields whenever it has written more."""
    begin, seen = time.monotonic(), 0
    command = [sys.executable, "-m", "benchmarks.gpu_check.part", part.name]
    command += ["--device", device, "--notebook", str(part.notebook.path)]
    command += ["--end", f"{time.time() + max(limit - 10, 5):.0f}"]
    with part.log.open("w") as log:
        process = subprocess.Popen(
            command, cwd=ROOT, env=environment(), stdout=log, stderr=log, process_group=0
        )
        try:
            while process.poll() is None and time.monotonic() - begin < limit:
                time.sleep(0.2)
                size = part.notebook.path.stat().st_size if part.notebook.path.exists() else 0
                if size != seen:
                    seen = size
                    yield
            late = process.poll() is None
        finally:
            with contextlib.suppress(ProcessLookupError):  # the part, and what it left running
                os.killpg(process.pid, signal.SIGKILL)
            code = process.wait()
    part.seconds = time.monotonic() - begin
    what = "the part ends by itself"
    if late:
        part.end = Finding(what, f"stopped after {limit:.0f} s, the rest not looked at", False)
    elif code:
        part.end = Finding(what, f"it ended with {code}; the end of its output is below", False)


def environment() -> dict[str, str]:
    """For the parts: the library from here, and stand-ins for packages that are missing."""
    paths = [str(ROOT)]
    paths += [str(each) for each in sorted(STAND_INS.iterdir()) if find_spec(each.name) is None]
    if found := os.environ.get("PYTHONPATH"):
        paths.append(found)
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(paths),
        "CUBLAS_WORKSPACE_CONFIG": ":4096:8",  # for deterministic algorithms
    }


def report(parts: Sequence[Part], device: str) -> str:
    """The report so far, as Markdown."""
    lines = ["# GPU check", ""]
    if device == "cpu":
        lines += ["A dry run on the CPU: the numbers mean nothing.", ""]
    seconds = ", ".join(f"{part.name} {part.seconds:.0f} s" for part in parts)
    lines += [f"Made by `make gpu-check`; {seconds}.", ""]
    lines += ["| part | asked | measured | holds |", "|---|---|---|---|"]
    for part in parts:
        lines += rows(part.name, part.findings)
    every = [finding for part in parts for finding in part.findings]
    count = {value: sum(f.holds is value for f in every) for value in (True, False, None)}
    lines += ["", f"{count[True]} hold, {count[False]} do not, {count[None]} are only measured."]
    left_out = [(part.name, *pair) for part in parts for pair in part.notebook.left_out]
    if left_out:
        lines += ["", "Left out:", ""]
        lines += [f"- {name}: {what}: {why}" for name, what, why in left_out]
    for part in parts:
        if part.notebook.texts or part.end:
            lines += ["", f"## {TITLES[part.name]}"]
        for text in part.notebook.texts:
            lines += ["", *text]
        if part.end:
            tail = part.log.read_text(errors="replace").splitlines()[-40:]
            lines += ["", "The end of its output:", "", *(f"    {line}" for line in tail)]
    return "\n".join(lines)


def write(output: Path, text: str) -> None:
    """Replace the file at once, so that it is whole whenever someone looks."""
    new = output.with_name(f".{output.name}.new")
    new.write_text(text + "\n")
    new.replace(output)


if __name__ == "__main__":
    sys.exit(main())
