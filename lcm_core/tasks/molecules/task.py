"""A property of molecules, yes or no, from a CSV file of SMILES strings."""

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from pathlib import Path

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from lcm_core.pyg import Batch, Data
from lcm_core.tasks.base import Device, Task
from lcm_core.tasks.molecules.csv_tables import ZERO_OR_ONE, load_table
from lcm_core.tasks.molecules.featurise import EDGE_CARDINALITIES, NODE_CARDINALITIES
from lcm_core.tasks.molecules.moleculenet import moleculenet_file
from lcm_core.tasks.molecules.scaffold_split import scaffold_split
from lcm_core.tasks.molecules.table import Unparsable
from lcm_core.tasks.stored import visits

__all__ = ["MoleculeTask", "roc_auc"]

MOLECULES_IN_AN_EVALUATION_BATCH = 256


class MoleculeTask(Task[Batch]):
    """Tell molecules with a property from those without it.

    Atoms are nodes with 9 categorical features and bonds are edges, both ways, with 3, as
    `torch_geometric.utils.from_smiles` makes them. Ions and atoms without a bond are nodes
    without edges. The loss is the binary cross-entropy of one logit, the metric ROC-AUC, and the
    split is by scaffold: see `scaffold_split`. Strings that give no graph are left out and kept
    in `unparsable`, with their lines and reasons; `describe()` counts them.

    Args:
        path: a CSV file with a header line.
        name: what the task is called in messages.
        smiles_column: the column of SMILES strings.
        target_column: the column of targets.
        classes: what each text in the target column means, 0 or 1.
        split_seed: draws the split; not the seed of the training.

    Attributes:
        node_cardinalities, edge_cardinalities: the categories of each feature.
        unparsable: the rows that were left out.
        members: for each split, the positions (M,) of its molecules, for `graph`.
    """

    kind = "graphs"
    metric_name = "ROC-AUC"
    out_features = 1
    splits = ("validation", "test", "train")
    node_cardinalities = NODE_CARDINALITIES
    edge_cardinalities = EDGE_CARDINALITIES

    def __init__(
        self,
        path: str | Path,
        name: str = "molecules",
        smiles_column: str = "smiles",
        target_column: str = "target",
        classes: Mapping[str, int] = ZERO_OR_ONE,
        split_seed: int = 0,
    ) -> None:
        self.name = name
        self.split_seed = split_seed
        self._table = load_table(path, smiles_column, target_column, classes)
        self.unparsable: tuple[Unparsable, ...] = self._table.unparsable
        self.members: dict[str, Int[Tensor, " M"]] = {
            split: torch.from_numpy(positions)
            for split, positions in scaffold_split(self._table.scaffolds, split_seed).items()
        }

    @classmethod
    def from_moleculenet(
        cls, name: str, target_column: str | None = None, split_seed: int = 0
    ) -> "MoleculeTask":
        """The task of a table of MoleculeNet, which is downloaded the first time.

        Args:
            name: as in `torch_geometric.datasets.MoleculeNet`: "BBBP", "BACE", "ClinTox", "HIV", …
            target_column: which target, if the table has several.
            split_seed: draws the split.

        Raises:
            ValueError: an unknown table or column, or targets that are not 0 or 1.
            OSError: there is no network (the error says what to do without).
        """
        path, smiles_column, targets = moleculenet_file(name)
        if target_column is None and len(targets) > 1:
            raise ValueError(
                f"expected the target_column of {name}, which has {len(targets)}: "
                f"{', '.join(targets[:12])}{', …' if len(targets) > 12 else ''}"
            )
        chosen = target_column or targets[0]
        return cls(
            path,
            name=name.lower(),
            smiles_column=smiles_column,
            target_column=chosen,
            split_seed=split_seed,
        )

    def __len__(self) -> int:
        """The number of molecules, in all splits together."""
        return len(self._table)

    @property
    def scaffolds(self) -> tuple[str, ...]:
        """The scaffold of each molecule, as a SMILES string; "" for one without rings."""
        return self._table.scaffolds

    def graph(self, molecule: int) -> Data:
        """One molecule (a position from 0) with `x`, `edge_index`, `edge_attr`, `y`, `smiles`."""
        return self._table.graph(molecule)

    def positives(self, split: str) -> int:
        """How many molecules of a split have the property."""
        self.check_split(split)
        return int(self._table.y[self.members[split]].sum())

    @cached_property
    def training_sizes(self) -> tuple[int, int]:  # type: ignore[override]
        """The atoms of the smallest and of the largest training molecule."""
        atoms = self._table.node_ptr.diff()[self.members["train"]]
        return int(atoms.min()), int(atoms.max())

    def train_batch(self, step: int, batch_size: int, seed: int, device: Device = "cpu") -> Batch:
        """The molecules of one step, by `lcm_core.tasks.stored.visits`."""
        members = self.members["train"]
        chosen = members[visits(len(members), step, batch_size, seed)]
        return self._table.batch(chosen).to(device, non_blocking=True)

    def batches(self, split: str = "validation", device: Device = "cpu") -> Iterator[Batch]:
        """The molecules of a split in the order of the file, 256 at a time."""
        self.check_split(split)
        for members in self.members[split].split(MOLECULES_IN_AN_EVALUATION_BATCH):
            yield self._table.batch(members).to(device, non_blocking=True)

    def loss(self, outputs: Float[Tensor, "B 1"], batch: Batch) -> Float[Tensor, ""]:
        """Binary cross-entropy of the logits, mean over molecules, in nats."""
        return binary_cross_entropy_with_logits(outputs, batch.y)

    def metric(self, outputs: Float[Tensor, "B 1"], targets: Float[Tensor, "B 1"]) -> float:
        """The area under the ROC curve: the chance that, of two molecules of which one has the
        property, that one gets the larger output; a tie counts half.
        """
        return roc_auc(outputs, targets)

    def prepare(self) -> None:
        """Import scikit-learn, which takes a second or two."""
        _roc_auc_score()

    def baseline(self, split: str = "validation") -> float:
        """One half: a constant output ties every pair of molecules."""
        self.check_split(split)
        return 0.5

    def describe(self) -> str:
        """One paragraph of facts about the data, unparsable strings counted."""
        sizes = ", ".join(
            f"{split} {len(members):,} ({self._table.y[members].mean():.0%} positive)"
            for split, members in self.members.items()
        )
        lines = ", ".join(str(row.line) for row in self.unparsable[:10])
        where = f" (lines {lines}{', …' if len(self.unparsable) > 10 else ''})" if lines else ""
        return (
            f"{self.name}: {len(self):,} molecules, {len(self._table.x):,} atoms, "
            f"{len(set(self._table.scaffolds)):,} scaffolds, {self._table.y.mean():.0%} positive. "
            f"Unparsable SMILES strings left out: {len(self.unparsable)}{where}. Scaffold split "
            f"(seed {self.split_seed}): {sizes}. Score: ROC-AUC; any constant answer scores 50%."
        )


def roc_auc(outputs: Float[Tensor, "B 1"], targets: Float[Tensor, "B 1"]) -> float:
    """ROC-AUC by scikit-learn, with a ValueError if only one class is present."""
    classes = sorted(set(targets.flatten().tolist()))
    if classes != [0, 1]:
        raise ValueError(
            "ROC-AUC compares molecules of class 0 with molecules of class 1 and needs both; the "
            f"{targets.numel()} targets given have {classes or 'none'}. Use more molecules, or "
            "another split_seed"
        )
    return float(_roc_auc_score()(targets.flatten().cpu(), outputs.detach().flatten().cpu()))


def _roc_auc_score() -> Callable[..., float]:
    try:
        from sklearn.metrics import roc_auc_score
    except ImportError as error:
        raise ImportError(
            "ROC-AUC needs scikit-learn, which is not installed; "
            "install it with: pip install 'lcm-core[molecules]'"
        ) from error
    return roc_auc_score
