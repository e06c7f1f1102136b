"""Scripts in the styles of many people: the model, the scheme and the rules of each are read off it."""

import attrs
import numpy as np
import pytest

from natrium.analysis import reference
from natrium.analysis.doctor import read_script
from natrium.analysis.doctor.reading.verdict import read
from natrium.analysis.doctor.script import traced
from natrium.model import HybridNeuron, Neuron, load
from tests.analysis.doctor.reading.corpus import LEAKY, OWN, SCRIPTS, SQUID

pytestmark = pytest.mark.corpus

FAST = {
    "class_step_counter",
    "fold",
    "generator",
    "list_comprehension",
    "loop_arrays",
    "substeps",
    "izhikevich_call",
}


def cases(names):
    return [name if name in FAST else pytest.param(name, marks=pytest.mark.slow) for name in names]


def reading_of(name):
    record = traced(SCRIPTS / f"{name}.py")
    assert not record.fallback
    return read(record, name)


def explained(reading):
    """Nothing wrong is found, and every sample is made again."""
    assert reading.replay.off == -1, reading.replay.why
    assert reading.faults == ()
    assert reading.scheme.largest <= 1e-13


@pytest.mark.parametrize("name", cases(LEAKY))
def test_a_leaky_neuron(name):
    reading = reading_of(name)
    explained(reading)
    scheme, *numbers = LEAKY[name]
    neuron = reading.model.neuron
    assert reading.scheme.key == scheme
    assert isinstance(neuron, Neuron)
    found = [neuron.tau_m, neuron.v_rest, neuron.v_thresh, neuron.v_reset, neuron.tau_ref]
    assert found == pytest.approx(numbers, rel=1e-9, abs=1e-9)
    # The script's spikes are near the true ones of the model that it means.
    pairs = [
        (one.label, one.truth) for one in reading.pairs if one.label is not None and one.truth is not None
    ]
    assert len(pairs) >= 2
    dt = reading.model.simulation.dt
    assert abs(pairs[0][0] - pairs[0][1]) < 3.0 * dt + 0.05 * pairs[0][1]


@pytest.mark.parametrize("name", cases(OWN))
def test_equations_of_one_s_own(name):
    reading = reading_of(name)
    explained(reading)
    scheme, kinds, level = OWN[name]
    assert reading.scheme.key == scheme
    assert {one.kind for one in reading.meant.recognised.parts} == kinds
    assert isinstance(reading.model.neuron, HybridNeuron)
    assert reading.model.neuron.v_thresh == level
    assert reading.truth.spike_times.size >= 2


@pytest.mark.slow
@pytest.mark.parametrize("name", SQUID)
def test_the_squid_s_membrane(name):
    reading = reading_of(name)
    assert reading.replay.off == -1
    assert reading.faults == ()
    assert reading.scheme.key == SQUID[name]
    channels = {one.E: one for one in reading.model.neuron.channels}
    assert reading.model.neuron.tau_m == pytest.approx(1.0 / 0.3)
    assert channels[50.0].g == pytest.approx(400.0)
    assert channels[-77.0].g == pytest.approx(120.0)
    assert [gate.power for gate in channels[50.0].gates] == [3, 1]
    assert channels[-77.0].gates[0].power == 4


def test_the_model_is_written_and_is_the_same_when_read(tmp_path):
    (reading,) = read_script(SCRIPTS / "class_step_counter.py")
    reading.model.save(tmp_path / "meant.toml")
    again = load(tmp_path / "meant.toml")
    assert again.neuron == reading.model.neuron
    assert again.stimulus == reading.model.stimulus


# A cell that is reset, one that goes on through its own spikes, one whose stages read the input in the step.
@pytest.mark.parametrize("name", ["class_step_counter", "hh_loop", "hh_rk4_vector"])
def test_a_twin_makes_the_script_s_samples_and_the_budget_adds_up(name):
    reading = reading_of(name)
    assert reading.twin.difference < 1e-9
    rows = {row["cause"]: row["spike_1_ms"] for row in reading.budget.table()}
    names = list(rows)
    parts = [rows[name] for name in names[: names.index("total")]]
    assert sum(parts) == pytest.approx(rows["total"], abs=1e-9)
    pair = reading.pairs[0]
    assert rows["total"] == pytest.approx(pair.label - pair.truth, abs=1e-9)


@pytest.mark.slow
def test_of_neurons_side_by_side_the_one_that_shows_most_is_read():
    reading = reading_of("masked_group")
    assert reading.record.side == "1"
    assert [one.key for one in reading.findings if one.kind == "note"] == ["one-of-many"]


def test_units_are_found():
    units = reading_of("while_time").meant.units
    assert (units.ms, units.mV) == (1000.0, 1000.0)
    units = reading_of("loop_arrays").meant.units
    assert (units.ms, units.mV) == (1.0, 1.0)


@pytest.mark.slow
def test_a_moving_threshold_becomes_a_voltage_less_its_rise():
    """The model's V is the script's less what the threshold rose by: their spikes are the same."""
    reading = reading_of("adaptive_threshold")
    explained(reading)
    assert isinstance(reading.model.neuron, HybridNeuron)
    differences = [one.difference for one in reading.pairs]
    assert len(differences) >= 10
    assert max(map(abs, differences)) < 0.05 * reading.truth.spike_times[-1]
    finer = reference(reading.model)
    assert finer.spike_times.size == reading.spike_times.size


@pytest.mark.slow
def test_what_is_not_explained_is_never_called_sound():
    """Incoming spikes move a conductance, before each update; without the last spike one has no partner."""
    reading = reading_of("synapse_events")
    explained(reading)
    short = attrs.evolve(reading, spike_times=reading.spike_times[:-1])
    assert not short.is_explained
    assert any("not all" in sentence for sentence in short.summary())


def test_a_sample_that_is_not_made_again_is_named():
    record = traced(SCRIPTS / "list_comprehension.py")
    record.samples[200, 0] += 1e-9
    reading = read(record, solve=False)
    assert reading.reproduced_until == pytest.approx(199 * 0.25)
    assert not reading.is_explained
    assert reading.data()["reproduced_until"] is not None


def test_spikes_and_samples_are_the_script_s_own():
    reading = reading_of("loop_arrays")
    assert reading.data()["spikes"]["script"] == pytest.approx(
        reading.record.lists["spikes"].tolist(), abs=1e-9
    )
    assert np.array_equal(reading.replay.samples, reading.record.samples)
