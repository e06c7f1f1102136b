"""What is wrong with threshold, reset and refractory period of a script, in plain words."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from natrium.analysis.doctor.reading.findings.found import GATES_UNKNOWN, ON_GRID, Found
from natrium.analysis.doctor.recordings.anatomy import Anatomy
from natrium.analysis.doctor.recordings.firing import counted
from natrium.analysis.doctor.words.equation import has_other_dt
from natrium.analysis.doctor.words.finding import finding, number
from natrium.model import Model, Neuron


def firing_findings(anatomy: Anatomy, model: Model, dt: float, gap: float) -> Iterator[Found]:
    """Say how it fires where that is not as claimed."""
    firing, neuron = anatomy.firing, model.neuron
    if math.isnan(firing.reset):
        yield finding(
            "no-spike", "note", "There is no spike in it: reset and refractory period show nowhere."
        )
        return
    drops = "the sample after each drop of V"
    if not math.isnan(firing.lowered):
        text = (
            f"V is lowered by {number(firing.lowered)} mV at a spike, not set to {number(neuron.v_reset)} mV."
        )
        yield finding("reset-soft", "fault", text, drops)
    elif not math.isclose(firing.reset, neuron.v_reset, rel_tol=1e-9, abs_tol=1e-9):
        text = f"V is reset to {number(firing.reset)} mV instead of {number(neuron.v_reset)} mV."
        yield finding("reset-wrong", "fault", text, drops)
    if not math.isnan(firing.shown):
        text = "The step that fires shows V before its reset, or a drawn spike; the reset shows a step later."
        yield finding("spike-shown", "note", text, drops)
    if firing.held is not None and not anatomy.fit.vanishes and not math.isclose(gap, dt, rel_tol=1e-6):
        yield from _held_between(firing.held * gap, (firing.held + 2) * gap, neuron.tau_ref)
    elif firing.held is not None:
        yield from _held(anatomy, neuron, dt)
    yield finding("threshold-on-grid", "rule", ON_GRID, "there is no more than one V per step")


def threshold_bracket(bracket: tuple[float, float], neuron: Neuron, grain: float) -> Iterator[Found]:
    """Say whether the claimed threshold lies between V that does not fire and V that does."""
    low, high = bracket
    near = 1e-9 * (1.0 + abs(neuron.v_thresh)) + 2.0 * grain
    if low > high + near:
        text = f"The threshold moves: V = {low:.6g} mV does not fire, {high:.6g} mV does at another time."
        yield finding(
            "threshold-moves", "fault", text, "the samples, and what the step to each spike makes of V"
        )
    elif low > neuron.v_thresh + near or high < neuron.v_thresh - near:
        where = f"from {low:.6g} to {high:.6g} mV" if math.isfinite(high) else f"above {low:.6g} mV"
        text = f"The threshold lies {where}, not at {number(neuron.v_thresh)} mV."
        yield finding(
            "threshold-wrong",
            "fault",
            text,
            "largest V that does not fire, least V that a step to a spike makes",
        )


def allowed_counts(tau_ref: float, dt: float) -> set[int]:
    """Give the numbers of held steps that stand for tau_ref on a grid."""
    steps = tau_ref / dt
    near = round(steps)
    return {near} if abs(steps - near) < 1e-6 else {math.floor(steps), math.ceil(steps)}


def _held_between(least: float, most: float, tau_ref: float) -> Iterator[Found]:
    """Judge a hold by samples that are no steps."""
    if not least < tau_ref < most:
        text = f"V is held for {number(least)} to {number(most)} ms, not {number(tau_ref)} ms."
        key = "refractory-long" if least >= tau_ref else "refractory-short"
        yield finding(key, "fault", text, "the samples after each drop of V, until V moves")


def _held(anatomy: Anatomy, neuron: Neuron, dt: float) -> Iterator[Found]:
    firing, hold = anatomy.firing, anatomy.firing.hold
    assert firing.held is not None  # as asked for
    evidence = "the samples after each drop of V, until V moves"
    if hold.size and np.ptp(hold) > 0.0:
        text = "V is not held while refractory: it moves without heeding the input."
        yield finding("hold-drifts", "fault", text, f"V goes from {hold[0]:.6g} to {hold[-1]:.6g} mV")
    elif hold.size and hold[0] != firing.reset:
        text = f"V is held at {number(hold[0])} mV, not at its reset, {number(firing.reset)} mV."
        yield finding("hold-value", "fault", text, evidence)
    if firing.other_hold is not None:
        spike, count = firing.other_hold
        text = (
            f"V is held for {firing.held} steps after the first spike, and for {count} after "
            f"spike {spike + 1}: the refractory period is not one."
        )
        yield finding("refractory-varies", "fault", text, evidence)
    wrong = held_finding(neuron.tau_ref, dt, firing.held, evidence)
    if wrong and not has_other_dt(anatomy, neuron):
        yield wrong


def held_finding(tau_ref: float, dt: float, count: int, evidence: str) -> Found | None:
    """Say whether the number of held steps stands for tau_ref."""
    allowed = allowed_counts(tau_ref, dt)
    if count in allowed:
        return None
    expected = min(allowed, key=lambda n: abs(n - count))
    if count == 0:
        return finding(
            "refractory-missing",
            "fault",
            f"There is no refractory period: {expected} steps of {dt:g} ms are missing.",
            evidence,
        )
    text = f"V is held for {count} steps of {dt:g} ms, {number(count * dt)} ms, instead of {expected}"
    if count == counted(tau_ref, dt):
        text += f": dt subtracted {expected} times from tau_ref leaves a rest above zero"
    return finding(
        "refractory-long" if count > expected else "refractory-short", "fault", text + ".", evidence
    )


def counter_note(held: tuple[tuple[float, int], ...], tau_ref: float) -> Iterator[Found]:
    """Note the steps at which a counter's rounding holds one step more than at others."""
    odd = [(dt, n, counted(tau_ref, dt)) for dt, n in held]
    shown = [
        f"{n} steps at dt = {dt:g} ms instead of {min(allowed_counts(tau_ref, dt))}"
        for dt, n, own in odd
        if n == own and n not in allowed_counts(tau_ref, dt)
    ]
    if shown:
        yield finding(
            "counter-rounding",
            "note",
            f"At other steps its counter of floats holds one step too many: {', '.join(shown)}.",
            "dt is subtracted again and again, and the rounding adds up to a rest above zero",
        )


def gate_findings(anatomy: Anatomy, neuron: Neuron) -> Iterator[Found]:
    """Say what the gates do while V is held, where that is not as claimed."""
    gates = anatomy.gates
    if gates is None or not (anatomy.firing.held or gates.way == "start"):
        return
    said = (
        f"V after the hold is foretold to {gates.residual:.1e} of its terms by gates that advance "
        f"{gates.advances} times"
    )
    if gates.way == "other":
        text = (
            "What comes after the first spike is not explained: gates that stand still, move on or are set "
            "back while V is held do not fit."
        )
        yield finding(GATES_UNKNOWN, "note", text, f"the nearest is off by {gates.residual:.1e}")
    elif gates.way != neuron.refractory:
        key, moves = {
            "clamp": ("gates-moving", "move on while V is held"),
            "hold": ("gates-held", "stand still while V is held"),
            "start": ("gates-reset", "are set back at each spike to where they start"),
        }[gates.way]
        text = f"The gates {moves}, where the model says {neuron.refractory}."
        yield finding(key, "fault", text, said)
