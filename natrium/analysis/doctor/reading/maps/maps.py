"""What the steps of a traced run are: free, firing or held; the threshold, the reset, the refractory rule."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from natrium.analysis.doctor.reading.expressions.algebra import Algebra, Slopes
from natrium.analysis.doctor.reading.expressions.clocks import keeps_a_time, other_clocks
from natrium.analysis.doctor.reading.expressions.trees import (
    LEAF,
    NUMBER,
    at_points,
    in_order,
    is_leaf,
    leaf,
    leaves,
    number,
)
from natrium.analysis.doctor.trace.meanings import is_rest
from natrium.analysis.doctor.trace.record import Choice, Node, Record, Step
from natrium.model.arrays import Array

POINTS = 24  # states of the run at which maps are told apart
SAME = 1e-9  # of the size of what is compared
AMPERES = 1e-6  # smaller are numbers in SI units alone: so is then a current that does not flow yet
NO_DT = "dt"  # what a step is called where the script has no name for it
FLIPPED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}
OPPOSITE = {"<": ">=", "<=": ">", ">": "<=", ">=": "<", "==": "!=", "!=": "=="}


@attrs.frozen(eq=False)
class Threshold:
    """The comparison that makes a step fire.

    Attributes
    ----------
    side : Node
        What is compared, over the states before the step.
    level : Node
        With what.
    relation : str
        ``>=`` or ``>``.
    after : bool
        Whether the voltage is the new one.
    line : int
    """

    side: Node
    level: Node
    relation: str
    after: bool
    line: int


@attrs.frozen(eq=False)
class Hold:
    """The refractory rule.

    Attributes
    ----------
    way : str
        ``"counter"``: a time or number counted down or up; ``"clock"``: time since the last spike;
        ``"none"``.
    steps : tuple of int
        After each spike of the run, how many steps were held.
    still : tuple of str
        States that stand still meanwhile.
    lines : tuple of int
        Of the comparisons that decide.
    """

    way: str
    steps: tuple[int, ...]
    still: tuple[str, ...]
    lines: tuple[int, ...]


@attrs.frozen(eq=False, kw_only=True)
class Maps:
    """The maps of a run, sorted.

    Attributes
    ----------
    record : Record
    V : str
        The membrane's voltage, as the script calls it.
    moving : tuple of str
        States that flow: V first.
    timers : tuple of str
        States that count or keep a time.
    free, firing, held : tuple of int
        Which of the record's steps are which, the most frequent free one first.
    main : Step
        The free step that most steps were; of a run that fires in every one, what they would be otherwise.
    threshold : Threshold or None
    resets : mapping of str to Node
        By state that a spike moves: its value after it.
    hold : Hold
    spikes : ndarray of int, shape (n_spikes,)
        The steps that fire.
    dt : str
        The leaf of the step.
    named : bool
        Whether the script has it; else it was put in.
    step : float
        Its value.
    trees : mapping of str to Node
        By moving state: its free map, over states, parameters, input, dt.
    clips : tuple of Node
        Clips that were taken off these.
    clocked : tuple of int
        Steps in which V jumps though it has not reached a threshold.
    noise : str
        What noise goes by that the script draws; empty where it draws none.
    located : bool
        Whether a step finds its crossing, resets there and goes on from there.
    kicks : tuple of Kick
        Incoming spikes that move states.
    """

    record: Record
    algebra: Algebra
    V: str
    moving: tuple[str, ...]
    timers: tuple[str, ...]
    free: tuple[int, ...]
    main: Step
    firing: tuple[int, ...]
    held: tuple[int, ...]
    threshold: Threshold | None
    resets: Mapping[str, Node]
    hold: Hold
    spikes: npt.NDArray[np.int64]
    dt: str
    named: bool
    step: float
    trees: Mapping[str, Node]
    clips: tuple[Node, ...] = ()
    clocked: tuple[int, ...] = ()
    noise: str = ""
    located: bool = False
    kicks: tuple[Any, ...] = ()


def points_at(record: Record, steps: npt.NDArray[np.int64]) -> dict[str, Array]:
    """Give what some steps began with and read, for all leaves: shape (n_steps,) each."""
    found = {name: np.full(steps.size, value) for name, value in record.parameter_values.items()}
    found |= {name: record.samples[steps, at] for at, name in enumerate(record.states)}
    found |= {record.input: record.inputs[steps]} if record.input else {}
    found |= {record.time: record.times[steps]} if record.time else {}
    return found | {name: np.asarray(course, dtype=float)[steps] for name, course in record.exogenous.items()}


def points_of(record: Record, step: float = math.nan, n: int = POINTS, seed: int = 7) -> dict[str, Array]:
    """Give states near those of the run, with inputs, for all leaves: shape (n,) each."""
    rng = np.random.default_rng(seed)
    rows = np.sort(rng.choice(max(len(record.samples) - 1, 1), size=n, replace=True))
    found: dict[str, Array] = {name: np.full(n, value) for name, value in record.parameter_values.items()}
    unit = min((v for v in map(abs, record.parameter_values.values()) if 0.0 < v < AMPERES), default=1.0)
    for at, name in enumerate(record.states):
        column = record.samples[:, at]
        column = column[np.isfinite(column)] if np.any(np.isfinite(column)) else np.zeros(1)
        spread = float(np.std(column)) or 0.01 * (abs(float(np.mean(column))) or unit)
        near = record.samples[rows, at] + 0.05 * spread * rng.standard_normal(n)
        found[name] = np.where(np.isfinite(near), near, 0.0)
    if record.input:
        inputs = record.inputs[np.minimum(rows, len(record.inputs) - 1)]
        size = float(np.max(np.abs(record.inputs), initial=0.0)) or unit
        found[record.input] = inputs + size * rng.random(n)
    if record.time:
        found[record.time] = record.times[np.minimum(rows, len(record.times) - 1)]
    for name, course in record.exogenous.items():
        found[name] = np.asarray(course, dtype=float)[np.minimum(rows, len(course) - 1)]
    if not math.isnan(step):
        found[record.dt or NO_DT] = step * (0.3 + 0.7 * rng.random(n))
    return found


def differ(one: Array, other: Array) -> bool:
    """Tell whether two sets of values differ by more than rounding."""
    return bool(are_apart(one, other))


def are_apart(ones: Array, other: Array) -> npt.NDArray[np.bool_]:
    """Tell the same of each of several sets, which go along the last axis."""
    with np.errstate(invalid="ignore"):  # what is not finite is never apart
        size = np.maximum(np.maximum(np.abs(ones), np.abs(other)), 1e-12)
        return np.asarray(np.any(np.abs(ones - other) > SAME * size, axis=-1))


def expanded(record: Record, algebra: Algebra, node: Node, everything: bool = False, but: str = "") -> Node:
    """Put derived parameters that depend on dt (or all, but one) in as the trees that make them."""
    for _ in range(8):
        names = leaves(node)
        made = {
            name: record.parameters[name]
            for name in names
            if name not in (record.dt, but)
            and name in record.parameters
            and record.parameters[name].op not in (LEAF, NUMBER)
            and (everything or record.dt in _roots(record, name))
        }
        if not made:
            return node
        node = algebra.replaced(node, {name: algebra.canonical(tree) for name, tree in made.items()})
    return node


def _roots(record: Record, name: str, depth: int = 8) -> frozenset[str]:
    """Name the leaves that a parameter was made of."""
    tree = record.parameters.get(name)
    if tree is None or tree.op in (LEAF, NUMBER) or not depth:
        return frozenset((tree.name,)) if tree is not None and tree.op == LEAF else frozenset()
    found = set(leaves(tree))
    for one in tuple(found):
        found |= _roots(record, one, depth - 1) if one != name else set()
    return frozenset(found)


def step_of(record: Record) -> float:
    """Give the step in the script's own time; 1 where nothing tells it."""
    if record.dt and record.dt in record.parameters:
        return record.parameters[record.dt].value
    if record.times.size > 1:
        length = float(np.median(np.diff(record.times)))
        if length > 0:
            return length
    return 1.0


def is_timer(record: Record, algebra: Algebra, name: str) -> bool:
    """Tell whether a state counts, or keeps a time: itself, less or more a step, or what it is set to."""
    clocks = {record.time, *record.exogenous} - {""}  # a number has no name either
    known = {name, record.dt, record.time, NO_DT, *record.parameters, *other_clocks(record)}
    if all(not step.updates[name].args and step.updates[name].name not in clocks for step in record.steps):
        compared = [side for step in record.steps for one in step.choices for side in (one.left, one.right)]
        if any(_flows(side, name) for side in compared):
            return False
    if keeps_a_time(record, name):
        return True
    beside = [step.updates[one] for step in record.steps for one in record.states if one != name]
    if not any(name in leaves(one) for one in beside):
        known |= set(record.exogenous)  # nothing is made of it: it may keep what comes from elsewhere, too
    for step in record.steps:
        node = step.updates[name]
        if not leaves(node) <= known | set(record.states):
            return False
        names = leaves(node)
        others = (names - {name}) & set(record.states)
        if others and not all(_only_copied(record, one) for one in others):
            return False
        if name in names:
            try:
                slope = Slopes(algebra, name).slope(node)
            except KeyError:
                return False
            if not (slope.op == NUMBER and slope.value in (0.0, 1.0)):
                return False
            if names & (set(record.parameters) - {record.dt}) and record.dt not in names:
                return False
    return True


def _flows(node: Node, name: str) -> bool:
    """Tell whether a state is in a product, or met twice: compared with a threshold, if never kept."""
    nodes = in_order([node])
    if any(one.op in ("*", "/") and name in leaves(one) for one in nodes):
        return True
    return sum(is_leaf(arg, name) for one in nodes for arg in one.args) > 1


def _only_copied(record: Record, name: str) -> bool:
    """Tell whether a state is only ever kept, counted or set: no product, no quotient."""
    return all(
        one.op in (LEAF, NUMBER, "+", "-", "max", "min", "neg", "abs")
        for step in record.steps
        for one in in_order([step.updates[name]])
    ) and all(
        leaves(step.updates[name]) <= {name, record.dt, record.time, *record.parameters}
        for step in record.steps
    )


def stepped(algebra: Algebra, trees: Mapping[str, Node], step: float) -> dict[str, Node]:
    """Put a step into maps that have none: each increment of a state is as long as one step makes it."""
    h = leaf(NO_DT, step)

    def per_step(more: Node) -> Node:
        return algebra.multiply(h, algebra.divide(more, number(step)), more.line)

    links, whole = dict[Node, int](), dict[Node, str]()
    for state, root in trees.items():
        chain = _chain(root, state)
        links |= chain
        if not chain and not is_leaf(root, state):
            whole[root] = state
    made: dict[Node, Node] = {}
    for one in in_order(trees.values()):
        args = tuple(made[arg] for arg in one.args)
        if one in links:
            base = links[one]
            pair = (args[0], per_step(args[1])) if base == 0 else (per_step(args[0]), args[1])
            made[one] = algebra.make(one.op, *pair, line=one.line)
        elif one.args:
            same = all(a is b for a, b in zip(args, one.args, strict=True))
            made[one] = one if same else algebra.rebuilt(one, args)
        else:
            made[one] = one
        if one in whole:
            base_leaf = algebra.canonical(leaf_of(one, whole[one]))
            more = per_step(algebra.subtract(made[one], base_leaf, one.line))
            made[one] = algebra.make("+", base_leaf, more, line=one.line)
    return {state: algebra.canonical(made[root]) for state, root in trees.items()}


def _chain(root: Node, state: str) -> dict[Node, int]:
    """Give the sums that lead from a state's new value to its old one, and on which side it is in each."""
    if root.op not in ("+", "-"):
        return {}
    for base, one in enumerate(root.args if root.op == "+" else root.args[:1]):
        if is_leaf(one, state):
            return {root: base}
        if further := _chain(one, state):
            return {root: base, **further}
    return {}


def leaf_of(node: Node, name: str) -> Node:
    """Give the leaf of that name in a tree, or a new one."""
    return next((one for one in in_order([node]) if is_leaf(one, name)), leaf(name))


def oriented(choice: Choice, state_side: bool) -> tuple[Node, str, Node]:
    """Give a comparison with a wanted side first: side, relation as it held, other side."""
    relation = choice.relation if choice.held else OPPOSITE[choice.relation]
    if state_side:
        return choice.left, relation, choice.right
    return choice.right, FLIPPED[relation], choice.left


def crossings(algebra: Algebra, step: Step, V: str) -> list[Threshold]:
    """List the comparisons of V, or of what it becomes, with another state or what is not made of V."""
    found = []
    for choice in step.choices:
        on_left, on_right = V in leaves(choice.left), V in leaves(choice.right)
        leads = [led(step, one) for one in (choice.left, choice.right)]
        if on_left and on_right and V in leads and leads[0] != leads[1] and all(leads):
            side, relation, _ = oriented(choice, leads[0] == V)
            found.append(Threshold(side, leaf(leads[leads[0] == V]), relation, side.op != LEAF, choice.line))
            continue
        if on_left == on_right:
            continue
        side, relation, level = _unscaled(*oriented(choice, on_left), V)
        while side.op in ("-", "+") and (V in leaves(side.args[0])) != (V in leaves(side.args[1])):
            left, right = side.args
            if V in leaves(left) and not _is_flow(left, right, side.op, V):
                move = algebra.add if side.op == "-" else algebra.subtract
                side, level = left, move(level, right)
            elif V in leaves(right) and right.op == LEAF and side.op == "-":
                side, relation, level = right, FLIPPED[relation], algebra.subtract(left, level)
            else:
                break
        found.append(Threshold(side, level, relation, not is_leaf(side, V), choice.line))
    return found


def _unscaled(side: Node, relation: str, level: Node, V: str) -> tuple[Node, str, Node]:
    """Leave out what a difference that is compared with 0 is multiplied by."""
    while side.op == "*" and level.op == NUMBER and level.value == 0.0:
        at = int(V in leaves(side.args[1]))
        factor = side.args[1 - at].value
        if V in leaves(side.args[1 - at]) or not factor:
            break
        side, relation = side.args[at], relation if factor > 0.0 else FLIPPED[relation]
    return side, relation, level


def led(step: Step, side: Node) -> str:
    """Name the state that a side is, goes on from, or is made what it is; empty where it is none's."""
    own = [one for one in step.updates if _chain(side, one) or is_leaf(side, one)]
    own += [one for one, made in step.updates.items() if made is side and one in leaves(side)]
    return own[0] if own else ""


def _is_flow(left: Node, right: Node, op: str, V: str) -> bool:
    """Tell whether a sum is V and its increment, not V and a threshold."""
    return not (right.op == NUMBER or (right.op == LEAF and (op == "-" or is_rest(right.name))))


def values_at(node: Node, points: Mapping[str, Any]) -> Array:
    """Evaluate a tree at points; NaN where a leaf has no value."""
    if leaves(node) - set(points):
        return np.full(len(next(iter(points.values()))), np.nan)
    return np.asarray(at_points(node, points))
