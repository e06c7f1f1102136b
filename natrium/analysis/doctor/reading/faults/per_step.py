"""Inputs that hang on how long a step is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from natrium.analysis.doctor.reading.findings.found import Found, in_line, written
from natrium.analysis.doctor.trace.meanings import plain
from natrium.analysis.doctor.trace.record import Node, Record


def told_per_step(record: Record, added: Mapping[str, Node]) -> Iterator[Found]:
    """Tell of them: with steps of another length it is another input.

    Parameters
    ----------
    record : Record
    added : mapping of str to Node
    """
    main = max(record.steps, key=lambda one: one.count)
    for state, more in added.items():
        line = main.updates[state].line
        yield Found(
            "input-per-step", "rule",
            f"Each step adds `{written(more)}` to {plain(state)}, however long it is, in "
            f"{in_line(record.source, line)}: with another {plain(record.dt)} it is another input. The model "
            "takes what is added as one that is held over the step.",
            line, written(more), about=state,
        )  # fmt: skip
