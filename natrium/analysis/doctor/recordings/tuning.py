"""Numbers within a hypothesis about the free step, fitted: a start, a pace, one rate of a gate."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

import attrs
import numpy as np
from scipy.optimize import least_squares

from natrium.analysis.doctor.recordings.fit import deviations, fit
from natrium.analysis.doctor.recordings.free_step import Fit, Rules, Stack, Tweak, claimed_coefficients
from natrium.analysis.doctor.recordings.kinetics import RateName
from natrium.model.arrays import Array

_SHIFTS = (0.0, 5.0, -5.0)  # mV: from where a shift is looked for
_WHOLE = 2  # rates of which all three numbers are fitted
_STEPS = 400  # of a record, by which numbers are found
# A coefficient that a fit by least squares leaves this near to the claim is as claimed.
_NEAR = 1e-6


@attrs.frozen
class Knob:
    """What of a hypothesis is turned: ``"before"``, ``"starts"``, ``"tempo"``, ``"pace"`` or ``"rate"``.

    Attributes
    ----------
    name : str
    gate : int
        Whose, where it is a gate's.
    rate : {"alpha", "beta", "inf", "tau"}
    follow : bool
        Whether the gate starts at the steady state of the rate as it is turned.
    free : tuple of int
        Which of the three numbers of a rate.
    stretch : float
        -1 for a rate that is turned about some V.
    """

    name: str
    gate: int = 0
    rate: RateName = "alpha"
    follow: bool = False
    free: tuple[int, ...] = (0, 1, 2)
    stretch: float = 1.0

    def set(self, stack: Stack, base: Rules, x: Sequence[float] | Array) -> Rules:
        """Give the hypothesis with these numbers."""
        values = [float(value) for value in x]
        if self.name == "before":
            return attrs.evolve(base, before=values[0])
        if self.name == "starts":
            return attrs.evolve(base, starts=tuple(values))
        if self.name == "before and starts":
            return attrs.evolve(base, before=values[0], starts=tuple(values[1:]))
        if self.name == "tempo":
            return attrs.evolve(base, pace=values[0], paces=(values[0],) * len(base.paces))
        if self.name == "pace":
            paces = (*base.paces[: self.gate], values[0], *base.paces[self.gate + 1 :])
            return attrs.evolve(base, paces=paces)
        numbers = np.array([1.0, 0.0, self.stretch])
        numbers[list(self.free)] = values
        tweak = Tweak(self.gate, self.rate, *numbers.tolist())
        rules = attrs.evolve(base, tweaks=(*base.tweaks, tweak))
        if not self.follow:
            return rules
        starts = [*base.starts]
        starts[self.gate] = stack.steady(rules, self.gate)
        return attrs.evolve(rules, starts=tuple(starts))


def numbers(stack: Stack, base: Rules, *, free: bool = False) -> Iterator[Fit]:
    """Fit other numbers within a hypothesis: the start, a pace.

    Parameters
    ----------
    stack : Stack
    base : Rules
    free : bool
        Fit the coefficients with them, which are as claimed otherwise.
    """
    n = len(base.starts)
    knobs = [(Knob("before"), [base.before])]
    if n:
        knobs += [
            (Knob("starts"), [*base.starts]),
            (Knob("before and starts"), [base.before, *base.starts]),
            (Knob("tempo"), [1.0]),
            *((Knob("pace", gate), [1.0]) for gate in range(n) if base.paces[gate] == 1.0),
        ]
    for knob, x0 in knobs:
        found = _turned(stack, base, knob, np.array(x0), free)
        if found is not None:
            yield found


def rates(stack: Stack, base: Rules, *, free: bool = False) -> Iterator[Fit]:
    """Fit one rate of a gate: its size, its place along V, its steepness, and all three together.

    Of those by one number the shortest is given: a factor of an exponential is a shift as well.
    """
    nearest: list[tuple[float, int, Knob]] = []
    for gate, one in enumerate(stack.gate_list):
        for rate, follow in itertools.product(
            stack.functions[base.kinetics[gate]], (True, False) if one.initial == "steady-state" else (False,)
        ):
            whole = Knob("rate", gate, rate, follow)
            fits = list(_single(stack, base, whole, free))
            exact = [(found, index) for found, index in fits if found.vanishes]
            if exact:
                yield min(exact, key=_digits)[0]
                return
            yield from (found for found, _ in fits)
            nearest += [(min((found.residual for found, _ in fits), default=np.inf), len(nearest), whole)]
    # One number of the right rate brings it nearer than one of another.
    for _, _, whole in sorted(nearest, key=lambda one: one[:2])[:_WHOLE]:
        for x0 in _SHIFTS:
            found = _turned(stack, base, whole, np.array([1.0, x0, 1.0]), free)
            if found is not None:
                yield found
                if found.vanishes:
                    return


def _single(stack: Stack, base: Rules, whole: Knob, free: bool) -> Iterator[tuple[Fit, int]]:
    """Fit one number of a rate: which of the three comes with it."""
    for index, stretch in ((0, 1.0), (1, 1.0), (2, 1.0), (1, -1.0)):
        knob = attrs.evolve(whole, free=(index,), stretch=stretch)
        for x0 in _SHIFTS if index == 1 else (1.0,):
            found = _turned(stack, base, knob, np.array([x0]), free)
            if found is not None:
                yield found, index
                if found.vanishes:
                    break


def _digits(one: tuple[Fit, int]) -> int:
    tweak = one[0].rules.tweaks[-1]
    return len(f"{(tweak.scale, tweak.shift, tweak.stretch)[one[1]]:.9g}".strip("-0"))


def _turned(stack: Stack, base: Rules, knob: Knob, x0: Array, free: bool) -> Fit | None:
    """Bring a hypothesis' residual down by its numbers, its coefficients as claimed or free too."""
    claim = claimed_coefficients(stack.neuron)
    thin = stack.part(_STEPS)
    fixed = None if free else claim

    def found_in(part: Stack, start: Array) -> tuple[Array, float]:
        size = deviations(part, base, fixed).size
        if size <= start.size:
            return start, np.inf

        def off(x: Array) -> Array:
            return np.clip(np.resize(deviations(part, knob.set(stack, base, x), fixed), size), -1e6, 1e6)

        one = least_squares(off, start, method="lm", xtol=1e-15, ftol=1e-15, gtol=1e-15, max_nfev=80)
        return np.asarray(one.x), float(np.abs(one.fun).max())

    x, worst = found_in(thin, x0)
    if worst > 1e-4:
        return fit(stack, knob.set(stack, base, x)) if worst < 0.1 else None
    if worst < _NEAR and thin.V.size < stack.V.size:
        x, _ = found_in(stack, x)
    # A value that a fit leaves next to a round one was written as that one.
    rounded = fit(stack, knob.set(stack, base, np.where(np.abs(x - x0) < _NEAR, x0, np.round(x, 6))))
    one = rounded if rounded.vanishes else fit(stack, knob.set(stack, base, x))
    near = np.where(np.abs(one.coefficients - claim) < _NEAR, claim, one.coefficients)
    return attrs.evolve(one, coefficients=near) if one.vanishes else one
