"""Many molecules in a few flat tensors, and the batches gathered from them."""

from dataclasses import dataclass

from jaxtyping import Float, Int
from torch import Tensor

from lcm_core.pyg import Batch, Data
from lcm_core.tasks.stored import gather

__all__ = ["MoleculeTable", "Unparsable"]


@dataclass(frozen=True)
class Unparsable:
    """A row of a file that gave no graph: its line in the file, the string, and why."""

    line: int
    smiles: str
    reason: str


@dataclass(frozen=True)
class MoleculeTable:
    """M molecules, one after another: those rows of a file that could be read.

    Shapes: `x` (atoms, 9) and `edge_attr` (edges, 3), categorical, int64; `edge_index` (2, edges),
    counted from each molecule's own first atom; `node_ptr`, `edge_ptr` (M + 1,); `y` (M,).
    `scaffolds` names each molecule's ring system, `unparsable` has the rows left out.
    """

    x: Int[Tensor, "atoms 9"]
    edge_index: Int[Tensor, "2 edges"]
    edge_attr: Int[Tensor, "edges 3"]
    node_ptr: Int[Tensor, " M_plus_1"]
    edge_ptr: Int[Tensor, " M_plus_1"]
    y: Float[Tensor, " M"]
    smiles: tuple[str, ...]
    scaffolds: tuple[str, ...]
    unparsable: tuple[Unparsable, ...]

    def __len__(self) -> int:
        return len(self.smiles)

    def graph(self, molecule: int) -> Data:
        """One molecule as `from_smiles` gives it, with its target `y` (1, 1).

        Raises:
            IndexError: `molecule` is not from 0 to M − 1.
        """
        if not 0 <= molecule < len(self):
            raise IndexError(f"molecule must be from 0 to {len(self) - 1}, got {molecule}")
        nodes = slice(int(self.node_ptr[molecule]), int(self.node_ptr[molecule + 1]))
        edges = slice(int(self.edge_ptr[molecule]), int(self.edge_ptr[molecule + 1]))
        return Data(
            x=self.x[nodes].clone(),
            edge_index=self.edge_index[:, edges].clone(),
            edge_attr=self.edge_attr[edges].clone(),
            y=self.y[molecule].reshape(1, 1).clone(),
            smiles=self.smiles[molecule],
        )

    def batch(self, molecules: Int[Tensor, " B"]) -> Batch:
        """The given molecules as one graph, with `batch`, `ptr` and targets `y` (B, 1)."""
        nodes, ptr, owner = gather(self.node_ptr, molecules)
        edges, _, edge_owner = gather(self.edge_ptr, molecules)
        return Batch(
            x=self.x[nodes],
            edge_index=self.edge_index[:, edges] + ptr[edge_owner],
            edge_attr=self.edge_attr[edges],
            y=self.y[molecules][:, None],
            batch=owner,
            ptr=ptr,
        )
