"""Measures of accuracy: the reference and its error bars, matching, fitted orders."""

import numpy as np
import pytest

import natrium
from natrium.analysis.accuracy.convergence import STEPS, convergence
from natrium.analysis.accuracy.measure import measure
from natrium.analysis.accuracy.order import observed_order
from natrium.analysis.accuracy.truth import Reference, reference

LIF = natrium.Model(
    neuron=natrium.Neuron(), stimulus=natrium.Constant(20.0), simulation=natrium.Simulation(t_end=50.0)
)


@pytest.fixture(scope="module")
def truth():
    return reference(LIF)


def test_the_reference_bounds_its_own_error(truth):
    exact = natrium.ClosedForm().solve(LIF.neuron, LIF.stimulus, t_end=50.0).spike_times
    error = np.abs(truth.spike_times - exact)
    assert np.all(error <= truth.spike_time_errors)
    assert truth.error < 1e-10
    assert truth.undecided == ()


def test_a_graze_is_undecided():
    """The peak of V lies on the threshold to 1e-11 mV: no tolerance decides it."""
    peak = 15.0 / (1.0 - np.exp(-2.0))
    model = natrium.Model(
        neuron=natrium.Neuron(),
        stimulus=natrium.Step(peak, start=0.0, stop=20.0),
        simulation=natrium.Simulation(t_end=40.0),
    )
    assert any("grazing" in reason for reason in reference(model, rtol=1e-9).undecided)


def test_spikes_are_matched_not_zipped(truth):
    times = truth.spike_times  # three, 15.86 ms apart
    assert times.size == 3
    shifted = measure(times + 0.25, truth)
    assert shifted.spike_error == pytest.approx(0.25)
    assert (shifted.missed, shifted.extra) == (0, 0)
    first_missed = measure(times[1:] - 0.5, truth)
    np.testing.assert_allclose(first_missed.differences, -0.5)
    assert (first_missed.missed, first_missed.extra) == (1, 0)
    assert np.isnan(first_missed.spike_error)
    one_more = measure([*times, 49.0], truth)
    assert (one_more.missed, one_more.extra) == (0, 1)
    far = measure(times + 0.25, truth, window=0.1)
    assert (far.missed, far.extra, far.differences.size) == (3, 3, 0)
    with pytest.raises(natrium.ModelError, match="window"):
        measure(times, truth, window=-1.0)


def test_voltage_error_is_that_of_the_samples_away_from_spikes(truth):
    run = natrium.FixedStep(dt=0.01, label="end").solve(LIF.neuron, LIF.stimulus, t_end=50.0)
    late = natrium.FixedStep(dt=0.01).solve(LIF.neuron, LIF.stimulus, t_end=50.0)
    # V rises by at most 2 mV/ms: Euler's own error, and a label's.
    assert 0.0 < measure(run, truth).voltage_error < 0.03
    assert measure(late, truth).voltage_error < 0.05
    again = natrium.simulate(LIF.neuron, LIF.stimulus, t_end=50.0, rtol=1e-6)
    assert measure(again, truth).voltage_error < 1e-4
    assert np.isnan(measure(run.spike_times, truth).voltage_error)


@pytest.mark.parametrize("order", [1.0, 2.0, 4.0])
def test_an_exact_power_is_fitted_exactly(order):
    steps = np.array(STEPS)
    found = observed_order(steps, 3.0 * steps**order)
    assert found.value == pytest.approx(order, abs=1e-9)
    assert found.constant == pytest.approx(3.0, rel=1e-8)
    assert found.uncertainty < 1e-6


def test_luck_on_the_grid_does_not_count():
    """Errors dt times anything from 0 to 1 are first order: a least-squares line is led astray by luck."""
    draw = np.random.default_rng(5)
    values = []
    for _ in range(20):
        steps = np.geomspace(0.2, 0.002, 60)
        found = observed_order(steps, steps * draw.uniform(0.0, 1.0, steps.size))
        values.append(found.value)
        assert abs(found.value - 1.0) < 5.0 * found.uncertainty + 0.02
    assert np.mean(values) == pytest.approx(1.0, abs=0.02)
    assert np.std(values) < 0.05


def test_errors_at_the_reference_s_own_say_nothing():
    steps = np.geomspace(0.1, 0.001, 10)
    errors = np.maximum(steps**4, 1e-9)
    assert observed_order(steps, errors, floor=1e-9).value == pytest.approx(4.0, abs=1e-6)
    assert observed_order(steps, errors).value < 3.5
    assert observed_order(steps, np.full(10, np.nan)) is None
    assert observed_order(steps[:3], errors[:3]) is None


def test_convergence_of_a_solver_and_of_a_function_of_dt_are_the_same(truth):
    solver = natrium.FixedStep(dt=1.0, scheme="heun", spike_time="linear", refractory="exact", label="end")
    steps = (0.31, 0.2, 0.13, 0.09)

    def script(dt):
        run = natrium.FixedStep(dt=dt, scheme="heun", spike_time="linear", refractory="exact", label="end")
        return run.solve(LIF.neuron, LIF.stimulus, t_end=50.0).spike_times

    told = []
    one = convergence(solver, truth, steps, progress=told.append)
    other = convergence(script, truth, steps)
    np.testing.assert_array_equal(one.spike_errors, other.spike_errors)
    assert told == list(steps)
    assert (one.name, other.name) == ("heun, linear", "script")
    assert one.order.value == pytest.approx(2.0, abs=0.2)
    assert np.isnan(other.voltage_errors).all()
    assert other.voltage_order is None
    assert [row["dt_ms"] for row in one.table()] == list(steps)


@pytest.mark.parametrize(("method", "steps"), [("rk4", (0.1,)), (natrium.FixedStep(dt=1.0), (0.1, -0.1))])
def test_what_cannot_be_stepped_is_refused(truth, method, steps):
    with pytest.raises(natrium.ModelError, match=r"method|dt"):
        convergence(method, truth, steps)


def test_a_model_without_spikes_has_an_order_of_v():
    model = natrium.Model(
        neuron=natrium.Neuron(), stimulus=natrium.Constant(9.0), simulation=natrium.Simulation(t_end=30.0)
    )
    silent = reference(model)
    assert isinstance(silent, Reference)
    assert silent.error == 0.0
    found = convergence(natrium.FixedStep(dt=1.0, label="end"), silent, (0.31, 0.2, 0.13, 0.09, 0.05))
    assert found.order is None
    assert found.voltage_order.value == pytest.approx(1.0, abs=0.1)
