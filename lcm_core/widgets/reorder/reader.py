"""A trained network that answers a question of yes or no about a molecule, atom order included."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from lcm_core.pyg import Batch, Data
from lcm_core.training import pretrained

__all__ = ["Reader"]

#: How the page calls the cells of folds.
CELLS = {"lstm_fold": "LSTM", "gru_fold": "GRU"}


@dataclass(frozen=True, eq=False)
class Reader:
    """The readout of a trained network, and the atoms of one molecule as the readout gets them.

    Args:
        name: how it is called on the page.
        elements: the states of the atoms after message passing, in the order of the file.
        aggregation: the readout.
        decoder: makes the answer, a logit, of the readout's result.
    """

    name: str
    elements: Float[Tensor, "n channels"]
    aggregation: nn.Module
    decoder: nn.Module

    @classmethod
    @torch.no_grad()
    def of(cls, name: str, molecule: Data) -> Reader:
        """Let a pretrained network pass messages within a molecule.

        Args:
            name: one of `pretrained_names()`, trained on molecules by messages that are summed.

        Raises:
            ValueError: an unknown name, or a network whose atoms depend on their order.
        """
        trained = pretrained(name)
        recipe = trained.trainer.recipe
        if trained.trainer.task.kind != "graphs" or recipe.neighbors != "sum":
            raise ValueError(
                f"expected a network for molecules with neighbors=sum, got {name}: {recipe.text()}"
            )
        model = trained.trainer.model.eval()
        elements, _ = model.elements(Batch.from_data_list([molecule]))
        said = (
            f"{CELLS.get(recipe.readout, recipe.readout)}: reads a list"
            if model.aggregation.is_fold
            else f"⊕ {recipe.readout}: combines a set"
        )
        return cls(said, elements, model.aggregation, model.decoder)

    @torch.no_grad()
    def chances(self, orders: Int[Tensor, "orders n"]) -> list[float]:
        """The chance of "yes" (0 to 1) with the atoms in each of these orders."""
        count, n = orders.shape
        ptr = torch.arange(0, count * n + 1, n)
        answers = self.decoder(self.aggregation(self.elements[orders].flatten(0, 1), ptr=ptr))
        return answers[:, 0].sigmoid().tolist()
