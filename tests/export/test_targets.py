"""Every target writes every kind of model, or refuses by name; what it writes evaluates to natrium's own equations."""

import math
import re
from xml.etree import ElementTree

import attrs
import numpy as np
import pytest
import sympy

from natrium.export.brian2 import write_brian2
from natrium.export.julia import write_julia
from natrium.export.lems import read_lems, write_lems
from natrium.export.lowered import lower_model
from natrium.export.nest import nest_neuron
from natrium.export.neuron import write_neuron
from natrium.export.targets import TARGETS
from natrium.export.xpp import read_xpp, write_xpp
from natrium.model import HybridNeuron, UnsupportedModel, lower
from natrium.solvers import ClosedForm, run
from tests.export.cases import CASES, lowered, made

NEST = {
    "no input", "step", "an edge at a spike", "pulses", "ramp", "gaussian", "formula", "lines", "a graze", "spikes to V",
    "adaptation",
}  # fmt: skip
REFUSED = {
    "xpp": {"held samples", "spikes to V"},
    "nest": set(CASES) - NEST,
    "neuroml": {"spikes to V", "synapse"},
}
SPACE = {
    **{name: getattr(math, name) for name in ("exp", "log", "sqrt", "sin", "cos", "tanh", "cosh", "pow", "fabs", "expm1")},
    "choose": lambda g, a, b: a if g >= 0.0 else b,
    "exprel": lambda x: math.expm1(x) / x if x else 1.0,
    "abs": abs, "min": min, "max": max, "int": int, "held_exp": math.exp, "grow": math.exp,
    "inp": 3.5, "I": 3.5, "resting": 0.0,
}  # fmt: skip


@pytest.mark.parametrize("target", TARGETS)
def test_every_model_is_written_or_refused_by_name(target):
    one = TARGETS[target]
    for name in CASES:
        model = lowered(name)
        if name in REFUSED.get(target, ()):
            with pytest.raises(UnsupportedModel, match="export to another target"):
                one.write(model, 0.05)
            continue
        text = one.write(model, 0.05)
        assert one.meaning(model, 0.05)
        if one.suffix == ".py":
            compile(text, name, "exec")


def rates_of(name):
    """Give natrium's own derivatives at the start, at an input of 3.5 mV."""
    model = CASES[name]
    kernel = lower(model.neuron.system.unshifted)
    start = model.neuron.initial_state()
    found = kernel.event_rhs(*start, 3.5 - model.neuron.gap, *kernel.parameters)
    return np.array(found, dtype=float)


def values_in(text, pattern):
    return {name: float(value) for name, value in re.findall(pattern, text)}


def xpp(text):
    lines = (
        text.replace("(if((", "choose((")
        .replace(")>=0)then(", "),(")
        .replace(")else(", "),(")
        .replace("^", "**")
    )
    return values_in(text, r"(?m)^(?:par|init) (\w+)=(\S+)$"), re.findall(r"(?m)^(\w+)'=(.*)$", lines)


def nmodl(text):
    text = re.search(r'MOD = """(.*?)"""', text, re.DOTALL)[1]
    return values_in(text, r"(?m)^    (\w+) = ([-\d.e]+)$"), re.findall(r"(?m)^    (\w+)' = (.*)$", text)


def brian(text):
    values = values_in(text, r'(?m)^    "(\w+)": (\S+),$') | values_in(text, r"(?m)^neuron\.(\w+) = (\S+)$")
    return values, [(name, flow) for name, flow in re.findall(r"(?m)^d(\w+)/dt = \((.*)\)/ms : 1", text)]


@pytest.mark.parametrize(("write", "read"), [(write_xpp, xpp), (write_neuron, nmodl), (write_brian2, brian)])
@pytest.mark.parametrize("name", [name for name in CASES if name not in ("held samples", "spikes to V")])
def test_equations_are_natrium_s(name, write, read):
    values, flows = read(write(lowered(name), 0.05))
    found = [eval(flow, {**SPACE, **values}) for state, flow in flows if state not in ("tlast", "resting")]  # noqa: S307 - our own text
    assert found == pytest.approx(rates_of(name), rel=1e-12, abs=1e-12)


def test_nest_s_numbers_are_read_off_equations():
    found = nest_neuron(lowered("adaptation"))
    assert found.kind == "aeif_psc_delta"
    given = dict(CASES["adaptation"].neuron.parameters)
    named = {
        "C_m": "C",
        "g_L": "g_L",
        "E_L": "E_L",
        "V_th": "V_T",
        "Delta_T": "Delta_T",
        "a": "a",
        "tau_w": "tau_w",
        "b": "b",
    }
    for theirs, ours in named.items():
        assert found.numbers[theirs] == pytest.approx(given[ours], rel=1e-9)
    assert nest_neuron(lowered("step")).kind == "iaf_psc_delta_ps"
    same = CASES["adaptation"].neuron
    for change in ({"V": same.equations[0][1] + " + 0.001*V**2"}, {"w": "(a*(V - E_L) - w**3)/tau_w"}):
        other = attrs.evolve(same, equations=dict(same.equations) | change)
        with pytest.raises(UnsupportedModel, match="got neither"):
            nest_neuron(lower_model(made(other)))


def test_the_precise_twin_is_the_closed_form_where_the_input_changes_on_the_grid():
    twin = TARGETS["nest"].twin
    truth = run(CASES["step"], ClosedForm()).spike_times
    assert twin.spikes(lowered("step"), 0.05) == pytest.approx(truth, abs=1e-11)
    assert twin.spikes(lowered("spikes to V"), 0.1).size == 2
    assert "closed form" in twin.told(lowered("step"), 0.05)
    grid = twin.spikes(lowered("adaptation"), 0.05) / 0.05
    assert grid == pytest.approx(np.round(grid), abs=1e-9)
    assert "linear" in twin.told(lowered("adaptation"), 0.05)


FUNCTIONS = [
    "sin",
    "cos",
    "tan",
    "sinh",
    "cosh",
    "tanh",
    "asin",
    "acos",
    "atan",
    "asinh",
    "acosh",
    "atanh",
    "erf",
    "erfc",
    "log",
    "sqrt",
    "Abs",
]
LACKING = {
    "xpp": {"asinh", "acosh", "atanh"},
    "neuron": {"asinh", "acosh", "atanh"},
    "neuroml": {"asin", "acos", "atan", "asinh", "acosh", "atanh", "erf", "erfc"},
}


@pytest.mark.parametrize("function", FUNCTIONS)
def test_functions_that_a_language_has_not_are_refused(function):
    V, I = sympy.symbols("V I", real=True)
    x = V**2 / 100 + 2 if function in ("log", "sqrt", "acosh") else V / 200
    flow = -V / 10 + I + getattr(sympy, function)(x)
    model = made(HybridNeuron(equations={"V": flow}, initial={"V": -50.0}, v_thresh=0.0, reset={"V": -60.0}))
    for target in set(TARGETS) - {"nest", "latex"}:
        if function in LACKING.get(target, ()):
            with pytest.raises(UnsupportedModel, match="export to another target"):
                TARGETS[target].write(lower_model(model), 0.05)
        else:
            text = TARGETS[target].write(lower_model(model), 0.05)
            if target != "brian2" or function not in ("erf", "erfc", "asinh", "acosh", "atanh"):
                continue
            assert f"def {function}(x):" in text


def test_names_of_xpp_are_short_and_differ_in_more_than_case():
    for name in CASES:
        if name not in REFUSED["xpp"]:
            names = re.findall(r"(?m)^(?:par |init )?(\w+)'?=", write_xpp(lowered(name), 0.05))
            declared = [
                one.lower()
                for one in re.findall(r"(?m)^par (\w+)=|^(\w+)'=", write_xpp(lowered(name), 0.05))
                for one in one
                if one
            ]
            assert len(declared) == len(set(declared))
            assert max(map(len, names)) <= 9


def test_xpp_s_spikes_are_where_tlast_is_set(tmp_path):
    (tmp_path / "model.ode").write_text("V'=0\nw'=0\ntlast'=0\n", encoding="utf-8")
    rows = ["0 -70 1 -1e+09", "1 -70 1 0.5", "2 -70 1 0.5", "3 -70 1 2.75"]
    (tmp_path / "output.dat").write_text("\n".join(rows), encoding="utf-8")
    assert read_xpp(tmp_path, "") == [0.5, 2.75]


def test_lems_is_well_formed_and_names_what_it_uses():
    for name in set(CASES) - REFUSED["neuroml"]:
        root = ElementTree.fromstring(write_lems(lowered(name), 0.05))
        named = {one.get("name") for one in root.iter() if one.get("name")}
        used = {one.get("variable") for one in root.iter() if one.get("variable")}
        values = " ".join(one.get("value") or one.get("test") or "" for one in root.iter())
        used |= set(re.findall(r"\b(?:part|inp|samples|after)_\d+\b", values))
        assert used <= named
        assert next(root.iter("Regime")).get("name") == "free"
        assert len(list(root.iter("TimeDerivative"))) >= len(lowered(name).rhs)


def test_lems_s_spikes_are_in_ms(tmp_path):
    (tmp_path / "spikes.dat").write_text("0.01886\t0\n0.03472\t0\n", encoding="utf-8")
    assert read_lems(tmp_path, "") == pytest.approx([18.86, 34.72])


def test_julia_opens_and_closes():
    for name in CASES:
        text = write_julia(lowered(name), 0.05)
        opened = re.findall(r"(?m)^\s*(?:function|for|while|if)\b", text)
        assert len(opened) == len(re.findall(r"(?m)^\s*end\b", text))
        assert text.count("(") == text.count(")")
