"""What is to be said about a `FixedStep`, whose rules need no probing."""

from __future__ import annotations

import attrs
import numpy as np

from natrium.analysis.doctor.reading.findings.found import ON_GRID, Found
from natrium.analysis.doctor.recordings.edges import Edge, nominal_edges
from natrium.analysis.doctor.recordings.firing import counted, step_ladder
from natrium.analysis.doctor.words.finding import finding, scheme_rule
from natrium.analysis.doctor.words.firing import counter_note, held_finding
from natrium.analysis.doctor.words.labels import edge_findings
from natrium.model import Model
from natrium.model.arrays import Array
from natrium.solvers import FixedStep, Trajectory


def known_findings(script: FixedStep, run: Trajectory, model: Model) -> list[Found]:
    """Say which rules of a `FixedStep` are faults, and which cost accuracy.

    Parameters
    ----------
    script : FixedStep
    run : Trajectory
        Made by it.
    model : Model
        The claim.
    """
    known = "the rules of the script are known"
    found = _known_label(script, run, known)
    labels = run.t - (script.dt if script.label == "end" else 0.0)
    if script.read == "start":
        strict = script.edges == "strict"
        drive = np.array(
            [sum(part(t, strict=strict) for part in model.stimulus.parts) for t in labels.tolist()],
            dtype=float,
        )
        edges = tuple(_read_off(edge, drive) for edge in nominal_edges(model, script.dt, labels.size))
        found += edge_findings(edges, script.dt, run.t_start, f"{known}: {script.edges} inequalities")
    return found + _known_rules(script, model, known)


def _known_label(script: FixedStep, run: Trajectory, known: str) -> list[Found]:
    if script.label == "end":
        return []
    text = (
        "Each sample is stored after its step but labelled with the step's beginning: every label is "
        f"{script.dt:g} ms early."
    )
    if run.n_spikes:
        last = float(run.spike_times[-1])
        text += f" The last spike, labelled {last:.10g}, belongs to {last + script.dt:.10g} ms."
    return [finding("label-early", "fault", text, known)]


def _read_off(edge: Edge, drive: Array) -> Edge:
    """See in the input itself at which step an edge comes."""
    near = range(max(edge.step - 4, 0), min(edge.step + 5, drive.size))
    new = [k for k in near if abs(drive[k] - edge.new) < abs(drive[k] - edge.old)]
    return attrs.evolve(edge, seen=min(new)) if new else edge


def _known_rules(script: FixedStep, model: Model, known: str) -> list[Found]:
    neuron, dt = model.neuron, script.dt
    order = {"sequential-euler": "new"}.get(script.scheme, "old")
    plain = script.scheme.removeprefix("sequential-")
    v = {"exponential-euler": "exponential"}.get(plain, plain)
    found = [
        scheme_rule(v, "exponential" if v == "exponential" else "euler", order, known, not neuron.is_leaky)
    ]
    if script.spike_time == "grid":
        found.append(finding("threshold-on-grid", "rule", ON_GRID, known))
    if script.gates not in (None, neuron.refractory):
        moves = "move on" if script.gates == "clamp" else "stand still"
        key = "gates-moving" if script.gates == "clamp" else "gates-held"
        text = f"The gates {moves} while V is held, where the model says {neuron.refractory}."
        found.append(finding(key, "fault", text, known))
    if script.refractory == "exact":
        return found

    def held(step: float) -> int:
        whole = round(neuron.tau_ref / step)
        return counted(neuron.tau_ref, step) if script.refractory == "counter" else whole

    wrong = (
        held_finding(neuron.tau_ref, dt, held(dt), "its counter, run by itself") if neuron.tau_ref else None
    )
    ladder = tuple((step, held(step)) for step in step_ladder(dt, neuron.tau_ref)[1:])
    return [*found, *([wrong] if wrong else []), *counter_note(ladder, neuron.tau_ref)]
