"""Aggregations for PyTorch Geometric: a reduction by a tree, a recurrent fold, and PyG's own.

Open `lcm.py` first; `pyg.py` has the aggregations that ours are compared with.
"""

from lcm_core.aggregations.fold import FoldAggregation
from lcm_core.aggregations.lcm import LCMAggregation
from lcm_core.aggregations.pyg import Baseline, make_baseline

__all__ = [
    "Baseline",
    "FoldAggregation",
    "LCMAggregation",
    "make_baseline",
]
