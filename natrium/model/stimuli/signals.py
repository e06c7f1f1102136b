"""Stimuli given by samples, by an expression of t, or by a Python function."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import Any, ClassVar, Literal

import attrs
import numpy as np
import sympy

from natrium.model.checks import Choice, Number, Numbers, Optional, are_floats, as_float, as_list, show
from natrium.model.errors import StimulusError
from natrium.model.expressions.exprel import whole
from natrium.model.expressions.expression import Expression, as_expression, evaluated
from natrium.model.expressions.smooth import feature_scale
from natrium.model.kernel import lower_expressions
from natrium.model.stimuli.breaks import broken
from natrium.model.stimuli.drive import Drive
from natrium.model.stimuli.stimulus import SCALE, SampledInput, Stimulus, number_field


def _check_callable(instance: Any, attribute: Any, value: Any) -> None:
    if not callable(value):
        raise StimulusError(f"{attribute.name} must be callable, got {show(value)}")


def _floats(values: Any) -> Any:
    """Make a tuple of floats of an array or sequence; leave all else for the rule to refuse."""
    values = as_list(values)
    if not isinstance(values, Sequence) or isinstance(values, (str, bytes)):
        return values
    return tuple(values) if are_floats(values) else tuple(map(as_float, values))


def _as_formula(value: Any) -> Expression:
    return as_expression(value, "t")


@attrs.frozen
class Samples(Stimulus):
    """A sampled input: held, or joined by straight lines; the end values go on outside.

    Parameters
    ----------
    times : sequence of float
        Strictly increasing, ms.
    values : sequence of float
        As many, mV.
    interpolation : {"hold", "linear"}
        ``hold``: each value until the next time.
    """

    kind = "samples"
    times: tuple[float, ...] = attrs.field(
        converter=_floats,
        validator=Numbers(increasing=True, at_least=1, error=StimulusError),
    )
    values: tuple[float, ...] = attrs.field(
        converter=_floats, validator=Numbers(at_least=1, error=StimulusError)
    )
    interpolation: Literal["hold", "linear"] = attrs.field(
        default="hold", validator=Choice(("hold", "linear"), error=StimulusError)
    )

    def __attrs_post_init__(self) -> None:
        """Check that times and values pair up."""
        super().__attrs_post_init__()
        if len(self.times) != len(self.values):
            raise StimulusError(
                f"values must be as many as times ({len(self.times)}), got {len(self.values)}"
            )
        if self.interpolation == "linear":
            times, values, _ = self._samples
            with np.errstate(over="ignore"):
                slopes = np.diff(values) / np.diff(times)
            if not np.isfinite(slopes).all():
                index = int(np.argmin(np.isfinite(slopes)))
                raise StimulusError(
                    f"a line between samples must have a finite slope, got {self.values[index]!r} and "
                    f"{self.values[index + 1]!r} mV at {self.times[index]!r} and "
                    f"{self.times[index + 1]!r} ms: move them apart, or hold the values"
                )

    def scaled(self, factor: float) -> Samples:
        """Give the same input, all of it multiplied by a factor."""
        return attrs.evolve(self, values=tuple(factor * value for value in self.values))

    def derivative(self, short: str) -> Stimulus | None:
        """Give the derivative by one parameter, edges apart."""
        return self if short == SCALE.short else super().derivative(short)

    @cached_property
    def _samples(self) -> SampledInput:
        return SampledInput(np.array(self.times), np.array(self.values), self.interpolation == "linear")

    def samples_in(self, t_start: float, t_end: float) -> SampledInput:
        """Give the samples that make the input on a span: all of them."""
        return self._samples

    def _slope(self, index: int) -> float:
        rise = self.values[index + 1] - self.values[index]
        return rise / (self.times[index + 1] - self.times[index])

    def edges(self, t_start: float, t_end: float) -> Iterator[float]:
        """Give the window's edges and every sample time within the span."""
        yield from super().edges(t_start, t_end)
        first = bisect_left(self.times, t_start)
        last = bisect_right(self.times, t_end)
        yield from self.times[first:last]

    def drive(self, t: float) -> Drive:
        """Give the input on the smooth piece that begins at `t`."""
        index = bisect_right(self.times, t) - 1
        if index < 0:
            return Drive(level=self.values[0])
        if self.interpolation == "hold" or index == len(self.times) - 1:
            return Drive(level=self.values[index])
        slope = self._slope(index)
        return Drive(level=self.values[index] + slope * (t - self.times[index]), slope=slope)


@attrs.frozen
class Formula(Stimulus):
    """Any expression of t.

    Parameters
    ----------
    value : str, sympy.Expr or Expression
        mV, of ``t`` in ms.
    breakpoints : sequence of float
        Where it has edges or kinks, ms.
    max_step : float, optional
        A step (ms) that sees all its features. By default a third of the period of every sine or
        cosine of a linear argument, and 1 ms where other functions could hide something.
    """

    kind = "expression"
    value: Expression = attrs.field(converter=_as_formula)
    breakpoints: tuple[float, ...] = attrs.field(
        default=(),
        converter=_floats,
        validator=Numbers(increasing=True, error=StimulusError),
    )
    max_step: float | None = attrs.field(
        default=None,
        converter=attrs.converters.optional(as_float),
        validator=Optional(Number("ms", 0.0, open_low=True, error=StimulusError), error=StimulusError),
    )

    def __attrs_post_init__(self) -> None:
        """Check that the expression can be evaluated."""
        super().__attrs_post_init__()
        self.value.check_real()
        with evaluated(self.value):
            self.drive(self.start or 0.0)(0.0)

    def scaled(self, factor: float) -> Formula:
        """Give the same input, all of it multiplied by a factor."""
        return attrs.evolve(self, value=factor * self.value.symbolic)

    def derivative(self, short: str) -> Stimulus | None:
        """Give the derivative by one parameter, edges apart."""
        return self if short == SCALE.short else super().derivative(short)

    def series(self) -> Formula:
        """Give what the compiled solver makes its series of."""
        return self

    def edges(self, t_start: float, t_end: float) -> Iterator[float]:
        """Give the window's edges, the breakpoints given, and where a branch of the expression changes."""
        yield from super().edges(t_start, t_end)
        yield from self.breakpoints
        parts = broken(self.value.symbolic, self.value.symbol)
        if parts is not None:
            with evaluated(self.value):
                yield from parts.breaks(t_start, t_end)

    def drive(self, t: float) -> Drive:
        """Give the input on the smooth piece that begins at `t`."""
        symbolic, symbol = self.value.symbolic, self.value.symbol
        parts = broken(symbolic, symbol)
        if parts is None:
            function = lower_expressions((whole(symbolic),), (symbol,), saturated=False)
        else:
            function = parts.on(t)
        scale = self.max_step or feature_scale(symbolic, symbol)

        def curve(s: float) -> float:
            return _real(function, t + s)

        return Drive(curves=(curve,), max_step=scale)


def _real(function: Callable[[float], list[float]], t: float) -> float:
    """Evaluate, with NaN where there is no real value: the solver names the time."""
    try:
        value = function(t)[0]
    except (ValueError, OverflowError, ZeroDivisionError, TypeError):  # TypeError: a complex number
        return math.nan
    return math.nan if isinstance(value, complex) else float(value)


class Curve(Stimulus):
    """Base of the kinds that are one expression of t and of their own fields.

    To write one: an attrs class with `kind`, its fields, and `expression`; everything else follows from that:
    values, derivatives by every parameter, the compiled solver's series.

    Attributes
    ----------
    expression : sympy.Expr
        mV, of ``t`` (ms) and of symbols named like the fields; ``start`` is 0 where none is given.
    """

    expression: ClassVar[Any]

    def _formula(self, expression: Any) -> Formula:
        """Put the fields' values into an expression."""
        fields = {field.name for field in attrs.fields(type(self))}
        values = {
            symbol: sympy.Float(getattr(self, symbol.name) or 0.0)
            for symbol in expression.free_symbols
            if symbol.name in fields
        }
        return Formula(expression.subs(values), start=self.start, stop=self.stop)

    @cached_property
    def _own(self) -> Formula:
        return self._formula(self.expression)

    def drive(self, t: float) -> Drive:
        """Give the input on the smooth piece that begins at `t`."""
        return self._own.drive(t)

    def derivative(self, short: str) -> Stimulus | None:
        """Give the derivative by one parameter, edges apart."""
        fields = {one.short: one.field for one in self.numbers()}
        symbols = [symbol for symbol in self.expression.free_symbols if symbol.name == fields[short]]
        return self._formula(self.expression.diff(symbols[0])) if symbols else super().derivative(short)

    def series(self) -> Formula:
        """Give what the compiled solver makes its series of."""
        return self._own


@attrs.frozen
class Custom(Stimulus):
    """Any Python function of t; it cannot be saved to a model file.

    Parameters
    ----------
    function : callable
        From t (ms) to mV.
    max_step : float
        A step (ms) short enough to see all its features: nobody sees what is never evaluated.
    breakpoints : sequence of float
        Where it has edges or kinks, ms.
    """

    function: Callable[[float], float] = attrs.field(validator=_check_callable)
    max_step: float = number_field("ms", low=0.0, open_low=True)
    breakpoints: tuple[float, ...] = attrs.field(
        default=(),
        converter=_floats,
        validator=Numbers(increasing=True, error=StimulusError),
    )

    def scaled(self, factor: float) -> Custom:
        """Give the same input, all of it multiplied by a factor."""
        function = self.function
        return attrs.evolve(self, function=lambda t: factor * function(t))

    def derivative(self, short: str) -> Stimulus | None:
        """Give the derivative by one parameter, edges apart."""
        return self if short == SCALE.short else super().derivative(short)

    def edges(self, t_start: float, t_end: float) -> Iterator[float]:
        """Give the window's edges and the breakpoints given."""
        yield from super().edges(t_start, t_end)
        yield from self.breakpoints

    def drive(self, t: float) -> Drive:
        """Give the input on the smooth piece that begins at `t`."""
        return Drive(curves=(lambda s: float(self.function(t + s)),), max_step=self.max_step)
