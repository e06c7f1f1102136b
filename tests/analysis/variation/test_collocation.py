"""Derivatives by collocation along a series: against SciPy's integration, closed forms, refusals."""

import math

import numpy as np
import pytest

from natrium.analysis.variation.collocation import STAGES, Collocation, _gauss
from natrium.analysis.variation.equations import Directions, propagate
from natrium.analysis.variation.gradients import spike_time_gradients
from natrium.analysis.variation.linearised import linearised
from natrium.analysis.variation.pieces import Forced
from natrium.model import (
    CHANNELS,
    Channel,
    Constant,
    Custom,
    Gaussian,
    HybridNeuron,
    Model,
    Neuron,
    Ramp,
    Scheme,
    Simulation,
    Sine,
    SolverError,
    Span,
    Step,
    notebook,
)
from natrium.solvers import Compiled, EventDriven, run

pytest.importorskip("numba")

AXON = Neuron(channels=(CHANNELS["hh_sodium"], CHANNELS["hh_potassium"]), refractory="clamp", v_thresh=-50.0)
SODIUM = notebook.lif_na().neuron
# A scheme whose steps are short for the sake of stability alone.
MOVES = [
    ("C", "O", "200*exp(V/40)"),
    ("O", "C", "150*exp(-V/40)"),
    ("O", "B", "2"),
    ("B", "O", "0.5*exp(-V/30)"),
]
QUICK = Neuron(
    channels=[Channel("Na", 12.0, 50.0, scheme=Scheme(["C", "O", "B"], MOVES, ["O"]))], v_thresh=-40.0
)
MODELS = {
    "quick scheme": Model(neuron=QUICK, stimulus=[Constant(12.0)], simulation=Simulation(t_end=9.0)),
    "step": notebook.lif_na(),
    "two channels": notebook.lif_na2(),
    "sine": Model(
        neuron=AXON,
        stimulus=[Sine(5.0, frequency=30.0, offset=45.0, start=3.0), Step(3.0, start=10.0, stop=40.0)],
        simulation=Simulation(t_end=50.0),
    ),
    "ramp": Model(
        neuron=SODIUM,
        stimulus=[Ramp(0.5, start=2.0, stop=50.0), Gaussian(10.0, center=30.0, sigma=2.0)],
        simulation=Simulation(t_end=60.0),
    ),
    # Both equations jump, one at a surface that moves with the input.
    "branches": Model(
        neuron=HybridNeuron(
            equations={
                "V": "0.04*V**2 + 5*V + 140 - w + I + where(V < c - 0.1*w, 0, 2)",
                "w": "where(V < -60 + I/10, 0.02, 0.025)*(0.2*V - w) + max(V/1000, -0.05)",
            },
            parameters={"c": -60.0},
            initial={"V": -65.0, "w": -8.0},
            v_thresh=30.0,
            reset={"V": -65.0, "w": "w + 8"},
            tau_ref=1.0,
        ),
        stimulus=[Sine(3.0, frequency=11.0, offset=10.0)],
        simulation=Simulation(t_end=60.0),
    ),
}


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
def test_gradients_agree_with_those_integrated_by_scipy(model):
    """Two solvers, two ways to differentiate: the same numbers, for every parameter."""
    other = spike_time_gradients(run(model, EventDriven(rtol=1e-13)), rtol=1e-12)
    found = spike_time_gradients(run(model, Compiled(rtol=1e-12)))
    assert found.names == other.names
    assert len(found.matrix) > 1
    scale = np.abs(other.matrix).max(axis=0) + 1e-9
    np.testing.assert_allclose(found.matrix / scale, other.matrix / scale, rtol=0.0, atol=2e-11)


def test_the_saltation_of_the_plain_lif():
    trajectory = Compiled(rtol=1e-13).solve(Neuron(tau_ref=0.0), Constant(20.0), t_end=14.0)
    (event,) = trajectory.events
    found = propagate(trajectory, Directions(np.eye(1), np.zeros((5, 1))))
    before, left = math.exp(-event.time / 10.0), math.exp(-(14.0 - event.time) / 10.0)
    assert found.spikes[0].gradient[0] == pytest.approx(-before / 0.5, rel=1e-12)
    assert found.final[0, 0] == pytest.approx(before * 4.0 * left, rel=1e-12)


def test_the_method_is_of_twice_as_high_an_order_as_it_has_stages():
    nodes, matrix, weights = _gauss()
    for k in range(2 * STAGES):
        assert weights @ nodes**k == pytest.approx(1.0 / (k + 1), rel=1e-12)
    for k in range(STAGES):  # C(s): stages integrate polynomials
        np.testing.assert_allclose(matrix @ nodes**k, nodes ** (k + 1) / (k + 1), rtol=1e-9, atol=1e-17)


def test_loose_runs_are_differentiated_as_finely():
    """The run's long steps are halved until the derivative is right."""
    loose = Compiled(rtol=1e-3, order=6).solve(Neuron(v_thresh=None), Constant(1.0), t_end=80.0)
    found = propagate(loose, Directions(np.eye(1), np.zeros((len(loose.neuron.system.parameters), 1))))
    assert found.final[0, 0] == pytest.approx(math.exp(-8.0), rel=1e-10)


def test_steps_of_many_intervals_are_resolved_at_once(monkeypatch):
    """Nineteen intervals, and some twenty steps in each: not a batch for each interval."""
    calls, steps = [], Collocation._steps
    monkeypatch.setattr(Collocation, "_steps", lambda *given: calls.append(1) or steps(*given))
    trajectory = Compiled().solve(SODIUM, Constant(10.0), t_end=500.0)
    assert trajectory.n_spikes > 18
    spike_time_gradients(trajectory, ["g_Na"])
    assert len(calls) < 15


def test_steps_that_are_short_for_stability_are_gone_along_in_longer_ones(monkeypatch):
    counts, steps = [], Collocation._steps
    monkeypatch.setattr(Collocation, "_steps", lambda *given: counts.append(given[1].size) or steps(*given))
    trajectory = Compiled(rtol=1e-12).solve(QUICK, Constant(12.0), t_end=100.0)
    spike_time_gradients(trajectory)
    assert trajectory.n_spikes > 3
    assert sum(counts) < 1.5 * trajectory.t.size  # each in halves would be three times as many


def test_a_course_on_which_long_steps_would_grow_is_resolved_by_its_own(monkeypatch):
    """A burster of Hindmarsh and Rose: its cycle of one spike is unstable, and far longer steps explode."""
    cell = HybridNeuron(
        equations={"V": "y - V**3 + 3*V**2 - z + I", "y": "1 - 5*V**2 - y", "z": "0.006*(4*(V + 1.6) - z)"},
        initial={"V": -1.6, "y": -11.8, "z": 0.0},
        v_thresh=0.5,
    )
    trajectory = Compiled(rtol=1e-12).solve(cell, Constant(1.6662), t_end=800.0)
    lengthened = spike_time_gradients(trajectory).matrix
    monkeypatch.setattr(Collocation, "_is_short", lambda self: False)
    np.testing.assert_allclose(lengthened, spike_time_gradients(trajectory).matrix, rtol=1e-7)


def test_what_is_not_finite_is_refused():
    trajectory = Compiled().solve(Neuron(), Constant(1.0), t_end=2.0)
    endless = Custom(lambda t: math.inf if t > 1.0 else 0.0, max_step=0.1)
    course = Collocation(
        linearised(Neuron().system),
        trajectory,
        Span(Constant(1.0), 0.0, 2.0),
        lambda times: times >= 0.0,
        Forced(np.array([0]), np.zeros((5, 1)), ((0, endless),), np.ones(1)),
        1e-10,
    )
    with np.errstate(all="ignore"), pytest.raises(SolverError, match="must stay finite"):
        course.carry(np.zeros((1, 1)), 0.0, 2.0)
