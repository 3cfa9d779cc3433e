"""A second device that every machine has: tensors on the CPU that say they are elsewhere.

They refuse what tensors of a GPU refuse: to meet tensors of the CPU, and to become arrays. Numbers
are those of the CPU. A module or tensor goes there by `.to(ELSEWHERE)` within `second_device()`.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode, return_and_correct_aliasing
from torch.utils._pytree import tree_iter, tree_map

ELSEWHERE = torch.device("meta")

aten = torch.ops.aten
MAY_MEET = {aten.copy_.default, aten.index.Tensor, aten.index_put_.default, aten.index_put.default}
MAY_MEET |= {aten._index_put_impl_.default}


class Elsewhere(Tensor):
    """A tensor on `ELSEWHERE`; its numbers are in `inner`, on the CPU."""

    inner: Tensor

    @staticmethod
    def __new__(cls, inner: Tensor):
        made = Tensor._make_wrapper_subclass(
            cls,
            inner.size(),
            strides=inner.stride(),
            storage_offset=inner.storage_offset(),
            dtype=inner.dtype,
            device=ELSEWHERE,
        )
        made.inner = inner.detach()
        return made

    def __repr__(self, *, tensor_contents=None):
        return f"Elsewhere({self.inner})"

    __torch_function__ = torch._C._disabled_torch_function_impl

    @classmethod
    def __torch_dispatch__(cls, function, types, args=(), kwargs=None):
        kwargs = dict(kwargs or {})
        to_cpu = "device" in kwargs and kwargs["device"] not in (None, ELSEWHERE)
        if "device" in kwargs:
            kwargs["device"] = torch.device("cpu")
        if function not in MAY_MEET:
            for value in tree_iter((args, kwargs)):
                if type(value) is Tensor and value.dim() > 0:
                    raise RuntimeError(
                        f"expected all tensors to be on one device, got cpu and {ELSEWHERE} in "
                        f"{function}"
                    )
        meets = function is aten.copy_.default and not isinstance(args[0], Elsewhere)
        inner_args, inner_kwargs = tree_map(_inner, (args, kwargs))
        result = function(*inner_args, **inner_kwargs)
        if to_cpu or meets:
            return args[0] if meets else result
        wrapped = tree_map(lambda v: cls(v) if type(v) is Tensor else v, result)
        return return_and_correct_aliasing(function, args, kwargs, wrapped)


def _inner(value):
    return value.inner if isinstance(value, Elsewhere) else value


class _MadeThere(TorchDispatchMode):
    """What PyTorch makes there, or copies to there, gets its numbers on the CPU."""

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        kwargs = dict(kwargs or {})
        inside = any(isinstance(value, Elsewhere) for value in tree_iter((args, kwargs)))
        if kwargs.get("device") == ELSEWHERE and not inside:
            kwargs["device"] = torch.device("cpu")
            return Elsewhere(function(*args, **kwargs).clone())
        return function(*args, **kwargs)


class _Values(TorchFunctionMode):
    """Numbers and arrays from there and to there, which PyTorch knows no way for."""

    def __torch_function__(self, function, types, args=(), kwargs=None):
        kwargs = dict(kwargs or {})
        if args and isinstance(args[0], Elsewhere):
            if function is Tensor.tolist:
                return args[0].inner.tolist()
            if function is Tensor.new_tensor:
                return args[0].inner.new_tensor(*args[1:], **kwargs).to(ELSEWHERE)
            if function in (Tensor.numpy, Tensor.__array__):
                raise TypeError(f"can't convert {ELSEWHERE} tensor to numpy: use .cpu() first")
        if function in (torch.tensor, torch.as_tensor) and "device" in kwargs:
            device = kwargs.pop("device")
            return function(*args, **kwargs).to(device)
        return function(*args, **kwargs)


@contextmanager
def second_device() -> Iterator[torch.device]:
    """Context manager: `ELSEWHERE` is a device that can be used."""
    before = torch.__future__.get_overwrite_module_params_on_conversion()
    torch.__future__.set_overwrite_module_params_on_conversion(True)
    try:
        with _Values(), _MadeThere():
            yield ELSEWHERE
    finally:
        torch.__future__.set_overwrite_module_params_on_conversion(before)
