"""The controls of the tree explorer, each with its class on the page and a tooltip."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import ipywidgets as widgets

from lcm_core.trees.tree import TREE_NAMES
from lcm_core.widgets.base.controls import button, menu
from lcm_core.widgets.trees.values import COLOURS

__all__ = ["DRAWN", "GIVEN", "NEIGHBOURS", "NONE", "TASK", "TYPED", "TreeButtons", "TreeControls"]

TYPED, NONE = "typed", "(none)"
PLAY = "let the states rise and meet, level by level"
NOTHING_TO_PLAY = "fewer than two elements: no states meet"
DRAW_ANEW = "draw another set from the same source"
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
        typed: elements as text.
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
        typed: str,
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
                tooltip="a tree as text; a name is the element of a leaf",
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
                value=typed,
                continuous_update=False,
                description="Values",
                placeholder="3 1 4",
                tooltip="numbers such as 3 1 4 are an element each; for elements of several "
                "features write one a line, such as a: 1 0",
                layout=widgets.Layout(width="370px", height="72px"),
            ),
        )
        self.node = menu(
            "Node",
            [(name, i) for i, name in enumerate(nodes)],
            0 if nodes else None,
            "the centre",
            "150px",
        )
        self.show_what_is_needed()

    def show_what_is_needed(self) -> None:
        """Text fields only where they are read."""
        typed = TYPED in (self.tree.value, self.compare.value)
        _show(self.bracketing, typed)
        _show(self.values, self.source.value == TYPED)
        of_node = self.source.value == NEIGHBOURS
        _show(self.node, of_node)
        _show(self.leaves, not of_node)


#: Why there are no other elements, by their source.
NO_OTHERS = {
    GIVEN: "these elements were given in the cell; those of another source can be drawn anew",
    TYPED: "these elements were typed: type others in Values",
    NEIGHBOURS: "these are the neighbours of a node: choose another node",
}


class TreeButtons:
    """Makes the buttons; what they do is said by the panel."""

    def __init__(self) -> None:
        self.play = button("Play", PLAY, primary=True)
        self.shuffle = button("Shuffle", "another order of the same set")
        self.unshuffle = button("Unshuffle", "the first order")
        self.new_tree = button("New tree", "another random tree")
        self.new_elements = button("New elements", DRAW_ANEW)
        self.back = button("Back", "one level down")
        self.forward = button("Forward", "one level up")
        self.reset_level = button("Reset level", "leaves only")

    def say_what_cannot_be_drawn_anew(self, source: str) -> None:
        """*New elements* acts only where elements are drawn, and says why elsewhere."""
        self.new_elements.disabled = source in NO_OTHERS
        self.new_elements.tooltip = NO_OTHERS.get(source, DRAW_ANEW)

    def say_whether_it_plays(self, leaves: int) -> None:
        """*Play* needs two states that meet."""
        self.play.disabled = leaves < 2
        self.play.tooltip = NOTHING_TO_PLAY if leaves < 2 else PLAY


def _named(name: str, control: Control) -> Control:
    control.add_class(f"lcm-{name}")
    return control


def _show(control: widgets.Widget, shown: bool) -> None:
    control.layout.display = None if shown else "none"
