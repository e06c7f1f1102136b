"""How results speak: rows, data, sentences."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs
import numpy as np


class Result:
    """Base of what analyses give.

    `table` gives rows for a CSV file, `data` everything that is no object (numbers, text, arrays, other
    results) by name, `sentences` what was found in words. Each has a default that the fields make.
    """

    __slots__ = ()

    def table(self) -> list[dict[str, Any]]:
        """Give rows: by default one, of the fields that are single numbers or words."""
        row = {
            name: value
            for name, value in self._fields().items()
            if isinstance(value, (str, int, float, np.generic)) or value is None
        }
        return [row] if row else []

    def data(self) -> dict[str, Any]:
        """Give everything that is no object, by name; other results by their own data."""
        found = {name: _data_of(value) for name, value in self._fields().items()}
        return {name: value for name, value in found.items() if value is not NOTHING}

    def sentences(self) -> list[str]:
        """Give what was found, in words; none where the numbers say it all."""
        return []

    def _fields(self) -> dict[str, Any]:
        return {field.name: getattr(self, field.name) for field in attrs.fields(type(self))}  # type: ignore[arg-type]  # results are attrs classes


NOTHING = object()


def _data_of(value: Any) -> Any:
    """Give a value as data, or `NOTHING` where it is none."""
    if isinstance(value, Result):
        return value.data()
    if isinstance(value, Mapping):
        return {key: one for key, item in value.items() if (one := _data_of(item)) is not NOTHING}
    if isinstance(value, (tuple, list)):
        parts = [_data_of(item) for item in value]
        return NOTHING if any(part is NOTHING for part in parts) else parts
    plain = (str, int, float, complex, np.generic, np.ndarray)
    return value if value is None or isinstance(value, plain) else NOTHING
