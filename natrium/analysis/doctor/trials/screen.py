"""How far what a text makes is from the claim's true course: a plain run tells, long before it is read."""

from __future__ import annotations

import ast
import copy
import random
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import attrs
import numpy as np

from natrium.analysis.doctor.trace.foreign import at_most
from natrium.analysis.doctor.trace.forms import Enough, OverBudget
from natrium.analysis.doctor.trace.layers import Layers
from natrium.analysis.doctor.trace.plain import Plain
from natrium.analysis.doctor.trace.runs import PlainRun
from natrium.analysis.doctor.trace.script import Run, Script, aside
from natrium.analysis.doctor.trace.standins import Outputs
from natrium.model.arrays import Array
from natrium.solvers import Trajectory

CALLS, LIMIT = 6_000, 60_000  # of what SciPy integrates, in one run; in the script's own
TURNS = 200_000  # of loops, in one run
NEAR = 3  # steps by which a sound script's spikes may be early or late
MOST = 2_000  # times at which the course of a run without steps is known
RUN, CALL = 3.0, 0.012  # ms of a run beside its turns; of a call by SciPy
TURN, OPERATION = 1.5e-3, 1.2e-4  # ms of a turn, and of each operation in it
ALIKE = 0.9  # of the longest loop's turns
CLEAR, SHORT = 0.05, 40  # of V's range: what shows; turns that are looked at beyond
UNLIKE = 1.5  # how many times as long as a step that a run of so many turns has
STAYS = 10  # turns, half of which are away, that show
FEWEST, LARGEST = 10, 100_000  # samples that are a course
WIDE = 16  # what is kept of one turn
SIDES = 4  # neurons, or states, side by side


class _Last(Enough):
    """The last turn that is asked for was reached."""


class _Cut(Plain):
    """A plain run in which one loop ends at a turn, and that ends with the turn of a loop after it.

    What its functions hold at that turn is kept; a comprehension leaves what it has made by then.
    """

    def __init__(self, layers: Layers, scratch: Path, filename: str, number: int, until: int) -> None:
        super().__init__(layers, scratch, TURNS)
        self.filename, self.number, self.until, self.ended = filename, number, until, False
        self.held: list[dict[str, Any]] = []

    def turn_of(self, loop: list[int]) -> None:
        """Count a turn; the last one that is asked for ends its loop."""
        if self.ended:
            raise Enough
        super().turn_of(loop)
        if loop[0] != self.number or loop[1] < self.until:
            return
        frame: FrameType | None = sys._getframe()
        while frame is not None:
            if frame.f_code.co_filename == self.filename:
                self.held.append(dict(frame.f_locals))
            frame = frame.f_back
        self.ended = True
        raise _Last

    def loop(self, items: Any, number: int, text: str) -> Iterator[Any]:
        """Go through a for loop's items, as far as they are asked for."""
        try:
            yield from super().loop(items, number, text)
        except _Last:
            return


class Screen:
    """Runs texts plainly and tells how far their course is from a claim's.

    Parameters
    ----------
    script : Script
    truth : Trajectory
        Of the claim.
    step : float
        One step of the script, ms.
    units : iterable of float
        What one unit of the script's voltage may be, mV.
    operations : int
        In a step, or so.
    loop : int
        Which loop of it steps, as `Record.loop`; -1 where that is not known.
    whole : bool
        Whether SciPy's solver, and no loop, makes the steps: what it gives has times of its own.
    V : ndarray or None
        What the script's voltage is, step by step, where it was read: what keeps that is the course.

    Attributes
    ----------
    most : int
        Turns of loops that a changed text may have, all told: more have no end.
    """

    def __init__(
        self,
        script: Script,
        truth: Trajectory,
        step: float,
        units: Iterable[float],
        operations: int = 40,
        loop: int = -1,
        V: Array | None = None,
        whole: bool = False,
    ) -> None:
        self.script, self.units, self.operations = script, tuple(units), operations
        self._run, self._scratch = Run(script, tracing=False), Path()
        self._shared = self._run.shared()
        self.tree = script.tree if script.tree is not None else ast.parse(script.text)
        with at_most(LIMIT) as counter:
            first = PlainRun(script, script.given, TURNS)
        self.calls = next(counter)
        self.limit = max(CALLS, 2 * self.calls)
        loops = first.candidates(set())
        most = max((first.hook.most[one] for one in loops), default=0)
        # Of loops that are as long the last: an earlier one makes the input.
        self.loop = (
            loop
            if loop in first.hook.most
            else max((one for one in loops if first.hook.most[one] >= ALIKE * most), default=-1)
        )
        self.solved = bool(first.layers.solver_calls)
        self.loop = -1 if whole else self.loop
        self.turns = first.hook.most.get(self.loop, 0)
        self.begin, self.end = float(truth.t[0]), float(truth.t[-1])
        endless, self.most = isinstance(first.run.error, OverBudget), 3 * first.hook.count
        if endless or (first.run.error is not None and not self.turns):  # a sound one goes to the end
            self.turns, self.most = round((self.end - self.begin) / step), TURNS
        even = (self.end - self.begin) / (self.turns or MOST)
        if not (self.turns and 1.0 / UNLIKE < step / even < UNLIKE):  # no step, or not the script's own
            step = float(f"{even:.2g}") if self.turns else even
        self.times = self.begin + step * np.arange(max(self.turns or MOST, 1) + 2 * NEAR)
        self.course = np.asarray(truth.state(np.minimum(self.times, self.end)))[0]
        self.spread = float(np.ptp(self.course)) or 1.0
        self.low, self.high = self._around(self.course)
        self._V = V
        self._places: set[str] | None = None  # where V is kept

    def cost(self, turns: int = 0) -> float:
        """Tell what a run of so many turns takes, ms or so; 0: all."""
        each = TURN + OPERATION * self.operations
        return RUN + (turns or self.turns) * each + self.calls * CALL

    def __enter__(self) -> Screen:
        self._aside = aside(self.script.path.resolve().parent)
        self._scratch = self._aside.__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        self._aside.__exit__(*error)

    @property
    def has_course(self) -> bool:
        """Whether the text's run keeps anything; SciPy may not come to the end of one with a slip."""
        kept = list(self._kept(self.tree, self.turns))
        self._places = {place for place, one in kept if self._is_voltage(one)} or None
        return self.solved or any(one.size >= max(FEWEST, 0.9 * self.turns) for _, one in kept)

    def _is_voltage(self, one: Array) -> bool:
        """Tell whether a course is that of V, from its first sample on or from the one after it."""
        for own in [] if self._V is None else [self._V, self._V[1:]]:
            n = min(own.size, one.size) - 1
            if n > FEWEST and np.ptp(own[:n]) > 0.0 and np.array_equal(own[1:n], one[1:n], equal_nan=True):
                return True
        return False

    @staticmethod
    def _around(course: Array) -> tuple[Array, Array]:
        """Give the lowest and the highest of some steps around each."""
        wide = np.pad(course, NEAR, mode="edge")
        windows = np.lib.stride_tricks.sliding_window_view(wide, 2 * NEAR + 1)
        return windows.min(axis=1), windows.max(axis=1)

    def distance(self, tree: ast.Module, turns: int = 0) -> float:
        """Tell how far the best of what a text keeps is from the true course: 0 all the same, 1 nothing.

        Parameters
        ----------
        tree : ast.Module
        turns : int
            Of its loop, that are looked at; 0: all.
        """
        return min((float(np.mean(one)) for one in self._apart(tree, turns)), default=1.0)

    def shows(self, tree: ast.Module) -> int:
        """Tell within how many turns a text's course goes away from the true one; 0: not before the end."""
        apart = min(self._apart(tree, 0), key=lambda one: float(np.mean(one)), default=np.empty(0))
        away = np.cumsum(np.pad(apart > CLEAR, (1, STAYS)))  # what it comes back from is no slip's
        off = np.flatnonzero((apart > CLEAR) & (away[STAYS:-1] - away[: -STAYS - 1] >= 0.5 * STAYS))
        turns = 2 * int(off[0]) + SHORT if off.size else 0
        return turns if self.turns and turns < 0.7 * self.turns else 0

    def _apart(self, tree: ast.Module, turns: int) -> Iterator[Array]:
        """Give how far each course that a text keeps is from the true one, sample by sample, of V's range."""
        turns = turns or self.turns
        kept = [pair for pair in self._kept(tree, turns) if pair[1].size >= FEWEST]
        grids = {one.size: one for _, one in kept if self._is_clock(one)} if not turns else {}
        known = [one for place, one in kept if self._places is not None and place in self._places]
        for one in known or [one for _, one in kept]:
            low, high = self.low, self.high
            if one.size in grids:
                grid = grids[one.size] * self._unit(grids[one.size])
                low, high = self._around(np.interp(grid, self.times, self.course))
            elif not turns:
                continue
            n = min(one.size, low.size, turns or one.size)
            if n < 0.9 * turns:
                continue
            for unit in self.units:
                V = one[:n] * unit
                with np.errstate(all="ignore"):
                    off = np.maximum(np.maximum(V - high[:n], low[:n] - V), 0.0) / self.spread
                yield np.where(np.isfinite(off), np.minimum(off, 1.0), 1.0)

    def _is_clock(self, one: Array) -> bool:
        return bool(np.all(np.diff(one) >= 0)) and self._unit(one) > 0

    def _unit(self, one: Array) -> float:
        """Give the unit in which what rises tells the time, ms; 0 where it does not."""
        at = ((unit, unit * one[0] - self.begin, unit * one[-1] - self.end) for unit in (1.0, 1000.0))
        return next((u for u, first, last in at if abs(first) < 1e-6 and abs(last) < 0.2 * self.end), 0.0)

    def _kept(self, tree: ast.Module, turns: int) -> Iterator[tuple[str, Array]]:
        """Give the courses that a text's run keeps, as far as it went, with where they are kept."""
        run = copy.copy(self._run)
        run.script, run.outputs, run.namespace = attrs.evolve(self.script, tree=tree), Outputs(), {}
        layers = Layers(False, run.outputs, run.sibling)
        made: list[_Cut] = []

        def make(scratch: Path) -> _Cut:
            made.append(_Cut(layers, scratch, run.filename, self.loop, turns))
            return made[0]

        np.random.seed(0)  # noqa: NPY002 - the script's own generator
        random.seed(0)
        with at_most(self.limit, self.most):
            given = copy.deepcopy(dict(self.script.given))
            if self._shared is None:
                run.go(make, given, self._scratch)
            else:
                run.run(self._shared.of(tree), make, given, self._scratch)
        for at, names in enumerate([*made[0].held, run.namespace] if made else []):
            for name, value in names.items():
                if not name.startswith("_"):
                    yield from _courses(value, f"{at}.{name}")


def _courses(value: Any, place: str, depth: int = 0) -> Iterator[tuple[str, Array]]:
    """Give the rows of numbers that a value holds, with where they are."""
    if isinstance(value, (list, tuple)) and FEWEST <= len(value) <= LARGEST:
        turns = [one if isinstance(one, (list, tuple, np.ndarray)) else (one,) for one in value]
        wide = {np.size(one) if isinstance(one, np.ndarray) else len(one) for one in turns}
        numbers = all(isinstance(one, (int, float, np.number)) for row in turns for one in row[:WIDE])
        if len(wide) > 1 or max(wide) > WIDE or not numbers:
            return  # a list may hold itself
        value = np.asarray([np.ravel(one) for one in turns], dtype=float).squeeze()
    if isinstance(value, np.ndarray):
        if value.dtype.kind not in "fi" or value.ndim not in (1, 2):
            return
        if not FEWEST <= value.size <= LARGEST:
            return
        rows = value[None] if value.ndim == 1 else value if value.shape[1] > value.shape[0] else value.T
        yield from ((f"{place}[{at}]", one) for at, one in enumerate(np.asarray(rows[:SIDES], dtype=float)))
    elif depth < 2:
        held = value if isinstance(value, dict) else None
        if held is None and type(value).__module__.startswith("natrium_traced"):
            held = getattr(value, "__dict__", {})
        for name, one in (held or {}).items():
            yield from _courses(one, f"{place}.{name}", depth + 1)
