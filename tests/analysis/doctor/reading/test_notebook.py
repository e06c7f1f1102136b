"""The class notebook: three cells, three models, three schemes, and the facts of ``natrium reproduce``."""

import json
from pathlib import Path

import attrs
import numpy as np
import pytest

import natrium
from natrium.analysis.doctor import read_script

pytestmark = pytest.mark.corpus

DATA = Path(__file__).resolve().parents[3] / "data"

CLASS = """
import numpy as np
import matplotlib.pyplot as plt

class Channel:
    def __init__(self, a_m, b_m, a_h, b_h, g, E):
        self.m, self.h = 0.0, 1.0
        self.a_m, self.b_m, self.a_h, self.b_h, self.g, self.E = a_m, b_m, a_h, b_h, g, E

    def step(self, dt, V):
        am, bm, ah, bh = self.a_m(V), self.b_m(V), self.a_h(V), self.b_h(V)
        self.m += (am * (1 - self.m) - bm * self.m) * dt
        self.h += (ah * (1 - self.h) - bh * self.h) * dt

class Cell:
    def __init__(self, channels):
        self.tau_m, self.tau_ref, self.v_rest, self.v_thresh = 10.0, 2.0, -70.0, -55.0
        self.V, self.left, self.channels = -70.0, 0, channels

    def update(self, dt, I):
        if self.left > 0:
            self.left -= dt
            self.V = self.v_rest
        else:
            for one in self.channels:
                one.step(dt, self.V)
            total = -(self.V - self.v_rest) + I
            if self.channels:
                total = total + sum(one.g * one.m**3 * one.h * (one.E - self.V) for one in self.channels)
            self.V += total / self.tau_m * dt
            if self.V >= self.v_thresh:
                self.V = self.v_rest
                self.left = self.tau_ref
        return self.V
"""
CELL = """
times, volts = np.arange(0, 100, {dt}), []
cell = Cell([{channels}])
for t in times:
    volts.append(cell.update({dt}, {drive}))
plt.plot(times, volts)
plt.show()
"""
DRIVES = {"lif": "10.0 if t < 50 else 0.0"} | {
    name: f"10.0 if 20 < t < {stop} else 0.0" for name, stop in (("lif_na", 100), ("lif_na2", 50))
}


def channel(one):
    m, h = one.gates
    rates = [gate for pair in ((m.alpha, m.beta), (h.alpha, h.beta)) for gate in pair]
    functions = [f"lambda V: {rate.text.replace('exp(', 'np.exp(')}" for rate in rates]
    return f"Channel({', '.join(functions)}, {one.g!r}, {one.E!r})"


@pytest.fixture(scope="module")
def readings(tmp_path_factory):
    cells = [CLASS]
    for name, make in natrium.notebook.SCRIPTS.items():
        model = make()
        made = ", ".join(channel(one) for one in model.neuron.channels)
        cells.append(CELL.format(dt=model.simulation.dt, channels=made, drive=DRIVES[name]))
    path = tmp_path_factory.mktemp("notebook") / "class.ipynb"
    sources = [{"cell_type": "code", "metadata": {}, "outputs": [], "source": cell} for cell in cells]
    path.write_text(json.dumps({"cells": sources, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))
    found = read_script(path)
    return dict(zip(natrium.notebook.SCRIPTS, found, strict=True))


@pytest.mark.slow
@pytest.mark.parametrize("name", natrium.notebook.SCRIPTS)
def test_the_model_is_the_notebook_s(readings, name):
    reading, model = readings[name], natrium.notebook.SCRIPTS[name]()
    assert reading.faults == ()
    assert reading.replay.off == -1
    own, theirs = reading.model.neuron, model.neuron
    assert (own.tau_m, own.v_rest, own.v_thresh, own.v_reset) == (10.0, -70.0, -55.0, -70.0)
    found = {(one.g, one.E): one for one in own.channels}
    for one in theirs.channels:
        gates = found[(one.g, one.E)].gates
        assert [gate.power for gate in gates] == [3, 1]
        grid = np.linspace(-90.0, 20.0, 23) + 0.123
        for gate, other in zip(gates, one.gates, strict=True):
            for rate in ("alpha", "beta"):
                values = getattr(gate, rate).written()(grid), getattr(other, rate).written()(grid)
                assert np.array_equal(*values)
    assert reading.scheme.key == ("euler" if name == "lif" else "sequential-euler")
    rules = {one.key for one in reading.findings if one.kind == "rule"}
    assert "label-early" in rules
    assert ("input-on-late" in rules) == (name != "lif")


@pytest.mark.slow
@pytest.mark.parametrize("name", natrium.notebook.SCRIPTS)
def test_samples_and_spikes_are_those_of_the_original(readings, name):
    """Every double of the original's output, its labels, and the true times that reproduce gives."""
    reading, model = readings[name], natrium.notebook.SCRIPTS[name]()
    rows = (DATA / f"seed_{name}.csv").read_text(encoding="utf-8").splitlines()[1:]
    original = [float.fromhex(row.split(",")[1]) for row in rows]
    V = reading.record.samples[1:, reading.record.states.index(reading.maps.V)]
    assert V.tolist() == original
    comparison = natrium.compare_script(model)
    assert reading.spike_times == pytest.approx(comparison.script.spike_times, abs=1e-9)
    assert reading.truth.spike_times == pytest.approx(comparison.truth.spike_times, abs=1e-8)
    if name != "lif":
        assert reading.twin.difference < 1e-9
        assert reading.meant.refractory.nominal == 2.0
        assert set(reading.maps.hold.steps) == {20}


@pytest.mark.slow
def test_what_is_written_is_solved_as_the_notebook_is(readings, tmp_path):
    reading = readings["lif_na"]
    reading.model.save(tmp_path / "meant.toml")
    again = natrium.load(tmp_path / "meant.toml")
    truth = natrium.reference(attrs.evolve(again, simulation=reading.model.simulation))
    assert truth.spike_times == pytest.approx(reading.truth.spike_times, abs=1e-9)
