"""How near a text's plain run is to the claim's course."""

import ast

import numpy as np
import pytest

from natrium.analysis.accuracy.truth import reference
from natrium.analysis.doctor import read_script
from natrium.analysis.doctor.trace.foreign import at_most
from natrium.analysis.doctor.trace.forms import OverBudget
from natrium.analysis.doctor.trace.runs import PlainRun
from natrium.analysis.doctor.trace.script import load_script
from natrium.analysis.doctor.trials.screen import Screen
from natrium.model import Model, Neuron, Simulation, Step

COURSE = """
import numpy as np
tau, rest, theta = 10.0, -70.0, -55.0
def run(n, dt=0.1):
    v, made = rest, []
    for k in range(n):
        v += dt * (rest - v + 20.0) / tau
        if v >= theta:
            v = rest
        made.append(v)
        made_of = [made]
    return made
run(600)
"""


def leaky_model(begin=0.0):
    """Give the claim of the scripts beside, whose input begins at a time."""
    return Model(
        neuron=Neuron(tau_m=10.0, tau_ref=0.0, v_rest=-70.0, v_thresh=-55.0),
        stimulus=Step(20.0, start=begin),
        simulation=Simulation(t_end=60.0, dt=0.1),
    )


def leaky_course(begin=0.0):
    """What the leaky neuron of the scripts beside does."""
    return reference(leaky_model(begin)).trajectory


def test_a_plain_run_tells_what_goes_the_claims_way(tmp_path):
    truth = leaky_course()
    path = tmp_path / "script.py"
    path.write_text(COURSE)
    with Screen(load_script(path), truth, 0.1, (1.0,)) as screen:
        assert screen.has_course
        assert screen.distance(ast.parse(COURSE)) < 0.01
        faster = ast.parse(COURSE.replace("tau, rest", "rest, tau").replace("10.0, -70.0", "-70.0, 5.0"))
        assert screen.distance(faster) > 0.1
        assert 0 < screen.shows(faster) < 600
        endless = ast.parse(COURSE.replace("made_of = [made]", "made.append(made)"))  # holds itself
        assert screen.distance(endless) == 1.0


CLOCKED = """
rest, tau, dt = -70.0, 10.0, 0.1
v, t, made = rest, 0.0, []
while t < 60.0:
    drive = 0.0 if t < 5.0 else 20.0
    v = v + dt * (rest - v + drive) / tau
    if v >= -55.0:
        v = rest
    made.append(v)
    t += dt
"""


def test_a_change_with_which_a_loop_has_no_end_costs_little_more_than_the_script(tmp_path):
    path = tmp_path / "script.py"
    path.write_text(CLOCKED)
    with Screen(load_script(path), leaky_course(5.0), 0.1, (1.0,)) as screen:
        assert 600 < screen.most < 3000
        assert screen.distance(ast.parse(CLOCKED)) < 0.02
        assert screen.distance(ast.parse(CLOCKED.replace("t += dt", "t -= dt"))) > 0.2  # as far as it goes
    with at_most(10, turns=50):
        run = PlainRun(load_script(path), {}, 1000)
    assert isinstance(run.run.error, OverBudget)
    assert run.hook.count == 51


@pytest.mark.slow
def test_a_loop_that_has_no_end_is_told_by_the_line_that_should_end_it(tmp_path):
    """The claim knows how long a run is."""
    path = tmp_path / "script.py"
    path.write_text(CLOCKED.replace("t += dt", "t -= dt"))
    (reading,) = read_script(path, leaky_model(5.0))
    assert [(one.line, one.should) for one in reading.faults] == [(10, "t += dt")]


FED = """
def drive(n):
    for k in range(n):
        yield 20.0

v = -70.0
def step(current, dt=0.1, tau=10.0):
    global v
    v += dt * (-70.0 - v + current) / tau
    if v >= -55.0:
        v = -70.0
    return v
course = [step(one) for one in drive(600)]
"""


def test_a_comprehension_over_a_generator_has_a_course_and_so_has_its_beginning(tmp_path):
    truth = leaky_course()
    path = tmp_path / "script.py"
    path.write_text(FED)
    wrong = ast.parse(FED.replace("yield 20.0", "yield 10.0"))
    with Screen(load_script(path), truth, 0.1, (1.0,)) as screen:
        assert screen.has_course
        for turns in (0, 200):
            assert screen.distance(screen.tree, turns) < 0.02 < 0.1 < screen.distance(wrong, turns)


def test_a_screen_takes_the_course_of_what_was_read_and_its_own_step(tmp_path):
    """Other courses lie by chance nearer to the true one; a step that is none says nothing of the time."""
    path = tmp_path / "script.py"
    path.write_text(
        "near, v, V, other = -60.0, -70.0, [], []\n"
        "for k in range(600):\n"
        "    v += 0.1 * (-v - 30.0) / 10.0\n"
        "    V.append(v)\n"
        "    other.append(near + 0.001 * k)\n"
    )
    V = -70.0 + 40.0 * (1.0 - 0.99 ** np.arange(1, 601))
    for step in (0.1, 1.0):
        with Screen(load_script(path), leaky_course(), step, (1.0,)) as screen:
            assert screen.has_course
            nearest = screen.distance(screen.tree)
        kept = []
        run = np.float64(-70.0)
        for _ in range(600):
            run += 0.1 * (-run - 30.0) / 10.0
            kept.append(run)
        with Screen(load_script(path), leaky_course(), step, (1.0,), V=np.array(kept)) as screen:
            assert screen.has_course
            assert screen.distance(screen.tree) > 2.0 * nearest
            assert np.allclose(kept, V)
