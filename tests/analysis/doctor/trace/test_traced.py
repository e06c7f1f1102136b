"""Traced runs: scripts in many styles, taken as they are; their maps give every double again."""

import functools
import json
import math
import random
import re
import textwrap
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

import natrium
from natrium.analysis.doctor.reading.expressions.trees import DOUBLES, Program
from natrium.analysis.doctor.reading.maps.solved import makes_again, solver_of
from natrium.analysis.doctor.reading.steps.replay import replayed
from natrium.analysis.doctor.trace import trace_all, trace_script
from natrium.analysis.doctor.trace.build import walked
from natrium.analysis.doctor.trace.calls import _added
from natrium.model import ModelError

pytestmark = pytest.mark.corpus


def first_unexplained(record):
    """Give the first step that the maps, run again, make otherwise than the script did; None without."""
    if solver_of(record):
        off, _ = makes_again(record)
        return None if off < 0 else off
    off = -1 if record.solver or not record.steps else replayed(record).off
    return None if off < 0 else off


def value_of(node, leaves):
    return Program([node])(leaves, DOUBLES["math"])[0]


SCRIPTS = Path(__file__).resolve().parents[3] / "data" / "scripts"

# By script: its states, how many maps, input, time, step, SciPy's solver.
CORPUS = {
    "adaptive_threshold.py": (("v", "th"), 2, "", "", "dt", ""),
    "adex.py": (("V", "w"), 2, "I", "", "dt", ""),
    "backward_euler.py": (("v",), 2, "", "i", "dt", ""),
    "class_step_counter.py": (("self.v", "self.counter"), 3, "I", "", "dt", ""),
    "class_update.py": (("self.v", "self.last_spike"), 3, "current", "t", "dt", ""),
    "class_update_current_dt.py": (("self.v", "self.refractory_until"), 3, "current", "self.time", "dt", ""),
    "clip_and_max.py": (("ref", "w", "v"), 3, "", "", "dt", ""),
    "dict_state.py": (("cell['V']", "cell['ref']"), 3, "", "k", "dt", ""),
    "exact_decay.py": (("V", "left"), 3, "", "k", "dt", ""),
    "excite.py": (("self.v", "self.hold"), 3, "", "", "dt", ""),
    "exponential_if.py": (("self.v",), 2, "", "now", "dt", ""),
    "fi_curve.py": (("V", "t_spike"), 3, "", "t", "dt", ""),
    "function_dict.py": (("v",), 2, "I", "t", "dt", ""),
    "function_tuple.py": (("V", "ref"), 3, "I", "i", "dt", ""),
    "generator.py": (("v",), 2, "", "t", "dt", ""),
    "globals_step.py": (("V", "t_last"), 3, "current", "t", "dt", ""),
    "hh_class_run.py": (("self.V", "self.m", "self.h", "self.n"), 1, "I_inj", "self.t", "dt", ""),
    "hh_loop.py": (("V", "n", "m", "h"), 1, "I", "i", "dt", ""),
    "hh_odeint.py": (("V", "m", "h", "n"), 1, "", "t", "", "odeint"),
    "hh_rk4_vector.py": (("V", "m", "h", "n"), 1, "I", "i", "dt", ""),
    "izhikevich.py": (("v", "u"), 2, "", "step", "dt", ""),
    "izhikevich_call.py": (("self.u", "self.V"), 2, "I", "i", "dt", ""),
    "lif_solve_ivp.py": (("v",), 1, "", "t", "", "solve_ivp RK45"),
    "list_comprehension.py": (("self._v",), 2, "i", "", "dt", ""),
    "loop_arrays.py": (("V",), 2, "I", "t", "dt", ""),
    "morris_lecar.py": (("V", "w"), 1, "", "", "dt", ""),
    "namedtuple_state.py": (("state.v", "state.w"), 2, "", "", "dt", ""),
    "noise_drawn_in_loop.py": (("v",), 2, "", "", "dt", ""),
    "noisy.py": (("V",), 2, "", "i", "dt", ""),
    "notebook_lif.ipynb": (("v",), 2, "", "", "dt", ""),
    "painted_rc.py": (("Vm", "t_rest"), 3, "", "t", "dt", ""),
    "plot_only.py": (("v",), 2, "", "n", "dt", ""),
    "population.py": (("v_n", "last_spike"), 4, "i", "t", "dt", ""),
    "population_where.py": (("V", "ref"), 3, "", "", "dt", ""),
    "quadratic_if.py": (("x",), 2, "", "", "h", ""),
    "refractory_by_index.py": (("u", "last"), 3, "", "i", "dt", ""),
    "rk4_by_hand.py": (("v",), 2, "stim", "t", "h", ""),
    "rows_of_matrix.py": (("v", "u"), 2, "I", "k", "dt", ""),
    "rush_larsen.py": (("m", "h", "v", "ref"), 3, "I", "t", "dt", ""),
    "scipy_ode_reset.py": (("v",), 1, "", "t", "", "ode dopri5"),
    "sine_input.py": (("v",), 2, "", "t", "dt", ""),
    "state_vector.py": (("v", "w"), 2, "", "", "dt", ""),
    "substeps.py": (("V",), 2, "I", "t", "dt", ""),
    "synapse_events.py": (("v", "g"), 3, "", "n", "dt", ""),
    "two_neurons.py": (("v[0]", "v[1]", "fired[0]", "fired[1]"), 3, "", "", "dt", ""),
    "while_lists.py": (("V",), 3, "", "t", "dt", ""),
    "while_time.py": (("V",), 2, "", "t", "dt", ""),
    # More styles.
    "adex_si.py": (("V", "w"), 2, "I", "k", "dt", ""),
    "exponential_update.py": (
        ("self.V", "self.t_last"),
        3,
        "16.0 if t > 8.0 else 0.0",
        "t",
        "dt",
        "",
    ),
    "fold.py": (("v",), 2, "x", "", "DT", ""),
    "hh_currents.py": (("V", "m", "h", "n"), 1, "I_inj", "t", "dt", ""),
    "hh_gate_objects.py": (
        ("self.m.x", "self.h.x", "self.n.x", "self.v"),
        1,
        "15.0 if k >= 100 else 0.0",
        "k",
        "dt",
        "",
    ),
    "inf_and_tau.py": (("n", "q", "v"), 1, "current", "k", "p['dt']", ""),
    "izhikevich_parameters.py": (("v", "u"), 2, "100.0 if t >= 50.0 else 0.0", "i", "tau", ""),
    "masked_group.py": (
        ("self.v[0]", "self.v[1]", "self.v[2]", "self.last[1]", "self.last[2]"),
        7,
        "",
        "t",
        "dt",
        "",
    ),
    "odeint_steps.py": (("v",), 2, "current", "t", "", ""),
    "rk4_class.py": (("v", "w"), 2, "", "t", "h", ""),
    "seconds_function.py": (("v", "wait"), 3, "I", "i", "dt", ""),
    "sodium_arrays.py": (("m", "h", "V", "ref"), 3, "I", "time", "dt", ""),
    "solve_ivp_steps.py": (("v", "u"), 2, "I", "t", "dt", ""),
    "sra_conductance.py": (("V", "g"), 3, "", "i", "dt", ""),
    "two_half_steps.py": (
        ("v[0]", "v[1]", "v[2]", "v[3]", "u[0]", "u[1]", "u[2]", "u[3]"),
        7,
        "",
        "t",
        "",
        "",
    ),
}
# The fast ones, one of a kind; the rest hold the same thing again.
QUICK = {
    "class_update.py", "dict_state.py", "excite.py", "generator.py", "globals_step.py",
    "list_comprehension.py", "loop_arrays.py", "notebook_lif.ipynb", "painted_rc.py", "population.py",
    "refractory_by_index.py", "scipy_ode_reset.py", "substeps.py",
}  # fmt: skip
EACH = [pytest.param(name, marks=() if name in QUICK else pytest.mark.slow, id=name) for name in CORPUS]


@functools.cache
def traced(name):
    return trace_script(SCRIPTS / name)


@pytest.mark.parametrize("name", EACH)
def test_a_script_is_taken_as_it_is_and_its_maps_give_every_double(name):
    record = traced(name)
    states, n_maps, entry, time, dt, solver = CORPUS[name]
    assert record.fallback == ""
    assert record.states == states
    assert len(record.steps) == n_maps
    assert (record.input, record.time, record.dt, record.solver) == (entry, time, dt, solver)
    assert first_unexplained(record) is None
    if not solver:
        assert record.samples.shape == (len(record.order) + 1, len(states))
    assert sum(one.count for one in record.steps) == len(record.order)


def test_the_corpus_is_large_and_all_of_it_is_told():
    assert len(CORPUS) >= 40
    assert {one.name for one in SCRIPTS.iterdir() if one.is_file()} == {*CORPUS, "float32_state.py"}


def written(tmp_path, text, name="script.py"):
    file = tmp_path / name
    file.write_text(text, encoding="utf-8")
    return file


def leaves(node):
    return {node.name} if node.op == "leaf" else set().union(*map(leaves, node.args), set())


def test_the_free_map_of_the_lif_is_the_closed_form():
    record = traced("loop_arrays.py")
    free = record.steps[0].updates["V"]
    given = {"V": -61.0, "I": 7.0, "EL": -70.0, "tau": 10.0, "dt": 0.1}
    assert value_of(free, given) == pytest.approx(-61.0 + 0.1 * (-(-61.0 + 70.0) + 7.0) / 10.0, rel=1e-15)
    assert leaves(free) == set(given)
    assert free.line == 20
    (choice,) = record.steps[1].choices
    assert (choice.relation, choice.held, choice.line, choice.right.name) == (">=", True, 21, "Vth")
    assert {name: (node.value, node.line) for name, node in record.parameters.items()} == {
        "EL": (-70.0, 10), "tau": (10.0, 9), "dt": (0.1, 6), "Vth": (-55.0, 11)
    }  # fmt: skip
    assert record.lists["spikes"].size == record.steps[1].count


def test_derived_parameters_keep_what_they_are_made_of(tmp_path):
    text = (
        "import numpy as np\ntau, dt = 20.0, 0.5\ntau = tau*1e-3\ndt *= 1e-3\ndecay = np.exp(-dt/tau)\n"
        "v = 0.0\nfor k in range(50):\n    v = v*decay + (1 - decay)*k\n"
    )
    record = trace_script(written(tmp_path, text))
    decay = record.parameters["decay"]
    assert leaves(decay) == {"dt", "tau"}
    assert decay.value == float(np.exp(-0.5e-3 / 20.0e-3))
    assert (record.parameters["tau"].op, record.parameters["tau"].line) == ("*", 3)
    assert leaves(record.parameters["tau"]) == set()


def test_what_gave_the_input_is_told():
    record = traced("globals_step.py")
    assert {(one.op, one.value) for one in record.origins["current"]} == {("number", 0.0), ("number", 25.0)}
    on = (record.times > 10) & (record.times < 70)
    np.testing.assert_array_equal(record.inputs[on & ~np.isnan(record.inputs)], 25.0)


SEED = Path(__file__).resolve().parents[3] / "data"
NEURON = """\
import numpy as np
import matplotlib.pyplot as plt

class Neuron:
    def __init__(self, tau, rest, limit):
        self.tau, self.rest, self.limit = tau, rest, limit
        self.v = rest
        self.wait = 0.0

    def update(self, dt, current):
        if self.wait > 0:
            self.wait -= dt
            self.v = self.rest
        else:
            self.v += (self.rest - self.v + current) / self.tau * dt
            if self.v >= self.limit:
                self.v = self.rest
                self.wait = 2.0
        return self.v

"""


def test_each_loop_of_a_notebook_has_its_record_with_its_own_parameters(tmp_path):
    cells = [
        NEURON,
        "dt = 1.0\ncell = Neuron(10.0, -70.0, -55.0)\nfirst = [cell.update(dt, 14.0) for _ in range(100)]\n",
        "%timeit 1\ndt = 0.1\ncell = Neuron(20.0, -70.0, -55.0)\nsecond = []\n"
        "for t in np.arange(0, 60, dt):\n    second.append(cell.update(dt, 20.0 if t > 10 else 0.0))\n",
    ]
    notebook = {"cells": [{"cell_type": "code", "source": one.splitlines(keepends=True)} for one in cells]}
    records = trace_all(written(tmp_path, json.dumps(notebook), "book.ipynb"))
    assert [one.fallback for one in records] == ["", ""]
    assert [one.parameters["dt"].value for one in records] == [1.0, 0.1]
    assert [one.states for one in records] == [("self.v",), ("self.v", "self.wait")]
    assert all(first_unexplained(one) is None for one in records)
    assert records[1].source[records[1].parameters["dt"].line - 1] == "dt = 0.1"


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


def test_colours_do_not_end_a_loop_of_runs(tmp_path):
    text = (
        "import numpy as np\nimport matplotlib.pyplot as plt\ncolours = plt.cm.viridis(np.linspace(0, 1, 3))\n"
        "for I, c in zip([1.0, 2.0, 3.0], colours):\n    v = 0.0\n    vs = []\n    for k in range(100):\n"
        "        v += 0.1*(I - v)\n        if v > 1.5: v = 0.0\n        vs.append(v)\n    plt.plot(vs, color=c)\n"
    )
    record = trace_script(written(tmp_path, text))
    assert (record.fallback, record.states, len(record.steps)) == ("", ("v",), 2)
    assert record.parameters["I"].value == 2.0


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


OPERATIONS = {
    "numpy": "x = np.tanh(x) + np.sqrt(np.abs(x)) - np.where(x > 0.4, 0.1, 0.2)*np.clip(x, 0.1, 0.9)",
    "math": "x = math.atan2(x, 2.0) + math.pow(abs(x), 0.5) - math.log1p(abs(x))*0.3",
    "builtins": "x = max(x, 0.25) + round(x, 3)*0.5 - int(10*x)/20 + min(0.3, x, 0.9) - sum([x, 0.5, x])*0.2",
    "whole numbers": "n = (3*n + 1) % 17; x = n/17 + (n // 4)*0.01 + 0.1*x**2",
    "truths": "x = 0.5*x + 0.3*(x < 0.4) + 0.1*((x > 0.2) & (x < 0.9)); ok = not x > 0.5; x += 0.01*ok",
    "arrays": "y = np.array([x, 0.5*x, 1.0]); y[1:] *= 0.5; y -= 0.1; x = y.sum() - y[::-1][0]*0.2 + y.max()*0",
    "tuples": "a, (b, c) = x, (x + 0.1, 0.2); x, n = (a*0.5 + b*0.3 + c*0.1), n + 1",
    "chained": "x = 0.3*x + (0.2 if 0.1 < x <= 0.6 and n >= 0 else 0.5)",
}


def test_what_rounding_takes_of_a_sum_is_known_exactly():
    drawn = random.Random(3)
    for _ in range(200):
        a, b = (drawn.uniform(-1.0, 1.0) * 10.0 ** drawn.randint(-12, 12) for _ in range(2))
        total, lost = _added(a, b)
        assert Fraction(total) + Fraction(lost) == Fraction(a) + Fraction(b)


@pytest.mark.parametrize("kind", OPERATIONS)
def test_operations_are_remembered_bit_for_bit(tmp_path, kind):
    text = f"import math\nimport numpy as np\nx, n = 0.7, 3\nxs = []\nfor k in range(60):\n    {OPERATIONS[kind]}\n    xs.append(x)\n"
    record = trace_script(written(tmp_path, text))
    assert record.fallback == ""
    assert first_unexplained(record) is None
    assert any(
        "x" in leaves(node) | leaves_of_numbers(node, record)
        for one in record.steps
        for node in one.updates.values()
    )


def leaves_of_numbers(node, record):
    """What is a whole number to the script may be the state that x is made of."""
    return {"x"} if record.states == ("n",) and "n" in leaves(node) else set()


def test_math_and_numpy_stay_apart(tmp_path):
    text = "import math\nimport numpy as np\nv = w = 0.5\nfor k in range(20):\n    v = math.exp(-v)\n    w = np.exp(-w)\n    if v*w > 9: v = 0.0\n"
    record = trace_script(written(tmp_path, text))
    made = record.steps[0].updates
    assert (made["v"].op, made["v"].numpy, made["w"].op, made["w"].numpy) == ("exp", False, "exp", True)
    assert math.isclose(record.samples[-1, 0], record.samples[-1, 1])


def test_a_flag_that_hangs_on_a_state_is_no_input(tmp_path):
    text = (
        "def fired(v):\n    if v > 0.3:\n        return 1\n    return 0\n"
        "v = 0.0\nfor k in range(200):\n    v = v + 0.1*(1.0 - v)\n    s = fired(v)\n    gain = 2.0 if s else 0.5\n"
        "    v = v*(1 - s)*0.9 + 0.01*gain\n"
    )
    record = trace_script(written(tmp_path, text))
    assert record.fallback == ""
    assert record.input == ""
    assert len(record.steps) == 2
    assert first_unexplained(record) is None


def test_a_long_run_is_traced_as_far_as_the_budget_goes(tmp_path):
    text = "v = 0.0\nvs = []\nfor k in range(5000):\n    v = v + 0.1*(1.2 - v)\n    if v > 1: v = 0.0\n    vs.append(v)\n"
    record = trace_script(written(tmp_path, text), max_steps=400)
    assert (record.whole, record.fallback) == (False, "")
    assert 300 < len(record.order) <= 400
    assert first_unexplained(record) is None
    np.testing.assert_array_equal(record.samples[1:, 0], record.lists["vs"][: len(record.order)])


def test_the_innermost_name_is_the_input(tmp_path):
    text = (
        "import numpy as np\nE, R, tau, dt = -70.0, 10.0, 10.0, 0.1\nv, vs = E, []\n"
        "for k in range(400):\n    t = k*dt\n    I = 2.0*np.sin(t)**2 if t >= 5 else 0\n    v_inf = E + R*I\n"
        "    v = v_inf + (v - v_inf)*np.exp(-dt/tau)\n    if v > -60.0: v = E\n    vs.append(v)\n"
    )
    record = trace_script(written(tmp_path, text))
    assert (record.input, record.time, record.fallback) == ("I", "t", "")
    assert leaves(record.steps[0].updates["v"]) == {"v", "E", "R", "I", "tau", "dt"}
    assert first_unexplained(record) is None


def test_what_a_lambda_gives_of_time_is_the_input_and_what_it_gives_of_a_state_is_none(tmp_path):
    text = (
        "stim = lambda t: 25*(10 < t < 60)\nrate = lambda v: 0.1*(v + 75)\np = {'tau': 5.0}\np.update(tau=12.0)\n"
        "v, dt = -70.0, 0.1\nfor k in range(800):\n    t = k*dt\n"
        "    v += dt*(-70.0 - v + stim(t) - 0.01*rate(v))/p['tau']\n    if v > -55.0: v = -70.0\n"
    )
    record = trace_script(written(tmp_path, text))
    assert (record.input, record.states, len(record.steps)) == ("stim", ("v",), 2)
    assert record.parameters["p['tau']"].value == 12.0
    assert first_unexplained(record) is None


def test_what_ends_in_the_middle_is_kept_as_a_choice_of_time(tmp_path):
    text = (
        "v, dt = -70.0, 0.1\nfor k in range(900):\n    t = k*dt\n    leak = -70.0 - v\n    if t >= 50.0: leak = 0.0\n"
        "    v += dt*(leak + 20.0)/10.0\n    if v > -55.0: v = -70.0\n"
    )
    record = trace_script(written(tmp_path, text))
    (before,) = [one for one in record.steps if one.first == 0]
    (after,) = [one for one in record.steps if one.first == 500]
    told = [(one.line, one.held) for step in (before, after) for one in step.choices if one.timed]
    assert told == [(5, False), (5, True)]
    assert before.count + after.count > 850


def test_steps_that_a_solver_makes_are_a_loop_with_its_own_threshold_and_reset(tmp_path):
    text = (
        "import numpy as np\nfrom scipy.integrate import odeint\ndef f(y, t, p):\n    v, = y\n"
        "    return [(-v + p['I'])/10.0]\np = {'I': 20.0}\nts = np.linspace(0, 30, 61)\ny = [0.0]\nvs = []\n"
        "for k in range(60):\n    y = odeint(f, y, [ts[k], ts[k+1]], args=(p,))[-1]\n    if y[0] > 15: y = [0.0]\n"
        "    vs.append(y[0])\n"
    )
    record = trace_script(written(tmp_path, text))
    assert (record.solver, record.fallback, len(record.states)) == ("", "", 1)
    free, fired = (step.updates[record.states[0]] for step in record.steps)
    assert free.op == "solved by odeint"
    begin, made, _ = free.args
    assert begin.name == record.states[0]
    assert leaves(made) == {record.states[0], "p['I']"}
    assert value_of(made, {record.states[0]: 4.0, "p['I']": 20.0}) == 1.6
    assert fired.value == 0.0


def test_calls_of_a_solver_that_go_on_from_each_other_are_one_run(tmp_path):
    text = (
        "import numpy as np\nfrom scipy.integrate import ode\ndef f(t, v):\n    return (-v + 20.0)/10.0\n"
        "r = ode(f).set_integrator('dopri5')\nr.set_initial_value(0.0, 0.0)\nvs = []\n"
        "while r.t < 10:\n    vs.append(r.integrate(r.t + 0.5)[0])\n"
    )
    record = trace_script(written(tmp_path, text))
    assert (record.solver, record.states, record.fallback) == ("ode dopri5", ("v",), "")
    np.testing.assert_allclose(record.times, np.arange(0.5, 10.1, 0.5))
    made = record.steps[0].updates["dv/dt"]
    assert value_of(made, {"v": 4.0}) == 1.6


def test_a_whole_number_made_of_a_truth_is_that_choice(tmp_path):
    text = "v = 0.0\nfor k in range(90):\n    v += 0.1*(1.5 - v)\n    s = int(v >= 1.0)\n    if s: v = 0.0\n"
    record = trace_script(written(tmp_path, text))
    assert [(one.relation, one.right.value, one.held) for step in record.steps for one in step.choices] == [
        (">=", 1.0, False), (">=", 1.0, True)
    ]  # fmt: skip


def test_many_substeps_are_one_map(tmp_path):
    text = "v, h = 0.0, 0.002\nfor k in range(260):\n    for _ in range(250):\n        v = v + h*(1.2 - v)\n    if v > 1: v = 0.0\n"
    record = trace_script(written(tmp_path, text))
    assert (record.fallback, record.states, len(record.steps)) == ("", ("v",), 2)
    assert first_unexplained(record) is None


def test_a_map_is_the_loop_that_it_is(tmp_path):
    text = (
        "class Cell:\n    def __init__(self, **given):\n        self.v = -70.0\n        self.__dict__.update(given)\n"
        "    def __call__(self, I, dt=0.1):\n        self.v += dt*(-70.0 - self.v + I)/self.tau\n"
        "        if self.v > -55.0: self.v = -70.0\n        return self.v\n"
        "cell = Cell(tau=12.0)\nV = list(map(cell, [20.0]*300))\n"
    )
    record = trace_script(written(tmp_path, text))
    assert (record.fallback, record.states, len(record.steps)) == ("", ("self.v",), 2)
    assert record.parameters["self.tau"].value == 12.0
    assert first_unexplained(record) is None


def test_a_long_loop_that_makes_the_input_does_not_hide_the_neuron_behind_it(tmp_path):
    text = """
    import numpy as np
    n, dt = 600, 0.1
    t = np.arange(n) * dt
    drive = np.zeros(n)
    for k in range(n):
        drive[k] = 20.0 if t[k] % 10.0 < 5.0 else 0.0
    v = np.zeros(n)
    for k in range(1, n):
        v[k] = v[k - 1] + dt * (drive[k - 1] - v[k - 1]) / 10.0
    marks = [k for k in range(n)]
    """
    record = trace_script(written(tmp_path, textwrap.dedent(text)), max_steps=200)
    assert record.states == ("v",)


@pytest.mark.parametrize("name", ["DELTA_T", "DeltaT", "TIME_STEP", "integration_step"])
def test_of_numbers_as_long_as_the_clocks_step_the_one_that_is_called_so_is_the_step(tmp_path, name):
    text = f"""
    import numpy as np
    {name} = 0.1
    g_leak = 0.1
    slope = 0.1
    v = 0.0
    for t in np.arange(0.0, 5.0, {name}):
        drive = 2.0 if t < 2.0 else 0.0
        v = v + {name} * (drive - g_leak * v + slope)
    """
    assert trace_script(written(tmp_path, textwrap.dedent(text))).dt == name
