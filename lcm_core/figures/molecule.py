"""A drawing of a molecule in which one atom and its neighbours stand out."""

from __future__ import annotations

import html
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lcm_core.figures.palette import OKABE_ITO
from lcm_core.figures.structure import framed, structure_svg
from lcm_core.tasks.molecules.featurise import import_rdkit

__all__ = ["Drawing", "molecule_figure", "read_smiles"]


@dataclass(frozen=True, repr=False)
class Drawing:
    """A drawing and its text; a notebook shows both, a place without HTML the drawing."""

    svg: str
    text: str

    def __repr__(self) -> str:
        return f"Picture: {self.text}"

    def _repr_html_(self) -> str:
        label = html.escape(self.text)
        return (
            f'<figure style="margin:0"><div role="img" aria-label="{label}">{self.svg}</div>'
            f"<figcaption>{label}</figcaption></figure>"
        )

    def _repr_svg_(self) -> str:
        return self.svg


def molecule_figure(
    smiles: str,
    atom: int,
    neighbours: Mapping[int, str],
    text: str,
    size: tuple[int, int] = (420, 260),
) -> Drawing:
    """Draws a molecule with one atom marked, and the atoms around it marked and named.

    Args:
        smiles: the molecule; atoms are numbered as they stand in it, from 0.
        atom: the number of the atom in the middle.
        neighbours: the number of each atom around it, and its name.
        text: says in words what is to be seen; it is the caption too.
        size: width and height in pixels.

    Raises:
        ValueError: RDKit cannot read the molecule.
    """
    colours = {number: OKABE_ITO[4] for number in neighbours} | {atom: OKABE_ITO[1]}
    parts = structure_svg(read_smiles(smiles), size, colours, notes=neighbours)
    return Drawing(framed(*size, parts), text)


def read_smiles(smiles: str) -> Any:
    """RDKit's molecule; a ValueError if it cannot read the text."""
    molecule = import_rdkit().MolFromSmiles(smiles)
    if molecule is None:
        raise ValueError(f"RDKit cannot read the molecule {smiles!r}")
    return molecule
