import itertools
import math

import networkx as nx
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lcm_core import (
    TREE_NAMES,
    Operator,
    ReductionPlan,
    Tree,
    make_operator,
    make_tree,
    operator_names,
    reduce,
    trace,
)
from lcm_core.reduction.ragged import make_plan
from tests.oracles import equal, ptr_of, reduce_sets
from tests.paths import PATHS

ON_EVERY_PATH = [
    *((name, "operator") for name in operator_names()),
    *(("symmetrized_gru", path) for path in PATHS if path != "operator"),
]
EXACT = [name for name in operator_names() if make_operator(name, 1).associative]
ragged = st.lists(st.integers(0, 20), min_size=0, max_size=12)


def operator_and_states(name, n, channels=3, seed=0, dtype=torch.float64):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        operator = make_operator(name, channels).to(dtype)
        return operator, operator.lift(torch.randn(n, channels, dtype=dtype)).detach()


def filled(name, sizes):
    """Without the empty sets, for an operator that has no identity."""
    return sizes if make_operator(name, 1).identity is not None else [n for n in sizes if n]


class Counting(Operator):
    """A sum that counts its calls and the pairs it combines."""

    def __init__(self, channels):
        super().__init__(channels, identity=0.0)
        self.calls = self.pairs = 0

    def forward(self, left, right):
        self.calls, self.pairs = self.calls + 1, self.pairs + len(left)
        return left + right


@pytest.mark.parametrize("tree", TREE_NAMES)
@pytest.mark.parametrize(("name", "path"), ON_EVERY_PATH, indirect=["path"])
@given(sizes=ragged, seed=st.integers(0, 99))
def test_reduce_is_the_fold_of_every_set_by_its_tree(name, path, tree, sizes, seed):
    sizes = filled(name, sizes)
    op, x = operator_and_states(name, sum(sizes), seed=seed)
    got = reduce(op, x, ptr_of(sizes), tree=tree, seed=seed)
    if not sizes:
        assert got.shape == (0, op.state_dim)
        return
    want = reduce_sets(op, x, sizes, lambda n: make_tree(tree, n, seed))
    assert equal(got, want, atol=1e-12)


@pytest.mark.parametrize("name", EXACT)
@given(n=st.integers(1, 9), seed=st.integers(0, 999))
def test_every_tree_over_every_order_agrees_for_exact_monoids(name, n, seed):
    op, x = operator_and_states(name, n, seed=seed)
    order = torch.randperm(n, generator=torch.Generator().manual_seed(seed))
    want = reduce(op, x)
    for tree in TREE_NAMES:
        assert equal(reduce(op, x[order], tree=tree, seed=seed), want, atol=1e-12)


@pytest.mark.parametrize("name", EXACT)
def test_all_orders_and_all_bracketings_of_four_agree_for_exact_monoids(name):
    op, x = operator_and_states(name, 4)
    shapes = {make_tree("random", 4, seed) for seed in range(100)}
    assert len(shapes) == 5
    want = reduce(op, x)
    for order in itertools.permutations(range(4)):
        for tree in shapes:
            assert equal(reduce(op, x[list(order)], tree=tree), want, atol=1e-12)


@pytest.mark.parametrize(("name", "path"), ON_EVERY_PATH, indirect=["path"])
def test_a_sets_result_is_the_same_alone_and_in_any_batch(name, path):
    """Sizes 0, 1, 2, odd ones, and one of 10,000 beside ones of 1, in float32."""
    sizes = filled(name, [1, 0, 2, 3, 1, 10_000, 7, 0, 1, 16, 1])
    op, x = operator_and_states(name, sum(sizes), channels=4, dtype=torch.float32)
    ptr = ptr_of(sizes)
    together = reduce(op, x, ptr)
    for b, n in enumerate(sizes):
        alone = reduce(op, x[ptr[b] : ptr[b + 1]], torch.tensor([0, n]))
        assert equal(alone[0], together[b], atol=1e-6, rtol=1e-6), (b, n)


@pytest.mark.parametrize(("name", "path"), ON_EVERY_PATH, indirect=["path"])
def test_gradients_are_the_same_alone_and_in_any_batch(name, path):
    sizes = filled(name, [1, 0, 2, 3, 1, 10_000, 7, 1, 16])
    op, x = operator_and_states(name, sum(sizes), channels=4)
    ptr, x = ptr_of(sizes), x.requires_grad_()
    weights = torch.randn(len(sizes), op.out_channels, dtype=x.dtype)
    (together,) = torch.autograd.grad((op.lower(reduce(op, x, ptr)) * weights).sum(), x)
    assert together.isfinite().all()
    for b in range(len(sizes)):
        rows = x[ptr[b] : ptr[b + 1]].detach().requires_grad_()
        alone = op.lower(reduce(op, rows, torch.tensor([0, len(rows)])))
        if alone.requires_grad and len(rows):
            (want,) = torch.autograd.grad((alone[0] * weights[b]).sum(), rows)
            assert equal(together[ptr[b] : ptr[b + 1]], want, atol=1e-9, rtol=1e-9), b


@pytest.mark.parametrize("tree", TREE_NAMES)
@pytest.mark.parametrize(("name", "path"), ON_EVERY_PATH, indirect=["path"])
def test_gradcheck(name, path, tree):
    sizes = filled(name, [3, 0, 1, 5, 2])
    op, _ = operator_and_states(name, 0, channels=2)
    elements = torch.randn(sum(sizes), 2, dtype=torch.float64, requires_grad=True)

    def results(elements, *parameters):
        return op.lower(reduce(op, op.lift(elements), ptr_of(sizes), tree=tree))

    many = sum(p.numel() for p in op.parameters()) > 40  # then along random directions
    assert torch.autograd.gradcheck(results, (elements, *op.parameters()), fast_mode=many)


@pytest.mark.parametrize(("name", "path"), ON_EVERY_PATH, indirect=["path"])
@given(sizes=ragged, seed=st.integers(0, 99))
def test_an_index_in_any_order_is_sorted_stably(name, path, sizes, seed):
    sizes = filled(name, sizes)
    op, x = operator_and_states(name, sum(sizes), seed=seed)
    index = torch.repeat_interleave(torch.arange(len(sizes)), torch.tensor(sizes, dtype=torch.long))
    # any order in which the elements of each set keep theirs
    shuffled = index[torch.randperm(len(x), generator=torch.Generator().manual_seed(seed))]
    rows = torch.empty(len(x), dtype=torch.long)
    for b in range(len(sizes)):
        rows[shuffled == b] = torch.arange(len(x))[index == b]
    x = x.requires_grad_()
    got = reduce(op, x[rows], index=shuffled, num_sets=len(sizes))
    assert equal(got, reduce(op, x, ptr_of(sizes)), atol=1e-13)
    if len(x):
        scattered = x[rows].detach().requires_grad_()
        out = op.lower(reduce(op, scattered, index=shuffled, num_sets=len(sizes)))
        weights = torch.randn_like(out)
        (mine,) = torch.autograd.grad((out * weights).sum(), scattered)
        want_out = op.lower(reduce(op, x, ptr_of(sizes)))
        (want,) = torch.autograd.grad((want_out * weights).sum(), x)
        assert equal(mine, want[rows], atol=1e-12)


def test_num_sets_defaults_to_the_largest_index_and_may_be_more():
    op, x = operator_and_states("sum", 3, channels=1)
    index = torch.tensor([2, 0, 2])
    assert reduce(op, x, index=index).shape == (3, 1)
    more = reduce(op, x, index=index, num_sets=5)
    assert equal(
        more[:, 0], torch.stack([x[1, 0], x[0, 0] * 0, x[0, 0] + x[2, 0], *[x[0, 0] * 0] * 2])
    )


@given(sizes=st.lists(st.integers(0, 300), min_size=1, max_size=30))
def test_calls_equal_the_depth_of_the_largest_set_and_pairs_are_n_minus_b(sizes):
    counting = Counting(1)
    reduce(counting, torch.zeros(sum(sizes), 1), ptr_of(sizes))
    largest = max(sizes)
    assert counting.calls == (math.ceil(math.log2(largest)) if largest else 0)
    assert counting.pairs == sum(n - 1 for n in sizes if n)


@pytest.mark.parametrize(("tree", "calls"), [("left", 12), ("right", 12), ("balanced", 4)])
def test_calls_of_each_tree(tree, calls):
    counting = Counting(3)
    reduce(counting, torch.zeros(20, 3), ptr_of([13, 7]), tree=tree)
    assert (counting.calls, counting.pairs) == (calls, 18)


def test_one_set_of_131072_takes_17_calls():
    assert ReductionPlan.from_sizes([131_072]).depth == 17


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize(("name", "path"), ON_EVERY_PATH, indirect=["path"])
@given(n=st.integers(1, 40), tree=st.sampled_from(TREE_NAMES), seed=st.integers(0, 99))
def test_trace_equals_reduce_bit_for_bit(name, path, dtype, n, tree, seed):
    op, x = operator_and_states(name, n, seed=seed, dtype=dtype)
    graph = trace(op, x, tree, seed)
    root = graph.graph["root"]
    assert torch.equal(graph.nodes[root]["state"], reduce(op, x, tree=tree, seed=seed)[0])
    assert graph.graph["depth"] == graph.graph["calls"] == make_tree(tree, n, seed).depth


def test_trace_is_the_tree_with_every_state():
    op, x = operator_and_states("symmetrized_gru", 7)
    graph = trace(op, x)
    tree = graph.graph["tree"]
    assert tree == make_tree("balanced", 7)
    assert nx.is_arborescence(graph)
    assert list(graph) == list(range(13))
    for node, facts in graph.nodes(data=True):
        assert facts["height"] == tree.heights[node]
        assert facts["leaf"] == (node < 7)
        if node < 7:
            assert torch.equal(facts["state"], x[node])
        else:
            left, right = tree.children[node - 7].tolist()
            assert graph.edges[node, left]["side"] == "left"
            assert graph.edges[node, right]["side"] == "right"
            pair = [graph.nodes[child]["state"][None] for child in (left, right)]
            assert equal(facts["state"], op(*pair)[0], atol=1e-13)


def test_trace_of_nothing_is_the_identity():
    op = make_operator("max", 2)
    graph = trace(op, torch.zeros(0, 2))
    assert graph.number_of_nodes() == 1
    assert torch.equal(graph.nodes[0]["state"], op.identity)


def test_an_explicit_tree_or_a_bracketing_is_followed():
    op, x = operator_and_states("gru", 4)
    a, b, c, d = x.split(1)
    want = op(op(b, a), op(d, c))
    for tree in ("((b a)(d c))", "((1 0)(3 2))", Tree.parse("((b a)(d c))")):
        assert equal(reduce(op, x, tree=tree), want, atol=1e-14)


def test_a_plan_can_be_used_again():
    sizes = [3, 0, 5, 1]
    plan = ReductionPlan.from_sizes(sizes)
    for name in ("sum", "symmetrized_gru"):
        op, x = operator_and_states(name, 9)
        assert torch.equal(reduce(op, x, plan=plan), reduce(op, x, ptr_of(sizes)))


def test_a_plan_of_inference_mode_can_be_used_for_training():
    op, x = operator_and_states("gru", 9)
    with torch.inference_mode():
        made = make_plan(x, torch.tensor([0, 2, 5, 9]))
        given = ReductionPlan.from_sizes([2, 3, 4])
        want = [reduce(op, x, plan=plan) for plan in (made, given)]
    for plan, result in zip((made, given), want, strict=True):
        again = reduce(op, x.requires_grad_(), plan=plan)
        again.sum().backward()
        assert torch.equal(again, result)


def test_infinite_identities_are_elements_like_others():
    op = make_operator("max", 2)
    x = torch.stack([op.identity, torch.tensor([1.0, 2.0]), op.identity])
    assert reduce(op, x, torch.tensor([0, 2, 3])).tolist() == [[1.0, 2.0], [-torch.inf] * 2]


@pytest.mark.usefixtures("unchecked")
class TestBadInput:
    @pytest.fixture
    def op(self):
        return make_operator("symmetrized_gru", 4)

    @pytest.mark.parametrize(
        ("ptr", "message"),
        [
            ([1, 6], r"ptr to begin with 0, got \[1, 6\]"),
            ([], r"ptr to begin with 0, got \[\]"),
            ([0, 4, 2, 6], r"not to decrease, got ptr\[1\] = 4 and ptr\[2\] = 2"),
            ([0, 7], "ptr to end with N = 6, the rows of x, got 7"),
            ([0, 5], "ptr to end with N = 6, the rows of x, got 5"),
        ],
    )
    def test_ptr(self, op, ptr, message):
        with pytest.raises(ValueError, match=message):
            reduce(op, torch.randn(6, 4), torch.tensor(ptr, dtype=torch.long))

    @pytest.mark.parametrize(
        ("index", "num_sets", "message"),
        [
            ([0, 0, -1], None, r"not to be negative, got index\[2\] = -1"),
            ([0, 3, 1], 3, r"below num_sets = 3, got index\[1\] = 3"),
            ([0, 1], None, r"index of shape \(3,\).*got \(2,\)"),
        ],
    )
    def test_index(self, op, index, num_sets, message):
        with pytest.raises(ValueError, match=message):
            reduce(op, torch.randn(3, 4), index=torch.tensor(index), num_sets=num_sets)

    @pytest.mark.parametrize("shape", [(6, 5), (6,), (2, 3, 4)])
    def test_width_and_rank(self, op, shape):
        with pytest.raises(ValueError, match=r"expected x of shape \(N, d\) with d = 4, got"):
            reduce(op, torch.randn(shape), torch.tensor([0, shape[0]]))

    def test_integers(self, op):
        with pytest.raises(TypeError, match=r"x of a floating dtype, got torch.int64"):
            reduce(op, torch.ones(6, 4, dtype=torch.long), torch.tensor([0, 6]))

    def test_mixed_dtypes(self, op):
        with pytest.raises(TypeError, match=r"x is torch.float64, and the parameters .*float32"):
            reduce(op, torch.ones(6, 4, dtype=torch.double), torch.tensor([0, 6]))

    @pytest.mark.parametrize("what", ["ptr", "index"])
    def test_floating_places(self, op, what):
        with pytest.raises(TypeError, match=f"{what} of an integer dtype, got torch.float32"):
            reduce(op, torch.ones(6, 4), **{what: torch.zeros(6)})

    @pytest.mark.parametrize("what", ["ptr", "index"])
    def test_devices(self, op, what):
        places = torch.zeros(6, dtype=torch.long, device="meta")
        with pytest.raises(ValueError, match=f"x is on cpu, and {what} on meta"):
            reduce(op, torch.ones(6, 4), **{what: places})

    def test_parameters_on_another_device(self, op):
        with pytest.raises(ValueError, match="x is on meta, and the parameters"):
            reduce(op, torch.ones(6, 4, device="meta"))

    def test_places_of_two_dimensions(self, op):
        with pytest.raises(ValueError, match="ptr with one dimension"):
            reduce(op, torch.ones(6, 4), torch.tensor([[0, 6]]))

    def test_empty_set_without_identity(self):
        op = make_operator("gru", 4)
        with pytest.raises(ValueError, match="1 of 3 sets are empty, and 'gru' has no identity"):
            reduce(op, torch.randn(6, 4), torch.tensor([0, 2, 2, 6]))
        with pytest.raises(ValueError, match="has no identity"):
            trace(op, torch.randn(0, 4))

    @pytest.mark.parametrize("value", [torch.nan, torch.inf, -torch.inf])
    def test_elements_that_are_not_finite_are_named(self, op, value):
        x = torch.randn(6, 4)
        x[3, 2] = x[5, 0] = value
        with pytest.raises(ValueError, match=rf"got {value} at x\[3, 2\] \(2 of 6 rows .*: 3, 5\)"):
            reduce(op, x, torch.tensor([0, 6]))

    def test_an_infinity_that_is_not_the_identity_is_named(self):
        with pytest.raises(ValueError, match=r"got inf at x\[0, 1\]"):
            reduce(make_operator("max", 2), torch.tensor([[0.0, torch.inf]]))

    def test_unknown_tree(self, op):
        with pytest.raises(ValueError, match="unknown tree 'balance': did you mean 'balanced'"):
            reduce(op, torch.randn(6, 4), tree="balance")

    def test_a_tree_of_another_size(self, op):
        for tree in ("((a b) c)", make_tree("left", 3)):
            with pytest.raises(ValueError, match="the tree has 3 leaves, and a set 6 elements"):
                reduce(op, torch.randn(6, 4), tree=tree)

    @pytest.mark.parametrize("tree", ["((a b)(a c))", "((0 1) 3)"])
    def test_a_bracketing_with_a_leaf_twice_or_missing(self, op, tree):
        with pytest.raises(ValueError, match="leaf"):
            reduce(op, torch.randn(4, 4), tree=tree)

    def test_both_or_too_many_ways_to_say_the_sets(self, op):
        x, ptr = torch.randn(6, 4), torch.tensor([0, 6])
        with pytest.raises(ValueError, match="ptr or index, got both"):
            reduce(op, x, ptr, index=torch.zeros(6, dtype=torch.long))
        with pytest.raises(ValueError, match="num_sets goes with index"):
            reduce(op, x, ptr, num_sets=1)

    def test_an_operator_whose_states_change_shape_is_named(self):
        class Shrinks(Operator):
            name = "shrinks"

            def forward(self, left, right):
                return (left + right).mean(-1, keepdim=True)

        with pytest.raises(ValueError, match=r"'shrinks' to give states .* \(1, 4\), got \(1, 1\)"):
            reduce(Shrinks(4), torch.randn(2, 4))

    def test_a_negative_number_of_sets(self, op):
        with pytest.raises(ValueError, match="num_sets ≥ 0, got -1"):
            reduce(op, torch.randn(0, 4), index=torch.zeros(0, dtype=torch.long), num_sets=-1)

    def test_an_identity_on_another_device(self):
        op = make_operator("sum", 2)
        with pytest.raises(ValueError, match="the identity of 'sum' is on cpu"):
            reduce(
                op,
                torch.ones(0, 2, device="meta"),
                plan=ReductionPlan.from_sizes([0], device="meta"),
            )

    def test_what_is_not_finite_is_named_with_a_plan_too(self, op):
        x = torch.randn(6, 4)
        x[4, 1] = torch.nan
        with pytest.raises(ValueError, match=r"got nan at x\[4, 1\]"):
            reduce(op, x, plan=ReductionPlan.from_sizes([6]))

    def test_a_plan_of_other_sizes(self, op):
        with pytest.raises(ValueError, match="the plan says the sets itself"):
            reduce(op, torch.randn(6, 4), torch.tensor([0, 6]), plan=ReductionPlan.from_sizes([6]))
        with pytest.raises(ValueError, match="the plan is for 5 elements"):
            reduce(op, torch.randn(6, 4), plan=ReductionPlan.from_sizes([5]))
        with pytest.raises(ValueError, match="none negative"):
            ReductionPlan.from_sizes([3, -1])
