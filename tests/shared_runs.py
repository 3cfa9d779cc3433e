"""Run by each rank of test_ranks.py: the same recipes on one process and on all, in float64."""

import copy
import json
import sys
from pathlib import Path
from typing import Any

import torch

from lcm_core import FoldAggregation, register_aggregation, register_task
from lcm_core.aggregations.lcm import without_unused_gradients
from lcm_core.tasks.base import SetBatch
from lcm_core.training.ranks import Ranks
from lcm_core.training.recipe import Recipe
from lcm_core.training.trainer import Trainer
from tests.records import timeless

BASE = "channels=8 batch_size=11 log_every=1 eval_splits=none device=cpu"
MOLECULES = "task=bbbp layers=2"
#: By name: a recipe. The first two are those of the promise.
CASES = {
    "second minimum": "steps=50 eval_every=50 associativity=0.3 identity=0.2 @9 associativity=1",
    "bbbp": f"{MOLECULES} neighbors=symmetrized_gru steps=50 eval_every=50 associativity=0.3",
    "properties": "task=graph_properties neighbors=gru steps=4 eval_every=9 commutativity=0.5",
    "random trees": "readout=gru tree=random steps=6 associativity=0.3 commutativity=0.1",
    "encoded": "readout=gru penalty_states=encoded steps=6 eval_every=3 associativity=0.5",
    "sire": "readout=gru_fold steps=6 eval_every=3 sire=0.3",
    "sire of neighbours": f"{MOLECULES} neighbors=gru_fold steps=4 eval_every=9 sire=0.3",
    "pna": f"{MOLECULES} neighbors=pna readout=shuffled_fold steps=4 eval_every=9",
    "empty sets": "task=with_empty_sets steps=9 eval_every=9 associativity=0.2",
    "float32": "steps=50 eval_every=50 associativity=0.3 identity=0.2",
}
#: Those that are also resumed.
THOROUGH = ("second minimum", "bbbp")


def with_empty_sets() -> None:
    """Sets of 0 to 4 elements: few batches of three have an empty one."""
    generator = torch.Generator().manual_seed(0)
    sizes = torch.randint(0, 5, (60,), generator=generator).tolist()
    sets = [torch.randn(n, 2, generator=generator) for n in sizes]
    register_task("with_empty_sets", sets=sets, targets=[float(len(s) + s.sum()) for s in sets])


def shuffled_fold(channels: int) -> FoldAggregation:
    return FoldAggregation(channels, channels, order="random")


def in_float64(trainer: Trainer) -> Trainer:
    trainer.model.double()
    task: Any = trainer.task
    train_batch, batches = task.train_batch, task.batches
    task.train_batch = lambda *args: doubled(train_batch(*args))
    task.batches = lambda *args: map(doubled, batches(*args))
    return trainer


def doubled(batch: Any) -> Any:
    if isinstance(batch, SetBatch):
        return SetBatch(batch.x.double(), batch.ptr, batch.y.double(), batch.sizes)
    for key, value in batch.to_dict().items():
        if isinstance(value, torch.Tensor) and value.is_floating_point():
            batch[key] = value.double()
    return batch


def made(recipe: Recipe, ranks: Ranks | None, exact: bool) -> Trainer:
    trainer = Trainer(recipe, ranks)
    return in_float64(trainer) if exact else trainer


def halves(trainer: Trainer) -> tuple[list[dict], dict]:
    """All records, and the state in the middle."""
    records, state = [], {}
    for record in trainer.records():
        records.append(record)
        if record.step == trainer.recipe.steps // 2:
            state = copy.deepcopy(trainer.state_dict())
    return timeless(records), state


def resumed(recipe: Recipe, ranks: Ranks | None, exact: bool, state: dict) -> list[dict]:
    trainer = made(recipe, ranks, exact)
    trainer.load_state_dict(state)
    return timeless(trainer.records())


def main(output: str) -> None:
    torch.set_num_threads(1)
    ranks = Ranks.from_environment()
    assert ranks is not None
    with_empty_sets()
    register_aggregation("shuffled_fold")(shuffled_fold)
    found = {}
    for name, text in CASES.items():
        recipe, exact = Recipe.parse(f"{BASE} {text}"), name != "float32"
        with without_unused_gradients():  # as in a process without others
            alone, alone_half = halves(made(recipe, None, exact))
        trainer = made(recipe, ranks, exact)
        shared, shared_half = halves(trainer)
        bits = [p.detach().tolist() for p in trainer.model.parameters()]
        found[name] = {
            "alone": alone,
            "shared": shared,
            "same on all ranks": all(each == bits for each in ranks.gather_plain(bits)),
        }
        if name in THOROUGH:
            found[name] |= {
                "from shared to one": resumed(recipe, None, exact, shared_half),
                "from one to shared": resumed(recipe, ranks, exact, alone_half),
                "again": resumed(recipe, ranks, exact, shared_half) == shared[len(shared) // 2 :],
            }
    if ranks.first:
        Path(output).write_text(json.dumps(found))
    ranks.close()


if __name__ == "__main__":
    main(sys.argv[1])
