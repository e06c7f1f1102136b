"""What natrium says of an imported channel, in the file's own states."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import attrs
import numpy as np

from natrium.imports.result import LEAK, Imported
from natrium.model import Constant, Neuron
from natrium.model.arrays import Array
from natrium.model.calcium import CA
from natrium.model.channel import Channel, Gate
from natrium.model.kernel import lower_expressions
from natrium.model.rates import V, smooth_rate
from natrium.solvers import simulate

VOLTAGES = tuple(float(v) for v in np.linspace(-98.73, 41.19, 50))  # fifty, none a round number


def level_of(imported: Imported) -> float:
    """Give the concentration that rates read; NaN where they read none."""
    pool = imported.model.neuron.calcium
    return pool.rest if pool else float("nan")


def gate_curves(gate: Gate, calcium: float) -> tuple[Array, Array]:
    """Give a gate's steady state and time constant at the voltages, shape (50,) each."""
    flow = gate.flow(V)
    found = lower_expressions((flow.inf, flow.rate), (V, CA), "grid")(np.array(VOLTAGES), calcium)
    inf, rate = (np.broadcast_to(np.asarray(one, dtype=float), (len(VOLTAGES),)) for one in found)
    return inf, 1.0 / rate


def way_curves(channel: Channel, calcium: float) -> dict[tuple[str, str], Array]:
    """Give the rate of every transition of a channel's scheme at the voltages."""
    assert channel.scheme is not None
    ways = channel.scheme.transitions
    found = lower_expressions(tuple(smooth_rate(one.rate) for one in ways), (V, CA), "grid")(
        np.array(VOLTAGES), calcium
    )
    return {
        (one.source, one.target): np.broadcast_to(np.asarray(rate, dtype=float), (len(VOLTAGES),))
        for one, rate in zip(ways, found, strict=True)
    }


FIRING, MOST, HALVINGS = (
    60.0,
    20,
    40,
)  # ms of a run, its spikes at most, halvings of the step onto the threshold
STRONG = 20.0  # times the leak: a stronger channel is given a larger leak, lest the cell never rest
DRIVE = 25.0  # mV


def firing_cell(imported: Imported) -> tuple[Neuron, float]:
    """Give the cell whose spikes are compared: no refractory period, a leak that is a share of the channels'.

    Give also by how much its leak is larger than `LEAK`.
    """
    neuron = imported.model.neuron
    larger = max(1.0, sum(channel.g for channel in neuron.channels) / STRONG)
    channels = [attrs.evolve(channel, g=channel.g / larger) for channel in neuron.channels]
    return attrs.evolve(neuron, channels=channels, tau_ref=0.0), larger


def spikes_of(imported: Imported) -> tuple[Array, float]:
    """Give the spikes of that cell under a constant input, and V at the end."""
    neuron, _ = firing_cell(imported)
    run = simulate(neuron, Constant(DRIVE), t_end=FIRING, rtol=1e-11)
    return run.spike_times[:MOST], run.final_state["V"]


def started(imported: Imported) -> dict[str, float]:
    """Give what each of the file's states starts at."""
    assert imported.mechanism is not None
    neuron = imported.model.neuron
    at = dict(zip(neuron.system.labels, neuron.initial_state(), strict=True))
    found = {}
    for state, (channel, name, factor) in imported.mechanism.gates.items():
        scheme = next(one.scheme for one in neuron.channels if one.name == channel)
        if f"{channel}.{name}" in at:
            found[state] = float(at[f"{channel}.{name}"]) * factor
        elif scheme is not None and name == scheme.dropped:
            found[state] = 1.0 - sum(float(at[f"{channel}.{one}"]) for one in scheme.kept)
        partner = imported.mechanism.pairs.get(state)
        if partner is not None and state in found:
            found.setdefault(partner, 1.0 - found[state])
    return found


def gates_of(imported: Imported) -> dict[str, tuple[Gate, float]]:
    """Give each of the file's states that became a gate, with what it was divided by."""
    assert imported.mechanism is not None
    channels = {channel.name: channel for channel in imported.model.neuron.channels}
    found = {}
    for state, (channel, name, factor) in imported.mechanism.gates.items():
        gate = next((one for one in channels[channel].gates if one.name == name), None)
        if gate is not None and gate.moves:
            found[state] = (gate, factor)
    return found


def scheme_of(imported: Imported) -> tuple[Channel, dict[str, str]] | None:
    """Give the channel of the kinetic scheme, and the scheme's state for each of the file's."""
    assert imported.mechanism is not None
    for channel in imported.model.neuron.channels:
        if channel.scheme is not None:
            return channel, {
                state: name
                for state, (_, name, _) in imported.mechanism.gates.items()
                if name in channel.scheme.states
            }
    return None


def shares_for(imported: Imported, states: Sequence[str]) -> list[list[float]]:
    """Choose what is open at each voltage; the states of a scheme add up to one."""
    scheme = scheme_of(imported)
    inside = [state for state in states if scheme and state in scheme[1]]
    drawn = np.random.default_rng(1952).uniform(0.05, 0.95, (len(VOLTAGES), len(states)))
    at = [states.index(one) for one in inside]
    if at:
        drawn[:, at] /= drawn[:, at].sum(axis=1, keepdims=True)
    return [[float(x) for x in row] for row in drawn]


def currents_at(imported: Imported, shares: Sequence[Mapping[str, float]]) -> Array:
    """Give the outward current at each voltage, mA/cm2, with these states open."""
    assert imported.mechanism is not None
    neuron, calcium = imported.model.neuron, level_of(imported)
    total = np.zeros(len(VOLTAGES))
    for channel in neuron.channels:
        inward = np.array([channel.inward(v, None, calcium) for v in VOLTAGES])
        total -= LEAK * inward * _open(imported, channel, shares, calcium)
    return total


def _open(
    imported: Imported, channel: Channel, shares: Sequence[Mapping[str, float]], calcium: float
) -> Array:
    assert imported.mechanism is not None
    by_name = {name: (state, factor) for state, (_, name, factor) in imported.mechanism.gates.items()}
    found = np.ones(len(VOLTAGES))
    for gate in channel.gates:
        if gate.moves:
            state, factor = by_name[gate.name]
            found = found * (np.array([one[state] for one in shares]) / factor) ** gate.power
        else:
            inf = lower_expressions((gate.at_once(),), (V, CA), "grid")(np.array(VOLTAGES), calcium)[0]
            found = found * np.asarray(inf, dtype=float) ** gate.power
    if channel.scheme is not None:
        found = found * sum(
            np.array([one[by_name[name][0]] for one in shares]) for name in channel.scheme.open
        )
    return np.asarray(found)
