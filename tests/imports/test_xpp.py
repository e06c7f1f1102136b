"""XPP's files: equations, functions, resets and inputs, against the same model written here."""

import numpy as np
import pytest

import natrium
from natrium.imports.xpp import read_ode
from natrium.model.errors import CannotImport

SQUID = """
# the squid's axon, with everything that a line can be
init v=-65  m=.05, h=0.6
N(0)=.317
par i0=2, vna=50  vk=-77
p vl=-54.4
number gna=120,gk=36,gl=0.3 c=1
par ip=8 pon=5 poff=6
is(t)=ip*heav(t-pon)*heav(poff-t)
am(v)=.1*trap(v+40)
trap(x)=x/(1-exp(-x/10))
bm(v)=4*exp(-(v+65)/18)
!seventy=.07
ah=seventy*exp(-(v+65)/20)
bh=1/(1+exp(-(v+35)/10))
ina=gna*h*(v-vna)*m^3
v'=(I0+is(t) - ina-gk*(v-vk)*n^4 \\
  -gl*(v-vl))/c
M'=am(V)*(1-m)-bm(v)*m
dh/dt=ah*(1-h)-bh*h
n'=(.1*(v+55)/10/(1-exp(-(v+55)/10)))*(1-n)-.125*exp(-(v+65)/80)*n
aux current=ina
set other {vk=-80}
@ total=30, dt=.02, meth=cvode
done
this is not read
"""
RESET = """
v'=.04*v^2+5*v+140-u+i
u'=a*(b*v-u)
par a=.02,b=.2,c=-65,d=8,i=10,top=30
v(0)=-70
u(0)=-14
global 1 {v-top} {v=c;u=u+d}
@ total=100
"""


def test_a_smooth_cell():
    found = read_ode(SQUID, "squid.ode")
    model = found.model
    assert (model.simulation.t_end, model.simulation.dt) == (30.0, 0.02)
    assert [name for name, _ in model.neuron.equations] == ["V", "m", "h", "N"]
    assert dict(model.neuron.parameters)["vna"] == 50.0
    channels = [natrium.CHANNELS["hh_sodium"], natrium.CHANNELS["hh_potassium"]]
    cell = natrium.Neuron(
        tau_m=1 / 0.3, v_rest=-54.4, v_thresh=None, v_init=-65.0,
        channels=[
            natrium.Channel("Na", 400.0, 50.0, [natrium.Gate(g.name, g.power, alpha=g.alpha, beta=g.beta, initial=x)
                                                for g, x in zip(channels[0].gates, (0.05, 0.6), strict=True)]),
            natrium.Channel("K", 120.0, -77.0, [natrium.Gate("n", 4, alpha=channels[1].gates[0].alpha,
                                                             beta=channels[1].gates[0].beta, initial=0.317)]),
        ],
    )  # fmt: skip
    drive = [natrium.Constant(2.0 / 0.3), natrium.Step(8.0 / 0.3, start=5.0, stop=6.0)]
    expected = natrium.simulate(cell, drive, t_end=30.0)
    run = natrium.run(model)
    times = np.linspace(0.0, 30.0, 61)
    assert run.state(times)[0] == pytest.approx(expected.state(times)[0], abs=1e-5)
    assert (run.n_spikes, natrium.loads(found.text()) == model) == (1, True)
    assert "the input I is i0 + ip*heaviside(t - pon)*heaviside(poff - t)" in found.assumed


def test_a_reset():
    found = read_ode(RESET, "izhikevich.ode")
    same = natrium.HybridNeuron(
        equations={"V": "0.04*V**2 + 5*V + 140 - u + I", "u": "a*(b*V - u)"},
        parameters={"a": 0.02, "b": 0.2, "c": -65.0, "d": 8.0, "top": 30.0},
        initial={"V": -70.0, "u": -14.0},
        v_thresh="top",
        reset={"V": "c", "u": "u + d"},
    )
    expected = natrium.simulate(same, natrium.Constant(10.0), t_end=100.0).spike_times
    assert natrium.run(found.model).spike_times == pytest.approx(expected, abs=1e-9)
    assert {
        "i = 10 is taken as the input I",
        "there is no refractory period: XPP's resets take no time",
    } <= set(found.assumed)


def test_a_current_beside_one_of_time_is_part_of_it():
    text = "v'=(i-v+s(t))/tau\npar i=3,tau=10,on=5\ns(t)=2*heav(t-on)\nglobal 1 v-30 {v=0}\n"
    model = read_ode(text, "x.ode").model
    assert [model.stimulus(t) for t in (1.0, 9.0)] == [3.0, 5.0]


def test_choices_and_signs():
    text = "v'=if(v<(-60)|v>10)then(-v/tau)else(abs(v)*sign(-v))+min(0,1)\npar tau=5\ninit v=-70\n@ total=8\n"
    model = read_ode(text, "x.ode").model
    equation = dict(model.neuron.equations)["V"]
    assert natrium.run(model).final_state["V"] == pytest.approx(
        -60.0 * np.exp(5 * np.log(7 / 6) - 8.0), rel=1e-6
    )
    assert str(equation).startswith("where((V < -60) or (V > 10), -V/tau, ")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("-2^2", -4.0),
        ("2^3^2", 64.0),
        ("2-3^2", -7.0),
        ("-2*3^2", -18.0),
        ("-(1+1)^2", -4.0),
        ("6/2*3", 9.0),
        ("if(-1<0&1>2|1)then(1)else(5)", 1.0),
        ("if(0&0|1)then(1)else(5)", 1.0),
    ],
)
def test_signs_and_powers_are_as_xppaut_6_11_has_them(text, value):
    """Each was the slope of a state in a run of XPPAUT."""
    model = read_ode(f"v'={text}\n@ total=1\n", "x.ode").model
    assert natrium.run(model).final_state["V"] == pytest.approx(value, rel=1e-12)


@pytest.mark.parametrize(
    ("flow", "V"), [("1", 3.0), ("2*cos(t)-v*cos(t)", 2.0 * (1.0 - np.exp(-np.sin(3.0))))]
)
def test_time_is_a_state_where_it_is_more_than_an_input(flow, V):
    found = read_ode(f"v'={flow}\nw'=sin(t)\n@ total=3\n", "x.ode")
    assert "clock is the time: more than an input of V depends on it" in found.assumed
    state = natrium.run(found.model).final_state
    assert state["w"] == pytest.approx(1.0 - np.cos(3.0), abs=1e-8)
    assert state["V"] == pytest.approx(V, abs=1e-8)


def test_a_run_begins_where_the_file_says():
    simulation = read_ode("v'=sin(t)-v\nw'=t\n@ t0=2,total=3\nd\nnot read\n", "x.ode").model.simulation
    assert (simulation.t_start, simulation.t_end) == (2.0, 5.0)


@pytest.mark.parametrize(
    "test", ["if(abs(x/5)<1e-4)then(5-x/2)else({})", "if(abs(x/5)>=1e-4)then({})else(5-x/2)"]
)
def test_what_is_there_against_0_over_0_is_left_out(test):
    found = read_ode(f"v'=-f(v+40)\nf(x)={test.format('x/(exp(x/5)-1)')}\ninit v=-60\n", "x.ode")
    assert "where" not in dict(found.model.neuron.equations)["V"]


def test_a_dead_zone_stays():
    found = read_ode("v'=-f(v)\nf(x)=if(abs(x)<1e-4)then(0)else(x)\n", "x.ode")
    assert "where" in dict(found.model.neuron.equations)["V"]


def test_boundary_values_beside_equations_are_left_out_and_told():
    plain, given = (
        read_ode(f"v'=-v\nw'=v-w\ninit v=1\n{rest}", "x.ode") for rest in ("", "b v-v'\nbndry w-w'\n")
    )
    assert given.model.neuron == plain.model.neuron
    assert given.assumed[-1] == "left out: boundary values (a run begins at its starts)"


REFUSED = {
    "noise": ("wiener w\nv'=-v+w\n", "noise"),
    "arrays": ("v[1..5]'=-v[j]\n", "arrays"),
    "a table": ("table w % 50 1 50 t\nv'=w(v)\n", "table"),
    "no equations": ("par a=3\n", "no equations"),
    "a name that is none": ("v'=-v+zork\n", "no such name"),
    "a function that is none": ("v'=-v+ran(1)\n", "unknown function"),
    "names in a circle": ("v'=-a\na=b\nb=a\n", "recursion"),
    "functions in a circle": ("v'=f(v)\nf(x)=f(x)+1\n", "recursion"),
    "a function doubled": ("v'=f7(v)\nf0(x)=x+1\n" + "\n".join(f"f{k}(x)=f{k-1}(x)*f{k-1}(x)*f{k-1}(x)" for k in range(1, 8)), "too large"),
    "wrong arguments": ("v'=f(v,1)\nf(x)=x\n", "arguments"),
    "wrong arguments of a known one": ("v'=exp(v,1)\n", "arguments"),
    "two resets": ("v'=1\nglobal 1 v-1 {v=0}\nglobal 1 v-2 {v=0}\n", "reset"),
    "a reset downwards": ("v'=-1\ninit v=3\nglobal -1 v-1 {v=3}\n", "reset"),
    "a reset of a parameter": ("v'=1\npar p=0\nglobal 1 v-1 {p=p+1}\n", "reset"),
    "algebra": ("v'=1\n0=v-w\n", "algebraic"),
    "brackets": ("v'=" + "(" * 99 + "v" + ")" * 99 + "\n", "too large"),
    "a long line": ("v'=v" + "+v" * 5000 + "\n", "too large"),
    "many lines": ("#\n" * 3000, "too large"),
    "code": ("v'=__import__('os')\n", "no formula"),
    "an attribute": ("v'=v.real\n", "no formula"),
    "nonsense": ("hello there\n", "no XPP"),
    "a start at the threshold": ("v'=1\ninit v=3\nglobal 1 v-1 {v=0}\n", "equations"),
    "half a choice": ("v'=if(v<1)then(2)\n", "no formula"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_each_refusal_has_its_reason(name):
    text, reason = REFUSED[name]
    with pytest.raises(CannotImport) as refused:
        read_ode(text, "x.ode")
    assert refused.value.reason == reason
