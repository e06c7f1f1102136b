"""Many runs of one model: names, values and rules; runs carried one by one."""

import itertools
import pickle

import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

from natrium.model import (
    Channel,
    Constant,
    Custom,
    Gate,
    Gaussian,
    HybridNeuron,
    ModelError,
    NatriumError,
    Neuron,
    Noise,
    Pulses,
    Ramp,
    Samples,
    Sine,
    Step,
    StimulusError,
    Sum,
    UnsupportedModel,
    notebook,
)
from natrium.solvers import ClosedForm, EventDriven, Limits, simulate
from natrium.solvers.ensembles.grid import outer, runs_of
from natrium.solvers.flags import RunFlag
from natrium.solvers.runs import Chunk, ManyRuns, Runs, leave_unsolved, solve_one_by_one

LIF = Neuron()
NA = notebook.lif_na().neuron


def test_each_run_has_its_own_parameters():
    runs = runs_of(
        NA,
        Step(10.0, start=5.0),
        {"g_Na": [80, 120, 160], "I_0": 9.0, "start_0": [1.0, 2.0, 3.0]},
        t_end=50.0,
    )
    assert runs.n_runs == 3
    assert [runs.neuron_at(k).channels[0].g for k in range(3)] == [80.0, 120.0, 160.0]
    assert runs.stimulus_at(1) == Sum((Step(9.0, start=2.0),))
    assert runs.neuron_at(0).channels[0].gates == NA.channels[0].gates
    assert runs.describe(2) == "g_Na = 160.0, I_0 = 9.0, start_0 = 3.0"
    assert runs.labels == ("V", "Na.m", "Na.h")


def test_reset_and_start_stay_where_the_rest_moves():
    runs = runs_of(LIF, None, {"v_rest": [-80.0, -60.0]}, t_end=1.0)
    neuron = runs.neuron_at(0)
    assert (neuron.v_rest, neuron.v_reset, neuron.v_init) == (-80.0, -70.0, -70.0)


def test_one_run_without_parameters():
    runs = runs_of(LIF, Constant(20.0), t_end=30.0)
    assert runs.n_runs == 1
    assert runs.neuron_at(0) is LIF
    assert runs.stimulus_at(0) == Sum((Constant(20.0),))
    assert runs.describe(0) == "as given"


@pytest.mark.parametrize(
    ("stimulus", "name", "part"),
    [
        (None, "I_0", Constant(3.0)),
        ((), "I_0", Constant(3.0)),
        (Step(1.0, start=2.0), "I_0", Step(3.0, start=2.0)),
        ((Ramp(1.0), Sine(1.0, 50.0)), "I_1", Sine(3.0, 50.0)),
    ],
)
def test_the_short_name_of_the_one_amplitude(stimulus, name, part):
    runs = runs_of(LIF, stimulus, {"I": [3.0, 4.0]}, t_end=1.0)
    assert list(runs.varied) == [name]
    assert runs.stimulus_at(0).parts[-1] == part


@pytest.mark.parametrize(
    ("stimulus", "values", "message"),
    [
        ((Constant(1.0), Step(2.0)), {"I": [1.0]}, "got I_0, I_1: name the one meant"),
        (Ramp(1.0), {"I": [1.0]}, "got none: choose from tau_m, .*slope_0"),
        (Constant(1.0), {"I": [1.0], "I_0": [1.0]}, "got both"),
        (None, {"g_K": [1.0]}, "must be one of tau_m.*got 'g_K'"),
        (None, {"I_0": [1.0]}, "got 'I_0'"),
        (None, {"I": [1.0, 2.0], "tau_m": [1.0, 2.0, 3.0]}, r"I_0: \(2,\), tau_m: \(3,\)"),
        (None, {"I": [[1.0, 2.0]]}, r"got shapes I_0: \(1, 2\)"),
        (None, {"I": []}, r"got shapes I_0: \(0,\)"),
        (None, {"I": [[1.0], [2.0, 3.0]]}, "ragged"),
        (None, {"I": "loud"}, "must be numbers"),
        (None, {"I": [True, False]}, "must be numbers, got an array of bool"),
        (None, {"I": [1j]}, "must be numbers"),
    ],
)
def test_names_and_shapes_are_checked(stimulus, values, message):
    with pytest.raises(ModelError, match=message):
        runs_of(LIF, stimulus, values, t_end=1.0)


GAUSS = Gaussian(1.0, center=5.0, sigma=1.0)
PULSES = Pulses(1.0, width=1.0, period=5.0)
NOISE = Noise(0.0, 1.0, tau=5.0, step=1.0, seed=1)


@pytest.mark.parametrize(
    ("stimulus", "values", "message"),
    [
        (None, {"I": [1.0, np.nan, np.inf]}, r"run 1 of 3 \(I_0 = nan\): amplitude must be finite"),
        (None, {"I": [1.0, 2.0, -np.inf]}, r"run 2 of 3 \(I_0 = -inf\)"),
        (None, {"tau_m": [1.0, 0.0]}, r"run 1 of 2 \(tau_m = 0.0\): tau_m must be positive, got 0.0 ms"),
        (None, {"tau_ref": [-1e-9]}, "tau_ref must be zero or positive"),
        (None, {"v_thresh": [-60, -71], "v_init": [-72, -72]}, r"run 1 of 2 .*v_reset must be below"),
        (None, {"v_init": [-60, -55]}, "run 1 of 2 .*v_init must be below"),
        (GAUSS, {"sigma_0": [1.0, 0.0, 2.0]}, "run 1 of 3 .*sigma must be positive"),
        (PULSES, {"width_0": [1, 3, 4], "period_0": [4, 2, 4]}, "run 1 of 3 .*width must not exceed"),
        (
            Step(1.0, start=1.0, stop=2.0),
            {"start_0": [0, 3, 1], "stop_0": [1, 2, 3]},
            "run 1 of 3 .*stop must",
        ),
        (Samples((0.0,), (1.0,)), {"scale_0": [1.0, np.nan]}, "run 1 of 2 .*finite"),
        (Sine(1.0, 1.0), {"frequency_0": [1.0, -1.0]}, "run 1 of 2 .*frequency"),
        (NOISE, {"seed_0": [1.0, 2.0, 2.5, 3.0]}, "run 2 of 4 .*seed must be a whole number"),
        (NOISE, {"seed_0": [1, -2]}, "run 1 of 2 .*seed"),
    ],
)
def test_values_are_checked_before_anything_runs(stimulus, values, message):
    with pytest.raises(NatriumError, match=message):
        runs_of(LIF, stimulus, values, t_end=1.0)


volts = st.sampled_from([-90.0, -70.0, -60.0, -55.0, -50.0])
times = st.sampled_from([0.0, 1.0, 2.0, 3.0])


@given(
    columns=st.integers(1, 6).flatmap(
        lambda n: st.fixed_dictionaries(
            {},
            optional={
                **{
                    name: st.lists(volts, min_size=n, max_size=n)
                    for name in ("v_thresh", "v_reset", "v_init")
                },
                **{name: st.lists(times, min_size=n, max_size=n) for name in ("start_0", "stop_0", "tau_m")},
                **{name: st.lists(times, min_size=n, max_size=n) for name in ("width_1", "period_1")},
            },
        )
    )
)
@settings(max_examples=150, deadline=None)
def test_all_runs_are_checked_as_each_alone(columns):
    stimulus = (Step(1.0, start=1.0, stop=2.0), Pulses(1.0, width=1.0, period=2.0))
    n = len(next(iter(columns.values()), [0]))

    def valid(values):
        try:
            runs_of(LIF, stimulus, values, t_end=1.0)
        except NatriumError:
            return False
        return True

    each = [valid({name: column[k] for name, column in columns.items()}) for k in range(n)]
    assert valid(columns) == all(each)


def test_seeds_keep_their_digits():
    seeds = 2**60 + np.arange(3)
    runs = runs_of(LIF, NOISE, {"seed_0": seeds, "sigma_0": [1, 2, 3]}, t_end=1.0)
    assert [runs.stimulus_at(k).parts[0].seed for k in range(3)] == seeds.tolist()
    assert runs_of(LIF, NOISE, {"seed_0": [3.0]}, t_end=1.0).stimulus_at(0).parts[0].seed == 3


def test_one_stimulus_per_run():
    given_ = [Constant(1.0), (Constant(1.0), Step(2.0)), None]
    runs = runs_of(LIF, stimuli=given_, values={"tau_m": [5.0, 6.0, 7.0]}, t_end=1.0)
    assert [len(runs.stimulus_at(k).parts) for k in range(3)] == [1, 2, 0]
    part = runs.part([2, 1])
    assert [len(part.stimulus_at(k).parts) for k in range(2)] == [0, 2]
    assert part.neuron_at(0).tau_m == 7.0
    with pytest.raises(ModelError, match=r"tau_m: \(2,\), stimuli: \(3,\)"):
        runs_of(LIF, stimuli=given_, values={"tau_m": [5.0, 6.0]}, t_end=1.0)
    with pytest.raises(ModelError, match="got both"):
        runs_of(LIF, Constant(1.0), stimuli=given_, t_end=1.0)
    for empty in ([], Constant(1.0)):
        with pytest.raises(ModelError, match="one stimulus per run"):
            runs_of(LIF, stimuli=empty, t_end=1.0)
    with pytest.raises(StimulusError, match="must be a Stimulus"):
        runs_of(LIF, stimuli=[3], t_end=1.0)
    with pytest.raises(ModelError, match="none: choose from tau_m"):
        runs_of(LIF, stimuli=given_, values={"I": [5.0, 6.0, 7.0]}, t_end=1.0)


def test_neuron_and_span_are_checked():
    with pytest.raises(ModelError, match="must be a Neuron, got int"):
        runs_of(3, t_end=1.0)
    with pytest.raises(ModelError, match="t_end must be after t_start"):
        runs_of(LIF, t_end=-1.0)


def test_parts_are_the_runs_themselves_and_travel():
    runs = runs_of(NA, None, {"I": np.arange(10.0), "g_Na": np.arange(10.0) + 1}, t_end=1.0)
    for which in (slice(2, 5), [2, 3, 4], np.arange(10) // 3 == 1):
        part = runs.part(which)
        numbers = np.arange(10)[which].tolist()
        assert part.n_runs == 3
        assert [part.describe(k) for k in range(3)] == [runs.describe(k) for k in numbers]
        sent = pickle.loads(pickle.dumps(part))
        assert [sent.neuron_at(k) for k in range(3)] == [runs.neuron_at(k) for k in numbers]
        assert [sent.stimulus_at(k) for k in range(3)] == [runs.stimulus_at(k) for k in numbers]


V, I, b = sympy.symbols("V I b", real=True)
QUADRATIC = HybridNeuron(
    equations={"V": V**2 / 100 + I + b},
    parameters={"b": 0.0},
    initial={"V": 0.0},
    v_thresh=30.0,
    reset={"V": 0},
)


def test_an_order_that_one_run_breaks_though_no_value_is_the_least_or_largest_is_found():
    starts, stops = [0.0, 5.0, 9.0, 1.0], [2.0, 4.5, 10.0, 20.0]
    with pytest.raises(StimulusError, match=r"run 1 of 4 .*start_0 = 5.*stop"):
        runs_of(Neuron(), Step(1.0, start=0.0, stop=1.0), {"start_0": starts, "stop_0": stops}, t_end=30.0)


def test_any_equations():
    runs = runs_of(QUADRATIC, None, {"b": [0.5, 1.0], "v_thresh": [20.0, 30.0], "I": 1.0}, t_end=1.0)
    assert dict(runs.neuron_at(1).parameters) == {"b": 1.0}
    assert runs.neuron_at(0).v_thresh == 20.0
    with pytest.raises(ModelError, match="run 1 of 2 .*V must start below v_thresh"):
        runs_of(QUADRATIC, None, {"v_thresh": [20.0, -1.0]}, t_end=1.0)
    chunk = solve_one_by_one(EventDriven(), runs_of(QUADRATIC, None, {"I": [1.0, 2.0]}, t_end=30.0))
    # dV/dt = V^2/100 + I reaches v in arctan(v/(10 sqrt(I))) 10/sqrt(I).
    for first, level in zip(chunk.spike_times[[0, chunk.counts[0]]], (1.0, 2.0), strict=True):
        root = np.sqrt(level)
        assert first == pytest.approx(10.0 / root * np.arctan(3.0 / root), abs=1e-7)


def test_a_grid_is_the_product_of_its_axes():
    axes, columns = outer({"a": [1, 2], "b": [3.0, 4.0, 5.0], "c": 6.0})
    assert [axis.tolist() for axis in axes.values()] == [[1.0, 2.0], [3.0, 4.0, 5.0], [6.0]]
    rows = list(zip(*(column.tolist() for column in columns.values()), strict=True))
    assert rows == list(itertools.product([1.0, 2.0], [3.0, 4.0, 5.0], [6.0]))
    with pytest.raises(ModelError, match=r"row of numbers, got a of shape \(1, 2\)"):
        outer({"a": [[1, 2]]})


# --- one by one ----------------------------------------------------------------------------------


def test_one_by_one_gives_what_each_run_gives():
    runs = runs_of(NA, Step(1.0, start=2.0), {"I": [0.0, 20.0, 30.0]}, t_end=30.0)
    times = np.array([0.0, 7.0, 30.0])
    chunk = solve_one_by_one(EventDriven(), runs, times)
    begin = 0
    for k in range(3):
        alone = simulate(runs.neuron_at(k), runs.stimulus_at(k), t_end=30.0)
        assert chunk.counts[k] == alone.n_spikes
        train = chunk.spike_times[begin : begin + alone.n_spikes]
        np.testing.assert_array_equal(train, alone.spike_times)
        np.testing.assert_array_equal(chunk.final_states[k], list(alone.final_state.values()))
        np.testing.assert_array_equal(chunk.samples[k], alone.state(times))
        assert chunk.steps[k] == sum(alone.statistics["steps"].values())
        begin += alone.n_spikes
    assert chunk.flags.tolist() == [0, 0, 0]
    assert chunk.messages == {}
    assert not isinstance(EventDriven(), ManyRuns)


def test_a_run_that_fails_is_named_and_the_others_go_on():
    runs = runs_of(LIF, None, {"I": [10.0, 50.0, 20.0]}, t_end=30.0)
    chunk = solve_one_by_one(EventDriven(limits=Limits(max_spikes=2)), runs, np.array([1.0]))
    assert chunk.flags.tolist() == [0, RunFlag.FAILED, 0]
    assert chunk.counts.tolist() == [0, 0, 2]
    assert np.isnan(chunk.final_states[1]).all()
    assert np.isnan(chunk.samples[1]).all()
    (message,) = chunk.messages.values()
    assert message.startswith("I_0 = 50.0: a run may fire at most 2 spikes")


def test_a_start_without_steady_state_fails_alone():
    gate = Gate("m", alpha="(V + 70)**2", beta="(V + 70)**4")  # at -70 mV both are zero
    neuron = Neuron(channels=[Channel("Na", 1.0, 50.0, [gate])])
    chunk = solve_one_by_one(EventDriven(), runs_of(neuron, None, {"v_init": [-71.0, -70.0]}, t_end=1.0))
    assert chunk.flags.tolist() == [0, RunFlag.FAILED]
    assert "v_init = -70.0: no steady state" in chunk.messages[1]


def test_a_graze_is_flagged():
    bump = Gaussian(10.0, center=20.0, sigma=5.0)
    course = simulate(Neuron(v_thresh=None), bump, t_end=60.0)
    t = np.linspace(20.0, 30.0, 200_001)
    peak = course.state(t)[0].max()
    runs = runs_of(LIF, bump, {"v_thresh": [peak - 1.0, peak + 1e-10, peak + 1.0]}, t_end=60.0)
    chunk = solve_one_by_one(EventDriven(), runs)
    assert chunk.flags.tolist() == [0, RunFlag.GRAZE, 0]
    assert "grazing threshold" in chunk.messages[1]


def test_a_solver_that_cannot_is_an_error_of_the_whole():
    with pytest.raises(UnsupportedModel, match="channels"):
        solve_one_by_one(ClosedForm(), runs_of(NA, t_end=1.0))


def test_runs_without_a_result():
    runs = runs_of(NA, None, {"I": [1.0, 2.0]}, t_end=1.0)
    chunk = leave_unsolved(runs, np.array([0.0, 1.0]), RunFlag.NOT_RUN, "too late")
    assert isinstance(chunk, Chunk)
    assert chunk.samples.shape == (2, 3, 2)
    assert chunk.messages == {0: "I_0 = 1.0: too late", 1: "I_0 = 2.0: too late"}
    assert leave_unsolved(runs, None, RunFlag.FAILED).messages == {}


def test_runs_can_be_made_directly():
    runs = Runs(neuron=LIF, stimulus=Custom(lambda t: 0.0, max_step=1.0), t_end=1.0)
    assert runs.n_runs == 1
    with pytest.raises(ModelError, match="one per run"):
        Runs(neuron=LIF, varied={"tau_m": np.array([])}, t_end=1.0)
