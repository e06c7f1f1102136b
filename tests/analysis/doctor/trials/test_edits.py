"""Changes of a text: which are listed, and which of those that fit is told."""

import ast

import pytest

from natrium.analysis.doctor import read_script
from natrium.analysis.doctor.trials.edits import Editor
from natrium.analysis.doctor.trials.text import Text
from natrium.model import Constant, Model, Neuron, Simulation

SCRIPT = """
DT = 0.1
PARAMS = (10.0, -65.0, -50.0, 3.0)  # tau_m, E_L, v_th, t_ref

class Cell:
    def __init__(self, tau_m, E_L, v_th, t_ref):
        self.tau_m, self.E_L, self.v_th = tau_m, E_L, v_th
        self.t_ref = t_ref
        self.v, self.clock, self.until = E_L, 0.0, -1.0

    def step(self, drive):
        self.clock = self.clock + DT
        if self.clock - DT < self.until - 1e-9:
            return self.v
        self.v += DT * (self.E_L - self.v + drive) / self.tau_m
        if self.v >= self.v_th:
            self.v = self.E_L
            self.until = self.clock + self.t_ref
        return self.v

cell = Cell(*PARAMS)
trace = [cell.step(20.0) for _ in range(450)]
"""
SLIPS = [
    ("self.until = self.clock + self.t_ref", "self.until = self.clock"),  # a field that is then read nowhere
    ("self.v >= self.v_th", "self.v >= self.E_L"),  # another name of the same object
    ("self.clock = self.clock + DT", "self.clock = self.clock + 1"),  # the clock counts steps
]


@pytest.mark.parametrize(
    ("old", "new"), [("", ""), SLIPS[0], *(pytest.param(*one, marks=pytest.mark.slow) for one in SLIPS[1:])]
)
def test_a_rule_that_reads_something_else_is_told_by_its_line(tmp_path, old, new):
    claim = Model(
        neuron=Neuron(tau_m=10.0, tau_ref=3.0, v_rest=-65.0, v_thresh=-50.0),
        stimulus=Constant(20.0),
        simulation=Simulation(t_end=45.0, dt=0.1),
    )
    text = SCRIPT.replace(old, new) if old else SCRIPT
    path = tmp_path / "cell.py"
    path.write_text(text)
    (reading,) = read_script(path, claim)
    lines = {
        at
        for at, line in enumerate(text.splitlines(), start=1)
        if old and line.strip().endswith((new, f"{new}:"))
    }
    assert {one.line for one in reading.faults} == lines


def edits_of(text, known=()):
    return {(one.stands, one.should): one.rank for one in Editor(ast.parse(text), [], known=known).edits()}


def test_a_time_that_is_rounded_may_lack_the_step():
    found = edits_of("dt = 0.1\nleft = int(round(wait))\nleft -= 1\n")
    assert ("round(wait)", "round(wait / dt)") in found
    assert ("1", "dt") not in found  # what begins with a whole number counts steps
    assert ("1", "dt") in edits_of("dt = 0.1\nnow = 0.0\nnow = now + 1\n")
    assert not any("/ dt / dt" in should for _, should in edits_of("dt = 0.1\nleft = round(wait / dt)\n"))


def test_figures_lists_and_texts_are_put_in_no_numbers_place():
    text = (
        "import pylab\nfig, ax = pylab.subplots()\nkept, title = [], 'V'\nspare = 2.0\nP.wait = 3.0\n"
        "v = start\nv = v + step * rate\n"
    )
    things = {"fig", "ax", "kept", "title"}

    def names(one):
        return {each.id for each in ast.walk(ast.parse(one)) if isinstance(each, ast.Name)}

    should = [names(new) for old, new in edits_of(text) if not things & names(old)]
    assert any("spare" in one for one in should)
    assert not any(things & one for one in should)
    asked = Editor(ast.parse(text.replace("step", "P.wait")), [(2.0, 3.0)]).asked
    assert asked == ["P.wait"]  # as the text reads it


def test_what_is_read_nowhere_lacks_in_a_formula_rather_than_in_data():
    text = "R = 100.0\nI = np.array([0.2, 0.3])\nv = v + dt / tau * (rest - v + I * on)\n"
    found = edits_of(text)
    assert found["I", "I * R"] < found["I = np.array([0.2, 0.3])", "I = np.array([0.2, 0.3]) * R"]


def test_numbers_of_the_claim_stay_and_those_that_lack_are_put_in():
    found = edits_of("tau = 10.0\nwait = 3.0\n", known={10.0, 2.0})
    assert found["3.0", "2.0"] < found["3.0", "4.0"] < found["10.0", "11.0"]


def test_a_lost_sign_is_its_number_s_and_not_what_is_set_to_it():
    found = edits_of("reset = 70\nv.append(reset)\n")
    assert found["70", "-70"] < found["v.append(reset)", "v.append(-reset)"]


def test_an_element_changes_places_as_a_whole():
    found = {should for _, should in edits_of("y = a * (v[i] - b)\n")}
    assert "y = v[i] * (a - b)" in {f"y = {one}" for one in found}
    assert not any("a[i]" in one for one in found)


def test_how_many_steps_a_run_has_is_not_changed():
    tree = ast.parse("n = int(round(t_max / cell.dt))\nwait = int(round(t_ref / cell.dt))\n")
    text = Text(tree)
    names = {ast.unparse(one): text.is_grid(one) for one in text.nodes if isinstance(one, ast.Name)}
    assert names["t_max"]
    assert not names["t_ref"]


def test_an_assignment_may_be_the_wrong_way_round():
    for text, other in (("new = old", "old = new"), ("x, new = y, a[0]", "x, a[0] = (y, new)")):
        found = {ast.unparse(one.made()) for one in Editor(ast.parse(text), ()).edits()}
        assert other in found


def test_a_formula_may_lack_a_minus_a_factor_or_a_power():
    found = edits_of("def f(w, tau, C):\n    return (w / tau, m * h + 1.0)\n")
    assert ("w", "-w") in found
    assert ("m", "m ** 3") in found
    assert ("w / tau", "w / tau / C") in found
    assert ("tau", "-tau") not in found  # what begins the formula has the minus
    assert found["w / tau", "w / tau * C"] > max(found["w", "-w"], found["w / tau", "w * tau"])


def test_what_a_function_is_given_may_be_called_like_an_array_elsewhere():
    text = "def slope(V, I):\n    return V\n\nfor k in range(9):\n    V[k + 1] = V[k] + I[k]\n"
    assert ("V", "I") in edits_of(text)
    assert ("V[k]", "I") not in edits_of(text)


def test_a_time_that_each_turn_sets_is_no_span():
    assert ("wrong", "k") in edits_of("for k in range(9):\n    t = wrong * h\n    v = f(t, k)\n")
    assert not edits_of("t = 100.0 * 3.0\n")


def test_what_is_set_again_may_be_added_to_though_another_name_has_its_letters():
    assert ("V = dt * dV", "V += dt * dV") in edits_of("V = 0.0\nV = dt * dV\n")


def test_a_turns_own_time_may_lack_what_counts_the_turns():
    for head, last in (("for k in range(9):", "pass"), ("while k < 9:", "k += 1")):
        found = edits_of(f"dt = 0.1\n{head}\n    t = dt\n    x = f(t, k, wrong)\n    {last}\n")
        assert found["dt", "dt * k"] < found["dt", "dt * x"]


def test_what_a_function_gives_back_may_be_in_another_order_though_unlike():
    assert ("(True, reset)", "(reset, True)") in edits_of("def f(reset):\n    return True, reset\n")


def test_a_property_that_nothing_reads_may_stand_for_one_that_is_read_twice():
    text = """
class Cell:
    @property
    def leak(self):
        return 1.0
    @property
    def sag(self):
        return 2.0
    def total(self):
        return self.leak + self.leak
"""
    assert ("self.leak", "self.sag") in edits_of(text)


def test_a_factor_may_have_lost_v_and_an_index_may_be_another():
    found = edits_of("def current(g, E, v):\n    return g * E\n\nx[2] += 3.0\n")
    assert {("E", "E - v"), ("E", "v - E"), ("x[2]", "x[1]")} <= set(found)
    assert ("g", "g - E") not in found


def texts_of(text, wanted=()):
    """Write a text down with each of its changes."""
    tree, found = ast.parse(text), []
    before = ast.dump(tree)
    for edit in Editor(tree, wanted).edits():
        found.append(ast.unparse(edit.made()))
        assert ast.dump(tree) == before
    assert ast.unparse(tree) not in found
    return set(found)


def test_an_edit_changes_one_place_and_leaves_the_text_alone():
    text = "dt = 0.1\nx = 1.0\ny = 2.0\nx = x + dt * (y - x)"
    texts = texts_of(text, [(1.0, 3.0)])
    assert text.replace("y - x)", "x - y)") in texts
    assert text.replace("y - x)", "y + x)") in texts
    assert text.replace("x = 1.0", "x = 3.0") in texts
    assert all(one.startswith(("dt = 0.1\n", "x = 0.1\n", "y = 0.1\n", "dt = -0.1\n")) for one in texts)


def test_a_list_is_not_given_itself():
    """An array of what it then holds would have no end."""
    texts = texts_of("def run(n):\n    kept, lost, v = ([], [], 0.0)\n    kept.append(v)\n    lost.append(v)")
    assert not any(f"{one}.append({one})" in text for text in texts for one in ("kept", "lost"))
    assert any("kept.append(n)" in text for text in texts)


@pytest.mark.parametrize(
    ("stands", "should"),
    [
        ("y = b * (a * v - u)", "y = a * (b * v - u)"),  # two names in each other's place
        ("y = a * (v - u)", "y = a * v - u"),  # brackets, both ways
        ("y = a * v - u", "y = a * (v - u)"),
        ("y = exp(v - u / a)", "y = exp((v - u) / a)"),
        ("y = exp(v) - u", "y = exp(v - u)"),
        ("y = f(2.0 * u, v)", "y = f(v, 2.0 * u)"),
    ],
)
def test_names_and_brackets_of_a_formula_are_exchanged_and_moved(stands, should):
    assert should in texts_of(stands)


def test_what_one_function_sets_and_never_reads_is_not_lent_to_another():
    text = "def f(x):\n    lost = 2.0 * x\n    return x + 1.0\n\ndef g(x):\n    return x - 1.0"
    found = {(one.line, one.should) for one in Editor(ast.parse(text), []).edits() if "lost" in one.should}
    assert (3, "x * lost") in found
    assert {line for line, _ in found} == {2, 3}


def test_an_edit_says_whether_two_things_change_places():
    turned = [one for one in Editor(ast.parse("x = b * (1 - x) - a * x"), []).edits() if one.exchanged]
    assert "a * (1 - x) - b * x" in {one.should for one in turned}
    assert all(sorted(one.stands) == sorted(one.should) for one in turned)
