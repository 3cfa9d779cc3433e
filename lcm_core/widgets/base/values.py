"""The elements that a caller may give to a panel."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

__all__ = ["Values", "as_elements"]

Values = Tensor | np.ndarray | Sequence[float] | Sequence[Sequence[float]]


def as_elements(values: Values) -> Tensor:
    """Elements (n, channels), from that shape or from n numbers.

    Raises:
        ValueError: values of another shape.
    """
    elements = torch.as_tensor(values, dtype=torch.float32).detach().cpu()
    if elements.ndim == 1:
        elements = elements[:, None]
    if elements.ndim != 2:
        raise ValueError(f"expected values of shape (n, channels), got {tuple(elements.shape)}")
    return elements
