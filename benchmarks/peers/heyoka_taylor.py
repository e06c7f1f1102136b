"""heyoka: Taylor series, compiled; `taylor_adaptive_batch` for the ensemble, `taylor_adaptive` for one run.

The threshold is a terminal event whose callback notes the time and resets u. A callback may not move the
clock of a batch, so that holds are added to the times afterwards, and each batch is led to its end in
three stretches: the second is as long as the rate in the first lets expect, the third makes it exact.

Of what heyoka lets one choose, the fastest was taken: a batch as wide as heyoka recommends or twice that,
whichever is faster here, `fast_math`, no compact mode, no cooldown of the event, callbacks that write through
memory views.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.peers import generated, timing, work


def tolerance_of(order: int) -> float:
    """Give a tolerance from which heyoka takes this order; its step then follows from the series alone."""
    return math.exp(-2.0 * (order - 1.2))


class Heyoka(work.Peer):
    name = "heyoka"
    needs = ("heyoka",)
    install = "heyoka"
    note = "Taylor series"
    ensemble_note = "batch mode"
    ensemble_tolerances = tuple(tolerance_of(order) for order in range(6, 18))
    single_tolerances = tuple(tolerance_of(order) for order in range(8, 21))

    def ensemble(self, tolerance: float, values: np.ndarray) -> Callable[[], work.Trains]:
        import heyoka as hy

        hy.set_logger_level_critical()  # it says aloud that lanes without a model take no step
        usual = hy.recommended_simd_size()
        runs = [self._batches(tolerance, values, lanes) for lanes in (usual, 2 * usual)]
        timed = [timing.prepared(run) for run in runs]
        best = [min(once() for _ in range(3)) for once in timed]
        return runs[best.index(min(best))]

    def _batches(self, tolerance: float, values: np.ndarray, lanes: int) -> Callable[[], work.Trains]:
        import heyoka as hy

        trains: list[list[float]] = [[] for _ in range(lanes)]
        notes = [train.append for train in trains]
        clock: Any = None
        voltage: Any = None

        def spike(_batch: Any, _sign: int, lane: int) -> bool:
            notes[lane](clock[lane])
            voltage[lane] = work.U_RESET
            return True

        u, equations = system(hy)
        event = hy.t_event_batch(u, callback=spike, direction=hy.event_direction.positive, cooldown=0.0)
        batch = hy.taylor_adaptive_batch(
            equations,
            np.zeros((3, lanes)),
            pars=np.zeros((1, lanes)),
            t_events=[event],
            tol=tolerance,
            fast_math=True,
        )
        start = np.repeat(np.array(work.START)[:, None], lanes, axis=1)
        drive = values - work.GAP
        end = work.ENSEMBLE_END

        def counts() -> np.ndarray:
            return np.array([len(train) for train in trains])

        def run() -> work.Trains:
            nonlocal clock, voltage
            found: list[np.ndarray] = []
            clock, voltage = memoryview(batch.time), memoryview(batch.state[0])
            for begin in range(0, drive.size, lanes):
                chosen = np.minimum(np.arange(begin, begin + lanes), drive.size - 1)
                for train in trains:
                    train.clear()
                batch.set_time(0.0)
                batch.state[:] = start
                batch.pars[0] = drive[chosen]
                batch.propagate_until(0.25 * end)
                rate = (counts() + 1) / (0.25 * end)
                batch.propagate_until(end / (1.0 + work.TAU_REF * rate))
                batch.propagate_until(np.maximum(end - work.TAU_REF * counts(), batch.time))
                found += [work.with_holds(train, end) for train in trains[: drive.size - begin]]
            return found

        return run

    def single(self, tolerance: float) -> Callable[[], Any]:
        import heyoka as hy

        spikes: list[float] = []

        def spike(run: Any, _sign: int) -> bool:
            spikes.append(run.time)
            voltage[0] = work.U_RESET
            return False

        u, equations = system(hy)
        event = hy.t_event(u, callback=spike, direction=hy.event_direction.positive, cooldown=0.0)
        solver = hy.taylor_adaptive(
            equations, list(work.START), pars=[0.0], t_events=[event], tol=tolerance, fast_math=True
        )
        start = np.array(work.START)
        voltage = memoryview(solver.state)
        done = hy.taylor_outcome.time_limit

        def run() -> list[float]:
            spikes.clear()
            solver.time = 0.0
            solver.state[:] = start
            solver.pars[0] = -work.GAP
            solver.propagate_until(work.STEP_START)
            solver.pars[0] = work.STEP - work.GAP
            while solver.time < work.SINGLE_END and solver.propagate_until(work.SINGLE_END)[0] != done:
                solver.time = spikes[-1] + work.TAU_REF
            return spikes

        return run


def system(hy: Any) -> tuple[Any, list[tuple[Any, Any]]]:
    """Give heyoka's u and its equations, from the generated right-hand side."""
    states = hy.make_vars("u", "m", "h")
    rates = generated.module("heyoka").rhs(*states, hy.par[0])
    return states[0], list(zip(states, rates, strict=True))


PEER = Heyoka()
