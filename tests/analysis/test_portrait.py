"""What kind of neuron a script has, in one."""

import json

import pytest

import natrium
from natrium.analysis.portrait import dynamics


def test_the_lif_above_its_rheobase_fires_by_the_closed_form():
    found = dynamics(natrium.Neuron(), 20.0)
    assert found.verdict.rheobase.value == 15.0
    assert found.cycle.period == pytest.approx(15.862943611198906, abs=1e-10)
    assert found.plane is None
    assert found.sentences()[-1] == found.cycle.sentences()[0]
    assert "fires every 15.862943611 ms" in found.sentences()[-1]
    assert 0.0 < found.data()["period_error_ms"] < 1e-9
    assert found.response.kind == 1


def test_below_it_it_is_silent_and_said_to_be():
    found = dynamics(natrium.Neuron(), 10.0)
    assert found.cycle is found.response is None
    assert "does not go on firing" in found.sentences()[-1]
    data = json.loads(json.dumps(found.data(), allow_nan=False))
    assert (data["rheobase_mV"], data["period_ms"], data["period_error_ms"]) == (15.0, None, None)
    assert 0.0 < data["rheobase_error_mV"] < 1e-12
