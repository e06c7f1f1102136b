import numpy as np
dt = 0.1
v = 0.0
vs = []
for i in range(1500):
    t = i*dt
    v = v + dt*(-v + 12.0 + 8.0*np.sin(2*np.pi*t/40.0))/10.0
    if v > 15.0:
        v = 0.0
    vs.append(v)
