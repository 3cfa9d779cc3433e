import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lcm_core import TREE_NAMES, Tree, make_tree

sizes = st.integers(1, 60)
shapes = st.sampled_from(TREE_NAMES)


def nested(text):
    """A bracketing as nested tuples, by Python's own parser."""
    return eval(text.replace(")(", "),(").replace(" (", ",(").replace(") ", "),").replace(" ", ","))


def depth_of(node):
    return 1 + max(map(depth_of, node)) if isinstance(node, tuple) else 0


@given(n=sizes)
def test_balanced_has_depth_log2(n):
    assert make_tree("balanced", n).depth == math.ceil(math.log2(n))


@given(n=sizes)
def test_balanced_pairs_neighbours_and_carries_the_last(n):
    row = list(range(n))
    while len(row) > 1:
        pairs = [tuple(row[i : i + 2]) for i in range(0, len(row) - 1, 2)]
        row = pairs + row[len(pairs) * 2 :]
    numbers = [str(i) for i in range(n)]
    assert nested(make_tree("balanced", n).bracketing(numbers)) == row[0]


@pytest.mark.parametrize(("shape", "text"), [("left", "(((a b) c) d)"), ("right", "(a (b (c d)))")])
def test_folds(shape, text):
    assert make_tree(shape, 4).bracketing() == text
    assert make_tree(shape, 50).depth == 49


@given(n=sizes, shape=shapes, seed=st.integers(0, 99))
def test_every_tree_is_full_over_its_leaves_in_order(n, shape, seed):
    tree = make_tree(shape, n, seed)
    assert tree.size == n
    assert tree.leaf_order == list(range(n))
    assert sorted(tree.children.flatten().tolist()) == list(range(2 * n - 2))
    assert tree.heights[-1] == tree.heights.max() == tree.depth
    assert tree.depth == depth_of(nested(tree.bracketing([str(i) for i in range(n)])))


@given(n=sizes, shape=shapes, seed=st.integers(0, 99))
def test_a_bracketing_reads_back_as_the_same_tree(n, shape, seed):
    tree = make_tree(shape, n, seed)
    names = [f"leaf{i}" for i in range(n)]
    assert Tree.parse(tree.bracketing(names), names) == tree
    assert Tree.parse(tree.bracketing()) == tree
    assert hash(Tree.parse(tree.bracketing())) == hash(tree)


def test_random_is_a_function_of_seed_and_size():
    assert make_tree("random", 30, 5) == make_tree("random", 30, 5)
    assert len({make_tree("random", 30, seed) for seed in range(20)}) == 20


def test_random_is_uniform_over_the_14_bracketings_of_5():
    draws = 7000
    counts = Counter(make_tree("random", 5, seed).bracketing() for seed in range(draws))
    assert len(counts) == 14
    chi_squared = sum((c - draws / 14) ** 2 for c in counts.values()) / (draws / 14)
    assert chi_squared < 34.5  # the 99.9th percentile with 13 degrees of freedom


def test_leaves_may_stand_in_any_order():
    tree = Tree.parse("((b a)(d c))")
    assert tree.leaf_order == [1, 0, 3, 2]
    assert Tree.parse("((1 0)(3 2))") == tree
    assert Tree.parse("(x (y z))", names=["z", "y", "x"]).leaf_order == [2, 1, 0]
    assert Tree.parse("a").size == 1


def test_nodes_are_numbered_by_height_and_first_leaf_however_they_are_given():
    given_ = Tree(np.array([[2, 3], [0, 1], [5, 4]]))
    assert given_ == Tree.parse("((a b)(c d))")
    assert given_.children.tolist() == [[0, 1], [2, 3], [4, 5]]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("((a b)(c", r"a '\)' is missing"),
        ("(a b))", r"a '\)' too many"),
        ("((a b)(a c))", "leaf 'a' is in the bracketing more than once"),
        ("((0 1) 3)", "leaf '3' of the bracketing is not among"),
        ("(a b c)", "hold 2 parts, got one with 3"),
        ("((a) b)", "hold 2 parts, got one with 1"),
        ("", "expected one bracketing, got 0"),
        ("a b", "expected one bracketing, got 2"),
    ],
)
def test_a_wrong_bracketing_is_explained(text, message):
    with pytest.raises(ValueError, match=message):
        Tree.parse(text)


def test_a_missing_leaf_is_named():
    with pytest.raises(ValueError, match="leaf 'c' is missing"):
        Tree.parse("(a b)", names=["a", "b", "c"])


@pytest.mark.parametrize("children", [[[0, 1], [1, 2]], [[0, 3], [1, 2]], [[0, 0]]])
def test_wrong_children_are_refused(children):
    with pytest.raises(ValueError, match="child"):
        Tree(np.array(children))


def test_an_unknown_shape_and_no_leaves_are_refused():
    with pytest.raises(ValueError, match=r"unknown tree 'ballanced': did you mean 'balanced'"):
        make_tree("ballanced", 4)
    with pytest.raises(ValueError, match="at least 1 leaf"):
        make_tree("left", 0)
