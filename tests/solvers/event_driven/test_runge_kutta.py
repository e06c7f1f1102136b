"""The quick explicit steps are SciPy's own: the same doubles, the same calls."""

import math

import numpy as np
import pytest
from scipy.integrate import DOP853, RK45, solve_ivp

from natrium.solvers.event_driven.runge_kutta import OfNumbers, QuickDOP853, QuickSteps
from natrium.solvers.event_driven.steppers import STEPPERS, Piece


class Plain(DOP853):
    """SciPy's DOP853 with natrium's own bound on its error."""

    _estimate_error_norm = STEPPERS["DOP853"]._estimate_error_norm


class QuickRK45(QuickSteps, RK45):
    pass


def pendulum(t: float, y: np.ndarray) -> list[float]:
    return [y[1], -math.sin(y[0]) + 0.3 * math.cos(2.0 * t)]


def stiff(t: float, y: np.ndarray) -> list[float]:
    """Make steps be rejected."""
    return [-300.0 * (y[0] - math.cos(t)), y[0] - y[1]]


def nowhere(t: float, y: np.ndarray) -> list[float]:
    """Leave the real numbers on the way."""
    return [math.nan if t > 0.5 else 1.0, 0.0]


def whole(stepper: object) -> None:
    """Find no event in a step."""


@pytest.mark.parametrize("rtol", [1e-4, 1e-11])
@pytest.mark.parametrize("longest", [math.inf, 0.05])
@pytest.mark.parametrize("flow", [pendulum, stiff, nowhere])
@pytest.mark.parametrize(
    ("method", "own", "options"),
    [
        (RK45, QuickRK45, {}),
        (DOP853, QuickDOP853, {}),
        (Plain, STEPPERS["DOP853"], {"piece": Piece(whole)}),
    ],
)
def test_steps_are_scipys(flow, method, own, options, longest, rtol) -> None:
    tolerances = {"rtol": rtol, "atol": np.array([1e-9, 1e-7]), "max_step": longest}
    theirs, ours = (
        solve_ivp(flow, (0.0, 3.0), np.array([1.0, 0.2]), method=kind, **tolerances, **more)
        for kind, more in ((method, {}), (own, options))
    )
    numbers = solve_ivp(
        OfNumbers(flow), (0.0, 3.0), np.array([1.0, 0.2]), method=own, **tolerances, **options
    )
    for one in (ours, numbers):
        np.testing.assert_array_equal(one.t, theirs.t)
        np.testing.assert_array_equal(one.y, theirs.y)
        assert (one.nfev, one.status, one.message) == (theirs.nfev, theirs.status, theirs.message)


@pytest.mark.parametrize(("method", "own"), [(RK45, QuickRK45), (DOP853, QuickDOP853)])
def test_between_steps_they_are_scipys_too(method, own) -> None:
    def half(t: float, y: np.ndarray) -> float:
        return y[0] - 0.5

    half.terminal = True
    asked = {"dense_output": True, "events": half, "rtol": 1e-7}
    theirs, ours = (
        solve_ivp(pendulum, (0.0, 9.0), np.array([1.0, 0.2]), method=kind, **asked) for kind in (method, own)
    )
    times = np.linspace(0.0, theirs.t[-1], 99)
    assert ours.t_events[0] == theirs.t_events[0]
    np.testing.assert_array_equal(ours.sol(times), theirs.sol(times))
