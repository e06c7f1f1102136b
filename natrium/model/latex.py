"""The model's equations as LaTeX: those of the system that is solved."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import attrs
import sympy

from natrium.model.equations import approach, channel_current, membrane, open_and_close
from natrium.model.hybrid import HybridSystem
from natrium.model.protocol import AnyNeuron, check_neuron
from natrium.model.scheme import Scheme

SUM, PRODUCT, ATOM = range(3)  # how tightly a piece holds together
# What a system's symbols are called in print.
_NAMES = {
    "I": "I(t)",
    "tau_m": r"\tau_m",
    "tau_ref": r"\tau_{\mathrm{ref}}",
    "_tau_ref": r"\tau_{\mathrm{ref}}",
    "v_rest": r"v_{\mathrm{rest}}",
    "v_reset": r"v_{\mathrm{reset}}",
    "v_thresh": r"v_{\mathrm{thresh}}",
    "_v_origin": r"v_{\mathrm{thresh}}",
}


@attrs.frozen
class Tex:
    """A piece of LaTeX to compute with: the equations written for numbers write themselves down."""

    text: str
    level: int = ATOM

    def _within(self, level: int) -> str:
        return self.text if self.level >= level else f"({self.text})"

    def __neg__(self) -> Tex:
        return Tex(f"-{self._within(PRODUCT)}", SUM)

    def __add__(self, other: Tex) -> Tex:
        return Tex(f"{self.text} + {other.text}", SUM)

    def __sub__(self, other: Tex) -> Tex:
        return Tex(f"{self.text} - {other._within(PRODUCT)}", SUM)

    def __rsub__(self, other: int) -> Tex:
        return Tex(str(other)) - self

    def __mul__(self, other: Tex) -> Tex:
        apart = r" \, " if self.text.endswith(")") and other.level == ATOM else " "
        return Tex(f"{self._within(PRODUCT)}{apart}{other._within(PRODUCT)}", PRODUCT)

    def __truediv__(self, other: Tex) -> Tex:
        return Tex(rf"\frac{{{self.text}}}{{{other.text}}}")

    def __pow__(self, power: int) -> Tex:
        return Tex(f"{self._within(ATOM)}^{{{power}}}")


def latex(neuron: AnyNeuron) -> str:
    r"""Write a neuron's equations as a LaTeX ``align`` environment.

    Rates stand in their written form; V in mV, times in ms, conductances relative to the leak.

    Parameters
    ----------
    neuron : Neuron or HybridNeuron

    Examples
    --------
    >>> import natrium
    >>> print(latex(natrium.Neuron()))
    \begin{align}
    \tau_m \frac{dV}{dt} &= -(V - v_{\mathrm{rest}}) + I(t) \\
    V &\ge v_{\mathrm{thresh}}: \quad V \leftarrow v_{\mathrm{reset}} \text{ for } \tau_{\mathrm{ref}}
    \end{align}
    """
    check_neuron(neuron)
    flows = _of_channels(neuron) if neuron.of_channels else _of_system(neuron.system)
    body = [*flows, *_of_event(neuron.system)]
    return "\\begin{align}\n" + " \\\\\n".join(body) + "\n\\end{align}"


def _of_channels(neuron: Any) -> Iterator[str]:
    """Write the membrane's equation, then each gate's with its two functions."""
    V, lines, currents = Tex("V"), list[str](), list[Tex]()
    for channel in neuron.channels:
        name = rf"\mathrm{{{_escape(channel.name)}}}"
        gates = []
        for gate in channel.gates:
            x = Tex(rf"{_escape(gate.name)}_{{{name}}}")
            if gate.inf is not None and not gate.moves:
                gates.append((Tex(rf"{x.text}^{{\infty}}(V)"), gate.power))
                lines.append(rf"{x.text}^{{\infty}}(V) &= {gate.inf.latex}")
                continue
            gates.append((x, gate.power))
            a, b = Tex(rf"\alpha_{{{x.text}}}(V)"), Tex(rf"\beta_{{{x.text}}}(V)")
            flow = open_and_close(x, a, b)
            if gate.alpha is None:
                a, b = Tex(rf"{x.text}^{{\infty}}(V)"), Tex(rf"\tau_{{{x.text}}}(V)")
                flow = approach(x, a, b)
            if (pace := gate.pace(neuron.celsius)) != 1.0:
                flow = Tex(f"{pace:.6g}") * flow
            lines.append(rf"\frac{{d{x.text}}}{{dt}} &= {flow.text}")
            rates = (gate.alpha, gate.beta, gate.inf, gate.tau)
            given = [rate for rate in rates if rate is not None]
            lines += [f"{name.text} &= {rate.latex}" for name, rate in zip((a, b), given, strict=True)]
        if channel.scheme is not None:
            gates.append(_scheme(channel.scheme, name, lines))
        currents.append(channel_current(V, Tex(f"g_{{{name}}}"), Tex(f"E_{{{name}}}"), gates))
    law = membrane(V, Tex(_NAMES["v_rest"]), Tex(_NAMES["I"]), currents)
    yield rf"{_NAMES['tau_m']} \frac{{dV}}{{dt}} &= {law.text}"
    yield from lines


def _scheme(scheme: Scheme, name: str, lines: list[str]) -> tuple[Tex, int]:
    """Write a kinetic scheme's equations; give the share of its open states."""
    x = {state: rf"{_escape(state)}_{{{name}}}" for state in scheme.states}
    for state in scheme.states:
        parts = []
        for one in scheme.transitions:
            sign = {one.target: "+", one.source: "-"}.get(state)
            if sign:
                parts.append(rf"{sign} r_{{{x[one.source]} \to {x[one.target]}}}(V) \, {x[one.source]}")
        flow = " ".join(parts).removeprefix("+ ") or "0"
        lines.append(rf"\frac{{d{x[state]}}}{{dt}} &= {flow}")
    lines += [
        rf"r_{{{x[one.source]} \to {x[one.target]}}}(V) &= {one.rate.latex}" for one in scheme.transitions
    ]
    return Tex(" + ".join(x[state] for state in scheme.open), SUM if len(scheme.open) > 1 else ATOM), 1


def _of_system(system: HybridSystem) -> Iterator[str]:
    """Write every state's equation as it is solved."""
    for state, flow in zip(system.states, system.rhs, strict=True):
        yield rf"\frac{{d{_print(state, system)}}}{{dt}} &= {_print(flow, system)}"


def _of_event(system: HybridSystem) -> Iterator[str]:
    """Write the threshold and what a spike sets."""
    if system.guard is None:
        return
    V = system.states[0]
    threshold = (V - system.guard) if system.direction > 0 else (V + system.guard)
    moved = [
        rf"{_print(state, system)} \leftarrow {_print(after, system)}"
        for state, after in zip(system.states, system.reset, strict=True)
        if after != state
    ]
    duration = _print(system.refractory.duration, system)
    yield rf"V &\ge {_print(threshold, system)}: \quad {', '.join(moved)} \text{{ for }} {duration}"


def _print(expression: Any, system: HybridSystem) -> str:
    symbols = (*system.states, system.input, *system.parameters)
    names = {symbol: _NAMES[symbol.name] for symbol in symbols if symbol.name in _NAMES}
    return str(sympy.latex(expression, symbol_names=names))


def _escape(name: str) -> str:
    """Keep a name's underscores from becoming subscripts: TeX refuses two in a row."""
    return name.replace("_", r"\_")
