"""The optimisers do torch's steps, and a compiler finds them as it finds torch's."""

import pytest
import torch

from lcm_core import optimizers


def trained(kind: type[torch.optim.Optimizer], **options: float) -> tuple[list, dict]:
    weights = torch.nn.Parameter(torch.tensor([1.0, -2.0, 3.0], dtype=torch.double))
    optimizer = kind([weights], lr=0.1, **options)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1 / (1 + step))

    def closure() -> torch.Tensor:
        optimizer.zero_grad()
        loss = (weights**4).sum()
        loss.backward()
        return loss

    for _ in range(5):
        optimizer.step(closure)
        schedule.step()
    other = kind([weights], lr=0.1, **options)
    other.load_state_dict(optimizer.state_dict())
    other.step(closure)
    return weights.tolist(), other.state_dict()


@pytest.mark.parametrize("name", ["Adam", "AdamW"])
def test_steps_are_those_of_torch(name: str) -> None:
    ours, state = trained(getattr(optimizers, name), weight_decay=0.01)
    theirs, their_state = trained(getattr(torch.optim, name), weight_decay=0.01)
    assert ours == theirs
    assert state["param_groups"] == their_state["param_groups"]
    assert str(state["state"]) == str(their_state["state"])


def test_hooks_are_called() -> None:
    weights, calls = torch.nn.Parameter(torch.ones(2)), []
    optimizer = optimizers.AdamW([weights])
    optimizer.register_step_post_hook(lambda *_: calls.append("after"))
    weights.sum().backward()
    optimizer.step()
    assert calls == ["after"]
    assert weights.requires_grad


def test_a_compiled_training_step_is_the_same() -> None:
    def run(compiled: bool) -> list[float]:
        weights = torch.nn.Parameter(torch.tensor([1.0, -2.0]))
        optimizer = optimizers.AdamW([weights], lr=0.1)

        def step() -> None:
            optimizer.zero_grad()
            (weights**2).sum().backward()
            optimizer.step()

        go = torch.compile(step, backend="eager") if compiled else step
        for _ in range(3):
            go()
        return weights.tolist()

    assert run(True) == pytest.approx(run(False))
