import numpy as np

N = 4
np.random.seed(3)
a, b, c, d = 0.02, 0.2, -65.0, 8.0
v = -65.0 * np.ones(N)
u = b * v
drive = 10.0 + np.arange(N)
firings = []
record = np.zeros((300, N))
for t in range(300):
    fired = np.where(v >= 30)[0]
    for f in fired:
        firings.append((t, f))
    v[fired] = c
    u[fired] = u[fired] + d
    I = drive * (t > 20)
    v = v + 0.5 * (0.04 * v**2 + 5 * v + 140 - u + I)
    v = v + 0.5 * (0.04 * v**2 + 5 * v + 140 - u + I)
    u = u + a * (b * v - u)
    record[t] = v
