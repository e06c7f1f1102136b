"""An input read from a file of numbers: a recorded current, say."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cached_property
from pathlib import Path
from typing import Literal

import attrs

from natrium.model.checks import Choice, Text, reads_as_number, show
from natrium.model.errors import StimulusError
from natrium.model.stimuli.drive import Drive
from natrium.model.stimuli.signals import Samples
from natrium.model.stimuli.stimulus import SCALE, SampledInput, Stimulus, number_field

MAX_BYTES = 200_000_000
TIME_UNITS = {"ms": 1.0, "s": 1000.0, "us": 1e-3}  # in ms
_FOLDER: ContextVar[str] = ContextVar("folder", default="")


@contextmanager
def beside(path: Path) -> Iterator[None]:
    """Let relative names of files be meant from where a model file lies."""
    token = _FOLDER.set(str(path.parent))
    try:
        yield
    finally:
        _FOLDER.reset(token)


@attrs.frozen(slots=False)
class Csv(Stimulus):
    """A sampled input from a CSV file: held, or joined by straight lines; the end values go on outside.

    Parameters
    ----------
    file : str
        Its name; in a model file meant from where that lies.
    time, value : str
        Headings of the columns; by default the first and the second.
    time_unit : {"ms", "s", "us"}
    factor : float
        What values are multiplied by: a resistance, where they are a current.
    interpolation : {"hold", "linear"}

    Raises
    ------
    StimulusError
        When the file cannot be read, a column is not there or a cell is no number (the line is named).
    """

    kind = "csv"

    file: str = attrs.field(validator=Text(error=StimulusError))
    time: str = attrs.field(default="", validator=Text(error=StimulusError))
    value: str = attrs.field(default="", validator=Text(error=StimulusError))
    time_unit: str = attrs.field(default="ms", validator=Choice(tuple(TIME_UNITS), error=StimulusError))
    factor: float = number_field(default=1.0)
    interpolation: Literal["hold", "linear"] = attrs.field(
        default="hold", validator=Choice(("hold", "linear"), error=StimulusError)
    )
    _folder: str = attrs.field(factory=_FOLDER.get, kw_only=True, eq=False, repr=False)

    def __attrs_post_init__(self) -> None:
        """Read the file once."""
        super().__attrs_post_init__()
        self.samples  # noqa: B018 - it is read, so that what is wrong with it is told here

    @cached_property
    def samples(self) -> Samples:
        """The same input by its numbers."""
        times, values = self._columns()
        step = TIME_UNITS[self.time_unit]
        try:
            return Samples(
                [step * time for time in times],
                [self.factor * value for value in values],
                self.interpolation,
                start=self.start,
                stop=self.stop,
            )
        except StimulusError as error:
            raise StimulusError(f"{self.file}: {error}") from None

    def _columns(self) -> tuple[list[float], list[float]]:
        path = Path(self._folder) / self.file
        try:
            if path.stat().st_size > MAX_BYTES:
                raise StimulusError(
                    f"a file of samples may have at most {MAX_BYTES} bytes, got {path.stat().st_size}: {path}"
                )
            with path.open(newline="", encoding="utf-8-sig") as file:
                rows = [(k, row) for k, row in enumerate(csv.reader(file), start=1) if _is_data(row)]
        except (OSError, UnicodeDecodeError, csv.Error, ValueError) as error:
            if isinstance(error, StimulusError):
                raise
            reason = getattr(error, "strerror", None) or error
            raise StimulusError(f"cannot read samples from {path}: {reason}") from None
        heading: list[str] = []
        if rows and not reads_as_number(rows[0][1][0]):
            heading = [cell.strip() for cell in rows.pop(0)[1]]
        places = [self._place(heading, name, place) for place, name in enumerate((self.time, self.value))]
        return tuple([self._number(row, line, place) for line, row in rows] for place in places)  # type: ignore[return-value]  # two of them

    def _place(self, heading: list[str], name: str, place: int) -> int:
        if not name:
            return place
        if name not in heading:
            there = ", ".join(heading) or "no headings"
            raise StimulusError(f"{self.file} must have a column {name!r}, got {there}")
        return heading.index(name)

    def _number(self, row: list[str], line: int, place: int) -> float:
        cell = row[place] if place < len(row) else ""
        if not reads_as_number(cell):
            raise StimulusError(
                f"column {place + 1} of {self.file} must hold numbers, got {show(cell)} in line {line}"
            )
        return float(cell)

    def scaled(self, factor: float) -> Csv:
        """Give the same input, all of it multiplied by a factor."""
        return attrs.evolve(self, factor=factor * self.factor)

    def derivative(self, short: str) -> Stimulus | None:
        """Give the derivative by one parameter, edges apart."""
        return self if short == SCALE.short else super().derivative(short)

    def samples_in(self, t_start: float, t_end: float) -> SampledInput | None:
        """Give the samples that make the input on a span: all of them."""
        return self.samples.samples_in(t_start, t_end)

    def edges(self, t_start: float, t_end: float) -> Iterator[float]:
        """Give the window's edges and every sample time within the span."""
        return self.samples.edges(t_start, t_end)

    def drive(self, t: float) -> Drive:
        """Give the input on the smooth piece that begins at `t`."""
        return self.samples.drive(t)


def _is_data(row: list[str]) -> bool:
    return bool(row) and any(cell.strip() for cell in row) and not row[0].lstrip().startswith("#")
