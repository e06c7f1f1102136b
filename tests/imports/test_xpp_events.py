"""XPP's `global` lines: resets, refractory periods, spikes that come in, parameters that turn; own exports come back."""

import numpy as np
import pytest

import natrium
from natrium.export import export
from natrium.imports.xpp import read_ode
from natrium.model.errors import CannotImport

LIF = natrium.Neuron(tau_m=10.0, v_thresh=-55.0, v_rest=-70.0, v_reset=-65.0, tau_ref=2.5)
MOVES = natrium.HybridNeuron(
    equations={"V": "(I - V)/tau", "theta": "-theta/30"},
    parameters={"tau": 5.0},
    initial={"V": 0.0, "theta": 0.0},
    v_thresh="10 + theta",
    reset={"theta": "theta + 6"},
    tau_ref=1.5,
    refractory={"V": "free", "theta": "free"},
)
UPWARD = natrium.HybridNeuron(
    equations={"V": "V - V**3/3 - w + I", "w": "0.08*(V + 0.7 - 0.8*w)"},
    initial={"V": -1.2, "w": -0.6},
    v_thresh=1.0,
)
OPENED = natrium.Neuron(
    tau_m=10.0,
    v_thresh=-65.0,
    v_reset=-70.0,
    tau_ref=1.0,
    synapses=[natrium.Synapse("exc", 2.0, 0.0, decay=5.0)],
)
OWN = {
    "a refractory period that holds": (LIF, natrium.Step(25.0, start=5.0)),
    "one that holds nothing, and a threshold that moves": (MOVES, natrium.Constant(20.0)),
    "no reset": (UPWARD, natrium.Constant(0.5)),
    "spikes that come in": (OPENED, natrium.Spikes([5.0, 8.0, 30.0], "exc", 0.4)),
}


@pytest.mark.parametrize("name", OWN)
def test_what_natrium_writes_comes_back(name):
    neuron, stimulus = OWN[name]
    model = natrium.Model(neuron=neuron, stimulus=stimulus, simulation=natrium.Simulation(t_end=60.0))
    back = read_ode(export(model, "xpp").text, "own.ode").model
    one, other = natrium.run(model), natrium.run(back)
    assert one.n_spikes == other.n_spikes > 0
    np.testing.assert_allclose(other.spike_times, one.spike_times, atol=1e-9)
    assert back.neuron.tau_ref == neuron.tau_ref


def test_a_parameter_that_turns_at_times_is_an_input():
    found = read_ode(
        "v'=-v+i\npar i=0,on=2\nglobal 1 {t-on} {i=3}\nglobal 0 {t-5} {i=1}\n@ total=6\n", "x.ode"
    )
    assert "i turns at given times" in found.assumed
    V = 3.0 * (1.0 - np.exp(-3.0))
    assert natrium.run(found.model).final_state["V"] == pytest.approx(
        1.0 + (V - 1.0) * np.exp(-1.0), rel=1e-8
    )


def test_a_state_that_stands_still_is_a_parameter_that_turns():
    found = read_ode("v'=-v+i\ni'=0\ninit i=1\nglobal 1 t-2 {i=0}\n@ total=3\n", "x.ode")
    assert natrium.run(found.model).final_state["V"] == pytest.approx(
        (1.0 - np.exp(-2.0)) * np.exp(-1.0), rel=1e-8
    )


def test_what_comes_in_at_a_time_is_added():
    found = read_ode("v'=-v\npar w=2\nglobal 1 {t-1} {v=v+w*2}\nglobal 1 {t-2} {v=4+v}\n@ total=3\n", "x.ode")
    expected = 4.0 * (np.exp(-2.0) + np.exp(-1.0))
    assert natrium.run(found.model).final_state["V"] == pytest.approx(expected, rel=1e-8)


REST = "v'=(1-r)*(3-v)\nlast'=0\nr'=0\nglobal 1 {v-1} {v=0;last=t;r=1}\n"
REFUSED = {
    "two thresholds": "v'=1\nglobal 1 v-1 {v=0}\nglobal 1 v-2 {v=0}\n",
    "two states' sum falling": "v'=-1\ninit v=3\nglobal -1 v-1 {v=3}\n",
    "a parameter": "v'=1\npar p=0\nglobal 1 v-1 {p=p+1}\n",
    "a matter of time": "v'=1\nglobal 1 v-1 {v=t}\n",
    "nothing": "v'=1\nglobal 1 v-1 {zork}\n",
    "a time that is none": "v'=1\nglobal 1 t*t-1 {v=0}\n",
    "a way back in time": "v'=1\nglobal -1 t-1 {v=v+1}\n",
    "a state set at a time": "v'=-v\nglobal 1 t-1 {v=0}\n",
    "what is no number at a time": "v'=-v+p\npar p=0\nglobal 1 t-1 {p=v}\n",
    "something else at a time": "v'=-v\nglobal 1 t-1 {zork=1}\n",
    "a rest that ends otherwise": REST + "global 1 {t-last-2} {r=0.5}\n",
    "a rest that slows": REST.replace("(1-r)", "(1-r/2)") + "global 1 {t-last-2} {r=0}\n",
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_each_refusal_has_its_reason(name):
    with pytest.raises(CannotImport) as refused:
        read_ode(REFUSED[name], "x.ode")
    assert refused.value.reason == "reset"
