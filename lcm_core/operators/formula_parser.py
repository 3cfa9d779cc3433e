"""Formulas in x and y: a small grammar of our own, read on top of `ast`, never run as Python.

A formula is made of numbers, x and y, parameters such as `a`, the signs + - * / **, brackets, and
the functions of `FUNCTIONS`. What is not listed here is refused, with the column where it stands.
"""

from __future__ import annotations

import ast
import keyword
import math
import re
from collections.abc import Mapping

import torch

from lcm_core.errors import unknown
from lcm_core.operators.formula_tree import (
    FUNCTIONS,
    Apply,
    Formula,
    Function,
    Name,
    Number,
    Part,
    value_of,
)

__all__ = ["LARGEST_NUMBER", "LONGEST", "FormulaError", "parse_formula"]

LONGEST = 200  # characters
DEEPEST = 20  # brackets in brackets, or signs before signs
MOST_PARTS = 100  # numbers, names, signs and functions
MOST_PARAMETERS = 6
LONGEST_NAME = 12
LARGEST_NUMBER = 1e6
LARGEST_POWER = 16


class FormulaError(ValueError):
    """A text that is no formula: what is refused, where, and what is wanted."""


_SIGNS: Mapping[type[ast.operator] | type[ast.unaryop], Function] = {
    ast.Add: Function(2, torch.add),
    ast.Sub: Function(2, torch.sub),
    ast.Mult: Function(2, torch.mul),
    ast.Div: Function(2, torch.div),
    ast.Pow: Function(2, torch.pow),
    ast.USub: Function(1, torch.neg),
    ast.UAdd: Function(1, torch.positive),
}
OPERANDS = ("x", "y")
CONSTANTS = {"pi": math.pi}
#: Names that mean something else beside a formula.
RESERVED = {
    "e": "e is the identity here: write exp(1) for 2.718…",
    "z": "⊕ takes two states, x and y",
}
ALLOWED = f"numbers, x, y, parameters such as a, + - * / **, brackets, and {', '.join(FUNCTIONS)}"

_TOKEN = re.compile(
    r"(?P<blank>\s+)|(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)"
    r"|(?P<name>[A-Za-z_][A-Za-z0-9_]*)|(?P<sign>\*\*|/(?!/)|[-+*(),])",
    re.ASCII,
)
_HINTS = {
    "^": "write ** for a power",
    "/": "write / once",
    "=": "write only what x ⊕ y is",
    ".": "a formula has no attributes",
    "[": "a formula has no lists or indices",
    "−": "write -",
    "·": "write *",
    "×": "write *",
}


def parse_formula(text: str) -> Formula:
    """Reads a formula such as `x + y + a*x*y`.

    >>> parse_formula("x + y + a*x*y").parameters
    ('a',)

    Raises:
        FormulaError: it is not one, or longer, deeper or with larger numbers than is allowed.
    """
    words = _words(text)
    start = len(text) - len(text.lstrip())
    try:
        tree = ast.parse(re.sub(r"\s", " ", text).strip(), mode="eval").body
    except SyntaxError as error:
        column = start + (error.offset or 1)
        raise FormulaError(f"this is no formula yet: look at column {column}") from None
    reader = _Reader(start)
    part = reader.read(tree, 0)
    return Formula("".join(words), part, tuple(reader.parameters))


def _words(text: str) -> list[str]:
    """The words of the text, blanks aside: nothing else reaches Python's parser."""
    if not text.strip():
        raise FormulaError("the formula is empty: write what x ⊕ y is, such as x + y")
    if len(text) > LONGEST:
        raise FormulaError(f"expected at most {LONGEST} characters, got {len(text)}")
    words: list[str] = []
    place = depth = 0
    while place < len(text):
        found = _TOKEN.match(text, place)
        column = place + 1
        if found is None:
            hint = _HINTS.get(text[place], f"allowed are {ALLOWED}")
            raise FormulaError(f"{text[place]!r} at column {column} is refused: {hint}")
        word, place = found.group(), found.end()
        depth += (word == "(") - (word == ")")
        if not 0 <= depth <= DEEPEST:
            what = "closes nothing" if depth < 0 else f"is more than {DEEPEST} brackets deep"
            raise FormulaError(f"the bracket at column {column} {what}")
        if found.lastgroup == "name":
            _check_name(word, column)
        if found.lastgroup == "number" and re.match(r"[A-Za-z_]", text[place : place + 1]):
            raise FormulaError(f"write * between {word} and what follows it, at column {place + 1}")
        if found.lastgroup != "blank":
            words.append(word)
    if depth:
        raise FormulaError(f"expected {depth} more closing bracket{'s' * (depth > 1)}")
    if words[-1] in ("+", "-", "*", "/", "**"):
        raise FormulaError(f"the formula ends with {words[-1]}: what follows?")
    return words


def _check_name(word: str, column: int) -> None:
    if word in RESERVED:
        raise FormulaError(f"{word!r} at column {column} is refused: {RESERVED[word]}")
    if keyword.iskeyword(word) or word.startswith("_") or "__" in word or len(word) > LONGEST_NAME:
        raise FormulaError(
            f"the name {word!r} at column {column} is refused: a parameter has a name of at most "
            f"{LONGEST_NAME} letters and digits, such as a or rate2"
        )


class _Reader:
    """Builds the parts from a tree of `ast`, and refuses what is not listed."""

    def __init__(self, start: int):
        self._start, self._count = start, 0
        self.parameters: list[str] = []

    def read(self, node: ast.expr, signs: int) -> Part:
        """A part; `signs` counts how many signs stand directly before it."""
        self._count += 1
        if self._count > MOST_PARTS:
            raise FormulaError(f"expected at most {MOST_PARTS} numbers, names and signs")
        match node:
            case ast.Constant(value=int() | float() as value) if not isinstance(value, bool):
                return self._number(node, value)
            case ast.Name(id=name):
                return self._name(node, name)
            case ast.UnaryOp(op=sign, operand=operand) if type(sign) in _SIGNS:
                if signs >= DEEPEST:
                    raise self._refused(node, f"more than {DEEPEST} signs in a row")
                return Apply(_SIGNS[type(sign)], (self.read(operand, signs + 1),))
            case ast.BinOp(left=left, op=operator, right=right) if type(operator) in _SIGNS:
                if isinstance(operator, ast.Pow):
                    self._check_power(right)
                pair = (self.read(left, 0), self.read(right, 0))
                return Apply(_SIGNS[type(operator)], pair)
            case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]):
                return Apply(self._function(node, name, arguments), self._all(arguments))
            case ast.Call(func=ast.expr()):
                raise self._refused(node, "write * before the bracket")
        raise self._refused(node, f"{type(node).__name__.lower()}: allowed are {ALLOWED}")

    def _all(self, nodes: list[ast.expr]) -> tuple[Part, ...]:
        return tuple(self.read(node, 0) for node in nodes)

    def _number(self, node: ast.expr, value: int | float) -> Number:
        if not abs(value) <= LARGEST_NUMBER:
            raise self._refused(node, f"a number above {LARGEST_NUMBER:,.0f}")
        return Number(float(value))

    def _name(self, node: ast.expr, name: str) -> Part:
        if name in FUNCTIONS:
            example = ", ".join(OPERANDS[: FUNCTIONS[name].arity])
            raise self._refused(node, f"{name} is a function: write {name}({example})")
        if name in CONSTANTS:
            return Number(CONSTANTS[name])
        if name not in (*OPERANDS, *self.parameters):
            if len(self.parameters) == MOST_PARAMETERS:
                raise self._refused(node, f"more than {MOST_PARAMETERS} parameters")
            self.parameters.append(name)
        return Name(name)

    def _function(self, node: ast.expr, name: str, arguments: list[ast.expr]) -> Function:
        if name not in FUNCTIONS:
            if name in OPERANDS or name in CONSTANTS or len(name) == 1:
                raise self._refused(node, f"{name} is no function: write {name}*(…)")
            raise self._refused(node, str(unknown("function", name, FUNCTIONS)))
        arity = FUNCTIONS[name].arity
        if len(arguments) != arity:
            raise self._refused(node, f"{name} takes {arity}, not {len(arguments)}")
        return FUNCTIONS[name]

    def _check_power(self, exponent: ast.expr) -> None:
        """No towers; and an exponent of numbers alone is small."""
        inside = list(ast.walk(exponent))
        if any(isinstance(node, ast.Pow) for node in inside):
            raise self._refused(exponent, "a power in an exponent")
        if any(isinstance(node, ast.Name) and node.id not in FUNCTIONS for node in inside):
            return
        value = float(value_of(_Reader(self._start).read(exponent, 0), {}, torch.empty(0)))
        if not abs(value) <= LARGEST_POWER:
            raise self._refused(exponent, f"an exponent beyond ±{LARGEST_POWER}")

    def _refused(self, node: ast.expr, what: str) -> FormulaError:
        return FormulaError(f"column {self._start + node.col_offset + 1} is refused: {what}")
