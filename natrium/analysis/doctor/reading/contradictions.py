"""Numbers of a script that contradict each other, whatever model it means."""

from __future__ import annotations

from collections.abc import Iterator

from natrium.analysis.doctor.reading.case import Case
from natrium.analysis.doctor.reading.checks import beyond_reach
from natrium.analysis.doctor.reading.findings import Found, in_line, quoted
from natrium.analysis.doctor.reading.maps import plain
from natrium.analysis.doctor.reading.named import unread
from natrium.analysis.doctor.reading.resets import parameter_line, reset_line
from natrium.analysis.doctor.reading.rules import number_at, unfinished
from natrium.analysis.doctor.reading.wording import text_of


def contradictions(case: Case) -> Iterator[Found]:
    """Find a reset above the threshold, a refractory time longer than the run, a factor that is left out."""
    yield from _reset_above(case)
    yield from _refractory_beyond(case)
    yield from _left_out(case)


def _reset_above(case: Case) -> Iterator[Found]:
    maps, known = case.maps, case.maps.record.parameter_values
    test, reset = maps.threshold, maps.resets.get(maps.V)
    if test is None or reset is None or not test.after or test.relation not in (">", ">="):
        return
    level, value = number_at(test.level, known), number_at(reset, known)
    if value > level:  # never of what is no number
        line = parameter_line(case, reset) or reset.line or reset_line(case, maps.V)
        yield Found(
            "reset-above", "fault",
            f"A spike sets {plain(maps.V)} to {value:g}, above its threshold of {level:g}: "
            f"{in_line(case.source, line)}.",
            line, text_of(reset), evidence=f"compared in line {test.line}; {maps.spikes.size} spikes",
        )  # fmt: skip


def _refractory_beyond(case: Case) -> Iterator[Found]:
    maps, found = case.maps, case.meant.refractory
    whole = maps.record.order.size * maps.step
    if found is None or not found.name or not found.named > whole or not unfinished(maps):
        return
    line, ms = maps.record.parameters[found.name].line or found.line, case.meant.units.ms
    yield Found(
        "refractory-endless", "fault",
        f"{plain(found.name)} is {found.named * ms:g} ms, in {in_line(case.source, line)}, where the whole "
        f"run is {whole * ms:g} ms: the first spike is the last.",
        line, evidence=f"the last {unfinished(maps)} steps are held",
    )  # fmt: skip


def _left_out(case: Case) -> Iterator[Found]:
    """Find a number that is never read, times which the input would reach the threshold."""
    if (beyond := beyond_reach(case)) is None:
        return
    _, level, rest, driven = beyond
    for name, (line, value) in unread(case.source).items():
        if value and driven > 0.0 and rest + driven * value >= level:
            yield Found(
                "unused-parameter", "fault",
                f"{name} is given a value in {in_line(case.source, line)} and never read: nothing reaches "
                f"the threshold of {level:g}, and {name} times the input would.",
                line, quoted(case.source, line), evidence=f"the input alone takes it to {rest + driven:.6g}",
            )  # fmt: skip
            return
