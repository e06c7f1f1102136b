"""Kinetic schemes of foreign files: reactions between states, part by part."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from natrium.imports.nodes import ZERO, Node, make
from natrium.model.errors import CannotImport


@attrs.frozen
class Part:
    """States that are connected by transitions: one scheme, or a gate where there are two.

    Attributes
    ----------
    states : tuple of str
        In the order of the file.
    rates : mapping of (str, str) to Node
        The rate of each way from one to another.
    """

    states: tuple[str, ...]
    rates: Mapping[tuple[str, str], Node]

    def gate(self, state: str) -> dict[str, Node]:
        """Give the rates of one of two states, as a gate's."""
        (other,) = (one for one in self.states if one != state)
        return {"alpha": self.rates.get((other, state), ZERO), "beta": self.rates.get((state, other), ZERO)}


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
