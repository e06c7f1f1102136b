"""NEURON: CVODE with its built-in `hh` mechanism, whose sodium kinetics are the model's own.

tau_m = 10 ms is a capacitance of 1 µF/cm2 over a leak of 1e-4 S/cm2, g = 120 that many leaks; potassium is
off, the rates are computed, not read from a table. Crossings by CVODE's interpolation
(`condition_order(2)`); V is reset in the callback, and holds are added to the times afterwards.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from benchmarks.peers import work

LEAK = 1e-4  # S/cm2
CAPACITANCE = 1.0  # uF/cm2
G_NA, E_NA = 120.0, 50.0  # in leaks; mV
KINETICS_AT = 6.3  # degrees Celsius: where hh's rates are those of 1952


@cache
def cell() -> tuple[Any, Callable[[float], None], list[float], Any]:
    """Make the process's one cell: h and solver, what sets the input in mV, the spikes, what to hold."""
    from neuron import h

    h.celsius, h.usetable_hh = KINETICS_AT, 0
    section = h.Section(name="cell")
    section.L = section.diam = 10.0
    section.insert("hh")
    section.cm, section.ena = CAPACITANCE, E_NA
    segment = section(0.5)
    segment.hh.gl, segment.hh.el = LEAK, work.V_RESET
    segment.hh.gnabar, segment.hh.gkbar = G_NA * LEAK, 0.0
    clamp = h.IClamp(segment)
    clamp.delay, clamp.dur = 0.0, 1e9
    nanoampere = LEAK * segment.area() * 1e-8 * 1e6  # per mV of input
    solver = h.CVode()
    solver.active(1)
    solver.condition_order(2)
    spikes: list[float] = []

    def fire() -> None:
        spikes.append(h.t)
        segment.v = work.V_RESET
        solver.re_init()

    def begin() -> None:
        segment.v, segment.hh.m, segment.hh.h = work.V_RESET, 0.0, 1.0
        solver.re_init()

    def drive(value: float) -> None:
        clamp.amp = nanoampere * value

    watch = h.NetCon(segment._ref_v, None, sec=section)
    watch.threshold, watch.delay = work.V_THRESH, 0.0
    watch.record(fire)
    alive = section, clamp, watch, h.FInitializeHandler(1, begin)  # NEURON forgets what nobody holds
    return (h, solver), drive, spikes, alive


class Neuron(work.Peer):
    name = "NEURON"
    needs = ("neuron",)
    install = "neuron"
    every = 50
    note = "CVODE, built-in hh; the tolerance is the absolute one"
    ensemble_note = "every 50th input, time scaled"
    ensemble_tolerances = (1e-7, 1e-9, 1e-11, 1e-12, 1e-13)
    single_tolerances = (1e-7, 1e-9, 1e-11, 1e-12, 1e-13)

    def ensemble(self, tolerance: float, values: np.ndarray) -> Callable[[], work.Trains]:
        (h, solver), drive, spikes, _ = cell()

        def run() -> work.Trains:
            solver.atol(tolerance)
            found = []
            for value in values:
                spikes.clear()
                drive(value)
                h.finitialize(work.V_RESET)
                solver.solve(work.ENSEMBLE_END)
                found.append(work.with_holds(spikes, work.ENSEMBLE_END))
            return found

        return run

    def single(self, tolerance: float) -> Callable[[], Any]:
        (h, solver), drive, spikes, _ = cell()

        def run() -> np.ndarray:
            solver.atol(tolerance)
            spikes.clear()
            drive(0.0)
            h.finitialize(work.V_RESET)
            solver.solve(work.STEP_START)
            drive(work.STEP)
            solver.re_init()
            solver.solve(work.SINGLE_END)
            return work.with_holds(spikes, work.SINGLE_END)

        return run


PEER = Neuron()
