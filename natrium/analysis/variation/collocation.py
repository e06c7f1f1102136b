r"""Derivatives along a known course, by collocation: all steps at once.

Where the course y(t) is known to the last digit at any time, S' = J(y(t)) S + B(t) is linear. A step of
Gauss' method with s stages is S(h) = P S(0) + q; P and q of all steps come from one batch of small linear
systems, and only their products go along in time.

A stiff run is known to that at the ends of its steps only. Between them the course is solved for anew, at the
nodes of Radau's method, which lets die what is fast; derivatives go by the same nodes. A course that is known
everywhere, its steps short for the sake of stability alone, is gone along by these nodes in far longer ones.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Literal

import numpy as np
import numpy.typing as npt

from natrium.analysis.variation.linearised import Linearised
from natrium.analysis.variation.pieces import GATE, Forced
from natrium.model import Drive, SolverError, Span
from natrium.model.arrays import Array
from natrium.solvers import Trajectory

STAGES = 6
HALVINGS = 10
STEPS_BACK = 8  # over which what is fast in a stiff run dies
STIFF_RTOL = 1e-9  # no better than the run itself is
STABLE, LONGER = 5.0, 32  # steps times the fastest rate beyond which so many are tried as one
GROWN = 1e3  # entries of what such steps make of a derivative that are not believed
LOOKS = 64  # steps at which that is looked at
NEWTON, CLOSE = 8, 1e-8  # corrections of a stiff run's states, and when they are small enough
BLOCK = 512  # steps at a time: their systems fill some MB
CACHED = 2**17  # entries of the matrices that are worked at together
DIGITS = 4.0  # units in the last place by which a step's end may lie behind where it is
# What a step in halves leaves is this part of the difference to the whole step: 2^-12, and some to spare.
GAIN = 1e-3


@cache
def _gauss() -> tuple[Array, Array, Array]:
    """Give nodes, matrix and weights of Gauss' method on [0, 1]."""
    x, w = np.polynomial.legendre.leggauss(STAGES)
    nodes = 0.5 * (x + 1.0)
    return nodes, _matrix_of(nodes), 0.5 * w


@cache
def radau() -> tuple[Array, Array, Array]:
    """Give the same of Radau's method (IIA), whose last node is 1."""
    legendre = np.polynomial.legendre
    ends = legendre.legsub([0.0] * STAGES + [1.0], [0.0] * (STAGES - 1) + [1.0])
    nodes = 0.5 * (np.sort(legendre.legroots(ends).real) + 1.0)
    nodes[-1] = 1.0
    matrix = _matrix_of(nodes)
    return nodes, matrix, np.asarray(matrix[-1])


def _matrix_of(nodes: Array) -> Array:
    """Give the matrix of collocation at nodes on [0, 1]."""
    powers = np.arange(1, nodes.size + 1)
    vandermonde = nodes[:, None] ** (powers - 1)
    integrals = nodes[:, None] ** powers / powers
    return np.asarray(np.linalg.solve(vandermonde.T, integrals.T).T, dtype=float)


class Collocation:
    """A smooth stretch of the input along a run: derivatives are carried over any smooth piece of it.

    The run's own steps are the first to be tried; each is halved until the halves tell the same. What they
    make of derivatives is found for many steps at once, whichever pieces they belong to.

    Parameters
    ----------
    linear : Linearised
    trajectory : Trajectory
        Whose dense output is as good as its steps.
    span : Span
    wanted : callable
        Of times, ms, shape (n,): which of them lie in pieces that derivatives will be carried over.
    forced : Forced
        What moves derivatives besides themselves.
    rtol : float
        Of each step, relative to its own matrix.
    stiff : bool
        Whether the run is known at the ends of its steps only.

    References
    ----------
    .. [1] E. Hairer, S. P. Norsett, G. Wanner, "Solving Ordinary Differential Equations I", 2nd ed.
       (1993), sec. II.7: Gauss' methods; "II" (1996), sec. IV.5: Radau's.
       https://doi.org/10.1007/978-3-540-78862-1
    """

    def __init__(
        self,
        linear: Linearised,
        trajectory: Trajectory,
        span: Span,
        wanted: Callable[[Array], Array],
        forced: Forced,
        rtol: float,
        stiff: bool = False,
    ) -> None:
        self.stiff = stiff
        self.linear, self.trajectory, self.origin = linear, trajectory, span.begin
        self.forced, self.rtol = forced.columns, max(rtol, STIFF_RTOL) if stiff else rtol
        self.by_parameters, self.scale, inputs = forced.parameters, forced.scale, forced.inputs
        self.drive = span.drive(span.begin)
        self.inputs = [
            (column, Span(shape, span.begin, span.end).drive(span.begin)) for column, shape in inputs
        ]
        edges = _own_steps(trajectory, span)
        begin, size = edges[:-1], np.diff(edges)
        middle = begin + 0.5 * size
        steps = wanted(span.begin + middle)
        self.begin, self.size = begin[steps], size[steps]
        self.damped = stiff or self._is_short()  # what is fast is let die
        self.nodes = radau() if self.damped else _gauss()
        if self.damped and not stiff:
            self._lengthen()
        self.middle = self.begin + 0.5 * self.size
        self.first = self.behind = 0  # of the steps whose matrices are there
        self.matrices: tuple[Array, Array] = (np.empty(0), np.empty(0))

    def _is_short(self) -> bool:
        """Tell whether the run's own steps are as long as its stability allows."""
        if not self.begin.size:
            return False
        some = np.unique(np.linspace(0, self.begin.size - 1, LOOKS).astype(int))
        s = self.begin[some]
        J = self.linear.along(self._state(s), _levels(self.drive, s), False)[0]
        if not np.all(np.isfinite(J)):
            return False
        if np.median(self.size[some] * np.abs(J).sum(axis=2).max(axis=1)) <= STABLE:
            return False  # no eigenvalue is larger than a norm
        return bool(np.median(self.size[some] * np.abs(np.linalg.eigvals(J)).max(axis=1)) > STABLE)

    def _lengthen(self) -> None:
        """Make one step of many that follow each other without a spike between."""
        spikes = np.array([event.time for event in self.trajectory.events]) - self.origin
        jumps = np.diff(np.searchsorted(spikes, self.begin + 0.5 * self.size)) > 0
        starts = np.append(True, jumps | ~_follows(self.begin, self.size)[1:])
        run = np.cumsum(starts) - 1
        inside = np.arange(starts.size) - np.flatnonzero(starts)[run]
        first = np.flatnonzero(inside % LONGER == 0)
        last = np.append(first[1:], starts.size) - 1
        end = self.begin[last] + self.size[last]
        self.begin, self.size = self.begin[first], end - self.begin[first]

    def carry(self, S: Array, begin: float, end: float) -> Array:
        """Carry derivatives over one piece.

        Parameters
        ----------
        S : ndarray, shape (n_states, n_directions)
            At its begin.
        begin, end : float
            ms.

        Raises
        ------
        SolverError
            When no step is short enough.
        """
        first, behind = np.searchsorted(self.middle, [begin - self.origin, end - self.origin]).tolist()
        for k in range(first, behind):
            if k >= self.behind:
                self.first, self.behind = k, min(k + BLOCK, self.begin.size)
                some = slice(self.first, self.behind)
                self.matrices = self._resolve(self.begin[some], self.size[some])
            P, q = self.matrices
            S = P[k - self.first] @ S
            S[:, self.forced] += q[k - self.first]
        return S

    def _resolve(self, begin: Array, size: Array) -> tuple[Array, Array]:
        """Give P and q of some steps, by halves that tell the same."""
        weights = GATE * np.array(self.linear.sizes)
        weights[0] /= GATE
        start = self._state(begin) if self.stiff else np.empty((0, begin.size))
        P, q, _ = self._steps(begin, size, start)
        before = self._before(begin, size, _affine(P, q))
        # Long steps may come down to those that they were made of, and to their halves.
        most = HALVINGS + LONGER.bit_length() - 1 if self.damped and not self.stiff else HALVINGS
        return self._by_halves(begin, size, start, before, (P, q), weights, most)

    def _before(self, begin: Array, size: Array, P: Array) -> Array:
        """Give what the steps before each make of a derivative: what is fast has settled by then."""
        found = np.broadcast_to(np.eye(P.shape[1]), P.shape).copy()
        if self.damped:
            follows = _follows(begin, size)
            for back in range(1, STEPS_BACK + 1):
                here = np.flatnonzero(follows)
                found[here] = found[here] @ P[here - back]
                follows[1:] &= follows[:-1]
        if self.damped and not self.stiff:  # far too long a step may make something grow, and tells nothing
            found[~(np.abs(found).max(axis=(1, 2)) <= GROWN)] = np.eye(P.shape[1])
        return found

    def _by_halves(
        self,
        begin: Array,
        size: Array,
        start: Array,
        before: Array,
        whole: tuple[Array, Array],
        weights: Array,
        left: int,
    ) -> tuple[Array, Array]:
        """Give P and q of some steps by their halves, and these by theirs where they tell something else."""
        halves, half = np.column_stack([begin, begin + 0.5 * size]).ravel(), np.repeat(0.5 * size, 2)
        parts, starts = self._both(halves, half, start)
        P, q = _in_pairs(*parts)
        sized = P * weights / weights[:, None]
        along = np.append(weights, 1.0 / self.scale)
        # Of each direction: of what it comes to, where steps before let it grow.
        error, grown = (
            np.abs(np.concatenate(one, axis=2) @ before / weights[:, None] * along).max(axis=1)
            for one in ((P - whole[0], q - whole[1]), (P, q))
        )
        largest = np.maximum(np.maximum(1.0, np.abs(sized).max(axis=(1, 2)))[:, None], grown)
        coarse = ~np.all(GAIN * error <= self.rtol * largest, axis=1)
        if not coarse.any():
            return P, q
        if not left or not np.all(np.isfinite(error)):
            raise SolverError(
                "the variational equations must stay finite and be resolved by short steps, got none short "
                f"enough after t = {self.origin + begin[coarse][0]:.9g} ms; check the rates there, or "
                "shorten the run"
            )
        rest = np.repeat(coarse, 2)
        coarser = parts[0][rest], parts[1][rest]
        befores = np.repeat(before, 2, axis=0)
        befores[1::2] = _affine(parts[0][::2], parts[1][::2]) @ before
        finer = self._by_halves(
            halves[rest], half[rest], starts[:, rest], befores[rest], coarser, weights, left - 1
        )
        P[coarse], q[coarse] = _in_pairs(*finer)
        return P, q

    def _both(self, begin: Array, length: Array, start: Array) -> tuple[tuple[Array, Array], Array]:
        """Give P and q of steps in pairs, and where each begins, from where the first of each pair does."""
        if not self.stiff:
            return self._steps(begin, length, start)[:2], np.empty((0, begin.size))
        P, q, middle = self._steps(begin[::2], length[::2], start)
        second = self._steps(begin[1::2], length[1::2], middle)
        pairs = [
            np.stack(one, axis=1).reshape(2 * len(one[0]), *one[0].shape[1:])
            for one in zip((P, q), second, strict=False)
        ]
        return (pairs[0], pairs[1]), np.stack([start, middle], axis=2).reshape(len(start), -1)

    def _state(self, s: Array, side: Literal["left", "right"] = "right") -> Array:
        return self.trajectory.state(np.minimum(self.origin + s, self.trajectory.t_end), side=side)

    def _solved(self, y: Array, s: Array, length: Array, start: Array) -> Array:
        """Solve for the course at the nodes of steps, by Newton's method from what is known of it."""
        _, a, _ = self.nodes
        count, n, levels = length.size, y.shape[0], _levels(self.drive, s)
        h = length[:, None, None]
        for _ in range(NEWTON):
            J = self.linear.along(y, levels, False)[0].reshape(count, STAGES, n, n)
            f = self.linear.flow_along(y, levels).reshape(count, STAGES, n)
            states = y.T.reshape(count, STAGES, n)
            off = start.T[:, None, :] + h * np.einsum("ij,kjb->kib", a, f) - states
            moved = _solve_all(length, a, J.transpose(0, 2, 1, 3)[:, None], off.reshape(count, STAGES * n, 1))
            y = y + moved.reshape(-1, n).T
            if np.all(np.abs(moved[:, :, 0]) <= CLOSE * (1.0 + np.abs(states.reshape(count, -1)))):
                break
        return y

    def _steps(self, begin: Array, length: Array, start: Array) -> tuple[Array, Array, Array]:
        """Give P, shape (n_steps, n, n), and q, shape (n_steps, n, n_directions), of steps as they are.

        And the states at their ends, where they are solved for.
        """
        c, a, b = self.nodes
        s = (begin[:, None] + length[:, None] * c).ravel()
        # Radau's last node may be a spike, which the sum of begin and length may miss by a digit.
        ends = np.tile(c == 1.0, begin.size)
        y = self._state(np.where(ends, s - DIGITS * np.spacing(self.origin + s), s), "left")
        if self.stiff:
            y = self._solved(y, s, length, start)
        J, B = self._flow(y, s)
        n, m, count = y.shape[0], B.shape[2], begin.size
        J, B = J.reshape(count, STAGES, n, n), B.reshape(count, STAGES, n, m)
        h = length[:, None, None]
        if self.damped:  # by states: slopes would lose what little is left of what is fast
            start_of = np.broadcast_to(np.eye(n), (count, STAGES, n, n))
            forced = h[..., None] * np.einsum("ij,kjab->kiab", a, B)
            both = np.concatenate([start_of, forced], axis=3).reshape(count, STAGES * n, n + m)
            end = _solve_all(length, a, J.transpose(0, 2, 1, 3)[:, None], both, n)
            return end[:, :, :n], end[:, :, n:], y[:, STAGES - 1 :: STAGES]
        both = np.concatenate([J, B], axis=3).reshape(count, STAGES * n, n + m)
        slopes = _solve_all(length, a, J[:, :, :, None, :], both).reshape(count, STAGES, n, n + m)
        moved = h * np.einsum("i,kiab->kab", b, slopes)
        return np.eye(n) + moved[:, :, :n], moved[:, :, n:], y[:, :0]

    def _flow(self, y: Array, s: Array) -> tuple[Array, Array]:
        J, f_I, by_parameters = self.linear.along(y, _levels(self.drive, s), bool(self.by_parameters.any()))
        B = np.zeros((s.size, y.shape[0], self.by_parameters.shape[1]))
        if by_parameters is not None:
            B += by_parameters @ self.by_parameters
        for column, shape in self.inputs:
            B[:, :, column] += f_I * _levels(shape, s)[:, None]
        return J, B


def _solve_all(length: Array, a: Array, J: Array, sides: Array, last: int = 0) -> Array:
    """Solve (1 - h a J) x = sides step by step; give x, or its last rows.

    J is shaped so that it meets a at (step, stage, row, stage, column). Some steps go at a time, whose
    matrices the processor's cache holds.
    """
    size = sides.shape[1]
    found = np.empty((len(sides), last or size, sides.shape[2]))
    some = max(1, CACHED // size**2)
    for k in range(0, len(sides), some):
        few = slice(k, k + some)
        product = (-length[few, None, None] * a)[:, :, None, :, None] * J[few]
        system = product.reshape(len(product), size, size)
        system[:, np.arange(size), np.arange(size)] += 1.0
        found[few] = np.linalg.solve(system, sides[few])[:, -last:]
    return found


def _levels(drive: Drive, s: Array) -> Array:
    """Give an input at many times, shape (n,), mV."""
    return np.full(s.size, drive.level) if drive.is_constant else np.array([drive(one) for one in s.tolist()])


def _follows(begin: Array, size: Array) -> npt.NDArray[np.bool_]:
    """Tell which steps begin where the one before ends."""
    return np.append(False, np.isclose(begin[1:], begin[:-1] + size[:-1], rtol=1e-12, atol=0.0))


def _affine(P: Array, q: Array) -> Array:
    """Give S -> P S + q as one matrix, shape (n_steps, n + n_forced, n + n_forced)."""
    n, m = q.shape[1:]
    found = np.broadcast_to(np.eye(n + m), (len(P), n + m, n + m)).copy()
    found[:, :n, :n], found[:, :n, n:] = P, q
    return found


def _in_pairs(P: Array, q: Array) -> tuple[Array, Array]:
    """Make one step of each two that follow each other."""
    return P[1::2] @ P[::2], P[1::2] @ q[::2] + q[1::2]


def _own_steps(trajectory: Trajectory, span: Span) -> Array:
    """Give the ends of the run's own steps within a span, from its begin on, ms."""
    first, behind = np.searchsorted(trajectory.t, [span.begin, span.end])
    edges = np.unique(np.concatenate([[span.begin], trajectory.t[first:behind], [span.end]])) - span.begin
    shortest = 4.0 * np.spacing(max(abs(span.begin), abs(span.end)))
    return np.asarray(edges[np.append(True, np.diff(edges) > shortest)])
