"""Steps that a spike takes back: a state raised from what it was before the step that was just made of it."""

from __future__ import annotations

from collections.abc import Iterator

from natrium.analysis.doctor.reading.expressions.trees import in_order, leaves
from natrium.analysis.doctor.reading.expressions.wording import text_of
from natrium.analysis.doctor.reading.findings.case import Case
from natrium.analysis.doctor.reading.findings.found import Found, in_line
from natrium.analysis.doctor.reading.text.blocks import block_of, set_in
from natrium.analysis.doctor.trace.meanings import plain


def lost_steps(case: Case) -> Iterator[Found]:
    """Find states that a spike moves on from before the step, though the step has set them anew beside V.

    A spike that is seen before the step, or in a branch that steps nothing, takes nothing back.
    """
    maps, record = case.maps, case.maps.record
    if not maps.firing or maps.threshold is None or not maps.threshold.after or maps.located:
        return
    fired = record.steps[maps.firing[0]].updates
    beside = block_of(case.source, maps.main.updates[maps.V].line)
    for name in maps.moving:
        free, raised = maps.main.updates[name], fired[name]
        if name == maps.V or free.line == raised.line or name not in leaves(raised) or not raised.args:
            continue
        stepped = {one.line for one in in_order([free]) if one.args}
        goes_on = any(one.line in stepped for one in in_order([raised]) if one.args)
        both = set_in(case.source, free.line) & set_in(case.source, raised.line)
        if goes_on or not both or block_of(case.source, free.line) != beside:
            continue
        where = in_line(case.source, raised.line)
        yield Found(
            "stale-value", "fault",
            f"A spike moves {plain(name)} on from what it was before the step, in {where}: the step that "
            f"{in_line(case.source, free.line)} has made is lost.",
            raised.line, text_of(raised), "", "a step without a spike keeps what that line makes",
            about=name, sure=True,
        )  # fmt: skip
