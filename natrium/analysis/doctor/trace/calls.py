"""What a rewritten script calls in the traced run for its loops and builtins."""

from __future__ import annotations

import operator
import sys
from functools import reduce
from pathlib import Path
from typing import Any

from natrium.analysis.doctor.trace.arrays import TracedArray
from natrium.analysis.doctor.trace.elements import SMALL, unwrapped
from natrium.analysis.doctor.trace.layers import Layers
from natrium.analysis.doctor.trace.numbers import Remembers, bare, is_number, made, traced
from natrium.analysis.doctor.trace.plain import Plain
from natrium.analysis.doctor.trace.tracer import Tracer

# Whether Python's own sum of floats keeps what rounding takes, and adds it in the end (Neumaier's way).
COMPENSATED = sys.version_info >= (3, 12)


def _added(a: Any, b: Any) -> tuple[Any, Any]:
    """Add two numbers; give what rounding takes of their sum as well, exactly and without a branch.

    References
    ----------
    .. [1] D. E. Knuth, "The Art of Computer Programming", vol. 2, 3rd ed. (1997), sec. 4.2.2, theorem B.
    """
    total = a + b
    part = total - a
    return total, (a - (total - part)) + (b - part)


class Calls(Plain):
    """Loops, builtins and truths of the traced run.

    Parameters
    ----------
    tracer : Tracer
    """

    def __init__(self, layers: Layers, scratch: Path, max_operations: int, tracer: Tracer) -> None:
        super().__init__(layers, scratch, max_operations)
        self.tracer = tracer
        self.mark: int | None = None

    # Loops -------------------------------------------------------------------------------------------

    def entered(self, number: int) -> None:
        """Begin a loop, of steps perhaps."""
        steps = self.tracer.enter(number)
        self.now.append([number, int(steps)])
        if steps:
            self.tracer.segments[-1].left_out = self.left_out

    def turn_of(self, loop: list[int]) -> None:
        """Begin a step, where turns are steps."""
        if loop[1]:
            self.tracer.turn()
            self.mark = None

    def end_of(self, loop: list[int], begun: bool) -> None:
        """End the steps, where turns are steps."""
        if loop[1]:
            self.tracer.leave(begun)

    def item_of(self, loop: list[int], item: Any, name: str) -> Any:
        """Give an item of a for loop to its turn; those of steps come from outside."""
        number, steps = loop
        return self._outside(item, (number,), name) if steps else item

    def _outside(self, item: Any, path: tuple[int, ...], name: str) -> Any:
        tracer = self.tracer
        if type(item) is tuple:
            return tuple(self._outside(one, (*path, k), name) for k, one in enumerate(item))
        if isinstance(item, Remembers):
            place = item.place
            form = tracer.outside(("each", *path), place.name if place else name, item.raw, 0)
            return traced(item.raw, form, tracer.epoch)
        if is_number(item):
            return traced(item, tracer.outside(("each", *path), name, item, 0), tracer.epoch)
        return item

    def given(self, value: Any, line: int) -> Any:
        """Let a number know its line."""
        if not is_number(value) or isinstance(value, Remembers):
            return value
        return traced(value, self.tracer.number(value, line), self.tracer.epoch)

    def is_truth(self, value: Any, truth: bool, same: bool) -> bool:
        """Tell ``is True`` of a truth that remembers."""
        if isinstance(value, Remembers) and isinstance(value.raw, bool):
            return (bool(value) is truth) is same
        return (bare(value) is truth) is same

    def subject(self, value: Any) -> Any:
        """Give a truth plain, to be matched."""
        return bool(value) if isinstance(value, Remembers) and isinstance(value.raw, bool) else value

    # Builtins ----------------------------------------------------------------------------------------

    def int_(self, value: Any = 0, *args: Any) -> Any:
        """Cut off what is behind the point."""
        if isinstance(value, TracedArray) and value.size == 1:
            value = value.item()
        if not isinstance(value, Remembers) or args:
            return int(value, *args) if args else int(value)
        if type(value.raw) is int:
            return value
        return made(int(value.raw), "int", (value,))

    def float_(self, value: Any = 0.0) -> Any:
        """Make a Python float."""
        if isinstance(value, TracedArray) and value.size == 1:
            value = value.item()
        if not isinstance(value, Remembers):
            return float(value)
        return traced(float(value.raw), self.tracer.read(value), self.tracer.epoch)

    def bool_(self, value: Any = False) -> bool:
        """Ask for a truth."""
        return bool(value)

    def min_(self, *values: Any, **options: Any) -> Any:
        """Give the smallest."""
        return self._extreme(min, "min", values, options)

    def max_(self, *values: Any, **options: Any) -> Any:
        """Give the largest."""
        return self._extreme(max, "max", values, options)

    def _extreme(self, function: Any, name: str, values: tuple[Any, ...], options: dict[str, Any]) -> Any:
        ones = values if len(values) > 1 else tuple(values[0])
        few = len(ones) <= SMALL and not options and any(isinstance(one, Remembers) for one in ones)
        if few and all(is_number(bare(one)) for one in ones):
            return made(function(bare(one) for one in ones), name, ones)
        return function(unwrapped(list(ones)), **options)

    def sum_(self, values: Any, start: Any = 0) -> Any:
        """Add up."""
        ones = list(values)
        if not ones and is_number(start):
            return self.given(start, self.tracer.line())
        if not any(isinstance(one, Remembers) for one in ones) or len(ones) > 4 * SMALL:
            return sum(unwrapped(ones) if len(ones) > 4 * SMALL else ones, start)
        if not (is_number(start) and bare(start) == 0):
            ones.insert(0, start)
        total = ones[0]
        if COMPENSATED and all(type(bare(one)) is float for one in ones):
            lost = []
            for one in ones[1:]:
                total, left = _added(total, one)
                lost.append(left)
            total = total + reduce(operator.add, lost) if lost else total
        else:
            for one in ones[1:]:
                total = total + one
        raw = sum([bare(one) for one in ones])
        if not isinstance(total, Remembers):
            return total
        return traced(raw, self.tracer.read(total), self.tracer.epoch)

    def isinstance_(self, value: Any, kinds: Any) -> bool:
        """Tell a number's kind as it would be without the trace."""
        return isinstance(bare(value), kinds)
