"""The report: one HTML file that needs nothing beside it."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from natrium.analysis import Reproduction

__all__ = ["report_html"]

_CSS = """
body { font: 16px/1.5 Georgia, "Times New Roman", serif; color: #222; max-width: 56rem;
       margin: 2rem auto; padding: 0 1rem; }
h1, h2, h3 { font-family: Helvetica, Arial, sans-serif; line-height: 1.2; }
h2 { margin-top: 3rem; border-bottom: 1px solid #ccc; padding-bottom: .3rem; }
figure { margin: 1.5rem 0; } figure img { max-width: 100%; }
figcaption, footer { font-size: .85rem; color: #555; }
table { border-collapse: collapse; font: .85rem/1.4 Helvetica, Arial, sans-serif; margin: 1rem 0; }
th, td { padding: .25rem .7rem; border-bottom: 1px solid #ddd; text-align: right; }
th { border-bottom: 2px solid #888; }
.scroll { overflow-x: auto; }
code { font-size: .85em; }
"""

_CAPTIONS = {
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


def report_html(
    done: Sequence[Reproduction],
    figures: Mapping[str, Sequence[str]],
    folder: Path,
    manifest: Mapping[str, Any],
) -> str:
    """Write the report of a reproduction.

    Parameters
    ----------
    done : sequence of Reproduction
    figures : mapping
        Kinds of figures drawn for each script.
    folder : Path
        Where the figures lie, as ``<script>_<kind>.svg``.
    manifest : mapping
        Versions and settings.

    Returns
    -------
    str
        HTML with the figures inlined.
    """
    parts = [_section(item, figures[item.name], folder) for item in done]
    versions = ", ".join(f"{name} {number}" for name, number in manifest["versions"].items())
    return f"""<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>natrium: the notebook's scripts and their models</title><style>{_CSS}</style></head>
<body>
<h1>Three scripts, and what their models really do</h1>
<p>Each script of the notebook was replayed step for step, every double as the script computes it, and its
model was solved truly, every spike located to about 1e-12&nbsp;ms. Below: what the script shows, what is
true, and why they differ. Conductances are relative to the leak and inputs are R&nbsp;I in mV, whatever
the scripts' comments call them.</p>
{"".join(parts)}
<h2>How it was made</h2>
<p>True courses: natrium's event-driven solver (SciPy's DOP853, threshold crossings proven absent or found in
each step's polynomial and polished by true steps) at a relative tolerance of 1e-12, checked against 1e-13.
Scripts: sequential Euler with the subtracting refractory counter.</p>
<footer>{escape(versions)}. Models as files, tables and settings lie beside this report
(<code>*.toml</code>, <code>*.csv</code>, <code>results.json</code>, <code>manifest.json</code>).</footer>
</body>
</html>
"""


def _section(item: Reproduction, kinds: Sequence[str], folder: Path) -> str:
    found = "".join(f"<li>{escape(sentence)}</li>" for sentence in item.findings)
    drawn = "".join(_figure(item.name, kind, folder) for kind in kinds)
    tables = _table(item.comparison.table(), "Spikes of the script and of the model, ms")
    if item.budget:
        tables += _table(item.budget.table(), "The distance of each spike, cause by cause, ms")
    if item.ladder:
        rows = [
            {"dt_ms": f"{row.dt:g}", "spikes": row.n_spikes, "held_steps": row.held_steps}
            | {f"difference_{number}_ms": value for number, value in enumerate(row.differences, start=1)}
            for row in item.ladder
        ]
        tables += _table(rows, "The script at other steps: label less true time of each spike, ms")
    return f"<h2>{escape(item.title)}</h2><ul>{found}</ul>{drawn}{tables}"


def _figure(name: str, kind: str, folder: Path) -> str:
    content = base64.b64encode((folder / f"{name}_{kind}.svg").read_bytes()).decode("ascii")
    caption = escape(_CAPTIONS[kind])
    return (
        f'<figure><img src="data:image/svg+xml;base64,{content}" alt="{caption}">'
        f"<figcaption>{caption}</figcaption></figure>"
    )


def _table(rows: Sequence[Mapping[str, Any]], caption: str) -> str:
    if not rows:
        return ""
    head = "".join(f"<th>{escape(key.replace('_ms', '').replace('_', ' '))}</th>" for key in rows[0])
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(_shown(value))}</td>" for value in row.values()) + "</tr>"
        for row in rows
    )
    return (
        f'<div class="scroll"><table><caption>{escape(caption)}</caption><tr>{head}</tr>{body}</table></div>'
    )


def _shown(value: Any) -> str:
    if value is None:
        return "–"
    return f"{value:.6f}" if isinstance(value, float) else str(value)
