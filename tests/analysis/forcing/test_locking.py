"""The sine-driven LIF against its closed forms; other cells against runs beside the edges."""

import numpy as np
import pytest
from scipy.optimize import brentq

import natrium
from natrium.analysis.continuation.continued import start_doubled
from natrium.analysis.continuation.follow import follow
from natrium.analysis.continuation.legs import STEEP
from natrium.analysis.forcing.axis import forced_axis, forcing_of
from natrium.analysis.forcing.locking import equations_of, first_point
from natrium.analysis.forcing.rotation import long_run
from natrium.model import ModelError, SolverError, StimulusError
from natrium.model.files.new import template

LIF = natrium.Neuron(tau_m=10.0, tau_ref=2.0, v_rest=-70.0, v_thresh=-55.0)
OFFSET = 18.0
NA = natrium.notebook.lif_na().neuron


def sine(amplitude, period, offset=OFFSET):
    return natrium.Sine(amplitude, 1000.0 / period, offset=offset)


def least_amplitude(period, q, offset=OFFSET):
    """Give the amplitude from which on one spike in q periods is locked.

    Keener, Hoppensteadt & Rinzel (1981): V at the spike, a sin x with a = A/|1 + i w tau|, follows from that at
    the release; |1 - E exp(i w tau_ref)| a must reach what is left of the threshold, E what is forgotten.
    """
    w = 2.0 * np.pi / period
    E = np.exp(-(q * period - 2.0) / 10.0)
    left = abs(15.0 - offset - (0.0 - offset) * E)
    return left * abs(1.0 + 10j * w) / abs(1.0 - E * np.exp(2j * w))


@pytest.mark.parametrize(("amplitude", "period", "q"), [(2.8, 21.0, 1), (2.0, 10.0, 2), (1.5, 6.7, 3)])
def test_the_lif_locks_from_the_amplitude_of_the_closed_form(amplitude, period, q):
    plateau = natrium.locking_plateau(LIF, sine(amplitude, period), "amplitude", 1, q, between=(0.0, 2.95))
    assert plateau.low.kind == "saddle-node"
    assert abs(plateau.low.value - least_amplitude(period, q)) < 1e-10
    assert plateau.low.error < 1e-9


def test_both_edges_in_the_period_are_roots_of_the_closed_form():
    plateau = natrium.locking_plateau(LIF, sine(3.0, 20.0), "period", between=(10.0, 40.0))
    low, high = (
        brentq(lambda T: least_amplitude(T, 1) - 3.0, *ends, xtol=1e-13)
        for ends in ((16.0, 19.9), (20.0, 30.0))
    )
    assert abs(plateau.low.value - low) < 1e-10
    assert abs(plateau.high.value - high) < 1e-10


def test_the_phase_of_the_lif_solves_its_explicit_firing_map():
    locked = natrium.locked_orbit(LIF, sine(3.0, 20.0))
    w = 2.0 * np.pi / 20.0
    a, lag = 3.0 / abs(1.0 + 10j * w), np.angle(1.0 + 10j * w)
    x = w * locked.times[0] - lag
    E = np.exp(-1.8)
    # V at the next spike, from the reset at -70 two ms after this one.
    V = -70.0 + OFFSET + a * np.sin(x) + (-OFFSET - a * np.sin(x + 2.0 * w)) * E
    assert abs(V + 55.0) < 1e-10
    # The multiplier is how the next spike's time follows this one's.
    slope = a * w * np.cos(x) + (V - (-70.0 + OFFSET) - a * np.sin(x)) / -10.0
    back = E * (-a * w * np.cos(x + 2.0 * w) + (-OFFSET - a * np.sin(x + 2.0 * w)) / 10.0)
    np.testing.assert_allclose(locked.multipliers[0].real, -back / slope, rtol=1e-8)
    assert locked.times_error < 1e-9


def test_without_a_spike_it_ends_where_the_response_touches_the_threshold():
    plateau = natrium.locking_plateau(LIF, sine(3.0, 20.0, offset=10.0), "amplitude", between=(0.0, 20.0))
    assert plateau.high.kind == "graze"
    assert abs(plateau.high.value - 5.0 * abs(1.0 + 10j * np.pi / 10.0)) < 1e-9


def test_tongues_open_as_the_phase_response_says():
    cycle = natrium.limit_cycle(NA, 12.0)
    times = (np.arange(400) + 0.5) / 400 * cycle.period
    Z = natrium.phase_response(cycle, None, times).input
    # To first order T = T_0 - max over phases of the integral of Z times the input.
    reach = abs(np.mean(Z * np.exp(2j * np.pi * times / cycle.period))) * cycle.period
    for amplitude in (0.1, 0.05):
        found = natrium.locking_plateau(NA, sine(amplitude, cycle.period, 12.0), between=(15.0, 25.0))
        assert abs(found.width / (2.0 * amplitude) - reach) < 0.2 * amplitude * reach


@pytest.mark.parametrize("end", ["low", "high"])
def test_runs_beside_the_edges_lock_within_and_not_outside(end):
    plateau = natrium.locking_plateau(NA, sine(3.0, 20.0, 12.0), between=(10.0, 40.0))
    value, way = getattr(plateau, end).value, 1.0 if end == "low" else -1.0
    inside, outside = (
        natrium.rotation_number(NA, sine(3.0, value + step * way, 12.0), transient=200, periods=300)
        for step in (0.01, -0.05)
    )
    assert inside.locked
    assert inside.value == 1.0
    assert not (outside.locked and outside.n_periods == 1)


MAT = natrium.loads(template("mat"))
CASES = {
    "pulses": (LIF, [natrium.Constant(16.0), natrium.Pulses(8.0, width=3.0, period=14.0)], (2, 3)),
    "gates": (NA, sine(3.0, 20.0, 12.0), (1, 1)),
    "two sines": (LIF, [sine(1.0, 20.0), sine(0.5, 40.0, 0.0)], (2, 2)),
    "late": (LIF, natrium.Sine(3.0, 50.0, offset=OFFSET, start=33.0), (1, 1)),
    "refractory flow": (MAT.neuron, [natrium.Constant(MAT.largest_input()), sine(0.1, 36.44, 0.0)], (1, 1)),
    "own equations": (natrium.loads(template("izhikevich")).neuron, sine(1.0, 44.8, 10.0), (1, 1)),
}


@pytest.mark.parametrize("parameter", ["period", "amplitude", "tau_ref"])
@pytest.mark.parametrize("case", CASES)
def test_derivatives_are_those_of_the_equations(case, parameter):
    import attrs

    neuron, stimulus, ratio = CASES[case]
    if parameter == "tau_ref" and (neuron.tau_ref == 0.0 or case == "two sines"):
        pytest.skip("it has none")
    forcing = forcing_of(neuron, stimulus)
    if parameter == "amplitude" and case == "two sines":
        parameter = "I_1"
    axis = forced_axis(forcing, parameter)
    problem, z = equations_of(axis, long_run(forcing, 60), ratio, 10.0)
    z[-2] += 0.003
    steep = problem.evaluate(z).slope > STEEP
    for timed in (False,) if steep else (False, True):
        there = attrs.evolve(problem, timed=(timed,) * ratio[0])
        jacobian = there.evaluate(z).jacobian
        for k in range(z.size):
            step = np.zeros(z.size)
            step[k] = h = 1e-5 * max(0.1, abs(z[k]))
            near, far = (
                there.evaluate(z + s * step).residual - there.evaluate(z - s * step).residual
                for s in (1.0, 2.0)
            )
            by = (8.0 * near - far) / (12.0 * h)
            assert np.abs(by - jacobian[:, k]).max() < 3e-6 * np.abs(jacobian[:, k]).max() + 1e-8


@pytest.mark.slow
def test_pulses_lock_up_to_a_corner_where_a_spike_meets_an_edge():
    stimulus = [natrium.Constant(16.0), natrium.Pulses(8.0, width=3.0, period=14.0)]
    plateau = natrium.locking_plateau(LIF, stimulus, "amplitude", between=(6.0, 10.0))
    assert {plateau.low.kind, plateau.high.kind} == {"corner"}
    for edge, way in ((plateau.low, 1.0), (plateau.high, -1.0)):
        inside, outside = (
            natrium.rotation_number(
                LIF,
                [stimulus[0], natrium.Pulses(edge.value + way * step, width=3.0, period=14.0)],
                transient=600,
            )
            for step in (1e-4, -3e-3)
        )
        assert (inside.n_spikes, inside.n_periods) == (2, 3)
        assert (outside.n_spikes, outside.n_periods) != (2, 3)


@pytest.mark.slow
def test_a_cell_that_adapts_loses_its_locking_at_a_doubling():
    model = natrium.loads(template("fitzhugh-nagumo"))
    I, T = model.largest_input(), 39.4744
    stimulus = [natrium.Constant(I), sine(0.1 * I + 0.1, T, 0.0)]
    plateau = natrium.locking_plateau(model.neuron, stimulus, between=(0.9 * T, 2.0 * T))
    assert plateau.high.kind == "period doubling"
    assert plateau.high.error < 1e-8
    # There orbits of twice the period are born, with one multiplier of nearly 1.
    axis = forced_axis(forcing_of(model.neuron, stimulus), "period")
    course = follow(first_point(axis, T, None), 0.9 * T, 2.0 * T, 5000.0, stop=("period doubling",))
    born = start_doubled(course.points[-1])
    assert born is not None
    assert (born.problem.n_spikes, born.problem.n_periods) == (2, 2)
    assert abs(np.diff(born.found.intervals)[0]) > 1e-3
    assert abs(np.abs(born.found.multipliers).max() - 1.0) < 0.1


def test_what_is_not_periodic_is_refused():
    for stimulus in (
        natrium.Constant(20.0),
        natrium.Step(20.0, start=10.0, stop=20.0),
        natrium.Pulses(5.0, width=1.0, period=10.0, count=4),
        [sine(1.0, 20.0), sine(1.0, 20.0 * np.sqrt(2.0))],
        natrium.Formula("sin(t)"),
    ):
        with pytest.raises(StimulusError):
            natrium.rotation_number(LIF, stimulus)
    with pytest.raises(StimulusError, match="repeat"):
        natrium.rotation_number(LIF, natrium.Formula("18 + 3*sin(t)"), period=6.0)
    with pytest.raises(ModelError, match="threshold"):
        natrium.locked_orbit(natrium.Neuron(v_thresh=None), sine(1.0, 20.0))
    with pytest.raises(SolverError, match="locked 1:2"):
        natrium.locked_orbit(LIF, sine(3.0, 20.0), 1, 2)
    with pytest.raises(ModelError, match="smoothly"):
        natrium.locking_plateau(LIF, sine(3.0, 20.0), "v_init", between=(0.0, 1.0))
    with pytest.raises(ModelError, match="low to high"):
        natrium.locking_plateau(LIF, sine(3.0, 20.0), between=(30.0, 10.0))


def test_a_formula_with_its_period_is_as_good_as_a_sine():
    formula = natrium.Formula("18 + 3*sin(2*pi*t/20)")
    mine, other = natrium.locked_orbit(LIF, formula, period=20.0), natrium.locked_orbit(LIF, sine(3.0, 20.0))
    np.testing.assert_allclose(mine.times, other.times, atol=1e-9)
