"""Chain against tree: what reducing one large set costs, and which gradients reach its elements.

Open `cost.py` first: `measure` times one of `methods.py`.
"""

from lcm_core.depth.cost import Cost, measure
from lcm_core.depth.methods import METHODS, make_method

__all__ = [
    "METHODS",
    "Cost",
    "make_method",
    "measure",
]
