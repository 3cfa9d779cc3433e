"""What is measured of a trained model at the end of a run, beside the trainer's own records."""

from __future__ import annotations

import math
import statistics

import torch

from lcm_core.laws.of_aggregation import mean_errors
from lcm_core.laws.set_size import size_share
from lcm_core.models.networks import GraphModel
from lcm_core.tasks.base import seeded_generator
from lcm_core.tasks.stored import gather
from lcm_core.threads import using_threads
from lcm_core.training.trainer import Trainer

__all__ = ["NEIGHBORS", "RESAMPLES", "SIZE_SHARE", "further_laws", "resampled_scores"]

SIZE_SHARE = "size share"
NEIGHBORS = "neighbours: "  # before the name of a law of the aggregation of a node's neighbours
RESAMPLES = 200  # the standard deviation of so many is known to 5 %
RESAMPLING_STREAM = 3  # of random numbers, apart from those of the trainer


def further_laws(trainer: Trainer) -> dict[str, float]:
    """What a record's laws leave out, by name (unitless).

    The share of the variance of results that is the sets' size (`lcm_core.size_share`); and, where
    neighbours are aggregated before the readout, the law errors and that share of their aggregation
    (means over the layers), on the messages of validation graphs.
    """
    model = trainer.model
    with torch.no_grad(), using_threads(trainer.threads):
        found = {SIZE_SHARE: size_share(model.aggregation, *trainer.encoded_elements())}
        if isinstance(model, GraphModel):
            found |= _of_neighbors(model, trainer)
    return {law: error for law, error in found.items() if not math.isnan(error)}


def _of_neighbors(model: GraphModel, trainer: Trainer) -> dict[str, float]:
    """Means over the layers, by the name of the law after `NEIGHBORS`."""
    batch = next(iter(trainer.task.batches("validation", trainer.device)))
    errors: dict[str, list[float]] = {}
    for layer, (x, ptr) in zip(model.layers, model.messages(batch), strict=True):
        how, most = layer.aggr_module, int(ptr.diff().max())
        of_layer = dict(mean_errors(how, x, ptr, trainer.recipe.seed, max_set_size=most))
        of_layer[SIZE_SHARE] = size_share(how, x, ptr)
        for law, error in of_layer.items():
            errors.setdefault(NEIGHBORS + law, []).append(error)
    return {law: statistics.fmean(values) for law, values in errors.items()}


def resampled_scores(trainer: Trainer, split: str) -> list[float]:
    """The scores on resamples of a split's items, drawn with replacement (a bootstrap).

    Resample k has the same items in every run, so that the scores of two runs can be compared in
    pairs: see `paired_variance` in `comparisons`.

    Returns:
        `RESAMPLES` scores, to five digits.
    """
    outputs, targets = trainer.answers(split)
    owners, items = [], 0
    for batch in trainer.task.batches(split):
        owner = trainer.task.items(batch)
        owners.append(owner + items)
        items += int(owner.max()) + 1
    owner = torch.cat(owners)
    order = owner.argsort(stable=True).to(outputs.device)
    ptr = torch.cat([torch.zeros(1, dtype=torch.int64), owner.bincount().cumsum(0)])
    generator = seeded_generator("cpu", RESAMPLING_STREAM)
    scores = []
    for _ in range(RESAMPLES):
        picks = torch.randint(items, (items,), generator=generator)
        rows = order[gather(ptr, picks)[0].to(order.device)]
        scores.append(trainer.task.metric(outputs[rows], targets[rows]))
    return [float(f"{score:.5g}") for score in scores]
