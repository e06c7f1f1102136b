"""A cycle that loses its stability to a torus, in a flow whose turn is even: all of it in closed form."""

import numpy as np
import pytest

import natrium

BETA, LAMBDA, OMEGA, RHO = 0.7, 0.6, 3.5, 0.25

# Langford (1979): r' = (z - beta) r, z' = lambda + alpha z - z^3/3 - r^2 (1 + rho z), with a turn at the rate
# omega; its cycle is z = beta, and trace and determinant are those of two equations.
TURNING = natrium.HybridNeuron(
    equations={
        "V": "(z - beta)*V - omega*y + I",
        "y": "omega*V + (z - beta)*y",
        "z": "lam + alpha*z - z**3/3 - (V**2 + y**2)*(1 + rho*z)",
    },
    parameters={"beta": BETA, "lam": LAMBDA, "omega": OMEGA, "rho": RHO, "alpha": 0.4},
    initial={"V": 0.9, "y": 0.0, "z": 0.7},
)


def square(alpha):
    return (LAMBDA + alpha * BETA - BETA**3 / 3.0) / (1.0 + RHO * BETA)


@pytest.fixture(scope="module")
def branch():
    return natrium.continue_cycle(natrium.smooth_cycle(TURNING, 0.0), "alpha", between=(0.3, 1.0))


def test_the_torus_lies_where_the_trace_vanishes(branch):
    (torus,) = [one for one in branch.special if one.kind == "torus"]
    # alpha - beta^2 - rho r^2 = 0, and r^2 is linear in alpha.
    share = RHO / (1.0 + RHO * BETA)
    exact = (BETA**2 + share * (LAMBDA - BETA**3 / 3.0)) / (1.0 - share * BETA)
    assert abs(torus.value - exact) < 1e-9
    assert abs(torus.value - exact) <= torus.error + 1e-12
    assert abs(torus.period - 2.0 * np.pi / OMEGA) < 1e-9
    turn = torus.period * np.sqrt(2.0 * square(exact) * (1.0 + RHO * BETA))
    np.testing.assert_allclose(np.abs(torus.multipliers), 1.0, atol=1e-9)
    np.testing.assert_allclose(np.cos(np.angle(torus.multipliers)), np.cos(turn), atol=1e-8)
    assert not torus.ends
    assert "Torus" in " ".join(branch.sentences())


def test_the_cycle_is_stable_below_it_and_runs_leave_it_above(branch):
    (torus,) = [one for one in branch.special if one.kind == "torus"]
    np.testing.assert_array_equal(branch.stable, branch.values < torus.value)
    np.testing.assert_allclose(branch.bounds[:, 1], np.sqrt(square(branch.values)), rtol=1e-3)
    for alpha, leaves in ((torus.value - 0.03, False), (torus.value + 0.03, True)):
        cell = TURNING.changed({"alpha": float(alpha)}).started([np.sqrt(square(alpha)), 0.0, BETA + 0.01])
        z = natrium.simulate(cell, t_end=400.0).state(np.linspace(380.0, 400.0, 200))[2]
        assert (np.ptp(z) > 0.02) == leaves
