"""The comparison of a model file: its script, the truth, and every other method."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import Any

from natrium.analysis import Study, compare
from natrium.figures.accuracy import plot_convergence, plot_spike_errors, plot_work
from natrium.figures.comparison import plot_budget, plot_comparison
from natrium.model import Model
from natrium.reports.captions import BUDGET, COMPARISON, OF_BUDGET, Drawn
from natrium.reports.output import Output, manifest
from natrium.reports.page import Section
from natrium.reports.report import write_report


def compare_into(model: Model, out: Path, *, name: str, quiet: bool = False) -> dict[str, Any]:
    """Compare a model's script and all methods with the truth (see `natrium.reports.report`).

    The results' ``interrupted`` tells whether the study was ended by Ctrl-C; what was done until then is
    written.
    """
    output = Output(out, quiet=quiet)
    with output.progress() as tell:
        done = compare(model, progress=tell)
        tell("drawing figures")
        figures = _figures(done, name)
        tell("writing tables and report")
    spikes, budget = done.table(), done.budget.table() if done.budget else []
    rates = [row for item in done.convergences for row in item.table()]
    work = [row.row() for row in done.work]
    made = manifest(model, dt=done.comparison.dt) | {"truth": dict(done.truth.trajectory.manifest)}
    section = Section(
        title="What was found" + (" before it was interrupted" if done.interrupted else ""),
        sentences=done.sentences(),
        figures=figures,
        tables={
            "Spikes of the script and of the model, ms": spikes,
            OF_BUDGET: done.budget.by_spike() if done.budget else [],
            "Each method at many steps": rates,
            "Each method at several settings": work,
        },
    )
    return write_report(
        output,
        f"{name} and the truth",
        [section],
        {"manifest": made} | done.data(),
        manifest=made,
        tables={
            "spikes.csv": spikes,
            "budget.csv": budget,
            "convergence.csv": rates,
            "work_precision.csv": work,
        },
        said=[(f"{name}: script and truth", spikes, done.sentences())],
        summary=done.summary(),
        intro=f"<p>The model in <code>{escape(name)}</code> was run as a script would run it (sequential "
        f"Euler, dt&nbsp;=&nbsp;{done.comparison.dt:g}&nbsp;ms), by every other method there is, and truly, "
        "with an error bar on every spike.</p>",
        ended="Interrupted: what was done until then is kept." if done.interrupted else "",
    )


def _figures(done: Study, name: str) -> Drawn:
    comparison = plot_comparison(done.comparison, f"{name}: script and truth")
    figures: Drawn = {"comparison": (comparison, COMPARISON)}
    if done.budget:
        figures["budget"] = (plot_budget(done.budget, "What the distance to the truth is made of"), BUDGET)
    if any(item.steps.size for item in done.convergences):
        figures["convergence"] = (
            plot_convergence(done.convergences, "Errors against the step"),
            "Errors against the step, with the observed order of each method and its uncertainty: the lowest "
            "line over all errors, since a step whose grid happens to lie well says nothing.",
        )
    if done.work:
        figures["work"] = (
            plot_work(done.work, "Work and precision"),
            "What accuracy costs: each method at several settings, in calls and in time.",
        )
    if done.truth.spike_times.size and done.convergences:
        figures["spikes"] = (
            plot_spike_errors(done, "Error of each spike"),
            "The error of each spike: it grows or settles along the train.",
        )
    return figures
