"""Numbers that remember: each is a plain number to the script, and holds the form of what made it."""

from __future__ import annotations

import math
import operator
import sys
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from natrium.analysis.doctor.trace.forms import MOVED, Form, Place
from natrium.analysis.doctor.trace.tracer import ACTIVE as _ACTIVE
from natrium.analysis.doctor.trace.tracer import active

# Type of number -> the class that remembers for it.
KINDS: dict[type, Any] = {}

# NumPy's ufuncs -> what the operation is called; the names are math's.
UFUNCS = {
    "add": "+", "subtract": "-", "multiply": "*", "divide": "/", "true_divide": "/", "floor_divide": "//",
    "power": "**", "float_power": "**", "remainder": "%", "mod": "%", "fmod": "fmod", "negative": "neg",
    "positive": "pos", "absolute": "abs", "fabs": "abs", "exp": "exp", "expm1": "expm1", "exp2": "exp2",
    "log": "log", "log1p": "log1p", "log2": "log2", "log10": "log10", "sqrt": "sqrt", "cbrt": "cbrt",
    "square": "square", "reciprocal": "reciprocal", "sin": "sin", "cos": "cos", "tan": "tan",
    "arcsin": "asin", "arccos": "acos", "arctan": "atan", "arctan2": "atan2", "sinh": "sinh", "cosh": "cosh",
    "tanh": "tanh", "arcsinh": "asinh", "arccosh": "acosh", "arctanh": "atanh", "hypot": "hypot",
    "floor": "floor", "ceil": "ceil", "trunc": "trunc", "rint": "round", "sign": "sign",
    "heaviside": "heaviside", "maximum": "max", "minimum": "min", "fmax": "max", "fmin": "min",
    "greater": ">", "greater_equal": ">=", "less": "<", "less_equal": "<=", "equal": "==",
    "not_equal": "!=", "logical_and": "and", "logical_or": "or", "logical_not": "not", "logical_xor": "xor",
    "bitwise_and": "and", "bitwise_or": "or", "invert": "not", "isnan": "isnan", "isfinite": "isfinite",
    "isinf": "isinf", "deg2rad": "radians", "rad2deg": "degrees", "radians": "radians", "degrees": "degrees",
}  # fmt: skip


class Remembers:
    """What all numbers that remember share.

    Attributes
    ----------
    raw : number
        The plain number, of the type that it would have without the trace.
    form : Form
        What made it.
    epoch : int
        When: steps of the script are counted through.
    place : Place or None
        Where the script keeps it.
    """

    __slots__ = ()

    raw: Any
    form: Form
    epoch: int
    place: Place | None
    # How it was read last, and the step, or the loop, that this holds in.
    read_as: Form
    read_in: Any
    # How NumPy's ufuncs are applied; arrays that remember know.
    ufunc: ClassVar[Callable[..., Any]]

    def __copy__(self) -> Remembers:
        return self

    def __deepcopy__(self, memo: Any) -> Remembers:
        return self

    def __reduce_ex__(self, protocol: Any) -> Any:
        return (type(self.raw), (self.raw,))

    def __hash__(self) -> int:
        return hash(self.raw)

    def __repr__(self) -> str:
        return repr(self.raw)

    def __str__(self) -> str:
        return str(self.raw)

    def __format__(self, spec: str) -> str:
        return format(self.raw, spec)

    def __bool__(self) -> bool:
        held = bool(self.raw)
        active().choose(self, held)
        return held

    def __round__(self, ndigits: Any = None) -> Any:
        plain = bare(ndigits)
        raw = round(self.raw) if plain is None else round(self.raw, plain)
        return made(raw, "round", (self,) if plain is None else (self, ndigits))

    def __floor__(self) -> Any:
        return made(math.floor(self.raw), "floor", (self,))

    def __ceil__(self) -> Any:
        return made(math.ceil(self.raw), "ceil", (self,))

    def __trunc__(self) -> Any:
        return made(math.trunc(self.raw), "trunc", (self,))

    def __neg__(self) -> Any:
        return made(-self.raw, "neg", (self,))

    def __pos__(self) -> Any:
        return made(+self.raw, "pos", (self,))

    def __abs__(self) -> Any:
        return made(abs(self.raw), "abs", (self,))

    def __invert__(self) -> Any:
        raw = ~self.raw if not isinstance(self.raw, bool) else ~int(self.raw)
        return made(raw, "not" if isinstance(self.raw, np.bool_) else "invert", (self,))

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        return type(self).ufunc(ufunc, method, inputs, options)

    def item(self) -> Any:
        """Give the number as Python's own."""
        raw = self.raw.item() if hasattr(self.raw, "item") else self.raw
        return again(raw, self)


def _method(op: Callable[[Any, Any], Any], name: str, reflected: bool = False) -> Callable[[Any, Any], Any]:
    """Make an arithmetic method: of the number and another, or, reflected, of another and the number.

    What `made` does is done here in one call, for speed: a script's operations are most of a traced run.
    """
    reckoned = name in _RECKONED

    def method(self: Any, other: Any) -> Any:
        kind = type(other)
        if kind in REMEMBERING:
            plain = other.raw
        elif kind in _PLAIN or isinstance(other, (int, float, np.number, np.bool_)):
            plain = other
        else:
            sequence = isinstance(other, (list, tuple)) and isinstance(self.raw, np.floating)
            if sequence or isinstance(other, np.ndarray):
                inputs = (other, self) if reflected else (self, other)
                return self.ufunc(_UFUNC_OF[name], "__call__", inputs, {})
            return NotImplemented
        if reflected:
            raw, one, two = op(plain, self.raw), other, self
        else:
            raw, one, two = op(self.raw, plain), self, other
        tracer, frame = _ACTIVE[-1], sys._getframe(1)
        line = tracer.lines.get((id(frame.f_code), frame.f_lasti))
        if line is None:
            line = tracer.line(frame)
        epoch = tracer.epoch
        if type(one) not in REMEMBERING:
            first = tracer.number(one, line)
        else:
            first = one.read_as if one.read_in == epoch else tracer.read(one)
        if type(two) not in REMEMBERING:
            second = tracer.number(two, line)
        else:
            second = two.read_as if two.read_in == epoch else tracer.read(two)
        if reckoned and (first.truth or second.truth):
            first, second = _decided(one, first, line), _decided(two, second, line)
        form = tracer.table.get((name, line, False, first, second))
        if form is None:
            form = tracer.operation(name, (first, second), raw, line)
        else:
            tracer.operations += 1
        return _fresh(raw, form, epoch)

    return method


def _joining(op: Callable[[Any, Any], Any], name: str, reflected: bool = False) -> Callable[[Any, Any], Any]:
    """Make a method that joins truths, and does arithmetic with other numbers."""
    reckon = _method(op, name, reflected)

    def method(self: Any, other: Any) -> Any:
        if not isinstance(self.raw, (bool, np.bool_)):
            return reckon(self, other)
        one, two = (other, self) if reflected else (self, other)
        return joined(op(bare(one), bare(two)), name, one, two)

    return method


def _decided(one: Any, form: Form, line: int) -> Form:
    """Take a truth of states that is reckoned with for a choice, and for the number that it came out as."""
    tracer = _ACTIVE[-1]
    if form.varies != MOVED or tracer.step is None or not form.truth:
        return form
    tracer.choose(one, bool(one.raw))
    return tracer.number(one.raw if form.op == "float" else int(one.raw), line)


def joined(raw: Any, name: str, one: Any, other: Any) -> Any:
    """Join two truths as Python's `and` and `or` do: the second counts where the first does not decide."""
    tracer = active()
    decides = bool(one) is (name == "or")
    form = (
        tracer.number(raw, tracer.line())
        if decides or not isinstance(other, Remembers)
        else tracer.read(other)
    )
    return traced(raw, form, tracer.epoch)


_JOINED = frozenset(("and", "or"))
_RECKONED = frozenset(("+", "-", "*", "/"))
_PLAIN = frozenset((float, int, np.float64))  # of plain numbers, what is met most
_UFUNC_OF = {
    "+": np.add, "-": np.subtract, "*": np.multiply, "/": np.true_divide, "//": np.floor_divide,
    "%": np.remainder, "**": np.power, "<": np.less, "<=": np.less_equal, ">": np.greater,
    ">=": np.greater_equal, "==": np.equal, "!=": np.not_equal, "and": np.bitwise_and, "or": np.bitwise_or,
    "xor": np.bitwise_xor,
}  # fmt: skip

for _dunder, _op, _name in (
    ("add", operator.add, "+"),
    ("sub", operator.sub, "-"),
    ("mul", operator.mul, "*"),
    ("truediv", operator.truediv, "/"),
    ("floordiv", operator.floordiv, "//"),
    ("mod", operator.mod, "%"),
    ("pow", operator.pow, "**"),
    ("and", operator.and_, "and"),
    ("or", operator.or_, "or"),
    ("xor", operator.xor, "xor"),
):
    _make = _joining if _name in _JOINED else _method
    setattr(Remembers, f"__{_dunder}__", _make(_op, _name))
    setattr(Remembers, f"__r{_dunder}__", _make(_op, _name, reflected=True))
for _dunder, _op, _name in (
    ("lt", operator.lt, "<"),
    ("le", operator.le, "<="),
    ("gt", operator.gt, ">"),
    ("ge", operator.ge, ">="),
    ("eq", operator.eq, "=="),
    ("ne", operator.ne, "!="),
):
    setattr(Remembers, f"__{_dunder}__", _method(_op, _name))


_SLOTS = ("epoch", "form", "place", "raw", "read_as", "read_in")  # an int has no room for them


class TracedFloat(Remembers, float):
    """A Python float that remembers."""

    __slots__ = _SLOTS


class TracedDouble(Remembers, np.float64):  # type: ignore[misc]  # NumPy's scalars type their methods otherwise
    """A NumPy double that remembers: dividing by zero is no error to it."""

    __slots__ = _SLOTS


class TracedInt(Remembers, int):
    """A Python int that remembers."""


class TracedLong(Remembers, np.int64):  # type: ignore[misc]  # NumPy's scalars type their methods otherwise
    """A NumPy int that remembers."""


class TracedBool(Remembers, int):
    """A truth that remembers; asked for, it is a choice."""

    def astype(self, dtype: Any, *args: Any, **options: Any) -> Any:
        """Make a number of it, as NumPy's truths do."""
        raw = np.bool_(self.raw).astype(dtype, *args, **options)
        return made(raw, "float" if isinstance(raw, np.floating) else "int", (self,))


KINDS.update(
    {float: TracedFloat, np.float64: TracedDouble, int: TracedInt, np.int64: TracedLong, bool: TracedBool,
     np.bool_: TracedBool}
)  # fmt: skip


REMEMBERING = frozenset(KINDS.values())


def bare(value: Any) -> Any:
    """Give the plain number of one that remembers, and anything else as it is."""
    return value.raw if isinstance(value, Remembers) else value


def traced(raw: Any, form: Form, epoch: int, place: Place | None = None) -> Any:
    """Make a number that remembers, or give it plain where there is no kind for it."""
    kind = KINDS.get(type(raw))
    if kind is None:
        if type(raw) in (np.float32, np.float16):
            active().narrow = True
        return raw
    it = kind(raw)
    it.raw, it.form, it.epoch, it.place, it.read_in = raw, form, epoch, place, None
    return it


def _fresh(raw: Any, form: Form, epoch: int) -> Any:
    """Make what an operation gives: in its own step it is read as it is."""
    kind = KINDS.get(type(raw))
    if kind is None:
        return traced(raw, form, epoch)
    it = kind(raw)
    it.raw, it.form, it.epoch, it.place, it.read_as, it.read_in = raw, form, epoch, None, form, epoch
    return it


def again(raw: Any, of: Remembers) -> Any:
    """Make the same value of another type."""
    return traced(raw, of.form, of.epoch, of.place)


def made(raw: Any, op: str, operands: tuple[Any, ...], numpy: bool = False) -> Any:
    """Make the result of an operation.

    Parameters
    ----------
    raw : number
        The result, found by the plain operation on the plain operands.
    op : str
    operands : tuple
        Numbers, remembering or not.
    numpy : bool
        Whether NumPy's own routine found it.
    """
    if op == "square":
        op, operands = "*", operands * 2
    elif op == "reciprocal":
        op, operands = "/", (1, *operands)
    if op in _JOINED and isinstance(raw, (bool, np.bool_)):
        return joined(raw, op, *operands)
    tracer = active()
    line = tracer.line()
    epoch = tracer.epoch
    forms = []
    for one in operands:
        if type(one) in REMEMBERING:
            form = one.read_as if one.read_in == epoch else tracer.read(one)
            forms.append(_decided(one, form, line) if op in _RECKONED else form)
        else:
            forms.append(tracer.number(one, line))
    return _fresh(raw, tracer.operation(op, tuple(forms), raw, line, numpy), epoch)


def is_number(value: Any) -> bool:
    """Whether a plain value is one real number."""
    return isinstance(value, (int, float, np.number, np.bool_)) and not isinstance(value, np.complexfloating)
