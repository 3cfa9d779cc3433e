"""What `import lcm_core` promises: each public name is documented, by an example that runs."""

import doctest
import inspect
import re
import sys
from functools import cached_property

import pytest

import lcm_core
from lcm_core.aggregations.registry import AGGREGATIONS
from lcm_core.operators.base import OPERATORS
from lcm_core.tasks.registry import TASKS

CONSTANTS = ("LAWS", "TREE_NAMES")
NAMES = [name for name in lcm_core.__all__ if name not in CONSTANTS]
CLASSES = [name for name in NAMES if inspect.isclass(getattr(lcm_core, name))]
FUNCTIONS = [name for name in NAMES if name not in CLASSES]
#: Public names of a class, as "Tree.depth"; `forward` of an aggregation is its base class's.
MEMBERS = {
    f"{name}.{member}": value
    for name in CLASSES
    for member, value in vars(getattr(lcm_core, name)).items()
    if not member.startswith("_")
    and (
        inspect.isfunction(value)
        or isinstance(value, property | cached_property | classmethod | staticmethod)
    )
}


def documentation(value: object) -> str:
    """The docstring of the object itself, not one that it inherits."""
    return inspect.cleandoc(value.__doc__ or "")


def section(text: str, *headings: str) -> str:
    """The lines of a docstring below these headings."""
    found = []
    for heading in headings:
        found += re.findall(rf"^{heading}:\n((?:(?: +.*)?\n?)*)", text, re.MULTILINE)
    return "\n".join(found)


def named(text: str) -> set[str]:
    """The names that a section explains: "x, ptr: the sets" explains two."""
    entries = re.findall(r"^    ([\w*]+(?:, [\w*]+)*):", text, re.MULTILINE)
    return {name.strip("* ") for entry in entries for name in entry.split(",")}


def parameters(function: object) -> set[str]:
    given = inspect.signature(function).parameters
    return {name for name in given if name not in ("self", "cls")}


def explains(text: str, wanted: set[str]) -> bool:
    return wanted <= named(section(text, "Args", "Attributes")) or "rguments as in `" in text


def function_of(member: object) -> object:
    return member.__func__ if isinstance(member, classmethod | staticmethod) else member


@pytest.mark.parametrize("name", [*NAMES, *MEMBERS])
def test_the_first_line_is_a_short_sentence(name):
    text = documentation(MEMBERS[name] if name in MEMBERS else getattr(lcm_core, name))
    assert text, f"{name} has no docstring"
    first = text.splitlines()[0]
    assert len(first.split()) <= 12, first
    assert first.endswith((".", ":")), first
    assert len(text.splitlines()) == 1 or not text.splitlines()[1], f"{name}: a blank line is next"


@pytest.fixture
def registries():
    """What an example registers is gone after it: other tests list all names."""
    before = {registry: set(registry) for registry in (OPERATORS, AGGREGATIONS, TASKS)}
    yield
    for registry, names in before.items():
        for name in set(registry) - names:
            registry.remove(name)


@pytest.mark.parametrize("name", NAMES)
def test_each_name_has_an_example_that_runs(name, registries):
    value = getattr(lcm_core, name)
    module = sys.modules[value.__module__]
    text = documentation(value)
    examples = doctest.DocTestParser().get_doctest(text, vars(module).copy(), name, None, None)
    assert examples.examples, f"{name} has no example"
    options = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    runner = doctest.DocTestRunner(verbose=False, optionflags=options)
    report: list[str] = []
    runner.run(examples, out=report.append)
    assert not runner.failures, "".join(report)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_parameter_of_a_function_is_explained(name):
    function = getattr(lcm_core, name)
    assert explains(documentation(function), parameters(function)), parameters(function)


@pytest.mark.parametrize("name", [name for name in CLASSES if name != "Task"])
def test_every_parameter_of_a_constructor_is_explained(name):
    cls = getattr(lcm_core, name)
    assert explains(documentation(cls), parameters(cls)), parameters(cls)


@pytest.mark.parametrize("name", MEMBERS)
def test_every_parameter_of_a_method_is_explained(name):
    function = function_of(MEMBERS[name])
    if inspect.isfunction(function):
        assert explains(documentation(function), parameters(function)), parameters(function)


def test_help_names_everything():
    words = set(re.findall(r"\w+", lcm_core.__doc__ or ""))
    assert not set(lcm_core.__all__) - words


def test_help_is_a_page_with_headings():
    headings = re.findall(r"^([A-Z][\w ]+)\n    ", lcm_core.__doc__ or "", re.MULTILINE)
    assert headings[0] == "Start here"
    assert headings[-1] == "Your own"
    assert {"Operators", "Reductions", "Aggregations", "Laws", "Training"} <= set(headings)


@pytest.mark.parametrize("name", CONSTANTS)
def test_constants_are_documented_where_they_are_defined(name):
    (source,) = [
        inspect.getsource(module)
        for module in (lcm_core.laws.measure, lcm_core.trees.tree)
        if re.search(rf"^{name} = ", inspect.getsource(module), re.MULTILINE)
    ]
    assert re.search(rf"^#: .*\.\n{name} = ", source, re.MULTILINE)


def test_the_names_are_sorted_and_exist():
    assert lcm_core.__all__ == sorted(lcm_core.__all__, key=lambda n: (not n.isupper(), n))
    assert all(hasattr(lcm_core, name) for name in lcm_core.__all__)


@pytest.mark.parametrize("old", ["trained", "trained_names"])
def test_old_names_work_with_a_warning(old):
    with pytest.warns(DeprecationWarning, match=f"lcm_core.{old} is now lcm_core.pre{old}"):
        found = getattr(lcm_core, old)
    assert found is getattr(lcm_core, f"pre{old}")


def test_other_names_are_no_attributes():
    with pytest.raises(AttributeError, match="no attribute 'reduction_tree'"):
        _ = lcm_core.reduction_tree


def test_register_is_an_old_name():
    assert lcm_core.register is lcm_core.register_operator
