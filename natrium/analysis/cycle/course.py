"""The states along the flow of a cycle, and the adjoint of its derivatives backwards along them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from natrium.analysis.variation.branches import Surfaces, surfaces_of
from natrium.analysis.variation.linearised import Linearised
from natrium.model import AnyNeuron, Constant
from natrium.model.arrays import Array
from natrium.solvers import EventDriven
from natrium.solvers.event_driven.smooth import solve_smooth

RTOL, ATOL = 1e-12, 0.01  # relative; absolute, of that
PIECES, SHORTER = 6, 0.01  # of a stretch: each so much shorter than what is left
LAST = 1e-12  # of a course: a surface so near to its end is beyond it


@attrs.frozen(eq=False)
class Course:
    """The states along the flow, in pieces that are each timed from their own beginning.

    In a steep upstroke the time scale falls below the last digit of the time since the reset.
    """

    input: float  # constant input, mV
    # begins and lengths, shape (n_pieces,): ms.
    begins: Array
    lengths: Array
    # Time since the piece's beginning, (n_times,) ms, to states, (n_states, n_times).
    pieces: tuple[Callable[[Array], Array], ...]
    linears: tuple[Linearised, ...]  # the flow of each, with the sides of its branches held
    # Shape (n_states, n_states), or None: what derivatives are multiplied by at the end of each, where a
    # branch changes its side.
    jumps: tuple[Array | None, ...]

    @property
    def end(self) -> Array:
        """The state at the end, shape (n_states,)."""
        return self.pieces[-1](self.lengths[-1])

    def of(self, times: Array) -> npt.NDArray[np.int_]:
        """Tell which piece each time lies in."""
        return np.asarray(np.searchsorted(self.begins, times, side="right") - 1)

    def __call__(self, times: Array) -> Array:
        """Give the states at times, shape (n_states, n_times)."""
        found = [self.pieces[k](t - self.begins[k]) for k, t in zip(self.of(times), times, strict=True)]
        return np.array(found).T


def course(
    neuron: AnyNeuron,
    linear: Linearised,
    y: Array,
    I: float,
    length: float,
    rtol: float = RTOL,
    *,
    closed: bool = False,
) -> Course:
    """Follow the flow from `y` for so long, ms: through the branches of its right-hand side, side by side.

    Parameters
    ----------
    neuron : AnyNeuron
    linear : Linearised
        Its flow.
    y : ndarray, shape (n_states,)
        Not refractory, and no spike follows before the end.
    I : float
        Constant input, mV.
    length : float
    rtol : float
    closed : bool
        Whether the end is the beginning again: a surface there is met as well.
    """
    surfaces = surfaces_of(neuron.system, linear.stiff)
    stretches = (
        [(length, linear, ())] if surfaces is None else _stretches(neuron, surfaces, y, I, length, rtol)
    )
    begins, lengths, pieces, linears = list[float](), list[float](), list[Any](), list[Linearised]()
    jumps, begin = list[Array | None](), 0.0
    for number, (end, held, sides) in enumerate(stretches):
        left = (end - begin) * SHORTER ** np.arange(PIECES)
        spans = [*(left[:-1] - left[1:]), left[-1]]
        for span in spans:
            result = solve_smooth(
                lambda s, state, held=held: held.flow(state, I)[0],
                (0.0, float(span)),
                y,
                rtol=rtol,
                atol=ATOL * rtol,
                dense_output=True,
            )
            pieces.append(result.sol)
            y = result.y[:, -1]
        jump = None
        if surfaces is not None and (closed or number + 1 < len(stretches)):
            jump = crossing(surfaces, sides, stretches[(number + 1) % len(stretches)][2], y, I)
        begins += (end - left).tolist()
        lengths += spans
        linears += [held] * PIECES
        jumps += [None] * (PIECES - 1) + [jump]
        begin = end
    return Course(I, np.array(begins), np.array(lengths), tuple(pieces), tuple(linears), tuple(jumps))


def _stretches(
    neuron: AnyNeuron, surfaces: Surfaces, y: Array, I: float, length: float, rtol: float
) -> list[tuple[float, Linearised, tuple[float, ...]]]:
    """Give where stretches on given sides of all branches end, ms, their flow and their sides."""
    run = EventDriven(rtol=rtol).solve(neuron.started(y.tolist()), Constant(I), t_end=length)
    last = min([length, *run.spike_times.tolist()]) - LAST * length
    ends = [*(one.end for one in run.segments if one.end < last), length]
    found, begin = [], 0.0
    for end in ends:
        sides = surfaces.sides(run.state(0.5 * (begin + end)), I)
        found.append((end, surfaces.held(sides), sides))
        begin = end
    return found


def crossing(
    surfaces: Surfaces, before: tuple[float, ...], after: tuple[float, ...], y: Array, I: float
) -> Array:
    """Give what derivatives are multiplied by where a branch changes its side, shape (n_states, n_states)."""
    n = y.size
    still = np.zeros((len(surfaces.system.parameters), n))
    return surfaces.jump(before, after, y, I, 0.0, np.eye(n), still, np.zeros(n))


def adjoint(y: Course, ends: Array, at: Array, rtol: float) -> Array:
    """Solve dZ/dt = -J^T Z backwards from `ends`, shape (n_states, q), to shape (n_states, q, n_times).

    Where a branch changes its side Z is that beyond, times the jump's transpose.
    """
    shape, which = ends.shape, y.of(at)
    found = np.empty((*shape, at.size))
    for k in range(len(y.pieces) - 1, -1, -1):
        length, piece, linear, jump = float(y.lengths[k]), y.pieces[k], y.linears[k], y.jumps[k]
        if jump is not None:
            ends = jump.T @ ends

        def fun(
            s: float, z: Array, piece: Any = piece, length: float = length, linear: Linearised = linear
        ) -> Array:
            # s runs backwards from the end.
            _, J, _ = linear.flow(piece(length - s), y.input)
            return np.asarray((J.T @ z.reshape(shape)).ravel())

        # In a steep upstroke the part of V is smaller than the others by decades, and grows.
        sizes = np.abs(ends).ravel()
        result = solve_smooth(
            fun,
            (0.0, length),
            ends.ravel(),
            rtol=rtol,
            atol=ATOL * rtol * np.where(sizes > 0.0, sizes, sizes[sizes > 0.0].min(initial=1.0)),
            dense_output=True,
        )
        here = which == k
        if here.any():
            s = np.maximum(length - (at[here] - y.begins[k]), 0.0)
            found[:, :, here] = result.sol(s).reshape(*shape, -1)
        ends = result.y[:, -1].reshape(shape)
    return found
