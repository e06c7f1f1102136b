"""What XPP's ``global`` lines do: a reset and its refractory period, spikes that come in, parameters."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import attrs

from natrium.imports.nodes import ONE, ZERO, Node, make, name, num, replace, slope_at_zero, value_of
from natrium.model import Spikes
from natrium.model.errors import CannotImport

TRIED = (0.0, 1.0, -2.5)  # values at which what is added to a state is told from what sets it
REFUSED = "reset"  # the reason by its name
Read = Callable[[str], Node]
Global = tuple[int, str, Sequence[tuple[str, str]]]


@attrs.define
class Events:
    """What is told of all of them.

    Attributes
    ----------
    voltage : str
        The state whose way up is the spike.
    threshold : Node or None
    reset : dict of str to Node
    tau_ref : float
        The refractory period, ms.
    resting : dict of str to (float, float)
        States that tell whether it is refractory: their values where not and where it is.
    gone : set of str
        States that only tell the time of a spike, or whether it is refractory.
    kicks : dict of (str, float) to list of float
        By state and weight, when spikes come in.
    turned : dict of str to list of (float, float)
        When parameters turn, and into what.
    said : list of str
    """

    voltage: str
    threshold: Node | None = None
    reset: dict[str, Node] = attrs.field(factory=dict)
    tau_ref: float = 0.0
    resting: dict[str, tuple[float, float]] = attrs.field(factory=dict)
    gone: set[str] = attrs.field(factory=set)
    kicks: dict[tuple[str, float], list[float]] = attrs.field(factory=dict)
    turned: dict[str, list[tuple[float, float]]] = attrs.field(factory=dict)
    said: list[str] = attrs.field(factory=list)

    def awake(self, node: Node) -> Node:
        """Give a formula as it is where the cell is not refractory."""
        return replace(node, {one: num(rest) for one, (rest, _) in self.resting.items()})

    def held(self, node: Node) -> bool:
        """Tell whether a slope is zero while the cell is refractory."""
        asleep = replace(node, {one: num(on) for one, (_, on) in self.resting.items()})
        if asleep not in (ZERO, awake := self.awake(node)):
            raise CannotImport(REFUSED, "a refractory period must hold a state or leave it alone")
        return asleep == ZERO != awake

    def turns(self) -> dict[str, Node]:
        """Give each parameter that turns as a formula of t."""
        found = {}
        for one, changes in self.turned.items():
            pieces = [name(one), *(num(value) for _, value in sorted(changes))]
            node = pieces.pop()
            for at, _ in sorted(changes, reverse=True):
                node = make("where", make("<", name("t"), num(at)), pieces.pop(), node)
            found[one] = node
        return found

    def spikes(self, spelled: Mapping[str, str]) -> list[Spikes]:
        """Give what comes in."""
        return [Spikes(sorted(set(at)), spelled[one], weight) for (one, weight), at in self.kicks.items()]


def events_of(
    lines: Sequence[Global], rates: Mapping[str, Node], starts: Mapping[str, float],
    numbers: Mapping[str, float], voltage: str, read: Read,
) -> Events:  # fmt: skip
    """Tell what each line does.

    Parameters
    ----------
    lines : sequence of (int, str, sequence of (str, str))
        Sign, condition, and what is set to what.
    rates : mapping of str to Node
        The slope of each state.
    starts, numbers : mapping of str to float
        Of states and of parameters.
    voltage : str
        The state that is taken for V where no line says it.
    read : callable
        Makes a formula of text.
    """
    still = {one for one, rate in rates.items() if rate == ZERO}
    read_lines = [(sign, read(text), [(one, read(to)) for one, to in done]) for sign, text, done in lines]
    fired = [one for one in read_lines if one[1].names & (rates.keys() - still)]
    timed = [one for one in read_lines if one not in fired]
    if len(fired) > 1:
        raise CannotImport(REFUSED, f"a model has one reset, got {len(fired)}")
    found = Events(voltage)
    stamps = {one for *_, done in fired for one, to in done if one in still and to == name("t")}
    found.gone = set(stamps)
    set_by_spike = dict(fired[0][2]) if fired else {}
    for sign, condition, done in timed:
        at, stamp = _time(sign, condition, numbers, stamps)
        if stamp:
            found.tau_ref = at
            for one, to in done:
                on = set_by_spike.get(one, ZERO).number
                if one not in still or on is None or to.number != starts.get(one, 0.0):
                    raise CannotImport(
                        REFUSED, f"after its refractory period a cell must be as before, got {one}"
                    )
                found.resting[one] = to.number, on
                found.gone.add(one)
            continue
        for one, to in done:
            if one in rates and one not in still:
                found.kicks.setdefault((one, _added(one, found.awake(to), numbers)), []).append(at)
            elif one in numbers or one in still:
                found.turned.setdefault(one, []).append((at, _number(one, to, numbers)))
            else:
                raise CannotImport(REFUSED, f"a line at a time must set states or parameters, got {one}")
    if found.turned:
        found.said.append(f"{', '.join(found.turned)} turns at given times")
    if fired:
        sign, condition, done = fired[0]
        _fire(found, sign, condition, [pair for pair in done if pair[0] not in found.gone], rates)
    return found


def _fire(
    found: Events, sign: int, condition: Node, done: Sequence[tuple[str, Node]], rates: Mapping[str, Node]
) -> None:
    """Take the voltage, its threshold and what a spike sets from the line that fires."""
    node = found.awake(condition)
    while node.op == "where" and not node.args[0].names:
        node = node.args[1 if value_of(node.args[0], {}) else 2]
    held = [one for one in rates if one in node.names]
    found.voltage = voltage = found.voltage if found.voltage in held or not held else held[0]
    slope = _slope(node, voltage)
    if slope is None or slope.names or (steep := float(value_of(slope, {}))) * (sign or 1) <= 0.0:
        raise CannotImport(
            REFUSED, f"a reset must be where a state comes up through a threshold, got global {sign}"
        )
    found.threshold = make("/", make("neg", replace(node, {voltage: ZERO})), num(steep))
    for one, to in done:
        if one not in rates or "t" in to.names:
            raise CannotImport(REFUSED, f"a reset must set states, to no matter of time, got {one}")
        found.reset[one] = found.awake(to)
        if found.reset[one].names & (set(found.reset) - {one}):
            found.said.append(f"the reset of {one} takes what was just before it")


def _time(
    sign: int, condition: Node, numbers: Mapping[str, float], stamps: set[str]
) -> tuple[float, str | None]:
    """Tell when a condition of t comes true, and after which spike's time."""
    stamp = next(iter(condition.names & stamps), None)

    def at(t: float, since: float) -> float:
        known: dict[str, Any] = {**numbers, "t": t} | ({} if stamp is None else {stamp: since})
        return float(value_of(condition, known)) if condition.names <= known.keys() else math.nan

    slope = at(1.0, 0.0) - at(0.0, 0.0)
    straight = math.isclose(at(3.0, 0.0), at(0.0, 0.0) + 3.0 * slope, abs_tol=1e-9)
    moves = stamp is None or math.isclose(at(0.0, 1.0) - at(0.0, 0.0), -slope)
    if not (straight and moves and slope * (sign or 1) > 0.0):
        raise CannotImport(
            REFUSED, "a line must be at a threshold, at a time, or at a time after the last spike"
        )
    return -at(0.0, 0.0) / slope, stamp


def _added(one: str, to: Node, numbers: Mapping[str, float]) -> float:
    """Give what is added to a state."""
    if to.names <= {one, *numbers}:
        grown = [float(value_of(to, {**numbers, one: x})) - x for x in TRIED]
        if max(grown) - min(grown) <= 1e-12 * (1.0 + max(map(abs, grown))):
            return grown[0]
    raise CannotImport(REFUSED, f"what comes in at a time must add a number to a state, got {one}")


def _number(one: str, to: Node, numbers: Mapping[str, float]) -> float:
    if not to.names <= numbers.keys():
        raise CannotImport(REFUSED, f"a parameter must turn into a number, got {one}")
    return float(value_of(to, numbers))


def _slope(node: Node, of: str) -> Node | None:
    """Differentiate by a name that stands in a sum; None where that cannot be told."""
    try:
        return slope_at_zero(node, of)
    except CannotImport:
        return None


def same_slope(node: Node, one: str, other: str) -> bool:
    """Tell whether two names stand in a sum by the same factor."""
    return (_slope(node, one) or ONE) == _slope(node, other)
