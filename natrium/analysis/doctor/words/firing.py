"""What is wrong with threshold, reset and refractory period of a script, in plain words."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from natrium.analysis.doctor.hypotheses.anatomy import Anatomy
from natrium.analysis.doctor.probes.firing import Firing, counted
from natrium.analysis.doctor.words.equation import has_other_dt
from natrium.analysis.doctor.words.finding import ON_GRID, Finding, number
from natrium.model import Model, Neuron


def firing_findings(anatomy: Anatomy, model: Model, dt: float, recorded: bool) -> Iterator[Finding]:
    """Say how it fires where that is not as claimed."""
    firing, neuron = anatomy.firing, model.neuron
    if math.isnan(firing.reset):
        if recorded:
            yield Finding(
                "no-spike", "note", "There is no spike in it: reset and refractory period show nowhere."
            )
            return
        yield Finding(
            "never-fires",
            "fault",
            "No input makes it fire: V goes on above the threshold.",
            "single steps of input up to 4e8 times what the threshold needs",
        )
        return
    pulse = "the sample after each drop of V" if recorded else f"a single step of {firing.pulse:g} mV"
    if firing.reset != neuron.v_reset:
        text = f"V is reset to {number(firing.reset)} mV instead of {number(neuron.v_reset)} mV."
        yield Finding("reset-wrong", "fault", text, pulse)
    if not math.isnan(firing.shown):
        what = (
            f"always {number(firing.shown)} mV, a spike that is drawn"
            if firing.drawn
            else "V before its reset"
        )
        yield Finding(
            "spike-shown", "note", f"The step that fires returns {what}; the reset shows a step later.", pulse
        )
    # An input cut to whole numbers leaves gaps between the V that can be reached; so may an unknown rule.
    whole = anatomy.fit.rules.whole or not anatomy.fit.vanishes
    gap = 1.001 * dt / neuron.tau_m * abs(anatomy.fit.coefficients[2]) if whole else 0.0
    if not recorded:
        yield from _threshold(firing, neuron, gap)
    if firing.held:
        yield from _held(anatomy, neuron, dt)
    yield Finding("threshold-on-grid", "rule", ON_GRID, "there is no more than one V per step")


def threshold_bracket(bracket: tuple[float, float], neuron: Neuron) -> Iterator[Finding]:
    """Say whether the claimed threshold lies between V that does not fire and V that does."""
    low, high = bracket
    near = 1e-9 * (1.0 + abs(neuron.v_thresh))
    if low > neuron.v_thresh + near or high < neuron.v_thresh - near:
        text = f"The threshold lies from {low:.6g} to {high:.6g} mV, not at {number(neuron.v_thresh)} mV."
        yield Finding(
            "threshold-wrong",
            "fault",
            text,
            "largest V that does not fire, least V that a step to a spike makes",
        )


def _threshold(firing: Firing, neuron: Neuron, gap: float) -> Iterator[Finding]:
    if math.isnan(firing.threshold):
        yield Finding(
            "threshold-unseen",
            "note",
            "The threshold could not be bracketed: it fires without input, or gives no number on the way.",
        )
        return
    off = abs(firing.threshold - neuron.v_thresh)
    if off > gap + 1e-9 * (1.0 + abs(neuron.v_thresh)):
        actual = number(round(firing.threshold, 9))
        text = f"The threshold is {actual} mV instead of {number(neuron.v_thresh)} mV."
        said = (
            f"the input of one step, halved between firing and not: V = {firing.threshold!r} mV does not fire"
        )
        yield Finding("threshold-wrong", "fault", text, said)
    elif firing.strict:
        yield Finding(
            "threshold-strict",
            "fault",
            f"V at the threshold itself, {number(neuron.v_thresh)} mV, does not fire: > instead of >=.",
            "an input that lands V on it to the last bit returns V, not the reset",
        )


def allowed_counts(tau_ref: float, dt: float) -> set[int]:
    """Give the numbers of held steps that stand for tau_ref on a grid."""
    steps = tau_ref / dt
    near = round(steps)
    return {near} if abs(steps - near) < 1e-6 else {math.floor(steps), math.ceil(steps)}


def _held(anatomy: Anatomy, neuron: Neuron, dt: float) -> Iterator[Finding]:
    firing = anatomy.firing
    _, count = firing.held[0]
    pulse = "a spike, then two different inputs: V is the same until it is free"
    yield from _lead(anatomy, neuron, dt)
    hold = firing.hold
    if hold.size and np.ptp(hold) > 0.0:
        yield Finding(
            "hold-drifts",
            "fault",
            "V is not held while refractory: it moves without heeding the input.",
            f"V goes from {hold[0]:.6g} to {hold[-1]:.6g} mV",
        )
    elif hold.size and hold[0] != firing.reset:
        yield Finding(
            "hold-value",
            "fault",
            f"V is held at {number(hold[0])} mV, not at its reset, {number(firing.reset)} mV.",
            pulse,
        )
    if firing.silent:
        yield Finding(
            "refractory-not-held",
            "fault",
            f"V is not held while refractory: it only cannot fire, for {firing.silent} steps.",
            "a strong input in every step after a spike lifts V over threshold and nothing happens",
        )
        return
    if anatomy.lead == 1 and count - 1 in (
        n - late for n in allowed_counts(neuron.tau_ref, dt) for late in (0, 1)
    ):
        return
    if has_other_dt(anatomy, neuron):
        return
    finding = held_finding(neuron.tau_ref, dt, count, pulse)
    if finding:
        yield finding
    yield from counter_note(firing.held[1:], neuron.tau_ref)


def _lead(anatomy: Anatomy, neuron: Neuron, dt: float) -> Iterator[Finding]:
    if anatomy.lead == 1:
        count = anatomy.firing.held[0][1]
        text = (
            f"The first step is held though no spike came before it, and {count} steps are held after a "
            "spike: the refractory counter is tested with >= 0 instead of > 0."
        )
        yield Finding("refractory-test", "fault", text, "the first call heeds no input")
    elif anatomy.lead:
        text = f"It starts refractory: the first {anatomy.lead} steps heed no input."
        yield Finding("starts-refractory", "fault", text, "the first calls are the same under two inputs")


def held_finding(tau_ref: float, dt: float, count: int, evidence: str) -> Finding | None:
    """Say whether the number of held steps stands for tau_ref."""
    allowed = allowed_counts(tau_ref, dt)
    if count in allowed:
        return None
    expected = min(allowed, key=lambda n: abs(n - count))
    if count < 0:
        return Finding(
            "refractory-long",
            "fault",
            f"Once it has fired it is held without an end in sight, instead of {expected} steps.",
            evidence,
        )
    if count == 0:
        return Finding(
            "refractory-missing",
            "fault",
            f"There is no refractory period: {expected} steps of {dt:g} ms are missing.",
            evidence,
        )
    text = f"V is held for {count} steps of {dt:g} ms, {number(count * dt)} ms, instead of {expected}"
    if count == counted(tau_ref, dt):
        text += f": dt subtracted {expected} times from tau_ref leaves a rest above zero"
    return Finding(
        "refractory-long" if count > expected else "refractory-short", "fault", text + ".", evidence
    )


def counter_note(held: tuple[tuple[float, int], ...], tau_ref: float) -> Iterator[Finding]:
    """Note the steps at which a counter's rounding holds one step more than at others."""
    odd = [(dt, n, counted(tau_ref, dt)) for dt, n in held]
    shown = [
        f"{n} steps at dt = {dt:g} ms instead of {min(allowed_counts(tau_ref, dt))}"
        for dt, n, own in odd
        if n == own and n not in allowed_counts(tau_ref, dt)
    ]
    if shown:
        yield Finding(
            "counter-rounding",
            "note",
            f"At other steps its counter of floats holds one step too many: {', '.join(shown)}.",
            "dt is subtracted again and again, and the rounding adds up to a rest above zero",
        )


def gate_findings(anatomy: Anatomy, neuron: Neuron) -> Iterator[Finding]:
    """Say what the gates do while V is held, where that is not as claimed."""
    gates = anatomy.gates
    if gates is None or not anatomy.firing.held or anatomy.firing.held[0][1] <= 0:
        return
    said = (
        f"V after the hold is foretold to {gates.residual:.1e} of its terms by gates that advance "
        f"{gates.advances} times"
    )
    if gates.way == "other":
        text = "What the gates do while V is held was not identified: neither standing still nor moving fits."
        yield Finding("gates-refractory-unknown", "note", text, f"the nearest is off by {gates.residual:.1e}")
    elif gates.way != neuron.refractory:
        key = "gates-moving" if gates.way == "clamp" else "gates-held"
        moves = "move on" if gates.way == "clamp" else "stand still"
        text = f"The gates {moves} while V is held, where the model says {neuron.refractory}."
        yield Finding(key, "fault", text, said)
