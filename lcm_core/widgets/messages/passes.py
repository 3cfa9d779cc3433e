"""The states of a molecule's atoms, round by round, and those of the readout's tree."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from lcm_core.pyg import Batch, Data
from lcm_core.reduction import trace
from lcm_core.training import pretrained

__all__ = ["Passes"]


@dataclass(frozen=True, eq=False)
class Passes:
    """What a trained network makes of one molecule.

    Args:
        rounds: one number for each atom, before the first round and after each, (rounds + 1, n).
        tree: one number for each node of the readout's tree, (2n − 1,), leaves first, root last.
        children: of the inner nodes, (n − 1, 2).
        heights: of all nodes, (2n − 1,).
        chance: of "yes", 0 to 1.
    """

    rounds: Float[np.ndarray, "rounds n"]
    tree: Float[np.ndarray, " nodes"]
    children: np.ndarray
    heights: np.ndarray
    chance: float

    @classmethod
    @torch.no_grad()
    def of(cls, name: str, molecule: Data) -> Passes:
        """Run a pretrained network on a molecule, and keep what it makes on its way.

        Args:
            name: one of `pretrained_names()`, for molecules, whose readout has an operator.

        Raises:
            ValueError: an unknown name, a network for sets, or a readout without an operator.
        """
        trained = pretrained(name)
        if trained.trainer.task.kind != "graphs":
            raise ValueError(f"expected a network for molecules, got {name}: {trained.recipe}")
        operator, model = trained.operator, trained.trainer.model.eval()
        batch = Batch.from_data_list([molecule])
        nodes, edges = model.encoder(batch.x), model.edge_encoder(batch.edge_attr)
        states = [nodes]
        for layer in model.layers:
            states.append(layer(states[-1], batch.edge_index, edges))
        reduced = trace(operator, model.aggregation.states(model.to_elements(states[-1])))
        in_tree = torch.stack([reduced.nodes[node]["state"] for node in sorted(reduced)])
        answer = model.decoder(operator.lower(in_tree[-1:]))
        shape = reduced.graph["tree"]
        return cls(
            _one_number(torch.stack(states)),
            _one_number(in_tree),
            shape.children,
            shape.heights,
            float(answer[0, 0].sigmoid()),
        )

    @property
    def depth(self) -> int:
        return int(self.heights[-1])

    @property
    def across(self) -> np.ndarray:
        """Where each node of the tree stands, from 0 (left) to 1, (2n − 1,)."""
        n = len(self.children) + 1
        places = list((np.arange(n) + 0.5) / n)
        for left, right in self.children:
            places.append((places[left] + places[right]) / 2)
        return np.array(places)


def _one_number(states: Tensor) -> np.ndarray:
    """The place of each state along the first principal component of all, from −1 to 1."""
    flat = states.flatten(0, -2)
    centred = flat - flat.mean(0)
    direction = torch.linalg.svd(centred, full_matrices=False).Vh[0]
    along = centred @ direction
    return (along / along.abs().max().clamp_min(1e-9)).view(states.shape[:-1]).numpy()
