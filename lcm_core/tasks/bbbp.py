"""BBBP: does a molecule pass from the blood into the brain?"""

from pathlib import Path

from lcm_core.tasks.molecules import MoleculeTask


class BBBP(MoleculeTask):
    """Blood–brain barrier penetration of 2,039 molecules (`data/PROVENANCE.md` says whence).

    Source: Martins et al., J. Chem. Inf. Model. 52 (2012), https://doi.org/10.1021/ci300124c, as
    collected by MoleculeNet: Wu et al., Chem. Sci. 9 (2018), https://doi.org/10.1039/C7SC02664A

    Args:
        split_seed: draws the scaffold split; not the seed of the training.
    """

    def __init__(self, split_seed: int = 0) -> None:
        table = Path(__file__).parent / "data" / "bbbp.csv"
        super().__init__(table, name="bbbp", split_seed=split_seed)
