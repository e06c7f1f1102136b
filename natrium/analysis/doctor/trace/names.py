"""The names of leaves: as the script calls them, no two alike."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from natrium.analysis.doctor.trace.arrays import TracedArray
from natrium.analysis.doctor.trace.elements import SMALL, speaker
from natrium.analysis.doctor.trace.forms import Form
from natrium.analysis.doctor.trace.meanings import bracketless
from natrium.analysis.doctor.trace.tracer import Tracer


class Names:
    """The names of leaves, no two alike."""

    def __init__(self, tracer: Tracer, objects: Mapping[tuple[Any, ...], str]) -> None:
        self.tracer, self.objects = tracer, objects
        kinds = [kind for kind, _ in objects]
        self.several = {kind for kind in kinds if kinds.count(kind) > 1}
        self.by_key: dict[tuple[Any, ...], str] = {}
        self.taken: set[str] = set()

    def of(self, form: Form) -> str:
        """Name a leaf."""
        key = form.key if form.op == "leaf" else ("each", form.key, form.line)
        if form.op == "leaf" and not form.varies:
            key = (form,)
        found = self.by_key.get(key)
        if found is None:
            found = self.by_key[key] = self._free(self.wanted(form), form)
        return found

    def wanted(self, form: Form) -> str:
        """Say what a leaf would be called if nothing else were."""
        if form.op == "each":
            return form.name or f"line {form.line}"
        tracer = self.tracer
        if form.key in tracer.aliases:
            return tracer.aliases[form.key]
        key, coords, offset = form.key
        name = (tracer.names.get(key, form.name) if form.varies else form.name) or form.name
        container = tracer.containers.get(key)
        if container is None:
            if isinstance(offset, int) and key in tracer.known.cuts and offset:
                return f"{name} ({offset + 1})"
            return tracer.names.get((key, coords), name) if coords else name
        if not form.varies and isinstance(container, (list, dict)):
            return name
        name = getattr(container, "name", "") or bracketless(name)
        many = isinstance(container, TracedArray) and container.size > SMALL
        series = key in tracer.known.series
        if offset is None and many and coords == speaker(container.shape)[: len(coords)]:
            return name
        if series and many:
            along = tracer.known.series[key]
            sides = tuple(size for axis, size in enumerate(container.shape) if axis != along)
            coords = () if math.prod(sides) > SMALL and coords == speaker(sides) else coords
        shape = () if series or not isinstance(container, TracedArray) else container.shape
        if len(coords) == len(shape) > 1:  # a column is as good as a row
            coords = tuple(one for one, size in zip(coords, shape, strict=True) if size > 1) or coords[:1]
        text = name + "".join(f"[{one!r}]" for one in coords)
        if offset and key in tracer.known.strides:
            text += f" ({offset + 1})"
        elif offset is not None:
            newest = max((one[2] for one in tracer.known.states if one[:2] == form.key[:2]), default=offset)
            if offset != newest:
                text += f" ({newest - offset} back)"
        return text

    def _free(self, name: str, form: Form) -> str:
        key = form.key
        if form.op == "leaf" and key[0] and key[0][0] == "a":
            path = self.objects.get(key[0][1], "")
            # "self" is another in each part of a part, and in each of several objects of a kind.
            if path and (name in self.taken or "." in path or key[0][1][0] in self.several):
                name = f"{path}.{key[0][2]}"
        wanted, number = name, 2
        while name in self.taken:
            name, number = f"{wanted}#{number}", number + 1
        self.taken.add(name)
        return name
