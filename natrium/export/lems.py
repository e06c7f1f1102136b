"""The target ``neuroml``: a LEMS file for jNeuroML, the cell with two regimes, free and resting."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

import sympy

from natrium.export.cprint import CPrinter
from natrium.export.distance import Twin
from natrium.export.inputs import Curve, T, Table
from natrium.export.lowered import Lowered
from natrium.export.names import name_symbols
from natrium.model import UnsupportedModel
from natrium.model.branches import choose
from natrium.model.expressions.exprel import exprel
from natrium.solvers import FixedStep

WORDS = """
    t exp log ln sqrt sin cos tan sinh cosh tanh abs ceil random factorial H MSEC inp tlast free resting
    spike id pi e V_unit size component type value name x y z I
"""
RESERVED = tuple(WORDS.split())
MOST = 500  # samples: each is a case of one quantity
MARGIN = 1e-3  # of a step, by which conditions of t hold early: jNeuroML's clock adds up steps, rounding too
SPIKES = "spikes.dat"


class _Printer(CPrinter):
    """LEMS's expressions."""

    program = "LEMS"
    absolute = "abs"
    missing = frozenset({"asin", "acos", "atan", "asinh", "acosh", "atanh", "erf", "erfc"})

    def _print_floor(self, expr: Any) -> str:
        return f"(-ceil(-({self._print(expr.args[0])})))"


class _Quantities:
    """What LEMS has to work out on the way: each branch and each exprel is a quantity of its own."""

    def __init__(self, printer: _Printer) -> None:
        self.printer, self.lines, self.known = printer, list[str](), dict[Any, Any]()

    def plain(self, expr: Any) -> Any:
        """Put quantities for what LEMS cannot write in one expression."""
        if not expr.args:
            return expr
        expr = expr.func(*map(self.plain, expr.args))
        if not isinstance(expr, (choose, exprel)):
            return expr
        if expr not in self.known:
            symbol = self.known[expr] = sympy.Symbol(f"part_{len(self.known)}", real=True)
            self.lines += self._written(symbol.name, expr)
        return self.known[expr]

    def _written(self, name: str, expr: Any) -> list[str]:
        write = self.printer.doprint
        if isinstance(expr, exprel):
            x = f"({write(expr.args[0])})"
            series = f"1 + {x}/2*(1 + {x}/3*(1 + {x}/4))"
            return conditional(name, [(f"abs({x}) .lt. 0.0001", series), ("", f"(exp({x}) - 1)/{x}")])
        g, a, b = map(write, expr.args)
        return conditional(name, [(f"({g}) .geq. 0", a), ("", b)])

    def write(self, expr: Any) -> str:
        """Write an expression."""
        return self.printer.doprint(self.plain(sympy.S(expr)))


def conditional(name: str, cases: list[tuple[str, str]]) -> list[str]:
    """Write a quantity that goes by cases; the last without a condition."""
    lines = [f'      <ConditionalDerivedVariable name="{name}" dimension="none">']
    for condition, value in cases:
        test = f" condition={quoteattr(condition)}" if condition else ""
        lines.append(f"        <Case{test} value={quoteattr(value)}/>")
    return [*lines, "      </ConditionalDerivedVariable>"]


def write_lems(model: Lowered, dt: float) -> str:
    """Write the file, without the words at its head.

    Raises
    ------
    UnsupportedModel
        When LEMS cannot say something: spikes that come in, too many samples, functions that it has not.
    """
    if model.kicks:
        raise UnsupportedModel(
            "spikes that come in are not written for LEMS: export to another target, or give a "
            "conductance's course "
            "as an input"
        )
    states = model.system.states
    names = name_symbols((*states, *model.parameters), RESERVED)
    now, early = (f"(t/MSEC + ({model.t_start + ahead!r}))" for ahead in (0.0, MARGIN * dt))
    names |= {model.system.input: "inp", T: now}
    quantities = _Quantities(_Printer(names))
    own = [names[state] for state in states]
    inputs = list(_input(model, quantities, now, early))
    # jNeuroML moves states one after the other, by those that have moved: quantities are of the step's start.
    slopes = [(f"slope_{k}", quantities.write(flow)) for k, flow in enumerate(model.rhs)]
    quantities.lines += [line for name, flow in slopes for line in conditional(name, [("", flow)])]
    level = quantities.write(model.level) if model.fires else ""
    after = [quantities.write(one) for one in model.reset]
    lines = ["<Lems>", '  <Target component="simulation"/>']
    lines += [f'  <Include file="{one}.xml"/>' for one in ("Cells", "Networks", "Simulation")]
    lines += ['  <ComponentType name="NatriumCell" extends="baseCell">']
    lines += [f'    <Parameter name="{names[one]}" dimension="none"/>' for one in model.parameters]
    lines += ['    <Constant name="MSEC" dimension="time" value="1ms"/>']
    lines += [
        f'    <Exposure name="{own[0]}" dimension="none"/>',
        '    <EventPort name="fired" direction="out"/>',
    ]
    lines += ["    <Dynamics>"]
    for place, name in enumerate(own):
        shown = f' exposure="{name}"' if place == 0 else ""
        lines.append(f'      <StateVariable name="{name}" dimension="none"{shown}/>')
    afters = [f"after_{k}" for k in range(len(own))]
    lines += [f'      <StateVariable name="{name}" dimension="none"/>' for name in ("tlast", *afters)]
    lines += [*inputs, *quantities.lines]
    lines += ["      <OnStart>"]
    lines += [f"        {_assign(name, repr(start))}" for name, start in zip(own, model.start, strict=True)]
    lines += [f"        {_assign(name, '0')}" for name in afters]
    lines += [f"        {_assign('tlast', '-1e9')}", "      </OnStart>"]
    lines += _regimes(model, own, level, after, MARGIN * dt)
    lines += ["    </Dynamics>", "  </ComponentType>"]
    values = " ".join(f'{names[one]}="{value!r}"' for one, value in model.parameters.items())
    lines += [f'  <NatriumCell id="cell" {values}/>']
    lines += ['  <network id="net"><population id="population" component="cell" size="1"/></network>']
    length, step = model.t_end - model.t_start, dt
    lines += [f'  <Simulation id="simulation" length="{length!r}ms" step="{step!r}ms" target="net">']
    lines += [f'    <EventOutputFile id="spikes" fileName="{SPIKES}" format="TIME_ID">']
    lines += [
        '      <EventSelection id="0" select="population[0]" eventPort="fired"/>',
        "    </EventOutputFile>",
    ]
    return "\n".join([*lines, "  </Simulation>", "</Lems>", ""])


def _assign(name: str, value: str) -> str:
    return f"<StateAssignment variable={quoteattr(name)} value={quoteattr(value)}/>"


def _regimes(model: Lowered, own: list[str], level: str, after: list[str], margin: float) -> Iterator[str]:
    """Write the two regimes: free, and resting."""
    moving = [
        f'        <TimeDerivative variable="{name}" value="slope_{k}/MSEC"/>' for k, name in enumerate(own)
    ]
    yield '      <Regime name="free" initial="true">'
    yield from moving
    if model.fires:
        yield f"        <OnCondition test={quoteattr(f'{own[0]} .geq. {level}')}>"
        pairs = zip(own, model.system.states, model.reset, after, strict=True)
        moved = [(name, new) for name, state, one, new in pairs if one != state]
        if len(moved) > 1:  # each of the state before
            yield from (f"          {_assign(f'after_{k}', new)}" for k, (_, new) in enumerate(moved))
            moved = [(name, f"after_{k}") for k, (name, _) in enumerate(moved)]
        yield from (f"          {_assign(name, new)}" for name, new in moved)
        yield '          <EventOut port="fired"/>'
        yield '          <Transition regime="resting"/>'
        yield "        </OnCondition>"
    yield "      </Regime>"
    if model.fires:
        yield '      <Regime name="resting">'
        yield f"        <OnEntry>{_assign('tlast', 't/MSEC')}</OnEntry>"
        yield from (
            line for line, held in zip(moving, model.held, strict=True) if not held or model.tau_ref == 0.0
        )
        over = f" .and. {own[0]} .lt. {level}" if model.passes else ""
        test = f"t/MSEC .geq. tlast + {model.tau_ref - margin!r}{over}"
        yield f"        <OnCondition test={quoteattr(test)}>"
        yield '          <Transition regime="free"/>'
        yield "        </OnCondition>"
        yield "      </Regime>"


def _input(model: Lowered, quantities: _Quantities, now: str, early: str) -> Iterator[str]:
    """Write the input, each part a quantity of its own; windows go by `early`, values by `now`."""
    terms = []
    for index, part in enumerate(model.parts):
        name = f"inp_{index}"
        if isinstance(part, Curve):
            before = len(quantities.lines)
            value = quantities.write(part.value)
            yield from quantities.lines[before:]
            del quantities.lines[before:]
        else:
            value = f"samples_{index}"
            yield from _samples(value, part, now, early)
        condition = " .and. ".join(part.window.conditions(f"{early} .geq. {{}}", f"{early} .lt. {{}}"))
        if condition:
            yield from conditional(name, [(condition, value), ("", "0")])
        else:
            yield from conditional(name, [("", value)])
        terms.append(name)
    yield from conditional(
        "inp", [("", " + ".join(terms) or "0")]
    )  # in order: all that it adds up is of this kind


def _samples(name: str, part: Table, now: str, early: str) -> list[str]:
    if len(part.times) > MOST:
        raise UnsupportedModel(
            f"a LEMS file holds at most {MOST} samples of an input here, got {len(part.times)} of "
            f"{part.kind!r}: "
            "export to another target"
        )
    cases = []
    for k, value in enumerate(part.values):
        text, end = repr(value), part.times[k + 1] if k + 1 < len(part.times) else math.inf
        if part.lines and k + 1 < len(part.values):
            slope = (part.values[k + 1] - value) / (end - part.times[k])
            text = f"{value!r} + ({slope!r})*({now} - ({part.times[k]!r}))"
            if k == 0:
                cases.append((f"{early} .lt. {part.times[0]!r}", repr(value)))
        cases.append((f"{early} .lt. {end!r}" if math.isfinite(end) else "", text))
    return conditional(name, cases)


def read_lems(folder: Path, text: str) -> list[float]:
    """Read the spikes that LEMS leaves, in s."""
    left = folder / SPIKES
    if not left.is_file():
        return []
    rows = (line.split() for line in left.read_text(encoding="utf-8").splitlines())
    return [1000.0 * float(row[0]) for row in rows if row]


def lems_meaning(model: Lowered, dt: float) -> list[str]:
    """Say what means something else in LEMS."""
    said = [
        f"jNeuroML goes in Euler's steps of dt = {dt:g} ms and looks at conditions once a step; in the first "
        "nothing moves."
    ]
    if model.fires:
        said.append(
            "A spike is labelled by the beginning of its step, and the reset comes at the step's end."
        )
    if model.fires and model.tau_ref > 0.0:
        said.append(
            "A regime of its own, resting, holds what is held until the first step at tlast + tau_ref or "
            "later."
        )
    return said


LEMS_TWIN = Twin(
    lambda model, dt: FixedStep(
        dt=dt, scheme="euler", refractory="steps", label="start", read="start", edges="half-open"
    ),
    idle=1,
)
