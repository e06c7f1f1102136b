"""Traced runs: what is the state, the input, the time and the step, and how each step was made."""

import json
import math
import random
import textwrap
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from natrium.analysis.doctor.trace import trace_all, trace_script
from natrium.analysis.doctor.trace.calls import _added
from tests.analysis.doctor.trace.runs import NEURON, first_unexplained, leaves, traced, value_of, written

pytestmark = pytest.mark.corpus


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


def test_colours_do_not_end_a_loop_of_runs(tmp_path):
    text = (
        "import numpy as np\nimport matplotlib.pyplot as plt\ncolours = plt.cm.viridis(np.linspace(0, 1, 3))\n"
        "for I, c in zip([1.0, 2.0, 3.0], colours):\n    v = 0.0\n    vs = []\n    for k in range(100):\n"
        "        v += 0.1*(I - v)\n        if v > 1.5: v = 0.0\n        vs.append(v)\n    plt.plot(vs, color=c)\n"
    )
    record = trace_script(written(tmp_path, text))
    assert (record.fallback, record.states, len(record.steps)) == ("", ("v",), 2)
    assert record.parameters["I"].value == 2.0


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


@pytest.mark.parametrize(
    "start", ["np.full(4, -65.0)", "np.full(4, rest)", "np.repeat(rest, 4)", "np.array([rest] * 4)"]
)
def test_an_array_made_anew_begins_its_run_anew(tmp_path, start):
    path = tmp_path / "sweep.py"
    path.write_text(
        f"import numpy as np\nrest = -65.0\ndef sweep(drive):\n    v, kept = {start}, []\n"
        "    for k in range(300):\n        v += 0.1 * (rest - v + drive) / 10.0\n        v[v >= -50.0] = rest\n"
        "        kept.append(v[0])\n    return kept\nfor drive in (20.0, 30.0):\n    sweep(drive)\n"
    )
    assert trace_script(path).left == ()
