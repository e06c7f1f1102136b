"""Faults that no model means: seen in a script without knowing what it claims to be."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping

import numpy as np

from natrium.analysis.doctor.reading.claims.resets import parameter_line
from natrium.analysis.doctor.reading.expressions.trees import LEAF, in_order, leaf, leaves, name_of
from natrium.analysis.doctor.reading.expressions.wording import text_of
from natrium.analysis.doctor.reading.faults.by_text import by_text
from natrium.analysis.doctor.reading.faults.counts import counted_above
from natrium.analysis.doctor.reading.faults.flow_sets import own_slopes, sets_in_flow
from natrium.analysis.doctor.reading.faults.gates import gates
from natrium.analysis.doctor.reading.faults.growth import growth
from natrium.analysis.doctor.reading.faults.in_turns import in_turns
from natrium.analysis.doctor.reading.faults.kept_times import kept_times
from natrium.analysis.doctor.reading.faults.lost_steps import lost_steps
from natrium.analysis.doctor.reading.faults.not_kept import not_kept
from natrium.analysis.doctor.reading.faults.paces import paces
from natrium.analysis.doctor.reading.faults.scales import scales
from natrium.analysis.doctor.reading.faults.step_checks import step_checks
from natrium.analysis.doctor.reading.faults.unended import unended
from natrium.analysis.doctor.reading.faults.unresolved import unresolved
from natrium.analysis.doctor.reading.findings.case import Case, sign_line, term_line
from natrium.analysis.doctor.reading.findings.found import Found, Mend, at_first, in_line, quoted
from natrium.analysis.doctor.reading.maps.maps import Threshold, crossings, points_of, values_at
from natrium.analysis.doctor.reading.model.recognise import Part
from natrium.analysis.doctor.reading.model.rules import number_at
from natrium.analysis.doctor.reading.text.labels import read_before
from natrium.analysis.doctor.reading.text.named import (
    asked_for,
    idle,
    never_begun,
    numbers_named,
    reads,
    told_equal,
    unread,
)
from natrium.analysis.doctor.trace.meanings import is_refractory, is_rest, plain, reversal_of
from natrium.analysis.doctor.trace.record import Record

LINEAR = ("leak", "input", "channel", "adaptation", "synapse")  # beside these alone a leak is one
POLE = 1e-9  # of a divisor: rounding


def checks(case: Case) -> list[Found]:
    """List the faults that no model means."""
    kept = list(not_kept(case))
    told = {plain(one.about) for one in kept}  # what such a state lacks besides follows
    found = [*(one for one in step_checks(case) if plain(one.about) not in told), *kept]
    for check in (
        _compared, lost_steps, kept_times, paces, gates, _signs, _leak_away, _never_equal,
        _out_of_reach, _unused, _late_input, unended, counted_above, unresolved, by_text,
        sets_in_flow, own_slopes, growth, in_turns, scales,
    ):  # fmt: skip
        found += check(case)
    return found


def _compared(case: Case) -> Iterator[Found]:
    """Find comparisons that stand where something should be set."""
    for line, one in told_equal(case.source).items():
        stands = ast.unparse(one)
        yield Found(
            "compared-not-set", "fault",
            f"{at_first(case.source, line)} compares, and sets nothing: it wants = for ==.",
            line, stands, stands.replace("==", "=", 1), "nothing takes the answer",
        )  # fmt: skip


def stale(record: Record, lags: Mapping[str, str]) -> Iterator[Found]:
    """Tell of what is read as it was a step before.

    Parameters
    ----------
    record : Record
        As it was traced.
    lags : mapping of str to str
    """
    step = max(record.steps, key=lambda one: one.count)
    for state, root in step.updates.items():
        if state in lags:
            continue
        for node in in_order([root]):
            for one in node.args:
                if one.name in lags:
                    name = plain(lags[one.name])
                    yield Found(
                        "stale-value", "fault",
                        f"{name} is read as it was a step before, in {in_line(record.source, node.line)}.",
                        node.line, one.name, name, "one and the same step reads it as it is now, too",
                        about=state,
                    )  # fmt: skip


def _signs(case: Case) -> Iterator[Found]:
    """Find terms that push the wrong way."""
    maps, found = case.maps, case.meant.recognised

    def stands_alone(part: Part) -> bool:
        # A factor such as (1 - h)**4, multiplied out, is many terms of one gate.
        own = {name for name, _ in part.powers}
        others = (one for one in found.parts if one is not part)
        return bool(part.slope.is_number) and all(own.isdisjoint(dict(one.powers)) for one in others)

    for part in found.parts:
        if (
            part.kind == "leak"
            and found.whole
            and all(one.kind in LINEAR for one in found.parts)
            and _falls(part)
        ):
            line, added_up = sign_line(case, {maps.V}, {*maps.moving, found.input} - {maps.V})
            yield Found(
                "leak-sign", "fault",
                f"The leak drives {plain(maps.V)} away from {float(part.rest):.6g}, in "
                f"{in_line(case.source, line)}: it wants the other sign.",
                line, evidence=f"it moves by {-float(part.slope):+.4g} per unit of distance and time",
                about=maps.V, sure=added_up,
            )  # fmt: skip
        elif part.kind == "channel" and found.whole and stands_alone(part) and _falls(part):
            gates = {name for name, _ in part.powers}
            line, added_up = sign_line(case, gates | {maps.V}, set(maps.moving) - gates - {maps.V})
            yield Found(
                "channel-sign", "fault",
                f"The current of {part.name} drives {plain(maps.V)} away from its reversal, "
                f"{float(part.rest):.6g}, in {in_line(case.source, line)}: it wants the other sign.",
                line, evidence="an open channel must pull V towards its reversal", about=maps.V,
                sure=added_up,
            )  # fmt: skip
        elif part.kind == "input" and _falls(part):
            line = term_line(case, {found.input}, set(maps.moving))
            yield Found(
                "input-sign", "fault",
                f"A positive input takes {plain(maps.V)} down, in {in_line(case.source, line)}.",
                line, evidence=f"{float(part.slope):.4g} per unit of input and time", about=maps.V,
            )  # fmt: skip


def _falls(part: Part) -> bool:
    """Tell whether a term's slope is a number below zero."""
    return bool(part.slope.is_number and part.slope.is_extended_real) and float(part.slope) < 0


def _leak_away(case: Case) -> Iterator[Found]:
    """Find a leak toward the rest with the wrong sign: what is added to V is what V should be less of."""
    maps = case.maps
    for node in in_order([maps.algebra.canonical(maps.trees[maps.V])]):
        if name_of(node) != "+" or {one.op for one in node.args} != {LEAF}:
            continue
        names = {one.name for one in node.args} - {maps.V}
        rest = next(iter(names), "")
        value = maps.record.parameter_values.get(rest, 0.0)
        begins = float(maps.record.samples[0, maps.record.states.index(maps.V)])
        near = value < 0.0 and abs(begins - value) < 0.5 * abs(value)
        ion = reversal_of(rest) == "k" and value < 0.0
        if len(names) == 1 and (ion or (near and is_rest(rest))):
            stands, should = text_of(node), f"{plain(maps.V)} - {plain(rest)}"
            yield Found(
                "leak-away", "fault",
                f"The {'potassium current' if ion else 'leak'} draws {plain(maps.V)} to {-value:g}, not to "
                f"{plain(rest)} = {value:g}: `{stands}` "
                f"in {in_line(case.source, node.line)}.",
                node.line, stands, should, f"{plain(maps.V)} begins at {begins:g}", about=maps.V,
                mend=Mend(node, maps.algebra.make("-", leaf(maps.V), leaf(rest), line=node.line)),
            )  # fmt: skip
            return


def beyond_reach(case: Case) -> tuple[Threshold, float, float, float] | None:
    """Give a threshold that the script's own input cannot take V to: it, its level, the rest, the drive."""
    maps, found = case.maps, case.meant.recognised
    leak = found.leak
    if maps.record.side or asked_for(case.source):  # another of the neurons may reach it, another answer
        return None
    if maps.firing or maps.kicks:  # what comes in as spikes may add up
        return None
    if leak is None or not found.whole or any(one.kind == "channel" for one in found.parts):
        return None
    if not leak.slope.is_number or float(leak.slope) <= 0:
        return None
    levels = [one for one in crossings(maps.algebra, maps.main, maps.V) if one.relation in ("<", "<=")]
    if not levels:
        return None
    gain = next((float(one.slope / leak.slope) for one in found.parts if one.kind == "input"), 0.0)
    driven, rest = gain * float(np.max(case.meant.inputs, initial=0.0)), float(leak.rest)
    level = number_at(levels[0].level, maps.record.parameter_values)
    return (levels[0], level, rest, driven) if np.isfinite(level) and level > rest + driven else None


def _never_equal(case: Case) -> Iterator[Found]:
    """Find a V that is compared by == alone: a step passes a level, and is hardly ever on it."""
    maps, steps = case.maps, case.maps.record.steps
    tests = [one for step in steps for one in crossings(maps.algebra, step, maps.V)]
    lines = {one.line for one in tests}
    asked = [one for step in steps for one in step.choices if one.line in lines]
    if len(lines) != 1 or any(one.relation != "==" or one.held for one in asked):
        return
    test = tests[0]
    if _is_pole(case, test):
        return
    yield Found(
        "threshold-equality", "fault",
        f"{plain(maps.V)} is compared with {text_of(test.level)} by ==, in "
        f"{in_line(case.source, test.line)}: a step goes over it, and is hardly ever on it.",
        test.line, "==", ">=", evidence=f"it is never met in {maps.record.order.size} steps",
    )  # fmt: skip


def _is_pole(case: Case, test: Threshold) -> bool:
    """Tell whether V is compared with where a divisor is zero: that is kept from, and no threshold."""
    maps = case.maps
    points = points_of(maps.record, maps.step)
    there = points | {maps.V: values_at(test.level, points)}
    divisors = [one.args[1] for one in in_order(maps.main.updates.values()) if name_of(one) == "/"]
    return any(
        float(np.max(np.abs(values_at(one, there)))) < POLE for one in divisors if maps.V in leaves(one)
    )


def _out_of_reach(case: Case) -> Iterator[Found]:
    if (beyond := beyond_reach(case)) is None:
        return
    test, level, rest, driven = beyond
    lost_sign = level > 0.0 and -level <= rest + driven
    line = (parameter_line(case, test.level) if lost_sign else 0) or test.line
    yield Found(
        "threshold-unreached", "fault" if driven > 0 and level - rest > 2.0 * driven else "note",
        f"Nothing reaches the threshold of {level:g}: with the largest input {plain(case.maps.V)} goes to "
        f"{rest + driven:.6g}; see {in_line(case.source, line)}.",
        line, evidence=f"rest {rest:.6g} and {driven:.6g} from the input",
    )  # fmt: skip


def _unused(case: Case) -> Iterator[Found]:
    """Find numbers that are given a name and never read."""
    source, unheld = case.source, case.maps.firing and not any(case.maps.hold.steps)
    unheld = unheld and not case.maps.record.resumed
    for name, (line, _) in sorted(unread(source).items(), key=lambda pair: pair[1][0]):
        if _is_told(case, name, line):
            yield Found(
                "unused-parameter", "fault" if unheld and is_refractory(name) else "note",
                f"{name} is given a value in {in_line(source, line)} and never read.",
                line, quoted(source, line),
            )  # fmt: skip
    often = reads(source)
    times = {one for one in numbers_named(source) if is_refractory(one) and often[one] == 1}
    for name, line in idle(source).items() if unheld else ():
        made = re.findall(r"\w+", source[line - 1].split("=", 1)[-1])
        if is_refractory(name) and times & set(made):
            line = never_begun(source) or line
            yield Found(
                "refractory-unused", "fault",
                f"{name} is made of a refractory time and never read: see {in_line(source, line)}.",
                line, evidence=f"{case.maps.spikes.size} spikes, none followed by a held step",
            )  # fmt: skip


def _is_told(case: Case, name: str, line: int) -> bool:
    """Tell whether a line that gives a name a value says anything by it."""
    of_event = case.maps.record.solver and name in ("terminal", "direction")  # SciPy reads these
    return not of_event and bool(re.search(r"[1-9]", case.source[line - 1].split("=", 1)[-1]))


def _late_input(case: Case) -> Iterator[Found]:
    """Tell whether steps read the element of the input before their own; the first step reads the last."""
    record = case.maps.record
    inputs, n = np.asarray(record.inputs, dtype=float), record.order.size
    name, free = plain(record.input.split("#")[0]), ~np.isin(record.order, case.maps.held)
    for kept in record.lists.values() if record.input and inputs.size == n > 2 else ():
        course = np.asarray(kept, dtype=float).ravel()
        if course.size < n:
            continue
        size = float(np.max(np.abs(course)))  # another run of a sweep may have left it
        course = course * (float(np.max(np.abs(inputs))) / size) if size else course
        if np.array_equal(inputs[free], course[:n][free]):
            continue
        line = read_before(case.source, name)
        if line and np.array_equal(inputs[free], np.append(course[-1:], course[: n - 1])[free]):
            yield Found(
                "input-late", "fault",
                f"Each step reads the input of the step before it, and the first one the last of all, in "
                f"{in_line(case.source, line)}.",
                line, f"{name}[k - 1]", f"{name}[k]", f"all {n} steps read the element before their own",
                about=case.maps.V,
            )  # fmt: skip
