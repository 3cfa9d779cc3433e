"""Law errors over a plane through state space: where a law holds, and where not."""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from lcm_core.laws.measure import arity, difference, distances_of, law_sides
from lcm_core.laws.populations import Population
from lcm_core.operators import Operator
from lcm_core.operators.devices import beside
from lcm_core.reduction.checks import check_states

__all__ = [
    "PARTNERS",
    "REACH",
    "RESOLUTION",
    "LawMap",
    "Plane",
    "Probe",
    "law_map",
    "principal_plane",
]

REACH = 3.0  # standard deviations from the mean to the edge of a map
RESOLUTION = 31  # pixels along each side
PARTNERS = 16


@dataclass(frozen=True)
class Plane:
    """The plane in which a population of states varies most.

    Point (u, v) is the state centre + u σ₁ p₁ + v σ₂ p₂, with the mean, the first two principal
    directions p and the standard deviations σ along them.

    Args:
        centre: the mean state; infinite where every state is.
        axes: p₁ and p₂, of length 1; p₂ is 0 where all states lie on a line.
        scales: σ₁ and σ₂.
        share: of the variance that lies in the plane, 0 to 1.
        positions: (u, v) of each state of the population that has no further infinite entry.
    """

    centre: Float[Tensor, " state"]
    axes: Float[Tensor, "2 state"]
    scales: Float[Tensor, " 2"]
    share: float
    positions: Float[Tensor, "m 2"]

    def states(self, points: Float[Tensor, "n 2"]) -> Float[Tensor, "n state"]:
        """The states at points (u, v)."""
        return self.centre + (points * self.scales) @ self.axes


def principal_plane(states: Float[Tensor, "m state"]) -> Plane:
    """Fit the plane to states. Features that are infinite in all of them stay so.

    Raises:
        ValueError: fewer than 3 states have no other infinite entry, or all of these are alike.
    """
    finite = states.isfinite()
    held = ~finite.any(0)
    usable = states[(finite | held).all(1)].double()
    if len(usable) < 3:
        raise ValueError(
            f"no plane through these states: only {len(usable)} of {len(states)} are finite"
        )
    known = torch.where(held, 0.0, usable)
    mean = known.mean(0)
    centred = known - mean
    _, lengths, directions = torch.linalg.svd(centred, full_matrices=False)
    if lengths[0] <= 1e-6 * known.norm() or lengths[0] == 0:
        raise ValueError("no plane through these states: they are all alike")
    axes, scales = centred.new_zeros(2, states.shape[1]), centred.new_zeros(2)
    for k in range(min(2, len(lengths))):
        if lengths[k] > 1e-6 * lengths[0]:
            sign = directions[k, directions[k].abs().argmax()].sign()  # else it is arbitrary
            axes[k], scales[k] = sign * directions[k], lengths[k] / len(usable) ** 0.5
    positions = centred @ axes.T / torch.where(scales > 0, scales, 1.0)
    return Plane(
        centre=torch.where(held, usable[0], mean).to(states.dtype),
        axes=axes.to(states.dtype),
        scales=scales.to(states.dtype),
        share=float(scales.square().sum() * len(usable) / lengths.square().sum()),
        positions=positions.to(states.dtype),
    )


@dataclass(frozen=True)
class Probe:
    """The numbers behind one pixel, for the tuple of states with the largest error there.

    Args:
        position: (u, v).
        errors: of all tuples of the pixel, whose mean the pixel shows.
        which: the tuple of the largest of them.
        states: that tuple: x on the plane, then its partners.
        sides: the two states that the law says are equal.
    """

    position: tuple[float, float]
    errors: np.ndarray
    which: int
    states: np.ndarray
    sides: tuple[np.ndarray, np.ndarray]

    @property
    def value(self) -> float:
        """The mean error, which the pixel shows."""
        return float(self.errors.mean())

    @property
    def difference(self) -> np.ndarray:
        """The left side minus the right side; 0 where both are equal, also if infinite."""
        return difference(*map(torch.as_tensor, self.sides)).numpy()


@dataclass(frozen=True)
class LawMap:
    """A law's error for each state on a plane through a population.

    Each pixel is a state x. The other states of the law are `partners`, the same for all pixels. A
    pixel shows the mean error over them. Identity has no partners: its pixel is one error.

    >>> from lcm_core import gaussian_population, make_operator
    >>> half = make_operator("formula((x+y)/2)", channels=2)
    >>> errors = law_map(half, gaussian_population(2), "associativity", unit=1.0, resolution=5)
    >>> errors.values.shape, bool(errors.values.min() > 0)
    ((5, 5), True)

    Attributes:
        law: one of `LAWS`.
        operator: the operator ⊕.
        plane: the plane in which the population varies most; `plane.states` gives its states.
        u, v: coordinates of the columns and rows of pixels, in standard deviations from the mean.
        partners: (K, arity − 1, state_dim); K is 1 for identity.
        unit: the divisor of all distances.
        errors: (rows, columns, K).
    """

    law: str
    operator: Operator
    plane: Plane
    u: np.ndarray
    v: np.ndarray
    partners: Tensor
    unit: float
    errors: np.ndarray

    @property
    def values(self) -> np.ndarray:
        """The mean error of each pixel, (rows, columns)."""
        return self.errors.mean(-1)

    def probe(self, row: int, column: int) -> Probe:
        """Compute one pixel again, and keep its states.

        Args:
            row, column: of the pixel; row 0 has the lowest v.

        Returns:
            The errors of the pixel's tuples, and the states and sides of the worst tuple.
        """
        u, v = float(self.u[column]), float(self.v[row])
        with torch.no_grad():
            x = self.plane.states(self.partners.new_tensor([[u, v]]))
            tuples = [x.expand(len(self.partners), -1), *self.partners.unbind(1)]
            pairs = law_sides(self.law, self.operator, tuples)
            errors = distances_of(pairs) / self.unit
            which = int(errors.nan_to_num(posinf=torch.inf).argmax())
            left, right = max(pairs, key=lambda pair: float(distances_of([pair])[which]))
        return Probe(
            position=(u, v),
            errors=errors.double().cpu().numpy(),
            which=which,
            states=torch.stack([state[which] for state in tuples]).cpu().numpy(),
            sides=(left[which].cpu().numpy(), right[which].cpu().numpy()),
        )


@torch.no_grad()
def law_map(
    operator: Operator,
    population: Population | Float[Tensor, "m state"],
    law: str,
    unit: float,
    *,
    resolution: int = RESOLUTION,
    partners: int = PARTNERS,
    seed: int = 0,
) -> LawMap:
    """Measure a law on a plane through a population of states.

    The plane is spanned by the first two principal directions of the states. It reaches 3 standard
    deviations to each side of their mean.

    >>> from lcm_core import gaussian_population, law_report, make_operator
    >>> op, states = make_operator("max", channels=2), gaussian_population(2)
    >>> unit = law_report(op, states)["associativity"].spread
    >>> float(law_map(op, states, "associativity", unit, resolution=5).values.max())
    0.0

    Args:
        operator: the operator ⊕.
        population: the states (m, state_dim) or a `Population`; the partners are drawn from them.
        law: one of `LAWS`.
        unit: the divisor of distances. The `spread` of a `LawError` makes the errors of map and
            report comparable; 1 gives distances.
        resolution: pixels along each side; a population on a line has one row.
        partners: number of tuples of other states whose mean a pixel shows.
        seed: of the drawing of partners.

    Raises:
        ValueError: an unknown law; a unit that is not positive; no plane fits the states; or the
            law is identity, and the operator has none.
    """
    if isinstance(population, Population):
        states = population.states(operator)
    else:
        states = beside(operator, population)
    check_states(operator, states)
    if not unit > 0:
        raise ValueError(f"expected a unit above 0, got {unit}")
    others = arity(law) - 1
    plane = principal_plane(states)
    u = torch.linspace(-REACH, REACH, resolution, dtype=states.dtype)
    v = u if plane.scales[1] > 0 else torch.zeros(1, dtype=states.dtype)
    count = partners if others else 1
    rows = torch.randint(
        len(states), (count, others), generator=torch.Generator().manual_seed(seed)
    )
    drawn = states[rows.to(states.device)]
    points = torch.stack(torch.meshgrid(u, v, indexing="xy"), -1).view(-1, 2).to(states.device)
    x = plane.states(points).repeat_interleave(count, 0)
    tuples = [x, *(drawn[:, k].repeat(len(points), 1) for k in range(others))]
    errors = distances_of(law_sides(law, operator, tuples)) / unit
    return LawMap(
        law=law,
        operator=operator,
        plane=plane,
        u=u.numpy(),
        v=v.numpy(),
        partners=drawn,
        unit=unit,
        errors=errors.view(len(v), len(u), count).double().cpu().numpy(),
    )
