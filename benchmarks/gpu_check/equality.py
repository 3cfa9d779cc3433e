"""Part "equality": each operator on the GPU against the CPU, values and gradients.

Both are compared with float64 on the CPU. An error is the largest deviation of a tensor over its
largest entry; of several tensors, the largest error counts.
"""

import copy
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from benchmarks.failure import Failure
from benchmarks.gpu_check.findings import Finding, Notebook
from benchmarks.on_gpu import precision_of
from lcm_core import (
    LAWS,
    Operator,
    certify,
    law_map,
    law_report,
    laws_in_words,
    make_aggregation,
    operator_names,
    use_kernels,
)
from lcm_core.operators.base import operator_examples
from lcm_core.seeding import initialised

CHANNELS = 32
WIDTHS = (1, 8, 40, 64, 100, 128, 256)
FOLDS = ("gru_fold", "lstm_fold")
PAPERS = "symmetrized_gru"
#: An error below this is rounding, whatever the CPU's is: 8 units in the last place of float32.
ROUNDING = 8 * torch.finfo(torch.float32).eps
ROUNDING_TWICE = 4 * ROUNDING  # of second derivatives
CUDNN = 2e-5  # what cuDNN's recurrent networks make of float32
#: Gradients that should be 0 are compared with this share of the largest of the others.
LEAST_SHARE = 1e-3
LAWS_DIFFER = 1e-3  # law errors have no unit
BFLOAT16 = 4 * torch.finfo(torch.bfloat16).eps


def many() -> list[int]:
    return np.random.default_rng(0).integers(0, 10, 400).tolist()


#: Sizes of sets, 0 and 1 among them.
LAYOUTS: dict[str, list[int]] = {
    "mixed": [3, 0, 7, 1, 16, 2, 5, 12],
    "equal": [8] * 4,
    "odd": [17, 33, 5, 1],
    "singletons": [1, 1, 1],
    "one set": [100],
    "skewed": [300, 1, 2, 0, 3],
    "many": many(),
}

Wanted = Callable[[nn.Module, Tensor, Tensor], list[Tensor]]


@dataclass
class Errors:
    """The errors of values and of gradients, on one device."""

    values: float = 0.0
    gradients: float = 0.0

    def add(self, found: Sequence[Tensor], wanted: Sequence[Tensor]) -> None:
        """Of the values, which come first, and of all gradients."""
        self.values = max(self.values, error(found[0], wanted[0]))
        least = LEAST_SHARE * max((g.abs().max().item() for g in wanted[1:]), default=0.0)
        for a, b in zip(found[1:], wanted[1:], strict=True):
            self.gradients = max(self.gradients, error(a, b, least))

    def __str__(self) -> str:
        return f"{self.values:.1e} and {self.gradients:.1e}"


def error(found: Tensor, wanted: Tensor, least: float = 0.0) -> float:
    """The largest deviation over the largest entry, or over `least` if that is larger."""
    if found.shape != wanted.shape:
        return float("inf")
    if not wanted.numel():
        return 0.0
    difference = (found.cpu().double() - wanted).abs().max().item()
    scale = max(wanted.abs().max().item(), least)
    return difference / scale if scale > 0 else difference


def check(notebook: Notebook, device: str, seconds: float) -> None:
    """All comparisons; one that fails does not keep the others from running."""
    torch.set_num_threads(1)  # of the CPU, for small tensors
    for title, compare in comparisons(device):
        try:
            notebook.add(compare())
        except Exception as problem:
            notebook.fail(title, Failure.of(problem))


def comparisons(device: str) -> Iterator[tuple[str, Callable[[], Finding]]]:
    """(what it is about, the comparison) of each."""

    def one(title: str, function: Callable[..., Finding], *arguments: object) -> tuple:
        return title, lambda: function(title, device, *arguments)

    every = [*operator_names(), *operator_examples(), *FOLDS]
    for name in every:
        yield one(name, in_float32, [(name, CHANNELS, "balanced")])
    for tree in ("left", "right", "random"):
        yield one(
            f"{PAPERS}, tree {tree}", in_float32, [(PAPERS, CHANNELS, tree)], ("mixed", "odd")
        )
    for name in (PAPERS, "symmetrized_mlp", "sum", "gru_fold"):
        yield one(f"{name}, x of three dimensions", of_three_dimensions, name)
    for name in (PAPERS, "symmetrized_mlp", "quasi_arithmetic"):
        yield one(f"{name}, double backward", double_backward, name)
    for name in (PAPERS, "mean", "gru_fold"):
        yield one(f"{name}: index in any order, ptr and plan agree", ways_to_call, name)
    yield one(f"{PAPERS}, tf32", in_tf32)
    for name in every:
        yield one(f"{name}, bfloat16", in_bfloat16, name)
    for name in (PAPERS, "symmetrized_mlp", "mean"):
        yield one(f"{name}, autocast to bfloat16", with_autocast, name)
    yield one(f"{PAPERS}, deterministic", deterministic)
    for name in (PAPERS, "mean", "formula((x+y)/2)"):
        yield one(f"{name}: laws", laws, name)
    for name in (PAPERS, "gru_fold"):
        yield one(f"{name}: certificate", certificate, name)
    for width in WIDTHS:  # last: a kernel for each may have to be compiled
        yield one(f"{PAPERS}, {width} wide", in_float32, [(PAPERS, width, "balanced")])


# Comparisons ------------------------------------------------------------------------------------


def compare(
    cpu: Errors,
    gpu: Errors,
    device: str,
    compute: Wanted,
    module: nn.Module,
    x: Tensor,
    ptr: Tensor,
) -> None:
    """Add the errors in float32, on both devices, of what is computed."""
    wanted = compute(module.double(), x.double(), ptr)
    module = module.float()
    cpu.add(compute(module, x, ptr), wanted)
    with precision_of("highest"):
        gpu.add(compute(copy.deepcopy(module).to(device), x.to(device), ptr.to(device)), wanted)


def in_float32(
    title: str, device: str, cases: list[tuple[str, int, str]], layouts: Sequence[str] = ()
) -> Finding:
    cpu, gpu, worst = Errors(), Errors(), ""
    for case in cases:
        for layout in layouts or LAYOUTS:
            before = gpu.values, gpu.gradients
            module, x, ptr = data(*case, layout)
            compare(cpu, gpu, device, values_and_gradients, module, x, ptr)
            if (gpu.values, gpu.gradients) != before:
                worst = f"{case[1]} wide, {layout}"
    least = CUDNN if case[0] in FOLDS else ROUNDING
    return judged(title, cpu, gpu, least, worst)


def of_three_dimensions(title: str, device: str, name: str) -> Finding:
    cpu, gpu = Errors(), Errors()
    for layout in ("mixed", "odd", "many"):
        module, x, ptr = data(name, CHANNELS, "balanced", layout)
        x = torch.stack([x, 2 * x.flip(0), -x])
        compare(cpu, gpu, device, values_and_gradients, module, x, ptr)
    return judged(title, cpu, gpu, ROUNDING)


def double_backward(title: str, device: str, name: str) -> Finding:
    cpu, gpu = Errors(), Errors()
    for layout in ("mixed", "many"):
        module, x, ptr = data(name, CHANNELS, "balanced", layout)
        compare(cpu, gpu, device, second_gradients, module, x, ptr)
    return judged(title, cpu, gpu, ROUNDING_TWICE)


def in_tf32(title: str, device: str) -> Finding:
    """Our path against the plain one with the same precision, on the GPU."""
    plain, ours = Errors(), Errors()
    for layout in LAYOUTS:
        module, x, ptr = data(PAPERS, 64, "balanced", layout)
        wanted = values_and_gradients(module.double(), x.double(), ptr)
        on_gpu = module.float().to(device)
        with precision_of("high"):
            ours.add(values_and_gradients(on_gpu, x.to(device), ptr.to(device)), wanted)
            with use_kernels(False):
                plain.add(values_and_gradients(on_gpu, x.to(device), ptr.to(device)), wanted)
    return judged(title, plain, ours, ROUNDING, "", "the plain path's in tf32")


def in_bfloat16(title: str, device: str, name: str) -> Finding:
    return in_half(title, device, name, torch.bfloat16, nullcontext)


def with_autocast(title: str, device: str, name: str) -> Finding:
    kind = device.split(":")[0]
    return in_half(
        title,
        device,
        name,
        torch.float32,
        lambda where: torch.autocast(where or kind, torch.bfloat16),
    )


def in_half(
    title: str,
    device: str,
    name: str,
    dtype: torch.dtype,
    context: Callable[[str], AbstractContextManager],
) -> Finding:
    cpu, gpu = Errors(), Errors()
    for layout in ("mixed", "odd", "many"):
        module, x, ptr = data(name, CHANNELS, "balanced", layout)
        module, x = module.to(dtype), x.to(dtype)
        wanted = values_and_gradients(copy.deepcopy(module).double(), x.double(), ptr)
        with context("cpu"):
            cpu.add(values_and_gradients(module, x, ptr), wanted)
        on_gpu = copy.deepcopy(module).to(device)
        with context("" if device != "cpu" else "cpu"):
            gpu.add(values_and_gradients(on_gpu, x.to(device), ptr.to(device)), wanted)
    if name != PAPERS:  # rounding makes ties, for example, whose gradient may go to either
        gpu.gradients, title = 0.0, f"{title}, values only"
    return judged(title, cpu, gpu, BFLOAT16)


def ways_to_call(title: str, device: str, name: str) -> Finding:
    largest = 0.0
    for layout in ("mixed", "many"):
        module, x, ptr = data(name, CHANNELS, "balanced", layout)
        module, x = module.to(device), x.to(device)
        sets = torch.repeat_interleave(torch.arange(len(ptr) - 1), ptr.diff())
        shuffled = torch.randperm(len(x), generator=torch.Generator().manual_seed(2))
        shuffled = keeping_order(shuffled, sets)
        with torch.no_grad():
            results = [
                module(x, ptr=ptr.to(device)),
                module(x, sets.to(device), dim_size=len(ptr) - 1),
                module(x[shuffled.to(device)], sets[shuffled].to(device), dim_size=len(ptr) - 1),
            ]
            if hasattr(module, "plan"):
                results.append(module(x, plan=module.plan(ptr.diff(), x.device)))
        for other in results[1:]:
            largest = max(largest, error(other, results[0].cpu().double()))
    asked = f"{title}, up to {ROUNDING:.1e}"
    return Finding(asked, f"{largest:.1e}", largest <= ROUNDING)


def keeping_order(shuffled: Tensor, sets: Tensor) -> Tensor:
    """A shuffle of the elements in which those of a set keep their order."""
    places = sets[shuffled].argsort(stable=True)
    result = torch.empty_like(shuffled)
    result[places] = shuffled[places].sort().values
    return result


def deterministic(title: str, device: str) -> Finding:
    before = torch.are_deterministic_algorithms_enabled()
    torch.use_deterministic_algorithms(True)
    try:
        module, x, ptr = data(PAPERS, 64, "balanced", "many")
        module, x, ptr = module.to(device), x.to(device), ptr.to(device)
        runs = [values_and_gradients(module, x, ptr) for _ in range(3)]
    finally:
        torch.use_deterministic_algorithms(before)
    same = all(torch.equal(a, b) for run in runs[1:] for a, b in zip(runs[0], run, strict=True))
    return Finding(f"{title}: three runs give the same bits", "yes" if same else "no", same)


def laws(title: str, device: str, name: str) -> Finding:
    """Report, largest errors, map and words of an operator on the GPU, elements there or not."""
    module, x, _ = data(name, 4, "balanced", "one set")
    operator = module.operator
    states = operator.lift(x).detach()
    on_gpu = copy.deepcopy(operator).to(device)
    wanted = law_numbers(operator, states)
    found = [law_numbers(on_gpu, states.to(where)) for where in ("cpu", device)]
    largest = max(abs(a - b) for each in found for a, b in zip(each, wanted, strict=True))
    same = str(laws_in_words(on_gpu)) == str(laws_in_words(operator))
    return Finding(
        f"{title} by law_report, law_map and laws_in_words as on the CPU, up to {LAWS_DIFFER:g}",
        f"{largest:.1e}; {'the same' if same else 'other'} words",
        largest <= LAWS_DIFFER and same,
    )


def law_numbers(operator: Operator, states: Tensor) -> list[float]:
    """Mean and largest errors, and the mean of a map, whose axes may be mirrored."""
    names = [law for law in LAWS if law != "identity" or operator.identity is not None]
    report = law_report(operator, states, names, samples=100, search_steps=3)
    drawn = law_map(operator, states, "associativity", 1.0, resolution=5, partners=4)
    numbers = [value for law in names for value in (report[law].mean, report[law].max)]
    return [*numbers, float(drawn.values.mean())]


def certificate(title: str, device: str, name: str) -> Finding:
    """It reports exceptions in words: there must be none."""
    module, x, ptr = data(name, 8, "balanced", "odd")
    module = module.to(device)
    for where in ("cpu", device):
        text = certify(module, x.to(where), ptr.to(where), sizes=(1, 8), sets_to_time=2).text()
        lines = [line for line in text.splitlines() if "Error" in line]
        if lines:
            return Finding(f"{title}, elements on {where}", lines[0], False)
    return Finding(f"{title}, elements on the CPU or on the GPU", "made", True)


# What they share --------------------------------------------------------------------------------


def data(name: str, channels: int, tree: str, layout: str) -> tuple[nn.Module, Tensor, Tensor]:
    """An aggregation in float32 on the CPU, elements (N, channels), and bounds of their sets."""
    module = initialised(lambda: make_aggregation(name, channels, tree=tree, seed=3), seed=0)
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in module.parameters():  # learned identities begin at 0: these do not
            parameter += 0.1 * torch.randn(parameter.shape, generator=generator)
    sizes = LAYOUTS[layout]
    if module.operator is not None and module.operator.identity is None:
        sizes = [n for n in sizes if n]
    x = torch.randn(sum(sizes), module.in_channels, generator=generator)
    return module, x, torch.tensor([0, *sizes]).cumsum(0)


def values_and_gradients(module: nn.Module, x: Tensor, ptr: Tensor) -> list[Tensor]:
    """The results, and the gradients of x and of the parameters."""
    x = x.detach().requires_grad_()
    result = module(x, ptr=ptr)
    return [result.detach(), *gradients(weighted(result), x, module)]


def second_gradients(module: nn.Module, x: Tensor, ptr: Tensor) -> list[Tensor]:
    """The gradient of x, and the gradients of its square."""
    x = x.detach().requires_grad_()
    (first,) = torch.autograd.grad(weighted(module(x, ptr=ptr)), x, create_graph=True)
    return [first.detach(), *gradients(first.square().sum(), x, module)]


def gradients(loss: Tensor, x: Tensor, module: nn.Module) -> tuple[Tensor, ...]:
    """Of x, and of the parameters; zeros for those that the loss does not depend on."""
    wanted = [x, *module.parameters()]
    return torch.autograd.grad(loss, wanted, allow_unused=True, materialize_grads=True)


def weighted(result: Tensor) -> Tensor:
    """A sum in which every entry has another weight."""
    weights = torch.linspace(-1, 1, result.numel(), dtype=torch.double)
    return (result * weights.view(result.shape).to(result)).sum()


def judged(
    title: str, cpu: Errors, gpu: Errors, least: float, worst: str = "", whose: str = "the CPU's"
) -> Finding:
    holds = gpu.values <= max(2 * cpu.values, least)
    holds &= gpu.gradients <= max(2 * cpu.gradients, least)
    where = f"; largest at {worst}" if worst else ""
    return Finding(
        f"{title}: errors of values and gradients at most twice {whose} (or {least:.1e})",
        f"{gpu}, {whose} {cpu}{where}",
        holds,
    )
