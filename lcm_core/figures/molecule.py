"""A drawing of a molecule in which one atom and its neighbours stand out."""

from __future__ import annotations

import html
from collections.abc import Mapping
from dataclasses import dataclass

from lcm_core.figures.palette import OKABE_ITO
from lcm_core.tasks.molecules.featurise import import_rdkit

__all__ = ["Drawing", "molecule_figure"]


@dataclass(frozen=True, repr=False)
class Drawing:
    """A drawing and its text; a notebook shows both."""

    svg: str
    text: str

    def __repr__(self) -> str:
        return f"Picture: {self.text}"

    def _repr_html_(self) -> str:
        label = html.escape(self.text)
        drawing = self.svg[self.svg.index("<svg") :]
        return (
            f'<figure style="margin:0"><div role="img" aria-label="{label}">{drawing}</div>'
            f"<figcaption>{label}</figcaption></figure>"
        )


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
    """
    import_rdkit()
    from rdkit.Chem.Draw import rdMolDraw2D

    molecule = import_rdkit().MolFromSmiles(smiles)
    for number, name in neighbours.items():
        molecule.GetAtomWithIdx(number).SetProp("atomNote", name)
    drawer = rdMolDraw2D.MolDraw2DSVG(*size)
    drawer.drawOptions().annotationFontScale = 0.8  # type: ignore[assignment]
    colours = {number: _rgb(OKABE_ITO[4]) for number in neighbours} | {atom: _rgb(OKABE_ITO[1])}
    rdMolDraw2D.PrepareAndDrawMolecule(
        drawer,
        molecule,
        highlightAtoms=list(colours),
        highlightAtomColors=colours,
        highlightBonds=[],
    )
    drawer.FinishDrawing()
    return Drawing(drawer.GetDrawingText(), text)


def _rgb(colour: str) -> tuple[float, float, float]:
    red, green, blue = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return red, green, blue
