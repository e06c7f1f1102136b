"""What natrium costs, as ratios within one run: ``python benchmarks/run.py [--json FILE]``.

Two sides of a ratio are timed in turn (A B, B A, ...), so that a busy machine slows both; the median
of the pairs' ratios is shown with the least and the greatest. This informs, it is no test: it exits
0 whatever the numbers say, and marks a missed target with MISSED.
"""

from __future__ import annotations

import argparse
import json
import math
import platform
import subprocess
import sys
import time
from collections.abc import Callable
from functools import cache, partial
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

import attrs
import numpy as np
from scipy.integrate import solve_ivp
from scipy.signal import lfilter

from natrium.model import Channel, Gate, Neuron, Samples, Step, lower, notebook
from natrium.model.kernel import lower_expressions
from natrium.solvers import Compiled, EventDriven, Trajectory

START, END = 20.0, 1000.0  # ms: when the step input goes on, when the run ends
SPAN = 100.0  # ms: for the methods shown for information
AMPLITUDE = 10.0  # mV
RTOL = 1e-9
REFERENCE_RTOL = 1e-13
REPEATS = 9
COST_TARGET, IMPORT_TARGET, GATE_TARGET = 1.5, 1.15, 5.0
N_SAMPLES, RECORD_TARGETS = 200_000, {"Compiled": 2.0, "EventDriven": 10.0}
TAUS = ("1e-12", "1e-7", "1e-6", "1e-5", "1e-4", "1e-3", "1e-2")
HEAVY = ("matplotlib", "numpy", "scipy", "sympy")

BASE = "import numpy, scipy.integrate, sympy"
FIRST_USE = "import natrium; natrium.simulate; natrium.Neuron"


@attrs.frozen
class Row:
    """One line of the table: a median with its spread, and the target it is held to."""

    what: str
    value: float
    least: float
    greatest: float
    unit: str = "x"
    target: float | None = None

    @property
    def verdict(self) -> str:
        if self.target is None:
            return ""
        return "ok" if self.value <= self.target else "MISSED"


def row(what: str, values: list[float], **more: Any) -> Row:
    return Row(what, median(values), min(values), max(values), **more)


def ratios(one: list[float], other: list[float]) -> list[float]:
    return [a / b for a, b in zip(one, other, strict=True)]


def in_turn(runs: list[Callable[[], float]], repeats: int = REPEATS) -> list[list[float]]:
    """Call every run once per round, each round in the other order; give each run's results."""
    results: list[list[float]] = [[] for _ in runs]
    for turn in range(repeats):
        numbered = list(enumerate(runs))
        for index, run in numbered if turn % 2 == 0 else reversed(numbered):
            results[index].append(run())
    return results


def seconds(run: Callable[..., Any], *arguments: Any) -> float:
    """Run once; give the processor's time for it."""
    begin = time.process_time()
    run(*arguments)
    return time.process_time() - begin


# --- simulation: the event-driven solver against a plain restart loop ----------------------------


@cache
def neuron() -> Neuron:
    return notebook.lif_na().neuron


def event_driven(t_end: float, method: str = "auto", rtol: float = RTOL) -> Trajectory:
    """Run the notebook's second model, its step on from `START` to `t_end`."""
    stimulus = Step(AMPLITUDE, start=START, stop=t_end)
    return EventDriven(method=method, rtol=rtol).solve(neuron(), stimulus, t_end=t_end)


def bound_rhs(drive: float) -> Callable[[float, Any], list[float]]:
    """Bind input and parameters to the kernel's scalar right-hand side, as the solver does."""
    kernel = lower(neuron().system)
    scalar, parameters = kernel.event_rhs, kernel.parameters
    J = drive - (neuron().v_thresh - neuron().v_rest)

    def fun(_t: float, y: Any) -> list[float]:
        return scalar(*y.tolist(), J, *parameters)

    return fun


class OnThreshold:
    """The event function of the plain loop: u = V - v_thresh from below."""

    terminal = True
    direction = 1.0

    def __call__(self, _t: float, y: Any) -> float:
        return float(y[0])


def plain_loop(t_end: float, method: str) -> tuple[list[float], int]:
    """Restart `solve_ivp` by hand after every spike; give spike times (ms) and right-hand-side calls."""
    cell = neuron()
    y = np.array(cell.initial_state())
    y[0] -= cell.v_thresh
    atol = np.array([RTOL, *[0.01 * RTOL] * (y.size - 1)])
    spikes: list[float] = []
    calls, rest_until = 0, 0.0
    for begin, end, drive in ((0.0, START, 0.0), (START, t_end, AMPLITUDE)):
        fun, t = bound_rhs(drive), max(begin, rest_until)
        while t < end:
            result = solve_ivp(fun, (t, end), y, method=method, events=OnThreshold(), rtol=RTOL, atol=atol)
            calls += result.nfev
            t, y = float(result.t[-1]), result.y[:, -1].copy()
            if result.status == 1:
                spikes.append(t)
                y[0] = cell.v_reset - cell.v_thresh
                t = rest_until = t + cell.tau_ref
    return spikes, calls


def spike_errors(spikes: Any, truth: Any) -> list[float]:
    """Give the largest difference of two spike trains, ms; the whole run where counts differ."""
    if len(spikes) != len(truth):
        return [END]
    return [float(np.max(np.abs(np.asarray(spikes) - truth), initial=0.0))]


def simulation_rows(t_end: float, method: str, plain: str, target: float | None) -> list[Row]:
    """Compare time, spike times and right-hand-side calls of the solver and of the loop."""
    truth = event_driven(t_end, rtol=REFERENCE_RTOL).spike_times
    ours, (spikes, calls) = event_driven(t_end, method), plain_loop(t_end, plain)
    times = in_turn(
        [partial(seconds, event_driven, t_end, method), partial(seconds, plain_loop, t_end, plain)]
    )
    name = f"{method} / plain {plain}, {t_end:g} ms"
    counted = [ours.rhs_evaluations / calls]
    errors = spike_errors(ours.spike_times, truth), spike_errors(spikes, truth)
    return [
        row(f"time, {name}", ratios(*times), target=target),
        row(f"  {method}", [1e3 * value for value in times[0]], unit="ms"),
        row(f"  plain {plain}", [1e3 * value for value in times[1]], unit="ms"),
        row(f"  right-hand-side calls, {ours.rhs_evaluations} / {calls}", counted),
        row(f"  spike-time error, {method}, {ours.n_spikes} spikes", errors[0], unit="ms"),
        row(f"  spike-time error, plain {plain}", errors[1], unit="ms"),
    ]


def rhs_rows(calls: int = 5_000) -> list[Row]:
    """Compare one call of the right-hand side: the scalar form and the NumPy form."""
    kernel = lower(neuron().system)
    system = kernel.system.event_coordinates()
    symbols = (*system.states, system.input, *system.parameters)
    scalar = kernel.event_rhs
    grid = lower_expressions(system.rhs, symbols, "grid")
    arguments = (-3.0, 0.1, 0.5, AMPLITUDE - 15.0, *kernel.parameters)
    arrays = [np.float64(value) for value in arguments]
    assert np.allclose(scalar(*arguments), grid(*arrays), rtol=1e-13)

    def repeat(function: Callable[..., Any], given: Any) -> None:
        for _ in range(calls):
            function(*given)

    times = in_turn([partial(seconds, repeat, scalar, arguments), partial(seconds, repeat, grid, arrays)])
    each = [[1e6 * value / calls for value in values] for values in times]
    return [
        row("right-hand side, scalar / NumPy form, one call", ratios(*each), target=1.0),
        row("  scalar form", each[0], unit="us"),
        row("  NumPy form", each[1], unit="us"),
    ]


# --- fast gates: against the same ones made instantaneous ----------------------------------------


@cache
def persistent(tau: str) -> Neuron:
    """Give a cell whose sodium channel opens within `tau` (ms), or at once."""
    opens = "1/(1 + exp(-(V + 30)/12.5))"
    m = Gate("m", 1, inf=opens, tau=tau) if tau else Gate("m", 1, inf=opens)
    closes = "5/(exp(0.04*(V + 60)) + exp(-0.12*(V + 60)))"
    h = Gate("h", inf="1/(1 + exp((V + 60.25)/6.25))", tau=closes)
    return Neuron(v_thresh=-45.0, channels=[Channel("NaP", 100.0, 55.0, [m, h])])


def fire(tau: str) -> Trajectory:
    """Run it for 50 ms."""
    return EventDriven().solve(persistent(tau), Step(2.0 * AMPLITUDE, start=10.0), t_end=50.0)


def fast_gate_rows() -> list[Row]:
    """Compare gates of many speeds with an instantaneous one."""
    for tau in ("", *TAUS):
        fire(tau)
    base, *others = in_turn([partial(seconds, fire, tau) for tau in ("", *TAUS)])
    return [
        row(f"time, a gate with tau {tau} ms / instantaneous", ratios(one, base), target=GATE_TARGET)
        for tau, one in zip(TAUS, others, strict=True)
    ]


# --- a long record as the input: against the prepared run ----------------------------------------


def record_rows() -> list[Row]:
    """Compare runs through a record of 200,000 samples with what they take when all is prepared."""
    times = np.arange(N_SAMPLES) / 10.0
    draws = np.random.default_rng(1).standard_normal(N_SAMPLES)
    kept = math.exp(-0.1 / 5.0)  # of what is filtered, from one sample to the next
    values = 10.0 + 6.0 * math.sqrt(1.0 - kept**2) * lfilter([1.0], [1.0, -kept], draws)
    span = {"t_end": N_SAMPLES / 10.0}
    rows = []
    for name, cell in (("LIF", Neuron()), ("LIF with sodium", neuron())):
        for interpolation in ("hold", "linear"):
            record, case = Samples(times, values, interpolation), f"{name}, {interpolation}"
            prepared = Compiled().prepare(cell, record, **span)
            runs: list[Callable[[], Any]] = [prepared]
            runs += [partial(solver.solve, cell, record, **span) for solver in (Compiled(), EventDriven())]
            for run in runs:
                run()  # code and arrays are made
            base, *others = in_turn([partial(seconds, run) for run in runs])
            rows += [
                row(
                    f"time, {solver} / prepared, record, {case}",
                    ratios(one, base),
                    target=most,
                )
                for (solver, most), one in zip(RECORD_TARGETS.items(), others, strict=True)
            ]
    return rows


# --- start-up: fresh processes -------------------------------------------------------------------


def fresh(code: str) -> str:
    """Run code in a fresh interpreter; give what it prints."""
    command = [sys.executable, "-c", code]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def import_seconds(statement: str) -> float:
    """Time a statement in a fresh interpreter: the processor's time, without its start."""
    clock = "time.process_time()"
    return float(fresh(f"import time; begin = {clock}; {statement}; print({clock} - begin)"))


def import_rows() -> list[Row]:
    """Compare imports in fresh processes, against numpy, scipy.integrate and sympy together."""
    statements = (BASE, "import natrium", FIRST_USE)
    for statement in statements:
        fresh(statement)  # compiled files and the disk's cache
    base, plain, first_use = in_turn([partial(import_seconds, s) for s in statements])
    target = IMPORT_TARGET
    return [
        row("import natrium / numpy, scipy.integrate, sympy", ratios(plain, base), target=target),
        row("import natrium and first use / the same", ratios(first_use, base), target=target),
        row("  import numpy, scipy.integrate, sympy", [1e3 * value for value in base], unit="ms"),
        row("  import natrium", [1e3 * value for value in plain], unit="ms"),
        row("  import natrium and first use", [1e3 * value for value in first_use], unit="ms"),
    ]


def help_rows() -> list[Row]:
    """Time ``natrium --help`` by the wall clock, and count the heavy packages that it loads."""
    report = f"print(*sorted(set({HEAVY!r}) & set(sys.modules)), file=sys.stderr)"
    code = f"import atexit, sys\natexit.register(lambda: {report})\n"
    code += "sys.argv = ['natrium', '--help']\nfrom natrium.cli import main\nmain()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = done.stderr.split()

    def wall(*arguments: str) -> float:
        begin = time.perf_counter()
        subprocess.run([sys.executable, *arguments], capture_output=True, check=True)
        return 1e3 * (time.perf_counter() - begin)

    help_time, bare = in_turn([partial(wall, "-m", "natrium", "--help"), partial(wall, "-c", "")])
    named = f" ({', '.join(loaded)})" if loaded else ""
    return [
        row("natrium --help, wall clock", help_time, unit="ms"),
        row("  an empty Python process", bare, unit="ms"),
        row(f"  of {', '.join(HEAVY)} loaded{named}", [len(loaded)], unit="", target=0),
    ]


# --- report --------------------------------------------------------------------------------------


def measure() -> list[Row]:
    """Measure everything."""
    rows = simulation_rows(END, "auto", "DOP853", COST_TARGET)
    rows += simulation_rows(SPAN, "RK45", "RK45", None)
    rows += simulation_rows(SPAN, "Radau", "Radau", None)
    return [*rows, *fast_gate_rows(), *record_rows(), *rhs_rows(), *import_rows(), *help_rows()]


def table(rows: list[Row]) -> str:
    """Lay the rows out as plain text, the parts of a comparison set in below it."""
    lines: list[tuple[str, ...]] = [("measured", "median", "least", "greatest", "", "target", "")]
    for each in rows:
        numbers = [f"{value:.3g}" for value in (each.value, each.least, each.greatest)]
        if each.least == each.greatest:
            numbers[1:] = ["", ""]
        target = "" if each.target is None else f"<= {each.target:g}"
        lines.append((each.what, *numbers, each.unit, target, each.verdict))
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if index in (0, 4, 6) else cell.rjust(width)
            for index, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )


def as_json(rows: list[Row]) -> str:
    packages = ("natrium", "numpy", "scipy", "sympy")
    versions = {"python": platform.python_version()} | {name: version(name) for name in packages}
    listed = [attrs.asdict(each) | {"verdict": each.verdict} for each in rows]
    return json.dumps({"versions": versions, "repeats": REPEATS, "rows": listed}, indent=2) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure what natrium costs, as ratios.")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the numbers there as well")
    chosen = parser.parse_args()
    rows = measure()
    print(table(rows))
    missed = sum(each.verdict == "MISSED" for each in rows)
    print(f"\n{missed} of {sum(each.target is not None for each in rows)} targets missed")
    if chosen.json is not None:
        chosen.json.write_text(as_json(rows), encoding="utf-8")


if __name__ == "__main__":
    main()
