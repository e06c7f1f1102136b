"""Search for the rules of a free step: the fewest departures from the claim that fit exactly."""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import attrs
import numpy as np
from scipy.optimize import least_squares

from natrium.analysis.probing_fit import deviations, fit
from natrium.analysis.probing_rules import (
    Fit,
    Pace,
    Rules,
    Stack,
    Tweak,
    claimed_coefficients,
)
from natrium.model import Neuron
from natrium.solvers.bernstein import Array

__all__ = ["changed_coefficients", "claimed_rules", "search"]

# The search for what is rare ends after so many seconds, with the nearest hypothesis.
MAX_SEARCH = 20.0
# (scheme, gates, order): the script's first, since ties go to the first.
_SCHEMES: tuple[tuple[str, str, Any], ...] = (
    ("euler", "euler", "new"),
    ("euler", "euler", "old"),
    ("euler", "euler", "late"),
    ("euler", "exponential", "new"),
    ("euler", "exponential", "old"),
    ("euler", "exponential", "late"),
    ("exponential", "exponential", "new"),
    ("exponential", "exponential", "old"),
    ("exponential", "exponential", "late"),
    ("exponential", "euler", "new"),
    ("exponential", "euler", "old"),
    ("exponential", "euler", "late"),
    ("heun", "euler", "old"),
    ("rk4", "euler", "old"),
)
_STAGED = ("heun", "rk4")
_PLAIN = (("euler", "euler", "old"), ("exponential", "euler", "old"), *_SCHEMES[-2:])


def claimed_rules(neuron: Neuron) -> Rules:
    """Give the script's rules for the neuron as claimed."""
    gates = [gate for channel in neuron.channels for gate in channel.gates]
    before, *starts = neuron.initial_state()
    return Rules(
        paces=(1.0,) * len(gates),
        powers=tuple(gate.power for gate in gates),
        kinetics=tuple(range(len(gates))),
        starts=tuple(starts),
        before=before,
        order="new" if gates else "old",
    )


def changed_coefficients(neuron: Neuron, coefficients: Array) -> int:
    """Count the coefficients that are not as claimed; one factor common to all counts once."""
    claim = claimed_coefficients(neuron)
    same = np.isclose(coefficients, claim * coefficients[0], rtol=1e-6, atol=1e-9)
    if same.all():
        return int(abs(coefficients[0] - 1.0) > 1e-9)
    return int((np.abs(coefficients - claim) > 1e-9 * (1.0 + np.abs(claim))).sum())


def search(stack: Stack, base: Rules | None = None) -> Fit:
    """Find the hypothesis that fits exactly with the fewest departures from the claim.

    Parameters
    ----------
    stack : Stack
    base : Rules, optional
        What is already known; the claim by default.

    Returns
    -------
    Fit
        The best one; it need not vanish.
    """
    base = base or claimed_rules(stack.neuron)
    schemes = _SCHEMES if stack.neuron.channels else _PLAIN
    bases = [attrs.evolve(base, scheme=v, gates=g, order=o) for v, g, o in schemes]
    singles = list(_departures(stack, base))
    pairs = [_merged(two) for two in itertools.combinations(singles, 2) if not set(two[0]) & set(two[1])]
    one_step = [start for start in bases if start.scheme not in _STAGED]
    staged = [start for start in bases if start.scheme in _STAGED]
    nearest: list[float] = []

    def tempos() -> Iterable[Fit]:
        # Were dt in other units, the input would act by the same factor.
        for tempo in dict.fromkeys([*nearest, 1e-3, 1e3]):
            change: dict[str, Any] = {"pace": tempo, "paces": (tempo,) * len(base.paces)}
            yield from (fit(stack, attrs.evolve(start, **change)) for start in one_step[:3])

    stages: list[Callable[[], Iterable[Fit]]] = [
        lambda: (fit(stack, start) for start in one_step),
        lambda: (fit(stack.part(), start, settle=not base.paces) for start in staged),
        tempos,
        lambda: (fit(stack, attrs.evolve(start, **change)) for start in one_step[:3] for change in singles),
        lambda: _tuned(stack, one_step[:3]),
        lambda: (fit(stack, attrs.evolve(start, **change)) for start in one_step[3:] for change in singles),
        lambda: (fit(stack.part(), start) for start in staged),
        lambda: (fit(stack, attrs.evolve(start, **change)) for start in one_step[:3] for change in pairs),
    ]
    best: Fit | None = None
    began = time.monotonic()
    for stage in stages:
        found = _fewest(stage(), stack.neuron, began + MAX_SEARCH)
        if found is not None and found.vanishes:
            # Several things wrong at once may be one: a dt in other units.
            if stage is stages[0] and changed_coefficients(stack.neuron, found.coefficients) > 1:
                nearest.append(float(np.round(found.coefficients[2], 6)))
                single = _fewest(tempos(), stack.neuron, began + MAX_SEARCH)
                if single is not None and single.vanishes and single.coefficients[2] == 1.0:
                    return single
            return found
        if best is None or (found is not None and found.residual < best.residual):
            best = found
        if found is not None and not nearest and found.coefficients[2] > 0.0:
            nearest.append(float(np.round(found.coefficients[2], 6)))
    assert best is not None
    return best


def _fewest(fits: Iterable[Fit], neuron: Neuron, until: float) -> Fit | None:
    """Give the exact fit with the fewest changed coefficients, or the nearest one."""
    best, fewest = None, math.inf
    for one in fits:
        changed = changed_coefficients(neuron, one.coefficients) if one.vanishes else math.inf
        if best is None or (changed, one.residual if changed == math.inf else 0.0) < (
            fewest, best.residual if fewest == math.inf else 0.0,
        ):  # fmt: skip
            best, fewest = one, changed
        if fewest == 0 or time.monotonic() > until:
            break
    return best


def _merged(chosen: tuple[dict[str, Any], ...]) -> dict[str, Any]:
    merged: dict[str, Any] = {}
    for change in chosen:
        merged |= change
    return merged


def _with(values: tuple[Any, ...], index: int | Iterable[int], value: Any) -> tuple[Any, ...]:
    where = {index} if isinstance(index, int) else set(index)
    return tuple(value if i in where else old for i, old in enumerate(values))


def _departures(stack: Stack, base: Rules) -> Iterator[dict[str, Any]]:
    """Give single departures from the claim, as changed fields."""
    neuron, n = stack.neuron, len(base.paces)
    paces: tuple[Pace, ...] = ("forgotten", "fixed")
    yield from ({"pace": pace} for pace in paces)
    yield {"whole": True}
    for before in sorted({neuron.v_rest, neuron.v_reset, 0.0} - {base.before}):
        yield {"before": before}
    if not n:
        return
    yield from ({"pace": pace, "paces": (pace,) * n} for pace in paces)
    for gate, power in enumerate(base.powers):
        yield from ({"powers": _with(base.powers, gate, p)} for p in (1, 2, 3, 4, 0) if p != power)
    groups, index = [], 0
    for channel in neuron.channels:
        groups.append(range(index, index + len(channel.gates)))
        index += len(channel.gates)
    for group in groups:
        for i, j in itertools.combinations(group, 2):
            yield from (
                {field: _swapped(getattr(base, field), i, j)} for field in ("powers", "kinetics", "starts")
            )
            yield {field: _swapped(getattr(base, field), i, j) for field in ("kinetics", "starts")}
    wholes: list[Any] = [
        range(n),
        *(groups if len(groups) > 1 else ()),
        *(range(i, i + 1) for i in range(n) if n > 1),
    ]
    if len({len(group) for group in groups}) == 1 and len(groups) > 1:
        # The same thing done to each channel.
        for place in range(len(groups[0])):
            alike = [group[place] for group in groups]
            wholes.append(alike)
            yield from ({"powers": _with(base.powers, alike, p)} for p in (1, 2, 3, 4, 0))
        if len(groups[0]) == 2:
            for field in ("powers", "kinetics", "starts"):
                values = getattr(base, field)
                yield {field: tuple(v for one, two in groups for v in (values[two], values[one]))}
    for where in wholes:
        yield from (
            {"paces": _with(base.paces, where, p)} for p in ("forgotten", "twice", "fixed", "instant", 0.0)
        )
    for start in _starts(neuron, base):
        yield {"starts": start}
    # The same channel twice in place of two: all gates of one have the other's rates.
    for one, other in itertools.permutations(groups, 2):
        if len(one) == len(other):
            swapped = list(base.kinetics)
            for i, j in zip(one, other, strict=True):
                swapped[i] = j
            yield {"kinetics": tuple(swapped)}


def _swapped(values: tuple[Any, ...], i: int, j: int) -> tuple[Any, ...]:
    changed = list(values)
    changed[i], changed[j] = changed[j], changed[i]
    return tuple(changed)


def _starts(neuron: Neuron, base: Rules) -> Iterator[tuple[float, ...]]:
    """Give other gates to start with: at rest, all closed, all open, and each by itself 0 or 1."""
    n = len(base.starts)
    rest = attrs.evolve(
        neuron,
        channels=tuple(
            attrs.evolve(c, gates=tuple(attrs.evolve(g, initial="steady-state") for g in c.gates))
            for c in neuron.channels
        ),
    )
    corners: Any = itertools.product((0.0, 1.0), repeat=n) if n <= 4 else [(0.0,) * n, (1.0,) * n]
    seen = {base.starts}
    for start in [rest.initial_state()[1:], *corners]:
        if tuple(start) not in seen:
            seen.add(tuple(start))
            yield tuple(start)


# What is no choice but a number: state at the start, rates --------------------------------------------


def _tuned(stack: Stack, bases: list[Rules]) -> Iterator[Fit]:
    """Fit numbers that stand within a hypothesis: the start, or one rate."""
    for base in bases:
        for knob in _knobs(stack, base):
            one = _tune(stack, base, *knob)
            if one is not None:
                yield one


def _knobs(stack: Stack, base: Rules) -> Iterator[tuple[str, Any, Array]]:
    n = len(base.starts)
    yield "before", None, np.array([base.before])
    if not n:
        return
    yield "starts", None, np.array(base.starts)
    yield "before and starts", None, np.array([base.before, *base.starts])
    yield "tempo", None, np.ones(1)
    for gate, rate in itertools.product(range(n), ("alpha", "beta")):
        yield "scale", (gate, rate), np.ones(1)
    for gate, rate in itertools.product(range(n), ("alpha", "beta")):
        yield "rate", (gate, rate), np.array([1.0, 0.0, 1.0])


def _set(base: Rules, knob: str, which: Any, x: Array) -> Rules:
    values = [float(value) for value in x]
    if knob == "before":
        return attrs.evolve(base, before=values[0])
    if knob == "starts":
        return attrs.evolve(base, starts=tuple(values))
    if knob == "before and starts":
        return attrs.evolve(base, before=values[0], starts=tuple(values[1:]))
    if knob == "tempo":
        return attrs.evolve(base, pace=values[0], paces=(values[0],) * len(base.paces))
    return attrs.evolve(base, tweaks=(*base.tweaks, Tweak(which[0], which[1], *values)))


def _tune(stack: Stack, base: Rules, knob: str, which: Any, x0: Array) -> Fit | None:
    """Bring a hypothesis' residual down by its numbers, its coefficients as claimed."""
    claim = claimed_coefficients(stack.neuron)
    thin = stack.part()
    size = deviations(thin, base, claim).size

    def off(x: Array) -> Array:
        rest = deviations(thin, _set(base, knob, which, x), claim)
        return np.clip(np.resize(rest, size), -1e6, 1e6)

    if size <= x0.size:
        return None
    found = least_squares(off, x0, method="lm", xtol=1e-15, ftol=1e-15, gtol=1e-15, max_nfev=80)
    if np.abs(found.fun).max() > 1e-4:
        return fit(stack, _set(base, knob, which, found.x)) if np.abs(found.fun).max() < 0.1 else None
    # A value that a fit leaves next to a round one was written as that one.
    rules = _set(base, knob, which, found.x)
    rounded = fit(stack, _set(base, knob, which, np.round(found.x, 6)))
    return rounded if rounded.vanishes else fit(stack, rules)
