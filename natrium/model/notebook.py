"""The class notebook's three scripts, as models.

The scripts' labels are off: what they call a conductance in mS/cm^2 is relative to the leak, and what
they call a current is R I in mV. Their Euler steps and spans are kept in `Model.simulation`.
"""

from __future__ import annotations

from natrium.model.channels import CHANNELS
from natrium.model.neuron import Neuron
from natrium.model.simulation import Model, Simulation
from natrium.model.stimuli.waveforms import Step


def _neuron(*names: str) -> Neuron:
    return Neuron(
        tau_m=10.0,
        tau_ref=2.0,
        v_rest=-70.0,
        v_thresh=-55.0,
        channels=tuple(CHANNELS[name] for name in names),
    )


def _simulation(dt: float) -> Simulation:
    return Simulation(t_start=0.0, t_end=100.0, solver="script", dt=dt)


def lif() -> Model:
    """Give script 1: the leaky integrate-and-fire neuron, 10 mV until 50 ms, steps of 1 ms."""
    return Model(neuron=_neuron(), stimulus=Step(10.0, stop=50.0), simulation=_simulation(1.0))


def lif_na() -> Model:
    """Give script 2: one sodium channel, 10 mV from 20 to 100 ms, steps of 0.1 ms."""
    return Model(
        neuron=_neuron("notebook_sodium_1"),
        stimulus=Step(10.0, start=20.0, stop=100.0),
        simulation=_simulation(0.1),
    )


def lif_na2() -> Model:
    """Give script 3: two sodium channels, 10 mV from 20 to 50 ms, steps of 0.1 ms."""
    return Model(
        neuron=_neuron("notebook_sodium_1", "notebook_sodium_2"),
        stimulus=Step(10.0, start=20.0, stop=50.0),
        simulation=_simulation(0.1),
    )


SCRIPTS = {"lif": lif, "lif_na": lif_na, "lif_na2": lif_na2}
"""The three scripts by name."""

TITLES = {
    "lif": "Leaky Integrate-and-Fire Neuron Simulation",
    "lif_na": "Leaky Integrate-and-Fire Neuron with Sodium Channel (Multiple Spikes)",
    "lif_na2": "Leaky Integrate-and-Fire Neuron with Multiple Sodium Channels (Multiple Spikes)",
}
"""The titles of the scripts' own plots."""
