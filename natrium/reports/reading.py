"""What is written of a script that was read: its model, equations, lines with what was found beside."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

from natrium.analysis import Found, Reading
from natrium.analysis.doctor import Unmoved
from natrium.analysis.doctor.reading.findings.found import Judged
from natrium.figures.comparison import plot_budget
from natrium.figures.reading import plot_reading
from natrium.model import ModelError
from natrium.reports.captions import BUDGET, OF_BUDGET, Drawn
from natrium.reports.output import Output, manifest
from natrium.reports.page import Section
from natrium.reports.report import write_report

_KINDS = {"fault": "Fault", "rule": "Rule that costs accuracy", "note": "Note"}
_HEADINGS = {"fault": "Faults", "rule": "Rules that cost accuracy", "note": "Notes"}
AROUND = 2  # lines shown before and after one that something was found in
CAPTION = (
    "The script's samples and the true course of the model that it means; spikes of both; the input read."
)


def read_into(
    readings: Sequence[Reading], out: Path, *, model_file: Path | None = None, quiet: bool = False
) -> dict[str, Any]:
    """Write what was read of a script (see `natrium.reports.report`).

    Parameters
    ----------
    readings : sequence of Reading
        At least one.
    out : Path
    model_file : Path, optional
        Where to write the model that the script means.
    quiet : bool

    Raises
    ------
    ModelError
        When a model is to be written and there is none.
    """
    first = readings[0]
    if model_file is not None:
        _save(readings, model_file)
    output = Output(out, quiet=quiet)
    with output.progress() as tell:
        tell("drawing figures")
        figures = [_figures(one, f"_{at}" if at > 1 else "") for at, one in enumerate(readings, start=1)]
    sections, said = [], []
    for one, drawn in zip(readings, figures, strict=True):
        sections.append(
            Section(
                title=one.subject,
                sentences=_told(one),
                figures=drawn,
                tables={
                    "Findings": _rows(one),
                    "Each spike, ms": one.table(),
                    OF_BUDGET: one.budget.by_spike() if one.budget else [],
                },
            )
        )
        said += _said(one)
    data = first.data()
    if len(readings) > 1:
        data["scripts"] = [one.data() for one in readings]
    return write_report(
        output,
        "What the script really does",
        sections,
        data,
        manifest=manifest(first.claim or first.model, subject=first.subject)
        if first.claim or first.model
        else {"versions": {}, "subject": first.subject},
        tables={"findings.csv": _rows(first), "spikes.csv": first.table()},
        said=said,
        summary=[sentence for one in readings for sentence in one.summary()][:6],
        intro="".join(_listing(one, one.record.source) for one in readings),
    )


def unmoved_into(found: Unmoved, out: Path, *, quiet: bool = False) -> dict[str, Any]:
    """Write what was found of a script of which no step moves a voltage.

    Parameters
    ----------
    found : Unmoved
    out : Path
    quiet : bool
    """
    return write_report(
        Output(out, quiet=quiet),
        "What the script really does",
        [Section(title=found.subject, sentences=found.sentences(), tables={"Findings": _rows(found)})],
        found.data(),
        manifest={"versions": {}, "subject": found.subject},
        tables={"findings.csv": _rows(found)},
        said=[(_HEADINGS["fault"], [], [_sentence(each) for each in found.findings])],
        summary=found.summary(),
        intro=_listing(found, found.source),
    )


def _save(readings: Sequence[Reading], path: Path) -> None:
    meant = [one for one in readings if one.model is not None]
    if not meant:
        raise ModelError(
            f"a model is written of a script that means one, got none: {readings[0].meant.why_not}"
        )
    for number, one in enumerate(meant, start=1):
        assert one.model is not None
        name = path if number == 1 else path.with_stem(f"{path.stem}-{number}")
        one.model.save(name)


def _figures(one: Reading, suffix: str) -> Drawn:
    drawn: Drawn = {f"script{suffix}": (plot_reading(one, one.subject), CAPTION)}
    if one.budget is not None:
        drawn[f"budget{suffix}"] = (
            plot_budget(one.budget, "What the distance to the truth is made of"),
            BUDGET,
        )
    return drawn


def _told(one: Reading) -> list[str]:
    equations = [f"{name} = {text}" for name, text in one.data()["equations"].items()]
    return [*equations, *one.sentences()]


def _said(one: Reading) -> list[tuple[str, list[dict[str, Any]], list[str]]]:
    data = one.data()
    found: list[tuple[str, list[dict[str, Any]], list[str]]] = [
        (
            f"{one.subject}: the equations that it integrates",
            [],
            [f"{name} = {text}" for name, text in data["equations"].items()],
        ),
        ("Each spike", one.table(), [] if one.table() else [_silence(one)]),
    ]
    if one.budget is not None:
        found.append(("Where the distance comes from, ms", one.budget.by_spike(), []))
    for kind, heading in _HEADINGS.items():
        ones = [each for each in one.findings if each.kind == kind]
        none = (
            ["none"] if one.is_explained or kind != "fault" else ["none was found, but not all is explained"]
        )
        found.append((heading, [], [_sentence(each) for each in ones] or none))
    found.append(("In short", [], one.summary()))
    return found


def _silence(one: Reading) -> str:
    """Say why there is no spike to be told of."""
    if one.maps.threshold is None and (one.model is None or not one.model.neuron.fires):
        return "none is counted: the script compares V with no threshold that resets it"
    return "none: V does not reach its threshold in this run"


def _sentence(one: Found) -> str:
    said = f"{one.said} ({one.evidence.rstrip('.')})" if one.evidence else one.said
    moved = [each for each in one.effect_ms if each is not None]
    if not any(moved):
        return said
    if len(moved) == 1:
        return f"{said} It moves the spike by {moved[0]:+.3g} ms."
    return f"{said} It moves the first spike by {moved[0]:+.3g} ms, the last by {moved[-1]:+.3g} ms."


def _rows(one: Judged) -> list[dict[str, Any]]:
    return [
        {
            "kind": _KINDS[each.kind],
            "key": each.key,
            "line": each.line or None,
            "stands": each.stands,
            "should": each.should,
            "finding": each.said,
            "evidence": each.evidence,
        }
        for each in one.findings
    ]


def _listing(one: Reading | Unmoved, source: Sequence[str]) -> str:
    """Write the lines that something was found in, with those around them, findings in the margin."""
    by_line: dict[int, list[Found]] = {}
    for each in one.findings:
        if each.line:
            by_line.setdefault(each.line, []).append(each)
    near = sorted(
        {at for line in by_line for at in range(line - AROUND, line + AROUND + 1) if 0 < at <= len(source)}
    )
    rows, last = [], 0
    for at in near:
        if last and at > last + 1:
            rows.append("<tr><td>...</td><td></td><td></td></tr>")
        last = at
        margin = "<br>".join(
            f"<b>{_KINDS[each.kind]}</b>: {escape(each.said)}" for each in by_line.get(at, [])
        )
        rows.append(
            f"<tr><td>{at}</td><td "
            f"class=text><code>{escape(source[at - 1]).replace(' ', '&nbsp;')}</code></td>"
            f"<td class=text>{margin}</td></tr>"
        )
    head = f"<p>{escape(one.subject)} was run with numbers that remember where they came from.</p>"
    if not rows:
        return head
    title = "<tr><th>line</th><th>script</th><th>found</th></tr>"
    return f'{head}<div class="scroll"><table>{title}{"".join(rows)}</table></div>'


def _code(text: str) -> str:
    return escape(text).replace(" ", "&nbsp;")
