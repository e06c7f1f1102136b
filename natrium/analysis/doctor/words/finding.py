"""One thing found about a script, and the words that several of them share."""

from __future__ import annotations

from typing import Literal

import attrs

from natrium.analysis.doctor.hypotheses.anatomy import Anatomy
from natrium.analysis.result import Result


@attrs.frozen(repr=False)
class Finding(Result):
    """One thing found.

    Attributes
    ----------
    key : str
        Its name, always the same for the same thing: ``"leak-sign"``, ``"label-early"``, ...
    kind : {"fault", "rule", "note"}
        ``fault``: not what the claimed model on that grid would be. ``rule``: a choice of a scheme that is
        legitimate and costs accuracy. ``note``: for information, or what could not be decided.
    said : str
        One plain sentence.
    evidence : str
        Which probe showed it, with its numbers.
    """

    key: str
    kind: Literal["fault", "rule", "note"]
    said: str
    evidence: str = ""


_SCHEMES = {
    ("euler", "euler", "new"): (
        "sequential-euler", "sequential Euler: gates first, then V with the new gates",
    ),
    ("euler", "euler", "old"): ("euler", "parallel (forward) Euler: all from the state before the step"),
    ("exponential", "exponential", "old"): (
        "exponential-euler", "exponential Euler: each state exactly, the others held"),
    ("exponential", "exponential", "new"): (
        "exponential-euler-sequential", "exponential Euler, gates first, then V with the new gates"),
    ("euler", "exponential", "new"): (
        "rush-larsen", "Rush-Larsen: gates exactly at the old V, then V by Euler with the new gates"),
    ("euler", "exponential", "old"): (
        "rush-larsen-parallel", "Rush-Larsen: gates exactly at the old V, V by Euler with the old gates"),
    ("exponential", "euler", "new"): (
        "exponential-V", "gates by Euler, then V exactly with the new gates held"),
    ("exponential", "euler", "old"): (
        "exponential-V-parallel", "V exactly, gates by Euler, from the old state"),
    ("heun", "euler", "old"): ("heun", "Heun's second-order scheme"),
    ("rk4", "euler", "old"): ("rk4", "the classical fourth-order Runge-Kutta scheme"),
}  # fmt: skip


def scheme_rule(scheme: str, gates: str, order: str, evidence: str, channels: bool = True) -> Finding:
    """Say by which scheme free steps are taken."""
    if not channels and scheme in ("euler", "exponential"):
        words = "forward Euler" if scheme == "euler" else "exponential Euler, exact for a constant input"
        key = "euler" if scheme == "euler" else "exponential-euler"
        return Finding(key, "rule", f"Free steps are {words}.", evidence)
    named = _SCHEMES.get((scheme, gates, "old" if order == "late" else order))
    key, words = named if named else (scheme, scheme)
    return Finding(key, "rule", f"Free steps are {words}.", evidence)


ON_GRID = "Spikes are on the grid, at the end of a step, which makes any scheme first order."


def number(value: float) -> str:
    """Write a number as people do."""
    return f"{value:.10g}"


def fitted(anatomy: Anatomy) -> str:
    """Say what the rules of the free steps were found by."""
    return f"{anatomy.fit.steps} {anatomy.probe} are foretold to {anatomy.fit.largest:.1e} mV"
