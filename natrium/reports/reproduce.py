"""The main job: run the reproduction, draw it, write tables and report."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from natrium.analysis import Reproduction, reproduce
from natrium.analysis.cycle.cobweb import cobweb
from natrium.analysis.papers.papers import SOURCES, Papers, papers
from natrium.analysis.portrait import Dynamics, dynamics
from natrium.figures.comparison import plot_budget, plot_comparison, plot_ladder, plot_script
from natrium.figures.cycle import plot_cycle
from natrium.figures.excitability import plot_equilibrium_curve
from natrium.figures.papers import PAPER_CAPTIONS, plot_papers
from natrium.figures.phase_plane import plot_phase_planes
from natrium.reports.captions import BUDGET, COMPARISON, CYCLE, EQUILIBRIA, OF_BUDGET, PHASE_PLANE, Drawn
from natrium.reports.output import Output, manifest, tell_versions
from natrium.reports.page import Section
from natrium.reports.report import Rows, write_report

MOST = 5  # sentences of the first screen

_LADDER = "How far each spike's label lies from its true time as the step shrinks."

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
    """Replay the notebook and compare it with the truth (see `natrium.reports.report`).

    Parameters
    ----------
    with_papers : bool
        Reproduce the published results as well.
    with_dynamics : bool
        Say what kind of neuron each script has: phase plane, excitability and cycle.
    """
    output = Output(out, quiet=quiet)
    with output.progress() as tell:
        done = reproduce(progress=tell)
        kinds: dict[str, Dynamics] = {}
        for item in done if with_dynamics else ():
            tell(f"{item.name}: what kind of neuron it is")
            model = item.comparison.model
            kinds[item.name] = dynamics(model.neuron, model.largest_input())
        published = papers(tell) if with_papers else None
        tell("drawing figures")
        sections = []
        for item in done:
            sections.append(_section(item))
            if item.name in kinds:
                sections.append(_kind(item, kinds[item.name]))
        tell("writing tables and report")
        if published:
            sections.append(_published(published))
    made = manifest() | {"runs": _runs(done)}
    data: dict[str, Any] = {
        "manifest": made,
        "scripts": {item.name: item.data() for item in done},
        "dynamics": {name: kind.data() for name, kind in kinds.items()},
    }
    said: list[tuple[str, Rows, Sequence[str]]] = []
    for item in done:
        said.append((item.title, item.table(), item.sentences()))
        if item.name in kinds:
            said.append(("What kind of neuron it has", [], kinds[item.name].sentences()))
        item.comparison.model.save(output.folder / f"{item.name}.toml")
    tables = _tables(done)
    if published:
        data["papers"] = published.data()
        tables["papers.csv"] = published.table()
        said.append(("Published results", [], [*map(_claim, published.table()), *published.sentences()]))
    return write_report(
        output,
        "Three scripts, and what their models really do",
        sections,
        data,
        manifest=made,
        tables=tables,
        said=said,
        summary=[f"{item.name}: {sentence}" for item in done for sentence in item.summary()[:-1]][:MOST],
        intro=_INTRO,
        closing=_CLOSING.format(versions=escape(tell_versions())),
    )


def _runs(done: Sequence[Reproduction]) -> dict[str, Any]:
    """Say what made each run: settings, a hash of its model."""
    return {
        item.name: {
            run: dict(trajectory.manifest) | {"rhs_evaluations": trajectory.rhs_evaluations}
            for run, trajectory in (("script", item.comparison.script), *item.comparison.truths.items())
        }
        for item in done
    }


def _tables(done: Sequence[Reproduction]) -> dict[str, Rows]:
    def join(rows: Callable[[Reproduction], Rows]) -> Rows:
        return [{"script": item.name} | dict(row) for item in done for row in rows(item)]

    return {
        "spikes.csv": join(lambda item: item.table()),
        "ladder.csv": join(
            lambda item: [
                {
                    "dt_ms": row.dt,
                    "n_spikes": row.n_spikes,
                    "held_steps": row.held_steps,
                    "largest_difference_ms": row.largest,
                }
                for row in item.ladder
            ]
        ),
        "budget.csv": join(lambda item: item.budget.table() if item.budget else []),
    }


def _section(item: Reproduction) -> Section:
    """Draw one script beside the truth; give its part of the report."""
    figures: Drawn = {
        "notebook": (plot_script(item.comparison, item.title), "What the script itself plots."),
        "comparison": (plot_comparison(item.comparison, f"{item.title}: script and truth"), COMPARISON),
    }
    if item.ladder:
        ladder = plot_ladder(item.comparison, item.ladder, "Distance to the truth by step size")
        figures["ladder"] = (ladder, _LADDER)
    if item.budget:
        figures["budget"] = (plot_budget(item.budget, "What the distance to the truth is made of"), BUDGET)
    steps = [
        {"dt_ms": f"{row.dt:g}", "spikes": row.n_spikes, "held_steps": row.held_steps}
        | {f"difference_{number}_ms": value for number, value in enumerate(row.differences, start=1)}
        for row in item.ladder
    ]
    return Section(
        title=item.title,
        sentences=item.sentences(),
        figures={f"{item.name}_{kind}": drawn for kind, drawn in figures.items()},
        tables={
            "Spikes of the script and of the model, ms": item.table(),
            OF_BUDGET: item.budget.by_spike() if item.budget else [],
            "The script at other steps: label less true time of each spike, ms": steps,
        },
    )


def _kind(item: Reproduction, kind: Dynamics) -> Section:
    """Draw what kind of neuron a script has; give that part of the report."""
    verdict, cycle = kind.verdict, kind.cycle
    figures: Drawn = {"equilibria": (plot_equilibrium_curve(verdict.curve, verdict.rheobase), EQUILIBRIA)}
    if kind.plane is not None:
        figures["phase_plane"] = (plot_phase_planes(kind.plane), PHASE_PLANE)
    if cycle is not None and kind.response is not None:
        figures["cycle"] = (plot_cycle(cycle, kind.response, cobweb(cycle) if cycle.names else None), CYCLE)
    return Section(
        title=f"{item.title}: what kind of neuron it has",
        sentences=kind.sentences(),
        figures={f"{item.name}_{name}": drawn for name, drawn in figures.items()},
    )


def _published(found: Papers) -> Section:
    """Draw the published results; give their part of the report."""
    without = ("note", "source")  # these stand in papers.csv
    claims = [{key: value for key, value in row.items() if key not in without} for row in found.table()]
    return Section(
        title="Published results",
        sentences=[
            *found.sentences(),
            *(f"{source}. Read here: {source.opened}." for source in SOURCES),
        ],
        figures={f"papers_{name}": (one, PAPER_CAPTIONS[name]) for name, one in plot_papers(found).items()},
        tables={"Each claim": claims},
    )


def _claim(row: Mapping[str, Any]) -> str:
    """Tell one claim in a line."""
    said = (
        f"{row['paper']}: {row['claim']}: expected {row['expected']}, got {row['got']} {row['unit']}".rstrip()
    )
    return said + ("" if row["holds"] == "yes" else " (does NOT hold)")
