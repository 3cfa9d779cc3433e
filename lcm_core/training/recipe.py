"""Every choice of a training run, as a dataclass and as one line of text."""

import inspect
import warnings
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, ClassVar, NamedTuple, get_type_hints

from lcm_core.aggregations.registry import AggregationFacts, aggregation_facts, check_aggregation
from lcm_core.errors import unknown
from lcm_core.laws.penalties import PENALTIES, PENALTY_STATES
from lcm_core.tasks.registry import TASKS, task_kind, task_options
from lcm_core.training.fields import checked, kind_of, read, written
from lcm_core.training.options import chosen_options, unknown_field
from lcm_core.training.start import check_start
from lcm_core.trees.tree import TREE_NAMES

__all__ = ["LIVE_FIELDS", "Event", "Recipe"]

LIVE_FIELDS = ("rate_scale", *PENALTIES)
SCHEDULES = ("one_cycle", "constant")

#: Fields that older recipes had for all tasks: dropped where they have their default.
_OLD_OPTIONS = {"bits": "8", "modulus": "10", "small_values": "0"}
_OLD_FIELDS = {"operator": "readout"}


class Event(NamedTuple):
    """From training step `step` on, `field` is `value`."""

    step: int
    field: str
    value: float


@dataclass(frozen=True, init=False)
class Recipe:
    """Every choice of a training run, as a dataclass and as text.

    The same recipe on the same device, with the same number of threads, gives the same records
    (times aside).

    >>> recipe = Recipe(task="bbbp", steps=300).with_event(120, "rate_scale", 0.5)
    >>> recipe.text()
    'task=bbbp steps=300 @120 rate_scale=0.5'
    >>> Recipe.parse(recipe.text()) == recipe
    True

    Options of the task are given as fields, and read as attributes:

    >>> Recipe(task="sum_modulo", modulus=4).modulus
    4

    Args:
        task: one of `lcm_core.task_names()`, or the address of a file, such as `csv:FILE?target=y`.
        options: of the task, as pairs (name, value); those equal to the default are dropped.
        readout: the aggregation of a set, or of a graph's nodes: one of
            `lcm_core.aggregation_names()` (an operator, a fold, or one of PyG's such as `pna`), or
            a formula such as `formula(x+y+a*x*y;a=0.5)`, whose parameters are learned.
        tree: the shape of its trees, one of `lcm_core.TREE_NAMES`.
        channels: width of all states.
        layers: message-passing layers, for graphs; graph properties take n // 2 for n nodes.
        neighbors: the aggregation of a node's neighbours, for graphs.
        steps: number of training steps.
        batch_size: sets or graphs in a step.
        learning_rate: the peak of the schedule.
        schedule: of the learning rate: "one_cycle" rises from a 25th of the peak to the peak, and
            falls to almost 0; "constant" stays at the peak.
        rate_scale: factor of the schedule.
        weight_decay: of AdamW.
        clip: largest norm of the gradient.
        commutativity, associativity, identity: weights of the laws' regularisers. They act on all
            operators of the model, and have no effect on a law that holds by construction.
        sire: weight of SIRE, the regulariser of folds (see `lcm_core.sire_penalty`).
        penalty_states: the states on which laws are regularised: "tree", states of every level of
            the batch's trees, or "encoded", the lifted elements only.
        log_every: steps from record to record.
        eval_every: steps from evaluation to evaluation.
        eval_splits: splits to evaluate besides validation, such as `size_32,size_128`; "auto" is
            the task's own choice (sizes never trained on), "none" no other split.
        seed: of the parameters and of the data.
        start: the weights to begin with: "random", drawn from the seed; `pretrained:NAME`, one of
            `lcm_core.pretrained_names()`; or the path of a checkpoint.
        device: "auto" (cuda, then mps, then cpu) or the name of a device.
        threads: of the CPU; 0 chooses by the machine, see `lcm_core.threads.default_threads`.
        events: changes during the run, as (step, field, value): from that step on, a live field
            (`rate_scale` or the weight of a regulariser) has the value.
        **options_of_the_task: options of the task, such as `bits=16`.

    Raises:
        ValueError, TypeError: a wrong field; the message says which, and what is expected.
    """

    task: str = "second_minimum"
    options: tuple[tuple[str, Any], ...] = ()
    readout: str = "symmetrized_gru"
    tree: str = "balanced"
    channels: int = 64
    layers: int = 3
    neighbors: str = "sum"
    steps: int = 3000
    batch_size: int = 256
    learning_rate: float = 3e-3
    schedule: str = "one_cycle"
    rate_scale: float = 1.0
    weight_decay: float = 0.01
    clip: float = 1.0
    commutativity: float = 0.0
    associativity: float = 0.0
    identity: float = 0.0
    sire: float = 0.0
    penalty_states: str = "tree"
    log_every: int = 10
    eval_every: int = 100
    eval_splits: str = "auto"
    seed: int = 0
    start: str = "random"
    device: str = "auto"
    threads: int = 0
    events: tuple[Event, ...] = ()

    __signature__: ClassVar[inspect.Signature]

    def __init__(self, **given: Any) -> None:
        for old, new in _OLD_FIELDS.items():
            if old in given:
                _warn(old, new)
                given[new] = given.pop(old)
        for field, default in _DEFAULTS.items():
            object.__setattr__(self, field, given.pop(field, default))
        for field, kind in _KINDS.items():
            object.__setattr__(self, field, checked(field, getattr(self, field), kind))
        for field, names in _NAMES.items():
            if getattr(self, field) not in (choices := names()):
                raise unknown(field, getattr(self, field), choices)
        object.__setattr__(
            self, "options", chosen_options(self.task, {**dict(self.options), **given}, _KINDS)
        )
        for field in ("readout", "neighbors"):
            check_aggregation(getattr(self, field), field)
        if self.seed >= 2**63:
            raise ValueError(f"expected seed < 2^63, got {self.seed}")
        for field, least in _LEAST.items():
            if getattr(self, field) < least:
                raise ValueError(f"expected {field} ≥ {least}, got {getattr(self, field)}")
        check_start(self.start)
        _ = self.further_splits  # raises for a split that the task does not have
        self._check_events()

    def _check_events(self) -> None:
        events = [
            Event(checked("step of an event", step, int), field, checked(field, value, float))
            for step, field, value in self.events
        ]
        for step, field, value in events:
            if field not in LIVE_FIELDS:
                raise unknown("event field", field, LIVE_FIELDS)
            if not 0 <= step <= self.steps:
                raise ValueError(f"expected events at steps 0 to {self.steps}, got @{step}")
            if value < 0:
                raise ValueError(f"expected {field} ≥ 0 from step {step} on, got {value}")
        penalties = self.penalties
        set_to = [(f, getattr(self, f)) for f in PENALTIES] + [e[1:] for e in events]
        for field, value in set_to:
            if value and field in PENALTIES and field not in penalties:
                raise _no_use(field, self.aggregations, self.channels)
        object.__setattr__(self, "events", tuple(sorted(events, key=lambda e: e.step)))

    def __getattr__(self, name: str) -> Any:
        """The options of the task; and fields by their old names, with a warning."""
        if isinstance(getattr(type(self), name, None), property):
            return object.__getattribute__(self, name)  # raises what the property raised
        task = str(self.__dict__.get("task"))
        if task in TASKS and name in task_options(task):
            return dict(self.options).get(name, task_options(task)[name])
        if name in _OLD_FIELDS and _OLD_FIELDS[name] in self.__dict__:
            _warn(name, _OLD_FIELDS[name])
            return getattr(self, _OLD_FIELDS[name])
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    @property
    def aggregations(self) -> tuple[str, ...]:
        """Names of the model's aggregations: readout and, for graphs, neighbors."""
        kind = task_kind(self.task)
        if kind == "sets" or (kind in ("graphs", "nodes") and self.layers == 0):
            return (self.readout,)
        return self.readout, self.neighbors

    @property
    def readout_facts(self) -> AggregationFacts:
        """Facts about the readout, such as whether it is a fold."""
        return aggregation_facts(self.readout, self.channels)

    @property
    def penalties(self) -> tuple[str, ...]:
        """The regularisers that this model has a use for.

        >>> Recipe(readout="symmetrized_gru").penalties, Recipe(readout="gru_fold").penalties
        (('commutativity', 'associativity', 'identity'), ('sire',))
        """
        facts = [aggregation_facts(name, self.channels) for name in self.aggregations]
        return tuple(f for f in PENALTIES if any(f in each.penalties for each in facts))

    @property
    def further_splits(self) -> tuple[str, ...]:
        """Splits that an evaluation measures besides the validation split.

        Raises:
            ValueError: `eval_splits` names a split that the task does not have, or the test split.
        """
        task = TASKS[self.task]
        if self.eval_splits == "auto":
            return task.further_splits
        if self.eval_splits == "none":
            return ()
        known = {split.replace(" ", "_"): split for split in task.splits}
        chosen = dict.fromkeys(self.eval_splits.split(","))
        for word in chosen:
            if word not in known:
                raise ValueError(
                    f"task {self.task!r} has no split {word!r}; choose eval_splits from "
                    f"{', '.join(known)}"
                )
            if known[word] == "test":
                raise ValueError(
                    "the test split is for the end of a run: tuning on it inflates its score. "
                    "Expected other eval_splits, such as train"
                )
        return tuple(known[word] for word in chosen if word != "validation")

    def replace(self, **changes: Any) -> "Recipe":
        """Copy the recipe with other fields, or other options of its task.

        >>> Recipe(bits=4).replace(bits=16, steps=10).text()
        'task=second_minimum bits=16 steps=10'

        Args:
            **changes: fields, and options of the task.

        Raises:
            ValueError, TypeError: as of the constructor.
        """
        return replace(self, **changes)

    def live(self, step: int) -> dict[str, float]:
        """The values of the live fields at a training step.

        >>> Recipe.parse("@100 associativity=0.1").live(step=100)["associativity"]
        0.1

        Args:
            step: from 0.
        """
        values = {field: getattr(self, field) for field in LIVE_FIELDS}
        values.update((e.field, e.value) for e in self.events if e.step <= step)
        return values

    def with_event(self, step: int, field: str, value: float) -> "Recipe":
        """Copy the recipe with one more event.

        It replaces an event of the same step and field.

        Args:
            step: from which on the value holds, 0 to `steps`.
            field: `rate_scale`, or the weight of a regulariser.
            value: at least 0.

        Raises:
            ValueError, TypeError: an unknown field, or a step or value that is not allowed.
        """
        others = [e for e in self.events if (e.step, e.field) != (step, field)]
        return replace(self, events=(*others, Event(step, field, value)))

    def with_choice(self, field: str, value: str) -> "Recipe":
        """Copy the recipe with another task or aggregation.

        The weights of regularisers that do not apply become 0, and their events are dropped. A new
        task keeps the options that both tasks have. `start` becomes "random".

        >>> Recipe(associativity=0.1).with_choice("readout", "gru_fold").associativity
        0.0

        Args:
            field: "task", "readout" or "neighbors".
            value: its new value.

        Raises:
            ValueError: an unknown name.
        """
        other: dict[str, Any] = {field: value, **dict.fromkeys(PENALTIES, 0.0), "events": ()}
        other["start"] = _DEFAULTS["start"]
        if field == "task":
            has = TASKS[value].options()
            other["options"] = tuple(pair for pair in self.options if pair[0] in has)
            if self.eval_splits != "none":
                other["eval_splits"] = "auto"
        bare = replace(self, **other)
        kept = ("rate_scale", *bare.penalties)
        events = tuple(event for event in self.events if event.field in kept)
        return replace(bare, **{f: getattr(self, f) for f in kept}, events=events)

    def text(self, full: bool = False) -> str:
        """Write the recipe as one line, for `Recipe.parse`.

        Args:
            full: include fields that have their default, so that the text keeps its meaning when
                defaults change. Otherwise only the task and what differs is written.
        """
        parts = [f"task={self.task}"]
        options = {**task_options(self.task), **dict(self.options)} if full else dict(self.options)
        parts += [f"{name}={written(value)}" for name, value in options.items()]
        for field in _KINDS:
            if field != "task" and (full or getattr(self, field) != _DEFAULTS[field]):
                parts.append(f"{field}={written(getattr(self, field))}")
        last = None
        for step, field, value in self.events:
            parts += [f"@{step}"] * (step != last) + [f"{field}={written(value)}"]
            last = step
        return " ".join(parts)

    @classmethod
    def parse(cls, text: str, stored: bool = False) -> "Recipe":
        """Read a recipe from text: `field=value …`, events `@step field=value …`.

        >>> Recipe.parse("task=bbbp steps=300 @120 rate_scale=0.5").events
        (Event(step=120, field='rate_scale', value=0.5),)

        Args:
            text: fields of a recipe, and options of its task.
            stored: the text comes from a file of an older version, which accepted options of other
                tasks: drop them.

        Raises:
            ValueError: an unknown field (the nearest names are given), a field given twice, or a
                value of another type.
            TypeError: an option that the task does not have; the message lists its options.
        """
        given: dict[str, str] = {}
        events: list[Event] = []
        step: int | None = None
        for part in text.split():
            if part.startswith("@"):
                step = read("step of an event", part[1:], int)
                continue
            field, equals, value = part.partition("=")
            if not equals or not value:
                raise ValueError(f"expected field=value or @step, got {part!r}")
            field = _OLD_FIELDS.get(field, field)
            if step is not None:
                if field not in LIVE_FIELDS:
                    raise unknown("event field", field, LIVE_FIELDS)
                events.append(Event(step, field, read(field, value, float)))
            elif field in given:
                raise ValueError(f"{field} is given twice in the recipe")
            else:
                given[field] = value
        task = given.get("task", _DEFAULTS["task"])
        options = task_options(task)
        for name, default in _OLD_OPTIONS.items():
            if name not in options and (stored or given.get(name) == default):
                given.pop(name, None)
        kinds = {**_KINDS, **{name: kind_of(default) for name, default in options.items()}}
        for field in given:
            if field not in kinds:
                raise unknown_field(field, task, _KINDS)
        values = {field: read(field, value, kinds[field]) for field, value in given.items()}
        return cls(**values, events=tuple(events))


_DEFAULTS: Mapping[str, Any] = {field.name: field.default for field in fields(Recipe)}
_KINDS: Mapping[str, Any] = {
    name: kind
    for name, kind in get_type_hints(Recipe).items()
    if name in _DEFAULTS and name not in ("events", "options")
}
_NAMES: Mapping[str, Callable[[], Collection[str]]] = {
    "task": lambda: TASKS,
    "tree": lambda: TREE_NAMES,
    "schedule": lambda: SCHEDULES,
    "penalty_states": lambda: PENALTY_STATES,
}
_LEAST = {
    **dict.fromkeys(("channels", "steps", "batch_size", "log_every", "eval_every"), 1),
    **dict.fromkeys(("layers", "learning_rate", "weight_decay", "clip", "seed"), 0),
    **dict.fromkeys(("threads", *LIVE_FIELDS), 0),
}

Recipe.__signature__ = inspect.Signature(
    [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default)
        for name, default in _DEFAULTS.items()
    ]
    + [inspect.Parameter("options_of_the_task", inspect.Parameter.VAR_KEYWORD)]
)


def _no_use(field: str, aggregations: tuple[str, ...], channels: int) -> ValueError:
    names = " and ".join(repr(name) for name in dict.fromkeys(aggregations))
    if field == "sire":
        return ValueError(
            f"sire regularises folds, such as gru_fold, and the aggregation is {names}: expected "
            "sire = 0"
        )
    if any(aggregation_facts(name, channels).has_operator for name in aggregations):
        return ValueError(f"{names} has no {field} to regularise: expected {field} = 0")
    return ValueError(f"{names} has no operator on states: expected {field} = 0")


def _warn(old: str, new: str) -> None:
    warnings.warn(f"{old} of a Recipe is now {new}", DeprecationWarning, stacklevel=3)
