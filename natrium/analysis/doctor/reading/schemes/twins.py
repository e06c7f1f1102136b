"""A `FixedStep` that does what a script does, and through it the script's distance to the truth."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np

from natrium.analysis.accuracy.budget import Budget, error_budget
from natrium.analysis.accuracy.script import Comparison, compare_script
from natrium.analysis.doctor.reading.maps.maps import Maps
from natrium.analysis.doctor.reading.model.models import Meant
from natrium.analysis.doctor.reading.schemes.schemes import SchemeFound
from natrium.analysis.doctor.reading.schemes.ways import TABLEAUS
from natrium.analysis.doctor.twin import Twin
from natrium.model import Model, NatriumError, Samples, SolverError
from natrium.model.arrays import Array
from natrium.solvers import FixedStep
from natrium.solvers.fixed_step.schemes import SCHEMES

ALIKE = 1e-6  # mV: rounding grows along a run, another rule does more
FEWEST = 3  # steps between spikes: a step that is shorter than they are


def twin_of(model: Model, maps: Maps, meant: Meant, scheme: SchemeFound) -> Twin | None:
    """Find the solver of natrium's that makes a script's samples of a model; None where none does."""
    key = scheme.key
    if maps.record.solver:
        return None
    if len(maps.moving) == 1 and key == "euler":
        key = "sequential-euler"
    if key not in SCHEMES or (key == "sequential-euler" and not _in_order(maps, scheme)):
        return None
    V = maps.record.samples[1:, maps.record.states.index(maps.V)] * meant.units.mV
    best: Twin | None = None
    begin = model.simulation.t_start
    dt = maps.step * meant.units.ms
    reads = ("start", "stage") if key in TABLEAUS else ("start",)
    counts = ("counter", "steps") if model.neuron.tau_ref else ("counter",)
    for edges, refractory, at in product(("half-open", "strict"), counts, reads):
        rules: dict[str, Any] = {"edges": edges, "refractory": refractory, "read": at}
        script = FixedStep(dt=dt, scheme=key, label=meant.clock.of_spikes, **rules)
        try:
            run = script.solve(model.neuron, model.stimulus, t_start=begin, t_end=begin + (V.size - 0.5) * dt)
        except NatriumError:
            continue
        found = _apart(run.V, V)
        if found <= ALIKE and (best is None or found < best.difference):
            best = Twin(script=script, neuron=model.neuron, difference=found)
    return best


def _in_order(maps: Maps, scheme: SchemeFound) -> bool:
    """Tell whether the others come first, all with the old state, then V with all the new ones."""
    taken = set(scheme.new.get(maps.V, ()))
    return not any(scheme.new.get(name) for name in maps.moving[1:]) and (
        len(maps.moving) == 1 or bool(taken)
    )


def _apart(one: Array, other: Array) -> float:
    if one.size != other.size or not np.all(np.isfinite(other)):
        return float("inf")
    return float(np.max(np.abs(one - other), initial=0.0))


def compared(model: Model, spikes: Array) -> Comparison | None:
    """Hold the model that a script means against the truth; None where a budget cannot be walked to it."""
    if any(isinstance(one, Samples) for one in model.stimulus.parts):
        return None  # each sample is an edge, and each rule a walk through them all
    if not model.neuron.fires or not spikes.size:
        return None
    if model.neuron.refractory not in ("hold", "clamp"):
        return None
    dt = model.simulation.dt
    if dt and spikes.size > 2 and np.median(np.diff(spikes)) < FEWEST * dt:
        return None  # the step is all that holds it back: truly it fires without end
    try:
        return compare_script(model)
    except (SolverError, NatriumError):
        return None


def budget_of(comparison: Comparison, twin: Twin, spikes: Array) -> Budget | None:
    """Split the script's distance to the truth into its causes; None where it cannot be walked."""
    try:
        return error_budget(comparison, twin.script, spikes)
    except (SolverError, NatriumError):
        return None
