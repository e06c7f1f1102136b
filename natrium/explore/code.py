"""A model's equations as the page's JavaScript: every function that its solver and its panels call."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

import attrs
import numpy as np
import sympy
from scipy.integrate import DOP853

from natrium.analysis.phase_plane.reduction import Plane
from natrium.analysis.variation.collocation import radau
from natrium.model import AnyNeuron, Formula, Stimulus, Sum
from natrium.model.arrays import Array
from natrium.model.branches import split_branches
from natrium.model.expressions.exprel import whole
from natrium.model.hybrid import BY_STATE, REFRACTORY_RULES, HybridSystem
from natrium.model.javascript import javascript
from natrium.model.kernel import event_system


def write_tableau() -> str:
    """Write the method's coefficients, those that natrium's own solver steps by."""
    names = ("A", "B", "C", "E3", "E5", "D", "A_EXTRA", "C_EXTRA")
    return compact({name: getattr(DOP853, name) for name in names})


def write_radau() -> str:
    """Write what the page's implicit steps go by: nodes, matrix, and the polynomial's slope at the start.

    ``FIRST`` takes the stages' slopes to that of the polynomial at the step's start.
    """
    nodes, matrix, _ = radau()
    first = [np.prod([other / (other - one) for other in nodes if other != one]) for one in nodes]
    return compact({"C": nodes, "A": matrix, "FIRST": np.array(first)})


def compact(arrays: Mapping[str, Array]) -> str:
    """Write arrays of numbers as JSON without a character too many."""
    found = json.dumps({name: values.tolist() for name, values in arrays.items()}, separators=(",", ":"))
    return re.sub(r"\.0(?=[],])", "", found)


def rules_of(neuron: AnyNeuron) -> dict[str, HybridSystem]:
    """Give the system while refractory by each rule that the page offers; one by state stands."""
    ruled: Any = neuron
    if isinstance(ruled.refractory, str):
        return {name: attrs.evolve(ruled, refractory=name).system.resting for name in REFRACTORY_RULES}
    return {BY_STATE: neuron.system.resting}


def formula_of(part: Stimulus) -> Formula | None:
    """Give the formula that an input is, if it is one."""
    found = part.series()
    return found if isinstance(found, Formula) else None


def write_code(neuron: AnyNeuron, stimulus: Sum, planes: Mapping[str, Plane]) -> str:
    """Write the model as one JavaScript object.

    Parameters
    ----------
    neuron : Neuron or HybridNeuron
        All of whose numbers are symbols in its system.
    stimulus : Sum
        Whose formulas are written, in order.
    planes : mapping of str to Plane
        By the name of x.

    Returns
    -------
    str
        An object literal: numbers, and functions of states ``y`` (or ``u``, V from its origin), the input
        (``I``, or ``J`` less the gap) and parameters ``p``, each per ms.
    """
    system = neuron.system
    event = event_system(system.structure)
    smooth, branches = split_branches(event.rhs)
    sides, surfaces = [one.side for one in branches], [one.surface for one in branches]
    plain = {"y": system.states, "I": system.input, "p": system.parameters}
    shifted = {"u": event.states, "J": event.input, "p": event.parameters}
    held = shifted | {"s": sides}
    of_state = {"y": system.states, "p": system.parameters}
    steady = [place for place, one in enumerate(neuron.starts_steady) if one]
    written = {
        "n": str(len(system.states)),
        "fires": _flag(neuron.fires),
        "passes": _flag(system.passes),
        "moves": _flag(bool(system.threshold_moves)),
        "branches": str(len(branches)),
        "steady": str(steady),
        "rhs": javascript(smooth, held),
        "slopes": javascript(list(sympy.Matrix(smooth).jacobian(event.states)), held),
        "surfaces": javascript(surfaces, held),
        "flow": javascript(system.rhs, plain),
        "jacobian": javascript(list(system.jacobian), plain),
        "origin": javascript([system.origin], of_state),
        "gap": javascript([system.gap], {"p": system.parameters}),
        "duration": javascript([system.refractory.duration], {"p": system.parameters}),
        "reset": javascript(system.reset, of_state),
        "rests": _object({json.dumps(name): _rest(rest) for name, rest in rules_of(neuron).items()}),
        "planes": _object({json.dumps(x): _plane(plane, system) for x, plane in planes.items()}),
        "formulas": _list(
            javascript([whole(one.value.symbolic)], {"t": one.value.symbol}, saturated=False)
            for part in stimulus.parts
            if (one := formula_of(part)) is not None
        ),
    }
    return _object(written)


def _rest(resting: HybridSystem) -> str:
    event = event_system(resting.structure)
    shifted = {"u": event.states, "J": event.input, "p": event.parameters}
    return _object(
        {
            "still": _flag(not any(flow != 0 for flow in resting.rhs)),
            "roams": _flag(resting.rests_in_motion),
            "rhs": javascript(event.rhs, shifted),
            "slopes": javascript(list(sympy.Matrix(event.rhs).jacobian(event.states)), shifted),
            "flow": javascript(
                resting.rhs, {"y": resting.states, "I": resting.input, "p": resting.parameters}
            ),
        }
    )


def _plane(plane: Plane, system: HybridSystem) -> str:
    """Write a plane: flow and Jacobian of z = (V, x), the x-nullcline, the states that go with a point."""
    own = plane.neuron.system
    known = {symbol.name: symbol for symbol in system.parameters}
    values = dict(zip(own.parameters, own.values, strict=True))
    meant = {symbol: known.get(symbol.name, sympy.Float(value)) for symbol, value in values.items()}
    flow = [expr.subs(meant, simultaneous=True) for expr in (plane.dV, plane.dx)]
    arguments = {"z": plane.symbols, "I": own.input, "p": system.parameters}
    functions = {
        "flow": flow,
        "jacobian": list(sympy.Matrix(flow).jacobian(plane.symbols)),
        "steady": [plane.x_steady.subs(meant, simultaneous=True)],
        "lift": [expr.subs(meant, simultaneous=True) for expr in plane.lift],
    }
    return _object(
        {name: javascript(expressions, arguments) for name, expressions in functions.items()}
        | {"moves": _flag(bool(plane.moves_with))}
    )


def _flag(value: bool) -> str:
    return "true" if value else "false"


def _list(values: Any) -> str:
    return f"[{', '.join(values)}]"


def _object(values: Mapping[str, str] | Sequence[Any]) -> str:
    pairs = values.items() if isinstance(values, Mapping) else values
    return "{" + ",\n".join(f"{name}: {value}" for name, value in pairs) + "}"
