"""A model file's neuron under noise: rate and regularity without runs, and runs beside them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from natrium.analysis import noise_curve
from natrium.figures.noise import plot_noise_curve
from natrium.model import Model, Noise
from natrium.reports.output import Output, manifest
from natrium.reports.page import Section
from natrium.reports.report import write_report

CAPTION = (
    "Rate and coefficient of variation of the intervals by the Fokker-Planck equation; dashed, with what "
    "holding white noise for a step does; runs with their bootstrap intervals."
)


def noise_into(
    model: Model,
    out: Path,
    *,
    name: str,
    noise: Noise,
    means: Sequence[float],
    runs: int = 0,
    t_end: float | None = None,
    quiet: bool = False,
) -> dict[str, Any]:
    """Give rate and CV of a model's neuron against the mean of a noise (see `natrium.reports.report`).

    Parameters
    ----------
    noise, means, runs, t_end
        As of `noise_curve`.
    """
    output = Output(out, quiet=quiet)
    with output.progress() as tell:
        tell("rates by the equation" + (", and runs" if runs else ""))
        found = noise_curve(model.neuron, noise, means, runs=runs, t_end=t_end)
        figure = plot_noise_curve(found)
    title, rows, sentences = f"{name} under noise", found.table(), found.sentences()
    return write_report(
        output,
        title,
        [Section("Rate and CV", sentences, {"noise": (figure, CAPTION)}, {"By mean input": rows})],
        found.data(),
        manifest=manifest(model, intensity=noise.sample_intensity, tau=noise.tau, step=noise.step, runs=runs),
        tables={"noise.csv": rows},
        said=[(title, rows, sentences)],
    )
