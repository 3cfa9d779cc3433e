"""Damaged tables: no label of another row, no row lost without a word (tests/fuzz_tables.py)."""

from typing import Any

import numpy as np
import pytest

from lcm_core.tasks.molecules.read import Rows
from lcm_core.tasks.tables.values import TargetValues
from tests import fuzz_tables
from tests.fuzz_tables import check_file


@pytest.mark.parametrize("part", range(5))
def test_five_hundred_damaged_files(part: int) -> None:
    ends = [check_file(seed) for seed in range(100 * part, 100 * part + 100)]
    assert ends.count("read") > 50  # the oracle had something to compare


def test_the_oracle_notices_that_a_whole_file_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*given: Any) -> Rows:
        raise ValueError("line 1 is not to my liking")

    monkeypatch.setattr(fuzz_tables, "read_rows", refused)
    monkeypatch.setattr(fuzz_tables, "mutate", lambda file, draw: file.contents)
    with pytest.raises(AssertionError, match="a file without damage was refused"):
        check_file(0)


def test_the_oracle_notices_labels_of_another_row(monkeypatch: pytest.MonkeyPatch) -> None:
    read = fuzz_tables.read_rows

    def shifted(*given: Any) -> Rows:
        rows = read(*given)
        finish = rows.targets.finish

        def of_the_row_before() -> TargetValues:
            values = finish()
            return values.with_y(np.roll(values.y, 1, axis=0))

        monkeypatch.setattr(rows.targets, "finish", of_the_row_before)
        return rows

    monkeypatch.setattr(fuzz_tables, "read_rows", shifted)
    noticed = 0
    for seed in range(20):
        try:
            check_file(seed)
        except AssertionError:
            noticed += 1
    assert noticed > 10
