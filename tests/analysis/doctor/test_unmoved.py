"""Scripts that move no voltage: the line that should, or that keeps it from being moved."""

import json

import pytest
from typer.testing import CliRunner

from natrium.analysis.doctor import NothingMoves, read_script
from natrium.cli import app
from natrium.model import ModelError

LOOP = """
dt, tau, rest = 0.1, 10.0, -70.0
volts, v, t = [], rest, 0.0
while t < 30.0:
    v = v + dt * (rest - v + 20.0) / tau
    if v >= -55.0:
        v = -72.0
    volts.append(v)
    t += dt
"""

CLASS = """
class Cell:
    def __init__(self):
        self.vm, self.wait, self.t = -70.0, -5.0, 0.0
    def step(self, current):
        self.t += 0.1
        if self.t - self.wait < 2.0:
            return self.vm
        self.vm += 0.1 * (-70.0 - self.vm + current) / 10.0
        if self.vm >= -55.0:
            self.vm, self.wait = -72.0, self.t
        return self.vm
cell = Cell()
out = []
for k in range(300):
    out.append(cell.step(20.0))
"""

ROWS = """
import numpy as np
n, dt, V_th = 300, 0.1, -55.0
V = np.full(n, -70.0)
for i in range(n - 1):
    V[i + 1] = V[i] + dt * (-70.0 - V[i] + 20.0) / 10.0
    if V[i + 1] >= V_th:
        V[i + 1] = -72.0
"""

CASES = [
    (LOOP, "    v = v + dt * (rest - v + 20.0) / tau", "    v = v"),
    (LOOP, "while t < 30.0:", "while t > 30.0:"),
    (LOOP, "    v = v + dt * (rest - v + 20.0) / tau", "    v += dt / tau"),
    (CLASS, "        if self.t - self.wait < 2.0:", "        if self.wait - self.t < 2.0:"),
    (ROWS, "    V[i + 1] = V[i] + dt * (-70.0 - V[i] + 20.0) / 10.0", "    V[i + 1] = V[i]"),
    (ROWS, "for i in range(n - 1):", "for i in range(1 - n):"),
    (ROWS, "    V[i + 1] = V[i] + dt * (-70.0 - V[i] + 20.0) / 10.0", "    pass"),
]


@pytest.mark.parametrize(("sound", "old", "new"), CASES, ids=[new.strip() for _, _, new in CASES])
def test_the_line_that_leaves_v_where_it_is_is_told(tmp_path, sound, old, new):
    text = sound.replace(old, new)
    (tmp_path / "s.py").write_text(text)
    with pytest.raises(NothingMoves) as caught:
        read_script(tmp_path / "s.py")
    (fault,) = caught.value.result.faults
    assert text.splitlines()[fault.line - 1] == new
    assert fault.key == "nothing-moves"


RETURNED = """import numpy as np
def run(n=300):
    v = np.zeros(n)
    for k in range(n - 1):
        v[k + 1] = v[k] + 0.1 * (20.0 - v[k]) / 10.0
        return v
print(run())
"""
SHADOWED = """import numpy as np
dt, v_rest = 0.1, -65.0
vs = []
for v in np.full(300, v_rest):
    v = v + dt * (20.0 - (v - v_rest)) / 10.0
    vs.append(v)
"""
MASKED = """import numpy as np
v, wait = np.zeros(5), np.zeros(5)
for k in range(300):
    free = wait > 0
    v[free] += 0.1 * (2.0 - v[free]) / 10.0
    fired = v > 1.0
    v[fired] = 0.0
    wait[fired] = 2.0
"""


@pytest.mark.parametrize(("text", "line"), [(RETURNED, 6), (SHADOWED, 4), (MASKED, 4)])
def test_what_keeps_a_loop_from_going_on_is_told(tmp_path, text, line):
    (tmp_path / "s.py").write_text(text)
    with pytest.raises(NothingMoves) as caught:
        read_script(tmp_path / "s.py")
    assert [one.line for one in caught.value.result.faults] == [line]


@pytest.mark.parametrize("text", ["x = 1\n", "v = [0.0] * 9\nfor k in range(8):\n    v[k] = 3.0 * k\n"])
def test_of_what_is_no_neuron_no_line_is_told(tmp_path, text):
    (tmp_path / "s.py").write_text(text)
    with pytest.raises(ModelError):
        read_script(tmp_path / "s.py")


def test_the_command_gives_the_finding_as_of_any_script(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "s.py").write_text(LOOP.replace("while t <", "while t >"))
    ran = CliRunner().invoke(app, ["doctor", "s.py", "--json"])
    data = json.loads(ran.stdout)
    assert [(one["key"], one["kind"], one["line"]) for one in data["findings"]] == [
        ("nothing-moves", "fault", 4)
    ]
    assert data["n_faults"] == 1
    assert data["fallback"]
    assert "margin" not in ran.stdout
    assert "while t" in (tmp_path / "diagnosis" / "report.html").read_text()


def test_v_that_is_made_under_another_name_is_moved(tmp_path):
    """Of a state that is moved by a matrix too large to be followed: it is not read, no line is to blame."""
    path = tmp_path / "script.py"
    path.write_text(
        "import numpy as np\n"
        "P, y, V_th = 0.9 * np.eye(9), np.ones(9), 0.8\n"
        "P[1, 0] = 0.05\n"
        "V_m = np.zeros(300)\n"
        "for n in range(300):\n"
        "    y = P @ y + 0.04\n"
        "    if y[1] >= V_th:\n"
        "        y[1] = 0.0\n"
        "    V_m[n] = y[1]\n"
    )
    with pytest.raises(ModelError) as refused:
        read_script(path)
    assert not isinstance(refused.value, NothingMoves)
