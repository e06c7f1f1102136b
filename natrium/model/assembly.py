"""The symbolic system of a neuron of channels, put together of its parts, and the state it starts in."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import sympy

from natrium.model.calcium import CA
from natrium.model.equations import channel_current, conductance, membrane, pool
from natrium.model.errors import ModelError
from natrium.model.expressions.expression import CALCIUM, constant_symbol
from natrium.model.hybrid import BY_STATE, HybridSystem, Refractory
from natrium.model.kernel import lower, lower_expressions
from natrium.model.rates import V, smooth_rate
from natrium.model.scheme import STEADY_STATE
from natrium.model.unstarted import Unstarted

CELSIUS = constant_symbol("celsius")


class _Parts:
    """What has been put together so far."""

    def __init__(self, neuron: Any, inner: tuple[str, ...]) -> None:
        self.neuron, self.inner = neuron, inner
        self.celsius = CELSIUS if "celsius" in inner and neuron.celsius is not None else neuron.celsius
        names = [name for name, one in neuron.numbers().items() if one.symbol]
        # A gate named g, or a gate tau of a channel m, must not become another symbol's double.
        self.taken = {"I", "V", "v_thresh", "v_reset", "tau_ref", CALCIUM, *names}
        self.parameters: list[Any] = []
        self.values: list[float] = []
        self.states, self.labels = [V], ["V"]
        self.derivatives: list[Any] = []
        self.gates, self.shares = list[Any](), list[Any]()
        self.currents: dict[str, Any] = {}

    def parameter(self, name: str, value: float) -> Any:
        """Add a parameter; give its symbol."""
        symbol = sympy.Symbol(name, real=True)
        self.parameters.append(symbol)
        self.values.append(value)
        return symbol

    def state(self, name: str, owner: str) -> Any:
        """Add a state; give its symbol."""
        own = f"{name}_{owner}"
        while own in self.taken:
            own += "_"
        self.taken.add(own)
        symbol = sympy.Symbol(own, real=True)
        self.states.append(symbol)
        self.labels.append(f"{owner}.{name}")
        return symbol

    def channel(self, channel: Any) -> None:
        """Add a channel's states and its current."""
        g = self.parameter(f"g_{channel.name}", channel.g)
        E = None if channel.E is None else self.parameter(f"E_{channel.name}", channel.E)
        powers = []
        for gate in channel.gates:
            if not gate.moves:
                powers.append((gate.at_once(self.inner), gate.power))
                continue
            x = self.state(gate.name, channel.name)
            powers.append((x, gate.power))
            pace = gate.pace(self.celsius)
            self.derivatives.append(gate.derivative(x, pace, self.inner))
            if gate.reads_calcium:
                self.shares.append(x)
            else:
                self.gates.append(gate.flow(x, pace, self.inner))
        if channel.scheme is not None:
            scheme = channel.scheme
            own = {kept: self.state(kept, channel.name) for kept in scheme.kept}
            shares = scheme.shares(own)
            self.shares += own.values()
            self.derivatives += scheme.flows(shares, self.inner).values()
            powers.append((sympy.Add(*(shares[name] for name in scheme.open)), 1))
        if channel.ions is None:
            self.currents[channel.name] = channel_current(V, g, E, powers)
            return
        ions, celsius = channel.ions, self.celsius
        outside = self.parameter(f"outside_{channel.name}", ions.outside)
        inside = CA if ions.reads_calcium else self.parameter(f"inside_{channel.name}", ions.inside)
        if channel.ghk is not None:
            current = conductance(g, powers) * ions.drive(V, inside, outside, celsius)
        else:
            current = channel_current(V, g, ions.potential(inside, outside, celsius), powers)
        self.currents[channel.name] = current

    def synapse(self, synapse: Any) -> None:
        """Add a synapse's states and its current."""
        named = {short: getattr(synapse, short) for short in ("g", "E", "decay", "rise")}
        own = {
            short: self.parameter(f"{short}_{synapse.name}", value)
            for short, value in named.items()
            if value is not None
        }
        states = {name: self.state(name, synapse.name) for name in synapse.states}
        self.derivatives += synapse.flows(states, own["decay"], own.get("rise")).values()
        powers = [(states["s"], 1)]
        if synapse.block is not None:
            powers.append((smooth_rate(synapse.block, self.inner), 1))
        E = own.get("E")
        current = conductance(own["g"], powers) if E is None else channel_current(V, own["g"], E, powers)
        self.currents[synapse.name] = current

    def calcium(self, calcium: Any) -> None:
        """Add the pool, of the currents that are there by now."""
        rest, tau, factor = (
            self.parameter(f"{short}_{CALCIUM}", getattr(calcium, short))
            for short in ("rest", "tau", "factor")
        )
        self.states.append(CA)
        self.labels.append(CALCIUM)
        inward = sympy.Add(*(self.currents[name] for name in calcium.channels))
        self.derivatives.append(pool(CA, rest, tau, factor, inward))


@lru_cache(maxsize=512)
def system_of(neuron: Any, inner: tuple[str, ...] = ()) -> HybridSystem:
    """Build the symbolic system of a `Neuron`; its structure depends on the channels' kinetics only.

    Constants of rates and the temperature are numbers in it, but those in `inner`, which have symbols.
    """
    return _assemble(Unstarted.of(neuron), inner)


@lru_cache(maxsize=512)
def _assemble(unstarted: Unstarted, inner: tuple[str, ...]) -> HybridSystem:
    neuron = unstarted.neuron
    parts = _Parts(neuron, inner)
    # Without a threshold its symbol stands for the origin of V alone; without a reset that one's for nothing.
    tau_m, v_rest, v_thresh, v_reset, tau_ref = (
        parts.parameter(name, value)
        for name, value in (
            ("tau_m", neuron.tau_m),
            ("v_rest", neuron.v_rest),
            ("v_thresh", neuron.origin),
            ("v_reset", neuron.origin if neuron.passes else neuron.v_reset),
            ("tau_ref", neuron.tau_ref),
        )
    )
    current = sympy.Symbol("I", real=True)
    for channel in neuron.channels:
        parts.channel(channel)
    for synapse in neuron.synapses:
        parts.synapse(synapse)
    if neuron.calcium is not None:
        parts.calcium(neuron.calcium)
    for name, one in neuron.numbers().items():
        if name in inner:
            parts.parameter(one.symbol, one.value)
    own = tuple(f"{synapse.name}.{name}" for synapse in neuron.synapses for name in synapse.states)
    # What comes to a synapse comes whatever the neuron does.
    rule = (BY_STATE, own) if own and neuron.refractory == "hold" else (neuron.refractory, ())
    return HybridSystem(
        states=tuple(parts.states),
        labels=tuple(parts.labels),
        input=current,
        parameters=tuple(parts.parameters),
        values=tuple(parts.values),
        rhs=(membrane(V, v_rest, current, parts.currents.values()) / tau_m, *parts.derivatives),
        guard=V - v_thresh if neuron.fires else None,
        reset=tuple(parts.states) if neuron.passes else (v_reset, *parts.states[1:]),
        refractory=Refractory(tau_ref, *rule),
        gates=tuple(parts.gates),
        origin=v_thresh,
        gap=v_thresh - v_rest,
        shares=tuple(parts.shares),
        amounts=(CA,) if neuron.calcium is not None else (),
        inlets=tuple((synapse.name, f"{synapse.name}.{synapse.states[-1]}") for synapse in neuron.synapses),
    )


@lru_cache(maxsize=32)
def initial_state_of(neuron: Any) -> tuple[float, ...]:
    """Give the state in which a `Neuron` starts; see `Neuron.initial_state`."""
    v_init = neuron.v_init
    calcium = math.nan if neuron.calcium is None else neuron.calcium.initial
    gates = [gate for channel in neuron.channels for gate in channel.moving]
    try:
        # Where every gate has its number nothing need be lowered.
        is_wanted = any(gate.initial == STEADY_STATE for gate in gates)
        known = iter(lower(neuron.system).steady(v_init) if is_wanted else [math.nan] * len(gates))
        steady = [
            lower_expressions((gate.steady,), (V, CA))(v_init, calcium)[0]
            if gate.reads_calcium
            else next(known)
            for gate in gates
        ]
    except (ZeroDivisionError, ValueError, OverflowError):
        steady = [math.nan] * len(gates)
    missing = [
        gate
        for gate, start in zip(gates, steady, strict=True)
        if gate.initial == STEADY_STATE and not math.isfinite(start)
    ]
    if missing:
        raise ModelError(
            f"no steady state at v_init = {v_init!r} mV: a gate does not move there; "
            "give the gates initial values"
        )
    starts = iter(steady)
    values: list[float] = [v_init]
    for channel in neuron.channels:
        for gate in channel.moving:
            start = next(starts)
            values.append(start if gate.initial == STEADY_STATE else float(gate.initial))
        if channel.scheme is not None:
            values += channel.scheme.start(v_init, calcium).values()
    values += [value for synapse in neuron.synapses for value in synapse.start()]
    return tuple(values) if neuron.calcium is None else (*values, calcium)
