"""simulate_many: the same as run after run, in order, whatever the chunks; failures and Ctrl-C."""

import itertools
import os
import signal
import sys
import threading
import time

import attrs
import numpy as np
import pytest

import natrium
from natrium.model import Constant, ModelError, Neuron, Step, UnsupportedModel, notebook
from natrium.solvers import ClosedForm, EventDriven, Limits, Schedule, simulate_many
from natrium.solvers.ensembles.grid import runs_of
from natrium.solvers.ensembles.simulate_many import show_progress
from natrium.solvers.flags import RunFlag
from natrium.solvers.runs import solve_one_by_one

LIF = Neuron()
NA = notebook.lif_na().neuron


@attrs.frozen
class Native:
    """Stands for a solver that carries many runs at once."""

    pause: float = 0.0
    seen: list = attrs.field(factory=list, eq=False)
    sign: object = attrs.field(default=None, eq=False)

    def solve(self, neuron, stimulus=None, *, t_start, t_end):
        return ClosedForm().solve(neuron, stimulus, t_start=t_start, t_end=t_end)

    def solve_runs(self, runs, sample_times):
        self.seen.append((runs.n_runs, threading.current_thread().name))
        if self.sign is not None:
            self.sign.set()
        time.sleep(self.pause)
        return solve_one_by_one(ClosedForm(), runs, sample_times)


def same(first, second):
    for name in ("spike_times", "offsets", "final_states", "flags", "steps"):
        np.testing.assert_array_equal(getattr(first, name), getattr(second, name), err_msg=name)
    assert first.messages == second.messages
    return True


def test_an_ensemble_is_its_runs():
    inputs = np.linspace(10.0, 40.0, 5)
    found = simulate_many(NA, Step(1.0, start=1.0), t_end=30.0, parameters={"I": inputs}, solver="event")
    for k, level in enumerate(inputs):
        alone = natrium.simulate(NA, Step(level, start=1.0), t_end=30.0)
        np.testing.assert_array_equal(found.train(k), alone.spike_times)
        np.testing.assert_array_equal(found.final_states[k], list(alone.final_state.values()))
    assert found.names == ("V", "Na.m", "Na.h")
    assert found.axes["run"].tolist() == [0, 1, 2, 3, 4]
    assert found.parameters["I"].tolist() == inputs.tolist()
    assert found.manifest["solver"] == "EventDriven"
    assert found.complete


def test_a_grid_is_in_the_order_of_its_axes():
    grid = {"tau_ref": [1.0, 3.0], "tau_m": [5.0, 10.0, 20.0], "I": [20.0, 30.0]}
    found = simulate_many(LIF, t_end=60.0, grid=grid, solver="closed-form", chunk=5)
    counts = [
        natrium.simulate(
            Neuron(tau_m=m, tau_ref=r), Constant(level), t_end=60.0, solver="closed-form"
        ).n_spikes
        for r, m, level in itertools.product(*grid.values())
    ]
    assert found.counts.tolist() == counts
    assert found.shape == (2, 3, 2)
    assert list(found.axes) == list(grid)
    assert found.parameters["tau_m"].tolist() == [5.0, 5.0, 10.0, 10.0, 20.0, 20.0] * 2


def test_one_stimulus_per_run():
    given = [Constant(20.0), None, (Constant(10.0), Constant(15.0))]
    found = simulate_many(LIF, stimuli=given, t_end=50.0, solver="closed-form")
    expected = [natrium.simulate(LIF, each, t_end=50.0).n_spikes for each in given]
    assert found.counts.tolist() == expected


def test_the_first_spikes_of_a_lif_are_the_closed_form():
    inputs = np.linspace(16.0, 60.0, 40)
    found = simulate_many(LIF, t_end=100.0, parameters={"I": inputs}, solver="event", rtol=1e-11)
    np.testing.assert_allclose(found.first_spikes, 10.0 * np.log(inputs / (inputs - 15.0)), atol=1e-9)
    np.testing.assert_allclose(found.mean_intervals, found.first_spikes + 2.0, atol=1e-9)
    np.testing.assert_allclose(found.cvs, 0.0, atol=1e-9)


def test_chunks_change_no_bit():
    values = {"I": np.linspace(0.0, 60.0, 37), "tau_m": np.linspace(5.0, 20.0, 37)}
    whole = simulate_many(LIF, t_end=50.0, parameters=values, solver="closed-form", chunk=37)
    for size in (1, 2, 10, 100, None):
        same(whole, simulate_many(LIF, t_end=50.0, parameters=values, solver="closed-form", chunk=size))
    order = np.random.default_rng(0).permutation(37)
    shuffled = simulate_many(
        LIF,
        t_end=50.0,
        parameters={name: column[order] for name, column in values.items()},
        solver="closed-form",
    )
    for k, run in enumerate(order):
        np.testing.assert_array_equal(shuffled.train(k), whole.train(run))


def test_threads_change_no_bit_and_no_order():
    values = {"I": np.linspace(0.0, 60.0, 200)}
    native = Native(pause=0.02)
    found = simulate_many(LIF, t_end=50.0, parameters=values, solver=native, workers=3)
    same(found, simulate_many(LIF, t_end=50.0, parameters=values, solver="closed-form"))
    sizes, threads = zip(*native.seen, strict=True)
    assert sum(sizes) == 200
    assert len(set(threads)) > 1
    assert len(sizes) >= 6  # smaller ones towards the end
    assert all(size % 16 == 0 for size in sorted(sizes)[1:])


def test_one_worker_takes_all_at_once():
    native = Native()
    simulate_many(LIF, t_end=50.0, parameters={"I": np.arange(1000.0)}, solver=native, workers=1)
    assert [size for size, _ in native.seen] == [1000]


def test_chunks_are_bounded_by_time_and_memory():
    runs = runs_of(LIF, None, {"I": np.arange(1e5)}, t_end=1e6)
    assert Schedule(Native(), runs, workers=1)._size() == 16  # long runs: few at first
    slow = Schedule(Native(), runs, workers=1)
    slow.timed, slow.pace = 1000, 0.01
    assert slow._size() == 64  # half a second's
    short = attrs.evolve(runs, t_end=10.0)
    sampled = Schedule(Native(), short, np.linspace(0.0, 10.0, 100_000), workers=1)
    assert sampled._size() * 8 * 100_001 <= 80e6
    spiking = Schedule(Native(), short, workers=1)
    spiking.timed, spiking.pace, spiking.spikes = 10.0, 1e-9, 1e7
    assert spiking._size() <= 16
    python = Schedule(ClosedForm(), short)
    assert python._size() == 1


@pytest.mark.parametrize("solver", [EventDriven(limits=Limits(max_spikes=2))], ids=["limited"])
def test_failures_are_flagged_where_they_are(solver):
    found = simulate_many(LIF, t_end=40.0, parameters={"I": [20.0, 90.0, 10.0, 80.0]}, solver=solver, chunk=2)
    assert found.failed.tolist() == [False, True, False, True]
    assert sorted(found.messages) == [1, 3]
    assert found.messages[3].startswith("I_0 = 80.0: a run may fire at most 2 spikes")
    assert np.isnan(found.rates[1])
    assert found.flags[1] == RunFlag.FAILED


@pytest.fixture
def heeding_ctrl_c():
    """Where a shell starts the tests behind it, they begin with Ctrl-C ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("heeding_ctrl_c")
def test_ctrl_c_gives_what_is_done():
    sign = threading.Event()
    native = Native(pause=0.3, sign=sign)
    values = {"I": np.linspace(16.0, 60.0, 64)}
    interrupting = threading.Thread(target=lambda: (sign.wait(), os.kill(os.getpid(), signal.SIGINT)))
    interrupting.start()
    found = simulate_many(LIF, t_end=50.0, parameters=values, solver=native, workers=2, chunk=4)
    interrupting.join()
    assert not found.complete
    done = found.finished
    assert 0 < done.sum() < 64
    whole = simulate_many(LIF, t_end=50.0, parameters=values, solver="closed-form")
    for k in np.flatnonzero(done):
        np.testing.assert_array_equal(found.train(k), whole.train(k))
    assert found.failed.sum() == 0
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


@pytest.mark.usefixtures("heeding_ctrl_c")
def test_a_second_ctrl_c_does_not_wait():
    sign = threading.Event()
    native = Native(pause=2.0, sign=sign)

    def interrupt():
        sign.wait()
        for _ in range(2):
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.3)

    interrupting = threading.Thread(target=interrupt)
    interrupting.start()
    found = simulate_many(LIF, t_end=50.0, parameters={"I": [16.0, 20.0]}, solver=native, workers=1)
    interrupting.join()
    assert not found.finished.any()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_fault_of_a_solver_is_not_hidden():
    class Faulty(Native):
        def solve_runs(self, runs, sample_times):
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        simulate_many(LIF, t_end=1.0, parameters={"I": [1.0, 2.0]}, solver=Faulty())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"parameters": {"I": [1.0]}, "grid": {"I": [1.0]}}, "got both"),
        ({"stimuli": [None], "grid": {"tau_m": [1.0]}}, "beside a grid"),
        ({"solver": EventDriven(), "rtol": 1e-3}, "options go with a solver's name, got rtol"),
        ({"solver": "quick"}, "solver must be one of"),
        ({"workers": 0}, "workers must be a whole number"),
        ({"chunk": 0}, "chunk must be a whole number"),
        ({"workers": 4}, r"runs in one thread, got workers=4: give executor=ProcessPoolExecutor\(4\)"),
        ({"sample_times": [0.0, 2.0]}, "must lie within the run"),
        ({"sample_times": [0.5, 0.5]}, "that increase"),
        ({"sample_times": []}, "that increase"),
        ({"sample_times": [np.nan]}, "finite"),
    ],
)
def test_what_cannot_be_is_refused(options, message):
    with pytest.raises(ModelError, match=message):
        simulate_many(LIF, t_end=1.0, **{"solver": "event"} | options)


def test_a_solver_that_cannot_says_so():
    with pytest.raises(UnsupportedModel, match="channels"):
        simulate_many(NA, t_end=1.0, parameters={"I": [1.0, 2.0]}, solver="closed-form")


def test_progress_is_a_bar_on_a_terminal_and_nothing_in_a_file(capsys, monkeypatch):
    options = {"t_end": 1.0, "parameters": {"I": np.arange(20.0)}, "solver": "closed-form"}
    simulate_many(LIF, **options)
    assert capsys.readouterr().err == ""
    simulate_many(LIF, **options, progress=True)
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    found = simulate_many(LIF, **options, progress=True)
    shown = capsys.readouterr().err
    assert len(found) == 20
    assert "runs" in shown
    assert "20/20" in shown


def test_progress_begins_where_an_earlier_call_ended(capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    list(show_progress([], 10, True, done=10))
    assert "10/10" in capsys.readouterr().err


# --- the compiled solver -------------------------------------------------------------------------

SODIUM = {"g_Na": [80.0, 120.0], "I": np.linspace(0.0, 40.0, 21)}


def test_the_compiled_solver_is_the_default_and_agrees():
    pytest.importorskip("numba")
    times = [0.0, 12.5, 50.0]
    found = simulate_many(NA, t_end=50.0, grid=SODIUM, sample_times=times)
    assert found.manifest["solver"] == "Compiled"
    event = simulate_many(NA, t_end=50.0, grid=SODIUM, sample_times=times, solver="event", rtol=1e-11)
    np.testing.assert_array_equal(found.counts, event.counts)
    np.testing.assert_allclose(found.spike_times, event.spike_times, atol=1e-6, rtol=0)
    np.testing.assert_allclose(found.samples, event.samples, atol=1e-5, rtol=0)
    assert not found.flags.any()


@pytest.mark.parametrize(
    ("stimulus", "values"),
    [
        (None, {"I": np.linspace(0.0, 40.0, 60), "g_Na": np.linspace(80.0, 160.0, 60)}),
        (natrium.Pulses(60.0, width=0.2, period=5.0, start=1.0), {"period_0": np.geomspace(0.4, 60.0, 60)}),
        (natrium.Sine(20.0, 10.0), {"frequency_0": np.geomspace(1.0, 500.0, 60)}),
        (natrium.Noise(10.0, 5.0, tau=5.0, step=0.5, seed=0), {"seed_0": np.arange(60)}),
    ],
    ids=["constant", "pulses", "sine", "noise"],
)
def test_chunks_threads_and_order_change_no_bit_of_compiled_runs(stimulus, values):
    pytest.importorskip("numba")
    whole = simulate_many(NA, stimulus, t_end=40.0, parameters=values, workers=1, chunk=60)
    for options in ({"chunk": 1}, {"chunk": 7, "workers": 2}, {"workers": 2}):
        same(whole, simulate_many(NA, stimulus, t_end=40.0, parameters=values, **options))
    order = np.random.default_rng(1).permutation(60)
    mixed = {name: column[order] for name, column in values.items()}
    shuffled = simulate_many(NA, stimulus, t_end=40.0, parameters=mixed)
    for k, run in enumerate(order):
        np.testing.assert_array_equal(shuffled.train(k), whole.train(run))
