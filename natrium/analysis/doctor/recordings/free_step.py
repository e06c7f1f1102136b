"""What a free step may be made of, and how well a hypothesis about it foretells the steps seen.

The increment of V in a free step is, whatever the script's faults, nearly always

    dV = h [-leak (V - v_rest) + rest + input I + sum_k P_k (g_k (E_k - V) + e_k)],    h = dt/tau_m

with P_k the claimed conductance g prod x^p and coefficients that are 1, 0, 1, 1, 0 for the model as
claimed. The gates are not seen, but each hypothesis about how they advance makes them from the V that
was seen (teacher forcing), so errors do not pile up and a right hypothesis fits to rounding.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Literal

import attrs
import numpy as np

from natrium.analysis.doctor.recordings.kinetics import Rate, RateName, rates_of
from natrium.model import Gate, Neuron
from natrium.model.arrays import Array

Pace = float | Literal["forgotten", "twice", "instant"]
# Rounding leaves 1e-14 of V and of the terms. What moves V by less than this is not seen.
VANISHES = 2e-12
_OFF_THE_HOLE = 1e-2  # of what V was rounded to
STAGED = ("midpoint", "heun", "rk4")
# Gates that are carried over a spike gather rounding: so many times that, where V itself was not rounded.
_CARRIED = 100.0
# Rounding of V may move an increment by so many units.
_ROUNDINGS = 2.5


@attrs.frozen
class Tweak:
    """A change of one rate: scale * rate(middle + stretch (V - middle) + shift)."""

    gate: int
    rate: RateName
    scale: float = 1.0
    shift: float = 0.0
    stretch: float = 1.0


@attrs.frozen(kw_only=True)
class Rules:
    """One hypothesis about a free step.

    Attributes
    ----------
    scheme : {"euler", "exponential", "midpoint", "heun", "rk4"}
        How V advances (those of several stages: all states).
    read : {"start", "stage"}
        When schemes of several stages read the input.
    gates : {"euler", "exponential"}
        How gates advance.
    order : {"new", "old", "late"}
        V with the gates after their advance, before it, or before an advance with the new V.
    pace : float or "forgotten"
        Of V: factor of dt, or dt left out.
    paces : tuple
        Of each gate: besides these ``"twice"`` (two steps in one) and ``"instant"``.
    powers : tuple of int
        Of each gate.
    kinetics : tuple of int
        Whose rates each gate has.
    turned : tuple of int
        Gates whose alpha and beta are exchanged.
    starts : tuple of float
        Gates at the start.
    before : float
        V at the start, mV.
    whole : bool
        Whether the input is cut to a whole number.
    tweaks : tuple of Tweak
        Rates that are not as claimed.
    """

    scheme: str = "euler"
    read: Literal["start", "stage"] = "start"
    gates: str = "euler"
    order: Literal["new", "old", "late"] = "new"
    pace: Pace = 1.0
    paces: tuple[Pace, ...]
    powers: tuple[int, ...]
    kinetics: tuple[int, ...]
    starts: tuple[float, ...]
    before: float
    whole: bool = False
    turned: tuple[int, ...] = ()
    tweaks: tuple[Tweak, ...] = ()


def claimed_coefficients(neuron: Neuron) -> Array:
    """Give leak, rest, input, then g and e of each channel, for the model as claimed."""
    return np.array([1.0, 0.0, 1.0, *([1.0, 0.0] * len(neuron.channels))])


def effective(pace: Pace, dt: float) -> float:
    """Give the dt that a state moves by."""
    if pace == "forgotten":
        return 1.0
    return dt * pace if isinstance(pace, float) else dt


@attrs.frozen(eq=False)
class Fit:
    """How a hypothesis fits.

    Attributes
    ----------
    rules : Rules
    coefficients : ndarray, shape (n_coefficients,)
    residual : float
        Largest difference of a seen increment of V to the foretold one, relative to the terms' size.
    largest : float
        The same in mV.
    at : float
        V where it is largest, mV.
    steps : int
        How many steps were compared.
    by_chance : bool
        Whether they are too few for what it says.
    ways : tuple of (scheme, gates, order)
        That fit as well, where samples are rounded.
    """

    rules: Rules
    coefficients: Array
    residual: float
    largest: float
    at: float
    steps: int
    by_chance: bool = False
    ways: tuple[tuple[str, str, str], ...] = ()

    @property
    def vanishes(self) -> bool:
        """Whether the hypothesis is exact."""
        return self.residual < VANISHES and not self.by_chance


def carried_over(grain: float) -> float:
    """Give what vanishes behind a spike, relative as `Fit.residual`."""
    return VANISHES * (1.0 if grain else _CARRIED)


@attrs.define(eq=False, slots=False)
class Stack:
    """Free steps of several runs, side by side and padded.

    Attributes
    ----------
    neuron : Neuron
        As claimed.
    dt : float
        ms.
    V, I : ndarray, shape (n_runs, n_steps)
        V after, and input at the start of, each step.
    within : ndarray, shape (2, n_runs, n_steps)
        Input in the middle and at the end of each step.
    used : ndarray of bool, shape (n_runs, n_steps)
        Which of them are free steps.
    grain : float
        To what V was rounded, mV.
    """

    neuron: Neuron
    dt: float
    V: Array
    I: Array
    within: Array
    used: Array
    grain: float = 0.0

    def __attrs_post_init__(self) -> None:
        """Collect the gates and the rates' cache."""
        self.gate_list: list[Gate] = [g for c in self.neuron.channels for g in c.gates]
        self.functions = [rates_of(gate) for gate in self.gate_list]
        self.cache: dict[Any, tuple[Array, Array]] = {}
        self.courses: dict[Any, tuple[Array, Array]] = {}

    @classmethod
    def of(cls, neuron: Neuron, dt: float, runs: Sequence[tuple[Array, Array]], grain: float = 0.0) -> Stack:
        """Stack runs of free steps, each V and I: at each step's start, middle and end, shape (n, 3)."""
        longest = max((V.size for V, _ in runs), default=0)
        shape = (len(runs), longest)
        V, I, used = np.full(shape, neuron.v_rest), np.zeros((3, *shape)), np.zeros(shape, dtype=bool)
        for row, (some, drive) in enumerate(runs):
            V[row, : some.size], I[:, row, : some.size], used[row, : some.size] = some, drive.T, True
        return cls(neuron, dt, V, I[0], I[1:], used, grain)

    def part(self, n: int = 80) -> Stack:
        """Give the beginning of it: enough to fit a number or two."""
        V, I, within, used = self.V[:, :n], self.I[:, :n], self.within[:, :, :n], self.used[:, :n]
        return Stack(self.neuron, self.dt, V, I, within, used, self.grain)

    # The gates -------------------------------------------------------------------------------------

    def kinetics(self, rules: Rules, gate: int) -> tuple[Rate, Rate]:
        """Give alpha and beta of one gate as functions of V."""
        tweaks, middle = tuple(t for t in rules.tweaks if t.gate == gate), self.neuron.v_rest
        named = self.functions[rules.kinetics[gate]].items()
        moves = {name: _tweaked(rate, name, tweaks, middle) for name, rate in named}
        if "inf" in moves:
            inf, tau = moves["inf"], moves["tau"]
            pair: tuple[Rate, Rate] = (lambda V: inf(V) / tau(V)), (lambda V: (1.0 - inf(V)) / tau(V))
        else:
            pair = moves["alpha"], moves["beta"]
        return (pair[1], pair[0]) if gate in rules.turned else pair

    def steady(self, rules: Rules, gate: int) -> float:
        """Give the steady state of one gate at V of the start."""
        V = np.array([rules.before])
        with np.errstate(all="ignore"):
            alpha, beta = (float(np.squeeze(rate(V))) for rate in self.kinetics(rules, gate))
            return alpha / (alpha + beta) if alpha + beta else math.nan

    def rates(self, rules: Rules, gate: int, late: bool) -> tuple[Array, Array]:
        """Give alpha and beta of one gate at V before (or after) each step."""
        tweaks = tuple(t for t in rules.tweaks if t.gate == gate)
        key = (rules.kinetics[gate], gate in rules.turned, late, rules.before, tweaks)
        if key not in self.cache:
            V = self.V if late else self.previous(rules.before)
            with np.errstate(all="ignore"):
                both = [
                    np.array(np.broadcast_to(np.asarray(rate(V), dtype=float), V.shape))
                    for rate in self.kinetics(rules, gate)
                ]
                if self.grain:  # a V that was rounded to where a rate is 0/0 was another
                    for values, rate in zip(both, self.kinetics(rules, gate), strict=True):
                        values[np.isnan(values)] = rate(V[np.isnan(values)] + _OFF_THE_HOLE * self.grain)
            if len(self.cache) > 64:
                self.cache.clear()
            self.cache[key] = (both[0], both[1])
        return self.cache[key]

    def previous(self, before: float) -> Array:
        """Give V before each step."""
        return np.concatenate([np.full((self.V.shape[0], 1), before), self.V[:, :-1]], axis=1)

    def openings(self, rules: Rules) -> Array:
        """Give the conductance g prod x^p of each channel in each step, shape (n_channels, ...)."""
        late = rules.order == "late"
        values = []
        for gate in range(len(rules.starts)):
            before, after = self.course(rules, gate, late)
            values.append(after if rules.order == "new" else before)
        P, index = np.empty((len(self.neuron.channels), *self.V.shape)), 0
        for number, channel in enumerate(self.neuron.channels):
            P[number] = channel.g
            for _gate in channel.gates:
                for _ in range(rules.powers[index]):  # NumPy's own power is slow on arrays
                    P[number] *= values[index]
                index += 1
        return P

    def course(self, rules: Rules, gate: int, late: bool) -> tuple[Array, Array]:
        """Carry one gate along the records: its value before and after each step."""
        tweaks = tuple(t for t in rules.tweaks if t.gate == gate)
        key = (gate, late, rules.before, rules.starts[gate], rules.kinetics[gate], rules.paces[gate],
               gate in rules.turned, rules.gates, tweaks)  # fmt: skip
        if key not in self.courses:
            alpha, beta = self.rates(rules, gate, late)
            dt = effective(rules.paces[gate], self.dt)
            if len(self.courses) > 256:
                self.courses.clear()
            self.courses[key] = _recursion(alpha, beta, dt, rules, gate)
        return self.courses[key]

    # The increments --------------------------------------------------------------------------------

    def terms(self, rules: Rules) -> Array:
        """Give each coefficient's term in the increment of V, shape (n_coefficients, ...)."""
        neuron, V = self.neuron, self.previous(rules.before)
        h = self.length(rules)
        drive = np.trunc(self.I) if rules.whole else self.I
        found = [-(V - neuron.v_rest), np.ones_like(V), drive]
        for channel, P in zip(neuron.channels, self.openings(rules), strict=True):
            found += [P * (channel.reversal - V), P]
        return np.array(found) * h

    def weights(self, terms: Array, rules: Rules) -> tuple[Array, Array]:
        """Give which steps can be compared, and one over the size of what happens in each."""
        V = self.previous(rules.before)
        seen = 1.0 + np.abs(V) + np.abs(self.V - V)
        # Terms that cancel leave their rounding; how large they are supposed to be must not excuse the rest.
        size = seen + np.minimum(np.abs(terms).sum(axis=0), 10.0 * seen)
        # Of two samples that were rounded, and of what one of them does in the terms.
        size = np.maximum(size, _ROUNDINGS * self.grain / VANISHES)
        size = np.where(np.isfinite(terms).all(axis=0), size, np.nan)
        good = self.used.copy()
        # A hypothesis by which a step that was seen ends in no number is wrong there, beyond any measure.
        return good, 1.0 / size

    def length(self, rules: Rules) -> float:
        """Give dt/tau_m as the script has it."""
        return effective(rules.pace, self.dt) / self.neuron.tau_m


def _tweaked(rate: Rate, name: str, tweaks: tuple[Tweak, ...], middle: float) -> Rate:
    for tweak in tweaks:
        if tweak.rate == name:
            scale, stretch, shift = tweak.scale, tweak.stretch, tweak.shift
            return lambda V: scale * rate(middle + stretch * (V - middle) + shift)
    return rate


def advance(alpha: Array, beta: Array, dt: float, gates: str, pace: Pace) -> tuple[Array, Array]:
    """Give A and B of a gate's advance x -> A x + B."""
    total = alpha + beta
    if pace == "instant":
        return np.zeros_like(total), alpha / total
    A = np.exp(-total * dt) if gates == "exponential" else 1.0 - total * dt
    B = alpha / total * (1.0 - A) if gates == "exponential" else alpha * dt
    return (A * A, A * B + B) if pace == "twice" else (A, B)


def _recursion(alpha: Array, beta: Array, dt: float, rules: Rules, gate: int) -> tuple[Array, Array]:
    """Carry one gate along the records; give it before and after each step."""
    start = rules.starts[gate]
    with np.errstate(all="ignore"):
        A, B = advance(alpha, beta, dt, rules.gates, rules.paces[gate])
    after = np.empty(A.shape)
    # Floats are quicker than arrays here.
    for row, factors, terms in zip(after, A.tolist(), B.tolist(), strict=True):
        x, values = start, []
        for a, b in zip(factors, terms, strict=True):
            x = a * x + b
            values.append(x)
        row[:] = values
    return np.concatenate([np.full((A.shape[0], 1), start), after[:, :-1]], axis=1), after
