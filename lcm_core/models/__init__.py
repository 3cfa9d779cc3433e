"""Networks around an aggregation, for sets, molecules, and properties of graphs.

Open `networks.py` first; `names.py` says what the name of an aggregation in a recipe means.
"""

from lcm_core.models.names import aggregation_names, make_aggregation
from lcm_core.models.networks import GraphModel, SetModel, describe_model, make_model

__all__ = [
    "GraphModel",
    "SetModel",
    "aggregation_names",
    "describe_model",
    "make_aggregation",
    "make_model",
]
