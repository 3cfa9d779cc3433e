"""Law errors of operators.

A law says that two expressions give the same state for every choice of states. Its error is the
distance of the two sides, divided by the spread s of all sides, s² = E‖u − ū‖². So it is unitless,
and neither an offset nor the scale of the states hides it.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from lcm_core.errors import unknown
from lcm_core.laws.populations import Population
from lcm_core.laws.search import search_largest
from lcm_core.operators import Operator
from lcm_core.operators.devices import beside
from lcm_core.reduction.checks import check_finite, check_states
from lcm_core.rounding import SPREAD_UNITS

__all__ = [
    "LAWS",
    "LawError",
    "LawReport",
    "Sides",
    "arity",
    "associativity_error",
    "commutativity_error",
    "difference",
    "distances_of",
    "exchange_error",
    "identity_error",
    "law_report",
    "law_sides",
    "unit_of",
    "variance",
]

Sides = list[tuple[Tensor, Tensor]]


def _commutativity(op: Operator, x: Tensor, y: Tensor) -> Sides:
    return [(op.combine(x, y), op.combine(y, x))]


def _associativity(op: Operator, x: Tensor, y: Tensor, z: Tensor) -> Sides:
    return [(op.combine(op.combine(x, y), z), op.combine(x, op.combine(y, z)))]


def _identity(op: Operator, x: Tensor) -> Sides:
    if op.identity is None:
        raise ValueError(f"{op.name!r} has no identity whose law could be measured")
    e = op.identity.to(x.dtype).expand_as(x)
    return [(op.combine(e, x), x), (op.combine(x, e), x)]


def _exchange(op: Operator, x: Tensor, a: Tensor, b: Tensor) -> Sides:
    return [(op.combine(op.combine(x, a), b), op.combine(op.combine(x, b), a))]


_SIDES: dict[str, tuple[int, Callable[..., Sides]]] = {
    "commutativity": (2, _commutativity),
    "associativity": (3, _associativity),
    "identity": (1, _identity),
    "exchange": (3, _exchange),
}
#: The laws that can be measured: commutativity, associativity, identity, exchange.
LAWS = tuple(_SIDES)


@dataclass(frozen=True)
class LawError:
    """The distribution of one law's error over a population (unitless).

    The error of a tuple of states is the distance of the two sides of the law, divided by the
    spread s of all sides, s² = E‖u − ū‖². So 0 means that the law holds, and 1 that the two sides
    are as far apart as the states typically are from their mean.

    >>> from lcm_core import make_operator
    >>> states = torch.tensor([[0.0], [1.0]])
    >>> error = commutativity_error(make_operator("formula(x-y)", channels=1), states)
    >>> error.samples, error.ci_low < error.mean < error.ci_high, error.median <= error.max
    (1000, True, True)

    Attributes:
        law: its name; "order spread" or "tree spread" for a whole aggregation.
        mean, median, p95, max: of the errors of the samples; p95 is the 95th percentile.
        samples: number of tuples drawn (of sets, for a spread).
        ci_low, ci_high: 95 % confidence interval of the mean.
        spread: s, in the units of the states; 0 if it is below rounding.
        degenerate: whether s is 0: all outputs are equal, the error is absolute and says little.
        largest_found: the largest error that gradient ascent found, a lower bound of the worst
            case; None if it was not asked for.
        values: the errors of all samples, (samples,).
        largest_at: the states with the error `largest_found`, (arity, state_dim), or None.
    """

    law: str
    mean: float
    median: float
    p95: float
    max: float
    samples: int
    ci_low: float
    ci_high: float
    spread: float
    degenerate: bool
    largest_found: float | None = None
    values: np.ndarray = field(repr=False, compare=False, default_factory=lambda: np.empty(0))
    largest_at: np.ndarray | None = field(repr=False, compare=False, default=None)

    @classmethod
    def of(
        cls,
        law: str,
        distances: Tensor,
        spread: Tensor,
        largest: float | None = None,
        largest_at: Tensor | None = None,
    ) -> "LawError":
        """Summarise distances between states.

        Args:
            law: its name.
            distances: (m,), in the units of the states.
            spread: s, a scalar.
            largest, largest_at: as `largest_found` and `largest_at`.
        """
        s = float(spread)
        values = (distances.detach() / unit_of(spread)).double().cpu().numpy()
        mean, m = float(values.mean()), len(values)
        half = 1.96 * float(values.std(ddof=1)) / math.sqrt(m) if m > 1 else math.inf
        return cls(
            law=law,
            mean=mean,
            median=float(np.median(values)),
            p95=float(np.quantile(values, 0.95)),
            max=float(values.max()),
            samples=m,
            ci_low=max(0.0, mean - half),
            ci_high=mean + half,
            spread=s,
            degenerate=s == 0,
            largest_found=largest,
            values=values,
            largest_at=None if largest_at is None else largest_at.cpu().numpy(),
        )


class LawReport(Mapping[str, LawError]):
    """Law errors by name; `print(report)` shows them as a table.

    A mapping from the names of laws to `LawError`.

    >>> from lcm_core import law_report, make_operator
    >>> states = torch.tensor([[0.0], [1.0]])
    >>> report = law_report(make_operator("max", channels=1), states, samples=100)
    >>> list(report)
    ['commutativity', 'associativity', 'identity', 'exchange']
    >>> report["associativity"].max
    0.0

    Args:
        operator_name: for the heading of the table.
        errors: one for each law.
    """

    def __init__(self, operator_name: str, errors: Sequence[LawError]):
        self.operator_name = operator_name
        self._errors = {error.law: error for error in errors}

    def __getitem__(self, law: str) -> LawError:
        return self._errors[law]

    def __iter__(self) -> Iterator[str]:
        return iter(self._errors)

    def __len__(self) -> int:
        return len(self._errors)

    def text(self) -> str:
        """The report as a table, one law a line; three significant digits."""
        rows: list[tuple[str, ...]] = [
            ("law", "mean", "95 % CI of the mean", "median", "p95", "max", "largest found")
        ]
        for e in self.values():
            numbers = [f"{v:.3g}" for v in (e.median, e.p95, e.max)]
            found = "–" if e.largest_found is None else f"{e.largest_found:.3g}"
            mean = f"{e.mean:.3g}" + (" (degenerate)" if e.degenerate else "")
            rows.append((e.law, mean, f"{e.ci_low:.3g} to {e.ci_high:.3g}", *numbers, found))
        widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
        lines = ["  ".join(c.ljust(w) for c, w in zip(r, widths, strict=True)) for r in rows]
        return "\n".join([f"Law errors of {self.operator_name}", *(ln.rstrip() for ln in lines)])

    __str__ = text


def law_report(
    operator: Operator,
    states: Float[Tensor, "m state"] | Population,
    laws: Sequence[str] | None = None,
    *,
    samples: int = 1000,
    seed: int = 0,
    search_steps: int = 0,
    should_stop: Callable[[], bool] | None = None,
) -> LawReport:
    """Measure the laws of an operator over a population of states.

    >>> from lcm_core import gaussian_population, make_operator
    >>> _ = torch.manual_seed(0)
    >>> op = make_operator("symmetrized_gru", channels=8)
    >>> report = law_report(op, gaussian_population(8), ["commutativity", "associativity"])
    >>> report["commutativity"].max < 1e-6  # by construction
    True
    >>> 0.1 < report["associativity"].mean < 2  # not associative before training
    True

    Args:
        operator: the operator ⊕.
        states: states (m, state_dim), or a `Population`, from which tuples are drawn with
            replacement.
        laws: among `LAWS` (default: all; identity only if the operator has one).
        samples: number of tuples drawn.
        seed: of the drawing.
        search_steps: steps of gradient ascent for `largest_found`; 0 does not search. The search
            changes the elements of a population, or plain states themselves. It keeps them within
            the population's largest distance from its mean.
        should_stop: called between ascent steps; True ends the search.

    Raises:
        ValueError: an unknown law (the nearest names are given); identity, if the operator has
            none; states of a wrong shape, not finite, or none at all.
        TypeError: states of a dtype that is not floating, or not that of the operator.
    """
    if laws is None:
        laws = [law for law in LAWS if law != "identity" or operator.identity is not None]
    arguments = (operator, states, samples, seed, search_steps, should_stop)
    return LawReport(operator.name, [_law_error(law, *arguments) for law in laws])


def commutativity_error(
    operator: Operator, states: Tensor | Population, **options: Any
) -> LawError:
    """Measure commutativity: ‖x⊕y − y⊕x‖ / s.

    >>> from lcm_core import make_operator
    >>> states = torch.tensor([[0.0], [1.0], [3.0]])
    >>> commutativity_error(make_operator("sum", channels=1), states).max
    0.0

    Args:
        operator: the operator ⊕.
        states: states (m, state_dim), or a `Population`.
        **options: `samples`, `seed`, `search_steps`, `should_stop`, as in `law_report`.

    Raises:
        ValueError, TypeError: as in `law_report`.
    """
    return law_report(operator, states, ["commutativity"], **options)["commutativity"]


def associativity_error(
    operator: Operator, states: Tensor | Population, **options: Any
) -> LawError:
    """Measure associativity: ‖(x⊕y)⊕z − x⊕(y⊕z)‖ / s.

    >>> from lcm_core import make_operator
    >>> states = torch.tensor([[0.0], [1.0], [3.0]])
    >>> half = make_operator("formula((x+y)/2)", channels=1)  # commutative, not associative
    >>> commutativity_error(half, states).max, associativity_error(half, states).max > 0.5
    (0.0, True)

    Args:
        operator: the operator ⊕.
        states: states (m, state_dim), or a `Population`.
        **options: `samples`, `seed`, `search_steps`, `should_stop`, as in `law_report`.

    Raises:
        ValueError, TypeError: as in `law_report`.
    """
    return law_report(operator, states, ["associativity"], **options)["associativity"]


def identity_error(operator: Operator, states: Tensor | Population, **options: Any) -> LawError:
    """Measure the identity: max(‖e⊕x − x‖, ‖x⊕e − x‖) / s.

    >>> from lcm_core import make_operator
    >>> maximum = make_operator("max", channels=1)
    >>> maximum.identity.item(), identity_error(maximum, torch.tensor([[0.0], [1.0]])).max
    (-inf, 0.0)

    Args:
        operator: the operator ⊕, with an identity e.
        states: states (m, state_dim), or a `Population`.
        **options: `samples`, `seed`, `search_steps`, `should_stop`, as in `law_report`.

    Raises:
        ValueError: the operator has no identity; and as in `law_report`.
        TypeError: as in `law_report`.
    """
    return law_report(operator, states, ["identity"], **options)["identity"]


def exchange_error(operator: Operator, states: Tensor | Population, **options: Any) -> LawError:
    """Measure the exchange law: ‖(x⊕a)⊕b − (x⊕b)⊕a‖ / s.

    Exchange and a two-sided identity hold together exactly when ⊕ is a commutative monoid.
    Exchange alone is weaker: x − y has it.

    >>> from lcm_core import make_operator
    >>> minus, states = make_operator("formula(x-y)", channels=1), torch.tensor([[0.0], [1.0]])
    >>> exchange_error(minus, states).max, commutativity_error(minus, states).max > 1
    (0.0, True)

    Source: Cohen-Karlik et al., NeurIPS 2020, arXiv 2010.13055 (SIRE), for recurrent networks.

    Args:
        operator: the operator ⊕.
        states: states (m, state_dim), or a `Population`.
        **options: `samples`, `seed`, `search_steps`, `should_stop`, as in `law_report`.

    Raises:
        ValueError, TypeError: as in `law_report`.
    """
    return law_report(operator, states, ["exchange"], **options)["exchange"]


def difference(a: Tensor, b: Tensor) -> Tensor:
    """a − b, and 0 where both are equal: infinite entries may be."""
    same = a == b
    return torch.where(same, 0.0, torch.where(same, 0.0, a) - torch.where(same, 0.0, b))


def variance(sides: Sides) -> Float[Tensor, ""]:
    """s² = E‖u − ū‖² over all states compared; 0 where it is only rounding.

    Infinite entries do not count.
    """
    outputs = torch.cat([side for pair in sides for side in pair])
    finite = outputs.isfinite()
    known = torch.where(finite, outputs, 0.0)
    count = finite.sum(0).clamp_min(1)
    centred = torch.where(finite, known - known.sum(0) / count, 0.0)
    s2, size2 = ((v.square().sum(0) / count).sum() for v in (centred, known))
    return torch.where(s2 > (SPREAD_UNITS * torch.finfo(s2.dtype).eps) ** 2 * size2, s2, 0.0)


def unit_of(s: Tensor) -> Tensor:
    """The divisor of errors: s or s², or 1 if that is 0."""
    return torch.where(s > 0, s, 1.0)


def arity(law: str) -> int:
    """Number of states in a law, such as 3 for associativity.

    Raises:
        ValueError: an unknown law (the nearest names are given).
    """
    if law not in _SIDES:
        raise unknown("law", law, LAWS)
    return _SIDES[law][0]


def law_sides(law: str, operator: Operator, states: Sequence[Tensor]) -> Sides:
    """The two sides of a law for each tuple of states; two pairs of sides for identity."""
    if len(states) != arity(law):
        raise ValueError(
            f"{law} speaks of {arity(law)} states, got {len(states)} batches of states"
        )
    return _SIDES[law][1](operator, *states)


def distances_of(sides: Sides) -> Float[Tensor, " m"]:
    """Distances of the two sides; the larger distance if there are two pairs of sides."""
    return torch.stack([difference(a, b).norm(dim=-1) for a, b in sides]).amax(0)


def _law_error(
    law: str,
    operator: Operator,
    population: Tensor | Population,
    samples: int,
    seed: int,
    search_steps: int,
    should_stop: Callable[[], bool] | None,
) -> LawError:
    count = arity(law)
    with torch.no_grad():
        if isinstance(population, Tensor):
            population = beside(operator, population)
        states = population if isinstance(population, Tensor) else population.states(operator)
        check_states(operator, states)
        check_finite(states, operator.nothing)
        if len(states) == 0 or samples < 1:
            raise ValueError(f"expected states and samples, got {len(states)} and {samples}")
        generator = torch.Generator().manual_seed(seed)
        rows = torch.randint(len(states), (count, samples), generator=generator).to(states.device)
        sides = law_sides(law, operator, [states[r] for r in rows])
        distances, s = distances_of(sides), variance(sides).sqrt()
    largest = largest_at = None
    if search_steps > 0:
        worst = distances.topk(min(16, samples)).indices
        largest, largest_at = float(distances.max() / unit_of(s)), states[rows[:, worst[0]]]

        def errors(states: Tensor) -> Tensor:
            return distances_of(law_sides(law, operator, states.chunk(count))) / unit_of(s)

        start = rows[:, worst].flatten()
        found = search_largest(operator, population, start, errors, search_steps, should_stop)
        if found is not None and found.error > largest:
            largest = found.error
            largest_at = found.states.view(count, len(worst), -1)[:, found.which]
    return LawError.of(law, distances, s, largest, largest_at)
