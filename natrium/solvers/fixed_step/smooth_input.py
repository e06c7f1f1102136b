"""An input as steps read it."""

from __future__ import annotations

import math
from bisect import bisect_right
from functools import cache

import numpy as np

from natrium.model import Span, Stimulus, Sum, smooth_spans
from natrium.model.stimuli.stimulus import edges_of

_ROUNDING = 1e-9  # of a time and 1 ms: nearer to an edge, a part alone tells on which side of it a time is
POINTS = 6  # of Gauss-Legendre quadrature, for the mean of a smooth input


@cache
def _quadrature() -> list[tuple[float, float]]:
    """Give nodes on [0, 1] and weights; made when first asked for."""
    nodes, weights = np.polynomial.legendre.leggauss(POINTS)
    return list(zip((0.5 * nodes + 0.5).tolist(), (0.5 * weights).tolist(), strict=True))


class SmoothInput:
    """An input cut at its edges and kinks, once for a run.

    Parameters
    ----------
    stimulus : Stimulus
    begin, end : float
        ms.
    """

    def __init__(self, stimulus: Stimulus, begin: float, end: float) -> None:
        self.spans = list(smooth_spans(stimulus, begin, end))
        self.ends = [span.end for span in self.spans[:-1]]  # the last one goes on
        self.levels: dict[int, float | None] = {}  # of spans met: the input, None where it is not constant

    def span_at(self, time: float) -> Span:
        """Give the span that a time lies in, or begins."""
        return self.spans[bisect_right(self.ends, time)]

    def mean(self, begin: float, end: float) -> float:
        """Average the input over [begin, end], edges within it exactly."""
        total, t, place = 0.0, begin, bisect_right(self.ends, begin)
        while t < end:
            until = min(end, self.ends[place]) if place < len(self.ends) else end
            total += (until - t) * self._mean_within(place, t, until - t)
            t, place = until, place + 1
        return total / (end - begin)

    def _mean_within(self, place: int, begin: float, length: float) -> float:
        if place not in self.levels:
            drive = self.spans[place].drive(begin)
            self.levels[place] = drive.level if drive.is_constant else None
        level = self.levels[place]
        if level is None:
            drive = self.spans[place].drive(begin)
            return math.fsum(w * drive(x * length) for x, w in _quadrature())
        return level


class Level:
    """The input at a time; between two edges a constant one is asked for once."""

    def __init__(self, stimulus: Sum, strict: bool, begin: float, end: float) -> None:
        self._parts, self._strict = stimulus.parts, strict
        self._edges = [-math.inf, *edges_of(stimulus, begin, end).tolist(), math.inf]
        self._after = self._until = -math.inf  # within which `_value` holds
        self._value: float | None = None  # None: the input is not constant there

    def __call__(self, t: float) -> float:
        """Give the input at `t` ms, mV."""
        known = self._after < t < self._until
        if known and self._value is not None:
            return self._value
        value = sum(part(t, strict=self._strict) for part in self._parts)
        if not known:
            k, margin = bisect_right(self._edges, t), _ROUNDING * (1.0 + abs(t))
            after, until = self._edges[k - 1] + margin, self._edges[k] - margin
            if after < t < until:
                drives = (part.piece(t, strict=self._strict) for part in self._parts)
                self._value = value if all(drive.is_constant for drive in drives) else None
                self._after, self._until = after, until
        return value
