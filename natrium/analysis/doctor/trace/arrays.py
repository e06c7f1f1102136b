"""Arrays that remember: doubles as NumPy has them, and beside them what each element came from."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from natrium.analysis.doctor.trace.forms import Place
from natrium.analysis.doctor.trace.numbers import UFUNCS, Remembers, bare, is_number, made, traced
from natrium.analysis.doctor.trace.tracer import active

# Up to so many elements each is followed; of more, the first one speaks for all (a population).
SMALL = 8
# Beyond so many elements nothing is remembered.
_LARGEST = 5_000_000


class TracedArray(np.ndarray[Any, Any]):
    """An array that remembers what its elements came from.

    Attributes
    ----------
    nodes : ndarray of object or None
        By element: the number that remembers, or None.
    key, name : tuple, str
        The place of the whole array; empty where it has none yet.
    frame : tuple
        By axis of that whole array: the coordinate of this part, or a 1-tuple with its first one.
    first : bool
        Of a large array: whether element 0 is the one that speaks for all.
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
        """Whether only element 0 is followed."""
        return self.part_of_many or self.size > SMALL

    def followed(self) -> list[tuple[int, ...]]:
        """List the elements that are followed."""
        if not self.many:
            return list(np.ndindex(self.shape))
        grown = self.key in active().known.grown
        if grown and self.ndim == 1:
            return [(len(self) - 1,)]
        return [(0,) * self.ndim] if self.first and self.size else []

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
            form = tracer.outside(("array", self.key), self.name or f"line {line}", raw, line)
        else:
            form = tracer.number(raw, 0)
        place = Place(self.key, self.name, self.coords(index)) if self.key else None
        return traced(raw, form, self.born, place)

    def learn(self, index: Any) -> None:
        """Take note of the axis that steps go along."""
        tracer = active()
        if tracer.segment is None or not self.key or tracer.known.final:
            return
        parts = index if isinstance(index, tuple) else (index,)
        free = [k for k, one in enumerate(self.frame) if isinstance(one, tuple)] or list(range(self.ndim))
        for part, axis in zip(parts, free, strict=False):
            if isinstance(part, Remembers) and part.form.op != "number":
                if part.epoch >= tracer.segment.start:
                    tracer.known.series.setdefault(self.key, axis)

    def __getitem__(self, index: Any) -> Any:
        self.learn(index)
        plain_index = choosing(index)
        got = self.plain[plain_index]
        if not isinstance(got, np.ndarray):
            at = plain_index if isinstance(plain_index, tuple) else (plain_index,)
            if not is_number(got) or not all(isinstance(one, (int, np.integer)) for one in at):
                return got
            return self.element(at, got)
        part: TracedArray = got.view(TracedArray)
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

    def _picked(self, part: TracedArray, index: Any) -> TracedArray:
        """Give what a mask or a list of indices picks: a copy, of which the followed elements are known."""
        part.key, part.name, part.frame = (), "", ()
        part.part_of_many, part.first = self.many, False
        if active().segment is None or not self.size or part.ndim == 0:
            return part
        positions = np.arange(self.size).reshape(self.shape)[index]
        wanted = np.flatnonzero(positions.ravel() == 0)[:1] if self.many else range(positions.size)
        if self.many and not (self.first and len(wanted) and wanted[0] == 0):
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
        self.learn(index)
        plain_index = choosing(index)
        self.plain[plain_index] = unwrapped(value)
        nodes = self.remember()
        if nodes is None or self.dtype.kind not in "fiub":
            return
        if self.dtype in (np.float32, np.float16):
            active().narrow = True
        positions = np.arange(self.size).reshape(self.shape)[plain_index] if self.size > 1 else None
        if positions is None or not isinstance(positions, np.ndarray):
            flat = 0 if positions is None else int(positions)
            self.put(np.unravel_index(flat, self.shape), value if np.ndim(value) == 0 else first_of(value))
            return
        traced_ones = range(positions.size)
        if self.many:
            traced_ones = self._speakers(positions)  # type: ignore[assignment]  # any iterable of int will do
        for k in traced_ones:
            at = np.unravel_index(k, positions.shape)
            self.put(np.unravel_index(int(positions[at]), self.shape), item_at(value, at, positions.ndim))

    def _speakers(self, positions: Any) -> list[int]:
        """Find, of many elements to be set, those that are followed."""
        if not self.first:
            return []
        if self.ndim == 1 or self.size == positions.size:
            found = np.flatnonzero(positions.ravel() == 0)
            return [int(k) for k in found[:1]]
        # Of a plane, a population at one step or the states of one step: the first, if there are many.
        if positions.size > SMALL:
            rows = np.unravel_index(positions.ravel()[:1], self.shape)
            return [0] if any(int(row[0]) == 0 for row in rows) else []
        return list(range(positions.size))

    def put(self, index: tuple[Any, ...], value: Any) -> None:
        """Remember what one element was set to."""
        tracer = active()
        index = tuple(int(i) for i in index)
        raw = self.plain[index]
        line = tracer.line()
        if isinstance(value, Remembers):
            form = tracer.read(value)
            if self.dtype.kind in "iu" and isinstance(value.raw, (float, np.floating)):
                form = tracer.operation("int", (form,), raw, line)
        else:
            form = tracer.number(bare(value), line)
        place = Place(self.key, self.name, self.coords(index)) if self.key else None
        node = traced(raw, form, tracer.epoch, place)
        self.nodes[index] = node
        if place is not None and isinstance(node, Remembers):
            tracer.store(node, place)

    # NumPy -------------------------------------------------------------------------------------------

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        return apply_to_arrays(ufunc, method, inputs, options)

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        return wrapped(func(*unwrapped(args), **unwrapped(kwargs)))

    def _same(self, name: str, *args: Any, **options: Any) -> Any:
        """Apply a method that moves elements about to doubles and nodes alike."""
        made_ = getattr(self.plain, name)(*unwrapped(args), **unwrapped(options))
        part: TracedArray = made_.view(TracedArray)
        part.born, part.first, part.part_of_many = self.born, self.first, self.part_of_many
        if self.nodes is not None:
            part.nodes = getattr(self.nodes, name)(*unwrapped(args), **unwrapped(options))
        if part.shape == self.shape:
            part.key, part.name, part.frame = self.key, self.name, self.frame
        return part

    def copy(self, *args: Any, **options: Any) -> Any:
        """Copy, nodes too."""
        return self._same("copy", *args, **options)

    def reshape(self, *args: Any, **options: Any) -> Any:
        """Reshape, nodes too."""
        return self._same("reshape", *args, **options)

    def flatten(self, *args: Any, **options: Any) -> Any:
        """Flatten, nodes too."""
        return self._same("flatten", *args, **options)

    def ravel(self, *args: Any, **options: Any) -> Any:
        """Flatten, nodes too."""
        return self._same("ravel", *args, **options)

    def transpose(self, *args: Any, **options: Any) -> Any:
        """Transpose, nodes too."""
        return self._same("transpose", *args, **options)

    @property
    def T(self) -> Any:  # type: ignore[override]  # NumPy's is read-only too
        """Transposed, nodes too."""
        return self._same("transpose")

    def item(self, *args: Any) -> Any:
        """Give one element as Python's own."""
        if args or self.size != 1:
            return self.plain.item(*unwrapped(args))
        node = self.element((0,) * self.ndim)
        return node.item() if isinstance(node, Remembers) else node

    def any(self, *args: Any, **options: Any) -> Any:
        """Whether any element is true; of one, its own truth."""
        if self.size == 1 and not args and not options:
            return self.element((0,) * self.ndim)
        return wrapped(self.plain.any(*unwrapped(args), **unwrapped(options)))

    def all(self, *args: Any, **options: Any) -> Any:
        """Whether all elements are true; of one, its own truth."""
        if self.size == 1 and not args and not options:
            return self.element((0,) * self.ndim)
        return wrapped(self.plain.all(*unwrapped(args), **unwrapped(options)))

    def sum(self, *args: Any, **options: Any) -> Any:
        """Add up; of few elements, one by one."""
        raw = self.plain.sum(*unwrapped(args), **unwrapped(options))
        return summed(self, raw)

    def astype(self, dtype: Any, *args: Any, **options: Any) -> Any:
        """Make another type of number, nodes too."""
        part: TracedArray = self.plain.astype(dtype, *args, **options).view(TracedArray)
        part.born, part.first, part.part_of_many = self.born, self.first, self.part_of_many
        if part.dtype in (np.float32, np.float16):
            active().narrow = True
        if self.nodes is not None and part.dtype.kind in "fiub":
            whole = part.dtype.kind in "iu" and self.dtype.kind == "f"
            nodes = part.remember()
            for at in part.followed():
                node = self.nodes[at]
                if isinstance(node, Remembers):
                    raw = part.plain[at]
                    nodes[at] = made(raw, "int", (node,)) if whole else traced(
                        raw, active().read(node), active().epoch)  # fmt: skip
        return part

    def dot(self, other: Any, *args: Any, **options: Any) -> Any:
        """Multiply as matrices do."""
        return wrapped(self.plain.dot(unwrapped(other), *args, **options))

    def __bool__(self) -> bool:
        if self.size == 1:
            node = self.element((0,) * self.ndim)
            return bool(node)
        return bool(self.plain)

    def __float__(self) -> float:
        return float(self.plain)

    def __deepcopy__(self, memo: Any) -> Any:
        return self.copy()

    def __reduce__(self) -> Any:
        return self.plain.__reduce__()

    def __array_wrap__(self, array: Any, context: Any = None, return_scalar: bool = False) -> Any:
        return array[()] if return_scalar else array


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
    if isinstance(index, TracedArray):
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
    if isinstance(value, TracedArray):
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


def wrapped(value: Any, name: str = "") -> Any:
    """Give what came from outside of the script: arrays remember from now on; numbers of a step too."""
    tracer = active()
    if isinstance(value, TracedArray):
        return value
    if isinstance(value, np.ndarray):
        if value.dtype in (np.float32, np.float16):
            tracer.narrow = True
        if value.ndim == 0 or value.dtype.kind not in "fiub":
            return value
        array: TracedArray = value.view(TracedArray)
        array.born = tracer.epoch
        return array
    if isinstance(value, Remembers):
        return value
    if is_number(value):
        if tracer.segment is None:
            return value
        line = tracer.line()
        return traced(
            value, tracer.outside(("value", name), name or f"line {line}", value, line), tracer.epoch
        )
    if type(value) is tuple:
        return tuple(wrapped(one, name) for one in value)
    if type(value) is list and value and isinstance(value[0], np.ndarray):
        return [wrapped(one, name) for one in value]
    return value


def item_at(value: Any, at: tuple[Any, ...], ndim: int) -> Any:
    """Give the element of a value that is broadcast to where it is put."""
    if isinstance(value, (list, tuple)):
        return item_at(value[int(at[-len(np.shape(unwrapped(value))) if ndim else 0])], at[1:], ndim - 1) \
            if len(value) > 1 else item_at(value[0], at[1:], ndim - 1)  # fmt: skip
    if not isinstance(value, np.ndarray) or value.ndim == 0:
        return value
    index = tuple(
        0 if size == 1 else int(i) for i, size in zip(at[ndim - value.ndim :], value.shape, strict=False)
    )
    if isinstance(value, TracedArray):
        if value.many and any(index) and (value.nodes is None or value.nodes[index] is None):
            return value.plain[index]
        return value.element(index)
    return value[index]


def first_of(value: Any) -> Any:
    """Give the one element of a list or array of one."""
    while isinstance(value, (list, tuple, np.ndarray)) and np.ndim(value):
        value = value[0]
    return value


def summed(array: TracedArray, raw: Any) -> Any:
    """Remember a sum, of few elements one by one."""
    if isinstance(raw, np.ndarray):
        return wrapped(raw)
    if array.size == 0 or array.size > SMALL or (array.nodes is None and active().segment is None):
        return wrapped(raw)
    ones = [array.element(at) for at in np.ndindex(array.shape)]
    total = ones[0]
    for one in ones[1:]:
        total = total + one
    return traced(raw, active().read(total), active().epoch) if isinstance(total, Remembers) else wrapped(raw)


def apply_to_arrays(ufunc: Any, method: str, inputs: tuple[Any, ...], options: dict[str, Any]) -> Any:
    """Apply a ufunc to numbers and arrays, of which some remember."""
    out = options.get("out")
    if out:
        # What is about to be written over is what the operands were.
        inputs = tuple(
            one.copy()
            if isinstance(one, TracedArray) and np.may_share_memory(one.plain, unwrapped(out[0]))
            else one
            for one in inputs
        )
    plain_options = {key: unwrapped(value) for key, value in options.items()}
    raws = [one.raw if isinstance(one, Remembers) else unwrapped(one) for one in inputs]
    result = getattr(ufunc, method)(*raws, **plain_options)
    name = UFUNCS.get(ufunc.__name__)
    target = out[0] if isinstance(out, tuple) and len(out) == 1 else None
    if method != "__call__" or name is None:
        if method == "reduce" and ufunc is np.add and isinstance(inputs[0], TracedArray):
            return summed(inputs[0], result)
        return target if target is not None else wrapped(result)
    if not isinstance(result, np.ndarray) or (result.ndim == 0 and target is None):
        if is_number(result) and all(np.ndim(one) == 0 for one in raws):
            return made(result, name, tuple(first_of(one) for one in inputs), numpy=True)
        return wrapped(result)
    array = target if isinstance(target, TracedArray) else wrapped(result)
    if not isinstance(array, TracedArray):
        return array
    _follow(array, name, inputs, raws)
    return array


def _follow(array: TracedArray, name: str, inputs: tuple[Any, ...], raws: list[Any]) -> None:
    """Give the elements of a result their forms."""
    tracer = active()
    operands = [one for one in inputs if isinstance(one, (TracedArray, Remembers))]
    parts = [one for one in operands if isinstance(one, TracedArray) and one.ndim]
    array.part_of_many = any(one.many for one in parts)
    if array.many:
        array.first = all(one.first for one in parts)
        if tracer.segment is None or not array.first:
            return
    if array.size == 0 or array.dtype.kind not in "fiub":
        return
    nodes = array.remember()
    indices = [(0,) * array.ndim] if array.many else list(itertools.product(*map(range, array.shape)))
    plain = array.plain
    for at in indices:
        ones = tuple(
            item_at(one, at, array.ndim) if isinstance(one, TracedArray) else _plain_item(one, raw, at, array)
            for one, raw in zip(inputs, raws, strict=True)
        )
        if not any(isinstance(one, Remembers) for one in ones):
            continue
        node = made(plain[at], name, ones, numpy=True)
        if isinstance(node, Remembers) and array.key:
            node.place = Place(array.key, array.name, array.coords(at))
            nodes[at] = node
            tracer.store(node, node.place)
        else:
            nodes[at] = node if isinstance(node, Remembers) else None


def _plain_item(one: Any, raw: Any, at: tuple[int, ...], array: TracedArray) -> Any:
    if isinstance(one, Remembers):
        return one
    if isinstance(raw, (list, tuple)):
        raw = np.asarray(raw)
    return item_at(raw, at, array.ndim)


def apply_ufunc(ufunc: Any, method: str, inputs: tuple[Any, ...], options: dict[str, Any]) -> Any:
    """Apply a ufunc to numbers, or to arrays where one of them is."""
    if any(np.ndim(one) for one in inputs) or options.get("out"):
        return apply_to_arrays(ufunc, method, inputs, options)
    raws = [unwrapped(one) for one in inputs]
    raw = getattr(ufunc, method)(*raws, **options)
    name = UFUNCS.get(ufunc.__name__)
    if method != "__call__" or name is None or not all(map(is_number, raws)) or not is_number(raw):
        return wrapped(raw)
    if not any(isinstance(one, Remembers) for one in inputs):
        return raw
    return made(raw, name, inputs, numpy=True)


Remembers.ufunc = staticmethod(apply_ufunc)
