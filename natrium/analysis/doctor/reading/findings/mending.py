"""What a fault does to each spike: the script's own map with that one thing mended, run again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import attrs
import numpy as np
import numpy.typing as npt

from natrium.analysis.accuracy.matching import match_spikes
from natrium.analysis.doctor.reading.expressions.rewriting import rewriting
from natrium.analysis.doctor.reading.expressions.trees import LEAF, NUMBER, with_args
from natrium.analysis.doctor.reading.findings.found import Found, Mend
from natrium.analysis.doctor.reading.maps.maps import Maps
from natrium.analysis.doctor.reading.model.models import Meant
from natrium.analysis.doctor.reading.steps.replay import replayed
from natrium.analysis.doctor.reading.steps.walk import rule_effects
from natrium.analysis.doctor.trace.record import Node, Record, Step
from natrium.model.arrays import Array

DIGITS = 10  # of a time, ms: what rounding leaves behind these is no effect


def with_effects(
    found: Sequence[Found], record: Record, maps: Maps, meant: Meant, equations: Mapping[str, Node],
    scheme: str,
) -> list[Found]:  # fmt: skip
    """Give findings with what each moves every spike of the script by, where it can be mended alone.

    Parameters
    ----------
    found : sequence of Found
    record : Record
        As it was traced.
    maps : Maps
    meant : Meant
    equations : mapping of str to Node
    scheme : str
        Its key.
    """
    own = _times(maps.record.order, maps, meant)
    told = []
    keys = [one.key for one in found if one.kind == "rule"]
    walked = rule_effects(maps, meant, equations, scheme, keys)
    for one in found:
        if one.kind == "rule" and one.key in walked:
            with_it, without = (meant.units.ms * times for times in walked[one.key])
            one = attrs.evolve(one, effect_ms=_apart(with_it, without))
        if one.key == "label-early" and meant.clock.of_spikes == "start":
            step = maps.step * meant.units.ms
            one = attrs.evolve(one, effect_ms=(-step,) * own.size)
        elif one.kind == "fault" and one.mend is not None:
            mended = _mended_times(one.mend, record, maps, meant)
            if mended is not None:
                one = attrs.evolve(one, effect_ms=_apart(own, mended))
        told.append(one)
    return told


def _times(order: npt.NDArray[np.int64], maps: Maps, meant: Meant) -> Array:
    """Give the ends of the steps that fire, ms."""
    fired = np.flatnonzero(np.isin(order, maps.firing))
    return np.asarray((meant.clock.starts[fired] + maps.step) * meant.units.ms, dtype=np.float64)


def _apart(own: Array, mended: Array) -> tuple[float | None, ...]:
    """Give, by spike of the script, how much later it is than the mended one; None without a partner."""
    if own.size == mended.size:
        apart: list[float | None] = (own - mended).tolist()
    else:
        partners = {one.label: one.difference for one in match_spikes(own, mended)}
        apart = [partners[time] for time in own.tolist()]
    return tuple(None if one is None else round(one, DIGITS) + 0.0 for one in apart)


def _mended_times(mend: Mend, record: Record, maps: Maps, meant: Meant) -> Array | None:
    """Run the maps with one thing mended; None where that cannot be put into them."""
    steps: tuple[Step, ...] = record.steps
    if mend.node.op == LEAF and mend.node.name in record.parameters and mend.new.op == NUMBER:
        name = mend.node.name
        parameters = dict(record.parameters) | {name: Node(NUMBER, (), mend.new.value, 0, name)}
        again = replayed(attrs.evolve(record, parameters=parameters), steps)
    else:
        changed = _replaced(record.steps, maps, mend)
        if changed is None:
            return None
        again = replayed(record, changed)
    if again.off >= 0:
        return None
    return _times(again.order, maps, meant)


def _replaced(steps: Sequence[Step], maps: Maps, mend: Mend) -> tuple[Step, ...] | None:
    """Put what should stand there into every map that has what stands there."""
    algebra, met = maps.algebra, False

    def mended(node: Node, args: tuple[Node, ...]) -> Node:
        nonlocal met
        met = met or node is mend.node
        return mend.new if node is mend.node else with_args(node, args)

    of = rewriting(mended)
    made = tuple(step.with_trees(lambda root: of(algebra.canonical(root))) for step in steps)
    return made if met else None
