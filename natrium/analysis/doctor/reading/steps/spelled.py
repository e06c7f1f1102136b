"""Elements of matrices, written out where they are read."""

from __future__ import annotations

import attrs

from natrium.analysis.doctor.reading.expressions.algebra import Algebra
from natrium.analysis.doctor.trace.record import Node, Record


def spelled_out(record: Record) -> Record:
    """Put what elements of arrays are made of in their places: a matrix tells nothing by its own name."""
    if not record.fused or record.solver:
        return record
    algebra = Algebra()
    found = {name: one for name, one in record.parameters.items() if name.endswith("]") and name != record.dt}
    for _ in range(4):  # elements of matrices made of matrices
        found = {name: algebra.replaced(node, found) for name, node in found.items()}
    done: dict[Node, Node] = {}
    steps = tuple(step.with_trees(lambda root: algebra.replaced(root, found, done)) for step in record.steps)
    left = {
        name: algebra.replaced(node, found) for name, node in record.parameters.items() if name not in found
    }
    return attrs.evolve(record, steps=steps, parameters=left)
