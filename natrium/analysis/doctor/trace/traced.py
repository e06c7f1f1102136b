"""Runs a script plainly and traced, and makes records of what its steps do."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping
from typing import Any

import attrs
import numpy as np

from natrium.analysis.doctor.trace import tracer as tracing
from natrium.analysis.doctor.trace.build import Builder
from natrium.analysis.doctor.trace.drive import drive_for
from natrium.analysis.doctor.trace.forms import Known, OverBudget, Segment
from natrium.analysis.doctor.trace.learn import Lesson, known_from, lessons
from natrium.analysis.doctor.trace.lists import lists_of
from natrium.analysis.doctor.trace.record import Record
from natrium.analysis.doctor.trace.runs import NARROW, PlainRun, TracedRun, difference
from natrium.analysis.doctor.trace.script import Script, load_script
from natrium.analysis.doctor.trace.solvers import longest, rhs_record
from natrium.analysis.doctor.trace.sweeps import thinned
from natrium.model import ModelError

MAX_OPERATIONS = 1_500_000
MAX_STEPS = 50_000
FEWEST_QUIET = 200
AHEAD = 4  # times the operations: of a loop to which others were in the way


def trace_script(
    path: str | os.PathLike[str], name: str | None = None, *, claimed: Any = None,
    max_operations: int = MAX_OPERATIONS, max_steps: int = MAX_STEPS,
) -> Record:  # fmt: skip
    """Run a script, because told to, and read the maps of its steps off.

    Parameters
    ----------
    path : str or path
        A script or a notebook, of which the code cells are joined line after line.
    name : str, optional
        A class or function of it that is to be driven; without one the script runs as it is.
    claimed : Model, optional
        Whose stimulus and step drive what `name` names.
    max_operations, max_steps : int
        The budget.

    Returns
    -------
    Record
        Of the loop that looks most like a neuron's; `trace_all` gives all of them.

    Raises
    ------
    ModelError
        When the file cannot be read or run, or nothing in it steps.
    """
    return trace_text(load_script(path), name, claimed, max_operations, max_steps)


def trace_text(
    script: Script, name: str | None = None, claimed: Any = None,
    max_operations: int = MAX_OPERATIONS, max_steps: int = MAX_STEPS,
) -> Record:  # fmt: skip
    """Trace a text as `trace_script` does one of a file."""
    records = _traces(script, name, claimed, max_operations, max_steps)
    return max(records, key=lambda one: one[0])[1]


def trace_all(
    path: str | os.PathLike[str], name: str | None = None, *, claimed: Any = None,
    max_operations: int = MAX_OPERATIONS, max_steps: int = MAX_STEPS,
) -> tuple[Record, ...]:  # fmt: skip
    """Run a script and read the maps of all its stepping loops off, in the order of the script.

    Parameters, errors
        As `trace_script`.

    Returns
    -------
    tuple of Record
    """
    script = load_script(path)
    records = _traces(script, name, claimed, max_operations, max_steps, over=name is None)
    return tuple(record for _, record in records)


def _traces(
    script: Script, name: str | None, claimed: Any, max_operations: int, max_steps: int, speaker: int = 0,
    whole: bool = False, pointer: tuple[Any, ...] | None = None, jump_line: int = 0,
    one_loop: int | None = None, over: bool = False,
) -> list[tuple[tuple[Any, ...], Record]]:  # fmt: skip
    """Trace all stepping loops; beside each record, how much like a neuron's it is.

    The run that learns ends when steps make nothing new, unless it is to be a whole one. Where the budget is
    used up by the first runs of a sweep, or by one of several loops, others may be looked at `over` again.
    """
    asked, given, nothing = script, dict(script.given), Known()
    nothing.speaker, nothing.pointer, nothing.jump_line = speaker, pointer, jump_line
    if name:
        script = attrs.evolve(script, main=False)
        before = PlainRun(script, given, max_operations)
        if before.run.error is not None:
            raise ModelError(
                f"a subject's file must run to its end, got {before.run.said()}; mend it or give another"
            ) from None
        drive = drive_for(script, name, before.run.namespace, claimed)
        script, given = attrs.evolve(script, driver=drive.text), given | dict(drive.given)
    plain = PlainRun(script, given, max_operations)
    if any(one.event is not None for one in plain.layers.solver_calls):  # turns of a loop are no steps then
        solved = TracedRun(script, given, Known(), set(), max_operations, max_steps)
        return [((), _solved(script, solved, plain))]
    # What steps a class is the last loop of all.
    only = {max(plain.run.loops)} if "for _natrium_k" in script.driver else None
    only = only if one_loop is None else {one_loop}
    if isinstance(plain.run.error, OverBudget):
        return [((), _fallen(script, f"the plain run takes {plain.run.error}"))]
    without: set[int] = set()
    best: tuple[TracedRun, Lesson, list[Lesson]] | None = None
    for _ in range(3):
        loops = only - without if only is not None else plain.candidates(without)
        if not loops and best is not None:
            break
        quiet = 0 if whole else _quiet(plain, loops)
        first = TracedRun(
            script, given, nothing, loops, max_operations, max_steps, quiet, plain.layers.solver_calls
        )
        if isinstance(first.run.error, OverBudget):
            return [((), _fallen(script, f"the traced run takes {first.run.error}"))]
        learned = lessons(first.tracer)
        if learned and (best is None or learned[0].score > best[1].score):
            best = (first, learned[0], learned)
        if (learned and learned[0].score[0]) or not loops:
            break
        met = {one.loop for one in first.tracer.segments}
        without |= loops & met or loops  # what it did not come to is still to be looked at
    if plain.layers.solver_calls and (best is None or not best[1].score[0]):
        record = _solved(script, first, plain)
        if record.fallback:  # a right-hand side may do more than give derivatives
            record = _solved(
                script, TracedRun(script, given, nothing, loops, max_operations, max_steps), plain
            )
        return [((), record)]
    if (best is None or not best[1].score[1]) and first.tracer.narrow:
        return [((), _fallen(script, NARROW))]
    if best is None and first.run.error is not None and plain.run.error is None:
        return [((), _fallen(script, f"the traced run ends early: {first.run.said()}"))]
    if best is None or not best[1].score[1]:
        if plain.run.error is not None:
            raise ModelError(
                f"a script must run to its end, got {plain.run.said()}; {plain.run.remedy()}"
            ) from None
        raise ModelError(
            f"a script must have a loop of which each turn goes on from the one before, got none in "
            f"{script.path.name}; name the class or function that steps: {script.path.name}:NAME"
        )
    first, lesson, learned = best
    again = (asked, name, claimed, max_operations, max_steps, speaker, True)
    if over and first.tracer.enough and not asked.entry:
        met = {one.loop for one in first.tracer.segments}
        missed = sorted(plain.candidates(without) - met) if one_loop is None else []
        budget = (max_operations, max_steps)
        sparse = _sparse(asked, plain, first, lesson.loop, given, *budget) or asked
        if missed or sparse is not asked:
            found = _traces(sparse, None, None, *budget, one_loop=one_loop)
            entries = plain.hook.entries
            found = [(one, attrs.evolve(got, runs=(got.runs[0], entries[got.loop]))) for one, got in found]
            for one in missed:
                with contextlib.suppress(ModelError):  # it may be none that steps
                    further = (AHEAD * max_operations, max_steps // 2)
                    more = _traces(asked, None, None, *further, one_loop=one, over=True)
                    found += [(score, got) for score, got in more if score and score[0] and not got.fallback]
            return sorted(found, key=lambda pair: pair[1].loop)
    good = sorted((one for one in learned if one.score[0]), key=lambda one: one.loop) or learned[:1]
    if any(one.pointer is not None for one in (lesson, *good)):
        ones = good if lesson in good else [lesson]
        apart = [(one, one.loop if len(ones) > 1 else one_loop) for one in ones]
        return [got for one, at in apart for got in _traces(*again, one.pointer, one.jump_line, at)]
    # What one loop makes and the next reads is a state of the first, and an input of the other.
    together = [[one] for one in good] if any(one.feeds(other) for one in good for other in good) else [good]
    found = []
    for ones in together:
        known, loops = known_from(ones, first.tracer.known), {one.loop for one in ones}
        known.learned = first.tracer.learned
        known.stores = {store for one in first.tracer.segments for store in one.stores}
        for calls in (plain.layers.solver_calls, []):
            second = TracedRun(script, given, known, loops, max_operations, max_steps, solved=calls)
            if second.tracer.unlearned:
                return _traces(*again, pointer, jump_line, one_loop)
            recorded = [(one.score, _recorded(script, second, one.loop, plain)) for one in ones]
            if not (calls and any(record.fallback for _, record in recorded)):
                break  # else its right-hand sides do more than give derivatives
        found += recorded
    if speaker == 0 and any(record.side and len(record.steps) == 1 for _, record in found):
        # The first of many does nothing: where inputs grow from one to the next, the last does most.
        other = _traces(asked, name, claimed, max_operations, max_steps, speaker=-1)
        found = max(found, other, key=lambda ones: sum(len(record.steps) for _, record in ones))
    return found


def _sparse(
    script: Script, plain: PlainRun, first: TracedRun, loop: int, given: Mapping[str, Any],
    max_operations: int, max_steps: int,
) -> Script | None:  # fmt: skip
    """Give the script with some runs of a sweep, from all over it; None where it wants all."""
    sweep, kept, runs = thinned(plain, first, loop, max_steps)
    sparse = attrs.evolve(script, kept={sweep: kept}, runs=runs)
    alike = bool(kept) and type(PlainRun(sparse, given, max_operations).run.error) is type(plain.run.error)
    return sparse if alike else None


def _quiet(plain: PlainRun, loops: set[int]) -> int:
    """Say after how many steps that make nothing new a script's one loop is learned; 0: after all."""
    if len(loops) != 1 or plain.layers.solver_calls or any(plain.hook.entries[one] > 1 for one in loops):
        return 0
    return max(FEWEST_QUIET, *(plain.hook.most[one] // 4 for one in loops))


def _recorded(script: Script, second: TracedRun, loop: int, plain: PlainRun) -> Record:
    segments = [one for one in second.tracer.segments if one.loop == loop and one.steps]
    if not segments:
        return _fallen(script, "the traced run does not come to the loop")
    tracing.begin(second.tracer)
    try:
        chosen = script.entry and min(script.entry, len(segments))
        fullest = segments[chosen - 1] if chosen else _fullest(segments)
        builder = Builder(second.tracer, fullest, second.objects())
        record = builder.record(script.lines, lists_of(second.run.namespace, second.tracer))
        left = builder.left_over(segments)
    finally:
        tracing.end()
    number = 1 + segments.index(fullest) + script.runs * fullest.left_out
    runs = (number, max(len(segments), plain.hook.entries.get(loop, 1)))
    ended = (type(plain.run.error).__name__ if plain.run.error is not None else "", plain.run.ended_at)
    whole = not second.tracer.enough
    return attrs.evolve(
        record, fallback=difference(plain, second), whole=whole, turns=plain.hook.most.get(loop, 0),
        runs=runs, ended=ended, left=left, loop=loop,
    )  # fmt: skip


def _solved(script: Script, second: TracedRun, plain: PlainRun) -> Record:
    """Make the record of what SciPy integrates for the script."""
    if not second.layers.solver_calls:
        return _fallen(script, f"the traced run ends early: {second.run.said()}")
    why = difference(plain, second)  # before the right-hand side, which may keep what it is asked, is asked
    second.tracer.max_operations += second.tracer.operations
    tracing.begin(second.tracer)
    try:
        call = longest(second.layers.solver_calls)
        lists = lists_of(second.run.namespace, second.tracer)
        try:
            record = rhs_record(second.tracer, call, script.lines, lists, second.objects())
        except ModelError:
            raise
        except Exception as error:
            return _fallen(script, f"its right-hand side cannot be traced: {type(error).__name__}: {error}")
    finally:
        tracing.end()
    return attrs.evolve(record, fallback=why)


def _fullest(segments: list[Segment]) -> Segment:
    """Choose, of several entries of one loop, the first with the most different steps."""

    def kinds(segment: Segment) -> int:
        return len({(tuple(one.updates.values()), tuple(one.choices)) for one in segment.steps[:20_000]})

    return max(segments[:50], key=kinds)


def _fallen(script: Script, why: str) -> Record:
    nothing = np.empty(0)
    return Record(
        source=script.lines, states=(), samples=np.empty((0, 0)), parameters={}, input="", inputs=nothing,
        time="", times=nothing, dt="", steps=(), order=np.empty(0, dtype=np.int64), lists={}, fallback=why,
    )  # fmt: skip
