"""Train a recipe from the command line: `python -m lcm_core.train "task=bbbp steps=300"`.

Several processes share each batch: `torchrun --nproc-per-node 2 -m lcm_core.train "task=bbbp"`.
"""

import argparse
import json
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import ExitStack, redirect_stdout
from importlib import import_module
from pathlib import Path
from typing import TextIO

from tqdm import tqdm

from lcm_core.models.networks import describe_model
from lcm_core.training.ranks import PATIENCE, RankError, Ranks
from lcm_core.training.recipe import Recipe
from lcm_core.training.run_state import RunState, read_runs, save_runs
from lcm_core.training.trainer import Trainer, TrainingError

__all__ = ["main"]

INTERRUPTED = 130  # what a shell gives for Ctrl-C


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit status."""
    options, ranks = _parser().parse_args(arguments), None
    with ExitStack() as stack:
        try:
            for module in options.imports:
                import_module(module)
            ranks = Ranks.from_environment(options.patience)
            if ranks is not None and not ranks.first:  # rank 0 reports, and writes the files
                stack.enter_context(redirect_stdout(stack.enter_context(open(os.devnull, "w"))))
                options.records = options.checkpoint = None
            runs = _runs(options, ranks)
            for path in filter(None, (options.records, options.checkpoint)):
                _check_writable(path)
        except (ValueError, TypeError, OSError, ImportError, RankError) as error:
            return _failed(error, ranks, status=2)
        statuses = []
        for run in runs:
            statuses.append(_run(run, runs, options, ranks))
            if statuses[-1] == INTERRUPTED or (ranks is not None and statuses[-1]):
                return statuses[-1]
        if ranks is not None:
            ranks.close()
    return max(statuses)


def _failed(error: Exception, ranks: Ranks | None, status: int = 1) -> int:
    """Print an error, tell it to the other ranks, and return the exit status."""
    where = "" if ranks is None else f" on rank {ranks.rank}"
    print(f"error{where}: {error}", file=sys.stderr)
    if ranks is not None:
        ranks.leave(f"rank {ranks.rank} ended: {error}")
    return status


def _runs(options: argparse.Namespace, ranks: Ranks | None) -> list[RunState]:
    """What is to be trained: one recipe, or all that a file of the training panel holds."""
    if options.resume and options.recipe:
        raise ValueError("expected a recipe or --resume FILE, got both: the file has its recipe")
    if options.resume:
        runs = read_runs(options.resume)
    elif options.recipe:
        runs = [RunState(Recipe.parse(" ".join(options.recipe)))]
    else:
        raise ValueError('expected a recipe, such as "task=bbbp steps=300", or --resume FILE')
    if len(runs) > 1 and options.records:
        raise ValueError(
            f"expected one recipe for --records, got the {len(runs)} of the race in "
            f"{options.resume}, which keeps their records itself"
        )
    for run in runs:
        run.trainer = run.make_trainer(ranks)
    return runs


def _run(
    run: RunState, runs: Sequence[RunState], options: argparse.Namespace, ranks: Ranks | None
) -> int:
    trainer, status = run.trainer, 0
    assert trainer is not None
    print(trainer.recipe.text())
    print(trainer.task.describe())
    print(describe_model(trainer.model))
    if ranks is not None:
        print(f"Each batch is shared by {ranks.count} processes.")
    if trainer.started:
        print(trainer.started)
    try:
        _train(run, trainer, runs, options, ranks)
    except TrainingError as error:
        status = _failed(error, ranks)
    except KeyboardInterrupt:
        print(f"interrupted at step {trainer.step}", file=sys.stderr)
        if ranks is not None:
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # torchrun sends it once more
            ranks.leave(f"rank {ranks.rank} was interrupted")
        return INTERRUPTED
    if ranks is not None and status:
        return status
    print(trainer.recipe.text())
    for split in trainer.task.splits:
        try:
            score, constant = trainer.evaluate(split), trainer.task.baseline(split)
        except RankError as error:
            return _failed(error, ranks)
        print(f"{trainer.task.metric_title}, {split}: {score:.4f} (best constant: {constant:.4f})")
    return status


def _train(
    run: RunState,
    trainer: Trainer,
    runs: Sequence[RunState],
    options: argparse.Namespace,
    ranks: Ranks | None,
) -> None:
    first, metric = ranks is None or ranks.first, ""
    checkpoint = (options.checkpoint or options.resume) if first else None
    lines = _open_records(options.records, trainer.recorded_step) if options.records else None
    try:
        with tqdm(
            total=trainer.recipe.steps, initial=trainer.step, unit="step", disable=not first
        ) as bar:
            for record in trainer.records():
                run.records.append(record)
                run.seconds += record.seconds
                bar.update(record.step - bar.n)
                if record.metric is not None:
                    metric = f", {trainer.task.metric_name} {record.metric:.4f}"
                bar.set_postfix_str(f"loss {record.loss:.4f}{metric}")
                if lines:
                    lines.write(json.dumps(record.timeless()) + "\n")
                    lines.flush()
                if checkpoint:
                    save_runs(checkpoint, runs)
    finally:
        if lines:
            lines.close()


def _check_writable(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.is_dir():
        raise ValueError(f"expected the name of a file, got the folder {path}")


def _open_records(path: Path, step: int) -> TextIO:
    """The file with the records up to this step, to be added to; later ones will come again."""
    old = path.read_text().splitlines(keepends=True) if step and path.exists() else []
    path.write_text("".join(line for line in old if json.loads(line)["step"] <= step))
    return path.open("a")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m lcm_core.train", description=__doc__)
    parser.add_argument("recipe", nargs="*", help="field=value …, and @step field=value …")
    parser.add_argument(
        "--import",
        dest="imports",
        metavar="MODULE",
        action="append",
        default=[],
        help="import this module first: it registers operators, tasks or aggregations",
    )
    parser.add_argument("--records", type=Path, help="write records to this file, one JSON a line")
    parser.add_argument("--checkpoint", type=Path, help="keep the state here, at each record")
    parser.add_argument("--resume", type=Path, help="go on from this checkpoint, and keep it")
    parser.add_argument(
        "--patience",
        type=float,
        default=PATIENCE,
        help="seconds that processes of torchrun wait for each other (default: %(default)g)",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
