"""Ensembles in other processes and on a Dask cluster: the same bits, and nothing lost with a worker."""

import multiprocessing
import subprocess
import sys
import time
from concurrent.futures import CancelledError, Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from natrium.model import Constant, Custom, ModelError, Neuron, SolverError, UnsupportedModel, notebook
from natrium.solvers import ClosedForm, Compiled, Runs, simulate_many
from natrium.solvers.ensembles.schedule import Schedule, _cores
from tests.solvers.ensembles.executing import UNLUCKY, Deadly, Faulty

LIF = Neuron()
NA = notebook.lif_na().neuron
INPUTS = np.linspace(0.0, 60.0, 61)  # one of them is UNLUCKY
assert UNLUCKY in INPUTS


def same(first, second):
    for name in ("spike_times", "offsets", "final_states", "flags", "steps", "samples"):
        np.testing.assert_array_equal(getattr(first, name), getattr(second, name), err_msg=name)
    assert first.messages == second.messages
    assert first.manifest["settings"] == second.manifest["settings"]


def solved(solver="closed-form", neuron=LIF, **options):
    return simulate_many(neuron, t_end=50.0, parameters={"I": INPUTS}, solver=solver, **options)


def pool(workers=2):
    # Not forked: the test's process has threads. The workers find the tests' own modules.
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(
        workers, mp_context=context, initializer=reach, initargs=(str(Path(__file__).parents[3]),)
    )


def reach(folder):
    sys.path.insert(0, folder)


# --- any executor --------------------------------------------------------------------------------


def test_threads_of_one_s_own():
    with ThreadPoolExecutor(2) as executor:
        same(solved(executor=executor), solved())
        assert executor.submit(int).result() == 0  # not shut down


def test_as_many_threads_as_cores_where_a_solver_can_use_them():
    runs = Runs(neuron=LIF, varied={"tau_m": np.array([8.0, 9.0])}, t_end=1.0)
    widths = {}
    for name, solver, workers in (
        ("all", Compiled(), None), ("some", Compiled(), 3), ("one", ClosedForm(), None), ("1", ClosedForm(), 1)
    ):  # fmt: skip
        schedule = Schedule(solver, runs, workers=workers)
        widths[name] = schedule.width
        schedule.executor.shutdown()
    assert widths == {"all": _cores(), "some": 3, "one": 1, "1": 1}
    with pytest.raises(ModelError, match="runs in one thread, got workers=2"):
        Schedule(ClosedForm(), runs, workers=2)


class Unreliable(Executor):
    """Loses the first attempts at a chunk in one way or another."""

    def __init__(self, losses):
        self.losses = losses
        self.seen = []

    def submit(self, task, solver, runs, sample_times, attempt):
        self.seen.append((runs.describe(0), attempt))
        future = Future()
        if attempt < len(self.losses):
            loss = self.losses[attempt]
            future.cancel() if loss is CancelledError else future.set_exception(loss("lost"))
            if loss is CancelledError:
                future.set_running_or_notify_cancel()
        else:
            future.set_result(task(solver, runs, sample_times, attempt))
        return future


class Few(ThreadPoolExecutor):
    """Starts some threads and no more, as `ThreadPoolExecutor` does where the machine allows no more."""

    def __init__(self, most):
        super().__init__(8)
        self.most = most

    def _adjust_thread_count(self):
        if len(self._threads) >= self.most:
            raise RuntimeError("can't start new thread")
        super()._adjust_thread_count()


@pytest.mark.parametrize("most", [0, 1, 3])
def test_where_threads_cannot_be_started_fewer_or_none_are_used(most, monkeypatch):
    module = "natrium.solvers.ensembles.schedule"
    monkeypatch.setattr(f"{module}.ThreadPoolExecutor", lambda width: Few(most))
    monkeypatch.setattr(Schedule, "_threads", lambda self, workers: 8)
    same(solved(chunk=10), solved(chunk=61))
    assert solved(chunk=10).complete


def test_a_machine_without_threads_and_processes_runs_ensembles():
    """As in a browser: no thread starts, no module of processes is there, no numba."""
    code = (
        "import _thread, sys\n"
        'def refuse(*_): raise RuntimeError("can\'t start new thread")\n'
        "sys.modules |= dict.fromkeys(['_multiprocessing', 'multiprocessing', 'numba', 'llvmlite'])\n"
        "import threading, natrium, natrium.cli\n"
        "threading._start_new_thread = refuse\n"
        "found = natrium.simulate_many(natrium.Neuron(), t_end=60.0, parameters={'I': [10.0, 20.0]},"
        " solver='event')\n"
        "print(found.counts.tolist(), natrium.simulate(natrium.Neuron(), natrium.Constant(20.0), t_end=60.0).n_spikes)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout == "[0, 3] 3\n", done.stderr


def test_a_lost_chunk_is_tried_again():
    executor = Unreliable([OSError, CancelledError])
    same(solved(executor=executor, chunk=10), solved())
    assert sorted({attempt for _, attempt in executor.seen}) == [0, 1, 2]


def test_a_chunk_that_is_always_lost_is_flagged_and_named():
    found = solved(executor=Unreliable([OSError] * 3), chunk=61)
    assert found.failed.all()
    assert found.complete
    assert found.messages[30] == "I_0 = 30.0: its worker failed or was lost 3 times: OSError: lost"
    with pytest.raises(SolverError, match="61 of 61 runs failed: run 0: I_0 = 0.0"):
        found.raise_for_failures()


def test_an_interrupt_in_a_worker_is_one_here():
    found = solved(executor=Unreliable([KeyboardInterrupt]), chunk=10)
    assert not found.complete


def test_an_executor_that_is_shut_down_says_so():
    executor = ThreadPoolExecutor(1)
    executor.shutdown()
    with pytest.raises(SolverError, match="the executor takes no more work"):
        solved(executor=executor)


# --- processes -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def processes():
    with pool() as executor:
        yield executor


def test_processes_give_the_same_bits(processes):
    options = {"solver": "event", "neuron": NA, "sample_times": [0.0, 20.0, 50.0]}
    same(solved(**options, executor=processes), solved(**options))


def test_one_faulty_chunk_is_flagged_the_others_are_not(processes):
    found = solved(Faulty(), executor=processes, chunk=1)
    assert np.flatnonzero(found.failed).tolist() == [30]
    assert found.messages[30] == "I_0 = 30.0: its worker failed or was lost 3 times: MemoryError: too much"
    whole = solved()
    for k in np.flatnonzero(found.finished):
        np.testing.assert_array_equal(found.train(k), whole.train(k))


def test_what_cannot_be_sent_is_refused_at_once(processes):
    with pytest.raises(ModelError, match="what can be pickled"):
        simulate_many(LIF, Custom(lambda t: 0.0, max_step=1.0), t_end=1.0, solver="event", executor=processes)


def test_a_solver_that_cannot_says_so_from_there(processes):
    with pytest.raises(UnsupportedModel, match="channels"):
        simulate_many(NA, Constant(1.0), t_end=1.0, solver="closed-form", executor=processes)


@pytest.mark.slow
def test_processes_give_the_same_compiled_bits(processes):
    pytest.importorskip("numba")
    options = {"solver": "compiled", "neuron": NA, "sample_times": [0.0, 20.0, 50.0], "chunk": 5}
    same(solved(**options, executor=processes), solved(**options))


@pytest.mark.slow
def test_a_process_that_dies_loses_nothing(tmp_path):
    with pool() as executor:
        found = solved(Deadly(once=str(tmp_path / "died")), executor=executor, chunk=10)
    assert (tmp_path / "died").exists()
    np.testing.assert_array_equal(found.spike_times, solved().spike_times)
    assert not found.flags.any()


@pytest.mark.slow
def test_a_run_that_always_kills_its_process_is_alone_in_that():
    with pool() as executor:
        found = solved(Deadly(), executor=executor, chunk=10)
    assert np.flatnonzero(found.failed).tolist() == list(range(30, 40))
    assert "I_0 = 30.0: its worker failed or was lost 3 times: BrokenProcessPool" in found.messages[30]


# --- a cluster -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def cluster():
    distributed = pytest.importorskip("distributed")
    with (
        distributed.LocalCluster(
            n_workers=2,
            threads_per_worker=1,
            processes=True,
            dashboard_address="127.0.0.1:0",
            host="127.0.0.1",
        ) as made,
        distributed.Client(made) as client,
    ):
        client.run(reach, str(Path(__file__).parents[3]))
        yield client


@pytest.mark.slow
@pytest.mark.parametrize("solver", ["event", "compiled"])
def test_a_cluster_gives_the_same_bits(cluster, solver):
    if solver == "compiled":
        pytest.importorskip("numba")
    options = {"solver": solver, "neuron": NA, "sample_times": [0.0, 20.0, 50.0], "chunk": 5}
    same(solved(**options, executor=cluster.get_executor()), solved(**options))


@pytest.mark.slow
def test_a_worker_killed_in_the_middle_loses_nothing(cluster, tmp_path):
    before = set(cluster.scheduler_info()["workers"])
    solver = Deadly(once=str(tmp_path / "died"), pause=0.1)
    cluster.run(reach, str(Path(__file__).parents[3]))
    found = solved(solver, executor=cluster.get_executor(), chunk=5)
    assert (tmp_path / "died").exists()
    np.testing.assert_array_equal(found.spike_times, solved().spike_times)
    assert not found.flags.any()
    while len(cluster.scheduler_info()["workers"]) < 2:  # its nanny starts another
        time.sleep(0.1)
    assert set(cluster.scheduler_info()["workers"]) != before
