"""What no model means and the text alone tells: slopes in another order than states, chances above 1."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from natrium.analysis.doctor.reading.findings.case import Case
from natrium.analysis.doctor.reading.findings.found import Found, at_first, in_line
from natrium.analysis.doctor.reading.text.chances import sure_chances
from natrium.analysis.doctor.reading.text.orders import crossed_slopes, crossed_values


def by_text(case: Case) -> Iterator[Found]:
    """List such faults.

    Parameters
    ----------
    case : Case
    """
    for crossed, what, evidence in (
        (crossed_slopes, "states", "each state moves by the slope that stands in its place"),
        (crossed_values, "values", "each name is given the value that stands in its place"),
    ):
        if (found := crossed(case.source)) is not None:
            line, other = found
            yield Found(
                "order-differs", "fault",
                f"{at_first(case.source, line)} has the {what} in another order than "
                f"{in_line(case.source, other)}.",
                line, evidence=evidence,
            )  # fmt: skip
            break
    for line, chance, value in sure_chances(case.source):
        yield Found(
            "chance", "fault",
            f"A chance is at most 1: `{ast.unparse(chance)}` in {in_line(case.source, line)} is {value:.6g}.",
            line, ast.unparse(chance), "", "every number that is drawn between 0 and 1 is below it",
        )  # fmt: skip
