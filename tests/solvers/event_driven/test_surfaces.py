"""Branches as events of the flow: each run agrees with one split by hand, by another code.

The reference integrates each smooth side with SciPy's DOP853 at 1e-13, an event at the surface between, and
goes on with the other side.
"""

import itertools

import numpy as np
import pytest
import sympy
from scipy.integrate import solve_ivp

import natrium
from natrium.solvers.bernstein import value
from natrium.solvers.event_driven.surfaces import Surfaces

V, w, I, a, b = sympy.symbols("V w I a b", real=True)
T_END = 60.0


def by_hand(flow, surface, y, *, reset=None, v_thresh=None, t_end=T_END):
    """Integrate with one surface, flow(t, y, side), side the sign of surface(t, y); give spikes and end."""
    t, y, spikes = 0.0, np.array(y), []
    side = 1.0 if surface(0.0, y) >= 0.0 else -1.0
    while t < t_end:

        def turn(t, y, side=side):
            return side * surface(t, y)

        def spike(t, y):
            return y[0] - v_thresh

        turn.terminal, turn.direction = True, -1.0
        spike.terminal, spike.direction = True, 1.0
        events = [turn] if v_thresh is None else [turn, spike]
        found = solve_ivp(
            lambda t, y, side=side: flow(t, y, side), (t, t_end), y, method="DOP853", rtol=1e-13, atol=1e-14,
            events=events, max_step=0.02,
        )  # fmt: skip
        t, y = found.t[-1], found.y[:, -1]
        if found.status == 1 and found.t_events[0].size:
            side = -side
        elif found.status == 1:
            spikes.append(t)
            y = reset(y)
            side = 1.0 if surface(t, y) >= 0.0 else -1.0
    return np.array(spikes), y


def mckean(t, y, side):
    return [(1.0 - y[0] if side > 0 else -y[0]) - y[1] + 0.5, 0.1 * (y[0] - y[1])]


CASES = {
    # A piecewise-linear FitzHugh-Nagumo cell (McKean).
    "McKean": (
        natrium.HybridNeuron(
            equations={"V": sympy.Piecewise((-V, V < 0.25), (1 - V, True)) - w + I, "w": (V - w) / 10},
            initial={"V": 0.3, "w": 0.0},
        ),
        natrium.Constant(0.5),
        (mckean, lambda t, y: y[0] - 0.25, [0.3, 0.0]),
    ),
    # The recovery of an Izhikevich cell is faster above -60 mV; V jumps through all of it at each spike.
    "Izhikevich, two slopes": (
        natrium.HybridNeuron(
            equations={
                "V": 0.04 * V**2 + 5 * V + 140 - w + I,
                "w": sympy.Piecewise((0.02 * (0.2 * V - w), V < -60), (0.05 * (0.25 * V - w), True)),
            },
            initial={"V": -65.0, "w": -13.0},
            v_thresh=30.0,
            reset={"V": -65.0, "w": w + 8},
        ),
        natrium.Constant(10.0),
        (
            lambda t, y, side: [
                0.04 * y[0] ** 2 + 5 * y[0] + 140 - y[1] + 10,
                0.02 * (0.2 * y[0] - y[1]) if side < 0 else 0.05 * (0.25 * y[0] - y[1]),
            ],
            lambda t, y: y[0] + 60.0,
            [-65.0, -13.0],
            lambda y: np.array([-65.0, y[1] + 8.0]),
            30.0,
        ),
    ),
    # A rectified adaptation, its surface a curve in the plane.
    "rectified": (
        natrium.HybridNeuron(
            equations={
                "V": (-(V + 60) - 3 * sympy.Max(w, (V + 58) / 20) + I) / 10,
                "w": ((V + 60) / 10 - w) / 30,
            },
            initial={"V": -60.0, "w": 0.0},
            v_thresh=-45.0,
            reset={"V": -62.0, "w": w + 1},
        ),
        natrium.Constant(40.0),
        (
            lambda t, y, side: [
                (-(y[0] + 60) - 3 * (y[1] if side > 0 else (y[0] + 58) / 20) + 40) / 10,
                ((y[0] + 60) / 10 - y[1]) / 30,
            ],
            lambda t, y: y[1] - (y[0] + 58) / 20,
            [-60.0, 0.0],
            lambda y: np.array([-62.0, y[1] + 1.0]),
            -45.0,
        ),
    ),
    # The surface moves with the input.
    "by the input": (
        natrium.HybridNeuron(
            equations={"V": (-(V + 60) + I) / 10 + sympy.Heaviside(V + 70 - I)}, initial={"V": -60.0},
            v_thresh=-45.0, reset={"V": -60.0},
        ),
        natrium.Sine(5.0, frequency=50.0, offset=17.0),
        (
            lambda t, y, side: [(-(y[0] + 60) + 17 + 5 * np.sin(0.1 * np.pi * t)) / 10 + (side > 0)],
            lambda t, y: y[0] + 70 - 17 - 5 * np.sin(0.1 * np.pi * t),
            [-60.0],
            lambda y: np.array([-60.0]),
            -45.0,
        ),
    ),
}  # fmt: skip


@pytest.mark.parametrize("method", ["auto", "RK45", "Radau"])
@pytest.mark.parametrize("name", CASES)
def test_runs_agree_with_those_split_by_hand(name: str, method: str) -> None:
    cell, drive, (flow, surface, start, *firing) = CASES[name]
    reset, v_thresh = firing or (None, None)
    spikes, end = by_hand(flow, surface, start, reset=reset, v_thresh=v_thresh)
    solver = natrium.EventDriven(method=method, rtol=1e-11)
    run = natrium.simulate(cell, drive, t_end=T_END, solver=solver)
    assert run.n_spikes == len(spikes)
    assert np.abs(run.spike_times - spikes).max(initial=0.0) < 1e-9
    assert list(run.final_state.values()) == pytest.approx(end, abs=1e-8)


@pytest.mark.parametrize("name", CASES)
def test_the_error_falls_with_the_tolerance_as_without_branches(name: str) -> None:
    cell, drive, _ = CASES[name]
    tight = natrium.simulate(cell, drive, t_end=T_END, solver=natrium.EventDriven(rtol=1e-13))
    for rtol in (1e-5, 1e-7, 1e-9):
        run = natrium.simulate(cell, drive, t_end=T_END, solver=natrium.EventDriven(rtol=rtol))
        errors = np.abs(run.spike_times - tight.spike_times).tolist()
        errors.append(abs(run.final_state["V"] - tight.final_state["V"]))
        assert max(errors) < 3000 * rtol


def test_steps_end_on_the_surface() -> None:
    cell, drive, _ = CASES["Izhikevich, two slopes"]
    run = natrium.simulate(cell, drive, t_end=T_END)
    ends = np.array([segment.values[0, -1] for segment in run.segments])
    crossed = [
        (before, after)
        for before, after in itertools.pairwise(run.segments)
        if abs(before.values[0, -1] + 60.0) < 1e-6 and before.end == after.begin
    ]
    assert len(crossed) >= 2
    assert np.abs(ends[np.abs(ends + 60.0) < 1e-3] + 60.0).max() < 1e-9


def test_a_start_on_a_surface_takes_the_side_it_flows_to() -> None:
    up = natrium.HybridNeuron(equations={"V": sympy.sign(V)}, initial={"V": 0.0})
    assert natrium.simulate(up, t_end=2.0).final_state["V"] == pytest.approx(2.0, abs=1e-12)
    down = natrium.HybridNeuron(equations={"V": I + sympy.Heaviside(V)}, initial={"V": 0.0})
    end = natrium.simulate(down, natrium.Constant(-2.0), t_end=2.0).final_state["V"]
    assert end == pytest.approx(-4.0, abs=1e-12)


def test_a_surface_s_polynomial_is_that_of_the_states(monkeypatch) -> None:
    """Of a surface in V alone: between a step's ends, at them, and on the side of its start."""
    neuron = natrium.HybridNeuron(
        equations={"V": "-V/10 + where(V > 3, 2, 1)", "w": "(V - w)/30"}, initial={"V": 0.0, "w": 0.0}
    )
    seen, along = [], Surfaces.along

    def watched(self, step):
        found, off = along(self, step)
        V = step.bernstein(step.fun, step.record(step.step_start))[:, 0]
        for x in (0.0, 0.1, 0.37, 0.8, 1.0):
            exact = {0.0: step.y_old[0], 1.0: step.y[0]}.get(x, value(V.tolist(), x))
            assert value(found[0].tolist(), x) == pytest.approx(self.sides[0] * (3.0 - exact), abs=1e-9)
        seen.append(off[0])
        return found, off

    monkeypatch.setattr(Surfaces, "along", watched)
    natrium.simulate(neuron, t_end=30.0, solver="event")
    assert len(seen) > 5
    assert max(seen) < 1e-5


def test_sliding_along_a_jump_is_refused_and_a_continuous_kink_is_not() -> None:
    slides = natrium.HybridNeuron(equations={"V": -sympy.sign(V)}, initial={"V": 0.5})
    with pytest.raises(natrium.SolverError, match="leads back from both sides, at V = 0"):
        natrium.simulate(slides, t_end=2.0)
    bends = natrium.HybridNeuron(equations={"V": -sympy.Abs(V - 1) - V}, initial={"V": 3.0})
    # V' = 1 - 2 V above 1, then V' = -1 for good: both in closed form.
    falls = np.log(5.0) / 2.0
    end = natrium.simulate(bends, t_end=2.0).final_state["V"]
    assert end == pytest.approx(1.0 - (2.0 - falls), abs=1e-10)


def test_a_run_begins_on_the_side_that_its_input_is_on_then() -> None:
    sided = natrium.HybridNeuron(
        equations={"V": sympy.Piecewise((-V, I < 5), (3 - V, True))}, initial={"V": 0.0}
    )
    found = natrium.simulate(sided, natrium.Formula("6 + 10*t"), t_end=2.0, solver="event")
    t = np.linspace(0.0, 2.0, 9)
    np.testing.assert_allclose(found.state(t)[0], 3.0 * (1.0 - np.exp(-t)), atol=1e-8)


def test_what_leaves_its_surface_by_less_than_a_tolerance_is_seen_to_come_back() -> None:
    """w = 1e-7 t - t^2/2 is above zero for 2e-7 ms."""
    brief = natrium.HybridNeuron(
        equations={"V": sympy.Piecewise((-1, w < 0), (1, True)), "w": I}, initial={"V": 0.0, "w": 0.0}
    )
    found = natrium.simulate(brief, natrium.Formula("1e-7 - t"), t_end=2.0, solver="event")
    assert found.final_state["V"] == pytest.approx(-2.0, abs=1e-6)


def test_what_stands_still_on_its_surface_slides_along_nothing() -> None:
    still = natrium.HybridNeuron(
        equations={"V": -V / 10, "w": sympy.Piecewise((0, w < 0), (-1, True))}, initial={"V": -1.0, "w": 0.0}
    )
    found = natrium.simulate(still, t_end=5.0, solver="event")
    np.testing.assert_allclose(found.state(5.0), [-np.exp(-0.5), 0.0], rtol=1e-8, atol=1e-12)


def test_channels_with_branches_agree_with_their_smooth_halves() -> None:
    """A floor under tau that is never reached changes nothing; one that is makes two smooth stretches."""
    m = {"inf": "1/(1 + exp(-(V + 40)/7))", "tau": "0.1 + 0.4/cosh((V + 40)/30)"}
    floored = {"inf": m["inf"], "tau": "max(0.1 + 0.4/cosh((V + 40)/30), 0.05)"}
    for gate in (m, floored):
        channel = natrium.Channel("Na", 5.0, 50.0, [natrium.Gate("m", 2, **gate)])
        cell = natrium.Neuron(channels=[channel], v_thresh=-45.0)
        runs = [
            natrium.simulate(cell, natrium.Step(25.0, start=5.0), t_end=T_END, solver=s)
            for s in ("event", "compiled")
        ]
        assert runs[0].n_spikes > 2
        assert np.abs(runs[0].spike_times - runs[1].spike_times).max() < 1e-8
        if gate is m:
            expected = runs[0].spike_times
    assert np.abs(runs[0].spike_times - expected).max() < 1e-9


def test_spikes_are_ways_up_where_nothing_resets_v() -> None:
    """A linear oscillator crosses a level upwards once a turn, in closed form."""
    turn = 2 * np.pi / 10.0
    cell = natrium.HybridNeuron(
        equations={"V": w * turn, "w": -V * turn}, initial={"V": 0.0, "w": 1.0}, v_thresh=0.5
    )
    run = natrium.simulate(cell, t_end=100.0)
    expected = np.arcsin(0.5) / turn + 10.0 * np.arange(10)
    assert run.spike_times == pytest.approx(expected, abs=1e-7)
    assert all(event.before[0] == event.after[0] == 0.5 for event in run.events)
    above = cell.started([0.9, np.sqrt(1 - 0.81)])
    late = natrium.simulate(above, t_end=20.0).spike_times
    assert late == pytest.approx(expected[1:3] - np.arcsin(0.9) / turn, abs=1e-7)


def test_a_reset_over_the_threshold_is_named_and_one_onto_it_where_v_rises() -> None:
    parts = {"equations": {"V": I}, "initial": {"V": 0.0}, "v_thresh": 1.0}
    onto = natrium.HybridNeuron(**parts, reset={"V": 1.0})
    with pytest.raises(natrium.SolverError, match="reset must take V below v_thresh"):
        natrium.simulate(onto, natrium.Constant(1.0), t_end=5.0)
    for reset in ({"V": 1.0 + 1e-9}, {"V": 2.0}, {"V": V + 1}, {"V": a + 1}):
        with pytest.raises(natrium.ModelError, match="reset must take V below v_thresh"):
            natrium.HybridNeuron(**parts, parameters={"a": 0.5}, reset=reset)
    cell = natrium.HybridNeuron(
        equations={"V": I, "w": sympy.Integer(1)},
        initial={"V": 0.0, "w": 0.0},
        v_thresh=1.0,
        reset={"V": w - 3},
    )
    with pytest.raises(
        natrium.SolverError, match=r"below v_thresh \(1.0 mV\), got 1 mV at t = 4 ms: .* leave V"
    ):
        natrium.simulate(cell, natrium.Constant(1.0), t_end=10.0)


# C = 200 pF, g_L = 12 nS, ... and its usual cut-off, which V reaches within one unit in the last place of t;
# by heyoka at 1e-16.
ADEX = natrium.HybridNeuron(
    equations={
        "V": (-12 * (V + 70) + 24 * sympy.exp((V + 50) / 2) - w + I) / 200,
        "w": (2 * (V + 70) - w) / 300,
    },
    initial={"V": -70.0, "w": 0.0},
    v_thresh=20.0,
    reset={"V": -58.0, "w": w + 60},
)


@pytest.mark.parametrize("method", ["auto", "DOP853", "Radau"])
def test_a_cut_off_nearer_than_a_unit_of_time_is_reached(method: str) -> None:
    run = natrium.simulate(
        ADEX, natrium.Constant(500.0), t_end=1000.0, solver=natrium.EventDriven(method=method)
    )
    assert run.n_spikes == 17
    assert run.spike_times[[0, -1]] == pytest.approx([14.90404365, 962.8780550], abs=1e-6)


@pytest.mark.parametrize("slope", [0.9, 1.0, 0.37, 3.3])
@pytest.mark.parametrize("level", [1.7, 5.0, 16.0])
def test_a_branch_in_the_input_alone_is_met_to_the_last_digit(slope, level):
    neuron = natrium.HybridNeuron(
        equations={"V": "where(I > level, 3, -1) - V/10"}, parameters={"level": level}, initial={"V": 2.0}
    )
    run = natrium.simulate(neuron, natrium.Ramp(slope), t_end=100.0)
    split = level / slope
    before = -10.0 + 12.0 * np.exp(-split / 10.0)
    t = np.linspace(0.0, 100.0, 200)
    expected = np.where(
        t < split, -10.0 + 12.0 * np.exp(-t / 10.0), 30.0 + (before - 30.0) * np.exp(-(t - split) / 10.0)
    )
    np.testing.assert_allclose(run.state(t)[0], expected, rtol=0, atol=2e-7)
    assert run.segments[1].begin == pytest.approx(split, rel=1e-14)


def test_a_branch_whose_surface_jumps_with_another_changes_its_side_as_well() -> None:
    """The lower bound of tau begins to hold as tau falls from 2 to 0 at -60 mV."""

    def spikes(tau):
        gate = natrium.Gate("m", inf="1/(1 + exp(-(V + 35)/7))", tau=tau)
        cell = natrium.Neuron(tau_ref=0.0, channels=[natrium.Channel("K", 1.0, -80.0, [gate])])
        return natrium.simulate(cell, natrium.Constant(25.0), t_end=40.0).spike_times

    nested = spikes("max(where(V < -60, 2, 3 + V/20), 0.75)")
    assert nested.size == 4
    np.testing.assert_array_equal(nested, spikes("where(V < -60, 2, max(3 + V/20, 0.75))"))
