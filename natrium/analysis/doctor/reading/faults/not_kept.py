"""States that do not go on from what they were, by which elements and names the text sets and reads."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import chain

from natrium.analysis.doctor.reading.claims.resets import passed_up
from natrium.analysis.doctor.reading.findings.case import Case
from natrium.analysis.doctor.reading.findings.found import Found, at_first, in_line, quoted
from natrium.analysis.doctor.reading.model.rules import number_at
from natrium.analysis.doctor.reading.text.carried import carried_from_another
from natrium.analysis.doctor.reading.text.kept import set_behind, set_for_another, slips
from natrium.analysis.doctor.reading.text.named import number_of, numbers_named
from natrium.analysis.doctor.trace.meanings import plain

_OF_OTHERS = (set_for_another, carried_from_another)


def not_kept(case: Case) -> Iterator[Found]:
    """Find states that do not go on from what they were, or that a spike sets where nothing reads it."""
    maps = case.maps
    line, V = maps.main.updates[maps.V].line, plain(maps.V)
    if maps.record.solver:
        return
    readings = (slips(case.source, line, V), *(of(case.source, line) for of in _OF_OTHERS))
    for one in chain(*readings):
        yield Found(
            "not-carried-on", "fault",
            f"{plain(one.name)} {one.said}, in {in_line(case.source, one.line)}.",
            one.line, quoted(case.source, one.line), about=one.name,
        )  # fmt: skip
    known, test = maps.record.parameter_values, passed_up(maps)
    values = numbers_named(case.source) | {plain(name): value for name, value in known.items()}
    level = number_at(test.level, known) if test is not None else math.nan
    for at, node in set_behind(case.source, line, V):
        if number_of(node, values) < level:  # above it a spike is drawn
            yield Found(
                "reset-missing", "fault",
                f"{at_first(case.source, at)} sets {V} as it was before it went over the threshold: what it "
                "has come to stays.",
                at, quoted(case.source, at), about=maps.V,
            )  # fmt: skip
