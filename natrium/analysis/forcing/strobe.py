"""The stroboscopic map: from the state at one phase of a periodic input to the state a period later."""

from __future__ import annotations

import math
from collections.abc import Sequence

import attrs
import numpy as np
import numpy.typing as npt

from natrium.analysis.cycle.return_map import free_directions
from natrium.analysis.forcing.axis import ForcedAxis, Forcing, forcing_of
from natrium.analysis.forcing.orbits import ForcedPlace
from natrium.analysis.variation.equations import propagate
from natrium.model import AnyNeuron, ModelError, Number, Stimulus
from natrium.model.arrays import Array
from natrium.solvers import accurate

RTOL = 1e-12


@attrs.frozen(eq=False)
class Stroboscopic:
    """One period of the input.

    Attributes
    ----------
    before, after : ndarray, shape (n_states,)
        The state at phase zero; where it is refractory, that in which V is let go.
    waited, waiting : float
        How long V is still held there, ms.
    n_spikes : int
        In between.
    jacobian : ndarray, shape (n_states + 1, n_states + 1)
        d (after, waiting) / d (before, waited); what does not wait has a row or a column of zeros.
    """

    before: Array
    after: Array
    waited: float
    waiting: float
    n_spikes: int
    jacobian: Array


@attrs.frozen(eq=False, slots=False)
class StroboscopicMap:
    """The map from phase zero of a periodic input to the next phase zero.

    Attributes
    ----------
    forcing : Forcing
    rtol : float
        Of runs and of their derivatives.
    """

    forcing: Forcing
    rtol: float = RTOL

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the states."""
        return self.forcing.neuron.system.labels

    def _place(self, begin: float) -> ForcedPlace:
        axis = ForcedAxis(self.forcing, "", ())
        return ForcedPlace(axis, math.nan, self.forcing, {}, self.rtol, begin)

    def __call__(self, state: npt.ArrayLike, waited: float = 0.0) -> Stroboscopic:
        """Go through one period.

        Parameters
        ----------
        state : array_like, shape (n_states,)
            At phase zero, V below the threshold; where V is held then, the state in which it is let go.
        waited : float
            How long V is held from phase zero on, ms.

        Raises
        ------
        ModelError
            When a number is out of range.
        SolverError
            When the run fails.
        """
        y = np.asarray(state, dtype=float).ravel()
        if y.size != len(self.names):
            raise ModelError(f"a state is {', '.join(self.names)}: {len(self.names)} numbers, got {y.size}")
        Number("ms", 0.0).check("waited", waited)
        forcing, n = self.forcing, y.size
        jacobian = np.zeros((n + 1, n + 1))
        if waited >= forcing.period:
            return Stroboscopic(y, y.copy(), float(waited), waited - forcing.period, 0, np.eye(n + 1))
        begin = forcing.first * forcing.period + waited
        start = np.eye(n, n + 1)
        if waited > 0.0:  # V is let go later
            start[:, n] = -self._place(begin).flow(y, math.nextafter(begin, math.inf))
        end = (forcing.first + 1) * forcing.period
        run = accurate(forcing.neuron, self.rtol).solve(
            forcing.neuron.started(y.tolist()), forcing.stimulus, t_start=begin, t_end=end
        )
        found = propagate(run, free_directions(forcing.neuron, start), rtol=self.rtol)
        held = run.events[-1].time + forcing.neuron.tau_ref - end if run.events else -1.0
        if held <= 0.0:
            jacobian[:n] = found.final
            after = run.segments[-1].values[:, -1]
            return Stroboscopic(y, np.array(after), float(waited), 0.0, len(run.events), jacobian)
        spike, free = found.spikes[-1], self._place(end + held)
        after, by = free.rest(run.events[-1].after.copy(), np.hstack([spike.after, np.zeros((n, 1))]))
        flow = free.flow(after, math.nextafter(end + held, math.inf))
        # What is known of the release at fixed time goes along with it: that moves as the spike does.
        jacobian[:n] = by[:, :-1] + np.outer(by[:, -1] + flow, spike.gradient)
        jacobian[n] = spike.gradient
        return Stroboscopic(y, after, float(waited), held, len(run.events), jacobian)

    def orbit(self, state: npt.ArrayLike, count: int, waited: float = 0.0) -> list[Stroboscopic]:
        """Go through `count` periods."""
        found: list[Stroboscopic] = []
        for _ in range(count):
            found.append(self(state, waited))
            state, waited = found[-1].after, found[-1].waiting
        return found


def stroboscopic_map(
    neuron: AnyNeuron, stimulus: Stimulus | Sequence[Stimulus], *, period: float | None = None
) -> StroboscopicMap:
    """Give the map of the whole state from phase zero of a periodic input to the next, with its derivative.

    Parameters
    ----------
    neuron : Neuron or HybridNeuron
        With a threshold.
    stimulus : Stimulus or sequence of Stimulus
        Periodic. Phase zero is where the time is a whole number of periods.
    period : float, optional
        Of the input, ms; where it does not say.

    Raises
    ------
    ModelError, StimulusError
        When the neuron has no threshold, or the input does not repeat.

    Examples
    --------
    >>> import natrium
    >>> step = natrium.stroboscopic_map(natrium.Neuron(), natrium.Sine(3.0, 20.0, offset=18.0))
    >>> step([-70.0]).n_spikes
    2
    """
    return StroboscopicMap(forcing_of(neuron, stimulus, period))
