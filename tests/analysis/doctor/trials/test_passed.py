"""Arguments in each other's place are told where they are passed, not where they are read."""

import ast

import pytest

from natrium.analysis.doctor import read_script
from natrium.analysis.doctor.reading.text.passing import called, passed_to
from natrium.analysis.doctor.trials.distance import distances
from natrium.analysis.doctor.trials.edits import Editor
from natrium.analysis.doctor.trials.lent import lent_names
from natrium.analysis.doctor.trials.passed import disordered, misnamed
from natrium.model import Constant, Model, Neuron, Simulation

SCRIPT = """
import numpy as np
from scipy.integrate import {solver}
def rhs({first}, rest, tau_m):
    return [(rest - y[0] + 10.0) / tau_m]
t = np.arange(0.0, 40.0, 0.1)
sol = {call}
"""
WAYS = {
    "odeint": ("y, t", "odeint(rhs, [-70.0], t, args=(-65.0, 12.0))"),
    "solve_ivp": ("t, y", "solve_ivp(rhs, (0.0, 40.0), [-70.0], args=(-65.0, 12.0), t_eval=t, rtol=1e-9)"),
}


@pytest.mark.parametrize("solver", WAYS)
def test_what_scipy_passes_on_is_told_where_it_is_passed(tmp_path, solver):
    claim = Model(
        neuron=Neuron(tau_m=12.0, v_rest=-65.0, v_thresh=None, v_init=-70.0),
        stimulus=Constant(10.0),
        simulation=Simulation(t_end=39.9, dt=0.1),
    )
    first, call = WAYS[solver]
    path, text = tmp_path / "script.py", SCRIPT.format(solver=solver, first=first, call=call)
    for wrong, lines in ((text, set()), (text.replace("(-65.0, 12.0)", "(12.0, -65.0)"), {7})):
        path.write_text(wrong)
        (reading,) = read_script(path, claim)
        assert {one.line for one in reading.faults} == lines


def functions_of(tree):
    return {one.name: one for one in ast.walk(tree) if isinstance(one, ast.FunctionDef)}


def test_names_that_are_alike_say_what_is_meant():
    tree = ast.parse("def f(gain, tau): pass\nf(tau_m, gain)")
    call = tree.body[1].value
    names = called(call, functions_of(tree))
    assert names == ["gain", "tau"]
    turned = call.args[::-1]
    assert misnamed(call.args, turned, names) < 0.0 < misnamed(turned, call.args, names)


def test_what_is_passed_on_is_near_what_reads_it():
    tree = ast.parse("def f(y, t, a, b):\n    return a * y - b\nx = 1\nodeint(f, 0.0, t, args=(x, 2))")
    call = tree.body[-1].value
    assert passed_to(call.keywords[0].value, call, functions_of(tree)) == ["a", "b"]
    assert passed_to(call.args[1], call, functions_of(tree)) == []
    assert distances(tree, [2])[4] == 1


def test_names_in_the_order_of_their_lines_are_likely():
    tree = ast.parse("a = 1\nb = 2\nx = (b, a)")
    node = tree.body[2].value
    assert disordered(list(ast.walk(tree)), node, ast.Tuple(node.elts[::-1], ast.Load())) < 0.0


def test_what_scipy_reads_of_a_function_is_not_lent():
    assert lent_names(ast.parse("def f(t, y): return y\nf.terminal = True\nwait = 2.0\ng(f)")) == ["wait"]


def test_the_grid_is_not_changed_and_a_gate_called_as_a_step_is():
    text = "ms = 1e-3\nT = 300 * ms\nh = h + 0.1 * (m - h)"
    changes = {one.stands for one in Editor(ast.parse(text), []).edits()}
    assert not changes & {"300 * ms", "300"}
    assert {"0.1 * (m - h)", "m - h"} <= changes


def test_neither_what_is_called_nor_whose_it_is_changes_places():
    texts = {one.should for one in Editor(ast.parse("x = self.a * f(self.b) + c"), []).edits()}
    assert "self.a * f(c) + self.b" in texts
    assert not any(word in text for text in texts for word in ("self(", "c(", "f + ", "f * ", "c.a"))
