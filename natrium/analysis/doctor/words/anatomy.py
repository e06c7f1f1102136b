"""What the probes showed, in plain words: faults, choices that cost accuracy, notes."""

from __future__ import annotations

from collections.abc import Iterator

from natrium.analysis.doctor.hypotheses.anatomy import Anatomy
from natrium.analysis.doctor.hypotheses.free_step import Fit
from natrium.analysis.doctor.words.equation import equation_findings
from natrium.analysis.doctor.words.finding import Finding
from natrium.analysis.doctor.words.firing import firing_findings, gate_findings
from natrium.model import Model


def anatomy_findings(
    anatomy: Anatomy, model: Model, dt: float, *, used: bool = False, recorded: bool = False
) -> list[Finding]:
    """Say what an object was found to be.

    Parameters
    ----------
    anatomy : Anatomy
    model : Model
        The claim.
    dt : float
        ms.
    used : bool
        The subject is an instance, so that a wrong start may come from an earlier run.
    recorded : bool
        It is a recorded run, in which neither every input nor the threshold itself was tried.
    """
    neuron = model.neuron
    found = list(_start(anatomy, used))
    if not anatomy.heeds:
        found.append(
            Finding(
                "input-missing",
                "fault",
                "The input has no effect on V.",
                "V is the same, double for double, under two inputs of different size.",
            )
        )
    if anatomy.fit.vanishes:
        found += equation_findings(anatomy, neuron, used)
    else:
        found.append(_unknown(anatomy.fit))
    if anatomy.heeds:
        found += firing_findings(anatomy, model, dt, recorded)
    found += gate_findings(anatomy, neuron)
    # A used instance that is still refractory starts as no new one does.
    return [one for one in found if not (used and one.key == "starts-refractory")]


def _unknown(fit: Fit) -> Finding:
    return Finding(
        "not-identified",
        "note",
        "The rule of the free steps was not identified: no hypothesis foretells V to rounding.",
        f"The nearest, {fit.rules.scheme} with {fit.rules.order} gates, is off by up to {fit.largest:.3g} mV "
        f"in a step, at V = {fit.at:.4g} mV, over {fit.steps} steps.",
    )


def _start(anatomy: Anatomy, used: bool) -> Iterator[Finding]:
    if anatomy.lag:
        yield Finding(
            "output-late",
            "note",
            f"update returns V {anatomy.lag} call late: the value from before the step.",
            f"an input shows in V {anatomy.lag} call after the one that it was given to",
        )
    if anatomy.lead and used:
        yield Finding(
            "used",
            "note",
            f"The instance was used before: its first {anatomy.lead} calls heed no input. Give a new one.",
            "the first responses to two inputs are the same",
        )
