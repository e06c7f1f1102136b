"""Model files: what is saved is read back equal."""

import math
import tomllib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

import natrium
from natrium.model.files.writing import channel_to_dict, to_dict, to_toml
from natrium.model.stimuli.kinds import KINDS
from tests.model.files.design import DESIGN
from tests.model.files.making import models
from tests.model.stimuli.recordings import write_nix

# --- both ways -----------------------------------------------------------------------------------


def test_the_designs_example_is_read() -> None:
    model = natrium.loads(DESIGN)
    sodium = natrium.CHANNELS["notebook_sodium_1"]
    assert model.neuron == natrium.Neuron(10.0, 2.0, -70.0, -55.0, [sodium], refractory="hold")
    assert model.stimulus.parts == (natrium.Step(10.0, start=20.0, stop=100.0),)
    assert model.simulation == natrium.Simulation(t_start=0.0, t_end=100.0)


def test_the_shortest_file_is_all_defaults() -> None:
    assert natrium.loads("natrium = 1\n[neuron]") == natrium.Model(neuron=natrium.Neuron())
    assert natrium.loads(
        "natrium = 1\nneuron = {}\nchannels = []\nstimuli = []\n[simulation]"
    ) == natrium.Model(neuron=natrium.Neuron())


@given(models)
@settings(
    max_examples=50,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_saved_model_is_read_back_equal(tmp_path: Path, model: natrium.Model) -> None:
    path = tmp_path / "model.toml"
    model.save(path)
    again = natrium.load(path)
    assert again == model
    assert [c.source for c in again.neuron.channels] == [c.source for c in model.neuron.channels]
    assert to_toml(again) == to_toml(model) == path.read_text(encoding="utf-8")
    assert natrium.from_dict(to_dict(model)) == model


@pytest.mark.parametrize("name", natrium.CHANNELS)
def test_catalogue_channel_is_read_back_with_its_source(name: str) -> None:
    channel = natrium.CHANNELS[name]
    pool = natrium.Calcium(0.0, 13.3, 0.01, [channel.name]) if channel.reads_calcium else None
    neuron = natrium.Neuron(channels=[channel], calcium=pool)
    model = natrium.loads(to_toml(natrium.Model(neuron=neuron)))
    assert model.neuron == neuron
    assert model.neuron.channels == (channel,)
    assert model.neuron.channels[0].source == channel.source
    assert channel_to_dict(channel) == to_dict(model)["channels"][0]


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_stimulus_has_its_keys(kind: str, tmp_path: Path) -> None:
    """Each kind takes start and stop; its name comes first."""
    (tmp_path / "x.csv").write_text("0,1\n1,2\n", encoding="utf-8")
    if kind == "recording":
        pytest.importorskip("nixio")
        write_nix(tmp_path / "x.nix")
    examples = {
        "constant": natrium.Constant(1.0), "step": natrium.Step(1.0),
        "pulses": natrium.Pulses(1.0, width=1.0, period=2.0, count=3),
        "ramp": natrium.Ramp(1.0, hold=True, stop=2.0), "sine": natrium.Sine(1.0, 2.0, 3.0, 4.0),
        "gaussian": natrium.Gaussian(1.0, 2.0, 3.0),
        "samples": natrium.Samples([0.0, 1.0], [1.0, 2.0], "linear"),
        "expression": natrium.Formula("5*sin(t/10)", [1.0], 0.5),
        "noise": natrium.Noise(1.0, 2.0, tau=3.0, step=0.5, seed=4, interpolation="linear"),
        "spikes": natrium.Spikes([1.0, 2.0], "V", 3.0, delay=0.5),
        "csv": natrium.Csv(str(tmp_path / "x.csv")),
        "recorded-spikes": natrium.RecordedSpikes(str(tmp_path / "x.csv"), "V", 3.0),
        **({"recording": natrium.Recording(str(tmp_path / "x.nix"))} if kind == "recording" else {}),
        "poisson": natrium.Poisson(20.0, "V", 3.0, seed=4, stop=9.0),
    }  # fmt: skip
    table = to_dict(natrium.Model(neuron=natrium.Neuron(), stimulus=examples[kind]))["stimuli"][0]
    assert next(iter(table.items())) == ("kind", kind)
    for edges in ({}, {"start": -1.0}, {"start": 1.0, "stop": 2.0}):
        data = tomllib.loads(DESIGN) | {"stimuli": [table | edges]}
        read = natrium.from_dict(data).stimulus.parts[0]
        assert type(read) is type(examples[kind])
        assert (read.start, read.stop) == (edges.get("start"), edges.get("stop", table.get("stop")))


def model_of(*stimuli: natrium.Stimulus, channels: list[natrium.Channel] | None = None) -> natrium.Model:
    return natrium.Model(neuron=natrium.Neuron(channels=channels or []), stimulus=stimuli)


@pytest.mark.parametrize(
    "model",
    [
        natrium.Model(neuron=natrium.Neuron(np.float32(12.5), np.int64(2))),
        model_of(channels=[natrium.Channel("K", np.int64(3), -90)]),
        model_of(
            channels=[natrium.Channel("K", 1.0, -90, [natrium.Gate("n", np.int64(4), alpha=1, beta=1)])]
        ),
        model_of(natrium.Pulses(np.float64(1), width=1, period=2, count=np.int32(3))),
        model_of(natrium.Samples(np.arange(3), np.ones(3))),
        model_of(natrium.Samples(range(3), range(3))),
        model_of(natrium.Formula("t", np.arange(2.0))),
        model_of(natrium.Noise(intensity=np.float32(2), tau=np.int64(0), step=1, seed=np.int64(3))),
    ],
    ids=["scalars", "conductance", "power", "count", "arrays", "ranges", "breakpoints", "noise"],
)
def test_numpy_numbers_are_saved(model: natrium.Model) -> None:
    assert natrium.loads(to_toml(model)) == model


@pytest.mark.parametrize("source", ["\ud800", "a \udfff b", "\ude00\ud83d"], ids=ascii)
def test_half_a_character_is_no_text_or_is_kept(source: str, tmp_path: Path) -> None:
    """It has no place in a file: refusing it early is better than writing what cannot be read."""
    try:
        model = natrium.Model(
            neuron=natrium.Neuron(channels=[natrium.Channel("Na", 1.0, 50.0, source=source)])
        )
        model.save(tmp_path / "model.toml")
    except natrium.ModelError:
        return
    assert natrium.load(tmp_path / "model.toml").neuron.channels[0].source == source


def test_python_function_cannot_be_saved(tmp_path: Path) -> None:
    model = natrium.Model(
        neuron=natrium.Neuron(), stimulus=[natrium.Constant(1.0), natrium.Custom(math.sin, 1.0)]
    )
    with pytest.raises(natrium.ModelError, match="a Custom stimulus cannot be written to a model file"):
        model.save(tmp_path / "model.toml")
    assert list(tmp_path.iterdir()) == []
