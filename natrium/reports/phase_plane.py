"""The phase plane of a model file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from natrium.analysis import phase_plane
from natrium.analysis.phase_plane.reduction import Reduction
from natrium.figures.phase_plane import plot_phase_planes
from natrium.model import Model
from natrium.model.leak import input_unit
from natrium.reports.captions import PHASE_PLANE
from natrium.reports.output import Output, manifest
from natrium.reports.page import Section
from natrium.reports.report import write_report


def phase_plane_into(
    model: Model,
    out: Path,
    *,
    name: str,
    I: float | None = None,
    x: str | None = None,
    reduction: Reduction = "steady",
    quiet: bool = False,
) -> dict[str, Any]:
    """Analyse a model's phase plane (see `natrium.reports.report`).

    Parameters
    ----------
    I : float, optional
        Constant input, mV; by default the largest value of the model's own.
    x, reduction
        As `natrium.phase_plane` takes them.
    """
    output = Output(out, quiet=quiet)
    with output.progress() as tell:
        tell("nullclines, equilibria, manifolds, certain spikes")
        at = model.largest_input() if I is None else I
        plane = phase_plane(model.neuron, at, x=x, reduction=reduction)
        tell("drawing")
        figures = {"phase_plane": (plot_phase_planes(plane), PHASE_PLANE)}
    rows = plane.table()
    title = f"Phase plane of {name}, I = {input_unit(model.neuron).show(plane.I)}"
    section = Section("What was found", plane.sentences(), figures, {"Equilibria of the plane": rows})
    return write_report(
        output,
        title,
        [section],
        plane.data(),
        manifest=manifest(model, I_mV=at, x=x, reduction=reduction),
        tables={"equilibria.csv": rows},
        said=[(title, rows, plane.sentences())],
    )
