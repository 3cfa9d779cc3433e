"""Stands in for hypothesis where that is missing: a property is skipped by name.

`make gpu-check` puts this folder on the path only then. The other tests of a file still run.
"""

from collections.abc import Callable
from typing import Any

import pytest


class _Anything:
    """Whatever is asked of it, or called, it is."""

    def __getattr__(self, name: str) -> "_Anything":
        return self

    def __call__(self, *args: Any, **options: Any) -> "_Anything":
        return self

    def __getitem__(self, key: Any) -> "_Anything":
        return self

    def __or__(self, other: Any) -> "_Anything":
        return self


HealthCheck = strategies = assume = _Anything()


def given(*args: Any, **options: Any) -> Callable[[Any], Any]:
    """Skip the test."""
    return pytest.mark.skip(reason="needs hypothesis")


class settings:
    """Changes nothing."""

    def __init__(self, *args: Any, **options: Any):
        pass

    def __call__(self, test: Any) -> Any:
        return test

    @staticmethod
    def register_profile(*args: Any, **options: Any) -> None:
        """Nothing."""

    get_profile = load_profile = register_profile
