"""NEURON in a process of its own: what compiled mechanisms do at given voltages, as numbers.

Run by its path, without natrium, in the folder that holds the compiled library.
"""

import json
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any

Start = Callable[[float], None]

STEPPED = 1e20  # uF/cm2: a membrane that no current moves
SHORT = 1e-3  # ms: a step after which states are set again


def main() -> None:
    """Answer each line, a task in JSON, by a line of numbers or an error."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    from neuron import h  # what stands compiled in this folder is loaded with it

    for line in sys.stdin:
        task = json.loads(line)
        try:
            answer = _measure(h, task)
        except Exception as error:  # whatever a mechanism raises is what there is to tell
            answer = {"error": f"{type(error).__name__}: {error}"[:300]}
        print(json.dumps(answer), file=answers, flush=True)


def _measure(h: Any, task: dict[str, Any]) -> dict[str, Any]:
    """Give derivatives at the corners of the states, and currents, at each voltage."""
    suffix, states = task["suffix"], task["states"]
    section = h.Section(name="s")
    section.L = section.diam = 10.0
    section.insert(suffix)
    segment = section(0.5)
    h.celsius = task["celsius"]
    if hasattr(h, f"usetable_{suffix}"):
        setattr(h, f"usetable_{suffix}", 0)

    def start(v: float) -> None:
        for name, value in task["given"].items():
            target = segment if hasattr(segment, f"{name}_{suffix}") else h
            setattr(target, f"{name}_{suffix}", value)
        _set_ions(segment, task["ions"])
        h.finitialize(v)
        _set_ions(segment, task["ions"])

    solver = h.CVode()
    if task["stepped"]:
        flows = _by_steps(h, segment, task, start)
    else:
        flows = _by_derivatives(h, solver, task, start) if states else []

    def opened(values: list[float]) -> None:
        for name, value in zip(states, values, strict=True):
            setattr(segment, f"{name}_{suffix}", value)

    currents = []
    names = [name if of_ion else f"{name}_{suffix}" for name, of_ion in task["currents"].items()]
    capacitance, segment.cm = segment.cm, STEPPED
    for v, values in zip(task["voltages"], task["shares"], strict=True):
        start(v)
        opened(values)
        h.dt = SHORT
        with suppress(RuntimeError):  # NEURON's implicit steps fail on some
            h.fadvance()  # what its dynamics work out, its current may use
        segment.v = v
        opened(values)
        _set_ions(segment, task["ions"])
        h.fcurrent()
        currents.append(sum(getattr(segment, name) for name in names))
    segment.cm = capacitance
    trains: list[list[float]] = []
    with suppress(RuntimeError):
        trains = [_fire(h, section, task, start, dt) for dt in task["dts"]]
    return {"flows": flows, "currents": currents, "trains": trains}


def _fire(h: Any, section: Any, task: dict[str, Any], start: Start, dt: float) -> list[float]:
    """Give the spikes of a leaky cell with the mechanism, by steps that end on the threshold; then V."""
    suffix, cell, segment = task["suffix"], task["cell"], section(0.5)
    section.insert("pas")
    segment.cm, segment.pas.g, segment.pas.e = cell["cm"], cell["g"], cell["e"]
    names = ["v", *(f"{state}_{suffix}" for state in cell["start"])]
    start(cell["v"])
    for state, value in cell["start"].items():
        setattr(segment, f"{state}_{suffix}", value)
    t = 0.0
    spikes: list[float] = []

    def step(before: list[float], length: float) -> float:
        for name, value in zip(names, before, strict=True):
            setattr(segment, name, value)
        h.dt = length
        h.fadvance()
        return float(segment.v)

    while t < cell["end"] and len(spikes) < cell["most"]:
        before = [getattr(segment, name) for name in names]
        length = min(dt, cell["end"] - t)
        if step(before, length) < cell["threshold"]:
            t += length
            continue
        low, high = 0.0, length  # the step whose end is on the threshold
        for _ in range(cell["halvings"]):
            middle = 0.5 * (low + high)
            low, high = (middle, high) if step(before, middle) < cell["threshold"] else (low, middle)
        step(before, high)
        t += high
        spikes.append(t)
        segment.v = cell["reset"]
    return [*spikes, float(segment.v)]


def _set_ions(segment: Any, ions: dict[str, float]) -> None:
    for name, value in ions.items():
        if hasattr(segment, name):
            setattr(segment, name, value)


def _by_derivatives(h: Any, solver: Any, task: dict[str, Any], start: Start) -> list[Any]:
    """Ask CVODE for the right-hand side at no state open, and at each alone open."""
    suffix, states = task["suffix"], task["states"]
    solver.active(1)
    start(task["voltages"][0])
    y = h.Vector()
    solver.states(y)
    label, places = h.ref(""), {}
    for k in range(int(y.size())):
        solver.statename(k, label, 1)
        places[label[0]] = k
    at = [
        next(k for name, k in places.items() if name.endswith(f".{state}_{suffix}(0.5)")) for state in states
    ]
    v_at = next(k for name, k in places.items() if name.endswith(".v(0.5)"))
    found = []
    for v in task["voltages"]:
        start(v)
        rows = []
        for opened in [None, *range(len(states))]:
            y.fill(0.0)
            y[v_at] = v
            if opened is not None:
                y[at[opened]] = 1.0
            given = y.c()
            slope = y.c().fill(0.0)
            solver.f(0.0, given, slope)
            rows.append([slope[k] for k in at])
        found.append(rows)
    solver.active(0)
    return found


def _by_steps(h: Any, segment: Any, task: dict[str, Any], start: Start) -> list[Any]:
    """Take a step of a given length from no state open and from all open, V held by a huge capacitance."""
    suffix, states = task["suffix"], task["states"]
    capacitance = segment.cm
    segment.cm = STEPPED
    found = []
    for v, steps in zip(task["voltages"], task["steps"], strict=True):
        rows = []
        for state, step in zip(states, steps, strict=True):
            ends = []
            for value in (0.0, 1.0):
                start(v)
                h.dt = step
                for other in states:
                    setattr(segment, f"{other}_{suffix}", value)
                h.fadvance()
                ends.append(getattr(segment, f"{state}_{suffix}"))
            rows.append(ends)
        found.append(rows)
    segment.cm = capacitance
    return found


if __name__ == "__main__":
    main()
