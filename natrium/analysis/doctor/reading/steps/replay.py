"""The maps that were found, replayed over the inputs: every sample again, or the first that is not."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from itertools import count, pairwise
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt
from scipy.integrate import solve_ivp

from natrium.analysis.doctor.reading.expressions.trees import (
    COMPARE,
    DOUBLES,
    LEAF,
    NUMBER,
    RELATIONS,
    Program,
    at_points,
    double_of,
    is_leaf,
    leaves,
    name_of,
)
from natrium.analysis.doctor.reading.model.clock import output_times
from natrium.analysis.doctor.trace.record import Record, Step
from natrium.model.arrays import Array

MOST_CALLS = 40_000  # of a right-hand side, if the script's own took fewer: what takes more runs away
LONGEST = 300_000  # whatever the script's own took
AGAIN = 1.1  # as often as the script's own: rounding may cost a step
CLOSE = 1e-6  # of a state's range: what rounding leaves of steps that SciPy makes again
FUSED = 1e-12  # of a state: what NumPy's own order of adding up may make of products of matrices
FAR = 0.05  # of the run's range: what SciPy's default tolerances may leave of a steep spike's time


@attrs.frozen(eq=False)
class Replay:
    """A run made again from its maps.

    Attributes
    ----------
    samples : ndarray, shape (n_steps + 1, n_states)
        As far as it went.
    order : ndarray of int, shape (n_steps,)
        Which map each step was.
    off : int
        The first step after which a sample is not the script's, or for which no map is there; -1: none.
    why : str
    """

    samples: Array
    order: npt.NDArray[np.int64]
    off: int
    why: str


class Machine:
    """One map, ready to be taken.

    Parameters
    ----------
    step : Step
    """

    def __init__(self, step: Step) -> None:
        self.choices = step.choices
        self.names = tuple(step.updates)
        sides = [side for choice in step.choices for side in (choice.left, choice.right)]
        self.program = Program([*sides, *step.updates.values()])
        self._leaves: list[tuple[int, str]] = []
        self._work: list[tuple[int, Callable[..., float], tuple[int, ...]]] = []
        for at, node in enumerate(self.program.nodes):
            if node.op == LEAF:
                self._leaves.append((at, node.name))
            elif node.op != NUMBER:
                places = tuple(self.program.place[one] for one in node.args)
                self._work.append((at, double_of(node.op, node.numpy), places))
        self._numbers = [node.value for node in self.program.nodes]  # what is no number is put in its place

    def __call__(self, values: Mapping[str, float]) -> tuple[bool, list[float]]:
        """Tell whether its comparisons come out as they did, and give the new states."""
        found = self._numbers.copy()
        for at, name in self._leaves:
            found[at] = values[name]
        for at, function, places in self._work:
            if len(places) == 2:  # nearly all
                one, two = places
                found[at] = function(found[one], found[two])
            else:
                found[at] = function(*[found[place] for place in places])
        sides = [found[at] for at in self.program.roots]
        n = 2 * len(self.choices)
        for at, choice in enumerate(self.choices):
            if COMPARE[choice.relation](sides[2 * at], sides[2 * at + 1]) != choice.held:
                return False, []
        return True, sides[n:]


def replayed(record: Record, steps: Sequence[Step] | None = None) -> Replay:
    """Run the maps over the record's inputs, from its first sample.

    Parameters
    ----------
    record : Record
    steps : sequence of Step, optional
        Maps to take in the place of the record's own; nothing is then held against its samples.
    """
    own = steps is None
    machines = [Machine(step) for step in steps or record.steps]
    values = record.parameter_values
    n = record.order.size
    samples = np.full((n + 1, len(record.states)), np.nan)
    samples[0] = record.samples[0]
    order = np.full(n, -1, dtype=np.int64)
    values |= dict(zip(record.states, record.samples[0].tolist(), strict=True))
    places = {name: at for at, name in enumerate(record.states)}
    fused = FUSED * np.max(np.abs(record.samples), axis=0)
    frequent = sorted(range(len(machines)), key=lambda at: -(steps or record.steps)[at].count)
    for k in range(n):
        if record.input:
            values[record.input] = float(record.inputs[k])
        if record.time:
            values[record.time] = float(record.times[k])
        for name, course in record.exogenous.items():
            values[name] = float(course[k])
        tried = [int(record.order[k])] if own else frequent
        for at in tried:
            try:
                holds, after = machines[at](values)
            except (KeyError, ArithmeticError, ValueError, TypeError) as error:
                return Replay(
                    samples, order, k, f"a step cannot be evaluated: {type(error).__name__} {error}"
                )
            if holds:
                break
        else:
            return Replay(samples, order, k, "no comparison that was seen leads to what this step did")
        order[k] = at
        new = dict(zip(machines[at].names, after, strict=True))
        values |= new
        for name, value in new.items():
            samples[k + 1, places[name]] = value
        if own and record.fused and np.all(np.abs(samples[k + 1] - record.samples[k + 1]) <= fused):
            samples[k + 1] = record.samples[k + 1]  # as NumPy adds it up
            values |= dict(zip(record.states, samples[k + 1].tolist(), strict=True))
        if own and not np.array_equal(samples[k + 1], record.samples[k + 1], equal_nan=True):
            off = int(np.argmax(samples[k + 1] != record.samples[k + 1]))
            apart = samples[k + 1, off] - record.samples[k + 1, off]
            return Replay(
                samples, order, k, f"{record.states[off]} comes out {apart:.3g} away from the script's"
            )
    return Replay(samples, order, -1, "")


def solved_again(record: Record, V: str) -> Replay:
    """Integrate a right-hand side that SciPy was given once more, sharply, beside what the script kept.

    What the script's own tolerance leaves may differ; what another equation would make of it does not.
    """
    states = record.states
    step = max(record.steps, key=lambda one: one.count)
    program = Program([step.updates[name] for name in states])
    values = record.parameter_values
    kept = [np.asarray(one, dtype=float) for one in record.lists.values()]
    times = output_times(record)
    columns = [
        one if one.ndim == 1 else column
        for one in kept
        for column in ([one] if one.ndim == 1 else [*one.T, *one])
    ]

    called, most = [count()], max(MOST_CALLS, min(AGAIN * record.asked, LONGEST))
    courses = dict(record.exogenous) | ({record.input: record.inputs} if record.input else {})
    courses = {name: course for name, course in courses.items() if len(course) == record.times.size}

    def flow(t: float, y: Array) -> list[float]:
        if next(called[-1]) > most:
            raise OverflowError
        at = values | dict(zip(states, np.asarray(y).tolist(), strict=True))
        at |= {name: float(np.interp(t, record.times, course)) for name, course in courses.items()}
        if record.time:
            at[record.time] = t
        return program(at, DOUBLES["numpy"])

    with np.errstate(all="ignore"), warnings.catch_warnings():  # what goes wrong shows in what comes out
        warnings.simplefilter("ignore")
        try:
            own = record.again(flow) if record.again is not None else None
        except (OverflowError, ValueError):
            own = None
    if own is not None and np.all(np.abs(own - record.samples) <= CLOSE * np.ptp(record.samples, axis=0)):
        return Replay(record.samples, record.order, -1, "")
    called = [count()]
    called.append(count())
    nothing = Replay(record.samples, record.order, 0, "SciPy does not come to the end of these equations")
    n = min(record.times.size, len(record.samples))
    asked = np.concatenate([times, np.clip(record.times[:n], times[0], times[-1])])
    made, y = np.full((len(states), asked.size), np.nan), record.samples[0]
    restarts = {end: (begin, states) for end, begin, states in record.restarts}
    bounds = [times[0], *sorted({*_edges(record, program, times), *restarts} - {times[-1]}), times[-1]]
    for begin, end in pairwise(bounds):
        if begin in restarts:
            later, y = restarts[begin]
            made[:, (asked > begin) & (asked <= later)] = np.reshape(y, (-1, 1))
            begin = later
        within = (np.nextafter(begin, end), np.nextafter(end, begin))

        def piece(t: float, y: Array, within: tuple[Any, Any] = within) -> list[float]:
            return flow(min(max(t, within[0]), within[1]), y)

        try:
            found = solve_ivp(piece, (begin, end), y, method="LSODA", rtol=1e-9, atol=1e-9, dense_output=True)
        except (OverflowError, ValueError):  # it runs away, or has done so
            return nothing
        if not found.success:
            return nothing
        assert found.sol is not None  # asked for above
        here, y = (asked <= end) & ((asked > begin) | (begin == times[0])), found.y[:, -1]
        made[:, here] = found.sol(asked[here])
    place = states.index(V)
    sharp, beside = made[place, : times.size], made[place, times.size :]
    got = record.samples[np.isfinite(record.samples[:, place]), place]  # what is made anew may run away
    scale = (float(np.ptp(got)) if got.size else 0.0) or 1.0
    apart = [
        np.abs(one - sharp)
        for one in columns
        if one.size == sharp.size and abs(one[0] - sharp[0]) <= 1e-9 * (1 + abs(sharp[0]))
    ]
    if not apart:  # the script keeps none by itself: the states at which SciPy asked for the derivative
        apart = [np.abs(beside - record.samples[:n, place])]
    best = min(apart, key=lambda one: float(np.max(one)))
    far = np.flatnonzero(~(best <= FAR * scale))
    if not far.size:
        return Replay(record.samples, record.order, -1, "")
    k = int(far[0])
    return Replay(
        record.samples,
        record.order,
        min(k, record.order.size - 1),
        f"{V} comes out {best[k]:.3g} away from SciPy's",
    )


def _edges(record: Record, program: Program, times: Array) -> list[float]:
    """List the times within a run at which a right-hand side takes another branch."""
    values = record.parameter_values
    found = set()
    for node in program.nodes:
        for one, other in (node.args, node.args[::-1]) if name_of(node) in RELATIONS else ():
            if is_leaf(one, record.time) and leaves(other) <= set(values):
                found.add(float(at_points(other, values)))
    return sorted(one for one in found if times[0] < one < times[-1])
