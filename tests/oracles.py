"""Plain definitions, written apart from the library, that its results are compared with."""

import torch


def fold_tree(operator, x, tree):
    """The reduction of one set, one pair at a time, by the operator's plain definition."""
    states = list(x)
    for left, right in tree.children.tolist():
        states.append(operator(states[left][None], states[right][None])[0])
    return states[-1]


def reduce_sets(operator, x, sizes, make):
    """Set by set: the identity if it is empty, else `fold_tree` with the tree `make(n)`."""
    results, start = [], 0
    for n in sizes:
        rows = x[start : start + n]
        results.append(fold_tree(operator, rows, make(n)) if n else operator.identity.to(x.dtype))
        start += n
    return torch.stack(results)


def ptr_of(sizes):
    return torch.tensor([0, *sizes]).cumsum(0)


def equal(a, b, atol=0.0, rtol=0.0):
    """Equal up to a tolerance, infinite entries exactly."""
    return a.shape == b.shape and torch.allclose(a, b, atol=atol, rtol=rtol)
