"""The model that a script means, where what it keeps beside its states is no part of it."""

import pytest

from natrium.analysis.doctor import read_script
from natrium.analysis.doctor.reading.model.equations import equations_text
from natrium.model import HybridNeuron
from tests.analysis.doctor.written import taken

KEPT_BESIDE = """
import time
dt, drive = 0.25, 10.0
v, u, seen = -70.0, -14.0, -1
for k in range(800):
    if seen > 0 and time.perf_counter() - seen < dt:
        pass
    v, u = v + dt * (0.04 * v**2 + 5 * v + 140 - u + drive), u + dt * 0.02 * (0.2 * v - u)
    if v >= 30.0:
        v, u = -65.0, u + 8.0
        seen = time.perf_counter()
"""

ARRIVALS_SINCE = """
import math
dt, v, last = 0.1, -70.0, -1.0
for k in range(2000):
    t = k * dt
    if k % 500 == 250:
        last = t
    g = (t - last) / 10.0 * math.exp(1.0 - (t - last) / 10.0) if last >= 0 else 0.0
    v = v + dt * (-70.0 - v - 0.05 * g * v + 25.0) / 20.0
    if v > -54.0:
        v = -80.0
"""

ABOVE_ONE = """
from math import exp
dt, v, a, h, tau_h = 0.02, -65.0, 0.3, 0.6, 3.0
for k in range(1500):
    drive = 60.0 if k >= 100 else 0.0
    a_inf = 1.01 / (1.0 + exp(-(v + 40.0) / 10.0))
    h_inf = 1.0 / (1.0 + exp((v + 62.0) / 7.0))
    v += dt * (-0.3 * (v + 65.0) - 90.0 * a**3 * h * (v - 55.0) + drive)
    a = a_inf + (a - a_inf) * exp(-dt / 0.2)
    h = h_inf + (h - h_inf) * exp(-dt / tau_h)
"""


def test_what_is_only_kept_is_neither_a_state_nor_an_input(tmp_path):
    reading = taken(tmp_path, KEPT_BESIDE)
    assert reading.maps.moving == ("v", "u")
    assert reading.record.input == ""
    assert dict(reading.meant.model.neuron.reset) == {"V": "-65", "u": "u + 8"}


def test_a_time_that_no_spike_sets_is_no_refractory_time(tmp_path):
    reading = taken(tmp_path, ARRIVALS_SINCE)
    assert reading.faults == ()
    assert reading.maps.hold.way == "none"


def test_a_gate_that_the_script_drives_above_one_is_solved_as_it_is_written(tmp_path):
    path = tmp_path / "script.py"
    path.write_text(ABOVE_ONE)
    (reading,) = read_script(path)
    assert reading.no_truth == ""
    assert isinstance(reading.meant.model.neuron, HybridNeuron)
    assert reading.record.samples[:, reading.record.states.index("a")].max() > 1.0
    assert equations_text(reading.maps, reading.equations)["dh/dt"] == (
        "-((h - 1/(1 + exp((v + 62)/7)))/tau_h)"
    )


@pytest.mark.parametrize(("kept", "label"), [("t", "start"), ("t + dt", "end")])
def test_spikes_are_kept_with_the_start_of_their_step_or_its_end(tmp_path, kept, label):
    reading = taken(tmp_path, KEPT_SPIKES.replace("KEPT", kept))
    assert reading.meant.clock.of_spikes == label
    assert reading.label == "end"  # of what is drawn
    early = [one.line for one in reading.findings if one.key == "label-early"]
    assert early == ([9] if label == "start" else [])


KEPT_SPIKES = """
import numpy as np
dt, tau, v, spikes = 0.1, 10.0, -70.0, []
V = np.zeros(600)
for k, t in enumerate(dt * np.arange(599)):
    v += dt * (-70.0 - v + 20.0) / tau
    if v >= -55.0:
        v = -75.0
        spikes.append(KEPT)
    V[k + 1] = v
"""


BY_TIMES = """
import math
dt, V, n, Vs = 0.05, -65.0, 0.32, []
for k in range(400):
    a = 0.02 * math.exp((V + 55) / 20)
    b = 0.125 * math.exp(-(V + 65) / 80)
    tau = 1 / (a + b)
    n_inf = {steady}
    n = n + dt * (n_inf - n) / tau
    V = V + dt * (3.0 - 3.0 * n**4 * (V + 77) - 0.3 * (V + 54.4))
    Vs.append(V)
"""


@pytest.mark.parametrize("steady", ["a * tau", "a / (a + b)", "tau * a"])
def test_a_gate_by_its_steady_state_and_time_constant_has_its_rates(tmp_path, steady):
    found = taken(tmp_path, BY_TIMES.format(steady=steady))
    assert found.model is not None
    ((gate,),) = [channel.gates for channel in found.model.neuron.channels]
    assert "alpha" in repr(gate)
    assert str(gate.alpha).count("exp") == 1
