"""A script held against the model that it claims to be: equation by equation, rule by rule."""

from __future__ import annotations

import re
from collections.abc import Iterator

import attrs
import numpy as np

from natrium.analysis.doctor.reading.claims.bench import bench_of, part_of, whole_of
from natrium.analysis.doctor.reading.claims.chosen import chosen_sides
from natrium.analysis.doctor.reading.claims.crossed import crossed
from natrium.analysis.doctor.reading.claims.driven import drive_of, lacks_input
from natrium.analysis.doctor.reading.claims.places import place_of
from natrium.analysis.doctor.reading.claims.rules import claimed_rules
from natrium.analysis.doctor.reading.claims.sides import POINTS, Claimed
from natrium.analysis.doctor.reading.claims.states import claimed_states
from natrium.analysis.doctor.reading.expressions.trees import LEAF, in_order, leaves
from natrium.analysis.doctor.reading.expressions.wording import made_at, shown, text_of, written_at
from natrium.analysis.doctor.reading.faults.frozen import frozen_finding, frozen_number, is_frozen
from natrium.analysis.doctor.reading.faults.left_over import left_by_runs
from natrium.analysis.doctor.reading.faults.waits import HELD
from natrium.analysis.doctor.reading.findings.case import Case
from natrium.analysis.doctor.reading.findings.found import Found, Mend, in_line, quoted
from natrium.analysis.doctor.reading.maps.maps import values_at
from natrium.analysis.doctor.reading.repair.bench import SAME, Bench
from natrium.analysis.doctor.reading.repair.smallest import repairs
from natrium.analysis.doctor.reading.repair.told import Repair
from natrium.analysis.doctor.reading.text.labels import (
    begins_function,
    both_called,
    given_back,
    made_beside,
    makes_current,
    slope_of,
    unpacked_line,
)
from natrium.analysis.doctor.reading.text.named import unread
from natrium.analysis.doctor.trace.meanings import plain
from natrium.analysis.doctor.trace.record import Node
from natrium.model import Model
from natrium.model.checks import reads_as_number

FETCHED, FAR = 1.4, 3.0  # ranks of a change beyond which another is looked for, and none is believed


def held_against(case: Case, claim: Model, known: frozenset[str]) -> list[Found]:
    """List what a script does otherwise than the model that it claims to be.

    Parameters
    ----------
    case : Case
    scheme : SchemeFound
    claim : Model
    known : frozenset of str
        States whose maps are at fault already.
    """
    sides = chosen_sides(case, claim)
    equations = _merged([*_equations(case, sides, known), *_states(case, sides)])
    wrong = frozenset(one.mend.node.name for one in equations if one.mend is not None) - {""}
    starts = claimed_states(case, claim, sides)
    rules = claimed_rules(case, claim, sides, wrong, HELD in known)
    still = {one.about for one in equations if one.key == "gate-frozen"} - {case.maps.V}
    return [
        *equations,
        *(one for one in rules if one.about not in still and not _is_moved(one, equations)),
        *left_by_runs(case, [one for one in starts if not _follows(case, one, equations)]),
    ]


def _is_moved(rule: Found, equations: list[Found]) -> bool:
    """Tell whether a threshold, or noise, is another because a state is moved otherwise."""
    return rule.key in ("threshold-level", "noise-scaled") and any(
        one.about == rule.about for one in equations if one.about
    )


def _follows(case: Case, start: Found, equations: list[Found]) -> bool:
    """Tell whether a start follows from an equation: it is a steady state of it, or its wrong number."""
    if not start.key.startswith("initial"):
        return False
    parameters = [
        case.maps.record.parameters.get(one.mend.node.name) for one in equations if one.mend is not None
    ]
    values = {abs(one.value) for one in parameters if one is not None}
    own = float(start.stands)
    computed = not re.search(rf"(?<![\d.]){re.escape(shown(own))}", quoted(case.source, start.line))
    return abs(own) in values or (computed and any(one.about == start.about for one in equations))


def _by_parts(case: Case, name: str, sides: Claimed, whole: Bench) -> Iterator[Found]:
    """Mend the voltage's equation part by part: leak, input and each channel while all else is off."""
    n = whole.target.size
    drive, channels = drive_of(case), dict[str, dict[str, str]]()
    for own, label in sides.pairs.items():
        if label != "V":
            channels.setdefault(label.rpartition(".")[0], {})[own] = label
    switches = [{drive: "input"} if drive else {}, *channels.values()]
    off = {own: label for switch in switches for own, label in switch.items()}
    for switch in [{}, *switches]:
        on = {**whole.points, **{own: np.zeros(n) for own in off.keys() - switch.keys()}}
        none = {**whole.points, **{own: np.zeros(n) for own in off}}
        asked = sides.flows_at({label: 0.0 for own, label in off.items() if own not in switch})["V"]
        if switch:
            asked = (
                asked - sides.flows_at(dict.fromkeys(off.values(), 0.0))["V"] + values_at(whole.root, none)
            )
        candidates = {one: on.get(one, values) for one, values in whole.candidates.items()}
        bench = Bench(whole.root, on, asked, whole.parameters, candidates)
        if not bench.is_sound:
            found = repairs(bench)
            yield from (
                [_finding(case, name, found[0], whole.shared)]
                if found
                else _told(case, sides, name, "V", whole, [])
            )


def _merged(found: list[Found]) -> list[Found]:
    """Say once that a gate is missing: of the voltage's equation, where one change brings it in, there."""
    missing = [one for one in found if one.key in ("gate-missing", "gate-instant")]
    if not missing:
        return found
    key, about = missing[0].key, missing[0].about
    brought = [attrs.evolve(one, key=key) for one in found if one.key == "factor" and one.about == about]
    follows = ("equation-differs", "factor", *(("wrong-name",) if key == "gate-instant" else ()))
    follow = [one for one in found if one.about == about and one.key in follows]
    rest = [one for one in found if one not in missing and one not in follow]
    return [*rest, *(brought if key == "gate-missing" and brought else missing)]


def _equations(case: Case, sides: Claimed, known: frozenset[str]) -> Iterator[Found]:
    pace = _pace(case, sides) if known.isdisjoint(sides.pairs) else None
    if pace is not None:
        yield pace
        return
    lacking = set(sides.values) - set(sides.pairs.values())
    for name, label in sides.pairs.items():
        if name in known or (label == "V" and any(frozen_number(case, one) for one in lacking)):
            continue  # what V's equation lacks is told of the gate
        bench = bench_of(case, sides, name)
        if bench.is_sound:
            continue
        if is_frozen(case, sides, name):
            yield frozen_finding(case, name, label)
            continue
        if (another := _of_another(case, sides, name, bench)) is not None:
            yield another
            continue
        bench = part_of(bench)
        found = repairs(bench)
        if not found or found[0].rank > FETCHED:
            # A number that is made of others may itself be the wrong one.
            found += repairs(bench_of(case, sides, name, written=True))
        if label == "V" and lacks_input(case, sides.claim):
            found = [one for one in found if one.kind != "number"]
        alone = any(one.rank < FAR for one in found) or lacking or label != "V"
        parts = [] if alone else list(_by_parts(case, name, sides, bench))
        if any(one.key == "equation-differs" for one in parts):
            place = place_of(bench, sides)
            parts = [] if place is not None and place[1] else parts
        yield from parts or _told(case, sides, name, label, bench, found)


def _pace(case: Case, sides: Claimed) -> Found | None:
    """Tell whether all states flow by one factor too fast, by what stands in the place of dt."""
    maps, ratios = case.maps, []
    for name, label in sides.pairs.items():
        with np.errstate(all="ignore"):
            ratio = values_at(case.meant.flows[name], sides.points) / sides.flows[label]
        ratios.append(ratio[np.isfinite(ratio)])
    whole = np.concatenate(ratios)
    k = float(np.median(whole)) if whole.size else 1.0
    made = [
        one for one in in_order([maps.main.updates[maps.V]])
        if one.args and leaves(one) == {maps.record.dt} and abs(one.value - k * maps.step) < 1e-6 * maps.step
    ]  # fmt: skip
    if abs(k - 1.0) < 1e-6 or np.any(np.abs(whole - k) > 1e-6 * abs(k)) or not made:
        return None
    line = made[-1].line
    return Found(
        "dt-unit", "fault",
        f"Each step is {k:.6g} times {plain(maps.dt)}: {in_line(case.source, line)}.",
        line, text_of(made[-1]), plain(maps.dt), f"all equations are {k:.6g} times the claimed ones",
        about=maps.V,
    )  # fmt: skip


def _told(
    case: Case, sides: Claimed, name: str, label: str, bench: Bench, found: list[Repair]
) -> Iterator[Found]:
    best = min(found, key=lambda one: one.rank, default=None)
    plainer = (
        best is not None and best.kind in ("sign", "operation", "drop", "number") and best.rank < FETCHED
    )
    swapped = None if plainer else _swapped(case, name, bench)
    if swapped is not None:
        yield swapped
        return
    if best is None or best.rank >= FAR:
        stands, should = bench.root, ""
        line = (0 if stands.op in (LEAF, "neg") else stands.line) or case.maps.main.updates[name].line
        if not line:  # a number of no line, among what a function gives back
            line = given_back(case.source, max(one.line for one in case.maps.main.updates.values()))
        if (place := place_of(bench, sides)) is not None:
            stands, should, line = place
        apart = np.abs(bench.values[-1] - bench.target)[bench.good]
        yield Found(
            "equation-differs", "fault",
            f"The equation of {plain(name)} is not the claimed one of {label}, and no single change makes "
            "it so; "
            f"see {in_line(case.source, line)}.",
            line, text_of(stands), should,
            f"they differ by up to {float(np.max(apart, initial=0.0)):.3g} at {POINTS} states", about=name,
        )  # fmt: skip
        return
    yield _finding(case, name, best, bench.shared)


_KEYS = {
    "number": "number-differs",
    "name": "wrong-name",
    "operation": "wrong-operation",
    "sign": "sign",
    "drop": "too-much",
    "factor": "factor",
    "offset": "offset",
    "term": "term",
    "call": "function",
    "brackets": "brackets",
    "exchange": "exchanged",
}


def _finding(case: Case, name: str, best: Repair, shared: frozenset[str]) -> Found:
    """Put a change into words; a parameter that is right elsewhere is wrong where it is read."""
    record, node = case.maps.record, best.node
    line = best.line or made_beside(case.source, case.maps.main.updates[name].line)
    stands, should = best.stands, best.should
    if node.op == LEAF and node.name in record.parameters and best.kind == "number":
        line = line if node.name in shared else record.parameters[node.name].line or line
        stands, should = (
            f"{plain(node.name)} = {shown(node_value(case, node))}",
            f"{plain(node.name)} = {text_of(best.new)}",
        )
    turned = crossed(case.source, *best.names) if best.names else 0
    line = turned or line
    given = bool(best.names) and begins_function(case.source, line)  # by a call, that is elsewhere
    power = best.kind == "number" and "**" in stands and "**" in should
    key = "power" if power else _KEYS[best.kind]
    where = in_line(case.source, line)
    common = made_at(line) in shared or (bool(node.args) and written_at(node) in shared)
    lent = best.kind == "factor" and best.about in unread(case.source)  # where it was, the text tells
    # What a line calls a current has the field's sign, as a rule: the sum may be wrong.
    outward = best.kind == "sign" and makes_current(case.source, line)
    said = f"In the equation of {plain(name)}, {where} has `{stands}` where the model has `{should}`."
    if best.kind == "factor":
        said = (
            f"In the equation of {plain(name)}, {where} lacks the factor {best.about}: `{stands}` should be "
            f"`{should}`."
        )
        if reads_as_number(best.about):
            said = (
                f"In the equation of {plain(name)}, `{stands}` in {where} should be {best.about} times as "
                "large."
            )
    elif best.kind == "term":
        gone = "-" not in should[len(stands) : len(stands) + 4]
        verb = "is missing" if gone else "is too much, or has the wrong sign"
        said = f"In the equation of {plain(name)}, {best.about} {verb}: see {where}."
    elif best.kind == "drop":
        said = (
            f"In the equation of {plain(name)}, {where} has `{stands}` where the model has only `{should}`."
        )
    return Found(
        key, "fault", said, line, stands, should,
        f"with this one change the two equations agree at {POINTS} states to {SAME:g}", about=name,
        mend=Mend(node, best.new),
        sure=turned > 0 or (best.rank < FETCHED and not (common or lent or given or outward)),
    )  # fmt: skip


def node_value(case: Case, node: Node) -> float:
    """Give the value of a parameter's leaf."""
    return case.maps.record.parameters[node.name].value


def _swapped(case: Case, name: str, bench: Bench) -> Found | None:
    """Tell whether a gate's opening and closing rates stand in each other's place."""
    gate = next((one for one in case.meant.recognised.gates if one.name == name), None)
    if gate is None:
        return None
    points = dict(bench.points)
    first, second = (values_at(whole_of(case, one), points) for one in (gate.first, gate.second))
    x = points[name]
    with np.errstate(all="ignore"):
        turned = second * (1.0 - x) - first * x if gate.kind == "alpha" else (1.0 - first - x) / second
    if not bench.is_right(turned):
        return None
    update = case.maps.main.updates[name].line
    called = both_called(case.source, {one.line for one in in_order([gate.first, gate.second])}, update)
    unpacked = unpacked_line(case.source, update, {plain(one) for one in case.maps.moving})
    line = called or unpacked or case.meant.flows[name].line or update
    return Found(
        "alpha-beta-swapped", "fault",
        f"Opening and closing rates of {plain(name)} are swapped in {in_line(case.source, line)}.",
        line, text_of(case.meant.flows[name]), "",
        f"with the two exchanged the equations agree at {POINTS} states", about=name,
        sure=line == case.meant.flows[name].line == called,
    )  # fmt: skip


def _of_another(case: Case, sides: Claimed, name: str, bench: Bench) -> Found | None:
    """Tell whether a state is moved by what should move another."""
    flows = {one: values_at(case.meant.flows[one], sides.points) for one in sides.pairs}
    flows[name] = bench.values[-1]

    def moved_by(one: str, other: str) -> bool:
        found = sides.flows[sides.pairs[other]]
        return bool(np.allclose(flows[one], found, rtol=1e-9, atol=0.0) and np.ptp(found))

    line, made = case.maps.main.updates[name].line, case.meant.flows[name].line
    for other in sides.pairs:
        if other != name and moved_by(name, other):
            same = case.maps.main.updates[other].line == line
            if moved_by(other, name) or same:  # each by the other's, or one slope for both
                line = given_back(case.source, line) or given_back(case.source, made) or line
            return Found(
                "wrong-name", "fault",
                f"{plain(name)} is moved by what should move {plain(other)}, in "
                f"{in_line(case.source, line)}.",
                line, f"d{plain(other)}/dt", f"d{plain(name)}/dt", f"they agree at {POINTS} states",
                about=name,
            )  # fmt: skip
    return None


def _instant(case: Case, sides: Claimed, label: str) -> Node | None:
    """Find a gate's steady state in the place of the gate."""
    maps = case.maps
    low, high = (sides.flows_at({label: value})[label] for value in (0.0, 1.0))
    steady = low / (low - high)
    for node in in_order([whole_of(case, case.meant.flows[maps.V])]):
        if node.args and leaves(node) & set(maps.moving) == {maps.V}:
            found = values_at(node, sides.points)
            if np.allclose(found, steady, rtol=1e-9, atol=0.0):
                return node
    return None


def _states(case: Case, sides: Claimed) -> Iterator[Found]:
    for name in case.maps.moving:
        if name not in sides.pairs:
            line = case.maps.main.updates[name].line
            yield Found(
                "extra-state", "fault",
                f"The script has a state that the model lacks: {plain(name)}, in "
                f"{in_line(case.source, line)}.",
                line, plain(name), "", f"none of the model's states, {', '.join(sides.values)}, is it",
            )  # fmt: skip
    lacking = [label for label in sides.values if label not in sides.pairs.values()]
    for label in lacking:
        if name := frozen_number(case, label):
            yield frozen_finding(case, name, label)
            continue
        gate = label.rsplit(".", 1)[-1]
        key, line = "gate-missing", slope_of(case.source, gate) or case.maps.main.updates[case.maps.V].line
        what, node = f"there is no {gate}", _instant(case, sides, label)
        if node is not None:
            key, line, what = "gate-instant", node.line, f"{gate} takes its steady state at once"
        yield Found(
            key, "fault",
            f"The model's {label} is no state of the script: {what}; see {in_line(case.source, line)}.",
            line, evidence=f"the states that move are {', '.join(plain(one) for one in case.maps.moving)}",
            about=case.maps.V,
        )  # fmt: skip
