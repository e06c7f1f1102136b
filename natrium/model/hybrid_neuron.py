"""A neuron of any equations: what `Neuron` is for channels, for models that are no sum of channels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property, lru_cache
from typing import Any

import attrs
import numpy as np
import sympy

from natrium.model.branches import has_branches
from natrium.model.checks import Choice, Name, Number, as_float, show
from natrium.model.errors import ModelError, UnsupportedModel
from natrium.model.expressions.evaluator import LARGEST, NUMERIC
from natrium.model.hybrid import (
    BY_STATE,
    REFRACTORY_RULES,
    HybridSystem,
    Refractory,
    lands,
    over_threshold,
    with_values,
)
from natrium.model.hybrid_structure import DURATION, ORIGIN, as_sympy, own_symbols, structure_of
from natrium.model.kernel import lower
from natrium.model.leak import CURRENTS
from natrium.model.neuron import Neuron
from natrium.model.parameter import Parameter, check_known, numbers_of
from natrium.model.plots import Shown
from natrium.model.rates import Range
from natrium.model.starts import work_out
from natrium.model.threshold import NO_THRESHOLD, TAU_REF, V_INIT, V_THRESH, NoThreshold, as_threshold

# What expressions, and the code that is made of them, use by name.
RESERVED = {*NUMERIC, *LARGEST, "where", "choose", "power", "whole_exp", "pi", "t"}
# What is named as in a neuron of channels is the same there and here.
USUAL = {one.rule.short: one.rule for one in numbers_of(Neuron())}


def _as_items(value: Any) -> Any:
    return tuple(value.items()) if isinstance(value, Mapping) else value


def _as_equations(value: Any) -> Any:
    """Put V first; what are no pairs is refused by the field's check."""
    items = _as_items(value)
    return tuple(sorted(items, key=lambda one: one[:1] != ("V",))) if isinstance(value, Mapping) else items


def _as_level(value: Any) -> Any:
    """Take a number or none, or an expression as it is."""
    is_text = isinstance(value, str) and value != NO_THRESHOLD
    return value if is_text or isinstance(value, sympy.Expr) else as_threshold(value)


def _check_level(instance: Any, attribute: attrs.Attribute[Any], value: Any) -> None:
    if not isinstance(value, (str, sympy.Expr)):
        V_THRESH.check("v_thresh", value)


def _as_refractory(value: Any) -> Any:
    """Give a rule as it is, or what is said of each state."""
    return tuple(value.items()) if isinstance(value, Mapping) else value


@lru_cache(maxsize=1024)
def _names_in(expression: Any) -> frozenset[str]:
    return frozenset(symbol.name for symbol in expression.free_symbols)


def _keys_are_names(instance: Any, attribute: attrs.Attribute[Any], value: Any) -> None:
    if not isinstance(value, tuple) or any(not isinstance(one, tuple) or len(one) != 2 for one in value):
        raise ModelError(
            f"{attribute.name} must be a mapping of names, such as {{'V': ...}}, got {show(value)}"
        )
    for name, _ in value:
        Name().check(f"a name in {attribute.name}", name)


@attrs.frozen(kw_only=True, slots=False)
class HybridNeuron(Shown):
    """A spiking neuron of any right-hand side and any reset.

    Where the right-hand side has branches (``Piecewise``, ``Max``, ``Min``, ``Abs``, ``Heaviside``,
    ``sign``), the solver's steps end on the surfaces between them. A quotient that is 0/0 at a point where it
    has a value is taken as that value.

    Solved by `EventDriven`, and by the fixed-step family for comparison.

    Parameters
    ----------
    equations : mapping of str to str or sympy.Expr
        The time derivative of each state, V (mV/ms) among them, of symbols named like the states, the
        parameters and the input ``I``; text is read as in a model file. V becomes the first state.
    parameters : mapping of str to float
        Values of all other symbols.
    initial : mapping of str to float, str or sympy.Expr
        Value of each state at the start. An expression of parameters and of other states' starts is worked
        out once: the start stays where it is when a parameter changes.
    v_thresh : float, str, sympy.Expr or None
        Threshold of V, mV; None: no spike, no reset. An expression of parameters and other states is a
        threshold that moves, linear in the states.
    reset : mapping of str to str, sympy.Expr or float
        New values of states at a spike, of the states just before it; states left out stay. Without ``V`` a
        spike is V's way up through the threshold, and V goes on. V may be set onto the threshold: where it
        falls from there it is below; where it rises it fires again as soon as it may, after `tau_ref`.
    tau_ref : float
        Refractory period, ms.
    refractory : {"hold", "clamp"} or mapping of str to {"hold", "free"}
        ``hold``: all states stand still while refractory; ``clamp``: V does, the others move on. By state:
        what is not named stands still.
    input_unit : str
        What its input is called in figures, tables and words: mV, pA, uA/cm^2, ...; nothing by default.

    Raises
    ------
    ModelError
        When a symbol has no meaning, an expression cannot be evaluated, a value is not finite, V starts at or
        above the threshold, or is reset above it.

    Examples
    --------
    >>> izhikevich = HybridNeuron(
    ...     equations={"V": "0.04*V**2 + 5*V + 140 - u + I", "u": "a*(b*V - u)"},
    ...     parameters={"a": 0.02, "b": 0.2, "c": -65.0, "d": 8.0},
    ...     initial={"V": -65.0, "u": -13.0},
    ...     v_thresh=30.0,
    ...     reset={"V": "c", "u": "u + d"},
    ... )
    """

    equations: tuple[tuple[str, Any], ...] = attrs.field(converter=_as_equations, validator=_keys_are_names)
    initial: tuple[tuple[str, Any], ...] = attrs.field(converter=_as_items, validator=_keys_are_names)
    parameters: tuple[tuple[str, float], ...] = attrs.field(
        default=(), converter=_as_items, validator=_keys_are_names
    )
    threshold: Any = attrs.field(default=None, alias="v_thresh", converter=_as_level, validator=_check_level)
    reset: tuple[tuple[str, Any], ...] = attrs.field(
        default=(), converter=_as_items, validator=_keys_are_names
    )
    tau_ref: float = attrs.field(default=0.0, converter=as_float, validator=TAU_REF)
    refractory: Any = attrs.field(default="hold", converter=_as_refractory)
    input_unit: str = attrs.field(default="", validator=Choice(("", "mV", *CURRENTS)))

    def __attrs_post_init__(self) -> None:
        """Check that every symbol has a meaning and every number is one."""
        states, starts = [name for name, _ in self.equations], dict(self.initial)
        if states[:1] != ["V"]:
            got = ", ".join(states) or "none"
            raise ModelError(f"the first state must be V, got {got}: call V what has the threshold")
        if sorted(starts) != sorted(states):
            raise ModelError(
                f"initial must name the states {', '.join(states)}, got {', '.join(starts) or 'none'}"
            )
        for name, value in self.parameters:
            Number().check(name, value)
        object.__setattr__(self, "initial", tuple(work_out(self.initial, self.parameters).items()))
        for name, value in self.initial:
            Number().check(name, value)
        known = {*states, *(name for name, _ in self.parameters), "I"}
        if len(known) < len(states) + len(self.parameters) + 1:
            raise ModelError("names of states and parameters must differ from each other and from I")
        if taken := sorted(known & RESERVED):
            raise ModelError(
                f"a state or parameter must not be named like what is in expressions: {taken[0]}"
            )
        self._check_refractory(states)
        for what, pairs in (("equations", self.equations), ("reset", self.reset)):
            for name, expression in pairs:
                allowed = known - {"I"} if what == "reset" else known
                self._check_symbols(f"{what}.{name}", expression, allowed)
                if name not in states:
                    raise ModelError(
                        f"{what} must name states ({', '.join(states)}), got {name}, which is no state"
                    )
        if not self._is_number:
            self._check_symbols("v_thresh", self.threshold, known - {"V", "I"})
            self._check_linear()
        if self.passes or not self.fires:
            return
        begin = self.initial_state()
        level = self.threshold
        if not self._is_number:
            level = float(lower(self.system).frame.threshold(np.array(begin)))
        if begin[0] >= level:
            raise ModelError(
                f"V must start below v_thresh ({level!r} mV), got {begin[0]!r} mV: it starts there"
            )
        system = self.system
        after = with_values(system.reset[0], (*system.parameters, system.states[0]), (*system.values, level))
        if not self.threshold_moves and after.is_number and float(after) > level + lands(level):
            raise ModelError(over_threshold(level, float(after)))

    @staticmethod
    def _check_symbols(what: str, expression: Any, allowed: set[str]) -> None:
        if unknown := _names_in(as_sympy(what, expression, sorted(allowed))) - allowed:
            raise ModelError(
                f"{what}: must be of {', '.join(sorted(allowed))}, got {', '.join(sorted(unknown))}"
            )

    def _check_linear(self) -> None:
        system = self.system
        slopes = [system.origin.diff(state) for state in system.states]
        if any(slope.free_symbols & set(system.states) for slope in slopes) or has_branches(system.origin):
            raise ModelError(
                f"v_thresh must be linear in the states, got {self.threshold}: make what it is a state"
            )

    def _check_refractory(self, states: list[str]) -> None:
        if not isinstance(self.refractory, tuple):
            Choice(REFRACTORY_RULES).check("refractory", self.refractory)
            return
        for name, word in self.refractory:
            if name not in states:
                raise ModelError(f"refractory must name states ({', '.join(states)}), got {show(name)}")
            Choice(("hold", "free")).check(f"refractory, {name}", word)
        free = {name for name, word in self.refractory if word == "free"}
        if free in (set(), set(states[1:])):  # what has a name of its own
            object.__setattr__(self, "refractory", "clamp" if free else "hold")

    @property
    def _is_number(self) -> bool:
        return not isinstance(self.threshold, (str, sympy.Expr))

    @property
    def threshold_moves(self) -> tuple[str, ...]:
        """The names of the states with which the threshold moves."""
        return self.system.threshold_moves

    @property
    def v_thresh(self) -> float:
        """The threshold, mV; infinity without one.

        Raises
        ------
        UnsupportedModel
            When it moves: to whatever needs one number.
        """
        if self._is_number:
            return self.threshold
        if self.threshold_moves:
            raise UnsupportedModel(
                f"this needs a threshold that stands, got v_thresh = {self.threshold}, which moves with "
                f"{', '.join(self.threshold_moves)}"
            )
        return lower(self.system).frame.level

    @property
    def passes(self) -> bool:
        """Whether V goes on through the threshold, a spike being its way up: the reset leaves it alone."""
        return self.system.passes

    @property
    def fires(self) -> bool:
        """Whether there is a threshold."""
        return not isinstance(self.threshold, NoThreshold)

    @property
    def origin(self) -> float:
        """The voltage from which solvers measure V: the threshold, or its start where there is none; mV."""
        return self.v_thresh if self.fires else dict(self.initial)["V"]

    @property
    def gap(self) -> float:
        """Input less the input as solvers take it, mV: none."""
        return 0.0

    @property
    def of_channels(self) -> bool:
        """Whether it is a sum of channels: these are equations of one's own."""
        return False

    @property
    def below_threshold(self) -> tuple[str, ...]:
        """Names of the parameters that must lie below the threshold."""
        return ("v_init",) if self._is_number and not self.passes else ()

    def numbers(self) -> dict[str, Parameter]:
        """Give its parameters by name: its own, threshold and refractory period, and the initial V."""
        found = [
            Parameter(name, float(value), USUAL.get(name, Number()), symbol=name)
            for name, value in self.parameters
        ]
        if self.fires and self._is_number:
            found.append(Parameter("v_thresh", float(self.v_thresh), V_THRESH, "v_thresh", symbol=ORIGIN))
        if self.fires:
            found.append(Parameter("tau_ref", self.tau_ref, TAU_REF, "tau_ref", symbol=DURATION))
        found.append(Parameter("v_init", self.initial_state()[0], V_INIT))
        return {one.name: one for one in found}

    def changed(self, values: Mapping[str, float]) -> HybridNeuron:
        """Give the same neuron with other values of some parameters.

        Raises
        ------
        ModelError
            When there is no such parameter, or a new value breaks a rule.
        """
        known = self.numbers()
        check_known(known, values)
        own: dict[str, Any] = {known[name].field: values[name] for name in values if known[name].field}
        initial = dict(self.initial)
        if "v_init" in values:
            initial["V"] = values["v_init"]
        named = {name: values.get(name, value) for name, value in self.parameters}
        return attrs.evolve(self, parameters=named, initial=initial, **own)

    def started(self, state: Sequence[float]) -> HybridNeuron:
        """Give the same neuron, starting from another state, length n_states.

        A reset may have put V onto the threshold: from there it starts by rounding below.
        """
        names, values = [name for name, _ in self.equations], [float(value) for value in state]
        if self.fires and self._is_number and not self.passes:
            level = float(self.threshold)
            if abs(values[0] - level) <= lands(level):
                values[0] = level - float(np.spacing(abs(level) or 1.0))
        return attrs.evolve(self, initial=dict(zip(names, values, strict=True)))

    @property
    def starts_steady(self) -> tuple[bool, ...]:
        """For each state, whether it starts at its steady state: each has a number of its own."""
        return (False,) * len(self.equations)

    @property
    def rate_ranges(self) -> tuple[tuple[str, Range], ...]:
        """Of each rate that breaks a rule somewhere, where it does not: here all rules are one's own."""
        return ()

    @property
    def is_leaky(self) -> bool:
        """Whether its course is known in closed form: of equations of one's own it is not."""
        return False

    @cached_property
    def landmarks(self) -> tuple[float, ...]:
        """The voltages, threshold apart, around which it lives: start, and reset where it is a number; mV."""
        start = self.initial_state()[0]
        reset = self.system.reset_voltage
        return (start,) if reset is None else (start, reset)

    def equilibrium_bounds(self, I: float) -> tuple[float, ...]:
        """Give voltages whose range holds every equilibrium at a constant input: none is known."""
        return ()

    def initial_state(self) -> tuple[float, ...]:
        """Give the state at the start, in the order of the equations."""
        starts = dict(self.initial)
        return tuple(float(starts[name]) for name, _ in self.equations)

    def _rule(self, duration: Any) -> Refractory:
        if isinstance(self.refractory, str):
            return Refractory(duration, self.refractory)
        return Refractory(duration, BY_STATE, tuple(name for name, word in self.refractory if word == "free"))

    def system_by(self, names: tuple[str, ...]) -> HybridSystem:
        """Give the system with these parameters as symbols: here all of them are."""
        return self.system

    @cached_property
    def system(self) -> HybridSystem:
        """The neuron as a symbolic hybrid system."""
        number = dict(self.initial)["V"] if not self.fires else self.threshold if self._is_number else 0.0
        _, duration = own_symbols()
        structure = structure_of(
            self.equations,
            tuple(name for name, _ in self.parameters),
            self.reset,
            None if self._is_number else self.threshold,
            self.fires,
            self._rule(duration),
        )
        return attrs.evolve(
            structure, values=(*(float(value) for _, value in self.parameters), number, self.tau_ref)
        )
