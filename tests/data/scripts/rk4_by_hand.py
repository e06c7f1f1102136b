import numpy as np

def f(v, I):
    return (-(v + 65.0) + 10.0*I)/12.0

def stim(t):
    if t < 10.0:
        return 0.0
    return 2.0

h = 0.1
v = -65.0
ts, vs = [], []
for n in range(600):
    t = n*h
    k1 = f(v, stim(t))
    k2 = f(v + 0.5*h*k1, stim(t + 0.5*h))
    k3 = f(v + 0.5*h*k2, stim(t + 0.5*h))
    k4 = f(v + h*k3, stim(t + h))
    v = v + h/6.0*(k1 + 2*k2 + 2*k3 + k4)
    if v >= -50.0:
        v = -65.0
    ts.append(t + h)
    vs.append(v)
