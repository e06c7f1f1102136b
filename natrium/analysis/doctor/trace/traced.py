"""Runs a script plainly and traced, and makes records of what its steps do."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs
import numpy as np

from natrium.analysis.doctor.trace import tracer as tracing
from natrium.analysis.doctor.trace.build import Builder
from natrium.analysis.doctor.trace.drive import drive_for
from natrium.analysis.doctor.trace.elements import unwrapped
from natrium.analysis.doctor.trace.forms import Known, OverBudget, Segment
from natrium.analysis.doctor.trace.layers import Layers
from natrium.analysis.doctor.trace.learn import Lesson, known_from, lessons
from natrium.analysis.doctor.trace.lists import lists_of
from natrium.analysis.doctor.trace.numbers import Remembers
from natrium.analysis.doctor.trace.plain import Plain
from natrium.analysis.doctor.trace.record import Record
from natrium.analysis.doctor.trace.script import Run, Script, load_script
from natrium.analysis.doctor.trace.solvers import rhs_record
from natrium.analysis.doctor.trace.standins import digest
from natrium.analysis.doctor.trace.tracer import Tracer
from natrium.analysis.doctor.trace.watch import Watch
from natrium.model import ModelError

MAX_OPERATIONS = 20_000_000
MAX_STEPS = 1_000_000
# Turns below which a loop is no stepping loop.
_FEWEST = 5
_NARROW = "float32: its rounding is not followed"


class PlainRun:
    """The plain run: what it leaves, and how often its loops turned."""

    def __init__(
        self, script: Script, given: Mapping[str, Any], max_operations: int, compiled: bool = True
    ) -> None:
        self.run = Run(script, tracing=False, compiled=compiled)
        self.layers = Layers(False, self.run.outputs, self.run.sibling, uncompiled=not compiled)
        made: list[Plain] = []

        def make(scratch: Path) -> Plain:
            made.append(Plain(self.layers, scratch, max_operations))
            return made[0]

        self.run.go(make, dict(given))
        self.hook = made[0]
        if compiled and self.layers.compiled:
            # Loops that Numba compiles are counted apart, uncompiled.
            self.hook = PlainRun(script, given, max_operations, compiled=False).hook

    def candidates(self, without: set[int]) -> set[int]:
        """Choose loops that do not hold each other: of nested ones that with the most turns."""
        most = {one: n for one, n in self.hook.most.items() if n >= _FEWEST and one not in without}
        chosen: set[int] = set()
        for one in sorted(most, key=lambda k: (-most[k], k)):
            above = self.hook.parents.get(one, set())
            if not any(other in above or one in self.hook.parents.get(other, set()) for other in chosen):
                chosen.add(one)
        return chosen


class TracedRun:
    """A traced run."""

    def __init__(
        self, script: Script, given: Mapping[str, Any], known: Known, loops: set[int], operations: int,
        steps: int,
    ) -> None:  # fmt: skip
        self.run = Run(script, tracing=True)
        self.layers = Layers(True, self.run.outputs, self.run.sibling)
        self.tracer = Tracer(self.run.filename, known, loops, operations, steps)
        made: list[Watch] = []

        def make(scratch: Path) -> Watch:
            made.append(Watch(self.layers, scratch, operations, self.tracer))
            made[0].module_name = "natrium_traced_script"
            return made[0]

        tracing.begin(self.tracer)
        try:
            self.run.go(make, dict(given))
        finally:
            tracing.end()
        self.hook = made[0]

    def objects(self) -> dict[tuple[Any, ...], str]:
        """Give the objects of the script by the variables that hold them."""
        names: dict[tuple[Any, ...], str] = {}
        keys = {number: key for number, (_, key) in self.hook.objects.items()}
        for name, value in self.run.namespace.items():
            if name.startswith("_"):
                continue
            if id(value) in keys:
                names.setdefault(keys[id(value)], name)
            if isinstance(value, (list, tuple)):
                for k, one in enumerate(value):
                    if id(one) in keys:
                        names.setdefault(keys[id(one)], f"{name}[{k}]")
        for _, (holder, _) in list(self.hook.objects.items()):
            for attr, value in list(vars(holder).items()):
                if id(value) in keys:
                    names.setdefault(keys[id(value)], f"self.{attr}")
                if isinstance(value, (list, tuple)):
                    for k, one in enumerate(value):
                        if id(one) in keys:
                            names.setdefault(keys[id(one)], f"self.{attr}[{k}]")
        return names


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
    records = _traces(path, name, claimed, max_operations, max_steps)
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
    records = _traces(path, name, claimed, max_operations, max_steps)
    return tuple(record for _, record in records)


def _traces(
    path: str | os.PathLike[str], name: str | None, claimed: Any, max_operations: int, max_steps: int
) -> list[tuple[tuple[Any, ...], Record]]:
    """Trace all stepping loops; beside each record, how much like a neuron's it is."""
    script = load_script(path)
    given: dict[str, Any] = {}
    only: set[int] | None = None
    if name:
        script = attrs.evolve(script, main=False)
        before = PlainRun(script, given, max_operations)
        if before.run.error is not None:
            raise ModelError(
                f"a subject's file must run to its end, got {before.run.said()}; mend it or give another"
            ) from None
        drive = drive_for(script, name, before.run.namespace, claimed)
        script, given = attrs.evolve(script, driver=drive.text), dict(drive.given)
        only = {max(before.run.loops, default=-1) + 1} if "for _natrium_k" in drive.text else None
    plain = PlainRun(script, given, max_operations)
    if isinstance(plain.run.error, OverBudget):
        return [((), _fallen(script, f"the plain run takes {plain.run.error}"))]
    without: set[int] = set()
    best: tuple[TracedRun, Lesson, list[Lesson]] | None = None
    for _ in range(3):
        loops = only - without if only is not None else plain.candidates(without)
        if not loops and best is not None:
            break
        first = TracedRun(script, given, Known(), loops, max_operations, max_steps)
        if isinstance(first.run.error, OverBudget):
            return [((), _fallen(script, f"the traced run takes {first.run.error}"))]
        learned = lessons(first.tracer)
        if learned and (best is None or learned[0].score > best[1].score):
            best = (first, learned[0], learned)
        if (learned and learned[0].score[0]) or not loops:
            break
        without |= loops
    if plain.layers.solver_calls and (best is None or not best[1].score[0]):
        return [((), _solved(script, given, plain, max_operations, max_steps))]
    if (best is None or not best[1].score[1]) and first.tracer.narrow:
        return [((), _fallen(script, _NARROW))]
    if best is None or not best[1].score[1]:
        if plain.run.error is not None:
            raise ModelError(
                f"a script must run to its end, got {plain.run.said()}; mend it or give another"
            ) from None
        raise ModelError(
            f"a script must have a loop of which each turn goes on from the one before, got none in "
            f"{script.path.name}; name the class or function that steps: {script.path.name}:NAME"
        )
    first, _, learned = best
    good = sorted((one for one in learned if one.score[0]), key=lambda one: one.loop) or learned[:1]
    known = known_from(good, first.tracer.known)
    loops = {one.loop for one in good}
    second = TracedRun(script, given, known, loops, max_operations, max_steps)
    return [(one.score, _recorded(script, second, one.loop, plain)) for one in good]


def _recorded(script: Script, second: TracedRun, loop: int, plain: PlainRun) -> Record:
    segments = [one for one in second.tracer.segments if one.loop == loop and one.steps]
    if not segments:
        return _fallen(script, "the traced run does not come to the loop")
    tracing.begin(second.tracer)
    try:
        builder = Builder(second.tracer, _fullest(segments), second.objects())
        record = builder.record(script.lines, lists_of(second.run.namespace, second.tracer))
    finally:
        tracing.end()
    return attrs.evolve(record, fallback=_difference(plain, second))


def _solved(
    script: Script, given: Mapping[str, Any], plain: PlainRun, max_operations: int, max_steps: int
) -> Record:
    """Make the record of what SciPy integrates for the script."""
    second = TracedRun(script, given, Known(), set(), max_operations, max_steps)
    if not second.layers.solver_calls:
        return _fallen(script, f"the traced run ends early: {second.run.said()}")
    tracing.begin(second.tracer)
    try:
        call = max(second.layers.solver_calls, key=lambda one: len(one[2]))
        lists = lists_of(second.run.namespace, second.tracer)
        try:
            record = rhs_record(second.tracer, call, script.lines, lists, second.objects())
        except ModelError:
            raise
        except Exception as error:
            return _fallen(script, f"its right-hand side cannot be traced: {type(error).__name__}: {error}")
    finally:
        tracing.end()
    return attrs.evolve(record, fallback=_difference(plain, second))


def _fullest(segments: list[Segment]) -> Segment:
    """Choose, of several entries of one loop, the first with the most different steps."""

    def kinds(segment: Segment) -> int:
        return len({(tuple(one.updates.values()), tuple(one.choices)) for one in segment.steps[:20_000]})

    return max(segments[:50], key=kinds)


def _difference(plain: PlainRun, traced: TracedRun) -> str:
    """Say where the traced run differs from the plain one; nothing where every double is the same."""
    if traced.tracer.narrow:
        return _NARROW
    if traced.run.error is not None and plain.run.error is None:
        return f"the traced run ends early: {traced.run.said()}"
    why = " (numba compiles it)" if plain.layers.compiled else ""
    for name, value in plain.run.namespace.items():
        if name.startswith("_") or name not in traced.run.namespace:
            continue
        if not _same(value, traced.run.namespace[name]):
            return f"{name} of the traced run differs from the plain run's{why}"
    for one, other in zip(plain.run.outputs.seen, traced.run.outputs.seen, strict=False):
        if one != other:
            return f"what {one[0]} is given differs from the plain run's{why}"
    if len(plain.run.outputs.seen) != len(traced.run.outputs.seen):
        return f"the traced run draws and prints other things than the plain run{why}"
    return ""


def _same(one: Any, other: Any, depth: int = 0) -> bool:
    """Whether two values hold the same doubles."""
    if isinstance(other, Remembers):
        return type(one) is type(other.raw) and digest(one) == digest(other.raw)
    if isinstance(one, (bool, int, float, np.number, np.bool_, str)):
        return digest(one) == digest(unwrapped(other))
    if isinstance(one, np.ndarray):
        return digest(one) == digest(unwrapped(other))
    if isinstance(one, (list, tuple, dict)) and depth < 3:
        if not isinstance(other, (list, tuple, dict)) or len(one) != len(other):
            return False
        if isinstance(one, dict):
            return all(key in other and _same(value, other[key], depth + 1) for key, value in one.items())
        return all(_same(a, b, depth + 1) for a, b in zip(one, other, strict=True))
    if type(one).__module__ == "natrium_traced_script" and hasattr(one, "__dict__") and depth < 3:
        theirs = getattr(other, "__dict__", {})
        return all(key in theirs and _same(value, theirs[key], depth + 1) for key, value in vars(one).items())
    return True


def _fallen(script: Script, why: str) -> Record:
    nothing = np.empty(0)
    return Record(
        source=script.lines, states=(), samples=np.empty((0, 0)), parameters={}, input="", inputs=nothing,
        time="", times=nothing, dt="", steps=(), order=np.empty(0, dtype=np.int64), lists={}, fallback=why,
    )  # fmt: skip
