"""Errors of inputs: a rheobase that runs bracket against one known by other means; what rounding leaves."""

import math

import numpy as np
import pytest

import natrium
from natrium import Neuron
from natrium.analysis.equilibria.curve import equilibrium_curve
from natrium.analysis.excitability.bracket import bracketed, rounded
from natrium.analysis.excitability.long_run import fire
from natrium.analysis.excitability.rheobase import rheobase
from natrium.analysis.excitability.verdict import describe
from natrium.model.files.new import template
from tests.analysis.excitability.cells import RESET_AXON


def fitzhugh(eps, v_thresh):
    """Give a cell whose rest goes over, at a soft Hopf point, to an oscillation that grows with the input."""
    return natrium.HybridNeuron(
        equations={"V": "V - V**3/3 - w + I", "w": "eps*(V + 0.7 - 0.3*w)"},
        parameters={"eps": eps},
        initial={"V": -1.2, "w": -0.6},
        v_thresh=v_thresh,
        reset={"V": -1.2},
    )


# Where the smooth cycle's highest V is the threshold: the root of that, the cycle by Newton's method at 1e-12.
@pytest.mark.parametrize(
    ("eps", "v_thresh", "I"),
    [(0.6, 0.2, 0.1277953527185), (0.9, 0.0, 0.2625828248309), (0.9, -0.25, 0.2021332836970)],
)
def test_an_oscillation_reaches_the_threshold_where_its_cycle_touches_it(eps, v_thresh, I):
    found = rheobase(fitzhugh(eps, v_thresh))
    assert (found.cause, found.confirmed) == ("oscillation", True)
    assert abs(found.value - I) <= found.error < 1e-8
    assert found.data()["error_mV"] == found.table()[0]["error"] == found.error


def test_the_words_end_where_the_error_begins():
    cell = fitzhugh(0.9, -0.25)
    (said,) = [line for line in describe(cell).sentences() if line.startswith("Rheobase")]
    assert f"0.20213328 to {rheobase(cell).error:.1g} (oscillation" in said


def test_no_digit_is_told_that_no_double_holds():
    """The input that holds the adaptive exponential cell's V at its cut-off is -5e12 pA."""
    said = str(describe(natrium.loads(template("adex")).neuron))
    assert "(0 mV) lies above the saddle at any usual input (-5.28e+12 and more)" in said
    assert "above 627.311093721," in said


def test_no_minus_before_a_zero():
    """V^2 + I has its fold at no input, and no rest without."""
    verdict = describe(natrium.loads(template("quadratic")).neuron)
    said = str(verdict)
    assert "Rheobase: 0.000000000 (fold" in said
    assert "-0.000" not in said
    assert "without input it is where its rest is lost" in said
    assert math.copysign(1.0, verdict.data()["folds"][0]["I_mV"]) == 1.0


def test_pulses_have_errors():
    """Without channels they are those of rounding; bisected, those that a second solve confirms."""
    closed = natrium.strength_duration(Neuron(), [1.0, 20.0])
    gate = natrium.Gate("x", inf="1/(1 + exp(-(V + 50)/5))", tau=1.0)
    bisected = natrium.strength_duration(
        Neuron(channels=[natrium.Channel("none", 0.0, 50.0, [gate])]), [1.0, 20.0]
    )
    exact = 15.0 / -np.expm1([-0.1, -2.0])
    for found, least in ((closed, 1e-12), (bisected, 1e-6)):
        assert np.all(np.abs(found.amplitudes - exact) <= found.amplitude_errors)
        assert np.all(found.amplitude_errors < least)
        assert abs(found.rheobase - 15.0) <= found.rheobase_error < least
        assert abs(found.chronaxie - 10.0 * np.log(2.0)) <= found.chronaxie_error < least
        assert [row["amplitude_error_mV"] for row in found.table()] == found.amplitude_errors.tolist()


def test_a_hopf_point_is_known_to_the_rounding_of_its_eigenvalues():
    """V - V^3/3 - w and eps (V + a - b w): V^2 = 1 - eps b at the Hopf points."""
    neuron = fitzhugh(0.9, 0.0)
    point = equilibrium_curve(neuron).hopf[0]
    V = -np.sqrt(1.0 - 0.9 * 0.3)
    I = -V + V**3 / 3.0 + (V + 0.7) / 0.3
    error = rounded(neuron, point.V, point)
    assert abs(point.I - I) <= error < 1e-12


def test_a_bracket_that_no_second_solve_confirms_has_no_error(monkeypatch):
    neuron, start = fitzhugh(0.9, 0.0), np.array([-1.2, -0.6])
    high, error, _ = bracketed(neuron, 0.2, 0.3, start, fires=False, width=1e-4)
    assert 0.0 < high - 0.2625828248 <= error < 1e-3
    again = fire(neuron, 0.3, start)
    monkeypatch.setattr(
        "natrium.analysis.excitability.bracket.fire",
        lambda *args, rtol=None, **more: fire(*args, **more) if rtol is None else again,
    )
    assert bracketed(neuron, 0.2, 0.3, start, fires=False, width=1e-4)[1] == np.inf


@pytest.mark.slow
def test_where_runs_alone_tell_the_end_of_firing_they_are_too_short():
    """The squid axon's period doubles on the way down, slowly: sixty spikes, and twice as many, go on below."""
    ending = rheobase(RESET_AXON).ending
    kept = fire(RESET_AXON, 33.5, np.array(RESET_AXON.initial_state()))
    end, error, _ = bracketed(RESET_AXON, 25.0, 33.5, kept.state, fires=True, width=1e-6)
    assert ending.kind == "period doubling"
    assert 1e-6 < error < 0.1
    assert end < ending.I < end + 0.02
    between = 0.5 * (end + ending.I)
    branch = natrium.continue_cycle(natrium.limit_cycle(RESET_AXON, 33.5), "I", between=(27.1, 34.0))
    cycle = natrium.limit_cycle(RESET_AXON, between, start=branch.special[0].point.found.states[0])
    assert not cycle.stable
    begun = cycle.map.released(cycle.states[0])[0]
    assert fire(RESET_AXON, between, begun, settle=0.0, enough=2000).outcome != "sustained"
