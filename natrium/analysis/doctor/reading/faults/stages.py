"""Runge-Kutta schemes written by hand with one slip: a stale stage, a wrong share of a step or weight."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import attrs
import mpmath
import numpy as np

from natrium.analysis.doctor.reading.expressions.algebra import Slopes
from natrium.analysis.doctor.reading.expressions.numbers import middle_of
from natrium.analysis.doctor.reading.expressions.trees import (
    LEAF,
    NUMBER,
    in_order,
    is_leaf,
    leaf,
    leaves,
    name_of,
    number,
)
from natrium.analysis.doctor.reading.expressions.wording import text_of
from natrium.analysis.doctor.reading.faults.slips import USUAL, Row, Slip, slips, stepped
from natrium.analysis.doctor.reading.findings.case import Case
from natrium.analysis.doctor.reading.findings.found import Found, at_first, in_line
from natrium.analysis.doctor.reading.maps.maps import points_of, values_at
from natrium.analysis.doctor.reading.model.equations import unmoved
from natrium.analysis.doctor.reading.repair.bench import Bench
from natrium.analysis.doctor.reading.repair.smallest import repairs
from natrium.analysis.doctor.reading.schemes.schemes import DIGITS, SAME, Prover, takes_whole_steps
from natrium.analysis.doctor.reading.schemes.ways import TABLEAUS, TOGETHER, Flow, Values
from natrium.analysis.doctor.reading.text.loops import in_one_turn
from natrium.analysis.doctor.reading.text.passing import calls_of
from natrium.analysis.doctor.reading.text.repeated import repeated_lines
from natrium.analysis.doctor.reading.text.siblings import read_beside
from natrium.analysis.doctor.trace.meanings import plain
from natrium.analysis.doctor.trace.record import Node

_ORDINALS = ("first", "second", "third", "fourth")
_WORDS = {
    "midpoint": "the midpoint scheme",
    "heun": "Heun's scheme",
    "rk4": "the classical Runge-Kutta scheme",
}
MOST_NODES = 250  # of a map in which one change is looked for
PLAIN = 1.4  # the rank of a change beyond which none is believed
APART = 4  # lines of stages: more than a scheme has, each state has its own
FINEST = 1000  # the largest denominator of a share
_USUAL = {Fraction(a, b) for a, b in USUAL}
SLIGHT = 1e-6  # of a step: rounding of a clock
PROBED = 4  # points at which slips are told apart


def stage_faults(case: Case) -> Iterator[Found]:
    """Find the one slip that explains a map that is nearly a Runge-Kutta scheme."""
    maps = case.maps
    if case.scheme.substeps == 2 and (_sums_stages(case) or _is_late(case)):
        yield _weights(case, Slip("heun", 2, "", ((1, 1), (1, 1))), maps.V, "each step moves twice as far")
        return
    unknown = [name for name in maps.moving if case.scheme.ways.get(name) == "other"]
    if case.scheme.key != "other" or not unknown or maps.record.solver or not maps.free:
        return
    # What a slip leaves of one state's map may be a scheme of its own, and the other's be unknown.
    staged = [
        name
        for name in (*unknown, *(one for one in maps.moving if one not in unknown))
        if any(_nested(maps.trees[name], maps.moving, maps.dt))
    ]
    if (bare := _without_slope(case, staged)) is not None:
        yield bare
        return
    with mpmath.workdps(DIGITS):
        prover = Prover(maps, case.equations)
        pairs = list(zip(prover.points, prover.after, strict=True))[:PROBED]
        for state in staged:
            shares = {name: _shares_of(case, state, name) for name in maps.moving}
            apart = len(_lines(case, state)) >= APART
            for slip in slips(prover.flow.names, state, apart, _unusual(shares)):
                whose = slip.state or state if slip.stage < len(TABLEAUS[slip.scheme][0]) else state
                if (
                    _is_consistent(slip, shares[whose])
                    and _others_fit(slip, shares)
                    and all(_is_same(prover.flow, at, after, slip, state) for at, after in pairs)
                ):
                    yield _told(case, slip, state, prover)
                    return
        for state in (one for one in maps.moving if staged and one not in staged):
            # Its equation is known by its own map alone: weights that sum to 1 are likelier.
            own = [one for one in slips((), state) if one.state == state]
            for slip in sorted(own, key=lambda one: sum(a / b for a, b in one.row) != 1.0):
                sound = attrs.evolve(slip, row=tuple(TABLEAUS[slip.scheme][1]))
                if _is_consistent(slip, []) and all(
                    _is_same(prover.flow, at, after, slip, state)
                    and all(_is_same(prover.flow, at, after, sound, one) for one in staged)
                    for at, after in pairs
                ):
                    yield _told(case, slip, state, prover)
                    return
        yield from _mended(case, prover, unknown)


def _sums_stages(case: Case) -> bool:
    """Tell whether two slopes move V on from where the step began, not the second from the first's end."""
    maps = case.maps
    root = maps.main.updates[maps.V]
    stages = list(_nested(root, maps.moving, maps.dt))
    while name_of(root) == "+" and not is_leaf(root.args[0], maps.V):
        root = root.args[0]
        if root in stages:
            return False
    return bool(stages) and name_of(root) == "+"


def _is_late(case: Case) -> bool:
    """Tell whether one statement moves V on by two steps where the clock goes on by one."""
    maps, times = case.maps, case.maps.record.times
    root = maps.main.updates[maps.V]
    by_one = times.size > 1 and abs(float(np.median(np.diff(times))) / maps.step - 1.0) < SLIGHT
    timed = by_one or case.meant.clock.spikes is not None
    whole = timed and takes_whole_steps(maps, case.scheme)
    return whole and name_of(root) == "+" and root.line == root.args[0].line


def _without_slope(case: Case, staged: list[str]) -> Found | None:
    """Find a stage that moves states on by a part of the step itself, and by no slope."""
    maps = case.maps
    known = {maps.dt, *maps.record.parameters}
    for state in staged:
        for node in _nested(maps.trees[state], maps.moving, maps.dt):
            own, more = sorted(node.args, key=lambda one: one.op != LEAF)
            moves = {*maps.moving, maps.record.input} & leaves(case.equations[own.name])
            if leaves(more) <= known and moves:
                return Found(
                    "stage-step", "fault",
                    f"{at_first(case.source, node.line)} takes a stage at {plain(own.name)} moved on by "
                    f"`{text_of(more)}`, and by no slope.",
                    node.line, text_of(more), f"{text_of(more)}*k", "no slope is in what is added",
                    about=state,
                )  # fmt: skip
    return None


def _mended(case: Case, prover: Prover, unknown: list[str]) -> Iterator[Found]:
    """Find the one change in a map that makes it a Runge-Kutta scheme's."""
    maps = case.maps
    points = {name: np.array([float(at[name]) for at in prover.points]) for name in prover.points[0]}
    for key in TABLEAUS:
        _, _, step = TOGETHER[key]
        try:
            after = [step(prover.flow, at) for at in prover.points]
        except (ZeroDivisionError, OverflowError, ValueError, TypeError):
            continue
        for state in unknown:
            root = Node("-", (maps.trees[state], leaf(state)), float("nan"))
            if len(in_order([root])) > MOST_NODES:
                continue
            moved = [one[state] - at[state] for one, at in zip(after, prover.points, strict=True)]
            names = (*maps.moving, maps.dt)
            candidates = {name: points[name] for name in names}
            for name in maps.moving:
                candidates[f"d{plain(name)}/dt"] = values_at(case.equations[name], points)
            bench = Bench(
                root, points, np.array([float(one) for one in moved]), frozenset(),
                candidates, states=frozenset(names),
                settled=repeated_lines(case.source, [root]),  # one change there moves more than one part
            )  # fmt: skip
            best = next(iter(repairs(bench)), None)
            if best is not None and best.line and best.rank <= PLAIN:
                yield Found(
                    "stage-differs", "fault",
                    f"{at_first(case.source, best.line)} has `{best.stands}` where a stage wants "
                    f"`{best.should}`.",
                    best.line, best.stands, best.should,
                    "with this one change the map is a Runge-Kutta scheme's", about=state,
                )  # fmt: skip
                return


def _is_same(flow: Flow, at: Values, after: Values, slip: Slip, state: str) -> bool:
    try:
        found = stepped(flow, at, slip)[state]
    except (ZeroDivisionError, OverflowError, ValueError, TypeError, KeyError):
        return False
    size = abs(after[state] - at[state]) + abs(at[state]) * mpmath.mpf("1e-3")
    return bool(abs(found - after[state]) <= SAME * 1e3 * size)


def _nested(tree: Node, moving: tuple[str, ...], dt: str) -> Iterator[Node]:
    """Give the stages: states moved on within the tree of a new state."""
    for node in in_order([tree]):
        if name_of(node) in ("+", "-") and node is not tree:
            for one, other in (node.args, node.args[::-1]):
                vanishes = name_of(other) not in ("+", "-") and bool(other.args) and _vanishes(other, dt)
                if one.op == LEAF and one.name in moving and vanishes:
                    yield node


def _vanishes(node: Node, dt: str) -> bool:
    """Tell whether a part is nothing in no time: a product with the step, not with a state moved on by it."""
    name = name_of(node)
    if name in ("+", "-"):  # 1 - exp(-dt/tau) does
        rest = [one for one in node.args if one.op != NUMBER]
        return all(_vanishes(one, dt) for one in rest) and (len(rest) > 1 or name_of(rest[0]) == "exp")
    if name in ("*", "/", "neg"):
        return any(_vanishes(one, dt) for one in (node.args if name == "*" else node.args[:1]))
    return dt in leaves(node)


def _stage_nodes(case: Case, state: str, name: str) -> list[Node]:
    """Give the stages of one state within the tree of another's new value."""
    maps = case.maps
    return [
        node
        for node in _nested(maps.trees[state], maps.moving, maps.dt)
        if any(is_leaf(one, name) for one in node.args)
    ]


def _shares_of(case: Case, state: str, name: str) -> list[float]:
    """Give by how much of a step each stage moves a state on, as written; in order of size."""
    maps = case.maps
    slopes = Slopes(maps.algebra, maps.dt, number(0.0), unmoved(maps))
    points = points_of(maps.record, maps.step)
    flow = values_at(case.equations[name], points)
    found = []
    for node in _stage_nodes(case, state, name):
        with np.errstate(all="ignore"):
            found.append(middle_of(values_at(slopes.slope(node), points) / flow))
    return sorted(found)


def _unusual(shares: dict[str, list[float]]) -> Row:
    """Give the shares of a step that are written and that no scheme has."""
    found = {
        Fraction(one).limit_denominator(FINEST) for own in shares.values() for one in own if np.isfinite(one)
    }
    return tuple(sorted((one.numerator, one.denominator) for one in found if one and one not in _USUAL))


def _is_consistent(slip: Slip, shares: list[float]) -> bool:
    """Tell whether the stages that a slip supposes are those that are written."""
    rows, _ = TABLEAUS[slip.scheme]
    supposed = [
        sum(a / b for a, b in (slip.row if stage == slip.stage else row)) for stage, row in enumerate(rows)
    ]
    if slip.stage == len(rows) and not slip.row[-1][0]:
        supposed.pop()  # nothing hangs on the last
    wanted = sorted(one for one in supposed if one != 0.0)
    if slip.stage == len(rows):  # wrong weights stretch the slopes that are known
        stretch = sum(a / b for a, b in slip.row)
        wanted = sorted(one / stretch for one in wanted) if stretch else wanted
    if slip.of:  # the others' slopes are taken where they should be
        wanted = sorted({*wanted, sum(a / b for a, b in rows[slip.stage])})
        shares = [one for at, one in enumerate(shares) if not at or one - shares[at - 1] > 1e-6]
    return len(wanted) == len(shares) and all(
        abs(one - other) < 1e-6 * abs(other) for one, other in zip(shares, wanted, strict=True)
    )


def _others_fit(slip: Slip, shares: dict[str, list[float]]) -> bool:
    """Tell whether the stages of states that a slip leaves alone are of its scheme."""
    rows, _ = TABLEAUS[slip.scheme]
    if not slip.state or slip.of or slip.stage == len(rows):
        return True
    sound = [sum(a / b for a, b in row) for row in rows]
    others = [one for name, found in shares.items() if name != slip.state for one in found]
    return all(any(abs(one - share) < 1e-6 for share in sound) for one in others)


def _lines(case: Case, state: str) -> list[int]:
    """List the lines of the stages within the tree of a state's new value."""
    return sorted({line for name in case.maps.moving for line in _lines_of(case, state, name)})


def _line_of_slip(case: Case, slip: Slip, state: str, prover: Prover) -> int:
    """Give the line that takes a stage where a slip has it; 0 where it is not one line."""
    points = {name: np.array([float(at[name]) for at in prover.points]) for name in prover.points[0]}
    taken = [stepped(prover.flow, at, slip, slip.stage) for at in prover.points]

    def lines(name: str) -> set[int]:
        wanted = np.array([float(one[name]) for one in taken])
        nodes = _stage_nodes(case, state, name)
        return {
            one.line for one in nodes if np.allclose(values_at(one, points), wanted, rtol=1e-10, atol=0.0)
        }

    own = set.intersection(*(lines(one) for one in case.maps.moving if slip.state in ("", one)))
    beside = set[int]().union(*(lines(one) for one in case.maps.moving if one != slip.state))
    found = own or beside - set(_lines_of(case, state, slip.state))
    if slip.state and not any(a for a, _ in slip.row) and len(found) == 1:
        found = {read_beside(case.source, min(found), plain(slip.state))}
    return found.pop() if len(found) == 1 else 0


def _lines_of(case: Case, state: str, name: str) -> list[int]:
    """List the lines of the stages of one state."""
    return [node.line for node in _stage_nodes(case, state, name)]


def _line_of_stage(case: Case, state: str, stage: int, count: int) -> int:
    """Give the line of a stage; of one that is not moved on, the line after that of the one before it."""
    lines = _lines(case, state)
    if len(lines) >= count - 1:
        return lines[stage - 1]
    if not lines:
        return case.maps.main.updates[state].line
    return lines[stage - 2] + 1 if stage >= 2 else lines[0] - 1


def _told(case: Case, slip: Slip, state: str, prover: Prover) -> Found:
    rows = TABLEAUS[slip.scheme][0]
    words = _WORDS[slip.scheme]
    if slip.stage == len(rows):
        return _weights(case, slip, state, f"with these weights the map is the script's, to {DIGITS} digits")
    line = _line_of_slip(case, slip, state, prover) or _line_of_stage(case, state, slip.stage, len(rows))
    calls = calls_of(case.source, line) if {*_lines(case, state)} == {line} else []
    if len(calls) == len(rows) - 1 and in_one_turn(case.source, calls[0], case.maps.main.updates[state].line):
        # One function takes all stages: which, its call says.
        line = calls[slip.stage - 1]
    right = tuple(rows[slip.stage])
    stale = all(a == 0 for a, _ in slip.row)
    stands = "as the step found it" if stale else f"moved on by {_shares(slip.row)} of a step"
    what = plain(slip.state) or "its states"
    said = (
        f"The {_ORDINALS[slip.stage]} stage of {words} takes {what} {stands}, in "
        f"{in_line(case.source, line)}; it wants {_shares(right)}."
    )
    return Found(
        "stale-stage" if stale else "stage-step", "fault", said, line, plain(slip.state), "",
        f"with this one slip the scheme's map is the script's, to {DIGITS} digits", about=state,
    )  # fmt: skip


def _weights(case: Case, slip: Slip, state: str, evidence: str) -> Found:
    line, right = case.maps.main.updates[state].line, _shares(tuple(TABLEAUS[slip.scheme][1]))
    return Found(
        "stage-weights", "fault",
        f"{at_first(case.source, line)} sums the stages of {plain(state)} as {_shares(slip.row)}; "
        f"{_WORDS[slip.scheme]} has {right}.",
        line, _shares(slip.row), right, evidence, about=state,
    )  # fmt: skip


def _shares(row: Row) -> str:
    """Write shares of the slopes."""
    told = [
        f"{'' if a == b else f'{a}/{b} ' if b != 1 else f'{a} '}k{at}"
        for at, (a, b) in enumerate(row, 1)
        if a
    ]
    return " + ".join(told) or "nothing"
