"""SciPy as one would use it: `solve_ivp` with a terminal event, restarted after every spike; one run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.peers import generated, work


class OnThreshold:
    """The event function: u from below."""

    terminal = True
    direction = 1.0

    def __call__(self, _t: float, y: Any) -> float:
        return float(y[0])


class Scipy(work.Peer):
    name = "scipy solve_ivp"
    needs = ("scipy",)
    install = "scipy"
    note = "DOP853 with a terminal event, restarted by hand"
    only = "one run alone: a thousand would take minutes"
    single_tolerances = (1e-7, 1e-8, 1e-9, 1e-10, 1e-11, 1e-12, 1e-13)

    def single(self, tolerance: float) -> Callable[[], Any]:
        from scipy.integrate import solve_ivp

        rhs = generated.module("math").rhs
        atol = np.array([tolerance, 0.01 * tolerance, 0.01 * tolerance])
        stretches = ((0.0, work.STEP_START, 0.0), (work.STEP_START, work.SINGLE_END, work.STEP))

        def run() -> list[float]:
            spikes: list[float] = []
            y = np.array(work.START)
            rested = 0.0
            for begin, end, drive in stretches:
                t, J = max(begin, rested), drive - work.GAP
                while t < end:
                    result = solve_ivp(
                        lambda _t, y, J=J: rhs(*y.tolist(), J),
                        (t, end),
                        y,
                        method="DOP853",
                        events=OnThreshold(),
                        rtol=max(tolerance, 2.3e-14),
                        atol=atol,
                    )
                    t, y = float(result.t[-1]), result.y[:, -1].copy()
                    if result.status == 1:
                        spikes.append(t)
                        y[0] = work.U_RESET
                        t = rested = t + work.TAU_REF
            return spikes

        return run


PEER = Scipy()
