"""The error estimate of every spike holds what the error really is."""

import attrs
import numpy as np
import pytest

import natrium
from natrium.solvers.history import History
from natrium.solvers.reliability import LEAST_RTOL, LOOSER, ROUNDING, TIGHTER, second_tolerance
from tests.solvers.cases import NA, STEP, TRAINS, solve, train
from tests.solvers.randoms import random_case
from tests.solvers.truths import truth

SOLVERS = [natrium.EventDriven, natrium.Compiled]
TRUE = 1e-11  # how well the truth of a random model is known, ms


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("rtol", [1e-6, 1e-9, 1e-13])
@pytest.mark.parametrize("name", [name for name in TRAINS if name[0] != "r"])
def test_the_estimate_covers_the_error_and_not_much_more(name, rtol, solver):
    model, spikes = train(name)
    run = solve(model, solver, rtol=rtol)
    error = np.abs(run.spike_times - spikes)
    assert run.spike_time_errors.shape == error.shape
    assert np.all(error <= run.spike_time_errors + 1e-12)  # to which the trains are known
    if rtol >= 1e-9:
        assert run.spike_time_errors.max(initial=0.0) < 1e3 * rtol


def test_the_second_solve_is_tighter_or_where_there_is_no_room_looser():
    assert second_tolerance(1e-6) == 1.0 / TIGHTER
    assert second_tolerance(20.0 * LEAST_RTOL) == 1.0 / 20.0
    for rtol in (LEAST_RTOL, 7.0 * LEAST_RTOL, 9.9 * LEAST_RTOL):
        assert second_tolerance(rtol) == LOOSER


def test_a_spike_without_a_counterpart_is_undecided():
    run = natrium.simulate(NA, STEP, t_end=100.0)
    events = (*run.events, attrs.evolve(run.events[-1], time=99.0))
    extra = attrs.evolve(run, history=History.of(run.segments, events))
    assert np.all(np.isfinite(extra.spike_time_errors[:3]))
    assert np.isinf(extra.spike_time_errors[3])


def test_the_closed_form_is_right_to_rounding_and_a_script_says_nothing():
    exact = natrium.ClosedForm().solve(natrium.Neuron(), natrium.Constant(20.0), t_end=100.0)
    assert exact.spike_time_errors.max() < 1e-12
    assert exact.spike_time_errors.min() > 0.0
    script = natrium.FixedStep(dt=0.1).solve(NA, STEP, t_end=100.0)
    assert np.isnan(script.spike_time_errors).all()


@pytest.mark.parametrize("solver", SOLVERS)
def test_where_all_intervals_are_alike_the_closed_form_tells(solver):
    """Two solves of this train agree to a thirtieth of their error, in every interval."""
    neuron, drive = natrium.Neuron(tau_m=28.05482350448268, tau_ref=4.1), natrium.Constant(30.1730109172736)
    run = solver(rtol=1e-6).solve(neuron, drive, t_end=150.0)
    truth = natrium.ClosedForm().solve(neuron, drive, t_end=150.0)
    error = np.abs(run.spike_times - truth.spike_times)
    assert np.all(error <= run.spike_time_errors)
    assert np.all(run.spike_time_errors <= error + 1e-12)


@pytest.mark.parametrize("solver", SOLVERS)
def test_a_spike_within_the_first_step_has_an_error_too(solver):
    sodium = natrium.CHANNELS["traub_miles_sodium"]
    gates = tuple(attrs.evolve(gate, initial=x) for gate, x in zip(sodium.gates, (0.8, 0.5), strict=True))
    steep = natrium.Neuron(v_thresh=-55.0, channels=(attrs.evolve(sodium, g=2000.0, gates=gates),))
    run, truth = (solver(rtol=rtol).solve(steep, natrium.Constant(0.0), t_end=1.0) for rtol in (1e-6, 1e-13))
    assert run.n_spikes == truth.n_spikes == 1
    assert np.all(np.abs(run.spike_times - truth.spike_times) <= run.spike_time_errors)


def test_an_absolute_tolerance_is_tightened_as_well():
    run = natrium.simulate(NA, STEP, t_end=100.0, rtol=1e-10, atol=1e-6)
    truth = natrium.simulate(NA, STEP, t_end=100.0, rtol=1e-12).spike_times
    assert np.all(np.abs(run.spike_times - truth) <= run.spike_time_errors)


def check_calibration(seeds, rtol):
    """Hold each solver's estimate against the true error of every spike: bound, and within a hundred.

    At the compiled solver's own tolerance each is bound, to the digits that the truth has.
    """
    bound, within, total = (dict.fromkeys(SOLVERS, 0) for _ in range(3))
    for seed in seeds:
        neuron, stimulus, t_end = random_case(seed)
        spikes, grazes, model = truth(seed)
        for solver in (*SOLVERS, None):
            run = (solver(rtol=rtol) if solver else natrium.Compiled()).solve(neuron, stimulus, t_end=t_end)
            estimate = run.spike_time_errors
            assert run.manifest["model_sha256"].startswith(model), "make tests.solvers.truths anew"
            if run.n_spikes != spikes.size:  # a graze, which must be known as one
                assert run.warnings or grazes or np.isinf(estimate).any()
                continue
            error = np.abs(run.spike_times - spikes)
            if solver is None:
                assert np.all(error <= estimate + TRUE), seed
                continue
            least = ROUNDING * np.spacing(run.spike_times)  # no estimate can be below
            bound[solver] += int(np.sum(error <= estimate))
            within[solver] += int(np.sum(estimate <= 100.0 * np.maximum(error, least)))
            total[solver] += error.size
    for solver in SOLVERS:
        assert bound[solver] >= 0.99 * total[solver], solver
        assert within[solver] >= 0.9 * total[solver], solver
        assert total[solver] > 0


@pytest.mark.parametrize("rtol", [1e-6, 1e-9])
def test_the_estimate_is_calibrated_on_random_models(rtol):
    check_calibration(range(1000, 1012), rtol)


@pytest.mark.slow
@pytest.mark.parametrize("first", range(0, 500, 50))
def test_the_estimate_is_calibrated_on_five_hundred_random_models(first):
    check_calibration(range(first, first + 50), 1e-7)
