"""PyG's aggregations under our names: the same classes, called as ours are."""

import pytest
import torch
from torch_geometric.nn import SAGEConv
from torch_geometric.nn.aggr import GRUAggregation, LCMAggregation

from lcm_core import order_spread
from lcm_core.aggregations.pyg import BASELINES, Baseline, make_baseline
from lcm_core.aggregations.registry import make_aggregation
from lcm_core.seeding import Seeded
from tests.oracles import ptr_of

INVARIANT = ("pna", "set2set", "deepsets", "set_transformer")


def made(name, channels=6, seed=0):
    with Seeded(seed):
        return make_baseline(name, channels)


@pytest.mark.parametrize("name", BASELINES)
class TestEachOfThem:
    def test_its_weights_come_from_the_seed_alone(self, name):
        first, again, other = (torch.cat([p.flatten() for p in made(name, seed=s).parameters()])
                               for s in (1, 1, 2))  # fmt: skip
        assert torch.equal(first, again)
        assert not torch.equal(first, other)
        assert isinstance(make_aggregation(name, 6), Baseline)

    def test_ptr_index_and_an_unsorted_index_agree(self, name):
        ours, x, sizes = made(name).eval(), torch.randn(9, 6), [3, 0, 4, 2]
        want = ours(x, ptr=ptr_of(sizes))
        index = torch.repeat_interleave(torch.arange(4), torch.tensor(sizes))
        assert want.shape == (4, 6)
        assert torch.allclose(ours(x, index, dim_size=4), want, atol=1e-6)
        mixed = torch.tensor([4, 0, 7, 3, 1, 8, 5, 2, 6])  # sets keep their order
        order = torch.argsort(index[mixed], stable=True)
        assert torch.allclose(ours(x[mixed], index[mixed], dim_size=4),
                              ours(x[mixed][order], ptr=ptr_of(sizes)), atol=1e-6)  # fmt: skip
        assert torch.allclose(ours(x[:3])[0], ours(x[:3], ptr=ptr_of([3]))[0])

    def test_empty_sets_have_a_finite_answer_and_gradient(self, name):
        ours = made(name)
        x = torch.randn(3, 6, requires_grad=True)
        out = ours(x, ptr=ptr_of([0, 2, 0, 1, 0]))
        assert torch.equal(out[0], out[2])
        out.square().sum().backward()
        assert x.grad.isfinite().all()
        for parameter in ours.parameters():
            assert parameter.grad is None or parameter.grad.isfinite().all()
        assert ours(torch.randn(0, 6), ptr=ptr_of([0, 0])).isfinite().all()
        assert ours(torch.randn(0, 6)).shape == (1, 6)
        with pytest.raises(ValueError, match="expected dim_size = 1, as ptr says, got 2"):
            ours(x, ptr=ptr_of([3]), dim_size=2)
        with pytest.raises(ValueError, match="expected ptr to end with N = 3"):
            ours(x, ptr=ptr_of([2]))
        with pytest.raises(ValueError, match="below num_sets = 2, got index\\[2\\] = 5"):
            ours(x, torch.tensor([0, 1, 5]), dim_size=2)
        assert torch.equal(ours(x, dim_size=2), ours(x, ptr=ptr_of([3, 0])))
        assert ours(torch.randn(0, 6), torch.zeros(0, dtype=torch.long), dim_size=2).shape == (2, 6)

    def test_it_aggregates_neighbours(self, name):
        conv = SAGEConv(6, 5, aggr=made(name))
        edge_index = torch.tensor([[0, 2, 1, 3, 0], [1, 1, 0, 1, 3]])
        assert conv(torch.randn(5, 6), edge_index).shape == (5, 5)

    def test_order_matters_where_pyg_says_so(self, name):
        ours, ptr = made(name).eval(), ptr_of([5, 5, 5, 5])
        spread = order_spread(ours, torch.randn(20, 6), ptr).mean
        assert (spread < 1e-5) == (name in INVARIANT)

    def test_reset_and_state_dict(self, name):
        ours, other = made(name, seed=1), made(name, seed=2)
        x, ptr = torch.randn(7, 6), ptr_of([3, 4])
        ours(x, ptr=ptr)
        other.load_state_dict(ours.state_dict())
        assert torch.equal(ours(x, ptr=ptr), other(x, ptr=ptr))
        other.reset_parameters()
        assert not torch.equal(ours(x, ptr=ptr), other(x, ptr=ptr))

    def test_it_refuses_what_it_cannot_read(self, name, unchecked):
        with pytest.raises(ValueError, match=r"expected x of shape \(\*, N, 6\)"):
            made(name)(torch.randn(4, 7))
        with pytest.raises(ValueError, match=r"of PyG takes x of shape \(N, 6\), got \(2, 4, 6\)"):
            made(name)(torch.randn(2, 4, 6))


def pna_by_hand(x, delta):
    n = len(x)
    four = torch.cat([x.mean(0), x.amin(0), x.amax(0), x.std(0, correction=0)])
    grow = torch.log(torch.tensor(n + 1.0)) / delta
    return torch.cat([four, four * grow, four / grow])


def test_pna_scales_by_the_mean_size_of_its_first_batch_in_training():
    torch.manual_seed(0)  # two elements that almost agree would make a deviation inexact
    ours, sizes = make_baseline("pna", 3), [2, 5, 3]
    x, ptr = torch.randn(10, 3), ptr_of(sizes)
    ours.eval()(x, ptr=ptr)
    assert not ours.measured
    got = ours.train()(x, ptr=ptr)
    delta = (torch.tensor(sizes) + 1.0).log().mean()
    want = torch.stack([pna_by_hand(part, delta) for part in x.split(sizes)])
    assert torch.allclose(got, ours.lower(want), atol=1e-5)
    ours(x, ptr=ptr_of([10]))
    assert ours.inner.avg_deg_log == pytest.approx(float(delta))
    later = make_baseline("pna", 3)
    later.load_state_dict(ours.state_dict())
    assert later.measured
    assert torch.equal(later(x, ptr=ptr), ours(x, ptr=ptr))


@pytest.mark.parametrize(
    ("name", "peer"), [("pyg_gru", GRUAggregation), ("pyg_lcm", LCMAggregation)]
)
def test_recurrent_ones_are_pygs_with_its_padding(name, peer):
    ours, x = make_baseline(name, 6), torch.randn(9, 6)
    assert isinstance(ours.inner, peer)
    index = torch.tensor([0] * 2 + [1] * 7)
    assert torch.equal(ours(x, index), ours.inner(x, index))
    assert not torch.allclose(ours(x, index)[0], ours(x[:2])[0], atol=1e-3)


def test_unknown_names():
    with pytest.raises(ValueError, match="unknown baseline 'deepset': did you mean 'deepsets'"):
        make_baseline("deepset", 4)
