"""Slips whose line only the whole text, or all that it is run for, tells: each by its line alone."""

import pytest

from natrium.analysis.doctor import read_script
from natrium.model import HybridNeuron, Model, Simulation, Step

SHARED = """
import numpy as np
p = {'tau': 15.0, 'E_L': -70.0, 'V_th': -45.0, 'V_reset': -66.0, 't_ref': 3.0, 'E_Na': 50.0}
gates = {'m_half': -38.0, 'm_k': 7.0, 'm_tau': 0.3, 'h_half': -58.0, 'h_k': -6.0, 'h_tau': 4.0}
def boltzmann(V, half, k):
    return 1.0 / (1.0 + np.exp(-(V - half) / k))
dt, V, m, h, wait, trace = 0.05, -70.0, 0.0, 0.9, 0.0, []
for step in range(2000):
    I = 30.0 if step * dt >= 5.0 else 0.0
    if wait > 1e-9:
        wait -= dt
        V = p['V_reset']
    else:
        m_inf = boltzmann(V, gates['m_half'], gates['m_k'])
        h_inf = boltzmann(V, gates['h_half'], gates['h_k'])
        m = m_inf + (m - m_inf) * np.exp(-dt / gates['m_tau'])
        h = h_inf + (h - h_inf) * np.exp(-dt / gates['h_tau'])
        V = V + dt * (p['E_L'] - V - 4.0 * m**3 * h * (V - p['E_Na']) + I) / p['tau']
        if V >= p['V_th']:
            V = p['V_reset']
            wait = p['t_ref']
    trace.append(V)
"""
EXACT = """
import numpy as np
class Cell:
    def __init__(self, dt):
        self.tau, self.R, self.rest = 10.0, 8.0, -66.0
        self.theta_0, self.tau_theta = -52.0, 35.0
        self.decay_v = np.exp(-dt / self.tau)
        self.decay_theta = np.exp(-dt / self.tau_theta)
        self.v, self.theta = self.rest, self.theta_0
    def update(self, i_in):
        self.theta = self.theta_0 + (self.theta - self.theta_0) * self.decay_theta
        target = self.rest + self.R * i_in
        self.v = target + (self.v - target) * self.decay_v
        if self.v >= self.theta:
            self.v = -74.0
            self.theta += 4.0
cell, current, trace = Cell(0.1), np.zeros(1000), []
current[100:] = 3.0
for one in current:
    cell.update(one)
    trace.append(cell.v)
"""
PACED = """
import numpy as np
C, k, a, b, c, d, tau = 100.0, 0.7, 0.03, -2.0, -50.0, 100.0, 0.25
v, u, firings = -60.0 * np.ones(1200), np.zeros(1200), []
I = np.where(np.arange(1200) >= 160, 90.0, 0.0)
for i in range(1199):
    v[i+1] = v[i] + tau * (k * (v[i] + 60.0) * (v[i] + 40.0) - u[i] + I[i]) / C
    u[i+1] = u[i] + tau * a * (b * (v[i] + 60.0) - u[i])
    if v[i+1] >= 35.0:
        v[i+1], u[i+1] = c, u[i+1] + d
        firings.append(i * tau)
"""
CLAIMS = {
    SHARED: Model(
        neuron=HybridNeuron(
            equations={
                "V": "(-70 - V - 4*m**3*h*(V - 50) + I)/15",
                "m": "(1/(1 + exp(-(V + 38)/7)) - m)/0.3",
                "h": "(1/(1 + exp((V + 58)/6)) - h)/4",
            },
            initial={"V": -70.0, "m": 0.0, "h": 0.9},
            v_thresh=-45.0,
            reset={"V": "-66"},
            tau_ref=3.0,
        ),
        stimulus=Step(30.0, start=5.0),
        simulation=Simulation(t_end=100.0, dt=0.1),  # a step that the script does not have
    ),
    EXACT: Model(
        neuron=HybridNeuron(
            equations={"V": "(-66 - V + I)/10", "theta": "-(theta + 52)/35"},
            initial={"V": -66.0, "theta": -52.0},
            v_thresh="theta",
            reset={"V": "-74", "theta": "theta + 4"},
        ),
        stimulus=Step(24.0, start=10.0),  # R*I
        simulation=Simulation(t_end=100.0, dt=0.1),
    ),
    PACED: Model(
        neuron=HybridNeuron(
            equations={"V": "(0.7*(V + 60)*(V + 40) - u + I)/100", "u": "0.03*(b*(V + 60) - u)"},
            parameters={"b": -2.0},
            initial={"V": -60.0, "u": 0.0},
            v_thresh=35.0,
            reset={"V": "-50", "u": "u + 100"},
        ),
        stimulus=Step(90.0, start=40.0),
        simulation=Simulation(t_end=300.0, dt=0.25),
    ),
}
SLIPS = [
    (SHARED, "gates['h_half']", "gates['m_half']"),  # a key that nothing then reads
    (SHARED, "'h_k': -6.0", "'h_k': 6.0"),  # a function's line is right where it is called for others
    (SHARED, "wait = p['t_ref']", "wait = p['tau']"),
    (EXACT, "self.rest + self.R * i_in", "self.rest + i_in"),
    (EXACT, "target) * self.decay_v", "target) * self.decay_theta"),
    (PACED, "tau * a * (b", "a * (b"),  # a step of another name
    (PACED, "0.03, -2.0, -50.0", "0.03, 2.0, -50.0"),  # its namesake is so in the model
    (PACED, "a * (b * (v[i] + 60.0) - u[i])", "a * b * (v[i] + 60.0) - u[i]"),
]


@pytest.mark.slow
@pytest.mark.parametrize(("text", "old", "new"), SLIPS)
def test_a_slip_is_told_by_its_line_alone(tmp_path, text, old, new):
    assert text.count(old) == 1
    path = tmp_path / "script.py"
    path.write_text(text.replace(old, new))
    (reading,) = read_script(path, CLAIMS[text])
    assert {one.line for one in reading.faults} == {text[: text.index(old)].count("\n") + 1}


@pytest.mark.parametrize("text", CLAIMS, ids=("shared", "exact", "paced"))
def test_the_sound_script_has_none(tmp_path, text):
    path = tmp_path / "script.py"
    path.write_text(text)
    (reading,) = read_script(path, CLAIMS[text])
    assert reading.faults == ()
