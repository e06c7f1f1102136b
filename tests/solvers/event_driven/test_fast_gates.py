"""Gates that are fast everywhere follow V: against implicit steps, instantaneous gates and the layer by itself."""

import attrs
import numpy as np
import pytest
from scipy.integrate import solve_ivp

import natrium
from natrium.model import lower
from natrium.solvers.event_driven.fast_gates import FASTEST, fast_gates

DRIVE = natrium.Step(20.0, start=10.0)
STEADY = "1/(1 + exp(-(V + 30)/12.5))"
SLOW = natrium.Gate(
    "h", inf="1/(1 + exp((V + 60.25)/6.25))", tau="5/(exp(0.04*(V + 60)) + exp(-0.12*(V + 60)))"
)


def cell(tau="1e-12", power=1, initial=None, g=100.0, **options):
    """Make a persistent and a transient sodium current; without tau the first gate is instantaneous."""
    first = {"inf": STEADY} if tau is None else {"inf": STEADY, "tau": tau}
    if initial is not None:
        first["initial"] = initial
    gates = [natrium.Gate("m", power, **first), SLOW]
    settings = {"tau_m": 10.0, "tau_ref": 2.0, "v_rest": -70.0, "v_thresh": -45.0} | options
    return natrium.Neuron(channels=[natrium.Channel("Na", g, 55.0, gates)], **settings)


@pytest.mark.parametrize("power", [1, 3])
@pytest.mark.parametrize("refractory", ["hold", "clamp"])
def test_it_costs_as_much_as_an_instantaneous_gate(power, refractory):
    g = 100.0 * 8.0 ** (power - 1)
    run = natrium.simulate(cell(power=power, refractory=refractory, g=g), DRIVE, t_end=50.0)
    own = natrium.simulate(cell(None, power, refractory=refractory, g=g), DRIVE, t_end=50.0)
    assert run.statistics["at_steady_state"] == ["Na.m"]
    assert run.n_spikes == own.n_spikes > 10
    assert run.rhs_evaluations < 1.5 * own.rhs_evaluations
    assert run.spike_times == pytest.approx(own.spike_times, abs=5e-9)


@pytest.mark.parametrize("tau", ["9e-12", "9e-9"])
def test_spikes_are_those_of_implicit_steps(tau):
    one = cell(tau)
    run = natrium.EventDriven(rtol=1e-9).solve(one, DRIVE, t_end=12.0)
    whole = natrium.EventDriven(method="Radau", rtol=1e-9).solve(one, DRIVE, t_end=12.0)
    assert "at_steady_state" not in whole.statistics
    assert run.n_spikes == whole.n_spikes > 3
    assert run.spike_times == pytest.approx(whole.spike_times, abs=1e-8)
    for t in (0.1, 0.25, 11.0):
        assert run.state(t) == pytest.approx(whole.state(t), abs=1e-7)


def test_behind_v_the_gate_lags_by_what_its_steady_state_moves():
    """The first order of the expansion, by hand."""
    slower = fast_gates(cell("9e-12").system, 1e-9)
    y = np.array([-3.0, 0.5, 0.4])
    (place,) = slower.places
    V = y[0] - 45.0
    steady = 1.0 / (1.0 + np.exp(-(V + 30.0) / 12.5))
    slope = steady * (1.0 - steady) / 12.5
    rising = (-(V + 70.0) + 100.0 * steady * 0.4 * (55.0 - V)) / 10.0
    (target,) = slower.targets(*y, -25.0, *slower.whole.parameters)
    assert place == 1
    assert (steady - target) / 9e-12 == pytest.approx(slope * rising, rel=1e-3)


@pytest.mark.parametrize("power", [1, 3])
def test_the_layer_moves_v_as_the_whole_flow_does(power):
    """In units of 1/r: from far off the steady state."""
    one = cell("1e-11", power, g=1e6)
    fast, y = fast_gates(one.system, 1e-9), np.array([-10.0, 1.0, 0.8])
    values, rhs = one.system.values, lower(one.system).flow.rhs

    def flow(t, z):
        return np.array(rhs(z[0] * 1e-6 - 10.0, *z[1:], -25.0, *values)) * 1e-11 * np.array([1e6, 1.0, 1.0])

    done = solve_ivp(flow, (0.0, 40.0), [0.0, 1.0, 0.8], "DOP853", rtol=1e-10, atol=1e-13)
    rate = np.array(rhs(*fast.settled(y, -25.0, -55.0), -25.0, *values))[0]
    moved = (fast.settled(y, -25.0, -55.0)[0] + 10.0) * 1e6
    assert moved + rate * 40e-11 * 1e6 == pytest.approx(done.y[0, -1], rel=1e-4)
    assert abs(moved) > 0.01


def test_where_rates_fall_the_whole_flow_goes_on():
    one = cell("1e-8*exp(-(V + 250)/60)")
    drive = natrium.Step(-2000.0, start=1.0, stop=6.0) + natrium.Constant(10.0)
    assert 1e8 * np.exp(-150.0 / 60.0) < FASTEST / 1e-4 < 1e8
    run = natrium.EventDriven(rtol=1e-8).solve(one, drive, t_end=10.0)
    whole = natrium.EventDriven(method="Radau", rtol=1e-8).solve(one, drive, t_end=10.0)
    assert "at_steady_state" in run.statistics
    assert run.state(5.9)[0] < -400.0
    assert run.statistics["steps"]["Radau13"] > 0
    assert run.spike_times == pytest.approx(whole.spike_times, abs=1e-5)
    assert run.state(6.0) == pytest.approx(whole.state(6.0), rel=1e-5, abs=1e-6)


def test_gradients_are_those_of_the_instantaneous_gate():
    found = [
        natrium.spike_time_gradients(natrium.simulate(one, DRIVE, t_end=4.0), ["g_Na", "tau_m"]).matrix
        for one in (cell(), cell(None))
    ]
    assert found[0] == pytest.approx(found[1], rel=1e-5)


def test_others_are_left_as_they_are():
    assert fast_gates(cell("1e-3").system, 1e-9) is None
    assert fast_gates(cell("max(1e-12, 1e-13)").system, 1e-9) is not None
    assert fast_gates(cell("where(V < -50, 1e-12, 1e-13)").system, 1e-9) is None
    assert fast_gates(lower(cell().system).system.resting, 1e-9) is None
    assert fast_gates(natrium.Neuron().system, 1e-9) is None


def test_the_looser_the_tolerance_the_slower_a_gate_may_be():
    """What is left out falls with the tolerance, as all errors do."""
    assert fast_gates(cell("2e-8").system, 1e-9) is None
    assert fast_gates(cell("2e-8").system, 1e-7) is not None
    truth = natrium.EventDriven(method="Radau", rtol=1e-9).solve(cell("2e-8"), DRIVE, t_end=11.0).spike_times
    run = natrium.EventDriven(rtol=1e-7).solve(cell("2e-8"), DRIVE, t_end=11.0)
    assert "at_steady_state" in run.statistics
    assert run.spike_times == pytest.approx(truth, abs=1e-7)


KALIUM = "1/(1 + exp(-(V + 45)/8))"


def with_potassium(tau):
    """Make the cell with a second channel, as fast."""
    second = {"inf": KALIUM} if tau is None else {"inf": KALIUM, "tau": tau}
    channels = (*cell(tau).channels, natrium.Channel("K", 5.0, -90.0, [natrium.Gate("n", 4, **second)]))
    return attrs.evolve(cell(tau), channels=channels)


def equations(tau):
    """Write the cell as equations of one's own."""
    slow = "5/(exp(0.04*(V + 60)) + exp(-0.12*(V + 60)))"
    rates = {"h": f"(1/(1 + exp((V + 60.25)/6.25)) - h)/({slow})"}
    initial = {"V": -70.0, "h": 0.8}
    if tau is not None:
        rates["m"], initial["m"] = f"({STEADY} - m)/{tau}", 0.04
    rates["V"] = f"(-(V + 70) + I + 100*{'m' if tau else STEADY}*h*(55 - V))/10"
    return natrium.HybridNeuron(
        equations=rates, initial=initial, v_thresh=-45.0, reset={"V": "-70"}, tau_ref=2.0
    )


MODELS = {"one channel": cell, "two channels": with_potassium, "own equations": equations}


@pytest.fixture(scope="module")
def instantaneous():
    return {name: natrium.simulate(make(None), DRIVE, t_end=17.0) for name, make in MODELS.items()}


@pytest.mark.parametrize("tau", ["1e-13", "1e-10", "1e-7", "1e-6", "1e-5", "1e-4", "1e-3", "1e-2"])
@pytest.mark.parametrize("name", MODELS)
def test_a_gate_of_any_speed_costs_five_times_an_instantaneous_one_at_most(name, tau, instantaneous):
    own = instantaneous[name]
    run = natrium.simulate(MODELS[name](tau), DRIVE, t_end=17.0)
    assert run.n_spikes == own.n_spikes == 8
    assert run.rhs_evaluations < 5.0 * own.rhs_evaluations
    assert sum(run.statistics["steps"].values()) < 9.0 * sum(own.statistics["steps"].values())


@pytest.mark.parametrize("name", MODELS)
def test_in_fast_gates_spikes_are_off_by_as_much_as_their_errors_say(name, instantaneous):
    """Against Taylor series in explicit steps; and what a gate's lag shifts is the lag's own size."""
    model = MODELS[name]("1e-4")
    run = natrium.simulate(model, DRIVE, t_end=3.0)
    truth = natrium.Compiled(rtol=1e-12).solve(model, DRIVE, t_end=3.0)
    assert run.statistics["steps"]["Radau13"] > 0
    assert not truth.warnings
    assert run.n_spikes == truth.n_spikes == 2
    assert np.all(np.abs(run.spike_times - truth.spike_times) < run.spike_time_errors + 1e-12)
    shifts = [
        natrium.simulate(MODELS[name](tau), DRIVE, t_end=3.0).spike_times
        - instantaneous[name].spike_times[:2]
        for tau in ("1e-5", "1e-6")
    ]
    assert shifts[0] == pytest.approx(10.0 * shifts[1], rel=0.01)
