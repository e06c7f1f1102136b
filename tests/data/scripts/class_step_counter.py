import numpy as np


class LIF:
    """Leaky integrate-and-fire with a refractory counter in steps."""

    def __init__(self, dt=0.1):
        self.dt = dt
        self.tau_m = 15.0
        self.v_rest = -65.0
        self.v_reset = -70.0
        self.v_th = -52.0
        self.refractory_steps = int(2.0 / dt)
        self.v = self.v_rest
        self.counter = 0

    def step(self, I):
        if self.counter > 0:
            self.counter -= 1
            self.v = self.v_reset
            return 0
        dv = (self.v_rest - self.v + I) / self.tau_m
        self.v = self.v + self.dt * dv
        if self.v >= self.v_th:
            self.v = self.v_reset
            self.counter = self.refractory_steps
            return 1
        return 0


neuron = LIF()
currents = np.concatenate([np.zeros(100), np.full(800, 18.0), np.zeros(100)])
voltage = []
spikes = []
for I in currents:
    s = neuron.step(I)
    spikes.append(s)
    voltage.append(neuron.v)
