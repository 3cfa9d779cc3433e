"""Private parts of other packages: each is used in one module, and still does what we need."""

import ast
from collections.abc import Iterator
from pathlib import Path

import anywidget
import ipykernel
import plotly
import plotly.graph_objects as go
import pytest
from ipykernel import kernelbase
from ipykernel.comm.comm import BaseComm
from packaging.version import Version

from lcm_core.widgets.base.bar import PanelBar
from lcm_core.widgets.base.ipykernel_inside import answer_while_cells_run
from lcm_core.widgets.base.plotly_inside import PlotlyScript, SharedFigureWidget

ROOT = Path(__file__).parents[1]
PLOTLY = (
    f"plotly {plotly.__version__} differs from what lcm_core/widgets/base/plotly_inside.py uses"
)
IPYKERNEL = (
    f"ipykernel {ipykernel.__version__} differs from what "
    "lcm_core/widgets/base/ipykernel_inside.py uses"
)

#: By module, the private names of other packages that it may use.
ALLOWED = {
    # Documented, in spite of their underscore.
    "distributed/failure.py": {"_get_default_store"},  # test_distributed.py kills ranks
    "experiments/framework/calibration.py": {"_replace"},  # of a named tuple
    "experiments/framework/workers.py": {"_exit"},  # of the module os
    # As torch's own optimisers do; test_captured.py compares the result with theirs.
    "training/adamw.py": {
        *("_foreach_add_", "_foreach_addcmul_", "_foreach_div"),
        *("_foreach_mul", "_foreach_mul_", "_foreach_sqrt"),
    },
    # What the tests below try.
    "widgets/base/plotly_inside.py": {"_data", "_layout_obj", "_props", "_view_count"},
    "widgets/base/ipykernel_inside.py": {"_reply_subshell_for"},
}
#: Use torch's, and have tests of their own: test_seeding.py, test_definition.py.
OF_TORCH = ("seeding.py", "operators/ordinary.py")


# Plotly ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["_widget_data", "_widget_layout", "_config"])
def test_plotly_sends_its_private_state_to_the_page(name: str) -> None:
    trait = go.FigureWidget.class_traits().get(name)
    assert trait is not None, f"{PLOTLY}: FigureWidget has no {name}"
    assert trait.metadata.get("sync"), f"{PLOTLY}: {name} is not sent to the page"


@pytest.mark.parametrize("path", ["_data", "_layout_obj._props"])
def test_plotly_keeps_a_figure_in_its_private_state(path: str) -> None:
    part: object = go.FigureWidget()
    for name in path.split("."):
        assert hasattr(part, name), f"{PLOTLY}: FigureWidget has no {path}"
        part = getattr(part, name)


def test_plotly_counts_the_views_of_a_figure() -> None:
    trait = go.FigureWidget.class_traits().get("_view_count")
    assert trait is not None, f"{PLOTLY}: FigureWidget has no _view_count"
    assert trait.metadata.get("sync"), f"{PLOTLY}: pages do not tell the number of views"
    assert go.FigureWidget()._view_count == 0, f"{PLOTLY}: views are not counted"


def test_a_new_view_gets_the_figure_as_it_was_saved() -> None:
    figure = SharedFigureWidget(go.Figure(go.Scatter(y=[0.0, 0.0])))

    def for_a_new_view() -> tuple[list[float], str | None]:
        state = figure.get_state()
        title = state["_widget_layout"].get("title", {}).get("text")
        return list(figure._widget_data[0]["y"]), title

    figure.data[0].y = [1.0, 2.0]
    figure.layout.title.text = "after"
    assert for_a_new_view() == ([0.0, 0.0], None), f"{PLOTLY}: save_state is of no use any more"
    figure.save_state()
    assert for_a_new_view() == ([1.0, 2.0], "after"), f"{PLOTLY}: save_state does not save"
    figure.data[0].y = [3.0, 4.0]
    assert for_a_new_view()[0] == [1.0, 2.0], f"{PLOTLY}: what is saved is no copy"


def test_a_figure_follows_the_page_and_has_no_tool_bar() -> None:
    config = SharedFigureWidget().get_state()["_config"]
    assert config == {"responsive": True, "displayModeBar": False}, f"{PLOTLY}: _config"


def test_figures_share_one_copy_of_the_script_of_plotly(monkeypatch) -> None:
    monkeypatch.setattr("lcm_core.widgets.base.plotly_inside._provided", None)
    made = []
    monkeypatch.setattr(PlotlyScript, "__init__", _kept(made, PlotlyScript.__init__))
    one, other = SharedFigureWidget(), SharedFigureWidget()
    assert len(made) == 1
    script = made[0].script
    assert len(script) > 1_000_000, f"{PLOTLY}: FigureWidget._esm is not the script itself"
    for part in ("export", "plotlywidget-after-render", "js-plotly-plot"):  # page.js needs them
        assert part in script, f"{PLOTLY}: its script has no {part!r}"
    for figure in (one, other):
        sent = figure.get_state()["_esm"]
        assert len(sent) < 1000, f"{PLOTLY}: a subclass cannot replace _esm"
        assert "lcmPlotly" in sent


def _kept(made: list, construct):
    def constructed(self, *args, **kwargs) -> None:
        construct(self, *args, **kwargs)
        made.append(self)

    return constructed


def test_anywidget_sends_the_script_of_a_class() -> None:
    sent = PanelBar().get_state()["_esm"]
    assert "lcmPage" in sent, f"anywidget {anywidget.__version__}: _esm is not sent"


# ipykernel ------------------------------------------------------------------------------------


def test_ipykernel_asks_a_control_where_its_messages_go() -> None:
    if Version(ipykernel.__version__) < Version("7.4"):
        pytest.skip("this ipykernel sends messages where the page says")
    name = "_reply_subshell_for"
    assert hasattr(BaseComm, name), f"{IPYKERNEL}: a comm has no {name}"
    source = Path(kernelbase.__file__).read_text()
    assert f'"{name}"' in source, f"{IPYKERNEL}: the kernel does not ask for {name}"

    class Control:
        comm = BaseComm(target_name="test")

    asked = Control.comm._reply_subshell_for
    Control.comm._reply_subshell_id = "where it was used last"
    assert asked({}, "page's") != "page's", f"{IPYKERNEL}: it sends messages where the page says"
    answer_while_cells_run([Control()])
    assert Control.comm._reply_subshell_for({}, "page's") == "page's", IPYKERNEL
    Control.comm.close()


# No other module ------------------------------------------------------------------------------

BY_NAME = ("getattr", "hasattr", "setattr", "delattr")


def private(name: object) -> bool:
    return isinstance(name, str) and name.startswith("_") and not name.startswith("__")


def names_defined(tree: ast.AST) -> Iterator[str]:
    """Functions, classes, variables, fields and attributes that a module makes."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif (
            isinstance(node, ast.Attribute)
            and isinstance(node.ctx, ast.Store)
            and ast.unparse(node.value) in ("self", "cls")
        ):
            yield node.attr


def private_names(tree: ast.AST, own: set[str], everywhere: set[str]) -> Iterator[str]:
    """Private names that a module uses, and that belong to another package.

    Args:
        own: names that the module defines.
        everywhere: names that some module of the library defines: base classes have attributes.
    """
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and private(node.attr):
            of_self = ast.unparse(node.value) in ("self", "cls", "super()")
            if node.attr not in (everywhere if of_self else own):
                yield node.attr
        elif isinstance(node, ast.Call) and ast.unparse(node.func) in BY_NAME:
            name = node.args[1]
            if isinstance(name, ast.Constant) and private(name.value):
                yield from {name.value} - everywhere
        elif isinstance(node, ast.ImportFrom):
            parts = [*(node.module or "").split("."), *(alias.name for alias in node.names)]
            yield from filter(private, parts)
        elif isinstance(node, ast.Import):
            for alias in node.names:
                yield from filter(private, alias.name.split("."))


def used_names(sources: dict[str, str]) -> dict[str, set[str]]:
    """By module, the private names of other packages that it uses."""
    trees = {module: ast.parse(source) for module, source in sources.items()}
    own = {module: set(names_defined(tree)) for module, tree in trees.items()}
    everywhere = set().union(*own.values())
    used = {m: set(private_names(tree, own[m], everywhere)) for m, tree in trees.items()}
    return {module: names for module, names in used.items() if names}


def test_no_other_module_uses_private_parts_of_other_packages() -> None:
    library = ROOT / "lcm_core"
    sources = {
        path.relative_to(library).as_posix(): path.read_text() for path in library.rglob("*.py")
    }
    assert len(sources) > 200
    used = used_names(sources)
    assert all(used.pop(module) for module in OF_TORCH)
    assert used == ALLOWED, (
        "a private name of another package may go with its next version: use a public one, or "
        "put it into ALLOWED, with a test of what it does"
    )


def test_the_search_finds_each_kind_of_use() -> None:
    ours = (
        "class Base:\n    def _mine(self): self._kept = self\n"
        "class Other(Base):\n    def f(self, one): return self._kept, one._mine\n"
    )
    assert used_names({"a": ours}) == {}
    for theirs, name in (
        ("figure._props", "_props"),
        ("figure.layout._props = 1", "_props"),
        ("def f(self): return self._trait_values", "_trait_values"),
        ("hasattr(comm, '_hook')", "_hook"),
        ("from torch._C import x", "_C"),
        ("from torch import _C", "_C"),
        ("import torch._dynamo", "_dynamo"),
        ("other._kept", "_kept"),
    ):
        assert used_names({"a": ours, "b": theirs}) == {"b": {name}}, theirs
