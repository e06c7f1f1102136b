"""The main job: run the reproduction, draw it, write tables and report."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from natrium.analysis import Reproduction, reproduce
from natrium.analysis.cycle.cobweb import cobweb
from natrium.analysis.papers.papers import SOURCES, Papers, papers
from natrium.analysis.portrait import Dynamics, dynamics
from natrium.figures.comparison import plot_budget, plot_comparison, plot_ladder, plot_script
from natrium.figures.cycle import plot_cycle
from natrium.figures.excitability import plot_equilibrium_curve
from natrium.figures.papers import PAPER_CAPTIONS, plot_papers, rows
from natrium.figures.phase_plane import plot_phase_planes
from natrium.model import Model
from natrium.reports.output import Output, versions, versions_told
from natrium.reports.page import Section, page

LOOKS = 2001  # times at which a stimulus is looked at for its largest value

CAPTIONS = {
    "notebook": "What the script itself plots.",
    "comparison": (
        "Script and true course: V, spike times under both refractory rules, gates (thin: the script's) and "
        "input."
    ),
    "budget": (
        "The same distance, cause by cause: the script's rules switched to the truth's one after the other "
        "(from the first in the legend to the last), so that the parts sum to the total."
    ),
    "ladder": "How far each spike's label lies from its true time as the step shrinks.",
}

DYNAMICS_CAPTIONS = {
    "equilibria": "All equilibria against the input: stable (full) or not (dashed), folds and Hopf points.",
    "phase_plane": (
        "The plane as a whole and, beside it, the part that the cell sees: nullclines, equilibria by type, "
        "manifolds of the saddle, threshold and reset, the full course, and from where the next spike "
        "is certain."
    ),
    "cycle": "One period, the map from reset to reset, and how a push in V moves later spikes.",
    "f_i": "Steady rate, latency and adaptation against constant input, with the law of the onset.",
    "strength_duration": "The least pulse that makes the resting cell fire.",
    "bifurcation": "What firing settles to against a parameter of the reset, and its Lyapunov exponent.",
}

_INTRO = """
<p>Each script of the notebook was replayed step for step, every double as the script computes it, and its
model was solved truly, every spike located to about 1e-12&nbsp;ms. Below: what the script shows, what is
true, and why they differ. Conductances are relative to the leak and inputs are R&nbsp;I in mV, whatever
the scripts' comments call them.</p>
"""
_CLOSING = """
<h2>How it was made</h2>
<p>True courses: natrium's event-driven solver (SciPy's DOP853, threshold crossings proven absent or found in
each step's polynomial and polished by true steps) at a relative tolerance of 1e-12, checked against 1e-13.
Scripts: sequential Euler with the subtracting refractory counter.</p>
<footer>{versions}. Models as files, tables and settings lie beside this report
(<code>*.toml</code>, <code>*.csv</code>, <code>results.json</code>, <code>manifest.json</code>).</footer>
"""


def reproduce_into(
    out: Path, *, quiet: bool = False, with_papers: bool = False, with_dynamics: bool = True
) -> dict[str, Any]:
    """Replay the notebook, compare it with the truth, and write all of it into a folder.

    Parameters
    ----------
    out : Path
        Made if it is not there.
    quiet : bool
        Print nothing.
    with_papers : bool
        Reproduce the published results as well.
    with_dynamics : bool
        Say what kind of neuron each script has: phase plane, excitability and cycle.

    Returns
    -------
    dict
        The results as plain data, as ``results.json`` holds them.

    Raises
    ------
    ModelError
        When the folder cannot be written to.
    """
    output = Output(out, quiet=quiet)
    with output.progress() as tell:
        done = reproduce(progress=tell)
        kinds = {}
        for item in done if with_dynamics else ():
            tell(f"{item.name}: what kind of neuron it is")
            model = item.comparison.model
            kinds[item.name] = dynamics(model.neuron, constant_input(model))
        published = papers(tell) if with_papers else None
        tell("drawing figures")
        figures = {item.name: _figures(item) for item in done}
        for item in done:
            output.figures({f"{item.name}_{kind}": figure for kind, figure in figures[item.name].items()})
        tell("writing tables and report")
        results = {"manifest": manifest(done), "scripts": {item.name: item.as_data() for item in done}}
        _write(output, done, results)
        sections = []
        for item in done:
            sections.append(_section(item, figures[item.name]))
            if item.name in kinds:
                sections.append(_kind(output, item, kinds[item.name]))
        results["dynamics"] = {name: kind.as_data() for name, kind in kinds.items()}
        if published:
            sections.append(_published(output, published))
            results["papers"] = published.as_data()
        output.data("results.json", results)
    for item in done:
        output.say(item.title, item.comparison.table(), item.findings)
        if item.name in kinds:
            output.say("What kind of neuron it has", [], kinds[item.name].sentences)
    if published:
        output.say("Published results", [], [*_told(published), _summary(published)])
    output.report(_report(sections, out))
    return results


def constant_input(model: Model) -> float:
    """Give the constant input that stands for a model's stimulus: its largest value, mV."""
    simulation = model.simulation
    times = np.linspace(simulation.t_start, simulation.t_end or simulation.t_start + 1000.0, LOOKS)
    return max(float(model.stimulus(time)) for time in times.tolist())


def manifest(done: Sequence[Reproduction]) -> dict[str, Any]:
    """Say what made the results: versions, settings, a hash of each model."""
    return {
        "versions": versions(),
        "machine": platform.machine(),
        "runs": {
            item.name: {
                run: dict(trajectory.manifest) | {"rhs_evaluations": trajectory.rhs_evaluations}
                for run, trajectory in (("script", item.comparison.script), *item.comparison.truths.items())
            }
            for item in done
        },
    }


def _figures(item: Reproduction) -> dict[str, Figure]:
    """Draw the figures of one script."""
    heading = f"{item.title}: script and truth"
    figures = {
        "notebook": plot_script(item.comparison, item.title),
        "comparison": plot_comparison(item.comparison, heading),
    }
    if item.ladder:
        figures["ladder"] = plot_ladder(item.comparison, item.ladder, "Distance to the truth by step size")
    if item.budget:
        figures["budget"] = plot_budget(item.budget, "What the distance to the truth is made of")
    return figures


def _write(output: Output, done: Sequence[Reproduction], results: dict[str, Any]) -> None:
    named = [({"script": item.name}, item) for item in done]
    output.table("spikes.csv", [name | row for name, item in named for row in item.comparison.table()])
    ladder = [
        name
        | {
            "dt_ms": row.dt,
            "n_spikes": row.n_spikes,
            "held_steps": row.held_steps,
            "largest_difference_ms": row.largest,
        }
        for name, item in named
        for row in item.ladder
    ]
    output.table("ladder.csv", ladder)
    output.table(
        "budget.csv", [name | row for name, item in named if item.budget for row in item.budget.table()]
    )
    output.data("manifest.json", results["manifest"])
    for item in done:
        item.comparison.model.save(output.folder / f"{item.name}.toml")


def _kind(output: Output, item: Reproduction, kind: Dynamics) -> Section:
    """Draw what kind of neuron a script has; give that part of the report."""
    figures = {"equilibria": plot_equilibrium_curve(kind.verdict.curve, kind.verdict.rheobase)}
    if kind.plane is not None:
        figures["phase_plane"] = plot_phase_planes(kind.plane)
    if kind.cycle is not None and kind.response is not None:
        figures["cycle"] = plot_cycle(
            kind.cycle, kind.response, cobweb(kind.cycle) if kind.cycle.names else None
        )
    named = {f"{item.name}_{name}": figure for name, figure in figures.items()}
    output.figures(named)
    return Section(
        title=f"{item.title}: what kind of neuron it has",
        sentences=kind.sentences,
        figures={name: DYNAMICS_CAPTIONS[name.removeprefix(f"{item.name}_")] for name in named},
    )


def _published(output: Output, found: Papers) -> Section:
    """Draw and write the published results; give their part of the report."""
    figures = {f"papers_{name}": figure for name, figure in plot_papers(found).items()}
    output.figures(figures)
    listed = rows(found)
    output.table("papers.csv", listed)
    return Section(
        title="Published results",
        sentences=[_summary(found), *(f"{source}. Read here: {source.opened}." for source in SOURCES)],
        figures={name: PAPER_CAPTIONS[name.removeprefix("papers_")] for name in figures},
        tables={"Each claim": _claims(found)},
    )


def _claims(found: Papers) -> list[dict[str, Any]]:
    """Give the rows without what stands beside them in papers.csv."""
    return [
        {key: value for key, value in row.items() if key not in ("note", "source")} for row in rows(found)
    ]


def _told(found: Papers) -> list[str]:
    """Tell each claim in a line."""
    return [
        f"{row['paper']}: {row['claim']}: expected {row['expected']}, got {row['got']} {row['unit']}".rstrip()
        + ("" if row["holds"] == "yes" else " (does NOT hold)")
        for row in rows(found)
    ]


def _summary(found: Papers) -> str:
    claims = list(found)
    return f"{sum(claim.holds for claim in claims)} of {len(claims)} claims hold."


def _report(sections: Sequence[Section], folder: Path) -> str:
    return page(
        "Three scripts, and what their models really do",
        _INTRO,
        sections,
        _CLOSING.format(versions=escape(versions_told())),
        folder,
    )


def _section(item: Reproduction, figures: dict[str, Figure]) -> Section:
    ladder = [
        {"dt_ms": f"{row.dt:g}", "spikes": row.n_spikes, "held_steps": row.held_steps}
        | {f"difference_{number}_ms": value for number, value in enumerate(row.differences, start=1)}
        for row in item.ladder
    ]
    return Section(
        title=item.title,
        sentences=item.findings,
        figures={f"{item.name}_{kind}": CAPTIONS[kind] for kind in figures},
        tables={
            "Spikes of the script and of the model, ms": item.comparison.table(),
            "The distance of each spike, cause by cause, ms": item.budget.table() if item.budget else [],
            "The script at other steps: label less true time of each spike, ms": ladder,
        },
    )
