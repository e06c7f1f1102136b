"""A membrane without threshold: nothing is counted, nothing is reset."""

import copy
import pickle

import attrs
import numpy as np
import pytest
from scipy.integrate import solve_ivp

import natrium
from natrium.model import to_toml
from tests.solvers.cases import METHODS

SMOOTH = natrium.Neuron(v_thresh=None, channels=[natrium.CHANNELS["notebook_sodium_1"]])


SOLVERS = {method: natrium.EventDriven(method=method, rtol=1e-8) for method in METHODS}
SOLVERS["compiled"] = natrium.Compiled(rtol=1e-8)


@pytest.mark.parametrize("name", SOLVERS)
def test_course_equals_a_plain_smooth_solve(name):
    """solve_ivp on the same kernel, no events: the reference for a membrane that has none."""
    kernel = natrium.lower(SMOOTH.system)
    run = SOLVERS[name].solve(SMOOTH, natrium.Constant(12.0), t_end=60.0)

    def rhs(t, y):
        return kernel.event_rhs(y[0] - SMOOTH.v_rest, *y[1:], 12.0, *kernel.parameters)

    plain = solve_ivp(rhs, (0.0, 60.0), SMOOTH.initial_state(), method="DOP853", rtol=1e-12, atol=1e-13)
    assert run.n_spikes == 0
    assert run.V.max() > -30.0  # far over the threshold that there is not
    assert run.segments[-1].values[:, -1] == pytest.approx(plain.y[:, -1], abs=1e-5)


def test_all_solvers_agree_without_channels():
    """V = v_rest + R I (1 - exp(-t/tau_m)), threshold or none."""
    neuron, drive = natrium.Neuron(v_thresh=None), natrium.Constant(40.0)
    exact = -70.0 + 40.0 * (1.0 - np.exp(-5.0))
    for solver, error in (("event", 1e-7), ("compiled", 1e-8), ("closed-form", 1e-12)):
        run = natrium.simulate(neuron, drive, t_end=50.0, solver=solver)
        assert run.final_state["V"] == pytest.approx(exact, abs=error)
        assert not run.warnings
    for scheme, error in (("sequential-euler", 0.02), ("rk4", 1e-6)):
        run = natrium.FixedStep(dt=0.1, scheme=scheme).solve(neuron, drive, t_end=50.0)
        assert run.final_state["V"] == pytest.approx(exact, abs=error)


def test_it_is_kept_by_files_copies_and_changes():
    model = natrium.Model(neuron=SMOOTH)
    assert 'v_thresh = "none"' in to_toml(model)
    assert natrium.loads(to_toml(model)) == model
    for same in (copy.deepcopy(SMOOTH), pickle.loads(pickle.dumps(SMOOTH)), attrs.evolve(SMOOTH)):
        assert same == SMOOTH
        assert not same.fires
    assert "thresh" not in natrium.latex(SMOOTH)
    assert "v_thresh=None" in repr(SMOOTH)


@pytest.mark.parametrize("value", [float("inf"), float("nan"), "inf", "", True])
def test_infinity_is_no_threshold(value):
    with pytest.raises(natrium.ModelError, match="v_thresh"):
        natrium.Neuron(v_thresh=value)


def test_start_may_lie_anywhere():
    assert natrium.Neuron(v_thresh=None, v_init=100.0, v_reset=50.0).initial_state() == (100.0,)


def test_it_is_drawn_and_compared():
    simulation = natrium.Simulation(dt=0.05, t_end=20.0)
    model = natrium.Model(neuron=SMOOTH, stimulus=natrium.Constant(5.0), simulation=simulation)
    comparison = natrium.compare_script(model)
    assert comparison.script.n_spikes == comparison.truth.n_spikes == 0
    assert natrium.findings(comparison)
    assert comparison.truth.plot().get_ylabel()
