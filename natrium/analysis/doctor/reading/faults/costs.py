"""Rules of a script that are legitimate and cost accuracy, and what could not be decided."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from natrium.analysis.doctor.reading.expressions.simplify import CLIPS, clipped, courses
from natrium.analysis.doctor.reading.expressions.trees import ARRAYS, Program, in_order, name_of
from natrium.analysis.doctor.reading.expressions.wording import text_of
from natrium.analysis.doctor.reading.findings.case import Case
from natrium.analysis.doctor.reading.findings.found import ON_GRID, Found, in_line
from natrium.analysis.doctor.reading.model.clock import NEAR
from natrium.analysis.doctor.reading.model.drive import edges_of
from natrium.analysis.doctor.reading.model.equations import short_names
from natrium.analysis.doctor.reading.model.models import tidied
from natrium.analysis.doctor.reading.model.silent import Silent
from natrium.analysis.doctor.reading.schemes.schemes import POINTS, SchemeFound
from natrium.analysis.doctor.reading.text.named import asked_for
from natrium.analysis.doctor.trace.meanings import plain
from natrium.analysis.doctor.trace.record import Node


def rules_of(case: Case, scheme: SchemeFound) -> Iterator[Found]:
    """Give the rules by which a script steps."""
    maps = case.maps
    made = (maps.main.updates[name].line for name in maps.moving)
    line = next((one for one in made if one), 0)
    if scheme.key == "other":
        yield Found(
            "scheme-unknown", "note",
            "The free step is none of the schemes that natrium can build from its own equations.",
            line, evidence="held against Euler in every order, exponential, implicit and Runge-Kutta schemes",
        )  # fmt: skip
    elif maps.record.solver or not scheme.ways:
        yield Found(scheme.key, "rule", f"The equations are integrated by {scheme.words}.", line)
    else:
        yield Found(
            scheme.key, "rule", f"Free steps are {scheme.words}.", line,
            evidence=f"the script's map and this scheme's agree at {POINTS} states, inputs and steps to "
            f"{max(scheme.largest, 1e-30):.0e} of what a step moves",
        )  # fmt: skip
    if not maps.named and not maps.record.solver:
        yield Found(
            "no-dt", "note",
            f"The script has no step in its equations: one step is taken as {maps.step:g} of its time.",
            line,
        )  # fmt: skip
    if (level := case.meant.counted) is not None:
        yield Found(
            "spikes-counted", "note",
            f"The script counts no spikes: here one is the way of {plain(maps.V)} up through "
            f"{tidied(level / case.meant.units.mV):g}.",
        )  # fmt: skip
    if (silent := case.meant.silent) is not None:
        yield Found("no-spike", "note", _of_text(case, silent), silent.line)
    if at := asked_for(case.source):
        yield Found(
            "asked", "note",
            f"The script asks for a value, in {in_line(case.source, at)}: what is said is of the answer 1.",
            at,
        )  # fmt: skip
    if maps.record.side:
        yield Found(
            "one-of-many", "note",
            f"Several neurons are stepped side by side; what is said is of number {maps.record.side}, "
            "counted from 0.",
            line,
        )  # fmt: skip
    if maps.record.runs[1] > 1:
        yield Found(
            "one-run", "note",
            f"The {'equations are solved' if maps.record.solver else 'loop is run'} {maps.record.runs[1]} "
            f"times; what is said is of run {maps.record.runs[0]}.",
            line,
        )  # fmt: skip
    if maps.record.is_cut:
        yield Found(
            "part-read", "note",
            f"The run is long: what is said is of its first {maps.record.order.size} steps of "
            f"{maps.record.turns}.",
            line,
        )  # fmt: skip
    if maps.record.cell:
        yield Found(
            "one-cell", "note",
            f"The script steps several neurons; what is said is of the one with {maps.record.cell}, to which "
            "the others do what they did in this run.",
            line,
        )  # fmt: skip
    if maps.noise:
        yield Found(
            "noise", "note",
            f"The script draws noise, {plain(maps.noise)}; the model takes what this run drew as an input "
            "that is "
            "held over each step.",
            line,
        )  # fmt: skip
    short = short_names(maps.moving)
    for kick in maps.kicks:
        sizes = np.unique(np.round(kick.weights, 9))
        by = f"{sizes[0]:.4g}" if sizes.size == 1 else f"{sizes[0]:.4g} to {sizes[-1]:.4g}"
        yield Found(
            "incoming-spikes", "note",
            f"{kick.steps.size} incoming spikes move {short[kick.state]} by {by}"
            f"{', which hangs on what it is' if kick.in_run else ''}; the model takes those of this run.",
            maps.main.updates[kick.state].line,
        )  # fmt: skip
    yield from _clips(case)
    if maps.firing and maps.threshold is not None and not maps.record.solver:
        test = maps.threshold
        if not test.after:
            yield Found(
                "threshold-before", "rule",
                f"The threshold is tested before the update, in {in_line(case.source, test.line)}: a spike "
                "is seen "
                "one step late.",
                test.line, evidence=f"what is compared is {plain(maps.V)} as the step found it",
            )  # fmt: skip
        if maps.located:
            said = "A spike is located inside its step, and the run goes on from there: "
            yield Found("located", "rule", f"{said}{in_line(case.source, test.line)}.", test.line)
        else:
            yield Found("grid", "rule", ON_GRID, test.line)
    clock, length = case.meant.clock, f"a step is {maps.step * case.meant.units.ms:g} ms"
    if clock.label == "start":
        yield Found(
            "label-early", "rule",
            "What a step makes is drawn over the time at which the step began: every label is a step early.",
            evidence=f"the script's own lists; {length}",
        )  # fmt: skip
    elif clock.kept == "start":
        yield Found(
            "label-early", "rule",
            "A spike is kept with the time at which its step began: every label is a step early"
            + (f"; see {in_line(case.source, clock.line)}." if clock.line else "."),
            clock.line, evidence=f"the script's own list; {length}",
        )  # fmt: skip
    yield from _counts(case)
    yield from _edges(case)


def _of_text(case: Case, silent: Silent) -> str:
    """Say what of a spike was read from the text, and what the text does not tell."""
    told = [f"{plain(name)} = {text_of(node)}" for name, node in silent.resets.items()]
    if math.isfinite(silent.wait) and silent.wait:
        told.append(f"a wait of {tidied(silent.wait * case.meant.units.ms):g} ms")
    untold = [*map(plain, silent.unread), *(["how long it waits"] if math.isnan(silent.wait) else [])]
    said = f"No spike of this run shows what one does; by the text of {in_line(case.source, silent.line)} it "
    said += f"makes {', '.join(told)}." if told else "makes nothing that can be read."
    lacks = f" What it makes of {', '.join(untold)} is not known: the model has its defaults."
    return said + (lacks if untold else "")


def _clips(case: Case) -> Iterator[Found]:
    """Say whether what a step makes was ever clipped."""
    maps = case.maps
    values, states = courses(maps.record), frozenset(maps.record.states)
    for node in maps.clips:
        inner = clipped(node, states)
        if any(one is node for other in maps.clips if other is not node for one in other.args):
            continue  # the outer of two tells
        with np.errstate(all="ignore"):
            try:
                program = Program([node, _core(inner)])
                whole, core = program(values, ARRAYS)
            except KeyError:
                continue
        often = int(np.sum(np.asarray(whole) != np.asarray(core)))
        free = np.isin(maps.record.order, maps.free)
        often = int(np.sum((np.asarray(whole) != np.asarray(core)) & free)) if np.ndim(whole) else often
        bounds = [one.value for one in node.args if one is not inner]
        level = maps.threshold.level.value if maps.threshold is not None else None
        own = in_order([maps.algebra.canonical(maps.main.updates[maps.V])])
        others = (maps.algebra.canonical(maps.main.updates[one]) for one in maps.moving if one != maps.V)
        painted = (
            any(one is node for one in own) and level is not None and any(one >= level for one in bounds)
        )
        painted = painted and all(
            _core(one) is not _core(node) for one in others
        )  # what is another's is its own
        if often and not painted:
            yield Found(
                "clipped", "fault",
                f"`{text_of(node)}` in {in_line(case.source, node.line)} cuts off what the step makes, "
                f"{often} times "
                "in this run.",
                node.line, text_of(node), text_of(_core(inner)), "no equation does that", about="clip",
            )  # fmt: skip


def _core(node: Node) -> Node:
    """Give what is inside of clips."""
    while name_of(node) in CLIPS:
        node = max(node.args, key=lambda one: len(in_order([one])))
    return node


def _counts(case: Case) -> Iterator[Found]:
    """Say by how much the refractory steps miss their time."""
    maps, found = case.maps, case.meant.refractory
    if found is None or not maps.hold.steps or not math.isfinite(found.nominal) or maps.record.solver:
        return
    held = maps.hold.steps[0] * maps.step
    asked = found.named if math.isfinite(found.named) else found.nominal
    off = held - asked
    if NEAR * maps.step < abs(off) <= 1.5 * maps.step and abs(asked - found.nominal) <= 1.5 * maps.step:
        ms = case.meant.units.ms
        yield Found(
            "refractory-count", "rule",
            f"A spike holds {plain(maps.V)} for {maps.hold.steps[0]} steps, {held * ms:.6g} ms, where "
            f"{asked * ms:.6g} ms are asked for.",
            found.line, evidence=f"counted after {len(maps.hold.steps)} spikes",
        )  # fmt: skip


def _edges(case: Case) -> Iterator[Found]:
    """Say where an input is read a step late."""
    maps, clock, inputs = case.maps, case.meant.clock, case.meant.inputs
    known, moves = edges_of(maps), np.diff(inputs, prepend=inputs[:1], append=inputs[-1:])
    for k in range(1, inputs.size):
        slope = max(abs(moves[k - 1]), moves[k + 1] * np.sign(moves[k]))
        if abs(moves[k]) <= 2.0 * slope or not moves[k]:  # a jump stands out of the course around it
            continue
        before, after = float(clock.reads[k - 1]), float(clock.reads[k])
        near = [one for one in known if before - NEAR * maps.step <= one <= before + NEAR * maps.step]
        if near and abs(inputs[k]) > abs(inputs[k - 1]):
            ms = case.meant.units.ms
            yield Found(
                "input-on-late", "rule",
                f"The input that begins at {near[0] * ms:g} ms acts from {after * ms:g} ms on.",
                evidence="the step that begins at the edge reads the input as it was before",
            )  # fmt: skip
            return
