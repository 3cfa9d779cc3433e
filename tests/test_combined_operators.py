"""Operators made of two others: blends, and products on halves of the channels."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lcm_core.operators import Operator, blend, make_operator, product, symmetrized
from lcm_core.operators.base import OPERATORS, operator_examples, register_operator
from lcm_core.reduction import reduce
from lcm_core.training import Recipe, Trainer, fit

PLAIN = ["sum", "max", "logsumexp", "gru", "symmetrized_gru", "mlp"]
ANY = [*PLAIN, "mean", "k_smallest", "tropical", "fourier"]
SMALL = "channels=8 steps=3 batch_size=8 log_every=1 eval_every=3 device=cpu"


def states(seed: int, count: int, width: int) -> torch.Tensor:
    return torch.randn(count, 5, width, generator=torch.Generator().manual_seed(seed))


@given(st.sampled_from(PLAIN), st.sampled_from(PLAIN), st.floats(0, 1), st.integers(0, 99))
def test_a_blend_is_between_its_operators(one: str, other: str, t: float, seed: int) -> None:
    first, second = make_operator(one, 4), make_operator(other, 4)
    x, y = states(seed, 2, 4)
    expected = (1 - t) * first(x, y) + t * second(x, y)
    mixed = blend(first, second, t)
    assert torch.allclose(mixed(x, y), expected, atol=1e-5)
    assert torch.allclose(mixed.combine(x, y), expected, atol=1e-5)
    assert mixed.commutative == (first.commutative and second.commutative)


@given(st.sampled_from(ANY), st.sampled_from(ANY), st.integers(0, 99))
def test_a_product_does_each_part_by_itself(one: str, other: str, seed: int) -> None:
    first, second = make_operator(one, 4), make_operator(other, 3)
    both = product(first, second)
    x = states(seed, 1, 7)[0]
    ptr = torch.tensor([0, 2, 5])
    found = both.lower(reduce(both, both.lift(x), ptr))
    expected = [
        op.lower(reduce(op, op.lift(part), ptr))
        for op, part in ((first, x[:, :4]), (second, x[:, 4:]))
    ]
    assert torch.allclose(found, torch.cat(expected, -1), atol=1e-5)
    assert both.associative == (first.associative and second.associative)


def test_an_identity_of_a_blend_is_one_that_both_have() -> None:
    times = make_operator("formula(x+y+x*y)", 2)
    assert torch.equal(blend(make_operator("sum", 2), times).identity, torch.zeros(2))
    assert blend(make_operator("sum", 2), make_operator("max", 2)).identity is None
    assert blend(make_operator("max", 2), make_operator("max", 2)).identity is None  # infinite


def test_infinite_entries_of_one_part_need_no_identity_of_the_other() -> None:
    both = product(make_operator("gru", 2), make_operator("k_smallest", 1))
    x = torch.tensor([[0.0, 1.0, 5.0], [1.0, 0.0, 3.0], [0.0, 0.0, 4.0]])
    answer = both.lower(reduce(both, both.lift(x)))
    assert answer[0, 2:].tolist() == [3.0, 4.0]
    broken = both.lift(x)
    broken[1, 0] = torch.inf
    with pytest.raises(ValueError, match=r"expected finite elements, got inf at x\[1, 0\]"):
        reduce(both, broken)


def test_the_identity_of_a_product_is_that_of_both() -> None:
    both = product(make_operator("sum", 1), make_operator("max", 2))
    assert both.identity.tolist() == [0.0, -torch.inf, -torch.inf]
    x = torch.randn(3)
    assert torch.equal(both(both.identity, x), x)
    assert product(make_operator("sum", 1), make_operator("gru", 1)).identity is None


@pytest.mark.parametrize("name", operator_examples())
def test_names_make_them_too(name: str) -> None:
    operator = make_operator(name, channels=6)
    assert operator.name == name
    assert operator.channels == 6
    result = fit(f"readout={name} associativity=0.1 identity=0.1 bits=3 {SMALL}")
    assert result.operator.name == name
    again = fit(f"readout={name} associativity=0.1 identity=0.1 bits=3 {SMALL}")
    assert [r.timeless() for r in result.records] == [r.timeless() for r in again.records]


@pytest.mark.parametrize(
    "name",
    [
        "blend(sum,formula(max(x,y)),0.25)",
        "product(blend(sum,max,0.1),product(sum,gru))",
        "blend(symmetrized_gru,sum)",
        "product(k_smallest,k_smallest)",
    ],
)
def test_names_may_be_nested_and_train(name: str, tmp_path) -> None:
    result = fit(f"readout={name} bits=3 {SMALL}")
    result.save(tmp_path / "run.pt")
    loaded = Trainer.load(tmp_path / "run.pt")
    assert loaded.recipe.readout == name
    for mine, theirs in zip(loaded.model.parameters(), result.model.parameters(), strict=True):
        assert torch.equal(mine, theirs)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("blend(sum)", r"expected a name such as blend\(sum,max,0.5\)"),
        ("blend(sum,max,half)", "expected a number t from 0 to 1"),
        ("blend(sum,max,2)", "expected t from 0 to 1, got 2"),
        ("blend(sum,mean)", "those of 'mean' are not its elements"),
        ("blend(sum,summ)", "unknown operator 'summ'"),
        ("blend(sum,max", "expected a name such as blend"),
        ("product(sum,max,min)", r"expected a name such as product\(sum,symmetrized_gru\)"),
        ("product(sum,)", "expected a name such as product"),
        ("product(sum,k_smallest)", "its parts would need 4 and 2 of them for 8 answers"),
    ],
)
def test_bad_names_are_explained(name: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Recipe.parse(f"readout={name} channels=8")


def test_one_channel_cannot_be_halved() -> None:
    with pytest.raises(ValueError, match="halves its channels: expected at least 2, got 1"):
        make_operator("product(sum,max)", channels=1)


def test_what_is_no_operator_is_refused() -> None:
    with pytest.raises(TypeError, match="Operator"):
        blend(make_operator("sum", 2), "max")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="operators of one width"):
        blend(make_operator("sum", 2), make_operator("sum", 3))


def test_they_follow_a_part_that_a_cell_defines_anew() -> None:
    for factor in (2.0, 3.0):

        @register_operator("scaled_sum", replace=True)
        class ScaledSum(Operator):
            scale = factor

            def forward(self, left, right):
                return self.scale * (left + right)

        one = torch.ones(1)
        assert make_operator("blend(scaled_sum,sum,0)", 1)(one, one).item() == 2 * factor
    OPERATORS.remove("scaled_sum")


def test_they_may_be_symmetrised() -> None:
    both = symmetrized(product(make_operator("gru", 2), make_operator("sum", 2)))
    x, y = states(0, 2, 4)
    assert torch.allclose(both(x, y), both(y, x))


def test_a_blend_of_learned_identities_learns_one_between_them() -> None:
    first, second = (make_operator("symmetrized_gru", 2) for _ in range(2))
    with torch.no_grad():
        first.identity.fill_(1.0)
        second.identity.fill_(3.0)
    mixed = blend(first, second, 0.25)
    assert isinstance(mixed.identity, torch.nn.Parameter)
    assert mixed.identity.tolist() == [1.5, 1.5]
    assert "identity" in dict(mixed.named_parameters())
    assert mixed.name == "blend(symmetrized_gru,symmetrized_gru,0.25)"


def test_the_name_of_a_blend_makes_the_same_blend() -> None:
    third = blend(make_operator("sum", 2), make_operator("max", 2), 1 / 3)
    assert make_operator(third.name, 2).t == 1 / 3
