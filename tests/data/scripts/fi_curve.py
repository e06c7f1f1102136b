import numpy as np
import matplotlib.pyplot as plt
tau, R, E, th, reset, ref = 10.0, 10.0, -70.0, -55.0, -70.0, 2.0
dt, T = 0.1, 100.0
currents = np.arange(0.0, 3.0, 0.5)
rates = []
for I in currents:
    V = E
    n_spikes = 0
    t_spike = -np.inf
    for t in np.arange(0, T, dt):
        if t - t_spike >= ref:
            V += dt*(-(V - E) + R*I)/tau
            if V >= th:
                V = reset
                t_spike = t
                n_spikes += 1
    rates.append(1000.0*n_spikes/T)
plt.plot(currents, rates, 'o-')
plt.xlabel('I (nA)')
plt.show()
