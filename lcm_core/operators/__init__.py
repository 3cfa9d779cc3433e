"""The algebra: binary operators on states, each in its file, known by name.

Open `base.py` first, then `mean.py` or `gru.py` as an example. A new operator is such a file,
imported here.
"""

from lcm_core.operators.base import (
    Operator,
    make_operator,
    operator_names,
    register,
    register_operator,
)
from lcm_core.operators.blending import Blend, blend
from lcm_core.operators.cayley import Cayley
from lcm_core.operators.extremum import Max, Min
from lcm_core.operators.formula import FormulaOperator
from lcm_core.operators.formula_parser import FormulaError
from lcm_core.operators.fourier import Fourier
from lcm_core.operators.gru import GRU, SymmetrizedGRU
from lcm_core.operators.k_smallest import KSmallest
from lcm_core.operators.logsumexp import LogSumExp
from lcm_core.operators.mean import Mean
from lcm_core.operators.mlp import MLP, SymmetrizedMLP
from lcm_core.operators.pairing import Product, product
from lcm_core.operators.quasi_arithmetic import QuasiArithmetic
from lcm_core.operators.sum import Sum
from lcm_core.operators.symmetrization import Symmetrized, symmetrized
from lcm_core.operators.tropical import Tropical

__all__ = [
    "GRU",
    "MLP",
    "Blend",
    "Cayley",
    "FormulaError",
    "FormulaOperator",
    "Fourier",
    "KSmallest",
    "LogSumExp",
    "Max",
    "Mean",
    "Min",
    "Operator",
    "Product",
    "QuasiArithmetic",
    "Sum",
    "Symmetrized",
    "SymmetrizedGRU",
    "SymmetrizedMLP",
    "Tropical",
    "blend",
    "make_operator",
    "operator_names",
    "product",
    "register",
    "register_operator",
    "symmetrized",
]
