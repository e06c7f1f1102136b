"""In which units a script counts: found from what its comments say and from the size of its numbers."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

import attrs
import numpy as np

from natrium.analysis.doctor.reading.expressions.trees import LEAF, NUMBER, in_order, is_leaf
from natrium.analysis.doctor.reading.maps.maps import Maps, points_of, values_at
from natrium.analysis.doctor.reading.model.levels import silent_level
from natrium.analysis.doctor.trace.meanings import plain
from natrium.analysis.doctor.trace.record import Node
from natrium.model import Model

MILLISECONDS = re.compile(r"\b(ms|msec|msecs|millisecond|milliseconds)\b|\*\s*1e-3\s*#?\s*s\b", re.IGNORECASE)
SECONDS = re.compile(r"[\[(,#\s](s|sec|secs|second|seconds)\b", re.IGNORECASE)
_MV = re.compile(r"\b(mv|millivolt|millivolts)\b", re.IGNORECASE)
_V = re.compile(r"[\[(,#\s](V|volt|volts|Volt|Volts)\b")
# No membrane is slower, no step longer than this where time is counted in seconds.
SLOWEST_S, LONGEST_STEP_S = 1.0, 0.0051
# Of |V| in volts; a membrane that is counted in mV goes beyond, unless it is counted from 0 to 1.
LARGEST_V = 0.35
AWAY = 5.0  # times what it starts from and its threshold: a V that far has run away


@attrs.frozen
class Units:
    """What one unit of the script is.

    Attributes
    ----------
    ms : float
        Of its time, ms.
    mV : float
        Of its voltage, mV.
    evidence : str
    """

    ms: float
    mV: float
    evidence: str

    @property
    def are_others(self) -> bool:
        """Whether time or V is counted in another unit than the model's."""
        return (self.ms, self.mV) != (1.0, 1.0)


def comments(maps: Maps) -> dict[int, str]:
    """Give the comments of a script, by line."""
    found = {}
    for at, text in enumerate(maps.record.source, start=1):
        if "#" in text:
            found[at] = text[text.index("#") :]
    return found


def _said(maps: Maps, names: tuple[str, ...], small: re.Pattern[str], large: re.Pattern[str]) -> str:
    """Tell which of two units the comments beside some names say: ``"small"``, ``"large"`` or nothing."""
    notes, votes = comments(maps), {"small": 0, "large": 0}
    for at, text in notes.items():
        code = maps.record.source[at - 1].split("#")[0]
        if not any(re.search(rf"(?<![A-Za-z0-9]){re.escape(one)}\s*[=:,]", code) for one in names):
            continue
        if small.search(text):
            votes["small"] += 1
        elif large.search(text):
            votes["large"] += 1
    if votes["small"] == votes["large"]:
        return ""
    return max(votes, key=lambda one: votes[one])


def units_of(maps: Maps, time_constant: float, claim: Model | None = None) -> Units:
    """Find a script's units of time and voltage.

    Parameters
    ----------
    maps : Maps
    time_constant : float
        Of the leak, in the script's time; NaN without one.
    claim : Model, optional
        What it claims to be: a step, a start or a threshold that is its own tells the unit.
    """
    found = _sized(maps, time_constant)
    if claim is None:
        return found
    ms = _alike([(maps.step, claim.simulation.dt or 0.0)])
    own = [float(maps.record.samples[0, maps.record.states.index(maps.V)])]
    test = maps.threshold or silent_level(maps)
    own += [test.level.value] if test is not None else []
    begun = dict(zip(claim.neuron.system.labels, claim.neuron.initial_state(), strict=True))["V"]
    theirs = [begun, claim.neuron.system.reset_voltage, standing(claim)]
    mV = _alike([(one, two) for one in own for two in theirs if isinstance(two, float)])
    return attrs.evolve(found, ms=ms or found.ms, mV=mV or found.mV)


def standing(claim: Model) -> float | None:
    """Give the claimed threshold, mV; None where there is none, or one that moves."""
    neuron = claim.neuron
    return neuron.v_thresh if neuron.fires and not neuron.system.threshold_moves else None


def _alike(pairs: list[tuple[float, float]]) -> float:
    """Give the factor, 1 or 1000, by which a number is another; 0 where none or both do."""
    fits = {
        unit
        for one, two in pairs
        for unit in (1.0, 1000.0)
        if two and abs(one * unit - two) <= 1e-9 * abs(two)
    }
    return fits.pop() if len(fits) == 1 else 0.0


def _sized(maps: Maps, time_constant: float) -> Units:
    """Find the units by what comments say and by the size of the numbers."""
    times = tuple(
        plain(one)
        for one, node in maps.record.parameters.items()
        if (one == maps.record.dt or not node.args) and node.value >= maps.step * (1.0 - 1e-9)
        if re.match(r"d?t$|tau|t_|dt|tref|delta_t", plain(one).lower())
    )
    said = _said(maps, times, MILLISECONDS, SECONDS)
    step = maps.step
    parameters = maps.record.parameters.items()
    taus = [node.value for name, node in parameters if plain(name).startswith("tau")]
    slow = max((one for one in taus if one >= step), default=20.0 * step)
    slow = time_constant if math.isfinite(time_constant) and time_constant > 0 else slow
    in_seconds = step <= LONGEST_STEP_S and slow <= SLOWEST_S and slow < 0.5
    if said == "small" and not (step <= 1.1e-4 and slow < 0.2):
        ms, why = 1.0, "comments say ms"
    elif said == "large" and in_seconds:
        ms, why = 1000.0, "comments say s"
    elif in_seconds:
        ms, why = 1000.0, f"dt = {step:g} and a time constant of {slow:g} are seconds"
    else:
        ms, why = 1.0, f"dt = {step:g} and a time constant of {slow:g} are ms"
    size, named = _voltages(maps)
    said = _said(maps, named, _MV, _V)
    in_volts = size < LARGEST_V
    if said == "small" and not (in_volts and size < 0.11):
        mV, more = 1.0, "comments say mV"
    elif in_volts and (said == "large" or ms == 1000.0 or size < 0.11):
        mV, more = 1000.0, f"|V| is at most {size:g}: volts"
    else:
        mV, more = 1.0, f"|V| goes to {size:g}: mV"
    return Units(ms, mV, f"{why}; {more}")


def _voltages(maps: Maps) -> tuple[float, tuple[str, ...]]:
    """Give the largest |V| that is met below threshold, and the names of voltages."""
    column = maps.record.samples[:, maps.record.states.index(maps.V)]
    column = column[np.isfinite(column)]
    size = float(np.percentile(np.abs(column), 90)) if column.size else 1.0
    levels = [abs(float(column[0]))] if column.size else []
    if maps.threshold is not None and math.isfinite(maps.threshold.level.value):
        levels.append(abs(maps.threshold.level.value))
    if size > AWAY * max(levels, default=0.0) > 0.0:
        size = max(levels)
    for node in in_order(maps.trees.values()):
        if node.op in ("+", "-") and any(is_leaf(one, maps.V) for one in node.args):
            # What V is counted from, and what it is driven to.
            size = max([size, *(abs(one.value) for one in node.args if _is_given(maps, one))])
    names = [plain(maps.V)]
    names += [
        plain(name)
        for name in maps.record.parameters
        if re.match(r"(v|e|u|theta|th)[_a-z]*$|vth|vr", plain(name).lower())
    ]
    if maps.threshold is not None:
        size = (
            max(size, abs(maps.threshold.level.value)) if math.isfinite(maps.threshold.level.value) else size
        )
    return size, tuple(names)


def _is_given(maps: Maps, node: Node) -> bool:
    return node.op == NUMBER or (node.op == LEAF and node.name in maps.record.parameters)


def slowest(maps: Maps, equations: Mapping[str, Node]) -> float:
    """Give the longest time constant of what moves beside V, in the script's time; NaN without one."""
    points, found = points_of(maps.record, maps.step), [math.nan]
    for name in maps.moving[1:]:
        more = 1e-4 * (1.0 + np.abs(points[name]))
        moved = values_at(equations[name], points | {name: points[name] + more})
        with np.errstate(all="ignore"):
            rate = float(np.nanmedian((values_at(equations[name], points) - moved) / more))
        found.append(1.0 / rate if rate > 0.0 else math.nan)
    return float(np.nanmax(found)) if np.any(np.isfinite(found)) else math.nan


def summary(units: Units) -> Mapping[str, str]:
    """Say the units in words."""
    return {
        "time": "s" if units.ms == 1000.0 else "ms",
        "voltage": "V" if units.mV == 1000.0 else "mV",
    }
