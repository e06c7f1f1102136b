"""Figures show the data they are given, labelled with units."""

import numpy as np
import pytest
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

import natrium
from natrium.analysis import compare_script, dt_ladder, error_budget
from natrium.analysis.accuracy.compare import Study
from natrium.analysis.accuracy.convergence import Convergence
from natrium.figures import (
    plot_budget,
    plot_comparison,
    plot_ladder,
    plot_script,
    plot_spike_errors,
    plot_trajectory,
)
from natrium.figures.comparison import plot_recording


@pytest.fixture(scope="module")
def second():
    return compare_script(natrium.notebook.lif_na())


def test_script_figure_is_the_script_s_own_plot(second):
    axes = plot_script(second, "its title").axes[0]
    (line,) = axes.lines
    np.testing.assert_array_equal(line.get_xdata(), second.script.t)
    np.testing.assert_array_equal(line.get_ydata(), second.script.V)
    assert (axes.get_title(), axes.get_xlabel(), axes.get_ylabel()) == (
        "its title",
        "Time (ms)",
        "Membrane Potential (mV)",
    )


@pytest.mark.parametrize("name", list(natrium.notebook.SCRIPTS))
def test_comparison_has_the_panels_that_the_model_asks_for(name):
    comparison = compare_script(natrium.notebook.SCRIPTS[name]())
    labels = [axes.get_ylabel() for axes in plot_comparison(comparison, "t").axes]
    firing = ["V (mV)", "spikes", "label −\ntruth (ms)", "Gates", "I (mV)"]
    assert labels == (["V (mV)", "I (mV)"] if name == "lif" else firing)


def test_a_fast_state_makes_no_more_samples_than_a_page_shows(second, monkeypatch):
    monkeypatch.setattr("natrium.figures.comparison.FINE", 1e-5)
    figure = plot_comparison(second, "dense")
    most = 20_000 + 2 * len(second.truth.segments)
    assert all(len(line.get_xdata()) <= most for ax in figure.axes for line in ax.lines)
    assert max(len(line.get_xdata()) for ax in figure.axes for line in ax.lines) > 10_000


def test_comparison_shows_how_far_each_label_is_from_the_truth(second):
    lag = plot_comparison(second, "t").axes[2]
    (marks,) = (line for line in lag.lines if line.get_marker() == "o")
    np.testing.assert_allclose(marks.get_xdata(), second.truth.spike_times)
    np.testing.assert_allclose(marks.get_ydata(), [pair.difference for pair in second.pairs()])


def test_comparison_marks_every_spike_of_script_and_truths(second):
    raster = plot_comparison(second, "t").axes[1]
    drawn = [collection.get_positions() for collection in raster.collections]
    runs = (second.script, second.truths["hold"], second.truths["clamp"])
    for positions, run in zip(drawn, runs, strict=True):
        np.testing.assert_allclose(sorted(positions), run.spike_times)


def test_a_method_that_no_step_carries_through_has_no_line(second):
    truth = second.reference
    none = Convergence("Euler, linear", np.empty(0), (), truth, failed=((0.1, "it blows up"),))
    axes = plot_spike_errors(Study(comparison=second, truth=truth, convergences=(none,)), "t").axes[0]
    (own,) = axes.lines
    np.testing.assert_allclose(own.get_ydata(), truth.spike_time_errors)


def test_ladder_draws_each_spike_against_dt(second):
    rows = list(dt_ladder(second, (0.1, 0.07)))
    axes = plot_ladder(second, rows, "t").axes[0]
    for number, line in enumerate(axes.lines[:3]):
        np.testing.assert_allclose(line.get_xdata(), [0.1, 0.07])
        np.testing.assert_allclose(line.get_ydata(), [abs(row.differences[number]) for row in rows])
    assert axes.get_xscale() == axes.get_yscale() == "log"


def test_budget_bars_stack_to_the_totals(second):
    budget = error_budget(second)
    axes = plot_budget(budget, "t").axes[0]
    heights = np.array([[bar.get_height() for bar in container] for container in axes.containers])
    np.testing.assert_allclose(heights.sum(axis=0), budget.total, atol=1e-12)
    there = [cause for cause, part in zip(budget.causes, budget.parts, strict=True) if np.any(part)]
    assert [container.get_label() for container in axes.containers] == there
    assert len({container[0].get_facecolor() for container in axes.containers}) == len(there)
    (marks,) = [line for line in axes.lines if line.get_label() == "total"]
    np.testing.assert_allclose(marks.get_ydata(), budget.total)


def test_trajectory_plots_into_given_axes_and_into_new_ones(second):
    given = Figure().subplots()
    assert second.truth.plot(given) is given
    marks = next(line for line in given.lines if line.get_label() == "spike")
    np.testing.assert_allclose(marks.get_xdata(), second.truth.spike_times)
    new = plot_trajectory(compare_script(natrium.notebook.lif()).truth)
    assert "spike" not in [line.get_label() for line in new.lines]
    assert new.get_ylabel() == "Membrane potential (mV)"


def test_drawing_leaves_the_user_s_settings_alone(second):
    import matplotlib

    before = dict(matplotlib.rcParams)
    plot_script(second, "t")
    assert dict(matplotlib.rcParams) == before


def test_figures_of_one_panel_go_into_an_axis_of_one_s_own(second):
    rows = list(dt_ladder(second, (0.1, 0.07)))
    for draw in (
        lambda ax: plot_script(second, "t", ax=ax),
        lambda ax: plot_ladder(second, rows, "t", ax=ax),
        lambda ax: plot_budget(error_budget(second), "t", ax=ax),
    ):
        figure, axes = plt.subplots(1, 2)
        assert draw(axes[1]) is figure
        assert axes[1].get_title() == "t"
        assert not axes[0].lines
        plt.close(figure)


def test_a_recording_is_drawn_beside_the_truth_and_where_it_is_not_explained():
    model = natrium.Model(
        neuron=natrium.notebook.lif_na().neuron,
        stimulus=natrium.Step(20.0, start=20.0),
        simulation=natrium.Simulation(t_end=100.0, dt=0.1),
    )
    run = natrium.FixedStep(dt=0.1, label="end").solve(model.neuron, model.stimulus, t_end=100.0)
    whole = natrium.diagnose((run.t, run.V), model)
    V = plot_recording(whole, "t").axes[0]
    assert [line.get_label() for line in V.lines][:2] == ["truth (hold)", "recording"]
    np.testing.assert_array_equal(V.lines[1].get_ydata(), run.V)
    raster = plot_recording(whole, "t").axes[1]
    assert raster.get_yticklabels()[0].get_text() == "recording"
    late = run.V.copy()
    late[600:] = np.where(late[600:] > -69.0, late[600:] - 0.5, late[600:])
    broken = natrium.diagnose((run.t, late), model)
    assert broken.reproduced_until is not None
    assert 50.0 < broken.reproduced_until < 62.0
    (marked,) = [one for one in plot_recording(broken, "t").axes[0].lines if "explained" in one.get_label()]
    assert marked.get_xdata()[0] == broken.reproduced_until
