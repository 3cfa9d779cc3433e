"""SMILES strings as graphs and scaffolds, through RDKit (an optional dependency)."""

from contextlib import AbstractContextManager
from typing import Any, NamedTuple

from lcm_core.imports import needed
from lcm_core.pyg import e_map, x_map

__all__ = [
    "EDGE_CARDINALITIES",
    "NODE_CARDINALITIES",
    "Features",
    "canonical",
    "featurise",
    "import_rdkit",
    "longest_part",
    "murcko",
    "parse",
    "scaffold",
    "silent_rdkit",
]

# How many categories each feature of an atom, and of a bond, has.
NODE_CARDINALITIES = tuple(len(values) for values in x_map.values())
EDGE_CARDINALITIES = tuple(len(values) for values in e_map.values())


class Features(NamedTuple):
    """The graph of a molecule in bytes: 9 an atom, 3 an edge; edges sorted by their ends."""

    x: bytes
    ends: list[tuple[int, int]]
    edge_attr: bytes


def parse(smiles: str) -> Any:
    """The RDKit molecule of a SMILES string.

    Raises:
        ValueError: RDKit reads no molecule, or one without atoms.
    """
    try:
        molecule = import_rdkit().MolFromSmiles(smiles)
    except (RuntimeError, ValueError, UnicodeError) as error:  # such as signs that are no text
        raise ValueError(f"RDKit cannot read it ({_first_line(error)})") from error
    if molecule is None:
        raise ValueError("RDKit cannot read it")
    if molecule.GetNumAtoms() == 0:
        raise ValueError("it has no atoms")
    return molecule


def featurise(molecule: Any) -> Features:
    """What `torch_geometric.utils.from_smiles` gives as `x`, `edge_index` and `edge_attr`.

    Raises:
        ValueError: an atom or a bond of a kind that PyG has no category for.
    """
    number, chirality, degree, charge, hydrogens, radicals, hybridization, aromatic, ring = _ATOMS
    bond_type, stereo, conjugated = _BONDS
    x, edges = bytearray(), []
    try:
        for atom in molecule.GetAtoms():
            x += bytes(
                (
                    number[atom.GetAtomicNum()],
                    chirality[atom.GetChiralTag()],
                    degree[atom.GetTotalDegree()],
                    charge[atom.GetFormalCharge()],
                    hydrogens[atom.GetTotalNumHs()],
                    radicals[atom.GetNumRadicalElectrons()],
                    hybridization[atom.GetHybridization()],
                    aromatic[atom.GetIsAromatic()],
                    ring[atom.IsInRing()],
                )
            )
        for bond in molecule.GetBonds():
            one, other = bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()
            features = (
                bond_type[bond.GetBondType()],
                stereo[bond.GetStereo()],
                conjugated[bond.GetIsConjugated()],
            )
            edges += [((one, other), features), ((other, one), features)]
    except KeyError as error:
        raise ValueError(f"PyG has no category for one of its atoms or bonds ({error})") from error
    edges.sort()
    return Features(
        bytes(x), [ends for ends, _ in edges], bytes(each for _, three in edges for each in three)
    )


class _Places(dict[Any, int]):
    """The place of each category; RDKit's own constants are looked up by their names once."""

    def __init__(self, values: list[Any]):
        super().__init__((value, place) for place, value in enumerate(values))
        self._named = bool(values) and isinstance(values[0], str)

    def __missing__(self, value: Any) -> int:
        if self._named and str(value) in self:
            self[value] = self[str(value)]
            return self[value]
        raise KeyError(str(value))


_ATOMS = [_Places(values) for values in x_map.values()]
_BONDS = [_Places(values) for values in e_map.values()]


def canonical(molecule: Any) -> str:
    """The canonical SMILES string: equal for equal molecules, however they were written."""
    return import_rdkit().MolToSmiles(molecule)


def murcko(molecule: Any) -> str:
    """The Bemis–Murcko scaffold as a SMILES string: rings and the chains between them.

    Stereochemistry is left out, so that stereoisomers share a scaffold. A molecule without rings
    has "".

    Source: Bemis & Murcko, "The properties of known drugs. 1. Molecular frameworks",
    J. Med. Chem. 39 (1996), https://doi.org/10.1021/jm9602928

    Raises:
        ValueError: RDKit finds none, as for some metal complexes.
    """
    from rdkit.Chem.Scaffolds.MurckoScaffold import MurckoScaffoldSmiles

    try:
        return MurckoScaffoldSmiles(mol=molecule, includeChirality=False)
    except (ValueError, RuntimeError) as error:  # RDKit's own are subclasses of these
        raise ValueError(f"RDKit finds no scaffold ({_first_line(error)})") from error


def scaffold(molecule: Any) -> str:
    """As `murcko`; of several fragments (salts, solvates, dimers) the longest scaffold counts.

    Raises:
        ValueError: RDKit finds none.
    """
    return longest_part(murcko(molecule))


def longest_part(scaffold: str) -> str:
    """The longest of the fragments of a scaffold."""
    return max(scaffold.split("."), key=lambda text: (len(text), text))


def silent_rdkit() -> AbstractContextManager[Any]:
    """A context in which RDKit prints nothing about the molecules that it reads."""
    import_rdkit()
    from rdkit import rdBase

    return rdBase.BlockLogs()


def import_rdkit() -> Any:
    """The module `rdkit.Chem`; an ImportError that says what to install if there is none."""
    needed("rdkit", "molecules", "reading SMILES strings", "RDKit")
    return needed("rdkit.Chem", "molecules", "reading SMILES strings", "RDKit")


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
