"""LIF, forward Euler over arrays."""
import numpy as np
import matplotlib.pyplot as plt

T = 100          # ms
dt = 0.1
t = np.arange(0, T, dt)

tau = 10.0
EL = -70.0
Vth = -55
V = np.zeros(len(t))
V[0] = EL
I = np.zeros(len(t))
I[200:800] = 20
spikes = []

for i in range(len(t) - 1):
    dV = (-(V[i] - EL) + I[i]) / tau
    V[i+1] = V[i] + dV*dt
    if V[i+1] >= Vth:
        V[i+1] = EL
        spikes.append(t[i+1])

plt.plot(t, V)
plt.xlabel('t (ms)')
plt.show()
