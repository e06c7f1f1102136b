import numpy as np
dt, T = 0.1, 300.
t = np.arange(0, T, dt)
tau, tau_th = 10., 50.
E, th0, dth = -70., -55., 3.
v, th = E, th0
vs = np.zeros(t.size)
ths = np.zeros(t.size)
for i in range(t.size):
    v += dt*((E - v) + 20.)/tau
    th += dt*(th0 - th)/tau_th
    if v >= th:
        v = E
        th += dth
    vs[i] = v
    ths[i] = th
