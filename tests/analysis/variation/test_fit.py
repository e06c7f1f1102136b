"""Fits of spike times: truth found again, uncertainties, unequal numbers of spikes."""

import math

import attrs
import numpy as np
import pytest

from natrium.analysis.variation.fit import fit
from natrium.analysis.variation.misfit import Misfit
from natrium.model import (
    Channel,
    Constant,
    Gate,
    HybridNeuron,
    Model,
    ModelError,
    Neuron,
    Simulation,
    Step,
    constants,
    load,
    notebook,
)
from natrium.model.files.new import template
from natrium.model.parameters import with_parameters
from natrium.solvers import Compiled, EventDriven, run

LIF = Model(neuron=Neuron(), stimulus=Constant(20.0), simulation=Simulation(t_end=200.0))


def spikes(model, **values):
    return run(with_parameters(model, values), EventDriven(rtol=1e-12)).spike_times


@pytest.mark.parametrize(
    ("start", "bounds"),
    [({"g_Na": 105.0, "I_0": 11.0}, None), ({"g_Na": 60.0, "I_0": 6.0}, {"g_Na": (10, 300), "I_0": (0, 40)})],
    ids=["near", "silent"],
)
def test_the_notebook_model_is_found_again(start, bounds):
    model = notebook.lif_na()
    data = spikes(model)
    begin = with_parameters(model, start)
    if bounds:
        assert spikes(begin).size == 0
    told = []
    found = fit(begin, data, list(start), bounds, progress=told.append)
    np.testing.assert_allclose(found.values, [120.0, 10.0], rtol=1e-7)
    np.testing.assert_allclose(found.initial, list(start.values()))
    assert found.converged
    assert found.determined
    assert (found.n_data, found.n_model) == (3, 3)
    assert found.rms < 1e-8
    assert not found.at_bound.any()
    assert spikes(found.model) == pytest.approx(data, abs=1e-7)
    assert told[-1].rms < 1e-8
    assert found["g_Na"] == found.table()[0]["value"]
    with pytest.raises(KeyError, match="one of g_Na, I_0, got 'E_Na'"):
        found["E_Na"]


def test_a_number_in_the_rates_is_found_again():
    with constants({"v_half": -40.0}):
        channel = Channel("P", 0.1, 50.0, [Gate("p", inf="1/(1 + exp((v_half - V)/5))")])
    model = Model(neuron=Neuron(channels=[channel]), stimulus=Step(16.0), simulation=Simulation(t_end=50.0))
    found = fit(model, spikes(model, v_half=-38.0), "v_half")
    np.testing.assert_allclose(found.values, [-38.0], rtol=1e-7)
    assert type(found.model.neuron) is type(found.gradients.trajectory.neuron) is Neuron


def of_constants():
    """Give the notebook's second model, the middles of both gates' rates named."""
    with constants({"Vm": -40.0, "Vh": -35.0}):
        m = Gate(
            "m",
            3,
            alpha="0.1*(V - Vm)/(1 - exp(-(V - Vm)/10))",
            beta="4*exp(-(V + 65)/18)",
            initial=0.0,
        )
        h = Gate("h", alpha="0.07*exp(-(V + 65)/20)", beta="1/(1 + exp(-(V - Vh)/10))", initial=1.0)
    neuron = Neuron(channels=[Channel("Na", 120.0, 50.0, [m, h])])
    return attrs.evolve(notebook.lif_na(), neuron=neuron)


def test_numbers_in_the_rates_are_compiled_once():
    pytest.importorskip("numba")
    model = of_constants()
    misfit = Misfit(model, spikes(model), ("Vm", "g_Na"))
    assert isinstance(misfit.solver, Compiled)
    structures = {misfit.solve(np.array([Vm, 120.0])).neuron.system.structure for Vm in (-40.0, -39.5)}
    assert len(structures) == 1


def test_compiled_or_not_a_fit_finds_the_same(monkeypatch):
    model = of_constants()
    data = spikes(model) + np.array([0.01, -0.02, 0.01])
    compiled = fit(model, data, ["Vm", "g_Na"], sigma=0.01)
    monkeypatch.setattr(
        "natrium.analysis.variation.misfit.accurate", lambda neuron, rtol: EventDriven(rtol=rtol)
    )
    other = fit(model, data, ["Vm", "g_Na"], sigma=0.01)
    assert isinstance(other.gradients.trajectory.made_by, EventDriven)
    np.testing.assert_allclose(compiled.values, other.values, rtol=1e-6)
    np.testing.assert_allclose(compiled.uncertainty, other.uncertainty, rtol=1e-6)


def test_uncertainties_are_those_of_linear_theory():
    truth = spikes(LIF)
    rng = np.random.default_rng(4)
    noisy = truth + 0.05 * rng.standard_normal(truth.size)
    found = fit(with_parameters(LIF, {"I_0": 22.0, "tau_ref": 1.0}), noisy, ["I_0", "tau_ref"], sigma=0.05)
    k = np.arange(truth.size)
    slopes = np.column_stack([(k + 1) * 10.0 * (1 / 20 - 1 / 5), k])
    expected = np.sqrt(np.diag(0.05**2 * np.linalg.inv(slopes.T @ slopes)))
    np.testing.assert_allclose(found.uncertainty, expected, rtol=0.02)
    assert np.all(np.abs(found.values - [20.0, 2.0]) < 4 * expected)
    estimated = fit(with_parameters(LIF, {"I_0": 22.0, "tau_ref": 1.0}), noisy, ["I_0", "tau_ref"])
    np.testing.assert_allclose(estimated.values, found.values, rtol=1e-7)
    assert 0.02 < estimated.sigma < 0.1
    assert estimated.sigma == pytest.approx(estimated.rms * math.sqrt(truth.size / (truth.size - 2)))


def test_what_the_spikes_do_not_tell():
    """One spike at a constant input: its time depends on I and on the depth of the threshold together."""
    short = attrs.evolve(LIF, simulation=Simulation(t_end=15.0))
    found = fit(with_parameters(short, {"I_0": 23.0}), spikes(short), ["I_0", "v_thresh"])
    assert found.rms < 1e-8
    assert not found.determined
    assert np.isinf(found.uncertainty).all()
    assert math.isnan(found.sigma)


@pytest.mark.parametrize("start", [40.0, 15.5, 12.0], ids=["too many", "too few", "none"])
def test_another_number_of_spikes_at_the_start(start):
    data = spikes(LIF)
    begin = with_parameters(LIF, {"I_0": start})
    assert spikes(begin).size != data.size
    found = fit(begin, data, ["I_0"])
    assert found["I_0"] == pytest.approx(20.0, abs=1e-7)
    assert found.n_model == found.n_data


def test_a_bound_holds():
    found = fit(with_parameters(LIF, {"I_0": 25.0}), spikes(LIF), ["I_0"], {"I_0": (22.0, 40.0)})
    assert found["I_0"] == pytest.approx(22.0, abs=1e-6)
    assert found.at_bound.tolist() == [True]


def test_steps_where_the_model_breaks_a_rule_are_shortened():
    """From a threshold just above the reset, early steps would put it below."""
    begin = with_parameters(LIF, {"v_thresh": -69.0})
    found = fit(begin, spikes(LIF, v_thresh=-60.0), ["v_thresh"])
    assert found["v_thresh"] == pytest.approx(-60.0, abs=1e-6)


@pytest.mark.parametrize("I", [40.0, 18.0, 15.2, 14.0], ids=["extra", "late", "missing", "silent"])
def test_the_slopes_of_the_misfit_are_its_differences(I):
    model = attrs.evolve(LIF, stimulus=Step(20.0, start=3.0, stop=230.0))
    misfit = Misfit(model, spikes(model), ("I_0", "tau_m", "v_thresh"))
    x, h = np.array([I, 9.0, -55.0]), 1e-5
    slopes = misfit.jacobian(x)
    for column, unit in enumerate(np.eye(3)):
        up, down = misfit.residuals(x + h * unit), misfit.residuals(x - h * unit)
        np.testing.assert_allclose(slopes[:, column], (up - down) / (2 * h), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("I", [18.0, 15.2, 14.0], ids=["late", "missing", "silent"])
def test_own_equations_have_the_misfit_of_the_neuron_that_they_spell(I):
    own = HybridNeuron(
        equations={"V": "(-(V + 70) + I)/tau_m"},
        initial={"V": -70.0},
        parameters={"tau_m": 10.0},
        v_thresh=-55.0,
        reset={"V": -70.0},
        tau_ref=2.0,
    )
    names, x = ("I_0", "tau_m", "v_thresh"), np.array([I, 9.0, -55.5])
    one, other = (
        Misfit(attrs.evolve(LIF, neuron=neuron), spikes(LIF), names) for neuron in (LIF.neuron, own)
    )
    np.testing.assert_allclose(other.residuals(x), one.residuals(x), rtol=1e-8, atol=1e-8)
    np.testing.assert_allclose(other.jacobian(x), one.jacobian(x), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    ("kind", "t_end", "start"),
    [("adex", 150.0, 500.0), ("fitzhugh-nagumo", 160.0, 0.2), ("mat", 100.0, 18.0)],
)
def test_equations_of_any_kind_are_fitted_from_too_few_spikes(tmp_path, kind, t_end, start):
    """A cut-off, a level that V goes on through, and a threshold that moves."""
    (tmp_path / "model.toml").write_text(template(kind), encoding="utf-8")
    model = load(tmp_path / "model.toml")
    model = attrs.evolve(model, simulation=Simulation(t_end=t_end))
    (amplitude,) = (one.amplitude for one in model.stimulus.parts)
    begin = with_parameters(model, {"I_0": start})
    assert spikes(begin).size < spikes(model).size
    assert fit(begin, spikes(model), ["I_0"])["I_0"] == pytest.approx(amplitude, rel=1e-6)


def test_what_cannot_be_fitted_is_refused():
    data = spikes(LIF)
    with pytest.raises(ModelError, match="must be increasing numbers, at least one"):
        fit(LIF, data[::-1], ["I_0"])
    with pytest.raises(ModelError, match="at least one"):
        fit(LIF, [], ["I_0"])
    with pytest.raises(ModelError, match="within the model's span"):
        fit(LIF, [*data, 300.0], ["I_0"])
    with pytest.raises(ModelError, match="got none: name at least one"):
        fit(LIF, data, [])
    with pytest.raises(ModelError, match="one of tau_m.*got 'g_Na'"):
        fit(LIF, data, ["g_Na"])
    with pytest.raises(ModelError, match="bounds must name fitted parameters, I_0, got 'tau_m'"):
        fit(LIF, data, ["I_0"], {"tau_m": (1.0, 2.0)})
    with pytest.raises(ModelError, match=r"hold the model's own value \(20.0\)"):
        fit(LIF, data, ["I_0"], {"I_0": (30.0, 40.0)})
    with pytest.raises(ModelError, match="no t_end"):
        fit(attrs.evolve(LIF, simulation=Simulation()), data, ["I_0"])
    with pytest.raises(ModelError, match="needs a threshold"):
        fit(attrs.evolve(LIF, neuron=Neuron(v_thresh=None)), data, ["I_0"])
    with pytest.raises(ModelError, match="got int"):
        fit(3, data, ["I_0"])
    with pytest.raises(ModelError, match="sigma"):
        fit(LIF, data, ["I_0"], sigma=0.0)
