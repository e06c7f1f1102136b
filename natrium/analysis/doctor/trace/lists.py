"""The lists and arrays of numbers that a script kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from natrium.analysis.doctor.trace.elements import unwrapped
from natrium.analysis.doctor.trace.meanings import bracketless
from natrium.analysis.doctor.trace.numbers import is_number
from natrium.analysis.doctor.trace.tracer import Tracer
from natrium.model.arrays import Array


def lists_of(namespace: Mapping[str, Any], tracer: Tracer) -> dict[str, Array]:
    """Give the lists and arrays of numbers that a script kept."""
    found: dict[str, Array] = {}
    named = {name: value for name, value in namespace.items() if not name.startswith("_")}
    for key, container in tracer.containers.items():
        name = tracer.names.get(key) or getattr(container, "name", "") or str(key[-1])
        if not name.startswith("_"):
            named.setdefault(bracketless(name), container)
    for name, value in named.items():
        if isinstance(value, (list, np.ndarray)):
            plain = unwrapped(value)
            if isinstance(plain, list) and not all(is_number(one) for one in plain):
                continue
            try:
                array = np.asarray(plain, dtype=float)
            except (TypeError, ValueError):
                continue
            if array.ndim in (1, 2):
                found[name] = array
    return found
