"""Every choice of a training run, as a dataclass and as one line of text."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, NamedTuple, get_type_hints

from lcm_core.errors import unknown
from lcm_core.laws.penalties import PENALTIES, PENALTY_STATES
from lcm_core.models.names import check_aggregation
from lcm_core.tasks import task_kind, task_names
from lcm_core.training.regularisers import penalties_of
from lcm_core.trees.tree import TREE_NAMES

__all__ = ["LIVE_FIELDS", "Event", "Recipe"]

LIVE_FIELDS = ("rate_scale", *PENALTIES)
SCHEDULES = ("one_cycle", "constant")


class Event(NamedTuple):
    """From training step `step` on, `field` is `value`."""

    step: int
    field: str
    value: float


@dataclass(frozen=True)
class Recipe:
    """Every choice of a run: the same recipe on the same device gives the same records.

    >>> Recipe.parse("task=bbbp steps=300 @120 rate_scale=0.5").events
    (Event(step=120, field='rate_scale', value=0.5),)

    Args:
        task: a name of `lcm_core.tasks.task_names()`.
        bits: of the integers of the set tasks.
        modulus: of `sum_modulo`.
        small_values: share of the training sets of `second_minimum` that are shifted to small
            values, from 0 to 1.
        operator: the aggregation of a set or of a graph's nodes: an operator, a fold, one of PyG's
            aggregations such as `pna`, or a formula such as `formula(x+y+a*x*y;a=0.5)`, whose
            parameters are then learned.
        tree: the shape of its trees.
        channels: width of all states.
        layers: message-passing layers, for molecules; for properties of graphs they are n // 2.
        neighbors: the aggregation of a node's neighbours, for graphs.
        steps: training steps.
        batch_size: sets or graphs a step.
        learning_rate: the peak of the schedule.
        schedule: of the learning rate: "one_cycle", from a 25th of the peak up to it, and down to
            almost nothing, or "constant".
        rate_scale: multiplies the schedule.
        weight_decay, clip: of AdamW; the largest norm of the gradient.
        commutativity, associativity, identity: weights of the laws' regularisers, which act on all
            operators of the model, of neighbours too; 0 where a law holds by construction.
        sire: weight of the regulariser of folds towards the same answer in any order.
        penalty_states: the states that laws are regularised on: "tree", those of every level of the
            batch's trees, or "encoded", the lifted elements only.
        log_every, eval_every: steps from record to record, and from evaluation to evaluation.
        eval_splits: what is measured besides the validation split, such as `size_32,size_128`;
            "auto" is what the task proposes (sizes never trained on), "none" nothing.
        seed: of the parameters and of the data.
        device: "auto" (cuda, then mps, then cpu) or the name of a device.
        events: what changes while it runs: one of `LIVE_FIELDS`, from a step on.

    Raises:
        ValueError, TypeError: which field is wrong, and what is wanted.
    """

    task: str = "second_minimum"
    bits: int = 8
    modulus: int = 10
    small_values: float = 0.0
    operator: str = "symmetrized_gru"
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
    device: str = "auto"
    events: tuple[Event, ...] = ()

    def __post_init__(self) -> None:
        for field, kind in _KINDS.items():
            object.__setattr__(self, field, _checked(field, getattr(self, field), kind))
        for field, names in _NAMES.items():
            if getattr(self, field) not in (choices := list(names())):
                raise unknown(field, getattr(self, field), choices)
        for field in ("operator", "neighbors"):
            check_aggregation(getattr(self, field), field)
        if self.seed >= 2**63:
            raise ValueError(f"expected seed < 2^63, got {self.seed}")
        for field, least in _LEAST.items():
            if getattr(self, field) < least:
                raise ValueError(f"expected {field} ≥ {least}, got {getattr(self, field)}")
        events = [
            Event(_checked("step of an event", step, int), field, _checked(field, value, float))
            for step, field, value in self.events
        ]
        for step, field, value in events:
            if field not in LIVE_FIELDS:
                raise unknown("event field", field, LIVE_FIELDS)
            if not 0 <= step <= self.steps:
                raise ValueError(f"expected events at steps 0 to {self.steps}, got @{step}")
            if value < 0:
                raise ValueError(f"expected {field} ≥ 0 from step {step} on, got {value}")
        set_to = [(f, getattr(self, f)) for f in PENALTIES] + [e[1:] for e in events]
        for field, value in set_to:
            if value and field in PENALTIES and field not in self.penalties:
                raise _no_use(field, self.aggregations)
        object.__setattr__(self, "events", tuple(sorted(events, key=lambda e: e.step)))

    @property
    def aggregations(self) -> tuple[str, ...]:
        """The names of the aggregations of the model: the readout's, and for graphs neighbours'."""
        kind = task_kind(self.task)
        if kind == "sets" or (kind == "graphs" and self.layers == 0):
            return (self.operator,)
        return self.operator, self.neighbors

    @property
    def penalties(self) -> tuple[str, ...]:
        """The weights that this model has a use for."""
        found = {field for name in self.aggregations for field in penalties_of(name)}
        return tuple(field for field in PENALTIES if field in found)

    def live(self, step: int) -> dict[str, float]:
        """The values of `LIVE_FIELDS` at a training step."""
        values = {field: getattr(self, field) for field in LIVE_FIELDS}
        values.update((e.field, e.value) for e in self.events if e.step <= step)
        return values

    def with_event(self, step: int, field: str, value: float) -> "Recipe":
        """This recipe and one more event; it takes the place of one of that step and field."""
        others = [e for e in self.events if (e.step, e.field) != (step, field)]
        return replace(self, events=(*others, Event(step, field, value)))

    def with_choice(self, field: str, value: str) -> "Recipe":
        """Another task or aggregation; weights that it has no use for are 0 then."""
        other: dict[str, Any] = {field: value, **dict.fromkeys(PENALTIES, 0.0), "events": ()}
        bare = replace(self, **other)
        kept = ("rate_scale", *bare.penalties)
        events = tuple(event for event in self.events if event.field in kept)
        return replace(bare, **{f: getattr(self, f) for f in kept}, events=events)

    def text(self, full: bool = False) -> str:
        """The recipe in one line, for `Recipe.parse`.

        Defaults, the task aside, are left out; `full` has them too, for a text that is to mean the
        same when defaults have changed.
        """
        parts = [f"task={self.task}"]
        for field in _KINDS:
            if field != "task" and (full or getattr(self, field) != _DEFAULTS[field]):
                parts.append(f"{field}={_written(getattr(self, field))}")
        last = None
        for step, field, value in self.events:
            parts += [f"@{step}"] * (step != last) + [f"{field}={_written(value)}"]
            last = step
        return " ".join(parts)

    @classmethod
    def parse(cls, text: str) -> "Recipe":
        """Read `field=value …`, and events `@step field=value …`, as `text` writes them.

        Raises:
            ValueError: an unknown field (with the nearest ones), one given twice, or a value that
                is not of its type.
        """
        given: dict[str, Any] = {}
        events: list[Event] = []
        step: int | None = None
        for part in text.split():
            if part.startswith("@"):
                step = _read("step of an event", part[1:], int)
                continue
            field, equals, value = part.partition("=")
            if not equals or not value:
                raise ValueError(f"expected field=value or @step, got {part!r}")
            if field not in _KINDS:
                raise unknown("recipe field", field, _KINDS)
            if step is not None:
                if field not in LIVE_FIELDS:
                    raise unknown("event field", field, LIVE_FIELDS)
                events.append(Event(step, field, _read(field, value, float)))
            elif field in given:
                raise ValueError(f"{field} is given twice in the recipe")
            else:
                given[field] = _read(field, value, _KINDS[field])
        return cls(**given, events=tuple(events))


_DEFAULTS: Mapping[str, Any] = {field.name: field.default for field in fields(Recipe)}
_KINDS: Mapping[str, Any] = {
    name: kind for name, kind in get_type_hints(Recipe).items() if name != "events"
}
_NAMES: Mapping[str, Callable[[], Iterable[str]]] = {
    "task": task_names,
    "tree": lambda: TREE_NAMES,
    "schedule": lambda: SCHEDULES,
    "penalty_states": lambda: PENALTY_STATES,
}
_LEAST = {
    "modulus": 2,
    **dict.fromkeys(("bits", "channels", "steps", "batch_size", "log_every", "eval_every"), 1),
    **dict.fromkeys(("layers", "learning_rate", "weight_decay", "clip", "seed", *LIVE_FIELDS), 0),
}


def _no_use(field: str, aggregations: Sequence[str]) -> ValueError:
    names = " and ".join(repr(name) for name in dict.fromkeys(aggregations))
    if field == "sire":
        return ValueError(
            f"sire regularises folds, such as gru_fold, and the aggregation is {names}: expected "
            "sire = 0"
        )
    return ValueError(f"{names} has no operator on states: expected {field} = 0")


def _checked(field: str, value: Any, kind: Any) -> Any:
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if not isinstance(value, kind) or isinstance(value, bool):
        raise TypeError(f"expected {field} to be {_A[kind]}, got {value!r}")
    if kind is float and not math.isfinite(value):
        raise ValueError(f"expected {field} to be finite, got {value}")
    if kind is str and (not value or any(c.isspace() for c in value)):
        raise ValueError(f"expected {field} to be one word, got {value!r}")
    return value


def _read(field: str, text: str, kind: Any) -> Any:
    try:
        return _checked(field, kind(text), kind)
    except ValueError as error:
        raise ValueError(f"expected {field} to be {_A[kind]}, got {text!r}") from error


def _written(value: Any) -> str:
    return repr(value).removesuffix(".0") if isinstance(value, float) else str(value)


_A = {int: "a whole number", float: "a finite number", str: "a word"}
