"""The target ``python``: a script on NumPy and SciPy alone, every spike located as an event."""

from __future__ import annotations

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
    "T_START", "T_END", "EDGES", "KICKS", "START", "MAX_STEP", "OPTIONS", "solve_ivp", "brentq",
    "bisect_right", "resting", "above", "reset", "integrate", "simulate", "spikes", "begin", "end", "flow",
    "course", "SMALL", "solved",
)  # fmt: skip

INTEGRATE = '''
def integrate(flow, begin, end, y, at, watched=1.0):
    """Integrate from begin to end, or up to V's way through the threshold, upwards (1) or downwards (-1).

    Returns the time reached, the state there, and whether V went through; watched = 0 looks for nothing.
    """

    def fun(t, y):
        return flow(t, y, at)

    def crossing(t, y):
        return watched * above(y)

    def peak(t, y):  # where V, within a step, may have been beyond the threshold and back
        return watched * (above(y + SMALL * fun(t, y)) - above(y)) / SMALL

    crossing.terminal, crossing.direction = True, 1
    peak.direction = -1
    solved = solve_ivp(fun, (begin, end), y, events=[crossing, peak] if watched else None, **OPTIONS)
    if solved.status < 0:
        raise RuntimeError(f"no step from t = {solved.t[-1]} ms on: {solved.message}")
    found = solved.t_events[0].size if watched else 0
    time = float(solved.t_events[0][0]) if found else end
    for top in solved.t_events[1].tolist() if watched else []:
        if top < time and crossing(top, solved.sol(top)) >= 0.0:
            before = solved.t[solved.t < top][-1]
            if crossing(before, solved.sol(before)) < 0.0:
                time = brentq(lambda t: crossing(t, solved.sol(t)), before, top, xtol=1e-13)
                found = 1
                break
    course.append((solved.t[solved.t <= time], solved.y[:, solved.t <= time]))
    if not found:
        return end, solved.y[:, -1], False
    # SciPy's output between steps is less exact than its steps: true steps lead to the crossing.
    node = int(np.searchsorted(solved.t, time)) - 1
    start, y = solved.t[max(node, 0)], solved.y[:, max(node, 0)]
    for _ in range(3):
        y_time = solve_ivp(fun, (start, time), y, **OPTIONS).y[:, -1] if time > start else y
        slope = peak(time, y_time)
        if slope <= 0.0:
            break
        time = min(max(time - crossing(time, y_time) / slope, start), end)
    return time, y_time, True
'''


def write_python(model: Lowered) -> str:
    """Write the script, without the words at its head."""
    names = python_names(model, NAMES)
    values = all_expressions(model)
    lines = ["import math"]
    if any(hasattr(part, "times") for part in model.parts):
        lines.append("from bisect import bisect_right")
    lines += [*imported(values), "", "import numpy as np", "from scipy.integrate import solve_ivp"]
    lines += ["from scipy.optimize import brentq"] if model.fires else []
    labels = ", ".join(model.system.labels)
    lines += ["", "# Parameters", *parameter_lines(model, names), ""]
    lines += [f"T_START, T_END = {number(model.t_start)}, {number(model.t_end)}  # ms"]
    lines += wrapped("START = [", map(number, model.start), f"]  # {labels}")
    lines += wrapped("EDGES = [", map(number, model.edges), "]  # ms, where the input jumps or bends")
    if model.kicks:
        lines.append("# Spikes that come in: time (ms), the state's place, by how much it grows.")
        rows = (f"({number(time)}, {place}, {number(by)})" for time, place, by in model.kicks)
        lines += wrapped("KICKS = [", rows, "]")
    lines += [
        "# Where rates are thousands per ms, Radau takes fewer steps.",
        'OPTIONS = {"method": "DOP853", "rtol": 1e-12, "atol": 1e-12, "dense_output": True, '
        f'"max_step": {"np.inf" if number(model.max_step) == "inf" else number(model.max_step)}}}',
    ]
    lines += ["SMALL = 1e-6  # ms, for V's slope"] if model.fires else []
    lines += ["course = []  # the solution, piece by piece", *table_lines(model), *helper_lines(model, "at")]
    lines += [
        "",
        "",
        "def current(t, at):",
        '    """Give the input at t on the smooth piece that holds the time `at`."""',
    ]
    lines += indented([*input_lines(model, names, "at"), "return I"])
    lines += _flow("derivatives", "Give the time derivative of each state, per ms.", model, model.rhs, names)
    if model.fires:
        if model.tau_ref > 0.0 and not model.stands:
            text = "Give the time derivative of each state while refractory: what is held does not move."
            lines += _flow("resting", text, model, model.rest, names)
        lines += _events(model, names)
        lines += INTEGRATE.splitlines()
    lines += _simulate(model).splitlines()
    lines += [
        "", "",
        'if __name__ == "__main__":',
        "    for time in simulate():",
        "        print(repr(float(time)))",
        "",
    ]  # fmt: skip
    return "\n".join(lines)


def _unpack(model: Lowered, names: dict[Any, str]) -> str:
    states = [names[state] for state in model.system.states]
    return f"{', '.join(states)}{',' * (len(states) == 1)} = y"


def _flow(name: str, text: str, model: Lowered, flows: tuple[Any, ...], names: dict[Any, str]) -> list[str]:
    rates = [f"d{names[state]}" for state in model.system.states]
    body = [f'"""{text}"""', _unpack(model, names)]
    if any(flow.has(model.system.input) for flow in flows):
        body.append("I = current(t, at)")
    body += rate_lines(model, flows, names)
    body += wrapped("return np.array([", rates, "])")
    return ["", "", f"def {name}(t, y, at):", *indented(body)]


def _events(model: Lowered, names: dict[Any, str]) -> list[str]:
    printer = PythonPrinter(names)
    V = names[model.system.states[0]]
    inside = (
        [_unpack(model, names)] if model.level.free_symbols & set(model.system.states) else [f"{V} = y[0]"]
    )
    after = [printer.doprint(one) for one in model.reset]
    level = printer.doprint(model.level)
    level = f"({level})" if model.level.is_Add else level
    return [
        "", "",
        "def above(y):",
        '    """Give V less its threshold, mV."""',
        *indented([*inside, f"return {V} - {level}"]),
        "", "",
        "def reset(y):",
        '    """Give the state after a spike, of that before."""',
        *indented([_unpack(model, names), *wrapped("return np.array([", after, "])")]),
        "",
    ]  # fmt: skip


def _simulate(model: Lowered) -> str:
    kicked = bool(model.kicks)
    lines = [
        "", "",
        "def simulate():",
        '    """Give the spike times, ms; `course` then holds the solution."""',
        "    course.clear()",
        "    spikes, y = [], np.array(START)",
        "    held_until = -np.inf",
    ] if model.fires else [
        "", "",
        "def simulate():",
        '    """Give the spike times, ms: there is no threshold. `course` then holds the solution."""',
        "    course.clear()",
        "    y = np.array(START)",
    ]  # fmt: skip
    if model.passes and model.fires:
        lines.append(
            "    beyond = above(y) >= 0.0  # V goes on through the threshold: it must come back first"
        )
    if model.fires:
        lines += [
            "",
            "    def fire(time):",
            *(
                ["        nonlocal y, held_until, beyond"]
                if model.passes
                else ["        nonlocal y, held_until"]
            ),
        ]
        lines += [
            "        spikes.append(time)",
            "        y = reset(y)",
            f"        held_until = time + {number(model.tau_ref)}",
        ]
        if model.passes:
            lines.append("        beyond = True")
        else:
            lines += [
                "        if above(y) >= 0.0 and held_until <= time:",
                '            raise RuntimeError(f"the reset leaves V at the threshold at t = {time} ms")',
            ]
        lines.append("")
    lines += [
        "    marks = [T_START, *EDGES, T_END]",
        "    for t, end in zip(marks[:-1], marks[1:]):",
        "        at = 0.5 * (t + end)  # the input is smooth in between",
    ]
    if kicked:
        lines += _kicks(model)
    if not model.fires:
        lines += [
            "        solved = solve_ivp(derivatives, (t, end), y, args=(at,), **OPTIONS)",
            "        if solved.status < 0:",
            '            raise RuntimeError(f"no step from t = {solved.t[-1]} ms on: {solved.message}")',
            "        course.append((solved.t, solved.y))",
            "        y = solved.y[:, -1]",
            "    return []",
        ]
        return "\n".join(lines)
    lines.append("        while t < end:")
    if model.tau_ref > 0.0:
        lines += [
            "            if t < held_until:",
            "                until = min(held_until, end)",
        ]
        if not model.stands:
            lines.append("                y = integrate(resting, t, until, y, at, watched=0.0)[1]")
        lines.append("                t = until")
        if model.passes:
            lines.append("                beyond = above(y) >= 0.0  # what V did meanwhile is no spike")
        elif not model.stands:
            lines += [
                "                if t >= held_until and above(y) >= 0.0:",
                "                    fire(t)",
            ]
        lines.append("                continue")
    if model.passes:
        lines += [
            "            t, y, through = integrate(derivatives, t, end, y, at, -1.0 if beyond else 1.0)",
            "            if through and beyond:",
            "                beyond = False",
            "            elif through:",
            "                fire(t)",
        ]
    else:
        lines += [
            "            t, y, through = integrate(derivatives, t, end, y, at)",
            "            if through:",
            "                fire(t)",
        ]
    lines.append("    return spikes")
    return "\n".join(lines)


def _kicks(model: Lowered) -> list[str]:
    """Write how a state jumps: V that is held stays; one that jumps over the threshold fires at once."""
    lines = ["        for time, place, by in KICKS:", "            if time != t:", "                continue"]
    moved = model.system.threshold_moves
    moves = [k for k, label in enumerate(model.system.labels) if k == 0 or label in moved]
    if not model.fires:
        return [*lines, "            y = y.copy()", "            y[place] += by"]
    if any(place == 0 for _, place, _ in model.kicks):
        lines += ["            if place == 0 and t < held_until:", "                continue"]
    lines += ["            y = y.copy()", "            y[place] += by"]
    counts = "True" if len(moves) == len(model.system.labels) else f"place in {tuple(moves)!r}"
    if any(place in moves for _, place, _ in model.kicks):
        if model.passes:
            lines += [
                f"            if {counts} and t >= held_until and above(y) >= 0.0 and not beyond:",
                "                fire(t)",
                f"            elif {counts}:",
                "                beyond = above(y) >= 0.0",
            ]
        else:
            lines += [
                f"            if {counts} and t >= held_until and above(y) >= 0.0:",
                "                fire(t)",
            ]
    return lines
