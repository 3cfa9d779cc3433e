"""Runs a named experiment: `python -m lcm_core.experiments NAME`."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from lcm_core.experiments.framework.folders import checkpoints_folder
from lcm_core.experiments.framework.registry import experiment_names, find_experiment
from lcm_core.experiments.framework.runner import JobsFailed, run_experiment
from lcm_core.experiments.framework.store import Locked
from lcm_core.terminal import INTERRUPTED

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit status."""
    options = _parser().parse_args(arguments)
    try:
        experiment = find_experiment(options.name) if options.name is not None else None
        if options.list:
            for name in experiment_names():
                print(f"{name}: {find_experiment(name).title}")
            return 0
        if experiment is None:
            raise ValueError(f"expected the name of an experiment: {', '.join(experiment_names())}")
        run_experiment(
            experiment,
            seeds=options.seeds,
            device=options.device,
            budget=options.budget,
            jobs=options.jobs,
            only=options.only,
            again=options.again,
            output=options.output,
            checkpoints=options.checkpoints,
            scheduler=options.scheduler,
        )
    except JobsFailed as error:
        failed = len(error.messages)
        print(f"{failed} jobs failed; the same command tries them again", file=sys.stderr)
        return 1
    except (ValueError, TypeError, OSError, ImportError, Locked) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted: what was done is kept, and the same command goes on", file=sys.stderr)
        return INTERRUPTED
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m lcm_core.experiments", description=__doc__)
    parser.add_argument("name", nargs="?", help="an experiment, or a module that registers one")
    parser.add_argument("--list", action="store_true", help="say what experiments there are")
    parser.add_argument("--seeds", type=int, help="how many, from 0 on")
    parser.add_argument(
        "--device", default="cpu", help="cpu, cuda, mps or auto; results of others lie apart"
    )
    parser.add_argument(
        "--budget",
        type=float,
        help="seconds of training a run, in place of the defined ones; these results lie apart",
    )
    parser.add_argument("--jobs", type=int, default=1, help="runs side by side, on a thread each")
    parser.add_argument(
        "--scheduler", metavar="ADDRESS", help="of a Dask cluster, whose workers do the runs"
    )
    parser.add_argument("--only", default="", help="rows and columns that contain this text")
    parser.add_argument(
        "--again", action="store_true", help="from the beginning, since code has changed"
    )
    parser.add_argument(
        "--output",
        type=Path,
        help="for the results: by default docs/results, and results for experiments of yours",
    )
    parser.add_argument(
        "--checkpoints", type=Path, default=checkpoints_folder(), help="for half-done jobs"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
