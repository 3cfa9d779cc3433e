"""A run in words: the text beside the figures of the training panel."""

from __future__ import annotations

import html
from collections.abc import Mapping

from lcm_core.figures.race import RACE_COLOURS, RACE_LAWS
from lcm_core.threads import waiting_advice
from lcm_core.training.device import describe_device
from lcm_core.training.record import Record
from lcm_core.training.run_state import RunState, run_names
from lcm_core.widgets.base.table import row_html, table_html
from lcm_core.widgets.training.run import Run

__all__ = ["device_text", "numbers_text", "progress_text", "race_table"]


def device_text(run_state: RunState) -> str:
    """The device and, for the CPU, the threads, such as `cpu, 2 threads`; and advice on them."""
    trainer = run_state.trainer
    if trainer is None:
        return html.escape(run_state.recipe.device)
    if trainer.device.type != "cpu":
        return html.escape(describe_device(trainer.device))
    text = f"cpu, {trainer.threads} thread{'s' * (trainer.threads != 1)}"
    advice = waiting_advice(trainer.threads)
    return f"{text}<br>{html.escape(advice)}." if advice else text


def progress_text(run: Run) -> str:
    """Steps, time left, and speed, such as `step 40 of 200, about 12 s left, 800 sets a second`."""
    run_states = run.run_states
    steps = max(run_state.recipe.steps for run_state in run_states)
    many = f", {len(run_states)} recipes" if len(run_states) > 1 else ""
    if any(run_state.trainer is None for run_state in run_states):
        return "loading the data …" if run.state == "loading" else f"{steps} steps{many}"
    parts = [f"step {min(run_state.step for run_state in run_states)} of {steps}{many}"]
    left = [
        run_state.seconds / run_state.step * (run_state.recipe.steps - run_state.step)
        for run_state in run_states
        if run_state.step and not run_state.over
    ]
    if run.live and left:
        parts.append(f"about {duration(sum(left))} left")
    if len(run_states) == 1 and run_states[0].records:
        parts.append(f"{run_states[0].records[-1].sets_per_second:,.0f} sets a second")
    return ", ".join(parts)


def duration(seconds: float) -> str:
    """`12 s` or `3 min 20 s`."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def numbers_text(run_state: RunState, baselines: Mapping[str, float]) -> str:
    """The last record in numbers; `baselines` has the best constant answer's score by split."""
    if not run_state.records or run_state.trainer is None:
        started = run_state.trainer.started if run_state.trainer else ""
        none_yet = "No records yet: losses, law errors and the metric will be here, in numbers."
        return f"{html.escape(started)} {none_yet}".lstrip()
    last, task = run_state.records[-1], run_state.trainer.task
    text = (
        f"<b>Step {last.step}</b>: loss {last.loss:.4g}, its task part {last.task_loss:.4g}, "
        f"learning rate {last.rate:.2g}."
    )
    measured = _last_measured(run_state)
    if measured is None:
        return text
    laws = ", ".join(f"{law} {error:.3g}" for law, error in measured.laws.items())
    scores = ", ".join(
        f"{'on the validation data' if split == 'validation' else html.escape(split)} "
        f"<b>{score:.3f}</b> (best constant answer {baselines[split]:.3f})"
        for split, score in scores_of(measured).items()
    )
    return (
        f"{text}<br>Law errors at step {measured.step}: {laws}."
        f"<br>{task.metric_title} at step {measured.step}: {scores}."
    )


def race_table(run: Run, baselines: Mapping[str, float]) -> str:
    """One row for each recipe: where it is, its losses, law errors, scores and speed."""
    names = run_names([run_state.recipe for run_state in run.run_states])
    task = run.run_states[0].trainer.task if run.run_states[0].trainer else None
    metric = task.metric_title if task else "metric"
    heads = ["step", "loss, task part", *RACE_LAWS]
    heads += [f"{metric}, {html.escape(split)}" for split in baselines] + ["sets a second"]
    rows = [
        _row(f"<span style='color:{colour}'>■</span>&nbsp;{number}&nbsp;{html.escape(name)}", cells)
        for number, (name, colour, cells) in enumerate(
            zip(
                names,
                RACE_COLOURS,
                (_cells(run_state, baselines) for run_state in run.run_states),
                strict=False,
            ),
            start=1,
        )
    ]
    constant = [*[""] * 4, *(f"{score:.3f}" for score in baselines.values()), ""]
    rows.append(_row("best constant answer", constant))
    return table_html("recipe", heads, rows)


def scores_of(record: Record) -> dict[str, float]:
    """The metric by split, validation first."""
    return {} if record.metric is None else {"validation": record.metric, **record.metrics}


def _row(head: str, cells: list[str]) -> str:
    return row_html(head, cells, style=";font-weight:normal")


def _cells(run_state: RunState, baselines: Mapping[str, float]) -> list[str]:
    step = f"{run_state.step}, failed" if run_state.error else f"{run_state.step}"
    if not run_state.records:
        return [step, *[""] * (len(RACE_LAWS) + len(baselines) + 2)]
    last, measured = run_state.records[-1], _last_measured(run_state)
    laws = measured.laws if measured else {}
    scores = scores_of(measured) if measured else {}
    return [
        step,
        f"{last.task_loss:.4g}",
        *(f"{laws[law]:.3g}" if law in laws else "" for law in RACE_LAWS),
        *(f"{scores[split]:.3f}" if split in scores else "" for split in baselines),
        f"{last.sets_per_second:,.0f}",
    ]


def _last_measured(run_state: RunState) -> Record | None:
    measured = (record for record in reversed(run_state.records) if record.metric is not None)
    return next(measured, None)
