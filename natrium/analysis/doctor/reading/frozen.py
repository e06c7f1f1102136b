"""Gates that currents go through and that no step moves."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import numpy as np

from natrium.analysis.doctor.reading.case import Case, own_line
from natrium.analysis.doctor.reading.findings import Found, in_line
from natrium.analysis.doctor.reading.labels import given_by, nodes_of
from natrium.analysis.doctor.reading.maps import plain
from natrium.analysis.doctor.reading.recognise import opens
from natrium.analysis.doctor.reading.simplify import courses
from natrium.analysis.doctor.reading.trees import leaves

GATES = ("m", "h", "n")  # what the field calls them


def frozen_gates(case: Case) -> Iterator[Found]:
    """Find gates beside others that move, by their own names or by those of their rates."""
    maps, record = case.maps, case.maps.record
    moved = [one.name for one in case.meant.recognised.gates]
    given = {name: float(np.ravel(course)[0]) for name, course in courses(record).items()}
    for name in sorted(leaves(case.equations[maps.V]) & set(given) - {maps.V, *moved}):
        kept = name in record.states
        if kept and np.any(record.samples[:, record.states.index(name)] != given[name]):
            continue
        called = plain(name).lower() in GATES or _has_rates(case, plain(name))
        if not moved or not called or not 0.0 < given[name] < 1.0:
            continue
        if not opens(maps, case.equations, name):
            continue
        line = (_kept_by(case, plain(name)) if kept else 0) or _beside(case, name, moved)
        yield Found(
            "gate-frozen", "fault",
            f"No step moves the gate {plain(name)}, which begins as {given[name]:.6g}, beside "
            f"{', '.join(map(plain, moved))}: see {in_line(case.source, line)}.",
            line, evidence=f"{plain(name)} is read in what makes {plain(maps.V)}, and never written",
            about=name,
        )  # fmt: skip


def _has_rates(case: Case, name: str) -> bool:
    """Tell whether the text names opening and closing rates, or a steady state, of a gate."""
    own = re.escape(name)
    rate = re.compile(rf"(alpha|beta|tau|inf)_?{own}|(a|b)_?{own}|{own}_?(inf|ss|steady)")
    named = (getattr(one, "id", getattr(one, "name", None)) for one in nodes_of(case.source))
    return any(rate.fullmatch(one) for one in named if isinstance(one, str))


def _kept_by(case: Case, name: str) -> int:
    """Give the line that sets a state to what it was; 0: none."""
    for one in (each for each in nodes_of(case.source) if isinstance(each, ast.Assign)):
        for target, value in given_by(one):
            sides = (target, value)
            bare = all(isinstance(side, (ast.Name, ast.Subscript, ast.Attribute)) for side in sides)
            if bare and all(plain(ast.unparse(side)) == name for side in sides):
                return one.lineno
    return 0


def _beside(case: Case, name: str, moved: list[str]) -> int:
    """Give the line that moves the gate that begins before one that nothing moves, else the one after it."""
    begun = {plain(one): at for at, one in enumerate(_begun(case))}
    at = begun.get(plain(name), 0)
    before = [one for one in moved if begun.get(plain(one), at) < at]
    near = max(before, key=lambda one: begun[plain(one)]) if before else moved[0]
    return own_line(case.maps.main.updates[near])


def _begun(case: Case) -> list[str]:
    """List what is given a value, in the order of the text."""
    found = [
        (one.lineno, one.col_offset, getattr(one, "id", getattr(one, "attr", "")))
        for one in nodes_of(case.source)
        if isinstance(one, (ast.Name, ast.Attribute)) and isinstance(one.ctx, ast.Store)
    ]
    return list(dict.fromkeys(name for *_, name in sorted(found)))
