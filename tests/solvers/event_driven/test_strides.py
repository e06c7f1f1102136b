"""Long records: native steps from sample to sample give what the ordinary way gives."""

import pickle

import numpy as np
import pytest
from scipy.integrate import solve_ivp

import natrium
from natrium.solvers.event_driven import course, stride_code, strides
from tests.solvers.cases import NA, fast_channel

SYNAPTIC = natrium.Neuron(
    channels=NA.channels, synapses=[natrium.Synapse("exc", 2.0, 0.0, decay=5.0)], refractory="clamp"
)
PASSING = natrium.HybridNeuron(
    equations={"V": "V - V**3/3 - w + I", "w": "0.08*(V + 0.7 - 0.8*w)"},
    initial={"V": -1.2, "w": -0.6},
    v_thresh=1.0,
)
NOISE = natrium.Noise(12.0, 8.0, tau=3.0, step=0.1, seed=1)
CASES = {
    "held": (NA, NOISE),
    "linear": (NA, natrium.Noise(12.0, 8.0, tau=3.0, step=0.1, seed=2, interpolation="linear", start=7.3)),
    "with a sine, spikes and a ramp": (
        SYNAPTIC,
        NOISE
        + natrium.Sine(3.0, 20.0, start=30.0, stop=34.0)
        + natrium.Spikes([11.0, 12.03, 50.0], "exc", 0.3)
        + natrium.Ramp(0.05, start=40.0),
    ),
    "through the threshold": (PASSING, natrium.Noise(0.5, 0.3, tau=3.0, step=0.1, seed=3)),
    "no threshold": (natrium.Neuron(v_thresh=None, channels=NA.channels), NOISE),
}


@pytest.fixture
def striding(monkeypatch):
    monkeypatch.setattr(strides, "MANY", 1)


@pytest.mark.parametrize("name", CASES)
def test_record_gives_what_the_ordinary_way_gives(name, monkeypatch):
    neuron, stimulus = CASES[name]
    ordinary = natrium.simulate(neuron, stimulus, t_end=60.0)
    monkeypatch.setattr(strides, "MANY", 1)
    run = natrium.simulate(neuron, stimulus, t_end=60.0)
    assert run.n_spikes == ordinary.n_spikes >= (name != "no threshold")
    assert np.abs(run.spike_times - ordinary.spike_times).max(initial=0.0) < 2e-8
    assert len(run.segments) < len(ordinary.segments) / 4
    t = np.linspace(0.0, 60.0, 851)
    assert np.abs(run.state(t) - ordinary.state(t)).max() < 2e-6
    assert np.array_equal(pickle.loads(pickle.dumps(run)).state(t), run.state(t))
    assert all(
        np.all(np.diff(segment.knots) > 0.0) for segment in run.segments if segment.end > segment.begin
    )


def test_error_falls_with_the_tolerance(striding):
    """Each spike's distance from a run at 1e-12, in tolerances, and its own estimate beside it."""
    best = natrium.simulate(NA, NOISE, t_end=60.0, rtol=1e-12).spike_times
    for rtol in (1e-6, 1e-8):
        run = natrium.simulate(NA, NOISE, t_end=60.0, rtol=rtol)
        error = np.abs(run.spike_times - best)
        assert error.max() < 20.0 * rtol
        assert np.all(error <= run.spike_time_errors)


def test_a_sample_with_a_spike_in_it_is_gone_through_in_the_step_that_led_there(striding, monkeypatch):
    """Not in one that is short by caution first."""
    steps = []

    def counted(*arguments, **options):
        found = solve_ivp(*arguments, **options)
        steps.append(found.t.size - 1)
        return found

    monkeypatch.setattr(course, "_solve_ivp", counted)
    run = natrium.simulate(NA, NOISE, t_end=60.0)
    assert run.n_spikes > 1
    assert steps == [1] * run.n_spikes
    assert run.rhs_evaluations < 1.1 * 12 * run.statistics["pieces"] + 100 * run.n_spikes


def test_stiff_record_goes_on_with_implicit_steps(striding):
    """A rate of 1e6 per ms: what 4096 steps do not finish is left to the ordinary way, for good."""
    run = natrium.simulate(fast_channel(1e6), natrium.Samples([0.0, 20.0], [10.0, 10.5]), t_end=30.0)
    assert run.statistics["steps"]["Radau13"] > 0
    assert run.rhs_evaluations < 200_000


def test_input_that_is_not_finite_in_time_is_told_as_ever(striding):
    huge = natrium.Samples([0.0, 5.0], [0.0, 1e308])
    with pytest.raises(natrium.SolverError, match="at t = 5 ms|after t = 5 ms"):
        natrium.simulate(natrium.Neuron(v_thresh=None, channels=NA.channels), huge, t_end=10.0)


def test_without_numba_records_go_the_ordinary_way(striding, monkeypatch):
    monkeypatch.setattr(stride_code, "find_spec", lambda name: None)
    assert len(natrium.simulate(NA, NOISE, t_end=5.0).segments) > 40


def test_rates_of_every_function_have_native_code(monkeypatch):
    terms = (
        "tanh(V) + cosh(V) + sinh(V) + erf(V) + log10(2 + cos(V)) + sqrt(1 + sin(V)**2) + exprel(V) + V**3"
    )
    odd = natrium.HybridNeuron(equations={"V": f"-V*({terms}) + I"}, initial={"V": 0.0}, v_thresh=5.0)
    drive = natrium.Samples([0.0, 1.0, 2.0], [1.0, 2.0, 3.0])
    ordinary = natrium.simulate(odd, drive, t_end=3.0)
    monkeypatch.setattr(strides, "MANY", 1)
    run = natrium.simulate(odd, drive, t_end=3.0)
    assert len(run.segments) == 1 < len(ordinary.segments)
    assert run.V[-1] == pytest.approx(ordinary.V[-1], abs=1e-8)
