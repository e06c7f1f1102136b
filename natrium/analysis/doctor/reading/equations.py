"""The equations that a script integrates: the derivative of its free map by dt, at dt = 0."""

from __future__ import annotations

from natrium.analysis.doctor.reading.algebra import Slopes
from natrium.analysis.doctor.reading.maps import Maps, differ, points_of, values_at
from natrium.analysis.doctor.reading.trees import leaf, number
from natrium.analysis.doctor.trace.record import Node
from natrium.model.errors import UnsupportedModel


def equations_of(maps: Maps) -> dict[str, Node]:
    """Give the time derivative of each moving state, over the script's own names.

    Raises
    ------
    UnsupportedModel
        When the map holds an operation that has no derivative.
    """
    if maps.record.solver:
        return dict(maps.trees)
    slopes = Slopes(maps.algebra, maps.dt, number(0.0), unmoved(maps))
    found = {}
    for name, tree in maps.trees.items():
        try:
            found[name] = maps.algebra.canonical(slopes.slope(tree))
        except KeyError as error:
            raise UnsupportedModel(
                f"a step must have a derivative by {maps.dt}, got {error} in that of {name}"
            ) from None
    return found


def unmoved(maps: Maps) -> dict[Node, Node]:
    """Give the new states that are the old ones where no time goes by, however they are written."""
    there = Slopes(maps.algebra, maps.dt, number(0.0))
    points = points_of(maps.record, maps.step)
    return {
        tree: maps.algebra.canonical(leaf(name))
        for name, tree in maps.trees.items()
        if not differ(values_at(there.value(tree), points), points[name])
    }
