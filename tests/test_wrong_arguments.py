"""What is no neuron, model or number ends in natrium's own error, whatever is asked."""

import numpy as np
import pytest

import natrium

LIF, SODIUM = natrium.Neuron(), natrium.notebook.lif_na()
WRONG = [3, "text", None, {}, [1.0], np.array([1.0]), natrium.Neuron]
OF_A_NEURON = {
    "simulate": lambda x: natrium.simulate(x, t_end=1.0),
    "simulate_many": lambda x: natrium.simulate_many(x, t_end=1.0),
    "equilibria": natrium.equilibria,
    "equilibrium_curve": natrium.analysis.equilibrium_curve,
    "rheobase": natrium.rheobase,
    "onset": natrium.onset,
    "describe": natrium.describe,
    "f_i_curve": lambda x: natrium.f_i_curve(x, [1.0]),
    "strength_duration": lambda x: natrium.strength_duration(x, [1.0]),
    "smooth_cycle": lambda x: natrium.smooth_cycle(x, 1.0),
    "phase_response": lambda x: natrium.phase_response(x, 1.0),
    "phase_plane": lambda x: natrium.phase_plane(x, 1.0),
    "limit_cycle": lambda x: natrium.limit_cycle(x, 1.0),
    "return_map": lambda x: natrium.return_map(x, 1.0),
    "orbit": lambda x: natrium.orbit(x, 1.0),
    "latex": natrium.latex,
    "parameters": lambda x: natrium.parameters(x, natrium.Sum()),
    "Model": lambda x: natrium.Model(neuron=x),
}
OF_A_MODEL = {
    "run": natrium.run,
    "reference": natrium.reference,
    "with_parameters": lambda x: natrium.with_parameters(x, {"tau_m": 1.0}),
    "fit": lambda x: natrium.fit(x, [1.0, 2.0], ["tau_m"]),
    "spike_time_gradients": natrium.spike_time_gradients,
}
CYCLE = natrium.limit_cycle(LIF, 20.0)
NO_MAPPING = [3, "x", [1.0], np.array([1.0]), b"x", object()]
OTHERS = {
    "solver": (lambda x: natrium.simulate(LIF, t_end=1.0, solver=x), [3, None, {}, "euler"]),
    "solver of many": (lambda x: natrium.simulate_many(LIF, t_end=1.0, solver=x), [3, None, {}, "euler"]),
    "inputs": (lambda x: natrium.f_i_curve(LIF, x), ["a", [None], {"a": 1}]),
    "durations": (lambda x: natrium.strength_duration(LIF, x), ["a", [None], {"a": 1}]),
    "spike_times": (lambda x: natrium.fit(SODIUM, x, ["I"]), ["a", [None], {"a": 1}]),
    "I": (lambda x: natrium.equilibria(LIF, x), ["a", None, [1.0], float("nan")]),
    "path": (natrium.load, [3, None, [1.0]]),
    "text": (natrium.loads, [3, None, b"natrium = 1"]),
    "stimulus": (lambda x: natrium.simulate(LIF, x, t_end=1.0), [10.0, "step", [1.0], {}]),
    "grid": (lambda x: natrium.simulate_many(LIF, t_end=1.0, grid=x), NO_MAPPING),
    "parameters": (lambda x: natrium.simulate_many(LIF, t_end=1.0, parameters=x), NO_MAPPING),
    "sweep": (lambda x: natrium.sweep(SODIUM, x, "never.nc"), NO_MAPPING),
    "bounds": (lambda x: natrium.fit(SODIUM, [50.0], ["I"], x), NO_MAPPING),
    "names": (lambda x: natrium.fit(SODIUM, [50.0], x), [3, None, [1.0], object()]),
    "directions": (lambda x: natrium.spike_time_gradients(SODIUM, x), [3, [1.0], object()]),
    "values": (lambda x: natrium.with_parameters(SODIUM, x), NO_MAPPING),
    "equations": (lambda x: natrium.HybridNeuron(equations=x, initial={"V": 0.0}), [*NO_MAPPING, None]),
    "initial": (lambda x: natrium.HybridNeuron(equations={"V": "I"}, initial=x), [*NO_MAPPING, None]),
    "script": (natrium.read_script, [3, None, [1.0], b"x"]),
    "subject": (natrium.load_subject, [3, None, [1.0], b"x"]),
    "model file": (SODIUM.save, [3, None, [1.0], b"x"]),
    "run": (lambda x: natrium.simulate(LIF, t_end=1.0).save(x), [3, None, [1.0], b"x"]),
    "time": (lambda x: natrium.simulate(LIF, t_end=1.0).state(x), ["x", {}, object()]),
    "diagnosis": (lambda x: natrium.diagnose(None, x), [3, None, "x", [1.0]]),
    "compared": (natrium.compare, [3, None, "x", [1.0]]),
    "findings": (natrium.findings, [3, None, "x", [1.0]]),
    "budget": (natrium.error_budget, [3, None, "x", [1.0]]),
    "plane": (lambda x: natrium.reduction_error(x, 1.0, t_end=1.0), [3, None, "x", [1.0]]),
    "axis": (lambda x: natrium.phase_plane(SODIUM.neuron, 1.0, x=x), [3, [1.0], b"x"]),
    "system": (natrium.lower, [3, None, [1.0], {}, LIF]),
    "steps": (natrium.reproduce, ["x", {"a": 1}, object()]),
    "bifurcation": (lambda x: natrium.reset_bifurcation(LIF, 20.0, "tau_ref", x), ["x", {}, object()]),
    "phases": (lambda x: natrium.direct_response(CYCLE, 0.1, x), ["x", {}, [], object()]),
    "errors": (lambda x: natrium.observed_order([0.1, 0.2], x), ["x", {}, object()]),
}
ASKED = [
    *((name, ask, wrong) for name, ask in (OF_A_NEURON | OF_A_MODEL).items() for wrong in WRONG),
    *((name, ask, wrong) for name, (ask, values) in OTHERS.items() for wrong in values),
]


@pytest.mark.parametrize(("name", "ask", "wrong"), ASKED, ids=lambda x: x if isinstance(x, str) else "")
def test_a_wrong_argument_is_refused_in_words(name, ask, wrong):
    with pytest.raises(natrium.NatriumError) as told:
        ask(wrong)
    assert "got" in str(told.value)


def test_a_name_that_is_nearly_right_is_named():
    with pytest.raises(natrium.ModelError, match=r"got 'g_na'; did you mean 'g_Na'\?"):
        natrium.with_parameters(SODIUM, {"g_na": 1.0})
    with pytest.raises(natrium.ModelError, match=r"did you mean 'compiled'\?"):
        natrium.simulate(LIF, t_end=1.0, solver="compile")
    with pytest.raises(natrium.ModelError, match=r"got 'hh_sodum'; did you mean 'hh_sodium'\?"):
        natrium.CHANNELS["hh_sodum"]


def test_the_catalogue_stays_a_mapping():
    assert "sodium" not in natrium.CHANNELS
    assert natrium.CHANNELS.get("sodium") is None
    with pytest.raises(KeyError, match="must be one of notebook_sodium_1"):
        natrium.CHANNELS["sodium"]
    assert list(natrium.CHANNELS) == [name for name in natrium.CHANNELS if name in natrium.CHANNELS]


def test_a_bare_number_is_no_stimulus_and_the_way_to_write_it_is_said():
    with pytest.raises(natrium.StimulusError, match=r"got 10\.0: write Constant\(10\.0\)"):
        natrium.simulate(LIF, 10.0, t_end=1.0)


def test_by_nothing_there_is_no_derivative():
    assert natrium.spike_time_gradients(SODIUM, []).matrix.shape == (3, 0)
