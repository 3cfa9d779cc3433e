"""Functions of a notebook's cell, as bytes that another process of the same Python can call.

Pickle names a function by its module, and a cell has none that another process could import.
"""

import builtins
import importlib
import marshal
import pickle
import sys
from types import CodeType, FunctionType, ModuleType
from typing import Any

__all__ = ["from_bytes", "to_bytes"]


def to_bytes(function: Any, arguments: tuple[Any, ...]) -> bytes:
    """Pack a call: the function and its arguments.

    A function of a cell goes along as its code, with those global names that it uses: modules,
    functions of cells, and whatever pickle can take.

    Args:
        function: to call.
        arguments: that pickle can take.

    Raises:
        ValueError: a name that the function uses cannot be packed.
    """
    return pickle.dumps((_packed(function, {}), arguments))


def from_bytes(data: bytes) -> tuple[Any, tuple[Any, ...]]:
    """The function and the arguments of `to_bytes`.

    Args:
        data: as packed by a process of the same version of Python.
    """
    packed, arguments = pickle.loads(data)
    return _unpacked(packed, {}), arguments


def _packed(value: Any, seen: dict[int, int]) -> tuple[Any, ...]:
    """(kind, …): a value by itself, a module by its name, a function of a cell by its code."""
    if isinstance(value, ModuleType):
        return "module", value.__name__
    if not isinstance(value, FunctionType) or _importable(value):
        return "value", value
    if id(value) in seen:
        return "again", seen[id(value)]
    number = seen[id(value)] = len(seen)
    if value.__closure__:
        raise ValueError(
            f"{value.__name__} uses variables of the function around it: pass them as arguments"
        )
    names = [n for n in _names(value.__code__) if n in value.__globals__]
    used = {}
    for name in names:
        used[name] = _packed(value.__globals__[name], seen)
        try:
            pickle.dumps(used[name])
        except Exception as error:
            raise ValueError(
                f"{value.__name__} uses {name}, which cannot be sent to another process: make it "
                f"within the function, or pass what it is made of ({error})"
            ) from error
    return (
        "function",
        number,
        value.__name__,
        marshal.dumps(value.__code__),
        value.__defaults__,
        used,
    )


def _unpacked(packed: tuple[Any, ...], made: dict[int, FunctionType]) -> Any:
    kind, *parts = packed
    if kind == "module":
        return importlib.import_module(parts[0])
    if kind == "value":
        return parts[0]
    if kind == "again":
        return made[parts[0]]
    number, name, code, defaults, used = parts
    scope: dict[str, Any] = {"__builtins__": builtins, "__name__": "__main__"}
    function = made[number] = FunctionType(marshal.loads(code), scope, name, defaults)
    scope.update({key: _unpacked(value, made) for key, value in used.items()})
    return function


def _importable(function: FunctionType) -> bool:
    """Whether pickle's way, by module and name, leads to this function in another process."""
    if function.__module__ == "__main__":
        return False
    found: Any = sys.modules.get(function.__module__)
    for name in function.__qualname__.split("."):
        found = getattr(found, name, None)
    return found is function


def _names(code: CodeType) -> list[str]:
    """Global names that the code uses, those of functions within it too."""
    inner = [const for const in code.co_consts if isinstance(const, CodeType)]
    return sorted({*code.co_names, *(name for each in inner for name in _names(each))})
