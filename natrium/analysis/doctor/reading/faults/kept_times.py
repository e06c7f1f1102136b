"""Times that a script keeps beside its samples and its spikes, and that are not the run's."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

import numpy as np

from natrium.analysis.doctor.reading.findings.case import Case
from natrium.analysis.doctor.reading.findings.found import Found, at_first
from natrium.analysis.doctor.reading.text.blocks import given_to
from natrium.analysis.doctor.reading.text.labels import nodes_of
from natrium.analysis.doctor.reading.text.named import called
from natrium.analysis.doctor.trace.meanings import (
    is_of_spikes,
    is_times,
    is_times_of_spikes,
    plain,
    step_rank,
)
from natrium.model.arrays import Array

UNITS = (1.0, 1e3, 1e-3)  # a label may be in ms where the run is in s, or the other way round
SLACK = 1.5  # steps by which a label may be early or late: the run may be read from either end
SLIGHT = 1e-3  # of a step: rounding of its clock
FEWEST = 3  # samples that make an axis


def kept_times(case: Case) -> list[Found]:
    """List the lists of times in which the run's are not what stands.

    Parameters
    ----------
    case : Case
    """
    maps = case.maps
    if maps.record.solver or not maps.record.whole or maps.record.runs[1] > 1 or maps.record.side:
        return []
    return list(_axes(case)) or list(_labels(case))


def _labels(case: Case) -> Iterator[Found]:
    """Find times of spikes that are not when the run fires."""
    maps, starts = case.maps, case.meant.clock.starts
    if np.any(np.abs(np.diff(starts) / maps.step - 1.0) > SLIGHT):
        return  # it is no clock of these steps
    units = (*UNITS, case.scheme.substeps)  # of which each may be as long as the step
    for name, own in maps.record.lists.items():
        if own.ndim != 1 or own.size != maps.spikes.size or not own.size or not is_of_spikes(name):
            continue
        at = starts[maps.spikes]
        counts = _is_near(own * maps.step, at, maps.step) and _is_time_of_counts(case.source, name)
        lines = [line for line, value in _given(case.source, name) if counts or _tells_time(value)]
        if any(_is_near(own / unit, at, maps.step) for unit in units) or len(lines) != 1:
            continue
        yield Found(
            "spike-label", "fault",
            f"{at_first(case.source, lines[0])} keeps {own[0]:.6g} for the first spike, which is made in the "
            f"step that begins at {at[0]:.6g}.",
            lines[0], evidence=f"{own.size} spikes, none of which has its time" if own.size > 1 else "",
            about=plain(name),
        )  # fmt: skip


def _is_near(times: Array, at: Array, step: float) -> bool:
    """Tell whether times are those of steps, their beginnings or their ends."""
    return bool(np.all(np.abs(times - at - 0.5 * step) <= (SLACK + 0.5) * step))


def _is_time_of_counts(source: Sequence[str], name: str) -> bool:
    """Tell whether a list of step numbers has the name of times, and nothing makes times or places of it."""
    if not is_times_of_spikes(name):
        return False
    nodes = nodes_of(source)
    sizes = [one for one in nodes if isinstance(one, ast.Call) and called(one.func) == "len"]
    asked = {id(part) for one in sizes for part in ast.walk(one)}  # only how many there are

    def reads(node: ast.AST) -> bool:
        return any(called(one) == plain(name) and id(one) not in asked for one in ast.walk(node))

    for one in nodes:
        if isinstance(one, ast.BinOp) and isinstance(one.op, ast.Mult | ast.Div) and reads(one):
            return False
        if isinstance(one, ast.Subscript) and reads(one.slice):
            return False
        if isinstance(one, ast.For | ast.comprehension) and reads(one.iter):
            return False
        if isinstance(one, ast.Assign) and reads(one.value) and not any(map(reads, one.targets)):
            return False
    return True


def _axes(case: Case) -> Iterator[Found]:
    """Find times beside the samples that do not go on by the step."""
    maps, n = case.maps, case.maps.record.order.size
    for name, own in maps.record.lists.items():
        if own.ndim != 1 or own.size not in (n, n + 1) or n < FEWEST or not is_times(name):
            continue
        by = np.diff(own)
        lengths = (*UNITS, case.scheme.substeps, 1.0 / maps.step)  # or it counts them
        steps = [maps.step * unit for unit in lengths]
        off = min((np.abs(by / one - 1.0) > 2.0 / n for one in steps), key=np.count_nonzero)
        if not off.any():
            continue
        given = _given(case.source, name)
        begin = not off[1:].any()  # with what it begins, and goes on as it should
        lines = [line for line, value in given if begin == isinstance(value, (ast.List, ast.Constant))]
        lines = lines if given[1:] else [line for line, _ in given]
        if len(lines) != 1 or any(_rounds(value) for _, value in given):
            continue
        k = int(np.argmax(off))
        yield Found(
            "time-axis", "fault",
            f"{at_first(case.source, lines[0])} goes on by {by[k]:.6g} from a sample to the next, where a "
            f"step is {maps.step:.6g}.",
            lines[0], evidence=f"at {int(off.sum())} of {by.size} samples", about=plain(name),
        )  # fmt: skip


def _given(source: Sequence[str], name: str) -> list[tuple[int, ast.expr]]:
    """List what a list is made of, or what is appended to it or set in it, by line."""
    values = [value for _, _, value in given_to(source, name)]
    return [(one.lineno, one) for one in values if not (isinstance(one, ast.List) and not one.elts)]


def _tells_time(value: ast.expr) -> bool:
    """Tell whether what is kept is a time: it is made of the step or of the clock."""
    calls = {id(one.func) for one in ast.walk(value) if isinstance(one, ast.Call)}  # cell.step() is none
    parts = [one for one in ast.walk(value) if isinstance(one, (ast.Name, ast.Attribute))]
    names = [ast.unparse(one) for one in parts if id(one) not in calls]
    return any(step_rank(one) is not None or is_times(one) for one in names)


def _rounds(value: ast.expr) -> bool:
    return any(isinstance(one, ast.Call) and called(one.func) == "round" for one in ast.walk(value))
