"""Neurons of any equations, solved by the same solver."""

from itertools import pairwise

import attrs
import numpy as np
import pytest
import sympy
from scipy.linalg import expm
from scipy.optimize import brentq

import natrium

V, w, I = sympy.symbols("V w I", real=True)


def adex(v_reset):
    """Touboul & Brette 2008, figure 8B (doi 10.1007/s00422-008-0267-4); the cut-off five slopes over V_T."""
    C, gL, EL, VT, slope, tau_w, a, b = 281.0, 30.0, -70.6, -50.4, 2.0, 40.0, 4.0, 80.0
    return natrium.HybridNeuron(
        equations={
            "V": (-gL * (V - EL) + gL * slope * sympy.exp((V - VT) / slope) - w + I) / C,
            "w": (a * (V - EL) - w) / tau_w,
        },
        initial={"V": v_reset, "w": 200.0},
        v_thresh=VT + 5.0 * slope,
        reset={"V": v_reset, "w": w + b},
    )


@pytest.mark.parametrize(("v_reset", "orbit"), [(-48.3, [215.12, 252.87]), (-47.8, [193.58, 253.84, 288.38])])
def test_reset_that_adds_gives_the_periods_of_the_adaptive_exponential_neuron(v_reset, orbit):
    run = natrium.simulate(adex(v_reset), natrium.Constant(800.0), t_end=1500.0)
    found = np.sort([event.before[1] for event in run.events[-len(orbit) :]])
    np.testing.assert_allclose(found, orbit, atol=0.01)
    for event in run.events:
        assert event.after.tolist() == [v_reset, event.before[1] + 80.0]


def lif(**changes):
    tau, rest, reset = sympy.symbols("tau_m v_rest v_reset")  # whatever their assumptions
    given = {
        "equations": {"V": (-(V - rest) + I) / tau},
        "parameters": {"tau_m": 10.0, "v_rest": -70.0, "v_reset": -72.0},
        "initial": {"V": -70},
        "v_thresh": -55.0,
        "reset": {"V": reset},
        "tau_ref": 2.0,
    }
    return natrium.HybridNeuron(**given | changes)


@pytest.mark.parametrize("method", ["auto", "RK45", "DOP853", "Radau", "Radau13"])
def test_written_by_hand_the_lif_is_the_lif(method):
    own = natrium.simulate(lif(), natrium.Constant(20.0), t_end=100.0, method=method)
    known = natrium.ClosedForm().solve(natrium.Neuron(v_reset=-72.0), natrium.Constant(20.0), t_end=100.0)
    np.testing.assert_allclose(own.spike_times, known.spike_times, rtol=0, atol=1e-7)
    assert np.all(np.abs(own.spike_times - known.spike_times) <= own.spike_time_errors + 1e-12)
    assert own.state(own.spike_times[0] + 1.0)[0] == -72.0
    assert own.names == ("V",)
    assert len(own.manifest["model_sha256"]) == 64


def test_without_threshold_nothing_is_reset():
    run = natrium.simulate(lif(v_thresh=None), natrium.Constant(20.0), t_end=100.0)
    assert run.n_spikes == 0
    assert run.final_state["V"] == pytest.approx(-50.0 - 20.0 * np.exp(-10.0), abs=1e-7)


@pytest.mark.parametrize("solver", [natrium.ClosedForm()])
def test_solvers_of_channels_refuse_it_by_name(solver):
    with pytest.raises(natrium.UnsupportedModel, match="EventDriven"):
        solver.solve(lif(), t_end=10.0)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"equations": {"w": V}}, "first state must be V"),
        ({"equations": {}}, "got none"),
        ({"equations": {"V": "-W"}}, "Name 'W' found at character 2"),
        ({"equations": {"V": None}}, "must be text, a SymPy expression or a number"),
        ({"equations": {"V": -V * sympy.Symbol("k")}}, "got k"),
        ({"reset": {"V": I}}, r"reset\.V: .* got I"),
        ({"reset": {"x": V}}, "x, which is no state"),
        ({"initial": {"V": -55.0}}, "must start below v_thresh"),
        (
            {"equations": {"V": -V, "w": "-w"}, "initial": {"V": -50.0, "w": 3.0}},
            r"must start below v_thresh \(-55.0 mV\), got -50.0 mV",
        ),
        ({"initial": {"V": float("nan")}}, "V must be finite"),
        ({"initial": {}}, "initial must name the states V"),
        ({"parameters": {"tau_m": 10.0, "v_rest": "x", "v_reset": 0.0}}, "v_rest must be a number"),
        ({"parameters": {"V": 1.0}}, "must differ"),
        ({"parameters": {"a b": 1.0}}, "must be a name"),
        ({"tau_ref": -1.0}, "tau_ref"),
    ],
)
def test_what_has_no_meaning_is_refused(changes, told):
    with pytest.raises(natrium.ModelError, match=told):
        lif(**changes)


def test_a_reset_onto_the_threshold_falls_from_there_or_fires_again_after_the_refractory_period():
    """Izhikevich's resonate-and-fire neuron (2001): z' = (b + i) z, reset to i, whose threshold is Im z = 1."""
    cell = natrium.HybridNeuron(
        equations={"V": "b*V + x", "x": "b*x - V + I"},
        parameters={"b": -0.1},
        initial={"V": 0.0, "x": 1.5},
        v_thresh=1.0,
        reset={"V": 1.0, "x": -1.0},
    )
    run = natrium.simulate(cell, natrium.Step(0.8, start=3.0), t_end=30.0)
    assert not run.warnings
    first = brentq(lambda t: 1.5 * np.exp(-0.1 * t) * np.sin(t) - 1.0, 0.1, 1.2, xtol=1e-15)
    assert run.spike_times[0] == pytest.approx(first, abs=1e-9)
    A, times = np.array([[-0.1, 1.0], [-1.0, -0.1]]), run.spike_times
    assert len(times) > 1
    for begin, end in pairwise(times.tolist()):
        z = np.array([1.0, -1.0])
        for a, b, I in ((begin, min(end, 3.0), 0.0), (max(begin, 3.0), end, 0.8)):
            if b > a:
                still = np.linalg.solve(A, [0.0, -I])
                z = still + expm(A * (b - a)) @ (z - still)
        assert z[0] == pytest.approx(1.0, abs=1e-8)
    rising = natrium.HybridNeuron(
        equations={"V": "I - V"}, initial={"V": 0.0}, v_thresh=1.0, reset={"V": 1.0}, tau_ref=3.0
    )
    spikes = natrium.simulate(rising, natrium.Constant(2.0), t_end=10.0).spike_times
    assert spikes == pytest.approx(np.log(2.0) + 3.0 * np.arange(4), abs=1e-9)
    with pytest.raises(natrium.SolverError, match="reset must take V below v_thresh"):
        natrium.simulate(attrs.evolve(rising, tau_ref=0.0), natrium.Constant(2.0), t_end=10.0)
