"""Each operator keeps the laws that it states, and is shown to break the others."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lcm_core import Operator, make_operator, operator_names, register, symmetrized
from lcm_core.operators import base
from tests.oracles import equal

EXACT = [
    "fourier",
    "k_smallest",
    "logsumexp",
    "max",
    "mean",
    "min",
    "quasi_arithmetic",
    "sum",
    "tropical",
]
LEARNED = ["cayley", "gru", "mlp", "symmetrized_gru", "symmetrized_mlp"]

seeds = st.integers(0, 2**31)
widths = st.integers(1, 6)


def states(name, channels, seed, count, dtype=torch.float64):
    """An operator with random parameters, and random lifted elements, some of them equal."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        operator = make_operator(name, channels).to(dtype)
        x = torch.randn(count, 5, channels, dtype=dtype)
        x[:, 0] = x[0, 0]
        return operator, operator.lift(x)


def test_the_names_are_those_of_the_design():
    assert operator_names() == EXACT + LEARNED


@pytest.mark.parametrize("name", EXACT)
@given(seed=seeds, channels=widths)
def test_exact_monoids_hold_all_laws_in_float64(name, seed, channels):
    op, (x, y, z) = states(name, channels, seed, 3)
    e = op.identity.expand_as(x)
    assert op.commutative
    assert op.associative
    assert torch.equal(op(x, y), op(y, x))
    assert equal(op(op(x, y), z), op(x, op(y, z)), atol=1e-12)
    assert equal(op(x, e), x, atol=1e-14)
    assert equal(op(e, x), x, atol=1e-14)
    assert equal(op(e, e), e)


@pytest.mark.parametrize("name", ["cayley", "symmetrized_gru", "symmetrized_mlp"])
@given(seed=seeds, channels=widths)
def test_learned_operators_commute_exactly_in_the_plain_definition(name, seed, channels):
    op, (x, y) = states(name, channels, seed, 2, torch.float32)
    assert op.commutative
    assert torch.equal(op(x, y), op(y, x))


@pytest.mark.parametrize("name", operator_names())
@given(seed=seeds, channels=widths)
def test_combine_commutes_to_4_units_in_the_last_place(name, seed, channels):
    op, (x, y) = states(name, channels, seed, 2, torch.float32)
    if op.commutative:
        a, b = (op.combine(p.flatten(0, -2), q.flatten(0, -2)) for p, q in ((x, y), (y, x)))
        unit = torch.nextafter(a.abs(), torch.tensor(torch.inf)) - a.abs()
        assert (torch.where(a == b, 0.0, (a - b).abs()) <= 4 * unit.nan_to_num(0.0)).all()


@pytest.mark.parametrize("name", operator_names())
@given(seed=seeds, channels=widths)
def test_combine_is_the_plain_definition(name, seed, channels):
    op, (x, y) = states(name, channels, seed, 2)
    x, y = x.requires_grad_(), y.requires_grad_()
    plain, fast = op(x, y), op.combine(x, y)
    assert equal(plain, fast, atol=1e-12)
    weights = torch.randn_like(plain)
    ours, want = (
        torch.autograd.grad((torch.where(v.isfinite(), v, 0.0) * weights).sum(), (x, y))
        for v in (fast, plain)
    )
    assert all(equal(a, b, atol=1e-12) for a, b in zip(ours, want, strict=True))


@pytest.mark.parametrize("name", ["gru", "mlp"])
def test_raw_cells_violate_both_laws(name):
    op, (x, y, z) = states(name, 6, 0, 3)
    assert not op.commutative
    assert not op.associative
    assert (op(x, y) - op(y, x)).abs().max() > 0.05
    assert (op(op(x, y), z) - op(x, op(y, z))).abs().max() > 0.05


@pytest.mark.parametrize("name", ["symmetrized_gru", "symmetrized_mlp"])
def test_symmetrized_cells_violate_associativity(name):
    op, (x, y, z) = states(name, 6, 0, 3)
    assert not op.associative
    assert (op(op(x, y), z) - op(x, op(y, z))).abs().max() > 0.05


def test_the_gru_is_torchs_cell_with_the_left_state_as_hidden():
    op, (x, y) = states("gru", 4, 0, 2)
    assert equal(op(x[0], y[0]), op.cell(input=y[0], hx=x[0]))


def test_symmetrized_gru_is_the_papers_formula():
    op, (x, y) = states("symmetrized_gru", 4, 0, 2)
    cell = op.operator.cell
    want = (cell(x[0], y[0]) + cell(y[0], x[0])) / 2
    assert equal(op.combine(x[0], y[0]), want, atol=1e-12)


class MatrixProduct(Operator):
    """A B of 2 × 2 matrices: associative, not commutative."""

    associative = True

    def __init__(self):
        super().__init__(4, identity=torch.eye(2).flatten())

    def forward(self, left, right):
        a, b = left.unflatten(-1, (2, 2)), right.unflatten(-1, (2, 2))
        return (a @ b).flatten(-2)


def test_symmetrizing_matrix_products_commutes_and_loses_associativity():
    op = symmetrized(MatrixProduct()).double()
    x, y, z = torch.randn(3, 20, 4, dtype=torch.double, generator=torch.Generator().manual_seed(0))
    assert op.commutative
    assert not op.associative
    assert torch.equal(op(x, y), op(y, x))
    assert (op(op(x, y), z) - op(x, op(y, z))).abs().max() > 0.1
    assert equal(op(x, op.identity.expand_as(x)), x, atol=1e-15)


@pytest.mark.parametrize("name", operator_names())
def test_symmetrized_keeps_lift_lower_identity_and_widths(name):
    inner = make_operator(name, 3)
    op = symmetrized(inner)
    assert (op.channels, op.state_dim, op.out_channels) == (3, inner.state_dim, inner.out_channels)
    assert op.identity is inner.identity
    assert op.associative == (inner.commutative and inner.associative)
    x, y = inner.lift(torch.randn(2, 7, 3))
    assert torch.equal(op.lift(x[:, :3]), inner.lift(x[:, :3]))
    assert torch.equal(op.lower(x), inner.lower(x))
    if inner.commutative:
        assert equal(op(x, y), inner(x, y), atol=1e-6)


@pytest.mark.parametrize("name", operator_names())
def test_gradients_at_the_identity_are_finite(name):
    op, (x, y) = states(name, 3, 0, 2)
    if op.identity is None:
        return
    x, e = x.requires_grad_(), op.identity.detach().clone().requires_grad_()
    around = e.expand_as(x)
    total = sum(
        op.lower(combine(a, b)).sum()
        for combine in (op, op.combine)
        for a, b in ((x, around), (around, x), (around, around), (x, y))
    )
    for gradient in torch.autograd.grad(total, (x, e)):
        assert gradient.isfinite().all()


def test_answers_of_the_fixed_monoids():
    x = torch.tensor([[1.0, -2.0], [3.0, -5.0], [2.0, 4.0]])
    want = {
        "sum": [6.0, -3.0],
        "max": [3.0, 4.0],
        "min": [1.0, -5.0],
        "mean": [2.0, -1.0],
        "logsumexp": torch.logsumexp(x, 0).tolist(),
        "k_smallest": [1.0, -5.0, 2.0, -2.0],
    }
    for name, answer in want.items():
        op = make_operator(name, 2)
        a, b, c = op.lift(x)
        assert op.lower(op(op(a, b), c)).tolist() == pytest.approx(answer), name
        assert torch.equal(op.lower(op.identity), torch.zeros(op.out_channels)), name


def test_k_smallest_keeps_k_with_repeats():
    op = make_operator("k_smallest", 1, k=3)
    a, b = op.lift(torch.tensor([[2.0], [2.0]]))
    assert op(a, b).tolist() == [2.0, 2.0, torch.inf]
    assert op.lower(op(a, b)).tolist() == [2.0, 2.0, 0.0]


def test_identities_are_fixed_learned_or_absent_as_stated():
    for name in EXACT:
        assert not make_operator(name, 3).identity.requires_grad, name
    for name in ("gru", "mlp"):
        assert make_operator(name, 3).identity is None
        assert make_operator(name, 3, learn_identity=True).identity.requires_grad
    for name in ("symmetrized_gru", "symmetrized_mlp"):
        assert make_operator(name, 3).identity.requires_grad
        assert make_operator(name, 3, learn_identity=False).identity is None
        assert "operator.identity" in dict(make_operator(name, 3).named_parameters())


def test_reset_parameters_draws_anew():
    op = make_operator("symmetrized_mlp", 3)
    before = [p.clone() for p in op.parameters()]
    torch.nn.init.ones_(op.identity)
    op.reset_parameters()
    assert op.identity.abs().max() == 0
    assert not torch.equal(before[1], list(op.parameters())[1])


@pytest.mark.usefixtures("unchecked")
class TestBadInput:
    def test_an_unknown_name_is_told_the_nearest(self):
        with pytest.raises(ValueError, match="unknown operator 'symetrized_gru': did you mean"):
            make_operator("symetrized_gru", 4)

    @pytest.mark.parametrize("channels", [0, -1, 2.5, "4", True])
    def test_channels_must_be_a_positive_int(self, channels):
        with pytest.raises(ValueError, match="channels to be a positive int"):
            make_operator("sum", channels)

    def test_k_must_be_a_positive_int(self):
        with pytest.raises(ValueError, match="k to be a positive int, got 0"):
            make_operator("k_smallest", 4, k=0)

    def test_an_option_of_another_operator_is_refused_by_name(self):
        with pytest.raises(TypeError, match=r"make_operator\('sum', channels=4\).*'k'"):
            make_operator("sum", 4, k=2)

    def test_symmetrized_takes_an_operator(self):
        with pytest.raises(TypeError, match="expected an Operator, got str"):
            symmetrized("gru")

    def test_a_taken_name_cannot_be_registered(self):
        with pytest.raises(ValueError, match="the library has the operator 'sum' already"):
            register("sum")(MatrixProduct)

    def test_a_class_may_be_registered_again_as_a_cell_runs_again(self):
        for _ in range(2):

            class Again(Operator):
                pass

            register("again")(Again)
            assert make_operator("again", 2).name == "again"
        base.OPERATORS.remove("again")

    def test_forward_must_be_defined(self):
        with pytest.raises(NotImplementedError, match="does not define forward"):
            Operator(2)(torch.zeros(2), torch.zeros(2))
