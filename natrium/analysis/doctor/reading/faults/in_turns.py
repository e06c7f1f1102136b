"""What the turns of a loop do that no step should: told by the text, and held against the run."""

from __future__ import annotations

import ast
import math
from collections.abc import Iterator

import numpy as np

from natrium.analysis.doctor.reading.expressions.trees import leaves
from natrium.analysis.doctor.reading.findings.case import Case, reading_line
from natrium.analysis.doctor.reading.findings.found import Found, at_first, in_line, quoted
from natrium.analysis.doctor.reading.text.blocks import given_to, grown_at
from natrium.analysis.doctor.reading.text.named import numbers_named
from natrium.analysis.doctor.reading.text.turns import (
    compared_after,
    seeded_again,
    set_anew,
    start_overwritten,
)
from natrium.analysis.doctor.reading.text.untaken import number_of, numbers_made
from natrium.analysis.doctor.trace.meanings import is_times_of_spikes, plain

NEAR = 1e-9  # relative: rounding


def in_turns(case: Case) -> Iterator[Found]:
    """List such faults.

    Parameters
    ----------
    case : Case
    """
    if case.maps.record.solver:
        return
    yield from _seeded(case)
    yield from _starts_lost(case)
    yield from _set_anew(case)
    yield from _kept_in_each(case)
    yield from _floored(case)
    yield from _compared_after(case)
    yield from _never_on(case)


def _seeded(case: Case) -> Iterator[Found]:
    """Find random numbers that are begun anew in each step: they are always the same."""
    line = seeded_again(case.source, case.maps.main.updates[case.maps.V].line)
    if line:
        yield Found(
            "seeded-again", "fault",
            f"Each step begins the random numbers anew, in {in_line(case.source, line)}: they are the same "
            "in all of them.",
            line, evidence="it stands in the loop that steps",
        )  # fmt: skip


def _starts_lost(case: Case) -> Iterator[Found]:
    """Find a start that the first step does not read: it sets that element anew, from the array's last."""
    maps = case.maps
    values = numbers_made(case.source, numbers_named(case.source) | maps.record.parameter_values)
    for state in maps.moving:
        begins = float(maps.record.samples[0, maps.record.states.index(state)])
        line = maps.main.updates[state].line
        for read, given, to in start_overwritten(case.source, line, plain(state)):
            meant = number_of(to, values)
            if math.isfinite(meant) and abs(meant - begins) > NEAR * abs(meant):
                yield Found(
                    "start-overwritten", "fault",
                    f"The first step sets {plain(state)}[0] anew, from the last element, in "
                    f"{in_line(case.source, read)}: what line {given} sets is lost.",
                    read, evidence=f"{plain(state)} begins at {begins:g}, and not at {meant:g}", about=state,
                )  # fmt: skip


def _set_anew(case: Case) -> Iterator[Found]:
    """Find what each turn begins anew, though its test is to know what an earlier turn set."""
    line = case.maps.main.updates[case.maps.V].line
    if (found := set_anew(case.source, line)) is not None:
        at, name, asked = found
        yield Found(
            "set-anew", "fault",
            f"{at_first(case.source, at)} sets {name} anew in each turn: {in_line(case.source, asked)} never "
            "knows what an earlier turn has made of it.",
            at, quoted(case.source, at), evidence="it belongs before the loop", about=name,
        )  # fmt: skip


def _compared_after(case: Case) -> Iterator[Found]:
    """Find a threshold that V is held against once, after the last step."""
    maps = case.maps
    if maps.threshold is not None or maps.firing:
        return
    line = compared_after(case.source, maps.main.updates[maps.V].line, plain(maps.V))
    if line:
        yield Found(
            "threshold-after", "fault",
            f"{at_first(case.source, line)} stands after the loop that steps: it compares the last value of "
            f"{plain(maps.V)} alone, and belongs into the loop.",
            line, evidence=f"none of {maps.record.order.size} steps compares {plain(maps.V)}",
        )  # fmt: skip


def _never_on(case: Case) -> Iterator[Found]:
    """Find an input that a line sets in some elements, and that is 0 in all of them."""
    record = case.maps.record
    if not record.input or not record.whole or record.runs[1] > 1 or np.any(record.inputs):
        return
    name = plain(record.input)
    kept = record.lists.get(name)
    if kept is not None and kept.ndim == 1 and not record.side and np.any(kept):
        # What sets it does, and what reads it goes elsewhere.
        line = reading_line(case.maps.main.updates[case.maps.V], record.input)
        yield Found(
            "input-never-on", "fault",
            f"Of {name} {in_line(case.source, line)} reads elements that are 0, and none of the others.",
            line, evidence=f"{np.count_nonzero(kept)} of {kept.size} are not 0", about=record.input,
        )  # fmt: skip
        return
    values = numbers_made(case.source, numbers_named(case.source))
    for _, to, value in given_to(case.source, plain(record.input)):
        level = number_of(value, values)
        if isinstance(to, ast.Subscript) and level and math.isfinite(level):
            yield Found(
                "input-never-on", "fault",
                f"{plain(record.input)} is 0 in every step: {in_line(case.source, to.lineno)} sets nothing.",
                to.lineno, ast.unparse(to), evidence=f"{record.order.size} steps", about=case.maps.V,
            )  # fmt: skip


def _kept_in_each(case: Case) -> Iterator[Found]:
    """Find times of spikes that every step keeps, whether it fires or not."""
    record, n = case.maps.record, case.maps.record.order.size
    for name, own in record.lists.items():
        line = grown_at(case.source, name)
        every = own.ndim == 1 and own.size == n > max(case.maps.spikes.size, 2)
        if every and line and is_times_of_spikes(name) and np.all(np.diff(own) > 0.0):
            yield Found(
                "spikes-each-sample", "fault",
                f"{at_first(case.source, line)} keeps a time in every step, whether it fires or not.",
                line, evidence=f"{n} steps, {case.maps.spikes.size} of which fire",
            )  # fmt: skip


def _floored(case: Case) -> Iterator[Found]:
    """Find parameters of what flows that are made by a whole-number division with a rest."""
    maps = case.maps
    values = numbers_made(case.source, numbers_named(case.source, zeros=True))
    names = leaves(*case.equations.values()) & set(maps.record.parameters)
    for name in sorted(names):
        for _, _, value in given_to(case.source, name):
            if not (isinstance(value, ast.BinOp) and isinstance(value.op, ast.FloorDiv)):
                continue
            over, by = number_of(value.left, values), number_of(value.right, values)
            if by and math.isfinite(over / by) and abs(over / by - maps.record.parameters[name].value) > NEAR:
                stands = ast.unparse(value)
                yield Found(
                    "integer-division", "fault",
                    f"`{stands}` in {in_line(case.source, value.lineno)} divides and throws the rest away: "
                    f"{plain(name)} is {maps.record.parameters[name].value:g}.",
                    value.lineno, stands, stands.replace("//", "/"), "whole numbers in what should flow",
                )  # fmt: skip
