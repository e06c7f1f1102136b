"""A record of a traced run's steps: forms become nodes, places get their names back."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from natrium.analysis.doctor.trace.arrays import TracedArray
from natrium.analysis.doctor.trace.built_up import join_settings
from natrium.analysis.doctor.trace.courses import is_ahead, is_pace, is_whole, ramps_of, slopes_of
from natrium.analysis.doctor.trace.elements import SMALL
from natrium.analysis.doctor.trace.forms import MOVED, TIMED, Form, Segment, StepTrace, leaves_of
from natrium.analysis.doctor.trace.meanings import is_input, is_noise, may_be_step, step_rank
from natrium.analysis.doctor.trace.names import Names
from natrium.analysis.doctor.trace.record import Choice, Node, Record, Step
from natrium.analysis.doctor.trace.script import BESIDE
from natrium.analysis.doctor.trace.tracer import Tracer
from natrium.model.arrays import Array


class Builder:
    """Makes a record of one entry of the stepping loop."""

    def __init__(
        self, tracer: Tracer, segment: Segment, objects: Mapping[tuple[Any, ...], str], whole: bool = False
    ) -> None:
        self.tracer, self.segment, self.whole = tracer, segment, whole
        self.swept: set[str] = set()
        self.names = Names(tracer, objects)
        self.nodes: dict[int, Node] = {}
        self.parameters: dict[str, Node] = {}
        self.outside: dict[Form, str] = {}
        self._defining: set[int] = set()
        self._named: dict[tuple[Any, ...], Form] = {}

    def node(self, form: Form) -> Node:
        """Make a form's node; forms of many substeps are too deep for calls in calls."""
        ahead = [form]
        while ahead:
            one = ahead[-1]
            missing = [arg for arg in one.args if id(arg) not in self.nodes]
            if id(one) not in self.nodes and missing:
                ahead += missing
                continue
            if id(one) not in self.nodes:
                self.nodes[id(one)] = self._node(one)
            ahead.pop()
        return self.nodes[id(form)]

    def _node(self, form: Form) -> Node:
        if form.op not in ("leaf", "each"):
            args = tuple(self.nodes[id(one)] for one in form.args)
            if (left := _without_zero(form, args)) is not None:
                return left
            return Node(form.op, args, _value(form.value), _line(form), "", form.numpy)
        made = self.tracer.definitions.get(form)
        if form.op == "leaf" and made is not None:
            known = self.tracer.known
            given = form.key[0][:1] == ("arg",) and form.key[0] in known.cuts | known.several
            # What the place held before it was set anew: only what this was made of counts.
            older = not form.varies and self._named.setdefault(form.key, form) is not form
            if given or older:
                return self.node(made)
        name = self.names.of(form)
        found = Node("leaf", (), _value(form.value), _line(form), name)
        self.nodes[id(form)] = found
        if form.op == "leaf" and form.varies not in (MOVED, TIMED):
            self._define(form, name)
        elif form.op == "each" or form.varies == TIMED:
            self.outside[form] = name
        return found

    def _define(self, form: Form, name: str) -> None:
        if name in self.parameters or id(form) in self._defining:
            return
        self._defining.add(id(form))
        made = self.tracer.definitions.get(form)
        while made is not None and made.op == "leaf" and self.names.wanted(made) == self.names.wanted(form):
            made = self.tracer.definitions.get(made)
        if made is None or made is form:
            self.parameters[name] = Node("number", (), _value(form.value), _line(form))
        else:
            node, own = self.node(made), _value(form.value)
            swept = self.whole and node.op == "leaf" and own == own and node.value != own
            self.parameters[name] = Node("number", (), own, _line(form)) if swept else node
        if form.key[0] in self.tracer.swept:
            self.swept.add(name)

    # The record --------------------------------------------------------------------------------------

    def record(self, source: Iterable[str], lists: Mapping[str, Array]) -> Record:
        """Make the record."""
        join_settings(self.tracer, self.segment)
        steps = self.segment.steps
        states = list(self.tracer.known.states) if self.whole else self._kept_states(steps)
        states = states if self.whole else self._in_order(states, steps)
        for state in states:
            self.names.of(self._leaf(state))
        groups, order = self._grouped(steps, states)
        names = tuple(self.names.of(self._leaf(state)) for state in states)
        made = self._steps(steps, groups, order, states, names)
        samples = self._samples(steps, states)
        values = self._outside_values(steps)
        time, dt = self._clock(values)
        entry = self._input(values, time, made)
        rest = {name: array for name, array in values.items() if name not in (entry, time)}
        n = len(steps)
        return Record(
            source=tuple(source), states=names, samples=samples, parameters=dict(self.parameters),
            input=entry, inputs=values.get(entry, np.full(n, np.nan)), time=time,
            times=values.get(time, np.full(n, np.nan)), dt=dt, steps=made, order=order, lists=dict(lists),
            exogenous=rest, origins=self._origins(), side=self._side(states), swept=frozenset(self.swept),
            fused=self.tracer.fused,
        )  # fmt: skip

    def left_over(self, segments: Sequence[Segment]) -> tuple[str, ...]:
        """Name the states with which each run goes on from the one before, not all from the same."""
        found = []
        for state in self.tracer.known.states:
            begins = [_value(one.initial.get(state, np.nan)) for one in segments]
            ends = [_value(one.steps[-1].values.get(state, np.nan)) for one in segments]
            moves = begins[1:] != ends[1:]  # else later runs are of another object
            if len(set(begins)) > 1 and begins[1:] == ends[:-1] and moves:
                found.append(self.names.of(self._leaf(state)))
        return tuple(found)

    def _side(self, states: list[tuple[Any, ...]]) -> str:
        """Tell which element of an array of many at each time a state is; empty where it is none."""
        for key, _, _ in states:
            container, axis = self.tracer.containers.get(key), self.tracer.known.series.get(key)
            if isinstance(container, TracedArray):
                sizes = [size for at, size in enumerate(container.shape) if at != axis]
                if (many := math.prod(sizes)) > SMALL:
                    return str(range(many)[self.tracer.known.speaker])
        return ""

    def _in_order(self, states: list[tuple[Any, ...]], steps: list[StepTrace]) -> list[tuple[Any, ...]]:
        """Sort states by where the commonest step makes them, then by where any does."""
        maps = Counter(tuple(step.updates[state] for state in states) for step in steps)
        common = dict(zip(states, maps.most_common(1)[0][0], strict=True)) if maps else {}

        def begins(state: tuple[Any, ...]) -> tuple[Any, ...]:
            form = common[state]
            made = [one.line for one in {step.updates[state] for step in steps} if one.args]
            first = form.line if form.args else 10**9
            return (first, min(made, default=10**9), str(state[1]), -(state[2] or 0))

        return sorted(states, key=begins)

    def _leaf(self, state: tuple[Any, ...]) -> Form:
        return self.tracer.leaf(state, self.tracer.names.get(state[0], ""), 0.0, 0)

    def _kept_states(self, steps: list[StepTrace]) -> list[tuple[Any, ...]]:
        """Leave out counts and sums that nothing else reads."""
        states = list(self.tracer.known.states)
        forms: dict[tuple[Any, ...], set[Form]] = {state: set() for state in states}
        choices: set[Form] = set()
        for step in steps:
            for state, form in step.updates.items():
                forms[state].add(form)
            for left, _, right, _, _ in step.choices:
                choices |= {left, right}
        asked = leaves_of(choices)
        read = {state: leaves_of(ones) for state, ones in forms.items()}
        kept = list(states)
        changed = True
        while changed:
            changed = False
            for state in list(kept):
                if state in asked or any(state in read[other] for other in kept if other != state):
                    continue
                moved = [one for one in forms[state] if not (one.op == "leaf" and one.key == state)]
                if all(_only_adds(one, state) for one in moved) and len(kept) > 1:
                    kept.remove(state)
                    changed = True
        return kept

    def _grouped(self, steps: list[StepTrace], states: list[tuple[Any, ...]]) -> tuple[list[list[int]], Any]:
        found: dict[tuple[Any, ...], int] = {}
        groups: list[list[int]] = []
        order = np.empty(len(steps), dtype=np.int64)
        for k, step in enumerate(steps):
            moved = tuple(
                (left, relation, right, held, line)
                for left, relation, right, held, line in step.choices
                if MOVED in (left.varies, right.varies)
            )
            key = (tuple(step.updates[state] for state in states), moved)
            at = found.setdefault(key, len(groups))
            if at == len(groups):
                groups.append([])
            groups[at].append(k)
            order[k] = at
        return groups, order

    def _steps(
        self, steps: list[StepTrace], groups: list[list[int]], order: Any, states: list[tuple[Any, ...]],
        names: tuple[str, ...],
    ) -> tuple[Step, ...]:  # fmt: skip
        outcomes = _timed_outcomes(steps)
        made = []
        for group in groups:
            first = steps[group[0]]
            choices = []
            asked: set[tuple[Any, ...]] = set()
            for choice in first.choices:
                if choice[:4] in asked:
                    continue
                asked.add(choice[:4])
                left, relation, right, held, line = choice
                timed = MOVED not in (left.varies, right.varies)
                if timed and (not (left.varies or right.varies) or len(outcomes[choice[:3], line]) < 2):
                    continue
                if timed and any(choice not in steps[k].choices for k in group):
                    continue
                choices.append(
                    Choice(
                        self.node(left), relation, self.node(right), held, line if line < BESIDE else 0, timed
                    )
                )
            updates = {
                name: self.node(first.updates[state]) for name, state in zip(names, states, strict=True)
            }
            made.append(Step(updates, tuple(choices), group[0], len(group)))
        return tuple(made)

    def _samples(self, steps: list[StepTrace], states: list[tuple[Any, ...]]) -> Array:
        samples = np.full((len(steps) + 1, len(states)), np.nan)
        for j, state in enumerate(states):
            samples[0, j] = _value(self.segment.initial.get(state, np.nan))
            for k, step in enumerate(steps):
                samples[k + 1, j] = _value(step.values[state])
        return samples

    def _outside_values(self, steps: list[StepTrace]) -> dict[str, Array]:
        values: dict[str, Array] = {}
        seen: dict[Form, None] = {}
        for step in steps:
            seen.update(dict.fromkeys(step.exogenous))
        for form in seen:
            if form in self.outside or form.op == "leaf":
                name = self.names.of(form)
                array = np.full(len(steps), np.nan)
                for k, step in enumerate(steps):
                    if form in step.exogenous:
                        array[k] = _value(step.exogenous[form])
                values[name] = array
        return values

    def _clock(self, values: dict[str, Array]) -> tuple[str, str]:
        """Find the leaf of time, and of the step."""
        slopes = slopes_of(values)
        whole = {name for name, slope in slopes.items() if slope == 1.0 and is_whole(values[name])}
        parameters = self.parameters.items()
        ranks = {name: step_rank(name) for name in self.parameters}
        called = sorted(
            (name for name in ranks if ranks[name] is not None), key=lambda name: ranks[name] or 0
        )
        read, even = self._read(), slopes.keys() - ramps_of(slopes, self.parameters)
        ranked = sorted(
            slopes,
            key=lambda name: (
                name in whole,
                name not in even,
                name not in read,
                name.lower().strip("_") not in ("t", "time"),
            ),
        )
        time = ranked[0] if ranked else ""
        dt = ""
        if time and time not in whole:
            step = slopes[time]
            near = [name for name, node in parameters if abs(node.value - step) <= 1e-6 * abs(step)]
            alike = [name for name in near if name in called or may_be_step(name)] or near
            dt = next((name for name in alike if name in called), alike[0] if len(alike) == 1 else "")
        return time, dt or next(iter(called), "") or self._paced(time)

    def _paced(self, count: str) -> str:
        """Find the one parameter that the step's number is multiplied by: so much time a step is."""
        by = {
            other.name
            for node in self.nodes.values()
            if node.op == "*"
            for one, other in (node.args, node.args[::-1])
            if count and not is_input(count) and one.name == count and other.name in self.parameters
        }
        return by.pop() if len(by) == 1 else ""

    def _read(self) -> set[str]:
        return set(self.outside.values())

    def _input(self, values: dict[str, Array], time: str, made: tuple[Step, ...]) -> str:
        met = [
            (state, root, {node.name for node in walked(root) if node.op == "leaf"})
            for step in made for state, root in step.updates.items()
        ]  # fmt: skip
        used = {name for state, _, names in met for name in names if name != state}
        # What a state only keeps, and nothing is made of, drives nothing.
        read = {name for state, root, names in met if root.op != "leaf" or state in used for name in names}
        slopes = slopes_of(values)
        ramps = ramps_of(slopes, self.parameters)
        ones = [
            name for name in values
            if name in read and name != time and not is_noise(name)
            and (name not in slopes or name in ramps)
            and (is_input(name) or not is_pace(values[name], slopes.get(time, 0.0)))
            and not (time in slopes and is_ahead(values[name], values[time], slopes[time]))
        ]  # fmt: skip
        if len(ones) > 1:
            named = [name for name in ones if is_input(name)]
            moving = [name for name in ones if np.nanmin(values[name]) < np.nanmax(values[name])]
            ones = sorted(named or moving or ones, key=len)
        return ones[0] if ones else ""

    def _origins(self) -> dict[str, tuple[Node, ...]]:
        found: dict[str, tuple[Node, ...]] = {}
        for form, name in list(self.outside.items()):
            made = self.segment.made.get(form)
            if made:
                found[name] = tuple(self.node(one) for one in made)
        return found


def _timed_outcomes(steps: list[StepTrace]) -> dict[Any, set[bool]]:
    outcomes: dict[Any, set[bool]] = {}
    for step in steps:
        for left, relation, right, held, line in step.choices:
            outcomes.setdefault(((left, relation, right), line), set()).add(held)
    return outcomes


def _only_adds(form: Form, state: tuple[Any, ...]) -> bool:
    if form.op in ("+", "-") and len(form.args) == 2:
        first, second = form.args
        if first.op == "leaf" and first.key == state:
            return state not in leaves_of([second])
    return state not in leaves_of([form])


def walked(root: Node) -> Iterable[Node]:
    """Go through a tree's nodes, each once."""
    ahead, seen = [root], set()
    while ahead:
        one = ahead.pop()
        if id(one) not in seen:
            seen.add(id(one))
            yield one
            ahead += one.args


def _line(form: Form) -> int:
    """Give a form's line in the script, 0 in files beside it."""
    return form.line if form.line < BESIDE else 0


def _without_zero(form: Form, args: tuple[Node, ...]) -> Node | None:
    """Give what is left of a product of a literal 0, and of a sum with such a product."""
    zeros = [at for at, one in enumerate(args) if one.op == "number" and one.value == 0]
    if (form.op == "*" and zeros) or (form.op == "/" and zeros == [0]):
        return args[zeros[0]]
    made = [at for at in zeros if form.args[at].args]
    if made and (form.op == "+" or (form.op == "-" and made == [1])):
        return args[1 - made[0]]
    return None


def _value(raw: Any) -> float:
    try:
        return float(raw)
    except (TypeError, ValueError, OverflowError):
        return float("nan")
