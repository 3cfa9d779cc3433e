"""The exercises of `12_one_set_on_many_machines`: wrong answers are explained, right ones pass."""

import math

import pytest

from lcm_core.distributed.streams import aligned_blocks
from lcm_core.exercises import check_blocks, check_partner, check_shares, check_traffic


@pytest.mark.parametrize(
    ("partner", "lesson"),
    [
        (lambda rank, number: rank + 1, "must name each other"),
        (lambda rank, number: rank - 1, "only the ranks 0 to 1"),
        (lambda rank, number: rank, "must name each other"),
        (lambda rank, number: rank ^ 1, "would count twice"),
        (lambda rank, number: 1 / 0, "ZeroDivisionError"),
        (lambda rank, number: None, "TypeError"),
    ],
)
def test_partner(partner, lesson):
    assert check_partner(lambda rank, number: rank ^ (1 << number)).passed
    verdict = check_partner(partner)
    assert not verdict.passed
    assert lesson in verdict.text


def test_partners_that_are_no_neighbours_are_explained():
    def from_afar(rank, number):
        return rank ^ (2 if number == 0 and rank >= 4 else 1 << number)

    assert "no neighbours" in check_partner(from_afar).text


@pytest.mark.parametrize(
    ("tree", "gather", "lesson"),
    [
        (lambda r, d: r * d, lambda r, d: (r - 1) * d, "In each of log₂ R rounds"),
        (lambda r, d: math.log2(r) * d, lambda r, d: r * d, "all other ranks"),
        (lambda r, d: math.log2(r) * d, lambda r, d: None, "gather(2, 1)"),
    ],
)
def test_traffic(tree, gather, lesson):
    assert check_traffic(lambda r, d: math.log2(r) * d, lambda r, d: (r - 1) * d).passed
    verdict = check_traffic(tree, gather)
    assert not verdict.passed
    assert lesson in verdict.text


@pytest.mark.parametrize("shares", [[4, 4, 4, 0], [4, 4, 2, 2], [8, 0, 4, 0], [8, 0, 2, 2]])
def test_shares_that_fit(shares):
    assert check_shares(shares).passed


@pytest.mark.parametrize(
    ("shares", "lesson"),
    [
        ([3, 3, 3, 3], "must be a subtree"),
        ([2, 2, 4, 4], "must be a subtree"),
        ([6, 6, 0, 0], "must be a subtree"),
        ([12, 0, 0, 0], "use more than one machine"),
        ([4, 4, 4], "on 3 ranks"),
        ([4, 4, 4, 4], "16 elements"),
        ([-4, 8, 4, 4], "got [-4, 8, 4, 4]"),
    ],
)
def test_shares_that_do_not(shares, lesson):
    verdict = check_shares(shares)
    assert not verdict.passed
    assert lesson in verdict.text


def right_blocks(start, stop):
    return [(k << level, (k + 1) << level) for level, k in aligned_blocks(start, stop)]


@pytest.mark.parametrize(
    ("blocks", "lesson"),
    [
        (lambda start, stop: [(start, stop)], "no power of two"),
        (lambda start, stop: [(p, p + 1) for p in range(start, stop)], "more blocks than needed"),
        (lambda start, stop: right_blocks(0, stop - start), "must have each of"),
        (lambda start, stop: right_blocks(start, stop)[:-1], "must have each of"),
        (lambda start, stop: greedy(start, stop), "begin at multiples of"),
        (lambda start, stop: None, "TypeError"),
    ],
)
def test_blocks(blocks, lesson):
    assert check_blocks(right_blocks).passed
    verdict = check_blocks(blocks)
    assert not verdict.passed
    assert lesson in verdict.text


def greedy(start, stop):
    """The largest power of two that is left, wherever it begins."""
    found = []
    while start < stop:
        size = 1 << ((stop - start).bit_length() - 1)
        found.append((start, start + size))
        start += size
    return found
