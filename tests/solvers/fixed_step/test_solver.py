"""The fixed-step family: each rule by itself, and orders roughly; tests/analysis/papers/test_papers.py has them within 0.1."""

import math

import attrs
import numpy as np
import pytest

import natrium
from natrium.solvers.fixed_step.schemes import SCHEMES

TRUE_RULES = {"refractory": "exact", "label": "end", "read": "average", "edges": "half-open"}
SPIKE_ORDER = {"grid": 1, "linear": 2, "cubic": 4}
# Several inputs each: where in its step a spike falls is chance, and its largest error is what has an order.
MODELS = {
    "lif": (natrium.Neuron(), (20.0, 20.7, 21.9)),
    "lif_na": (natrium.notebook.lif_na().neuron, (14.0, 14.6, 15.3)),
}
T_END = 32.0


@pytest.fixture(scope="module")
def truths():
    return {
        (name, level): natrium.simulate(neuron, natrium.Constant(level), t_end=T_END, rtol=1e-13).spike_times
        for name, (neuron, levels) in MODELS.items()
        for level in levels
    }


def envelope_order(steps, errors):
    """Fit the order to the upper envelope: the largest error at this step or any smaller one."""
    order = np.argsort(steps)
    h, e = np.asarray(steps)[order], np.maximum.accumulate(np.asarray(errors)[order])
    return np.polyfit(np.log(h), np.log(e), 1)[0]


def largest_error(truths, model, rules):
    neuron, levels = MODELS[model]
    errors = []
    for level in levels:
        run = rules.solve(neuron, natrium.Constant(level), t_end=T_END)
        truth = truths[model, level]
        assert run.n_spikes == truth.size > 0
        errors.append(np.abs(run.spike_times - truth).max())
    return max(errors)


def expected_order(model, scheme, spike_time):
    if scheme == "exponential-euler" and model == "lif":
        return SPIKE_ORDER[spike_time]  # exact on the LIF: the spike's location alone is left
    return min(SCHEMES[scheme].order, SPIKE_ORDER[spike_time])


def observed_order(truths, model, scheme, spike_time, steps):
    errors = [
        largest_error(
            truths, model, natrium.FixedStep(dt=dt, scheme=scheme, spike_time=spike_time, **TRUE_RULES)
        )
        for dt in steps
    ]
    return envelope_order(steps, errors)


# Coarsest and finest step for each order: asymptotic, and above rounding.
QUICK = {1: (0.08, 0.005, 5), 2: (0.04, 0.01, 5), 4: (0.4, 0.08, 6)}
COMBINATIONS = pytest.mark.parametrize(
    ("model", "scheme", "spike_time"),
    [(model, scheme, rule) for model in MODELS for scheme in SCHEMES for rule in SPIKE_ORDER],
)


@COMBINATIONS
def test_observed_order_is_the_lesser_of_scheme_and_spike_rule(truths, model, scheme, spike_time):
    order = expected_order(model, scheme, spike_time)
    steps = np.geomspace(*QUICK[order])
    assert observed_order(truths, model, scheme, spike_time, steps) == pytest.approx(order, abs=0.4)


def test_the_default_rules_are_the_script_s():
    model = natrium.notebook.lif_na()
    run = natrium.FixedStep(dt=0.1).solve(model.neuron, model.stimulus, t_end=100.0)
    assert (run.solver, run.method) == ("script", "sequential-euler")
    assert run.made_by.is_script
    assert not attrs.evolve(run.made_by, label="end").is_script


def second(**rules):
    model = natrium.notebook.lif_na()
    run = natrium.FixedStep(dt=0.1, **rules).solve(model.neuron, model.stimulus, t_end=100.0)
    return run.spike_times


@pytest.mark.parametrize(("scheme", "spike_time", "order"), [("heun", "linear", 2), ("rk4", "cubic", 4)])
def test_splitting_steps_at_the_input_s_edges_keeps_the_order(scheme, spike_time, order):
    """With an edge inside a step RK4 is second order at best; split there it is fourth."""
    neuron, pulse = natrium.notebook.lif_na().neuron, natrium.Step(25.0, start=7.13, stop=30.0)
    truth = natrium.simulate(neuron, pulse, t_end=30.0, rtol=1e-13).spike_times
    steps = np.geomspace(0.1, 0.03, 5)
    errors = {
        read: [
            np.abs(solver.solve(neuron, pulse, t_end=30.0).spike_times - truth).max()
            for solver in (
                natrium.FixedStep(dt=dt, scheme=scheme, spike_time=spike_time, **TRUE_RULES | {"read": read})
                for dt in steps
            )
        ]
        for read in ("split", "average", "stage")
    }
    assert envelope_order(steps, errors["split"]) == pytest.approx(order, abs=0.5)
    if order == 4:
        assert errors["split"][-1] < 0.5 * errors["average"][-1]
        assert errors["split"][-1] < 0.05 * errors["stage"][-1]


@pytest.mark.parametrize("spike_time", ["grid", "linear", "cubic"])
@pytest.mark.parametrize("dt", [0.5, 0.7, 1.0, 3.0])
@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_step_too_long_ends_in_a_named_error_or_in_numbers(scheme, dt, spike_time):
    neuron = natrium.notebook.lif_na().neuron
    solver = natrium.FixedStep(dt=dt, scheme=scheme, spike_time=spike_time, **TRUE_RULES)
    try:
        run = solver.solve(neuron, natrium.Constant(14.0), t_end=60.0)
    except natrium.SolverError as error:
        assert "step too long" in str(error)
    else:
        assert np.isfinite(run.y).all()


def test_a_spike_on_the_grid_is_at_the_step_s_end_though_the_step_is_split():
    neuron, pulse = natrium.Neuron(), natrium.Step(400.0, start=1.01, stop=1.55)
    solver = natrium.FixedStep(dt=0.5, read="split", label="end", edges="half-open")
    assert solver.solve(neuron, pulse, t_end=5.0).spike_times.tolist() == [1.5]


def test_the_label_alone_moves_spikes_by_one_step():
    np.testing.assert_allclose(second(label="end") - second(), 0.1, atol=1e-12)


def test_the_strict_edge_alone_delays_the_input_by_one_step():
    # The step that begins at 20.0 is left out by 20 < t: with it, everything comes about a step earlier.
    assert second()[0] - second(edges="half-open")[0] == pytest.approx(0.1, abs=1e-9)


def test_whole_steps_and_the_counter_differ_only_by_the_counter_s_rest():
    np.testing.assert_array_equal(second(refractory="steps"), second())
    model = natrium.notebook.lif_na()
    held = {
        rule: natrium.FixedStep(dt=0.005, refractory=rule)
        .solve(model.neuron, model.stimulus, t_end=45.0)
        .extras["refractory_counter"]
        for rule in ("counter", "steps")
    }
    assert np.count_nonzero(held["counter"] > 0) == 401
    assert np.count_nonzero(held["steps"] > 0) == 400


def test_gates_that_move_while_v_is_held_do_so_double_for_double_as_a_script_s():
    channel = natrium.Channel(
        "Na",
        0.5,
        50.0,
        [natrium.Gate("m", alpha="0.1*(V + 40)/(1 - exp(-(V + 40)/10))", beta="4*exp(-(V + 65)/18)")],
    )
    neuron = natrium.Neuron(channels=[channel], tau_ref=2.0, v_reset=-70.3, refractory="clamp")
    run = natrium.FixedStep(dt=0.05).solve(neuron, natrium.Constant(20.0), t_end=30.0)
    held = np.flatnonzero(run.extras["refractory_counter"] > 0)
    assert held.size > 40
    for k in held.tolist():
        V, m = float(run.V[k]), float(run.y[1, k])
        alpha = 0.1 * (V + 40) / (1 - math.exp(-(V + 40) / 10))
        beta = 4 * math.exp(-(V + 65) / 18)
        assert run.y[1, k + 1] == m + (alpha * (1 - m) - beta * m) * 0.05


def test_the_exact_rule_s_counter_is_what_is_left_of_the_refractory_period():
    neuron = natrium.Neuron(tau_ref=2.0)
    run = natrium.FixedStep(dt=0.3, spike_time="linear", **TRUE_RULES).solve(
        neuron, natrium.Constant(20.0), t_start=3.0, t_end=40.0
    )
    assert run.n_spikes == 2
    left = np.array([max([s + 2.0 - t for s in run.spike_times if s <= t], default=0.0) for t in run.t])
    counter = run.extras["refractory_counter"]
    np.testing.assert_allclose(counter, np.maximum(left, 0.0)[-counter.size :], rtol=0.0, atol=1e-12)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_right_hand_sides_are_counted_as_they_are_evaluated(scheme):
    run = natrium.FixedStep(dt=0.5, scheme=scheme).solve(natrium.Neuron(), t_end=30.0)
    assert run.rhs_evaluations == 60 * {"heun": 2, "rk4": 4}.get(scheme, 1)


def test_gates_clamp_overrides_the_neuron_s_rule():
    model = natrium.notebook.lif_na()
    clamped = attrs.evolve(model.neuron, refractory="clamp")
    own = natrium.FixedStep(dt=0.1).solve(clamped, model.stimulus, t_end=100.0).spike_times
    np.testing.assert_array_equal(second(gates="clamp"), own)
    assert np.abs(own - second())[1:].min() > 0.05


@pytest.mark.parametrize("rule", ["counter", "steps", "exact"])
@pytest.mark.parametrize("scheme", list(SCHEMES))
def test_clamped_gates_converge_to_the_clamped_truth(rule, scheme):
    neuron = attrs.evolve(natrium.notebook.lif_na().neuron, refractory="clamp")
    truth = natrium.simulate(neuron, natrium.Constant(14.0), t_end=60.0).spike_times
    rules = TRUE_RULES | {"refractory": rule}
    run = natrium.FixedStep(dt=0.01, scheme=scheme, spike_time="linear", **rules).solve(
        neuron, natrium.Constant(14.0), t_end=60.0
    )
    np.testing.assert_allclose(run.spike_times, truth, atol=0.15)


def test_reading_the_input_averaged_counts_a_pulse_that_falls_between_steps():
    neuron = natrium.Neuron(tau_ref=0.0)
    pulse = natrium.Step(400.0, start=5.03, stop=5.07)
    v = {}
    for read in ("start", "average", "stage"):
        run = natrium.FixedStep(dt=0.1, scheme="euler", read=read).solve(neuron, pulse, t_end=6.0)
        v[read] = run.V[-1]
    assert v["start"] == v["stage"] == -70.0
    exact = natrium.ClosedForm().solve(neuron, pulse, t_end=6.0).final_state["V"]
    assert v["average"] == pytest.approx(exact, abs=0.02)


def test_stage_wise_input_keeps_the_order_of_rk4_under_a_sine():
    neuron, drive = natrium.Neuron(), natrium.Sum((natrium.Constant(16.0), natrium.Sine(8.0, 50.0)))
    truth = natrium.ClosedForm().solve(neuron, drive, t_end=60.0)
    assert truth.n_spikes > 1
    steps, errors = np.geomspace(0.4, 0.04, 12), []
    for dt in steps:
        rules = TRUE_RULES | {"read": "stage"}
        run = natrium.FixedStep(dt=dt, scheme="rk4", spike_time="cubic", **rules).solve(
            neuron, drive, t_end=60.0
        )
        errors.append(np.abs(run.spike_times - truth.spike_times).max())
    assert envelope_order(steps, errors) == pytest.approx(4.0, abs=0.4)


def test_several_spikes_within_one_step_are_all_found_with_exact_times():
    neuron = natrium.Neuron(tau_ref=0.05)
    drive = natrium.Constant(3000.0)
    truth = natrium.ClosedForm().solve(neuron, drive, t_end=2.0)
    run = natrium.FixedStep(dt=0.5, scheme="rk4", spike_time="cubic", **TRUE_RULES).solve(
        neuron, drive, t_end=2.0
    )
    assert run.n_spikes == truth.n_spikes > 10
    np.testing.assert_allclose(run.spike_times, truth.spike_times, atol=1e-3)


def test_a_late_start_is_not_taken_for_refractory():
    run = natrium.FixedStep(dt=0.1, refractory="exact").solve(
        natrium.Neuron(), natrium.Constant(20.0), t_start=-50.0, t_end=0.0
    )
    assert run.n_spikes == 3


def test_budget_and_breakdown_are_named():
    with pytest.raises(natrium.StepLimit, match="steps"):
        natrium.FixedStep(dt=1e-9).solve(natrium.Neuron(), t_end=1e3)
    unstable = natrium.notebook.lif_na().neuron
    with pytest.raises(natrium.SolverError, match="stops being finite"):
        natrium.FixedStep(dt=60.0).solve(unstable, natrium.Constant(-1e5), t_end=1e4)


@pytest.mark.parametrize(
    "wrong",
    [{"dt": 0.0}, {"scheme": "leapfrog"}, {"spike_time": "never"}, {"refractory": "no"}, {"label": "middle"},
     {"read": "end"}, {"edges": "loose"}, {"gates": "free"}],
)  # fmt: skip
def test_unknown_rules_are_refused(wrong):
    with pytest.raises(natrium.ModelError, match=next(iter(wrong))):
        natrium.FixedStep(**({"dt": 0.1} | wrong))


@pytest.mark.parametrize("tau_ref", [0.0, 0.25, 1.0])
@pytest.mark.parametrize("scheme", ["heun", "rk4"])
def test_a_reset_onto_the_threshold_from_where_V_falls_is_no_spike(scheme, tau_ref):
    """Resonate and fire (Izhikevich 2001): turned through the threshold, set back onto it, and down from there."""
    cell = natrium.HybridNeuron(
        equations={"V": "-0.1*V + x", "x": "-0.1*x - V + I"},
        initial={"V": 0.0, "x": 0.0},
        v_thresh=1.0,
        reset={"V": "1.0", "x": "0.0"},
        tau_ref=tau_ref,
    )
    drive = natrium.Step(1.4, start=2.0, stop=30.0)
    true = natrium.EventDriven().solve(cell, drive, t_end=40.0)
    rules = {"refractory": "exact", "label": "end", "read": "split", "edges": "half-open"}
    found = natrium.FixedStep(dt=0.001, scheme=scheme, spike_time="cubic", **rules).solve(
        cell, drive, t_end=40.0
    )
    assert found.n_spikes == true.n_spikes > 2
    assert found.spike_times == pytest.approx(true.spike_times, abs=1e-6 if scheme == "rk4" else 1e-3)
