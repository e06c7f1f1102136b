# conductance synapse, presynaptic spikes at given times
import numpy as np
dt = 0.1
T = 200.0
steps = int(T/dt)
spike_times = [20.0, 25.0, 30.0, 60.0, 61.0, 62.0, 63.0, 120.0]
spike_steps = set(int(round(s/dt)) for s in spike_times)

tau_m, E_L, E_e = 20.0, -70.0, 0.0
tau_e = 5.0
w = 0.4
V_th, V_r = -54.0, -70.0
v = E_L
g = 0.0
trace = np.empty(steps)
for n in range(steps):
    if n in spike_steps:
        g = g + w
    dv = (E_L - v + g*(E_e - v))/tau_m
    v = v + dt*dv
    g = g - dt*g/tau_e
    if v >= V_th:
        v = V_r
    trace[n] = v
