"""Project 3: how much does the order matter to a fold?

Baseline: an untrained GRU. First measurement: its order spread over lists of 2 to 128 elements,
before training, after training, and after training with SIRE.
"""

import torch

from lcm_core import fit, order_spread

RECIPE = (
    "task=second_minimum bits=4 channels=16 batch_size=64 learning_rate=0.01 "
    "eval_every=600 eval_splits=none readout=gru_fold seed=0"
)
RUNS = {
    "untrained": "steps=1 rate_scale=0",  # a rate of 0: the weights stay as they were drawn
    "trained": "steps=600",
    "trained with SIRE": "steps=600 sire=0.1",  # try 0.01 and 1: where does it cost score?
}
SIZES = (2, 4, 8, 16, 32, 64, 128)  # training has 2 to 16

# The spread is in units of the total spread: 0 means that the order does not matter, 0.71 that
# order and set matter equally, 1 that nothing but the order matters.
print("order spread, lists of" + "".join(f"{n:7}" for n in SIZES) + "   score  seconds")
for name, fields in RUNS.items():
    result = fit(f"{RECIPE} {fields}")
    spreads = []
    for n in SIZES:
        lists = result.trainer.task.draw([n] * 64, torch.Generator().manual_seed(n))
        x, ptr = result.model.elements(lists)
        spreads.append(order_spread(result.model.aggregation, x, ptr).mean)
    seconds = sum(record.seconds for record in result.records)
    row = "".join(f"{spread:7.3f}" for spread in spreads)
    print(f"{name:22}{row}{result.score():8.3f}{seconds:9.1f}", flush=True)
print(f"{'best constant':71}{result.constant():8.3f}")
