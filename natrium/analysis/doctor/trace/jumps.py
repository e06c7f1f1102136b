"""Loops whose index jumps on after a spike: what a turn jumps over are steps that hold all states."""

from __future__ import annotations

from typing import Any

import numpy as np

from natrium.analysis.doctor.trace.forms import Form, Segment, StepTrace
from natrium.analysis.doctor.trace.tracer import Tracer

Key = tuple[Any, ...]


def pointer_of(segments: list[Segment], states: set[Key]) -> Key | None:
    """Find the index by which turns go along arrays, where it is carried on and at times jumps ahead."""
    for key in {key for segment in segments for key in segment.pointers if (key, (), None) in states}:
        passed = np.concatenate([np.diff(segment.pointers.get(key, [])) for segment in segments])
        if passed.size and np.min(passed) >= 1 and np.median(passed) == 1 and np.max(passed) > 1:
            return key
    return None


class JumpingTracer(Tracer):
    """A tracer of a loop whose index may jump: what it jumps over is counted by a state of its own."""

    def _finish(self) -> None:
        super()._finish()
        if self.known.final and self.known.pointer is not None:
            self._hold(self.known.pointer)

    def _hold(self, pointer: Key) -> None:
        assert self.step is not None
        assert self.segment is not None
        kept, step, timer = self.last[(pointer, ())], self.step, self.known.timer
        passed, line = kept.raw - self.at, self.known.jump_line
        name = self.names.setdefault(timer[0], f"{self.names[pointer]} ahead")
        left, none, one = self.leaf(timer, name, 0.0, 0), self.number(0, 0), self.number(1, 0)
        step.choices.insert(0, (left, ">", none, False, line))
        step.values[timer], step.updates[timer] = max(passed - 1, 0), left
        if passed > 1:
            ahead = self._from_zero(kept.form, pointer)
            step.updates[timer] = self.operation("-", (ahead, one), passed - 1, line)
        own = {state: self.leaf(state, self.names.get(state[0], ""), 0.0, 0) for state in self.known.states}
        own[timer] = self.operation("-", (left, one), 0.0, line)
        index = self.leaf((pointer, (), None), self.names[pointer], kept.raw, 0)
        for more in range(1, passed):
            held = StepTrace()
            held.choices = [(left, ">", none, True, line)]
            held.values, held.updates = {**step.values, timer: passed - 1 - more}, dict(own)
            held.exogenous[index] = self.at + more
            self.segment.steps.append(held)

    def _from_zero(self, form: Form, pointer: Key) -> Form:
        """Give what the index is set to, counted from where it was; where the run ends does not count."""
        assert self.segment is not None
        if form.op == "leaf" and form.key == (pointer, (), None):
            return self.number(0, 0)
        if form in self.segment.made:
            return self._from_zero(next(iter(self.segment.made[form])), pointer)
        if form.op == "min":
            return self._from_zero(next(one for one in form.args if one.value == form.value), pointer)
        if not form.args:
            return form
        args = tuple(self._from_zero(one, pointer) for one in form.args)
        return self.operation(form.op, args, form.value, form.line, form.numpy)
