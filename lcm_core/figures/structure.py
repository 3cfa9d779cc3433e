"""A molecule as SVG, drawn by us: RDKit's drawing needs libraries of X, which a server may lack.

RDKit says where the atoms are. Carbon has no letter, hydrogen stands beside the atom that has it,
aromatic rings are drawn with alternating bonds, and nothing tells mirror images apart.
"""

from __future__ import annotations

import html
from collections.abc import Collection, Mapping
from typing import Any

import numpy as np

from lcm_core.figures.palette import INK, PAPER
from lcm_core.tasks.molecules.featurise import import_rdkit

__all__ = ["framed", "structure_svg"]

LONGEST = 40.0  # pixels of a bond, at most
LETTER = 0.46  # size of letters, in bonds
MARGIN = 26  # pixels around the atoms
HIGH = {"+": "⁺", "-": "⁻"} | dict(zip("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹", strict=True))
LOW = dict(zip("0123456789", "₀₁₂₃₄₅₆₇₈₉", strict=True))


def framed(width: int, height: int, parts: str) -> str:
    """A drawing of this size, on the colour of paper in every theme."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" font-family="sans-serif">'
        f'<rect width="{width}" height="{height}" fill="{PAPER}"/>{parts}</svg>'
    )


def structure_svg(
    molecule: Any,
    size: tuple[int, int],
    atoms: Mapping[int, str],
    bonds: Collection[int] = (),
    notes: Mapping[int, str] | None = None,
) -> str:
    """Elements of SVG for a molecule, within a width and a height.

    Args:
        molecule: of RDKit; it stays as it is.
        size: width and height in pixels.
        atoms: colours by the numbers of the atoms that are marked.
        bonds: numbers of the marked bonds, which have the colour of their first atom.
        notes: words beside atoms, by their numbers.
    """
    chem = import_rdkit()
    from rdkit.Chem.rdDepictor import Compute2DCoords

    molecule = chem.Mol(molecule)
    chem.Kekulize(molecule)
    Compute2DCoords(molecule)
    places, bond = _placed(molecule.GetConformer().GetPositions()[:, :2], size)
    parts = []
    for number in bonds:
        one, other = _ends(molecule.GetBondWithIdx(number))
        width = 0.4 * bond
        parts.append(_line(places[one], places[other], atoms[one], width, f"mark-bond-{number}"))
    for number, colour in atoms.items():
        x, y = places[number]
        parts.append(
            f'<circle class="mark-{number}" cx="{x:.1f}" cy="{y:.1f}" r="{0.36 * bond:.1f}" '
            f'fill="{colour}"/>'
        )
    labels = {atom.GetIdx(): _label(atom, places) for atom in molecule.GetAtoms()}
    for each in molecule.GetBonds():
        parts += _bond(each, molecule, places, labels, bond)
    for number, (words, anchor) in labels.items():
        parts.append(_text(places[number], words, LETTER * bond, anchor))
    for number, words in (notes or {}).items():
        far = (1.0 if labels[number][0] else 0.75) * bond  # letters need room
        place = places[number] + far * _away(molecule.GetAtomWithIdx(number), places)
        parts.append(_text(place, words, max(0.36 * bond, 10.0)))
    return "".join(parts)


def _placed(positions: np.ndarray, size: tuple[int, int]) -> tuple[np.ndarray, float]:
    """The atoms in pixels (n, 2), in the middle of the drawing, and the length of a bond there."""
    low, high = positions.min(0), positions.max(0)
    room = np.array(size) - 2 * MARGIN
    scale = min(LONGEST / 1.5, *(room / np.maximum(high - low, 1e-6)))  # RDKit's bond is 1.5
    centred = (positions - (low + high) / 2) * scale * [1, -1]
    return centred + np.array(size) / 2, 1.5 * scale


def _bond(
    bond: Any, molecule: Any, places: np.ndarray, labels: Mapping[int, tuple[str, str]], unit: float
) -> list[str]:
    """One, two or three lines, which end before letters."""
    one, other = _ends(bond)
    along = (places[other] - places[one]) / max(
        float(np.hypot(*(places[other] - places[one]))), 1e-6
    )
    start = places[one] + along * (0.32 * unit if labels[one][0] else 0)
    end = places[other] - along * (0.32 * unit if labels[other][0] else 0)
    across = np.array([-along[1], along[0]]) * 0.16 * unit
    lines, order = [(start, end)], bond.GetBondTypeAsDouble()
    rings: list[tuple[int, ...]] = [
        ring for ring in molecule.GetRingInfo().AtomRings() if {one, other} <= set(ring)
    ]
    if order == 2 and rings:  # the second line is inside the ring
        smallest = min(rings, key=len)
        middle = places[list(smallest)].mean(0)
        inwards = across if np.dot(across, middle - start) > 0 else -across
        shorter = along * 0.12 * unit
        lines.append((start + inwards + shorter, end + inwards - shorter))
    elif order == 2:
        lines = [(start + side * across / 2, end + side * across / 2) for side in (-1, 1)]
    elif order == 3:
        lines += [(start + side * across, end + side * across) for side in (-1, 1)]
    return [_line(a, b, INK, 1.5) for a, b in lines]


def _label(atom: Any, places: np.ndarray) -> tuple[str, str]:
    """The letters of an atom, and which end of them stands at its place; "" for plain carbon."""
    charge, isotope = atom.GetFormalCharge(), atom.GetIsotope()
    if atom.GetSymbol() == "C" and atom.GetDegree() and not charge and not isotope:
        return "", "middle"
    count = atom.GetTotalNumHs()
    hydrogen = "H" + (_small(count, LOW) if count > 1 else "") if count else ""
    sign = "" if not charge else (str(abs(charge)) if abs(charge) > 1 else "") + "-+"[charge > 0]
    symbol = (_small(isotope, HIGH) if isotope else "") + atom.GetSymbol()
    to_the_left = _away(atom, places)[0] < -0.1
    words = (hydrogen + symbol if to_the_left else symbol + hydrogen) + _small(sign, HIGH)
    if len(words) == 1 or not hydrogen:
        return words, "middle"
    return words, "end" if to_the_left else "start"


def _away(atom: Any, places: np.ndarray) -> np.ndarray:
    """The direction from an atom in which it has fewest neighbours, of length 1."""
    here = places[atom.GetIdx()]
    towards = sum((places[each.GetIdx()] - here for each in atom.GetNeighbors()), np.zeros(2))
    length = float(np.hypot(*towards))
    return -towards / length if length > 1e-3 else np.array([0.0, -1.0])


def _ends(bond: Any) -> tuple[int, int]:
    return bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()


def _small(number: int | str, digits: Mapping[str, str]) -> str:
    return "".join(digits[each] for each in str(number))


def _line(a: np.ndarray, b: np.ndarray, colour: str, width: float, name: str = "") -> str:
    named = f'class="{name}" ' if name else ""
    return (
        f'<line {named}x1="{a[0]:.1f}" y1="{a[1]:.1f}" x2="{b[0]:.1f}" y2="{b[1]:.1f}" '
        f'stroke="{colour}" stroke-width="{width:.1f}" stroke-linecap="round"/>'
    )


def _text(place: np.ndarray, words: str, size: float, anchor: str = "middle") -> str:
    """Words in the middle of a place, or with their first or last letter there."""
    if not words:
        return ""
    shift = {"middle": 0.0, "start": -0.36 * size, "end": 0.36 * size}[anchor]
    return (
        f'<text x="{place[0] + shift:.1f}" y="{place[1] + 0.36 * size:.1f}" font-size="{size:.1f}" '
        f'text-anchor="{anchor}" fill="{INK}">{html.escape(words)}</text>'
    )
