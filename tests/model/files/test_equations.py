"""Model files of equations of one's own: read, written, and refused with the place of each fault."""

import pytest
import sympy

import natrium
from natrium.model.files.new import template
from natrium.model.files.writing import to_dict, to_toml

V, w, I, k = sympy.symbols("V w I k", real=True)
GOOD = """
natrium = 1
threshold = 30.0
[equations]
V = "0.04*V**2 + 5*V + 140 - u + I"
u = "a*(b*V - u)"
[initial]
V = -70.0
u = -14.0
[parameters]
a = 0.02
b = 0.2
[reset]
V = -65
u = "u + 8"
"""


def test_what_it_says_is_what_is_meant():
    cell = natrium.loads(GOOD).neuron
    assert cell == natrium.HybridNeuron(
        equations={"V": "0.04*V**2 + 5*V + 140 - u + I", "u": "a*(b*V - u)"},
        parameters={"a": 0.02, "b": 0.2},
        initial={"V": -70.0, "u": -14.0},
        v_thresh=30.0,
        reset={"V": -65, "u": "u + 8"},
    )
    assert (cell.tau_ref, cell.refractory) == (0.0, "hold")


def test_a_start_may_be_text_of_parameters_constants_and_other_starts():
    text = GOOD.replace("V = -70.0\nu = -14.0", 'V = "rest"\nu = "u_inf + 0*V"')
    cell = natrium.loads(f'{text}[constants]\nrest = "-65 - 250*a"\nu_inf = "b*V"\n').neuron
    assert cell.initial_state() == pytest.approx((-70.0, -14.0), abs=1e-12)
    assert natrium.loads(to_toml(natrium.Model(neuron=cell))).neuron == cell
    assert cell.changed({"b": 0.3}).initial_state() == cell.initial_state()  # as where V starts


def test_a_start_that_is_0_over_0_is_its_limit():
    text = GOOD.replace("u = -14.0", 'u = "0.1*(V + 70)/(1 - exp(-(V + 70)/10))"')
    assert natrium.loads(text).neuron.initial_state()[1] == pytest.approx(1.0, abs=1e-14)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("I_ext", "the input is called I"),
        ("iapp", "the input is called I"),
        ("I(t)", "write I alone"),
        ("sin(t)", "what depends on time is a stimulus"),
        ("xi", "noise is a stimulus"),
        ("10*ms", "a unit stands with a number alone"),
    ],
)
def test_what_other_languages_have_in_equations_is_told_where_it_stands(written, said):
    with pytest.raises(natrium.ModelError, match=rf"equations\.V: .*{said}"):
        natrium.loads(GOOD.replace("+ I", f"+ {written}"))


@pytest.mark.parametrize(
    ("words", "rule"),
    [
        ("duration = 2", "hold"),
        ('duration = 2\nrule = "clamp"', "clamp"),
        ('duration = 2\nu = "free"', "clamp"),
        ('duration = 2\nu = "hold"', "hold"),
        ('duration = 2\nV = "free"', (("V", "free"),)),
    ],
)
def test_refractory_words(words, rule):
    cell = natrium.loads(f"{GOOD}[refractory]\n{words}\n").neuron
    assert (cell.tau_ref, cell.refractory) == (2.0, rule)
    assert natrium.loads(to_toml(natrium.Model(neuron=cell))).neuron == cell


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("threshold = 30.0", "threshold = true", "threshold: threshold must be a number"),
        ("threshold = 30.0", "threshold = -70.0", r"V must start below v_thresh \(-70.0 mV\)"),
        ("[initial]\nV = -70.0\nu = -14.0\n", "", "initial: missing key"),
        ("u = -14.0", "", "initial must name the states V, u, got V"),
        ("u = -14.0", 'u = "x"', "initial.u: an expression may hold"),
        ("u = -14.0", "u = true", "initial.u: u must be a number"),
        ("u = -14.0", 'u = "b*V + u"', "initial must lead to numbers, got u, which start from each other"),
        ("u = -14.0", 'u = "a/(V + 70)"', "initial.u must be a finite number"),
        ("threshold = 30.0", 'threshold = "V >= 30"', "threshold: must be what V is compared with alone, 30,"),
        ("u = \"a*(b*V - u)\"", "\"du/dt\" = \"a*(b*V - u)\"", "a slope goes by its state's name alone, u"),
        ("a = 0.02", 'a = "0.02*mV"', "parameters.a: .* write its unit after a blank, 0.02 mV"),
        ("u = \"u + 8\"", "u = \"u + 8*mV\"", "reset.u: .* a unit stands with a number alone"),
        ("u = \"u + 8\"", "u = \"u + 8\"\n[refractory]\nrule = \"free\"", "'clamp', by which all but V move on"),
        ("a = 0.02", "", "Name 'a' found at character 1"),
        ("a = 0.02", "a = nan", "parameters.a: a must be finite"),
        ("a = 0.02", "a = 0.02\nexp = 1", "must not be named like"),
        ("a*(b*V - u)", "a*(b*v - u)", "did you mean V"),
        ("V = -65", "V = 31", "reset must take V below v_thresh"),
        ("V = -65", "V = true", "reset.V: V must be a number"),
        ("[reset]", "[rest]", "rest: unknown key; the keys here are constants, equations"),
        ("[reset]", "[neuron]\ntau_m = 1\n[reset]", "neuron: unknown key"),
        ("natrium = 1", "natrium = 2", "the version of the file's format must be 1"),
        ("u = \"u + 8\"", "u = \"u + I\"", "Name 'I' found"),
        ("u = \"u + 8\"", "u = \"u + 8\"\n[refractory]\nx = \"free\"", r"refractory must name states \(V, u\)"),
        ("u = \"u + 8\"", "u = \"u + 8\"\n[refractory]\nu = \"move\"", "refractory: u must be one of 'hold', 'free'"),
        ("u = \"u + 8\"", "u = \"u + 8\"\n[refractory]\nrule = \"hold\"\nu = \"free\"", "got both"),
        ("u = \"u + 8\"", "u = \"u + 8\"\n[refractory]\nduration = -1", "refractory: duration must be zero or positive"),
    ],
)  # fmt: skip
def test_faults_are_named_with_their_place(old, new, said):
    assert GOOD.count(old) == 1
    with pytest.raises(natrium.ModelError, match=said):
        natrium.loads(GOOD.replace(old, new))


def test_several_faults_come_together():
    broken = (
        GOOD.replace("a = 0.02", "a = inf").replace("u = -14.0", "u = []").replace("threshold", "treshold")
    )
    with pytest.raises(natrium.ModelError, match="3 rules are broken") as caught:
        natrium.loads(broken)
    for said in ("parameters.a", "initial.u", "treshold"):
        assert said in str(caught.value)


def test_sympy_is_written_as_text_that_means_the_same():
    cell = natrium.HybridNeuron(
        equations={
            "V": sympy.Piecewise((-k * V, V < -60), (I / 3 + sympy.Max(w, 0.1), True)) + sympy.Abs(w),
            "w": (sympy.Heaviside(V + 50) - w) / 7,
        },
        parameters={"k": 0.1},
        initial={"V": -70.0, "w": 0.0},
        v_thresh=-40.0,
        reset={"V": -65.0, "w": w + k},
    )
    again = natrium.loads(to_toml(natrium.Model(neuron=cell))).neuron
    drive = natrium.Constant(4.0)
    runs = [natrium.simulate(one, drive, t_end=100.0) for one in (cell, again)]
    assert runs[0].n_spikes > 2
    assert runs[0].spike_times == pytest.approx(runs[1].spike_times, abs=1e-9)
    assert (
        to_dict(natrium.Model(neuron=again))["equations"] == to_dict(natrium.Model(neuron=cell))["equations"]
    )


def test_what_no_file_can_say_is_refused():
    cell = natrium.HybridNeuron(equations={"V": -sympy.atan(V)}, initial={"V": 0.0})
    with pytest.raises(natrium.ModelError, match="V cannot be written to a model file"):
        to_toml(natrium.Model(neuron=cell))


def test_simulation_and_stimuli_are_as_in_any_file():
    model = natrium.loads(template("izhikevich"))
    assert model.simulation.dt == 0.1
    assert model.stimulus.parts == (natrium.Step(10.0, start=20.0),)
