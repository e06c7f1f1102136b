"""Sweeps of more runs than can be traced: some of them, from all over it, and the last."""

from __future__ import annotations

import numpy as np

from natrium.analysis.doctor.trace.runs import PlainRun, TracedRun

FEWEST = 4  # turns of a sweep
SHARE = 0.9  # of the budget


def thinned(
    plain: PlainRun, traced: TracedRun, loop: int, max_steps: int
) -> tuple[int, tuple[int, ...], int]:
    """Choose the turns of the loop around a stepping one that are to be made.

    Parameters
    ----------
    plain, traced : PlainRun, TracedRun
        The traced one ended as the budget was used up.
    loop : int
        The one that steps.
    max_steps : int

    Returns
    -------
    int, tuple of int, int
        The loop around it, its turns that are to be made, and how often the stepping loop is run in each; no
        turns where all are to be.
    """
    hook = plain.hook
    met = sum(one.loop == loop for one in traced.tracer.segments)
    around = [one for one in hook.parents.get(loop, ()) if hook.most.get(one, 0) >= FEWEST]
    if not traced.tracer.enough or met >= hook.entries.get(loop, 0) or not around:
        return 0, (), 1
    sweep = max(around, key=lambda one: hook.entries[one])
    turns = hook.most[sweep]
    runs = max(1, hook.entries[loop] // (turns * hook.entries[sweep]))
    fit = int(SHARE * max_steps / (runs * hook.most[loop] * hook.entries[sweep]))
    if fit >= turns:
        return 0, (), 1
    spread = np.linspace(0.0, turns - 1.0, max(fit, 1) + 1)[1:]
    return sweep, tuple(sorted({round(float(one)) for one in spread})), runs
