"""Part "long": 16 bits and sets of 1,024 elements after five minutes of training."""

from benchmarks.failure import Failure
from benchmarks.gpu_check.accuracy import findings
from benchmarks.gpu_check.findings import Notebook
from benchmarks.training import throughput
from lcm_core.experiments.second_minimum_16_bits import RECIPE as OF_EXPERIMENT

RECIPE = OF_EXPERIMENT.replace(batch_size=4096)
SPLIT, LEAST, MOST_SECONDS = "size 1024", 0.95, 300.0
SPARE = 0.97  # of the time is planned: the clock of a GPU may fall when it is warm


def check(notebook: Notebook, device: str, seconds: float) -> None:
    """Train for as many steps as the machine does in the time."""
    recipe, most = RECIPE.replace(device=device), MOST_SECONDS
    if device == "cpu":
        recipe, most = recipe.replace(batch_size=8, channels=4), 0.5
    try:
        rate = throughput(recipe, device) / recipe.batch_size
        steps = max(int(SPARE * most * rate), 20)
        for finding in findings(recipe.replace(steps=steps), SPLIT, LEAST, most):
            notebook.add(finding)
    except Exception as error:
        notebook.fail(f"{recipe.text()}: it trains", Failure.of(error))
