"""Inputs read from CSV, NIX and NWB files: recorded currents, recorded spikes that come in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, Self

import attrs

from natrium.model.checks import Choice, Count, Numbers, Text
from natrium.model.errors import ModelError, StimulusError
from natrium.model.stimuli.columns import read_columns
from natrium.model.stimuli.drive import Drive
from natrium.model.stimuli.recordings import MAX_BYTES, is_recording, read_signal, read_train, scale_to
from natrium.model.stimuli.signals import Samples
from natrium.model.stimuli.spikes import MOST_SPIKES, Incoming, check_target
from natrium.model.stimuli.stimulus import SCALE, Kick, SampledInput, Stimulus, number_field

PLAIN_UNITS = ("mV", "dimensionless", "", "1", "unknown", "a.u.", "no unit")  # as they stand
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


def _word_field(**options: Any) -> Any:
    """Make the field for a word that may be left out."""
    return attrs.field(default="", validator=Text(error=StimulusError), **options)


def _folder_field() -> Any:
    """Make the field for the folder that relative names are meant from."""
    return attrs.field(factory=_FOLDER.get, kw_only=True, eq=False, repr=False)


def _lines_field(**options: Any) -> Any:
    """Make the field for what lies between two samples."""
    return attrs.field(default="hold", validator=Choice(("hold", "linear"), error=StimulusError), **options)


@attrs.frozen(slots=False)
class _FromFile(Stimulus):
    """Base of inputs that are samples in a file; `read` gives its times (ms) and values.

    Each kind has the fields `file`, `factor` and `interpolation`, in an order of its own.
    """

    def __attrs_post_init__(self) -> None:
        """Read the file once."""
        super().__attrs_post_init__()
        self.samples  # noqa: B018 - it is read, so that what is wrong with it is told here

    def read(self) -> tuple[Sequence[float], Sequence[float]]:
        """Give times, ms, and values, the factor apart."""
        raise NotImplementedError

    @cached_property
    def samples(self) -> Samples:
        """The same input by its numbers."""
        own: Any = self
        times, values = self.read()
        try:
            scaled = [own.factor * value for value in values]
            return Samples(times, scaled, own.interpolation, start=self.start, stop=self.stop)
        except StimulusError as error:
            raise StimulusError(f"{own.file}: {error}") from None

    def scaled(self, factor: float) -> Self:
        """Give the same input, all of it multiplied by a factor."""
        own: Any = self
        found: Self = attrs.evolve(own, factor=factor * own.factor)
        return found

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


@attrs.frozen(slots=False)
class Csv(_FromFile):
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
    unit : str
        What values are in, ``"pA"`` for one. In a model file whose leak is in absolute units the input is
        then R I; elsewhere `factor` says what one of it is.

    Raises
    ------
    StimulusError
        When the file cannot be read, a column is not there or a cell is no number (the line is named).
    """

    kind = "csv"

    file: str = attrs.field(validator=Text(error=StimulusError))
    time: str = _word_field()
    value: str = _word_field()
    time_unit: str = attrs.field(default="ms", validator=Choice(tuple(TIME_UNITS), error=StimulusError))
    factor: float = number_field(default=1.0)
    interpolation: Literal["hold", "linear"] = _lines_field()
    unit: str = _word_field(kw_only=True)
    _folder: str = _folder_field()

    def read(self) -> tuple[Sequence[float], Sequence[float]]:
        """Give times, ms, and values, the factor apart."""
        times, values = read_samples(Path(self._folder) / self.file, self.time, self.value)
        step = TIME_UNITS[self.time_unit]
        return [step * time for time in times], values


@attrs.frozen(slots=False)
class Recording(_FromFile):
    """A sampled input from a signal in a NIX or NWB file (the extras ``natrium[neo]``, ``natrium[nwb]``).

    Parameters
    ----------
    file : str
        Its name, ending in .nix, .h5 or .nwb; in a model file meant from where that lies.
    name : str
        Of the signal, or ``"segment/signal"``; not needed where there is one.
    channel : int
        Which column of it, from 0 on.
    unit : str
        What its values are taken in, ``"pA"`` for one; needed where they are no mV. In a model file whose
        leak is in absolute units the input is then R I; elsewhere `factor` says what one of it is.
    factor : float
        What values are multiplied by: a resistance, where they are a current.
    shift : float
        Added to its times, ms.
    interpolation : {"hold", "linear"}

    Raises
    ------
    StimulusError
        When the file cannot be read, holds no such signal, or its unit does not fit.
    """

    kind = "recording"

    file: str = attrs.field(validator=Text(error=StimulusError))
    name: str = _word_field()
    channel: int = attrs.field(default=0, kw_only=True, validator=Count(0, 1_000_000, error=StimulusError))
    unit: str = _word_field(kw_only=True)
    factor: float = number_field(default=1.0, kw_only=True)
    shift: float = number_field("ms", default=0.0, kw_only=True)
    interpolation: Literal["hold", "linear"] = _lines_field(kw_only=True)
    _folder: str = _folder_field()

    def read(self) -> tuple[Sequence[float], Sequence[float]]:
        """Give times, ms, and values, the factor apart."""
        path = _recording(Path(self._folder) / self.file)
        try:
            times, values, own = read_signal(path, self.name, self.channel)
            if self.unit and self.unit != own:
                values = values * scale_to(self.unit, own)
            elif not self.unit and own not in PLAIN_UNITS:
                raise ModelError(
                    f"values of the signal in {path.name} are in {own}: say what they are taken in, "
                    'unit = "pA" for one'
                )
        except ModelError as error:
            raise StimulusError(str(error)) from None
        return (times + self.shift).tolist(), values.tolist()


@attrs.frozen(slots=False)
class RecordedSpikes(Incoming):
    """Spikes that come in, their times from a CSV, NIX or NWB file: see `Spikes`.

    Parameters
    ----------
    file : str
        Its name; in a model file meant from where that lies.
    target : str
        The state that grows at each, as of `Spikes`.
    weight : float
    name : str
        Of the spike train, or ``"segment/train"``; of a CSV file the heading of its column (of times in ms),
        by default the first.
    delay : float
        Added to all times, ms.

    Raises
    ------
    StimulusError
        When the file cannot be read or holds no such train, or its times do not increase.
    """

    kind = "recorded-spikes"

    file: str = attrs.field(validator=Text(error=StimulusError))
    target: str = attrs.field(validator=check_target)
    weight: float = number_field("", short="weight", meaning="by how much a state grows at each spike")
    name: str = _word_field(kw_only=True)
    delay: float = number_field("ms", default=0.0, kw_only=True, short="delay", meaning="of all spikes")
    _folder: str = _folder_field()

    def __attrs_post_init__(self) -> None:
        """Read the file once."""
        super().__attrs_post_init__()
        self.times  # noqa: B018 - it is read, so that what is wrong with it is told here

    @cached_property
    def times(self) -> tuple[float, ...]:
        """When they come, ms, the delay apart."""
        path = Path(self._folder) / self.file
        if is_recording(path):
            try:
                times = tuple(read_train(path, self.name).tolist())
            except ModelError as error:
                raise StimulusError(str(error)) from None
        else:
            times = tuple(read_samples(path, self.name)[0])
        if len(times) > MOST_SPIKES:
            raise StimulusError(f"at most {MOST_SPIKES} spikes may come in, got {len(times)} in {path.name}")
        try:
            Numbers(increasing=True, error=StimulusError).check("times", times)
        except StimulusError as error:
            raise StimulusError(f"{self.file}: {error}") from None
        return times

    def kicks(self) -> Iterator[Kick]:
        """Give each spike within the window."""
        return self.kicks_at(self.times, self.delay)


def read_samples(path: Path, *names: str) -> list[list[float]]:
    """Read columns of a CSV file by their headings; see `natrium.model.stimuli.columns.read_columns`."""
    return read_columns(path, MAX_BYTES, StimulusError, *names)


def _recording(path: Path) -> Path:
    """Refuse what is no file of the lab's formats."""
    if not is_recording(path):
        raise StimulusError(
            f'a recording must be a .nix, .h5 or .nwb file, got {path.name!r}: of CSV kind = "csv"'
        )
    return path
