"""The parts of PyTorch Geometric that we use, imported without what they do not need.

PyG imports `torch._dynamo`, for one check of a compiled module's class, and its data sets, which
bring pandas: four fifths of its time and memory. Here these imports wait until something uses them.
"""

import warnings

import torch  # before torch._dynamo is put off: torch itself looks into it  # noqa: F401

from lcm_core.imports import put_off

with (
    put_off("torch._dynamo"),
    put_off("torch_geometric.datasets"),
    warnings.catch_warnings(),
):
    # PyG 2.8 calls torch.jit.script, which torch 2.14 warns about.
    warnings.filterwarnings("ignore", "`torch.jit.script` is deprecated")
    from torch_geometric import __version__ as pyg_version
    from torch_geometric.data import Batch, Data
    from torch_geometric.data.data import DataEdgeAttr, DataTensorAttr
    from torch_geometric.data.storage import GlobalStorage
    from torch_geometric.nn import MessagePassing
    from torch_geometric.nn.aggr import (
        Aggregation,
        DeepSetsAggregation,
        DegreeScalerAggregation,
        GRUAggregation,
        LCMAggregation,
        MaxAggregation,
        MeanAggregation,
        MinAggregation,
        Set2Set,
        SetTransformerAggregation,
        SumAggregation,
    )
    from torch_geometric.utils.smiles import e_map, from_rdmol, x_map

#: The classes in a file of `Data`: they hold tensors and plain data, and run no code.
PARTS_OF_DATA = [Data, DataEdgeAttr, DataTensorAttr, GlobalStorage]

__all__ = [
    "PARTS_OF_DATA",
    "Aggregation",
    "Batch",
    "Data",
    "DeepSetsAggregation",
    "DegreeScalerAggregation",
    "GRUAggregation",
    "LCMAggregation",
    "MaxAggregation",
    "MeanAggregation",
    "MessagePassing",
    "MinAggregation",
    "Set2Set",
    "SetTransformerAggregation",
    "SumAggregation",
    "e_map",
    "from_rdmol",
    "pyg_version",
    "x_map",
]
