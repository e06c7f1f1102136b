"""A script walked again by its parts (free map, threshold, reset, wait), with one rule at a time mended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import attrs
import numpy as np

from natrium.analysis.doctor.reading.expressions.trees import LEAF, in_order, leaves
from natrium.analysis.doctor.reading.maps.maps import Maps
from natrium.analysis.doctor.reading.model.models import Meant
from natrium.analysis.doctor.reading.steps.replay import Machine
from natrium.analysis.doctor.trace.record import Node, Step
from natrium.model import SolverError
from natrium.model.arrays import Array
from natrium.model.root import find_root

SUBSTEPS = 2  # Runge-Kutta steps in the place of one of the script's
MOST_WORK = 4_000_000  # operations of one walk; what takes more is left out
TINY = 1e-9  # of a step: what is left of a wait by rounding
MENDS: dict[str, dict[str, Any]] = {
    "threshold-before": {"after": True},
    "grid": {"located": True},
    "refractory-count": {"exact_wait": True},
    "input-on-late": {"prompt": True},
}
"""By the key of a rule: what it is without it."""


@attrs.frozen
class Rules:
    """Which of a script's rules are mended."""

    after: bool = False
    located: bool = False
    exact_wait: bool = False
    prompt: bool = False
    exact_flow: bool = False


class Walk:
    """Walks a script's run by its parts.

    Parameters
    ----------
    maps : Maps
    meant : Meant
    equations : mapping of str to Node
    """

    def __init__(self, maps: Maps, meant: Meant, equations: Mapping[str, Node]) -> None:
        self.maps, self.meant = maps, meant
        self.names = maps.moving
        self.step = maps.step
        self.map = _machine({name: maps.trees[name] for name in self.names})
        self.flow = _machine({name: equations[name] for name in self.names})
        self.level = _machine({"": maps.threshold.level}) if maps.threshold is not None else None
        self.resets = _machine(maps.resets) if maps.resets else None
        self.size = len(in_order(maps.trees.values())) + 10
        fire = maps.record.steps[max(maps.firing, key=lambda at: maps.record.steps[at].count)]
        flows = {maps.dt, *(name for name in maps.record.parameters if maps.dt in _roots(maps, name))}
        self.begins = bool(flows & leaves(fire.updates[maps.V]))  # a step that resets goes on from there
        self.kicks: dict[int, list[tuple[str, float]]] = {}
        for kick in maps.kicks:
            for at, weight in zip(kick.steps.tolist(), kick.weights.tolist(), strict=True):
                self.kicks.setdefault(at, []).append((kick.state, weight))
        self.early = any(kick.early for kick in maps.kicks)

    def known(self, rules: Rules) -> tuple[dict[str, float], dict[str, list[float]]]:
        """Give what stands still, and what each step reads."""
        record = self.maps.record
        courses = {name: np.asarray(one, dtype=float) for name, one in record.exogenous.items()}
        if record.time:
            courses[record.time] = record.times
        if record.input:
            inputs = np.asarray(record.inputs, dtype=float)
            late = rules.prompt and inputs.size > 1
            courses[record.input] = np.append(inputs[1:], inputs[-1]) if late else inputs
        return record.parameter_values, {name: one.tolist() for name, one in courses.items()}

    def spikes(self, rules: Rules) -> Array | None:
        """Walk, and give when it fires, in the script's time from its start; None where it breaks off."""
        maps, h, V = self.maps, self.step, self.maps.V
        values, courses = self.known(rules)
        state = dict(zip(maps.record.states, maps.record.samples[0].tolist(), strict=True))
        values |= {name: state[name] for name in self.names}
        strict = maps.threshold is not None and maps.threshold.relation == ">"
        after = rules.after or rules.located or (maps.threshold is not None and maps.threshold.after)
        counts, times, wait = list(maps.hold.steps), list[float](), 0.0
        tau = self.meant.refractory.nominal if self.meant.refractory is not None else np.nan
        held, most = dict[str, float](), 2 * maps.spikes.size + 10

        def over(level: float) -> bool:
            return values[V] > level if strict else values[V] >= level

        def fired(at: float) -> float:
            values.update(self._reset(values))
            held.update({name: values[name] for name in {V, *maps.hold.still}})
            times.append(at)
            n = counts[min(len(times), len(counts)) - 1] if counts else 0
            return float(tau) if rules.exact_wait and np.isfinite(tau) else n * h

        for k in range(maps.record.order.size):
            for name, course in courses.items():
                values[name] = course[k]
            if self.early:
                self._kicked(k, values)
            left = h
            if not after and wait <= TINY * h and over(self._level(values)):
                wait = fired((k + 1) * h)
                if not self.begins:
                    continue
            while left > TINY * h:
                if wait > TINY * h:
                    taken = min(wait, left)
                    self._move(values, taken, rules)
                    values.update(held)
                    wait, left = wait - taken, left - taken
                    continue
                wait = 0.0
                before = {name: values[name] for name in self.names}
                self._move(values, left, rules)
                if not (after and over(self._level(values))):
                    break
                if not rules.located:
                    wait = fired((k + 1) * h)
                    break
                part = self._crossing(values, before, left, rules)
                wait = fired((k + 1) * h - left + part)
                left -= part
                if len(times) > most or (wait <= TINY * h and over(self._level(values))):
                    return None  # it is reset to where it fires
            if not self.early:
                self._kicked(k, values)
                if k in self.kicks and after and wait <= TINY * h and over(self._level(values)):
                    wait = fired((k + 1) * h)
            if not np.isfinite(values[V]) or len(times) > most:
                return None
        return np.array(times)

    def _kicked(self, k: int, values: dict[str, float]) -> None:
        for name, weight in self.kicks.get(k, ()):
            values[name] += weight

    def _level(self, values: Mapping[str, float]) -> float:
        return self.level(values)[1][0] if self.level is not None else np.inf

    def _reset(self, values: Mapping[str, float]) -> dict[str, float]:
        if self.resets is None:
            return {}
        return dict(zip(self.resets.names, self.resets(values)[1], strict=True))

    def _move(self, values: dict[str, float], length: float, rules: Rules) -> None:
        """Take a free step of some length."""
        if not rules.exact_flow:
            values[self.maps.dt] = length
            values.update(zip(self.names, self.map(values)[1], strict=True))
            return
        h = length / SUBSTEPS
        for _ in range(SUBSTEPS):
            start = [values[name] for name in self.names]
            slopes = [self.flow(values)[1]]
            for part in (0.5 * h, 0.5 * h, h):
                moved = (a + part * b for a, b in zip(start, slopes[-1], strict=True))
                values.update(zip(self.names, moved, strict=True))
                slopes.append(self.flow(values)[1])
            ends = (
                a + h / 6.0 * (p + 2.0 * q + 2.0 * r + s)
                for a, p, q, r, s in zip(start, *slopes, strict=True)
            )
            values.update(zip(self.names, ends, strict=True))

    def _crossing(
        self, values: dict[str, float], before: Mapping[str, float], length: float, rules: Rules
    ) -> float:
        """Find after what part of a step V reaches its threshold, and leave the states there."""

        def above(part: float) -> float:
            values.update(before)
            self._move(values, part, rules)
            return values[self.maps.V] - self._level(values)

        low = 1e-12 * length
        part = find_root(above, low, length, xtol=1e-12 * length) if above(low) < 0.0 else low
        above(part)
        return part


def _machine(updates: Mapping[str, Node]) -> Machine:
    return Machine(Step(dict(updates), (), 0, 0))


def _roots(maps: Maps, name: str) -> frozenset[str]:
    node = maps.record.parameters[name]
    return leaves(node) if node.op != LEAF else frozenset((node.name,))


def rule_effects(
    maps: Maps, meant: Meant, equations: Mapping[str, Node], scheme: str, keys: Sequence[str]
) -> dict[str, tuple[Array, Array]]:
    """Give, by rule, the spikes of the script and those without that rule, in its time from its start.

    Nothing is given of a script that is not walked again to its own spikes. Where a threshold is tested
    before the update, what the grid does is told of the script that tests after it.
    """
    asked = {key: Rules(**one) for key, one in {**MENDS, scheme: {"exact_flow": True}}.items() if key in keys}
    own, found = _walked(maps, meant, equations, asked)
    if own is None:
        return {}
    tested = found.get("threshold-before")
    return {
        key: (tested if key == "grid" and tested is not None and tested.size == own.size else own, one)
        for key, one in found.items()
        if one is not None
    }


def without_rules(maps: Maps, meant: Meant, equations: Mapping[str, Node], late: bool) -> Array | None:
    """Give the spikes of the script without any of its rules, as above; None where it is not walked again.

    Parameters
    ----------
    maps : Maps
    meant : Meant
    equations : mapping of str to Node
    late : bool
        Whether its input comes a step late.
    """
    every = Rules(after=True, located=True, exact_wait=True, prompt=late, exact_flow=True)
    return _walked(maps, meant, equations, {"": every})[1].get("")


def _walked(
    maps: Maps, meant: Meant, equations: Mapping[str, Node], asked: Mapping[str, Rules]
) -> tuple[Array | None, dict[str, Array | None]]:
    """Walk a script as it is, and under other rules; nothing of one that does not come to its own spikes."""
    if maps.record.solver or not maps.spikes.size or not maps.firing:
        return None, {}
    try:
        walk = Walk(maps, meant, equations)
        if walk.size * maps.record.order.size > MOST_WORK:
            return None, {}
        own = walk.spikes(Rules())
        if own is None or not np.array_equal(np.rint(own / maps.step).astype(int) - 1, maps.spikes):
            return None, {}
        with np.errstate(all="ignore"):  # without its rules it may go where the script does not
            return own, {key: walk.spikes(rules) for key, rules in asked.items()}
    except (KeyError, ArithmeticError, ValueError, TypeError, SolverError):
        return None, {}
