import numpy as np
from scipy.integrate import odeint

tau_m, v_rest, v_thresh, v_reset = 20.0, -65.0, -50.0, -65.0

def dvdt(v, t, current):
    return (-(v - v_rest) + current) / tau_m

dt = 0.5
t = np.arange(0, 150, dt)
current = np.where(t >= 10, 25.0, 0.0)
v = np.zeros(len(t))
v[0] = v_rest
spikes = []
for k in range(1, len(t)):
    y = odeint(dvdt, v[k - 1], [t[k - 1], t[k]], args=(current[k],))
    v[k] = y[-1][0]
    if v[k] >= v_thresh:
        spikes.append(t[k])
        v[k] = v_reset
