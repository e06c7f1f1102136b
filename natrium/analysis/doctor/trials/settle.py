"""Which one change of a script's text makes it what it claims to be."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Container

import attrs
import numpy as np

from natrium.analysis.accuracy.truth import reference
from natrium.analysis.doctor.reading.claims.states import moves_at_spikes
from natrium.analysis.doctor.reading.expressions.numbers import numbers_of
from natrium.analysis.doctor.reading.expressions.trees import in_order
from natrium.analysis.doctor.reading.findings.found import Found, at_first, sorted_findings
from natrium.analysis.doctor.reading.verdict import Reading
from natrium.analysis.doctor.trace.foreign import at_most
from natrium.analysis.doctor.trace.forms import Enough
from natrium.analysis.doctor.trace.meanings import is_input as names_input
from natrium.analysis.doctor.trace.meanings import plain
from natrium.analysis.doctor.trace.script import Script
from natrium.analysis.doctor.trials.distance import FAR, distances
from natrium.analysis.doctor.trials.edits import WANTED, Edit, Editor
from natrium.analysis.doctor.trials.screen import CALLS, TURNS, Screen
from natrium.model import Model, SolverError
from natrium.model.arrays import Array

UNSEEN = 2e-3  # of V's range: a course that is off by less, over the run, is the claim's
OFF = 0.05  # a course that is off by more is not, though nothing is found in it
DRIFT = 0.1  # a course that is off by less may be a sound script's with a coarse step
NOTHING = 0.9  # a run that is off by more may keep no V at all
LITTLE = 0.1  # of how far it is off where that first shows: a change that leaves less mends that
MUCH = 0.3  # of how far a course is off: a change that leaves more does not mend it
SCREENED = 4_000  # milliseconds, or so, of plain runs: as many changes are looked at
MOST, FEW, LARGE = 8, 3, 300  # changes that are read; of a step of so many operations
BUDGET = 300_000  # operations of traced steps, all trials together
ONCE = 2_000  # operations that a run costs beside its steps
SHORT = 40  # steps that show an equation
PER_NAME = 0.25  # how far-fetched a change is for each name that it is away from what was found
SHARE = 0.2  # of the true spikes: so many may be more or fewer on a grid
# What a script's own steps prove, with its line.
_PROVEN = (
    "refractory-not-held",
    "order-differs",
    "dt-",
    "stage-",
    "integer",
    "rounded",
    "stale",
    "input-late",
    "threshold-direction",
    "spike-by",
    "clock-pace",
)
_OF_RULES = ("reset", "initial", "refractory", "hold", "starts", "never")
_LOOKED_FOR = ("equation-differs", "wrong-name", "alpha-beta-swapped", "gate-missing")
_OF_RUNS = ("threshold-unreached", "never-fires", "refractory-unused")
_OF_TEXT = ("order-differs", "stage-unused", "stage-repeated")
_OF_CLOCK = ("dt-", "clock-pace")
_NOT_FOUND = ("gate-missing", "extra-state", "never-fires", "initial-V")
TRIED = 0.35  # how far-fetched it then is, and how near what two at once ask for
_NUMBER = re.compile(r"-?\d+\.?\d*(?:e[+-]?\d+)?")
_EDGES = 6  # of an input: more are a course
Run = Callable[[Script, int], Reading]


def settled(script: Script, claim: Model, first: Reading | Exception, run: Run) -> Reading | None:
    """Find the change of one place that makes a script what it claims to be, where reading does not tell it.

    Parameters
    ----------
    script : Script
    claim : Model
    first : Reading or Exception
        What reading it gave.
    run : callable
        Reads a script, so many steps of it; 0: all.

    Returns
    -------
    Reading or None
        With the one fault that the change mends; None where there is none to be told, or none is found.
    """
    if isinstance(first, Reading) and not (_is_open(first) if first.faults else _is_off(first)):
        return None
    trials = _Trials(script, claim, first, run)
    found = trials.best()
    if found is None:
        return None
    edit, mended = found
    told = first if isinstance(first, Reading) else mended
    there = [one for one in told.faults if one.line == edit.line]
    follows = [attrs.evolve(one, kind="note") for one in told.faults if one not in there]
    rest = [one for one in told.findings if one.kind != "fault"]
    return attrs.evolve(
        told, findings=sorted_findings([*(there or [_fault(script, edit, told)]), *follows, *rest])
    )


def _is_open(reading: Reading) -> bool:
    """Tell whether what is wrong is not told by one line for sure."""
    faults = reading.faults
    sure = any(one.sure or one.key.startswith(_PROVEN) for one in faults)
    return not (sure and len({one.line for one in faults}) == 1)


def _is_off(reading: Reading) -> bool:
    """Tell whether nothing is told, and the spikes are not the claim's by far.

    Of neurons side by side the one that is read may have another input than the claim's.
    """
    beside = bool(reading.record.side) and any(one.key == "input-scaled" for one in reading.notes)
    if reading.truth is None or beside:
        return False
    own, true = reading.spike_times.size, reading.truth.spike_times.size
    return max(own, true) > 2 * min(own, true) + 1


def _fault(script: Script, edit: Edit, told: Reading) -> Found:
    was = next((one.key for one in told.faults if one.line), "text-differs")
    return Found(
        was, "fault",
        f"{at_first(script.lines, edit.line)} has `{edit.stands}` where the model wants `{edit.should}`.",
        edit.line, edit.stands, edit.should,
        "with this one change the script has the model's equations, rules and input",
    )  # fmt: skip


def _faults(reading: Reading, steps: int) -> list[Found]:
    """Give what is wrong; of the first steps alone, what does not hang on how far the run goes.

    What the text alone tells is told of the text without a change.
    """
    return [one for one in reading.faults if one.key not in _OF_TEXT and not (steps and one.key in _OF_RUNS)]


def _setting(tree: ast.Module, names: Container[str] = (), is_input: bool = False) -> set[int]:
    """Give the lines that set what is called so, or what is called like an input."""

    def wanted(name: str) -> bool:
        return names_input(name) if is_input else name.rpartition(".")[2] in names

    functions = [one for one in ast.walk(tree) if isinstance(one, ast.FunctionDef) and wanted(one.name)]
    found = {line for one in functions for line in range(one.lineno, (one.end_lineno or one.lineno) + 1)}
    for one in ast.walk(tree):
        stored = isinstance(getattr(one, "ctx", None), ast.Store)
        if stored and isinstance(one, (ast.Name, ast.Attribute, ast.Subscript)):
            kept = one.value if isinstance(one, ast.Subscript) else one
            if wanted(ast.unparse(kept)):
                found.add(one.lineno)
    return found


def _begins(tree: ast.Module, solver: str) -> set[str]:
    """Name what SciPy's solver is called with: when and where it begins."""
    calls = [one for one in ast.walk(tree) if isinstance(one, ast.Call)] if solver else []
    made = [one for one in calls if ast.unparse(one.func).rpartition(".")[2] == solver.split()[0]]
    given = [part for one in made for arg in one.args[1:] for part in ast.walk(arg)]
    return {one.id for one in given if isinstance(one, ast.Name)}


class _Trials:
    """Changes of a text, tried in the order in which they are likely."""

    def __init__(self, script: Script, claim: Model, first: Reading | Exception, run: Run) -> None:
        self.script, self.claim, self.first, self.run = script, claim, first, run
        self.tree = script.tree if script.tree is not None else ast.parse(script.text)
        self.spent = 0
        solved = isinstance(first, Reading) and bool(first.record.solver)
        self.once = 10 * ONCE if solved else ONCE
        self.steps, self.turns = 0, 5 * TURNS

    def best(self) -> tuple[Edit, Reading] | None:
        """Give the likeliest change that makes the script right, and what it then is."""
        likely = self._likely()
        screened = self._screened(likely)
        if screened is not None:
            likely, budget = screened, BUDGET
        elif isinstance(self.first, Reading) and self.first.faults:
            budget = BUDGET // 3
        else:
            return None  # nothing is found, and nothing is off
        for steps in self._lengths():
            short = self._read(self.script, steps)
            if short is not None and (_faults(short, steps) or short.scheme.key == "other"):
                self.steps = steps
                break
        for edit in likely:
            if self.spent > budget:
                return None
            mended = self._mended(edit, self.steps)
            if mended is not None and self.steps:
                mended = self._mended(edit, 0)
            if mended is not None:
                return edit, mended
        return None

    def _screened(self, likely: list[Edit]) -> list[Edit] | None:
        """Give the changes with which a plain run goes the claim's way, the likeliest first.

        None where the script goes that way as it is, or where its run keeps no course; empty where none does.
        """
        screen = self._screen()
        if screen is None:
            return None
        self.turns = screen.most
        with screen:
            return self._seen(screen, likely) if screen.has_course else None

    def _seen(self, screen: Screen, likely: list[Edit]) -> list[Edit] | None:
        own, shows = screen.distance(self.tree), screen.shows(self.tree)
        silent = isinstance(self.first, Reading) and not self.first.faults
        if own < (OFF if silent else UNSEEN):
            return None
        left, first = float(SCREENED), screen.distance(self.tree, shows)
        seen: list[tuple[float, float, Edit]] = []
        for edit in likely:
            tree = edit.made()
            left -= screen.cost(shows)
            if (begun := screen.distance(tree, shows)) < MUCH * first:
                left -= screen.cost()
                seen.append((screen.distance(tree), begun, edit))
            if left < 0:
                break
        found = [(off, edit) for off, _, edit in seen if off < MUCH * own]
        if not found:  # spikes that go astray by rounding or a coarse step leave the whole run off
            found = [(off, edit) for off, begun, edit in seen if off < own and begun < LITTLE * first]
        if not found:
            return [] if DRIFT < own < NOTHING else None
        least = max(min(off for off, _ in found), UNSEEN)
        near = [edit for off, edit in found if off <= 2.0 * least]  # as likely as before, among themselves
        far = sorted((off, at) for at, (off, _) in enumerate(found) if off > 2.0 * least)
        return (near + [found[at][1] for _, at in far])[: MOST if screen.operations < LARGE else FEW]

    def _screen(self) -> Screen | None:
        first, claim = self.first, self.claim
        step = first.maps.step * first.meant.units.ms if isinstance(first, Reading) else claim.simulation.dt
        if isinstance(first, Reading) and any(one.key.startswith(_OF_CLOCK) for one in first.faults):
            step = claim.simulation.dt or step
        truth = first.truth if isinstance(first, Reading) else None
        try:
            truth = truth or reference(claim)
        except SolverError:
            return None
        units = (first.meant.units.mV,) if isinstance(first, Reading) else (1.0, 1000.0)
        size = len(in_order(first.maps.main.updates.values())) if isinstance(first, Reading) else 40
        loop = first.record.loop if isinstance(first, Reading) else -1
        return Screen(self.script, truth.trajectory, step or 0.1, units, size, loop)

    def _lengths(self) -> list[int]:
        """Give numbers of steps that may show what is wrong: few of an equation, to a spike of a rule."""
        if not isinstance(self.first, Reading) or self.first.record.solver:
            return []
        maps, driven = self.first.maps, np.flatnonzero(self.first.meant.inputs)
        found = [SHORT + int(driven[0]) if driven.size else SHORT]
        if maps.spikes.size:
            asked = self.claim.neuron.tau_ref / (maps.step * self.first.meant.units.ms)
            found.append(int(maps.spikes[0] + asked) + SHORT)
        return [one for one in found if one < 0.6 * maps.record.order.size]

    def _step(self) -> float:
        return self.first.maps.step if isinstance(self.first, Reading) else 0.0

    def _likely(self) -> list[Edit]:
        faults = self.first.faults if isinstance(self.first, Reading) else ()
        if sum(one.key in _NOT_FOUND for one in faults) > 1:
            faults = ()  # what is read is another neuron: nothing is known
        lines = {one.line for one in faults}
        is_input = any(one.key.startswith("input") for one in faults)
        made = _setting(self.tree, is_input=True) if is_input else set()
        lines |= made
        if isinstance(self.first, Reading):
            maps = self.first.maps
            for one in faults:
                if one.key.startswith(_OF_RULES):  # what a rule sets is where it is set
                    names = {plain(one.about)} if one.about else {plain(timer) for timer in maps.timers}
                    names |= _begins(self.tree, self.first.record.solver)
                    lines |= _setting(self.tree, names)
                    lines |= set(maps.hold.lines) if "refractory" in one.key else set()
                elif one.about in self.first.equations:  # what an equation is made of
                    lines |= {node.line for node in in_order([self.first.equations[one.about]]) if node.args}
        if faults and isinstance(self.first, Reading) and not any(lines):
            lines |= {node.line for node in self.first.maps.main.updates.values()}
        far = distances(self.tree, lines)
        base = FAR if any(lines) else 0
        edits = list(Editor(self.tree, self._pairs(), self._step(), numbers_of(self.claim)).edits())
        # What one place of a formula would mend was looked for in the equations.
        known = bool(faults) and all(one.key in _LOOKED_FOR for one in faults)

        turned = known and (len(faults) > 1 or faults[0].key == "alpha-beta-swapped")

        def far_fetched(one: Edit) -> float:
            told = TRIED * (known and one.within) - TRIED * (turned and one.exchanged)
            near = 0.2 if one.rank == WANTED else 1.0  # a number that is asked for stands for itself
            told -= TRIED * (one.line in made)  # the input is made there, and elsewhere read
            return one.rank + near * PER_NAME * far.get(one.line, base) + told

        return sorted(edits, key=far_fetched)

    def _pairs(self) -> list[tuple[float, float]]:
        """Give numbers that the script has, beside those that are asked for, in the script's units."""
        if not isinstance(self.first, Reading):
            return []
        meant, found = self.first.meant, list[tuple[float, float]]()
        for one in self.first.faults:
            numbers = [_NUMBER.findall(text)[-1:] for text in (one.stands, one.should)]
            if all(numbers):
                found.append((float(numbers[0][0]), float(numbers[1][0])))
        keys = " ".join(one.key for one in self.first.faults)
        if "refractory" in keys and self.claim.neuron.tau_ref:
            asked = self.claim.neuron.tau_ref / meant.units.ms
            held = [meant.refractory.named] if meant.refractory is not None else []
            found.append((asked, asked))  # it may have its name, and be read elsewhere
            found += [
                (one, asked)
                for one in [*held, *(n * self.first.maps.step for n in self.first.maps.hold.steps[:1])]
            ]
        if "input" in keys:
            reads, step = meant.clock.reads, self.first.maps.step
            asked_at = np.array([self.claim.stimulus(float(t) * meant.units.ms) for t in reads])
            own, wanted = (
                [float(reads[k + 1]) for k in np.flatnonzero(np.diff(one))]
                for one in (meant.inputs, asked_at)
            )
            near = 1.5 * step
            for these, those in ((own, wanted), (np.diff(own), np.diff(wanted))):  # when, and for how long
                odd, lacking = (
                    [one for one in ones if all(abs(one - other) > near for other in others)]
                    for ones, others in ((these, those), (those, these))
                )
                found += list(zip(odd, lacking, strict=False)) if len(own) < _EDGES else []
        return [(one, other) for one, other in found if np.isfinite(one) and np.isfinite(other)]

    def _mended(self, edit: Edit, steps: int) -> Reading | None:
        found = self._read(attrs.evolve(self.script, tree=edit.made()), steps)
        return found if found is not None and self._is_right(found, steps) else None

    def _read(self, script: Script, steps: int) -> Reading | None:
        try:
            with at_most(2 * CALLS, self.turns):
                found = self.run(script, steps)
        except (Exception, Enough):  # whatever a changed text raises
            self.spent += self.once
            return None
        size = len(in_order(found.maps.main.updates.values()))
        self.spent += self.once + found.record.order.size * size
        return found

    def _is_right(self, reading: Reading, steps: int) -> bool:
        if _faults(reading, steps) or reading.replay.off >= 0 or reading.scheme.key == "other":
            return False
        V = reading.record.samples[:, reading.record.states.index(reading.maps.V)]
        if not np.all(np.isfinite(V)):
            return False
        if not (reading.maps.firing or moves_at_spikes(self.claim)):
            return True
        try:
            times = self._true_spikes()
        except SolverError:
            return True
        end = (float(reading.meant.clock.starts[-1]) + reading.maps.step) * reading.meant.units.ms
        own, true = reading.spike_times.size, int(np.count_nonzero(times < end))
        fired = isinstance(self.first, Reading) and self.first.spike_times.size > 0
        return abs(own - true) <= 1 + SHARE * true and (own > 0 or steps > 0 or not (true or fired))

    def _true_spikes(self) -> Array:
        if not self.claim.neuron.fires:
            return np.empty(0)
        if not hasattr(self, "_true"):
            self._true = reference(self.claim).spike_times
        return self._true
