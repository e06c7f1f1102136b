import math


class Gate:
    def __init__(self, alpha, beta, x0):
        self.alpha = alpha
        self.beta = beta
        self.x = x0

    def advance(self, v, dt):
        a = self.alpha(v)
        b = self.beta(v)
        self.x += dt * (a * (1 - self.x) - b * self.x)


class Cell:
    """Membrane with sodium and potassium, v from rest."""

    def __init__(self):
        self.cm = 1.0
        self.gna, self.ena = 120.0, 115.0
        self.gk, self.ek = 36.0, -12.0
        self.gl, self.el = 0.3, 10.6
        self.m = Gate(lambda v: 0.1 * (25.1 - v) / (math.exp((25.1 - v) / 10) - 1),
                      lambda v: 4.0 * math.exp(-v / 18), 0.05)
        self.h = Gate(lambda v: 0.07 * math.exp(-v / 20),
                      lambda v: 1 / (math.exp((30 - v) / 10) + 1), 0.6)
        self.n = Gate(lambda v: 0.01 * (10.1 - v) / (math.exp((10.1 - v) / 10) - 1),
                      lambda v: 0.125 * math.exp(-v / 80), 0.32)
        self.v = 0.0

    def step(self, current, dt):
        self.m.advance(self.v, dt)
        self.h.advance(self.v, dt)
        self.n.advance(self.v, dt)
        ina = self.gna * self.m.x**3 * self.h.x * (self.v - self.ena)
        ik = self.gk * self.n.x**4 * (self.v - self.ek)
        il = self.gl * (self.v - self.el)
        self.v += dt * (current - ina - ik - il) / self.cm
        return self.v


cell = Cell()
trace = []
for k in range(700):
    trace.append(cell.step(15.0 if k >= 100 else 0.0, 0.02))
