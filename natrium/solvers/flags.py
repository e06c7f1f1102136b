"""What is to be known of a run beside its result, as bits; their values stand in files."""

from __future__ import annotations

from enum import IntFlag


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
