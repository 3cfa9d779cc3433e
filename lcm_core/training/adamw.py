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
        self._states: list[dict[str, Tensor]] = []
        self._of: Any = None  # the optimiser's, of which these are

    def states(self) -> list[dict[str, Tensor]]:
        """The state of each parameter, as AdamW makes it, made where there is none."""
        states: Any = self.optimizer.state
        if states is self._of:  # loading a checkpoint replaces it
            return self._states
        for parameter in self.parameters:
            if not states[parameter]:
                states[parameter] = {
                    "step": torch.tensor(0.0),
                    "exp_avg": torch.zeros_like(parameter),
                    "exp_avg_sq": torch.zeros_like(parameter),
                }
        self._states, self._of = [states[parameter] for parameter in self.parameters], states
        return self._states

    def tensors(self) -> list[Tensor]:
        """The tensors that a step changes in place."""
        states = self.states()
        moments = [state[key] for state in states for key in ("exp_avg", "exp_avg_sq")]
        return [*self.parameters, *moments]

    def numbers(self) -> list[float]:
        """The numbers of the next step, in the terms of AdamW's documentation."""
        settings = self.optimizer.param_groups[0]
        rate, (beta, beta_squares) = settings["lr"], settings["betas"]
        numbers = [1 - rate * settings["weight_decay"], beta, 1 - beta]
        for state in self.states():
            step = float(state["step"]) + 1
            numbers += [(1 - beta_squares**step) ** -0.5, -rate / (1 - beta**step)]
        return numbers

    def groups(self) -> list[list[int]]:
        """The numbers of the parameters with a gradient, those with the same step together."""
        groups: dict[float, list[int]] = {}
        states = self.states()
        for number, parameter in enumerate(self.parameters):
            if parameter.grad is not None:
                groups.setdefault(float(states[number]["step"]), []).append(number)
        return list(groups.values())

    def fits(self, groups: Sequence[Sequence[int]]) -> bool:
        """Whether the parameters of each group still have the same step."""
        steps = [float(state["step"]) for state in self.states()]
        return all(steps[number] == steps[group[0]] for group in groups for number in group)

    def count_step(self, groups: Sequence[Sequence[int]]) -> None:
        """Note on the host that these parameters took a step."""
        states = self.states()
        torch._foreach_add_([states[number]["step"] for group in groups for number in group], 1)

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
