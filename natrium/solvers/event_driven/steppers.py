"""SciPy's one-step methods, each step searched for a threshold crossing before it is accepted.

`solve_ivp` looks at an event function at the ends of steps only: V that rises over the threshold and
falls again within one step is lost, and its spike times are those of the dense output, which is 17 to
31 times worse than DOP853's steps. The classes here are solve_ivp methods whose steps end *on* the
first crossing, found in the step's polynomial and polished by true steps; the integration's bound is
then where it is, and solve_ivp has nothing left to search for.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import attrs
import numpy as np
from scipy.integrate import DOP853, RK45, Radau, solve_ivp
from scipy.linalg.lapack import dgetrf, dgetrs, zgetrf, zgetrs

from natrium.model.arrays import Array
from natrium.solvers.bernstein import FROM_DOP853, from_monomials
from natrium.solvers.event_driven.methods import STABILITY
from natrium.solvers.event_driven.radau import Radau13
from natrium.solvers.event_driven.runge_kutta import QuickSteps

_RK45_TO_BERNSTEIN = from_monomials(4)
_RADAU_TO_BERNSTEIN = from_monomials(3)
_N_STAGES = DOP853.n_stages
# Of rtol times the squared third-order estimate: on the reference trains the norm is below it in fewer
# than one step of 200 (factor 10 to spare), on drives where it vanishes by chance in one of ten.
BY_CHANCE = 5e-3

Rhs = Callable[[float, Array], Any]


@attrs.frozen(eq=False)
class TrueStep:
    """One step of the method, from a step's start over any part of it."""

    h: float  # its length, ms
    # y and f, shape (n,): state and derivative at its end.
    y: Array
    f: Array
    record: Record  # for dense output


@attrs.define(eq=False)  # frozen ones are made three times as slowly
class Record:
    """What is kept of a step: enough to make its dense output when asked for."""

    # t and h: start (in the piece's own time) and length, ms.
    t: float
    h: float
    y: Array  # shape (n,): state at the start
    # Stages of a Runge-Kutta step, shape (n_stages + 1, n), or an implicit one's polynomial: Radau's, shape
    # (n, 3), or Bernstein coefficients less `y`, shape (degree + 1, n).
    data: Array
    stepper: type[Stepper]

    def coefficients(self, fun: Rhs) -> Array:
        """Give the Bernstein coefficients of the step's dense output, shape (degree + 1, n)."""
        return self.stepper.bernstein(fun, self)


class Piece:
    """One smooth piece while it is integrated: the link between solve_ivp and the crossing search.

    Parameters
    ----------
    inspect : callable
        Called with the stepper after every step; gives the `TrueStep` that ends on an event, or None.
    step_scale : float
        Its fourth power scales the first step. SciPy bounds that one by the slopes alone, so that a run which
        checks another would begin with the same step, and see nothing of its error where it holds a spike.
    """

    def __init__(self, inspect: Callable[[Stepper], TrueStep | None], step_scale: float = 1.0) -> None:
        self.inspect = inspect
        self.step_scale = step_scale
        self.records: list[Record] = []
        self.event: TrueStep | None = None
        self.handover = False
        self.end: tuple[float, Array] = (0.0, np.empty(0))

    def after_step(self, stepper: Stepper, t_old: float) -> None:
        """Take a step as it is, or shorten it to end on the event it holds.

        There solve_ivp is done, and also where another method is to go on.
        """
        found = self.inspect(stepper)
        if found is None:
            self.records.append(stepper.record(t_old))
        else:
            self.event = found
            self.records.append(found.record)
            stepper.t = t_old + found.h
            stepper.y = found.y
        self.end = (stepper.t, stepper.y)
        if self.event is not None or self.handover:
            stepper.t_bound = stepper.t


class Stepper:
    """What the crossing search needs of a method; mixed into SciPy's classes.

    To add a method: derive from `Stepper` and SciPy's class, give `stability`, `record`, `bernstein`,
    `slopes` and `true_step`, and list it in `STEPPERS`.
    """

    # SciPy's attributes
    t: float
    y: Array
    y_old: Array
    f: Array
    t_bound: float
    h_abs: float
    nfev: int
    atol: Array
    fun: Rhs

    stability: float  # see `STABILITY`
    piece: Piece
    step_start: float
    step_length: float

    def __init__(self, *args: Any, piece: Piece, **options: Any) -> None:
        self.piece = piece
        super().__init__(*args, **options)
        self.h_abs *= piece.step_scale**4

    def _step_impl(self) -> tuple[bool, str | None]:
        t_old = self.t
        success, message = super()._step_impl()  # type: ignore[misc]  # of the SciPy class beside
        if success:
            self.step_start, self.step_length = t_old, self.t - t_old
            self.piece.after_step(self, t_old)
        return success, message

    def record(self, t_old: float) -> Record:
        """Keep what the step's dense output needs."""
        raise NotImplementedError  # pragma: no cover - abstract

    @staticmethod
    def bernstein(fun: Rhs, record: Record) -> Array:
        """Make the Bernstein coefficients of a step's dense output."""
        raise NotImplementedError  # pragma: no cover - abstract

    def slopes(self) -> tuple[float, float]:
        """Give bounds on dV/dt within the step, as far as its stages saw it."""
        raise NotImplementedError  # pragma: no cover - abstract

    def true_step(self, h: float) -> TrueStep:
        """Step from the step's start over `h` by the method itself."""
        raise NotImplementedError  # pragma: no cover - abstract


class _Explicit(Stepper):
    """Runge-Kutta methods by their tableau."""

    A: Array
    B: Array
    C: Array
    K: Array

    def __init__(self, fun: Rhs, *args: Any, **options: Any) -> None:
        super().__init__(fun, *args, **options)

        def count(t: float, y: Array) -> Any:
            # What SciPy's two wrappers do, without their calls: half the cost of a scalar right-hand side.
            self.nfev += 1
            return fun(t, y)

        self.fun = count

    def record(self, t_old: float) -> Record:
        return Record(t_old, self.step_length, self.y_old, self.K.copy(), type(self))

    def slopes(self) -> tuple[float, float]:
        seen = self.K[:, 0].tolist()
        return min(seen), max(seen)

    def true_step(self, h: float) -> TrueStep:
        t, y, fun = self.step_start, self.y_old, self.fun
        K = np.empty_like(self.K)
        K[0] = self.K[0]
        for s in range(1, len(self.B)):
            K[s] = fun(t + self.C[s] * h, y + h * (self.A[s, :s] @ K[:s]))
        y_new = y + h * (self.B @ K[:-1])
        K[-1] = fun(t + h, y_new)
        return TrueStep(h, y_new, K[-1], Record(t, h, y, K, type(self)))


class _RK45(_Explicit, QuickSteps, RK45):  # type: ignore[misc]  # SciPy's base is untyped
    """Dormand-Prince 5(4)."""

    stability = STABILITY["RK45"]

    @staticmethod
    def bernstein(fun: Rhs, record: Record) -> Array:
        Q = record.h * (record.data.T @ RK45.P)
        return _RK45_TO_BERNSTEIN @ np.vstack([record.y, Q.T])


class _DOP853(_Explicit, QuickSteps, DOP853):  # type: ignore[misc]  # SciPy's base is untyped
    """Dormand-Prince 8(5, 3)."""

    stability = STABILITY["DOP853"]
    rtol: float

    def _estimate_error_norm(self, K: Array, h: float, scale: Array) -> float:
        # SciPy's own norm, bounded from below by the square of the third-order estimate: with one state,
        # under a smooth drive, the fifth-order one now and then vanishes by chance.
        err5, err3 = DOP853.E5.dot(K) / scale, DOP853.E3.dot(K) / scale
        fifth, third = float(err5.dot(err5)), float(err3.dot(err3))
        if fifth == 0.0 and third == 0.0:
            return 0.0
        norm = abs(h) * fifth / math.sqrt((fifth + 0.01 * third) * scale.size)
        return max(norm, BY_CHANCE * self.rtol * h * h * third / scale.size)

    @staticmethod
    def bernstein(fun: Rhs, record: Record) -> Array:
        t, h, y = record.t, record.h, record.y
        K = np.empty((len(record.data) + len(DOP853.C_EXTRA), y.size))
        K[: len(record.data)] = record.data
        for s, (a, c) in enumerate(zip(DOP853.A_EXTRA, DOP853.C_EXTRA, strict=True), start=len(record.data)):
            K[s] = fun(t + c * h, y + h * (a[:s] @ K[:s]))
        delta = h * (DOP853.B @ K[:_N_STAGES])
        ends = h * (K[0] + K[_N_STAGES])
        F = np.vstack([y, delta, h * K[0] - delta, 2 * delta - ends, h * (DOP853.D @ K)])
        coefficients: Array = FROM_DOP853 @ F
        return coefficients


def _check_finite(array: Array) -> None:
    if not np.isfinite(array).all():
        raise ValueError("array must not contain infs or NaNs")


def _solve(LU: tuple[Any, Any], b: Array) -> Any:
    _check_finite(b)
    return (zgetrs if LU[0].dtype.kind == "c" else dgetrs)(*LU, b, overwrite_b=True)[0]


class _Radau(Stepper, Radau):  # type: ignore[misc]  # SciPy's base is untyped
    """Radau IIA of order 5, with the symbolic Jacobian."""

    stability = STABILITY["Radau"]
    # SciPy's attributes
    jac: Rhs
    J: Array
    sol: Any
    nlu: int
    lu: Callable[..., Any]
    solve_lu: Callable[..., Any]
    LU_real: Any
    LU_complex: Any
    current_jac: bool

    def __init__(self, *args: Any, jac: Any, rtol: float, atol: Any, **options: Any) -> None:
        self._again = {"jac": jac, "rtol": rtol, "atol": atol}
        super().__init__(*args, jac=jac, rtol=rtol, atol=atol, **options)
        self.lu, self.solve_lu = self._factor, _solve  # SciPy's own go by ways that take most of the time

    def _factor(self, A: Array) -> tuple[Any, Any]:
        self.nlu += 1
        _check_finite(A)
        factor, pivots, _ = (zgetrf if A.dtype.kind == "c" else dgetrf)(A, overwrite_a=True)
        return factor, pivots

    def _step_impl(self) -> tuple[bool, str | None]:
        # SciPy keeps an old Jacobian while Newton's corrections are small. Gate rates that fall by
        # decades make them small for the wrong reason: the old rates divide them. So: always a new one.
        self.J = self.jac(self.t, self.y)
        self.LU_real = self.LU_complex = None
        self.current_jac = True
        return super()._step_impl()

    def record(self, t_old: float) -> Record:
        return Record(t_old, self.step_length, self.y_old, self.sol.Q.copy(), type(self))

    @staticmethod
    def bernstein(fun: Rhs, record: Record) -> Array:
        return _RADAU_TO_BERNSTEIN @ np.vstack([record.y, record.data.T])

    def slopes(self) -> tuple[float, float]:
        Q = self.sol.Q[0]
        # Derivative of the cubic in Bernstein form: its hull bounds the slope.
        hull = [Q[0], Q[0] + Q[1], Q[0] + 2 * Q[1] + 3 * Q[2]]
        return min(hull) / self.step_length, max(hull) / self.step_length

    def true_step(self, h: float) -> TrueStep:
        t = self.step_start
        again = solve_ivp(
            lambda s, y: self.fun(t + s, y),
            (0.0, h),
            self.y_old,
            method=Radau,
            first_step=h,
            **self._again,
        )
        y = again.y[:, -1]
        x = h / self.step_length
        scaled = Record(t, h, self.y_old, self.sol.Q * np.array([x, x**2, x**3]), type(self))
        return TrueStep(h, y, np.asarray(self.fun(t + h, y)), scaled)


class _Radau13(Stepper, Radau13):
    """Radau IIA of order 13, with the symbolic Jacobian."""

    stability = STABILITY["Radau13"]

    def record(self, t_old: float) -> Record:
        return Record(t_old, self.step_length, self.y_old, self.curve, type(self))

    @staticmethod
    def bernstein(fun: Rhs, record: Record) -> Array:
        return np.asarray(record.y + record.data)

    def slopes(self) -> tuple[float, float]:
        c = self.curve[:, 0].tolist()
        hull, part = [right - left for left, right in pairwise(c)], self.step_length / (len(c) - 1)
        return min(hull) / part, max(hull) / part

    def true_step(self, h: float) -> TrueStep:
        Z, curve = self.part(h)
        y, t = self.y_old + Z[-1], self.step_start
        return TrueStep(h, y, np.asarray(self.fun(t + h, y)), Record(t, h, self.y_old, curve, type(self)))


STEPPERS: dict[str, type[Stepper]] = {
    "RK45": _RK45, "DOP853": _DOP853, "Radau": _Radau, "Radau13": _Radau13,
}  # fmt: skip
