import numpy as np
v = np.full(500, -70.0, dtype=np.float32)
for i in range(1, 500):
    v[i] = v[i-1] + 0.1*(-70 - v[i-1] + 20)/10
    if v[i] > -55:
        v[i] = -70
