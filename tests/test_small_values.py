import pytest
import torch

from lcm_core.tasks import SecondMinimum


def values_of(task: SecondMinimum, x: torch.Tensor) -> list[int]:
    places = 2 ** torch.arange(task.bits - 1, -1, -1)
    return ((x > 0).long() * places).sum(1).tolist()


def test_small_values_change_values_and_keep_sizes_and_the_question() -> None:
    plain, shifted = SecondMinimum(8), SecondMinimum(8, small_values=1.0)
    before, after = plain.train_batch(3, 200, seed=1), shifted.train_batch(3, 200, seed=1)
    assert torch.equal(before.sizes, after.sizes)
    values, old = values_of(shifted, after.x), values_of(plain, before.x)
    answers = values_of(shifted, 2 * after.y - 1)
    shifts = set()
    for b, answer in enumerate(answers):
        some = slice(int(after.ptr[b]), int(after.ptr[b + 1]))
        assert sorted(values[some])[1] == answer
        fitting = [k for k in range(8) if values[some] == [v >> k for v in old[some]]]
        assert fitting, "a set is shifted as a whole"
        shifts.add(fitting[0])
    assert shifts == set(range(7))  # two bits are left at least


def test_half_of_the_sets_may_be_shifted_and_evaluation_never_is() -> None:
    plain, some = SecondMinimum(8), SecondMinimum(8, small_values=0.5)
    before, after = plain.train_batch(0, 400, seed=0), some.train_batch(0, 400, seed=0)
    same = [
        torch.equal(
            before.x[before.ptr[b] : before.ptr[b + 1]], after.x[after.ptr[b] : after.ptr[b + 1]]
        )
        for b in range(400)
    ]
    assert 0.45 < sum(same) / 400 < 0.7  # one shift of seven is by nothing
    for split in ("validation", "size 128"):
        for one, other in zip(plain.batches(split), some.batches(split), strict=True):
            assert torch.equal(one.x, other.x)


def test_a_share_is_from_0_to_1() -> None:
    with pytest.raises(ValueError, match="small_values is a share: expected 0 to 1, got 2"):
        SecondMinimum(8, small_values=2.0)
