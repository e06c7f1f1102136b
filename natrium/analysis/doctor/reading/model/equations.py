"""The equations that a script integrates: the derivative of its free map by dt, at dt = 0."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import sympy

from natrium.analysis.doctor.reading.expressions.algebra import Slopes
from natrium.analysis.doctor.reading.expressions.trees import formula, leaf, number, symbol
from natrium.analysis.doctor.reading.expressions.wording import Readable, text_of
from natrium.analysis.doctor.reading.maps.maps import Maps, differ, points_of, values_at
from natrium.analysis.doctor.trace.meanings import plain
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


def short_names(names: Sequence[str]) -> dict[str, str]:
    """Give names without what they are attributes of, or of many alike what these are; as far as apart."""
    last = [plain(name) for name in names]
    owners = [name.rpartition(".")[0].rpartition(".")[2] for name in names]
    return {
        name: short
        if last.count(short) == 1
        else owner
        if owner not in ("", "self", *last) and owners.count(owner) == 1
        else name.removeprefix("self.")
        for name, short, owner in zip(names, last, owners, strict=True)
    }


def equations_text(maps: Maps, equations: Mapping[str, Node], latex: bool = False) -> dict[str, str]:
    """Give the equations as text, or as LaTeX, over the script's own names."""
    merging = Readable(by_line=False)
    equations = {name: merging.merged(node) for name, node in equations.items()}
    drive = maps.record.input
    words = {drive: "I"} if " " in drive else {}
    if not latex:
        return {
            f"d{short}/dt": text_of(equations[name], words)
            for name, short in short_names(list(equations)).items()
        }
    renamed = {name: symbol(word) for name, word in words.items()}
    return {name: str(sympy.latex(formula(node, renamed))) for name, node in equations.items()}
