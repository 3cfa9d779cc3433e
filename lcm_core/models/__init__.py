"""Networks around an aggregation, for sets, molecules, and properties of graphs.

Open `networks.py` first.
"""

from lcm_core.models.networks import GraphModel, SetModel, describe_model, make_model

__all__ = [
    "GraphModel",
    "SetModel",
    "describe_model",
    "make_model",
]
