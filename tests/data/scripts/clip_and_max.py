import numpy as np
dt = 0.1
v, ref, w = -70.0, 0.0, 0.0
out = np.zeros(1200)
for i in range(len(out)):
    ref = max(0.0, ref - dt)
    w = np.clip(w*(1 - dt/100.0), 0.0, 50.0)
    drive = 25.0 - w if ref == 0 else 0.0
    v = np.maximum(v + dt*(-70.0 - v + drive)/10.0, -80.0)
    if v >= -55.0:
        v = -70.0
        ref = 2.0
        w += 2.0
    out[i] = v
