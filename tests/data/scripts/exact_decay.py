import numpy as np

# exact exponential update between samples
dt = 0.1
tau_m = 20.0
decay = np.exp(-dt / tau_m)
E_L, V_th, V_reset = -65.0, -50.0, -65.0
R_I = 16.0
t_ref = 3.0
n_ref = int(round(t_ref / dt))

nt = 2000
V = np.full(nt, E_L)
left = 0
spike_idx = []
for k in range(1, nt):
    if left > 0:
        left -= 1
        V[k] = V_reset
        continue
    V_inf = E_L + R_I
    V[k] = V_inf + (V[k-1] - V_inf) * decay
    if V[k] >= V_th:
        V[k] = V_reset
        left = n_ref
        spike_idx.append(k)
