"""SciPy's explicit steps, the same doubles, without what its loop spends on slices and single numbers."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import attrs
import numpy as np
from scipy.integrate import DOP853

from natrium.model.arrays import Array

SAFETY, MIN_FACTOR, MAX_FACTOR = 0.9, 0.2, 10.0  # SciPy's, from one step to the next
LEAST = 10.0  # units in the last place of the time: SciPy's shortest step


@attrs.frozen
class OfNumbers:
    """A right-hand side of plain numbers, which SciPy may call with an array too."""

    numbers: Callable[[float, list[float]], Any]  # ``f(t, y) -> list of n floats``, y a list of floats

    def __call__(self, t: float, y: Array) -> Any:
        """Evaluate the right-hand side."""
        return self.numbers(t, y.tolist())


class QuickSteps:
    """Steps forward in time of a Runge-Kutta class of SciPy's, before which it stands among the bases."""

    # SciPy's attributes
    t: float
    t_bound: float
    y: Array
    f: Any
    fun: Callable[[float, Array], Any]
    nfev: int
    A: Array
    B: Array
    C: Array
    K: Array
    h_abs: float
    max_step: float
    rtol: float
    atol: Any
    error_exponent: float
    TOO_SMALL_STEP: str
    _estimate_error_norm: Callable[[Array, float, Array], float]

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        K, A, C = self.K, self.A, self.C.tolist()
        self.stages = [(K[s], K[:s].T, A[s, :s], C[s]) for s in range(1, len(self.B))]
        self.slopes_of_all = K[:-1].T
        self.numbers = args[0].numbers if isinstance(args[0], OfNumbers) else None

    def _step_impl(self) -> tuple[bool, str | None]:
        t, y, fun, K = float(self.t), self.y, self.fun, self.K
        least, h_abs = LEAST * (math.nextafter(t, math.inf) - t), float(self.h_abs)
        h_abs = self.max_step if h_abs > self.max_step else max(h_abs, least)
        most, numbers, start = MAX_FACTOR, self.numbers, y.tolist()
        K[0] = self.f
        while True:
            if h_abs < least:
                return False, self.TOO_SMALL_STEP
            t_new = min(t + h_abs, float(self.t_bound))
            h = t_new - t
            if numbers is None:
                for row, before, a, c in self.stages:
                    row[:] = fun(t + c * h, before.dot(a) * h + y)
            else:
                self.nfev += len(self.stages)
                for row, before, a, c in self.stages:
                    both = zip(before.dot(a).tolist(), start)  # noqa: B905 - alike; to ask takes a tenth
                    row[:] = numbers(t + c * h, [slope * h + v for slope, v in both])
            y_new = y + h * self.slopes_of_all.dot(self.B)
            K[-1] = f_new = fun(t + h, y_new)
            scale = self.atol + np.maximum(np.abs(y), np.abs(y_new)) * self.rtol
            error = self._estimate_error_norm(K, h, scale)
            if error < 1.0:
                break
            h_abs = h * max(MIN_FACTOR, SAFETY * error**self.error_exponent)
            most = 1.0
        factor = MAX_FACTOR if error == 0.0 else min(MAX_FACTOR, SAFETY * error**self.error_exponent)
        self.h_abs = h * min(most, factor)
        self.h_previous, self.y_old = h, y
        self.t, self.y, self.f = t_new, y_new, f_new
        return True, None


class QuickDOP853(QuickSteps, DOP853):  # type: ignore[misc]  # SciPy's base is untyped
    """SciPy's DOP853, forward in time, for `solve_ivp`."""
