"""The project's files agree with each other: packages, versions, environments, notebooks."""

import ast
import importlib.metadata
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from tests.oldest import oldest

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
ENVIRONMENT = yaml.safe_load((ROOT / "environment.yml").read_text())
NOTEBOOKS = sorted((ROOT / "notebooks").rglob("*.ipynb"))
LESSONS = [path for path in NOTEBOOKS if path.name != "index.ipynb"]  # without the start page


def declared(*extras: str) -> dict[str, Requirement]:
    """The packages of the project with these extras, extras of extras followed."""
    found: dict[str, Requirement] = {}
    lines = list(PROJECT["dependencies"])
    for extra in extras:
        lines += PROJECT["optional-dependencies"][extra]
    for requirement in map(Requirement, lines):
        if canonicalize_name(requirement.name) == PROJECT["name"]:
            found |= declared(*requirement.extras)
        else:
            found[canonicalize_name(requirement.name)] = requirement
    return found


def constraints() -> dict[str, str]:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pins = [line.split("==") for line in lines if line and not line.startswith("#")]
    return {canonicalize_name(name): version for name, version in pins}


def installed_closure(names: set[str]) -> set[str]:
    """The packages, and all that they need on this machine, as they are installed here."""
    seen: set[tuple[str, frozenset[str]]] = set()
    waiting = [Requirement(name) for name in names]
    while waiting:
        requirement = waiting.pop()
        name = canonicalize_name(requirement.name)
        key = (name, frozenset(requirement.extras))
        if key in seen:
            continue
        seen.add(key)
        for line in importlib.metadata.requires(name) or []:
            needed = Requirement(line)
            wanted = ("", *requirement.extras)
            marker = needed.marker
            if marker is None or any(marker.evaluate({"extra": extra}) for extra in wanted):
                waiting.append(needed)
    return {name for name, _ in seen}


def tracked_files() -> list[Path]:
    """Files that git tracks or would add."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [ROOT / line for line in listed.stdout.splitlines() if (ROOT / line).is_file()]


def test_the_project_installs_as_promised():
    assert PROJECT["name"] == "lcm-core"
    assert PROJECT["requires-python"] == ">=3.11"
    assert importlib.metadata.version("lcm-core") == PROJECT["version"]
    assert (ROOT / "lcm_core" / "py.typed").exists()
    assert PROJECT["license"] == "MIT"
    assert "The lcm-core authors" in (ROOT / "LICENSE").read_text()


def test_conda_installs_the_same_packages_as_make_lab():
    assert ENVIRONMENT["name"] == "lcm"
    conda = [entry for entry in ENVIRONMENT["dependencies"] if isinstance(entry, str)]
    assert conda == [f"python{PROJECT['requires-python']}", "pip"]
    (pip,) = (e["pip"] for e in ENVIRONMENT["dependencies"] if isinstance(e, dict))
    options = [line for line in pip if line.startswith("-")]
    assert options == ["--constraint constraints.txt", "--editable ."]
    listed = {canonicalize_name(r.name): r for r in map(Requirement, pip[1:-1])}
    assert listed == declared("notebooks")


#: Packages that are imported and not declared, and a declared one that cannot be without them.
COMES_WITH = {
    "docutils": "sphinx",
    "ipykernel": "jupyterlab",
    "ipython": "ipywidgets",
    "jupyter-client": "ipykernel",
    "nbconvert": "jupyter-server",
    "scipy": "scikit-learn",
    "traitlets": "ipywidgets",
}


def test_every_package_that_is_imported_is_declared_or_comes_with_one_that_is():
    folders = ("lcm_core", "course", "benchmarks", "docs", "projects", "tests")
    trees = [ast.parse(path.read_text()) for f in folders for path in (ROOT / f).rglob("*.py")]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module}
    modules = {name.split(".")[0] for name in names} - sys.stdlib_module_names - {*folders}
    known = importlib.metadata.packages_distributions()
    packages = {canonicalize_name(known[module][0]) for module in modules if module in known}
    every = declared(*PROJECT["optional-dependencies"])
    undeclared = packages - set(every)
    assert undeclared <= set(COMES_WITH)
    for name in undeclared:
        carrier = COMES_WITH[name]
        needed = map(Requirement, importlib.metadata.requires(carrier) or [])
        assert name in {canonicalize_name(each.name) for each in needed}, f"{carrier}: {name}"


@pytest.mark.pinned
def test_constraints_pin_every_package_that_is_installed_for_the_project():
    names = set(declared("dev"))
    # Torch's own companions (CUDA libraries, triton) differ by machine; torch pins them itself.
    companions = re.compile(r"nvidia-|cuda-|triton")
    needed = {name for name in installed_closure(names) if not companions.match(name)}
    assert len(needed) > 80
    assert sorted(needed - set(constraints())) == []


def test_constraints_are_exact_public_versions_that_the_project_allows():
    for name, version in constraints().items():
        assert Version(version).local is None, f"{name}=={version} names a local build"
    for name, requirement in declared(*PROJECT["optional-dependencies"]).items():
        assert constraints()[name] in requirement.specifier, requirement


def test_the_oldest_versions_are_the_lower_bounds_of_all_packages_but_stubs():
    versions = {canonicalize_name(name): version for name, version in oldest().items()}
    stubs = {"types-pyyaml", "types-tqdm"}
    every = declared(*PROJECT["optional-dependencies"])
    assert versions.keys() == every.keys() - stubs
    for name, version in versions.items():
        specifier = every[name].specifier
        assert version in specifier
        assert f">={version}" in str(specifier)


@pytest.mark.pinned
def test_the_tests_run_with_the_versions_of_the_constraints():
    different = {
        name: (found, constraints()[name])
        for name in declared("dev")
        if Version(found := importlib.metadata.version(name)).public != constraints()[name]
    }
    assert not different


@pytest.mark.parametrize(
    "name", ["pyproject.toml", "constraints.txt", "environment.yml", "Makefile", ".ci/run"]
)
def test_set_up_names_no_package_index(name):
    text = (ROOT / name).read_text()
    assert not re.search(r"index-url|find-links|trusted-host|https?://", text)


def test_the_core_imports_neither_plotly_nor_widgets():
    """Figures import plotly, widgets import both; everything below imports neither."""
    above = {"figures": {"ipywidgets", "anywidget"}, "widgets": set()}
    for path in sorted((ROOT / "lcm_core").rglob("*.py")):
        layer = path.relative_to(ROOT / "lcm_core").parts[0]
        forbidden = above.get(layer, {"plotly", "ipywidgets", "anywidget", "IPython"})
        imported = {
            name.split(".")[0]
            for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, ast.Import | ast.ImportFrom)
            for name in (
                [alias.name for alias in node.names]
                if isinstance(node, ast.Import)
                else [node.module or ""]
            )
        }
        assert not imported & forbidden, f"{path.relative_to(ROOT)} imports {imported & forbidden}"


def test_every_test_has_a_time_limit(pytestconfig):
    assert 0 < float(pytestconfig.getini("timeout")) <= 300
    assert pytestconfig.pluginmanager.hasplugin("timeout")


def test_there_is_a_first_notebook():
    assert NOTEBOOKS, "no notebooks found"
    assert NOTEBOOKS[0].name == "00_start_here.ipynb"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_notebooks_are_committed_without_outputs(path):
    notebook = json.loads(path.read_text())
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            assert cell["outputs"] == []
            assert cell["execution_count"] is None
    assert "widgets" not in notebook["metadata"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_every_picture_of_a_notebook_has_its_text(path):
    for cell in json.loads(path.read_text())["cells"]:
        if cell["cell_type"] == "markdown":
            source = "".join(cell["source"])
            assert not re.search(r"!\[\s*\]\(", source)
            assert all("alt=" in tag for tag in re.findall(r"<img[^>]*>", source))


def test_the_readme_lists_every_notebook_with_the_minutes_that_it_says_itself():
    readme = (ROOT / "README.md").read_text()
    for path in LESSONS:
        (row,) = re.findall(rf"\(notebooks/{path.name}\).*\| (\d+) \|", readme)
        opening = "".join(json.loads(path.read_text())["cells"][0]["source"])
        assert re.search(rf"about {row} minutes", opening), path.name


@pytest.mark.parametrize("name", ["README.md", "docs/design.md", "docs/panels.md"])
def test_texts_link_only_to_files_that_exist_and_every_picture_has_its_text(name):
    text = (ROOT / name).read_text()
    for target in re.findall(r"\]\((?!https?:|#)([^)\s#]+)", text):
        assert ((ROOT / name).parent / target).exists(), f"{name} links to {target}"
    assert not re.search(r"!\[\s*\]\(", text)


def test_no_file_is_larger_than_a_megabyte():
    large = [path.name for path in tracked_files() if path.stat().st_size > 1_000_000]
    assert large == []


@pytest.mark.parametrize(
    "path", sorted((ROOT / "tests" / "browser").glob("test_*.py")), ids=lambda path: path.name
)
def test_what_opens_a_browser_is_marked_so(path):
    """Else it would run among the fast tests."""
    assert re.search(r"^pytestmark = \[pytest\.mark\.browser\b", path.read_text(), re.MULTILINE)
