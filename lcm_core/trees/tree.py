"""Full binary trees over leaf positions: shapes by name, and bracketings as text."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from lcm_core.errors import unknown

__all__ = ["TREE_NAMES", "Tree", "make_tree"]

#: The shapes that `make_tree` knows, for any number of leaves.
TREE_NAMES = ("balanced", "left", "right", "random")


@dataclass(frozen=True, eq=False)
class Tree:
    """A full binary tree: the brackets of a reduction.

    It has n ≥ 1 leaves and n − 1 inner nodes, each with two children. Nodes are numbered. Leaves
    are their positions 0 … n − 1. Inner nodes follow by height and then by their first leaf, so
    that children come before parents and the root is last. Two trees with the same bracketing are
    equal.

    >>> tree = Tree.parse("((a b)(c d))")
    >>> tree.size, tree.depth, tree.root
    (4, 2, 6)
    >>> tree == make_tree("balanced", 4)
    True

    Args:
        children: int array (n − 1, 2): row i has the left and right child of node n + i.

    Raises:
        ValueError: a node is the child of no other node, or of two.
    """

    children: np.ndarray

    def __post_init__(self) -> None:
        children = np.ascontiguousarray(self.children, dtype=np.int64).reshape(-1, 2)
        n = len(children) + 1
        if not np.array_equal(np.sort(children, axis=None), np.arange(2 * n - 2)):
            raise ValueError(
                f"expected each of the nodes 0 to {2 * n - 3} below the root to be a child "
                f"exactly once, got {children.tolist()}"
            )
        if (children >= np.arange(n, 2 * n - 1)[:, None]).any():
            raise ValueError("expected children to come before their parents")
        heights, first = _heights_and_first_leaves(children)
        order = np.lexsort((first[n:], heights[n:]))
        renumbered = np.arange(2 * n - 1)
        renumbered[n + order] = np.arange(n, 2 * n - 1)
        children = renumbered[children[order]]
        children.setflags(write=False)
        object.__setattr__(self, "children", children)

    @property
    def size(self) -> int:
        """Number of leaves n."""
        return len(self.children) + 1

    @property
    def root(self) -> int:
        """Number of the root node, 2n − 2."""
        return 2 * self.size - 2

    @cached_property
    def heights(self) -> np.ndarray:
        """Height of each node, (2n − 1,): 0 for leaves.

        The height of an inner node is 1 + the larger height of its two children.

        >>> make_tree("left", 3).heights.tolist()
        [0, 0, 0, 1, 2]
        """
        return _heights_and_first_leaves(self.children)[0]

    @property
    def depth(self) -> int:
        """Height of the root: the longest chain of operator calls."""
        return int(self.heights[-1])

    @cached_property
    def leaf_order(self) -> list[int]:
        """Leaf positions in the order of the bracketing, from left to right.

        >>> Tree.parse("((2 0) 1)").leaf_order
        [2, 0, 1]
        """
        order, stack = [], [self.root]
        while stack:
            node = stack.pop()
            if node < self.size:
                order.append(node)
            else:
                left, right = self.children[node - self.size].tolist()
                stack += [right, left]
        return order

    @cached_property
    def leaves_below(self) -> list[list[int]]:
        """Leaf positions below each of the 2n − 1 nodes."""
        below = [[leaf] for leaf in range(self.size)]
        for left, right in self.children.tolist():
            below.append(below[left] + below[right])
        return below

    def bracketing(self, names: Sequence[str] | None = None, node: int | None = None) -> str:
        """The tree, or a subtree, as text, such as `((a b)(c d))`.

        >>> make_tree("right", 3).bracketing(names=["x", "y", "z"])
        '(x (y z))'

        Args:
            names: one name a leaf (default: a, b, c, …; numbers for more than 26 leaves).
            node: the root of the subtree (default: the root of the tree).
        """
        labels = _default_names(self.size) if names is None else list(names)
        parts: list[str] = []
        stack: list[int | str] = [self.root if node is None else node]
        while stack:
            item = stack.pop()
            if isinstance(item, str):
                if item != " " or not (parts[-1] == ")" and stack and self._is_inner(stack[-1])):
                    parts.append(item)
            elif item < self.size:
                parts.append(labels[item])
            else:
                left, right = self.children[item - self.size].tolist()
                parts.append("(")
                stack += [")", right, " ", left]
        return "".join(parts)

    def _is_inner(self, item: int | str) -> bool:
        return isinstance(item, int) and item >= self.size

    @classmethod
    def parse(cls, text: str, names: Sequence[str] | None = None) -> "Tree":
        """Read a bracketing such as `((a b)(c d))` or `((0 1) 2)`.

        >>> Tree.parse("(b (a c))")
        Tree((b (a c)))

        Args:
            text: each bracket holds exactly two parts, a leaf or a bracket each.
            names: the leaf names in order of position. Without them numbers are positions, and
                other names take the positions of their alphabetical order.

        Raises:
            ValueError: brackets that do not match or do not hold two parts; a leaf that is
                unknown, missing, or there twice.
        """
        leaves: list[str] = []
        pairs: list[tuple[int, int]] = []  # leaf k is −1 − k until all leaves are known
        stack: list[list[int]] = [[]]
        for token in re.findall(r"[()]|[^\s(),]+", text):
            if token == "(":
                stack.append([])
            elif token == ")":
                if len(stack) == 1:
                    raise ValueError(f"a ')' too many in the bracketing {text!r}")
                if len(parts := stack.pop()) != 2:
                    raise ValueError(
                        f"expected each bracket of {text!r} to hold 2 parts, got one with "
                        f"{len(parts)}"
                    )
                stack[-1].append(len(pairs))
                pairs.append((parts[0], parts[1]))
            else:
                leaves.append(token)
                stack[-1].append(-len(leaves))
        if len(stack) > 1:
            raise ValueError(f"a ')' is missing in the bracketing {text!r}")
        if len(stack[0]) != 1:
            raise ValueError(f"expected one bracketing, got {len(stack[0])} parts in {text!r}")
        position, n = _positions(leaves, names), len(leaves)
        flat = [
            position[leaves[-1 - node]] if node < 0 else n + node for pair in pairs for node in pair
        ]
        return cls(np.array(flat, dtype=np.int64).reshape(-1, 2))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Tree) and np.array_equal(self.children, other.children)

    def __hash__(self) -> int:
        return hash(self.children.tobytes())

    def __repr__(self) -> str:
        text = self.bracketing() if self.size <= 26 else f"{self.size} leaves, depth {self.depth}"
        return f"Tree({text})"


def make_tree(shape: str, n: int, seed: int = 0) -> Tree:
    """Make a tree over n leaves in their order.

    >>> make_tree("balanced", 5), make_tree("left", 4)
    (Tree((((a b)(c d)) e)), Tree((((a b) c) d)))
    >>> make_tree("balanced", 1000).depth, make_tree("left", 1000).depth
    (10, 999)

    Args:
        shape: `balanced` pairs neighbours and carries an odd last one up (depth ⌈log₂ n⌉);
            `left` is the left fold (((a b) c) d) and `right` the right fold, both of depth n − 1;
            `random` is uniform over all bracketings of n leaves, a function of (seed, n) alone
            (Dershowitz & Zaks 1990, by the cycle lemma).
        n: number of leaves, at least 1.
        seed: of the random tree; the other shapes ignore it.

    Raises:
        ValueError: unknown shape, or n < 1.
    """
    if shape not in TREE_NAMES:
        raise unknown("tree", shape, TREE_NAMES)
    if n < 1:
        raise ValueError(f"a tree needs at least 1 leaf, got n = {n}")
    return _make_tree(shape, n, seed if shape == "random" else 0)


@lru_cache(maxsize=4096)
def _make_tree(shape: str, n: int, seed: int) -> Tree:
    if shape == "balanced":
        return Tree(_balanced(n))
    if shape == "left":
        previous = np.arange(n - 1, 2 * n - 2)
        previous[:1] = 0
        return Tree(np.stack([previous, np.arange(1, n)], axis=1))
    if shape == "right":
        previous = np.arange(n - 1, 2 * n - 2)
        previous[:1] = n - 1
        return Tree(np.stack([np.arange(n - 2, -1, -1), previous], axis=1))
    return Tree(_uniform(n, np.random.default_rng([seed % 2**63, n])))


def _balanced(n: int) -> np.ndarray:
    levels, row, following = [np.empty((0, 2), dtype=np.int64)], np.arange(n), n
    while len(row) > 1:
        pairs = row[: len(row) // 2 * 2].reshape(-1, 2)
        parents = np.arange(following, following + len(pairs))
        row = np.concatenate([parents, row[len(pairs) * 2 :]])
        following += len(pairs)
        levels.append(pairs)
    return np.concatenate(levels)


def _uniform(n: int, generator: np.random.Generator) -> np.ndarray:
    """Uniform over the bracketings of n leaves, by the cycle lemma.

    A tree read in preorder is a word of n − 1 inner nodes (+1) and n leaves (−1) whose partial sums
    stay above −1 until the end. Of the 2n − 1 rotations of any such word exactly one is a tree.

    Source: Dershowitz & Zaks, The cycle lemma and some applications, 1990.
    """
    word = generator.permutation(np.repeat([1, -1], [n - 1, n]))
    word = np.roll(word, -(int(np.argmin(np.cumsum(word))) + 1))
    pairs: list[tuple[int, int]] = []
    stack: list[int] = []
    leaf = n
    for step in word[::-1].tolist():  # from the back, children come before their parent
        if step < 0:
            leaf -= 1
            stack.append(leaf)
        else:
            left, right = stack.pop(), stack.pop()
            stack.append(n + len(pairs))
            pairs.append((left, right))
    return np.array(pairs, dtype=np.int64).reshape(-1, 2)


def _heights_and_first_leaves(children: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    n = len(children) + 1
    heights, first = [0] * n, list(range(n))
    for left, right in children.tolist():
        heights.append(1 + max(heights[left], heights[right]))
        first.append(min(first[left], first[right]))
    return np.array(heights), np.array(first)


def _default_names(n: int) -> list[str]:
    return [chr(ord("a") + i) for i in range(n)] if n <= 26 else [str(i) for i in range(n)]


def _positions(leaves: list[str], names: Sequence[str] | None) -> dict[str, int]:
    if names is None:
        numbers = all(leaf.isdecimal() for leaf in leaves)
        names = [str(i) for i in range(len(set(leaves)))] if numbers else sorted(set(leaves))
    position, count = {name: i for i, name in enumerate(names)}, Counter(leaves)
    if strange := [leaf for leaf in leaves if leaf not in position]:
        raise ValueError(
            f"leaf {strange[0]!r} of the bracketing is not among the {len(names)} leaves "
            f"{', '.join(list(names)[:8])}"
        )
    if twice := [leaf for leaf in position if count[leaf] > 1]:
        raise ValueError(f"leaf {twice[0]!r} is in the bracketing more than once")
    if missing := [name for name in names if not count[name]]:
        raise ValueError(f"leaf {missing[0]!r} is missing from the bracketing")
    return position
