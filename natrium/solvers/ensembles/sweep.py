"""A grid of parameters swept into one labelled file, kept chunk by chunk: killed, it goes on where it was."""

from __future__ import annotations

import json
import os
import signal
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import Executor
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np
import numpy.typing as npt

from natrium.model import Model, ModelError, to_toml
from natrium.model.checks import as_mapping
from natrium.model.versions import version_of
from natrium.solvers import Ensemble, Schedule, Solver
from natrium.solvers.base import manifest
from natrium.solvers.ensembles.ensemble import assemble
from natrium.solvers.ensembles.grid import SUCH_AS, outer, runs_of
from natrium.solvers.ensembles.journal import Journal, differences
from natrium.solvers.ensembles.simulate_many import show_progress
from natrium.solvers.flags import SHORT, RunFlag
from natrium.solvers.simulate import choose_solver

if TYPE_CHECKING:
    import xarray

MISSING = '{} need {}: pip install "natrium[data]"'
MAX_RUNS = 10**8
PARTIAL = ".partial"  # the journal beside the file


@attrs.frozen(kw_only=True)
class Sweep:
    """How a sweep went.

    Attributes
    ----------
    path : Path
        The NetCDF or Zarr file.
    journal : Path
        Where the chunks are kept until all are done.
    shape : tuple of int
        Lengths of the grid's axes.
    n_runs : int
    done_before, done_now : int
        Runs that an earlier call had done, and that this one did.
    failed, grazing, fell_back : int
        How many runs failed, graze the threshold, were carried by the fallback; of a finished sweep.
    interrupted : bool
        Whether Ctrl-C ended it; the same call finishes it.
    """

    path: Path
    journal: Path
    shape: tuple[int, ...]
    n_runs: int
    done_before: int
    done_now: int
    failed: int = 0
    grazing: int = 0
    fell_back: int = 0
    interrupted: bool = False

    @property
    def complete(self) -> bool:
        """Whether the file is there, with every run."""
        return not self.interrupted


def sweep(
    model: Model,
    grid: Mapping[str, npt.ArrayLike],
    out: str | os.PathLike[str],
    *,
    solver: str | Solver = "compiled",
    executor: Executor | None = None,
    workers: int | None = None,
    chunk: int | None = None,
    progress: bool = False,
    **options: Any,
) -> Sweep:
    """Run a model on a grid of parameters and write one labelled file.

    Chunks are kept as they come, in a folder beside the file; when all are there, they become the file and
    the folder goes. After a kill the same call finishes what is missing; of a finished sweep it does
    nothing.

    Parameters
    ----------
    model : Model
        With `t_end`.
    grid : mapping of str to array_like
        Axes by parameters' names, as in `natrium.simulate_many`.
    out : str or Path
        Ending in ``.nc`` (NetCDF) or ``.zarr``.
    solver : {"compiled", "event", "script", "closed-form"} or Solver
    executor, workers, chunk, progress
        As in `natrium.simulate_many`.
    **options
        Of the solver named, such as ``rtol``.

    Raises
    ------
    ModelError, StimulusError
        When a value breaks a rule, the file or the folder belongs to another sweep, or a package is missing.
    UnsupportedModel
        When the solver does not solve such models.
    """
    out = Path(out)
    _check_writer(out)
    if model.simulation.t_end is None:
        raise ModelError("a sweep needs an end, got no t_end: give t_end in [simulation] or --t-end")
    if not as_mapping("a grid", grid, SUCH_AS):
        raise ModelError("a sweep needs a grid, got no axis: name a parameter and its values")
    if (number := int(np.prod([float(np.size(axis)) for axis in grid.values()]))) > MAX_RUNS:
        raise ModelError(f"a sweep may have at most {MAX_RUNS} runs, got {number}: take fewer values")
    chosen = choose_solver(solver, options)
    axes, columns = outer(grid)
    runs = runs_of(
        model.neuron,
        model.stimulus,
        columns,
        t_start=model.simulation.t_start,
        t_end=model.simulation.t_end,
    )
    made_by = manifest(chosen, model.neuron, runs.stimulus)
    identity = {
        "natrium": version_of("natrium"),
        "model": to_toml(attrs.evolve(model, simulation=type(model.simulation)())),
        "grid": {name: axis.tolist() for name, axis in axes.items()},
        "span": [runs.t_start, runs.t_end],
        "solver": made_by["solver"],
        "settings": made_by["settings"],
    }
    shape = tuple(axis.size for axis in axes.values())
    folder = out.with_name(out.name + PARTIAL)
    told: dict[str, Any] = {"path": out, "journal": folder, "shape": shape, "n_runs": runs.n_runs}
    if out.exists() and not folder.exists():
        return Sweep(**told, done_before=runs.n_runs, done_now=0, **_read_finished(out, identity))
    journal = Journal(folder, identity)
    with journal.locked():
        if out.exists():  # it was killed, or the folder's other process came, before the folder was removed
            found = _read_finished(out, identity)
            journal.close()
            return Sweep(**told, done_before=runs.n_runs, done_now=0, **found)
        todo = journal.missing(runs.n_runs)
        before = runs.n_runs - sum(stop - start for start, stop in todo)
        schedule = Schedule(chosen, runs, todo=todo, executor=executor, workers=workers, chunk=chunk)
        now = 0
        try:
            for start, done in show_progress(schedule, runs.n_runs, progress, before):
                journal.keep(start, done)
                now += done.counts.size
            if schedule.interrupted:
                raise KeyboardInterrupt
            ensemble = assemble(
                runs,
                journal.chunks(),
                axes=axes,
                parameters=dict(zip(axes, runs.varied.values(), strict=True)),
                manifest=made_by,
            )
            with _uninterrupted():
                _write(ensemble, identity, journal, out)
        except KeyboardInterrupt:
            return Sweep(**told, done_before=before, done_now=now, interrupted=True)
        journal.close()
    return Sweep(**told, done_before=before, done_now=now, **_count(ensemble.flags))


def _count(flags: Any) -> dict[str, Any]:
    kinds = (RunFlag.FAILED, RunFlag.GRAZE, RunFlag.FALLBACK)
    return {SHORT[kind].replace(" ", "_"): int(np.count_nonzero(flags & kind)) for kind in kinds}


def _check_writer(out: Path) -> None:
    """Refuse a file that could not be written, before anything runs."""
    if out.suffix not in (".nc", ".zarr"):
        raise ModelError(f"a sweep's file must end in .nc or .zarr, got {out.name!r}")
    if not out.parent.is_dir():
        raise ModelError(f"a sweep's folder must be there, got {out.parent}: make it")
    package = "zarr" if out.suffix == ".zarr" else "netCDF4"
    for name in ("filelock", "xarray", package):
        if find_spec(name) is None:
            raise ModelError(MISSING.format(f"{out.suffix} files", name))


def _open(out: Path) -> xarray.Dataset:
    import xarray

    engine: Any = "zarr" if out.suffix == ".zarr" else "netcdf4"
    return xarray.open_dataset(out, engine=engine)


def _read_finished(out: Path, identity: Mapping[str, Any]) -> dict[str, Any]:
    """Give the counts of a finished sweep's file, or refuse a file that is something else."""
    try:
        with _open(out) as found:
            theirs = json.loads(found.attrs["sweep"])
            flags = found["flags"].to_numpy()
    except (OSError, ValueError, KeyError) as error:
        raise ModelError(f"{out} is there and is no sweep: give another --out ({error})") from None
    if differing := differences(identity, theirs):
        raise ModelError(
            f"{out} holds another sweep (it differs in {', '.join(differing)}): give another --out"
        )
    return _count(flags)


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Put Ctrl-C off while a file is written: the locks around HDF5 would not be given back."""
    before = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or before is None:
        yield  # signals are the main thread's, or another program's
        return
    came: list[int] = []
    signal.signal(signal.SIGINT, lambda number, _: came.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if came:
        raise KeyboardInterrupt


def _write(ensemble: Ensemble, identity: Mapping[str, Any], journal: Journal, out: Path) -> None:
    """Write the file under another name within the journal, then move it into place."""
    data = ensemble.to_xarray()
    data.attrs |= {"model": identity["model"], "sweep": json.dumps(dict(identity))}
    made = journal.place(f"assembled{out.suffix}")
    try:
        if out.suffix == ".zarr":
            data.to_zarr(made, zarr_format=2)  # which every reader knows, its metadata in one place
        else:
            data.to_netcdf(made, engine="netcdf4")
    except (OSError, RuntimeError) as error:  # RuntimeError: NetCDF's word for a disk that is full
        raise ModelError(f"cannot write {made}: {getattr(error, 'strerror', None) or error}") from error
    journal.publish(made, out)
