"""The target ``latex``: a whole document, with the equations, the numbers and the input."""

from __future__ import annotations

from collections.abc import Iterator

import sympy

from natrium.export.inputs import Curve, Part, T, Window
from natrium.export.lowered import Lowered
from natrium.model import latex

HEAD = r"""\documentclass{article}
\usepackage{amsmath}
\usepackage[margin=2.5cm]{geometry}
\allowdisplaybreaks
\begin{document}
"""


def write_latex(model: Lowered) -> str:
    """Write the document, without the words at its head."""
    lines = [HEAD, rf"\section*{{{_text(model.name)}}}", "", latex(model.neuron), ""]
    if model.fires:
        lines += [_text(model.rule[0].upper() + model.rule[1:]) + ".", ""]
    lines += [r"\subsection*{Input}", "", *_input(model), "", *_start(model), "", *_numbers(model)]
    return "\n".join([*lines, r"\end{document}", ""])


def _text(text: str) -> str:
    """Write text so that TeX sets it as it is."""
    escaped = text.replace("\\", r"\textbackslash ")
    for mark in "&%$#_{}":
        escaped = escaped.replace(mark, f"\\{mark}")
    return escaped.replace("~", r"\textasciitilde{}").replace("^", r"\textasciicircum{}")


def _input(model: Lowered) -> Iterator[str]:
    """Write the input, part by part."""
    if not model.parts:
        yield "$I(t) = 0$." if not model.kicks else "No current."
    else:
        yield "$I(t)$ in mV, $t$ in ms, is the sum of"
        yield r"\begin{itemize}"
        for part in model.parts:
            yield rf"\item {_part(part)}"
        yield r"\end{itemize}"
    if model.kicks:
        yield f"{len(model.kicks)} spikes come in; each lets a state jump."


def _part(part: Part) -> str:
    if isinstance(part, Curve):
        value = sympy.latex(part.value, symbol_names={T: "t"}, full_prec=False)
        return f"${value}${_window(part.window)} ({_text(part.kind)})"
    how = "joined by straight lines" if part.lines else "each held until the next"
    return f"{len(part.times)} samples, {how}{_window(part.window)} ({_text(part.kind)})"


def _window(window: Window) -> str:
    start = rf"{window.start:g} \le " if window.start is not None else ""
    stop = f" < {window.stop:g}" if window.stop is not None else ""
    return rf" for ${start}t{stop}$ ms" if start or stop else ""


def _start(model: Lowered) -> Iterator[str]:
    yield r"\subsection*{Start}"
    yield ""
    yield r"\begin{tabular}{lr}"
    for label, value in zip(model.system.labels, model.start, strict=True):
        yield rf"{_text(label)} & {value:.12g} \\"
    yield r"\end{tabular}"


def _numbers(model: Lowered) -> Iterator[str]:
    yield r"\subsection*{Parameters}"
    yield ""
    yield r"\begin{tabular}{lrll}"
    for name, one in model.neuron.numbers().items():
        yield rf"{_text(name)} & {one.value:.12g} & {_text(one.unit)} & {_text(one.rule.meaning)} \\"
    yield r"\end{tabular}"
