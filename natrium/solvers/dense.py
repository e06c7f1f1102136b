"""The course of a run between its knots, as data: each kind is arrays and the formula that reads them.

A kind is picklable, and is written to a file (`natrium.solvers.saved`) by its fields alone.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

import attrs
import numpy as np

from natrium.model.arrays import Array
from natrium.model.kernel import relaxation_law


@attrs.frozen(eq=False)
class Sampled:
    """A fixed-step run: the last sample."""

    knots: Array  # shape (n_knots,): ms from the stretch's beginning
    values: Array  # shape (n_states, n_knots)

    def __call__(self, s: Array) -> Array:
        """Give the states, shape (n_states, n_times)."""
        return np.asarray(self.values[:, np.clip(np.searchsorted(self.knots, s, side="right") - 1, 0, None)])


@attrs.frozen(eq=False)
class Resting:
    """A refractory period in closed form."""

    # start, targets and rates, shape (n_states,): the state at its beginning, and where each goes to how fast
    # (per ms).
    start: Array
    targets: Array
    rates: Array

    def __call__(self, s: Array) -> Array:
        """Give the states, shape (n_states, n_times)."""
        return np.asarray(relaxation_law()(self.start, self.targets, self.rates, s[:, np.newaxis])).T


@attrs.frozen(eq=False)
class Leaky:
    """The leaky membrane under constants, ramps and sines: level + slope s + waves + C exp(-s/tau_m)."""

    # tau_m, level, slope, C and origin, shape (): ms, mV and mV/ms; `origin` is what V is measured from.
    tau_m: Array
    level: Array
    slope: Array
    C: Array
    origin: Array
    waves: Array  # shape (n_waves, 3): amplitude, angular frequency and phase

    def __call__(self, s: Array) -> Array:
        """Give V, shape (1, n_times), mV."""
        u = self.level + self.slope * s + self.C * np.exp(-s / self.tau_m)
        for A, w, p in self.waves:
            u = u + A * np.sin(w * s + p)
        return np.asarray(self.origin + u)[np.newaxis, :]


def evaluate(series: Array, tau: Array) -> Array:
    """Evaluate polynomials, each at a place of its own (Horner).

    `series` is (n, n_states, order + 1), the constant first; `tau` is (n,).
    """
    by_order = np.ascontiguousarray(series.T)
    value: Array = by_order[-1].copy()
    for coefficient in by_order[-2::-1]:
        value *= tau
        value += coefficient
    return value.T


@attrs.frozen(eq=False)
class Series:
    """Each step's own Taylor polynomial."""

    knots: Array  # shape (n_steps,): where the steps begin, ms
    series: Array  # shape (n_steps, n_states, order + 1): coefficients, the constant first
    shift: Array  # shape (): what V is measured from, mV

    def __call__(self, s: Array) -> Array:
        """Give the states, shape (n_states, n_times)."""
        step = np.maximum(self.knots.searchsorted(s, "right") - 1, 0)
        value = evaluate(self.series[step], s - self.knots[step]).T
        value[0] += self.shift
        return value


@attrs.frozen(eq=False, slots=False)
class Polynomials:
    """Each step's polynomial in Bernstein's form."""

    coefficients: Array  # shape (degree + 1, n_steps, n_states)
    knots: Array  # shape (n_steps + 1,): ms in the piece's own time
    shift: Array  # shape (n_states,): what the states are measured from

    @cached_property
    def _curve(self) -> Any:
        from scipy.interpolate import BPoly  # a large import, for dense output only

        return BPoly(self.coefficients, self.knots)

    def __call__(self, s: Array) -> Array:
        """Give the states, shape (n_states, n_times)."""
        return np.asarray(self._curve(self.knots[0] + s)).T + self.shift[:, None]


KINDS = {kind.__name__: kind for kind in (Sampled, Resting, Leaky, Series, Polynomials)}
"""All kinds by name, as files name them."""
