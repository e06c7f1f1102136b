"""From derivatives to gates: which rates a state has."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from natrium.imports.nodes import (
    ONE,
    ZERO,
    Node,
    factors_of,
    make,
    name,
    product,
    replace,
    slope_at_zero,
    terms_of,
    value_of,
)
from natrium.model.errors import CannotImport

Rates = dict[str, Node]  # alpha and beta, inf and tau, or inf alone
_PROBES = np.linspace(-93.7, 48.3, 7)


def rates_of(state: str, flow: Node, states: frozenset[str]) -> Rates:
    """Read a gate's rates off its derivative.

    Raises
    ------
    CannotImport
        When it is not linear in itself, or needs other states.
    """
    if others := flow.names & (states - {state}):
        raise CannotImport(
            "coupled states", f"a gate must move by itself, got {state}' of {', '.join(sorted(others))}"
        )
    return _approach(state, flow) or _opening(state, flow)


def _approach(state: str, flow: Node) -> Rates | None:
    """Take ``(inf - x)/tau``, with whatever else multiplies it."""
    parts = list(factors_of(flow))
    holding = [k for k, (one, _) in enumerate(parts) if state in one.names]
    if len(holding) != 1 or parts[holding[0]][1] < 0:
        return None
    core = parts.pop(holding[0])[0]
    x = name(state)
    if core == x:
        inf, sign = ZERO, -1.0
    elif core.op == "-" and core.args[1] == x and state not in core.args[0].names:
        inf, sign = core.args[0], 1.0
    elif core.op == "+" and core.args[0] == make("neg", x) and state not in core.args[1].names:
        inf, sign = core.args[1], 1.0
    elif core.op == "-" and core.args[0] == x and state not in core.args[1].names:
        inf, sign = core.args[1], -1.0
    else:
        return None
    for one, _ in parts:
        if one.number == -1.0:
            sign = -sign
    if sign < 0.0:
        return None
    rest = [(one, -power) for one, power in parts if one.number != -1.0 and one != ONE]
    return _as_transitions(inf, product(rest))


def _as_transitions(inf: Node, tau: Node) -> Rates:
    """Take ``a/(a + b)`` and ``1/(a + b)`` as a and b: each is then written once."""
    above = list(factors_of(inf))
    for total in [one for one, power in above if power < 0 and one.op == "+"]:
        rest, pace = Counter(above), Counter(factors_of(tau))
        rest[total, -1] -= 1
        pace[total, -1] -= 1
        parts = [k for k, one in enumerate(total.args) if Counter(factors_of(one)) == +rest]
        if not parts or pace[total, -1] < 0:
            continue
        faster = [(one, -sign) for one, sign in pace.elements() if one != ONE]
        opening, closing = total.args[parts[0]], total.args[1 - parts[0]]
        return {"alpha": product([(opening, 1), *faster]), "beta": product([(closing, 1), *faster])}
    return {"inf": inf, "tau": tau}


def _opening(state: str, flow: Node) -> Rates:
    """Take ``a (1 - x) - b x``, or any other sum that is linear in x."""
    constant: list[Node] = []
    linear: list[Node] = []
    for coefficient, powers in terms_of(flow, frozenset({state})):
        if powers not in ({}, {state: 1}):
            raise CannotImport(
                "not linear", f"a gate must relax linearly, got {state}' with a power of {state}"
            )
        (linear if powers else constant).append(coefficient)
    left = [make("neg", one) for one in linear]
    for one in constant:
        if one not in left:
            total = _sum(constant)
            rate = _sum([make("neg", each) for each in linear])
            return {"inf": make("/", total, rate), "tau": make("/", ONE, rate)}
        left.remove(one)
    return {"alpha": _sum(constant), "beta": _sum(left)}


def _sum(nodes: Sequence[Node]) -> Node:
    total = ZERO
    for one in nodes:
        take = one.op == "neg" and total != ZERO
        total = make("-", total, one.args[0]) if take else make("+", total, one)
    return total


def flow_of_update(state: str, update: Node, values: dict[str, float]) -> Node | None:
    """Give dx/dt of an update by a step ``dt``; None where the state is set to what it is at once.

    Raises
    ------
    CannotImport
        When the step leaves a state that did not move elsewhere.
    """
    if not update.names & {"dt", state}:
        return None
    still = replace(update, {"dt": ZERO})
    for x in (0.31, 0.87):
        found = value_of(still, values | {"v": _PROBES, state: x, "cai": values.get("cai", 1e-4)})
        if not np.allclose(found, x, rtol=1e-9, atol=1e-12):
            raise CannotImport(
                "an update of its own",
                f"an update by a step of no length must leave {state}, got {np.max(found)!r} for {x}",
            )
    return slope_at_zero(update, "dt")
