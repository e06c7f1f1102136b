"""What a notebook shows: of neurons and models equations, numbers and a run; of results a figure."""

from __future__ import annotations

from html import escape
from typing import Any

from natrium.explore.mathml import mathml
from natrium.figures.sketch import sketch
from natrium.model import AnyNeuron, HybridNeuron, Model, NatriumError, Neuron, Step, latex, resolve
from natrium.model.leak import input_unit
from natrium.model.scales import scales_of
from natrium.model.stimuli.stimulus import Sum
from natrium.solvers import EventDriven, Limits

BUDGET = Limits(max_rhs_evaluations=40_000, max_spikes=2_000)  # of the run that is shown: half a second
T_END, START = 100.0, 10.0  # ms, or of the scale of time, where nothing else is told
DRIVE, PLAIN = 1.2, 20.0  # of the way to the threshold; mV, where there is none


def card(shown: Any) -> str:
    """Write a card of a model, a run or a result, HTML.

    Of neurons and models the equations as MathML, a small figure of a run and, folded beneath, each parameter
    with value, unit and meaning; of what was run or found a small figure, if there is one.
    """
    if not isinstance(shown, (Neuron, HybridNeuron, Model)):
        return sketch(shown)
    equations, numbers = parts(shown)
    return f"{equations}{_run(shown)}{numbers}"


def parts(shown: AnyNeuron | Model) -> tuple[str, str]:
    """Write the equations, and the parameters folded beneath them, HTML."""
    neuron, stimulus = (shown.neuron, shown.stimulus) if isinstance(shown, Model) else (shown, Sum(()))
    rows = "".join(
        f"<tr><th style='text-align:left'>{escape(name)}</th><td>{one.value:.12g} {escape(one.unit)}</td>"
        f"<td style='text-align:left'>{escape(one.rule.meaning)}</td></tr>"
        for name, one in resolve(neuron, stimulus).items()
    )
    return mathml(latex(neuron)), f"<details><summary>parameters</summary><table>{rows}</table></details>"


def _run(shown: AnyNeuron | Model) -> str:
    """Write a figure of a model's run, or of a neuron's under a step; nothing where it costs too much."""
    usual = T_END * scales_of(shown.neuron if isinstance(shown, Model) else shown).time
    begin, end, said = 0.0, usual, "without input"
    if isinstance(shown, Model):
        neuron, stimulus, said = shown.neuron, shown.stimulus, "under its input"
        begin, end = shown.simulation.t_start, shown.simulation.t_end or shown.simulation.t_start + usual
    else:
        neuron, stimulus = shown, Sum(())
        if isinstance(shown, Neuron):
            drive = DRIVE * (shown.v_thresh - shown.v_rest) if shown.fires else PLAIN
            stimulus, said = (
                Sum((Step(drive, start=START),)),
                f"under a step of {input_unit(shown).show(drive)}",
            )
    try:
        run = EventDriven(limits=BUDGET).solve(neuron, stimulus, t_start=begin, t_end=end)
    except NatriumError:  # it takes too long, or gets where its rates break a rule
        return ""
    return f"<div>{sketch(run)}<br/><small>V {escape(said)}</small></div>"
