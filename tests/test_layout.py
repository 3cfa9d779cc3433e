from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lcm_core.reduction.engine import cut, groups_of
from lcm_core.reduction.layout import BalancedTrees, layout_of_trees
from lcm_core.reduction.plan import ReductionPlan
from tests.oracles import ptr_of

ragged = st.lists(st.integers(0, 70), min_size=0, max_size=12)


def by_bits(sizes):
    trees = BalancedTrees(ptr_of(sizes), sum(sizes))
    return trees.layout(trees.bounds.tolist())


@given(sizes=ragged)
def test_balanced_trees_by_bits_are_those_of_the_tree_by_name(sizes):
    ours = by_bits(sizes)
    want = layout_of_trees(np.array(sizes, dtype=np.int64), "balanced")
    assert ours.pieces == want.pieces
    for name in ("late", "pairs", "roots"):
        assert torch.equal(getattr(ours, name), getattr(want, name)), name


def test_by_bits_for_one_large_set_among_small_ones():
    sizes = [1, 100_000, 0, 3, 65_536, 65_537]
    ours = by_bits(sizes)
    want = layout_of_trees(np.array(sizes), "balanced")
    assert ours.pieces == want.pieces
    assert torch.equal(ours.pairs, want.pairs)
    assert torch.equal(ours.roots, want.roots)


@given(sizes=ragged, tree=st.sampled_from(["balanced", "left", "right", "random"]))
def test_every_element_and_every_state_is_taken_exactly_once(sizes, tree):
    layout = layout_of_trees(np.array(sizes, dtype=np.int64), tree)
    of_level = [sum(n for _, n in level) for level in layout.pieces]
    first = sum(of_level[1:2])
    from_x = torch.cat([layout.late, layout.pairs[:, :first].flatten()])
    from_states = torch.cat([layout.pairs[:, first:].flatten(), layout.roots])
    assert torch.equal(from_x.sort().values, torch.arange(sum(sizes)))
    assert torch.equal(from_states.sort().values, torch.arange(sum(of_level)))


either = ragged | st.builds(lambda n, sets: [n] * sets, st.integers(0, 33), st.integers(1, 4))


@given(sizes=either, tree=st.sampled_from(["balanced", "left", "right", "random"]))
def test_sources_read_what_the_plan_says_however_the_rows_lie(sizes, tree):
    """States that are their own row numbers."""
    plan = ReductionPlan.from_sizes(sizes, tree)
    x, states = torch.arange(plan.num_elements), torch.arange(plan.bounds[-1])
    levels = [states[a:b] for a, b in pairwise(plan.bounds)]
    pieces = [cut(level, plan, number) for number, level in enumerate(levels)]
    roots, leaves, *sources = plan.sources
    late, *pair = groups_of(leaves, [x])
    assert torch.equal(late, x[plan.late])
    pairs = [pair, *(groups_of(source, pieces) for source in sources)]
    for level, want in enumerate(plan.pairs):
        for side, rows in zip(pairs[level], want, strict=True):
            assert torch.equal(side, (states if level else x)[rows])
    if roots.places:
        assert torch.equal(*groups_of(roots, pieces), states[plan.roots])
    for source in plan.sources:
        if source.rows is not None:
            assert torch.equal(source.rows.of(source.rows.inverse), torch.arange(len(source.rows)))


@pytest.mark.parametrize("sizes", [[16] * 5, [3] * 4, [2], [1] * 3, [4096], [0, 0], []])
def test_equal_sizes_that_need_no_gather(sizes):
    assert all(source.rows is None for source in ReductionPlan.from_sizes(sizes).sources)


@given(sizes=ragged)
def test_a_plan_says_of_which_sets_it_is(sizes):
    plan = ReductionPlan.from_sizes(sizes)
    assert (plan.num_sets, plan.num_elements) == (len(sizes), sum(sizes))
    assert plan.num_empty == sizes.count(0)
    assert plan.bounds[-1] - plan.bounds[1] == sum(n - 1 for n in sizes if n)
