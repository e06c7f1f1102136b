"""What a traced script is: its model, scheme and rules, its faults by line, its distance from the truth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import attrs
import numpy as np

from natrium.analysis.accuracy.budget import Budget
from natrium.analysis.accuracy.matching import SpikePair, match_spikes
from natrium.analysis.accuracy.script import Comparison
from natrium.analysis.accuracy.truth import Reference, reference
from natrium.analysis.doctor.reading.claimed import held_against
from natrium.analysis.doctor.reading.claims.states import moves_at_spikes
from natrium.analysis.doctor.reading.faults.checks import checks, stale
from natrium.analysis.doctor.reading.faults.contradictions import contradictions, resets_above
from natrium.analysis.doctor.reading.faults.costs import rules_of
from natrium.analysis.doctor.reading.faults.cut import as_floats, cut_off, kept_whole
from natrium.analysis.doctor.reading.faults.per_step import told_per_step
from natrium.analysis.doctor.reading.faults.published import published
from natrium.analysis.doctor.reading.faults.stage_times import stage_times
from natrium.analysis.doctor.reading.faults.stages import stage_faults
from natrium.analysis.doctor.reading.findings.case import Case
from natrium.analysis.doctor.reading.findings.found import (
    CAUSES,
    Found,
    Judged,
    sorted_findings,
    without_consequences,
)
from natrium.analysis.doctor.reading.findings.mending import with_effects
from natrium.analysis.doctor.reading.maps.maps import Maps
from natrium.analysis.doctor.reading.maps.pace import by_the_clock, one_clock, steady
from natrium.analysis.doctor.reading.maps.solved import as_straight, makes_again, solver_of
from natrium.analysis.doctor.reading.model.equations import equations_of, equations_text
from natrium.analysis.doctor.reading.model.fired import crossed, labelled
from natrium.analysis.doctor.reading.model.models import Meant, meant_by
from natrium.analysis.doctor.reading.model.rules import as_data
from natrium.analysis.doctor.reading.schemes.schemes import (
    SchemeFound,
    called_in_steps,
    in_whole_steps,
    prove,
)
from natrium.analysis.doctor.reading.schemes.twins import budget_of, compared, twin_of
from natrium.analysis.doctor.reading.steps.carried import carried_over, without_carried
from natrium.analysis.doctor.reading.steps.per_step import as_held, inputs_per_step
from natrium.analysis.doctor.reading.steps.prepare import lagged, prepared, without_lags
from natrium.analysis.doctor.reading.steps.replay import Replay, replayed, solved_again
from natrium.analysis.doctor.reading.steps.sorting import sort
from natrium.analysis.doctor.reading.steps.walk import without_rules
from natrium.analysis.doctor.trace.record import Node, Record
from natrium.analysis.doctor.twin import Twin
from natrium.model import Model, SolverError, UnsupportedModel
from natrium.model.arrays import Array
from natrium.model.files.writing import to_dict

# What is wrong with how a state is stepped; and what else tells enough of its equation.
STEPPED = ("dt-twice", "dt-missing", "dt-divides", "not-carried-on")
STAGES = ("stage-step", "stale-stage", "stage-differs")
RUNS_OFF = ("decay-sign", "cubic-sign")  # a model is solved to no end then
KNOWN = (
    *STEPPED,
    "refractory-length",
    "refractory-unused",
    "refractory-endless",
    "stage-weights",
    "integer-division",
    "rounded-state",
    "whole-state",
    "input-late",
    "stage-time",
)


@attrs.frozen(eq=False, kw_only=True, repr=False)
class Reading(Judged):
    """What a traced script was found to be.

    Attributes
    ----------
    subject : str
        What was read, in words.
    record : Record
    maps : Maps
    equations : mapping of str to Node
        By state: its time derivative, over the script's names.
    scheme : SchemeFound
    meant : Meant
        The model that the script means.
    replay : Replay
    findings : tuple of Found
    truth : Reference or None
        The model solved truly, where there is one that can be.
    no_truth : str
        Why there is none.
    spike_times : ndarray, shape (n_spikes,)
        As the script labels them, ms.
    claim : Model or None
        What the script claims to be.
    twin : Twin or None
        A solver of natrium's that does what the script does.
    comparison : Comparison or None
        The truths of the claim, or of the model that the script means where it is not the claim, beside the
        own script of either; where there is a twin.
    budget : Budget or None
        The distance to the truth, cause by cause, where the script can be walked to the truth.
    uneven : bool
        Whether spikes without a partner come of the script's rules: without them its own map fires as its
        model does.
    """

    subject: str
    record: Record
    maps: Maps
    equations: Mapping[str, Node]
    scheme: SchemeFound
    meant: Meant
    replay: Replay
    findings: tuple[Found, ...]
    truth: Reference | None
    no_truth: str
    spike_times: Array
    claim: Model | None = None
    twin: Twin | None = None
    comparison: Comparison | None = None
    budget: Budget | None = None
    uneven: bool = False

    @property
    def model(self) -> Model | None:
        """The model that the script means."""
        return self.meant.model

    @property
    def label(self) -> Literal["start", "end"]:
        """Whether a label stands for the start of the sample's step or for its end, to which it belongs."""
        return "start" if self.meant.clock.label == "start" else "end"

    @property
    def reproduced_until(self) -> float | None:
        """Until when the maps give every sample again, ms; None: to the end."""
        if self.replay.off < 0:
            return None
        return float(self.meant.clock.starts[self.replay.off]) * self.meant.units.ms

    @property
    def pairs(self) -> tuple[SpikePair, ...]:
        """The script's spikes and the true ones, matched."""
        truth = self.truth.spike_times if self.truth is not None else np.empty(0)
        return match_spikes(self.spike_times, truth)

    def table(self) -> list[dict[str, Any]]:
        """Give one row per spike: label, true time and difference, ms."""
        if self.truth is None:
            return [{"spike": at, "label_ms": one} for at, one in enumerate(self.spike_times.tolist(), 1)]
        return [
            {"spike": at, "label_ms": one.label, "true_ms": one.truth, "difference_ms": one.difference}
            for at, one in enumerate(self.pairs, start=1)
        ]

    def summary(self) -> list[str]:
        """Give what was found, in a few sentences."""
        n = len(self.faults)
        until = self.reproduced_until
        if until is not None:
            first = (
                f"The maps that were read reproduce {self.subject} until {until:g} ms only "
                f"({self.replay.why}): "
                "what comes after is not explained."
            )
        else:
            which = "every sample that was read" if self.record.is_cut else "every sample"
            first = f"The maps that were read reproduce {which} of {self.subject}, bit for bit."
        count = f"{n} fault{'s' * (n != 1)} found." if n else "No fault found."
        if not n and not self.is_explained:
            count = f"No fault was found, but not all of {self.subject} is explained: {self.unexplained}."
        lacking = [f"There is no true run to hold it against: {self.no_truth}."] if self.no_truth else []
        return [first, count, *lacking, *[one.said for one in self.faults[:3]]]

    @property
    def unexplained(self) -> str:
        """What is not explained, in words; empty where every sample is, and every spike has its partner."""
        if self.replay.off >= 0:
            return "its samples are not all made again"
        if self.scheme.key == "other":
            return "its free step is of no scheme that is known"
        if self.truth is None or self.uneven:
            return ""
        alone = [sum(getattr(one, side) is None for one in self.pairs) for side in ("truth", "label")]
        return f"{alone[0]} of its spikes and {alone[1]} of its model's have no partner" if any(alone) else ""

    @property
    def is_explained(self) -> bool:
        """Whether every sample is reproduced, and every spike has its partner or it is known why not."""
        return not self.unexplained

    def data(self) -> dict[str, Any]:
        """Give everything as plain data, for JSON."""
        ms = self.meant.units.ms
        return {
            "subject": self.subject,
            "dt": self.maps.step * ms,
            "model": None if self.model is None else to_dict(self.model),
            "no_model": self.meant.why_not or None,
            "equations": equations_text(self.maps, self.equations),
            "latex": equations_text(self.maps, self.equations, latex=True),
            "parts": sorted({one.kind for one in self.meant.recognised.parts}),
            "units": {"ms": ms, "mV": self.meant.units.mV, "evidence": self.meant.units.evidence},
            "scheme": self.scheme.words,
            "scheme_key": self.scheme.key,
            "rules": as_data(self.maps, self.meant.clock, self.meant.refractory, ms),
            "findings": [one.data() for one in self.findings],
            "n_faults": len(self.faults),
            "reproduced_until": self.reproduced_until,
            "spikes": {
                "script": self.spike_times.tolist(),
                "truth": [] if self.truth is None else self.truth.spike_times.tolist(),
                "matched": [[one.label, one.truth] for one in self.pairs if one.label and one.truth],
            },
            "truth_error_ms": None if self.truth is None else self.truth.error,
            "no_truth": self.no_truth or None,
            "spike_times": self.spike_times.tolist(),
            "twin": None if self.twin is None else self.twin.data(),
            "budget": None if self.budget is None else self.budget.table(),
            "explained": self.is_explained,
            "fallback": None,
        }


def read(
    record: Record, name: str = "the script", claim: Model | None = None, *, solve: bool = True,
    comparison: Comparison | None = None, trial: bool = False,
) -> Reading:  # fmt: skip
    """Read a traced run.

    Parameters
    ----------
    record : Record
    name : str
        What to call it.
    claim : Model, optional
        What it claims to be.
    solve : bool
        Whether to solve the model truly.
    comparison : Comparison, optional
        Of the claim, where it was made before.
    trial : bool
        Whether it is enough to tell that something is wrong, of a step that is no scheme's.

    Raises
    ------
    UnsupportedModel
        When the record is none, or no step of it moves a voltage.
    """
    if record.fallback:
        raise UnsupportedModel(f"a script must be traced to be read: {record.fallback}")
    with np.errstate(all="ignore"):  # a run that goes off its rails overflows whatever is made of it
        record = prepared(record, claim)
        lags = lagged(record)
        stepper = "" if record.solver else solver_of(record)
        straight = as_straight(record) if stepper else record
        cut = cut_off(straight)
        straight = without_lags(as_floats(straight, cut), lags)
        added = inputs_per_step(straight)
        straight = as_held(straight, added)
        straight = without_carried(straight, carried_over(straight))
        maps = sort(one_clock(by_the_clock(steady(straight))))
        equations = equations_of(maps)
        scheme = called_in_steps(stepper) if stepper else prove(maps, equations)
        if (whole := in_whole_steps(maps, scheme)) is not maps:
            maps, equations = whole, equations_of(whole)
        meant = meant_by(maps, equations, claim)
        replay = _replay(record, maps.V, stepper)
        case = Case(maps, equations, meant, scheme)
        found = [
            *stale(record, lags),
            *kept_whole(record, cut),
            *told_per_step(record, added),
            *checks(case),
            *rules_of(case, scheme),
        ]
        is_wrong = trial and scheme.key == "other"
        if not is_wrong and not any(one.kind == "fault" and one.key in STEPPED for one in found):
            found += [*stage_faults(case), *stage_times(case)]
        if claim is None:
            found += [*published(case), *contradictions(case)]
        elif not is_wrong and not any(one.key in CAUSES for one in found):
            known = frozenset(one.about for one in found if one.kind == "fault" and one.key in KNOWN)
            held = held_against(case, claim, known)
            if any(one.about for one in held):
                # A stage is told by the script's own equations: where these are wrong, so is what is said.
                found = [one for one in found if one.key not in STAGES]
            found += held
        if not stepper:
            found = with_effects(found, record, maps, meant, equations, scheme.key)
    why = "" if solve else "it was not asked for"
    if claim is None and any(one.kind == "fault" and one.key in RUNS_OFF for one in found):
        solve, why = False, "a state of it grows without end"
    truth = comparison.reference if comparison is not None else None
    if truth is None and solve:
        truth, why = _solved(claim or meant.model, meant)
    if replay.off >= 0:
        found.append(_unexplained(replay, meant))
    level = meant.counted
    if claim is not None and claim.neuron.fires and not moves_at_spikes(claim) and not record.restarts:
        level = claim.neuron.v_thresh if maps.threshold is None else None
    spikes = labelled(maps, meant) if level is None else crossed(maps, meant, level)
    uneven = _unevenness(case, spikes, truth, found)
    if uneven is not None:
        found.append(uneven)
    findings = sorted_findings(without_consequences(found, resets_above(case)))
    own = claim is not None and not any(one.kind == "fault" for one in findings)
    models = [claim, meant.model] if own else [meant.model]
    twins = ((model, twin_of(model, maps, meant, scheme)) for model in models if solve and model is not None)
    model, twin = next((pair for pair in twins if pair[1] is not None), (None, None))
    if comparison is None or model is not claim:
        comparison = compared(model, spikes) if model is not None else None
    walked = budget_of(comparison, twin, spikes) if comparison is not None and twin is not None else None
    return Reading(
        subject=name,
        record=maps.record,
        maps=maps,
        equations=equations,
        scheme=scheme,
        meant=meant,
        replay=replay,
        findings=findings,
        truth=truth,
        no_truth=why,
        spike_times=spikes,
        claim=claim,
        twin=twin,
        comparison=comparison,
        budget=walked,
        uneven=uneven is not None,
    )


def _replay(record: Record, V: str, stepper: str) -> Replay:
    """Make a run again: from its maps, or by SciPy's solver once more, over all or in each step."""
    if record.solver:
        return solved_again(record, V)
    if stepper:
        off, why = makes_again(record)
        return Replay(record.samples, record.order, off, why)
    return replayed(record)


def _solved(model: Model | None, meant: Meant) -> tuple[Reference | None, str]:
    if model is None:
        return None, meant.why_not
    try:
        return reference(model), ""
    except SolverError as error:
        return None, str(error)


def _unevenness(
    case: Case, spikes: Array, truth: Reference | None, found: Sequence[Found]
) -> Found | None:  # fmt: skip
    """Tell of spikes without a partner that come of the script's rules: without them there are none."""
    maps, meant = case.maps, case.meant
    if truth is None or spikes.size == truth.spike_times.size or spikes.size != maps.spikes.size:
        return None
    late = any(one.key == "input-on-late" for one in found)
    walked = without_rules(maps, meant, case.equations, late)
    if walked is None or walked.size != truth.spike_times.size:
        return None
    times = (float(meant.clock.starts[0]) + walked) * meant.units.ms
    if np.any(np.abs(times - truth.spike_times) > 0.5 * maps.step * meant.units.ms):
        return None
    return Found(
        "spikes-uneven", "note",
        f"The script fires {spikes.size} times and its model {walked.size} times: that comes of its step and "
        "its rules, without which its own map fires as its model does.",
    )  # fmt: skip


def _unexplained(replay: Replay, meant: Meant) -> Found:
    at = float(meant.clock.starts[replay.off]) * meant.units.ms
    return Found(
        "not-reproduced",
        "note",
        f"From {at:g} ms on the maps that were read do not give the script's samples again: {replay.why}.",
        evidence=f"step {replay.off}",
    )
