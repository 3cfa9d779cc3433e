"""Whether a fast path may go past a module's `forward` without anybody noticing.

It may not where PyTorch's tools hold on to the module or its tensors: hooks, functions put in the
place of `forward`, tensors of other classes, `torch.func`, forward-mode derivatives, tracing. Uses
private parts of torch, which `tests/test_definition.py` tries.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.autograd import forward_ad
from torch.nn.modules import module as torch_module

__all__ = [
    "has_gradient_hook",
    "hooks_of",
    "obstacle",
    "obstacle_of_call",
    "outside_transforms",
    "strangeness",
    "transforming",
    "unwrapped",
]

_CALL = nn.Module.__call__
_PLAIN = (nn.Parameter, Tensor, type(None))
_HOOKS = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")

_transforms_active = torch._C._are_functorch_transforms_active
_is_wrapped = torch._C._functorch.is_functorch_wrapped_tensor
_unwrap = torch._C._functorch.get_unwrapped
_HOOKS_FOR_ALL = [getattr(torch_module, f"_global{kind}") for kind in _HOOKS]

MaybeTensor = TypeVar("MaybeTensor", Tensor, Tensor | None)


def transforming() -> bool:
    """Whether code runs under a transform of `torch.func`, such as grad or vmap."""
    return not torch.compiler.is_compiling() and _transforms_active()


def obstacle_of_call() -> str | None:
    """Why nothing with a derivative of its own may run now, whatever the tensors; None if it may.

    It does not look at compiling.
    """
    if _transforms_active():
        return "torch.func transforms the call"
    if forward_ad._current_level >= 0:
        return "forward-mode derivatives are computed"
    if torch._C._is_tracing():
        return "torch.jit traces the call"
    return None


def obstacle(
    module: nn.Module, *tensors: Tensor, inside: tuple[type[nn.Module], ...] | None = None
) -> str | None:
    """Why the module's `forward` may not be gone past for these tensors; None if it may.

    It looks at hooks and replaced functions of the module and of all modules inside. A class may
    say by `definition` which function its `forward` was when the fast path was written.

    Args:
        module: what the fast path goes past.
        *tensors: what it is called with.
        inside: the classes that the modules inside may be of, whose parameters the fast path reads
            (default: any).
    """
    for tensor in tensors:
        if type(tensor) not in _PLAIN:
            return f"a tensor is of the class {type(tensor).__name__}"
    if not torch.compiler.is_compiling():
        if (why := obstacle_of_call()) is not None:
            return why
        if any(_HOOKS_FOR_ALL):
            return "there is a hook for all modules"
    return strangeness(module, inside)


def strangeness(module: nn.Module, inside: tuple[type[nn.Module], ...] | None = None) -> str | None:
    """Why a module may compute something else than its class and weights say, or None.

    Args:
        module: with all modules inside.
        inside: as in `obstacle`.
    """
    if (found := _in_the_way(module, inside)) is None:
        return None
    kind, place, what = found
    return f"{kind} at {place} {what}" if place else f"{kind} {what}"


def hooks_of(module: nn.Module) -> list[str]:
    """The kinds of hooks that the module itself has, such as "forward pre hook"."""
    found = [name for name in _HOOKS if module.__dict__[name]]
    return [name.strip("_").removesuffix("s").replace("_", " ") for name in found]


def has_gradient_hook(parameter: Tensor) -> bool:
    """Whether a function was registered that is called with the tensor's gradient."""
    return bool(parameter._backward_hooks or parameter._post_accumulate_grad_hooks)


def _in_the_way(
    module: nn.Module, inside: tuple[type[nn.Module], ...] | None
) -> tuple[str, str, str] | None:
    """(class, place within the module, what is strange about it) of the first obstacle."""
    kind, own = type(module), module.__dict__
    if (
        own["_forward_hooks"]
        or own["_forward_pre_hooks"]
        or own["_backward_hooks"]
        or own["_backward_pre_hooks"]
    ):
        return kind.__name__, "", f"has a {hooks_of(module)[0]}"
    if (
        "forward" in own
        or kind.__call__ is not _CALL
        or kind.forward is not getattr(kind, "definition", kind.forward)
    ):
        return kind.__name__, "", "has another forward than its class"
    for name, parameter in own["_parameters"].items():
        if type(parameter) not in _PLAIN:
            return kind.__name__, "", f"has a {type(parameter).__name__} as its {name}"
        if parameter is None and inside is not None:
            return kind.__name__, "", f"has no {name}"
    for name, child in own["_modules"].items():
        if child is None:
            continue
        if inside is not None and type(child) not in inside:
            return type(child).__name__, f".{name}", "is not of the class that was expected there"
        if (found := _in_the_way(child, inside)) is not None:
            return found[0], f".{name}{found[1]}", found[2]
    return None


@contextmanager
def outside_transforms() -> Iterator[None]:
    """Context manager: tensors made within are ordinary ones.

    They are not transformed by `torch.func`, and autograd can use them, even under
    `torch.inference_mode`. Plans are made so: they outlive both.
    """
    if torch.compiler.is_compiling() or not (transforming() or torch.is_inference_mode_enabled()):
        yield
        return
    with torch._C._DisableFuncTorch(), torch.inference_mode(False):
        yield


def unwrapped(tensor: MaybeTensor) -> MaybeTensor:
    """The tensor that `torch.func` has wrapped, if it has."""
    while tensor is not None and _is_wrapped(tensor):
        tensor = _unwrap(tensor)
    return tensor
