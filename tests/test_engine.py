"""What the engine promises beside right results: how many operations, copies, and which path."""

import math
import os
import re
import shutil
import subprocess
import sys
import warnings
from collections import Counter
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.utils._python_dispatch import TorchDispatchMode

from lcm_core import (
    LCMAggregation,
    Operator,
    ReductionPlan,
    make_operator,
    make_tree,
    operator_names,
    reduce,
    use_kernels,
)
from lcm_core.operators import GRU, SymmetrizedGRU
from lcm_core.reduction import engine, paths, permutation
from lcm_core.reduction.ragged import RECENT_PLANS, make_plan
from tests.oracles import equal, ptr_of, reduce_sets
from tests.paths import PATHS

EVERY_PATH = pytest.mark.parametrize("path", PATHS, indirect=True)
SIZES = [3, 0, 7, 1, 16, 2, 5, 12]


def gru(channels=4, dtype=torch.float64, seed=0):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return make_operator("symmetrized_gru", channels).to(dtype)


def states(n, channels=4, dtype=torch.float64, seed=0):
    return torch.randn(
        n, channels, dtype=dtype, generator=torch.Generator().manual_seed(seed)
    ).requires_grad_()


def gradients(operator, x, results):
    weights = torch.linspace(-1, 1, results.numel(), dtype=results.dtype).view_as(results)
    wanted = (x, *operator.parameters())
    found = torch.autograd.grad((results * weights).sum(), wanted, allow_unused=True)
    return [torch.zeros_like(w) if f is None else f for w, f in zip(wanted, found, strict=True)]


class Operations(TorchDispatchMode):
    """Counts the tensor operations within, views aside: what a GPU would launch."""

    def __init__(self):
        super().__init__()
        self.counts = Counter()

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        if not any(a.alias_info and not a.alias_info.is_write for a in function._schema.arguments):
            self.counts[function.overloadpacket.__name__] += 1
        return function(*args, **(kwargs or {}))

    def __len__(self):
        return self.counts.total()


# Right on every path ----------------------------------------------------------------------------


@EVERY_PATH
@pytest.mark.parametrize("sizes", [[16] * 6, [6] * 5, [1] * 4, [0, 0], [], [37], SIZES])
def test_equal_sizes_one_set_and_ragged_ones_are_folds_of_each_set(path, sizes):
    op, x = gru(), states(sum(sizes))
    got = reduce(op, x, ptr_of(sizes))
    if not sizes:
        assert got.shape == (0, 4)
        return
    want = reduce_sets(op, x, sizes, lambda n: make_tree("balanced", n))
    assert equal(got, want, atol=1e-12)
    if sum(sizes):
        for ours, theirs in zip(gradients(op, x, got), gradients(op, x, want), strict=True):
            assert equal(ours, theirs, atol=1e-11)


@EVERY_PATH
def test_dimensions_between_n_and_the_features_are_sets_of_their_own(path):
    op = gru()
    aggregate = LCMAggregation(4, 4, project=False, operator=op)
    x = states(sum(SIZES) * 3).detach().view(-1, 3, 4).requires_grad_()
    got = aggregate(x, ptr=ptr_of(SIZES), dim=0)
    want = torch.stack([reduce(op, x[:, k], ptr_of(SIZES)) for k in range(3)], 1)
    assert equal(got, want, atol=1e-12)
    (ours,), (theirs,) = (torch.autograd.grad(v.square().sum(), x) for v in (got, want))
    assert equal(ours, theirs, atol=1e-11)


@EVERY_PATH
def test_a_gradient_can_be_differentiated_again(path):
    op, x = gru(2), states(11, 2)

    def results(x, *parameters):
        return reduce(op, x, ptr_of([3, 0, 5, 1, 2]))

    assert torch.autograd.gradgradcheck(results, (x, *op.parameters()))


@EVERY_PATH
def test_gradients_of_states_that_were_recorded_are_the_same(path):
    """A regulariser speaks of all states, and of the results at once."""
    op, x = gru(), states(sum(SIZES))
    aggregate = LCMAggregation(4, 4, project=False, operator=op)

    def everything():
        with aggregate.recording() as recorded:
            result = aggregate(x, ptr=ptr_of(SIZES))
        level = [states.square().sum() for states in recorded[0].states]
        return result.sum() + sum(level, start=torch.zeros((), dtype=x.dtype)), level[2]

    for way in (0, 1):  # results and states; states alone
        ours = torch.autograd.grad(everything()[way], (x, *op.parameters()), allow_unused=True)
        with use_kernels(False):
            want = torch.autograd.grad(everything()[way], (x, *op.parameters()), allow_unused=True)
        for a, b in zip(ours, want, strict=True):
            assert (a is None and b is None) or equal(a, b, atol=1e-11)


@EVERY_PATH
def test_the_way_back_can_be_gone_twice_and_frozen_parameters_need_none(path):
    op, x = gru(), states(sum(SIZES))
    loss = reduce(op, x, ptr_of(SIZES)).square().sum()
    first, second = (torch.autograd.grad(loss, x, retain_graph=True)[0] for _ in range(2))
    assert torch.equal(first, second)
    op.requires_grad_(False)
    (frozen,) = torch.autograd.grad(reduce(op, x, ptr_of(SIZES)).square().sum(), x)
    assert equal(frozen, first, atol=1e-13)


@EVERY_PATH
def test_frozen_parameters_need_no_second_derivative_either(path):
    op, x = gru(), states(sum(SIZES))

    def second():
        (first,) = torch.autograd.grad(
            reduce(op, x, ptr_of(SIZES)).square().sum(), x, create_graph=True
        )
        return torch.autograd.grad(first.square().sum(), x)[0]

    wanted = second()
    op.requires_grad_(False)
    assert equal(second(), wanted, atol=1e-11)


@EVERY_PATH
def test_autocast_computes_in_low_precision_and_keeps_the_dtype_of_x(path):
    op, x = gru(16, torch.float32), states(sum(SIZES), 16, torch.float32)
    want = reduce(op, x, ptr_of(SIZES))
    exact = gradients(op, x, want)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        got = reduce(op, x, ptr_of(SIZES))
    assert got.dtype == torch.float32
    assert 1e-5 < (got - want).abs().max() < 0.02  # low, and yet near
    for a, b in zip(gradients(op, x, got), exact, strict=True):
        assert a.dtype == torch.float32
        assert (a - b).abs().max() < 0.05 * b.abs().max()


@pytest.mark.parametrize(
    "backend",
    [
        # The part of the compiler that needs no C++. The fast tests of `test_ordinary_module`
        # compile too.
        pytest.param("aot_eager", marks=pytest.mark.slow),
        pytest.param(
            "inductor",
            marks=[
                pytest.mark.slow,
                pytest.mark.timeout(1800),
                pytest.mark.skipif(not shutil.which("g++"), reason="needs a C++ compiler"),
            ],
        ),
    ],
)
def test_compiled_code_gives_the_same(backend, tmp_path):
    """In a process of its own: the compiler cannot look through the checks of annotations.

    With a cache of its own too: a compiler killed at work leaves half a file in the usual one.
    Without that one, C++ takes up to a minute for each operator.
    """
    command = [sys.executable, "-m", "tests.compiled", backend]
    environment = {**os.environ, "TORCHINDUCTOR_CACHE_DIR": str(tmp_path)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=1500)
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.split() == ["same"] * (len(operator_names()) + 2 + 3)


class TweakedOutside(SymmetrizedGRU):
    def forward(self, left, right):
        return super().forward(left, right) + 1


class TweakedInside(SymmetrizedGRU):
    class Cell(GRU):
        def forward(self, left, right):
            return super().forward(left, right) + 1

    def __init__(self, channels):
        super().__init__(channels)
        self.operator = self.Cell(channels, learn_identity=True)


@pytest.mark.parametrize("tweaked", [TweakedOutside, TweakedInside])
@given(seed=st.integers(0, 99))
def test_an_operator_with_a_definition_of_its_own_does_not_inherit_a_kernel(tweaked, seed):
    op, x = tweaked(4).double(), states(sum(SIZES), seed=seed)
    assert op.kernel is None
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(paths, "FEW", -1)
        got = reduce(op, x, ptr_of(SIZES))
    assert equal(got, reduce_sets(op, x, SIZES, lambda n: make_tree("balanced", n)), atol=1e-12)


# As few operations and copies as promised -------------------------------------------------------


def operations(sizes, kernels, backward=False):
    op, plan = gru(dtype=torch.float32), ReductionPlan.from_sizes(sizes)
    x = states(sum(sizes), dtype=torch.float32)
    with use_kernels(kernels, chunks=False):
        reduce(op, x, plan=plan)  # what a plan finds out once
        with Operations() as counted:
            result = reduce(op, x, plan=plan)
            if backward:
                result.sum().backward()
    return len(counted)


@pytest.mark.parametrize("kernels", [False, True])
@pytest.mark.parametrize("backward", [False, True])
def test_operations_are_a_constant_times_the_depth_whatever_the_number_of_sets(
    monkeypatch, kernels, backward
):
    monkeypatch.setattr(paths, "FEW", -1)
    monkeypatch.setattr(permutation, "SMALL", -1)
    few = [16, 3, 5, 8, 1, 2, 13, 4, 11, 7]
    assert operations(few, kernels, backward) == operations(few * 1000, kernels, backward)
    a_level = {(False, False): 20, (False, True): 60, (True, False): 24, (True, True): 85}
    for depth in (2, 6, 12):
        sizes = [2**depth, 2**depth - 1, 3]
        assert operations(sizes, kernels, backward) <= 40 + depth * a_level[kernels, backward]


def test_a_plan_takes_the_same_number_of_operations_for_any_number_of_sets_of_any_depth():
    def count(sizes):
        x = torch.zeros(sum(sizes), 1)
        index = torch.repeat_interleave(torch.arange(len(sizes)), torch.tensor(sizes))
        RECENT_PLANS.clear()
        with Operations() as counted:
            make_plan(x, None, index, len(sizes))
        return len(counted)

    few = [16, 3, 5, 8, 1, 2, 13, 4, 11, 7]
    assert count(few) == count(few * 1000) == count([*few, 5000])
    assert count(few) < 100


@pytest.mark.parametrize("sizes", [SIZES * 5, [16] * 10, [7] * 3, [37]])
@pytest.mark.parametrize("tree", ["balanced", "left"])
def test_gradients_of_states_are_neither_added_up_nor_sorted(monkeypatch, sizes, tree):
    """As on a GPU: each state's gradient is written once, into memory that nobody fills."""
    monkeypatch.setattr(permutation, "SMALL", -1)

    class Halves(Operator):  # a backward pass without zeros of its own
        def forward(self, left, right):
            return 0.5 * left + 0.5 * right

    op, x = Halves(4, identity=0.0), states(sum(sizes))
    plan = ReductionPlan.from_sizes(sizes, tree)
    weights = torch.randn(len(sizes) - plan.num_empty, 4, dtype=x.dtype)
    run = engine.levels_by_autograd
    run(plan, op, x).roots.backward(weights)  # what a plan finds out once
    x.grad = None
    with Operations() as counted:
        run(plan, op, x).roots.backward(weights)
    sums = {"add", "add_", "index_add", "index_add_", "index_put", "index_put_", "_index_put_impl_"}
    fills = {"zeros", "zeros_like", "new_zeros", "zero_", "fill_", "full", "slice_backward"}
    assert not fills & set(counted.counts), counted.counts
    assert set(counted.counts) & sums <= {"add"}, counted.counts
    assert counted.counts["add"] == plan.depth  # the operator's own
    # Forward: the pieces together, a permutation, and the operator. Backward as many.
    own = 5
    assert len(counted) <= 6 + plan.depth * (own + 2 + 3)


def test_equal_sizes_need_no_gather():
    """Sizes that are powers of two: every operand is a view."""
    x = states(160, dtype=torch.float32)
    for kernels in (False, True):
        with pytest.MonkeyPatch.context() as patch, use_kernels(kernels, chunks=False):
            patch.setattr(paths, "FEW", -1)
            plan = ReductionPlan.from_sizes([16] * 10)
            with Operations() as counted:
                reduce(gru(dtype=torch.float32), x, plan=plan)
        gathers = {"index_select", "index", "gather", "index_copy_", "index_put_"}
        assert not gathers & set(counted.counts)


TO_THE_HOST = ("item", "tolist", "numpy", "cpu", "__bool__", "__int__", "__float__", "__index__")


def test_a_plan_and_a_reduction_copy_to_the_host_once(monkeypatch):
    """What would wait for a GPU: reading a value, and operations whose shape depends on one."""
    aggregate = LCMAggregation(4, 4)
    x = states(sum(SIZES), dtype=torch.float32)
    index = torch.repeat_interleave(torch.arange(len(SIZES)), torch.tensor(SIZES))
    shuffled = index[torch.randperm(len(index), generator=torch.Generator().manual_seed(0))]
    copies = []

    def watch(name):
        plain = getattr(torch.Tensor, name)

        def watched(self, *args, **options):
            copies.append(name)
            return plain(self, *args, **options)

        monkeypatch.setattr(torch.Tensor, name, watched)

    for name in TO_THE_HOST:
        watch(name)
    asking = {"_local_scalar_dense", "nonzero", "masked_select", "unique", "unique_dim", "equal"}
    asking |= {"bincount", "_unique2", "repeat_interleave"}
    size = {"dim_size": len(SIZES)}
    RECENT_PLANS.clear()
    ways = [{"index": index} | size, {"index": shuffled} | size, {"ptr": ptr_of(SIZES)}]
    for way, sets in enumerate([*ways, *ways]):
        copies.clear()
        with Operations() as counted:
            aggregate(x, **sets)
        # The second index is compared with the first one before its plan is made.
        assert copies == ["tolist"] * (2 if way == 1 else 1)
        assert not asking & set(counted.counts)
    copies.clear()
    aggregate(x, index)
    assert copies == ["cpu", "numpy", "tolist"]  # one copy; the others ask what is on the host
    plan = make_plan(x, ptr_of(SIZES))
    copies.clear()
    monkeypatch.setattr(
        torch.Tensor, "__bool__", lambda self: True
    )  # finite: asked on the CPU only
    with Operations() as counted:
        aggregate(x, plan=plan)
    assert copies == []


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_on_a_gpu_the_host_waits_once():
    aggregate, x = LCMAggregation(4, 4).cuda(), states(sum(SIZES), dtype=torch.float32).cuda()
    index = torch.repeat_interleave(torch.arange(len(SIZES)), torch.tensor(SIZES)).cuda()
    aggregate(x, index, dim_size=len(SIZES))
    torch.cuda.set_sync_debug_mode("warn")
    try:
        with warnings.catch_warnings(record=True) as waits:
            warnings.simplefilter("always")
            aggregate(x, index, dim_size=len(SIZES))
    finally:
        torch.cuda.set_sync_debug_mode("default")
    assert len(waits) == 1


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize("name", operator_names())
@pytest.mark.parametrize("tree", ["balanced", "left"])
def test_on_a_gpu_the_host_does_not_wait_for_a_plan_of_sizes_and_its_reduction(name, tree):
    sizes = [n for n in SIZES if n]
    aggregate = LCMAggregation(4, 4, operator=name, tree=tree).cuda()
    x = states(sum(sizes), dtype=torch.float32).cuda().requires_grad_()

    def step(sizes):
        plan = ReductionPlan.from_sizes(sizes, tree, device="cuda")
        aggregate(x, plan=plan).sum().backward()

    step(sizes)
    torch.cuda.set_sync_debug_mode("error")
    try:
        step(sizes[::-1])
    finally:
        torch.cuda.set_sync_debug_mode("default")


def test_what_the_host_makes_goes_to_a_device_by_one_function():
    """`to_device` does not make the host wait; `torch.tensor(…, device=…)` does."""
    waits = re.compile(r"torch\.tensor\([^\n]*device=|from_numpy\([^\n]*\.to\(")
    folder = Path(engine.__file__).parents[1]
    found = [
        f"{path.name}: {line.strip()}"
        for room in ("operators", "reduction", "aggregations")
        for path in sorted((folder / room).rglob("*.py"))
        for line in path.read_text().splitlines()
        if waits.search(line)
    ]
    assert not found


def test_the_longest_chain_of_131072_elements_is_17_calls_and_of_a_fold_131071():
    class Depth(Operator):
        """How long the chain of calls to a state is."""

        def forward(self, left, right):
            return torch.maximum(left, right) + 1

    n = 131_072
    chain = reduce(Depth(1, identity=0.0), torch.zeros(n, 1))
    assert chain.item() == math.log2(n) == 17
    assert ReductionPlan.from_sizes([n], tree="left").depth == n - 1
