"""Cycles through the branches of a right-hand side: against integrations split by hand, and by pushing."""

import numpy as np
import pytest
import sympy
from scipy.integrate import solve_ivp

import natrium

V, w, I = sympy.symbols("V w I", real=True)
# Both equations jump, each at a surface of its own, and one has a kink.
CELL = natrium.HybridNeuron(
    equations={
        "V": "w + 0.1*(V - V**3/3) + where(V < 0.5, 0, 0.3) + I",
        "w": "-V + where(w > 0.4, 0.2, -0.1) + 0.1*max(w, -1)",
    },
    initial={"V": 1.0, "w": 0.1},
)


def by_hand(y, length, level=0.1, tolerance=1e-13):
    """Integrate with all sides held, and change one where its own surface is met."""
    surfaces = [lambda t, y: y[0] - 0.5, lambda t, y: y[1] - 0.4, lambda t, y: y[1] + 1.0]
    for one in surfaces:
        one.terminal = True
    y, t = np.array(y, dtype=float), 0.0
    sides = [one(t, y) > 0.0 for one in surfaces]
    while t < length:

        def flow(t, y, sides=tuple(sides)):
            V, w = y
            kink = w if sides[2] else -1.0
            return [
                w + 0.1 * (V - V**3 / 3.0) + 0.3 * sides[0] + level,
                -V + (0.2 if sides[1] else -0.1) + 0.1 * kink,
            ]

        for one, side in zip(surfaces, sides, strict=True):
            one.direction = -1.0 if side else 1.0
        run = solve_ivp(flow, (t, length), y, "DOP853", rtol=tolerance, atol=tolerance, events=surfaces)
        t, y = float(run.t[-1]), run.y[:, -1]
        if run.status == 1:
            met = next(k for k, times in enumerate(run.t_events) if times.size)
            sides[met] = not sides[met]
    return y


@pytest.fixture(scope="module")
def cycle():
    return natrium.smooth_cycle(CELL, 0.1, transient=100.0, look=40.0)


def test_the_cycle_closes_by_hand(cycle):
    assert by_hand(cycle.state, cycle.period) == pytest.approx(cycle.state, abs=2e-11)
    assert cycle.period_error < 1e-9


def test_multipliers_are_those_of_differences_by_hand(cycle):
    step = 1e-5
    columns = [
        (by_hand(cycle.state + shift, cycle.period) - by_hand(cycle.state - shift, cycle.period))
        / (2.0 * step)
        for shift in step * np.eye(2)
    ]
    assert cycle.monodromy == pytest.approx(np.column_stack(columns), abs=2e-8)
    along, other = cycle.multipliers
    assert along == pytest.approx(1.0, abs=1e-10)
    assert 0.05 < other.real < 0.5
    assert abs(other.real - np.linalg.det(np.column_stack(columns))) < 1e-7


def test_a_section_on_a_surface_gives_the_same(cycle):
    other = natrium.smooth_cycle(CELL, 0.1, transient=100.0, look=40.0, section=0.5)
    assert other.period == pytest.approx(cycle.period, abs=1e-10)
    assert other.multipliers == pytest.approx(cycle.multipliers, abs=1e-9)
    for one in (cycle, other):
        found = natrium.phase_response(one, times=[0.0, 0.2 * one.period, 0.7 * one.period])
        flows = np.array([one.linear.flow(y, 0.1)[0] for y in found.states.T])
        flows[0] = one.linear.flow(by_hand(one.state, 1e-9), 0.1)[0]
        assert np.einsum("ij,ji->j", found.Z, flows) == pytest.approx(1.0, abs=1e-7)


def test_the_response_is_what_a_push_does(cycle):
    """The shift of a rise many cycles later, by hand."""
    found = natrium.phase_response(cycle, times=np.array([0.15, 0.8]) * cycle.period)
    flow = cycle.linear.flow(cycle.state, 0.1)[0]
    for t, Z in zip(found.times, found.Z.T, strict=True):
        at = by_hand(cycle.state, t)
        for column, push in enumerate(1e-4 * np.eye(2)):
            ends = [by_hand(at + side * push, 7.0 * cycle.period - t) for side in (1.0, -1.0)]
            # After so long both are on the cycle, ahead by what the push advanced them.
            ahead = (ends[0] - ends[1]) @ flow / (flow @ flow) / 2e-4
            assert Z[column] == pytest.approx(ahead, rel=2e-4, abs=2e-5)


def test_the_response_of_spikes_jumps_as_it_must():
    """A leaky neuron whose input doubles above -60 mV: Z = 1/(dV/dt) on either side."""
    cell = natrium.HybridNeuron(
        equations={"V": (-(V + 70) + I * sympy.Piecewise((1, V < -60), (2, True))) / 10},
        initial={"V": -70.0},
        v_thresh=-55.0,
        reset={"V": -70.0},
    )
    cycle = natrium.limit_cycle(cell, 20.0)
    assert cycle.period == pytest.approx(10.0 * np.log(2.0) + 10.0 * np.log(30.0 / 25.0), abs=1e-9)
    times = np.array([1.0, 5.0, 7.5])
    found = natrium.phase_response(cycle, times=times)
    at = np.where(
        times < 10.0 * np.log(2.0),
        20.0 * np.exp(-times / 10.0),
        30.0 * np.exp(-(times - 10.0 * np.log(2.0)) / 10.0),
    )
    assert pytest.approx(10.0 / at, rel=1e-8) == found.V
    pushed = natrium.direct_response(cycle, 1e-4, times, cycles=2)
    assert pushed.next_spike / 1e-4 == pytest.approx(found.V, rel=1e-4)


def test_one_kink_alone():
    """Continuous there, so that nothing jumps: a FitzHugh-Nagumo cell with a bent nullcline."""
    bent = natrium.HybridNeuron(
        equations={"V": sympy.Max(V, -1) - V**3 - w + I, "w": 0.1 * (V - w)}, initial={"V": 0.0, "w": 0.1}
    )
    found = natrium.smooth_cycle(bent, 0.1, transient=300.0, look=100.0)

    def flow(t, y, below):
        return [(-1.0 if below else y[0]) - y[0] ** 3 - y[1] + 0.1, 0.1 * (y[0] - y[1])]

    def kink(t, y, below):
        return y[0] + 1.0

    kink.terminal, t, y, below = True, 0.0, found.state, found.state[0] < -1.0
    while t < found.period:
        kink.direction = 1.0 if below else -1.0
        run = solve_ivp(
            flow, (t, found.period), y, "DOP853", rtol=1e-13, atol=1e-13, events=kink, args=(below,)
        )
        t, y, below = float(run.t[-1]), run.y[:, -1], below != (run.status == 1)
    assert y == pytest.approx(found.state, abs=1e-10)
