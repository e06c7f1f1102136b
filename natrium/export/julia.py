"""The target ``julia``: a script for DifferentialEquations.jl, event by event."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import sympy

from natrium.export.cprint import CPrinter
from natrium.export.inputs import Curve, T, Table
from natrium.export.lowered import Lowered
from natrium.export.names import name_symbols
from natrium.export.pythonic import all_expressions, held_at, indented, number, wrapped

WORDS = """
    t y dy p at inp exp exprel log sqrt sin cos tan asin acos atan sinh cosh tanh asinh acosh atanh abs
    floor erf erfc pi im e Inf NaN min max begin end function return for while if else elseif let local
    global const do module using import export struct mutable macro quote try catch finally break continue
    true false baremodule abstract primitive type where in isa current flow derivatives! resting! above
    reset integrate simulate spikes sample line beyond held T_START T_END EDGES KICKS START MAX_STEP solved
    marks k V_ nothing missing
"""
RESERVED = tuple(WORDS.split())

HEAD = """
exprel(x) = abs(x) < 1e-300 ? 1.0 : expm1(min(x, 230.0)) / min(x, 230.0)
grow(x) = exp(min(x, 230.0))  # held: a step that is tried too far must not overflow
"""

TABLES = """
# Each sample holds until the next, or straight lines join them.
sample(at, times, values) = values[max(searchsortedlast(times, at), 1)]
function line(t, at, times, values)
    k = searchsortedlast(times, at)
    (k == 0 || k == length(times)) && return values[max(k, 1)]
    return values[k] + (values[k + 1] - values[k]) / (times[k + 1] - times[k]) * (t - times[k])
end
"""

INTEGRATE = """
# Integrate from `from` to `to`, or up to V's way through the threshold: up (1), down (-1), or not at all (0).
function integrate(flow, from, to, y, at, watched)
    from >= to && return to, y, false
    condition(u, t, integrator) = watched * above(u)
    through = ContinuousCallback(condition, terminate!, nothing; interp_points = 20)
    solved = solve(
        ODEProblem(flow, y, (from, to), at), Vern9();
        callback = watched == 0.0 ? nothing : through, reltol = 1e-12, abstol = 1e-12, dtmax = MAX_STEP,
    )
    return solved.t[end], copy(solved.u[end]), solved.retcode == ReturnCode.Terminated
end
"""


class _Printer(CPrinter):
    """Julia's expressions."""

    program = "Julia"
    absolute = "abs"

    def __init__(self, names: Mapping[Any, str]) -> None:
        super().__init__(names)
        self.known_functions |= {"exp": "grow", "whole_exp": "grow"}

    def _power(self, base: Any, exponent: Any) -> str:
        power = str(int(exponent)) if exponent.is_Integer else self._print(exponent)
        return f"({self._print(base)})^({power})"

    def _print_choose(self, expr: Any) -> str:
        g, a, b = map(self._print, expr.args)
        return f"({g} >= 0.0 ? {a} : {b})"

    def _print_exp(self, expr: Any) -> str:
        return f"grow({self._print(expr.args[0])})"

    _print_growth = _print_exp


def write_julia(model: Lowered, dt: float) -> str:
    """Write the script, without the words at its head."""
    states = model.system.states
    rates = [f"d{state.name}" for state in states]
    names = name_symbols((*states, *model.parameters), (*RESERVED, *rates))
    names |= {model.system.input: "inp", T: "t", sympy.Symbol("at", real=True): "at"}
    printer = _Printer(names)
    lines = ["using DifferentialEquations", ""]
    values = all_expressions(model)
    if any(sympy.S(one).has(sympy.erf, sympy.erfc) for one in values):
        lines.insert(1, "using SpecialFunctions: erf, erfc")
    lines += [f"const {names[symbol]} = {number(value)}" for symbol, value in model.parameters.items()]
    lines += [f"const T_START, T_END = {number(model.t_start)}, {number(model.t_end)}  # ms"]
    lines += wrapped("const START = [", map(number, model.start), f"]  # {', '.join(model.system.labels)}")
    lines += wrapped(
        "const EDGES = Float64[", map(number, model.edges), "]  # ms, where the input jumps or bends"
    )
    step = number(model.max_step)
    lines.append(f"const MAX_STEP = {'T_END - T_START' if step == 'inf' else step}")
    if model.kicks:
        lines.append("# Spikes that come in: time (ms), the state's place, by how much it grows.")
        rows = (f"({number(time)}, {place + 1}, {number(by)})" for time, place, by in model.kicks)
        lines += wrapped("const KICKS = [", rows, "]")
    for index, part in enumerate(model.parts):
        if isinstance(part, Table):
            lines += wrapped(f"const TIMES_{index} = [", map(number, part.times), "]")
            lines += wrapped(f"const VALUES_{index} = [", map(number, part.values), "]")
    lines += HEAD.splitlines()
    if any(isinstance(part, Table) for part in model.parts):
        lines += TABLES.splitlines()
    lines += [
        "",
        "# The input at t, on the smooth piece that holds the time `at`.",
        "function current(t, at)",
        "    inp = 0.0",
    ]
    lines += indented(_input(model, printer))
    lines += ["    return inp", "end", ""]
    lines += _flow("derivatives!", model.rhs, model, printer, names)
    if model.fires:
        lines += _flow("resting!", model.rest, model, printer, names)
        lines += [
            "",
            "function above(y)",
            *indented(
                [*_unpack(model, names), f"return {names[states[0]]} - ({printer.doprint(model.level)})"]
            ),
            "end",
        ]
        after = [printer.doprint(one) for one in model.reset]
        lines += [
            "",
            "function reset(y)",
            *indented([*_unpack(model, names), *wrapped("return [", after, "]")]),
            "end",
        ]
    else:
        lines += ["above(y) = -1.0"]
    lines += INTEGRATE.splitlines()
    lines += ["", *_simulate(model), "", "for time in simulate()", "    println(time)", "end", ""]
    return "\n".join(lines)


def _unpack(model: Lowered, names: Mapping[Any, str]) -> list[str]:
    own = [names[state] for state in model.system.states]
    return [f"{', '.join(own)}{',' * (len(own) == 1)} = y"]


def _flow(name: str, flows: Any, model: Lowered, printer: _Printer, names: Mapping[Any, str]) -> list[str]:
    body = [*_unpack(model, names), "inp = current(t, at)"]
    body += [f"dy[{place}] = {printer.doprint(flow)}" for place, flow in enumerate(flows, start=1)]
    return ["", f"function {name}(dy, y, at, t)", *indented([*body, "return nothing"]), "end"]


def _input(model: Lowered, printer: _Printer) -> Iterator[str]:
    for index, part in enumerate(model.parts):
        if isinstance(part, Curve):
            value = printer.doprint(held_at(part.value, "at"))
        else:
            value = (
                f"line(t, at, TIMES_{index}, VALUES_{index})"
                if part.lines
                else f"sample(at, TIMES_{index}, VALUES_{index})"
            )
        condition = " && ".join(part.window.conditions("at >= {}", "at < {}"))
        yield f"inp += {condition} ? {value} : 0.0" if condition else f"inp += {value}"


def _simulate(model: Lowered) -> Iterator[str]:
    """Write the course from piece to piece."""
    fires = model.fires
    watched = [
        1,
        *(k + 1 for k, label in enumerate(model.system.labels) if label in model.system.threshold_moves),
    ]
    yield "function simulate()"
    yield "    spikes, y, held_until = Float64[], copy(START), -Inf"
    if model.passes and fires:
        yield "    beyond = above(y) >= 0.0  # V goes on through the threshold: it must come back first"
    else:
        yield "    beyond = false"
    if fires:
        yield "    function fire(time)"
        yield "        push!(spikes, time)"
        yield "        y = reset(y)"
        yield f"        held_until = time + {number(model.tau_ref)}"
        yield f"        beyond = {'true' if model.passes else 'false'}"
        yield "    end"
    yield "    marks = [T_START; EDGES; T_END]"
    yield "    for k in 1:length(marks) - 1"
    yield "        t, to = marks[k], marks[k + 1]"
    yield "        at = 0.5 * (t + to)  # the input is smooth in between"
    if model.kicks:
        yield "        for (time, place, by) in KICKS"
        yield "            time == t || continue"
        yield "            place == 1 && t < held_until && continue"
        yield "            y = copy(y)"
        yield "            y[place] += by"
        if fires:
            yield f"            if place in {watched} && t >= held_until"
            yield "                above(y) >= 0.0 && !beyond && fire(t)"
            if model.passes:
                yield "                beyond = above(y) >= 0.0"
            yield "            end"
        yield "        end"
    yield "        while t < to"
    if fires and model.tau_ref > 0.0:
        yield "            if t < held_until"
        yield "                until = min(held_until, to)"
        if not model.stands:
            yield "                _, y, _ = integrate(resting!, t, until, y, at, 0.0)"
        yield "                t = until"
        if model.passes:
            yield "                beyond = above(y) >= 0.0"
        else:
            yield "                t >= held_until && above(y) >= 0.0 && fire(t)"
        yield "                continue"
        yield "            end"
    watched_for = "beyond ? -1.0 : 1.0" if fires else "0.0"
    yield f"            t, y, through = integrate(derivatives!, t, to, y, at, {watched_for})"
    if fires:
        yield "            if through && beyond"
        yield "                beyond = false"
        yield "            elseif through"
        yield "                fire(t)"
        yield "            end"
    yield "        end"
    yield "    end"
    yield "    return spikes"
    yield "end"


def julia_meaning(model: Lowered, dt: float) -> list[str]:
    """Say what means something else in Julia."""
    return [
        "Nothing is meant to mean something else here: DifferentialEquations.jl goes at a tolerance of "
        "1e-12 from one edge "
        "of the input to the next, and a ContinuousCallback, which looks at twenty points of each step, "
        "ends it at the "
        "threshold.",
        "natrium does not run Julia: this file is written, not tried.",
    ]
