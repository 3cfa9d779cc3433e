"""Certificates: known answers, every number recomputed, and failures said in words."""

import math

import pytest
import torch
from torch import nn
from torch_geometric.data import Batch, Data
from torch_geometric.nn import aggr

from lcm_core import FoldAggregation, LCMAggregation, certify, law_report
from lcm_core.laws.certificates.certification import operator_of
from lcm_core.laws.populations import closure_population
from lcm_core.tasks import make_task

D = 6


@pytest.fixture(scope="module")
def data():
    generator = torch.Generator().manual_seed(0)
    sizes = torch.randint(1, 9, (24,), generator=generator)
    sizes[3] = 0
    ptr = torch.cat([sizes.new_zeros(1), sizes.cumsum(0)])
    return torch.randn(int(ptr[-1]), D, generator=generator), ptr


@pytest.fixture(autouse=True)
def weights():
    torch.manual_seed(0)


def quick(aggregation, data, **options):
    return certify(aggregation, data, sizes=(1, 4), sets_to_time=2, **options)


class First(aggr.Aggregation):
    """The first element of each set, and 7 for an empty one."""

    def forward(self, x, index=None, ptr=None, dim_size=None, dim=-2):
        first = x.new_full((dim_size, x.shape[1]), 7.0)
        return first.index_copy(0, index.flip(0), x.flip(0))


class MeanOfBatch(aggr.Aggregation):
    """Forgets the sets."""

    def forward(self, x, index=None, ptr=None, dim_size=None, dim=-2):
        return x.mean(0).expand(dim_size, -1)


class Failing(aggr.Aggregation):
    def forward(self, x, index=None, ptr=None, dim_size=None, dim=-2):
        raise RuntimeError("out of order\nand more")


@pytest.mark.parametrize(
    "aggregation",
    [aggr.SumAggregation(), aggr.MeanAggregation(), aggr.MaxAggregation(), aggr.MinAggregation()],
)
def test_fixed_aggregations_of_pyg_keep_everything(aggregation, data) -> None:
    found = quick(aggregation, data)
    assert set(found.laws) == {"commutativity", "associativity", "identity", "exchange"}
    assert all(error.max <= found.rounding for error in found.laws.values())
    assert found.order_spread.mean <= found.rounding < 1e-3
    assert found.batch_mates.largest <= found.rounding
    assert found.empty.kind == "zeros"
    assert found.empty.is_identity
    assert found.flips == 0
    assert found.problems == {}


def test_pygs_lcm_owes_to_its_batch_mates_and_ours_does_not(data) -> None:
    peer = aggr.LCMAggregation(D, 8)
    theirs, ours = quick(peer, data), quick(LCMAggregation.from_pyg(peer), data)
    assert theirs.batch_mates.largest > theirs.batch_mates.rms > 0.1
    assert ours.batch_mates.largest <= ours.rounding
    assert theirs.laws["commutativity"].max == 0
    assert theirs.laws["associativity"].mean == ours.laws["associativity"].mean > 0.1
    assert theirs.empty.kind == "depends on batch-mates"
    assert "alone in its batch it fails" in theirs.empty.text
    assert ours.empty.kind == "zeros"


@pytest.mark.parametrize("name", ["GRUAggregation", "LSTMAggregation"])
def test_pygs_recurrent_aggregations_owe_to_order_and_batch_mates(name: str, data) -> None:
    found = quick(getattr(aggr, name)(D, 5), data)
    assert found.order_spread.mean > 0.1
    assert found.batch_mates.largest > 0.1
    assert 0 < found.flips < 0.5
    assert found.laws is None
    assert "no reduction by an operator" in found.problems["laws"]


def test_our_fold_owes_to_order_alone(data) -> None:
    found = quick(FoldAggregation(D, 5), data)
    assert found.order_spread.mean > 0.1
    assert found.batch_mates.largest <= found.rounding
    assert found.empty.kind == "zeros"


@pytest.mark.parametrize(
    "aggregation",
    [
        aggr.Set2Set(D, 2),
        aggr.SoftmaxAggregation(learn=True),
        aggr.MultiAggregation(["sum", "max", "std"]),
        aggr.MedianAggregation(),
    ],
)
def test_other_invariant_aggregations_of_pyg(aggregation, data) -> None:
    found = quick(aggregation, data)
    assert found.order_spread.mean <= found.rounding
    assert found.batch_mates.largest <= found.rounding
    assert found.flips == 0


def test_an_empty_set_that_is_not_zero_or_that_fails(data) -> None:
    found = quick(First(), data)
    assert found.empty.kind == "constant"
    assert f"{7 * math.sqrt(D):.3g}" in found.empty.text
    without = quick(LCMAggregation(D, 4, operator="gru"), data)
    assert without.empty.kind == "error"
    assert "learn_identity" in without.empty.text
    learned = LCMAggregation(D, 4)
    nn.init.ones_(learned.operator.identity)
    assert quick(learned, data).empty.is_identity
    zero = LCMAggregation(D, 4, empty="zero")
    nn.init.ones_(zero.operator.identity)
    assert quick(zero, data).empty.is_identity is False


def test_one_that_forgets_the_sets_is_found_out(data) -> None:
    assert quick(MeanOfBatch(), data).batch_mates.largest > 0.1


def test_one_that_fails_is_described_in_words(data) -> None:
    found = quick(Failing(), data)
    assert found.order_spread is found.batch_mates is found.flips is found.time is None
    assert found.problems["order spread"] == "RuntimeError: out of order"
    assert found.empty.kind == "error"
    assert found.text().count("RuntimeError: out of order") == 5


def test_flips_by_a_prediction_of_ones_own(data) -> None:
    """First: a prediction is the sign of one feature of a random element."""
    x, ptr = data
    found = quick(First(), data, predict=lambda results: results[:, 0] > 0, orders=2000)
    share = []
    for begin, end in zip(ptr[:-1].tolist(), ptr[1:].tolist(), strict=True):
        if end > begin:
            signs = x[begin:end, 0] > 0
            share.append((signs != signs[0]).double().mean())
    assert found.flips == pytest.approx(float(torch.stack(share).mean()), abs=0.01)
    assert "by `predict`" in found.text()


def test_flips_by_the_random_classifiers(data) -> None:
    x, ptr = data
    filled = ptr.unique()
    found = quick(First(), data, orders=2000, seed=3)
    normals = torch.randn(D, 32, generator=torch.Generator().manual_seed(3))
    scores, first = x @ normals, filled[:-1]
    ranked = scores[first].sort(0).values
    cut = (ranked[len(first) // 2 - 1] + ranked[len(first) // 2]) / 2
    shares = [
        ((scores[a:b] > cut) != (scores[a] > cut)).double().mean()
        for a, b in zip(filled[:-1].tolist(), filled[1:].tolist(), strict=True)
    ]
    assert found.flips == pytest.approx(float(torch.stack(shares).mean()), abs=0.01)


def test_the_numbers_of_a_certificate_recomputed(data) -> None:
    x, ptr = data
    peer = aggr.LCMAggregation(D, 4, project=True)
    found = quick(peer, data, seed=5)
    sizes = ptr.diff()[ptr.diff() > 0]
    sets = list(x.split(sizes.tolist()))
    large = torch.cat([x, x])[: 2 * int(sizes.max())]
    with torch.no_grad():

        def together(sets):
            index = torch.arange(len(sets)).repeat_interleave(torch.tensor([len(s) for s in sets]))
            return peer(torch.cat(sets), index)

        alone = torch.cat([together([one]) for one in sets])
        results = together(sets)
        s = (results - results.mean(0)).square().sum(1).mean().sqrt()
        apart = (together([*sets, large])[:-1] - alone).norm(dim=1) / s
        assert found.batch_mates.largest == pytest.approx(float(apart.max()), rel=1e-4)
        rms = float(apart.square().mean().sqrt())
        assert found.batch_mates.rms == pytest.approx(rms, rel=1e-4)
        elements = peer.lin(x).relu()
        population = closure_population(elements, seed=5)
        report = law_report(operator_of(peer, x), population, seed=5)
    assert found.laws["associativity"] == report["associativity"]
    x_, y_ = torch.randn(2, 7, 4).unbind()
    with torch.no_grad():
        one, other = peer.gru_cell(x_, y_), peer.gru_cell(y_, x_)
        assert torch.allclose(operator_of(peer, x)(x_, y_), (one + other) / 2, atol=1e-6)

        spreads, generator = [], torch.Generator().manual_seed(0)
        for _ in range(400):
            shuffled = [one[torch.randperm(len(one), generator=generator)] for one in sets]
            spreads.append(together(shuffled))
    stacked = torch.stack(spreads)
    deviation = (stacked - stacked.mean(0)).square().sum(-1).mean(0).sqrt().mean()
    unit = (stacked.flatten(0, 1) - stacked.mean((0, 1))).square().sum(-1).mean().sqrt()
    many = quick(peer, data, orders=400).order_spread
    assert many.mean == pytest.approx(float(deviation / unit), rel=0.05)


def test_time_grows_with_n_for_a_fold_and_hardly_for_a_sum(data) -> None:
    sizes = (1, 16, 128, 512)
    fold = certify(aggr.GRUAggregation(D, 8), data, sizes=sizes).time
    assert list(fold.seconds) == [1, 16, 128, 512]
    assert fold.seconds[512] > 2 * fold.seconds[16] > 0
    (a, b, c) = (math.log(fold.seconds[n]) for n in sizes[1:])
    logs = [math.log(n) for n in sizes[1:]]
    mean = sum(logs) / 3
    slope = sum((n - mean) * t for n, t in zip(logs, (a, b, c), strict=True))
    slope /= sum((n - mean) ** 2 for n in logs)
    assert fold.exponent == pytest.approx(slope)


def test_data_of_every_form_gives_the_same_numbers(data) -> None:
    x, ptr = data
    sizes = ptr.diff()
    index = torch.arange(len(sizes)).repeat_interleave(sizes)
    graphs = Batch.from_data_list([Data(x=part) for part in x.split(sizes.tolist())])
    mixed = torch.randperm(len(x), generator=torch.Generator().manual_seed(1))
    expected = quick(FoldAggregation(D, 5), (x, ptr))
    for form in [(x, index), graphs, Data(x=x, batch=index)]:
        torch.manual_seed(0)
        found = quick(FoldAggregation(D, 5), form)
        assert found.order_spread == expected.order_spread
        assert found.sets == len(sizes)
    unsorted = quick(aggr.LCMAggregation(D, 4), (x[mixed], index[mixed]))
    assert unsorted.batch_mates is not None
    batch = next(iter(make_task("second_minimum").batches()))
    assert quick(aggr.MaxAggregation(), batch).sets == batch.num_sets


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (torch.ones(4, 2), "expected .x, ptr."),
        ((torch.ones(4, 2), torch.tensor([0, 3])), "rise from 0 to N = 4"),
        ((torch.ones(4, 2), torch.tensor([0, 4])), "at least 2 sets"),
    ],
)
def test_wrong_data_is_refused_in_words(wrong, message: str) -> None:
    with pytest.raises((TypeError, ValueError), match=message):
        certify(aggr.SumAggregation(), wrong)


def test_it_leaves_the_aggregation_and_the_random_state_as_they_were(data) -> None:
    aggregation = FoldAggregation(D, 5, order="random").train()
    before = torch.random.get_rng_state()
    quick(aggregation, data)
    assert aggregation.training
    assert aggregation.rnn.training
    assert aggregation.calls == 0
    assert torch.equal(torch.random.get_rng_state(), before)


def test_it_is_a_table_in_a_notebook_and_text_elsewhere(data) -> None:
    found = quick(aggr.LCMAggregation(D, 4), data)
    rows = found.rows()
    html, text = found._repr_html_(), found.text()
    assert html.count("<tr>") == len(rows) + 1
    assert "a set&#x27;s answer depends on which sets share its batch" in html
    for measure, value, words in rows:
        assert any(line.startswith(measure) and value in line for line in text.splitlines())
        assert words in text
    assert str(found) == repr(found) == text
