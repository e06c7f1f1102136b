"""A model's input as what can be written down: expressions of t within windows, and tables of samples."""

from __future__ import annotations

import math
from collections.abc import Iterator

import attrs
import numpy as np
import sympy

from natrium.model import Gaussian, Ramp, Sine, Stimulus, UnsupportedModel
from natrium.model.expressions.exprel import whole
from natrium.model.expressions.expression import constant_symbol
from natrium.model.stimuli.signals import Formula
from natrium.model.stimuli.stimulus import breakpoints

T = constant_symbol("t")
MOST_SAMPLES = 200_000  # in a file that people are to open


@attrs.frozen
class Window:
    """From when until when an input is there: [start, stop), ms; None does not bind."""

    start: float | None = None
    stop: float | None = None

    def holds(self, t: float) -> bool:
        """Tell whether a time is within."""
        return (self.start is None or self.start <= t) and (self.stop is None or t < self.stop)

    def conditions(self, begun: str, ended: str) -> list[str]:
        """Write what holds within, by forms such as ``"at >= {}"`` and ``"at < {}"``; nothing if all does."""
        bounds = ((begun, self.start), (ended, self.stop))
        return [form.format(repr(float(bound))) for form, bound in bounds if bound is not None]


@attrs.frozen
class Curve:
    """An expression of `T` (ms) within a window; mV."""

    value: sympy.Expr
    window: Window
    kind: str


@attrs.frozen
class Table:
    """Samples within a window: each holds until the next, or straight lines join them; mV."""

    times: tuple[float, ...]
    values: tuple[float, ...]
    lines: bool
    window: Window
    kind: str


Part = Curve | Table


def parts_of(stimulus: Stimulus, t_start: float, t_end: float) -> Iterator[Part]:
    """Give what one input is made of, on a span.

    Raises
    ------
    UnsupportedModel
        When it is a Python function, or holds more samples than a file should.
    """
    window = Window(stimulus.start, stimulus.stop)
    if stimulus.flat:
        if stimulus.kind == "pulses":
            yield _flat(stimulus, t_start, t_end)
        else:
            yield Curve(sympy.Float(stimulus(_within(window))), window, stimulus.kind)
    elif isinstance(stimulus, Ramp):
        begin = sympy.Float(stimulus.start or 0.0)
        yield Curve(sympy.Float(stimulus.slope) * (T - begin), window, stimulus.kind)
        if stimulus.hold and stimulus.stop is not None:
            last = stimulus.slope * (stimulus.stop - (stimulus.start or 0.0))
            yield Curve(sympy.Float(last), Window(stimulus.stop), stimulus.kind)
    elif isinstance(stimulus, Sine):
        turned = sympy.Float(2e-3 * math.pi * stimulus.frequency) * T + sympy.Float(stimulus.phase)
        wave = sympy.Float(stimulus.amplitude) * sympy.sin(turned)
        yield Curve(sympy.Float(stimulus.offset) + wave, window, stimulus.kind)
    elif isinstance(stimulus, Gaussian):
        x = (T - sympy.Float(stimulus.center)) / sympy.Float(stimulus.sigma)
        yield Curve(sympy.Float(stimulus.amplitude) * sympy.exp(-x * x / 2), window, stimulus.kind)
    elif isinstance(formula := stimulus.series(), Formula):
        value = whole(formula.value.symbolic.xreplace({formula.value.symbol: T}))
        yield Curve(value, window, stimulus.kind)
    elif (samples := stimulus.samples_in(t_start, t_end)) is not None:
        if samples.times.size:
            yield _table(samples.times, samples.values, samples.lines, window, stimulus.kind)
    elif not any(True for _ in stimulus.kicks()) and not _is_silent(stimulus):
        raise UnsupportedModel(
            f"an input must be an expression of t or samples to be written down, got a Python function "
            f"({type(stimulus).__name__}): give it as Formula or Samples"
        )


def _is_silent(stimulus: Stimulus) -> bool:
    return stimulus.kind in ("spikes", "poisson")


def _within(window: Window) -> float:
    if window.start is not None:
        return window.start
    return 0.0 if window.stop is None else window.stop - 1.0


def _flat(stimulus: Stimulus, t_start: float, t_end: float) -> Table:
    """Give pulses by their edges."""
    edges = np.array(breakpoints(stimulus, t_start, t_end)[:-1])
    values = np.array([stimulus(time) for time in edges.tolist()])
    return _table(edges, values, False, Window(), stimulus.kind)


def _table(times: np.ndarray, values: np.ndarray, lines: bool, window: Window, kind: str) -> Table:
    if times.size > MOST_SAMPLES:
        raise UnsupportedModel(
            f"a file may hold at most {MOST_SAMPLES} samples of an input, got {times.size} of {kind!r}: "
            "shorten the run"
        )
    return Table(tuple(times.tolist()), tuple(values.tolist()), lines, window, kind)
