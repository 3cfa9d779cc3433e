from __future__ import annotations

import math
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor, nn

from lcm_core.operators.base import Operator, operator_class, register_family, without_infinity
from lcm_core.operators.find_identity import Identity, find_identity
from lcm_core.operators.formula_parser import LARGEST_NUMBER, FormulaError, parse_formula
from lcm_core.operators.formula_tree import Formula

__all__ = ["FormulaOperator", "identity_of"]

DEFAULT_VALUE = 1.0
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)


class FormulaOperator(Operator):
    """x ⊕ y by a formula, in each feature alone; its parameters are learned with the rest.

    >>> twice = FormulaOperator(1, "x + y + a*x*y", a=0.5)
    >>> twice.name, twice.identity.item()
    ('formula(x+y+a*x*y;a=0.5)', 0.0)

    The identity is looked for when the operator is made, with the values that the parameters have
    then. The name, which has no blanks, is enough to make the operator again.

    Args:
        channels: width of an element, any.
        formula: what `lcm_core.operators.formula_parser` reads.
        learn_identity: learn it, from the number that was found, or else from 0. An infinite one
            stays fixed.
        **parameters: the values of its parameters to begin with (default: 1).

    Raises:
        FormulaError: what is wrong with the formula, or a parameter that it does not have.
    """

    learns_identity = True

    def __init__(
        self,
        channels: int,
        formula: str | Formula,
        /,
        *,
        learn_identity: bool = False,
        **parameters: int | float,
    ):
        parsed = parse_formula(formula) if isinstance(formula, str) else formula
        values = _checked(parsed, parameters)
        found = identity_of(parsed, tuple(values.values()))
        start = found.value if found is not None and found.exact else None
        learn = learn_identity and (start is None or math.isfinite(start))
        super().__init__(channels, identity=None if learn else start, learn_identity=learn)
        self.formula = parsed
        self.name = formula_name(parsed, values)
        self._start = (start or 0.0, values)
        self.values = nn.ParameterList(nn.Parameter(torch.tensor(v)) for v in values.values())
        self.reset_parameters()

    @property
    def settings(self) -> dict[str, Any]:
        """The values of the parameters now, with no more digits than they have."""
        values = (float(str(value.detach().cpu().numpy())) for value in self.values)
        return dict(zip(self.formula.parameters, values, strict=True))

    def reset_parameters(self) -> None:
        """Back to the values to begin with."""
        identity, values = self._start
        with torch.no_grad():
            for parameter, value in zip(self.values, values.values(), strict=True):
                parameter.fill_(value)
            if isinstance(self.identity, nn.Parameter):
                self.identity.fill_(identity)

    def forward(self, left: Tensor, right: Tensor) -> Tensor:
        return self.formula(
            left, right, dict(zip(self.formula.parameters, self.values, strict=True))
        )

    def lower(self, state: Tensor) -> Tensor:
        if self.identity is None or isinstance(self.identity, nn.Parameter):
            return state
        return without_infinity(state) if self._start[0] in (math.inf, -math.inf) else state

    def extra_repr(self) -> str:
        return f"channels={self.channels}, {self.name}"


@lru_cache(maxsize=256)
def identity_of(formula: Formula, values: tuple[float, ...]) -> Identity | None:
    """Where the identity is when the parameters have these values, in their order."""
    names = dict(zip(formula.parameters, values, strict=True))
    tensors = {name: torch.tensor(value, dtype=torch.float64) for name, value in names.items()}
    return find_identity(lambda x, y: formula(x, y, tensors))


def formula_name(formula: Formula, values: dict[str, float]) -> str:
    """One word that `make_operator` and recipes know: `formula(x+y+a*x*y;a=0.5)`."""
    settings = [f"{name}={repr(value).removesuffix('.0')}" for name, value in values.items()]
    return f"formula({';'.join([formula.text, *settings])})"


@register_family("formula")
@lru_cache(maxsize=256)
def formula_class(name: str) -> type[FormulaOperator]:
    """The operator class of a name that `formula_name` wrote.

    Raises:
        FormulaError: it is not such a name.
    """
    if not name.endswith(")"):
        raise FormulaError(f"expected a closing bracket at the end of {name!r}")
    text, *settings = name.removeprefix("formula(").removesuffix(")").split(";")
    formula = parse_formula(text)
    parameters: dict[str, Any] = {}
    for setting in settings:
        parameter, _, value = setting.partition("=")
        if not _NUMBER.fullmatch(value) or parameter in parameters:
            raise FormulaError(f"expected one parameter=number after each ;, got {setting!r}")
        parameters[parameter] = float(value)
    _checked(formula, parameters)

    class Bound(FormulaOperator):
        """The formula of this name."""

        def __init__(self, channels: int, **options: Any):
            super().__init__(channels, formula, **options, **parameters)

    Bound.made_by = (operator_class, name)
    return Bound


def _checked(formula: Formula, parameters: Mapping[str, int | float]) -> dict[str, float]:
    """A value for each parameter of the formula, in its order."""
    if unused := [name for name in parameters if name not in formula.parameters]:
        has = ", ".join(formula.parameters) or "none"
        raise FormulaError(f"{unused[0]!r} is no parameter of {formula.text}: it has {has}")
    for name, value in parameters.items():
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise FormulaError(f"expected {name} to be a number, got {value!r}")
        if not abs(value) <= LARGEST_NUMBER:
            raise FormulaError(f"expected {name} within ±{LARGEST_NUMBER:,.0f}, got {value}")
    return {name: float(parameters.get(name, DEFAULT_VALUE)) for name in formula.parameters}
