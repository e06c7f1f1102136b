"""Elements of arrays that remember: where each is kept, what it came from, which are followed."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from natrium.analysis.doctor.trace.forms import Place
from natrium.analysis.doctor.trace.numbers import Remembers, bare, is_number, traced
from natrium.analysis.doctor.trace.record import CUT
from natrium.analysis.doctor.trace.tracer import active

# Up to so many elements each is followed; of more, one at an end speaks for all (a population).
SMALL = 8
# So is each of a matrix of so many rows and columns at most.
SIDE = 4
# Beyond so many elements nothing is remembered.
_LARGEST = 5_000_000


class Elements(np.ndarray[Any, Any]):
    """An array's elements, and beside them what each came from.

    Attributes
    ----------
    nodes : ndarray of object or None
        By element: the number that remembers, or None.
    key, name : tuple, str
        The place of the whole array; empty where it has none yet.
    frame : tuple
        By axis of that whole array: the coordinate of this part, or a 1-tuple with its first one.
    first : bool
        Of a large array: whether it has the element that speaks for all, and at its end.
    born : int
        The step that made it.
    part_of_many : bool
        Whether it was picked out of a large array.
    """

    nodes: Any
    key: tuple[Any, ...]
    name: str
    frame: tuple[Any, ...]
    first: bool
    born: int
    part_of_many: bool

    def __array_finalize__(self, obj: Any) -> None:
        self.nodes, self.key, self.name, self.frame, self.first = None, (), "", (), True
        self.part_of_many = False
        self.born = getattr(obj, "born", 0)

    @property
    def many(self) -> bool:
        """Whether only one element is followed, at an end."""
        matrix = self.ndim == 2 and max(self.shape) <= SIDE
        return self.part_of_many or (self.size > SMALL and not matrix)

    def followed(self) -> list[tuple[int, ...]]:
        """List the elements that are followed."""
        if not self.many:
            return list(np.ndindex(self.shape))
        grown = self.key in active().known.grown
        if grown and self.ndim == 1:
            return [(len(self) - 1,)]
        return [speaker(self.shape)] if self.first and self.size else []

    # Elements ----------------------------------------------------------------------------------------

    @property
    def plain(self) -> Any:
        """The doubles alone."""
        return self.view(np.ndarray)

    def coords(self, index: tuple[int, ...]) -> tuple[Any, ...]:
        """Say where an element of this part is in the whole array."""
        if not self.frame:
            return tuple(int(i) + n if i < 0 else int(i) for i, n in zip(index, self.shape, strict=False))
        ahead = iter(index)
        sizes = iter(self.shape)
        found = []
        for one in self.frame:
            if isinstance(one, tuple):
                i, n = next(ahead, 0), next(sizes, 1)
                found.append(one[0] + (int(i) + n if i < 0 else int(i)))
            else:
                found.append(one)
        return tuple(found)

    def remember(self) -> Any:
        """Give the nodes, made now if there are none."""
        if self.nodes is None and self.size <= _LARGEST:
            self.nodes = np.empty(self.shape, dtype=object)
        return self.nodes

    def element(self, index: tuple[int, ...], raw: Any = None) -> Any:
        """Give one element as a number that remembers."""
        if raw is None:
            raw = self.plain[index]
        node = self.nodes[index] if self.nodes is not None else None
        if isinstance(node, Remembers) and (node.raw == raw or node.raw != node.raw):
            return node
        tracer = active()
        line = tracer.line()
        if tracer.segment is not None and self.born >= tracer.segment.start:
            number = tracer.count(("array", self.key, line))
            form = tracer.outside(("array", self.key, number), self.name or f"line {line}", raw, line)
        else:
            form = tracer.number(raw, 0)
        place = Place(self.key, self.name, self.coords(index)) if self.key else None
        made = traced(raw, form, self.born, place)
        if form.op == "each" and self.remember() is not None:
            self.nodes[index] = made
        return made

    def learn(self, index: Any) -> None:
        """Take note of the axis that steps go along."""
        tracer = active()
        if tracer.segment is None or not self.key or tracer.known.final:
            return
        parts = index if isinstance(index, tuple) else (index,)
        free = [k for k, one in enumerate(self.frame) if isinstance(one, tuple)] or list(range(self.ndim))
        for part, axis in zip(parts, free, strict=False):
            made = isinstance(part, Remembers) and part.form.op != "number"
            if made and part.epoch >= tracer.segment.start:
                tracer.go_along(self.key, axis, part)

    def __getitem__(self, index: Any) -> Any:
        if not active().known.final:
            self.learn(index)
        if self.ndim == 1 and isinstance(index, int):
            # The common case, for speed.
            position = index.raw if isinstance(index, Remembers) else index
            raw = np.ndarray.__getitem__(self, position)
            node = self.nodes[position] if self.nodes is not None else None
            if isinstance(node, Remembers) and node.raw == raw:
                return node
            return self.element((position,), raw) if is_number(raw) else raw
        plain_index = choosing(index)
        got = self.plain[plain_index]
        if not isinstance(got, np.ndarray):
            at = plain_index if isinstance(plain_index, tuple) else (plain_index,)
            if not is_number(got) or not all(isinstance(one, (int, np.integer)) for one in at):
                return got
            return self.element(at, got)
        part: Elements = got.view(type(self))
        part.born, part.key, part.name = self.born, self.key, self.name
        if got.base is not None and is_basic(plain_index):
            nodes = self.remember()
            if nodes is not None and self.size <= SMALL and got.ndim and not self._framed(plain_index):
                for at in np.ndindex(self.shape):
                    nodes[at] = self.element(at)
            part.nodes = nodes[plain_index] if nodes is not None else None
            part.frame = self._framed(plain_index)
            if not part.frame:
                part.key, part.name = (), ""
            return part
        return self._picked(part, plain_index)

    def _picked(self, part: Elements, index: Any) -> Elements:
        """Give what a mask or a list of indices picks: a copy, of which the followed elements are known."""
        part.key, part.name, part.frame = (), "", ()
        part.part_of_many, part.first = self.many, False
        if active().segment is None or not self.size or part.ndim == 0:
            return part
        positions = places(self.shape)[index]
        wanted: Sequence[int] = range(positions.size)
        if self.many and self.ndim > 1:
            wanted = self._speakers(positions)
            if not wanted:
                return part
        elif self.many:
            (end,) = speaker((positions.size,)) if positions.size else (0,)
            wanted = wanted[end : end + 1]
            if not (self.first and wanted and positions.ravel()[end] == speaker((self.size,))[0]):
                return part
        part.first = True
        nodes = part.remember()
        for k in wanted:
            at = np.unravel_index(int(k), positions.shape)
            base = np.unravel_index(int(positions[at]), self.shape)
            nodes[at] = self.element(tuple(int(i) for i in base))
        return part

    def _framed(self, index: Any) -> tuple[Any, ...]:
        """Give a part's frame, empty where steps of slices make it too odd."""
        parts = list(index if isinstance(index, tuple) else (index,))
        if any(one is None or one is Ellipsis for one in parts):
            return ()
        frame: list[Any] = []
        sizes = iter(self.shape)
        for one in self.frame or tuple((0,) for _ in self.shape):
            if not isinstance(one, tuple):
                frame.append(one)
                continue
            size = next(sizes)
            part = parts.pop(0) if parts else slice(None)
            if isinstance(part, slice):
                start, _, step = part.indices(size)
                if step != 1:
                    return ()
                frame.append((one[0] + start,))
            else:
                frame.append(one[0] + (int(part) + size if part < 0 else int(part)))
        return tuple(frame)

    def __iter__(self) -> Any:
        return (self[i] for i in range(len(self)))

    def __setitem__(self, index: Any, value: Any) -> None:
        if not active().known.final:
            self.learn(index)
        plain_index = choosing(index)
        self.plain[plain_index] = unwrapped(value)
        nodes = self.remember()
        if nodes is None or self.dtype.kind not in "fiub":
            return
        if self.dtype in (np.float32, np.float16):
            active().narrow = True
        if self.ndim == 1 and type(plain_index) is int:
            # The common case, for speed.
            place = plain_index + self.size if plain_index < 0 else plain_index
            self.kept((place,), value if is_number(value) or np.ndim(value) == 0 else first_of(value))
            return
        positions = places(self.shape)[plain_index] if self.size > 1 else None
        if positions is None or not isinstance(positions, np.ndarray):
            flat = 0 if positions is None else int(positions)
            self.kept(np.unravel_index(flat, self.shape), value if np.ndim(value) == 0 else first_of(value))
            return
        traced_ones = range(positions.size)
        jumps = self.ndim == 1 and active().known.pointer is not None  # what it jumps over is set before
        if self.many and not jumps:
            traced_ones = self._speakers(positions)  # type: ignore[assignment]  # any iterable of int will do
        for k in traced_ones:
            at = np.unravel_index(k, positions.shape)
            self.kept(np.unravel_index(int(positions[at]), self.shape), item_at(value, at, positions.ndim))

    def _speakers(self, positions: Any) -> list[int]:
        """Find, of many elements to be set, those that are followed."""
        if not self.first:
            return []
        if self.ndim == 1 or self.size == positions.size:
            found = np.flatnonzero(positions.ravel() == speaker((self.size,))[0])
            return [int(k) for k in found[:1]]
        # Of a plane, a population at one step or the states of one step: one at an end, if there are many.
        if positions.size > SMALL:
            (k,) = speaker((positions.size,))
            ends = zip(np.unravel_index(positions.ravel()[k], self.shape), speaker(self.shape), strict=True)
            return [k] if any(one == end for one, end in ends) else []
        return list(range(positions.size))

    def kept(self, index: tuple[Any, ...], value: Any) -> None:
        """Remember what one element was set to."""
        tracer = active()
        index = tuple(int(i) for i in index)
        raw = self.plain[index]
        line = tracer.line()
        if isinstance(value, Remembers):
            form = tracer.read(value)
            if self.dtype.kind in "iu" and isinstance(value.raw, (float, np.floating)):
                form = tracer.operation(CUT, (form,), raw, line)
        else:
            form = tracer.number(bare(value), line)
        place = Place(self.key, self.name, self.coords(index), line=line) if self.key else None
        node = traced(raw, form, tracer.epoch, place)
        self.nodes[index] = node
        if place is not None and isinstance(node, Remembers):
            tracer.store(node, place)


@lru_cache(maxsize=8)
def places(shape: tuple[int, ...]) -> Any:
    """Give the number of each element of an array of a shape, once for all arrays of it."""
    found = np.arange(int(np.prod(shape))).reshape(shape)
    found.flags.writeable = False
    return found


def speaker(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Give the index of the element that speaks for all of a large array."""
    return tuple(size - 1 for size in shape) if active().known.speaker else (0,) * len(shape)


def is_basic(index: Any) -> bool:
    """Whether an index makes a view."""
    parts = index if isinstance(index, tuple) else (index,)
    return all(isinstance(one, (int, np.integer, slice)) or one is None or one is Ellipsis for one in parts)


def choosing(index: Any) -> Any:
    """Give an index plain; a mask that remembers is a choice of the elements that are followed."""
    if isinstance(index, tuple):
        return tuple(choosing(one) for one in index)
    if isinstance(index, Remembers):
        return index.raw
    if isinstance(index, Elements):
        if index.dtype == bool and index.nodes is not None and index.size:
            for at in index.followed():
                node = index.nodes[at]
                if isinstance(node, Remembers):
                    bool(node)
        elif index.dtype != bool and index.nodes is not None and index.size > 1:
            return index.plain
        return index.plain
    if isinstance(index, slice):
        return slice(bare(index.start), bare(index.stop), bare(index.step))
    return unwrapped(index)


def unwrapped(value: Any) -> Any:
    """Give a value with nothing in it that remembers."""
    if isinstance(value, Remembers):
        return value.raw
    if isinstance(value, Elements):
        return value.plain
    kind = type(value)
    if kind is list:
        return [unwrapped(one) for one in value]
    if kind is tuple:
        return tuple(unwrapped(one) for one in value)
    if kind is dict:
        return {bare(key): unwrapped(one) for key, one in value.items()}
    if kind is slice:
        return slice(bare(value.start), bare(value.stop), bare(value.step))
    return value


def item_at(value: Any, at: tuple[Any, ...], ndim: int) -> Any:
    """Give the element of a value that is broadcast to where it is put."""
    if isinstance(value, (list, tuple)):
        return item_at(value[int(at[-len(np.shape(unwrapped(value))) if ndim else 0])], at[1:], ndim - 1) \
            if len(value) > 1 else item_at(value[0], at[1:], ndim - 1)  # fmt: skip
    if not isinstance(value, np.ndarray) or value.ndim == 0:
        return first_of(value)
    index = tuple(
        0 if size == 1 else int(i) for i, size in zip(at[ndim - value.ndim :], value.shape, strict=False)
    )
    if isinstance(value, Elements):
        if (
            value.many
            and index != speaker(value.shape)
            and (value.nodes is None or value.nodes[index] is None)
        ):
            return value.plain[index]
        return value.element(index)
    return value[index]


def first_of(value: Any) -> Any:
    """Give the one element of a list or array of one."""
    while isinstance(value, (list, tuple, np.ndarray)) and np.ndim(value):
        value = value[0]
    return value.element(()) if isinstance(value, Elements) else value
