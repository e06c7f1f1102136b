"""Branches drawn: solid where stable, dashed where not, each special point marked."""

import numpy as np
import pytest

import natrium
from natrium.figures.continuation import plot_bifurcations
from tests.analysis.excitability.test_ending import ADAPTING


@pytest.fixture(scope="module")
def branch():
    return natrium.continue_cycle(natrium.limit_cycle(ADAPTING, 34.0), "I", between=(30.0, 40.0))


def test_stable_and_unstable_parts_have_looks_of_their_own(branch):
    figure = plot_bifurcations(branch)
    above, below = figure.axes
    lines = [line for line in below.get_lines() if len(line.get_xdata()) > 1]
    assert {line.get_linestyle() for line in lines} == {"-", "--"}
    solid = np.concatenate([line.get_ydata() for line in lines if line.get_linestyle() == "-"])
    assert solid.size in (branch.stable.sum(), branch.stable.sum() + 1)
    assert {text.get_text().split()[0] for text in below.texts} == {"FC", "G"}
    labels = [text.get_text() for text in above.get_legend().get_texts()]
    assert "fold of cycles (FC)" in labels


def test_a_diagram_shades_where_both_are_stable():
    found = natrium.bifurcation_diagram(ADAPTING, between=(30.0, 40.0))
    figure = plot_bifurcations(found, title="M-current")
    above, below = figure.axes
    assert below.get_xlabel() == "Constant input I (mV)"
    assert figure.get_suptitle() == "M-current"
    assert len(above.patches) == len(found.bistable) == 1
    assert above.get_xlim() == (30.0, 40.0)
