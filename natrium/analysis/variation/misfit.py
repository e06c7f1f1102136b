"""How far a model's spikes are from given ones, with a slope even where spikes are missing."""

from __future__ import annotations

import attrs
import numpy as np

from natrium.analysis.variation.equations import propagate
from natrium.analysis.variation.gradients import parameter_directions
from natrium.analysis.variation.pieces import Directions
from natrium.model import Model, choose, with_parameters
from natrium.model.arrays import Array
from natrium.model.opened import opened
from natrium.solvers import Trajectory, accurate

RUN_RTOL = 1e-10
SLOPE_RTOL = 1e-8  # of the slopes that the search goes by; those of the result are made anew
LONGER = 0.5  # of the span: how much longer a model that fires too few times is run
PENALTY = 10.0  # ms per mV by which V stays below the threshold
PEAK_SAMPLES = 2000


class Misfit:
    """Residuals of a model's spikes, and their derivatives, as functions of some parameters.

    Parameters
    ----------
    model : Model
        With `t_end`.
    times : ndarray, shape (n_spikes,)
        Spikes to be met, ms.
    names : tuple of str
        Parameters.
    """

    def __init__(self, model: Model, times: Array, names: tuple[str, ...]) -> None:
        self.times, self.names = times, names
        self.runs = 0
        chosen = choose(model.neuron, model.stimulus, names).values()
        inner = tuple(one.name for one in chosen if one.structural)
        self.model = attrs.evolve(model, neuron=opened(model.neuron, inner))
        self.solver = accurate(self.model.neuron, RUN_RTOL)
        simulation = model.simulation
        assert simulation.t_end is not None
        self.begin, self.end = simulation.t_start, simulation.t_end
        self.longer = self.end + LONGER * (self.end - self.begin)
        self._last: tuple[Array, Model, Trajectory] | None = None

    def residuals(self, x: Array) -> Array:
        """Give the residuals, shape (n_spikes + 1,), ms: of each spike, and of one too many."""
        model, run = self._run(x)
        found, n = run.spike_times, self.times.size
        left = np.zeros(n + 1)
        matched = min(n, found.size)
        left[:matched] = found[:matched] - self.times[:matched]
        if matched < n:
            peak, height = self._peak(run)
            late = np.maximum(peak - self.times[matched:], 0.0)
            missing = np.arange(n - matched)
            # A spike that comes ends its own deficit and begins the next one's: no jump.
            swing = model.neuron.v_thresh - model.neuron.v_reset
            left[matched:n] = late + PENALTY * (model.neuron.v_thresh - height + missing * swing)
        elif found.size > n:
            left[n] = max(0.0, self.end - found[n])
        return left

    def jacobian(self, x: Array) -> Array:
        """Give the derivatives of the residuals, shape (n_spikes + 1, n_parameters)."""
        model, run = self._run(x)
        found, n = run.spike_times, self.times.size
        slopes = np.zeros((n + 1, len(self.names)))
        matched = min(n, found.size)
        directions = self._directions(model, run)
        spikes = propagate(run, directions, rtol=SLOPE_RTOL, n_spikes=min(found.size, n + 1)).spikes
        for row, spike in enumerate(spikes[:matched]):
            slopes[row] = spike.gradient
        if matched < n:
            missing = np.arange(n - matched)
            deeper = np.outer(missing, self._is("v_thresh") - self._is("v_reset"))
            slopes[matched:n] = PENALTY * (self._deficit_slope(model, run) + deeper)
        elif found.size > n and found[n] < self.end:
            slopes[n] = -spikes[n].gradient
        return slopes

    def solve(self, x: Array) -> Trajectory:
        """Run the model with these values over its own span."""
        return self._solve(self._model(x), self.end)

    def _model(self, x: Array) -> Model:
        return with_parameters(self.model, dict(zip(self.names, x.tolist(), strict=True)))

    def _run(self, x: Array) -> tuple[Model, Trajectory]:
        if self._last is not None and np.array_equal(self._last[0], x):
            return self._last[1:]
        model = self._model(x)
        self.runs += 1
        run = self._solve(model, self.end)
        if run.n_spikes < self.times.size:
            run = self._solve(model, self.longer)
        self._last = (x.copy(), model, run)
        return model, run

    def _solve(self, model: Model, end: float) -> Trajectory:
        return self.solver.solve(model.neuron, model.stimulus, t_start=self.begin, t_end=end)

    def _directions(self, model: Model, run: Trajectory) -> Directions:
        chosen = choose(model.neuron, model.stimulus, self.names)
        return parameter_directions(model.neuron, model.stimulus, chosen, run.t_start, run.t_end)

    def _peak(self, run: Trajectory) -> tuple[float, float]:
        """Give when, and how high, V is highest after the last spike."""
        free = run.t_start if not run.events else run.events[-1].time + run.neuron.tau_ref
        free = min(free, run.t_end)
        # The solver's own times hold the edges of the input, where V may have a kink.
        times = np.concatenate([np.linspace(free, run.t_end, PEAK_SAMPLES), run.t[run.t > free]])
        V = run.state(times)[0]
        highest = int(np.argmax(V))
        return float(times[highest]), float(V[highest])

    def _deficit_slope(self, model: Model, run: Trajectory) -> Array:
        """Differentiate how far V stays below the threshold; the peak's time does not matter."""
        peak, _ = self._peak(run)
        if peak <= run.t_start:
            return np.zeros(len(self.names))
        part = attrs.evolve(
            run, t_end=peak, events=tuple(event for event in run.events if event.time <= peak)
        )
        height: Array = propagate(part, self._directions(model, run)).final[0]
        return self._is("v_thresh") - height

    def _is(self, name: str) -> Array:
        """Give 1 for the parameter of this name, shape (n_parameters,)."""
        return np.array([float(other == name) for other in self.names])
