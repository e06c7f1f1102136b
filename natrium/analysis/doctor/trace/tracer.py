"""The one who keeps track: forms of values, places that keep them, steps of the loop."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from natrium.analysis.doctor.trace.forms import (
    FIXED,
    FORMS,
    MOVED,
    READS,
    RELATIONS,
    STRIDES,
    TIMED,
    Enough,
    Form,
    Known,
    Place,
    Segment,
    StepTrace,
)
from natrium.analysis.doctor.trace.table import Table


class Tracer(Table):
    """Keeps the forms of one traced run of a script.

    Parameters
    ----------
    filename : str
        The script's, as its code objects have it.
    known : Known
    loops : set of int
        Loops whose turns are steps.
    max_operations, max_steps : int
    quiet : int
        Steps that make nothing anew after which the run ends; 0: it does not.
    """

    def __init__(
        self, filename: str, known: Known, loops: Iterable[int], max_operations: int, max_steps: int,
        quiet: int = 0,
    ) -> None:  # fmt: skip
        super().__init__(filename, max_operations)
        self.known, self.loops = known, frozenset(loops)
        self.max_steps, self.epoch = max_steps, 0
        self.quiet, self.learned = quiet, 0
        self.asked: set[tuple[Any, ...]] = set()
        self.narrow, self.fused, self.enough, self.unlearned = False, False, False, False
        self.unread: str = ""
        self.definitions: dict[Form, Form] = {}
        self.last: dict[tuple[Any, ...], Any] = {}
        self.names: dict[tuple[Any, ...], str] = {}
        self.containers: dict[tuple[Any, ...], Any] = {}
        self.moving = {state[0] for state in known.states if state[2] is not None}
        self.segments: list[Segment] = []
        self.at = 0
        self.step: StepTrace | None = None
        self.reads: dict[tuple[Any, ...], list[Any]] = {}
        self.lengths: dict[tuple[Any, ...], int] = {}
        self.aliases: dict[tuple[Any, ...], str] = {}
        self.swept: set[tuple[Any, ...]] = set()

    # Leaves -----------------------------------------------------------------------------------------

    def read(self, value: Any) -> Form:
        """Give the form by which a value is read: its own within its step, a leaf's otherwise."""
        known = value.read_in
        if known is not None and (known == self.epoch or known is self.segment):
            return value.read_as  # type: ignore[no-any-return]  # a form, whoever holds it
        place: Place | None = value.place
        if self.segment is not None and value.epoch == self.epoch:
            if place is not None and place.key in self.known.cuts:
                return self._cut(value, place)
            form: Form = value.form
            if form.op != "each":
                value.read_as, value.read_in = form, self.epoch
            elif self.step is not None:
                self.step.exogenous[form] = value.raw
            return form
        if place is None:
            return self._nameless(value)
        return self._leaf(value, place)

    def _nameless(self, value: Any) -> Form:
        form: Form = value.form
        if self.segment is None or value.epoch < self.segment.start or form.varies == FIXED:
            return form
        return self._leaf(value, Place(("?", form.line, form.op), f"line {form.line}"))

    def resolve(self, place: Place) -> tuple[Any, ...]:
        """Say what a place is to a step: its key, coordinates that stand still, the other's offset."""
        own = [key for key in self.known.classes.get(place.key, ()) if (key, (), None) in self.known.states]
        if own:  # of several objects it is the one's that has put nothing over it yet
            return (next((key for key in own if (key, ()) not in self.last), own[-1]), (), None)
        axis = self.known.series.get(place.key)
        learned = self.known.final or (self.segment is not None and place.key in self.segment.along)
        if axis is None or axis >= len(place.coords) or not learned:
            return (place.key, place.coords, None)
        position = place.coords[axis]
        if not isinstance(position, int):
            return (place.key, place.coords, None)
        rest = place.coords[:axis] + place.coords[axis + 1 :]
        if place.key in self.known.strides:
            return (place.key, rest, self._order(place.key, place.coords))
        return (place.key, rest, position - self._origin(place.key))

    def go_along(self, key: tuple[Any, ...], axis: int, index: Any = None) -> None:
        """Learn that steps go along a container, one element a step."""
        assert self.segment is not None
        self.known.series.setdefault(key, axis)
        self.segment.along.add(key)
        place: Place | None = getattr(index, "place", None)
        if place is not None and not place.coords:
            self.segment.pointers.setdefault(place.key, [])

    def grow(self, key: tuple[Any, ...], length: int) -> None:
        """Learn that steps make a container longer, from a length on."""
        self.go_along(key, 0)
        if key not in self.known.grown:
            self.known.grown.add(key)
            self.lengths[key] = length

    def _order(self, key: tuple[Any, ...], which: Any) -> int:
        """Say as which of its reads in this step something is read."""
        order = self.reads.setdefault(key, [])
        if which not in order:
            order.append(which)
        return order.index(which)

    def _origin(self, key: tuple[Any, ...]) -> int:
        if key in self.known.grown:
            return self.lengths.get(key, 0)
        return self.at if self.segment is not None else 0

    def _position(self, steps: int) -> int:
        """Say where along its arrays the loop is, after so many steps."""
        kept = self.last.get((self.known.pointer, ()))
        return steps if kept is None else int(kept.raw)

    def _leaf(self, value: Any, place: Place) -> Form:
        segment = self.segment
        if segment is None:
            at = (place.key, place.coords, None)
            return self.leaf(at, place.name, value.raw, value.form.line, value.form)
        resolved = self.resolve(place)
        known = self.known
        before = value.epoch < segment.start
        if before and resolved[2] is not None and resolved not in known.states and resolved[0] in self.moving:
            return value.form  # type: ignore[no-any-return]  # a form, whoever holds it
        if resolved[2] is not None and not known.final:
            offsets = segment.offsets.setdefault(place.key, set())
            if len(offsets) <= STRIDES:
                offsets.add(resolved[2])
        if not before and not known.final:
            one = (place.key, () if place.key in segment.along else place.coords)
            seen = segment.carried.setdefault(one, set())
            if len(seen) < READS:
                seen.add((place.coords, len(segment.steps) - 1, self._origin(place.key)))
        form = self.leaf(resolved, place.name, value.raw, value.form.line, value.form if before else None)
        if before and form.varies == FIXED and not place.coords:
            value.read_as, value.read_in = form, segment
            return form
        if form.value != form.value:
            form.value, form.line = value.raw, form.line or value.form.line
        if before and resolved in segment.initial and segment.initial[resolved] != segment.initial[resolved]:
            segment.initial[resolved] = value.raw
        if form.varies != MOVED and self.step is not None and (form.varies or not known.final):
            self.step.exogenous.setdefault(form, value.raw)
        value.read_as, value.read_in = form, self.epoch
        return form

    def leaf(
        self, resolved: tuple[Any, ...], name: str, value: Any, line: int, definition: Form | None = None
    ) -> Form:
        """Give the leaf of a place: of one that no step writes, by what it was set to before."""
        clock = resolved[:2] in self.known.clocks
        changes = clock or resolved in self.known.states or resolved[2] is not None
        key = ("leaf", *resolved, None if changes else definition)
        form = self.table.get(key)
        if form is None:
            known = self.known
            varies = FIXED
            if resolved in known.states:
                varies = MOVED
            elif clock or resolved[2] is not None or resolved[0] in known.cuts:
                varies = TIMED
            form = self.table[key] = Form("leaf", (), line, value, varies, key=resolved, name=name)
            self._met()
            if definition is not None and not changes:
                self.definitions[form] = definition
        return form

    def _cut(self, value: Any, place: Place) -> Form:
        at = (place.key, place.coords, self._order(place.key, place.nth))
        form = self.leaf(
            self.resolve(place) if place.key in self.known.series else at,
            place.name,
            value.raw,
            value.form.line,
        )
        if self.step is not None:
            self.step.exogenous[form] = value.raw
        assert self.segment is not None
        made = self.segment.made.setdefault(form, {})
        if len(made) < FORMS:
            made.setdefault(value.form, value.raw)
        return form

    # Places ------------------------------------------------------------------------------------------

    def store(self, value: Any, place: Place) -> None:
        """Take note that a remembering value is kept at a place."""
        key, segment = place.key, self.segment
        self.last[(key, place.coords)] = value
        self.names.setdefault(key, place.name)
        if place.coords and key not in self.containers:
            self.names.setdefault((key, place.coords), place.name)
        if segment is None:
            return
        place.nth = self.nth[key] = self.nth.get(key, 0) + 1
        if not self.known.final:
            self._learn(value, place, segment)
        elif self.known.learned and (key, place.line) not in self.known.stores:
            self._met()

    def _learn(self, value: Any, place: Place, segment: Segment) -> None:
        segment.stores.add((place.key, place.line))
        at = (place.key, place.coords) if place.key not in self.known.series else (place.key, ())
        forms = segment.stored.setdefault(at, {})
        if len(forms) < FORMS:
            first = next(iter(forms.values()), value.raw)
            if place.key[0] == "arg":  # what each call of a step is given is compared with its own
                first = segment.given.setdefault((place.key, place.nth), value.raw)
            forms.setdefault(value.form, value.raw)
            if first != value.raw:
                segment.varied.add(at)
        segment.counts[at] = segment.counts.get(at, 0) + 1

    # Steps -------------------------------------------------------------------------------------------

    def enter(self, loop: int) -> bool:
        """Begin a loop; say whether its turns are steps."""
        if loop not in self.loops or self.segment is not None:
            return False
        self.epoch += 1
        self.segment = Segment(loop, self.epoch + 1)
        self.segments.append(self.segment)
        return True

    def _stop(self) -> None:
        """End the traced run: what is begun does not count."""
        self.enough = True
        if self.step is not None and self.segment is not None:
            self.segment.steps.pop()
            self.step = None
        raise Enough

    def turn(self) -> None:
        """End the step before and begin the next."""
        assert self.segment is not None
        if self.step is not None:
            self._finish()
        self.epoch += 1
        steps = len(self.segment.steps)
        self.unlearned = bool(self.known.learned) and self.changed > self.known.learned
        if self.quiet and steps - self.newest >= self.quiet:
            self.learned = steps
        budget = self.epoch <= self.max_steps and self.operations <= self.max_operations
        if self.learned or self.unlearned or not budget:
            self.step = None
            self._stop()
        self.lengths = {key: len(self.containers[key]) for key in self.known.grown if key in self.containers}
        self.step = StepTrace()
        self.segment.steps.append(self.step)
        self.reads, self.nth, self.at = {}, {}, self._position(steps)
        for key, found in self.segment.pointers.items():
            if (kept := self.last.get((key, ()))) is not None and isinstance(kept.raw, int):
                found.append(int(kept.raw))
        if self.known.final and steps == 0:
            for state in self.known.states:
                self.segment.initial[state] = self._content(state, self.at)[0]
            self.segment.initial[self.known.timer] = 0

    def leave(self, begun: bool = True) -> None:
        """End the loop, and its last step if that has begun."""
        if self.step is not None:
            assert self.segment is not None
            if begun:
                self._finish()
            else:
                self.segment.steps.pop()
        self.segment, self.step = None, None
        self.epoch += 1

    def _finish(self) -> None:
        if not self.known.final:
            return
        assert self.step is not None
        assert self.segment is not None
        following = self._position(len(self.segment.steps))
        for state in self.known.states:
            value, form = self._content(state, following)
            self.step.values[state] = value
            self.step.updates[state] = form

    def _content(self, state: tuple[Any, ...], step: int) -> tuple[Any, Form]:
        """Give a state's value at the start of a step, and what the step before made it of."""
        key, rest, offset = state
        coords = rest
        if offset is not None:
            axis = self.known.series[key]
            if key in self.known.grown and key in self.containers:
                step = len(self.containers[key])
            coords = (*rest[:axis], step + offset, *rest[axis:])
        kept = self.last.get((key, coords))
        shared_by = self.known.classes.items() if kept is None else ()
        for shared in [one for one, own in shared_by if key in own]:
            kept = self.last.get((shared, coords))  # it is still its class's
        leaf = self.leaf(state, self.names.get(key, ""), float("nan"), 0)
        if kept is not None and (offset is None or kept.epoch == self.epoch):
            return kept.raw, kept.form if kept.epoch == self.epoch else leaf
        if offset is not None:
            older = (key, rest, offset + 1)
            if older in self.known.states:
                before = self.leaf(older, self.names.get(key, ""), 0.0, 0)
                if kept is not None:
                    return kept.raw, before
        value = kept.raw if kept is not None else self._element(key, coords)
        if offset is None:
            return value, leaf
        return value, kept.form if kept is not None and kept.form.op == "number" else self.number(value, 0)

    def forget(self, key: tuple[Any, ...]) -> None:
        """Leave out what was set in an array before: another of its name is there."""
        self.last = {place: value for place, value in self.last.items() if place[0] != key}

    def _element(self, key: tuple[Any, ...], coords: tuple[Any, ...]) -> Any:
        container = self.containers.get(key)
        if container is None:
            return float("nan")
        try:
            for one in coords:
                container = container[one]
            return getattr(container, "raw", container)
        except (IndexError, KeyError, TypeError):
            return float("nan")

    def choose(self, value: Any, held: bool) -> None:
        """Take note of a choice."""
        if self.step is None:
            return
        form = self.read(value)
        is_above_zero = form.op == ">" and form.args[1].op == "number" and form.args[1].value == 0
        if is_above_zero and form.args[0].op in ("int", "float") and form.args[0].args[0].op in RELATIONS:
            form = form.args[0].args[0]  # a truth that was made a number
        while form.op == "not" or (form.op in ("int", "float") and form.args[0].op in RELATIONS):
            form, held = form.args[0], held is not (form.op == "not")
        line = self.line()
        if form.op in RELATIONS and len(form.args) == 2:
            left, right = form.args
            relation, line = form.op, form.line or line
        else:
            left, relation, right = form, "!=", self.number(0, line)
        if left.varies or right.varies or not self.known.final:
            choice = (left, relation, right, held, line)
            self.step.choices.append(choice)
            if choice not in self.asked:
                self.asked.add(choice)
                if self.segment is not None:
                    self.newest = len(self.segment.steps)


ACTIVE: list[Tracer] = []


def active() -> Tracer:
    """Give the tracer of the run that is on."""
    return ACTIVE[-1]


def begin(tracer: Tracer) -> None:
    """Make a tracer the active one."""
    ACTIVE.append(tracer)


def end() -> None:
    """Put the active tracer away."""
    ACTIVE.pop()
