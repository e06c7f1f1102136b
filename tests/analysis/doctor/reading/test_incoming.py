"""Spikes that come in before a step or after it, and those of a claim."""

import numpy as np
import pytest

from natrium.analysis.doctor import read_script
from natrium.analysis.doctor.reading.verdict import read
from natrium.analysis.doctor.script import traced
from natrium.model import HybridNeuron, Model, Simulation, Spikes
from tests.analysis.doctor.written import taken

SCRIPT = """
dt, tau, tau_s, rest, theta, t_ref = 0.1, 10.0, 4.0, -65.0, -60.0, 1.0
arriving = {10, 15, 20, 24, 28, 100, 101, 140, 200, 203, 206, 209, 212, 260}
others = {50, 60, 150}
w, steps_ref = 7.0, int(round(t_ref / dt))
V, x, s, left = rest, 0.0, 0.0, 0
trace = []
for k in range(300):
    if k in arriving:
        x += w
    if left > 0:
        left -= 1
    else:
        V += dt * (rest - V + s) / tau
        if V >= theta:
            V = rest
            left = steps_ref
    x, s = x - dt * x / tau_s, s + dt * (x - s) / tau_s
    trace.append(V)
"""
LATE = SCRIPT.replace("    if k in arriving:\n        x += w\n", "").replace(
    "    trace.append(V)", "    if k + 1 in arriving:\n        x += w\n    trace.append(V)"
)
ORDERS = {"before": (SCRIPT, True), "after": (LATE, False)}


@pytest.fixture(scope="module")
def claim(tmp_path_factory):
    path = tmp_path_factory.mktemp("sound") / "script.py"
    path.write_text(SCRIPT)
    return read(traced(path), solve=False).model


@pytest.mark.parametrize("order", ORDERS)
def test_spikes_come_in_before_a_step_or_after_it(tmp_path, order):
    text, early = ORDERS[order]
    path = tmp_path / "script.py"
    path.write_text(text)
    reading = read(traced(path), solve=False)
    (kick,) = reading.maps.kicks
    assert kick.early is early
    assert np.all(kick.weights == 7.0)
    (train,) = [one for one in reading.model.stimulus.parts if one.kind == "spikes"]
    assert (train.target, train.weight) == ("x", 7.0)
    steps = [10, 15, 20, 24, 28, 100, 101, 140, 200, 203, 206, 209, 212, 260]  # held ones and firing ones too
    assert train.times == pytest.approx([0.1 * k for k in steps], abs=1e-9)


@pytest.mark.parametrize(
    ("old", "new", "key", "line"),
    [
        ("", "", None, 0),
        ("        x += w", "        s += w", "spikes-target", 10),
        ("        x += w", "        x = w", "spikes-set", 10),
        ("(rest - V + s)", "(rest - V + w * s)", "wrong-name", 14),  # w is what it should be
        pytest.param("w, steps_ref = 7.0", "w, steps_ref = 9.0", "spikes-weight", 5, marks=pytest.mark.slow),
        pytest.param("if k in arriving", "if k in others", "spikes-times", 9, marks=pytest.mark.slow),
        pytest.param("        x += w", "        pass", "spikes-missing", 18, marks=pytest.mark.slow),
    ],
)
def test_spikes_that_come_in_are_held_against_the_claims(claim, tmp_path, old, new, key, line):
    path = tmp_path / "script.py"
    path.write_text(SCRIPT.replace(old, new))
    (reading,) = read_script(path, claim)
    assert {one.key for one in reading.faults} == ({key} if key else set())
    assert {one.line for one in reading.faults} == ({line} if key else set())


TWO = """
class Synapse:
    def __init__(self, tau):
        self.g, self.x, self.tau = 0.0, 0.0, tau

    def receive(self, weight):
        self.x += weight

    def move(self, dt):
        g, x = self.g, self.x
        self.g = g + dt * (x - g / self.tau)
        self.x = x - dt * x / self.tau

exc, inh = Synapse(2.5), Synapse(6.0)
dt, V, Vs = 0.1, -70.0, []
for k in range(400):
    if k % 20 == 7:
        exc.receive(3.0)
    if k in (107, 207, 307):
        inh.receive(2.0)
    V = V + dt * (-70.0 - V + exc.g * (0.0 - V) / 40.0 + inh.g * (-80.0 - V) / 40.0) / 15.0
    exc.move(dt)
    inh.move(dt)
    if V >= -52.0:
        V = -65.0
    Vs.append(V)
"""


def test_two_synapses_take_their_spikes_in_one_step(tmp_path):
    path = tmp_path / "script.py"
    path.write_text(TWO)
    reading = read(traced(path), solve=False)
    kicks = {one.state: (one.steps.size, set(one.weights)) for one in reading.maps.kicks}
    assert kicks == {"exc.x": (20, {3.0}), "inh.x": (3, {2.0})}
    said = [one.said for one in reading.notes if one.key == "incoming-spikes"]
    assert [one.split(";")[0] for one in said] == [
        "20 incoming spikes move exc.x by 3", "3 incoming spikes move inh.x by 2",
    ]  # fmt: skip


def test_states_of_a_claim_are_told_by_what_they_are_made_of(tmp_path):
    path = tmp_path / "script.py"
    path.write_text(TWO)
    neuron = HybridNeuron(
        equations={
            "V": "(-70 - V + g1*(-80 - V)/40 + g2*(0 - V)/40)/15",
            "g1": "b1 - g1/6", "b1": "-b1/6", "g2": "b2 - g2/2.5", "b2": "-b2/2.5",
        },
        parameters={}, initial={"V": -70.0, "g1": 0.0, "b1": 0.0, "g2": 0.0, "b2": 0.0},
        v_thresh=-52.0, reset={"V": "-65"},
    )  # fmt: skip
    times = [0.1 * k for k in range(400)]
    trains = [
        Spikes(tuple(t for k, t in enumerate(times) if k % 20 == 7), "b2", 3.0),
        Spikes(tuple(t for k, t in enumerate(times) if k in (107, 207, 307)), "b1", 2.0),
    ]
    claim = Model(neuron=neuron, stimulus=trains, simulation=Simulation(t_end=40.0, dt=0.1))
    assert not read(traced(path), claim=claim, solve=False).faults


def test_a_train_in_an_array_is_no_input_besides(tmp_path):
    path = tmp_path / "script.py"
    path.write_text(
        "import numpy as np\n"
        "dt, w, V, s, Vs = 0.1, 4.0, -70.0, 0.0, []\n"
        "train = np.zeros(500)\n"
        "train[[50, 80, 90, 200, 203, 206, 209, 212, 340]] = 1\n"
        "for i in range(500):\n"
        "    s = s + w * train[i]\n"
        "    V = V + dt * (-70.0 - V + 3.0 * s) / 12.0\n"
        "    s = s - dt * s / 5.0\n"
        "    if V > -60.0:\n"
        "        V = -70.0\n"
        "    Vs.append(V)\n"
    )
    alone = read(traced(path), solve=False)
    assert alone.meant.recognised.input == alone.maps.record.input == ""
    assert not read(traced(path), claim=alone.model, solve=False).faults


def test_what_comes_in_as_a_state_stands_is_that_of_this_run(tmp_path):
    """A synapse that saturates; its jump is no weight, which is told."""
    path = tmp_path / "script.py"
    path.write_text(SCRIPT.replace("x += w", "x += 0.5 * (w - x)"))
    (found,) = read_script(path)
    assert found.truth is not None
    assert any("hangs on what it is" in one.said for one in found.findings)
    assert not found.faults


PAIR = """
import numpy as np
dt, tau, tau_s, jump = 0.1, 20.0, 10.0, 0.5
V, s = np.zeros((2, 800)), np.zeros(2)
V[:, 0] = -60.0, -75.0
for k in range(1, 800):
    fired = []
    for j in (0, 1):
        V[j, k] = V[j, k - 1] + dt * (-45.0 - V[j, k - 1] - 0.15 * s[j] * (V[j, k - 1] + 80.0)) / tau
        if V[j, k] > -54.0:
            V[j, k] = -80.0
            fired.append(j)
    s = s + dt * (-s / tau_s)
    for j in fired:
        s[1 - j] += jump
"""


def test_a_cell_that_drives_the_other_goes_along_no_course(tmp_path):
    """Two elements are no course of 800 steps, though now the one is picked and now the other."""
    path = tmp_path / "script.py"
    path.write_text(PAIR)
    record = traced(path)
    assert record.states == ("V[0]", "V[1]", "s[0]", "s[1]")
    assert len(record.steps) <= 4


TRAINS = """
import numpy as np
def train(times):
    s = np.zeros(400)
    for one in times:
        s[int(round(one / 0.1))] = 1.0
    return s
def run(first, second, dt=0.1):
    v, g, x = np.full(400, -70.0), np.zeros(400), np.zeros(400)
    for k in range(399):
        g[k + 1] = g[k] - dt * g[k] / 5.0 + 0.5 * first[k + 1]
        x[k + 1] = x[k] - dt * x[k] / 10.0 + 0.4 * second[k + 1]
        v[k + 1] = v[k] + dt * (-70.0 - v[k] - g[k] * v[k] - x[k] * (v[k] + 80.0)) / 20.0
    return v
here, there = train([8, 10, 14, 20]), train([5, 14])
v = run(here, there)
"""


def test_trains_that_one_function_makes_are_different_trains(tmp_path):
    found = taken(tmp_path, TRAINS)
    assert sorted(kick.steps.size for kick in found.maps.kicks) == [2, 4]
    assert not found.faults


ARRIVING = """
import math
from collections import deque
dt = 0.1
exc, inh = deque([5.02, 5.04, 5.06, 21.0, 40.0, 40.01, 60.0]), deque([12.0, 33.0, 33.02, 70.0])
delay, v, g, q, left, spikes = 1.5, -65.0, 0.0, 0.0, 0, []
for k in range(1000):
    t = k * dt
    g *= math.exp(-dt / 5.0)
    q *= math.exp(-dt / 10.0)
    while exc and exc[0] + delay <= t:
        exc.popleft()
        g += 0.2
    while inh and inh[0] + delay <= t:
        inh.popleft()
        q += 0.3
    if left > 0:
        left -= 1
    else:
        v += dt * (-65.0 - v + 25.0 + g * (0.0 - v) + q * (-80.0 - v)) / 10.0
        if v >= -50.0:
            spikes.append(t)
            v, left = -60.0, 20
"""


def test_spikes_that_come_in_together_or_while_v_is_held_are_all_known(tmp_path):
    sound = tmp_path / "sound.py"
    sound.write_text(ARRIVING)
    (reading,) = read_script(sound)
    assert reading.faults == ()
    claim = reading.meant.model
    arriving = [kick for kick in claim.stimulus.kicks() if kick.target == "g"]
    assert sum(kick.amount for kick in arriving) == pytest.approx(
        7 * 0.2 * np.exp(0.1 / 5.0)
    )  # before the step, which decays
    for old, new, line in [
        ("exc[0] + delay", "exc[0]", 11),
        ("q += 0.3", "q = 0.3", 16),
        ("(-80.0 - v)", "(v + 80.0)", 20),
    ]:
        path = tmp_path / "script.py"
        path.write_text(ARRIVING.replace(old, new))
        (faulty,) = read_script(path, claim)
        assert [one.line for one in faulty.faults] == [line]


LISTED = """
from math import exp
C, g_leak, tau_e, tau_i, dt = 250.0, 16.0, 4.0, 9.0, 0.1
fast, slow = [5.0 + 2.3 * j for j in range(60)], [12.5 + 9.7 * j for j in range(12)]
v, g_e, g_i, at_e, at_i = -70.0, 0.0, 0.0, 0, 0
for k in range(1500):
    t = k * dt
    while at_e < len(fast) and fast[at_e] <= t:
        g_e += 7.0
        at_e += 1
    while at_i < len(slow) and slow[at_i] <= t:
        g_i += 5.0
        at_i += 1
    g = g_leak + g_e + g_i
    rest = (g_leak * -70.0 + g_i * -80.0) / g
    v = rest + (v - rest) * exp(-dt * g / C)
    g_e *= exp(-dt / tau_e)
    g_i *= exp(-dt / tau_i)
    if v >= -55.0:
        v = -65.0
"""


def test_spikes_taken_one_by_one_from_lists_come_in(tmp_path):
    reading = taken(tmp_path, LISTED)
    assert reading.faults == ()
    assert {kick.state: kick.steps.size for kick in reading.maps.kicks} == {"g_e": 60, "g_i": 12}
