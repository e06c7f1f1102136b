"""What the lanes' code is made of: named tuples in memory, and functions that numba writes.

numba's own arrays go to functions by value, with much that nothing here needs; and each function is optimised
and made code of with all that it calls. That takes three quarters of the time to compile them.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from functools import cached_property
from typing import Any, get_type_hints

from llvmlite import ir
from numba import types
from numba.core.codegen import JITCodeLibrary, JITCPUCodegen
from numba.core.registry import CPUDispatcher, CPUTarget, cpu_target
from numba.core.typing.templates import AttributeTemplate
from numba.extending import (
    infer_getattr,
    intrinsic,
    lower_builtin,
    lower_getattr_generic,
    models,
    register_model,
    type_callable,
)

from natrium.solvers.compiled.lane_tables import as_field, fields

WORD = ir.IntType(64)
POINTER = WORD.as_pointer()


class View(types.Type):
    """Numbers in memory in C order: words of their address and their shape."""

    def __init__(self, number: Any, n_axes: int) -> None:
        self.number, self.n_axes = number, n_axes
        super().__init__(f"View({number}, {n_axes})")


class Kept(types.Type):
    """A named tuple in memory, as `lane_tables.words` lays it out."""

    def __init__(self, kind: Any) -> None:
        self.fields: dict[str, tuple[int, Any]] = {}  # where each begins, and its type
        place = 0
        for name, (number, n_axes) in fields(kind).items():
            self.fields[name] = place, _type_of(number, n_axes)
            place += 1 + n_axes
        super().__init__(f"Kept({kind.__name__})")


PLAIN: dict[Any, Any] = {
    float: types.float64,
    int: types.int64,
    bool: types.boolean,
    type(None): types.none,
    tuple[float, int]: types.Tuple((types.float64, types.int64)),
}


def _type_of(kind: Any, n_axes: int) -> Any:
    """Give numba's type of what is annotated."""
    if n_axes:
        return View(PLAIN[kind], n_axes)
    return PLAIN[kind] if kind in PLAIN else Kept(kind)


@register_model(View)
class _ViewModel(models.PrimitiveModel):
    def __init__(self, manager: Any, kind: View) -> None:
        super().__init__(manager, kind, ir.LiteralStructType([WORD] * (1 + kind.n_axes)))


@register_model(Kept)
class _KeptModel(models.PrimitiveModel):
    def __init__(self, manager: Any, kind: Kept) -> None:
        super().__init__(manager, kind, POINTER)


@infer_getattr
class _Fields(AttributeTemplate):
    key = Kept

    def generic_resolve(self, kind: Kept, name: str) -> Any:
        return kind.fields[name][1]


@lower_getattr_generic(Kept)
def _load_field(context: Any, builder: Any, kind: Kept, value: Any, name: str) -> Any:
    place, found = kind.fields[name]
    held = WORD if found == types.boolean else context.get_value_type(found)
    pointer = builder.gep(value, [ir.Constant(WORD, place)])
    got = builder.load(builder.bitcast(pointer, held.as_pointer()))
    return builder.trunc(got, ir.IntType(1)) if found == types.boolean else got


@infer_getattr
class _Shape(AttributeTemplate):
    key = View

    def resolve_shape(self, kind: View) -> Any:
        return types.UniTuple(types.int64, kind.n_axes)


@lower_getattr_generic(View)
def _load_shape(context: Any, builder: Any, kind: View, value: Any, name: str) -> Any:
    sizes = [builder.extract_value(value, 1 + axis) for axis in range(kind.n_axes)]
    return context.make_tuple(builder, types.UniTuple(types.int64, kind.n_axes), sizes)


def _indices(index: Any) -> Any:
    return tuple(index) if isinstance(index, types.BaseTuple) else (index,)


@type_callable(operator.getitem)
def _type_getitem(context: Any) -> Any:
    def typer(view: Any, index: Any) -> Any:
        if not isinstance(view, View):
            return None
        rest = view.n_axes - len(_indices(index))
        return View(view.number, rest) if rest else view.number

    return typer


@type_callable(operator.setitem)
def _type_setitem(context: Any) -> Any:
    def typer(view: Any, index: Any, value: Any) -> Any:
        return types.none if isinstance(view, View) else None

    return typer


def _place(context: Any, builder: Any, signature: Any, args: Any) -> Any:
    """Give the address of what an index leads to; nothing looks whether it is there."""
    (kind, index, *_), (view, at, *_) = signature.args, args
    inside = ir.Constant(WORD, 0)
    for axis in range(kind.n_axes):
        inside = builder.mul(inside, builder.extract_value(view, 1 + axis))
        if axis < len(_indices(index)):
            one = builder.extract_value(at, axis) if isinstance(index, types.BaseTuple) else at
            inside = builder.add(inside, context.cast(builder, one, _indices(index)[axis], types.int64))
    pointer = context.get_value_type(kind.number).as_pointer()
    return builder.gep(builder.inttoptr(builder.extract_value(view, 0), pointer), [inside])


@lower_builtin(operator.getitem, View, types.Any)
def _load_item(context: Any, builder: Any, signature: Any, args: Any) -> Any:
    kind, found = signature.args[0], signature.return_type
    place = _place(context, builder, signature, args)
    if found == kind.number:
        return builder.load(place)
    row = context.get_constant_undef(found)
    row = builder.insert_value(row, builder.ptrtoint(place, WORD), 0)
    for axis in range(found.n_axes):
        size = builder.extract_value(args[0], 1 + kind.n_axes - found.n_axes + axis)
        row = builder.insert_value(row, size, 1 + axis)
    return row


@lower_builtin(operator.setitem, View, types.Any, types.Any)
def _store_item(context: Any, builder: Any, signature: Any, args: Any) -> Any:
    kind, _, given = signature.args
    value = context.cast(builder, args[2], given, kind.number)
    builder.store(value, _place(context, builder, signature, args))
    return context.get_dummy_value()


@intrinsic
def call_step(typing_context: Any, address: Any, table: Any) -> Any:
    """Call native code at an address with a table of arguments."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        kind = ir.FunctionType(ir.VoidType(), [POINTER])
        builder.call(builder.inttoptr(args[0], kind.as_pointer()), [builder.inttoptr(args[1], POINTER)])
        return context.get_dummy_value()

    return types.none(types.int64, types.int64), generate


def _call_part(result: Any) -> Any:
    @intrinsic
    def call_part(typing_context: Any, address: Any, t: Any, lanes: Any, l: Any) -> Any:
        """Call a part of the driver that was compiled apart, at an address, for a lane."""

        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            given = signature.args[1:]
            kind = context.call_conv.get_function_type(result, given)
            callee = builder.inttoptr(args[0], kind.as_pointer())
            return context.call_conv.call_function(builder, callee, result, given, args[1:])[1]

        return result(types.int64, t, lanes, types.int64), generate

    return call_part


do_part, find_part, ask_part = map(_call_part, (types.none, types.float64, types.boolean))


class _Text(JITCodeLibrary):
    """What numba writes of a function and of all that it calls; it stays text."""

    def _optimize_functions(self, module: Any) -> None: ...

    def _optimize_final_module(self) -> None: ...

    def _finalize_specific(self) -> None: ...

    def get_pointer_to_function(self, name: str) -> int:
        self._ensure_finalized()
        return 0


class _Writing(JITCPUCodegen):
    _library_class = _Text

    def _add_module(self, module: Any) -> None: ...

    def set_env(self, name: str, env: Any) -> None: ...


class _Target(CPUTarget):
    """The machine at hand, for which code is written only."""

    typing_context = cpu_target.typing_context

    @cached_property
    def target_context(self) -> Any:
        return cpu_target.target_context.subtarget(_internal_codegen=_Writing("natrium"))


class _Dispatcher(CPUDispatcher):
    targetdescr = _Target("cpu")


def compiled(function: Callable[..., Any]) -> Any:
    """Have numba write a function for the types that are annotated, and for no others."""
    hints = get_type_hints(function, include_extras=True)
    *given, result = (_type_of(*as_field(hint)) for hint in hints.values())
    # Multiply and add in one: the same instructions for every run, and half the time.
    options = {
        "nopython": True,
        "error_model": "numpy",
        "fastmath": {"contract"},
        "boundscheck": None,
        "no_rewrites": True,
        "_nrt": False,
        "no_cpython_wrapper": True,
        "no_cfunc_wrapper": True,
    }
    made = _Dispatcher(function, targetoptions=options)
    made.compile(result(*given))
    made.disable_compile()
    return made
