"""The terms of the field that reports use, each in words for a second-year student."""

from __future__ import annotations

import re
from html import escape

TERMS: dict[str, str] = {
    "rheobase": "The least constant input at which a cell that rested goes on firing.",
    "chronaxie": "The least duration of a pulse of twice the rheobase that makes a cell fire.",
    "equilibrium": "A state at which nothing changes: all rates are zero there.",
    "equilibria": "States at which nothing changes: all rates are zero there.",
    "fold": "An input at which two equilibria, one stable, meet and vanish (a saddle-node bifurcation).",
    "fold of cycles": "An input at which a stable and an unstable way of firing meet and vanish.",
    "saddle": "An equilibrium that is approached along some directions and left along others: a watershed.",
    "node": "An equilibrium that is approached or left without oscillating.",
    "focus": "An equilibrium that is approached or left in an oscillation.",
    "Hopf point": "An input at which an equilibrium loses its stability to an oscillation.",
    "subcritical": "Of a Hopf point: the oscillation beside it is unstable, and the jump away is hard.",
    "supercritical": "Of a Hopf point: a stable oscillation grows from nothing.",
    "class 1": "Of excitability: the rate of firing grows from zero at the rheobase.",
    "class 2": "Of excitability: firing sets in at a finite rate.",
    "multiplier": "What a small deviation from periodic firing grows by in one cycle; below 1 it dies away.",
    "phase response": "By how much later spikes are advanced by a small push, depending on when it comes.",
    "nullcline": "The curve along which one of the state's variables does not change.",
    "limit cycle": "Firing that repeats, which its neighbours approach (or leave).",
    "pacemaker": "A cell that fires without input.",
    "bistable": "Able both to rest and to go on firing at the same input.",
    "hold": "A refractory rule: while refractory, the gates stand still.",
    "clamp": "A refractory rule: while refractory, the gates go on moving at the reset voltage.",
    "refractory": "The time after a spike in which V is held at the reset.",
    "sequential Euler": "A step in which the gates are moved first, and V with the new gates.",
    "Observed orders": "How fast errors fall with the step: of order p, half the step leaves 2^-p of them.",
}
"""Terms with their explanations, as they are written in reports."""


class Glossary:
    """Explains each term where it is first used on a page, and lists those that were."""

    def __init__(self) -> None:
        self.used: list[str] = []

    def mark(self, text: str) -> str:
        """Escape a text for HTML; a term that comes first here gets a hover."""
        found: list[tuple[int, int, str]] = []
        for term in sorted(TERMS, key=len, reverse=True):
            if term in self.used:
                continue
            match = re.search(rf"(?<![\w-]){re.escape(term)}(?![\w-])", text, re.IGNORECASE)
            if match and not any(match.start() < end and begin < match.end() for begin, end, _ in found):
                found.append((*match.span(), term))
        parts, place = [], 0
        for begin, end, term in sorted(found):
            self.used.append(term)
            parts.append(escape(text[place:begin]))
            parts.append(f'<abbr title="{escape(TERMS[term])}">{escape(text[begin:end])}</abbr>')
            place = end
        return "".join([*parts, escape(text[place:])])

    def html(self) -> str:
        """List the terms that were used; nothing without any."""
        if not self.used:
            return ""
        rows = "".join(
            f"<dt>{escape(term)}</dt><dd>{escape(TERMS[term])}</dd>"
            for term in sorted(self.used, key=str.lower)
        )
        return f"<h2>Words</h2><dl>{rows}</dl>"
