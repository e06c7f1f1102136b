import numpy as np
from scipy.integrate import solve_ivp

a, b, c, d = 0.02, 0.2, -65.0, 6.0
dt = 0.5
v, u = -65.0, -13.0
trace = []

def field(t, y, I):
    v, u = y
    return [0.04 * v**2 + 5.0 * v + 140.0 - u + I, a * (b * v - u)]

for k in range(400):
    t = k * dt
    I = 10.0 if t >= 10.0 else 0.0
    sol = solve_ivp(field, (t, t + dt), (v, u), args=(I,))
    v, u = sol.y[0, -1], sol.y[1, -1]
    if v >= 30.0:
        v = c
        u = u + d
    trace.append(v)
