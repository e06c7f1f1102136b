"""One parameter of a neuron or of its constant input, along which something is followed."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import attrs
import numpy as np

from natrium.model import AnyNeuron, Constant, HybridSystem, ModelError, Number, Sum, check_neuron, choose
from natrium.model.arrays import Array
from natrium.model.leak import InputUnit, input_unit
from natrium.model.parameter import Parameter
from natrium.model.scales import scales_of, size_of, state_scales

# What is one unit of length of a state: a part of its range, at least of its size, and of its scale.
PART, LEAST, NONE = 0.15, 1e-3, 1e-9
OF_START = "v_init"  # moves no cycle


@attrs.frozen
class Axis:
    """A neuron at a constant input, of which one parameter moves."""

    neuron: AnyNeuron
    input: float  # mV; where the parameter is the input itself, one of its values
    parameter: Parameter
    name: str  # as it was asked for: ``"I"``, ``"g_Na"``, ``"tau_ref"``, ...
    # Further parameters that stand, by which a cycle's equations are differentiated as well.
    others: tuple[Axis, ...] = ()

    @property
    def all(self) -> tuple[Axis, ...]:
        """All E parameters that equations are differentiated by."""
        return self, *self.others

    @property
    def of_input(self) -> bool:
        """Whether it is the input that moves."""
        return self.parameter.part is not None

    @property
    def value(self) -> float:
        """The parameter's own value."""
        return self.input if self.of_input else float(self.parameter.value)

    def size(self, value: float) -> float:
        """Give what relative steps of the parameter are of at a value."""
        return scales_of(self.neuron).of_input(value) if self.of_input else size_of(value)

    @property
    def unit(self) -> InputUnit | None:
        """What the parameter is told in where it is the input."""
        return input_unit(self.neuron) if self.of_input else None

    @property
    def label(self) -> str:
        """The parameter's name with its unit, as a column is called: ``"I_mV"``."""
        unit = "mV" if self.of_input else self.parameter.unit
        return f"{self.name}_{unit}".rstrip("_")

    def show(self, value: float, digits: str = ".6g") -> str:
        """Write the parameter with a value: ``"I = 6.26 uA/cm^2"``."""
        if self.of_input:
            return f"{self.name} = {input_unit(self.neuron).show(value, digits)}"
        return f"{self.name} = {value:z{digits}} {self.parameter.unit}".rstrip()

    def at(self, value: float) -> tuple[AnyNeuron, float]:
        """Give neuron and input where the parameter has a value.

        Raises
        ------
        ModelError
            When the value breaks a rule of the neuron.
        """
        if self.of_input:
            return self.neuron, float(value)
        return self.neuron.changed({self.parameter.name: float(value)}), self.input

    def holds(self, value: float) -> bool:
        """Tell whether the neuron may have the value."""
        try:
            self.at(value)
        except ModelError:
            return False
        return True

    def system(self, neuron: AnyNeuron) -> HybridSystem:
        """Give a neuron's system in which all parameters have a symbol."""
        return neuron.system_by(tuple(one.parameter.name for one in self.all if one.parameter.structural))

    def by_parameters(self, system: HybridSystem) -> Array:
        """Give the derivative of the system's parameters, shape (n_parameters, E)."""
        names = [symbol.name for symbol in system.parameters]
        columns = [[float(name == one.parameter.symbol) for one in self.all] for name in names]
        return np.array(columns).reshape(len(names), len(self.all))


def axis_of(neuron: AnyNeuron, I: float, name: str) -> Axis:
    """Find a parameter of a neuron, or its constant input, by name.

    Raises
    ------
    ModelError
        When there is none, or it is a whole number, or moves no cycle.
    """
    check_neuron(neuron)
    Number("mV").check("I", I)
    parameter: Any = choose(neuron, Sum((Constant(float(I)),)), [name])[name]
    if parameter.name == OF_START or parameter.whole or not parameter.smooth:
        raise ModelError(
            f"a parameter to follow cycles in must move them smoothly, got {name}: choose another"
        )
    return Axis(neuron, float(I), parameter, name)


@lru_cache(maxsize=256)
def silenced(neuron: AnyNeuron) -> AnyNeuron:
    """Give a neuron without its threshold: its flow goes on."""
    if not neuron.fires:
        return neuron
    silent: AnyNeuron = attrs.evolve(neuron, v_thresh=None)  # type: ignore[misc]  # neurons are attrs classes
    return silent


def sizes_of(neuron: AnyNeuron, states: Array, none: float = NONE) -> Array:
    """Give a unit of length of each state, from states along a cycle, shape (n_states, n_times)."""
    least = LEAST * np.abs(states).max(axis=1) + none * np.array(state_scales(neuron))
    return np.asarray(np.maximum(PART * np.ptp(states, axis=1), least))
