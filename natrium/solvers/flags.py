"""What is to be known of a run beside its result, as bits; their values stand in files."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntFlag

import numpy as np

from natrium.model.arrays import Array


class RunFlag(IntFlag):
    """What is to be known of a run beside its result.

    ``GRAZE``: V peaks so near the threshold that the solver cannot tell a spike from none. ``FALLBACK``:
    another solver than the one asked for carried it. ``FAILED``: no result. ``NOT_RUN``: interrupted.
    """

    GRAZE = 1
    FALLBACK = 2
    FAILED = 4
    NOT_RUN = 8


# In the order in which they are told.
SHORT = {
    RunFlag.FAILED: "failed",
    RunFlag.GRAZE: "grazing",
    RunFlag.FALLBACK: "fell back",
    RunFlag.NOT_RUN: "not run",
}


MAX_WARNINGS = 5  # peaks that are named
NEAR = 1.0  # ms: a spike this near to a doubtful peak is that peak's


def graze_warnings(
    peaks: Sequence[tuple[float, float]], count: int, decided: tuple[Array, Array] | None = None
) -> list[str]:
    """Say which peaks of V could not be told from a spike.

    Parameters
    ----------
    peaks : sequence of (float, float)
        Time, ms, and V - v_thresh there, mV.
    count : int
        How many there are; the first few are named.
    decided : (ndarray, ndarray), optional
        The solver's own spike times and those of the closed form, where it was asked. Peaks count up to the
        first at which they differ.
    """
    said = []
    for t, u in peaks[:MAX_WARNINGS]:
        own, exact = (u >= 0.0,) * 2 if decided is None else (_is_near(times, t) for times in decided)
        said.append(
            f"grazing threshold: V peaks {abs(u):.1e} mV {'over' if u >= 0 else 'under'} threshold at "
            f"{t:.9g} ms, within the solver's own error; taken as {'a spike' if exact else 'no spike'}"
            + ("" if decided is None else ", by the closed form")
        )
        if own != exact:
            return said
    if count > MAX_WARNINGS:
        said.append(f"grazing threshold: {count - MAX_WARNINGS} more such peaks")
    return said


def _is_near(spike_times: Array, t: float) -> bool:
    return bool(np.any(np.abs(spike_times - t) < NEAR))
