"""Rests and cycles of a model file's neuron along one parameter."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from natrium.analysis import bifurcation_diagram
from natrium.figures.continuation import plot_bifurcations
from natrium.model import Model
from natrium.reports.output import Output, manifest
from natrium.reports.page import Section
from natrium.reports.report import write_report

CAPTION = (
    "Rests and the extremes of V on cycles (full where stable, dashed where not), and the rate; shaded where "
    "rest and firing are both stable."
)


def continue_into(
    model: Model,
    out: Path,
    *,
    name: str,
    parameter: str,
    between: tuple[float, float],
    I: float | None = None,
    doublings: int = 1,
    quiet: bool = False,
) -> dict[str, Any]:
    """Follow a model's rests and cycles along one parameter (see `natrium.reports.report`).

    Parameters
    ----------
    parameter : str
    between : (float, float)
        Its range.
    I : float, optional
        Constant input, mV, where another parameter moves; by default the largest value of the model's own.
    doublings : int
        How many period doublings are followed, one after the other.
    """
    output = Output(out, quiet=quiet)
    with output.progress() as tell:
        tell(f"rests and cycles along {parameter}")
        at = model.largest_input() if I is None else I
        found = bifurcation_diagram(
            model.neuron, at, parameter, between=between, doublings=doublings, progress=tell
        )
        figure = plot_bifurcations(found)
    title, rows, sentences = f"{name} along {parameter}", found.table(), found.sentences()
    branches = {f"cycles_{k}.csv": one.table() for k, one in enumerate(found.cycles)}
    rests = {f"rests_{k}.csv": one.table() for k, one in enumerate(found.rests)}
    return write_report(
        output,
        title,
        [Section("What was found", sentences, {"bifurcations": (figure, CAPTION)}, {"What happens": rows})],
        found.data(),
        manifest=manifest(model, parameter=parameter, between=between, I_mV=at, doublings=doublings),
        tables={"special.csv": rows, **branches, **rests},
        said=[(title, rows, sentences)],
    )
