"""What a rewritten script calls in the traced run for what it keeps: every store is tagged with its place."""

from __future__ import annotations

import argparse
from collections import deque
from collections.abc import Collection
from pathlib import Path
from typing import Any

import numpy as np

from natrium.analysis.doctor.trace.arrays import TracedArray
from natrium.analysis.doctor.trace.calls import Calls
from natrium.analysis.doctor.trace.elements import SMALL, choosing, unwrapped
from natrium.analysis.doctor.trace.forms import FIXED, MOVED, Place, counts
from natrium.analysis.doctor.trace.layers import Layers
from natrium.analysis.doctor.trace.numbers import REMEMBERING, Remembers, bare, is_number, traced
from natrium.analysis.doctor.trace.objects import Objects
from natrium.analysis.doctor.trace.stores import IN_PLACE, option_line
from natrium.analysis.doctor.trace.tracer import Tracer


class Watch(Calls):
    """The traced run: stores are tagged, elements read and arguments given are named.

    Parameters
    ----------
    tracer : Tracer
    """

    def __init__(self, layers: Layers, scratch: Path, max_operations: int, tracer: Tracer) -> None:
        super().__init__(layers, scratch, max_operations, tracer)
        self.objects = Objects(tracer)
        self.arrays: dict[tuple[Any, ...], TracedArray] = {}
        self.held: dict[int, tuple[Any, tuple[Any, ...], str, int]] = {}
        self.source = tuple[str, ...]()

    def item(self, value: Any, scope: str, name: str, line: int) -> Any:
        """Name a loop's variable, where turns are steps."""
        if isinstance(value, Remembers) and value.form.op == "each" and value.epoch == self.tracer.epoch:
            return self.name(value, scope, name, name, line, False, ())
        if self.tracer.segment is None and isinstance(value, (Remembers, float)):
            self.tracer.swept.add(("n", scope, name))
            return self.name(value, scope, name, name, line, True, ())
        return value

    def here(self) -> int:
        """Say how many choices the step has made so far."""
        return len(self.tracer.step.choices) if self.tracer.step is not None else 0

    def since(self, mark: int, value: Any) -> Any:
        """Let what is stored next hang on the choices that its expression made."""
        self.mark = mark
        return value

    def returned(
        self, value: Any, scope: str, name: str, line: int, literal: bool, first: int, last: int
    ) -> Any:
        """Name what a function gives, if it has no name."""
        tracer = self.tracer
        if tracer.segment is None or not (isinstance(value, Remembers) or is_number(value)):
            return value
        if isinstance(value, Remembers) and value.place is not None and value.epoch == tracer.epoch:
            return value
        return self._tagged(value, Place(("ret", scope), name), line, literal, range(first, last + 1))

    # Stores ------------------------------------------------------------------------------------------

    def _control(self, form: Any, tests: Collection[int]) -> Any:
        """In the first traced run, let a form know the choices that it hangs on."""
        tracer = self.tracer
        step = tracer.step
        if step is None or tracer.known.final:
            return form
        mark, self.mark = self.mark, None
        begin = len(step.choices) if mark is None else mark
        if not tests and begin == len(step.choices):
            return form
        wanted = [
            side
            for k, (left, _, right, _, line) in enumerate(step.choices)
            if k >= begin or line in tests
            for side in (left, right)
        ]
        found = list(dict.fromkeys(one for one in wanted if one.op != "number"))
        return tracer.operation("chosen", (form, *found), form.value, form.line) if found else form

    def _tagged(self, value: Any, place: Place, line: int, literal: bool, tests: Collection[int]) -> Any:
        """Give a number as it is kept at a place."""
        tracer, place.line = self.tracer, line
        if type(value) in REMEMBERING:
            form, raw = tracer.read(value), value.raw
            if form.varies == MOVED and form.op == "leaf" and form.key[1] and not place.coords:
                tracer.aliases.setdefault(form.key, place.name)
        elif literal or tracer.segment is None or isinstance(value, (bool, np.bool_)) or self._has_chosen():
            form, raw = tracer.number(value, line), value
        else:
            form, raw = tracer.outside(("value", place.key), place.name, value, line), value
            if tracer.step is not None:
                tracer.step.exogenous[form] = raw
        new = traced(raw, self._control(form, tests), tracer.epoch, place)
        if isinstance(new, Remembers):
            tracer.store(new, place)
        return new

    def _has_chosen(self) -> bool:
        return self.mark is not None and self.mark < self.here()

    def _kept(self, value: Any, place: Place, line: int, literal: bool, tests: Collection[int]) -> Any:
        """Give whatever is stored as it is kept at a place."""
        if type(value) in REMEMBERING or is_number(value):
            return self._tagged(value, place, line, literal, tests)
        kind, place.line = type(value), line
        if kind is TracedArray:
            return self._array(value, place)
        if kind in (list, dict, deque):
            known = id(value) in self.held
            self._hold(value, place)
            if known:
                return value
            if kind is dict and len(value) <= 200:
                for key, one in list(value.items()):
                    value[key] = self._inner(one, place, key, line, literal)
            elif kind is list and len(value) <= 2 * SMALL:
                for k, one in enumerate(value):
                    value[k] = self._inner(one, place, k, line, literal)
            return value
        if kind is tuple and len(value) <= 2 * SMALL:
            return tuple(self._inner(one, place, k, line, literal) for k, one in enumerate(value))
        if isinstance(value, tuple) and hasattr(value, "_make"):
            fields = getattr(value, "_fields", ())
            ones = [
                self._inner(one, place, k, line, literal, f"{place.name}.{field}")
                for k, (one, field) in enumerate(zip(value, fields, strict=True))
            ]
            return value._make(ones)
        if self.objects.owns(value):
            self._object(value, place, line)
        return value

    def _inner(
        self, value: Any, place: Place, key: Any, line: int, literal: bool, named: str | None = None
    ) -> Any:
        there = value.place if isinstance(value, Remembers) and value.epoch == self.tracer.epoch else None
        if there is not None and there.coords and there.key == place.key:
            return value
        if isinstance(value, Remembers) or is_number(value):
            inner = Place(place.key, f"{place.name}[{key!r}]" if named is None else named, (bare(key),))
            return self._tagged(value, inner, line, True, ())
        if self.objects.owns(value):
            self._object(value, Place((*place.key, bare(key)), f"{place.name}[{key!r}]"), line)
        elif type(value) is TracedArray or type(value) in (list, dict):
            return self._kept(value, Place((*place.key, key), f"{place.name}[{key!r}]"), line, literal, ())
        return value

    def _object(self, value: Any, place: Place, line: int) -> None:
        """Tag the numbers of an object that were set without the script's own assignments."""
        (key, goes_on), segment = self.objects.settle(value, place), self.tracer.segment
        for attr in getattr(value, "__dataclass_fields__", {}) if segment is None else ():
            default = getattr(type(value), attr, None)
            if type(default) in (int, float):  # which it did not set by an assignment
                there = Place(("n", type(value).__qualname__, attr), f"self.{attr}")
                setattr(type(value), attr, self._tagged(default, there, line, True, ()))
        for attr, one in list(vars(value).items()):
            at = ("a", key, attr)
            if isinstance(one, Remembers):
                untold = one.place is None or one.place.key != at
            else:
                untold = is_number(one)
            if untold:
                where = option_line(self.source, attr) if isinstance(value, argparse.Namespace) else 0
                new = self._tagged(one, Place(at, f"self.{attr}"), where or line, True, ())
                if segment is not None and not goes_on and getattr(one, "epoch", 0) < segment.start:
                    new.epoch = segment.start - 1  # it was there before the loop, if without a name
                value.__dict__[attr] = new

    def _hold(self, value: Any, place: Place) -> None:
        key = (*place.key, *place.coords)
        self.held.setdefault(id(value), (value, key, place.name, self.tracer.epoch))
        self.tracer.containers[key] = value

    def _array(self, value: TracedArray, place: Place) -> Any:
        """Name an array, and the elements of it that are followed."""
        tracer = self.tracer
        segment = tracer.segment
        anew = segment is not None and value.born >= segment.start and value.key != place.key
        # Of what a function gives back, the first array has its name there; others have theirs here.
        given = segment is None and value.key[:1] == place.key[:1] == ("n",) and value.key[1] != place.key[1]
        if value.key and not (anew or (given and self.arrays.setdefault(value.key, value) is not value)):
            return value
        if value.key:
            nodes, first = value.nodes, value.first
            value = value.plain.view(TracedArray)
            value.nodes = None if nodes is None or (given and value.many) else nodes.copy()
            value.first, value.born = first, tracer.epoch
        value.key, value.name = (*place.key, *place.coords), place.name
        value.frame = tuple((0,) for _ in value.shape)
        self._grows(value)
        tracer.containers[value.key] = value
        if segment is None:
            tracer.forget(value.key)
        if value.nodes is None or value.size == 0:
            return value
        for at in value.followed():
            node = value.nodes[at]
            if isinstance(node, Remembers) and not self._stays(node, value.key, at):
                inner = Place(value.key, value.name, tuple(at), line=place.line)
                new = traced(node.raw, self._control(tracer.read(node), ()), tracer.epoch, inner)
                value.nodes[at] = new
                tracer.store(new, inner)
        return value

    def _stays(self, node: Any, key: tuple[Any, ...], at: tuple[int, ...]) -> bool:
        """Whether an element is where it was, in an array that grows."""
        place, grown = node.place, self.tracer.known.grown
        return key in grown and place is not None and (place.key, place.coords) == (key, at)

    def _grows(self, value: TracedArray) -> None:
        """Take note of an array that is made anew at every step, by one longer."""
        tracer = self.tracer
        before = tracer.containers.get(value.key)
        if tracer.segment is None or tracer.known.final or not isinstance(before, TracedArray):
            return
        longer = value.ndim == 1 and before.ndim == 1 and len(value) == len(before) + 1
        if longer:
            tracer.grow(value.key, len(before))

    def name(
        self, value: Any, scope: str, name: str, text: str, line: int, literal: bool, tests: Collection[int]
    ) -> Any:
        """Store in a variable."""
        return self._kept(value, Place(("n", scope, name), text), line, literal, tests)

    def set_attr(
        self, value: Any, owner: Any, attr: str, text: str, line: int, literal: bool, tests: Collection[int]
    ) -> None:
        """Store in an attribute."""
        if isinstance(owner, type) or not (hasattr(owner, "__dict__") or self.objects.is_own_kind(owner)):
            setattr(owner, attr, value)
            return
        key = ("a", self.objects.key(owner), attr)
        before = next((vars(kind)[attr] for kind in type(owner).__mro__ if attr in vars(kind)), None)
        if isinstance(before, Remembers) and before.place is not None:
            over = self.tracer.known.classes.setdefault(before.place.key, [])
            if key not in over:
                over.append(key)
        setattr(owner, attr, self._kept(value, Place(key, text), line, literal, tests))

    def set_item(
        self, value: Any, owner: Any, index: Any, text: str, line: int, literal: bool, tests: Collection[int]
    ) -> None:
        """Store in an element."""
        if isinstance(owner, TracedArray):
            if not owner.key:
                self._array(owner, Place(("t", text), text))
            if literal and is_number(value):
                value = traced(value, self.tracer.number(value, line), self.tracer.epoch)
            owner[index] = self._under(value, tests)
            return
        plain = choosing(index)
        if type(owner) not in (list, dict) or isinstance(plain, slice):
            owner[plain] = value if type(owner) is list else unwrapped(value)
            return
        if id(owner) not in self.held:
            self._hold(owner, Place(("t", text), text))
        _, key, name, _ = self.held[id(owner)]
        if type(owner) is list:
            self._moves(key, index)
            plain = plain + len(owner) if plain < 0 else plain
        shown = f"{name}[{plain!r}]"
        owner[plain] = self._kept(value, Place(key, shown, (plain,)), line, literal, tests)

    def _under(self, value: Any, tests: Collection[int]) -> Any:
        if isinstance(value, Remembers) and self.tracer.step is not None and not self.tracer.known.final:
            form = self._control(self.tracer.read(value), tests)
            return traced(value.raw, form, self.tracer.epoch)
        return value

    def _moves(self, key: tuple[Any, ...], index: Any) -> None:
        if not self.tracer.known.final and self._is_moving(index):
            self.tracer.go_along(key, 0, index)

    def _is_moving(self, index: Any) -> bool:
        segment = self.tracer.segment
        if segment is None or not isinstance(index, Remembers):
            return False
        return index.epoch >= segment.start and index.form.op != "number"

    def aug_attr(
        self, owner: Any, attr: str, op: str, value: Any, text: str, line: int, tests: Collection[int]
    ) -> None:
        """Change an attribute in place."""
        self.set_attr(IN_PLACE[op](getattr(owner, attr), value), owner, attr, text, line, False, tests)

    def aug_item(
        self, owner: Any, index: Any, op: str, value: Any, text: str, line: int, tests: Collection[int]
    ) -> None:
        """Change an element in place."""
        self.set_item(
            IN_PLACE[op](self.get(owner, index, text), value), owner, index, text, line, False, tests
        )

    def append(
        self, owner: Any, value: Any, text: str, line: int, literal: bool, tests: Collection[int]
    ) -> Any:
        """Append to a list."""
        if type(owner) is not list:
            return owner.append(value)
        if id(owner) not in self.held:
            self._hold(owner, Place(("t", text), text))
        _, key, name, _ = self.held[id(owner)]
        if self.tracer.segment is not None and not self.tracer.known.final:
            self.tracer.grow(key, len(owner))
        owner.append(self._kept(value, Place(key, name, (len(owner),)), line, literal, tests))
        return None

    def get(self, owner: Any, index: Any, text: str) -> Any:
        """Read an element."""
        if isinstance(owner, TracedArray):
            return owner[index]
        kind = type(owner)
        if kind not in (list, dict, tuple):
            return owner[unwrapped(index)]
        plain = choosing(index)
        value = owner[plain]
        held = self.held.get(id(owner))
        if held is None or isinstance(plain, slice):
            return value
        _, key, name, born = held
        if kind is list:
            self._moves(key, index)
            plain = plain + len(owner) if plain < 0 else plain
        known = isinstance(value, Remembers) and kind is not tuple
        nameless = known and value.place is None and value.form.op == "number"
        if nameless or (known and self._goes_along(value, index, key)):
            place = Place(key, f"{name}[{plain!r}]", (plain,))
            value = owner[plain] = traced(value.raw, value.form, value.epoch, place)
        if is_number(value) and not isinstance(value, Remembers):
            place = Place(key, f"{name}[{plain!r}]", (plain,))
            return traced(value, self.tracer.number(value, 0), born, place)
        return value

    def _goes_along(self, value: Any, index: Any, key: tuple[Any, ...]) -> bool:
        """Tell whether steps read a list that was there before them, each at its own place."""
        segment, place = self.tracer.segment, value.place
        old = segment is not None and value.epoch < segment.start
        return old and (place is None or place.key != key) and self._is_moving(index)

    # Arguments and choices -----------------------------------------------------------------------------

    def argument(self, value: Any, scope: str, name: str, line: int) -> Any:
        """Name a function's argument that has no name yet."""
        tracer = self.tracer
        if isinstance(value, Remembers):
            if value.place is not None or value.form.varies == MOVED:
                return value
            made = value.form.args and not counts(value.form)
            if made and (tracer.segment is not None or value.form.varies != FIXED):
                return value
            form, raw = value.form, value.raw
        elif is_number(value):
            form, raw = tracer.number(value, line), value
        elif type(value) is TracedArray and not value.key:
            return self._array(value, Place(("arg", scope, name), name))
        else:
            if type(value) is list and id(value) not in self.held:
                self._hold(value, Place(("arg", scope, name), name))
            return value
        place = Place(("arg", scope, name), name)
        if form.op == "number":
            leaf = tracer.leaf((place.key, (), None), name, raw, form.line, form)
            if tracer.segment is not None:
                form = self._control(leaf, ())
        new = traced(raw, form, tracer.epoch, place)
        if isinstance(new, Remembers):
            tracer.store(new, place)
        return new

    def chosen(self, value: Any, text: str, line: int) -> Any:
        """Name what a conditional expression gives."""
        if self.tracer.segment is None or not (isinstance(value, Remembers) or is_number(value)):
            return value
        return self._tagged(value, Place(("if", line, text), text), line, True, (line,))

    def setattr_(self, owner: Any, attr: str, value: Any) -> None:
        """Store in an attribute that is named by a text."""
        if isinstance(value, Remembers) and value.epoch == self.tracer.epoch:
            value = traced(value.raw, value.form, value.epoch)
        self.set_attr(value, owner, attr, f"self.{attr}", self.tracer.line(), True, ())
