"""Radau IIA with seven stages, of order 13, for SciPy's `solve_ivp`: long steps where a flow is stiff.

SciPy's own has three stages: at 1e-9 it takes ten steps for one of these.

References
----------
.. [1] E. Hairer, G. Wanner, "Stiff differential equations solved by Radau methods", J. Comput. Appl. Math.
   111 (1999) 93-111: the error of a step, Newton's method. https://doi.org/10.1016/S0377-0427(99)00134-X
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import attrs
import numpy as np
from scipy.integrate import OdeSolver, Radau
from scipy.special import roots_jacobi

from natrium.model.arrays import Array
from natrium.solvers.bernstein import from_monomials

STAGES = 7
MOST_CORRECTIONS = 12
CLOSE = 1e-3  # of a tolerance: what Newton's method may leave open
SAFETY, LEAST_FACTOR, MOST_FACTOR = 0.9, 0.2, 10.0  # from one step to the next
AHEAD = 2.5  # step lengths beyond its own start as far as which a step's polynomial says anything


@attrs.frozen(eq=False)
class Tableau:
    """What the method is."""

    nodes: Array  # shape (s,)
    # Shape (m,): eigenvalues of the inverse matrix, one of each conjugate pair, the real one first.
    rates: Any
    to_modes: Any  # shape (m, s): from stages to their parts along these
    to_stages: Any  # shape (s, m): back: the real part is taken
    # Shape (s,): from the stages' distances to their polynomial's slope at the start, with a minus.
    error: Array
    # Shape (s + 1, s): from the stages' distances to the Bernstein coefficients of the polynomial through
    # them.
    to_bernstein: Array
    from_bernstein: Array  # shape (s + 1, s + 1): from these to the coefficients of 1, x, ...


def tableau(s: int) -> Tableau:
    """Give the method with an odd number of stages."""
    nodes = np.append(0.5 * (roots_jacobi(s - 1, 1, 0)[0] + 1.0), 1.0)
    powers = np.arange(1, s + 1)
    vandermonde = nodes[:, None] ** (powers - 1)
    inverse = np.linalg.inv(np.linalg.solve(vandermonde.T, (nodes[:, None] ** powers / powers).T).T)
    rates, to_stages = np.linalg.eig(inverse)
    to_modes = np.linalg.inv(to_stages)
    size = np.abs(to_modes).sum(axis=1)  # so that no part is larger than what it is a part of
    to_modes, to_stages = to_modes / size[:, None], to_stages * size
    chosen = np.flatnonzero(rates.imag >= 0.0)
    chosen = chosen[np.argsort(rates[chosen].imag)]
    weight = np.where(rates[chosen].imag > 0.0, 2.0, 1.0)
    monomials = np.vstack([np.zeros(s), np.linalg.inv(nodes[:, None] ** powers)])
    basis = from_monomials(s)
    to_bernstein = basis @ monomials
    to_bernstein[-1] = np.eye(s)[-1]  # it ends on the last stage, by no rounded sum
    return Tableau(
        nodes=nodes,
        rates=rates[chosen],
        to_modes=to_modes[chosen],
        to_stages=to_stages[:, chosen] * weight,
        error=-np.linalg.inv(vandermonde)[0] @ inverse,
        to_bernstein=to_bernstein,
        from_bernstein=np.asarray(np.linalg.inv(basis), dtype=float),
    )


METHOD = tableau(STAGES)
RATES = METHOD.rates[:, None]
EXPONENT = -1.0 / (STAGES + 1)  # the estimate is that of a method of order s


class Stages:
    """The stages' equations of one step, to be solved by Newton's method with one Jacobian.

    Parameters
    ----------
    fun : callable
    t, h : float
        Start and length, ms.
    y : ndarray, shape (n,)
    J : ndarray, shape (n, n)
    scale : ndarray, shape (n,)
        Tolerances.
    close : float
        Of these, what may be left open.
    """

    def __init__(
        self, fun: Callable[..., Any], t: float, h: float, y: Array, J: Array, scale: Array, close: float
    ) -> None:
        self.fun, self.t, self.h, self.y, self.scale, self.close = fun, t, h, y, scale, close
        self.times = (t + h * METHOD.nodes).tolist()
        # Inverses: what they round off is Newton's to mend.
        self.inverse = np.linalg.inv(RATES[:, :, None] * np.eye(y.size) - h * J)

    def solve(self, Z: Array) -> tuple[Array | None, int]:
        """Give the stages' distances from the start, shape (s, n), and how many corrections they took.

        None where corrections do not get smaller fast enough. `Z` is what they begin with.
        """
        W, before, rate = METHOD.to_modes @ Z, math.inf, 0.0
        for count in range(1, MOST_CORRECTIONS + 1):
            F = np.array([self.fun(t, y) for t, y in zip(self.times, self.y + Z, strict=True)])
            residual = METHOD.to_modes @ (self.h * F) - RATES * W
            change = (self.inverse @ residual[:, :, None])[:, :, 0]
            move = (METHOD.to_stages @ change).real
            size = _norm((move / self.scale).ravel())
            if not math.isfinite(size):
                break
            W, Z = W + change, Z + move
            if count > 1:
                rate = size / before
                left = MOST_CORRECTIONS - count
                if rate >= 1.0 or rate**left / (1.0 - rate) * size > self.close:
                    break
            if size == 0.0 or (count > 1 and rate / (1.0 - rate) * size < self.close):
                return Z, count
            before = size
        return None, count

    def error(self, f: Array, Z: Array) -> Array:
        """Give the estimated error of the step, shape (n,), from the slopes at its start.

        It is what the polynomial's slope is off by there, as much of it as does not die within the step.
        """
        return np.asarray(self.inverse[0].real @ (self.h * f + METHOD.error @ Z))


class Radau13(OdeSolver):
    """The method, as `solve_ivp` takes it: parameters are those of SciPy's `Radau`, with a Jacobian.

    That is renewed at every step: an old one would let Newton's corrections be small where the rates in it,
    not what is left, make them so.
    """

    f: Array
    h_abs: float
    max_step: float
    rtol: Any
    atol: Any
    nfev: int

    def __init__(
        self,
        fun: Callable[..., Any],
        t0: float,
        y0: Array,
        t_bound: float,
        *,
        jac: Callable[..., Any],
        **options: Any,
    ) -> None:
        # The first step, tolerances and all checks are SciPy's.
        own = Radau(fun, t0, y0, t_bound, jac=jac, **options)
        super().__init__(fun, t0, y0, t_bound, vectorized=False)
        for name in ("f", "h_abs", "max_step", "rtol", "atol", "nfev"):
            setattr(self, name, getattr(own, name))
        self.jac = jac
        self.close = max(10.0 * float(np.finfo(float).eps) / float(np.max(self.rtol)), CLOSE)
        self.before: tuple[float, float] | None = None  # length and error of the step before
        # Bernstein coefficients of its polynomial, less its start.
        self.curve = np.zeros((STAGES + 1, self.n))
        self.begun, self.y_old, self.J = t0, self.y, np.zeros((self.n, self.n))

        def count(t: float, y: Array) -> Any:
            self.nfev += 1
            return fun(t, y)

        self.fun = count

    def part(self, h: float) -> tuple[Array, Array]:
        """Step from the last step's start over a part of it, by the method itself.

        Returns
        -------
        ndarray, shape (s, n)
            How far its stages are from the start.
        ndarray, shape (s + 1, n)
            Bernstein coefficients of the polynomial through them.
        """
        assert self.before is not None  # a step has been made
        near = _powers(METHOD.nodes * (h / self.before[0])) @ self.curve
        Z, _ = self._stages(self.begun, h, self.y_old, self.J).solve(near)
        Z = near if Z is None else Z
        return Z, METHOD.to_bernstein @ Z

    def _stages(self, t: float, h: float, y: Array, J: Array) -> Stages:
        return Stages(self.fun, t, h, y, J, self.atol + self.rtol * np.abs(y), self.close)

    def _step_impl(self) -> tuple[bool, str | None]:
        t, y = self.t, self.y
        least = 10.0 * abs(math.nextafter(t, math.inf) - t)
        h = min(max(self.h_abs, least), self.max_step)
        self.J = np.asarray(self.jac(t, y), dtype=float)
        if not np.isfinite(self.J).all():
            raise ValueError("array must not contain infs or NaNs")
        rejected = False
        while True:
            if h < least:
                return False, self.TOO_SMALL_STEP
            t_new = min(t + h, self.t_bound)
            h = t_new - t
            stages = self._stages(t, h, y, self.J)
            Z, count = stages.solve(self._ahead(h))
            if Z is None:
                h, rejected = 0.5 * h, True
                continue
            y_new = y + Z[-1]
            scale = self.atol + self.rtol * np.maximum(np.abs(y), np.abs(y_new))
            error = stages.error(self.f, Z)
            norm = _norm(error / scale)
            if norm > 1.0 and (rejected or self.before is None):
                norm = _norm(stages.error(np.asarray(self.fun(t, y + error)), Z) / scale)
            # The more corrections, the sooner they fail.
            safety = SAFETY * (2 * MOST_CORRECTIONS + 1) / (2 * MOST_CORRECTIONS + count)
            if norm <= 1.0:
                break
            h *= max(LEAST_FACTOR, safety * norm**EXPONENT)
            rejected = True
        factor = self._factor(h, norm)
        self.h_abs = h * min(MOST_FACTOR if not rejected else 1.0, safety * factor)
        self.before = h, norm
        self.begun, self.y_old, self.t, self.y = t, y, t_new, y_new
        self.f = np.asarray(self.fun(t_new, y_new))
        self.curve = METHOD.to_bernstein @ Z
        return True, None

    def _factor(self, h: float, norm: float) -> float:
        """Give by how much the next step may be longer (Gustafsson's way, as SciPy's)."""
        norm = max(norm, 1e-30)
        trend = 1.0
        if self.before is not None:
            trend = h / self.before[0] * (max(self.before[1], 1e-30) / norm) ** -EXPONENT
        return float(min(1.0, trend) * norm**EXPONENT)

    def _ahead(self, h: float) -> Array:
        """Give where the polynomial of the step before leads."""
        nothing = np.zeros((STAGES, self.y.size))
        if self.before is None or h > (AHEAD - 1.0) * self.before[0]:
            return nothing
        found = _powers(1.0 + METHOD.nodes * (h / self.before[0])) @ self.curve - self.curve[-1]
        return found if np.isfinite(found).all() else nothing


def _powers(x: Array) -> Array:
    """Give the matrix from Bernstein coefficients to values at x, also beyond the step."""
    return np.asarray(np.vander(x, STAGES + 1, increasing=True) @ METHOD.from_bernstein)


def _norm(x: Array) -> float:
    return math.sqrt(float(x @ x) / x.size)
