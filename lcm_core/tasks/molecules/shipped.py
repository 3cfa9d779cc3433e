"""Four tables of MoleculeNet that come with lcm_core; `data/PROVENANCE.md` says whence.

Source: Wu et al., "MoleculeNet: a benchmark for molecular machine learning", Chem. Sci. 9 (2018),
https://doi.org/10.1039/C7SC02664A
"""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import ClassVar

from lcm_core.tasks.molecules.build import kept_table
from lcm_core.tasks.molecules.copies import read_copy
from lcm_core.tasks.molecules.read import (
    Choices,
    Molecules,
    gather_molecules,
    open_molecules,
    read_rows,
)
from lcm_core.tasks.molecules.task import MoleculeTask

__all__ = ["BACE", "BBBP", "FOLDER", "HIV", "ClinTox", "ShippedMolecules"]

FOLDER = Path(__file__).parent / "data"
ZERO_OR_ONE = {"0": 0, "1": 1}


class ShippedMolecules(MoleculeTask):
    """A table in `FOLDER`, with the columns `smiles` and `target`.

    Args:
        split_seed: draws the scaffold split; not the seed of the training.
    """

    file: ClassVar[str]
    classes: ClassVar[Mapping[str, int]] = ZERO_OR_ONE

    def __init__(self, split_seed: int = 0) -> None:
        molecules = _load(FOLDER / self.file, tuple(self.classes.items()))
        self._use(molecules, self.name, split_seed)


@lru_cache(maxsize=4)
def _load(path: Path, classes: tuple[tuple[str, int], ...]) -> Molecules:
    """The molecules of a table that comes with the library: from its copy, if there is one."""
    contents = path.read_bytes()
    choices = Choices("smiles", ("target",), "yesno", classes)
    rows = read_rows(open_molecules(path, contents, choices), choices)
    copy = path.with_suffix(".npz")
    table = read_copy(copy, contents) if copy.exists() else None
    if table is None:
        table = kept_table(rows.smiles, path.name)
    return gather_molecules(rows, table)


class BBBP(ShippedMolecules):
    """Does a molecule pass from the blood into the brain? 2,039 molecules, 77 % do.

    Source: Martins et al., J. Chem. Inf. Model. 52 (2012), https://doi.org/10.1021/ci300124c
    """

    name = "bbbp"
    file = "bbbp.csv"


class BACE(ShippedMolecules):
    """Does a molecule inhibit β-secretase 1, an enzyme of Alzheimer's disease? 1,513, 46 % do.

    Source: Subramanian et al., J. Chem. Inf. Model. 56 (2016),
    https://doi.org/10.1021/acs.jcim.6b00290
    """

    name = "bace"
    file = "bace.csv"


class ClinTox(ShippedMolecules):
    """Did a drug fail in clinical trials because it is toxic? 1,478 molecules, 112 (8 %) did.

    MoleculeNet's table has two targets; this is `CT_TOX`, not `FDA_APPROVED`. A tenth of the
    molecules, a test split, has about ten toxic ones: its ROC-AUC is uncertain by about 0.1.

    Source: Gayvert, Madhukar & Elemento, Cell Chem. Biol. 23 (2016),
    https://doi.org/10.1016/j.chembiol.2016.07.023
    """

    name = "clintox"
    file = "clintox.csv"


class HIV(ShippedMolecules):
    """Does a molecule slow the replication of HIV? 41,127 molecules, 1,443 (3.5 %) do.

    The screen had three outcomes; moderately active (CM) and active (CA) count as 1, inactive
    (CI) as 0, as in MoleculeNet. The first use makes the graphs, which takes about a minute and
    needs RDKit, and keeps them in the cache folder (`lcm_core.files.cache`); a bar shows its
    progress.

    Source: Drug Therapeutics Program AIDS antiviral screen, National Cancer Institute,
    https://wiki.nci.nih.gov/display/NCIDTPdata/AIDS+Antiviral+Screen+Data
    """

    name = "hiv"
    file = "hiv.csv.gz"
    classes: ClassVar[Mapping[str, int]] = {"CI": 0, "CM": 1, "CA": 1}
