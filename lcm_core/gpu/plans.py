"""Pair codes of balanced trees on a GPU: Triton kernels that count, and then write.

An inner node of a set of n elements is known by its split s, 0 < s < n, as in `layout.py`: with 2ᵏ
the lowest bit of s it is on level k + 1, where the set has ⌊(n − 1 + 2ᵏ) / 2ᵏ⁺¹⌋ nodes, of which
it is number ⌊s / 2ᵏ⁺¹⌋. The table has a row for each thing that is counted, with a column for each
set: elements; whether there are any; whether there is one; the nodes of each level. Its running
sum, row after row, says where the nodes of a set begin: level by level, and set by set.
"""

import triton
import triton.language as tl

from lcm_core.gpu.launch import loose_kernel

__all__ = ["count_index", "count_nodes", "write_codes"]


@loose_kernel
def count_index(index, n, sets, COUNTS, FLAGS, BN: tl.constexpr):
    """Add up the elements of each set. Flags: 0, a set that is not there; 1, out of order."""
    at = tl.program_id(0) * BN + tl.arange(0, BN)
    there = at < n
    own = tl.load(index + at, mask=there, other=0)
    fine = (own >= 0) & (own < sets)
    tl.atomic_add(COUNTS + own, 1, mask=there & fine)
    last = tl.load(index + at - 1, mask=there & (at > 0), other=-1)
    strange = there & ~fine
    unsorted = there & (at > 0) & (own < last)
    tl.atomic_max(FLAGS + tl.zeros_like(at), 1, mask=strange)
    tl.atomic_max(FLAGS + 1 + tl.zeros_like(at), 1, mask=unsorted)


@loose_kernel
def count_nodes(ptr, COUNTS, n, sets, TABLE, FLAGS, FROM_PTR: tl.constexpr, BN: tl.constexpr):
    """Fill the table: program (i, j) writes row j of some sets. Flag 0: ptr has no bounds."""
    row = tl.program_id(1)
    at = tl.program_id(0) * BN + tl.arange(0, BN)
    there = at < sets
    if FROM_PTR:
        begin = tl.load(ptr + at, mask=there, other=0)
        end = tl.load(ptr + at + 1, mask=there, other=0)
        strange = (end < begin) | ((at == 0) & (begin != 0)) | ((at == sets - 1) & (end > n))
        tl.atomic_max(FLAGS + tl.zeros_like(at), 1, mask=there & strange & (row == 0))
        size = tl.maximum(tl.minimum(end - begin, n), 0).to(tl.int32)
    else:
        size = tl.load(COUNTS + at, mask=there, other=0)
    level = tl.maximum(row - 3, 0)
    value = (size - 1 + (1 << level)) >> (level + 1)
    value = tl.where(row == 0, size, value)
    value = tl.where(row == 1, (size > 0).to(tl.int32), value)
    value = tl.where(row == 2, (size == 1).to(tl.int32), value)
    tl.store(TABLE + row * sets + at, value, mask=there)


@triton.jit
def _power_below(number):
    """The exponent of the largest power of two that is not larger; the number is above 0."""
    bits = number.to(tl.float64).to(tl.int64, bitcast=True)
    return ((bits >> 52) - 1023).to(tl.int32)


@triton.jit
def _row_of_node(split, own, size, sets, SUMS, first, mask):
    """The row of a node among all pairs."""
    level = _power_below(tl.maximum(split & -split, 1))
    nodes = (size - 1 + (1 << level)) >> (level + 1)
    ended = tl.load(SUMS + (3 + level) * sets + own, mask=mask, other=0)
    return ended - first - nodes + (split >> (level + 1))


@triton.jit
def _leaf(element, order, mask, ORDERED: tl.constexpr):
    """The code of an element."""
    if ORDERED:
        element = tl.load(order + element, mask=mask, other=0).to(tl.int32)
    return -1 - element


@loose_kernel
def write_codes(
    order, n, sets, levels, steps, rows, stride, TABLE, SUMS, TOTAL, FLAGS, CODES, SINGLES,
    BOUNDS, FACTS, ORDERED: tl.constexpr, SUMMED: tl.constexpr, BN: tl.constexpr,
):  # fmt: skip
    """Codes (3, rows), the singles (2, stride), bounds (levels + 2), and facts for the host.

    Facts: whether the sets are wrong; whether they are out of order; whether TOTAL is finite (if
    SUMMED); then the sum of each row of the table.
    """
    first = tl.load(SUMS + 3 * sets - 1)
    if tl.program_id(0) == 0:
        row = tl.arange(0, 64)
        some = row < levels + 3
        end = tl.load(SUMS + (row + 1) * sets - 1, mask=some, other=0)
        begin = tl.load(SUMS + row * sets - 1, mask=some & (row > 0), other=0)
        tl.store(FACTS + 3 + row, end - begin, mask=some)
        tl.store(BOUNDS + row - 1, end - first, mask=some & (row >= 2))
        tl.store(BOUNDS, first - tl.load(SUMS + 2 * sets - 1))
        tl.store(FACTS, tl.load(FLAGS))
        tl.store(FACTS + 1, tl.load(FLAGS + 1))
        if SUMMED:
            total = tl.load(TOTAL).to(tl.float64)
            tl.store(FACTS + 2, (total - total == 0).to(tl.int32))

    element = tl.program_id(0) * BN + tl.arange(0, BN)
    there = element < tl.minimum(n, tl.load(SUMS + sets - 1))
    low, high = tl.zeros_like(element), tl.zeros_like(element) + sets - 1
    for _ in range(steps):  # the first set that ends after the element
        middle = (low + high) // 2
        ended = tl.load(SUMS + middle, mask=there, other=0) <= element
        low = tl.where(ended, middle + 1, low)
        high = tl.where(ended, high, middle)
    own = tl.minimum(low, sets - 1)
    size = tl.load(TABLE + own, mask=there, other=0)
    split = element - (tl.load(SUMS + own, mask=there, other=0) - size)
    filled = tl.load(SUMS + sets + own, mask=there, other=0) - tl.load(SUMS + sets - 1) - 1

    single = there & (size == 1)
    number = tl.load(SUMS + 2 * sets + own, mask=single, other=0) - tl.load(SUMS + 2 * sets - 1) - 1
    tl.store(SINGLES + number, -1 - _leaf(element, order, single, ORDERED), mask=single)
    tl.store(SINGLES + stride + number, filled, mask=single)

    inner = there & (split > 0) & (split < size)
    lowest = tl.maximum(split & -split, 1)
    rest = size - 1 - split
    right_leaf = (lowest == 1) | (rest == 0)
    step = tl.minimum(lowest >> 1, 1 << _power_below(tl.maximum(rest, 1)))
    left = tl.where(
        lowest == 1,
        _leaf(element - 1, order, inner & (lowest == 1), ORDERED),
        _row_of_node(split - (lowest >> 1), own, size, sets, SUMS, first, inner & (lowest > 1)),
    )
    right = tl.where(
        right_leaf,
        _leaf(element, order, inner & right_leaf, ORDERED),
        _row_of_node(split + step, own, size, sets, SUMS, first, inner & ~right_leaf),
    )
    row = _row_of_node(split, own, size, sets, SUMS, first, inner)
    root = split == 1 << _power_below(tl.maximum(size - 1, 1))
    fits = inner & (row >= 0) & (row < rows)
    tl.store(CODES + row, left, mask=fits)
    tl.store(CODES + rows + row, right, mask=fits)
    tl.store(CODES + 2 * rows + row, tl.where(root, -1 - filled, row), mask=fits)
