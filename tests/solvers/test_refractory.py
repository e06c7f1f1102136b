"""The refractory period: both rules, and everything that can fall into it."""

import attrs
import numpy as np
import pytest
import sympy

import natrium
from natrium.analysis.variation.linearised import linearised
from natrium.model.hybrid import REFRACTORY_RULES
from tests.solvers.cases import METHODS, NA, STEP

CLAMP = attrs.evolve(NA, refractory="clamp")
LIF = natrium.Neuron(tau_ref=2.0)
FIRST = 10.0 * np.log(4.0)
"""First spike of `LIF` under 20 mV: tau_m ln(20/(20 - 15))."""
SOLVERS = {
    "closed form": natrium.ClosedForm(),
    "compiled": natrium.Compiled(rtol=1e-11),
    **{method: natrium.EventDriven(method=method, rtol=1e-11) for method in METHODS},
}


def rates(V):
    """Give opening and closing rates of m and h of the notebook's first channel, per ms."""
    alpha = np.array([0.1 * (V + 40) / -np.expm1(-(V + 40) / 10), 0.07 * np.exp(-(V + 65) / 20)])
    beta = np.array([4 * np.exp(-(V + 65) / 18), 1 / (1 + np.exp(-(V + 35) / 10))])
    return alpha, beta


@pytest.mark.parametrize("name", [name for name in SOLVERS if name != "closed form"])
def test_clamped_gates_relax_as_the_closed_form_says(name):
    run = SOLVERS[name].solve(CLAMP, STEP, t_end=100.0)
    alpha, beta = rates(CLAMP.v_reset)
    steady = alpha / (alpha + beta)
    for event in run.events:
        s = np.linspace(0.0, 2.0, 13)[1:-1]
        states = run.state(event.time + s)
        np.testing.assert_array_equal(states[0], CLAMP.v_reset)
        expected = steady[:, None] + (event.after[1:] - steady)[:, None] * np.exp(
            -(alpha + beta)[:, None] * s
        )
        np.testing.assert_allclose(states[1:], expected, rtol=0.0, atol=1e-13)


@pytest.mark.parametrize("name", ["auto", "compiled"])
def test_held_gates_stand_still_and_the_two_rules_differ(name):
    held = SOLVERS[name].solve(NA, STEP, t_end=100.0)
    clamped = SOLVERS[name].solve(CLAMP, STEP, t_end=100.0)
    assert clamped.spike_times[0] == held.spike_times[0]
    assert np.abs(clamped.spike_times - held.spike_times)[1:].min() > 0.1
    event = held.events[0]
    np.testing.assert_array_equal(held.state(event.time + 2.0, side="left"), event.after)


@pytest.mark.parametrize("solver", [natrium.EventDriven(), natrium.Compiled()])
def test_a_gate_that_does_not_move_at_the_reset_stays(solver):
    # Both rates vanish to the last bit at -70 mV: there is no steady state to relax to, and no need of one.
    gate = natrium.Gate("x", alpha="exp(40*(V + 45))", beta="exp(40*(V + 45))", initial=0.25)
    neuron = natrium.Neuron(channels=[natrium.Channel("X", 0.0, 0.0, [gate])], refractory="clamp")
    run = solver.solve(neuron, natrium.Constant(20.0), t_end=15.0)
    assert run.n_spikes == 1
    assert run.final_state["X.x"] == pytest.approx(0.25, abs=1e-9)


@pytest.mark.parametrize("solver", SOLVERS.values(), ids=SOLVERS)
class TestEverySolver:
    """What holds for the closed form, the compiled solver and each method."""

    def test_input_within_the_period_has_no_effect(self, solver):
        drive = natrium.Constant(20.0)
        burst = natrium.Pulses(5000.0, width=0.01, period=0.1, count=19, start=FIRST + 0.01)
        plain = solver.solve(LIF, drive, t_end=60.0)
        np.testing.assert_allclose(
            solver.solve(LIF, drive + burst, t_end=60.0).spike_times, plain.spike_times, rtol=0.0, atol=1e-9
        )

    @pytest.mark.parametrize("late", [-1e-8, 0.0, 1e-8])
    def test_an_edge_at_the_period_s_end(self, solver, late):
        # 300 mV from there on: the next spike follows 10 ln(300/285) ms after the later of the two.
        edge = FIRST + 2.0 + late
        drive = natrium.Step(20.0, stop=edge) + natrium.Step(300.0, start=edge)
        found = solver.solve(LIF, drive, t_end=FIRST + 3.0).spike_times
        assert found.size == 2
        assert found[1] == pytest.approx(
            FIRST + 2.0 + max(late, 0.0) + 10.0 * np.log(300.0 / 285.0), abs=5e-9
        )

    @pytest.mark.parametrize("late", [-1e-8, 1e-8])
    def test_a_spike_beside_the_end_of_the_run(self, solver, late):
        run = solver.solve(LIF, natrium.Constant(20.0), t_end=FIRST + late)
        assert run.n_spikes == (late > 0.0)
        if run.n_spikes:
            assert run.final_state["V"] == -70.0
            assert run.spike_times[0] <= run.t_end

    def test_an_end_within_the_period(self, solver):
        run = solver.solve(LIF, natrium.Constant(20.0), t_end=FIRST + 1.5)
        assert run.n_spikes == 1
        assert run.t[-1] == run.t_end
        assert run.final_state["V"] == -70.0
        assert run.state(run.t_end)[0] == -70.0

    def test_no_period_at_all(self, solver):
        run = solver.solve(attrs.evolve(LIF, tau_ref=0.0), natrium.Constant(20.0), t_end=60.0)
        np.testing.assert_allclose(run.spike_times, FIRST * np.arange(1, 5), rtol=0.0, atol=1e-8)
        assert run.state(run.spike_times[0])[0] == -70.0
        assert run.state(run.spike_times[0], side="left")[0] == pytest.approx(-55.0, abs=1e-9)

    def test_edges_within_the_period_cut_it_without_changing_it(self, solver):
        drive = natrium.Constant(20.0) + natrium.Step(1.0, start=FIRST + 0.5, stop=FIRST + 1.0)
        run = solver.solve(LIF, drive, t_end=FIRST + 5.0)
        times = FIRST + np.linspace(0.01, 1.99, 50)
        np.testing.assert_array_equal(run.state(times)[0], -70.0)
        assert run.state(FIRST + 2.1)[0] == pytest.approx(-70.0 + 20.0 * -np.expm1(-0.01), abs=1e-8)


def test_a_spike_exactly_at_the_end_counts():
    # 16 mV in steps that doubles hold exactly: u = -15 + 0.5 t until t = 30 under a leak that is nothing.
    neuron = natrium.Neuron(tau_m=2.0**40, v_rest=-70.0, v_thresh=-55.0)
    drive = natrium.Constant(2.0**39)
    at = natrium.ClosedForm().solve(neuron, drive, t_end=31.0).spike_times[0]
    run = natrium.ClosedForm().solve(neuron, drive, t_end=at)
    assert run.spike_times.tolist() == [at]
    assert run.final_state["V"] == -70.0


@pytest.mark.parametrize("solver", [natrium.EventDriven(rtol=1e-12), natrium.Compiled(rtol=1e-12)])
def test_a_spike_at_the_end_with_a_late_start_leaves_the_reset_state(solver):
    for t_start in (0.1, 0.3, 7.7, 1e3 / 3.0):
        end = t_start + FIRST + 1e-8
        run = solver.solve(LIF, natrium.Constant(20.0), t_start=t_start, t_end=end)
        assert run.n_spikes == 1
        assert run.final_state["V"] == -70.0


# --- a rule more: one entry of the table -----------------------------------------------------------

SLOW = attrs.evolve(NA, tau_ref=3.0, v_thresh=-50.0)
EVERY = {"event": natrium.EventDriven(rtol=1e-11), "compiled": natrium.Compiled(rtol=1e-11)}


@pytest.fixture
def half_pace(monkeypatch):
    """V stands, gates move at half their pace: each still relaxes by itself."""
    entry = lambda system: (0, *(flow / 2 for flow in system.rhs[1:]))  # noqa: E731 - an entry is one line
    monkeypatch.setitem(REFRACTORY_RULES, "half pace", entry)
    return attrs.evolve(SLOW, refractory="half pace")


@pytest.fixture
def ignored(monkeypatch):
    """V flows on, spikes are ignored."""
    monkeypatch.setitem(REFRACTORY_RULES, "ignored", lambda system: system.rhs)
    return natrium.Neuron(tau_m=10.0, tau_ref=12.0, v_rest=-70.0, v_thresh=-55.0, refractory="ignored")


@pytest.mark.parametrize("name", EVERY)
def test_a_rule_in_closed_form_is_one_entry_for_every_solver(half_pace, name):
    # At half their pace gates are after 3 ms where clamped ones are after 1.5 ms.
    run = EVERY[name].solve(half_pace, STEP, t_end=100.0)
    assert run.n_spikes >= 3
    assert "fallback" not in str(run.warnings)
    alpha, beta = rates(half_pace.v_reset)
    for event in run.events[:-1]:
        expected = alpha / (alpha + beta) + (event.after[1:] - alpha / (alpha + beta)) * np.exp(
            -1.5 * (alpha + beta)
        )
        found = run.state(event.time + 3.0, side="left")
        np.testing.assert_allclose(found, [half_pace.v_reset, *expected], rtol=0.0, atol=1e-12)
    other = EVERY["event"].solve(half_pace, STEP, t_end=100.0)
    np.testing.assert_allclose(run.spike_times, other.spike_times, rtol=0.0, atol=1e-8)
    clamped = EVERY[name].solve(attrs.evolve(half_pace, refractory="clamp"), STEP, t_end=100.0)
    assert np.abs(clamped.spike_times[1:3] - run.spike_times[1:3]).min() > 1e-3


def test_a_rule_in_closed_form_is_one_entry_for_fixed_steps(half_pace):
    fine = natrium.FixedStep(
        dt=1e-3, scheme="rk4", spike_time="cubic", refractory="exact", label="end", read="split"
    )
    truth = EVERY["event"].solve(half_pace, STEP, t_end=100.0)
    np.testing.assert_allclose(
        fine.solve(half_pace, STEP, t_end=100.0).spike_times, truth.spike_times, rtol=0.0, atol=1e-6
    )


def test_a_rule_in_closed_form_is_one_entry_for_the_analyses(half_pace):
    run = natrium.simulate(half_pace, STEP, t_end=100.0, rtol=1e-12)
    found = natrium.spike_time_gradients(run, ["g_Na", "v_reset", "tau_ref"])
    for column, name in enumerate(("g_Na", "v_reset", "tau_ref")):
        step = 1e-4
        near = [
            natrium.simulate(neuron, STEP, t_end=100.0, rtol=1e-13).spike_times
            for neuron in (half_pace.changed({name: natrium.parameters(half_pace, natrium.Sum())[name] + s})
                           for s in (step, -step))
        ]  # fmt: skip
        np.testing.assert_allclose(
            found.matrix[:, column], (near[0] - near[1]) / (2 * step), rtol=2e-6, atol=1e-8
        )
    cycle = natrium.limit_cycle(half_pace, 12.0)
    late = natrium.simulate(half_pace, natrium.Constant(12.0), t_end=1000.0, rtol=1e-12).spike_times
    assert cycle.period == pytest.approx(late[-1] - late[-2], abs=1e-8)
    plane = natrium.planar(half_pace)
    alpha, beta = rates(half_pace.v_reset)[0][1], rates(half_pace.v_reset)[1][1]
    steady = alpha / (alpha + beta)
    assert plane.release(0.3) == pytest.approx(
        steady + (0.3 - steady) * np.exp(-1.5 * (alpha + beta)), abs=1e-12
    )


@pytest.fixture
def growing(monkeypatch):
    """V and m stand still, h grows without bound: x' = 0.1 x."""
    monkeypatch.setitem(
        REFRACTORY_RULES, "growing", lambda system: (0, 0, sympy.Rational(1, 10) * system.states[2])
    )
    return attrs.evolve(NA, refractory="growing")


@pytest.mark.parametrize("name", EVERY)
def test_a_rule_under_which_a_state_grows_grows(growing, name):
    run = EVERY[name].solve(growing, STEP, t_end=100.0)
    event = run.events[0]
    expected = [growing.v_reset, event.after[1], event.after[2] * np.exp(0.2)]
    np.testing.assert_allclose(run.state(event.time + 2.0, side="left"), expected, rtol=1e-13)
    found = linearised(growing.system).rest(event.after, 2.0)
    np.testing.assert_allclose(found[0], expected, rtol=1e-13)
    np.testing.assert_allclose(found[1], np.diag([1.0, 1.0, np.exp(0.2)]), rtol=1e-13)
    np.testing.assert_allclose(found[2], [0.0, 0.0, 0.1 * expected[2]], rtol=1e-13)


def test_a_rule_that_lets_v_flow_is_one_entry_too(ignored):
    # From the reset at rest, 40 mV bring V over the threshold within the 12 ms: it fires as they end.
    first = 10.0 * np.log(40.0 / 25.0)
    expected = first + 12.0 * np.arange(4)
    run = natrium.simulate(ignored, natrium.Constant(40.0), t_end=first + 40.0, rtol=1e-11)
    np.testing.assert_allclose(run.spike_times, expected, rtol=0.0, atol=1e-8)
    assert run.events[1].before[0] == pytest.approx(-70.0 + 40.0 * -np.expm1(-1.2), abs=1e-9)
    assert run.state(first + 6.0)[0] == pytest.approx(-70.0 + 40.0 * -np.expm1(-0.6), abs=1e-8)
    # 17 mV do not: the next spike is a crossing, 10 ln(17/2) ms after the reset.
    weak = natrium.simulate(ignored, natrium.Constant(17.0), t_end=50.0, rtol=1e-11)
    np.testing.assert_allclose(np.diff(weak.spike_times), 10.0 * np.log(17.0 / 2.0), rtol=0.0, atol=1e-8)
    stepped = natrium.simulate(
        ignored, natrium.Constant(40.0), t_end=first + 40.0, solver="script", dt=0.01, refractory="steps"
    )
    np.testing.assert_allclose(stepped.spike_times, expected, rtol=0.0, atol=0.06)


def test_what_integrates_it_does_without_a_closed_form(ignored):
    drive, names = natrium.Constant(40.0), ("tau_m", "tau_ref")
    truth = natrium.simulate(ignored, drive, t_end=40.0, solver=natrium.EventDriven(rtol=1e-12))
    carried = natrium.Compiled(rtol=1e-12).solve(ignored, drive, t_end=40.0)
    assert not carried.flags
    np.testing.assert_allclose(carried.spike_times, truth.spike_times, rtol=0.0, atol=1e-9)
    script = natrium.FixedStep(dt=0.02, scheme="rk4", refractory="exact", spike_time="cubic", label="end")
    stepped = script.solve(ignored, drive, t_end=40.0).spike_times
    np.testing.assert_allclose(stepped, truth.spike_times, rtol=0.0, atol=1e-5)
    found = natrium.spike_time_gradients(truth, names)
    for name in names:
        value, reach = ignored.numbers()[name].value, 1e-3
        below, above = (
            natrium.simulate(ignored.changed({name: value + step}), drive, t_end=40.0, solver=truth.made_by)
            for step in (-reach, reach)
        )
        slopes = (above.spike_times - below.spike_times) / (2.0 * reach)
        np.testing.assert_allclose(found[name], slopes, rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize(("scheme", "within"), [("rk4", 1e-5), ("sequential-euler", 0.05)])
def test_a_rule_may_hold_the_gates_and_let_v_go(monkeypatch, scheme, within):
    """The flow while refractory is then neither the free one nor in closed form, and the input is in it."""
    held = lambda system: (system.rhs[0], *(sympy.S.Zero for _ in system.rhs[1:]))  # noqa: E731  # a rule
    monkeypatch.setitem(REFRACTORY_RULES, "gates held", held)
    channel = attrs.evolve(natrium.CHANNELS["hh_sodium"], g=0.5)
    neuron = natrium.Neuron(channels=[channel], refractory="gates held", v_reset=-75.0)
    drive = natrium.Constant(25.0)
    truth = natrium.simulate(neuron, drive, t_end=40.0, solver=natrium.EventDriven(rtol=1e-12))
    assert truth.n_spikes >= 3
    script = natrium.FixedStep(dt=0.01, scheme=scheme, refractory="exact", spike_time="cubic", label="end")
    stepped = script.solve(neuron, drive, t_end=40.0).spike_times
    np.testing.assert_allclose(stepped, truth.spike_times, rtol=0.0, atol=within)


def test_what_needs_a_closed_form_names_it(ignored):
    for ask in (
        lambda: natrium.ClosedForm().solve(ignored, natrium.Constant(40.0), t_end=20.0),
        lambda: natrium.return_map(ignored, 40.0)([]),
    ):
        with pytest.raises(natrium.UnsupportedModel, match="'ignored'"):
            ask()
