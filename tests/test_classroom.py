"""The benchmark of a class: kernels that train at once, and the table that it makes."""

import statistics

import pytest

from benchmarks import classroom
from benchmarks.classroom import DEFAULT, SETTINGS, Found, Kernel, parse, report


def test_the_table_compares_the_default_with_the_best() -> None:
    options = parse(["--kernels", "2,1", "--repeats", "3"])
    assert options.kernels == [1, 2]
    table = {
        (setting, k): Found([[100.0 * k / (place + 1)] * k] * 3, [0.01 * k] * 20)
        for place, setting in enumerate(SETTINGS)
        for k in options.kernels
    }
    table[DEFAULT, 2].memory = [3e8, 2e8]
    text = "\n".join(report(table, options))
    assert "| 1 | default | 100 | 100 | 1.00 | 10 ms | – |" in text
    assert "| 2 | default | 400 | 200 | 1.00 | 20 ms | 250 MB |" in text
    assert "| 2 | one thread | 200 | 100 | 0.50 | 20 ms | – |" in text
    assert "2 kernels together train 400% of the sets of the best 1 alone" in text


@pytest.mark.slow
def test_a_kernel_trains_and_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(classroom, "SETTLE", 0.2)
    kernel = Kernel("one thread")
    try:
        found = Found()
        with classroom.ThreadPoolExecutor(1) as pool:
            classroom.window([kernel], found, 2.0, pool)
        assert found.total > 0
        assert len(found.answers) >= 2
        assert statistics.median(found.answers) < 10
        assert 1e8 < kernel.memory() < 2e9
        assert not kernel.running
    finally:
        kernel.close()
