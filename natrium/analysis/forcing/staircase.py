"""The devil's staircase: rotation number against a parameter, its plateaus with their exact ends."""

from __future__ import annotations

from collections.abc import Sequence
from math import gcd
from typing import Any

import attrs
import numpy as np

from natrium.analysis.continuation.arclength import Point, corrected
from natrium.analysis.continuation.continued import check_range
from natrium.analysis.forcing.axis import PERIOD, ForcedAxis, forced_axis, forcing_of
from natrium.analysis.forcing.locking import equations_of, is_real
from natrium.analysis.forcing.plateau import Plateau, plateau_from
from natrium.analysis.forcing.rotation import PERIODS, TRANSIENT, RotationNumber, long_run, rotation_of
from natrium.analysis.result import Result, rows_of
from natrium.model import AnyNeuron, Count, NatriumError, Stimulus
from natrium.model.arrays import Array
from natrium.solvers import Trajectory

POINTS, HIGHEST = 121, 4
HALVES = 12  # of the way between two values at which a ratio between theirs is looked for
Ratio = tuple[int, int]


@attrs.frozen(eq=False, repr=False)
class Staircase(Result):
    """Rotation number along one parameter.

    Attributes
    ----------
    name, label, unit : str
        The parameter.
    values : ndarray, shape (n_values,)
    rotation, errors : ndarray, shape (n_values,)
        Spikes per period of the input, and how far that can be trusted: 0 where firing is locked.
    plateaus : tuple of Plateau
        In order of the parameter.
    highest : int
        The most periods of a ratio whose plateau was looked for.
    """

    name: str
    label: str
    unit: str
    values: Array
    rotation: Array
    errors: Array
    plateaus: tuple[Plateau, ...]
    highest: int

    @property
    def covered(self) -> float:
        """Share of the range that the plateaus found cover."""
        low, high = self.values[0], self.values[-1]
        inside = [min(one.high.value, high) - max(one.low.value, low) for one in self.plateaus]
        return float(sum(max(0.0, one) for one in inside) / (high - low))

    def table(self) -> list[dict[str, Any]]:
        """Give one row per value."""
        return rows_of({self.label: self.values, "rotation_number": self.rotation, "error": self.errors})

    def plateau_table(self) -> list[dict[str, Any]]:
        """Give one row per plateau."""
        return [row for one in self.plateaus for row in one.table()]

    def data(self) -> dict[str, Any]:
        """Give the staircase as plain data."""
        return {
            "parameter": self.name,
            "values": self.values,
            "rotation_number": self.rotation,
            "errors": self.errors,
            "plateaus": self.plateau_table(),
            "covered": self.covered,
            "highest_periods": self.highest,
        }

    def sentences(self) -> list[str]:
        """Give the plateaus, and how much they cover."""
        said = [line for one in self.plateaus for line in one.sentences()]
        many = f"plateaus of up to {self.highest} periods cover {100.0 * self.covered:.1f} % of the range"
        return [*said, f"The {many}." if said else f"No {many}."]


def devils_staircase(
    neuron: AnyNeuron,
    stimulus: Stimulus | Sequence[Stimulus],
    parameter: str = PERIOD,
    *,
    between: tuple[float, float],
    points: int = POINTS,
    highest: int = HIGHEST,
    period: float | None = None,
) -> Staircase:
    """Follow the rotation number along one parameter, and each ratio to the exact ends of its plateau.

    Each value is a run from the neuron's own start. Ratios of up to `highest` periods are looked for between
    neighbouring values too.

    Parameters
    ----------
    neuron : Neuron or HybridNeuron
        With a threshold.
    stimulus : Stimulus or sequence of Stimulus
        Periodic.
    parameter : str
        ``"period"`` or ``"amplitude"`` of the input, or any parameter of neuron and input.
    between : (float, float)
        Its range.
    points : int
        Values in the range.
    highest : int
        The most periods of a ratio whose plateau is looked for.
    period : float, optional
        Of the input, ms; where it does not say.

    Raises
    ------
    ModelError, StimulusError
        When there is no such parameter, or the input does not repeat.
    SolverError
        When a run fails.

    References
    ----------
    .. [1] J. P. Keener, F. C. Hoppensteadt, J. Rinzel, SIAM J. Appl. Math. 41 (1981) 503-517.
       https://doi.org/10.1137/0141042
    """
    Count(low=2, high=100_000).check("points", points)
    Count(low=1, high=100).check("highest", highest)
    axis = forced_axis(forcing_of(neuron, stimulus, period), parameter)
    low, high = check_range(axis, between)
    values = np.linspace(low, high, points)
    found = [looked_at(axis, value)[0] for value in values.tolist()]
    plateaus: list[Plateau] = []
    for ratio, near in wanted(values, found, highest):
        if any(covers(one, near, ratio) for one in plateaus):
            continue
        plateau = plateau_at(axis, near, ratio, low, high)
        if plateau is not None:
            plateaus.append(plateau)
    rotation, errors = (np.array([getattr(one, name) for one in found]) for name in ("value", "error"))
    plateaus.sort(key=lambda one: (one.low.value, one.rotation_number))
    return Staircase(axis.name, axis.label, axis.unit, values, rotation, errors, tuple(plateaus), highest)


def looked_at(axis: ForcedAxis, value: float) -> tuple[RotationNumber, Trajectory]:
    """Run at one value; give what the run says."""
    forcing = axis.at(value)
    run = long_run(forcing, TRANSIENT + PERIODS)
    return rotation_of(forcing, run, TRANSIENT), run


def wanted(
    values: Array, found: list[RotationNumber], highest: int
) -> list[tuple[Ratio, tuple[float, float]]]:
    """Give ratios whose plateaus are to be found, each with the values between which it lies."""
    asked: list[tuple[Ratio, tuple[float, float]]] = []
    for k, one in enumerate(found):
        if one.locked and one.n_periods <= highest:
            asked.append(((one.n_spikes, one.n_periods), (float(values[k]), float(values[k]))))
    for k in range(len(found) - 1):
        first, last = sorted((found[k].value, found[k + 1].value))
        between = (float(values[k]), float(values[k + 1]))
        asked += [(ratio, between) for ratio in ratios_between(first, last, highest)]
    return asked


def ratios_between(low: float, high: float, highest: int) -> list[Ratio]:
    """Give the fractions p/q between two numbers, q no more than so many, by q."""
    found = []
    for q in range(1, highest + 1):
        first, last = int(np.floor(low * q)) + 1, int(np.ceil(high * q)) - 1
        found += [(p, q) for p in range(max(first, 1), last + 1) if gcd(p, q) == 1]
    return found


def covers(plateau: Plateau, near: tuple[float, float], ratio: Ratio) -> bool:
    """Tell whether a plateau is the one looked for."""
    same = (plateau.n_spikes, plateau.n_periods) == ratio
    return same and plateau.low.value <= near[1] and near[0] <= plateau.high.value


def plateau_at(
    axis: ForcedAxis, near: tuple[float, float], ratio: Ratio, low: float, high: float
) -> Plateau | None:
    """Find the plateau of a ratio that lies between two values; None where there is none to be found."""
    try:
        point = locked_between(axis, near, ratio, high - low)
        return None if point is None else plateau_from(point, low, high)
    except NatriumError:
        return None


def locked_between(axis: ForcedAxis, near: tuple[float, float], ratio: Ratio, span: float) -> Point | None:
    """Find an orbit of a ratio between two values by halves, then by Newton's method at its phase.

    At a given phase there is one value of the parameter, however narrow the plateau.
    """
    target, ends = ratio[0] / ratio[1], list(near)
    rising = None
    for _ in range(HALVES):
        value = 0.5 * (ends[0] + ends[1])
        found, run = looked_at(axis, value)
        same = found.locked and found.n_spikes * ratio[1] == found.n_periods * ratio[0]
        if same or ends[0] == ends[1]:
            break
        if rising is None:
            rising = looked_at(axis, ends[1])[0].value > looked_at(axis, ends[0])[0].value
        ends[(found.value > target) == rising] = value
    there = forced_axis(axis.at(value), axis.name)
    problem, guess = equations_of(there, run, ratio, span)
    plane = np.zeros(guess.size)
    plane[-2 if ratio[0] else -1] = 1.0
    point = corrected(problem, guess, plane, problem.scales(guess))
    return point if is_real(point) else None
