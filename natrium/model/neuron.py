"""What a neuron is: gates, channels and the leaky integrate-and-fire membrane around them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

import attrs

from natrium.model.assembly import CELSIUS, initial_state_of, system_of
from natrium.model.calcium import Calcium
from natrium.model.channel import Channel, _as_tuple, _check_members
from natrium.model.checks import Choice, Number, Optional, as_float, show, unknown_name
from natrium.model.errors import ModelError
from natrium.model.expressions.constants import merge
from natrium.model.expressions.expression import CALCIUM
from natrium.model.hybrid import REFRACTORY_RULES, HybridSystem
from natrium.model.ions import TEMPERATURE
from natrium.model.leak import Leak
from natrium.model.parameter import Parameter, check_known, numbers_of, with_constants
from natrium.model.plots import Shown
from natrium.model.rates import CORE_LOW, Range
from natrium.model.scheme import STEADY_STATE
from natrium.model.synapse import Synapse
from natrium.model.threshold import (
    TAU_REF,
    V_INIT,
    V_RESET,
    V_THRESH,
    NoReset,
    NoThreshold,
    as_level,
    as_reset,
    as_threshold,
)

AT_START = ("v_init", "initial")  # numbers without a symbol in the system
OF_FIRING = ("tau_ref", "v_thresh", "v_reset")  # parameters only where there is a threshold


def _with_numbers(owner: Any, values: Mapping[str, float], behind: str, **own: Any) -> Any:
    """Give an object with other values of those of its numbers that are named, and of other fields."""
    named = {one.field: f"{one.short}{behind}" for one in numbers_of(owner)}
    return attrs.evolve(owner, **own, **{key: values[name] for key, name in named.items() if name in values})


def _check_pool(instance: Any, attribute: Any, value: Any) -> None:
    if value is not None and not isinstance(value, Calcium):
        raise ModelError(f"calcium must be a Calcium, got {show(value)}")


@attrs.frozen(cache_hash=True)
class Neuron(Shown):
    r"""A leaky integrate-and-fire neuron with voltage-gated channels.

    .. math:: \tau_m \frac{dV}{dt} = -(V - v_{rest}) + I(t)
              + \sum_k g_k \Big(\prod_j x_{kj}^{p_{kj}}\Big) (E_k - V)

    It may have a pool of calcium that rates read, and synapses to which spikes come.

    When V reaches `v_thresh` from below, a spike is counted, V is set to `v_reset` and stays there
    for `tau_ref`.

    Parameters
    ----------
    tau_m : float
        Membrane time constant, ms.
    tau_ref : float, optional
        Refractory period, ms; zero is allowed. By default 2, or 0 where nothing is reset.
    v_rest : float
        Rest of the leak, mV.
    v_thresh : float or None
        Threshold, mV; with None (``"none"`` in a model file) there is none: no spike, no reset.
    channels : sequence of Channel
        Any number of channels.
    v_reset, v_init : float, optional
        Reset and initial V, mV; both are `v_rest` by default and must lie below `v_thresh`. With ``"none"``
        as `v_reset` a spike is V's way up through the threshold, and V goes on; it may start anywhere.
    refractory : {"hold", "clamp"}
        ``hold``: gates stand still while refractory; ``clamp``: they move at `v_reset`.
    celsius : float, optional
        Temperature, degrees Celsius, of gates that have a ``q10`` and of channels' ions; without it both are
        as given.
    leak : Leak, optional
        The leak in absolute units, where it is known: inputs are then told as currents; see
        `natrium.membrane`.
    calcium : Calcium, optional
        A pool of calcium: a state, which rates read as ``Ca``. It stands still where gates do.
    synapses : sequence of Synapse
        Any number of synapses; these go on while refractory.

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
    tau_ref: float = attrs.field(default=NoReset(), converter=as_level, validator=TAU_REF)
    v_rest: float = attrs.field(
        default=-70.0, converter=as_float, validator=Number("mV", short="v_rest", meaning="rest of the leak")
    )
    v_thresh: float = attrs.field(default=-55.0, converter=as_threshold, validator=V_THRESH)
    channels: tuple[Channel, ...] = attrs.field(default=(), converter=_as_tuple)
    v_reset: float = attrs.field(kw_only=True, converter=as_reset, validator=V_RESET)
    v_init: float = attrs.field(kw_only=True, converter=as_float, validator=V_INIT)
    refractory: str = attrs.field(default="hold", kw_only=True, validator=Choice(REFRACTORY_RULES))
    celsius: float | None = attrs.field(
        default=None,
        kw_only=True,
        converter=attrs.converters.optional(as_float),
        validator=Optional(attrs.evolve(TEMPERATURE, short="celsius", meaning="temperature")),
    )
    leak: Leak | None = attrs.field(
        default=None,
        kw_only=True,
        validator=attrs.validators.optional(attrs.validators.instance_of(Leak)),
    )
    calcium: Calcium | None = attrs.field(default=None, kw_only=True, validator=_check_pool)
    synapses: tuple[Synapse, ...] = attrs.field(default=(), kw_only=True, converter=_as_tuple)

    @v_reset.default
    def _v_reset(self) -> float:
        return self.v_rest

    @v_init.default
    def _v_init(self) -> float:
        return self.v_rest

    def __attrs_post_init__(self) -> None:
        """Check the channels, and that reset and start lie below the threshold."""
        _check_members("channels", "the neuron", self.channels, Channel)
        _check_members("synapses", "the neuron", self.synapses, Synapse)
        self._check_names()
        if self.constants:
            self.numbers()  # every name means one thing
        if isinstance(self.tau_ref, NoReset):  # not given: the reset decides
            object.__setattr__(self, "tau_ref", 0.0 if self.passes else 2.0)
        for name in self.below_threshold:
            if (value := getattr(self, name)) >= self.v_thresh:
                why = "the cell would fire for ever" if name == "v_reset" else "it starts there"
                raise ModelError(
                    f"{name} must be below v_thresh ({self.v_thresh!r} mV), got {value!r} mV: {why}"
                )
        for label, held in self.rate_ranges:
            for name in ("v_init", "v_reset", "v_thresh"):
                value = getattr(self, name)
                if math.isfinite(value) and not held.low <= value <= held.high:
                    reason = held.below if value < held.low else held.above
                    raise ModelError(f"{label}: {reason}; got {name} = {value!r} mV there")

    def conversions(self) -> list[str]:
        """Say how absolute units became these numbers; nothing where they were given without."""
        each = [(channel.name, channel.g) for channel in self.channels]
        return [] if self.leak is None else self.leak.conversions(self.tau_m, each)

    def _check_names(self) -> None:
        """Check that names differ, and that channels have the calcium and the temperature that they read."""
        channels, synapses = ({one.name for one in members} for members in (self.channels, self.synapses))
        if channels & synapses:
            raise ModelError(f"a channel and a synapse must differ in name, got {min(channels & synapses)}")
        for channel in self.channels:
            channel.check_given(self.calcium is not None, self.celsius)
        if self.calcium is None:
            return
        for name in self.calcium.channels:
            if name not in channels | synapses:
                raise ModelError(unknown_name("a channel that carries calcium", name, channels | synapses))
        if CALCIUM in synapses or CALCIUM in self.constants:
            raise ModelError(f"{CALCIUM} is the calcium pool: name the constant or synapse differently")

    @property
    def calcium_levels(self) -> tuple[float, ...]:
        """The concentrations at which rates that read the calcium are checked: where the pool can get."""
        if self.calcium is None:
            return ()
        v, least = min(CORE_LOW, self.v_rest, self.v_reset, self.v_init), self.calcium.least
        inward = sum(
            channel.inward(v, self.celsius, least)
            for channel in self.channels
            if channel.name in self.calcium.channels and not (channel.nernst and least == 0.0)
        )
        inward += sum(
            one.g * (1.0 if one.E is None else one.E - v)
            for one in self.synapses
            if one.name in self.calcium.channels
        )
        return self.calcium.levels(inward)

    @property
    def is_plain(self) -> bool:
        """Whether it is what scripts write: gates of V in ohmic channels, and nothing beside these."""
        return not (self.calcium or self.synapses) and all(channel.is_plain for channel in self.channels)

    @property
    def constants(self) -> dict[str, float | str]:
        """The names that stand for numbers in its rates, with these numbers or the text that makes them."""
        blocks = (synapse.block.constants for synapse in self.synapses if synapse.block is not None)
        return merge((*(rate.constants for one in self.channels for rate in one.rates), *blocks))

    @property
    def rate_ranges(self) -> tuple[tuple[str, Range], ...]:
        """Of each rate that does not keep its rules everywhere, the gate and where it does."""
        levels = self.calcium_levels if any(channel.reads_calcium for channel in self.channels) else ()
        return tuple(
            (f"{channel.name}.{gate.name}", held)
            for channel in self.channels
            for gate in channel.gates
            for _, held in gate.ranges(levels)
        ) + tuple(
            (f"{channel.name}'s scheme", held)
            for channel in self.channels
            if channel.scheme is not None
            for held in channel.scheme.ranges(levels)
        )

    @property
    def fires(self) -> bool:
        """Whether there is a threshold."""
        return not isinstance(self.v_thresh, NoThreshold)

    @property
    def passes(self) -> bool:
        """Whether V goes on through the threshold: nothing is reset."""
        return isinstance(self.v_reset, NoReset)

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
        return () if self.passes else ("v_reset", "v_init")

    def numbers(self) -> dict[str, Parameter]:
        """Give its parameters by name.

        Raises
        ------
        ModelError
            When a constant of its rates is named like another number.
        """
        missing = ("v_reset",) * self.passes if self.fires else OF_FIRING
        found = [
            attrs.evolve(
                one,
                name=name,
                symbol="" if one.short in AT_START else CELSIUS.name if name == "celsius" else name,
                smooth=one.short != "initial",
                structural=name == "celsius",
            )
            for owner, behind in self._owners()
            for one in numbers_of(owner)
            if owner is not self or one.short not in missing
            for name in (one.short + behind,)
        ]
        return with_constants({one.name: one for one in found}, self.constants)

    def _owners(self) -> Iterator[tuple[Any, str]]:
        """Give what holds numbers, and what stands behind their names: the neuron and its parts."""
        yield self, ""
        for channel in self.channels:
            yield channel, f"_{channel.name}"
            if channel.ions is not None:
                yield channel.ions, f"_{channel.name}"
        for synapse in self.synapses:
            yield synapse, f"_{synapse.name}"
        if self.calcium is not None:
            yield self.calcium, f"_{CALCIUM}"

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
            name = "ghk" if channel.ghk else "nernst"
            ions = channel.ions and _with_numbers(channel.ions, values, f"_{channel.name}")
            own = {name: ions} if ions else {}
            channels.append(_with_numbers(channel, values, f"_{channel.name}", **own))
        parts: dict[str, Any] = {
            "channels": tuple(channels),
            "synapses": tuple(
                _with_numbers(one.changed(values), values, f"_{one.name}") for one in self.synapses
            ),
            "calcium": self.calcium and _with_numbers(self.calcium, values, f"_{CALCIUM}"),
        }
        changed: Neuron = _with_numbers(self, values, "", **parts)
        return changed

    def started(self, state: Sequence[float]) -> Neuron:
        """Give the same neuron, starting from another state.

        Parameters
        ----------
        state : sequence of float, length n_states
            V in mV, then the gates, which are brought into [0, 1]: rounding leaves it; synapses, calcium.
        """
        rest = iter(map(float, state[1:]))
        values = (min(max(x, 0.0), 1.0) for x in rest)
        channels = []
        for channel in self.channels:
            gates = tuple(
                attrs.evolve(gate, initial=next(values)) if gate.moves else gate for gate in channel.gates
            )
            scheme = channel.scheme
            if scheme is not None:
                scheme = scheme.started({name: next(values) for name in scheme.kept})
            channels.append(attrs.evolve(channel, gates=gates, scheme=scheme))
        synapses = tuple(
            attrs.evolve(one, initial=tuple(next(rest) for _ in one.states)) for one in self.synapses
        )
        calcium = self.calcium and attrs.evolve(self.calcium, initial=max(next(rest), 0.0))
        new: dict[str, Any] = {"channels": tuple(channels), "synapses": synapses, "calcium": calcium}
        return attrs.evolve(self, v_init=float(state[0]), **new)

    @property
    def starts_steady(self) -> tuple[bool, ...]:
        """For each state, whether it starts at its steady state at the initial V."""
        found = [False]
        for channel in self.channels:
            found += [gate.initial == STEADY_STATE for gate in channel.moving]
            if channel.scheme is not None:
                found += [channel.scheme.is_steady] * len(channel.scheme.kept)
        return tuple(found) + (False,) * (len(self.system.states) - len(found))

    @property
    def is_leaky(self) -> bool:
        """Whether it is the leaky membrane alone, with its reset: its course is known in closed form."""
        return not (self.channels or self.synapses or self.passes)

    @property
    def landmarks(self) -> tuple[float, ...]:
        """The voltages, threshold apart, around which it lives: rest and reset, mV."""
        return (self.v_rest, self.v_init if self.passes else self.v_reset)

    def equilibrium_bounds(self, I: float) -> tuple[float, ...]:
        """Give voltages whose range holds every equilibrium at a constant input, mV.

        V is there a mean of v_rest + I and the E_k, weighted by 1 and the conductances.
        """
        return (self.v_rest + I, *self.reversals)

    @property
    def reversals(self) -> tuple[float, ...]:
        """Where the channels' currents reverse, mV; of one into the pool at the calcium's extremes."""
        levels = (self.calcium_levels[0], self.calcium_levels[-1]) if self.calcium else (math.nan,)
        found = [channel.reversal_at(self.celsius, level) for channel in self.channels for level in levels]
        found += [synapse.E for synapse in self.synapses if synapse.E is not None]
        return tuple(dict.fromkeys(value for value in found if math.isfinite(value)))

    @property
    def system(self) -> HybridSystem:
        """The neuron as a symbolic hybrid system."""
        return system_of(self)

    def system_by(self, names: tuple[str, ...]) -> HybridSystem:
        """Give the system with those parameters as symbols that are numbers in its equations otherwise."""
        return system_of(self, names)

    def initial_state(self) -> tuple[float, ...]:
        """Give the state at the start.

        Returns
        -------
        tuple of float, length n
            V in mV, then every gate, the synapses, closed, and the calcium.

        Raises
        ------
        ModelError
            When a gate that is to start at its steady state has none at `v_init`.
        """
        return initial_state_of(self)
