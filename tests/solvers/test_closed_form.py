"""The exact LIF: against the textbook's formula, arbitrary precision, and the event-driven solver."""

import math

import mpmath
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import natrium
from natrium.solvers.flags import RunFlag
from tests.solvers.cases import NA

TIMES = st.floats(0.05, 50.0)


@given(TIMES, st.floats(0.0, 10.0), st.floats(0.5, 40.0), st.floats(1.001, 100.0))
@settings(max_examples=200, deadline=None, derandomize=True)
def test_the_period_is_the_textbook_s(tau_m, tau_ref, gap, ratio):
    v_rest, v_thresh = -70.0, -70.0 + gap
    gap = v_thresh - v_rest
    drive = ratio * gap
    period = tau_ref + tau_m * math.log(drive / (drive - gap))
    neuron = natrium.Neuron(tau_m=tau_m, tau_ref=tau_ref, v_rest=v_rest, v_thresh=v_thresh)
    run = natrium.ClosedForm().solve(neuron, natrium.Constant(drive), t_end=8.5 * period)
    expected = (period - tau_ref) + period * np.arange(run.n_spikes)
    assert run.n_spikes in (8, 9)
    np.testing.assert_allclose(run.spike_times, expected, rtol=1e-12)


def u_by_mpmath(neuron, parts, t, u0):
    """Integrate tau u' = J(t) - u from 0 by variation of constants, in 25 digits."""
    gap, tau = mpmath.mpf(neuron.v_thresh) - neuron.v_rest, mpmath.mpf(neuron.tau_m)

    def drive(s):
        total = -gap
        for part in parts:
            if isinstance(part, natrium.Sine):
                turns = 2 * mpmath.pi * mpmath.mpf(part.frequency) / 1000 * s
                total += part.offset + part.amplitude * mpmath.sin(turns + part.phase)
            elif isinstance(part, natrium.Ramp):
                total += part.slope * s
            else:
                total += part.amplitude
        return total

    integral = mpmath.quad(lambda s: mpmath.exp((s - t) / tau) * drive(s), mpmath.linspace(0, t, 6)) / tau
    return u0 * mpmath.exp(-mpmath.mpf(t) / tau) + integral


DRIVES = {
    "ramp": [natrium.Ramp(1.3)],
    "sine": [natrium.Sine(40.0, 60.0, phase=0.4, offset=12.0)],
    "sum": [natrium.Constant(6.0), natrium.Ramp(0.3), natrium.Sine(11.0, 90.0), natrium.Sine(5.0, 333.0)],
}


@pytest.mark.parametrize("name", DRIVES)
def test_the_first_spike_by_arbitrary_precision(name):
    neuron = natrium.Neuron(tau_m=9.0, v_rest=-70.0, v_thresh=-56.0, v_init=-72.0)
    run = natrium.ClosedForm().solve(neuron, DRIVES[name], t_end=60.0)
    assert run.n_spikes > 1
    with mpmath.workdps(25):
        guess = mpmath.mpf(run.spike_times[0])
        root = mpmath.findroot(
            lambda t: u_by_mpmath(neuron, DRIVES[name], t, neuron.v_init - neuron.v_thresh), guess, tol=1e-18
        )
        assert abs(float(root - guess)) < 1e-12
        for t in np.linspace(0.1, 0.999, 3) * run.spike_times[0]:
            exact = u_by_mpmath(neuron, DRIVES[name], mpmath.mpf(t), neuron.v_init - neuron.v_thresh)
            assert run.state(t)[0] - neuron.v_thresh == pytest.approx(float(exact), abs=2e-13)


@pytest.mark.parametrize("name", DRIVES)
def test_agreement_with_the_event_driven_solver_to_its_last_digits(name):
    neuron = natrium.Neuron(tau_m=9.0, tau_ref=1.0, v_rest=-70.0, v_thresh=-56.0, v_reset=-71.0)
    exact = natrium.ClosedForm().solve(neuron, DRIVES[name], t_end=60.0)
    found = natrium.EventDriven(rtol=1e-13).solve(neuron, DRIVES[name], t_end=60.0)
    np.testing.assert_allclose(found.spike_times, exact.spike_times, rtol=0.0, atol=3e-12)
    slopes = [event.slope for event in found.events]
    np.testing.assert_allclose([event.slope for event in exact.events], slopes, rtol=1e-9)


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=40, deadline=None, derandomize=True)
def test_agreement_over_random_sums(seed):
    rng = np.random.default_rng(seed)
    t_start = float(rng.choice([0.0, rng.uniform(-50.0, 50.0), 1e5 + rng.random()]))
    parts = [
        natrium.Constant(rng.uniform(0.0, 20.0)),
        natrium.Sine(rng.uniform(0.0, 20.0), 10.0 ** rng.uniform(0.5, 2.5), phase=rng.uniform(0.0, 6.0)),
        natrium.Ramp(rng.uniform(0.0, 0.5), start=t_start + 5.0, stop=t_start + 30.0, hold=True),
        natrium.Pulses(rng.uniform(0.0, 60.0), width=1.0, period=9.0, start=t_start + 1.0),
    ]
    neuron = natrium.Neuron(tau_m=rng.uniform(3.0, 30.0), tau_ref=rng.uniform(0.0, 3.0))
    exact = natrium.ClosedForm().solve(neuron, parts, t_start=t_start, t_end=t_start + 50.0)
    slow = min((event.slope for event in exact.events), default=1.0)
    assume(slow > 0.02)  # a graze is decided elsewhere
    found = natrium.EventDriven(rtol=1e-13).solve(neuron, parts, t_start=t_start, t_end=t_start + 50.0)
    assert found.n_spikes == exact.n_spikes
    bound = 1e-10 + 4 * np.spacing(abs(t_start) + 50.0)
    np.testing.assert_allclose(found.spike_times, exact.spike_times, rtol=0.0, atol=bound)


def test_v_that_only_tends_to_the_threshold_never_fires():
    run = natrium.ClosedForm().solve(natrium.Neuron(), natrium.Constant(15.0), t_end=1e5)
    assert run.n_spikes == 0
    assert run.final_state["V"] == pytest.approx(-55.0, abs=1e-12)


def test_a_touch_below_rounding_ends():
    # Threshold on the very peak of V, as near as doubles can say: a spike or none, at the peak.
    free = natrium.Neuron(v_thresh=1000.0)
    drive = [natrium.Constant(8.0), natrium.Sine(14.0, 40.0)]
    run = natrium.ClosedForm().solve(free, drive, t_end=20.0)
    times = np.linspace(9.0, 12.0, 300_001)
    top = run.state(times)[0].max()
    touched = natrium.ClosedForm().solve(natrium.Neuron(v_thresh=float(top)), drive, t_end=20.0)
    at = times[np.argmax(run.state(times)[0])]
    assert touched.n_spikes <= 1
    assert touched.n_spikes == 0 or touched.spike_times[0] == pytest.approx(at, abs=1e-3)
    fine = np.linspace(at - 1e-5, at + 1e-5, 20_001)
    near = natrium.ClosedForm().solve(natrium.Neuron(v_thresh=float(top) + 1e-6), drive, t_end=20.0)
    peak = float(near.state(fine)[0].max())
    for off, flagged in ((0.0, True), (1e-12, False), (-1e-12, False)):
        there = natrium.ClosedForm().solve(natrium.Neuron(v_thresh=peak + off), drive, t_end=20.0)
        assert bool(there.flags & RunFlag.GRAZE) == flagged
        assert bool(there.warnings) == flagged
        assert flagged or there.n_spikes == (1 if off < 0.0 else 0)


def test_channels_are_refused_by_name_of_the_solver_to_use():
    with pytest.raises(natrium.UnsupportedModel, match=r"Na.*EventDriven"):
        natrium.ClosedForm().solve(NA, natrium.Constant(20.0), t_end=10.0)


@pytest.mark.parametrize(
    "stimulus",
    [
        natrium.Formula("20*sin(t)"),
        natrium.Gaussian(20.0, 5.0, 1.0),
        natrium.Custom(lambda t: t, max_step=1.0),
    ],
    ids=["formula", "gaussian", "callable"],
)
def test_input_without_a_closed_form_is_refused_by_name_of_the_solver_to_use(stimulus):
    with pytest.raises(natrium.UnsupportedModel, match="EventDriven"):
        natrium.ClosedForm().solve(natrium.Neuron(), stimulus, t_end=10.0)


def test_a_run_away_rate_ends_by_name():
    with pytest.raises(natrium.TooManySpikes):
        natrium.ClosedForm().solve(natrium.Neuron(tau_ref=0.0), natrium.Constant(1e12), t_end=100.0)
