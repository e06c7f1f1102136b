"""Brian2: fixed steps of Runge and Kutta's fourth order, generated C++ in a program of its own.

Its spikes lie on the grid of steps, and so do its resets: the error is that of the grid however small the
steps' own. The time is the program's, its start included; the building is left out.
"""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.peers import generated, work

HOLD = "(unless refractory)"


class Brian2(work.Peer):
    name = "Brian2"
    needs = ("brian2",)
    install = "brian2 'numpy<2.4'"
    note = "C++, fixed steps: the tolerance is the step, ms; spikes on the grid"
    ensemble_tolerances = (0.1, 0.01)
    single_tolerances = (0.01, 0.001)

    def ensemble(self, tolerance: float, values: np.ndarray) -> Callable[[], work.Trains]:
        return built(tolerance, values, 0.0, work.ENSEMBLE_END)

    def single(self, tolerance: float) -> Callable[[], Any]:
        run = built(tolerance, np.array([work.STEP]), work.STEP_START, work.SINGLE_END)
        return lambda: run()[0]


def built(dt: float, values: np.ndarray, edge: float, t_end: float) -> Callable[[], work.Trains]:
    """Build a program: inputs `values` from `edge` on, none before; give what runs it."""
    import brian2

    folder = tempfile.TemporaryDirectory()
    brian2.device.reinit()
    brian2.set_device("cpp_standalone", build_on_run=False, directory=folder.name)
    brian2.prefs.codegen.cpp.extra_compile_args_gcc = ["-O3", "-ffast-math", "-march=native"]
    brian2.defaultclock.dt = dt * brian2.ms
    (*states, drive), definitions, rates = generated.parts()
    lines = [f"{name} = {text} : 1" for name, text in definitions]
    lines += [f"d{x}/dt = ({rate})/ms : 1 {HOLD}" for x, rate in zip(states, rates, strict=True)]
    lines += [f"{drive} = amplitude*int(t >= step_start - dt/2) - gap_mV : 1", "amplitude : 1 (constant)"]
    names = {"step_start": edge * brian2.ms, "gap_mV": work.GAP}
    group = brian2.NeuronGroup(
        len(values),
        "\n".join(lines),
        threshold="u >= 0",
        reset=f"u = {work.U_RESET}",
        refractory=work.TAU_REF * brian2.ms,
        method="rk4",
        namespace=names,
    )
    for name, value in zip(states, work.START, strict=True):
        setattr(group, name, value)
    group.amplitude = values
    monitor = brian2.SpikeMonitor(group)
    net = brian2.Network(group, monitor)
    net.run(t_end * brian2.ms, namespace={})
    device = brian2.device
    device.build(directory=folder.name, compile=True, run=False)
    indices, moments = (
        Path(folder.name, "results", device.get_array_filename(monitor.variables[name]))
        for name in ("i", "t")
    )

    def run() -> work.Trains:
        # By hand: the device knows the program built last, and here are several.
        program = Path(folder.name, "main")
        subprocess.run([program], cwd=folder.name, check=True, stdout=subprocess.DEVNULL)
        index, times = np.fromfile(indices, dtype=np.int32), 1e3 * np.fromfile(moments)
        order = np.argsort(index, kind="stable")
        return np.split(times[order], np.searchsorted(index[order], np.arange(1, len(values))))

    return run


PEER = Brian2()
