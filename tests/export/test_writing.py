"""Each file begins with what means something else there, and how far that moves a spike."""

import math
import re

import attrs
import numpy as np
import pytest
from typer.testing import CliRunner

import natrium
from natrium.cli import app
from natrium.export import TARGETS, export
from natrium.export.distance import distance_of
from natrium.export.simulators import find_simulator
from natrium.model import Custom, ModelError, Samples, Simulation, UnsupportedModel
from natrium.model.files.new import template
from tests.export.cases import CASES, LIF, made

MODEL = natrium.notebook.lif_na()


@pytest.mark.parametrize("target", TARGETS)
def test_the_head_says_what_means_something_else_and_how_far_that_is(target):
    model, spikes = (CASES["step"], 2) if target == "nest" else (MODEL, 3)
    written = export(model, target, dt=0.05)
    mark = TARGETS[target].comment
    first = written.text.splitlines()[1 if TARGETS[target].opening else 0]
    assert target in written.text[:400]
    assert "--" not in written.text[4:200] or mark != "<!--"
    assert first.startswith(mark)
    if written.distance is not None:
        assert written.distance.n_true == spikes
        assert "How far that moves a spike" in written.text
        assert f"{written.distance.n_found} spikes for {spikes} true ones" in written.text


def test_an_estimate_is_the_twin_s_and_a_measurement_the_file_s():
    told = export(MODEL, "script", dt=0.05).distance
    measured = export(MODEL, "script", dt=0.05, measure=True).distance
    assert "estimated by natrium's fixed-step twin" in told.source
    assert measured.source.startswith("measured with scipy")
    assert told.largest == pytest.approx(measured.largest, abs=1e-9)
    assert 1e-3 < told.largest < 0.5
    assert export(MODEL, "python", measure=True).distance.largest < 1e-8


def test_what_is_not_known_is_said_so():
    written = export(MODEL, "script", dt=2.5)  # a step too long: the twin's own run fails
    assert written.distance is None
    assert "is not known" in written.text


def test_distance_counts_missed_and_extra_spikes():
    truth = natrium.reference(CASES["step"])
    times = truth.spike_times
    found = distance_of(np.array([*(times[1:] + 0.01), times[-1] + 30.0]), truth, "here")
    assert (found.n_true, found.missed, found.extra) == (times.size, 1, 1)
    assert found.largest == pytest.approx(0.01)
    assert "1 missed and 1 extra" in " ".join(found.sentences())
    assert np.isnan(distance_of(np.empty(0), truth, "here").largest)


@pytest.mark.parametrize(
    ("model", "said"),
    [
        (made(LIF, Custom(lambda t: 20.0, max_step=1.0)), "got a Python function"),
        (made(LIF, Samples(np.arange(300_000.0), np.zeros(300_000)), t_end=299_000.0), "at most 200000"),
        (attrs.evolve(MODEL, simulation=Simulation()), "got no t_end"),
    ],
)
def test_what_cannot_be_written_is_refused_by_name(model, said):
    with pytest.raises((UnsupportedModel, ModelError), match=said):
        export(model, "python")


@pytest.mark.parametrize("dt", [0.0, -0.1, math.nan])
def test_a_step_must_be_one(dt):
    with pytest.raises(ModelError, match="dt"):
        export(MODEL, "script", dt=dt)


def test_an_unknown_target_is_refused():
    with pytest.raises(ModelError, match="python"):
        export(MODEL, "pyhton")


def test_a_simulator_that_is_not_there_is_named(monkeypatch):
    monkeypatch.setenv("NATRIUM_PYTHON", "/nowhere/python")
    assert find_simulator("python").told.startswith("scipy")  # natrium's own


def call(*arguments):
    done = CliRunner().invoke(app, list(map(str, arguments)))
    assert "Traceback" not in done.output
    return done


def test_on_the_command_line(tmp_path):
    path = tmp_path / 'a cell\n""".toml'
    path.write_text(re.sub(r"t_end = \S+", "t_end = 60.0", template("lif")), encoding="utf-8")
    assert [line.split()[0] for line in call("export", path).stdout.splitlines()] == list(TARGETS)
    printed = call("export", path, "--to", "script", "--dt", 0.1)
    out = tmp_path / "out.py"
    done = call("export", path, "--to", "script", "--dt", 0.1, "-o", out)
    assert done.exit_code == 0
    assert out.read_text(encoding="utf-8") in printed.output
    assert "fixed-step twin" in done.output
    compile(out.read_text(encoding="utf-8"), "out.py", "exec")
    refused = call("export", path, "--to", "pyhton")
    assert (refused.exit_code, "python" in refused.output) == (2, True)
    nowhere = call("export", path, "--to", "python", "-o", tmp_path / "no" / "out.py")
    assert nowhere.exit_code == 2


def test_the_usual_step_is_of_the_model_s_own_scale_of_time():
    """The same membrane in mV and ms, and in volts and seconds: no script steps by ten of its milliseconds."""
    written = []
    for ms in (1.0, 1e-3):
        cell = natrium.HybridNeuron(
            equations={"V": "(v_rest - V + I)/tau"},
            parameters={"v_rest": -70.0 * ms, "tau": 10.0 * ms},
            initial={"V": -70.0 * ms},
            v_thresh=-50.0 * ms,
            reset={"V": "v_rest"},
        )
        drive = natrium.Constant(25.0 * ms)
        written.append(
            export(
                natrium.Model(neuron=cell, stimulus=drive, simulation=Simulation(t_end=80.0 * ms)), "script"
            )
        )
    usual, small = (one.distance for one in written)
    assert "dt = 1e-05" in written[1].text
    assert (small.n_found, small.n_true) == (usual.n_found, usual.n_true) == (4, 4)
    assert small.largest == pytest.approx(1e-3 * usual.largest, rel=1e-6)
