"""Incoming spikes: at given times a state jumps, that of a synapse or V itself."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any, ClassVar

import attrs
import numpy as np

from natrium.model.checks import Count, Numbers, as_float, show
from natrium.model.errors import StimulusError
from natrium.model.stimuli.drive import Drive
from natrium.model.stimuli.signals import _floats
from natrium.model.stimuli.stimulus import WINDOW, Kick, Stimulus, number_field, number_rule

MOST_SPIKES = 1_000_000


def _check_target(instance: Any, attribute: Any, value: Any) -> None:
    if not isinstance(value, str) or not value:
        raise StimulusError(f'target must be the name of a state, such as "V" or "exc.s", got {show(value)}')


@attrs.frozen
class _Incoming(Stimulus):
    """Base of spikes that come in; `kicks` gives them."""

    def drive(self, t: float) -> Drive:
        """Give no input: it comes by way of the state."""
        return Drive()

    def edges(self, t_start: float, t_end: float) -> Iterator[float]:
        """Give the window's edges and the time of every spike."""
        yield from super().edges(t_start, t_end)
        yield from (kick.time for kick in self.kicks())


@attrs.frozen
class Spikes(_Incoming):
    """Spikes that come in: at each a state of the neuron grows by the weight.

    Of a `Synapse` it is the state that opens it. With ``target="V"`` each spike moves V itself, but not
    while it is held.

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

    times: tuple[float, ...] = attrs.field(
        converter=_floats, validator=Numbers(increasing=True, error=StimulusError)
    )
    target: str = attrs.field(validator=_check_target)
    weight: float = number_field("", short="weight", meaning="by how much a state grows at each spike")
    delay: float = number_field("ms", default=0.0, short="delay", meaning="of all spikes")

    def kicks(self) -> Iterator[Kick]:
        """Give each spike within the window."""
        for time in self.times:
            at = time + self.delay
            if self.active(at):
                yield Kick(at, self.target, self.weight)


@attrs.frozen(slots=False)
class Poisson(_Incoming):
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
    target: str = attrs.field(validator=_check_target)
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
