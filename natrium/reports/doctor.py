"""The doctor's visit: what a script does otherwise than its model, and what that does to each spike."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import Any

from natrium.analysis.doctor import Diagnosis, Found, Reading, diagnose
from natrium.figures.comparison import plot_budget, plot_comparison, plot_recording
from natrium.model import Model
from natrium.reports.captions import BUDGET, COMPARISON, OF_BUDGET, RECORDING, Drawn
from natrium.reports.output import Output, manifest
from natrium.reports.page import Section
from natrium.reports.reading import read_into
from natrium.reports.report import write_report

_KINDS = {"fault": "Fault", "rule": "Rule that costs accuracy", "note": "Note"}
_HEADINGS = {"fault": "Faults", "rule": "Rules that cost accuracy", "note": "Notes"}


def diagnose_into(
    subject: Any,
    model: Model,
    out: Path,
    *,
    name: str | None = None,
    fallback: str | None = None,
    quiet: bool = False,
) -> dict[str, Any]:
    """Diagnose a script, given as `natrium.diagnose` takes it (see `natrium.reports.report`).

    Parameters
    ----------
    subject : object
    model : Model
    out : Path
    name : str, optional
    fallback : str, optional
        Why the script that made a recording was not traced.
    quiet : bool
    """
    output = Output(out, quiet=quiet)
    with output.progress() as tell:
        tell("reading the script and solving its model")
        found = diagnose(subject, model, name=name)
    if isinstance(found, Reading):
        return read_into([found], out, quiet=quiet)
    with output.progress() as tell:
        tell("drawing figures")
        figures = _figures(found)
    spikes, budget = found.table(), found.budget.table() if found.budget else []
    by_spike = found.budget.by_spike() if found.budget else []
    findings = [
        {"kind": _KINDS[one.kind], "key": one.key, "finding": one.said, "evidence": one.evidence}
        for one in found.findings
    ]
    section = Section(
        title=found.subject,
        sentences=found.sentences(),
        figures=figures,
        tables={"Findings": findings, "Each spike, ms": spikes, OF_BUDGET: by_spike},
    )
    by_kind = {kind: [one for one in found.findings if one.kind == kind] for kind in _HEADINGS}
    return write_report(
        output,
        "What the script really does",
        [section],
        {**found.data(), "fallback": fallback},
        manifest=manifest(model, subject=found.subject),
        tables={"findings.csv": findings, "spikes.csv": spikes, "budget.csv": budget},
        said=[
            (f"{found.subject}: each spike", spikes, []),
            ("Where the distance comes from, ms", by_spike, []),
            *(
                (_HEADINGS[kind], [], [_said(one) for one in ones] or ["none"])
                for kind, ones in by_kind.items()
            ),
        ],
        summary=found.summary(),
        intro=f"<p>{escape(found.subject)} was held against the model that it claims to be: what it does "
        "otherwise, by which rules it steps, and what each of them does to its spikes.</p>",
    )


def _said(one: Found) -> str:
    return f"{one.said} ({one.evidence.rstrip('.')})" if one.evidence else one.said


def _figures(found: Diagnosis) -> Drawn:
    if found.samples is not None:
        figures: Drawn = {"comparison": (plot_recording(found, f"{found.subject} and the truth"), RECORDING)}
    else:
        comparison = plot_comparison(found.comparison, "The model's own script and truth")
        figures = {"comparison": (comparison, COMPARISON)}
    if found.budget:
        figures["budget"] = (plot_budget(found.budget, "What the distance to the truth is made of"), BUDGET)
    return figures
