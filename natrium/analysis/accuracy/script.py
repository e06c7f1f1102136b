"""A fixed-step script against the truth of its model."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import attrs
import numpy as np

from natrium.analysis.accuracy.matching import SpikePair, match_spikes
from natrium.analysis.accuracy.truth import Reference, reference
from natrium.analysis.result import Result
from natrium.model import Model, ModelError
from natrium.model.hybrid import BY_STATE
from natrium.model.scales import scales_of
from natrium.model.simulation import check_model
from natrium.solvers import FixedStep, Trajectory


@attrs.frozen(eq=False, repr=False)
class Comparison(Result):
    """A script, replayed, and its model, solved truly under both refractory rules.

    Attributes
    ----------
    model : Model
        As the script has it; ``model.neuron.refractory`` is the script's own rule.
    script : Trajectory
        The replay, labelled as the script labels it.
    references : dict
        ``"hold"`` and ``"clamp"``: the truth under each rule, with its error bars; ``"by state"`` alone where
        the model says of each state what it does, and the script's own alone where nothing is ever held.
    """

    model: Model
    script: Trajectory
    references: dict[str, Reference]

    @property
    def truths(self) -> dict[str, Trajectory]:
        """The true course under each rule."""
        return {rule: one.trajectory for rule, one in self.references.items()}

    @property
    def truth_error(self) -> float:
        """Largest error of a true spike time, ms; infinite where a spike is undecided."""
        return max(one.error for one in self.references.values())

    @property
    def reference(self) -> Reference:
        """The truth under the script's own refractory rule."""
        return self.references[self.own]

    @property
    def own(self) -> str:
        """The script's own refractory rule, as it is named in `references`."""
        rule = self.model.neuron.refractory
        return rule if isinstance(rule, str) else BY_STATE

    @property
    def other(self) -> str:
        """The rule that is not its own; empty where there is none to hold against it."""
        return next((rule for rule in self.references if rule != self.own), "")

    @property
    def dt(self) -> float:
        """The script's step, ms."""
        step = self.model.simulation.dt
        assert step is not None
        return step

    @property
    def truth(self) -> Trajectory:
        """The true course under the script's own refractory rule."""
        return self.reference.trajectory

    def late_edges(self) -> list[dict[str, float]]:
        """Give the parts of the input that go on later than they say, by the strict inequalities; ms."""
        found, labels = [], self.script.t
        for part in self.model.stimulus.parts:
            on = np.array([part(t, strict=True) != 0.0 for t in labels.tolist()])
            if part.start is not None and on.any() and not on[0]:
                first = float(labels[np.argmax(on)])
                if first - part.start > 0.5 * self.dt:
                    found.append({"start_ms": part.start, "on_at_ms": first, "late_ms": first - part.start})
        return found

    def facts(self) -> dict[str, Any]:
        """Give what is said of the run as a whole: levels in mV, counts of spikes, the refractory steps."""
        neuron, truth = self.model.neuron, self.truth
        times = np.linspace(truth.t_start, truth.t_end, SAMPLES)[:-1].tolist()
        largest = max(self.model.stimulus(t) for t in times)
        held, leak = held_steps(self.script), {}
        if neuron.of_channels:  # else what the input does to V is not said by numbers alone
            rest = neuron.v_rest
            leak = {"lifts_V_to_mV": rest + largest, "needed_input_mV": neuron.v_thresh - rest}
        return {
            "dt_ms": self.dt,
            "n_spikes_script": self.script.n_spikes,
            "n_spikes_true": truth.n_spikes,
            "truth_error_ms": self.truth_error,
            "V_peak_mV": float(truth.sample(FINE * scales_of(neuron).time)[1][0].max()),
            "v_thresh_mV": None if neuron.system.threshold_moves else neuron.v_thresh,
            "largest_input_mV": largest,
            **leak,
            "tau_ref_ms": neuron.tau_ref,
            "held_steps": held,
            "held_ms": held * self.dt,
            "late_edges": self.late_edges(),
            "label_ends_ms": (self.script.spike_times + self.dt).tolist(),
        }

    def pairs(self, rule: str | None = None) -> tuple[SpikePair, ...]:
        """Match the script's spikes with the true ones under a refractory rule."""
        truth = self.truths[rule or self.own]
        return match_spikes(self.script.spike_times, truth.spike_times)

    def table(self) -> list[dict[str, Any]]:
        """Give one row per spike: label, true times under both rules and the differences, ms."""
        rows: list[dict[str, Any]] = []
        own, other = self.own, self.other
        others = {pair.label: pair for pair in self.pairs(other)} if other else {}
        for number, pair in enumerate(self.pairs(own), start=1):
            beside = others.get(pair.label) if pair.label is not None else None
            rows.append(
                {
                    "spike": number,
                    "script_label_ms": pair.label,
                    f"true_{own}_ms": pair.truth,
                    f"difference_{own}_ms": pair.difference,
                }
            )
            if other:
                rows[-1] |= {
                    f"true_{other}_ms": beside.truth if beside else None,
                    f"difference_{other}_ms": beside.difference if beside else None,
                }
        return rows


SAMPLES, FINE = 2001, 0.1  # of the input; ms, or of the scale of time, between samples of V


def _steps_of(model: Model) -> tuple[float, float]:
    check_model(model)
    simulation = model.simulation
    if simulation.dt is None or simulation.t_end is None:
        raise ModelError("a script has a step and an end, got a model without dt or t_end: give both")
    return simulation.dt, simulation.t_end


def compare_script(model: Model) -> Comparison:
    """Replay a script and solve its model truly, under both refractory rules.

    A rule that says of each state what it does is kept as it is.

    Parameters
    ----------
    model : Model
        With the script's `dt` and `t_end` in its simulation.

    Raises
    ------
    ModelError
        When the model has no `dt` or no `t_end`.
    SolverError
        When a run cannot be carried through.
    """
    dt, t_end = _steps_of(model)
    t_start = model.simulation.t_start
    script = FixedStep(dt=dt).solve(model.neuron, model.stimulus, t_start=t_start, t_end=t_end)
    own = model.neuron.refractory
    references = {}
    for rule in rules_of(model):
        neuron = attrs.evolve(model.neuron, refractory=own if rule == BY_STATE else rule)
        references[rule] = reference(attrs.evolve(model, neuron=neuron))
    return Comparison(model, script, references)


@attrs.frozen
class LadderRow:
    """A script run with one step size.

    Attributes
    ----------
    dt : float
        ms.
    n_spikes : int
    differences : tuple of float
        Label less true time of each matched spike, ms.
    held_steps : int
        How many steps the counter holds V after the first spike (0 without a spike).
    """

    dt: float
    n_spikes: int
    differences: tuple[float, ...]
    held_steps: int

    @property
    def largest(self) -> float:
        """Largest absolute difference, ms (NaN without a spike)."""
        return max(map(abs, self.differences), default=float("nan"))


# Not nested: halving 0.1 again and again can show the same grid-locked error every time.
LADDER = (0.1, 0.07, 0.05, 0.03, 0.02, 0.013, 0.01, 0.007, 0.005, 0.003)


def dt_ladder(comparison: Comparison, steps: Sequence[float] = LADDER) -> Iterable[LadderRow]:
    """Run the script with other step sizes; give a row for each as it is done.

    Parameters
    ----------
    comparison : Comparison
    steps : sequence of float
        Step sizes, ms.

    Yields
    ------
    LadderRow
    """
    model, truth = comparison.model, comparison.truth
    for dt in steps:
        run = FixedStep(dt=dt).solve(model.neuron, model.stimulus, t_start=truth.t_start, t_end=truth.t_end)
        pairs = match_spikes(run.spike_times, truth.spike_times)
        differences = tuple(pair.difference for pair in pairs if pair.difference is not None)
        yield LadderRow(dt, run.n_spikes, differences, held_steps(run))


def rules_of(model: Model) -> tuple[str, ...]:
    """Give the refractory rules to hold against each other: its own alone where nothing is ever held."""
    neuron, own = model.neuron, model.neuron.refractory
    if not isinstance(own, str):
        return (BY_STATE,)
    return (own,) if neuron.system.passes and neuron.tau_ref == 0.0 else ("hold", "clamp")


def held_steps(script: Trajectory) -> int:
    """Count the steps that the refractory counter holds V after a script's first spike."""
    if not script.n_spikes:
        return 0
    fired = int(np.searchsorted(script.t, script.spike_times[0]))
    counter = script.extras["refractory_counter"][fired:]
    # The counter is read before each step: a step is held while the one before left it above zero.
    free = np.flatnonzero(counter <= 0.0)
    return int(free[0]) if free.size else counter.size - 1
