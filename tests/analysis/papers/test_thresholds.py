"""Platkiewicz & Brette's thresholds: against h held, and met by ramps."""

import math

import attrs
import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.optimize import brentq

from natrium.analysis.papers import papers as reproduced
from natrium.analysis.papers import threshold_equation, threshold_ramp


def failing(claims):
    return [(claim.claim, claim.expected, claim.got) for claim in claims if not claim.holds]


@pytest.fixture(scope="module")
def inactivation():
    return reproduced.inactivation_thresholds()


@pytest.fixture(scope="module")
def ramps():
    return reproduced.ramp_thresholds()


def m_inf(V):
    alpha, beta = 0.1 * (V + 40.0) / -math.expm1(-(V + 40.0) / 10.0), 4.0 * math.exp(-(V + 65.0) / 18.0)
    return alpha / (alpha + beta)


def test_threshold_of_the_sodium_subsystem_goes_with_the_logarithm_of_h(inactivation):
    assert failing(inactivation.claims) == []
    assert len(inactivation.claims) == 4
    # Thresholds rise as h falls, and ever more steeply: m_inf^3 is no exponential.
    slopes = -np.diff(inactivation.thresholds) / np.diff(np.log(inactivation.h))
    assert (np.diff(slopes) > 0.0).all()
    assert slopes[0] == pytest.approx(3.0, abs=0.1)
    assert slopes[-1] > 4.5
    assert (inactivation.saddles > inactivation.thresholds).all()


@pytest.mark.parametrize("index", [0, 5, -1])
def test_thresholds_are_the_largest_input_that_holds_v_and_the_saddles_need_none(inactivation, index):
    h = inactivation.h[index]

    def held_by(V):
        return V + 70.0 + 120.0 * h * m_inf(V) ** 3 * (V - 50.0)

    def rise(V):
        return (held_by(V + 1e-5) - held_by(V - 1e-5)) / 2e-5

    assert inactivation.thresholds[index] == pytest.approx(brentq(rise, -69.0, -45.0), abs=1e-5)
    assert held_by(inactivation.saddles[index]) == pytest.approx(0.0, abs=1e-8)


def test_boltzmann_slope_is_that_of_the_open_share():
    low, high = -64.0, -60.0
    logit = [math.log(m_inf(V) ** 3 / (1.0 - m_inf(V) ** 3)) for V in (low, high)]
    chord = (high - low) / (logit[1] - logit[0])
    assert threshold_equation.boltzmann_slope(low, high) == pytest.approx(chord, rel=5e-3)


def test_held_h_scales_the_conductance_and_leaves_m_alone():
    (sodium,) = threshold_equation.held(0.25).channels
    assert sodium.g == 30.0
    assert [gate.name for gate in sodium.gates] == ["m"]
    assert not threshold_equation.held(0.25).fires


def test_ramps_meet_their_thresholds_where_the_formula_says(ramps):
    assert failing(ramps.claims) == []
    assert len(ramps.claims) == 6
    assert math.isnan(ramps.at(3.0))


@pytest.mark.parametrize("slope", [0.5, 1.3, 4.0])
def test_formula_is_solved(slope):
    a, lag = 5.0 / 6.0, 5.0 * slope
    theta = threshold_ramp.formula_threshold(slope)
    left = theta * (1.0 - a) + a * (-63.0 + lag) + 55.0
    assert left == pytest.approx(a * lag * math.exp((-63.0 - theta) / lag), abs=1e-11)


@pytest.mark.parametrize("slope", [0.5, 4.0])
@pytest.mark.parametrize("smooth", [False, True])
def test_runs_agree_with_another_solver(slope, smooth):
    def steady(V):
        above = (V + 63.0) / 6.0
        return -55.0 + 5.0 * (math.log1p(math.exp(above)) if smooth else max(above, 0.0))

    def gap(t, theta):
        return -70.0 + slope * t - theta[0]

    gap.terminal = True
    run = solve_ivp(
        lambda t, theta: (steady(-70.0 + slope * t) - theta) / 5.0,
        (0.0, 70.0 / slope),
        [steady(-70.0)],
        events=gap,
        rtol=1e-10,
        atol=1e-10,
        max_step=0.5,
    )
    expected = -70.0 + slope * run.t_events[0][0]
    assert threshold_ramp.ramp_threshold(slope, smooth=smooth) == pytest.approx(expected, abs=1e-6)


def test_the_slowest_ramp_meets_the_steady_threshold_within_reach():
    # V = theta_inf(V) at -15 mV; the lag of the threshold takes 25 mV for each mV/ms.
    assert threshold_ramp.formula_threshold(0.01) == pytest.approx(-15.25, abs=1e-9)
    assert threshold_ramp.ramp_threshold(0.01) == pytest.approx(-15.25, abs=1e-7)


def test_wrong_expectations_fail(inactivation, ramps):
    for claim in (*inactivation.claims, *ramps.claims):
        away = 2.0 * claim.tolerance + 1e-9
        for wrong in (claim.expected + away, claim.expected - away, math.nan):
            assert not attrs.evolve(claim, expected=wrong).holds
    # Nor do the claims hold for other thresholds.
    moved = attrs.evolve(inactivation, thresholds=1.3 * inactivation.thresholds)
    assert len(failing(moved.claims)) >= 3
    assert len(failing(attrs.evolve(ramps, thresholds=ramps.thresholds + 1e-6).claims)) == 5
    assert len(failing(attrs.evolve(ramps, smooth=ramps.smooth[::-1]).claims)) == 1
