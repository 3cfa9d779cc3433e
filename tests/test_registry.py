"""Registries: what may be registered, what is refused, and who is told."""

import re

import pytest
import torch
from torch_geometric.nn import aggr

from lcm_core.aggregations.registry import (
    AGGREGATIONS,
    aggregation_facts,
    aggregation_names,
    register_aggregation,
)
from lcm_core.operators import GRU, Operator, make_operator, register
from lcm_core.operators.base import OPERATORS, register_operator
from lcm_core.registry import Registry
from lcm_core.tasks import register_task
from lcm_core.training import Recipe


def definition(text: str) -> type:
    """A class as another cell would define it: of the same name, but another object."""
    scope: dict[str, object] = {"__name__": "__main__"}
    exec(f"class {text}: pass", scope)
    made = scope[text]
    assert isinstance(made, type)
    return made


def test_a_cell_may_run_again_and_its_last_run_counts() -> None:
    fruit: Registry[type] = Registry("fruit")
    first, second = definition("Pear"), definition("Pear")
    fruit.add("pear", first)
    fruit.add("pear", second)
    assert fruit["pear"] is second


def test_another_definition_needs_replace() -> None:
    fruit: Registry[type] = Registry("fruit")
    fruit.add("pear", definition("Pear"))
    with pytest.raises(ValueError, match=r"'pear' is taken by .*replace=True"):
        fruit.add("pear", definition("Apple"))
    other = definition("Apple")
    fruit.add("pear", other, replace=True)
    assert fruit["pear"] is other


def test_the_library_keeps_its_names() -> None:
    with pytest.raises(ValueError, match="the library has the operator 'gru' already"):
        register_operator("gru", replace=True)(type("Mine", (Operator,), {}))
    assert type(make_operator("gru", channels=2)) is GRU


def test_a_refused_class_keeps_its_name() -> None:
    mine = type("Mine", (Operator,), {"name": "before"})
    with pytest.raises(ValueError, match="library"):
        register_operator("sum")(mine)
    assert mine.name == "before"


@pytest.mark.parametrize("name", ["", "two words", "a-b", "f(x)", 3])
def test_a_name_is_one_word(name: object) -> None:
    with pytest.raises(ValueError, match=re.escape(f"letters, digits and _, got {name!r}")):
        Registry("fruit").add(name, 1)  # type: ignore[arg-type]


def test_what_is_no_operator_is_refused() -> None:
    with pytest.raises(TypeError, match="Operator"):
        register_operator("no_operator")(int)  # type: ignore[type-var]
    assert "no_operator" not in OPERATORS


def test_an_unknown_name_brings_the_nearest() -> None:
    fruit: Registry[int] = Registry("fruit")
    fruit.add("pear", 1)
    with pytest.raises(ValueError, match="unknown fruit 'paer': did you mean 'pear'"):
        fruit["paer"]


def test_watchers_hear_of_each_change_until_they_end_it() -> None:
    fruit, heard = Registry[int]("fruit"), list[str]()
    end = fruit.watch(heard.append)
    fruit.add("pear", 1)
    fruit.remove("pear")
    end()
    fruit.add("apple", 1)
    assert heard == ["pear", "pear"]


def test_the_old_name_of_register_operator_stays() -> None:
    assert register is register_operator


def test_a_decorator_without_brackets_is_refused() -> None:
    for decorator in (register_operator, register_aggregation, register_task):
        with pytest.raises(TypeError):
            decorator(type("Mine", (Operator,), {}))  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"write @register_fruit\('Pear'\), in brackets"):
        Registry("fruit").check_name(definition("Pear"))


def test_a_class_has_one_name() -> None:
    with pytest.raises(ValueError, match="is registered as 'gru' already: register a subclass"):
        register_operator("my_gru")(GRU)
    assert make_operator("gru", channels=2).name == "gru"


def test_all_watchers_hear_of_a_change_though_one_raises() -> None:
    fruit, heard = Registry[int]("fruit"), list[str]()

    def raises(name: str) -> None:
        raise RuntimeError("a panel is broken")

    fruit.watch(raises)
    fruit.watch(heard.append)
    with pytest.raises(RuntimeError, match="a panel is broken"):
        fruit.add("pear", 1)
    assert heard == ["pear"]


def test_what_does_not_work_is_refused_by_its_name() -> None:
    @register_operator("no_forward")
    class NoForward(Operator):
        pass

    @register_operator("typo")
    class Typo(Operator):
        def __init__(self, channels: int):
            super().__init__(channels)
            _ = self.chanels

    shared = aggr.SumAggregation()
    register_aggregation("shared")(lambda channels: shared)
    try:
        for name, message in (
            ("no_forward", "'no_forward' does not work with 64 channels: NotImplementedError"),
            ("typo", "'typo' does not work .* no attribute 'chanels'"),
            ("shared", "'shared' gives the same object each time"),
        ):
            with pytest.raises(ValueError, match=message):
                Recipe.parse(f"readout={name}")
    finally:
        for name in ("no_forward", "typo"):
            OPERATORS.remove(name)
        AGGREGATIONS.remove("shared")


def test_asking_for_facts_leaves_the_global_generator_alone() -> None:
    for registry in (OPERATORS, AGGREGATIONS):
        registry.tell("sum")  # forgets the facts
    before = torch.get_rng_state()
    for name in aggregation_names():
        aggregation_facts(name, channels=4)
    assert torch.equal(torch.get_rng_state(), before)
