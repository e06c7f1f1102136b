"""The main job's data: the notebook's scripts replayed, solved truly and compared."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import attrs

from natrium.analysis.accuracy.budget import Budget, error_budget
from natrium.analysis.accuracy.findings import findings, summary
from natrium.analysis.accuracy.script import LADDER, Comparison, LadderRow, compare_script, dt_ladder
from natrium.analysis.result import Result
from natrium.model import notebook
from natrium.model.checks import as_numbers


@attrs.frozen(eq=False, repr=False)
class Reproduction(Result):
    """One script of the notebook, compared.

    Attributes
    ----------
    name : str
        ``"lif"``, ``"lif_na"`` or ``"lif_na2"``.
    title : str
        The script's own title.
    comparison : Comparison
    ladder : tuple of LadderRow
        The script at other step sizes; empty where it never spikes.
    budget : Budget or None
        The distance cause by cause; None where it never spikes.
    """

    name: str
    title: str
    comparison: Comparison
    ladder: tuple[LadderRow, ...]
    budget: Budget | None

    def table(self) -> list[dict[str, Any]]:
        """Give one row per spike of the script and its model."""
        return self.comparison.table()

    def sentences(self) -> list[str]:
        """Give what was found, in plain words."""
        return findings(self.comparison, self.ladder, self.budget)

    def summary(self) -> list[str]:
        """Give what was found and what to change, in at most five sentences."""
        return summary(self.comparison, self.budget)

    def data(self) -> dict[str, Any]:
        """Give everything as plain data."""
        script, truths = self.comparison.script, self.comparison.truths
        return {
            "title": self.title,
            "dt_ms": self.comparison.dt,
            "facts": self.comparison.facts(),
            "script_spikes_ms": script.spike_times.tolist(),
            "true_spikes_ms": {rule: truth.spike_times.tolist() for rule, truth in truths.items()},
            "truth_error_ms": self.comparison.truth_error,
            "spikes": self.comparison.table(),
            "ladder": [
                {
                    "dt_ms": row.dt,
                    "n_spikes": row.n_spikes,
                    "held_steps": row.held_steps,
                    "differences_ms": list(row.differences),
                }
                for row in self.ladder
            ],
            "budget": self.budget.table() if self.budget else [],
            "summary": self.summary(),
            "findings": self.sentences(),
        }


def reproduce(
    steps: Sequence[float] = LADDER, progress: Callable[[str], None] | None = None
) -> tuple[Reproduction, ...]:
    """Replay the notebook's three scripts, solve their models truly, and compare.

    Parameters
    ----------
    steps : sequence of float
        Step sizes of the ladder, ms.
    progress : callable, optional
        Told what is being done, once before each part.
    """
    steps = as_numbers("steps", steps).ravel().tolist()
    tell = progress or (lambda message: None)
    done = []
    for name, make in notebook.SCRIPTS.items():
        tell(f"{name}: replaying the script and solving its model")
        comparison = compare_script(make())
        ladder: list[LadderRow] = []
        for dt in steps if comparison.script.n_spikes else ():
            tell(f"{name}: the script with dt = {dt:g} ms")
            ladder += dt_ladder(comparison, (dt,))
        tell(f"{name}: the error, cause by cause")
        budget = error_budget(comparison)
        done.append(Reproduction(name, notebook.TITLES[name], comparison, tuple(ladder), budget))
    return tuple(done)
