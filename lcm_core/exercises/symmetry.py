"""Checks of `03_laws_and_their_errors`: what symmetrising mends, and what it breaks."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from lcm_core.exercises.progress import remembered
from lcm_core.exercises.verdict import Verdict
from lcm_core.operators import make_operator
from lcm_core.seeding import Seeded

__all__ = ["check_counterexample", "check_symmetrise"]

Pairing = Callable[[Tensor, Tensor], Tensor]
Matrix = Sequence[Sequence[float]]


@remembered
def check_symmetrise(symmetrise: Callable[[Pairing], Pairing]) -> Verdict:
    """Says whether a function makes any operation commute without forgetting the operation.

    Args:
        symmetrise: from an operation g on two states to another one.
    """
    x, y = torch.randn(2, 64, 4, generator=torch.Generator().manual_seed(0))
    answers = {}
    with torch.no_grad():
        for name, g in _operations().items():
            try:
                h = symmetrise(g)
                one, other = h(x, y), h(y, x)
            except Exception as problem:
                return Verdict(
                    False, f"it could not be computed: {type(problem).__name__}: {problem}."
                )
            if not isinstance(one, Tensor) or one.shape != x.shape:
                return Verdict(False, "h(x, y) must be a state of the same shape as x and y.")
            if not torch.allclose(one, other, atol=1e-5):
                return Verdict(
                    False,
                    f"for g = {name}, h(x, y) begins with {one[0, 0]:.3f} but h(y, x) with "
                    f"{other[0, 0]:.3f}. There are two answers, g(x, y) and g(y, x): let h "
                    "use both, and treat them alike.",
                )
            if name == "a GRU" and torch.allclose(one, h(x, y.flip(0)), atol=1e-5):
                return Verdict(False, "h(x, y) does not change with y: both operands must count.")
            answers[name] = one
    first, second = answers["a GRU"], answers["a perceptron"]
    if torch.allclose(first, second, atol=1e-5):
        return Verdict(False, "h is the same for every g: it must be made of what g says.")
    return Verdict(
        True,
        "h commutes for a GRU, a perceptron and the product of matrices, with whatever weights: "
        "by construction. Swapping x and y only swaps the two terms.",
    )


def _operations() -> dict[str, Pairing]:
    def product(x: Tensor, y: Tensor) -> Tensor:
        return (x.view(-1, 2, 2) @ y.view(-1, 2, 2)).flatten(1)

    with Seeded(0):
        gru, mlp = make_operator("gru", 4), make_operator("mlp", 4)
    return {"a GRU": gru, "a perceptron": mlp, "the product": product}


@remembered
def check_counterexample(a: Matrix, b: Matrix, c: Matrix) -> Verdict:
    """Says whether three 2 × 2 matrices show that ½(AB + BA) is not associative, and why if not.

    The two sides differ by ¼ (B M − M B) with M = A C − C A.
    """
    try:
        one, two, three = (torch.tensor(m, dtype=torch.double).reshape(2, 2) for m in (a, b, c))
    except Exception:
        return Verdict(False, "three 2 × 2 matrices are wanted, such as [[0, 1], [0, 0]].")
    left = _jordan(_jordan(one, two), three)
    right = _jordan(one, _jordan(two, three))
    shown = f"(A ⊕ B) ⊕ C = {left.tolist()}, A ⊕ (B ⊕ C) = {right.tolist()}"
    if not torch.allclose(left, right, rtol=1e-9, atol=1e-9):
        return Verdict(True, f"{shown}. One counter-example is enough: ⊕ is not associative.")
    commutator = one @ three - three @ one
    if torch.allclose(commutator, torch.zeros_like(commutator), atol=1e-9):
        why = (
            "A and C commute, A C = C A. Multiplied out, the two sides differ by a quarter of "
            "B M − M B with M = A C − C A: M must not be 0."
        )
    else:
        why = (
            "A and C do not commute, good; but B commutes with M = A C − C A, "
            f"here {commutator.tolist()}, and the two sides differ by a quarter of B M − M B."
        )
    return Verdict(False, f"{shown}: the same. {why}")


def _jordan(a: Tensor, b: Tensor) -> Tensor:
    return 0.5 * (a @ b + b @ a)
