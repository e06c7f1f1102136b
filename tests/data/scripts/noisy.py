import numpy as np
np.random.seed(42)
tau, dt, sigma = 10e-3, 1e-4, 4e-3
V_rest, V_th, V_reset = -70e-3, -54e-3, -80e-3
I_mean = 15e-3
N = 3000
V = np.zeros(N)
V[0] = V_rest
spikes = np.zeros(N)
noise = np.random.randn(N)
for i in range(1, N):
    V[i] = V[i-1] + dt/tau*(V_rest - V[i-1] + I_mean) + sigma*np.sqrt(2*dt/tau)*noise[i-1]
    if V[i] > V_th:
        V[i] = V_reset
        spikes[i] = 1
print("rate", np.sum(spikes)/(N*dt))
