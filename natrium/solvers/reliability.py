"""How far each spike time can be trusted: checked by a second solve."""

from __future__ import annotations

import attrs
import numpy as np

from natrium.solvers.bernstein import Array
from natrium.solvers.closed_form import ClosedForm
from natrium.solvers.event_driven import LEAST_RTOL, EventDriven
from natrium.solvers.trajectory import Trajectory

__all__ = ["spike_time_errors"]

# The second solve's tolerance: errors follow the tolerance, so that it is this much nearer to the truth.
TIGHTER = 30.0
# What is left of the second solve's own error, and of the first's beyond the difference.
SAFETY = 1.5
ROUNDING = 4.0  # in units of the last place of a spike time


def spike_time_errors(trajectory: Trajectory) -> Array:
    """Estimate the error of every spike time of a run.

    An event-driven run is solved again at a tolerance thirty times tighter (thirty times looser where
    that is below what doubles allow, which overestimates); a spike without a counterpart is undecided
    and its error infinite. Spike times of the closed form are right to rounding; those of a fixed-step
    script carry no estimate (NaN).

    Parameters
    ----------
    trajectory : Trajectory

    Returns
    -------
    ndarray, shape (n_spikes,)
        ms.
    """
    times = trajectory.spike_times
    rounding = ROUNDING * np.spacing(np.maximum(np.abs(times), abs(trajectory.t_start)))
    made_by = trajectory.made_by
    if isinstance(made_by, ClosedForm):
        return np.asarray(rounding)
    if not isinstance(made_by, EventDriven):
        return np.full(times.size, np.nan)
    factor = 1.0 / TIGHTER if made_by.rtol / TIGHTER >= LEAST_RTOL else TIGHTER
    rtol = min(max(made_by.rtol, LEAST_RTOL) * factor, 0.1)
    atol = None if made_by.atol is None else made_by.atol * factor
    again = attrs.evolve(made_by, rtol=rtol, atol=atol).solve(
        trajectory.neuron, trajectory.stimulus, t_start=trajectory.t_start, t_end=trajectory.t_end
    )
    errors = np.full(times.size, np.inf)
    both = min(times.size, again.n_spikes)
    errors[:both] = SAFETY * np.abs(times[:both] - again.spike_times[:both]) + rounding[:both]
    return errors
