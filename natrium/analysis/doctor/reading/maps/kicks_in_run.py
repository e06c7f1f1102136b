"""Incoming spikes that move a state by no number, as one that saturates: taken as they were in the run."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence

import attrs
import numpy as np
import numpy.typing as npt

from natrium.analysis.doctor.reading.expressions.trees import leaves
from natrium.analysis.doctor.reading.maps.kicks import Kick, chosen_alike, is_train
from natrium.analysis.doctor.reading.maps.maps import are_apart, differ, points_at, values_at
from natrium.analysis.doctor.trace.record import Record, Step
from natrium.model.arrays import Array


def kicked_in_run(
    record: Record, main: Step, kinds: Sequence[Sequence[int]], known: Container[int], moving: Sequence[str],
    points: Mapping[str, Array],
) -> tuple[Kick, ...]:  # fmt: skip
    """Give what moves one state, but V, in kinds of step that no state chose and that are else as others.

    Parameters
    ----------
    record : Record
    main : Step
    kinds : sequence of sequence of int
        Kinds of step that are free; then those that fire, and those that are held.
    known : container of int
        Of them, those of which it is known what comes in.
    moving : sequence of str
        The states, V first.
    points : mapping of str to ndarray
        Where trees are compared.
    """
    found, done, alike = list[Kick](), set[int](), chosen_alike(record)
    bases = [(main, kinds[0])] + [(record.steps[at], ones) for ones in kinds[1:] for at in ones]
    seen = {at: np.flatnonzero(record.order == at) for ones in kinds for at in ones if at not in known}
    seen = {at: ks for at, ks in seen.items() if is_train(ks, record.order.size)}
    values = {at: _values(record.steps[at], moving, points) for at in seen}
    for base, ones in bases:
        own, left = _values(base, moving, points), [at for at in ones if at in seen and at not in done]
        if not left:
            continue
        differ_in = are_apart(np.array([values[at] for at in left]), own)
        for at, apart in zip(left, differ_in.tolist(), strict=True):
            step = record.steps[at]
            if step is base or not (base is main or sum(apart) == 1) or not alike(step, base):
                continue
            names = [name for name, one in zip(moving, apart, strict=True) if one]
            if kick := _kick(record, main, base, step, seen[at], moving, points, names):
                found.append(kick)
                done.add(at)
    ways = sorted({(one.state, one.early) for one in found})
    return tuple(_joined([one for one in found if (one.state, one.early) == way]) for way in ways)


def _joined(kicks: Sequence[Kick]) -> Kick:
    """Take what moves one state in several kinds of step for one train."""
    steps, weights = (np.concatenate([getattr(one, of) for one in kicks]) for of in ("steps", "weights"))
    order = np.argsort(steps)
    return attrs.evolve(kicks[0], steps=steps[order], weights=weights[order])


def _values(step: Step, moving: Sequence[str], points: Mapping[str, Array]) -> Array:
    """Give the states after a step from each point, shape (n_states, n_points)."""
    return np.array([values_at(step.updates[name], points) for name in moving])


def _kick(
    record: Record, main: Step, base: Step, step: Step, ks: npt.NDArray[np.int64], moving: Sequence[str],
    points: Mapping[str, Array], apart: Sequence[str],
) -> Kick | None:  # fmt: skip
    """Give what moves one of the states that are not as after the base, after some steps or before them."""
    late, there = len(apart) == 1, points_at(record, ks)
    for name in apart:
        if name == moving[0] or differ(*(values_at(one.updates[name], points) for one in (base, main))):
            continue
        if late:
            weights = np.subtract(*(values_at(one.updates[name], there) for one in (step, base)))
        elif base is main and _is_main_after(main, step, name, moving, points):
            weights = _before(main, step, name, there)
        else:
            continue
        if np.all(np.isfinite(weights)):
            return Kick(name, ks, weights, early=not late, in_run=True)
    return None


def _before(main: Step, step: Step, name: str, points: Mapping[str, Array]) -> Array:
    """Give by how much a state is moved before a step that is else the main one."""
    own, further = (
        values_at(main.updates[name], {**points, name: points[name] + more}) for more in (0.0, 1.0)
    )
    with np.errstate(all="ignore"):
        return np.asarray((values_at(step.updates[name], points) - own) / (further - own))


def _is_main_after(
    main: Step, step: Step, name: str, moving: Sequence[str], points: Mapping[str, Array]
) -> bool:
    """Tell whether a step is the main one, once a state is moved, wherever that is."""
    moved = {**points, name: points[name] + _before(main, step, name, points)}
    pairs = ((values_at(step.updates[one], points), values_at(main.updates[one], moved)) for one in moving)
    return name in leaves(main.updates[name]) and not any(differ(one, other) for one, other in pairs)
