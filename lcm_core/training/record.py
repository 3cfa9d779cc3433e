"""Records: the reports of a training run."""

from dataclasses import asdict, dataclass, field
from typing import Any

__all__ = ["Record"]


@dataclass(frozen=True)
class Record:
    """A report on the training steps since the last record.

    >>> from lcm_core import Recipe, Trainer
    >>> recipe = Recipe(channels=4, batch_size=4, steps=2, log_every=1, eval_splits="none")
    >>> first, last = Trainer(recipe).records()
    >>> first.metric is None, last.step, 0 <= last.metric <= 1
    (True, 2, True)
    >>> sorted(last.laws)
    ['associativity', 'commutativity', 'exchange', 'identity', 'order spread']

    Attributes:
        step: number of training steps done.
        loss: mean over these steps of the task loss and the weighted penalties.
        task_loss: mean over these steps.
        rate: the learning rate of the last step.
        penalties: means over these steps, not weighted, by name.
        metric: on the validation split; None unless the step is an evaluation step.
        metrics: the metric on further splits, by split; on evaluation steps.
        laws: mean law errors over a closure of encoded elements, and the order spread (unitless),
            by name; on evaluation steps.
        sets_per_second: training throughput, evaluation aside.
        seconds: of the training steps, evaluation aside.
        cpu_seconds: the same, summed over all threads of the process.
    """

    step: int
    loss: float
    task_loss: float
    rate: float
    penalties: dict[str, float] = field(default_factory=dict)
    metric: float | None = None
    metrics: dict[str, float] = field(default_factory=dict)
    laws: dict[str, float] = field(default_factory=dict)
    sets_per_second: float = 0.0
    seconds: float = 0.0
    cpu_seconds: float = 0.0

    def timeless(self) -> dict[str, Any]:
        """The record as a dict without its times.

        It is the same for the same recipe, device and number of threads.
        """
        times = ("sets_per_second", "seconds", "cpu_seconds")
        return {name: value for name, value in asdict(self).items() if name not in times}
