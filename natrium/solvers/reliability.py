"""How far each spike time can be trusted: checked by a second solve."""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np

from natrium.model.arrays import Array
from natrium.solvers.limits import LEAST_RTOL
from natrium.solvers.trajectory import Trajectory

# The second solve: tighter by this factor, and with steps at most half as long where it is the input that
# bounds them, so that it is nearer to the truth wherever the first one's error comes from.
TIGHTER, SHORTER = 100.0, 0.5
LOOSER = 10.0
# What is left of the second solve's own error, and of the first's beyond the difference. Measured on 500
# random models (tests/solvers/test_reliability.py).
SAFETY = 4.0
ROUNDING = 4.0  # in units of the last place of a spike time


def rounding(trajectory: Trajectory) -> Array:
    """Give what rounding leaves of each spike time, shape (n_spikes,), ms."""
    return np.asarray(
        ROUNDING * np.spacing(np.maximum(np.abs(trajectory.spike_times), abs(trajectory.t_start)))
    )


def accumulated(trajectory: Trajectory) -> Array:
    """Give what rounding leaves of spike times where each interval adds its own, shape (n_spikes,), ms."""
    return rounding(trajectory) * np.sqrt(np.arange(1, trajectory.n_spikes + 1))


def second_tolerance(rtol: float) -> float:
    """Give the factor by which the second solve's tolerance differs."""
    factor = max(1.0 / TIGHTER, LEAST_RTOL / max(rtol, LEAST_RTOL))
    return LOOSER if factor > 1.0 / LOOSER else factor  # no room below


def second_solver(made_by: Any) -> Any:
    """Give the solver that checks one with `rtol`, `atol` and `step_scale`."""
    factor = second_tolerance(made_by.rtol)
    return attrs.evolve(
        made_by,
        rtol=min(max(made_by.rtol, LEAST_RTOL) * factor, 0.1),
        atol=None if made_by.atol is None else made_by.atol * factor,
        step_scale=made_by.step_scale * SHORTER,
    )


def errors_by_second_solve(trajectory: Trajectory) -> Array:
    """Estimate the error of every spike time of a run of an adaptive solver.

    The run is solved again at a tolerance up to a hundred times tighter, as far as doubles allow (ten times
    looser where they don't allow ten times tighter, which overestimates). Errors change sign from spike to
    spike, so that each is given the largest among its neighbours' and its own. A spike without a
    counterpart is undecided and its error infinite.

    Parameters
    ----------
    trajectory : Trajectory
        Made by a solver with `rtol`, `atol` and `step_scale`.

    Returns
    -------
    ndarray, shape (n_spikes,)
        ms.
    """
    from scipy.ndimage import maximum_filter1d  # a large import, for these estimates only

    times = trajectory.spike_times
    again = second_solver(trajectory.made_by).solve(
        trajectory.neuron, trajectory.stimulus, t_start=trajectory.t_start, t_end=trajectory.t_end
    )
    errors = np.full(times.size, np.inf)
    both = min(times.size, again.n_spikes)
    moved = np.abs(times[:both] - again.spike_times[:both])
    errors[:both] = SAFETY * maximum_filter1d(moved, 3, mode="nearest")
    return errors + accumulated(trajectory)
