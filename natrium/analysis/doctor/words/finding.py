"""One thing found about a script, and the words that several of them share."""

from __future__ import annotations

from typing import Literal

from natrium.analysis.doctor.reading.findings.found import Found
from natrium.analysis.doctor.recordings.anatomy import Anatomy


def finding(key: str, kind: Literal["fault", "rule", "note"], said: str, evidence: str = "") -> Found:
    """Give what was found without a script's lines."""
    return Found(key, kind, said, evidence=evidence)


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
    ("midpoint", "euler", "old"): ("midpoint", "the explicit midpoint scheme"),
    ("heun", "euler", "old"): ("heun", "Heun's second-order scheme"),
    ("rk4", "euler", "old"): ("rk4", "the classical fourth-order Runge-Kutta scheme"),
}  # fmt: skip


def scheme_rule(scheme: str, gates: str, order: str, evidence: str, channels: bool = True) -> Found:
    """Say by which scheme free steps are taken."""
    if not channels and scheme in ("euler", "exponential"):
        words = "forward Euler" if scheme == "euler" else "exponential Euler, exact for a constant input"
        key = "euler" if scheme == "euler" else "exponential-euler"
        return finding(key, "rule", f"Free steps are {words}.", evidence)
    named = _SCHEMES.get((scheme, gates, "old" if order == "late" else order))
    key, words = named if named else (scheme, scheme)
    return finding(key, "rule", f"Free steps are {words}.", evidence)


def number(value: float) -> str:
    """Write a number as people do."""
    return f"{value:.10g}"


def fitted(anatomy: Anatomy) -> str:
    """Say what the rules of the free steps were found by."""
    return f"{anatomy.fit.steps} free steps of the recorded run are foretold to {anatomy.fit.largest:.1e} mV"
