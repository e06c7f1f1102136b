"""A script against the truth: matching, tables, the ladder of steps."""

import attrs
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment

import natrium
from natrium.analysis import SpikePair, compare_script, dt_ladder, match_spikes
from natrium.analysis.accuracy.script import held_steps

# design.md and the issue's own figures: labels, and true times under both refractory rules.
EXPECTED = {
    "lif_na": {
        "labels": [40.7, 65.2, 89.9],
        "hold": [40.948476902, 65.587194137, 90.386461710],
        "third_clamp": 89.987,
    },
    "lif_na2": {"labels": [26.1, 36.7, 47.8], "hold": [26.181768159, 36.359128872, 47.097010994]},
}


@pytest.fixture(scope="module", params=list(natrium.notebook.SCRIPTS))
def named(request):
    return request.param, compare_script(natrium.notebook.SCRIPTS[request.param]())


def test_spikes_of_script_and_truth(named):
    name, comparison = named
    expected = EXPECTED.get(name, {"labels": [], "hold": []})
    np.testing.assert_allclose(comparison.script.spike_times, expected["labels"], rtol=0, atol=1e-12)
    np.testing.assert_allclose(comparison.truths["hold"].spike_times, expected["hold"], rtol=0, atol=6e-10)
    if "third_clamp" in expected:
        assert comparison.truths["clamp"].spike_times[2] == pytest.approx(expected["third_clamp"], abs=6e-4)


def test_truth_knows_its_own_error(named):
    _, comparison = named
    assert comparison.truth_error < 1e-10
    assert comparison.truth is comparison.truths["hold"]


def test_table_has_a_row_for_each_spike_with_differences_that_add_up(named):
    name, comparison = named
    rows = comparison.table()
    assert [row["spike"] for row in rows] == list(
        range(1, len(EXPECTED.get(name, {"labels": []})["labels"]) + 1)
    )
    for row in rows:
        for rule in ("hold", "clamp"):
            difference = row["script_label_ms"] - row[f"true_{rule}_ms"]
            assert row[f"difference_{rule}_ms"] == pytest.approx(difference, abs=1e-12)


def test_a_model_without_step_or_end_is_refused():
    model = natrium.Model(neuron=natrium.Neuron(), simulation=natrium.Simulation(t_end=10.0))
    with pytest.raises(natrium.ModelError, match="dt"):
        compare_script(model)


def test_the_difference_shrinks_at_first_order_over_steps_that_do_not_nest(named):
    _, comparison = named
    if not comparison.script.n_spikes:
        pytest.skip("the first script never spikes")
    steps = (0.1, 0.07, 0.03, 0.013, 0.007)
    rows = list(dt_ladder(comparison, steps))
    assert [row.n_spikes for row in rows] == [3] * len(steps)
    # Every label is at most the scheme's own first-order error away: bounded, and falling, per dt.
    per_step = [row.largest / row.dt for row in rows]
    assert max(per_step) < 10.0
    assert rows[-1].largest < 0.1 * rows[0].largest


@pytest.mark.parametrize(("dt", "held"), [(0.1, 20), (0.01, 200), (0.005, 401), (0.001, 2001)])
def test_the_counter_holds_one_step_more_where_its_rest_stays_above_zero(dt, held):
    model = natrium.notebook.lif_na()
    short = attrs.evolve(model.simulation, t_end=45.0, dt=dt)
    run = natrium.run(attrs.evolve(model, simulation=short))
    assert run.n_spikes == 1
    assert held_steps(run) == held


def test_held_steps_of_a_silent_script_are_none():
    assert held_steps(natrium.run(natrium.notebook.lif())) == 0


def test_trains_of_unequal_length_are_matched_not_zipped():
    pairs = match_spikes([10.1, 30.2], [10.0, 20.0, 30.0])
    assert [(pair.label, pair.truth) for pair in pairs] == [(10.1, 10.0), (None, 20.0), (30.2, 30.0)]
    assert [pair.difference is None for pair in pairs] == [False, True, False]
    assert match_spikes([10.0, 50.0], [10.4], window=1.0) == (SpikePair(10.0, 10.4), SpikePair(50.0, None))
    assert match_spikes([10.0], [40.0], window=1.0) == (SpikePair(10.0, None), SpikePair(None, 40.0))


def test_a_spike_beyond_the_window_takes_no_partner_from_a_near_one():
    # Plain distances alone could not tell: |34.01 - 18| + |64 - 34| = |34.01 - 34| + |64 - 18|.
    pairs = match_spikes([34.01, 64.0], [18.0, 34.0], window=8.0)
    assert pairs == (SpikePair(None, 18.0), SpikePair(34.01, 34.0), SpikePair(64.0, None))


trains = st.lists(st.floats(0.0, 1e3), max_size=8, unique=True).map(sorted)


@given(trains, trains)
def test_matching_uses_every_spike_once(labels, truths):
    pairs = match_spikes(labels, truths)
    assert sorted(pair.label for pair in pairs if pair.label is not None) == labels
    assert sorted(pair.truth for pair in pairs if pair.truth is not None) == truths
    assert sum(pair.difference is not None for pair in pairs) == min(len(labels), len(truths))
    paired = [pair.label for pair in pairs if pair.difference is not None]
    assert paired == sorted(paired)  # no two pairs cross


@given(trains, trains, st.sampled_from([1.0, 30.0, np.inf]))
def test_no_assignment_costs_less(labels, truths, window):
    pairs = match_spikes(labels, truths, window)
    paired = [abs(pair.difference) for pair in pairs if pair.difference is not None]
    alone = min(len(labels), len(truths)) - len(paired)
    cost = np.minimum(np.abs(np.subtract.outer(labels, truths)), window)
    least = cost[linear_sum_assignment(cost)].sum()
    assert sum(paired) + (alone * window if alone else 0.0) == pytest.approx(least, abs=1e-9)


@given(trains, st.floats(0.0, 1e-3))
def test_matching_undoes_a_small_shift(truths, shift):
    if len(truths) > 1 and np.min(np.diff(truths)) < 0.01:
        return
    for pair in match_spikes([time + shift for time in truths], truths):
        assert pair.difference == pytest.approx(shift, abs=1e-9)
