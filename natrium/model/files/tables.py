"""The tables of a model file: its top level, and how equations of one's own become a neuron."""

from __future__ import annotations

from typing import Any

import attrs

from natrium.model.calcium import Calcium
from natrium.model.channel import Channel
from natrium.model.dimensions import check_dimensions
from natrium.model.errors import ModelError
from natrium.model.expressions.constants import Constants, as_constants, spell_out
from natrium.model.files.door import OpenDoor
from natrium.model.hybrid_neuron import HybridNeuron
from natrium.model.neuron import Neuron
from natrium.model.simulation import Simulation
from natrium.model.stimuli.stimulus import Stimulus
from natrium.model.synapse import Synapse
from natrium.model.threshold import NO_THRESHOLD

APART = {"channels", "synapses", "calcium"}  # tables of their own beside [neuron]


@attrs.frozen(kw_only=True)
class File:
    """The top level of a model file; the constants are read before the rates that they stand in."""

    natrium: int
    constants: dict[str, Any] = attrs.field(factory=dict)
    neuron: Neuron
    channels: tuple[Channel, ...] = ()
    synapses: tuple[Synapse, ...] = ()
    calcium: Calcium | None = None
    stimuli: tuple[Stimulus, ...] = ()
    simulation: Simulation = attrs.field(factory=Simulation)


@attrs.frozen
class Equations:
    """The top level of a model file of equations of one's own."""

    natrium: int
    equations: dict[str, Any]
    initial: dict[str, Any]
    parameters: dict[str, Any] = attrs.field(factory=dict)
    constants: dict[str, Any] = attrs.field(factory=dict)
    input_unit: str = ""
    threshold: Any = NO_THRESHOLD
    reset: dict[str, Any] = attrs.field(factory=dict)
    refractory: dict[str, Any] = attrs.field(factory=dict)
    stimuli: tuple[Stimulus, ...] = ()
    simulation: Simulation = attrs.field(factory=Simulation)

    def neuron(self, way: OpenDoor) -> HybridNeuron:
        """Make the neuron, every expression read with its place."""
        period = dict(self.refractory)
        duration, rule = period.pop("duration", 0.0), period.pop("rule", None)
        if rule is not None and period:
            raise ModelError("refractory: either a rule, or a word for each state, got both")
        if both := sorted(self.constants.keys() & self.parameters.keys()):
            raise ModelError(f"constants and parameters must differ in name, got {both[0]}")
        named = self.parameters | self.constants
        known = as_constants(named, (*self.equations, "I")) if self.constants else ()
        neuron = HybridNeuron(
            equations=_spelled(self.equations, known),
            initial=_spelled(self.initial, known),
            parameters=self.parameters | {name: x for name, x in known if not isinstance(x, str)},
            v_thresh=_spelled({"threshold": self.threshold}, known)["threshold"],
            reset=_spelled(self.reset, known),
            tau_ref=duration,
            refractory=rule or period or "hold",
            input_unit=way.input_unit(self.input_unit),
        )
        if way.powers:
            check_dimensions(neuron, way.powers)
        return neuron


def _spelled(table: dict[str, Any], known: Constants) -> dict[str, Any]:
    return {
        name: spell_out(value, known) if isinstance(value, str) else value for name, value in table.items()
    }


@attrs.frozen
class NeuronTable(Neuron):
    """The table [neuron]: its channels, its synapses and its calcium stand apart."""
