"""Reports: one HTML file that needs nothing beside it."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

import attrs

from natrium.figures.style import Figure
from natrium.reports.glossary import Glossary
from natrium.reports.output import heading, show, thin

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
td.text { text-align: left; }
.scroll { overflow-x: auto; }
code { font-size: .85em; }
.summary { background: #f4f4f4; padding: .8rem 1rem .8rem 2rem; border-left: 4px solid #0072B2; }
abbr { text-decoration: underline dotted; cursor: help; }
dt { font-weight: bold; } dd { margin: 0 0 .5rem 1.5rem; }
"""


@attrs.frozen
class Section:
    """One part of a report."""

    title: str
    sentences: Sequence[str] = ()  # what was found
    # By the names of their files (without ending), each with its caption.
    figures: Mapping[str, tuple[Figure, str]] = attrs.field(factory=dict)
    tables: Mapping[str, Sequence[Mapping[str, Any]]] = attrs.field(factory=dict)  # captions to rows

    def html(self, folder: Path, glossary: Glossary) -> str:
        """Write it, its figures inlined and the words of the field explained where they come first."""
        found = "".join(f"<li>{glossary.mark(sentence)}</li>" for sentence in self.sentences)
        drawn = "".join(
            _figure(folder / f"{name}.svg", caption) for name, (_, caption) in self.figures.items()
        )
        tables = "".join(_table(rows, caption) for caption, rows in self.tables.items())
        return f"<h2>{escape(self.title)}</h2>{f'<ul>{found}</ul>' if found else ''}{drawn}{tables}"


def write_page(
    title: str,
    intro: str,
    sections: Sequence[Section],
    closing: str,
    folder: Path,
    summary: Sequence[str] = (),
) -> str:
    """Write a report.

    Parameters
    ----------
    title : str
    intro, closing : str
        HTML, before and after the sections.
    sections : sequence of Section
    folder : Path
        Where the figures lie.
    summary : sequence of str
        What was found and what to change, before all else.

    Returns
    -------
    str
        HTML with the figures inlined.
    """
    glossary = Glossary()
    short = "".join(f"<li>{glossary.mark(sentence)}</li>" for sentence in summary)
    parts = "".join(section.html(folder, glossary) for section in sections)
    return f"""<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>natrium: {escape(title)}</title><style>{_CSS}</style></head>
<body>
<h1>{escape(title)}</h1>
{f"<ul class=summary>{short}</ul>" if short else ""}
{intro}
{parts}
{glossary.html()}
{closing}
</body>
</html>
"""


def _figure(path: Path, caption: str) -> str:
    content = base64.b64encode(path.read_bytes()).decode("ascii")
    told = escape(caption)
    return (
        f'<figure><img src="data:image/svg+xml;base64,{content}" alt="{told}">'
        f"<figcaption>{told}</figcaption></figure>"
    )


def _table(rows: Sequence[Mapping[str, Any]], caption: str) -> str:
    rows, left_out = thin(rows)
    if not rows:
        return ""
    caption = f"{caption} ({left_out})" if left_out else caption
    head = "".join(f"<th>{escape(heading(key))}</th>" for key in rows[0])
    body = "".join("<tr>" + "".join(_cell(value) for value in row.values()) + "</tr>" for row in rows)
    return (
        f'<div class="scroll"><table><caption>{escape(caption)}</caption><tr>{head}</tr>{body}</table></div>'
    )


def _cell(value: Any) -> str:
    words = isinstance(value, str) and " " in value
    return f"<td{' class=text' if words else ''}>{escape(show(value))}</td>"
