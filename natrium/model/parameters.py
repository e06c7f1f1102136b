"""The numbers a model is given by, under one name each: to read, to change, to vary.

Of the neuron: ``tau_m``, ``tau_ref``, ``v_rest``, ``v_thresh``, ``v_reset``, ``v_init``, and ``g_Na``,
``E_Na`` of a channel Na. Of the k-th stimulus: ``I_k`` its amplitude, and its other numbers by their short
names, such as ``start_k``, ``stop_k``, ``slope_k``, ``frequency_k``; ``scale_k``, a factor (1 as given), of
samples, formulas and functions; ``input_I_k`` and so on where the neuron has that name itself. Single times
of incoming spikes (`Spikes`) are parameters for who asks: ``time_3_k``, and ``times_k`` for all. ``I`` is
short for the one amplitude of the input. Numbers inside rates are among them where they have names
(`natrium.constants`). Of a `HybridNeuron`: its own parameters,
``v_thresh``, ``tau_ref`` and ``v_init``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import attrs

from natrium.model.checks import as_mapping, as_names
from natrium.model.errors import ModelError
from natrium.model.parameter import Parameter, check_known
from natrium.model.protocol import AnyNeuron, check_neuron
from natrium.model.simulation import Model, check_model
from natrium.model.stimuli.stimulus import Sum, as_stimulus
from natrium.model.stimuli.waveforms import Constant

AMPLITUDE = "I"
OF_INPUT = "input_"  # before an input's name that the neuron has for a parameter of its own


def resolve(neuron: AnyNeuron, stimulus: Sum) -> dict[str, Parameter]:
    """Give every parameter of a model by its name: its value, its facts, and what holds it."""
    check_neuron(neuron)
    found = neuron.numbers()
    for index, part in enumerate(as_stimulus(stimulus).parts):
        for one in part.numbers():
            name = f"{one.short}_{index}"
            while name in found:
                name = OF_INPUT + name
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
    known, names = _with_each(known, stimulus, as_names("parameters", names))
    full = full_names(known, names)
    check_known(known, full.values(), "a parameter")
    if len(set(full.values())) < len(names):
        raise ModelError(f"parameters must differ, got {', '.join(names)}: name each once")
    return {name: known[full[name]] for name in names}


def _with_each(
    known: dict[str, Parameter], stimulus: Sum, names: Sequence[str]
) -> tuple[dict[str, Parameter], Sequence[str]]:
    """Add what is a parameter only where it is asked for, one by one or all of a part's by one name."""
    if known.keys() >= set(names):
        return known, names
    found = dict(known)
    groups: dict[str, tuple[str, ...]] = {name: (name,) for name in known}
    for index, part in enumerate(as_stimulus(stimulus).parts):
        each = {f"{one.short}_{index}": one for one in part.each()}
        found |= {name: attrs.evolve(one, name=name, part=index) for name, one in each.items()} | known
        if part.together:  # of a train without spikes: none
            groups.setdefault(f"{part.together}_{index}", tuple(each))
    return found, [one for name in names for one in groups.get(name, (name,))]


def with_amplitude(stimulus: Sum, names: Iterable[str]) -> Sum:
    """Give the input; a constant one where there is none and ``I`` is among the names."""
    return Sum((Constant(0.0),)) if AMPLITUDE in names and not stimulus.parts else stimulus


def full_names(known: Mapping[str, Parameter], names: Iterable[str]) -> dict[str, str]:
    """Give each name's full one: ``I``, where it is no name itself, is short for the one amplitude.

    Raises
    ------
    ModelError
        When the input has none, or several.
    """
    return {name: _amplitude(known) if name == AMPLITUDE and name not in known else name for name in names}


def _amplitude(known: Mapping[str, Parameter]) -> str:
    """Give the full name of the one amplitude."""
    found = [name for name, one in known.items() if one.part is not None and one.short == AMPLITUDE]
    if len(found) == 1:
        return found[0]
    told = f"{', '.join(found)}: name the one meant" if found else f"none: choose from {', '.join(known)}"
    raise ModelError(f"I is short for the one amplitude of the input, got {told}")


def with_parameters(model: Model, values: Mapping[str, float]) -> Model:
    """Give the same model with other values of some parameters.

    Parameters
    ----------
    model : Model
    values : mapping of str to float
        By name; all else stays, `v_reset` and `v_init` too where `v_rest` moves. ``"I"`` is short for the one
        amplitude, or a constant input where there is no stimulus.

    Raises
    ------
    ModelError, StimulusError
        When there is no such parameter, or the new value breaks a rule.
    """
    check_model(model)
    values = as_mapping("values", values, '{"g_Na": 120.0}')
    stimulus = with_amplitude(model.stimulus, values)
    chosen = choose(model.neuron, stimulus, tuple(values))
    own = {name: value for name, value in values.items() if chosen[name].part is None}
    full = {chosen[name].name: value for name, value in values.items() if name not in own}
    return attrs.evolve(model, neuron=model.neuron.changed(own), stimulus=change_stimulus(stimulus, full))


def change_stimulus(stimulus: Sum, values: Mapping[str, float]) -> Sum:
    """Give the same input with other values of some of its numbers; names that are not its own are left."""
    parts = []
    for index, part in enumerate(stimulus.parts):
        end = f"_{index}"
        own = {name.removesuffix(end): value for name, value in values.items() if name.endswith(end)}
        new = {name.split(OF_INPUT)[-1]: value for name, value in own.items()}
        parts.append(part.changed(new) if new else part)
    return Sum(parts=tuple(parts))
