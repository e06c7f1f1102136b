"""What a rewritten script calls in the plain run: next to nothing."""

from __future__ import annotations

import inspect
import io
import sys
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from natrium.analysis.doctor.trace.elements import unwrapped
from natrium.analysis.doctor.trace.foreign import turns_within
from natrium.analysis.doctor.trace.forms import OverBudget
from natrium.analysis.doctor.trace.layers import Layers
from natrium.analysis.doctor.trace.standins import Outputs, spread


class Turns:
    """The turns of a while loop."""

    def __init__(self, owner: Plain, number: int) -> None:
        self.owner, self.number, self.begun = owner, number, True
        owner.entered(number)

    def turn(self) -> bool:
        """Begin a turn, with its condition; a generator's may be that of a loop that was begun later."""
        inner = self.owner.now[-1][0]
        if inner != self.number and sys._getframe(1).f_code.co_flags & inspect.CO_GENERATOR:
            self.owner.driven.setdefault(self.number, Counter())[inner] += 1
        self.owner.turned(self.number)
        self.begun = False
        return True

    def body(self) -> None:
        """Say that the condition held."""
        self.begun = True

    def leave(self) -> None:
        """End the loop."""
        self.owner.left(self.number, self.begun)


class Plain:
    """The plain run: loops are counted, drawing and asking does nothing, writing goes to a scratch folder.

    Parameters
    ----------
    layers : Layers
    scratch : Path
    max_operations : int
        Turns of loops, all told.
    """

    slice = slice

    def __init__(self, layers: Layers, scratch: Path, max_operations: int) -> None:
        self.layers, self.scratch = layers, scratch
        self.max_operations = turns_within(max_operations)
        self.outputs: Outputs = layers.outputs
        self.most: dict[int, int] = {}
        self.entries: dict[int, int] = {}
        self.now: list[list[int]] = []
        self.driven: dict[int, Counter[int]] = {}
        self.parents: dict[int, set[int]] = {}
        self.count = 0
        self.ahead: int | None = None
        self.kept: Mapping[int, Collection[int]] = {}
        self.left_out = 0

    # Loops -------------------------------------------------------------------------------------------

    def entered(self, number: int) -> None:
        """Begin a loop."""
        self.parents.setdefault(number, set()).update(one[0] for one in self.now)
        self.entries[number] = self.entries.get(number, 0) + 1
        self.now.append([number, 0])

    def turned(self, number: int) -> None:
        """Begin a turn, and count it."""
        for one in reversed(self.now):
            if one[0] == number:
                self.turn_of(one)
                break
        self._add_turn()

    def _add_turn(self) -> None:
        self.count += 1
        if self.count > self.max_operations:
            raise OverBudget(f"more than {self.max_operations:,} turns of loops")

    def left(self, number: int, begun: bool = True) -> None:
        """End a loop."""
        for k in range(len(self.now) - 1, -1, -1):
            if self.now[k][0] == number:
                self.end_of(self.now.pop(k), begun)
                break

    def turn_of(self, loop: list[int]) -> None:
        """Count a turn of a loop: its number and its turns."""
        loop[1] += 1

    def end_of(self, loop: list[int], begun: bool) -> None:
        """Keep the most turns that a loop had; one whose condition failed is none."""
        number, turns = loop
        self.most[number] = max(self.most.get(number, 0), turns - (not begun))

    def loop(self, items: Any, number: int, text: str) -> Iterator[Any]:
        """Go through a for loop's items; the loop by which a generator makes one belongs to its turn."""
        self.begin()
        self.entered(number)
        entry, ones, begun = self.now[-1], iter(items), True
        name = getattr(items, "name", "") or text
        self.ahead = number
        kept, at = self.kept.get(number), -1
        try:
            while True:
                begun = False
                try:
                    item = next(ones)
                except StopIteration:
                    return
                at += 1
                if kept is not None and at not in kept:
                    self.left_out += 1
                    continue
                self.begin()
                begun = True
                yield self.item_of(entry, item, name)
                self.turned(number)
        finally:
            self.ahead = None
            self.left(number, begun)

    def items(self, items: Any) -> Iterator[Any]:
        """Go through the items of what makes no steps, and count them."""
        for item in items:
            self._add_turn()
            yield item

    def begin(self) -> None:
        """Begin the first turn of a for loop: with its item, or with the loop that makes that."""
        number, self.ahead = self.ahead, None
        if number is not None:
            self.turned(number)

    def item_of(self, loop: list[int], item: Any, name: str) -> Any:
        """Give an item of a for loop to its turn."""
        return item

    def turns(self, number: int) -> Turns:
        """Begin a while loop."""
        self.begin()
        return Turns(self, number)

    def unpack(self, value: Any, shape: Any) -> Any:
        """Take a value apart."""
        return spread(value, shape)

    # Reaching out ------------------------------------------------------------------------------------

    def module(self, name: str, whole: str) -> Any:
        """Give a module."""
        return self.layers.module(name, whole)

    def member(self, module: str, name: str) -> Any:
        """Give a module's member."""
        return self.layers.member(module, name)

    def star(self, module: str, names: tuple[str, ...], bound: dict[str, Any]) -> None:
        """Put a module's members that the script uses among the names that are bound."""
        bound.update(self.layers.star(module, names, bound))

    def print_(self, *values: Any, **options: Any) -> None:
        """Print nothing; keep the numbers."""
        self.outputs.note("print", tuple(unwrapped(values)))

    def input_(self, *values: Any) -> str:
        """Answer with what is both a number and a word."""
        return "1"

    def exit_(self, *values: Any) -> None:
        """End the script."""
        raise SystemExit(0)

    quit_ = exit_

    def open_(self, file: Any, mode: str = "r", *args: Any, **options: Any) -> Any:
        """Open a file for reading; what is written goes to the scratch folder."""
        if not any(letter in mode for letter in "wax+"):
            return Path(file).open(mode, *args, **options) if isinstance(file, (str, Path)) else io.StringIO()
        return (self.scratch / Path(str(file)).name).open(mode, *args, **options)
