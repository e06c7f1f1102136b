"""The error, cause by cause."""

import attrs
import numpy as np
import pytest

import natrium
from natrium.analysis import compare_script, error_budget


@pytest.fixture(scope="module", params=["lif_na", "lif_na2"])
def budget(request):
    return error_budget(compare_script(natrium.notebook.SCRIPTS[request.param]()))


def part(budget, cause):
    return budget.parts[budget.causes.index(cause)]


def test_parts_sum_to_the_whole(budget):
    np.testing.assert_allclose(budget.parts.sum(axis=0), budget.total, rtol=0, atol=1e-9)
    rows = budget.table()
    assert [row["cause"] for row in rows] == [*budget.causes, "total"]
    assert sum(row["spike_3_ms"] for row in rows[:-1]) == pytest.approx(rows[-1]["spike_3_ms"], abs=1e-9)


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


def test_a_silent_script_or_a_wrong_count_has_no_budget():
    assert error_budget(compare_script(natrium.notebook.lif())) is None
    model = natrium.notebook.lif()
    loud = attrs.evolve(
        model,
        stimulus=natrium.Constant(15.2),
        simulation=attrs.evolve(model.simulation, dt=9.0, t_end=200.0),
    )
    assert error_budget(compare_script(loud)) is None
