"""Gates so fast that they follow V, in series: the true runs, in steps that these do not hold."""

import attrs
import numpy as np
import pytest

import natrium
from natrium.model.opened import opened
from natrium.solvers.compiled.following import followed
from natrium.solvers.flags import RunFlag
from tests.solvers.cases import SODIUM, fast_channel

DRIVES = {"constant": natrium.Constant(60.0), "sine": natrium.Sine(30.0, 100.0, offset=40.0)}
STEEP = "1/(1 + exp(-(V + 40)/9))"


def spiking(tau, refractory="hold"):
    """Give a neuron whose activation takes its steady state within `tau`, ms, or at once; it fires."""
    m = natrium.Gate("m", 3, inf=STEEP, tau=tau)
    channels = [natrium.Channel("Na", 20.0, 50.0, [m, SODIUM.gates[1]])]
    return natrium.Neuron(v_rest=-65.0, v_thresh=-30.0, channels=channels, refractory=refractory)


@pytest.mark.parametrize("refractory", ["hold", "clamp"])
@pytest.mark.parametrize("name", DRIVES)
def test_fast_gates_cost_what_instantaneous_ones_do(name, refractory):
    """Besides the layers of some lengths after a jump: a true run at a tolerance a thousand times less."""
    drive, neuron = DRIVES[name], spiking("1e-9", refractory)
    found = natrium.Compiled().solve(neuron, drive, t_end=40.0)
    at_once = natrium.Compiled().solve(spiking(None, refractory), drive, t_end=40.0)
    truth = natrium.EventDriven(rtol=1e-12).solve(neuron, drive, t_end=40.0)
    assert found.warnings == ()
    assert found.statistics["steps"]["Taylor"] <= 4 * at_once.statistics["steps"]["Taylor"]
    assert truth.n_spikes > 2
    np.testing.assert_allclose(found.spike_times, truth.spike_times, rtol=0.0, atol=1e-9)
    t = np.linspace(0.05, 39.95, 300)
    np.testing.assert_allclose(found.state(t), truth.state(t), rtol=0.0, atol=1e-8)


def test_gates_whose_rates_are_varied_are_left_as_they_are():
    system = spiking("1e-9").system
    assert followed(system, 1e-9, set()) is not system
    assert followed(system, 1e-9, {str(one) for one in system.parameters}) is not system
    with natrium.constants({"slowed": 1.0}):
        named = opened(spiking("1e-9*slowed"), ("slowed",)).system
    assert followed(named, 1e-9, {"g_Na"}) is not named
    assert followed(named, 1e-9, {"_slowed_"}) is named
    assert followed(spiking("1e-5").system, 1e-9, set()) == spiking("1e-5").system


def test_a_crowd_is_each_run_alone():
    g = np.linspace(10.0, 30.0, 6)
    many = natrium.simulate_many(spiking("1e-9"), DRIVES["constant"], t_end=30.0, parameters={"g_Na": g})
    assert not many.flags.any()
    for index, value in enumerate(g.tolist()):
        (channel,) = spiking("1e-9").channels
        neuron = attrs.evolve(spiking("1e-9"), channels=[attrs.evolve(channel, g=value)])
        alone = natrium.Compiled().solve(neuron, DRIVES["constant"], t_end=30.0)
        np.testing.assert_array_equal(many.train(index), alone.spike_times)


def test_a_run_that_a_decay_holds_is_handed_over_soon():
    """Steps of some 1e-3 ms: not so short that any run of such would be stiff."""
    run = natrium.Compiled().solve(fast_channel(1e4), natrium.Constant(16.0), t_end=20.0)
    assert run.flags & RunFlag.FALLBACK
    (said,) = [text for text in run.warnings if "stiff" in text]
    assert 0.0 < float(said.split("t = ")[1].split()[0]) < 1.0
