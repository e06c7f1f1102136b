"""What is used is given back: memory, files and threads over many runs; threads and processes side by side."""

import concurrent.futures
import gc
import multiprocessing
import os
import threading
from pathlib import Path

import numpy as np
import pytest

import natrium

NA = natrium.notebook.lif_na().neuron
TWO = natrium.notebook.lif_na2().neuron
DRIVE = natrium.Step(10.0, start=20.0)
LINUX = pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="memory is read from Linux's /proc")


@pytest.fixture(autouse=True)
def collected_as_usual():
    """Look for garbage as often as Python itself does; the suite looks seldom."""
    seldom = gc.get_threshold()
    gc.set_threshold(700, 10, 10)
    yield
    gc.set_threshold(*seldom)


def used():
    """Give resident memory (MB), open files and threads."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    files = len(list(Path("/proc/self/fd").iterdir()))
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20, files, threading.active_count()


def spikes(solver, neuron=NA, t_end=60.0):
    return natrium.simulate(neuron, DRIVE, t_end=t_end, solver=solver).spike_times.tolist()


@LINUX
@pytest.mark.slow
@pytest.mark.parametrize(("solver", "runs"), [("compiled", 10_000), ("event", 1200)])
def test_many_runs_leave_nothing(solver, runs):
    def run():
        return natrium.simulate(NA, natrium.Step(25.0, start=1.0), t_end=15.0, solver=solver)

    assert run().n_spikes == 1
    for _ in range(runs // 3):
        run()
    begin = used()
    for _ in range(runs):
        run()
    end = used()
    assert end[0] - begin[0] < 8.0  # MB
    assert end[1:] == begin[1:]


@LINUX
@pytest.mark.slow
def test_models_that_differ_in_numbers_leave_nothing():
    """Each value is a new neuron; what is kept of them is bounded."""

    def run(number):
        neuron = natrium.Neuron(tau_m=10.0 + 1e-4 * number, channels=NA.channels)
        natrium.simulate(neuron, DRIVE, t_end=30.0, solver="compiled")
        if number % 20 == 0:
            natrium.equilibria(neuron, 1.0)

    for number in range(600):
        run(number)
    begin = used()
    for number in range(600, 2600):
        run(number)
    end = used()
    assert end[0] - begin[0] < 20.0
    assert end[1:] == begin[1:]


@LINUX
@pytest.mark.slow
def test_large_ensembles_leave_nothing():
    inputs = np.linspace(5.0, 25.0, 100_000)

    def run():
        return natrium.simulate_many(NA, t_end=30.0, parameters={"I": inputs}).counts.sum()

    first = run()
    begin = used()
    assert [run(), run()] == [first, first]
    end = used()
    assert end[0] - begin[0] < 60.0
    assert end[1:] == begin[1:]


def test_threads_that_run_different_models_at_once():
    alone = {name: spikes(solver, neuron) for name, (solver, neuron) in JOBS.items()}
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        for _ in range(3):
            found = {name: pool.submit(spikes, *job) for name, job in JOBS.items()}
            assert {name: one.result() for name, one in found.items()} == alone


JOBS = {
    "one": ("compiled", NA),
    "two": ("compiled", TWO),
    "one by events": ("event", NA),
    "two by events": ("event", TWO),
}


@pytest.mark.slow
@pytest.mark.parametrize("method", multiprocessing.get_all_start_methods())
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_processes_give_the_same(method):
    alone = [spikes(*job) for job in JOBS.values()]
    context = multiprocessing.get_context(method)
    with concurrent.futures.ProcessPoolExecutor(2, mp_context=context) as pool:
        assert list(pool.map(spikes, *zip(*JOBS.values(), strict=True))) == alone
