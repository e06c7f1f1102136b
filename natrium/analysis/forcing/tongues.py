"""Locking tongues: the plateaus of ratios along one parameter, at one amplitude of the input after the other.

References
----------
.. [1] S. Coombes, P. C. Bressloff, "Mode locking and Arnold tongues in integrate-and-fire neural
   oscillators", Phys. Rev. E 60 (1999) 2086-2096. https://doi.org/10.1103/PhysRevE.60.2086
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from natrium.analysis.continuation.arclength import Point, corrected
from natrium.analysis.continuation.continued import check_range
from natrium.analysis.cycle.limit_cycle import limit_cycle
from natrium.analysis.forcing.axis import AMPLITUDE, PERIOD, ForcedAxis, forced_axis, forcing_of
from natrium.analysis.forcing.locking import is_real
from natrium.analysis.forcing.plateau import Plateau, plateau_from, stable_half
from natrium.analysis.forcing.staircase import Ratio, locked_between, looked_at, ratios_between
from natrium.analysis.result import Result
from natrium.model import AnyNeuron, ModelError, NatriumError, Stimulus
from natrium.model.arrays import Array
from natrium.model.checks import as_numbers

SIMPLE = 3  # most periods of the ratios that are followed by themselves
EDGE = 1e-9  # by which the ends of a range of rotation numbers count as within it
LOOKS = 25  # values at which a ratio is looked for where no orbit is known


@attrs.frozen(eq=False, repr=False)
class Tongue(Result):
    """Where one ratio of locking is stable, amplitude by amplitude.

    Attributes
    ----------
    n_spikes, n_periods : int
        p and q.
    amplitudes : ndarray, shape (n_found,)
        At which it was found.
    plateaus : tuple of Plateau
        There.
    tip : float
        Where both edges meet as the input vanishes: the period of which q last as long as p intervals of the
        cell by itself; NaN where it does not fire, or another parameter is across.
    """

    n_spikes: int
    n_periods: int
    amplitudes: Array
    plateaus: tuple[Plateau, ...]
    tip: float = float("nan")

    def bounds(self) -> Array:
        """Give both edges, shape (n_found, 2)."""
        return np.array([(one.low.value, one.high.value) for one in self.plateaus]).reshape(-1, 2)


@attrs.frozen(eq=False, repr=False)
class LockingTongues(Result):
    """Locking tongues in the plane of one parameter and the amplitude of the input.

    Attributes
    ----------
    name, label, unit : str
        The parameter across.
    up, up_label, up_unit : str
        The parameter of the amplitude.
    between : (float, float)
    amplitudes : ndarray, shape (n_amplitudes,)
    tongues : tuple of Tongue
    """

    name: str
    label: str
    unit: str
    up: str
    up_label: str
    up_unit: str
    between: tuple[float, float]
    amplitudes: Array
    tongues: tuple[Tongue, ...]

    def table(self) -> list[dict[str, Any]]:
        """Give one row per ratio and amplitude."""
        return [
            {self.up_label: amplitude} | plateau.table()[0]
            for one in self.tongues
            for amplitude, plateau in zip(one.amplitudes.tolist(), one.plateaus, strict=True)
        ]

    def data(self) -> dict[str, Any]:
        """Give the tongues as plain data."""
        tips = {f"{one.n_spikes}:{one.n_periods}": one.tip for one in self.tongues}
        return {
            "across": self.name,
            "up": self.up,
            "between": list(self.between),
            "tips": tips,
            "rows": self.table(),
        }

    def sentences(self) -> list[str]:
        """Say how wide each is at the largest amplitude at which it was found."""
        said = []
        for one in self.tongues:
            ratio = f"{one.n_spikes}:{one.n_periods}"
            if not one.plateaus:
                said.append(f"No locking {ratio} was found.")
                continue
            last = one.plateaus[-1]
            said.append(
                f"{ratio} is stable from {last.low.value:.9g} to {last.high.value:.9g} {self.unit} at "
                f"{self.up} = {one.amplitudes[-1]:.6g} {self.up_unit}."
            )
        return said


def locking_tongues(
    neuron: AnyNeuron,
    stimulus: Stimulus | Sequence[Stimulus],
    amplitudes: npt.ArrayLike,
    *,
    between: tuple[float, float],
    ratios: Sequence[Ratio] | None = None,
    parameter: str = PERIOD,
    up: str = AMPLITUDE,
    period: float | None = None,
) -> LockingTongues:
    """Find where ratios of locking are stable, in a parameter and the amplitude of the input.

    Edges are followed as in `locking_plateau`; each amplitude begins with the orbit of the one before.

    Parameters
    ----------
    neuron : Neuron or HybridNeuron
        With a threshold.
    stimulus : Stimulus or sequence of Stimulus
        Periodic.
    amplitudes : array_like, shape (n_amplitudes,)
        Increasing.
    between : (float, float)
        Range of the parameter across.
    ratios : sequence of (int, int), optional
        p and q of each; by default all with up to 3 periods that occur in the range.
    parameter, up : str
        See `locking_plateau`.
    period : float, optional
        Of the input, ms; where it does not say.

    Raises
    ------
    ModelError, StimulusError
        When there is no such parameter, a number is out of range, or the input does not repeat.
    SolverError
        When a run fails.
    """
    forcing = forcing_of(neuron, stimulus, period)
    rising, axis = forced_axis(forcing, up), forced_axis(forcing, parameter)
    if rising.name == axis.name:
        raise ModelError(f"a plane needs two parameters, got {up} twice")
    heights = as_numbers("amplitudes", amplitudes)
    if heights.size == 0 or np.any(np.diff(heights) <= 0.0):
        raise ModelError("amplitudes must increase, and there must be one at least")
    low, high = check_range(axis, between)
    levels = [forced_axis(rising.at(value), parameter) for value in heights.tolist()]
    known: dict[int, list[tuple[float, float]]] = {}
    if ratios is None:  # the simple ones between the least and the largest rotation number
        known[len(levels) - 1] = _looks(levels[-1], low, high)
        rates = [rate for _, rate in known[len(levels) - 1]]
        asked = ratios_between(min(rates) - EDGE, max(rates) + EDGE, SIMPLE)
    else:
        asked = _checked(ratios)
    alone = _own_period(rising) if axis.name == PERIOD else float("nan")
    tongues = [
        attrs.evolve(_tongue(levels, heights, (p, q), low, high, known), tip=alone * p / q) for p, q in asked
    ]
    return LockingTongues(
        axis.name,
        axis.label,
        axis.unit,
        rising.name,
        rising.label,
        rising.unit,
        (low, high),
        heights,
        tuple(tongues),
    )


def _own_period(rising: ForcedAxis) -> float:
    """Give the interval between spikes without what moves in the input, ms; NaN where there is none."""
    try:
        still = rising.at(0.0)
        levels = {still.stimulus((still.first + share) * still.period) for share in (0.05, 0.4, 0.7)}
        return limit_cycle(still.neuron, levels.pop()).period if len(levels) == 1 else float("nan")
    except NatriumError:
        return float("nan")


def _checked(ratios: Sequence[Ratio]) -> list[Ratio]:
    found = []
    for one in ratios:
        try:
            p, q = map(int, one)
        except (TypeError, ValueError):
            p = q = 0
        if p < 1 or q < 1:
            raise ModelError(f"a ratio must be two whole numbers from 1 on, spikes and periods, got {one!r}")
        found.append((p, q))
    return found


def _looks(axis: ForcedAxis, low: float, high: float) -> list[tuple[float, float]]:
    """Give some values and the rotation numbers there."""
    return [(value, looked_at(axis, value)[0].value) for value in np.linspace(low, high, LOOKS).tolist()]


def _tongue(
    levels: list[ForcedAxis],
    heights: Array,
    ratio: Ratio,
    low: float,
    high: float,
    known: dict[int, list[tuple[float, float]]],
) -> Tongue:
    """Go up from amplitude to amplitude."""
    found, at, last = list[Plateau](), list[float](), None
    for k, axis in enumerate(levels):
        point = _moved(last, axis) if last is not None else None
        if point is None:
            if k not in known:
                known[k] = _looks(axis, low, high)
            point = _searched(axis, ratio, known[k], high - low)
        if point is None or not low < point.value < high:
            continue
        try:
            last = stable_half(point, low, high)
            found.append(plateau_from(last, low, high))
            at.append(float(heights[k]))
        except NatriumError:
            last = None
    return Tongue(*ratio, np.array(at), tuple(found))


def _moved(last: Point, axis: ForcedAxis) -> Point | None:
    """Find the orbit of the same first phase at another amplitude."""
    problem: Any = attrs.evolve(last.problem, axis=axis)  # type: ignore[misc]  # attrs classes all
    plane = np.zeros(last.z.size)
    plane[-2] = 1.0
    try:
        point = corrected(problem, last.z, plane, last.scales)
    except NatriumError:
        return None
    return point if is_real(point) else None


def _searched(axis: ForcedAxis, ratio: Ratio, looks: list[tuple[float, float]], span: float) -> Point | None:
    """Look for an orbit where the rotation number passes the ratio."""
    target = ratio[0] / ratio[1]
    for (a, first), (b, last) in pairwise(looks):
        if min(first, last) <= target <= max(first, last):
            near = (a, a) if first == target else (b, b) if last == target else (a, b)
            try:
                point = locked_between(axis, near, ratio, span)
            except NatriumError:
                continue
            if point is not None:
                return point
    return None
