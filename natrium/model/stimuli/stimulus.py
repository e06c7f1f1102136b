"""What a stimulus is: zero outside [start, stop), smooth between breakpoints, additive.

Inputs are R I in mV, times in ms. An edge that is not given does not bind. A stimulus knows its edges
and kinks, and its `Drive` on the smooth piece that begins at any time; its pointwise value follows
from these.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, ClassVar, NamedTuple

import attrs
import numpy as np

from natrium.model.arrays import Array
from natrium.model.checks import Number, Optional, as_float, is_real, show
from natrium.model.errors import StimulusError, UnsupportedModel
from natrium.model.parameter import Parameter, fields_of, numbers_of
from natrium.model.stimuli.drive import Drive


def amplitude_field(default: Any = attrs.NOTHING, short: str = "I", meaning: str = "amplitude") -> Any:
    """Make a field for an input in mV."""
    return number_field("mV", default=default, short=short, meaning=meaning)


def number_field(unit: str = "", default: Any = attrs.NOTHING, *, kw_only: bool = False, **facts: Any) -> Any:
    """Make a field for a number that a stimulus is given by; with a `short` name it is a parameter."""
    rule = number_rule(unit, **facts)
    return attrs.field(default=default, kw_only=kw_only, converter=as_float, validator=rule)


def number_rule(unit: str, **facts: Any) -> Number:
    """Make the rule of a stimulus' number."""
    return Number(unit, **facts, error=StimulusError)


def optional_rule(unit: str, **facts: Any) -> Optional:
    """Make the rule of a stimulus' number that may be left out."""
    return Optional(number_rule(unit, **facts), error=StimulusError)


SCALE = Number(short="scale", meaning="factor of the whole input")
WINDOW = ("start", "stop")


@attrs.frozen
class MovingEdge:
    """An edge of a stimulus that moves with one of its numbers.

    Attributes
    ----------
    time : float
        ms.
    velocity : float
        d time / d number.
    """

    time: float
    velocity: float


@attrs.frozen
class Kick:
    """A jump of a state at one time.

    Attributes
    ----------
    time : float
        ms.
    target : str
        The state.
    amount : float
    """

    time: float
    target: str
    amount: float


@attrs.frozen
class Term:
    """A curve as the compiled solver knows its series: a sine or a Gaussian by three numbers each.

    Attributes
    ----------
    kind : {"sine", "gaussian"}
    numbers : tuple of float
        Amplitude, frequency (Hz), phase; or amplitude, center (ms), sigma.
    """

    kind: str
    numbers: tuple[float, float, float]


class SampledInput(NamedTuple):
    """Samples that make an input, the end values going on outside.

    Attributes
    ----------
    times, values : ndarray, shape (n_samples,)
        ms, increasing, and mV.
    lines : bool
        Whether straight lines join them; each holds until the next otherwise.
    """

    times: Array
    values: Array
    lines: bool = False


@attrs.frozen
class Stimulus:
    """Base of the stimuli.

    To write a new kind: give `kind`, the fields (those with a `short` name are its parameters), and `drive`;
    `edges` where it has edges or kinks besides start and stop; `derivative` (or `only_edges`) and
    `moving_edges` for gradients by its parameters; `series`, or `samples_in`, for the compiled solver. A kind
    that is one expression of t and its fields gets all of these from `Curve`. Then list it in
    `natrium.model.stimuli.kinds`.

    Parameters
    ----------
    start, stop : float, optional
        The stimulus is zero outside [start, stop), ms.
    """

    kind: ClassVar[str] = ""
    flat: ClassVar[bool] = False  # on each piece it is its amplitude or nothing
    rough: ClassVar[tuple[str, ...]] = ()  # short names of parameters that spike times have no derivative by
    in_order: ClassVar[tuple[tuple[str, str], ...]] = (WINDOW,)  # fields of which the second is no less
    only_edges: ClassVar[tuple[str, ...]] = WINDOW  # short names of parameters that move edges, nothing else
    together: ClassVar[str] = ""  # the short name of all of `each`

    start: float | None = attrs.field(
        default=None,
        kw_only=True,
        converter=attrs.converters.optional(as_float),
        validator=optional_rule("ms", short="start", meaning="where it begins"),
    )
    stop: float | None = attrs.field(
        default=None,
        kw_only=True,
        converter=attrs.converters.optional(as_float),
        validator=optional_rule("ms", short="stop", meaning="where it ends"),
    )

    def __attrs_post_init__(self) -> None:
        """Check that the window is not reversed."""
        if self.start is not None and self.stop is not None and self.stop < self.start:
            raise StimulusError(f"stop must not be before start ({self.start!r} ms), got {self.stop!r} ms")

    def drive(self, t: float) -> Drive:
        """Give the input on the smooth piece that begins at `t`, as if the window were open."""
        raise NotImplementedError(type(self).__name__)  # pragma: no cover - abstract

    def edges(self, t_start: float, t_end: float) -> Iterator[float]:
        """Give every edge and kink; those outside [t_start, t_end] may be left out."""
        yield from (edge for edge in (self.start, self.stop) if edge is not None)

    def edge_times(self, t_start: float, t_end: float) -> Array:
        """Give the same as an array, of samples without going through them one by one."""
        samples = self.samples_in(t_start, t_end)
        if samples is None:
            return np.fromiter(self.edges(t_start, t_end), dtype=float)
        window = [edge for edge in (self.start, self.stop) if edge is not None]
        return np.concatenate([samples.times, window]) if window else samples.times

    def active(self, t: float, *, strict: bool = False) -> bool:
        """Tell whether `t` is within the window: [start, stop), or (start, stop) when strict."""
        after = self.start is None or (self.start < t if strict else self.start <= t)
        return after and (self.stop is None or t < self.stop)

    def piece(self, t: float, *, strict: bool = False) -> Drive:
        """Give the input on the piece that begins at `t`.

        Parameters
        ----------
        t : float
            A time from which no breakpoint lies before the piece's end, ms.
        strict : bool
            Let the window be open at both ends, as scripts write it (``start < t < stop``).
        """
        return self.drive(t) if self.active(t, strict=strict) else Drive()

    def numbers(self) -> Iterator[Parameter]:
        """Give its parameters by their short names, those of the window last."""
        found = sorted(numbers_of(self), key=lambda one: one.field in WINDOW)
        if hasattr(self, "scaled"):
            found.insert(0, Parameter(SCALE.short, 1.0, SCALE))
        yield from (attrs.evolve(one, smooth=one.short not in self.rough) for one in found)

    def changed(self, values: Mapping[str, float]) -> Stimulus:
        """Give the same input with other values of some parameters, by their short names."""
        part: Any = self
        if SCALE.short in values and hasattr(part, "scaled"):
            part = part.scaled(float(values[SCALE.short]))
        fields = fields_of(self)
        return attrs.evolve(part, **{fields[name]: values[name] for name in values if name in fields})

    def derivative(self, short: str) -> Stimulus | None:
        """Give the derivative by one parameter, edges apart, as an input; None where only edges move.

        Raises
        ------
        UnsupportedModel
            When the kind does not say.
        """
        if short in self.only_edges:
            return None
        raise UnsupportedModel(
            f"a {type(self).__name__} input must say its derivative by {short!r}, got none: write its "
            "`derivative`, or derive the kind from Curve"
        )

    def moving_edges(self, short: str, t_start: float, t_end: float) -> Iterator[MovingEdge]:
        """Give the edges that move with one parameter; those outside the span may be left out."""
        if short in WINDOW:
            yield MovingEdge(getattr(self, short), 1.0)

    def kicks(self) -> Iterator[Kick]:
        """Give the jumps of states that it makes: none, where it is an input alone."""
        return iter(())

    def moving_kicks(self, short: str) -> Iterator[tuple[Kick, float, float]]:
        """Give the jumps that one parameter moves, each with the velocities of its time and of its amount."""
        return iter(())

    def each(self) -> Iterator[Parameter]:
        """Give what is a parameter only where it is asked for: too many to be listed."""
        return iter(())

    def series(self) -> Term | Stimulus | None:
        """Give what the compiled solver makes a curve's series of: a term, a formula, or None."""
        return None

    def samples_in(self, t_start: float, t_end: float) -> SampledInput | None:
        """Give the samples that make the input on a span; None where it is not sampled."""
        return None

    def __call__(self, t: float, *, strict: bool = False) -> float:
        """Evaluate the stimulus at one time.

        Parameters
        ----------
        t : float
            ms.
        strict : bool
            Let the window be open at both ends.

        Returns
        -------
        float
            mV.
        """
        return self.piece(t, strict=strict)(0.0)

    def __add__(self, other: Stimulus) -> Sum:
        """Add two stimuli."""
        return Sum((self, other))


def _flat(parts: Any) -> tuple[Stimulus, ...]:
    if not isinstance(parts, Iterable):
        raise StimulusError(f"parts of a stimulus must be Stimulus objects in a sequence, got {show(parts)}")
    flat: list[Stimulus] = []
    for part in parts:
        if not isinstance(part, Stimulus):
            raise StimulusError(f"a stimulus must be a Stimulus object, got {show(part)}{_meant(part)}")
        flat.extend(part.parts if isinstance(part, Sum) else (part,))
    return tuple(flat)


@attrs.frozen
class Sum(Stimulus):
    """Several stimuli at once.

    Parameters
    ----------
    parts : sequence of Stimulus
        None at all is no input.
    """

    parts: tuple[Stimulus, ...] = attrs.field(default=(), converter=_flat)

    def __attrs_post_init__(self) -> None:
        """Refuse a window: a model file has none for a sum, and a forgotten one would be a silent error."""
        if self.start is not None or self.stop is not None:
            raise StimulusError(
                f"a sum has no window of its own, got start {self.start!r}, stop {self.stop!r}: "
                "give both to its parts"
            )

    def kicks(self) -> Iterator[Kick]:
        """Give the jumps of states that its parts make."""
        for part in self.parts:
            yield from part.kicks()

    def edges(self, t_start: float, t_end: float) -> Iterator[float]:
        """Give the breakpoints of all parts."""
        for part in self.parts:
            yield from part.edges(t_start, t_end)

    def edge_times(self, t_start: float, t_end: float) -> Array:
        """Give the same as an array."""
        parts = [part.edge_times(t_start, t_end) for part in self.parts]
        return parts[0] if len(parts) == 1 else np.concatenate([np.empty(0), *parts])

    def piece(self, t: float, *, strict: bool = False) -> Drive:
        """Superpose the parts."""
        total = Drive()
        for part in self.parts:
            total += part.piece(t, strict=strict)
        return total


def as_stimulus(value: Stimulus | Sequence[Stimulus] | None) -> Sum:
    """Take one stimulus, several, or None (no input) as a sum.

    Raises
    ------
    StimulusError
        When it is none of these.
    """
    if value is None:
        return Sum()
    if isinstance(value, Stimulus):
        return value if isinstance(value, Sum) else Sum((value,))
    if isinstance(value, (list, tuple)):
        return Sum(value)
    raise StimulusError(f"a stimulus must be a Stimulus object or several, got {show(value)}{_meant(value)}")


def _meant(value: object) -> str:
    """Say which stimulus is made of a number, a text, a function or an array."""
    if is_real(value):
        return f": write Constant({show(value)})"
    if isinstance(value, str):
        return f": write Expression({show(value)})"
    if callable(value):
        return ": write Custom(function, max_step=...)"
    return ": write Samples(times, values)" if hasattr(value, "__array__") else ""


@attrs.frozen
class Span:
    """A stretch of time, [begin, end) in ms, on which a stimulus is smooth."""

    stimulus: Stimulus
    begin: float
    end: float

    def drive(self, t: float) -> Drive:
        """Give the input from `t` on, a time of this span up to rounding."""
        return self.stimulus.piece(min(max(t, self.begin), math.nextafter(self.end, -math.inf)))


def edges_of(stimulus: Stimulus, t_start: float, t_end: float) -> Array:
    """Give every edge and kink of a stimulus within [t_start, t_end], these two among them, in order."""
    edges = stimulus.edge_times(t_start, t_end)
    if not np.all(edges[1:] > edges[:-1]):
        edges = np.unique(edges)
    first, behind = np.searchsorted(edges, t_start, side="right"), np.searchsorted(edges, t_end)
    edges = edges[first : max(first, behind)]
    return np.concatenate([[t_start], edges, [t_end]])


def breakpoints(stimulus: Stimulus, t_start: float, t_end: float) -> list[float]:
    """Give the same as a list."""
    found: list[float] = edges_of(stimulus, t_start, t_end).tolist()
    return found


def smooth_spans(stimulus: Stimulus, t_start: float, t_end: float) -> Iterator[Span]:
    """Cut [t_start, t_end] at every edge and kink of a stimulus."""
    for begin, end in pairwise(breakpoints(stimulus, t_start, t_end)):
        yield Span(stimulus, begin, end)
