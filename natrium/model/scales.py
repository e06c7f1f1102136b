r"""How large a neuron's voltages, states, times and inputs are: what absolute lengths are lengths of.

Lengths in natrium are meant for mV and ms, and for an input that holds V some mV away. Equations of one's own
may be in volts, farads and seconds, so that a length of 1 mV is one of 0.001 in them. Nothing says so but the
equations: the voltages at which something in them vanishes or at which V is set, how fast states relax, and
how large they become. From these each scale is told, to a power of a thousand as prefixes of units are: a
length is written for mV, ms or a state of size 1, and is multiplied by the scale.

An input's scale is what moves the rest by as much as 1 mV is to V, as the equations give it where V is set.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Any

import attrs
import numpy as np
import sympy

from natrium.model.arrays import Array
from natrium.model.hybrid import HybridSystem
from natrium.model.hybrid_structure import ORIGIN
from natrium.model.kernel import lower, lower_expressions
from natrium.model.protocol import AnyNeuron, per_neuron

PLAINLY = 5.0  # a threshold and a reset of this size, all told, are in mV: no equation need be looked at
USUAL_V, USUAL_TIME, USUAL = 30.0, 20.0, 30.0  # what sizes are compared with: in mV, ms, and of other states
FEWEST_V = 0.15  # smaller, all told, they are in volts; a cell without units lives between 0 and 1 or so
FEWEST_TIME, MOST_TIME = 0.5, 150.0  # shorter than this is the slowest, longer the fastest, of other units
SMALL = 0.03  # a state that becomes no larger is one of other units than gates are
SMALLEST = 1e-15  # fA, in A: a start that is smaller is what a decay has left, and tells nothing
LEAST = 1e-6  # of the largest: a root so small is rounding
LOOKS = np.array([-100.0, -50.0, 0.0, 50.0, 100.0])  # times the scale of V: where other states are asked for
HIGHEST = 8  # degree of a polynomial whose roots are looked at
MOST_STEPS = 20_000  # of a run whose step is not told
STEP = 1e-3  # of a scale: of differences


@attrs.frozen
class Scales:
    """What lengths are multiplied by."""

    V: float  # 1 where V is in mV
    states: tuple[float, ...]  # of each state, V first; 1 of gates
    time: float  # 1 where times are in ms
    input: float  # what moves the rest by `V`; 1 of a `Neuron`, whose input is in mV

    def of_input(self, *inputs: float) -> float:
        """Give what relative widths of an input are of: the largest of inputs, or the scale of all."""
        return max((self.input, *(abs(I) for I in inputs)))


@per_neuron(maxsize=512)
def scales_of(neuron: AnyNeuron) -> Scales:
    """Give the scales of a neuron: all 1 of a neuron of channels, which is in mV and ms."""
    n = len(neuron.system.states)
    if neuron.of_channels:
        return Scales(1.0, (1.0,) * n, 1.0, 1.0)
    states = state_scales(neuron)
    flow = _flow_of(neuron.system)
    with np.errstate(all="ignore"):
        matrices, pushes = zip(*(_linear(flow, y, states) for y in _places(neuron)), strict=True)
    time = _time_scale(np.array([np.diagonal(one) for one in matrices]))
    return Scales(states[0], states, time, _input_scale(matrices, pushes, states[0], time))


def usual_step(neuron: AnyNeuron, step: float, span: float | None) -> float:
    """Give a step where none is told: one that is meant in ms, of the scale of time.

    States that hang on each other are fast though what they make together is slow: of a span no more than
    20000 steps are taken for their sake.

    Parameters
    ----------
    neuron : Neuron or HybridNeuron
    step : float
        Where times are in ms.
    span : float, optional
        How long it goes on, in the time of the neuron.
    """
    return max(step * scales_of(neuron).time, min(step, (span or 0.0) / MOST_STEPS))


def state_scales(neuron: AnyNeuron) -> tuple[float, ...]:
    """Give the scale of each state alone, V first: what solvers' absolute tolerances are multiplied by."""
    if neuron.of_channels:
        return (1.0,) * len(neuron.system.states)
    found = _of_states(neuron.system)
    usual = ((USUAL_V, FEWEST_V), *((USUAL, SMALL),) * (len(found) - 1))
    given = zip(found, neuron.initial_state(), usual, strict=True)
    return tuple(_scale(abs(start), *sizes) if one is None else one for one, start, sizes in given)


def system_scales(system: HybridSystem) -> tuple[float, ...]:
    """Give the same of a system alone; 1 of a neuron of channels, and where only a start would tell."""
    if system.gap != 0 or system.gates:
        return (1.0,) * len(system.states)
    return tuple(1.0 if one is None else one for one in _of_states(system))


def _scale(size: float, usual: float, least: float) -> float:
    return _prefix(size / usual) if SMALLEST < size < least else 1.0


def _of_states(system: HybridSystem) -> tuple[float | None, ...]:
    """Give each state's scale; without a threshold V is measured from the start, which tells nothing."""
    values = system.values
    if system.guard is None:
        still = (name.name == ORIGIN for name in system.parameters)
        values = tuple(0.0 if one else value for one, value in zip(still, values, strict=True))
    return _state_scales(system.structure, values)


@lru_cache(maxsize=512)
def _state_scales(structure: HybridSystem, values: tuple[float, ...]) -> tuple[float | None, ...]:
    """Give each state's scale by where a reset puts it and it relaxes to; None where neither tells."""
    system = attrs.evolve(structure, values=values)
    flow = _flow_of(system)
    marks, fractions = _marks(system), system.fractions
    first = _voltage_scale(system, marks)
    reached = [np.abs(_jumps(system, np.zeros(len(fractions)))[1:])]
    with np.errstate(all="ignore"):
        for V in (*marks, *((first or 1.0) * LOOKS)):
            y = np.append(V, np.zeros(len(fractions) - 1))
            flows = flow(y)
            moved = np.array([flow(_shifted(y, k, 1.0))[k] for k in range(1, y.size)])
            reached.append(np.abs(flows[1:] / (moved - flows[1:])))  # where a linear one comes to
    scales = [first]
    for fraction, *sizes in zip(fractions[1:], *reached, strict=True):
        size = max((size for size in sizes if 0.0 < size < math.inf), default=None)
        scales.append(1.0 if fraction else None if size is None else _scale(float(size), USUAL, SMALL))
    return tuple(scales)


def _flow_of(system: HybridSystem) -> Callable[..., Array]:
    """Give the flow as a function of a state and the input; NaN where it cannot be evaluated."""
    kernel = lower(system)
    rhs, frame = kernel.event_rhs, kernel.frame

    def flow(y: Array, I: float = 0.0) -> Array:
        try:
            return np.array(rhs(*frame.inward(y).tolist(), I, *system.values), dtype=float)
        except (ArithmeticError, ValueError):
            return np.full(y.size, np.nan)

    return flow


def _shifted(y: Array, place: int, step: float) -> Array:
    moved = y.copy()
    moved[place] += step
    return moved


def _jumps(system: HybridSystem, y: Array) -> Array:
    """Give by how much a spike moves each state; zero where there is none."""
    if system.guard is None:
        return np.zeros(y.size)
    return np.array(lower(system).reset(*y.tolist(), 0.0, *system.values)) - y


def _marks(system: HybridSystem) -> list[float]:
    """Give the voltages at which a threshold and a reset lie, where these are numbers."""
    reset = None if system.passes or system.guard is None else system.reset_voltage
    level = None if system.guard is None or system.threshold_moves else lower(system).frame.level
    return [value for value in (reset, level) if value is not None and math.isfinite(value)]


def _voltage_scale(system: HybridSystem, marks: list[float]) -> float | None:
    """Give the scale of V; None where no equation tells."""
    sizes = [abs(one) for one in marks if one]
    if not sizes or _mean(sizes) < PLAINLY:
        sizes += _roots(system)
    if not sizes:
        return None
    return 1.0 if FEWEST_V <= _mean(sizes) < USUAL_V else _prefix(_mean(sizes) / USUAL_V)


def _mean(sizes: list[float]) -> float:
    """Give the geometric mean."""
    return math.exp(sum(math.log(size) for size in sizes) / len(sizes))


def _prefix(ratio: float) -> float:
    """Give the power of a thousand that is nearest to a ratio."""
    return float(1000.0 ** round(math.log(ratio, 1000.0)))


def _roots(system: HybridSystem) -> list[float]:
    """Give how far from zero something vanishes that an equation says of V alone: V - E, (V - a)(V - b)."""
    polynomials = _polynomials(system.structure)
    if not polynomials:
        return []
    numbers = lower_expressions(polynomials, system.parameters)(*system.values)
    found = [abs(root) for one in numbers if np.isfinite(one).all() for root in np.roots(one).tolist()]
    largest = max(found, default=0.0)
    return [float(size) for size in found if size > LEAST * largest]


@lru_cache(maxsize=64)
def _polynomials(system: HybridSystem) -> tuple[Any, ...]:
    """Give the coefficients of every polynomial of V that is a sum in an equation, highest power first."""
    V, found = system.states[0], dict[Any, None]()
    known = {V, *system.parameters}
    for node in _sums(system, V):
        own = sympy.Add(*(one for one in node.args if one.free_symbols <= known and one.is_polynomial(V)))
        if own.has(V):
            polynomial = sympy.Poly(own, V)
            if 0 < polynomial.degree() <= HIGHEST:
                found[tuple(polynomial.all_coeffs())] = None
    return tuple(found)


def _sums(system: HybridSystem, V: Any) -> Iterator[Any]:
    for flow in system.rhs:
        for node in sympy.preorder_traversal(flow):
            if node.is_Add and node.has(V):
                yield node


def _places(neuron: AnyNeuron) -> list[Array]:
    """Give the states at which scales are told: V where it starts, is set and fires."""
    start = neuron.initial_state()
    marks = dict.fromkeys([start[0], *_marks(neuron.system)])
    return [np.array([V, *start[1:]]) for V in marks]


def _linear(flow: Callable[..., Array], y: Array, scales: tuple[float, ...]) -> tuple[Array, Array]:
    """Give the Jacobian at a state and the derivative of the flow by the input, by differences."""
    columns = []
    for k, scale in enumerate(scales):
        step = STEP * scale
        ends = (flow(_shifted(y, k, side * step)) for side in (1.0, -1.0))
        columns.append(np.subtract(*ends) / (2.0 * step))
    # Of an input linear in the equations any step will do, of the size of others of the same equation.
    step = max(1e-12, float(abs(y).max()))
    push = (flow(y, step) - flow(y, -step)) / (2.0 * step)
    return np.array(columns).T, push


def _time_scale(rates: Array) -> float:
    """Tell ms from s by the slowest state's own rate, from us by the fastest's."""
    sizes = np.abs(rates[np.isfinite(rates) & (rates < 0.0)])
    if not sizes.size:
        return 1.0
    slowest, fastest = 1.0 / float(sizes.min()), 1.0 / float(sizes.max())
    if slowest < FEWEST_TIME:
        return _prefix(slowest / USUAL_TIME)
    return _prefix(fastest / USUAL_TIME) if fastest > MOST_TIME else 1.0


def _input_scale(matrices: Any, pushes: Any, V: float, time: float) -> float:
    """Give the input that moves the rest by one scale of V, or V so fast where nothing holds it."""
    held = []
    for matrix, push in zip(matrices, pushes, strict=True):
        if not (np.isfinite(matrix).all() and np.isfinite(push).all()):
            continue
        try:
            gain = abs(float(np.linalg.solve(matrix, push)[0]))
        except np.linalg.LinAlgError:
            continue
        if 0.0 < gain < math.inf:
            held.append(V / gain)
    if held:
        return sorted(held)[(len(held) - 1) // 2]  # where V runs away it is no cell's
    driven = [abs(float(push[0])) for push in pushes if push[0] and math.isfinite(push[0])]
    return V / (time * driven[0]) if driven else 1.0


def size_of(value: float) -> float:
    """Give what relative steps of a parameter are of: its value, at least 1 where it is no tiny one."""
    size = abs(value)
    return size if 0.0 < size < SMALL / USUAL else max(1.0, size)


def sizes_near(neuron: AnyNeuron, y: Array, places: Sequence[int] | None = None) -> Array:
    """Give what differences between states near one are of: of all states, or those at some places."""
    scales = np.array(state_scales(neuron))
    return np.asarray((scales if places is None else scales[list(places)]) + np.abs(y))
