"""Run a plan in plain PyTorch: by autograd, or by an operator's kernel, in chunks.

Both give the same states; `paths.py` says which runs. `levels_by_autograd` takes any operator,
compiled or not, with derivatives of any order: by its definition or by `Operator.combine`.
`levels_by_kernel` is for many pairs of an operator that has a derivative of its own
(`Operator.kernel`). For the backward pass it keeps x, one state a pair, and a
fixed number of bytes of the intermediate steps; the other steps are recomputed. On the CPU it goes
through a level in chunks whose steps stay in the cache, since memory that is touched once costs
more than the products.
"""

import math
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import chain, pairwise
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from lcm_core.operators.base import PairKernel
from lcm_core.reduction.plan import ReductionPlan, Rows, Source, take

__all__ = [
    "Levels",
    "cut",
    "gradient_by_autograd",
    "groups_of",
    "in_chunks",
    "levels_by_autograd",
    "levels_by_kernel",
]

Combine = Callable[[Tensor, Tensor], Tensor]

CHUNK = 2**16  # floats per chunk (pairs × d), per thread
KEEP = 2**25  # bytes of steps kept for the backward pass; the others are recomputed


@dataclass(frozen=True)
class Levels:
    """The result of a reduction by `plan`: roots of non-empty sets and, lazily, all states."""

    plan: ReductionPlan
    roots: Float[Tensor, "filled *d"]
    make_states: Callable[[], list[Tensor]]

    @cached_property
    def states(self) -> list[Float[Tensor, "_ *d"]]:
        """The states of level 0, which is x, to depth."""
        return self.make_states()


_in_chunks: ContextVar[bool] = ContextVar("in_chunks", default=True)


@contextmanager
def in_chunks(chunks: bool) -> Iterator[None]:
    """Context manager: whether kernels go through a level in chunks, on the CPU."""
    token = _in_chunks.set(chunks)
    try:
        yield
    finally:
        _in_chunks.reset(token)


# By autograd ------------------------------------------------------------------------------------


def levels_by_autograd(plan: ReductionPlan, combine: Combine, x: Float[Tensor, "N *d"]) -> Levels:
    """Level by level, each cut into the pieces that later levels take.

    So a state is copied once in the forward pass, and its gradient once in the backward pass.
    """
    roots, leaves, *sources = plan.find_sources() if torch.compiler.is_compiling() else plan.sources
    late, *pair = groups_of(leaves, [x])
    levels, pieces = [x], [cut(late, plan, 0)]
    for level in range(1, plan.depth + 1):
        if level > 1:
            pair = groups_of(sources[level - 2], pieces)
        levels.append(combine(*pair).to(x.dtype))
        pieces.append(cut(levels[-1], plan, level))
    [filled] = groups_of(roots, pieces) if roots.places else [x[:0]]
    return Levels(plan, filled, lambda: levels)


def groups_of(source: Source, pieces: Sequence[Any]) -> list[Tensor]:
    """The groups of a source, from all pieces by level; or from [x], of which x's source reads."""
    parts = [pieces[level][number] for level, number in source.places] or list(pieces)
    if source.rows is not None:
        taken = source.rows.of(_joined(parts))
        return list(taken.split_with_sizes(source.sizes)) if len(source.sizes) > 1 else [taken]
    if source.runs is not None:
        return [_joined(parts[first:end]) if end else parts[0][:0] for first, end in source.runs]
    states = _joined(parts)
    turns = states.unflatten(0, (-1, max(source.starts) + 1)).unbind(1)
    return [turns[start] if start >= 0 else states[:0] for start in source.starts]


def _joined(parts: list[Tensor]) -> Tensor:
    return parts[0] if len(parts) == 1 else torch.cat(parts)


def cut(states: Tensor, plan: ReductionPlan, level: int) -> Sequence[Tensor]:
    """A level's states, cut into the pieces that later levels take."""
    sizes = [n for _, n in plan.pieces[level]]
    return states.split_with_sizes(sizes) if len(sizes) > 1 else (states,)


# By a kernel ------------------------------------------------------------------------------------


def levels_by_kernel(
    plan: ReductionPlan, kernel: PairKernel, weights: Sequence[Tensor], x: Float[Tensor, "N *d"]
) -> Levels:
    """As `levels_by_autograd`, with the derivative that the kernel brings."""
    roots, states = _Reduction.apply(plan, kernel, _pairs_a_chunk(x), x, *weights)
    return Levels(plan, roots, lambda: [x, *(states[a:b] for a, b in pairwise(plan.bounds[1:]))])


class _Reduction(torch.autograd.Function):
    """(x, weights) → (roots, states). A state goes into one pair: its gradient is written once."""

    @staticmethod
    def forward(
        ctx: Any, plan: ReductionPlan, kernel: PairKernel, most: int, x: Tensor, *weights: Tensor
    ) -> tuple[Tensor, Tensor]:
        states = x.new_empty(plan.bounds[-1], *x.shape[1:])
        _put(states, slice(0, plan.bounds[1]), take(x, plan.late))
        kept, room = {}, KEEP if any(ctx.needs_input_grad) else -1
        for level, own, left, right in _chunks(plan, most):
            source = x if level == 1 else states
            pair = take(source, left), take(source, right)
            states[own], steps = _by_rows(kernel.forward, weights, *pair)
            if (room := room - sum(step.nbytes for step in steps)) >= 0:
                kept[own.start] = steps
        ctx.plan, ctx.kernel, ctx.most = plan, kernel, most
        ctx.num_weights, ctx.kept = len(weights), list(kept)
        ctx.save_for_backward(x, states, *weights, *chain.from_iterable(kept.values()))
        ctx.set_materialize_grads(False)
        return take(states, plan.roots).clone(), states

    @staticmethod
    def backward(
        ctx: Any, to_roots: Tensor | None, to_states: Tensor | None
    ) -> tuple[Tensor | None, ...]:
        x, states, *others = ctx.saved_tensors
        weights, kept = others[: ctx.num_weights], others[ctx.num_weights :]
        if torch.is_grad_enabled():  # the gradient is to be differentiated again
            inputs, arrived_at = (x, *weights), (to_roots, to_states)
            grads = gradient_by_autograd(ctx.plan, ctx.kernel, x, weights, inputs, *arrived_at)
            return None, None, None, *grads
        plan, kernel = ctx.plan, ctx.kernel
        to_x, to_pairs = torch.empty_like(x), torch.empty_like(states)
        each = len(kept) // max(len(ctx.kept), 1)
        steps = {begin: tuple(kept[i * each : (i + 1) * each]) for i, begin in enumerate(ctx.kept)}
        exact = torch.promote_types(x.dtype, torch.float32)
        to_weights = [torch.zeros_like(w, dtype=exact) for w in weights]
        _put(to_pairs, plan.roots, 0.0 if to_roots is None else to_roots)

        def arrived(own: slice) -> Tensor:
            return to_pairs[own] if to_states is None else to_pairs[own] + to_states[own]

        for level, own, left, right in _chunks(plan, ctx.most, backward=True):
            source, target = (x, to_x) if level == 1 else (states, to_pairs)
            args = take(source, left), take(source, right), arrived(own)
            ready = steps.get(own.start)
            to_left, to_right = _by_rows(kernel.backward, weights, *args, to_weights, ready)
            _put(target, left, to_left)
            _put(target, right, to_right)
        _put(to_x, plan.late, arrived(slice(0, plan.bounds[1])))
        return None, None, None, to_x, *to_weights


def gradient_by_autograd(
    plan: ReductionPlan,
    kernel: PairKernel,
    x: Tensor,
    weights: Sequence[Tensor],
    inputs: Sequence[Tensor],
    to_roots: Tensor | None,
    to_states: Tensor | None,
) -> tuple[Tensor | None, ...]:
    """The gradients of the inputs, in such a form that they have gradients themselves.

    The inputs are x, and the weights or what they are made from; those that need no gradient have
    None.
    """

    def combine(left: Tensor, right: Tensor) -> Tensor:
        rows = (-1, left.shape[-1])
        return kernel.combine(weights, left.reshape(rows), right.reshape(rows)).view(left.shape)

    levels = levels_by_autograd(plan, combine, x)
    states = torch.cat([take(x, plan.late), *levels.states[1:]])
    wanted = [(levels.roots, to_roots), (states, to_states)]
    outputs, grads = zip(*(pair for pair in wanted if pair[1] is not None), strict=True)
    needed = [each for each in inputs if each.requires_grad]
    found = iter(torch.autograd.grad(outputs, needed, grads, create_graph=True, allow_unused=True))
    return tuple(next(found) if each.requires_grad else None for each in inputs)


def _by_rows(function: Callable, weights: Sequence[Tensor], *args: Any) -> tuple[Any, ...]:
    """A kernel's function, for states of any number of dimensions."""
    if args[0].dim() == 2:
        return function(weights, *args)
    shape = args[0].shape
    flat = [a.reshape(-1, shape[-1]) if isinstance(a, Tensor) else a for a in args]
    return tuple(r.view(shape) if isinstance(r, Tensor) else r for r in function(weights, *flat))


def _pairs_a_chunk(x: Tensor) -> int:
    """On other devices than the CPU, and without chunks, all pairs of a level."""
    if x.device.type != "cpu" or not _in_chunks.get():
        return sys.maxsize
    _let_the_heap_keep_memory()
    width = max(math.prod(x.shape[1:]), 1)
    return max(CHUNK * min(torch.get_num_threads(), 4) // width, 16)


def _chunks(
    plan: ReductionPlan, most: int, backward: bool = False
) -> Iterator[tuple[int, slice, Rows, Rows]]:
    """(level, its states, left and right of their pairs) of a chunk of pairs, level by level."""
    for level in range(plan.depth, 0, -1) if backward else range(1, plan.depth + 1):
        begin, end = plan.bounds[level : level + 2]
        left, right = plan.pairs[level - 1]
        for a in range(0, end - begin, most):
            b = min(a + most, end - begin)
            yield level, slice(begin + a, begin + b), _part(left, a, b), _part(right, a, b)


@cache
def _let_the_heap_keep_memory() -> None:
    """Take a block of 31 MiB and give it back, untouched.

    From then on the C library (glibc) holds on to up to 62 MiB of free memory. Before, it may give
    a chunk's intermediate results back to the system and ask for them again, a page fault for each
    4 KiB, which can take longer than the products. (32 MiB is the most that it learns from.)
    """
    torch.empty(31 * 2**20, dtype=torch.uint8)


def _part(rows: Rows, a: int, b: int) -> Rows:
    if isinstance(rows, slice):
        return slice(rows.start + a * rows.step, rows.start + (b - 1) * rows.step + 1, rows.step)
    return rows[a:b]


def _put(target: Tensor, rows: Rows, values: Tensor | float) -> None:
    """Write rows of the target, each at most once."""
    if isinstance(rows, slice) or not isinstance(values, Tensor):
        target[rows] = values
    else:
        target.index_copy_(0, rows, values.to(target.dtype))
