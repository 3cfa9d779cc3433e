"""Launching a Triton kernel with little work of the host."""

from typing import Any

import triton
from triton.runtime import driver

__all__ = ["Kernel", "loose_kernel"]


def loose_kernel(function: Any) -> Any:
    """A kernel that is compiled once for all values of its numbers, whose names are lower case."""
    names = function.__code__.co_varnames[: function.__code__.co_argcount]
    return triton.jit(function, do_not_specialize=[name for name in names if name.islower()])


class Kernel:
    """A kernel with its constants.

    From the second call on it is launched without Triton's search for the compiled form, which
    takes longer than a launch, by what that search ends with. So all tensors must begin at
    multiples of 16 bytes, as PyTorch's own do; and all calls are on one device.

    Args:
        function: the kernel.
        constants: its last arguments, by name.
        options: how many warps work on a tile, and stages of loads.
    """

    def __init__(self, function: Any, constants: dict[str, Any], options: dict[str, int]):
        self.function, self.constants, self.options = function, constants, options
        self.values = tuple(constants.values())
        self.launch: Any = None

    def __call__(self, grid: tuple[int, ...], *args: Any) -> None:
        """Launch it on the current device.

        Args:
            grid: numbers of programs, of one or two dimensions.
            *args: all that are not constants.
        """
        if self.launch is None:
            compiled = self.function[grid](*args, **self.constants, **self.options)
            if compiled is not None:  # the interpreter compiles nothing
                self.launch = compiled.run
                self.device = driver.active.get_current_device()
                self.place = compiled.function, compiled.packed_metadata, None, None, None
            return
        x, y = grid if len(grid) == 2 else (*grid, 1)
        stream = driver.active.get_current_stream(self.device)
        self.launch(x, y, 1, stream, *self.place, *args, *self.values)
