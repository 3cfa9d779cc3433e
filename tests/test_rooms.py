"""The rooms of the library: who may import whom, and what each says of itself (docs/design.md)."""

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = "lcm_core"

#: Each room imports only from those before it.
ROOMS = (
    "errors",
    "imports",
    "optimizers",
    "pyg",
    "registry",
    "rounding",
    "seeding",
    "terminal",
    "threads",
    "files",
    "gpu",
    "operators",
    "trees",
    "tasks",
    "figures",
    "reduction",
    "distributed",
    "aggregations",
    "laws",
    "depth",
    "models",
    "training",
    "api",
    "train",
    "experiments",
    "exercises",
    "widgets",
)
#: Of the rooms before them, figures import these alone: they take plain data.
BEFORE_FIGURES = {"errors", "imports", "pyg", "rounding", "tasks"}


class Import(NamedTuple):
    """`from source import name` in a module; the name is "" where a module is imported."""

    module: str
    source: str
    name: str


def module_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


FILES = {module_of(path): path for path in sorted((ROOT / PACKAGE).rglob("*.py"))}
TREES = {module: ast.parse(path.read_text()) for module, path in FILES.items()}
PACKAGES = {module: path.parent for module, path in FILES.items() if path.stem == "__init__"}


def imports_of(module: str, tree: ast.AST) -> Iterator[Import]:
    """What a module imports of the library, within functions too."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module} imports relatively"
            if (node.module or "").split(".")[0] == PACKAGE:
                for alias in node.names:
                    inner = f"{node.module}.{alias.name}"
                    if inner in FILES:
                        yield Import(module, inner, "")
                    else:
                        yield Import(module, str(node.module), alias.name)
        elif isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.split(".")[0] == PACKAGE:
                    yield Import(module, alias.name, "")


def uses_of(module: str, tree: ast.AST) -> Iterator[Import]:
    """What a module takes as `name.attribute` from modules that it imports whole."""
    whole = {
        alias.asname or alias.name: f"{node.module}.{alias.name}"
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
        if f"{node.module}.{alias.name}" in FILES
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) in whole:
            yield Import(module, whole[ast.unparse(node.value)], node.attr)


IMPORTS = [found for module, tree in TREES.items() for found in imports_of(module, tree)]


def part(module: str, place: int) -> str:
    """Part number `place` of a module's name; "" if there are fewer."""
    return [*module.split("."), "", "", ""][place]


def exports(module: str) -> list[str] | None:
    for node in TREES[module].body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            return list(ast.literal_eval(node.value))
    return None


def test_every_module_is_in_a_room():
    assert {part(module, 1) for module in FILES} == {"", *ROOMS}
    assert len(IMPORTS) > 800


def test_a_room_imports_only_from_those_before_it():
    wrong = [
        found
        for found in IMPORTS
        if found.module != PACKAGE
        and (
            found.source == PACKAGE
            or ROOMS.index(part(found.source, 1)) > ROOMS.index(part(found.module, 1))
        )
    ]
    assert not wrong


def test_figures_take_plain_data():
    used = {part(found.source, 1) for found in IMPORTS if part(found.module, 1) == "figures"}
    assert used - {"figures"} <= BEFORE_FIGURES


def test_a_folder_of_widgets_imports_only_itself_base_and_operators():
    wrong = []
    for found in IMPORTS:
        own, other = part(found.module, 2), part(found.source, 2)
        if part(found.module, 1) == part(found.source, 1) == "widgets" and own:
            allowed = {own, *{"base": (), "operators": ("base",)}.get(own, ("base", "operators"))}
            wrong += [found] * (other not in allowed)
    assert not wrong


def test_the_framework_of_the_experiments_imports_no_definition():
    framework = f"{PACKAGE}.experiments.framework"
    wrong = [
        found
        for found in IMPORTS
        if found.module.startswith(framework)
        and part(found.source, 1) == "experiments"
        and not found.source.startswith(framework)
    ]
    assert not wrong


@pytest.mark.parametrize("module", FILES)
def test_every_module_says_what_others_may_import(module):
    names = exports(module)
    assert names is not None or module in PACKAGES, f"{module} has no __all__"
    assert not [name for name in names or () if name.startswith("_")]


def code_of(path: Path) -> str:
    if path.suffix == ".py":
        return path.read_text()
    cells = json.loads(path.read_text())["cells"]
    lines = "\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "code").split("\n")
    return "\n".join(line for line in lines if not line.startswith(("%", "!")))


USERS = [
    path
    for folder in ("benchmarks", "course", "docs", "notebooks", "projects", "tests")
    for path in sorted((ROOT / folder).rglob("*"))
    if path.suffix in (".py", ".ipynb") and ".ipynb_checkpoints" not in path.parts
]


def test_imports_respect_what_a_module_exports():
    outside = [
        found
        for path in USERS
        if path.name != "broken.ipynb"
        for found in imports_of(str(path.relative_to(ROOT)), ast.parse(code_of(path)))
    ]
    assert len(outside) > 200
    used = [found for module, tree in TREES.items() for found in uses_of(module, tree)]
    wrong = [
        found
        for found in [*IMPORTS, *used, *outside]
        if found.source in FILES
        and found.name not in ("", "*")
        and found.name not in (exports(found.source) or ())
    ]
    assert not wrong
    gone = [found for found in [*IMPORTS, *outside] if found.source not in FILES]
    assert not gone


@pytest.mark.parametrize("package", PACKAGES)
def test_no_module_is_named_like_a_function_that_its_package_exports(package):
    modules = {part(m, package.count(".") + 1) for m in FILES if m.startswith(f"{package}.")}
    assert not modules & set(exports(package) or ())


@pytest.mark.parametrize("package", [package for package in PACKAGES if package != PACKAGE])
def test_each_room_says_what_it_is_for_and_which_file_to_open_first(package):
    text = ast.get_docstring(TREES[package]) or ""
    summary, _, rest = text.partition("\n\n")
    assert 10 < len(summary) < 200
    (first,) = re.findall(r"Open `([a-z_/]+\.py)` first", rest)
    assert (PACKAGES[package] / first).exists()


def test_pyg_is_imported_in_one_place():
    """There it is imported without what it does not need; elsewhere it would be imported whole."""
    at_once = [
        module
        for module, tree in TREES.items()
        if module != f"{PACKAGE}.pyg"
        for node in tree.body
        if isinstance(node, ast.Import | ast.ImportFrom) and "torch_geometric" in ast.unparse(node)
    ]
    assert not at_once
