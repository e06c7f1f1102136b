"""The result of a diagnosis: findings, spikes, truths, budget; data, and no figure."""

from __future__ import annotations

from typing import Any, Literal

import attrs

from natrium.analysis.accuracy.budget import Budget
from natrium.analysis.accuracy.findings import advice
from natrium.analysis.accuracy.matching import SpikePair, match_spikes
from natrium.analysis.accuracy.script import Comparison
from natrium.analysis.doctor.reading.findings.found import OPEN_ENDS, Found, Judged
from natrium.analysis.doctor.twin import Twin
from natrium.model import Model
from natrium.model.arrays import Array
from natrium.solvers import Trajectory


def step_of(model: Model) -> float:
    """Give the script's step, ms."""
    step = model.simulation.dt
    assert step is not None  # compare_script has refused it
    return step


@attrs.frozen(eq=False, kw_only=True, repr=False)
class Diagnosis(Judged):
    """What a script was found to be, and how far its spikes are from the truth.

    Attributes
    ----------
    model : Model
        What the script claims to be.
    subject : str
        What was diagnosed, in words.
    findings : tuple of Found
        Faults first, then rules, then notes.
    spike_times : ndarray, shape (n_spikes,)
        Of the subject under the claimed stimulus, as labelled, ms.
    label : {"start", "end"}
        Whether a label stands for the start of the sample's step or for its end, to which it belongs.
    twin : Twin or None
        A `FixedStep` that does the same, where there is one.
    comparison : Comparison
        The truths under both refractory rules, beside the model's own script (with a smaller step where
        the script cannot be carried through at its own).
    budget : Budget or None
        The distance to the truth, cause by cause, where the script can be walked to the truth.
    samples : tuple of ndarray, shape (n_samples,), or None
        Labels (ms) and V (mV) of a recording.
    reproduced_until : float or None
        Label up to which a recording is explained, ms; None where all of it is.
    """

    model: Model
    subject: str
    findings: tuple[Found, ...]
    spike_times: Array
    label: Literal["start", "end"]
    twin: Twin | None
    comparison: Comparison
    budget: Budget | None
    samples: tuple[Array, Array] | None = None
    reproduced_until: float | None = None

    @property
    def truths(self) -> dict[str, Trajectory]:
        """The true courses under ``"hold"`` and ``"clamp"``."""
        return self.comparison.truths

    @property
    def dt(self) -> float:
        """The script's step, ms."""
        return step_of(self.model)

    def pairs(self, rule: str | None = None) -> tuple[SpikePair, ...]:
        """Match the subject's labels with the true spikes under a refractory rule."""
        truth = self.truths[rule or self.comparison.own]
        return match_spikes(self.spike_times, truth.spike_times)

    def table(self) -> list[dict[str, Any]]:
        """Give one row per spike: label, the time it belongs to, true times and differences, ms."""
        own, other = self.comparison.own, self.comparison.other
        late = self.dt if self.label == "start" else 0.0
        beside_it = self.pairs(other) if other else ()
        others = {one.label: one for one in beside_it if one.label is not None}
        rows = []
        for number, pair in enumerate(self.pairs(own), start=1):
            beside = others.get(pair.label) if pair.label is not None else None
            rows.append(
                {
                    "spike": number,
                    "label_ms": pair.label,
                    "belongs_to_ms": None if pair.label is None else pair.label + late,
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

    def summary(self) -> list[str]:
        """Give what to change, in at most five sentences."""
        faults = [one.said for one in self.faults]
        count = f"{len(faults)} fault{'s' * (len(faults) != 1)}" if faults else "No fault"
        open_ends = [one.said for one in self.findings if one.key in OPEN_ENDS]
        said = [f"{count} found in {self.subject}{', but not all of it is explained' if open_ends else ''}."]
        if self.budget is not None:
            said.append(advice(self.budget))
        return [*said, *open_ends, *faults[: 3 - len(open_ends)]]

    def data(self) -> dict[str, Any]:
        """Give everything as plain data, for JSON."""
        return {
            "subject": self.subject,
            "dt": self.dt,
            "findings": [one.data() for one in self.findings],
            "n_faults": len(self.faults),
            "reproduced_until": self.reproduced_until,
            "twin": None if self.twin is None else self.twin.data(),
            "spike_times": [float(time) for time in self.spike_times],
            "truths": {
                rule: [float(time) for time in truth.spike_times] for rule, truth in self.truths.items()
            },
            "truth_error_ms": float(self.comparison.truth_error),
            "spikes": self.table(),
            "budget": None if self.budget is None else self.budget.table(),
        }
