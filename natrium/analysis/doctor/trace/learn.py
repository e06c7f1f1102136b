"""What a first traced run tells: which places are states, which are input and time, which loop steps."""

from __future__ import annotations

from typing import Any

import numpy as np

from natrium.analysis.doctor.trace.elements import SMALL
from natrium.analysis.doctor.trace.forms import FIXED, MOVED, STRIDES, TIMED, Form, Known, Segment, contains
from natrium.analysis.doctor.trace.jumps import pointer_of
from natrium.analysis.doctor.trace.record import CUT
from natrium.analysis.doctor.trace.tracer import Tracer

FEW = 4  # times as many steps as it has elements: no course
_LINEAR = frozenset(("+", "-", "*", "/", "neg", "int", CUT, "round", "pos"))


class Lesson:
    """What one loop's steps showed.

    Attributes
    ----------
    loop : int
    series : dict
        As `Known.series`, of what this loop goes along.
    states : dict
        As `Known.states`.
    cuts, clocks, several : set
        As in `Known`.
    pointer : tuple or None
        As in `Known`, where it is not known yet; `jump_line` is the line that sets it ahead.
    score : tuple
        How much like a neuron's loop it is.
    """

    def __init__(self, loop: int, segments: list[Segment], tracer: Tracer) -> None:
        self.loop, self.segments, self.tracer = loop, segments, tracer
        along = {key for segment in segments for key in segment.along}
        self.series = {
            key: axis for key, axis in tracer.known.series.items() if key in along and not self._is_few(key)
        }
        self.states: dict[tuple[Any, ...], str] = {}
        self.cuts: set[tuple[Any, ...]] = set()
        self.clocks: set[tuple[Any, ...]] = set()
        self.several: set[tuple[Any, ...]] = set()
        self._memo: dict[int, int] = {}
        self._values = _exogenous(segments)
        self._stored: dict[tuple[Any, ...], dict[Form, Any]] = {}
        self._counts: dict[tuple[Any, ...], int] = {}
        self._varied: set[tuple[Any, ...]] = set()
        for segment in segments:
            for at, forms in segment.stored.items():
                self._stored.setdefault(at, {}).update(forms)
            for at, count in segment.counts.items():
                self._counts[at] = self._counts.get(at, 0) + count
            self._varied |= segment.varied
        self.n_steps = sum(len(segment.steps) for segment in segments)
        self._find_states()
        self._find_clocks()
        self.pointer = pointer_of(segments, set(self.states)) if tracer.known.pointer is None else None
        self._find_cuts()
        self.score = self._judge()

    def _is_few(self, key: tuple[Any, ...]) -> bool:
        """Tell whether a container has too few elements for a course: a step picks one of some cells'."""
        container = self.tracer.containers.get(key)
        few = container.size if isinstance(container, np.ndarray) else SMALL + 1
        return few <= SMALL and FEW * few < max(len(segment.steps) for segment in self.segments)

    # States ------------------------------------------------------------------------------------------

    def _find_states(self) -> None:
        known = self.tracer.known
        for segment in self.segments:
            carried = [(own, key, one) for (key, _), one in segment.carried.items()
                       for own in known.classes.get(key, [key])]  # fmt: skip
            for key, kept, reads in carried:
                axis = self.series.get(kept)
                offsets: dict[tuple[Any, ...], int] = {}
                for coords, step, origin in reads:
                    if axis is None or axis >= len(coords):
                        self.states[(key, coords, None)] = ""
                        continue
                    rest = (*coords[:axis], *coords[axis + 1 :])
                    if key not in known.grown and known.pointer is None:
                        origin = step
                    at = (key, rest, coords[axis] - origin)
                    offsets[at] = offsets.get(at, 0) + 1
                for at in self._latest(offsets):
                    self.states[at] = ""

    def _latest(self, offsets: dict[tuple[Any, ...], int]) -> list[tuple[Any, ...]]:
        """Keep, of the places where a series is read, the few that are read again and again."""
        by_rest: dict[Any, list[tuple[Any, ...]]] = {}
        most = max(offsets.values(), default=0)
        for at, count in offsets.items():
            if count >= max(1, min(most, 20) // 10):
                by_rest.setdefault(at[1], []).append(at)
        return [one for ats in by_rest.values() for one in sorted(ats, key=lambda at: -at[2])[:4]]

    def varies(self, form: Form) -> int:
        """Say what a form depends on, now that states are known."""
        memo, ahead = self._memo, [form]
        while ahead:
            one = ahead[-1]
            missing = [arg for arg in one.args if id(arg) not in memo]
            if id(one) not in memo and missing:
                ahead += missing
                continue
            if one.op == "leaf":
                memo[id(one)] = self._leaf_varies(one)
            elif one.op == "each":
                memo[id(one)] = TIMED
            else:
                memo[id(one)] = max((memo[id(arg)] for arg in one.args), default=FIXED)
            ahead.pop()
        return memo[id(form)]

    def _leaf_varies(self, form: Form) -> int:
        own, coords, offset = form.key
        return max(
            self._place_varies(key, coords, offset) for key in self.tracer.known.classes.get(own, [own])
        )

    def _place_varies(self, key: tuple[Any, ...], coords: tuple[Any, ...], offset: int | None) -> int:
        if (key, coords) in self.clocks:
            return TIMED
        if (key, coords, offset) in self.states or key[0] == "?":
            return MOVED
        if key in self.series:
            return MOVED if any(state[0] == key for state in self.states) else TIMED
        return FIXED if offset is None else TIMED

    def _find_clocks(self) -> None:
        pointer = self.tracer.known.pointer
        if pointer is not None and self.states.pop((pointer, (), None), None) is not None:
            self.clocks.add((pointer, ()))
        for state in list(self.states):
            key, coords, offset = state
            at = (key, coords) if offset is None else (key, ())
            forms = {_unwrapped(one) for one in self._stored.get(at, {})}
            if not forms or len(forms) > 2 or (offset is not None and coords):
                continue
            if self._counts[at] < self.n_steps - len(self.segments):
                continue
            if all(self._moves_on(form, state) or self._is_clock(form) for form in forms):
                self.clocks.add(state[:2])
                del self.states[state]
        self._memo.clear()

    def _moves_on(self, form: Form, state: tuple[Any, ...]) -> bool:
        """Whether a form adds to a state what never changes."""
        if form.op not in ("+", "-") or len(form.args) != 2:
            return False
        own = [
            one.op == "leaf" and (one.key == state or (state[2] is not None and one.key[0] == state[0]))
            for one in form.args
        ]
        if sum(own) != 1 or (form.op == "-" and own[1]):
            return False
        return self.varies(form.args[0] if own[1] else form.args[1]) == FIXED

    def feeds(self, other: Lesson) -> bool:
        """Whether another loop goes along what this one makes, and makes none of it itself."""
        own = {state[0] for state in self.states} - {state[0] for state in other.states}
        return other is not self and any(own & segment.offsets.keys() for segment in other.segments)

    @property
    def jump_line(self) -> int:
        """The line that sets the pointer ahead; 0: none does."""
        at = (self.pointer, (), None)
        forms = {_unwrapped(one) for one in self._stored.get(at[:2], {})} if self.pointer else set()
        return max((one.line for one in forms if not self._moves_on(one, at)), default=0)

    # Input and time ----------------------------------------------------------------------------------

    def _find_cuts(self) -> None:
        series = self.series
        taken = {one[0] for one in (*self.states, *self.clocks)}
        found: dict[tuple[Any, ...], set[Form]] = {}
        clocks: set[tuple[Any, ...]] = set()
        for at, forms in self._stored.items():
            key = at[0]
            if key in taken or (at[1] and key[0] != "arg"):
                continue
            degree = max(self.varies(one) for one in forms)
            if degree == FIXED and key[0] == "arg" and at not in self._varied and len(forms) > 1:
                self.several.add(key)
            if degree == MOVED or (degree == FIXED and at not in self._varied and key not in series):
                continue
            found[key] = set(forms)
            bare = {_unwrapped(one) for one in forms}
            if len(bare) == 1 and self._is_clock(next(iter(bare))):
                clocks.add(key)
        # What is made of another of these goes by the other's name: the innermost is the input.
        inputs = {key: forms for key, forms in found.items() if key not in clocks}
        for key, own in inputs.items():
            inner = {one for other, ones in inputs.items() if other != key for one in ones} - own
            if not all(self._is_made_of(form, inner) for form in own):
                self.cuts.add(key)
        self.cuts |= clocks

    def _is_made_of(self, form: Form, inner: set[Form]) -> bool:
        """Whether a form has another's in it, or does something to a loop's item or an array's element."""
        bare = _unwrapped(form)
        if not bare.args:
            return False
        if any(other is not bare and contains(bare, other) for other in inner):
            return True
        return not all(self._is_clock(one) for one in _sources(bare, self.varies))

    def _is_clock(self, form: Form) -> bool:
        """Whether a form goes on evenly: the step's number, its time."""
        if form.op == "leaf" and form.key[:2] in self.clocks:
            return True
        if form.op in ("each", "leaf") and self.varies(form) == TIMED:
            return is_even(self._values.get(form, []))
        if form.op not in _LINEAR:
            return False
        moving = [one for one in form.args if self.varies(one)]
        return len(moving) == 1 and self._is_clock(moving[0])

    # Judgement ---------------------------------------------------------------------------------------

    def _judge(self) -> tuple[Any, ...]:
        relaxing = 0
        for state in self.states:
            at = (state[0], state[1]) if state[2] is None else (state[0], ())
            forms = self._stored.get(at, {})
            if any(not _accumulates(_unwrapped(one), state) and _touches(one, state) for one in forms):
                relaxing += 1
        chosen = any(
            self.varies(left) == MOVED or self.varies(right) == MOVED
            for segment in self.segments[:3]
            for step in segment.steps[:5000]
            for left, _, right, _, _ in step.choices
        )
        return (relaxing > 0, relaxing + 0.5 * chosen, min(self.n_steps, 20), -self.loop)


def _exogenous(segments: list[Segment]) -> dict[Form, list[Any]]:
    values: dict[Form, list[Any]] = {}
    for segment in segments[:1]:
        for step in segment.steps[:200]:
            for form, value in step.exogenous.items():
                values.setdefault(form, []).append(value)
    return values


def is_even(values: list[Any]) -> bool:
    """Whether numbers go up in equal steps."""
    if len(values) < 3:
        return False
    try:
        steps = np.diff(np.asarray(values, dtype=float))
    except (TypeError, ValueError):
        return False
    first = steps[0]
    return bool(first > 0 and np.all(np.abs(steps - first) <= 1e-6 * abs(first)))


def _unwrapped(form: Form) -> Form:
    while form.op == "chosen":
        form = form.args[0]
    return form


def _sources(form: Form, varies: Any) -> list[Form]:
    """List what changes, at the bottom of a form."""
    found, ahead, seen = [], [form], set()
    while ahead:
        one = ahead.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        if one.op in ("each", "leaf") and varies(one):
            found.append(one)
        ahead += one.args
    return found


def _touches(form: Form, state: tuple[Any, ...]) -> bool:
    ahead, seen = [form], set()
    while ahead:
        one = ahead.pop()
        if one.op == "leaf" and (one.key == state or (one.key[0] == state[0] and state[2] is not None)):
            return True
        if id(one) not in seen:
            seen.add(id(one))
            ahead += one.args
    return False


def _accumulates(form: Form, state: tuple[Any, ...]) -> bool:
    """Whether a form only adds to a state what does not hang on it."""
    form = _unwrapped(form)
    if form.op == "leaf":
        return True
    if form.op in ("+", "-") and len(form.args) == 2:
        touched = [_touches(one, state) for one in form.args]
        if touched == [True, False]:
            return _accumulates(form.args[0], state)
        if touched == [False, True]:
            return form.op == "+" and _accumulates(form.args[1], state)
    return not _touches(form, state)


def lessons(tracer: Tracer) -> list[Lesson]:
    """Learn from each loop whose turns were taken for steps, the best first."""
    by_loop: dict[int, list[Segment]] = {}
    for segment in tracer.segments:
        if len(segment.steps) >= 3:
            by_loop.setdefault(segment.loop, []).append(segment)
    found = [Lesson(loop, segments, tracer) for loop, segments in by_loop.items()]
    return sorted(found, key=lambda one: one.score, reverse=True)


def known_from(learned: list[Lesson], before: Known) -> Known:
    """Give what the second run is to know."""
    known = Known()
    known.speaker = before.speaker
    known.pointer, known.jump_line = before.pointer, before.jump_line
    known.grown, known.classes = before.grown, before.classes
    for lesson in learned:
        known.series.update(lesson.series)
        known.states.update(lesson.states)
        known.cuts |= lesson.cuts
        known.clocks |= lesson.clocks
        known.several |= lesson.several
    taken = {state[0] for state in known.states}
    offsets = [pair for one in learned for segment in one.segments for pair in segment.offsets.items()]
    known.strides = {key for key, found in offsets if len(found) > STRIDES} - taken - known.grown
    known.cuts -= taken
    known.clocks -= {state[:2] for state in known.states}
    if known.pointer is not None:
        known.states[known.timer] = ""
    known.final = True
    return known
