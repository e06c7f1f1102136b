"""Noise as an input: drawn once from a seed, frozen on a grid, the same for every solver."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator
from functools import cached_property
from typing import Any, Literal

import attrs
import numpy as np

from natrium.model.arrays import Array
from natrium.model.checks import Choice, Count, as_float, is_real
from natrium.model.errors import StepLimit, StimulusError
from natrium.model.stimuli.drive import Drive
from natrium.model.stimuli.stimulus import (
    SampledInput,
    Stimulus,
    amplitude_field,
    number_rule,
    optional_rule,
)
from natrium.model.stimuli.waveforms import MAX_EDGES, Constant

BLOCK = 4096  # samples drawn at once
MAX_SAMPLES = 20_000_000  # on each side of the grid's origin: 160 MB
MAX_SEED = 2**63 - 1  # the largest whole number of a model file
FARTHEST = 40.0  # standard deviations: no normal number drawn from doubles is beyond
LEAST_STEP = 4.0  # of the grid, in units in the last place of its origin


def _as_whole(value: Any) -> Any:
    """Make a whole number an int, of whatever type it is; leave all else for the rule to refuse."""
    return int(value) if is_real(value) and math.isfinite(value) and value == int(value) else value


@attrs.frozen
class Noise(Stimulus):
    r"""Ornstein-Uhlenbeck noise, and white noise as its limit, as samples drawn once from a seed.

    The samples lie at ``start + k step`` (at ``k step`` where no start is given; then k runs over
    negative numbers too) and obey, exactly and from the stationary law on,

    .. math:: x_{k+1} = \mu + \rho (x_k - \mu) + \sigma \sqrt{1 - \rho^2}\, \xi_k, \qquad
              \rho = e^{-step/\tau}, \quad \xi_k \sim N(0, 1).

    They depend on `seed`, `step`/`tau`, `sigma` and `mean` alone: a longer run goes on with the same input,
    another solver sees the same, and spike times stay exact between samples. Give `sigma` or `intensity`,
    whichever is to stay when `step` and `tau` change; each follows from the other:

    .. math:: intensity^2 = \sigma^2\, step\, \frac{1 + \rho}{1 - \rho} \;\to\; 2 \sigma^2 \tau
              \quad (step \ll \tau), \qquad = \sigma^2\, step \quad (\tau = 0).

    With ``tau=0`` the samples are independent. Given by `intensity` they are white noise for all that is
    slower than `step`: a membrane without threshold varies by intensity/sqrt(2 tau_m) mV.

    Parameters
    ----------
    mean : float
        mV.
    sigma : float, optional
        Standard deviation of the samples, mV.
    tau : float
        Correlation time, ms; 0 for white noise.
    intensity : float, optional
        Instead of sigma: the integral of noise less mean over a long time T has the variance
        intensity^2 T; mV ms^(1/2).
    step : float
        Distance of samples, ms.
    seed : int
        From 0 on; another seed is another noise.
    interpolation : {"hold", "linear"}
        ``hold``: each sample until the next one. ``linear``: joined by straight lines.

    Raises
    ------
    StimulusError
        When a value is out of range, or not one of sigma and intensity is given.

    Notes
    -----
    `step` is part of the model, and its error is a choice. Between samples the process itself would leave
    the frozen input by a mean square of sigma^2 step/tau when held, a third of it with lines (both for
    step well below tau). Of a membrane under held white noise the variance is
    tanh(x)/x, x = step/(2 tau_m), of white noise's own. V passes the threshold later than under true white
    noise, as if that lay higher: see `natrium.siegert_rate`.

    The samples are NumPy's: `Generator` over `PCG64`, seeded by a `SeedSequence`. They are not kept in
    model files or pickles, but drawn again.

    References
    ----------
    .. [1] D. T. Gillespie, "Exact numerical simulation of the Ornstein-Uhlenbeck process and its
       integral", Phys. Rev. E 54 (1996) 2084-2091, eq. 1.9. https://doi.org/10.1103/PhysRevE.54.2084
    """

    kind = "noise"
    rough = ("seed", "tau", "start")  # no number to differentiate by; tau and start move each sample
    mean: float = amplitude_field(default=0.0, short="mean", meaning="mean")
    sigma: float | None = attrs.field(
        default=None,
        converter=attrs.converters.optional(as_float),
        validator=optional_rule("mV", low=0.0, short="sigma", meaning="standard deviation"),
    )
    tau: float = attrs.field(
        kw_only=True,
        converter=as_float,
        validator=number_rule("ms", low=0.0, short="tau", meaning="correlation time"),
    )
    intensity: float | None = attrs.field(
        default=None,
        kw_only=True,
        converter=attrs.converters.optional(as_float),
        validator=optional_rule(
            "mV ms^(1/2)", low=0.0, short="intensity", meaning="root of its integral's variance per time"
        ),
    )
    step: float = attrs.field(
        kw_only=True, converter=as_float, validator=number_rule("ms", low=0.0, open_low=True)
    )
    seed: int = attrs.field(
        kw_only=True,
        converter=_as_whole,
        validator=Count(0, MAX_SEED, error=StimulusError, short="seed", meaning="seed"),
    )
    interpolation: Literal["hold", "linear"] = attrs.field(
        default="hold", kw_only=True, validator=Choice(("hold", "linear"), error=StimulusError)
    )

    def __attrs_post_init__(self) -> None:
        """Check that the noise has one strength, and that a double holds it and its grid."""
        super().__attrs_post_init__()
        given = [name for name in ("sigma", "intensity") if getattr(self, name) is not None]
        if len(given) != 1:
            raise StimulusError(f"noise needs sigma or intensity, got {' and '.join(given) or 'none'}")
        if self.step < LEAST_STEP * math.ulp(self._origin):
            raise StimulusError(
                f"step must be at least {LEAST_STEP * math.ulp(self._origin):.3g} ms, so that samples after "
                f"{self._origin!r} ms can be told apart, got {self.step!r} ms"
            )
        largest = abs(self.mean) + FARTHEST * self.sample_sigma
        if not math.isfinite(largest + 2.0 * largest / self.step):
            raise StimulusError(
                f"noise and its slope must be finite, got a mean of {self.mean!r} mV and a standard "
                f"deviation of {self.sample_sigma:.6g} mV in steps of {self.step!r} ms: lower them"
            )

    @property
    def _origin(self) -> float:
        return self.start or 0.0

    @property
    def _steps(self) -> float:
        """One step in correlation times; infinite for white noise."""
        return self.step / self.tau if self.tau else math.inf

    @property
    def correlation(self) -> float:
        """Correlation of two samples that follow each other."""
        return math.exp(-self._steps)

    @property
    def _spread(self) -> float:
        """Intensity over standard deviation of the samples, ms^(1/2)."""
        if not self.tau:
            return math.sqrt(self.step)
        x = self._steps
        return math.sqrt(self.tau * (1.0 + self.correlation) * (x / -math.expm1(-x) if x else 1.0))

    @property
    def sample_sigma(self) -> float:
        """Standard deviation of the samples, mV: `sigma`, or what follows from `intensity`."""
        if self.sigma is not None:
            return self.sigma
        assert self.intensity is not None  # checked
        return self.intensity / self._spread

    @property
    def sample_intensity(self) -> float:
        """Intensity of the frozen input, mV ms^(1/2): `intensity`, or what follows from `sigma`."""
        if self.intensity is not None:
            return self.intensity
        return self.sample_sigma * self._spread

    @cached_property
    def _drawn(self) -> _TwoSided:
        """The samples drawn so far, of mean 0 and standard deviation 1."""
        return _TwoSided(self.seed, self.correlation, math.sqrt(-math.expm1(-2.0 * self._steps)))

    def _time(self, index: int) -> float:
        return self._origin + index * self.step

    def _value(self, index: int) -> float:
        return self.mean + self.sample_sigma * self._drawn.at(index)

    def _index(self, t: float) -> int:
        """Give the sample at or before a time."""
        turns = (t - self._origin) / self.step
        if not abs(turns) <= MAX_SAMPLES:
            raise StepLimit(
                f"noise has at most {MAX_SAMPLES} samples before and after its start, got t = {t!r} ms at a "
                f"step of {self.step!r} ms: give a start near the run, or raise the step"
            )
        index = math.floor(turns)
        while self._time(index) > t:
            index -= 1
        while self._time(index + 1) <= t:
            index += 1
        return index

    def _range(self, t_start: float, t_end: float) -> tuple[int, int]:
        """Give the samples, first and behind the last, that make the input on a span.

        The last one is at or after the span's end: a line leads there.
        """
        first = t_start if self.start is None else max(t_start, self.start)
        last = t_end if self.stop is None else min(t_end, self.stop)
        if not first <= last:
            return 0, 0
        count = (last - first) / self.step
        if not count <= MAX_EDGES:
            raise StepLimit(
                f"noise may have at most {MAX_EDGES} samples within a run, got {count:.6g} of step "
                f"{self.step!r} ms; raise its step or shorten the run"
            )
        end = self._index(last)
        return self._index(first), end + (1 if self._time(end) == last else 2)

    def samples_in(self, t_start: float, t_end: float) -> SampledInput:
        """Give the samples that make the input on a span.

        Parameters
        ----------
        t_start, t_end : float
            ms.

        Returns
        -------
        SampledInput
            From the last sample at or before the span's beginning (or from `start`, if that is later) to the
            first one at or after its end (or after `stop`). None at all where span and window do not meet.

        Raises
        ------
        StepLimit
            When there are too many.
        """
        first, behind = self._range(t_start, t_end)
        times = self._origin + np.arange(first, behind, dtype=float) * self.step
        values = self.mean + self.sample_sigma * self._drawn.between(first, behind)
        return SampledInput(times, values, self.interpolation == "linear")

    def derivative(self, short: str) -> Stimulus | None:
        """Give the derivative by one parameter, edges apart."""
        if short == "mean":
            return Constant(1.0, start=self.start, stop=self.stop)
        if short == "sigma":
            return attrs.evolve(self, mean=0.0, sigma=1.0)
        if short == "intensity":
            return attrs.evolve(self, mean=0.0, intensity=1.0)
        return super().derivative(short)

    def edges(self, t_start: float, t_end: float) -> Iterator[float]:
        """Give the window's edges and every sample's time within the span."""
        yield from super().edges(t_start, t_end)
        for index in range(*self._range(t_start, t_end)):
            yield self._time(index)

    def drive(self, t: float) -> Drive:
        """Give the input on the smooth piece that begins at `t`."""
        index = self._index(t)
        value = self._value(index)
        if self.interpolation == "hold":
            return Drive(level=value)
        begin = self._time(index)
        slope = (self._value(index + 1) - value) / (self._time(index + 1) - begin)
        return Drive(level=value + slope * (t - begin), slope=slope)


class _TwoSided:
    """A stationary sequence z_k, k any whole number: z_{k+1} = decay z_k + kick xi_k, drawn as asked for.

    Backwards it obeys the same law, the process being reversible: each side goes on from z_0 by itself.
    """

    def __init__(self, seed: int, decay: float, kick: float) -> None:
        self.after = _Side(seed, 0, decay, kick, None)
        self.seed, self.decay, self.kick = seed, decay, kick

    @cached_property
    def before(self) -> _Side:
        return _Side(self.seed, 1, self.decay, self.kick, self.after.at(0))

    def at(self, index: int) -> float:
        """Give one of the sequence."""
        return self.after.at(index) if index >= 0 else self.before.at(-index - 1)

    def between(self, first: int, behind: int) -> Array:
        """Give those from `first` on before `behind`, shape (behind - first,)."""
        parts = []
        if first < 0:
            parts.append(self.before.between(max(-behind, 0), -first)[::-1])
        if behind > 0:
            parts.append(self.after.between(max(first, 0), behind))
        return np.concatenate(parts) if parts else np.empty(0)


class _Side:
    """One side, drawn in blocks of fixed size: what is asked for first does not matter."""

    def __init__(self, seed: int, side: int, decay: float, kick: float, last: float | None) -> None:
        sequence = np.random.SeedSequence(seed, spawn_key=(side,))
        self.generator = np.random.Generator(np.random.PCG64(sequence))
        self.decay, self.kick, self.last = decay, kick, last
        self.blocks: list[Array] = []
        self.growing = threading.Lock()

    def at(self, index: int) -> float:
        block, place = divmod(index, BLOCK)
        if block >= len(self.blocks):
            self._grow(block + 1)
        return float(self.blocks[block][place])

    def between(self, first: int, behind: int) -> Array:
        if behind <= first:
            return np.empty(0)
        begin, end = first // BLOCK, (behind - 1) // BLOCK + 1
        self._grow(end)
        found = np.concatenate(self.blocks[begin:end])
        return found[first - begin * BLOCK : behind - begin * BLOCK]

    def _grow(self, count: int) -> None:
        """Draw until there are `count` blocks."""
        from scipy.signal import lfilter

        with self.growing:
            while len(self.blocks) < count:
                block = self.generator.standard_normal(BLOCK)
                if self.decay:
                    rest = block
                    if self.last is None:  # the first of all has the stationary law as it is
                        self.last, rest = float(block[0]), block[1:]
                    rest[:], _ = lfilter([self.kick], [1.0, -self.decay], rest, zi=[self.decay * self.last])
                    self.last = float(block[-1])
                self.blocks.append(block)
