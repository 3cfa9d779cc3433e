"""½ [GRU(x, y) + GRU(y, x)] on a GPU: Triton kernels that take one level of a reduction each.

A pair is three codes (int32): its left state, its right state, and where its result goes. A code
v ≥ 0 is row v of the states, v < 0 row −1 − v of x (operands) or of the roots (results). With C
copies of each set, beside one another in memory, row v stands for rows vC to vC + C − 1.

The arithmetic is that of `operators/kernels/symmetrized_gru.py`: with S = l + r and D = l − r the
gates of both orders come of two products. The packed weights are six blocks (d, d): of S for the
reset and the update gate, of D for both, and of the new state for the input and the hidden state.
A second copy has blocks (d, 2d), the transposes of two of them side by side. In the backward pass
each pair gives eight gradients of width d: of the first four blocks, and of what the left state and
the right one give to the new states. Those of the operands and the weights follow by products.

All kernels have their constants last.
"""

from functools import cache
from typing import Any

import torch
import triton
import triton.language as tl

from lcm_core.gpu.launch import Kernel, loose_kernel

__all__ = ["BLOCKS", "GRADIENTS", "find_kernel"]

BLOCKS = 6  # (d, d) of the packed weights
GRADIENTS = 8  # (d,) of a pair


@cache
def find_kernel(
    name: str,
    d: int,
    copies: int,
    precision: str,
    few: bool,
    low: torch.dtype,
    element: torch.dtype,
    given: torch.dtype,
    device: int | None,
    more: bool = False,
) -> Kernel:
    """The kernel for such a launch: one object for each kind of launch.

    Args:
        name: of the function below.
        d: width of a state.
        copies: C.
        precision: of float32 products, "tf32x3" or "tf32".
        few: whether there are few pairs: small tiles then, for all multiprocessors to have some.
        low: dtype of the products' operands.
        element: dtype of the states.
        given: dtype of the cell's parameters.
        device: number of the GPU.
        more: of `backward_gates`.
    """
    width = max(16, triton.next_power_of_2(d))
    constants: dict[str, Any] = {"D": d}
    if name in ("pack_weights", "add_up"):
        constants["BN"] = 128
        if name == "pack_weights":
            constants["P"] = precision
        return Kernel(_KERNELS[name], constants, {"num_warps": 4})
    constants["C"] = copies
    if name == "copy_rows":
        return Kernel(
            _KERNELS[name], constants | {"BM": 32, "BN": min(width, 64)}, {"num_warps": 4}
        )
    if few or not _has_room(device):
        *tile, warps = SMALL_WEIGHT_TILE if name == "backward_weights" else SMALL_TILE
    else:
        *tile, warps = _TILES[name][precision if low.itemsize > 2 else "low"]
    sizes = "BJ", "BN", "BM"
    if name != "backward_weights":
        sizes = "BM", "BN", "BK"
        tile = [tile[0], min(tile[1], width), min(tile[2], width)]
    constants |= dict(zip(sizes, tile, strict=True)) | {"P": precision}
    if name == "backward_gates":
        constants["MORE"] = more
    return Kernel(_KERNELS[name], constants, {"num_warps": warps})


@cache
def _has_room(device: int | None) -> bool:
    """Whether the GPU has the shared memory that `_TILES` need: 227 KiB, as data centres' have."""
    return device is None or torch.cuda.get_device_capability(device)[0] in (9, 10)


# Within a kernel --------------------------------------------------------------------------------


@triton.jit
def _operand(x, low: tl.constexpr, P: tl.constexpr):
    """A tile as a product takes it. The hardware cuts numbers off to tf32: round them before."""
    x = x.to(low)
    if P == "tf32" and low == tl.float32:
        bits = x.to(tl.int32, bitcast=True)
        x = ((bits + 0x1000) & -0x2000).to(tl.float32, bitcast=True)
    return x


@triton.jit
def _sigmoid(x):
    return 1 / (1 + tl.exp(-x))


@triton.jit
def _tanh(x):
    return 2 / (1 + tl.exp(-2 * x)) - 1


@triton.jit
def _at(code, copy, OTHER, STATES, D: tl.constexpr, C: tl.constexpr):
    """Where the rows of some codes begin."""
    row = tl.where(code < 0, -1 - code, code).to(tl.int64) * C + copy
    return tl.where(code < 0, OTHER, STATES) + row * D


@triton.jit
def _pairs(codes, n, bounds, level, skip, most, D: tl.constexpr, C: tl.constexpr,
           BM: tl.constexpr, BN: tl.constexpr):  # fmt: skip
    """The program's pairs of a level (at most so many, after those that are skipped) and columns.

    Returns: their numbers, whether they are there, their three codes and the copy; the columns.
    """
    tiles: tl.constexpr = (D + BN - 1) // BN
    block, tile = tl.program_id(0) // tiles, tl.program_id(0) % tiles
    first = tl.load(bounds + level) + skip
    pair = block * BM + tl.arange(0, BM)
    live = pair < tl.minimum(tl.load(bounds + level + 1) - first, most) * C
    at = first + pair // C
    left = tl.load(codes + at, mask=live, other=0)
    right = tl.load(codes + n + at, mask=live, other=0)
    out = tl.load(codes + 2 * n + at, mask=live, other=0)
    return first * C + pair, live, left, right, out, pair % C, tile * BN + tl.arange(0, BN)


@triton.jit
def _entries(left, right, live, cols, dtype: tl.constexpr, D: tl.constexpr):
    """Some columns of the rows that begin at left, and at right."""
    mask = live[:, None] & (cols < D)[None, :]
    x = tl.load(left[:, None] + cols[None, :], mask=mask, other=0.0).to(dtype)
    y = tl.load(right[:, None] + cols[None, :], mask=mask, other=0.0).to(dtype)
    return x, y


@triton.jit
def _weight(W, block: tl.constexpr, cols, k, D: tl.constexpr):
    """A tile of a block, transposed: (k, cols)."""
    mask = (cols < D)[None, :] & (k < D)[:, None]
    return tl.load(W + (block * D + cols)[None, :] * D + k[:, None], mask=mask, other=0.0)


@triton.jit
def _steps(
    left, right, live, cols, W, B,
    D: tl.constexpr, BM: tl.constexpr, BN: tl.constexpr, BK: tl.constexpr, P: tl.constexpr,
):  # fmt: skip
    """The steps of both orders at some columns: hidden state left (1), and right (2)."""
    there = cols < D
    low = W.dtype.element_ty
    zero = tl.zeros((BM, BN), tl.float32)

    # The reset gates, and what each state gives to the new state as the hidden one.
    even = zero + tl.load(B + cols, mask=there, other=0.0)[None, :]
    odd = zero
    left_hidden = zero + tl.load(B + 3 * D + cols, mask=there, other=0.0)[None, :]
    right_hidden = left_hidden
    for start in range(0, D, BK):
        k = start + tl.arange(0, BK)
        x, y = _entries(left, right, live, k, low, D)
        both, apart = _operand(x + y, low, P), _operand(x - y, low, P)
        x, y = _operand(x, low, P), _operand(y, low, P)
        even = tl.dot(both, _weight(W, 0, cols, k, D), even, input_precision=P)
        odd = tl.dot(apart, _weight(W, 2, cols, k, D), odd, input_precision=P)
        hidden = _weight(W, 5, cols, k, D)
        left_hidden = tl.dot(x, hidden, left_hidden, input_precision=P)
        right_hidden = tl.dot(y, hidden, right_hidden, input_precision=P)
    reset1, reset2 = _sigmoid(even + odd), _sigmoid(even - odd)

    # The new states.
    bias = tl.load(B + 2 * D + cols, mask=there, other=0.0)[None, :]
    new1, new2 = reset1 * left_hidden + bias, reset2 * right_hidden + bias
    for start in range(0, D, BK):
        k = start + tl.arange(0, BK)
        x, y = _entries(left, right, live, k, low, D)
        x, y = _operand(x, low, P), _operand(y, low, P)
        inputs = _weight(W, 4, cols, k, D)
        new1 = tl.dot(y, inputs, new1, input_precision=P)
        new2 = tl.dot(x, inputs, new2, input_precision=P)
    new1, new2 = _tanh(new1), _tanh(new2)

    # The update gates.
    even = zero + tl.load(B + D + cols, mask=there, other=0.0)[None, :]
    odd = zero
    for start in range(0, D, BK):
        k = start + tl.arange(0, BK)
        x, y = _entries(left, right, live, k, low, D)
        both, apart = _operand(x + y, low, P), _operand(x - y, low, P)
        even = tl.dot(both, _weight(W, 1, cols, k, D), even, input_precision=P)
        odd = tl.dot(apart, _weight(W, 3, cols, k, D), odd, input_precision=P)
    update1, update2 = _sigmoid(even + odd), _sigmoid(even - odd)
    return reset1, reset2, left_hidden, right_hidden, new1, new2, update1, update2


# The kernels ------------------------------------------------------------------------------------


@loose_kernel
def forward_level(
    X, S, ROOTS, codes, n, bounds, level, skip, most, W, B,
    D: tl.constexpr, C: tl.constexpr, BM: tl.constexpr, BN: tl.constexpr, BK: tl.constexpr,
    P: tl.constexpr,
):  # fmt: skip
    """All pairs of a level: S or ROOTS at `out` = x[left] ⊕ x[right]."""
    _, live, left, right, out, copy, cols = _pairs(
        codes, n, bounds, level, skip, most, D, C, BM, BN
    )
    left, right = _at(left, copy, X, S, D, C), _at(right, copy, X, S, D, C)
    _, _, _, _, new1, new2, update1, update2 = _steps(
        left, right, live, cols, W, B, D, BM, BN, BK, P
    )
    mask = live[:, None] & (cols < D)[None, :]
    x, y = _entries(left, right, live, cols, tl.float32, D)
    states = 0.5 * (new1 + update1 * (x - new1) + new2 + update2 * (y - new2))
    out = _at(out, copy, ROOTS, S, D, C)
    tl.store(out[:, None] + cols[None, :], states.to(S.dtype.element_ty), mask=mask)


@loose_kernel
def backward_gates(
    X, S, codes, n, bounds, level, skip, most, W, B, TO_ROOTS, TO_S, TO_STATES, TO_X, G, base,
    D: tl.constexpr, C: tl.constexpr, BM: tl.constexpr, BN: tl.constexpr, BK: tl.constexpr,
    P: tl.constexpr, MORE: tl.constexpr,
):  # fmt: skip
    """The eight gradients of each pair, G; and what goes to the operands past the gates.

    TO_S and TO_STATES (if MORE) are the gradients of the states, TO_ROOTS those of the roots.
    """
    pair, live, left, right, out, copy, cols = _pairs(
        codes, n, bounds, level, skip, most, D, C, BM, BN
    )
    to_left, to_right = _at(left, copy, TO_X, TO_S, D, C), _at(right, copy, TO_X, TO_S, D, C)
    left, right = _at(left, copy, X, S, D, C), _at(right, copy, X, S, D, C)
    reset1, reset2, left_hidden, right_hidden, new1, new2, update1, update2 = _steps(
        left, right, live, cols, W, B, D, BM, BN, BK, P
    )
    mask = live[:, None] & (cols < D)[None, :]
    x, y = _entries(left, right, live, cols, tl.float32, D)
    arrived = _at(out, copy, TO_ROOTS, TO_S, D, C)[:, None] + cols[None, :]
    half = tl.load(arrived, mask=mask, other=0.0).to(tl.float32)
    if MORE:
        more = _at(out, copy, TO_STATES, TO_STATES, D, C)[:, None] + cols[None, :]
        half += tl.load(more, mask=mask & (out >= 0)[:, None], other=0.0).to(tl.float32)
    half *= 0.5

    to_new1 = half * (1 - update1) * (1 - new1 * new1)
    to_new2 = half * (1 - update2) * (1 - new2 * new2)
    to_reset1 = to_new1 * left_hidden * reset1 * (1 - reset1)
    to_reset2 = to_new2 * right_hidden * reset2 * (1 - reset2)
    to_update1 = half * (x - new1) * update1 * (1 - update1)
    to_update2 = half * (y - new2) * update2 * (1 - update2)

    at = G + (pair - base)[:, None].to(tl.int64) * (8 * D) + cols[None, :]
    low = G.dtype.element_ty
    tl.store(at, (to_reset1 + to_reset2).to(low), mask=mask)
    tl.store(at + D, (to_update1 + to_update2).to(low), mask=mask)
    tl.store(at + 2 * D, (to_reset1 - to_reset2).to(low), mask=mask)
    tl.store(at + 3 * D, (to_update1 - to_update2).to(low), mask=mask)
    tl.store(at + 4 * D, to_new2.to(low), mask=mask)
    tl.store(at + 5 * D, (to_new1 * reset1).to(low), mask=mask)
    tl.store(at + 6 * D, to_new1.to(low), mask=mask)
    tl.store(at + 7 * D, (to_new2 * reset2).to(low), mask=mask)
    element = TO_S.dtype.element_ty
    tl.store(to_left[:, None] + cols[None, :], (half * update1).to(element), mask=mask)
    tl.store(to_right[:, None] + cols[None, :], (half * update2).to(element), mask=mask)


@loose_kernel
def backward_operands(
    codes, n, bounds, level, skip, most, W, TO_S, TO_X, G, base,
    D: tl.constexpr, C: tl.constexpr, BM: tl.constexpr, BN: tl.constexpr, BK: tl.constexpr,
    P: tl.constexpr,
):  # fmt: skip
    """Adds to the gradients of the operands what comes through the gates."""
    pair, live, left, right, _, copy, cols = _pairs(
        codes, n, bounds, level, skip, most, D, C, BM, BN
    )
    row = G + (pair - base)[:, None].to(tl.int64) * (8 * D)
    column = W + 6 * D * D + cols[None, :] * (2 * D)  # of the transposes
    low = G.dtype.element_ty
    to_sum = tl.zeros((BM, BN), tl.float32)
    to_difference, to_left, to_right = to_sum, to_sum, to_sum
    for start in range(0, 2 * D, BK):
        k = start + tl.arange(0, BK)
        some, tile = (
            live[:, None] & (k < 2 * D)[None, :],
            (k < 2 * D)[:, None] & (cols < D)[None, :],
        )
        at, w = row + k[None, :], column + k[:, None]
        of_sum = tl.load(w, mask=tile, other=0.0)
        through = _operand(tl.load(at, mask=some, other=0.0), low, P)
        to_sum = tl.dot(through, of_sum, to_sum, input_precision=P)
        of_difference = tl.load(w + 2 * D * D, mask=tile, other=0.0)
        through = _operand(tl.load(at + 2 * D, mask=some, other=0.0), low, P)
        to_difference = tl.dot(through, of_difference, to_difference, input_precision=P)
        of_new = tl.load(w + 4 * D * D, mask=tile, other=0.0)
        through = _operand(tl.load(at + 4 * D, mask=some, other=0.0), low, P)
        to_left = tl.dot(through, of_new, to_left, input_precision=P)
        through = _operand(tl.load(at + 6 * D, mask=some, other=0.0), low, P)
        to_right = tl.dot(through, of_new, to_right, input_precision=P)
    mask = live[:, None] & (cols < D)[None, :]
    left = _at(left, copy, TO_X, TO_S, D, C)[:, None] + cols[None, :]
    right = _at(right, copy, TO_X, TO_S, D, C)[:, None] + cols[None, :]
    to_left += to_sum + to_difference + tl.load(left, mask=mask, other=0.0).to(tl.float32)
    to_right += to_sum - to_difference + tl.load(right, mask=mask, other=0.0).to(tl.float32)
    tl.store(left, to_left.to(TO_S.dtype.element_ty), mask=mask)
    tl.store(right, to_right.to(TO_S.dtype.element_ty), mask=mask)


@loose_kernel
def backward_weights(
    X, S, codes, n, bounds, depth, first, end, G, TO_W, TO_B, add,
    D: tl.constexpr, C: tl.constexpr, BJ: tl.constexpr, BN: tl.constexpr, BM: tl.constexpr,
    P: tl.constexpr,
):  # fmt: skip
    """Gradients of the packed weights and biases, from a part of the pairs each: TO_W, TO_B.

    The program (i, j) sums up over the i-th part of the pairs from first to end (or to the last),
    for tile j. `add` is 1 if the sums go on from what is there.
    """
    wide: tl.constexpr = (2 * D + BJ - 1) // BJ
    tiles: tl.constexpr = (D + BN - 1) // BN
    part, tile = tl.program_id(0), tl.program_id(1)
    which = tile // (wide * tiles)  # 0: of S, 1: of D, 2: of the new state
    j = (tile // tiles % wide) * BJ + tl.arange(0, BJ)
    cols = (tile % tiles) * BN + tl.arange(0, BN)
    rows = (tl.minimum(end, tl.load(bounds + depth + 1)) - first) * C
    each = tl.cdiv(tl.cdiv(rows, tl.num_programs(0)), BM) * BM
    stop = tl.minimum((part + 1) * each, rows)

    total = tl.zeros((BJ, BN), tl.float32)
    bias = tl.zeros((BJ,), tl.float32)
    low = G.dtype.element_ty
    for start in range(part * each, stop, BM):
        row = start + tl.arange(0, BM)
        live = row < stop
        at, copy = first + row // C, row % C
        left = _at(tl.load(codes + at, mask=live, other=0), copy, X, S, D, C)
        right = _at(tl.load(codes + n + at, mask=live, other=0), copy, X, S, D, C)
        x, y = _entries(left, right, live, cols, low, D)
        some = live[None, :] & (j < 2 * D)[:, None]
        g = G + row[None, :].to(tl.int64) * (8 * D) + which * 2 * D + j[:, None]  # transposed
        of_left = tl.load(g, mask=some, other=0.0)
        bias += tl.sum(of_left.to(tl.float32), 1)
        if which < 2:
            both = _operand(x + y if which < 1 else x - y, low, P)
            total = tl.dot(_operand(of_left, low, P), both, total, input_precision=P)
        else:
            of_right = tl.load(g + 2 * D, mask=some, other=0.0)
            bias += tl.sum(of_right.to(tl.float32), 1)
            x, y = _operand(x, low, P), _operand(y, low, P)
            total = tl.dot(_operand(of_left, low, P), x, total, input_precision=P)
            total = tl.dot(_operand(of_right, low, P), y, total, input_precision=P)

    at = TO_W + ((part * 3 + which) * 2 * D + j[:, None]) * D + cols[None, :]
    mask = (j < 2 * D)[:, None] & (cols < D)[None, :]
    before = tl.load(at, mask=mask & (add != 0), other=0.0)
    tl.store(at, before + total, mask=mask)
    biased = (which != 1) & (tile % tiles == 0) & (j < 2 * D)
    at = TO_B + part * 4 * D + tl.where(which == 0, 0, 2 * D) + j
    before = tl.load(at, mask=biased & (add != 0), other=0.0)
    tl.store(at, before + bias, mask=biased)


@loose_kernel
def add_up(
    TO_W, TO_B, parts, TO_INPUTS, TO_HIDDEN, TO_INPUTS_BIAS, TO_HIDDEN_BIAS,
    D: tl.constexpr, BN: tl.constexpr,
):  # fmt: skip
    """The gradients of the cell's parameters, (3d, d) and (3d,), from those of all parts."""
    gate = tl.program_id(1)  # reset, update, new; then the biases
    part = tl.arange(0, 32)
    at = tl.program_id(0) * BN + tl.arange(0, BN)
    if gate < 3:
        there = at < D * D
        one, other = tl.where(gate < 2, gate, 4), tl.where(gate < 2, gate + 2, 5)
        of_one, of_other = tl.zeros((BN,), tl.float32), tl.zeros((BN,), tl.float32)
        for start in range(0, parts, 32):
            mask = (start + part < parts)[:, None] & there[None, :]
            each = TO_W + (start + part)[:, None] * (6 * D * D) + at[None, :]
            of_one += tl.sum(tl.load(each + one * D * D, mask=mask, other=0.0), 0)
            of_other += tl.sum(tl.load(each + other * D * D, mask=mask, other=0.0), 0)
        to_inputs = tl.where(gate < 2, 0.5 * (of_one - of_other), of_one)
        to_hidden = tl.where(gate < 2, 0.5 * (of_one + of_other), of_other)
        tl.store(TO_INPUTS + gate * D * D + at, to_inputs, mask=there)
        tl.store(TO_HIDDEN + gate * D * D + at, to_hidden, mask=there)
    else:
        biased = at < 4 * D
        bias = tl.zeros((BN,), tl.float32)
        for start in range(0, parts, 32):
            mask = (start + part < parts)[:, None] & biased[None, :]
            every = TO_B + (start + part)[:, None] * (4 * D) + at[None, :]
            bias += tl.sum(tl.load(every, mask=mask, other=0.0), 0)
        tl.store(TO_INPUTS_BIAS + at, bias, mask=at < 3 * D)
        target = tl.where(at < 2 * D, at, at - D)
        tl.store(TO_HIDDEN_BIAS + target, bias, mask=biased & ((at < 2 * D) | (at >= 3 * D)))


@loose_kernel
def pack_weights(
    INPUTS, HIDDEN, INPUTS_BIAS, HIDDEN_BIAS, W, B,
    D: tl.constexpr, BN: tl.constexpr, P: tl.constexpr,
):  # fmt: skip
    """The six blocks and their transposes, W, and four biases of width d, B."""
    gate = tl.program_id(1)
    at = tl.program_id(0) * BN + tl.arange(0, BN)
    there = at < D * D
    inputs = tl.load(INPUTS + gate * D * D + at, mask=there, other=0.0).to(tl.float32)
    hidden = tl.load(HIDDEN + gate * D * D + at, mask=there, other=0.0).to(tl.float32)
    of_gate = gate < 2
    low = W.dtype.element_ty
    one = _operand(tl.where(of_gate, 0.5 * (inputs + hidden), inputs), low, P)
    other = _operand(tl.where(of_gate, 0.5 * (hidden - inputs), hidden), low, P)
    first, second = tl.where(of_gate, gate, 4), tl.where(of_gate, gate + 2, 5)
    tl.store(W + first * D * D + at, one, mask=there)
    tl.store(W + second * D * D + at, other, mask=there)
    turned = W + 6 * D * D + at % D * 2 * D + at // D
    tl.store(turned + first // 2 * 2 * D * D + first % 2 * D, one, mask=there)
    tl.store(turned + second // 2 * 2 * D * D + second % 2 * D, other, mask=there)
    there = at < D
    inputs = tl.load(INPUTS_BIAS + gate * D + at, mask=there, other=0.0).to(tl.float32)
    hidden = tl.load(HIDDEN_BIAS + gate * D + at, mask=there, other=0.0).to(tl.float32)
    tl.store(B + gate * D + at, tl.where(of_gate, inputs + hidden, inputs), mask=there)
    tl.store(B + 3 * D + at, hidden, mask=there & (gate == 2))


@loose_kernel
def copy_rows(
    SOURCE, TARGET, sources, targets, count,
    D: tl.constexpr, C: tl.constexpr, BM: tl.constexpr, BN: tl.constexpr,
):  # fmt: skip
    """TARGET[targets] = SOURCE[sources], as many rows of C · D entries as lies at `count`."""
    row = tl.program_id(0) * BM + tl.arange(0, BM)
    there = row < tl.load(count)
    source = tl.load(sources + row, mask=there, other=0).to(tl.int64) * C * D
    target = tl.load(targets + row, mask=there, other=0).to(tl.int64) * C * D
    for start in range(0, C * D, BN):
        cols = start + tl.arange(0, BN)
        mask = there[:, None] & (cols < C * D)[None, :]
        value = tl.load(SOURCE + source[:, None] + cols[None, :], mask=mask, other=0.0)
        tl.store(TARGET + target[:, None] + cols[None, :], value, mask=mask)


_KERNELS = {
    "forward_level": forward_level,
    "backward_gates": backward_gates,
    "backward_operands": backward_operands,
    "backward_weights": backward_weights,
    "add_up": add_up,
    "pack_weights": pack_weights,
    "copy_rows": copy_rows,
}

#: (BM, BN, BK, warps), of `backward_weights` (BJ, BN, BM, warps): by `python -m benchmarks.tiles`.
_TILES = {
    "forward_level": {
        "tf32x3": (64, 32, 32, 4),
        "tf32": (64, 32, 32, 4),
        "low": (64, 32, 32, 4),
    },
    "backward_gates": {
        "tf32x3": (16, 64, 32, 4),
        "tf32": (16, 64, 32, 4),
        "low": (16, 64, 32, 4),
    },
    "backward_operands": {
        "tf32x3": (128, 64, 32, 8),
        "tf32": (64, 64, 32, 8),
        "low": (64, 64, 32, 8),
    },
    "backward_weights": {
        "tf32x3": (128, 32, 64, 4),
        "tf32": (64, 64, 32, 4),
        "low": (64, 64, 64, 4),
    },
}

#: For few pairs, and for GPUs with less shared memory.
SMALL_TILE, SMALL_WEIGHT_TILE = (16, 32, 32, 4), (64, 64, 32, 4)
