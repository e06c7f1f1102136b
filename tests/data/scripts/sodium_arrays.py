import numpy as np

# leaky cell with a sodium channel; conductances relative to the leak
dt = 0.1
tau_m = 10.0
V_rest = -70.0
V_th = -55.0
tau_ref = 2.0
g_Na = 120.0
E_Na = 50.0

def rates(V):
    a_m = 0.1 * (V + 40) / (1 - np.exp(-(V + 40) / 10))
    b_m = 4 * np.exp(-(V + 65) / 18)
    a_h = 0.07 * np.exp(-(V + 65) / 20)
    b_h = 1 / (1 + np.exp(-(V + 35) / 10))
    return a_m, b_m, a_h, b_h

time = np.arange(0, 60, dt)
V = np.full(time.size, V_rest)
m = np.zeros(time.size)
h = np.ones(time.size)
ref = 0.0
spikes = []
for i in range(1, time.size):
    I = 12.0 if 5.0 < time[i] < 50.0 else 0.0
    if ref > 0:
        ref -= dt
        V[i] = V_rest
        m[i] = m[i - 1]
        h[i] = h[i - 1]
        continue
    a_m, b_m, a_h, b_h = rates(V[i - 1])
    m[i] = m[i - 1] + dt * (a_m * (1 - m[i - 1]) - b_m * m[i - 1])
    h[i] = h[i - 1] + dt * (a_h * (1 - h[i - 1]) - b_h * h[i - 1])
    I_Na = g_Na * m[i] ** 3 * h[i] * (E_Na - V[i - 1])
    V[i] = V[i - 1] + dt * (-(V[i - 1] - V_rest) + I + I_Na) / tau_m
    if V[i] >= V_th:
        V[i] = V_rest
        ref = tau_ref
        spikes.append(time[i])
