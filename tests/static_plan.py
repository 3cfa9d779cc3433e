"""A `StaticPlan` for the CPU, by its definition: one set after the other, one pair at a time."""

from collections import defaultdict
from typing import Any

import pytest
import torch
from torch import Tensor

from lcm_core.aggregations import lcm
from lcm_core.reduction.engine import Levels
from lcm_core.reduction.on_device import most_pairs
from lcm_core.reduction.paths import Path, run
from lcm_core.reduction.plan import ReductionPlan
from lcm_core.training import capturable, captured


class HostPlan(ReductionPlan):
    """As a `StaticPlan`, but for `update`, which tells the host the bounds of the sets."""

    ptr: list[int]
    largest: int

    def __init__(self, num_sets: int, largest: int, rows: int, device: torch.device):
        vars(self).update(
            num_sets=num_sets, largest=largest, num_elements=rows, num_empty=0, device=device
        )

    def update(self, ptr: Tensor) -> None:
        vars(self)["ptr"] = ptr.tolist()

    def levels(self, operator: Any, x: Tensor) -> Levels:
        """Roots; and x and the pairs, in the order of a static plan: those of roots are NaN."""
        by_level: dict[int, list[Tensor]] = defaultdict(list)
        roots = []
        nothing = x.new_full(x.shape[1:], torch.nan)
        for begin, end in zip(self.ptr[:-1], self.ptr[1:], strict=True):
            states, level = list(x[begin:end]), 0
            while len(states) > 1:
                level, last = level + 1, states[len(states) // 2 * 2 :]
                pairs = zip(states[::2], states[1::2], strict=False)
                made = [operator.combine(a[None], b[None])[0] for a, b in pairs]
                states = [*made, *last]
                by_level[level] += made if len(states) > 1 else [nothing]
            roots += states
        rows = [state for level in sorted(by_level) for state in by_level[level]]
        most = most_pairs(self.num_sets, self.largest, self.num_elements)
        assert all(len(by_level[level]) <= pairs for level, pairs in enumerate(most, start=1))
        rows += [nothing] * (sum(most) - len(rows))
        return Levels(self, torch.stack(roots), lambda: [x, torch.stack(rows)])


def use_host_plans(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the CPU take steps whose shapes do not change, as a GPU does."""

    def run_any(plan: Any, operator: Any, x: Tensor) -> Levels:
        return plan.levels(operator, x) if isinstance(plan, HostPlan) else run(plan, operator, x)

    monkeypatch.setattr(lcm, "run", run_any)
    monkeypatch.setattr(captured, "StaticPlan", HostPlan)
    monkeypatch.setattr(capturable, "choose_path", lambda *_: Path("fused", "by HostPlan"))
