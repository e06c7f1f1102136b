import math


class EIF:
    tau = 12.0
    El = -65.0
    Vt = -52.0
    dT = 1.5
    Vcut = -20.0
    Vr = -66.0
    refractory = 1.5

    def __init__(self):
        self.V = self.El
        self.t_last = -math.inf
        self.spikes = []

    def update(self, t, dt, RI):
        if t - self.t_last < self.refractory:
            return self.V
        spike_current = self.dT * math.exp((self.V - self.Vt) / self.dT)
        self.V += dt / self.tau * (self.El - self.V + spike_current + RI)
        if self.V > self.Vcut:
            self.V = self.Vr
            self.t_last = t
            self.spikes.append(t)
        return self.V


cell = EIF()
dt = 0.05
trace = []
for step in range(2000):
    t = step * dt
    trace.append(cell.update(t, dt, 16.0 if t > 8.0 else 0.0))
