"""When the other method takes over."""

import math
from types import SimpleNamespace

import attrs
import numpy as np
import pytest

import natrium
from natrium.model import lower
from natrium.solvers.event_driven.stiffness import LOOK_EXPLICIT, LOOK_IMPLICIT, Switch, _by_differences


@pytest.mark.parametrize(("stability", "left"), [(6.0, 0.5), (6.0, 0.0), (math.inf, 0.0)])
def test_nothing_is_looked_at_where_little_of_a_piece_is_left(stability: float, left: float) -> None:
    step = SimpleNamespace(stability=stability, step_length=1.0, t=1e6, t_bound=1e6 + left, y=None)
    switch = Switch(True)
    switch.jac = lambda t, y: pytest.fail("the Jacobian is asked for")
    assert not switch.is_due(step, LOOK_IMPLICIT)


@pytest.mark.parametrize("g", [4.03125, 120.03125])
def test_a_run_that_is_not_stiff_derives_no_jacobian(g: float) -> None:
    """Nor where conductances are large, and with them what bounds the Jacobian by its size."""
    # Of no other test, which might have had it derived.
    sodium = attrs.evolve(natrium.CHANNELS["notebook_sodium_1"], g=g)
    neuron = natrium.Neuron(tau_m=10.0, tau_ref=2.0, v_rest=-70.0, v_thresh=-55.0, channels=[sodium])
    run = natrium.EventDriven().solve(neuron, natrium.Constant(20.0), t_end=50.0)
    assert run.n_spikes > 1
    assert run.statistics["steps"]["DOP853"] > 10 * LOOK_EXPLICIT
    assert "stiff_jacobian" not in vars(lower(neuron.system))


@pytest.mark.parametrize("size", [1e-12, 1e-6, 1.0, 1e3])
def test_differences_are_derivatives_whatever_a_state_is_measured_in(size: float) -> None:
    """A saturating function of a state, as of calcium, about its steepest point."""

    def fun(t: float, y: np.ndarray) -> list[float]:
        x = y[1] / size
        return [-30.0 * y[0] + x**4 / (1.0 + x**4), size * (y[0] - x**2)]

    y = np.array([-60.0, 0.9 * size])
    step = SimpleNamespace(t=0.0, y=y, f=fun(0.0, y), fun=fun, atol=np.full(2, 1e-9 * size))
    x = 0.9
    exact = [[-30.0, 4.0 * x**3 / (1.0 + x**4) ** 2 / size], [size, -2.0 * x]]
    assert _by_differences(step) == pytest.approx(np.array(exact), rel=1e-5)
