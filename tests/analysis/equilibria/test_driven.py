"""Inputs that enter another equation than V's: against closed forms, and against numbers found by hand."""

from __future__ import annotations

import attrs
import numpy as np
import pytest
from scipy.optimize import brentq, fsolve

import natrium
from natrium.analysis.equilibria.curve import equilibria, equilibrium_curve
from natrium.analysis.equilibria.implicit import held_input
from natrium.analysis.excitability.f_i import f_i_curve, onset
from natrium.analysis.excitability.mirror import is_lowered
from natrium.analysis.excitability.rheobase import rheobase
from natrium.analysis.excitability.strength_duration import strength_duration

K, C = 1.0, 0.2  # of the oscillator
OSCILLATOR = natrium.HybridNeuron(
    equations={"V": "y", "y": "-k*V - c*y + I"},
    initial={"V": 0.0, "y": 0.0},
    parameters={"k": K, "c": C},
    v_thresh=1.0,
    reset={"V": 0.0, "y": 0.0},
)
FILTERED = natrium.HybridNeuron(
    equations={"V": "(-(V + 65) + s)/10", "s": "(I - s)/5"},
    initial={"V": -65.0, "s": 0.0},
    v_thresh=-50.0,
    reset={"V": -65.0},
)


def _soma(state, I):
    """Give the flow of a squid axon's soma and two passive dendrites, the input in the last, written by hand."""
    V, m, h, n, D, E = state
    x, y = -(V + 40) / 10, -(V + 55) / 10
    return [
        -120 * m**3 * h * (V - 50) - 36 * n**4 * (V + 77) - 0.3 * (V + 54.4) + 0.5 * (D - V),
        x / np.expm1(x) * (1 - m) - 4 * np.exp(-(V + 65) / 18) * m,
        0.07 * np.exp(-(V + 65) / 20) * (1 - h) - h / (1 + np.exp(-(V + 35) / 10)),
        0.1 * y / np.expm1(y) * (1 - n) - 0.125 * np.exp(-(V + 65) / 80) * n,
        -0.1 * (D + 65) + 0.5 * (V - D) + 0.5 * (E - D),
        -0.1 * (E + 65) + 0.5 * (D - E) + I,
    ]


CABLE = natrium.HybridNeuron(
    equations={
        "V": "-120*m**3*h*(V - 50) - 36*n**4*(V + 77) - 0.3*(V + 54.4) + 0.5*(D - V)",
        "m": "0.1*(V + 40)/(1 - exp(-(V + 40)/10))*(1 - m) - 4*exp(-(V + 65)/18)*m",
        "h": "0.07*exp(-(V + 65)/20)*(1 - h) - h/(1 + exp(-(V + 35)/10))",
        "n": "0.01*(V + 55)/(1 - exp(-(V + 55)/10))*(1 - n) - 0.125*exp(-(V + 65)/80)*n",
        "D": "-0.1*(D + 65) + 0.5*(V - D) + 0.5*(E - D)",
        "E": "-0.1*(E + 65) + 0.5*(D - E) + I",
    },
    initial={"V": -65.0, "m": 0.053, "h": 0.596, "n": 0.318, "D": -65.0, "E": -65.0},
    v_thresh=0.0,
)


def _growth(I):
    """Give the largest real part of the eigenvalues at rest, by differences of what was written by hand."""
    rest = fsolve(_soma, CABLE.initial_state(), args=(I,), xtol=1e-12)
    columns = [(np.array(_soma(rest + e, I)) - np.array(_soma(rest - e, I))) / 2e-5 for e in 1e-5 * np.eye(6)]
    return np.linalg.eigvals(np.array(columns).T).real.max()


def test_an_input_at_the_end_of_a_cable_loses_its_rest_where_eigenvalues_by_hand_say_so():
    found = equilibrium_curve(CABLE).hopf[0].I
    by_hand = brentq(_growth, 25.0, 35.0, xtol=1e-9)
    assert abs(found - by_hand) < 1e-6
    for one in equilibria(CABLE, 20.0):
        assert np.abs(_soma(one.state, 20.0)).max() < 1e-9


def test_a_filtered_input_has_the_rheobase_and_the_law_of_the_leak():
    found, law = rheobase(FILTERED), onset(FILTERED)
    assert (found.cause, found.value, found.confirmed) == ("threshold", pytest.approx(15.0), True)
    assert (law.law, law.predicted) == ("logarithmic", pytest.approx(10.0))


def test_a_resonator_fires_on_from_where_its_first_swing_reaches_the_threshold():
    found, damping = rheobase(OSCILLATOR), C / (2.0 * np.sqrt(K))
    overshoot = np.exp(-np.pi * damping / np.sqrt(1.0 - damping**2))
    assert found.value == pytest.approx(K)
    assert found.bistable_from == pytest.approx(K / (1.0 + overshoot), abs=1e-6)


def test_folds_of_an_input_in_the_recovery_are_those_of_its_nullclines():
    falling = natrium.HybridNeuron(
        equations={"V": "V - V**3/3 - w", "w": "0.08*(V + 0.7 - 3*w - I)"}, initial={"V": -2.0, "w": -1.0}
    )
    # w = V - V^3/3, I = V + 0.7 - 3 w: dI/dV = 1 - 3 (1 - V^2) vanishes at V^2 = 2/3.
    places = [fold.V for fold in equilibrium_curve(falling).folds]
    assert places == pytest.approx([-np.sqrt(2 / 3), np.sqrt(2 / 3)])


def test_an_input_that_lowers_V_gives_the_same_with_its_sign_turned():
    equations = dict(OSCILLATOR.equations) | {"y": "-k*V - c*y - I"}
    lowered = attrs.evolve(OSCILLATOR, equations=equations)
    one, other = rheobase(OSCILLATOR), rheobase(lowered)
    assert (one.lowered, other.lowered) == (False, True)
    assert (other.value, other.bistable_from) == (-one.value, -one.bistable_from)
    assert (other.confirmed, other.bistable, other.pacemaker) == (True, True, False)
    assert [check.I for check in other.checks] == [-check.I for check in one.checks]
    assert "lowers V" in other.notes[-1]
    assert "up to -0.578" in other.notes[-2]
    assert onset(lowered).at == -onset(OSCILLATOR).at


def test_an_input_against_a_current_without_a_leak_does_not_lower_V():
    """V' = I + exp(V): at I < 0 a saddle, which is the lower the less is drawn out."""
    open_end = natrium.HybridNeuron(
        equations={"V": "exp(V) + I"}, initial={"V": -5.0}, v_thresh=5.0, reset={"V": -5.0}
    )
    assert not is_lowered(open_end)
    assert not rheobase(open_end).lowered


def test_what_the_input_moves_goes_on_while_refractory():
    """Of a filtered input the filter is free: it is full when V is let go, and V is that of the leak alone."""
    free = attrs.evolve(FILTERED, tau_ref=2.0, refractory={"s": "free"})
    found = f_i_curve(free, [22.0])
    assert found.rates == pytest.approx([1e3 / (2.0 + 10.0 * np.log(22.0 / 7.0))], rel=1e-9)


def test_a_reset_onto_the_threshold_is_started_from():
    """A resonator whose spike leaves V where it is and x at 0: V falls from there, and turns as it must."""
    cell = natrium.HybridNeuron(
        equations={"V": "b*V + w*x", "x": "b*x - w*V + I"},
        initial={"V": 0.0, "x": 0.0},
        parameters={"b": -0.1, "w": 1.0},
        v_thresh=1.0,
        reset={"V": 1.0, "x": 0.0},
        tau_ref=0.5,
    )
    center = 1.8 * np.array([1.0, 0.1]) / 1.01  # of the spiral z' = (b - i w) (z - c) in V + i x

    def V(t):
        z = (1.0 - center[0]) + 1j * (0.0 - center[1])
        return (z * np.exp((-0.1 - 1j) * t)).real + center[0]

    period = 0.5 + brentq(lambda t: V(t) - 1.0, 1e-3, 1.0)
    assert f_i_curve(cell, [1.8]).rates == pytest.approx([1e3 / period], rel=1e-9)
    assert onset(cell).rate > 100.0


def test_pulses_of_an_input_that_lowers_V_are_negative():
    lowered = natrium.HybridNeuron(
        equations={"V": "(-(V + 70) - I)/10"}, initial={"V": -70.0}, v_thresh=-50.0, reset={"V": -70.0}
    )
    found = strength_duration(lowered, [10.0])
    assert found.amplitudes == pytest.approx([20.0 / np.expm1(-1.0)])
    assert found.rheobase == pytest.approx(-20.0)


def test_an_input_that_does_not_reach_V_is_refused_by_name():
    deaf = natrium.HybridNeuron(
        equations={"V": "-V", "w": "I - w"}, initial={"V": 0.0, "w": 0.0}, v_thresh=1.0, reset={"V": -1.0}
    )
    with pytest.raises(
        natrium.UnsupportedModel, match="in the equation of w, from which none of V's follows"
    ):
        held_input(deaf)
    assert [one.V for one in equilibria(deaf, 3.0)] == [0.0]


@pytest.mark.parametrize(
    ("offset", "capacity", "tau_ref"), [(0.0, 1.0, 0.0), (0.5, 2.0, 3.0), (-2.0, 1.0, 1.0)]
)
def test_an_integrator_without_a_leak_fires_from_where_V_stays(offset, capacity, tau_ref):
    cell = natrium.HybridNeuron(
        equations={"V": "(I + b)/C"},
        initial={"V": -70.0},
        parameters={"C": capacity, "b": offset},
        v_thresh=-50.0,
        reset={"V": -70.0},
        tau_ref=tau_ref,
    )
    found, law = rheobase(cell), onset(cell)
    assert (found.value, found.cause, found.confirmed) == (-offset, "integrator", True)
    assert found.pacemaker == (offset > 0.0)
    assert (law.law, law.predicted) == ("inverse", pytest.approx(20.0 * capacity))
    assert law.coefficient == pytest.approx(law.predicted, rel=1e-6)
    rates = f_i_curve(cell, [-offset - 1.0, -offset, -offset + 1e-3, -offset + 4.0]).rates
    assert rates == pytest.approx([0.0, 0.0, *(1e3 / (tau_ref + 20.0 * capacity / x) for x in (1e-3, 4.0))])
    assert "class 1" in str(natrium.analysis.describe(cell))
