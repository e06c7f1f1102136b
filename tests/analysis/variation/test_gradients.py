"""Derivatives of spike times: the notebook's numbers, the LIF's closed forms, central differences."""

import math

import attrs
import numpy as np
import pytest

from natrium.analysis.variation.gradients import spike_time_gradients
from natrium.model import (
    CHANNELS,
    Channel,
    Constant,
    Custom,
    Formula,
    Gate,
    Gaussian,
    HybridNeuron,
    Model,
    ModelError,
    Neuron,
    Noise,
    Pulses,
    Ramp,
    Samples,
    Scheme,
    Simulation,
    Sine,
    Step,
    UnsupportedModel,
    constants,
    notebook,
)
from natrium.model.parameters import parameters, with_parameters
from natrium.solvers import ClosedForm, Compiled, EventDriven, FixedStep, run
from tests.solvers.cases import IZHIKEVICH

TIGHT = EventDriven(rtol=1e-13)
OTHER = Compiled(rtol=1e-13)  # by other means than what is derived, and in less time


def lif(*stimuli, t_end=100.0, **changes):
    return Model(neuron=Neuron(**changes), stimulus=stimuli, simulation=Simulation(t_end=t_end))


def with_channels(*stimuli, names=("hh_sodium",), t_end=60.0, **changes):
    """Make a neuron whose gates start at their steady states."""
    channels = []
    for name in names:
        channel = CHANNELS[name]
        gates = tuple(attrs.evolve(gate, initial="steady-state") for gate in channel.gates)
        channels.append(attrs.evolve(channel, g=channel.g / 10.0, gates=gates))
    return lif(*stimuli, t_end=t_end, channels=tuple(channels), **changes)


def central(model, name, step):
    """Differentiate spike times of tight solves by five points."""
    value = parameters(model.neuron, model.stimulus)[name]
    times = {
        k: run(with_parameters(model, {name: value + k * step}), OTHER).spike_times for k in (-2, -1, 1, 2)
    }
    return (8 * (times[1] - times[-1]) - (times[2] - times[-2])) / (12 * step)


def assert_differences_agree(model, names=None, rtol=1e-6):
    found = spike_time_gradients(run(model, TIGHT), names, rtol=1e-12)
    assert found.spike_times.size >= 2
    assert not found.divergent.any()
    for name, value in zip(found.names, found.values, strict=True):
        expected = central(model, name, 2e-4 * max(1.0, abs(value)))
        np.testing.assert_allclose(found[name], expected, rtol=rtol, atol=2e-9, err_msg=name)


def test_the_notebook_numbers():
    found = spike_time_gradients(notebook.lif_na())
    np.testing.assert_allclose(found["I_0"], [-3.4462, -7.2195, -10.9614], atol=5e-5)
    np.testing.assert_allclose(found["g_Na"], [-0.12110, -0.25059, -0.37860], atol=5e-6)
    np.testing.assert_allclose(found["tau_ref"], [0.0, 1.0, 2.0], atol=1e-9)
    assert found.matrix.shape == (3, len(found.names)) == (3, 11)
    assert found["stop_0"].tolist() == [0.0, 0.0, 0.0]


def test_the_notebook_model_agrees_with_central_differences():
    assert_differences_agree(notebook.lif_na(), ["I_0", "g_Na", "tau_m", "start_0"])


@pytest.mark.slow
@pytest.mark.parametrize(("script", "t_end"), [(notebook.lif_na, 100.0), (notebook.lif_na2, 40.0)])
def test_every_parameter_of_the_scripts_agrees_with_central_differences(script, t_end):
    assert_differences_agree(attrs.evolve(script(), simulation=Simulation(t_end=t_end)))


@pytest.mark.parametrize("rule", ["hold", "clamp"])
@pytest.mark.parametrize("tau_ref", [0.0, 3.0])
def test_refractory_rules_agree_with_central_differences(rule, tau_ref):
    model = with_channels(
        Constant(14.0),
        Sine(3.0, 40.0),
        t_end=45.0,
        refractory=rule,
        v_reset=-68.0,
        v_init=-66.0,
        tau_ref=tau_ref,
    )
    names = ["v_reset", "v_init", "v_thresh", "g_Na", "I_1", "phase_1"] + ["tau_ref"] * (tau_ref > 0)
    assert_differences_agree(model, names)


STIMULI = {
    "step": (Step(25.0, start=3.0, stop=22.0), Step(9.0, start=19.5, stop=70.0)),
    "pulses": (Constant(14.0), Pulses(19.0, width=4.0, period=9.0, start=2.5, count=7)),
    "ramp": (Ramp(1.5, start=4.0, stop=21.0, hold=True),),
    "ramp-stop": (Constant(18.0), Ramp(0.8, start=4.0, stop=21.0)),
    "sine": (Constant(20.0), Sine(6.0, 55.0, phase=0.3, offset=1.0, start=2.0, stop=33.0)),
    "gaussian": (Constant(18.0), Gaussian(12.0, center=20.0, sigma=5.0)),
    "samples": (Samples((0.0, 5.0, 20.0, 40.0), (10.0, 22.0, 18.0, 25.0), "linear"),),
    "formula": (Formula("18 + 4*sin(t/5)"), Custom(lambda t: 3.0 * math.cos(t / 7), max_step=2.0)),
}


@pytest.mark.parametrize("kind", STIMULI)
def test_every_number_of_every_stimulus(kind):
    model = lif(*STIMULI[kind], t_end=45.0)
    names = [name for name in parameters(model.neuron, model.stimulus) if name[-1].isdigit()]
    assert_differences_agree(model, names)


def test_an_edge_within_the_refractory_period_moves_nothing():
    model = lif(Step(25.0, stop=10.2), Constant(0.0), Step(25.0, start=10.5), t_end=30.0)
    found = spike_time_gradients(model, ["stop_0", "start_2"])
    first, second = found.spike_times[:2]
    assert first < 10.2 < 10.5 < first + 2.0 < second
    assert not found.matrix.any()


def test_closed_forms_of_the_lif():
    I, tau_m, gap = 20.0, 10.0, 15.0
    found = spike_time_gradients(lif(Constant(I)))
    k = np.arange(found.spike_times.size)
    interval = tau_m * math.log(I / (I - gap))
    np.testing.assert_allclose(found.spike_times, (k + 1) * interval + 2.0 * k, rtol=1e-9)
    expected = {
        "tau_m": (k + 1) * interval / tau_m,
        "tau_ref": k,
        "I_0": (k + 1) * tau_m * (1 / I - 1 / (I - gap)),
        "v_thresh": (k + 1) * tau_m / (I - gap),
        "v_rest": (k + 1) * tau_m * (1 / I - 1 / (I - gap)),
        "v_reset": -k * tau_m / I,
        "v_init": -np.ones(k.size) * tau_m / I,
    }
    assert set(expected) == set(found.names)
    for name, values in expected.items():
        np.testing.assert_allclose(found[name], values, rtol=1e-8, atol=1e-10, err_msg=name)


def test_the_closed_form_solver_gives_the_same():
    model = lif(Constant(20.0))
    np.testing.assert_allclose(
        spike_time_gradients(run(model, ClosedForm())).matrix, spike_time_gradients(model).matrix, rtol=1e-8
    )


def test_stiff_gates():
    """A gate a million times faster than the membrane: gone through with an implicit method."""
    fast = attrs.evolve(
        CHANNELS["notebook_sodium_1"].gates[0],
        alpha=None,
        beta=None,
        inf="1/(1 + exp(-(V + 35)/8))",
        tau="1e-6",
    )
    channel = attrs.evolve(CHANNELS["notebook_sodium_1"], g=20.0, gates=(fast,))
    model = lif(Constant(18.0), t_end=30.0, channels=(channel,))
    found = spike_time_gradients(model, ["I_0", "g_Na"])
    assert "Radau13" in found.trajectory.statistics["steps"]
    for name in found.names:
        np.testing.assert_allclose(found[name], central(model, name, 1e-2), rtol=1e-5)


def test_a_graze_is_flagged():
    near = spike_time_gradients(lif(Constant(15.001), t_end=250.0))
    far = spike_time_gradients(lif(Constant(16.0), t_end=250.0))
    # V bends down by slope/tau_m: the margin is half the height of the asymptote over threshold.
    assert near.margins == pytest.approx(0.0005, rel=1e-5)
    assert near.divergent.all()
    assert not far.divergent.any()
    assert abs(near["I_0"][0]) > 1000 * abs(far["I_0"][0]) / 2
    assert spike_time_gradients(near.trajectory, graze=1e-4).divergent.tolist() == [False, False]


def test_a_graze_marks_all_spikes_after_it():
    model = lif(Step(15.0005, stop=105.0), Step(30.0, start=105.0), t_end=130.0)
    found = spike_time_gradients(model, ["I_0"])
    assert found.margins[0] < 1e-3 < found.margins[1]
    assert found.divergent.all()


def test_no_spike_gives_no_rows():
    found = spike_time_gradients(lif(Constant(10.0)))
    assert found.matrix.shape == (0, len(found.names))
    assert found.divergent.shape == (0,)
    assert found.table() == []


def test_table_and_elasticities():
    found = spike_time_gradients(lif(Constant(20.0), t_end=20.0), ["I_0", "tau_m"])
    (row,) = found.table()
    assert row["d_tau_m"] == found["tau_m"][0]
    assert row["divergent"] is False
    np.testing.assert_allclose(found.elasticities, found.matrix * [0.2, 0.1])
    with pytest.raises(KeyError, match="g_Na"):
        found["g_Na"]


def test_what_cannot_be_differentiated_is_refused():
    model = notebook.lif_na()
    with pytest.raises(ModelError, match=r"a parameter must be one of tau_m.*got 'g_K'"):
        spike_time_gradients(model, ["g_K"])
    with pytest.raises(ModelError, match="must differ, got I_0, I_0"):
        spike_time_gradients(model, ["I_0", "I_0"])
    noisy = attrs.evolve(model, stimulus=Noise(10.0, 1.0, tau=5.0, step=1.0, seed=1, start=0.0))
    with pytest.raises(ModelError, match="no derivative by seed_0, start_0"):
        spike_time_gradients(noisy, ["mean_0", "seed_0", "start_0"])
    with pytest.raises(UnsupportedModel, match="fixed-step"):
        spike_time_gradients(run(model, FixedStep(dt=0.1)))
    with pytest.raises(ModelError, match="got int"):
        spike_time_gradients(3)
    with pytest.raises(ModelError, match="graze"):
        spike_time_gradients(model, graze=-1.0)


@pytest.mark.parametrize("name", ["b", "c", "v_thresh", "tau_ref", "v_init"])
def test_any_equations_and_any_reset(name):
    def times(value):
        return TIGHT.solve(IZHIKEVICH.changed({name: value}), Constant(10.0), t_end=90.0).spike_times

    found = spike_time_gradients(TIGHT.solve(IZHIKEVICH, Constant(10.0), t_end=90.0), [name], rtol=1e-12)
    assert found.spike_times.size == 3
    value, h = found.values[0], 1e-3
    expected = (8 * (times(value + h) - times(value - h)) - times(value + 2 * h) + times(value - 2 * h)) / (
        12 * h
    )
    np.testing.assert_allclose(found[name], expected, rtol=1e-6, atol=1e-8)


def test_the_strength_of_a_noise():
    noise = Noise(25.0, 5.0, tau=2.0, step=0.5, seed=4, start=0.0)
    assert_differences_agree(lif(noise, t_end=30.0), ["mean_0", "sigma_0", "tau_m"])
    found = spike_time_gradients(lif(noise, t_end=10.0))
    assert {"seed_0", "tau_0", "start_0"}.isdisjoint(found.names)
    white = Noise(25.0, intensity=5.0, tau=0.0, step=0.5, seed=4, start=0.0)
    assert_differences_agree(lif(white, t_end=30.0), ["intensity_0"])


def with_constants(refractory="hold", **kinds):
    """Make a neuron whose rates have named numbers, in gates of every kind."""
    with constants({"v_half": -40.0, "k": 9.0, "warm": 30.0, "phi": "3**((warm - 24)/10)", "slow": 6.0}):
        gates = {
            "transitions": Gate(
                "m", 3, alpha="phi*0.1*(V - v_half)/(1 - exp((v_half - V)/k))", beta="4*exp(-(V + 65)/18)"
            ),
            "relaxing": Gate("h", inf="1/(1 + exp((V + 62)/k))", tau="0.5 + slow/phi", q10=2.0, celsius=20.0),
            "instantaneous": Gate("p", inf="1/(1 + exp((v_half - V)/5))"),
            "branched": Gate("b", inf="1/(1 + exp((V + 62)/6))", tau="slow + where(V < -60, phi, k)"),
        }
        scheme = Scheme(
            states=("C", "O"),
            transitions=[("C", "O", "exp((V - v_half)/k)"), ("O", "C", "phi*exp(-V/60)/9")],
            open=("O",),
        )
        gates = [gates[name] for name in kinds.get("gates", gates)]
        channel = Channel("Na", 0.4, 50.0, gates, scheme=scheme if kinds.get("scheme") else None)
    neuron = Neuron(channels=[channel], refractory=refractory, celsius=25.0)
    return Model(neuron=neuron, stimulus=[Step(25.0, start=5.0)], simulation=Simulation(t_end=40.0))


@pytest.mark.parametrize(
    ("model", "names"),
    [
        (
            with_constants("hold", gates=["transitions", "relaxing"]),
            ("v_half", "celsius"),
        ),
        (
            with_constants("clamp", gates=["transitions", "relaxing"]),
            ("k", "warm", "slow"),
        ),
        (with_constants("clamp", gates=["instantaneous", "branched"]), ("v_half", "k", "warm", "slow")),
        (with_constants(gates=["instantaneous"], scheme=True), ("v_half", "k", "warm")),
    ],
    ids=["hold", "clamp", "branches", "scheme"],
)
def test_constants_of_rates_are_parameters(model, names):
    found = spike_time_gradients(model, names)
    assert found.spike_times.size >= 2
    assert np.all(found.matrix[-1] != 0.0)
    for name in names:
        differences = central(model, name, 2e-3)
        assert np.abs(found[name] - differences).max() < 1e-6 * (1e-3 + np.abs(differences).max()), name


def with_dendrite(coupling):
    """Traub and Miles' fast channels in a soma, and a passive dendrite at its side."""
    return HybridNeuron(
        equations={
            "V": "-0.1*(V+67) - 100*m**3*h*(V-50) - 80*n**4*(V+100) + gc*(Vd-V) + I",
            "m": "0.32*(V+54)/(1-exp(-(V+54)/4))*(1-m) - 0.28*(V+27)/(exp((V+27)/5)-1)*m",
            "h": "0.128*exp(-(V+50)/18)*(1-h) - 4/(1+exp(-(V+27)/5))*h",
            "n": "0.032*(V+52)/(1-exp(-(V+52)/5))*(1-n) - 0.5*exp(-(V+57)/40)*n",
            "Vd": "-0.1*(Vd+67) + gc*(V-Vd)",
        },
        parameters={"gc": coupling},
        initial={"V": -67.0, "m": 0.01, "h": 0.99, "n": 0.01, "Vd": -67.0},
        v_thresh=0.0,
    )


def test_v_that_goes_on_steeply_through_its_threshold():
    model = Model(neuron=with_dendrite(1.0), stimulus=Constant(5.0), simulation=Simulation(t_end=14.0))
    found = spike_time_gradients(model, ["gc", "I_0"])
    assert found.spike_times.size == 2
    compiled = Compiled().solve(model.neuron, model.stimulus, t_end=14.0)
    np.testing.assert_allclose(found.matrix, spike_time_gradients(compiled, ["gc", "I_0"]).matrix, rtol=1e-7)


@pytest.mark.slow
def test_a_stiff_pair_of_compartments_has_the_derivatives_of_differences():
    """In the steps of its own run, each of many time constants of the coupling."""
    model = Model(neuron=with_dendrite(3e4), stimulus=Constant(9.0), simulation=Simulation(t_end=3.5))
    found = spike_time_gradients(model, ["I_0", "gc"])
    assert "Radau13" in found.trajectory.statistics["steps"]
    ends = [
        run(with_parameters(model, {"I_0": 9.0 + step}), EventDriven(rtol=1e-10)).spike_times
        for step in (-1e-3, 1e-3)
    ]
    assert found["I_0"] == pytest.approx((ends[1] - ends[0]) / 2e-3, rel=1e-5)
    assert np.all(np.abs(found["gc"]) < 1e-6)
