"""A fast path runs only where nobody can tell it from the definition; operators pickle."""

import copy
import pickle
import subprocess
import sys
import textwrap

import pytest
import torch
from packaging.version import Version
from torch import nn
from torch.nn.utils import parametrize, prune, spectral_norm, weight_norm

from lcm_core import (
    FoldAggregation,
    LCMAggregation,
    ReductionPlan,
    aggregation_names,
    explain_path,
    make_aggregation,
    make_operator,
    make_task,
    make_tree,
    reduce,
    symmetrized,
)
from lcm_core.models.networks import make_model
from lcm_core.operators import GRU, SymmetrizedGRU
from lcm_core.operators.base import operator_examples
from lcm_core.operators.from_function import from_function
from lcm_core.operators.ordinary import transforming, unwrapped
from lcm_core.reduction import paths
from tests.oracles import reduce_sets

SIZES = [3, 7, 1, 16, 2]
PLAN = ReductionPlan.from_sizes(SIZES)
X = torch.randn(sum(SIZES), 4, generator=torch.Generator().manual_seed(0))


def symmetrized_gru():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return make_operator("symmetrized_gru", 4)


def balanced(n):
    return make_tree("balanced", n)


def by_definition(op, x):
    """Set by set and pair by pair, through `Module.__call__`."""
    return reduce_sets(op, x, SIZES, balanced)


# What holds on to an operator, and where --------------------------------------------------------


class Doubled(nn.Module):
    def forward(self, weight):
        return 2 * weight


class Half(nn.GRUCell):
    def forward(self, input, hx=None):
        return 0.5 * super().forward(input, hx)


class HalfGRU(GRU):
    def forward(self, left, right):
        return 0.5 * super().forward(left, right)


class Wrapped(torch.Tensor):
    """A tensor of a class of its own."""


def hook_result(module, arguments, result):
    return 0.5 * result


def hook_arguments(module, arguments):
    return tuple(0.5 * a for a in arguments)


def hook_gradient(module, *gradients):
    return tuple(None if g is None else 0.5 * g for g in gradients[0])


def replace_cell(op):
    op.operator.cell = Half(4, 4)


def replace_operator(op):
    op.operator = HalfGRU(4)


def replace_forward(module):
    plain = module.forward
    module.forward = lambda *states: 0.5 * plain(*states)


def cell_without_bias(op):
    op.operator.cell = nn.GRUCell(4, 4, bias=False)


def wrapped_weight(op):
    cell = op.operator.cell
    cell.weight_ih = nn.Parameter(cell.weight_ih.detach().as_subclass(Wrapped))


def old_spectral_norm(op):
    cell = spectral_norm(op.operator.cell, "weight_ih", n_power_iterations=30)
    cell(X)
    cell.eval()


MODULES = {"the operator": (), "the GRU": ("operator",), "the cell": ("operator", "cell")}
#: What is done to a module, at each of `MODULES`.
HOLDS = {
    "forward hook": lambda m: m.register_forward_hook(hook_result),
    "forward pre-hook": lambda m: m.register_forward_pre_hook(hook_arguments),
    "full backward hook": lambda m: m.register_full_backward_hook(hook_gradient),
    "full backward pre-hook": lambda m: m.register_full_backward_pre_hook(hook_gradient),
    "replaced forward": replace_forward,
}
#: What is done to the operator.
CHANGES = {
    "subclassed cell": replace_cell,
    "subclassed GRU": replace_operator,
    "cell without bias": cell_without_bias,
    "weight of another class": wrapped_weight,
    "parametrize": lambda op: parametrize.register_parametrization(
        op.operator.cell, "weight_hh", Doubled()
    ),
    "prune": lambda op: prune.l1_unstructured(op.operator.cell, "weight_ih", 0.5),
    "weight_norm, old": lambda op: weight_norm(op.operator.cell, "weight_ih"),
    "weight_norm": lambda op: nn.utils.parametrizations.weight_norm(op.operator.cell, "weight_hh"),
    "spectral_norm, old": old_spectral_norm,
    "spectral_norm": lambda op: nn.utils.parametrizations.spectral_norm(
        op.operator.cell, "weight_ih"
    ).eval(),
}


def on_module(hold, names):
    def change(op):
        module = op
        for name in names:
            module = getattr(module, name)
        hold(module)

    return change


for _what, _hold in HOLDS.items():
    for _where, _names in MODULES.items():
        CHANGES[f"{_what} on {_where}"] = on_module(_hold, _names)


@pytest.mark.filterwarnings("ignore:.*weight_norm.*deprecated:FutureWarning")
@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("few", [float("inf"), -1])
def test_whatever_holds_on_to_an_operator_gets_the_definition(change, few, monkeypatch):
    monkeypatch.setattr(paths, "FEW", few)
    op = symmetrized_gru()
    assert explain_path(op, X, plan=PLAN).name == ("combine" if few > 0 else "kernel")
    with torch.random.fork_rng():
        torch.manual_seed(0)
        CHANGES[change](op)
    path = explain_path(op, X, plan=PLAN)
    assert path.name == "definition", path
    x, same = X.clone().requires_grad_(), X.clone().requires_grad_()
    got, want = reduce(op, x, plan=PLAN), by_definition(op, same)
    assert torch.allclose(got, want, atol=1e-6)
    if not any(word in change for word in ("backward", "another class", "weight_norm")):
        assert not torch.allclose(got, reduce(symmetrized_gru(), X, plan=PLAN), atol=1e-3)
    left, right = X[:5], X[5:10]
    assert torch.equal(op.combine(left, right), op(left, right))
    ours, theirs = (
        torch.autograd.grad(result.square().sum(), (to, *op.parameters()), allow_unused=True)
        for result, to in ((got, x), (want, same))
    )
    for a, b in zip(ours, theirs, strict=True):
        assert (a is None and b is None) or torch.allclose(a, b, atol=1e-5)


@pytest.mark.parametrize("cls", [SymmetrizedGRU, GRU, nn.GRUCell])
def test_a_forward_replaced_in_its_class_is_used(cls, monkeypatch):
    op, plain = symmetrized_gru(), cls.forward
    monkeypatch.setattr(cls, "forward", lambda *arguments: 0.5 * plain(*arguments))
    assert explain_path(op, X).name == "definition"
    assert torch.allclose(reduce(op, X, plan=PLAN), by_definition(op, X), atol=1e-6)
    assert torch.equal(op.combine(X, X), op(X, X))


def test_a_hook_for_all_modules_sees_the_cell():
    op, seen = symmetrized_gru(), []
    hook = nn.modules.module.register_module_forward_hook(
        lambda module, *_: seen.append(type(module).__name__)
    )
    try:
        assert explain_path(op, X).why == "there is a hook for all modules"
        reduce(op, X, plan=PLAN)
    finally:
        hook.remove()
    assert {"SymmetrizedGRU", "GRU", "GRUCell"} <= set(seen)
    assert explain_path(op, X).name == "combine"


@pytest.mark.parametrize("make", [symmetrized, lambda op: from_function(torch.add)(4)])
def test_operators_made_of_operators_pass_hooks_on(make):
    op, seen = make(symmetrized_gru()), []
    op.register_forward_hook(lambda *_: seen.append(1))
    reduce(op, X, plan=PLAN)
    assert len(seen) == PLAN.depth


@pytest.mark.parametrize("name", ["blend(symmetrized_gru,max,0.5)", "product(gru,symmetrized_gru)"])
def test_parts_of_blends_and_products_keep_their_hooks(name):
    op, seen = make_operator(name, 8), []
    for part in (op.first, op.second):
        part.register_forward_hook(lambda *_: seen.append(1))
    reduce(op, torch.randn(29, 8), plan=PLAN)
    assert len(seen) == 2 * PLAN.depth


def test_what_was_held_and_let_go_runs_fast_again():
    op = symmetrized_gru()
    want = reduce(op, X, plan=PLAN)
    hook = op.operator.cell.register_forward_hook(hook_result)
    reduce(op, X, plan=PLAN)
    hook.remove()
    prune.identity(op.operator.cell, "weight_ih")
    assert explain_path(op, X).name == "definition"
    prune.remove(op.operator.cell, "weight_ih")
    assert explain_path(op, X).name == "combine"
    assert torch.equal(reduce(op, X, plan=PLAN), want)


def test_a_tensor_of_another_class_and_forward_mode_get_the_definition(monkeypatch):
    monkeypatch.setattr(paths, "FEW", -1)
    op = symmetrized_gru()
    assert explain_path(op, X.as_subclass(Wrapped)).why == "a tensor is of the class Wrapped"
    assert type(reduce(op, X.as_subclass(Wrapped), plan=PLAN)) is Wrapped
    with torch.autograd.forward_ad.dual_level():
        dual = torch.autograd.forward_ad.make_dual(X, torch.ones_like(X))
        tangent = torch.autograd.forward_ad.unpack_dual(reduce(op, dual, plan=PLAN)).tangent
        want = torch.autograd.forward_ad.unpack_dual(by_definition(op, dual)).tangent
    assert torch.allclose(tangent, want, atol=1e-6)


# explain_path -----------------------------------------------------------------------------------


@pytest.mark.usefixtures("unchecked")
def test_explain_path_calls_no_hook_and_takes_what_the_call_takes():
    aggregation = LCMAggregation(3, 4)
    called = []
    aggregation.lin.register_forward_hook(lambda *_: called.append(1))
    x, index = torch.randn(2, 6, 3), torch.tensor([1, 0, 1, 2, 2, 0], dtype=torch.int32)
    for sets in ({"index": index}, {"ptr": torch.tensor([0, 2, 6])}, {}, {"dim": 0}):
        assert explain_path(aggregation, x, **sets).name == "combine"
    assert not called
    with paths.use_kernels(False):
        big = torch.zeros(2**15, 3)
        assert explain_path(aggregation, big).why == "use_kernels(False) switches kernels off"
    assert explain_path(aggregation, big).name == "kernel"
    assert explain_path(make_operator("sum", 3), big).name == "definition"
    with pytest.raises(TypeError, match="expected an Operator or a SetAggregation, got Linear"):
        explain_path(nn.Linear(2, 2), big)


# torch's private parts that operators/ordinary.py uses ------------------------------------------


def test_transforms_of_torch_func_are_seen_and_undone():
    seen = []

    def function(x):
        seen.append((transforming(), type(unwrapped(x)), unwrapped(x).data_ptr() == X.data_ptr()))
        return x.sum()

    function(X)
    torch.func.grad(function)(X)
    torch.func.vmap(torch.func.grad(function))(X)
    assert seen == [(on, torch.Tensor, True) for on in (False, True, True)]


@pytest.mark.parametrize("few", [float("inf"), -1])
@pytest.mark.parametrize("how", ["plan", "index", "shuffled", "ptr", "made inside"])
def test_gradients_by_torch_func_are_those_of_autograd(how, few, monkeypatch):
    monkeypatch.setattr(paths, "FEW", few)
    aggregation = LCMAggregation(4, 4)
    index = torch.arange(len(SIZES)).repeat_interleave(torch.tensor(SIZES))
    kept = []

    def call(x, index=index):
        if how == "plan":
            return aggregation(x, plan=ReductionPlan.from_sizes(SIZES))
        if how == "made inside":
            kept.append(ReductionPlan.from_sizes(torch.tensor(SIZES)))
            return aggregation(x, plan=kept[0])
        if how == "ptr":
            return aggregation(x, ptr=torch.tensor([0, *SIZES]).cumsum(0))
        return aggregation(x, index.flip(0) if how == "shuffled" else index)

    x = X.clone().requires_grad_()
    (want,) = torch.autograd.grad(call(x).square().sum(), x)
    got = torch.func.grad(lambda x, index: call(x, index).square().sum())(X, index)
    assert torch.allclose(got, want, atol=1e-5)
    each = torch.stack([X, 2 * X])
    results = torch.func.vmap(call)(each)
    assert torch.allclose(results, torch.stack([call(x) for x in each]), atol=1e-6)
    if kept:  # a plan outlives the transform
        assert torch.allclose(aggregation(x, plan=kept[-1]), call(x))


@pytest.mark.skipif(Version(torch.__version__) < Version("2.13"), reason="tried from 2.13 on")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.usefixtures("unchecked")
def test_sets_of_any_sizes_are_exported_with_their_plan(tmp_path):
    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.aggregation = LCMAggregation(4, 4)
            nn.init.normal_(self.aggregation.operator.identity)
            self.plan = ReductionPlan.from_sizes([*SIZES, 0])

        def forward(self, x):
            return self.aggregation(x, plan=self.plan)

    model = Model()
    torch.export.save(torch.export.export(model, (X,)), tmp_path / "model.pt2")
    loaded = torch.export.load(tmp_path / "model.pt2").module()
    assert torch.allclose(loaded(2 * X), model(2 * X), atol=1e-6)


def test_a_fold_runs_a_network_of_another_class_once():
    class Half(nn.GRU):
        def forward(self, *arguments):
            output, last = super().forward(*arguments)
            return output, 0.5 * last

    fold, sizes = FoldAggregation(4, 4), [40, 3, 0, 21]
    x, ptr = torch.randn(sum(sizes), 4), torch.tensor([0, *sizes]).cumsum(0)
    plain, called = fold(x, ptr=ptr), []
    half = Half(4, 4)
    half.load_state_dict(fold.rnn.state_dict())
    fold.rnn = half
    assert torch.allclose(fold(x, ptr=ptr), 0.5 * plain, atol=1e-6)
    fold.rnn.register_forward_hook(lambda *_: called.append(1))
    fold(x, ptr=ptr)
    assert called == [1]
    assert explain_path(fold, x, ptr).name == "definition"


@pytest.mark.usefixtures("unchecked")
def test_the_sum_of_float16_may_overflow():
    x = torch.full((20, 4), 6e4, dtype=torch.float16)
    aggregation = LCMAggregation(4, 4, project=False, operator="max").half()
    assert torch.equal(aggregation(x), x[:1])
    assert torch.equal(aggregation(x, plan=ReductionPlan.from_sizes([20])), x[:1])
    with pytest.raises(ValueError, match=r"got inf at x\[0, 0\]"):
        aggregation(2 * x)


# Every aggregation, and the models around them ----------------------------------------------------

NAMES_OF_ALL = [*aggregation_names(), *operator_examples(), "formula(x+y+a*x*y;a=0.5)"]


@pytest.mark.parametrize("name", NAMES_OF_ALL)
def test_every_aggregation_pickles_copies_and_is_transformed(name):
    """Sets of many sizes; for PNA in training, where its first batch sets a constant."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        aggregation = make_aggregation(name, 4, empty="zero")
        x = torch.rand(6, aggregation.in_channels)
    ptr = torch.tensor([0, 3, 4, 4, 6])
    got = torch.func.grad(lambda x: aggregation(x, ptr=ptr).square().sum())(x)
    leaf = x.clone().requires_grad_()
    (want,) = torch.autograd.grad(aggregation(leaf, ptr=ptr).square().sum(), leaf)
    assert torch.allclose(got, want, atol=1e-5)
    want = aggregation(x, ptr=ptr)
    for again in (pickle.loads(pickle.dumps(aggregation)), copy.deepcopy(aggregation)):
        assert torch.equal(again(x, ptr=ptr), want)


@pytest.mark.parametrize("readout", ["symmetrized_gru", "gru_fold", "lstm_fold", "pna"])
@pytest.mark.parametrize("name", ["second_minimum", "bbbp"])
def test_gradients_of_a_models_weights_by_torch_func(name, readout):
    task = make_task(name)
    batch = next(iter(task.batches("validation", torch.device("cpu"))))
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = make_model(task, readout, 8)
    weights = {name: weight.detach().clone() for name, weight in model.named_parameters()}

    def loss(weights):
        return task.loss(torch.func.functional_call(model, weights, (batch,)), batch)

    found = torch.func.grad(loss)(weights)
    task.loss(model(batch), batch).backward()
    for name, weight in model.named_parameters():
        if weight.grad is not None:
            assert torch.allclose(found[name], weight.grad, atol=1e-4), name


# Inputs that failed in similar projects -----------------------------------------------------------


def test_torch_func_of_an_aggregation_of_any_size():
    index = torch.tensor([0, 0, 1, 1, 2, 2, 3, 3])
    small, large = LCMAggregation(4, 4), LCMAggregation(64, 64)
    plan, long = ReductionPlan.from_sizes([600, 600]), torch.randn(1200, 64)
    assert explain_path(large, long, plan=plan).name == "kernel"
    for call, x in (
        (lambda x: small(x, index, dim_size=4).sum(), torch.randn(8, 4)),
        (lambda x: large(x, plan=plan).sum(), long),
    ):
        leaf = x.clone().requires_grad_()
        (want,) = torch.autograd.grad(call(leaf), leaf)
        assert torch.allclose(torch.func.grad(call)(x), want, atol=1e-5)


def test_a_cell_that_was_replaced_is_used_with_its_hooks():
    aggregation, x, called = LCMAggregation(8, 8), torch.randn(8, 8), []
    cell = aggregation.operator.operator.cell = Half(8, 8)
    cell.register_forward_hook(lambda *_: called.append(1))
    got = aggregation(x)
    assert len(called) == 2 * 3  # both orders, at each of three levels
    op = aggregation.operator
    assert torch.allclose(got, reduce_sets(op, aggregation.states(x), [8], balanced), atol=1e-6)
    left, right = torch.rand(2, 5, 8)
    assert torch.equal(op.combine(left, right), op(left, right))


# pickle and deepcopy ----------------------------------------------------------------------------

MODULE = """
    from lcm_core import Operator, register_operator
    from lcm_core.operators.from_function import from_function

    def plus(x, y):
        return x + y

    Plus = register_operator("pickled_plus")(from_function(plus))

    def times(x, y):
        return x * y

    def made_inside():
        @register_operator("pickled_first")
        class First(Operator):
            def forward(self, left, right):
                return left

    made_inside()
"""
NAMES = (
    "symmetrized_gru",
    "k_smallest",
    "formula(x+y+a*x*y;a=0.5)",
    "blend(sum,max,0.5)",
    "product(sum,blend(pickled_plus,pickled_first,0.5))",
    "pickled_plus",
    "pickled_first",
)


@pytest.fixture
def users_module(tmp_path, monkeypatch):
    from lcm_core.operators.base import OPERATORS

    (tmp_path / "users_operators.py").write_text(textwrap.dedent(MODULE))
    monkeypatch.syspath_prepend(tmp_path)
    import users_operators

    yield users_operators
    del sys.modules["users_operators"]
    for name in ("pickled_plus", "pickled_first"):
        OPERATORS.remove(name)


def test_operators_pickle_into_another_process(users_module, tmp_path):
    operators = [make_operator(name, 4) for name in NAMES]
    operators += [from_function(users_module.times)(4), symmetrized(operators[2])]
    x = torch.randn(7, 4)
    for k, op in enumerate(operators):
        aggregation = LCMAggregation(4, op.out_channels, operator=op)
        want = aggregation(x)
        copied = copy.deepcopy(aggregation)
        assert type(copied.operator) is type(op)
        assert torch.equal(copied(x), want)
        again = pickle.loads(pickle.dumps(aggregation))
        assert torch.equal(again(x), want)
        assert (again.operator.name, str(again)) == (op.name, str(aggregation))
        (tmp_path / f"{k}.pickle").write_bytes(pickle.dumps((aggregation, x, want)))
    # The last first: none may rely on what another one imported.
    code = """
        import pathlib, pickle, torch
        for path in sorted(pathlib.Path().glob("*.pickle"), reverse=True):
            aggregation, x, want = pickle.loads(path.read_bytes())
            assert torch.equal(aggregation(x), want), aggregation
            print("same")
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.split() == ["same"] * len(operators)
