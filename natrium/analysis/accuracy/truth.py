"""The truth, with its own error bar."""

from __future__ import annotations

import attrs
import numpy as np

from natrium.analysis.result import Result
from natrium.model import Model
from natrium.model.arrays import Array
from natrium.solvers import EventDriven, Trajectory, run

TRUTH_RTOL = 1e-12


@attrs.frozen(eq=False, repr=False)
class Reference(Result):
    """The truth, with its own error bar.

    Attributes
    ----------
    trajectory : Trajectory
    spike_time_errors : ndarray, shape (n_spikes,)
        Estimated error of each spike time, ms; infinite for a spike that a second solve does not find.
    """

    trajectory: Trajectory
    spike_time_errors: Array

    @property
    def spike_times(self) -> Array:
        """True spike times, shape (n_spikes,), ms."""
        return self.trajectory.spike_times

    @property
    def error(self) -> float:
        """The largest error of a spike time, ms (0 without spikes)."""
        return float(self.spike_time_errors.max(initial=0.0))

    @property
    def undecided(self) -> tuple[str, ...]:
        """Why the number of spikes is in doubt: peaks of V within the solver's own error of threshold."""
        said = list(self.trajectory.warnings)
        if np.any(np.isinf(self.spike_time_errors)):
            said.append("a second solve, at another tolerance, gives another number of spikes")
        return tuple(said)


def reference(model: Model, rtol: float = TRUTH_RTOL) -> Reference:
    """Solve a model truly and say how sure each spike time is.

    Parameters
    ----------
    model : Model
        With `t_end` in its simulation.
    rtol : float
        Relative tolerance; the errors come from a second solve at another one.

    Raises
    ------
    ModelError
        When the model has no `t_end`.
    SolverError
        When the run cannot be carried through.
    """
    trajectory = run(model, EventDriven(rtol=rtol))
    return Reference(trajectory, trajectory.spike_time_errors)
