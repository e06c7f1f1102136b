"""The rules of a script held against a claimed model's: threshold, reset, refractory time, input."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Any

import numpy as np

from natrium.analysis.doctor.reading.bench import Bench
from natrium.analysis.doctor.reading.case import Case, own_line
from natrium.analysis.doctor.reading.findings import Found, Mend, in_line
from natrium.analysis.doctor.reading.labels import given_line, passed
from natrium.analysis.doctor.reading.maps import crossings, plain
from natrium.analysis.doctor.reading.repair import repairs
from natrium.analysis.doctor.reading.rules import number_at, timed_by
from natrium.analysis.doctor.reading.sides import Claimed, drive_of, inputs_read
from natrium.analysis.doctor.reading.trees import LEAF, NUMBER, in_order, leaf, leaves, number
from natrium.analysis.doctor.reading.wording import shown, text_of
from natrium.analysis.doctor.trace.record import Node
from natrium.model import Model, Neuron
from natrium.model.kernel import lower_expressions

UP = (">", ">=")
CLOSE = 1e-9  # of a number: rounding
EDGE = 1e-3  # of a step: to which side of an edge a time is


def claimed_rules(case: Case, claim: Model, sides: Claimed, skip_refractory: bool) -> Iterator[Found]:
    """List what a script's rules are otherwise than the claim's.

    Parameters
    ----------
    case : Case
    claim : Model
    sides : Claimed
    skip_refractory : bool
        Where its length is at fault already.
    """
    yield from _threshold(case, claim)
    yield from _resets(case, claim, sides)
    yield from _held(case, claim)
    if not skip_refractory:
        yield from _refractory(case, claim)
    yield from claimed_input(case, claim, sides.factor)


def _differs(one: float, other: float) -> bool:
    return abs(one - other) > CLOSE * (1.0 + abs(other))


def _threshold(case: Case, claim: Model) -> Iterator[Found]:
    maps, mV = case.maps, case.meant.units.mV
    neuron = claim.neuron
    if not neuron.fires:
        return
    test = maps.threshold
    if test is None:
        tests = [one for one in crossings(maps.algebra, maps.main, maps.V) if one.relation in ("<", "<=")]
        if not tests:
            return
        test = tests[0]
    level = number_at(test.level, maps.record.parameter_values) * mV
    if not math.isfinite(level):
        yield Found(
            "threshold-moves", "fault",
            f"The threshold in {in_line(case.source, test.line)} moves; the model's stays at "
            f"{neuron.v_thresh:g} mV.",
            test.line, text_of(test.level), shown(neuron.v_thresh / mV),
        )  # fmt: skip
    elif _differs(level, neuron.v_thresh):
        made = test.level.line if test.level.args else 0
        line = _parameter_line(case, test.level) or made or test.line
        yield Found(
            "threshold-level", "fault",
            f"The threshold is {level:g} mV where the model has {neuron.v_thresh:g} mV: "
            f"{in_line(case.source, line)}.",
            line, text_of(test.level), shown(neuron.v_thresh / mV), f"compared in line {test.line}",
            mend=Mend(test.level, number(neuron.v_thresh / mV)),
        )  # fmt: skip
    elif maps.firing and test.relation == ">":
        yield Found(
            "threshold-strict", "rule",
            f"{plain(maps.V)} at the threshold itself does not fire, in {in_line(case.source, test.line)}: > "
            "instead of >=.",
            test.line,
        )  # fmt: skip
    if maps.firing and not test.after and test.line > maps.main.updates[maps.V].line:
        where = in_line(case.source, test.line)
        yield Found(
            "threshold-stale", "fault",
            f"{where[0].upper()}{where[1:]} compares {plain(maps.V)} as the step found it, not as it has "
            "made "
            "it: each spike is a step late.",
            test.line, evidence="what is compared is the old V",
        )  # fmt: skip


def _parameter_line(case: Case, node: Node) -> int:
    """Give the line of the parameter that a tree is, where it is one alone."""
    if node.op == LEAF and node.name in case.maps.record.parameters:
        return case.maps.record.parameters[node.name].line
    return node.line if node.op == NUMBER else 0


def _resets(case: Case, claim: Model, sides: Claimed) -> Iterator[Found]:
    maps, mV = case.maps, case.meant.units.mV
    if not claim.neuron.fires:
        return
    if not maps.firing:
        yield from _never(case, claim)
        return
    system = claim.neuron.system
    wanted = dict(zip(system.labels, system.reset, strict=True))
    symbols = dict(zip(system.labels, system.states, strict=True))
    numbers = dict(zip(system.parameters, system.values, strict=True))
    for name, label in sides.pairs.items():
        if not maps.free and label != "V":
            continue  # where each step fires, what the others do in one is not told apart
        node, should = maps.resets.get(name), wanted[label]
        own = leaf(name) if node is None else node
        kept = own.op == LEAF and own.name == name
        line = left_out(case, name) if kept else _reset_line(case, name)
        if should == symbols[label]:
            if not kept:
                yield Found(
                    "reset-extra", "fault",
                    f"A spike also sets {plain(name)}, in {in_line(case.source, line)}; the model leaves "
                    "it alone.",
                    line, f"{plain(name)} = {text_of(own)}", "",
                )  # fmt: skip
            continue
        should = should.subs(numbers)
        states = tuple(system.states)
        scale = mV if label == "V" else 1.0
        values = tuple(sides.values[one] * (mV if one == "V" else 1.0) for one in system.labels)
        target = lower_expressions((should,), states, "grid")(*values)[0] / scale
        target = np.broadcast_to(np.asarray(target, dtype=float), sides.points[maps.V].shape)
        bench = Bench(own, sides.points, target, frozenset(maps.record.parameters))
        if bench.is_sound:
            continue
        if kept:
            yield Found(
                "reset-missing", "fault",
                f"A spike leaves {plain(name)} as it is, in {in_line(case.source, line)}, where the model "
                f"sets it to {_plain_number(should)}.",
                line, plain(name), _plain_number(should),
            )  # fmt: skip
            continue
        if label == "V" and name in leaves(own):
            yield Found(
                "reset-soft", "fault",
                f"A spike takes {plain(name)} down by an amount, in {in_line(case.source, line)}, where "
                "the model "
                f"sets it to {_plain_number(should)}.",
                line, text_of(own), _plain_number(should),
            )  # fmt: skip
            continue
        found = repairs(Bench(own, sides.points, target, bench.parameters, states=frozenset(maps.moving)))
        where = 0
        turned = any(one.kind == "operation" and one.rank < 1.0 for one in found)
        if found and found[0].kind == "number" and not turned:
            where = _parameter_line(case, found[0].node)
        where = where or (_parameter_line(case, own) if should.is_number else 0) or line
        yield Found(
            "reset-value", "fault",
            f"A spike sets {plain(name)} to `{text_of(own)}` where the model has {_plain_number(should)}: "
            f"{in_line(case.source, where)}.",
            where, text_of(own), _plain_number(should),
        )  # fmt: skip


def _held(case: Case, claim: Model) -> Iterator[Found]:
    """Hold the value at which V waits against the claimed one."""
    maps, neuron = case.maps, claim.neuron
    if not isinstance(neuron, Neuron) or not neuron.fires or max(maps.hold.steps, default=0) < 2:
        return
    if not maps.held:  # V moves
        return
    step = maps.record.steps[max(maps.held, key=lambda at: maps.record.steps[at].count)]
    node = step.updates[maps.V]
    value = number_at(node, maps.record.parameter_values) * case.meant.units.mV
    set_to = maps.resets.get(maps.V)
    if not math.isfinite(value) or not _differs(value, neuron.v_reset):
        return
    if set_to is not None and not _differs(
        value, number_at(set_to, maps.record.parameter_values) * case.meant.units.mV
    ):
        return  # told of the reset
    tests = [one.line for one in step.choices]
    line = (0 if node.op == LEAF else node.line) or max(
        (passed(case.source, at, "") for at in tests), default=0
    )
    line = line or max(tests, default=0)
    yield Found(
        "hold-value", "fault",
        f"While it is refractory {plain(maps.V)} is {value:g} mV, in {in_line(case.source, line)}; the "
        f"model's is {neuron.v_reset:g} mV.",
        line, text_of(node), shown(neuron.v_reset / case.meant.units.mV),
    )  # fmt: skip


def _plain_number(expr: Any) -> str:
    return shown(float(expr)) if expr.is_number else str(expr)


def _never(case: Case, claim: Model) -> Iterator[Found]:
    """Find a threshold that V passes and nothing follows from."""
    maps, mV = case.maps, case.meant.units.mV
    level, after = claim.neuron.v_thresh, claim.neuron.system.reset_voltage
    for step in maps.record.steps:
        for test in crossings(maps.algebra, step, maps.V):
            own = number_at(test.level, maps.record.parameter_values) * mV
            near = isinstance(level, float) and abs(own - level) <= 1.0 + 0.5 * abs(level)
            if test.relation in UP and near:
                line = passed(case.source, test.line, plain(maps.V)) or test.line
                yield Found(
                    "reset-missing", "fault",
                    f"{plain(maps.V)} goes over its threshold in {in_line(case.source, test.line)}, and "
                    f"nothing sets it back; the model's spike sets it to {after:g} mV.",
                    line, plain(maps.V), shown(after / mV), f"{step.count} steps end over it",
                )  # fmt: skip
                return
    V = maps.record.samples[:, maps.record.states.index(maps.V)] * mV
    over = int(np.sum(level < V)) if isinstance(level, float) else 0
    for choice in maps.main.choices if over else ():
        if maps.V in leaves(choice.left, choice.right):
            continue
        sides = (number_at(one, maps.record.parameter_values) * mV for one in (choice.left, choice.right))
        if any(abs(one - level) <= CLOSE * (1.0 + abs(level)) for one in sides):
            yield Found(
                "reset-missing", "fault",
                f"{plain(maps.V)} is over {level:g} mV in {over} steps, and nothing sets it back: "
                f"{in_line(case.source, choice.line)} compares something else.",
                choice.line, text_of(choice.left), plain(maps.V),
            )  # fmt: skip
            return


def left_out(case: Case, name: str) -> int:
    """Give the line in which a spike does not set a state: where it passes, else where it is seen."""
    test = case.maps.threshold.line if case.maps.threshold is not None else 0
    return passed(case.source, test, plain(name)) or test


def _reset_line(case: Case, name: str) -> int:
    """Give the line in which a spike sets a state."""
    maps = case.maps
    made = maps.resets.get(name)
    if made is not None and made.args and made.line:
        return made.line
    step = maps.record.steps[max(maps.firing, key=lambda at: maps.record.steps[at].count)]
    node = step.updates[name]
    if (made is None or made is node) and node.line and node.op != LEAF:
        return node.line
    text = plain(name)
    first = maps.threshold.line if maps.threshold is not None else 0
    for pattern in (
        rf"\b{re.escape(text)}\b\W[^=]*=[^=]|\b{re.escape(text)}\s*=[^=]",
        rf"\b{re.escape(text)}\w*\s*=[^=]",
    ):
        for at in range(first, min(first + 12, len(case.source))):
            if re.search(pattern, case.source[at]):
                return at + 1
    return first


def _refractory(case: Case, claim: Model) -> Iterator[Found]:
    maps, neuron, units = case.maps, claim.neuron, case.meant.units
    if not neuron.fires or not maps.firing or not maps.hold.steps:
        return
    dt = maps.step * units.ms
    held, asked = maps.hold.steps[0] * dt, neuron.tau_ref
    found = case.meant.refractory
    line = found.blamed if found else (maps.hold.lines[0] if maps.hold.lines else _reset_line(case, maps.V))
    if not maps.hold.steps[0]:
        line = timed_by(maps) or line
    if found and found.name and _differs(found.named * units.ms, asked) and abs(held - asked) > 1.5 * dt:
        line = maps.record.parameters[found.name].line or line
    # Rounding, and where the rule is tested, may cost a step; another number of steps is one.
    counted = abs(found.nominal * units.ms - asked) if found else 0.0
    if abs(held - asked) > 1.5 * dt or min(abs(held - asked), counted) > 0.5 * dt:
        yield Found(
            "refractory-length", "fault",
            f"A spike holds {plain(maps.V)} for {maps.hold.steps[0]} steps, {held:.6g} ms, where the model "
            "has "
            f"{asked:g} ms: {in_line(case.source, line)}.",
            line, evidence=f"{maps.hold.steps[0]} steps of {dt:g} ms",
        )  # fmt: skip
    others = set(maps.moving[1:])
    if isinstance(neuron, Neuron) and maps.V in maps.hold.still and others:
        moving = others - set(maps.hold.still)
        rule = "hold" if not moving else "clamp"
        if rule != neuron.refractory and maps.hold.steps[0] > 1:
            step = (
                maps.record.steps[max(maps.held, key=lambda at: maps.record.steps[at].count)]
                if maps.held
                else maps.main
            )
            at = step.updates[sorted(moving or others)[0]].line or line
            yield Found(
                "gates-while-refractory", "fault",
                f"While V is held the gates {'move' if moving else 'stand still'}; in the model they "
                f"{'stand still' if moving else 'move'}; see {in_line(case.source, at)}.",
                at,
            )  # fmt: skip


def claimed_input(case: Case, claim: Model, factor: float) -> Iterator[Found]:
    """Hold what the steps read, in the claim's unit by a factor, against the claimed stimulus."""
    meant = case.meant
    times = meant.clock.reads * meant.units.ms
    dt = case.maps.step * meant.units.ms
    own = inputs_read(case) * factor
    asked = np.array([claim.stimulus(float(t) + EDGE * dt) for t in times])
    before = np.array([claim.stimulus(float(t) - EDGE * dt) for t in times])
    slack = 1e-6 * (1.0 + np.abs(asked))
    off = (own < np.minimum(asked, before) - slack) | (own > np.maximum(asked, before) + slack)
    if case.maps.record.order.size == off.size:
        off &= ~np.isin(case.maps.record.order, case.maps.held)  # what is held reads nothing
    if not np.any(off) or (not drive_of(case) and np.ptp(asked) == 0.0):
        return  # what is the same all the time may be a number of the equation
    if not np.any(own):
        given = case.maps.record.parameters.get(case.meant.recognised.input)
        line = (given.line if given is not None else 0) or own_line(case.equations[case.maps.V])
        yield Found(
            "input-missing", "fault",
            f"No input reaches {plain(case.maps.V)}, in {in_line(case.source, line)}; the model has one.",
            line, evidence=f"the model's input is not zero at {int(off.sum())} of {off.size} steps",
        )  # fmt: skip
        return
    k = int(np.argmax(off))
    line = input_line(case, k)
    there = in_line(case.source, line) if line else "the script"
    inside = np.abs(asked - before) <= slack
    both = (own != 0) & (asked != 0) & inside
    ratio = float(np.median(own[both] / asked[both])) if np.any(both) else 1.0
    if abs(ratio - 1.0) > CLOSE and np.all(np.abs(own - ratio * asked)[inside] <= slack[inside] * abs(ratio)):
        # Of neurons side by side each may have an input of its own.
        alone = not (case.maps.record.side and isinstance(claim.neuron, Neuron))
        yield Found(
            "input-scaled", "fault" if alone else "note",
            f"The input is {shown(float(f'{ratio:.6g}'))} times the model's, in {there}.",
            line, shown(float(f"{own[both][0]:.6g}")), shown(float(f"{asked[both][0]:.6g}")),
            f"at all {int(both.sum())} steps in which both are on",
        )  # fmt: skip
        return
    yield Found(
        "input-differs", "fault",
        f"From {times[k]:g} ms on the script's input is {own[k]:.6g} where the model's is {asked[k]:.6g}; "
        f"see {there}.",
        line, evidence=f"{int(off.sum())} of {off.size} steps read another input",
    )  # fmt: skip


def input_line(case: Case, k: int) -> int:
    """Give the line that makes what a step reads; 0 where none is known."""
    record, drive = case.maps.record, drive_of(case)
    if drive in record.parameters:
        return record.parameters[drive].line
    made = list(record.origins.get(record.input, ()))
    own = {record.time, *record.parameters}
    for root in case.equations.values():
        made += [one for one in in_order([root]) if record.time and record.time in leaves(one) <= own]
    lines = {one.line: len(in_order([one])) for one in made if one.line}
    if not lines:
        return given_line(case.source, plain(record.input), float(record.inputs[k]))
    read = float(record.inputs[k]) if record.inputs.size > k else math.nan
    given = {one.line for one in made if one.line and one.op == NUMBER and one.value == read}
    return given.pop() if len(given) == 1 else max(lines, key=lambda line: lines[line])
