"""What a script's equations are made of: leak, input, channels with gates, adaptation, other currents."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import attrs
import numpy as np
import sympy

from natrium.analysis.doctor.reading.expressions.algebra import Slopes
from natrium.analysis.doctor.reading.expressions.trees import (
    LEAF,
    NUMBER,
    exact,
    formula,
    in_order,
    is_leaf,
    leaves,
    name_of,
    number,
    same_tree,
    symbol,
)
from natrium.analysis.doctor.reading.maps.maps import Maps
from natrium.analysis.doctor.reading.model.forms import simple_form, without_pace
from natrium.analysis.doctor.trace.meanings import plain
from natrium.analysis.doctor.trace.record import Node
from natrium.model import UnsupportedModel

INPUTS = re.compile(
    r"^(i|j)(_?(ext|app|inj|inp|input|in|stim|e|dc|const|0|tot|syn|injected|applied|amp|s|list|values?|vals?|range|arr|array))?$"
    r"|^(input|current|stim|stimulus|input_current|injected_current|current_input|inp|drive|input_value|amps?|amplitudes?|currents|inputs)$"
)
DRIVEN = "I(t)"  # what an input that steps compute from their time is called
FAR = 1e6  # no voltage, in whatever unit
OVERFLOWS = ("OverflowError", "FloatingPointError", "ZeroDivisionError")  # how a run ends that runs away
LARGEST = 3_000  # operations of an equation that is taken apart: a whole step of several stages has no end
EARLY = 10  # which part of such a run is looked at
INSIDE = 1e-6  # how far a gate may leave [0, 1] by rounding


@attrs.frozen(eq=False)
class GateFound:
    """A state that relaxes between 0 and 1.

    Attributes
    ----------
    name : str
    kind : str
        ``"alpha"``: opening and closing rates; ``"inf"``: steady state and time constant.
    first, second : Node
        alpha and beta, or inf and tau; of V and parameters.
    """

    name: str
    kind: str
    first: Node
    second: Node


@attrs.frozen(eq=False)
class Part:
    """One term of the voltage's equation.

    Attributes
    ----------
    kind : str
        ``"leak"``, ``"input"``, ``"channel"``, ``"adaptation"``, ``"synapse"``, ``"quadratic"``,
        ``"exponential"``, ``"current"``.
    name : str
    powers : tuple of (str, int)
        Of a channel's gates.
    slope, rest : sympy.Expr
        Of a leak or a channel, dV/dt = slope (rest - V), with numbers for all parameters; of others the term.
    """

    kind: str
    name: str
    powers: tuple[tuple[str, int], ...]
    slope: Any
    rest: Any


@attrs.frozen(eq=False)
class Recognised:
    """What the equations are made of.

    Attributes
    ----------
    input : str
        Leaf that the input goes by; empty where there is none.
    gates : tuple of GateFound
    parts : tuple of Part
    whole : bool
        Whether it is a leak, an input and channels with gates, and nothing else.
    """

    input: str
    gates: tuple[GateFound, ...]
    parts: tuple[Part, ...]
    whole: bool

    @property
    def leak(self) -> Part | None:
        """The leak, where there is one."""
        return next((one for one in self.parts if one.kind == "leak"), None)


def input_of(maps: Maps, equations: Mapping[str, Node]) -> str:
    """Name what the input goes by: the record's own, or a constant that is called like one, or is swept."""
    flow = equations[maps.V]
    names = leaves(flow)
    if DRIVEN in names:
        return DRIVEN
    if any(maps.record.input in leaves(one) for one in equations.values()):  # a dendrite's, too
        return maps.record.input
    known = maps.record.parameter_values
    called = [name for name in sorted(names & set(known), key=len) if INPUTS.match(plain(name).lower())]
    for name in (*called, *sorted(names & maps.record.swept)):
        try:
            slope = Slopes(maps.algebra, name).slope(flow)
        except KeyError:
            continue
        if name not in leaves(slope) and maps.V not in leaves(slope):
            return name
    return ""


def split_gate(maps: Maps, name: str, flow: Node) -> GateFound | None:
    """Take a relaxing state's equation apart, as it is written where it can be; None where it is no gate."""
    if not leaves(flow) - {maps.V, name} <= set(maps.record.parameters):
        return None
    return (
        _opening(name, flow) or _by_rates(name, flow) or _approaching(name, flow) or _linear(maps, name, flow)
    )


def _opening(name: str, flow: Node) -> GateFound | None:
    """Match alpha (1 - x) - beta x."""
    if name_of(flow) != "-":
        return None
    first, second = flow.args
    alpha, beta = _over(first, lambda one: _is_rest(one, name)), _over(second, lambda one: is_leaf(one, name))
    if alpha is None or beta is None or name in leaves(alpha) | leaves(beta):
        return None
    return GateFound(name, "alpha", alpha, beta)


def _by_rates(name: str, flow: Node) -> GateFound | None:
    """Match (alpha/(alpha + beta) - x) / (1/(alpha + beta)), or times alpha + beta."""
    found = _approaching(name, flow)
    if found is not None:
        steady, tau = found.first, found.second
        rate = tau.args[1] if name_of(tau) == "/" and _is_one(tau.args[0]) else None
    else:
        rate = _over(flow, lambda one: name_of(one) == "-" and is_leaf(one.args[1], name))
        steady = next((one.args[0] for one in flow.args if one is not rate and one.args), flow)
    if rate is None or name_of(rate) != "+" or name in leaves(rate):
        return None
    alpha, whole = _quotient(steady)
    beta = next((other for one, other in (rate.args, rate.args[::-1]) if same_tree(one, alpha)), None)
    return GateFound(name, "alpha", alpha, beta) if beta is not None and same_tree(whole, rate) else None


def _quotient(node: Node) -> tuple[Node, Node]:
    """Give what is over what: a/b, and a*(1/b); itself over itself where it is none."""
    if name_of(node) == "*":
        for one, other in (node.args, node.args[::-1]):
            if name_of(other) == "/" and _is_one(other.args[0]):
                return one, other.args[1]
    return (node.args[0], node.args[1]) if name_of(node) == "/" else (node, node)


def _approaching(name: str, flow: Node) -> GateFound | None:
    """Match (inf - x) / tau."""
    if name_of(flow) != "/":
        return None
    above, tau = flow.args
    sign = name_of(above)
    if sign == "-" and is_leaf(above.args[1], name) and name not in leaves(above.args[0]) | leaves(tau):
        return GateFound(name, "inf", above.args[0], tau)
    if sign == "neg" and name_of(above.args[0]) == "-" and is_leaf(above.args[0].args[0], name):
        inf = above.args[0].args[1]
        if name not in leaves(inf) | leaves(tau):
            return GateFound(name, "inf", inf, tau)
    return None


def _linear(maps: Maps, name: str, flow: Node) -> GateFound | None:
    """Take any flow that is linear in its state, p - q x, apart.

    Where V has a part in q, alpha = p and beta = q - p; else it goes to a level of V, inf = p/q, tau = 1/q.
    """
    to = maps.algebra
    try:
        slopes = Slopes(to, name)
        slope = slopes.slope(flow)
    except KeyError:
        return None
    if name in leaves(slope):
        x = symbol(name)
        expr = formula(flow)
        if simple_form(sympy.diff(expr, x, 2)) != 0:
            return None
        slope = to.replaced(slope, {name: Node(NUMBER, (), 0.0)})
    alpha = to.replaced(flow, {name: Node(NUMBER, (), 0.0)})
    rate = to.negative(slope)
    if maps.V not in leaves(rate):
        return GateFound(name, "inf", to.divide(alpha, rate), to.divide(number(1.0), rate))
    return GateFound(name, "alpha", alpha, to.subtract(rate, alpha))


def _is_one(node: Node) -> bool:
    return node.op == NUMBER and node.value == 1.0


def _is_rest(node: Node, name: str) -> bool:
    """Tell whether a node is 1 - x."""
    return name_of(node) == "-" and _is_one(node.args[0]) and is_leaf(node.args[1], name)


def _over(node: Node, is_factor: Any) -> Node | None:
    """Give the other factor of a product of which one factor is wanted."""
    if name_of(node) != "*":
        return None
    a, b = node.args
    if is_factor(b):
        return a
    if is_factor(a):
        return b
    return None


def _is_fraction(maps: Maps, name: str) -> bool:
    """Tell whether a state stays within [0, 1]."""
    record = maps.record
    column = record.samples[:, record.states.index(name)]
    off = np.flatnonzero(~np.all(np.abs(record.samples) < FAR, axis=1))
    if off.size or record.ended[0] in OVERFLOWS:  # it has left all bounds long before
        column = column[: max((off[0] if off.size else column.size) // EARLY, 2)]
    column = column[np.isfinite(column)]
    return bool(column.size) and float(column.min()) >= -INSIDE and float(column.max()) <= 1.0 + INSIDE


def opens(maps: Maps, equations: Mapping[str, Node], name: str) -> bool:
    """Tell whether a state multiplies a difference of voltages, as what opens a channel does."""
    for node in in_order([equations[maps.V]]):
        if name_of(node) == "*":
            for one, other in (node.args, node.args[::-1]):
                if name in leaves(one) and maps.V in leaves(other) and name not in leaves(other):
                    return True
    return False


def recognise(maps: Maps, equations: Mapping[str, Node]) -> Recognised:
    """Say what the equations of a script are made of.

    Parameters
    ----------
    maps : Maps
    equations : mapping of str to Node

    Raises
    ------
    UnsupportedModel
        When an equation is too large to be taken apart: a step of several stages that knows no dt.
    """
    drive = input_of(maps, equations)
    values = {name: exact(value) for name, value in maps.record.parameter_values.items() if name != drive}
    gates = []
    for name in maps.moving[1:]:
        if _is_fraction(maps, name) and maps.V in leaves(equations[name]) and opens(maps, equations, name):
            found = split_gate(maps, name, equations[name])
            if found is not None:
                gates.append(found)
    V, others = symbol(maps.V), [symbol(one) for one in maps.moving[1:]]
    marks = (*others, symbol(drive)) if drive else tuple(others)
    expr = without_pace(formula(equations[maps.V], values), {*marks})
    if (size := int(expr.count_ops())) > LARGEST:
        raise UnsupportedModel(
            f"an equation must have at most {LARGEST} operations to be taken apart, got {size}"
        )
    expr = sympy.expand(expr, power_base=False, power_exp=False, log=False)
    terms: dict[tuple[Any, ...], Any] = {}
    for term in sympy.Add.make_args(expr):
        rest, key = term.as_independent(*marks, as_Add=False) if marks else (term, sympy.S.One)
        terms[key] = terms.get(key, 0) + rest
    gate_names = {one.name for one in gates}
    known = {V, *marks}
    parts: list[Part] = []
    whole = len(gates) == len(others)
    for key, coefficient in terms.items():
        part = _part(
            maps,
            equations,
            key,
            simple_form(coefficient) if key != sympy.S.One else coefficient,
            V,
            drive,
            gate_names,
        )
        if not (coefficient.free_symbols <= known):  # what no parameter, state or input is
            part = [Part("current", "", (), coefficient * key, sympy.S.Zero)]
        whole = whole and all(one.kind in ("leak", "input", "channel") for one in part)
        parts += part
    kinds = [one.kind for one in parts]
    whole = whole and kinds.count("leak") == 1 and kinds.count("input") <= 1
    return Recognised(drive, tuple(gates), tuple(parts), whole)


def _part(
    maps: Maps,
    equations: Mapping[str, Node],
    key: Any,
    coefficient: Any,
    V: Any,
    drive: str,
    gates: set[str],
) -> list[Part]:
    """Say what one term is: a product of states and the input, and what it is multiplied by."""
    names = {one.name for one in key.free_symbols}
    if not names:
        return _alone(coefficient * key, V)
    if names == {drive} and key == symbol(drive) and V not in coefficient.free_symbols:
        return [Part("input", drive, (), coefficient, sympy.S.Zero)]
    if names <= gates:
        powers = key.as_powers_dict()
        whole = all(power.is_Integer and power > 0 for power in powers.values())
        slope = -sympy.diff(coefficient, V)
        if whole and slope != 0 and V not in simple_form(slope).free_symbols:
            rest = simple_form((coefficient + slope * V) / slope)
            order = {name: at for at, name in enumerate(maps.moving)}
            taken = tuple(
                sorted(
                    ((one.name, int(power)) for one, power in powers.items()), key=lambda pair: order[pair[0]]
                )
            )
            return [Part("channel", channel_name(maps, equations, taken), taken, slope, rest)]
        return [Part("current", "", (), coefficient * key, sympy.S.Zero)]
    if len(names) == 1 and drive not in names:
        name = next(iter(names))
        flow = leaves(equations[name])
        if maps.V in flow:
            return [Part("adaptation", name, (), coefficient * key, sympy.S.Zero)]
        if not flow & {*maps.moving} - {name}:
            jumps = name in maps.resets
            return [Part("adaptation" if jumps else "synapse", name, (), coefficient * key, sympy.S.Zero)]
    return [Part("current", "", (), coefficient * key, sympy.S.Zero)]


def _alone(expr: Any, V: Any) -> list[Part]:
    """Take apart what depends on V alone."""
    parts: list[Part] = []
    linear, others = sympy.S.Zero, sympy.S.Zero
    for term in sympy.Add.make_args(sympy.expand(expr, power_base=False, power_exp=False, log=False)):
        if sympy.diff(term, V, 2) == 0:
            linear += term
        else:
            others += term
    if others != 0:
        polynomial = others.is_polynomial(V) and sympy.degree(others, V) == 2
        if polynomial:
            return [Part("quadratic", "", (), others + linear, sympy.S.Zero)]
        kind = "exponential" if others.has(sympy.exp) else "current"
        parts.append(Part(kind, "", (), others, sympy.S.Zero))
    slope = -sympy.diff(linear, V)
    if slope != 0:
        parts.append(Part("leak", "leak", (), slope, sympy.nsimplify((linear + slope * V) / slope)))
    elif linear != 0:
        parts.append(Part("current", "constant", (), linear, sympy.S.Zero))
    return parts


def channel_name(maps: Maps, equations: Mapping[str, Node], powers: tuple[tuple[str, int], ...]) -> str:
    """Name a channel after its conductance or its reversal as the script calls them; else after its gates."""
    gates = {name for name, _ in powers}
    best: tuple[int, str] = (99, "")
    for node in in_order([equations[maps.V]]):
        if node.op in (LEAF, NUMBER) or not gates <= leaves(node) or maps.V not in leaves(node):
            continue
        if (leaves(node) & set(maps.moving)) - gates - {maps.V}:
            continue
        for name in leaves(node) & set(maps.record.parameters):
            found = re.match(r"^(?:g|gbar|g_bar|g_max|gmax|E|V|v|e)_?([A-Za-z]\w{0,9})$", plain(name))
            if found and found[1].lower() not in (
                "rest",
                "l",
                "leak",
                "th",
                "bar",
                "max",
                "m",
                "reset",
                "thresh",
            ):
                best = min(best, (len(found[1]), re.sub(r"^(bar|max)_?|_?(bar|max)$", "", found[1])))
    return best[1] or "".join(plain(name) for name, _ in powers)
