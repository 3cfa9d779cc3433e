"""Run a plan: by the operator and autograd, or by its kernel, in chunks that fit the cache.

Both give the same states. `choose_path` says which runs. `levels_by_autograd` takes any operator,
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

from lcm_core.operators import Operator
from lcm_core.operators.base import PairKernel
from lcm_core.reduction.plan import ReductionPlan, Rows, Source, take

__all__ = ["Levels", "Path", "choose_path", "cut", "groups_of", "run", "use_kernels"]

Combine = Callable[[Tensor, Tensor], Tensor]

FEW = 2**15  # at most this many state entries: autograd is faster
CHUNK = 2**16  # floats per chunk (pairs × d), per thread
KEEP = 2**25  # bytes of steps kept for the backward pass; the others are recomputed


@dataclass(frozen=True)
class Levels:
    """The result of a reduction: the roots of non-empty sets and, lazily, all states."""

    roots: Float[Tensor, "filled *d"]
    make_states: Callable[[], list[Tensor]]

    @cached_property
    def states(self) -> list[Float[Tensor, "_ *d"]]:
        """The states of level 0, which is x, to depth."""
        return self.make_states()


_kernels: ContextVar[tuple[bool, bool]] = ContextVar("kernels", default=(True, True))


@contextmanager
def use_kernels(kernels: bool = True, chunks: bool = True) -> Iterator[None]:
    """Context manager: switch the kernels of reductions off, or their chunks.

    For comparing and timing. The states are the same up to rounding. Reductions of fewer than 2¹⁵
    state entries never use a kernel: autograd is faster there.

    >>> import torch
    >>> from lcm_core import make_operator, reduce
    >>> _ = torch.manual_seed(0)
    >>> op, x = make_operator("symmetrized_gru", channels=16), torch.randn(4096, 16)
    >>> with use_kernels(False):
    ...     plain = reduce(op, x)
    >>> torch.allclose(plain, reduce(op, x), atol=1e-5)
    True

    Args:
        kernels: False uses `Operator.combine` and autograd at all sizes.
        chunks: False runs a kernel over whole levels at once instead of chunks.
    """
    token = _kernels.set((kernels, chunks))
    try:
        yield
    finally:
        _kernels.reset(token)


@dataclass(frozen=True)
class Path:
    """The code that a reduction runs, and why; `explain_path` gives it.

    >>> print(Path("definition", "torch.func transforms the call"))
    definition: torch.func transforms the call

    Attributes:
        name: "kernel", for many pairs at once with a hand-written derivative; "combine", the
            operator's own fast form; or "definition", its `forward`.
        why: the reason, in words.
    """

    name: str
    why: str

    def __str__(self) -> str:
        return f"{self.name}: {self.why}"


KERNEL = Path("kernel", "there are many pairs, and nothing holds on to the operator")
COMBINE = Path("combine", "the operator combines pairs faster than its definition")
COMPILED = Path("combine", "torch.compile makes kernels of its own")
FEW_PAIRS = Path("combine", "for so few pairs autograd is faster than a kernel")
SWITCHED_OFF = Path("combine", "use_kernels(False) switches kernels off")
ONLY = Path("definition", "the operator has no other path")


def choose_path(plan: ReductionPlan, operator: Operator, x: Tensor) -> Path:
    """The path of a reduction of x, of which it looks at class and shape alone."""
    kind = type(operator)
    if kind.combine is Operator.combine and kind.kernel is Operator.kernel:
        return ONLY
    if (obstacle := operator.obstacle(x)) is not None:
        return Path("definition", obstacle)
    if torch.compiler.is_compiling():
        return COMPILED
    if (plan.bounds[-1] - plan.bounds[1]) * math.prod(x.shape[1:]) <= FEW:
        return FEW_PAIRS
    if not _kernels.get()[0]:
        return SWITCHED_OFF
    return COMBINE if operator.kernel is None else KERNEL


def run(plan: ReductionPlan, operator: Operator, x: Float[Tensor, "N *d"]) -> Levels:
    """All states of the reduction, in the dtype of x, by one call of the operator a level."""
    path = choose_path(plan, operator, x)
    kernel = operator.kernel if path is KERNEL else None
    if kernel is not None:
        return levels_by_kernel(plan, kernel, kernel.weights(), x)
    combine = operator.unchecked_combine if path.name == "combine" else operator
    return levels_by_autograd(plan, _checked(operator, combine), x)


def _checked(operator: Operator, combine: Combine) -> Combine:
    def checked(left: Tensor, right: Tensor) -> Tensor:
        states = combine(left, right)
        if states.shape != left.shape:
            raise ValueError(
                f"expected {operator.name!r} to give states of the shape of its operands, "
                f"{tuple(left.shape)}, got {tuple(states.shape)}"
            )
        return states

    return checked


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
    return Levels(filled, lambda: levels)


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
    return Levels(roots, lambda: [x, *(states[a:b] for a, b in pairwise(plan.bounds[1:]))])


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
            grads = _gradient_by_autograd(ctx.plan, ctx.kernel, x, weights, to_roots, to_states)
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


def _gradient_by_autograd(
    plan: ReductionPlan,
    kernel: PairKernel,
    x: Tensor,
    weights: Sequence[Tensor],
    to_roots: Tensor | None,
    to_states: Tensor | None,
) -> tuple[Tensor | None, ...]:
    def combine(left: Tensor, right: Tensor) -> Tensor:
        rows = (-1, left.shape[-1])
        return kernel.combine(weights, left.reshape(rows), right.reshape(rows)).view(left.shape)

    levels = levels_by_autograd(plan, combine, x)
    states = torch.cat([take(x, plan.late), *levels.states[1:]])
    wanted = [(levels.roots, to_roots), (states, to_states)]
    outputs, grads = zip(*(pair for pair in wanted if pair[1] is not None), strict=True)
    return torch.autograd.grad(outputs, (x, *weights), grads, create_graph=True, allow_unused=True)


def _by_rows(function: Callable, weights: Sequence[Tensor], *args: Any) -> tuple[Any, ...]:
    """A kernel's function, for states of any number of dimensions."""
    if args[0].dim() == 2:
        return function(weights, *args)
    shape = args[0].shape
    flat = [a.reshape(-1, shape[-1]) if isinstance(a, Tensor) else a for a in args]
    return tuple(r.view(shape) if isinstance(r, Tensor) else r for r in function(weights, *flat))


def _pairs_a_chunk(x: Tensor) -> int:
    """On other devices than the CPU, and without chunks, all pairs of a level."""
    if x.device.type != "cpu" or not _kernels.get()[1]:
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
