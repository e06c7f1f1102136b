"""Which of a script's states is the membrane's voltage."""

from __future__ import annotations

from collections.abc import Sequence

from natrium.analysis.doctor.reading.expressions.trees import is_leaf, leaves
from natrium.analysis.doctor.trace.meanings import plain
from natrium.analysis.doctor.trace.record import Node, Record

_VOLTAGE = (
    "v", "vm", "v_m", "vmem", "v_mem", "membrane_potential", "membrane_potentials", "potential", "voltage",
    "membrane_voltage", "mem", "u_m", "um", "potentials", "voltages", "v_membrane", "vs", "v_trace", "u", "x",
    "y",
)  # fmt: skip


def _score(name: str, record: Record) -> int:
    last = plain(name).lower()
    return _VOLTAGE.index(last) if last in _VOLTAGE else len(_VOLTAGE) + ("v" not in last)


def _compared(record: Record) -> list[str]:
    """Name the states whose (new) values are compared, the most often compared first."""
    counts: dict[str, int] = {}
    for step in record.steps:
        for choice in step.choices:
            for side in (choice.left, choice.right):
                for state in record.states:
                    if _stands_for(side, step.updates[state], state, record):
                        counts[state] = counts.get(state, 0) + step.count
    return sorted(counts, key=lambda one: -counts[one])


def _stands_for(side: Node, made: Node, state: str, record: Record) -> bool:
    """Tell whether what is compared is a state, old or new, or its new value from another zero."""
    if side is made or is_leaf(side, state):
        return True
    others = [one for one in side.args if one is not made]
    return side.op in ("+", "-") and len(others) == 1 and leaves(*others) <= set(record.parameters)


def voltage_of(record: Record, moving: Sequence[str]) -> str:
    """Name the state that is the membrane's voltage: by its name, by what is compared, by the input."""
    named = sorted((_score(one, record), at, one) for at, one in enumerate(moving))
    if named and named[0][0] < len(_VOLTAGE) - 3:
        return named[0][2]
    for one in _compared(record):
        if one in moving:
            return one
    for one in moving:
        if any(record.input in leaves(step.updates[one]) for step in record.steps if record.input):
            return one
    return named[0][2] if named else ""
