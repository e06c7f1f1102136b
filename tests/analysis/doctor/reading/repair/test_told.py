"""A change is told where one would make it."""

from natrium.analysis.doctor.reading.verdict import read
from natrium.analysis.doctor.script import traced
from natrium.model import HybridNeuron, Model, Simulation, Step

SAG = """
import numpy as np

nS, mV, pF = 2.0, 1.0, 2.0


class Cell:
    def __init__(self):
        self.g_sag = 5 * nS
        self.v, self.q = -70.0 * mV, 0.3

    @property
    def sag(self):
        return self.g_sag * self.q * (-30.0 * mV - self.v)

    def step(self, dt):
        dv = (10.0 * nS * (-70.0 * mV - self.v) + self.sag) / (200.0 * pF)
        self.q += dt * (1.0 / (1.0 + np.exp((self.v + 75.0) / 5.0)) - self.q) / 40.0
        self.v += dt * dv
        return self.v


cell, kept = Cell(), []
for k in range(400):
    kept.append(cell.step(0.1))
"""


def test_a_gate_that_is_left_out_is_told_where_its_current_is_made(tmp_path):
    """And not where the conductance gets its number, before there is a gate."""
    claim = Model(
        neuron=HybridNeuron(
            equations={
                "V": "(10*(-70 - V) + 5*q*(-30 - V))/200",
                "q": "(1/(1 + exp((V + 75)/5)) - q)/40",
            },
            initial={"V": -70.0, "q": 0.3},
        ),
        stimulus=Step(0.0),
        simulation=Simulation(t_end=40.0, dt=0.1),
    )
    path = tmp_path / "script.py"
    path.write_text(SAG.replace("self.g_sag * self.q *", "self.g_sag *"))
    (fault,) = read(traced(path), claim=claim, solve=False).faults
    assert SAG.splitlines()[fault.line - 1].strip().startswith("return self.g_sag")
