"""Laws of operators: measured, searched for their worst case, mapped, and said in words.

Open `measure.py` first; `certificates/` measures whole aggregations, PyG's among them.
"""

from lcm_core.laws.certificates import Certificate, certify
from lcm_core.laws.deviations import Deviations, measure_deviations
from lcm_core.laws.fold_exchange import fold_exchange_error, sire_penalty
from lcm_core.laws.in_words import laws_in_words
from lcm_core.laws.maps import LawMap, law_map
from lcm_core.laws.measure import (
    LAWS,
    LawError,
    LawReport,
    associativity_error,
    commutativity_error,
    exchange_error,
    identity_error,
    law_report,
)
from lcm_core.laws.penalties import law_penalty
from lcm_core.laws.populations import (
    Population,
    closure_population,
    encoded_population,
    gaussian_population,
)
from lcm_core.laws.set_size import size_share
from lcm_core.laws.spreads import order_spread, tree_spread
from lcm_core.laws.worst_triple import WorstTriple, worst_associativity

__all__ = [
    "LAWS",
    "Certificate",
    "Deviations",
    "LawError",
    "LawMap",
    "LawReport",
    "Population",
    "WorstTriple",
    "associativity_error",
    "certify",
    "closure_population",
    "commutativity_error",
    "encoded_population",
    "exchange_error",
    "fold_exchange_error",
    "gaussian_population",
    "identity_error",
    "law_map",
    "law_penalty",
    "law_report",
    "laws_in_words",
    "measure_deviations",
    "order_spread",
    "sire_penalty",
    "size_share",
    "tree_spread",
    "worst_associativity",
]
