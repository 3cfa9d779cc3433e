"""Reductions over ranks: processes of this machine that gloo joins (`LocalRanks`)."""

import random
import time

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lcm_core import make_operator, make_tree, operator_names, reduce
from lcm_core.distributed import (
    LocalRanks,
    RankError,
    all_reduce,
    messages,
    rounds,
    tree_of_ranks,
)
from lcm_core.distributed.portable import from_bytes, to_bytes
from lcm_core.distributed.schedule import exchanges
from lcm_core.figures import ranks_figure
from tests.on_ranks import (
    differentiated,
    make_groups,
    many_calls,
    misbehaving,
    one_sided,
    reduced,
    sharded,
    sharded_gradients,
    until_it_fails,
)
from tests.oracles import equal, fold_tree

RANKS = (1, 2, 3, 4, 5, 8)
ALL = [(name, size) for size in RANKS for name in operator_names()]
SETS, WIDTH = 5, 8


@pytest.fixture(scope="module")
def ranks():
    with LocalRanks(max(RANKS)) as started:
        started.run(make_groups, RANKS)
        yield started


def operator_and_states(name, size, dtype=torch.float32, seed=0):
    torch.manual_seed(seed)
    operator = make_operator(name, channels=WIDTH).to(dtype)
    with torch.no_grad():
        elements = torch.randn(size, SETS, WIDTH, dtype=dtype)
        return operator, list(operator.lift(elements))


def row_by_row(states):
    """The states of all ranks, set after set."""
    return torch.stack(states, 1).flatten(0, 1)


# The messages -----------------------------------------------------------------------------------


@pytest.mark.parametrize("size", range(1, 34))
def test_the_rounds_are_as_few_as_promised(size):
    log = size.bit_length() - 1
    assert rounds(size) == (log if size == 2**log else log + 2)
    found = messages(size)
    assert {m.number for m in found} == set(range(rounds(size)))
    for number in range(rounds(size)):
        for end in ("source", "target"):
            ranks = [getattr(m, end) for m in found if m.number == number]
            assert len(ranks) == len(set(ranks)), "a rank sends, and receives, one message a round"


@pytest.mark.parametrize("size", range(1, 34))
def test_the_messages_make_the_balanced_tree_on_every_rank(size):
    """Words in place of states: what meets is checked against the bracketing of `make_tree`."""
    names = [str(rank) for rank in range(size)]
    whole = tree_of_ranks(size)
    subtree = {
        (min(leaves), max(leaves) + 1): whole.bracketing(names, node)
        for node, leaves in enumerate(whole.leaves_below)
    }
    holds = [{(rank, rank + 1)} for rank in range(size)]
    for number in range(rounds(size)):
        now = [m for m in messages(size) if m.number == number]
        for m in now:
            assert set(m.blocks) <= holds[m.source], "it sends what it has"
        for m in now:
            holds[m.target] |= set(m.blocks)
        for own in holds:
            grown = True
            while grown:
                grown = False
                for a, b in [(a, b) for a in own for b in own if a[1] == b[0]]:
                    if (a[0], b[1]) in subtree and (a[0], b[1]) not in own:
                        own.add((a[0], b[1]))
                        grown = True
            assert own <= set(subtree), "each block is a subtree"
    assert all((0, size) in own for own in holds)


@pytest.mark.parametrize("size", [2, 3, 5, 6, 7, 8, 12])
def test_both_ends_of_a_message_expect_the_same(size):
    at = {(rank, e.number): e for rank in range(size) for e in exchanges(rank, size)}
    for (rank, number), mine in at.items():
        other = at[mine.partner, number]
        assert (other.partner, other.sends, other.receives) == (rank, mine.receives, mine.sends)


def test_the_figure_says_what_travels():
    figure = ranks_figure(3, messages(3))
    words = {note.text for note in figure.layout.annotations} - {""}
    assert words == {"2", "0, 2", "1", "0–2"}
    assert list(figure.data[0].text) == ["0", "0, 2", "0–2", "0–2"]


# Results ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", RANKS)
def test_every_operator_gives_the_balanced_tree_on_one_machine_and_equal_bits(size, ranks):
    made = [operator_and_states(name, size) for name in operator_names()]
    operators, states = zip(*made, strict=True)
    found = ranks.run(reduced, size, list(operators), list(states))[:size]
    ptr = torch.arange(0, SETS * size + 1, size)
    for k, (operator, of_ranks) in enumerate(made):
        results = [by_operator[k] for by_operator, _ in found]
        assert all(torch.equal(results[0], other) for other in results[1:]), operator.name
        with torch.no_grad():
            here = reduce(operator, row_by_row(of_ranks), ptr)
            again = fold_tree(operator, [x[2] for x in of_ranks], make_tree("balanced", size))
        assert equal(results[0], here, atol=1e-6, rtol=1e-6), operator.name
        assert equal(results[0][2], again, atol=1e-6, rtol=1e-6), operator.name


@pytest.mark.parametrize("size", RANKS)
def test_exact_monoids_give_what_any_tree_gives(size, ranks):
    names = [name for name in operator_names() if make_operator(name, channels=2).associative]
    assert len(names) > 5
    made = [operator_and_states(name, size, torch.float64) for name in names]
    operators, states = zip(*made, strict=True)
    found = ranks.run(reduced, size, list(operators), list(states))[0][0]
    for result, operator, of_ranks in zip(found, operators, states, strict=True):
        for tree in ("left", "right", "random"):
            ptr = torch.arange(0, SETS * size + 1, size)
            with torch.no_grad():
                other = reduce(operator, row_by_row(of_ranks), ptr, tree=tree)
            assert equal(result, other, atol=1e-9, rtol=1e-9), (operator.name, tree)


@pytest.mark.parametrize("tree", ["left", "random"])
def test_another_tree_is_a_switch_and_gathers(tree, ranks):
    size = 5
    operator, states = operator_and_states("symmetrized_gru", size)
    found = ranks.run(reduced, size, [operator], [states], tree)[:size]
    ptr = torch.arange(0, SETS * size + 1, size)
    with torch.no_grad():
        here = reduce(operator, row_by_row(states), ptr, tree=tree)
        fixed = reduce(operator, row_by_row(states), ptr)
    for [result], traffic in found:
        assert equal(result, here, atol=1e-6)
        assert (traffic.rounds, traffic.received) == (size - 1, (size - 1) * SETS * WIDTH)
    assert (here - fixed).abs().max() > 1e-3, "⊕ is not associative, so trees differ"


@pytest.mark.parametrize("size", RANKS)
def test_rounds_and_numbers_are_counted_exactly(size, ranks):
    operator, states = operator_and_states("symmetrized_gru", size)
    weights = [torch.randn(SETS, WIDTH) for _ in range(size)]
    once = ranks.run(reduced, size, [operator], [states])[:size]
    both = ranks.run(differentiated, size, operator, states, weights)[:size]
    gathered = (size - 1) * SETS * WIDTH
    for rank in range(size):
        of_rank = exchanges(rank, size)
        received = sum(e.receives for e in of_rank) * SETS * WIDTH
        sent = sum(e.sends for e in of_rank) * SETS * WIDTH
        traffic = once[rank][1]
        assert (traffic.rounds, traffic.sent, traffic.received) == (len(of_rank), sent, received)
        back = both[rank][-1]
        assert back.rounds == 2 * len(of_rank)
        assert back.sent == back.received == sent + received
        assert traffic.rounds <= rounds(size)
        assert traffic.received <= gathered, "never more than a gather"
        if size in (2, 4, 8):
            assert traffic.received == rounds(size) * SETS * WIDTH


# Gradients --------------------------------------------------------------------------------------


@pytest.mark.parametrize("tree", ["balanced", "left"])
@pytest.mark.parametrize("size", RANKS)
@pytest.mark.parametrize("name", ["symmetrized_gru", "quasi_arithmetic"])
def test_gradients_are_those_of_one_machine(name, size, tree, ranks):
    operator, states = operator_and_states(name, size, torch.float64)
    weights = [torch.randn(SETS, operator.state_dim, dtype=torch.float64) for _ in range(size)]
    found = ranks.run(differentiated, size, operator, states, weights, tree)[:size]

    leaves = [x.clone().requires_grad_() for x in states]
    ptr = torch.arange(0, SETS * size + 1, size)
    result = reduce(operator, row_by_row(leaves), ptr, tree=tree)
    loss = sum((result * weight).sum() for weight in weights)
    parameters = list(operator.parameters())
    needed = [*leaves, *parameters]
    wanted = torch.autograd.grad(loss, needed, allow_unused=True, materialize_grads=True)
    for rank in range(size):
        assert equal(found[rank][1], wanted[rank], atol=1e-12, rtol=1e-10)
    for k, gradient in enumerate(wanted[size:]):
        assert equal(sum(grads[k] for _, _, grads, _ in found), gradient, atol=1e-11, rtol=1e-9)


def test_calls_that_wait_for_their_backward_pass_do_not_mix(ranks):
    size, calls = 4, 3
    operator, states = operator_and_states("symmetrized_gru", size, torch.float64)
    found = ranks.run(many_calls, size, operator, states, calls)
    leaves = [x.clone().requires_grad_() for x in states]
    ptr = torch.arange(0, SETS * size + 1, size)
    for k in range(calls):
        result = reduce(operator, row_by_row([x + k for x in leaves]), ptr)
        (size * (k + 1) * result.sum()).backward()
    assert all(equal(found[r], leaves[r].grad, atol=1e-12, rtol=1e-10) for r in range(size))


# Sets that are spread over ranks ----------------------------------------------------------------


@st.composite
def spread_sets(draw):
    """R, and the set of each element of each rank: empty ranks, empty sets, mixed sizes."""
    size = draw(st.sampled_from(RANKS))
    num_sets = draw(st.integers(1, 6))
    index = [
        draw(st.lists(st.integers(0, num_sets - 1), max_size=draw(st.sampled_from([0, 3, 40]))))
        for _ in range(size)
    ]
    return size, num_sets, index


def over_ranks(operator, parts):
    """The balanced tree over ranks, without those that have None."""
    states = list(parts)
    for left, right in make_tree("balanced", len(parts)).children.tolist():
        both = [state for state in (states[left], states[right]) if state is not None]
        states.append(
            operator(both[0][None], both[1][None])[0] if len(both) == 2 else (both or [None])[0]
        )
    return states[-1]


def spread_on_one_machine(operator, xs, indices, num_sets):
    results = []
    for number in range(num_sets):
        parts = []
        for x, index in zip(xs, indices, strict=True):
            rows = x[index == number]
            n = len(rows)
            parts.append(fold_tree(operator, rows, make_tree("balanced", n)) if n else None)
        found = over_ranks(operator, parts)
        results.append(operator.identity if found is None else found)
    return torch.stack(results)


def shares_of(operator, index, dtype, seed=0):
    torch.manual_seed(seed)
    indices = [torch.tensor(each, dtype=torch.long) for each in index]
    return [torch.randn(len(each), operator.state_dim, dtype=dtype) for each in indices], indices


@given(drawn=spread_sets(), name=st.sampled_from(["symmetrized_gru", "sum", "max", "tropical"]))
def test_spread_sets_give_their_tree_on_one_machine(drawn, name, ranks):
    size, num_sets, index = drawn
    operator = make_operator(name, channels=4).double()
    xs, indices = shares_of(operator, index, torch.float64)
    found = ranks.run(sharded, size, operator, xs, indices, num_sets)[:size]
    with torch.no_grad():
        wanted = spread_on_one_machine(operator, xs, indices, num_sets)
    for result, traffic in found:
        assert torch.equal(result, found[0][0])
        assert traffic.rounds <= rounds(size)
    assert equal(found[0][0], wanted, atol=1e-12, rtol=1e-10)
    if operator.associative:
        with torch.no_grad():
            whole = reduce(
                operator, torch.cat(xs), index=torch.cat(indices), num_sets=num_sets, tree="left"
            )
        assert equal(found[0][0], whole, atol=1e-12, rtol=1e-10)


def test_gradients_of_spread_sets_are_those_of_one_machine(ranks):
    size, num_sets = 5, 4
    index = [[0, 1, 1], [], [1, 0, 0, 0, 2], [2], [1, 1]]  # a rank without elements, set 3 is empty
    operator = make_operator("symmetrized_gru", channels=4).double()
    xs, indices = shares_of(operator, index, torch.float64)
    weights = [torch.randn(num_sets, 4, dtype=torch.float64) for _ in range(size)]
    found = ranks.run(sharded_gradients, size, operator, xs, indices, num_sets, weights)[:size]
    leaves = [x.clone().requires_grad_() for x in xs]
    result = spread_on_one_machine(operator, leaves, indices, num_sets)
    loss = sum((result * weight).sum() for weight in weights)
    wanted = torch.autograd.grad(loss, [*leaves, *operator.parameters()], allow_unused=True)
    for rank in range(size):
        here = torch.zeros_like(xs[rank]) if wanted[rank] is None else wanted[rank]
        assert equal(found[rank][0], here, atol=1e-12, rtol=1e-10)
    for k, gradient in enumerate(wanted[size:]):
        assert equal(sum(grads[k] for _, grads in found), gradient, atol=1e-11, rtol=1e-9)


def test_a_set_that_is_empty_everywhere_needs_an_identity(ranks):
    operator = make_operator("gru", channels=4)
    xs, indices = shares_of(operator, [[0], [0, 0]], torch.float32)
    ranks.start(sharded, 2, operator, xs, indices, 2)
    found = ranks.finish()
    for rank in range(2):
        assert isinstance(found[rank], ValueError)
        assert "1 of 2 sets are empty on all ranks" in str(found[rank])


# What goes wrong --------------------------------------------------------------------------------


def killed_at(moment, count, seed):
    """Kill a rank in the middle of a loop of collectives: who is named, by whom, and how late."""
    culprit = random.Random(seed).randrange(count)
    timeout = 20.0
    with LocalRanks(count) as four:
        four.start(until_it_fails, make_operator("symmetrized_gru", channels=16), timeout)
        time.sleep(moment)
        four.kill(culprit)
        when = time.monotonic()
        found = four.finish(2 * timeout)
    assert isinstance(found.pop(culprit), RuntimeError)
    for named, words, at in found:
        assert named == culprit, words
        assert f"rank {culprit}" in words
        assert at - when < timeout


@pytest.mark.parametrize("seed", range(2))
def test_a_killed_rank_is_named_by_all_others_in_time(seed):
    killed_at(random.Random(seed).uniform(0.0, 0.3), 4, seed)


@pytest.mark.slow
@pytest.mark.parametrize("count", [3, 4])
@pytest.mark.parametrize("seed", range(10))
def test_a_rank_killed_at_ten_moments_is_named_by_all_others_in_time(seed, count):
    killed_at(random.Random(seed).uniform(0.0, 1.0), count, 100 + seed)


def test_a_rank_that_does_not_answer_is_named_in_time():
    operator = make_operator("sum", channels=2)
    with LocalRanks(4) as four:
        found = four.run(misbehaving, operator, 2, [torch.ones(3, 2)] * 4, 8.0, 1.0)
    for rank in (0, 1, 3):
        kind, named, words, seconds = found[rank]
        assert (kind, named) == ("RankError", 2), words
        assert "did not answer in time" in words
        assert seconds < 1.0 + 5.0


def test_an_error_of_one_rank_is_told_to_the_others():
    operator = make_operator("sum", channels=2)
    states = [torch.ones(3, 2)] * 3
    states.insert(1, torch.ones(3, 5))
    with LocalRanks(4) as four:
        found = four.run(misbehaving, operator, 1, states, 0.0, 1.0)
    assert found[1][0] == "ValueError"
    for rank in (0, 2, 3):
        kind, named, words, _ = found[rank]
        assert (kind, named) == ("RankError", 1), words
        assert "expected x of shape (N, d) with d = 2, got (3, 5)" in words


@pytest.mark.parametrize("other", [torch.ones(2, 2), torch.ones(4, 2), torch.ones(3, 2).double()])
def test_states_of_another_shape_are_never_mixed_up(other):
    with LocalRanks(2) as two:
        states = [torch.ones(3, 2), other]
        found = two.run(misbehaving, make_operator("sum", channels=2), 1, states, 0.0, 0.5)
    for kind, _, words, _ in found:
        assert kind == "RankError"
        assert "states of the same shape and dtype" in words


def test_a_rank_without_a_backward_pass_is_named():
    operator, states = operator_and_states("symmetrized_gru", 3)
    with LocalRanks(3) as three:
        found = three.run(one_sided, operator, 1, states, 1.0)
    assert found[1] is None
    assert found[0] == found[2] == 1


def test_without_a_process_group_the_error_says_what_to_do():
    with pytest.raises(RuntimeError, match="torchrun"):
        all_reduce(make_operator("sum", channels=2), torch.ones(1, 2))


def test_errors_of_ranks_can_be_pickled():
    import pickle

    error = pickle.loads(pickle.dumps(RankError(3, "rank 3 is gone")))
    assert (error.rank, str(error)) == (3, "rank 3 is gone")


# Functions of a cell ----------------------------------------------------------------------------


def of_a_cell(source, name):
    scope = {"__name__": "__main__", "torch": torch}
    exec(source, scope)
    return scope[name]


def test_a_function_of_a_cell_travels_with_what_it_uses():
    source = """
SHIFT = 2
def inner(n):
    return 1 if n == 0 else n * inner(n - 1)
def outer(n, times=3):
    return [torch.tensor(inner(n) + SHIFT).item() for _ in range(times)]
"""
    function, arguments = from_bytes(to_bytes(of_a_cell(source, "outer"), (4,)))
    assert function(*arguments) == [26, 26, 26]


def test_what_cannot_travel_is_named():
    function = of_a_cell("import threading\nlock = threading.Lock()\ndef f(): return lock", "f")
    with pytest.raises(ValueError, match="f uses lock"):
        to_bytes(function, ())


def test_a_function_of_a_module_travels_by_its_name():
    assert from_bytes(to_bytes(reduced, (1,))) == (reduced, (1,))
