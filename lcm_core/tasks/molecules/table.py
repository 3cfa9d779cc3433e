"""Many molecules in a few flat tensors, and the batches gathered from them."""

from dataclasses import dataclass, fields
from typing import Any

import torch
from jaxtyping import Float, Int, Integer
from torch import Tensor

from lcm_core.pyg import Batch, Data
from lcm_core.tasks.molecules.texts import Texts
from lcm_core.tasks.stored import gather

__all__ = ["MoleculeTable"]

TEXTS = ("smiles", "scaffold_names", "reasons")


@dataclass(frozen=True)
class MoleculeTable:
    """M molecules, one after another: those rows of a file that RDKit and PyG could read.

    Features and ends of edges are kept in the smallest type that holds them; batches have int64.

    Shapes: `x` (atoms, 9) and `edge_attr` (edges, 3), categorical; `edge_index` (2, edges), counted
    from each molecule's own first atom; `node_ptr`, `edge_ptr` (M + 1,); `row` (M,), the row of the
    table (from 0) that each molecule is of; `identity` (M,), equal numbers for equal molecules;
    `scaffold` (M,), the place of each molecule's scaffold among `scaffold_names`, which are those
    of the whole molecule, fragments and all. `smiles` are as they stand in the file.
    `unread` (R,) are the rows that gave no graph, and `reasons` say why.
    """

    x: Integer[Tensor, "atoms 9"]
    edge_index: Integer[Tensor, "2 edges"]
    edge_attr: Integer[Tensor, "edges 3"]
    node_ptr: Int[Tensor, " M_plus_1"]
    edge_ptr: Int[Tensor, " M_plus_1"]
    row: Int[Tensor, " M"]
    identity: Int[Tensor, " M"]
    scaffold: Int[Tensor, " M"]
    unread: Int[Tensor, " R"]
    smiles: Texts
    scaffold_names: Texts
    reasons: Texts

    def __len__(self) -> int:
        return len(self.row)

    def tensors(self) -> dict[str, Tensor]:
        """All fields as tensors, for a file."""
        found: dict[str, Tensor] = {}
        for field in fields(self):
            value: Any = getattr(self, field.name)
            if field.name in TEXTS:
                found[field.name], found[f"{field.name}_ptr"] = value.signs, value.ptr
            else:
                found[field.name] = value
        return found

    @classmethod
    def from_tensors(cls, tensors: dict[str, Tensor]) -> "MoleculeTable":
        """The table whose `tensors` these are."""
        held: dict[str, Any] = {field.name: tensors[field.name] for field in fields(cls)}
        held |= {name: Texts(tensors[name], tensors[f"{name}_ptr"]) for name in TEXTS}
        return cls(**held)

    def graph(self, molecule: int, y: Float[Tensor, " width"]) -> Data:
        """One molecule as `from_smiles` gives it, with its targets `y` (1, width).

        Raises:
            IndexError: `molecule` is not from 0 to M − 1.
        """
        if not 0 <= molecule < len(self):
            raise IndexError(f"molecule must be from 0 to {len(self) - 1}, got {molecule}")
        nodes = slice(int(self.node_ptr[molecule]), int(self.node_ptr[molecule + 1]))
        edges = slice(int(self.edge_ptr[molecule]), int(self.edge_ptr[molecule + 1]))
        return Data(
            x=self.x[nodes].to(torch.int64, copy=True),
            edge_index=self.edge_index[:, edges].to(torch.int64, copy=True),
            edge_attr=self.edge_attr[edges].to(torch.int64, copy=True),
            y=y.reshape(1, -1).clone(),
            smiles=self.smiles[molecule],
        )

    def batch(self, molecules: Int[Tensor, " B"], y: Float[Tensor, "B width"]) -> Batch:
        """The given molecules as one graph, with `batch`, `ptr` and their targets `y`."""
        nodes, ptr, owner = gather(self.node_ptr, molecules)
        edges, _, edge_owner = gather(self.edge_ptr, molecules)
        return Batch(
            x=self.x[nodes].long(),
            edge_index=self.edge_index[:, edges].long() + ptr[edge_owner],
            edge_attr=self.edge_attr[edges].long(),
            y=y,
            batch=owner,
            ptr=ptr,
        )
