"""Training on several processes: the records of one, whatever shares a batch has."""

import json
import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lcm_core import make_operator, train
from lcm_core.pyg import Batch
from lcm_core.reduction.engine import levels_by_autograd
from lcm_core.reduction.plan import ReductionPlan
from lcm_core.training.ranks import Ranks
from lcm_core.training.shared_regularisers import SharedLevel
from lcm_core.training.shares import share_of
from tests.launch import launch
from tests.shared_runs import CASES, THOROUGH

SECONDS = 250  # until a launch counts as hung
EXACT = [name for name in CASES if name != "float32"]


class Counted(Ranks):
    """Ranks that only divide."""

    def __init__(self, rank: int, count: int):
        self.rank, self.count, self.first = rank, count, rank == 0


@pytest.fixture(scope="module", params=[2, pytest.param(3, marks=pytest.mark.slow)])
def runs(request, tmp_path_factory):
    output = tmp_path_factory.mktemp("ranks") / "found.json"
    ended = launch(request.param, "tests.shared_runs", [str(output)]).wait(SECONDS)
    assert [status for status, _ in ended] == [0] * request.param, ended
    return json.loads(output.read_text())


def far(one, other):
    """The largest difference of numbers in the same places, relative where they are above 1."""
    if isinstance(one, dict):
        assert one.keys() == other.keys()
        return max((far(one[key], other[key]) for key in one), default=0.0)
    if isinstance(one, list):
        assert len(one) == len(other)
        return max(map(far, one, other), default=0.0)
    if isinstance(one, float) and isinstance(other, float):
        return abs(one - other) / max(1.0, abs(one))
    assert one == other
    return 0.0


@pytest.mark.parametrize("name", EXACT)
def test_ranks_give_the_records_of_one_process(runs, name):
    assert far(runs[name]["alone"], runs[name]["shared"]) < 1e-9


@pytest.mark.parametrize("name", THOROUGH)
@pytest.mark.parametrize("way", ["from shared to one", "from one to shared"])
def test_a_run_goes_on_with_another_number_of_ranks(runs, name, way):
    alone = runs[name]["alone"]
    assert far(alone[len(alone) // 2 :], runs[name][way]) < 1e-9


@pytest.mark.parametrize("name", CASES)
def test_all_ranks_have_the_same_bits(runs, name):
    assert runs[name]["same on all ranks"]


@pytest.mark.parametrize("name", THOROUGH)
def test_the_same_ranks_give_the_same_bits_again(runs, name):
    assert runs[name]["again"]


def test_float32_differs_by_rounding(runs):
    """Measured: 3e-7 after 50 steps."""
    assert 0 < far(runs["float32"]["alone"], runs["float32"]["shared"]) < 1e-4


def test_each_kind_of_penalty_was_there(runs):
    for name, text in CASES.items():
        last = runs[name]["shared"][-1]
        wanted = [law for law in ("associativity", "identity", "sire") if f"{law}=" in text]
        assert all(last["penalties"][law] > 0 for law in wanted)
        assert math.isfinite(last["loss"])


# Shares


@given(n=st.integers(0, 50), count=st.integers(1, 8))
def test_shares_are_all_rows_in_order_and_even(n, count):
    shares = [Counted(rank, count).share(n) for rank in range(count)]
    assert [row for own in shares for row in range(n)[own]] == list(range(n))
    sizes = [own.stop - own.start for own in shares]
    assert max(sizes) - min(sizes) <= 1


@given(
    sizes=st.lists(st.integers(0, 9), min_size=1, max_size=12),
    cuts=st.lists(st.integers(0, 12), max_size=3),
    tree=st.sampled_from(["balanced", "left", "random"]),
    seed=st.integers(0, 5),
)
def test_levels_of_all_ranks_are_those_of_the_whole_batch(sizes, cuts, tree, seed):
    """The oracle: one process that reduces all sets. Each state names its leaves."""
    bounds = [0, *sorted(min(cut, len(sizes)) for cut in cuts), len(sizes)]
    elements = torch.arange(float(sum(sizes)))[:, None]
    operator = make_operator("sum", channels=1)

    def reduced(begin, end):
        plan = ReductionPlan.from_sizes(sizes[begin:end], tree, seed)
        first = sum(sizes[:begin])
        own = elements[first : first + plan.num_elements] + 0.125
        return levels_by_autograd(plan, operator, own)

    whole = reduced(0, len(sizes))
    parts = [reduced(*pair) for pair in zip(bounds[:-1], bounds[1:], strict=True)]
    for level, states in enumerate(whole.states):
        own = [each.states[level] if level < len(each.states) else elements[:0] for each in parts]
        pieces = [((0, len(x)),) for x in own]
        if level:
            of_ranks = [each.plan.pieces for each in parts]
            pieces = [each[level] if level < len(each) else () for each in of_ranks]
        shared = SharedLevel.of_pieces(own[0], pieces)
        assert shared.size == len(states)
        ranks, rows = shared.find(torch.arange(len(states)))
        found = [float(own[rank][row]) for rank, row in zip(ranks, rows, strict=True)]
        assert found == states.flatten().tolist()


def test_what_does_not_fit_is_said():
    x, edge_index = torch.ones(4, 1), torch.tensor([[0, 2], [1, 3]])
    facts = {"ptr": torch.tensor([0, 2, 4]), "batch": torch.tensor([0, 0, 1, 1])}
    batch = Batch(x=x, edge_index=edge_index, y=torch.ones(2, 1), **facts)
    share, owners = share_of(batch, Counted(1, 2))
    assert share.edge_index.tolist() == [[0], [1]]
    assert owners.tolist() == [0, 1]
    with pytest.raises(ValueError, match="batch_size ≥ 3, a set for each rank, got 2"):
        share_of(batch, Counted(0, 3))
    batch.strange = torch.ones(7)
    with pytest.raises(ValueError, match=r"got strange of shape \(7,\).*one process alone"):
        share_of(batch, Counted(0, 2))


# The command


def test_one_process_of_torchrun_is_as_without(monkeypatch, capsys):
    monkeypatch.setenv("WORLD_SIZE", "1")
    assert train.main(["steps=1", "channels=4", "batch_size=4", "eval_splits=none"]) == 0
    assert "shared" not in capsys.readouterr().out
