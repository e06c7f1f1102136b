"""What a second worker makes of an ensemble: ``python benchmarks/workers.py [--runs N] [--repeats N]``.

Wall-clock time, so on a machine that does nothing else: what it was doing is told first. One worker, two
threads, two processes and, where it is installed, Dask with two workers take turns, each warm. This informs,
it is no test.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import ExitStack
from functools import partial
from multiprocessing import get_context
from statistics import median
from typing import Any

import numpy as np

from natrium.model import Constant, notebook
from natrium.solvers import simulate_many

WIDTH = 2
SPAN = 1000.0  # ms
HIGHEST = 40.0  # mV
RUNS, REPEATS = 100_000, 5
WARM = 2000  # runs
TARGETS = {"two threads / one": None, "two processes / one": 1.9, "Dask / two processes": 0.9}


def solve(n_runs: int, **how: Any) -> Any:
    """Carry the notebook's second model through so many inputs."""
    inputs = {"I": np.linspace(0.0, HIGHEST, n_runs)}
    return simulate_many(notebook.lif_na().neuron, Constant(0.0), parameters=inputs, t_end=SPAN, **how)


def executors(stack: ExitStack) -> Iterator[tuple[str, dict[str, Any]]]:
    """Give the ways to run, by name."""
    yield "one worker", {"workers": 1}
    yield "two threads", {"workers": WIDTH}
    pool: Executor = stack.enter_context(ProcessPoolExecutor(WIDTH, mp_context=get_context("spawn")))
    yield "two processes", {"executor": pool}
    try:
        from distributed import Client, LocalCluster
    except ImportError:
        print("Dask is not installed: pip install natrium[distributed]")
        return
    how: dict[str, Any] = {"threads_per_worker": 1, "processes": True, "dashboard_address": "127.0.0.1:0"}
    cluster = stack.enter_context(LocalCluster(n_workers=WIDTH, host="127.0.0.1", **how))
    yield "Dask", {"executor": stack.enter_context(Client(cluster)).get_executor()}


def seconds(work: Callable[[], Any]) -> float:
    """Give how long some work takes by the clock on the wall."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def main() -> None:
    """Time them in turn and print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=int, default=RUNS)
    parser.add_argument("--repeats", type=int, default=REPEATS)
    asked = parser.parse_args()
    print(f"{os.cpu_count()} processors, load of the last minute {os.getloadavg()[0]:.2f}")
    with ExitStack() as stack:
        ways = dict(executors(stack))
        for how in ways.values():
            solve(WARM, **how)
        taken: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(asked.repeats):
            for name, how in ways.items():
                taken[name].append(seconds(partial(solve, asked.runs, **how)))
    for name, times in taken.items():
        print(f"{name:<24} {median(times):8.2f} s   [{min(times):.2f}, {max(times):.2f}]")
    for name, target in TARGETS.items():
        faster, slower = (one if one in taken else f"{one} worker" for one in name.split(" / "))
        if faster not in taken:
            continue
        ratios = [b / a for a, b in zip(taken[faster], taken[slower], strict=True)]
        verdict = (
            ""
            if target is None
            else f"   at least {target}: {'ok' if median(ratios) >= target else 'MISSED'}"
        )
        print(f"{name:<24} {median(ratios):8.2f} x   [{min(ratios):.2f}, {max(ratios):.2f}]{verdict}")


if __name__ == "__main__":
    main()
