"""Quantities in model files: the same model as by plain numbers, written and read again, or refused."""

import pytest

import natrium
from natrium.model.files.door import first_current
from natrium.model.files.new import template
from natrium.model.files.writing import to_dict, to_toml
from natrium.model.leak import Leak
from tests.model.test_absolute import hodgkin_huxley

HH = """
natrium = 1
[neuron]
C = "1 uF/cm^2"
g_L = "0.3 mS/cm^2"
v_rest = "-54.4 mV"
v_init = "-0.065 V"
v_thresh = "none"
[[channels]]
name = "Na"
g = "120 mS/cm^2"
E = "50 mV"
[[channels.gates]]
name = "m"
power = 3
alpha = "0.1*(V + 40)/(1 - exp(-(V + 40)/10))"
beta = "4*exp(-(V + 65)/18)"
[[channels.gates]]
name = "h"
alpha = "0.07*exp(-(V + 65)/20)"
beta = "1/(1 + exp(-(V + 35)/10))"
[[channels]]
name = "K"
g = "0.036 S/cm^2"
E = -77
[[channels.gates]]
name = "n"
power = 4
alpha = "0.01*(V + 55)/(1 - exp(-(V + 55)/10))"
beta = "0.125*exp(-(V + 65)/80)"
[[stimuli]]
kind = "step"
amplitude = "10 uA/cm^2"
start = "0.005 s"
[simulation]
t_end = "0.05 s"
dt = "10 us"
"""
LIF = """
natrium = 1
[neuron]
C = "281 pF"
g_L = "30 nS"
"""
ADEX = """
natrium = 1
threshold = "0 mV"
[equations]
V = "(-g_L*(V - E_L) + g_L*Delta_T*exp((V - V_T)/Delta_T) - w + I)/C"
w = "(a*(V - E_L) - w)/tau_w"
[initial]
V = "-70.6 mV"
w = "0 nA"
[parameters]
C = "281 pF"
g_L = "30 nS"
E_L = "-70.6 mV"
V_T = "-50.4 mV"
Delta_T = "2 mV"
a = "0.004 uS"
tau_w = "0.144 s"
b = "0.0805 nA"
[reset]
V = "E_L"
w = "w + b"
[refractory]
duration = "2 ms"
w = "free"
[[stimuli]]
kind = "step"
amplitude = "0.8 nA"
start = "20 ms"
[simulation]
t_end = "0.3 s"
dt = 0.1
"""


def again(model: natrium.Model) -> natrium.Model:
    return natrium.loads(to_toml(model))


def test_hodgkin_and_huxley_as_published() -> None:
    model = natrium.loads(HH)
    assert model.neuron == hodgkin_huxley()
    assert model.stimulus.parts == (natrium.Step(100 / 3, start=5.0),)
    assert model.simulation == natrium.Simulation(t_end=50.0, dt=0.01)


def test_the_adaptive_neuron_is_the_template_s() -> None:
    """Equations stand in ms, mV, pA, nS and pF; what is left is what inputs are called."""
    model, plain = natrium.loads(ADEX), natrium.loads(template("adex"))
    assert (model.stimulus, model.simulation) == (plain.stimulus, plain.simulation)
    assert model.neuron.input_unit == "pA"
    assert plain.neuron.input_unit == ""
    for name in ("equations", "initial", "parameters", "v_thresh", "reset", "tau_ref", "refractory"):
        assert getattr(model.neuron, name) == getattr(plain.neuron, name)


def test_per_area_equations_stand_in_uA_mS_and_uF() -> None:
    text = ADEX
    for name, value in {
        "C": "1 uF/cm^2", "g_L": "1e-4 S/cm^2", "a": "0.02 mS/cm^2", "b": "0.4 uA/cm^2", "w": "0 uA/cm^2",
        "amplitude": "4000 nA/cm^2",
    }.items():  # fmt: skip
        text = "\n".join(f'{name} = "{value}"' if line.startswith(f'{name} = "') and line[-2:] in ('F"', 'S"', 'A"')
                         else line for line in text.split("\n"))  # fmt: skip
    model = natrium.loads(text)
    numbers = dict(model.neuron.parameters)
    assert [numbers[name] for name in ("C", "g_L", "a", "b")] == [1.0, 0.1, 0.02, 0.4]
    assert (model.neuron.input_unit, model.stimulus.parts[0].amplitude) == ("uA/cm^2", 4.0)


@pytest.mark.parametrize(
    "text", [HH, LIF, ADEX, LIF + 'area = "20000 um^2"'], ids=["HH", "LIF", "AdEx", "area"]
)
def test_what_was_given_in_units_is_written_and_read_again(text: str) -> None:
    model = natrium.loads(text)
    assert again(model) == model
    assert natrium.from_dict(to_dict(model)) == model
    assert to_toml(again(model)) == to_toml(model)


def test_the_conversion_stands_in_a_comment() -> None:
    written = to_toml(natrium.loads(HH)).split("\n")
    assert written[:2] == [
        "# C/g_L = 1 uF/cm^2 / 0.3 mS/cm^2 = 3.3333 ms",
        "# g_Na/g_L = 120 mS/cm^2 / 0.3 mS/cm^2 = 400",
    ]
    assert 'g_L = "0.3 mS/cm^2"' in written
    assert "#" not in to_toml(natrium.notebook.lif_na())


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ('kind = "constant"\namplitude = "0.3 nA"', natrium.Constant(10.0)),
        ('kind = "constant"\namplitude = "10 mV"', natrium.Constant(10.0)),
        ('kind = "constant"\namplitude = 10', natrium.Constant(10.0)),
        ('kind = "ramp"\nslope = "30 pA/ms"\nstop = "1 s"', natrium.Ramp(1.0, stop=1000.0)),
        ('kind = "ramp"\nslope = "2 V/s"', natrium.Ramp(2.0)),
        (
            'kind = "sine"\namplitude = "30 pA"\noffset = "60 pA"\nfrequency = "0.008 kHz"\nphase = 1.0',
            natrium.Sine(1.0, 8.0, 1.0, 2.0),
        ),
        (
            'kind = "gaussian"\namplitude = "30 pA"\ncenter = "0.02 s"\nsigma = "3 ms"',
            natrium.Gaussian(1.0, 20.0, 3.0),
        ),
        (
            'kind = "pulses"\namplitude = "30 pA"\nwidth = "500 us"\nperiod = "0.01 s"\ncount = 3',
            natrium.Pulses(1.0, width=0.5, period=10.0, count=3),
        ),
        (
            'kind = "samples"\ntimes = ["0 s", "0.01 s"]\nvalues = ["30 pA", "0.06 nA"]',
            natrium.Samples([0.0, 10.0], [1.0, 2.0]),
        ),
        (
            'kind = "noise"\nmean = "30 pA"\nsigma = "60 pA"\ntau = "5 ms"\nstep = "0.5 ms"\nseed = 4',
            natrium.Noise(1.0, 2.0, tau=5.0, step=0.5, seed=4),
        ),
        (
            'kind = "spikes"\ntimes = ["1 ms", "2 ms"]\ntarget = "V"\nweight = "500 uV"\ndelay = "1 ms"',
            natrium.Spikes([1.0, 2.0], "V", 0.5, delay=1.0),
        ),
    ],
)  # fmt: skip
def test_every_number_of_a_stimulus_takes_its_unit(table: str, expected: natrium.Stimulus) -> None:
    model = natrium.loads(f"{LIF}[[stimuli]]\n{table}")
    assert model.stimulus.parts == (expected,)


def test_a_recorded_current(tmp_path) -> None:
    (tmp_path / "I.csv").write_text("t,pA\n0,30\n1,60\n", encoding="utf-8")
    (tmp_path / "m.toml").write_text(f'{LIF}[[stimuli]]\nkind = "csv"\nfile = "I.csv"\nfactor = "1 pA"')
    model = natrium.load(tmp_path / "m.toml")
    assert [model.stimulus(t) for t in (0.5, 1.5)] == pytest.approx([1.0, 2.0], rel=1e-15)


def test_constants_are_times_and_voltages() -> None:
    text = HH.replace("[neuron]", '[constants]\nhalf = "-0.04 V"\nslow = "0.002 s"\n[neuron]')
    text = text.replace('alpha = "0.1*(V + 40)/(1 - exp(-(V + 40)/10))"\nbeta = "4*exp(-(V + 65)/18)"',
                        'inf = "1/(1 + exp(-(V - half)/9))"\ntau = "slow"')  # fmt: skip
    assert natrium.loads(text).neuron.constants == {"half": -40.0, "slow": 2.0}


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        (LIF, "pA"),
        (LIF + '[[stimuli]]\nkind = "constant"\namplitude = "0.3 nA"', "nA"),
        (LIF + '[[stimuli]]\nkind = "constant"\namplitude = "10 mV"', "pA"),
        (LIF + '[[stimuli]]\nkind = "samples"\ntimes = [0]\nvalues = ["0.3 nA"]', "nA"),
        (LIF + 'area = "20000 um^2"\n[[stimuli]]\nkind = "constant"\namplitude = "1 uA/cm^2"', "uA/cm^2"),
    ],
)
def test_currents_are_told_as_the_file_gives_them(text: str, unit: str) -> None:
    assert natrium.loads(text).neuron.leak.unit == unit


def test_a_unit_that_is_none_does_not_hide_the_current_after_it() -> None:
    assert first_current([{"amplitude": "3 xyz"}, {"amplitude": "3 mV"}, {"amplitude": "300 pA"}]) == "pA"


@pytest.mark.parametrize(
    ("text", "old", "new", "said"),
    [
        (HH, '"10 uA/cm^2"', '"300 pA"', "stimuli[0].amplitude: amplitude is absolute and the leak is per area, got '300 pA': give the area too"),
        (HH, '"10 uA/cm^2"', '"3 nS"', "stimuli[0].amplitude: amplitude must be a current (pA, nA or uA/cm^2) or a voltage (mV or V), got '3 nS'"),
        (HH, '"120 mS/cm^2"', '"120 pF"', "channels[0].g: g must be a conductance (nS, uS or mS/cm^2), got '120 pF'"),
        (HH, '"120 mS/cm^2"', '"120 nS"', "channels[0].g: g is absolute and the leak is per area"),
        (HH, '"50 mV"', '"50 ms"', "channels[0].E: E must be a voltage (mV or V), got '50 ms'"),
        (HH, '"0.05 s"', '"50 mV"', "simulation.t_end: t_end must be a time (ms or s), got '50 mV'"),
        (HH, '"0.005 s"', '"5 mV"', "stimuli[0].start: start must be a time (ms or s), got '5 mV'"),
        (HH, '"-54.4 mV"', '"-54.4 mS"', "neuron.v_rest: v_rest must be a voltage (mV or V), got '-54.4 mS'"),
        (HH, '"-54.4 mV"', '"-54.4 mv"', "neuron.v_rest: v_rest has a unit that is not known, 'mv' in '-54.4 mv'; did you mean mV?"),
        (HH, 'C = "1 uF/cm^2"', "C = 1.0", "neuron: C must be a capacitance (pF, nF or uF/cm^2) with its unit, got 1.0"),
        (HH, 'C = "1 uF/cm^2"', "", "neuron: a membrane needs two of C, g_L (or R) and tau_m, got g_L"),
        (HH, 'C = "1 uF/cm^2"', 'C = "1 uF/cm^2"\ntau_m = 10', "got C, g_L, tau_m"),
        (HH, "power = 3", 'power = "3 mV"', "channels[0].gates[0].power: power must be a whole number"),
        (HH, "power = 3", 'power = 3\nq10 = "3 mV"\ncelsius = 6', "channels[0].gates[0].q10: q10 must be a plain number, got '3 mV'"),
        (HH, "[neuron]", '[constants]\nk = "3 nS"\n[neuron]', "constants: constant k must be a time (ms or s) or"),
        (ADEX, '"0.8 nA"', '"10 mV"', "equations.V: what is added must be alike, got I, a voltage, and"),
        (ADEX, '"0.8 nA"', '"8 uA/cm^2"', "amplitude is per area, got '8 uA/cm^2' beside '0 nA', which is absolute"),
        (ADEX, '"30 nS"', '"30 pF"', "equations.V: what is added must be alike"),
        (ADEX, '"0.144 s"', '"144 mV"', "equations.w must be a current per time, got a conductance"),
        (ADEX, '"0.0805 nA"', '"3 ms"', "reset.w: what is added must be alike, got b, a time, and w, a current"),
        (ADEX, '"0 nA"', '"0 mV"', "equations.V: what is added must be alike"),
        (ADEX, '"2 mV"', '"2 nS"', "equations.V: exp must be of a plain number"),
        (ADEX, '"2 mV"', '"20000 um^2"', "parameters.Delta_T: Delta_T must not be an area, got '20000 um^2'"),
        (ADEX, '"2 mV"', '"2 mM"', "parameters.Delta_T: Delta_T must be made of time, voltage and current"),
        (ADEX, 'V = "-70.6 mV"', 'V = "-70.6 pA"', "V must be a voltage, got a current"),
        (ADEX, '"0 mV"', '"V_T + w"', "threshold: what is added must be alike, got "),
        (ADEX, '"2 ms"', '"2 mV"', "refractory: duration must be a time"),
        (ADEX, '"0 mV"', '"0 ms"', "threshold: threshold must be a voltage"),
        (ADEX, "natrium = 1", 'natrium = 1\ninput_unit = "nA"', "input_unit must be pA, as inputs are, got 'nA'"),
        (ADEX, "natrium = 1", 'natrium = 1\ninput_unit = "kg"', "input_unit: input_unit must be one of '', 'mV', 'pA'"),
        (ADEX, "[simulation]", '[[stimuli]]\nkind = "constant"\namplitude = "1 mV"\n[simulation]', "stimuli[1].amplitude: amplitude must be a current as elsewhere, got '1 mV'"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused_with_its_place(text: str, old: str, new: str, said: str) -> None:
    assert old in text
    with pytest.raises(natrium.ModelError) as error:
        natrium.loads(text.replace(old, new, 1))
    assert said in str(error.value)


def test_a_current_needs_the_leak() -> None:
    text = 'natrium = 1\n[neuron]\ntau_m = "10 ms"\n[[stimuli]]\nkind = "constant"\namplitude = "3 nA"'
    said = """stimuli[0].amplitude: amplitude is a current, got '3 nA': give the leak too, such as g_L = "30 nS" """
    with pytest.raises(natrium.ModelError) as error:
        natrium.loads(text)
    assert said in str(error.value)
    for leak in ('R = "5 MOhm"', 'g_L = "200 nS"', 'C = "2 nF"'):
        model = natrium.loads(text.replace("[neuron]", f"[neuron]\n{leak}"))
        assert model.stimulus.parts == (natrium.Constant(15.0),)
        assert model.neuron.tau_m == 10.0


def test_a_broken_leak_is_told_once_and_all_else_beside_it() -> None:
    with pytest.raises(natrium.ModelError) as error:
        natrium.loads(
            HH.replace('"0.3 mS/cm^2"', '"0 mS/cm^2"').replace('"50 mV"', '"50 ms"').replace("-77", "true")
        )
    assert str(error.value).split("\n") == [
        "not a valid model, 3 rules are broken:",
        "  neuron: g_L must be positive, got '0 mS/cm^2'",
        "  channels[0].E: E must be a voltage (mV or V), got '50 ms'",
        "  channels[1].E: E must be a number, got True (bool)",
    ]


def test_input_unit_of_plain_numbers_is_a_name() -> None:
    text = template("adex").replace("natrium = 1", 'natrium = 1\ninput_unit = "nA"')
    model = natrium.loads(text)
    assert model.neuron.input_unit == "nA"
    assert model.stimulus == natrium.loads(template("adex")).stimulus
    assert again(model) == model


def test_the_door_is_shut_again() -> None:
    """A leak of one file is none of the next one's."""
    natrium.loads(HH)
    with pytest.raises(natrium.ModelError, match="give the leak too"):
        natrium.loads('natrium = 1\n[neuron]\n[[stimuli]]\nkind = "constant"\namplitude = "3 nA"')
    assert natrium.loads("natrium = 1\n[neuron]").neuron.leak is None
    assert Leak(30.0) == natrium.loads(LIF).neuron.leak


def test_a_threshold_that_moves_may_have_units() -> None:
    text = """
natrium = 1
threshold = "v_T + theta"
[equations]
V = "(E_L - V + R*I)/tau"
theta = "-theta/tau_t"
[initial]
V = "-70 mV"
theta = "0 mV"
[parameters]
E_L = "-70 mV"
R = "100 MOhm"
tau = "0.01 s"
tau_t = "50 ms"
v_T = "-0.055 V"
b = "3 mV"
[reset]
V = "-70 mV"
theta = "theta + b"
[[stimuli]]
kind = "constant"
amplitude = "0.3 nA"
[simulation]
t_end = "0.1 s"
"""
    model = natrium.loads(text)
    assert dict(model.neuron.parameters) == {
        "E_L": -70.0, "R": 0.1, "tau": 10.0, "tau_t": 50.0, "v_T": -55.0, "b": 3.0,
    }  # fmt: skip
    assert (model.neuron.input_unit, model.stimulus.parts[0].amplitude) == ("pA", 300.0)
    assert natrium.run(model).n_spikes > 3
    assert again(model) == model


def test_synapses_have_units_too():
    text = (
        LIF
        + """
[[synapses]]
name = "exc"
g = "15 nS"
E = "0 mV"
decay = "2 ms"
[[synapses]]
name = "drive"
g = "60 pA"
decay = "0.005 s"
"""
    )
    neuron = natrium.loads(text).neuron
    assert [one.g for one in neuron.synapses] == [0.5, 2.0]
    assert [one.decay for one in neuron.synapses] == [2.0, 5.0]
    plain = [natrium.Synapse("exc", 1.0, 0.0, decay=2.0), natrium.Synapse("drive", 1.0, decay=5.0)]
    same = natrium.membrane(
        C="281 pF", g_L="30 nS", synapses=plain, conductances={"exc": "0.015 uS", "drive": "60 pA"}
    )
    assert same == neuron
    with pytest.raises(natrium.ModelError, match=r"synapses\[0\]: g must be a conductance .* got '15 pA'"):
        natrium.loads(text.replace("15 nS", "15 pA"))
    with pytest.raises(natrium.ModelError, match=r"synapses\[1\]: g must be a current .* got '60 nS'"):
        natrium.loads(text.replace("60 pA", "60 nS"))
