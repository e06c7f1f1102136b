"""Signals and spike trains in the lab's files: NIX (as Neo or others write it) and NWB (through PyNWB)."""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import attrs
import numpy as np

from natrium.model.arrays import Array
from natrium.model.errors import ModelError
from natrium.model.extras import needing

MAX_BYTES, MAX_SAMPLES = 200_000_000, 20_000_000
NIX, NWB = (".nix", ".h5"), (".nwb",)
MOST_NAMES = 12  # that a message lists
MILLISECONDS = {"s": 1e3, "ms": 1.0, "us": 1e-3, "ns": 1e-6}  # in each
PREFIXES = {"f": 1e-15, "p": 1e-12, "n": 1e-9, "u": 1e-6, "µ": 1e-6, "m": 1e-3, "": 1.0}
UNIT = re.compile(
    r"(?:([fpnuµm]?)(A|V)|(A|V|amp|volt)[a-z]*)(/cm\^2)?"
)  # pA; amperes, volts: as NWB writes them


@attrs.frozen(eq=False)
class Recorded:
    """A signal or a spike train of an open file."""

    # part and name: that of the segment or group in which it stands, and its own.
    part: str
    name: str
    # Gives times (ms) of a train; times, values (n_times, n_channels) and their unit of a signal.
    read: Callable[[], Any]

    @property
    def whole(self) -> str:
        """Both names, by which one of many is told."""
        return f"{self.part}/{self.name}" if self.part else self.name


Found = tuple[list[Recorded], list[Recorded]]


def is_recording(path: str | os.PathLike[str]) -> bool:
    """Tell whether a file is of one of the lab's formats, by its name."""
    return Path(path).suffix.lower() in NIX + NWB


def read_signal(path: Path, name: str = "", channel: int = 0) -> tuple[Array, Array, str]:
    """Read one signal.

    Parameters
    ----------
    path : Path
    name : str
        Its own, or with that of its segment or group before it, ``"sweep 3/I"``; not needed where there is
        one signal.
    channel : int
        Which column, from 0 on.

    Returns
    -------
    times : ndarray, shape (n_times,)
        ms; of two samples at one time the second.
    values : ndarray, shape (n_times,)
    unit : str
        Of the values.

    Raises
    ------
    ModelError
        When the file cannot be read, or what is asked for is not there.
    """
    with _open(path) as (signals, _):
        chosen = _choose(path, "signal", signals, name)
        times, values, unit = chosen.read()
        times, values = np.asarray(times, dtype=float), np.asarray(values, dtype=float)
        if not times.size or len(values) != times.size:
            raise ModelError(
                f"a signal must hold a sample for each of its times, got {len(values)} for {times.size} in "
                f"{chosen.whole!r} of {path.name}"
            )
        values = values.reshape(times.size, -1)
    if channel >= values.shape[1]:
        raise ModelError(
            f"channel must be below {values.shape[1]}, the channels of {chosen.whole!r} in {path.name}, "
            f"got {channel}"
        )
    last = np.append(np.diff(times) != 0.0, True)
    return times[last], values[last, channel], unit


def read_train(path: Path, name: str = "") -> Array:
    """Read the times of one spike train, ms: see `read_signal`."""
    with _open(path) as (_, trains):
        return np.asarray(_choose(path, "spike train", trains, name).read(), dtype=float)


def scale_to(unit: str, own: str) -> float:
    """Give by what values in one unit are multiplied to be in another, both currents or both voltages.

    Raises
    ------
    ModelError
        When they are not.
    """
    sizes = []
    for one in (own, unit):
        found = UNIT.fullmatch(one.strip("()").replace("**", "^"))
        if found is None:
            raise ModelError(f"unit must be one of current or voltage, such as 'pA', got {one!r}")
        kind = (found[2] or found[3])[0].upper(), found[4]
        sizes.append((kind, PREFIXES[found[1] or ""]))
    if sizes[0][0] != sizes[1][0]:
        raise ModelError(f"unit must fit that of the recording, {own!r}, got {unit!r}")
    return sizes[0][1] / sizes[1][1]


@contextmanager
def _open(path: Path) -> Iterator[Found]:
    """Open a file for what is read from it."""
    opened = _open_nwb if path.suffix.lower() in NWB else _open_nix
    try:
        with warnings.catch_warnings(), opened(path) as found:
            warnings.simplefilter("ignore")  # of old versions of the formats
            yield found
    except ModelError:
        raise
    except Exception as error:  # what a foreign or damaged file makes of its reader cannot be foreseen
        reason = getattr(error, "strerror", None) or f"{type(error).__name__}: {error}"
        raise ModelError(f"cannot read a recording from {path}: {reason}") from None


def _choose(path: Path, what: str, there: Sequence[Recorded], name: str) -> Recorded:
    """Find the one that is named, or the only one."""
    found = [one for one in there if name in ("", one.name, one.whole)]
    if len(found) == 1:
        return found[0]
    if not there:
        raise ModelError(f"{path.name} must hold a {what}, got none")
    names = list(dict.fromkeys(one.whole for one in there))
    told = ", ".join(map(repr, names[:MOST_NAMES])) + ", ..." * (len(names) > MOST_NAMES)
    if found:
        raise ModelError(f"one {what} is read, got {len(found)} in {path.name}: give the name, one of {told}")
    raise ModelError(f"{path.name} must hold the {what} that is named, got {name!r}: it holds {told}")


# --- NIX -------------------------------------------------------------------------------------------


@contextmanager
def _open_nix(path: Path) -> Iterator[Found]:
    if path.stat().st_size > MAX_BYTES:  # Neo reads it whole
        raise ModelError(f"a NIX file may have at most {MAX_BYTES} bytes, got {path.stat().st_size}: {path}")
    with needing("neo", "NIX files need"):
        import nixio  # noqa: F401 - Neo needs it
        from neo.io import NixIO

    with NixIO(str(path), "ro") as file:
        signals, trains = [], []
        for block in file.read_all_blocks():
            for number, segment in enumerate(block.segments):
                part = segment.name or f"segment {number}"
                both = [*segment.analogsignals, *segment.irregularlysampledsignals]
                signals += [
                    Recorded(part, one.name or f"signal {k}", _reader(one)) for k, one in enumerate(both)
                ]
                trains += [
                    Recorded(part, one.name or f"train {k}", _train_reader(one))
                    for k, one in enumerate(segment.spiketrains)
                ]
        for block in file.nix_file.blocks:
            for one in block.data_arrays:
                if not one.type.startswith("neo.") and len(one.dimensions):
                    _sort_in(block.name, one, signals, trains)
        yield signals, trains


def _sort_in(part: str, array: Any, signals: list[Recorded], trains: list[Recorded]) -> None:
    """Put an array that another program than Neo wrote where it belongs: its first dimension is time."""
    dimension = array.dimensions[0]
    to_ms = MILLISECONDS.get(getattr(dimension, "unit", None) or "")
    if to_ms is None:
        return

    def read() -> Any:
        if hasattr(dimension, "ticks"):
            times = np.asarray(dimension.ticks, dtype=float)
        else:
            times = (dimension.offset or 0.0) + dimension.sampling_interval * np.arange(len(array))
        return to_ms * times, array[:], array.unit or ""

    if getattr(dimension, "is_alias", False):  # the values are the times themselves
        trains.append(Recorded(part, array.name, lambda: to_ms * np.asarray(array[:], dtype=float)))
    else:
        signals.append(Recorded(part, array.name, read))


def _reader(signal: Any) -> Callable[[], Any]:
    return lambda: (
        signal.times.rescale("ms").magnitude,
        signal.magnitude,
        signal.units.dimensionality.string,
    )


def _train_reader(train: Any) -> Callable[[], Any]:
    return lambda: train.rescale("ms").magnitude


# --- NWB -------------------------------------------------------------------------------------------


@contextmanager
def _open_nwb(path: Path) -> Iterator[Found]:
    with needing("nwb", "NWB files need"):
        from pynwb import NWBHDF5IO, TimeSeries
        from pynwb.misc import AnnotationSeries, Units

    with NWBHDF5IO(str(path), "r", load_namespaces=True) as file:
        content = file.read()
        signals, trains = [], []
        for one in content.objects.values():
            if isinstance(one, Units):
                trains += list(_trains_of(one))
            elif isinstance(one, TimeSeries) and not isinstance(one, AnnotationSeries):
                signals.append(Recorded(_group_of(content, one), one.name, _series_reader(one)))
        yield signals, trains


def _group_of(content: Any, series: Any) -> str:
    for group in ("acquisition", "stimulus"):
        if getattr(content, group).get(series.name) is series:
            return group
    return str(series.parent.name)


def _series_reader(series: Any) -> Callable[[], Any]:
    """Read a series, of a file that may be larger than memory, if it is not too long itself."""

    def read() -> Any:
        if len(series.data) > MAX_SAMPLES:
            raise ModelError(
                f"a signal may have at most {MAX_SAMPLES} samples, got {len(series.data)} in {series.name}"
            )
        times = 1e3 * np.asarray(series.get_timestamps(), dtype=float)
        return times, series.get_data_in_units(), str(series.unit)

    return read


def _trains_of(units: Any) -> Iterator[Recorded]:
    """Give the units of a table; Neo writes their names and segments beside them."""
    named = next((name for name in ("unit_name", "_name", "name") if name in units.colnames), None)
    for row, number in enumerate(units.id[:]):
        name = str(units[named][row]) if named else f"unit {number}"
        part = str(units["segment"][row]) if "segment" in units.colnames else ""
        yield Recorded(part, name, lambda row=row: 1e3 * units.get_unit_spike_times(row))  # type: ignore[misc]  # bound now
