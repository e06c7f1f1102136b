"""Faults of steps that no model means: dt twice or not at all, roundings, wrong refractory time, clocks."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import attrs
import numpy as np

from natrium.analysis.doctor.reading.expressions.algebra import Slopes
from natrium.analysis.doctor.reading.expressions.trees import (
    LEAF,
    NUMBER,
    in_order,
    is_leaf,
    leaves,
    name_of,
    number,
)
from natrium.analysis.doctor.reading.faults.idle_stages import idle_stages
from natrium.analysis.doctor.reading.faults.twice import dt_twice
from natrium.analysis.doctor.reading.faults.waits import refractory_checks
from natrium.analysis.doctor.reading.findings.case import Case, line_in, own_line, term_line
from natrium.analysis.doctor.reading.findings.found import Found, in_line, written
from natrium.analysis.doctor.reading.maps.kicks import all_come_in, is_train
from natrium.analysis.doctor.reading.maps.maps import NO_DT, differ, points_of, values_at
from natrium.analysis.doctor.reading.model.recognise import OVERFLOWS
from natrium.analysis.doctor.reading.text.blocks import lone_in
from natrium.analysis.doctor.reading.text.loops import in_one_turn
from natrium.analysis.doctor.reading.text.named import numbers_named
from natrium.analysis.doctor.trace.meanings import is_threshold, plain
from natrium.analysis.doctor.trace.record import Node, Record

MOST_SPIKES = 0.1  # of all steps
NEAR = 1e-9  # of a time: rounding
_TIMES = re.compile(r"^(t|tau)(_|$)|ref")  # what times are called
_LACKING = ("IndexError", "KeyError", "NameError", "UnboundLocalError", "TypeError", "ValueError")


def step_checks(case: Case) -> Iterator[Found]:
    """List the faults of a script's steps."""
    for check in (
        _turned, dt_twice, _dt_missing, _whole_numbers, _unstable, refractory_checks, _by_clock, _changes,
        idle_stages, _ended,
    ):  # fmt: skip
        yield from check(case)


def _turned(case: Case) -> Iterator[Found]:
    """Find a threshold that is compared the wrong way round."""
    test = case.maps.threshold
    if test is not None and test.relation in ("<", "<="):
        right = {"<": ">=", "<=": ">"}[test.relation]
        yield Found(
            "threshold-direction", "fault",
            f"A spike is each step in which {plain(case.maps.V)} is below its threshold, in "
            f"{in_line(case.source, test.line)}: it wants the other comparison.",
            test.line, f"{plain(case.maps.V)} {test.relation} {written(test.level)}",
            f"{plain(case.maps.V)} {right} {written(test.level)}",
            f"{case.maps.spikes.size} of {case.maps.record.order.size} steps fire",
        )  # fmt: skip


def _dt_missing(case: Case) -> Iterator[Found]:
    """Find what moves a state though no time goes by, in a script that has a dt."""
    maps = case.maps
    if not maps.record.dt and (maps.step == 1.0 or maps.record.solver):
        return
    step = maps.record.dt or NO_DT
    slopes = Slopes(maps.algebra, step, number(0.0))
    points = points_of(maps.record, maps.step)
    for state in maps.moving if maps.free else maps.moving[:1]:
        tree = maps.trees[state]
        if not maps.named:
            one_ms = abs(maps.step * case.meant.units.ms - 1.0) < NEAR  # what a step that is not written is
            if maps.step == 1.0 or one_ms or _has_step(maps.main.updates[state], maps.step):
                continue
            more = _increment(maps.main.updates[state], state)
            line = maps.main.updates[state].line or own_line(more)
            yield Found(
                "dt-missing", "fault",
                f"{plain(state)} does not know {_step_name(case)}: `{written(more)}` in "
                f"{in_line(case.source, line)} moves it in each step as far as one unit of time should.",
                line, written(more), f"{_step_name(case)}*({written(more)})",
                f"no {_step_name(case)} in what makes {plain(state)}", about=state,
            )  # fmt: skip
            continue
        there = slopes.value(tree)
        divided = (one for one in in_order([tree]) if _by_step(one, step))
        # A stage has a step within it that divides by nothing.
        by = next((one for one in divided if not np.any(values_at(slopes.value(one.args[1]), points))), None)
        kept = step in leaves(tree) and not differ(values_at(there, points), points[state])
        if by is not None and not kept:
            yield Found(
                "dt-divides", "fault",
                f"What moves {plain(state)} is divided by {_step_name(case)}, in "
                f"{in_line(case.source, by.line)}: the shorter a step is, the more it moves.",
                by.line, written(by), "", f"at {_step_name(case)} = 0 a step has no end", about=state,
            )  # fmt: skip
            continue
        without = points | {name: np.zeros_like(points[name]) for name in _spikes_in(maps.record)}
        # A spike that comes in has no length.
        if kept or not differ(values_at(there, without), points[state]):
            continue
        if not leaves(tree) - {state} and not _is_rate(tree, state):
            continue
        if not differ(values_at(there, points), np.zeros(len(points[state]))):
            line = own_line(tree)
            yield Found(
                "not-carried-on", "fault",
                f"{plain(state)} does not go on from what it was, in {in_line(case.source, line)}: a step "
                "sets it to what it should move by.",
                line, written(tree), f"{plain(state)} + {written(tree)}",
                f"at {_step_name(case)} = 0 it is zero", about=state,
            )  # fmt: skip
            continue
        if {state, step} <= leaves(tree) and leaves(there) <= set(maps.record.parameters):
            line = maps.main.updates[state].line or own_line(tree)
            yield Found(
                "not-carried-on", "fault",
                f"{plain(state)} does not go on from what it was, in {in_line(case.source, line)}: each step "
                f"begins at {written(there)}.",
                line, written(tree), "", f"at {_step_name(case)} = 0 it is {written(there)}", about=state,
            )  # fmt: skip
            continue
        part = _without(case, tree, state, slopes, points)
        line = line_in(tree, part)[0]
        if part is _increment(tree, state) or step not in leaves(tree):  # what adds it up lacks the step
            line = (0 if _has_steps_apart(case, state) else maps.main.updates[state].line) or line
        yield Found(
            "dt-missing",
            "fault",
            f"{plain(state)} moves though no time goes by: `{written(part)}` in "
            f"{in_line(case.source, line)} is "
            f"not multiplied by {_step_name(case)}.",
            line,
            written(part),
            f"{_step_name(case)}*({written(part)})",
            f"at {_step_name(case)} = 0 a step still moves {plain(state)}",
            about=state,
        )


def _spikes_in(record: Record) -> list[str]:
    """Name what comes in as spikes do: in steps apart, of which each lasts for that step."""
    courses = dict(record.exogenous) | ({record.input: record.inputs} if record.input else {})
    found = []
    for name, course in courses.items():
        there = np.flatnonzero(course)
        if 0 < there.size <= MOST_SPIKES * course.size and not np.any(np.diff(there) == 1):
            found.append(name)
    return found


def _has_steps_apart(case: Case, state: str) -> bool:
    """Tell whether what moves each state is made in a line of its own, and the others' with the step."""
    maps = case.maps
    whole = {name: maps.main.updates[name] for name in maps.moving}
    more = {name: _increment(one, name) for name, one in whole.items()}
    apart = {name for name in maps.moving if own_line(more[name]) != whole[name].line}
    others = set(maps.moving) - {state}
    return others < apart and state in apart and all(maps.record.dt in leaves(more[one]) for one in others)


def _is_rate(tree: Node, state: str) -> bool:
    """Tell whether what is added to a state is it, or its distance from a number, by a time constant."""
    more = _increment(tree, state)
    more = more.args[0] if name_of(more) == "neg" else more
    plain_sum = all(name_of(one) in (LEAF, NUMBER, "+", "-", "neg") for one in in_order(more.args))
    return more is not tree and name_of(more) == "/" and more.args[1].op == NUMBER and plain_sum


def _by_step(node: Node, dt: str) -> bool:
    """Tell whether an operation divides by the step."""
    return name_of(node) == "/" and dt in leaves(node.args[1])


def _step_name(case: Case) -> str:
    return plain(case.maps.record.dt) or NO_DT


def _has_step(node: Node, step: float) -> bool:
    """Tell whether the step stands in a map as a number."""
    return any(
        one.op == NUMBER and any(abs(one.value - k * step) < 1e-9 * step for k in (0.5, 1.0, 1.0 / 6.0))
        for one in in_order([node])
    )


def _increment(node: Node, state: str) -> Node:
    """Give what is added to a state."""
    while name_of(node) in ("+", "-"):
        left, right = node.args
        if is_leaf(left, state):
            return right
        if is_leaf(right, state):
            return left
        node = left
    return node


def _without(case: Case, tree: Node, state: str, slopes: Slopes, points: Mapping[str, np.ndarray]) -> Node:
    """Give the smallest sum's part that stays where dt is zero."""
    node = tree
    while name_of(node) in ("+", "-"):
        left, right = node.args
        stays = [
            one
            for one in (left, right)
            if differ(values_at(slopes.value(one), points), np.zeros(len(points[state])))
        ]
        more = [one for one in stays if not is_leaf(one, state)]
        if len(more) != 1:
            break
        node = more[0]
    return node


def _whole_numbers(case: Case) -> Iterator[Found]:
    """Find whole-number divisions and roundings in what flows."""
    for node in in_order(case.maps.trees.values()):
        name = name_of(node)
        if name == "//":
            yield Found(
                "integer-division", "fault",
                f"`//` in {in_line(case.source, node.line)} divides and throws the rest away.",
                node.line, written(node), written(attrs.evolve(node, op="/")),
                "whole numbers in what should flow", about=_owner(case, node),
            )  # fmt: skip
        elif name in ("int", "floor", "ceil", "round") and leaves(node) & set(case.maps.moving):
            yield Found(
                "rounded-state", "fault",
                f"`{name}` in {in_line(case.source, node.line)} makes a state jump from number to number.",
                node.line, written(node), written(node.args[0]),
                "a state cannot be followed through a rounding", about=_owner(case, node),
            )  # fmt: skip


def _owner(case: Case, node: Node) -> str:
    """Name the state whose equation has an operation of a line."""
    for state in (*case.maps.moving[1:], case.maps.V):
        nodes = in_order([case.equations[state]])
        if any(one.op == node.op and one.line == node.line for one in nodes):
            return state
    return case.maps.V


def _unstable(case: Case) -> Iterator[Found]:
    """Find a leak that is faster than a step can follow."""
    leak, maps = case.meant.recognised.leak, case.maps
    if leak is None or not leak.slope.is_number or not maps.named:
        return
    ratio = float(leak.slope) * maps.step
    if ratio >= 2.0:
        tau = 1.0 / float(leak.slope)
        line = _given_otherwise(case, tau) or term_line(case, {maps.V}, set())
        yield Found(
            "step-too-long", "fault",
            f"The membrane's time constant is {tau:.4g} and a step {maps.step:.4g}: is one of them in "
            f"another unit? See {in_line(case.source, line)}.",
            line, evidence=f"a step is {ratio:.3g} time constants; beyond 2 Euler's scheme runs away",
        )  # fmt: skip


def _given_otherwise(case: Case, tau: float) -> int:
    """Give the line of the time constant or of the step, whichever no other time goes with; 0: neither's."""
    known, dt = case.maps.record.parameters, case.maps.record.dt
    own = [name for name, node in known.items() if abs(node.value - tau) <= NEAR * tau]
    others = {name: value for name, value in numbers_named(case.source).items() if _TIMES.search(name)}
    for name in own:
        others.pop(plain(name), None)
    if dt in known and others and all(0.0 < value < case.maps.step for value in others.values()):
        return known[dt].line
    return known[own[0]].line if len(own) == 1 else 0


def _by_clock(case: Case) -> Iterator[Found]:
    """Find steps that set V, or make it jump, by the clock and not by a threshold."""
    maps, order = case.maps, case.maps.record.order
    jumps = {int(at) for kick in maps.kicks if kick.state == maps.V for at in kick.steps}
    jumps |= set(np.flatnonzero(np.isin(order, maps.clocked)).tolist())
    held, own = set(maps.held), {maps.record.time, *maps.record.parameters, *maps.record.exogenous}
    for k in range(1, order.size):
        step = maps.record.steps[order[k]]
        is_set = order[k] in held and maps.V not in leaves(step.updates[maps.V])
        if not (is_set and order[k - 1] in set(maps.free)) and k not in jumps:
            continue
        main = {one.line: one.held for one in maps.main.choices}
        deciding = [one for one in step.choices if main.get(one.line, one.held) != one.held]
        deciding = [one for one in deciding if leaves(one.left) | leaves(one.right) <= own]
        named = {plain(name) for one in deciding for name in leaves(one.left) | leaves(one.right)}
        if not deciding or not (is_set or any(map(is_threshold, named))):
            continue
        line = deciding[0].line
        yield Found(
            "spike-by-clock", "fault",
            f"{plain(maps.V)} is set in step {k} though it has not reached a threshold; see "
            f"{in_line(case.source, line)}.",
            line, evidence="what decides there does not look at V",
        )  # fmt: skip
        return


def _changes(case: Case) -> Iterator[Found]:
    """Find free steps whose equation is another from some time on."""
    maps = case.maps
    if len(maps.free) < 2 or not maps.record.time:
        return
    points = points_of(maps.record, maps.step)
    for at in maps.free[1:]:
        step = maps.record.steps[at]
        own = np.flatnonzero(maps.record.order == at)
        if is_train(own, maps.record.order.size) and all_come_in(own, maps.kicks):
            continue  # of the same equation, after which something comes in
        for choice in step.choices:
            sides = leaves(choice.left) | leaves(choice.right)
            if maps.record.time not in sides or sides & set(maps.moving):
                continue
            other = next(
                (one for one in maps.main.choices if one.line == choice.line and one.held != choice.held),
                None,
            )
            if other is None:
                continue
            timed = points | {one: values_at(step.updates[one], points) for one in maps.timers}
            for state in maps.moving:
                made = values_at(step.updates[state], points)
                # What the step has set a time to may be read in the step itself.
                if all(differ(made, values_at(maps.main.updates[state], at)) for at in (points, timed)):
                    line = choice.line or own_line(step.updates[state])
                    line = lone_in(case.source, line, [plain(one) for one in maps.timers])
                    yield Found(
                        "equation-changes", "fault",
                        f"The equation of {plain(state)} is another one from "
                        f"{in_line(case.source, line)} on.",
                        line, written(step.updates[state]), written(maps.main.updates[state]),
                        f"{step.count} steps go by the one, {maps.main.count} by the other",
                    )  # fmt: skip
                    return


def _ended(case: Case) -> Iterator[Found]:
    """Tell that an error ended the run: what runs away overflows, and what a step asks for is not there."""
    (error, line), steps = case.maps.record.ended, case.maps.record.order.size
    stepping = case.maps.main.updates[case.maps.V].line
    if error in _LACKING and in_one_turn(case.source, line, stepping):
        yield Found(
            "step-fails", "fault",
            f"A step ends the run by {error} in {in_line(case.source, line)}, after {steps} of them.",
            line, evidence="it was run as it is",
        )  # fmt: skip
    elif error:
        yield Found(
            "run-ends", "fault" if error in OVERFLOWS else "note",
            f"The run ends by {error} in {in_line(case.source, line)}, after {steps} steps.",
            line, evidence="it was run as it is",
        )  # fmt: skip
