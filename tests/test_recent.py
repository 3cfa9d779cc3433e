"""Plans of recent batches are kept: found again for the same sets, and never for others."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lcm_core import LCMAggregation, make_operator, reduce
from lcm_core.reduction import ragged, recent
from lcm_core.reduction.ragged import RECENT_PLANS, make_plan
from lcm_core.reduction.recent import Recent
from tests.oracles import ptr_of

DEVICES = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]


@pytest.fixture(autouse=True)
def made(monkeypatch):
    """The plans that are made within the test, one after another."""
    RECENT_PLANS.clear()
    plain, plans = ragged._make_plan, []

    def counted(*args, **options):
        plans.append(plain(*args, **options))
        return plans[-1]

    monkeypatch.setattr(ragged, "_make_plan", counted)
    return plans


def index_of(sizes):
    return torch.repeat_interleave(torch.arange(len(sizes)), torch.tensor(sizes, dtype=torch.long))


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("tree", ["balanced", "left", "random", "((0 1) 2)"])
@pytest.mark.parametrize("way", ["ptr", "index", "index alone", "shuffled", "one set"])
def test_a_loop_over_equal_batches_makes_one_plan(made, way, tree, device):
    sizes = [3] if way == "one set" else [3, 3, 0, 3]
    index = index_of(sizes).to(device)
    sets = {
        "ptr": {"ptr": ptr_of(sizes).to(device)},
        "index": {"index": index, "num_sets": len(sizes)},
        "index alone": {"index": index},
        "shuffled": {"index": index.flip(0), "num_sets": len(sizes)},
        "one set": {},
    }[way]
    op = make_operator("sum", 2)
    op.to(device)
    for _ in range(4):
        x = torch.randn(len(index), 2, device=device)
        copies = {k: v.clone() if isinstance(v, torch.Tensor) else v for k, v in sets.items()}
        reduce(op, x, tree=tree, seed=len(made), **copies)
        assert len(made) == 1 or tree == "random"
    assert len(made) == (4 if tree == "random" else 1)


def test_the_seed_matters_to_the_random_tree_alone(made):
    x, ptr = torch.randn(6, 2), ptr_of([2, 4])
    for tree in ("balanced", "random", "left"):
        for seed in (0, 1, 0, 1):
            make_plan(x, ptr, tree=tree, seed=seed)
    assert len(made) == 1 + 2 + 1


sizes_of_batches = st.lists(
    st.tuples(st.permutations([0, 1, 2, 2, 5]), st.sampled_from(["ptr", "index", "shuffled"])),
    min_size=2,
    max_size=6,
)


@given(batches=sizes_of_batches, seed=st.integers(0, 99), again=st.booleans())
def test_no_batch_gets_the_plan_of_another(batches, seed, again):
    """All have as many elements and sets: only a look at ptr or index can tell them apart."""
    op = make_operator("gru", 3, learn_identity=True).double()
    draw = torch.Generator().manual_seed(seed)
    for sizes, way in batches * (1 + again):
        x, index = torch.randn(10, 3, generator=draw, dtype=torch.float64), index_of(sizes)
        if way == "shuffled":
            index = index[torch.randperm(10, generator=draw)]
        ptr = {"ptr": ptr_of(sizes)} if way == "ptr" else {"index": index, "num_sets": 5}
        got = reduce(op, x, **ptr)
        order = torch.argsort(index, stable=True)
        assert torch.equal(got, reduce(op, x[order], plan=ragged.ReductionPlan.from_sizes(sizes)))


def test_a_caller_may_write_into_what_they_gave(made):
    op, x, ptr = make_operator("sum", 1), torch.ones(6, 1), torch.tensor([0, 2, 6])
    for bound in (2, 5, 2):
        ptr[1] = bound
        assert reduce(op, x, ptr).flatten().tolist() == [bound, 6 - bound]
    assert len(made) == 2


def test_each_call_is_checked():
    op, ptr = make_operator("max", 2), torch.tensor([0, 2, 6])
    reduce(op, torch.ones(6, 2), ptr)
    for value in (torch.nan, torch.inf):
        x = torch.ones(6, 2)
        x[3, 1] = value
        with pytest.raises(ValueError, match=r"got (nan|inf) at x\[3, 1\]"):
            reduce(op, x, ptr)
    x = torch.full((6, 2), -torch.inf)  # the identity
    assert torch.equal(reduce(op, x, ptr), x[:2])
    with pytest.raises(ValueError, match="not to decrease"):
        reduce(op, torch.ones(6, 2), torch.tensor([0, 7, 6]))
    with pytest.raises(ValueError, match="to end with N = 6"):
        reduce(op, torch.ones(6, 2), torch.tensor([0, 2, 5]))


def test_few_plans_of_few_elements_are_kept(monkeypatch):
    store, big = Recent(), recent.ROOM // 2 + 1
    device = torch.device("cpu")
    for k in range(recent.MOST + 5):
        store.recall_by_key(k, 1, device, object)
    assert len(store._kept) == recent.MOST
    first = store.recall_by_key("a", big, device, object)
    assert store.recall_by_key("a", big, device, object) is first
    store.recall_by_key("b", big, device, object)  # there is no room for both
    assert [kept.key[0] for kept in store._kept] == ["b"]
    store.recall_by_key("too many", recent.ROOM + 1, device, object)
    assert store._kept == []


def test_plans_of_sizes_on_the_host_are_kept_too():
    aggregation, cpu = LCMAggregation(4, 4), torch.device("cpu")
    plan = aggregation.plan(torch.tensor([2, 3]), cpu)
    assert aggregation.plan(torch.tensor([2, 3]), cpu) is plan
    assert aggregation.plan(torch.tensor([3, 2]), cpu) is not plan
    assert LCMAggregation(4, 4, tree="left").plan(torch.tensor([2, 3]), cpu) is not plan


def test_threads_get_the_plans_of_their_own_batches():
    op = make_operator("sum", 1)

    def work(k):
        for _ in range(50):
            sizes = [k, 20 - k]
            assert reduce(op, torch.ones(20, 1), ptr_of(sizes)).flatten().tolist() == sizes

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(1, 17)))


def test_a_plan_made_under_a_transform_serves_outside_of_it_and_back(made):
    op, x, ptr = make_operator("symmetrized_gru", 3), torch.randn(6, 3), ptr_of([2, 4])

    def loss(x):
        return reduce(op, x, ptr).square().sum()

    transformed = torch.func.grad(loss)(x)
    (plain,) = torch.autograd.grad(loss(x.requires_grad_()), x)
    assert torch.allclose(transformed, plain, atol=1e-6)
    assert torch.equal(torch.func.grad(loss)(x), transformed)
    assert len(made) == 1
