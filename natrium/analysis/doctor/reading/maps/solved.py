"""Steps that SciPy makes for a script: its right-hand side read, and integrated once more for the replay."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import attrs
import numpy as np
import scipy.integrate

from natrium.analysis.doctor.reading.expressions.rewriting import rewriting
from natrium.analysis.doctor.reading.expressions.trees import (
    DOUBLES,
    LEAF,
    NUMBER,
    Program,
    in_order,
    leaf,
    leaves,
    with_args,
)
from natrium.analysis.doctor.reading.maps.maps import NO_DT, step_of
from natrium.analysis.doctor.trace.record import SOLVED, Node, Record

ALIKE = 1e-6  # of a step: rounding
METHODS = ("RK45", "RK23", "DOP853", "Radau", "BDF", "LSODA")
CLOSE = 1e-3  # of a state's range: what SciPy's tolerances may leave of a step


def solver_of(record: Record) -> str:
    """Name SciPy's solver that the script calls in each step; empty where it calls none."""
    for step in record.steps:
        sides = [side for one in step.choices for side in (one.left, one.right)]
        for node in in_order([*step.updates.values(), *sides]):
            if node.op.startswith(SOLVED):
                return node.op.removeprefix(SOLVED)
    return ""


def as_straight(record: Record) -> Record:
    """Put, for the equations' sake, a straight step in the place of each that a solver makes."""
    record = _with_length(record)
    length = leaf(record.dt or NO_DT, step_of(record))

    def straight(node: Node, args: tuple[Node, ...]) -> Node:
        if not node.op.startswith(SOLVED):
            return with_args(node, args)
        begin, slope, asked = args
        moved = Node("*", (length, slope), length.value * slope.value, node.line)
        share = asked.value / length.value
        if abs(share - 1.0) > ALIKE:  # it goes on by more, or less, than the step
            moved = Node("*", (Node(NUMBER, (), share, node.line), moved), math.nan, node.line)
        return Node("+", (begin, moved), node.value, node.line)

    of = rewriting(straight)

    parameters = dict(record.parameters)
    if record.dt not in parameters:
        parameters[NO_DT] = Node(NUMBER, (), step_of(record), 0, NO_DT)
    return attrs.evolve(
        record,
        dt=record.dt or NO_DT,
        parameters=parameters,
        steps=tuple(step.with_trees(of) for step in record.steps),
    )


def _with_length(record: Record) -> Record:
    """Take for the step how long the solver is called for, by its name, where no other is known."""
    trees = [node for step in record.steps for node in step.updates.values()]
    asked = {node.args[2] for node in in_order(trees) if node.op.startswith(SOLVED)}
    names = {name for one in asked for name in leaves(one)}
    if record.dt or len(names) != 1 or not names <= record.parameters.keys():
        return record
    (name,) = names
    value = record.parameters[name].value
    alone = all(abs(one.value - value) <= ALIKE * abs(value) for one in asked)
    return attrs.evolve(record, dt=name) if alone else record


class Solved:
    """What a solver makes in one step of the states that it was given.

    Parameters
    ----------
    nodes : sequence of Node
        Of one call, all of which begin at states.
    """

    def __init__(self, nodes: Sequence[Node]) -> None:
        self.names = [node.args[0].name for node in nodes]
        self.flow = Program(node.args[1] for node in nodes)
        self.length = Program([nodes[0].args[2]])
        self.method = nodes[0].op.removeprefix(f"{SOLVED}solve_ivp ")

    def __call__(self, values: Mapping[str, float], loosely: bool = False) -> list[float]:
        """Integrate from the states' values over the step, sharply or by solve_ivp's own tolerances."""
        at = dict(values)

        def flow(_: float, y: Any) -> list[float]:
            at.update(zip(self.names, y.tolist(), strict=True))
            return self.flow(at, DOUBLES["numpy"])

        begin = [values[name] for name in self.names]
        length = self.length(values, DOUBLES["numpy"])[0]
        with warnings.catch_warnings():  # what it cannot do is told by what comes out
            warnings.simplefilter("ignore")
            if loosely:
                solver: Any = scipy.integrate.solve_ivp
                ends = solver(flow, (0.0, length), begin, method=self.method).y[:, -1]
            else:
                ends = scipy.integrate.odeint(flow, begin, [0.0, length], tfirst=True)[-1]
        return [float(one) for one in ends]


def makes_again(record: Record) -> tuple[int, str]:
    """Tell whether each step that a solver made comes out so again, from where the script was.

    Returns
    -------
    (int, str)
        The first step that does not, -1 where all do; and why.
    """
    scale = {name: float(np.ptp(record.samples[:, at])) for at, name in enumerate(record.states)}
    values = record.parameter_values
    ready: dict[int, tuple[Solved, list[str]]] = {}

    def off_by(made: Sequence[float], names: Sequence[str], after: int) -> str:
        for name, value in zip(names, made, strict=True):
            apart = value - float(record.samples[after, record.states.index(name)])
            if not abs(apart) <= CLOSE * (scale[name] or 1.0):
                return f"{name} comes out {apart:.3g} away from SciPy's"
        return ""

    for at, step in enumerate(record.steps):
        made = {name: node for name, node in step.updates.items() if node.op.startswith(SOLVED)}
        if made and all(node.args[0].op == LEAF for node in made.values()):
            ready[at] = Solved(list(made.values())), list(made)
    for k, at in enumerate(record.order.tolist()):
        if at not in ready:
            continue
        now = values | dict(zip(record.states, record.samples[k].tolist(), strict=True))
        now |= {name: float(course[k]) for name, course in record.exogenous.items()}
        if record.input:
            now[record.input] = float(record.inputs[k])
        if record.time:
            now[record.time] = float(record.times[k])
        solved, names = ready[at]
        off = off_by(solved(now), names, k + 1)
        if off and solved.method in METHODS:
            off = off_by(solved(now, loosely=True), names, k + 1) and off
        if off:
            return k, off
    return -1, ""
