"""The target ``brian2``: a script for Brian 2."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import sympy

from natrium.export.distance import Twin
from natrium.export.inputs import Curve, T, Table
from natrium.export.lowered import Lowered
from natrium.export.names import name_symbols
from natrium.export.pythonic import PythonPrinter, indented, number, window_condition, wrapped
from natrium.solvers import FixedStep

# What Brian knows by name in equations.
WORDS = """
    t dt i j N I e pi inf xi lastspike not_refractory t_in_timesteps second volt amp ampere ohm siemens
    farad hertz metre meter mole kelvin gram pascal coulomb joule watt liter ms mV nS pA pF nA Hz kHz um uM
    mM cm exp log sqrt sin cos tan sinh cosh tanh arcsin arccos arctan abs sign clip floor ceil int rand
    randn poisson timestep exprel choose and or not is in if else for while def lambda class True False None
    from import as with del pass return global erf held_exp
"""
RESERVED = tuple(WORDS.split())
FUNCTIONS = {
    "asin": "arcsin", "acos": "arccos", "atan": "arctan", "exp": "exp", "whole_exp": "exp", "growth": "exp",
}  # fmt: skip
CHOOSE = '''

@b2.implementation("numpy", discard_units=True)
@b2.check_units(g=1, a=1, b=1, result=1)
def choose(g, a, b):
    """a where g >= 0, else b."""
    return np.where(g >= 0.0, a, b)
'''
HELD = '''

@b2.implementation("numpy", discard_units=True)
@b2.check_units(x=1, result=1)
def held_exp(x):
    """exp, held at 1e100: V that runs off must end at the threshold, not at infinity."""
    return np.exp(np.minimum(x, 230.0))
'''
TABLE = '''

@b2.implementation("numpy", discard_units=True)
@b2.check_units(x=1, result=1)
def samples_{index}(x):
    """{told}"""
    {body}
'''
OTHER = """

@b2.implementation("numpy", discard_units=True)
@b2.check_units(x=1, result=1)
def {name}(x):
    return {made}
"""
OTHERS = {
    "erf": "np.vectorize(math.erf)(x)",
    "erfc": "np.vectorize(math.erfc)(x)",
    "asinh": "np.arcsinh(x)",
    "acosh": "np.arccosh(x)",
    "atanh": "np.arctanh(x)",
}


class _Printer(PythonPrinter):
    """Brian's equations: Python's expressions, branches by a function."""

    def __init__(self, names: Mapping[Any, str], held: bool) -> None:
        super().__init__(names)
        self.held = "held_exp" if held else "exp"
        self.known_functions |= {"asin": "arcsin", "acos": "arccos", "atan": "arctan"}

    def _print_choose(self, expr: Any) -> str:
        return f"choose({', '.join(map(self._print, expr.args))})"

    def _print_exp(self, expr: Any) -> str:
        return f"{self.held}({self._print(expr.args[0])})"

    _print_whole_exp = _print_growth = _print_exp


def write_brian2(model: Lowered, dt: float) -> str:
    """Write the script, without the words at its head."""
    states = model.system.states
    names = name_symbols((*states, *model.parameters), RESERVED)
    now = "(t/ms)" if model.t_start == 0.0 else f"(t/ms + {number(model.t_start)})"
    names |= {model.system.input: "I", T: now}
    printer = _Printer(names, model.runs_away)
    everything = [*model.rhs, *model.reset, *([] if model.level is None else [model.level])]
    everything += [part.value for part in model.parts if isinstance(part, Curve)]
    lines = ["import brian2 as b2", "import numpy as np"]
    special = [name for name in OTHERS if any(_calls(one, name) for one in everything)]
    lines = ["import math", "", *lines] if special else lines
    lines += ["from brian2 import ms", "", 'b2.prefs.codegen.target = "numpy"  # needs no compiler']
    lines += [f"b2.defaultclock.dt = {number(dt)}*ms"]
    if any(_calls(one, "choose") for one in everything):
        lines += CHOOSE.splitlines()
    if model.runs_away:
        lines += HELD.splitlines()
    for name in special:
        lines += OTHER.format(name=name, made=OTHERS[name]).splitlines()
    for index, part in enumerate(model.parts):
        if isinstance(part, Table):
            lines += _table(index, part)
    lines += [
        "",
        "",
        "parameters = {",
        *(f'    "{names[one]}": {number(value)},' for one, value in model.parameters.items()),
        "}",
    ]
    lines += ["# Numbers without units: times in ms, voltages in mV.", 'equations = """']
    lines += [f"I = {' + '.join(_input(model, printer, now)) or '0.0'} : 1"]
    held = model.fires and model.tau_ref > 0.0
    for state, flow, still in zip(states, model.rhs, model.held, strict=True):
        flag = " (unless refractory)" if held and still else ""
        lines.append(f"d{names[state]}/dt = ({printer.doprint(flow)})/ms : 1{flag}")
    method = scheme_of(model)
    lines += [
        '"""',
        "neuron = b2.NeuronGroup(",
        "    1,",
        "    equations,",
        f'    method="{method}",',
        "    namespace=parameters,",
    ]
    lines += indented(_event(model, printer, names))
    lines += [")"]
    lines += [
        f"neuron.{names[state]} = {number(start)}" for state, start in zip(states, model.start, strict=True)
    ]
    lines += _kicks(model, [names[state] for state in states]) if model.kicks else []
    lines += ["monitor = b2.SpikeMonitor(neuron)"] if model.fires else []
    lines += [f"b2.run({number(model.t_end - model.t_start)}*ms)"]
    if model.fires:
        later = "" if model.t_start == 0.0 else f" + {number(model.t_start)}"
        lines += [f"for time in monitor.t/ms{later}:", "    print(repr(float(time)))"]
    return "\n".join([*lines, ""])


def _calls(expr: Any, name: str) -> bool:
    return any(type(one).__name__ == name for one in sympy.S(expr).atoms(sympy.Function))


def scheme_of(model: Lowered) -> str:
    """Give the scheme: Runge and Kutta's, or Euler's where V runs off before it is reset."""
    return "euler" if model.runs_away else "rk4"


def _table(index: int, part: Table) -> list[str]:
    """Write samples as a function of the time in ms."""
    lines = ["", "", *wrapped(f"TIMES_{index} = np.array([", map(number, part.times), "])")]
    lines += wrapped(f"VALUES_{index} = np.array([", map(number, part.values), "])")
    told = "Straight lines between the samples." if part.lines else "Each sample holds until the next."
    if part.lines:
        body = f"return np.interp(x, TIMES_{index}, VALUES_{index})"
    else:
        body = f'return VALUES_{index}[np.maximum(np.searchsorted(TIMES_{index}, x, side="right") - 1, 0)]'
    return lines + TABLE.format(index=index, told=told, body=body).splitlines()


def _input(model: Lowered, printer: _Printer, now: str) -> Iterator[str]:
    """Write what the input adds up from."""
    for index, part in enumerate(model.parts):
        value = f"samples_{index}({now})" if isinstance(part, Table) else f"({printer.doprint(part.value)})"
        condition = window_condition(part.window, now)
        if part.window.start is not None and part.window.stop is not None:
            condition = f"({number(part.window.start)} <= {now}) and ({now} < {number(part.window.stop)})"
        yield f"{value}*int({condition})" if condition else value


def _event(model: Lowered, printer: _Printer, names: Mapping[Any, str]) -> Iterator[str]:
    """Write threshold, reset and refractory period."""
    if not model.fires:
        return
    over = f"{names[model.system.states[0]]} >= {printer.doprint(model.level)}"
    yield f'threshold="{over}",'
    moved = [
        (names[state], printer.doprint(after))
        for state, after in zip(model.system.states, model.reset, strict=True)
        if state != after
    ]
    after = [f"{name}_after = {value}" for name, value in moved] + [
        f"{name} = {name}_after" for name, _ in moved
    ]
    yield f'reset="{"; ".join(after)}",'
    if model.passes:
        still = f"(t - lastspike)/ms < {number(model.tau_ref)} - 0.001*dt/ms"
        yield f'refractory="({over})' + (f' or ({still})",' if model.tau_ref > 0.0 else '",')
    elif model.tau_ref > 0.0:
        yield f"refractory={number(model.tau_ref)}*ms,"


def _kicks(model: Lowered, states: list[str]) -> Iterator[str]:
    rows = (f"({number(time - model.t_start)}, {place}, {number(by)})" for time, place, by in model.kicks)
    yield "# Spikes that come in: time (ms), the state's place, by how much it grows."
    yield from wrapped("KICKS = [", rows, "]")
    yield f"STATES = {states!r}".replace("'", '"')
    yield ""
    yield ""
    yield '@b2.network_operation(when="start")'
    yield "def come_in(t):"
    yield "    while KICKS and KICKS[0][0] < (t + b2.defaultclock.dt)/ms*(1.0 - 1e-12):"
    yield "        _, place, by = KICKS.pop(0)"
    if model.fires and model.tau_ref > 0.0 and any(place == 0 for _, place, _ in model.kicks):
        yield "        if place == 0 and not neuron.not_refractory[0]:"
        yield "            continue"
    yield "        state = getattr(neuron, STATES[place])"
    yield "        state[:] = np.asarray(state) + by"
    yield ""
    yield ""


def brian2_meaning(model: Lowered, dt: float) -> list[str]:
    """Say what means something else in Brian 2."""
    said = [
        f"Brian 2 goes in steps of dt = {dt:g} ms ({scheme_of(model)}) and looks at the threshold once a "
        "step."
    ]
    if model.fires:
        said.append(
            "A spike is labelled by the beginning of its step, and the reset comes at the step's end."
        )
    if model.fires and model.tau_ref > 0.0:
        n = whole_steps(model.tau_ref, dt)
        said.append(
            "The refractory period is counted in whole steps from that label on: tau_ref = "
            f"{model.tau_ref:g} ms is "
            f"{n} steps ({n * dt:g} ms), of which {max(n - 1, 0)} are left after the reset."
        )
    if model.passes:
        said.append(
            "V that goes on through the threshold counts as refractory while it is above, so as to fire once."
        )
    if model.edges:
        said.append(
            "The input is read at the stages of each step: an edge within one is felt at the next of them."
        )
    if model.kicks:
        said.append("A spike that comes in does so at the beginning of its step.")
    return said


def whole_steps(tau_ref: float, dt: float) -> int:
    """Give the steps that Brian makes of a time: what is left of one is dropped."""
    return int((tau_ref + 1e-3 * dt) / dt)


BRIAN2_TWIN = Twin(
    lambda model, dt: FixedStep(
        dt=dt, scheme=scheme_of(model), refractory="steps", label="start", read="stage", edges="half-open"
    ),
    lambda tau_ref, dt: (whole_steps(tau_ref, dt) - 1) * dt,
)  # fmt: skip
