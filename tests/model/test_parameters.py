"""The numbers of a model by name: reading and changing them."""

import attrs
import numpy as np
import pytest

import natrium
from natrium.model import (
    Constant,
    ModelError,
    Neuron,
    Noise,
    Samples,
    Step,
    StimulusError,
    Sum,
    change_stimulus,
    notebook,
    parameters,
    with_parameters,
)
from tests.solvers.cases import IZHIKEVICH


def test_a_changed_model_keeps_the_rest():
    model = notebook.lif_na()
    changed = with_parameters(model, {"g_Na": 100.0, "I_0": 9.0, "stop_0": 80.0, "v_rest": -71.0})
    assert changed.neuron.channels[0].g == 100.0
    assert (changed.neuron.v_rest, changed.neuron.v_reset) == (-71.0, -70.0)
    assert changed.stimulus.parts == (Step(9.0, start=20.0, stop=80.0),)
    assert with_parameters(model, {}) == model


def test_names_of_any_equations():
    assert list(parameters(IZHIKEVICH, Sum())) == ["b", "c", "v_thresh", "tau_ref", "v_init"]
    with pytest.raises(ModelError, match="one of b, c, v_thresh, tau_ref, v_init, got 'g_Na'"):
        IZHIKEVICH.changed({"g_Na": 1.0})
    clash = attrs.evolve(IZHIKEVICH, parameters={"b": 8.0, "c": -65.0, "I_0": 1.0})
    known = parameters(clash, Sum((Constant(2.0),)))
    assert {name: known[name] for name in ("I_0", "input_I_0")} == {"I_0": 1.0, "input_I_0": 2.0}


def test_a_noise_is_varied_by_its_seed():
    noise = Noise(10.0, 1.0, tau=5.0, step=0.5, seed=2**60 + 1)
    found = parameters(Neuron(), Sum((Constant(1.0), noise)))
    numbers = {name: value for name, value in found.items() if name.endswith("_1")}
    assert numbers == {"mean_1": 10.0, "sigma_1": 1.0, "tau_1": 5.0, "seed_1": 2**60 + 1}
    (changed,) = change_stimulus(Sum((noise,)), {"seed_0": 7.0, "tau_0": 2.0}).parts
    assert changed == attrs.evolve(noise, seed=7, tau=2.0)
    assert isinstance(changed.seed, int)
    with pytest.raises(StimulusError, match="seed must be a whole number"):
        change_stimulus(Sum((noise,)), {"seed_0": 7.5})


def test_names_of_others_are_left():
    stimulus = Sum((Samples((0.0, 1.0), (1.0, 2.0)),))
    assert change_stimulus(stimulus, {"g_Na": 1.0}) == stimulus
    assert change_stimulus(stimulus, {"scale_0": 2.0}).parts[0].values == (2.0, 4.0)


def test_i_is_short_for_the_one_amplitude_everywhere():
    model = natrium.notebook.lif_na()
    assert natrium.with_parameters(model, {"I": 12.0}) == natrium.with_parameters(model, {"I_0": 12.0})
    run = natrium.run(model, natrium.EventDriven())
    one, other = (natrium.spike_time_gradients(run, [name]) for name in ("I", "I_0"))
    np.testing.assert_array_equal(one["I"], other["I_0"])
    found = natrium.fit(natrium.with_parameters(model, {"I": 10.5}), run.spike_times, ["I"])
    assert found["I"] == pytest.approx(10.0, abs=1e-6)
    bare = natrium.Model(neuron=natrium.Neuron())
    assert natrium.with_parameters(bare, {"I": 20.0}).stimulus == natrium.Sum((natrium.Constant(20.0),))


def test_i_is_refused_where_it_is_not_one():
    two = natrium.Model(neuron=natrium.Neuron(), stimulus=[natrium.Constant(1.0), natrium.Constant(2.0)])
    with pytest.raises(natrium.ModelError, match="short for the one amplitude.*I_0, I_1"):
        natrium.with_parameters(two, {"I": 3.0})
    ramp = natrium.Model(neuron=natrium.Neuron(), stimulus=natrium.Ramp(1.0))
    with pytest.raises(natrium.ModelError, match="got none"):
        natrium.with_parameters(ramp, {"I": 3.0})
    with pytest.raises(natrium.ModelError, match="name each once"):
        natrium.spike_time_gradients(natrium.notebook.lif_na(), ["I", "I_0"])


def test_a_neuron_may_have_a_parameter_named_like_the_inputs():
    cell = natrium.HybridNeuron(
        equations={"V": "(I_0 - V + I)/tau_0"},
        parameters={"I_0": 3.0, "tau_0": 10.0},
        initial={"V": 0.0},
        v_thresh=10.0,
        reset={"V": 0.0},
    )
    model = natrium.Model(neuron=cell, stimulus=[natrium.Constant(8.0)])
    known = parameters(model.neuron, model.stimulus)
    assert (known["I_0"], known["input_I_0"]) == (3.0, 8.0)
    moved = with_parameters(model, {"I_0": 4.0, "I": 9.0})
    assert dict(moved.neuron.parameters)["I_0"] == 4.0
    assert moved.stimulus.parts[0].amplitude == 9.0
    many = natrium.simulate_many(
        cell, model.stimulus, t_end=60.0, parameters={"I_0": [3.0, 5.0], "input_I_0": [10.0, 8.0]}
    )
    assert many.train(0) == pytest.approx(many.train(1), abs=1e-9)
    gradients = natrium.spike_time_gradients(
        natrium.simulate(cell, model.stimulus, t_end=60.0), ["I_0", "input_I_0"]
    )
    assert gradients.matrix[0, 0] == pytest.approx(gradients.matrix[0, 1], rel=1e-9)
