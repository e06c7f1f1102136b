"""The target ``neuron``: a Python script for NEURON, with the cell as a mechanism in NMODL."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

import sympy

from natrium.export.cprint import CPrinter
from natrium.export.distance import Twin
from natrium.export.inputs import Curve, T, Table
from natrium.export.lowered import Lowered
from natrium.export.names import name_symbols
from natrium.export.pythonic import held_at, number, wrapped
from natrium.solvers import FixedStep

WORDS = """
    v t dt celsius area diam inp at level slope since resting kind flag fire exp log sqrt sin cos tan asin
    acos atan sinh cosh tanh fabs abs floor ceil erf erfc pow exprel choose held_exp flow drive over if else
    while x g a b PI E GAMMA FARADAY R pi e secondorder stoprun net_send net_event asinh acosh atanh log10
    watch y j y0 y1 yn j0 j1 jn point index from to method with steadystate cell
"""
RESERVED = tuple(WORDS.split())

FUNCTIONS = """
FUNCTION exprel(x) {
    if (fabs(x) < 1e-4) {
        exprel = 1 + x/2*(1 + x/3*(1 + x/4))
    } else {
        exprel = (exp(x) - 1)/x
    }
}

FUNCTION choose(g, a, b) {
    if (g >= 0) {
        choose = a
    } else {
        choose = b
    }
}
"""

RUN = """
folder = Path(tempfile.mkdtemp())
(folder / "natrium_cell.mod").write_text(MOD)
compiler = Path(sys.executable).with_name("nrnivmodl")
command = str(compiler) if compiler.exists() else "nrnivmodl"
subprocess.run([command], cwd=folder, check=True, capture_output=True)
from neuron import h  # noqa: E402 - once it is compiled

h.nrn_load_dll(str(next(folder.glob("*/libnrnmech.*"))))
h.load_file("stdrun.hoc")
section = h.Section(name="section")
cell = h.NatriumCell(section(0.5))
spikes = h.Vector()
watching = h.NetCon(cell, None)
watching.record(spikes)
solver = h.CVode()
solver.active(1)
solver.atol(1e-9)
solver.maxstep(MAX_STEP)
solver.condition_order(2)  # events within steps, on the straight line; by default they are at the step's end
events = []
for row in {rows}:
    time, kind, numbers = row[0], row[1], row[2:]
    event = h.NetCon(None, cell)
    for place, value in enumerate((kind, *numbers)):
        event.weight[place] = value
    events.append((time - T_START, event))


def post():
    for time, event in events:
        event.event(time)


handler = h.FInitializeHandler(post)
h.finitialize(-65.0)
h.continuerun(T_END - T_START)
for time in spikes.to_python():
    print(repr(time + T_START))
"""
LONGEST = 8  # a whole power up to this is a product


class _Printer(CPrinter):
    """NMODL's expressions."""

    program = "NMODL"
    missing = frozenset({"asinh", "acosh", "atanh"})

    def _power(self, base: Any, exponent: Any) -> str:
        if exponent.is_Integer and 1 < abs(int(exponent)) <= LONGEST:  # its reader of equations takes no x^3
            product = "*".join([f"({self._print(base)})"] * abs(int(exponent)))
            return f"({product})" if exponent > 0 else f"1/({product})"
        return f"pow({self._print(base)}, {self._print(exponent)})"


def write_neuron(model: Lowered, dt: float) -> str:
    """Write the script, without the words at its head."""
    lines = ["import subprocess", "import sys", "import tempfile", "from pathlib import Path", ""]
    lines += [f"T_START, T_END = {number(model.t_start)}, {number(model.t_end)}  # ms"]
    lines += [f"MAX_STEP = {number(dt)}  # ms, the longest step of CVODE"]
    lines.append("# Where the input jumps or bends: time, 1, a time within what begins there, level, slope.")
    lines += wrapped("MARKS = [", _marks(model), "]")
    if model.kicks:
        lines.append("# Spikes that come in: time, 2, the state's place, by how much it grows.")
        rows = (f"({number(time)}, 2, {place}, {number(by)})" for time, place, by in model.kicks)
        lines += wrapped("KICKS = [", rows, "]")
    lines += ['MOD = """', *_mechanism(model), '"""']
    given = "[*MARKS, *KICKS]" if model.kicks else "MARKS"
    lines += RUN.format(rows=given).splitlines()
    return "\n".join([*lines, ""])


def _marks(model: Lowered) -> Iterator[str]:
    """Write each smooth piece: samples are a line on it."""
    ends = [model.t_start, *model.edges, model.t_end]
    for begin, end in pairwise(ends):
        at = 0.5 * (begin + end)
        level, slope = 0.0, 0.0
        for part in model.parts:
            if isinstance(part, Table) and part.window.holds(at):
                value, rise = _line(part, begin, at)
                level, slope = level + value, slope + rise
        yield f"({number(begin)}, 1, {number(at)}, {number(level)}, {number(slope)})"


def _line(part: Table, begin: float, at: float) -> tuple[float, float]:
    """Give samples on the piece that holds the time `at`: the value at its beginning, and the slope."""
    k = max(sum(time <= at for time in part.times) - 1, -1)
    if k < 0 or k == len(part.times) - 1 or not part.lines:
        return part.values[max(k, 0)], 0.0
    slope = (part.values[k + 1] - part.values[k]) / (part.times[k + 1] - part.times[k])
    return part.values[k] + slope * (begin - part.times[k]), slope


def _mechanism(model: Lowered) -> Iterator[str]:
    """Write the cell in NMODL."""
    states = model.system.states
    afters = [f"after{place}" for place in range(len(states))]
    made = [
        word for state in states for word in (f"{state.name}0", f"D{state.name}")
    ]  # what NMODL makes of it
    names = name_symbols((*states, *model.parameters), (*RESERVED, *afters, *made))
    now = "t" if model.t_start == 0.0 else f"(t + ({number(model.t_start)}))"
    names |= {model.system.input: "inp", T: now, sympy.Symbol("at", real=True): "at"}
    printer = _Printer(names)
    own = [names[state] for state in states]
    held = model.fires and model.tau_ref > 0.0
    yield ": The whole cell: V is a state of this mechanism, not the section's v. Numbers are without units."
    yield "NEURON {"
    yield "    POINT_PROCESS NatriumCell"
    for name in (*(names[one] for one in model.parameters), "resting", "at"):
        yield f"    RANGE {name}"
    yield "}"
    yield ""
    yield "PARAMETER {"
    for symbol, value in model.parameters.items():
        yield f"    {names[symbol]} = {number(value)}"
    yield "}"
    yield ""
    yield f"STATE {{ {' '.join(own)} }}"
    yield ""
    yield f"ASSIGNED {{ inp at level slope since resting {' '.join(afters)} }}"
    yield ""
    yield "INITIAL {"
    for name, start in zip(own, model.start, strict=True):
        yield f"    {name} = {number(start)}"
    yield "    resting = 0"
    yield "    at = 0"
    yield "    level = 0"
    yield "    slope = 0"
    yield "    since = 0"
    if model.fires:
        yield "    net_send(0, 1)"
    yield "}"
    yield ""
    yield "BREAKPOINT { SOLVE flow METHOD derivimplicit }"
    yield from FUNCTIONS.splitlines()
    yield ""
    yield "PROCEDURE drive() {"
    yield f"    inp = level + slope*({now} - since)"
    for part in model.parts:
        if isinstance(part, Curve):
            yield from _curve(part, printer)
    yield "}"
    yield ""
    yield "DERIVATIVE flow {"
    yield "    drive()"
    for name, flow, still in zip(own, model.rhs, model.held, strict=True):
        stop = "(1 - resting)*" if held and still else ""
        yield f"    {name}' = {stop}({printer.doprint(flow)})"
    yield "}"
    yield ""
    yield from _received(model, printer, own, names)


def _curve(part: Curve, printer: _Printer) -> Iterator[str]:
    value = printer.doprint(held_at(part.value, "at"))
    conditions = part.window.conditions("at >= {}", "at < {}")
    if not conditions:
        yield f"    inp = inp + {value}"
        return
    yield f"    if ({' && '.join(conditions)}) {{"
    yield f"        inp = inp + {value}"
    yield "    }"


def _received(model: Lowered, printer: _Printer, own: list[str], names: Mapping[Any, str]) -> Iterator[str]:
    """Write the events: marks of the input, spikes that come in, the threshold, the end of a rest."""
    held = model.fires and model.tau_ref > 0.0
    fire = list(_fire(model, printer, own)) if model.fires else []
    level = printer.doprint(model.level) if model.fires else ""
    over = f"{own[0]} >= {level}"
    yield "NET_RECEIVE (kind, first, second, third) {"
    yield "    INITIAL {}  : without it all but the first would be set to nothing"
    yield "    if (flag == 0 && kind == 1) {"
    yield "        at = first"
    yield "        level = second"
    yield "        slope = third"
    yield f"        since = {names[T]}"
    yield "    } else if (flag == 0 && kind == 2) {"
    system = model.system
    watched = [0, *(k for k, label in enumerate(system.labels) if label in system.threshold_moves)]
    for place in sorted({place for _, place, _ in model.kicks}):
        free = " && resting == 0" if held and place == 0 else ""
        yield f"        if (first == {place}{free}) {{"
        yield f"            {own[place]} = {own[place]} + second"
        if model.fires and place in watched and not model.passes:
            yield f"            if ({over} && resting == 0) {{"
            yield from ("                " + line for line in fire)
            yield "            }"
        yield "        }"
    if model.fires:
        yield "    } else if (flag == 1) {"
        yield f"        WATCH ({own[0]} - ({level}) > 0) 2"
        yield "    } else if (flag == 2 && resting == 0) {"
        yield from ("        " + line for line in fire)
    if held:
        yield "    } else if (flag == 3) {"
        yield "        resting = 0"
        if not model.passes and not (model.held[0] and not system.threshold_moves):
            yield f"        if ({over}) {{"
            yield from ("            " + line for line in fire)
            yield "        }"
    yield "    }"
    yield "}"


def _fire(model: Lowered, printer: _Printer, own: list[str]) -> Iterator[str]:
    """Write what a spike does."""
    yield "net_event(t)"
    pairs = zip(own, model.system.states, model.reset, strict=True)
    moved = [(name, printer.doprint(after)) for name, state, after in pairs if after != state]
    if len(moved) == 1:
        yield f"{moved[0][0]} = {moved[0][1]}"
    else:  # each of the state before
        yield from (f"after{place} = {after}" for place, (_, after) in enumerate(moved))
        yield from (f"{name} = after{place}" for place, (name, _) in enumerate(moved))
    if model.tau_ref > 0.0:
        yield "resting = 1"
        yield f"net_send({number(model.tau_ref)}, 3)"


def neuron_meaning(model: Lowered, dt: float) -> list[str]:
    """Say what means something else in NEURON."""
    said = [
        "The whole cell is one mechanism whose V is a state of its own, not the section's v, so that a "
        "spike can set it; "
        "its input is written into it.",
        f"CVODE (atol 1e-9) takes steps of its own, at most {dt:g} ms.",
    ]
    if model.fires:
        said.append(
            "WATCH looks at V once a step and sets the event where a straight line through the step "
            "meets the threshold: "
            "spikes are of second order in the step."
        )
    if model.fires and model.tau_ref > 0.0:
        said.append(
            "NEURON knows no refractory period: `resting` stops what is held until an event of the "
            "cell's own."
        )
    if model.edges:
        said.append("Edges of the input are events: CVODE stops there.")
    return said


NEURON_TWIN = Twin(
    lambda model, dt: FixedStep(
        dt=dt,
        scheme="rk4",
        spike_time="linear",
        refractory="exact",
        label="end",
        read="split",
        edges="half-open",
    )
)
