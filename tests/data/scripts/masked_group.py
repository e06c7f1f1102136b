import numpy as np

rng = np.random.default_rng(1)


class LIFGroup:
    def __init__(self, n, tau=20.0, v_rest=-65.0, v_th=-50.0, v_reset=-65.0, t_ref=4.0, R=1.0):
        self.n, self.tau, self.R = n, tau, R
        self.v_rest, self.v_th, self.v_reset, self.t_ref = v_rest, v_th, v_reset, t_ref
        self.v = np.full(n, v_rest)
        self.last = np.full(n, -1e9)

    def update(self, t, I, dt):
        active = (t - self.last) > self.t_ref
        dv = (-(self.v - self.v_rest) + self.R * I) / self.tau
        self.v[active] += dt * dv[active]
        spiked = self.v >= self.v_th
        self.v[spiked] = self.v_reset
        self.last[spiked] = t
        return spiked


group = LIFGroup(3)
dt = 0.25
I = np.array([14.0, 20.0, 28.0])
raster = []
for k in range(600):
    raster.append(group.update(k * dt, I, dt))
