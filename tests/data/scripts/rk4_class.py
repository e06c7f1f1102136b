import numpy as np


def rk4(f, y, t, h):
    k1 = f(t, y)
    k2 = f(t + h / 2, y + h * k1 / 2)
    k3 = f(t + h / 2, y + h * k2 / 2)
    k4 = f(t + h, y + h * k3)
    return y + h * (k1 + 2 * k2 + 2 * k3 + k4) / 6


class Membrane:
    def __init__(self, tau=15.0, rest=-68.0, amp=22.0, tau_w=60.0, a=0.3):
        self.tau, self.rest, self.amp, self.tau_w, self.a = tau, rest, amp, tau_w, a

    def __call__(self, t, y):
        v, w = y
        dv = (self.rest - v - w + self.amp) / self.tau
        dw = (self.a * (v - self.rest) - w) / self.tau_w
        return np.array([dv, dw])


cell = Membrane()
y = np.array([-68.0, 0.0])
h = 0.2
times = np.arange(0, 160, h)
out = []
for t in times:
    y = rk4(cell, y, t, h)
    if y[0] >= -52.0:
        y[0] = -60.0
        y[1] += 3.0
    out.append(y.copy())
