"""Gates so fast that they follow V, in series: errors in units of the tolerance, in steps that they do not hold."""

import attrs
import numpy as np
import pytest

import natrium
from natrium.model.opened import opened
from natrium.solvers.compiled.following import FAST, find_followers, gates_that_follow
from natrium.solvers.flags import RunFlag
from natrium.solvers.runs import Runs
from tests.solvers.cases import SODIUM, compiled_beside_truth, fast_channel, held_by_decay

STEEP = "1/(1 + exp(-(V + 40)/9))"
TAUS = ["1e-2", "1e-3", "1e-4", "1e-5", "1e-6", "1e-8", "1e-10", "1e-12"]
CONSTANT, SINE = natrium.Constant(60.0), natrium.Sine(30.0, 100.0, offset=40.0)
OF_V = "1e-2*(1 + 0.5*tanh((V + 50)/20))"  # a gate on whose lag V depends most
PARTLY = "1e-6 + 0.5/(1 + exp((V + 50)/3))"  # fast above some V only


def spiking(tau, refractory="hold", others=()):
    """Give a neuron whose activation takes its steady state within `tau`, ms, or at once; it fires."""
    m = natrium.Gate("m", 3, inf=STEEP, tau=tau)
    channels = [natrium.Channel("Na", 20.0, 50.0, [m, SODIUM.gates[1]]), *others]
    return natrium.Neuron(v_rest=-65.0, v_thresh=-30.0, channels=channels, refractory=refractory)


def with_potassium(tau, slower):
    n = natrium.Gate("n", 4, inf="1/(1 + exp(-(V + 45)/8))", tau=slower)
    return spiking(tau, others=[natrium.Channel("K", 1.0, -90.0, [n])])


def equations(tau):
    """Give the same cell as equations of one's own, that of the fast gate among others."""
    rates = {
        "V": "(-(V + 65) + I + 20*m**3*h*(50 - V))/10",
        "m": f"({STEEP} - m)/({tau})",
        "h": "(1/(1 + exp((V + 60)/6)) - h)/5",
    }
    initial = {"V": -65.0, "m": 0.06, "h": 0.7}
    return natrium.HybridNeuron(
        equations=rates, initial=initial, v_thresh=-30.0, reset={"V": "-65"}, tau_ref=2.0
    )


MODELS = {tau: (spiking(tau), CONSTANT) for tau in TAUS} | {
    "clamp": (spiking("1e-5", "clamp"), CONSTANT),
    "clamp, sine": (spiking("1e-9", "clamp"), SINE),
    "sine": (spiking("1e-4"), SINE),
    "slow tau of V": (spiking(OF_V), CONSTANT),
    "tau of V": (spiking("1e-7*exp((V + 65)/3)"), CONSTANT),
    "partly fast": (spiking(PARTLY), CONSTANT),
    "a branch": (spiking("max(1e-5, 1e-3*(V + 60)/10)"), SINE),
    "two far apart": (with_potassium("1e-9", "1e-3"), CONSTANT),
    "one of two": (with_potassium("0.018*exp((V + 65)/4.5)", "5.7e-3"), natrium.Constant(70.0)),
    "two alike": (with_potassium("3.5e-5", "7e-5"), CONSTANT),
    "alpha and beta": (fast_channel(1e6), natrium.Constant(30.0)),
    "equations": (equations("1e-6*(1.5 + tanh((V + 50)/10))"), CONSTANT),
}


@pytest.mark.parametrize("name", MODELS)
def test_errors_are_some_tolerances_and_within_what_is_told(name):
    neuron, drive = MODELS[name]
    found, _ = compiled_beside_truth(neuron, drive, 20.0, 5e-9)
    assert found.n_spikes > 1


@pytest.mark.parametrize("refractory", ["hold", "clamp"])
@pytest.mark.parametrize("tau", [*TAUS, OF_V])
def test_evaluations_are_some_times_those_of_an_instantaneous_gate(tau, refractory):
    at_once, run = (
        natrium.Compiled().solve(spiking(one, refractory), CONSTANT, t_end=40.0) for one in (None, tau)
    )
    assert run.n_spikes > 3
    assert run.warnings == ()
    assert run.rhs_evaluations <= 3.5 * at_once.rhs_evaluations


@pytest.mark.parametrize("pair", [("2.996e-9*exp((V + 65)/4.75)", "6.5e-10"), ("3.5e-5", "7e-5")])
@pytest.mark.parametrize("rtol", [1e-6, 1e-11])
def test_gates_that_are_fast_together_are_not_stiff_at_any_tolerance(pair, rtol):
    """A guess from a step that a layer held is none; one gate is not judged by steps that another holds."""
    drive = natrium.Ramp(5.0, start=1.0)
    run = natrium.Compiled(rtol=rtol).solve(with_potassium(*pair), drive, t_end=10.0)
    assert run.warnings == ()
    assert run.statistics["steps"]["Taylor"] < 200


def test_sweeps_are_counted_as_evaluations():
    """A step that takes two sweeps costs what two steps do."""
    run = natrium.Compiled().solve(spiking("1e-2"), CONSTANT, t_end=40.0)
    order, steps = int(run.method.split()[-1]), run.statistics["steps"]["Taylor"]
    assert run.rhs_evaluations % order == 0
    assert 1.05 * steps < run.rhs_evaluations / order < 1.5 * steps
    with pytest.raises(natrium.StepLimit):
        natrium.Compiled(limits=natrium.Limits(max_rhs_evaluations=order * (steps + 1))).solve(
            spiking("1e-2"), CONSTANT, t_end=40.0
        )


@pytest.mark.parametrize("tau", ["1e-3", "1e-9", OF_V, PARTLY])
def test_a_crowd_is_each_run_alone(tau):
    g = np.linspace(10.0, 30.0, 11)
    many = natrium.simulate_many(spiking(tau), CONSTANT, t_end=20.0, parameters={"g_Na": g})
    assert not many.flags.any()
    for index, value in enumerate(g.tolist()):
        (channel,) = spiking(tau).channels
        neuron = attrs.evolve(spiking(tau), channels=[attrs.evolve(channel, g=value)])
        alone = natrium.Compiled().solve(neuron, CONSTANT, t_end=20.0)
        np.testing.assert_array_equal(many.train(index), alone.spike_times)


def test_runs_whose_gates_differ_in_speed_are_each_as_alone():
    with natrium.constants({"slowed": 1.0}):
        neuron = opened(spiking("1e-3*slowed"), ("slowed",))
    runs = Runs(
        neuron=neuron,
        stimulus=CONSTANT,
        varied={"slowed": np.array([1e-6, 1.0, 1.01 * 1e3 / FAST, 1e3])},
        t_end=20.0,
    )
    assert find_followers(runs)[:, 0].tolist() == [True, True, False, False]
    many, alone = natrium.Compiled().solve_runs(runs), [runs.part(np.array([i])) for i in range(4)]
    np.testing.assert_array_equal(
        many.final_states, [natrium.Compiled().solve_runs(one).final_states[0] for one in alone]
    )


def test_what_relaxes_to_a_function_of_v_alone_may_follow():
    states = [str(gate.state) for gate in gates_that_follow(equations("1e-6").system.structure)]
    assert states == ["m", "h"]
    assert find_followers(Runs(neuron=equations("1e-6"), stimulus=CONSTANT, t_end=1.0)).tolist() == [
        [True, False]
    ]
    states = [str(gate.state) for gate in gates_that_follow(held_by_decay(1e4).system.structure)]
    assert states == ["w"]  # z relaxes to what is of w, too


def test_a_run_that_a_decay_holds_is_handed_over_soon():
    """Steps of some 1e-3 ms: not so short that any run of such would be stiff."""
    run = natrium.Compiled().solve(held_by_decay(1e4), natrium.Constant(16.0), t_end=20.0)
    assert run.flags & RunFlag.FALLBACK
    (said,) = [text for text in run.warnings if "stiff" in text]
    assert 0.0 < float(said.split("t = ")[1].split()[0]) < 1.0
