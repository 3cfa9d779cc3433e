"""The share of the variance of results that is the size of the set."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lcm_core import make_operator, size_share
from lcm_core.pyg import SumAggregation


def sets(seed=0, repeats=200, largest=5, features=3):
    """Gaussian elements in `repeats` sets of each size from 1 on."""
    sizes = torch.arange(1, largest + 1).repeat(repeats)
    ptr = torch.cat([torch.zeros(1, dtype=torch.int64), sizes.cumsum(0)])
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(int(ptr[-1]), features, generator=generator), ptr


def test_it_is_1_for_a_count_and_0_for_what_does_not_see_the_size():
    x, ptr = sets()
    assert size_share(lambda x, ptr: ptr.diff()[:, None].float(), x, ptr) == pytest.approx(1)
    assert size_share(lambda x, ptr: x[ptr[:-1]], x, ptr) == pytest.approx(0, abs=0.01)
    assert size_share(lambda x, ptr: torch.ones(len(ptr) - 1, 2), x, ptr) == 0


def test_a_known_mixture_has_its_share():
    """Var(size) = 2 for sizes 1 to 5, beside noise of variance 6: a quarter."""
    x, ptr = sets(repeats=4000, features=1)
    noise = 6**0.5 * torch.randn(len(ptr) - 1, 1, generator=torch.Generator().manual_seed(1))
    found = size_share(lambda x, ptr: ptr.diff()[:, None] + noise, x, ptr)
    assert found == pytest.approx(0.25, abs=0.02)


def test_few_sets_of_many_sizes_do_not_look_like_a_share():
    """Without the degrees of freedom 20 sets of 10 sizes would show 9 / 19 of it by chance."""
    ptr = torch.cat([torch.zeros(1, dtype=torch.int64), torch.arange(1, 11).repeat(2).cumsum(0)])
    generator = torch.Generator().manual_seed(0)
    found = []
    for _ in range(100):
        results = torch.randn(20, 50, generator=generator)
        found.append(size_share(lambda x, ptr, r=results: r, torch.zeros(110, 1), ptr))
    assert sum(found) / len(found) < 0.05


@given(scale=st.floats(0.01, 100), offset=st.floats(-100, 100), seed=st.integers(0, 1000))
def test_it_is_blind_to_scale_and_offset(scale, offset, seed):
    x, ptr = sets(seed, repeats=4)
    plain = size_share(make_operator("sum", 3), x, ptr)
    assert 0 <= plain <= 1
    moved = size_share(lambda x, ptr: scale * SumAggregation()(x, ptr=ptr) + offset, x, ptr)
    assert moved == pytest.approx(plain, abs=1e-3)


def test_nothing_is_known_where_all_sizes_differ():
    assert math.isnan(
        size_share(make_operator("sum", 1), torch.ones(3, 1), torch.tensor([0, 1, 3]))
    )


def test_bounds_must_be_bounds():
    with pytest.raises(ValueError, match="to rise from 0 to N = 3"):
        size_share(make_operator("sum", 1), torch.ones(3, 1), torch.tensor([0, 2]))
