"""Run a plan on a GPU: one kernel launch a level forward, two a level backward.

For the operators that have Triton kernels: `symmetrized_gru`. Nothing but x and one state a pair is
kept for the backward pass. Source of the derivative: `operators/kernels/symmetrized_gru.py`.
"""

import math
import os
import warnings
from contextlib import nullcontext
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from types import ModuleType
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import Parameter

from lcm_core.operators.kernels.symmetrized_gru import SymmetrizedGRUKernel
from lcm_core.reduction.codes import PairCodes
from lcm_core.reduction.engine import Levels, gradient_by_autograd
from lcm_core.reduction.layout import as_tensor
from lcm_core.reduction.plan import ReductionPlan
from lcm_core.reduction.transfer import aligned

__all__ = ["fused_levels", "missing_for_fused", "missing_for_triton"]

FEW = 4096  # pairs: up to this, small tiles
PROGRAMS = 512  # for the weights' gradients: enough for all multiprocessors
KEEP = 2**32  # bytes of the pairs' gradients at a time, at most, and
SHARE = 16  # no more than one part in so many of the GPU's memory
MOST = 2**30  # pairs that a launch takes, where it takes the whole level
WIDTHS = range(8, 257, 8)
INTERPRETED = os.environ.get("TRITON_INTERPRET") == "1"  # Triton's kernels run on the CPU, slowly


def missing_for_fused(kernel: object, x: Tensor) -> str | None:
    """Why the fused kernels cannot reduce x, or None."""
    if not isinstance(kernel, SymmetrizedGRUKernel):
        return "there is no Triton kernel for the operator"
    low = _compute_dtype(x)
    for dtype in (low, x.dtype, kernel.cell.weight_ih.dtype):
        if dtype not in (torch.float32, torch.bfloat16):
            return f"Triton's kernels take float32 and bfloat16, not {dtype}"
    if x.shape[-1] not in WIDTHS:
        return "Triton's kernels take widths that are multiples of 8, up to 256"
    if x.numel() // x.shape[-1] >= MOST:
        return "Triton's kernels take fewer than 2³⁰ elements"
    return missing_for_triton(x)


def missing_for_triton(x: Tensor) -> str | None:
    """Why Triton's kernels cannot take x, whatever they do; or None."""
    if x.device.type != "cuda" and not INTERPRETED:
        return "Triton's kernels are for CUDA"
    if type(x) not in (Tensor, Parameter):
        return f"x is of the class {type(x).__name__}"
    return _tried(x.device)


@cache
def _tried(device: torch.device) -> str | None:
    """Why Triton does not run on the device: tried by a small launch, once."""
    try:
        from lcm_core.gpu import symmetrized_gru
    except ImportError:
        return "Triton is not installed"
    if INTERPRETED:
        return None
    if torch.version.cuda is None or torch.cuda.get_device_capability(device) < (8, 0):
        return "Triton's kernels need an NVIDIA GPU of compute capability 8.0 or newer"
    one, rows = torch.zeros(1, device=device), torch.zeros(1, dtype=torch.int32, device=device)
    try:
        with torch.cuda.device(device):
            copy = symmetrized_gru.find_kernel(
                "copy_rows", 1, 1, "tf32", True, *3 * [one.dtype], device.index
            )
            for _ in "ab":  # the first call compiles, and launches in another way
                copy((1,), one, one.clone(), rows, rows, rows)
    except Exception as error:  # no C compiler, an old driver, …: whatever stops Triton
        reason = f"Triton cannot start a kernel ({str(error).splitlines()[0]})"
        warnings.warn(
            f"{reason}: reductions on {torch.cuda.get_device_name(device)} take the slower way of "
            "plain PyTorch. Triton needs a C compiler, such as gcc, for its first launch.",
            stacklevel=2,
        )
        return reason
    return None


def fused_levels(
    plan: ReductionPlan, kernel: SymmetrizedGRUKernel, x: Float[Tensor, "N *d"]
) -> Levels:
    """As `levels_by_kernel`, for what `missing_for_fused` has nothing against."""
    cell = kernel.cell
    parameters = cell.weight_ih, cell.weight_hh, cell.bias_ih, cell.bias_hh
    roots, states = _Fused.apply(plan, kernel, aligned(x), *parameters)

    def make_states() -> list[Tensor]:
        if plan.codes.static:
            return [x, states]
        all_states = states.index_copy(0, as_tensor(plan.roots, plan.device), roots)
        return [x, *(all_states[a:b] for a, b in pairwise(plan.bounds[1:]))]

    return Levels(plan, roots, make_states)


@dataclass(frozen=True)
class _Launches:
    """What all launches of one reduction share.

    Args:
        triton: the module of the kernels.
        codes: of the plan.
        d: width of a state.
        copies: how many sets each set of the plan stands for.
        low: dtype of the products' operands.
        element: dtype of the states.
        given: dtype of the cell's parameters.
        precision: of float32 products, as Triton names it.
    """

    triton: ModuleType
    codes: PairCodes
    d: int
    copies: int
    low: torch.dtype
    element: torch.dtype
    given: torch.dtype
    precision: str

    @property
    def device(self) -> torch.device:
        return self.codes.codes.device

    def kernel(self, name: str, pairs: int = 0, more: bool = False) -> Any:
        """The kernel of that name, with tiles for so many pairs."""
        few = 0 < pairs * self.copies <= FEW
        return self.triton.find_kernel(
            name, self.d, self.copies, self.precision, few, self.low, self.element, self.given,
            self.device.index, more,
        )  # fmt: skip

    def level(self, name: str, pairs: int, *args: Any, more: bool = False) -> None:
        """Launch a kernel on so many pairs of a level."""
        kernel = self.kernel(name, pairs, more)
        tile = kernel.constants
        programs = -(-pairs * self.copies // tile["BM"]) * -(-self.d // tile["BN"])
        kernel((programs,), *args)

    def packed(self, parameters: tuple[Tensor, ...]) -> tuple[Tensor, Tensor]:
        """The weights and biases, as the kernels read them."""
        d = self.d
        weights = torch.empty(2, self.triton.BLOCKS, d, d, dtype=self.low, device=self.device)
        biases = torch.empty(4, d, dtype=torch.float32, device=self.device)
        kernel = self.kernel("pack_weights")
        kernel((-(-d * d // kernel.constants["BN"]), 3), *parameters, weights, biases)
        return weights, biases

    def copy(self, source: Tensor, target: Tensor, rows: tuple[Tensor, Tensor]) -> None:
        """target[rows[1]] = source[rows[0]]."""
        if count := len(rows[0]):
            kernel = self.kernel("copy_rows")
            kernel((-(-count // kernel.constants["BM"]),), source, target, *rows, self.codes.bounds)


def _launches(plan: ReductionPlan, x: Tensor, weight: Tensor) -> _Launches:
    from lcm_core.gpu import symmetrized_gru  # Triton may not be there

    exact = torch.get_float32_matmul_precision() == "highest"
    return _Launches(
        triton=symmetrized_gru,
        codes=plan.codes,
        d=x.shape[-1],
        copies=math.prod(x.shape[1:-1]),
        low=_compute_dtype(x),
        element=x.dtype,
        given=weight.dtype,
        precision="tf32x3" if exact else "tf32",
    )


def _compute_dtype(x: Tensor) -> torch.dtype:
    if torch.is_autocast_enabled(x.device.type):
        return torch.get_autocast_dtype(x.device.type)
    return x.dtype


def _on(device: torch.device) -> Any:
    """Triton launches on the current device."""
    if device.type != "cuda" or device.index == torch.cuda.current_device():
        return nullcontext()
    return torch.cuda.device(device)


class _Fused(torch.autograd.Function):
    """(x, the cell's parameters) → (roots, states); the states' rows of roots are not written."""

    @staticmethod
    def forward(
        ctx: Any, plan: ReductionPlan, kernel: SymmetrizedGRUKernel, x: Tensor, *parameters: Tensor
    ) -> tuple[Tensor, Tensor]:
        launches = _launches(plan, x, parameters[0])
        codes = launches.codes
        states = x.new_empty(codes.num_states, *x.shape[1:])
        roots = x.new_empty(plan.num_sets - plan.num_empty, *x.shape[1:])
        with _on(x.device):
            weights, biases = launches.packed(tuple(map(aligned, parameters)))
            launches.copy(x, roots, codes.singles)
            for level, pairs in enumerate(codes.sizes, start=1):
                launches.level(
                    "forward_level", pairs, x, states, roots, codes.codes, codes.count,
                    codes.bounds, level, 0, MOST, weights, biases,
                )  # fmt: skip
        ctx.plan, ctx.kernel, ctx.launches = plan, kernel, launches
        ctx.save_for_backward(x, states, weights, biases, *parameters)
        ctx.set_materialize_grads(False)
        return roots, states

    @staticmethod
    def backward(
        ctx: Any, to_roots: Tensor | None, to_states: Tensor | None
    ) -> tuple[Tensor | None, ...]:
        x, states, weights, biases, *parameters = ctx.saved_tensors
        plan, launches = ctx.plan, ctx.launches
        if torch.is_grad_enabled():  # the gradient is to be differentiated again
            kernel, inputs = ctx.kernel, (x, *parameters)
            grads = gradient_by_autograd(
                plan, kernel, x, kernel.weights(), inputs, to_roots, to_states
            )
            return None, None, *grads
        if to_roots is None:
            to_roots = x.new_zeros(plan.num_sets - plan.num_empty, *x.shape[1:])
        with _on(x.device):
            to_x, to_parameters = _backward(
                launches, x, states, weights, biases, parameters, to_roots, to_states
            )
        return None, None, to_x, *to_parameters


def _backward(
    launches: _Launches,
    x: Tensor,
    states: Tensor,
    weights: Tensor,
    biases: Tensor,
    parameters: list[Tensor],
    to_roots: Tensor,
    to_states: Tensor | None,
) -> tuple[Tensor, list[Tensor]]:
    """Gradients of x and of the parameters."""
    codes, copies = launches.codes, launches.copies
    to_roots = aligned(to_roots)
    more = to_states is not None
    # Of a static plan some rows are no elements.
    to_x = torch.zeros_like(x) if codes.static else torch.empty_like(x)
    to_operands = torch.empty_like(states)
    to_states = to_operands if to_states is None else aligned(to_states)
    launches.copy(to_roots, to_x, codes.singles[::-1])

    width = launches.triton.GRADIENTS * launches.d
    room = codes.pairs
    if not codes.static:
        room = max(min(room, _keep(x.device) // (width * copies * weights.element_size())), 1)
    gradients = weights.new_empty(room * copies, width)
    sums = _Sums(launches)
    for part in _parts(codes.sizes, room):
        base = part[-1][2] * copies
        for level, skip, _, pairs in part:
            place = codes.codes, codes.count, codes.bounds, level, skip, pairs
            launches.level(
                "backward_gates", pairs, x, states, *place, weights, biases, to_roots,
                to_operands, to_states, to_x, gradients, base, more=more,
            )  # fmt: skip
            launches.level(
                "backward_operands", pairs, *place, weights, to_operands, to_x, gradients, base
            )
        sums.add(x, states, gradients, part[-1][2], part[0][2] + part[0][3])
    return to_x, sums.total(parameters)


@cache
def _keep(device: torch.device) -> int:
    """Bytes of the pairs' gradients at a time: the same for all runs on such a GPU."""
    if device.type != "cuda":
        return KEEP
    return min(KEEP, torch.cuda.get_device_properties(device).total_memory // SHARE)


def _parts(sizes: tuple[int, ...], room: int) -> list[list[tuple[int, int, int, int]]]:
    """The pairs from the last to the first, in parts of at most `room`.

    A part is a list of (level, pairs of the level that come before, first pair, pairs).
    """
    parts: list[list[tuple[int, int, int, int]]] = []
    free, end = 0, sum(sizes)
    for level in range(len(sizes), 0, -1):
        begin = end - sizes[level - 1]
        while end > begin:
            if free == 0:
                parts.append([])
                free = room
            pairs = min(free, end - begin)
            end, free = end - pairs, free - pairs
            parts[-1].append((level, end - begin, end, pairs))
    return parts


class _Sums:
    """The weights' gradients, each summed up in some parts of the pairs."""

    def __init__(self, launches: _Launches):
        self.launches, self.added = launches, 0
        self.kernel = launches.kernel("backward_weights")
        d, tile, blocks = launches.d, self.kernel.constants, launches.triton.BLOCKS
        self.tiles = blocks // 2 * -(-2 * d // tile["BJ"]) * -(-d // tile["BN"])
        most = -(-launches.codes.pairs * launches.copies // tile["BM"])
        self.parts = max(min(most, -(-PROGRAMS // self.tiles)), 1)
        exact = launches.codes.codes.new_empty(0, dtype=torch.float32)
        self.weights = exact.new_empty(self.parts, blocks, d, d)
        self.biases = exact.new_empty(self.parts, 4, d)

    def add(self, x: Tensor, states: Tensor, gradients: Tensor, first: int, end: int) -> None:
        codes = self.launches.codes
        self.kernel(
            (self.parts, self.tiles), x, states, codes.codes, codes.count, codes.bounds,
            len(codes.sizes), first, end, gradients, self.weights, self.biases, self.added,
        )  # fmt: skip
        self.added = 1

    def total(self, parameters: list[Tensor]) -> list[Tensor]:
        """The gradients of the cell's parameters."""
        if not self.added:
            return [torch.zeros_like(p) for p in parameters]
        d, kernel = self.launches.d, self.launches.kernel("add_up")
        made = [torch.empty_like(p, memory_format=torch.contiguous_format) for p in parameters]
        grid = -(-max(d * d, 4 * d) // kernel.constants["BN"]), 4
        kernel(grid, self.weights, self.biases, self.parts, *made)
        return made
