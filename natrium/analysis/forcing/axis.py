"""A neuron under a periodic input, and one parameter of either along which something is followed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction

import attrs
import numpy as np

from natrium.model import (
    AnyNeuron,
    Constant,
    HybridSystem,
    ModelError,
    Number,
    Parameter,
    Pulses,
    Sine,
    Stimulus,
    StimulusError,
    Sum,
    as_stimulus,
    check_neuron,
    choose,
)
from natrium.model.arrays import Array
from natrium.model.parameters import change_stimulus

PERIOD, AMPLITUDE = "period", "amplitude"
MOST = 64  # periods of one part in those of another, or in the whole
ALIKE = 1e-12  # relative: periods in a ratio of whole numbers
LOOKS, DIFFERS = 257, 1e-9  # samples of a period; of the input's size, by which one may differ from the next


@attrs.frozen
class Forcing:
    """A neuron under a periodic input."""

    neuron: AnyNeuron
    stimulus: Sum
    period: float  # after which the input repeats, ms
    begin: float  # from when on it does, ms

    @property
    def first(self) -> int:
        """How many whole periods lie before the input repeats."""
        return max(0, math.ceil(self.begin / self.period - ALIKE))


def periods_of(stimulus: Sum) -> list[float | None]:
    """Give the period of each part, ms; infinity where it is constant, None where it does not say."""
    found: list[float | None] = []
    for part in stimulus.parts:
        if type(part) is Sine:
            found.append(1000.0 / part.frequency if part.frequency else math.inf)
        elif type(part) is Pulses:
            found.append(part.period)
        else:
            found.append(math.inf if isinstance(part, Constant) else None)
    return found


def common_period(periods: Sequence[float]) -> float:
    """Give the shortest time that is a whole number of each of some periods.

    Raises
    ------
    StimulusError
        When they are in no ratio of small whole numbers.
    """
    first, times = periods[0], 1
    for other in periods[1:]:
        ratio = Fraction(other / first).limit_denominator(MOST)
        if abs(float(ratio) * first / other - 1.0) > ALIKE or ratio.numerator > MOST:
            raise StimulusError(
                f"periods of a forcing must be in a ratio of whole numbers up to {MOST}, got {first!r} and "
                f"{other!r} ms: such an input never repeats"
            )
        times = math.lcm(times, ratio.numerator)
    return first * times


def forcing_of(
    neuron: AnyNeuron, stimulus: Stimulus | Sequence[Stimulus], period: float | None = None
) -> Forcing:
    """Take a neuron and its periodic input.

    Parameters
    ----------
    neuron : Neuron or HybridNeuron
        With a threshold.
    stimulus : Stimulus or sequence of Stimulus
        Sines, endless pulses and constants say their period; of others it is to be given. From the last
        `start` on it must go on without an end.
    period : float, optional
        ms.

    Raises
    ------
    ModelError, StimulusError
        When the neuron has no threshold, or the input does not repeat.
    """
    check_neuron(neuron)
    if not neuron.fires:
        raise ModelError("locking needs spikes, got a neuron without a threshold: give it one")
    total = as_stimulus(stimulus)
    if next(total.kicks(), None) is not None:
        raise StimulusError("a forcing must be a current, got incoming spikes: write pulses")
    for part in total.parts:
        if part.stop is not None or getattr(part, "count", None) is not None:
            raise StimulusError(
                f"a forcing must go on for ever, got {part!r}: leave out its stop, or its count"
            )
    found = periods_of(total)
    moving = [one for one in found if one is not None and math.isfinite(one)]
    if period is None:
        if None in found or not moving:
            raise StimulusError(
                "a forcing must say its period, got an input of "
                f"{', '.join(type(part).__name__ for part in total.parts) or 'no parts'}: give `period`"
            )
        period = common_period(moving)
    Number("ms", 0.0, open_low=True).check("period", period)
    begin = max((part.start for part in total.parts if part.start is not None), default=0.0)
    made = Forcing(neuron, total, float(period), max(0.0, begin))
    check_repeats(made)
    return made


def check_repeats(forcing: Forcing) -> None:
    """Refuse (by a StimulusError) an input that differs from one period to the next."""
    shares = (np.arange(LOOKS) + 0.5) / LOOKS  # off the edges of all but odd pulses
    rows = [
        [forcing.stimulus((forcing.first + turn + share) * forcing.period) for share in shares.tolist()]
        for turn in (0, 1, 7)
    ]
    size = float(np.abs(rows).max())
    off = float(np.abs(np.diff(rows, axis=0)).max())
    if not off <= DIFFERS * max(size, 1e-300):
        raise StimulusError(
            f"a forcing must repeat after its period, got an input that differs by {off:.3g} mV "
            f"{forcing.period:.6g} ms later: give its true `period`"
        )


@attrs.frozen
class ForcedAxis:
    """A forced neuron of which one parameter moves."""

    forcing: Forcing  # at one of its values
    # ``"period"`` (of all that moves in the input: a pulse keeps its width), ``"amplitude"`` (of the one part
    # that moves), or any parameter of neuron and input.
    name: str
    parameters: tuple[Parameter, ...]  # what is changed by it

    @property
    def neuron(self) -> AnyNeuron:
        """The neuron, as it was given."""
        return self.forcing.neuron

    @property
    def value(self) -> float:
        """The parameter's own value."""
        return self.forcing.period if self.name == PERIOD else float(self.parameters[0].value)

    @property
    def unit(self) -> str:
        """Its unit."""
        return "ms" if self.name == PERIOD else self.parameters[0].unit

    @property
    def label(self) -> str:
        """The parameter's name with its unit, as a column is called: ``"period_ms"``."""
        return f"{self.name}_{self.unit}".rstrip("_")

    def show(self, value: float, digits: str = ".6g") -> str:
        """Write the parameter with a value."""
        return f"{self.name} = {value:z{digits}} {self.unit}".rstrip()

    def _values(self, value: float) -> dict[str, float]:
        """Give the values of what is changed."""
        if self.name != PERIOD:
            return {self.parameters[0].name: float(value)}
        scale = value / self.forcing.period
        return {
            one.name: one.value / scale if one.short == "frequency" else one.value * scale
            for one in self.parameters
        }

    def at(self, value: float) -> Forcing:
        """Give the forced neuron where the parameter has a value.

        Raises
        ------
        ModelError, StimulusError
            When the value breaks a rule of neuron or input.
        """
        Number(self.unit).check(self.name, value)
        if self.name == PERIOD:
            Number("ms", 0.0, open_low=True).check(PERIOD, value)
        values = self._values(value)
        own = {one.name: values[one.name] for one in self.parameters if one.part is None}
        rest = {name: number for name, number in values.items() if name not in own}
        neuron = self.forcing.neuron.changed(own) if own else self.forcing.neuron
        stimulus = change_stimulus(self.forcing.stimulus, rest) if rest else self.forcing.stimulus
        period = self.forcing.period
        if self.name == PERIOD:
            period = float(value)
        elif self.parameters[0].short in ("frequency", "period") and rest:
            period = common_period([one for one in periods_of(stimulus) if one and math.isfinite(one)])
        return attrs.evolve(self.forcing, neuron=neuron, stimulus=stimulus, period=period)

    def by_value(self, value: float) -> tuple[dict[str, Parameter], Array, float]:
        """Give what is changed as it is at a value, its derivatives by it, and the period's."""
        values = self._values(value)
        chosen = {one.name: attrs.evolve(one, value=values[one.name]) for one in self.parameters}
        if self.name != PERIOD:
            one = self.parameters[0]
            alone = one.part is not None and one.short in ("frequency", "period")
            growth = self.at(value).period / values[one.name] if alone else 0.0
            return chosen, np.ones(1), -growth if one.short == "frequency" else growth
        signs = [-1.0 if one.short == "frequency" else 1.0 for one in chosen.values()]
        weights = [sign * one.value / value for sign, one in zip(signs, chosen.values(), strict=True)]
        return chosen, np.array(weights), 1.0

    def system(self, neuron: AnyNeuron) -> HybridSystem:
        """Give a neuron's system in which the parameter has a symbol."""
        return neuron.system_by(tuple(one.name for one in self.parameters if one.structural))


def forced_axis(forcing: Forcing, name: str) -> ForcedAxis:
    """Find a parameter of a forced neuron by name.

    Raises
    ------
    ModelError
        When there is none, or it moves no spike smoothly.
    """
    periods = periods_of(forcing.stimulus)
    moving = [k for k, one in enumerate(periods) if one is None or math.isfinite(one)]
    if name == PERIOD:
        if any(periods[k] is None for k in moving):
            raise ModelError(
                "the period can be changed of sines and pulses, got another input: name a number"
            )
        kinds = ["frequency" if isinstance(forcing.stimulus.parts[k], Sine) else "period" for k in moving]
        names = [f"{kind}_{k}" for kind, k in zip(kinds, moving, strict=True)]
    elif name == AMPLITUDE:
        if len(moving) != 1:
            raise ModelError(
                f"amplitude is short for that of the one part that moves, got {len(moving)}: write I_0, I_1"
            )
        names = [f"I_{moving[0]}"]
    else:
        names = [name]
    chosen = choose(forcing.neuron, forcing.stimulus, names)
    rough = [one.name for one in chosen.values() if one.whole or not one.smooth or one.name == "v_init"]
    windows = [one.name for one in chosen.values() if one.part is not None and one.short in ("start", "stop")]
    if rough or windows:
        raise ModelError(
            f"a parameter to follow locking in must move it smoothly, got {name}: choose another"
        )
    if (
        len(moving) > 1
        and name != PERIOD
        and any(one.part is not None and one.short in ("frequency", "period") for one in chosen.values())
    ):
        raise ModelError(f"parts of a forcing keep their ratio, got {name} of {len(moving)}: move 'period'")
    return ForcedAxis(forcing, name, tuple(chosen.values()))
