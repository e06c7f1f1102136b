"""The refractory period: both rules, and everything that can fall into it."""

import attrs
import numpy as np
import pytest

import natrium
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
