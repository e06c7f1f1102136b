"""Constants stand for their numbers in rates, and are parameters of the neuron that uses them."""

import attrs
import numpy as np
import pytest
import sympy

import natrium
from natrium.model.expressions.constants import constants, fill, numbers, used_in
from natrium.model.files.writing import to_toml

FILE = """
natrium = 1

[constants]
celsius_0 = 24.0
warm = 34.0
q10 = "3**((warm - celsius_0)/10)"
unused = 1.0

[neuron]

[[channels]]
name = "Na"
g = 12.0
E = 55.0

[[channels.gates]]
name = "m"
power = 3
alpha = "q10*0.1*(V + 40)/(1 - exp(-(V + 40)/10))"
beta = "q10*4*exp(-(V + 65)/18)"

[[channels.gates]]
name = "h"
inf = "1/(1 + exp((V + 60)/6))"
tau = "4/q10"

[[stimuli]]
kind = "step"
amplitude = 20.0
start = 5.0
"""
# Exactly what 3**((34 - 24)/10) is.
Q10 = "3.0"


@pytest.fixture
def model(tmp_path):
    path = tmp_path / "model.toml"
    path.write_text(FILE)
    return natrium.load(path)


def plain(tmp_path, q10):
    path = tmp_path / f"plain{q10}.toml"
    head, _, rest = FILE.partition("[constants]")
    path.write_text(head + rest[rest.index("[neuron]") :].replace("q10", str(q10)))
    return natrium.load(path)


def simulated(model, **options):
    return natrium.simulate(model.neuron, model.stimulus, **options)


def test_a_file_with_constants_is_the_file_with_their_numbers(model, tmp_path):
    run = simulated(model, t_end=200.0)
    same = simulated(plain(tmp_path, Q10), t_end=200.0)
    assert run.n_spikes > 3
    assert np.array_equal(run.spike_times, same.spike_times)
    script, other = (
        natrium.FixedStep(dt=0.05).solve(one.neuron, one.stimulus, t_end=200.0)
        for one in (model, plain(tmp_path, Q10))
    )
    assert np.array_equal(script.spike_times, other.spike_times)


def test_they_are_parameters_and_those_that_follow_move_with_them(model, tmp_path):
    names = natrium.parameters(model.neuron, model.stimulus)
    assert names["warm"] == 34.0
    assert names["celsius_0"] == 24.0
    assert "q10" not in names
    assert "unused" not in names
    colder = natrium.with_parameters(model, {"warm": 24.0})
    expected = simulated(plain(tmp_path, "1.0"), t_end=200.0).spike_times
    assert np.array_equal(simulated(colder, t_end=200.0).spike_times, expected)


def test_a_saved_model_keeps_names(model, tmp_path):
    path = tmp_path / "again.toml"
    natrium.model.save(model, path)
    text = path.read_text()
    assert "[constants]" in text
    assert 'q10 = "3**((warm - celsius_0)/10)"' in text
    assert natrium.load(path) == model


@pytest.mark.parametrize("solver", ["event", "compiled"])
def test_a_sweep_varies_them(model, solver):
    runs = natrium.simulate_many(
        model.neuron, model.stimulus, t_end=100.0, parameters={"warm": [24.0, 30.0, 34.0]}, solver=solver
    )
    for index, warm in enumerate((24.0, 30.0, 34.0)):
        alone = simulated(natrium.with_parameters(model, {"warm": warm}), t_end=100.0, solver=solver)
        assert np.array_equal(runs.train(index), alone.spike_times)


def test_the_api_names_them_in_a_block():
    with natrium.constants({"v_half": -40.0}):
        gate = natrium.Gate("m", inf="1/(1 + exp(-(V - v_half)/9))")
    assert gate.inf.constants == (("v_half", -40.0),)
    neuron = natrium.Neuron(channels=(natrium.Channel("P", 1.0, 50.0, (gate,)),))
    assert neuron.numbers()["v_half"].value == -40.0
    moved = neuron.changed({"v_half": -35.0})
    assert moved.numbers()["v_half"].value == -35.0
    with pytest.raises(natrium.ModelError, match="v_half"):
        natrium.Gate("m", inf="1/(1 + exp(-(V - v_half)/9))")  # the block has ended


def test_a_rate_in_sympy_may_hold_them():
    V, v_half = sympy.symbols("V v_half")
    with natrium.constants({"v_half": "-4*shift", "shift": 10.0, "other": 1.0}):
        gate = natrium.Gate("m", inf=1 / (1 + sympy.exp(-(V - v_half) / 9)))
    assert dict(gate.inf.constants) == {"v_half": "-4*shift", "shift": 10.0}
    assert gate.inf.written()(-40.0) == 0.5


def test_what_is_made_of_V_is_put_in_where_its_name_stands():
    with natrium.constants({"k": 0.5, "up": "k*exp(V/20)", "down": "exp(-V/30)", "all": "up + down"}):
        gate = natrium.Gate("m", inf="up/all", tau="1/all")
    plain = natrium.Gate("m", alpha="0.5*exp(V/20)", beta="exp(-V/30)")
    V, m = sympy.symbols("V m", real=True)
    assert (gate.derivative(m) - plain.derivative(m)).subs({V: -31.0, m: 0.3}) == pytest.approx(
        0.0, abs=1e-15
    )
    neuron = natrium.Neuron(channels=(natrium.Channel("P", 5.0, 50.0, (gate,)),))
    assert neuron.numbers()["k"].value == 0.5
    assert not {"up", "down", "all"} & neuron.numbers().keys()
    faster = neuron.changed({"k": 1.0}).channels[0].gates[0]
    assert faster.inf.written()(0.0) == 0.5
    model = natrium.Model(neuron=neuron, stimulus=natrium.Step(9.0), simulation=natrium.Simulation(t_end=9.0))
    assert natrium.loads(to_toml(model)) == model


def test_what_is_made_of_calcium_too():
    with natrium.constants({"half": 3.0, "bound": "Ca/(Ca + half)"}):
        assert natrium.Gate("q", inf="bound", tau="8").reads_calcium
    with natrium.constants({"Ca": 3.0, "bound": "Ca/(Ca + 1)"}):
        gate = natrium.Gate("q", inf="bound*exp(-V**2)")
    assert not gate.reads_calcium
    assert gate.inf.written()(0.0) == 0.75


def test_equations_are_written_by_what_they_are_made_of():
    text = """natrium = 1
[equations]
V = "g*open*(50 - V) + leak + I"
u = "-u/tau"
[initial]
V = -70.0
u = 1.0
[parameters]
g = 2.0
[constants]
tau = 5.0
open = "1/(1 + exp(-v/k))"
v = "V + 40 - u"
k = "tau + 1"
leak = "-0.1*(V + 70)"
"""
    neuron = natrium.loads(text).neuron
    assert sorted(neuron.numbers()) == ["g", "tau", "v_init"]
    V, u, g, tau = sympy.symbols("V u g tau", real=True)
    flow = g * (50 - V) / (1 + sympy.exp(-(V + 40 - u) / (tau + 1))) - (V + 70) / 10
    values = {V: -41.0, u: 0.7, g: 2.0, tau: 5.0, sympy.Symbol("I", real=True): 0.0}
    assert neuron.system.rhs[0].subs(values) == pytest.approx(float(flow.subs(values)), rel=1e-14)


def test_schemes_have_them_too():
    with natrium.constants({"k": 2.0}):
        scheme = natrium.Scheme(("C", "O"), (("C", "O", "k*exp(V/40)"), ("O", "C", "k")), open=("O",))
    neuron = natrium.Neuron(channels=(natrium.Channel("P", 1.0, 50.0, scheme=scheme),))
    faster = neuron.changed({"k": 4.0})
    assert faster.numbers()["k"].value == 4.0
    assert faster.channels[0].scheme != scheme


def test_one_name_has_one_value_in_a_neuron():
    gates = []
    for name, value in (("m", 1.0), ("h", 2.0)):
        with natrium.constants({"k": value}):
            gates.append(natrium.Gate(name, alpha="k", beta="1"))
    with pytest.raises(natrium.ModelError, match=r"constant k .* 1\.0 and 2\.0"):
        natrium.Neuron(channels=(natrium.Channel("P", 1.0, 50.0, gates),))


def test_a_constant_is_no_parameter_of_another_meaning():
    with natrium.constants({"tau_m": 1.0}):
        gate = natrium.Gate("m", alpha="tau_m", beta="1")
    with pytest.raises(natrium.ModelError, match="tau_m"):
        natrium.Neuron(channels=(natrium.Channel("P", 1.0, 50.0, (gate,)),))


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"a": "b", "b": "a"}, "circle, got a -> b -> a"),
        ({"a": "c"}, "constant a: .*c"),
        ({"a": "1/0"}, "constant a"),
        ({"exp": 1.0}, "exp"),
        ({"V": 1.0}, "V"),
        ({"a b": 1.0}, "name"),
        ({"a": float("nan")}, "constant a"),
        ({"a": True}, "constant a"),
        ({"a": "W"}, "constant a: .*W"),
        ({"a": "V + b", "b": "2*a"}, "circle, got a -> b -> a"),
        ({"a": "V + W"}, "constant a: .*'W'"),
        ({"a": "V", "b": "a + W"}, "constant b: .*'W'"),
        ([1.0], "table"),
    ],
)
def test_what_cannot_be_a_constant_is_refused(values, told):
    with pytest.raises(natrium.ModelError, match=told), constants(values):
        pass


@pytest.mark.parametrize(
    ("table", "told"),
    [
        ('k = "W"', r"constants: constant k"),
        ("k = [1]", r"constants: constant k"),
        ("exp = 1", "constants: "),
    ],
)
def test_a_file_tells_the_place(table, told, tmp_path):
    path = tmp_path / "model.toml"
    path.write_text(f"natrium = 1\n[constants]\n{table}\n[neuron]\n")
    with pytest.raises(natrium.ModelError, match=told):
        natrium.load(path)


def test_a_file_leaves_nothing_behind(model):
    with pytest.raises(natrium.ModelError, match="q10"):
        natrium.Gate("m", alpha="q10", beta="1")


def test_numbers_and_words_of_a_text():
    known = (("a", 2.0), ("b", "a**2"), ("c", 9.0))
    assert numbers(known) == {"a": 2.0, "b": 4.0, "c": 9.0}
    assert used_in("b*V + 1e5", known) == known[:2]
    assert fill("b*V - ab + 1.e5", known) == "(4.0)*V - ab + 1.e5"
    assert attrs.evolve(natrium.Gate("m", alpha="1", beta="1"), alpha="2").alpha.constants == ()


EQUATIONS = """
natrium = 1
threshold = 1.0

[constants]
tau = 10.0
rate = "scale/tau"
double = "2*rate"

[parameters]
scale = 1.0

[equations]
V = "(I - V)*double/2"

[initial]
V = 0.0

[reset]
V = "0*rate"

[[stimuli]]
kind = "constant"
amplitude = 2.0
"""


def test_equations_of_ones_own_have_them_as_parameters():
    model = natrium.loads(EQUATIONS)
    assert {"tau", "scale"} <= set(natrium.parameters(model.neuron, model.stimulus))
    run = simulated(model, t_end=30.0)
    assert run.spike_times[0] == pytest.approx(10.0 * np.log(2.0), rel=1e-9)
    slow = simulated(natrium.with_parameters(model, {"tau": 20.0}), t_end=30.0)
    assert slow.spike_times[0] == pytest.approx(20.0 * np.log(2.0), rel=1e-9)
    gradients = natrium.spike_time_gradients(run, ["tau"])
    assert gradients.matrix[0, 0] == pytest.approx(np.log(2.0), rel=1e-6)
    assert natrium.loads(natrium.model.to_toml(model)) == model


@pytest.mark.parametrize(
    ("table", "told"),
    [('a = "b"\nb = "a"', "circle"), ("scale = 2.0", "differ in name, got scale"), ('a = "W"', "constant a")],
)
def test_equations_refuse_what_cannot_be_one(table, told):
    with pytest.raises(natrium.ModelError, match=told):
        natrium.loads(EQUATIONS.replace("[parameters]", f"{table}\n\n[parameters]"))


def test_text_of_text_of_text_is_put_in_however_deep():
    named = {"m_inf": "a/(a + b)", "a": "exp(w/9)", "b": "exp(-w)", "w": "2*x + 20", "x": "V/2"}
    with constants(named):
        gate = natrium.Gate("m", inf="m_inf", tau="1")
    flat = natrium.Gate("m", inf="exp((V + 20)/9)/(exp((V + 20)/9) + exp(-(V + 20)))", tau="1")
    v = np.linspace(-70.0, 40.0, 12)
    np.testing.assert_allclose(gate.inf.written()(v), flat.inf.written()(v), rtol=1e-13)
