import numpy as np


def lif(current, dt=1e-4, R=5e7, C=4e-10, v_rest=-0.07, v_thresh=-0.05, v_reset=-0.075, t_ref=3e-3):
    """Return the voltage trace (V) and the spike times (s)."""
    tau = R * C
    n_ref = int(round(t_ref / dt))
    v = np.zeros(len(current))
    v[0] = v_rest
    spikes = []
    wait = 0
    for i in range(1, len(current)):
        if wait > 0:
            wait -= 1
            v[i] = v_reset
        else:
            dv = (-(v[i - 1] - v_rest) + R * current[i - 1]) * dt / tau
            v[i] = v[i - 1] + dv
            if v[i] >= v_thresh:
                v[i] = v_reset
                wait = n_ref
                spikes.append(i * dt)
    return v, np.array(spikes)


I = np.zeros(1500)
I[100:1400] = 6e-10
v, spikes = lif(I)
