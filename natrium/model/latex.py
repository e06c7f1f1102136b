"""The model's equations as LaTeX: those of the system that is solved."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import attrs
import sympy

from natrium.model.channel import Channel, Gate
from natrium.model.equations import (
    alpha_rise,
    approach,
    channel_current,
    conductance,
    constant_field,
    decay,
    membrane,
    nernst,
    open_and_close,
    pool,
)
from natrium.model.expressions.expression import CALCIUM, written_latex
from natrium.model.hybrid import HybridSystem
from natrium.model.protocol import AnyNeuron, check_neuron
from natrium.model.scheme import Scheme
from natrium.model.synapse import Synapse

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

    def __rmul__(self, other: int) -> Tex:
        return self if other == 1 else Tex(str(other)) * self

    def __rtruediv__(self, other: int) -> Tex:
        return Tex(str(other)) / self

    def __mul__(self, other: Tex) -> Tex:
        apart = r" \, " if self.text.endswith(")") and other.level == ATOM else " "
        return Tex(f"{self._within(PRODUCT)}{apart}{other._within(PRODUCT)}", PRODUCT)

    def __truediv__(self, other: Tex | int) -> Tex:
        if isinstance(other, int):
            return self if other == 1 else self / Tex(str(other))
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
    flows = _of_channels(neuron) if neuron.of_channels else _of_equations(neuron)
    body = [*flows, *_of_event(neuron.system)]
    return "\\begin{align}\n" + " \\\\\n".join(body) + "\n\\end{align}"


def _of_channels(neuron: Any) -> Iterator[str]:
    """Write the membrane's equation, then those of gates, synapses and calcium."""
    V, lines, currents = Tex("V"), list[str](), dict[str, Tex]()
    for channel in neuron.channels:
        name = rf"\mathrm{{{_escape(channel.name)}}}"
        gates = [_gate(gate, name, neuron.celsius, lines) for gate in channel.gates]
        if channel.scheme is not None:
            gates.append(_scheme(channel.scheme, name, lines))
        g, E = Tex(f"g_{{{name}}}"), Tex(f"E_{{{name}}}")
        if channel.ions is not None:
            E = _ions(channel, name, neuron.celsius, lines)
        opened = conductance(g, gates)
        currents[channel.name] = opened * E if channel.ghk else channel_current(V, g, E, gates)
    for synapse in neuron.synapses:
        currents[synapse.name] = _synapse(synapse, V, lines)
    if neuron.calcium is not None:
        Ca = Tex(rf"\mathrm{{{CALCIUM}}}")
        inward = [Tex(rf"I_{{\mathrm{{{_escape(name)}}}}}") for name in neuron.calcium.channels]
        lines += [
            f"{one.text} &= {currents[name].text}"
            for one, name in zip(inward, neuron.calcium.channels, strict=True)
        ]
        total = sum(inward[1:], inward[0])
        rest, tau, factor = (
            Tex(rf"{x}_{{{below}}}")
            for x, below in (("c", r"\mathrm{rest}"), (r"\tau", Ca.text), (r"\phi", Ca.text))
        )
        flow = pool(Ca, rest, tau, factor, total)
        lines.append(rf"\frac{{d{Ca.text}}}{{dt}} &= {flow.text}")
    law = membrane(V, Tex(_NAMES["v_rest"]), Tex(_NAMES["I"]), currents.values())
    yield rf"{_NAMES['tau_m']} \frac{{dV}}{{dt}} &= {law.text}"
    yield from lines


def _gate(gate: Gate, name: str, celsius: float | None, lines: list[str]) -> tuple[Tex, int]:
    """Write a gate's equation with its two functions; give it with its power."""
    x = Tex(rf"{_escape(gate.name)}_{{{name}}}")
    of = {key: f"(V, {CALCIUM})" if rate.reads_calcium else "(V)" for key, rate in gate.rates.items()}
    if gate.inf is not None and not gate.moves:
        opened = Tex(rf"{x.text}^{{\infty}}{of['inf']}")
        lines.append(rf"{opened.text} &= {gate.inf.latex}")
        return opened, gate.power
    if gate.alpha is None:
        a, b = Tex(rf"{x.text}^{{\infty}}{of['inf']}"), Tex(rf"\tau_{{{x.text}}}{of['tau']}")
        flow = approach(x, a, b)
    else:
        a, b = Tex(rf"\alpha_{{{x.text}}}{of['alpha']}"), Tex(rf"\beta_{{{x.text}}}{of['beta']}")
        flow = open_and_close(x, a, b)
    if (pace := gate.pace(celsius)) != 1.0:
        flow = Tex(f"{pace:.6g}") * flow
    lines.append(rf"\frac{{d{x.text}}}{{dt}} &= {flow.text}")
    lines += [f"{one.text} &= {rate.latex}" for one, rate in zip((a, b), gate.rates.values(), strict=True)]
    return x, gate.power


def _ions(channel: Channel, name: str, celsius: float | None, lines: list[str]) -> Tex:
    """Write what drives a channel's ions; give its name: a driving force, or a reversal potential."""
    ions = channel.ions
    assert ions is not None  # as the caller has seen
    outside = Tex(rf"c^{{out}}_{{{name}}}")
    inside = Tex(rf"\mathrm{{{CALCIUM}}}" if ions.reads_calcium else rf"c^{{in}}_{{{name}}}")
    thermal = Tex(f"{ions.thermal(celsius):.6g}")
    if channel.ghk is None:
        E = Tex(f"E_{{{name}}}")
        law = nernst(thermal, ions.valence, inside, outside, lambda x: Tex(rf"\ln {x.text}"))
        lines.append(f"{E.text} &= {law.text}")
        return E
    drive = Tex(rf"\Delta_{{{name}}}(V)")
    law = constant_field(Tex("V"), thermal, ions.valence, inside, outside, _exprel)
    lines.append(f"{drive.text} &= {law.text}")
    return drive


def _exprel(x: Tex) -> Tex:
    return Tex(rf"\operatorname{{exprel}}\left({x.text}\right)")


def _synapse(synapse: Synapse, V: Tex, lines: list[str]) -> Tex:
    """Write a synapse's equations; give its current."""
    name = rf"\mathrm{{{_escape(synapse.name)}}}"
    s, x = Tex(f"s_{{{name}}}"), Tex(f"x_{{{name}}}")
    fall, rise = Tex(rf"\tau^{{decay}}_{{{name}}}"), Tex(rf"\tau^{{rise}}_{{{name}}}")
    if synapse.rise is None:
        lines.append(rf"\frac{{d{s.text}}}{{dt}} &= {decay(s, fall).text}")
    else:
        k = alpha_rise(
            fall,
            rise,
            lambda x: Tex(rf"\ln {x.text}"),
            lambda x: Tex(rf"\exp\left({x.text}\right)"),
            _exprel,
        )
        lines.append(rf"\frac{{d{s.text}}}{{dt}} &= {(decay(s, fall) + k * x).text}")
        lines.append(rf"\frac{{d{x.text}}}{{dt}} &= {decay(x, rise).text}")
    opened = [(s, 1)]
    if synapse.block is not None:
        block = Tex(rf"b_{{{name}}}(V)")
        lines.append(f"{block.text} &= {synapse.block.latex}")
        opened.append((block, 1))
    g = Tex(f"g_{{{name}}}")
    return (
        conductance(g, opened) if synapse.E is None else channel_current(V, g, Tex(f"E_{{{name}}}"), opened)
    )


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


def _of_equations(neuron: AnyNeuron) -> Iterator[str]:
    """Write every state's equation: text as it is written, all else as it is solved."""
    system = neuron.system
    symbols = (*system.states, system.input, *system.parameters)
    names = {symbol.name: _print(symbol, system) for symbol in symbols if not symbol.name.startswith("_")}
    given = dict(getattr(neuron, "equations", ()))
    for state, flow in zip(system.states, system.rhs, strict=True):
        text = given.get(state.name)
        law = written_latex(text, names) if isinstance(text, str) else _print(flow, system)
        yield rf"\frac{{d{_print(state, system)}}}{{dt}} &= {law}"


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
    sets = rf"{', '.join(moved)} \text{{ for }} {duration}" if moved else r"\text{a spike}"
    yield rf"V &\ge {_print(threshold, system)}: \quad {sets}"


def _print(expression: Any, system: HybridSystem) -> str:
    symbols = (*system.states, system.input, *system.parameters)
    names = {symbol: _NAMES[symbol.name] for symbol in symbols if symbol.name in _NAMES}
    return str(sympy.latex(expression, symbol_names=names))


def _escape(name: str) -> str:
    """Keep a name's underscores from becoming subscripts: TeX refuses two in a row."""
    return name.replace("_", r"\_")
