"""Which one change of a script's text makes it what it claims to be."""

from __future__ import annotations

import ast
import math
from collections.abc import Callable
from functools import cached_property

import attrs
import numpy as np

from natrium.analysis.accuracy.truth import Reference, reference
from natrium.analysis.doctor.reading.claims.states import moves_at_spikes
from natrium.analysis.doctor.reading.expressions.trees import in_order
from natrium.analysis.doctor.reading.findings.found import Found, at_first, sorted_findings
from natrium.analysis.doctor.reading.verdict import Reading
from natrium.analysis.doctor.trace.foreign import at_most
from natrium.analysis.doctor.trace.forms import Enough
from natrium.analysis.doctor.trace.script import Script
from natrium.analysis.doctor.trials.edits import Edit
from natrium.analysis.doctor.trials.likely import likely_edits
from natrium.analysis.doctor.trials.screen import CALLS, TURNS, Screen
from natrium.model import Model, SolverError
from natrium.model.arrays import Array

UNSEEN = 2e-3  # of V's range: a course that is off by less, over the run, is the claim's
OFF = 0.05  # a course that is off by more is not, though nothing is found in it
DRIFT = 0.1  # a course that is off by less may be a sound script's with a coarse step
NOTHING = 0.9  # a run that is off by more may keep no V at all
LITTLE = 0.1  # of how far it is off where that first shows: a change that leaves less mends that
MUCH = 0.3  # of how far a course is off: a change that leaves more does not mend it
SCREENED, LONG, MANY = 4_000, 1_000, 4.0  # ms, or so, of plain runs; of so many steps; times as many at most
ALSO = 0.3  # how much more far-fetched than one that begins as the claim's others may be
AGAIN = 2  # changes that are read whole where none is right in its first steps
MOST, FEW, LARGE = 8, 3, 300  # changes that are read; of a step of so many operations
BUDGET = 300_000  # operations of traced steps, all trials together
ONCE = 2_000  # operations that a run costs beside its steps
SHORT = 40  # steps that show an equation
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
_OF_RUNS = ("threshold-unreached", "never-fires", "refractory-unused")
_OF_TEXT = ("order-differs", "stage-unused", "stage-repeated")
_OF_CLOCK = ("dt-", "clock-pace")
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
    if isinstance(first, Reading) and not first.faults and not _is_off(first):
        return None
    trials = _Trials(script, claim, first, run)
    if isinstance(first, Reading) and first.faults and not _is_open(first) and trials.confirms():
        return None
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


def _voltage(reading: Reading) -> Array:
    found: Array = reading.record.samples[:, reading.record.states.index(reading.maps.V)]
    return found


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
        screen, screened = self.screen, self._screened()
        if screen is not None and screened is not None:
            likely, budget = screened, BUDGET * min(max(screen.turns / LONG, 1.0), 2.0)
        elif isinstance(self.first, Reading) and self.first.faults:
            likely, budget = [edit for _, edit in self.likely], BUDGET // 3
        else:
            return None  # nothing is found, and nothing is off
        self._shorten()
        again: list[tuple[int, int]] = []
        for at, edit in enumerate(likely):
            if self.spent > budget:
                return None
            if self.steps:
                short = self._read(self._changed(edit), self.steps)
                if short is not None and not self._is_right(short, self.steps):
                    again.append((len(short.faults), at))
                    continue
            mended = self._mended(edit, 0)
            if mended is not None:
                return edit, mended
        for _, at in sorted(again)[:AGAIN] if screened else ():  # a sound script may need all its steps
            mended = self._mended(likely[at], 0) if self.spent <= budget else None
            if mended is not None:
                return likely[at], mended
        return None

    def confirms(self) -> bool:
        """Tell whether a change of the one line that is told makes the script right."""
        screen, line = self.screen, self.first.faults[0].line if isinstance(self.first, Reading) else 0
        if screen is None:
            return True
        with screen:
            own, shows = screen.distance(self.tree), screen.shows(self.tree)
            if not screen.has_course or own < UNSEEN:
                return True
            first = screen.distance(self.tree, shows)
            there = [edit for _, edit in self.likely if edit.line == line]
            looked = there[: int(SCREENED / screen.cost(shows)) + 1]
            begun = [one for one in looked if screen.distance(one.made(), shows) < MUCH * first]
            if not begun and len(looked) < len(there):
                return True  # not all of them could be looked at
        found = any(self.spent <= BUDGET and self._mended(edit, 0) is not None for edit in begun[:FEW])
        self.spent = 0  # what is looked for elsewhere has a budget of its own
        return found

    def _shorten(self) -> None:
        """Find out how few steps show that something is wrong."""
        for steps in self._lengths():
            short = self._read(self.script, steps)
            if short is not None and (_faults(short, steps) or short.scheme.key == "other"):
                self.steps = steps
                return

    def _screened(self) -> list[Edit] | None:
        """Give the changes with which a plain run goes the claim's way, the likeliest first.

        None where the script goes that way as it is, or where its run keeps no course; empty where none does.
        """
        if self.screen is None:
            return None
        self.turns = self.screen.most
        with self.screen:
            return self._seen(self.screen) if self.screen.has_course else None

    def _seen(self, screen: Screen) -> list[Edit] | None:
        own, shows = screen.distance(self.tree), screen.shows(self.tree)
        silent = isinstance(self.first, Reading) and not self.first.faults
        if own < (OFF if silent else UNSEEN):
            return None
        found = self._near(screen, own, shows)
        if not found and shows:
            found = self._near(screen, own, 0)
        if not found:
            return [] if DRIFT < own < NOTHING else None
        return found[: MOST if screen.operations < LARGE else FEW]

    def _near(self, screen: Screen, own: float, shows: int) -> list[Edit]:
        """Give the changes with which a run begins, and then goes on, nearer to the claim's course.

        Spikes that go astray by rounding or a coarse step leave the whole run off; then how it begins tells.
        """
        left, first = SCREENED * min(max(screen.turns / LONG, 1.0), MANY), screen.distance(self.tree, shows)
        seen, until = list[tuple[float, float, Edit]](), math.inf
        for rank, edit in self.likely:
            tree = edit.made()
            left -= screen.cost(shows)
            begun = screen.distance(tree, shows)
            if begun < MUCH * first:
                left -= screen.cost() if shows else 0.0
                off = screen.distance(tree) if shows else begun
                if off < MUCH * own or (off < own and begun < LITTLE * first):
                    seen.append((off, begun, edit))
                    if begun < min(UNSEEN, LITTLE * first):
                        until = min(until, rank + ALSO)
            if left < 0 or rank > until:
                break
        nearest = max(min((off for off, _, _ in seen), default=0.0), UNSEEN)
        earliest = max(min((begun for _, begun, _ in seen), default=0.0), UNSEEN)

        def behind(one: tuple[float, float, Edit]) -> tuple[bool, bool, float]:
            far, late = one[0] > 2.0 * nearest, one[1] > 2.0 * earliest
            return late, far, one[0] if far else 0.0  # as likely as before, among themselves

        return [edit for _, _, edit in sorted(seen, key=behind)]

    @cached_property
    def likely(self) -> list[tuple[float, Edit]]:
        """The changes that may be it, the likeliest first, with how far-fetched each is."""
        return likely_edits(self.tree, self.claim, self.first)

    @cached_property
    def reference(self) -> Reference:
        """What the claim truly does."""
        return reference(self.claim)

    @cached_property
    def screen(self) -> Screen | None:
        """What runs texts plainly; None where the claim has no true course."""
        first, claim = self.first, self.claim
        step = first.maps.step * first.meant.units.ms if isinstance(first, Reading) else claim.simulation.dt
        if isinstance(first, Reading) and any(one.key.startswith(_OF_CLOCK) for one in first.faults):
            step = claim.simulation.dt or step
        truth = first.truth if isinstance(first, Reading) else None
        try:
            truth = truth or self.reference
        except SolverError:
            return None
        units = (first.meant.units.mV,) if isinstance(first, Reading) else (1.0, 1000.0)
        size = len(in_order(first.maps.main.updates.values())) if isinstance(first, Reading) else 40
        loop = first.record.loop if isinstance(first, Reading) else -1
        V = _voltage(first) if isinstance(first, Reading) else None
        whole = isinstance(first, Reading) and bool(first.record.solver)
        return Screen(self.script, truth.trajectory, step or 0.1, units, size, loop, V, whole)

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

    def _changed(self, edit: Edit) -> Script:
        return attrs.evolve(self.script, tree=edit.made())

    def _mended(self, edit: Edit, steps: int) -> Reading | None:
        found = self._read(self._changed(edit), steps)
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
        if not np.all(np.isfinite(_voltage(reading))):
            return False
        if not (reading.maps.firing or moves_at_spikes(self.claim)):
            return True
        try:
            times = self.reference.spike_times if self.claim.neuron.fires else np.empty(0)
        except SolverError:
            return True
        end = (float(reading.meant.clock.starts[-1]) + reading.maps.step) * reading.meant.units.ms
        own, true = reading.spike_times.size, int(np.count_nonzero(times < end))
        fired = isinstance(self.first, Reading) and self.first.spike_times.size > 0
        return abs(own - true) <= 1 + SHARE * true and (own > 0 or steps > 0 or not (true or fired))
