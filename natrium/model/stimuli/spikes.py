"""Incoming spikes: at given times a state jumps, that of a synapse or V itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any, ClassVar

import attrs
import numpy as np

from natrium.model.checks import Count, Numbers, as_float, show
from natrium.model.errors import StimulusError
from natrium.model.parameter import Parameter
from natrium.model.stimuli.drive import Drive
from natrium.model.stimuli.signals import _floats
from natrium.model.stimuli.stimulus import WINDOW, Kick, MovingEdge, Stimulus, number_field, number_rule

MOST_SPIKES = 1_000_000


def check_target(instance: Any, attribute: Any, value: Any) -> None:
    """Refuse what cannot be the name of a state."""
    if not isinstance(value, str) or not value:
        raise StimulusError(f'target must be the name of a state, such as "V" or "exc.s", got {show(value)}')


@attrs.frozen
class Incoming(Stimulus):
    """Base of spikes that come in; `kicks` gives them, of the fields `target` and `weight` of each kind."""

    def drive(self, t: float) -> Drive:
        """Give no input: it comes by way of the state."""
        return Drive()

    def derivative(self, short: str) -> None:
        """Give the derivative by one parameter: that of no input."""

    def moving_edges(self, short: str, t_start: float, t_end: float) -> Iterator[MovingEdge]:
        """Give no edges: where a spike is let in or not, there is no derivative."""
        return iter(())

    def moving_kicks(self, short: str) -> Iterator[tuple[Kick, float, float]]:
        """Give the spikes that grow with the weight, or come later by the delay."""
        if short in ("weight", "delay"):
            yield from ((kick, float(short == "delay"), float(short == "weight")) for kick in self.kicks())

    def edges(self, t_start: float, t_end: float) -> Iterator[float]:
        """Give the window's edges and the time of every spike."""
        yield from super().edges(t_start, t_end)
        yield from (kick.time for kick in self.kicks())

    def kicks_at(self, times: Iterable[float], delay: float) -> Iterator[Kick]:
        """Give the spikes within the window at some times."""
        own: Any = self
        for time in times:
            if self.active(at := time + delay):
                yield Kick(at, own.target, own.weight)


@attrs.frozen
class Spikes(Incoming):
    """Spikes that come in: at each a state of the neuron grows by the weight.

    Of a `Synapse` it is the state that opens it. With ``target="V"`` each spike moves V itself, but not
    while it is held. Each time is a parameter for gradients and fits: ``time_3_0`` that of spike 3 (from 0
    on) of stimulus 0, ``times_0`` all of them at once.

    Parameters
    ----------
    times : sequence of float
        Strictly increasing, ms.
    target : str
        A synapse, or a state as a run names it: ``"exc"``, ``"V"``, ``"Na.m"``, ``"w"``.
    weight : float
        By how much the state grows, in its own unit.
    delay : float
        Added to all times, ms.

    Examples
    --------
    >>> import natrium
    >>> cell = natrium.Neuron(synapses=[natrium.Synapse("exc", 2.0, 0.0, decay=5.0)])
    >>> natrium.simulate(cell, Spikes([5.0, 8.0], "exc", 0.4), t_end=50.0).n_spikes
    1
    """

    kind = "spikes"
    together = "times"

    times: tuple[float, ...] = attrs.field(
        converter=_floats, validator=Numbers(increasing=True, error=StimulusError)
    )
    target: str = attrs.field(validator=check_target)
    weight: float = number_field("", short="weight", meaning="by how much a state grows at each spike")
    delay: float = number_field("ms", default=0.0, short="delay", meaning="of all spikes")

    def kicks(self) -> Iterator[Kick]:
        """Give each spike within the window."""
        return self.kicks_at(self.times, self.delay)

    def each(self) -> Iterator[Parameter]:
        """Give the time of each spike."""
        for index, time in enumerate(self.times):
            rule = number_rule("ms", short=f"time_{index}", meaning="when a spike comes in")
            yield Parameter(rule.short, time, rule, "times")

    def _which(self, short: str) -> int | None:
        """Give the spike whose time is of this name."""
        digits = short.removeprefix("time_")
        is_one = short.startswith("time_") and digits.isdecimal() and int(digits) < len(self.times)
        return int(digits) if is_one else None

    def moving_kicks(self, short: str) -> Iterator[tuple[Kick, float, float]]:
        """Give the spikes that one parameter moves: one by its own time."""
        yield from super().moving_kicks(short)
        if (which := self._which(short)) is not None and self.active(at := self.times[which] + self.delay):
            yield Kick(at, self.target, self.weight), 1.0, 0.0

    def changed(self, values: Mapping[str, float]) -> Stimulus:
        """Give the same input with other values of some parameters, by their short names."""
        times = list(self.times)
        for short, value in values.items():
            if (which := self._which(short)) is not None:
                times[which] = value
        return super(Spikes, attrs.evolve(self, times=tuple(times))).changed(values)


@attrs.frozen(slots=False)
class Poisson(Incoming):
    """Spikes that come in at random, independently of each other, drawn from a seed.

    Parameters
    ----------
    rate : float
        Hz.
    target : str
        The state that grows at each, as of `Spikes`.
    weight : float
    seed : int
    start, stop : float
        From when on (0 by default) and until when they come, ms; `stop` must be given.
    """

    kind = "poisson"
    rough: ClassVar[tuple[str, ...]] = ("rate", "seed", *WINDOW)  # other numbers make other spikes

    rate: float = attrs.field(
        converter=as_float, validator=number_rule("Hz", low=0.0, short="rate", meaning="how many a second")
    )
    target: str = attrs.field(validator=check_target)
    weight: float = number_field("", short="weight", meaning="by how much a state grows at each spike")
    seed: int = attrs.field(
        default=0, validator=Count(0, 2**63 - 1, short="seed", meaning="of the draw", error=StimulusError)
    )

    def __attrs_post_init__(self) -> None:
        """Check that there is an end, and not too much until then."""
        super().__attrs_post_init__()
        if self.stop is None:
            raise StimulusError("spikes at random need a stop (ms), got none")
        expected = self.rate * (self.stop - self._begin) * 1e-3
        if expected > MOST_SPIKES:
            raise StimulusError(
                f"at most {MOST_SPIKES} spikes may come in, got about {expected:.3g}: stop earlier"
            )

    @property
    def _begin(self) -> float:
        return 0.0 if self.start is None else self.start

    @cached_property
    def times(self) -> tuple[float, ...]:
        """When they come, ms."""
        assert self.stop is not None  # as checked
        random = np.random.default_rng(self.seed)
        length = max(self.stop - self._begin, 0.0)
        count = int(random.poisson(self.rate * length * 1e-3))
        return tuple(np.unique(self._begin + length * random.random(count)).tolist())

    def kicks(self) -> Iterator[Kick]:
        """Give each spike."""
        for time in self.times:
            yield Kick(time, self.target, self.weight)
