"""The script's objects: what each is called in every run, and which go on as what another was."""

from __future__ import annotations

import argparse
import types
from typing import Any

from natrium.analysis.doctor.trace.forms import Place
from natrium.analysis.doctor.trace.tracer import Tracer

# Kinds of objects, not the script's own, whose attributes are numbers of its own.
_HOLDERS = (argparse.Namespace, types.SimpleNamespace)


class Objects:
    """Objects by their keys.

    An object that a step makes anew and keeps where one of its kind was goes on as that one: a state that is
    replaced at every step, not changed, is one state.

    Attributes
    ----------
    found : dict of int to tuple
        By identity: the object, which is so kept alive, and its key.
    """

    def __init__(self, tracer: Tracer) -> None:
        self.tracer = tracer
        self.module_name = ""
        self.found: dict[int, tuple[Any, tuple[Any, ...]]] = {}
        self._kinds: dict[str, int] = {}
        self._made: dict[int, int] = {}
        self._tenants: dict[tuple[Any, ...], tuple[Any, ...]] = {}

    def owns(self, value: Any) -> bool:
        """Tell whether an object is the script's, with attributes."""
        return hasattr(value, "__dict__") and self.is_own_kind(value)

    def is_own_kind(self, value: Any) -> bool:
        """Tell whether an object is of a kind of the script's, or one that holds its numbers."""
        module = str(getattr(type(value), "__module__", ""))
        return isinstance(value, _HOLDERS) or module.startswith(self.module_name)

    def key(self, value: Any) -> tuple[Any, ...]:
        """Give an object's key: its kind, and which of these it is."""
        found = self.found.get(id(value))
        if found is None:
            kind = type(value).__qualname__
            number = self._kinds[kind] = self._kinds.get(kind, -1) + 1
            found = self.found[id(value)] = (value, (kind, number))
            self._made[id(value)] = self.tracer.epoch
        return found[1]

    def settle(self, value: Any, place: Place) -> tuple[tuple[Any, ...], bool]:
        """Give the key of an object that is kept at a place, and whether it goes on as what was there."""
        key = self.key(value)
        at = place.key if place.key in self.tracer.known.series else (*place.key, *place.coords)
        before = self._tenants.get(at, key)
        made_now = self.tracer.segment is not None and self._made[id(value)] == self.tracer.epoch
        goes_on = made_now and at in self._tenants and before[0] == key[0]
        if goes_on:
            key = before
            self.found[id(value)] = (value, key)
        self._tenants[at] = key
        return key, goes_on
