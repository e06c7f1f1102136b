"""Curves of a plane, followed until they end."""

from types import SimpleNamespace

import numpy as np
import pytest

import natrium
from natrium.analysis.phase_plane.separatrix import _follow

CELL = natrium.notebook.lif_na().neuron  # tells what time is counted in


def test_a_curve_ends_where_the_flow_leads_back_from_both_sides():
    """Backward in time the flow of an integrate-and-fire-or-burst neuron does so where its current jumps."""
    plane = SimpleNamespace(neuron=CELL, rhs=lambda V, x, I: np.array([-np.sign(V), 0.0]))
    curve = _follow(plane, 0.0, np.array([-1.0, 0.5]), 1, (), (-5.0, 5.0), 500.0)
    assert curve[:, 0].tolist() == [-1.0, 0.5]
    assert curve[0, -1] == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize("x", [-0.05, 0.5, 1.2])
def test_a_curve_from_beside_what_is_shown_does_not_go_on_for_ever(x):
    plane = SimpleNamespace(neuron=CELL, rhs=lambda V, x, I: np.array([V, 0.1 * (x - 0.5)]))
    curve = _follow(plane, 0.0, np.array([1.0, x]), 1, (), (-5.0, 5.0), 500.0)
    assert curve[0, -1] == pytest.approx(5.0, abs=1e-6)
    assert curve[1, -1] == pytest.approx(0.5 + (x - 0.5) * 5.0**0.1, abs=1e-6)


def test_a_curve_that_is_at_infinity_in_no_time_ends_on_the_frame():
    """V' = exp(V) is there after exp(-V): between the frame and it lies no double."""
    plane = SimpleNamespace(neuron=CELL, rhs=lambda V, x, I: np.array([np.exp(min(V, 600.0)), 0.0]))
    curve = _follow(plane, 0.0, np.array([1.0, 0.5]), 1, (), (-5.0, 60.0), 500.0)
    assert curve[:, -1] == pytest.approx([60.0, 0.5])
