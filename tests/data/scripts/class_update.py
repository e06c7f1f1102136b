import numpy as np
import matplotlib.pyplot as plt


class Neuron:
    def __init__(self, tau=20.0, rest=-65.0, thresh=-50.0, reset=-68.0, R=10.0, t_ref=3.0):
        self.tau = tau
        self.rest = rest
        self.thresh = thresh
        self.reset = reset
        self.R = R
        self.t_ref = t_ref
        self.v = rest
        self.last_spike = -1e9

    def update(self, I, t, dt):
        if t - self.last_spike < self.t_ref:
            self.v = self.reset
            return self.v, False
        self.v += dt * (-(self.v - self.rest) + self.R * I) / self.tau
        fired = self.v > self.thresh
        if fired:
            self.v = self.reset
            self.last_spike = t
        return self.v, fired


def main():
    n = Neuron()
    dt = 0.5
    trace, spikes = [], []
    for k in range(400):
        t = k * dt
        current = 2.0 if 20 <= t < 180 else 0.0
        v, s = n.update(current, t, dt)
        trace.append(v)
        if s:
            spikes.append(t)
    plt.plot(trace)
    print(len(spikes), "spikes")


if __name__ == '__main__':
    main()
