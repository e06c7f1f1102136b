"""How far a planar reduction is from its neuron: spike times, and the largest distances of V and x."""

from __future__ import annotations

from collections.abc import Sequence

import attrs
import numpy as np

from natrium.analysis.phase_plane.reduction import Plane
from natrium.analysis.result import Result
from natrium.model import Constant, Number, Stimulus
from natrium.model.arrays import Array
from natrium.model.checks import check_kind
from natrium.solvers import EventDriven, Trajectory

SAMPLES = 2000  # times at which the two courses are compared, beside the solver's own


@attrs.frozen(eq=False, repr=False)
class ReductionError(Result):
    """The reduced course against the full one.

    Attributes
    ----------
    full, reduced : Trajectory
        The two runs; the reduced one has states V and x.
    V_before, x_before : float
        Largest distance until the first spike of either, mV and no unit.
    V_after, x_after : float
        Largest distance after spikes, the k-th spikes of the two aligned, from the end of the refractory
        period for as long as neither has fired again; NaN where there is no such time. Meaningful at constant
        input: a changing one is met at other times.
    """

    full: Trajectory
    reduced: Trajectory
    V_before: float
    x_before: float
    V_after: float
    x_after: float

    @property
    def spike_times(self) -> Array:
        """Spike times of the full model, shape (n_spikes,), ms."""
        return self.full.spike_times

    @property
    def reduced_spike_times(self) -> Array:
        """Spike times of the reduced model, shape (n_reduced,), ms."""
        return self.reduced.spike_times

    @property
    def shifts(self) -> Array:
        """Reduced less full spike time, spike by spike as far as both go, ms."""
        common = min(self.full.n_spikes, self.reduced.n_spikes)
        return np.asarray(self.reduced_spike_times[:common] - self.spike_times[:common])


def reduction_error(
    plane: Plane,
    stimulus: Stimulus | Sequence[Stimulus] | float | None = None,
    *,
    t_end: float = 100.0,
    solver: EventDriven | None = None,
) -> ReductionError:
    """Run a plane and its neuron on the same input and compare.

    Parameters
    ----------
    plane : Plane
    stimulus : Stimulus, sequence of Stimulus or float, optional
        A number is a constant input, mV; none by default.
    t_end : float
        ms.
    solver : EventDriven, optional

    Raises
    ------
    ModelError, StimulusError
        When what is given breaks a rule.
    SolverError
        When a run cannot be carried through.
    """
    check_kind("plane", plane, Plane)
    if isinstance(stimulus, (int, float)):
        Number("mV").check("stimulus", stimulus)
        stimulus = Constant(float(stimulus))
    solver = solver if solver is not None else EventDriven()
    full = solver.solve(plane.neuron, stimulus, t_end=t_end)
    reduced = solver.solve(plane.reduced, stimulus, t_end=t_end)
    until = min(t_end, *(run.spike_times[0] for run in (full, reduced) if run.n_spikes), np.inf)
    knots = np.concatenate([full.t, reduced.t, np.linspace(full.t_start, until, SAMPLES)])
    before = _distances(plane, full, reduced, knots[knots <= until], 0.0)
    after = [
        _distances(plane, full, reduced, full.spike_times[k] + lags, reduced.spike_times[k])
        for k, lags in enumerate(_lags(full, reduced))
        if lags.size
    ]
    worst = np.max(after, axis=0) if after else np.full(2, np.nan)
    return ReductionError(full, reduced, *map(float, before), *map(float, worst))


def _lags(full: Trajectory, reduced: Trajectory) -> list[Array]:
    """Give for each pair of spikes the times after them at which both courses move freely, ms."""
    held, found = full.neuron.tau_ref, []
    ends = [np.append(run.spike_times, run.t_end) for run in (full, reduced)]
    for k in range(min(full.n_spikes, reduced.n_spikes)):
        shared = min(float(end[k + 1] - end[k]) for end in ends)
        # Just inside: the last digit of a time after a spike may lie beyond the next one.
        inside = shared - held - 1e-9
        found.append(held + np.linspace(0.0, inside, SAMPLES) + 5e-10 if inside > 0.0 else np.empty(0))
    return found


def _distances(
    plane: Plane, full: Trajectory, reduced: Trajectory, times: Array, reduced_spike: float
) -> Array:
    """Give the largest distances of V and x, shape (2,), at times and at equal lags after another spike."""
    shifted = times if not reduced_spike else times - times[0] + reduced_spike + (full.neuron.tau_ref + 5e-10)
    one = plane.project(full.state(times, side="left"))
    two = reduced.state(np.minimum(shifted, reduced.t_end), side="left")
    return np.asarray(np.abs(one - two).max(axis=1))
