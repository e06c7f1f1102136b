"""Branches of cycles in one parameter: what is found on them, as data."""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from natrium.analysis.continuation.arclength import Point
from natrium.analysis.continuation.axis import Axis, axis_of
from natrium.analysis.result import Result, rows_of, settled, show_settled
from natrium.model import AnyNeuron
from natrium.model.arrays import Array


@attrs.frozen(eq=False, repr=False)
class SpecialPoint(Result):
    """A place on a branch of cycles, or its end.

    Attributes
    ----------
    kind : str
        ``"fold of cycles"``, ``"period doubling"``, ``"torus"`` (a pair of multipliers leaves the circle, a
        Neimark-Sacker point), ``"graze"`` (V no more than touches the threshold); at ends also ``"Hopf
        point"``, ``"saddle-node homoclinic"``, ``"saddle homoclinic"``, ``"threshold"`` (a rest reaches it).
    name : str
        The parameter.
    value, error : float
        The parameter there, and how far that can be trusted.
    period, period_error : float
        Of the cycle there, ms; infinity where it takes for ever.
    multipliers : ndarray of complex, shape (n_multipliers,)
        NaN at an equilibrium.
    coefficient : float
        Of the law by which the period goes there: see `natrium.analysis.continuation.ends`; at a fold of
        cycles c of ``T = T_c - c |p - p_c|^(1/2)`` on the stable side; NaN elsewhere.
    ends : bool
        Whether the branch ends there.
    """

    kind: str
    name: str
    value: float
    error: float
    period: float
    period_error: float
    multipliers: npt.NDArray[np.complex128]
    coefficient: float
    ends: bool
    point: Point | None = attrs.field(default=None, repr=False)


@attrs.frozen(eq=False, slots=False, repr=False)
class CycleBranch(Result):
    """A branch of cycles along one parameter.

    Attributes
    ----------
    neuron : Neuron or HybridNeuron
        As it was at the first cycle.
    input : float
        Constant input, mV; where the parameter is the input, that of the first cycle.
    name, label : str
        The parameter, and how a column of it is called.
    n_spikes : int
        Spikes per cycle in the equations; 0 of cycles without resets.
    values : ndarray, shape (n_points,)
        The parameter, along the branch.
    periods : ndarray, shape (n_points,)
        ms.
    multipliers : ndarray of complex, shape (n_points, n_multipliers)
        Of the Poincaré map, the largest first.
    states : ndarray, shape (n_points, n_free)
        Where each cycle begins: just after a reset, or in its section.
    bounds : ndarray, shape (n_points, 2)
        Lowest and highest V of each cycle, mV.
    special : tuple of SpecialPoint
        In order along the branch, its ends among them where they are special.
    ended : (str, str)
        Why it was followed no further, at its beginning and at its end.
    """

    neuron: AnyNeuron
    input: float
    name: str
    label: str
    n_spikes: int
    values: Array
    periods: Array
    multipliers: npt.NDArray[np.complex128]
    states: Array
    bounds: Array
    special: tuple[SpecialPoint, ...]
    ended: tuple[str, str]
    points: tuple[Point, ...] = attrs.field(repr=False)

    @property
    def axis(self) -> Axis:
        """The parameter, with its neuron."""
        return axis_of(self.neuron, self.input, self.name)

    @property
    def stable(self) -> npt.NDArray[np.bool_]:
        """Whether neighbouring orbits approach each cycle, shape (n_points,)."""
        return np.asarray(np.abs(self.multipliers).max(axis=1, initial=0.0) < 1.0)

    @property
    def rates(self) -> Array:
        """Spikes per second, shape (n_points,), Hz; of cycles without resets, cycles per second."""
        return np.asarray(1000.0 * max(1, self.n_spikes) / self.periods)

    def table(self) -> list[dict[str, Any]]:
        """Give one row per point."""
        return rows_of(
            {
                self.label: self.values,
                "period_ms": self.periods,
                "rate_Hz": self.rates,
                "largest_multiplier": np.abs(self.multipliers).max(axis=1, initial=0.0),
                "stable": self.stable,
                "V_low_mV": self.bounds[:, 0],
                "V_high_mV": self.bounds[:, 1],
            }
        )

    def data(self) -> dict[str, Any]:
        """Give the branch as plain data."""
        return {
            "parameter": self.name,
            "spikes_per_cycle": self.n_spikes,
            "points": self.table(),
            "special": [one.data() for one in self.special],
            "ended": list(self.ended),
        }

    def _shown(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "n_spikes": self.n_spikes,
            "values": self.values,
            "periods": self.periods,
            "special": [one.kind for one in self.special],
            "ended": self.ended,
        }

    def sentences(self) -> list[str]:
        """Say what happens along the branch, and how it ends."""
        axis = self.axis
        what = f"{self.n_spikes} spikes" if self.n_spikes > 1 else "one spike"
        low, high = axis.show(self.values.min()), axis.show(self.values.max())
        kind = "without resets" if not self.n_spikes else f"of {what}"
        some = int(self.stable.sum())
        said = [f"Cycles {kind} from {low} to {high}: {some} of {self.values.size} points stable."]
        return said + [tell(axis, one) for one in self.special]


def tell(axis: Axis, one: SpecialPoint) -> str:
    """Say what a special point is and where."""
    per_unit = axis.unit.of(1.0) if axis.unit is not None else 1.0
    value = axis.show(one.value, settled(one.error * abs(per_unit), of=one.value * per_unit))
    period = "without bound" if np.isinf(one.period) else f"{show_settled(one.period, one.period_error)} ms"
    ends = "; it ends there" if one.ends else ""
    return f"{one.kind[0].upper()}{one.kind[1:]} at {value}, period {period}{ends}."
