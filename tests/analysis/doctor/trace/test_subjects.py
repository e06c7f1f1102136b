"""What is traced: scripts, classes and functions, driven with a claim and without; what is refused."""

import random
import re
from pathlib import Path

import numpy as np
import pytest

import natrium
from natrium.analysis.doctor.trace import trace_script
from natrium.analysis.doctor.trace.build import walked
from natrium.model import ModelError
from tests.analysis.doctor.trace.runs import NEURON, SCRIPTS, first_unexplained, written

pytestmark = pytest.mark.corpus


def test_a_class_is_driven_by_the_claim(tmp_path):
    text = NEURON.replace("tau, rest, limit", "tau_m, v_rest, v_thresh", 1).replace(
        "= tau, rest, limit", "= tau_m, v_rest, v_thresh"
    ).replace("self.v = rest\n", "self.v = v_rest\n").replace("+ current", "+ 2*current")  # fmt: skip
    claim = natrium.notebook.SCRIPTS["lif_na"]()
    record = trace_script(written(tmp_path, text), "Neuron", claimed=claim)
    assert record.fallback == ""
    assert (record.states, record.input, record.dt) == (("self.v", "self.wait"), "current", "dt")
    expected = [claim.stimulus(k * 0.1, strict=True) for k in range(1000)]
    read = ~np.isnan(record.inputs)
    np.testing.assert_array_equal(record.inputs[read], np.array(expected)[read])
    assert first_unexplained(record) is None


@pytest.mark.parametrize(
    ("method", "returned"),
    [
        ("update(self, current, dt)", "self.v"),
        ("step(self, I, dt=0.1)", "fired"),
        ("excite(self, dt)", "self.v, fired"),
    ],
)
def test_a_class_is_driven_without_a_claim(tmp_path, method, returned):
    entry = next((one for one in ("current", "I") if re.search(rf"\b{one}\b", method)), "18.0")
    text = (
        f"class Cell:\n    def __init__(self):\n        self.v = 0.0\n    def {method}:\n        fired = False\n"
        f"        self.v += dt*(-self.v + {entry})/10.0\n        if self.v > 15.0:\n            self.v = 0.0\n"
        f"            fired = True\n        return {returned}\n"
    )
    record = trace_script(written(tmp_path, text), "Cell")
    assert record.fallback == ""
    assert record.states == ("self.v",)
    assert len(record.steps) == 2
    assert first_unexplained(record) is None


CHANNELS = """\
class SodiumChannel:
    def __init__(self, alpha_m, beta_m, alpha_h, beta_h, g_Na, E_Na):
        self.m, self.h, self.g, self.E = 0.0, 1.0, g_Na, E_Na
        self.up, self.down, self.open, self.shut = alpha_m, beta_m, alpha_h, beta_h

    def update(self, dt, V):
        self.m += dt*(self.up(V)*(1 - self.m) - self.down(V)*self.m)
        self.h += dt*(self.open(V)*(1 - self.h) - self.shut(V)*self.h)

class Cell:
    def __init__(self, tau, EL, Vth, sodium_channels):
        self.tau, self.EL, self.Vth, self.channels = tau, EL, Vth, sodium_channels
        self.v = EL

    def step(self, I, dt):
        for one in self.channels:
            one.update(dt, self.v)
        ionic = sum(one.g*one.m**3*one.h*(one.E - self.v) for one in self.channels)
        self.v += dt*(self.EL - self.v + I + ionic)/self.tau
        if self.v > self.Vth:
            self.v = self.EL
        return self.v
"""


def test_a_class_gets_its_channels_from_the_claim(tmp_path):
    claim = natrium.notebook.SCRIPTS["lif_na2"]()
    record = trace_script(written(tmp_path, CHANNELS), "Cell", claimed=claim)
    assert (record.fallback, len(record.steps), record.input) == ("", 2, "I")
    assert record.states[-1] == "self.v"
    assert len(record.states) == 5
    assert first_unexplained(record) is None
    rate = next(node for node in walked(record.steps[0].updates[record.states[0]]) if node.op == "exp")
    assert rate.line == 0


@pytest.mark.parametrize("call", ["simulate", "Whole", "whole"])
def test_what_runs_as_a_whole_is_given_an_input(tmp_path, call):
    text = (
        "import numpy as np\ndef simulate(I, dt=0.1):\n    v = np.zeros(len(I))\n    for i in range(1, len(I)):\n"
        "        v[i] = v[i-1] + dt*(-v[i-1] + I[i-1])/10.0\n        if v[i] > 15.0: v[i] = 0.0\n    return v\n"
        "class Whole:\n    def run(self, I):\n        return simulate(I)\nwhole = Whole()\n"
    )
    record = trace_script(written(tmp_path, text), call)
    assert (record.fallback, record.states, record.input, len(record.steps)) == ("", ("v",), "I", 2)
    assert first_unexplained(record) is None


def test_a_module_beside_the_script_is_traced_with_it(tmp_path):
    written(tmp_path, NEURON, "cells.py")
    text = "from cells import Neuron\nn = Neuron(10.0, -70.0, -55.0)\nfor k in range(300):\n    n.update(0.1, 20.0)\n"
    record = trace_script(written(tmp_path, text))
    assert record.fallback == ""
    assert record.states == ("self.v", "self.wait")
    assert record.steps[0].updates["self.v"].line == 0
    assert first_unexplained(record) is None


def test_nothing_is_written_drawn_or_asked(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("builtins.input", lambda *args: pytest.fail("asked"))
    written(tmp_path, "5.0\n", "current.txt")
    text = (
        "import numpy as np\nimport matplotlib.pyplot as plt\nfrom tqdm import tqdm\n"
        "I = float(np.loadtxt('current.txt'))\nR = float(input('R? '))\nv = 0.0\nvs = []\n"
        "for k in tqdm(range(200)):\n    v = v + 0.1*(-v + R*I)/5.0\n    if v > 4.0:\n        v = 0.0\n    vs.append(v)\n"
        "fig, (a, b) = plt.subplots(2, 1)\na.plot(vs)\nfor ax in fig.axes:\n    ax.grid()\n"
        "n, edges, _ = plt.hist(vs)\nplt.savefig('out.png')\nnp.savetxt('out.txt', vs)\n"
        "with open('log.txt', 'w') as f:\n    f.write(str(v))\nprint('done', v)\n"
    )
    before = Path.cwd()
    record = trace_script(written(tmp_path, text))
    assert record.fallback == ""
    assert first_unexplained(record) is None
    assert Path.cwd() == before
    assert sorted(one.name for one in tmp_path.iterdir()) == ["current.txt", "script.py"]
    assert capsys.readouterr().out == ""


def test_a_run_leaves_the_generators_as_they_were():
    random.seed(5)
    expected = random.random()
    random.seed(5)
    trace_script(SCRIPTS / "population.py")
    assert random.random() == expected


FALLEN = {
    "float32": ("import numpy as np\nv = np.zeros(300, dtype=np.float32)\nfor i in range(1, 300):\n"
                "    v[i] = v[i-1] + 0.1*(20 - v[i-1])\n", "float32"),
    "endless": ("v = 0.0\nwhile True:\n    v = v + 0.1*(1 - v)\n", "turns of loops"),
    "seen": ("v = 0.0\nfor k in range(100):\n    v = v + 0.1*(1 - v)\n    if v > 0.5: v = 0.0\n"
             "u = 1.0 if type(v) is float else 2.0\n", "u of the traced run differs"),
}  # fmt: skip


@pytest.mark.parametrize("case", FALLEN)
def test_a_run_that_cannot_be_traced_says_why(tmp_path, case):
    text, why = FALLEN[case]
    assert why in trace_script(written(tmp_path, text), max_operations=200_000).fallback


REFUSED = {
    "no such file": (None, "a script must exist"),
    "no Python": (
        "v = = 1\n",
        "a script must be Python, got SyntaxError in script.py, line 1: invalid syntax",
    ),
    "Python 2": ("v = 1\nprint v\n", "line 2: Missing parentheses in call to 'print'"),
    "fails": ("import no_such_module_at_all\n", "a script must run to its end, got ModuleNotFoundError"),
    "a simulator's": ("from brian2 import *\nrun(50 * ms)\n", "there the simulator steps, not the script"),
    "arguments": ("import sys\nI = float(sys.argv[1])\n", "it is run without arguments: give them defaults"),
    "an option": (
        "import argparse\np = argparse.ArgumentParser()\np.add_argument('I')\np.parse_args()\n",
        "it is run without arguments: give them defaults",
    ),
    "data": ("open('current.csv')\n", "it is run in a copy of its folder"),
    "nothing steps": (
        "total = 0\nfor k in range(50):\n    total += k\n",
        "each turn goes on from the one before",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_no_script_is_refused(tmp_path, case):
    text, rule = REFUSED[case]
    file = tmp_path / "script.py" if text is None else written(tmp_path, text)
    with pytest.raises(ModelError, match=re.escape(rule)):
        trace_script(file)


def test_a_name_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(ModelError, match="a name must be in the file, got 'Cell'"):
        trace_script(written(tmp_path, NEURON), "Cell")


def test_a_long_run_is_traced_as_far_as_the_budget_goes(tmp_path):
    text = "v = 0.0\nvs = []\nfor k in range(5000):\n    v = v + 0.1*(1.2 - v)\n    if v > 1: v = 0.0\n    vs.append(v)\n"
    record = trace_script(written(tmp_path, text), max_steps=400)
    assert (record.whole, record.fallback) == (False, "")
    assert 300 < len(record.order) <= 400
    assert first_unexplained(record) is None
    np.testing.assert_array_equal(record.samples[1:, 0], record.lists["vs"][: len(record.order)])
