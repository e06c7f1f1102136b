"""The doctor's visit: diagnose, draw the budget, write tables and report."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from natrium.analysis.doctor import Diagnosis, Finding, diagnose
from natrium.figures.comparison import plot_budget, plot_comparison
from natrium.model import Model
from natrium.reports.output import Output, versions, versions_told
from natrium.reports.page import Section, page
from natrium.reports.reproduce import CAPTIONS

_KINDS = {"fault": "Fault", "rule": "Rule that costs accuracy", "note": "Note"}
_HEADINGS = {"fault": "Faults", "rule": "Rules that cost accuracy", "note": "Notes"}


def diagnose_into(
    subject: Any, model: Model, out: Path, *, name: str | None = None, quiet: bool = False
) -> dict[str, Any]:
    """Diagnose a script and write what was found into a folder.

    Parameters
    ----------
    subject : None, FixedStep, object, class, callable or pair of arrays
        As `natrium.diagnose` takes it.
    model : Model
        What the script claims to be.
    out : Path
        Made if it is not there.
    name : str, optional
        What to call the subject.
    quiet : bool
        Print nothing.

    Returns
    -------
    dict
        The diagnosis as plain data, as ``results.json`` holds it.

    Raises
    ------
    ModelError
        When the subject is none or the folder cannot be written to.
    SolverError
        When the subject or its model cannot be run.
    """
    output = Output(out, quiet=quiet)
    with output.progress() as tell:
        tell("probing the script and solving its model")
        found = diagnose(subject, model, name=name)
        tell("drawing figures")
        figures = _figures(found)
        output.figures(figures)
        results = {"versions": versions()} | found.as_data()
        output.table("findings.csv", _rows(found))
        output.table("spikes.csv", found.table())
        output.table("budget.csv", found.budget.table() if found.budget else [])
        output.data("results.json", results)
    output.say(f"{found.subject}: each spike", found.table(), [])
    output.say("Where the distance comes from, ms", found.budget.table() if found.budget else [], [])
    for kind, heading in _HEADINGS.items():
        said = [_told(one) for one in found.findings if one.kind == kind]
        output.say(heading, [], said or ["none"])
    intro = (
        f"<p>{escape(found.subject)} was held against the model that it claims to be: what it does "
        "otherwise, by which rules it steps, and what each of them does to its spikes.</p>"
    )
    closing = f"<footer>{escape(versions_told())}.</footer>"
    output.report(
        page("What the script really does", intro, [diagnosis_section(found, figures)], closing, out)
    )
    return results


def _told(one: Finding) -> str:
    return f"{one.said} ({one.evidence.rstrip('.')})" if one.evidence else one.said


def _figures(found: Diagnosis) -> dict[str, Figure]:
    figures = {"comparison": plot_comparison(found.comparison, "The model's own script and truth")}
    if found.budget:
        figures["budget"] = plot_budget(found.budget, "What the distance to the truth is made of")
    return figures


def _rows(found: Diagnosis) -> list[dict[str, Any]]:
    return [
        {"kind": _KINDS[one.kind], "key": one.key, "finding": one.said, "evidence": one.evidence}
        for one in found.findings
    ]


def diagnosis_section(found: Diagnosis, figures: dict[str, Figure]) -> Section:
    """Give the diagnosis as a part of a report; its figures are to lie in the folder by their names."""
    return Section(
        title=found.subject,
        sentences=[one.said for one in found.findings if one.kind != "note"],
        figures={name: CAPTIONS[name] for name in figures},
        tables={
            "Findings": _rows(found),
            "Each spike, ms": found.table(),
            "The distance of each spike, cause by cause, ms": found.budget.table() if found.budget else [],
        },
    )
