"""Why a script's spikes are where they are: its distance to the truth, cause by cause."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from natrium.analysis.accuracy.matching import match_spikes, partners_of
from natrium.analysis.accuracy.script import Comparison
from natrium.analysis.result import Result
from natrium.model.arrays import Array
from natrium.model.checks import check_kind
from natrium.model.scales import scales_of
from natrium.solvers import FixedStep

# The rules that lead from the script to its model, in the order in which they are switched. What is left
# after the last is the order of Euler's scheme itself.
CAUSES: dict[str, dict[str, Any]] = {
    "time label": {"label": "end"},
    "input edge": {"edges": "half-open"},
    "input within a step": {"read": "split"},  # edges off the grid, samples, a curve's change
    "refractory count": {"refractory": "exact"},
    "threshold on the grid": {"spike_time": "cubic"},
    "sequential update": {"scheme": "euler"},
}
REST = "scheme order"
FAULTS = "faults"  # of a foreign script: what its own spikes differ by from a sound one's of the same rules
HELD = "gates held instead of moving"
SAME = 1e-9  # ms, or of the scale of time: below this a foreign script's spikes are its twin's
ROUNDING = 1e-6  # of a step: what a clock that adds up its steps may be off by


@attrs.frozen(eq=False, repr=False)
class Budget(Result):
    """How far each spike's label lies from its true time, and what each rule has to do with it.

    Attributes
    ----------
    causes : tuple of str
        In the order in which the rules were switched: faults first, if there are any, the scheme's order
        last.
    parts : ndarray, shape (n_causes, n_spikes)
        What each switch moved, ms: the columns sum to `total`.
    alone : ndarray, shape (n_rules, n_spikes)
        What each rule (all causes but the faults and the order) moves by itself, ms.
    total : ndarray, shape (n_spikes,)
        Label less true time under the script's own refractory rule, ms.
    other : {"hold", "clamp", ""}
        The refractory rule that is not the script's; empty where there is none.
    other_rule : ndarray, shape (n_spikes,)
        True time under the script's rule less true time under the other one, ms: what holding the gates
        does.
    numbers : ndarray of int, shape (n_spikes,)
        Which of the comparison's pairs of spikes these are, from 1 on.
    left_out : int
        Spikes of the script or of its model without a partner in each other or in a step between the two.
    """

    causes: tuple[str, ...]
    parts: Array
    alone: Array
    total: Array
    other: str
    other_rule: Array
    numbers: npt.NDArray[np.int_]
    left_out: int = 0

    @property
    def interaction(self) -> Array:
        """What the switches do together beyond the sum of each alone, shape (n_spikes,), ms."""
        rules = [part for cause, part in zip(self.causes, self.parts, strict=True) if cause in CAUSES]
        return np.asarray(np.sum(rules, axis=0) - self.alone.sum(axis=0))

    def table(self) -> list[dict[str, Any]]:
        """Give one row per cause, then the totals: what it moves each spike by, ms."""
        held = HELD if self.other == "clamp" else "gates moving instead of held"
        named = [*zip(self.causes, self.parts, strict=True), ("total", self.total)]
        if self.other:
            named += [
                (held, self.other_rule),
                (f"total against {self.other}", self.total + self.other_rule),
            ]
        numbers = self.numbers.tolist()
        return [
            {"cause": cause}
            | {f"spike_{number}_ms": value for number, value in zip(numbers, row.tolist(), strict=True)}
            for cause, row in named
        ]

    def by_spike(self) -> list[dict[str, Any]]:
        """Give the same with one row per spike: what each cause moves it by, and the totals, ms."""
        rows = self.table()
        return [
            {"spike": number} | {f"{row['cause']}_ms": row[f"spike_{number}_ms"] for row in rows}
            for number in self.numbers.tolist()
        ]


def error_budget(
    comparison: Comparison, script: FixedStep | None = None, spikes: npt.ArrayLike | None = None
) -> Budget | None:
    """Split a script's distance to the truth into its causes, one rule at a time.

    The rules are switched from the script's to the truth's in a fixed order, each kept as the next is
    switched, so that the parts sum to the whole; what they do in another order differs by the
    interaction.

    Parameters
    ----------
    comparison : Comparison
    script : FixedStep, optional
        The script's rules; by default the notebook's.
    spikes : array_like, shape (n_spikes,), optional
        The script's own labels of its spikes, ms, where it is not a sound script of these rules.

    Returns
    -------
    Budget or None
        Over the spikes that the script, its model and all steps between the two have in common, matched by
        time; None where there is none.
    """
    check_kind("comparison", comparison, Comparison)
    model, truth = comparison.model, comparison.truth
    script = script or FixedStep(dt=comparison.dt)

    def train(rules: dict[str, Any]) -> Array:
        solver = attrs.evolve(script, **rules)
        run = solver.solve(model.neuron, model.stimulus, t_start=truth.t_start, t_end=truth.t_end)
        return run.spike_times

    causes = dict(CAUSES)
    if script.scheme != "sequential-euler":
        del causes["sequential update"]
    walk = [train({})]
    names = [*causes, REST]
    near = max(SAME * scales_of(model.neuron).time, ROUNDING * script.dt)
    if spikes is not None and not _same(np.asarray(spikes, dtype=float), walk[0], near):
        walk.insert(0, np.asarray(spikes, dtype=float))
        names.insert(0, FAULTS)
    alone, switched = [], dict[str, Any]()
    for rules in causes.values():
        switched |= rules
        walk.append(train(switched))
        alone.append(train(rules))
    own = walk[0]
    walk.append(truth.spike_times)
    other = comparison.truths[comparison.other or comparison.own]
    walk, (*alone, beside), kept = _in_common(walk, [*alone, other.spike_times], truth.spike_times)
    if not kept.any():
        return None
    pairs = match_spikes(own, truth.spike_times)
    numbers = [number for number, pair in enumerate(pairs, start=1) if pair.truth in set(walk[-1].tolist())]
    start = walk[names.index(next(iter(causes)))]  # the sound script
    return Budget(
        causes=tuple(names),
        parts=np.array([before - after for before, after in pairwise(walk)]),
        alone=np.array([start - each for each in alone]),
        total=walk[0] - walk[-1],
        other=comparison.other,
        other_rule=walk[-1] - beside,
        numbers=np.array(numbers),
        left_out=len(pairs) - len(numbers),
    )


def _in_common(
    walk: list[Array], beside: list[Array], truth: Array
) -> tuple[list[Array], list[Array], npt.NDArray[np.bool_]]:
    """Keep, of each train, the partners of those true spikes that have one in every train."""
    partners = [partners_of(train, truth) for train in (*walk, *beside)]
    kept = np.all(np.isfinite(partners), axis=0)
    found = [each[kept] for each in partners]
    return found[: len(walk)], found[len(walk) :], np.asarray(kept)


def _same(one: Array, other: Array, within: float) -> bool:
    return one.size == other.size and bool(np.all(np.abs(one - other) <= within))
