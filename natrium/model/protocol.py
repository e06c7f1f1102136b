"""What every neuron gives: whatever lowers to a hybrid system so is welcome to all solvers and analyses."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache, wraps
from typing import Any, Protocol, TypeVar

import attrs

from natrium.model.errors import ModelError
from natrium.model.hybrid import HybridSystem
from natrium.model.parameter import Parameter
from natrium.model.rates import Range


class AnyNeuron(Protocol):
    """A neuron: `Neuron`, `HybridNeuron`, or another kind with these."""

    def __hash__(self) -> int:
        """Neurons are frozen: what follows from one is kept."""

    @property
    def input_unit(self) -> str:
        """The unit of its input, as text; empty where it is what the equations make of it."""

    @property
    def system(self) -> HybridSystem:
        """The neuron as a symbolic hybrid system."""

    def system_by(self, names: tuple[str, ...]) -> HybridSystem:
        """Give the system with those parameters as symbols that are numbers in its equations otherwise."""

    @property
    def fires(self) -> bool:
        """Whether there is a threshold."""

    @property
    def v_thresh(self) -> float:
        """The threshold, mV; infinity without one. What asks for it where it moves is refused."""

    @property
    def tau_ref(self) -> float:
        """The refractory period, ms."""

    @property
    def origin(self) -> float:
        """The voltage from which solvers measure V, mV."""

    @property
    def gap(self) -> float:
        """Input less the input as solvers take it."""

    @property
    def of_channels(self) -> bool:
        """Whether it is a sum of channels, each rate known as it was written."""

    @property
    def is_leaky(self) -> bool:
        """Whether it is the leaky membrane alone, whose course is known in closed form."""

    @property
    def landmarks(self) -> tuple[float, ...]:
        """The voltages, threshold apart, around which it lives: rest or start first, reset last; mV."""

    @property
    def starts_steady(self) -> tuple[bool, ...]:
        """For each state, whether it starts at its steady state at the initial V."""

    @property
    def below_threshold(self) -> tuple[str, ...]:
        """Names of the parameters that must lie below the threshold."""

    @property
    def rate_ranges(self) -> tuple[tuple[str, Range], ...]:
        """Of each rate that does not keep its rules everywhere, the gate and where it does."""

    def equilibrium_bounds(self, I: float) -> tuple[float, ...]:
        """Give voltages whose range holds every equilibrium at a constant input, mV; none where unknown."""

    def initial_state(self) -> tuple[float, ...]:
        """Give the state at the start, V in mV first."""

    def numbers(self) -> dict[str, Parameter]:
        """Give its parameters by name."""

    def changed(self, values: Mapping[str, float]) -> Any:
        """Give the same neuron with other values of some parameters."""

    def started(self, state: Sequence[float]) -> Any:
        """Give the same neuron, starting from another state."""


def in_input(value: str, unit: str) -> str:
    """Write an input's value with its unit, where it has one: what equations make of theirs they know."""
    return f"{value} {unit}".rstrip()


_MEMBERS = tuple(name for name in vars(AnyNeuron) if not name.startswith("_"))
R = TypeVar("R")


def per_neuron(maxsize: int) -> Callable[[Callable[[Any], R]], Callable[[Any], R]]:
    """Keep what follows from a neuron alone; what is no neuron is refused before it is looked up."""

    def keep(function: Callable[[Any], R]) -> Callable[[Any], R]:
        kept = lru_cache(maxsize)(function)

        @wraps(function)
        def ask(neuron: Any) -> R:
            check_neuron(neuron)
            return kept(neuron)

        return ask

    return keep


@lru_cache(maxsize=64)
def _left_to_each(kind: type) -> tuple[str, ...] | None:
    """Name the members that each object of a class has as fields of its own; None where it lacks others."""
    if not attrs.has(kind):
        return None
    own = tuple(name for name in _MEMBERS if inspect.getattr_static(kind, name, None) is None)
    return own if attrs.fields_dict(kind).keys() >= set(own) else None


def check_neuron(neuron: object) -> None:
    """Refuse what is no neuron: it has all of these, and is an attrs class, whose fields are its facts.

    Raises
    ------
    ModelError
        Naming what was received.
    """
    kind: Any = type(neuron)
    left = _left_to_each(kind)
    if left is not None and all(getattr(neuron, name, None) is not None for name in left):
        return
    known = (inspect.getattr_static(neuron, name, None) for name in _MEMBERS)  # nothing is evaluated
    if isinstance(neuron, type) or any(one is None for one in known):
        raise ModelError(f"neuron must be a Neuron, got {type(neuron).__name__}")
    if not attrs.has(type(neuron)):
        raise ModelError(
            f"a neuron must be of an attrs class, got {type(neuron).__name__}: decorate it with @attrs.frozen"
        )
