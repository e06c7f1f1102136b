"""Arrays that remember: doubles as NumPy has them, and beside them what each element came from."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np

from natrium.analysis.doctor.trace.elements import (
    SMALL,
    Elements,
    choosing,
    first_of,
    item_at,
    speaker,
    unwrapped,
)
from natrium.analysis.doctor.trace.forms import Place
from natrium.analysis.doctor.trace.numbers import REMEMBERING, UFUNCS, Remembers, is_number, made, traced
from natrium.analysis.doctor.trace.products import entries_of_product
from natrium.analysis.doctor.trace.tracer import active

# Of larger arrays, made of lists, the elements are not followed.
_FOLLOWED = 4096


class TracedArray(Elements):
    """An array that remembers: doubles as NumPy has them, what is done to them done to their nodes too."""

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
    def T(self) -> Any:
        """Transposed, nodes too."""
        return self._same("transpose")

    def item(self, *args: Any) -> Any:
        """Give one element as Python's own."""
        if args or self.size != 1:
            return self.plain.item(*unwrapped(args))
        node = self.element((0,) * self.ndim)
        return node.item() if isinstance(node, Remembers) else node

    def tolist(self) -> Any:
        """Give the elements as Python's own, nested as they are."""
        if self.ndim != 1 or self.size > SMALL:
            return self.plain.tolist()
        ones = [self.element((k,)) for k in range(self.size)]
        return [one.item() if isinstance(one, (Remembers, np.generic)) else one for one in ones]

    def any(self, *args: Any, **options: Any) -> Any:
        """Whether any element is true; of one, its own truth; of several, each is a choice."""
        if self.size == 1 and not args and not options:
            return self.element((0,) * self.ndim)
        choosing(self)
        return wrapped(self.plain.any(*unwrapped(args), **unwrapped(options)))

    def all(self, *args: Any, **options: Any) -> Any:
        """Whether all elements are true; of one, its own truth; of several, each is a choice."""
        if self.size == 1 and not args and not options:
            return self.element((0,) * self.ndim)
        choosing(self)
        return wrapped(self.plain.all(*unwrapped(args), **unwrapped(options)))

    def nonzero(self) -> Any:
        """Tell which elements are true, each a choice."""
        choosing(self)
        return wrapped(self.plain.nonzero())

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
        return multiplied(self, other, self.plain.dot(unwrapped(other), *args, **options))

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


def wrapped(value: Any, name: str = "") -> Any:
    """Give what came from outside of the script: arrays remember from now on; numbers of a step too."""
    tracer = active()
    if isinstance(value, TracedArray):
        return value
    if isinstance(value, np.ndarray):
        if value.dtype in (np.float32, np.float16):
            tracer.narrow = True
        if value.ndim == 0 or value.dtype.kind not in "fiub" or type(value) is not np.ndarray:
            return value  # a masked array or a matrix has rules of its own
        array: TracedArray = value.view(TracedArray)
        array.born, array.name = tracer.epoch, name
        return array
    if isinstance(value, Remembers):
        return value
    if is_number(value):
        if tracer.segment is None:
            return value
        line = tracer.line()
        return traced(
            value,
            tracer.outside(
                ("value", name, tracer.count(("value", name, line))), name or f"line {line}", value, line
            ),
            tracer.epoch,
        )
    if type(value) is tuple:
        return tuple(wrapped(one, name) for one in value)
    if type(value) is list and value and isinstance(value[0], np.ndarray):
        return [wrapped(one, name) for one in value]
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


def multiplied(one: Any, other: Any, raw: Any) -> Any:
    """Remember a product of rows and small matrices; NumPy adds up in an order of its own."""
    entries = entries_of_product(one, other, np.size(raw))
    return wrapped(raw) if entries is None else filled(raw, entries)


def filled(raw: Any, entries: Sequence[Sequence[Any]]) -> Any:
    """Give what NumPy made of matrices the forms of its elements, row by row."""
    tracer = active()
    tracer.fused = True
    ones = [one for row in entries for one in row]
    if not isinstance(raw, np.ndarray):
        (one,) = ones
        return traced(raw, tracer.read(one), tracer.epoch) if isinstance(one, Remembers) else wrapped(raw)
    array = wrapped(raw)
    if isinstance(array, TracedArray):
        nodes, line = array.remember(), tracer.line()
        for at, one in zip(np.ndindex(array.shape), ones, strict=True):
            raw_one = array.plain[at]
            form = tracer.read(one) if isinstance(one, Remembers) else tracer.number(raw_one, line)
            nodes[at] = traced(raw_one, form, tracer.epoch)
    return array


def apply_to_arrays(ufunc: Any, method: str, inputs: tuple[Any, ...], options: dict[str, Any]) -> Any:
    """Apply a ufunc to numbers and arrays, of which some remember."""
    inputs = tuple(array_of(one) if remembers(one) else one for one in inputs)
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
        if method == "__call__" and ufunc is np.matmul and target is None:
            return multiplied(inputs[0], inputs[1], result)
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
    indices = [speaker(array.shape)] if array.many else list(itertools.product(*map(range, array.shape)))
    plain = array.plain
    columns = [_items(one, raw, array, indices) for one, raw in zip(inputs, raws, strict=True)]
    for at, ones in zip(indices, zip(*columns, strict=True), strict=True):
        if not any(isinstance(one, Remembers) for one in ones):
            continue
        node = made(plain[at], name, ones, numpy=True)
        if isinstance(node, Remembers) and array.key:
            place = Place(array.key, array.name, array.coords(at))
            node.place, node.read_in = place, None  # type: ignore[misc]  # its own class has room for it
            nodes[at] = node
            tracer.store(node, place)
        else:
            nodes[at] = node if isinstance(node, Remembers) else None


def _items(one: Any, raw: Any, array: TracedArray, indices: list[tuple[int, ...]]) -> list[Any]:
    """Give, of one operand, what is put with each of these elements of a result."""
    if isinstance(one, TracedArray):
        if one.shape == array.shape and not one.many:
            return [one.element(at, raw[at]) for at in indices]
        return [item_at(one, at, array.ndim) for at in indices]
    return [_plain_item(one, raw, at, array) for at in indices]


def _plain_item(one: Any, raw: Any, at: tuple[int, ...], array: TracedArray) -> Any:
    if isinstance(one, Remembers):
        return one
    if isinstance(raw, (list, tuple)):
        raw = np.asarray(raw)
    return item_at(raw, at, array.ndim)


def apply_ufunc(ufunc: Any, method: str, inputs: tuple[Any, ...], options: dict[str, Any]) -> Any:
    """Apply a ufunc to numbers, or to arrays where one of them is."""
    if len(inputs) == 1 and type(inputs[0]) in REMEMBERING and method == "__call__" and not options:
        # The common case, for speed.
        raw, name = ufunc(inputs[0].raw), UFUNCS.get(ufunc.__name__)
        return made(raw, name, inputs, numpy=True) if name is not None and is_number(raw) else wrapped(raw)
    inputs = tuple(_number_of(one) for one in inputs)
    raws = [unwrapped(one) for one in inputs]
    if any(not isinstance(one, float) and np.ndim(one) for one in raws) or options.get("out"):
        return apply_to_arrays(ufunc, method, inputs, options)
    raw = getattr(ufunc, method)(*raws, **options)
    name = UFUNCS.get(ufunc.__name__)
    if method != "__call__" or name is None or not all(map(is_number, raws)) or not is_number(raw):
        return wrapped(raw)
    if not any(isinstance(one, Remembers) for one in inputs):
        return raw
    return made(raw, name, inputs, numpy=True)


def _number_of(value: Any) -> Any:
    """Take an array without a dimension for the number that it is."""
    if not isinstance(value, np.ndarray) or value.ndim:
        return value
    return value.element(()) if isinstance(value, TracedArray) else wrapped(value[()])


def remembers(values: Any) -> bool:
    """Whether a list, however deep, holds what remembers."""
    return isinstance(values, (list, tuple)) and any(
        isinstance(one, (Remembers, TracedArray)) or remembers(one) for one in values
    )


def array_of(value: Any, *args: Any, **options: Any) -> Any:
    """Make an array of what may hold numbers that remember."""
    if isinstance(value, TracedArray) and not args and not options:
        return value.copy()
    if isinstance(value, Remembers):
        single: TracedArray = np.array(value.raw, *unwrapped(args), **unwrapped(options)).view(TracedArray)
        single.born = active().epoch
        single.remember()[()] = traced(single.plain[()], active().read(value), active().epoch)
        return single
    made_ = wrapped(np.array(unwrapped(value), *unwrapped(args), **unwrapped(options)))
    return _with_nodes(made_, value)


def _with_nodes(array: Any, value: Any) -> Any:
    if isinstance(array, TracedArray) and isinstance(value, TracedArray) and value.nodes is not None:
        if array.shape == value.shape:
            array.nodes = value.nodes.copy()
    elif isinstance(array, TracedArray) and isinstance(value, (list, tuple)) and _is_followed(array, value):
        nodes = array.remember()
        tracer = active()
        for at in np.ndindex(array.shape):
            one = _nested(value, at)
            raw = array.plain[at]
            if isinstance(one, Remembers):
                nodes[at] = traced(raw, tracer.read(one), tracer.epoch)
            elif tracer.segment is not None and is_number(one):
                nodes[at] = traced(raw, tracer.number(one, tracer.line()), tracer.epoch)
    return array


def _is_followed(array: TracedArray, value: Any) -> bool:
    if array.size > _FOLLOWED or array.dtype.kind not in "fiub":
        return False
    return remembers(value) or (array.size <= SMALL and active().segment is not None)


def _nested(value: Any, at: tuple[int, ...]) -> Any:
    for k, i in enumerate(at):
        if isinstance(value, TracedArray):
            return value.element(at[k:])
        value = value[i]
    return value.element(()) if isinstance(value, TracedArray) else value


Remembers.ufunc = staticmethod(apply_ufunc)


def flat(value: Any) -> list[Any]:
    """List the numbers in a number, an array or a sequence of such."""
    if isinstance(value, TracedArray):
        return [value.element(at) for at in np.ndindex(value.shape)]
    if isinstance(value, (list, tuple)):
        return [number for one in value for number in flat(one)]
    if isinstance(value, np.ndarray):
        return list(np.ravel(value))
    return [value]
