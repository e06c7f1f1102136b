"""Who carries which runs: chunks for threads, processes or a cluster, sized by time; lost ones again."""

from __future__ import annotations

import math
import os
import pickle
import signal
import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from types import FrameType
from typing import Any

import attrs
import numpy as np

from natrium.model import Count, ModelError, NatriumError, Optional, SolverError
from natrium.model.arrays import Array
from natrium.solvers.base import Solver
from natrium.solvers.ensembles.workers import InTurn, another_pool, is_pool_of_processes
from natrium.solvers.flags import RunFlag
from natrium.solvers.runs import Chunk, ManyRuns, Runs, leave_unsolved, solve_one_by_one

# Seconds that a chunk should last: in this process so that Ctrl-C and the progress bar answer at once,
# elsewhere so that sending it costs little in comparison.
HERE, ELSEWHERE = 0.5, 3.0
LEAST = 0.02  # of that, towards the end: a shorter chunk would cost more than it evens out
# A chunk's size before any has been timed, where the solver carries many at once: enough to fill its lanes,
# and about this much time of the model, ms.
FIRST, FIRST_SPAN = 1024, 2e6
LANES = 16  # such a solver's chunks are multiples of this
GLANCE = 0.1  # seconds between two looks for Ctrl-C
GROWTH = 8  # from one measurement to the next
CHUNK_BYTES = 64 * 2**20  # of results at most
TRIES = 3
WIDTH = 16  # of an executor that does not tell how many workers it has


def solve_chunk(
    solver: Solver, runs: Runs, sample_times: Array | None = None, attempt: int = 0
) -> tuple[Chunk, float]:
    """Carry a chunk of runs through: the task that an executor is given.

    Parameters
    ----------
    solver : Solver
    runs : Runs
    sample_times : ndarray, shape (n_times,), optional
        ms.
    attempt : int
        Not used: a scheduler that knows tasks by their arguments takes the next attempt for another one.

    Returns
    -------
    chunk : Chunk
    seconds : float
        How long it took.
    """
    begin = time.perf_counter()
    if isinstance(solver, ManyRuns):
        chunk = solver.solve_runs(runs, sample_times)
    else:
        chunk = solve_one_by_one(solver, runs, sample_times)
    return chunk, time.perf_counter() - begin


@attrs.frozen
class _Task:
    """Runs [start, stop) and how often they have been tried."""

    start: int
    stop: int
    tries: int = 0


class Schedule:
    """Runs cut into chunks, carried through by workers: iterate over it for ``(start, chunk)`` as they come.

    Parameters
    ----------
    solver : Solver
    runs : Runs
    sample_times : ndarray, shape (n_times,), optional
        ms.
    todo : sequence of (int, int), optional
        Runs [start, stop) that are wanted, all by default.
    executor : concurrent.futures.Executor, optional
        Who carries the chunks; threads by default.
    workers : int, optional
        Threads, by default as many as there are cores; of an executor, how many workers it has.
    chunk : int, optional
        Runs in a chunk; by default as many as last some seconds.

    Attributes
    ----------
    interrupted : bool
        Whether Ctrl-C ended it early; what was finished then has been given.
    """

    def __init__(
        self,
        solver: Solver,
        runs: Runs,
        sample_times: Array | None = None,
        *,
        todo: Sequence[tuple[int, int]] | None = None,
        executor: Executor | None = None,
        workers: int | None = None,
        chunk: int | None = None,
    ) -> None:
        for name, value in (("workers", workers), ("chunk", chunk)):
            Optional(Count()).check(name, value)
        self.solver, self.runs, self.sample_times, self.chunk = solver, runs, sample_times, chunk
        self.many = isinstance(solver, ManyRuns)
        self.todo = deque(todo if todo is not None else [(0, runs.n_runs)])
        self.left = sum(stop - start for start, stop in self.todo)
        self.again: deque[_Task] = deque()
        self.flying: dict[Future[tuple[Chunk, float]], _Task] = {}
        self.own = executor is None
        self.interrupted = False
        if executor is None:
            self.width = self._threads(workers)
            self.executor: Executor = ThreadPoolExecutor(self.width)
        else:
            self.width = workers or _width(executor)
            self.executor = executor
            if is_pool_of_processes(executor):
                _check_portable(solver, runs)
        self.mine = self.own  # whether the executor is ours to shut down
        self.timed = self.spikes = 0.0  # runs and spikes so far
        self.pace = 0.0  # seconds per run, of the last chunk: the first one may have had to compile
        self.largest = self.chunk or self._first()

    def _threads(self, workers: int | None) -> int:
        if self.many:
            return workers or _cores()
        if workers is not None and workers > 1:
            raise ModelError(
                f"{type(self.solver).__name__} runs in one thread, got workers={workers}: give "
                f"executor=ProcessPoolExecutor({workers}), or use the compiled solver"
            )
        return 1

    def __iter__(self) -> Iterator[tuple[int, Chunk]]:
        """Give each chunk and its first run's index, in the order in which they are finished.

        Raises
        ------
        NatriumError
            When the solver does not solve such models, or the executor takes no work.
        """
        try:
            with self._heedful():
                while (self.todo or self.again or self.flying) and not self.interrupted:
                    self._submit()
                    done, _ = wait(self.flying, timeout=GLANCE, return_when=FIRST_COMPLETED)
                    for future in done:
                        found = self._collect(future)
                        if found is not None:
                            yield found
                if self.interrupted:
                    yield from self._last()
        finally:
            self._end()

    @contextmanager
    def _heedful(self) -> Iterator[None]:
        """Take the first Ctrl-C as a wish to end soon: raised anywhere, it would lose chunks under way."""
        before = signal.getsignal(signal.SIGINT)
        ours = threading.current_thread() is threading.main_thread()
        if not ours or before is not signal.default_int_handler:
            yield
            return

        def heed(number: int, frame: FrameType | None) -> None:
            if self.interrupted:  # the second one
                raise KeyboardInterrupt
            self.interrupted = True

        signal.signal(signal.SIGINT, heed)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)

    # --- sizes -----------------------------------------------------------------------------------

    def _first(self) -> int:
        if not self.many:
            return 1
        span = self.runs.t_end - self.runs.t_start
        return int(np.clip(FIRST_SPAN / span, LANES, FIRST))

    def _size(self) -> int:
        """Give the size of the next chunk."""
        if self.chunk is not None:
            return self.chunk
        size, least = self.largest, 1
        if self.timed:
            wanted = (HERE if self.own else ELSEWHERE) / max(self.pace, 1e-9)
            size, least = int(min(wanted, GROWTH * self.largest)), int(LEAST * wanted)
        # Numbers of one run: states at the end and at the times asked for, spikes.
        samples = 0 if self.sample_times is None else self.sample_times.size
        numbers = len(self.runs.labels) * (1 + samples) + (self.spikes / self.timed if self.timed else 0.0)
        size = min(size, int(CHUNK_BYTES / (8.0 * numbers)))
        if self.width > 1:  # smaller ones towards the end, so that all workers end together
            size = min(size, max(math.ceil(self.left / (2 * self.width)), least))
        if self.many:
            size = math.ceil(size / LANES) * LANES
        self.largest = max(size, 1)
        return self.largest

    def _next(self) -> _Task | None:
        """Cut the next chunk; one that was lost is tried again alone, lest it take others with it."""
        if self.again:
            return None if self.flying else self.again.popleft()
        if not self.todo:
            return None
        start, stop = self.todo.popleft()
        cut = min(stop, start + self._size())
        if cut < stop:
            self.todo.appendleft((cut, stop))
        self.left -= cut - start
        return _Task(start, cut)

    # --- coming and going ------------------------------------------------------------------------

    def _submit(self) -> None:
        """Give all workers something to do, and something more to wait for them once chunks are timed."""
        ahead = 2 * self.width if self.timed else self.width
        while len(self.flying) < ahead and (task := self._next()) is not None:
            try:
                future = self._send(task)
            except BrokenExecutor:
                self._renew()
                future = self._send(task)
            except RuntimeError as error:
                if not self.own:
                    raise SolverError(f"the executor takes no more work: {error}; start another") from error
                # No thread more can be started: in browsers, or where the machine allows no more of them.
                if self.flying:
                    self._put_back(task)
                    self.width = max(1, len(self.flying) // 2)
                    return
                self.executor.shutdown(wait=False, cancel_futures=True)
                self.executor, self.width = InTurn(), 1
                future = self._send(task)
            self.flying[future] = task

    def _put_back(self, task: _Task) -> None:
        self.todo.appendleft((task.start, task.stop))
        self.left += task.stop - task.start

    def _send(self, task: _Task) -> Future[tuple[Chunk, float]]:
        return self.executor.submit(solve_chunk, self.solver, self._part(task), self.sample_times, task.tries)

    def _part(self, task: _Task) -> Runs:
        return self.runs.part(slice(task.start, task.stop))

    def _renew(self) -> None:
        """Make another pool of processes: one that has lost a process is of no more use."""
        broken = self.executor
        if not is_pool_of_processes(broken):
            raise SolverError(f"the executor is broken, got {type(broken).__name__}: start another")
        if self.mine:
            broken.shutdown(wait=False)
        self.executor = another_pool(broken, self.width)
        self.mine = True

    def _collect(self, future: Future[tuple[Chunk, float]]) -> tuple[int, Chunk] | None:
        """Take a finished task's result; None where it is to be tried again."""
        task = self.flying.pop(future)
        try:
            chunk, seconds = future.result()
        except NatriumError:  # of all runs alike: the solver does not solve such models
            raise
        except KeyboardInterrupt:  # Ctrl-C reaches the processes of a pool as well
            self.interrupted = True
            return None
        except Exception as error:
            if self.own:
                raise
            if task.tries + 1 < TRIES:
                self.again.append(attrs.evolve(task, tries=task.tries + 1))
                return None
            message = f"its worker failed or was lost {TRIES} times: {type(error).__name__}: {error}"
            return task.start, leave_unsolved(self._part(task), self.sample_times, RunFlag.FAILED, message)
        self.pace = seconds / (task.stop - task.start)
        self.timed += task.stop - task.start
        self.spikes += chunk.spike_times.size
        return task.start, chunk

    def _last(self) -> Iterator[tuple[int, Chunk]]:
        """Give what is finished; wait for our own threads, which cannot be stopped."""
        running = [future for future in self.flying if not future.cancel()]
        if self.own:
            wait(running)
        for future in running:
            if future.done() and future.exception() is None:
                found = self._collect(future)
                if found is not None:
                    yield found

    def _end(self) -> None:
        for future in self.flying:
            future.cancel()
        if self.mine:
            # Idle threads end at once and are waited for; a chunk that nobody wants any more is not.
            self.executor.shutdown(wait=not self.flying, cancel_futures=True)


def _cores() -> int:
    """Give the number of cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1  # pragma: no cover - where cores cannot be assigned


def _width(executor: Any) -> int:
    """Give the number of an executor's workers, as far as it tells."""
    workers = getattr(executor, "_max_workers", None)
    if workers is None and hasattr(executor, "_client"):  # of a Dask cluster
        workers = sum(executor._client.nthreads().values())
    return int(workers or WIDTH)


def _check_portable(solver: Solver, runs: Runs) -> None:
    """Refuse what cannot be sent to another process."""
    try:
        pickle.dumps((solver, runs.part(slice(0, 1))))
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise ModelError(
            f"a model that is sent to another process must consist of what can be pickled, got {error}: "
            "put functions at the top level of a module"
        ) from error
