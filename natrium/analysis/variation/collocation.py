r"""Derivatives along a known course, by Gauss collocation: all steps at once.

Where the course y(t) is known to the last digit at any time, S' = J(y(t)) S + B(t) is linear. A step of
Gauss' method with s stages is S(h) = P S(0) + q; P and q of all steps come from one batch of small linear
systems, and only their products go along in time.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np

from natrium.analysis.variation.linearised import Linearised
from natrium.model import Drive, SolverError
from natrium.model.arrays import Array
from natrium.solvers import Trajectory

STAGES = 6
HALVINGS = 10
BLOCK = 512  # steps at a time: their systems fill some MB
# What a step in halves leaves is this part of the difference to the whole step: 2^-12, and some to spare.
GAIN = 1e-3
GATE = 0.01  # weight of gates, of that of V in mV


@cache
def _gauss() -> tuple[Array, Array, Array]:
    """Give nodes, matrix and weights of Gauss' method on [0, 1]."""
    x, w = np.polynomial.legendre.leggauss(STAGES)
    powers = np.arange(1, STAGES + 1)
    nodes = 0.5 * (x + 1.0)
    vandermonde = nodes[:, None] ** (powers - 1)
    integrals = nodes[:, None] ** powers / powers
    return nodes, np.asarray(np.linalg.solve(vandermonde.T, integrals.T).T, dtype=float), 0.5 * w


class _Course:
    """One smooth piece of a run with what is differentiated along it."""

    def __init__(
        self,
        linear: Linearised,
        trajectory: Trajectory,
        origin: float,
        drive: Drive,
        by_parameters: Array,
        inputs: Sequence[tuple[int, Drive]],
    ) -> None:
        self.linear, self.trajectory, self.origin, self.drive = linear, trajectory, origin, drive
        self.by_parameters, self.inputs = by_parameters, inputs

    def steps(self, begin: Array, length: Array) -> tuple[Array, Array]:
        """Give P, shape (n_steps, n, n), and q, shape (n_steps, n, n_directions), of steps of a piece."""
        c, a, b = _gauss()
        s = (begin[:, None] + length[:, None] * c).ravel()
        y = self.trajectory.state(np.minimum(self.origin + s, self.trajectory.t_end))
        J, B = self._flow(y, s)
        n, m, count = y.shape[0], B.shape[2], begin.size
        J, B = J.reshape(count, STAGES, n, n), B.reshape(count, STAGES, n, m)
        h = length[:, None, None]
        system = np.einsum("kiab,ij->kiajb", J, a).reshape(count, STAGES * n, STAGES * n)
        both = np.concatenate([J, B], axis=3).reshape(count, STAGES * n, n + m)
        slopes = np.linalg.solve(np.eye(STAGES * n) - h * system, both).reshape(count, STAGES, n, n + m)
        moved = h * np.einsum("i,kiab->kab", b, slopes)
        return np.eye(n) + moved[:, :, :n], moved[:, :, n:]

    def _flow(self, y: Array, s: Array) -> tuple[Array, Array]:
        levels = np.array([self.drive(float(time)) for time in s])
        J, f_I, by_parameters = self.linear.along(y, levels, bool(self.by_parameters.any()))
        B = np.zeros((s.size, y.shape[0], self.by_parameters.shape[1]))
        if by_parameters is not None:
            B += by_parameters @ self.by_parameters
        for column, shape in self.inputs:
            B[:, :, column] += f_I * np.array([shape(float(time)) for time in s])[:, None]
        return J, B


def collocate(
    linear: Linearised,
    trajectory: Trajectory,
    origin: float,
    length: float,
    drive: Drive,
    S: Array,
    by_parameters: Array,
    inputs: Sequence[tuple[int, Drive]],
    scale: Array,
    rtol: float,
) -> Array:
    """Carry derivatives over one smooth piece of a run whose dense output is as good as its steps.

    The run's own steps are the first to be tried; each is halved until the halves tell the same.

    Parameters
    ----------
    linear : Linearised
    trajectory : Trajectory
    origin, length : float
        The piece, ms.
    drive : Drive
        The input from the piece's start on.
    S : ndarray, shape (n_states, n_directions)
        At the start.
    by_parameters : ndarray, shape (n_parameters, n_directions)
        Derivative of the system's parameters.
    inputs : sequence of (int, Drive)
        Direction and derivative of the input by it, from the piece's start on.
    scale : ndarray, shape (n_directions,)
        Natural size of a derivative in each direction.
    rtol : float
        Of each step, relative to its own matrix.

    Returns
    -------
    ndarray, shape (n_states, n_directions)
        At the end.

    Raises
    ------
    SolverError
        When no step is short enough.

    References
    ----------
    .. [1] E. Hairer, S. P. Norsett, G. Wanner, "Solving Ordinary Differential Equations I", 2nd ed.
       (1993), sec. II.7: Gauss' methods. https://doi.org/10.1007/978-3-540-78862-1
    """
    if length <= 0.0:
        return S
    course = _Course(linear, trajectory, origin, drive, by_parameters, inputs)
    edges = _own_steps(trajectory, origin, length)
    for first in range(0, edges.size - 1, BLOCK):
        some = edges[first : first + BLOCK + 1]
        S = _through(course, some[:-1], np.diff(some), S, scale, rtol)
    return S


def _own_steps(trajectory: Trajectory, origin: float, length: float) -> Array:
    """Give the ends of the run's own steps within a piece, from its start on, ms."""
    first, behind = np.searchsorted(trajectory.t, [origin, origin + length])
    inner = trajectory.t[first:behind] - origin
    shortest = 4.0 * np.spacing(abs(origin) + length)
    inner = inner[(inner > shortest) & (inner < length - shortest)]
    return np.unique(np.concatenate([[0.0], inner, [length]]))


def _through(course: _Course, begin: Array, size: Array, S: Array, scale: Array, rtol: float) -> Array:
    """Go through some steps, each halved until its halves tell the same."""
    weights = np.full(S.shape[0], GATE)
    weights[0] = 1.0
    done: list[tuple[Array, Array, Array]] = []
    P, q = course.steps(begin, size)
    for _ in range(HALVINGS):
        halves, half = np.column_stack([begin, begin + 0.5 * size]).ravel(), np.repeat(0.5 * size, 2)
        P_half, q_half = course.steps(halves, half)
        P_both = P_half[1::2] @ P_half[::2]
        q_both = P_half[1::2] @ q_half[::2] + q_half[1::2]
        sized = P_both * weights / weights[:, None]
        error = np.concatenate(
            [sized - P * weights / weights[:, None], (q_both - q) / weights[:, None] / scale], axis=2
        )
        if not np.all(np.isfinite(error)):
            break
        largest = np.maximum(1.0, np.abs(sized).max(axis=(1, 2)))
        fine = GAIN * np.abs(error).max(axis=(1, 2)) <= rtol * largest
        done.append((begin[fine], P_both[fine], q_both[fine]))
        if fine.all():
            return _product(S, done)
        rest = np.repeat(~fine, 2)
        begin, size, P, q = halves[rest], half[rest], P_half[rest], q_half[rest]
    raise SolverError(
        "the variational equations must stay finite and be resolved by short steps, got none short enough "
        f"after t = {course.origin + begin[0]:.9g} ms; check the rates there, or shorten the run"
    )


def _product(S: Array, done: list[tuple[Array, Array, Array]]) -> Array:
    """Go along all steps, in the order of time."""
    begin = np.concatenate([part[0] for part in done])
    P, q = (np.concatenate([part[which] for part in done]) for which in (1, 2))
    for k in np.argsort(begin).tolist():
        S = P[k] @ S + q[k]
    return S
