"""Train a recipe from the command line: `python -m lcm_core.train "task=bbbp steps=300"`.

Several processes share each batch: `torchrun --nproc-per-node 2 -m lcm_core.train "task=bbbp"`.

Exit status: 0 if all is trained, 1 if training failed, 2 if something is wrong with the command or
its files, 130 after Ctrl-C.
"""

import argparse
import json
import os
import signal
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, redirect_stdout, suppress
from dataclasses import asdict
from importlib import import_module
from math import isfinite
from pathlib import Path
from typing import Any, TextIO

from lcm_core.errors import RankError
from lcm_core.models.networks import describe_model
from lcm_core.terminal import INTERRUPTED, Progress, stopping_between_steps
from lcm_core.training.ranks import PATIENCE, Ranks
from lcm_core.training.recipe import Recipe
from lcm_core.training.resume import CHANGEABLE
from lcm_core.training.run_state import RunState, read_runs, save_runs
from lcm_core.training.trainer import Trainer, TrainingError

__all__ = ["main"]


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
    if options.resume:
        runs = read_runs(options.resume, _changes(options.recipe))
    elif options.recipe:
        runs = [RunState(Recipe.parse(" ".join(options.recipe)))]
    else:
        raise ValueError('expected a recipe, such as "task=bbbp steps=300", or --resume FILE')
    if len(runs) > 1 and options.records:
        raise ValueError(
            f"expected one recipe for --records, got the {len(runs)} of the race in "
            f"{options.resume}, which keeps their records itself"
        )
    if ranks is None or ranks.first:
        _check_files(options)
    for run in runs:
        run.trainer = run.make_trainer(ranks)
    return runs


def _changes(words: Sequence[str]) -> dict[str, Any]:
    """The fields of a checkpoint's recipe that are to change, with their values."""
    text = " ".join(words)
    names = [word.partition("=")[0] for word in text.split()]
    for name in names:
        if name not in CHANGEABLE:
            raise ValueError(
                f"the file of --resume has its recipe: expected one of {', '.join(CHANGEABLE)} to "
                f"change, got {name}"
            )
    wanted = Recipe.parse(text)
    return {name: getattr(wanted, name) for name in names}


def _run(
    run: RunState, runs: Sequence[RunState], options: argparse.Namespace, ranks: Ranks | None
) -> int:
    trainer = run.trainer
    assert trainer is not None
    say = _say_json if options.json else _say
    say(
        "start",
        recipe=trainer.recipe.text(),
        task=trainer.task.describe(),
        model=describe_model(trainer.model),
        **({} if ranks is None else {"ranks": f"Each batch is shared by {ranks.count} processes."}),
        **({"note": trainer.started} if trainer.started else {}),
        **_left_out(trainer),
    )
    status = _train(run, trainer, runs, options, ranks)
    if status == INTERRUPTED or (ranks is not None and status):
        return status
    say("end", recipe=trainer.recipe.text(), step=trainer.step)
    for split in trainer.task.splits:
        try:
            score, constant = trainer.evaluate(split), trainer.task.baseline(split)
        except (OSError, RuntimeError) as error:  # such as out of the GPU's memory, or a RankError
            return _broken(error, trainer, options, ranks)
        except ValueError as error:  # such as a split without positive items
            print(f"{split} is not scored: {error}", file=sys.stderr)
            continue
        if options.json:
            say(
                "score",
                split=split,
                metric=trainer.task.metric_name,
                score=score,
                best_constant=constant,
            )
        else:
            title = trainer.task.metric_title
            print(f"{title}, {split}: {score:.4f} (best constant: {constant:.4f})")
    return status


def _left_out(trainer: Trainer) -> dict[str, Any]:
    """What is not in the task's data, as plain data, if anything is missing."""
    left_out = getattr(trainer.task, "left_out", None)
    return {"left_out": asdict(left_out)} if left_out and left_out.sentences() else {}


def _broken(
    error: Exception, trainer: Trainer, options: argparse.Namespace, ranks: Ranks | None
) -> int:
    """Say an error that ended training or its evaluation; returns the exit status."""
    if options.json:
        with suppress(OSError):  # it may be standard output that is closed
            _say_json("error", step=trainer.step, error=str(error))
    return _failed(error, ranks)


def _say(event: str, **facts: Any) -> None:
    """The texts among the facts, one a line."""
    for fact in facts.values():
        if isinstance(fact, str):
            print(fact)


def _say_json(event: str, **facts: Any) -> None:
    """An object in one line."""
    print(json.dumps({"event": event, **_plain(facts)}), flush=True)


def _plain(value: Any) -> Any:
    """The value without numbers that JSON lacks, which become null."""
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    return None if isinstance(value, float) and not isfinite(value) else value


def _train(
    run: RunState,
    trainer: Trainer,
    runs: Sequence[RunState],
    options: argparse.Namespace,
    ranks: Ranks | None,
) -> int:
    first, metric = ranks is None or ranks.first, ""
    checkpoint = (options.checkpoint or options.resume) if first else None
    lines: TextIO | None = None
    try:
        if options.records:
            lines = _open_records(options.records, trainer.recorded_step)
        with (
            Progress(trainer.recipe.steps, done=trainer.step, hidden=not first) as bar,
            # torchrun sends Ctrl-C once more
            stopping_between_steps(twice_at_once=ranks is None) as stopping,
        ):
            for record in trainer.records(should_stop=stopping):
                run.records.append(record)
                run.seconds += record.seconds
                if record.metric is not None:
                    metric = f", {trainer.task.metric_name} {record.metric:.4f}"
                bar.to(record.step, f"loss {record.loss:.4f}{metric}")
                if options.json:
                    _say_json("record", **asdict(record))
                if lines:
                    with _writing(options.records):
                        lines.write(json.dumps(record.timeless()) + "\n")
                        lines.flush()
                if checkpoint:
                    with _writing(checkpoint):
                        save_runs(checkpoint, runs)
            if stopping() and not trainer.done:
                raise KeyboardInterrupt
    except (TrainingError, OSError) as error:
        return _broken(error, trainer, options, ranks)
    except KeyboardInterrupt:
        print(f"interrupted at step {trainer.step}", file=sys.stderr)
        if ranks is not None:
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # torchrun sends it once more
            ranks.leave(f"rank {ranks.rank} was interrupted")
        return INTERRUPTED
    finally:
        if lines:
            with suppress(OSError):  # each record is on the disk, or its error has been said
                lines.close()
    return 0


def _check_files(options: argparse.Namespace) -> None:
    """Check that the files can be written, before the data are loaded.

    Raises:
        OSError: one cannot be written.
        ValueError: one is a folder, or the records to go on with are none.
    """
    if options.records:
        _check_folder(options.records)
        if options.resume:
            _read_records(options.records)
        _check_opens(options.records)
    if checkpoint := options.checkpoint or options.resume:
        _check_folder(checkpoint)
        with _writing(checkpoint), tempfile.TemporaryFile(dir=checkpoint.parent):
            pass  # a checkpoint is written beside the old one, and then replaces it


def _check_opens(path: Path) -> None:
    new = not path.exists()
    if new or path.is_file():  # a pipe would tell its reader that all is over
        with _writing(path), path.open("ab"):
            pass
    if new:
        path.unlink()


def _check_folder(path: Path) -> None:
    if path.is_dir():
        raise ValueError(f"expected the name of a file, got the folder {path}")
    with _writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    """Context manager: an OSError says that this file cannot be written."""
    try:
        yield
    except OSError as error:
        raise OSError(f"cannot write {path}: {error.strerror or error}") from error


def _open_records(path: Path, step: int) -> TextIO:
    """The file with the records up to this step, to be added to; later ones will come again."""
    old = _read_records(path) if step else []
    with _writing(path):
        path.write_text("".join(line for at, line in old if at <= step), encoding="utf-8")
        return path.open("a", encoding="utf-8")


def _read_records(path: Path) -> list[tuple[int, str]]:
    """The step and the line of each record; of a last line that is not whole, none.

    Raises:
        ValueError: the file holds something else.
    """
    found: list[tuple[int, str]] = []
    if not path.is_file():
        return found
    for number, raw in enumerate(path.read_bytes().splitlines(keepends=True), start=1):
        try:
            line = raw.decode("utf-8")
            found.append((int(json.loads(line)["step"]), line))
        except (ValueError, TypeError, LookupError) as error:
            if found and not raw.endswith(b"\n"):
                break  # whoever wrote it was ended
            raise ValueError(
                f"line {number} of {path} is not a record of training: name another file for "
                "--records"
            ) from error
    return found


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m lcm_core.train", description=__doc__)
    parser.add_argument(
        "recipe",
        nargs="*",
        help="field=value …, and @step field=value …; with --resume, what is to change, such as "
        "steps=6000",
    )
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
        "--json", action="store_true", help="write one JSON object a line to standard output"
    )
    parser.add_argument(
        "--patience",
        type=float,
        default=PATIENCE,
        help="seconds that processes of torchrun wait for each other (default: %(default)g)",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
