"""The standard: trains that engines agree on, and simulators held against them."""

import json
import math

import mpmath
import numpy as np
import pytest
from typer.testing import CliRunner

import natrium
from natrium.cli import app
from natrium.export.lowered import lower_model
from natrium.export.python import write_python
from natrium.export.standard import StandardRow, StandardRun, choose_trains, run_standard, standard
from natrium.model import ModelError, UnsupportedModel
from natrium.solvers import EventDriven, run
from tests.export.cases import run_text

ALL = {one.name: one for one in standard()}


def test_every_train_has_two_engines_and_a_bound():
    assert len(ALL) >= 35
    for one in ALL.values():
        assert len(one.engines) >= 2
        assert one.trust < 1e-9
        assert np.all(np.diff(one.spike_times) > 0.0)
        assert one.model.simulation.t_end > one.spike_times.max(initial=0.0)


@pytest.mark.parametrize(
    "name", ["notebook: LIF with sodium", "LIF: noise", "LIF: just over", "LIF: just under", "AdEx: tonic"]
)
def test_natrium_gives_them_again(name):
    found = run(ALL[name].model, EventDriven(rtol=1e-12)).spike_times
    assert found == pytest.approx(ALL[name].spike_times, abs=1e-9)


def test_the_constant_input_s_are_the_closed_form_s():
    """t_k = k (tau ln(I/(I - 15)) + tau_ref) - tau_ref, in thirty digits."""
    with mpmath.workdps(30):
        first = 10 * mpmath.log(mpmath.mpf(20) / 5)
        times = [float(first + k * (first + 2)) for k in range(6)]
    assert ALL["LIF: constant"].spike_times == pytest.approx(times, abs=1e-10)


def test_a_script_without_natrium_gives_them(tmp_path):
    train = ALL["Wang-Buzsaki"]
    found = run_text(write_python(lower_model(train.model)), tmp_path)["simulate"]()
    assert found == pytest.approx(train.spike_times, abs=1e-8)


def test_a_run_tells_errors_and_their_order():
    (row,) = run_standard("script", dt=0.01, names=["LIF: constant"])
    assert (row.missed, row.extra, row.said) == (0, 0, "")
    assert 1e-4 < row.largest < 0.1
    assert row.seconds > 0.0
    (exact,) = run_standard("scipy", names=["LIF: constant"])
    assert exact.largest < 1e-8
    assert math.isnan(exact.order)


def test_what_a_target_cannot_say_is_a_row_that_says_so():
    result = StandardRun(
        "xpp", "xppaut", 0.01, (StandardRow("a", 3, 1, 0, 0.5, 1.0, 2.0), StandardRow("b", 2, said="no"))
    )
    said = " ".join(result.sentences())
    assert "of 2 models 1 ran, 0 with the right number" in said
    assert "0.5 ms in a" in said
    assert [row["name"] for row in result.table()] == ["a", "b"]


def test_names_are_chosen_by_how_they_begin():
    assert {one.name for one in choose_trains(["adex"])} == {name for name in ALL if name.startswith("AdEx")}
    with pytest.raises(ModelError, match="Hodgkin-Huxley"):
        choose_trains(["Hodkin"])
    with pytest.raises(UnsupportedModel, match="nothing runs"):
        list(run_standard("latex"))


def call(*arguments):
    done = CliRunner().invoke(app, list(map(str, arguments)))
    assert "Traceback" not in done.output
    return done


def test_on_the_command_line(tmp_path):
    assert len(call("standard").stdout.splitlines()) == len(ALL)
    said = json.loads(call("standard", "LIF: constant", "--json").stdout)
    assert said["cases"]["LIF: constant"]["spike_times"][0] == 13.8629436112
    assert call("standard", "LIF: ramp", "--out", tmp_path / "all", "--dt", 0.05).exit_code == 0
    folder = tmp_path / "all" / "lif_ramp"
    assert natrium.load(folder / "model.toml") == ALL["LIF: ramp"].model
    assert {"python.py", "brian2.py", "xpp.ode", "latex.tex"} <= {path.name for path in folder.iterdir()}
    ran = call("standard", "LIF: ramp", "--run", "script", "--dt", 0.05, "--json")
    assert json.loads(ran.stdout)["rows"][0]["missed"] == 0
    for wrong in (("--run", "brain2"), ("--dt", "-1"), ("nothing",)):
        assert call("standard", *wrong).exit_code == 2
