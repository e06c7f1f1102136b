"""Least pulses from rest: Lapicque's closed form, cells that accommodate, and what is refused."""

from importlib import import_module

import numpy as np
import pytest

import natrium
from natrium import Channel, Gate, Neuron
from natrium.analysis.excitability.strength_duration import strength_duration
from natrium.solvers import EventDriven

pulses = import_module(
    "natrium.analysis.excitability.strength_duration"
)  # the package's attribute is the function

LIF = Neuron()
SODIUM = natrium.notebook.lif_na().neuron
TWO = natrium.notebook.lif_na2().neuron


def test_pulses_of_the_lif_follow_lapicque():
    d = np.array([0.01, 1.0, 10.0, 100.0])
    found = strength_duration(LIF, d)
    np.testing.assert_allclose(found.amplitudes, 15.0 / (1.0 - np.exp(-d / 10.0)), rtol=1e-12)
    np.testing.assert_allclose(found.charges[0], 150.0, rtol=1e-3)
    assert found.rheobase == 15.0
    assert found.chronaxie == pytest.approx(10.0 * np.log(2.0), rel=1e-14)


def test_bisected_pulses_agree_with_lapicque():
    """A channel without conductance sends the LIF through the event-driven solver."""
    gate = Gate("x", 1, inf="1/(1 + exp(-(V + 50)/5))", tau="1.0")
    silent = Neuron(channels=[Channel("none", 0.0, 50.0, [gate])])
    found = strength_duration(silent, [1.0, 10.0])
    np.testing.assert_allclose(found.amplitudes, 15.0 / -np.expm1([-0.1, -1.0]), rtol=1e-7)
    assert found.rheobase == pytest.approx(15.0, rel=1e-12)
    assert found.chronaxie == pytest.approx(10.0 * np.log(2.0), rel=1e-7)


def test_a_cell_that_accommodates_has_a_lower_rheobase_for_pulses():
    """A slow outward gate, closed at rest: a step fires once where a slow rise to the same input does not."""
    gate = Gate("w", inf="1/(1 + exp(-(V + 55)/3))", tau="100.0")
    cell = Neuron(channels=[Channel("K", 2.0, -80.0, [gate])])
    found = strength_duration(cell, [1.0, 300.0])
    slow = natrium.rheobase(cell).value
    assert found.rheobase < slow - 1.0
    run = [
        natrium.simulate(cell.started(list(_rest(cell))), natrium.Constant(f * found.rheobase), t_end=500.0)
        for f in (1.0 - 1e-6, 1.0 + 1e-6)
    ]
    assert run[0].n_spikes == 0 < run[1].n_spikes
    twice = [
        natrium.simulate(
            cell.started(list(_rest(cell))),
            natrium.Step(2.0 * found.rheobase, start=0.0, stop=f * found.chronaxie),
            t_end=500.0,
        )
        for f in (1.0 - 1e-6, 1.0 + 1e-6)
    ]
    assert twice[0].n_spikes == 0 < twice[1].n_spikes


def _rest(neuron):
    return next(e for e in natrium.equilibria(neuron, 0.0) if e.stable).state


def test_pulses_by_sections_are_those_by_halves(monkeypatch):
    """Many at once by the compiled solver, one by one by the event-driven one: the same least pulses."""
    at_once = strength_duration(SODIUM, [0.5, 5.0]).amplitudes
    monkeypatch.setattr(pulses, "accurate", lambda neuron, rtol: EventDriven(rtol=rtol))
    monkeypatch.setattr(pulses, "TOLERANCE", 1e-6)
    np.testing.assert_allclose(strength_duration(SODIUM, [0.5, 5.0]).amplitudes, at_once, rtol=1e-6)


def test_a_cell_that_no_pulse_excites_is_refused(monkeypatch):
    monkeypatch.setattr(pulses, "LARGEST", 100.0)
    with pytest.raises(natrium.ModelError, match=r"no spike up to 100 mV over 0\.01 ms"):
        strength_duration(SODIUM, [0.01])


def test_pulses_need_a_rest():
    with pytest.raises(natrium.ModelError, match="from rest"):
        strength_duration(TWO, [1.0])
    with pytest.raises(natrium.ModelError, match="durations must be positive"):
        strength_duration(LIF, [0.0])
