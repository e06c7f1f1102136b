"""Locking drawn: each plateau a line between its marked ends, each tongue a region with its ratio."""

import numpy as np

import natrium
from natrium.figures import plot_staircase, plot_tongues

LIF = natrium.Neuron(tau_m=10.0, tau_ref=2.0, v_rest=-70.0, v_thresh=-55.0)
SINE = natrium.Sine(3.0, 50.0, offset=18.0)


def test_plateaus_are_lines_between_marked_ends():
    found = natrium.devils_staircase(LIF, SINE, between=(16.0, 26.0), points=6, highest=1)
    (ax,) = plot_staircase(found).axes
    (plateau,) = found.plateaus
    flat = [line for line in ax.get_lines() if line.get_linewidth() == 2.2]
    np.testing.assert_array_equal(flat[0].get_xdata(), [plateau.low.value, plateau.high.value])
    assert [text.get_text() for text in ax.texts] == ["1:1"]
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert labels == ["runs", "locked, q ≤ 1", "saddle-node"]


def test_tongues_begin_at_their_tips_and_mark_what_is_no_saddle_node():
    found = natrium.locking_tongues(LIF, SINE, [2.0, 4.0], between=(15.0, 30.0), ratios=[(1, 1)])
    (ax,) = plot_tongues(found).axes
    sides = [line for line in ax.get_lines() if len(line.get_xdata()) == 3]
    assert len(sides) == 2
    assert {line.get_xdata()[0] for line in sides} == {found.tongues[0].tip}
    assert [text.get_text() for text in ax.get_legend().get_texts()][1:] == ["graze"]
    assert ax.get_ylim() == (0.0, 4.0)
