"""Where firing ends: by independent integration, by formula, and its own laws."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp

import natrium
from natrium import Channel, Gate, Neuron, limit_cycle
from natrium.analysis.excitability.ending import cycle_end
from natrium.analysis.excitability.f_i import onset
from natrium.analysis.excitability.long_run import fire
from natrium.analysis.excitability.rheobase import rheobase
from natrium.analysis.excitability.verdict import describe
from natrium.model.files.new import template
from tests.analysis.excitability.cells import RESET_AXON

ADAPTING = Neuron(
    tau_m=20.0,
    tau_ref=3.0,
    v_rest=-68.0,
    v_thresh=-50.0,
    v_reset=-62.0,
    refractory="clamp",
    channels=[
        Channel(
            "M",
            1.5,
            -90.0,
            [Gate("w", inf="1/(1 + exp(-(V + 42)/9))", tau="400/(3.3*exp((V + 42)/20) + exp(-(V + 42)/20))")],
        )
    ],
)
"""Its cycle is born at a fold of cycles: 32.11171754314 mV, 45.491388024 ms (independent: see below)."""


def test_a_cell_with_an_m_current_fires_from_a_fold_of_cycles_on():
    found = rheobase(ADAPTING)
    assert found.bistable_from == found.ending.I == pytest.approx(32.111717543, abs=1e-9)
    assert abs(found.bistable_from - 32.11171754314) <= found.bistable_error + 5e-12  # of its last digit
    assert found.bistable_error < 1e-11
    assert abs(found.ending.interval - 45.491388024) <= found.ending.interval_error + 5e-10
    assert found.ending.interval_error < 1e-8
    assert found.data()["ending"]["I"] == found.ending.I


def test_the_fold_of_cycles_by_scipy():
    """State and multiplier after one interval, the variational equations written out: w again, and 1."""
    w, I = 0.2241335550888, 32.11171754314

    def inf(V):
        return 1.0 / (1.0 + np.exp(-(V + 42.0) / 9.0))

    def flow(_, y):
        V, w, a, b = y
        up, down = 3.3 * np.exp((V + 42.0) / 20.0), np.exp(-(V + 42.0) / 20.0)
        rate, steady = (up + down) / 400.0, inf(V)
        by_V = steady * (1.0 - steady) / 9.0 * rate + (steady - w) * (up - down) / 8000.0
        return [
            (-(V + 68.0) + I + 1.5 * w * (-90.0 - V)) / 20.0,
            (steady - w) * rate,
            (-a - 1.5 * w * a + 1.5 * (-90.0 - V) * b) / 20.0,
            by_V * a - rate * b,
        ]

    def threshold(_, y):
        return y[0] + 50.0

    threshold.terminal = True
    decay = np.exp(-3.0 * (3.3 * np.exp(-1.0) + np.exp(1.0)) / 400.0)
    start = [-62.0, inf(-62.0) + (w - inf(-62.0)) * decay, 0.0, decay]
    run = solve_ivp(flow, (0.0, 99.0), start, method="DOP853", rtol=1e-12, atol=1e-14, events=threshold)
    (end,), slope = run.y_events[0], flow(0.0, run.y_events[0][0])
    assert end[1] == pytest.approx(w, abs=1e-12)
    assert end[3] - slope[1] * end[2] / slope[0] == pytest.approx(1.0, abs=1e-9)
    assert run.t_events[0][0] + 3.0 == pytest.approx(45.491388024, abs=2e-9)


def test_its_class_is_2_and_its_rate_that_of_the_last_cycle():
    verdict = describe(ADAPTING)
    assert (verdict.excitability, verdict.onset.law) == ("class 2", "fold of cycles")
    assert verdict.onset.rate == pytest.approx(1000.0 / 45.491384891, rel=1e-6)
    assert verdict.onset.error < 1e-3
    assert "32.111717543 mV firing sets in at a finite rate, 21.98" in str(verdict)
    assert abs(verdict.onset.rate - 1000.0 / 45.491388024) <= verdict.onset.rate_error + 5e-10
    assert verdict.onset.rate_error < 1e-8
    assert "grows from zero" not in str(verdict)


def test_just_above_there_is_a_cycle_and_just_below_none_that_lasts():
    end = rheobase(ADAPTING).ending
    begun = fire(ADAPTING, 34.0, np.array(ADAPTING.initial_state()))
    shorter = []
    for above in (2.5e-5, 6.25e-6):
        near = limit_cycle(ADAPTING.started(begun.state.tolist()), end.I + above)
        assert 0.99 < near.largest_multiplier < 1.0
        shorter.append((end.interval - near.period) / np.sqrt(above))
    assert end.coefficient == pytest.approx(
        2.0 * shorter[1] - shorter[0], rel=3e-6
    )  # what is left goes by sqrt(I - I_c)
    with pytest.raises(natrium.SolverError):
        limit_cycle(ADAPTING, end.I - 1e-4, start=near.states[0])


def test_where_firing_ends_does_not_hang_on_how_long_the_first_run_was():
    """It once moved in the fifth digit."""
    ends = []
    for enough in (20, 60, 150):
        kept = fire(ADAPTING, 34.0, np.array(ADAPTING.initial_state()), settle=0.0, enough=enough)
        ends.append(cycle_end(ADAPTING, kept, 30.0))
    assert max(abs(end.I - ends[0].I) for end in ends) <= ends[0].error


@pytest.mark.slow
def test_a_cycle_may_end_at_a_saddle():
    """A quadratic neuron reset to 2 fires on while that lies above the saddle: to I = -4, b = 10/(2*2) ms."""
    neuron = natrium.HybridNeuron(
        equations={"V": "(V**2 + I)/tau"},
        parameters={"tau": 10.0},
        initial={"V": -1.0},
        v_thresh=100.0,
        reset={"V": "2.0"},
    )
    found = rheobase(neuron)
    assert (found.value, found.ending.kind, found.ending.interval) == (0.0, "homoclinic", float("inf"))
    assert abs(found.bistable_from + 4.0) <= found.bistable_error < 2e-9
    assert found.ending.coefficient == pytest.approx(2.5, abs=1e-3)
    law = onset(neuron)
    assert (law.law, law.rate) == ("logarithmic", 0.0)
    assert law.predicted == found.ending.coefficient


@pytest.mark.slow
def test_an_adaptive_cell_fires_from_a_saddle_on_just_below_its_hopf_point():
    """Both lie within 0.2 pA: its interval is told there, by the rate at which the saddle is left."""
    cell = of_template("adex")
    law, end = onset(cell), rheobase(cell).ending
    assert (end.kind, law.law, law.rate) == ("homoclinic", "logarithmic", 0.0)
    saddle = next(e for e in natrium.equilibria(cell, end.I) if e.unstable == 1)
    assert law.predicted == pytest.approx(1.0 / saddle.eigenvalues[0].real, rel=1e-3)
    run = fire(cell, end.I + 0.1, fire(cell, 640.0, np.array(cell.initial_state())).state)
    begun, start, periods = run.state, run.reset[1:], []
    for off in (1e-2, 1e-4, 1e-6, 1e-8, 1e-9):
        cycle = limit_cycle(cell, end.I + off, start=start)
        start, periods = cycle.states[0], [*periods, cycle.period]
    # What is left falls as the sixth root of the distance: the saddle is approached slowly.
    assert periods[-1] - periods[-2] == pytest.approx(law.predicted * np.log(10.0), rel=3e-2)
    assert fire(cell, end.I + 1e-3, begun).outcome == "sustained"
    assert fire(cell, end.I - 1e-3, begun).outcome != "sustained"


@pytest.mark.slow
def test_spikes_may_come_to_no_more_than_touch_the_threshold():
    """Morris and Lecar's cell, a threshold near the top of its cycle: at the end that is its highest V."""
    cell = of_template("morris-lecar")
    parameters = dict(cell.parameters) | {"V3": 2.0, "V4": 30.0, "g_Ca": 4.4, "phi": 0.04}
    cell = natrium.HybridNeuron(
        equations=cell.equations, parameters=parameters, initial=dict(cell.initial), v_thresh=27.0
    )
    kept = fire(cell, 92.0, np.array([20.0, 0.1]))
    end = cycle_end(cell, kept, 85.0)
    assert (end.kind, end.interval) == ("graze", pytest.approx(122.935, abs=1e-3))
    assert end.error < 1e-9
    free = natrium.HybridNeuron(equations=cell.equations, parameters=parameters, initial=dict(cell.initial))
    start = limit_cycle(cell.started(kept.state.tolist()), 92.0).states[0]
    cycle = natrium.smooth_cycle(free, end.I, start=[27.0, *start], transient=1.0, look=400.0)
    run = natrium.EventDriven(rtol=1e-12).solve(
        free.started(cycle.state.tolist()), natrium.Constant(end.I), t_end=cycle.period
    )
    top = run.state(np.linspace(0.0, cycle.period, 200001))[0].max()
    assert top == pytest.approx(27.0, abs=1e-7)


def test_what_ends_otherwise_has_no_such_end():
    lif = fire(Neuron(), 20.0, np.array([-70.0]))  # its end, at 15 mV, is that of an endless interval
    assert cycle_end(Neuron(), lif, 10.0) is None


def test_a_cycle_whose_period_doubles_where_nothing_goes_on_ends_there():
    """The cycles of twice its period lie above, unstable: below it fires some hundred spikes at most."""
    end = rheobase(RESET_AXON).ending
    assert (end.kind, end.n_spikes) == ("period doubling", 1)
    assert end.error < 1e-9
    branch = natrium.continue_cycle(limit_cycle(RESET_AXON, 33.5), "I", between=(27.1, 34.0))
    (at,) = branch.special
    assert (at.kind, at.value) == (end.kind, pytest.approx(end.I, abs=1e-9))
    for off, stable in ((1e-6, True), (-1e-6, False)):
        cycle = limit_cycle(RESET_AXON, end.I + off, start=at.point.found.states[0])
        assert bool(cycle.stable) is stable
        assert cycle.multipliers[0] == pytest.approx(-1.0, abs=1e-4)
    begun = cycle.map.released(at.point.found.states[0])[0]
    assert fire(RESET_AXON, end.I - 1e-2, begun, enough=500).outcome != "sustained"
    assert onset(RESET_AXON).law in ("jump", "undecided")


def of_template(name):
    """Give the neuron of a model file to begin with."""
    return natrium.loads(template(name)).neuron


@pytest.fixture(scope="module")
def squid():
    """The squid axon by its own equations: no reset, a spike is V's way up through 0 mV."""
    return of_template("hodgkin-huxley")


def test_firing_of_the_squid_axon_ends_at_its_fold_of_cycles(squid):
    """Published: 9.78 and 6.26 uA/cm2, the Hopf point and the fold of cycles below it."""
    found = rheobase(squid)
    assert (found.cause, found.bistable) == ("hopf", True)
    assert found.ending.error < 1e-8
    # Of the smooth cycle's own multipliers: (1 - mu)^2 falls along a line to where it ends.
    inputs, gaps = (6.2604, 6.26035), []
    free = squid.changed({})
    free = natrium.HybridNeuron(
        equations=free.equations, parameters=free.parameters, initial=free.initial, v_thresh=None
    )
    for I in inputs:
        start = limit_cycle(squid, I, start=limit_cycle(squid, 10.0).states[0]).states[0]
        cycle = natrium.smooth_cycle(free, I, start=[0.0, *start], transient=1.0, look=60.0)
        gaps.append((1.0 - cycle.largest_multiplier) ** 2)
    line = inputs[1] - gaps[1] * (inputs[0] - inputs[1]) / (gaps[0] - gaps[1])
    assert found.bistable_from == pytest.approx(line, abs=5e-6)


@pytest.mark.parametrize("name", ["fitzhugh-nagumo", pytest.param("izhikevich", marks=pytest.mark.slow)])
def test_below_a_hard_hopf_point_firing_goes_on(name):
    """Its cycle is far from the rest that is lost there: both are stable below, however little."""
    neuron = of_template(name)
    found = rheobase(neuron)
    assert found.cause == "hopf"
    assert found.hopf.lyapunov > 0.0
    assert found.bistable_from < found.value - 1e-3
    assert found.bistable_error < 1e-6
    if name == "izhikevich":
        # It meets the saddle, which is told where rounding lets it be followed so far.
        assert found.bistable_from == pytest.approx(3.774375, abs=1e-6)
        assert found.ending.kind in {"homoclinic", "last cycle"}
    else:
        # A canard: its multiplier grows to 1 within 1e-10 of the input, which is told where steps are so short.
        assert found.ending.kind in {"fold of cycles", "last cycle"}
    state = fire(neuron, found.value + 0.01, np.array(neuron.initial_state())).state
    assert fire(neuron, found.value - 1e-3, state).outcome == "sustained"
    beside = max(10.0 * found.bistable_error, 1e-8)  # no nearer do runs at 1e-9 tell one side from the other
    assert fire(neuron, found.bistable_from - beside, state).outcome != "sustained"


def test_a_finite_rate_is_that_of_the_last_cycle():
    """The interval of FitzHugh and Nagumo's cell grows to its very end: no line from afar tells it."""
    neuron = of_template("fitzhugh-nagumo")
    law = onset(neuron)
    last = limit_cycle(neuron, law.at + 1e-4).period
    assert law.last > last
    if law.law == "fold of cycles":  # found by its multiplier: the interval there is the cycle's own
        start = limit_cycle(neuron, law.at + 1e-4).states[0]
        for near in (1e-6, 1e-8, 1e-10):
            cycle = limit_cycle(neuron, law.at + near, start=start)
            start = cycle.states[0]
        assert law.last > cycle.period > 1.2 * last
        assert law.last == law.offset == pytest.approx(68.4967, abs=0.2)
    else:
        assert last > 1.05 * law.offset
        assert abs(law.rate - 1000.0 / last) < law.rate_error
    assert law.data()["rate_error_Hz"] == law.rate_error


def test_a_cycle_of_a_cell_without_reset_takes_its_time(squid):
    """Newton's method once ended at states below the threshold that reach it at once."""
    start = limit_cycle(squid, 9.7754).states[0]
    cycle = limit_cycle(squid, 7.9877, start=start)
    assert cycle.period == pytest.approx(16.0187702, abs=1e-6)
    assert len(cycle.names) == len(cycle.multipliers) == 3
