class IzhikevichNeuron:
    def __init__(self, a=0.02, b=0.2, c=-65, d=8, dt=0.5, Vmax=35, V0=-65, u0=-14):
        self.a = a
        self.b = b
        self.c = c
        self.d = d
        self.dt = dt
        self.Vmax = Vmax
        self.V = V0
        self.u = u0

    def __call__(self, I):
        if self.V < self.Vmax:
            dv = (0.04 * self.V + 5) * self.V + 140 - self.u
            V = self.V + (dv + I) * self.dt
            self.u = self.u + self.dt * self.a * (self.b * self.V - self.u)
            self.V = min(V, self.Vmax)
        else:
            self.V = self.c
            self.u += self.d
        return self.V


neuron = IzhikevichNeuron()
Vs = []
for i in range(1000):
    I = 10 if i > 100 else 0
    Vs.append(neuron(I))
