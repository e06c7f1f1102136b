import numpy as np
rng = np.random.default_rng(3)
dt = 0.1
tau = 15.0
v = -65.0
history = []
for _ in range(1500):
    xi = rng.normal()
    v = v + dt*(-65.0 - v + 12.0)/tau + 0.8*np.sqrt(dt)*xi
    if v > -50.0:
        v = -65.0
    history.append(v)
