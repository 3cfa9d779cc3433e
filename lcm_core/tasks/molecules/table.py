"""Many molecules in a few flat tensors: their graphs, and what is known of them."""

from dataclasses import dataclass, fields
from typing import Any

from jaxtyping import Float, Int
from torch import Tensor

from lcm_core.pyg import Data
from lcm_core.tasks.graph_table import GraphTable
from lcm_core.tasks.molecules.texts import Texts

__all__ = ["MoleculeTable"]

TEXTS = ("smiles", "scaffold_names", "reasons")


@dataclass(frozen=True, kw_only=True)
class MoleculeTable(GraphTable):
    """M molecules, one after another: those rows of a file that RDKit and PyG could read.

    Features and ends of edges are kept in the smallest type that holds them.

    Shapes: `x` (atoms, 9) and `edge_attr` (edges, 3), categorical; `row` (M,), the row of the table
    (from 0) that each molecule is of; `identity` (M,), equal numbers for equal molecules;
    `scaffold` (M,), the place of each molecule's scaffold among `scaffold_names`, which are those
    of the whole molecule, fragments and all. `smiles` are as they stand in the file.
    `unread` (R,) are the rows that gave no graph, and `reasons` say why.
    """

    row: Int[Tensor, " M"]
    identity: Int[Tensor, " M"]
    scaffold: Int[Tensor, " M"]
    unread: Int[Tensor, " R"]
    smiles: Texts
    scaffold_names: Texts
    reasons: Texts

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

    def molecule(self, number: int, y: Float[Tensor, " width"]) -> Data:
        """One molecule as `from_smiles` gives it, with its targets `y` (1, width).

        Raises:
            IndexError: `number` is not from 0 to M − 1.
        """
        return self.graph(number, y=y.reshape(1, -1).clone(), smiles=self.smiles[number])
