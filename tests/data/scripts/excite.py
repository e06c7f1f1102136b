from dataclasses import dataclass
import numpy as np


@dataclass
class Cell:
    tau: float = 10.0
    rest: float = -70.0
    limit: float = -55.0
    v: float = -70.0
    hold: float = 0.0
    drive: float = 18.0

    def excite(self, dt):
        if self.hold > 1e-9:
            self.hold -= dt
            return self.v, False
        self.v += dt * (self.rest - self.v + self.drive) / self.tau
        if self.v >= self.limit:
            self.v = self.rest
            self.hold = 2.0
            return self.v, True
        return self.v, False


cell = Cell()
results = [cell.excite(0.1) for _ in range(1000)]
fired = [k for k, (v, f) in enumerate(results) if f]
