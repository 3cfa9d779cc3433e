"""The few elements that an explorer of bracketings or orders reduces."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from lcm_core.widgets.operators.menu import OperatorMenu
from lcm_core.widgets.trees.sources import Values, as_elements

MOST = 6


class PolytopeSet:
    """Given elements, those that came with an operator, or Gaussian ones.

    Args:
        values: the given ones, `(m, channels)` or m numbers; None if there are none.
        n: how many will be asked for first.
        channels: the width of Gaussian ones, unless the operator says it.
    """

    def __init__(self, values: Values | None, n: int, channels: int):
        self._values = None if values is None else as_elements(values)
        if self._values is not None and len(self._values) < n:
            raise ValueError(f"expected at least n = {n} values, got {len(self._values)}")
        self._channels, self._draws = channels, 0

    def draw_anew(self) -> None:
        """From now on others: of given ones a random choice instead of the first."""
        self._draws += 1

    def choose(self, n: int, seed: int, menu: OperatorMenu) -> Tensor:
        """(n, channels); Gaussian ones are the first n of the same, whatever n is.

        Raises:
            ValueError: there are not as many.
        """
        generator = np.random.default_rng([seed, self._draws])
        given = menu.elements if self._values is None else self._values
        if given is None:
            drawn = generator.standard_normal((MOST, menu.channels or self._channels))
            return torch.tensor(drawn[:n], dtype=torch.float32)
        if len(given) < n:
            raise ValueError(f"{n} elements are asked for, and there are {len(given)}")
        rows = generator.permutation(len(given))[:n] if self._draws else np.arange(n)
        return given[torch.as_tensor(rows)]
