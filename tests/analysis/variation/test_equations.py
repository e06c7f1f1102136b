"""The engine: derivatives of the flow, of the refractory period and of states through jumps."""

import math

import attrs
import numpy as np
import pytest

from natrium.analysis.variation.equations import Directions, integrate, propagate
from natrium.analysis.variation.gradients import parameter_directions
from natrium.analysis.variation.linearised import linearised
from natrium.model import (
    CHANNELS,
    Constant,
    Drive,
    Gate,
    Model,
    ModelError,
    Neuron,
    Simulation,
    SolverError,
    Step,
    Sum,
    as_stimulus,
    lower,
    notebook,
)
from natrium.model.parameters import choose, parameters, with_parameters
from natrium.solvers import EventDriven, run
from natrium.solvers.refractory import rest_segment

TIGHT = EventDriven(rtol=1e-13)
ALL = Neuron(channels=(CHANNELS["hh_sodium"], CHANNELS["hh_potassium"]), refractory="clamp")


def central(function, x, h=1e-5):
    return np.stack([(function(x + h * e) - function(x - h * e)) / (2 * h) for e in np.eye(x.size)], axis=-1)


@pytest.mark.parametrize("V", [-71.0, -40.0, 10.0])  # -40: a removable singularity
def test_derivatives_of_the_flow(V):
    linear, y = linearised(ALL.system), np.array([V, 0.1, 0.4, 0.3])
    f, J, f_I = linear.flow(y, 7.0)
    np.testing.assert_allclose(J, central(lambda x: linear.flow(x, 7.0)[0], y), rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(f_I, [0.1, 0, 0, 0])
    values = np.array(ALL.system.values)

    def of_parameters(p):
        return linearised(attrs.evolve(ALL.system, values=tuple(p))).flow(y, 7.0)[0]

    np.testing.assert_allclose(
        linear.by_parameters(y, 7.0), central(of_parameters, values, 1e-4), rtol=1e-5, atol=1e-6
    )
    assert f.shape == (4,)


def test_derivatives_of_the_clamped_refractory_period():
    linear, y, length = linearised(ALL.system), np.array([-68.0, 0.5, 0.2, 0.7]), 1.7
    end, by_state, by_length = linear.rest(y, length)
    np.testing.assert_allclose(end, rest_segment(lower(ALL.system), 0.0, length, y).values[:, -1], rtol=1e-14)
    np.testing.assert_allclose(
        by_state, central(lambda x: linear.rest(x, length)[0], y), rtol=1e-7, atol=1e-9
    )
    h = 1e-5
    moved = (linear.rest(y, length + h)[0] - linear.rest(y, length - h)[0]) / (2 * h)
    np.testing.assert_allclose(by_length, moved, rtol=1e-7, atol=1e-10)


def test_a_gate_that_does_not_move_stands_still_when_clamped():
    still = Gate("s", alpha="0*V", beta="0*V", initial=0.4)
    channel = attrs.evolve(CHANNELS["hh_sodium"], gates=(still,))
    linear = linearised(Neuron(channels=(channel,), refractory="clamp").system)
    end, by_state, by_length = linear.rest(np.array([-70.0, 0.4]), 2.0)
    assert end.tolist() == [-70.0, 0.4]
    assert by_state.tolist() == np.eye(2).tolist()
    assert by_length.tolist() == [0.0, 0.0]
    by_voltage, by_parameters = linear.steady_slopes(-70.0)
    assert by_voltage.tolist() == [0.0]
    assert not by_parameters.any()


def test_the_leak_is_its_closed_form():
    linear, directions = linearised(Neuron().system), Directions(np.eye(1), np.zeros((5, 1)))
    y, S = integrate(linear, Drive(level=3.0), np.array([-60.0]), np.eye(1), 12.0, directions)
    assert y[0] == pytest.approx(-67.0 + 7.0 * math.exp(-1.2), abs=1e-10)
    assert S[0, 0] == pytest.approx(math.exp(-1.2), abs=1e-11)
    same = integrate(linear, Drive(), y, S, 0.0, directions)
    assert same[0] is y


def test_the_determinant_of_the_flow_is_that_of_liouville():
    neuron = attrs.evolve(ALL, v_thresh=None)
    linear = linearised(neuron.system)
    y0 = np.array(neuron.initial_state())
    directions = Directions(np.eye(4), np.zeros((len(neuron.system.parameters), 4)))
    _, S = integrate(linear, Drive(level=20.0), y0, np.eye(4), 3.0, directions, rtol=1e-12)
    trajectory = TIGHT.solve(neuron, Constant(20.0), t_end=3.0)
    nodes, weights = np.polynomial.legendre.leggauss(60)
    times = 1.5 * (nodes + 1.0)
    traces = [np.trace(linear.flow(y, 20.0)[1]) for y in trajectory.state(times).T]
    assert math.log(np.linalg.det(S)) == pytest.approx(1.5 * float(weights @ traces), rel=1e-6)


@pytest.mark.parametrize("rule", ["hold", "clamp"])
def test_the_final_state_through_spikes(rule):
    script = notebook.lif_na()
    model = attrs.evolve(
        script, neuron=attrs.evolve(script.neuron, refractory=rule), simulation=Simulation(t_end=80.0)
    )
    names = ("g_Na", "I_0", "tau_ref", "v_reset", "start_0")
    trajectory = run(model, TIGHT)
    chosen = choose(model.neuron, model.stimulus, names)
    found = propagate(
        trajectory, parameter_directions(model.neuron, model.stimulus, chosen, 0.0, 80.0), rtol=1e-12
    )
    assert len(found.spikes) == 2
    for column, name in enumerate(names):
        value = parameters(model.neuron, model.stimulus)[name]
        h = 1e-4 * max(1.0, abs(value))
        ends = [run(with_parameters(model, {name: value + s * h}), TIGHT).y[:, -1] for s in (1, -1)]
        np.testing.assert_allclose(
            found.final[:, column], (ends[0] - ends[1]) / (2 * h), rtol=1e-5, atol=1e-7, err_msg=name
        )


def test_the_saltation_of_the_plain_lif():
    """S after the reset is f+/f- times S before: 20/5 for I = 20."""
    trajectory = TIGHT.solve(Neuron(tau_ref=0.0), Constant(20.0), t_end=14.0)
    (event,) = trajectory.events
    found = propagate(trajectory, Directions(np.eye(1), np.zeros((5, 1))))
    spike = found.spikes[0]
    before = math.exp(-event.time / 10.0)
    assert spike.gradient[0] == pytest.approx(-before / 0.5, rel=1e-9)
    assert spike.slope == pytest.approx(0.5, rel=1e-9)
    assert spike.margin == pytest.approx(2.5, rel=1e-6)  # slope^2/(2 slope/tau_m)
    assert spike.after[0, 0] == 0.0
    left = math.exp(-(14.0 - event.time) / 10.0)
    assert found.final[0, 0] == pytest.approx(before * (2.0 / 0.5) * left, rel=1e-9)


def test_equations_that_do_not_stay_finite_are_refused():
    linear = linearised(Neuron().system)
    directions = Directions(np.eye(1), np.zeros((5, 1)))
    drive = Drive(curves=(lambda s: math.inf if s > 1.0 else 0.0,))
    with np.errstate(all="ignore"), pytest.raises(SolverError, match="must stay finite"):
        integrate(linear, drive, np.array([-60.0]), np.eye(1), 2.0, directions)


def test_edges_outside_the_run_move_nothing():
    stimulus = as_stimulus(Step(20.0, start=-5.0, stop=50.0))
    trajectory = TIGHT.solve(Neuron(), stimulus, t_end=50.0)
    chosen = choose(Neuron(), stimulus, ("start_0", "stop_0"))
    directions = parameter_directions(Neuron(), stimulus, chosen, 0.0, 50.0)
    assert directions.edges == {}
    assert not propagate(trajectory, directions).final.any()


def test_names_of_parameters():
    model = Model(neuron=Neuron(v_thresh=None), stimulus=Sum((Constant(1.0), Step(2.0, start=3.0))))
    assert list(parameters(model.neuron, model.stimulus)) == [
        "tau_m",
        "v_rest",
        "v_init",
        "I_0",
        "I_1",
        "start_1",
    ]
    assert {k: one.value for k, one in choose(model.neuron, model.stimulus, "I_1").items()} == {"I_1": 2.0}
    with pytest.raises(ModelError, match="got 'tau_ref'"):
        with_parameters(model, {"tau_ref": 1.0})
