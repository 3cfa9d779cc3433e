"""Streams: one set in chunks, by the balanced tree; `Running`, which merges and travels."""

import math
import pickle
import subprocess
import sys

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lcm_core import make_operator, make_tree, operator_names, reduce
from lcm_core.distributed import Running, reduce_stream
from lcm_core.distributed.streams import aligned_blocks
from tests.oracles import equal, fold_tree

WIDTH = 4
#: They act entry by entry: the same bits whatever is computed at once.
BITWISE = ("sum", "mean", "formula(2*x-y)")

sizes_of_chunks = st.lists(st.integers(0, 40), max_size=8)


def states_of(name, n, dtype=torch.float32, seed=0):
    torch.manual_seed(seed)
    operator = make_operator(name, channels=WIDTH).to(dtype)
    with torch.no_grad():
        return operator, operator.lift(torch.randn(n, WIDTH, dtype=dtype))


@pytest.fixture
def small_blocks(monkeypatch):
    """All branches run on sets of a few elements."""
    monkeypatch.setattr("lcm_core.distributed.streams.LARGE", 4)
    monkeypatch.setattr("lcm_core.distributed.streams.AT_ONCE", 24 * WIDTH)


# Streams ----------------------------------------------------------------------------------------


@given(start=st.integers(0, 500), count=st.integers(0, 500))
def test_blocks_are_aligned_and_few(start, count):
    blocks = list(aligned_blocks(start, start + count))
    covered = [p for level, k in blocks for p in range(k << level, (k + 1) << level)]
    assert covered == list(range(start, start + count))
    assert len(blocks) <= 2 * math.log2(count + 1) + 1


@pytest.mark.parametrize("name", BITWISE)
@settings(max_examples=8)
@given(sizes=sizes_of_chunks)
def test_a_stream_is_the_balanced_tree_bit_for_bit(name, sizes, small_blocks):
    operator, x = states_of(name, sum(sizes), torch.float64)
    if sum(sizes) == 0:
        return
    streamed = reduce_stream(operator, x.split(sizes))
    assert torch.equal(streamed, reduce(operator, x))
    assert torch.equal(streamed[0], fold_tree(operator, x, make_tree("balanced", len(x))))


@pytest.mark.parametrize("name", operator_names())
def test_every_operator_is_streamed_up_to_rounding(name, small_blocks):
    for sizes in ([37], [1, 0, 36], [8, 8, 16, 5], [13, 11, 13]):
        operator, x = states_of(name, 37)
        with torch.no_grad():
            whole = reduce(operator, x)
        assert equal(reduce_stream(operator, x.split(sizes)), whole, atol=1e-6, rtol=1e-6)


def test_chunks_of_the_usual_sizes_reach_the_kernels():
    operator, x = states_of("symmetrized_gru", 40_000)
    whole = reduce(operator, x).detach()
    for size in (40_000, 16_384, 9_999):
        assert equal(reduce_stream(operator, x.split(size)), whole, atol=1e-6)


def test_a_stream_needs_no_gradient_and_leaves_no_graph():
    operator, x = states_of("symmetrized_gru", 50)
    assert not reduce_stream(operator, [x.requires_grad_()]).requires_grad


def test_no_elements_are_the_identity_or_an_error():
    assert reduce_stream(make_operator("max", channels=2), []).tolist() == [[-math.inf] * 2]
    with pytest.raises(ValueError, match="no elements, and 'gru' has no identity"):
        reduce_stream(make_operator("gru", channels=2), [torch.empty(0, 2)])


def test_what_is_wrong_with_a_chunk_is_said(unchecked):
    operator = make_operator("sum", channels=2)
    with pytest.raises(ValueError, match=r"expected x of shape \(N, d\) with d = 2, got \(3, 4\)"):
        reduce_stream(operator, [torch.ones(3, 4)])
    with pytest.raises(ValueError, match=r"got nan at x\[1, 0\]"):
        reduce_stream(operator, [torch.tensor([[1.0, 1.0], [math.nan, 1.0]])])


# Running ----------------------------------------------------------------------------------------


def kept(running):
    return len(running._blocks)


@settings(max_examples=8)
@given(sizes=sizes_of_chunks)
def test_few_states_are_kept(sizes, small_blocks):
    running = Running(make_operator("sum", channels=1))
    for size in sizes:
        running.add(torch.ones(size, 1))
        assert kept(running) == running.count.bit_count()
    assert running.count == sum(sizes)


@settings(max_examples=8)
@given(cuts=st.lists(st.integers(0, 150), max_size=6), order=st.randoms(use_true_random=False))
def test_ranges_merged_in_any_order_are_the_balanced_tree(cuts, order, small_blocks):
    operator, x = states_of("formula(2*x-y)", 150, torch.float64)
    bounds = [0, *sorted(cuts), 150]
    parts = [Running(operator, a).add(x[a:b]) for a, b in zip(bounds, bounds[1:], strict=False)]
    while len(parts) > 1:
        one, other = (parts.pop(order.randrange(len(parts))) for _ in range(2))
        parts.append(one.merge(other))
        assert kept(parts[-1]) <= 7 * 2 * math.log2(150)
    assert torch.equal(parts[0].result(), reduce(operator, x))
    assert parts[0].count == 150


@pytest.mark.parametrize("name", ["mean", "tropical"])
@settings(max_examples=8)
@given(sizes=sizes_of_chunks, order=st.randoms(use_true_random=False))
def test_bags_of_exact_monoids_merge_in_any_order(name, sizes, order):
    operator, x = states_of(name, sum(sizes), torch.float64)
    parts = [Running(operator).add(chunk) for chunk in x.split(sizes)] if sizes else []
    order.shuffle(parts)
    bag = Running(operator)
    for part in parts:
        bag = bag.merge(part)
    assert bag.count == sum(sizes)
    assert kept(bag) == bag.count.bit_count()
    if bag.count:
        assert equal(bag.result(), reduce(operator, x).detach(), atol=1e-12, rtol=1e-12)


def test_a_merged_bag_takes_more_elements():
    operator, x = states_of("sum", 30, torch.float64)
    bag = Running(operator).add(x[:7]).merge(Running(operator).add(x[7:20])).add(x[20:])
    assert kept(bag) == 4
    assert equal(bag.result(), reduce(operator, x), atol=1e-12)


def test_to_merge_changes_neither_part():
    operator, x = states_of("sum", 8)
    a, b = Running(operator).add(x[:3]), Running(operator).add(x[3:])
    before = a.result(), b.result()
    a.merge(b)
    assert torch.equal(a.result(), before[0])
    assert torch.equal(b.result(), before[1])


def test_it_is_pickled_and_goes_on():
    operator, x = states_of("symmetrized_gru", 21)
    running = Running(operator).add(x[:9])
    again = pickle.loads(pickle.dumps(running))
    assert torch.equal(again.add(x[9:]).result(), running.add(x[9:]).result())
    assert repr(again) == "Running(symmetrized_gru, bag, 21 elements)"


def test_what_cannot_be_merged_is_refused():
    operator = make_operator("sum", channels=1)
    ranges = [Running(operator, start).add(torch.ones(4, 1)) for start in (0, 3)]
    with pytest.raises(ValueError, match="both have the elements at positions 3 to 3"):
        ranges[0].merge(ranges[1])
    with pytest.raises(ValueError, match="two bags or two ranges"):
        ranges[0].merge(Running(operator))
    with pytest.raises(ValueError, match="start ≥ 0"):
        Running(operator, -1)


# Dask -------------------------------------------------------------------------------------------

PARTITION = 1000


def partition(start):
    return torch.randn(PARTITION, WIDTH, generator=torch.Generator().manual_seed(start)).double()


def summarise(starts):
    """One Running of the partitions that a worker makes."""
    operator = make_operator("formula(2*x-y)", channels=WIDTH).double()
    return merged([Running(operator, start).add(partition(start)) for start in starts])


def merged(parts):
    first, *others = parts
    for other in others:
        first = first.merge(other)
    return first


def test_it_is_an_aggregation_in_dask():
    """Two processes reduce their partitions, and the parts meet in a tree of Dask's."""
    distributed = pytest.importorskip("distributed")
    bag = pytest.importorskip("dask.bag")
    cluster = distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
    )
    with cluster, distributed.Client(cluster):
        starts = bag.from_sequence(range(0, 24 * PARTITION, PARTITION), npartitions=12)
        whole = starts.reduction(summarise, merged, split_every=3).compute()
    x = torch.cat([partition(start) for start in range(0, 24 * PARTITION, PARTITION)])
    assert torch.equal(whole.result(), reduce(whole.operator, x)), "the bits of one machine"


# Size -------------------------------------------------------------------------------------------

LARGE_STREAM = """
import torch
from lcm_core import make_operator
from lcm_core.distributed import reduce_stream
operator = make_operator("max", channels=1)
n, step = 10**8, 10**6 + 1
chunks = ((torch.arange(i, min(i + step, n)).remainder(7919)[:, None]).float()
          for i in range(0, n, step))
assert reduce_stream(operator, chunks).item() == 7918
[peak] = [line for line in open("/proc/self/status") if line.startswith("VmHWM")]
print(peak.split()[1])
"""


@pytest.mark.slow
def test_a_hundred_million_elements_take_less_than_a_gigabyte():
    done = subprocess.run(
        [sys.executable, "-c", LARGE_STREAM], check=True, capture_output=True, text=True
    )
    assert 1024 * int(done.stdout) < 1e9
