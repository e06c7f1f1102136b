"""What a notebook shows of a neuron or a model: its equations and its numbers."""

from __future__ import annotations

from html import escape

from natrium.explore.mathml import mathml
from natrium.model import AnyNeuron, Model, latex, resolve
from natrium.model.stimuli.stimulus import Sum


def card(shown: AnyNeuron | Model) -> str:
    """Write a card, HTML.

    Parameters
    ----------
    shown : Neuron, HybridNeuron or Model

    Returns
    -------
    str
        The equations as MathML and, folded beneath them, each parameter with value, unit and meaning.
    """
    neuron, stimulus = (shown.neuron, shown.stimulus) if isinstance(shown, Model) else (shown, Sum(()))
    rows = "".join(
        f"<tr><th style='text-align:left'>{escape(name)}</th><td>{one.value:.12g} {escape(one.unit)}</td>"
        f"<td style='text-align:left'>{escape(one.rule.meaning)}</td></tr>"
        for name, one in resolve(neuron, stimulus).items()
    )
    return f"{mathml(latex(neuron))}<details><summary>parameters</summary><table>{rows}</table></details>"
