"""Ragged reduction: sets of any sizes, each by its tree, with one operator call a level.

Open `ragged.py` first: `reduce` checks its input, `plan.py` says which states are combined, and
`paths.py` which code combines them: that of `engine.py`, or on a GPU of `fused.py`.
"""

from lcm_core.reduction.engine import Levels
from lcm_core.reduction.paths import use_kernels
from lcm_core.reduction.plan import ReductionPlan
from lcm_core.reduction.ragged import make_plan, reduce, trace

__all__ = [
    "Levels",
    "ReductionPlan",
    "make_plan",
    "reduce",
    "trace",
    "use_kernels",
]
