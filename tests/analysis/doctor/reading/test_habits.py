"""Ways of writing that hide a script's numbers from who reads it: each in a few lines, with what it means."""

import numpy as np
import pytest

from natrium.analysis.doctor import read_script
from natrium.model import Spikes

OPTIONS = """
import argparse

parser = argparse.ArgumentParser()
parser.add_argument("--tau", type=float, default=20.0)
parser.add_argument("--drive", type=float, default=25.0)
parser.add_argument("--t-ref", type=float, default=1.5)
args = parser.parse_args()
dt, v, left = 0.1, -70.0, 0
for k in range(1000):
    if left > 0:
        left -= 1
        continue
    v = v + dt * (-70.0 - v + args.drive) / args.tau
    if v >= -55.0:
        v = -75.0
        left = round(args.t_ref / dt)
"""

DATA_CLASSES = """
from dataclasses import dataclass, field

@dataclass
class Config:
    tau: float = 20.0
    wait: float = 1.5
    dt: float = 0.1

@dataclass
class Cell:
    cfg: Config
    v: float = field(default=-70.0, init=False)
    last: float = field(default=-1000.0, init=False)

    def step(self, t):
        c = self.cfg
        if t - self.last < c.wait:
            self.v = -75.0
            return self.v
        self.v += c.dt / c.tau * (-70.0 - self.v + 25.0)
        if self.v >= -55.0:
            self.last = t
            self.v = -75.0
        return self.v

cell = Cell(Config())
trace = [cell.step(0.1 * k) for k in range(1000)]
"""

HALF_STEPS = """
def current(t):
    I = 0.0
    if t >= 10.0:
        I += 25.0
    return I

dt, tau, v = 0.1, 20.0, -70.0
inputs = [current(0.5 * dt * k) for k in range(2001)]

def f(I, v):
    return (-70.0 - v + I) / tau

for k in range(1000):
    k1 = f(inputs[2 * k], v)
    k2 = f(inputs[2 * k + 1], v + 0.5 * dt * k1)
    k3 = f(inputs[2 * k + 1], v + 0.5 * dt * k2)
    k4 = f(inputs[2 * k + 2], v + dt * k3)
    v = v + dt / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
    if v >= -55.0:
        v = -75.0
"""

USED_AFTERWARDS = """
import pandas as pd
v, dt, rows = -70.0, 0.1, []
for k in range(1000):
    v = v + dt * (-70.0 - v + 25.0) / 20.0
    fired = v >= -55.0
    if fired:
        v = -75.0
    rows.append((dt * k, v, fired))
frame = pd.DataFrame(rows, columns=["t", "v", "fired"])
frame[frame.fired]
"""

DRAWN_THEN_RESET = """
class Cell:
    def __init__(self):
        self.v, self.u, self.I, self.dt, self.top = -65.0, -13.0, 0.0, 0.1, 35.0

    def __call__(self, I):
        if self.v < self.top:
            v = self.v + self.dt * (0.04 * self.v**2 + 5 * self.v + 140 - self.u + self.I)
            u = self.u + self.dt * 0.02 * (0.2 * self.v - self.u)
        else:
            v = -65.0
            u = self.u + 8.0
        self.v = self.top if v > self.top else v
        self.u = u
        self.I = I
        return self.v

cell = Cell()
trace = [cell(10.0 if k > 100 else 0.0) for k in range(2000)]
"""

EXACT_IN_TURN = """
import numpy as np
dt, v, n = 0.05, -65.0, 0.3
trace = []
for k in range(600):
    a = 0.01 * (v + 55.5) / (1 - np.exp(-0.1 * (v + 55.5)))
    b = 0.125 * np.exp(-0.0125 * (v + 65))
    n = a / (a + b) + (n - a / (a + b)) * np.exp(-dt * (a + b))
    g = 0.3 + 36.0 * n**4
    top = (0.3 * -54.0 + 36.0 * n**4 * -77.0 + 10.0) / g
    v = top + (v - top) * np.exp(-dt * g)
    trace.append(v)
"""

INCOMING = """
import numpy as np
rng = np.random.default_rng(3)
dt, tau, tau_s, w = 0.1, 20.0, 5.0, 0.15
n = 1500
v, g = np.zeros(n), np.zeros(n)
v[0] = -70.0
came = rng.random(n) < 0.05
for i in range(n - 1):
    g[i + 1] = g[i] - dt * g[i] / tau_s
    if came[i]:
        g[i + 1] += w
    v[i + 1] = v[i] + dt / tau * (-70.0 - v[i] + g[i] * (0.0 - v[i]))
    if v[i + 1] >= -54.0:
        v[i + 1] = -60.0
"""

COUNTED = INCOMING.replace("rng.random(n) < 0.05", "rng.poisson(0.05, n)").replace(
    "    if came[i]:\n        g[i + 1] += w\n", "    g[i + 1] += w * came[i]\n"
)

JUMPS_OF_V = """
import random
random.seed(1)
dt, tau, v, w, rate, t = 0.1, 20.0, -70.0, 1.2, 800.0, 0.0
while t < 150:
    v += dt * (-70.0 - v) / tau
    if random.random() < rate * dt / 1000:
        v += w
    if v >= -54.0:
        v = -60.0
    t += dt
"""

SEVERAL_INPUTS = """
import numpy as np
np.random.seed(2)
dt, tau, R, sigma = 0.1, 10.0, 10.0, 0.5
I = np.zeros(1500)
I[500:] = 1.8
V = np.full(1500, -65.0)
for t in range(1499):
    noise = np.random.randn() * sigma
    V[t + 1] = V[t] + dt * (-(V[t] + 65.0) + R * (I[t] + noise)) / tau
    if V[t + 1] > -50.0:
        V[t] = 20.0
        V[t + 1] = -65.0
"""


def read(text, tmp_path):
    file = tmp_path / "script.py"
    file.write_text(text)
    (found,) = read_script(file)
    assert not [one.said for one in found.findings if one.kind == "fault"]
    assert found.reproduced_until is None
    return found


@pytest.mark.parametrize("text", [OPTIONS, DATA_CLASSES, USED_AFTERWARDS, HALF_STEPS])
def test_numbers_are_followed_wherever_they_are_kept(text, tmp_path):
    neuron = read(text, tmp_path).meant.model.neuron
    rest = -70.0 if text in (OPTIONS, HALF_STEPS) else -45.0  # a drive without a name is part of the rest
    assert (neuron.tau_m, neuron.v_rest, neuron.v_thresh, neuron.v_reset) == (20.0, rest, -55.0, -75.0)
    assert neuron.tau_ref == (1.5 if text in (OPTIONS, DATA_CLASSES) else 0.0)


def test_an_option_of_the_command_line_has_the_line_that_declares_it(tmp_path):
    found = read(OPTIONS, tmp_path)
    assert found.record.parameters["self.tau"].line == 5


def test_an_input_at_half_steps_is_one_input(tmp_path):
    found = read(HALF_STEPS, tmp_path)
    assert found.scheme.key == "rk4"
    assert found.meant.model.stimulus.parts[0].start == pytest.approx(10.0)


def test_a_spike_that_is_drawn_is_one_spike(tmp_path):
    found = read(DRAWN_THEN_RESET, tmp_path)
    assert found.meant.names == {"self.v": "V", "self.u": "u"}
    assert len(found.spike_times) == len(found.truth.spike_times) > 3
    # What a step reads is what the call before it was given.
    assert found.meant.model.stimulus.parts[0].start == pytest.approx(10.2)


def test_exact_steps_in_turn_have_short_equations(tmp_path):
    found = read(EXACT_IN_TURN, tmp_path)
    assert found.scheme.key == "exponential-euler-sequential"
    assert found.meant.model is not None


@pytest.mark.parametrize(("text", "target"), [(INCOMING, "g"), (COUNTED, "g"), (JUMPS_OF_V, "V")])
def test_spikes_that_come_in_are_incoming_spikes(text, target, tmp_path):
    found = read(text, tmp_path)
    trains = [one for one in found.meant.model.stimulus.parts if isinstance(one, Spikes)]
    assert {one.target for one in trains} == {target}
    assert trains[0].weight == pytest.approx(0.15 if target == "g" else 1.2)
    assert len(found.spike_times) == len(found.truth.spike_times) > 3
    assert max(abs(one.label - one.truth) for one in found.pairs) < 0.5


def test_inputs_that_are_added_up_are_one(tmp_path):
    found = read(SEVERAL_INPUTS, tmp_path)
    assert found.meant.model.neuron.tau_m == pytest.approx(10.0)
    (samples,) = found.meant.model.stimulus.parts
    assert len(samples.values) == 1499
    assert len(found.spike_times) == len(found.truth.spike_times) > 3


def effects(found):
    return {one.key: one.effect_ms for one in found.findings if one.kind == "rule"}


def test_each_rule_has_its_effect_on_each_spike_of_any_script(tmp_path):
    found = read(DATA_CLASSES, tmp_path)
    told = effects(found)
    assert told["refractory-count"] == pytest.approx(
        [-0.1 * k for k in range(len(found.spike_times))], abs=1e-9
    )
    # Euler's V is a straight line within a step: where it meets the threshold is known.
    V = found.record.samples[:, found.record.states.index("self.v")]
    first = int(np.flatnonzero(np.diff(V) < 0)[0])
    after = V[first] + 0.1 / 20.0 * (-45.0 - V[first])
    assert told["grid"][0] == pytest.approx(0.1 * (after + 55.0) / (after - V[first]), abs=1e-9)


def test_a_test_before_the_update_costs_a_step_for_each_spike(tmp_path):
    text = DATA_CLASSES.replace(
        """        self.v += c.dt / c.tau * (-70.0 - self.v + 25.0)
        if self.v >= -55.0:
            self.last = t
            self.v = -75.0
""",
        """        if self.v >= -55.0:
            self.last = t
            self.v = -75.0
        else:
            self.v += c.dt / c.tau * (-70.0 - self.v + 25.0)
""",
    )
    told = effects(read(text, tmp_path))["threshold-before"]
    assert told == pytest.approx([0.1 * (k + 1) for k in range(len(told))], abs=1e-9)
    assert len(told) > 2


def test_effects_of_an_adapting_neuron_are_of_its_own_maps(tmp_path):
    told = effects(read(DRAWN_THEN_RESET, tmp_path))
    assert len(told["grid"]) > 3
    assert all(one > 0.0 for one in told["grid"])
    assert any(told["euler"])


def test_a_leak_toward_the_negative_of_the_rest_is_named_without_a_claim(tmp_path):
    text = """
dt, tau, v_rest, th, RI = 0.1, 10.0, -70.0, -55.0, 20.0
v = v_rest
for k in range(600):
    v = v + dt * (-(v + v_rest) + RI) / tau
    if v >= th:
        v = v_rest
"""
    (tmp_path / "script.py").write_text(text)
    (found,) = read_script(tmp_path / "script.py")
    (fault,) = [one for one in found.findings if one.kind == "fault"]
    assert (fault.key, fault.line, fault.stands, fault.should) == ("leak-away", 5, "v + v_rest", "v - v_rest")
    (tmp_path / "sound.py").write_text(text.replace("v + v_rest)", "v - v_rest)"))
    (found,) = read_script(tmp_path / "sound.py")
    assert not [one for one in found.findings if one.kind == "fault"]


def test_objects_side_by_side_are_told_by_the_one_that_fires_most(tmp_path):
    text = """
class Cell:
    def __init__(self, drive):
        self.v, self.drive = -70.0, drive

    def step(self, dt):
        self.v += dt * (-70.0 - self.v + self.drive) / 20.0
        if self.v >= -50.0:
            self.v = -65.0

cells = [Cell(10.0 * i) for i in range(4)]
dt = 0.1
for k in range(800):
    for cell in cells:
        cell.step(dt)
"""
    found = read(text, tmp_path)
    assert found.record.side == "3"
    assert len(found.spike_times) == len(found.truth.spike_times) > 3


COUNTED = """
class Cell:
    def __init__(self, {arguments}):
        {keeps}
        self.t_ref = 3e-3  # s
        self.ref_steps = int(round(self.t_ref / self.{step}))
        self.v, self.left = -70e-3, 0

    def update(self, current):
        if self.left > 0:
            self.left -= 1
            return
        self.v += self.{step} * (-70e-3 - self.v + current) / 15e-3
        if self.v >= -50e-3:
            self.v, self.left = -65e-3, self.ref_steps


dt = 0.2e-3
cell = Cell({given})
for k in range(400):
    cell.update(30e-3)
"""


@pytest.mark.parametrize("step", ["dt", "step"])
def test_a_time_in_steps_of_a_kept_dt_is_no_fault(tmp_path, step):
    text = COUNTED.format(arguments=step, keeps=f"self.{step} = {step}", step=step, given="dt")
    path = tmp_path / "script.py"
    path.write_text(text)
    (reading,) = read_script(path)
    assert reading.faults == ()
    path.write_text(text.replace(f"int(round(self.t_ref / self.{step}))", "int(round(1e3 * self.t_ref))"))
    (reading,) = read_script(path)
    assert [one.key for one in reading.faults] == ["refractory-length"]
