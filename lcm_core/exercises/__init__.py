"""Checks for the exercises of the notebooks: each says what is wrong, not only that it is.

Open `verdict.py` first: what a check returns. `progress.py` remembers what passed, for the start
page of `path.py`, which reads the notebooks by `lessons.py`. The other files are checks, one or two
for each notebook.
"""

from lcm_core.exercises.bracketings import (
    check_brackets_only,
    check_count,
    check_free_swaps,
    check_moves,
)
from lcm_core.exercises.depth import check_gradients, check_rounds, check_seconds
from lcm_core.exercises.exact_monoids import (
    check_cancellation,
    check_counting,
    check_modulo,
    check_rock_paper_scissors,
    check_worst,
)
from lcm_core.exercises.graph_properties import (
    check_connected,
    check_distance,
    check_laplacian,
    check_mean_log,
    check_wrong_label,
)
from lcm_core.exercises.laws import check_commutativity_error, check_hidden_error
from lcm_core.exercises.many_machines import (
    check_blocks,
    check_partner,
    check_shares,
    check_traffic,
)
from lcm_core.exercises.molecules import (
    check_auc,
    check_both_places,
    check_comparison,
    check_notation,
    check_renumber,
    check_split,
)
from lcm_core.exercises.monoids import (
    check_identities,
    check_mean,
    check_second_smallest,
    check_variance,
    check_witness,
)
from lcm_core.exercises.path import show_progress
from lcm_core.exercises.playground import (
    check_formula_recipe,
    check_identity_of_seven,
    check_one_and_one,
    check_ordered,
)
from lcm_core.exercises.recurrence import (
    check_exchanged,
    check_first_state,
    check_list_fold,
    check_order_spread,
    check_range_fold,
)
from lcm_core.exercises.reduction_trees import (
    check_balanced,
    check_bracketing,
    check_calls,
    check_fold,
)
from lcm_core.exercises.start_here import check_any_tree
from lcm_core.exercises.streams import check_push, check_scan
from lcm_core.exercises.symmetry import check_counterexample, check_symmetrise
from lcm_core.exercises.training import (
    check_best_constant,
    check_penalty,
    check_size_only,
    check_tree_gap,
)
from lcm_core.exercises.verdict import Verdict

__all__ = [
    "Verdict",
    "check_any_tree",
    "check_auc",
    "check_balanced",
    "check_best_constant",
    "check_blocks",
    "check_both_places",
    "check_bracketing",
    "check_brackets_only",
    "check_calls",
    "check_cancellation",
    "check_commutativity_error",
    "check_comparison",
    "check_connected",
    "check_count",
    "check_counterexample",
    "check_counting",
    "check_distance",
    "check_exchanged",
    "check_first_state",
    "check_fold",
    "check_formula_recipe",
    "check_free_swaps",
    "check_gradients",
    "check_hidden_error",
    "check_identities",
    "check_identity_of_seven",
    "check_laplacian",
    "check_list_fold",
    "check_mean",
    "check_mean_log",
    "check_modulo",
    "check_moves",
    "check_notation",
    "check_one_and_one",
    "check_order_spread",
    "check_ordered",
    "check_partner",
    "check_penalty",
    "check_push",
    "check_range_fold",
    "check_renumber",
    "check_rock_paper_scissors",
    "check_rounds",
    "check_scan",
    "check_second_smallest",
    "check_seconds",
    "check_shares",
    "check_size_only",
    "check_split",
    "check_symmetrise",
    "check_traffic",
    "check_tree_gap",
    "check_variance",
    "check_witness",
    "check_worst",
    "check_wrong_label",
    "show_progress",
]
