"""The input on one smooth piece of time, in the piece's own time s = t - t_piece."""

from __future__ import annotations

import math
from collections.abc import Callable

import attrs

LOOKBACK = 1e-5  # ms, or of the longest step: over which the slope of a curve is taken


@attrs.frozen
class Wave:
    """One sinusoid, amplitude sin(omega s + phase)."""

    amplitude: float  # mV
    omega: float  # angular frequency, rad per ms
    phase: float  # phase at the start of the piece, rad


@attrs.frozen
class Drive:
    """A smooth input: level + slope s + sinusoids + anything else.

    Attributes
    ----------
    level : float
        mV.
    slope : float
        mV per ms.
    waves : tuple of Wave
    curves : tuple of callable
        Further functions of s (ms) to mV.
    max_step : float
        A step longer than this (ms) might not see the input's features.
    """

    level: float = 0.0
    slope: float = 0.0
    waves: tuple[Wave, ...] = ()
    curves: tuple[Callable[[float], float], ...] = ()
    max_step: float = math.inf

    def __add__(self, other: Drive) -> Drive:
        """Superpose two inputs."""
        return Drive(
            self.level + other.level,
            self.slope + other.slope,
            self.waves + other.waves,
            self.curves + other.curves,
            min(self.max_step, other.max_step),
        )

    @property
    def is_constant(self) -> bool:
        """Whether the input stays at `level`."""
        return not (self.slope or self.waves or self.curves)

    def __call__(self, s: float) -> float:
        """Evaluate the input, mV, so long after the start of the piece, ms."""
        value = self.level + self.slope * s
        for wave in self.waves:
            value += wave.amplitude * math.sin(wave.omega * s + wave.phase)
        for curve in self.curves:
            value += curve(s)
        return value

    def rate(self, s: float) -> float:
        """Give how fast the input changes, mV per ms; of `curves` by a difference over what is before.

        Parameters
        ----------
        s : float
            Time since the start of the piece, ms.
        """
        value = self.slope
        for wave in self.waves:
            value += wave.amplitude * wave.omega * math.cos(wave.omega * s + wave.phase)
        back = LOOKBACK * (self.max_step if math.isfinite(self.max_step) else 1.0)
        for curve in self.curves:
            value += (curve(s) - curve(s - back)) / back
        return value
