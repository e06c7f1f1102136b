"""Long records as inputs: from sample to sample in native code, wherever no spike can be.

What can be near the threshold, or cannot be stepped through, is left to the ordinary way.
"""

from __future__ import annotations

import ctypes
from functools import partial
from typing import Any

import numpy as np

from natrium.model import Kernel
from natrium.model.arrays import Array
from natrium.model.kernel import event_system, lower_expressions
from natrium.solvers.base import Run
from natrium.solvers.event_driven.crossing import DENSE_ERROR
from natrium.solvers.event_driven.fast_gates import fast_gates
from natrium.solvers.event_driven.lazy import LazyPolynomials
from natrium.solvers.event_driven.steppers import STEPPERS, Record
from natrium.solvers.event_driven.stride_code import (
    CALLS,
    MADE,
    N_STAGES,
    PIECE,
    SIGN,
    STEP,
    TIME,
    stride_code,
)
from natrium.solvers.history import Segment
from natrium.solvers.inputs import tabulate
from natrium.solvers.limits import LEAST_RTOL
from natrium.solvers.runs import Runs

MANY = 1_000  # pieces of input from which on code pays that is kept; to make it takes some two seconds
ROOM = 4096  # steps between two looks at the budget


class Strides:
    """A run's way through pieces in which the input is a straight line.

    Parameters
    ----------
    run : Run
    kernel : Kernel
    atol : ndarray, shape (n_states,)
    rtol, step_scale : float
    code : Native
    table : InputTable
    """

    def __init__(
        self, run: Run, kernel: Kernel, atol: Array, rtol: float, step_scale: float, code: Any, table: Any
    ) -> None:
        self.kernel, self.t_start, self.n = kernel, run.t_start, atol.size
        self.begins, self.duration = table.piece_begin, run.duration
        length = table.piece_end - table.piece_begin
        longest = np.minimum(table.longest, length) * step_scale
        self.pieces = np.stack([length, longest, table.level - run.neuron.gap, table.slope], axis=1)
        self.straight = np.diff(table.first_term) == 0
        # A stride ends where anything else begins, or spikes come in.
        self.ends = np.flatnonzero(~self.straight | np.isin(self.begins, table.kick_time))
        least = 4.0 * np.spacing(max(abs(run.t_start), abs(run.t_end)))
        self.numbers = np.array([0.0, length[0], 1.0, DENSE_ERROR, rtol, least, *atol])
        self.whole = np.zeros(5, dtype=np.int64)
        self.parameters = np.array([*kernel.parameters, 0.0])
        self.state, self.stage = np.empty(self.n), np.empty(self.n)
        self.made = np.empty((ROOM, 3 + self.n * (N_STAGES + 2)))
        self._code = code  # lives as long
        self._step = ctypes.CFUNCTYPE(ctypes.c_int32, *[ctypes.c_void_p] * 9)(code.address)
        self._back = np.zeros(2, dtype=np.int64)  # what numba's functions put first
        parts = self.whole, self.numbers, self.pieces, self.parameters, self.state, self.stage, self.made
        first, *others = (part.ctypes.data for part in (self._back, *parts))
        self._addresses = (first, first + 8, *others)

    @property
    def next_step(self) -> float:
        """What is tried next, ms."""
        return float(self.numbers[STEP])

    def go(self, piece: int, begin: float, y: Array, sign: float) -> tuple[int, float, Segment | None, int]:
        """Go on from a time (ms after the run's start) in a piece, for some steps.

        Parameters
        ----------
        piece : int
        begin : float
        y : ndarray, shape (n_states,)
            In event coordinates; where it gets to is `state`.
        sign : float
            Of V's way over the threshold; 0 where that means nothing.

        Returns
        -------
        piece : int
        reached : float
        segment : Segment or None
            None where not a step could be made.
        calls : int
            Of the right-hand side.
        """
        if not self.straight[piece]:
            return piece, begin, None, 0
        after = np.searchsorted(self.ends, piece, side="right")
        last = self.ends[after] if after < self.ends.size else self.begins.size
        self.whole[:] = piece, last, ROOM, 0, 0
        self.numbers[TIME], self.numbers[SIGN] = begin - self.begins[piece], sign
        self.state[:] = y
        self._step(*self._addresses)
        count, calls = int(self.whole[MADE]), int(self.whole[CALLS])
        if not count:
            return piece, begin, None, calls
        if count == ROOM and self.whole[PIECE] == piece:
            self.straight[:] = False  # stiff: the ordinary way may go on with implicit steps
        piece = int(self.whole[PIECE])
        at_end = piece == self.begins.size
        reached = self.duration if at_end else self.begins[piece] + self.numbers[TIME]
        return piece, float(reached), self._segment(self.made[:count].copy(), begin, float(reached)), calls

    def _segment(self, made: Array, begin: float, reached: float) -> Segment:
        """Keep the steps made."""
        times = self.begins[made[:, 0].astype(int)] + made[:, 1]
        knots = np.append(times, reached) - times[0]
        states = np.column_stack([made[:, 3 : 3 + self.n].T, self.state])
        dense = LazyPolynomials(partial(self._coefficients, made), knots, self.kernel.frame)
        origin = self.t_start + begin
        return Segment(origin, self.t_start + reached, knots, self.kernel.frame.outward(states), dense)

    def _coefficients(self, made: Array) -> Array:
        """Give the Bernstein coefficients of steps, shape (degree + 1, n_steps, n_states)."""
        n, (_, _, level, slope) = self.n, self.pieces[made[:, 0].astype(int)].T
        event = event_system(self.kernel.system.structure)
        rates = lower_expressions(event.rhs, (*event.states, event.input, *event.parameters), "grid")

        def fun(t: Any, y: Array) -> Array:
            found = rates(*y.reshape(n, -1), level + slope * t[: level.size], *self.kernel.parameters)
            return np.concatenate([np.broadcast_to(one, level.shape) for one in found])

        y = made[:, 3 : 3 + n].T.ravel()
        stages = made[:, 3 + n :].reshape(-1, N_STAGES + 1, n).transpose(1, 2, 0).reshape(N_STAGES + 1, -1)
        times: Any = np.tile(made[:, 1], n)  # all steps at once, state after state
        lengths: Any = np.tile(made[:, 2], n)
        together = Record(times, lengths, y, stages, STEPPERS["DOP853"])
        return together.coefficients(fun).reshape(-1, n, len(made)).transpose(0, 2, 1).copy()


def strides_of(run: Run, kernel: Kernel, atol: Array, solver: Any, n_pieces: int) -> Strides | None:
    """Give the way through a long record; None where there is none, or it is not for native code."""
    if n_pieces < MANY or solver.method not in ("auto", "DOP853") or kernel.flow.n_branches:
        return None
    rtol = max(solver.rtol, LEAST_RTOL)
    if solver.method == "auto" and fast_gates(kernel.system, rtol) is not None:
        return None
    span = {"t_start": run.t_start, "t_end": run.t_end}
    table = tabulate(Runs(neuron=run.neuron, stimulus=run.stimulus, **span))
    code = None if table.unsupported else stride_code(kernel.system)
    if code is None or table.piece_begin.size != n_pieces:
        return None
    return Strides(run, kernel, atol, rtol, solver.step_scale, code, table)
