"""What a neuron is: gates, channels and the leaky integrate-and-fire membrane around them."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any, Literal

import attrs
import sympy

from natrium.model.checks import Choice, Count, Name, Number, Text, as_float, shown
from natrium.model.errors import ModelError
from natrium.model.expressions.expression import Expression, as_expression
from natrium.model.hybrid import GateFlow, HybridSystem, Refractory
from natrium.model.kernel import lower
from natrium.model.rates import V, check_rate, smooth_rate

__all__ = ["Channel", "Gate", "Neuron"]

STEADY_STATE = "steady-state"
NO_THRESHOLD = "none"


class NoThreshold(float):
    """Infinity, where a neuron has no threshold: V never reaches it."""

    def __new__(cls) -> NoThreshold:
        """Make the one value there is."""
        return super().__new__(cls, "inf")

    def __reduce__(self) -> Any:
        """Copy and pickle as what it is."""
        return (NoThreshold, ())

    def __repr__(self) -> str:
        """Show what a constructor takes."""
        return "None"


def _as_threshold(value: Any) -> Any:
    if value is None or (isinstance(value, str) and value == NO_THRESHOLD):
        return NoThreshold()
    return value if isinstance(value, NoThreshold) else as_float(value)


def _check_threshold(instance: Any, attribute: Any, value: Any) -> None:
    if not isinstance(value, NoThreshold):
        Number("mV").check("v_thresh", value)


def _as_tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, (list, tuple)) else value


def _as_rate(value: Any) -> Expression | None:
    return None if value is None else as_expression(value)


def _check_transition(instance: Any, attribute: Any, value: Expression | None) -> None:
    if value is not None:
        check_rate(attribute.name, value)


def _check_inf(instance: Any, attribute: Any, value: Expression | None) -> None:
    if value is not None:
        check_rate(attribute.name, value, at_most=1.0)


def _check_tau(instance: Any, attribute: Any, value: Expression | None) -> None:
    if value is not None:
        check_rate(attribute.name, value, positive=True)


def _as_initial(value: Any) -> Any:
    return value if isinstance(value, str) else as_float(value)


def _check_initial(instance: Any, attribute: Any, value: Any) -> None:
    if isinstance(value, str):
        if value != STEADY_STATE:
            raise ModelError(f"initial must be a number from 0 to 1 or {STEADY_STATE!r}, got {shown(value)}")
        return
    Number(low=0.0, high=1.0).check("initial", value)


def _given(rate: Expression | None) -> Expression:
    """Give a rate that the gate's own check has found to be there."""
    assert rate is not None
    return rate


@attrs.frozen
class Gate:
    r"""One gating variable: dx/dt = alpha(V) (1 - x) - beta(V) x.

    Parameters
    ----------
    name : str
        The gate's name: ``"m"``, ``"h"``, ``"n"``, ...
    power : int
        Its power in the conductance.
    alpha, beta : str, sympy.Expr or Expression
        Opening and closing rate, of V in mV, per ms. A removable singularity is no concern.
    inf, tau : str, sympy.Expr or Expression
        Steady state and time constant (ms) instead of alpha and beta: dx/dt = (inf - x)/tau.
    initial : float or "steady-state"
        Value at the start; by default the steady state at the initial V.

    Raises
    ------
    ModelError
        When a value is out of range, or a rate has a pole or goes negative on the physiological
        range (the voltage is named).

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

    def __attrs_post_init__(self) -> None:
        """Check that a pair of expressions is given."""
        given = [name for name in ("alpha", "beta", "inf", "tau") if getattr(self, name) is not None]
        if given not in (["alpha", "beta"], ["inf", "tau"]):
            raise ModelError(
                f"gate {self.name} needs alpha and beta, or inf and tau, got {', '.join(given) or 'none'}"
            )

    def flow(self, state: sympy.Symbol) -> GateFlow:
        """Give the gate's steady state and rate as SymPy."""
        if self.alpha is not None and self.beta is not None:
            alpha, beta = smooth_rate(self.alpha), smooth_rate(self.beta)
            return GateFlow(state, alpha / (alpha + beta), alpha + beta)
        return GateFlow(state, smooth_rate(_given(self.inf)), 1 / smooth_rate(_given(self.tau)))

    def derivative(self, state: sympy.Symbol) -> sympy.Expr:
        """Give dx/dt as SymPy, per ms."""
        if self.alpha is not None and self.beta is not None:
            return smooth_rate(self.alpha) * (1 - state) - smooth_rate(self.beta) * state
        flow = self.flow(state)
        return (flow.inf - state) * flow.rate


@attrs.frozen
class Channel:
    """A voltage-gated channel: a current g (prod_j x_j^p_j) (E - V).

    Parameters
    ----------
    name : str
        The channel's name, unique in its neuron.
    g : float
        Maximal conductance relative to the leak conductance (no unit), zero or positive.
    E : float
        Reversal potential, mV.
    gates : sequence of Gate
        Any number of gates; with none the channel is ohmic.
    source : str
        Where its numbers come from.

    Raises
    ------
    ModelError
        When a value is out of range or two gates share a name.
    """

    name: str = attrs.field(validator=Name())
    g: float = attrs.field(converter=as_float, validator=Number(low=0.0))
    E: float = attrs.field(converter=as_float, validator=Number("mV"))
    gates: tuple[Gate, ...] = attrs.field(default=(), converter=_as_tuple)
    source: str = attrs.field(default="", kw_only=True, eq=False, validator=Text())

    def __attrs_post_init__(self) -> None:
        """Check the gates."""
        _check_members("gates", f"channel {self.name}", self.gates, Gate)


def _check_members(what: str, owner: str, members: Any, kind: type[Gate] | type[Channel]) -> None:
    if not isinstance(members, tuple):
        raise ModelError(f"{what} of {owner} must be a sequence, got {shown(members)}")
    names: list[str] = []
    for member in members:
        if not isinstance(member, kind):
            raise ModelError(f"{what} of {owner} must be {kind.__name__} objects, got {shown(member)}")
        names.append(member.name)
    if len(set(names)) < len(names):
        raise ModelError(f"names of {what} in {owner} must differ, got {', '.join(names)}")


@attrs.frozen
class Neuron:
    r"""A leaky integrate-and-fire neuron with voltage-gated channels.

    .. math:: \tau_m \frac{dV}{dt} = -(V - v_{rest}) + I(t)
              + \sum_k g_k \Big(\prod_j x_{kj}^{p_{kj}}\Big) (E_k - V)

    When V reaches `v_thresh` from below, a spike is counted, V is set to `v_reset` and stays there
    for `tau_ref`.

    Parameters
    ----------
    tau_m : float
        Membrane time constant, ms.
    tau_ref : float
        Refractory period, ms; zero is allowed.
    v_rest : float
        Rest of the leak, mV.
    v_thresh : float or None
        Threshold, mV; with None (``"none"`` in a model file) there is none: no spike, no reset.
    channels : sequence of Channel
        Any number of channels.
    v_reset, v_init : float, optional
        Reset and initial V, mV; both are `v_rest` by default and must lie below `v_thresh`.
    refractory : {"hold", "clamp"}
        ``hold``: gates stand still while refractory; ``clamp``: they move at `v_reset`.

    Raises
    ------
    ModelError
        When a value is out of range or two rules contradict each other.
    """

    tau_m: float = attrs.field(default=10.0, converter=as_float, validator=Number("ms", 0.0, open_low=True))
    tau_ref: float = attrs.field(default=2.0, converter=as_float, validator=Number("ms", 0.0))
    v_rest: float = attrs.field(default=-70.0, converter=as_float, validator=Number("mV"))
    v_thresh: float = attrs.field(default=-55.0, converter=_as_threshold, validator=_check_threshold)
    channels: tuple[Channel, ...] = attrs.field(default=(), converter=_as_tuple)
    v_reset: float = attrs.field(kw_only=True, converter=as_float, validator=Number("mV"))
    v_init: float = attrs.field(kw_only=True, converter=as_float, validator=Number("mV"))
    refractory: Literal["hold", "clamp"] = attrs.field(
        default="hold", kw_only=True, validator=Choice(("hold", "clamp"))
    )

    @v_reset.default
    def _v_reset(self) -> float:
        return self.v_rest

    @v_init.default
    def _v_init(self) -> float:
        return self.v_rest

    def __attrs_post_init__(self) -> None:
        """Check the channels, and that reset and start lie below the threshold."""
        _check_members("channels", "the neuron", self.channels, Channel)
        for name, meaning in (
            ("v_reset", "the cell would fire for ever"),
            ("v_init", "it starts there"),
        ):
            value = getattr(self, name)
            if value >= self.v_thresh:
                raise ModelError(
                    f"{name} must be below v_thresh ({self.v_thresh!r} mV), got {value!r} mV: {meaning}"
                )

    @property
    def fires(self) -> bool:
        """Whether there is a threshold."""
        return not isinstance(self.v_thresh, NoThreshold)

    @property
    def origin(self) -> float:
        """The voltage from which solvers measure V: the threshold, or the rest where there is none; mV."""
        return self.v_thresh if self.fires else self.v_rest

    @property
    def gap(self) -> float:
        """What solvers take from the input for that: origin less rest, mV."""
        return self.origin - self.v_rest

    @property
    def system(self) -> HybridSystem:
        """The neuron as a symbolic hybrid system."""
        return _system(self)

    def initial_state(self) -> tuple[float, ...]:
        """Give the state at the start.

        Returns
        -------
        tuple of float, length n
            V in mV, then every gate.

        Raises
        ------
        ModelError
            When a gate that is to start at its steady state has none at `v_init`.
        """
        gates = [gate for channel in self.channels for gate in channel.gates]
        if not gates:
            return (self.v_init,)
        try:
            steady = lower(self.system).steady(self.v_init)
        except (ZeroDivisionError, ValueError, OverflowError):
            steady = [math.nan] * len(gates)
        missing = [
            gate
            for gate, start in zip(gates, steady, strict=True)
            if gate.initial == STEADY_STATE and not math.isfinite(start)
        ]
        if missing:
            raise ModelError(
                f"no steady state at v_init = {self.v_init!r} mV: a gate does not move there; "
                "give the gates initial values"
            )
        values = [
            start if gate.initial == STEADY_STATE else float(gate.initial)
            for gate, start in zip(gates, steady, strict=True)
        ]
        return (self.v_init, *values)


@lru_cache(maxsize=512)
def _system(neuron: Neuron) -> HybridSystem:
    """Build the symbolic system of a neuron; its structure depends on the channels' kinetics only."""
    tau_m, v_rest, v_thresh, v_reset, tau_ref, current = sympy.symbols(
        "tau_m v_rest v_thresh v_reset tau_ref I", real=True
    )
    # Without a threshold its symbol stands for the origin of V alone.
    parameters = [tau_m, v_rest, v_thresh, v_reset, tau_ref]
    values = [neuron.tau_m, neuron.v_rest, neuron.origin, neuron.v_reset, neuron.tau_ref]
    states, labels, derivatives, gates = [V], ["V"], [], []
    drive = -(V - v_rest) + current
    # A gate named g, or a gate tau of a channel m, must not become another symbol's double.
    taken = {symbol.name for symbol in (*parameters, V, current)} | {"u", "J"}
    taken |= {f"{kind}_{channel.name}" for channel in neuron.channels for kind in "gE"}
    for channel in neuron.channels:
        g, E = sympy.symbols(f"g_{channel.name} E_{channel.name}", real=True)
        parameters += [g, E]
        values += [channel.g, channel.E]
        open_fraction = sympy.S.One
        for gate in channel.gates:
            name = f"{gate.name}_{channel.name}"
            while name in taken:
                name += "_"
            taken.add(name)
            x = sympy.Symbol(name, real=True)
            states.append(x)
            labels.append(f"{channel.name}.{gate.name}")
            open_fraction *= x**gate.power
            derivatives.append(gate.derivative(x))
            gates.append(gate.flow(x))
        drive += g * open_fraction * (E - V)
    return HybridSystem(
        states=tuple(states),
        labels=tuple(labels),
        input=current,
        parameters=tuple(parameters),
        values=tuple(values),
        rhs=(drive / tau_m, *derivatives),
        guard=V - v_thresh if neuron.fires else None,
        reset=(v_reset, *states[1:]),
        refractory=Refractory(tau_ref, neuron.refractory),
        gates=tuple(gates),
        origin=v_thresh,
        gap=v_thresh - v_rest,
    )
