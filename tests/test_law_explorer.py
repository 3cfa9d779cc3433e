"""The law explorer: its numbers are those of the definitions, in every view."""

import math
import threading
import time

import numpy as np
import pytest
import torch

from lcm_core import law_report, make_operator
from lcm_core.figures import law_distributions_figure
from lcm_core.figures.law_distributions import density
from lcm_core.laws.measure import LAWS
from lcm_core.laws.populations import closure_population, encoded_population, gaussian_population
from lcm_core.operators import Operator
from lcm_core.training.recipe import Recipe
from lcm_core.training.trainer import Trainer
from lcm_core.widgets import LawExplorer
from lcm_core.widgets.operators.catalog import operator_catalog
from tests.panels import Average, text_of

RECIPE = "bits=4 channels=6 steps=2 batch_size=4 log_every=1"


@pytest.fixture(autouse=True)
def nothing_left():
    yield
    for label in operator_catalog.entries():
        operator_catalog.withdraw(label)


@pytest.fixture
def explorer():
    made = []

    def make(*arguments, **options) -> LawExplorer:
        made.append(LawExplorer(*arguments, **options))
        return made[-1]

    yield make
    for panel in made:
        panel.close()
        assert panel._worker.wait(30)


def searches() -> int:
    return sum(thread.name == "lcm law search" for thread in threading.enumerate())


# Means ----------------------------------------------------------------------------------------


def test_it_shows_what_law_report_says(explorer) -> None:
    mine = Average(channels=4)
    panel = explorer(("sum", mine), samples=300, seed=5)
    assert panel.error == ""
    expected = law_report(mine, gaussian_population(4, seed=5), samples=300, seed=5)
    assert panel.reports["average (yours)"] == expected
    assert f"{expected['associativity'].mean:.3g}" in text_of(panel.read_out)
    panel.controls.population_menu.value = "closure"
    elements = gaussian_population(4, seed=5).elements
    expected = law_report(mine, closure_population(elements, seed=5), samples=300, seed=5)
    assert panel.reports["average (yours)"] == expected
    panel.operator_menus[2].widget.value = "gru"
    assert list(panel.reports) == ["sum", "average (yours)", "gru"]
    assert "no identity" in text_of(panel.read_out)
    assert panel.stage.figure is None  # nothing of plotly before a chart is wanted
    panel.operator_menus[2].widget.value = "(none)"
    assert list(panel.reports) == ["sum", "average (yours)"]


def test_one_operator_need_not_be_in_a_tuple(explorer) -> None:
    assert list(explorer("gru", samples=50).reports) == ["gru"]
    assert list(explorer(Average(channels=2), samples=50).reports) == ["average (yours)"]


def test_own_operators_of_one_name_are_told_apart(explorer) -> None:
    pair = (make_operator("symmetrized_gru", 4), make_operator("symmetrized_gru", 4))
    panel = explorer(pair)
    assert list(panel.reports) == ["symmetrized_gru (yours) 1", "symmetrized_gru (yours) 2"]
    first, second = panel.reports.values()
    assert first["associativity"] != second["associativity"]


def test_unknown_names_are_explained() -> None:
    for wrong, message in (
        ({"population": "closures"}, "unknown population 'closures': did you mean 'closure'"),
        ({"view": "maps"}, "unknown view 'maps': did you mean 'map'"),
        ({"law": "asociativity"}, "unknown law 'asociativity': did you mean"),
        ({"operators": ("summ",)}, "did you mean 'sum'"),
        ({"operators": ("sum",) * 5}, "expected 1 to 4 operators, got 5"),
        ({"points": ((1, 2, 3),)}, "expected points as up to 3 pairs"),
    ):
        with pytest.raises(ValueError, match=message):
            LawExplorer(**wrong)


# Populations ----------------------------------------------------------------------------------


def test_given_elements_are_what_is_measured_by_default(explorer) -> None:
    elements = torch.rand(50, 3) * 100
    panel = explorer(("sum",), elements=elements)
    assert panel.controls.population_menu.value == "closure"
    assert panel.reports["sum"]["commutativity"].spread > 50
    said = "512 reductions of random subsets, of 1 to 16, of 50 elements of 3 channels given to the"
    assert said in text_of(panel.read_out)


def test_all_three_populations_are_those_of_the_library(explorer) -> None:
    elements = torch.rand(50, 3, generator=torch.Generator().manual_seed(0))
    panel = explorer(("mean",), elements=elements, samples=100, seed=2)
    op = panel.subjects["mean"].operator
    for kind, population in (
        ("gaussian", gaussian_population(3, seed=2)),
        ("encoded", encoded_population(elements)),
        ("closure", closure_population(elements, seed=2)),
    ):
        panel.controls.population_menu.value = kind
        assert panel.error == ""
        assert panel.reports["mean"] == law_report(op, population, samples=100, seed=2)


def test_encoded_without_a_task_is_refused_in_words(explorer) -> None:
    panel = explorer(("sum",))
    panel.controls.population_menu.value = "encoded"
    assert "'encoded' is the elements that the encoder of a task puts out" in panel.error
    assert panel.reports == {}
    panel.controls.population_menu.value = "closure"
    assert panel.error == ""
    assert list(panel.reports) == ["sum"]


def test_a_checkpoint_brings_its_elements_also_for_its_neighbours(explorer, tmp_path) -> None:
    trainer = Trainer(Recipe.parse(RECIPE))
    list(trainer.records())
    trainer.save(tmp_path / "run.pt")
    panel = explorer(("sum", tmp_path / "run.pt", Average(channels=3)), samples=50)
    assert panel.error == ""
    assert panel.controls.population_menu.value == "closure"
    assert [subject.channels for subject in panel.subjects.values()] == [6, 6, 3]
    brought = panel.operator_menus[1].elements
    assert panel.subjects["sum"].elements is brought
    assert panel.subjects["average (yours)"].elements is None
    text = text_of(panel.read_out)
    assert "Population of sum, checkpoint run.pt: 512 reductions" in text
    assert "that came with checkpoint run.pt" in text
    assert "Population of average (yours): 512 reductions" in text
    panel.controls.population_menu.value = "encoded"
    assert "none of 3 channels for 'average'" in panel.error
    panel.operator_menus[2].widget.value = "(none)"
    assert panel.error == ""
    assert "elements of 6 channels that came with checkpoint run.pt, lifted" in text_of(
        panel.read_out
    )


def test_an_operator_of_another_width_than_given_elements_is_refused(explorer) -> None:
    panel = explorer((Average(channels=3),), elements=torch.rand(9, 4))
    assert "takes elements of 3 channels, those given to the panel have 4" in panel.error


# Following -----------------------------------------------------------------------------------


def test_it_follows_an_operator_that_is_offered_anew(explorer) -> None:
    first, second = make_operator("gru", 3), make_operator("gru", 3)
    operator_catalog.offer("training: gru", first)
    panel = explorer(("sum", "training: gru"), samples=100, view="map")
    kept = panel.subjects["sum"]
    before = panel.stage.maps["training: gru"].values
    operator_catalog.offer("training: gru", second)
    expected = law_report(second, gaussian_population(3), samples=100)
    assert panel.reports["training: gru"] == expected
    assert not np.array_equal(panel.stage.maps["training: gru"].values, before)
    assert panel.subjects["sum"] is kept  # not measured again
    with torch.no_grad():
        second.cell.weight_hh.mul_(2)
    operator_catalog.offer("training: gru", second)  # the same operator, changed in place
    assert panel.reports["training: gru"] != expected


def test_offers_from_another_thread_and_controls_do_not_disturb_each_other(explorer) -> None:
    operator_catalog.offer("live", make_operator("gru", 3))
    panel = explorer(("sum", "live"), samples=100)

    def train() -> None:
        for _ in range(15):
            operator_catalog.offer("live", make_operator("gru", 3))

    thread = threading.Thread(target=train)
    thread.start()
    while thread.is_alive():
        for view in ("pair", "map", "distributions", "means"):
            panel.controls.view_menu.value = view
            assert panel.error == ""
    thread.join()
    assert panel.subjects["live"].operator is operator_catalog.entries()["live"].operator


# Worst cases ------------------------------------------------------------------------------------


def test_worst_case_is_searched_in_a_thread_and_says_where(explorer) -> None:
    panel = explorer(("gru", "symmetrized_gru"), channels=3, samples=200)
    before = dict(panel.reports)
    panel.search_button.click()
    assert panel._worker.wait(120)
    assert panel.error == ""
    for name, report in panel.reports.items():
        for law, error in report.items():
            assert error.mean == before[name][law].mean
            assert error.largest_found >= error.max * (1 - 1e-5)
    assert "search done" in text_of(panel.status)
    assert panel.stop_button.disabled
    found = panel.reports["gru"]["associativity"]
    x = ", ".join(f"{value:.3g}" for value in found.largest_at[0])
    assert f"gru, associativity: {found.largest_found:.4g} at x = ({x}); y = (" in text_of(
        panel.read_out
    )
    panel.controls.law_menu.value = "associativity"
    panel.controls.view_menu.value = "distributions"
    shown = {trace.name: trace for trace in panel.stage.figure.widget.data}
    assert found.largest_found in list(shown["largest found by search"].x)
    panel.controls.seed_box.value = 1  # others are measured now: nothing is found yet
    assert panel.reports["gru"]["associativity"].largest_found is None
    assert text_of(panel.status) == ""


def test_a_search_can_be_stopped_and_ends_with_the_panel(explorer) -> None:
    panel = explorer(("gru", "symmetrized_gru"), samples=1000, population="closure")
    started = time.monotonic()
    panel.search_button.click()
    panel.stop_button.click()
    assert panel._worker.wait(20)
    assert time.monotonic() - started < 20
    assert "search stopped" in text_of(panel.status)
    panel.search_button.click()
    panel.close()
    assert panel._worker.wait(20)
    assert searches() == 0


def test_a_search_leaves_out_what_has_changed_meanwhile(explorer) -> None:
    operator_catalog.offer("live", make_operator("gru", 8))
    panel = explorer(("symmetrized_gru", "live"), samples=100)
    panel.search_button.click()
    operator_catalog.offer("live", make_operator("gru", 8))
    assert panel._worker.wait(120)
    assert panel.error == ""
    assert panel.reports["symmetrized_gru"]["associativity"].largest_found is not None
    assert panel.reports["live"]["associativity"].largest_found is None
    assert "changed meanwhile: live" in text_of(panel.status)


# Distributions ----------------------------------------------------------------------------------


def test_densities_are_smooth_and_whole() -> None:
    draw = np.random.default_rng(0)
    values = np.abs(draw.normal(size=4000))
    at = np.linspace(0, 6, 600)
    found = density(values, at, lowest=0.0)
    assert np.trapezoid(found, at) == pytest.approx(1, abs=0.01)  # nothing is lost below 0
    true = 2 * np.exp(-0.5 * at**2) / np.sqrt(2 * np.pi)
    assert np.abs(found - true).max() < 0.1
    assert np.isfinite(density(np.full(9, 0.5), at, lowest=0.0)).all()


def test_distributions_show_the_numbers_of_the_samples(explorer) -> None:
    panel = explorer(
        ("sum", "gru", "symmetrized_gru"), samples=400, view="distributions", law="associativity"
    )
    assert panel.error == ""
    traces = {trace.name: trace for trace in panel.stage.figure.widget.data}
    op, states = panel.subjects["gru"].operator, gaussian_population(8).elements
    rows = torch.randint(512, (3, 400), generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        x, y, z = states[rows]
        sides = op(op(x, y), z), op(x, op(y, z))
    u = torch.cat(sides)
    s = (u - u.mean(0)).square().sum(-1).mean().sqrt()
    errors = ((sides[0] - sides[1]).norm(dim=-1) / s).double().numpy()
    at = -1  # gru is the second of three
    marks = {
        trace.name: value
        for trace in traces.values()
        if trace.mode == "markers"
        for place, value in zip(trace.y, trace.x, strict=True)
        if place == at
    }
    assert marks["median"] == pytest.approx(np.median(errors), rel=1e-4)
    assert marks["95th percentile"] == pytest.approx(np.quantile(errors, 0.95), rel=1e-4)
    assert marks["max of the samples"] == pytest.approx(errors.max(), rel=1e-4)
    assert marks["mean, 95 % interval"] == pytest.approx(errors.mean(), rel=1e-4)
    mean = traces["mean, 95 % interval"]
    index = list(mean.y).index(at)
    half = 1.96 * errors.std(ddof=1) / math.sqrt(400)
    assert mean.error_x.array[index] == pytest.approx(half, rel=1e-3)
    assert mean.error_x.arrayminus[index] == pytest.approx(half, rel=1e-3)
    shape = traces["gru"]
    assert min(shape.x) <= errors.min()
    assert max(shape.x) >= errors.max()
    assert np.max(np.abs(np.asarray(shape.y) - at)) == pytest.approx(0.4)
    said = text_of(panel.sentence)
    assert f"at most 0 s for sum, {np.quantile(errors, 0.95):.3g} s for gru" in said
    panel.controls.log_box.value = True
    assert panel.stage.figure.widget.layout.xaxis.type == "log"


def test_zeros_and_rounding_are_written_not_drawn() -> None:
    population = gaussian_population(4)
    reports = {
        "sum": law_report(make_operator("sum", 4), population),
        "gru": law_report(make_operator("gru", 4), population),
        "first": law_report(Constant(channels=4), population),
    }
    for law, notes in (
        ("commutativity", ["all are 0", "degenerate: all results alike"]),
        ("associativity", ["all are rounding", "degenerate: all results alike"]),
        ("identity", ["all are 0", "no identity", "no identity"]),
    ):
        for log in (False, True):
            figure = law_distributions_figure(reports, law, log)
            written = [text.strip() for text in figure.data[-1].text if "×" not in text]
            assert written == notes
            assert np.isnan(figure.data[0].x).all()  # nothing of the sum is drawn
    figure = law_distributions_figure(reports, "commutativity", log=True)
    drawn = np.asarray(figure.data[1].x)
    assert 10 ** figure.layout.xaxis.range[0] < drawn[np.isfinite(drawn)].min()


class Constant(Operator):
    def forward(self, left, right):
        return torch.zeros_like(left)


def test_intervals_hold_the_true_mean_about_19_times_of_20() -> None:
    """The distance of x − y and y − x is 2 |x − y|, of mean 2/3 for uniform numbers."""

    class Difference(Operator):
        def forward(self, left, right):
            return left - right

    op, held = Difference(channels=1), 0
    for seed in range(200):
        states = torch.rand(4000, 1, generator=torch.Generator().manual_seed(seed))
        error = law_report(op, states, ["commutativity"], samples=200, seed=seed)["commutativity"]
        true = (2 / 3) / error.spread
        held += error.ci_low <= true <= error.ci_high
    assert 180 <= held <= 199


# Maps -------------------------------------------------------------------------------------------


def test_a_map_is_in_the_unit_of_the_report_and_a_probe_takes_it_apart(explorer) -> None:
    operators = ("sum", "gru", "symmetrized_gru", "k_smallest")
    panel = explorer(operators, view="map", law="associativity", seed=3)
    assert panel.error == ""
    maps, probes = panel.stage.maps, panel.stage.probes
    assert list(maps) == list(operators)
    shown = panel.stage.map_view.data["columns"]
    for column, (name, found) in zip(shown, maps.items(), strict=True):
        assert found.unit == panel.reports[name]["associativity"].spread
        assert column["name"] == name
        assert np.allclose(column["values"], found.values, rtol=6e-3)
        assert probes[name].position == pytest.approx((0, 0), abs=1e-6)
        assert probes[name].value == pytest.approx(found.values[15, 15], rel=1e-3, abs=1e-7)
    text = text_of(panel.read_out)
    assert "k_smallest: 0 everywhere" in text
    assert "sum: only rounding" in text
    assert f"{probes['gru'].value:.4g}" in text
    low, high = maps["gru"].values.min(), maps["gru"].values.max()
    assert f"gru: {low:.3g} to {high:.3g}" in text
    assert panel.stage.map_view.data["top"] >= high * (1 - 1e-3)

    panel.stage.map_view.value = {"pixel": [0, 21]}
    assert panel.stage.probe == (1.2, -3.0)
    probe = panel.stage.probes["gru"]
    assert probe.position == pytest.approx((1.2, -3.0), abs=1e-6)
    assert probe.value == pytest.approx(maps["gru"].values[0, 21], rel=1e-4)
    assert panel.stage.map_view.answer == {"pixel": [0, 21]}
    assert "At u = +1.2 σ, v = -3.0 σ" in text_of(panel.read_out)
    assert f"{probe.value:.3g} s for gru" in text_of(panel.sentence)
    panel.stage.map_view.value = {"pixel": [99, -1]}  # a page cannot lead outside
    assert panel.stage.probe == (-3.0, 3.0)


def test_a_law_that_cannot_be_mapped_is_explained(explorer) -> None:
    panel = explorer(("gru", "sum"), view="map", law="identity")
    assert panel.error == ""
    assert list(panel.stage.maps) == ["sum"]
    assert "gru: gru has no identity" in text_of(panel.read_out)
    assert "pixel is the mean" not in text_of(panel.read_out)
    panel.controls.law_menu.value = "commutativity"
    assert list(panel.stage.maps) == ["gru", "sum"]
    assert "the distance of x ⊕ y and y ⊕ x" in text_of(panel.read_out)


def test_a_law_without_a_scale_has_no_map(explorer) -> None:
    panel = explorer((Constant(channels=3),), view="map")
    assert panel.error == ""
    assert panel.stage.maps == {}
    assert "operator (yours): all results are alike" in text_of(panel.read_out)


def test_a_bad_choice_leaves_no_menu_that_listens() -> None:
    before = len(operator_catalog._watchers)
    with pytest.raises(ValueError, match="did you mean 'gru'"):
        LawExplorer(("sum", "grru"))
    assert len(operator_catalog._watchers) == before


def test_maps_of_exact_monoids_have_one_colour(explorer) -> None:
    panel = explorer(("sum",), view="map", law="associativity")
    data = panel.stage.map_view.data
    assert np.max(data["columns"][0]["values"]) < 1e-5 <= data["top"] / 9
    assert "At the mark (drag it), the error of associativity is 0 s for sum." in text_of(
        panel.sentence
    )


def test_states_on_a_line_have_a_map_of_one_row(explorer) -> None:
    panel = explorer((Average(channels=1),), view="map", law="associativity")
    assert len(panel.stage.map_view.data["columns"][0]["v"]) == 1
    panel.stage.map_view.value = {"pixel": [20, 3]}
    assert panel.error == ""
    assert panel.stage.probes["average (yours)"].position == pytest.approx((-2.4, 0.0))


# One pair ---------------------------------------------------------------------------------------


def test_a_pair_shows_the_distance_of_both_sides(explorer) -> None:
    panel = explorer(("sum", "gru", "symmetrized_gru"), channels=4, seed=2)
    assert panel.error == ""
    assert panel.controls.law_menu.value == "commutativity"  # gru breaks it
    view = panel.stage.pair_view
    view.value = {"points": [[0.5, -1.0], [2.0, 1.5], [0.0, 0.0]]}
    states = gaussian_population(4, seed=2).elements
    centred = (states - states.mean(0)).double()
    values, vectors = torch.linalg.eigh(centred.T @ centred / len(states))
    axes = vectors[:, [-1, -2]].T * values[[-1, -2]].sqrt()[:, None]
    found = panel.stage.apart["gru"]
    x, y = (torch.as_tensor(state, dtype=torch.double) for state in found.states)
    for state, point in ((x, (0.5, -1.0)), (y, (2.0, 1.5))):
        offset = state - states.mean(0)
        along = axes @ offset / axes.square().sum(1)
        assert along.abs().numpy() == pytest.approx(np.abs(point), rel=1e-3)
        assert (offset - along @ axes).norm() < 1e-4  # in the plane
    op = panel.subjects["gru"].operator.double()
    with torch.no_grad():
        apart = float((op(x, y) - op(y, x)).norm())
    assert found.error == pytest.approx(
        apart / panel.reports["gru"]["commutativity"].spread, rel=1e-4
    )
    answer = view.answer
    assert answer["points"] == [[0.5, -1.0], [2.0, 1.5], [0.0, 0.0]]
    assert answer["columns"][1]["error"] == found.error
    shadow = np.diff(answer["columns"][1]["places"], axis=0)
    assert 0 < np.linalg.norm(shadow) <= found.error * (1 + 1e-5)  # in units of s, too
    assert answer["columns"][0]["error"] == answer["columns"][2]["error"] == 0
    assert text_of(panel.sentence) == (
        f"x ⊕ y and y ⊕ x are {found.error:.3g} s apart for gru, "
        "and meet for sum and symmetrized_gru."
    )
    assert f"gru: {found.error:.4g} s" in text_of(panel.read_out)


def test_clouds_are_of_the_population_and_its_results(explorer) -> None:
    panel = explorer(("max",), channels=3, law="associativity")
    column = panel.stage.pair_view.data["columns"][0]
    assert panel.stage.pair_view.data["letters"] == ["x", "y", "z"]
    dots = np.array(column["states"])
    assert 100 < len(dots) <= 256
    assert dots.std(0) == pytest.approx([1, 1], abs=0.15)
    assert column["mean"] == panel.reports["max"]["associativity"].mean
    assert len(panel.stage.pair_view.answer["columns"][0]["places"]) == 2


def test_the_first_law_is_one_that_somebody_breaks(explorer) -> None:
    assert explorer(("sum", "gru")).controls.law_menu.value == "commutativity"
    assert explorer(("sum", "symmetrized_gru")).controls.law_menu.value == "associativity"
    assert explorer(("gru",), law="exchange").controls.law_menu.value == "exchange"


def test_laws_of_one_state_and_operators_without_them_have_a_pair_view(explorer) -> None:
    panel = explorer(("max", "gru"), law="identity")
    assert panel.error == ""
    first, second = panel.stage.pair_view.data["columns"]
    assert panel.stage.pair_view.data["letters"] == ["x"]
    assert panel.stage.pair_view.data["sides"] == ["e ⊕ x or x ⊕ e", "x"]
    assert second["why"] == "gru has no identity"
    assert panel.stage.pair_view.answer["columns"] == [
        first and panel.stage.pair_view.answer["columns"][0],
        None,
    ]
    assert panel.stage.apart["max"].error == 0
    for law in LAWS:
        panel.controls.law_menu.value = law
        assert panel.error == ""


def test_points_from_the_page_stay_in_the_plane(explorer) -> None:
    panel = explorer(("gru",))
    panel.stage.pair_view.value = {"points": [[99, -99], [0, 0], [0, 0]]}
    assert panel.stage.points[0] == (3.0, -3.0)
    panel.stage.pair_view.value = {"points": "nonsense"}
    assert "expected points" in panel.error
    panel.stage.pair_view.value = {"points": [[1, 1], [0, 0], [0, 0]]}
    assert panel.error == ""


def test_it_goes_on_where_it_was_for_other_operators_and_laws(explorer) -> None:
    panel = explorer(("gru",))
    panel.stage.pair_view.value = {"points": [[1, 1], [-1, 1], [0, 2]]}
    panel.controls.law_menu.value = "associativity"
    panel.operator_menus[1].widget.value = "sum"
    assert panel.stage.points == ((1, 1), (-1, 1), (0, 2))
    assert panel.stage.pair_view.answer["law"] == "associativity"
    assert len(panel.stage.pair_view.answer["columns"]) == 2


# Words and code ---------------------------------------------------------------------------------


def test_nothing_chosen_is_said_in_words(explorer) -> None:
    panel = explorer(("gru",), view="means")
    panel.operator_menus[0].widget.value = "(none)"
    assert panel.error == ""
    assert text_of(panel.sentence) == "Nothing to show: choose an operator."
    assert panel.stage.chart.layout.display == "none"  # no axes of nothing
    assert panel.stage.pair_view.data["columns"] == []
    assert "lcm-none" not in panel.operator_menus[0].widget._dom_classes  # one menu stays in view
    panel.operator_menus[2].widget.value = "sum"
    assert panel.stage.chart.layout.display is None
    assert "lcm-none" in panel.operator_menus[0].widget._dom_classes


def test_its_code_restores_it(explorer) -> None:
    panel = explorer(("sum", "gru"), samples=200)
    assert panel.code() == "LawExplorer(operators=('sum', 'gru'), samples=200)"
    panel.operator_menus[2].widget.value = "max"
    panel.controls.population_menu.value = "closure"
    panel.controls.seed_box.value = 3
    panel.controls.law_menu.value = "exchange"
    panel.stage.pair_view.value = {"points": [[0.5, -1.0], [2.0, 1.5], [0.0, 0.25]]}
    panel.controls.view_menu.value = "map"
    panel.stage.map_view.value = {"pixel": [3, 21]}
    panel.controls.log_box.value = True
    panel.bar.more = True
    other = eval(panel.code(), {"LawExplorer": explorer})
    assert other.code() == panel.code()
    assert other.reports == panel.reports
    assert other.stage.probes["gru"].position == panel.stage.probes["gru"].position
    assert other.stage.points == panel.stage.points
    assert text_of(other.sentence) == text_of(panel.sentence)
    assert [other.controls.log_box.value, other.bar.more] == [True, True]
    view = other.controls.view_menu
    for menu in (view, panel.controls.view_menu):
        menu.value = "pair"
    assert other.stage.pair_view.answer == panel.stage.pair_view.answer


def test_views_are_made_once_and_shown_one_at_a_time(explorer) -> None:
    panel = explorer(("sum", "gru"), view="map")
    for view in ("means", "pair", "map", "distributions", "means"):
        panel.controls.view_menu.value = view
        assert sum(child.layout.display is None for child in panel.stage.box.children) == 1
    assert len(panel.stage.box.children) == 3
    assert {trace.type for trace in panel.stage.figure.widget.data} == {"scatter"}


def test_two_panels_do_not_disturb_each_other(explorer) -> None:
    one, other = explorer(("gru",), view="map"), explorer(("gru",), view="map")
    one.stage.map_view.value = {"pixel": [15, 30]}
    one.controls.population_menu.value = "closure"
    assert other.stage.probe == (0.0, 0.0)
    assert other.reports["gru"] != one.reports["gru"]
    one.close()
    other.controls.view_menu.value = "means"
    assert other.error == ""


def test_why_there_is_nothing_to_show_stays_on_show(explorer) -> None:
    panel = explorer(("gru",), elements=torch.randn(20, 2), samples=100)
    operator_catalog.offer("wide", make_operator("gru", 3))
    panel.operator_menus[1].widget.value = "wide"
    assert "wide takes elements of 3 channels" in panel.error
    for view in ("map", "means"):
        panel.controls.view_menu.value = view
        assert "Nothing to show" in text_of(panel.sentence)
        assert "wide takes elements of 3 channels" in panel.error
    panel.stop_button.click()
    assert panel.error
    panel.operator_menus[1].widget.value = "sum"
    assert panel.error == ""
    assert list(panel.reports) == ["gru", "sum"]
