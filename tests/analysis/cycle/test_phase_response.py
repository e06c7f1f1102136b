"""Phase response: the LIF's closed form, direct perturbation, smooth cycles."""

import attrs
import numpy as np
import pytest
import sympy

from natrium.analysis.cycle.direct_response import direct_response
from natrium.analysis.cycle.limit_cycle import limit_cycle
from natrium.analysis.cycle.phase_response import phase_response, telling_times
from natrium.analysis.cycle.smooth_cycle import smooth_cycle
from natrium.model import CHANNELS, HybridNeuron, ModelError, Neuron, SolverError, notebook

NA = notebook.lif_na().neuron
# 10 uA/cm^2 over a leak of 0.3 mS/cm^2.
HH_INPUT = 10.0 / 0.3
HH = Neuron(
    tau_m=1.0 / 0.3,
    v_rest=-54.4,
    v_thresh=None,
    v_init=-65.0,
    channels=(CHANNELS["hh_sodium"], CHANNELS["hh_potassium"]),
)


def differences(cycle, times, state, kick=2e-4, cycles=7):
    """Give central differences of both shifts."""
    up, down = (direct_response(cycle, sign * kick, times, state=state, cycles=cycles) for sign in (1, -1))
    return (
        (up.next_spike - down.next_spike) / (2 * kick),
        (up.asymptotic - down.asymptotic) / (2 * kick),
    )


@pytest.mark.parametrize(("I", "tau_ref"), [(20.0, 2.0), (15.5, 0.0), (60.0, 5.0)])
def test_the_lif_is_its_closed_form(I, tau_ref):
    neuron = Neuron(tau_ref=tau_ref)
    found = phase_response(neuron, I, 97)
    free = ~found.refractory
    expected = 10.0 * np.exp((found.times[free] - tau_ref) / 10.0) / I
    np.testing.assert_allclose(found.V[free], expected, rtol=0, atol=1e-10)
    np.testing.assert_allclose(found.next_spike[0, free], expected, rtol=0, atol=1e-10)
    np.testing.assert_allclose(found.input[free], expected / 10.0, rtol=0, atol=1e-10)
    assert found.refractory.sum() == np.count_nonzero(found.times < tau_ref)
    assert not found.V[found.refractory].any()
    assert found.phase[0] == 0.0
    assert found.phase[-1] < 1.0
    assert found.kind == 1


def test_a_finite_kick_of_the_lif_is_its_closed_form():
    cycle, times, kick = limit_cycle(Neuron(), 20.0), np.array([1.0, 2.0, 6.0, 10.0]), 3.0
    found = direct_response(cycle, kick, times)
    left = 20.0 * np.exp(-(times - 2.0) / 10.0)
    expected = np.where(times < 2.0, 0.0, 10.0 * np.log(left / (left - kick)))
    np.testing.assert_allclose(found.asymptotic, expected, atol=1e-9)
    np.testing.assert_allclose(found.next_spike, expected, atol=1e-9)


def test_a_kick_over_the_threshold_is_a_spike_at_once():
    cycle = limit_cycle(Neuron(), 20.0)
    found = direct_response(cycle, 14.0, [1.0, 10.0])
    np.testing.assert_allclose(found.next_spike, [0.0, cycle.period - 10.0], atol=1e-9)
    np.testing.assert_allclose(found.asymptotic, [0.0, cycle.period - 10.0], atol=1e-9)


@pytest.mark.parametrize("rule", ["hold", "clamp"])
def test_infinitesimal_and_direct_response_agree(rule):
    cycle = limit_cycle(attrs.evolve(NA, refractory=rule), 10.0, start=[0.15, 0.4])
    times = np.array([0.8, 19.0])
    found = phase_response(cycle, times=times)
    # The gates' response at the reset is what the return map says.
    np.testing.assert_allclose(phase_response(cycle, times=[0.0]).Z[1:, 0], -cycle.delays[0], rtol=1e-7)
    assert found.Z[0, 0] == 0.0
    for row, state in enumerate(cycle.neuron.system.labels):
        if state == "Na.m":
            continue  # as h, at half the cost
        following, asymptotic = differences(cycle, times, state)
        np.testing.assert_allclose(asymptotic, found.Z[row], rtol=2e-6, atol=2e-7)
        np.testing.assert_allclose(following, found.next_spike[row], rtol=2e-6, atol=2e-7)


def test_a_cycle_of_three_spikes():
    V, w, I = sympy.symbols("V w I", real=True)
    adex = HybridNeuron(
        equations={
            "V": (-30.0 * (V + 70.6) + 60.0 * sympy.exp((V + 50.4) / 2.0) - w + I) / 281.0,
            "w": (4.0 * (V + 70.6) - w) / 40.0,
        },
        initial={"V": -70.6, "w": 0.0},
        v_thresh=-40.4,
        reset={"V": -47.8, "w": w + 80.0},
    )
    cycle = limit_cycle(adex, 800.0, 3, transient=60)
    assert cycle.least_n_spikes == 3
    times = np.array([0.3 * cycle.period, 0.8 * cycle.period])
    found = phase_response(cycle, times=times)
    for row, state in enumerate(["V", "w"]):
        following, asymptotic = differences(cycle, times, state, cycles=9)
        np.testing.assert_allclose(asymptotic, found.Z[row], rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(following, found.next_spike[row], rtol=1e-5, atol=1e-6)


def test_the_smooth_cycle_of_hodgkin_and_huxley():
    cycle = smooth_cycle(HH, HH_INPUT, transient=100.0, look=60.0)
    assert cycle.period == pytest.approx(14.638325, abs=1e-5)
    assert cycle.names == ("V", "Na.m", "Na.h", "K.n")
    assert np.abs(cycle.multipliers - 1.0).min() < 1e-9
    assert cycle.transversal.shape == (3,)
    assert cycle.largest_multiplier == pytest.approx(0.0740483, abs=1e-6)
    assert cycle.stable
    assert cycle.section == cycle.state[0]
    times = np.array([0.0, 9.0])
    found = phase_response(cycle, times=times)
    np.testing.assert_allclose(differences(cycle, times, "V", 1e-3, 6)[1], found.V, rtol=1e-5, atol=1e-7)
    # Moving along the cycle by dt brings spikes dt earlier, everywhere.
    flows = np.array([cycle.linear.flow(y, HH_INPUT)[0] for y in found.states.T])
    np.testing.assert_allclose(np.einsum("ij,ji->j", found.Z, flows), 1.0, atol=1e-8)
    assert np.isnan(found.next_spike).all()
    assert phase_response(cycle, times=60).kind == 2


def test_what_has_no_response_is_refused():
    cycle = limit_cycle(Neuron(), 20.0)
    with pytest.raises(ModelError, match="got no I"):
        phase_response(Neuron())
    with pytest.raises(ModelError, match="within the cycle"):
        phase_response(cycle, times=[cycle.period])
    with pytest.raises(ModelError, match="times"):
        phase_response(cycle, times=0)
    with pytest.raises(ModelError, match="state must be one of V, got 'h'"):
        direct_response(cycle, 1.0, [3.0], state="h")
    with pytest.raises(ModelError, match="v_thresh = -55.0 mV: use limit_cycle"):
        smooth_cycle(Neuron(), 20.0)
    with pytest.raises(ModelError, match="got int"):
        smooth_cycle(3, 20.0)
    with pytest.raises(SolverError, match=r"2 times in 50 ms, got 0 at I = 0 mV"):
        smooth_cycle(HH, 0.0, transient=50.0, look=50.0)


def test_a_small_dip_makes_no_type_2_and_is_said():
    found = phase_response(notebook.lif_na().neuron, 10.0, times=40)
    Z = found.Z.copy()
    Z[0] = np.linspace(-0.05, 2.9, Z.shape[1])
    dipped = attrs.evolve(found, Z=Z)
    assert (dipped.kind, dipped.dip) == (1, pytest.approx(0.05 / 2.9))
    assert "by up to 0.017 of the most" in dipped.sentences()[0]
    Z[0] = np.linspace(-0.5, 2.9, Z.shape[1])
    assert attrs.evolve(found, Z=Z).kind == 2
    assert found.dip == 0.0
    assert "never delays" in found.sentences()[0]


def test_a_direct_response_that_has_not_settled_says_so():
    cycle = limit_cycle(notebook.lif_na2().neuron, 60.0)
    times = [0.7 * cycle.period]
    full, short = direct_response(cycle, 1e-3, times), direct_response(cycle, 1e-3, times, cycles=3)
    assert full.settled
    assert not full.sentences()
    assert full.cycles > 100  # its multiplier is 0.85
    assert not short.settled
    assert "give more `cycles`" in short.sentences()[0]
    off = abs(short.asymptotic - full.asymptotic)[0]
    assert off / 3.0 < short.left[0] < 3.0 * off


def test_what_a_response_claims_bounds_its_distance_from_the_closed_form():
    I, tau, neuron = 20.0, 10.0, Neuron()
    found = phase_response(neuron, I, times=50)
    free = found.times > neuron.tau_ref
    V = I * (1.0 - np.exp(-(found.times[free] - neuron.tau_ref) / tau))
    assert np.all(np.abs(found.V[free] - tau / (I - V)) <= found.errors[0, free] + 1e-14)
    assert found.errors.max() < 1e-9


def test_times_that_tell_a_course_are_dense_where_it_is_fast():
    """V of the LIF is an exponential: half of the times are evenly spread along the curve of time and V."""
    cycle = limit_cycle(Neuron(tau_ref=2.0), 15.01)
    times = telling_times(cycle, 100)
    even = np.linspace(0.0, cycle.period, 100, endpoint=False)
    assert np.all(np.isin(even, times))
    assert np.all(np.diff(times) > 0.0)
    assert times[-1] < cycle.period
    along = np.setdiff1d(times, even)
    V = 15.01 * -np.expm1((2.0 - along) / 10.0)  # above rest; free from 2 ms on
    steps = np.hypot(np.diff(along) / cycle.period, np.diff(V) / 15.0)
    assert steps == pytest.approx(np.full(along.size - 1, steps.mean()), rel=0.02)
