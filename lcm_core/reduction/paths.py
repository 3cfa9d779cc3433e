"""Which code reduces: the definition, the operator's fast form, or a kernel; and why.

`engine.py` has the ways of plain PyTorch, `fused.py` the one of a GPU.
"""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from lcm_core.operators import Operator
from lcm_core.operators.kernels.symmetrized_gru import SymmetrizedGRUKernel
from lcm_core.reduction.engine import Levels, in_chunks, levels_by_autograd, levels_by_kernel
from lcm_core.reduction.fused import fused_levels, missing_for_fused
from lcm_core.reduction.plan import ReductionPlan
from lcm_core.threads import using_threads

__all__ = ["Path", "choose_path", "run", "use_kernels"]

FEW = 2**15  # at most this many state entries: autograd is faster on the CPU
#: At most this many: one thread computes. More would be woken for each product of matrices, however
#: small, and on busy cores that takes longer than the product.
SMALL = 2**13

_kernels: ContextVar[bool] = ContextVar("kernels", default=True)


@contextmanager
def use_kernels(kernels: bool = True, chunks: bool = True) -> Iterator[None]:
    """Context manager: switch the kernels of reductions off, or their chunks.

    For comparing and timing. The states are the same up to rounding. On the CPU, reductions of
    fewer than 2¹⁵ state entries never use a kernel: autograd is faster there.

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
    token = _kernels.set(kernels)
    try:
        with in_chunks(chunks):
            yield
    finally:
        _kernels.reset(token)


@dataclass(frozen=True)
class Path:
    """The code that a reduction runs, and why; `explain_path` gives it.

    >>> print(Path("definition", "torch.func transforms the call"))
    definition: torch.func transforms the call

    Attributes:
        name: "fused", kernels on a GPU that take a level in one launch; "kernel", for many pairs
            at once with a hand-written derivative; "combine", the operator's own fast form; or
            "definition", its `forward`.
        why: the reason, in words.
    """

    name: str
    why: str

    def __str__(self) -> str:
        return f"{self.name}: {self.why}"


FUSED = Path("fused", "the GPU takes a level in one launch, and nothing holds on to the operator")
KERNEL = Path("kernel", "there are many pairs, and nothing holds on to the operator")
COMBINE = Path("combine", "the operator combines pairs faster than its definition")
COMPILED = Path("combine", "torch.compile makes kernels of its own")
FEW_PAIRS = Path("combine", "for so few pairs autograd is faster than a kernel")
SWITCHED_OFF = Path("combine", "use_kernels(False) switches kernels off")
ONLY = Path("definition", "the operator has no other path")


def choose_path(plan: ReductionPlan, operator: Operator, x: Tensor) -> Path:
    """The path of a reduction of x, of which it looks at class, dtype, device and shape alone."""
    kind = type(operator)
    if kind.combine is Operator.combine and kind.kernel is Operator.kernel:
        return ONLY
    if (obstacle := operator.obstacle(x)) is not None:
        return Path("definition", obstacle)
    if torch.compiler.is_compiling():
        return COMPILED
    if x.device.type == "cpu" and _entries(plan, x) <= FEW:
        return FEW_PAIRS
    if not _kernels.get():
        return SWITCHED_OFF
    if (kernel := operator.kernel) is None:
        return COMBINE
    missing = missing_for_fused(kernel, x)
    if missing is None:
        return FUSED
    if x.device.type == "cpu":
        return KERNEL
    return FEW_PAIRS if _entries(plan, x) <= FEW else Path(KERNEL.name, f"{KERNEL.why}; {missing}")


def _entries(plan: ReductionPlan, x: Tensor) -> int:
    """The entries of all states that are made."""
    return plan.num_pairs * math.prod(x.shape[1:])


def run(plan: ReductionPlan, operator: Operator, x: Float[Tensor, "N *d"]) -> Levels:
    """All states of the reduction, in the dtype of x, by one call of the operator a level."""
    path = choose_path(plan, operator, x)
    if path.name in ("fused", "kernel") and (kernel := operator.kernel) is not None:
        if path is FUSED and isinstance(kernel, SymmetrizedGRUKernel):
            return fused_levels(plan, kernel, x)
        return levels_by_kernel(plan, kernel, kernel.weights(), x)
    combine = operator.unchecked_combine if path.name == "combine" else operator
    on_cpu = x.device.type == "cpu" and not torch.compiler.is_compiling()
    with using_threads(1) if on_cpu and _entries(plan, x) <= SMALL else nullcontext():
        return levels_by_autograd(plan, _checked(operator, combine), x)


def _checked(operator: Operator, combine: Callable[[Tensor, Tensor], Tensor]) -> Callable:
    def checked(left: Tensor, right: Tensor) -> Tensor:
        states = combine(left, right)
        if states.shape != left.shape:
            raise ValueError(
                f"expected {operator.name!r} to give states of the shape of its operands, "
                f"{tuple(left.shape)}, got {tuple(states.shape)}"
            )
        return states

    return checked
