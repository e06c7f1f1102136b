import numpy as np

class Cell(object):
    def __init__(self, R=5., C=2., E=-60., th=-45.):
        self._R, self._C, self._E, self._th = R, C, E, th
        self._v = E

    def tick(self, i, dt=0.25):
        tau = self._R*self._C
        self._v = self._v + dt*(self._E - self._v + self._R*i)/tau
        if self._v >= self._th:
            self._v = self._E
        return self._v

c = Cell()
stimulus = np.r_[np.zeros(40), 4*np.ones(400), np.zeros(60)]
v = [c.tick(i) for i in stimulus]
