"""Fit the coefficients of a hypothesis about the free step to the steps seen."""

from __future__ import annotations

from collections.abc import Iterator

import attrs
import numpy as np

from natrium.analysis.doctor.recordings.free_step import (
    STAGED,
    VANISHES,
    Fit,
    Rules,
    Stack,
    claimed_coefficients,
)
from natrium.model import exprel_array
from natrium.model.arrays import Array

# The exponential scheme's growth depends on the coefficients: so many rounds settle it.
_ROUNDS = 6
# Stands for a difference beyond any measure, where a hypothesis ends in no number.
_BEYOND = 1e30


@attrs.frozen(eq=False)
class _Rows:
    """The steps that a hypothesis is compared with, one after the other.

    `terms` has shape (n_coefficients, n_steps), the others (n_steps,): `h` is dt/tau_m, `step` the
    increment of V seen, `weight` one over the size of what happens in the step, `V` the potential before.
    """

    terms: Array
    h: Array
    step: Array
    weight: Array
    V: Array
    exponential: bool

    @classmethod
    def of(cls, stack: Stack, rules: Rules) -> _Rows:
        """Lay out the comparable steps of a stack."""
        with np.errstate(all="ignore"):
            terms = stack.terms(rules)
            good, weight = stack.weights(terms, rules)
            V = stack.previous(rules.before)
            h = np.broadcast_to(stack.length(rules), V.shape)
            step = (stack.V - V)[good]
        exponential = rules.scheme == "exponential"
        return cls(terms[:, good], h[good], step, weight[good], V[good], exponential)

    def thin(self, most: int) -> _Rows:
        """Keep so many of the steps at most, evenly spread."""
        if self.h.size <= most:
            return self
        kept = np.linspace(0, self.h.size - 1, most).astype(int)
        return _Rows(
            self.terms[:, kept],
            self.h[kept],
            self.step[kept],
            self.weight[kept],
            self.V[kept],
            self.exponential,
        )

    def shaped(self, found: Array) -> Array:
        """Give the terms as they act in the increment: Euler's, or with exprel of V's own rate."""
        if not self.exponential:
            return self.terms
        rate = found[0] * self.h + found[3::2] @ self.terms[4::2]
        return np.asarray(self.terms * exprel_array(np.clip(-rate, -700.0, 700.0)))

    def off(self, found: Array) -> Array:
        """Give the increments seen less those foretold, over their size."""
        off = (self.step - found @ self.shaped(found)) * self.weight
        return np.asarray(np.nan_to_num(off, nan=_BEYOND, posinf=_BEYOND))

    def worst(self, found: Array) -> float:
        """Give the largest of these."""
        return float(np.abs(self.off(found)).max(initial=0.0)) if self.h.size else np.inf

    def solve(self, found: Array, free: Array) -> Array:
        """Solve for the free coefficients by least squares, the others as given."""
        found = found.copy()
        for _ in range(_ROUNDS if self.exponential else 1):
            shaped = self.shaped(found)
            rest = (self.step - found @ shaped) * self.weight
            columns = (shaped[free] * self.weight).T
            size = np.linalg.norm(columns, axis=0)
            size[size == 0.0] = 1.0
            if not (np.all(np.isfinite(size)) and np.all(np.isfinite(rest))):
                break
            found[free] += np.linalg.lstsq(columns / size, rest, rcond=1e-11)[0] / size
        return found


# So few steps decide about a hypothesis; all of them confirm it.
_FEW = 150


def fit(stack: Stack, rules: Rules, *, settle: bool = True) -> Fit:
    """Fit a hypothesis, with as many coefficients as claimed as the steps allow.

    Parameters
    ----------
    stack : Stack
    rules : Rules
    settle : bool
        Fit the coefficients of the schemes of several stages too, which takes long.
    """
    if rules.scheme in STAGED:
        return _fit_stages(stack, rules, 5 if settle else 0)
    with np.errstate(all="ignore"):
        found = _fit_rows(_Rows.of(stack, rules), rules, claimed_coefficients(stack.neuron))
        return _plainest(_Rows.of(stack, rules), found, stack) if stack.grain else found


def _fit_rows(rows: _Rows, rules: Rules, claim: Array) -> Fit:
    few = rows.thin(_FEW)
    if few.worst(claim) < VANISHES:
        return _told(rows, rules, claim)
    free = np.ones(claim.size, dtype=bool)
    full = few.solve(claim, free)
    if not few.worst(full) < VANISHES:
        return _told(few, rules, full if few.worst(full) < few.worst(claim) else claim)
    # The rest and the batteries are let go of first: g and leak explain more with less.
    for index in [1, *range(4, claim.size, 2), *range(3, claim.size, 2), 2, 0]:
        free[index] = False
        less = few.solve(claim, free) if free.any() else claim
        if few.worst(less) < VANISHES:
            full = less
        else:
            free[index] = True
    more = rows.thin(8 * _FEW).solve(claim, free)
    best = more if rows.worst(more) < rows.worst(full) else full
    return _told(rows, rules, np.where(np.abs(best) < 1e-9, 0.0, best))


def _plainest(rows: _Rows, found: Fit, stack: Stack) -> Fit:
    """Of coefficients that rounding does not tell apart, give one factor of all, or the shortest numbers."""
    claim = claimed_coefficients(stack.neuron)
    if not found.vanishes or np.array_equal(found.coefficients, claim):
        return found
    factor, least = float(np.mean(found.coefficients[claim != 0.0])), min(VANISHES, 1.2 * found.residual)
    for value in _short(factor):
        if rows.worst(value * claim) < least:
            return _told(rows, found.rules, value * claim)
    best = found.coefficients.copy()
    for index in np.flatnonzero(best != claim):
        for value in _short(float(best[index])):
            tried = best.copy()
            tried[index] = value
            if rows.worst(tried) < least:
                best = tried
                break
    return _told(rows, found.rules, best)


def _short(value: float) -> Iterator[float]:
    """Give a number by more and more digits, or as one over such a number."""
    for digits in range(1, 8):
        yield float(f"{value:.{digits}g}")
        if value:
            yield 1.0 / float(f"{1.0 / value:.{digits}g}")


def _told(rows: _Rows, rules: Rules, found: Array) -> Fit:
    if not rows.h.size:
        return Fit(rules, found.copy(), np.inf, np.inf, np.nan, 0)
    off = np.abs(rows.off(found))
    at = int(np.argmax(off))
    largest = float(off[at] / rows.weight[at]) if rows.weight[at] > 0.0 else np.inf
    return Fit(rules, found.copy(), float(off[at]), largest, float(rows.V[at]), rows.h.size)


def increments(stack: Stack, rules: Rules, coefficients: Array) -> Fit:
    """Judge a hypothesis with given coefficients, nothing fitted."""
    if rules.scheme not in STAGED:
        with np.errstate(all="ignore"):
            return _told(_Rows.of(stack, rules), rules, coefficients)
    good, weight = stack.weights(stack.terms(rules), rules)
    moved = _stages(stack, rules, coefficients[np.newaxis])[0][0]
    with np.errstate(all="ignore"):
        off = np.where(good, np.abs(stack.V - stack.previous(rules.before) - moved), 0.0)
    return _verdict(stack, rules, coefficients, off, weight, good)


def deviations(stack: Stack, rules: Rules, coefficients: Array | None) -> Array:
    """Give what `increments` judges, step by step, relative: shape (n_steps,); None fits the coefficients."""
    if rules.scheme in STAGED:
        claim = claimed_coefficients(stack.neuron)
        good, weight = stack.weights(stack.terms(rules), rules)
        moved = _stages(stack, rules, (claim if coefficients is None else coefficients)[np.newaxis])[0][0]
        return np.asarray(((stack.V - stack.previous(rules.before) - moved) * weight)[good])
    with np.errstate(all="ignore"):
        rows = _Rows.of(stack, rules)
        if coefficients is None:
            claim = claimed_coefficients(stack.neuron)
            coefficients = rows.thin(_FEW).solve(claim, np.ones(claim.size, dtype=bool))
        return rows.off(coefficients)


def foretold(stack: Stack, rules: Rules, coefficients: Array) -> Array:
    """Give the increment of V in each step, shape (n_runs, n_steps)."""
    if rules.scheme in STAGED:
        return np.asarray(_stages(stack, rules, coefficients[np.newaxis])[0][0])
    every = attrs.evolve(stack, used=np.ones_like(stack.used))
    with np.errstate(all="ignore"):
        return np.asarray(coefficients @ _Rows.of(every, rules).shaped(coefficients)).reshape(stack.V.shape)


def gates_after(stack: Stack, rules: Rules, coefficients: Array) -> Array:
    """Give the gates after each step, shape (n_gates, n_runs, n_steps)."""
    if rules.scheme in STAGED:
        return _stages(stack, rules, coefficients[np.newaxis])[1]
    if not rules.starts:
        return np.empty((0, *stack.V.shape))
    late = rules.order == "late"
    return np.array([stack.course(rules, gate, late)[1] for gate in range(len(rules.starts))])


def _verdict(stack: Stack, rules: Rules, found: Array, off: Array, weight: Array, good: Array) -> Fit:
    if not good.any():
        return Fit(rules, found, np.inf, np.inf, np.nan, 0)
    relative = np.where(good, np.nan_to_num(off * weight, nan=_BEYOND, posinf=_BEYOND), 0.0)
    at = np.unravel_index(int(np.argmax(relative)), off.shape)
    V = stack.previous(rules.before)[at]
    return Fit(rules, found, float(relative[at]), float(off[at]), float(V), int(good.sum()))


# Schemes of several stages: the coefficients stand within the stages, so the fit is Gauss-Newton's.


def _fit_stages(stack: Stack, rules: Rules, rounds: int) -> Fit:
    claim = claimed_coefficients(stack.neuron)
    good, weight = stack.weights(stack.terms(rules), rules)
    step = stack.V - stack.previous(rules.before)

    def judged(found: Array) -> tuple[Fit, Array]:
        moved = _stages(stack, rules, _probed(found) if rounds else found[np.newaxis])[0]
        off = np.where(good, np.abs(step - moved[0]), 0.0)
        return _verdict(stack, rules, found, off, weight, good), moved

    with np.errstate(all="ignore"):
        best, moved = judged(claim)
        for _ in range(rounds):
            slopes = (moved[1:] - moved[0])[:, good] / _NUDGE * weight[good]
            rest = (step - moved[0])[good] * weight[good]
            if best.vanishes or not (np.all(np.isfinite(slopes)) and np.all(np.isfinite(rest))):
                break
            kept = np.linspace(0, rest.size - 1, min(rest.size, 4 * _FEW)).astype(int)
            change = np.linalg.lstsq(slopes.T[kept], rest[kept], rcond=1e-9)[0]
            better, moved = judged(best.coefficients + change)
            if not better.residual < 0.5 * best.residual:
                break
            best = better
        # A coefficient that a fit by differences leaves within 1e-6 of the claim is as claimed.
        near = np.where(np.abs(best.coefficients - claim) < 1e-6, claim, best.coefficients)
        snapped = judged(near)[0] if best.vanishes else best
    return snapped if snapped.vanishes else best


_NUDGE = 1e-6


def _probed(found: Array) -> Array:
    """Give the coefficients, then each of them nudged by itself: shape (1 + n, n)."""
    return np.concatenate([found[np.newaxis], found + _NUDGE * np.eye(found.size)])


def _stages(stack: Stack, rules: Rules, sets: Array) -> tuple[Array, Array]:
    """Foretell the increments for several sets of coefficients, shape (n_sets, n_runs, n_steps).

    The gates after each step, by the first set, come beside them.
    """
    neuron, records = stack.neuron, stack.V.shape[0]
    pace = rules.pace if isinstance(rules.pace, float) else 1.0
    h = stack.dt * pace
    x = np.broadcast_to(np.array(rules.starts)[:, None, None], (len(rules.starts), len(sets), records))
    previous, moved = stack.previous(rules.before), np.empty((len(sets), *stack.V.shape))
    later = stack.within if rules.read == "stage" else np.broadcast_to(stack.I, stack.within.shape)
    drive = np.concatenate([stack.I[np.newaxis], later])
    drive = np.trunc(drive) if rules.whole else drive
    gates = np.empty((len(rules.starts), *stack.V.shape))

    def slope(V: Array, gates: Array, I: Array) -> tuple[Array, Array]:
        total = -sets[:, 0, None] * (V - neuron.v_rest) + sets[:, 1, None] + sets[:, 2, None] * I
        rates, index = np.empty_like(gates), 0
        for number, channel in enumerate(neuron.channels):
            P = np.full_like(V, channel.g)
            for _ in channel.gates:
                alpha, beta = (f(V) for f in stack.kinetics(rules, index))
                rates[index] = alpha * (1.0 - gates[index]) - beta * gates[index]
                P = P * gates[index] ** rules.powers[index]
                index += 1
            total = total + P * (
                sets[:, 3 + 2 * number, None] * (channel.reversal - V) + sets[:, 4 + 2 * number, None]
            )
        return total / neuron.tau_m, rates

    with np.errstate(all="ignore"):
        for k in range(stack.V.shape[1]):
            V = np.broadcast_to(previous[:, k], (len(sets), records))
            dV, dx = _combined(rules.scheme, slope, V, x, h, drive[:, :, k])
            moved[:, :, k], x = dV, x + dx
            gates[:, :, k] = x[:, 0]
    return moved, gates


def _combined(scheme: str, slope, V, x, h, I):  # type: ignore[no-untyped-def]  # arrays of one shape throughout
    start, middle, end = I
    a, p = slope(V, x, start)
    if scheme == "heun":
        b, q = slope(V + h * a, x + h * p, end)
        return 0.5 * h * (a + b), 0.5 * h * (p + q)
    b, q = slope(V + 0.5 * h * a, x + 0.5 * h * p, middle)
    if scheme == "midpoint":
        return h * b, h * q
    c, r = slope(V + 0.5 * h * b, x + 0.5 * h * q, middle)
    d, s = slope(V + h * c, x + h * r, end)
    return h / 6.0 * (a + 2 * b + 2 * c + d), h / 6.0 * (p + 2 * q + 2 * r + s)
