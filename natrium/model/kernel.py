"""Lowering: from symbolic expressions to functions of floats and of arrays.

This is the only place where SymPy's ``lambdify`` is called. Two forms are made of the same
expressions: *scalar*, on plain floats through :mod:`math` (what ``solve_ivp`` calls), and *grid*, on
arrays through NumPy.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache, cached_property, lru_cache, partial
from typing import Any, Literal

import attrs
import numpy as np
import sympy

from natrium.model.branches import choose, has_branches, split_branches
from natrium.model.checks import check_kind
from natrium.model.derived import jacobian_of
from natrium.model.errors import UnsupportedModel
from natrium.model.expressions.evaluator import NUMERIC, Code
from natrium.model.expressions.exprel import (
    EXP_LIMIT,
    exprel_array,
    exprel_scalar,
    saturated_cosh,
    saturated_exp,
    saturated_exp_array,
    saturated_sinh,
)
from natrium.model.frame import Frame
from natrium.model.hybrid import HybridSystem, relaxation
from natrium.model.kept import describe, kept_function
from natrium.model.printers import GridPrinter, ScalarPrinter

# Per ms. A gate this fast is at its steady state to the last digit; one ten decades faster still would
# drown all else in the linear algebra of an implicit step.
FASTEST_GATE = 1e20

Form = Literal["scalar", "grid", "native"]


def power(x: float, n: int) -> float:
    """Raise to a whole power; Python's own floats raise an error where it is too large for a double."""
    try:
        return x**n
    except OverflowError:
        return math.inf if x > 0.0 or n % 2 == 0 else -math.inf


_FORMS: dict[str, tuple[Any, list[Any]]] = {
    "scalar": (ScalarPrinter, [{"exprel": exprel_scalar, "power": power}, "math"]),
    "grid": (GridPrinter, [{"exprel": exprel_array, "choose": np.where, "erf": NUMERIC["erf"]}, np]),
}
# Rates saturate, so that no finite V overflows; a stimulus that overflows is an error to be told.
_EXPONENTIALS: dict[str, tuple[Any, Any]] = {
    "scalar": (math.exp, saturated_exp),
    "grid": (np.exp, saturated_exp_array),
}


_HYPERBOLIC: dict[str, dict[str, Any]] = {
    "scalar": {"cosh": saturated_cosh, "sinh": saturated_sinh},
    "grid": {
        "cosh": lambda x: np.cosh(np.clip(x, -EXP_LIMIT, EXP_LIMIT)),
        "sinh": lambda x: np.sinh(np.clip(x, -EXP_LIMIT, EXP_LIMIT)),
    },
}


@lru_cache(maxsize=512)
def lower_expressions(
    expressions: tuple[Any, ...],
    symbols: tuple[Any, ...],
    form: Form = "scalar",
    saturated: bool = True,
) -> Callable[..., Any]:
    """Make one Python function of several expressions.

    Parameters
    ----------
    expressions : tuple of sympy.Expr (or nested tuples of them)
        What to evaluate.
    symbols : tuple of sympy.Symbol
        The arguments, in order.
    form : {"scalar", "grid", "native"}
        On floats through `math`, or on arrays through NumPy, or for numba.
    saturated : bool
        Hold exp at 1e100 rather than overflow.

    Returns
    -------
    callable
        Takes the symbols' values, returns a list (nested as given), for numba a tuple.
    """
    numbers: Form = "grid" if form == "grid" else "scalar"
    printer, modules = _FORMS[numbers]
    modules = [{**modules[0], "whole_exp": _EXPONENTIALS[numbers][saturated]}, *modules[1:]]
    settings: dict[str, Any] = {
        "fully_qualified_modules": False,
        "inline": True,
        "allow_unknown_functions": True,
    }
    if saturated:
        modules = [{**modules[0], "exp": _EXPONENTIALS[numbers][True], **_HYPERBOLIC[numbers]}, *modules[1:]]
        settings["user_functions"] = {"exp": "exp", "cosh": "cosh", "sinh": "sinh"}
    nested = [list(item) if isinstance(item, tuple) else item for item in expressions]
    writer = printer(settings)
    writer.gates = frozenset(symbol for symbol in symbols if symbol.name != "V")
    # Of a branch only the side that is taken may be evaluated, on floats: nothing is computed ahead.
    branched = any(expr.has(choose) for item in nested for expr in _flat(item))
    ahead = _share if form == "grid" or not branched else False
    whole = tuple(nested) if form == "native" else nested

    def make() -> Any:
        return sympy.lambdify(symbols, whole, modules=modules, printer=writer, cse=ahead, docstring_limit=0)

    if form == "native":
        return make()  # for numba, which compiles it: its code is kept
    known = {**vars(np if form == "grid" else math), **modules[0]}
    function = kept_function(describe(expressions, symbols, form, saturated), known, make)
    return _quiet(function) if form == "grid" and (branched or saturated) else function


@lru_cache(maxsize=256)
def lower_code(names: tuple[str, ...], values: tuple[Code, ...]) -> Callable[..., list[float]]:
    """Make one Python function of what equations wrote down themselves: operations in their written order."""
    written = [value.text for value in values]
    made: Callable[..., list[float]] = sympy.lambdify(names, written, modules=[NUMERIC], docstring_limit=0)
    return made


def _share(nested: Any) -> tuple[Any, Any]:
    """Compute once what occurs more than once, in whichever row: SymPy looks at a list's own terms alone."""
    common, found = sympy.cse([expr for item in nested for expr in _flat(item)])
    left = iter(found)
    shared = ([next(left) for _ in item] if isinstance(item, list) else next(left) for item in nested)
    return common, type(nested)(shared)


def _flat(item: Any) -> Any:
    return item if isinstance(item, list) else [item]


def _quiet(function: Callable[..., Any]) -> Callable[..., Any]:
    """Say nothing of a side that is not taken (on arrays both are), nor of 1/(1 + exp(x))**4 far out."""

    def evaluate(*values: Any) -> Any:
        with np.errstate(all="ignore"):
            return function(*values)

    return evaluate


@cache
def relaxation_law() -> Callable[..., Any]:
    """Give the law of relaxation on arrays, ``f(x, inf, rate, elapsed)``."""
    symbols = sympy.symbols("x inf rate elapsed", real=True)
    function = lower_expressions((relaxation(*symbols),), symbols, "grid", saturated=False)
    return lambda *values: function(*values)[0]


def _behind(function: Callable[..., list[float]], values: list[float], V: float) -> list[float]:
    """Evaluate a function of V and some numbers."""
    return function(V, *values)


@attrs.frozen
class Flow:
    """The functions of a flow whose branches are held: each is smooth for given sides."""

    # rhs, stiff_rhs and jacobian: as the kernel's `event_rhs`, `stiff_rhs` and `stiff_jacobian`, the sides
    # behind the parameters.
    rhs: Callable[..., list[float]]
    stiff_rhs: Callable[..., list[float]]
    jacobian: Callable[..., list[list[float]]]
    # surfaces and surfaces_on_grid: what is zero where a side changes, same arguments, of floats and of
    # arrays: list of n_branches. None without branches.
    surfaces: Callable[..., list[float]] | None = None
    surfaces_on_grid: Callable[..., list[Any]] | None = None
    n_branches: int = 0


@attrs.frozen(slots=False)
class Kernel:
    """The functions of one hybrid system, its parameters' values beside them.

    Each is lowered when first asked for, once per structure: systems that differ in the values of
    their parameters only share it. All take and return plain floats.

    Attributes
    ----------
    system : HybridSystem
    parameters : tuple of float
        Values of the system's parameters, to be passed after the states and the input.
    """

    system: HybridSystem

    def __reduce__(self) -> Any:
        """Copy and pickle the system alone: functions are lowered anew."""
        return Kernel, (self.system,)

    @property
    def parameters(self) -> tuple[float, ...]:
        """Values of the system's parameters, in its order."""
        return self.system.values

    @cached_property
    def frame(self) -> Frame:
        """What V is measured from, in numbers."""
        level, *weights = _origin(self.system.structure)(*self.system.values)
        return Frame(float(level), np.array(weights, dtype=float))

    @cached_property
    def event_rhs(self) -> Callable[..., list[float]]:
        """Right-hand side in u = V - v_thresh and J = I - (v_thresh - v_rest), both mV; per ms.

        ``f(u, *gates, J, *parameters) -> list of n floats``. The threshold is zero in u, so that no
        digit is lost near it.
        """
        event = event_system(self.system.structure)
        return self._lower(event, event.rhs)

    @cached_property
    def stiff_rhs(self) -> Callable[..., list[float]]:
        """Same as `event_rhs`, no gate faster than `FASTEST_GATE`: for implicit methods."""
        event = event_system(self.system.structure, FASTEST_GATE)
        return self._lower(event, event.rhs)

    @cached_property
    def stiff_jacobian(self) -> Callable[..., list[list[float]]]:
        """Jacobian of `stiff_rhs`, same arguments: n rows of n floats."""
        event = event_system(self.system.structure, FASTEST_GATE)
        return self._lower(event, _jacobian(event))

    @cached_property
    def stiff_diagonal(self) -> Callable[..., list[float]]:
        """Diagonal of `stiff_jacobian`, same arguments: each state's own rate, negative, per ms."""
        event = event_system(self.system.structure, FASTEST_GATE)
        own = zip(event.rhs, event.states, strict=True)
        return self._lower(event, tuple(flow.diff(state) for flow, state in own))

    @cached_property
    def flow(self) -> Flow:
        """The flow for given sides of its branches."""
        event = event_system(self.system.structure)
        if not has_branches(*event.rhs):
            # What a run that is not stiff never asks for is not derived for it.
            return Flow(
                self.event_rhs,
                lambda *values: self.stiff_rhs(*values),
                lambda *values: self.stiff_jacobian(*values),
            )
        n = len(event.rhs)
        slowed = event_system(self.system.structure, FASTEST_GATE)
        both, branches = split_branches((*event.rhs, *slowed.rhs))
        rhs, slow = both[:n], both[n:]
        sides, surfaces = tuple(one.side for one in branches), tuple(one.surface for one in branches)
        jacobian = jacobian_of(slow, event.states)
        arguments = (*event.states, event.input, *event.parameters, *sides)
        return Flow(
            lower_expressions(rhs, arguments),
            lower_expressions(slow, arguments),
            lower_expressions(jacobian, arguments),
            lower_expressions(surfaces, arguments),
            lower_expressions(surfaces, arguments, "grid"),
            len(branches),
        )

    @cached_property
    def reset(self) -> Callable[..., list[float]]:
        """State just after a spike, ``f(V, *gates, I, *parameters) -> list of n floats``."""
        return self._lower(self.system, self.system.reset)

    @cached_property
    def steady(self) -> Callable[[float], list[float]]:
        """Steady states of the gates, ``(V) -> list``."""
        return self._of_voltage(tuple(gate.inf for gate in self.system.gates))

    @cached_property
    def relaxation(self) -> Callable[[float], list[float]]:
        """Rates alpha + beta of the gates, per ms, ``(V) -> list``."""
        return self._of_voltage(tuple(gate.rate for gate in self.system.gates))

    @cached_property
    def relaxations(self) -> tuple[tuple[int, Callable[..., list[float]], Callable[..., list[float]]], ...]:
        """Of each state that moves while refractory: its place, its rate (per ms) and its target.

        Both are ``f(*states, *parameters) -> [float]``, of the state at the beginning. A rate of zero has no
        target.

        Raises
        ------
        UnsupportedModel
            When the refractory rule has no closed form.
        """
        system = self.system
        if system.relaxations is None:
            raise UnsupportedModel(
                "a refractory period needs a closed form here (each state relaxing by itself), got the rule "
                f"{system.refractory.rule!r}: use EventDriven (--solver event)"
            )
        arguments = (*system.states, *system.parameters)
        return tuple(
            (
                system.states.index(one.state),
                lower_expressions((one.rate,), arguments),
                lower_expressions((one.inf,), arguments),
            )
            for one in system.relaxations
        )

    def _of_voltage(self, expressions: tuple[Any, ...]) -> Callable[[float], list[float]]:
        system = self.system
        V, known = system.states[0], dict(zip(system.parameters, system.values, strict=True))
        inner = tuple(p for p in known if any(expr.has(p) for expr in expressions))
        function = lower_expressions(expressions, (V, *inner))
        values = [known[p] for p in inner]
        return partial(_behind, function, values) if inner else function

    @staticmethod
    def _lower(system: HybridSystem, expressions: tuple[Any, ...]) -> Callable[..., Any]:
        return lower_expressions(expressions, (*system.states, system.input, *system.parameters))


# Of systems without values, so that a change of these alone derives nothing anew.
@lru_cache(maxsize=64)
def event_system(structure: HybridSystem, fastest: float | None = None) -> HybridSystem:
    """Measure V from its origin, gates slowed where a fastest rate (per ms) is given."""
    slowed = structure if fastest is None else structure.slowed(fastest)
    return slowed.event_coordinates()


@lru_cache(maxsize=64)
def _origin(structure: HybridSystem) -> Callable[..., list[float]]:
    """Give what V is measured from as a function of the parameters: where all states are 0, and by each."""
    still = dict.fromkeys(structure.states, sympy.S.Zero)
    parts = (structure.origin.subs(still), *(structure.origin.diff(state) for state in structure.states))
    return lower_expressions(parts, structure.parameters)


@lru_cache(maxsize=64)
def _jacobian(event: HybridSystem) -> tuple[tuple[Any, ...], ...]:
    return jacobian_of(event.rhs, event.states)


def lower(system: HybridSystem) -> Kernel:
    """Lower a hybrid system to fast functions.

    Parameters
    ----------
    system : HybridSystem
        The symbolic model.

    Raises
    ------
    ModelError
        When it is none.
    """
    check_kind("system", system, HybridSystem)
    return _lower(system)


_lower = lru_cache(maxsize=256)(Kernel)
