import numpy as np
dt = 0.2
ref_steps = 15
tau = 12.0
nsteps = 800
u = np.zeros(nsteps)
last = -10000
for i in range(1, nsteps):
    if i - last > ref_steps:
        u[i] = u[i-1] + dt/tau*(-u[i-1] + 1.3)
    if u[i] > 1.0:
        u[i] = 0.0
        last = i
