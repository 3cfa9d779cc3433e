"""Messages through a molecule, then the tree of the readout: both places where ⊕ combines."""

from __future__ import annotations

from typing import Any

import ipywidgets as widgets
import numpy as np

from lcm_core.tasks import BBBP
from lcm_core.widgets.base.controls import button, row
from lcm_core.widgets.base.molecule import atom_names, atom_places, bond_orders
from lcm_core.widgets.base.panel import Panel
from lcm_core.widgets.base.text_areas import ReadOut
from lcm_core.widgets.messages.passes import Passes
from lcm_core.widgets.messages.view import MessageView

__all__ = ["MessageExplorer"]


class MessageExplorer(Panel):
    """Plays what a trained network does with a molecule of BBBP.

    In each round every atom combines the messages of its neighbours; then a tree combines all
    atoms. A colour is a state as one number, its place along the first principal component.

    Args:
        model: one of `pretrained_names()`, for molecules, whose readout has an operator.
        molecule: its number in the table.
        step: how far it is: rounds of messages, then the atoms in a row, then levels of the tree.
        more: whether the numbers are unfolded.

    Attributes:
        passes: the numbers.
        step_slider, play_button, view, sentence, read_out: the parts.

    Raises:
        ValueError: an unknown model, or one that does not do this.
    """

    def __init__(
        self, model: str = "molecules", molecule: int = 148, step: int = 0, more: bool = False
    ):
        super().__init__(more)
        graph = BBBP().graph(molecule)
        self.passes = Passes.of(model, graph)
        self._names, self._graph = atom_names(graph), graph
        self._rounds = len(self.passes.rounds) - 1
        last = self._rounds + 1 + self.passes.depth
        self.step_slider = widgets.IntSlider(
            min(max(step, 0), last), 0, last, description="Step", tooltip="how far it is"
        )
        self.step_slider.add_class("lcm-step-of-messages")
        self.play_button = button("Play", "all steps, one after the other", "play", primary=True)
        self.view = MessageView(step=self.step_slider.value)
        self.sentence, self.read_out = ReadOut("message-sentence"), ReadOut("message-text", "off")
        self.connect(self._stepped, self.step_slider)
        self.connect(self._play_or_stop, self.play_button)
        self.view.observe(self.locked(self._page_reached_step), names="step")
        self.view.observe(self.locked(self._name_button), names="playing")
        self.lay_out(
            [row(self.step_slider, self.play_button)], [self.view, self.sentence], [self.read_out]
        )

    def arguments(self) -> dict[str, Any]:
        return {"step": self.step_slider.value}

    def _play_or_stop(self) -> None:
        self.view.playing = not self.view.playing

    def _name_button(self, _: Any) -> None:
        playing = self.view.playing
        self.play_button.description = "Stop" if playing else "Play"
        self.play_button.icon = "stop" if playing else "play"

    def _page_reached_step(self, _: Any) -> None:
        with self.quietly():
            self.step_slider.value = self.view.step
        self._say()

    def _stepped(self) -> None:
        self.view.playing = False
        self.view.step = self.step_slider.value
        self._say()

    def draw(self) -> None:
        passes, graph = self.passes, self._graph
        edges = graph.edge_index.t()[graph.edge_index[0] < graph.edge_index[1]].tolist()
        self.view.show(
            names=self._names,
            places=atom_places(graph),
            edges=edges,
            orders=bond_orders(graph, [(a, b) for a, b in edges]),
            rounds=np.round(passes.rounds, 3),
            tree=np.round(passes.tree, 3),
            children=passes.children,
            heights=passes.heights,
            across=passes.across,
            answer=_answer(passes.chance),
            label=f"Messages between {len(self._names)} atoms, and the tree of their readout",
        )
        self._say()

    def _say(self) -> None:
        step, level = self.step_slider.value, self.step_slider.value - self._rounds - 1
        self.sentence.say(self._in_words(step, level))
        shown = self.passes.rounds[min(step, self._rounds)]
        numbers = (f"{name} {value:.2f}" for name, value in zip(self._names, shown, strict=True))
        self.read_out.say(f"The atoms, as one number each: {', '.join(numbers)}.".replace("-", "−"))

    def _in_words(self, step: int, level: int) -> str:
        n, depth = len(self._names), self.passes.depth
        if step == 0:
            return f"{n} atoms: each knows only itself. Press <i>Play</i>."
        if step <= self._rounds:
            bonds = "its neighbours" if step == 1 else f"atoms up to {step} bonds away"
            return (
                f"<b>Round {step} of {self._rounds}</b>: each atom has combined what its "
                f"neighbours sent. It now knows of {bonds}."
            )
        if level < depth:
            left = int(np.ceil(n / 2**level))
            return f"<b>Readout, level {level} of {depth}</b>: {left} states are left."
        return (
            f"<b>Readout, level {level} of {depth}</b>: one state for the whole molecule. From it "
            f"the network answers: <b>{_answer(self.passes.chance)}</b>."
        )


def _answer(chance: float) -> str:
    return f"{'yes' if chance >= 0.5 else 'no'}, {chance:.0%}"
