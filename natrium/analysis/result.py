"""How results speak: rows, data, sentences."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

import attrs
import numpy as np

from natrium.model.plots import figure_of


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

    def __repr__(self) -> str:
        """Say what it is and what one asked for, in ten lines at most."""
        shown = [f"{name}={show_short(value)}" for name, value in self._shown().items()]
        line = f"{type(self).__name__}({', '.join(shown)})"
        if len(line) <= LINE:
            return line
        kept = shown if len(shown) <= LINES else [*shown[: LINES - 1], "..."]
        return "\n    ".join([f"{type(self).__name__}:", *kept])

    def _repr_html_(self) -> str:
        """Show in a notebook what was found, a figure where one stands for it, and the rows behind it."""
        said = "".join(f"<li>{escape(sentence)}</li>" for sentence in self.sentences())
        rows = self.table()
        head = "".join(f"<th>{escape(name)}</th>" for name in rows[0]) if rows else ""
        body = "".join(
            f"<tr>{''.join(f'<td>{escape(show_short(value))}</td>' for value in row.values())}</tr>"
            for row in rows[:ROWS]
        )
        left = f"<caption>{len(rows) - ROWS} rows more in table()</caption>" if len(rows) > ROWS else ""
        table = f"<table>{left}<tr>{head}</tr>{body}</table>"
        return f"<b>{type(self).__name__}</b><ul>{said}</ul>{figure_of(self)}{table}"

    def __getstate__(self) -> Any:
        """Copy and pickle the fields alone: what was kept beside them follows from them."""
        return self._fields()

    def _shown(self) -> dict[str, Any]:
        """Give what its repr shows, by name."""
        return self._fields()

    def _fields(self) -> dict[str, Any]:
        return {field.name: getattr(self, field.name) for field in attrs.fields(type(self))}  # type: ignore[arg-type]  # results are attrs classes


def rows_of(columns: Mapping[str, Iterable[Any]]) -> list[dict[str, Any]]:
    """Give rows of columns of one length, the numbers of arrays as Python's own."""
    lists = (one.tolist() if isinstance(one, np.ndarray) else one for one in columns.values())
    return [dict(zip(columns, row, strict=True)) for row in zip(*lists, strict=True)]


NOTHING = object()
LINE, LINES = 100, 9  # of a repr: characters on one line; facts on lines of their own
ROWS = 12  # of a table that a notebook shows
TINY = 1e-4  # a number below is told to significant digits
WORD, FEW = 70, 6  # characters of a text, numbers of an array that are shown


def show_settled(value: float, error: float, most: int = 9) -> str:
    """Show a number to the decimals that its error leaves settled, `most` of them at most."""
    return f"{value:z{settled(error, most, value)}}"


def settled(error: float, most: int = 9, of: float = 1.0) -> str:
    """Give the format of a number to the decimals that its error leaves settled, `most` of them at most.

    Of a number as small as currents in A are, `of`, so many significant digits.
    """
    if 0.0 < abs(of) < TINY:
        exact = not (error > 0.0 and math.isfinite(error))
        digits = most if exact else math.floor(math.log10(abs(of))) - math.ceil(math.log10(2.0 * error)) + 1
        return f".{min(most, max(1, digits))}g"
    if not (error > 0.0 and math.isfinite(error)):
        return f".{most}f"
    return f".{min(most, max(0, -math.ceil(math.log10(2.0 * error))))}f"


def show_short(value: Any) -> str:
    """Show one fact of a result: numbers as they are, arrays by shape and range, objects by their kind."""
    if isinstance(value, (bool, np.bool_)) or value is None:
        return str(value)
    if isinstance(value, (float, np.floating)):
        return f"{value:.10g}"
    if isinstance(value, str):
        return repr(value if len(value) <= WORD else f"{value[:WORD]}...")
    if isinstance(value, (int, complex, np.generic)):
        return str(value)
    if isinstance(value, np.ndarray):
        if value.ndim == 1 and value.size <= FEW:
            return f"[{', '.join(show_short(one) for one in value)}]"
        real = value.size and np.issubdtype(value.dtype, np.number) and not np.iscomplexobj(value)
        reach = (
            f", {np.nanmin(value):.6g} to {np.nanmax(value):.6g}"
            if real and not np.isnan(value).all()
            else ""
        )
        return f"<array of shape {value.shape}{reach}>"
    if isinstance(value, (tuple, list, Mapping)):
        return f"<{len(value)} of {type(value).__name__}>" if value else "()"
    return f"<{type(value).__name__}>"


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
