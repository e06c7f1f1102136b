"""The notebook's fixed-step scheme: every double of its own output, and each of its rules by itself."""

import numpy as np
import pytest

import natrium
from tests.solvers.cases import NA, read, script_table

SCRIPTS = list(natrium.notebook.SCRIPTS)
PROBE = read("exp_probe")
SAME_EXP = all(float(np.exp(float.fromhex(row["x"]))) == float.fromhex(row["exp"]) for row in PROBE)
"""Whether this machine's exp is, to the last bit, the one that made the reference."""


def replay(name, **options):
    model = natrium.notebook.SCRIPTS[name]()
    return natrium.FixedStep(**({"dt": model.simulation.dt} | options)).solve(
        model.neuron, model.stimulus, t_end=100.0
    )


@pytest.mark.parametrize("name", SCRIPTS)
def test_every_double_of_the_script(name):
    header, table = script_table(name)
    run = replay(name)
    columns = [run.t, run.V, run.extras["refractory_counter"], *run.y[1:]]
    assert len(columns) == len(header) == table.shape[1]
    for label, found, expected in zip(header, columns, table.T, strict=True):
        if SAME_EXP:
            np.testing.assert_array_equal(found, expected, err_msg=label)
        else:  # pragma: no cover - on processors whose exp differs in its last bit
            np.testing.assert_allclose(found, expected, rtol=0.0, atol=1e-9, err_msg=label)


@pytest.mark.parametrize("name", SCRIPTS)
def test_what_the_script_says_of_itself(name):
    expected, run = read("seed_summary")[name], replay(name)
    assert run.t.size == expected["steps"]
    assert run.spike_times.tolist() == expected["spikes"]
    assert run.V.max() == pytest.approx(expected["vmax"], abs=1e-9)
    assert run.V[-1] == pytest.approx(expected["vlast"], abs=1e-9)
    held = run.extras["refractory_counter"]
    counts = [int(np.argmax(held[np.searchsorted(run.t, t) :] <= 0.0)) for t in run.spike_times]
    assert counts == expected["clamped_steps_after_spike"]


def test_a_model_file_that_asks_for_the_script_gets_it():
    model = natrium.notebook.lif_na()
    run = natrium.run(model)
    assert run.solver == "script"
    np.testing.assert_array_equal(run.V, replay("lif_na").V)


def test_labels_are_those_of_arange():
    run = natrium.FixedStep(dt=0.1).solve(natrium.Neuron(), t_end=100.0)
    np.testing.assert_array_equal(run.t, np.arange(0, 100.0, 0.1))
    assert run.t[478] == 47.800000000000004


def test_edges_are_strict():
    neuron = natrium.Neuron(tau_m=10.0)
    run = natrium.FixedStep(dt=1.0).solve(neuron, natrium.Step(10.0, start=3.0, stop=6.0), t_end=10.0)
    changed = np.flatnonzero(np.diff(np.concatenate([[-70.0], run.V])) > 0.0)
    assert changed.tolist() == [4, 5]  # neither 3, where it starts, nor 6, where it stops
    open_start = natrium.FixedStep(dt=1.0).solve(neuron, natrium.Step(10.0, stop=6.0), t_end=10.0)
    assert open_start.V[0] == -69.0  # an edge that is not given does not bind


@pytest.mark.parametrize(("dt", "held"), [(0.1, 20), (0.005, 401), (0.001, 2001)])
def test_the_counter_s_rounding_adds_a_step_at_small_dt(dt, held):
    run = natrium.FixedStep(dt=dt).solve(natrium.Neuron(), natrium.Constant(1e4), t_end=4.0)
    counter = run.extras["refractory_counter"]
    first = int(np.argmax(counter > 0.0))
    assert counter[first] == 2.0
    until = first + int(np.argmax(counter[first:] <= 0.0))
    assert until - first == held
    assert np.all(run.V[first : until + 1] == -70.0)


def observed_order(steps, errors):
    return np.polyfit(np.log(steps), np.log(errors), 1)[0]


def test_states_converge_with_order_one():
    # A constant 6 mV: V stays far from threshold, and there is no edge for a step to miss a part of.
    drive = natrium.Constant(6.0)
    truth = natrium.simulate(NA, drive, t_end=16.0, rtol=1e-12)
    steps, errors = np.array([0.1, 0.0625, 0.043, 0.025, 0.016, 0.01]), []
    for dt in steps:
        run = natrium.FixedStep(dt=dt).solve(NA, drive, t_end=16.0)
        index = np.floor(np.array([5.0, 10.0, 15.0]) / dt).astype(int)
        # The sample labelled t_k holds the state one step later.
        errors.append(np.abs(run.y[:, index] - truth.state(run.t[index] + dt)).max(axis=1))
    for state, column in zip(truth.names, np.array(errors).T, strict=True):
        assert observed_order(steps, column) == pytest.approx(1.0, abs=0.1), state


def test_spike_times_converge_with_order_one_on_average():
    # One spike falls anywhere within its step: only the mean over many inputs has an order.
    levels = np.linspace(14.0, 17.0, 10)
    truth = [natrium.simulate(NA, natrium.Constant(I), t_end=30.0).spike_times[0] for I in levels]
    steps, errors = np.array([0.1, 0.07, 0.044, 0.03]), []
    for dt in steps:
        first = [
            natrium.FixedStep(dt=dt).solve(NA, natrium.Constant(I), t_end=30.0).spike_times[0] for I in levels
        ]
        errors.append(np.mean(np.array(truth) - first))
    assert min(errors) > 0.0  # the script is early: it labels the end of a step by its start
    assert observed_order(steps, errors) == pytest.approx(1.0, abs=0.1)


def test_a_rate_that_is_0_by_0_as_written_names_the_time():
    # V falls from -39 to -40 mV, exactly, in the first step; alpha is 0/0 there in the second.
    gates = [natrium.Gate("m", alpha="0.1*(V + 40)/(1 - exp(-(V + 40)/10))", beta="1.0", initial=0.0)]
    neuron = natrium.Neuron(
        tau_m=1.0,
        v_rest=-40.0,
        v_thresh=-30.0,
        v_init=-39.0,
        channels=[natrium.Channel("X", 0.0, 0.0, gates)],
    )
    with pytest.raises(natrium.SolverError, match=r"t = 1\.0 ms"):
        natrium.FixedStep(dt=1.0).solve(neuron, t_end=5.0)
    assert natrium.simulate(neuron, t_end=5.0).final_state["X.m"] == pytest.approx(0.5, abs=0.01)


def test_gates_given_by_steady_state_and_time_constant_step_as_written():
    gate = natrium.Gate("w", inf="1/(1 + exp(-(V + 50)/10))", tau="5 + 0.01*V", initial=0.25)
    neuron = natrium.Neuron(channels=[natrium.Channel("X", 0.0, 0.0, [gate])])
    run = natrium.FixedStep(dt=0.5).solve(neuron, t_end=1.0)
    x = 0.25
    for found in run["X.w"]:
        x = x + (1 / (1 + np.exp(-(-70.0 + 50.0) / 10.0)) - x) / (5 + 0.01 * -70.0) * 0.5
        assert found == x
