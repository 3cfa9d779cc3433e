"""A run in words: the text beside the figures of the training panel."""

from __future__ import annotations

from lcm_core.widgets.run import Run


def progress_text(run: Run) -> str:
    """Steps, time left, and speed, such as `step 40 of 200, about 12 s left, 800 sets a second`."""
    if run.trainer is None:
        return "loading the data …" if run.state == "loading" else f"{run.recipe.steps} steps"
    step, steps = run.trainer.step, run.recipe.steps
    parts = [f"step {step} of {steps}"]
    if run.live and 0 < step < steps:
        parts.append(f"about {duration(run.seconds / step * (steps - step))} left")
    if run.records:
        parts.append(f"{run.records[-1].sets_per_second:,.0f} sets a second")
    return ", ".join(parts)


def duration(seconds: float) -> str:
    """`12 s` or `3 min 20 s`."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def numbers_text(run: Run) -> str:
    """The last record in numbers."""
    if not run.records or run.trainer is None:
        return "No records yet: losses, law errors and the metric will be here, in numbers."
    last, task = run.records[-1], run.trainer.task
    text = (
        f"<b>Step {last.step}</b>: loss {last.loss:.4g}, its task part {last.task_loss:.4g}, "
        f"learning rate {last.rate:.2g}."
    )
    with_laws = [record for record in run.records if record.laws]
    if with_laws:
        laws = ", ".join(f"{law} {error:.3g}" for law, error in with_laws[-1].laws.items())
        text += f"<br>Law errors at step {with_laws[-1].step}: {laws}."
    measured = [record for record in run.records if record.metric is not None]
    if measured:
        text += (
            f"<br>{task.metric_name} {measured[-1].metric:.3f} on the validation data at step "
            f"{measured[-1].step} (best constant answer {task.baseline():.3f})."
        )
    return text
