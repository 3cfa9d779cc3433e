"""Learned monoids that are exact by construction, what they cannot be, and learned tables."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lcm_core import LCMAggregation, certify, law_report, make_operator, reduce
from lcm_core.laws.in_words import laws_in_words
from lcm_core.laws.worst_triple import worst_associativity
from lcm_core.operators import Cayley, Fourier, Tropical
from lcm_core.operators.bijection import Bijection
from lcm_core.seeding import Seeded
from lcm_core.training.recipe import Recipe
from lcm_core.training.table_learner import MONOIDS, TableLearner, monoid_table
from lcm_core.training.trainer import Trainer
from tests.oracles import equal, ptr_of

BY_CONSTRUCTION = ["fourier", "quasi_arithmetic", "tropical"]
NEW = [*BY_CONSTRUCTION, "cayley"]

seeds = st.integers(0, 2**31)


def made(name, channels=4, seed=0, **options):
    with Seeded(seed):
        return make_operator(name, channels, **options).double()


def bijection(channels, seed, size):
    """With weights that are several times as large as those of a fresh one."""
    with Seeded(seed):
        psi = Bijection(channels).double()
        with torch.no_grad():
            for parameter in psi.parameters():
                parameter.add_(size * torch.randn_like(parameter))
    return psi


# Quasi-arithmetic ---------------------------------------------------------------------------------


@given(channels=st.integers(1, 7), seed=seeds, size=st.sampled_from([0.0, 0.3, 3.0]))
def test_the_inverse_of_a_bijection_is_exact_both_ways(channels, seed, size):
    psi = bijection(channels, seed, size)
    x = 10 * torch.randn(50, channels, dtype=torch.double, generator=torch.manual_seed(seed))
    assert equal(psi.inverse(psi(x)), x, rtol=1e-9, atol=1e-8)
    assert equal(psi(psi.inverse(x)), x, rtol=1e-9, atol=1e-8)
    single = psi.float()
    back = single.inverse(single(x.float()))
    assert (back - x.float()).abs().max() < 1e-2 * (1 + x.abs().max())


def test_a_bijection_has_no_flat_and_no_steep_places_near_its_elements():
    for seed in range(5):
        psi = bijection(4, seed, 0.3)
        x = torch.randn(20, 4, dtype=torch.double, generator=torch.manual_seed(seed))
        slopes = torch.func.vmap(torch.func.jacrev(psi))(x)
        stretched = torch.linalg.svdvals(slopes)
        assert stretched.max() < 1e3
        assert stretched.min() > 1e-3


def test_quasi_arithmetic_is_addition_in_disguise_on_answers():
    op = made("quasi_arithmetic", 3)
    x, y, z = torch.randn(3, 30, 3, dtype=torch.double)

    def combine(a, b):
        return op.lower(op(op.lift(a), op.lift(b)))

    assert equal(op.lower(op.lift(x)), x, atol=1e-12)
    assert equal(combine(combine(x, y), z), combine(x, combine(y, z)), atol=1e-11)
    nothing = op.lower(op.identity.expand_as(x))
    assert equal(combine(x, nothing), x, atol=1e-11)
    undone = op.lower(-op.lift(x))  # its inverse: it forgets nothing, and so is never max
    assert equal(combine(combine(x, y), undone), y, atol=1e-11)


# Fourier ------------------------------------------------------------------------------------------


def test_products_of_20000_stay_finite_and_so_do_their_gradients():
    op = made("fourier", 4).float()
    for fading in (-40.0, -6.0, 40.0):  # moduli 1, 0.9975, 0
        torch.nn.init.constant_(op.fading.bias, fading)
        x = (20 * torch.randn(20_000, 4)).requires_grad_()
        product = reduce(op, op.lift(x), torch.tensor([0, 20_000]))
        assert op.lift(x).view(-1, 2, 4).norm(dim=1).max() <= 1 + 1e-6
        assert product.abs().max() <= 1.01
        grads = torch.autograd.grad(op.lower(product).sum(), [x, *op.parameters()])
        assert all(grad.isfinite().all() for grad in grads)


def test_one_coefficient_adds_modulo_k():
    op = Fourier(1, coefficients=1).double()
    with torch.no_grad():
        for parameter in op.parameters():
            parameter.zero_()
        op.fading.bias.fill_(-50.0)
        op.phase.weight.fill_(2 * torch.pi / 5)
    numbers = torch.randint(5, (3000, 1), generator=torch.manual_seed(0)).double()
    real, imaginary = reduce(op, op.lift(numbers))[0].detach()
    turn = torch.atan2(imaginary, real) / (2 * torch.pi) * 5
    assert round(float(turn)) % 5 == int(numbers.sum()) % 5


# Tropical -----------------------------------------------------------------------------------------


def test_tropical_is_sums_and_maxima_side_by_side():
    op = Tropical(3, sums=2, maxima=4).double()
    x = torch.randn(7, 3, dtype=torch.double)
    states = op.lift(x)
    root = reduce(op, states)[0]
    assert equal(root[:2], states[:, :2].sum(0), atol=1e-12)
    assert torch.equal(root[2:], states[:, 2:].amax(0))
    assert op.identity.tolist() == [0, 0, *[-torch.inf] * 4]
    assert equal(op.lower(op.identity), op.out.bias)


@pytest.mark.parametrize("name", BY_CONSTRUCTION)
def test_none_that_is_exact_counts_none_one_and_more(name):
    """From a ⊕ a ⊕ a = a ⊕ a follows a ⊕ a = a: the closer the one, the closer the other."""
    op = made(name, 2)
    candidates = torch.linspace(-1, 1, 201, dtype=torch.double)[:, None].repeat(1, op.state_dim)
    if name == "fourier":
        candidates[:, 2:] = 0.0  # real coefficients
    twice = op(candidates, candidates)
    thrice = op(twice, candidates)
    same = (thrice - twice).abs().amax(1) < 1e-12
    assert same.any()
    assert (twice - candidates).abs().amax(1)[same].max() < 1e-12


# Cayley -------------------------------------------------------------------------------------------


@given(m=st.integers(2, 6), tables=st.integers(1, 3), seed=seeds)
def test_no_states_are_less_associative_than_some_three_symbols(m, tables, seed):
    op = made("cayley", 3, seed, symbols=m, tables=tables)
    worst = worst_associativity(op)
    draw = torch.manual_seed(seed)
    raw = torch.randn(3, 200, tables, m, generator=draw, dtype=torch.double)
    x, y, z = (3 * raw).softmax(-1).flatten(-2)
    apart = op(op(x, y), z) - op(x, op(y, z))
    found = 0.5 * apart.unflatten(-1, (tables, m)).abs().sum(-1)
    assert found.max() <= worst.error + 1e-12
    # ... and there it is
    one = torch.eye(m, dtype=torch.double)
    x, y, z = (one[s].repeat(tables) for s in worst.symbols)
    apart = (op(op(x, y), z) - op(x, op(y, z))).unflatten(-1, (tables, m))[worst.table]
    assert 0.5 * float(apart.abs().sum()) == pytest.approx(worst.error, abs=1e-12)
    assert worst.mean <= worst.error


def test_gradient_ascent_finds_no_worse_than_the_exact_worst_case():
    op = made("cayley", 3, symbols=3, tables=1)
    worst = worst_associativity(op)
    logits = torch.randn(3, 20, 3, dtype=torch.double, requires_grad=True)
    ascent = torch.optim.Adam([logits], lr=0.3, maximize=True)
    for _ in range(200):
        x, y, z = logits.softmax(-1)
        found = 0.5 * (op(op(x, y), z) - op(x, op(y, z))).abs().sum(-1)
        ascent.zero_grad()
        found.sum().backward()
        ascent.step()
    assert 0.9 * worst.error < found.max() <= worst.error + 1e-12


@given(seed=seeds, tables=st.integers(1, 3))
def test_states_stay_distributions_and_the_identity_is_exact(seed, tables):
    op = made("cayley", 3, seed, symbols=4, tables=tables)
    x, y = op.lift(torch.randn(2, 9, 3, dtype=torch.double))
    made_of = op(x, y).unflatten(-1, (tables, 4))
    assert (made_of >= 0).all()
    assert equal(made_of.sum(-1), torch.ones(9, tables, dtype=torch.double), atol=1e-12)
    assert torch.equal(op(x, op.identity.expand_as(x)), x)


@pytest.mark.parametrize("name", MONOIDS)
def test_a_table_can_be_any_finite_commutative_monoid(name):
    products = monoid_table(name, 4)
    op = Cayley(2, symbols=4, tables=1).double()
    op.set_products(products)
    assert worst_associativity(op).error == 0
    one = torch.eye(4, dtype=torch.double)
    for x in range(4):
        for y in range(4):
            assert torch.equal(op(one[x], one[y]), one[products[x, y]])


def test_rock_paper_scissors_is_as_far_from_associative_as_can_be():
    op = Cayley(2, symbols=4)
    op.set_products(torch.tensor([[0, 1, 2, 3], [1, 1, 2, 1], [2, 2, 2, 3], [3, 1, 3, 3]]))
    worst = worst_associativity(op)
    assert worst.error == 1
    assert sorted(worst.symbols) != [0, 0, 0]


@pytest.mark.usefixtures("unchecked")
def test_wrong_options_and_tables_are_refused_in_words():
    with pytest.raises(ValueError, match="symbols to be an int from 2, got 1"):
        Cayley(4, symbols=1)
    with pytest.raises(ValueError, match="tables to be a positive int, got 0"):
        Cayley(4, tables=0)
    with pytest.raises(ValueError, match="not both 0, got 0 and 0"):
        Tropical(4, sums=0, maxima=0)
    with pytest.raises(ValueError, match=r"layers ≥ 0, got -1"):
        make_operator("quasi_arithmetic", 4, layers=-1)
    op = Cayley(2, symbols=2)
    with pytest.raises(ValueError, match=r"a table of shape \(2, 2\) of symbols from 0 to 1"):
        op.set_products(torch.tensor([[0, 1], [1, 2]]))
    with pytest.raises(ValueError, match="symmetric table, got 0 ⊕ 1 = 0 and 1 ⊕ 0 = 1"):
        op.set_products(torch.tensor([[0, 0], [1, 1]]))
    with pytest.raises(ValueError, match=r"a first row \[0, 1\], got \[1, 1\]"):
        op.set_products(torch.tensor([[1, 1], [1, 1]]))
    with pytest.raises(TypeError, match=r"a Cayley operator, .* got Sum"):
        worst_associativity(make_operator("sum", 2))
    with pytest.raises(ValueError, match="power of 2 for 'bits of either', got m = 5"):
        monoid_table("bits of either", 5)
    with pytest.raises(ValueError, match="unknown monoid 'maximun': did you mean 'maximum'"):
        monoid_table("maximun", 5)
    with pytest.raises(ValueError, match="at least 2 symbols, got size = 1"):
        TableLearner(monoid_table("maximum", 3), size=1)
    with pytest.raises(ValueError, match="associativity = -1"):
        TableLearner(monoid_table("maximum", 3), associativity=-1)


def test_a_table_is_learned_from_products_of_whole_sets():
    learner = TableLearner(monoid_table("counting up to m − 1", 3), size=3)
    before = learner.state()
    assert (before.step, before.worst > 0.1, before.wrong > 0.1) == (0, True, True)
    learner.advance(40)
    early = learner.state()
    learner.advance(160)
    after = learner.state()
    assert after.step == 200
    assert after.worst < 0.1
    assert after.right[32] == 1
    again = TableLearner(monoid_table("counting up to m − 1", 3), size=3)
    again.advance(40)
    assert again.state() == early


def test_the_regulariser_of_a_learner_lowers_the_worst_case():
    worst = []
    for weight in (0.0, 3.0):
        learner = TableLearner(monoid_table("addition modulo m", 5), 4, weight, seed=0)
        learner.advance(60)
        worst.append(learner.state().worst)
    assert worst[1] < worst[0]


# In everything ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NEW)
def test_it_is_measured_certified_and_said_in_words(name):
    with Seeded(0):
        aggregation = LCMAggregation(3, 8, operator=name)
    x, ptr = torch.randn(40, 3), ptr_of([3, 0, 5, 12, 1, 19])
    shown = certify(aggregation, (x, ptr), orders=4, sizes=(4,), sets_to_time=2)
    assert shown.problems == {}
    assert shown.batch_mates is not None
    exact = name in BY_CONSTRUCTION
    op = aggregation.operator.requires_grad_(False)
    report = law_report(op, op.lift(torch.randn(50, 8)), search_steps=3)
    for law, error in report.items():
        assert (error.largest_found < 1e-4) == (exact or law in ("commutativity", "identity")), law
    laws = laws_in_words(make_operator(name, 2)).laws
    for law in ("commutativity", "identity"):
        assert laws[law].holds, laws[law]
    assert laws["associativity"].holds == exact


@pytest.mark.parametrize("name", NEW)
def test_it_learns_the_second_minimum_better_than_a_constant(name):
    text = "task=second_minimum bits=4 channels=16 steps=120 batch_size=32 learning_rate=0.01"
    trainer = Trainer(
        Recipe.parse(f"{text} readout={name} eval_every=120 log_every=120 eval_splits=none")
    )
    (record,) = trainer.records()
    assert record.metric > 1.2 * trainer.task.baseline()


class Flipped(Cayley):
    def forward(self, left, right):
        return super().forward(left, right).flip(-1)


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda op: Flipped(4), "Flipped has a forward of its own"),
        (lambda op: op.register_forward_hook(lambda *_: None), "Cayley has a forward hook"),
        (lambda op: setattr(op, "forward", op.forward), "has another forward than its class"),
    ],
)
def test_a_worst_case_that_the_tables_do_not_say_is_refused(change, what):
    op = make_operator("cayley", 4)
    changed = change(op)
    with pytest.raises(ValueError, match=what):
        worst_associativity(changed if isinstance(changed, Cayley) else op)
