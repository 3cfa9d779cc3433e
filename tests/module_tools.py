"""What PyTorch's and PyG's tools do with an aggregation: one function a tool.

Each function takes a maker of fresh, equal aggregations and fails if the tool does not work. The
index is sorted, as PyG's classes want it.
"""

import copy
import io
import multiprocessing
import pickle
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.func import functional_call, grad, hessian, jacrev, jvp, vjp, vmap
from torch.nn.utils import parametrizations, parametrize, prune, spectral_norm, weight_norm
from torch.nn.utils.rnn import PackedSequence
from torch.utils.checkpoint import checkpoint
from torch_geometric import EdgeIndex
from torch_geometric.data import Batch, Data
from torch_geometric.explain import Explainer, GNNExplainer
from torch_geometric.nn import SAGEConv, to_hetero
from torch_geometric.nn import aggr as pyg

from lcm_core import FoldAggregation, LCMAggregation, ReductionPlan
from lcm_core.reduction import paths

Make = Callable[[], nn.Module]

WIDTH = 8
PATIENCE = 40  # CPU seconds for compiling

#: Sizes of the sets: equal, so that PyG's padding plays no part. Tests of ours also try others.
SIZES = [6, 6, 6]


class NotApplicableError(Exception):
    """The aggregation has nothing that the tool could act on."""


def seeded(make: Make) -> Make:
    def made() -> nn.Module:
        with torch.random.fork_rng():
            torch.manual_seed(0)
            return make()

    return made


def ours_lcm() -> nn.Module:
    return LCMAggregation(WIDTH, WIDTH)


def ours_sum() -> nn.Module:
    return LCMAggregation(WIDTH, WIDTH, project=False, operator="sum")


#: By aggregation: PyG's class, and ours.
AGGREGATIONS: dict[str, dict[str, Make]] = {
    "LCM": {"PyG": seeded(lambda: pyg.LCMAggregation(WIDTH, WIDTH)), "ours": seeded(ours_lcm)},
    "GRU": {
        "PyG": seeded(lambda: pyg.GRUAggregation(WIDTH, WIDTH)),
        "ours": seeded(lambda: FoldAggregation(WIDTH, WIDTH)),
    },
    "sum": {"PyG": pyg.SumAggregation, "ours": seeded(ours_sum)},
}


def index_of_sets() -> Tensor:
    return torch.arange(len(SIZES)).repeat_interleave(torch.tensor(SIZES))


def elements(dtype: torch.dtype = torch.float32) -> Tensor:
    generator = torch.Generator().manual_seed(1)
    return torch.randn(sum(SIZES), WIDTH, generator=generator).to(dtype)


def call(aggregation: nn.Module, x: Tensor) -> Tensor:
    return aggregation(x, index_of_sets(), dim_size=len(SIZES))


def same(a: Tensor, b: Tensor, atol: float = 1e-6) -> None:
    assert a.shape == b.shape, (a.shape, b.shape)
    assert torch.allclose(a.detach(), b.detach().to(a.dtype), atol=atol), (a - b).abs().max()


def differ(a: Tensor, b: Tensor) -> None:
    assert (a - b).abs().max() > 1e-3


def times(factor: float, result: Any) -> Any:
    """What a module gives, each tensor times the factor."""
    if isinstance(result, PackedSequence):
        return result._replace(data=factor * result.data)
    return tuple(times(factor, r) for r in result) if isinstance(result, tuple) else factor * result


def gradients(aggregation: nn.Module, x: Tensor | None = None) -> list[Tensor]:
    x = (elements() if x is None else x).requires_grad_()
    wanted = [x, *(p for p in aggregation.parameters() if p.requires_grad)]
    loss = call(aggregation, x).square().sum()
    found = torch.autograd.grad(loss, wanted, allow_unused=True)  # the identity of empty sets
    return [torch.zeros_like(w) if f is None else f for f, w in zip(found, wanted, strict=True)]


def same_gradients(a: nn.Module, b: nn.Module) -> None:
    for one, other in zip(gradients(a), gradients(b), strict=True):
        same(one, other, 1e-5)


def weighted(aggregation: nn.Module) -> Iterator[tuple[nn.Module, str]]:
    """Modules with weights, and the names of their matrices."""
    for module in list(aggregation.modules()):
        for name, weight in list(module.named_parameters(recurse=False)):
            if weight.dim() == 2:
                yield module, name


def check_weighted(make: Make) -> None:
    if not list(make().parameters()):
        raise NotApplicableError("no parameters")


def like(aggregation: nn.Module, make: Make) -> nn.Module:
    """A fresh aggregation, with the weights that this one works with."""
    fresh = make()
    theirs = dict(aggregation.named_modules())
    with torch.no_grad():
        for name, parameter in fresh.named_parameters():
            path, _, own = name.rpartition(".")
            parameter.copy_(getattr(theirs[path], own))
    return fresh


# Hooks ------------------------------------------------------------------------------------------


def forward_hooks(make: Make) -> None:
    for number in range(len(list(make().modules()))):
        aggregation, seen = make(), []
        plain = call(aggregation, elements())

        def zero(module, arguments, result, seen=seen):
            seen.append(module)
            return times(0, result)

        list(aggregation.modules())[number].register_forward_hook(zero)
        differ(call(aggregation, elements()), plain)
        assert seen


def forward_pre_hooks(make: Make) -> None:
    for number in range(len(list(make().modules()))):
        aggregation, seen = make(), []
        plain = call(aggregation, elements())

        def smaller(module, arguments, seen=seen):
            seen.append(module)
            return (times(0.5, arguments[0]), *arguments[1:])

        list(aggregation.modules())[number].register_forward_pre_hook(smaller)
        differ(call(aggregation, elements()), plain)
        assert seen


def backward_hooks(make: Make) -> None:
    for register in ("register_full_backward_hook", "register_full_backward_pre_hook"):
        for number in range(len(list(make().modules()))):
            aggregation, seen = make(), []
            hook = lambda module, *gradients, seen=seen: seen.append(module)  # noqa: E731
            getattr(list(aggregation.modules())[number], register)(hook)
            want = gradients(make())
            for a, b in zip(gradients(aggregation), want, strict=True):
                same(a, b, 1e-5)
            assert seen


def global_hooks(make: Make) -> None:
    aggregation, seen = make(), []
    hook = nn.modules.module.register_module_forward_hook(lambda m, *_: seen.append(m))
    try:
        call(aggregation, elements())
    finally:
        hook.remove()
    assert set(seen) == set(aggregation.modules())


def always_called_hooks(make: Make) -> None:
    aggregation, seen = make(), []
    for module in aggregation.modules():
        module.register_forward_hook(
            lambda m, arguments, options, result: seen.append(m),
            with_kwargs=True,
            always_call=True,
        )
    call(aggregation, elements())
    assert set(seen) == set(aggregation.modules())


def hooks_of_weights(make: Make) -> None:
    check_weighted(make)
    aggregation, seen = make(), []
    for parameter in aggregation.parameters():
        parameter.register_hook(lambda g: seen.append(1))
        parameter.register_post_accumulate_grad_hook(lambda p: seen.append(2))
    call(aggregation, elements()).sum().backward()
    used = [p for p in aggregation.parameters() if p.grad is not None]
    assert len(seen) == 2 * len(used) > 0


# torch.nn.utils ---------------------------------------------------------------------------------


def pruned(make: Make) -> None:
    check_weighted(make)
    aggregation = make()
    for module, name in weighted(aggregation):
        prune.l1_unstructured(module, name, 0.5)
    call(aggregation, elements()).sum().backward()
    baked = like(aggregation, make)
    same(call(aggregation, elements()), call(baked, elements()))
    for module in list(aggregation.modules()):
        for name in [n.removesuffix("_orig") for n, _ in module.named_parameters(recurse=False)]:
            if hasattr(module, f"{name}_mask"):
                prune.remove(module, name)
    same(call(aggregation, elements()), call(baked, elements()))


class Doubled(nn.Module):
    def forward(self, weight: Tensor) -> Tensor:
        return 2 * weight


def parametrized(make: Make) -> None:
    check_weighted(make)
    aggregation, plain = make(), call(make(), elements())
    for module, name in weighted(aggregation):
        parametrize.register_parametrization(module, name, Doubled())
        differ(call(aggregation, elements()), plain)
    same(call(aggregation, elements()), call(like(aggregation, make), elements()))
    call(aggregation, elements()).sum().backward()


def parametrized_copied(make: Make) -> None:
    check_weighted(make)
    aggregation = make()
    for module, name in weighted(aggregation):
        parametrize.register_parametrization(module, name, Doubled())
    copied = copy.deepcopy(aggregation)
    same(call(copied, elements()), call(aggregation, elements()))


def normed(apply: Callable[[nn.Module, str], nn.Module]) -> Callable[[Make], None]:
    """Also with another state loaded afterwards."""

    def tool(make: Make) -> None:
        check_weighted(make)
        aggregation, other = make(), make()
        for each in (aggregation, other):
            for module, name in weighted(each):
                apply(module, name)
        with torch.no_grad():
            for parameter in other.parameters():
                parameter.mul_(1.5)
        for each in (aggregation, other):
            call(each, elements()).sum().backward()
            each.eval()
        aggregation.load_state_dict(other.state_dict())
        x = elements()
        want = call(other, x)
        same(call(aggregation, x), want)
        same(call(like(other, make), x), want)

    return tool


# Replaced modules -------------------------------------------------------------------------------


class Half(nn.GRUCell):
    def forward(self, input: Tensor, hx: Tensor | None = None) -> Tensor:
        return 0.5 * super().forward(input, hx)


class HalfGRU(nn.GRU):
    def forward(self, *arguments):  # type: ignore[no-untyped-def]
        return times(0.5, super().forward(*arguments))


def replaced_cell(make: Make) -> None:
    check_weighted(make)
    aggregation = make()
    plain = call(aggregation, elements())
    for module in list(aggregation.modules()):
        for name, child in module.named_children():
            if isinstance(child, nn.GRUCell):
                setattr(module, name, Half(WIDTH, WIDTH))
            elif isinstance(child, nn.GRU):
                setattr(module, name, HalfGRU(WIDTH, WIDTH, batch_first=child.batch_first))
            else:
                continue
            getattr(module, name).load_state_dict(child.state_dict())
    differ(call(aggregation, elements()), plain)


def replaced_forward(make: Make) -> None:
    for number in range(len(list(make().modules()))):
        aggregation = make()
        plain, module = call(aggregation, elements()), list(aggregation.modules())[number]
        forward = module.forward

        def halved(*arguments, forward=forward, **options):
            return times(0.5, forward(*arguments, **options))

        module.forward = halved
        differ(call(aggregation, elements()), plain)


# Copies -----------------------------------------------------------------------------------------


def deep_copied(make: Make) -> None:
    aggregation = make()
    call(aggregation, elements().requires_grad_()).sum().backward()
    copied = copy.deepcopy(aggregation)
    same_gradients(copied, aggregation)
    with torch.no_grad():
        for parameter in copied.parameters():
            parameter.add_(1)
    same(call(aggregation, elements()), call(make(), elements()))


def pickled(make: Make) -> None:
    aggregation = make()
    same_gradients(pickle.loads(pickle.dumps(aggregation)), aggregation)


READ = """
import pickle, sys, torch
aggregation, x, index, want = pickle.load(open(sys.argv[1], "rb"))
assert torch.allclose(aggregation(x, index, dim_size=len(want)), want, atol=1e-6)
"""


def pickled_elsewhere(make: Make) -> None:
    aggregation = make()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "aggregation"
        x = elements()
        path.write_bytes(
            pickle.dumps((aggregation, x, index_of_sets(), call(aggregation, x).detach()))
        )
        done = subprocess.run([sys.executable, "-c", READ, path], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-500:]


def saved_whole(make: Make) -> None:
    aggregation, file = make(), io.BytesIO()
    torch.save(aggregation, file)
    file.seek(0)
    same_gradients(torch.load(file, weights_only=False), aggregation)


def state_dict(make: Make) -> None:
    check_weighted(make)
    aggregation, other = make(), make()
    with torch.no_grad():
        for parameter in other.parameters():
            parameter.mul_(2)
    file = io.BytesIO()
    torch.save(other.state_dict(), file)
    file.seek(0)
    aggregation.load_state_dict(torch.load(file, weights_only=True), assign=True)
    same_gradients(aggregation, other)


def averaged(make: Make) -> None:
    check_weighted(make)
    aggregation = make()
    mean = torch.optim.swa_utils.AveragedModel(aggregation)
    mean.update_parameters(aggregation)
    same(call(mean, elements()), call(aggregation, elements()))


def from_meta(make: Make) -> None:
    check_weighted(make)
    aggregation = make()
    with torch.device("meta"):
        empty = copy.deepcopy(aggregation).to("meta")
    empty = empty.to_empty(device="cpu")
    empty.load_state_dict(aggregation.state_dict())
    same(call(empty, elements()), call(aggregation, elements()))


# torch.func -------------------------------------------------------------------------------------


def loss_of(aggregation: nn.Module) -> Callable[[Tensor], Tensor]:
    return lambda x: call(aggregation, x).square().sum()


def func_grad(make: Make) -> None:
    aggregation = make()
    same(grad(loss_of(aggregation))(elements()), gradients(aggregation)[0], 1e-5)


def func_vjp(make: Make) -> None:
    aggregation = make()
    result, backward = vjp(lambda x: call(aggregation, x), elements())
    same(backward(2 * result.detach())[0], gradients(aggregation)[0], 1e-5)


def func_jvp(make: Make) -> None:
    aggregation = make()
    _, tangent = jvp(loss_of(aggregation), (elements(),), (torch.ones_like(elements()),))
    same(tangent, gradients(aggregation)[0].sum(), 1e-3)


def func_jacrev(make: Make) -> None:
    aggregation = make()
    jacobian = jacrev(lambda x: call(aggregation, x))(elements())
    result = call(aggregation, elements()).detach()
    want = gradients(aggregation)[0]
    same((2 * result[..., None, None] * jacobian).sum((0, 1)), want, 1e-4)


def func_hessian(make: Make) -> None:
    found = hessian(loss_of(make()))(elements())
    assert found.isfinite().all()
    assert found.abs().sum() > 0


def func_vmap(make: Make) -> None:
    aggregation, x = make(), torch.stack([elements(), 2 * elements()])
    want = torch.stack([call(aggregation, each) for each in x])
    same(vmap(lambda each: call(aggregation, each))(x), want, 1e-5)


def func_vmap_of_grad(make: Make) -> None:
    aggregation, x = make(), torch.stack([elements(), 2 * elements()])
    want = torch.stack([gradients(aggregation, each.clone())[0] for each in x])
    same(vmap(grad(loss_of(aggregation)))(x), want, 1e-4)


def func_ensemble(make: Make) -> None:
    """An ensemble by stacked weights."""
    check_weighted(make)
    aggregations = [make(), make()]
    with torch.no_grad():
        for parameter in aggregations[1].parameters():
            parameter.mul_(0.5)
    weights, buffers = torch.func.stack_module_state(aggregations)
    arguments = (elements(), index_of_sets())

    def one(weights, buffers):
        options = {"dim_size": len(SIZES)}
        return functional_call(aggregations[0], (weights, buffers), arguments, options)

    want = torch.stack([call(each, elements()) for each in aggregations])
    same(vmap(one)(weights, buffers), want, 1e-5)


def func_functional_call(make: Make) -> None:
    check_weighted(make)
    aggregation = make()
    weights = {name: p.detach().clone() for name, p in aggregation.named_parameters()}

    def loss(weights, x):
        options = {"dim_size": len(SIZES)}
        return functional_call(aggregation, weights, (x, index_of_sets()), options).square().sum()

    of_weights, of_x = grad(loss, (0, 1))(weights, elements())
    for got, want in zip([of_x, *of_weights.values()], gradients(aggregation), strict=True):
        same(got, want, 1e-5)


# Autograd ---------------------------------------------------------------------------------------


def forward_mode(make: Make) -> None:
    aggregation = make()
    with torch.autograd.forward_ad.dual_level():
        dual = torch.autograd.forward_ad.make_dual(elements(), torch.ones_like(elements()))
        tangent = torch.autograd.forward_ad.unpack_dual(loss_of(aggregation)(dual)).tangent
    same(tangent, gradients(aggregation)[0].sum(), 1e-3)


def double_backward(make: Make) -> None:
    aggregation, x = make().double(), elements(torch.float64).requires_grad_()
    assert torch.autograd.gradgradcheck(lambda x: call(aggregation, x), (x,))


def checkpointed(make: Make) -> None:
    aggregation = make()
    for reentrant in (False, True):
        x = elements().requires_grad_()
        loss = checkpoint(loss_of(aggregation), x, use_reentrant=reentrant)
        (got,) = torch.autograd.grad(loss, x) if not reentrant else (None,)
        if reentrant:
            loss.backward()
            got = x.grad
        same(got, gradients(aggregation)[0], 1e-5)


def saved_on_cpu(make: Make) -> None:
    aggregation, packed = make(), []

    def pack(tensor):
        packed.append(1)
        return tensor.clone()

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        got = gradients(aggregation)
    for a, b in zip(got, gradients(aggregation), strict=True):
        same(a, b, 1e-5)


def anomaly(make: Make) -> None:
    with torch.autograd.detect_anomaly(check_nan=True):
        gradients(make())


def inference(make: Make) -> None:
    aggregation = make()
    with torch.inference_mode():
        got = call(aggregation, elements())
    same(got, call(aggregation, elements()))
    gradients(aggregation)  # nothing that was made within is kept


# Dtypes and layouts -----------------------------------------------------------------------------


def autocast(make: Make) -> None:
    aggregation = make()
    want = gradients(aggregation)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        got = gradients(aggregation)
    for a, b in zip(got, want, strict=True):
        assert a.dtype == b.dtype
        same(a, b, 0.1 * float(b.abs().max()))


def low_precision(dtype: torch.dtype) -> Callable[[Make], None]:
    """Its sum overflows float16; the results do not."""

    def tool(make: Make) -> None:
        aggregation, x = make().to(dtype), elements(dtype)
        x[:, 0] = 9000
        got = call(aggregation, x)
        assert got.dtype == dtype
        same(got.float(), call(make(), x.float()), 0.05 * float(got.float().abs().max()))

    return tool


def double_precision(make: Make) -> None:
    x = elements(torch.float64)
    same(call(make().double(), x), call(make(), x.float()), 1e-5)


def int32_index(make: Make) -> None:
    aggregation = make()
    got = aggregation(elements(), index_of_sets().int(), dim_size=len(SIZES))
    same(got, call(aggregation, elements()))


def not_contiguous(make: Make) -> None:
    aggregation = make()
    x = elements().T.contiguous().T
    wide = torch.cat([elements(), elements()], 1)[:, ::2].contiguous()
    strided = torch.stack([wide, wide], 2)[..., 0]
    for each in (x, strided, elements().flip(0)):
        same(call(aggregation, each), call(aggregation, each.contiguous()))


def three_dimensions(make: Make) -> None:
    aggregation, x = make(), torch.stack([elements(), 2 * elements()])
    want = torch.stack([call(aggregation, each) for each in x])
    same(call(aggregation, x), want, 1e-5)
    index, sets = index_of_sets(), len(SIZES)
    got = aggregation(x.transpose(0, 1), index, dim_size=sets, dim=0)
    same(got.transpose(0, 1), want, 1e-5)


class Named(torch.Tensor):
    """A tensor of a class of its own."""


def tensor_subclass(make: Make) -> None:
    aggregation = make()
    got = call(aggregation, elements().as_subclass(Named))
    same(got.as_subclass(Tensor), call(aggregation, elements()))


class Model(nn.Module):
    """A linear layer and an aggregation."""

    def __init__(self, make: Make):
        super().__init__()
        self.first = nn.Linear(WIDTH, WIDTH)
        self.aggregation = make()

    def forward(self, x: Tensor, index: Tensor | None = None, sets: int | None = None) -> Tensor:
        if index is None:
            index, sets = index_of_sets(), len(SIZES)
        return self.aggregation(self.first(x), index, dim_size=sets)


def traced(make: Make) -> None:
    model, file = Model(make), io.BytesIO()
    script = torch.jit.trace(model, (elements(),), check_trace=False)
    torch.jit.save(script, file)
    file.seek(0)
    same(torch.jit.load(file)(2 * elements()), model(2 * elements()))


def batch_with_plan(make: Make) -> None:
    """A plan in a batch moves with it; an aggregation that takes none is called by the index."""
    batch = Batch.from_data_list([Data(x=part) for part in elements().split(SIZES)])
    batch.plan = ReductionPlan.from_sizes([6, 0, 3])
    for options in ({}, {"non_blocking": True}):
        assert copy.copy(batch).to("meta", **options).plan.device.type == "meta"
    batch.plan = ReductionPlan.from_sizes(SIZES)
    here = batch.to("cpu", non_blocking=True).cpu().contiguous().clone()
    aggregation = make()
    takes_plan = isinstance(aggregation, LCMAggregation)
    sets = {"plan": here.plan} if takes_plan else {"index": here.batch, "dim_size": len(SIZES)}
    same(aggregation(here.x, **sets), call(aggregation, elements()))


# Around an aggregation --------------------------------------------------------------------------


@contextmanager
def one_process() -> Iterator[None]:
    with tempfile.TemporaryDirectory() as folder:
        torch.distributed.init_process_group(
            "gloo", init_method=f"file://{folder}/store", rank=0, world_size=1
        )
        try:
            yield
        finally:
            torch.distributed.destroy_process_group()


def distributed(make: Make) -> None:
    """Two steps: the second finds parameters that had no gradient in the first."""
    check_weighted(make)
    model = Model(make)
    with one_process():
        wrapped = nn.parallel.DistributedDataParallel(model)
        for _ in range(2):
            model.zero_grad()
            wrapped(elements()).square().sum().backward()
    got = [torch.zeros_like(p) if p.grad is None else p.grad for p in model.parameters()]
    want = gradients(model.aggregation, model.first(elements()).detach())[1:]
    for a, b in zip(got[2:], want, strict=True):
        same(a, b, 1e-5)


@cache
def two_processes() -> tuple[Any, list[ProcessPoolExecutor]]:
    """Two processes in one group of gloo, which stay; and the folder where they met."""
    folder = tempfile.TemporaryDirectory()
    spawn = multiprocessing.get_context("spawn")
    store = f"file://{folder.name}/store"
    return folder, [ProcessPoolExecutor(1, spawn, join_group, (rank, store)) for rank in (0, 1)]


def join_group(rank: int, store: str) -> None:
    torch.set_num_threads(1)
    torch.distributed.init_process_group("gloo", init_method=store, rank=rank, world_size=2)


def gradients_in_group(model: nn.Module, batch: tuple[Any, ...], few: float) -> list[Tensor | None]:
    """In one of the processes: two steps, since the second one finds what the first one left."""
    paths.FEW = few  # type: ignore[assignment]
    wrapped = nn.parallel.DistributedDataParallel(model)
    for _ in range(2):
        model.zero_grad()
        wrapped(*batch).square().mean().backward()
    return [p.grad for p in model.parameters()]


def same_in_two_processes(model: nn.Module, batches: list[tuple[Tensor, Tensor, int]]) -> None:
    """Batches (x, index, sets) in two processes: the gradients of one process on both of them."""
    _, processes = two_processes()
    running = [
        process.submit(gradients_in_group, model, batch, paths.FEW)
        for process, batch in zip(processes, batches, strict=True)
    ]
    x, index, sets = zip(*batches, strict=True)
    together = torch.cat([index[0], sets[0] + index[1]])
    model(torch.cat(x), together, sum(sets)).square().mean().backward()
    for one in (each.result(timeout=200) for each in running):
        for got, parameter in zip(one, model.parameters(), strict=True):
            want = torch.zeros_like(parameter) if parameter.grad is None else parameter.grad
            same(torch.zeros_like(parameter) if got is None else got, want, 1e-5)


def distributed_twice(make: Make) -> None:
    check_weighted(make)
    index, sets = index_of_sets(), len(SIZES)
    same_in_two_processes(Model(make), [(k * elements(), index, sets) for k in (1, 2)])


def quantized(make: Make) -> None:
    check_weighted(make)
    aggregation = make().eval()
    kinds = {nn.Linear, nn.GRUCell, nn.GRU}
    small = torch.ao.quantization.quantize_dynamic(aggregation, kinds, dtype=torch.qint8)
    want = call(aggregation, elements())
    same(call(small, elements()), want, 0.1 * float(want.abs().max()))


# Layers of PyG ----------------------------------------------------------------------------------


class Graph(nn.Module):
    """Two layers of GraphSAGE, with an aggregation each."""

    def __init__(self, make: Make, width: int = WIDTH):
        super().__init__()
        self.one = SAGEConv(width, WIDTH, aggr=make())
        self.other = SAGEConv(WIDTH, WIDTH, aggr=make())

    def forward(self, x: Tensor, edge_index: Tensor) -> Tensor:
        return self.other(self.one(x, edge_index).relu(), edge_index)


def edges_of_graph() -> Tensor:
    """To each node from as many nodes after it as one of `SIZES`. Sorted, as layers want it."""
    n = sum(SIZES)
    pairs = [(to, (to + k) % n) for to in range(n) for k in range(1, SIZES[to % len(SIZES)] + 1)]
    return torch.tensor(sorted(pairs)).T.flip(0).contiguous()


def in_a_layer(make: Make) -> tuple[Graph, Tensor, Tensor]:
    edges = edges_of_graph()
    with torch.random.fork_rng():
        torch.manual_seed(2)
        model = Graph(make)
    return model, edges, model(elements(), edges)


def edge_index_class(make: Make) -> None:
    model, edges, want = in_a_layer(make)
    n = sum(SIZES)
    edge_index = EdgeIndex(edges, sparse_size=(n, n), sort_order="col")
    same(model(elements(), edge_index), want)


def sparse_adjacency(make: Make) -> None:
    model, edges, want = in_a_layer(make)
    n = sum(SIZES)
    adj_t = torch.sparse_coo_tensor(edges.flip(0), torch.ones(edges.shape[1]), (n, n))
    same(model(elements(), adj_t.to_sparse_csr()), want)


def heterogeneous(make: Make) -> None:
    model, edges, _ = in_a_layer(make)
    metadata = (["a", "b"], [("a", "to", "b"), ("b", "to", "a"), ("a", "to", "a")])
    of_types = to_hetero(model, metadata, aggr="sum")
    xs = {"a": elements(), "b": 2 * elements()}
    result = of_types(xs, dict.fromkeys(metadata[1], edges))
    result["b"].sum().backward()
    assert result["a"].isfinite().all()


def explained(make: Make) -> None:
    model, edges, want = in_a_layer(make)
    explainer = Explainer(
        model,
        GNNExplainer(epochs=3),
        explanation_type="model",
        node_mask_type="attributes",
        edge_mask_type="object",
        model_config={"mode": "regression", "task_level": "node", "return_type": "raw"},
    )
    explanation = explainer(elements(), edges)
    assert explanation.edge_mask.abs().sum() > 0
    same(model(elements(), edges), want)


def lazy_width(make: Make) -> None:
    """A layer whose width is found by its first call."""
    edges, layer = edges_of_graph(), SAGEConv(-1, WIDTH, aggr=make())
    first = layer(elements(), edges)
    assert first.shape == (sum(SIZES), WIDTH)
    same(copy.deepcopy(layer)(elements(), edges), first)


# Compilers --------------------------------------------------------------------------------------


@contextmanager
def patience() -> Iterator[None]:
    """Fail where compiling takes more than `PATIENCE`."""

    def give_up(*_: object) -> None:
        raise TimeoutError(f"not compiled after {PATIENCE} CPU seconds")

    before = signal.signal(signal.SIGVTALRM, give_up)
    signal.setitimer(signal.ITIMER_VIRTUAL, PATIENCE, 1)  # again, should somebody catch it
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def compiled(make: Make) -> None:
    """Two batches, of which the second has other sizes. Without C++, which is slow to compile."""
    torch.compiler.reset()
    aggregation = make()
    fast = torch.compile(aggregation, dynamic=True, backend="aot_eager")
    for more in (0, 3):
        sizes = torch.tensor([n + more for n in SIZES])
        x = torch.randn(int(sizes.sum()), WIDTH, requires_grad=True)
        sets = torch.arange(len(sizes)).repeat_interleave(sizes), None, len(sizes)
        with patience():
            got = fast(x, *sets)
            (to_x,) = torch.autograd.grad(got.square().sum(), x)
        want = aggregation(x, *sets)
        same(got, want)
        same(to_x, torch.autograd.grad(want.square().sum(), x)[0], 1e-5)


class Exported(nn.Module):
    """An aggregation of sets that are fixed, by a plan where it takes one."""

    def __init__(self, make: Make):
        super().__init__()
        self.aggregation = make()
        if isinstance(self.aggregation, LCMAggregation):
            self.sets = {"plan": ReductionPlan.from_sizes(SIZES)}
        else:
            self.sets = {"index": index_of_sets(), "dim_size": len(SIZES)}

    def forward(self, x: Tensor) -> Tensor:
        return self.aggregation(x, **self.sets)


def exported(make: Make) -> None:
    model = Exported(make)
    program = torch.export.export(model, (elements(),))
    same(program.module()(2 * elements()), model(2 * elements()))


def exported_to_onnx(make: Make) -> None:
    """The file is run by another program than PyTorch."""
    pytest.importorskip("onnxscript", reason="needs onnxscript to export to ONNX")
    onnxruntime = pytest.importorskip("onnxruntime", reason="needs onnxruntime to run an ONNX file")
    model, file = Exported(make).eval(), io.BytesIO()
    torch.onnx.export(model, (elements(),), dynamo=True, verbose=False).save(file)
    session = onnxruntime.InferenceSession(file.getvalue())
    (name,) = (each.name for each in session.get_inputs())
    (got,) = session.run(None, {name: (2 * elements()).numpy()})
    same(torch.from_numpy(got), model(2 * elements()), 1e-5)


def new_norm(module: nn.Module, name: str) -> nn.Module:
    return parametrizations.spectral_norm(module, name)


#: By name, in the order of the table.
TOOLS: dict[str, Callable[[Make], None]] = {
    "forward hook on every submodule": forward_hooks,
    "forward pre-hook on every submodule": forward_pre_hooks,
    "full backward hook and pre-hook on every submodule": backward_hooks,
    "forward hook for all modules": global_hooks,
    "hook with `always_call` and `with_kwargs`": always_called_hooks,
    "gradient hooks of parameters": hooks_of_weights,
    "`prune`, and `prune.remove`": pruned,
    "`parametrize`": parametrized,
    "`copy.deepcopy` of a parametrised one": parametrized_copied,
    "`weight_norm`, and a state loaded": normed(parametrizations.weight_norm),
    "old `weight_norm`, and a state loaded": normed(weight_norm),
    "`spectral_norm`, and a state loaded": normed(new_norm),
    "old `spectral_norm`, and a state loaded": normed(spectral_norm),
    "cell or GRU of a subclass": replaced_cell,
    "`forward` of a submodule replaced": replaced_forward,
    "`copy.deepcopy`": deep_copied,
    "`pickle`": pickled,
    "`pickle` into another process": pickled_elsewhere,
    "`torch.save` of the whole module": saved_whole,
    "state dict, `assign=True`": state_dict,
    "`AveragedModel`": averaged,
    "meta device, `to_empty`": from_meta,
    "`torch.func.grad`": func_grad,
    "`torch.func.vjp`": func_vjp,
    "`torch.func.jvp`": func_jvp,
    "`torch.func.jacrev`": func_jacrev,
    "`torch.func.hessian`": func_hessian,
    "`torch.func.vmap`": func_vmap,
    "`vmap` of `grad`": func_vmap_of_grad,
    "`vmap` over stacked weights": func_ensemble,
    "`functional_call` in `grad`": func_functional_call,
    "forward-mode derivatives": forward_mode,
    "double backward": double_backward,
    "gradient checkpointing": checkpointed,
    "hooks of saved tensors": saved_on_cpu,
    "anomaly detection": anomaly,
    "inference mode": inference,
    "autocast": autocast,
    "float16, its sum overflows": low_precision(torch.float16),
    "bfloat16": low_precision(torch.bfloat16),
    "float64": double_precision,
    "int32 index": int32_index,
    "x that is not contiguous": not_contiguous,
    "x of three dimensions": three_dimensions,
    "x of a tensor subclass": tensor_subclass,
    "`torch.jit.trace`": traced,
    "`Batch.to` with a plan": batch_with_plan,
    "`DistributedDataParallel`": distributed,
    "`DistributedDataParallel`, two processes": distributed_twice,
    "dynamic quantisation": quantized,
    "layer with `EdgeIndex`": edge_index_class,
    "layer with a sparse `adj_t`": sparse_adjacency,
    "`to_hetero`": heterogeneous,
    "`Explainer`": explained,
    "layer of width -1": lazy_width,
    "`torch.compile`, `dynamic=True`": compiled,
    "`torch.export`, with a plan": exported,
    "ONNX, with a plan": exported_to_onnx,
}
