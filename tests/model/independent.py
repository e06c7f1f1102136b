"""Spike times by SciPy's DOP853 alone, piece by piece: the truth that systems are held against."""

import numpy as np
from scipy.integrate import solve_ivp

TIGHT = {"method": "DOP853", "rtol": 1e-13, "atol": 1e-13}


def fire(flow, start, *, v_thresh, v_reset, tau_ref, t_end, resting=None, edges=(), jumps=()):
    """Give spike times, and the state at the end.

    `flow(t, y)` and `resting(t, y)` are the right-hand sides outside and during the refractory period (none: the
    state stands still); at `edges` they may jump, at `jumps`, pairs of a time and a vector, the state does. What
    comes while refractory does not move V.
    """
    y, t, free_from, spikes = np.array(start, dtype=float), 0.0, 0.0, []
    ends = sorted({*edges, *(time for time, _ in jumps), t_end})
    while t < t_end:
        for time, by in jumps:
            if time == t:
                y = y + np.where(np.arange(y.size) == 0, 0.0 if t < free_from else by[0], by)
        edge = next(end for end in ends if end > t)
        if t < free_from:
            stop = min(edge, free_from)
            if resting is not None:
                y = solve_ivp(resting, (t, stop), y, **TIGHT).y[:, -1]
            t = stop
            continue

        def crossing(t, y):
            return y[0] - v_thresh

        crossing.terminal, crossing.direction = True, 1.0
        # Local time keeps digits; the small steps keep a crossing from being stepped over.
        run = solve_ivp(
            lambda s, y, t=t: flow(t + s, y), (0.0, edge - t), y, events=crossing, max_step=0.5, **TIGHT
        )
        y = run.y[:, -1]
        if run.status == 1:
            t += float(run.t_events[0][0])
            spikes.append(t)
            y = y.copy()
            y[0] = v_reset
            free_from = t + tau_ref
        else:
            t = edge
    return np.array(spikes), y
