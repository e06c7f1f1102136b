"""What a run went through: stretches without a jump, and the spikes that end them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Self

import attrs
import numpy as np

from natrium.model.arrays import Array


@attrs.frozen(eq=False)
class Event:
    """One spike.

    Attributes
    ----------
    time : float
        ms.
    before, after : ndarray, shape (n_states,)
        State just before and just after the reset.
    slope : float
        dV/dt at the crossing, mV/ms.
    """

    time: float
    before: Array
    after: Array
    slope: float


@attrs.frozen(eq=False)
class Segment:
    """A stretch of time without a jump inside.

    Attributes
    ----------
    begin, end : float
        ms.
    knots : ndarray, shape (n_knots,)
        The solver's own times within it, ms after `begin`.
    values : ndarray, shape (n_states, n_knots)
        States there.
    state : callable
        From times after `begin`, shape (n_times,), to states, shape (n_states, n_times).
    """

    begin: float
    end: float
    knots: Array
    values: Array
    state: Callable[[Array], Array]

    def at(self, times: Array) -> Array:
        """Give the states at times of the run, within it up to rounding: shape (n_states, n_times)."""
        return self.state(np.minimum(np.maximum(times - self.begin, 0.0), self.knots[-1]))


Tell = Callable[[], tuple[Sequence[Segment], Sequence[Event]]]


class History:
    """Segments and events of a run, in order; a solver may put off telling them until they are asked for.

    Parameters
    ----------
    spike_times : ndarray, shape (n_spikes,)
        ms; known at once.
    tell : callable
        Gives segments and events; called when one of them is first wanted, and then let go.
    """

    __slots__ = ("_known", "_tell", "spike_times")

    def __init__(self, spike_times: Array, tell: Tell) -> None:
        self.spike_times = spike_times
        self._tell: Tell | None = tell
        self._known: tuple[tuple[Segment, ...], tuple[Event, ...]] | None = None

    @classmethod
    def of(cls, segments: Sequence[Segment], events: Sequence[Event]) -> Self:
        """Give what is known already."""
        return cls(np.array([event.time for event in events]), lambda: (segments, events))

    def __reduce__(self) -> Any:
        """Copy what is told, not how."""
        return History.of, (self.segments, self.events)

    @property
    def segments(self) -> tuple[Segment, ...]:
        """The stretches between jumps."""
        return self._told()[0]

    @property
    def events(self) -> tuple[Event, ...]:
        """The spikes."""
        return self._told()[1]

    def _told(self) -> tuple[tuple[Segment, ...], tuple[Event, ...]]:
        tell = self._tell
        if tell is not None:
            segments, events = tell()
            self._known, self._tell = (tuple(segments), tuple(events)), None
        assert self._known is not None
        return self._known
