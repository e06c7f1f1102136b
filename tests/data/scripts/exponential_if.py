from math import exp
from dataclasses import dataclass, field


@dataclass
class EIF:
    EL: float = -65.0
    VT: float = -50.0
    DT: float = 2.0
    tau: float = 10.0
    cut: float = -30.0
    back: float = -68.0
    v: float = -65.0
    spikes: list = field(default_factory=list)

    def update(self, current, dt, now):
        self.v += dt / self.tau * (self.EL - self.v + self.DT * exp((self.v - self.VT) / self.DT) + current)
        if self.v > self.cut:
            self.v = self.back
            self.spikes.append(now)
        return self.v


cell = EIF()
dt = 0.05
v = [cell.update(18.0, dt, k * dt) for k in range(3000)]
