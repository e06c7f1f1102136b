"""What a neuron is: gates, channels and the leaky integrate-and-fire membrane around them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, ClassVar

import attrs
import sympy

from natrium.model.channel import Channel, _as_tuple, _check_members
from natrium.model.checks import Choice, Number, Optional, as_float
from natrium.model.equations import channel_current, membrane
from natrium.model.errors import ModelError
from natrium.model.expressions.constants import merge
from natrium.model.expressions.expression import constant_symbol
from natrium.model.hybrid import REFRACTORY_RULES, HybridSystem, Refractory
from natrium.model.kernel import lower
from natrium.model.leak import Leak
from natrium.model.parameter import Parameter, check_known, numbers_of, with_constants
from natrium.model.rates import Range, V
from natrium.model.scheme import STEADY_STATE
from natrium.model.threshold import TAU_REF, V_INIT, V_THRESH, NoThreshold, as_threshold

CELSIUS = constant_symbol("celsius")
OF_FIRING = ("tau_ref", "v_thresh", "v_reset")  # parameters only where there is a threshold


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
    celsius : float, optional
        Temperature, degrees Celsius, of gates that have a ``q10``; without it their rates are as given.
    leak : Leak, optional
        The leak in absolute units, where it is known: inputs are then told as currents; see
        `natrium.membrane`.

    Raises
    ------
    ModelError
        When a value is out of range or two rules contradict each other.
    """

    input_unit: ClassVar[str] = "mV"

    tau_m: float = attrs.field(
        default=10.0,
        converter=as_float,
        validator=Number("ms", 0.0, open_low=True, short="tau_m", meaning="membrane time constant"),
    )
    tau_ref: float = attrs.field(default=2.0, converter=as_float, validator=TAU_REF)
    v_rest: float = attrs.field(
        default=-70.0, converter=as_float, validator=Number("mV", short="v_rest", meaning="rest of the leak")
    )
    v_thresh: float = attrs.field(default=-55.0, converter=as_threshold, validator=V_THRESH)
    channels: tuple[Channel, ...] = attrs.field(default=(), converter=_as_tuple)
    v_reset: float = attrs.field(
        kw_only=True, converter=as_float, validator=Number("mV", short="v_reset", meaning="reset")
    )
    v_init: float = attrs.field(kw_only=True, converter=as_float, validator=V_INIT)
    refractory: str = attrs.field(default="hold", kw_only=True, validator=Choice(REFRACTORY_RULES))
    celsius: float | None = attrs.field(
        default=None,
        kw_only=True,
        converter=attrs.converters.optional(as_float),
        validator=Optional(Number("degC", short="celsius", meaning="temperature")),
    )
    leak: Leak | None = attrs.field(
        default=None,
        kw_only=True,
        validator=attrs.validators.optional(attrs.validators.instance_of(Leak)),
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
        if self.constants:
            self.numbers()  # every name means one thing
        for name, meaning in (
            ("v_reset", "the cell would fire for ever"),
            ("v_init", "it starts there"),
        ):
            value = getattr(self, name)
            if value >= self.v_thresh:
                raise ModelError(
                    f"{name} must be below v_thresh ({self.v_thresh!r} mV), got {value!r} mV: {meaning}"
                )
        for label, held in self.rate_ranges:
            lives = {"v_init": self.v_init, "v_reset": self.v_reset} | (
                {"v_thresh": self.v_thresh} if self.fires else {}
            )
            for name, value in lives.items():
                if not held.low <= value <= held.high:
                    reason = held.below if value < held.low else held.above
                    raise ModelError(f"{label}: {reason}; got {name} = {value!r} mV there")

    def conversions(self) -> list[str]:
        """Say how absolute units became these numbers; nothing where they were given without."""
        each = [(channel.name, channel.g) for channel in self.channels]
        return [] if self.leak is None else self.leak.conversions(self.tau_m, each)

    @property
    def constants(self) -> dict[str, float | str]:
        """The names that stand for numbers in its rates, with these numbers or the text that makes them."""
        return merge(rate.constants for channel in self.channels for rate in channel.rates)

    @property
    def rate_ranges(self) -> tuple[tuple[str, Range], ...]:
        """Of each rate that does not keep its rules everywhere, the gate and where it does."""
        return tuple(
            (f"{channel.name}.{gate.name}", held)
            for channel in self.channels
            for gate in channel.gates
            for _, held in gate.ranges()
        ) + tuple(
            (f"{channel.name}'s scheme", held)
            for channel in self.channels
            if channel.scheme is not None
            for held in channel.scheme.ranges()
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
    def of_channels(self) -> bool:
        """Whether it is a sum of channels, each rate known as it was written."""
        return True

    @property
    def below_threshold(self) -> tuple[str, ...]:
        """Names of the parameters that must lie below the threshold."""
        return ("v_reset", "v_init")

    def numbers(self) -> dict[str, Parameter]:
        """Give its parameters by name.

        Raises
        ------
        ModelError
            When a constant of its rates is named like another number.
        """
        found = [
            attrs.evolve(
                one,
                name=one.short,
                symbol="" if one.short == "v_init" else CELSIUS.name if one.short == "celsius" else one.short,
                structural=one.short == "celsius",
            )
            for one in numbers_of(self)
            if self.fires or one.short not in OF_FIRING
        ]
        for channel in self.channels:
            for one in numbers_of(channel):
                name = f"{one.short}_{channel.name}"
                found.append(attrs.evolve(one, name=name, symbol=name))
        return with_constants({one.name: one for one in found}, self.constants)

    def changed(self, values: Mapping[str, float]) -> Neuron:
        """Give the same neuron with other values of some parameters.

        Raises
        ------
        ModelError
            When there is no such parameter, or a new value breaks a rule.
        """
        check_known(self.numbers(), values)
        channels = []
        for channel in (one.changed(values) for one in self.channels):
            new = {one.field: f"{one.short}_{channel.name}" for one in numbers_of(channel)}
            changed: dict[str, Any] = {field: values[name] for field, name in new.items() if name in values}
            channels.append(attrs.evolve(channel, **changed))
        own: dict[str, Any] = {
            one.field: values[one.short] for one in numbers_of(self) if one.short in values
        }
        return attrs.evolve(self, channels=tuple(channels), **own)

    def started(self, state: Sequence[float]) -> Neuron:
        """Give the same neuron, starting from another state.

        Parameters
        ----------
        state : sequence of float, length n_states
            V in mV, then the gates, which are brought into [0, 1]: rounding leaves it.
        """
        values = iter([min(max(float(x), 0.0), 1.0) for x in state[1:]])
        channels = []
        for channel in self.channels:
            gates = tuple(
                attrs.evolve(gate, initial=next(values)) if gate.moves else gate for gate in channel.gates
            )
            scheme = channel.scheme
            if scheme is not None:
                scheme = scheme.started({name: next(values) for name in scheme.kept})
            channels.append(attrs.evolve(channel, gates=gates, scheme=scheme))
        return attrs.evolve(self, v_init=float(state[0]), channels=tuple(channels))

    @property
    def starts_steady(self) -> tuple[bool, ...]:
        """For each state, whether it starts at its steady state at the initial V."""
        found = [False]
        for channel in self.channels:
            found += [gate.initial == STEADY_STATE for gate in channel.moving]
            if channel.scheme is not None:
                found += [channel.scheme.is_steady] * len(channel.scheme.kept)
        return tuple(found)

    @property
    def is_leaky(self) -> bool:
        """Whether it is the leaky membrane alone, whose course is known in closed form."""
        return not self.channels

    @property
    def landmarks(self) -> tuple[float, ...]:
        """The voltages, threshold apart, around which it lives: rest and reset, mV."""
        return (self.v_rest, self.v_reset)

    def equilibrium_bounds(self, I: float) -> tuple[float, ...]:
        """Give voltages whose range holds every equilibrium at a constant input, mV.

        V is there a mean of v_rest + I and the E_k, weighted by 1 and the conductances.
        """
        return (self.v_rest + I, *(channel.E for channel in self.channels))

    @property
    def system(self) -> HybridSystem:
        """The neuron as a symbolic hybrid system."""
        return _system(self, ())

    def system_by(self, names: tuple[str, ...]) -> HybridSystem:
        """Give the system with those parameters as symbols that are numbers in its equations otherwise."""
        return _system(self, names)

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
        gates = [gate for channel in self.channels for gate in channel.moving]
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
        starts = iter(steady)
        values: list[float] = [self.v_init]
        for channel in self.channels:
            for gate in channel.moving:
                start = next(starts)
                values.append(start if gate.initial == STEADY_STATE else float(gate.initial))
            if channel.scheme is not None:
                values += channel.scheme.start(self.v_init).values()
        return tuple(values)


@lru_cache(maxsize=512)
def _system(neuron: Neuron, names: tuple[str, ...]) -> HybridSystem:
    """Build the symbolic system of a neuron; its structure depends on the channels' kinetics only."""
    named = [one for name, one in neuron.numbers().items() if name in names]
    celsius = neuron.celsius if neuron.celsius is None or "celsius" not in names else CELSIUS
    tau_m, v_rest, v_thresh, v_reset, tau_ref, current = sympy.symbols(
        "tau_m v_rest v_thresh v_reset tau_ref I", real=True
    )
    # Without a threshold its symbol stands for the origin of V alone.
    parameters = [tau_m, v_rest, v_thresh, v_reset, tau_ref]
    values = [neuron.tau_m, neuron.v_rest, neuron.origin, neuron.v_reset, neuron.tau_ref]
    states, labels, derivatives, gates = [V], ["V"], [], []
    currents, shared = [], list[Any]()
    # A gate named g, or a gate tau of a channel m, must not become another symbol's double.
    taken = {symbol.name for symbol in (*parameters, V, current)}
    taken |= {f"{kind}_{channel.name}" for channel in neuron.channels for kind in "gE"}
    for channel in neuron.channels:
        g, E = sympy.symbols(f"g_{channel.name} E_{channel.name}", real=True)
        parameters += [g, E]
        values += [channel.g, channel.E]
        powers = []
        for gate in channel.gates:
            if not gate.moves:
                powers.append((gate.at_once(names), gate.power))
                continue
            name = f"{gate.name}_{channel.name}"
            while name in taken:
                name += "_"
            taken.add(name)
            x = sympy.Symbol(name, real=True)
            states.append(x)
            labels.append(f"{channel.name}.{gate.name}")
            powers.append((x, gate.power))
            pace = gate.pace(celsius)
            derivatives.append(gate.derivative(x, pace, names))
            gates.append(gate.flow(x, pace, names))
        if channel.scheme is not None:
            scheme = channel.scheme
            own = {}
            for kept in scheme.kept:
                name = f"{kept}_{channel.name}"
                while name in taken:
                    name += "_"
                taken.add(name)
                own[kept] = sympy.Symbol(name, real=True)
            shares = scheme.shares(own)
            states += own.values()
            shared += own.values()
            labels += [f"{channel.name}.{kept}" for kept in own]
            derivatives += scheme.flows(shares, names).values()
            powers.append((sympy.Add(*(shares[name] for name in scheme.open)), 1))
        currents.append(channel_current(V, g, E, powers))
    return HybridSystem(
        states=tuple(states),
        labels=tuple(labels),
        input=current,
        parameters=(*parameters, *(sympy.Symbol(one.symbol, real=True) for one in named)),
        values=(*values, *(one.value for one in named)),
        rhs=(membrane(V, v_rest, current, currents) / tau_m, *derivatives),
        guard=V - v_thresh if neuron.fires else None,
        reset=(v_reset, *states[1:]),
        refractory=Refractory(tau_ref, neuron.refractory),
        gates=tuple(gates),
        origin=v_thresh,
        gap=v_thresh - v_rest,
        shares=tuple(shared),
    )
