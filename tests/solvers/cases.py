"""Reference data and small models that several test files share."""

import json
from functools import cache
from pathlib import Path

import attrs
import numpy as np
import sympy

import natrium

DATA = Path(__file__).parents[1] / "data"
METHODS = ("auto", "RK45", "DOP853", "Radau", "Radau13")
SODIUM = natrium.CHANNELS["notebook_sodium_1"]
NA = natrium.notebook.lif_na().neuron
STEP = natrium.Step(10.0, start=20.0)
"""Neuron and input of the notebook's second script, which the catalogue's first channel comes from."""
MIXED = (
    natrium.Constant(10.0),
    natrium.Sine(9.0, 210.0),
    natrium.Gaussian(20.0, 30.0, 5.0),
    natrium.Formula("3*cos(t)"),
    natrium.Ramp(0.2),
    natrium.Step(4.0, start=20),
)
"""An input of many parts."""

V, w, I, b = sympy.symbols("V w I b", real=True)
IZHIKEVICH = natrium.HybridNeuron(
    equations={"V": 0.04 * V**2 + 5 * V + 140 - w + I, "w": 0.02 * (0.2 * V - w)},
    parameters={"b": 8.0, "c": -65.0},
    initial={"V": -65.0, "w": -13.0},
    v_thresh=30.0,
    reset={"V": sympy.Symbol("c"), "w": w + b},
    tau_ref=1.0,
)


@cache
def read(name):
    return json.loads((DATA / f"{name}.json").read_text())


@cache
def train(name):
    """Give model and spike times of one reference spike train."""
    (entry,) = (entry for entry in read("spike_trains") if entry["id"] == name)
    return natrium.from_dict(entry["model"]), np.array([float(spike) for spike in entry["spikes"]])


TRAINS = [entry["id"] for entry in read("spike_trains")]


def solve(model, solver=natrium.EventDriven, **options):
    """Solve a model of the reference data."""
    span = model.simulation
    return solver(**options).solve(model.neuron, model.stimulus, t_start=span.t_start, t_end=span.t_end)


def script_table(name):
    """Read one of the scripts' outputs: every step's label, V, counter and gates, exact doubles."""
    lines = (DATA / f"seed_{name}.csv").read_text().split()
    rows = [[float.fromhex(cell) for cell in line.split(",")] for line in lines[1:]]
    return lines[0].split(","), np.array(rows)


def fast_channel(phi):
    """Give a neuron with the notebook's first channel, all its rates multiplied by `phi`."""
    gates = [
        attrs.evolve(gate, alpha=f"{phi}*({gate.alpha})", beta=f"{phi}*({gate.beta})")
        for gate in SODIUM.gates
    ]
    return natrium.Neuron(channels=[natrium.Channel("fast", 5.0, 50.0, gates)])


def held_by_decay(rate):
    """Give a neuron with a state that relaxes at `rate`, per ms, to what V and another state make."""
    equations = {
        "V": "(-(V + 70) + I + 2*z)/10",
        "w": "(0.2*(V + 70) - w)/20",
        "z": "rate*(w*(V + 80)/50 - z)",
    }
    return natrium.HybridNeuron(
        equations=equations,
        parameters={"rate": rate},
        initial={"V": -70.0, "w": 0.1, "z": 0.0},
        v_thresh=-55.0,
        reset={"V": "-70"},
        tau_ref=2.0,
    )


def compiled_beside_truth(neuron, drive, t_end, atol):
    """Give a compiled run that is the event-driven one, spikes within their own errors, and the latter."""
    solver = natrium.Compiled()
    found = solver.solve(neuron, drive, t_end=t_end)
    truth = natrium.EventDriven(rtol=1e-13).solve(neuron, drive, t_end=t_end)
    assert found.warnings == ()
    assert found.n_spikes == truth.n_spikes > 0
    errors = np.abs(found.spike_times - truth.spike_times)
    assert np.all(errors <= solver.spike_time_errors(found) + 1e-11)
    times = np.linspace(0.0, t_end, 1201)
    away = np.abs(times[:, None] - truth.spike_times).min(axis=1) > 1e-6
    np.testing.assert_allclose(found.state(times)[:, away], truth.state(times)[:, away], rtol=0.0, atol=atol)
    return found, truth
