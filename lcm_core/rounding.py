"""Thresholds below which a difference of states, results or law errors is only rounding.

A threshold in *units* counts units in the last place, `torch.finfo(dtype).eps`, of the largest
value compared; the others are shares of that value, or of 1 if that is larger. The more operations
lie between the two values, the larger the threshold.
"""

__all__ = [
    "AGGREGATION_UNITS",
    "ANSWER",
    "FORMULA",
    "LAWS_IN_WORDS",
    "SHOWN",
    "SPREAD_UNITS",
    "TABLE",
    "TREE_UNITS",
]

SPREAD_UNITS = 16  # the spread of states, from their mean square
TREE_UNITS = 64  # results of many trees over the same few states
AGGREGATION_UNITS = 100  # results of a whole aggregation, in another order or batch

ANSWER = 1e-4  # states that the code of an exercise returns, in 32 bits
SHOWN = 1e-5  # 32-bit numbers in figures and read-outs: states, and law errors (a share of s)
FORMULA = 1e-9  # a formula at one place, in 64 bits
LAWS_IN_WORDS = {64: 1e-9, 32: 1e-4}  # the two sides of a law, by the bits of the states
TABLE = 1e-6  # the worst associativity of a multiplication table: an error from 0 to 1
