"""Runs and ensembles in Neo: written to NIX and NWB and read back, they are the same numbers."""

import json
import sys
import warnings
from datetime import UTC, datetime

import numpy as np
import pytest
from typer.testing import CliRunner

import natrium
from natrium.cli import app
from tests.solvers.exchange.runs import cell, ensemble, run

neo = pytest.importorskip("neo", reason='needs pip install "natrium[neo]"')
pytest.importorskip("nixio", reason='needs pip install "natrium[neo]"')
pynwb = pytest.importorskip("pynwb", reason='needs pip install "natrium[nwb]"')
DAY = datetime(2026, 1, 1, tzinfo=UTC)


def through_nix(block, path):
    with neo.NixIO(str(path), "ow") as file:
        file.write_block(block)
    with neo.NixIO(str(path), "ro") as file:
        return file.read_block()


def through_nwb(path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Neo's, on units without a name
        file = neo.NWBIO(str(path), "r")
        block = file.read_block()
        file.close()
    return block


def assert_same(ours, theirs):
    assert (ours.name, str(ours.units), ours.shape) == (theirs.name, str(theirs.units), theirs.shape)
    np.testing.assert_array_equal(ours.times.magnitude, theirs.times.magnitude)
    np.testing.assert_array_equal(ours.magnitude, theirs.magnitude)


@pytest.mark.parametrize("step", [None, 0.25])
def test_a_run_through_nix_is_the_same(tmp_path, step):
    block = run().to_neo(step)
    back = through_nix(block, tmp_path / "run.nix")
    assert back.annotations.items() >= block.annotations.items()
    assert natrium.loads(back.annotations["model"]).neuron == run().neuron
    assert json.loads(back.annotations["manifest"]) == run().manifest
    (ours,), (theirs,) = block.segments, back.segments
    kinds = ("analogsignals", "irregularlysampledsignals")
    for kind in kinds:
        for one, other in zip(getattr(ours, kind), getattr(theirs, kind), strict=True):
            assert_same(one, other)
    signals = {one.name: one for one in getattr(theirs, kinds[step is None])}
    assert list(signals) == [*run().names, "I"]
    (train,) = theirs.spiketrains
    np.testing.assert_array_equal(train.times.rescale("ms").magnitude, run().spike_times)
    np.testing.assert_array_equal(train.array_annotations["error_ms"], run().spike_time_errors)
    assert (float(train.t_start), float(train.t_stop)) == (run().t_start, run().t_end)
    times = signals["V"].times.rescale("ms").magnitude
    if step is None:
        np.testing.assert_array_equal(signals["V"].magnitude[:, 0], run().V)
    else:
        np.testing.assert_allclose(times, step * np.arange(241), atol=1e-12)
        np.testing.assert_array_equal(signals["V"].magnitude[:, 0], run().state(step * np.arange(241))[0])
    assert signals["I"].magnitude[[0, -1], 0].tolist() == [0.0, 30.0]


def test_an_ensemble_through_nix_is_the_same(tmp_path):
    back = through_nix(ensemble().to_neo(), tmp_path / "many.nix")
    assert len(back.segments) == len(ensemble()) == 4
    for index, segment in enumerate(back.segments):
        assert segment.annotations["g_Na"] == ensemble().parameters["g_Na"][index]
        np.testing.assert_array_equal(segment.spiketrains[0].magnitude, ensemble().train(index))
        rows = [signal.magnitude[:, 0] for signal in segment.irregularlysampledsignals]
        np.testing.assert_array_equal(rows, ensemble().samples[index])


@pytest.mark.parametrize("step", [None, 0.25])
def test_a_run_through_nwb_is_the_same_to_rounding(tmp_path, step):
    path = tmp_path / "run.nwb"
    run().to_nwb(path, step, session_start_time=DAY)
    assert pynwb.validate(path=str(path)) == []
    block = through_nwb(path)
    (segment,) = block.segments
    assert natrium.loads(json.loads(block.annotations["notes"])["model"]).neuron == run().neuron
    assert block.annotations["session_start_time"] == DAY
    (train,) = segment.spiketrains
    np.testing.assert_allclose(train.rescale("ms").magnitude, run().spike_times, rtol=1e-15)
    signals = {
        one.name.split()[1]: one for one in (*segment.analogsignals, *segment.irregularlysampledsignals)
    }
    assert signals.keys() == {*run().names, "I"}
    times = run().t if step is None else step * np.arange(241)
    for name, state in zip(run().names, run().y if step is None else run().state(times), strict=True):
        np.testing.assert_allclose(signals[name].times.rescale("ms").magnitude, times, rtol=1e-14, atol=1e-12)
        np.testing.assert_array_equal(signals[name].magnitude[:, 0], state)
    assert str(signals["V"].units.dimensionality) == "mV"
    assert signals["I"].annotations["nwb_group"] == "stimulus"


def test_an_ensemble_through_nwb_is_the_same(tmp_path):
    ensemble().to_nwb(tmp_path / "many.nwb")
    assert pynwb.validate(path=str(tmp_path / "many.nwb")) == []
    block = through_nwb(tmp_path / "many.nwb")
    for index, segment in enumerate(block.segments):
        assert f"g_Na = {ensemble().parameters['g_Na'][index]}" in segment.name
        found = segment.spiketrains[0].rescale("ms").magnitude
        np.testing.assert_allclose(found, ensemble().train(index), rtol=1e-15)


@pytest.mark.parametrize("suffix", ["nix", "nwb"])
def test_what_was_written_is_run_and_fitted_to(tmp_path, suffix):
    """The input of a written run gives its spikes again; its spikes give its parameters again."""
    path = tmp_path / f"run.{suffix}"
    if suffix == "nix":
        through_nix(run().to_neo(), path)
    else:
        run().to_nwb(path)
    # Held from sample to sample, and the solver samples both sides of the step: the same input.
    name = "I" if suffix == "nix" else "run I 3"
    again = natrium.simulate(cell(), natrium.Recording(str(path), name), t_end=60.0)
    assert again.spike_times == pytest.approx(run().spike_times, abs=1e-8)
    model = natrium.Model(
        neuron=natrium.with_parameters(natrium.Model(neuron=cell()), {"g_Na": 100.0}).neuron,
        stimulus=run().stimulus,
        simulation=natrium.Simulation(t_end=60.0),
    )
    model.save(tmp_path / "model.toml")
    done = CliRunner().invoke(
        app,
        ["fit", str(tmp_path / "model.toml"), str(path), "-p", "g_Na", "--out", str(tmp_path), "--json"],
    )
    assert done.exit_code == 0, done.output
    fitted = natrium.load(tmp_path / "fitted.toml").neuron.channels[0].g
    assert fitted == pytest.approx(120.0, abs=1e-5)


def test_currents_in_absolute_units_have_them(tmp_path):
    pytest.importorskip("pint", reason='needs pip install "natrium[units]"')
    leaky = natrium.membrane(C="100 pF", g_L="10 nS")
    done = natrium.simulate(leaky, natrium.Constant(20.0), t_end=20.0)
    back = through_nix(done.to_neo(), tmp_path / "run.nix")
    signal = next(one for one in back.segments[0].irregularlysampledsignals if one.name == "I")
    assert (str(signal.units.dimensionality), signal.magnitude[0, 0]) == ("pA", 200.0)
    assert done.to_pandas().attrs["units"]["I"] == "pA"


@pytest.mark.parametrize(
    ("call", "package", "extra"),
    [
        (lambda: run().to_neo(), "neo", "neo"),
        (lambda: ensemble().to_neo(), "neo", "neo"),
        (lambda: run().to_nwb("x.nwb"), "pynwb", "nwb"),
        (lambda: run().to_pynapple(), "pynapple", "pynapple"),
        (lambda: ensemble().to_pynapple(), "pynapple", "pynapple"),
        (lambda: run().to_pandas(), "pandas", "data"),
        (lambda: ensemble().to_pandas(), "pandas", "data"),
        (lambda: run().to_xarray(), "xarray", "data"),
    ],
)
def test_the_extra_is_named(call, package, extra, monkeypatch):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(natrium.ModelError, match=rf'pip install "natrium\[{extra}\]"'):
        call()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"step": 0.0}, "step must be greater than 0|step must be positive"),
        ({"step": 1e-9}, "at most 50000000 samples"),
        ({"session_start_time": datetime(2026, 1, 1)}, "with a time zone"),
        ({"session_start_time": "today"}, "with a time zone, got 'today'"),
    ],
)
def test_what_cannot_be_written_is_told(tmp_path, options, said):
    with pytest.raises(natrium.ModelError, match=said):
        run().to_nwb(tmp_path / "x.nwb", **options)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(natrium.ModelError, match="cannot write"):
        run().to_nwb(tmp_path / "no" / "x.nwb")
