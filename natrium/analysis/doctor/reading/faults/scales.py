"""Scales that do not go together: times in two units, and noise that goes by the step itself."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np

from natrium.analysis.doctor.reading.expressions.trees import in_order, is_leaf, leaves, name_of
from natrium.analysis.doctor.reading.expressions.wording import text_of
from natrium.analysis.doctor.reading.findings.case import Case, line_in, reading_line
from natrium.analysis.doctor.reading.findings.found import Found, in_line
from natrium.analysis.doctor.reading.model.units import MILLISECONDS, SECONDS, comments
from natrium.analysis.doctor.reading.text.noise import is_drawn_before, numbered
from natrium.analysis.doctor.trace.meanings import is_noise, plain
from natrium.analysis.doctor.trace.record import Node
from natrium.model.arrays import Array

NEAR = 1e-9  # relative: rounding
OFF = 1e-3  # of a time constant: a step that is shorter is in another unit where a comment says so
FEWEST = 100  # draws, of which a mean is known
MEMORY = 0.5  # correlation of neighbours from which noise is no white one
CENTRED = 0.25  # of its own spread: so far may the mean of noise be from 0
_WHITE = re.compile(r"white.?noise|wiener|brownian|maruyama|ornstein|langevin", re.IGNORECASE)


def scales(case: Case) -> Iterator[Found]:
    """Find such scales.

    Parameters
    ----------
    case : Case
    """
    yield from _two_units(case)
    yield from _noise_by_step(case)
    yield from _noise_frozen(case)


def _two_units(case: Case) -> Iterator[Found]:
    """Find a step in s, by its comment, that is divided by a time constant in ms, by its own."""
    maps, leak = case.maps, case.meant.recognised.leak
    known = maps.record.parameters
    if leak is None or not leak.slope.is_number or maps.record.dt not in known:
        return
    rate, own = float(leak.slope), known[maps.record.dt]
    for name, node in known.items():
        is_tau = name != maps.record.dt and abs(node.value * rate - 1.0) < NEAR
        if (
            is_tau
            and maps.step * rate < OFF
            and (_unit(case, own.line), _unit(case, node.line)) == ("s", "ms")
        ):
            line = maps.main.updates[maps.V].line
            yield Found(
                "units-differ", "fault",
                f"{plain(maps.record.dt)} is in s by line {own.line}, and {plain(name)} in ms by line "
                f"{node.line}: {in_line(case.source, line)} takes them for times of one unit.",
                line, evidence=f"a step is {maps.step * rate:.3g} of the time constant", about=maps.V,
            )  # fmt: skip
            return


def _unit(case: Case, line: int) -> str:
    """Give the unit that the comment of a line says, alone and of no number: s or ms; empty: none."""
    text = comments(case.maps).get(line, "")
    said = [unit for unit, words in (("ms", MILLISECONDS), ("s", SECONDS)) if words.search(text)]
    return said[0] if len(said) == 1 and not re.search(r"\d", text) else ""


def _remembers(drawn: Array) -> bool:
    """Tell whether what is drawn hangs on what was drawn before: then dt is what it goes by."""
    rest = drawn - np.mean(drawn)
    return float(rest[1:] @ rest[:-1]) > MEMORY * float(rest @ rest)


def _noise_by_step(case: Case) -> Iterator[Found]:
    """Find noise that is drawn anew in each step and goes by the step, not by its root."""
    maps, record = case.maps, case.maps.record
    if maps.noise or not record.dt or record.solver:
        return
    flow = case.equations[maps.V]
    courses = {**record.exogenous, **({record.input: record.inputs} if record.input else {})}
    for name in sorted(leaves(flow) & courses.keys()):
        drawn = np.asarray(courses[name], dtype=float)
        drawn = drawn[np.isfinite(drawn)]
        anew = drawn.size >= FEWEST and bool(np.all(np.diff(drawn) != 0.0))
        if (
            not is_noise(name)
            or not anew
            or _remembers(drawn)
            or abs(np.mean(drawn)) > CENTRED * np.std(drawn)
        ):
            continue
        tree = maps.main.updates[maps.V]
        own = next(one for one in in_order([flow]) if is_leaf(one, name))
        line = reading_line(tree, name) or line_in(tree, own)[0]
        white = _is_rooted(flow, name) or any(_WHITE.search(one) for one in comments(maps).values())
        yield Found(
            "noise-by-dt", "fault" if white else "rule",
            f"{plain(name)} is drawn anew in each step and multiplied by {plain(record.dt)}, in "
            f"{in_line(case.source, line)}: the shorter a step is, the less it does. White noise goes by "
            f"the root of {plain(record.dt)}.",
            line, text_of(own), evidence=f"{drawn.size} draws", about=maps.V,
        )  # fmt: skip
        return


def _noise_frozen(case: Case) -> Iterator[Found]:
    """Find noise of which every step reads one and the same number of many that were drawn."""
    maps, record = case.maps, case.maps.record
    tree = maps.main.updates[maps.V]
    for name in sorted(leaves(tree) & record.parameters.keys()):
        base = name.partition("[")[0]
        if record.side or not (is_noise(base) and is_drawn_before(case.source, base)):
            continue
        line = reading_line(tree, name)
        stands = next(iter(numbered(case.source, line, plain(base))), "")
        if not stands:
            continue
        yield Found(
            "noise-frozen", "fault",
            f"Every step reads {stands} alone, in {in_line(case.source, line)}: one and the same number.",
            line, stands, evidence=f"it is {record.parameters[name].value:.6g} in {record.order.size} steps",
            about=maps.V,
        )  # fmt: skip
        return


def _is_rooted(flow: Node, name: str) -> bool:
    """Tell whether what noise is multiplied by has a root in it, as the size of white noise has."""
    for node in in_order([flow]):
        if name_of(node) in ("*", "/") and name in leaves(node):
            others = [one for one in node.args if name not in leaves(one)]
            if any(name_of(one) == "sqrt" for one in in_order(others)):
                return True
    return False
