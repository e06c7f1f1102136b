"""The fixed-step script does what its twin does, and the doctor finds no fault in it."""

import attrs
import numpy as np
import pytest

from natrium.analysis.doctor import read_script
from natrium.export.lowered import lower_model
from natrium.export.script import write_script
from natrium.export.targets import SCRIPT_TWIN
from natrium.solvers import EventDriven, run
from tests.export.cases import CASES, LIF, Constant, lowered, made, run_text

# Of a threshold that moves, and where V jumps, the line through a step is another one to the twin.
TWINS = [name for name in CASES if name not in ("a moving threshold", "spikes to V")]
DT = 0.05


@pytest.mark.parametrize("name", TWINS)
def test_spikes_are_the_twin_s(name, tmp_path):
    twin = SCRIPT_TWIN.spikes(lowered(name), DT)
    found = np.array(run_text(write_script(lowered(name), DT), tmp_path)["spike_times"])
    assert found.size == twin.size
    assert np.max(np.abs(found - twin), initial=0.0) < 1e-9


@pytest.mark.parametrize("name", ["a moving threshold", "spikes to V"])
def test_spikes_come_to_natrium_s(name, tmp_path):
    truth = run(CASES[name], EventDriven()).spike_times
    found = np.array(run_text(write_script(lowered(name), 0.005), tmp_path)["spike_times"])
    assert found.size == truth.size
    assert np.max(np.abs(found - truth), initial=0.0) < 0.05


def test_the_doctor_finds_no_fault(tmp_path):
    model = made(attrs.evolve(LIF, tau_ref=1.0), Constant(20.0), t_end=30.0)
    path = tmp_path / "written.py"
    path.write_text(write_script(lower_model(model), 0.1), encoding="utf-8")
    (reading,) = read_script(str(path))
    assert [one for one in reading.findings if one.kind == "fault"] == []
    assert reading.model.neuron.tau_ref == pytest.approx(1.0)
    assert "Runge-Kutta" in str(reading.scheme)
