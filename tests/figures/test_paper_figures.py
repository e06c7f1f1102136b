"""The figures and rows of the published results show what they are given."""

import numpy as np
import pytest

from natrium.analysis.papers import GateErrors, Orders, Papers, SpikeErrors, Thresholds
from natrium.analysis.papers.integrate_and_fire import Order
from natrium.figures.papers import PAPER_CAPTIONS, plot_gates, plot_orders, plot_papers, plot_thresholds, rows

STEPS = np.array([0.04, 0.02, 0.01, 0.005])


@pytest.fixture(scope="module")
def results():
    orders = tuple(
        Order(model, scheme, rule, 1, STEPS, scale * STEPS)
        for model in ("lif", "lif_na")
        for scheme, scale in (("euler", 0.5), ("rk4", 0.1))
        for rule in ("grid", "linear", "cubic")
    )
    gates = GateErrors(
        names=("hh_sodium.m", "hh_sodium.h"),
        steps=np.array([0.01, 0.1, 0.4]),
        errors=np.array([[[1.0, 2.0, 9.0], [1.0, 2.0, 3.0]], [[2.0, 3.0, 4.0], [0.9, 1.8, 2.7]]]),
        predicted=np.array([2.0, 0.9]),
        fastest=np.array([0.12, 1.0]),
    )
    return Papers(
        Thresholds(STEPS, {"sequential-euler": 6.5 - 5.0 * STEPS, "euler": 6.5 - STEPS}, 6.5),
        Orders(orders, {"the closed form": 4.7}),
        gates,
        SpikeErrors(np.array([0.01, 0.1]), np.array([[0.01, 0.1], [-0.05, -0.5]]), -5.0),
    )


def test_thresholds_are_drawn_with_cubics_to_zero_step(results):
    (axes,) = plot_thresholds(results.thresholds).axes
    points = [line for line in axes.lines if line.get_marker() in "os"]
    np.testing.assert_allclose(points[0].get_ydata(), 6.5 - 5.0 * STEPS)
    np.testing.assert_allclose(points[1].get_ydata(), 6.5 - STEPS)
    cubics = [line for line in axes.lines if len(line.get_xdata()) == 101]
    assert [line.get_ydata()[0] for line in cubics] == pytest.approx([6.5, 6.5])
    assert "(ms)" in axes.get_xlabel()
    assert "(mV" in axes.get_ylabel()


def test_orders_have_a_panel_for_each_model_and_rule(results):
    figure = plot_orders(results.orders)
    titles = [axes.get_title() for axes in figure.axes]
    assert titles[0] == "LIF, on the grid"
    assert titles[-1] == "second script, on a cubic"
    assert len(titles) == len(set(titles)) == 6
    for axes in figure.axes:
        assert [text.get_text() for text in axes.get_legend().get_texts()] == ["1.00", "1.00"]
        np.testing.assert_allclose(axes.lines[0].get_ydata(), 0.5 * STEPS)
        np.testing.assert_allclose(axes.lines[1].get_ydata(), 0.5 * STEPS)


def test_gates_show_ratios_and_sizes(results):
    left, right = plot_gates(results.gates, results.spikes).axes
    np.testing.assert_allclose(left.lines[0].get_ydata(), [2.0, 1.5, 4.0 / 9.0])
    np.testing.assert_allclose(right.lines[1].get_ydata(), [0.05, 0.5])


def test_every_figure_has_a_caption(results):
    assert plot_papers(results).keys() == PAPER_CAPTIONS.keys()


def test_rows_are_one_for_each_claim_with_the_digits_that_count(results):
    table = rows(results)
    assert len(table) == len(results.claims)
    assert table[0]["got"] == "6.5000000"
    assert table[0]["holds"] == "no"
    assert {tuple(row) for row in table} == {tuple(table[0])}
    assert all(isinstance(value, str) for row in table for value in row.values())
    spikes = next(row for row in table if "closed form" in row["claim"])
    assert (spikes["got"], spikes["holds"]) == ("4.7000000000000", "no")
