"""The controls of the tree explorer, each with its class on the page and a tooltip."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import ipywidgets as widgets

from lcm_core.trees.tree import TREE_NAMES
from lcm_core.widgets.base.controls import menu
from lcm_core.widgets.trees.values import COLOURS

__all__ = ["DRAWN", "GIVEN", "NEIGHBOURS", "NONE", "TASK", "TYPED", "TreeControls"]

TYPED, NONE = "typed", "(none)"
DRAWN, GIVEN, TASK, NEIGHBOURS = "drawn", "given", "second minimum", "neighbours"

Control = TypeVar("Control", bound=widgets.Widget)


class TreeControls:
    """Makes the controls; what they do is said by the panel.

    Args:
        tree, compare: values of the two menus of trees.
        bracketing: what stands in the text field.
        sources: where elements can come from.
        source: from where they come now.
        leaves: in the set.
        colour: what colours stand for.
        nodes: names of the nodes of a graph.
    """

    def __init__(
        self,
        tree: str,
        compare: str,
        bracketing: str,
        sources: Sequence[str],
        source: str,
        leaves: int,
        colour: str,
        nodes: Sequence[str],
    ):
        self.tree = menu("Tree", (*TREE_NAMES, TYPED), tree, "which states combine first")
        self.compare = menu(
            "Compare", (NONE, *TREE_NAMES, TYPED), compare, "a second tree beside the first"
        )
        self.bracketing = _named(
            "bracketing",
            widgets.Text(
                value=bracketing,
                continuous_update=False,
                description="Brackets",
                placeholder="((a b)(c d))",
                tooltip="a tree as text; a name is a leaf of the first order",
                layout=widgets.Layout(width="370px"),
            ),
        )
        self.leaves = _named(
            "leaves",
            widgets.IntSlider(
                value=leaves, min=0, max=256, description="Leaves", tooltip="elements in the set"
            ),
        )
        self.level = _named(
            "level",
            widgets.IntSlider(
                value=0, min=0, max=1, description="Level", tooltip="how far the reduction is"
            ),
        )
        self.colour = menu("Colour", COLOURS, colour, "what the colour of a node stands for")
        self.source = menu("Elements", sources, source, "where the elements come from")
        self.values = _named(
            "values",
            widgets.Textarea(
                value="3, 1, 4, 1.5",
                continuous_update=False,
                description="Values",
                placeholder="a: 1 0\nb: 0 1",
                tooltip="one element a line, its features apart by spaces; or 3, 1, 4",
                layout=widgets.Layout(width="370px", height="72px"),
            ),
        )
        self.node = menu(
            "Node", [(name, i) for i, name in enumerate(nodes)], 0 if nodes else None, "the centre"
        )
        self.show_what_is_needed()

    def show_what_is_needed(self) -> None:
        """Text fields only where they are read."""
        typed = TYPED in (self.tree.value, self.compare.value)
        _show(self.bracketing, typed)
        _show(self.values, self.source.value == TYPED)
        _show(self.node, bool(self.node.options))
        self.leaves.disabled = self.source.value == NEIGHBOURS


def _named(name: str, control: Control) -> Control:
    control.add_class(f"lcm-{name}")
    return control


def _show(control: widgets.Widget, shown: bool) -> None:
    control.layout.display = None if shown else "none"
