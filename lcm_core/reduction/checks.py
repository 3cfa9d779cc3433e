"""Checks of what comes in: each error says what was wanted, what came, and what to do."""

import numpy as np
import torch
from torch import Tensor

from lcm_core.operators import Operator
from lcm_core.operators.ordinary import outside_transforms, transforming, unwrapped
from lcm_core.reduction.plan import ReductionPlan
from lcm_core.reduction.transfer import to_device

__all__ = [
    "all_finite",
    "bounds_of_sets",
    "check_dtype",
    "check_elements",
    "check_finite",
    "check_places",
    "check_plan",
    "check_states",
    "given_sets",
    "identity_for",
    "read_sets",
    "sizes_and_order",
]


def check_states(operator: Operator, x: Tensor) -> None:
    """x must be (N, state_dim) of a floating dtype, that of the operator's parameters."""
    d = operator.state_dim
    if x.dim() != 2 or x.shape[1] != d:
        raise ValueError(f"expected x of shape (N, d) with d = {d}, got {tuple(x.shape)}")
    check_dtype(operator, x)


def check_elements(x: Tensor, channels: int, dim: int) -> None:
    """x must be (*, N, channels), with `dim` the dimension of the N elements."""
    if x.dim() < 2 or x.shape[-1] != channels or dim in (-1, x.dim() - 1):
        raise ValueError(
            f"expected x of shape (*, N, {channels}), with dim ≠ -1 the dimension of the N "
            f"elements, got {tuple(x.shape)} and dim = {dim}"
        )


def check_dtype(module: torch.nn.Module, x: Tensor) -> None:
    """x must be floating, and of the dtype of the module's parameters (autocast aside)."""
    if not x.is_floating_point():
        raise TypeError(f"expected x of a floating dtype, got {x.dtype}: use x.float()")
    for parameter in module.parameters():
        if parameter.dtype != x.dtype and not torch.is_autocast_enabled(x.device.type):
            raise TypeError(
                f"x is {x.dtype}, and the parameters of {type(module).__name__} are "
                f"{parameter.dtype}: convert one of them, x.to(…) or module.to(…)"
            )
        if parameter.device != x.device:
            raise ValueError(
                f"x is on {x.device}, and the parameters of {type(module).__name__} are on "
                f"{parameter.device}: move one of them"
            )
        break


def check_plan(plan: ReductionPlan, x: Tensor, identity: Tensor | None = None) -> None:
    """The plan must be for as many elements as x has, on its device.

    Elements that are not finite are looked for where looking costs no copy: on the CPU, and neither
    in compiled code nor under `torch.func`.
    """
    if plan.num_elements != len(x) or plan.device != x.device:
        raise ValueError(
            f"the plan is for {plan.num_elements} elements on {plan.device}, and x has {len(x)} "
            f"on {x.device}: make a plan from these sizes"
        )
    if torch.compiler.is_compiling() or x.device.type != "cpu" or transforming():
        return
    if not all_finite(x):
        check_finite(x, identity)


def identity_for(operator: Operator, plan: ReductionPlan) -> Tensor:
    """The identity, for the plan's empty sets."""
    identity = operator.identity
    if identity is not None and identity.device != plan.device:
        raise ValueError(
            f"the elements are on {plan.device}, and the identity of {operator.name!r} is on "
            f"{identity.device}: move one of them"
        )
    if identity is None:
        raise ValueError(
            f"{plan.num_empty} of {plan.num_sets} sets are empty, and {operator.name!r} has no "
            "identity to give for them: leave empty sets out, use an operator with an identity "
            "(learn_identity=True), or an aggregation with empty='zero'"
        )
    return identity


def given_sets(
    x: Tensor, ptr: Tensor | None, index: Tensor | None, dim_size: int | None
) -> tuple[Tensor | None, Tensor | None, int | None]:
    """ptr, index and num_sets, as `read_sets` takes them, from what PyG's aggregations take.

    Where there is a ptr, the index is not looked at, and dim_size can only repeat what ptr says.
    With dim_size alone all elements are of set 0.
    """
    if ptr is not None:
        if dim_size not in (None, len(ptr) - 1):
            raise ValueError(f"expected dim_size = {len(ptr) - 1}, as ptr says, got {dim_size}")
        return ptr, None, None
    if index is None and dim_size is not None:
        index = torch.zeros(len(x), dtype=torch.long, device=x.device)
    return None, index, dim_size


def read_sets(
    x: Tensor,
    ptr: Tensor | None,
    index: Tensor | None,
    num_sets: int | None,
    identity: Tensor | None = None,
) -> tuple[np.ndarray, np.ndarray | None]:
    """The sizes of the sets of x that ptr or index give, and the rows of x set by set, on the host.

    With neither ptr nor index, x is one set. The rows are None where they are 0, 1, 2, … One copy
    brings ptr or index, and whether all of x is finite (entries equal to an infinite `identity` may
    be infinite). Under a transform of `torch.func` x is not looked at.
    """
    if not transforming():
        return _read_sets(x, ptr, index, num_sets, identity)
    with outside_transforms():
        x = torch.zeros(len(x), 1, device=x.device)
        return _read_sets(x, unwrapped(ptr), unwrapped(index), num_sets, None)


def _read_sets(
    x: Tensor,
    ptr: Tensor | None,
    index: Tensor | None,
    num_sets: int | None,
    identity: Tensor | None,
) -> tuple[np.ndarray, np.ndarray | None]:
    check_places(x, ptr, index, num_sets)
    places = ptr if ptr is not None else index
    finite = all_finite(x).long().view(1)
    copied = finite if places is None else torch.cat([finite, places.detach().long()])
    flag, host = np.split(copied.cpu().numpy(), [1])

    order = None
    if ptr is not None:
        sizes = _sizes_of_ptr(host, len(x))
    elif index is not None:
        sizes = _sizes_of_index(host, len(x), num_sets)
        if (host[1:] < host[:-1]).any():
            order = np.argsort(host, kind="stable")
    else:
        sizes = np.array([len(x)])
    if not flag[0]:
        check_finite(x, identity)
    return sizes, order


def bounds_of_sets(
    x: Tensor, ptr: Tensor | None, index: Tensor | None, num_sets: int | None
) -> tuple[Tensor, Tensor] | None:
    """The bounds of the sets of x that ptr or index give, (B + 1,), on their device.

    Nothing is copied to the host: the second result, (3,), is for it to look at. Is all valid? If
    not, `read_sets` says what is wrong. Is the index in order? Are all sizes equal? The result is
    None where a shape is wrong already, and where there is neither ptr nor index.
    """
    valid = all_finite(x)
    in_order = torch.ones_like(valid)
    if index is None:
        if ptr is None or len(ptr) == 0:
            return None
        ptr = ptr.detach().long()
        sizes = ptr.diff()
        valid = valid & (ptr[0] == 0) & (ptr[-1] == len(x)) & (sizes >= 0).all()
    else:
        if len(index) != len(x) or num_sets is None or (num_sets == 0 and len(x)):
            return None
        valid = valid & ((index >= 0) & (index < num_sets)).all()
        in_order = (index[1:] >= index[:-1]).all()
        ptr = x.new_zeros(num_sets + 1, dtype=torch.long)
        safe = index.detach().long().clamp(0, max(num_sets - 1, 0))
        sizes = ptr[1:].scatter_add_(0, safe, torch.ones_like(safe)).clone()
        ptr = ptr.cumsum(0)
    even = (sizes == sizes[:1]).all()
    return ptr, torch.stack([valid, in_order, even]).long()


def sizes_and_order(
    x: Tensor, ptr: Tensor | None, index: Tensor | None, num_sets: int | None
) -> tuple[np.ndarray, Tensor | None]:
    """As `read_sets`, but the rows of x set by set are on x's device, and made there if possible.

    Then one copy brings the bounds of the sets, and not the index.
    """
    check_places(x, ptr, index, num_sets)
    if x.device.type == "cuda" and not transforming():
        found = bounds_of_sets(x, ptr, index, num_sets)
        if found is not None:
            bounds, facts = found
            (valid, in_order, _), host = np.split(torch.cat([facts, bounds]).cpu().numpy(), [3])
            if valid:
                order = None if index is None or in_order else torch.argsort(index, stable=True)
                return np.diff(host), order
    sizes, rows = read_sets(x, ptr, index, num_sets)
    return sizes, None if rows is None else to_device(rows, x.device)


def check_places(x: Tensor, ptr: Tensor | None, index: Tensor | None, num_sets: int | None) -> None:
    """At most one of ptr and index, with one dimension, of an integer dtype, where x is."""
    if ptr is not None and index is not None:
        raise ValueError("expected ptr or index, got both")
    if num_sets is not None and num_sets < 0:
        raise ValueError(f"expected num_sets ≥ 0, got {num_sets}")
    if index is None and num_sets is not None:
        raise ValueError("num_sets goes with index: ptr says the number of sets itself")
    if ptr is not None:
        _check_place("ptr", ptr, x)
    elif index is not None:
        _check_place("index", index, x)


def _check_place(what: str, places: Tensor, x: Tensor) -> None:
    if places.is_floating_point() or places.is_complex() or places.dtype == torch.bool:
        raise TypeError(f"expected {what} of an integer dtype, got {places.dtype}")
    if places.dim() != 1:
        raise ValueError(f"expected {what} with one dimension, got {tuple(places.shape)}")
    if places.device != x.device:
        raise ValueError(f"x is on {x.device}, and {what} on {places.device}: move one of them")


def _sizes_of_ptr(ptr: np.ndarray, n: int) -> np.ndarray:
    if len(ptr) == 0 or ptr[0] != 0:
        raise ValueError(f"expected ptr to begin with 0, got {ptr[:3].tolist()}")
    sizes = np.diff(ptr)
    if (sizes < 0).any():
        at = int(np.argmax(sizes < 0))
        raise ValueError(
            f"expected ptr not to decrease, got ptr[{at}] = {ptr[at]} and "
            f"ptr[{at + 1}] = {ptr[at + 1]}"
        )
    if ptr[-1] != n:
        raise ValueError(f"expected ptr to end with N = {n}, the rows of x, got {ptr[-1]}")
    return sizes


def _sizes_of_index(index: np.ndarray, n: int, num_sets: int | None) -> np.ndarray:
    if len(index) != n:
        raise ValueError(
            f"expected index of shape ({n},), one set for each row of x, got ({len(index)},)"
        )
    largest = int(index.max()) if len(index) else -1
    if len(index) and index.min() < 0:
        at = int(np.argmin(index))
        raise ValueError(f"expected index not to be negative, got index[{at}] = {index[at]}")
    if num_sets is not None and largest >= num_sets:
        at = int(np.argmax(index))
        raise ValueError(
            f"expected index to be below num_sets = {num_sets}, got index[{at}] = {index[at]}"
        )
    return np.bincount(index, minlength=largest + 1 if num_sets is None else num_sets)


def all_finite(x: Tensor) -> Tensor:
    """Whether the sum is finite; that of float16 in float32, since it may overflow."""
    exact = torch.float32 if x.dtype is torch.float16 else None
    return x.detach().sum(dtype=exact).isfinite()


def check_finite(x: Tensor, identity: Tensor | None) -> None:
    """Name the first element that is not finite, entries equal to the identity's aside."""
    strange = ~x.detach().isfinite()
    if identity is not None:
        strange &= x != identity.to(x)
    if strange.any():
        rows = strange.flatten(1).any(1).nonzero().flatten().tolist()
        place = tuple(strange.nonzero()[0].tolist())
        more = ", …" if len(rows) > 5 else ""
        raise ValueError(
            f"expected finite elements, got {x[place].item()} at x[{', '.join(map(str, place))}] "
            f"({len(rows)} of {len(x)} rows are not finite: {', '.join(map(str, rows[:5]))}{more})"
        )
