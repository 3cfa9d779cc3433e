"""Formulas: what is read, what is refused, what they compute; and laws in words."""

import ast
import json
import math
import re
import time

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lcm_core import law_report, make_operator
from lcm_core.aggregations.registry import make_aggregation
from lcm_core.laws.in_words import laws_in_words
from lcm_core.laws.populations import gaussian_population
from lcm_core.operators import FormulaError, FormulaOperator, Operator
from lcm_core.operators.find_identity import find_identity
from lcm_core.operators.formula_parser import LONGEST, parse_formula
from lcm_core.operators.formula_tree import FUNCTIONS, Apply, Formula, Name, Number
from lcm_core.operators.from_function import from_function
from lcm_core.training.recipe import Recipe
from lcm_core.training.trainer import Trainer

SIGNS = {torch.add, torch.sub, torch.mul, torch.div, torch.pow, torch.neg, torch.positive}
ALLOWED = SIGNS | {function.compute for function in FUNCTIONS.values()}


def parts(tree):
    yield tree
    if isinstance(tree, Apply):
        for argument in tree.arguments:
            yield from parts(argument)


def read_or_refused(text: str) -> Formula | None:
    """Reads a text; whatever it is, only our own error may come, and soon."""
    began = time.perf_counter()
    try:
        formula = parse_formula(text)
    except FormulaError:
        return None
    finally:
        assert time.perf_counter() - began < 1
    for part in parts(formula.tree):
        match part:
            case Number(value):
                assert type(value) is float
                assert abs(value) <= 1e6
            case Name(name):
                assert name in ("x", "y") or (name in formula.parameters and name[0].isalpha())
            case Apply(function):
                assert function.compute in ALLOWED
                assert len(part.arguments) == function.arity
            case _:
                raise AssertionError(part)
    assert len(formula.text) <= LONGEST
    return formula


# What is refused ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the formula is empty"),
        ("x.real", "'.' at column 2 is refused: a formula has no attributes"),
        ("x.__class__", "no attributes"),
        ("().__class__.__base__", "no attributes"),
        ("__import__('os')", "the name '__import__' at column 1 is refused"),
        ("a__b + x", "'a__b' at column 1"),
        ("_a + x", "'_a'"),
        ("x[0]", "no lists or indices"),
        ("lambda: x", "'lambda'"),
        ("x if y else x", "the name 'if' at column 3"),
        ("(a := x)", "':' at column 4"),
        ("f'{x}'", "at column 2"),
        ("{x}", "at column 1"),
        ("x == y", "write only what x ⊕ y is"),
        ("x // y", "write / once"),
        ("x @ y", "'@' at column 3"),
        ("x ^ y", "write ** for a power"),
        ("x − y", "write -"),
        ("x; y", "';' at column 2"),
        ("x # y", "'#'"),
        ("x\\\n+ y", "'\\\\\\\\' at column 2"),
        ("2x", "write * between 2 and what follows it"),
        ("0x10", "write * between 0"),
        ("1j*x", "write *"),
        ("1_000", "write *"),
        ("True", "'True'"),
        ("eval(x)", "unknown function 'eval'"),
        ("open(x)", "unknown function 'open'"),
        ("expp(x)", "did you mean 'exp'"),
        ("a(x + y)", "a is no function: write a*"),
        ("(x + y)(x)", "write * before the bracket"),
        ("exp", "exp is a function: write exp(x)"),
        ("exp + x", "exp is a function"),
        ("log(x, y)", "log takes 1, not 2"),
        ("max(x)", "max takes 2, not 1"),
        ("max(*x)", "refused"),
        ("exp(**x)", "refused"),
        ("(x, y)", "tuple"),
        ("x y", "look at column 3"),
        ("x + 007", "no formula yet"),
        ("x +", "ends with +"),
        ("((x)", "1 more closing bracket"),
        ("x)", "closes nothing"),
        ("e + x", "e is the identity here"),
        ("x + z", "two states, x and y"),
        ("x**99", "an exponent beyond ±16"),
        ("x**(1/0)", "an exponent beyond ±16"),
        ("x**y**x", "a power in an exponent"),
        ("10**10**10", "a power in an exponent"),
        ("9e9*x", "a number above 1,000,000"),
        ("9" * 150, "a number above"),
        ("(" * 90 + "x" + ")" * 90, "more than 20 brackets deep"),
        ("-" * 150 + "x", "more than 20 signs in a row"),
        ("x" + "+x" * 99, "at most 100"),
        ("x" + " " * 300 + "+y", "at most 200 characters"),
        ("a*b*c*d*f*g*h", "more than 6 parameters"),
        ("averyverylongname*x", "at most 12 letters"),
        ("𝑥 + y", "at column 1"),
        ("x + é", "'é' at column 5"),
    ],
)
def test_what_is_no_formula_is_refused_with_its_place(text: str, message: str) -> None:
    with pytest.raises(FormulaError) as refused:
        parse_formula(text)
    assert message.replace("\\\\\\\\", "\\\\") in str(refused.value)


@settings(max_examples=100)
@given(st.text(max_size=250))
def test_any_text_is_read_or_refused(text: str) -> None:
    read_or_refused(text)


WORDS = st.sampled_from(
    [
        *"xyabez.,:;()[]{}+-*/%@^~=<>!&|'\"\\#_ \n\t0123456789",
        *"** // := -> == __class__ __import__ lambda if else for in and or not is yield".split(),
        *"eval exec open os print getattr max exp log sqrt relu 1e9 1e400 10**10 1j 0x1".split(),
        *"f'{x}' 'a' \"b\" x.y x[0] x() (x,) *x **x [x] {x:y} ... 𝑥 é ⊕ 2x None".split(),
    ]
)


@settings(max_examples=200)
@given(st.lists(WORDS, max_size=60))
def test_any_mixture_of_words_of_python_is_read_or_refused(words: list[str]) -> None:
    read_or_refused("".join(words))


def python_expressions() -> st.SearchStrategy[str]:
    """Python of many kinds, most of it with something in it that no formula has."""
    small = st.sampled_from(
        ["x", "y", "a", "b", "1", "0.5", "1e300", "10", "True", "None", "'os'", "__builtins__", "e"]
    )

    def larger(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
        one, two = inner, st.tuples(inner, inner)
        return st.one_of(
            st.tuples(
                inner, st.sampled_from([*"+-*/%@&|^<>", "**", "//", "==", " and ", " if "]), inner
            ).map(lambda t: f"({t[0]}{t[1]}{t[2]})"),
            one.map(lambda s: f"-{s}"),
            one.map(lambda s: f"({s}).__class__.__mro__"),
            one.map(lambda s: f"({s})[0]"),
            one.map(lambda s: f"(lambda x: {s})(y)"),
            one.map(lambda s: f"[{s} for x in y]"),
            one.map(lambda s: f"(x := {s})"),
            one.map(lambda s: f"f'{{{s}}}'"),
            one.map(lambda s: f"__import__({s})"),
            one.map(lambda s: f"exp({s})"),
            one.map(lambda s: f"max(*{s})"),
            one.map(lambda s: f"{s}({s})"),
            two.map(lambda t: f"max({t[0]}, {t[1]})"),
            two.map(lambda t: f"min({t[0]}, key={t[1]})"),
            two.map(lambda t: f"({t[0]})**({t[1]})"),
            two.map(lambda t: f"{t[0]} if {t[1]} else {t[0]}"),
        )

    return st.recursive(small, larger, max_leaves=6)


@settings(max_examples=150)
@given(python_expressions())
def test_python_is_read_only_if_every_part_of_it_is_allowed(text: str) -> None:
    formula = read_or_refused(text)
    allowed = (
        *(ast.Expression, ast.BinOp, ast.UnaryOp, ast.Call, ast.Name, ast.Constant, ast.Load),
        *(ast.Add, ast.Sub, ast.Mult, ast.Div, ast.Pow, ast.USub, ast.UAdd),
    )
    if formula is not None:
        nodes = ast.walk(ast.parse(text, mode="eval"))
        assert all(isinstance(node, allowed) for node in nodes)
        x = torch.linspace(-2, 2, 5)
        values = {name: torch.tensor(0.5) for name in formula.parameters}
        assert formula(x, x.flip(0), values).shape == x.shape


@settings(max_examples=100)
@given(st.integers(1, 5000), st.sampled_from(["(", "-", "exp(", "x**", "[", "x+", "a*", "f("]))
def test_long_and_deep_texts_are_refused_at_once(count: int, piece: str) -> None:
    assert read_or_refused(piece * count) is None
    text = piece * count + "x" + ")" * (piece.count("(") * count)
    if len(text) > LONGEST:
        assert read_or_refused(text) is None


# What they compute ----------------------------------------------------------------------------

EXPECTED = {
    "x + y + a*x*y": lambda x, y, a: x + y + a * x * y,
    "log(exp(a*x) + exp(a*y))/a": lambda x, y, a: math.log(math.exp(a * x) + math.exp(a * y)) / a,
    "-x**2 - -y": lambda x, y, a: -(x**2) + y,
    "x - y - 1": lambda x, y, a: (x - y) - 1,
    "x/2/(y*y + 1)": lambda x, y, a: (x / 2) / (y * y + 1),
    "2**-x*y": lambda x, y, a: (2 ** (-x)) * y,
    "(x*x + y*y)**(1/2)": lambda x, y, a: math.hypot(x, y),
    "max(x, y) - min(x, a)": lambda x, y, a: max(x, y) - min(x, a),
    "sqrt(abs(x)) + sign(y)": lambda x, y, a: math.sqrt(abs(x)) + (y > 0) - (y < 0),
    "sin(x)*cos(y) + pi": lambda x, y, a: math.sin(x) * math.cos(y) + math.pi,
    "tanh(x) + sinh(y/3) + asinh(x)": lambda x, y, a: (
        math.tanh(x) + math.sinh(y / 3) + math.asinh(x)
    ),
    "atanh(tanh(x))": lambda x, y, a: x,
    "sigmoid(x) - relu(y)": lambda x, y, a: 1 / (1 + math.exp(-x)) - max(y, 0),
    "+x + 1.5e1 + .5 + 2.": lambda x, y, a: x + 17.5,
    "a": lambda x, y, a: a,
}


@pytest.mark.parametrize("text", EXPECTED)
@given(x=st.floats(-3, 3), y=st.floats(-3, 3), a=st.floats(0.25, 2))
def test_formulas_compute_what_they_say(text: str, x: float, y: float, a: float) -> None:
    left, right, parameter = (torch.tensor([v], dtype=torch.float64) for v in (x, y, a))
    got = parse_formula(text)(left, right, {"a": parameter[0]})
    assert got.shape == (1,)
    assert got.item() == pytest.approx(EXPECTED[text](x, y, a), rel=1e-9, abs=1e-9)


def test_where_it_is_not_defined_it_is_not_a_number() -> None:
    x = torch.tensor([-1.0, 0.0, 1.0])
    assert parse_formula("log(x)")(x, x).isnan().tolist() == [True, False, False]
    assert parse_formula("0/x")(x, x).isnan().tolist() == [False, True, False]
    assert parse_formula("1/0")(x, x).tolist() == [math.inf] * 3


# The operator ---------------------------------------------------------------------------------


def test_an_operator_of_a_formula_is_made_again_from_its_name() -> None:
    operator = FormulaOperator(3, " x + y +\ta * x*y ", a=0.5)
    assert operator.name == "formula(x+y+a*x*y;a=0.5)"
    again = make_operator(operator.name, channels=3)
    x, y = torch.randn(2, 4, 3)
    assert torch.equal(operator(x, y), x + y + 0.5 * x * y)
    assert torch.equal(again(x, y), operator(x, y))
    assert again.name == operator.name
    assert again.identity.tolist() == [0.0] * 3
    negative = FormulaOperator(1, "b*x + c", b=-1e-7, c=2)
    assert negative.name == "formula(b*x+c;b=-1e-07;c=2)"
    assert make_operator(negative.name, 1).settings == {"b": -1e-7, "c": 2}


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("formula(x+y", "closing bracket at the end"),
        ("formula()", "the formula is empty"),
        ("formula(x+y;a=1)", "'a' is no parameter of x+y: it has none"),
        ("formula(a*x;a=nan)", "one parameter=number"),
        ("formula(a*x;a=1;a=2)", "one parameter=number"),
        ("formula(a*x;a=9e9)", "within ±1,000,000"),
        ("formula(x.y)", "no attributes"),
    ],
)
def test_bad_names_are_refused_in_words(name: str, message: str) -> None:
    with pytest.raises(FormulaError, match=re.escape(message)):
        make_operator(name, channels=2)
    with pytest.raises(ValueError, match=re.escape(message)):
        Recipe(readout=name)


def test_parameters_with_any_name_and_of_the_wrong_kind(unchecked) -> None:
    odd = FormulaOperator(1, "training*x + identity*y + channels + self", training=2, channels=3)
    assert odd(torch.ones(1, 1), torch.ones(1, 1)).item() == 7
    with pytest.raises(FormulaError, match="expected a to be a number"):
        FormulaOperator(1, "a*x", a="2")


def test_an_infinite_identity_is_lowered_to_nothing() -> None:
    operator = make_operator("formula(max(x,y))", channels=2)
    assert operator.identity.tolist() == [-math.inf] * 2
    assert operator.lower(operator.identity).tolist() == [0, 0]
    assert make_aggregation("formula(max(x,y))", 2).operator.identity.tolist() == [-math.inf] * 2
    learned = make_aggregation("formula(x+y-1)", 2).operator.identity
    assert isinstance(learned, torch.nn.Parameter)
    assert learned.tolist() == [1, 1]


def test_law_report_finds_no_error_in_a_monoid_in_disguise() -> None:
    operator = make_operator("formula(x+y+a*x*y;a=0.5)", channels=4)
    report = law_report(operator, gaussian_population(4))
    assert all(error.mean < 1e-5 for error in report.values())


RECIPE = "bits=4 channels=8 steps=4 batch_size=8 log_every=2 eval_every=4 seed=1 "


def test_a_recipe_keeps_its_formula_and_training_learns_the_parameters() -> None:
    text = RECIPE + "readout=formula(x+y+a*x*y;a=0.5)"
    recipe = Recipe.parse(text)
    assert recipe.readout == "formula(x+y+a*x*y;a=0.5)"
    assert Recipe.parse(recipe.text()) == recipe
    trainer = Trainer(recipe)
    records = list(trainer.records())
    assert trainer.model.aggregation.operator.settings["a"] != 0.5
    assert [r.timeless() for r in Trainer(recipe).records()] == [r.timeless() for r in records]
    json.dumps([record.timeless() for record in records])
    graphs = Recipe.parse("task=bbbp layers=1 neighbors=formula(x+y+a*x*y;a=0.1)")
    assert graphs.neighbors == "formula(x+y+a*x*y;a=0.1)"


def test_a_checkpoint_of_a_formula_can_be_loaded(tmp_path) -> None:
    trainer = Trainer(Recipe.parse(RECIPE + "readout=formula(x+y+a*x*y;a=0.5)"))
    list(trainer.records())
    trainer.save(tmp_path / "run.pt")
    again = Trainer.load(tmp_path / "run.pt").model.aggregation.operator
    assert again.settings == trainer.model.aggregation.operator.settings


@pytest.mark.parametrize("field", ["readout", "neighbors"])
def test_a_recipe_names_a_class_that_is_missing(field: str) -> None:
    with pytest.raises(ValueError, match=rf"unknown {field} 'mine_of_last_week': .*run the cell"):
        Recipe.parse(f"task=bbbp {field}=mine_of_last_week")


# Laws in words --------------------------------------------------------------------------------

# formula: commutative, associative, e (None: no two-sided one for all numbers)
LAWS = {
    "x + y + 0.5*x*y": (True, True, 0.0),
    "x*y": (True, True, 1.0),
    "max(x, y)": (True, True, -math.inf),
    "min(x, y)": (True, True, math.inf),
    "x + y - 1": (True, True, 1.0),
    "x + y - 0.1234": (True, True, 0.1234),
    "3.7*x*y": (True, True, 1 / 3.7),
    "log(exp(2*x) + exp(2*y))/2": (True, True, -math.inf),
    "log(exp(-x) + exp(-y))/-1": (True, True, math.inf),
    "(x + y)/(1 + x*y)": (True, True, 0.0),
    "sinh(asinh(x) + asinh(y))": (True, True, 0.0),
    "tanh(atanh(x) + atanh(y))": (True, True, 0.0),
    "sqrt(x*x + y*y)": (True, True, None),
    "x*y/(x + y)": (True, True, None),
    "(x + y)/2": (True, False, None),
    "x*x + y*y": (True, False, None),
    "relu(x + y)": (True, False, None),
    "x - y": (False, False, None),
    "x**y": (False, False, None),
    "x": (False, True, None),
    "y": (False, True, None),
    "1": (True, True, None),
}


@pytest.mark.parametrize("text", LAWS)
def test_laws_of_known_formulas(text: str) -> None:
    commutative, associative, e = LAWS[text]
    words = laws_in_words(FormulaOperator(2, text))
    assert words["commutativity"].holds is commutative
    assert words["associativity"].holds is associative
    assert words["identity"].holds is (e is not None)
    if e is not None:
        assert words.identity.value == pytest.approx(e, abs=1e-7)
        assert words.identity.exact
        assert ("A commutative monoid" in words.summary) == (commutative and associative)
    else:
        assert words.identity is None or not words.identity.exact


def test_counter_examples_are_small_and_right() -> None:
    words = laws_in_words(FormulaOperator(1, "x - y"))
    assert words["commutativity"].text.startswith(
        "broken at x = 0, y = 1: x ⊕ y = −1, but y ⊕ x = 1 (on "
    )
    assert words["associativity"].text.startswith(
        "broken at x = 0, y = 0, z = 1: (x ⊕ y) ⊕ z = −1, but x ⊕ (y ⊕ z) = 1 (on "
    )
    assert "e = 0 has x ⊕ e = x" in words["identity"].text
    assert "Order and tree matter" in str(words)
    assert "✗" in words._repr_html_()
    x, y, z = (state.item() for state in words["associativity"].at)
    assert [side.item() for side in words["associativity"].sides] == [(x - y) - z, x - (y - z)]
    close = laws_in_words(FormulaOperator(1, "x + 1.0000001*y"))
    assert "x ⊕ y = 1.0000001, but y ⊕ x = 1" in close["commutativity"].text


def test_where_it_is_not_defined_is_said() -> None:
    words = laws_in_words(FormulaOperator(1, "(x + y)/(1 + x*y)"))
    assert "it is not at x = 1, y = −1" in words["commutativity"].text
    assert words["commutativity"].holds
    nowhere = laws_in_words(FormulaOperator(1, "log(-1 - abs(x))"))
    assert nowhere["commutativity"].holds is None
    assert "not defined on any of the 1,100 pairs tried" in nowhere["commutativity"].text
    assert nowhere.summary == "It could not be tried."
    part = laws_in_words(FormulaOperator(1, "sqrt(x*x + y*y)"))
    assert "e = 0 is one only for the numbers from 0 on" in part["identity"].text
    assert "closer e is to ∞" in laws_in_words(FormulaOperator(1, "x*y/(x + y)"))["identity"].text


def test_rounding_close_to_a_pole_breaks_no_law() -> None:
    words = laws_in_words(FormulaOperator(1, "1/(1/x + 1/y - 1)"))
    assert words["associativity"].holds
    assert "at x = 0.5, y = 3, z = −3 it is too large to tell" in words["associativity"].text
    assert words.identity.value == 1


def test_a_monoid_that_does_not_commute() -> None:
    def grow(x, y):
        return torch.stack([x[..., 0] + y[..., 0], x[..., 1] + x[..., 0].exp() * y[..., 1]], -1)

    words = laws_in_words(from_function(grow)(2))
    assert words["associativity"].holds
    assert "tree does not: associative, but not commutative" in words.summary
    assert "x = (1, 1), y = (1, 0): x ⊕ y = (2, 1), but" in words["commutativity"].text
    first = laws_in_words(FormulaOperator(1, "x + y*(1 - abs(sign(x)))"))
    assert "a monoid, but not commutative" in first.summary


def test_the_parameters_that_training_changed_are_the_ones_tried() -> None:
    operator = FormulaOperator(4, "a*x + a*y", a=1)
    assert laws_in_words(operator)["associativity"].holds
    with torch.no_grad():
        operator.values[0].fill_(0.5)
    assert not laws_in_words(operator)["associativity"].holds


@pytest.mark.parametrize("name", ["sum", "max", "min", "mean", "logsumexp", "k_smallest"])
def test_exact_monoids_of_the_library_hold_in_words(name: str) -> None:
    words = laws_in_words(make_operator(name, channels=3))
    assert all(words[law].holds for law in ("commutativity", "associativity", "identity"))
    assert words["exchange"].text.startswith("holds by construction, and on all 2,000 triples")


def test_learned_operators_are_told_apart() -> None:
    gru, symmetric = (laws_in_words(make_operator(n, 4)) for n in ("gru", "symmetrized_gru"))
    assert not gru["commutativity"].holds
    assert symmetric["commutativity"].text.startswith("holds by construction")
    assert "(in every feature)" in symmetric["associativity"].text
    assert gru["identity"].text == "the operator names none"


def test_a_wrong_identity_is_shown_and_the_right_one_named() -> None:
    class Wrong(Operator):
        def __init__(self, channels: int):
            super().__init__(channels, identity=1.0)

        def forward(self, left, right):
            return left + right

    words = laws_in_words(Wrong(1))["identity"]
    assert not words.holds
    assert "the operator names e = 1, but at x = 0: e ⊕ x = 1" in words.text
    assert "but e = 0: e ⊕ x = x = x ⊕ e" in words.text


def test_what_a_function_raises_is_in_the_words() -> None:
    def broken(x, y):
        return x @ y

    words = laws_in_words(from_function(broken)(2))
    assert "x ⊕ y could not be computed: RuntimeError" in words["associativity"].text

    def wide(x, y):
        return torch.cat([x, y], -1)

    assert "wide(x, y) must give a tensor of the shape of x" in str(
        laws_in_words(from_function(wide)(2))
    )

    def single(x, y):
        return x + y + torch.zeros(2) @ torch.ones(2, 2)

    assert laws_in_words(from_function(single)(2))["associativity"].holds


@given(st.floats(-9, 9))
def test_the_identity_is_found_wherever_it_is(e: float) -> None:
    found = find_identity(lambda x, y: x + y - e)
    assert found.exact
    assert found.value == pytest.approx(e, abs=1e-7)
