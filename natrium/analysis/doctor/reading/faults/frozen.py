"""States that never move, of a claim or gates that currents go through: where a script should move them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Sequence

import attrs
import numpy as np

from natrium.analysis.doctor.reading.claims.sides import Claimed, alike
from natrium.analysis.doctor.reading.expressions.simplify import CLIPS, clipped
from natrium.analysis.doctor.reading.expressions.trees import at_points, leaves, name_of
from natrium.analysis.doctor.reading.findings.case import Case
from natrium.analysis.doctor.reading.findings.found import Found, in_line
from natrium.analysis.doctor.reading.model.recognise import opens
from natrium.analysis.doctor.reading.text.blocks import sets_of
from natrium.analysis.doctor.reading.text.labels import given_by, nodes_of
from natrium.analysis.doctor.reading.text.named import idle
from natrium.analysis.doctor.trace.meanings import plain
from natrium.model.arrays import Array

GATES = ("m", "h", "n")  # what the field calls them
BOUNDS = ("min", "max", "clip", "minimum", "maximum")


@attrs.frozen
class Still:
    """Where a state is kept as it is.

    Attributes
    ----------
    line : int
    lacks : bool
        Whether nothing there sets it: the line is where its neighbour is moved.
    """

    line: int
    lacks: bool


def frozen_number(case: Case, label: str) -> str:
    """Name what stands in V's equation, always the same, for a state of the claim; empty where none does."""
    record = case.maps.record
    read = leaves(case.meant.flows[case.maps.V]) - {*case.maps.moving, record.time, record.dt}
    still = (one for one in sorted(read) if alike(one, label) and np.ptp(_course(case, one)) == 0.0)
    return next(still, "")


def _course(case: Case, name: str) -> Array:
    """Give what a name is at each step; what changes where that is not known."""
    record = case.maps.record
    if name in record.states:
        return record.samples[:, record.states.index(name)]
    if name in record.parameters:
        return np.array([record.parameters[name].value])
    found = record.inputs if name == record.input else record.exogenous.get(name, np.empty(0))
    there = found[~np.isnan(found)]
    return there if there.size else np.array([0.0, np.inf])


def is_frozen(case: Case, sides: Claimed, name: str) -> bool:
    """Tell whether a state of the script stays as it is wherever the claim's moves."""
    maps = case.maps
    kept = not at_points(case.meant.flows[name], sides.points).any()
    if not maps.record.solver:
        moves = {*maps.moving, maps.record.time, maps.record.input}
        kept = kept or not leaves(maps.main.updates[name]) & moves
    return kept and bool(np.any(sides.flows[sides.pairs[name]]))


def frozen_gates(case: Case) -> Iterator[Found]:
    """Find gates beside others that move, by their own names or by those of their rates."""
    maps, moved = case.maps, [one.name for one in case.meant.recognised.gates]
    known = {*maps.record.states, *maps.record.parameters, *maps.record.exogenous, maps.record.input}
    for name in sorted(leaves(case.equations[maps.V]) & known - {maps.V, "", *moved}):
        course = _course(case, name)
        if not moved or np.ptp(course) or not 0.0 < course[0] < 1.0:
            continue
        called = plain(name).lower() in GATES or _has_rates(case, plain(name))
        if called and opens(maps, case.equations, name):
            yield frozen_finding(case, name)


def _has_rates(case: Case, name: str) -> bool:
    """Tell whether the text names opening and closing rates, or a steady state, of a gate."""
    own = re.escape(name)
    rate = re.compile(rf"(alpha|beta|tau|inf)_?{own}|(a|b)_?{own}|{own}_?(inf|ss|steady)")
    named = (getattr(one, "id", getattr(one, "name", None)) for one in nodes_of(case.source))
    return any(rate.fullmatch(one) for one in named if isinstance(one, str))


def frozen_finding(case: Case, name: str, label: str = "") -> Found:
    """Say that a state never moves, and where it should.

    Parameters
    ----------
    case : Case
    name : str
        What the script calls it: a state, or a number.
    label : str
        What a claim calls it.
    """
    maps, record = case.maps, case.maps.record
    value = float(_course(case, name)[0])
    beside = _neighbours(case, name)
    place = _still_in(case, plain(name), _elements(case, name), beside)
    known = record.parameters.get(name)
    if place is None:
        place = Still((known.line if known is not None else 0) or (beside[0] if beside else 0), True)
    where = in_line(case.source, place.line)
    told = f"{where} should move it" if not place.lacks else f"nothing moves it beside {where}"
    model = f" where the model's {label} changes" if label else ""
    return Found(
        "gate-frozen", "fault",
        f"{plain(name)} never moves: it stays at {value:.6g}{model}; {told}.",
        place.line,
        evidence=f"the states that move are {', '.join(plain(one) for one in maps.moving if one != name)}",
        about=name if name in maps.moving else maps.V, sure=True,
    )  # fmt: skip


def _neighbours(case: Case, name: str) -> list[int]:
    """List the lines that move other states: of those that begin before it the last first."""
    maps = case.maps
    begun = {plain(one): at for at, one in enumerate(_begun(case))}
    own = begun.get(plain(name), 0)

    def far(other: str) -> tuple[bool, bool, int]:
        at = begun.get(plain(other), own)
        return (other == maps.V, at >= own, abs(at - own))

    lines = []
    for other in sorted((one for one in maps.moving if one != name), key=far):
        update = maps.main.updates[other]
        while name_of(update) in CLIPS:
            update = clipped(update, frozenset(maps.moving))
        lines += [update.line] if update.args and update.line else []
    return lines


def _begun(case: Case) -> list[str]:
    """List what is given a value, in the order of the text."""
    found = [
        (one.lineno, one.col_offset, getattr(one, "id", getattr(one, "attr", "")))
        for one in nodes_of(case.source)
        if isinstance(one, (ast.Name, ast.Attribute)) and isinstance(one.ctx, ast.Store)
    ]
    return list(dict.fromkeys(name for *_, name in sorted(found)))


def _elements(case: Case, name: str) -> set[tuple[int, int]]:
    """Give which element of how many a state is, where all are kept side by side."""
    record, called = case.maps.record, plain(name)
    found = {(record.states.index(name), len(record.states))} if name in record.states else set()
    for one in nodes_of(case.source):
        if isinstance(one, ast.Assign) and isinstance(one.targets[0], ast.Tuple):
            names = [plain(ast.unparse(part)) for part in one.targets[0].elts]
            if called in names and not isinstance(one.value, ast.Tuple):
                found.add((names.index(called), len(names)))
    return found


def _still_in(case: Case, name: str, elements: set[tuple[int, int]], beside: Sequence[int]) -> Still | None:
    """Find what leaves a state as it is, or the line beside which it is not moved."""
    nodes, lost = nodes_of(case.source), idle(case.source)
    for at in beside:
        for block in _blocks(nodes, at):
            for target, value in (pair for one in block for pair in sets_of(one)):
                called = plain(ast.unparse(target))
                read = {plain(ast.unparse(one)) for one in ast.walk(value)}
                if called == name and not _is_bounded(value):
                    return Still(_stopped(nodes, value) or target.lineno, lacks=False)
                if called in lost and {name, plain(case.maps.dt)} <= read:  # moved under another name
                    return Still(target.lineno, lacks=False)
    for one in nodes:
        if isinstance(one, ast.Return) and one.value is not None:
            for row in (part for part in ast.walk(one.value) if isinstance(part, (ast.Tuple, ast.List))):
                for at, many in elements:
                    if len(row.elts) == many and (line := _stopped(nodes, row.elts[at])):
                        return Still(line, lacks=False)
    return Still(beside[0], lacks=True) if beside else None


def _blocks(nodes: Iterable[ast.AST], line: int) -> Iterator[list[ast.stmt]]:
    """Give the statements among which the one in a line is."""
    for one in nodes:
        for field in ("body", "orelse", "finalbody"):
            block = getattr(one, field, None)
            if isinstance(block, list) and any(
                isinstance(each, (ast.Assign, ast.AugAssign, ast.AnnAssign))
                and each.lineno <= line <= (each.end_lineno or each.lineno)
                for each in block
            ):
                yield block


def _stopped(nodes: Sequence[ast.AST], value: ast.expr) -> int:
    """Give the line of a zero that something is, or of the one that is given to a name in it; 0: none."""
    if _is_zero(value):
        return value.lineno
    names = {one.id for one in ast.walk(value) if isinstance(one, ast.Name)}
    lines = {
        given.lineno
        for one in nodes
        if isinstance(one, ast.Assign)
        for target, given in given_by(one)
        if isinstance(target, ast.Name) and target.id in names and _is_zero(given)
    }
    return lines.pop() if len(lines) == 1 else 0


def _is_bounded(value: ast.expr) -> bool:
    """Tell whether something is no more than kept within bounds."""
    called = ast.unparse(value.func).rpartition(".")[2] if isinstance(value, ast.Call) else ""
    return called in BOUNDS


def _is_zero(node: ast.expr) -> bool:
    """Tell whether something is a zero as it is written, or a product with one."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
        return _is_zero(node.left) or _is_zero(node.right)
    return isinstance(node, ast.Constant) and type(node.value) in (int, float) and node.value == 0
