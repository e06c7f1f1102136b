from dataclasses import dataclass
import numpy as np

mV, ms, pF, nS, pA = 1e-3, 1e-3, 1e-12, 1e-9, 1e-12


@dataclass
class AdEx:
    C: float = 200 * pF
    g_L: float = 10 * nS
    E_L: float = -70 * mV
    V_T: float = -50 * mV
    Delta_T: float = 2 * mV
    tau_w: float = 30 * ms
    a: float = 2 * nS
    b: float = 60 * pA
    V_reset: float = -58 * mV
    V_peak: float = 0 * mV

    def derivatives(self, V, w, I):
        leak = -self.g_L * (V - self.E_L)
        spike = self.g_L * self.Delta_T * np.exp((V - self.V_T) / self.Delta_T)
        dV = (leak + spike - w + I) / self.C
        dw = (self.a * (V - self.E_L) - w) / self.tau_w
        return dV, dw


neuron = AdEx()
dt = 0.05 * ms
steps = 2400
V = np.zeros(steps + 1)
w = np.zeros(steps + 1)
V[0] = neuron.E_L
I = np.zeros(steps)
I[200:] = 500 * pA
spike_times = []
for k in range(steps):
    dV, dw = neuron.derivatives(V[k], w[k], I[k])
    V[k + 1] = V[k] + dt * dV
    w[k + 1] = w[k] + dt * dw
    if V[k + 1] > neuron.V_peak:
        V[k + 1] = neuron.V_reset
        w[k + 1] += neuron.b
        spike_times.append(k * dt)
