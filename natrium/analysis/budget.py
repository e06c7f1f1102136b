"""Why a script's spikes are where they are: its distance to the truth, cause by cause."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import attrs
import numpy as np

from natrium.analysis.comparison import Comparison
from natrium.solvers import FixedStep
from natrium.solvers.bernstein import Array

__all__ = ["CAUSES", "Budget", "error_budget"]

# The rules that lead from the script to its model, in the order in which they are switched. What is left
# after the last is the order of Euler's scheme itself.
CAUSES: dict[str, dict[str, Any]] = {
    "time label": {"label": "end"},
    "input edge": {"edges": "half-open", "read": "average"},
    "refractory count": {"refractory": "exact"},
    "threshold on the grid": {"spike_time": "cubic"},
    "sequential update": {"scheme": "euler"},
}
REST = "scheme order"


@attrs.frozen(eq=False)
class Budget:
    """How far each spike's label lies from its true time, and what each rule has to do with it.

    Attributes
    ----------
    causes : tuple of str
        In the order in which the rules were switched; the scheme's order last.
    parts : ndarray, shape (n_causes, n_spikes)
        What each switch moved, ms: the columns sum to `total`.
    alone : ndarray, shape (n_causes - 1, n_spikes)
        What each switch moves by itself, all other rules the script's, ms.
    total : ndarray, shape (n_spikes,)
        Label less true time under the script's own refractory rule, ms.
    other_rule : ndarray, shape (n_spikes,)
        True time under that rule less true time under the other one, ms: what holding the gates does.
    """

    causes: tuple[str, ...]
    parts: Array
    alone: Array
    total: Array
    other_rule: Array

    @property
    def interaction(self) -> Array:
        """What the switches do together beyond the sum of each alone, shape (n_spikes,), ms."""
        return np.asarray(self.parts[:-1].sum(axis=0) - self.alone.sum(axis=0))

    def table(self) -> list[dict[str, Any]]:
        """Give one row per cause, then the total: what it moves each spike by, ms."""
        named = [*zip(self.causes, self.parts, strict=True), ("total", self.total)]
        return [
            {"cause": cause}
            | {f"spike_{number}_ms": float(value) for number, value in enumerate(row, start=1)}
            for cause, row in named
        ]


def error_budget(comparison: Comparison) -> Budget | None:
    """Split a script's distance to the truth into its causes, one rule at a time.

    The rules are switched from the script's to the truth's in a fixed order, each kept as the next is
    switched, so that the parts sum to the whole; what they do in another order differs by the
    interaction.

    Parameters
    ----------
    comparison : Comparison

    Returns
    -------
    Budget or None
        None where the script has no spike, or other spikes than its model, or where switching a rule
        loses one, so that a spike-by-spike account has no meaning. A rule may add spikes at the end.
    """
    model, truth = comparison.model, comparison.truth
    script = FixedStep(dt=comparison.dt)

    def spikes(rules: dict[str, Any]) -> Array:
        solver = attrs.evolve(script, **rules)
        run = solver.solve(model.neuron, model.stimulus, t_start=truth.t_start, t_end=truth.t_end)
        return run.spike_times

    switched: dict[str, Any] = {}
    walk, alone = [comparison.script.spike_times], []
    for rules in CAUSES.values():
        switched |= rules
        walk.append(spikes(switched))
        alone.append(spikes(rules))
    walk.append(truth.spike_times)
    other = {"hold": "clamp", "clamp": "hold"}[model.neuron.refractory]
    n = truth.n_spikes
    trains = [*walk, *alone, comparison.truths[other].spike_times]
    if not n or walk[0].size != n or min(train.size for train in trains) < n:
        return None
    walk, alone = [train[:n] for train in walk], [train[:n] for train in alone]
    return Budget(
        causes=(*CAUSES, REST),
        parts=np.array([before - after for before, after in pairwise(walk)]),
        alone=np.array([walk[0] - train for train in alone]),
        total=walk[0] - walk[-1],
        other_rule=truth.spike_times - comparison.truths[other].spike_times[:n],
    )
