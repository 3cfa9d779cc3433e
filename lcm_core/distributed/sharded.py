"""Sets whose elements are spread over ranks: `reduce_sharded`."""

import torch
import torch.distributed as dist
from jaxtyping import Float
from torch import Tensor

from lcm_core.distributed.links import TIMEOUT, Link
from lcm_core.distributed.tree_over_ranks import combine_pairs, over_ranks, tied
from lcm_core.operators import Operator
from lcm_core.reduction import reduce
from lcm_core.reduction.checks import check_places, check_states

__all__ = ["reduce_sharded"]


def reduce_sharded(
    operator: Operator,
    x: Float[Tensor, "N d"],
    index: Tensor,
    num_sets: int,
    *,
    group: dist.ProcessGroup | None = None,
    timeout: float = TIMEOUT,
) -> Float[Tensor, "B d"]:
    """Reduce sets whose elements are spread over ranks, on every rank.

    Each rank reduces its own elements of a set by the balanced tree. These parts are then combined
    by the balanced tree over ranks; a rank without elements of a set is no leaf of that set's tree.
    So nothing is padded, and the result is that of one machine if each rank but the last has the
    same power of two of a set's elements, or for any shares if ⊕ is associative. It takes as many
    rounds as `all_reduce`, of B (d + 1) numbers: a mark says which sets a rank has elements of.

    Gradients flow as in `all_reduce`.

    >>> import torch.distributed as dist
    >>> from lcm_core import make_operator
    >>> store = dist.HashStore()
    >>> dist.init_process_group("gloo", store=store, rank=0, world_size=1)  # torchrun gives these
    >>> op, x = make_operator("max", channels=1), torch.tensor([[3.0], [5.0], [4.0]])
    >>> reduce_sharded(op, x, torch.tensor([1, 0, 1]), num_sets=2).flatten()
    tensor([5., 4.])
    >>> dist.destroy_process_group()

    Args:
        operator: the operator ⊕, with the same weights on all ranks.
        x: states of this rank, (N, d); N may differ between ranks, and may be 0.
        index: (N,), the set of each state, in any order; those of a set keep their order.
        num_sets: B, the same on all ranks.
        group: of ranks (default: all).
        timeout: seconds to wait for another rank before it counts as gone.

    Returns:
        States, (B, d). A set without elements on any rank gives the identity.

    Raises:
        RankError: another rank died, did not answer in time, or raised an error.
        ValueError: as `reduce` does; or a set is empty on all ranks and ⊕ has no identity.
        TypeError: as `reduce` does.
    """
    link = Link("reduce_sharded", group, timeout)
    with link.telling():
        marked = over_ranks(
            link,
            tied(operator, _parts(operator, x, index, num_sets)),
            lambda left, right: _combine_marked(operator, left, right),
        )
    return _without_marks(operator, marked)


def _parts(operator: Operator, x: Tensor, index: Tensor, num_sets: int) -> Tensor:
    """This rank's part of each set, and 1; zeros for sets of which it has nothing: (B, d + 1)."""
    check_states(operator, x)
    check_places(x, None, index, num_sets)
    if len(index) != len(x) or (len(x) and not 0 <= index.min() <= index.max() < num_sets):
        raise ValueError(
            f"expected index of shape ({len(x)},), from 0 to num_sets − 1 = {num_sets - 1}, got "
            f"{tuple(index.shape)}"
            + (f", from {index.min()} to {index.max()}" if len(index) else "")
        )
    here, place = index.unique(return_inverse=True)
    roots = reduce(operator, x, index=place, num_sets=len(here)) if len(here) else x
    marked = torch.cat([roots, torch.ones_like(roots[:, :1])], 1)
    return x.new_zeros(num_sets, x.shape[1] + 1).index_copy(0, here, marked)


def _combine_marked(operator: Operator, left: Tensor, right: Tensor) -> Tensor:
    """left ⊕ right for sets that both sides have; otherwise the side that has the set."""
    here, there = left[:, -1] > 0, right[:, -1] > 0
    combined = torch.where(here[:, None], left, right)
    both = (here & there).nonzero().flatten()
    if len(both) == 0:
        return combined
    states = combine_pairs(operator, left[both, :-1], right[both, :-1])
    return combined.index_copy(0, both, torch.cat([states, torch.ones_like(states[:, :1])], 1))


def _without_marks(operator: Operator, marked: Tensor) -> Tensor:
    states, some = marked[:, :-1], marked[:, -1:] > 0
    empty = len(some) - int(some.sum())
    if empty == 0:
        return states
    if operator.identity is None:
        raise ValueError(
            f"{empty} of {len(some)} sets are empty on all ranks, and {operator.name!r} has no "
            "identity to give for them: leave empty sets out, or use an operator with an identity "
            "(learn_identity=True)"
        )
    return torch.where(some, states, operator.identity.to(states))
