"""A state's equation on the bench, beside the claimed one."""

from __future__ import annotations

import numpy as np

from natrium.analysis.doctor.reading.claims.driven import drive_of
from natrium.analysis.doctor.reading.claims.sides import Claimed
from natrium.analysis.doctor.reading.expressions.numbers import is_one_of, numbers_of
from natrium.analysis.doctor.reading.expressions.trees import NUMBER, in_order, leaves
from natrium.analysis.doctor.reading.expressions.wording import made_at, written_at
from natrium.analysis.doctor.reading.findings.case import Case
from natrium.analysis.doctor.reading.maps.maps import expanded, values_at
from natrium.analysis.doctor.reading.model.rules import number_at
from natrium.analysis.doctor.reading.model.units import standing
from natrium.analysis.doctor.reading.repair.bench import SAME, Bench
from natrium.analysis.doctor.reading.repair.smallest import terms_of
from natrium.analysis.doctor.reading.text.named import numbers_named, reads, unread
from natrium.analysis.doctor.reading.text.repeated import repeated_lines
from natrium.analysis.doctor.trace.meanings import bare, plain
from natrium.analysis.doctor.trace.record import Node


def bench_of(case: Case, sides: Claimed, name: str, written: bool = False) -> Bench:
    """Put a state's equation beside the claimed one.

    Parameters
    ----------
    case : Case
    sides : Claimed
    name : str
    written : bool
        Whether parameters that are made of others stay as they are.
    """
    maps, points, label = case.maps, sides.points, sides.pairs[name]
    drive, own = drive_of(case), case.maps.record.parameter_values
    candidates = {one: points[one] for one in maps.moving}
    candidates |= {one: points[one] for one in (maps.dt, drive) if one in points}
    for one, values in sides.values.items():
        if one not in sides.pairs.values():
            candidates[one.rsplit(".", 1)[-1]] = values
    candidates |= {one: points[one] for one in own if one not in (drive, maps.dt)}
    n = points[maps.V].size
    spare = {one: value for one, (_, value) in unread(case.source).items() if value and one not in candidates}
    known = {*candidates, *(one.rpartition(".")[2] for one in candidates)}
    other = {one: value for one, value in numbers_named(case.source).items() if one not in known}
    candidates |= {one: np.full(n, value) for one, value in (other | spare).items()}
    flow = case.meant.flows[name]
    node, numbers = flow if written else whole_of(case, flow, drive), numbers_of(sides.claim)
    return Bench(
        node,
        points,
        sides.flows[label],
        frozenset(leaves(node) & set(own) - {drive, maps.dt}),
        candidates,
        sides.terms if label == "V" else {},
        frozenset(maps.moving),
        _sound_parameters(case, sides, name),
        frozenset(spare),
        asked={bare(one): value for one, value in _claimed(sides).items()},
        known=frozenset(one for one, value in own.items() if value and is_one_of(value, numbers)),
    )


def _claimed(sides: Claimed) -> dict[str, float]:
    """Give the claim's parameters by their names."""
    system = sides.claim.neuron.system
    return dict(zip(map(str, system.parameters), map(float, system.values), strict=True))


def _sound_parameters(case: Case, sides: Claimed, name: str) -> frozenset[str]:
    """Name the parameters of what is right as it is: the other states' equations, the rules, the claim's own.

    So is what has the value of the claimed reset, threshold or incoming spikes, and is read in several
    places: a run without a spike does not show these rules.
    """
    maps, neuron, units, held = case.maps, sides.claim.neuron, case.meant.units, case.meant.refractory
    often, own = reads(case.source), maps.record.parameter_values
    threshold = standing(sides.claim)
    levels = [one / units.mV for one in (neuron.system.reset_voltage, threshold) if one is not None]
    levels += {one.amount for one in sides.claim.stimulus.kicks()}
    claimed = _claimed(sides)
    found = {
        one
        for one, value in own.items()
        if claimed.get(plain(one)) == value
        or (
            often[plain(one).rpartition(".")[2]] > 1
            and any(abs(value - level) <= SAME * abs(level) for level in levels)
        )
    }
    if held is not None and abs(held.named * units.ms - neuron.tau_ref) <= SAME * neuron.tau_ref:
        found.add(held.name)
    if neuron.fires:
        rules = [(maps.resets.get(maps.V), neuron.system.reset_voltage)]
        rules += [(maps.threshold.level, threshold)] if maps.threshold is not None else []
        for node, wanted in rules:
            if node is None or not isinstance(wanted, float):
                continue
            value = number_at(node, maps.record.parameter_values) * units.mV
            if abs(value - wanted) <= SAME * (1.0 + abs(wanted)):
                found |= leaves(node)
    sound: list[Node] = []
    for other, label in sides.pairs.items():
        if other != name and np.allclose(
            values_at(case.meant.flows[other], sides.points), sides.flows[label], rtol=1e-7, atol=0.0
        ):
            whole = whole_of(case, case.meant.flows[other])
            found |= leaves(whole)
            sound.append(whole)
    parts = [one for one in in_order(sound) if one.line and (one.op == NUMBER or one.args)]
    again = repeated_lines(case.source, [*sound, whole_of(case, case.meant.flows[name])])
    found |= {made_at(one.line) if one.line in again and one.args else written_at(one) for one in parts}
    return frozenset(found)


def part_of(bench: Bench) -> Bench:
    """Give the part of a step that is wrong, of a step in equal parts of which another is right."""
    terms = [term for _, term in terms_of(bench.root)]
    n = len(terms)
    right = [bench.is_right(n * bench.values[bench.place[one]]) for one in terms]
    if n < 2 or not any(right) or all(right):
        return bench
    wrong = terms[right.index(False)]
    return Bench(
        wrong,
        bench.points,
        bench.target / n,
        bench.parameters,
        bench.candidates,
        bench.terms,
        bench.states,
        bench.shared,
        bench.spare,
    )


def whole_of(case: Case, node: Node, drive: str = "") -> Node:
    """Put in all parameters made of others but the input, so that the line of each number is met."""
    return expanded(case.maps.record, case.maps.algebra, node, everything=True, but=drive)
