"""Maps of law errors: the plane by an independent PCA, pixels by the plain definition."""

import numpy as np
import pytest
import torch

from lcm_core import (
    LAWS,
    closure_population,
    encoded_population,
    gaussian_population,
    law_report,
    make_operator,
)
from lcm_core.laws.maps import PARTNERS, REACH, law_map, principal_plane
from lcm_core.laws.measure import arity
from lcm_core.operators import Operator
from lcm_core.seeding import Seeded

EXACT = ["k_smallest", "logsumexp", "max", "mean", "min", "sum"]


def operator_of(name: str, channels: int = 4) -> Operator:
    with Seeded(1):
        return make_operator(name, channels)


def stretched(rows: int = 200) -> torch.Tensor:
    """States with most of their variance along two known directions, away from 0."""
    drawn = torch.randn(rows, 4, generator=torch.Generator().manual_seed(0))
    return drawn * torch.tensor([0.1, 3.0, 0.2, 1.0]) + torch.tensor([5.0, 0.0, 0.0, -2.0])


def test_the_plane_is_that_of_the_covariance() -> None:
    states = stretched()
    plane = principal_plane(states)
    covariance = np.cov(states.numpy().T, bias=True)
    variances, directions = np.linalg.eigh(covariance)
    assert plane.scales.square().numpy() == pytest.approx(variances[::-1][:2], rel=1e-4)
    for axis, direction in zip(plane.axes.numpy(), directions.T[::-1], strict=False):
        assert abs(axis @ direction) == pytest.approx(1, abs=1e-5)
    assert plane.share == pytest.approx(variances[::-1][:2].sum() / variances.sum(), rel=1e-4)
    assert plane.share > 0.98
    corner = plane.states(torch.tensor([[2.0, -1.0]]))[0].numpy()
    mean = states.numpy().mean(0)
    expected = mean + 2 * plane.scales[0].item() * plane.axes[0].numpy()
    expected = expected - plane.scales[1].item() * plane.axes[1].numpy()
    assert corner == pytest.approx(expected, abs=1e-4)
    # Positions lead back to states, but for what lies off the plane.
    off = states - plane.states(plane.positions)
    assert (off @ plane.axes.T).abs().max() < 1e-4


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("name", ["symmetrized_gru", "gru"])
def test_pixels_are_what_the_definition_says(name: str, law: str) -> None:
    op = operator_of(name)
    if law == "identity" and op.identity is None:
        return
    states = stretched()
    found = law_map(op, states, law, unit=0.7, resolution=9, seed=3)
    count = PARTNERS if arity(law) > 1 else 1
    assert found.errors.shape == (9, 9, count)
    assert (found.u[0], found.u[-1], found.v[0], found.v[-1]) == (-REACH, REACH, -REACH, REACH)
    rows = torch.randint(200, (count, arity(law) - 1), generator=torch.Generator().manual_seed(3))
    with torch.no_grad():
        for row, column in ((0, 0), (4, 4), (2, 7), (8, 1)):
            u, v = float(found.u[column]), float(found.v[row])
            plane = found.plane
            x = plane.centre + u * plane.scales[0] * plane.axes[0]
            x = x + v * plane.scales[1] * plane.axes[1]
            errors = []
            for others in states[rows]:
                errors.append(float(plain_distance(op, law, x, others)) / 0.7)
            assert found.errors[row, column] == pytest.approx(errors, rel=1e-3, abs=1e-6)
            assert found.values[row, column] == pytest.approx(np.mean(errors), rel=1e-3)


def plain_distance(op: Operator, law: str, x: torch.Tensor, others: torch.Tensor) -> torch.Tensor:
    def o(a, b):
        return op(a[None], b[None])[0]

    if law == "identity":
        e = op.identity
        return torch.maximum((o(e, x) - x).norm(), (o(x, e) - x).norm())
    if law == "commutativity":
        (y,) = others
        return (o(x, y) - o(y, x)).norm()
    y, z = others
    if law == "associativity":
        return (o(o(x, y), z) - o(x, o(y, z))).norm()
    return (o(o(x, y), z) - o(o(x, z), y)).norm()


@pytest.mark.parametrize("law", LAWS)
def test_a_probe_is_the_pixel_taken_apart(law: str) -> None:
    op = operator_of("symmetrized_gru")
    found = law_map(op, stretched(), law, unit=0.7, resolution=11)
    probe = found.probe(3, 8)
    assert probe.position == (float(found.u[8]), float(found.v[3]))
    assert probe.value == pytest.approx(found.values[3, 8], rel=1e-4, abs=1e-7)
    assert probe.errors == pytest.approx(found.errors[3, 8], rel=1e-4, abs=1e-6)
    assert probe.errors[probe.which] == probe.errors.max()
    assert len(probe.states) == arity(law)
    assert probe.difference == pytest.approx(probe.sides[0] - probe.sides[1])
    error = np.linalg.norm(probe.difference) / 0.7
    assert error == pytest.approx(probe.errors[probe.which], rel=1e-4, abs=1e-6)
    x, *others = map(torch.as_tensor, probe.states)
    with torch.no_grad():
        assert error == pytest.approx(float(plain_distance(op, law, x, others)) / 0.7, abs=1e-5)


@pytest.mark.parametrize("name", EXACT)
@pytest.mark.parametrize("kind", ["gaussian", "encoded", "closure"])
def test_maps_of_exact_monoids_are_zero_but_for_rounding(name: str, kind: str) -> None:
    op = make_operator(name, 4)
    elements = torch.rand(60, 4, generator=torch.Generator().manual_seed(0))
    population = {
        "gaussian": gaussian_population(4),
        "encoded": encoded_population(elements),
        "closure": closure_population(elements),
    }[kind]
    for law in ("commutativity", "associativity", "exchange"):
        unit = law_report(op, population, [law])[law].spread
        found = law_map(op, population, law, unit)
        assert np.isfinite(found.errors).all()
        assert found.errors.max() < 1e-5
        if name in ("max", "min", "k_smallest"):
            assert found.errors.max() == 0


def test_infinite_features_stay_and_states_with_others_are_left_out() -> None:
    op = make_operator("k_smallest", 2)
    lifted = op.lift(torch.randn(20, 2, generator=torch.Generator().manual_seed(0)))
    plane = principal_plane(lifted)
    assert plane.states(torch.zeros(1, 2))[0, 2:].isinf().all()
    assert len(plane.positions) == 20
    mixed = torch.cat([lifted, op(lifted[:10], lifted[10:])])
    assert len(principal_plane(mixed).positions) == 10
    with pytest.raises(ValueError, match="only 2 of 12 are finite"):
        principal_plane(torch.cat([lifted[:10], mixed[20:22]]))


def test_states_on_a_line_have_one_row_and_equal_states_none() -> None:
    op = make_operator("sum", 1)
    states = torch.randn(50, 1, generator=torch.Generator().manual_seed(0))
    found = law_map(op, states, "commutativity", 1.0)
    assert found.values.shape == (1, len(found.u))
    assert found.plane.share == pytest.approx(1)
    assert found.probe(0, 4).value == 0
    with pytest.raises(ValueError, match="they are all alike"):
        principal_plane(torch.ones(10, 3))
    with pytest.raises(ValueError, match="'gru' has no identity"):
        law_map(make_operator("gru", 3), torch.randn(9, 3), "identity", 1.0)


def test_a_map_at_its_population_agrees_with_the_mean_error() -> None:
    """Averaged over states that lie on the plane, it is the mean of the report."""
    op = operator_of("gru", 2)  # two features: all states are on the plane
    states = torch.randn(500, 2, generator=torch.Generator().manual_seed(0))
    error = law_report(op, states, ["associativity"], samples=4000)["associativity"]
    found = law_map(op, states, "associativity", error.spread, partners=200, resolution=25)
    density = np.exp(-(found.u[None] ** 2 + found.v[:, None] ** 2) / 2)
    mean = (found.values * density).sum() / density.sum()
    assert mean == pytest.approx(error.mean, rel=0.1)


def test_the_search_says_where_its_largest_error_is() -> None:
    op = operator_of("symmetrized_gru", 3)
    population = gaussian_population(3, 200)
    report = law_report(op, population, samples=100, search_steps=30)
    for law, error in report.items():
        if law == "commutativity":
            continue
        assert error.largest_at.shape == (arity(law), 3)
        x, *others = map(torch.as_tensor, error.largest_at)
        with torch.no_grad():
            again = float(plain_distance(op, law, x, others)) / error.spread
        assert again == pytest.approx(error.largest_found, rel=1e-4)
    assert law_report(op, population, samples=10)["exchange"].largest_at is None


def test_states_of_another_width_and_units_of_nothing_are_refused() -> None:
    operator, states = make_operator("gru", 2), torch.randn(10, 3)
    with pytest.raises(ValueError, match="d = 2, got"):
        law_map(operator, states, "associativity", 1.0)
    with pytest.raises(ValueError, match="a unit above 0, got 0"):
        law_map(operator, states[:, :2], "associativity", 0.0)
