"""The check of the training panel on a GPU machine: apart, since it needs ipywidgets."""

import pytest

from benchmarks.gpu_check import panel
from lcm_core.training.run_state import RunState
from lcm_core.widgets.training.run import Run


def test_a_run_is_timed_and_stopped_and_its_failure_is_not_passed_over(monkeypatch):
    recipe = panel.RECIPE.replace(channels=4, batch_size=8, device="cpu")
    run = Run([RunState(recipe)], lambda run: None)
    rate, stopping = panel.measured(run, 0.1)
    assert rate > 0
    assert 0 < stopping < 10
    assert run.state == "stopped"

    def fails(self):
        raise RuntimeError("no kernel image")

    monkeypatch.setattr(RunState, "make_trainer", fails)
    with pytest.raises(RuntimeError, match="no kernel image"):
        panel.measured(Run([RunState(recipe)], lambda run: None), 0.0)
