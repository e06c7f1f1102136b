"""The hybrid automaton: its Jacobian is its flow's derivative; other coordinates change nothing."""

from typing import Any

import attrs
import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

import natrium
from natrium.model.kernel import lower_expressions
from tests.model.expressions.meaning import CONTEXT, exact

TAU = natrium.Gate("s", 2, inf="1/(1 + exp(-(V + 30)/6))", tau="1 + 5*exp(-((V + 40)/20)**2)")
NEURONS = {
    "plain": natrium.Neuron(),
    "sodium": natrium.Neuron(channels=[natrium.CHANNELS["notebook_sodium_1"]]),
    "squid": natrium.Neuron(channels=[natrium.CHANNELS["hh_sodium"], natrium.CHANNELS["hh_potassium"]]),
    "two": natrium.Neuron(channels=[natrium.CHANNELS[f"notebook_sodium_{k}"] for k in (1, 2)], v_reset=-72.0),
    "inf and tau": natrium.Neuron(
        20.0, 0.0, -65.0, -45.0, [natrium.Channel("M", 2.0, -90.0, [TAU])], refractory="clamp"
    ),
    "ohmic": natrium.Neuron(channels=[natrium.Channel("leak", 0.5, -60.0)]),
}
voltages = st.floats(-110.0, 60.0) | st.sampled_from((-40.0, -55.0, -45.0, -70.0))
fractions = st.floats(0.0, 1.0)
inputs = st.floats(-50.0, 50.0)

pytestmark = pytest.mark.parametrize("neuron", NEURONS.values(), ids=NEURONS)
some = settings(max_examples=15, deadline=None)


def flow(system: natrium.HybridSystem) -> Any:
    return lower_expressions(system.rhs, (*system.states, system.input, *system.parameters))


def exact_flow(neuron: natrium.Neuron, state: list[Any], current: float) -> list[Any]:
    """Give the equations of the model, written apart from the package, with many digits."""
    V, gates = state[0], iter(state[1:])
    total, derivatives = neuron.v_rest - V + current, []
    for channel in neuron.channels:
        conductance = CONTEXT.mpf(channel.g)
        for gate in channel.gates:
            x = next(gates)
            conductance *= x**gate.power
            a, b = (exact(rate.text, V) for rate in (gate.alpha or gate.inf, gate.beta or gate.tau))
            derivatives.append(a * (1 - x) - b * x if gate.alpha is not None else (a - x) / b)
        total += conductance * (channel.E - V)
    return [total / neuron.tau_m, *derivatives]


@given(voltages, st.lists(fractions, min_size=4, max_size=4), inputs)
@some
def test_flow_is_the_model(neuron: natrium.Neuron, V: float, gates: list[float], current: float) -> None:
    system = neuron.system
    state = [V, *gates][: len(system.states)]
    value = flow(system)(*state, current, *system.values)
    true = exact_flow(neuron, [CONTEXT.mpf(part) for part in state], current)
    scale = 1.0 + sum(abs(channel.g * (channel.E - V)) for channel in neuron.channels) + abs(V) + abs(current)
    assert value == pytest.approx([float(part) for part in true], rel=1e-12, abs=1e-13 * scale)


@given(voltages, st.lists(fractions, min_size=4, max_size=4), inputs)
@some
def test_jacobian_is_the_derivative(
    neuron: natrium.Neuron, V: float, gates: list[float], current: float
) -> None:
    kernel = natrium.lower(neuron.system)
    state = [V, *gates][: len(neuron.system.states)]
    u, J = V - neuron.v_thresh, current - (neuron.v_thresh - neuron.v_rest)
    jacobian = np.array(kernel.stiff_jacobian(u, *state[1:], J, *kernel.parameters))
    step = CONTEXT.mpf(10) ** -15
    for column in range(len(state)):
        ends = []
        for sign in (1, -1):
            moved = [CONTEXT.mpf(part) for part in state]
            moved[column] += sign * step
            ends.append(exact_flow(neuron, moved, current))
        slopes = [float((high - low) / (2 * step)) for high, low in zip(*ends, strict=True)]
        scale = 1.0 + sum(abs(channel.g * (channel.E - V)) for channel in neuron.channels)
        assert jacobian[:, column] == pytest.approx(slopes, rel=1e-9, abs=1e-12 * scale)


@given(voltages, st.lists(fractions, min_size=4, max_size=4), inputs)
@some
def test_event_coordinates_are_a_shift(
    neuron: natrium.Neuron, V: float, gates: list[float], current: float
) -> None:
    system = neuron.system
    event = system.event_coordinates()
    state = [V, *gates][: len(system.states)]
    u, J = V - neuron.v_thresh, current - (neuron.v_thresh - neuron.v_rest)
    one = flow(system)(*state, current, *system.values)
    other = flow(event)(u, *state[1:], J, *event.values)
    scale = 1.0 + sum(abs(channel.g * (channel.E - V)) for channel in neuron.channels) + abs(V) + abs(current)
    assert other == pytest.approx(one, rel=1e-11, abs=1e-13 * scale)


def test_event_coordinates_in_symbols(neuron: natrium.Neuron) -> None:
    system, event = neuron.system, neuron.system.event_coordinates()
    names = {symbol.name: symbol for symbol in system.parameters}
    assert event.guard == event.states[0]
    assert event.reset == (names["v_reset"], *system.states[1:])
    assert (event.states[1:], event.labels, event.parameters) == (
        system.states[1:],
        system.labels,
        system.parameters,
    )
    assert sympy.Symbol("V", real=True) not in set().union(*(expr.free_symbols for expr in event.rhs))


def test_parts_are_declared(neuron: natrium.Neuron) -> None:
    system = neuron.system
    assert (
        len(system.states)
        == len(system.labels)
        == len(system.rhs)
        == len(system.reset)
        == 1 + len(system.gates)
    )
    assert len(system.parameters) == len(system.values) == 5 + 2 * len(neuron.channels)
    names = [symbol.name for symbol in (*system.states, system.input, *system.parameters)]
    assert len(set(names)) == len(names)
    used = set().union(*(expr.free_symbols for expr in (*system.rhs, system.guard, *system.reset)))
    assert used <= {*system.states, system.input, *system.parameters}
    assert system.labels[0] == "V"
    assert list(system.labels[1:]) == [f"{c.name}.{g.name}" for c in neuron.channels for g in c.gates]


def test_rules_of_the_event(neuron: natrium.Neuron) -> None:
    system = neuron.system
    names = {symbol.name: symbol for symbol in system.parameters}
    assert system.guard == system.states[0] - names["v_thresh"]
    assert system.direction == 1
    assert system.reset == (names["v_reset"], *system.states[1:])
    assert system.refractory.duration == names["tau_ref"]
    assert system.refractory.rule == neuron.refractory


def test_parameters_by_name(neuron: natrium.Neuron) -> None:
    for name in ("tau_m", "v_rest", "v_thresh", "v_reset", "tau_ref"):
        assert neuron.system.value(name) == getattr(neuron, name)
    for channel in neuron.channels:
        assert neuron.system.value(f"g_{channel.name}") == channel.g
        assert neuron.system.value(f"E_{channel.name}") == channel.E
    with pytest.raises(KeyError):
        neuron.system.value("tau")


@given(voltages)
@some
def test_slowing_leaves_steady_states(neuron: natrium.Neuron, V: float) -> None:
    """Each gate's rate is divided by 1 + (alpha + beta)/fastest: its zero stays, its sign too."""
    system = neuron.system
    slowed = system.slowed(0.5)
    kernel = natrium.lower(system)
    steady = kernel.steady(V) if system.gates else []
    at_rest = flow(slowed)(V, *steady, 0.0, *system.values)
    assert np.allclose(at_rest[1:], 0.0, atol=1e-15)
    elsewhere = [0.5 * part + 0.2 for part in steady]
    free = flow(system)(V, *elsewhere, 3.0, *system.values)
    held = flow(slowed)(V, *elsewhere, 3.0, *system.values)
    assert held[0] == free[0]
    rates = kernel.relaxation(V) if system.gates else []
    assert held[1:] == pytest.approx(
        [part / (1 + rate / 0.5) for part, rate in zip(free[1:], rates, strict=True)], rel=1e-12
    )
    assert max(map(abs, held[1:]), default=0.0) <= 0.5


@given(voltages, st.lists(fractions, min_size=4, max_size=4), inputs)
@some
def test_what_parameters_of_0_take_away_is_nothing(
    neuron: natrium.Neuron, V: float, gates: list[float], current: float
) -> None:
    silent = attrs.evolve(neuron, channels=[attrs.evolve(one, g=0.0) for one in neuron.channels], v_rest=0.0)
    system = silent.system
    pruned = system.pruned
    assert attrs.evolve(pruned, rhs=system.rhs, gates=system.gates) == system
    of_channels = {symbol for symbol in system.parameters if symbol.name[:2] in ("g_", "E_")}
    assert not any(expr.free_symbols & of_channels for expr in pruned.rhs)
    state = [V, *gates][: len(system.states)]
    assert flow(pruned)(*state, current, *system.values) == pytest.approx(
        flow(system)(*state, current, *system.values), rel=1e-14
    )


def test_system_is_frozen_and_shared(neuron: natrium.Neuron) -> None:
    assert neuron.system is neuron.system
    assert attrs.evolve(neuron).system is neuron.system
    assert hash(neuron.system) == hash(attrs.evolve(neuron.system))
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        neuron.system.direction = -1  # type: ignore[misc]  # the point of the test
