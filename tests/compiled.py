"""Compares compiled reductions with plain ones: python -m tests.compiled BACKEND."""

import sys

import torch

from lcm_core import LCMAggregation, ReductionPlan, make_operator, operator_names, reduce
from tests.oracles import equal, ptr_of

RAGGED = [3, 0, 7, 1, 16, 2, 5, 12]
SMALL = [3, 0, 5, 1, 2]
EQUAL = [[8] * 4, [6] * 3]  # plans of another form


def compare(plain, compiled, x, parameters, atol):
    results = [function(x) for function in (compiled, plain)]
    assert equal(*results, atol=atol), (results[0] - results[1]).abs().max()
    wanted = [x, *parameters]
    ours, want = (torch.autograd.grad(r.square().sum(), wanted, allow_unused=True) for r in results)
    for a, b in zip(ours, want, strict=True):
        assert (a is None and b is None) or equal(a, b, atol=10 * atol)
    print("same")


def operators(backend):
    """As one graph, with a plan; plans are the same for all operators: one tries them all."""
    for name in operator_names():
        for sizes in (*EQUAL, RAGGED) if name == "symmetrized_gru" else (SMALL,):
            torch.compiler.reset()
            op = make_operator(name, 4).double()
            sizes = sizes if op.identity is not None else [n for n in sizes if n]
            plan = ReductionPlan.from_sizes(sizes)
            x = torch.randn(sum(sizes), 4, dtype=torch.double, requires_grad=True)

            def lowered(x, op=op, plan=plan):
                return op.lower(reduce(op, op.lift(x), plan=plan))

            compiled = torch.compile(lowered, fullgraph=True, backend=backend)
            compare(lowered, compiled, x, op.parameters(), 1e-12)


def aggregation(backend):
    """With an index, a ptr, and a plan that was used before."""
    torch.compiler.reset()
    aggregate = LCMAggregation(8, 8)
    x = torch.randn(sum(RAGGED), 8, requires_grad=True)
    index = torch.repeat_interleave(torch.arange(len(RAGGED)), torch.tensor(RAGGED))
    plan = ReductionPlan.from_sizes(RAGGED)
    compiled = torch.compile(aggregate, backend=backend)
    for sets in (
        {"index": index, "dim_size": len(RAGGED)},
        {"ptr": ptr_of(RAGGED)},
        {"plan": plan},
    ):
        compare(
            lambda x, sets=sets: aggregate(x, **sets),
            lambda x, sets=sets: compiled(x, **sets),
            x,
            aggregate.parameters(),
            1e-6,
        )


if __name__ == "__main__":
    torch.manual_seed(0)
    torch.set_num_threads(1)
    operators(sys.argv[1])
    aggregation(sys.argv[1])
