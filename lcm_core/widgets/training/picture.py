"""What the picture beside the curves shows of an operator under training, as plain data."""

from __future__ import annotations

from functools import cache
from itertools import permutations
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from lcm_core.aggregations.base import SetAggregation
from lcm_core.laws.deviations import SharedTrees
from lcm_core.laws.maps import law_map
from lcm_core.laws.measure import law_report
from lcm_core.laws.populations import closure_population
from lcm_core.operators import Operator
from lcm_core.training.trainer import Trainer
from lcm_core.trees.polytopes import associahedron, permutohedron

__all__ = [
    "AT_FIRST",
    "HINTS",
    "KINDS",
    "SETS",
    "Placed",
    "Ways",
    "bracketed",
    "drawn",
    "ordered",
    "picture_of",
    "placed",
    "title_of",
    "ways_of",
]

#: Titles in the menu, and what the page draws.
KINDS = {
    "answers of all bracketings": "answers",
    "solid of all bracketings": "solid",
    "map of the associativity error": "map",
}

#: What ⊕ is if all ways to reduce a set give the same answer.
_LAWFUL = {"bracketing": "associative", "order": "symmetric"}

#: What stands above a picture, by what is drawn, and below it until the reader has touched it.
_TITLES = {
    "answers": "five sets, a dot per {}: tight = {}",
    "solid": "answers of one set",
    "map": "associativity error over the states",
}
HINTS = {
    "answers": "click a dot",
    "solid": "drag to turn, click a ball to name it",
    "map": "",
}


def title_of(kind: str, word: str) -> str:
    """What stands above a picture of the answers by every bracketing or order."""
    return _TITLES[kind].format(word, _LAWFUL[word])


#: The way that is chosen, and the angles of the solid.
AT_FIRST: dict[str, float | None] = {"chosen": None, "turn": 20, "tilt": 20}

SETS = 5
RESOLUTION = 21  # of the map
PARTNERS = 6


class Ways(NamedTuple):
    """The ways to reduce one set that should all give the same answer.

    Args:
        names: of each.
        edges: pairs of them that are one move apart.
        places: where each is drawn as the vertex of a solid.
        size: elements in a set.
        word: what one is called.
    """

    names: tuple[str, ...]
    edges: np.ndarray
    places: np.ndarray
    size: int
    word: str


@cache
def ways_of(has_operator: bool) -> Ways:
    """The 14 bracketings of five elements, or, without an operator, the 24 orders of four."""
    graph = associahedron(5) if has_operator else permutohedron(4)
    number = {node: place for place, node in enumerate(graph)}
    names = [
        node.bracketing() if has_operator else " ".join("abcd"[i] for i in node) for node in graph
    ]
    return Ways(
        names=tuple(names),
        edges=np.array([[number[one], number[other]] for one, other in graph.edges]),
        places=np.array([place for _, place in graph.nodes(data="place")]).round(4),
        size=5 if has_operator else 4,
        word="bracketing" if has_operator else "order",
    )


@torch.no_grad()
def bracketed(
    operator: Operator, elements: Float[Tensor, "sets n channels"]
) -> Float[Tensor, "sets ways state"]:
    """The answer of each set by every bracketing, with one call of the operator a height."""
    shared = SharedTrees.of(tuple(associahedron(elements.shape[1])))
    table = operator.lift(elements.transpose(0, 1))
    for left, right in shared.levels:
        sides = (table[torch.from_numpy(side)].flatten(0, 1) for side in (left, right))
        made = operator.combine(*sides).view(len(left), len(elements), -1)
        table = torch.cat([table, made.to(table.dtype)])
    return table[torch.from_numpy(shared.roots)].transpose(0, 1)


@torch.no_grad()
def ordered(
    aggregation: SetAggregation, elements: Float[Tensor, "sets n channels"]
) -> Float[Tensor, "sets ways out"]:
    """The answer of each set in every order of its elements."""
    orders = torch.tensor(list(permutations(range(elements.shape[1]))), device=elements.device)
    x = elements[:, orders]  # (sets, ways, n, channels)
    ptr = torch.arange(0, x[..., 0].numel() + 1, x.shape[2], device=x.device)
    return aggregation(x.flatten(0, 2), ptr=ptr).view(len(elements), len(orders), -1)


class Placed(NamedTuple):
    """Answers in a plane, in units of s: their root mean square distance from the mean of all.

    Args:
        points: (sets, ways, 2).
        deviations: of each answer from the mean of its set, (sets, ways).
        jumps: between the answers of the first set at the ends of each edge.
        spread: the root mean square of the deviations: the tree spread, or order spread.
    """

    points: np.ndarray
    deviations: np.ndarray
    jumps: np.ndarray
    spread: float


def placed(answers: Tensor, edges: np.ndarray, before: np.ndarray | None = None) -> Placed:
    """Place answers in the plane in which they vary most, turned so that it follows the last one.

    Args:
        answers: (sets, ways, state).
        edges: pairs of ways.
        before: the points of the last picture, (sets, ways, 2).
    """
    found = np.nan_to_num(answers.double().cpu().numpy(), nan=0.0, posinf=0.0, neginf=0.0)
    centred = found - found.mean((0, 1))
    s = float(np.sqrt((centred**2).sum(-1).mean()))
    unit = s if s > 1e-12 * (1 + float(np.abs(found).max())) else np.inf
    flat = centred.reshape(-1, found.shape[-1]) / unit
    axes = np.linalg.svd(flat, full_matrices=False)[2][:2]
    points = np.zeros((len(flat), 2))
    points[:, : len(axes)] = flat @ axes.T
    if before is not None and before.size == points.size:
        left, _, right = np.linalg.svd(points.T @ before.reshape(-1, 2))
        points = points @ (left @ right)
    apart = found - found.mean(1, keepdims=True)
    ends = found[0][edges]
    return Placed(
        points=points.reshape(*found.shape[:2], 2),
        deviations=np.linalg.norm(apart, axis=-1) / unit,
        jumps=np.linalg.norm(ends[:, 0] - ends[:, 1], axis=-1) / unit,
        spread=float(np.sqrt((apart**2).sum(-1).mean()) / unit),
    )


def picture_of(
    trainer: Trainer, kind: str, before: np.ndarray | None = None
) -> tuple[dict[str, Any], Placed]:
    """The picture of the operator as it is now, and its numbers; training is not changed.

    To be called between two steps.

    Args:
        trainer: of the run.
        kind: a value of `KINDS`.
        before: the points of the last picture.
    """
    aggregation = trainer.model.aggregation
    operator = aggregation.operator
    x, _ = trainer.encoded_elements()
    ways = ways_of(operator is not None)
    chosen = np.random.default_rng(trainer.recipe.seed).integers(len(x), size=(SETS, ways.size))
    elements = x[torch.from_numpy(chosen)]
    answers = ordered(aggregation, elements) if operator is None else bracketed(operator, elements)
    found = placed(answers, ways.edges, before)
    data = drawn(found, ways)
    if kind == "map":
        if operator is None:
            data["words"] = "no operator on states: no map"
        else:
            data["map"] = _map(operator, x, trainer.recipe.seed).round(4)
    return data, found


def drawn(found: Placed, ways: Ways) -> dict[str, Any]:
    """What the page draws of the answers of one recipe."""
    return {
        "names": ways.names,
        "edges": ways.edges,
        "places": ways.places,
        "word": ways.word,
        "points": found.points.round(3),
        "deviations": found.deviations[0].round(4),
        "jumps": found.jumps.round(4),
    }


@torch.no_grad()
def _map(operator: Operator, elements: Tensor, seed: int) -> np.ndarray:
    """Mean associativity errors over the plane of the states, row by row from below."""
    population = closure_population(elements, size=128, seed=seed)
    states = population.states(operator)
    unit = law_report(operator, states, ["associativity"], samples=128, seed=seed)["associativity"]
    found = law_map(
        operator, states, "associativity", unit.spread or 1.0,
        resolution=RESOLUTION, partners=PARTNERS, seed=seed,
    )  # fmt: skip
    return np.nan_to_num(found.values, posinf=1e6)
