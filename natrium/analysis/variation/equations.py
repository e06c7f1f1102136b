r"""The variational equations along a run, with the jumps that events make.

Between events dS/dt = J(y) S + df/dp, with S = dy/dp at fixed time. Where the guard h(y, p) is met, at
t*, with f the flow just before,

.. math:: \frac{dt^*}{dp} = -\frac{h_y S + h_p}{h_y f}, \qquad
          Y = r_y \Big(S + f \frac{dt^*}{dp}\Big) + r_p

is the derivative of the state just after the reset r, *along with* the event. The refractory period
carries Y over to the restart, whose time moves by dt_r/dp = dt*/dp + dtau_ref/dp; from then on
S = Y - f(y_r) dt_r/dp. With dp = 0 and tau_ref = 0 this is the saltation matrix [1]_. All derivatives are
those of the symbolic system.

References
----------
.. [1] N. J. Kong, J. J. Payne, J. Zhu, A. M. Johnson, "Saltation matrices: the essential tool for
   linearizing hybrid dynamical systems" (2023). https://arxiv.org/abs/2306.06862
.. [2] S. Coombes, R. Thul, K. C. A. Wedgwood, "Nonsmooth dynamics in spiking neuron models", Physica D
   241 (2012) 2042-2057.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise
from typing import Any

import attrs
import numpy as np
from scipy.integrate import solve_ivp

from natrium.analysis.variation.branches import surfaces_of
from natrium.analysis.variation.collocation import collocate
from natrium.analysis.variation.linearised import Linearised, linearised
from natrium.model import Drive, SolverError, Span, Stimulus, smooth_spans
from natrium.model.arrays import Array
from natrium.solvers import Compiled, Trajectory
from natrium.solvers.trajectory import Event

# Of the variational equations: far below what gradients are asked for.
RTOL = 1e-11
LEAST_RTOL = 1e-13
GATE = 0.01  # absolute tolerances on gates, of those on V in mV
STEEP = 500.0  # mV/ms: faster than any sodium spike; what is faster still, and steepens, runs off
LOOKBACK = 1e-5  # ms, over which the slope of the input before a spike is taken

_solve_ivp: Callable[..., Any] = solve_ivp


@attrs.frozen(eq=False)
class Directions:
    """What the run is differentiated by: P directions.

    Attributes
    ----------
    start : ndarray, shape (n_states, P)
        Derivative of the state at the start.
    parameters : ndarray, shape (n_parameters, P)
        Derivative of the system's parameters.
    inputs : tuple of (int, Stimulus)
        Direction and derivative of the input by it.
    edges : mapping of float to list of (int, float, Stimulus)
        By time, ms: direction, velocity of the edge, and the stimulus whose edge it is.
    scale : ndarray, shape (P,)
        Natural size of a derivative in each direction, for tolerances.
    """

    start: Array
    parameters: Array
    inputs: tuple[tuple[int, Stimulus], ...] = ()
    edges: Mapping[float, list[tuple[int, float, Stimulus]]] = attrs.field(factory=dict)
    scale: Array = attrs.field()

    @scale.default
    def _unit(self) -> Array:
        return np.ones(self.start.shape[1])


@attrs.frozen(eq=False)
class Spike:
    """One spike and its derivatives.

    Attributes
    ----------
    time : float
        ms.
    gradient : ndarray, shape (P,)
        d time / d each direction.
    after : ndarray, shape (n_states, P)
        Derivative of the state just after the reset, along with the event.
    slope : float
        Rate at which the guard is crossed, mV/ms.
    margin : float
        How far V would go over the threshold by its slope and curvature, slope^2/(2 |d2V/dt2|), mV;
        infinite where it does not bend down.
    """

    time: float
    gradient: Array
    after: Array
    slope: float
    margin: float


@attrs.frozen(eq=False)
class Variation:
    """Derivatives along one run.

    Attributes
    ----------
    spikes : tuple of Spike
    final : ndarray, shape (n_states, P)
        Derivative of the state at the end, at fixed time (while refractory: along with the last spike).
    """

    spikes: tuple[Spike, ...]
    final: Array


Renew = Callable[[Array, Array], tuple[Array, Array]]


def propagate(
    trajectory: Trajectory,
    directions: Directions,
    *,
    rtol: float = RTOL,
    n_spikes: int | None = None,
    renew: Renew | None = None,
) -> Variation:
    """Carry derivatives along a run whose events are known.

    Parameters
    ----------
    trajectory : Trajectory
        An event-driven run.
    directions : Directions
    rtol : float
        Relative tolerance.
    n_spikes : int, optional
        End with this spike.
    renew : callable, optional
        Given ``gradient, after`` of a spike, what to go on with: for products of many intervals.

    Raises
    ------
    SolverError
        When the equations cannot be integrated.
    """
    walk = _Walk(trajectory, directions, max(rtol, LEAST_RTOL), n_spikes, renew)
    for span in smooth_spans(trajectory.stimulus, trajectory.t_start, trajectory.t_end):
        walk.through(span)
    return Variation(tuple(walk.spikes), walk.S)


class _Walk:
    """The state and its derivatives as they go along a run."""

    def __init__(
        self,
        trajectory: Trajectory,
        directions: Directions,
        rtol: float,
        n_spikes: int | None,
        renew: Renew | None,
    ) -> None:
        self.directions, self.rtol, self.renew = directions, rtol, renew
        # A series is as good between its steps' ends as there; other solvers' dense output is not.
        self.known = trajectory if isinstance(trajectory.made_by, Compiled) else None
        stiff = "Radau" in trajectory.statistics.get("steps", {})
        self.linear = self.plain = linearised(trajectory.neuron.system, stiff)
        self.surfaces = surfaces_of(trajectory.neuron.system, stiff)
        self.trajectory = trajectory
        if self.surfaces is not None:  # their sides are parameters that do not move
            still = np.zeros((self.surfaces.n_sides, directions.start.shape[1]))
            self.directions = attrs.evolve(directions, parameters=np.vstack([directions.parameters, still]))
        self.events: Iterator[Event] = iter(trajectory.events[:n_spikes])
        self.event = next(self.events, None)
        self.ends = n_spikes is not None
        self.t = trajectory.t_start
        self.y = np.asarray(trajectory.neuron.initial_state(), dtype=float)
        self.S = directions.start.astype(float)
        self.refractory_until = -math.inf
        self.restart: tuple[Array, Array] | None = None  # derivatives of state and time, until V is free
        self.spikes: list[Spike] = []

    @property
    def done(self) -> bool:
        return self.ends and self.event is None

    def through(self, span: Span) -> None:
        """Go through one smooth stretch of the input."""
        while self.t < span.end and not self.done:
            if self.refractory_until > self.t:
                self.t = min(span.end, self.refractory_until)
                continue
            if self.restart is not None:
                self._restart(span)
            spiking = self.event is not None and self.event.time <= span.end
            end = self.event.time if self.event is not None and spiking else span.end
            drive = span.drive(self.t)
            self._integrate(span, drive, end - self.t, spiking)
            if spiking:
                self._spike(drive, end - self.t)
            self.t = end
        if self.restart is None and span.end in self.directions.edges:
            self._edge(span)

    def _integrate(self, span: Span, drive: Drive, length: float, spiking: bool) -> None:
        v_thresh = self.trajectory.neuron.v_thresh if spiking else math.inf
        if self.surfaces is not None:
            self._through_branches(span, length, v_thresh)
            return
        shapes = [(column, Span(s, span.begin, span.end)) for column, s in self.directions.inputs]
        inputs = [(column, shape.drive(self.t)) for column, shape in shapes]
        if self.known is None:
            self.y, self.S = integrate(
                self.linear,
                drive,
                self.y,
                self.S,
                length,
                self.directions,
                inputs,
                rtol=self.rtol,
                v_thresh=v_thresh,
            )
            return
        self.S = collocate(
            self.linear,
            self.known,
            self.t,
            length,
            drive,
            self.S,
            self.directions.parameters,
            inputs,
            self.directions.scale,
            self.rtol,
        )
        self.y = self.known.state(min(self.t + length, self.known.t_end), side="left")

    def _through_branches(self, span: Span, length: float, v_thresh: float) -> None:
        """Integrate with the sides of all branches held, from one change of them to the next."""
        assert self.surfaces is not None
        until = self.t + length
        ends = [one.end for one in self.trajectory.segments if self.t < one.end < until]
        before: tuple[float, ...] | None = None
        for begin, end in pairwise((self.t, *ends, until)):
            sides = self._sides(begin, end)
            drive = span.drive(begin)
            inputs = [
                (column, Span(shape, span.begin, span.end).drive(begin))
                for column, shape in self.directions.inputs
            ]
            if before is not None:
                moved = np.zeros(self.S.shape[1])
                for column, shape in inputs:
                    moved[column] += shape(0.0)
                rising = (drive(0.0) - drive(-LOOKBACK)) / LOOKBACK
                self.S = self.surfaces.jump(
                    before, sides, self.y, drive(0.0), rising, self.S, self.directions.parameters, moved
                )
            before, self.linear = sides, self.surfaces.held(sides)
            self.y, self.S = integrate(
                self.linear,
                drive,
                self.y,
                self.S,
                end - begin,
                self.directions,
                inputs,
                rtol=self.rtol,
                v_thresh=v_thresh if end == until else math.inf,
            )

    def _sides(self, begin: float, end: float) -> tuple[float, ...]:
        """Tell the sides of all branches in a stretch of the run, by its middle."""
        assert self.surfaces is not None
        middle = 0.5 * (begin + end)
        return self.surfaces.sides(self.trajectory.state(middle), self.trajectory.stimulus(middle))

    def _spike(self, drive: Drive, s: float) -> None:
        """Cross the guard: derivative of the time, reset, refractory period."""
        event, linear, dp = self.event, self.linear, self.directions.parameters
        assert event is not None
        level = drive(s)
        f, J, f_I = linear.flow(event.before, level)
        h_y, h_p = linear.guard(event.before)
        slope = float(h_y @ f)
        # S grows as the flow does, along the course that was integrated with it: in a steep upstroke that
        # ends a little elsewhere than at the spike, and only their ratio is right to all digits.
        own, _, _ = linear.flow(self.y, level)
        gradient = -(h_y @ self.S + h_p @ dp) / float(h_y @ own) + 0.0  # no minus zero
        r_y, r_p = linear.reset(event.before)
        after = r_y @ (self.S + np.outer(own, gradient)) + r_p @ dp
        bend = float(h_y @ (J @ f + f_I * (level - drive(s - LOOKBACK)) / LOOKBACK))
        margin = slope**2 / (-2.0 * bend) if bend < 0.0 else math.inf
        self.spikes.append(Spike(event.time, gradient, after, slope, margin))
        if self.renew is not None:
            gradient, after = self.renew(gradient, after)
        length, of_length = linear.refractory()
        self.y, D, moved, by_parameters = self.plain.rest(event.after, length)
        moving = of_length @ dp
        self.S = D @ after + np.outer(moved, moving) + by_parameters @ dp[: by_parameters.shape[1]]
        self.restart = (self.S, gradient + moving)
        self.refractory_until = event.time + length
        self.event = next(self.events, None)

    def _restart(self, span: Span) -> None:
        """Let V go: the flow begins earlier or later by what the restart's time moves."""
        assert self.restart is not None
        state, time = self.restart
        if self.surfaces is not None:
            end = min(one.end for one in self.trajectory.segments if one.end > self.t)
            self.linear = self.surfaces.held(self._sides(self.t, end))
        f, _, _ = self.linear.flow(self.y, span.drive(self.t)(0.0))
        self.S, self.restart = state - np.outer(f, time), None

    def _edge(self, span: Span) -> None:
        """Move an edge: the input before it goes on, or ends, a little earlier."""
        S = self.S.copy()
        for column, velocity, part in self.directions.edges[span.end]:
            before = Span(part, span.begin, span.end).drive(span.begin)(span.end - span.begin)
            _, _, f_I = self.linear.flow(self.y, 0.0)
            S[:, column] += f_I * (before - part(span.end)) * velocity
        self.S = S


def integrate(
    linear: Linearised,
    drive: Drive,
    y: Array,
    S: Array,
    length: float,
    directions: Directions,
    inputs: list[tuple[int, Drive]] | None = None,
    *,
    rtol: float = RTOL,
    v_thresh: float = math.inf,
) -> tuple[Array, Array]:
    """Integrate state and derivatives over one smooth piece.

    Parameters
    ----------
    linear : Linearised
    drive : Drive
        The input from the piece's start on.
    y : ndarray, shape (n_states,)
    S : ndarray, shape (n_states, P)
    length : float
        ms.
    directions : Directions
        Of which `parameters` and `scale` are used.
    inputs : list of (int, Drive), optional
        Direction and derivative of the input by it, from the piece's start on.
    rtol : float
    v_thresh : float
        Threshold that V meets at the piece's end, mV: from where V runs off to it, V itself is what is
        integrated over, and neither step nor derivative knows how steep it is.

    Returns
    -------
    y : ndarray, shape (n_states,)
    S : ndarray, shape (n_states, P)
        At the end.
    """
    n, columns, scale = y.size, S.shape[1], directions.scale
    if length <= 0.0:
        return y, S
    dp = directions.parameters
    by_parameters, inputs = bool(dp.any()), inputs or []

    def fun(s: float, z: Array) -> Array:
        state, level = z[:n], drive(s)
        f, J, f_I = linear.flow(state, level)
        out = np.empty_like(z)
        out[:n] = f
        moved = J @ z[n:].reshape(n, columns)
        if by_parameters:
            moved += linear.by_parameters(state, level) @ dp
        for column, shape in inputs:
            moved[:, column] += f_I * shape(s)
        out[n:] = moved.ravel()
        return out

    weights = np.full(n, GATE * rtol)
    weights[0] = rtol
    options: dict[str, Any] = {"method": "DOP853"}
    if linear.stiff:

        def block(s: float, z: Array) -> Array:
            # What couples S to y is lower triangular: Newton does without.
            J = linear.flow(z[:n], drive(s))[1]
            whole = np.zeros((z.size, z.size))
            whole[:n, :n] = J
            whole[n:, n:] = np.kron(J, np.eye(columns))
            return whole

        options = {"method": "Radau", "jac": block}

    def runs_off(s: float, z: Array) -> float:
        rate = linear.flow(z[:n], drive(s))[0][0]
        return float(rate - STEEP) if rate < STEEP or _steepens(linear, z[:n], v_thresh, drive(s)) else -1.0

    runs_off.terminal = True  # type: ignore[attr-defined]  # what solve_ivp reads off an event
    if math.isfinite(v_thresh):
        options["events"] = runs_off
    longest = min([drive.max_step, *(shape.max_step for _, shape in inputs)])
    result = _solve_ivp(
        fun,
        (0.0, length),
        np.concatenate([y, S.ravel()]),
        rtol=max(rtol, 1e-9) if linear.stiff else rtol,
        atol=np.concatenate([weights, np.outer(weights, scale).ravel()]),
        max_step=min(longest, length),
        t_eval=(length,),
        **options,
    )
    z = result.y[:, -1] if result.status == 0 else np.full(1, math.nan)
    if result.status == 1:
        s, z = float(result.t_events[0][0]), result.y_events[0][0]
        return rise(linear, drive, s, z[:n], z[n:].reshape(n, columns), v_thresh, directions, inputs, rtol)
    if not np.all(np.isfinite(z)):
        raise SolverError(
            f"the variational equations must stay finite, got {result.message!r} {result.t[-1:]} ms into a "
            f"piece that begins at V = {y[0]:.6g} mV; check the rates there, or shorten the run"
        )
    return z[:n], z[n:].reshape(n, columns)


def _steepens(linear: Linearised, y: Array, v_thresh: float, level: float) -> bool:
    """Tell whether V would rise faster at the threshold than it does."""
    there = np.array([v_thresh, *y[1:]])
    return bool(linear.flow(there, level)[0][0] > linear.flow(y, level)[0][0])


def rise(
    linear: Linearised,
    drive: Drive,
    s: float,
    y: Array,
    S: Array,
    v_thresh: float,
    directions: Directions,
    inputs: list[tuple[int, Drive]],
    rtol: float,
) -> tuple[Array, Array]:
    """Integrate state and derivatives over V up to the threshold.

    With t and the other states x as functions of V, dt/dV = 1/f_V and dx/dV = f_x/f_V, and what is
    differentiated is t and x at given V: of moderate size however steep the rise is.

    Parameters
    ----------
    linear, drive, directions, inputs, rtol
        As of `integrate`.
    s : float
        Time in the piece, ms.
    y : ndarray, shape (n_states,)
    S : ndarray, shape (n_states, P)
        There.
    v_thresh : float
        mV.

    Returns
    -------
    y, S : ndarray
        As of `integrate`, at the threshold.
    """
    n, columns = y.size, S.shape[1]
    dp = directions.parameters
    by_parameters = bool(dp.any())

    def fun(V: float, z: Array) -> Array:
        time, moved = z[0], z[n:].reshape(n, columns)  # row 0 of what moves is the time
        state = np.array([V, *z[1:n]])
        level = drive(time)
        f, J, f_I = linear.flow(state, level)
        dI = np.zeros(columns)
        for column, shape in inputs:
            dI[column] += shape(time)
        if not drive.is_constant:
            dI += (level - drive(time - LOOKBACK)) / LOOKBACK * moved[0]
        df = J[:, 1:] @ moved[1:] + np.outer(f_I, dI)
        if by_parameters:
            df += linear.by_parameters(state, level) @ dp
        out = np.empty_like(z)
        out[0], out[1:n] = 1.0 / f[0], f[1:] / f[0]
        slopes = (df - np.outer(f, df[0] / f[0])) / f[0]
        slopes[0] = -df[0] / f[0] ** 2
        out[n:] = slopes.ravel()
        return out

    f, _, _ = linear.flow(y, drive(s))
    early = -S[0] / f[0]
    moved = np.vstack([early, (S + np.outer(f, early))[1:]])
    result = _solve_ivp(
        fun,
        (float(y[0]), v_thresh),
        np.concatenate([[s], y[1:], moved.ravel()]),
        method="DOP853",
        rtol=rtol,
        atol=1e-3 * rtol,
        t_eval=(v_thresh,),
    )
    z = result.y[:, -1] if result.status == 0 else np.full(1, math.nan)
    if not np.all(np.isfinite(z)):
        raise SolverError(
            f"the variational equations must stay finite, got {result.message!r} on the way from "
            f"V = {y[0]:.6g} mV to the threshold; check the rates there"
        )
    end = np.array([v_thresh, *z[1:n]])
    moved = z[n:].reshape(n, columns)
    f, _, _ = linear.flow(end, drive(float(z[0])))
    return end, np.vstack([np.zeros(columns), moved[1:]]) - np.outer(f, moved[0])
