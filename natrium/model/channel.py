"""Gates, and the channels they open."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import attrs
import numpy as np
import sympy

from natrium.model.checks import Count, Name, Number, Optional, Text, as_float, show
from natrium.model.equations import approach, constant_field, open_and_close
from natrium.model.errors import ModelError
from natrium.model.expressions.exprel import exprel_scalar
from natrium.model.expressions.expression import Expression, as_expression
from natrium.model.hybrid import GateFlow
from natrium.model.ions import NO_TEMPERATURE, TEMPERATURE, Ions
from natrium.model.rates import Range, V, check_levels, check_rate, smooth_rate
from natrium.model.scheme import STEADY_STATE, Scheme


def _as_tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, (list, tuple)) else value


def _as_rate(value: Any) -> Expression | None:
    return None if value is None else as_expression(value)


def _check_transition(instance: Any, attribute: Any, value: Expression | None) -> None:
    if value is not None and not value.reads_calcium:
        check_rate(attribute.name, value)


def _check_inf(instance: Any, attribute: Any, value: Expression | None) -> None:
    if value is not None and not value.reads_calcium:
        check_rate(attribute.name, value, at_most=1.0)


def _check_tau(instance: Any, attribute: Any, value: Expression | None) -> None:
    if value is not None and not value.reads_calcium:
        check_rate(attribute.name, value, positive=True)


def _as_number(value: Any) -> Any:
    return None if value is None else as_float(value)


def paced(flow: Any, pace: Any) -> Any:
    """Make a flow faster by a factor; by 1 it stays as it is, to the last digit."""
    return flow if pace == 1.0 else pace * flow


def _check_scheme(instance: Any, attribute: Any, value: Any) -> None:
    if value is not None and not isinstance(value, Scheme):
        raise ModelError(f"scheme must be a Scheme, got {show(value)}")


def _check_ions(instance: Any, attribute: Any, value: Any) -> None:
    if value is not None and not isinstance(value, Ions):
        raise ModelError(f"{attribute.name} must be Ions, got {show(value)}")


def _as_initial(value: Any) -> Any:
    return value if isinstance(value, str) else as_float(value)


def _check_initial(instance: Any, attribute: Any, value: Any) -> None:
    if isinstance(value, str):
        if value != STEADY_STATE:
            raise ModelError(f"initial must be a number from 0 to 1 or {STEADY_STATE!r}, got {show(value)}")
        return
    Number(low=0.0, high=1.0).check("initial", value)


def _given(rate: Expression | None) -> Expression:
    """Give a rate that the gate's own check has found to be there."""
    assert rate is not None
    return rate


@attrs.frozen(cache_hash=True)
class Gate:
    r"""One gating variable: dx/dt = alpha(V) (1 - x) - beta(V) x.

    Parameters
    ----------
    name : str
        The gate's name: ``"m"``, ``"h"``, ``"n"``, ...
    power : int
        Its power in the conductance.
    alpha, beta : str, sympy.Expr or Expression
        Opening and closing rate, of V in mV, per ms; of ``Ca`` too where the neuron has a calcium pool. A
        removable singularity is no concern.
    inf, tau : str, sympy.Expr or Expression
        Steady state and time constant (ms) instead of alpha and beta: dx/dt = (inf - x)/tau. Without tau the
        gate is instantaneous: x = inf(V) at all times, and no state of its own.
    initial : float or "steady-state"
        Value at the start; by default the steady state at the initial V.
    q10, celsius : float, optional
        Factor by which the gate is faster per 10 degrees, and the temperature (degrees Celsius) at which its
        rates are given; at a neuron's own temperature it goes by ``q10**((neuron.celsius - celsius)/10)``.

    Raises
    ------
    ModelError
        When a value is out of range, or a rate has a pole or goes negative where cells live (the voltage is
        named). Farther out, below -80 or above 20 mV, it may: a run that gets there is refused.

    References
    ----------
    .. [1] A. L. Hodgkin, A. F. Huxley, "A quantitative description of membrane current and its
       application to conduction and excitation in nerve", J. Physiol. 117 (1952) 500-544, eqs. 7, 15.
       https://doi.org/10.1113/jphysiol.1952.sp004764
    """

    name: str = attrs.field(validator=Name())
    power: int = attrs.field(default=1, validator=Count(high=16))
    alpha: Expression | None = attrs.field(
        default=None, kw_only=True, converter=_as_rate, validator=_check_transition
    )
    beta: Expression | None = attrs.field(
        default=None, kw_only=True, converter=_as_rate, validator=_check_transition
    )
    inf: Expression | None = attrs.field(default=None, kw_only=True, converter=_as_rate, validator=_check_inf)
    tau: Expression | None = attrs.field(default=None, kw_only=True, converter=_as_rate, validator=_check_tau)
    initial: float | str = attrs.field(
        default=STEADY_STATE, kw_only=True, converter=_as_initial, validator=_check_initial
    )
    q10: float | None = attrs.field(
        default=None, kw_only=True, converter=_as_number, validator=Optional(Number("", 0.0, open_low=True))
    )
    celsius: float | None = attrs.field(
        default=None, kw_only=True, converter=_as_number, validator=Optional(TEMPERATURE)
    )

    def __attrs_post_init__(self) -> None:
        """Check that a pair of expressions is given."""
        given = list(self.rates)
        if given not in (["alpha", "beta"], ["inf", "tau"], ["inf"]):
            raise ModelError(
                f"gate {self.name} needs alpha and beta, or inf and tau, got {', '.join(given) or 'none'} "
                "(inf alone makes it instantaneous)"
            )
        if not self.moves and self.initial != STEADY_STATE:
            raise ModelError(
                f"gate {self.name} is instantaneous and has no initial value of its own, got {self.initial!r}"
            )
        if (self.q10 is None) != (self.celsius is None):
            raise ModelError(f"gate {self.name} needs both q10 and celsius, or neither")

    @property
    def rates(self) -> dict[str, Expression]:
        """Its rates by the names of their fields."""
        found = {name: getattr(self, name) for name in ("alpha", "beta", "inf", "tau")}
        return {name: rate for name, rate in found.items() if rate is not None}

    def changed(self, values: Mapping[str, float]) -> Gate:
        """Give the same gate with other numbers for some constants of its rates."""
        rates: dict[str, Any] = {name: rate.changed(values) for name, rate in self.rates.items()}
        return attrs.evolve(self, **rates)

    @property
    def moves(self) -> bool:
        """Whether it is a state of its own; else it is at its steady state at all times."""
        return self.inf is None or self.tau is not None

    def pace(self, celsius: Any) -> Any:
        """Give the factor by which it is faster at a temperature than its rates say; 1 without one."""
        if self.q10 is None or self.celsius is None or celsius is None:
            return 1.0
        return self.q10 ** ((celsius - self.celsius) / 10.0)

    @property
    def reads_calcium(self) -> bool:
        """Whether a rate of it depends on the neuron's calcium pool."""
        return any(rate.reads_calcium for rate in self.rates.values())

    def at_once(self, names: tuple[str, ...] = ()) -> sympy.Expr:
        """Give the steady state that an instantaneous gate is at, with some of its constants as symbols."""
        return smooth_rate(_given(self.inf), names)

    @property
    def steady(self) -> sympy.Expr:
        """The steady state as SymPy, of V and Ca."""
        return self.flow(V).inf if self.moves else self.at_once()

    def ranges(self, levels: tuple[float, ...] = ()) -> tuple[tuple[str, Range], ...]:
        """Give, of each of its rates that keeps its rules not everywhere, its name and where it does.

        One that reads the calcium is looked at at every one of the concentrations `levels`.
        """
        found = [
            (name, held)
            for name, rate in self.rates.items()
            for held in check_levels(
                name, rate, levels, at_most=np.inf if name != "inf" else 1.0, positive=name == "tau"
            )
        ]
        return tuple((name, one) for name, one in found if not one.is_all)

    def flow(self, state: sympy.Symbol, pace: Any = 1.0, names: tuple[str, ...] = ()) -> GateFlow:
        """Give the gate's steady state and rate as SymPy."""
        if self.alpha is not None and self.beta is not None:
            alpha, beta = smooth_rate(self.alpha, names), smooth_rate(self.beta, names)
            return GateFlow(state, alpha / (alpha + beta), paced(alpha + beta, pace))
        tau = smooth_rate(_given(self.tau), names)
        return GateFlow(state, smooth_rate(_given(self.inf), names), paced(1 / tau, pace))

    def derivative(self, state: sympy.Symbol, pace: Any = 1.0, names: tuple[str, ...] = ()) -> sympy.Expr:
        """Give dx/dt as SymPy, per ms."""
        if self.alpha is not None and self.beta is not None:
            flow = open_and_close(state, smooth_rate(self.alpha, names), smooth_rate(self.beta, names))
        else:
            flow = approach(state, smooth_rate(_given(self.inf), names), smooth_rate(_given(self.tau), names))
        return paced(flow, pace)


@attrs.frozen(cache_hash=True)
class Channel:
    """A gated channel: a current g (prod_j x_j^p_j) (E - V).

    Parameters
    ----------
    name : str
        The channel's name, unique in its neuron.
    g : float
        Maximal conductance relative to the leak conductance (no unit), zero or positive.
    E : float, optional
        Reversal potential, mV; left out where `ghk` or `nernst` is given.
    gates : sequence of Gate
        Any number of gates; with none the channel is ohmic.
    scheme : Scheme, optional
        A kinetic scheme: the share of its open states multiplies the conductance as a gate does.
    ghk : Ions, optional
        The ions it lets through: instead of E - V stands the driving force of the constant field.
    nernst : Ions, optional
        The ions whose Nernst potential is E.
    source : str
        Where its numbers come from.

    Raises
    ------
    ModelError
        When a value is out of range or two gates share a name.
    """

    name: str = attrs.field(validator=Name())
    g: float = attrs.field(
        converter=as_float, validator=Number(low=0.0, short="g", meaning="conductance over the leak's")
    )
    E: float | None = attrs.field(
        default=None,
        converter=_as_number,
        validator=Optional(Number("mV", short="E", meaning="reversal")),
    )
    gates: tuple[Gate, ...] = attrs.field(default=(), converter=_as_tuple)
    scheme: Scheme | None = attrs.field(
        default=None,
        kw_only=True,
        validator=_check_scheme,
    )
    ghk: Ions | None = attrs.field(default=None, kw_only=True, validator=_check_ions)
    nernst: Ions | None = attrs.field(default=None, kw_only=True, validator=_check_ions)
    source: str = attrs.field(default="", kw_only=True, eq=False, validator=Text())

    @property
    def moving(self) -> tuple[Gate, ...]:
        """The gates that are states: all but the instantaneous ones."""
        return tuple(gate for gate in self.gates if gate.moves)

    @property
    def ions(self) -> Ions | None:
        """The ions that it knows."""
        return self.ghk or self.nernst

    @property
    def reversal(self) -> float:
        """Where its current reverses, mV: E, or the Nernst potential at its ions' own temperature."""
        return self.reversal_at()

    def reversal_at(self, celsius: float | None = None, calcium: float = math.nan) -> float:
        """Give where its current reverses, mV; NaN where that depends on calcium that is not given."""
        if self.ions is not None:
            return self.ions.reversal(celsius, calcium)
        assert self.E is not None  # as checked
        return self.E

    def inward(self, v: float, celsius: float | None, calcium: float) -> float:
        """Give its current with all gates open at a voltage and a calcium concentration, mV."""
        if self.ghk is None:
            return self.g * (self.reversal_at(celsius, calcium) - v)
        ions = self.ghk
        inside = ions.inside if isinstance(ions.inside, float) else calcium
        return self.g * float(
            constant_field(v, ions.thermal(celsius), ions.valence, inside, ions.outside, exprel_scalar)
        )

    @property
    def reads_calcium(self) -> bool:
        """Whether it depends on the neuron's calcium pool."""
        inside = self.ions is not None and self.ions.reads_calcium
        return inside or any(rate.reads_calcium for rate in self.rates)

    @property
    def is_plain(self) -> bool:
        """Whether it is what scripts write: gates of V alone, and E - V."""
        return self.scheme is None and self.ions is None and not self.reads_calcium

    @property
    def rates(self) -> tuple[Expression, ...]:
        """Every rate of its gates and its scheme."""
        transitions = self.scheme.transitions if self.scheme else ()
        return (
            *(rate for gate in self.gates for rate in gate.rates.values()),
            *(one.rate for one in transitions),
        )

    def check_given(self, calcium: bool, celsius: float | None) -> None:
        """Check that a neuron has what the channel reads of it: a pool of calcium, a temperature."""
        if self.reads_calcium and not calcium:
            raise ModelError(
                f"channel {self.name} reads the calcium Ca: give the neuron a pool, "
                "calcium=Calcium(...), [calcium] in a model file"
            )
        if self.ions is not None and self.ions.celsius is None and celsius is None:
            raise ModelError(f"channel {self.name}: {NO_TEMPERATURE}")

    def changed(self, values: Mapping[str, float]) -> Channel:
        """Give the same channel with other numbers for some constants of its rates."""
        if not any(name in values for rate in self.rates for name, _ in rate.constants):
            return self
        scheme = self.scheme and self.scheme.changed(values)
        return attrs.evolve(self, gates=tuple(gate.changed(values) for gate in self.gates), scheme=scheme)

    def __attrs_post_init__(self) -> None:
        """Check the gates, and that one thing says where the current reverses."""
        given = [name for name in ("E", "ghk", "nernst") if getattr(self, name) is not None]
        if not given:
            raise ModelError(
                f"E must be a number, got None, in channel {self.name}: give it in mV, or ghk or nernst"
            )
        if len(given) > 1:
            raise ModelError(f"channel {self.name} takes one of E, ghk and nernst, got {' and '.join(given)}")
        _check_members("gates", f"channel {self.name}", self.gates, Gate)
        both = {gate.name for gate in self.gates} & set(self.scheme.states if self.scheme else ())
        if both:
            raise ModelError(
                f"a gate and a state of channel {self.name} must differ in name, got {min(both)}"
            )


def _check_members(what: str, owner: str, members: Any, kind: type[Any]) -> None:
    if not isinstance(members, tuple):
        raise ModelError(f"{what} of {owner} must be a sequence, got {show(members)}")
    names: list[str] = []
    for member in members:
        if not isinstance(member, kind):
            raise ModelError(f"{what} of {owner} must be {kind.__name__} objects, got {show(member)}")
        names.append(member.name)
    if len(set(names)) < len(names):
        raise ModelError(f"names of {what} in {owner} must differ, got {', '.join(names)}")
