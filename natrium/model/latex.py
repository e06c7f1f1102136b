"""The model's equations as LaTeX, from the same expressions that are solved."""

from __future__ import annotations

from natrium.model.channel import Gate
from natrium.model.neuron import Neuron


def latex(neuron: Neuron) -> str:
    r"""Write a neuron's equations as a LaTeX ``align`` environment.

    Rates stand in their written form; V in mV, times in ms, conductances relative to the leak.

    Parameters
    ----------
    neuron : Neuron

    Returns
    -------
    str

    Examples
    --------
    >>> print(latex(Neuron()))
    \begin{align}
    \tau_m \frac{dV}{dt} &= -(V - v_{\mathrm{rest}}) + I(t) \\
    V &\ge v_{\mathrm{thresh}}: \quad V \leftarrow v_{\mathrm{reset}} \text{ for } \tau_{\mathrm{ref}}
    \end{align}
    """
    current = r"-(V - v_{\mathrm{rest}}) + I(t)"
    lines = []
    for channel in neuron.channels:
        name = rf"\mathrm{{{_escaped(channel.name)}}}"
        factors = [rf"g_{{{name}}}"]
        for gate in channel.gates:
            x = rf"{_escaped(gate.name)}_{{{name}}}"
            factors.append(f"{x}^{{{gate.power}}}" if gate.power > 1 else x)
            lines += _gate(gate, x)
        current += rf" + {' '.join(factors)} (E_{{{name}}} - V)"
    threshold = (
        r"V &\ge v_{\mathrm{thresh}}: \quad V \leftarrow v_{\mathrm{reset}} \text{ for } \tau_{\mathrm{ref}}"
    )
    body = [rf"\tau_m \frac{{dV}}{{dt}} &= {current}", *lines, *([threshold] if neuron.fires else [])]
    return "\\begin{align}\n" + " \\\\\n".join(body) + "\n\\end{align}"


def _escaped(name: str) -> str:
    """Keep a name's underscores from becoming subscripts: TeX refuses two in a row."""
    return name.replace("_", r"\_")


def _gate(gate: Gate, x: str) -> list[str]:
    """Write a gate's equation and the two functions in it."""
    if gate.alpha is not None and gate.beta is not None:
        a, b = rf"\alpha_{{{x}}}(V)", rf"\beta_{{{x}}}(V)"
        equation = rf"\frac{{d{x}}}{{dt}} &= {a} (1 - {x}) - {b} \, {x}"
        return [equation, f"{a} &= {gate.alpha.latex}", f"{b} &= {gate.beta.latex}"]
    a, b = rf"{x}^{{\infty}}(V)", rf"\tau_{{{x}}}(V)"
    equation = rf"\frac{{d{x}}}{{dt}} &= \frac{{{a} - {x}}}{{{b}}}"
    inf, tau = (part.latex for part in (gate.inf, gate.tau) if part is not None)
    return [equation, f"{a} &= {inf}", f"{b} &= {tau}"]
