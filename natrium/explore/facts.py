"""A model's numbers for the page: each with unit, rule and the range of its slider; what a file holds."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import attrs

from natrium.explore.code import formula_of
from natrium.model import (
    AnyNeuron,
    Gaussian,
    Model,
    NatriumError,
    Pulses,
    Ramp,
    Sine,
    Step,
    Stimulus,
    UnsupportedModel,
    resolve,
    to_dict,
    with_parameters,
)
from natrium.model.parameter import Parameter
from natrium.model.stimuli.spikes import Incoming, Poisson
from natrium.model.stimuli.waveforms import Constant

TIMES = ("start", "stop", "center")  # of an input: within the run
VOLTS = 40.0  # mV on both sides of a potential
SPAN = 3.0  # a slider goes to this many times the value
TRIED = (1.01, 0.99, 1.0 + 1e-6)  # factors by which a number is moved to see where a file holds it
SIMPLE = (Constant, Step, Pulses, Ramp, Sine, Gaussian)
Facts = dict[str, Any]


def facts_of(one: Parameter, model: Model) -> Facts:
    """Give what the page knows of a number: value, unit, meaning, rule, range and step of its slider."""
    low, high, is_open = one.bounds
    value = one.value
    least, most = _range(one, model)
    if low is not None:
        least = max(least, value / 5.0 if is_open and value > 0.0 else low)
    if high is not None:
        most = min(most, high)
    step = 1.0 if one.whole else 10.0 ** math.floor(math.log10((most - least) / 200.0))
    return {
        "name": one.name, "short": one.short, "field": one.field, "value": value, "unit": one.unit,
        "meaning": one.rule.meaning, "min": least, "max": most, "step": step, "whole": one.whole,
        "low": low, "high": high, "open": is_open,
    }  # fmt: skip


def _range(one: Parameter, model: Model) -> tuple[float, float]:
    """Give a sensible range around a value, its own bounds apart."""
    value, size = one.value, abs(one.value)
    begin, end = _span(model)
    if one.part is not None and one.short in TIMES:
        return min(begin, value), max(end, value)
    if one.unit == "rad":
        return min(-math.pi, value), max(math.pi, value)
    if one.part is None and one.unit in ("mV", "degC"):
        return value - VOLTS, value + VOLTS
    if value == 0.0:
        return (-10.0, 10.0)
    if one.part is not None and one.unit in ("mV", "mV/ms"):
        return -size, SPAN * size
    if value < 0.0:
        return value - size, value + 0.9 * size
    return value / 5.0 if one.least < 0.0 else 0.0, SPAN * value


def parameters_of(model: Model) -> list[Facts]:
    """Give the neuron's numbers: each with its place in the system, or the state that it starts."""
    neuron = model.neuron
    system = neuron.system
    places = {symbol.name: place for place, symbol in enumerate(system.parameters)}
    found = []
    base = to_dict(model)
    for one in neuron.numbers().values():
        facts = facts_of(one, model)
        if one.symbol in places:
            facts["place"] = places[one.symbol]
        else:
            starts = _find_started(neuron, one)
            if starts is None:
                continue
            facts["state"] = starts
        facts["paths"] = _paths_of(model, one, base)
        facts["below"] = one.name in neuron.below_threshold or one.name == "v_reset"
        found.append(facts)
    return found


def _values_near(one: Parameter) -> Iterator[float]:
    """Give values near a number's own."""
    yield from (one.value * factor + (factor - 1.0) for factor in TRIED)


def _find_started(neuron: AnyNeuron, one: Parameter) -> int | None:
    """Give the state whose start a number sets, those apart that follow from it; None where there is none."""
    start, steady = neuron.initial_state(), neuron.starts_steady
    for value in _values_near(one):
        try:
            other = neuron.changed({one.name: value}).initial_state()
        except NatriumError:
            continue
        moved = (k for k, (a, b) in enumerate(zip(start, other, strict=True)) if a != b and not steady[k])
        return next(moved, None)
    return None


def _paths_of(model: Model, one: Parameter, base: Facts) -> list[list[Any]]:
    """Give where a model file holds a number: what differs in it when the number is another."""
    for value in _values_near(one):
        try:
            other = to_dict(with_parameters(model, {one.name: value}))
        except NatriumError:
            continue
        return list(_differences(base, other, []))
    return []


def _differences(a: Any, b: Any, path: list[Any]) -> Iterator[list[Any]]:
    """List the places at which two files differ."""
    if isinstance(a, Mapping) and isinstance(b, Mapping) and a.keys() == b.keys():
        for key in a:
            yield from _differences(a[key], b[key], [*path, key])
    elif isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
        for index, pair in enumerate(zip(a, b, strict=True)):
            yield from _differences(*pair, [*path, index])
    elif a != b:
        yield path


def starts_of(model: Model) -> list[Facts]:
    """Give what a file holds of the state that the model starts from, at each path a sum of its parts.

    All but the last share of a kinetic scheme are one state each; the last is what these leave of 1.
    """

    def written(state: list[float]) -> Facts:
        return to_dict(attrs.evolve(model, neuron=model.neuron.started(state)))

    V, *others = model.neuron.initial_state()
    state = [V, *(0.5 / len(others) for _ in others)]
    base = written(state)
    found: dict[str, Facts] = {}
    for k in range(len(state)):
        step = -(2.0**-10)
        moved = written([*state[:k], state[k] + step, *state[k + 1 :]])
        for path in _differences(base, moved, []):
            before, after = (_number_at(path, file) for file in (base, moved))
            slope = float(round((after - before) / step))
            one = found.setdefault(str(path), {"path": path, "offset": before, "by": []})
            one["offset"] -= slope * state[k]
            one["by"].append([k, slope])
    return [one | {"offset": float(round(one["offset"]))} for one in found.values()]


def _number_at(path: list[Any], file: Any) -> float:
    for key in path:
        file = file[key]
    return float(file)


def parts_of(model: Model) -> list[Facts]:
    """Give the input's parts: kind, numbers that move, what stands, and what a file holds.

    Raises
    ------
    UnsupportedModel
        When a part is a Python function, which no page can call.
    """
    named = resolve(model.neuron, model.stimulus)
    written = to_dict(model).get("stimuli", [])
    formulas = 0
    found = []
    for index, part in enumerate(model.stimulus.parts):
        kind, given = _kind_and_data(part, model, formulas)
        formulas += kind == "formula"
        known = _KNOWN.get(kind, ("weight",) if isinstance(part, Poisson) else None)
        numbers = [
            facts_of(one, model)
            for one in named.values()
            if one.part == index and (known is None or one.short in known)
        ]
        missing = {"scale": 1.0} if kind in _KNOWN else {}
        values = missing | _window_of(part) | {one["short"]: one["value"] for one in numbers}
        found.append(
            {"kind": kind, "own": part.kind, "values": values, "given": given, "numbers": numbers}
            | {"file": written[index]}
        )
    return found


_KNOWN = {"samples": ("scale", "start", "stop"), "formula": ("scale", "start", "stop")}


def _window_of(part: Stimulus) -> Facts:
    """Give a part's window, where it has one."""
    return {name: float(value) for name in ("start", "stop") if (value := getattr(part, name)) is not None}


def _kind_and_data(part: Stimulus, model: Model, formulas: int) -> tuple[str, Facts]:
    """Give a part's kind on the page, and what of it stands."""
    begin, end = _span(model)
    if isinstance(part, SIMPLE):
        given = {"count": getattr(part, "count", None), "hold": getattr(part, "hold", None)}
        return part.kind, {key: value for key, value in given.items() if value is not None}
    if isinstance(part, Incoming):
        known: Any = part  # each kind has times and a target
        place = model.neuron.system.place_of(known.target)
        return "spikes", {"times": list(known.times), "place": place}
    formula = formula_of(part)
    if formula is not None:
        step = formula.drive(begin).max_step
        breaks = [edge for edge in formula.edges(begin, end) if begin < edge < end]
        return "formula", {"code": formulas, "breaks": breaks} | (
            {"longest": step} if math.isfinite(step) else {}
        )
    samples = part.samples_in(begin, end)
    if samples is None:
        raise UnsupportedModel(
            f"a page needs an input that it can write down, got a {type(part).__name__}: give it as an "
            "expression or as samples"
        )
    times, values, lines = samples
    return "samples", {"times": times.tolist(), "values": values.tolist(), "lines": bool(lines)}


def _span(model: Model) -> tuple[float, float]:
    begin = model.simulation.t_start
    return begin, model.simulation.t_end or begin + 100.0


def kinds_of(model: Model) -> dict[str, Facts]:
    """Give an input of each simple kind to change to, of the size of the model's own."""
    begin, end = _span(model)
    length = end - begin
    size = model.largest_input() or 10.0
    first = begin + 0.2 * length
    offered: dict[str, Stimulus] = {
        "constant": Constant(size),
        "step": Step(size, start=first, stop=end),
        "pulses": Pulses(size, width=0.05 * length, period=0.2 * length, start=first),
        "ramp": Ramp(2.0 * size / length, start=first, stop=end),
        "sine": Sine(size, frequency=2000.0 / length, offset=0.5 * size),
        "gaussian": Gaussian(size, center=begin + 0.5 * length, sigma=0.1 * length),
    }
    return {
        kind: parts_of(attrs.evolve(model, stimulus=one))[0]  # as if it were the model's own
        for kind, one in offered.items()
    }
