"""NumPy and math as the script sees them: what goes through them remembers."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from natrium.analysis.doctor.trace.arrays import (
    TracedArray,
    apply_ufunc,
    array_of,
    multiplied,
    remembers,
    wrapped,
)
from natrium.analysis.doctor.trace.elements import SIDE, choosing, item_at, unwrapped
from natrium.analysis.doctor.trace.foreign import Foreign, foreign, giving_plain
from natrium.analysis.doctor.trace.matrices import LinearAlgebra
from natrium.analysis.doctor.trace.numbers import REMEMBERING, Remembers, bare, is_number, made, traced
from natrium.analysis.doctor.trace.standins import Outputs
from natrium.analysis.doctor.trace.tracer import active

_MATH = {"fabs": "abs", "pow": "**", "fmod": "fmod"}


_MATH_KEPT = frozenset((
    "exp", "expm1", "log", "log1p", "log2", "log10", "sqrt", "sin", "cos", "tan", "asin", "acos", "atan",
    "atan2", "sinh", "cosh", "tanh", "asinh", "acosh", "atanh", "floor", "ceil", "trunc", "fabs", "pow",
    "fmod", "hypot", "cbrt", "radians", "degrees", "erf", "exp2",
))  # fmt: skip


# NumPy's functions that move elements about: the same is done to the nodes.
_MOVING = frozenset((
    "append", "concatenate", "hstack", "vstack", "stack", "column_stack", "insert", "delete", "roll",
    "repeat", "tile", "reshape", "ravel", "squeeze", "transpose", "flip", "atleast_1d", "atleast_2d",
    "expand_dims", "broadcast_to", "take",
))  # fmt: skip
# Which of their arguments hold elements, where it is not the first alone: counts and indices hold none.
_HOLDING = {"append": (0, 1), "insert": (0, 2)}


_WRITING = frozenset(("save", "savez", "savez_compressed", "savetxt"))
_MAKING = frozenset(("zeros", "ones", "empty", "full", "arange", "linspace"))
# What nothing is written to must be the same in both runs.
_ZERO = {"empty": "zeros", "empty_like": "zeros_like"}
LARGEST = 1e8  # elements of an array that a script may ask for


def member(name: str) -> Any:
    """Give what NumPy has of a name; what makes an array makes none that no memory holds.

    Raises
    ------
    MemoryError
        By what is given, when it is asked for more than `LARGEST` elements.
    """
    value = getattr(np, _ZERO.get(name, name))
    if name not in _MAKING:
        return value

    def make(*args: Any, **options: Any) -> Any:
        size = _size(name, args, options)
        if size > LARGEST:
            raise MemoryError(f"np.{name} is asked for {size:.3g} elements, more than {LARGEST:g}")
        return value(*args, **options)

    return make


def _size(name: str, args: tuple[Any, ...], options: Mapping[str, Any]) -> float:
    """Tell how many elements are asked for; 0 where it can't be told."""
    try:
        if name == "arange":
            start, stop, step = (*args, 1.0)[:3] if len(args) > 1 else (0.0, args[0], 1.0)
            return float((stop - start) / options.get("step", step))
        if name == "linspace":
            return float(args[2] if len(args) > 2 else options.get("num", 50))
        return float(np.prod(args[0] if args else options["shape"], dtype=float))
    except (LookupError, TypeError, ValueError, ArithmeticError):
        return 0.0


class MathLayer:
    """The module math, that remembers."""

    def __getattr__(self, name: str) -> Any:
        function = getattr(math, name)
        if not callable(function):
            return function

        def call(*args: Any) -> Any:
            raw = function(*unwrapped(args))
            if name in _MATH_KEPT and any(isinstance(one, Remembers) for one in args):
                return made(raw, _MATH.get(name, name), args)
            return wrapped(raw, name)

        return call


class SafeNumPy:
    """NumPy of the plain run: as it is, but for what writes files and for generators without a seed."""

    def __init__(self, outputs: Outputs) -> None:
        self.outputs = outputs
        self.random = SafeRandom()

    def __getattr__(self, name: str) -> Any:
        if name in _WRITING:
            return lambda file, *args, **options: self.outputs.note(name, tuple(unwrapped(args)))
        setattr(self, name, member(name))  # asked for once: scripts ask at every step
        return vars(self)[name]


class SafeRandom:
    """NumPy's random, where a generator without a seed has seed 0: two runs are to be alike."""

    def __getattr__(self, name: str) -> Any:
        if name == "default_rng":
            return lambda seed=0: np.random.default_rng(0 if seed is None else seed)
        if name == "RandomState":
            return lambda seed=0: np.random.RandomState(0 if seed is None else seed)
        if name == "seed":
            return lambda seed=0: np.random.seed(0 if seed is None else seed)  # noqa: NPY002 - the script's own
        return getattr(np.random, name)


class NumPyLayer:
    """NumPy, that remembers."""

    def __init__(self, outputs: Outputs) -> None:
        self.outputs = outputs
        self.random = Foreign(SafeRandom())

    def __getattr__(self, name: str) -> Any:
        own = _FUNCTIONS.get(name)
        if own is not None:
            return own
        if name in _WRITING:
            return lambda file, *args, **options: self.outputs.note(name, tuple(unwrapped(args)))
        value = member(name)
        if name == "r_":
            return _Row(self)
        if name == "linalg":
            return LinearAlgebra(value)
        if isinstance(value, np.ufunc):
            made_: Any = Ufunc(value)
        elif name in _MOVING:
            made_ = _moving(value, _HOLDING.get(name, (0,)))
        elif isinstance(value, type):
            return _kind(value) if name in ("float64", "double", "int64", "float32") else value
        else:
            made_ = foreign(value, name)
        self.__dict__[name] = made_
        return made_


class _Row:
    """``np.r_``: what stands in its brackets, end to end."""

    def __init__(self, layer: NumPyLayer) -> None:
        self.layer = layer

    def __getitem__(self, parts: Any) -> Any:
        parts = parts if isinstance(parts, tuple) else (parts,)
        if any(isinstance(one, (slice, str)) for one in parts):
            return wrapped(np.r_[unwrapped(parts)], "r_")
        return self.layer.hstack(list(parts))


def _kind(kind: type) -> Any:
    return kind


class Ufunc:
    """A ufunc, that remembers."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    def __getattr__(self, name: str) -> Any:
        if name in ("reduce", "accumulate", "outer", "at", "reduceat"):
            method = getattr(self._inner, name)
            return lambda *args, **options: wrapped(method(*unwrapped(args), **unwrapped(options)))
        return getattr(self._inner, name)

    def __call__(self, *inputs: Any, **options: Any) -> Any:
        """Apply it."""
        if len(inputs) == 1 and type(inputs[0]) in REMEMBERING and not options:
            return apply_ufunc(self._inner, "__call__", inputs, options)
        inputs, out = inputs[: self._inner.nin], inputs[self._inner.nin :] or options.get("out")
        if out is not None:
            options["out"] = out if isinstance(out, tuple) else (out,)
        if any(isinstance(one, (Remembers, TracedArray)) or remembers(one) for one in inputs):
            return apply_ufunc(self._inner, "__call__", inputs, options)
        return wrapped(self._inner(*inputs, **options))


def asarray_of(value: Any, *args: Any, **options: Any) -> Any:
    """Make an array, unless it is one."""
    if isinstance(value, TracedArray) and not args and not options:
        return value
    return array_of(value, *args, **options)


def _moving(function: Any, holding: tuple[int, ...]) -> Any:
    def call(*args: Any, **options: Any) -> Any:
        plain, named = unwrapped(args), unwrapped(options)
        result = wrapped(function(*plain, **named))
        held = {k: args[k] for k in holding if k < len(args)}
        if isinstance(result, TracedArray) and result.size <= 200_000 and remembers(tuple(held.values())):
            moved = [_node_arrays(held[k]) if k in held else one for k, one in enumerate(plain)]
            nodes = function(*moved, **named)
            if isinstance(nodes, np.ndarray) and nodes.shape == result.shape and nodes.dtype == object:
                result.nodes = _without_boxes(nodes if nodes.flags.writeable else nodes.copy())
        return result

    return call


def _node_arrays(value: Any) -> Any:
    if isinstance(value, TracedArray):
        return value.nodes if value.nodes is not None else np.empty(value.shape, dtype=object)
    if isinstance(value, Remembers):
        made_ = np.empty((), dtype=object)
        made_[()] = value
        return made_
    if remembers(value):
        return [_node_arrays(one) for one in value]
    if isinstance(value, np.ndarray):
        return np.empty(value.shape, dtype=object)
    return value


def _without_boxes(nodes: Any) -> Any:
    """Take numbers out of the arrays of none that NumPy leaves in a list's place: of ([x], y), say."""
    for at, one in enumerate(nodes.flat):
        if isinstance(one, np.ndarray) and not one.ndim:
            nodes.flat[at] = one[()]
    return nodes


def where(condition: Any, *branches: Any) -> Any:
    """Choose, element by element; each choice of what is followed is kept."""
    if not branches:
        choosing(condition)
        return wrapped(np.where(unwrapped(condition)))
    raw = np.where(unwrapped(condition), *unwrapped(branches))
    if raw.ndim == 0:
        held = bool(condition)
        one = branches[0] if held else branches[1]
        if isinstance(one, Remembers):
            return traced(raw[()], active().read(one), active().epoch)
        return wrapped(raw[()]) if not is_number(one) else traced(
            raw[()], active().number(raw[()], active().line()), active().epoch)  # fmt: skip
    array = wrapped(raw)
    if not isinstance(array, TracedArray):
        return array
    parts = [one for one in (condition, *branches) if isinstance(one, TracedArray) and one.ndim]
    array.part_of_many = any(one.many for one in parts)
    array.first = all(one.first for one in parts)
    if array.many and active().segment is None:
        return array
    nodes = array.remember()
    for at in array.followed():
        test = item_at(condition, at, array.ndim)
        one = item_at(branches[0] if bool(test) else branches[1], at, array.ndim)
        form = active().read(one) if isinstance(one, Remembers) else active().number(one, active().line())
        nodes[at] = traced(array.plain[at], form, active().epoch)
    return array


def clip(value: Any, low: Any = None, high: Any = None, **options: Any) -> Any:
    """Keep within bounds."""
    if options:
        return wrapped(np.clip(unwrapped(value), unwrapped(low), unwrapped(high), **unwrapped(options)))
    maximum, minimum = Ufunc(np.maximum), Ufunc(np.minimum)
    value = value if low is None else maximum(value, low)
    return value if high is None else minimum(value, high)


def _summed(value: Any, *args: Any, **options: Any) -> Any:
    value = array_of(value) if remembers(value) else value
    if isinstance(value, TracedArray):
        return value.sum(*args, **options)
    return wrapped(np.sum(unwrapped(value), *unwrapped(args), **unwrapped(options)), "np.sum")


def _product(name: str) -> Any:
    def call(one: Any, other: Any, *out: Any) -> Any:
        return multiplied(one, other, getattr(np, name)(*unwrapped((one, other, *out))))

    return call


def _rounded(value: Any, decimals: Any = 0) -> Any:
    raw = np.round(unwrapped(value), bare(decimals))
    if isinstance(value, Remembers):
        return made(raw, "round", (value,) if bare(decimals) == 0 else (value, decimals), numpy=True)
    return wrapped(raw)


def _vectorized(function: Any, *args: Any, **options: Any) -> Any:
    each = foreign(np.vectorize(giving_plain(function), *args, **options), "vectorize")

    def call(*given: Any) -> Any:
        return each(*given) if any(map(np.ndim, unwrapped(given))) else array_of(function(*given))[()]

    return call


def _unit(name: str) -> Any:
    """Make a unit matrix, of numbers as if they were written there."""

    def call(*args: Any, **options: Any) -> Any:
        array = wrapped(getattr(np, name)(*unwrapped(args), **unwrapped(options)))
        if array.size <= SIDE**2:
            nodes, tracer = array.remember(), active()
            for at in np.ndindex(array.shape):
                one = array.plain[at]
                nodes[at] = traced(one, tracer.number(one, tracer.line()), tracer.epoch)
        return array

    return call


def _copied(value: Any) -> Any:
    return value.copy() if isinstance(value, TracedArray) else array_of(value)


def _found(name: str) -> Any:
    def call(value: Any, *args: Any, **options: Any) -> Any:
        choosing(value)
        return wrapped(getattr(np, name)(*unwrapped((value, *args)), **unwrapped(options)), name)

    return call


def _asked(name: str) -> Any:
    def call(value: Any, *args: Any, **options: Any) -> Any:
        if isinstance(value, TracedArray):
            return getattr(value, name)(*args, **options)
        if isinstance(value, Remembers):
            return value
        return wrapped(getattr(np, name)(unwrapped(value), *unwrapped(args), **unwrapped(options)))

    return call


_FUNCTIONS: dict[str, Any] = {
    "array": array_of, "asarray": asarray_of, "where": where, "clip": clip, "sum": _summed,
    "round": _rounded, "around": _rounded, "copy": _copied, "any": _asked("any"), "all": _asked("all"),
    "vectorize": _vectorized, "eye": _unit("eye"), "identity": _unit("identity"),
    **{name: _product(name) for name in ("dot", "vdot", "inner")},
    **{name: _found(name) for name in ("nonzero", "flatnonzero", "argwhere", "count_nonzero")},
}  # fmt: skip
