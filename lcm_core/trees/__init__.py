"""Trees over the elements of a set: their shapes, their bracketings, and the moves between them.

Open `tree.py` first; `polytopes.py` has the graphs of all trees, or all orders, of a few elements;
`moves.py` moves one bracket of a tree of any size.
"""

from lcm_core.trees.moves import bracket_moved, node_over
from lcm_core.trees.polytopes import associahedron, permutohedron, unordered_trees
from lcm_core.trees.tree import TREE_NAMES, Tree, make_tree

__all__ = [
    "TREE_NAMES",
    "Tree",
    "associahedron",
    "bracket_moved",
    "make_tree",
    "node_over",
    "permutohedron",
    "unordered_trees",
]
