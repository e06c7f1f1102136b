"""Habits of scripts that change what their numbers mean: each in a few lines, with what must be read off."""

import pytest

from natrium.analysis.doctor import read_script

CLOCK_OF_THE_END = """
import numpy as np
dt, tau, E, thr, reset, wait = 0.1, 20.0, -70.0, -50.0, -75.0, 5.0
time = np.arange(0, 80 + dt, dt)
I = np.zeros(len(time))
I[time > 20] = 25.0
V = np.ones(len(time)) * E
last = -1000.0
for i in range(1, len(time)):
    if time[i] - last < wait:
        V[i] = reset
        continue
    V[i] = V[i - 1] + dt * (E - V[i - 1] + I[i - 1]) / tau
    if V[i] >= thr:
        V[i] = reset
        last = time[i]
"""

RESET_FIRST = """
a, b, c, d = 0.02, 0.2, -65.0, 8.0
v, u, dt = -65.0, -13.0, 0.1
for k in range(1500):
    if v >= 30.0:
        v = c
        u = u + d
    v = v + dt * (0.04 * v**2 + 5 * v + 140 - u + 10.0)
    u = u + dt * a * (b * v - u)
"""

STAGES_WITH_A_CLOCK = """
def f(y, t):
    I = 20.0 if t >= 10.0 else 0.0
    return (-(y + 70.0) + I) / 10.0

y, h = -70.0, 0.1
for k in range(400):
    t = k * h
    k1 = f(y, t)
    k2 = f(y + h / 2 * k1, t + h / 2)
    k3 = f(y + h / 2 * k2, t + h / 2)
    k4 = f(y + h * k3, t + h)
    y = y + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
    if y > -55.0:
        y = -70.0
"""

CUBIC = """
import numpy as np
from scipy.integrate import odeint

def model(y, t, I):
    v, w = y
    return [v - v**3 / 3 - w + I, 0.08 * (v + 0.7 - 0.8 * w)]

t = np.linspace(0, 100, 1001)
sol = odeint(model, [-1.2, -0.6], t, args=(0.5,))
"""


def reading_of(text, tmp_path):
    path = tmp_path / "script.py"
    path.write_text(text)
    (reading,) = read_script(path)
    assert reading.replay.off == -1, reading.replay.why
    assert reading.faults == ()
    return reading


def test_a_step_that_reads_the_time_of_its_end_may_read_the_input_of_its_start(tmp_path):
    reading = reading_of(CLOCK_OF_THE_END, tmp_path)
    (step,) = reading.model.stimulus.parts
    assert step.start == pytest.approx(20.1)
    first = next(pair for pair in reading.pairs if pair.truth is not None)
    assert abs(first.label - first.truth) < 0.1


def test_a_reset_before_the_step_is_that_reset(tmp_path):
    reading = reading_of(RESET_FIRST, tmp_path)
    neuron = reading.model.neuron
    assert dict(neuron.reset)["u"] in ("u + d", "d + u")
    assert neuron.system.reset_voltage == -65.0
    assert reading.truth.spike_times.size >= 3


def test_stages_of_a_scheme_are_no_edges_of_the_input(tmp_path):
    reading = reading_of(STAGES_WITH_A_CLOCK, tmp_path)
    assert reading.scheme.key == "rk4"
    (step,) = reading.model.stimulus.parts
    assert step.start == pytest.approx(10.0)


def test_a_cubic_current_is_no_leak_of_the_wrong_sign(tmp_path):
    reading = reading_of(CUBIC, tmp_path)
    assert str(dict(reading.model.neuron.equations)["w"]).startswith("0.08")


IDLE_AT_FIRST = """
import numpy as np
tau_m, tau_ref, V_th, dt, I = 10.0, 4.0, 1.0, 0.125, 1.5
time = np.arange(0, 40 + dt, dt)
t_rest = 0.0
Vm = np.zeros(len(time))
for i, t in enumerate(time):
    if t > t_rest:
        Vm[i] = Vm[i - 1] + (-Vm[i - 1] + I) / tau_m * dt
        if Vm[i] >= V_th:
            Vm[i] += 0.5
            t_rest = t + tau_ref
"""

GATE_AT_ONCE = """
import numpy as np
from scipy.integrate import solve_ivp

def rhs(t, y, I):
    V, h = y
    am = -0.1 * (V + 35) / (np.exp(-0.1 * (V + 35)) - 1)
    bm = 4 * np.exp(-(V + 60) / 18)
    m = am / (am + bm)
    dV = I - 35 * m**3 * h * (V - 55) - 9 * (1 - h)**4 * (V + 90) - 0.1 * (V + 65)
    return [dV, 5 * (0.07 * np.exp(-(V + 58) / 20) * (1 - h) - h / (np.exp(-0.1 * (V + 28)) + 1))]

sol = solve_ivp(rhs, (0, 20), [-65, 0.8], args=(1.0,))
"""


def test_a_first_turn_that_steps_nothing_is_the_start_itself(tmp_path):
    reading = reading_of(IDLE_AT_FIRST, tmp_path)
    assert reading.meant.clock.label == "end"
    assert not [one for one in reading.findings if one.key == "label-early"]
    assert reading.pairs[0].truth == pytest.approx(10.986123, abs=1e-6)
    assert reading.model.neuron.tau_ref == 4.0


def test_a_large_current_is_not_simplified_for_ever(tmp_path):
    reading = reading_of(GATE_AT_ONCE, tmp_path)
    assert set(dict(reading.model.neuron.equations)) == {"V", "h"}
