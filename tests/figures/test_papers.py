"""The figures and rows of the published results show what they are given."""

import numpy as np
import pytest

from natrium.analysis.cycle.orbits import Orbit, ResetBifurcation
from natrium.analysis.papers.adex_reset import AT_RESETS, AdexResets, adex
from natrium.analysis.papers.butera_mccarthy import GateErrors, SpikeErrors
from natrium.analysis.papers.integrate_and_fire import Orders, SchemeOrder
from natrium.analysis.papers.moore_ramon import Thresholds
from natrium.analysis.papers.papers import Papers
from natrium.analysis.papers.threshold_equation import InactivationThresholds
from natrium.analysis.papers.threshold_ramp import RampThresholds
from natrium.figures.papers import (
    PAPER_CAPTIONS,
    plot_gates,
    plot_inactivation,
    plot_orders,
    plot_papers,
    plot_ramps,
    plot_resets,
    plot_thresholds,
)

STEPS = np.array([0.04, 0.02, 0.01, 0.005])


def settled(v_reset, w):
    states = np.array(w)[:, None]
    gaps, unknown = np.full(len(w), 10.0), np.array([np.nan])
    return Orbit(adex(v_reset), 800.0, ("w",), states, gaps, np.array([-0.1]), unknown, False)


class Undrawn:
    """Results of which no figure is made."""

    claims = ()


@pytest.fixture(scope="module")
def results():
    orders = tuple(
        SchemeOrder(model, scheme, rule, 1, STEPS, scale * STEPS)
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
        Thresholds(STEPS, {"sequential-euler": 6.5 - 5.0 * STEPS, "euler": 6.5 - STEPS}, 6.5, 6.5),
        Orders(orders, {"the closed form": 4.7}),
        gates,
        SpikeErrors(np.array([0.01, 0.1]), np.array([[0.01, 0.1], [-0.05, -0.5]]), -5.0),
        InactivationThresholds(
            h=np.array([1.0, 0.3, 0.1]),
            thresholds=np.array([-64.0, -60.0, -56.0]),
            saddles=np.array([-60.0, -55.0, -50.0]),
            boltzmann=3.0,
            local=3.1,
            curvature=-0.32,
        ),
        RampThresholds(
            slopes=np.array([0.5, 4.0]),
            formula=np.array([-27.5, -53.0]),
            thresholds=np.array([-27.4, -53.0]),
            smooth=np.array([-27.0, -50.0]),
        ),
        AdexResets(
            {v_reset: settled(v_reset, [300.0, 310.0]) for v_reset in AT_RESETS},
            settled(-48.0, [300.0, 310.0]),
            ResetBifurcation(
                "v_reset",
                np.array([-48.3, -47.7]),
                (settled(-48.3, [300.0, 310.0]), settled(-47.7, [320.0])),
            ),
        ),
        Undrawn(),
        Undrawn(),
        Undrawn(),
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


def test_inactivation_shows_thresholds_saddles_and_the_equation(results):
    (axes,) = plot_inactivation(results.inactivation).axes
    equation, folds, saddles = axes.lines
    np.testing.assert_allclose(equation.get_ydata(), -64.0 - 3.0 * np.log([1.0, 0.3, 0.1]))
    np.testing.assert_allclose(folds.get_ydata(), [-64.0, -60.0, -56.0])
    np.testing.assert_allclose(saddles.get_ydata(), [-60.0, -55.0, -50.0])
    assert axes.get_xscale() == "log"
    assert axes.xaxis_inverted()


def test_ramps_show_formula_runs_and_what_they_are_compared_with(results):
    (axes,) = plot_ramps(results.ramps).axes
    formula, runs, compared, smooth = axes.lines
    np.testing.assert_allclose(formula.get_ydata(), [-27.5, -53.0])
    np.testing.assert_allclose(runs.get_ydata(), [-27.4, -53.0])
    assert compared.get_xdata()[0] == 0.5
    assert compared.get_ydata()[0] == -27.499991
    np.testing.assert_allclose(smooth.get_ydata(), [-27.0, -50.0])


def test_resets_show_w_before_the_reset_and_the_numbers_compared(results):
    (axes,) = plot_resets(results.resets).axes
    dots, compared = axes.lines
    np.testing.assert_allclose(dots.get_xdata(), [-48.3, -48.3, -47.7])
    np.testing.assert_allclose(dots.get_ydata(), [220.0, 230.0, 240.0])
    assert next(zip(*compared.get_data(), strict=True)) == (-48.3, 215.12)
    assert len(compared.get_xdata()) == 5


def test_every_figure_has_a_caption(results):
    assert plot_papers(results).keys() == PAPER_CAPTIONS.keys()


def test_rows_are_one_for_each_claim_with_the_digits_that_count(results):
    table = results.table()
    assert len(table) == len(results.claims)
    assert table[0]["got"] == "6.5000000"
    assert table[0]["holds"] == "no"
    assert {tuple(row) for row in table} == {tuple(table[0])}
    assert all(isinstance(value, str) for row in table for value in row.values())
    spikes = next(row for row in table if "closed form" in row["claim"])
    assert (spikes["got"], spikes["holds"]) == ("4.7000000000000", "no")
