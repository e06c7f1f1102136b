"""The model that a script means: a neuron of channels where it is one, else equations of one's own."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

import attrs
import numpy as np

from natrium.analysis.doctor.reading.expressions.algebra import Algebra
from natrium.analysis.doctor.reading.expressions.trees import leaves
from natrium.analysis.doctor.reading.expressions.wording import shown, text_of
from natrium.analysis.doctor.reading.maps.kicks import check_steps, spikes_of
from natrium.analysis.doctor.reading.maps.maps import Maps, values_at
from natrium.analysis.doctor.reading.model.clock import Clock, clock_of
from natrium.analysis.doctor.reading.model.drive import hoisted, inputs_of, stimulus_of, tidy
from natrium.analysis.doctor.reading.model.equations import short_names
from natrium.analysis.doctor.reading.model.levels import (
    moving_level,
    passed_level,
    rise_of,
    silent_level,
    started,
)
from natrium.analysis.doctor.reading.model.recognise import GateFound, Recognised, recognise
from natrium.analysis.doctor.reading.model.rules import Refractory, number_at, refractory_of
from natrium.analysis.doctor.reading.model.silent import Silent, silent_spike
from natrium.analysis.doctor.reading.model.units import Units, slowest, units_of
from natrium.analysis.doctor.trace.meanings import plain
from natrium.analysis.doctor.trace.record import Node
from natrium.model import (
    Channel,
    Gate,
    HybridNeuron,
    Model,
    ModelError,
    NatriumError,
    Neuron,
    Simulation,
    UnsupportedModel,
)
from natrium.model.arrays import Array
from natrium.model.hybrid_neuron import RESERVED
from natrium.model.threshold import NoReset

DIGITS, UNITS_IN_LAST_PLACE = 13, 4
_NAME = re.compile(r"[^A-Za-z0-9_]")


@attrs.frozen(eq=False)
class Meant:
    """What a script means.

    Attributes
    ----------
    model : Model or None
    why_not : str
        Why there is none.
    units : Units
    recognised : Recognised
    clock : Clock
    refractory : Refractory or None
    inputs : ndarray, shape (n_steps,)
        In the script's unit.
    names : mapping of str to str
        By the script's state: as the model's trajectory calls it.
    input_factor : float
        From the script's input to the model's.
    flows : mapping of str to Node
        The equations, with one leaf for the input.
    counted : float or None
        The level that counts the spikes of a script that counts none and has no claim, mV.
    silent : Silent or None
        What a spike does, where the run has none.
    """

    model: Model | None
    why_not: str
    units: Units
    recognised: Recognised
    clock: Clock
    refractory: Refractory | None
    inputs: Array
    names: Mapping[str, str]
    input_factor: float
    flows: Mapping[str, Node]
    counted: float | None
    silent: Silent | None


def meant_by(maps: Maps, equations: Mapping[str, Node], claim: Model | None = None) -> Meant:
    """Give the model that a script's equations and rules make; a claim tells its units.

    Raises
    ------
    UnsupportedModel
        When a part of an equation is no number, and SymPy would compare it with one.
    """
    driven, made = hoisted(maps, equations, claim)
    merging = Algebra(by_line=False)
    flows, driven = driven, {name: merging.merged(node) for name, node in driven.items()}
    try:
        found = recognise(maps, driven)
    except TypeError as error:
        raise UnsupportedModel(f"an equation must be a number, got a part that is none ({error})") from None
    leak = found.leak
    constant = float(1 / leak.slope) if leak is not None and leak.slope != 0 else slowest(maps, driven)
    units = units_of(maps, constant, claim)
    clock, refractory = clock_of(maps), refractory_of(maps)
    inputs = inputs_of(maps, found.input, made, clock) if found.input else np.zeros(clock.reads.size)
    counted = passed_level(maps, equations, units.mV) if claim is None else None
    silent = silent_spike(maps)
    builder = _Builder(maps, driven, found, units, refractory, counted, silent)
    problem = ""
    for make in (builder.of_channels, builder.of_equations):
        if make == builder.of_channels and not builder.is_of_channels:
            continue
        try:
            neuron, factor = make()
            stimuli = stimulus_of(maps, inputs, clock, factor, units.ms, made)
            scales = {maps.V: units.mV}
            check_steps(maps)
            stimuli += spikes_of(maps.kicks, builder.names, clock.reads, maps.step, units.ms, scales)
            dt = tidy(maps.step * units.ms)
            begin = tidy(float(clock.starts[0]) * units.ms)
            end = float(maps.record.times[-1]) * units.ms if maps.record.solver else begin + inputs.size * dt
            span = Simulation(t_start=begin, t_end=tidy(end), dt=dt)
            model = Model(neuron=neuron, stimulus=stimuli, simulation=span)
        except NatriumError as error:
            problem = str(error)
            continue
        return Meant(
            model, "", units, found, clock, refractory, inputs, builder.names, factor, flows, counted, silent
        )  # fmt: skip
    return Meant(None, problem, units, found, clock, refractory, inputs, {}, 1.0, flows, counted, silent)


class _Builder:
    """Makes a neuron of what was found."""

    def __init__(
        self,
        maps: Maps,
        equations: Mapping[str, Node],
        found: Recognised,
        units: Units,
        refractory: Refractory | None,
        counted: float | None,
        silent: Silent | None,
    ) -> None:
        self.maps, self.equations, self.found, self.units = maps, equations, found, units
        self.refractory, self.counted, self.silent = refractory, counted, silent
        self.resets = silent.resets if silent is not None else maps.resets
        self.values = maps.record.parameter_values
        self.start = started(maps)
        self.names: dict[str, str] = {}

    @property
    def is_of_channels(self) -> bool:
        """Whether it can be a neuron of channels."""
        maps = self.maps
        leak = self.found.leak
        others = set(maps.moving[1:])
        still = set(maps.hold.still)
        held = not any(maps.hold.steps) or (maps.V in still and still & others in (set(), others))
        return (
            self.found.whole
            and leak is not None
            and float(leak.slope) > 0
            and set(self.resets) <= {maps.V}
            and held
            and not (maps.firing and maps.V not in maps.resets)
            and self._gates_stay()
        )

    def _gates_stay(self) -> bool:
        """Tell whether gates are driven to 0 at least and 1 at most wherever the script's V was."""
        V = self.maps.record.samples[:, self.maps.record.states.index(self.maps.V)]
        points = {name: np.full_like(V, value) for name, value in self.values.items()} | {self.maps.V: V}
        pairs = [
            (one.kind, values_at(one.first, points), values_at(one.second, points))
            for one in self.found.gates
        ]
        return not any(
            np.any(a < 0.0) or np.any(b < 0.0) or (kind != "alpha" and np.any(a > 1.0))
            for kind, a, b in pairs
        )

    def level(self) -> float | None:
        """Give the threshold, mV; None without one.

        Raises
        ------
        ModelError
            When it moves.
        """
        threshold = self.maps.threshold or silent_level(self.maps)
        if threshold is None:
            return self.counted
        moving = moving_level(self.maps)
        value = moving[1] if moving is not None else number_at(threshold.level, self.values)
        if not math.isfinite(value):
            raise ModelError(
                f"a threshold must be a number, got {text_of(threshold.level)}, which moves: natrium has "
                "no model "
                "of that"
            )
        return tidied(value * self.units.mV)

    def tau_ref(self) -> float:
        """Give the refractory period, ms."""
        maps, found = self.maps, self.refractory
        if self.silent is not None and math.isfinite(self.silent.wait):
            return tidy(max(self.silent.wait, 0.0) * self.units.ms)
        if not any(maps.hold.steps):
            return 0.0
        if maps.record.solver:
            waits = [begin - end for end, begin, _ in maps.record.restarts]
            return float(f"{np.median(waits) * self.units.ms:.9g}")
        if found is None or not math.isfinite(found.nominal) or found.nominal < 0:
            return tidy(float(np.median(maps.hold.steps)) * maps.step * self.units.ms)
        return tidy(found.meant(maps.step) * self.units.ms)

    # A neuron of channels -------------------------------------------------------------------------------

    def of_channels(self) -> tuple[Neuron, float]:
        """Make a neuron of channels, and give the factor from the script's input to R I in mV."""
        maps, mV = self.maps, self.units.mV
        leak = self.found.leak
        assert leak is not None
        gates = {one.name: one for one in self.found.gates}
        channels: list[Channel] = []
        factor = 1.0
        self.names = {maps.V: "V"}
        for part in self.found.parts:
            if part.kind == "input":
                factor = tidied(float(part.slope / leak.slope) * mV)
            if part.kind != "channel":
                continue
            name = _identifier(part.name, [one.name for one in channels])
            made = [self._gate(gates[gate], power) for gate, power in part.powers]
            self.names |= {
                gate: f"{name}.{one.name}" for (gate, _), one in zip(part.powers, made, strict=True)
            }
            channels.append(
                Channel(
                    name,
                    g=tidied(float(part.slope / leak.slope)),
                    E=tidied(float(part.rest) * mV),
                    gates=tuple(made),
                )
            )
        still = set(maps.hold.still)
        moves = bool(maps.moving[1:]) and any(maps.hold.steps) and not still & set(maps.moving[1:])
        reset = number_at(self.resets[maps.V], self.values) if maps.V in self.resets else math.nan
        rest = tidied(float(leak.rest) * mV)
        after = tidied(reset * mV) if math.isfinite(reset) else rest
        neuron = Neuron(
            tau_m=tidied(self.units.ms / float(leak.slope)),
            tau_ref=self.tau_ref(),
            v_rest=rest,
            v_thresh=self.level(),
            channels=tuple(channels),
            v_reset=after if self.counted is None else NoReset(),
            v_init=tidied(self.start[maps.V] * mV),
            refractory="clamp" if moves else "hold",
        )
        return neuron, factor

    def _gate(self, found: GateFound, power: int) -> Gate:
        ms, mV = self.units.ms, self.units.mV
        names = {name: shown(value) for name, value in self.values.items()}
        names[self.maps.V] = "V" if mV == 1.0 else f"V/{shown(mV)}"

        def rate(node: Node, factor: float) -> str:
            text = text_of(node, names)
            if factor == 1.0:
                return text
            return f"({text})/{shown(1 / factor)}" if factor < 1 else f"{shown(factor)}*({text})"

        start = min(max(self.start[found.name], 0.0), 1.0)
        name = _identifier(short_names(self.maps.moving)[found.name], [])
        if found.kind == "alpha":
            return Gate(
                name,
                power,
                alpha=rate(found.first, 1.0 / ms),
                beta=rate(found.second, 1.0 / ms),
                initial=start,
            )
        return Gate(name, power, inf=rate(found.first, 1.0), tau=rate(found.second, ms), initial=start)

    # Equations of one's own -----------------------------------------------------------------------------

    def of_equations(self) -> tuple[HybridNeuron, float]:
        """Make a neuron of the script's own equations, over its own names."""
        maps, ms, mV = self.maps, self.units.ms, self.units.mV
        taken = ["V", "I"]
        self.names = {maps.V: "V"}
        short = short_names(maps.moving)
        for name in maps.moving[1:]:
            self.names[name] = _identifier(short[name], taken)
            taken.append(self.names[name])
        words = dict(self.names) | {maps.V: "V" if mV == 1.0 else f"V/{shown(mV)}"}
        moving = moving_level(self.maps)
        if self.found.input:
            words[self.found.input] = "I"
        trees = (*self.equations.values(), *self.resets.values(), *(moving[:1] if moving else ()))
        used = {name for tree in trees for name in leaves(tree)}
        parameters: dict[str, float] = {}
        for name in [one for one in maps.record.parameters if one in used and one != self.found.input]:
            word = _identifier(plain(name), taken)
            taken.append(word)
            words[name] = word
            parameters[word] = self.values[name]
        shift = ""
        if moving is not None:
            # V less what the threshold has risen by: it fires where the script's V does.
            level_words = text_of(moving[0], words)
            shift = f"{level_words} - {shown(moving[1])}"
            words[maps.V] = f"{words[maps.V]} + {shift}"
        unknown = used - set(words)
        if unknown:
            raise ModelError(
                "a model's equations must be of states, parameters and one input, got "
                f"{', '.join(sorted(unknown))}"
            )

        def flow(name: str) -> str:
            text = text_of(self.equations[name], words)
            if name == maps.V and moving is not None:
                text = f"{text} - ({rise_of(self.maps, self.equations, moving[0], words)})"
            return _scaled(text, (mV if name == maps.V else 1.0) / ms)

        resets = {
            self.names[name]: _scaled(text_of(node, words), mV if name == maps.V else 1.0)
            for name, node in self.resets.items()
        }
        start_shift = 0.0
        if moving is not None and maps.V in maps.resets:
            after = maps.algebra.replaced(moving[0], dict(maps.resets))
            resets["V"] = _scaled(
                f"{text_of(maps.resets[maps.V], words)} - ({text_of(after, words)} - {shown(moving[1])})", mV
            )
            start_shift = number_at(moving[0], self.values | self.start) - moving[1]
        level, held = self.level(), any(maps.hold.steps)
        rule: Any = "hold"
        if held:
            rule = {self.names[name]: "hold" if name in maps.hold.still else "free" for name in maps.moving}
        neuron = HybridNeuron(
            equations={self.names[name]: flow(name) for name in maps.moving},
            parameters=parameters,
            initial={
                self.names[name]: tidied(
                    (self.start[name] - start_shift) * mV if name == maps.V else self.start[name]
                )
                for name in maps.moving
            },
            v_thresh=level,
            reset=resets,
            tau_ref=self.tau_ref(),
            refractory=rule,
        )
        return neuron, 1.0


def _scaled(text: str, factor: float) -> str:
    if factor == 1.0:
        return text
    return f"{shown(tidied(factor))}*({text})"


def tidied(value: float) -> float:
    """Give a number without the last digit that a change of units left."""
    near = float(f"{value:.{DIGITS}g}")
    return near if abs(value - near) <= UNITS_IN_LAST_PLACE * math.ulp(value) else value


def _identifier(name: str, taken: Sequence[str]) -> str:
    """Give a name that a model file can hold, one that is not taken."""
    found = _NAME.sub("_", name).strip("_")[:36] or "x"
    if not found[0].isalpha():
        found = f"x{found}"
    while found in taken or found in RESERVED:
        found += "_" if found.endswith("_") is False and f"{found}_" not in taken else "x"
    return found
