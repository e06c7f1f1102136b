"""Equations and inputs as plain Python: what the targets that are Python files share."""

from __future__ import annotations

import builtins
import keyword
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import sympy
from sympy.printing.pycode import PythonCodePrinter

from natrium.export.inputs import Curve, T, Table, Window
from natrium.export.lowered import Lowered
from natrium.export.names import Named, name_symbols
from natrium.export.readable import Readable
from natrium.model.branches import choose
from natrium.model.printers import ExactNumbers

# What the files call by name besides Python's own.
OWN = (
    "t", "y", "at", "I", "math", "np", "exp", "exprel", "erf", "erfc", "log", "sqrt", "sin", "cos", "tan",
    "sinh", "cosh", "tanh", "pi", "step", "sample", "line", "current", "derivatives", "dt", "n_steps",
)  # fmt: skip
WIDTH = 100


class PythonPrinter(Readable, Named, ExactNumbers, PythonCodePrinter):
    """Plain Python on floats: functions by their bare names, which the file imports or defines."""

    def __init__(self, names: Mapping[Any, str]) -> None:
        super().__init__(
            {
                "fully_qualified_modules": False,
                "allow_unknown_functions": True,
                "user_functions": {"exp": "exp", "whole_exp": "exp"},
            }
        )
        self.names = names

    def _print_choose(self, expr: Any) -> str:
        g, a, b = map(self._print, expr.args)
        return f"({a} if {g} >= 0.0 else {b})"

    def _print_Abs(self, expr: Any) -> str:
        return f"abs({self._print(expr.args[0])})"


def python_names(model: Lowered, extra: Iterable[str] = ()) -> dict[Any, str]:
    """Name a model's states, input and parameters as Python can."""
    reserved = {*keyword.kwlist, *keyword.softkwlist, *dir(builtins), *OWN, *extra}
    states = model.system.states
    rates = {f"d{state.name}" for state in states}
    names = name_symbols((*states, *model.parameters), reserved | rates)
    return names | {model.system.input: "I", T: "t"}


def functions_used(expressions: Sequence[Any]) -> set[str]:
    """Give the names of the functions that expressions call."""
    found = {type(one).__name__ for expr in expressions for one in sympy.S(expr).atoms(sympy.Function)}
    if any(
        one.exp == sympy.S.Half or one.exp == -sympy.S.Half
        for expr in expressions
        for one in sympy.S(expr).atoms(sympy.Pow)
    ):
        found.add("sqrt")
    if any(sympy.S(expr).has(sympy.E) for expr in expressions):
        found.add("exp")
    return found


def imported(expressions: Sequence[Any]) -> list[str]:
    """Give the lines that import what expressions call; exp is the file's own."""
    used = functions_used(expressions)
    plain = {"asin", "acos", "atan", "asinh", "acosh", "atanh"}
    names = (
        "cos", "cosh", "erf", "erfc", "floor", "log", "sin", "sinh", "sqrt", "tan", "tanh", *sorted(plain),
    )  # fmt: skip
    wanted = sorted(name for name in names if name in used)
    return [f"from math import {', '.join(wanted)}"] if wanted else []


def all_expressions(model: Lowered) -> list[Any]:
    """Give everything that a file evaluates."""
    values = [part.value for part in model.parts if isinstance(part, Curve)]
    level = [] if model.level is None else [model.level]
    return [*model.rhs, *model.rest, *model.reset, *level, *values]


def number(value: float) -> str:
    """Write a number so that it is read back equal."""
    return "inf" if value == math.inf else repr(float(value))


def wrapped(opening: str, items: Iterable[str], closing: str) -> list[str]:
    """Write a long list over several lines."""
    items = list(items)
    whole = opening + ", ".join(items) + closing
    if len(whole) <= WIDTH:
        return [whole]
    lines, row = [opening], "   "
    for item in items:
        if len(row) + len(item) + 2 > WIDTH:
            lines.append(row)
            row = "   "
        row += f" {item},"
    return [*lines, row, closing]


def parameter_lines(model: Lowered, names: Mapping[Any, str]) -> list[str]:
    """Write the parameters, each with its unit and its meaning where they are known."""
    facts = {one.name: one for one in model.neuron.numbers().values()}
    lines = []
    for symbol, value in model.parameters.items():
        fact = facts.get(symbol.name)
        told = "" if fact is None else ", ".join(text for text in (fact.unit, fact.rule.meaning) if text)
        lines.append(f"{names[symbol]} = {number(value)}" + (f"  # {told}" if told else ""))
    return lines


def table_lines(model: Lowered) -> list[str]:
    """Write the samples of the input, each table with its number."""
    lines: list[str] = []
    for index, part in enumerate(model.parts):
        if isinstance(part, Table):
            lines += wrapped(f"TIMES_{index} = [", map(number, part.times), "]  # ms")
            lines += wrapped(f"VALUES_{index} = [", map(number, part.values), "]")
    return lines


def window_condition(window: Window, at: str) -> str:
    """Write the condition that a time is within a window; nothing where it always is."""
    if window.start is not None and window.stop is not None:
        return f"{number(window.start)} <= {at} < {number(window.stop)}"
    if window.start is not None:
        return f"{at} >= {number(window.start)}"
    return f"{at} < {number(window.stop)}" if window.stop is not None else ""


def input_lines(model: Lowered, names: Mapping[Any, str], at: str) -> Iterator[str]:
    """Write the statements that add up the input I at t.

    `at` is the name of the time that says which windows are open and which branch an expression takes.
    """
    printer = PythonPrinter(names)
    yield "I = 0.0"
    for index, part in enumerate(model.parts):
        condition = window_condition(part.window, at)
        indent = "    " if condition else ""
        if condition:
            yield f"if {condition}:"
        if isinstance(part, Curve):
            yield f"{indent}I += {printer.doprint(held_at(part.value, at))}"
        else:
            kind = "line" if part.lines else "sample"
            given = f"t, {at}" if part.lines else at
            yield f"{indent}I += {kind}({given}, TIMES_{index}, VALUES_{index})"


def held_at(expr: Any, at: str) -> Any:
    """Let the branches and whole parts of an expression of t be those that it has at another time."""
    if at == "t" or not expr.has(choose, sympy.Abs, sympy.floor):
        return expr
    other = sympy.Symbol(at, real=True)
    if not expr.args:
        return expr
    args = [held_at(arg, at) for arg in expr.args]
    if isinstance(expr, sympy.floor):
        return sympy.Function("floor")(expr.args[0].xreplace({T: other}))
    if isinstance(expr, choose):
        return choose(expr.args[0].xreplace({T: other}), *args[1:])
    if isinstance(expr, sympy.Abs):
        return choose(expr.args[0].xreplace({T: other}), args[0], -args[0])
    return expr.func(*args)


SAMPLE = '''
def sample({at}, times, values):
    """Give the sample at or before a time: each holds until the next."""
    return values[max(bisect_right(times, {at}) - 1, 0)]
'''
LINE = '''
def line(t, at, times, values):
    """Give the value at t on the straight line between the samples around the time `at`."""
    k = bisect_right(times, at) - 1
    if k < 0 or k == len(times) - 1:
        return values[max(k, 0)]
    return values[k] + (values[k + 1] - values[k]) / (times[k + 1] - times[k]) * (t - times[k])
'''
EXP = '''
def exp(x):
    """exp, held at 1e100: a step that is tried too far must not overflow."""
    return math.exp(min(x, 230.0))
'''
EXPREL = '''
def exprel(x):
    """(exp(x) - 1)/x, which is 1 at x = 0."""
    x = min(x, 230.0)
    return math.expm1(x) / x if x != 0.0 else 1.0
'''


def has_tables(model: Lowered, lines: bool) -> bool:
    """Tell whether samples are held, or joined by lines."""
    return any(isinstance(part, Table) and part.lines == lines for part in model.parts)


def helper_lines(model: Lowered, at: str) -> list[str]:
    """Write the functions that equations and input call."""
    used = functions_used(all_expressions(model))
    text = ""
    if {"exp", "whole_exp", "growth"} & used:
        text += "\n" + EXP
    if "exprel" in used:
        text += "\n" + EXPREL
    if has_tables(model, lines=False):
        text += "\n" + SAMPLE.format(at=at)
    if has_tables(model, lines=True):
        text += "\n" + LINE
    return text.splitlines()


def indented(lines: Iterable[str]) -> list[str]:
    """Put lines further in."""
    return [f"    {line}" if line else line for line in lines]


def rate_lines(model: Lowered, flows: Sequence[Any], names: Mapping[Any, str]) -> Iterator[str]:
    """Write the derivative of each state, by the name of the state behind a d."""
    printer = PythonPrinter(names)
    for state, flow in zip(model.system.states, flows, strict=True):
        yield f"d{names[state]} = {printer.doprint(flow)}"
