"""Planes of a neuron: what is put in for the gates beside, and what that makes of its runs."""

import attrs
import numpy as np
import pytest
from scipy.integrate import solve_ivp

import natrium
from natrium.analysis.phase_plane.planar import planar
from natrium.analysis.phase_plane.reduction_error import reduction_error

ONE, TWO = natrium.notebook.lif_na().neuron, natrium.notebook.lif_na2().neuron
CLAMP = attrs.evolve(ONE, refractory="clamp")


def test_gates_beside_x_are_at_steady_state():
    plane = planar(TWO, "Na.h")
    steady = natrium.model.lower(TWO.system).steady(-51.0)
    np.testing.assert_allclose(plane.gates(-51.0, 0.3), [steady[0], 0.3, *steady[2:]], rtol=1e-13)


def test_reduction_errors_are_those_of_two_runs():
    plane = planar(ONE)
    error = reduction_error(plane, natrium.Constant(10.0), t_end=60.0)
    full = natrium.simulate(ONE, natrium.Constant(10.0), t_end=60.0)
    np.testing.assert_allclose(error.spike_times, full.spike_times, atol=1e-9)
    np.testing.assert_allclose(error.shifts, error.reduced_spike_times - error.spike_times)
    assert 0.5 < abs(error.shifts[0]) < 2.0
    assert 0.5 < error.V_before < 3.0
    assert 0.0 < error.x_before < 0.05
    assert np.isfinite(error.V_after)


def test_the_reduced_neuron_of_a_clamped_one_moves_its_gate_while_refractory():
    plane = planar(CLAMP)
    V, x = CLAMP.v_reset, 0.4
    run = solve_ivp(
        lambda t, y: [plane.rhs(V, y[0], 0.0)[1]], (0, CLAMP.tau_ref), [x], rtol=1e-11, atol=1e-13
    )
    assert plane.release(x) == pytest.approx(run.y[0, -1], rel=1e-9)
    after = natrium.simulate(plane.reduced, natrium.Constant(10.0), t_end=25.0).events[0]
    assert after.after[1] == pytest.approx(float(plane.release(after.before[1])), rel=1e-12)
    assert planar(ONE).release(0.4) == 0.4


def test_what_is_no_polynomial_is_refused_before_it_is_differentiated():
    nested = "V - w"
    for _ in range(6):
        nested = f"exp(-({nested})/(2 + tanh(w - V)))"
    cell = natrium.HybridNeuron(
        equations={"V": f"I - V*{nested}", "w": "V - w"}, initial={"V": 0.0, "w": 0.0}
    )
    with pytest.raises(natrium.UnsupportedModel, match="dV/dt to be a polynomial in w"):
        natrium.phase_plane(cell, 0.0)
