"""Shapes and types of every annotated function are checked while the tests run.

Where beartype is missing, as on the machine of `make gpu-check`, annotations are not checked.
"""

import os
from importlib.util import find_spec

import jaxtyping
import pytest
import torch
from hypothesis import HealthCheck, settings

CHECKED = find_spec("beartype") is not None

if CHECKED:
    jaxtyping.install_import_hook(
        [
            f"lcm_core.{module}"
            for module in (
                "aggregations",
                "distributed",
                "laws",
                "models",
                "operators",
                "reduction",
                "tasks",
                "training.regularisers",
                "trees.tree",
            )
        ],
        "beartype.beartype",
    )

from tests.paths import on_path  # noqa: E402 - the hook comes before anything of lcm_core

torch.set_num_threads(1)  # small tensors; and tests may run side by side

settings.register_profile(
    "lcm",
    deadline=None,
    max_examples=20,
    # the only fixture of a property is `path`, the same for all examples
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.register_profile("thorough", parent=settings.get_profile("lcm"), max_examples=1000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "lcm"))


def pytest_collection_modifyitems(items):
    """Slow tests have 20 minutes, unless they say otherwise: a machine may be slow, and busy."""
    for item in items:
        if item.get_closest_marker("slow") and not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(1200))


@pytest.fixture
def unchecked():
    """Bad input reaches the code's own checks, not those of the annotations."""
    if not CHECKED:
        yield
        return
    jaxtyping.config.update("jaxtyping_disable", True)
    yield
    jaxtyping.config.update("jaxtyping_disable", False)


@pytest.fixture
def tasks_forgotten():
    """What a test registers as tasks is gone after it."""
    from lcm_core.tasks.registry import TASKS

    before = set(TASKS)
    yield
    for name in set(TASKS) - before:
        TASKS.remove(name)


@pytest.fixture
def path(request, monkeypatch):
    """The way on which reductions run: one of `tests.paths.PATHS`."""
    on_path(request.param, monkeypatch)
    return request.param
