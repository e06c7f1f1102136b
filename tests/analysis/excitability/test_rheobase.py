"""Rheobase by its cause, rates and their onset, the verdict: closed forms, and both sodium models."""

import attrs
import numpy as np
import pytest

import natrium
from natrium import CHANNELS, Channel, Gate, Neuron
from natrium.analysis.excitability.f_i import _fit, f_i_curve, onset
from natrium.analysis.excitability.long_run import fire, slowest
from natrium.analysis.excitability.rheobase import rheobase
from natrium.analysis.excitability.strength_duration import strength_duration
from natrium.analysis.excitability.verdict import _of_onset, describe, threshold_and_saddle
from tests.solvers.public import SYSTEMS
from tests.solvers.public_truths import read

LIF = Neuron()
SODIUM = natrium.notebook.lif_na().neuron
TWO = natrium.notebook.lif_na2().neuron
AXON = (CHANNELS["hh_sodium"], CHANNELS["hh_potassium"])


def test_the_rheobase_of_the_lif_is_threshold_less_rest():
    found = rheobase(LIF)
    assert (found.value, found.cause, found.V) == (15.0, "threshold", -55.0)
    assert not found.pacemaker
    assert not found.bistable
    assert found.confirmed


def test_a_lif_that_rests_above_its_threshold_is_a_pacemaker():
    found = rheobase(Neuron(v_rest=-50.0, v_reset=-70.0, v_init=-70.0))
    assert (found.value, found.cause, found.pacemaker) == (-5.0, "threshold", True)


def test_a_rest_that_loses_its_stability_at_a_corner():
    """McKean's three straight pieces: the first rest is lost where they meet, at a/2 (1 + 1/gamma)."""
    neuron = natrium.HybridNeuron(
        equations={
            "V": "where(V < 0.125, -V, where(V < 0.625, V - 0.25, 1 - V)) - w + I",
            "w": "0.1*(V - 0.5*w)",
        },
        initial={"V": 0.0, "w": 0.0},
        v_thresh=0.5,
    )
    found = rheobase(neuron)
    assert (found.cause, found.confirmed) == ("corner", True)
    assert (found.value, found.V) == pytest.approx((0.375, 0.125), abs=1e-11)
    assert any("Corner, at 0.375" in sentence for sentence in describe(neuron).sentences())


def test_an_ohmic_leak_shifts_the_rheobase():
    """Each conductance g to E asks for g (v_thresh - E) more."""
    neuron = Neuron(channels=[Channel("K", 0.5, -90.0)])
    assert rheobase(neuron).value == pytest.approx(15.0 + 0.5 * 35.0, rel=1e-14)


def test_rates_of_the_lif_are_the_closed_form():
    inputs = np.array([15.0001, 15.5, 16.0, 20.0, 40.0, 1000.0])
    found = f_i_curve(LIF, inputs)
    interval = 2.0 + 10.0 * np.log(inputs / (inputs - 15.0))
    np.testing.assert_allclose(found.rates, 1000.0 / interval, rtol=1e-10)
    np.testing.assert_allclose(found.latencies, interval - 2.0, rtol=1e-10)
    np.testing.assert_allclose(found.adaptation, 1.0, rtol=1e-10)


def test_no_rate_at_or_below_the_rheobase():
    found = f_i_curve(LIF, [-5.0, 0.0, 14.999, 15.0])
    np.testing.assert_array_equal(found.rates, 0.0)
    assert np.isnan(found.latencies).all()
    assert "sustained" not in found.outcomes


def test_a_reset_of_its_own_in_the_closed_form():
    neuron = Neuron(v_reset=-62.0, tau_ref=0.0)
    (rate,) = f_i_curve(neuron, [20.0]).rates
    assert rate == pytest.approx(1000.0 / (10.0 * np.log(12.0 / 5.0)), rel=1e-10)
    assert f_i_curve(neuron, 20.0).adaptation[0] == pytest.approx(1.0, rel=1e-9)


def test_the_onset_of_the_lif_is_logarithmic():
    found = onset(LIF)
    assert found.law == "logarithmic"
    assert found.predicted == pytest.approx(10.0, rel=1e-12)
    assert found.coefficient == pytest.approx(10.0, rel=0.01)
    assert found.errors["square root"] > 50.0 * found.errors["logarithmic"]


def test_a_cell_that_accommodates_is_not_kicked_where_its_rheobase_is_confirmed():
    """V rests at I/4, but goes up by as much as the input at first: no step of it is slow that is not small."""
    cell = natrium.HybridNeuron(
        equations={"V": "(-V - 3*w + I)/10", "w": "(V - w)/100"},
        initial={"V": 0.0, "w": 0.0},
        v_thresh=20.0,
        reset={"V": 0.0},
    )
    found = natrium.rheobase(cell)
    assert (found.cause, found.confirmed) == ("threshold", True)
    assert found.value == pytest.approx(80.0, rel=1e-14)
    # At once, the input makes it fire on long before: what w has then it has of V below the threshold.
    assert found.bistable_from <= found.step_from < 70.0
    late = [
        natrium.simulate(cell, natrium.Constant(f * found.step_from), t_end=3000.0).spike_times[-1]
        for f in (0.999, 1.001)
    ]
    assert late[0] < 2000.0 < 2900.0 < late[1]
    assert any(note.startswith("switched on at once") for note in found.notes)


def test_the_first_sodium_model_loses_its_rest_at_a_fold():
    found = rheobase(SODIUM)
    assert found.value == pytest.approx(5.482069069686, abs=1e-9)
    assert (found.cause, found.pacemaker, found.bistable, found.confirmed) == ("fold", False, False, True)
    place = threshold_and_saddle(SODIUM)
    assert place.side == "below"
    assert place.saddle == pytest.approx(-53.802969, abs=1e-5)
    assert place.above_from == pytest.approx(1.934627968, abs=1e-8)


@pytest.mark.parametrize(("neuron", "I", "interval"), [(SODIUM, 10.0, 24.812443759)])
def test_steady_intervals(neuron, I, interval):
    found = f_i_curve(neuron, [I])
    assert 1000.0 / found.rates[0] == pytest.approx(interval, abs=2e-8)
    assert found.latencies[0] < interval
    assert found.table()[0]["outcome"] == "sustained"


def test_a_threshold_below_every_saddle_is_named():
    low = natrium.Neuron(v_thresh=-63.0, channels=SODIUM.channels)
    found = rheobase(low)
    assert found.cause == "threshold"
    assert found.value == pytest.approx(4.9, abs=0.3)
    assert any("below every saddle" in note for note in found.notes)
    assert threshold_and_saddle(low).above_from is None


def test_a_neuron_without_threshold_has_no_rheobase_and_a_verdict():
    axon = Neuron(tau_m=1 / 0.3, v_rest=-54.387, v_thresh=None, channels=AXON)
    for refused in (
        rheobase,
        lambda neuron: f_i_curve(neuron, [1.0]),
        lambda neuron: strength_duration(neuron, [1.0]),
    ):
        with pytest.raises(natrium.ModelError, match="threshold"):
            refused(axon)
    verdict = describe(axon)
    assert verdict.rest.kind == "stable node"
    assert (verdict.rheobase, verdict.onset, verdict.threshold) == (None, None, None)
    assert "no threshold" in str(verdict)
    assert "subcritical" in str(verdict)


def test_the_verdict_on_the_lif():
    verdict = describe(LIF)
    assert verdict.excitability == "class 1"
    assert "15.000000000 mV (threshold" in str(verdict)
    assert "no saddle" in str(verdict)


def test_started_at_a_state_it_goes_on_as_before():
    whole = natrium.simulate(SODIUM, natrium.Constant(10.0), t_end=60.0, rtol=1e-11)
    later = natrium.simulate(
        SODIUM.started(whole.state(10.0)), natrium.Constant(10.0), t_end=50.0, rtol=1e-11
    )
    np.testing.assert_allclose(later.spike_times + 10.0, whole.spike_times, rtol=1e-8)


def test_clamped_gates_move_while_refractory():
    """Interval 24.573193974 ms under the clamp rule, from a state within the cycle."""
    clamped = Neuron(refractory="clamp", channels=SODIUM.channels)
    run = fire(clamped, 10.0, clamped.initial_state(), settle=1e-10, rtol=1e-11)
    assert run.interval == pytest.approx(24.573193974, abs=2e-8)
    assert slowest(clamped) == 10.0
    again = fire(clamped, 10.0, run.state, settle=1e-10, rtol=1e-11)
    assert again.spike_times[0] + 2.0 == pytest.approx(run.interval, abs=1e-7)


@pytest.mark.slow
def test_the_onset_of_the_first_sodium_model_is_a_square_root():
    found = onset(SODIUM)
    assert found.law == "square root"
    assert found.predicted == pytest.approx(77.577, abs=1e-3)
    assert found.coefficient == pytest.approx(found.predicted, rel=3e-3)


@pytest.mark.slow
def test_the_verdict_on_both_sodium_models():
    one, two = describe(SODIUM), describe(TWO)
    assert (one.pacemaker, one.excitability, one.rest.kind) == (False, "class 1", "stable node")
    assert "lies above the saddle from 1.934627968 mV" in str(one)
    assert (two.pacemaker, two.excitability, two.rest) == (True, "class 1", None)
    assert two.rheobase.value == pytest.approx(-0.848384159581, abs=1e-9)
    assert two.rheobase.confirmed
    assert two.threshold.side is None
    assert "fires without input" in str(two)
    assert f_i_curve(TWO, [0.0]).rates[0] == pytest.approx(16.4656783, abs=1e-6)


@pytest.mark.slow
def test_bistability_at_a_hopf_point_is_named():
    found = rheobase(
        Neuron(tau_m=1 / 0.3, v_rest=-54.387, v_thresh=-20.0, v_reset=-65.0, v_init=-65.0, channels=AXON)
    )
    assert found.cause == "hopf"
    assert found.value == pytest.approx(32.5847933, abs=1e-6)
    assert found.bistable
    assert found.bistable_from < 26.0
    assert found.confirmed


CORTICAL = Neuron(  # Na and K of a cortical cell: g and tau_m are 56, 6 and 1 mS/cm2 over a leak of 0.0205
    tau_m=1.0 / 0.0205,
    v_rest=-70.3,
    v_thresh=-20.0,
    v_reset=-60.0,
    channels=[
        Channel(
            "Na",
            56.0 / 0.0205,
            50.0,
            [
                Gate(
                    "m",
                    3,
                    alpha="0.32*(V + 43.2)/(1 - exp(-(V + 43.2)/4))",
                    beta="0.28*(V + 16.2)/(exp((V + 16.2)/5) - 1)",
                ),
                Gate("h", alpha="0.128*exp(-(V + 39.2)/18)", beta="4/(1 + exp(-(V + 16.2)/5))"),
            ],
        ),
        Channel(
            "K",
            6.0 / 0.0205,
            -90.0,
            [
                Gate(
                    "n",
                    4,
                    alpha="0.032*(V + 41.2)/(1 - exp(-(V + 41.2)/5))",
                    beta="0.5*exp(-(V + 46.2)/40)",
                )
            ],
        ),
    ],
)


@pytest.mark.slow
def test_a_cell_whose_channels_outweigh_its_leak_by_thousands_has_a_rheobase():
    # The fold by the maximum of the steady current; the search once began thousands of mV below.
    found = rheobase(CORTICAL)
    assert (found.cause, found.confirmed) == ("fold", True)
    assert found.value == pytest.approx(13.448832716, abs=1e-9)


def test_a_saddle_that_is_there_is_not_denied():
    # A Hopf point comes a little before the fold: the saddle is there all the same.
    gates = [
        Gate("m", 3, alpha="3.83/(1 + exp(-(V + 2.58)/11.47))", beta="6.894/(1 + exp((V + 61.2)/19.8))"),
        Gate(
            "h",
            alpha="0.013536*exp(-(V + 105)/46.33)",
            beta="0.61714/(1 + exp(-(V - 21.8)/11.998))",
        ),
    ]
    neuron = Neuron(tau_m=20.0, v_rest=-60.0, v_thresh=-20.0, channels=[Channel("Na8", 300.0, 79.6, gates)])
    verdict = describe(neuron)
    place = threshold_and_saddle(neuron)
    assert place.saddle == pytest.approx(-35.224648, abs=1e-6)
    assert place.side == "above"
    assert "saddle at -35.22" in str(verdict)
    assert "no saddle" not in str(verdict)
    assert "without input it lies above it (-35.224648 mV)" in str(verdict)


def test_no_class_is_claimed_where_no_law_fits():
    # Reset to -65 mV with gates held open, the squid axon's intervals are 4.3 ms and grow by a twentieth.
    axon = Neuron(tau_m=1 / 0.3, v_rest=-54.387, v_thresh=-20.0, v_reset=-65.0, channels=AXON)
    verdict = describe(axon)
    assert verdict.onset.intervals.max() < 1.1 * verdict.onset.intervals.min()
    assert verdict.excitability in ("class 2", "undecided")
    assert ("undecided" in str(verdict)) == (verdict.excitability == "undecided")
    # Intervals that do not grow leave one law: a finite rate.
    assert verdict.onset.errors["jump"] > 0.01 or verdict.excitability == "class 2"
    assert verdict.data()["onset"]["error"] == verdict.onset.error


def test_an_onset_with_too_few_intervals_says_what_was_seen():
    cell = natrium.Neuron()
    found = _fit(cell, rheobase(cell), 15.0, np.array([0.01, 0.02]), np.array([40.0, 30.0]), np.inf)
    assert (found.law, found.errors, found.inputs.tolist()) == ("undecided", {}, [15.01, 15.02])
    assert np.isnan([found.error, found.rate, found.coefficient]).all()
    assert _of_onset(found, 0.0) == [
        "Onset: undecided, just above 15.000000000 mV firing goes on at 2 of the 5 inputs looked at: too few "
        "for a law of the interval."
    ]


def test_a_cell_that_has_no_rest_at_any_input_is_a_pacemaker():
    cell = natrium.HybridNeuron(
        equations={"V": "(V + 60)/10 + I"}, initial={"V": -50.0}, v_thresh=-20.0, reset={"V": -50.0}
    )
    found = rheobase(cell)
    assert (found.cause, found.pacemaker) == ("none", True)
    assert found.checks[0].interval == pytest.approx(10.0 * np.log(4.0), rel=1e-9)
    assert natrium.describe(cell).sentences()[0].startswith("A pacemaker: it fires without input")
    leaky = attrs.evolve(cell, initial={"V": -70.0})
    assert not rheobase(leaky).pacemaker  # V runs away downwards


@pytest.mark.slow
def test_the_subthalamic_cell_loses_its_rest_at_the_hopf_point_of_its_own_equations():
    """Its slow cycle, of 2 s, lets derivatives grow by 1e5 on the way and is followed all the same."""
    system = SYSTEMS["subthalamic cell"]
    found = rheobase(system.neurons["equations"])
    flow = read(list(system.equations), *system.equations.values())
    y = np.array([found.V, *np.zeros(4)])
    for _ in range(300):  # every other state follows from V, calcium from V alone
        rates = np.array(flow(y, 0.0), dtype=float)
        slopes = np.array(
            [(np.array(flow(y + 1e-6 * unit, 0.0), dtype=float) - rates) / 1e-6 for unit in np.eye(5)[1:]]
        )
        y[1:] -= np.linalg.solve(slopes.T[1:], rates[1:])
    held = -float(flow(y, 0.0)[0])
    assert found.value == pytest.approx(held, rel=1e-9)
    jacobian = np.column_stack(
        [
            (np.array(flow(y + step, held)) - np.array(flow(y - step, held))).astype(float) / 2e-5
            for step in 1e-5 * np.eye(5)
        ]
    )
    values = np.linalg.eigvals(jacobian)
    pair = values[np.argmax(values.real)]
    assert found.cause == "hopf"
    assert abs(pair.real) < 1e-7
    assert abs(pair.imag) > 1e-4
    assert found.bistable_error >= 1e-13
