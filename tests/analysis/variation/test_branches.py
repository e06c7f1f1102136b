"""Derivatives across the branches of a right-hand side, against differences of tightly solved runs."""

import numpy as np
import pytest
import sympy

import natrium

V, w, I, a, b = sympy.symbols("V w I a b", real=True)
TIGHT = natrium.EventDriven(rtol=1e-13)
DRIVE = natrium.Sine(3.0, frequency=11.0, offset=10.0)
# A jump in dV/dt at a line of the plane, one in dw/dt at a voltage that follows the input, and a kink.
CELL = natrium.HybridNeuron(
    equations={
        "V": 0.04 * V**2 + 5 * V + 140 - w + I + a * sympy.Heaviside(V + 60 + b * w),
        "w": sympy.Piecewise((0.02 * (0.2 * V - w), V < -60 + (I - 8) / 10), (0.02 * (0.25 * V - w), True))
        + sympy.Max(V / 1000, -0.05),
    },
    parameters={"a": 2.0, "b": 0.1},
    initial={"V": -65.0, "w": -8.0},
    v_thresh=30.0,
    reset={"V": -65.0, "w": w + 8},
    tau_ref=1.0,
)


@pytest.fixture(scope="module")
def gradients():
    return natrium.spike_time_gradients(natrium.simulate(CELL, DRIVE, t_end=120.0))


def spikes(neuron, stimulus):
    return natrium.simulate(neuron, stimulus, t_end=120.0, solver=TIGHT).spike_times


@pytest.mark.parametrize(
    "name", ["a", "b", "v_thresh", "tau_ref", "v_init", "I_0", "frequency_0", "offset_0"]
)
def test_gradients_are_those_of_differences(name, gradients):
    step = 1e-4
    drive = natrium.Sum((DRIVE,))
    known = natrium.parameters(CELL, drive)
    model, ends = natrium.Model(neuron=CELL, stimulus=drive), []
    for sign in (1.0, -1.0):
        moved = natrium.with_parameters(model, {name: known[name] + sign * step})
        ends.append(spikes(moved.neuron, moved.stimulus))
    found = gradients.matrix[:, gradients.names.index(name)]
    assert found == pytest.approx((ends[0] - ends[1]) / (2.0 * step), rel=3e-6, abs=1e-7)


def test_multipliers_are_those_of_the_return_map():
    cell = natrium.HybridNeuron(
        equations={
            "V": (-(V + 60) + I) / 10 - w,
            "w": sympy.Piecewise(((V + 60) / 200 - w / 50, V < -52), ((V + 40) / 100 - w / 80, True)),
        },
        initial={"V": -60.0, "w": 0.0},
        v_thresh=-45.0,
        reset={"V": -58.0, "w": w + 0.1},
    )
    cycle = natrium.limit_cycle(cell, 40.0)
    (multiplier,) = cycle.multipliers
    start = natrium.simulate(cell, natrium.Constant(40.0), t_end=3000.0, solver=TIGHT).events[-1].after

    def returned(w0):
        run = natrium.simulate(cell.started([start[0], w0]), natrium.Constant(40.0), t_end=60.0, solver=TIGHT)
        return run.events[0].after[1]

    step = 1e-4
    expected = (returned(start[1] + step) - returned(start[1] - step)) / (2.0 * step)
    assert 0.01 < abs(expected) < 1.0
    assert multiplier.real == pytest.approx(expected, rel=1e-6)


def test_a_run_without_branches_is_followed_as_ever():
    plain = natrium.notebook.lif_na2()
    run = natrium.simulate(plain.neuron, plain.stimulus, t_end=100.0)
    assert np.all(np.isfinite(natrium.spike_time_gradients(run).matrix))
