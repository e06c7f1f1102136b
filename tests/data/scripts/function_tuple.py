import numpy as np
import matplotlib.pyplot as plt


def simulate_lif(I_ext, dt=0.1, tau_m=10, V_rest=-70, V_th=-54, V_reset=-75, R_m=10, t_ref=2):
    n = len(I_ext)
    V = np.full(n, V_rest, dtype=float)
    spikes = []
    ref = 0.0
    for i in range(1, n):
        if ref > 0:
            V[i] = V_reset
            ref -= dt
            continue
        dV = (-(V[i - 1] - V_rest) + R_m * I_ext[i - 1]) / tau_m * dt
        V[i] = V[i - 1] + dV
        if V[i] >= V_th:
            V[i] = V_reset
            spikes.append(i * dt)
            ref = t_ref
    return V, np.array(spikes)


I = np.zeros(1000)
I[100:900] = 2.1
V, spikes = simulate_lif(I)
plt.plot(np.arange(1000) * 0.1, V)
plt.show()
