"""Laws found true or broken, in words, with the smallest counter-example that a search finds.

A search can refute a law but not prove it: a law that held wherever it was tried is said to hold
"on all … tried".
"""

from __future__ import annotations

import copy
import itertools

import torch
from torch import Tensor

from lcm_core.laws.measure import LAWS, arity, difference, law_sides
from lcm_core.laws.wording import LawInWords, LawsInWords, assigned, located, told_apart, written
from lcm_core.operators import FormulaOperator, Operator
from lcm_core.operators.find_identity import Identity, find_identity
from lcm_core.operators.formula import identity_of
from lcm_core.rounding import FORMULA, LAWS_IN_WORDS

__all__ = ["LawInWords", "LawsInWords", "laws_in_words"]

#: Tried first, in every combination, in this order of simplicity.
NUMBERS = (0.0, 1.0, -1.0, 2.0, -2.0, 0.5, -0.5, 3.0, -3.0, 10.0)
UNITS = 3
RANDOM = 1000
HUGE = 1e12  # larger results, close to a pole, are dominated by rounding
TUPLES = {1: "states", 2: "pairs", 3: "triples"}
EQUATIONS = {
    "commutativity": ("x ⊕ y", "y ⊕ x"),
    "associativity": ("(x ⊕ y) ⊕ z", "x ⊕ (y ⊕ z)"),
    "exchange": ("(x ⊕ y) ⊕ z", "(x ⊕ z) ⊕ y"),
}


def laws_in_words(operator: Operator, seed: int = 0) -> LawsInWords:
    """Try each law, and say in words whether it held.

    Laws are tried on lifted small elements first (0, 1, −1, 2, … in all features, or 1 in one
    feature), then on random ones, in double precision. A formula is tried on single numbers. The
    search can refute a law but not prove it.

    >>> from lcm_core import make_operator
    >>> found = laws_in_words(make_operator("formula(x-y)", channels=1))
    >>> found.summary
    'Order and tree matter: no commutative monoid.'
    >>> print(found["commutativity"])
    commutativity: broken at x = 0, y = 1: x ⊕ y = −1, but y ⊕ x = 1 (on ... pairs tried)

    Args:
        operator: the operator ⊕; a copy of it is tried.
        seed: of the random states.

    Returns:
        The findings by law, as text or, in a notebook, as a list. An exception of the operator is
        reported there, and not raised.
    """
    try:
        with torch.no_grad():
            return _Trial(operator, seed).laws()
    except Exception as error:
        words = f"x ⊕ y could not be computed: {type(error).__name__}: {error}"
        return LawsInWords(operator.name, {law: LawInWords(law, None, words) for law in LAWS})


class _Trial:
    """An operator, and the states on which it is tried."""

    def __init__(self, operator: Operator, seed: int):
        if isinstance(operator, FormulaOperator):
            operator = FormulaOperator(1, operator.formula, **operator.settings)
        self.operator = copy.deepcopy(operator).cpu().eval()
        channels, generator = operator.channels, torch.Generator().manual_seed(seed)
        small = torch.tensor(NUMBERS)[:, None].repeat(1, channels)
        if channels > 1:  # features may depend on each other: 1 in one of them, 0 in the others
            ones = torch.eye(channels)[:UNITS]
            small = torch.cat([small[:2], ones, small[2:]])[: len(NUMBERS)]
        sizes = torch.tensor([0.3, 1.0, 3.0, 1.0]).repeat(RANDOM // 4)[:, None]
        random = sizes * torch.randn(3, RANDOM, channels, generator=generator)
        elements = torch.cat([small, random.flatten(0, 1)]).double()
        try:
            self.operator.double()(*(self.operator.lift(elements),) * 2)
        except RuntimeError:  # it holds tensors of single precision: they are good enough
            self.operator.float()
            elements = elements.float()
        states = self.operator.lift(elements)
        self.small, self.random = (
            states[: len(NUMBERS)],
            states[len(NUMBERS) :].unflatten(0, (3, -1)),
        )
        self.tolerance = LAWS_IN_WORDS[64 if states.dtype == torch.float64 else 32]
        self.numbers = states.shape[1] == 1

    def laws(self) -> LawsInWords:
        """All of them."""
        laws = {law: self.tried(law) for law in EQUATIONS}
        found = self.find() if self.numbers else None
        laws["identity"] = self.identity(found)
        return LawsInWords(self.operator.name, {law: laws[law] for law in LAWS}, found)

    def tried(self, law: str) -> LawInWords:
        """A law about two or three states."""
        states = self.tuples(arity(law))
        ((left, right),) = law_sides(law, self.operator, states)
        unlike, undefined = self.compare(left, right)
        tuples, count = TUPLES[len(states)], len(left)
        if undefined.all():
            return LawInWords(law, None, f"not defined on any of the {count:,} {tuples} tried")
        if not unlike.any():
            missing = (left.isnan() | right.isnan()).any(1)
            return LawInWords(law, True, self.held(law, states, undefined, missing))
        first = int(unlike.int().argmax())
        at, sides = tuple(state[first] for state in states), (left[first], right[first])
        one, other = told_apart(*sides)
        equation = EQUATIONS[law]
        return LawInWords(
            law,
            False,
            f"broken at {assigned(at)}: {equation[0]} = {one}, but {equation[1]} = {other} "
            f"(on {int(unlike.sum()):,} of {count:,} {tuples} tried)",
            at,
            sides,
        )

    def held(self, law: str, states: tuple[Tensor, ...], undefined: Tensor, missing: Tensor) -> str:
        """The words for a law that no tuple broke."""
        operator, tuples = self.operator, TUPLES[len(states)]
        laws = {"commutativity": operator.commutative, "associativity": operator.associative}
        always = laws.get(law, all(laws.values()))
        words = "holds by construction, and" if always else "holds"
        if not undefined.any():
            return f"{words} on all {len(undefined):,} {tuples} tried"
        first = int(undefined.int().argmax())
        where = assigned(tuple(state[first] for state in states))
        why = f"it is not at {where}" if missing[first] else f"at {where} it is too large to tell"
        count = int((~undefined).sum())
        return f"{words} on all {count:,} {tuples} tried on which it is defined ({why})"

    def identity(self, found: Identity | None) -> LawInWords:
        """The finding about e, which the operator names or a search among numbers finds."""
        e = self.operator.identity
        if e is None or isinstance(self.operator, FormulaOperator):
            if not self.numbers:
                return LawInWords("identity", None, "the operator names none")
            return LawInWords("identity", found is not None and found.exact, located(found))
        (x,) = self.tuples(1)
        both = [self.compare(side, x) for side, _ in law_sides("identity", self.operator, [x])]
        unlike, undefined = both[0][0] | both[1][0], both[0][1] | both[1][1]
        named = f"e = {written(e)}"
        if undefined.all():
            return LawInWords("identity", None, f"{named}, with which nothing is defined")
        if not unlike.any():
            return LawInWords("identity", True, f"{named}: e ⊕ x = x = x ⊕ e wherever it was tried")
        first = int(unlike.int().argmax())
        e = e.expand_as(x)
        left, right = self.operator.combine(e, x)[first], self.operator.combine(x, e)[first]
        hint = f"; but {located(found)}" if found is not None and found.exact else ""
        return LawInWords(
            "identity",
            False,
            f"the operator names {named}, but at {assigned((x[first],))}: e ⊕ x = "
            f"{written(left)} and x ⊕ e = {written(right)}{hint}",
            (x[first],),
            (left, right),
        )

    def combine(self, x: Tensor, y: Tensor) -> Tensor:
        """x ⊕ y of numbers, in tensors of one shape."""
        dtype = self.small.dtype
        made = self.operator.combine(x.to(dtype).reshape(-1, 1), y.to(dtype).reshape(-1, 1))
        return made.double().view_as(x)

    def find(self) -> Identity | None:
        """Search for the identity of an operator on numbers."""
        if isinstance(self.operator, FormulaOperator):
            return identity_of(self.operator.formula, tuple(self.operator.settings.values()))
        return find_identity(self.combine, max(FORMULA, self.tolerance))

    def tuples(self, count: int) -> tuple[Tensor, ...]:
        """Small states in all combinations, the smallest first, then random ones."""
        rows = sorted(
            itertools.product(range(len(self.small)), repeat=count),
            key=lambda row: (max(row), sum(row)),
        )
        chosen = torch.tensor(rows).unbind(1)
        return tuple(torch.cat([self.small[r], self.random[i]]) for i, r in enumerate(chosen))

    def compare(self, left: Tensor, right: Tensor) -> tuple[Tensor, Tensor]:
        """Masks of the pairs that differ by more than rounding, and that cannot be compared."""
        size = 1 + torch.maximum(left.abs().nan_to_num(posinf=0), right.abs().nan_to_num(posinf=0))
        undefined = (left.isnan() | right.isnan() | (size > HUGE)).any(1)
        return (difference(left, right).abs() > self.tolerance * size).any(
            1
        ) & ~undefined, undefined
