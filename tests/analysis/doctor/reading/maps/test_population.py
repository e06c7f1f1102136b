"""Of neurons side by side a claim is of the one whose input is the claim's, or is it but for a power of ten."""

import pytest

from natrium.analysis.doctor import read_script
from natrium.analysis.doctor.reading.expressions.wording import text_of
from natrium.analysis.doctor.reading.maps.population import one_of_many
from natrium.analysis.doctor.reading.verdict import read
from natrium.analysis.doctor.script import traced
from natrium.model import HybridNeuron, Model, Neuron, Simulation, Step
from tests.analysis.doctor.written import taken

SCRIPT = """
import numpy as np
dt, tau, rest, theta, n = 0.1, 10.0, -65.0, -50.0, 400
I = np.zeros((3, n))
I[0, 50:] = 26.0
I[1, 50:] = 18.0
I[2, 50:] = 14.0
V = np.full((3, n + 1), rest)
for k in range(n):
    V[:, k + 1] = V[:, k] + dt * (rest - V[:, k] + I[:, k]) / tau
    V[V[:, k + 1] >= theta, k + 1] = rest
"""


@pytest.mark.parametrize(
    ("old", "new", "number", "lines"),
    [
        ("", "", "1", set()),
        ("= 18.0", "= 1.8", "1", {6}),
    ],
    ids=("sound", "scaled"),
)
def test_the_neuron_that_the_claim_is_of_is_read(tmp_path, old, new, number, lines):
    claim = Model(
        neuron=Neuron(tau_m=10.0, tau_ref=0.0, v_rest=-65.0, v_thresh=-50.0),
        stimulus=Step(18.0, start=5.0),
        simulation=Simulation(t_end=40.0, dt=0.1),
    )
    path = tmp_path / "bank.py"
    path.write_text(SCRIPT.replace(old, new) if old else SCRIPT)
    (reading,) = read_script(path, claim)
    assert {one.line for one in reading.faults} == lines
    assert reading.record.side == number


def test_what_a_mask_raises_in_a_column_of_a_plane_is_followed(tmp_path):
    """The second neuron fires by itself alone: what is picked of the column begins with another one."""
    path = tmp_path / "script.py"
    path.write_text("""
import numpy as np
v, u, drive = -60.0 * np.ones((2, 400)), np.zeros((2, 400)), np.array([100.0, 120.0])
for i in range(399):
    v[:, i + 1] = v[:, i] + 0.25 * (0.7 * (v[:, i] + 60.0) * (v[:, i] + 40.0) - u[:, i] + drive) / 100.0
    u[:, i + 1] = u[:, i] + 0.25 * 0.03 * (-2.0 * (v[:, i] + 60.0) - u[:, i])
    fired = v[:, i + 1] >= 35.0
    v[fired, i + 1] = -50.0
    u[fired, i + 1] += 100.0
""")
    reading = read(traced(path), solve=False)
    assert reading.spike_times.size
    assert text_of(reading.maps.resets["u[0]"]) == "u[0] + 100"


COLUMN = """
import numpy as np
c = np.array([-65.0, -50.0]).reshape(2, 1)
v = np.full((2, 1), -70.0)
u = 0.2 * v
for k in range(400):
    v, u = v + 0.25 * (0.04 * v**2 + 5 * v + 140 - u + 10.0), u + 0.25 * 0.02 * (0.2 * v - u)
    fired = v >= 30.0
    v, u = np.where(fired, c, v), np.where(fired, u + 8.0, u)
"""


def test_neurons_in_a_column_are_neurons_side_by_side(tmp_path):
    reading = taken(tmp_path, COLUMN)
    assert reading.maps.moving in {("v[0]", "u[0]"), ("v[1]", "u[1]")}
    assert reading.faults == ()


ANYWHERE = """
import numpy as np
back, raised = np.array([-65.0, -55.0, -50.0]), np.array([8.0, 4.0, 2.0])
v, u = np.full(3, -65.0), np.full(3, -13.0)
for k in range(120):
    v, u = v + 0.25 * (0.04 * v**2 + 5 * v + 140 - u + 10), u + 0.25 * 0.02 * (0.2 * v - u)
    fired = v >= 30
    if ASKED:
        v[fired] = back[fired]
        u[fired] += raised[fired]
"""


@pytest.mark.parametrize(
    "asked", ["fired.any()", "np.any(fired)", "np.flatnonzero(fired).size", "len(fired.nonzero()[0])"]
)
def test_none_has_fired_where_it_is_asked_whether_any_has(tmp_path, asked):
    path = tmp_path / "script.py"
    path.write_text(ANYWHERE.replace("ASKED", asked))
    reading = read(traced(path), solve=False)
    assert not reading.faults
    assert not any(reading.maps.hold.steps)


def test_of_neurons_with_one_input_the_claims_numbers_tell_which_it_is_of(tmp_path):
    path = tmp_path / "script.py"
    path.write_text(ANYWHERE.replace("ASKED", "fired.any()"))
    claim = HybridNeuron(
        equations={"V": "0.04*V**2 + 5*V + 140 - u + I", "u": "0.02*(0.2*V - u)"},
        parameters={"c": -50.0, "d": 2.0},
        initial={"V": -65.0, "u": -13.0},
        v_thresh=30.0,
        reset={"V": "c", "u": "u + d"},
    )
    model = Model(neuron=claim, stimulus=Step(10.0), simulation=Simulation(t_end=30.0, dt=0.25))
    assert one_of_many(traced(path), model).side == "2"


BANK = """
import numpy as np
dt, tau, R, rest = 0.1, 20.0, 10.0, -70.0
I = np.linspace(1.2, 2.4, 5)
V = rest * np.ones(5)
for k in range(600):
    V = V + dt * (rest - V + R * I) / tau
    V[V >= -54.0] = rest
"""


def test_the_neuron_whose_steady_input_is_the_claims_by_a_resistance_is_read(tmp_path):
    path = tmp_path / "script.py"
    path.write_text(BANK)
    claim = HybridNeuron(
        equations={"V": "(-70 - V + I)/20"}, initial={"V": -70.0}, v_thresh=-54.0, reset={"V": "-70"}
    )
    model = Model(neuron=claim, stimulus=Step(24.0), simulation=Simulation(t_end=60.0, dt=0.1))
    (reading,) = read_script(path, model)
    assert (reading.record.side, reading.faults) == ("4", ())


def test_each_neuron_may_have_a_resistance_of_its_own(tmp_path):
    path = tmp_path / "script.py"
    path.write_text(
        BANK.replace("I = np.linspace(1.2, 2.4, 5)", "I = np.array([3.0, 2.2, 2.0, 1.8, 1.6])").replace(
            "R, rest = 0.1, 20.0, 10.0, -70.0",
            "rest = 0.1, 20.0, -70.0\nR = np.array([9.0, 10.0, 12.0, 11.0, 14.0])",
        )
    )
    claim = HybridNeuron(
        equations={"V": "(-70 - V + I)/20"}, initial={"V": -70.0}, v_thresh=-54.0, reset={"V": "-70"}
    )
    model = Model(neuron=claim, stimulus=Step(24.0), simulation=Simulation(t_end=60.0, dt=0.1))
    (reading,) = read_script(path, model)
    assert (reading.record.side, reading.faults) == ("2", ())
