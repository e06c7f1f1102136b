"""One event-driven run as it goes on, piece by piece: a `solve_ivp` call for each that is smooth."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Callable
from functools import partial
from typing import Any

import attrs
import numpy as np
from scipy.integrate import solve_ivp

from natrium.model import Kernel, SolverError, Span, lower
from natrium.model.arrays import Array
from natrium.model.hybrid import lands, over_threshold
from natrium.model.scales import state_scales
from natrium.model.stimuli.stimulus import edges_of
from natrium.solvers.base import Run
from natrium.solvers.event_driven.crossing import BranchSearch, Graze, Search
from natrium.solvers.event_driven.failures import not_finite, shrank, unreal
from natrium.solvers.event_driven.fast_gates import FastGates, fast_gates
from natrium.solvers.event_driven.inspector import Inspector
from natrium.solvers.event_driven.lazy import LazyPolynomials, join
from natrium.solvers.event_driven.leaps import way_up
from natrium.solvers.event_driven.methods import is_implicit
from natrium.solvers.event_driven.right_hand_side import bound_jacobian, bound_rhs
from natrium.solvers.event_driven.steppers import STEPPERS, Piece, Rhs
from natrium.solvers.event_driven.stiffness import EXPLICIT, IMPLICIT, Switch
from natrium.solvers.event_driven.strides import Strides, strides_of
from natrium.solvers.event_driven.surfaces import Surfaces
from natrium.solvers.flags import graze_warnings
from natrium.solvers.history import Event, Segment
from natrium.solvers.limits import LEAST_RTOL, Spending
from natrium.solvers.refractory import rest_segment
from natrium.solvers.trajectory import Trajectory

LEAST_ATOL = 1e-20  # below it errors in units of tolerance overflow where a gate starts at zero
# Absolute tolerances in units of rtol: u is measured in mV from threshold; gates are raised to powers
# and multiplied by g (E - V), so that their errors weigh a hundred times more.
ATOL_V, ATOL_GATE = 1.0, 0.01
# What a step's error is, in tolerances, differs between methods: RK45's is as large as it is allowed to
# be, the others' smaller (measured on the reference spike trains); Radau13 estimates that of order seven.
TIGHTER = {"DOP853": 1.0, "RK45": 0.1, "Radau": 1.0, "Radau13": 5.0}

# Options of our steppers pass through solve_ivp to them; its stubs know SciPy's own only.
_solve_ivp: Callable[..., Any] = solve_ivp


class Course:
    """One run. Its clock is the time since t_start, so that late runs keep their digits.

    Parameters
    ----------
    solver : EventDriven
    run : Run
    """

    def __init__(self, solver: Any, run: Run) -> None:
        self.solver, self.run, self.neuron, self.stimulus = solver, run, run.neuron, run.stimulus
        self.t_start, self.t_end, self.duration = run.t_start, run.t_end, run.duration
        neuron = run.neuron
        self.kernel: Kernel = lower(neuron.system)
        initial = neuron.initial_state()
        self.frame = self.kernel.frame
        self.y = self.frame.inward(np.array(initial))
        self.rtol = max(solver.rtol, LEAST_RTOL)
        own = None if solver.atol is None else max(solver.atol, LEAST_ATOL)
        if own is None:
            self.atol = ATOL_GATE * self.rtol * np.array(state_scales(neuron))
            self.atol[0] *= ATOL_V / ATOL_GATE
        else:
            self.atol = np.full(len(initial), own)
        self.budget = Spending(solver.limits, self.duration)
        self.segments: list[Segment] = []
        self.events: list[Event] = []
        self.grazes: list[Graze] = []
        self.steps: dict[str, int] = {}
        self.following: tuple[str, ...] = ()  # gates that are at their steady state throughout
        self.pieces = 0
        self.refractory_until = 0.0
        self.stands = self.kernel.system.relaxations is not None  # while refractory
        self.passes = self.kernel.system.passes
        self.roams = self.neuron.tau_ref > 0.0 and self.kernel.system.rests_in_motion
        self.next_step = math.inf  # ms: what strides would try, where there are any
        self.switch = Switch(solver.method == "auto")
        self.above = self.passes and self.y[0] >= 0.0  # the threshold, where V goes on through it
        self.kicks = run.kicks()
        self.jumps = sorted(self.kicks)
        edges = edges_of(self.stimulus, self.t_start, self.t_end)
        self.edges: list[float] = edges.tolist()
        self.ends: list[float] = [*(edges[1:-1] - self.t_start).tolist(), self.duration]

    def carry_through(self) -> None:
        """Go through all pieces."""
        strides = strides_of(self.run, self.kernel, self.atol, self.solver, len(self.ends))
        begin, k, entered = 0.0, 0, -1
        while k < len(self.ends):
            if entered < k:
                entered = k
                for place, amount in self.kicks.get(self.edges[k], ()):
                    self._kick(begin, place, amount)
            if begin >= self.ends[k]:
                k += 1
            elif self.refractory_until > begin:
                begin = self._rest(begin, min(self.refractory_until, self._unmoved(k)))
            elif strides is None or not (found := self._stride(strides, k, begin)):
                begin = self._flow(self._span(k), begin, self.ends[k], self.kernel, self.neuron.fires)
            else:
                k, begin = found
        if self.events and self.events[-1].time >= self.t_end:
            self._stand(self.duration, 0.0)  # the state after a reset at the very end

    def _span(self, k: int) -> Span:
        return Span(self.stimulus, *self.edges[k : k + 2])

    def _unmoved(self, k: int) -> float:
        """Give until when a refractory period that begins in a span goes on by one law."""
        if not self.stands:
            return self.ends[k]
        later = bisect_right(self.jumps, self.edges[k])
        return self.jumps[later] - self.t_start if later < len(self.jumps) else self.duration

    def _stride(self, strides: Strides, piece: int, begin: float) -> tuple[int, float] | None:
        """Go on from sample to sample as far as no spike can be; None where that is nowhere."""
        sign = (-1.0 if self.above else 1.0) if self.neuron.fires else 0.0
        reached, time, segment, calls = strides.go(piece, begin, self.y, sign)
        self.budget.spend(calls, time)
        self.next_step = strides.next_step
        if segment is None:
            return None
        self.y = strides.state.copy()
        self.segments.append(segment)
        self.pieces += reached - piece
        self.steps["DOP853"] = self.steps.get("DOP853", 0) + segment.knots.size - 1
        return reached, time

    def _kick(self, begin: float, place: int, amount: float) -> None:
        """Let a state jump; V that is held stays, and one that jumps over the threshold fires at once."""
        if place == 0 and self.refractory_until > begin:
            return
        before = self.frame.outward(self.y)
        before[place] += amount
        self.y = self.frame.inward(before)
        over, counts = self.y[0] >= 0.0, place == 0 or self.frame.weights[place] != 0.0
        if counts and self.refractory_until <= begin and self.neuron.fires and over and not self.above:
            self._spike(math.inf, begin, before)
        elif counts and self.passes:
            self.above = bool(over)

    @property
    def at_steady_state(self) -> dict[str, Any]:
        """The gates that followed V, for the statistics."""
        return {"at_steady_state": list(self.following)} if self.following else {}

    def warnings(self, exact: Trajectory | None) -> tuple[str, ...]:
        """Say what could not be decided, and what was done otherwise than asked."""
        peaks = [(self.t_start + graze.t, graze.u) for graze in self.grazes]
        own = np.array([event.time for event in self.events])
        said = graze_warnings(peaks, len(peaks), None if exact is None else (own, exact.spike_times))
        if self.solver.rtol < LEAST_RTOL:
            said.append(f"rtol raised to {LEAST_RTOL:g}, the least that the methods honour")
        return tuple(said)

    def _rest(self, begin: float, end: float) -> float:
        """Go through (a part of) a refractory period; give the time reached."""
        span = self._span(bisect_left(self.ends, end))
        if self.stands:
            self._stand(begin, end - begin)
        else:
            self._flow(span, begin, end, lower(self.kernel.system.resting), fires=False)
        over = bool(self.y[0] >= 0.0)
        if self.passes:  # what V did meanwhile is no spike
            self.above = over
        elif end >= self.refractory_until and over:
            slope = self._slope(span, end)
            if self.y[0] > 0.0 or slope > 0.0:
                self._spike(slope, end, self.frame.outward(self.y))
        return end

    def _slope(self, span: Span, time: float) -> float:
        """Give how fast V rises above the threshold from where it is, mV/ms."""
        level = span.drive(self.t_start + time)(0.0) - self.neuron.gap
        return float(self.kernel.event_rhs(*self.y.tolist(), level, *self.kernel.parameters)[0])

    def _stand(self, begin: float, length: float) -> None:
        """Go through (a part of) a refractory period in closed form."""
        segment = rest_segment(self.kernel, self.t_start + begin, length, self.frame.outward(self.y))
        self.segments.append(segment)
        self.y = self.frame.inward(segment.values[:, -1])

    def _flow(self, span: Span, begin: float, end: float, kernel: Kernel, fires: bool) -> float:
        """Integrate a flow from `begin` up to `end` or, where it `fires`, the next spike."""
        self.pieces += 1
        drive, gap = span.drive(self.t_start + begin), self.neuron.gap
        fast = self._follow(kernel, drive(0.0) - gap)
        kernel = kernel if fast is None else fast.kernel
        flow = kernel.flow
        length, s = end - begin, 0.0
        sides = np.ones(flow.n_branches)
        surfaces = Surfaces(kernel, drive, gap, self.atol, self.rtol, sides)
        surfaces.settle(self.y, length)
        jac = bound_jacobian(kernel, sides)
        self.switch.jac = jac
        method: str = self.switch.first(self.y, length) if self.switch.active else self.solver.method
        while s < length:
            implicit = is_implicit(method)
            rhs = flow.stiff_rhs if implicit else flow.rhs
            fun = bound_rhs(rhs, drive, gap, (*kernel.parameters, *sides.tolist()), self.y.size)
            slopes = np.asarray(fun(s, self.y), dtype=float)
            if not np.all(np.isfinite(slopes)):
                labels = self.neuron.system.labels
                raise not_finite(self.t_start + begin + s, labels, self.frame.outward(self.y), slopes)
            onto = fires and not self.above and self.y[0] == 0.0
            if onto and not self.passes and fun(s, self.y)[0] > 0.0:
                raise self._fires_for_ever(self.frame.outward(self.y), begin + s)
            search = Search(float(self.atol[0]), self.rtol, -1.0 if self.above else 1.0, leaving=onto)
            branches = BranchSearch(surfaces) if sides.size else None
            holds = None if fast is None else partial(self._is_fast, fast)
            inspector = Inspector(self.budget, begin, search if fires else None, branches, self.switch, holds)
            piece = Piece(inspector, self.solver.step_scale)
            options: dict[str, Any] = {"jac": jac} if implicit else {}
            longest = min(drive.max_step, length) * self.solver.step_scale
            if self.next_step < math.inf and not implicit:  # SciPy's first one is short by caution
                options["first_step"] = min(self.next_step, longest, length - s)
            try:
                result = _solve_ivp(
                    fun,
                    (s, length),
                    self.y,
                    method=STEPPERS[method],
                    rtol=max(self.rtol * TIGHTER[method], LEAST_RTOL),
                    atol=self.atol * TIGHTER[method],
                    max_step=longest,
                    piece=piece,
                    **options,
                )
            except (TypeError, ValueError) as error:
                # SciPy's linear algebra meets an infinity, or a right-hand side without a real value.
                raise unreal(self.t_start + begin + max(s, piece.end[0])) from error
            self.budget.spend(result.nfev - inspector.seen + 1, begin + s)
            self.steps[method] = self.steps.get(method, 0) + len(piece.records)
            self.grazes += [attrs.evolve(graze, t=begin + graze.t) for graze in search.grazes]
            s = self._close(piece, fun, begin, s)
            if piece.event is not None and inspector.turned:
                assert branches is not None  # one of them has turned
                surfaces.turn(branches.index, s, self.y, length)
            elif piece.event is not None and self.above:
                self.y[0], self.above = 0.0, False
            elif piece.event is not None:
                self._spike(float(piece.event.f[0]), begin + s)
                return min(begin + s, end)
            elif result.status < 0 and fires and self._leap(fun, begin, s):
                return min(begin + s, end)
            elif fast is not None and inspector.left:
                return self._flow(span, begin + s, end, fast.whole, fires)
            elif result.status < 0:
                method = self._after_failure(method, jac, begin + s, s)
            elif piece.handover:
                method = IMPLICIT if method == EXPLICIT else EXPLICIT
        return end

    def _follow(self, kernel: Kernel, level: float) -> FastGates | None:
        """Let gates that are fast everywhere follow V from here on; give the flow in which they do."""
        fast = fast_gates(kernel.system, self.rtol) if self.solver.method == "auto" else None
        if fast is None or not self._is_fast(fast, self.y):
            return None
        settled = fast.settled(self.y, level, float(self.frame.outward(self.y)[0]))
        if not np.all(np.isfinite(settled)) or self.y[0] < 0.0 <= settled[0]:
            return None
        self.y, self.following = settled, fast.labels
        return fast

    def _is_fast(self, fast: FastGates, y: Array) -> bool:
        return fast.hold_at(float(self.frame.outward(y)[0]))

    def _close(self, piece: Piece, fun: Rhs, begin: float, s: float) -> float:
        """Keep what was integrated as a segment; give the piece's own time reached."""
        records = [record for record in piece.records if record.t + record.h > record.t]
        if not records:
            return s
        reached, self.y = piece.end
        knots = np.array([record.t for record in records] + [reached])
        values = self.frame.outward(np.stack([record.y for record in records] + [self.y], axis=1))
        origin = self.t_start + begin
        dense = LazyPolynomials(partial(join, records, fun), knots, self.frame)
        self.segments.append(Segment(origin + knots[0], origin + reached, knots - knots[0], values, dense))
        return reached

    def _spike(self, slope: float, time: float, before: Array | None = None) -> None:
        """Count a spike, V rising at `slope` (mV/ms); reset, begin the refractory period."""
        if before is None:
            before = self.frame.outward(np.array([0.0, *self.y[1:]]))
        after = np.array(self.kernel.reset(*before.tolist(), 0.0, *self.kernel.parameters))
        self.events.append(Event(min(self.t_start + time, self.t_end), before, after, slope))
        self.budget.spike(time)
        self.y = self.frame.inward(after)
        self.above = self.passes
        level = float(self.frame.threshold(after))
        if abs(self.y[0]) <= lands(level) and not self.passes:
            self.y[0] = 0.0  # onto it
        if self.y[0] > 0.0 and not self.passes and not self.roams:
            raise self._fires_for_ever(after, time)
        self.refractory_until = time + self.neuron.tau_ref

    def _fires_for_ever(self, state: Array, time: float) -> SolverError:
        when = f" at t = {self.t_start + time:.9g} ms"
        return SolverError(over_threshold(float(self.frame.threshold(state)), float(state[0]), when))

    def _leap(self, fun: Rhs, begin: float, s: float) -> bool:
        """Spike where V runs off to the threshold within what a double tells of the time; tell whether so."""
        found = None if self.above else way_up(fun, s, self.y, self.t_start + begin + s)
        if found is None:
            return False
        length, reached = found
        self._spike(float(fun(s, reached)[0]), begin + s + length, self.frame.outward(reached))
        return True

    def _after_failure(self, method: str, jac: Any, time: float, s: float) -> str:
        """Go on with Radau after an explicit method's step has shrunk to nothing, or say what is wrong."""
        if method == EXPLICIT and self.switch.active and np.all(np.isfinite(jac(s, self.y))):
            return IMPLICIT
        raise shrank(method, self.t_start + time, self.frame.outward(self.y)[0])
