"""Properties of molecules, from a table of SMILES strings."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from lcm_core.errors import unknown
from lcm_core.pyg import Batch, Data
from lcm_core.tasks.base import Device, Task
from lcm_core.tasks.graph_table import LabelledGraphs
from lcm_core.tasks.in_memory.targets import Targets
from lcm_core.tasks.molecules.featurise import (
    EDGE_CARDINALITIES,
    NODE_CARDINALITIES,
    longest_part,
)
from lcm_core.tasks.molecules.moleculenet import moleculenet_file
from lcm_core.tasks.molecules.read import Choices, Molecules, load_molecules
from lcm_core.tasks.molecules.scaffold_split import scaffold_split
from lcm_core.tasks.molecules.splits import (
    SPLITS,
    given_split,
    ogb_scaffold_split,
    random_split,
)
from lcm_core.tasks.scores import roc_auc
from lcm_core.tasks.stored import visits
from lcm_core.tasks.tables.left_out import LeftOut, LeftOutRow

__all__ = ["MoleculeTask", "roc_auc"]

MOLECULES_IN_AN_EVALUATION_BATCH = 256


class MoleculeTask(Task[Batch]):
    """Tell properties of molecules: yes or no, numbers, or classes.

    Atoms are nodes with 9 categorical features and bonds are edges, both ways, with 3, as
    `torch_geometric.utils.from_smiles` makes them. Ions and atoms without a bond are nodes
    without edges. Questions of yes or no are learned by the binary cross-entropy of a logit for
    each, and scored by ROC-AUC; numbers by squared error; classes by cross-entropy. Rows that
    cannot be read are left out and kept in `left_out`, with their lines and reasons; blank targets
    are skipped, for that target alone. `describe()` tells of both, and of copies.

    Args:
        path: a table: delimited text of any encoding, delimiter and quotes, perhaps compressed by
            gzip (`.gz`); or Parquet (`.parquet`).
        name: what the task is called in messages.
        smiles_column: the column of SMILES strings; "" finds it.
        target_column: the column of targets, or several; "" finds the only one that can be meant.
        classes: what each text in the target column means, 0 or 1; by default it is found.
        split_seed: draws the split; not the seed of the training.
        split: "scaffold", see `scaffold_split`; "ogb_scaffold", see `ogb_scaffold_split`; "random";
            or the rows of "train", "validation" and "test", by number from 0 or as masks.
        split_column: the column that says train, validation or test; in place of `split`.
        kind: of the targets: "yesno", "numbers" or "classes"; "" finds it.
        encoding: of the file, such as "latin-1"; "" finds it.
        delimiter: between fields, a character or its name; "" finds it.
        header: "yes", "no", or "" to find whether the first row has the names of the columns.
        parquet: whether the file is Parquet; by default its name says so.

    Attributes:
        node_cardinalities, edge_cardinalities: the categories of each feature.
        left_out: what is not in the task, and why.
        understood: how the file was read, in words.
        members: for each split, the positions (M,) of its molecules, for `graph`.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: what is needed is not in the file; or no molecule is left for a split.
        ImportError: RDKit, or for Parquet pandas, is not installed.
    """

    kind = "graphs"
    metric_name = "ROC-AUC"
    out_features = 1
    splits: tuple[str, ...] = ("validation", "test", "train")
    node_cardinalities = NODE_CARDINALITIES
    edge_cardinalities = EDGE_CARDINALITIES

    def __init__(
        self,
        path: str | Path,
        name: str = "molecules",
        smiles_column: str = "",
        target_column: str | Sequence[str] = "",
        classes: Mapping[str, int] | None = None,
        split_seed: int = 0,
        split: str | Mapping[str, Any] = "scaffold",
        split_column: str = "",
        kind: str = "",
        encoding: str = "",
        delimiter: str = "",
        header: str = "",
        parquet: bool | None = None,
    ) -> None:
        path = Path(path).expanduser()
        targets = (target_column,) if isinstance(target_column, str) else tuple(target_column)
        choices = Choices(
            smiles_column,
            tuple(filter(None, targets)),
            kind,
            tuple((classes or {}).items()),
            split_column,
            encoding,
            delimiter,
            header,
            path.suffix.lower() in (".parquet", ".pq") if parquet is None else parquet,
        )
        self._use(load_molecules(path, choices), name, split_seed, split, split_column)

    def _use(
        self,
        molecules: Molecules,
        name: str,
        split_seed: int,
        split: str | Mapping[str, Any] = "scaffold",
        split_column: str = "",
    ) -> None:
        """Make this the task of these molecules."""
        self.name, self.split_seed = name, split_seed
        self._molecules = molecules
        self._targets: Targets = molecules.targets
        self.left_out: LeftOut = molecules.left_out
        self.understood: Mapping[str, str] = molecules.understood
        self.out_features = self._targets.y.shape[1]
        self.metric_name = self._targets.metric_name
        self.higher_is_better = self._targets.higher_is_better
        self._split_words = f"Scaffold split (seed {split_seed})"
        self.members: dict[str, Int[Tensor, " M"]] = {
            part: torch.from_numpy(positions)
            for part, positions in self._split(split, split_column).items()
        }
        usual = [part for part in type(self).splits if part in self.members]
        self.splits = tuple(dict.fromkeys((*usual, *self.members)))

    def _split(self, split: str | Mapping[str, Any], column: str) -> dict[str, Any]:
        molecules = self._molecules
        if column:
            self._split_words = f"Split by column {column!r}"
            said = np.array(molecules.splits)
            rows = {part: molecules.numbers[said == part] for part in self.splits}
            filled = {part: members for part, members in rows.items() if len(members)}
            return given_split(filled, molecules.rows, molecules.numbers)
        if not isinstance(split, str):
            self._split_words = "Given splits"
            return given_split(split, molecules.rows, molecules.numbers)
        if split == "random":
            self._split_words = f"Random split (seed {self.split_seed})"
            return random_split(molecules.identities, self.split_seed)
        if split == "ogb_scaffold":
            self._split_words = "Scaffold split, largest scaffolds first"
            return ogb_scaffold_split(molecules.scaffolds())
        if split == "scaffold":
            return scaffold_split(self.scaffolds, self.split_seed)
        raise unknown("split", split, SPLITS)

    @classmethod
    def from_moleculenet(
        cls,
        name: str,
        target_column: str | Sequence[str] | None = None,
        split_seed: int = 0,
        split: str | Mapping[str, Any] = "scaffold",
    ) -> "MoleculeTask":
        """The task of a table of MoleculeNet, which is downloaded the first time.

        Args:
            name: as in `torch_geometric.datasets.MoleculeNet`: "BBBP", "BACE", "ClinTox", "HIV", …
            target_column: which target, or several, if the table has several.
            split_seed, split: as of the class.

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
        return cls(
            path,
            name=name.lower(),
            smiles_column=smiles_column,
            target_column=target_column or targets[0],
            split_seed=split_seed,
            split=split,
        )

    def __len__(self) -> int:
        """The number of molecules, in all splits together."""
        return len(self._molecules)

    @property
    def unparsable(self) -> tuple[LeftOutRow, ...]:
        """The rows that were left out: their lines, what stands there, and why."""
        return tuple(self.left_out.rows)

    @cached_property
    def scaffolds(self) -> tuple[str, ...]:
        """The scaffold of each molecule, as a SMILES string; "" for one without rings.

        Of several fragments (salts, solvates, dimers) the longest scaffold counts.
        """
        return tuple(map(longest_part, self._molecules.scaffolds()))

    @property
    def y(self) -> Float[Tensor, "M width"]:
        """The targets of all molecules as they are learned, NaN where there is none."""
        return self._targets.y

    def graph(self, molecule: int) -> Data:
        """One molecule (a position from 0) with `x`, `edge_index`, `edge_attr`, `y`, `smiles`."""
        if not 0 <= molecule < len(self):
            raise IndexError(f"molecule must be from 0 to {len(self) - 1}, got {molecule}")
        place = int(self._molecules.places[molecule])
        return self._molecules.table.molecule(place, self.y[molecule])

    def line(self, molecule: int) -> int:
        """The line of the file that a molecule comes from."""
        return int(self._molecules.lines[molecule])

    def positives(self, split: str) -> int:
        """How many molecules of a split have the property."""
        self.check_split(split)
        return int(self.y[self.members[split]].nan_to_num(0.0).sum())

    @cached_property
    def training_sizes(self) -> tuple[int, int]:  # type: ignore[override]
        """The atoms of the smallest and of the largest training molecule."""
        molecules = self._molecules
        atoms = molecules.table.sizes[molecules.places[self.members["train"]]]
        return int(atoms.min()), int(atoms.max())

    def training_graphs(self) -> LabelledGraphs:
        """The training molecules."""
        return self._labelled(self.members["train"])

    def _labelled(self, molecules: Int[Tensor, " B"]) -> LabelledGraphs:
        table = self._molecules.table.take(self._molecules.places[molecules])
        return LabelledGraphs(table, self.y[molecules])

    def train_batch(self, step: int, batch_size: int, seed: int, device: Device = "cpu") -> Batch:
        """The molecules of one step, by `lcm_core.tasks.stored.visits`."""
        members = self.members["train"]
        chosen = members[visits(len(members), step, batch_size, seed)]
        return self._labelled(chosen).as_batch().to(device, non_blocking=True)

    def batches(self, split: str = "validation", device: Device = "cpu") -> Iterator[Batch]:
        """The molecules of a split in the order of the file, 256 at a time."""
        self.check_split(split)
        for members in self.members[split].split(MOLECULES_IN_AN_EVALUATION_BATCH):
            yield self._labelled(members).as_batch().to(device, non_blocking=True)

    def loss(self, outputs: Float[Tensor, "B width"], batch: Batch) -> Float[Tensor, ""]:
        """The loss of the targets that there are, mean over them; cross-entropies in nats."""
        return self._targets.loss(outputs, batch.y)

    def metric(self, outputs: Float[Tensor, "B width"], targets: Float[Tensor, "B width"]) -> float:
        """For yes or no the area under the ROC curve: the chance that, of two molecules of which
        one has the property, that one gets the larger output; a tie counts half.
        """
        return self._targets.metric(outputs, targets)

    def parts(
        self, outputs: Float[Tensor, "B width"], targets: Float[Tensor, "B width"]
    ) -> dict[str, float]:
        """The score of each target, where there are several."""
        return self._targets.parts(outputs, targets)

    def baseline_parts(self, split: str = "validation") -> dict[str, float]:
        """The best constant score of each target, where there are several."""
        self.check_split(split)
        y = self.y[self.members[split]]
        return self.parts(y.nanmean(0).nan_to_num(0.0).expand_as(y), y)

    def prepare(self) -> None:
        """Import what the metric needs, which takes a second or two, and try it on validation."""
        self._targets.prepare(self.y[self.members["validation"]])

    def baseline(self, split: str = "validation") -> float:
        """The score of the constant output that is best on this split; one half for ROC-AUC."""
        self.check_split(split)
        return self._targets.constant(self.y[self.members[split]])

    def describe(self) -> str:
        """One paragraph of facts about the data, with what was left out and why."""
        yes_or_no = self.metric_name == "ROC-AUC"

        def share(members: Tensor) -> str:
            return f"{self.y[members].nanmean():.0%} positive"

        sizes = ", ".join(
            f"{split} {len(members):,}" + (f" ({share(members)})" if yes_or_no else "")
            for split, members in self.members.items()
        )
        table, scaffolds = self._molecules.table, len(set(self.scaffolds))
        atoms = int(table.sizes[self._molecules.places].sum())
        everyone = f", {share(torch.arange(len(self)))}" if yes_or_no else ""
        question = "" if yes_or_no and self.out_features == 1 else f" {self._targets.describe()}"
        constant = (
            "any constant answer scores 50%"
            if yes_or_no
            else (
                f"the best constant answer scores {self.baseline('validation'):.4g} on validation"
            )
        )
        left_out = self.left_out.sentences()
        if not self.left_out.rows and not self.left_out.unlabelled:
            left_out = ["Rows left out: 0.", *left_out]
        return (
            f"{self.name}: {len(self):,} molecules, {atoms:,} atoms, "
            f"{scaffolds:,} scaffold{'s' * (scaffolds != 1)}{everyone}.{question} "
            f"{' '.join(left_out)} "
            f"{self._split_words}: {sizes}. Score: {self.metric_title}; {constant}."
        )
