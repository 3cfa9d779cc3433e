"""Aggregations for PyTorch Geometric: a reduction by a tree, a recurrent fold, and PyG's own.

Open `lcm.py` first; `pyg.py` has the aggregations that ours are compared with, `registry.py` the
names of all, `csr_graph.py` graphs whose messages do not fit into memory at once.
"""

from lcm_core.aggregations.csr_graph import CSRGraph, SampledGraph
from lcm_core.aggregations.explain import explain_path
from lcm_core.aggregations.fold import FoldAggregation
from lcm_core.aggregations.lcm import LCMAggregation
from lcm_core.aggregations.pyg import Baseline, make_baseline
from lcm_core.aggregations.registry import (
    aggregation_facts,
    aggregation_names,
    make_aggregation,
    register_aggregation,
)

__all__ = [
    "Baseline",
    "CSRGraph",
    "FoldAggregation",
    "LCMAggregation",
    "SampledGraph",
    "aggregation_facts",
    "aggregation_names",
    "explain_path",
    "make_aggregation",
    "make_baseline",
    "register_aggregation",
]
