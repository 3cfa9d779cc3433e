"""Batches of sets with room for larger ones, and the losses of a `SetModel` on them."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from lcm_core.laws.measure import arity
from lcm_core.laws.penalties import LAW_PENALTIES, draw_tuples, law_penalty
from lcm_core.reduction.places import StatePlaces
from lcm_core.tasks.base import SetBatch
from lcm_core.training.packed import Packer, Parts
from lcm_core.training.regularisers import penalty_generator

__all__ = ["SetSteps"]


class SetSteps(Packer):
    """Parts: `ptr`, `x` and `y` as of a `SetBatch`, and `rows`, the states of the tuples."""

    def shapes(self, tried: Sequence[Any]) -> dict[str, tuple[torch.dtype, Sequence[int]]]:
        first = tried[0]
        # Tuples are rounded up to a multiple of the number of levels.
        tuples = self.batch_size + self.largest.bit_length()
        return {
            "ptr": (torch.int64, (self.batch_size + 1,)),
            "rows": (torch.int64, (sum(map(arity, LAW_PENALTIES)) * tuples,)),
            "y": (first.y.dtype, first.y.shape),
            "x": (first.x.dtype, (self.elements, first.x.shape[1])),
        }

    def fill(self, parts: Parts, batch: Any, step: int, laws: tuple[str, ...]) -> int | None:
        elements = len(batch.x)
        if not self.fits(batch.sizes):
            return None
        parts["ptr"].copy_(batch.ptr)
        parts["y"].copy_(batch.y)
        parts["x"][:elements] = batch.x
        parts["x"][elements:] = 0
        if not laws:
            return 0
        places = StatePlaces(batch.ptr, len(parts["x"]))
        sizes = places.sizes[:1] if self.encoded else places.sizes
        generator, end, tuples = penalty_generator(self.seed, step), 0, 0
        for law in laws:
            for drawn, mixed in draw_tuples(sizes, self.batch_size, arity(law), generator):
                tuples = len(mixed)
                parts["rows"][end : end + tuples] = places.rows(drawn)[mixed]
                end += tuples
        return tuples

    def losses(
        self, parts: Parts, laws: tuple[str, ...], tuples: int, plan: Any
    ) -> tuple[Tensor, dict[str, Tensor]]:
        aggregation = self.model.aggregation
        batch = SetBatch(parts["x"], parts["ptr"], parts["y"], parts["ptr"].diff())
        with aggregation.recording() as calls:
            roots = aggregation(self.model.encoder(batch.x), plan=plan)
        penalties, begin = {}, 0
        for law in laws:
            rows = parts["rows"][begin : begin + arity(law) * tuples]
            begin += len(rows)
            penalties[law] = roots.new_zeros(())
            if (operator := self.regularisers.breaking(law, aggregation)) is not None:
                x, pairs = calls[0].states
                states = torch.cat([x, calls[0].roots, pairs])
                # As an embedding: its gradient is deterministic, and needs no wait of the host.
                drawn = nn.functional.embedding(rows, states)
                penalties[law] = law_penalty(operator, law, *drawn.chunk(arity(law)))
        return self.task.loss(self.model.decoder(roots), batch), penalties
