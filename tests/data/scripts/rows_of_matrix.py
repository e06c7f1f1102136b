import numpy as np
dt = 0.05
N = 2000
X = np.zeros((N, 2))
X[0, 0] = -65
X[0, 1] = -13
a, b, c, d = 0.1, 0.2, -65., 2.
I = np.zeros(N)
I[200:] = 10
for k in range(N - 1):
    v, u = X[k, 0], X[k, 1]
    X[k+1, 0] = v + dt*(0.04*v**2 + 5*v + 140 - u + I[k])
    X[k+1, 1] = u + dt*a*(b*v - u)
    if X[k+1, 0] >= 30:
        X[k, 0] = 30
        X[k+1, 0] = c
        X[k+1, 1] += d
