import numpy as np
dt = 0.1
v = np.array([-70.0, -65.0])
tau = np.array([10.0, 20.0])
w = 3.0
vs = np.zeros((1000, 2))
fired = np.zeros(2)
for k in range(1000):
    I = 18.0 + w*fired[::-1]
    v = v + dt*(-70.0 - v + I)/tau
    fired = (v > -55.0).astype(float)
    v[v > -55.0] = -70.0
    vs[k] = v
