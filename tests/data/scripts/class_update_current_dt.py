import numpy as np


class LIFNeuron:
    def __init__(self, tau_m=10.0, v_rest=-70.0, v_thresh=-55.0, v_reset=-75.0, tau_ref=2.0):
        self.tau_m = tau_m
        self.v_rest = v_rest
        self.v_thresh = v_thresh
        self.v_reset = v_reset
        self.tau_ref = tau_ref
        self.reset()

    def reset(self):
        self.v = self.v_rest
        self.refractory_until = 0.0
        self.time = 0.0

    def update(self, current, dt):
        self.time += dt
        if self.time < self.refractory_until:
            return False
        self.v += dt * (-(self.v - self.v_rest) + current) / self.tau_m
        if self.v >= self.v_thresh:
            self.v = self.v_reset
            self.refractory_until = self.time + self.tau_ref
            return True
        return False


def run_simulation(neuron, current, dt, n):
    vs = np.zeros(n)
    spikes = []
    for k in range(n):
        if neuron.update(current[k], dt):
            spikes.append(k * dt)
        vs[k] = neuron.v
    return vs, spikes


cell = LIFNeuron()
current = 20.0 * np.ones(800)
current[:100] = 0
vs, spikes = run_simulation(cell, current, 0.1, 800)
