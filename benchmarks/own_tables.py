"""Time and memory of large tables of molecules: python -m benchmarks.own_tables --help.

The molecules are those of HIV, each with one of 25 small fragments beside it, so that a million
rows are different molecules of usual sizes. Each part runs in a process of its own, whose peak
memory is reported. The numbers in docs/your_data.md come from here.
"""

import argparse
import gzip
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks.measure import memory_now

__all__ = ["main"]

FRAGMENTS = (
    "", ".O", ".N", ".C", ".Cl", ".CO", ".CN", ".CC", ".[Na+]", ".[K+]", ".Br", ".I", ".F", ".S",
    ".CCO", ".CCN", ".CCC", ".C=O", ".C#N", ".CS", ".COC", ".CF", ".CCl", ".CBr", ".OO",
)  # fmt: skip
#: Rows, targets and the share of blanks of each table.
TABLES = {
    "million": (1_000_000, 1, 0.0),
    "tox21-like": (7_831, 12, 0.17),
    "pcba-like": (437_929, 128, 0.6),
}


def molecules(count: int) -> Iterator[str]:
    """So many different molecules."""
    path = Path(__file__).parents[1] / "lcm_core" / "tasks" / "molecules" / "data" / "hiv.csv.gz"
    lines = gzip.decompress(path.read_bytes()).decode().splitlines()[1:]
    known = [line.rpartition(",")[0] for line in lines]
    for number in range(count):
        yield known[number % len(known)] + FRAGMENTS[number // len(known)]


def write_table(path: Path, rows: int, targets: int, blanks: float) -> None:
    """A table with yes-or-no targets, of which a share is blank; one target is a number."""
    draw = np.random.default_rng(0)
    answers, shares = np.array(["", "0", "1"]), (blanks, 0.9 * (1 - blanks), 0.1 * (1 - blanks))
    with path.open("w", encoding="utf-8") as file:
        names = [f"t{number}" for number in range(targets)]
        file.write(",".join(["smiles", *names]) + "\n")
        for smiles in molecules(rows):
            values = [f"{len(smiles) / 10 + draw.random():.3f}"]
            if targets > 1:
                values = answers[draw.choice(3, size=targets, p=shares)].tolist()
            file.write(",".join([smiles, *values]) + "\n")


def measure(path: Path) -> dict[str, float]:
    """Make the task and draw a batch: seconds, CPU seconds, and the peak of memory in MB."""
    import lcm_core

    lcm_core.make_task("second_minimum")  # whatever is imported for any task
    before = memory_now("VmHWM") / 2**20
    started, cpu = time.perf_counter(), time.process_time()
    task = lcm_core.make_task(f"csv:{path}?smiles=smiles&target=*&split=random")
    made, made_cpu = time.perf_counter() - started, time.process_time() - cpu
    started = time.perf_counter()
    for step in range(10):
        task.train_batch(step, 256, seed=0)
    return {
        "seconds": made,
        "cpu": made_cpu,
        "peak_mb": memory_now("VmHWM") / 2**20,
        "imported_mb": before,
        "batch_ms": 100 * (time.perf_counter() - started),
        "molecules": len(task),  # type: ignore[arg-type]
        "left_out": len(task.left_out.rows),  # type: ignore[attr-defined]
    }


def measure_rows(path: Path) -> dict[str, float]:
    """Read strings and targets alone, without graphs."""
    from lcm_core.tasks.molecules.read import Choices, open_molecules, read_rows

    before = memory_now("VmHWM") / 2**20
    started, cpu = time.perf_counter(), time.process_time()
    choices = Choices(smiles="smiles", target=("*",))
    rows = read_rows(open_molecules(path, path.read_bytes(), choices), choices)
    values = rows.targets.finish()
    return {
        "seconds": time.perf_counter() - started,
        "cpu": time.process_time() - cpu,
        "peak_mb": memory_now("VmHWM") / 2**20,
        "imported_mb": before,
        "rows": len(rows.smiles),
        "blank": float(np.isnan(values.y).mean()),
    }


def main() -> None:
    """Measure each table twice: the first time, and from the cache."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tables", nargs="*", default=list(TABLES), help=", ".join(TABLES))
    parser.add_argument("--folder", type=Path, help="for the tables; by default a temporary one")
    parser.add_argument("--rows", action="store_true", help="read the rows alone, without graphs")
    parser.add_argument("--measure", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        print(json.dumps((measure_rows if options.rows else measure)(options.measure)))
        return
    folder = options.folder or Path(tempfile.mkdtemp())
    for name in options.tables:
        path = folder / f"{name}.csv"
        if not path.exists():
            write_table(path, *TABLES[name])
        size = path.stat().st_size / 2**20
        for which in ("rows",) if options.rows else ("first", "again"):
            command = [sys.executable, "-m", "benchmarks.own_tables", "--measure", str(path)]
            command += ["--rows"] * options.rows
            done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
            facts = json.loads(done.stdout)
            said = ", ".join(f"{key} {value:,.1f}" for key, value in facts.items())
            print(f"{name} ({size:.0f} MB), {which}: {said}", flush=True)


if __name__ == "__main__":
    main()
