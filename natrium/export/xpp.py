"""The target ``xpp``: an ODE file for XPPAUT."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

import sympy
from sympy.printing.codeprinter import CodePrinter
from sympy.printing.precedence import precedence

from natrium.export.distance import Twin
from natrium.export.inputs import Curve, T, Table, Window
from natrium.export.lowered import Lowered
from natrium.export.names import Named, name_symbols
from natrium.export.readable import Readable
from natrium.model import UnsupportedModel
from natrium.model.printers import ExactNumbers
from natrium.solvers import FixedStep

WORDS = """
    t pi sin cos tan asin acos atan atan2 sinh cosh tanh exp log ln log10 sqrt abs sign heav flr mod ran
    normal max min erf erfc besselj bessely if then else sum of shift del_shft delay not set par param init
    aux global done number wiener markov table bdry solve int i' lgamma poisson only special options export
    volt inp tlast resting exprel zz arg1 p d x o @ e
"""
RESERVED = tuple(WORDS.split())
LONGEST = 9  # letters of a name
MOST = 100  # samples, or spikes that come in: XPP's own limits are not far beyond
NEVER = -1e9  # ms, of the last spike before the first
LINE = 900  # letters of a line that XPP reads whole


class _Printer(Readable, Named, ExactNumbers, CodePrinter):
    """XPP's expressions."""

    printmethod = "_xpp"
    language = "XPP"
    _default_settings: ClassVar[dict[str, Any]] = {**CodePrinter._default_settings, "precision": 17}

    def __init__(self, names: Mapping[Any, str], held: float | None) -> None:
        super().__init__()
        self.names, self.held = names, held
        same = ("sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh", "erf", "erfc", "log")
        self.known_functions = {name: name for name in same} | {
            "Abs": "abs",
            "floor": "flr",
            "exprel": "exprel",
        }

    def doprint(self, expr: Any, assign_to: Any = None) -> str:
        """Write an expression."""
        return str(self._print(sympy.S(expr)))

    def _print_not_supported(self, expr: Any) -> str:
        raise UnsupportedModel(
            f"XPP has no {type(expr).__name__}, got {str(expr)[:60]}: export to another target"
        )

    def _print_Pow(self, expr: Any) -> str:
        if expr.exp == -1:
            return f"1/{self.parenthesize(expr.base, precedence(expr))}"
        if expr.exp == 0.5:
            return f"sqrt({self._print(expr.base)})"
        base = self.parenthesize(expr.base, precedence(expr) + 1)
        return f"{base}^{self.parenthesize(expr.exp, precedence(expr) + 1)}"

    def _print_choose(self, expr: Any) -> str:
        g, a, b = map(self._print, expr.args)
        # A comparison binds tighter than a minus there.
        return f"(if(({g})>=0)then({a})else({b}))"

    def _print_exp(self, expr: Any) -> str:
        inner = self._print(expr.args[0])
        return f"exp({inner})" if self.held is None else f"exp(min({inner},{self.held!r}))"

    _print_whole_exp = _print_growth = _print_exp

    def _print_Pi(self, expr: Any) -> str:
        return "pi"

    def _print_Exp1(self, expr: Any) -> str:
        return repr(math.e)


def write_xpp(model: Lowered, dt: float) -> str:
    """Write the file, without the words at its head.

    Raises
    ------
    UnsupportedModel
        When the input is of more samples or spikes than XPP takes.
    """
    states = model.system.states
    names = name_symbols((*states, *model.parameters), RESERVED, LONGEST, folds=True)
    names |= {model.system.input: "inp", T: "t"}
    printer = _Printer(names, model.highest_exponent if model.runs_away else None)
    own = [names[state] for state in states]
    lines = [f"par {names[symbol]}={value!r}" for symbol, value in model.parameters.items()]
    lines.append("exprel(zz)=if(abs(zz)<1e-4)then(1+zz/2*(1+zz/3*(1+zz/4)))else((exp(zz)-1)/zz)")
    lines += _input(model, printer)
    held = model.fires and model.tau_ref > 0.0
    for name, flow, still in zip(own, model.rhs, model.held, strict=True):
        stop = "(1-resting)*" if held and still else ""
        lines.append(f"{name}'={stop}({printer.doprint(flow)})")
    start = list(model.start)
    for time, place, by in model.kicks:
        if time == model.t_start:
            start[place] += by
    lines += [f"init {name}={value!r}" for name, value in zip(own, start, strict=True)]
    if model.fires:
        lines += [
            "# The time of the last spike, and whether it is refractory.",
            "tlast'=0",
            f"init tlast={NEVER!r}",
        ]
        lines += ["resting'=0", "init resting=0"] if held else []
        lines += _events(model, printer, own, held)
    lines += _kicks(model, own, held)
    for line in lines:
        if len(line) > LINE:
            raise UnsupportedModel(
                f"XPP reads lines of at most about {LINE} letters, got an equation of {len(line)}: "
                f"{line[:40]}..."
            )
    steps = math.ceil((model.t_end - model.t_start) / dt)
    lines += [
        f"@ meth=rungekutta, dt={dt!r}, t0={model.t_start!r}, total={model.t_end - model.t_start!r}",
        f"@ nout=1, maxstor={steps + 100}, bounds=1e300",
        "done",
        "",
    ]
    return "\n".join(lines)


def _within(window: Window, value: str) -> str:
    """Write a value that is there within a window."""
    parts = window.conditions("(t>={})", "(t<{})")
    return f"(if({'&'.join(parts)})then({value})else(0))" if parts else f"({value})"


def _input(model: Lowered, printer: _Printer) -> Iterator[str]:
    """Write the input: each part is a quantity of its own, and samples one after the other."""
    terms = []
    for index, part in enumerate(model.parts):
        name = f"inp{index + 1}"
        terms.append(name)
        if isinstance(part, Curve):
            yield f"{name}={_within(part.window, printer.doprint(part.value))}"
        else:
            yield from _samples(name, part)
    yield f"inp={'+'.join(terms) or '0'}"


def _samples(name: str, part: Table) -> Iterator[str]:
    if len(part.times) > MOST:
        raise UnsupportedModel(
            f"an XPP file holds at most {MOST} samples of an input here, got {len(part.times)} of "
            f"{part.kind!r}: "
            "give it as an expression of t, or export to another target"
        )
    edges = [-1e300, *part.times[1:], 1e300]
    pieces = []
    for k, value in enumerate(part.values):
        text = repr(value)
        if part.lines and k + 1 < len(part.values):
            slope = (part.values[k + 1] - value) / (part.times[k + 1] - part.times[k])
            text = f"{value!r}+({slope!r})*max(t-({part.times[k]!r}),0)"
        own = f"{name}s{k}"
        pieces.append(own)
        window = Window(edges[k] if k else None, edges[k + 1] if k + 1 < len(part.values) else None)
        yield f"{own}={_within(window, text)}"
    sums = []
    for k in range(0, len(pieces), 20):
        sums.append(f"{name}r{k // 20}")
        yield f"{sums[-1]}={'+'.join(pieces[k : k + 20])}"
    yield f"{name}={_within(part.window, '+'.join(sums))}"


def _events(model: Lowered, printer: _Printer, own: list[str], held: bool) -> Iterator[str]:
    """Write the threshold, and the end of the refractory period."""
    level = f"{own[0]}-({printer.doprint(model.level)})"
    if held:
        watched = (
            f"if(resting>0.5)then(-1)else({level})"
            if not model.held[0] or model.system.threshold_moves
            else level
        )
    else:
        watched = level
    moved = [
        f"{name}={printer.doprint(after)}"
        for name, state, after in zip(own, model.system.states, model.reset, strict=True)
        if after != state
    ]
    effects = ["tlast=t", *moved, *(["resting=1"] if held else [])]
    yield f"global 1 {{{watched}}} {{{';'.join(effects)}}}"
    if held:
        yield f"global 1 {{t-tlast-{model.tau_ref!r}}} {{resting=0}}"


def _kicks(model: Lowered, own: list[str], held: bool) -> Iterator[str]:
    system = model.system
    watched = [0, *(k for k, label in enumerate(system.labels) if label in system.threshold_moves)]
    if model.fires and any(place in watched for _, place, _ in model.kicks):
        raise UnsupportedModel(
            "XPP looks for the threshold along its steps, got spikes that come in to V or to its "
            "threshold: a jump over "
            "it would go unseen; export to another target"
        )
    later = [one for one in model.kicks if one[0] > model.t_start]
    if len(later) > MOST:
        raise UnsupportedModel(
            f"an XPP file holds at most {MOST} spikes that come in here, got {len(later)}: shorten the "
            "run, or "
            "export to another target"
        )
    for time, place, by in later:
        grown = f"({by!r})" + ("*(1-resting)" if held and place == 0 else "")
        yield f"global 1 {{t-{time!r}}} {{{own[place]}={own[place]}+{grown}}}"


def read_xpp(folder: Path, text: str) -> list[float]:
    """Read the spikes from what XPP leaves: the times at which ``tlast`` is set."""
    left = folder / "output.dat"
    if not left.is_file():
        return []
    ode = (folder / "model.ode").read_text(encoding="utf-8").splitlines()
    flows = [line.split("'")[0] for line in ode if "'=" in line and not line.startswith("#")]
    if "tlast" not in flows:
        return []
    place = 1 + flows.index("tlast")
    found: list[float] = []
    for line in left.read_text(encoding="utf-8").splitlines():
        cells = line.split()
        if len(cells) > place:
            time = float(cells[place])
            if time > 0.5 * NEVER and (not found or time != found[-1]):
                found.append(time)
    return found


def xpp_meaning(model: Lowered, dt: float) -> list[str]:
    """Say what means something else in XPP."""
    said = [
        f"XPP goes in steps of dt = {dt:g} ms (Runge and Kutta's fourth order); names are short, and "
        "upper and lower "
        "case are one."
    ]
    if model.fires:
        said.append(
            "`global` finds the threshold on the straight line through a step, sets the state there and "
            "takes the rest "
            "of the step anew: spikes are of second order in dt."
        )
    if model.fires and model.tau_ref > 0.0:
        said.append(
            "XPP knows no refractory period: `resting` stops what is held, and a second `global` ends it at "
            "tlast + tau_ref."
        )
    if model.edges:
        said.append(
            "The input is read at the stages of each step: an edge within one is felt at the next of them."
        )
    if model.passes:
        said.append("V that goes on through the threshold fires again only when it has come back below.")
    said.append(
        "XPP keeps its results in single precision: the last digits of a time are lost, some 1e-7 of it."
    )
    return said


XPP_TWIN = Twin(
    lambda model, dt: FixedStep(
        dt=dt, scheme="rk4", spike_time="linear", refractory="exact", label="end", read="stage",
        edges="half-open",
    )
)  # fmt: skip
