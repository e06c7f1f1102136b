"""The one writer of reports: figures, tables, results and page into a folder, and what is told meanwhile.

Every verb's own file says which analyses it runs, what it draws and how it captions it. Their functions
take a model, a folder (made if it is not there), and by keyword `name`, what the model is called in titles,
and `quiet`, to print nothing; they return the results as plain data, as ``results.json`` holds them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from natrium.reports.output import Output, tell_versions
from natrium.reports.page import Section, write_page
from natrium.reports.plain import plain

Rows = Sequence[Mapping[str, Any]]


def write_report(
    output: Output,
    title: str,
    sections: Sequence[Section],
    data: Mapping[str, Any],
    *,
    manifest: Mapping[str, Any],
    tables: Mapping[str, Rows],
    said: Sequence[tuple[str, Rows, Sequence[str]]],
    intro: str = "",
    summary: Sequence[str] = (),
    closing: str | None = None,
    ended: str = "",
) -> dict[str, Any]:
    """Write figures, tables, ``results.json``, ``manifest.json`` and the page; say what was found.

    Parameters
    ----------
    output : Output
    title : str
        Of the page.
    sections : sequence of Section
    data : mapping
        What ``results.json`` is to hold, beside the versions.
    manifest : mapping
        What ``manifest.json`` is to hold: see `natrium.reports.output.manifest`.
    tables : mapping of str to rows
        CSV files by name.
    said : sequence of (str, rows, sequence of str)
        Headings with a table and sentences, for the console.
    summary : sequence of str
        What was found and what to change, for the first screen.
    intro, closing : str
        HTML around the sections; the closing tells versions by default.
    ended : str
        A last line for the console.

    Returns
    -------
    dict
        The results as plain data.
    """
    for section in sections:
        output.figures({name: figure for name, (figure, _) in section.figures.items()})
    for name, rows in tables.items():
        output.table(name, rows)
    results = write_results(output, data, manifest)
    for heading, rows, sentences in said:
        output.say(heading, rows, sentences)
    if ended:
        output.console.print(ended)
    footer = f"<footer>{escape(tell_versions())}.</footer>" if closing is None else closing
    output.report(write_page(title, intro, sections, footer, output.folder, summary))
    return results


def write_results(output: Output, data: Mapping[str, Any], manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Write ``results.json`` and ``manifest.json``; give the results as plain data."""
    results: dict[str, Any] = plain({"versions": manifest["versions"]} | dict(data))
    output.data("results.json", results)
    output.data("manifest.json", plain(manifest))
    return results
