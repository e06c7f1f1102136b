"""Runs in lanes: each to the same bits, whatever the others do; samples, failures and threads."""

import attrs
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import natrium
from natrium.model.kernel import relaxation_law
from natrium.solvers.compiled import lane_tables
from natrium.solvers.ensembles.grid import runs_of
from natrium.solvers.flags import RunFlag
from tests.solvers.cases import MIXED, NA, STEP, held_by_decay

LIF = natrium.Neuron(tau_m=8.0, tau_ref=1.5, v_rest=-70.0, v_thresh=-53.0, v_reset=-75.0)
CLAMP = attrs.evolve(NA, refractory="clamp")
STEADY = attrs.evolve(CLAMP, channels=[natrium.CHANNELS["hh_sodium"], natrium.CHANNELS["hh_potassium"]])


def test_samples_are_the_trajectory_s_states():
    """Within pieces, refractory periods and on both ends; at a jump the state after it."""
    times = np.linspace(0.0, 60.0, 601)
    for neuron in (LIF, NA, CLAMP):
        found = natrium.simulate_many(
            neuron, MIXED, t_end=60.0, parameters={"tau_m": [7.0, 10.0, 13.0]}, sample_times=times
        )
        for k, tau_m in enumerate((7.0, 10.0, 13.0)):
            alone = natrium.Compiled().solve(attrs.evolve(neuron, tau_m=tau_m), MIXED, t_end=60.0)
            np.testing.assert_array_equal(found.train(k), alone.spike_times)
            np.testing.assert_allclose(found.samples[k], alone.state(times), rtol=0.0, atol=1e-11)
            np.testing.assert_allclose(found.final_states[k], list(alone.final_state.values()), rtol=1e-15)


def test_the_rest_in_lanes_is_the_system_s_own_law():
    # Typed again for native code: held to `model.hybrid.relaxation` here.
    from natrium.solvers.compiled import lanes  # numba writes all of it on import: seconds

    rng = np.random.default_rng(7)
    law = relaxation_law()
    for rate in (0.0, 1e-9, 0.3, 40.0, -0.2):
        x, target, length = rng.uniform(0.0, 1.0, 3)
        runs = np.zeros((1, lane_tables.FIRST + 3))
        runs[0, lane_tables.FIRST + 1 :] = rate, target
        found = lanes._rest.py_func(runs, np.array([[x]]), 0, 0, 0, length)
        assert found == pytest.approx(float(law(x, target, rate, length)), rel=1e-15)


def test_tables_are_laid_out_word_by_word_and_hold_what_is_annotated():
    numbers, whole = np.zeros((2, 3)), np.zeros((2, 4), dtype=np.int64)
    out = {
        name: np.zeros((1,) * n_axes, dtype=np.int64 if kind is int else float)
        for name, (kind, n_axes) in lane_tables.fields(lane_tables.Results).items()
    }
    given = lane_tables.Results(**{**out, "whole": whole, "numbers": numbers})
    assert lane_tables.words(given)[:6].tolist() == [whole.ctypes.data, 2, 4, numbers.ctypes.data, 2, 3]
    for wrong in (whole, numbers[0], numbers[:, ::2], numbers.astype(np.float32)):
        with pytest.raises(AssertionError):
            lane_tables.words(given._replace(numbers=wrong))


def test_sampling_at_a_spike_gives_the_state_after_it():
    alone = natrium.Compiled().solve(NA, STEP, t_end=100.0)
    found = natrium.simulate_many(
        NA, STEP, t_end=100.0, parameters={"I": [10.0] * 2}, sample_times=[*alone.spike_times, 100.0]
    )
    np.testing.assert_array_equal(found.samples[0, 0, :3], -70.0)


@pytest.mark.parametrize(("rate", "is_stiff"), [(1e5, False), (2.5e5, True)])
def test_what_is_stiff_does_not_depend_on_the_others(rate, is_stiff):
    """Thousands of short steps, begun in a lane at once and after those of another run."""
    neuron, drive = held_by_decay(1.0), natrium.Constant(16.0)
    (alone,) = natrium.Compiled().solve_runs(runs_of(neuron, drive, {"rate": [rate]}, t_end=0.2)).flags
    assert bool(alone & RunFlag.FALLBACK) == is_stiff
    for level in (800.0, 1500.0, 3000.0):
        values = {"rate": [0.1] * 8 + [rate] * 8, "I_0": [level] * 8 + [16.0] * 8}
        crowd = natrium.Compiled().solve_runs(runs_of(neuron, drive, values, t_end=0.2))
        assert crowd.flags[8:].tolist() == [alone] * 8


OWN = natrium.HybridNeuron(  # reset, upstroke and adaptation, with the names of the law's parameters
    equations={"V": "(-(V + 70) + 2*exp((V + 58)/2) - w + I)/tau_m", "w": "(0.1*(V + 70) - w)/30"},
    parameters={"tau_m": 10.0},
    initial={"V": -70.0, "w": 0.0},
    v_thresh=-53.0,
    reset={"V": "-72 + w/10", "w": "w + 2"},
    tau_ref=1.5,
)
# Structures of the laws: each is compiled once, runs differ in numbers.
LAWS = {
    "lif": (LIF, (natrium.Constant(1.0), natrium.Sine(9.0, 210.0))),
    "hold": (NA, (natrium.Step(1.0, start=2.0, stop=55.0), natrium.Pulses(20.0, width=1.0, period=9.0))),
    "clamp": (CLAMP, (natrium.Constant(1.0), natrium.Gaussian(20.0, 30.0, 5.0))),
    "noise": (NA, (natrium.Constant(1.0), natrium.Noise(3.0, 9.0, tau=2.0, step=0.5, seed=1))),
    "own": (OWN, (natrium.Constant(1.0), natrium.Sine(9.0, 210.0))),
    "own, free": (
        attrs.evolve(OWN, refractory={"w": "free"}),
        (natrium.Constant(1.0), natrium.Sine(9.0, 90.0)),
    ),
    "own, passing": (
        attrs.evolve(OWN, equations={"V": "(-(V + 70) - w + I)/tau_m", "w": "(V + 70 - w)/5"}, reset={}),
        (natrium.Constant(1.0), natrium.Sine(60.0, 70.0)),
    ),
}
LAW = settings(max_examples=6, deadline=None, derandomize=True)


@st.composite
def crowds(draw, least=1):
    """Draw runs of one structure: input, membrane and refractory period each its own."""
    name = draw(st.sampled_from(sorted(LAWS)))
    n = draw(st.integers(least, 21))
    some = np.random.default_rng(draw(st.integers(0, 2**32)))
    values = {
        "I_0": some.uniform(0.0, 45.0, n),
        "tau_m": some.uniform(5.0, 25.0, n),
        "tau_ref": some.choice([0.0, 0.7, 2.0], n),
        "v_thresh": some.uniform(-58.0, -48.0, n),
    }
    if name == "noise":
        values["seed_1"] = some.integers(0, 5, n)
    neuron, drive = LAWS[name]
    return runs_of(neuron, drive, values, t_end=60.0)


def bits(chunk, run):
    """Give all that a chunk has of one run."""
    ends = np.cumsum(chunk.counts)
    spikes = chunk.spike_times[ends[run] - chunk.counts[run] : ends[run]]
    samples = np.empty(0) if chunk.samples is None else chunk.samples[run]
    return spikes, chunk.final_states[run], samples, chunk.counts[run], chunk.flags[run], chunk.steps[run]


def same_bits(one, run, other, place):
    for this, that in zip(bits(one, run), bits(other, place), strict=True):
        np.testing.assert_array_equal(this, that)


TIMES = np.linspace(0.0, 60.0, 41)


@given(crowds(), st.randoms(use_true_random=False), st.booleans())
@LAW
def test_shuffling_runs_changes_no_bit(runs, random, sampled):
    order = list(range(runs.n_runs))
    random.shuffle(order)
    times = TIMES if sampled else None
    plain = natrium.Compiled().solve_runs(runs, times)
    shuffled = natrium.Compiled().solve_runs(runs.part(order), times)
    assert not plain.flags.any()
    for place, run in enumerate(order):
        same_bits(plain, run, shuffled, place)


@given(crowds(), st.integers(0, 20), st.booleans())
@LAW
def test_a_run_alone_is_the_run_in_a_crowd(runs, chosen, sampled):
    run = chosen % runs.n_runs
    times = TIMES if sampled else None
    crowd = natrium.Compiled().solve_runs(runs, times)
    same_bits(natrium.Compiled().solve_runs(runs.part([run]), times), 0, crowd, run)
    alone = natrium.Compiled().solve(
        runs.neuron_at(run), runs.stimulus_at(run), t_start=runs.t_start, t_end=runs.t_end
    )
    np.testing.assert_array_equal(alone.spike_times, bits(crowd, run)[0])
    np.testing.assert_allclose(list(alone.final_state.values()), crowd.final_states[run], rtol=1e-14)


@given(crowds(least=4), st.integers(1, 20))
@LAW
def test_chunks_change_no_bit(runs, size):
    whole = natrium.Compiled().solve_runs(runs, TIMES)
    for start in range(0, runs.n_runs, size):
        part = natrium.Compiled().solve_runs(runs.part(slice(start, start + size)), TIMES)
        for place in range(part.counts.size):
            same_bits(whole, start + place, part, place)


@given(crowds(), st.lists(st.floats(0.0, 60.0), min_size=1, max_size=30, unique=True))
@LAW
def test_sampling_changes_nothing_and_gives_the_states_of_the_trajectory(runs, times):
    times = np.sort(times)
    plain, sampled = natrium.Compiled().solve_runs(runs), natrium.Compiled().solve_runs(runs, times)
    np.testing.assert_array_equal(plain.spike_times, sampled.spike_times)
    np.testing.assert_array_equal(plain.final_states, sampled.final_states)
    alone = natrium.Compiled().solve(runs.neuron_at(0), runs.stimulus_at(0), t_end=60.0)
    np.testing.assert_allclose(sampled.samples[0], alone.state(times), rtol=0.0, atol=1e-11)


@pytest.mark.parametrize("neuron", [LIF, NA, CLAMP, STEADY], ids=["lif", "hold", "clamp", "steady"])
def test_every_parameter_may_vary(neuron):
    """By name, of neuron and input: each run is the run of the changed neuron alone."""
    drive = natrium.Sine(20.0, 80.0, offset=16.0, start=1.0)
    for name, value in natrium.parameters(neuron, natrium.Sum((drive,))).items():
        values = np.array([value, 1.02 * value + 0.01])
        runs = runs_of(neuron, drive, {name: values}, t_end=40.0)
        found = natrium.Compiled().solve_runs(runs)
        for run in range(2):
            alone = natrium.Compiled().solve(runs.neuron_at(run), runs.stimulus_at(run), t_end=40.0)
            np.testing.assert_array_equal(bits(found, run)[0], alone.spike_times, err_msg=name)
            np.testing.assert_allclose(found.final_states[run], list(alone.final_state.values()), rtol=1e-13)


@pytest.mark.parametrize("place", [0, 3, 12])
def test_a_run_that_fails_spoils_no_other(place):
    levels = np.linspace(15.0, 40.0, 13)
    whole = natrium.Compiled().solve_runs(runs_of(NA, None, {"I": levels}, t_end=60.0), TIMES)
    spoilt = levels.copy()
    spoilt[place] = -1e308
    found = natrium.Compiled().solve_runs(runs_of(NA, None, {"I": spoilt}, t_end=60.0), TIMES)
    assert found.flags[place] & RunFlag.FAILED
    assert np.isnan(found.final_states[place]).all()
    assert found.messages[place].startswith("I_0 = -1e+308: ")
    for run in set(range(13)) - {place}:
        same_bits(whole, run, found, run)


def test_threads_change_no_bit():
    values = {"I": np.linspace(0.0, 45.0, 200)}
    one, two = (
        natrium.simulate_many(
            NA, MIXED[1:], t_end=60.0, parameters={"tau_m": values["I"] + 5.0}, workers=n, chunk=16
        )
        for n in (1, 2)
    )
    np.testing.assert_array_equal(one.spike_times, two.spike_times)
    np.testing.assert_array_equal(one.final_states, two.final_states)
    np.testing.assert_array_equal(one.counts, two.counts)


def test_no_spikes_no_samples_one_run():
    chunk = natrium.Compiled().solve_runs(runs_of(LIF, None, {}, t_end=1.0))
    assert chunk.counts.tolist() == [0]
    assert chunk.spike_times.size == 0
    assert chunk.samples is None
    np.testing.assert_array_equal(chunk.final_states, [[-70.0]])


def test_a_threshold_that_is_only_tended_to_is_flagged():
    """At the rheobase V tends to the threshold: no step can decide it, but the closed form does."""
    levels = np.arange(0.0, 31.0, 5.0)
    found = natrium.simulate_many(natrium.Neuron(), t_end=1000.0, parameters={"I": levels})
    exact = [
        natrium.ClosedForm().solve(natrium.Neuron(), natrium.Constant(I), t_end=1000.0).n_spikes
        for I in levels
    ]
    assert exact == [0, 0, 0, 0, 63, 89, 112]
    assert found.grazing.tolist() == [I == 15.0 for I in levels]
    assert found.counts.tolist() == exact
    (alone,) = natrium.simulate_many(
        natrium.Neuron(), t_end=1000.0, parameters={"I": [15.0]}, rtol=1e-13
    ).grazing
    assert alone
