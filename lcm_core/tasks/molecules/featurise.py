"""SMILES strings as graphs and scaffolds, through RDKit (an optional dependency) and PyG."""

from contextlib import AbstractContextManager
from typing import Any

from lcm_core.pyg import Data, e_map, from_rdmol, x_map

__all__ = [
    "EDGE_CARDINALITIES",
    "NODE_CARDINALITIES",
    "featurise",
    "import_rdkit",
    "parse",
    "scaffold",
    "silent_rdkit",
]

# How many categories each feature of an atom, and of a bond, has.
NODE_CARDINALITIES = tuple(len(values) for values in x_map.values())
EDGE_CARDINALITIES = tuple(len(values) for values in e_map.values())


def parse(smiles: str) -> Any:
    """The RDKit molecule of a SMILES string; a ValueError if there is none, or it has no atoms."""
    molecule = import_rdkit().MolFromSmiles(smiles)
    if molecule is None:
        raise ValueError("RDKit cannot read it")
    if molecule.GetNumAtoms() == 0:
        raise ValueError("it has no atoms")
    return molecule


def featurise(molecule: Any) -> Data:
    """What `torch_geometric.utils.from_smiles` gives: `x`, `edge_index` and `edge_attr`.

    Raises:
        ValueError: an atom or a bond of a kind that PyG has no category for.
    """
    try:
        return from_rdmol(molecule)
    except ValueError as error:
        raise ValueError(f"PyG has no category for one of its atoms or bonds ({error})") from error


def scaffold(molecule: Any) -> str:
    """The Bemis–Murcko scaffold as a SMILES string: rings and the chains between them.

    Stereochemistry is left out, so that stereoisomers share a scaffold. Of several fragments
    (salts, solvates, dimers) the longest scaffold counts. A molecule without rings has "".

    Source: Bemis & Murcko, "The properties of known drugs. 1. Molecular frameworks",
    J. Med. Chem. 39 (1996), https://doi.org/10.1021/jm9602928
    """
    from rdkit.Chem.Scaffolds.MurckoScaffold import MurckoScaffoldSmiles

    fragments = MurckoScaffoldSmiles(mol=molecule, includeChirality=False).split(".")
    return max(fragments, key=lambda text: (len(text), text))


def silent_rdkit() -> AbstractContextManager[Any]:
    """A context in which RDKit prints nothing about the molecules that it reads."""
    import_rdkit()
    from rdkit import rdBase

    return rdBase.BlockLogs()


def import_rdkit() -> Any:
    """The module `rdkit.Chem`; an ImportError that says what to install if there is none."""
    try:
        from rdkit import Chem
    except ImportError as error:
        raise ImportError(
            "reading SMILES strings needs RDKit, which is not installed; "
            "install it with: pip install 'lcm-core[molecules]'"
        ) from error
    return Chem
