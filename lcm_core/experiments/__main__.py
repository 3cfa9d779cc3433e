"""Runs a named experiment: `python -m lcm_core.experiments NAME`."""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from lcm_core.experiments.framework.folders import checkpoints_folder, results_folder
from lcm_core.experiments.framework.lookup import experiment_names, find_experiment
from lcm_core.experiments.framework.runner import Options, run_experiment
from lcm_core.experiments.framework.store import Locked

__all__ = ["main"]

INTERRUPTED = 130  # what a shell gives for Ctrl-C


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit status."""
    options = _parser().parse_args(arguments)
    if options.list:
        for name in experiment_names():
            print(f"{name}: {find_experiment(name).title}")
        return 0
    try:
        if options.name is None:
            raise ValueError(f"expected the name of an experiment: {', '.join(experiment_names())}")
        experiment = find_experiment(options.name)
        failed = run_experiment(
            experiment,
            Options(
                output=options.output,
                checkpoints=options.checkpoints,
                name=options.name,
                seeds=options.seeds,
                device=options.device,
                budget=options.budget,
                jobs=options.jobs,
                only=options.only,
            ),
        )
    except (ValueError, TypeError, OSError, ImportError, Locked) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted: what was done is kept, and the same command goes on", file=sys.stderr)
        return INTERRUPTED
    if failed:
        print(f"{failed} jobs failed; the same command tries them again", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m lcm_core.experiments", description=__doc__)
    parser.add_argument("name", nargs="?", help="an experiment, or a module with an EXPERIMENT")
    parser.add_argument("--list", action="store_true", help="say what experiments there are")
    parser.add_argument("--seeds", type=_positive(int), help="how many, from 0 on")
    parser.add_argument(
        "--device", default="cpu", help="cpu, cuda, mps or auto; results of others lie apart"
    )
    parser.add_argument(
        "--budget",
        type=_positive(float),
        help="seconds of training a run, in place of the defined ones; these results lie apart",
    )
    parser.add_argument(
        "--jobs", type=_positive(int), default=1, help="runs side by side, on a thread each"
    )
    parser.add_argument("--only", default="", help="rows and columns that contain this text")
    parser.add_argument("--output", type=Path, default=results_folder(), help="for the results")
    parser.add_argument(
        "--checkpoints", type=Path, default=checkpoints_folder(), help="for half-done jobs"
    )
    return parser


def _positive(kind: Callable[[str], float]) -> Callable[[str], float]:
    def read(text: str) -> float:
        value = kind(text)
        if not 0 < value < float("inf"):
            raise argparse.ArgumentTypeError(f"expected a number above 0, got {text}")
        return value

    return read


if __name__ == "__main__":
    sys.exit(main())
