"""The trainer: a generator of records, which a panel, a script and a test drive alike."""

import copy
import threading
import time
import warnings
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer
from torch.optim.lr_scheduler import ConstantLR, LRScheduler, OneCycleLR

from lcm_core.errors import RankError
from lcm_core.files.checkpoints import read_checkpoint, write_checkpoint
from lcm_core.laws.of_aggregation import mean_errors
from lcm_core.laws.penalties import PENALTIES
from lcm_core.models.networks import make_model
from lcm_core.optimizers import AdamW
from lcm_core.seeding import Seeded, initialised
from lcm_core.tasks import make_task
from lcm_core.tasks.base import Task, seeded_generator
from lcm_core.threads import default_threads, using_threads
from lcm_core.training.capturable import why_not
from lcm_core.training.captured import CapturedStep, CaptureError
from lcm_core.training.device import deterministic, pick_device
from lcm_core.training.ranks import Ranks
from lcm_core.training.recipe import Recipe
from lcm_core.training.record import Record
from lcm_core.training.regularisers import Regularisers, penalty_generator
from lcm_core.training.resume import resumed_recipe
from lcm_core.training.shared_model import SharedModel
from lcm_core.training.shared_regularisers import SharedRegularisers
from lcm_core.training.start import load_start

__all__ = ["STATE_KEYS", "Trainer", "TrainingError"]

STATE_KEYS = ("recipe", "model", "optimizer", "schedule", "step")  # a checkpoint must have these
DRAWING_STREAM = 2  # of random numbers, apart from those of the tasks' data and of penalties


class TrainingError(RuntimeError):
    """Training stopped at a step, which the message names; the last good state is kept."""


class Trainer:
    """Trains the model of a recipe, and yields records.

    A panel, a script and a test drive the same generator, `records`. `lcm_core.fit` is shorter
    where nothing happens between two records.

    >>> recipe = Recipe(channels=8, steps=2, batch_size=4, log_every=1, eval_splits="none")
    >>> trainer = Trainer(recipe)
    >>> [record.step for record in trainer.records()]
    [1, 2]

    Args:
        recipe: every choice of the run. Its events are applied when their step comes.
        ranks: the processes that share each batch, if there are several: each has a trainer of the
            same recipe, and calls the same methods in the same order.

    Attributes:
        recipe: the recipe with the events so far, those of `set` included.
        step: number of training steps done.
        model: the network; `model(batch)` gives outputs, `model.aggregation` is the readout.
        task: the task that it is trained on.
        device: where it is trained.
        threads: of the CPU, on which it computes: the recipe's, or those chosen when it was made. A
            checkpoint keeps their number.
        further_splits: the splits that an evaluation measures besides the validation split.
        rate: the learning rate of the last step.
        started: which weights `recipe.start` gave, or that a checkpoint goes on on another device,
            in a sentence; else "".
        graphs: whether steps may run as CUDA graphs; True on a GPU. It can be set at any time.
        how: on a GPU, how the last step ran, in a sentence; elsewhere "".

    Raises:
        FileNotFoundError: a file of `recipe.start`, or of the task's data, is missing.
        ValueError: the weights of `recipe.start` do not fit; or the device is not available.
    """

    model: Any

    def __init__(self, recipe: Recipe, ranks: Ranks | None = None):
        self._make(recipe, ranks)
        self.started = load_start(recipe.start, self.model, recipe.task, recipe.readout)
        self._keep()

    def _make(self, recipe: Recipe, ranks: Ranks | None) -> None:
        """Everything at step 0, with weights that are drawn."""
        self.recipe = recipe
        self.started = ""
        self.device = pick_device(recipe.device)
        if ranks is not None:
            ranks.check_device(self.device)
        self.threads = recipe.threads or default_threads()
        self.task = make_task(recipe.task, **dict(recipe.options))
        self.further_splits = recipe.further_splits
        self.task.prepare()
        with using_threads(self.threads):
            self.model = initialised(lambda: _model(recipe, self.task), recipe.seed)
        self.model.to(self.device)
        self.optimizer = AdamW(
            self.model.parameters(), lr=recipe.learning_rate, weight_decay=recipe.weight_decay
        )
        self.schedule = _SCHEDULES[recipe.schedule](self.optimizer, recipe)
        self.regularisers = Regularisers(self.model, recipe.penalty_states)
        self._shared: SharedModel | None = None
        if ranks is not None:
            self._shared = SharedModel(self.model, ranks)
            self.regularisers = SharedRegularisers(self.model, recipe.penalty_states, ranks)
        self.step = 0
        self.recorded_step = 0
        self.rate = 0.0
        self._seconds = self._cpu_seconds = 0.0  # of training steps since the last record
        self._wanted: deque[tuple[str, float]] = deque()  # from `set`, perhaps another thread
        self._lock = threading.Lock()  # of the above
        self._sums: dict[str, Tensor] = {}
        self._failed_at = torch.full((), -1, device=self.device)
        self.graphs = self.device.type == "cuda" and ranks is None
        self.how = ""
        self._captured: CapturedStep | None = None
        self._uncaptured = ""  # why capturing a step failed
        self._lost = False  # whether the device failed, and only `_good` is left
        self._draws: bool | None = None  # whether a training step draws; the first one tells

    @property
    def done(self) -> bool:
        """Whether all training steps are done."""
        return self.step >= self.recipe.steps

    def set(self, field: str, value: float) -> None:
        """Change a live field from the next step on.

        The change is kept as an event of the recipe, so that the run can be repeated. Any thread
        may call it while `records` runs in another.

        >>> trainer = Trainer(Recipe(channels=4, steps=1, batch_size=4))
        >>> trainer.set("rate_scale", 0.5)
        >>> _ = list(trainer.records())
        >>> trainer.recipe.events
        (Event(step=0, field='rate_scale', value=0.5),)

        Args:
            field: `rate_scale`, or the weight of a regulariser.
            value: at least 0.

        Raises:
            ValueError, TypeError: an unknown field, or a value that is not allowed.
        """
        self.recipe.with_event(self.recipe.steps, field, value)  # refuses what is not allowed
        with self._lock:
            self._wanted.append((field, float(value)))

    def records(self, should_stop: Callable[[], bool] | None = None) -> Iterator[Record]:
        """Train to the last step, and yield a record every `log_every` steps.

        Args:
            should_stop: called between steps, evaluation batches, and measurements of laws. When
                it returns True, the generator ends. Another call of `records` goes on from there,
                and gives the same records.

        Raises:
            TrainingError: a step failed, or its loss or gradient is not finite. The trainer is
                back in the state of its last record.
        """
        stop = should_stop or (lambda: False)
        while True:
            if self._record_is_due():
                try:
                    with self._reproducible():
                        record = self._record(stop)
                except RuntimeError as error:
                    on_cpu = self.device.type == "cpu" and not isinstance(error, RankError)
                    if on_cpu or isinstance(error, TrainingError):
                        raise
                    raise self._failed(error, self.step) from error
                if record is None:
                    return
                yield record
            if self.done or stop():
                return
            self._advance()

    def evaluate(
        self, split: str = "validation", should_stop: Callable[[], bool] | None = None
    ) -> float | None:
        """Measure the task's metric on a split.

        Args:
            split: one of `task.splits`.
            should_stop: called between batches; True ends the evaluation.

        Returns:
            The metric; None if `should_stop` ended the evaluation.

        Raises:
            ValueError: the task has no such split.
        """
        answers = self._answers(split, should_stop)
        return None if answers is None else self.task.metric(*answers)

    def scores(self, split: str = "validation") -> dict[str, float]:
        """Measure the metric on a split, and on parts of the answer.

        Args:
            split: one of `task.splits`.

        Returns:
            The metric by the name of the split; then each part's, such as "test: diameter".

        Raises:
            ValueError: the task has no such split.
        """
        answers = self.answers(split)
        parts = self.task.parts(*answers)
        return {
            split: self.task.metric(*answers),
            **{f"{split}: {part}": score for part, score in parts.items()},
        }

    def answers(self, split: str = "validation") -> tuple[Tensor, Tensor]:
        """Collect the model's outputs and the targets on a split.

        Args:
            split: one of `task.splits`.

        Returns:
            Outputs and targets, both (B, out_features), as the task's metric takes them.

        Raises:
            ValueError: the task has no such split.
        """
        answers = self._answers(split)
        assert answers is not None
        return answers

    def constant_scores(self, split: str = "validation") -> dict[str, float]:
        """Scores of the best constant answer, by the names of `scores`.

        Args:
            split: one of `task.splits`.
        """
        parts = self.task.baseline_parts(split)
        return {
            split: self.task.baseline(split),
            **{f"{split}: {part}": score for part, score in parts.items()},
        }

    @torch.no_grad()
    def encoded_elements(self) -> tuple[Tensor, Tensor]:
        """Encode the first validation batch: the elements that the readout aggregates.

        Returns:
            Elements (N, channels), and the bounds of their sets (B + 1,).
        """
        self.model.eval()
        with using_threads(self.threads):
            return self.model.elements(next(iter(self.task.batches("validation", self.device))))

    def _answers(
        self, split: str, should_stop: Callable[[], bool] | None = None
    ) -> tuple[Tensor, Tensor] | None:
        """Outputs and targets of a whole split."""
        self.model.eval()
        outputs, targets = [], []
        seeded = self._seeded() if self._draws else nullcontext()
        with torch.no_grad(), using_threads(self.threads), seeded:
            for number, batch in enumerate(self.task.batches(split, self.device)):
                if should_stop is not None and should_stop():
                    return None
                targets.append(self.task.targets(batch))
                if self._shared is None or self._shared.has_turn(number):
                    outputs.append(self.model(batch))
            if self._shared is not None:
                outputs = self._shared.outputs_of_turns(outputs, targets, self.task.out_features)
        return torch.cat(outputs), torch.cat(targets)

    # One step -------------------------------------------------------------------------------

    def _advance(self) -> None:
        started, started_cpu, step = time.perf_counter(), time.process_time(), self.step
        try:
            with self._lock:
                while self._wanted:
                    self.recipe = self.recipe.with_event(step, *self._wanted.popleft())
            with self._reproducible():
                if self._draws is False:
                    self._update(self.recipe.live(step))
                else:
                    with self._seeded() as seeded:
                        self._update(self.recipe.live(step))
                    self._draws = seeded.drew
            if self.device.type == "cpu":
                self._check_finite()
        except TrainingError:
            raise
        except Exception as error:
            raise self._failed(error, step) from error
        self._seconds += time.perf_counter() - started
        self._cpu_seconds += time.process_time() - started_cpu

    def _failed(self, error: Exception, step: int) -> TrainingError:
        """Go back to the last good state; the error says what happened, and what to do."""
        reason, recipe = str(error), self.recipe
        if isinstance(error, torch.cuda.OutOfMemoryError):
            reason = (
                "the GPU has too little memory. Try a lower batch_size (it is "
                f"{recipe.batch_size}) or fewer channels (they are {recipe.channels})"
            )
            self._captured = None
            torch.cuda.empty_cache()
        try:
            self._restore(self._good)
        except Exception as further:  # nothing runs on a GPU that failed
            self._lost = True
            self.step = self._good[1]["step"]
            reason = (
                f"the device {self.device} failed ({further}). `save` still writes that state; "
                "to go on from it, restart Python"
            )
        return TrainingError(
            f"training stopped at step {step}, and the state of step {self.step} is kept: {reason}"
        )

    @contextmanager
    def _reproducible(self) -> Iterator[None]:
        """Context manager: the same steps give the same numbers, on this device and CPU threads."""
        with using_threads(self.threads), deterministic(self.device):
            yield

    def _seeded(self) -> Seeded:
        """Within it, what the model draws by itself, as dropout does, comes from the recipe's seed.

        It makes each operation slower: the first step finds out whether there is a need for it.
        """
        words = [self.recipe.seed, DRAWING_STREAM, self.step]
        if self._shared is not None and (rank := self._shared.ranks.rank):
            words.append(rank)  # other sets, other numbers
        drawing = seeded_generator("cpu", *words)
        return Seeded(drawing.initial_seed())

    def _update(self, live: dict[str, float]) -> None:
        if not self.model.training:
            self.model.train()
        weights = _weights(live)
        self.rate = float(self.schedule.get_last_lr()[0]) * live["rate_scale"]
        for group in self.optimizer.param_groups:
            group["lr"] = self.rate
        if not (self.graphs and self._run_captured(weights)):
            self._run_plainly(weights)
        self.schedule.step()
        self.step += 1

    def _run_captured(self, weights: dict[str, float]) -> bool:
        """Do the step with shapes that do not change, if that can be; `how` says why not."""
        recipe = self.recipe
        reason = self._uncaptured or why_not(self.task, self.model, self.optimizer, weights)
        if not reason:
            if self._captured is None:
                self._captured = CapturedStep(
                    self.task, self.model, self.optimizer, self.regularisers, recipe
                )
            captured = self._captured
            captured.adopt(self._sums, self._failed_at)

            def laws_at(step: int) -> tuple[str, ...]:
                return tuple(_weights(recipe.live(step)))

            try:
                if not captured.run(self.step, weights, laws_at):
                    reason = "this batch is larger than most"
            except CaptureError as error:
                self._uncaptured = reason = str(error)
                warnings.warn(f"{reason}. Training goes on without, slower.", stacklevel=2)
            self._sums, self._failed_at = captured.sums, captured.failed_at
        if self.device.type == "cuda":
            graph = "Each step is one CUDA graph."
            self.how = f"Steps run operation by operation: {reason}." if reason else graph
        return not reason

    def _run_plainly(self, weights: dict[str, float]) -> None:
        recipe = self.recipe
        batch = self.task.train_batch(self.step, recipe.batch_size, recipe.seed, self.device)
        task_loss, penalties = self._losses(batch, weights)
        loss = task_loss
        for name, penalty in penalties.items():
            loss = loss + weights[name] * penalty
        self.optimizer.zero_grad()
        if self._shared is None:
            loss.backward()
        else:
            self._shared.backward(loss)
        norm = torch.nn.utils.clip_grad_norm_(self.model.parameters(), recipe.clip)
        fine = (loss.detach() + norm).isfinite()
        self._failed_at = torch.where(fine | (self._failed_at >= 0), self._failed_at, self.step)
        self.optimizer.step()
        sums = dict(self._sums)
        for name, value in {"loss": loss, "task_loss": task_loss, **penalties}.items():
            sums[name] = sums.get(name, 0) + torch.stack(
                [value.detach().double(), torch.ones((), dtype=torch.double, device=self.device)]
            )
        self._sums = sums

    def _losses(self, batch: Any, weights: dict[str, float]) -> tuple[Tensor, dict[str, Tensor]]:
        outputs = self.model if self._shared is None else self._shared.outputs
        if not weights:
            return self.task.loss(outputs(batch), batch), {}
        with self.regularisers.recording():
            task_loss = self.task.loss(outputs(batch), batch)
        generator = penalty_generator(self.recipe.seed, self.step)
        count = self.recipe.batch_size
        return task_loss, {
            name: self.regularisers.penalty(name, count, generator).to(self.device)
            for name in weights
        }

    def _check_finite(self) -> None:
        if (failed_at := int(self._failed_at)) >= 0:
            self._restore(self._good)
            raise TrainingError(
                f"the loss or its gradient is not finite at step {failed_at}: the state of step "
                f"{self.step} is kept; try a lower learning rate"
            )

    # One record -----------------------------------------------------------------------------

    def _record_is_due(self) -> bool:
        on_time = self.step % self.recipe.log_every == 0 or self.done
        return self.step > self.recorded_step and on_time

    def _record(self, stop: Callable[[], bool]) -> Record | None:
        """The record of the steps since the last; None if `stop` said so on the way."""
        started = time.perf_counter()
        self._check_finite()  # waits for the device
        if self._shared is not None:
            self._shared.check_same(self.step)
        self._seconds += time.perf_counter() - started
        metric: float | None = None
        metrics: dict[str, float] = {}
        laws: dict[str, float] = {}
        every = self.recipe.eval_every
        if self.step // every > self.recorded_step // every or self.done:
            for split in ("validation", *self.further_splits):
                score = self.evaluate(split, stop)
                if score is None:
                    return None
                metrics[split] = score
            metric = metrics.pop("validation")
            with self._seeded() if self._draws else nullcontext():
                for law, error in self._laws():
                    if stop():
                        return None
                    laws[law] = error
        names = list(self._sums)
        sums = torch.stack([self._sums[name] for name in names]).tolist()
        means = {name: total / count for name, (total, count) in zip(names, sums, strict=True)}
        sets = self.recipe.batch_size * (self.step - self.recorded_step)
        record = Record(
            step=self.step,
            loss=means.pop("loss"),
            task_loss=means.pop("task_loss"),
            rate=self.rate,
            penalties=means,
            metric=metric,
            metrics=metrics,
            laws=laws,
            sets_per_second=sets / self._seconds if self._seconds else 0.0,
            seconds=self._seconds,
            cpu_seconds=self._cpu_seconds,
        )
        self.recorded_step, self._seconds, self._cpu_seconds = self.step, 0.0, 0.0
        self._sums = {}
        self._keep()
        return record

    def _keep(self) -> None:
        """Remember this state on the host, to come back to if a step or the device fails."""
        self._good = self.recipe, _on_host(self.state_dict())

    def _laws(self) -> Iterator[tuple[str, float]]:
        """Mean law errors of the aggregation, on elements of the first validation batch."""
        return mean_errors(self.model.aggregation, *self.encoded_elements(), self.recipe.seed)

    # The state ------------------------------------------------------------------------------

    def state_dict(self) -> dict[str, Any]:
        """Everything needed to go on from here, as tensors and plain data.

        If the device has failed, it is the last good state.
        """
        if self._lost:
            return self._good[1]
        with self._lock:
            wanted = [list(each) for each in self._wanted]
        return {
            "recipe": self.recipe.text(full=True),
            "threads": self.threads,
            "wanted": wanted,
            "step": self.step,
            "recorded_step": self.recorded_step,
            "rate": self.rate,
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "schedule": self.schedule.state_dict(),
            "sums": {name: sums.clone() for name, sums in self._sums.items()},
            "failed_at": self._failed_at.clone(),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a state of the same recipe.

        Only the events of the two recipes may differ.

        Args:
            state: of `state_dict`.
        """
        self._restore((Recipe.parse(state["recipe"], stored=True), state))
        self.threads = state.get("threads", self.threads)  # older checkpoints do not name them

    def _restore(self, kept: tuple[Recipe, dict[str, Any]]) -> None:
        self.recipe, state = kept
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(copy.deepcopy(state["optimizer"]))
        self.schedule.load_state_dict(state["schedule"])
        self.step = state["step"]
        self.recorded_step = state["recorded_step"]
        self.rate = state["rate"]
        with self._lock:
            self._wanted = deque((name, value) for name, value in state["wanted"])
        self._sums = {name: sums.to(self.device) for name, sums in state["sums"].items()}
        self._failed_at = state["failed_at"].to(self.device)
        self._seconds = self._cpu_seconds = 0.0
        self._draws = None
        self._keep()

    def save(self, path: str | Path) -> None:
        """Write a checkpoint; a failed write leaves no partial file.

        Args:
            path: of the file, which is replaced if it exists.
        """
        write_checkpoint(path, self.state_dict())

    @classmethod
    def load(cls, path: str | Path, **changes: Any) -> "Trainer":
        """Make a trainer that goes on from a checkpoint.

        If its device is not here, it goes on on one that is, and `started` says so.

        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "run.pt"
        >>> trainer = Trainer(Recipe(channels=4, steps=1, batch_size=4, eval_splits="none"))
        >>> _ = list(trainer.records())
        >>> trainer.save(path)
        >>> Trainer.load(path).step
        1

        Args:
            path: of a file that `save` wrote.
            **changes: of its recipe, such as `steps=6000` or `device="cpu"`. With another number of
                steps, the learning rate is from here on that of a run of so many steps.

        Raises:
            FileNotFoundError: there is no such file.
            ValueError: it is not a checkpoint, or does not fit this version; or something else
                should change.
        """
        return cls.from_state(read_checkpoint(path, STATE_KEYS), path, changes)

    @classmethod
    def from_state(
        cls,
        state: dict[str, Any],
        path: str | Path,
        changes: Mapping[str, Any] | None = None,
        ranks: Ranks | None = None,
    ) -> "Trainer":
        """Make a trainer that goes on from a state.

        Args:
            state: of `state_dict`.
            path: where it was read from, for the error message.
            changes: of its recipe, as of `load`.
            ranks: as of the constructor; the state may come from another number of them.

        Raises:
            ValueError: the state does not fit this version of the library, or something else should
                change.
        """
        trainer = cls.__new__(cls)
        try:
            stored = Recipe.parse(state["recipe"], stored=True)
            recipe, note = resumed_recipe(stored, state["step"], changes or {})
            trainer._make(recipe, ranks)
            if recipe.steps != stored.steps:
                state = trainer._rescheduled(state)
            trainer._restore((recipe, state))
        except (RuntimeError, KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"{path} does not fit this version of lcm_core: {error}") from error
        trainer.threads = recipe.threads or state.get("threads", trainer.threads)
        trainer.started = note
        return trainer

    def _rescheduled(self, state: dict[str, Any]) -> dict[str, Any]:
        """The state, with the schedule of this recipe at the state's step."""
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Detected call of `lr_scheduler.step")
            for _ in range(state["step"]):
                self.schedule.step()
        groups = self.optimizer.state_dict()["param_groups"]
        optimizer = {**state["optimizer"], "param_groups": groups}
        return {**state, "schedule": self.schedule.state_dict(), "optimizer": optimizer}


def _model(recipe: Recipe, task: Task[Any]) -> Any:
    return make_model(
        task,
        recipe.readout,
        recipe.channels,
        recipe.layers,
        recipe.neighbors,
        recipe.tree,
        recipe.seed,
    )


def _on_host(state: dict[str, Any]) -> dict[str, Any]:
    """A copy of a state, with its tensors on the CPU; one copy brings all of a dtype."""
    groups: dict[tuple[torch.device, torch.dtype], list[Tensor]] = {}
    for tensor in _tensors(state):
        groups.setdefault((tensor.device, tensor.dtype), []).append(tensor.detach().flatten())
    copies = {
        kind: iter(torch.cat(parts).cpu().split([len(part) for part in parts]))
        for kind, parts in groups.items()
    }

    def copied(value: Any) -> Any:
        if isinstance(value, Tensor):
            return next(copies[value.device, value.dtype]).view(value.shape).clone()
        if isinstance(value, dict):
            return {key: copied(each) for key, each in value.items()}
        return [copied(each) for each in value] if type(value) is list else copy.deepcopy(value)

    return {key: copied(value) for key, value in state.items()}


def _tensors(value: Any) -> Iterator[Tensor]:
    """The tensors in dicts and lists, in their order."""
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _tensors(each)


def _weights(live: dict[str, float]) -> dict[str, float]:
    """The weights of the regularisers that act."""
    return {name: live[name] for name in PENALTIES if live[name] > 0}


def _one_cycle(optimizer: Optimizer, recipe: Recipe) -> LRScheduler:
    return OneCycleLR(optimizer, max_lr=recipe.learning_rate, total_steps=recipe.steps + 1)


def _constant(optimizer: Optimizer, recipe: Recipe) -> LRScheduler:
    return ConstantLR(optimizer, factor=1.0, total_iters=0)


_SCHEDULES = {"one_cycle": _one_cycle, "constant": _constant}
