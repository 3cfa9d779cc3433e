"""Molecules side by side, with their scaffolds marked."""

from __future__ import annotations

import html
from collections.abc import Mapping
from typing import Any

from lcm_core.figures.molecule import Drawing, read_smiles
from lcm_core.figures.palette import INK, OKABE_ITO
from lcm_core.figures.structure import framed, structure_svg

__all__ = ["scaffold_figure"]

LEGEND = 24  # pixels below each molecule


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
    width, height = size
    parts = []
    for place, (words, smiles) in enumerate(molecules.items()):
        molecule = read_smiles(smiles)
        marked = _scaffold_of(molecule)
        bonds = [
            bond.GetIdx()
            for bond in molecule.GetBonds()
            if {bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()} <= marked
        ]
        colours = dict.fromkeys(sorted(marked), OKABE_ITO[1])
        drawing = structure_svg(molecule, (width, height - LEGEND), colours, bonds)
        parts.append(
            f'<g transform="translate({place * width} 0)">{drawing}<text x="{width / 2}" '
            f'y="{height - LEGEND / 3:.0f}" font-size="12" text-anchor="middle" fill="{INK}">'
            f"{html.escape(words)}</text></g>"
        )
    return Drawing(framed(width * len(molecules), height, "".join(parts)), text)


def _scaffold_of(molecule: Any) -> set[int]:
    """The atoms of the scaffold; none where RDKit finds none, as for some metal complexes."""
    from rdkit.Chem.Scaffolds.MurckoScaffold import GetScaffoldForMol

    try:
        return set(molecule.GetSubstructMatch(GetScaffoldForMol(molecule)))
    except ValueError:
        return set()
