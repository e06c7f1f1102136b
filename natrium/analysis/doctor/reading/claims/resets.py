"""What a spike makes of a script's states, held against a claimed model's reset."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Any

import attrs
import numpy as np

from natrium.analysis.doctor.reading.claims.sides import Claimed
from natrium.analysis.doctor.reading.claims.states import moves_at_spikes
from natrium.analysis.doctor.reading.expressions.trees import (
    LEAF,
    NUMBER,
    at_points,
    in_order,
    is_leaf,
    leaf,
    leaves,
)
from natrium.analysis.doctor.reading.expressions.wording import shown, text_of
from natrium.analysis.doctor.reading.findings.case import Case
from natrium.analysis.doctor.reading.findings.found import Found, in_line
from natrium.analysis.doctor.reading.maps.maps import Maps, Threshold, crossings
from natrium.analysis.doctor.reading.model.rules import number_at
from natrium.analysis.doctor.reading.model.units import standing
from natrium.analysis.doctor.reading.repair.bench import Bench
from natrium.analysis.doctor.reading.repair.smallest import repairs
from natrium.analysis.doctor.reading.text.labels import given_under, passed
from natrium.analysis.doctor.reading.text.named import set_to
from natrium.analysis.doctor.reading.text.overrides import overriding
from natrium.analysis.doctor.trace.meanings import plain
from natrium.analysis.doctor.trace.record import Node
from natrium.model import Model
from natrium.model.checks import reads_as_number
from natrium.model.kernel import lower_expressions

UP = (">", ">=")
CLOSE = 1e-9  # of a number: rounding


def claimed_resets(case: Case, claim: Model, sides: Claimed, wrong: frozenset[str]) -> list[Found]:
    """List what a spike makes of states otherwise than the claim's; `wrong` parameters are told already."""
    return _of_one(case, list(_resets(case, claim, sides, wrong)))


def _resets(case: Case, claim: Model, sides: Claimed, wrong: frozenset[str]) -> Iterator[Found]:
    maps = case.maps
    if not claim.neuron.fires or not (maps.firing or moves_at_spikes(claim)):
        return
    if not maps.firing:
        yield from _never(case, claim)
        return
    system = claim.neuron.system
    wanted = dict(zip(system.labels, system.reset, strict=True))
    symbols = dict(zip(system.labels, system.states, strict=True))
    numbers = dict(zip(system.parameters, system.values, strict=True))
    after: dict[str, Any] = {}
    for name, label in sorted(sides.pairs.items(), key=lambda pair: pair[1] == "V"):
        if not maps.free and label != "V":
            continue  # where each step fires, what the others do in one is not told apart
        node, should = maps.resets.get(name), wanted[label]
        own = leaf(name) if node is None else node
        kept = is_leaf(own, name)
        line = spared_line(case, name) if kept else reset_line(case, name)
        if should == symbols[label]:
            if not kept:
                yield Found(
                    "reset-extra", "fault",
                    f"A spike also sets {plain(name)}, in {in_line(case.source, line)}; the model leaves "
                    "it alone.",
                    line, f"{plain(name)} = {text_of(own)}", "", about=name,
                )  # fmt: skip
            continue
        should = should.subs(numbers)
        states = tuple(system.states)
        values = tuple(sides.values[one] * sides.units[one] for one in system.labels)
        target = lower_expressions((should,), states, "grid")(*values)[0] / sides.units[label]
        if label == "V":
            target = target + sides.rise({**sides.points, **after})
        target = np.broadcast_to(np.asarray(target, dtype=float), sides.points[maps.V].shape)
        after[name] = target
        bench = Bench(
            own, sides.points, target, frozenset(maps.record.parameters), states=frozenset(maps.moving)
        )
        if bench.is_sound:
            continue
        if kept:
            yield Found(
                "reset-missing", "fault",
                f"A spike leaves {plain(name)} as it is, in {in_line(case.source, line)}, where the model "
                f"sets it to {_plain_number(should)}.",
                line, plain(name), _plain_number(should), about=name,
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
        found = repairs(bench)
        where = 0
        lone = own.op == LEAF and should.is_number and not is_used(case, own.name, name)
        # A lost sign is where the number is.
        slip = lone and np.allclose(at_points(own, sides.points), -target, rtol=CLOSE, atol=0.0)
        turned = not slip and any(one.kind == "operation" and one.rank < 1.0 for one in found)
        if found and found[0].kind == "number" and not turned:
            where = parameter_line(case, found[0].node)
        where = where or (parameter_line(case, own) if should.is_number else 0) or line
        blamed = found[0].node if found and found[0].kind == "number" and not turned else own
        if blamed.op == LEAF and blamed.name not in wrong and is_used(case, blamed.name, name):
            where = line  # another name is meant
        yield Found(
            "reset-value", "fault",
            f"A spike sets {plain(name)} to `{text_of(own)}` where the model has {_plain_number(should)}: "
            f"{in_line(case.source, where)}.",
            where, text_of(own), _plain_number(should), about=name,
            sure=slip or bool(maps.record.resumed),
        )  # fmt: skip


def _of_one(case: Case, found: list[Found]) -> list[Found]:
    """Take for one a reset that is missing and another state that is set to what is missing."""
    missing = [one for one in found if one.key == "reset-missing"]
    other = [one for one in found if one.key in ("reset-extra", "reset-value")]
    if len(found) != 2 or not missing or not other or not reads_as_number(missing[0].should):
        return found
    name, value = other[0].about, float(missing[0].should)
    nodes = in_order([case.maps.resets[name]])
    mV = case.meant.units.mV if missing[0].about == case.maps.V else 1.0
    same = [one for one in nodes if not one.args and not differs(one.value * mV, value)]
    if not same:
        return found
    written = [one.line for one in same if one.op == NUMBER and one.line]
    test = case.maps.threshold.line if case.maps.threshold is not None else 0
    line = max(written, default=0) or passed(case.source, test, plain(name)) or other[0].line
    meant, where = plain(missing[0].about), in_line(case.source, line)
    said = f"A spike sets {plain(name)} where it should set {meant}: {where}."
    return [attrs.evolve(other[0], key="reset-of-other", line=line, said=said, should=meant)]


def held_value(case: Case, claim: Model) -> Iterator[Found]:
    """Hold the value at which V waits against the claimed one."""
    maps, neuron = case.maps, claim.neuron
    wanted = neuron.system.reset_voltage
    if not neuron.fires or wanted is None or max(maps.hold.steps, default=0) < 2:
        return
    if not maps.held or neuron.system.rests_in_motion:
        return
    step = maps.record.steps[max(maps.held, key=lambda at: maps.record.steps[at].count)]
    node = step.updates[maps.V]
    value = number_at(node, maps.record.parameter_values) * case.meant.units.mV
    set_to = maps.resets.get(maps.V)
    if not math.isfinite(value) or not differs(value, wanted):
        return
    if set_to is not None and not differs(
        value, number_at(set_to, maps.record.parameter_values) * case.meant.units.mV
    ):
        return  # told of the reset
    tests = [one.line for one in step.choices]
    name = plain(maps.V)
    line = (0 if node.op == LEAF else node.line) or max(
        (passed(case.source, at, name) for at in tests), default=0
    )
    line = line or max(tests, default=0)
    yield Found(
        "hold-value", "fault",
        f"While it is refractory {plain(maps.V)} is {value:g} mV, in {in_line(case.source, line)}; the "
        f"model's is {wanted:g} mV.",
        line, text_of(node), shown(wanted / case.meant.units.mV),
    )  # fmt: skip


def _never(case: Case, claim: Model) -> Iterator[Found]:
    """Find a threshold that V passes and nothing follows from."""
    maps, mV = case.maps, case.meant.units.mV
    level, after = standing(claim), claim.neuron.system.reset_voltage
    if level is None:
        return
    for step in maps.record.steps:
        for test in crossings(maps.algebra, step, maps.V):
            own = number_at(test.level, maps.record.parameter_values) * mV
            near = abs(own - level) <= 1.0 + 0.5 * abs(level)
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
    over = int(np.sum(level < V))
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


def passed_up(maps: Maps) -> Threshold | None:
    """Give the comparison by which V goes over its threshold, also where nothing follows from that."""
    tests = (one for step in maps.record.steps for one in crossings(maps.algebra, step, maps.V))
    return maps.threshold or next((one for one in tests if one.relation in UP), None)


def is_used(case: Case, parameter: str, state: str) -> bool:
    """Tell whether a parameter is in an equation, in the threshold, or in the reset of another state."""
    roots = [*case.equations.values(), *([case.maps.threshold.level] if case.maps.threshold else [])]
    roots += [node for name, node in case.maps.resets.items() if name != state]
    return any(parameter in leaves(one) for one in roots)


def parameter_line(case: Case, node: Node) -> int:
    """Give the line of the parameter that a tree is, where it is one alone."""
    if node.op == LEAF and node.name in case.maps.record.parameters:
        return case.maps.record.parameters[node.name].line
    return node.line if node.op == NUMBER else 0


def _plain_number(expr: Any) -> str:
    return shown(float(expr)) if expr.is_number else str(expr)


def spared_line(case: Case, name: str) -> int:
    """Give the line in which a spike does not set a state: where it passes, else where it is seen."""
    if (left_out := overriding(case.source, plain(name))) != 0:
        return left_out
    test = case.maps.threshold.line if case.maps.threshold is not None else 0
    return passed(case.source, test, plain(name)) or test


def reset_line(case: Case, name: str) -> int:
    """Give the line in which a spike sets a state."""
    maps = case.maps
    if maps.record.resumed:
        return maps.record.resumed[1 + maps.record.states.index(name)].line
    made = maps.resets.get(name)
    if made is not None and made.args and made.line:
        return made.line
    for waiting in (maps.record.steps[at] for at in maps.held if made is not None):
        if made is waiting.updates[name] and made.op == LEAF:  # after a spike that is drawn
            lines = [passed(case.source, one.line, plain(name)) for one in waiting.choices]
            return max(lines, default=0) or maps.record.parameters.get(made.name, made).line
    step = maps.record.steps[max(maps.firing, key=lambda at: maps.record.steps[at].count)]
    node = step.updates[name]
    if (made is None or made is node) and node.line and node.op != LEAF:
        return node.line
    text = plain(name)
    first = maps.threshold.line if maps.threshold is not None else 0
    own = [plain(made.name)] if made is not None and made.op == LEAF else []
    if own and (back := given_under(case.source, first, own[0]) or set_to(case.source, text, own[0])):
        return back
    for pattern in (
        *(rf"[^=<>!]=\s*[^=]*\b{re.escape(one)}\b['\"\]]*\s*(#.*)?$" for one in own),
        rf"\b{re.escape(text)}\b\W[^=]*=[^=]|\b{re.escape(text)}\s*=[^=]",
        rf"\b{re.escape(text)}\w*\s*=[^=]",
    ):
        for at in range(first, min(first + 12, len(case.source))):
            if re.search(pattern, case.source[at]):
                return at + 1
    return first


def differs(one: float, other: float) -> bool:
    """Tell whether two numbers differ by more than rounding."""
    return abs(one - other) > CLOSE * (1.0 + abs(other))
