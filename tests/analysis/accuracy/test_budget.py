"""The error, cause by cause."""

import attrs
import numpy as np
import pytest

import natrium
from natrium.analysis import compare_script, error_budget
from natrium.analysis.accuracy.budget import FAULTS, HELD


@pytest.fixture(scope="module", params=["lif_na", "lif_na2"])
def budget(request):
    return error_budget(compare_script(natrium.notebook.SCRIPTS[request.param]()))


def part(budget, cause):
    return budget.parts[budget.causes.index(cause)]


def test_parts_sum_to_the_whole(budget):
    np.testing.assert_allclose(budget.parts.sum(axis=0), budget.total, rtol=0, atol=1e-9)
    rows = budget.table()
    named = {row["cause"]: row["spike_3_ms"] for row in rows}
    assert list(named) == [*budget.causes, "total", HELD, "total against clamp"]
    assert sum(named[cause] for cause in budget.causes) == pytest.approx(named["total"], abs=1e-9)
    assert named["total"] + named[HELD] == pytest.approx(named["total against clamp"], abs=1e-12)


def test_label_is_a_step_early_and_the_strict_edge_a_step_late(budget):
    np.testing.assert_allclose(part(budget, "time label"), -0.1, atol=1e-9)
    np.testing.assert_allclose(part(budget, "input edge"), 0.1, atol=1e-9)


def test_the_counter_is_right_at_this_step(budget):
    np.testing.assert_allclose(part(budget, "refractory count"), 0.0, atol=1e-9)


def test_interaction_is_what_the_switches_do_together(budget):
    np.testing.assert_allclose(
        budget.alone.sum(axis=0) + budget.interaction, budget.parts[:-1].sum(axis=0), atol=1e-12
    )


def test_the_first_spike_knows_nothing_of_the_refractory_rule(budget):
    assert budget.other_rule[0] == pytest.approx(0.0, abs=1e-11)
    assert np.abs(budget.other_rule[1:]).min() > 0.1


def test_one_step_more_in_the_counter_is_found():
    model = natrium.notebook.lif_na()
    fine = attrs.evolve(model, simulation=attrs.evolve(model.simulation, dt=0.005, t_end=70.0))
    found = part(error_budget(compare_script(fine)), "refractory count")
    assert found[0] == pytest.approx(0.0, abs=1e-9)
    assert found[1] == pytest.approx(0.005, abs=0.002)


def test_the_two_totals_nearly_cancel_against_the_other_model():
    """The script's third spike belongs to 90.0 ms: true at 90.386 held, at 89.987 clamped."""
    named = {row["cause"]: row for row in error_budget(compare_script(natrium.notebook.lif_na())).table()}
    assert named["total"]["spike_3_ms"] == pytest.approx(89.9 - 90.386, abs=1e-3)
    assert named["total against clamp"]["spike_3_ms"] == pytest.approx(89.9 - 89.987, abs=1e-3)


def test_a_foreign_script_s_faults_come_first():
    comparison = compare_script(natrium.notebook.lif_na())
    own = comparison.script.spike_times
    faulty = error_budget(comparison, spikes=own + np.array([0.25, 0.5, 1.0]))
    assert faulty.causes[0] == FAULTS
    np.testing.assert_allclose(part(faulty, FAULTS), [0.25, 0.5, 1.0], atol=1e-12)
    np.testing.assert_allclose(faulty.parts.sum(axis=0), faulty.total, rtol=0, atol=1e-9)
    sound = error_budget(comparison, spikes=own)
    assert FAULTS not in sound.causes
    np.testing.assert_allclose(sound.parts, error_budget(comparison).parts, atol=0)
    fewer = error_budget(comparison, spikes=own[:2])
    assert (fewer.total.size, fewer.left_out) == (2, 1)


def test_rules_that_are_the_truth_s_cost_nothing():
    comparison = compare_script(natrium.notebook.lif_na())
    rules = {"label": "end", "edges": "half-open", "read": "split", "refractory": "exact"}
    script = natrium.FixedStep(dt=0.1, scheme="rk4", spike_time="cubic", **rules)
    found = error_budget(comparison, script)
    assert found.causes[-1] == "scheme order"
    assert "sequential update" not in found.causes
    assert np.abs(found.parts[:-1]).max() == 0.0
    assert 0.0 < np.abs(found.total).max() < 2e-3


def test_a_silent_script_has_no_budget_and_a_wrong_count_is_told():
    assert error_budget(compare_script(natrium.notebook.lif())) is None
    model = natrium.notebook.lif()
    loud = attrs.evolve(
        model,
        stimulus=natrium.Constant(15.2),
        simulation=attrs.evolve(model.simulation, dt=9.0, t_end=200.0),
    )
    comparison = compare_script(loud)
    found = error_budget(comparison)
    assert found.total.size == comparison.truth.n_spikes < comparison.script.n_spikes
    assert found.left_out >= comparison.script.n_spikes - comparison.truth.n_spikes


def test_spikes_are_matched_by_time_not_by_place():
    """A spike that only the script has, early on, shifts no later one's causes."""
    comparison = compare_script(natrium.notebook.lif_na())
    own = comparison.script.spike_times
    more = error_budget(comparison, spikes=np.array([own[0] - 15.0, *own]))
    assert more.numbers.tolist() == [2, 3, 4]
    assert more.left_out == 1
    np.testing.assert_allclose(more.total, error_budget(comparison).total, atol=1e-12)


def test_rows_by_spike_are_the_same_numbers(budget):
    rows = budget.by_spike()
    assert [row["spike"] for row in rows] == budget.numbers.tolist()
    np.testing.assert_array_equal([row["total_ms"] for row in rows], budget.total)
    np.testing.assert_array_equal([row["input edge_ms"] for row in rows], part(budget, "input edge"))


def test_samples_between_the_grid_s_times_are_no_fault_at_an_input_edge():
    model = natrium.notebook.lif_na()
    noise = natrium.Noise(mean=20.0, sigma=5.0, tau=1.0, step=0.037, seed=3)
    budget = error_budget(compare_script(attrs.evolve(model, stimulus=noise)))
    np.testing.assert_allclose(part(budget, "input edge"), 0.0, atol=1e-12)
    assert np.abs(part(budget, "input within a step")).max() > 1e-6
