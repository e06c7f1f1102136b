"""Idle states beside a leaky membrane: its onset is that of the membrane alone."""

import pytest

from natrium.analysis.equilibria.curve import equilibrium_at
from natrium.analysis.excitability.f_i import onset
from natrium.analysis.excitability.leading import slowest_return
from natrium.model import HybridNeuron, Neuron, Synapse

TAU = 20.0


def with_a_synapse():
    return Neuron(tau_m=TAU, synapses=[Synapse("nmda", 0.2, 0.0, decay=80.0, rise=3.0)])


def with_an_observer():
    return HybridNeuron(
        equations={"V": f"(-70 - V + I)/{TAU}", "seen": "(V - seen)/90"},
        initial={"V": -70.0, "seen": -70.0},
        v_thresh=-55.0,
        reset={"V": -70.0},
    )


def slowest_at(neuron):
    return slowest_return(neuron, equilibrium_at(neuron, -55.0))


@pytest.mark.parametrize("make", [with_a_synapse, with_an_observer])
def test_what_no_spike_moves_or_none_depends_on_does_not_count(make):
    assert slowest_at(make()) == pytest.approx(TAU, rel=1e-9)


def test_an_idle_synapse_leaves_the_onset_of_the_membrane():
    found = onset(with_a_synapse())
    assert found.law == "logarithmic"
    assert found.coefficient == pytest.approx(TAU, rel=0.01)


def test_an_adaptation_counts():
    adapting = HybridNeuron(
        equations={"V": f"(-70 - V - w + I)/{TAU}", "w": "-w/90"},
        initial={"V": -70.0, "w": 0.0},
        v_thresh=-55.0,
        reset={"V": -70.0, "w": "w + 1"},
    )
    assert slowest_at(adapting) == pytest.approx(90.0, rel=1e-9)
