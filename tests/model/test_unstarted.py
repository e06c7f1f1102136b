"""What neurons that start differently have in common."""

import pytest

from natrium import Calcium, Channel, Gate, Neuron, Synapse
from natrium.model.assembly import system_of
from natrium.model.channels import CHANNELS
from natrium.model.unstarted import Unstarted, forget_start

POOL = Calcium(rest=0.05, tau=20.0, factor=0.1, channels=("Na",))
CELLS = {
    "leak": Neuron(),
    "channels": Neuron(channels=(CHANNELS["hh_sodium"], CHANNELS["hh_potassium"])),
    "pool": Neuron(channels=(CHANNELS["hh_sodium"],), calcium=POOL),
    "synapse": Neuron(synapses=(Synapse(name="in", g=1.0, E=0.0, decay=5.0, rise=1.0),)),
}


@pytest.mark.parametrize("name", CELLS)
def test_a_start_makes_no_other_system(name: str) -> None:
    neuron = CELLS[name]
    moved = neuron.started([-61.0, *(0.25 for _ in neuron.system.states[1:])])
    assert moved != neuron
    assert Unstarted.of(moved) == Unstarted.of(neuron)
    assert system_of(moved) is system_of(neuron)


@pytest.mark.parametrize(
    "changed",
    [
        Neuron(tau_m=11.0),
        Neuron(v_rest=-71.0),
        Neuron(refractory="clamp"),
        Neuron(channels=(Channel(name="K", g=1.0, E=-80.0),)),
        Neuron(
            channels=(Channel(name="K", g=1.0, E=-80.0, gates=(Gate(name="n", alpha="0.1", beta="0.1"),)),)
        ),
        Neuron(
            channels=(Channel(name="K", g=1.0, E=-80.0, gates=(Gate(name="n", alpha="0.2", beta="0.1"),)),)
        ),
    ],
)
def test_all_else_does(changed: Neuron) -> None:
    assert Unstarted.of(changed) != Unstarted.of(Neuron())
    assert system_of(changed) != system_of(Neuron())


@pytest.mark.parametrize("name", CELLS)
def test_what_starts_differently_is_taken_for_one(name: str) -> None:
    neuron = CELLS[name]
    moved = neuron.started([-61.0, *(0.25 for _ in neuron.system.states[1:])])
    assert forget_start(moved) is forget_start(neuron)
    assert Unstarted.of(forget_start(moved)) == Unstarted.of(neuron)
    assert forget_start(neuron.changed({"tau_m": 11.0})) != forget_start(neuron)
