"""Stimuli given by a few numbers: constants, steps, pulses, ramps, sines, bumps."""

from __future__ import annotations

import math
from collections.abc import Iterator

import attrs

from natrium.model.checks import Count, Flag, Optional
from natrium.model.errors import StepLimit, StimulusError
from natrium.model.stimuli.drive import Drive, Wave
from natrium.model.stimuli.signals import Custom
from natrium.model.stimuli.stimulus import MovingEdge, Stimulus, Term, amplitude_field, number_field

# Beyond this many sigma a Gaussian is below 1.3e-14 of its height: no step need look for it there.
GAUSSIAN_REACH = 8.0
MAX_EDGES = 2_000_000
MAX_FREQUENCY = 1e15  # Hz, that of light: no run resolves it, and its phase still fits a double


@attrs.frozen
class Constant(Stimulus):
    """The same input all the time (or within its window).

    Parameters
    ----------
    amplitude : float
        mV.
    """

    kind = "constant"
    flat = True
    amplitude: float = amplitude_field()

    def drive(self, t: float) -> Drive:
        """Give the input on the smooth piece that begins at `t`."""
        return Drive(level=self.amplitude)

    def __call__(self, t: float, *, strict: bool = False) -> float:
        """Evaluate the stimulus at one time; scripts are replayed by this, step by step."""
        return self.amplitude + 0.0 if self.active(t, strict=strict) else 0.0  # no minus zero

    def derivative(self, short: str) -> Stimulus | None:
        """Give the derivative by one parameter, edges apart."""
        return attrs.evolve(self, amplitude=1.0) if short == "I" else super().derivative(short)


@attrs.frozen
class Step(Constant):
    """A step: `amplitude` (mV) from `start` to `stop`."""

    kind = "step"


@attrs.frozen
class Pulses(Constant):
    """A train of rectangular pulses.

    Parameters
    ----------
    amplitude : float
        mV.
    width, period : float
        Length of a pulse and time from onset to onset, ms.
    count : int, optional
        How many pulses; by default without end.
    start : float
        First onset, 0 by default, ms.
    """

    kind = "pulses"
    in_order = (*Stimulus.in_order, ("width", "period"))
    only_edges = (*Stimulus.only_edges, "width", "period")
    width: float = number_field("ms", low=0.0, open_low=True, short="width", meaning="length of a pulse")
    period: float = number_field("ms", low=0.0, open_low=True, short="period", meaning="onset to onset")
    count: int | None = attrs.field(
        default=None, validator=Optional(Count(low=0, error=StimulusError), error=StimulusError)
    )

    def __attrs_post_init__(self) -> None:
        """Check that pulses do not overlap."""
        super().__attrs_post_init__()
        if self.width > self.period:
            raise StimulusError(
                f"width must not exceed the period ({self.period!r} ms), got {self.width!r} ms"
            )

    def _onset(self, index: int) -> float:
        return (self.start or 0.0) + index * self.period

    def _turns(self, t: float) -> float:
        return (t - self._onset(0)) / self.period

    def edges(self, t_start: float, t_end: float) -> Iterator[float]:
        """Give both edges of every pulse within the span."""
        yield from super().edges(t_start, t_end)
        # Floats: of a vanishing period there are infinitely many turns.
        first = max(0.0, self._turns(t_start) - 2.0)
        last = self._turns(t_end if self.stop is None else min(t_end, self.stop)) + 2.0
        if self.count is not None:
            last = min(last, self.count)
        if last <= first:
            return
        if not last - first <= MAX_EDGES:
            raise StepLimit(
                f"a pulse train may have at most {MAX_EDGES} pulses within a run, got {last - first:.6g} of "
                f"period {self.period!r} ms; raise its period or shorten the run"
            )
        for index in range(math.floor(first), math.ceil(last)):
            yield self._onset(index)
            yield self._onset(index) + self.width

    def moving_edges(self, short: str, t_start: float, t_end: float) -> Iterator[MovingEdge]:
        """Give both edges of every pulse, at the very doubles that the stimulus itself gives."""
        if short not in ("start", "width", "period"):
            yield from super().moving_edges(short, t_start, t_end)
            return
        first = self.start or 0.0
        until = t_end if self.stop is None else min(t_end, self.stop)
        count = math.ceil(max(0.0, until - first) / self.period) + 1
        for index in range(count if self.count is None else min(count, self.count)):
            onset = self._onset(index)
            shift = {"start": 1.0, "period": float(index), "width": 0.0}[short]
            if onset < until:
                yield MovingEdge(onset, shift)
            if onset + self.width < until:
                yield MovingEdge(onset + self.width, shift + (short == "width"))

    def active(self, t: float, *, strict: bool = False) -> bool:
        """Tell whether `t` is within a pulse and within the window."""
        turns = self._turns(t)
        if not math.isfinite(turns):
            raise StimulusError(
                f"pulses of period {self.period!r} ms cannot be told apart at t = {t!r} ms: raise the period"
            )
        nearest = round(turns)
        return (self.stop is None or t < self.stop) and any(
            (self._onset(index) < t if strict else self._onset(index) <= t)
            and t < self._onset(index) + self.width
            for index in (nearest - 1, nearest)
            if index >= 0 and (self.count is None or index < self.count)
        )


@attrs.frozen
class Ramp(Stimulus):
    """A ramp: slope (t - start).

    Parameters
    ----------
    slope : float
        mV per ms.
    hold : bool
        Keep the last value after `stop`.
    start : float
        Where the ramp is zero, 0 ms by default.
    """

    kind = "ramp"
    slope: float = number_field("mV/ms", short="slope", meaning="slope")
    hold: bool = attrs.field(default=False, validator=Flag(error=StimulusError))

    def __attrs_post_init__(self) -> None:
        """Check that a ramp that holds its last value has one."""
        super().__attrs_post_init__()
        if self.hold and self.stop is None:
            raise StimulusError("hold = true needs a stop, got none: give the end of the ramp")

    def drive(self, t: float) -> Drive:
        """Give the input on the smooth piece that begins at `t`."""
        return Drive(level=self.slope * (t - (self.start or 0.0)), slope=self.slope)

    def piece(self, t: float, *, strict: bool = False) -> Drive:
        """Give the input on the piece that begins at `t`; the held value after `stop`."""
        if self.hold and self.stop is not None and t >= self.stop:
            return Drive(level=self.slope * (self.stop - (self.start or 0.0)))
        return super().piece(t, strict=strict)

    def derivative(self, short: str) -> Stimulus | None:
        """Give the derivative by one parameter, edges apart."""
        if short == "slope":
            return attrs.evolve(self, slope=1.0)
        if short == "start":
            return Constant(-self.slope, start=self.start, stop=None if self.hold else self.stop)
        if short == "stop" and self.hold:
            return Constant(self.slope, start=self.stop)
        return super().derivative(short)


@attrs.frozen
class Sine(Stimulus):
    """A sine: offset + amplitude sin(2 pi f t + phase), t absolute.

    Parameters
    ----------
    amplitude : float
        mV.
    frequency : float
        Hz.
    phase : float
        rad.
    offset : float
        mV.
    """

    kind = "sine"
    amplitude: float = amplitude_field()
    frequency: float = number_field("Hz", low=0.0, high=MAX_FREQUENCY, short="frequency", meaning="frequency")
    phase: float = number_field("rad", default=0.0, short="phase", meaning="phase at t = 0")
    offset: float = amplitude_field(default=0.0, short="offset", meaning="mean")

    def drive(self, t: float) -> Drive:
        """Give the input on the smooth piece that begins at `t`."""
        if self.frequency == 0.0:
            return Drive(level=self.offset + self.amplitude * math.sin(self.phase))
        # Whole turns are dropped before the product with 2 pi is rounded: digits late in time.
        turns = math.fmod(self.frequency * t / 1000.0, 1.0)
        wave = Wave(self.amplitude, 2 * math.pi * self.frequency / 1000.0, 2 * math.pi * turns + self.phase)
        return Drive(level=self.offset, waves=(wave,), max_step=1000.0 / self.frequency / 3.0)

    def derivative(self, short: str) -> Stimulus | None:
        """Give the derivative by one parameter, edges apart."""
        turned = attrs.evolve(self, phase=self.phase + math.pi / 2, offset=0.0)
        if short == "I":
            return attrs.evolve(self, amplitude=1.0, offset=0.0)
        if short == "phase":
            return turned
        if short == "offset":
            return Constant(1.0, start=self.start, stop=self.stop)
        if short == "frequency":
            whole = attrs.evolve(turned, start=None, stop=None)
            step = 1000.0 / self.frequency / 3.0 if self.frequency else 1.0
            return Custom(
                lambda t: 2e-3 * math.pi * t * whole(t), max_step=step, start=self.start, stop=self.stop
            )
        return super().derivative(short)

    def series(self) -> Term:
        """Give what the compiled solver makes its series of."""
        return Term("sine", (self.amplitude, self.frequency, self.phase))


@attrs.frozen
class Gaussian(Stimulus):
    """A bump: amplitude exp(-(t - center)^2/(2 sigma^2)).

    Parameters
    ----------
    amplitude : float
        mV.
    center, sigma : float
        ms.
    """

    kind = "gaussian"
    amplitude: float = amplitude_field()
    center: float = number_field("ms", short="center", meaning="time of the peak")
    sigma: float = number_field("ms", low=0.0, open_low=True, short="sigma", meaning="width")

    def edges(self, t_start: float, t_end: float) -> Iterator[float]:
        """Give the window's edges and where the bump begins and ends to matter."""
        yield from super().edges(t_start, t_end)
        yield self.center - GAUSSIAN_REACH * self.sigma
        yield self.center + GAUSSIAN_REACH * self.sigma

    def drive(self, t: float) -> Drive:
        """Give the input on the smooth piece that begins at `t`."""
        offset, amplitude, sigma = t - self.center, self.amplitude, self.sigma
        near = -GAUSSIAN_REACH * sigma <= offset < GAUSSIAN_REACH * sigma

        def bump(s: float) -> float:
            x = (s + offset) / sigma
            return amplitude * math.exp(-0.5 * x * x) if abs(x) < 40.0 else 0.0  # exp(-800) is 0

        return Drive(curves=(bump,), max_step=sigma if near else math.inf)

    def derivative(self, short: str) -> Stimulus | None:
        """Give the derivative by one parameter, edges apart."""
        if short == "I":
            return attrs.evolve(self, amplitude=1.0)
        if short not in ("center", "sigma"):
            return super().derivative(short)
        power = 1 if short == "center" else 2

        def derivative(t: float) -> float:
            x = (t - self.center) / self.sigma
            if abs(x) > 40.0:  # exp(-800) is 0
                return 0.0
            return self.amplitude / self.sigma * x**power * math.exp(-0.5 * x * x)

        return Custom(derivative, max_step=self.sigma, start=self.start, stop=self.stop)

    def series(self) -> Term:
        """Give what the compiled solver makes its series of."""
        return Term("gaussian", (self.amplitude, self.center, self.sigma))
