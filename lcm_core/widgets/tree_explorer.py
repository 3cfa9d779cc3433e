"""A reduction to look at: choose operator, tree and order, and step through its levels."""

from __future__ import annotations

import html
from collections.abc import Sequence
from string import ascii_lowercase

import ipywidgets as widgets
import networkx as nx
import numpy as np
import torch
from torch import Tensor

from lcm_core.errors import unknown
from lcm_core.figures import tree_figure
from lcm_core.figures.tree import bracketings
from lcm_core.laws import difference
from lcm_core.operators import Operator, operator_names
from lcm_core.reduction import trace
from lcm_core.trees import TREE_NAMES
from lcm_core.widgets.live_figure import LiveFigure
from lcm_core.widgets.operators import label, resolve_operator
from lcm_core.widgets.page_script import PageScript
from lcm_core.widgets.panel import Panel, ReadOut, button, row

MAX_LEAVES, LEAVES = 64, 8

#: Differences below this share of the state are rounding of 32-bit numbers.
ROUNDING = 1e-5


class TreeExplorer(Panel):
    """Draws the reduction of one set, with every state as colours.

    Args:
        operator: a name of `operator_names()`, or an operator.
        leaves: how many elements to begin with, 1 to 64 (default: all `values`, or 8).
        tree: a name of `TREE_NAMES`.
        values: the elements, `(n, channels)`; Gaussian ones if left out.
        names: a short name for each of `values`.
        channels: the width of the elements if `values` is left out.
        seed: of the elements, the weights of the operators, the orders and the random trees.

    Attributes:
        trace: the reduction on show, as `lcm_core.trace` gives it.
        order: which element each leaf holds.
        to_balanced: largest difference of a feature between this root and the balanced tree's, same
            order.
        to_unshuffled: the same between this root and that of the first order, same tree.
    """

    def __init__(
        self,
        operator: str | Operator = "symmetrized_gru",
        leaves: int | None = None,
        tree: str = "balanced",
        values: Tensor | np.ndarray | None = None,
        names: Sequence[str] | None = None,
        channels: int = 4,
        seed: int = 0,
    ):
        super().__init__()
        if isinstance(operator, Operator) and values is None:
            channels = operator.channels
        self._elements = _elements(values, channels, seed)
        self._names = _names(names, len(self._elements))
        self._seed, self._tree_seed, self._shuffles = seed, seed, 0
        self._quiet = False
        most = len(self._elements)
        leaves = (LEAVES if values is None else most) if leaves is None else leaves
        if not 1 <= leaves <= most:
            raise ValueError(f"expected leaves from 1 to {most}, got {leaves}")
        if isinstance(operator, str) and operator not in operator_names():
            raise unknown("operator", operator, operator_names())
        if tree not in TREE_NAMES:
            raise unknown("tree", tree, TREE_NAMES)
        own = [] if isinstance(operator, str) else [(label(operator), operator)]
        self.operator_menu = widgets.Dropdown(
            options=own + [(name, name) for name in operator_names()],
            value=operator,
            description="Operator",
            tooltip="the operator ⊕ that makes one state of two",
        )
        self.leaves_slider = widgets.IntSlider(
            value=leaves, min=1, max=most, description="Leaves", tooltip="elements in the set"
        )
        self.tree_menu = widgets.Dropdown(
            options=TREE_NAMES, value=tree, description="Tree", tooltip="which states meet first"
        )
        self.level_slider = widgets.IntSlider(
            value=0, min=0, max=1, description="Level", tooltip="how far the reduction has come"
        )
        for control, name in (
            (self.operator_menu, "operator"),
            (self.leaves_slider, "leaves"),
            (self.tree_menu, "tree"),
            (self.level_slider, "level"),
        ):
            control.add_class(f"lcm-{name}")
        self.order = np.arange(leaves)
        self._build()
        self.guard(self._reduce)()
        self.made()

    def _build(self) -> None:
        guard = self.guard
        self._weights: dict[object, Operator] = {}
        self.shuffle_button = button(
            "Shuffle", "another order of the same set", guard(self._shuffle)
        )
        self.unshuffle_button = button("Unshuffle", "the first order", guard(self._unshuffle))
        self.new_tree_button = button("New tree", "another random tree", guard(self._new_tree))
        self.back_button = button("Back", "one level down", guard(lambda _: self._go(-1)))
        self.forward_button = button("Forward", "one level up", guard(lambda _: self._go(1)))
        self.reset_button = button("Reset level", "leaves only", guard(lambda _: self._go(None)))
        self._figure = LiveFigure()
        self.read_out = ReadOut("tree-text")
        self.operator_menu.observe(guard(self._reduce), names="value")
        self.tree_menu.observe(guard(self._reduce), names="value")
        self.leaves_slider.observe(guard(self._resize), names="value")
        self.level_slider.observe(guard(self._draw), names="value")
        self.children = [
            row(self.operator_menu, self.tree_menu, self.leaves_slider),
            row(
                self.shuffle_button,
                self.unshuffle_button,
                self.new_tree_button,
                self.level_slider,
                self.back_button,
                self.forward_button,
                self.reset_button,
            ),
            self._error_area,
            self._figure.widget,
            self.read_out,
            PageScript(),
        ]

    # What the controls do

    def _shuffle(self, _: object = None) -> None:
        self._shuffles += 1
        self.order = np.random.default_rng([self._seed, self._shuffles]).permutation(
            self.leaves_slider.value
        )
        self._reduce()

    def _unshuffle(self, _: object = None) -> None:
        self.order = np.arange(self.leaves_slider.value)
        self._reduce()

    def _new_tree(self, _: object = None) -> None:
        self._tree_seed += 1
        if self.tree_menu.value == "random":
            self._reduce()
        else:
            self.tree_menu.value = "random"

    def _resize(self, _: object = None) -> None:
        self.order = np.arange(self.leaves_slider.value)
        self._reduce()

    def _go(self, levels: int | None) -> None:
        slider = self.level_slider
        slider.value = 0 if levels is None else min(max(slider.value + levels, 0), slider.max)

    # What is shown

    def _reduce(self, _: object = None) -> None:
        """Reduces the set anew and shows the finished tree."""
        with self._state_lock, torch.no_grad():
            operator = self._operator()
            tree = self.tree_menu.value
            elements = operator.lift(self._elements)
            states, first = elements[self.order], elements[: len(self.order)]
            self.trace = trace(operator, states, tree, seed=self._tree_seed)
            self._root = _root(self.trace)
            self.to_balanced = _largest_difference(
                self._root, _root(trace(operator, states, "balanced"))
            )
            self.to_unshuffled = _largest_difference(
                self._root, _root(trace(operator, first, tree, seed=self._tree_seed))
            )
            self._quiet = True
            self.level_slider.max = max(self.trace.graph["depth"], 1)
            self.level_slider.value = self.trace.graph["depth"]
            self._quiet = False
            self._draw()

    def _operator(self) -> Operator:
        choice = self.operator_menu.value
        if choice not in self._weights:
            self._weights[choice] = resolve_operator(choice, self._elements.shape[1], self._seed)
        return self._weights[choice]

    def _draw(self, _: object = None) -> None:
        with self._state_lock:
            if self._quiet:
                return
            names = [self._names[element] for element in self.order]
            figure = tree_figure(self.trace, level=self.level_slider.value, names=names)
            self._figure.show(figure)
            self.read_out.say(self._text(names))

    def _text(self, names: Sequence[str]) -> str:
        facts, level = self.trace.graph, self.level_slider.value
        expression = bracketings(self.trace, names)
        made = [
            expression[node]
            for node, data in self.trace.nodes(data=True)
            if data["height"] == level and not data["leaf"]
        ]
        now = f": made {_few(made)}" if made else ": the elements"
        scale = float(self._root.nan_to_num(posinf=0.0, neginf=0.0).abs().max())
        return (
            f"Level {level} of {facts['depth']}{html.escape(now)}.<br>"
            f"<b>Depth {facts['depth']}</b>, operator calls {facts['calls']} (one for each level), "
            f"{len(names) - 1} applications of ⊕ in all. "
            f"Bracketing <code>{html.escape(_short(expression[facts['root']]))}</code><br>"
            f"Root state {_numbers(self._root)}<br>"
            f"Difference to the balanced tree, same order: {_verdict(self.to_balanced, scale)}. "
            f"Difference to the first order, same tree: {_verdict(self.to_unshuffled, scale)}."
        )


def _elements(values: Tensor | np.ndarray | None, channels: int, seed: int) -> Tensor:
    if values is None:
        return torch.randn(MAX_LEAVES, channels, generator=torch.Generator().manual_seed(seed))
    elements = torch.as_tensor(values, dtype=torch.float32)
    if elements.ndim != 2 or not 1 <= len(elements) <= MAX_LEAVES:
        raise ValueError(
            f"expected values of shape (n, channels) with n from 1 to {MAX_LEAVES}, "
            f"got {tuple(elements.shape)}"
        )
    return elements.detach().cpu()


def _names(names: Sequence[str] | None, count: int) -> list[str]:
    if names is None:
        turns = [""] + [str(turn) for turn in range(2, count // 26 + 2)]
        return [letter + turn for turn in turns for letter in ascii_lowercase][:count]
    if len(names) != count:
        raise ValueError(f"expected a name for each of the {count} values, got {len(names)}")
    return list(names)


def _root(graph: nx.DiGraph) -> Tensor:
    return graph.nodes[graph.graph["root"]]["state"]


def _largest_difference(one: Tensor, other: Tensor) -> float:
    return float(difference(one, other).abs().max())


def _verdict(difference: float, scale: float) -> str:
    if difference == 0:
        return "<b>0</b>, the same answer to the last bit"
    if difference <= ROUNDING * max(scale, 1.0):
        return f"<b>{difference:.1e}</b>, the same answer but for rounding"
    return f"<b>{difference:.3g}</b>, another answer"


def _numbers(state: Tensor) -> str:
    shown = ", ".join(f"{value:.3f}" for value in state[:8].tolist())
    return f"({shown}{', …' if len(state) > 8 else ''})"


def _few(expressions: Sequence[str]) -> str:
    shown = ", ".join(_short(text, 40) for text in expressions[:4])
    return shown + (f" and {len(expressions) - 4} more" if len(expressions) > 4 else "")


def _short(text: str, length: int = 160) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"
