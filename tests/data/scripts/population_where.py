import numpy as np
N = 30
np.random.seed(1)
dt, tau = 0.1, 10.0
V = -70 + 5*np.random.rand(N)
I = 16 + 4*np.random.rand(N)
ref = np.zeros(N)
counts = np.zeros(N)
rec = np.zeros((600, N))
for k in range(600):
    active = ref <= 0
    dV = dt*(-70 - V + I)/tau
    V = np.where(active, V + dV, V)
    ref = np.where(active, ref, ref - dt)
    spiking = V >= -55
    V = np.where(spiking, -70.0, V)
    ref = np.where(spiking, 2.0, ref)
    counts += spiking
    rec[k, :] = V
