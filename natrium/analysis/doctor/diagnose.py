"""The doctor: what a script really does, and why its spikes are where they are."""

from __future__ import annotations

import math
import types
from typing import Any, Literal

import attrs
import numpy as np

from natrium.analysis.accuracy.budget import Budget, error_budget
from natrium.analysis.accuracy.matching import match_spikes
from natrium.analysis.accuracy.script import Comparison, compare_script
from natrium.analysis.doctor.diagnosis import Diagnosis, step_of
from natrium.analysis.doctor.reading.findings.found import Found, sorted_findings
from natrium.analysis.doctor.reading.verdict import Reading
from natrium.analysis.doctor.recordings.read import ReadRecording, read_recording, spikes_between
from natrium.analysis.doctor.recordings.recorded import Recording, check_readable, recording_of
from natrium.analysis.doctor.recordings.samples import prepare
from natrium.analysis.doctor.recordings.search import changed_coefficients
from natrium.analysis.doctor.recordings.twin import SAME, thinned, twin_of
from natrium.analysis.doctor.script import read_live
from natrium.analysis.doctor.twin import Twin
from natrium.analysis.doctor.words.anatomy import anatomy_findings
from natrium.analysis.doctor.words.finding import finding
from natrium.analysis.doctor.words.firing import threshold_bracket
from natrium.analysis.doctor.words.fixed_step import known_findings
from natrium.analysis.doctor.words.labels import edge_findings, label_findings, undecided
from natrium.analysis.doctor.words.samples import sample_findings
from natrium.model import Model, ModelError, SolverError, StepLimit
from natrium.model.arrays import Array
from natrium.model.simulation import check_model
from natrium.solvers import FixedStep

# One distance is much smaller than another below this part of it.
MUCH_SMALLER = 0.1


def diagnose(
    subject: Any,
    model: Model,
    *,
    name: str | None = None,
    comparison: Comparison | None = None,
) -> Diagnosis | Reading:
    """Find out what a script does and say why its spike times differ from the truth.

    Parameters
    ----------
    subject : None, FixedStep, class, object, function or pair of arrays
        None: the model's own script. A `FixedStep`: that one. A class or object with a method that steps it,
        or a function: its source is run with numbers that remember, as ``natrium doctor`` runs a file's; an
        object starts as it is, and what runs is a copy. Two arrays, labels (ms) and V (mV): read.
    model : Model
        What the script claims to be, with `dt` and `t_end` in its simulation.
    name : str, optional
        What to call the subject.
    comparison : Comparison, optional
        Of this model, where `compare_script` was run before.

    Returns
    -------
    Diagnosis or Reading
        A `Reading` where there is a source to be read. Both have `findings`, `faults`, `spike_times`,
        `label`, `twin`, `comparison`, `budget`, and say them as every result does.

    Raises
    ------
    ModelError
        When the model has no dt, t_end or threshold, or the subject is none.
    UnsupportedModel
        When a subject's source cannot be found or traced, or a recording is held against equations of one's
        own.
    """
    check_model(model)
    if not model.neuron.fires:
        raise ModelError("a diagnosis is about spikes, got a model without a threshold; give v_thresh")
    if isinstance(subject, (type, types.FunctionType)) or _is_object(subject):
        return read_live(subject, model, name, comparison)
    if subject is None or isinstance(subject, FixedStep):
        return _of_rules(subject, model, comparison or _compared(model), name)
    check_readable(model.neuron)
    return _of_recording(recording_of(subject), model, comparison or _compared(model), name)


def _is_object(subject: Any) -> bool:
    """Tell what has a source from arrays and from natrium's own."""
    if isinstance(subject, (FixedStep, Recording, np.ndarray, list, tuple)):
        return False
    return callable(subject) or hasattr(subject, "__dict__")


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
        findings=sorted_findings(found),
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
        findings=(finding("no-number", "fault", said, "the claimed stimulus"),),
        spike_times=np.empty(0),
        label=script.label,
        twin=None,
        comparison=comparison,
        budget=None,
    )


def _cancelling(spikes: Array, label: str, dt: float, comparison: Comparison) -> list[Found]:
    """Note the first spike that lies near the truth of the other refractory rule by chance."""
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
            found.append(finding("errors-cancel", "note", text, evidence))
    if len(found) > 1:
        found[0] = attrs.evolve(found[0], said=f"{found[0].said} So do {len(found) - 1} more.")
    return found[:1]


def _twin_note(twin: Twin | None) -> list[Found]:
    if twin is None:
        return []
    rules = ", ".join(f"{n} {getattr(twin.script, n)}" for n in ("scheme", "refractory", "label", "edges"))
    same = "the same" if twin.difference < SAME else "nearly the same"
    text = f"natrium's FixedStep does {same} with {rules}."
    off = f"V differs by at most {twin.difference:.1e} mV, sample by sample, under the claimed stimulus"
    return [finding("twin", "note", text, off)]


# A recorded run ----------------------------------------------------------------------------------------


def _of_recording(recording: Recording, model: Model, comparison: Comparison, name: str | None) -> Diagnosis:
    recording = prepare(recording, model.neuron, step_of(model))
    found = [*sample_findings(recording)]
    dt, gap = step_of(model), float(np.median(np.diff(recording.labels)))
    every = round(gap / dt)
    multiple = every > 1 and abs(gap / dt - every) < 1e-6
    twin = thinned(recording, model) if multiple else None
    if twin is not None:
        said = f"Its samples are every {every}th of {twin.script.scheme} as claimed, with steps of {dt:g} ms."
        found += [finding("thinned", "note", said, f"all are met to {twin.difference:.1e} mV")]
        spikes = spikes_between(recording, model.neuron)
        known = _diagnosis(model, name, found, spikes, twin.script.label, twin, comparison)
        return attrs.evolve(known, samples=(recording.labels, recording.V))
    reading, own = _read(recording, model, dt, gap, multiple)
    if own is not model:
        said = f"Its steps are {gap:.6g} ms, not the {dt:g} ms of the model: they are read as such."
        found.append(finding("step", "note", said, "the gap of the labels, and each free step"))
        model, dt, comparison = own, gap, _compared(own)
    anatomy = reading.anatomy
    found += label_findings(recording, reading.shift, dt, reading.first, anatomy.fit.vanishes)
    evidence = "each step near an edge fits the input before it or after it, to rounding"
    found += edge_findings(reading.edges, dt, model.simulation.t_start, evidence)
    found += undecided(reading, dt)
    found += anatomy_findings(anatomy, model, dt, gap, reading.until, bool(recording.noise))
    found += threshold_bracket(reading.threshold, model.neuron, recording.grain)
    label: Literal["start", "end"] = "start" if abs(reading.shift + dt) < 1e-6 * dt else "end"
    if not any(one.key in ("gates-moving", "gates-held") for one in found):  # else it is no chance
        found += _cancelling(reading.spikes, label, dt, comparison)
    strict = any(edge.on and edge.late == 1 for edge in reading.edges)
    samples = reading.V if reading.first else reading.V[1:]
    twin = twin_of(anatomy, model, dt, samples, label=label, edges="strict" if strict else "half-open")
    found += _twin_note(twin)
    until = reading.until
    if math.isnan(until) and not anatomy.fit.vanishes:
        until = float(recording.labels[0])
    return attrs.evolve(
        _diagnosis(model, name, found, reading.spikes, label, twin, comparison),
        samples=(recording.labels, recording.V),
        reproduced_until=None if math.isnan(until) or recording.noise else until,
    )


def _read(
    recording: Recording, model: Model, dt: float, gap: float, multiple: bool
) -> tuple[ReadRecording, Model]:
    """Read it by the steps of the model, or by its own; give the model with those as well."""
    if math.isclose(gap, dt, rel_tol=1e-6) or gap <= 0.0:
        return read_recording(recording, model, dt), model
    own = attrs.evolve(model, simulation=attrs.evolve(model.simulation, dt=gap))
    again = read_recording(recording, own, gap, rare=False)
    if again.anatomy.fit.vanishes and not changed_coefficients(model.neuron, again.anatomy.fit.coefficients):
        return again, own
    reading = read_recording(recording, model, dt, rare=False)
    # Some of a linear scheme's samples look like longer steps with another tau_m.
    if reading.anatomy.fit.vanishes or multiple:
        return reading, model
    again = read_recording(recording, own, gap)
    return (again, own) if again.anatomy.fit.vanishes else (reading, model)


def _diagnosis(
    model: Model,
    name: str | None,
    found: list[Found],
    spikes: Array,
    label: Literal["start", "end"],
    twin: Twin | None,
    comparison: Comparison,
) -> Diagnosis:
    return Diagnosis(
        model=model,
        subject=name or "a recorded run",
        findings=sorted_findings(found),
        spike_times=spikes,
        label=label,
        twin=twin,
        comparison=comparison,
        budget=_budget(comparison, twin.script if twin else None, spikes, label, step_of(model)),
    )
