"""Numbers of a script that contradict each other, whatever model it means."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np
import sympy

from natrium.analysis.doctor.reading.claims.resets import parameter_line, passed_up, reset_line, spared_line
from natrium.analysis.doctor.reading.expressions.algebra import Slopes
from natrium.analysis.doctor.reading.expressions.trees import LEAF, in_order, is_leaf, leaves, name_of, symbol
from natrium.analysis.doctor.reading.expressions.wording import text_of
from natrium.analysis.doctor.reading.faults.checks import LINEAR, beyond_reach
from natrium.analysis.doctor.reading.faults.frozen import frozen_gates
from natrium.analysis.doctor.reading.faults.gates import is_mirrored, reversals
from natrium.analysis.doctor.reading.faults.growth import GROWING
from natrium.analysis.doctor.reading.faults.left_over import begun_anew
from natrium.analysis.doctor.reading.faults.unsaid import other_time_constant, powers_as_factors
from natrium.analysis.doctor.reading.findings.case import Case, first_line, line_in, sign_line
from natrium.analysis.doctor.reading.findings.found import Found, at_first, in_line, quoted, written
from natrium.analysis.doctor.reading.maps.maps import differ, points_of, values_at
from natrium.analysis.doctor.reading.model.recognise import FAR
from natrium.analysis.doctor.reading.model.rules import number_at, unfinished
from natrium.analysis.doctor.reading.text.labels import passed
from natrium.analysis.doctor.reading.text.named import foregone, given_twice, undriven, unread
from natrium.analysis.doctor.reading.text.overrides import overriding
from natrium.analysis.doctor.reading.text.turns import start_overwritten
from natrium.analysis.doctor.trace.meanings import is_threshold, plain
from natrium.analysis.doctor.trace.record import Node
from natrium.model.arrays import Array

_RESET = re.compile(r"reset|^(v|u|e)_?r$")
_MAY_BE = re.compile(r"th|peak|crit|fir|spike|max|cut|top|limit|level")
OF_STATES = ("current", "synapse", "adaptation")  # a term's slope has its state in it
LONG = 60  # operations of a term that may be a conductance's current
NEAR_REST = 1e-3  # of what V goes through
IN_OTHER_UNIT = 100.0  # times all other voltages: V is in V, and it in mV
ROW = 3  # spikes, of which a run of them tells something


def contradictions(case: Case) -> Iterator[Found]:
    """Find numbers and signs that cannot all be meant."""
    for check in (
        _reset_above,
        _not_reset,
        _driven_over,
        _other_level,
        _refractory_beyond,
        _left_out,
        _driven_away,
        _decay_turned,
        _leak_by_size,
        frozen_gates,
        begun_anew,
        _given_twice,
        _undriven,
        _starts_above,
        _crossed_reversals,
        _foregone,
        powers_as_factors,
        other_time_constant,
        _unread_threshold,
    ):
        yield from check(case)


def _given_twice(case: Case) -> Iterator[Found]:
    """Find that a function gives back one of its slopes twice, and another not at all."""
    if (found := given_twice(case.source)) is not None:
        line, name, left = found
        yield Found(
            "given-twice", "fault",
            f"{at_first(case.source, line)} gives back {name} twice, and {left} not at all.",
            line, name, left, evidence=f"nothing in the script reads {left}",
        )  # fmt: skip


def _undriven(case: Case) -> Iterator[Found]:
    """Find a current of a conductance that is driven by nothing, or counted from 0."""
    if (found := undriven(case.source, plain(case.maps.V))) is not None:
        line, current, reversal = found
        yield Found(
            "reversal-unread", "fault",
            f"{current} is not driven by {plain(case.maps.V)} - {reversal}, in {in_line(case.source, line)}.",
            line, quoted(case.source, line), evidence=f"nothing in the script reads {reversal}",
        )  # fmt: skip


def _foregone(case: Case) -> Iterator[Found]:
    """Find two comparisons, joined so that they come out alike whatever is compared."""
    for line, stands, always in foregone(case.source):
        turned = stands.replace("|", "&").replace(" or ", " and ") if always else ""
        yield Found(
            "condition-foregone", "fault",
            f"`{stands}` is {'always' if always else 'never'} so: {in_line(case.source, line)}.",
            line, stands, turned, evidence="whatever is compared",
        )  # fmt: skip


def _crossed_reversals(case: Case) -> Iterator[Found]:
    """Find a reversal of potassium above that of sodium: one of them has a wrong sign."""
    given = reversals(case)
    if is_mirrored(case):
        return
    if {"k", "na"} <= given.keys() and given["k"].value >= given["na"].value:
        wrong = given["k"] if given["k"].value > 0.0 else given["na"]
        which = "Potassium's" if wrong is given["k"] else "Sodium's"
        yield Found(
            "reversal-sign", "fault",
            f"{which} reversal is {wrong.value:g}, potassium's no longer below sodium's: "
            f"{in_line(case.source, wrong.line)}.",
            wrong.line, f"{wrong.value:g}", f"{-wrong.value:g}",
            f"they are {given['k'].value:g} and {given['na'].value:g}",
        )  # fmt: skip


def _starts_above(case: Case) -> Iterator[Found]:
    """Find a V that begins above its threshold, from which its spikes take it down for good."""
    maps, known = case.maps, case.maps.record.parameter_values
    test, reset = maps.threshold, maps.resets.get(maps.V)
    if test is None or reset is None or test.relation not in (">", ">="):
        return
    begins = float(maps.record.samples[0, maps.record.states.index(maps.V)])
    level = number_at(test.level, known)
    lost = any(start_overwritten(case.source, maps.main.updates[maps.V].line, plain(maps.V)))
    if begins > level > number_at(reset, known) and not lost:
        line = first_line(case, maps.V, begins)
        yield Found(
            "start-above", "fault",
            f"{plain(maps.V)} begins at {begins:g}, above its threshold of {level:g}: "
            f"{in_line(case.source, line)}.",
            line, evidence="the first step fires whatever comes in",
        )  # fmt: skip


def resets_above(case: Case) -> bool:
    """Tell whether spikes set V to a number above the threshold's."""
    maps, known = case.maps, case.maps.record.parameter_values
    test, reset = maps.threshold, maps.resets.get(maps.V)
    if test is None or reset is None or test.relation not in (">", ">="):
        return False
    return number_at(reset, known) > number_at(test.level, known)  # never of what is no number


def _reset_above(case: Case) -> Iterator[Found]:
    maps, known = case.maps, case.maps.record.parameter_values
    test, reset = maps.threshold, maps.resets.get(maps.V)
    if test is not None and reset is not None and test.after and resets_above(case):
        level, value = number_at(test.level, known), number_at(reset, known)
        begins = abs(float(maps.record.samples[0, maps.record.states.index(maps.V)]))
        if IN_OTHER_UNIT * max(abs(value), begins) < abs(level):
            line = parameter_line(case, test.level) or test.line
            yield Found(
                "threshold-unit", "fault",
                f"The threshold of {level:g} is in another unit than {plain(maps.V)}, which begins at "
                f"{maps.record.samples[0, maps.record.states.index(maps.V)]:g} and is reset to {value:g}: "
                f"{in_line(case.source, line)}.",
                line, text_of(test.level), evidence=f"compared in line {test.line}",
            )  # fmt: skip
            return
        line = parameter_line(case, reset) or reset.line or reset_line(case, maps.V)
        yield Found(
            "reset-above", "fault",
            f"A spike sets {plain(maps.V)} to {value:g}, above its threshold of {level:g}: "
            f"{in_line(case.source, line)}.",
            line, text_of(reset), evidence=f"compared in line {test.line}; {maps.spikes.size} spikes",
        )  # fmt: skip


def _not_reset(case: Case) -> Iterator[Found]:
    """Find spikes that V is not taken down by: it fires again as soon as it may, or nothing reads a reset."""
    maps = case.maps
    after = maps.resets.get(maps.V)
    if maps.record.solver or not (after is None or is_leaf(after, maps.V)):
        return
    again = _at_once(case)
    in_row = 2 * again > maps.spikes.size or (again > 0 and overriding(case.source, plain(maps.V)) > 0)
    name = next((one for one in unread(case.source) if _RESET.search(one.lower())), "")
    linear = all(one.kind in LINEAR for one in case.meant.recognised.parts)
    test = passed_up(maps)
    if test is not None and (in_row or (name and linear)):
        line = spared_line(case, maps.V) or passed(case.source, test.line, plain(maps.V)) or test.line
        told = f": {name} is never read" if name else ": it fires at step after step"
        yield Found(
            "reset-missing", "fault",
            f"A spike does not take {plain(maps.V)} down{told}; see {in_line(case.source, line)}.",
            line, evidence=f"{again} of {maps.spikes.size} spikes come as soon as they may after another"
            if in_row else f"nothing else is called as what {plain(maps.V)} is set to",
        )  # fmt: skip


def _at_once(case: Case) -> int:
    """Count the spikes that come in the first step that does not wait after another."""
    spikes = case.maps.spikes
    waits = np.cumsum(~np.isin(case.maps.record.order, case.maps.held))
    stepped = spikes.size >= ROW and not case.maps.record.solver  # which has no steps of the script's
    return int(np.sum(np.diff(waits[spikes]) == 1)) if stepped else 0


def _driven_over(case: Case) -> Iterator[Found]:
    """Find a number by which the input takes V from its reset over the threshold in one step."""
    maps, known, drive = case.maps, case.maps.record.parameter_values, case.meant.recognised.input
    after = maps.resets.get(maps.V)
    if maps.threshold is None or after is None or not drive or 2 * _at_once(case) <= maps.spikes.size:
        return
    try:
        slope, leak = (Slopes(maps.algebra, one).slope(case.equations[maps.V]) for one in (drive, maps.V))
    except KeyError:
        return
    own = sorted((leaves(slope) - leaves(leak)) & set(maps.record.parameters) - {maps.dt})
    height = maps.step * number_at(slope, known) * float(np.max(np.abs(case.meant.inputs), initial=0.0))
    gap = number_at(maps.threshold.level, known) - number_at(after, known)
    runs_away = maps.step * abs(number_at(leak, known)) >= 2.0  # whatever the input is
    if len(own) == 1 and abs(height) > gap > 0.0 and not runs_away:
        line = maps.record.parameters[own[0]].line
        yield Found(
            "input-too-large", "fault",
            f"The input takes {plain(maps.V)} from its reset over the threshold in one step: is "
            f"{plain(own[0])} in another unit? See {in_line(case.source, line)}.",
            line, quoted(case.source, line), evidence=f"a step of it is {height:.4g}", about=maps.V,
        )  # fmt: skip


def _other_level(case: Case) -> Iterator[Found]:
    """Find a threshold that is compared with nothing, where V is compared with what is none by its name."""
    test = case.maps.threshold
    if test is None or test.level.op != LEAF or _MAY_BE.search(plain(test.level.name).lower()):
        return
    named = next((one for one in unread(case.source) if is_threshold(one)), "")
    if named and test.level.name not in case.maps.record.states:
        yield Found(
            "threshold-name", "fault",
            f"{plain(case.maps.V)} is compared with {plain(test.level.name)}, in "
            f"{in_line(case.source, test.line)}, and {named} with nothing.",
            test.line, plain(test.level.name), named, f"nothing in the script reads {named}",
        )  # fmt: skip


def _unread_threshold(case: Case) -> Iterator[Found]:
    """Find a threshold that moves, where V is compared with another."""
    maps, test = case.maps, case.maps.threshold
    moving = [one for one in maps.moving if one != maps.V and is_threshold(one)]
    if test is None or maps.record.solver:
        return
    for name in moving:
        others = [test.level, *(tree for one, tree in maps.trees.items() if one != name)]
        others += [tree for one, tree in maps.resets.items() if one != name]
        if not any(name in leaves(tree) for tree in others):
            yield Found(
                "threshold-unread", "fault",
                f"{plain(name)} moves in each step, and {plain(maps.V)} is compared with "
                f"{written(test.level)}, in {in_line(case.source, test.line)}: nothing reads {plain(name)}.",
                test.line, written(test.level), plain(name), "no other state and no comparison hangs on it",
            )  # fmt: skip


def _driven_away(case: Case) -> Iterator[Found]:
    """Find conductances that drive V away from where their current is zero."""
    maps, record = case.maps, case.maps.record
    V = symbol(maps.V)
    runs_off = not np.all(np.abs(record.samples[:, record.states.index(maps.V)]) < FAR)
    states = {symbol(one) for one in maps.moving[1:]}
    linear = []
    for part in (one.slope for one in case.meant.recognised.parts if one.kind in OF_STATES):
        if not part.free_symbols <= {V, *states} or part.count_ops() > LONG:
            continue
        slope = sympy.diff(part, V)
        if slope.free_symbols and slope.free_symbols <= states:  # it is linear in V
            linear.append((slope, sympy.cancel(V - part / slope)))
    levels = [level for _, level in linear]
    for slope, level in linear:
        names = {str(one) for one in slope.free_symbols}
        if levels.count(level) > 1:  # it is what several states make together
            continue
        (size, *more) = sympy.expand(slope).as_coefficients_dict().values()
        if more or not size > 0:
            continue
        known = record.samples[:1] if runs_off else record.samples  # of what runs off, what it began with
        if np.all(known[:, [record.states.index(one) for one in names]] >= 0.0):
            line, _ = sign_line(case, names | {maps.V}, set(maps.moving) - names - {maps.V})
            told = ", ".join(sorted(map(plain, names)))
            yield Found(
                "channel-sign", "fault",
                f"The current of {told} drives {plain(maps.V)} away from its reversal, in "
                f"{in_line(case.source, line)}: it wants the other sign.",
                line, evidence="an open conductance must pull V towards its reversal", about=maps.V,
            )  # fmt: skip


def _decay_turned(case: Case) -> Iterator[Found]:
    """Find exponentials of the step that take a state away from what it should decay to."""
    maps = case.maps
    points = points_of(maps.record, maps.step)
    below = {name for name, value in maps.record.parameter_values.items() if value < 0.0}
    for state in maps.moving:
        try:
            slope = Slopes(maps.algebra, state).slope(case.equations[state])
        except KeyError:
            continue
        tree, away = maps.trees[state], bool(np.all(values_at(slope, points) > 0.0))
        for node in in_order([tree]) if away else ():
            names = leaves(node)
            if name_of(node) not in GROWING or maps.dt not in names or names & {state, *below}:
                continue
            if np.all(values_at(node.args[0], points) > 0.0):
                line, _ = line_in(tree, node)
                yield Found(
                    "decay-sign", "fault",
                    f"`{text_of(node)}` in {in_line(case.source, line)} grows with the step, and takes "
                    f"{plain(state)} away from what it should decay to: it wants the other sign.",
                    line, text_of(node), "", "so it is at each state of the run", about=state,
                )  # fmt: skip
                break


def _leak_by_size(case: Case) -> Iterator[Found]:
    """Find a leak that goes by how far V is from rest, and not by the side on which it is."""
    maps = case.maps
    points, flow = points_of(maps.record, maps.step), case.equations[maps.V]
    V = points[maps.V]

    def rise(node: Node, at: Array, step: float) -> Array:
        return values_at(node, {**points, maps.V: at + step}) - values_at(node, {**points, maps.V: at})

    for node in in_order([flow]):
        if name_of(node) != "abs" or maps.V not in leaves(node):
            continue
        slope = rise(node.args[0], V, 1.0)
        with np.errstate(all="ignore"):
            rest = V - values_at(node.args[0], points) / slope
        far = NEAR_REST * (float(np.ptp(V)) or 1.0)  # beyond it other currents may be larger
        if differ(slope, rise(node.args[0], V + 1.0, 1.0)) or not np.all(np.isfinite(rest)):
            continue
        if np.all(rise(flow, rest - far, -far) < 0.0) and np.all(rise(flow, rest + far, far) < 0.0):
            line, _ = line_in(flow, node)
            yield Found(
                "leak-sign", "fault",
                f"`{text_of(node)}` in {in_line(case.source, line)} takes {plain(maps.V)} down on both sides "
                "of its rest: a leak goes by the difference itself.",
                line, text_of(node), text_of(node.args[0]), f"below {float(rest[0]):.6g} it drives it away",
                about=maps.V,
            )  # fmt: skip


def _refractory_beyond(case: Case) -> Iterator[Found]:
    maps, found = case.maps, case.meant.refractory
    whole = maps.record.order.size * maps.step
    if found is None or not found.name or not found.named > whole or not unfinished(maps):
        return
    line, ms = maps.record.parameters[found.name].line or found.line, case.meant.units.ms
    yield Found(
        "refractory-endless", "fault",
        f"{plain(found.name)} is {found.named * ms:g} ms, in {in_line(case.source, line)}, where the whole "
        f"run is {whole * ms:g} ms: the first spike is the last.",
        line, evidence=f"the last {unfinished(maps)} steps are held",
    )  # fmt: skip


def _left_out(case: Case) -> Iterator[Found]:
    """Find a number that is never read, times which the input would reach the threshold."""
    if (beyond := beyond_reach(case)) is None:
        return
    _, level, rest, driven = beyond
    for name, (line, value) in unread(case.source).items():
        if value and driven > 0.0 and rest + driven * value >= level:
            yield Found(
                "unused-parameter", "fault",
                f"{name} is given a value in {in_line(case.source, line)} and never read: nothing reaches "
                f"the threshold of {level:g}, and {name} times the input would.",
                line, quoted(case.source, line), evidence=f"the input alone takes it to {rest + driven:.6g}",
            )  # fmt: skip
            return
