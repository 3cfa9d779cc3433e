"""Part "accuracy": what a GPU learns within a time, capture and evaluation aside."""

from collections.abc import Iterator

from benchmarks.failure import Failure
from benchmarks.gpu_check.findings import Finding, Notebook
from lcm_core import Recipe, Trainer
from lcm_core.experiments.second_minimum import DEFAULT

SEEDS = (0, 1, 2)
#: That of the experiment, in larger batches; its 3,000 steps fit the time.
RECIPE = DEFAULT.replace(batch_size=1024)
SPLIT, LEAST, MOST_SECONDS = "size 128", 0.97, 20.0


def check(notebook: Notebook, device: str, seconds: float) -> None:
    """Train the recipe with each seed."""
    dry = device == "cpu"
    for seed in SEEDS[:1] if dry else SEEDS:
        recipe = RECIPE.replace(seed=seed, device=device)
        if dry:
            recipe = recipe.replace(steps=30, batch_size=8, channels=4)
        try:
            for finding in findings(recipe, SPLIT, LEAST, MOST_SECONDS):
                notebook.add(finding)
        except Exception as error:
            notebook.fail(f"{recipe.text()}: it trains", Failure.of(error))


def findings(recipe: Recipe, split: str, least: float, most: float) -> Iterator[Finding]:
    """Train to the end; judge the score, and the seconds of training."""
    trainer, seconds = trained(recipe)
    name, score = recipe.text(), trainer.evaluate(split)
    yield Finding(f"{name}: ≥ {least:.0%} at {split}", f"{score:.1%}", score >= least)
    yield Finding(
        f"{name}: within {most:g} s of training",
        f"{seconds:.1f} s for {trainer.step:,} steps",
        seconds <= most,
    )


def trained(recipe: Recipe) -> tuple[Trainer, float]:
    """The trainer at the end of the recipe, and seconds of its steps.

    The steps of the first record, in which a GPU captures its graph, are counted as the others.
    """
    trainer = Trainer(recipe.replace(eval_every=recipe.steps, eval_splits="none"))
    records = trainer.records()
    first = next(records).step
    seconds = sum(record.seconds for record in records)
    return trainer, seconds * trainer.step / (trainer.step - first)
