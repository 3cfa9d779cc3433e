"""The checks of `05_train_your_own_monoid`: a baseline, a penalty, a lazy ⊕, two trees."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable

import torch
from torch import Tensor

from lcm_core.exercises.progress import remembered
from lcm_core.exercises.verdict import Verdict, differ
from lcm_core.laws.penalties import law_penalty
from lcm_core.operators import Operator, make_operator
from lcm_core.operators.devices import on_cpu
from lcm_core.reduction import reduce
from lcm_core.seeding import Seeded

__all__ = ["check_best_constant", "check_penalty", "check_size_only", "check_tree_gap"]

ANSWERS = ([0, 1, 1, 2], [3, 3, 3, 3], [0, 0, 7, 7, 7, 100], [5, 1, 2, 3])
SIZES = 6  # elements of the largest set that is tried


@remembered
def check_best_constant(score: Callable[[list[int]], float]) -> Verdict:
    """Whether `score(answers)` is what the best constant answer gets."""
    for answers in ANSWERS:
        likeliest = max(set(answers), key=answers.count)
        wanted = answers.count(likeliest) / len(answers)
        try:
            got = float(score(list(answers)))
        except Exception as error:
            return _could_not(error, "score(answers) gets a list of integers and gives a number.")
        if math.isclose(got, wanted, abs_tol=1e-6):
            continue
        times = f"{answers.count(likeliest)} of {len(answers)}"
        return Verdict(
            False,
            f"with the answers {answers}, always saying {likeliest} is right {times} times, which "
            f"is {wanted:.3g}, and no other constant is right more often; you have {got:.3g}. "
            "Exact match counts a near miss as wrong: what matters is which answer is commonest.",
        )
    return Verdict(
        True, "the share of the commonest answer: nothing that ignores the set beats it."
    )


@remembered
def check_penalty(penalty: Callable[[Operator, Tensor, Tensor, Tensor], Tensor]) -> Verdict:
    """Whether `penalty(operator, x, y, z)` is the squared associativity error in units of s²."""
    with Seeded(0):
        gru = make_operator("symmetrized_gru", channels=4)
    x, y, z = torch.randn(3, 256, 4, generator=torch.Generator().manual_seed(0)).unbind(0)
    x.requires_grad_()
    cases = [("sum", make_operator("sum", channels=4), 1.0), ("the symmetrised GRU", gru, 1.0)]
    cases += [("an average", _Average(channels=4), scale) for scale in (1.0, 100.0)]
    for name, operator, scale in cases:
        states = (scale * x, scale * y, scale * z)
        try:
            got = penalty(operator, *states)
            value = float(torch.as_tensor(got).detach())
        except Exception as error:
            return _could_not(error, "penalty(op, x, y, z) gets states (m, d), gives one number.")
        wanted = float(law_penalty(operator, "associativity", *states).detach())
        if not math.isclose(value, wanted, rel_tol=0.05, abs_tol=1e-6):
            return Verdict(False, _about_penalty(name, value, wanted, scale))
    if not (isinstance(got, Tensor) and got.requires_grad):
        return Verdict(
            False,
            "the numbers are right, but no gradient flows: keep to tensors (no .item(), float() or "
            "detach()), else training could not follow it.",
        )
    return Verdict(
        True,
        "0 for a sum, the same at every scale, and with a gradient: this, times its weight, is "
        "what the slider adds to the loss.",
    )


@remembered
def check_size_only(operator: Operator) -> Verdict:
    """Whether ⊕ is a commutative monoid whose results say the size of a set, and nothing else."""
    operator = on_cpu(operator)
    elements = torch.randn(2, SIZES, operator.channels, generator=torch.Generator().manual_seed(0))
    try:
        with torch.no_grad():
            one, other = (
                [reduce(operator, operator.lift(each[:n]))[0] for n in range(1, SIZES + 1)]
                for each in elements
            )
            broken = _broken_law(operator, one)
    except Exception as error:
        return _could_not(error, "lift gives states of state_dim numbers, and ⊕ combines two.")
    for n, (a, b) in enumerate(zip(one, other, strict=True), start=1):
        if differ(a, b):
            return Verdict(
                False,
                f"two sets of {n} with other elements have the results {_show(a)} and {_show(b)}: "
                "the elements show through. Which state does not depend on the element at all?",
            )
    if not differ(one[1], one[2]):
        return Verdict(
            False,
            f"sets of 2 and of 3 both have {_show(one[1])}: all results agree, so that s is 0 and "
            "no law error exists. Let the result say how many elements there are.",
        )
    if broken:
        return Verdict(False, broken)
    return Verdict(
        True,
        "commutative, associative, with an identity, and its results differ: no penalty can blame "
        "it. And it cannot tell one element from another.",
    )


def _broken_law(operator: Operator, states: list[Tensor]) -> str:
    """A law that ⊕ breaks on states of sets of 1, 2, … elements, in words; "" if there is none."""
    for x, y, z in itertools.permutations(states[:4], 3):
        sides = {
            "x ⊕ y and y ⊕ x": (operator(x, y), operator(y, x)),
            "(x ⊕ y) ⊕ z and x ⊕ (y ⊕ z)": (
                operator(operator(x, y), z),
                operator(x, operator(y, z)),
            ),
        }
        for law, (left, right) in sides.items():
            if differ(left, right):
                return f"{law} differ, {_show(left)} and {_show(right)}: a penalty sees that."
    if operator.identity is None or differ(operator(operator.identity, states[0]), states[0]):
        return "there is no identity, e ⊕ x = x: what should an empty set have? Pass identity=…"
    return ""


@remembered
def check_tree_gap(gap: Callable[[Operator, Tensor], float]) -> Verdict:
    """Whether `gap(operator, x)` is the distance of the results of a balanced tree and a chain."""
    x = torch.randn(SIZES, 4, generator=torch.Generator().manual_seed(0))
    with Seeded(0):
        names = ("sum", "gru", "symmetrized_gru")
        operators = {name: make_operator(name, channels=4) for name in names}
    for name, operator in operators.items():
        with torch.no_grad():
            results = {tree: reduce(operator, x, tree=tree) for tree in ("balanced", "left")}
            wanted = float((results["balanced"] - results["left"]).norm())
            try:
                got = float(gap(operator, x.clone()))
            except Exception as error:
                return _could_not(error, "gap(op, x) gets states (n, d) and gives a number.")
            reversed_ = float((results["balanced"] - reduce(operator, x.flip(0))).norm())
        if math.isclose(got, wanted, rel_tol=1e-3, abs_tol=1e-4):
            continue
        told = f"for {SIZES} elements and {name} the gap is {wanted:.3g}; you have {got:.3g}. "
        if math.isclose(got, reversed_, rel_tol=1e-3, abs_tol=1e-4):
            return Verdict(
                False,
                f"{told}You compare two orders. Keep the order, and take another tree: "
                'reduce(op, x, tree="left").',
            )
        return Verdict(
            False,
            f"{told}It is the length of the difference of two results, by the trees balanced "
            "and left, over the same x.",
        )
    return Verdict(
        True, "0 for a sum, and not for the others: how much the tree matters, for one set."
    )


class _Average(Operator):
    name = "average"

    def forward(self, left: Tensor, right: Tensor) -> Tensor:
        return (left + right) / 2


def _show(state: Tensor) -> str:
    return "(" + ", ".join(f"{number:.3g}" for number in state.flatten().tolist()) + ")"


def _could_not(error: Exception, usage: str) -> Verdict:
    return Verdict(False, f"could not be computed: {type(error).__name__}: {error}. {usage}")


def _about_penalty(name: str, got: float, wanted: float, scale: float) -> str:
    if name == "sum":
        return f"a sum is associative, so that its penalty is 0; you have {got:.3g}."
    told = f"for {name} the penalty is {wanted:.3g}; you have {got:.3g}. "
    if scale != 1:
        return (
            f"with states {scale:g} times as large you have {got:.3g}, and it should still be "
            f"{wanted:.3g}: else training could keep the law by making all states small. Divide by "
            "s², the mean squared distance of the results from their mean."
        )
    if math.isclose(got, math.sqrt(wanted), rel_tol=0.1):
        return told + "That is its root: the penalty is the square of the error."
    return told + (
        "It is the mean over triples of ‖(x⊕y)⊕z − x⊕(y⊕z)‖², divided by s², the mean squared "
        "distance of the results from their mean."
    )
