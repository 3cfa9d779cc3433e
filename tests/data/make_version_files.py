"""Write checkpoints of this version, and how they go on: python -m tests.data.make_version_files.

They were written once, for `tests/test_resume.py`, and stay: a later version must read them.
"""

import json
import os
from pathlib import Path

from lcm_core.training.recipe import Recipe
from lcm_core.training.run_state import RunState, save_runs
from tests.records import timeless

FOLDER = Path(__file__).parent / "version_0_1"
SMALL = (
    "channels=4 batch_size=8 steps=6 log_every=2 eval_every=4 eval_splits=none threads=1 device=cpu"
)
RUNS = {
    "sets": ["task=second_minimum bits=4 associativity=0.1 @1 rate_scale=0.5"],
    "race": [f"task=sum_modulo modulus=3 readout={each}" for each in ("gru_fold", "sum", "max")],
    "formula": ["task=parity bits=4 readout=formula(x+y+a*x*y;a=0.5)"],
    "graph_properties": ["task=graph_properties neighbors=symmetrized_gru"],
    "molecules": ["task=csv:rings.csv?target=target&split=random layers=1"],
}


def main() -> None:
    """Train each recipe for two steps, keep the checkpoint, then note the records to come."""
    FOLDER.mkdir(exist_ok=True)
    os.chdir(FOLDER)  # where rings.csv is
    expected = {}
    for name, recipes in RUNS.items():
        runs = []
        for recipe in recipes:
            fields, at, events = recipe.partition(" @")
            run = RunState(Recipe.parse(f"{fields} {SMALL}{at}{events}"))
            run.trainer = run.make_trainer()
            run.records = [next(run.trainer.records())]
            runs.append(run)
        save_runs(FOLDER / f"{name}.pt", runs)
        expected[name] = [timeless(run.trainer.records()) for run in runs if run.trainer]
    text = json.dumps(expected, indent=1)
    (FOLDER / "records.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
