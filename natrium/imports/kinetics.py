"""Kinetic schemes of foreign files: reactions between states, part by part."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from natrium.imports.nodes import ZERO, Node, make, terms_of, value_of
from natrium.model.errors import CannotImport

PROBES = (-93.7, -41.3, 17.9)  # mV: where it is looked whether shares are kept
LOST = 1e-9  # of the largest rate, by which rounding may lose them
REST = "rest"  # the state that a file leaves to what is missing to one


@attrs.frozen
class Part:
    """States that are connected by transitions: one scheme, or a gate where there are two."""

    states: tuple[str, ...]  # in the order of the file
    rates: Mapping[tuple[str, str], Node]  # the rate of each way from one to another

    @property
    def told(self) -> tuple[str, ...]:
        """The states that the file has itself."""
        return tuple(one for one in self.states if one != REST)

    def gate(self, state: str) -> dict[str, Node]:
        """Give the rates of one of two states, as a gate's."""
        (other,) = (one for one in self.states if one != state)
        return {"alpha": self.rates.get((other, state), ZERO), "beta": self.rates.get((state, other), ZERO)}


def ways_of(flows: Mapping[str, Node], values: Mapping[str, float]) -> list[tuple[str, str, Node]]:
    """Read the ways of a scheme off the derivatives of its states, all linear.

    Raises
    ------
    CannotImport
        When what leaves a state does not come to another, or to what is missing to one.
    """
    states = frozenset(flows)
    inward = {one: list[Node]() for one in flows}  # from what is missing to one
    moved = {(source, target): list[Node]() for target in flows for source in flows}
    for target, flow in flows.items():
        for coefficient, powers in terms_of(flow, states):
            if sum(powers.values()) > 1:
                raise CannotImport(
                    "not linear", f"a state must move linearly, got {target}' of {', '.join(powers)}"
                )
            (moved[next(iter(powers)), target] if powers else inward[target]).append(coefficient)
    if not any(inward.values()):
        return _closed(moved, values)
    if REST in flows:
        raise CannotImport(
            "coupled states", f"a state must not be called {REST} where something is missing to one"
        )
    ways = [(REST, target, _total(found)) for target, found in inward.items() if found]
    for (_, target), found in moved.items():
        for one in inward[target]:
            _take(found, one, target)
    for source in flows:
        left = [make("neg", one) for one in moved[source, source]]
        for target in (one for one in flows if one != source and moved[source, one]):
            for one in moved[source, target]:
                _take(left, make("neg", one), source)
            ways.append((source, target, _total(moved[source, target])))
        if left:
            ways.append((source, REST, _total(left)))
    return ways


def _closed(
    moved: Mapping[tuple[str, str], list[Node]], values: Mapping[str, float]
) -> list[tuple[str, str, Node]]:
    """Take what comes to each state from each other, where nothing is lost or added on the way."""
    ways = [(*way, _total(found)) for way, found in moved.items() if found and way[0] != way[1]]
    for source in dict.fromkeys(source for source, _ in moved):
        for v in PROBES:
            terms = [_at(one, values, v) for way, found in moved.items() if way[0] == source for one in found]
            if not abs(sum(terms)) <= LOST * max(map(abs, terms), default=0.0):
                raise CannotImport(
                    "coupled states",
                    f"what leaves {source} must come to another state, got {sum(terms):g} per ms less",
                )
    return ways


def _at(node: Node, values: Mapping[str, float], v: float) -> float:
    return float(value_of(node, {**values, "v": v}))


def _take(found: list[Node], one: Node, state: str) -> None:
    """Take out what stands there with the other sign."""
    if (opposite := make("neg", one)) not in found:
        raise CannotImport(
            "coupled states", f"what leaves {state} must come to another state, or be missing to one"
        )
    found.remove(opposite)


def _total(found: list[Node]) -> Node:
    total = found[0]
    for one in found[1:]:
        total = make("-", total, one.args[0]) if one.op == "neg" else make("+", total, one)
    return total


def parts_of(states: tuple[str, ...], ways: list[tuple[str, str, Node]]) -> list[Part]:
    """Add up parallel ways, and divide the states into those that are connected.

    Raises
    ------
    CannotImport
        When a rate depends on a state.
    """
    rates: dict[tuple[str, str], Node] = {}
    for source, target, rate in ways:
        if inner := rate.names & set(states):
            raise CannotImport(
                "coupled states", f"a rate must not depend on states, got one of {', '.join(inner)}"
            )
        before = rates.get((source, target))
        rates[source, target] = rate if before is None else make("+", before, rate)
    rates = {way: rate for way, rate in rates.items() if rate.number != 0.0}
    groups: list[set[str]] = []
    for way in rates:
        touched = [one for one in groups if one & set(way)]
        groups = [one for one in groups if one not in touched] + [set(way).union(*touched)]
    return [
        Part(
            tuple(one for one in states if one in group),
            {way: rate for way, rate in rates.items() if way[0] in group},
        )
        for group in sorted(groups, key=lambda group: min(states.index(one) for one in group))
    ]
