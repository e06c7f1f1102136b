"""The doctor: what a script really does, and why its spikes are where they are."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Literal

import attrs
import numpy as np

from natrium.analysis.accuracy.budget import Budget, error_budget
from natrium.analysis.accuracy.matching import match_spikes
from natrium.analysis.accuracy.script import Comparison, compare_script
from natrium.analysis.doctor.diagnosis import Diagnosis, step_of
from natrium.analysis.doctor.hypotheses.anatomy import Anatomy, identify
from natrium.analysis.doctor.hypotheses.recording import read_recording
from natrium.analysis.doctor.probes.prober import Prober
from natrium.analysis.doctor.probes.subject import Recording, as_subject, check_readable
from natrium.analysis.doctor.twin import Twin, twin_of
from natrium.analysis.doctor.words.anatomy import anatomy_findings
from natrium.analysis.doctor.words.finding import Finding
from natrium.analysis.doctor.words.firing import threshold_bracket
from natrium.analysis.doctor.words.fixed_step import known_findings
from natrium.analysis.doctor.words.labels import edge_findings, label_findings, undecided
from natrium.model import Model, ModelError, SolverError, StepLimit
from natrium.model.arrays import Array
from natrium.model.simulation import check_model
from natrium.solvers import FixedStep

# One distance is much smaller than another below this part of it.
MUCH_SMALLER = 0.1
# Rounding leaves less than this between two runs of one scheme, mV.
SAME = 1e-7


def diagnose(
    subject: Any,
    model: Model,
    *,
    name: str | None = None,
    comparison: Comparison | None = None,
) -> Diagnosis:
    """Find out what a script does and say why its spike times differ from the truth.

    Parameters
    ----------
    subject : None, FixedStep, object, class, callable or pair of arrays
        None: the model's own script. A `FixedStep`: that one. Anything with ``update(dt, current)``
        returning V: it is probed. Two arrays, labels (ms) and V (mV), or a function that gives them: read.
    model : Model
        What the script claims to be, with `dt` and `t_end` in its simulation.
    name : str, optional
        What to call the subject.
    comparison : Comparison, optional
        Of this model, where `compare_script` was run before: it takes longer than most probings.

    Raises
    ------
    ModelError
        When the model has no dt, t_end or threshold, or the subject is none.
    UnsupportedModel
        When a subject is to be probed against equations of one's own.
    SolverError
        When the subject gives no numbers, or others each time.
    StepLimit
        When the budget of the probing is used up.
    """
    check_model(model)
    if not model.neuron.fires:
        raise ModelError("a diagnosis is about spikes, got a model without a threshold; give v_thresh")
    comparison = comparison or _compared(model)
    if subject is None or isinstance(subject, FixedStep):
        return _of_rules(subject, model, comparison, name)
    check_readable(model.neuron)
    instance = not isinstance(subject, type) and callable(getattr(subject, "update", None))
    made = as_subject(subject, model)
    if isinstance(made, Recording):
        return _of_recording(made, model, comparison, name)
    maker = subject if callable(subject) and not instance else None
    prober = Prober(made, (lambda: as_subject(maker, model)) if maker else None)
    return _of_object(prober, model, comparison, name, used=instance)


def _compared(model: Model) -> Comparison:
    """Compare, with a smaller step where the script runs away at its own: the truth knows no step."""
    finer = model
    while True:
        try:
            return compare_script(finer)
        except SolverError as error:
            dt = finer.simulation.dt
            if isinstance(error, StepLimit) or dt is None or dt < 1e-3:
                raise
            finer = attrs.evolve(model, simulation=attrs.evolve(model.simulation, dt=0.25 * dt))


def _sorted(found: Sequence[Finding]) -> tuple[Finding, ...]:
    order = ("fault", "rule", "note")
    return tuple(sorted(found, key=lambda one: order.index(one.kind)))


def _budget(
    comparison: Comparison, script: FixedStep | None, spikes: Array, label: Literal["start", "end"], dt: float
) -> Budget | None:
    """Split the distance to the truth into its causes; without a twin, from a sound script of its labels."""
    sound = script or FixedStep(dt=dt, label=label, edges="half-open")
    try:
        return error_budget(comparison, sound, spikes)
    except SolverError:  # a sound script of this step blows up: nothing to walk along
        return None


def _of_rules(script: FixedStep | None, model: Model, comparison: Comparison, name: str | None) -> Diagnosis:
    """Diagnose a script whose rules are known."""
    script = script or FixedStep(dt=step_of(model))
    truth = comparison.truth
    try:
        run = script.solve(model.neuron, model.stimulus, t_start=truth.t_start, t_end=truth.t_end)
    except StepLimit:
        raise
    except SolverError as error:
        return _broken_off(script, model, comparison, name, str(error))
    found = known_findings(script, run, model)
    found += _cancelling(run.spike_times, script.label, script.dt, comparison)
    return Diagnosis(
        model=model,
        subject=name or "the model's own script",
        findings=_sorted(found),
        spike_times=run.spike_times,
        label=script.label,
        twin=Twin(script=script, neuron=model.neuron, difference=0.0),
        comparison=comparison,
        budget=_budget(comparison, script, run.spike_times, script.label, script.dt),
    )


def _broken_off(
    script: FixedStep, model: Model, comparison: Comparison, name: str | None, why: str
) -> Diagnosis:
    said = f"At dt = {script.dt:g} ms the run breaks off: {why}."
    return Diagnosis(
        model=model,
        subject=name or "the model's own script",
        findings=(Finding("no-number", "fault", said, "the claimed stimulus"),),
        spike_times=np.empty(0),
        label=script.label,
        twin=None,
        comparison=comparison,
        budget=None,
    )


def _cancelling(spikes: Array, label: str, dt: float, comparison: Comparison) -> list[Finding]:
    """Note the spikes that lie near the truth of the other refractory rule, by chance."""
    own, other = comparison.own, comparison.other
    if not other:
        return []
    near = {one.label: one.truth for one in match_spikes(spikes, comparison.truths[other].spike_times)}
    found = []
    for number, pair in enumerate(match_spikes(spikes, comparison.truths[own].spike_times), start=1):
        if pair.label is None or pair.truth is None or near.get(pair.label) is None:
            continue
        beside = near[pair.label]
        assert beside is not None
        belongs = pair.label + (dt if label == "start" else 0.0)
        if (
            abs(belongs - beside) < MUCH_SMALLER * abs(pair.label - pair.truth)
            and abs(beside - pair.truth) > dt
        ):
            labelled = f"labelled {pair.label:.10g}" + (
                f", belongs to {belongs:.10g}" if label == "start" else ""
            )
            text = (
                f"Spike {number}, {labelled} and is true at {pair.truth:.3f} ms ({own}) or {beside:.3f} ms "
                f"({other}): that it lies only {abs(belongs - beside):.3f} ms from the truth of the other "
                "model is chance, two errors that nearly cancel."
            )
            evidence = (
                f"{pair.label - pair.truth:+.3f} ms from its own truth, "
                f"{belongs - beside:+.3f} ms from the other"
            )
            found.append(Finding("errors-cancel", "note", text, evidence))
    return found


# An object with update ---------------------------------------------------------------------------------


def _of_object(
    prober: Prober, model: Model, comparison: Comparison, name: str | None, *, used: bool
) -> Diagnosis:
    dt = step_of(model)
    anatomy = identify(prober, model, dt)
    found = anatomy_findings(anatomy, model, dt, used=used)
    t_start, t_end = comparison.truth.t_start, comparison.truth.t_end
    starts = np.arange(t_start, t_end, dt)
    prober.lead = prober.lag = 0
    run = prober.run([model.stimulus(t + 1e-9 * dt) for t in starts.tolist()], dt)
    if run.ended:
        found.append(
            Finding(
                "no-number",
                # Where a fault was found, it is what the run breaks off by.
                "note" if any(one.kind == "fault" for one in found) else "fault",
                f"Under the claimed stimulus the run breaks off: {run.ended}.",
                "the claimed stimulus, read at each step's start",
            )
        )
    found += [
        Finding("oddity", "note", f"Under designed inputs: {one}.", "")
        for one in prober.oddities[:3]
        if one != run.ended
    ]
    spikes = _spike_times(run.V, anatomy, starts + dt, dt)
    found.append(
        Finding(
            "no-clock",
            "note",
            "An object has no clock: labels and input edges are the loop's that drives it. Here samples are "
            "labelled with the end of their step and the input is read as start <= t < stop.",
        )
    )
    found += _cancelling(spikes, "end", dt, comparison)
    twin = twin_of(anatomy, model, dt, run.V)
    found += _twin_note(twin)
    return Diagnosis(
        model=model,
        subject=name or f"an object of {type(prober.subject).__name__}",
        findings=_sorted(found),
        spike_times=spikes,
        label="end",
        twin=twin,
        comparison=comparison,
        budget=_budget(comparison, twin.script if twin else None, spikes, "end", dt),
    )


def _spike_times(V: Array, anatomy: Anatomy, ends: Array, dt: float) -> Array:
    """Find the steps that fire: where V comes to its reset value other than by waiting there."""
    firing = anatomy.firing
    if math.isnan(firing.reset) or not V.size:
        return np.empty(0)
    if not math.isnan(firing.shown):
        return ends[: V.size][firing.threshold < V]
    held, spikes, k = max(firing.held[0][1], 0), [], anatomy.lead
    before = anatomy.fit.rules.before
    while k < V.size:
        previous = V[k - 1] if k else before
        if V[k] == firing.reset and previous != firing.reset:
            spikes.append(k)
            k += held
        k += 1
    return np.asarray(ends[spikes]) if spikes else np.empty(0)


def _twin_note(twin: Twin | None) -> list[Finding]:
    if twin is None:
        return []
    rules = ", ".join(f"{n} {getattr(twin.script, n)}" for n in ("scheme", "refractory", "label", "edges"))
    same = "the same" if twin.difference < SAME else "nearly the same"
    text = f"natrium's FixedStep does {same} with {rules}."
    off = f"V differs by at most {twin.difference:.1e} mV, sample by sample, under the claimed stimulus"
    return [Finding("twin", "note", text, off)]


# A recorded run ----------------------------------------------------------------------------------------


def _of_recording(recording: Recording, model: Model, comparison: Comparison, name: str | None) -> Diagnosis:
    dt = step_of(model)
    reading = read_recording(recording, model, dt)
    anatomy = reading.anatomy
    found = [*label_findings(recording, reading.shift, dt, reading.first)]
    evidence = "each step near an edge fits the input before it or after it, to rounding"
    found += edge_findings(reading.edges, dt, model.simulation.t_start, evidence)
    found += undecided(reading, dt)
    found += anatomy_findings(anatomy, model, dt, recorded=True)
    found += threshold_bracket(reading.threshold, model.neuron)
    label: Literal["start", "end"] = "start" if abs(reading.shift + dt) < 1e-6 * dt else "end"
    found += _cancelling(reading.spikes, label, dt, comparison)
    strict = any(edge.on and edge.late == 1 for edge in reading.edges)
    samples = recording.V if reading.first else recording.V[1:]
    twin = twin_of(anatomy, model, dt, samples, label=label, edges="strict" if strict else "half-open")
    found += _twin_note(twin)
    return Diagnosis(
        model=model,
        subject=name or "a recorded run",
        findings=_sorted(found),
        spike_times=reading.spikes,
        label=label,
        twin=twin,
        comparison=comparison,
        budget=_budget(comparison, twin.script if twin else None, reading.spikes, label, dt),
    )
