"""Reference data and small models that several test files share."""

import json
from functools import cache
from pathlib import Path

import attrs
import numpy as np

import natrium

DATA = Path(__file__).parents[1] / "data"
METHODS = ("auto", "RK45", "DOP853", "Radau")
SODIUM = natrium.CHANNELS["notebook_sodium_1"]
NA = natrium.notebook.lif_na().neuron
STEP = natrium.Step(10.0, start=20.0)
"""Neuron and input of the notebook's second script, which the catalogue's first channel comes from."""


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
