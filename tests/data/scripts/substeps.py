import numpy as np
t_end, dt, n_sub = 100.0, 0.5, 5
h = dt/n_sub
V = -65.0
Vm = []
for t in np.arange(0.0, t_end, dt):
    I = 18.0 if t >= 10.0 else 0.0
    for _ in range(n_sub):
        V += h*(-65.0 - V + I)/10.0
    if V > -50.0:
        V = -65.0
    Vm.append(V)
