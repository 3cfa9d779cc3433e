"""The regulariser of folds, against loops over cells; and folds for which it is 0."""

import pytest
import torch

from lcm_core import FoldAggregation, order_spread
from lcm_core.laws.fold_exchange import draw_exchanges, fold_exchange_error, sire_penalty
from tests.oracles import ptr_of

CELLS = {"gru": torch.nn.GRUCell, "lstm": torch.nn.LSTMCell}


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def double_fold(cell, width=4):
    torch.manual_seed(3)
    return FoldAggregation(3, width, cell=cell).double()


def states_by_cell(fold, rows):
    """One cell, one element after the other: all that it hands on, (state,)."""
    cell = CELLS[fold.cell](fold.in_channels, fold.out_channels).to(rows.dtype)
    cell.load_state_dict({k.removesuffix("_l0"): v for k, v in fold.rnn.state_dict().items()})
    zero = rows.new_zeros(1, fold.out_channels)
    state = zero if fold.cell == "gru" else (zero, zero)
    for row in rows:
        state = cell(row[None], state)
    return state[0] if fold.cell == "gru" else torch.cat(state, 1)[0]


def penalty_by_loops(fold, x, ptr, seed):
    drawn = draw_exchanges(ptr, generator(seed))
    squared, all_states, start = [], [], 0
    for size, (a, b) in zip(drawn.sizes.tolist(), drawn.pairs.tolist(), strict=True):
        prefix = drawn.prefix[start : start + size].tolist()
        start += size
        one, other = (states_by_cell(fold, x[[*prefix, *two]]) for two in ([a, b], [b, a]))
        squared.append(((one - other) ** 2).sum())
        all_states += [one, other]
    stacked = torch.stack(all_states)
    s2 = ((stacked - stacked.mean(0)) ** 2).sum(1).mean()
    return torch.stack(squared).mean() / s2


@pytest.mark.parametrize("cell", CELLS)
def test_it_is_what_loops_over_cells_give(cell):
    fold, sizes = double_fold(cell), [2, 0, 5, 1, 9, 2, 3]
    x, ptr = torch.randn(sum(sizes), 3, dtype=torch.double), ptr_of(sizes)
    for seed in range(5):
        got = sire_penalty(fold, x, ptr, generator(seed))
        assert torch.allclose(got, penalty_by_loops(fold, x, ptr, seed), rtol=1e-10)


def test_prefixes_and_pairs_are_different_elements_of_one_set():
    sizes = [2, 0, 5, 1, 9, 40]
    ptr = ptr_of(sizes)
    set_of = torch.repeat_interleave(torch.arange(6), torch.tensor(sizes))
    lengths = []
    for seed in range(200):
        drawn = draw_exchanges(ptr, generator(seed))
        starts = [0, *drawn.sizes.cumsum(0).tolist()]
        for b, n, k in zip([0, 2, 4, 5], [2, 5, 9, 40], range(4), strict=True):
            rows = [*drawn.prefix[starts[k] : starts[k + 1]].tolist(), *drawn.pairs[k].tolist()]
            assert len(set(rows)) == len(rows) <= n
            assert (set_of[rows] == b).all()
        lengths.append(drawn.sizes.tolist())
    seen = [set(of_one) for of_one in zip(*lengths, strict=True)]
    assert seen[:3] == [{0}, set(range(4)), set(range(8))]
    assert {0, 38} <= seen[3] <= set(range(39))


@pytest.mark.parametrize("cell", CELLS)
def test_its_gradient_is_right_through_the_spread_too(cell):
    fold, sizes = double_fold(cell, width=2), [3, 1, 2]
    x = torch.randn(6, 3, dtype=torch.double, requires_grad=True)
    names, values = zip(*fold.rnn.named_parameters(), strict=True)

    def of(x, *parameters):
        given = {f"rnn.{name}": value for name, value in zip(names, parameters, strict=True)}
        swapped = _Call(fold)
        return torch.func.functional_call(
            swapped, {f"fold.{k}": v for k, v in given.items()}, (x, ptr_of(sizes))
        )

    assert torch.autograd.gradcheck(of, (x, *values))


class _Call(torch.nn.Module):
    def __init__(self, fold):
        super().__init__()
        self.fold = fold

    def forward(self, x, ptr):
        return sire_penalty(self.fold, x, ptr, generator())


def summing_lstm():
    """Gates open whatever comes: the cell state is the sum of tanh(W x) over the elements."""
    fold = FoldAggregation(3, 4, cell="lstm")
    with torch.no_grad():
        fold.rnn.weight_hh_l0.zero_()
        fold.rnn.bias_hh_l0.zero_()
        for gate in (0, 1, 3):  # input, forget, output
            fold.rnn.weight_ih_l0[4 * gate : 4 * gate + 4] = 0
            fold.rnn.bias_ih_l0[4 * gate : 4 * gate + 4] = 100
    return fold


def remembering_gru():
    """Is there an element whose first entry is 1? Such a one sets the state, others leave it."""
    fold = FoldAggregation(3, 4)
    with torch.no_grad():
        for parameter in fold.rnn.parameters():
            parameter.zero_()
        fold.rnn.bias_ih_l0[4:8] = 100  # the update gate keeps the state …
        fold.rnn.weight_ih_l0[4:8, 0] = -200  # … unless the first entry is 1
        fold.rnn.weight_ih_l0[8:, 0] = torch.tensor([1.0, 2.0, -1.0, 0.5])
    return fold


@pytest.mark.parametrize("make", [summing_lstm, remembering_gru])
def test_a_fold_in_which_order_does_not_matter_has_none(make):
    fold, ptr = make(), ptr_of([2, 3, 7, 5])
    x = torch.randn(17, 3)
    x[:, 0] = (torch.arange(17) % 7 == 0).float()
    assert sire_penalty(fold, x, ptr, generator()) < 1e-12
    assert fold_exchange_error(fold, x, ptr).mean < 1e-6
    assert order_spread(fold, x, ptr).mean < 1e-6
    assert fold(x, ptr=ptr).var(0).sum() > 0.01  # and the results are not all the same


@pytest.mark.parametrize("cell", CELLS)
def test_others_have_it_whatever_the_scale_of_their_states(cell):
    fold, ptr = double_fold(cell), ptr_of([4] * 50)
    x = torch.randn(200, 3, dtype=torch.double)
    value = float(sire_penalty(fold, x, ptr, generator()).detach())
    assert value > 0.01
    error = fold_exchange_error(fold, x, ptr)
    assert error.values.shape == (50,)
    assert (error.values**2).mean() == pytest.approx(value)
    with torch.no_grad():
        for name, parameter in fold.rnn.named_parameters():
            if "bias" in name:
                parameter.zero_()
    small = [
        float(sire_penalty(fold, scale * x, ptr, generator()).detach()) for scale in (1e-3, 1e-4)
    ]
    assert small[0] == pytest.approx(small[1], rel=0.01)


def test_sets_of_less_than_two_are_left_out():
    fold, x = double_fold("gru"), torch.randn(3, 3, dtype=torch.double)
    nothing = sire_penalty(fold, x.requires_grad_(), ptr_of([1, 0, 1, 1]), generator())
    nothing.backward()
    assert nothing == 0
    with pytest.raises(ValueError, match="a set of at least 2 elements to exchange, got none"):
        fold_exchange_error(fold, x, ptr_of([1, 0, 1, 1]))


@pytest.mark.parametrize("cell", CELLS)
def test_a_fold_records_what_it_reads_set_after_set(cell):
    fold, x = FoldAggregation(3, 4, cell=cell), torch.randn(5, 3)
    with fold.recording() as recorded:
        out = fold(x, torch.tensor([2, 0, 2, 2, 0]), dim_size=3)
    (sets,) = recorded
    assert torch.equal(sets.x, x[[1, 4, 0, 2, 3]])
    assert sets.ptr.tolist() == [0, 2, 2, 5]
    states = fold.read(sets.x, sets.ptr.diff())
    assert states.shape == (3, fold.state_dim)
    assert torch.equal(states[:, :4], out)
    fold(x)
    assert len(recorded) == 1


@pytest.mark.parametrize("cell", ["gru", "lstm"])
def test_torch_func_differentiates_the_penalty(cell):
    fold, x, ptr = double_fold(cell), torch.randn(9, 3, dtype=torch.double), ptr_of([4, 0, 3, 2])
    leaf = x.clone().requires_grad_()
    (want,) = torch.autograd.grad(sire_penalty(fold, leaf, ptr, generator()), leaf)
    got = torch.func.grad(lambda x: sire_penalty(fold, x, ptr, generator()))(x)
    assert torch.allclose(got, want, atol=1e-10)
