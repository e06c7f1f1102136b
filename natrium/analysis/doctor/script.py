"""Script in, model out: a file is run because told to, and read."""

from __future__ import annotations

import os
import types
import warnings
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import attrs
import numpy as np

from natrium.analysis.accuracy.script import Comparison
from natrium.analysis.doctor.reading.findings.found import Found, sorted_findings
from natrium.analysis.doctor.reading.verdict import Reading, read
from natrium.analysis.doctor.trace import trace_all, trace_script, trace_text
from natrium.analysis.doctor.trace.drive import only_class
from natrium.analysis.doctor.trace.live import live_script
from natrium.analysis.doctor.trace.record import Record
from natrium.analysis.doctor.trace.script import Script, load_script
from natrium.analysis.doctor.trials.settle import settled
from natrium.analysis.doctor.unmoved import NothingMoves, unmoved
from natrium.model import Model, ModelError, Step, UnsupportedModel
from natrium.model.checks import check_path

TRIED = 300_000  # operations of one trial
ENTRIES = 12  # runs of a loop among which the one with the claim's input is looked for
ENDINGS = (".py", ".ipynb")
FEWEST = 20  # steps of a course that one loop makes and another reads


def parted(spec: str | os.PathLike[str]) -> tuple[str, str | None]:
    """Take ``FILE.py:NAME`` apart."""
    check_path(spec)
    text = os.fspath(spec)
    path, _, name = text.partition(".py:")
    return (f"{path}.py", name) if name else (text, None)


def _quietly(trace: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
    with warnings.catch_warnings():  # a script's warnings are its own affair
        warnings.simplefilter("ignore")
        return trace(*arguments, **options)


def traced(path: str | os.PathLike[str], name: str | None = None, claim: Model | None = None) -> Record:
    """Run a script, because told to, and give the loop that looks most like a neuron's."""
    found: Record = _quietly(trace_script, path, name, claimed=claim)
    return found


def read_script(spec: str | os.PathLike[str], claim: Model | None = None) -> tuple[Reading, ...]:
    """Run a script, because told to, and read what it integrates, how, and what is wrong with it.

    Parameters
    ----------
    spec : str or path
        A script, a notebook, or ``"script.py:Name"``: a class or function of it.
    claim : Model, optional
        What it claims to be; it is then held against that, equation by equation.

    Returns
    -------
    tuple of Reading
        One for each loop that steps a neuron, in the order of the script; with a claim the one loop that
        looks most like it.

    Raises
    ------
    ModelError
        When the file cannot be found, read or run, or nothing in it steps.
    NothingMoves
        When no step moves a voltage, and the text tells which line should.
    UnsupportedModel
        When the run cannot be traced: the message says why.
    """
    path, name = parted(spec)
    if not path.endswith(ENDINGS):
        raise ModelError(f"a script must be a .py or .ipynb file, got {path!r}; give path/script.py")
    shown = Path(os.fspath(spec)).name
    try:
        return _read(path, name, claim, shown)
    except (ModelError, UnsupportedModel) as error:
        still = unmoved(load_script(path), shown, str(error)) if name is None else None
        if still is None:
            raise
        raise NothingMoves(still) from None


def _read(path: str, name: str | None, claim: Model | None, shown: str) -> tuple[Reading, ...]:
    if name is not None and claim is not None:
        return (_driven(lambda model: traced(path, name, model), claim, shown),)
    try:
        if claim is not None:
            return (_claimed(load_script(path), claim, shown),)
        found: tuple[Record, ...] = (traced(path, name),) if name is not None else _quietly(trace_all, path)
    except ModelError:
        only = only_class(path) if name is None else None
        if only is None:
            raise
        return _read(path, only, claim, shown)
    kept = [one for one in found if not one.fallback] or [found[0]]
    readings: list[Reading] = []
    refused: UnsupportedModel | None = None
    for number, record in enumerate(kept, start=1):
        title = shown if len(kept) == 1 else f"{shown}, loop {number}"
        try:
            readings.append(read(record, title, claim))
        except UnsupportedModel as error:
            refused = error
    if not readings and refused is not None:
        raise refused
    return tuple(one for one in readings if not _is_course(one, readings)) or tuple(readings)


def _is_course(reading: Reading, among: Sequence[Reading]) -> bool:
    """Tell whether a loop makes what another reads as its input, such as noise that is drawn beforehand."""
    records = [one.record for one in among if one is not reading]
    courses = [course for one in records for course in (one.inputs, *one.exogenous.values())]
    made = reading.record.samples.T if not reading.maps.spikes.size else ()
    pairs = ((own, own[1:], course) for own in made for course in courses if np.ptp(own) > 0.0)
    return any(
        min(own.size, course.size) >= FEWEST and np.array_equal(own[: course.size], course[: own.size])
        for early, late, course in pairs
        for own in (early, late)
    )


def read_live(
    subject: Any, claim: Model, name: str | None = None, comparison: Comparison | None = None, *,
    solve: bool = True,
) -> Reading:  # fmt: skip
    """Read a live class, object or function as `read_script` does one of a file.

    Parameters
    ----------
    subject : class, object or function
        An object starts as it is; what runs is a copy.
    claim : Model
    name : str, optional
        What to call it.
    comparison : Comparison, optional
        Of the claim.
    solve : bool
        Whether to solve the models truly.

    Raises
    ------
    ModelError
        When it cannot be driven, or nothing in it steps.
    UnsupportedModel
        When its source cannot be found, or its run not be traced.
    """
    shown = name or getattr(subject, "__name__", "") or f"an object of {type(subject).__name__}"
    options = {"comparison": comparison, "solve": solve}
    script, called = live_script(subject)
    found = _driven(lambda model: _quietly(trace_text, script, called, model), claim, shown, **options)
    if isinstance(subject, (type, types.FunctionType)):
        return found
    return attrs.evolve(found, findings=sorted_findings([_of_used(one) for one in found.findings]))


def _of_used(one: Found) -> Found:
    """Take another start of an object for what earlier runs have left."""
    if one.key not in ("initial-V", "initial-gates", "starts-refractory"):
        return one
    return attrs.evolve(
        one, key="used", kind="note", said=f"The object may have been used before. {one.said}"
    )


def _claimed(script: Script, claim: Model, shown: str) -> Reading:
    """Read a text against a claim; where that does not tell what is wrong by one line, changes of it tell."""

    def run(text: Script, steps: int, solve: bool = False, trial: bool = False) -> Reading:
        limits = {"max_operations": TRIED, "max_steps": steps} if steps else {}
        return read(_quietly(trace_text, text, None, claim, **limits), shown, claim, solve=solve, trial=trial)

    first: Reading | Exception
    try:
        script, first = _of_its_input(script, run(script, 0, solve=True), run)
    except Exception as error:  # whatever a script with a slip raises
        first = error
    found = settled(script, claim, first, partial(run, trial=True))
    if found is not None:
        return found
    if isinstance(first, Exception):
        raise first
    return first


def _of_its_input(script: Script, first: Reading, run: Callable[..., Reading]) -> tuple[Script, Reading]:
    """Give the run of a loop that has the claim's input, where that which shows most has another."""
    own, entries = first.record.runs
    if any(_is_of_input(one) for one in first.faults):
        for entry in range(1, min(entries, ENTRIES) + 1) if entries > 1 else ():
            other = attrs.evolve(script, entry=entry)
            with suppress(ModelError, UnsupportedModel):  # one that does nothing
                if entry != own and not any(_is_of_input(one) for one in run(other, 0).faults):
                    return other, run(other, 0, solve=True)
    return script, first


def _is_of_input(one: Found) -> bool:
    return one.key in ("input-scaled", "input-differs")


def _driven(trace: Callable[[Model], Record], claim: Model, shown: str, **options: Any) -> Reading:
    """Read what is driven by the claim's input; where nothing fires, by more of it as well, in half steps."""
    own = read(trace(claim), shown, claim, **options)
    if own.maps.spikes.size or not claim.neuron.fires or own.record.solver:
        return own
    run, step = claim.simulation, own.maps.step * own.meant.units.ms
    depth = claim.neuron.v_thresh - claim.neuron.v_reset
    try:
        more = _read_under(trace, claim, shown, Step(2.0 * depth, start=run.t_start + 10 * step), 0.5 * step)
        V = more.record.samples[:, more.record.states.index(more.maps.V)]
        if not np.any(V[0] < V):  # what should drive it up drives it down
            less = Step(-2.0 * depth, start=run.t_start + 10 * step)
            more = _read_under(trace, claim, shown, less, 0.5 * step)
    except (ModelError, UnsupportedModel):
        return own
    known = {(one.key, one.about) for one in own.findings}
    found = [one for one in more.findings if one.kind != "note" and (one.key, one.about) not in known]
    return attrs.evolve(own, findings=sorted_findings([*own.findings, *found]))


def _read_under(
    trace: Callable[[Model], Record], claim: Model, shown: str, stimulus: Step, dt: float
) -> Reading:
    run = attrs.evolve(claim.simulation, dt=dt)
    other = attrs.evolve(claim, stimulus=stimulus, simulation=run)
    return read(trace(other), shown, other, solve=False)
