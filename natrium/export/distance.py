"""How far a target's spikes are from the true ones: measured, or told by a twin of its rules."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import attrs
import numpy as np

from natrium.analysis.accuracy.matching import match_spikes
from natrium.analysis.accuracy.truth import Reference
from natrium.export.lowered import Lowered
from natrium.model import NatriumError
from natrium.model.arrays import Array
from natrium.solvers import FixedStep, run

WINDOW = 0.5  # of the least interval between true spikes: further apart two spikes are none of a pair
ALONE = 10.0  # ms, the window where there is one true spike or none


@attrs.frozen(kw_only=True)
class Distance:
    """Spikes of a target beside the true ones.

    Attributes
    ----------
    source : str
        Where the target's spikes come from.
    n_true, n_found : int
    missed, extra : int
        True spikes that it has not, and spikes that it has besides.
    mean, largest : float
        Of the errors' sizes of those that it has, ms; NaN without any.
    bound : float
        How well the true ones are known, ms.
    """

    source: str
    n_true: int
    n_found: int
    missed: int
    extra: int
    mean: float
    largest: float
    bound: float = 0.0

    @property
    def is_complete(self) -> bool:
        """Whether there are spikes, each with its partner."""
        return not (self.missed or self.extra or np.isnan(self.largest))

    def sentences(self) -> list[str]:
        """Say it in words."""
        counts = f"{self.n_found} spikes for {self.n_true} true ones"
        if self.missed or self.extra:
            counts += f", {self.missed} missed and {self.extra} extra"
        said = [f"How far that moves a spike, in this model: {self.source}."]
        if np.isnan(self.largest):
            return [*said, f"{counts}."]
        return [
            *said,
            f"{counts}; a spike is off by {self.mean:.2g} ms on average, {self.largest:.2g} ms at most.",
        ]


def distance_of(found: Array, truth: Reference, source: str) -> Distance:
    """Hold spikes against a reference's, spike by spike."""
    return distance_between(found, truth.spike_times, source, truth.error)


def distance_between(found: Array, times: Array, source: str, bound: float) -> Distance:
    """Hold spikes against true ones that are known to `bound` ms, spike by spike."""
    window = WINDOW * float(np.diff(times).min()) if times.size > 1 else ALONE
    pairs = match_spikes(found, times, max(window, 1e-9))
    errors = np.array([abs(pair.difference) for pair in pairs if pair.difference is not None])
    return Distance(
        source=source,
        n_true=times.size,
        n_found=len(found),
        missed=sum(pair.label is None for pair in pairs),
        extra=sum(pair.truth is None for pair in pairs),
        mean=float(errors.mean()) if errors.size else np.nan,
        largest=float(errors.max()) if errors.size else np.nan,
        bound=bound,
    )


@attrs.frozen
class Twin:
    """A fixed-step solver that has a target's rules."""

    rules: Callable[[Lowered, float], FixedStep]  # from the model and dt (ms) to the solver
    # From the refractory period and dt (ms) to the period that the target makes of it, ms.
    held: Callable[[float, float], float] = lambda tau_ref, dt: tau_ref
    shift: float = 0.0  # by how many steps the target's label is later than the solver's
    idle: int = 0  # how many steps pass before anything moves

    def spikes(self, lowered: Lowered, dt: float) -> Array:
        """Give the spikes that the target is expected to give, ms."""
        model, neuron = lowered.model, cast(Any, lowered.neuron)
        if neuron.fires:
            neuron = neuron.changed({"tau_ref": max(self.held(neuron.tau_ref, dt), 0.0)})
        span = attrs.evolve(model.simulation, t_start=model.simulation.t_start + self.idle * dt)
        found = run(attrs.evolve(model, neuron=neuron, simulation=span), self.rules(lowered, dt)).spike_times
        return np.asarray(found + self.shift * dt)

    def told(self, lowered: Lowered, dt: float) -> str:
        """Say which solver it is."""
        solver = self.rules(lowered, dt)
        facts = (
            solver.scheme,
            f"dt = {dt:g} ms",
            f"spikes: {solver.spike_time}",
            f"refractory: {solver.refractory}",
        )
        return f"estimated by natrium's fixed-step twin of these rules ({', '.join(facts)})"


def estimated(twin: Twin, model: Lowered, dt: float, truth: Reference) -> Distance | None:
    """Estimate by a twin; None where its own run fails."""
    try:
        found = twin.spikes(model, dt)
    except NatriumError:
        return None
    return distance_of(found, truth, twin.told(model, dt))
