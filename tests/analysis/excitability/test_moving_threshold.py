"""Excitability and planes where the threshold moves: closed forms, and bisection of runs whose spikes are located."""

import math

import numpy as np
import pytest
from scipy.optimize import brentq

import natrium
from natrium.figures import plot_equilibrium_curve, plot_phase_plane
from natrium.model.files.new import template

MAT = natrium.loads(template("mat")).neuron


def following(slope, **options):
    """Make a LIF whose threshold, -50 mV at rest, follows V by 40 slope/20 of it, and rises at a spike."""
    return natrium.HybridNeuron(
        equations={"V": "(I - (V + 70))/10", "theta": "slope*(V + 70)/20 - theta/40"},
        initial={"V": -70.0, "theta": 0.0},
        parameters={"slope": slope},
        **{
            "v_thresh": "theta - 50",
            "reset": {"theta": "theta + 8"},
            "tau_ref": 2.0,
            "refractory": {"V": "free", "theta": "free"},
        }
        | options,
    )


def bisect(fires, low, high, within):
    while high - low > within:
        middle = 0.5 * (low + high)
        low, high = (low, middle) if fires(middle) else (middle, high)
    return 0.5 * (low + high)


def test_the_rheobase_is_where_the_rest_reaches_the_threshold():
    found = natrium.rheobase(MAT)
    assert (found.value, found.V, found.cause) == (pytest.approx(19.0, abs=1e-12), found.value, "threshold")
    assert found.confirmed
    # V rises without overshoot, so that a step from rest tells the same.
    runs = bisect(
        lambda I: natrium.simulate(MAT, natrium.Constant(I), t_end=90.0).n_spikes > 0, 18.0, 20.0, 2e-6
    )
    assert runs == pytest.approx(found.value, abs=2e-6)


def test_a_threshold_that_follows_v_is_met_later_or_never():
    """At rest theta = 2 slope (V + 70): V = theta - 50 where (V + 70)(1 - 2 slope) = 20."""
    cell = following(0.3)
    found = natrium.rheobase(cell)
    assert (found.value, found.V) == pytest.approx((50.0, -20.0), abs=1e-10)
    assert natrium.equilibrium_curve(cell).crossings == pytest.approx((-20.0,), abs=1e-10)

    def fires(I):
        """Raise the input slowly: from the rest at a little less."""
        rest = natrium.equilibria(cell, I - 1e-3)[0]
        return natrium.simulate(cell.started(rest.state), natrium.Constant(I), t_end=300.0).n_spikes > 0

    assert bisect(fires, 45.0, 55.0, 2e-4) == pytest.approx(50.0, abs=1e-3)
    # A step gets there before the threshold does.
    assert natrium.simulate(cell, natrium.Constant(35.0), t_end=100.0).n_spikes > 0
    never = natrium.rheobase(following(0.6))
    assert (never.cause, never.value) == ("none", math.inf)
    assert "moves with it" in never.notes[0]


def intervals(I, count):
    """Give intervals of the template, V and both parts of its threshold in closed form."""
    one = two = begin = 0.0
    spikes = []
    for _ in range(count):

        def above(t):
            part = t - begin  # noqa: B023  # used within its turn
            level = 19.0 + one * math.exp(-part / 10.0) + two * math.exp(-part / 200.0)  # noqa: B023
            return I * -math.expm1(-t / 5.0) - level

        at = begin + 2.0 if spikes else 0.0
        if not spikes or above(at) < 0.0:
            at = brentq(above, at, at + 2000.0, xtol=1e-13)
        one = one * math.exp(-(at - begin) / 10.0) + 37.0
        two = two * math.exp(-(at - begin) / 200.0) + 2.0
        spikes.append(at)
        begin = at
    return np.diff(spikes)


@pytest.mark.parametrize("I", [25.0, 60.0])
def test_rates_are_those_of_the_closed_form(I):
    curve = natrium.f_i_curve(MAT, [15.0, I])
    expected = 1000.0 / intervals(I, 400)[-1]
    assert curve.rates[0] == 0.0
    assert abs(curve.rates[1] - expected) <= curve.rate_errors[1] < 1e-3 * expected
    assert curve.latencies[1] == pytest.approx(-5.0 * math.log(1.0 - 19.0 / I), abs=1e-8)


@pytest.mark.slow
def test_pulses_follow_lapicque_s_law():
    """The threshold stands until the first spike."""
    found = natrium.strength_duration(MAT, [1.0, 20.0])
    assert found.amplitudes == pytest.approx(19.0 / -np.expm1(np.array([-1.0, -20.0]) / 5.0), rel=1e-7)
    assert found.chronaxie == pytest.approx(5.0 * math.log(2.0), rel=1e-7)


@pytest.mark.slow
def test_the_verdict_names_what_moves():
    """The interval grows as what a spike leaves of the threshold decays: by 40 ms log."""
    found = natrium.describe(following(0.0))
    assert (found.excitability, found.onset.law) == ("class 1", "logarithmic")
    assert found.onset.predicted == pytest.approx(40.0, rel=1e-9)
    assert "moves with theta: a rest lies on it at -50.000000 mV" in " ".join(found.sentences())
    assert found.data()["v_thresh_mV"] is None
    assert found.data()["threshold_moves_with"] == ("theta",)


def test_v_that_goes_on_while_refractory_needs_no_closed_form():
    """Below a threshold that stands: from -70 to -50 mV in 10 log(35/15) ms, refractory or not."""
    cell = following(0.0, v_thresh=-50.0, reset={"V": -70.0})
    curve = natrium.f_i_curve(cell, [35.0])
    assert curve.rates[0] == pytest.approx(100.0 / math.log(35.0 / 15.0), rel=1e-8)
    assert natrium.rheobase(cell).value == pytest.approx(20.0, abs=1e-10)


def test_the_plane_counts_v_from_the_threshold():
    cell, I = following(0.3), 40.0
    plane = natrium.phase_plane(cell, I, grid=(31, 21), horizon=200.0)
    run = natrium.simulate(cell, natrium.Constant(I), t_end=100.0)
    assert plane.error.full.spike_times == pytest.approx(run.spike_times, abs=1e-8)
    assert (plane.v_thresh, plane.plane.moves_with) == (0.0, ("theta",))
    # du/dt = dV/dt - dtheta/dt of V = u + theta - 50.
    u, theta = -7.0, 3.0
    dV, dtheta = (I - (u + theta + 20.0)) / 10.0, 0.3 * (u + theta + 20.0) / 20.0 - theta / 40.0
    assert plane.plane.rhs(u, theta, I) == pytest.approx([dV - dtheta, dtheta], abs=1e-13)
    (rest,), (own,) = plane.equilibria, natrium.equilibria(cell, I)
    assert (rest.V, rest.x) == pytest.approx((own.V - own.state[1] + 50.0, own.state[1]), abs=1e-9)
    assert rest.below_threshold is own.below_threshold is True
    wrong = 0
    for row, column in zip([2, 5, 8, 11, 14, 17], [3, 8, 13, 18, 23, 28], strict=True):
        u, theta = plane.certain.V[column], plane.certain.x[row]
        start = natrium.simulate(cell.started([u + theta - 50.0, theta]), natrium.Constant(I), t_end=200.0)
        wrong += (start.n_spikes > 0) != plane.certain.mask[row, column]
    assert wrong == 0
    assert "V is counted from the threshold, which moves with theta." in plane.sentences()
    assert plot_phase_plane(plane).get_xlabel() == "V - threshold"
    figure = plot_equilibrium_curve(natrium.equilibrium_curve(cell), natrium.rheobase(cell))
    assert "threshold at rest" in [text.get_text() for text in figure.legends[0].get_texts()]


def test_what_moves_apart_while_refractory_has_no_plane():
    with pytest.raises(natrium.UnsupportedModel, match="got V held, theta free"):
        natrium.phase_plane(following(0.3, refractory={"theta": "free"}), 40.0)
    free = following(0.3, refractory={"theta": "free"}, tau_ref=0.0)
    assert natrium.planar(free).neuron.v_thresh == 0.0


def test_the_cycle_under_a_threshold_that_tires_is_that_of_the_closed_form():
    """V = I (1 - exp(-t)) from 0 meets s = 1 + (s_0 - 1) exp(-t/7.75), which then rises by 0.5."""
    cell = natrium.HybridNeuron(
        equations={"V": "I - V", "s": "(1 - s)/7.75"},
        initial={"V": 0.0, "s": 1.2},
        v_thresh="s",
        reset={"V": 0.0, "s": "s + 0.5"},
    )

    def interval(s, I=1.6):
        return brentq(
            lambda t: I * (1.0 - math.exp(-t)) - 1.0 - (s - 1.0) * math.exp(-t / 7.75), 0.0, 99.0, xtol=1e-15
        )

    def after(s):
        return 1.5 + (s - 1.0) * math.exp(-interval(s) / 7.75)

    state = brentq(lambda s: after(s) - s, 1.1, 3.0, xtol=1e-15)
    cycle = natrium.limit_cycle(cell, 1.6)
    assert cycle.period == pytest.approx(interval(state), rel=1e-11)
    assert cycle.states[0] == pytest.approx([state], rel=1e-11)
    slope = (after(state + 1e-5) - after(state - 1e-5)) / 2e-5
    assert cycle.multipliers[0].real == pytest.approx(slope, rel=1e-7)
    # Where V would stay, at I, it never meets s, whose lowest is 1: cycles reach down to I = 1.
    found = natrium.bifurcation_diagram(cell, 1.6, "I", between=(0.5, 2.0))
    ((low, high),) = found.firing
    assert (low, high) == pytest.approx((1.0, 2.0), abs=0.05)


def test_a_plane_has_the_state_that_the_threshold_moves_with_and_any_other_that_is_asked_for():
    cell = natrium.HybridNeuron(
        equations={"V": "I + c - V", "c": "-c/3", "s": "(1 + 0.1*V - s)/7.75"},
        initial={"V": 0.0, "c": 0.1, "s": 1.2},
        v_thresh="s",
        reset={"V": 0.0, "c": "c + 0.2", "s": "s + 0.5"},
    )
    assert natrium.planar(cell).x == "s"
    # V is counted from s, which is at its steady state, 1 + 0.1 V: as V is set to 0, from -1.
    other = natrium.planar(cell, "c").reduced
    assert dict(other.reset)["V"].free_symbols <= {*other.system.states}
    assert other.v_thresh == pytest.approx(0.0)
