"""How much faster than PyG's class, on the sizes where its padding costs most."""

import pytest
import torch

from benchmarks.skewed import compare, skewed_sizes


@pytest.mark.slow
@pytest.mark.usefixtures("unchecked")
def test_skewed_sets_are_reduced_200_times_faster_than_by_pygs_class():
    assert torch.get_num_threads() == 1
    sizes = skewed_sizes()
    assert (len(sizes), sizes.sum(), sizes.max()) == (2000, 7777, 528)
    results = compare()
    for row in results.values():
        assert row["ratio"] >= 200, results
