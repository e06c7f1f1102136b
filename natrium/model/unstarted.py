"""A neuron wherever it starts: what many runs of one neuron from many states have in common."""

from __future__ import annotations

from functools import cache, lru_cache
from typing import Any, Self

import attrs


@attrs.frozen(cache_hash=True)
class Unstarted:
    """A `Neuron`, equal to all that differ from it in where they start only.

    Attributes
    ----------
    facts : tuple
        All else that it is.
    neuron : Neuron
        One of them.
    """

    facts: tuple[Any, ...]
    neuron: Any = attrs.field(eq=False)

    @classmethod
    def of(cls, neuron: Any) -> Self:
        """Take a neuron without its start."""
        channels = tuple(
            (
                _facts(channel, ("gates", "scheme")),
                tuple(_facts(gate, ("initial",)) for gate in channel.gates),
                channel.scheme and _facts(channel.scheme, ("initial",)),
            )
            for channel in neuron.channels
        )
        synapses = tuple(_facts(synapse, ("initial",)) for synapse in neuron.synapses)
        calcium = neuron.calcium and _facts(neuron.calcium, ("initial",))
        own = _facts(neuron, ("v_init", "channels", "synapses", "calcium"))
        return cls((own, channels, synapses, calcium), neuron)


@lru_cache(maxsize=512)
def forget_start(neuron: Any) -> Any:
    """Give the same `Neuron` for all that differ in where they start only: the first one that was asked."""
    return _first_of(Unstarted.of(neuron))


@lru_cache(maxsize=512)
def _first_of(unstarted: Unstarted) -> Any:
    return unstarted.neuron


def _facts(one: Any, but: tuple[str, ...]) -> tuple[Any, ...]:
    kind: Any = type(one)
    return (kind, *(getattr(one, name) for name in _names(kind, but)))


@cache
def _names(kind: Any, but: tuple[str, ...]) -> tuple[str, ...]:
    """Name the fields by which objects of a class are equal, but some."""
    return tuple(field.name for field in attrs.fields(kind) if field.eq and field.name not in but)
