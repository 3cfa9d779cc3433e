"""Plans of balanced trees that are made on a GPU, by a few kernels: for its own kernels.

`plan_on_device` makes one for sets that lie there: the host waits once, to learn how many pairs
each level has. `StaticPlan` is for sets whose sizes only the device knows: the host never waits.
"""

from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from lcm_core.reduction.codes import PairCodes
from lcm_core.reduction.plan import ReductionPlan

__all__ = ["DevicePlan", "StaticPlan", "plan_on_device"]

BLOCK = 256  # elements or sets of a program


class DevicePlan(ReductionPlan):
    """A plan as the fused kernels read it; the rest is made where another path asks for it.

    Args:
        num_sets, num_elements, num_empty, device: as of every plan.
        codes: of its pairs.
        make_rest: gives the whole plan.
    """

    def __init__(
        self, num_sets: int, num_elements: int, num_empty: int, codes: PairCodes, make_rest: Any
    ):
        vars(self).update(
            num_sets=num_sets,
            num_elements=num_elements,
            num_empty=num_empty,
            device=codes.codes.device,
            codes=codes,
            make_rest=make_rest,
        )

    def __getattr__(self, name: str) -> Any:
        """The parts of the whole plan, which is made when one of them is asked for first."""
        if name not in ("bounds", "pieces", "late", "pairs", "roots", "set_rows"):
            raise AttributeError(name)
        vars(self)["whole"] = whole = self.make_rest()
        vars(self).update({k: v for k, v in vars(whole).items() if k != "codes"})
        return getattr(whole, name)
