"""`import lcm_core` is quick, and the slow parts of other packages are imported when needed."""

import json
import os
import pickle
import subprocess
import sys
import typing

import pytest

import lcm_core
from lcm_core.imports import put_off, uncompiled

#: Each takes a good part of a second, or tens of megabytes.
HEAVY = (
    "ipywidgets",
    "nbformat",
    "networkx",
    "pandas",
    "plotly",
    "rdkit",
    "sklearn",
    "sympy",
    "torch._dynamo",
    "torch_geometric",
    "triton",
)
WAITING = ("nbformat", "pandas", "sklearn", "sympy", "torch._dynamo", "triton")


def loaded(code: str) -> set[str]:
    """Those of `HEAVY` that a fresh Python has imported after the code."""
    code += f"\nimport json, sys\nprint(json.dumps([n for n in {HEAVY} if n in sys.modules]))"
    command = [sys.executable, "-W", "error", "-c", code]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=os.environ)
    return set(json.loads(done.stdout.splitlines()[-1]))


def test_the_import_takes_nothing_heavy() -> None:
    assert loaded("import torch, lcm_core") == set()


def test_a_reduction_does_without_what_is_put_off() -> None:
    code = """
import torch, lcm_core
op = lcm_core.make_operator("symmetrized_gru", channels=4)
lcm_core.reduce(op, torch.randn(5, 4)).sum().backward()
lcm_core.LCMAggregation(4, 4)(torch.randn(5, 4), index=torch.tensor([0, 0, 1, 1, 1]))
lcm_core.law_report(op, torch.randn(9, 4))
"""
    assert loaded(code).isdisjoint(WAITING)


def test_panels_do_without_what_is_put_off() -> None:
    code = """
from IPython.core.interactiveshell import InteractiveShell
from lcm_core.widgets import LawExplorer, TrainingPanel, TreeExplorer
panels = TreeExplorer("symmetrized_gru"), LawExplorer(("sum", "gru")), TrainingPanel("task=bbbp")
import plotly.graph_objects as go, plotly.io
InteractiveShell.instance()
plotly.io.renderers.default = "plotly_mimetype"
go.Figure(go.Scatter(y=[1, 2]))._ipython_display_()
"""
    assert loaded(code).isdisjoint(WAITING)


def test_training_does_without_what_is_put_off() -> None:
    code = """
import lcm_core
recipe = "task=bbbp steps=2 channels=4 batch_size=8 eval_every=2 log_every=1 device=cpu"
result = lcm_core.fit(recipe)
assert 0 < result.records[-1].metric < 1
"""
    assert loaded(code).isdisjoint(WAITING)


def test_what_is_put_off_is_there_when_it_is_asked_for() -> None:
    code = """
import lcm_core.pyg
import torch_geometric
assert torch_geometric.datasets.Planetoid.__name__ == "Planetoid"
assert torch_geometric.datasets is __import__("sys").modules["torch_geometric.datasets"]
"""
    assert "pandas" in loaded(code)


# The names of the package -----------------------------------------------------------------------


def test_all_names_are_listed_before_they_are_imported() -> None:
    code = """
import lcm_core
listed = set(dir(lcm_core))
assert "LCMAggregation" not in vars(lcm_core)
assert set(lcm_core.__all__) <= listed
from lcm_core import *
assert "LCMAggregation" in globals() and "register_experiment" in globals()
"""
    loaded(code)


def test_the_names_are_those_of_the_module_that_has_them() -> None:
    from lcm_core import api

    assert sorted([*api.__all__, "register_experiment"]) == sorted(lcm_core.__all__)
    for name in api.__all__:
        assert getattr(lcm_core, name) is getattr(api, name)


def test_objects_are_pickled() -> None:
    made = lcm_core.LCMAggregation(4, 4)
    again = pickle.loads(pickle.dumps(made))
    assert type(again) is lcm_core.LCMAggregation
    assert pickle.loads(pickle.dumps(lcm_core.LCMAggregation)) is lcm_core.LCMAggregation


def test_an_aggregation_is_one_of_pyg() -> None:
    from torch_geometric.nn.aggr import Aggregation

    assert issubclass(lcm_core.LCMAggregation, Aggregation)


# What is put off --------------------------------------------------------------------------------


@pytest.fixture
def slow(tmp_path, monkeypatch):
    """The module slow_one, and one that imports it at its start."""
    (tmp_path / "slow_one.py").write_text("print('loaded')\nvalue = 3\n")
    (tmp_path / "hasty.py").write_text("import slow_one\nfrom types import ModuleType\n")
    monkeypatch.syspath_prepend(tmp_path)
    yield
    for name in ("slow_one", "hasty"):
        sys.modules.pop(name, None)


def test_a_module_that_is_put_off_is_imported_at_its_first_use(slow, capsys) -> None:
    with put_off("slow_one"):
        import hasty
    assert capsys.readouterr().out == ""
    assert "slow_one" not in sys.modules
    assert hasty.slow_one.value == 3
    assert capsys.readouterr().out == "loaded\n"
    assert hasty.slow_one.value == sys.modules["slow_one"].value


def test_a_use_within_imports_it_at_once(slow, capsys) -> None:
    with put_off("slow_one"):
        from slow_one import value
    assert value == 3
    assert sys.modules["slow_one"].value == 3


def test_a_module_that_is_there_stays(slow) -> None:
    import slow_one

    with put_off("slow_one"):
        import hasty
    assert hasty.slow_one is slow_one


def test_a_missing_attribute_is_missing(slow) -> None:
    with put_off("slow_one"):
        import hasty
    with pytest.raises(AttributeError, match="slow_one"):
        _ = hasty.slow_one.other


def test_what_is_not_to_be_compiled_keeps_its_name_and_result() -> None:
    def add(x: int, y: int = 2) -> int:
        """Add."""
        return x + y

    wrapped = uncompiled(add)
    assert wrapped(1) == 3
    assert wrapped(1, y=1) == 2
    assert (wrapped.__name__, wrapped.__doc__) == ("add", "Add.")
    assert typing.get_type_hints(wrapped) == {"x": int, "y": int, "return": int}
