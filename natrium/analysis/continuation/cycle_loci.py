r"""What happens on cycles, followed in two parameters: folds of cycles, period doublings, tori and grazes.

The unknowns are those of the cycle and both parameters; one equation more says what happens. Where a matrix M
of the cycle's derivatives is singular (at folds by the unknowns without the parameters, at doublings with the
last arc turned), that equation is g of

.. math:: \begin{pmatrix} M & l \\ r^T & 0 \end{pmatrix} \begin{pmatrix} \phi \\ g \end{pmatrix} =
   \begin{pmatrix} 0 \\ 1 \end{pmatrix}, \qquad g_z = -\psi^T \, D^2F(z)[\phi, \cdot],

whose derivative by every unknown is one difference of the Jacobian along :math:`\phi`.

References
----------
.. [1] W. J. F. Govaerts, "Numerical Methods for Bifurcations of Dynamical Equilibria" (2000), sec. 4.1, 7.
   https://doi.org/10.1137/1.9780898719543
"""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np

from natrium.analysis.continuation.arclength import Point, at_value
from natrium.analysis.continuation.axis import Axis
from natrium.analysis.continuation.branch import SpecialPoint
from natrium.analysis.continuation.cycles import RANGE, Cycles, Evaluation, Together
from natrium.analysis.continuation.follow import TESTS
from natrium.analysis.continuation.loci import LocusCurve, both_ways
from natrium.analysis.continuation.standing import bordered, bordering
from natrium.model import NatriumError, SolverError
from natrium.model.arrays import Array

KINDS = ("fold of cycles", "period doubling", "torus", "graze")
STEP = 1e-4  # units: of differences
LONGEST = 2.0  # units: a step
TOUCH = 1e-3  # of a slope or a clearance at a graze, which of the two it is


@attrs.frozen(eq=False)
class CycleLocus(Together):
    """Cycles on which something happens, along two parameters."""

    kind: str  # one of `KINDS`
    test: str  # which of `natrium.analysis.continuation.follow.TESTS` is zero, where no matrix says so
    # Along the first parameter, at a value of the second.
    cycles: Any  # attrs classes both, whose axis is changed
    second: Axis
    span: float  # of the second parameter's range
    borders: tuple[Array, Array, Array]  # sizes of the matrix's rows, and what makes it regular
    rtol: float  # of runs and of their derivatives

    @property
    def axis(self) -> Axis:
        """The second parameter."""
        return self.second

    @property
    def sizes(self) -> Array:
        """What is one unit of length in each state."""
        return np.asarray(self.cycles.sizes)

    @property
    def arcs(self) -> int:
        """Stretches of the flow of which a cycle is made."""
        return int(self.cycles.arcs)

    @property
    def n_spikes(self) -> int:
        """Spikes per cycle; 0 where there is no threshold in the equations."""
        return int(self.cycles.n_spikes)

    def along(self, z: Array, others: tuple[Axis, ...] = ()) -> Cycles:
        """Give the cycle's equations along the first parameter, where the second has its value."""
        neuron, level = self.second.at(float(z[-1]))
        axis = attrs.evolve(self.cycles.axis, neuron=neuron, input=level, others=others)
        made: Cycles = attrs.evolve(self.cycles, axis=axis, rtol=self.rtol)
        return made

    def _evaluate(self, z: Array) -> tuple[Evaluation, Array]:
        """Give the cycle's evaluation, and its Jacobian by all unknowns."""
        found = self.along(z, (self.second,)).evaluate(z[:-1])
        if found.crossings and self.n_spikes and self.kind != "graze":
            raise SolverError("a cycle must keep its number of spikes, got one more")
        return attrs.evolve(found, jacobian=found.jacobian[:, :-1]), found.jacobian

    def _matrix(self, jacobian: Array) -> Array:
        """Give what is singular."""
        if self.kind == "period doubling":
            return np.asarray(self.cycles.turned(jacobian[:, :-1]))
        return jacobian[:, :-2]

    def _bordered(self, z: Array, jacobian: Array) -> tuple[float, Array]:
        """Give g, and its derivative by all unknowns."""
        sizes, left, right = self.borders
        scales, n = self.scales(z), right.size
        whole, unit = bordered(self._matrix(jacobian) * scales[:n] / sizes, left, right)
        try:
            phi, psi = np.linalg.solve(whole, unit), np.linalg.solve(whole.T, unit)
        except np.linalg.LinAlgError:
            raise SolverError("what happens on a cycle must happen once there") from None
        moved = np.zeros(z.size)
        moved[:n] = STEP * phi[:n] * scales[:n] / np.abs(phi[:n]).max()
        ahead, behind = (self._evaluate(z + sign * moved)[1] for sign in (1.0, -1.0))
        turned = (ahead - behind)[:n] * np.abs(phi[:n]).max() / (2.0 * STEP)
        return float(phi[n]), -(psi[:n] / sizes[:, 0]) @ turned

    def _tested(self, z: Array, found: Evaluation) -> tuple[float, Array]:
        """Give a test's value, and its derivative by differences."""
        scales, value = self.scales(z), self._value(found)
        slopes = []
        for k in range(z.size):
            moved = np.zeros(z.size)
            moved[k] = STEP * scales[k]
            ends = [self.along(z + s * moved).evaluate((z + s * moved)[:-1]) for s in (1.0, -1.0)]
            slopes.append((self._value(ends[0]) - self._value(ends[1])) / (2.0 * STEP * scales[k]))
        return value, np.array(slopes)

    def _value(self, found: Evaluation) -> float:
        value = TESTS[self.test](Point(self.cycles, np.empty(0), np.empty(0), found, 0))
        if not np.isfinite(value):
            raise SolverError(f"a cycle must have a {self.test} there, got none")
        return value

    def evaluate(self, z: Array) -> Evaluation:
        """Evaluate the equations at a point, shape (n + 1,)."""
        found, jacobian = self._evaluate(z)
        if self.kind in ("fold of cycles", "period doubling"):
            value, slopes = self._bordered(z, jacobian)
        else:
            value, slopes = self._tested(z, found)
        residual, rows = np.append(found.residual, value), np.vstack([jacobian, slopes])
        return attrs.evolve(found, residual=residual, jacobian=rows)

    def read(self, z: Array) -> tuple[Array, Array]:
        """Give the intervals and the states at their beginnings from the unknowns."""
        return self.along(z).read(z[:-1])

    def scales(self, z: Array) -> Array:
        """Give what is one unit of length in each unknown, shape (n + 1,)."""
        return np.append(self.cycles.scales(z[:-1]), RANGE * self.span)

    def adapted(self, z: Array, found: Evaluation) -> CycleLocus:
        """Give the same equations as they suit a cycle just found."""
        cycles = self.along(z).adapted(z[:-1], found)
        return attrs.evolve(self, cycles=cycles).bordered(z, found.jacobian[:-1])

    def bordered(self, z: Array, jacobian: Array) -> CycleLocus:
        """Give the same equations with the borders that suit a Jacobian."""
        matrix, scales = self._matrix(jacobian), self.scales(z)
        return attrs.evolve(self, borders=bordering(matrix * scales[: len(matrix)], jacobian * scales))


def cycle_locus_from(
    special: SpecialPoint,
    second: Axis,
    ranges: tuple[tuple[float, float], tuple[float, float]],
) -> LocusCurve | None:
    """Follow what happens on a cycle in a second parameter; None where it cannot be found again.

    `special` was found along the first parameter, at the second's own value; `ranges` are of both.
    """
    point: Any = special.point
    if point is None or special.kind not in KINDS:
        return None
    cycles, found = point.problem.adapted(point.z, point.found), point.found
    test = special.kind
    if test == "graze":
        test = "slope" if np.isfinite(found.slope) and abs(found.slope) < TOUCH else "clearance"
    none = np.empty(0)
    problem = CycleLocus(
        special.kind, test, cycles, second, float(np.ptp(ranges[1])), (none, none, none), cycles.rtol
    )
    guess = np.append(point.z, second.value)
    try:
        made: Any = problem.bordered(guess, problem._evaluate(guess)[1])
        start = at_value(made, guess, second.value)
        points, on_it = both_ways(start, ranges, LONGEST)
    except NatriumError:
        return None
    z = np.array([one.z for one in points])
    return LocusCurve(
        kind=special.kind,
        x=z[:, -2],
        y=z[:, -1],
        states=np.array([one.found.states[0] for one in points]),
        frequencies=np.array([1000.0 / one.found.period for one in points]),
        special=on_it,
    )
