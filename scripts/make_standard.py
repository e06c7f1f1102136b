"""Make the standard of spike times, natrium/export/standard.json, anew: each train by two engines at least.

    .venv/bin/python scripts/make_standard.py

The event-driven solver (SciPy's steps, crossings polished) and the compiled one (Taylor series of its own)
share the equations and nothing else; without channels the closed form is a third. A train on which they
differ by more than `AGREED` is no part of the standard.
"""

import json
import sys
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path

import attrs
import numpy as np

import natrium
from natrium.model import loads, to_toml
from natrium.model.files.new import template
from natrium.solvers import ClosedForm, Compiled, EventDriven, run

AGREED = 1e-8  # ms
PLACE = Path(__file__).parents[1] / "natrium" / "export" / "standard.json"

LIF = natrium.Neuron()
NA = natrium.notebook.lif_na().neuron

WANG_BUZSAKI = """
natrium = 1
threshold = 0.0
[equations]
V = "I - 0.1*(V + 65) - 35*m**3*h*(V - 55) - 9*n**4*(V + 90)"
h = "5*(0.07*exp(-(V + 58)/20)*(1 - h) - h/(exp(-(V + 28)/10) + 1))"
n = "5*(0.01*(V + 34)/(1 - exp(-(V + 34)/10))*(1 - n) - 0.125*exp(-(V + 44)/80)*n)"
[constants]
alpha_m = "0.1*(V + 35)/(1 - exp(-(V + 35)/10))"
beta_m = "4*exp(-(V + 60)/18)"
m = "alpha_m/(alpha_m + beta_m)"
[initial]
V = -64.0
h = 0.78
n = 0.09
[[stimuli]]
kind = "step"
amplitude = 1.0
start = 10.0
[simulation]
t_end = 150.0
"""
CONNOR_STEVENS = """
natrium = 1
threshold = 0.0
[equations]
V = "I - 0.3*(V + 17) - 120*m**3*h*(V - 55) - 20*n**4*(V + 72) - 47.7*A**3*B*(V + 75)"
m = "0.38*(V + 29.7)/(1 - exp(-0.1*(V + 29.7)))*(1 - m) - 15.2*exp(-0.0556*(V + 54.7))*m"
h = "0.266*exp(-0.05*(V + 48))*(1 - h) - 3.8/(1 + exp(-0.1*(V + 18)))*h"
n = "0.02*(V + 45.7)/(1 - exp(-0.1*(V + 45.7)))*(1 - n) - 0.25*exp(-0.0125*(V + 55.7))*n"
A = "(A_inf - A)/(0.3632 + 1.158/(1 + exp(0.0497*(V + 55.96))))"
B = "((1/(1 + exp(0.0688*(V + 53.3))))**4 - B)/(1.24 + 2.678/(1 + exp(0.0624*(V + 50))))"
[constants]
A_inf = "(0.0761*exp(0.0314*(V + 94.22))/(1 + exp(0.0346*(V + 1.17))))**(1/3)"
[initial]
V = -68.0
m = 0.01
h = 0.965
n = 0.156
A = 0.54
B = 0.29
[[stimuli]]
kind = "step"
amplitude = 12.0
start = 10.0
[simulation]
t_end = 200.0
"""


def made(neuron, *stimuli, t_end=100.0):
    """Give a model."""
    return natrium.Model(neuron=neuron, stimulus=stimuli, simulation=natrium.Simulation(t_end=t_end))


def changed(name, t_end, current=None, **parameters):
    """Give a template's model with other parameters, and another step of current."""
    model = loads(template(name))
    neuron = model.neuron.changed(parameters)
    stimulus = model.stimulus if current is None else natrium.Step(current, start=20.0)
    return made(neuron, stimulus, t_end=t_end)


# Firing patterns: Izhikevich 2003, fig. 2; Naud, Marcille, Clopath & Gerstner 2008, table 1.
IZHIKEVICH = {
    "regular spiking": {},
    "intrinsically bursting": {"c": -55.0, "d": 4.0},
    "chattering": {"c": -50.0, "d": 2.0},
    "fast spiking": {"a": 0.1, "d": 2.0},
    "low-threshold spiking": {"b": 0.25, "d": 2.0},
}
ADEX = {
    "tonic": (
        {"C": 200, "g_L": 10, "E_L": -70, "V_T": -50, "Delta_T": 2, "a": 2, "tau_w": 30, "b": 0},
        500,
        -58,
    ),
    "adapting": (
        {"C": 200, "g_L": 12, "E_L": -70, "V_T": -50, "Delta_T": 2, "a": 2, "tau_w": 300, "b": 60},
        500,
        -58,
    ),
    "initial burst": (
        {"C": 130, "g_L": 18, "E_L": -58, "V_T": -50, "Delta_T": 2, "a": 4, "tau_w": 150, "b": 120},
        400,
        -50,
    ),
    "regular bursting": (
        {"C": 200, "g_L": 10, "E_L": -58, "V_T": -50, "Delta_T": 2, "a": 2, "tau_w": 120, "b": 100},
        210,
        -46,
    ),
    "delayed accelerating": (
        {"C": 200, "g_L": 12, "E_L": -70, "V_T": -50, "Delta_T": 2, "a": -10, "tau_w": 300, "b": 0},
        300,
        -58,
    ),
    "delayed bursting": (
        {"C": 100, "g_L": 10, "E_L": -65, "V_T": -50, "Delta_T": 2, "a": -10, "tau_w": 90, "b": 30},
        110,
        -47,
    ),
    "transient": (
        {"C": 100, "g_L": 10, "E_L": -65, "V_T": -50, "Delta_T": 2, "a": 10, "tau_w": 90, "b": 100},
        180,
        -47,
    ),
}


def adex(values, current, reset):
    """Give an adaptive exponential neuron at a step of current."""
    neuron = loads(template("adex")).neuron
    numbers = dict(neuron.parameters) | {name: float(value) for name, value in values.items()}
    neuron = attrs.evolve(
        neuron,
        parameters=numbers,
        reset={"V": float(reset), "w": "w + b"},
        tau_ref=0.0,
        initial={"V": numbers["E_L"], "w": 0.0},
    )
    return made(neuron, natrium.Step(float(current), start=20.0), t_end=220.0)


CASES = {
    "notebook: LIF": ("the notebook's first script", natrium.notebook.lif()),
    "notebook: LIF with sodium": ("the notebook's second script", natrium.notebook.lif_na()),
    "notebook: LIF with another sodium": ("the notebook's third script", natrium.notebook.lif_na2()),
    "LIF: constant": ("20 mV from the start: t_k in closed form", made(LIF, natrium.Constant(20.0))),
    "LIF: steps": (
        "three steps",
        made(LIF, natrium.Step(18.0, start=5.0, stop=40.0), natrium.Step(12.0, start=30.0)),
    ),
    "LIF: pulses": (
        "rectangular pulses on a constant",
        made(LIF, natrium.Pulses(40.0, width=3.0, period=7.0, start=5.0), natrium.Constant(8.0)),
    ),
    "LIF: sine": ("40 Hz", made(LIF, natrium.Sine(8.0, 40.0, offset=15.0), t_end=200.0)),
    "LIF: ramp": (
        "a ramp that holds its last value",
        made(LIF, natrium.Ramp(0.4, start=10.0, stop=60.0, hold=True)),
    ),
    "LIF: Gaussian": ("a short bump", made(LIF, natrium.Gaussian(60.0, 40.0, 0.7), natrium.Constant(13.0))),
    "LIF: noise": (
        "held noise from a seed",
        made(LIF, natrium.Noise(14.0, sigma=6.0, tau=3.0, step=1.0, seed=7), t_end=200.0),
    ),
    "LIF: no refractory period": (
        "tau_ref = 0",
        made(attrs.evolve(LIF, tau_ref=0.0), natrium.Constant(25.0)),
    ),
    "LIF: just over": (
        "V peaks 1e-3 mV above its threshold",
        made(LIF, natrium.Formula("14.9 + 0.13467*exp(-((t - 60)/20)**2)")),
    ),
    "LIF: just under": (
        "V peaks 1e-3 mV below its threshold: no spike",
        made(LIF, natrium.Formula("14.9 + 0.13227*exp(-((t - 60)/20)**2)")),
    ),
    "LIF: an edge at a spike": (
        "the input jumps when V is at its threshold",
        made(LIF, natrium.Step(20.0), natrium.Step(10.0, start=13.862943611198906)),
    ),
    "LIF: an edge at a release": (
        "the input jumps when the refractory period ends",
        made(LIF, natrium.Step(20.0), natrium.Step(10.0, start=15.862943611198906)),
    ),
    "LIF with sodium: clamped": (
        "gates move while V is held",
        made(attrs.evolve(NA, refractory="clamp"), natrium.Step(12.0, start=5.0)),
    ),
    "LIF with sodium: sine": ("60 Hz", made(NA, natrium.Sine(12.0, 60.0, 0.3, 8.0))),
    "LIF: synapses": ("random spikes from a seed to AMPA, NMDA and GABA", loads(template("synapses"))),
    "Hodgkin-Huxley": ("Hodgkin & Huxley 1952", changed("hodgkin-huxley", 120.0)),
    "Connor-Stevens": ("Connor, Walter & McKown 1977", loads(CONNOR_STEVENS)),
    "Wang-Buzsaki": ("Wang & Buzsaki 1996", loads(WANG_BUZSAKI)),
    "Morris-Lecar": ("Morris & Lecar 1981", loads(template("morris-lecar"))),
    "quadratic": ("Latham et al. 2000", loads(template("quadratic"))),
    "exponential": ("Fourcaud-Trocme et al. 2003", loads(template("exponential"))),
    "a moving threshold": ("Kobayashi et al. 2009", loads(template("mat"))),
    **{f"AdEx: {name}": ("Naud et al. 2008, table 1", adex(*row)) for name, row in ADEX.items()},
    **{
        f"Izhikevich: {name}": ("Izhikevich 2003, fig. 2", changed("izhikevich", 220.0, 10.0, **row))
        for name, row in IZHIKEVICH.items()
    },
}


def solve(model):
    """Give the spikes by each engine that solves it."""
    found = {"event-driven (DOP853, rtol 1e-12)": run(model, EventDriven(rtol=1e-12))}
    found["compiled (Taylor series, rtol 1e-14)"] = run(model, Compiled(rtol=1e-14))
    with suppress(natrium.NatriumError):
        found["closed form"] = run(model, ClosedForm())
    return found


def main():
    """Solve all, and write what the engines agree on."""
    cases = {}
    for name, (about, model) in CASES.items():
        runs = solve(model)
        trains = {engine: one.spike_times for engine, one in runs.items()}
        if len({train.size for train in trains.values()}) > 1:
            print(
                f"{name}: left out, {', '.join(f'{k}: {v.size}' for k, v in trains.items())}", file=sys.stderr
            )
            continue
        stack = np.stack(list(trains.values()))
        apart = float(np.ptp(stack, axis=0).max(initial=0.0))
        print(
            f"{name:36s} {stack.shape[1]:3d} spikes, {len(trains)} engines, {apart:.2g} ms apart", flush=True
        )
        if apart > AGREED:
            print(f"{name}: left out", file=sys.stderr)
            continue
        best = trains.get("closed form", trains["compiled (Taylor series, rtol 1e-14)"])
        cases[name] = {
            "about": about,
            "spike_times": [f"{time:.12g}" for time in best.tolist()],
            "engines": list(trains),
            "trust": float(f"{max(apart, 1e-12):.1g}"),
            "model": to_toml(model),
        }
    whole = {
        "natrium_standard": 1,
        "units": "times in ms",
        "made_by": f"natrium {version('natrium')}",
        "cases": cases,
    }
    PLACE.write_text(json.dumps(whole, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
