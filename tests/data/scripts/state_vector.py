import numpy as np

def deriv(y, I):
    v, w = y
    return np.array([(-70.0 - v - w + I)/10.0, (0.5*(v + 70.0) - w)/80.0])

y = np.array([-70.0, 0.0])
dt = 0.1
n = 1500
Y = np.zeros((n, 2))
for i in range(n):
    y = y + dt*deriv(y, 30.0)
    if y[0] >= -50.0:
        y[0] = -70.0
        y[1] += 4.0
    Y[i] = y
