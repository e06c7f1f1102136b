"""How far a model's spikes are from given ones, with a slope even where spikes are missing."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any

import attrs
import numpy as np
import sympy

from natrium.analysis.variation.equations import propagate
from natrium.analysis.variation.gradients import parameter_directions
from natrium.analysis.variation.pieces import Directions
from natrium.model import AnyNeuron, Model, choose, lower, with_parameters
from natrium.model.arrays import Array
from natrium.model.kernel import lower_expressions
from natrium.model.opened import opened
from natrium.model.scales import scales_of
from natrium.solvers import Trajectory, accurate
from natrium.solvers.history import History

RUN_RTOL = 1e-10
SLOPE_RTOL = 1e-8  # of the slopes that the search goes by; those of the result are made anew
LONGER = 0.5  # of the span: how much longer a model that fires too few times is run
PENALTY = 10.0  # ms per mV, or of the scales, by which V stays below the threshold
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
        scales = scales_of(self.model.neuron)
        self.penalty = PENALTY * scales.time / scales.V
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
            left[matched:n] = late + self.penalty * (missing * self._threshold(model.neuron).swing - height)
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
            deeper = np.outer(missing, self._threshold(model.neuron).swing_slope @ directions.parameters)
            slopes[matched:n] = self.penalty * (deeper - self._height_slope(model, run))
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

    @cached_property
    def _threshold_forms(self) -> Callable[..., Any]:
        """The swing and all derivatives of `_Threshold`, of the parameters.

        A swing that depends on the state is what it is as the model starts.
        """
        neuron, system = self.model.neuron, self.model.neuron.system
        origin, swing = system.origin, system.origin - system.reset[0]
        if swing.free_symbols.intersection(system.states):
            start = dict(zip(system.states, neuron.initial_state(), strict=True))
            start |= dict(zip(system.parameters, system.values, strict=True))
            swing = sympy.Float(abs(float(swing.subs(start))))
        slopes = ((swing, system.parameters), (origin, system.states), (origin, system.parameters))
        forms = ((swing,), *(tuple(one.diff(by) for by in symbols) for one, symbols in slopes))
        return lower_expressions(forms, system.parameters)

    def _threshold(self, neuron: AnyNeuron) -> _Threshold:
        (swing,), *slopes = self._threshold_forms(*neuron.system.values)
        return _Threshold(float(swing), *(np.array(one, dtype=float) for one in slopes))

    def _peak(self, run: Trajectory) -> tuple[float, float]:
        """Give when, and how high over the threshold, V is highest after the last spike; mostly below zero.

        Where V goes on through the threshold it must have come down first, and turned; where it stays over
        it, it is told how far it must come.
        """
        free = run.t_start if not run.events else run.events[-1].time + run.neuron.tau_ref
        free = min(free, run.t_end)
        # The solver's own times hold the edges of the input, where V may have a kink.
        times = np.union1d(np.linspace(free, run.t_end, PEAK_SAMPLES), run.t[run.t > free])
        u = lower(run.neuron.system).frame.inward(run.state(times))[0]
        over = np.maximum.accumulate(u > 0.0)
        if run.neuron.system.passes and over[-1]:
            below = over & (u < 0.0)
            if not below.any():
                lowest = int(np.argmin(u))
                return float(times[lowest]), -float(u[lowest])
            turned = below[:-1] & (np.diff(u) > 0.0)
            u[: int(np.argmax(turned)) if turned.any() else -1] = -np.inf
        highest = int(np.argmax(u))
        return float(times[highest]), float(u[highest])

    def _height_slope(self, model: Model, run: Trajectory) -> Array:
        """Differentiate how high V comes over the threshold; the peak's time does not matter."""
        peak, height = self._peak(run)
        if peak <= run.t_start:
            return np.zeros(len(self.names))
        until = History.of(run.segments, [event for event in run.events if event.time <= peak])
        part = attrs.evolve(run, t_end=peak, history=until)
        directions, threshold = self._directions(model, run), self._threshold(model.neuron)
        final: Array = propagate(part, directions).final
        slope: Array = final[0] - threshold.by_state @ final - threshold.by_parameter @ directions.parameters
        return -slope if height > 0.0 else slope


@attrs.frozen(eq=False)
class _Threshold:
    """The threshold, the swing from it to the reset, mV, and their derivatives by states and parameters."""

    swing: float
    swing_slope: Array
    by_state: Array
    by_parameter: Array
