"""A slip that no single change of an equation tells is found in the text, and by its line alone."""

import pytest

from natrium.analysis.doctor import read_script
from natrium.analysis.doctor.reading.verdict import read
from natrium.analysis.doctor.script import traced
from natrium.model import Constant, Model, Neuron, Simulation, Step
from natrium.model.files.toml import loads
from tests.analysis.doctor.trials.test_screen import COURSE

SCRIPT = """
import numpy as np

def pulse(n, dt, size=24.0, begin=2.0):
    course = np.zeros(n)
    course[int(begin / dt):] = size
    return course

def relax(x, goal, tau):
    return (goal - x) / tau

def run(drive, dt, rest=-65.0, theta=-50.0, after=-70.0, t_ref=2.0):
    n = len(drive)
    v = np.full(n, rest)
    w = 0.0
    n_ref = int(round(t_ref / dt))
    left = 0
    for i in range(n - 1):
        w = w + dt * relax(w, 0.0, 30.0)
        if left > 0:
            v[i + 1] = after
            left -= 1
            continue
        v[i + 1] = v[i] + dt * ((rest - v[i] + drive[i]) / 10.0 - w)
        if v[i + 1] >= theta:
            v[i + 1] = after
            w += 0.05
            left = n_ref
    return v

dt = 0.1
v = run(pulse(400, dt), dt)
"""

SLIPS = [
    ("size=24.0", "size=2.4"),  # a default, told where it is used before
    ("begin=2.0", "begin=12.0"),
    ("t_ref=2.0", "t_ref=20.0"),
    ("int(round(t_ref / dt))", "int(round(t_ref / dt)) + 3"),
    ("w += 0.05", "w = 0.05"),
    ("v[i + 1] = v[i] + dt", "v[i + 1] = v[0] + dt"),  # another element
]


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    path = tmp_path_factory.mktemp("sound") / "script.py"
    path.write_text(SCRIPT)
    return read(traced(path), solve=False).model


def test_a_script_whose_steps_are_all_held_is_mended_by_its_comparison(tmp_path):
    """Nothing flows in it, so that nothing of it is read: its plain runs tell."""
    path, text = tmp_path / "script.py", COURSE.replace("if v >= theta", "if v <= theta")
    path.write_text(text)
    claim = Model(
        neuron=Neuron(tau_m=10.0, tau_ref=0.0, v_rest=-70.0, v_thresh=-55.0),
        stimulus=Constant(20.0),
        simulation=Simulation(t_end=60.0, dt=0.1),
    )
    (reading,) = read_script(path, claim)
    assert {one.line for one in reading.faults} == {8}


LENT = """
import numpy as np
R, tau, rest, theta = 8.0, 10.0, -70.0, -55.0
dt, n = 0.1, 300
I = np.r_[np.zeros(50), 2.5 * np.ones(250)]
v = np.full(n, rest)
for k in range(n - 1):
    drive = R * I[k]
    leak = rest - v[k]
    v[k + 1] = v[k] + dt * (leak + drive) / tau
    if v[k + 1] >= theta:
        v[k + 1] = rest
"""


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("R * I[k]", "I[k]"),  # a name that is then read nowhere stood where nothing else stands
        ("R * I[k]", "R * I[k - 1]"),  # the element before: as a course it is nearly the same
    ],
)
def test_what_an_input_lacks_is_told_where_it_is_read(tmp_path, old, new):
    claim = Model(
        neuron=Neuron(tau_m=10.0, tau_ref=0.0, v_rest=-70.0, v_thresh=-55.0),
        stimulus=Step(20.0, start=5.0),
        simulation=Simulation(t_end=30.0, dt=0.1),
    )
    path = tmp_path / "script.py"
    for text, lines in ((LENT, set()), (LENT.replace(old, new), {8})):
        path.write_text(text)
        (reading,) = read_script(path, claim)
        assert {one.line for one in reading.faults} == lines


DEAR = [pytest.param(*one, marks=pytest.mark.slow) for one in SLIPS[3:]]


@pytest.mark.parametrize(("old", "new"), [*SLIPS[:3], *DEAR])
def test_a_slip_is_told_by_its_line_alone(sound, tmp_path, old, new):
    assert SCRIPT.count(old) == 1
    path = tmp_path / "script.py"
    path.write_text(SCRIPT.replace(old, new))
    (reading,) = read_script(path, sound)
    line = SCRIPT[: SCRIPT.index(old)].count("\n") + 1
    assert {one.line for one in reading.faults} == {line}


def test_the_sound_script_has_none(sound, tmp_path):
    path = tmp_path / "script.py"
    path.write_text(SCRIPT)
    (reading,) = read_script(path, sound)
    assert reading.faults == ()


@pytest.mark.slow
def test_a_wait_that_is_left_out_between_two_calls_of_a_solver_is_told(tmp_path):
    """The name is read nowhere, and what it should be added to is when the solver begins."""
    text = """
from scipy.integrate import solve_ivp
wait, theta = 3.0, -55.0
def rhs(t, y):
    return [(-70.0 - y[0] + 25.0) / 10.0]
def spike(t, y):
    return y[0] - theta
spike.terminal = True
begin, v, ts, vs = 0.0, -70.0, [], []
while begin < 60.0:
    sol = solve_ivp(rhs, (begin, 60.0), [v], events=spike, max_step=0.5, rtol=1e-8)
    ts.extend(sol.t)
    vs.extend(sol.y[0])
    if sol.status != 1:
        break
    begin = sol.t[-1] + wait
    v = -70.0
"""
    claim = Model(
        neuron=Neuron(tau_m=10.0, tau_ref=3.0, v_rest=-70.0, v_thresh=-55.0),
        stimulus=Constant(25.0),
        simulation=Simulation(t_end=60.0, dt=0.5),
    )
    path = tmp_path / "script.py"
    for wrong, lines in ((text, set()), (text.replace("sol.t[-1] + wait", "sol.t[-1]"), {16})):
        path.write_text(wrong)
        (reading,) = read_script(path, claim)
        assert {one.line for one in reading.faults} == lines


@pytest.mark.slow
def test_of_neurons_side_by_side_another_one_is_no_slip(tmp_path):
    """The claim is of the last, what is read of the middle one."""
    text = """
import numpy as np
n, dt, R = 5, 0.2, 12.0
each = np.linspace(0.5, 1.9, n)
v, left, kept = np.full(n, -64.0), np.zeros(n), np.zeros((600, n))
for k in range(600):
    current = each * (k * dt >= 10.0)
    free = left <= 0
    v = np.where(free, v + (-64.0 - v + R * current) / 16.0 * dt, -66.0)
    left = np.maximum(left - 1, 0)
    fired = v >= -50.0
    v[fired] = -66.0
    left[fired] = 20
    kept[k] = v
"""
    claim = Model(
        neuron=Neuron(tau_m=16.0, tau_ref=4.0, v_rest=-64.0, v_thresh=-50.0, v_reset=-66.0),
        stimulus=Step(22.8, start=10.0),
        simulation=Simulation(t_end=120.0, dt=0.2),
    )
    path = tmp_path / "script.py"
    path.write_text(text)
    (reading,) = read_script(path, claim)
    assert reading.faults == ()


WAITING = """
import numpy as np

class Cell:
    def __init__(self):
        self.v, self.left, self.log = -68.0, 0, [0.0]

    def step(self, drive, dt=0.1):
        if self.left > 0:
            self.left -= 1
            self.v = -63.0
        else:
            self.v += dt * (-(self.v + 68.0) + 8.0 * drive) / 12.0
            if self.v >= -51.0:
                self.v = -63.0
                self.left = 25
        self.log.append(self.v)

cell = Cell()
for k in range(1200):
    t = k * 0.1
    cell.step(3.0 if t >= 9.95 else 0.0)
"""
WAITING_SLIPS = [
    ("self.left -= 1", "self.left += 1"),  # the reading has two lines for it
    ("8.0 * drive", "drive / 8.0"),
    ("t = k * 0.1", "t = 0.1"),
]


@pytest.mark.slow
@pytest.mark.parametrize(("old", "new"), [("", ""), *WAITING_SLIPS])
def test_how_a_course_begins_to_go_astray_tells_the_line(tmp_path, old, new):
    claim = Model(
        neuron=Neuron(tau_m=12.0, tau_ref=2.5, v_rest=-68.0, v_thresh=-51.0, v_reset=-63.0),
        stimulus=Step(24.0, start=10.0),
        simulation=Simulation(t_end=120.0, dt=0.1),
    )
    path = tmp_path / "script.py"
    path.write_text(WAITING.replace(old, new) if old else WAITING)
    (reading,) = read_script(path, claim)
    lines = {WAITING.partition(old)[0].count("\n") + 1} if old else set()
    assert {one.line for one in reading.faults} == lines


PIECES = """
import numpy as np
from scipy.integrate import solve_ivp

P = {"tau": 22.0, "E_L": -66.0, "V_th": -49.0, "V_re": -60.0, "a": 0.4, "tau_w": 70.0, "b": 2.5}

def between(t, y, p):
    V, w = y
    return (p["E_L"] - V - w + 28.0) / p["tau"], (p["a"] * (V - p["E_L"]) - w) / p["tau_w"]

def crossing(t, y, p):
    return y[0] - p["V_th"]

crossing.terminal = True
crossing.direction = 1.0

def integrate(p, t_end):
    t0, y0 = 0.0, [p["E_L"], 0.0]
    pieces = []
    while True:
        run = solve_ivp(between, [t0, t_end], y0, args=(p,), events=[crossing], rtol=1e-8, atol=1e-9)
        pieces.append(np.vstack([run.t, run.y]))
        if run.t_events[0].size == 0:
            return np.hstack(pieces)
        t0 = run.t_events[0][0] + 2.0
        y0 = [p["V_re"], run.y_events[0][0][1] + p["b"]]

path = integrate(P, 180.0)
"""
PIECES_MODEL = """
natrium = 1
threshold = -49.0
[equations]
V = "(E_L - V - w + I)/tau"
w = "(a*(V - E_L) - w)/tau_w"
[initial]
V = -66.0
w = 0.0
[parameters]
tau = 22.0
E_L = -66.0
a = 0.4
tau_w = 70.0
b = 2.5
[reset]
V = "-60"
w = "w + b"
[refractory]
duration = 2.0
w = "hold"
[[stimuli]]
kind = "constant"
amplitude = 28.0
[simulation]
t_end = 180.0
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("old", "new"),
    [("", ""), ('[1] + p["b"]', '[1] * p["b"]'), ('0.0, [p["E_L"], 0.0]', '0.0, [p["V_re"], 0.0]')],
)
def test_pieces_of_a_solver_go_by_their_own_times(tmp_path, old, new):
    path = tmp_path / "script.py"
    path.write_text(PIECES.replace(old, new) if old else PIECES)
    (reading,) = read_script(path, loads(PIECES_MODEL))
    lines = {PIECES.partition(old)[0].count("\n") + 1} if old else set()
    assert {one.line for one in reading.faults} == lines
