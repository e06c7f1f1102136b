"""Columns of numbers in text files, as spreadsheets, instruments and programs write them."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import attrs

from natrium.model.checks import reads_as_number, show
from natrium.model.errors import NatriumError

# What parts columns, the surest first: numbers may have commas for points, and blanks beside anything.
SEPARATORS = (";", "\t", "|", ",")
COMMENTS = ("#", "%")  # how a line begins that is none of the table
_NUMERIC = re.compile(r'[\s"\d.,eE+-]*')
_DECIMAL_COMMA = re.compile(r"\s*[-+]?\d*,\d+([eE][-+]?\d+)?\s*")


@attrs.frozen
class Columns:
    """A table of numbers as it stands in a file.

    Parameters
    ----------
    name : str
        Of the file.
    heading : list of str
        Of its columns; empty without.
    rows : list of (int, list of str)
        Lines, counted from 1, and their cells.
    """

    name: str
    heading: list[str]
    rows: list[tuple[int, list[str]]]


def read_table(path: Path, what: str, most_bytes: int, error: type[NatriumError]) -> Columns:
    """Read a table of numbers: CSV with commas, semicolons, tabs, bars or blanks, its points commas or not.

    Parameters
    ----------
    path : Path
    what : str
        What it holds, for messages.
    most_bytes : int
    error : type
        What is raised.

    Raises
    ------
    NatriumError
        Of the type given, when it cannot be read, is too large, or a line has more cells than the heading.
    """
    try:
        size = path.stat().st_size
        if size > most_bytes:
            raise error(f"a file of {what} may have at most {most_bytes} bytes, got {size}: {path}")
        content = path.read_bytes()
        wide = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
        rows = list(_parted(content.decode("utf-16" if wide else "utf-8-sig")))
    except UnicodeDecodeError as found:
        raise error(f"cannot read {what} from {path}: {found}; save it as UTF-8") from None
    except (OSError, csv.Error, ValueError) as found:  # ValueError: a null character in the path
        raise error(f"cannot read {what} from {path}: {getattr(found, 'strerror', None) or found}") from None
    heading: list[str] = []
    if rows and not reads_as_number(rows[0][1][0]):
        heading = [cell.strip() for cell in rows.pop(0)[1]]
        cells, line = max(((len(_filled(row)), -line) for line, row in rows), default=(0, 0))
        if cells > len(heading):
            raise error(
                f"a line of {path.name} must not have more cells than its heading, {len(heading)}, got "
                f"{cells} in line {-line}: where numbers have a comma for a point, columns are parted by ;"
            )
    return Columns(path.name, heading, rows)


def _parted(text: str) -> Iterator[tuple[int, list[str]]]:
    """Give lines and cells, commas of numbers made points where columns are parted by something else."""
    lines = io.StringIO(text, newline="")
    last = ""
    for line in io.StringIO(text):
        last = line.strip() if line.strip() and not line.lstrip().startswith(COMMENTS) else last
    separator = _separator(last)
    rows: Iterable[tuple[int, list[str]]]
    if separator == " ":
        rows = enumerate((line.split() for line in lines), start=1)
    else:
        reader = csv.reader(lines, delimiter=separator)
        rows = ((reader.line_num, row) for row in reader)
    for line_number, row in rows:
        if row and any(cell.strip() for cell in row) and not row[0].lstrip().startswith(COMMENTS):
            yield line_number, row if separator == "," else [_with_point(cell) for cell in row]


def _separator(line: str) -> str:
    """Give what parts a line of numbers: the surest that leaves nothing but a number before it."""
    there = [one for one in SEPARATORS if one in line] or [" " if " " in line else ","]
    return next((one for one in there if _NUMERIC.fullmatch(line.split(one)[0])), there[0])


def _with_point(cell: str) -> str:
    return cell.replace(",", ".") if "," in cell and _DECIMAL_COMMA.fullmatch(cell) else cell


def _filled(row: list[str]) -> list[str]:
    """Give a row up to its last cell with something in it."""
    end = next((k for k in range(len(row), 0, -1) if row[k - 1].strip()), 0)
    return row[:end]


def read_columns(path: Path, most_bytes: int, error: type[NatriumError], *names: str) -> list[list[float]]:
    """Read columns of samples.

    Parameters
    ----------
    path : Path
    most_bytes : int
    error : type
        What is raised.
    *names : str
        Headings; an empty one stands for the column at its own place.

    Raises
    ------
    NatriumError
        Of the type given, when it cannot be read, a column is not there or a cell is no number (the line is
        named).
    """
    table = read_table(path, "samples", most_bytes, error)
    places = [_place(table, name, place, error) for place, name in enumerate(names)]
    return [[_number(table, row, line, place, error) for line, row in table.rows] for place in places]


def _place(table: Columns, name: str, place: int, error: type[NatriumError]) -> int:
    if not name:
        return place
    if name not in table.heading:
        there = ", ".join(table.heading) or "no headings"
        raise error(f"{table.name} must have a column {name!r}, got {there}")
    return table.heading.index(name)


def _number(table: Columns, row: list[str], line: int, place: int, error: type[NatriumError]) -> float:
    cell = row[place] if place < len(row) else ""
    if not reads_as_number(cell):
        raise error(f"column {place + 1} of {table.name} must hold numbers, got {show(cell)} in line {line}")
    return float(cell)
