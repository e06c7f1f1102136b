"""The modules as the script sees them: NumPy and math that remember, SciPy's solvers watched, stand-ins."""

from __future__ import annotations

import builtins
import importlib.util
import inspect
import math
import sys
import types
from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.integrate

from natrium.analysis.doctor.trace.arrays import (
    SMALL,
    TracedArray,
    apply_ufunc,
    choosing,
    item_at,
    unwrapped,
    wrapped,
)
from natrium.analysis.doctor.trace.numbers import Remembers, bare, is_number, made, traced
from natrium.analysis.doctor.trace.standins import Anything, Outputs
from natrium.analysis.doctor.trace.tracer import active

DRAWING = frozenset((
    "matplotlib", "pylab", "mpl_toolkits", "seaborn", "plotly", "bokeh", "tqdm", "IPython", "ipywidgets",
    "tkinter", "PIL", "cv2", "imageio", "pyqtgraph", "turtle", "pygame", "altair", "holoviews", "streamlit",
    "dash",
))  # fmt: skip
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
_WRITING = frozenset(("save", "savez", "savez_compressed", "savetxt"))


class Layers:
    """Gives modules to a rewritten script.

    Parameters
    ----------
    tracing : bool
    outputs : Outputs
    uncompiled : bool
        Whether Numba leaves functions as they are; so it does in traced runs.
    sibling : callable
        Loads a module beside the script; None where there is none of that name.
    """

    def __init__(
        self, tracing: bool, outputs: Outputs, sibling: Callable[[str], Any], uncompiled: bool = False
    ) -> None:
        self.uncompiled = tracing or uncompiled
        self.tracing, self.outputs, self.sibling = tracing, outputs, sibling
        self.solver_calls: list[tuple[str, Any, Any, Any, str]] = []
        self.compiled = False
        self._numpy = NumPyLayer(outputs) if tracing else SafeNumPy(outputs)
        self._math = MathLayer()

    def module(self, name: str, whole: str) -> Any:
        """Give a module; a dotted name under its first part is loaded with it."""
        top = name.split(".")[0]
        found = self.sibling(whole)
        if found is not None:
            return found if name == whole else self.sibling(name)
        if top in DRAWING:
            return Anything(name, self.outputs, unwrapped)
        if top == "numpy":
            return self._numpy if name == "numpy" else getattr(self._numpy, name.split(".")[1])
        if top == "math":
            return self._math if self.tracing else math
        if top == "time":
            return Clock()
        if top == "numba":
            self.compiled = True
            if self.uncompiled:
                return Uncompiled()
        if top in ("sys", "os"):
            return _loaded(name)
        module = _loaded(whole)
        module = module if name == whole else sys.modules[name]
        if top == "scipy":
            return Watched(module, self)
        if not self.tracing:
            return module
        return Foreign(module)

    def member(self, module: str, name: str) -> Any:
        """Give what ``from module import name`` gives."""
        owner = self.module(module, module)
        try:
            return getattr(owner, name)
        except AttributeError:
            return self.module(f"{module}.{name}", f"{module}.{name}")

    def star(self, module: str, names: tuple[str, ...]) -> dict[str, Any]:
        """Give what ``from module import *`` gives, of the names that the script uses."""
        found = self.sibling(module)
        if found is not None:
            return {name: getattr(found, name) for name in names if hasattr(found, name)}
        known = frozenset(dir(builtins))
        made_: dict[str, Any] = {}
        top = module.split(".")[0]
        owners: list[Any] = []
        if top in ("numpy", "pylab", "matplotlib", "scipy"):
            owners.append(self._numpy)
        if top not in ("numpy", "pylab"):
            owners.insert(0, self.module(module, module))
        elif top == "pylab":
            owners.append(self.module("matplotlib.pyplot", "matplotlib.pyplot"))
        for name in names:
            if name in known and not (top in ("numpy", "pylab") and name in ("abs", "min", "max", "sum")):
                continue
            for owner in owners:
                value = getattr(owner, name, None)
                if value is not None:
                    made_[name] = value
                    break
        return made_


def _loaded(name: str) -> Any:
    """Import an installed module that the script asks for."""
    if name in sys.modules:
        return sys.modules[name]
    parent = name.rpartition(".")[0]
    if parent:
        _loaded(parent)
    spec = importlib.util.find_spec(name)
    if spec is None or spec.loader is None:
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    if parent:
        setattr(sys.modules[parent], name.rpartition(".")[2], module)
    return module


class Clock:
    """The module time, that never waits and always says the same."""

    def __getattr__(self, name: str) -> Any:
        if name == "sleep":
            return lambda *args: None
        return lambda *args: 0.0


class Uncompiled:
    """Numba, that leaves functions as they are."""

    prange = staticmethod(range)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if name in ("njit", "jit", "vectorize", "guvectorize", "jitclass", "cfunc", "generated_jit"):
            return _left
        return Foreign(getattr(_loaded("numba"), name))


def _left(*args: Any, **options: Any) -> Any:
    return args[0] if args and callable(args[0]) else lambda function: function


class Foreign:
    """A module or object whose functions take and give plain numbers."""

    def __init__(self, inner: Any) -> None:
        self.__dict__["_inner"] = inner

    def __getattr__(self, name: str) -> Any:
        return foreign(getattr(self._inner, name), name)

    def __call__(self, *args: Any, **options: Any) -> Any:
        return foreign(self._inner, "")(*args, **options)


def foreign(value: Any, name: str) -> Any:
    """Give a member of what does not remember."""
    if isinstance(value, types.ModuleType):
        return Foreign(value)
    if isinstance(value, type):
        return value
    if callable(value):

        def call(*args: Any, **options: Any) -> Any:
            given = [_called_back(one) for one in unwrapped(args)]
            named = {key: _called_back(one) for key, one in unwrapped(options).items()}
            result = value(*given, **named)
            if isinstance(result, (np.random.Generator, np.random.RandomState)):
                return Foreign(result)
            return wrapped(result, name)

        return call
    return value


def _called_back(value: Any) -> Any:
    """Let a function of the script give plain numbers to whoever calls it."""
    if not isinstance(value, (types.FunctionType, types.MethodType)):
        return value

    def call(*args: Any, **options: Any) -> Any:
        return unwrapped(value(*args, **options))

    return call


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
        return getattr(np, name)


class SafeRandom:
    """NumPy's random, where a generator without a seed has seed 0: two runs are to be alike."""

    def __getattr__(self, name: str) -> Any:
        if name == "default_rng":
            return lambda seed=0: np.random.default_rng(0 if seed is None else seed)
        if name == "RandomState":
            return lambda seed=0: np.random.RandomState(0 if seed is None else seed)  # noqa: NPY002 - the script's
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
        value = getattr(np, name)
        if isinstance(value, np.ufunc):
            made_: Any = Ufunc(value)
        elif name in _MOVING:
            made_ = _moving(value)
        elif isinstance(value, type):
            return _kind(value) if name in ("float64", "double", "int64", "float32") else value
        else:
            made_ = foreign(value, name)
        self.__dict__[name] = made_
        return made_


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
        ones = tuple(
            array_of(one) if isinstance(one, (list, tuple)) and _remembers(one) else one for one in inputs
        )
        if any(isinstance(one, (Remembers, TracedArray)) for one in ones):
            return apply_ufunc(self._inner, "__call__", ones, options)
        return wrapped(self._inner(*ones, **options))


def _remembers(values: Any) -> bool:
    return any(
        isinstance(one, (Remembers, TracedArray)) or (isinstance(one, (list, tuple)) and _remembers(one))
        for one in values
    )


def array_of(value: Any, *args: Any, **options: Any) -> Any:
    """Make an array of what may hold numbers that remember."""
    if isinstance(value, TracedArray) and not args and not options:
        return value.copy()
    made_ = wrapped(np.array(unwrapped(value), *unwrapped(args), **unwrapped(options)))
    return _with_nodes(made_, value)


def asarray_of(value: Any, *args: Any, **options: Any) -> Any:
    """Make an array, unless it is one."""
    if isinstance(value, TracedArray) and not args and not options:
        return value
    return array_of(value, *args, **options)


def _with_nodes(array: Any, value: Any) -> Any:
    if isinstance(array, TracedArray) and isinstance(value, TracedArray) and value.nodes is not None:
        if array.shape == value.shape:
            array.nodes = value.nodes.copy()
    elif isinstance(array, TracedArray) and isinstance(value, (list, tuple)) and array.size <= 4096:
        if array.dtype.kind in "fiub" and (_remembers(value) or _is_small(array)):
            nodes = array.remember()
            for at in np.ndindex(array.shape):
                one = _nested(value, at)
                raw = array.plain[at]
                if isinstance(one, Remembers):
                    nodes[at] = traced(raw, active().read(one), active().epoch)
                elif active().segment is not None and is_number(one):
                    nodes[at] = traced(raw, active().number(one, active().line()), active().epoch)
    return array


def _is_small(array: TracedArray) -> bool:
    return array.size <= SMALL and active().segment is not None


def _nested(value: Any, at: tuple[int, ...]) -> Any:
    for k, i in enumerate(at):
        if isinstance(value, TracedArray):
            return value.element(at[k:])
        value = value[i]
    return value.element(()) if isinstance(value, TracedArray) else value


def _moving(function: Any) -> Any:
    def call(*args: Any, **options: Any) -> Any:
        result = wrapped(function(*unwrapped(args), **unwrapped(options)))
        if isinstance(result, TracedArray) and result.size <= 200_000 and _remembers(args):
            nodes = function(*[_node_arrays(one) for one in args], **unwrapped(options))
            if isinstance(nodes, np.ndarray) and nodes.shape == result.shape and nodes.dtype == object:
                result.nodes = nodes
        return result

    return call


def _node_arrays(value: Any) -> Any:
    if isinstance(value, TracedArray):
        return value.nodes if value.nodes is not None else np.empty(value.shape, dtype=object)
    if isinstance(value, Remembers):
        made_ = np.empty((), dtype=object)
        made_[()] = value
        return made_
    if isinstance(value, (list, tuple)) and any(isinstance(one, (TracedArray, Remembers)) for one in value):
        return [_node_arrays(one) for one in value]
    if isinstance(value, np.ndarray):
        return np.empty(value.shape, dtype=object)
    return value


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
    value = array_of(value) if isinstance(value, (list, tuple)) and _remembers(value) else value
    if isinstance(value, TracedArray):
        return value.sum(*args, **options)
    return wrapped(np.sum(unwrapped(value), *unwrapped(args), **unwrapped(options)), "np.sum")


def _rounded(value: Any, decimals: Any = 0) -> Any:
    raw = np.round(unwrapped(value), bare(decimals))
    if isinstance(value, Remembers):
        return made(raw, "round", (value,) if bare(decimals) == 0 else (value, decimals), numpy=True)
    return wrapped(raw)


def _copied(value: Any) -> Any:
    return value.copy() if isinstance(value, TracedArray) else array_of(value)


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
}  # fmt: skip


class Watched:
    """SciPy, whose solvers are watched."""

    def __init__(self, inner: Any, layers: Layers) -> None:
        self._inner, self._layers = inner, layers

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._inner, name, None)
        if value is None:
            value = _loaded(f"{self._inner.__name__}.{name}")
        if isinstance(value, types.ModuleType):
            return Watched(value, self._layers)
        if value is scipy.integrate.odeint:
            return self._odeint
        if value is scipy.integrate.solve_ivp:
            return self._solve_ivp
        if value is scipy.integrate.ode:
            return self._ode
        return foreign(value, name) if self._layers.tracing else value

    def _odeint(self, func: Any, y0: Any, t: Any, args: Any = (), **options: Any) -> Any:
        plain = unwrapped((y0, t, args, options))
        result = scipy.integrate.odeint(_called_back(func), plain[0], plain[1], args=args, **plain[3])
        solution = result[0] if isinstance(result, tuple) else result
        first = bool(plain[3].get("tfirst"))
        call = (lambda t_, y_: func(t_, y_, *args)) if first else (lambda t_, y_: func(y_, t_, *args))
        self._layers.solver_calls.append(
            ("odeint", call, np.asarray(plain[1]), np.array(solution), _called(func, first))
        )
        return wrapped(result) if self._layers.tracing else result

    def _solve_ivp(self, fun: Any, t_span: Any, y0: Any, method: Any = "RK45", **options: Any) -> Any:
        args = options.pop("args", None) or ()
        plain = unwrapped((t_span, y0))
        named = {key: _called_back(one) for key, one in unwrapped(options).items()}
        events = options.get("events")
        if isinstance(events, (list, tuple)):
            named["events"] = [_event(one) for one in events]
        elif events is not None:
            named["events"] = _event(events)
        extra = {"args": args} if args else {}
        result = scipy.integrate.solve_ivp(
            _called_back(fun), plain[0], plain[1], method=method, **named, **extra
        )
        name = method if isinstance(method, str) else method.__name__
        self._layers.solver_calls.append(
            (
                f"solve_ivp {name}",
                lambda t_, y_: fun(t_, y_, *args),
                result.t.copy(),
                result.y.T.copy(),
                _called(fun, True),
            )
        )
        if self._layers.tracing:
            for key in ("t", "y"):
                result[key] = wrapped(result[key])
        return result

    def _ode(self, f: Any, jac: Any = None) -> Any:
        return Stepper(f, self._layers)


def _called(function: Any, second: bool) -> str:
    """Say what a right-hand side calls its states."""
    try:
        names = list(inspect.signature(function).parameters)
    except (TypeError, ValueError):
        return "y"
    return names[int(second)] if len(names) > int(second) else "y"


def _event(function: Any) -> Any:
    """Let an event of the script give plain numbers; what it says of itself is kept."""
    called = _called_back(function)
    for name in ("terminal", "direction"):
        if hasattr(function, name):
            setattr(called, name, bare(getattr(function, name)))
    return called


class Stepper:
    """SciPy's ode, watched."""

    def __init__(self, f: Any, layers: Layers) -> None:
        self._f, self._layers, self._args = f, layers, ()
        self._inner = scipy.integrate.ode(_called_back(f))
        self._name = "ode"
        self._times: list[float] = []
        self._states: list[Any] = []

    def set_integrator(self, name: str, **options: Any) -> Any:
        """Choose the integrator."""
        self._name = f"ode {name}"
        self._inner.set_integrator(name, **unwrapped(options))
        return self

    def set_f_params(self, *args: Any) -> Any:
        """Give what the right-hand side takes beside t and y."""
        self._args = args  # type: ignore[assignment]  # as many as the script gives
        self._inner.set_f_params(*args)
        return self

    def set_initial_value(self, y: Any, t: Any = 0.0) -> Any:
        """Begin."""
        self._inner.set_initial_value(unwrapped(y), bare(t))
        return self

    def integrate(self, t: Any, *args: Any, **options: Any) -> Any:
        """Go on to a time."""
        if not self._times:
            f = self._f
            self._layers.solver_calls.append(
                (
                    self._name,
                    lambda t_, y_: f(t_, y_, *self._args),
                    self._times,
                    self._states,
                    _called(f, True),
                )
            )
        result = self._inner.integrate(bare(t), *args, **options)
        self._times.append(float(self._inner.t))
        self._states.append(np.array(result))
        return wrapped(result) if self._layers.tracing else result

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._inner, name)
        if name == "y":
            return wrapped(value) if self._layers.tracing else value
        return value
