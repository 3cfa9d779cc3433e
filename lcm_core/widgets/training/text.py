"""A run in words: the text beside the figures of the training panel."""

from __future__ import annotations

import html
from collections.abc import Mapping

from lcm_core.aggregations.registry import AggregationFacts, aggregation_facts
from lcm_core.figures.race import RACE_CATEGORIES, RACE_LAWS
from lcm_core.rounding import SHOWN
from lcm_core.tasks import task_kind
from lcm_core.threads import waiting_advice
from lcm_core.training.device import describe_device
from lcm_core.training.recipe import Recipe
from lcm_core.training.record import Record
from lcm_core.training.run_state import RunState, run_names
from lcm_core.widgets.base.table import row_html, table_html
from lcm_core.widgets.training.run import Run

__all__ = ["device_text", "measured_facts", "numbers_text", "progress_text", "race_table"]


#: An associativity error that one sees in the picture.
LARGE = 0.05


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


def progress_text(run: Run, run_state: RunState, baselines: Mapping[str, float]) -> str:
    """One sentence: what to do, or where the run is, with the score and the law error now.

    Args:
        run: on show.
        run_state: of the chosen recipe.
        baselines: the best constant answer's score, by split.
    """
    if run.state == "loading" or run.loading:
        return f"loading the data … {html.escape(run.loading)}"
    if run.state == "ready":
        return f"Press <b>Start</b>: {_promise(run_state)}"
    race = len(run.run_states) > 1
    steps = max(each.recipe.steps for each in run.run_states)
    place = f"step {min(each.step for each in run.run_states)} of {steps}"
    left = [
        each.seconds / each.step * (each.recipe.steps - each.step)
        for each in run.run_states
        if each.step and not each.over
    ]
    if run.live and left:
        place += f", about {duration(sum(left))} left"
    return f"{place}: {_best(run) if race else _now(run_state, baselines)}"


def measured_facts(recipe: Recipe) -> AggregationFacts:
    """Facts about the aggregation whose laws are measured: the readout, or the neighbours'."""
    of_neighbors = task_kind(recipe.task) == "properties"
    name = recipe.neighbors if of_neighbors else recipe.readout
    return aggregation_facts(name, recipe.channels)


def _promise(run_state: RunState) -> str:
    facts = measured_facts(run_state.recipe)
    if facts.has_operator:
        return "dots of a colour meet as ⊕ becomes associative."
    if "sire" in facts.penalties:  # a fold
        return "dots of a colour meet as the order ceases to matter."
    return "dots of a colour are one from the start: no order matters."


def _now(run_state: RunState, baselines: Mapping[str, float]) -> str:
    """The score and the law error of the last evaluation."""
    measured, trainer = last_measured(run_state), run_state.trainer
    if measured is None or trainer is None:
        every = run_state.recipe.eval_every
        return f"score and law errors come every {every} steps."
    score = f"{html.escape(trainer.task.metric_title)} <b>{measured.metric:.3f}</b>"
    if (constant := baselines.get("validation")) is not None:
        score += f" (a constant answer: {constant:.3f})"
    law = next((law for law in ("associativity", "order spread") if law in measured.laws), None)
    if law is None:
        return f"{score}."
    name, error = f"{law} error" if law == "associativity" else law, measured.laws[law]
    weight = run_state.current_recipe.live(run_state.step)["associativity"]
    broken = law == "associativity" and error > LARGE and not weight and not run_state.over
    hint = " (move Associativity up, and the dots meet)" if broken else ""
    return f"{score}, {name} <b>{error:.3g}</b>{hint}."


def _best(run: Run) -> str:
    """Who is ahead in a race: by the score, and by the law."""
    names = run_names([each.recipe for each in run.run_states])
    measured = [
        (name, record, each)
        for name, each in zip(names, run.run_states, strict=True)
        if (record := last_measured(each)) is not None and each.trainer is not None
    ]
    if not measured:
        return f"score and law errors come every {run.run_states[0].recipe.eval_every} steps."
    task = measured[0][2].trainer.task  # type: ignore[union-attr]
    sign = 1 if task.higher_is_better else -1
    name, record, _ = max(measured, key=lambda found: sign * (found[1].metric or 0.0))
    text = f"best {html.escape(task.metric_name)} <b>{record.metric:.3f}</b> ({html.escape(name)})"
    lawful = [found for found in measured if "associativity" in found[1].laws]
    if not lawful:
        return f"{text}."
    least = min(record.laws["associativity"] for _, record, _ in lawful)
    who = [name for name, record, _ in lawful if record.laws["associativity"] <= max(least, SHOWN)]
    error = "0" if least <= SHOWN else f"{least:.3g}"
    return f"{text}, least associativity error <b>{error}</b> ({html.escape(', '.join(who))})."


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
    text += f" {last.sets_per_second:,.0f} sets a second."
    measured = last_measured(run_state)
    if measured is None:
        return text
    laws = ", ".join(f"{law} {error:.3g}" for law, error in measured.laws.items())
    found = scores_of(measured)
    constants = [f"{baselines[split]:.3f}" for split in found]
    once = len(set(constants)) == 1
    scores = ", ".join(
        f"{'on the validation data' if split == 'validation' else html.escape(split)} "
        f"<b>{score:.3f}</b>" + ("" if once else f" (best constant answer {constant})")
        for (split, score), constant in zip(found.items(), constants, strict=True)
    )
    if once:
        scores += f" (best constant answer {constants[0]})"
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
        _row(
            f"<span style='color:var(--lcm-category-{category})'>■</span>&nbsp;{number}&nbsp;"
            f"{html.escape(name)}",
            cells,
        )
        for number, (name, category, cells) in enumerate(
            zip(
                names,
                RACE_CATEGORIES,
                (_cells(run_state, baselines) for run_state in run.run_states),
                strict=False,
            ),
            start=1,
        )
    ]
    constants = [f"{score:.3f}" for score in baselines.values()]
    if len(set(constants)) == 1:  # written once
        rows.append(_row(f"best constant answer: {constants[0]}", [""] * (len(heads))))
    elif constants:
        rows.append(_row("best constant answer", [*[""] * 4, *constants, ""]))
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
    last, measured = run_state.records[-1], last_measured(run_state)
    laws = measured.laws if measured else {}
    scores = scores_of(measured) if measured else {}
    return [
        step,
        f"{last.task_loss:.4g}",
        *(f"{laws[law]:.3g}" if law in laws else "" for law in RACE_LAWS),
        *(f"{scores[split]:.3f}" if split in scores else "" for split in baselines),
        f"{last.sets_per_second:,.0f}",
    ]


def last_measured(run_state: RunState) -> Record | None:
    """The last record with a score."""
    measured = (record for record in reversed(run_state.records) if record.metric is not None)
    return next(measured, None)
