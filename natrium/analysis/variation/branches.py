r"""Derivatives through the branches of a right-hand side: held sides in between, a jump where one changes.

Where the surface g(y, I, p) is met, at t*, with f before and f+ after,

.. math:: \frac{dt^*}{dp} = -\frac{g_y S + g_I I_p + g_p}{g_y f + g_I \dot I}, \qquad
          S^+ = S + (f - f^+) \frac{dt^*}{dp}:

nothing where the right-hand side is continuous there (see `natrium.analysis.variation.equations`, [1]_).

References
----------
.. [1] N. J. Kong, J. J. Payne, J. Zhu, A. M. Johnson, "Saltation matrices: the essential tool for
   linearizing hybrid dynamical systems" (2023). https://arxiv.org/abs/2306.06862
"""

from __future__ import annotations

from functools import lru_cache

import attrs
import numpy as np

from natrium.analysis.variation.linearised import Linearised, Lowered, linearised
from natrium.model import HybridSystem
from natrium.model.arrays import Array
from natrium.model.branches import has_branches, split_branches
from natrium.model.kernel import FASTEST_GATE, lower_expressions


@attrs.frozen(eq=False)
class Surfaces:
    """A system whose branches are held, and the surfaces between them with their derivatives."""

    system: HybridSystem  # the sides are the last of its parameters
    n_sides: int
    values: Lowered  # each surface, of states, input, parameters and sides
    slopes: tuple[Lowered, ...]  # derivatives of each, by all of these, in one row
    own: tuple[float, ...]  # values of the parameters without the sides
    stiff: bool

    def sides(self, y: Array, level: float) -> tuple[float, ...]:
        """Tell on which side of each surface a state is: +1 or -1."""
        sides = [1.0] * self.n_sides
        for k in range(self.n_sides):  # inner ones first
            value = self.values(*y.tolist(), level, *self.own, *sides)[k]
            sides[k] = 1.0 if value >= 0.0 else -1.0
        return tuple(sides)

    def held(self, sides: tuple[float, ...]) -> Linearised:
        """Give the derivatives of the smooth system with given sides."""
        return linearised(attrs.evolve(self.system, values=(*self.own, *sides)))

    def jump(
        self,
        before: tuple[float, ...],
        after: tuple[float, ...],
        y: Array,
        level: float,
        rising: float,
        S: Array,
        dp: Array,
        dI: Array,
    ) -> Array:
        """Carry derivatives over a change of sides.

        Parameters
        ----------
        before, after : tuple of float
            Sides.
        y : ndarray, shape (n_states,)
        level, rising : float
            The input there, mV, and its slope, mV/ms.
        S : ndarray, shape (n_states, P)
        dp : ndarray, shape (n_parameters + n_sides, P)
        dI : ndarray, shape (P,)
            Derivative of the input.
        """
        changed = [k for k in range(self.n_sides) if before[k] != after[k]]
        if not changed:
            return S
        arguments = (*y.tolist(), level, *self.own, *before)
        row = np.array(self.slopes[changed[0]](*arguments), dtype=float)
        g_y, g_I, g_p = row[: y.size], row[y.size], row[y.size + 1 :]
        f, _, _ = self.held(before).flow(y, level)
        beyond, _, _ = self.held(after).flow(y, level)
        moved = -(g_y @ S + g_I * dI + g_p @ dp) / (float(g_y @ f) + g_I * rising)
        return np.asarray(S + np.outer(f - beyond, moved))


@lru_cache(maxsize=64)
def _held(structure: HybridSystem) -> tuple[HybridSystem, Lowered, tuple[Lowered, ...], int]:
    rhs, branches = split_branches(structure.rhs)
    sides, surfaces = tuple(one.side for one in branches), tuple(one.surface for one in branches)
    system = attrs.evolve(structure, rhs=rhs, parameters=(*structure.parameters, *sides))
    along = (*system.states, system.input, *system.parameters)
    slopes = tuple(lower_expressions(tuple(one.diff(x) for x in along), along) for one in surfaces)
    return system, lower_expressions(surfaces, along), slopes, len(branches)


def surfaces_of(system: HybridSystem, stiff: bool) -> Surfaces | None:
    """Give a system's branches with their derivatives; None where it has none.

    `stiff` lets no gate be faster than implicit methods bear.
    """
    if not has_branches(*system.rhs):
        return None
    flowing = system.slowed(FASTEST_GATE) if stiff else system
    held, values, slopes, n_sides = _held(flowing.structure)
    return Surfaces(held, n_sides, values, slopes, system.values, stiff)
