"""The variational equations over one smooth piece: in time, and over V where it runs off to a cut-off."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cached_property
from typing import Any

import attrs
import numpy as np

from natrium.analysis.variation.linearised import Linearised, linearised
from natrium.model import Drive, HybridSystem, SolverError, Stimulus
from natrium.model.arrays import Array
from natrium.solvers.event_driven.smooth import solve_smooth

# Of the variational equations: far below what gradients are asked for.
RTOL = 1e-11
GATE = 0.01  # absolute tolerances on gates, of those on V in mV
STEEP = 500.0  # mV/ms: faster than any sodium spike; what is faster still, and steepens, runs off


@attrs.frozen(eq=False, slots=False)
class Directions:
    """What the run is differentiated by: P directions."""

    start: Array  # shape (n_states, P): derivative of the state at the start
    parameters: Array  # shape (n_parameters, P): derivative of the system's parameters
    inputs: tuple[tuple[int, Stimulus], ...] = ()  # direction and derivative of the input by it
    # By time, ms: direction, velocity of the edge, and the stimulus whose edge it is.
    edges: Mapping[float, list[tuple[int, float, Stimulus]]] = attrs.field(factory=dict)
    # By time, ms: direction, the state that jumps, velocity of the time, and growth of the jump.
    kicks: Mapping[float, list[tuple[int, int, float, float, float]]] = attrs.field(factory=dict)
    scale: Array = attrs.field()  # shape (P,): natural size of a derivative in each direction, for tolerances
    # The neuron's, where other parameters than its usual ones have symbols.
    system: HybridSystem | None = None

    @scale.default
    def _unit(self) -> Array:
        return np.ones(self.start.shape[1])

    @cached_property
    def forced(self) -> Forced:
        """The directions in which the flow itself moves, apart from where the state is."""
        moved = {column for column, _ in self.inputs}
        columns = np.array(
            [k for k in range(self.start.shape[1]) if k in moved or self.parameters[:, k].any()], dtype=int
        )
        places = {column: place for place, column in enumerate(columns.tolist())}
        inputs = tuple((places[column], shape) for column, shape in self.inputs)
        return Forced(columns, self.parameters[:, columns], inputs, self.scale[columns])


@attrs.frozen(eq=False)
class Forced:
    """Directions in which the flow itself moves: in all others derivatives go along with the state alone."""

    columns: Any  # shape (n_forced,): which directions
    parameters: Array  # shape (n_parameters, n_forced)
    inputs: tuple[tuple[int, Stimulus], ...]  # their places among these, and derivatives of the input
    scale: Array  # shape (n_forced,)

    def and_all(self, sizes: tuple[float, ...]) -> Forced:
        """Add the direction of each state, of so large states."""
        n = len(sizes)
        still = np.zeros((self.parameters.shape[0], n))
        scale = np.array([1.0] + [1.0 / GATE] * (n - 1)) / sizes  # a gate's whole range is worth a hundred mV
        return attrs.evolve(
            self, parameters=np.hstack([self.parameters, still]), scale=np.append(self.scale, scale)
        )


@attrs.frozen(eq=False)
class Spike:
    """One spike and its derivatives."""

    time: float  # ms
    gradient: Array  # shape (P,): d time / d each direction
    after: Array  # shape (n_states, P): derivative of the state just after the reset, along with the event
    slope: float  # rate at which the guard is crossed, mV/ms
    # How far V would go over the threshold by its slope and curvature, slope^2/(2 |d2V/dt2|), mV; infinite
    # where it does not bend down.
    margin: float


@attrs.frozen(eq=False)
class Variation:
    """Derivatives along one run."""

    spikes: tuple[Spike, ...]
    # Shape (n_states, P): derivative of the state at the end, at fixed time (while refractory: along with the
    # last spike).
    final: Array


def integrate(
    linear: Linearised,
    drive: Drive,
    y: Array,
    S: Array,
    length: float,
    directions: Directions | Forced,
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
    directions : Directions or Forced
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

    if math.isfinite(v_thresh) and excess_rate(linear, y, drive(0.0), v_thresh) >= 0.0:
        return rise(linear, drive, 0.0, y, S, v_thresh, directions, inputs, rtol)
    weights = GATE * rtol * np.array(linear.sizes)
    weights[0] /= GATE
    options: dict[str, Any] = {}
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
        return excess_rate(linear, z[:n], drive(s), v_thresh)

    runs_off.terminal = True  # type: ignore[attr-defined]  # what solve_ivp reads off an event
    if math.isfinite(v_thresh):
        options["events"] = runs_off
    longest = min([drive.max_step, *(shape.max_step for _, shape in inputs)])
    result = solve_smooth(
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
    if result.status == 1 and z[0] < v_thresh:
        return rise(linear, drive, s, z[:n], z[n:].reshape(n, columns), v_thresh, directions, inputs, rtol)
    if not np.all(np.isfinite(z)):
        raise SolverError(
            f"the variational equations must stay finite, got {result.message!r} {result.t[-1:]} ms into a "
            f"piece that begins at V = {y[0]:.6g} mV; check the rates there, or shorten the run"
        )
    return z[:n], z[n:].reshape(n, columns)


def through_rest(
    linear: Linearised,
    level: float,
    y: Array,
    S: Array,
    length: float,
    directions: Directions,
    inputs: list[tuple[int, Drive]] | None = None,
    *,
    rtol: float = RTOL,
) -> tuple[Array, Array, Array]:
    """Carry state and derivatives through (a part of) a refractory period under a constant input.

    By the system's closed form; by the flow where there is none. Arguments as of `integrate`; the third
    result is the state's derivative by the length.
    """
    if linear.system.rested(0.0) is None:
        resting = linearised(linear.system.resting, linear.stiff)
        y, S = integrate(resting, Drive(level=level), y, S, length, directions, inputs, rtol=rtol)
        return y, S, resting.flow(y, level)[0]
    end, by_state, by_length = linear.rest(y, length)
    S = by_state @ S
    if directions.parameters.any():
        S += linear.rest_by_parameters(y, length) @ directions.parameters
    return end, S, by_length


def excess_rate(linear: Linearised, y: Array, level: float, v_thresh: float) -> float:
    """Give how much faster V rises than `STEEP`, where it would rise faster still at the threshold, mV/ms.

    Negative where it does not run off so.
    """
    if not y[0] < v_thresh:  # it went on through the threshold
        return -1.0
    rate, steep = float(linear.flow(y, level)[0][0]), STEEP * linear.sizes[0]
    there = np.array([v_thresh, *y[1:]])
    steepens = rate < steep or linear.flow(there, level)[0][0] > rate
    return rate - steep if steepens else -1.0


def rise(
    linear: Linearised,
    drive: Drive,
    s: float,
    y: Array,
    S: Array,
    v_thresh: float,
    directions: Directions | Forced,
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

    def fun(V: float, z: Array) -> list[float]:
        # A few numbers are soonest computed with as plain floats; products of matrices are NumPy's.
        time, *others = z[:n].tolist()
        state, level, moved = [float(V), *others], drive(time), z[n:].reshape(n, columns)
        rows = linear.rows(state, level)
        (pace, *f), f_I = rows[0], rows[1]
        changes = (np.array(rows)[2:, 1:] @ moved[1:]).tolist()  # row 0 of what moves is the time
        for column, shape in inputs:
            push = shape(time)
            for row, by_input in zip(changes, f_I, strict=True):
                row[column] += by_input * push
        if not drive.is_constant:
            later = [drive.rate(time) * one for one in moved[0].tolist()]
            for row, by_input in zip(changes, f_I, strict=True):
                row[:] = [change + by_input * one for change, one in zip(row, later, strict=True)]
        if by_parameters:
            changes = (changes + linear.by_parameters(np.array(state), level) @ dp).tolist()
        try:
            first, rest = [change / pace for change in changes[0]], zip(changes[1:], f, strict=True)
            slopes = [
                (change - one * share) / pace
                for row, one in rest
                for change, share in zip(row, first, strict=True)
            ]
            by_V = [1.0 / pace, *(one / pace for one in f)]
            return [*by_V, *(-change / pace**2 for change in changes[0]), *slopes]
        except ArithmeticError:  # V stands still, or its rate is beyond all numbers: no step is short enough
            return [math.nan] * z.size

    whole = 1e-3 * rtol * np.append(1.0, linear.sizes[1:])  # row 0 is the time
    f, _, _ = linear.flow(y, drive(s))
    early = -S[0] / f[0]
    moved = np.vstack([early, (S + np.outer(f, early))[1:]])
    result = solve_smooth(
        fun,
        (float(y[0]), v_thresh),
        np.concatenate([[s], y[1:], moved.ravel()]),
        rtol=rtol,
        atol=np.append(whole, np.repeat(whole, columns)),
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
