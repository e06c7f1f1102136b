import numpy as np
import matplotlib.pyplot as plt

np.random.seed(2020)
n = 50
t_max = 0.15
dt = 1e-3
tau = 20e-3
el = -60e-3
vr = -70e-3
vth = -50e-3
r = 100e6
i_mean = 25e-11
steps = int(t_max/dt)
t_range = np.linspace(0, t_max, num=steps, endpoint=False)
v_n = el * np.ones([n, steps])
i = i_mean * (1 + 0.1*(t_max/dt)**0.5 * (2*np.random.random([n, steps]) - 1))
t_ref = 0.01
last_spike = -t_ref * np.ones([n])
raster = np.zeros([n, steps])

for step, t in enumerate(t_range):
    if step == 0:
        continue
    v_n[:, step] = v_n[:, step-1] + dt/tau*(el - v_n[:, step-1] + r*i[:, step])
    spiked = (v_n[:, step] >= vth)
    v_n[spiked, step] = vr
    raster[spiked, step] = 1.
    clamped = (last_spike + t_ref > t)
    v_n[clamped, step] = vr
    last_spike[spiked] = t

plt.plot(t_range, v_n.mean(axis=0))
plt.show()
