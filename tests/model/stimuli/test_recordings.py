"""Signals and spike trains of NIX and NWB files: the numbers that were written, and what is wrong told."""

import numpy as np
import pytest

import natrium
from natrium.model import to_dict
from natrium.model.files.writing import to_toml
from natrium.model.stimuli.recordings import read_signal, read_train, scale_to
from tests.model.stimuli.recordings import PICOAMPERES, TIMES, TRAIN, write_nix, write_nwb

neo = pytest.importorskip("neo", reason='needs pip install "natrium[neo]"')
pytest.importorskip("nixio", reason='needs pip install "natrium[neo]"')
pytest.importorskip("pynwb", reason='needs pip install "natrium[nwb]"')
pq = pytest.importorskip("quantities")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """One file of each kind with the same current."""
    folder = tmp_path_factory.mktemp("recordings")
    current = neo.AnalogSignal((1e-3 * PICOAMPERES)[:, None] * pq.nA, sampling_period=0.25 * pq.ms)
    jumping = neo.IrregularlySampledSignal(
        [0.0, 1.0, 1.0, 2.0] * pq.ms, [[1.0, 5.0], [2.0, 6.0], [3.0, 7.0], [4.0, 8.0]] * pq.mV
    )
    write_nix(folder / "cell.nix", {"I": current, "two": jumping}, {"a": TRAIN, "b": TRAIN[:1]})
    write_nwb(folder / "cell.nwb")
    return folder


NAMES = {"cell.nix": "I", "cell.nwb": "pulse"}


@pytest.mark.parametrize("file", NAMES)
@pytest.mark.parametrize("interpolation", ["hold", "linear"])
def test_a_current_is_the_numbers_that_were_written(folder, file, interpolation):
    read = natrium.Recording(
        str(folder / file), NAMES[file], unit="pA", factor=0.1, interpolation=interpolation
    )
    same = natrium.Samples(TIMES, 0.1 * PICOAMPERES, interpolation)
    assert read.samples.times == pytest.approx(same.times, rel=1e-15)
    assert read.samples.values == pytest.approx(same.values, rel=1e-14)
    runs = [natrium.simulate(natrium.Neuron(), one, t_end=60.0) for one in (read, same)]
    assert runs[0].n_spikes > 2
    assert runs[0].spike_times == pytest.approx(runs[1].spike_times, abs=1e-9)


def test_a_leak_in_absolute_units_makes_an_input_of_a_current(folder, monkeypatch):
    pytest.importorskip("pint", reason='needs pip install "natrium[units]"')
    text = (
        'natrium = 1\n[neuron]\nC = "100 pF"\ng_L = "10 nS"\n[[stimuli]]\nkind = "recording"\n'
        'file = "cell.nwb"\nname = "pulse"\nunit = "pA"\nshift = 5.0\n'
    )
    (folder / "model.toml").write_text(text, encoding="utf-8")
    monkeypatch.chdir("/")
    model = natrium.load(folder / "model.toml")
    (part,) = model.stimulus.parts
    assert part.samples.times == pytest.approx(TIMES + 5.0, rel=1e-15)
    assert part.samples.values == pytest.approx(PICOAMPERES / 10.0, rel=1e-14)
    written = to_toml(model)
    (folder / "again.toml").write_text(written, encoding="utf-8")
    assert natrium.load(folder / "again.toml") == model
    assert "folder" not in written
    doubled = natrium.with_parameters(model, {"scale_0": 2.0})
    assert doubled.stimulus.parts[0].samples.values == pytest.approx(PICOAMPERES / 5.0, rel=1e-14)


def test_a_nix_file_that_neo_did_not_write(tmp_path):
    nixio = pytest.importorskip("nixio")
    file = nixio.File.open(str(tmp_path / "raw.nix"), nixio.FileMode.Overwrite)
    block = file.create_block("session", "nix.session")
    current = block.create_data_array("current", "nix.regular_sampled", data=[1.0, 2.0, 3.0], unit="nA")
    current.append_sampled_dimension(0.001, unit="s", offset=0.5)
    block.create_data_array(
        "V", "nix.irregular_sampled", data=[-70.0, -60.0], unit="mV"
    ).append_range_dimension([0.0, 1.5], unit="ms")
    spikes = block.create_data_array("spikes", "nix.events.position", data=1e-3 * TRAIN, unit="s")
    spikes.append_range_dimension_using_self()
    block.create_data_array("other", "nix.set", data=[1.0]).append_set_dimension()
    file.close()
    times, values, unit = read_signal(tmp_path / "raw.nix", "session/current")
    assert times == pytest.approx([500.0, 501.0, 502.0], rel=1e-15)
    assert (values.tolist(), unit) == ([1.0, 2.0, 3.0], "nA")
    times, values, _ = read_signal(tmp_path / "raw.nix", "V")
    assert (times.tolist(), values.tolist()) == ([0.0, 1.5], [-70.0, -60.0])
    assert read_train(tmp_path / "raw.nix") == pytest.approx(TRAIN, rel=1e-15)


def test_channels_and_samples_at_one_time(folder):
    """Of two at one time the second counts: an input has its right limit there."""
    for channel, values in ((0, [1.0, 3.0, 4.0]), (1, [5.0, 7.0, 8.0])):
        read = natrium.Recording(str(folder / "cell.nix"), "sweep 0/two", channel=channel).samples
        assert (read.times, list(read.values)) == ((0.0, 1.0, 2.0), values)
    times, values, unit = read_signal(folder / "cell.nwb", "acquisition/V", 1)
    assert (times.tolist(), values.tolist(), unit) == ([0.0, 500.0], [1.0, 2.0], "mV")


@pytest.mark.parametrize(("file", "name"), [("cell.nix", "a"), ("cell.nwb", "unit 0"), ("cell.csv", "")])
def test_recorded_spikes_are_those_given_as_numbers(folder, file, name):
    (folder / "cell.csv").write_text("t\n" + "\n".join(map(repr, TRAIN.tolist())), encoding="utf-8")
    cell = natrium.Neuron(synapses=[natrium.Synapse("exc", 3.0, 0.0, decay=5.0)])
    read = natrium.RecordedSpikes(str(folder / file), "exc", 0.5, name=name, delay=0.5)
    same = natrium.Spikes(TRAIN, "exc", 0.5, delay=0.5)
    assert read.times == pytest.approx(same.times, rel=1e-15)
    runs = [natrium.simulate(cell, one, t_end=60.0) for one in (read, same)]
    assert runs[0].n_spikes >= 2
    assert runs[0].spike_times == pytest.approx(runs[1].spike_times, abs=1e-9)
    gradients = [natrium.spike_time_gradients(run, ["weight_0", "delay_0"]).matrix for run in runs]
    np.testing.assert_allclose(gradients[0], gradients[1], rtol=1e-7)
    table = to_dict(natrium.Model(neuron=cell, stimulus=read))
    assert natrium.from_dict(table).stimulus.parts == (read,)


def test_trains_of_a_run_are_found_again(folder):
    assert read_train(folder / "cell.nwb", "unit 1") == pytest.approx(TRAIN[:1], rel=1e-15)
    np.testing.assert_array_equal(read_train(folder / "cell.nix", "sweep 0/b"), TRAIN[:1])


@pytest.mark.parametrize(
    ("own", "unit", "factor"),
    [
        ("(uA/cm**2)", "nA/cm^2", 1e3),
        ("amperes", "pA", 1e12),
        ("nA", "pA", 1e3),
        ("volts", "mV", 1e3),
        ("V", "uV", 1e6),
        ("Amps", "A", 1.0),
    ],
)
def test_units(own, unit, factor):
    assert scale_to(unit, own) == pytest.approx(factor, rel=1e-15)


def test_a_voltage_is_no_current():
    with pytest.raises(natrium.ModelError, match="unit must fit that of the recording, 'mV', got 'pA'"):
        scale_to("pA", "mV")


@pytest.mark.parametrize(
    ("file", "options", "said"),
    [
        ("cell.nix", {"name": "J"}, "must hold the signal that is named, got 'J': it holds 'sweep 0/I'"),
        ("cell.nix", {}, "one signal is read, got 2 in cell.nix: give the name, one of 'sweep 0/I'"),
        ("cell.nix", {"name": "I"}, 'are in nA: say what they are taken in, unit = "pA"'),
        ("cell.nwb", {"name": "pulse"}, "are in amperes: say"),
        ("cell.nwb", {"name": "empty"}, "a sample for each of its times, got 0 for 0 in 'acquisition/empty'"),
        ("cell.nix", {"name": "I", "unit": "uA/cm^2"}, "unit must fit that of the recording, 'nA'"),
        ("cell.nix", {"name": "I", "unit": "mV"}, "unit must fit that of the recording, 'nA', got 'mV'"),
        ("cell.nix", {"name": "I", "unit": "stone"}, "must be one of current or voltage.*got 'stone'"),
        ("cell.nix", {"name": "two", "channel": 2}, "channel must be below 2, .* got 2"),
        ("cell.txt", {}, "must be a .nix, .h5 or .nwb file, got 'cell.txt'"),
        ("none.nwb", {}, "cannot read a recording from .*No such file"),
        ("none.nix", {}, "cannot read a recording from .*No such file"),
        ("broken.nwb", {}, "cannot read a recording from"),
        ("broken.nix", {}, "cannot read a recording from"),
        ("\0.nix", {}, "cannot read a recording from"),
    ],
)
def test_what_is_wrong_is_told(folder, file, options, said):
    for name in ("broken.nwb", "broken.nix"):
        (folder / name).write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(range(256)))
    with pytest.raises(natrium.StimulusError, match=said):
        natrium.Recording(str(folder / file), **options)


def test_what_is_wrong_with_spikes_is_told(folder, tmp_path):
    write_nix(tmp_path / "back.nix", trains={"a": np.array([2.0, 1.0])})
    with pytest.raises(natrium.StimulusError, match=r"back.nix: times must increase"):
        natrium.RecordedSpikes(str(tmp_path / "back.nix"), "V", 1.0)
    with pytest.raises(natrium.StimulusError, match="one spike train is read, got 2 in cell.nwb"):
        natrium.RecordedSpikes(str(folder / "cell.nwb"), "V", 1.0)
    write_nwb(tmp_path / "silent.nwb", trains=False)
    with pytest.raises(natrium.StimulusError, match="silent.nwb must hold a spike train, got none"):
        natrium.RecordedSpikes(str(tmp_path / "silent.nwb"), "V", 1.0)


@pytest.mark.parametrize(
    ("package", "file", "extra"), [("nixio", "cell.nix", "neo"), ("pynwb", "cell.nwb", "nwb")]
)
def test_the_extra_is_named(folder, package, file, extra, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, package, None)
    with pytest.raises(natrium.StimulusError, match=rf'pip install "natrium\[{extra}\]"'):
        natrium.Recording(str(folder / file), NAMES[file])
