"""An operator on show in the law explorer: what it is tried on, and what was measured."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from torch import Tensor

from lcm_core.laws.maps import LawMap, law_map
from lcm_core.laws.measure import LawReport, law_report
from lcm_core.laws.populations import (
    Population,
    closure_population,
    encoded_population,
    gaussian_population,
)
from lcm_core.operators import Operator
from lcm_core.widgets.laws.pair import Clouds
from lcm_core.widgets.operators.menu import NO_OPERATOR, OperatorMenu

__all__ = ["KINDS", "Subject", "subjects"]

KINDS = ("gaussian", "encoded", "closure")


@dataclass(eq=False)
class Subject:
    """An operator, and a population of the width that it takes.

    Args:
        operator: the operator ⊕.
        kind: of the population, one of `KINDS`.
        channels: width of the elements.
        elements: those that came from a task; None if there are none.
        origin: where they came from, in words.
        seed, samples: of the drawing.
    """

    operator: Operator
    kind: str
    channels: int
    elements: Tensor | None
    origin: str
    seed: int
    samples: int
    _report: LawReport | None = None
    _maps: dict[str, LawMap] = field(default_factory=dict)
    _clouds: dict[str, Clouds] = field(default_factory=dict)

    def same(self, other: Subject | None) -> bool:
        """Whether the other was measured on the same."""
        return (
            other is not None
            and all(
                getattr(self, name) is getattr(other, name) for name in ("operator", "elements")
            )
            and all(
                getattr(self, name) == getattr(other, name)
                for name in ("kind", "channels", "origin", "seed", "samples")
            )
        )

    @cached_property
    def population(self) -> Population:
        """The states; a ValueError in words if there are no elements that they could be made of."""
        drawn = gaussian_population(self.channels, seed=self.seed)
        if self.kind == "gaussian":
            return drawn
        if self.kind == "closure":
            elements = drawn.elements if self.elements is None else self.elements
            return closure_population(elements, seed=self.seed)
        if self.elements is None:
            raise ValueError(
                "the population 'encoded' is the elements that the encoder of a task puts out, and "
                f"there are none of {self.channels} channels for {self.operator.name!r}: choose a "
                "checkpoint or a training run as an operator, give LawExplorer elements=..., or "
                "choose another population"
            )
        return encoded_population(self.elements)

    @property
    def report(self) -> LawReport:
        """The law errors, measured once; with the largest found, after a search."""
        if self._report is None:
            self._report = self.measure()
        return self._report

    @report.setter
    def report(self, found: LawReport) -> None:
        self._report = found

    def measure(self, **search: object) -> LawReport:
        """The law errors, with options of `law_report` for a search."""
        options = {"samples": self.samples, "seed": self.seed}
        return law_report(self.operator, self.population, **options, **search)  # type: ignore[arg-type]

    def map(self, law: str) -> LawMap:
        """The law's error over the plane of these states; a ValueError if there is none."""
        if law not in self._maps:
            unit = self._unit(law)
            self._maps[law] = law_map(self.operator, self.population, law, unit, seed=self.seed)
        return self._maps[law]

    def clouds(self, law: str) -> Clouds:
        """The states, and the results of the law, in planes; a ValueError if there are none."""
        if law not in self._clouds:
            unit = self._unit(law)
            self._clouds[law] = Clouds.of(self.operator, self.population, law, unit, self.seed)
        return self._clouds[law]

    def _unit(self, law: str) -> float:
        if law not in self.report:
            raise ValueError(f"{self.operator.name} has no {law}")
        if self.report[law].degenerate:
            raise ValueError("all results are alike: there is no scale to compare an error with")
        return self.report[law].spread

    def words(self) -> str:
        """What the states are."""
        width = f"{self.channels} channel{'s' if self.channels > 1 else ''}"
        elements = (
            f"elements with independent N(0, 1) entries ({width})"
            if self.elements is None or self.kind == "gaussian"
            else f"{len(self.elements)} elements of {width} {self.origin}"
        )
        size = len(self.population)
        if self.kind == "closure":
            return f"{size} reductions of random subsets, of 1 to 16, of {elements}"
        return f"{size} {elements}, lifted" if self.kind == "gaussian" else f"{elements}, lifted"


def subjects(
    menus: Sequence[OperatorMenu],
    given: Tensor | None,
    channels: int,
    kind: str,
    seed: int,
    samples: int,
) -> Iterator[tuple[str, Subject]]:
    """The chosen operators by label, each with elements of the width that it takes.

    An operator that brought encoded elements is tried on these; others on those given to the panel
    or, if there are none, on those that another choice brought.

    Args:
        menus: of the operators.
        given: elements `(m, channels)` given to the panel, or None.
        channels: the width where nothing says it.
        kind, seed, samples: as in `Subject`.

    Raises:
        ValueError: an operator of another width than the elements given.
    """
    shared, origin = given, "given to the panel"
    for menu in menus:
        if shared is None and menu.elements is not None:
            shared, origin = menu.elements, f"that came with {menu.label}"
    widths = [menu.channels for menu in menus if menu.channels is not None]
    usual = shared.shape[1] if shared is not None else (widths[0] if widths else channels)
    for menu in menus:
        if menu.label == NO_OPERATOR:
            continue
        width = menu.channels or usual
        if menu.elements is not None:
            brought: tuple[Tensor | None, str] = menu.elements, f"that came with {menu.label}"
        elif given is not None and width != given.shape[1]:
            raise ValueError(
                f"{menu.label} takes elements of {width} channels, those given to the panel have "
                f"{given.shape[1]}"
            )
        else:
            fits = shared is not None and width == shared.shape[1]
            brought = (shared, origin) if fits else (None, "")
        operator = menu.operator(width, seed)
        if operator is not None:
            yield menu.label, Subject(operator, kind, width, *brought, seed, samples)
