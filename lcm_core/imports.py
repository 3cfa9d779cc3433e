"""Imports of other packages: those that are put off until they are needed, and optional ones."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import wraps
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from types import ModuleType
from typing import Any, ParamSpec, TypeVar

__all__ = ["needed", "put_off", "uncompiled"]

P = ParamSpec("P")
Result = TypeVar("Result")


def needed(module: str, extra: str, what: str, package: str = "") -> Any:
    """Import a module of an optional package.

    Args:
        module: its name.
        extra: of `lcm-core`, which installs it.
        what: needs it, as the beginning of a sentence.
        package: its name in words, where the module's is another.

    Raises:
        ImportError: it is missing; the message has the command that installs it.
    """
    try:
        return import_module(module)
    except ImportError as error:
        raise ImportError(
            f"{what} needs {package or module.split('.')[0]}, which is not installed; install it "
            f"with: pip install 'lcm-core[{extra}]'"
        ) from error


class _PutOff(ModuleType):
    """Stands for a module that is imported when an attribute of it is first asked for."""

    def __init__(self, name: str):
        super().__init__(name)
        with suppress(PackageNotFoundError):
            self.__version__ = version(name)  # others look at it before they use the module

    def __getattr__(self, name: str) -> Any:
        _forget(self)
        return getattr(import_module(self.__name__), name)


@contextmanager
def put_off(name: str) -> Iterator[None]:
    """Context manager: `import name` within it is quick, and is made up for at the first use.

    Nothing changes if the module is imported already. After the context, `import name` elsewhere
    imports it as always, and so does a look into it as an attribute of its package.

    Args:
        name: of a module that may be slow to import, and which the packages that are imported
            within the context do not use at once.
    """
    if name in sys.modules:
        yield
        return
    sys.modules[name] = stand_in = _PutOff(name)
    try:
        yield
    finally:
        _forget(stand_in)
        package, _, child = name.rpartition(".")
        if package in sys.modules:
            vars(sys.modules[package]).setdefault(child, stand_in)


def _forget(stand_in: _PutOff) -> None:
    if sys.modules.get(stand_in.__name__) is stand_in:
        del sys.modules[stand_in.__name__]


def uncompiled(function: Callable[P, Result]) -> Callable[P, Result]:
    """Decorator: as `torch.compiler.disable`, which imports `torch._dynamo` at once.

    Nothing can compile the function before `torch._dynamo` is there.
    """
    disabled: Callable[P, Result] | None = None

    @wraps(function)
    def call(*args: P.args, **options: P.kwargs) -> Result:
        nonlocal disabled
        if disabled is None:
            if "torch._dynamo" not in sys.modules:
                return function(*args, **options)
            disabled = import_module("torch").compiler.disable(function)
        return disabled(*args, **options)

    return call
