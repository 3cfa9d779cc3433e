"""What the ranks of `test_distributed.py` run: functions that their processes import."""

import time

import torch
import torch.distributed as dist

from lcm_core.distributed import (
    RankError,
    all_reduce,
    count_traffic,
    reduce_sharded,
)

#: The first R ranks, as a group.
GROUPS: dict[int, dist.ProcessGroup] = {}


def make_groups(rank, sizes):
    for size in sizes:
        GROUPS[size] = dist.new_group(list(range(size)))


def reduced(rank, size, operators, states, tree="balanced"):
    """The result by operator, and the traffic of the last."""
    if rank >= size:
        return None
    found = []
    for operator, of_ranks in zip(operators, states, strict=True):
        with torch.no_grad(), count_traffic() as traffic:
            found.append(all_reduce(operator, of_ranks[rank], tree=tree, group=GROUPS[size]))
    return found, traffic


def differentiated(rank, size, operator, states, weights, tree="balanced"):
    """The result, the gradient of this rank's states, those of the weights, and the traffic."""
    if rank >= size:
        return None
    x = states[rank].clone().requires_grad_()
    operator.zero_grad()
    with count_traffic() as traffic:
        result = all_reduce(operator, x, tree=tree, group=GROUPS[size])
        (result * weights[rank]).sum().backward()
    return result.detach(), x.grad, [p.grad for p in operator.parameters()], traffic


def sharded(rank, size, operator, xs, indices, num_sets):
    if rank >= size:
        return None
    with torch.no_grad(), count_traffic() as traffic:
        found = reduce_sharded(operator, xs[rank], indices[rank], num_sets, group=GROUPS[size])
    return found, traffic


def sharded_gradients(rank, size, operator, xs, indices, num_sets, weights):
    if rank >= size:
        return None
    x = xs[rank].clone().requires_grad_()
    operator.zero_grad()
    result = reduce_sharded(operator, x, indices[rank], num_sets, group=GROUPS[size])
    (result * weights[rank]).sum().backward()
    return x.grad, [p.grad for p in operator.parameters()]


def many_calls(rank, size, operator, states, calls):
    """Calls whose backward passes come later, in another order."""
    if rank >= size:
        return None
    x = states[rank].clone().requires_grad_()
    results = [all_reduce(operator, x + k, group=GROUPS[size]) for k in range(calls)]
    sum((k + 1) * result.sum() for k, result in enumerate(results)).backward()
    return x.grad


def until_it_fails(rank, operator, timeout):
    """(rank that the error names, its words, when it came); by the clock that all ranks share."""
    states = torch.randn(64, operator.state_dim)
    try:
        while True:
            all_reduce(operator, states, timeout=timeout)
    except RankError as error:
        return error.rank, str(error), time.monotonic()


def misbehaving(rank, operator, culprit, states, pause, timeout):
    """One rank comes late, or with states of its own; the others wait for it."""
    began = time.monotonic()
    if rank == culprit:
        time.sleep(pause)
    try:
        all_reduce(operator, states[rank], timeout=timeout)
    except (RankError, ValueError, TypeError) as error:
        return (
            type(error).__name__,
            getattr(error, "rank", None),
            str(error),
            time.monotonic() - began,
        )
    return None


def one_sided(rank, operator, culprit, states, timeout):
    """One rank leaves out its backward pass: whom the others name."""
    x = states[rank].clone().requires_grad_()
    result = all_reduce(operator, x, timeout=timeout)
    if rank == culprit:
        return None
    try:
        result.sum().backward()
    except RankError as error:
        return error.rank
    return "nobody"
