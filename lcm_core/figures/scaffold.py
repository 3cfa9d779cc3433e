"""Molecules side by side, with their scaffolds marked."""

from __future__ import annotations

from collections.abc import Mapping

from lcm_core.figures.molecule import Drawing
from lcm_core.figures.palette import OKABE_ITO
from lcm_core.tasks.molecules.featurise import import_rdkit

__all__ = ["scaffold_figure"]


def scaffold_figure(
    molecules: Mapping[str, str], text: str, size: tuple[int, int] = (260, 220)
) -> Drawing:
    """Draws molecules in a row; the atoms and bonds of their scaffolds are coloured.

    Args:
        molecules: SMILES strings by the words under each.
        text: says what is to be seen; it is the caption too.
        size: width and height of each, in pixels.

    Raises:
        ValueError: RDKit cannot read one of them.
    """
    chem = import_rdkit()
    from rdkit.Chem.Draw import rdMolDraw2D
    from rdkit.Chem.Scaffolds.MurckoScaffold import GetScaffoldForMol

    drawn = [chem.MolFromSmiles(smiles) for smiles in molecules.values()]
    for molecule, smiles in zip(drawn, molecules.values(), strict=True):
        if molecule is None:
            raise ValueError(f"RDKit cannot read the molecule {smiles!r}")
    atoms = []
    for molecule in drawn:
        try:
            atoms.append(molecule.GetSubstructMatch(GetScaffoldForMol(molecule)))
        except ValueError:  # as for some metal complexes: nothing is marked
            atoms.append(())
    bonds = [
        [
            bond.GetIdx()
            for bond in molecule.GetBonds()
            if {bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()} <= set(chosen)
        ]
        for molecule, chosen in zip(drawn, atoms, strict=True)
    ]
    colour = OKABE_ITO[1].lstrip("#")
    marked = tuple(int(colour[at : at + 2], 16) / 255 for at in (0, 2, 4))
    width, height = size
    drawer = rdMolDraw2D.MolDraw2DSVG(width * len(drawn), height, width, height)
    drawer.drawOptions().setHighlightColour(marked)
    drawer.DrawMolecules(drawn, highlightAtoms=atoms, highlightBonds=bonds, legends=list(molecules))
    drawer.FinishDrawing()
    return Drawing(drawer.GetDrawingText(), text)
