import numpy as np

# integrate and fire with spike-rate adaptation as a conductance
E_L, E_K, V_th, V_reset, V_spike = -70.0, -80.0, -54.0, -65.0, 20.0
tau_m, tau_sra, dg, R_I = 10.0, 100.0, 0.06, 22.0
dt = 0.1
n = 3000
V = np.empty(n)
g = np.empty(n)
V[0], g[0] = E_L, 0.0
for i in range(n - 1):
    if V[i] == V_spike:
        V[i + 1] = V_reset
        g[i + 1] = g[i]
        continue
    dV = (E_L - V[i] - g[i] * (V[i] - E_K) + R_I) / tau_m
    V[i + 1] = V[i] + dt * dV
    g[i + 1] = g[i] - dt * g[i] / tau_sra
    if V[i + 1] > V_th:
        V[i + 1] = V_spike
        g[i + 1] = g[i + 1] + dg
