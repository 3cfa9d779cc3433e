"""Registries: operators, aggregations, tasks and experiments by name, open to strangers."""

import threading
from collections.abc import Callable, Iterator
from typing import Any, Generic, TypeVar

from lcm_core.errors import unknown

__all__ = ["LIBRARY", "Registry", "Watchers"]

LIBRARY = "lcm_core."  # before the modules of what comes with the library

Value = TypeVar("Value")


def _definition(value: Any) -> tuple[str, str]:
    """The module and name of a class or function; of another object, those of its class."""
    named = value if hasattr(value, "__qualname__") else type(value)
    return named.__module__, named.__qualname__


class Watchers:
    """Callbacks that are called with a name when what it stands for has changed."""

    def __init__(self) -> None:
        self._watchers: list[Callable[[str], None]] = []
        self._watching = threading.Lock()

    def watch(self, callback: Callable[[str], None]) -> Callable[[], None]:
        """Call `callback(name)` after each change; the function that is returned ends this."""
        with self._watching:
            self._watchers.append(callback)

        def unwatch() -> None:
            with self._watching:
                if callback in self._watchers:
                    self._watchers.remove(callback)

        return unwatch

    def tell(self, name: str) -> None:
        """Call all watchers with this name."""
        with self._watching:
            watchers = list(self._watchers)
        errors: list[Exception] = []
        for watcher in watchers:  # all of them, whatever one raises
            try:
                watcher(name)
            except Exception as error:
                errors.append(error)
        if errors:
            raise errors[0]


class Registry(Watchers, Generic[Value]):
    """Values by name, in the order of registration.

    The same definition may be registered again: a notebook's cell runs more than once. What comes
    with the library stays.

    >>> fruit = Registry("fruit")
    >>> fruit.add("pear", object())
    >>> "pear" in fruit, list(fruit)
    (True, ['pear'])

    Args:
        kind: what the values are, for error messages, such as "operator".
        beside: another registry, whose names are then taken here, and the other way round.
        definition: the module and name by which a value counts as the same definition; by default
            those of a class or function, and of the class of another object.
    """

    def __init__(
        self,
        kind: str,
        beside: "Registry[Any] | None" = None,
        definition: Callable[[Any], tuple[str, str]] = _definition,
    ):
        super().__init__()
        self.kind = kind
        self._definition = definition
        self._others = [] if beside is None else [beside]
        if beside is not None:
            beside._others.append(self)
        self._values: dict[str, Value] = {}
        self._lock = threading.RLock()

    def add(self, name: str, value: Value, replace: bool = False) -> None:
        """Make a value known under `name`, and tell all watchers.

        Args:
            name: letters, digits and `_`.
            value: a class, a function, or an object.
            replace: also take the place of another definition, unless it is the library's.

        Raises:
            ValueError: the name is not one word, or it is taken, or the value has another name.
            TypeError: a class or function where the name should be.
        """
        with self._lock:
            self.check(name, value, replace)
            self._values[name] = value
        self.tell(name)

    def check(self, name: str, value: Value, replace: bool = False) -> None:
        """Raise what `add` would raise."""
        self.check_name(name)
        for other in self._others:
            if name in other:
                raise ValueError(
                    f"there is an {other.kind} {name!r} already: choose another name for this "
                    f"{self.kind}"
                )
        for other_name, other_value in list(self._values.items()):
            if other_value is value and other_name != name:
                raise ValueError(
                    f"this {self.kind} is registered as {other_name!r} already: register a "
                    "subclass of it, or a copy, under another name"
                )
        before = self._values.get(name, value)
        if self._definition(before) == self._definition(value):
            return
        if self._definition(before)[0].startswith(LIBRARY):
            raise ValueError(
                f"the library has the {self.kind} {name!r} already, and it stays: choose another "
                "name"
            )
        if not replace:
            raise ValueError(
                f"the name {name!r} is taken by {before!r}: choose another, or say replace=True"
            )

    def check_name(self, name: object) -> None:
        """Raise what `add` would raise of such a name."""
        if isinstance(name, type) or callable(name):
            given = getattr(name, "__name__", "name")
            raise TypeError(f"expected a name: write @register_{self.kind}({given!r}), in brackets")
        if not isinstance(name, str) or not name.isidentifier():
            raise ValueError(
                f"expected the name of the {self.kind} to be letters, digits and _, got {name!r}"
            )

    def remove(self, name: str) -> None:
        """Forget a name, known or not."""
        with self._lock:
            self._values.pop(name, None)
        self.tell(name)

    def __getitem__(self, name: str) -> Value:
        """The value of that name.

        Raises:
            ValueError: there is none (the nearest names are given).
        """
        try:
            return self._values[name]
        except (KeyError, TypeError):
            raise unknown(self.kind, name, self) from None

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name in self._values

    def __iter__(self) -> Iterator[str]:
        return iter(list(self._values))

    def __len__(self) -> int:
        return len(self._values)
