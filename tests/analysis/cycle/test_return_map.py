"""The hybrid cycle: the notebook's numbers, central differences, the LIF's closed forms, a published figure."""

import math

import attrs
import numpy as np
import pytest
import sympy
from scipy.optimize import brentq

from natrium.analysis.cycle import return_map as module
from natrium.analysis.cycle.direct_response import direct_response
from natrium.analysis.cycle.limit_cycle import _stepped, limit_cycle
from natrium.analysis.cycle.orbits import orbit, reset_bifurcation
from natrium.analysis.cycle.phase_response import phase_response
from natrium.analysis.cycle.return_map import return_map, run_from
from natrium.analysis.equilibria.curve import equilibria
from natrium.model import HybridNeuron, ModelError, Neuron, SolverError, notebook
from natrium.model.files.new import template
from natrium.model.files.toml import loads
from natrium.solvers import EventDriven, accurate

NA = notebook.lif_na().neuron
CLAMPED = attrs.evolve(NA, refractory="clamp")


@pytest.mark.parametrize(
    ("neuron", "interval", "multiplier"),
    [(NA, 24.812443759, 0.074491), (CLAMPED, 24.573193974, 0.063870)],
    ids=["hold", "clamp"],
)
def test_the_cycle_of_the_notebook_model(neuron, interval, multiplier):
    cycle = limit_cycle(neuron, 10.0, start=[0.15, 0.4])
    assert cycle.period == pytest.approx(interval, abs=1e-9)
    assert cycle.largest_multiplier == pytest.approx(multiplier, abs=5e-7)
    assert cycle.stable
    assert cycle.iterations >= 1
    assert cycle.names == ("Na.m", "Na.h")
    # m is fast: it forgets everything between two spikes.
    assert abs(cycle.multipliers[1]) < 1e-9


@pytest.mark.parametrize("neuron", [NA, CLAMPED], ids=["hold", "clamp"])
def test_the_derivative_of_the_map_agrees_with_central_differences(neuron):
    mapping, x, h = return_map(neuron, 12.0), np.array([0.3, 0.6]), 1e-4
    here = mapping(x)
    for column, unit in enumerate(np.eye(2)):
        far = {k: mapping(x + k * h * unit) for k in (-2, -1, 1, 2)}

        def slope(get, far=far):
            values = {k: get(back) for k, back in far.items()}
            return (8 * (values[1] - values[-1]) - (values[2] - values[-2])) / (12 * h)

        np.testing.assert_allclose(here.jacobian[:, column], slope(lambda r: r.after), rtol=1e-6, atol=1e-9)
        np.testing.assert_allclose(here.gradient[column], slope(lambda r: r.interval), rtol=1e-6, atol=1e-8)


def test_a_cycle_of_two_spikes_that_is_one_of_one():
    once, twice = limit_cycle(NA, 10.0, start=[0.15, 0.4]), limit_cycle(NA, 10.0, 2, start=[0.15, 0.4])
    assert twice.least_n_spikes == once.least_n_spikes == 1
    assert " it fires every " in once.sentences()[0]
    assert " its 2 spikes repeat every " in twice.sentences()[0]
    assert "(after 1 already)" in twice.sentences()[0]
    assert twice.period == pytest.approx(2 * once.period, abs=1e-9)
    assert twice.largest_multiplier == pytest.approx(once.largest_multiplier**2, rel=1e-6)
    np.testing.assert_allclose(twice.delays, np.repeat(once.delays, 2, axis=0), rtol=1e-6, atol=1e-9)


def test_the_delays_are_those_of_all_later_spikes():
    cycle = limit_cycle(NA, 10.0, start=[0.15, 0.4])
    x, h = cycle.states[0], 1e-4
    later = [sum(r.interval for r in cycle.map.orbit(x + np.array([0, s * h]), 8)) for s in (-1, 1)]
    assert (later[1] - later[0]) / (2 * h) == pytest.approx(cycle.delays[0, 1], rel=1e-5)


def test_the_lif_is_its_closed_form():
    cycle = limit_cycle(Neuron(), 20.0)
    assert cycle.period == pytest.approx(2.0 + 10.0 * math.log(20.0 / 5.0), abs=1e-10)
    assert cycle.multipliers.shape == (0,)
    assert (cycle.largest_multiplier, cycle.stable) == (0.0, True)
    assert cycle.states.shape == cycle.delays.shape == (1, 0)
    settled = orbit(Neuron(), 20.0, transient=3, count=5)
    assert (settled.period, settled.lyapunov) == (1, -math.inf)


def test_the_lyapunov_exponent_of_a_cycle_is_that_of_its_multiplier():
    settled = orbit(NA, 10.0, transient=12, count=12)
    assert settled.period == 1
    assert settled.states.shape == (12, 2)
    assert settled.lyapunov == pytest.approx(math.log(0.074491), abs=1e-4)
    np.testing.assert_allclose(settled.intervals, 24.812443759, atol=1e-6)


V, w, I, b, v_reset = sympy.symbols("V w I b v_reset", real=True)
ADEX = HybridNeuron(
    equations={
        "V": (-30.0 * (V + 70.6) + 60.0 * sympy.exp((V + 50.4) / 2.0) - w + I) / 281.0,
        "w": (4.0 * (V + 70.6) - w) / 40.0,
    },
    parameters={"b": 80.0, "v_reset": -48.3},
    initial={"V": -70.6, "w": 0.0},
    v_thresh=-40.4,
    reset={"V": v_reset, "w": w + b},
)


def test_the_published_bifurcation_of_the_reset():
    """Touboul & Brette 2008, doi 10.1007/s00422-008-0267-4, figure 8B: adaptation at spikes, pA."""
    told = []
    found = reset_bifurcation(
        ADEX, 800.0, "v_reset", [-48.3, -47.8, -47.5], transient=40, count=40, progress=told.append
    )
    assert told == [-48.3, -47.8, -47.5]
    assert found.periods == (2, 3, None)
    for settled, expected in zip(found.orbits, [[215.12, 252.87], [193.58, 253.84, 288.38]], strict=False):
        np.testing.assert_allclose(sorted(settled.states[-len(expected) :, 0] - 80.0), expected, atol=0.006)
    assert found.lyapunov[0] < 0 > found.lyapunov[1]
    assert found.lyapunov[2] > 0.2  # chaos
    values, points = found.points("w")
    assert values.shape == points.shape == (120,)
    assert found.points()[1].min() > 0
    with pytest.raises(KeyError, match="interval or one of w, got 'h'"):
        found.points("h")


def test_an_unstable_cycle_within_period_two():
    """Past a period doubling the fixed point is still there; Newton finds it, its multiplier is below -1."""
    doubled = limit_cycle(
        attrs.evolve(ADEX, parameters={"b": 80.0, "v_reset": -48.3}), 800.0, 2, transient=60
    )
    assert doubled.least_n_spikes == 2
    assert "already" not in doubled.sentences()[0]
    assert doubled.stable
    np.testing.assert_allclose(sorted(doubled.states[:, 0] - 80.0), [215.12, 252.87], atol=0.006)
    single = limit_cycle(ADEX, 800.0, 1, start=doubled.states.mean(axis=0))
    assert single.multipliers[0].real < -1.0
    assert not single.stable
    settled = orbit(ADEX, 800.0, transient=60, count=30)
    assert 2 * settled.lyapunov == pytest.approx(math.log(doubled.largest_multiplier), abs=1e-4)


def test_following_an_orbit_and_silence():
    found = reset_bifurcation(Neuron(), 20.0, "tau_ref", [0.0, 3.0], transient=2, count=3, follow=True)
    np.testing.assert_allclose([o.intervals[-1] for o in found.orbits], 10 * math.log(4) + np.array([0, 3]))
    silent = orbit(Neuron(), 10.0, transient=2, count=3, longest=100.0)
    assert silent.silent
    assert silent.intervals.size == 0
    assert silent.period is None


def test_what_has_no_cycle_is_refused():
    with pytest.raises(SolverError, match="got none within 200 ms at I = 14 mV; take an input at which"):
        limit_cycle(Neuron(), 14.0, longest=200.0)
    with pytest.raises(SolverError, match="must end with a spike, got none within 100 ms"):
        return_map(Neuron(), 14.0, longest=100.0)([])
    with pytest.raises(ModelError, match="without a threshold: use smooth_cycle"):
        return_map(Neuron(v_thresh=None), 10.0)
    with pytest.raises(ModelError, match="free states are Na.m, Na.h: 2 numbers needed, got 1"):
        limit_cycle(NA, 10.0, start=[0.4])
    with pytest.raises(ModelError, match="period"):
        limit_cycle(NA, 10.0, 0)
    with pytest.raises(ModelError, match="got int"):
        return_map(3, 10.0)
    with pytest.raises(ModelError, match="one of tau_m, .*got 'nothing'"):
        reset_bifurcation(Neuron(), 20.0, "nothing", [1.0])


@pytest.mark.parametrize(("cut", "multiplier"), [(-20.0, 0.46350095), (0.0, 0.46350096)])
def test_a_high_cut_off_changes_no_digit(cut, multiplier):
    """Adaptive exponential neuron: at 0 mV the flow is 1e10 times what it is at -50 mV; independent values."""
    V, w, I = sympy.symbols("V w I", real=True)
    leak, slope = 30 * (V + sympy.Float(70.6)), 60 * sympy.exp((V + sympy.Float(50.4)) / 2)
    neuron = HybridNeuron(
        equations={"V": (-leak + slope - w + I) / 281, "w": (4 * (V + sympy.Float(70.6)) - w) / 144},
        initial={"V": -70.6, "w": 0.0},
        v_thresh=cut,
        reset={"V": -70.6, "w": w + sympy.Float(80.5)},
    )
    cycle = limit_cycle(neuron, 1000.0)
    assert cycle.multipliers[0].real == pytest.approx(multiplier, abs=1.5e-8)
    half = phase_response(cycle, times=[0.5 * cycle.period])
    assert half.V[0] == pytest.approx(0.736335, abs=1e-6)
    assert half.errors.max() < 1e-7
    flow = cycle.map.linear.flow(half.states[:, 0], 1000.0)[0]
    assert half.Z[:, 0] @ flow == pytest.approx(1.0, abs=1e-8)  # moved along itself, a cycle is early by that


@pytest.mark.parametrize("rtol", [1e-4, 1e-6, 1e-8])
@pytest.mark.parametrize(
    "neuron", [Neuron(), NA, notebook.lif_na2().neuron], ids=["lif", "lif_na", "lif_na2"]
)
def test_what_a_cycle_claims_bounds_its_distance_from_one_at_fine_tolerances(neuron, rtol):
    true, rough = limit_cycle(neuron, 16.0), limit_cycle(neuron, 16.0, solver=EventDriven(rtol=rtol))
    assert true.period_error < 1e-11
    off = abs(rough.period - true.period)
    assert off <= rough.period_error <= 1e3 * max(off, 1e-12)
    assert np.all(np.abs(rough.multipliers - true.multipliers) <= rough.multiplier_errors)
    assert rough.multiplier_errors.max(initial=0.0) < 1e3 * rtol


def test_a_cycle_says_the_digits_that_are_settled():
    said = limit_cycle(NA, 16.0, solver=EventDriven(rtol=1e-4)).sentences()[0]
    assert "every 13.7556 ms" in said
    assert "largest multiplier 0.24660:" in said
    assert "every 13.755629693 ms" in limit_cycle(NA, 16.0).sentences()[0]


def test_an_exponent_comes_with_its_standard_error():
    few, many = (orbit(NA, 10.0, transient=12, count=count) for count in (12, 40))
    assert np.isnan(few.lyapunov_error)
    assert many.lyapunov_error < 1e-9
    assert orbit(Neuron(), 20.0, count=3).lyapunov_error == 0.0


def test_a_step_that_leads_where_no_run_is_possible_is_shortened():
    """A map that is there for |x| < 1 alone."""

    class Map:
        def orbit(self, x, count, near):
            assert len(near) == count
            if abs(x[0]) >= 1.0:
                raise SolverError("no run from there")
            return [x] * count

    x, orbit = _stepped(Map(), np.array([0.5]), np.array([-8.0]), [None] * 3)
    assert x == pytest.approx([0.5 + 8.0 / 2**5])
    assert len(orbit) == 3
    with pytest.raises(SolverError, match="no run"):
        _stepped(Map(), np.array([1.0]), np.array([0.0]), [None])


@pytest.mark.parametrize("I", [8.0, 30.0, 100.0])
def test_a_return_is_the_same_however_far_is_looked(I):
    """To the bit: the derivative is of the interval alone, whatever comes after it in the run."""
    mapping = return_map(notebook.lif_na().neuron, I)
    free = mapping([0.05, 0.5]).after
    far = mapping(free)
    for near in (0.1 * far.interval, far.interval, 20.0 * far.interval):
        back = mapping(free, near)
        assert back.interval == far.interval
        np.testing.assert_array_equal(back.after, far.after)
        np.testing.assert_array_equal(back.jacobian, far.jacobian)
        np.testing.assert_array_equal(back.gradient, far.gradient)


def test_a_cycle_whose_refractory_period_flows_is_its_closed_form():
    """Under a lasting input V of the template `mat` stands; both parts of its threshold decay between spikes."""
    cell = loads(template("mat")).neuron
    cycle = limit_cycle(cell, 30.0)

    def excess(T):
        raised = 37.0 / np.expm1(T / 10.0) + 2.0 / np.expm1(T / 200.0)
        return 19.0 + raised - 30.0

    T = brentq(excess, 3.0, 200.0, xtol=1e-13)
    assert cycle.period == pytest.approx(T, abs=max(cycle.period_error, 1e-11))
    # At a spike the sum of both parts is what it is: a change of one is a change of time for both.
    one, two = np.exp([-T / 10.0, -T / 200.0])
    fall = np.array([37.0 / np.expm1(T / 10.0) / 10.0, 2.0 / np.expm1(T / 200.0) / 200.0])
    decay = np.diag([one, two])
    expected = np.linalg.eigvals(decay - np.outer(fall, [one, two]) / fall.sum())
    assert np.sort(cycle.multipliers.real)[-2:] == pytest.approx(
        np.sort([*expected.real, np.exp(-T / 5.0)])[-2:]
    )
    # Nothing is held while it is refractory: a push up in V there counts as well.
    times = [0.5, 1.5, 20.0]
    kicked = direct_response(cycle, 1e-4, times).asymptotic / 1e-4
    np.testing.assert_allclose(phase_response(cycle, times=times).V, kicked, rtol=1e-3)


def test_a_run_that_has_come_to_rest_is_waited_for_no_longer():
    silent = run_from(NA, NA.initial_state(), 3.0, accurate(NA, 1e-12), 5000.0)
    rest = next(one for one in equilibria(NA, 3.0) if one.stable and one.below_threshold)
    assert not silent.events
    assert silent.t_end < 1000.0
    assert silent.state(silent.t_end) == pytest.approx(rest.state, abs=1e-6)
    # Its rest is at the threshold itself: that no spike can follow is never sure.
    touching = run_from(Neuron(), [-70.0], 15.0, accurate(Neuron(), 1e-12), 400.0)
    assert touching.t_end == 400.0


def test_derivatives_are_found_where_they_are_asked_for_and_once(monkeypatch):
    carried, propagate = [], module.propagate
    monkeypatch.setattr(
        module, "propagate", lambda *args, **kw: carried.append(args) or propagate(*args, **kw)
    )
    back = return_map(NA, 10.0)([0.15, 0.4])
    assert not carried
    assert back.spike.time == back.interval - NA.tau_ref
    assert back.jacobian.shape == (2, 2)
    assert len(carried) == 1


def test_the_error_of_a_period_needs_no_derivatives_of_its_own(monkeypatch):
    cycle = limit_cycle(NA, 10.0, start=[0.15, 0.4])
    multipliers = cycle.multipliers
    with monkeypatch.context() as patched:
        patched.setattr(module, "propagate", None)
        assert cycle.period_error < 1e-9
    # The second solve's own derivatives tell how far the multipliers can be trusted.
    assert 0.0 < cycle.multiplier_errors[0] < 1e-8
    np.testing.assert_allclose(cycle.second.multipliers, multipliers, rtol=1e-7, atol=1e-12)
