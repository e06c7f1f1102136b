"""The target ``script``: a fixed-step script as it should be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from natrium.export.lowered import Lowered
from natrium.export.pythonic import (
    PythonPrinter,
    all_expressions,
    helper_lines,
    imported,
    indented,
    input_lines,
    number,
    parameter_lines,
    python_names,
    rate_lines,
    table_lines,
    wrapped,
)

NAMES = (
    "T_START", "T_END", "KICKS", "START", "bisect_right", "resting", "threshold", "times", "spike_times",
    "inputs", "part", "trace",
    "left", "held_steps", "k", "came", "spike", "old", "new", "flow",
)  # fmt: skip
# Of Runge and Kutta: how far on, from which slope, with which input.
STAGES = ((0.0, "", "2*k"), (0.5, "1", "2*k + 1"), (0.5, "2", "2*k + 1"), (1.0, "3", "2*k + 2"))


def write_script(model: Lowered, dt: float) -> str:
    """Write the script with its step, ms, without the words at its head."""
    states = model.system.states
    own = [f"{state.name}{stage}" for state in states for stage in ("1", "2", "3", "4", "_old", "_new")]
    names = python_names(model, (*NAMES, *own))
    held = model.fires and model.tau_ref > 0.0
    lines = ["import math"]
    if any(hasattr(part, "times") for part in model.parts):
        lines.append("from bisect import bisect_right")
    lines += [*imported(all_expressions(model)), "", "import numpy as np", ""]
    lines += ["# Parameters", *parameter_lines(model, names)]
    if held and "tau_ref" not in (symbol.name for symbol in model.parameters):
        lines.append(f"tau_ref = {number(model.tau_ref)}  # ms, refractory period")
    lines += [
        "",
        f"dt = {number(dt)}  # ms",
        f"T_START, T_END = {number(model.t_start)}, {number(model.t_end)}  # ms",
    ]
    if model.kicks:
        lines.append("# Spikes that come in: time (ms), the state's place, by how much it grows.")
        rows = (f"({number(time)}, {place}, {number(by)})" for time, place, by in model.kicks)
        lines += wrapped("KICKS = [", rows, "]")
    lines += [*table_lines(model), *helper_lines(model, "t").copy()]
    lines += ["", "", "def current(t):", '    """Give the input, mV."""']
    lines += indented([*input_lines(model, names, "t"), "return I"])
    lines += _flow("derivatives", "Give the time derivative of each state, per ms.", model, model.rhs, names)
    if held and not model.stands:
        text = "Give the time derivative of each state while refractory: what is held does not move."
        lines += _flow("resting", text, model, model.rest, names)
    lines += [
        "",
        "",
        "n_steps = math.ceil((T_END - T_START)/dt)",
        "times = T_START + dt*np.arange(n_steps + 1)",
    ]
    lines.append("inputs = [current(times[k // 2] + 0.5*dt*(k % 2)) for k in range(2*n_steps + 1)]")
    lines += [f"{names[state]} = {number(start)}" for state, start in zip(states, model.start, strict=True)]
    lines += [f"trace = [{names[states[0]]}]  # V at the times", "spike_times = []"]
    if held:
        lines += ["held_steps = round(tau_ref/dt)", "left = 0  # steps of the refractory period"]
    lines += ["came = 0  # of the spikes that come in"] if model.kicks else []
    lines += ["for k in range(n_steps):", *indented(_step(model, names, held))]
    lines += [
        "", "",
        'if __name__ == "__main__":',
        "    for spike in spike_times:",
        "        print(repr(float(spike)))",
        "",
    ]  # fmt: skip
    return "\n".join(lines)


def _flow(name: str, text: str, model: Lowered, flows: Sequence[Any], names: Mapping[Any, str]) -> list[str]:
    states = [names[state] for state in model.system.states]
    body = [f'"""{text}"""']
    body += rate_lines(model, flows, names)
    rates = [f"d{state}" for state in states]
    body.append(f"return {', '.join(rates)}" if len(rates) > 1 else f"return {rates[0]}")
    return ["", "", f"def {name}(I, {', '.join(states)}):", *indented(body)]


def _step(model: Lowered, names: Mapping[Any, str], held: bool) -> Iterator[str]:
    """Write one step."""
    states = [names[state] for state in model.system.states]
    V, printer = states[0], PythonPrinter(names)
    yield "t = times[k]"
    if model.kicks:
        yield from _kicks(model, states, held)
    still = held and model.stands
    if still:
        yield "if left > 0:"
        yield "    left -= 1"
        yield f"    trace.append({V})"
        yield "    continue"
    flow = "derivatives"
    if held and not still:
        yield "flow = resting if left > 0 else derivatives"
        flow = "flow"
    for stage, (part, before, place) in enumerate(STAGES, start=1):
        slopes = ", ".join(f"{state}{stage}" for state in states)
        moved = [_moved(state, part, before) for state in states]
        yield from wrapped(f"{slopes} = {flow}(", [f"inputs[{place}]", *moved], ")")
    level = printer.doprint(model.level) if model.fires else ""
    moving = model.fires and bool(model.system.threshold_moves)
    if model.fires:
        yield from _before(model, names, f"{V} - ({level})" if moving else V)
    for state in states:
        yield f"{state} += dt/6.0*({state}1 + 2.0*{state}2 + 2.0*{state}3 + {state}4)"
    if model.fires:
        yield from _spike(model, names, held, f"{V} - ({level})" if moving else "")
    yield f"trace.append({V})"


def _between(model: Lowered) -> list[Any]:
    """Give the states beside V whose values at a spike lie on the line through the step."""
    return [] if model.passes else list(model.system.states[1:])


def _before(model: Lowered, names: Mapping[Any, str], over: str) -> Iterator[str]:
    """Keep what the line through a step needs of its start."""
    others = [names[state] for state in _between(model)]
    V = names[model.system.states[0]]
    olds = ", ".join(f"{one}_old" for one in (V, *others))
    yield f"{olds} = {', '.join((over, *others))}"


def _moved(state: str, part: float, before: str) -> str:
    if not before:
        return state
    return f"{state} + dt*{state}{before}" if part == 1.0 else f"{state} + {part}*dt*{state}{before}"


def _spike(model: Lowered, names: Mapping[Any, str], held: bool, over: str) -> Iterator[str]:
    """Write what happens where V has come to the threshold; `over` is V less one that moves."""
    printer, states = PythonPrinter(names), model.system.states
    V = names[states[0]]
    level = "0.0" if over else printer.doprint(model.level)
    new = f"{V}_new" if over else V
    if held and not model.stands:
        yield "if left > 0:"
        yield "    left -= 1"
        yield f"    trace.append({V})"
        yield "    continue"
    if over:
        yield f"{new} = {over}"
    passing = f"{V}_old < {level} <= {new}" if model.passes else f"{new} >= {level}"
    yield f"if {passing}:"
    between = f"({level} - {V}_old)/({new} - {V}_old)" if not over else f"{V}_old/({V}_old - {new})"
    yield f"    part = {between}" + (f" if {V}_old < {level} else 0.0" if _may_start_over(model) else "")
    yield "    spike_times.append(t + dt*part)"
    for state in _between(model):
        one = names[state]
        yield f"    {one} = {one}_old + part*({one} - {one}_old)"
    moved = [
        (names[state], printer.doprint(after))
        for state, after in zip(states, model.reset, strict=True)
        if state != after
    ]
    if len(moved) == 1:
        yield f"    {moved[0][0]} = {moved[0][1]}"
    elif moved:
        yield f"    {', '.join(one for one, _ in moved)} = {', '.join(after for _, after in moved)}"
    if held:
        yield "    left = held_steps"


def _may_start_over(model: Lowered) -> bool:
    """Tell whether a step can begin with V at the threshold or above."""
    return not model.passes and (bool(model.kicks) or not model.held[0] or bool(model.system.threshold_moves))


def _kicks(model: Lowered, states: Sequence[str], held: bool) -> Iterator[str]:
    """Write how spikes come in, each with the step that holds its time."""
    yield "while came < len(KICKS) and KICKS[came][0] < t + dt:"
    yield "    place, by = KICKS[came][1:]"
    places = sorted({place for _, place, _ in model.kicks})
    for count, place in enumerate(places):
        condition = f"place == {place}" + (" and left == 0" if held and place == 0 else "")
        yield f"    {'if' if count == 0 else 'elif'} {condition}:"
        yield f"        {states[place]} += by"
    yield "    came += 1"
