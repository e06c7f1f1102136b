"""The numbers a model is given by, under one name each: to read, to change, to vary.

Of the neuron: ``tau_m``, ``tau_ref``, ``v_rest``, ``v_thresh``, ``v_reset``, ``v_init``, and ``g_Na``,
``E_Na`` of a channel Na. Of the k-th stimulus: ``I_k`` its amplitude, and ``start_k``, ``stop_k``,
``slope_k``, ``offset_k``, ``frequency_k``, ``phase_k``, ``center_k``, ``sigma_k``, ``width_k``,
``period_k``, ``mean_k``, ``tau_k``, ``intensity_k``, ``seed_k`` where it has them; ``scale_k``, a factor (1
as given), of samples, formulas and functions.
The numbers inside rates have no names and are not among them. Of a `HybridNeuron`: its own parameters,
``v_thresh``, ``tau_ref`` and ``v_init``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import attrs

from natrium.model.errors import ModelError
from natrium.model.hybrid_neuron import HybridNeuron
from natrium.model.neuron import Neuron
from natrium.model.simulation import Model
from natrium.model.stimuli.signals import Custom, Formula, Samples
from natrium.model.stimuli.stimulus import Stimulus, Sum

AnyNeuron = Neuron | HybridNeuron

_NEURON = ("tau_m", "tau_ref", "v_rest", "v_thresh", "v_reset", "v_init")
_FIRING = ("tau_ref", "v_thresh", "v_reset")
_AMPLITUDE, _SCALE = "I", "scale"
_FIELDS = (
    *("slope", "offset", "frequency", "phase", "center", "mean", "sigma", "tau", "intensity", "seed"),
    *("width", "period", "start", "stop"),
)
# Where a HybridNeuron's system names a symbol otherwise than the neuron does.
_HYBRID = {"v_thresh": "v_origin_", "tau_ref": "tau_ref_"}
_SCALED = (Samples, Formula, Custom)


def _stimulus_fields(part: Stimulus) -> Iterator[tuple[str, str | None]]:
    """Give each number's prefix and its field; no field for the factor of what has no amplitude."""
    if isinstance(part, _SCALED):
        yield _SCALE, None
    if hasattr(part, "amplitude"):
        yield _AMPLITUDE, "amplitude"
    for field in _FIELDS:
        if getattr(part, field, None) is not None:
            yield field, field


def _neuron_values(neuron: AnyNeuron) -> dict[str, float]:
    if isinstance(neuron, HybridNeuron):
        values = {name: float(value) for name, value in neuron.parameters}
        if neuron.fires:
            values |= {"v_thresh": float(neuron.v_thresh), "tau_ref": neuron.tau_ref}
        return values | {"v_init": neuron.initial_state()[0]}
    values = {name: float(getattr(neuron, name)) for name in _NEURON if neuron.fires or name not in _FIRING}
    for channel in neuron.channels:
        values[f"g_{channel.name}"] = channel.g
        values[f"E_{channel.name}"] = channel.E
    return values


def symbol_name(neuron: AnyNeuron, name: str) -> str:
    """Give the name of a parameter's symbol in the neuron's system."""
    return _HYBRID.get(name, name) if isinstance(neuron, HybridNeuron) else name


def parameters(neuron: AnyNeuron, stimulus: Sum) -> dict[str, float]:
    """Give every parameter's value by its name.

    Parameters
    ----------
    neuron : Neuron or HybridNeuron
    stimulus : Sum

    Returns
    -------
    dict of str to float
        Voltages and inputs in mV, times in ms, frequencies in Hz.
    """
    values = _neuron_values(neuron)
    for index, part in enumerate(stimulus.parts):
        for prefix, field in _stimulus_fields(part):
            name = f"{prefix}_{index}"
            if name in values:
                raise ModelError(f"a parameter must not be named like the input's {name}: rename it")
            value = 1.0 if field is None else getattr(part, field)
            values[name] = value if isinstance(value, int) else float(value)  # a seed has more digits
    return values


def chosen_parameters(neuron: AnyNeuron, stimulus: Sum, names: Sequence[str] | None) -> dict[str, float]:
    """Give the parameters of these names (all of them for None), in the order asked for.

    Raises
    ------
    ModelError
        When there is no such parameter.
    """
    known = parameters(neuron, stimulus)
    if names is None:
        return known
    if isinstance(names, str):
        names = (names,)
    for name in names:
        if name not in known:
            raise ModelError(f"a parameter must be one of {', '.join(known)}, got {name!r}")
    if len(set(names)) < len(names):
        raise ModelError(f"parameters must differ, got {', '.join(names)}: name each once")
    return {name: known[name] for name in names}


def with_parameters(model: Model, values: Mapping[str, float]) -> Model:
    """Give the same model with other values of some parameters.

    Parameters
    ----------
    model : Model
    values : mapping of str to float
        By name; all else stays, `v_reset` and `v_init` too where `v_rest` moves.

    Raises
    ------
    ModelError, StimulusError
        When there is no such parameter, or the new value breaks a rule.
    """
    chosen_parameters(model.neuron, model.stimulus, tuple(values))
    own = {name: value for name, value in values.items() if name in _neuron_values(model.neuron)}
    return attrs.evolve(
        model,
        neuron=changed_neuron(model.neuron, own),
        stimulus=changed_stimulus(model.stimulus, values),
    )


def changed_stimulus(stimulus: Sum, values: Mapping[str, float]) -> Sum:
    """Give the same input with other values of some of its numbers; names that are not its own are left."""
    return Sum(tuple(_changed(part, index, values) for index, part in enumerate(stimulus.parts)))


def changed_neuron(neuron: AnyNeuron, values: Mapping[str, float]) -> Any:
    """Give the same neuron, of the same class, with other values of some parameters."""
    for name in values:
        if name not in _neuron_values(neuron):
            raise ModelError(
                f"a parameter of the neuron must be one of {', '.join(_neuron_values(neuron))}, got {name!r}"
            )
    if isinstance(neuron, HybridNeuron):
        return _changed_hybrid(neuron, values)
    own: dict[str, Any] = {name: value for name, value in values.items() if name in _NEURON}
    channels = []
    for channel in neuron.channels:
        names = {kind: f"{kind}_{channel.name}" for kind in ("g", "E")}
        changed: dict[str, Any] = {kind: values[name] for kind, name in names.items() if name in values}
        channels.append(attrs.evolve(channel, **changed))
    return attrs.evolve(neuron, channels=tuple(channels), **own)


def _changed_hybrid(neuron: HybridNeuron, values: Mapping[str, float]) -> HybridNeuron:
    own: dict[str, Any] = {name: values[name] for name in ("v_thresh", "tau_ref") if name in values}
    initial = dict(neuron.initial)
    if "v_init" in values:
        initial["V"] = values["v_init"]
    named = {name: values.get(name, value) for name, value in neuron.parameters}
    return attrs.evolve(neuron, parameters=named, initial=initial, **own)


def started(neuron: AnyNeuron, state: Sequence[float]) -> Any:
    """Give the same neuron, of the same class, starting from another state.

    Parameters
    ----------
    neuron : Neuron or HybridNeuron
    state : sequence of float, length n_states
        V in mV, then the others in the system's order; gates are brought into [0, 1], which rounding leaves.
    """
    if isinstance(neuron, HybridNeuron):
        names = [name for name, _ in neuron.equations]
        return attrs.evolve(neuron, initial=dict(zip(names, map(float, state), strict=True)))
    rest = iter(state[1:])
    channels = tuple(
        attrs.evolve(
            channel,
            gates=tuple(
                attrs.evolve(gate, initial=min(max(float(next(rest)), 0.0), 1.0)) for gate in channel.gates
            ),
        )
        for channel in neuron.channels
    )
    return attrs.evolve(neuron, v_init=float(state[0]), channels=channels)


def _changed(part: Stimulus, index: int, values: Mapping[str, float]) -> Stimulus:
    changed: dict[str, Any] = {}
    for prefix, field in _stimulus_fields(part):
        name = f"{prefix}_{index}"
        if name not in values:
            continue
        if field is not None:
            changed[field] = values[name]
        else:
            part = _scaled(part, float(values[name]))
    return attrs.evolve(part, **changed)


def _scaled(part: Stimulus, factor: float) -> Stimulus:
    if isinstance(part, Samples):
        return attrs.evolve(part, values=tuple(factor * value for value in part.values))
    if isinstance(part, Formula):
        return attrs.evolve(part, value=factor * part.value.symbolic)
    assert isinstance(part, Custom)
    function = part.function
    return attrs.evolve(part, function=lambda t: factor * function(t))
