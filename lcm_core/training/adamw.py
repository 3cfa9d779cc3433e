"""AdamW with numbers that the device reads: a CUDA graph can hold it while they change."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.optim import AdamW

__all__ = ["DeviceAdamW"]

#: Numbers of all parameters: what the decay leaves, β₁, and 1 − β₁; then two for each parameter.
DECAY, BETA, FRESH, EACH = 0, 1, 2, 3


class DeviceAdamW:
    """Does the steps of an AdamW, in its own state: both can take turns.

    Args:
        optimizer: with one group of parameters.

    Attributes:
        parameters: of the optimiser.
        count: how many numbers a step needs.
    """

    def __init__(self, optimizer: AdamW):
        self.optimizer = optimizer
        self.parameters: list[Tensor] = optimizer.param_groups[0]["params"]
        self.count = EACH + 2 * len(self.parameters)
        self._steps = torch.zeros(len(self.parameters))  # of which those of the states are views
        self._numbers: list[Tensor] = []

    def states(self) -> list[dict[str, Tensor]]:
        """The state of each parameter, as AdamW makes it, made where there is none.

        All steps lie in one tensor, so that one operation counts them.
        """
        states: Any = self.optimizer.state
        found = [states[parameter] for parameter in self.parameters]
        if not self._numbers or any(
            state.get("step") is not step for state, step in zip(found, self._numbers, strict=True)
        ):
            for number, (parameter, state) in enumerate(zip(self.parameters, found, strict=True)):
                self._steps[number] = state.get("step", 0.0)
                state.setdefault("exp_avg", torch.zeros_like(parameter))
                state.setdefault("exp_avg_sq", torch.zeros_like(parameter))
            self._numbers = list(self._steps.unbind())
            for state, step in zip(found, self._numbers, strict=True):
                state["step"] = step
        return found

    def places(self) -> tuple[int, ...]:
        """Where the tensors lie that a step changes in place."""
        found = [*self.parameters]
        for state in self.states():
            found += state["exp_avg"], state["exp_avg_sq"]
        return tuple(tensor.data_ptr() for tensor in found)

    def numbers(self) -> list[float]:
        """The numbers of the next step, in the terms of AdamW's documentation."""
        settings = self.optimizer.param_groups[0]
        rate, (beta, beta_squares) = settings["lr"], settings["betas"]
        numbers = [1 - rate * settings["weight_decay"], beta, 1 - beta]
        for before in self._steps.tolist():
            step = before + 1
            numbers += [(1 - beta_squares**step) ** -0.5, -rate / (1 - beta**step)]
        return numbers

    def groups(self) -> list[list[int]]:
        """The numbers of the parameters with a gradient, those with the same step together."""
        groups: dict[float, list[int]] = {}
        for number, step in enumerate(self._steps.tolist()):
            if self.parameters[number].grad is not None:
                groups.setdefault(step, []).append(number)
        return list(groups.values())

    def fits(self, groups: Sequence[Sequence[int]]) -> bool:
        """Whether the parameters of each group still have the same step."""
        steps = self._steps.tolist()
        return all(steps[number] == steps[group[0]] for group in groups for number in group)

    def count_step(self, trained: Tensor) -> None:
        """Note on the host that parameters took a step.

        Args:
            trained: 1 for each of them, 0 for the others.
        """
        self._steps += trained

    @torch.no_grad()
    def update(self, groups: Sequence[Sequence[int]], numbers: Sequence[Tensor]) -> None:
        """Change the parameters and their moments, on the device.

        Args:
            groups: of `groups`.
            numbers: of `numbers`, as scalars on the device.
        """
        settings, states = self.optimizer.param_groups[0], self.states()
        beta_squares = settings["betas"][1]
        for group in groups:
            root, rate = numbers[EACH + 2 * group[0]], numbers[EACH + 2 * group[0] + 1]
            parameters = [self.parameters[number] for number in group]
            gradients: list[Any] = [parameter.grad for parameter in parameters]
            means = [states[number]["exp_avg"] for number in group]
            squares = [states[number]["exp_avg_sq"] for number in group]
            torch._foreach_mul_(parameters, numbers[DECAY])
            torch._foreach_mul_(means, numbers[BETA])
            torch._foreach_add_(means, torch._foreach_mul(gradients, numbers[FRESH]))
            torch._foreach_mul_(squares, beta_squares)
            torch._foreach_addcmul_(squares, gradients, gradients, value=1 - beta_squares)
            scale = torch._foreach_sqrt(squares)
            torch._foreach_mul_(scale, root)
            torch._foreach_add_(scale, settings["eps"])
            change = torch._foreach_div(means, scale)
            torch._foreach_mul_(change, rate)
            torch._foreach_add_(parameters, change)
