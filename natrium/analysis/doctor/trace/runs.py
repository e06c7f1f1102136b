"""The two runs of a script: the plain one, and the traced one that must be like it."""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from natrium.analysis.doctor.trace import tracer as tracing
from natrium.analysis.doctor.trace.arrays import wrapped
from natrium.analysis.doctor.trace.elements import unwrapped
from natrium.analysis.doctor.trace.foreign import Foreign
from natrium.analysis.doctor.trace.forms import Known
from natrium.analysis.doctor.trace.jumps import JumpingTracer
from natrium.analysis.doctor.trace.layers import Layers
from natrium.analysis.doctor.trace.numbers import Remembers
from natrium.analysis.doctor.trace.plain import Plain
from natrium.analysis.doctor.trace.scipy_layer import Call
from natrium.analysis.doctor.trace.script import Run, Script
from natrium.analysis.doctor.trace.standins import digest
from natrium.analysis.doctor.trace.watch import Watch

# Turns of loops of the plain run, for each operation of the traced one.
_TURNS = 8
# Turns below which a loop is no stepping loop.
_FEWEST = 5
# Of a generator's turns: those that another loop asks for.
_DRIVEN = 0.9
NARROW = "float32: its rounding is not followed"


class PlainRun:
    """The plain run: what it leaves, and how often its loops turned."""

    def __init__(
        self, script: Script, given: Mapping[str, Any], max_operations: int, compiled: bool = True
    ) -> None:
        self.run = Run(script, tracing=False, compiled=compiled)
        self.layers = Layers(False, self.run.outputs, self.run.sibling, uncompiled=not compiled)
        made: list[Plain] = []

        def make(scratch: Path) -> Plain:
            made.append(Plain(self.layers, scratch, _TURNS * max_operations))
            made[0].kept = script.kept
            return made[0]

        self.run.go(make, copy.deepcopy(dict(given)))
        self.hook = made[0]
        if compiled and self.layers.compiled:
            # Loops that Numba compiles are counted apart, uncompiled.
            self.hook = PlainRun(script, given, max_operations, compiled=False).hook

    def candidates(self, without: set[int]) -> set[int]:
        """Choose loops that do not hold each other: of nested ones that with the most turns.

        A generator's loop that goes on when another asks it to is that other's.
        """
        most = {one: n for one, n in self.hook.most.items() if n >= _FEWEST and one not in without}
        for one, by in self.hook.driven.items():
            if any(_DRIVEN * most.get(one, 0) < n and other in most for other, n in by.items()):
                most.pop(one, None)
        chosen: set[int] = set()
        for one in sorted(most, key=lambda k: (-most[k], k)):
            above = self.hook.parents.get(one, set())
            if not any(other in above or one in self.hook.parents.get(other, set()) for other in chosen):
                chosen.add(one)
        return chosen


def _brought(value: Any) -> Any:
    """Give what is there before the run as the run would have made it."""
    generators = (np.random.Generator, np.random.RandomState)
    return Foreign(value) if isinstance(value, generators) else wrapped(value)


class TracedRun:
    """A traced run."""

    def __init__(
        self, script: Script, given: Mapping[str, Any], known: Known, loops: set[int], operations: int,
        steps: int, quiet: int = 0, solved: Sequence[Call] = (),
    ) -> None:  # fmt: skip
        self.run = Run(script, tracing=True)
        self.layers = Layers(True, self.run.outputs, self.run.sibling, solved=solved)
        self.tracer = JumpingTracer(self.run.filename, known, loops, operations, steps, quiet)
        made: list[Watch] = []

        def make(scratch: Path) -> Watch:
            made.append(Watch(self.layers, scratch, _TURNS * operations, self.tracer))
            made[0].objects.module_name, made[0].source = "natrium_traced_script", script.lines
            made[0].kept = script.kept
            return made[0]

        tracing.begin(self.tracer)
        try:
            self.run.go(make, {name: _brought(value) for name, value in copy.deepcopy(dict(given)).items()})
        finally:
            tracing.end()
        self.hook = made[0]

    def objects(self) -> dict[tuple[Any, ...], str]:
        """Give the objects of the script by the variables that hold them."""
        names: dict[tuple[Any, ...], str] = {}
        keys = {number: key for number, (_, key) in self.hook.objects.found.items()}
        for name, value in self.run.namespace.items():
            if name.startswith("_"):
                continue
            if id(value) in keys:
                names.setdefault(keys[id(value)], name)
            if isinstance(value, (list, tuple)):
                for k, one in enumerate(value):
                    if id(one) in keys:
                        names.setdefault(keys[id(one)], f"{name}[{k}]")
        for _, (holder, _) in list(self.hook.objects.found.items()):
            for attr, value in list(getattr(holder, "__dict__", {}).items()):
                if id(value) in keys:
                    names.setdefault(keys[id(value)], f"self.{attr}")
                if isinstance(value, (list, tuple)):
                    for k, one in enumerate(value):
                        if id(one) in keys:
                            names.setdefault(keys[id(one)], f"self.{attr}[{k}]")
        return names


def difference(plain: PlainRun, traced: TracedRun) -> str:
    """Say where the traced run differs from the plain one; nothing where every double is the same."""
    if traced.tracer.narrow:
        return NARROW
    if traced.run.error is not None and plain.run.error is None:
        most = plain.hook.most
        if not any(len(one.steps) >= most.get(one.loop, math.inf) for one in traced.tracer.segments):
            return f"the traced run ends early: {traced.run.said()}"
        return _prefix_difference(plain, traced)  # what failed makes use of what the loop has left
    why = " (numba compiles it)" if plain.layers.compiled else ""
    if traced.tracer.enough:
        return _prefix_difference(plain, traced)
    for name, value in plain.run.namespace.items():
        if name.startswith("_") or name not in traced.run.namespace:
            continue
        if not _same(value, traced.run.namespace[name]):
            return f"{name} of the traced run differs from the plain run's{why}"
    for one, other in zip(plain.run.outputs.seen, traced.run.outputs.seen, strict=False):
        if one != other:
            return f"what {one[0]} is given differs from the plain run's{why}"
    if len(plain.run.outputs.seen) != len(traced.run.outputs.seen):
        return f"the traced run draws and prints other things than the plain run{why}"
    return ""


def _prefix_difference(plain: PlainRun, traced: TracedRun) -> str:
    """Compare what the steps that were traced have left in lists and arrays."""
    number = sum(len(one.steps) for one in traced.tracer.segments) - 1
    for name, value in plain.run.namespace.items():
        other = unwrapped(traced.run.namespace.get(name))
        if isinstance(value, (list, np.ndarray)) and isinstance(other, (list, np.ndarray)):
            kept = len(other) < len(value) or len(value) > number  # else it is a state, and that is of now
            shared = min(len(other) - 1, number) if np.ndim(other) == 1 and kept else 0
            if shared > 0 and digest(value[:shared]) != digest(other[:shared]):
                return f"{name} of the traced run differs from the plain run's"
    return ""


def _same(one: Any, other: Any, depth: int = 0) -> bool:
    """Whether two values hold the same doubles."""
    if isinstance(other, Remembers) and not isinstance(one, np.ndarray):
        return type(one) is type(other.raw) and digest(one) == digest(other.raw)
    if isinstance(one, (bool, int, float, np.number, np.bool_, str)):
        return digest(one) == digest(unwrapped(other))
    if isinstance(one, np.ndarray):
        return digest(one) == digest(unwrapped(other))
    if isinstance(one, (list, tuple, dict)) and depth < 3:
        if not isinstance(other, (list, tuple, dict)) or len(one) != len(other):
            return False
        if isinstance(one, dict) and isinstance(other, dict):
            named = [key for key in one if isinstance(key, (str, int, float))]  # its classes are its own
            return all(key in other and _same(one[key], other[key], depth + 1) for key in named)
        return all(_same(a, b, depth + 1) for a, b in zip(one, other, strict=True))
    if type(one).__module__ == "natrium_traced_script" and hasattr(one, "__dict__") and depth < 3:
        theirs = getattr(other, "__dict__", {})
        return all(key in theirs and _same(value, theirs[key], depth + 1) for key, value in vars(one).items())
    return True
