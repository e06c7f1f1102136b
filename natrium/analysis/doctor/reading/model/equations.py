"""The equations that a script integrates: the derivative of its free map by dt, at dt = 0."""

from __future__ import annotations

from natrium.analysis.doctor.reading.expressions.algebra import Slopes
from natrium.analysis.doctor.reading.expressions.trees import leaf, number
from natrium.analysis.doctor.reading.maps.maps import Maps, differ, points_of, values_at
from natrium.analysis.doctor.trace.record import Node
from natrium.model.errors import UnsupportedModel


def equations_of(maps: Maps) -> dict[str, Node]:
    """Give the time derivative of each moving state, over the script's own names.

    What moves a state though no time goes by is taken for its flow: what it lacks is dt.

    Raises
    ------
    UnsupportedModel
        When the map holds an operation that has no derivative.
    """
    if maps.record.solver:
        return dict(maps.trees)
    algebra, still = maps.algebra, unmoved(maps)
    old = {tree: algebra.canonical(leaf(name)) for name, tree in maps.trees.items()}
    found = {}
    for name, tree in maps.trees.items():
        slopes = Slopes(
            algebra, maps.dt, number(0.0), {one: at for one, at in old.items() if one is not tree}
        )
        try:
            flow = slopes.slope(tree) if tree in still else algebra.subtract(slopes.value(tree), leaf(name))
            found[name] = algebra.canonical(flow)
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
