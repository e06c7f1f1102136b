"""Faults of a refractory time that no model means."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

import attrs

from natrium.analysis.doctor.reading.expressions.trees import LEAF, in_order, is_leaf, leaves, name_of
from natrium.analysis.doctor.reading.findings.case import Case
from natrium.analysis.doctor.reading.findings.found import Found, in_line, quoted, written
from natrium.analysis.doctor.reading.maps.maps import oriented
from natrium.analysis.doctor.reading.maps.pace import BY_CLOCK
from natrium.analysis.doctor.reading.model.rules import number_at, timed_by, timer_line, unfinished, unheld_by
from natrium.analysis.doctor.reading.text.named import compared, numbers_named
from natrium.analysis.doctor.trace.meanings import is_refractory, plain, step_rank
from natrium.analysis.doctor.trace.record import Step

_TIME = re.compile(r"#.*\b(ms|msec|s|sec|seconds?|milliseconds?)\b")
HELD = "the refractory time"
NEAR = 1e-9  # of a time: rounding
UNITS = (1e-3, 1e3)
LEAST, MOST = 0.1, 100.0  # ms that neurons are refractory
CUTS = ("int", "floor")  # what cuts off a fraction
FEW = 1.5  # steps by which a refractory count may miss its time: its own rounding, and where it is tested


def _endless(case: Case) -> Found | None:
    """Find a count that goes away from where it would end the refractory time."""
    maps, record = case.maps, case.maps.record
    after = unfinished(maps)
    if after <= max(maps.hold.steps, default=0):  # it may yet end
        return None
    step, known = record.steps[record.order[-1]], record.parameter_values
    if (standing := _standing(case, step, after)) is not None:
        return standing
    for timer in maps.timers:
        node = step.updates[timer]
        moved = number_at(node, known | {timer: 0.0})
        for choice in step.choices if moved else ():
            if timer not in leaves(choice.left) | leaves(choice.right):
                continue
            at = [
                number_at(choice.left, known | {timer: c}) - number_at(choice.right, known | {timer: c})
                for c in (0.0, moved)
            ]
            away = (at[1] > at[0]) == oriented(choice, True)[1].startswith(">") and at[1] != at[0]
            if away or (node.op != LEAF and timer not in leaves(node)):
                line = node.line
                if choice.relation in ("!=", "==") and moved < 0.0:  # it passes by 0
                    fired = record.steps[record.order[maps.spikes[-1]]]
                    line = timer_line(maps, fired.updates[timer], choice)
                return Found(
                    "refractory-endless", "fault",
                    f"{plain(timer)} goes the wrong way, in {in_line(case.source, line)}: what it holds "
                    "never ends.",
                    line, written(node), "",
                    f"the last {after} steps are held", about=HELD,
                )  # fmt: skip
    return None


def _standing(case: Case, step: Step, after: int) -> Found | None:
    """Find a wait that ends by what no step of it moves: it goes on for ever."""
    maps = case.maps
    deciding = [one for one in step.choices if one.line in maps.hold.lines]
    asked = {name for one in deciding for name in leaves(one.left, one.right)}
    still = {one for one in maps.record.states if is_leaf(step.updates[one], one)}
    if not asked & still or not asked <= still | set(maps.record.parameters):
        return None
    beside = {name for one in step.choices for name in leaves(one.left, one.right)} & still & set(maps.timers)
    counted = [maps.main.updates[one].line for one in beside if maps.main.updates[one].args]
    line = max(counted, default=0) or min(one.line for one in deciding)
    told = ", ".join(sorted(map(plain, asked & still)))
    return Found(
        "refractory-endless", "fault",
        f"Once {plain(maps.V)} waits, nothing that it waits by moves ({told}): the wait never ends; see "
        f"{in_line(case.source, line)}.",
        line, evidence=f"the last {after} steps are held", about=HELD,
    )  # fmt: skip


def _unfired(case: Case) -> Found | None:
    """Find a rule that holds most steps though no spike came: what free steps set holds."""
    maps, n = case.maps, case.maps.record.order.size
    if maps.spikes.size or 2 * sum(maps.record.steps[at].count for at in maps.held) < n:
        return None
    for timer in maps.timers:
        node = maps.main.updates[timer]
        if node.op != LEAF and timer in leaves(node):
            line = node.line
        elif timer not in leaves(node):
            made = re.compile(rf"\b{re.escape(plain(timer))}\b[^=(]*=[^=]")
            lines = [at for at, line in enumerate(case.source, start=1) if made.search(line)]
            line = (0 if node.op == LEAF else node.line) or max(lines, default=0)
        else:
            continue
        return Found(
            "refractory-endless", "fault",
            f"{plain(maps.V)} is held though no spike came: what is not held sets {plain(timer)}, in "
            f"{in_line(case.source, line)}.",
            line, written(node), "", "more than half of the steps are held", about=HELD,
        )  # fmt: skip
    return None


def _step_lost(case: Case) -> Iterator[Found]:
    """Find a count that rounding takes a step from: what is cut off is one but for its last bits."""
    maps, known = case.maps, case.maps.record.parameter_values
    fired = [maps.record.steps[at].updates[one] for at in maps.firing for one in maps.timers]
    for node in in_order([*maps.record.parameters.values(), *fired]):
        name = name_of(node)
        ratio = attrs.evolve(node, op="/") if name == "//" else node.args[0] if name in CUTS else node
        exact = number_at(ratio, known) if ratio is not node and name_of(ratio) == "/" else math.inf
        whole = round(exact) if math.isfinite(exact) else 0
        if abs(exact - whole) <= NEAR * whole and number_at(node, known) == whole - 1:
            yield Found(
                "integer-division", "fault",
                f"`{written(node)}` in {in_line(case.source, node.line)} is {whole - 1}, where "
                f"{written(ratio)} is {whole} but for rounding: it wants round().",
                node.line, written(node), f"round({written(ratio)})",
                "what is cut off is less than a step by rounding alone", about=HELD,
            )  # fmt: skip


def _set_otherwise(case: Case) -> int:
    """Give the line by which some spikes set a timer otherwise than others do; 0: none, or several."""
    maps = case.maps
    made = [{maps.record.steps[at].updates[one] for at in maps.firing} for one in maps.timers]
    lines = {node.line for nodes in made if len(nodes) > 1 for node in nodes if node.line}
    return lines.pop() if len(lines) == 1 else 0


def refractory_checks(case: Case) -> Iterator[Found]:
    """Hold the refractory steps that were counted against what the parameter's name says."""
    maps, hold, found = case.maps, case.maps.hold, case.meant.refractory
    yield from _step_lost(case)
    endlessly = unfinished(maps)  # longer than it should hold, and not yet at its end
    counts = hold.steps or ((endlessly,) if found and endlessly * maps.step > found.named else ())
    ms = case.meant.units.ms
    endless = _endless(case) or _unfired(case)
    if endless is not None:
        yield endless
        return
    if maps.record.resumed:
        yield from _resumed(case)
        return
    known, steps = maps.record.parameters, maps.record.steps
    jumps = {name for at in maps.firing for one in maps.moving[1:] for name in leaves(steps[at].updates[one])}
    jumps |= {name for one in jumps & set(known) for name in leaves(known[one])}
    if any(is_refractory(name) for name in jumps):
        return  # it is what another state, the loop's own index, goes on by
    if found is None and maps.firing:
        yield from _unheld(case)
    if len(set(counts)) > 1 and max(counts) - min(counts) > 1:
        line = _set_otherwise(case) or (hold.lines[0] if hold.lines else 0)
        yield Found(
            "refractory-varies", "fault",
            f"The refractory period is {counts[0]} steps after the first spike and "
            f"{next(one for one in counts if one != counts[0])} after a later one; see "
            f"{in_line(case.source, line)}.",
            line, evidence=f"steps held after each spike: {', '.join(map(str, counts[:8]))}",
        )  # fmt: skip
    elif found is not None and found.name and counts and is_refractory(found.name):
        held = counts[0] * maps.step
        asked = found.nominal if maps.dt.endswith(BY_CLOCK) else found.named  # in the unit of the clock
        if abs(held - asked) <= FEW * maps.step:
            return
        if _is_count(case, found.name, counts[0]):
            yield from _as_steps(case, found.name)
        else:
            yield Found(
                "refractory-length", "fault",
                f"{plain(found.name)} is {asked:g}, but a spike holds {plain(maps.V)} for {counts[0]} steps, "
                f"{held * ms:.4g} ms; see {in_line(case.source, found.blamed)}.",
                found.blamed, evidence=f"{counts[0]} steps of {maps.step * ms:g} ms after each spike",
                about=HELD, sure=found.odd,
            )  # fmt: skip


def _resumed(case: Case) -> Iterator[Found]:
    """Hold when the script of a solver goes on after an event against what a name of its says."""
    found, ms = case.meant.refractory, case.meant.units.ms
    assert found is not None  # what goes on has waited, if for no time
    named = numbers_named(case.source)
    name = found.name if is_refractory(found.name) else next(filter(is_refractory, named), "")
    asked = found.named if name == found.name else named.get(name, found.nominal)
    near = NEAR * (abs(asked) + float(case.maps.record.times[-1]))
    if step_rank(plain(found.name)) is not None and abs(found.nominal - found.named) <= near:
        yield Found(
            "restart-late", "rule",
            f"After each spike the solver goes on a step late, {found.nominal * ms:.4g} ms, in "
            f"{in_line(case.source, found.line)}: in between nothing moves.",
            found.line, evidence=f"{case.maps.spikes.size} events, after which it begins once more",
        )  # fmt: skip
        return
    if not name or abs(found.nominal - asked) <= near or (found.nominal > near and name != found.name):
        return  # it may be another's time
    ratio, line = found.nominal / asked if asked else 0.0, found.line
    if any(abs(ratio / unit - 1.0) < NEAR for unit in UNITS) and LEAST <= found.nominal * ms <= MOST:
        return  # the name is in the other unit
    yield Found(
        "refractory-unused" if found.nominal <= near else "refractory-length", "fault",
        f"{plain(name)} is {asked:g}, but after a spike {plain(case.maps.V)} waits {found.nominal * ms:.4g} "
        f"ms; see {in_line(case.source, line)}.",
        line, evidence=f"{case.maps.spikes.size} events, after which the solver begins once more", about=HELD,
        sure=True,
    )  # fmt: skip


def _unheld(case: Case) -> Iterator[Found]:
    """Find refractory times that are read, though no spike holds anything."""
    maps = case.maps
    evidence = f"{maps.spikes.size} spikes, none followed by a held step"
    set_wrongly = unheld_by(maps)
    asked = {name: (node.value, node.line) for name, node in maps.record.parameters.items()}
    told = {plain(name) for name in asked}
    for name, value in numbers_named(case.source).items():
        line = compared(case.source, name)
        if name not in told and line:  # whatever is compared with it never mattered
            asked[name] = (value, line)
    for name, (value, line) in asked.items():
        if not is_refractory(name) or not value > 0.0:
            continue
        line = set_wrongly or timed_by(maps) or line
        if value <= FEW * maps.step:  # as many steps as where it is tested takes off
            yield Found(
                "refractory-count", "rule",
                f"No spike holds {plain(maps.V)}, where {value * case.meant.units.ms:.6g} ms are asked for.",
                line, evidence=evidence,
            )  # fmt: skip
            continue
        yield Found(
            "refractory-unused", "fault",
            f"{plain(name)} is read, but no spike holds {plain(maps.V)} for any time.",
            line, evidence=evidence,
        )  # fmt: skip


def _is_count(case: Case, name: str, held: int) -> bool:
    """Tell whether a parameter is meant as a number of steps."""
    value = case.maps.record.parameters[name].value
    return abs(value - held) <= FEW and bool(re.search(r"step|count|_n$|^n_", plain(name).lower()))


def _as_steps(case: Case, name: str) -> Iterator[Found]:
    """Find a number of steps that is made of a time, and of no step."""
    known = case.maps.record.parameters
    node, source = known[name], case.source
    made = leaves(node) & set(known) if node.args and case.maps.record.dt not in leaves(node) else ()
    for one in made:
        if _TIME.search(quoted(source, known[one].line)) and is_refractory(one):
            yield Found(
                "refractory-length", "fault",
                f"{plain(one)} is a time, {known[one].value:g}, and is counted as so many steps, in "
                f"{in_line(source, node.line)}.",
                node.line, written(node), f"{written(node)}/{plain(case.maps.record.dt)}",
                f"{case.maps.hold.steps[0]} steps of {case.maps.step:g} after each spike", about=HELD,
            )  # fmt: skip
