"""The surfaces at which a flow's branches change, along the steps of a run."""

from __future__ import annotations

from functools import cache
from math import comb
from typing import Any

import attrs
import numpy as np

from natrium.model import Drive, SolverError
from natrium.model.arrays import Array
from natrium.model.kernel import Kernel
from natrium.solvers.event_driven.steppers import Stepper, TrueStep

NODES = 13  # points of a step through which a surface's polynomial goes
DENSE_ERROR = 50.0  # tolerances by which dense output may be off, as for the threshold
LOOK = 1e-7  # of a stretch: how far ahead the flow is looked along where a state begins on a surface
ON_SURFACE = 1e-13  # of a surface's terms: what rounding leaves of zero


@cache
def _basis(degree: int) -> Any:
    """Give the Bernstein polynomials at the nodes, shape (NODES, degree + 1)."""
    x = 0.5 - 0.5 * np.cos(np.pi * np.arange(NODES) / (NODES - 1))
    return np.stack([comb(degree, i) * x**i * (1.0 - x) ** (degree - i) for i in range(degree + 1)], axis=1)


@cache
def _to_bernstein() -> Array:
    return np.linalg.inv(_basis(NODES - 1))


@attrs.frozen(eq=False)
class Surfaces:
    """All surfaces of a flow in one smooth piece, and on which side of each the state is."""

    kernel: Kernel
    drive: Drive
    gap: float  # what is taken from the input, mV
    tolerances: Array  # shape (n_states,): absolute ones
    rtol: float
    sides: Array  # shape (n_branches,): +1 or -1 each; changed as the run goes on

    def at(self, s: float, y: Array) -> Array:
        """Give each surface's value at a time of the piece and a state, shape (n_branches,)."""
        surfaces = self.kernel.flow.surfaces
        if surfaces is None:
            return np.empty(0)
        try:
            values = surfaces(
                *y.tolist(), self.drive(s) - self.gap, *self.kernel.parameters, *self.sides.tolist()
            )
        except (OverflowError, ValueError, ZeroDivisionError):
            return np.full(self.sides.size, np.nan)
        return np.asarray(values, dtype=float)

    def along(self, step: Stepper) -> tuple[Array, Array]:
        """Give how far each surface is along a step, positive on the side of its start.

        Returns
        -------
        ndarray, shape (n_branches, NODES)
            Bernstein coefficients.
        ndarray, shape (n_branches,)
            By how much each may be off.
        """
        coefficients = step.bernstein(step.fun, step.record(step.step_start))
        x = _basis(1)[:, 1]
        states = _basis(len(coefficients) - 1) @ coefficients
        states[0], states[-1] = step.y_old, step.y
        slack = self.tolerances + self.rtol * np.abs(step.y)
        near = step.y + np.diag(slack)  # what surfaces are worth beside the step's end
        points = np.vstack([states, near]).T
        times = np.concatenate([step.step_start + x * step.step_length, np.full(len(near), step.t)])
        if self.drive.is_constant:
            input_ = np.full(times.size, self.drive.level - self.gap)
        else:
            input_ = np.array([self.drive(s) for s in times.tolist()]) - self.gap
        on_grid = self.kernel.flow.surfaces_on_grid
        assert on_grid is not None  # there are branches
        found = on_grid(*points, input_, *self.kernel.parameters, *self.sides.tolist())
        values = np.stack([np.broadcast_to(np.asarray(one, dtype=float), times.shape) for one in found])
        values = values * self.sides[:, None]
        off = DENSE_ERROR * np.abs(values[:, NODES:] - values[:, NODES - 1 : NODES]).sum(axis=1)
        return values[:, :NODES] @ _to_bernstein().T, off

    def size(self, step: Stepper, part: TrueStep, index: int) -> float:
        """Give how far one surface is at the end of a part of a step, positive on the side of its start."""
        return float(self.sides[index] * self.at(step.step_start + part.h, part.y)[index])

    def settle(self, y: Array, length: float) -> None:
        """Find on which side of each surface a state begins; on one of them the flow tells.

        Raises
        ------
        SolverError
            When the flow leads back to the surface from both sides.
        """
        for index in range(self.sides.size):  # inner ones first: others may depend on them
            if self._tell(index, 0.0, y):
                continue
            ahead = LOOK * length
            self.sides[index] = 1.0
            if self._ahead(y, 0.0, ahead, index) >= 0.0:
                continue
            self.sides[index] = -1.0
            if self._ahead(y, 0.0, ahead, index) > 0.0:
                raise self._sliding(y)

    def _tell(self, index: int, s: float, y: Array) -> bool:
        """Put a branch on the side where a state is; tell whether it is on either, not on the surface."""
        value = float(self.at(s, y)[index])
        terms = sum(abs(float(self.at(s, y + shift)[index]) - value) for shift in np.diag(np.abs(y)))
        clear = abs(value) > ON_SURFACE * terms or not np.isfinite(terms)
        if clear:
            self.sides[index] = 1.0 if value >= 0.0 else -1.0
        return clear

    def turn(self, index: int, s: float, y: Array, length: float) -> None:
        """Change the side of one branch, whose surface has just been crossed.

        Where it jumps, so may the surfaces of those that are made of it.

        Raises
        ------
        SolverError
            When the flow on the other side leads straight back.
        """
        ahead = LOOK * length
        before = self._ahead(y, s, ahead, index) - self.at(s, y)[index]
        self.sides[index] = -self.sides[index]
        for outer in range(index + 1, self.sides.size):
            self._tell(outer, s, y)
        after = self._ahead(y, s, ahead, index) - self.at(s, y)[index]
        if before * after < 0.0 and after * self.sides[index] < 0.0:
            raise self._sliding(y)

    def _ahead(self, y: Array, s: float, ahead: float, index: int) -> float:
        """Give a surface's value a little later, under the present sides."""
        arguments = (*y.tolist(), self.drive(s) - self.gap, *self.kernel.parameters, *self.sides.tolist())
        try:
            slope = np.asarray(self.kernel.flow.rhs(*arguments), dtype=float)
        except (OverflowError, ValueError, ZeroDivisionError):
            return np.nan
        return float(self.at(s + ahead, y + ahead * slope)[index])

    def _sliding(self, y: Array) -> SolverError:
        return SolverError(
            "the right-hand side jumps between two of its branches, and leads back from both sides, at "
            f"V = {self.kernel.frame.outward(y)[0]:.6g} mV: the state slides along, which no single equation "
            "tells; make the branch continuous"
        )
