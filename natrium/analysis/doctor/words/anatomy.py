"""What a recording showed, in plain words: faults, choices that cost accuracy, notes."""

from __future__ import annotations

import math

from natrium.analysis.doctor.reading.findings.found import NOT_EXPLAINED, NOT_IDENTIFIED, Found
from natrium.analysis.doctor.recordings.anatomy import Anatomy
from natrium.analysis.doctor.recordings.free_step import Fit
from natrium.analysis.doctor.words.equation import equation_findings
from natrium.analysis.doctor.words.finding import finding
from natrium.analysis.doctor.words.firing import firing_findings, gate_findings
from natrium.model import Model


def anatomy_findings(
    anatomy: Anatomy, model: Model, dt: float, gap: float, until: float, noisy: bool
) -> list[Found]:
    """Say what a recorded script was found to be.

    Parameters
    ----------
    anatomy : Anatomy
    model : Model
        The claim.
    dt : float
        ms.
    gap : float
        Between two samples, ms.
    until : float
        Label up to which the rules found hold, or the claim where none was, ms; NaN: to the end, or not
        at all.
    noisy : bool
        Whether single steps cannot be read.
    """
    neuron = model.neuron
    if noisy:
        free = []
    elif anatomy.fit.vanishes:
        free = [*equation_findings(anatomy, neuron), *([] if math.isnan(until) else [_changed(until)])]
    else:
        free = [_unknown(anatomy.fit, until)]
    return [*free, *firing_findings(anatomy, model, dt, gap), *gate_findings(anatomy, neuron)]


def _changed(until: float) -> Found:
    text = f"Up to the label {until:.10g} ms the steps go by these rules; there something changes."
    return finding(NOT_EXPLAINED, "note", text, "each free step against the rules that were found")


def _unknown(fit: Fit, until: float) -> Found:
    held = (
        " Not even its first steps go as claimed."
        if math.isnan(until)
        else f" Up to the label {until:.10g} ms V goes as claimed, and no further."
    )
    if fit.by_chance:
        text = f"There are too few free steps before the first spike to tell their rule: {fit.steps}."
        return finding(NOT_IDENTIFIED, "note", text, "several rules foretell them to rounding")
    return finding(
        NOT_IDENTIFIED,
        "note",
        f"The rule of the free steps was not identified: no hypothesis foretells V to rounding.{held}",
        f"The nearest, {fit.rules.scheme} with {fit.rules.order} gates, is off by up to {fit.largest:.3g} mV "
        f"in a step, at V = {fit.at:.4g} mV, over {fit.steps} steps.",
    )
