"""Checks for the exercises of the notebooks: each says what is wrong, not only that it is."""

from lcm_core.exercises.laws import (
    check_commutativity_error,
    check_counterexample,
    check_hidden_error,
    check_symmetrise,
)
from lcm_core.exercises.start_here import check_any_tree
from lcm_core.exercises.verdict import Verdict

__all__ = [
    "Verdict",
    "check_any_tree",
    "check_commutativity_error",
    "check_counterexample",
    "check_hidden_error",
    "check_symmetrise",
]
