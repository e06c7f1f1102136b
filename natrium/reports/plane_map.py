"""What a model file's neuron does over two parameters."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from natrium.analysis import parameter_map
from natrium.figures.plane_map import plot_map
from natrium.model import Model
from natrium.reports.output import Output, manifest
from natrium.reports.page import Section
from natrium.reports.report import write_report

CAPTION = (
    "Where the cell can rest, fire, do either or neither, by rows; curves of folds, Hopf points and rests at "
    "the threshold, and what happens on cycles."
)
Asked = tuple[str, tuple[float, float]]


def map_into(
    model: Model,
    out: Path,
    *,
    name: str,
    x: Asked,
    y: Asked,
    I: float | None = None,
    rows: int = 9,
    quiet: bool = False,
) -> dict[str, Any]:
    """Map what a model's neuron does over two parameters (see `natrium.reports.report`).

    Parameters
    ----------
    x, y : (str, (float, float))
        The parameters and their ranges.
    I : float, optional
        Constant input where neither is the input, mV; by default the largest value of the model's own.
    rows : int
        Values of the second.
    """
    output = Output(out, quiet=quiet)
    with output.progress() as tell:
        at = model.largest_input() if I is None else I
        found = parameter_map(model.neuron, at, x=x, y=y, rows=rows, progress=tell)
        figure = plot_map(found)
    title, table, sentences = f"{name} over {x[0]} and {y[0]}", found.table(), found.sentences()
    return write_report(
        output,
        title,
        [Section("What was found", sentences, {"map": (figure, CAPTION)}, {"By rows": table})],
        found.data(),
        manifest=manifest(model, x=x, y=y, I_mV=at, rows=rows),
        tables={"states.csv": table, "of_cycles.csv": found.of_cycles},
        said=[(title, table, sentences)],
    )
