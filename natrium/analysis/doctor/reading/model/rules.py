"""The rules beside a script's scheme: threshold, refractory time, how the input is read."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

import attrs
import numpy as np

from natrium.analysis.doctor.reading.expressions.clocks import other_clocks
from natrium.analysis.doctor.reading.expressions.trees import (
    DOUBLES,
    LEAF,
    NUMBER,
    Program,
    in_order,
    is_leaf,
    leaves,
)
from natrium.analysis.doctor.reading.maps.maps import Maps, expanded
from natrium.analysis.doctor.reading.model.clock import NEAR, Clock, counts_steps
from natrium.analysis.doctor.reading.text.named import idle, is_real, unread_test
from natrium.analysis.doctor.trace.meanings import plain
from natrium.analysis.doctor.trace.record import Choice, Node, Record


@attrs.frozen(eq=False)
class Refractory:
    """How long a script holds its state after a spike.

    Attributes
    ----------
    nominal : float
        What its rule says, in the script's time; NaN where it cannot be told.
    name : str
        The parameter that gives it, empty where none does.
    named : float
        That parameter's value; NaN.
    line : int
        Where it is set or compared.
    blamed : int
        The line that makes it another time than the parameter's, where it is.
    odd : bool
        Whether each step counts neither one nor its own length, or one of a time: then that line is wrong
        for sure.
    read : int
        The line that reads the parameter.
    """

    nominal: float
    name: str
    named: float
    line: int
    blamed: int
    odd: bool = False
    read: int = 0

    def meant(self, step: float) -> float:
        """Give the time that is meant: the parameter's, where the rule says it but for a step and a slack."""
        near = bool(self.name) and abs(self.named - self.nominal) <= 1.5 * step
        return self.named if near else self.nominal


def number_at(node: Node, values: Mapping[str, float]) -> float:
    """Evaluate a tree at one point; NaN where a leaf has no value."""
    try:
        return float(Program([node])(values, DOUBLES["math"])[0])
    except (KeyError, ArithmeticError, ValueError, TypeError):
        return math.nan


def refractory_of(maps: Maps) -> Refractory | None:
    """Find how long the rule holds, from what is set at a spike and what is compared."""
    record = maps.record
    if record.resumed:
        return _resumed(record)
    if not maps.held and not maps.hold.lines:
        return None
    if not maps.firing or maps.hold.way == "none":
        return None

    def often(at: int) -> int:
        return -record.steps[at].count

    fire = record.steps[max(maps.firing, key=lambda at: record.steps[at].count)]
    # A wait that only forbids to fire is compared where V flows, and where it fires.
    kinds = (at for group in (maps.held, (*maps.free, *maps.firing)) for at in sorted(group, key=often))
    deciding, step = next(
        (
            (one, record.steps[at])
            for at in kinds
            for one in record.steps[at].choices
            if (leaves(one.left) | leaves(one.right)) & set(maps.timers) and one.line in maps.hold.lines
        ),
        (None, fire),
    )
    if deciding is None:
        return None
    if all(step is not record.steps[at] for at in maps.held):  # it is counted in what comes after
        step = record.steps[record.order[min(maps.spikes[0] + 1, record.order.size - 1)]]
    timer = next(iter((leaves(deciding.left) | leaves(deciding.right)) & set(maps.timers)))
    known: dict[str, float] = record.parameter_values | dict.fromkeys(record.states, 0.0)
    unit = maps.step if counts_steps(maps) else 1.0
    if maps.hold.way == "clock":
        nominal, held_by = _by_clock(maps, fire.updates, deciding, known), (deciding.left, deciding.right)
        nominal *= unit
    else:
        nominal, held_by = (
            _by_counter(maps, fire.updates, step.updates[timer], deciding, timer, known),
            (
                deciding.left,
                deciding.right,
            ),
        )
    trees = (*held_by, fire.updates[timer])
    names = [
        one for tree in trees for one in sorted(leaves(tree) & set(record.parameters)) if one != record.dt
    ]
    line = timer_line(maps, fire.updates[timer], deciding)
    value = number_at(fire.updates[timer], known | {record.time: 0.0} | other_clocks(record))
    begin = value if math.isfinite(value) else 0.0  # further on it may be clipped
    each = abs(number_at(step.updates[timer], known | {timer: begin}) - begin)
    odd = maps.hold.way == "counter" and abs(each - maps.step) > NEAR * maps.step and each != 1.0
    if maps.hold.way == "counter" and each == 1.0 and value:
        blamed = line  # steps are counted: how many, a spike says, unless what it sets is a time
        if _sets_time(maps, fire.updates[timer], timer):
            moved = (one.line for one in in_order([step.updates[timer]]) if one.op in ("+", "-"))
            blamed, odd = next(moved, line), True
    elif (
        maps.hold.way == "counter" and abs(each - maps.step) <= NEAR and _is_count(maps, fire.updates[timer])
    ):
        blamed, odd = step.updates[timer].line or line, True  # so many steps, of which each counts its length
    elif odd:
        blamed = deciding.line if not each else step.updates[timer].line or line
    else:  # what a spike sets is right where it is the time, or nothing, or a parameter of a name
        values = [0.0, maps.step, *(record.parameters[one].value for one in names)]
        right = any(abs(value - one) <= NEAR * maps.step for one in values) and _goes_by(maps, timer, value)
        blamed = deciding.line if deciding.line and right else line
    if not names:
        return Refractory(nominal, "", math.nan, line, blamed, odd and each > 0.0)
    given = record.parameters[names[-1]]
    counts = given.args and record.dt in leaves(given)  # a time in steps
    read = line if names[-1] in leaves(fire.updates[timer]) else deciding.line
    named = given.value * (maps.step if counts else 1.0)
    return Refractory(nominal, names[-1], named, line, blamed, odd and each > 0.0, read)


def _sets_time(maps: Maps, node: Node, timer: str) -> bool:
    """Tell whether what a spike sets is a parameter as it is, no number of steps, and so is the timer."""
    given = maps.record.parameters.get(node.name) if node.op == LEAF else None
    return given is not None and maps.dt not in leaves(given) and is_real(maps.record.source, plain(timer))


def _is_count(maps: Maps, node: Node) -> bool:
    """Tell whether what a spike sets is a time over the step, and no time."""
    whole = expanded(maps.record, maps.algebra, node, everything=True)
    return any(one.op == "/" and is_leaf(one.args[1], maps.dt) for one in in_order([whole]))


def _resumed(record: Record) -> Refractory:
    """Tell how long the script of a solver that events end waits until it goes on."""
    (ended, begun, _), start = record.restarts[-1], record.resumed[0]
    named = [one for one in in_order([start]) if one.op == LEAF and one.value != ended]
    wait = named[0] if len(named) == 1 else Node(NUMBER, (), math.nan)
    return Refractory(begun - ended, wait.name, wait.value, start.line, start.line)


def _goes_by(maps: Maps, timer: str, value: float) -> bool:
    """Tell whether what spikes set a timer to goes on as the clock does, or not at all."""
    record, spikes = maps.record, maps.spikes
    if record.times.size <= max(spikes, default=0) or record.solver or counts_steps(maps):
        return True
    after = record.samples[spikes + 1, record.states.index(timer)]
    found = (after, after - record.times[spikes])
    if spikes.size == 1:
        return any(abs(one[0] - value) <= 2.0 * maps.step for one in found)
    return any(np.ptp(one) <= NEAR * maps.step for one in found if one.size)


def unfinished(maps: Maps) -> int:
    """Count the steps that the last spike of a run holds, where it holds to the end."""
    after = maps.record.order[maps.spikes[-1] + 1 :] if maps.spikes.size else np.empty(0)
    return int(after.size) if np.all(np.isin(after, maps.held)) else 0


def timed_by(maps: Maps) -> int:
    """Give the line of a free step that compares what a spike sets to wait by; 0: none does."""
    for choice in maps.main.choices:
        if (leaves(choice.left) | leaves(choice.right)) & set(maps.timers):
            return choice.line
    return 0


def included_by(maps: Maps) -> int:
    """Give the line of the one comparison by which V waits in the last step of its wait too; 0: none."""
    waiting = [
        one for at in maps.held for one in maps.record.steps[at].choices if one.line in maps.hold.lines
    ]
    lines = {one.line for one in waiting if one.relation in (("<=", ">=") if one.held else ("<", ">"))}
    return lines.pop() if len(lines) == 1 else 0


def timer_line(maps: Maps, node: Node, deciding: Choice) -> int:
    """Give the line in which a spike sets the timer."""
    return node.line if node.line and node.op != LEAF else set_at(maps) or deciding.line


def unheld_by(maps: Maps) -> int:
    """Give the line by which a spike that should hold V does not: what it sets is no later time; 0: none."""
    line = 0
    for node in (maps.record.steps[at].updates[one] for at in maps.firing for one in maps.timers):
        if node.args:  # too few steps
            line = node.line
        elif node.op == NUMBER or (node.name in maps.record.parameters and maps.record.time):  # no time
            line = set_at(maps) or line
    first = maps.threshold.line if maps.threshold is not None else 0
    never = idle(maps.record.source)
    if mask := unread_test(maps.record.source, [plain(one) for one in maps.timers]):
        return mask
    return line or next((at for name, at in never.items() if first < at <= first + 12), 0)


def set_at(maps: Maps) -> int:
    """Give the line after the threshold's in which a timer is set; 0 where none is."""
    source, first = maps.record.source, maps.threshold.line if maps.threshold is not None else 0
    names = [plain(one) for one in maps.timers]
    for at in range(first, min(first + 12, len(source))):
        if any(re.search(rf"\b{re.escape(one)}\b['\"]?\s*(\[.*\]|\])?\s*=[^=]", source[at]) for one in names):
            return at + 1
    return 0


def _by_clock(maps: Maps, set_to: Mapping[str, Node], choice: Choice, known: Mapping[str, float]) -> float:
    """Solve the comparison for the time at which it turns, after a spike at time 0."""
    clocks = {maps.record.time: 0.0} | other_clocks(maps.record)
    at = dict(known) | clocks
    at |= {name: _set_by(maps, name, set_to[name], at) for name in maps.timers}

    def apart(t: float) -> float:
        moved = at | {name: t + ahead for name, ahead in clocks.items()}
        return number_at(choice.left, moved) - number_at(choice.right, moved)

    rise = apart(1.0) - apart(0.0)
    return -apart(0.0) / rise if rise else math.nan


def _set_by(maps: Maps, timer: str, node: Node, at: Mapping[str, float]) -> float:
    """Give what a spike at time 0 sets a timer to; on the whole, where it is made of what flows."""
    if not leaves(node) & {*maps.moving}:
        return number_at(node, at)
    kept = maps.record.samples[maps.spikes + 1, maps.record.states.index(timer)]
    return float(np.mean(kept - maps.record.times[maps.spikes]))


def _by_counter(
    maps: Maps,
    set_to: Mapping[str, Node],
    counted: Node,
    choice: Choice,
    timer: str,
    known: Mapping[str, float],
) -> float:
    """Solve the comparison for what the counter must reach, from where a spike sets it."""
    kept = {name: number_at(set_to[name], known) for name in maps.timers}  # a spike may keep the time it has
    at = {**known, **{name: value for name, value in kept.items() if math.isfinite(value)}}
    begin = kept[timer]
    each = number_at(counted, at) - begin

    def apart(c: float) -> float:
        moved = at | {timer: c}
        return number_at(choice.left, moved) - number_at(choice.right, moved)

    left = apart(begin)
    rise = apart(begin + each) - left  # in a step: where it ends it may be clipped
    return float(f"{-left / rise * maps.step:.12g}") if rise else math.nan


def as_data(maps: Maps, clock: Clock, refractory: Refractory | None, ms: float) -> dict[str, Any]:
    """Give the rules as plain data."""
    threshold = None
    if maps.threshold is not None:
        threshold = {
            "relation": maps.threshold.relation,
            "tested": "as an event"
            if maps.record.solver
            else "after the update"
            if maps.threshold.after
            else "before the update",
            "line": maps.threshold.line,
        }
    rule = "none"
    if any(maps.hold.steps):
        others = set(maps.moving) - set(maps.hold.still)
        rule = "hold" if not others else "clamp" if maps.V not in others else "free"
    return {
        "dt_ms": maps.step * ms,
        "label": clock.label or None,
        "threshold": threshold,
        "refractory": {
            "rule": rule,
            "counted_by": maps.hold.way,
            "steps": sorted(set(maps.hold.steps)),
            "nominal_ms": None
            if refractory is None or not 0.0 <= refractory.nominal < math.inf
            else refractory.meant(maps.step) * ms,
        },
    }
