"""Spikes that come in, in lanes: states jump between steps, in refractory periods, over the threshold."""

import attrs
import numpy as np
import pytest

import natrium
from natrium.model import Channel, Gate
from natrium.model.files.new import template
from natrium.solvers.ensembles.grid import runs_of
from natrium.solvers.flags import RunFlag
from tests.solvers.cases import compiled_beside_truth

T_END = 120.0
DECAYS = Gate("s", inf="0", tau="5", initial=0.0)
CELL = natrium.Neuron(channels=[Channel("exc", 2.0, 0.0, [DECAYS]), Channel("inh", 1.0, -80.0, [DECAYS])])
IZHIKEVICH = natrium.model.loads(template("izhikevich")).neuron
SQUID = natrium.model.loads(template("hodgkin-huxley")).neuron
ALPHA = natrium.HybridNeuron(
    equations={"V": "(-(V + 70) + 10*g)/10", "g": "(x - g)/2", "x": "-x/2"},
    initial={"V": -70.0, "g": 0.0, "x": 0.0},
    v_thresh=-55.0,
    reset={"V": -70.0},
    tau_ref=3.0,
    refractory={"g": "free", "x": "free"},
)


def at_random(rate, target, weight, seed):
    return natrium.Poisson(rate, target, weight, seed=seed, stop=T_END)


SYNAPSES = (at_random(400.0, "exc.s", 0.2, 1), at_random(200.0, "inh.s", 0.3, 2))
LIFTS = (at_random(800.0, "V", 4.0, 3), natrium.Constant(5.0))
BOTH = (at_random(500.0, "V", 25.0, 3), at_random(300.0, "u", 0.5, 4))
AT_ONCE = (
    natrium.Spikes([0.0, 5.0, 5.5, 9.0, 50.0], "V", 20.0),
    natrium.Spikes([0.0, 5.0, 7.0, 50.0], "exc.s", 1.0),
    natrium.Spikes([5.0], "V", 20.0),
)
CASES = {
    "synapses, hold": (CELL, SYNAPSES),
    "synapses, clamp": (attrs.evolve(CELL, refractory="clamp"), (*SYNAPSES, natrium.Constant(8.0))),
    "V": (natrium.Neuron(), LIFTS),
    "V, not refractory": (natrium.Neuron(tau_ref=0.0), LIFTS),
    "V that goes on": (SQUID, (at_random(100.0, "V", 9.0, 3), natrium.Sine(5.0, 20.0))),
    "V that goes on, held": (attrs.evolve(SQUID, tau_ref=2.0), (at_random(100.0, "V", 60.0, 3),)),
    "V and others": (attrs.evolve(IZHIKEVICH, tau_ref=2.0, refractory={"u": "free"}), BOTH),
    "V that moves while refractory": (
        attrs.evolve(IZHIKEVICH, tau_ref=2.0, refractory={"V": "free"}), BOTH,
    ),
    "alpha": (ALPHA, (at_random(300.0, "x", 2.0, 4),)),
    "at once": (CELL, AT_ONCE),
    "at once, not refractory": (attrs.evolve(CELL, tau_ref=0.0), AT_ONCE),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_spikes_that_come_in_are_those_of_the_event_driven_solver(name):
    neuron, drive = CASES[name]
    found, truth = compiled_beside_truth(neuron, drive, T_END, atol=2e-7)
    for one, other in zip(found.events, truth.events, strict=True):
        np.testing.assert_allclose(one.before, other.before, rtol=0.0, atol=1e-8)
        np.testing.assert_allclose(one.after, other.after, rtol=0.0, atol=1e-8)
        assert np.isinf(one.slope) == np.isinf(other.slope)
    for one, other in zip(found.segments, found.segments[1:], strict=False):
        assert one.end == other.begin


@pytest.mark.parametrize("name", CASES)
def test_a_run_in_a_crowd_is_the_run_alone(name):
    """Sampled or not; weights, seeds and delays vary from run to run."""
    neuron, drive = CASES[name]
    times = np.linspace(0.0, T_END, 241)
    parameters = natrium.parameters(neuron, natrium.model.as_stimulus(drive))
    varied = {key: value for key, value in parameters.items() if key[:6] in ("weight", "delay_", "v_init")}
    for key, value in varied.items():
        runs = runs_of(neuron, drive, {key: [value, 1.03 * value + 0.01, value]}, t_end=T_END)
        plain, sampled = natrium.Compiled().solve_runs(runs), natrium.Compiled().solve_runs(runs, times)
        np.testing.assert_array_equal(plain.spike_times, sampled.spike_times)
        ends = np.cumsum(plain.counts)
        for run in (0, 1):
            alone = natrium.Compiled().solve(runs.neuron_at(run), runs.stimulus_at(run), t_end=T_END)
            train = plain.spike_times[ends[run] - plain.counts[run] : ends[run]]
            np.testing.assert_array_equal(train, alone.spike_times, err_msg=key)
            assert sampled.samples is not None
            np.testing.assert_allclose(sampled.samples[run], alone.state(times), rtol=0.0, atol=5e-11)
            final = list(alone.final_state.values())
            np.testing.assert_allclose(plain.final_states[run], final, rtol=1e-11, atol=1e-12)
        assert not (plain.flags & (RunFlag.FALLBACK | RunFlag.FAILED)).any()


def test_amplitudes_vary_beside_spikes_that_come_in():
    levels = np.array([2.0, 6.0, 10.0])
    many = natrium.simulate_many(
        CELL, (*SYNAPSES, natrium.Constant(0.0)), t_end=T_END, parameters={"I": levels}
    )
    for run, level in enumerate(levels.tolist()):
        alone = natrium.Compiled().solve(CELL, (*SYNAPSES, natrium.Constant(level)), t_end=T_END)
        np.testing.assert_array_equal(many.train(run), alone.spike_times)
    assert np.all(np.diff(many.counts) > 0)
    assert not many.flags.any()


def test_a_synapse_is_the_exponential_that_it_is():
    """Without channels' pull, g = 0: each kick adds exp(-(t - t_k)/5), in refractory periods too."""
    cell = natrium.Neuron(channels=[Channel("exc", 0.0, 0.0, [DECAYS])], refractory="clamp", tau_ref=4.0)
    comes = np.array([3.0, 11.5, 15.0, 16.0, 40.0])
    drive = (natrium.Spikes(comes, "exc.s", 0.2), natrium.Constant(25.0))
    found = natrium.Compiled(rtol=1e-12).solve(cell, drive, t_end=60.0)
    assert found.n_spikes == 4
    assert np.any((comes[:, None] > found.spike_times) & (comes[:, None] < found.spike_times + 4.0))
    times = np.linspace(0.0, 60.0, 601)
    since = times - comes[:, None]
    true = 0.2 * np.where(since >= 0.0, np.exp(-since / 5.0), 0.0).sum(axis=0)
    np.testing.assert_allclose(found.state(times)[1], true, rtol=0.0, atol=1e-12)


def test_a_prepared_run_takes_spikes_that_come_in():
    for name in ("synapses, clamp", "at once"):
        neuron, drive = CASES[name]
        spikes, final = natrium.Compiled().prepare(neuron, drive, t_end=T_END)()
        alone = natrium.Compiled().solve(neuron, drive, t_end=T_END)
        np.testing.assert_array_equal(spikes, alone.spike_times)
        np.testing.assert_allclose(final, list(alone.final_state.values()), rtol=1e-12)


@pytest.mark.parametrize("name", ["synapses, hold", "alpha"])
def test_derivatives_by_weights_are_those_along_the_event_driven_run(name):
    neuron, drive = CASES[name]
    if name == "alpha":
        neuron = attrs.evolve(neuron, refractory="hold")
    one, other = (
        natrium.spike_time_gradients(made.solve(neuron, drive, t_end=60.0), ["weight_0", "v_thresh"])
        for made in (natrium.Compiled(rtol=1e-12), natrium.EventDriven(rtol=1e-12))
    )
    np.testing.assert_allclose(one.matrix, other.matrix, rtol=1e-6, atol=1e-6)
