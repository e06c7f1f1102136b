"""The rules of a script held against a claimed model's: threshold, reset, refractory time, input."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from natrium.analysis.doctor.reading.claims.driven import drive_of, inputs_read
from natrium.analysis.doctor.reading.claims.input import input_repair
from natrium.analysis.doctor.reading.claims.noisy import claimed_noise, drawn_noise
from natrium.analysis.doctor.reading.claims.resets import (
    CLOSE,
    claimed_resets,
    differs,
    held_value,
    is_used,
    parameter_line,
    reset_line,
)
from natrium.analysis.doctor.reading.claims.sides import Claimed
from natrium.analysis.doctor.reading.claims.spikes import claimed_spikes
from natrium.analysis.doctor.reading.expressions.numbers import is_tens
from natrium.analysis.doctor.reading.expressions.trees import (
    NUMBER,
    at_points,
    in_order,
    leaf,
    leaves,
    number,
)
from natrium.analysis.doctor.reading.expressions.wording import shown, text_of
from natrium.analysis.doctor.reading.findings.case import Case, own_line, term_line
from natrium.analysis.doctor.reading.findings.found import Found, Mend, at_first, in_line
from natrium.analysis.doctor.reading.maps.maps import Threshold, crossings
from natrium.analysis.doctor.reading.maps.population import ELEMENT
from natrium.analysis.doctor.reading.model.levels import moving_level
from natrium.analysis.doctor.reading.model.rules import (
    Refractory,
    included_by,
    number_at,
    timed_by,
    unfinished,
    unheld_by,
)
from natrium.analysis.doctor.reading.steps.noise import scaled_line
from natrium.analysis.doctor.reading.text.labels import given_line, passed
from natrium.analysis.doctor.reading.text.overrides import overriding
from natrium.analysis.doctor.reading.text.written import data_line
from natrium.analysis.doctor.trace.meanings import is_refractory, plain
from natrium.model import Model, Neuron
from natrium.model.arrays import Array
from natrium.model.kernel import lower_expressions

EDGE = 1e-3  # of a step: to which side of an edge a time is
JUMP = 0.01  # of an input: what no smooth one does in so little time
STEADY = 8  # changes of an input, of which none is met by chance


def claimed_rules(
    case: Case, claim: Model, sides: Claimed, wrong: frozenset[str], skip_refractory: bool
) -> Iterator[Found]:
    """List what a script's rules are otherwise than the claim's.

    Parameters
    ----------
    case : Case
    claim : Model
    sides : Claimed
    wrong : frozenset of str
        Parameters that have a wrong number.
    skip_refractory : bool
        Where its length is at fault already.
    """
    yield from _threshold(case, claim, sides)
    yield from claimed_resets(case, claim, sides, wrong)
    yield from held_value(case, claim)
    if not skip_refractory:
        yield from _refractory(case, claim, sides)
    yield from claimed_input(case, claim, sides.factor)
    yield from claimed_spikes(case, sides)


def _threshold(case: Case, claim: Model, sides: Claimed) -> Iterator[Found]:
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
    if neuron.system.threshold_moves:
        yield from _moving_threshold(case, sides, test)
        return
    level = number_at(test.level, maps.record.parameter_values) * mV
    if (moving := moving_level(maps)) is not None and np.any(sides.rise(sides.points)):
        level = moving[1] * mV
    elif np.any(sides.rise(sides.points)):
        if not maps.firing and not math.isfinite(level):
            return  # it moves, and by what no spike has shown
        yield Found(
            "threshold-fixed", "fault",
            f"The threshold in {in_line(case.source, test.line)} stays at {level:g} mV; the model's moves.",
            test.line, text_of(test.level),
        )  # fmt: skip
        return
    if not math.isfinite(level):
        yield Found(
            "threshold-moves", "fault",
            f"The threshold in {in_line(case.source, test.line)} moves; the model's stays at "
            f"{neuron.v_thresh:g} mV.",
            test.line, text_of(test.level), shown(neuron.v_thresh / mV),
        )  # fmt: skip
    elif differs(level, neuron.v_thresh):
        made = test.level.line if test.level.args else 0
        line = parameter_line(case, test.level) or made or test.line
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
    late = not test.after and test.line > maps.main.updates[maps.V].line
    if maps.firing and late and not maps.record.solver:
        yield Found(
            "threshold-stale", "fault",
            f"{at_first(case.source, test.line)} compares {plain(maps.V)} as the step found it, not as it "
            "has made it: each spike is a step late.",
            test.line, evidence="what is compared is the old V",
        )  # fmt: skip


def _moving_threshold(case: Case, sides: Claimed, test: Threshold) -> Iterator[Found]:
    """Hold a threshold against a claimed one that moves with the states."""
    system, mV = sides.claim.neuron.system, case.meant.units.mV
    asked = (system.states[0] - system.guard).subs(dict(zip(system.parameters, system.values, strict=True)))
    level = lower_expressions((asked,), tuple(system.states), "grid")
    after = {sides.pairs[one]: at_points(case.maps.main.updates[one], sides.points) for one in sides.pairs}
    own = np.asarray(at_points(test.level, sides.points)) * mV
    wanted = (  # of the states as the step found them, or as it has made them
        level(*(known[one] * sides.units[one] for one in system.labels))[0]
        for known in (sides.values, {**sides.values, **after})
    )
    if not any(np.allclose(own, one, rtol=1e-9, atol=1e-9 * mV) for one in wanted):
        yield Found(
            "threshold-level", "fault",
            f"The threshold, `{text_of(test.level)}` in {in_line(case.source, test.line)}, is not the "
            f"model's `{sides.claim.neuron.threshold}`.",
            test.line, text_of(test.level), str(sides.claim.neuron.threshold),
            about=next((one for one in case.maps.moving[1:] if one in leaves(test.level)), ""),
        )  # fmt: skip


def _refractory(case: Case, claim: Model, sides: Claimed) -> Iterator[Found]:
    maps, neuron, units = case.maps, claim.neuron, case.meant.units
    dt, counts = maps.step * units.ms, maps.hold.steps or (unfinished(maps),)
    if maps.record.resumed:
        yield from _resumed(case, claim)
        if any(maps.hold.steps):
            yield from _held_states(case, sides, maps.hold.lines[0])
        return
    few = not maps.hold.steps and counts[0] * dt < neuron.tau_ref + 2 * dt
    if not neuron.fires or not maps.firing or few:
        return
    held, asked = counts[0] * dt, neuron.tau_ref
    found = case.meant.refractory
    line = found.blamed if found else (maps.hold.lines[0] if maps.hold.lines else reset_line(case, maps.V))
    if not counts[0]:
        test = maps.threshold.line if maps.threshold is not None else 0
        fire = maps.record.steps[maps.firing[0] if maps.record.solver else maps.record.order[maps.spikes[0]]]
        stopped = [fire.updates[one].line for one in maps.timers if fire.updates[one].op == NUMBER]
        line = (
            overriding(case.source, plain(maps.V))
            or max(stopped, default=0)
            or unheld_by(maps)
            or timed_by(maps)
            or passed(case.source, test, "")
            or line
        )
    named = found is not None and not differs(found.named * units.ms, asked)
    if found and found.name and not named and abs(held - asked) > 1.5 * dt:  # another number, or name
        other = is_used(case, found.name, "")
        line = (found.read if other else maps.record.parameters[found.name].line) or line
    line = (included_by(maps) if named and 0.5 < (held - asked) / dt < 1.5 else 0) or line
    # Rounding, and where the rule is tested, may cost a step; another number of steps is one.
    counted = abs(found.nominal * units.ms - asked) if found else 0.0
    waits = [maps.record.steps[at].updates[one] for at in maps.held for one in maps.timers]
    summed = any(maps.record.dt in leaves(one) for one in waits)
    both = len(set(counts)) > 1 and any(abs(one * dt - asked) < 0.5 * dt for one in counts)
    if named and (summed or both):
        counted = 0.0  # it says what it should, and rounding decides
    made = _made_of(case, found, asked) if found else 0
    line = made or line
    if abs(held - asked) > 1.5 * dt or min(abs(held - asked), counted) > 0.5 * dt:
        yield Found(
            "refractory-length", "fault",
            f"A spike holds {plain(maps.V)} for {counts[0]} steps, {held:.6g} ms, where the model "
            "has "
            f"{asked:g} ms: {in_line(case.source, line)}.",
            line, evidence=f"{counts[0]} steps of {dt:g} ms",
            sure=made > 0 or (found is not None and found.odd),
        )  # fmt: skip
    if maps.V in maps.hold.still and counts[0] > 1:
        yield from _held_states(case, sides, line)


def _made_of(case: Case, found: Refractory, asked: float) -> int:
    """Give the line that makes another wait of what is, by its number, the claimed time; 0: none does."""
    known, ms = case.maps.record.parameters, case.meant.units.ms
    node = known.get(found.name)
    if node is None or not node.args or abs(found.named * ms - asked) < 0.5 * case.maps.step * ms:
        return 0
    times = [known[one] for one in leaves(node) & set(known) if is_refractory(one) and not known[one].args]
    return node.line if len(times) == 1 and not differs(times[0].value * ms, asked) else 0


def _resumed(case: Case, claim: Model) -> Iterator[Found]:
    """Hold when the script of a solver goes on after an event against the claimed time."""
    found, ms = case.meant.refractory, case.meant.units.ms
    assert found is not None  # what goes on has waited, if for no time
    held, asked = found.nominal * ms, claim.neuron.tau_ref
    if abs(held - asked) <= CLOSE * (asked + abs(float(case.maps.record.times[-1])) * ms):
        return
    own = abs(found.named - found.nominal) <= CLOSE * abs(found.nominal) and not is_used(case, found.name, "")
    line = (parameter_line(case, leaf(found.name)) if own else 0) or found.line
    yield Found(
        "refractory-length", "fault",
        f"After a spike {plain(case.maps.V)} waits {held:.6g} ms, where the model has {asked:g} ms: "
        f"{in_line(case.source, line)}.",
        line, evidence=f"{case.maps.spikes.size} events, after which the solver begins once more", sure=True,
    )  # fmt: skip


def _held_states(case: Case, sides: Claimed, line: int) -> Iterator[Found]:
    """Find states that move while V is held, or do not, otherwise than the claim's."""
    maps, system = case.maps, sides.claim.neuron.system
    moves = dict(zip(system.labels, (flow != 0 for flow in system.resting.rhs), strict=True))
    step = maps.main
    if maps.held:
        step = maps.record.steps[max(maps.held, key=lambda at: maps.record.steps[at].count)]
    odd: dict[bool, list[str]] = {True: [], False: []}
    for name in maps.moving[1:]:
        update = step.updates[name]
        is_moving = name not in maps.hold.still and name in leaves(update)
        label = sides.pairs.get(name)
        if label in moves and moves[label] != is_moving:
            odd[is_moving].append(name)
    for is_moving, names in odd.items():
        if names:
            at = (step.updates[names[0]].line if is_moving else min(maps.hold.lines, default=0)) or line
            told = ", ".join(map(plain, names))
            does, should = ("moves", "stands still") if is_moving else ("does not move", "moves")
            yield Found(
                "gates-while-refractory", "fault",
                f"While {plain(maps.V)} is held {told} {does}; in the model it {should}; see "
                f"{in_line(case.source, at)}.",
                at,
            )  # fmt: skip


def claimed_input(case: Case, claim: Model, factor: float) -> Iterator[Found]:
    """Hold what the steps read, in the claim's unit by a factor, against the claimed stimulus."""
    if (noise := drawn_noise(case, claim)) is not None:
        yield from claimed_noise(case, claim, noise, factor)
        return
    meant = case.meant
    times = meant.clock.reads * meant.units.ms
    dt = case.maps.step * meant.units.ms
    own = inputs_read(case) * factor
    asked = np.array([claim.stimulus(float(t) + EDGE * dt) for t in times])
    before = np.array([claim.stimulus(float(t) - EDGE * dt) for t in times])
    size = float(np.max(np.abs(asked), initial=0.0)) or 1.0  # amperes are small
    slack = 1e-6 * (min(size, 1.0) + np.abs(asked))
    off = (own < np.minimum(asked, before) - slack) | (own > np.maximum(asked, before) + slack)
    free = np.ones(off.size, dtype=bool)
    if case.maps.record.order.size == off.size:
        free = ~np.isin(case.maps.record.order, case.maps.held)  # what is held reads nothing
    off &= free
    changes = free & (np.abs(asked - before) > slack)
    if np.count_nonzero(changes) >= STEADY and np.all(np.abs(own - before)[changes] <= slack[changes]):
        line = term_line(case, {drive_of(case)}, set())
        yield Found(
            "input-late", "fault",
            f"Each step reads the input of the step before it, in {in_line(case.source, line)}.",
            line, evidence=f"at all {int(np.count_nonzero(changes))} steps at which the model's changes",
            about=case.maps.V,
        )  # fmt: skip
        return
    if not np.any(off) or (not drive_of(case) and np.ptp(asked) == 0.0):
        return  # what is the same all the time may be a number of the equation
    if not np.any(own):
        given = case.maps.record.parameters.get(case.meant.recognised.input)
        edges = times[1:][np.diff(asked) != 0.0]
        line = (given.line if given is not None else 0) or _timing_line(case, edges)
        line = line or own_line(case.equations[case.maps.V])
        yield Found(
            "input-missing", "fault",
            f"No input reaches {plain(case.maps.V)}, in {in_line(case.source, line)}; the model has one.",
            line, evidence=f"the model's input is not zero at {int(off.sum())} of {off.size} steps",
        )  # fmt: skip
        return
    k = int(np.argmax(off))
    wanted = np.unique(np.append(asked, before))
    moved = wanted.size < 8 and np.all(np.min(np.abs(own[:, None] - wanted), axis=1) <= slack)
    edges = times[1:][np.diff(asked) != 0.0]
    line = (_timing_line(case, edges) if moved else 0) or input_line(case, k)
    for early, late in ((own, asked), (asked, own)):
        if drive_of(case) and np.all(np.abs(early[:-1] - late[1:]) <= slack[1:]):  # another element is read
            line = term_line(case, {drive_of(case)}, set())
    there = in_line(case.source, line) if line else "the script"
    inside = np.abs(asked - before) <= slack
    both = (own != 0) & (asked != 0) & inside
    ratio = float(np.median(own[both] / asked[both])) if np.any(both) else 1.0
    if abs(ratio - 1.0) > CLOSE and np.all(np.abs(own - ratio * asked)[inside] <= slack[inside] * abs(ratio)):
        # Of neurons side by side each may have an input of its own; a power of ten is a slip.
        beside = bool(case.maps.record.side) and isinstance(claim.neuron, Neuron)
        slip = beside and is_tens(ratio) and ELEMENT.match(drive_of(case)) is not None
        yield Found(
            "input-scaled", "fault" if slip or not beside else "note",
            f"The input is {shown(float(f'{ratio:.6g}'))} times the model's, in {there}.",
            line, shown(float(f"{own[both][0]:.6g}")), shown(float(f"{asked[both][0]:.6g}")),
            f"at all {int(both.sum())} steps in which both are on", sure=slip,
        )  # fmt: skip
        return
    exact = np.array([claim.stimulus(float(t)) for t in times])
    mend = input_repair(case, own, np.where(np.abs(asked - before) < JUMP * size, exact, np.nan))
    if mend is not None:
        line = (parameter_line(case, mend.node) if mend.kind == "number" else 0) or mend.line
        where = in_line(case.source, line)
        yield Found(
            "input-differs", "fault",
            f"The input is another than the model's: {where} has `{mend.stands}` where the model has "
            f"`{mend.should}`.",
            line, mend.stands, mend.should,
            f"{int(off.sum())} of {off.size} steps read another input, and with this change none does",
            sure=True,
        )  # fmt: skip
        return
    if not own[k] and np.any(own) and line:  # what is written down ends early, or lacks a piece
        line = data_line(case.source, line) or line
        there = in_line(case.source, line)
    yield Found(
        "input-differs", "fault",
        f"From {times[k]:g} ms on the script's input is {own[k]:.6g} where the model's is {asked[k]:.6g}; "
        f"see {there}.",
        line, evidence=f"{int(off.sum())} of {off.size} steps read another input",
    )  # fmt: skip


def _timing_line(case: Case, edges: Array) -> int:
    """Give the line of the one time that the clock is compared with and is no edge, else of the comparison.

    0 where there is none, or where there are several.
    """
    record, ms = case.maps.record, case.meant.units.ms
    own = {record.time, *record.parameters}
    lines, odd = set(), set()
    for one in (one for step in record.steps for one in step.choices):
        names = leaves(one.left) | leaves(one.right)
        if record.time and record.time in names <= own:
            lines.add(one.line)
            for name in names & set(record.parameters) - {record.dt}:
                node = record.parameters[name]
                if np.all(np.abs(edges - node.value * ms) > 1.5 * case.maps.step * ms):
                    odd.add(node.line)
    found = odd or lines
    return found.pop() if len(found) == 1 else 0


def input_line(case: Case, k: int) -> int:
    """Give the line that makes what a step reads; 0 where none is known."""
    record, drive = case.maps.record, drive_of(case)
    if drive in record.parameters:
        return record.parameters[drive].line
    if line := scaled_line(
        case.maps.main.updates.values(), case.maps.noise, {case.maps.dt, *record.parameters}
    ):
        return line
    made = list(record.origins.get(record.input, ()))
    own = {record.time, *record.parameters}
    for root in case.equations.values():
        made += [one for one in in_order([root]) if record.time and record.time in leaves(one) <= own]
    lines = {one.line: len(in_order([one])) for one in made if one.line}
    if not lines:
        return given_line(case.source, plain(record.input), float(record.inputs[k]))
    read = float(record.inputs[k]) if record.inputs.size > k else math.nan
    given = {one.line for one in made if one.line and not one.args and one.value == read}
    return given.pop() if len(given) == 1 else max(lines, key=lambda line: lines[line])
