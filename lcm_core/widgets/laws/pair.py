"""A tuple of states and the two sides of a law, each in a plane through a cloud of others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from lcm_core.laws.maps import REACH, Plane, principal_plane
from lcm_core.laws.measure import arity, difference, distances_of, law_sides
from lcm_core.laws.populations import Population
from lcm_core.operators import Operator

__all__ = ["LETTERS", "Apart", "Clouds", "Points", "read_points", "sides_of"]

Points = tuple[tuple[float, float], ...]

#: For each law, the letters of its states and the names of its sides, of each pair of sides.
LETTERS = {"commutativity": "xy", "associativity": "xyz", "identity": "x", "exchange": "xab"}
SIDES = {
    "commutativity": [("x ⊕ y", "y ⊕ x")],
    "associativity": [("(x ⊕ y) ⊕ z", "x ⊕ (y ⊕ z)")],
    "identity": [("e ⊕ x", "x"), ("x ⊕ e", "x")],
    "exchange": [("(x ⊕ a) ⊕ b", "(x ⊕ b) ⊕ a")],
}
#: Where the states of a law begin, in standard deviations along the two components.
START: Points = ((-1.4, 0.8), (1.2, -0.9), (0.3, 1.7))
DOTS = 250  # of each cloud on the page


def sides_of(law: str) -> list[str]:
    """The two sides in words, such as `["e ⊕ x or x ⊕ e", "x"]`."""
    return [" or ".join(dict.fromkeys(names)) for names in zip(*SIDES[law], strict=True)]


def read_points(given: Sequence[Sequence[float]] | None) -> Points:
    """Three places (u, v) within the plane's reach, those given first.

    Raises:
        ValueError: they are no pairs of numbers, or more than three.
    """
    inside: list[tuple[float, float]] = []
    for point in given or []:
        if not isinstance(point, list | tuple) or len(point) != 2 or len(inside) == len(START):
            raise ValueError(
                f"expected points as up to {len(START)} pairs (u, v) in standard deviations, such "
                f"as ((-1.4, 0.8), (1.2, -0.9)), got {given!r}"
            )
        u, v = (round(min(max(float(each), -REACH), REACH), 3) for each in point)
        inside.append((u, v))
    return (*inside, *START[len(inside) :])


@dataclass(frozen=True, eq=False)
class Apart:
    """The two sides of a law for one tuple of states.

    Args:
        error: their distance, in units of s.
        states: the tuple, (arity, state_dim).
        sides: of the pair of sides that lies farther apart, (2, state_dim).
        names: of these sides.
        places: of both sides in the plane of results, in units of s, (2, 2).
    """

    error: float
    states: Float[np.ndarray, "arity state"]
    sides: Float[np.ndarray, "2 state"]
    names: tuple[str, str]
    places: Float[np.ndarray, "2 2"]

    @property
    def difference(self) -> np.ndarray:
        """The left side minus the right side; 0 where both are equal, also if infinite."""
        return difference(*torch.as_tensor(self.sides)).numpy()


@dataclass(frozen=True, eq=False)
class Clouds:
    """A population of states, and the results of a law over it, each in its principal plane.

    Args:
        law: one of `LAWS`.
        operator: the operator ⊕.
        states: the plane of the states, in standard deviations.
        results: the plane of both sides of the law.
        unit: s, the spread of the sides.
    """

    law: str
    operator: Operator
    states: Plane
    results: Plane
    unit: float

    @classmethod
    @torch.no_grad()
    def of(
        cls, operator: Operator, population: Population, law: str, unit: float, seed: int
    ) -> Clouds:
        """Draw tuples of states, and find the planes.

        Raises:
            ValueError: no plane fits the states, or the results.
        """
        states = population.states(operator)
        rows = torch.randint(
            len(states),
            (arity(law), len(states)),
            generator=torch.Generator().manual_seed(seed),
        )
        pairs = law_sides(law, operator, [states[row] for row in rows])
        results = torch.cat([side for pair in pairs for side in pair])
        return cls(law, operator, principal_plane(states), principal_plane(results), unit)

    @property
    def state_dots(self) -> np.ndarray:
        """(u, v) of some states, (m, 2)."""
        return _some(self.states.positions)

    @property
    def result_dots(self) -> np.ndarray:
        """Places of some results in their plane, in units of s, (m, 2)."""
        return _some(self.results.positions * self.results.scales / self.unit)

    @torch.no_grad()
    def apart(self, points: Points) -> Apart:
        """Compute both sides for the states at points (u, v)."""
        places = torch.tensor(points[: arity(self.law)], dtype=self.states.centre.dtype)
        states = self.states.states(places)
        pairs = law_sides(self.law, self.operator, states.split(1))
        distances = [float(distances_of([pair])) for pair in pairs]
        which = int(np.nanargmax([*distances, -1.0]) % len(pairs))
        sides = torch.cat(pairs[which])
        return Apart(
            error=distances[which] / self.unit,
            states=states.numpy(),
            sides=sides.numpy(),
            names=SIDES[self.law][which],
            places=self._places(sides),
        )

    def _places(self, results: Tensor) -> np.ndarray:
        offsets = difference(results, self.results.centre.expand_as(results))
        return (offsets @ self.results.axes.T / self.unit).numpy()


def _some(places: Tensor) -> np.ndarray:
    """At most `DOTS` of the places, evenly taken."""
    step = max(1, -(-len(places) // DOTS))
    return np.round(places[::step].double().numpy(), 3)
