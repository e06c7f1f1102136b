"""Forms, each made once: what is made alike is one form."""

from __future__ import annotations

import sys
import types
from typing import Any

from natrium.analysis.doctor.trace.forms import FIXED, TIMED, Form, Segment


class Table:
    """The forms of one traced run.

    Parameters
    ----------
    filename : str
        The script's, as its code objects have it.
    max_operations : int

    Attributes
    ----------
    newest : int
        The last step of the loop in which something was made, or chosen, as in none before it.
    changed : int
        The last in which something was made, or kept.
    """

    def __init__(self, filename: str, max_operations: int) -> None:
        self.filename, self.max_operations = filename, max_operations
        self.operations, self.newest, self.changed = 0, 0, 0
        self.table: dict[tuple[Any, ...], Form] = {}
        self.lines: dict[tuple[int, int], int] = {}
        self.nth: dict[tuple[Any, ...], int] = {}
        self.segment: Segment | None = None

    def _stop(self) -> None:
        """End the traced run."""
        raise NotImplementedError

    def line(self, frame: types.FrameType | None = None) -> int:
        """Find the script's line that is being run, from a frame on; 0 outside of it."""
        frame = frame or sys._getframe(2)
        while frame is not None:
            if frame.f_code.co_filename == self.filename:
                at = (id(frame.f_code), frame.f_lasti)
                found = self.lines.get(at)
                if found is None:
                    found = self.lines[at] = frame.f_lineno or 0
                return found
            frame = frame.f_back
        return 0

    def number(self, value: Any, line: int) -> Form:
        """Give the form of a plain number."""
        exact = repr(value) if value == 0 or value != value else value  # zeros have signs, NaN is not itself
        key = ("number", exact, type(value), line)
        form = self.table.get(key)
        if form is None:
            form = self.table[key] = Form("number", (), line, value, FIXED)
            if line:  # else an array's element
                self._met()
        return form

    def _met(self) -> None:
        """Take note that a step makes something as none before it did."""
        if self.segment is not None:
            self.newest = self.changed = len(self.segment.steps)

    def operation(self, op: str, args: tuple[Form, ...], value: Any, line: int, numpy: bool = False) -> Form:
        """Give the form of an operation on forms."""
        self.operations += 1
        key = (op, line, numpy, *args)
        form = self.table.get(key)
        if form is None:
            if self.operations > self.max_operations:
                self._stop()
            varies = max([one.varies for one in args], default=FIXED)
            form = self.table[key] = Form(op, args, line, value, varies, numpy=numpy)
            self._met()
        elif self.operations > self.max_operations:
            self._stop()
        return form

    def outside(self, key: tuple[Any, ...], name: str, value: Any, line: int) -> Form:
        """Give the form of a value that the step takes from outside: a loop's item, a random number."""
        at = ("each", key, line)
        form = self.table.get(at)
        if form is None:
            form = self.table[at] = Form("each", (), line, value, TIMED, key=key, name=name)
            self._met()
        return form

    def count(self, key: tuple[Any, ...]) -> int:
        """Count what a step takes from outside in one place, the first being 0."""
        number = self.nth.get(key, 0)
        self.nth[key] = number + 1
        return number
