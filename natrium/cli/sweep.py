"""The verb ``sweep``: a grid of parameters into one labelled file."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import attrs
import typer

from natrium.cli.common import (
    FAILED_RUN,
    INTERRUPTED,
    EndOption,
    JsonFlag,
    ModelFile,
    check_options,
    is_quantity_like,
    number_option,
    print_json,
    read_model,
)

if TYPE_CHECKING:
    from natrium.analysis import Sweep
    from natrium.solvers import Solver

MAX_VALUES = 10_000_000
WAIT = "10s"  # for a scheduler


def axes_of(items: list[str], quantity: Callable[[str, str], float] | None = None) -> dict[str, list[float]]:
    """Read a grid's axes: ``NAME=LOW:HIGH:COUNT`` (both ends included) or ``NAME=V1,V2,V3``.

    Numbers with units are what `quantity` makes of them, by the name of the axis.

    Raises
    ------
    ModelError
        When an item is neither, or names a parameter again.
    """
    from natrium.model import ModelError

    axes: dict[str, list[float]] = {}
    for item in items:
        name, _, values = item.partition("=")
        if name in axes:
            raise ModelError(f"an axis must be named once, got {name!r} again")
        try:
            axes[name] = _values(values, partial(_number, name, quantity))
        except ModelError:  # of a quantity: it says what is wrong
            raise
        except ValueError:
            raise ModelError(
                f"an axis must be NAME=LOW:HIGH:COUNT or NAME=V1,V2,V3, such as g_Na=80:160:9, got {item!r}"
            ) from None
    return axes


def _values(text: str, number: Callable[[str], float]) -> list[float]:
    import numpy as np

    if ":" not in text:
        return [number(part) for part in text.split(",")]
    low, high, count = text.split(":")
    if not 1 <= int(count) <= MAX_VALUES:
        raise ValueError(count)
    found: list[float] = np.linspace(float(number(low)), float(number(high)), int(count)).tolist()
    return found


def _number(name: str, quantity: Callable[[str, str], float] | None, text: str) -> float:
    """Read a number; a whole one stays whole, as a seed may have more digits than a double."""
    if quantity is not None and is_quantity_like(text):
        return quantity(name, text)
    return int(text) if text.strip().isdigit() else float(text)


def sweep_command(
    model: ModelFile,
    grid: Annotated[
        list[str],
        typer.Option(
            help="An axis of the grid: a parameter and its values; give one for each parameter.",
            metavar="NAME=LOW:HIGH:COUNT",
        ),
    ],
    out: Annotated[Path, typer.Option(help="File to write: NetCDF or Zarr.", metavar="FILE.nc|FILE.zarr")],
    solver: Annotated[
        str, typer.Option(help="compiled, event, script (with the file's dt) or closed-form.")
    ] = "compiled",
    rtol: Annotated[float | None, number_option(float, help="Relative tolerance.")] = None,
    t_end: EndOption = None,
    scheduler: Annotated[
        str | None, typer.Option(help="A Dask scheduler to send the runs to.", metavar="ADDRESS")
    ] = None,
    workers: Annotated[
        int | None, typer.Option(help="Threads (compiled) or processes (others).", min=1)
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Run a model on a grid of parameters into one labelled file.

    Killed and started again, it finishes what is missing and does nothing twice.
    """
    from natrium.analysis import sweep
    from natrium.model import choose
    from natrium.model.absolute import as_parameter
    from natrium.model.parameters import with_amplitude
    from natrium.solvers import solver_of

    read = read_model(model, rtol=rtol, t_end=t_end)

    def quantity(name: str, text: str) -> float:
        stimulus = with_amplitude(read.stimulus, (name,))
        return as_parameter(read.neuron, choose(read.neuron, stimulus, (name,))[name], text)

    axes = axes_of(grid, quantity)
    chosen = solver_of(attrs.evolve(read.simulation, solver=solver))
    check_options(chosen, solver, rtol=rtol)
    with _workers(chosen, scheduler, workers) as executor:
        done = sweep(read, axes, out, solver=chosen, executor=executor, workers=workers, progress=not as_json)
    print_json(_result(done), as_json)
    if not as_json and not done.interrupted:
        typer.echo(f"{done.path}: {done.n_runs} runs, {done.done_now} of them now")
    if done.interrupted:
        kept = done.done_before + done.done_now
        typer.echo(
            f"natrium: interrupted; {kept} of {done.n_runs} runs are kept in {done.journal}; "
            "the same command goes on from there",
            err=True,
        )
        raise typer.Exit(INTERRUPTED)
    if done.failed:
        typer.echo(
            f"natrium: {done.failed} of {done.n_runs} runs failed; see flags and message in {done.path}",
            err=True,
        )
        raise typer.Exit(FAILED_RUN)


def _result(done: Sweep) -> dict[str, Any]:
    """Give a sweep as the JSON object that outside scripts rely on."""
    return {
        "file": str(done.path),
        "shape": list(done.shape),
        "n_runs": done.n_runs,
        "done_before": done.done_before,
        "done_now": done.done_now,
        "complete": done.complete,
        "failed": done.failed,
        "grazing": done.grazing,
        "fell_back": done.fell_back,
    }


@contextmanager
def _workers(solver: Solver, scheduler: str | None, workers: int | None) -> Iterator[Executor | None]:
    """Give who carries the runs: a cluster, a pool of processes, or None for our own threads."""
    from natrium.solvers.runs import ManyRuns

    if scheduler is not None:
        with _cluster(scheduler) as executor:
            yield executor
    elif workers is not None and workers > 1 and not isinstance(solver, ManyRuns):
        import multiprocessing  # browsers have no processes
        from concurrent.futures import ProcessPoolExecutor

        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(workers, mp_context=context, initializer=_deaf) as executor:
            yield executor
    else:
        yield None


def _deaf() -> None:
    """Let Ctrl-C end the parent alone, which then ends the pool."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


@contextmanager
def _cluster(address: str) -> Iterator[Executor]:
    from natrium.model import ModelError

    try:
        from distributed import Client
    except ImportError:
        raise ModelError('a cluster needs distributed: pip install "natrium[distributed]"') from None
    connect: Any = Client  # its types are not complete
    try:
        # Not the default one: xarray would write the file through it.
        client = connect(address, timeout=WAIT, set_as_default=False)
    except (OSError, ValueError) as error:  # a timeout is an OSError
        raise ModelError(f"cannot reach a scheduler at {address}: {error}") from None
    with client:
        yield client.get_executor()
