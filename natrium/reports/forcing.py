"""A model file's neuron under a periodic input: how it locks, and where that begins and ends."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from natrium.analysis import devils_staircase, locked_orbit, locking_tongues, rotation_number
from natrium.figures.forcing import plot_staircase, plot_tongues
from natrium.model import Model, Stimulus
from natrium.reports.output import Output, manifest
from natrium.reports.page import Section
from natrium.reports.report import write_report

STAIRCASE = (
    "Spikes per period of the input, in runs from the model's own start (dots) and on the plateaus (lines, "
    "with the ratio of spikes to periods), whose ends are followed."
)
TONGUES = "Where each ratio of spikes to periods is stable."
AROUND = (0.5, 2.0)  # times the period of the input: the range where none is asked for


def forcing_into(
    model: Model,
    out: Path,
    *,
    name: str,
    stimulus: Stimulus | Sequence[Stimulus] | None = None,
    along: tuple[str, tuple[float, float]] | None = None,
    amplitudes: Sequence[float] = (),
    points: int = 121,
    highest: int = 4,
    period: float | None = None,
    quiet: bool = False,
) -> dict[str, Any]:
    """Follow how a model's neuron locks to a periodic input (see `natrium.reports.report`).

    Parameters
    ----------
    stimulus : Stimulus or sequence of Stimulus, optional
        By default the model's own.
    along : (str, (float, float)), optional
        The parameter and its range; by default half to twice the period of the input.
    amplitudes : sequence of float
        Of the input, at which tongues are followed; none by default.
    points, highest, period
        As of `devils_staircase`.
    """
    output = Output(out, quiet=quiet)
    neuron, given = model.neuron, model.stimulus if stimulus is None else stimulus
    with output.progress() as tell:
        tell("rotation number")
        turns = rotation_number(neuron, given, period=period)
        locked = locked_orbit(neuron, given, period=period) if turns.locked else None
        parameter, between = along or ("period", (AROUND[0] * turns.period, AROUND[1] * turns.period))
        tell(f"staircase along {parameter}")
        stairs = devils_staircase(
            neuron, given, parameter, between=between, points=points, highest=highest, period=period
        )
        tongues = None
        if len(amplitudes):
            tell("tongues")
            tongues = locking_tongues(
                neuron, given, amplitudes, between=between, parameter=parameter, period=period
            )
        figures = [plot_staircase(stairs), *([plot_tongues(tongues)] if tongues is not None else [])]
    title = f"{name} under a periodic input"
    here = [*turns.sentences(), *(locked.sentences() if locked is not None else [])]
    plateaus = stairs.plateau_table()
    sections = [
        Section("Its own input", here, {}, {"Locked": locked.table()} if locked is not None else {}),
        Section(
            f"Along {parameter}",
            stairs.sentences(),
            {"staircase": (figures[0], STAIRCASE)},
            {"Plateaus": plateaus},
        ),
    ]
    data: dict[str, Any] = {"rotation": turns.data(), "staircase": stairs.data()}
    tables = {"staircase.csv": stairs.table(), "plateaus.csv": plateaus}
    if locked is not None:
        data["locked"] = locked.data()
    if tongues is not None:
        data["tongues"], tables["tongues.csv"] = tongues.data(), tongues.table()
        sections.append(
            Section(
                "Tongues", tongues.sentences(), {"tongues": (figures[1], TONGUES)}, {"Edges": tongues.table()}
            )
        )
    return write_report(
        output,
        title,
        sections,
        data,
        manifest=manifest(model, parameter=parameter, between=between, points=points, highest=highest),
        tables=tables,
        said=[(title, plateaus, [*here, *stairs.sentences()])],
    )
