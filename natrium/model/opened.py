"""Neurons whose equations stay the same while numbers inside their rates change."""

from __future__ import annotations

import attrs

from natrium.model.assembly import system_of
from natrium.model.hybrid import HybridSystem
from natrium.model.neuron import Neuron
from natrium.model.protocol import AnyNeuron


@attrs.frozen
class OpenNeuron(Neuron):
    """A neuron in whose equations some constants of rates, or the temperature, are symbols.

    Parameters
    ----------
    open : tuple of str
        Their names.
    """

    open: tuple[str, ...] = attrs.field(default=(), kw_only=True)

    @property
    def system(self) -> HybridSystem:
        """The neuron as a symbolic hybrid system."""
        return system_of(self, self.open)


def opened(neuron: AnyNeuron, names: tuple[str, ...]) -> AnyNeuron:
    """Give a neuron whose equations are the same for all values of some numbers: compiled once for them.

    Parameters
    ----------
    neuron : Neuron or HybridNeuron
    names : tuple of str
        Of constants of rates, or ``celsius``.
    """
    if not names or not isinstance(neuron, Neuron):
        return neuron
    return OpenNeuron(
        **{field.name: getattr(neuron, field.name) for field in attrs.fields(Neuron)}, open=names
    )
