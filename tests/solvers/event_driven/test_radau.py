"""Radau IIA of order 13: its order, what it makes of stiff equations with known solutions, what it costs."""

import numpy as np
import pytest

from natrium.solvers.event_driven.radau import METHOD, STAGES, Radau13

ROTATION = np.array([[0.0, 1.0], [-1.0, 0.0]])


def solved(fun, jac, y0, t_end, rtol=1e-9, atol=1e-11, **options):
    """Step to the end; give the solver and the times and states of its steps."""
    solver = Radau13(fun, 0.0, np.array(y0), t_end, jac=jac, rtol=rtol, atol=atol, **options)
    steps = [(solver.t, solver.y)]
    while solver.status == "running":
        solver.step()
        steps.append((solver.t, solver.y))
    assert solver.status == "finished"
    return solver, np.array([t for t, _ in steps]), np.array([y for _, y in steps])


def rotated(h):
    """Take one step of `h` on a circle; give its error."""
    solver, _, y = solved(
        lambda t, y: ROTATION @ y, lambda t, y: ROTATION, [1.0, 0.0], h, 0.5, 1e6, first_step=h
    )
    return solver, np.linalg.norm(y[-1] - [np.cos(h), -np.sin(h)])


def test_quadrature_is_exact_to_the_thirteenth_power():
    inverse = METHOD.to_stages @ (METHOD.rates[:, None] * METHOD.to_modes)
    weights = np.linalg.inv(inverse.real)[-1]
    found = [weights @ METHOD.nodes**power for power in range(2 * STAGES - 1)]
    assert found == pytest.approx(1.0 / np.arange(1, 2 * STAGES), rel=1e-13)


def test_one_step_errs_by_its_fourteenth_power():
    h = np.array([1.6, 1.85, 2.1, 2.4])
    errors = [rotated(one)[1] for one in h]
    assert np.polyfit(np.log(h), np.log(errors), 1)[0] == pytest.approx(14.0, abs=0.2)


def test_its_polynomial_goes_through_its_stages_and_a_part_of_a_step_is_a_step():
    solver, _ = rotated(2.0)
    x = 0.5 * METHOD.nodes
    part, curve = solver.part(1.0)
    assert part[-1] == pytest.approx([np.cos(1.0) - 1.0, -np.sin(1.0)], abs=1e-13)
    exact = np.stack([np.cos(2.0 * x) - 1.0, -np.sin(2.0 * x)], axis=1)
    assert part == pytest.approx(exact, abs=1e-7)
    assert curve[[0, -1]] == pytest.approx(np.stack([np.zeros(2), part[-1]]), abs=1e-13)


@pytest.mark.parametrize("rate", [1e1, 1e4, 1e7, 1e10, 1e13])
def test_what_relaxes_however_fast_is_within_the_tolerance_at_little_cost(rate):
    """Prothero and Robinson's equation, from off its slow solution."""

    def fun(t, y):
        return [-rate * (y[0] - np.cos(3.0 * t)) - 3.0 * np.sin(3.0 * t), y[0] * y[1]]

    solver, t, y = solved(fun, lambda t, y: np.array([[-rate, 0.0], [y[1], y[0]]]), [1.5, 1.0], 2.0)
    exact = np.cos(3.0 * t) + 0.5 * np.exp(-rate * t)
    other = np.exp(np.sin(3.0 * t) / 3.0 + 0.5 / rate * -np.expm1(-rate * t))
    assert np.abs(y[:, 0] - exact).max() < 1e-9
    assert np.abs(y[:, 1] - other).max() < 1e-9
    assert solver.nfev < 900
    assert t.size < 45


def test_corrections_that_do_not_converge_shorten_the_step():
    _, t, y = solved(lambda t, y: [y[0] ** 2], lambda t, y: np.array([[2.0 * y[0]]]), [1.0], 0.99)
    assert y[-1] == pytest.approx([100.0], rel=1e-7)
    assert t.size < 60


def test_where_nothing_is_finite_any_more_the_step_shrinks_to_nothing():
    solver = Radau13(
        lambda t, y: [1.0 if t < 0.5 else np.nan], 0.0, np.zeros(1), 1.0, jac=lambda t, y: np.zeros((1, 1))
    )
    while solver.status == "running":
        solver.step()
    assert solver.status == "failed"
    assert solver.t == pytest.approx(0.5, abs=1e-12)


def test_a_jacobian_that_is_not_finite_is_refused():
    solver = Radau13(
        lambda t, y: [1.0],
        0.0,
        np.zeros(1),
        1.0,
        jac=lambda t, y: np.full((1, 1), 0.0 if t == 0.0 else np.nan),
    )
    solver.step()
    with pytest.raises(ValueError, match="NaNs"):
        solver.step()
