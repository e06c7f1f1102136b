"""Why a piece could not be integrated, in words: where, and what to look at."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from natrium.model import NotDefined, SolverError


def shrank(method: str, time: float, V: float) -> SolverError:
    """Say that the step came to nothing at a time (ms) and a V (mV)."""
    return SolverError(
        f"the step of {method} shrank to nothing at t = {time:.9g} ms, V = {V:.6g} mV: the right-hand side "
        "is not smooth or not finite just after; check the input and the rates there"
    )


def unreal(time: float) -> NotDefined:
    """Say that the right-hand side has no value soon after a time, ms."""
    return NotDefined(
        f"the right-hand side has no finite real value soon after t = {time:.9g} ms; "
        "check the size of the input, and the rates at the voltages it leads to"
    )


def not_finite(time: float, labels: Iterable[str], y: Iterable[float], slopes: Iterable[float]) -> NotDefined:
    """Say that the right-hand side is infinite, or no number, at a time (ms) and a state; of which states."""
    V, *others = zip(labels, y, slopes, strict=True)
    named = "".join(f", {label} = {value:.6g}" for label, value, slope in others if not np.isfinite(slope))
    return NotDefined(
        f"the right-hand side is not finite at t = {time:.9g} ms, V = {V[1]:.6g} mV{named}; check the input "
        "and the rates there"
    )
