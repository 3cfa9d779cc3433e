"""Shapes and types of every annotated function are checked while the tests run."""

import os

import jaxtyping
import pytest
import torch
from hypothesis import HealthCheck, settings

jaxtyping.install_import_hook(
    [
        f"lcm_core.{module}"
        for module in (
            "aggregation",
            "fold",
            "laws",
            "models",
            "operators",
            "plan",
            "populations",
            "reduction",
            "search",
            "spreads",
            "tasks",
            "trees",
        )
    ],
    "beartype.beartype",
)

torch.set_num_threads(1)  # small tensors; and tests may run side by side

settings.register_profile(
    "lcm", deadline=None, max_examples=20, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("thorough", parent=settings.get_profile("lcm"), max_examples=1000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "lcm"))


@pytest.fixture
def unchecked():
    """Bad input reaches the code's own checks, not those of the annotations."""
    jaxtyping.config.update("jaxtyping_disable", True)
    yield
    jaxtyping.config.update("jaxtyping_disable", False)
