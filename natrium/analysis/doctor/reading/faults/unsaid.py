"""Numbers that a script writes down, and that its equations have otherwise: a time constant, a power."""

from __future__ import annotations

import re
from collections.abc import Iterator

from natrium.analysis.doctor.reading.expressions.trees import LEAF, NUMBER, in_order, leaves, name_of
from natrium.analysis.doctor.reading.findings.case import Case, term_line
from natrium.analysis.doctor.reading.findings.found import Found, in_line, written
from natrium.analysis.doctor.reading.text.named import unread
from natrium.analysis.doctor.trace.meanings import plain

GATES, POWERS = ("m", "h", "n"), (2.0, 3.0, 4.0)
NEAR = 1e-6  # of a ratio
_MEMBRANE = re.compile(r"tau(_?m(em(brane)?)?)?$", re.IGNORECASE)
_MAKES_ONE = re.compile(r"tau|^c(_?m(em)?)?$", re.IGNORECASE)  # what a time constant is, or is made of


def powers_as_factors(case: Case) -> Iterator[Found]:
    """Find a gate that is multiplied by the number to whose power it should be."""
    gates = {one.name for one in case.meant.recognised.gates if plain(one.name).lower() in GATES}
    for node in in_order([case.equations[case.maps.V]]):
        if name_of(node) != "*" or node.args[1].op != NUMBER or node.args[1].value not in POWERS:
            continue
        gate = node.args[0].args[1] if name_of(node.args[0]) == "*" else node.args[0]
        if gate.op == LEAF and gate.name in gates:
            many = f"{node.args[1].value:g}"
            yield Found(
                "power", "fault",
                f"{plain(gate.name)} is multiplied by {many}, in {in_line(case.source, node.line)}: the gate "
                "of a current has a power, **.",
                node.line, f"{plain(gate.name)}*{many}", f"{plain(gate.name)}**{many}", about=case.maps.V,
            )  # fmt: skip


def other_time_constant(case: Case) -> Iterator[Found]:
    """Find a membrane's time constant that nothing reads, where the leak has another, made of none."""
    maps, found = case.maps, case.meant.recognised
    leak, known = found.leak, maps.record.parameters
    if leak is None or not found.whole or found.gates or not leak.slope.is_number or not leak.slope > 0:
        return
    read = leaves(maps.main.updates[maps.V]) & set(known)
    read |= {name for one in read for name in leaves(known[one])}
    if maps.record.side or any(_MAKES_ONE.search(plain(one)) for one in read):
        return
    own = 1.0 / float(leak.slope)
    for name, (_, value) in unread(case.source).items():
        if (
            not _MEMBRANE.match(name)
            or not value
            or any(abs(value / own / unit - 1.0) < NEAR for unit in (1.0, 1e3, 1e-3))
        ):
            continue
        stepped = [known[one].line for one in read if maps.record.dt in leaves(known[one])]
        line = max(stepped, default=0) or term_line(case, {maps.V}, {found.input})
        yield Found(
            "time-constant-unread", "fault",
            f"{name} is {value:g} and never read: the leak's time constant is {own:.6g}; see "
            f"{in_line(case.source, line)}.",
            line, written(case.equations[maps.V]), name, f"nothing in the script reads {name}", about=maps.V,
        )  # fmt: skip
