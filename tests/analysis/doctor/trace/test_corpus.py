"""The corpus: scripts in many styles, taken as they are; their maps give every double again."""

import pytest

from tests.analysis.doctor.trace.runs import SCRIPTS, first_unexplained, traced

pytestmark = pytest.mark.corpus

# By script: its states, how many maps, input, time, step, SciPy's solver.
CORPUS = {
    "adaptive_threshold.py": (("v", "th"), 2, "", "", "dt", ""),
    "adex.py": (("V", "w"), 2, "I", "", "dt", ""),
    "backward_euler.py": (("v",), 2, "", "i", "dt", ""),
    "class_step_counter.py": (("self.v", "self.counter"), 3, "I", "", "dt", ""),
    "class_update.py": (("self.v", "self.last_spike"), 3, "current", "t", "dt", ""),
    "class_update_current_dt.py": (("self.v", "self.refractory_until"), 3, "current", "self.time", "dt", ""),
    "clip_and_max.py": (("ref", "w", "v"), 3, "", "", "dt", ""),
    "dict_state.py": (("cell['V']", "cell['ref']"), 3, "", "k", "dt", ""),
    "exact_decay.py": (("V", "left"), 3, "", "k", "dt", ""),
    "excite.py": (("self.v", "self.hold"), 3, "", "", "dt", ""),
    "exponential_if.py": (("self.v",), 2, "", "now", "dt", ""),
    "fi_curve.py": (("V", "t_spike"), 3, "", "t", "dt", ""),
    "function_dict.py": (("v",), 2, "I", "t", "dt", ""),
    "function_tuple.py": (("V", "ref"), 3, "I", "i", "dt", ""),
    "generator.py": (("v",), 2, "", "t", "dt", ""),
    "globals_step.py": (("V", "t_last"), 3, "current", "t", "dt", ""),
    "hh_class_run.py": (("self.V", "self.m", "self.h", "self.n"), 1, "I_inj", "self.t", "dt", ""),
    "hh_loop.py": (("V", "n", "m", "h"), 1, "I", "i", "dt", ""),
    "hh_odeint.py": (("V", "m", "h", "n"), 1, "", "t", "", "odeint"),
    "hh_rk4_vector.py": (("V", "m", "h", "n"), 1, "I", "i", "dt", ""),
    "izhikevich.py": (("v", "u"), 2, "", "step", "dt", ""),
    "izhikevich_call.py": (("self.u", "self.V"), 2, "I", "i", "dt", ""),
    "lif_solve_ivp.py": (("v",), 1, "", "t", "", "solve_ivp RK45"),
    "list_comprehension.py": (("self._v",), 2, "i", "", "dt", ""),
    "loop_arrays.py": (("V",), 2, "I", "t", "dt", ""),
    "morris_lecar.py": (("V", "w"), 1, "", "", "dt", ""),
    "namedtuple_state.py": (("state.v", "state.w"), 2, "", "", "dt", ""),
    "noise_drawn_in_loop.py": (("v",), 2, "", "", "dt", ""),
    "noisy.py": (("V",), 2, "", "i", "dt", ""),
    "notebook_lif.ipynb": (("v",), 2, "", "", "dt", ""),
    "painted_rc.py": (("Vm", "t_rest"), 3, "", "t", "dt", ""),
    "plot_only.py": (("v",), 2, "", "n", "dt", ""),
    "population.py": (("v_n", "last_spike"), 4, "i", "t", "dt", ""),
    "population_where.py": (("V", "ref"), 3, "", "", "dt", ""),
    "quadratic_if.py": (("x",), 2, "", "", "h", ""),
    "refractory_by_index.py": (("u", "last"), 3, "", "i", "dt", ""),
    "rk4_by_hand.py": (("v",), 2, "stim", "t", "h", ""),
    "rows_of_matrix.py": (("v", "u"), 2, "I", "k", "dt", ""),
    "rush_larsen.py": (("m", "h", "v", "ref"), 3, "I", "t", "dt", ""),
    "scipy_ode_reset.py": (("v",), 1, "", "t", "", "ode dopri5"),
    "sine_input.py": (("v",), 2, "", "t", "dt", ""),
    "state_vector.py": (("v", "w"), 2, "", "", "dt", ""),
    "substeps.py": (("V",), 2, "I", "t", "dt", ""),
    "synapse_events.py": (("v", "g"), 3, "", "n", "dt", ""),
    "two_neurons.py": (("v[0]", "v[1]", "fired[0]", "fired[1]"), 3, "", "", "dt", ""),
    "while_lists.py": (("V",), 3, "", "t", "dt", ""),
    "while_time.py": (("V",), 2, "", "t", "dt", ""),
    # More styles.
    "adex_si.py": (("V", "w"), 2, "I", "k", "dt", ""),
    "exponential_update.py": (
        ("self.V", "self.t_last"),
        3,
        "16.0 if t > 8.0 else 0.0",
        "t",
        "dt",
        "",
    ),
    "fold.py": (("v",), 2, "x", "", "DT", ""),
    "hh_currents.py": (("V", "m", "h", "n"), 1, "I_inj", "t", "dt", ""),
    "hh_gate_objects.py": (
        ("self.m.x", "self.h.x", "self.n.x", "self.v"),
        1,
        "15.0 if k >= 100 else 0.0",
        "k",
        "dt",
        "",
    ),
    "inf_and_tau.py": (("n", "q", "v"), 1, "current", "k", "p['dt']", ""),
    "izhikevich_parameters.py": (("v", "u"), 2, "100.0 if t >= 50.0 else 0.0", "i", "tau", ""),
    "masked_group.py": (
        ("self.v[0]", "self.v[1]", "self.v[2]", "self.last[1]", "self.last[2]"),
        7,
        "",
        "t",
        "dt",
        "",
    ),
    "odeint_steps.py": (("v",), 2, "current", "t", "", ""),
    "rk4_class.py": (("v", "w"), 2, "", "t", "h", ""),
    "seconds_function.py": (("v", "wait"), 3, "I", "i", "dt", ""),
    "sodium_arrays.py": (("m", "h", "V", "ref"), 3, "I", "time", "dt", ""),
    "solve_ivp_steps.py": (("v", "u"), 2, "I", "t", "dt", ""),
    "sra_conductance.py": (("V", "g"), 3, "", "i", "dt", ""),
    "two_half_steps.py": (
        ("v[0]", "v[1]", "v[2]", "v[3]", "u[0]", "u[1]", "u[2]", "u[3]"),
        7,
        "",
        "t",
        "",
        "",
    ),
}
# The fast ones, one of a kind; the rest hold the same thing again.
QUICK = {
    "class_update.py", "dict_state.py", "excite.py", "generator.py", "globals_step.py",
    "list_comprehension.py", "loop_arrays.py", "notebook_lif.ipynb", "painted_rc.py", "population.py",
    "refractory_by_index.py", "scipy_ode_reset.py", "substeps.py",
}  # fmt: skip
EACH = [pytest.param(name, marks=() if name in QUICK else pytest.mark.slow, id=name) for name in CORPUS]


@pytest.mark.parametrize("name", EACH)
def test_a_script_is_taken_as_it_is_and_its_maps_give_every_double(name):
    record = traced(name)
    states, n_maps, entry, time, dt, solver = CORPUS[name]
    assert record.fallback == ""
    assert record.states == states
    assert len(record.steps) == n_maps
    assert (record.input, record.time, record.dt, record.solver) == (entry, time, dt, solver)
    assert first_unexplained(record) is None
    if not solver:
        assert record.samples.shape == (len(record.order) + 1, len(states))
    assert sum(one.count for one in record.steps) == len(record.order)


def test_the_corpus_is_large_and_all_of_it_is_told():
    assert len(CORPUS) >= 40
    assert {one.name for one in SCRIPTS.iterdir() if one.is_file()} == {*CORPUS, "float32_state.py"}
