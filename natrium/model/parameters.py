"""The numbers a model is given by, under one name each: to read, to change, to vary.

Of the neuron: ``tau_m``, ``tau_ref``, ``v_rest``, ``v_thresh``, ``v_reset``, ``v_init``, and ``g_Na``,
``E_Na`` of a channel Na. Of the k-th stimulus: ``I_k`` its amplitude, and its other numbers by their short
names, such as ``start_k``, ``stop_k``, ``slope_k``, ``frequency_k``; ``scale_k``, a factor (1 as given), of
samples, formulas and functions. The numbers inside rates have no names and are not among them. Of a
`HybridNeuron`: its own parameters, ``v_thresh``, ``tau_ref`` and ``v_init``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import attrs

from natrium.model.errors import ModelError
from natrium.model.parameter import Parameter, check_known
from natrium.model.protocol import AnyNeuron
from natrium.model.simulation import Model
from natrium.model.stimuli.stimulus import Sum


def resolve(neuron: AnyNeuron, stimulus: Sum) -> dict[str, Parameter]:
    """Give every parameter of a model by its name: its value, its facts, and what holds it.

    Raises
    ------
    ModelError
        When a parameter of the neuron is named like one of the input.
    """
    found = neuron.numbers()
    for index, part in enumerate(stimulus.parts):
        for one in part.numbers():
            name = f"{one.short}_{index}"
            if name in found:
                raise ModelError(f"a parameter must not be named like the input's {name}: rename it")
            found[name] = attrs.evolve(one, name=name, part=index)
    return found


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
    return {name: one.value for name, one in resolve(neuron, stimulus).items()}


def choose(neuron: AnyNeuron, stimulus: Sum, names: Sequence[str] | None) -> dict[str, Parameter]:
    """Give the parameters of these names (all of them for None), in the order asked for.

    Raises
    ------
    ModelError
        When there is no such parameter.
    """
    known = resolve(neuron, stimulus)
    if names is None:
        return known
    if isinstance(names, str):
        names = (names,)
    check_known(known, names, "a parameter")
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
    chosen = choose(model.neuron, model.stimulus, tuple(values))
    own = {name: value for name, value in values.items() if chosen[name].part is None}
    return attrs.evolve(
        model, neuron=model.neuron.changed(own), stimulus=change_stimulus(model.stimulus, values)
    )


def change_stimulus(stimulus: Sum, values: Mapping[str, float]) -> Sum:
    """Give the same input with other values of some of its numbers; names that are not its own are left."""
    parts = []
    for index, part in enumerate(stimulus.parts):
        names = {one.short: f"{one.short}_{index}" for one in part.numbers()}
        parts.append(part.changed({short: values[name] for short, name in names.items() if name in values}))
    return Sum(parts=tuple(parts))
